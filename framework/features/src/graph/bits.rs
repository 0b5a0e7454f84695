//! Sets of nodes as rows of bits, one row per node.

/// Block of words that is always processed as a whole, in a loop of fixed length that the compiler
/// unrolls and vectorises. Parcellations of up to 512 regions need one per set.
pub(super) type BitBlock = [u64; 8];

/// Nodes in a [`BitBlock`].
const WIDTH: usize = 512;

/// One set of nodes for each node, such as its neighbours or the nodes it reaches.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bits {
    lines: usize,
    rows: Vec<BitBlock>,
}

impl Bits {
    /// Creates `nodes` empty sets over as many nodes.
    pub fn empty(nodes: usize) -> Bits {
        let lines = nodes.div_ceil(WIDTH).max(1);
        Bits { lines, rows: vec![[0; 8]; nodes * lines] }
    }

    /// Returns the number of sets.
    pub fn nodes(&self) -> usize {
        self.rows.len() / self.lines
    }

    /// Returns the number of lines per set.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// Returns the set of node `i`.
    pub fn row(&self, i: usize) -> &[BitBlock] {
        &self.rows[i * self.lines..(i + 1) * self.lines]
    }

    /// Returns the set of node `i`, to be changed.
    pub fn row_mut(&mut self, i: usize) -> &mut [BitBlock] {
        &mut self.rows[i * self.lines..(i + 1) * self.lines]
    }

    /// Returns whether the set of `i` contains `j`.
    pub fn has(&self, i: usize, j: usize) -> bool {
        self.rows[i * self.lines + j / WIDTH][j / 64 % 8] >> (j % 64) & 1 == 1
    }

    /// Toggles `j` in the set of `i`.
    pub fn flip(&mut self, i: usize, j: usize) {
        self.rows[i * self.lines + j / WIDTH][j / 64 % 8] ^= 1 << (j % 64);
    }
}

/// Iterates over the nodes of a set, ascending.
pub(super) fn members(row: &[BitBlock]) -> impl Iterator<Item = usize> + '_ {
    row.as_flattened().iter().enumerate().flat_map(|(word, &bits)| {
        std::iter::successors(Some(bits), |bits| Some(bits & (bits - 1)))
            .take_while(|&bits| bits != 0)
            .map(move |bits| word * 64 + bits.trailing_zeros() as usize)
    })
}

/// Returns the number of nodes in a set.
pub(super) fn count(row: &[BitBlock]) -> usize {
    row.iter().map(|line| line.iter().map(|word| word.count_ones()).sum::<u32>() as usize).sum()
}

/// Adds the nodes of `other` to `row`.
pub(super) fn unite(row: &mut [BitBlock], other: &[BitBlock]) {
    for (line, other) in row.iter_mut().zip(other) {
        for (word, other) in line.iter_mut().zip(other) {
            *word |= other;
        }
    }
}

/// Returns whether two sets have a node in common.
pub(super) fn meet(row: &[BitBlock], other: &[BitBlock]) -> bool {
    row.iter().zip(other).any(|(a, b)| a.iter().zip(b).fold(0, |any, (a, b)| any | (a & b)) != 0)
}
