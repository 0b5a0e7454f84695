//! Text scores: similarity of a text to its reference.

use std::collections::BTreeMap;

use super::mean;
use super::stem::stem;

/// Corpus BLEU-4 of `(reference, text)` pairs. `NaN` without pairs.
///
/// As in pycocoevalcap, words are split at white space and keep their case, clipped n-gram counts are
/// summed over the corpus before they are divided, and the brevity penalty is `exp(1 - r / c)`. Counts
/// are smoothed by adding 1e-15 to the hits and 1e-9 to the guesses.
pub fn bleu(pairs: &[(&str, &str)]) -> f64 {
    const HIT: f64 = 1e-15;
    const GUESS: f64 = 1e-9;
    if pairs.is_empty() {
        return f64::NAN;
    }
    let mut numbers = BTreeMap::new();
    let mut number = |text| -> Vec<usize> {
        let words = str::split_whitespace(text);
        words.map(|word| number_of(word, &mut numbers)).collect()
    };
    let pairs: Vec<_> = pairs.iter().map(|(reference, text)| (number(reference), number(text))).collect();
    let precisions = (1..=4).map(|n| {
        let hits: usize = pairs.iter().map(|(reference, text)| shared(reference, text, n)).sum();
        let guesses: usize = pairs.iter().map(|(_, text)| (text.len() + 1).saturating_sub(n)).sum();
        (hits as f64 + HIT) / (guesses as f64 + GUESS)
    });
    let precision = precisions.product::<f64>().powf(0.25);
    let expected: usize = pairs.iter().map(|(reference, _)| reference.len()).sum();
    let said: usize = pairs.iter().map(|(_, text)| text.len()).sum();
    let ratio = (said as f64 + HIT) / (expected as f64 + GUESS);
    if ratio < 1.0 { precision * (1.0 - 1.0 / ratio).exp() } else { precision }
}

/// Mean ROUGE-L F1 of `(reference, text)` pairs: the longest common subsequence of their stemmed words
/// relative to both lengths. `NaN` without pairs.
///
/// As in rouge-score with its stemmer, text is lower-cased, everything but `a` to `z` and digits
/// separates words, and words of more than three characters are stemmed. A pair scores 0 if either side
/// has no words.
pub fn rouge_l(pairs: &[(&str, &str)]) -> f64 {
    // Bootstrap intervals call this thousands of times, and captions repeat their words, so each word is
    // stemmed once.
    let (mut stems, mut numbers) = (BTreeMap::new(), BTreeMap::new());
    let mut number = |text: &str| -> Vec<usize> {
        let text = text.to_lowercase();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let number = |word: &str| match stems.get(word) {
            Some(&number) => number,
            None => {
                let stem = if word.len() > 3 { stem(word) } else { word.to_owned() };
                let number = number_of(stem, &mut numbers);
                stems.insert(word.to_owned(), number);
                number
            }
        };
        words.map(number).collect()
    };
    mean(pairs.iter().map(|(reference, text)| {
        let (reference, text) = (number(reference), number(text));
        let common = longest_common_subsequence(&reference, &text);
        // 2 P R / (P + R) with P = common / text and R = common / reference.
        if common == 0 { 0.0 } else { 2.0 * common as f64 / (reference.len() + text.len()) as f64 }
    }))
}

/// Returns the number of a word. Equal words have equal numbers.
fn number_of<W: Ord>(word: W, numbers: &mut BTreeMap<W, usize>) -> usize {
    let next = numbers.len();
    *numbers.entry(word).or_insert(next)
}

/// Counts the n-grams of `text` that occur in `reference`, each at most as often as there.
fn shared(reference: &[usize], text: &[usize], n: usize) -> usize {
    let sorted = |words: &[usize]| {
        let mut grams: Vec<[usize; 4]> = Vec::new();
        for gram in words.windows(n) {
            let mut padded = [0; 4];
            padded[..n].copy_from_slice(gram);
            grams.push(padded);
        }
        grams.sort_unstable();
        grams
    };
    let (reference, text) = (sorted(reference), sorted(text));
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < reference.len() && j < text.len() {
        let order = reference[i].cmp(&text[j]);
        shared += usize::from(order.is_eq());
        i += usize::from(order.is_le());
        j += usize::from(order.is_ge());
    }
    shared
}

fn longest_common_subsequence(a: &[usize], b: &[usize]) -> usize {
    // lengths[j]: length for the words of `a` so far and the first j words of `b`.
    let mut lengths = vec![0; b.len() + 1];
    for word in a {
        let mut diagonal = 0;
        for (j, other) in b.iter().enumerate() {
            let above = lengths[j + 1];
            lengths[j + 1] = if word == other { diagonal + 1 } else { above.max(lengths[j]) };
            diagonal = above;
        }
    }
    lengths[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bleu_of_the_reference_itself_is_one() {
        let text = "one two three four five";
        assert!((bleu(&[(text, text), (text, text)]) - 1.0).abs() < 1e-8);
        assert!(bleu(&[(text, "six seven")]) < 1e-6);
        assert!(bleu(&[(text, "")]) < 1e-6);
        assert!(bleu(&[]).is_nan());
    }

    #[test]
    fn bleu_by_hand() {
        // 5 of the text's 6 words are in the reference (the second `a` is clipped), 3 of its 5 pairs
        // (ab, bc, cd), 2 of its 4 triples (abc, bcd) and 1 of its 3 quadruples; c = 6 > r = 5, so there
        // is no penalty.
        let by_hand = (5.0 / 6.0 * 3.0 / 5.0 * 2.0 / 4.0 * 1.0 / 3.0_f64).powf(0.25);
        assert!((bleu(&[("e a b c d", "a b c d a e")]) - by_hand).abs() < 1e-8);
        // Half the length: every n-gram is right, and the penalty is exp(1 - 8/4).
        assert!((bleu(&[("a b c d e f g h", "a b c d")]) - (-1f64).exp()).abs() < 1e-8);
    }

    #[test]
    fn rouge_reads_words_not_marks() {
        // rouge_score 0.1.2: RougeScorer(["rougeL"], use_stemmer=True).score(reference, text).
        let reference = "Default-Vis coupling is markedly lower than typical (r=0.12, z=-2.31).";
        let text = "Vis-Default couplings are typically LOWER (z=-2.31, r=0.12)!";
        assert!((rouge_l(&[(reference, text)]) - 0.461_538_461_538_461_5).abs() < 1e-15);
        assert_eq!(rouge_l(&[(reference, reference)]), 1.0);
        assert_eq!(rouge_l(&[(reference, "..."), (reference, reference)]), 0.5);
        assert_eq!(rouge_l(&[("", "")]), 0.0);
        assert!(rouge_l(&[]).is_nan());
    }
}
