//! Features without brain data: head motion and site, from phenotype columns.

use std::collections::BTreeMap;

use boldface::ScanInfo;

/// Returns a scan's motion: the number in `column`, and whether it is missing. A missing number counts
/// as the mean of the training scans, as NaN does in [`super::span::TrainingSpan`].
pub fn motion(scan: &ScanInfo, column: &str) -> Vec<f32> {
    let value = scan.column(column).and_then(|value| value.parse::<f32>().ok());
    match value.filter(|value| value.is_finite()) {
        Some(value) => vec![value, 0.0],
        None => vec![f32::NAN, 1.0],
    }
}

/// One-hot code of the training scans' sites. Scans without a site share a site without a name.
#[derive(Debug)]
pub struct Sites<'a> {
    column: &'a str,
    places: BTreeMap<Option<&'a str>, usize>,
}

impl<'a> Sites<'a> {
    /// Collects the sites that `train` has in `column`.
    pub fn collect(train: impl Iterator<Item = &'a ScanInfo>, column: &'a str) -> Sites<'a> {
        let mut places: BTreeMap<Option<&str>, usize> = train.map(|scan| (scan.column(column), 0)).collect();
        places.values_mut().enumerate().for_each(|(place, of)| *of = place);
        Sites { column, places }
    }

    /// Returns 1 at the index of the scan's site and 0 elsewhere. For a site without training scans,
    /// returns NaN throughout, which counts as the mean of the training scans.
    pub fn features(&self, scan: &ScanInfo) -> Vec<f32> {
        match self.places.get(&scan.column(self.column)) {
            Some(own) => (0..self.places.len()).map(|place| f32::from(u8::from(place == *own))).collect(),
            None => vec![f32::NAN; self.places.len()],
        }
    }
}

#[cfg(test)]
mod tests {
    use boldface::ScanId;

    use super::*;

    fn scan(columns: &[(&str, &str)]) -> ScanInfo {
        let id = ScanId::new("d", "01");
        let phenotype =
            columns.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ScanInfo { id, tr: 2.0, trs: 10, rois: 1, phenotype, events: Vec::new(), cuts: Vec::new() }
    }

    #[test]
    fn missing_motion_is_said() {
        assert_eq!(motion(&scan(&[("fd", "0.25")]), "fd"), [0.25, 0.0]);
        let missing = motion(&scan(&[]), "fd");
        assert!(missing[0].is_nan() && missing[1] == 1.0);
    }

    #[test]
    fn an_unknown_site_says_nothing() {
        let train = [scan(&[("site", "B")]), scan(&[]), scan(&[("site", "A")])];
        let sites = Sites::collect(train.iter(), "site");
        // Scans without a site come first, then A and B.
        assert_eq!(sites.features(&train[0]), [0.0, 0.0, 1.0]);
        assert_eq!(sites.features(&train[1]), [1.0, 0.0, 0.0]);
        assert!(sites.features(&scan(&[("site", "C")])).iter().all(|value| value.is_nan()));
    }
}
