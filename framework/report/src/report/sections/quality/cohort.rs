//! The quality of all scans together, dataset by dataset.

use std::collections::BTreeMap;

use boldface::{Quality, Regions};

use super::super::slug;
use crate::report::document::{Align, Block, Figure, ReportTable, TableCell, plain};
use crate::report::number;
use crate::report::plot::{Chart, Ink, PlotLine};
use crate::report::stored::QualityResults;
use crate::store::{MotionFc, ScanQuality};

/// Number of regions in the table of those most often missing.
const REGIONS: usize = 10;

/// Regions with less coverage than this appear in the table.
const WORTH: f64 = 0.9;

/// Something measured once per scan.
struct Quantity {
    name: &'static str,
    /// Axis label with unit.
    axis: &'static str,
    of: fn(&Quality) -> Option<f64>,
    decimals: usize,
}

const QUANTITIES: [Quantity; 6] = [
    Quantity { name: "mean FD (mm)", axis: "mean FD (mm)", of: Quality::mean_fd, decimals: 2 },
    Quantity { name: "largest FD (mm)", axis: "largest FD (mm)", of: Quality::max_fd, decimals: 2 },
    Quantity {
        name: "censored (%)",
        axis: "volumes censored (%)",
        of: |quality| quality.censored().map(|share| 100.0 * share),
        decimals: 0,
    },
    Quantity { name: "DVARS (%)", axis: "mean DVARS (%)", of: Quality::mean_dvars, decimals: 2 },
    Quantity { name: "tSNR", axis: "tSNR", of: |quality| quality.tsnr.map(f64::from), decimals: 0 },
    Quantity {
        name: "coverage (%)",
        axis: "mean coverage (%)",
        of: |quality| quality.mean_coverage().map(|share| 100.0 * share),
        decimals: 1,
    },
];

pub(super) fn blocks(stored: &QualityResults, regions: Option<&Regions>) -> Vec<Block> {
    let mut datasets: BTreeMap<&str, Vec<&ScanQuality>> = BTreeMap::new();
    for measured in &stored.measured {
        datasets.entry(&measured.scan.dataset).or_default().push(measured);
    }
    let known =
        |quantity: &&Quantity| stored.measured.iter().any(|one| (quantity.of)(&one.quality).is_some());
    let quantities: Vec<&Quantity> = QUANTITIES.iter().filter(known).collect();
    let mut blocks = Vec::new();
    if !quantities.is_empty() {
        blocks.push(table(&datasets, &quantities));
        blocks.push(Block::Figures(quantities.iter().map(|quantity| figure(&datasets, quantity)).collect()));
        blocks.push(Block::Text(vec![plain(
            "Median and range over scans. FD: framewise displacement (Power 2012); censored: volumes taken out, \
             by scrubbing or as first volumes; DVARS: change from volume to volume in percent of the mean \
             signal; tSNR: mean over standard deviation of the median voxel; coverage: share of a region's \
             voxels that hold a signal. quality.parquet has one row per scan.",
        )]));
    }
    blocks.extend(coverage(&stored.measured, regions));
    if !stored.motion.is_empty() {
        blocks.push(Block::Subsection("Connectivity and motion".into()));
        blocks.push(Block::Figures(stored.motion.iter().map(motion).collect()));
        blocks.push(Block::Text(vec![plain(
            "For every pair of regions, the correlation over people of functional connectivity (Fisher's z of the \
             cropped series, before standardisation) with mean framewise displacement; scans of one person are \
             averaged. By chance: normal and unrelated. A distribution that is wider than chance, or shifted, \
             means that motion is still in the connectivity: a model may read motion instead of brain activity. \
             The dependence on distance is not shown, because the regions have no coordinates.",
        )]));
    }
    blocks
}

fn table(datasets: &BTreeMap<&str, Vec<&ScanQuality>>, quantities: &[&Quantity]) -> Block {
    let mut columns = vec![("dataset".to_owned(), Align::Left), ("scans".to_owned(), Align::Right)];
    columns.extend(quantities.iter().map(|quantity| (quantity.name.to_owned(), Align::Right)));
    let row = |(name, scans): (&&str, &Vec<&ScanQuality>)| {
        let mut cells = vec![TableCell::new(*name), TableCell::new(scans.len().to_string())];
        cells.extend(quantities.iter().map(|quantity| {
            let values = sorted(scans, quantity);
            let text = |value: f64| format!("{value:.*}", quantity.decimals);
            match (values.first(), values.last()) {
                (Some(least), Some(most)) => TableCell {
                    note: Some(format!("[{}, {}]", text(*least), text(*most))),
                    ..TableCell::new(text(median(&values)))
                },
                _ => TableCell::new(number::DASH),
            }
        }));
        cells
    };
    let rows = datasets.iter().map(row).collect();
    Block::Table(ReportTable { caption: "Scan quality: median [least, most]".into(), columns, rows })
}

/// Plots all scans in increasing order, with one line per dataset.
fn figure(datasets: &BTreeMap<&str, Vec<&ScanQuality>>, quantity: &Quantity) -> Figure {
    let line = |(place, (name, scans)): (usize, (&&str, &Vec<&ScanQuality>))| {
        let values = sorted(scans, quantity);
        let share = |place: usize| 100.0 * (place as f64 + 0.5) / values.len() as f64;
        let points = values.iter().enumerate().map(|(place, value)| (share(place), *value)).collect();
        PlotLine { name: (*name).to_owned(), ink: Ink::Nth(place), points }
    };
    let lines: Vec<PlotLine> =
        datasets.iter().enumerate().map(line).filter(|line| !line.points.is_empty()).collect();
    let chart = Chart {
        title: format!("{} of all scans", quantity.axis),
        x: "scans below (%)".into(),
        y: quantity.axis.into(),
        lines,
    };
    let caption = format!("{}, scans from the least to the most", quantity.axis);
    Figure { slug: format!("quality-{}", slug(quantity.axis)), caption, svg: chart.svg() }
}

fn sorted(scans: &[&ScanQuality], quantity: &Quantity) -> Vec<f64> {
    let mut values: Vec<f64> = scans.iter().filter_map(|one| (quantity.of)(&one.quality)).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Returns the median of sorted values.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// Makes a table of the regions that scans miss or barely cover.
fn coverage(measured: &[ScanQuality], regions: Option<&Regions>) -> Vec<Block> {
    let Some(regions) = regions else { return Vec::new() };
    let mut missing: BTreeMap<&str, usize> = BTreeMap::new();
    measured.iter().flat_map(|one| &one.missing).for_each(|name| *missing.entry(name).or_default() += 1);
    let mut rows = Vec::new();
    for (roi, name) in regions.names.iter().enumerate() {
        let shares =
            measured.iter().filter_map(|one| one.quality.coverage.get(roi)).map(|&share| f64::from(share));
        let shares: Vec<f64> = shares.filter(|share| share.is_finite()).collect();
        let least = shares.iter().copied().reduce(f64::min);
        let missed = missing.get(name.as_str()).copied().unwrap_or(0);
        if missed > 0 || least.is_some_and(|least| least < WORTH) {
            let mean = (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64);
            rows.push((missed, mean, least, roi));
        }
    }
    let count = rows.len();
    if count == 0 {
        return Vec::new();
    }
    rows.sort_by(|a, b| {
        let mean = |row: &(usize, Option<f64>, Option<f64>, usize)| row.1.unwrap_or(0.0);
        b.0.cmp(&a.0).then(mean(a).total_cmp(&mean(b))).then(a.3.cmp(&b.3))
    });
    let percent =
        |share: Option<f64>| share.map_or(number::DASH.to_owned(), |share| format!("{:.0}%", 100.0 * share));
    let row = |&(missed, mean, least, roi): &(usize, Option<f64>, Option<f64>, usize)| {
        vec![
            TableCell::new(regions.names[roi].clone()),
            TableCell::new(regions.networks.get(roi).cloned().unwrap_or_default()),
            TableCell::new(missed.to_string()),
            TableCell::new(percent(mean)),
            TableCell::new(percent(least)),
        ]
    };
    let columns = ["region", "network", "missing in scans", "mean coverage", "least coverage"];
    let columns = columns
        .iter()
        .enumerate()
        .map(|(place, name)| ((*name).to_owned(), if place < 2 { Align::Left } else { Align::Right }));
    let caption = format!(
        "Least covered regions: {} of {} are missing in a scan or have less than {:.0}% coverage",
        count,
        regions.names.len(),
        100.0 * WORTH
    );
    let rows = rows.iter().take(REGIONS).map(row).collect();
    vec![Block::Table(ReportTable { caption, columns: columns.collect(), rows })]
}

/// Plots the distribution of the correlations of FC with motion.
fn motion(of: &MotionFc) -> Figure {
    let centre = |bin: usize| 2.0 * (bin as f64 + 0.5) / of.bins.len() as f64 - 1.0;
    let share = |count: f64| 100.0 * count / of.edges.max(1) as f64;
    let line = |name: &str, ink: Ink, counts: Vec<f64>| PlotLine {
        name: name.to_owned(),
        ink,
        points: counts.into_iter().enumerate().map(|(bin, count)| (centre(bin), share(count))).collect(),
    };
    let chart = Chart {
        title: format!("Correlation of connectivity with motion in {}", of.dataset),
        x: "r of FC with mean FD, over people".into(),
        y: "pairs of regions (%)".into(),
        lines: vec![
            line("by chance", Ink::Reference, of.expected.clone()),
            line("found", Ink::Nth(1), of.bins.iter().map(|&count| count as f64).collect()),
        ],
    };
    let caption = format!(
        "{}: median |r| {:.2}, by chance {:.2}; p < .05 in {:.0}% of {} pairs, by chance in 5%; {}, {}",
        of.dataset,
        of.median,
        of.by_chance,
        100.0 * of.significant,
        of.edges,
        match of.people {
            1 => "1 person".to_owned(),
            people => format!("{people} people"),
        },
        number::count(of.scans, "scan"),
    );
    Figure { slug: format!("quality-motion-{}", slug(&of.dataset)), caption, svg: chart.svg() }
}
