//! Local efficiency: how near the neighbours of a node are to each other without it.

use super::Graph;
use super::bits::{BitBlock, Bits};
use super::hops::of_bits;

/// Computes the local efficiency of each node: the efficiency in hops of the graph of its neighbours
/// without it; 0 with fewer than two neighbours (Latora and Marchiori 2001). As
/// `bct.efficiency_bin(local=True)`; its mean is `networkx.local_efficiency`.
pub fn local_efficiency(graph: &Graph) -> Vec<f64> {
    let of = |i: usize| {
        let degree = graph.degree(i);
        let sum = match degree {
            0..2 => return 0.0,
            2..65 => inverse::<1>(graph, i),
            65..129 => inverse::<2>(graph, i),
            129..257 => inverse::<4>(graph, i),
            257..513 => inverse::<8>(graph, i),
            _ => inverse_of_many(graph, i),
        };
        sum / (degree * (degree - 1)) as f64
    };
    (0..graph.nodes()).map(of).collect()
}

/// Returns the sum of `1 / hops` over ordered pairs of the neighbours of `i`, along paths among them.
/// There must be at most `64 * WORDS` neighbours.
///
/// Neighbours are renumbered, so that a set of them takes only `WORDS` words.
fn inverse<const WORDS: usize>(graph: &Graph, i: usize) -> f64 {
    let degree = graph.degree(i);
    let squeeze = Squeeze::new(graph.bits().row(i));
    let rows = graph.neighbours(i).iter();
    let rows: Vec<[u64; WORDS]> = rows.map(|&j| squeeze.apply(graph.bits().row(j as usize))).collect();
    let mut pairs: Vec<usize> = Vec::new();
    for (from, row) in rows.iter().enumerate() {
        let mut reached = *row;
        reached[from / 64] |= 1 << (from % 64);
        let (mut front, mut known, mut hops) = (*row, 1, 0);
        loop {
            let size = reached.iter().map(|word| word.count_ones() as usize).sum::<usize>();
            if size == known {
                break;
            }
            if pairs.len() == hops {
                pairs.push(0);
            }
            pairs[hops] += size - known;
            if size == degree {
                break;
            }
            (known, hops) = (size, hops + 1);
            let before = reached;
            spread(&rows, &front, &mut reached);
            front = std::array::from_fn(|word| reached[word] & !before[word]);
        }
    }
    pairs.iter().zip(1..).map(|(&pairs, hops)| pairs as f64 / f64::from(hops)).sum()
}

/// Adds the neighbours of all nodes in `front` to `reached`.
fn spread<const WORDS: usize>(rows: &[[u64; WORDS]], front: &[u64; WORDS], reached: &mut [u64; WORDS]) {
    for (word, &bits) in front.iter().enumerate() {
        let mut rest = bits;
        while rest != 0 {
            let row = &rows[word * 64 + rest.trailing_zeros() as usize];
            rest &= rest - 1;
            for (reached, row) in reached.iter_mut().zip(row) {
                *reached |= row;
            }
        }
    }
}

/// Does the same as [`inverse`] for any number of neighbours.
fn inverse_of_many(graph: &Graph, i: usize) -> f64 {
    let among = graph.neighbours(i);
    let mut bits = Bits::empty(among.len());
    for (a, &j) in among.iter().enumerate() {
        let shared = among.iter().enumerate().filter(|&(_, &h)| graph.bits().has(j as usize, h as usize));
        shared.for_each(|(b, _)| bits.flip(a, b));
    }
    of_bits(&bits).inverse()
}

/// Packs the nodes of a set `among` together: the first becomes bit 0, the second bit 1, and so on.
///
/// Each word is packed by `compress` of Hacker's Delight (Warren 2012, 7-4). Its moves depend only on
/// `among`, so they are computed once for all sets. All words of a line move at once.
struct Squeeze {
    lines: Vec<(BitBlock, [BitBlock; 6])>,
    /// Number of bits in each word.
    counts: Vec<u32>,
}

impl Squeeze {
    fn new(among: &[BitBlock]) -> Squeeze {
        let counts = among.as_flattened().iter().map(|word| word.count_ones()).collect();
        Squeeze { lines: among.iter().map(|line| (*line, moves(line))).collect(), counts }
    }

    /// Packs the nodes of `row` that are in `among`, which must have at most `64 * WORDS` nodes.
    fn apply<const WORDS: usize>(&self, row: &[BitBlock]) -> [u64; WORDS] {
        let mut squeezed = [0; WORDS];
        let mut place = 0;
        for (place_of_line, ((among, moves), line)) in self.lines.iter().zip(row).enumerate() {
            let mut words: BitBlock = std::array::from_fn(|word| line[word] & among[word]);
            for (step, moves) in moves.iter().enumerate() {
                for (word, moves) in words.iter_mut().zip(moves) {
                    let moved = *word & moves;
                    *word = (*word ^ moved) | (moved >> (1 << step));
                }
            }
            for (word, &count) in words.iter().zip(&self.counts[8 * place_of_line..]) {
                // At the end of all words, nothing is left to place.
                if count > 0 {
                    squeezed[place / 64] |= word << (place % 64);
                    if place % 64 + count as usize > 64 {
                        squeezed[place / 64 + 1] |= word >> (64 - place % 64);
                    }
                    place += count as usize;
                }
            }
        }
        squeezed
    }
}

/// Returns the bits of each word that move by 1, 2, 4, .. places in turn.
fn moves(among: &BitBlock) -> [BitBlock; 6] {
    let mut moves = [[0; 8]; 6];
    for (word, &among) in among.iter().enumerate() {
        let mut mask = among;
        let mut zeros_to_the_right = !mask << 1;
        for (step, moves) in moves.iter_mut().enumerate() {
            let mut parity = zeros_to_the_right;
            for shift in 0..6 {
                parity ^= parity << (1 << shift);
            }
            let moved = parity & mask;
            mask = (mask ^ moved) | (moved >> (1 << step));
            moves[word] = moved;
            zeros_to_the_right &= !parity;
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_squeezed() {
        let among: Vec<usize> = (0..700).filter(|i| i * i % 7 < 3 || i % 64 == 63).collect();
        let set: Vec<usize> = (0..700).filter(|i| i * 3 % 5 < 2).collect();
        let bits = |nodes: &[usize]| {
            let mut bits = Bits::empty(700);
            nodes.iter().for_each(|&node| bits.flip(0, node));
            bits.row(0).to_vec()
        };
        let squeezed: [u64; 8] = Squeeze::new(&bits(&among)).apply(&bits(&set));
        let mut expected = [0; 8];
        for (place, _) in among.iter().enumerate().filter(|(_, node)| set.contains(node)) {
            expected[place / 64] |= 1 << (place % 64);
        }
        assert!(among.len() > 300 && squeezed == expected, "{} nodes, {squeezed:?}", among.len());
    }

    #[test]
    fn few_and_many_neighbours_are_the_same() {
        // A hub whose neighbours form a path: sums with sets of any width.
        for count in [3, 64, 65, 128, 200, 400, 512, 600] {
            let spokes = (1..=count).map(|i| (0, i, 1.0));
            let row = (2..=count).map(|i| (i - 1, i, 1.0));
            let graph = Graph::new(count + 1, &spokes.chain(row).collect::<Vec<_>>());
            let expected: f64 = (1..count).map(|k| 2.0 * (count - k) as f64 / k as f64).sum();
            let sum = local_efficiency(&graph)[0] * (count * (count - 1)) as f64;
            assert!((sum - expected).abs() < 1e-9 && (inverse_of_many(&graph, 0) - expected).abs() < 1e-9);
        }
    }
}
