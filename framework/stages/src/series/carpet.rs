//! Carpet plots of a few scans: regions by volumes as grey levels, small enough for a web page.

use boldface::Regions;

use super::checked::StoredScan;
use crate::store::Carpet;

/// Most rows and columns. Longer plots are averaged.
const ROWS: usize = 150;
const COLUMNS: usize = 400;

/// Number of scans with the most motion to show.
const WORST: usize = 3;

/// From this many scans on, the median scan is shown too.
const MANY: usize = 8;

/// Marks a volume that was removed.
const NONE: char = '.';

/// Plots the scans with the most motion (mean FD, or DVARS if it is unknown) and the median one.
/// `start` is the first volume of the crop.
pub fn plot(kept: &[&StoredScan], regions: &Regions, start: usize) -> Vec<Carpet> {
    let motion = |kept: &StoredScan| kept.measured.quality.mean_fd();
    let change = |kept: &StoredScan| kept.measured.quality.mean_dvars();
    let by = if kept.iter().any(|kept| motion(kept).is_some()) { motion } else { change };
    let mut ranked: Vec<(f64, &StoredScan)> =
        kept.iter().filter_map(|kept| Some((by(kept)?, *kept))).collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let middle = (ranked.len() >= MANY).then(|| ranked[ranked.len() / 2]);
    ranked.truncate(WORST);
    ranked.into_iter().chain(middle).map(|(_, kept)| carpet(kept, regions, start)).collect()
}

fn carpet(kept: &StoredScan, regions: &Regions, start: usize) -> Carpet {
    let (series, quality) = (&kept.series, &kept.measured.quality);
    let on_disk = quality.fd.len().max(quality.dvars.len()).max(quality.kept.len());
    let places = places(&quality.kept, on_disk, kept.trs, start, series.trs());
    let is_placed = places.is_some();
    let (columns, places) = places.unwrap_or_else(|| (series.trs(), (0..series.trs()).collect()));
    let wide = columns.div_ceil(COLUMNS).max(1);
    let high = series.rois().div_ceil(ROWS).max(1);

    let (mut networks, mut rows) = (Vec::new(), Vec::new());
    for network in regions.network_names() {
        let members: Vec<usize> = (0..series.rois())
            .filter(|&roi| regions.networks.get(roi).is_some_and(|own| own == network))
            .collect();
        let before = rows.len();
        for some in members.chunks(high) {
            let scaled: Vec<Vec<f32>> = some.iter().filter_map(|&roi| scaled(series.roi(roi))).collect();
            rows.push(row(&scaled, &places, columns, wide));
        }
        networks.push((network.to_owned(), rows.len() - before));
    }
    Carpet { scan: kept.measured.scan.clone(), networks, volumes: columns, on_disk: is_placed, rows }
}

/// Returns the number of volumes on disk and the index of each volume of the crop among them. `None` if
/// the series was resampled, which makes the indices unknown.
fn places(
    kept: &[bool],
    on_disk: usize,
    trs: usize,
    start: usize,
    crop: usize,
) -> Option<(usize, Vec<usize>)> {
    let whole: Vec<usize> = match kept.is_empty() {
        true => (0..on_disk).collect(),
        false => (0..kept.len()).filter(|&volume| kept[volume]).collect(),
    };
    let places = whole.get(start..start + crop).filter(|_| whole.len() == trs)?;
    Some((on_disk, places.to_vec()))
}

/// Scales a signal to mean 0 and standard deviation 1. `None` for a region without a signal.
fn scaled(signal: impl Iterator<Item = f32>) -> Option<Vec<f32>> {
    let signal: Vec<f32> = signal.collect();
    let count = signal.len() as f64;
    let mean = signal.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let spread = (signal.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count).sqrt();
    // Rounding noise makes even a constant region vary a little.
    let moves = spread > 1e-9 * mean.abs();
    moves.then(|| signal.iter().map(|&x| ((f64::from(x) - mean) / spread) as f32).collect())
}

/// Formats a row of grey levels from `1` to `f`, two standard deviations below to above the mean.
fn row(signals: &[Vec<f32>], places: &[usize], columns: usize, wide: usize) -> String {
    let mut sums = vec![(0.0f32, 0u32); columns.div_ceil(wide)];
    for signal in signals {
        for (value, place) in signal.iter().zip(places) {
            let (sum, count) = &mut sums[place / wide];
            (*sum, *count) = (*sum + value, *count + 1);
        }
    }
    let level = |(sum, count): (f32, u32)| match count {
        0 => NONE,
        count => {
            let level = 1.0 + ((sum / count as f32 + 2.0) / 4.0).clamp(0.0, 1.0) * 14.0;
            char::from_digit(level.round() as u32, 16).unwrap_or(NONE)
        }
    };
    sums.into_iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use boldface::{Quality, ScanId, TimeSeries};

    use super::*;
    use crate::store::ScanQuality;

    fn kept(subject: usize, values: &[f32], fd: f32, scrubbed: &[bool]) -> StoredScan {
        let scan = ScanId::new("d", subject.to_string());
        let series = TimeSeries::new(values.len() / 2, 2, 2.0, values.to_vec()).unwrap();
        let trs = if scrubbed.is_empty() { 4 } else { scrubbed.iter().filter(|kept| **kept).count() };
        let quality = Quality { fd: vec![fd; 4], kept: scrubbed.to_vec(), ..Quality::default() };
        StoredScan { series, trs, measured: ScanQuality { scan, missing: Vec::new(), quality } }
    }

    fn regions() -> Regions {
        Regions { names: vec!["a".into(), "b".into()], networks: vec!["Vis".into(), "Default".into()] }
    }

    #[test]
    fn levels_networks_and_volumes_are_in_their_places() {
        // Region a is at -1, 1, -1 standard deviations and so on; b has no signal. Volumes 0 to 3 on
        // disk, crop from 0.
        let whole = kept(1, &[3.0, 7.0, 5.0, 7.0, 3.0, 7.0, 5.0, 7.0], 0.1, &[]);
        let carpet = &plot(&[&whole], &regions(), 0)[0];
        // z = -1 is (1/4) of 14 levels above 1: 4.5, rounded to 5; z = 1 is 11.5, rounded to 12 = c.
        assert_eq!(carpet.rows, ["....", "5c5c"]);
        assert_eq!(carpet.networks, [("Default".to_owned(), 1), ("Vis".to_owned(), 1)]);
        assert!(carpet.on_disk);

        // Volume 1 was scrubbed, and the crop starts at the second remaining one: volumes 2 and 3.
        let scrubbed = kept(1, &[3.0, 7.0, 5.0, 7.0], 0.1, &[true, false, true, true]);
        assert_eq!(plot(&[&scrubbed], &regions(), 1)[0].rows[1], "..5c");

        // A resampled series, whose volumes have no known index on disk.
        let resampled = StoredScan { trs: 9, ..whole };
        let carpet = &plot(&[&resampled], &regions(), 0)[0];
        assert!(!carpet.on_disk && carpet.volumes == 4);
    }

    #[test]
    fn those_that_move_most_come_first_and_then_the_middle() {
        let values = [3.0, 7.0, 5.0, 7.0, 3.0, 7.0, 5.0, 7.0];
        let all: Vec<StoredScan> = (0..9).map(|i| kept(i, &values, 0.1 * i as f32, &[])).collect();
        let shown = |count: usize| -> Vec<String> {
            let some: Vec<&StoredScan> = all.iter().take(count).collect();
            plot(&some, &regions(), 0).into_iter().map(|carpet| carpet.scan.subject).collect()
        };
        assert_eq!(shown(9), ["8", "7", "6", "4"]);
        assert_eq!(shown(2), ["1", "0"]);
    }

    #[test]
    fn many_regions_and_volumes_are_averaged() {
        let rois = 450;
        let values = (0..1000 * rois).map(|i| (i * 7919 % 1009) as f32).collect();
        let regions = Regions {
            names: (0..rois).map(|i| i.to_string()).collect(),
            networks: (0..rois).map(|i| (i % 7).to_string()).collect(),
        };
        let one = kept(1, &[0.0; 8], 0.1, &[]);
        let series = TimeSeries::new(1000, rois, 2.0, values).unwrap();
        let quality = Quality { fd: vec![0.1; 1000], ..Quality::default() };
        let large = StoredScan { series, trs: 1000, measured: ScanQuality { quality, ..one.measured } };
        let carpet = &plot(&[&large], &regions, 0)[0];
        // 7 networks of 64 or 65 regions, three per row: 22 rows each. 1000 volumes, three per column:
        // 334 columns.
        assert_eq!((carpet.rows.len(), carpet.rows[0].len()), (7 * 22, 334));
    }
}
