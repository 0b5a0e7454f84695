//! Work of each family for one scan after learning, for the benchmark and the side-by-side program.

use boldface::seed;
use boldface::{Regions, TimeSeries};
use boldface_features::components::{Components, IterationLimits, fast_ica};
use boldface_features::gradient::{self, Embedding, GradientTemplate, Kernel, Steps};
use boldface_features::graph::{self, EdgeWeights, Edges, GraphSettings};
use boldface_features::spectrum::ALFF;
use boldface_features::temporal::{Amplitude, Fluctuations, Sliding, States, Visits, WindowTaper};
use boldface_features::{ConnectivityKind, Networks, fc, network_pairs};
use faer::Mat;

/// Families to time. `graph` does what the reference does: hop efficiency, one search for modules,
/// clustering and strengths at a density of 0.1. `graph-all` has every measure, with the best of ten
/// searches and five nulls. `components-fit` is FastICA of one scan as in scikit-learn, which a corpus
/// needs once for all scans. `components` are the measures of a scan, given its maps.
pub const FAMILIES: [&str; 8] =
    ["connectivity", "partial", "graph", "graph-all", "gradient", "components", "components-fit", "temporal"];

/// A scan, and what families have learned from it.
pub struct BenchmarkCase {
    series: TimeSeries,
    regions: Regions,
    networks: Networks,
    steps: Steps,
    template: Option<GradientTemplate>,
    components: Option<Components>,
    states: Option<(Sliding, States)>,
    /// Regions x volumes, each region of mean 0 and SD 1.
    standard: Mat<f64>,
}

/// Number of components of the ICA.
const COMPONENTS: usize = 20;

impl BenchmarkCase {
    /// Learns whatever `family` needs.
    pub fn new(series: TimeSeries, networks: Vec<String>, family: &str) -> BenchmarkCase {
        let names = (0..networks.len()).map(|roi| format!("r{roi}")).collect();
        let regions = Regions { names, networks };
        let networks = Networks::group(&regions);
        // As in the reference: both kernels in turn.
        let kernel = Kernel::CosineThenNormalizedAngle;
        let steps = Steps { kernel, sparsity: 0.9, embedding: Embedding::DiffusionMap, components: 3 };
        let template = (family == "gradient").then(|| {
            GradientTemplate::fit(&steps, &[("a".to_owned(), &series)]).expect("the scan has gradients")
        });
        let components = (family == "components").then(|| {
            Components::blind(&[(&series, 1.0)], COMPONENTS, 1, 0).expect("the scan has components")
        });
        let states = (family == "temporal").then(|| {
            let sliding =
                Sliding::new(44.0, 10.0, WindowTaper::Tapered, series.tr()).expect("windows are long enough");
            let whole = std::slice::from_ref(&(0..series.trs())).to_vec();
            let windows = sliding.couplings(&series, &networks, &whole).expect("the scan is long enough");
            let states = States::fit(&[("a".to_owned(), windows)], &networks, 4, 0).expect("windows differ");
            (sliding, states)
        });
        let standard = standard(&series);
        BenchmarkCase { series, regions, networks, steps, template, components, states, standard }
    }

    /// Measures the scan, and returns the number of values.
    pub fn measure(&self, family: &str) -> usize {
        let BenchmarkCase { series, regions, networks, steps, .. } = self;
        match family {
            "connectivity" => network_pairs(series, regions, ConnectivityKind::FisherZ).len(),
            "partial" => network_pairs(series, regions, ConnectivityKind::Partial).len(),
            "graph" => self.graph(),
            "graph-all" => {
                let settings =
                    GraphSettings { densities: vec![0.1], edges: Edges::Absolute, runs: 10, nulls: 5 };
                graph::measure(&fc(series), series.trs(), networks, &settings, 0).len()
            }
            "gradient" => {
                let template = self.template.as_ref().expect("it was fitted for this family");
                gradient::measure(steps, template, series, networks).len()
            }
            "components" => {
                self.components.as_ref().expect("they were fitted for this family").measure(series, &[]).len()
            }
            "components-fit" => {
                let start = Mat::identity(COMPONENTS, COMPONENTS);
                // Not every scan converges in scikit-learn's 200 iterations, but the work is the same.
                let fitted =
                    fast_ica(self.standard.as_ref(), COMPONENTS, start.as_ref(), IterationLimits::SKLEARN);
                fitted.map_or(0, |fitted| fitted.iterations)
            }
            "temporal" => self.temporal(),
            other => unreachable!("`{other}` is no family"),
        }
    }

    fn graph(&self) -> usize {
        let weights = EdgeWeights::from_fc(&fc(&self.series), Edges::Absolute);
        let graph = weights.graphs(&[0.1]).remove(0);
        let modules = graph::louvain(&graph, 1, &mut seed::stream(0, "bench"));
        let modularity = graph::modularity(&graph, &modules).expect("there are edges");
        let efficiency = graph::hops(&graph).efficiency().expect("there are edges");
        let clustering: f64 = graph::clustering(&graph).iter().sum();
        let strengths = graph::strengths(&graph);
        let of = |members: &Vec<usize>| members.iter().map(|&roi| strengths[roi]).sum::<f64>();
        let strengths: Vec<f64> = self.networks.members.iter().map(|(_, members)| of(members)).collect();
        std::hint::black_box((modularity, efficiency, clustering));
        strengths.len() + 3
    }

    fn temporal(&self) -> usize {
        let BenchmarkCase { series, networks, .. } = self;
        let fluctuations = Fluctuations { band: ALFF, amplitude: Amplitude::Units };
        let (sliding, states) = self.states.as_ref().expect("they were fitted for this family");
        let whole = std::slice::from_ref(&(0..series.trs())).to_vec();
        let windows = sliding.couplings(series, networks, &whole).expect("the scan is long enough");
        let visits = states.visits(&windows, sliding.step_seconds());
        fluctuations.measure(series, networks, &[]).len() + Visits::measured(&visits, 4).len()
    }
}

fn standard(series: &TimeSeries) -> Mat<f64> {
    let mut standard = Mat::zeros(series.rois(), series.trs());
    for roi in 0..series.rois() {
        let signal: Vec<f64> = series.roi(roi).map(f64::from).collect();
        let mean = signal.iter().sum::<f64>() / signal.len() as f64;
        let sd = (signal.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / signal.len() as f64).sqrt();
        signal.iter().enumerate().for_each(|(t, x)| standard[(roi, t)] = (x - mean) / sd);
    }
    standard
}
