//! Comparison with networkx 3.6.1 and bctpy 0.6.1 on the golden input.

use boldface::seed::stream;
use boldface::serde_json::Value;

use super::super::*;
use crate::{Missing, golden};

/// Returns the correlations of the golden input, in 64 bits as numpy's.
fn couplings() -> Vec<f64> {
    let (mut signals, _) = golden::signals();
    for signal in &mut signals {
        let mean = signal.iter().sum::<f64>() / signal.len() as f64;
        signal.iter_mut().for_each(|x| *x -= mean);
        let length = signal.iter().map(|x| x * x).sum::<f64>().sqrt();
        signal.iter_mut().for_each(|x| *x /= length);
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    signals.iter().flat_map(|a| signals.iter().map(|b| dot(a, b)).collect::<Vec<f64>>()).collect()
}

/// Returns the golden graph of a density, and its numbers in the golden file.
fn golden_graph(density: f64) -> Option<(Graph, Value)> {
    let numbers = golden::file()?[format!("graph_{density}")].clone();
    let weights = EdgeWeights::of_matrix(golden::ROIS, &couplings(), Edges::Absolute);
    Some((weights.graphs(&[0.25, density, 0.05]).swap_remove(1), numbers))
}

fn labels() -> Vec<usize> {
    (0..golden::ROIS).map(|i| i % 7).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[track_caller]
fn near(name: &str, ours: f64, golden: &Value) {
    let theirs = golden[name].as_f64().unwrap();
    assert!((ours - theirs).abs() < 1e-9, "{name}: {ours} is not {theirs}");
}

#[track_caller]
fn first_five(name: &str, ours: &[f64], golden: &Value) {
    for (place, theirs) in golden[name].as_array().unwrap().iter().enumerate() {
        let theirs = theirs.as_f64().unwrap();
        assert!((ours[place] - theirs).abs() < 1e-9, "{name}[{place}]: {} is not {theirs}", ours[place]);
    }
}

#[test]
fn whole_graph_measures_equal_the_golden_file() {
    for density in [0.1, 0.2] {
        let Some((graph, golden)) = golden_graph(density) else { return };
        assert_eq!(graph.edges(), golden["n_edges"].as_u64().unwrap() as usize);
        let lightest = (0..60).flat_map(|i| graph.weights(i).iter().copied()).fold(f64::INFINITY, f64::min);
        near("cutoff", lightest, &golden);
        near("eff_bin", hops(&graph).efficiency().unwrap(), &golden);
        near("nx_global_efficiency", hops(&graph).efficiency().unwrap(), &golden);
        near("charpath_bin_finite", hops(&graph).path_length().unwrap(), &golden);
        near("eff_wei_1_over_w", distances(&graph).efficiency().unwrap(), &golden);
        near("charpath_wei_finite", distances(&graph).path_length().unwrap(), &golden);
        near("clustering_bu_mean", mean(&clustering_binary(&graph)), &golden);
        let clustered = mean(&clustering(&graph));
        near("clustering_wu_maxnorm_mean (=nx.average_clustering weight)", clustered, &golden);
        let largest = (0..60).flat_map(|i| graph.weights(i).iter().copied()).fold(0.0, f64::max);
        near("clustering_wu_mean", clustered * largest, &golden);
        near("transitivity_wu", transitivity(&graph).unwrap(), &golden);
        near("assortativity_wei", assortativity(&graph).unwrap(), &golden);
        near("modularity_fixed_labels", modularity(&graph, &labels()).unwrap(), &golden);
    }
}

#[test]
fn node_measures_equal_the_golden_file() {
    for density in [0.1, 0.2] {
        let Some((graph, golden)) = golden_graph(density) else { return };
        first_five("strength[:5]", &strengths(&graph), &golden);
        let participation = participation(&graph, &labels());
        first_five("participation[:5]", &participation, &golden);
        near("participation_mean", mean(&participation), &golden);
        first_five("module_degree_z[:5]", &module_z(&graph, &labels()), &golden);
        first_five("betweenness_wei[:5]", &betweenness(&graph), &golden);
        first_five("eigenvector_centrality[:5]", &eigenvector_centrality(&graph).unwrap(), &golden);
    }
}

#[test]
fn modules_are_as_good_as_the_best_of_two_hundred_runs() {
    for density in [0.1, 0.2] {
        let Some((graph, golden)) = golden_graph(density) else { return };
        let best = golden["modularity_best_of_200_louvain"].as_f64().unwrap();
        for seed in 0..20 {
            let modules = louvain(&graph, 1, &mut stream(seed, "graph.louvain"));
            let found = modularity(&graph, &modules).unwrap();
            assert!(found > best - 1e-3, "seed {seed}: {found} at density {density}, {best} is there");
        }
    }
}

#[test]
fn the_graph_of_the_reference_is_ours() {
    // The reference truncates the number of edges, bctpy rounds. Here both have 0.1 * 1770 = 177 and 0.2
    // * 1770 = 354.
    assert_eq!((edges_at(60, 0.1), edges_at(60, 0.2)), (177, 354));
    // 0.1 * 4950 = 495; 0.15 * 4950 = 742.5: 743 in bctpy, 742 in the reference. The paper has 400
    // regions.
    assert_eq!((edges_at(100, 0.1), edges_at(100, 0.15), edges_at(400, 0.1)), (495, 743, 7980));
    assert_eq!((edges_at(1, 0.5), edges_at(0, 1.0), edges_at(3, 0.1)), (0, 0, 0));
}

#[test]
fn the_golden_graph_is_no_small_world_by_chance() {
    let Some((graph, _)) = golden_graph(0.2) else { return };
    let sigma = small_worldness(&graph, 5, &mut stream(0, "graph.nulls")).unwrap();
    // The graph has three times the clustering of random graphs, and paths a fifth longer.
    assert!((1.5..4.0).contains(&sigma), "sigma {sigma}");
    let nulls = rewired(&graph, 3, &mut stream(0, "graph.nulls")).unwrap();
    assert_eq!(nulls, rewired(&graph, 3, &mut stream(0, "graph.nulls")).unwrap());
    assert_ne!(nulls, rewired(&graph, 3, &mut stream(1, "graph.nulls")).unwrap());
    let none = Graph::new(3, &[(0, 1, 1.0)]);
    assert_eq!(rewired(&none, 3, &mut stream(0, "graph.nulls")), Err(Missing::NoEdges));
}
