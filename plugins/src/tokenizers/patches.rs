//! Checks of whole patches that all tokenizers share.

use boldface::{CheckContext, FmriShape, Problem, Result, TimeSeries};

/// Returns the number of patches of `patch` volumes in `series`.
///
/// # Errors
/// If the volumes are not a whole number of patches, or a value is not finite.
pub(super) fn whole_patches(series: &TimeSeries, patch: usize) -> Result<usize> {
    if series.trs() == 0 || !series.trs().is_multiple_of(patch) {
        return Err(format!("{} volumes are not a whole number of patches of {patch}", series.trs()).into());
    }
    if let Some(place) = series.values().iter().position(|value| !value.is_finite()) {
        let (volume, roi) = (place / series.rois(), place % series.rois());
        return Err(format!("volume {volume}, region {roi} of a series is not a finite number").into());
    }
    Ok(series.trs() / patch)
}

/// Reports a problem with `patch`, given the length of the scans.
pub(super) fn check_patch(patch: usize, cx: &CheckContext<'_>) -> Option<Problem> {
    if patch == 0 {
        return Some(Problem::at("patch", "a patch has at least 1 volume"));
    }
    if cx.trs.is_multiple_of(patch) && cx.trs > 0 {
        return None;
    }
    let divisors: Vec<String> =
        (1..=cx.trs).filter(|d| cx.trs.is_multiple_of(*d)).map(|d| d.to_string()).collect();
    let message = format!("scans of {} volumes are not a whole number of patches of {patch}", cx.trs);
    Some(Problem::at("patch", message).help(format!("use one of {}", divisors.join(", "))))
}

/// Returns the shape of a whole scan for a backbone.
pub(super) fn fmri_shape(
    patch: usize,
    width: usize,
    codebook_size: usize,
    cx: &CheckContext<'_>,
) -> Option<FmriShape> {
    let rois = cx.scans.first()?.rois;
    Some(FmriShape { rois, patches: cx.trs.checked_div(patch)?, width, codebook_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_must_be_whole_patches_of_finite_numbers() {
        let series = |trs: usize, values| TimeSeries::new(trs, 1, 2.0, values).unwrap();
        assert_eq!(whole_patches(&series(4, vec![0.0; 4]), 2).unwrap(), 2);
        let error = |series| whole_patches(&series, 2).unwrap_err().to_string();
        assert_eq!(error(series(3, vec![0.0; 3])), "3 volumes are not a whole number of patches of 2");
        assert_eq!(error(series(0, vec![])), "0 volumes are not a whole number of patches of 2");
        assert_eq!(
            error(series(2, vec![0.0, f32::NAN])),
            "volume 1, region 0 of a series is not a finite number"
        );
    }

    #[test]
    fn the_check_says_which_patches_fit() {
        let cx = CheckContext { scans: &[], trs: 12, patch: 5 };
        assert!(check_patch(4, &cx).is_none());
        assert_eq!(
            check_patch(5, &cx).unwrap().to_string(),
            "patch: scans of 12 volumes are not a whole number of patches of 5; use one of 1, 2, 3, 4, 6, 12"
        );
        assert_eq!(check_patch(0, &cx).unwrap().to_string(), "patch: a patch has at least 1 volume");
    }
}
