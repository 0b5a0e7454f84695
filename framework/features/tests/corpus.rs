//! Measures of real scans compared with established tools: `tests/golden/corpus.json`.
//!
//! `tests/python/corpus_golden.py` made the file. The scans of `pain` are in the repository; `rest01`
//! and `lemon` are in `../shared/data`.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::fs;
use std::path::{Path, PathBuf};

use boldface::serde_json::Value;
use boldface::{Regions, TimeSeries, seed};
use boldface_features::components::{IterationLimits, fast_ica};
use boldface_features::gradient::{Embedding, Kernel, Steps, kept};
use boldface_features::graph::{self, EdgeWeights, Edges, Graph};
use boldface_features::spectrum::{ALFF, Spectra};
use boldface_features::{ConnectivityKind, Feature, Networks, fc, network_pairs, shrunk, signal};
use boldface_imaging::npy;

/// A scan, its regions and its golden numbers.
struct Scan {
    name: &'static str,
    series: TimeSeries,
    regions: Regions,
    golden: Value,
}

fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// Returns a folder of real data beside the repository. Without it, prints a note and returns none, but
/// fails on CI.
fn shared(name: &str) -> Option<PathBuf> {
    let path = repository("../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var("CI").is_err(), "CI needs ../shared/data/{name}");
    eprintln!("skipped: there is no ../shared/data/{name}");
    None
}

/// Returns the available scans; on CI all of them.
fn scans() -> Vec<Scan> {
    let golden: Value =
        boldface::serde_json::from_slice(&fs::read(repository("tests/golden/corpus.json")).unwrap()).unwrap();
    let column = |path: &Path, place: usize| -> Vec<String> {
        let table = fs::read_to_string(path).unwrap();
        table.lines().skip(1).map(|line| line.split('\t').nth(place).unwrap().to_owned()).collect()
    };
    let mut scans = Vec::new();
    let mut add = |name: &'static str, trs: usize, values: Vec<f32>, networks: Vec<String>| {
        let golden = golden[name].clone();
        let names = (0..networks.len()).map(|roi| format!("r{roi}")).collect();
        let series = TimeSeries::new(trs, networks.len(), golden["tr"].as_f64().unwrap(), values).unwrap();
        let sum: f64 = series.values().iter().map(|&x| f64::from(x).abs()).sum();
        near(&format!("{name}: sum"), sum, &golden["sum of |x|"], 1e-9);
        scans.push(Scan { name, series, regions: Regions { names, networks }, golden });
    };
    let pain = repository("experiments/data/pain");
    let file = "sub-01/func/sub-01_task-pain_run-3_seg-MIST122_stat-mean_timeseries.npy";
    let (header, values) = npy::read(&pain.join(file)).unwrap();
    let trs = header.rows;
    add("pain", trs, values, column(&pain.join("seg-MIST122_dseg.tsv"), 2));
    if let Some(rest) = shared("brainfc_rest01") {
        let table = fs::read_to_string(rest.join("timeseries.tsv")).unwrap();
        let values: Vec<f32> = table
            .lines()
            .skip(1)
            .flat_map(|line| line.split('\t').map(|cell| cell.parse::<f64>().unwrap() as f32))
            .collect();
        add("rest01", table.lines().count() - 1, values, column(&rest.join("rois.tsv"), 3));
    }
    if let Some(lemon) = shared("lemon_schaefer400") {
        let (header, values) = npy::read(&lemon.join("lemon_sub-010188_schaefer400_652.npy")).unwrap();
        let (rois, trs) = (header.rows, header.cols);
        let values = (0..trs).flat_map(|t| (0..rois).map(move |roi| roi * trs + t)).map(|at| values[at]);
        let names = fs::read_to_string(lemon.join("schaefer400_7net_names.csv")).unwrap();
        let networks = names.trim().split(',').map(|name| name.split('_').nth(2).unwrap().to_owned());
        add("lemon", trs, values.collect(), networks.collect());
    }
    scans
}

/// Fails if `found` differs from the golden number by more than `tolerance`, which is relative for
/// numbers above 1.
fn near(what: &str, found: f64, golden: &Value, tolerance: f64) {
    let golden = golden.as_f64().unwrap_or_else(|| panic!("{what}: the golden file has {golden}"));
    let off = (found - golden).abs() / golden.abs().max(1.0);
    assert!(off <= tolerance, "{what}: {found}, not {golden}");
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn connectivity_is_nilearns() {
    for Scan { name, series, regions, golden } in scans() {
        let golden = &golden["connectivity"];
        near(&format!("{name}: shrinkage"), shrunk(&series).unwrap().shrinkage, &golden["shrinkage"], 1e-9);
        let kinds = [
            (ConnectivityKind::Pearson, "pearson"),
            (ConnectivityKind::FisherZ, "fisher-z"),
            (ConnectivityKind::LedoitWolf, "ledoit-wolf"),
            (ConnectivityKind::Partial, "partial"),
        ];
        for (kind, key) in kinds {
            let pairs = golden[key].as_object().unwrap();
            let measured = network_pairs(&series, &regions, kind);
            assert_eq!(measured.len(), pairs.len());
            for (pair, expected) in pairs {
                let (a, b) = pair.split_once('-').unwrap();
                let feature = Feature::new(kind.measure(), &[a, b]);
                let found = measured.iter().find(|measured| measured.feature == feature).unwrap();
                near(&format!("{name}: {key} {pair}"), found.value.unwrap(), expected, 1e-9);
            }
        }
    }
}

#[test]
fn graphs_are_networkxs_and_bctpys() {
    for Scan { name, series, regions, golden } in scans() {
        let weights = EdgeWeights::from_fc(&fc(&series), Edges::Absolute);
        let densities = [0.1, 0.2];
        for (density, graph) in densities.iter().zip(weights.graphs(&densities)) {
            let golden = &golden["graph"][density.to_string()];
            let what = |measure: &str| format!("{name} at {density}: {measure}");
            let is = |measure: &str, found: f64| near(&what(measure), found, &golden[measure], 1e-9);
            let hops = graph::hops(&graph);
            is("edges", graph.edges() as f64);
            is("global-efficiency", hops.efficiency().unwrap());
            is("path-length, pairs that are connected", hops.path_length().unwrap());
            is("local-efficiency", mean(&graph::local_efficiency(&graph)));
            is("clustering", mean(&graph::clustering(&graph)));
            is("clustering, binary", mean(&graph::clustering_binary(&graph)));
            is("assortativity, strengths", graph::assortativity(&graph).unwrap());
            let networks = Networks::group(&regions);
            is("modularity of networks", graph::modularity(&graph, &networks.of_roi).unwrap());
            of_networks(&what("strength"), &graph::strengths(&graph), &networks, &golden["strength"]);
            let participation = graph::participation(&graph, &networks.of_roi);
            let expected = &golden["participation, networks as modules"];
            of_networks(&what("participation"), &participation, &networks, expected);
            modules(&what("modules"), &graph, &networks, golden);
        }
    }
}

/// Compares numbers that follow from networkx's modules, and checks that our modules are no worse.
fn modules(what: &str, graph: &Graph, networks: &Networks, golden: &Value) {
    let best = golden["modularity, best of 50"].as_f64().unwrap();
    let own = graph::louvain(graph, 50, &mut seed::stream(0, "test"));
    let found = graph::modularity(graph, &own).unwrap();
    assert!(found >= best - 1e-3, "{what}: a modularity of {found}, and networkx finds {best}");
    let Some(theirs) = golden["modules of the best"].as_array() else { return };
    let theirs: Vec<usize> = theirs.iter().map(|module| module.as_u64().unwrap() as usize - 1).collect();
    near(what, graph::modularity(graph, &theirs).unwrap(), &golden["modularity, best of 50"], 1e-9);
    let participation = graph::participation(graph, &theirs);
    of_networks(what, &participation, networks, &golden["participation, modules of the best"]);
    let z = graph::module_z(graph, &theirs);
    of_networks(what, &z, networks, &golden["module-z, modules of the best"]);
}

/// Compares means over the regions of each network. bctpy has 0 where we have no value (NaN).
fn of_networks(what: &str, values: &[f64], networks: &Networks, golden: &Value) {
    for (network, members) in &networks.members {
        let values: Vec<f64> = members.iter().map(|&roi| values[roi]).collect();
        let zeros: Vec<f64> = values.iter().map(|&value| if value.is_nan() { 0.0 } else { value }).collect();
        near(&format!("{what} of {network}"), mean(&zeros), &golden[network.as_str()], 1e-9);
    }
}

#[test]
fn random_graphs_are_like_bctpys() {
    for Scan { name, series, golden, .. } in scans().into_iter().filter(|scan| scan.name != "lemon") {
        let golden = &golden["nulls"];
        let graph = EdgeWeights::from_fc(&fc(&series), Edges::Absolute).graphs(&[0.2]).remove(0);
        let nulls = graph::rewired(&graph, 20, &mut seed::stream(0, "test")).unwrap();
        let transitivity = graph::transitivity_binary(&graph).unwrap();
        near(&format!("{name}: transitivity"), transitivity, &golden["transitivity"], 1e-9);
        // Means of 20 draws each: their difference has sqrt(2 / 20) of the SD of one draw.
        let spread = numbers(&golden["SD over nulls"]);
        let found = mean(&nulls.iter().map(|null| null.transitivity).collect::<Vec<_>>());
        let five = 5.0 * (2.0f64 / 20.0).sqrt();
        near(&format!("{name}: clustering"), found, &golden["transitivity of nulls"], five * spread[0]);
        let found = mean(&nulls.iter().map(|null| null.path_length).collect::<Vec<_>>());
        near(&format!("{name}: path"), found, &golden["path-length of nulls"], five * spread[1]);
        let sigma = graph::small_worldness(&graph, 20, &mut seed::stream(1, "test")).unwrap();
        near(&format!("{name}: sigma"), sigma, &golden["small-worldness"], 0.03);
    }
}

#[test]
fn gradients_are_the_formulas_and_near_brainspaces() {
    for Scan { name, series, regions, golden } in scans() {
        let golden = &golden["gradient"];
        assert_eq!(kept(series.rois(), 0.9) as u64, golden["kept"].as_u64().unwrap());
        let kernels = [
            (Kernel::NormalizedAngle, "normalized_angle"),
            (Kernel::Cosine, "cosine"),
            (Kernel::CosineThenNormalizedAngle, "cosine, then normalized_angle (the reference)"),
        ];
        for (kernel, key) in kernels {
            let golden = &golden[key];
            let steps = Steps { kernel, sparsity: 0.9, embedding: Embedding::DiffusionMap, components: 3 };
            let gradients = steps.gradients(&fc(&series)).unwrap();
            for g in 0..3 {
                let what = |measure: &str| format!("{name}, {key}: {measure} of {g}");
                let map = gradients.map(g);
                let range = map.iter().copied().fold(f64::MIN, f64::max)
                    - map.iter().copied().fold(f64::MAX, f64::min);
                let middle = mean(&map);
                let variance = mean(&map.iter().map(|value| (value - middle).powi(2)).collect::<Vec<_>>());
                near(&what("lambda"), gradients.lambdas[g], &golden["lambdas"][g], 1e-6);
                near(&what("range"), range, &golden["range"][g], 1e-6);
                near(&what("variance"), variance, &golden["variance"][g], 1e-6);
                for (network, members) in &Networks::group(&regions).members {
                    let values: Vec<f64> = members.iter().map(|&roi| map[roi]).collect();
                    near(&what(network), mean(&values), &golden["mean"][network][g], 1e-6);
                }
                // BrainSpace uses a solver for symmetric matrices, from a random start.
                let theirs = golden["BrainSpace lambdas"][g].as_f64().unwrap();
                assert!((gradients.lambdas[g] / theirs - 1.0).abs() < 0.03, "{}: {theirs}", what("lambda"));
            }
        }
    }
}

#[test]
fn spectra_are_scipys() {
    for Scan { name, series, golden, .. } in scans() {
        for (roi, golden) in golden["temporal"].as_array().unwrap().iter().enumerate() {
            let what = |measure: &str| format!("{name}, region {roi}: {measure}");
            let spectra = Spectra::new(series.trs(), series.tr());
            let raw: Vec<f64> = series.roi(roi).map(f64::from).collect();
            let mut z = raw.clone();
            signal::detrend(&mut z);
            let sd = (z.iter().map(|x| x * x).sum::<f64>() / z.len() as f64).sqrt();
            near(&what("SD"), sd, &golden["SD"], 1e-9);
            z.iter_mut().for_each(|x| *x /= sd);
            let density = spectra.welch(&z).unwrap().density;
            assert_eq!(density.len() as u64, golden["frequencies"].as_u64().unwrap());
            for (at, expected) in numbers(&golden["power[:4]"]).into_iter().enumerate() {
                near(&what("power"), density[at], &expected.into(), 1e-9);
            }
            // Filtered scans have almost no fast power: on both sides, only rounding noise is left.
            let ratio = spectra.ratio(&raw).unwrap();
            near(&what("low / high"), ratio, &golden["low / high"], if ratio > 1e3 { 1e-5 } else { 1e-9 });
            near(&what("lag-1"), signal::lag1(&raw).unwrap(), &golden["lag-1"], 1e-9);
            let alff = spectra.alff(&raw, ALFF).unwrap();
            near(&what("ALFF"), alff.alff, &golden["ALFF"], 1e-9);
            near(&what("fALFF"), alff.falff, &golden["fALFF"], 1e-9);
        }
    }
}

#[test]
fn components_are_scikit_learns() {
    for Scan { name, series, golden, .. } in scans().into_iter().filter(|scan| scan.name != "lemon") {
        let (trs, rois) = (series.trs(), series.rois());
        let z: Vec<Vec<f64>> = (0..rois).map(|roi| standard(series.roi(roi).map(f64::from))).collect();
        let limits = IterationLimits { tolerance: 1e-10, iterations: 20_000, whole_steps: 20_000 };
        for key in ["time", "space"] {
            let data = match key {
                "time" => faer::Mat::from_fn(trs, rois, |t, roi| z[roi][t]),
                _ => faer::Mat::from_fn(rois, trs, |roi, t| z[roi][t]),
            };
            let rows = golden["ica"][key]["rows"].as_array().unwrap();
            let start = faer::Mat::<f64>::identity(rows.len(), rows.len());
            let found = fast_ica(data.as_ref(), rows.len(), start.as_ref(), limits).unwrap();
            let own: Vec<Vec<f64>> = (0..rows.len())
                .map(|k| match key {
                    "time" => found.unmixing.row(k).iter().copied().collect(),
                    _ => found.sources.col(k).iter().copied().collect(),
                })
                .collect();
            for (place, row) in rows.iter().enumerate() {
                let theirs = standard(numbers(row).into_iter());
                let closest = own.iter().map(|row| {
                    let products = standard(row.iter().copied()).into_iter().zip(&theirs);
                    mean(&products.map(|(a, b)| a * b).collect::<Vec<_>>()).abs()
                });
                let closest = closest.fold(0.0, f64::max);
                assert!(closest > 0.9999, "{name}, {key}: component {place} is found to {closest}");
            }
        }
    }
}

/// Standardises to mean 0 and SD 1 (ddof 0).
fn standard(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let middle = mean(&values);
    let sd = mean(&values.iter().map(|x| (x - middle).powi(2)).collect::<Vec<_>>()).sqrt();
    values.into_iter().map(|x| (x - middle) / sd).collect()
}
