//! Properties of every graph.

use boldface::seed::stream;
use proptest::prelude::*;

use super::super::bits::count;
use super::super::nulls::Wiring;
use super::super::*;

/// Generates graphs in which each pair of nodes may be an edge of some weight.
fn graphs() -> impl Strategy<Value = (usize, Vec<(usize, usize, f64)>)> {
    (2usize..24, 0.0f64..1.0).prop_flat_map(|(nodes, share)| {
        let pairs: Vec<(usize, usize)> =
            (0..nodes).flat_map(|i| (i + 1..nodes).map(move |j| (i, j))).collect();
        let weight = prop_oneof![3 => Just(0.0), 7 => 0.01f64..1.0];
        prop::collection::vec((0.0f64..1.0, weight), pairs.len()).prop_map(move |drawn| {
            let edge = |(&(i, j), (chance, weight)): (&(usize, usize), (f64, f64))| {
                (chance < share).then_some((i, j, weight))
            };
            (nodes, pairs.iter().zip(drawn).filter_map(edge).collect())
        })
    })
}

/// Computes the hops between all nodes by relaxation, simply and slowly; `nodes` means no path.
fn slow_hops(graph: &Graph) -> Vec<Vec<usize>> {
    let n = graph.nodes();
    let mut hops = vec![vec![n; n]; n];
    for (i, hops) in hops.iter_mut().enumerate() {
        hops[i] = 0;
        graph.neighbours(i).iter().for_each(|&j| hops[j as usize] = 1);
    }
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                hops[i][j] = hops[i][j].min(hops[i][k] + hops[k][j]);
            }
        }
    }
    hops
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9 || (a.is_nan() && b.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn hops_are_those_of_the_simple_way((nodes, edges) in graphs()) {
        let graph = Graph::new(nodes, &edges);
        let slow = slow_hops(&graph);
        let hops = hops(&graph);
        for (distance, &pairs) in (1..).zip(hops.pairs()) {
            prop_assert_eq!(pairs, slow.iter().flatten().filter(|&&hops| hops == distance).count());
        }
        prop_assert_eq!(hops.pairs().iter().sum::<usize>(), slow.iter().flatten().filter(|&&h| h > 0 && h < nodes).count());
        // Local efficiency is the efficiency of the graph of the neighbours.
        for (i, local) in local_efficiency(&graph).into_iter().enumerate() {
            let among = graph.neighbours(i);
            let place = |node: usize| among.iter().position(|&other| other as usize == node);
            let edges: Vec<_> = edges.iter().filter_map(|&(i, j, w)| Some((place(i)?, place(j)?, w))).collect();
            let expected = super::super::hops(&Graph::new(among.len(), &edges)).efficiency().unwrap_or(0.0);
            prop_assert!(near(local, expected), "{local} is not {expected}");
        }
    }

    #[test]
    fn names_of_regions_do_not_matter((nodes, edges) in graphs(), seed: u64) {
        let mut names: Vec<usize> = (0..nodes).collect();
        let mut rng = stream(seed, "names");
        for last in (1..nodes).rev() {
            names.swap(last, rand::Rng::next_u64(&mut rng) as usize % (last + 1));
        }
        let renamed: Vec<_> = edges.iter().map(|&(i, j, w)| (names[j], names[i], w)).collect();
        let (a, b) = (Graph::new(nodes, &edges), Graph::new(nodes, &renamed));
        prop_assert_eq!(hops(&a), hops(&b));
        prop_assert_eq!(transitivity_binary(&a), transitivity_binary(&b));
        let modules: Vec<usize> = (0..nodes).map(|i| i % 3).collect();
        let mut renamed_modules = modules.clone();
        (0..nodes).for_each(|i| renamed_modules[names[i]] = modules[i]);
        let q = [modularity(&a, &modules), modularity(&b, &renamed_modules)].map(|q| q.unwrap_or(0.0));
        prop_assert!(near(q[0], q[1]));
        let of_nodes = |graph: &Graph, modules: &[usize]| [
            clustering(graph), clustering_binary(graph), strengths(graph), local_efficiency(graph),
            betweenness(graph), participation(graph, modules), module_z(graph, modules),
        ];
        for (a, b) in of_nodes(&a, &modules).iter().zip(&of_nodes(&b, &renamed_modules)) {
            for i in 0..nodes {
                prop_assert!(near(a[i], b[names[i]]), "node {i}: {} and {}", a[i], b[names[i]]);
            }
        }
    }

    #[test]
    fn found_modules_are_good((nodes, edges) in graphs(), seed in 0u64..100) {
        let graph = Graph::new(nodes, &edges);
        let modules = louvain(&graph, 2, &mut stream(seed, "graph.louvain"));
        prop_assert_eq!(&modules, &louvain(&graph, 2, &mut stream(seed, "graph.louvain")));
        let Ok(quality) = modularity(&graph, &modules) else { return Ok(()) };
        prop_assert!((-0.5..=1.0).contains(&quality));
        // The other form of the definition: the sum over pairs in one module of (w_ij - k_i k_j / 2m) /
        // 2m.
        let strengths = strengths(&graph);
        let all: f64 = strengths.iter().sum();
        let mut by_pairs = 0.0;
        for i in 0..nodes {
            by_pairs += graph.edges_of(i).filter(|&(j, _)| modules[i] == modules[j]).map(|(_, w)| w / all).sum::<f64>();
            by_pairs -= (0..nodes).filter(|&j| modules[i] == modules[j]).map(|j| strengths[i] * strengths[j] / all / all).sum::<f64>();
        }
        prop_assert!(near(quality, by_pairs), "{quality} is not {by_pairs}");
        // No single node can gain by moving to another module.
        for i in 0..nodes {
            for module in 0..=*modules.iter().max().unwrap() {
                let mut moved = modules.clone();
                moved[i] = module;
                prop_assert!(modularity(&graph, &moved).unwrap() <= quality + 1e-9);
            }
        }
    }

    #[test]
    fn rewiring_keeps_degrees((nodes, edges) in graphs(), seed in 0u64..100) {
        let graph = Graph::new(nodes, &edges);
        let mut wiring = Wiring::from_graph(&graph);
        wiring.shuffle(&mut stream(seed, "graph.nulls"));
        for i in 0..nodes {
            prop_assert_eq!(count(wiring.bits.row(i)), graph.degree(i));
            prop_assert!(!wiring.bits.has(i, i) && (0..nodes).all(|j| wiring.bits.has(i, j) == wiring.bits.has(j, i)));
        }
    }

    #[test]
    fn a_denser_graph_has_the_sparser_one_within(values in prop::collection::vec(-1.0f64..1.0, 66), a in 0.0f64..1.0, b in 0.0f64..1.0) {
        let mut couplings = vec![1.0; 144];
        let pairs = (0..12).flat_map(|i| (i + 1..12).map(move |j| (i, j)));
        // Rounded to produce ties.
        for ((i, j), value) in pairs.zip(values) {
            couplings[i * 12 + j] = (value * 8.0).round() / 8.0;
            couplings[j * 12 + i] = couplings[i * 12 + j];
        }
        let weights = EdgeWeights::of_matrix(12, &couplings, Edges::Absolute);
        let graphs = weights.graphs(&[a, b, 1.0]);
        let possible = graphs[2].edges();
        for (graph, density) in graphs.iter().zip([a, b]) {
            prop_assert_eq!(graph.edges(), edges_at(12, density).min(possible));
        }
        let (sparse, dense) = if graphs[0].edges() < graphs[1].edges() { (0, 1) } else { (1, 0) };
        for i in 0..12 {
            prop_assert!(graphs[sparse].neighbours(i).iter().all(|j| graphs[dense].neighbours(i).contains(j)));
        }
        prop_assert_eq!(weights.graphs(&[b]).remove(0), graphs[1].clone());
    }
}

#[test]
fn a_complete_graph_is_as_near_as_can_be() {
    for nodes in [2, 3, 64, 65] {
        let pairs = (0..nodes).flat_map(|i| (i + 1..nodes).map(move |j| (i, j, 0.5)));
        let graph = Graph::new(nodes, &pairs.collect::<Vec<_>>());
        assert_eq!((hops(&graph).efficiency(), hops(&graph).path_length()), (Ok(1.0), Ok(1.0)));
        let expected = if nodes == 2 { 0.0 } else { 1.0 };
        assert!(local_efficiency(&graph).into_iter().all(|e| e == expected));
        assert!(clustering(&graph).into_iter().all(|c| near(c, expected)));
        // Nothing can be rewired: the graph is its own null, and sigma is 1.
        let sigma = small_worldness(&graph, 2, &mut stream(0, "graph.nulls"));
        assert!(if nodes == 2 { sigma.is_err() } else { sigma == Ok(1.0) }, "{sigma:?}");
    }
}
