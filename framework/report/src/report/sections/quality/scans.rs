//! Single scans: traces and carpet plots of the worst, and one table row each.

use std::fmt::Write;

use super::super::slug;
use super::ROWS;
use crate::report::axis;
use crate::report::document::{Align, Block, Figure, ReportTable, TableCell, TextSpan, plain};
use crate::report::html::escape;
use crate::report::number;
use crate::report::plot::{Chart, Ink, PlotLine};
use crate::report::png;
use crate::report::stored::QualityResults;
use crate::store::{Carpet, ScanQuality};

/// Number of scans whose warnings are shown.
const WARNED: usize = 20;

pub(super) fn blocks(stored: &QualityResults) -> Vec<Block> {
    let mut blocks = vec![Block::Subsection("Scan by scan".into())];
    for (place, carpet) in stored.carpets.iter().enumerate() {
        let measured = stored.measured.iter().find(|measured| measured.scan == carpet.scan);
        blocks.extend(measured.map(|measured| Block::Figures(figures(measured, carpet, place + 1))));
    }
    if !stored.carpets.is_empty() {
        blocks.push(Block::Text(vec![plain(
            "The scans with the most motion, and the median one if there are many. Carpets: regions from top to \
             bottom, network by network, each scaled over the volumes kept; dark and light are two standard \
             deviations below and above its mean. A stripe from top to bottom is something that happened to the \
             whole brain at once: motion, or breath. A gap is volumes that are not used.",
        )]));
    }
    blocks.push(table(&stored.measured));
    blocks.extend(warnings(&stored.measured));
    blocks
}

fn figures(measured: &ScanQuality, carpet: &Carpet, place: usize) -> Vec<Figure> {
    let (name, quality) = (measured.scan.to_string(), &measured.quality);
    let mut figures = Vec::new();
    let traces = [("FD", "mm", &quality.fd), ("DVARS", "%", &quality.dvars)];
    for (trace, unit, values) in traces.into_iter().filter(|(.., values)| !values.is_empty()) {
        let points = values.iter().enumerate().map(|(volume, value)| (volume as f64, f64::from(*value)));
        let mut lines = vec![PlotLine { name: trace.to_owned(), ink: Ink::Nth(0), points: points.collect() }];
        lines.extend(censored(&quality.kept));
        let chart = Chart {
            title: format!("{trace} of {name}"),
            x: "volume".into(),
            y: format!("{trace} ({unit})"),
            lines,
        };
        let slug = format!("quality-{}-{place}-{}", slug(trace), slug(&name));
        figures.push(Figure { slug, caption: format!("{name}: {trace}"), svg: chart.svg() });
    }
    let volumes = if carpet.on_disk { "volumes on disk" } else { "volumes of the crop" };
    figures.push(Figure {
        slug: format!("quality-carpet-{place}-{}", slug(&name)),
        caption: format!("{name}: carpet, {volumes} from left to right"),
        svg: drawn(carpet, &name),
    });
    figures
}

/// Makes a line at the bottom that marks censored volumes.
fn censored(kept: &[bool]) -> Option<PlotLine> {
    let mut points = Vec::new();
    let mut volume = 0;
    for stretch in kept.chunk_by(|a, b| a == b) {
        if !stretch[0] {
            let (begin, end) = (volume as f64 - 0.5, (volume + stretch.len()) as f64 - 0.5);
            points.extend([(begin, 0.0), (end, 0.0), (end, f64::NAN)]);
        }
        volume += stretch.len();
    }
    (!points.is_empty()).then(|| PlotLine { name: "censored".to_owned(), ink: Ink::Nth(1), points })
}

const WIDTH: f64 = 360.0;
const LEFT: f64 = 86.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 6.0;
const PICTURE: f64 = 168.0;
const BOTTOM: f64 = 34.0;

fn drawn(carpet: &Carpet, name: &str) -> String {
    let level = |c: char| c.to_digit(16).map_or(0, |level| level as u8);
    let rows: Vec<Vec<u8>> = carpet.rows.iter().map(|row| row.chars().map(level).collect()).collect();
    let (width, height) = (WIDTH - LEFT - RIGHT, TOP + PICTURE + BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\
         <title>Carpet of {}</title><desc>{} rows of regions, {} volumes.</desc>\
         <image x=\"{LEFT}\" y=\"{TOP}\" width=\"{width}\" height=\"{PICTURE}\" preserveAspectRatio=\"none\" \
         style=\"image-rendering:pixelated\" href=\"{}\"/>",
        escape(name),
        rows.len(),
        carpet.volumes,
        png::address(&rows),
    );
    svg.push_str(&axis::networks(&carpet.networks, LEFT, TOP, PICTURE));
    let base = TOP + PICTURE;
    for (at, anchor, text) in [(LEFT, "start", 0), (WIDTH - RIGHT, "end", carpet.volumes)] {
        let y = base + 14.0;
        let _ =
            write!(svg, "<text class=\"tick\" x=\"{at}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>");
    }
    let (x, y) = (WIDTH - RIGHT, height - 6.0);
    let _ = write!(svg, "<text class=\"name\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">volume</text>");
    svg + "</svg>"
}

/// Makes a table of scans by decreasing motion, or by DVARS if motion is unknown.
fn table(measured: &[ScanQuality]) -> Block {
    let mut ranked: Vec<&ScanQuality> = measured.iter().collect();
    let rank =
        |one: &ScanQuality| one.quality.mean_fd().or(one.quality.mean_dvars()).unwrap_or(f64::NEG_INFINITY);
    ranked.sort_by(|a, b| rank(b).total_cmp(&rank(a)));
    let names =
        ["scan", "volumes", "mean FD", "largest FD", "censored", "DVARS", "tSNR", "coverage", "missing"];
    let columns = names
        .iter()
        .enumerate()
        .map(|(place, name)| ((*name).to_owned(), if place == 0 { Align::Left } else { Align::Right }));
    let fixed = |value: Option<f64>, decimals: usize| {
        TableCell::new(value.map_or(number::DASH.to_owned(), |value| format!("{value:.decimals$}")))
    };
    let percent = |share: Option<f64>| {
        TableCell::new(share.map_or(number::DASH.to_owned(), |share| format!("{:.0}%", 100.0 * share)))
    };
    let row = |one: &&ScanQuality| {
        let quality = &one.quality;
        let on_disk = quality.fd.len().max(quality.dvars.len()).max(quality.kept.len());
        vec![
            TableCell::new(one.scan.to_string()),
            TableCell::new(if on_disk == 0 { number::DASH.to_owned() } else { on_disk.to_string() }),
            fixed(quality.mean_fd(), 2),
            fixed(quality.max_fd(), 2),
            percent(quality.censored()),
            fixed(quality.mean_dvars(), 2),
            fixed(quality.tsnr.map(f64::from), 0),
            percent(quality.mean_coverage()),
            TableCell::new(one.missing.len().to_string()),
        ]
    };
    let caption = match measured.len() > ROWS {
        true => {
            format!("The {ROWS} of {} scans with the most motion; quality.parquet has all", measured.len())
        }
        false => "All scans, those with the most motion first".to_owned(),
    };
    let rows = ranked.iter().take(ROWS).map(row).collect();
    Block::Table(ReportTable { caption, columns: columns.collect(), rows })
}

fn warnings(measured: &[ScanQuality]) -> Vec<Block> {
    let warned: Vec<&ScanQuality> = measured.iter().filter(|one| !one.quality.warnings.is_empty()).collect();
    if warned.is_empty() {
        return Vec::new();
    }
    let pair = |one: &&ScanQuality| -> (String, Vec<TextSpan>) {
        (one.scan.to_string(), vec![plain(one.quality.warnings.join(" ").replace('`', ""))])
    };
    let mut blocks = vec![Block::Pairs(warned.iter().take(WARNED).map(pair).collect())];
    if let Some(more) = warned.len().checked_sub(WARNED).filter(|&more| more > 0) {
        blocks.push(Block::Text(vec![plain(format!(
            "{more} more scans have warnings; they are in quality.parquet."
        ))]));
    }
    blocks
}
