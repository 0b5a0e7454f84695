//! A connectivity matrix as an image, its regions ordered by network.

use std::fmt::Write;

use boldface::Regions;
use boldface_features::{Fc, Networks};

use crate::report::axis;
use crate::report::document::Figure;
use crate::report::html::escape;
use crate::report::number;
use crate::report::png::{self, Palette};

/// Most rows of an image. Neighbouring regions of a network share a row if there are more.
const ROWS: usize = 200;
/// Correlation from one colour to the next.
const STEP: f64 = 0.1;
/// Number of colours on each side of the one for 0.
const SIDE: f64 = 7.0;
/// The level of a correlation of 0.
const ZERO: f64 = 8.0;
/// From -0.7 (blue) over 0 (almost white) to 0.7 (red). The first is not shown.
const COLOURS: Palette = [
    [0, 0, 0],
    [23, 64, 122],
    [38, 95, 160],
    [66, 129, 188],
    [107, 163, 208],
    [154, 195, 224],
    [197, 220, 236],
    [226, 236, 242],
    [245, 244, 240],
    [250, 229, 217],
    [248, 205, 182],
    [242, 170, 140],
    [228, 130, 101],
    [208, 88, 71],
    [181, 48, 53],
    [138, 20, 42],
];

const WIDTH: f64 = 360.0;
const LEFT: f64 = 86.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 6.0;
const BOTTOM: f64 = 36.0;
/// Width of the legend's bar of colours.
const BAR: f64 = 120.0;

/// Draws the correlations of one scan's regions, given the scan's `name`. The diagonal and regions without a signal stay
/// empty.
pub fn draw(fc: &Fc, regions: &Regions, name: &str) -> Figure {
    let high = fc.rois().div_ceil(ROWS).max(1);
    let (mut networks, mut groups): (Vec<(String, usize)>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for (network, members) in Networks::group(regions).members {
        networks.push((network, members.len().div_ceil(high)));
        groups.extend(members.chunks(high).map(<[usize]>::to_vec));
    }
    let row = |a: &Vec<usize>| groups.iter().map(|b| level(mean(fc, a, b))).collect();
    let levels: Vec<Vec<u8>> = groups.iter().map(row).collect();

    let (side, height) = (WIDTH - LEFT - RIGHT, WIDTH - LEFT - RIGHT + TOP + BOTTOM);
    let regions = number::count(fc.rois(), "region");
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart matrix\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\
         <title>FC of {}</title><desc>{regions} in {}.</desc>\
         <image x=\"{LEFT}\" y=\"{TOP}\" width=\"{side}\" height=\"{side}\" preserveAspectRatio=\"none\" \
         style=\"image-rendering:pixelated\" href=\"{}\"/>",
        escape(name),
        number::count(networks.len(), "network"),
        png::coloured(&levels, &COLOURS),
    );
    svg.push_str(&axis::networks(&networks, LEFT, TOP, side));
    svg.push_str(&legend(TOP + side + 10.0));
    svg.push_str("</svg>");
    let shared = match high {
        1 => String::new(),
        _ => format!("; each square is the mean of up to {high} × {high} pairs"),
    };
    Figure { slug: "fc".into(), caption: format!("{name}: FC of {regions}{shared}"), svg }
}

/// Averages the correlations between two groups of regions. NaN if there is none.
fn mean(fc: &Fc, a: &[usize], b: &[usize]) -> f64 {
    let pairs = a.iter().flat_map(|&i| b.iter().map(move |&j| (i, j))).filter(|(i, j)| i != j);
    let known: Vec<f64> = pairs.map(|(i, j)| fc.at(i, j)).filter(|r| r.is_finite()).collect();
    known.iter().sum::<f64>() / known.len() as f64
}

fn level(r: f64) -> u8 {
    if r.is_nan() { 0 } else { (ZERO + (r / STEP).round().clamp(-SIDE, SIDE)) as u8 }
}

/// Draws the colours from the least to the greatest, with their correlations below.
fn legend(top: f64) -> String {
    let levels: Vec<u8> = (1..16).collect();
    let mut svg = format!(
        "<image x=\"{LEFT}\" y=\"{top}\" width=\"{BAR}\" height=\"8\" preserveAspectRatio=\"none\" \
         style=\"image-rendering:pixelated\" href=\"{}\"/>",
        png::coloured(&[levels], &COLOURS)
    );
    for (share, anchor, text) in [(0.0, "start", "≤ −0.7"), (0.5, "middle", "0"), (1.0, "end", "≥ 0.7")]
    {
        let (x, y) = (LEFT + BAR * share, top + 20.0);
        let _ =
            write!(svg, "<text class=\"tick\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>");
    }
    let (x, y) = (LEFT + BAR + 10.0, top + 8.0);
    svg + &format!("<text class=\"name\" x=\"{x}\" y=\"{y}\">Pearson r</text>")
}

#[cfg(test)]
mod tests {
    use boldface::TimeSeries;
    use boldface_features::fc;

    use super::*;

    #[test]
    fn a_level_is_a_tenth_and_nothing_is_transparent() {
        let levels = [-1.0, -0.7, -0.34, -0.04, 0.0, 0.06, 0.7, 1.0, f64::NAN].map(level);
        assert_eq!(levels, [1, 1, 5, 8, 8, 9, 15, 15, 0]);
    }

    #[test]
    fn regions_stand_network_by_network() {
        // Region a and c rise and fall together and b against them; d has no signal. Order: b d, then a c.
        let values = [0.0, 1.0, 0.0, 5.0, 1.0, 0.0, 2.0, 5.0].to_vec();
        let fc = fc(&TimeSeries::new(2, 4, 2.0, values).unwrap());
        let regions = Regions {
            names: ["a", "b", "c", "d"].map(str::to_owned).into(),
            networks: ["Vis", "Def<", "Vis", "Def<"].map(str::to_owned).into(),
        };
        let figure = draw(&fc, &regions, "pain/sub-<01>");
        let expected =
            png::coloured(&[vec![0, 0, 1, 1], vec![0; 4], vec![1, 0, 0, 15], vec![1, 0, 15, 0]], &COLOURS);
        assert!(figure.svg.contains(&expected), "{}", figure.svg);
        assert!(figure.svg.contains(">Def&lt;</text>") && figure.svg.contains("4 regions in 2 networks."));
        assert!(!figure.svg.contains("<01>") && figure.caption.ends_with(": FC of 4 regions"));
    }

    #[test]
    fn many_regions_share_squares() {
        let rois = 401;
        let values = (0..3 * rois).map(|i| (i * 7919 % 1009) as f32).collect();
        let fc = fc(&TimeSeries::new(3, rois, 2.0, values).unwrap());
        let regions = Regions { names: vec![String::new(); rois], networks: vec!["All".into(); rois] };
        let figure = draw(&fc, &regions, "one");
        // Three regions per row: 134 rows of 1 + 67 bytes, and 141 around them; base64 makes four letters of three bytes.
        assert!(figure.caption.ends_with("the mean of up to 3 × 3 pairs"), "{}", figure.caption);
        let image = figure.svg.split("base64,").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(image.len(), (134usize * 68 + 141).div_ceil(3) * 4);
    }
}
