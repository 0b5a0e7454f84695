//! Graph measures of a scan, over a range of densities.

use boldface::seed::stream;

use super::{EdgeWeights, Edges, Graph, clustering, hops, local_efficiency, louvain, modularity, module_z};
use super::{participation, small_worldness, strengths};
use crate::{Fc, Feature, Measurement, Missing, Networks};

/// Minimum number of volumes for a graph. With fewer, the sampling error of a correlation,
/// `1 / sqrt(trs - 3)` in Fisher's z, is above 0.37, so chance mostly decides which edges are strongest. With three
/// volumes nearly all correlations are +-1.
pub const MIN_TRS: usize = 10;

/// Settings for making and searching graphs.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphSettings {
    /// Densities: shares of all pairs of regions that are edges, each above 0 and up to 1. Values are
    /// means over them.
    pub densities: Vec<f64>,
    /// Couplings that can be edges.
    pub edges: Edges,
    /// Number of searches for modules; the best result is used.
    pub runs: usize,
    /// Number of random graphs for small-worldness.
    pub nulls: usize,
}

impl Default for GraphSettings {
    /// Densities 0.1, 0.15, .. 0.3, absolute correlations, 10 searches, 5 random graphs.
    fn default() -> GraphSettings {
        GraphSettings {
            densities: vec![0.1, 0.15, 0.2, 0.25, 0.3],
            edges: Edges::Absolute,
            runs: 10,
            nulls: 5,
        }
    }
}

/// Measures of the whole graph.
const WHOLE: [&str; 6] =
    ["global-efficiency", "local-efficiency", "clustering", "path-length", "modularity", "small-worldness"];

/// Measures of each network.
const OF_NETWORKS: [&str; 3] = ["strength", "participation", "module-z"];

/// Returns the features of [`measure`], in its order.
pub fn features(networks: &Networks) -> Vec<Feature> {
    let of_network = |measure| networks.members.iter().map(move |(name, _)| Feature::new(measure, &[name]));
    let whole = WHOLE.iter().map(|measure| Feature::new(measure, &[]));
    whole.chain(OF_NETWORKS.into_iter().flat_map(of_network)).collect()
}

/// Computes the graph measures of a scan with this FC over `trs` volumes: those of the whole graph, then
/// those of each network. Features and their order are always the same.
///
/// - `global-efficiency`, `path-length`: [`hops`]; `local-efficiency`: mean of [`local_efficiency`] over
///   nodes;
/// - `clustering`: mean of the weighted [`clustering`] over nodes;
/// - `modularity`: of the modules that [`louvain`] finds;
/// - `small-worldness`: [`small_worldness`];
/// - `strength.N`, `participation.N`: means of [`strengths`] and [`participation`] over the regions of
///   network `N`; participation refers to the networks of the parcellation;
/// - `module-z.N`: mean of [`module_z`] over the regions of `N`, with the modules that [`louvain`] finds
///   in this scan. It says whether the network's regions are hubs of their modules. With the networks as
///   modules, this mean would always be 0.
///
/// Every value is the mean over densities: for evenly spaced densities, the area under the curve divided
/// by its width. Regions without a signal are not nodes. A value is [`Missing::Dead`] if more than half
/// of the regions (for a network: of its regions) have none. Below [`MIN_TRS`] volumes everything is
/// [`Missing::Short`].
pub fn measure(
    fc: &Fc,
    trs: usize,
    networks: &Networks,
    settings: &GraphSettings,
    seed: u64,
) -> Vec<Measurement> {
    let weights = EdgeWeights::from_fc(fc, settings.edges);
    let refused = if trs < MIN_TRS {
        Some(Missing::Short)
    } else {
        (2 * weights.nodes() < fc.rois() || weights.nodes() == 0).then_some(Missing::Dead)
    };
    let features = features(networks).into_iter();
    if let Some(missing) = refused {
        return features.map(|feature| feature.is(Err(missing))).collect();
    }
    let graphs = weights.graphs(&settings.densities);
    let curves: Vec<Vec<Result<f64, Missing>>> = settings
        .densities
        .iter()
        .zip(&graphs)
        .map(|(density, graph)| at_density(graph, *density, weights.regions(), networks, settings, seed))
        .collect();
    let mean = |place: usize| {
        let sum: Result<f64, Missing> = curves.iter().map(|values| values[place]).sum();
        Ok(sum? / curves.len() as f64)
    };
    features.enumerate().map(|(place, feature)| feature.is(mean(place))).collect()
}

/// Computes all values of one graph, in the order of the features.
fn at_density(
    graph: &Graph,
    density: f64,
    regions: &[usize],
    networks: &Networks,
    settings: &GraphSettings,
    seed: u64,
) -> Vec<Result<f64, Missing>> {
    if graph.edges() == 0 {
        return vec![Err(Missing::NoEdges); WHOLE.len() + OF_NETWORKS.len() * networks.members.len()];
    }
    // Each density has its own random streams, so that other densities in the list do not change its
    // values.
    let random = |purpose: &str| stream(seed, &format!("{purpose} {density}"));
    let mean = |values: Vec<f64>| Ok(values.iter().sum::<f64>() / values.len() as f64);
    let hops = hops(graph);
    let modules = louvain(graph, settings.runs, &mut random("graph.louvain"));
    let mut values = vec![
        hops.efficiency(),
        mean(local_efficiency(graph)),
        mean(clustering(graph)),
        hops.path_length(),
        modularity(graph, &modules),
        small_worldness(graph, settings.nulls, &mut random("graph.nulls")),
    ];
    let network_of: Vec<usize> = regions.iter().map(|&region| networks.of_roi[region]).collect();
    let of_nodes = [strengths(graph), participation(graph, &network_of), module_z(graph, &modules)];
    for of_nodes in of_nodes {
        let means = (0..networks.members.len()).map(|network| {
            let nodes = (0..graph.nodes()).filter(|&node| network_of[node] == network);
            of_network(&of_nodes, nodes.collect(), networks.members[network].1.len())
        });
        values.extend(means);
    }
    values
}

/// Returns the mean over the nodes of a network with `regions` regions, without those that have no value
/// (NaN).
fn of_network(values: &[f64], nodes: Vec<usize>, regions: usize) -> Result<f64, Missing> {
    if 2 * nodes.len() < regions || nodes.is_empty() {
        return Err(Missing::Dead);
    }
    let known: Vec<f64> =
        nodes.into_iter().map(|node| values[node]).filter(|value| !value.is_nan()).collect();
    if known.is_empty() { Err(Missing::NoEdges) } else { Ok(known.iter().sum::<f64>() / known.len() as f64) }
}
