//! Compares graph measures with networkx and bctpy, on newly drawn scans, regions and densities.

use std::fs;
use std::path::PathBuf;

use boldface::TimeSeries;
use boldface::seed::stream;
use boldface_features::fc;
use boldface_features::graph::{self, EdgeWeights, Edges, Graph};
use boldface_imaging::npy;
use boldface_tests::{repository, told};
use serde_json::Value;

/// Lists the series files of the quickstart.
fn files() -> Vec<String> {
    let folders = fs::read_dir(repository("experiments/data/pain")).expect("the folder is there");
    let folders = folders.map(|folder| folder.expect("it can be listed").path().join("func"));
    let inside = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let files = inside.map(|file| file.expect("it can be listed").path());
    let mut files: Vec<PathBuf> =
        files.filter(|file| file.extension().is_some_and(|ext| ext == "npy")).collect();
    files.sort();
    files.iter().map(|file| file.display().to_string()).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|number| number.as_f64().expect("a number")).collect()
}

/// Rebuilds the graph that the script drew.
fn drawn(told: &Value) -> Graph {
    let whole = |key: &str| told[key].as_u64().expect("a whole number") as usize;
    let (header, values) =
        npy::read(told["file"].as_str().expect("a path").as_ref()).expect("it can be read");
    let (start, trs) = (whole("start"), whole("trs"));
    let regions: Vec<usize> = numbers(&told["regions"]).into_iter().map(|region| region as usize).collect();
    let volumes = values.chunks(header.cols).skip(start).take(trs);
    let values = volumes.flat_map(|volume| regions.iter().map(|&region| volume[region]));
    let series = TimeSeries::new(trs, regions.len(), 2.0, values.collect()).expect("volumes by regions");
    let density = told["density"].as_f64().expect("a number");
    EdgeWeights::from_fc(&fc(&series), Edges::Absolute).graphs(&[density]).remove(0)
}

#[test]
fn graph_measures_are_those_of_networkx_and_bctpy() {
    let files = files();
    assert_eq!(files.len(), 98);
    let Some(scans) = told("graph.py", &[vec!["6".to_owned()], files].concat()) else { return };
    assert_eq!(scans.len(), 6);
    for told in &scans {
        let graph = drawn(told);
        let what = format!("{} at {} (seed {})", told["file"], told["density"], told["seed"]);
        assert_eq!(told["edges"], graph.edges(), "edges of {what}");
        whole_graph(&graph, told, &what);
        nodes(&graph, &told["nodes"], &what);
    }
}

fn modules(graph: &Graph) -> Vec<usize> {
    (0..graph.nodes()).map(|node| node * 5 / graph.nodes()).collect()
}

fn mean(values: Vec<f64>) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn whole_graph(graph: &Graph, told: &Value, what: &str) {
    let (hops, distances) = (graph::hops(graph), graph::distances(graph));
    let measures = [
        ("global-efficiency", hops.efficiency()),
        ("path-length", hops.path_length()),
        ("local-efficiency", Ok(mean(graph::local_efficiency(graph)))),
        ("weighted-efficiency", distances.efficiency()),
        ("weighted-path-length", distances.path_length()),
        ("clustering", Ok(mean(graph::clustering(graph)))),
        ("clustering-binary", Ok(mean(graph::clustering_binary(graph)))),
        ("transitivity", graph::transitivity(graph)),
        ("transitivity-binary", graph::transitivity_binary(graph)),
        ("assortativity", graph::assortativity(graph)),
        ("modularity", graph::modularity(graph, &modules(graph))),
    ];
    for (name, ours) in measures {
        let (ours, theirs) = (ours.expect("it has edges"), told[name].as_f64().expect("a number"));
        assert!((ours - theirs).abs() < 1e-9, "{name} of {what}: {ours} is not {theirs}");
    }
    // On such small graphs the best of 10 can miss by 0.005, both ours and theirs. The best of 200 is
    // always the same.
    let found = graph::louvain(graph, 200, &mut stream(0, "graph.louvain"));
    let (ours, theirs) = (graph::modularity(graph, &found), told["modularity-to-reach"].as_f64());
    let (ours, theirs) = (ours.expect("it has edges"), theirs.expect("a number"));
    assert!(ours > theirs - 1e-3, "modules of {what}: {ours}, networkx reaches {theirs}");
}

fn nodes(graph: &Graph, told: &Value, what: &str) {
    let measures = [
        ("strengths", graph::strengths(graph)),
        ("clustering", graph::clustering(graph)),
        ("local-efficiency", graph::local_efficiency(graph)),
        ("participation", graph::participation(graph, &modules(graph))),
        ("module-z", graph::module_z(graph, &modules(graph))),
        ("betweenness", graph::betweenness(graph)),
    ];
    for (name, ours) in measures {
        let theirs = numbers(&told[name]);
        assert_eq!(ours.len(), theirs.len());
        for (node, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
            // If we report a missing number, bctpy reports 0.
            let ours = if ours.is_nan() { 0.0 } else { ours };
            assert!((ours - theirs).abs() < 1e-9, "{name} of node {node} of {what}: {ours} is not {theirs}");
        }
    }
}
