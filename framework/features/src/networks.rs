//! Networks of a parcellation and the regions they consist of.

use boldface::Regions;

/// The networks of a parcellation in alphabetical order, with the regions of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Networks {
    /// Name and regions (ascending columns of the series) of each network.
    pub members: Vec<(String, Vec<usize>)>,
    /// Index in `members` of each region's network.
    pub of_roi: Vec<usize>,
}

/// Two networks, or one with itself, and the pairs of regions between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairOfNetworks {
    /// Names, in alphabetical order.
    pub names: [String; 2],
    /// Pairs of regions. Within a network, each pair of different regions occurs once.
    pub edges: Vec<(usize, usize)>,
}

impl Networks {
    /// Groups `regions` by network.
    pub fn group(regions: &Regions) -> Networks {
        let names = regions.network_names();
        let of =
            |name: &str| (0..regions.networks.len()).filter(|&roi| regions.networks[roi] == name).collect();
        let place =
            |name: &String| names.binary_search(&name.as_str()).expect("every network is in the list");
        Networks {
            members: names.iter().map(|&name| (name.to_owned(), of(name))).collect(),
            of_roi: regions.networks.iter().map(place).collect(),
        }
    }

    /// Returns every pair of networks, in alphabetical order. A network of one region is also paired
    /// with itself, without edges.
    pub fn pairs(&self) -> Vec<PairOfNetworks> {
        let mut pairs = Vec::new();
        for (i, (a, in_a)) in self.members.iter().enumerate() {
            for (b, in_b) in &self.members[i..] {
                let all = in_a.iter().flat_map(|&i| in_b.iter().map(move |&j| (i, j)));
                let edges = all.filter(|(i, j)| a != b || i < j).collect();
                pairs.push(PairOfNetworks { names: [a.clone(), b.clone()], edges });
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_in_order_and_paired() {
        let networks = ["Vis", "Cont", "Vis"].map(str::to_owned).to_vec();
        let regions = Regions { names: ["a", "b", "c"].map(str::to_owned).to_vec(), networks };
        let networks = Networks::group(&regions);
        assert_eq!(networks.members, [("Cont".to_owned(), vec![1]), ("Vis".to_owned(), vec![0, 2])]);
        assert_eq!(networks.of_roi, [1, 0, 1]);
        let pairs: Vec<_> =
            networks.pairs().into_iter().map(|pair| (pair.names.join("-"), pair.edges)).collect();
        let expected = [("Cont-Cont", vec![]), ("Cont-Vis", vec![(1, 0), (1, 2)]), ("Vis-Vis", vec![(0, 2)])];
        assert_eq!(pairs, expected.map(|(name, edges)| (name.to_owned(), edges)));
    }
}
