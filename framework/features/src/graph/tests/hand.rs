//! Numbers worked by hand, on small graphs.

use boldface::seed::stream;

use super::super::*;
use crate::Missing;

/// Path 0-1-2-3 with all weights 1.
fn path() -> Graph {
    Graph::new(4, &[(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)])
}

/// Triangle 0-1-2 with weights 1, 1/8, 1/8, and a tail 2-3 of weight 1/2.
fn tailed() -> Graph {
    Graph::new(4, &[(0, 1, 1.0), (0, 2, 0.125), (1, 2, 0.125), (2, 3, 0.5)])
}

fn near(ours: f64, expected: f64) {
    assert!((ours - expected).abs() < 1e-12, "{ours} is not {expected}");
}

#[test]
fn hops_are_counted() {
    // Ordered pairs: 3 edges at 1 hop, 0-2 and 1-3 at 2, 0-3 at 3, each twice.
    let hops = hops(&path());
    assert_eq!(hops.pairs(), [6, 4, 2]);
    // (6 + 4/2 + 2/3) / 12 and (6 + 8 + 6) / 12.
    near(hops.efficiency().unwrap(), (6.0 + 2.0 + 2.0 / 3.0) / 12.0);
    near(hops.path_length().unwrap(), 20.0 / 12.0);
}

#[test]
fn pieces_count_as_endlessly_far() {
    // Two separate edges and a single node: 4 of 20 ordered pairs at 1 hop, the others without a path.
    let graph = Graph::new(5, &[(0, 1, 1.0), (2, 3, 1.0)]);
    let hops = hops(&graph);
    assert_eq!(hops.pairs(), [4]);
    near(hops.efficiency().unwrap(), 0.2);
    near(hops.path_length().unwrap(), 1.0);
    assert!(distances(&graph).at(0, 2).is_infinite() && distances(&graph).at(4, 4) == 0.0);
}

#[test]
fn a_long_chain_is_walked_to_its_end() {
    // 1,100 nodes are three lines of bits. There are 2 (1100 - k) ordered pairs at k hops.
    let edges: Vec<(usize, usize, f64)> = (1..1100).map(|i| (i - 1, i, 1.0)).collect();
    let hops = hops(&Graph::new(1100, &edges));
    assert!(hops.pairs().iter().copied().eq((1..1100).map(|k| 2 * (1100 - k))));
}

#[test]
fn clustering_is_the_triangles_mean_weight() {
    let graph = tailed();
    // The triangle's geometric mean is (1/8 * 1/8)^(1/3) = 1/4. Nodes 0, 1 have one pair of neighbours;
    // node 2 has three.
    for (ours, expected) in clustering(&graph).into_iter().zip([0.25, 0.25, 0.25 / 3.0, 0.0]) {
        near(ours, expected);
    }
    assert_eq!(clustering_binary(&graph), [1.0, 1.0, 1.0 / 3.0, 0.0]);
    // Paths of two edges: 1 + 1 + 3. Three of them are closed.
    near(transitivity_binary(&graph).unwrap(), 0.6);
    near(transitivity(&graph).unwrap(), 0.6 * 0.25);
    // Doubled weights change nothing, because they are divided by the largest.
    let doubled = Graph::new(4, &[(0, 1, 2.0), (0, 2, 0.25), (1, 2, 0.25), (2, 3, 1.0)]);
    clustering(&graph).into_iter().zip(clustering(&doubled)).for_each(|(a, b)| near(a, b));
}

#[test]
fn local_efficiency_is_that_of_the_neighbours() {
    // Hub 0 with neighbours 1..=4: 1-2-3 are a path, 4 is alone. Ordered pairs: 4 at 1 hop, 2 at 2 hops.
    let edges = [(0, 1, 1.0), (0, 2, 1.0), (0, 3, 1.0), (0, 4, 1.0), (1, 2, 1.0), (2, 3, 1.0)];
    let local = local_efficiency(&Graph::new(5, &edges));
    near(local[0], (4.0 + 2.0 / 2.0) / 12.0);
    // The neighbours of 1 are 0 and 2, joined by an edge. Those of 2 are 0, 1, 3: the hub joins 1 and 3.
    near(local[1], 1.0);
    near(local[2], (4.0 + 2.0 / 2.0) / 6.0);
    assert_eq!(local[4], 0.0);
}

#[test]
fn modules_are_judged_by_their_definition() {
    // Two triangles joined by an edge, all weights 1: 2m = 14; each module has 6 within and 7 in total.
    let edges = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (2, 3)].map(|(i, j)| (i, j, 1.0));
    let graph = Graph::new(6, &edges);
    let modules = [0, 0, 0, 1, 1, 1];
    near(modularity(&graph, &modules).unwrap(), 2.0 * (6.0 / 14.0 - 0.25));
    assert_eq!(louvain(&graph, 1, &mut stream(0, "graph.louvain")), modules);
    // Node 2 has two of three edges within its module: 1 - (2/3)^2 - (1/3)^2 = 4/9. Node 0 has all
    // within.
    let participation = participation(&graph, &modules);
    near(participation[2], 4.0 / 9.0);
    near(participation[0], 0.0);
    // All nodes of a module have the same strength within it, so there is no z.
    assert!(module_z(&graph, &modules).iter().all(|z| z.is_nan()));
    // One module: strengths 2, 2, 3, 3, 2, 2, mean 14/6, SD sqrt(2)/3; (3 - 7/3) / (sqrt(2)/3) = sqrt 2.
    near(module_z(&graph, &[0; 6])[2], 2.0_f64.sqrt());
}

#[test]
fn distances_go_along_heavy_edges() {
    // From 0 to 3 through 2: 8 + 2. From 0 to 2: 8 directly, 1 + 8 through node 1.
    let graph = tailed();
    let distances = distances(&graph);
    assert_eq!((distances.at(0, 2), distances.at(0, 3), distances.at(3, 0)), (8.0, 10.0, 10.0));
    // Distances of the pairs: 1, 8, 8, 2, 10, 10.
    near(distances.path_length().unwrap(), 39.0 / 6.0);
    near(distances.efficiency().unwrap(), (1.0 + 0.25 + 0.5 + 0.2) / 6.0);
    // All paths from and to 3 pass through 2: to 0 and to 1, in both directions.
    assert_eq!(betweenness(&graph), [0.0, 0.0, 4.0, 0.0]);
}

#[test]
fn equal_weights_are_kept_in_order() {
    // Six pairs of weight 1/2. For 4 nodes at density 0.5, these are the first three pairs row by row.
    let couplings: Vec<f64> = (0..16).map(|place| if place % 5 == 0 { 1.0 } else { -0.5 }).collect();
    let weights = EdgeWeights::of_matrix(4, &couplings, Edges::Absolute);
    let graphs = weights.graphs(&[0.5, 1.0, 0.0]);
    assert_eq!(
        (0..4).map(|i| graphs[0].neighbours(i)).collect::<Vec<_>>(),
        [&[1, 2, 3][..], &[0], &[0], &[0]]
    );
    assert_eq!((graphs[1].edges(), graphs[2].edges()), (6, 0));
    // All couplings are negative.
    assert_eq!(EdgeWeights::of_matrix(4, &couplings, Edges::Positive).graphs(&[0.5])[0].edges(), 0);
}

#[test]
fn a_graph_without_edges_has_no_numbers() {
    let graph = Graph::new(3, &[]);
    let none = Err(Missing::NoEdges);
    assert_eq!([hops(&graph).efficiency(), hops(&graph).path_length()], [none, none]);
    assert_eq!([distances(&graph).efficiency(), distances(&graph).path_length()], [none, none]);
    assert_eq!(
        [transitivity(&graph), transitivity_binary(&graph), assortativity(&graph)],
        [none, none, none]
    );
    assert_eq!(modularity(&graph, &louvain(&graph, 1, &mut stream(0, ""))), none);
    assert_eq!((clustering(&graph), local_efficiency(&graph)), (vec![0.0; 3], vec![0.0; 3]));
    assert!(participation(&graph, &[0, 1, 2]).iter().all(|p| p.is_nan()));
    assert!(module_z(&graph, &[0, 1, 2]).iter().all(|z| z.is_nan()));
    assert_eq!(small_worldness(&graph, 1, &mut stream(0, "")), none);
    // All nodes are equally strong.
    assert_eq!(assortativity(&Graph::new(2, &[(0, 1, 1.0)])), Err(Missing::Undefined));
}
