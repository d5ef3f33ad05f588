//! From red, green and blue to what a video holds: brightness for each pixel, colour for each square of four, as BT.709 says (limited
//! range: 16 is black, 235 white). Whole numbers only.

/// Three planes of one picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planes {
    /// Brightness: `width * height` bytes, row by row from the top.
    pub y: Vec<u8>,
    /// Blue against brightness: a quarter as many.
    pub u: Vec<u8>,
    /// Red against brightness: a quarter as many.
    pub v: Vec<u8>,
}

/// Fractions of 2^16. Brightness: 219/255 of 0.2126, 0.7152 and 0.0722; they add up to 219/255.
const Y: [i32; 3] = [11966, 40254, 4064];
/// 224/255 of (blue − brightness) / 1.8556; they add up to 0.
const U: [i32; 3] = [-6596, -22189, 28785];
/// 224/255 of (red − brightness) / 1.5748; they add up to 0.
const V: [i32; 3] = [28784, -26145, -2639];

impl Planes {
    /// The planes of a picture of `width` by `height` pixels, both even, four bytes each (red, green, blue, and one that is not looked at).
    pub fn of(rgba: &[u8], width: usize, height: usize) -> Self {
        let (half, quarter) = (width / 2, width * height / 4);
        let (mut y, mut u, mut v) = (vec![0; width * height], vec![0; quarter], vec![0; quarter]);
        for row in 0..height / 2 {
            for column in 0..half {
                let mut sum = [0_i32; 3];
                for (down, right) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    let at = (2 * row + down) * width + 2 * column + right;
                    let pixel: [i32; 3] = std::array::from_fn(|channel| i32::from(rgba[4 * at + channel]));
                    y[at] = (16 + weigh(Y, pixel, 16)) as u8;
                    sum = std::array::from_fn(|channel| sum[channel] + pixel[channel]);
                }
                // The sum of four: two bits more.
                u[row * half + column] = (128 + weigh(U, sum, 18)) as u8;
                v[row * half + column] = (128 + weigh(V, sum, 18)) as u8;
            }
        }
        Self { y, u, v }
    }
}

/// A weighted sum in fractions of 2^`bits`, rounded.
fn weigh(weights: [i32; 3], pixel: [i32; 3], bits: u32) -> i32 {
    let sum: i32 = weights.iter().zip(pixel).map(|(weight, channel)| weight * channel).sum();
    (sum + (1 << (bits - 1))) >> bits
}
