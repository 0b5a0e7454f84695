//! Prints each graph measure of a scan and its time: `graph SERIES.npy [DENSITY] [--rows-are-regions]`.
//!
//! Runs on one thread. Prints one line of JSON per measure: name, value, and seconds of the fastest of
//! many calls. `tests/python/bench_corpus.py` compares whole families with the Python tools.

use std::hint::black_box;
use std::time::Instant;

use boldface::seed::stream;
use boldface::serde_json::json;
use boldface::{Regions, Result, TimeSeries};
use boldface_features::graph::{
    EdgeWeights, Edges, Graph, GraphSettings, assortativity, betweenness, clustering, clustering_binary,
    distances, edges_at, eigenvector_centrality, hops, local_efficiency, louvain, measure, modularity,
    participation, small_worldness, strengths,
};
use boldface_features::{Fc, Networks, fc};
use boldface_imaging::npy;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let file = arguments.first().ok_or("name a .npy file: volumes by regions")?;
    let density: f64 = arguments.get(1).map_or(Ok(0.1), |density| density.parse())?;
    let series = read(file, arguments.iter().any(|argument| argument == "--rows-are-regions"))?;
    let fc = fc(&series);
    let weights = EdgeWeights::from_fc(&fc, Edges::Absolute);
    let graph = &weights.graphs(&[density])[0];
    println!("{}", json!({ "nodes": graph.nodes(), "edges": edges_at(graph.nodes(), density) }));
    reference_set(&fc, density);
    of_one_graph(graph);
    family(&fc, &series);
    Ok(())
}

fn read(file: &str, turned: bool) -> Result<TimeSeries> {
    let (header, values) = npy::read(file.as_ref())?;
    let (rows, columns) = (header.rows, header.cols);
    if !turned {
        return TimeSeries::new(rows, columns, 2.0, values);
    }
    let values = (0..columns).flat_map(|t| (0..rows).map(move |roi| roi * columns + t)).map(|at| values[at]);
    TimeSeries::new(columns, rows, 2.0, values.collect())
}

/// Times what the paper's code computes from FC: threshold, efficiency, modules of one search,
/// clustering, strengths.
fn reference_set(fc: &Fc, density: f64) {
    timed("threshold", || EdgeWeights::from_fc(fc, Edges::Absolute).graphs(&[density])[0].edges() as f64);
    timed("reference-set", || {
        let graph = &EdgeWeights::from_fc(fc, Edges::Absolute).graphs(&[density])[0];
        let modules = louvain(graph, 1, &mut stream(0, "graph.louvain"));
        let quality = modularity(graph, &modules).unwrap_or(0.0);
        hops(graph).efficiency().unwrap_or(0.0) + quality + mean(&clustering(graph)) + mean(&strengths(graph))
    });
}

fn of_one_graph(graph: &Graph) {
    let modules = louvain(graph, 1, &mut stream(0, "graph.louvain"));
    timed("global-efficiency", || hops(graph).efficiency().unwrap_or(f64::NAN));
    timed("path-length", || hops(graph).path_length().unwrap_or(f64::NAN));
    timed("clustering", || mean(&clustering(graph)));
    timed("clustering-binary", || mean(&clustering_binary(graph)));
    timed("local-efficiency", || mean(&local_efficiency(graph)));
    timed("strength", || mean(&strengths(graph)));
    timed("participation", || mean(&participation(graph, &modules)));
    for runs in [1, 10] {
        timed(&format!("modularity-{runs}"), || {
            let modules = louvain(graph, runs, &mut stream(0, "graph.louvain"));
            modularity(graph, &modules).unwrap_or(f64::NAN)
        });
    }
    timed("small-worldness-1", || {
        small_worldness(graph, 1, &mut stream(0, "graph.nulls")).unwrap_or(f64::NAN)
    });
    timed("weighted-efficiency", || distances(graph).efficiency().unwrap_or(f64::NAN));
    timed("betweenness", || mean(&betweenness(graph)));
    timed("assortativity", || assortativity(graph).unwrap_or(f64::NAN));
    timed("eigenvector-centrality", || {
        eigenvector_centrality(graph).map_or(f64::NAN, |values| mean(&values))
    });
}

/// Times the whole family at its default settings, with seven networks.
fn family(fc: &Fc, series: &TimeSeries) {
    let names = (0..fc.rois()).map(|i| format!("R{i}")).collect();
    let networks = (0..fc.rois()).map(|i| format!("N{}", i * 7 / fc.rois())).collect();
    let networks = Networks::group(&Regions { names, networks });
    let settings = GraphSettings::default();
    timed("family", || {
        let measured = measure(fc, series.trs(), &networks, &settings, 0);
        measured.iter().filter_map(|one| one.value.ok()).sum()
    });
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Repeats a call for half a second, at least five times, and prints the time of the fastest.
fn timed(name: &str, call: impl Fn() -> f64) {
    let (start, mut fastest, mut calls, mut value) = (Instant::now(), f64::INFINITY, 0, 0.0);
    while calls < 5 || start.elapsed().as_secs_f64() < 0.5 {
        let call_start = Instant::now();
        value = black_box(call());
        fastest = fastest.min(call_start.elapsed().as_secs_f64());
        calls += 1;
    }
    println!("{}", json!({ "measure": name, "value": value, "seconds": fastest }));
}
