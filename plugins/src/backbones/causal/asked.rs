//! The words of a question as fixed random vectors, added up in every token after the scan.
//!
//! A question has two or three distinctive words among hundreds of tokens, and attention needs long
//! training to find them; this gives them to every token from the first step on. The vectors are not
//! trained: names occur in the same sentences, and training would draw their vectors together.

use std::collections::{BTreeMap, BTreeSet};

use boldface::seed;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::Bucket;

/// The words of all questions, and how many questions have each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::backbones) struct QuestionWords {
    questions: usize,
    counts: BTreeMap<String, usize>,
}

impl QuestionWords {
    /// Counts the words of each question, once per question.
    pub fn count(questions: impl IntoIterator<Item = BTreeSet<String>>) -> QuestionWords {
        let mut words = QuestionWords::default();
        for question in questions {
            words.questions += 1;
            for word in question {
                *words.counts.entry(word).or_default() += 1;
            }
        }
        words
    }

    /// Returns the random vector of every word, `width` wide. Its length is the word's inverse document
    /// frequency: longer for rarer words, and zero for a word in all questions, which cannot
    /// distinguish them. `backbone` is the prefix of the names of the random streams.
    pub fn vectors(&self, backbone: &str, seed: u64, width: usize) -> BTreeMap<String, Vec<f32>> {
        let vector = |(word, &count): (&String, &usize)| {
            let rarity = (self.questions as f32 / count as f32).ln();
            let mut rng = seed::stream(seed, &format!("{backbone}.asked.{word}"));
            let values =
                (0..width).map(|_| rarity * Distribution::<f32>::sample(&StandardNormal, &mut rng)).collect();
            (word.clone(), values)
        };
        self.counts.iter().map(vector).collect()
    }
}

/// Returns for each cell the sum of the vectors after the block up to this cell, scaled to a root mean
/// square of 1: `(size * length) * width` numbers. Cells outside that text or before its first
/// distinctive word get zeros. `sums` has one row per token of all [`Bucket::afters`].
pub(in crate::backbones) fn running_sums(bucket: &Bucket, width: usize, mut sums: Vec<f32>) -> Vec<f32> {
    let (mut starts, mut start) = (Vec::new(), 0);
    for after in &bucket.afters {
        starts.push(start);
        for place in start + 1..start + after.len() {
            let (before, own) = sums.split_at_mut(place * width);
            own.iter_mut().zip(&before[(place - 1) * width..]).for_each(|(sum, earlier)| *sum += earlier);
        }
        start += after.len();
    }
    let mut asked = vec![0.0; bucket.text_read.len() * width];
    for (cell, &(span, count)) in asked.chunks_exact_mut(width).zip(&bucket.text_read) {
        if count > 0 {
            let place = starts[span] + count - 1;
            let sum = &sums[place * width..(place + 1) * width];
            let square = sum.iter().map(|x| x * x).sum::<f32>() / width as f32;
            let by = 1.0 / (square + 1e-12).sqrt();
            cell.iter_mut().zip(sum).for_each(|(value, sum)| *value = sum * by);
        }
    }
    asked
}

#[cfg(test)]
mod tests {
    use boldface::Sequence;

    use super::*;

    #[test]
    fn sums_run_over_the_text_of_each_span_and_have_a_mean_square_of_1() {
        let text = |after: &[u32]| Sequence::prompt(vec![9], None, after.to_vec());
        let (one, two) = (text(&[1, 2]), text(&[3]));
        let bucket = Bucket::new(&[(&one, 0..3), (&two, 1..2)]);
        // Rows of the tokens 1, 2 and 3. The first sum is (3, 4), whose mean square is 12.5; the second
        // is (3, -1) with 5; the third is zero.
        let sums = running_sums(&bucket, 2, vec![3.0, 4.0, 0.0, -5.0, 0.0, 0.0]);
        let by = [12.5_f32.sqrt(), 5_f32.sqrt()];
        let expected = [
            [0.0, 0.0],
            [3.0 / by[0], 4.0 / by[0]],
            [3.0 / by[1], -1.0 / by[1]],
            [0.0; 2],
            [0.0; 2],
            [0.0; 2],
        ];
        for (sum, expected) in sums.iter().zip(expected.as_flattened()) {
            assert!((sum - expected).abs() < 1e-6, "{sums:?}");
        }
    }

    #[test]
    fn a_word_of_all_questions_has_no_vector_and_rare_ones_are_longest() {
        let question = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<BTreeSet<_>>();
        let words = QuestionWords::count([
            question(&["heart", "coupling"]),
            question(&["heart", "lung", "coupling"]),
            question(&["heart", "coupling"]),
            question(&["coupling"]),
        ]);
        let vectors = words.vectors("test", 3, 16);
        let size = |word: &str| vectors[word].iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!(size("coupling") == 0.0 && 0.0 < size("heart") && size("heart") < size("lung"));
        assert_eq!(vectors, words.vectors("test", 3, 16));
        assert_ne!(vectors, words.vectors("test", 4, 16));
    }
}
