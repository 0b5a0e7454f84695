//! Words the warnings about regions, with names and shares.

/// Number of regions named in one warning; the rest are counted.
const NAMED: usize = 10;

/// Warns about regions that are missing in a scan.
pub(super) fn missing<'a>(regions: impl ExactSizeIterator<Item = (&'a str, f32)>, minimum: f64) -> String {
    let (count, least) = (regions.len(), percent(minimum as f32));
    let shares = regions.map(|(name, share)| format!("`{name}` ({})", percent(share)));
    format!(
        "{} below {least} coverage and missing: {}",
        counted(count, "region is", "regions are"),
        list(shares)
    )
}

/// Warns about regions that extend beyond the scan.
pub(super) fn cut<'a>(regions: impl ExactSizeIterator<Item = (&'a str, f32)>) -> String {
    let count = counted(regions.len(), "region lies", "regions lie");
    let shares = regions.map(|(name, share)| format!("`{name}` ({} inside)", percent(share)));
    format!("{count} partly outside the scan's field of view: {}", list(shares))
}

/// Warns about regions too small to contain a voxel centre of the scan.
pub(super) fn lost<'a>(regions: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = counted(regions.len(), "region is", "regions are");
    format!("{count} too small for the scan's voxels and on none of them: {}", names(regions))
}

/// Warns about regions of the table that the image lacks.
pub(super) fn absent<'a>(regions: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = counted(regions.len(), "region of the table is", "regions of the table are");
    format!("{count} not in the image and missing in every scan: {}", names(regions))
}

/// Warns about labels of the image that the table lacks.
pub(super) fn unnamed<'a>(labels: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = counted(labels.len(), "label of the image is", "labels of the image are");
    format!("{count} not in the region table and left out: {}", names(labels))
}

/// Lists the first few names in backticks and counts the rest.
pub(super) fn names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    list(names.map(|name| format!("`{name}`")))
}

/// Formats a count with its noun and verb.
pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

/// Formats a share as a whole percentage, rounded down, so that 100% means all.
pub(super) fn percent(share: f32) -> String {
    format!("{}%", (100.0 * share).floor())
}

/// Lists the first few items and counts the rest.
pub(super) fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    let more = items.len().saturating_sub(NAMED);
    let named: Vec<String> = items.take(NAMED).collect();
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    named.join(", ") + &rest
}
