//! A level of noise, as networks read it.

/// How many numbers a level is told by.
pub const WIDTH: usize = 16;

/// Slowest and fastest wave, in radians per unit of the level.
const WAVES: [f32; 2] = [1.0, 30.0];

/// A number in about [-1, 1] as sines and cosines of it, from slow to fast: Vaswani et al., "Attention Is All You Need", 2017, section 3.5.
pub fn embed(level: f32) -> [f32; WIDTH] {
    let half = WIDTH / 2;
    let mut waves = [0.0; WIDTH];
    for index in 0..half {
        let [slow, fast] = WAVES;
        let angle = level * slow * libm::powf(fast / slow, index as f32 / (half - 1) as f32);
        (waves[index], waves[half + index]) = (libm::sinf(angle), libm::cosf(angle));
    }
    waves
}
