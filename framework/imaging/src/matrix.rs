//! A matrix of 64-bit numbers, volumes x regions, for cleaning and resampling.

use boldface::Result;

/// A matrix with one row per volume and one column per region or confound.
///
/// Values are stored row by row (time-major), so that work on all regions of a volume reads memory in
/// order. A column of NaN is a missing region.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Number of volumes.
    pub rows: usize,
    /// Number of regions or confounds.
    pub columns: usize,
    /// The values, row by row: `rows * columns` of them.
    pub values: Vec<f64>,
}

impl Matrix {
    /// Makes a matrix of these values, row by row.
    ///
    /// # Errors
    /// If there are not `rows * columns` values.
    pub fn new(rows: usize, columns: usize, values: Vec<f64>) -> Result<Matrix> {
        if rows.checked_mul(columns) != Some(values.len()) {
            let there = values.len();
            return Err(format!("{rows} rows of {columns} columns cannot be made of {there} values").into());
        }
        Ok(Matrix { rows, columns, values })
    }

    /// Makes a matrix of zeros.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Matrix {
        Matrix { rows, columns, values: vec![0.0; rows * columns] }
    }

    /// Returns the value in a row and a column.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// Returns one row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..][..self.columns]
    }

    /// Returns one row, mutable.
    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..][..self.columns]
    }

    /// Returns the values of one column, from the first row to the last.
    pub fn column(&self, column: usize) -> impl Iterator<Item = f64> + '_ {
        assert!(column < self.columns, "there is no column {column} in {}", self.columns);
        (0..self.rows).map(move |row| self.at(row, column))
    }

    /// Returns the rows marked by `kept`, in order.
    ///
    /// # Panics
    /// If there is not one mark per row.
    #[must_use]
    pub fn keep(&self, kept: &[bool]) -> Matrix {
        assert_eq!(kept.len(), self.rows, "one mark a row");
        let mut values = Vec::with_capacity(kept.iter().filter(|&&kept| kept).count() * self.columns);
        for row in (0..self.rows).filter(|&row| kept[row]) {
            values.extend_from_slice(self.row(row));
        }
        Matrix { rows: kept.iter().filter(|&&kept| kept).count(), columns: self.columns, values }
    }

    /// Sum of each column, added from the first row to the last.
    pub(crate) fn column_sums(&self) -> Vec<f64> {
        self.fold(0.0, |sum, x| sum + x)
    }

    /// Mean of each column.
    pub(crate) fn column_means(&self) -> Vec<f64> {
        let rows = self.rows as f64;
        self.column_sums().into_iter().map(|sum| sum / rows).collect()
    }

    /// Largest absolute value of each column.
    pub(crate) fn column_peaks(&self) -> Vec<f64> {
        self.fold(0.0, |peak: f64, x| peak.max(x.abs()))
    }

    /// Folds each column from the first row to the last.
    pub(crate) fn fold(&self, start: f64, step: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        let mut folded = vec![start; self.columns];
        for row in self.values.chunks_exact(self.columns.max(1)) {
            folded.iter_mut().zip(row).for_each(|(folded, &x)| *folded = step(*folded, x));
        }
        folded
    }

    /// Replaces each value `x` by `of(x, by[column])`.
    pub(crate) fn map_columns(&mut self, by: &[f64], of: impl Fn(f64, f64) -> f64) {
        for row in self.values.chunks_exact_mut(self.columns.max(1)) {
            row.iter_mut().zip(by).for_each(|(x, &by)| *x = of(*x, by));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_columns_and_what_is_kept() {
        let matrix = Matrix::new(3, 2, vec![1.0, 2.0, 3.0, -4.0, 5.0, 6.0]).unwrap();
        assert_eq!(matrix.row(1), [3.0, -4.0]);
        assert_eq!(matrix.column(1).collect::<Vec<_>>(), [2.0, -4.0, 6.0]);
        assert_eq!(matrix.keep(&[true, false, true]).values, [1.0, 2.0, 5.0, 6.0]);
        assert_eq!(matrix.column_means(), [3.0, 4.0 / 3.0]);
        assert_eq!(matrix.column_peaks(), [5.0, 6.0]);
        let error = Matrix::new(3, 2, vec![0.0; 5]).unwrap_err().to_string();
        assert_eq!(error, "3 rows of 2 columns cannot be made of 5 values");
        assert!(Matrix::new(usize::MAX, 2, Vec::new()).is_err());
    }
}
