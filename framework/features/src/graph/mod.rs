//! Graph measures of FC, on the graphs of its strongest couplings.
//!
//! [`EdgeWeights`] are the couplings of all pairs of regions, and [`EdgeWeights::graphs`] keeps the strongest of
//! them. Each measure of a [`Graph`] is a function with a published definition, and tests compare it
//! with networkx 3.6.1 and bctpy 0.6.1. [`measure`] is the whole family, over a range of densities.
//!
//! Breadth-first search on rows of bits, Louvain and rewiring are written here to be about a hundred
//! times as fast as networkx. `petgraph` has neither modularity nor weighted clustering, and walks
//! adjacency lists.

mod bits;
mod centrality;
mod clustering;
mod distances;
mod family;
mod hops;
mod local;
mod louvain;
mod modules;
mod nulls;
mod sparse;
#[cfg(test)]
mod tests;
mod weights;

pub use centrality::{assortativity, betweenness, eigenvector_centrality, strengths};
pub use clustering::{clustering, clustering_binary, transitivity, transitivity_binary};
pub use distances::{Distances, distances};
pub use family::{GraphSettings, MIN_TRS, features, measure};
pub use hops::{Hops, hops};
pub use local::local_efficiency;
pub use louvain::louvain;
pub use modules::{modularity, module_z, participation};
pub use nulls::{Null, rewired, small_worldness};
pub use sparse::Graph;
pub use weights::{EdgeWeights, Edges, edges_at};
