//! Graph measures of FC: what the strongest couplings look like as a graph.
//!
//! [`Weights`] are the couplings of all pairs of regions, [`Weights::graphs`] keeps the strongest of them, and a
//! [`Graph`] is measured by functions: each follows the definition of a published measure and the numbers of
//! networkx 3.6.1 and bctpy 0.6.1, which tests hold it to. [`measure`] is the whole family, over a range of
//! densities.

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
pub use family::{MIN_TRS, Settings, features, measure};
pub use hops::{Hops, hops};
pub use local::local_efficiency;
pub use louvain::louvain;
pub use modules::{modularity, module_z, participation};
pub use nulls::{Null, rewired, small_worldness};
pub use sparse::Graph;
pub use weights::{Edges, Weights, edges_at};
