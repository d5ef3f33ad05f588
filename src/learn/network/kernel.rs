//! Vector loops: matrix products and sums over `f32`, compiled once per vector unit and chosen at run time.
//!
//! A product and its sum are two roundings here, never a fused one, and every number is summed in the order of its index, so
//! these loops give the same bits on every processor, for any number of rows and threads. (Processors with separate units for
//! adding lose nothing by it.)
//!
//! Matrices are row-major with their columns padded by zeros to whole blocks of [`BLOCK`], which every vector unit divides.

use pulp::{Arch, Simd, WithSimd};

/// Columns come in blocks of this many numbers.
pub const BLOCK: usize = 16;

/// `columns`, rounded up to whole blocks.
pub fn padded(columns: usize) -> usize {
    columns.next_multiple_of(BLOCK)
}

/// Runs `work` compiled for the widest vector unit of this machine.
#[inline(always)]
pub fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

/// How the left factor of a [`product`] lies in memory.
#[derive(Clone, Copy)]
pub enum Left<'a> {
    /// Row-major `[rows, depth]`, rows this far apart.
    Rows(&'a [f32], usize),
    /// Row-major `[depth, rows]` (it is read transposed), its rows this far apart.
    Columns(&'a [f32], usize),
}

/// `out = start + left × right`.
///
/// # Shapes
/// - left: `[rows, depth]`
/// - right: `[depth, width]`, `width` whole blocks
/// - start: `[width]`, added to every row; zero where there is none
/// - out: `[rows, width]`
pub fn product(rows: usize, depth: usize, left: Left<'_>, right: &[f32], start: Option<&[f32]>, out: &mut [f32]) {
    let width = out.len() / rows.max(1);
    assert!(width.is_multiple_of(BLOCK) && out.len() == rows * width, "{} numbers are no {rows} rows of whole blocks", out.len());
    assert!(right.len() == depth * width, "{} numbers are no {depth} rows of {width}", right.len());
    assert!(start.is_none_or(|start| start.len() == width), "the start has another width than {width}");
    let (values, stride) = match left {
        Left::Rows(values, stride) => (values, stride),
        Left::Columns(values, stride) => (values, stride),
    };
    let (long, short) = if matches!(left, Left::Rows(..)) { (rows, depth) } else { (depth, rows) };
    assert!(long == 0 || short == 0 || values.len() >= (long - 1) * stride + short, "the left factor is too short");
    Arch::new().dispatch(Product { rows, depth, width, left, right, start, out });
}

struct Product<'a> {
    rows: usize,
    depth: usize,
    width: usize,
    left: Left<'a>,
    right: &'a [f32],
    start: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut column = 0;
        while column < self.width {
            // As many sums at once as registers hold: 4 rows of 4 vectors for the widest unit, else 4 rows of one block.
            if S::F32_LANES == BLOCK && self.width - column >= 4 * BLOCK {
                self.columns::<S, 4>(simd, column);
                column += 4 * BLOCK;
            } else if S::F32_LANES == BLOCK {
                self.columns::<S, 1>(simd, column);
                column += BLOCK;
            } else if S::F32_LANES * 2 == BLOCK {
                self.columns::<S, 2>(simd, column);
                column += BLOCK;
            } else if S::F32_LANES * 4 == BLOCK {
                self.columns::<S, 4>(simd, column);
                column += BLOCK;
            } else {
                self.columns::<S, 1>(simd, column);
                column += S::F32_LANES;
            }
        }
    }
}

impl Product<'_> {
    /// `V` vectors of every row, from `column` on.
    #[inline(always)]
    fn columns<S: Simd, const V: usize>(&mut self, simd: S, column: usize) {
        let mut row = 0;
        while self.rows - row >= 4 {
            self.block::<S, 4, V>(simd, row, column);
            row += 4;
        }
        while row < self.rows {
            self.block::<S, 1, V>(simd, row, column);
            row += 1;
        }
    }

    #[inline(always)]
    fn block<S: Simd, const R: usize, const V: usize>(&mut self, simd: S, row: usize, column: usize) {
        let span = column..column + V * S::F32_LANES;
        let mut sums = [[simd.splat_f32s(0.0); V]; R];
        if let Some(start) = self.start {
            let (start, _) = S::as_simd_f32s(&start[span.clone()]);
            for sums in &mut sums {
                sums.copy_from_slice(&start[..V]);
            }
        }
        let right = self.right.chunks_exact(self.width).take(self.depth);
        match self.left {
            Left::Rows(values, stride) => {
                let rows: [&[f32]; R] = std::array::from_fn(|r| &values[(row + r) * stride..][..self.depth]);
                for (k, right) in right.enumerate() {
                    let (right, _) = S::as_simd_f32s(&right[span.clone()]);
                    for r in 0..R {
                        let factor = simd.splat_f32s(rows[r][k]);
                        for v in 0..V {
                            sums[r][v] = simd.add_f32s(sums[r][v], simd.mul_f32s(factor, right[v]));
                        }
                    }
                }
            }
            Left::Columns(values, stride) => {
                for (k, right) in right.enumerate() {
                    let (right, _) = S::as_simd_f32s(&right[span.clone()]);
                    let left = &values[k * stride + row..][..R];
                    for r in 0..R {
                        let factor = simd.splat_f32s(left[r]);
                        for v in 0..V {
                            sums[r][v] = simd.add_f32s(sums[r][v], simd.mul_f32s(factor, right[v]));
                        }
                    }
                }
            }
        }
        for (out, sums) in self.out[row * self.width..].chunks_exact_mut(self.width).zip(&sums) {
            let (out, _) = S::as_mut_simd_f32s(&mut out[span.clone()]);
            out[..V].copy_from_slice(sums);
        }
    }
}

/// The sum of every column of `values` `[rows, width]`, into `out` `[width]`.
pub fn column_sums(values: &[f32], out: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            out.fill(0.0);
            for row in values.chunks_exact(out.len()) {
                for (sum, value) in out.iter_mut().zip(row) {
                    *sum += value;
                }
            }
        },
    );
}

/// `values` `[rows, columns]` transposed into `out`, whose rows are `width` apart and hold `rows` numbers each.
pub fn transpose(values: &[f32], columns: usize, out: &mut [f32], width: usize) {
    for (r, row) in values.chunks_exact(columns).enumerate() {
        for (out, value) in out.chunks_exact_mut(width).zip(row) {
            out[r] = *value;
        }
    }
}

/// The sum of the squares of `values`.
pub fn sum_of_squares(values: &[f32]) -> f32 {
    vectorised(
        #[inline(always)]
        || {
            let mut lanes = [0.0_f32; BLOCK];
            let blocks = values.chunks_exact(BLOCK);
            let rest = blocks.remainder();
            for block in blocks {
                for (lane, value) in lanes.iter_mut().zip(block) {
                    *lane += value * value;
                }
            }
            for (lane, value) in lanes.iter_mut().zip(rest) {
                *lane += value * value;
            }
            lanes.iter().sum()
        },
    )
}
