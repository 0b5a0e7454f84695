//! Small-worldness: clustering and path length compared with random graphs of the same degrees.

use rand::Rng;

use super::bits::Bits;
use super::clustering::{paths, triangles};
use super::hops::of_bits;
use super::louvain::below;
use super::{Graph, hops, transitivity_binary};
use crate::Missing;

/// Swaps per edge between a graph and its random counterpart, as `itr` of `bct.randmio_und`. Each swap
/// rewires two edges, so one edge in 20,000 stays in place.
const SWAPS: usize = 5;

/// Clustering and distances of a random graph.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Null {
    /// As [`transitivity_binary`].
    pub transitivity: f64,
    /// As [`super::Hops::path_length`].
    pub path_length: f64,
}

/// Measures `count` random graphs in which every node has as many edges as in `graph`.
///
/// Two edges `a-b`, `c-d` at a time become `a-d`, `c-b` unless those exist (Maslov and Sneppen 2002, as
/// `bct.randmio_und`; a graph may become disconnected). Each null continues from the one before.
///
/// # Errors
/// [`Missing::NoEdges`] if no node has two edges.
pub fn rewired(graph: &Graph, count: usize, rng: &mut impl Rng) -> Result<Vec<Null>, Missing> {
    let paths = paths(graph);
    if paths == 0 {
        return Err(Missing::NoEdges);
    }
    let mut wiring = Wiring::from_graph(graph);
    let null = |_| {
        wiring.shuffle(rng);
        let transitivity = (6 * triangles(&wiring.bits)) as f64 / paths as f64;
        Ok(Null { transitivity, path_length: of_bits(&wiring.bits).path_length()? })
    };
    (0..count).map(null).collect()
}

/// Computes small-worldness `sigma = (C / C_null) / (L / L_null)`: above 1 if a graph is more clustered
/// than random graphs with its degrees while its paths are hardly longer (Humphries and Gurney 2008, doi
/// 10.1371/journal.pone.0002051).
///
/// `C` is the transitivity and `L` the path length in hops over pairs with a path between them, both
/// unweighted. `C_null` and `L_null` are means over `nulls` [`rewired`] graphs. As `networkx.sigma`,
/// which accepts only connected graphs and keeps its nulls connected.
///
/// # Errors
/// [`Missing::NoEdges`] if no node has two edges, [`Missing::Undefined`] if the nulls have no triangle.
pub fn small_worldness(graph: &Graph, nulls: usize, rng: &mut impl Rng) -> Result<f64, Missing> {
    let (clustered, length) = (transitivity_binary(graph)?, hops(graph).path_length()?);
    let nulls = rewired(graph, nulls.max(1), rng)?;
    let mean = |of: fn(&Null) -> f64| nulls.iter().map(of).sum::<f64>() / nulls.len() as f64;
    let by_chance = mean(|null| null.transitivity);
    if by_chance == 0.0 {
        return Err(Missing::Undefined);
    }
    Ok(clustered / by_chance / (length / mean(|null| null.path_length)))
}

/// Edges of a graph without their weights.
pub(super) struct Wiring {
    pub bits: Bits,
    edges: Vec<[u32; 2]>,
}

impl Wiring {
    pub fn from_graph(graph: &Graph) -> Wiring {
        let bits = graph.bits().clone();
        let upper = |i: usize| {
            graph.neighbours(i).iter().filter(move |&&j| j > i as u32).map(move |&j| [i as u32, j])
        };
        Wiring { bits, edges: (0..graph.nodes()).flat_map(upper).collect() }
    }

    /// Makes [`SWAPS`] swaps per edge, each tried as often as `bct.randmio_und` does.
    pub fn shuffle(&mut self, rng: &mut impl Rng) {
        let nodes = self.bits.nodes();
        let tries = (nodes * self.edges.len()).div_ceil(nodes * (nodes - 1)).max(1);
        for _ in 0..SWAPS * self.edges.len() {
            (0..tries).find(|_| self.swap(rng));
        }
    }

    /// Swaps the ends of two random edges unless a new edge exists already, and returns whether it did.
    fn swap(&mut self, rng: &mut impl Rng) -> bool {
        let count = self.edges.len() as u32;
        let first = below(rng, count) as usize;
        // The second edge is drawn with a direction, which is its lowest bit.
        let second = below(rng, 2 * count) as usize;
        let (second, turned) = (second / 2, second % 2);
        let [a, b] = self.edges[first].map(|node| node as usize);
        let (c, d) = (self.edges[second][turned] as usize, self.edges[second][1 - turned] as usize);
        if a == c || a == d || b == c || b == d || self.bits.has(a, d) || self.bits.has(c, b) {
            return false;
        }
        for (i, j) in [(a, b), (c, d), (a, d), (c, b)] {
            self.bits.flip(i, j);
            self.bits.flip(j, i);
        }
        self.edges[first] = [a as u32, d as u32];
        self.edges[second] = [c as u32, b as u32];
        true
    }
}
