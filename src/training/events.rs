//! TensorBoard event files: a view of `metrics.jsonl` for those who keep TensorBoard open.
//!
//! An event file is a sequence of TFRecord frames, each a length (`u64`), its checksum, a protocol buffer `Event`, and its checksum, all
//! little-endian; a checksum is CRC-32C, rotated and shifted so that checksums of data that holds checksums stay good
//! (tensorflow, `core/lib/hash/crc32c.h` and `core/util/event.proto`). Only the fields used here are written out below.

use prost::Message;

/// `tensorflow.Event`: one step's worth of what happened.
#[derive(Clone, PartialEq, Message)]
pub struct Event {
    /// Seconds since 1970.
    #[prost(double, tag = "1")]
    pub wall_time: f64,
    /// Where on the horizontal axis.
    #[prost(int64, tag = "2")]
    pub step: i64,
    /// `brain.Event:2` in the file's first event, absent in all others.
    #[prost(string, optional, tag = "3")]
    pub file_version: Option<String>,
    /// The numbers.
    #[prost(message, optional, tag = "5")]
    pub summary: Option<Values>,
}

/// `tensorflow.Summary`: numbers of one step.
#[derive(Clone, PartialEq, Message)]
pub struct Values {
    /// One per tag.
    #[prost(message, repeated, tag = "1")]
    pub values: Vec<Value>,
}

/// `tensorflow.Summary.Value`: a number with its name.
#[derive(Clone, PartialEq, Message)]
pub struct Value {
    /// The name; what stands before the first `/` is the group that TensorBoard shows it in.
    #[prost(string, tag = "1")]
    pub tag: String,
    /// The number.
    #[prost(float, optional, tag = "2")]
    pub simple_value: Option<f32>,
}

impl Event {
    /// What every event file begins with; readers refuse a file without it.
    pub fn first(wall_time: f64) -> Self {
        Self { wall_time, step: 0, file_version: Some("brain.Event:2".into()), summary: None }
    }

    /// The numbers of one step. Names read `group.name`, as in `metrics.jsonl`.
    pub fn scalars<'a>(wall_time: f64, step: u64, values: impl IntoIterator<Item = (&'a str, f64)>) -> Self {
        let values = values.into_iter().map(|(name, value)| Value { tag: name.replacen('.', "/", 1), simple_value: Some(value as f32) });
        Self { wall_time, step: step as i64, file_version: None, summary: Some(Values { values: values.collect() }) }
    }

    /// Appends the event to `bytes` as one frame.
    pub fn frame(&self, bytes: &mut Vec<u8>) {
        let event = self.encode_to_vec();
        let length = (event.len() as u64).to_le_bytes();
        bytes.extend(length);
        bytes.extend(masked_checksum(&length).to_le_bytes());
        bytes.extend(&event);
        bytes.extend(masked_checksum(&event).to_le_bytes());
    }
}

/// CRC-32C, rotated right by 15 bits and shifted by a constant.
fn masked_checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}
