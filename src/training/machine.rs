//! What a run was made on. Bits of learning agree between machines of one kind of vector unit, so the kind is written down.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The machine and the device a run learns on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// What learns: `cpu`, or the name of a GPU.
    pub device: String,
    /// Kind of vector unit: `avx512`, `avx2`, `sse2`, `neon`, or `none` known.
    pub vector: String,
    /// Processor model as the operating system names it; empty where it does not.
    pub processor: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Operating system and architecture, such as `linux x86_64`.
    pub system: String,
}

impl Machine {
    /// This machine, learning on `device`.
    pub fn here(device: impl Into<String>) -> Self {
        Self {
            device: device.into(),
            vector: vector_unit().into(),
            processor: processor().unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        }
    }

    /// Whether learning on `other` promises the same bits as here: the same device and the same kind of vector unit.
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.device == other.device && self.vector == other.vector
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = if self.cores == 1 { "1 core".into() } else { format!("{} cores", self.cores) };
        write!(formatter, "{}, {}, {cores}, {}", self.device, self.vector, self.system)?;
        if self.processor.is_empty() { Ok(()) } else { write!(formatter, " ({})", self.processor) }
    }
}

/// The widest vector unit that the learning code would choose here.
pub fn vector_unit() -> &'static str {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        // All five of the level x86-64-v4: with one missing, the kernels of that level are not chosen.
        if is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512cd")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
        {
            return "avx512";
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            return "avx2";
        }
        if is_x86_feature_detected!("sse2") {
            return "sse2";
        }
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("neon") {
        return "neon";
    }
    "none"
}

/// The processor's model, where Linux tells it.
fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, model) = text.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(model.trim().into())
}
