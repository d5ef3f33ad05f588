//! [`Batch`]: rows of numbers, the seam between worlds and learning.

use serde::{Deserialize, Serialize};

/// Rows of equal width, row-major.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    width: usize,
    values: Vec<f32>,
}

impl Batch {
    /// `rows` rows of `width` zeros.
    pub fn zeros(rows: usize, width: usize) -> Self {
        Self { width, values: vec![0.0; rows * width] }
    }

    /// Rows of `width` from their values, row after row.
    ///
    /// # Panics
    /// Where `values` is no whole number of rows.
    pub fn new(width: usize, values: Vec<f32>) -> Self {
        assert!(
            if width == 0 { values.is_empty() } else { values.len().is_multiple_of(width) },
            "{} values are no rows of {width}",
            values.len()
        );
        Self { width, values }
    }

    /// How many numbers a row has.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How many rows there are (0 for rows of no width).
    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Adds a row.
    ///
    /// # Panics
    /// Where it is of another width.
    pub fn push(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.width, "a row of {} numbers among rows of {}", row.len(), self.width);
        self.values.extend_from_slice(row);
    }

    /// The same values in rows of another width.
    ///
    /// # Panics
    /// Where they are no whole number of such rows.
    pub fn reshaped(self, width: usize) -> Self {
        Self::new(width, self.values)
    }

    /// Row `index`.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// Row `index`, to be written.
    pub fn row_mut(&mut self, index: usize) -> &mut [f32] {
        &mut self.values[index * self.width..(index + 1) * self.width]
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All values, to be written.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}
