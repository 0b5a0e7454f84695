//! How near a text comes to its reference.

use std::collections::BTreeMap;

use super::stem::stem;

/// Corpus BLEU-4 of `(reference, text)` pairs; `NaN` of none.
///
/// As pycocoevalcap has it: words are split at white space and keep their case, clipped n-gram counts
/// are summed over the corpus before they are divided, and the brevity penalty is `exp(1 - r / c)`.
/// Empty counts are smoothed by 1e-15 over 1e-9.
pub fn bleu(pairs: &[(&str, &str)]) -> f64 {
    const HIT: f64 = 1e-15;
    const GUESS: f64 = 1e-9;
    if pairs.is_empty() {
        return f64::NAN;
    }
    let pairs: Vec<(Vec<&str>, Vec<&str>)> = pairs
        .iter()
        .map(|(reference, text)| (reference.split_whitespace().collect(), text.split_whitespace().collect()))
        .collect();
    let precisions = (1..=4).map(|n| {
        let hits: usize = pairs.iter().map(|(reference, text)| shared(reference, text, n)).sum();
        let guesses: usize = pairs.iter().map(|(_, text)| (text.len() + 1).saturating_sub(n)).sum();
        (hits as f64 + HIT) / (guesses as f64 + GUESS)
    });
    let mean = precisions.product::<f64>().powf(0.25);
    let expected: usize = pairs.iter().map(|(reference, _)| reference.len()).sum();
    let said: usize = pairs.iter().map(|(_, text)| text.len()).sum();
    let ratio = (said as f64 + HIT) / (expected as f64 + GUESS);
    if ratio < 1.0 { mean * (1.0 - 1.0 / ratio).exp() } else { mean }
}

/// ROUGE-L F1: the longest common subsequence of the stemmed words, against both lengths.
///
/// As rouge-score has it with its stemmer: lower case, everything but `a` to `z` and digits splits
/// words, words of more than three characters are stemmed. 0 if either side has no word.
pub fn rouge_l(reference: &str, text: &str) -> f64 {
    let (reference, text) = (stems(reference), stems(text));
    let common = longest_common_subsequence(&reference, &text);
    if common == 0 {
        return 0.0;
    }
    // 2 P R / (P + R) with P = common / text and R = common / reference.
    2.0 * common as f64 / (reference.len() + text.len()) as f64
}

/// How many n-grams of `text` stand in `reference`, each at most as often as it does there.
fn shared(reference: &[&str], text: &[&str], n: usize) -> usize {
    let mut left: BTreeMap<&[&str], usize> = BTreeMap::new();
    for gram in reference.windows(n) {
        *left.entry(gram).or_default() += 1;
    }
    let mut shared = 0;
    for gram in text.windows(n) {
        if let Some(count) = left.get_mut(gram).filter(|count| **count > 0) {
            *count -= 1;
            shared += 1;
        }
    }
    shared
}

fn stems(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| if word.len() > 3 { stem(word) } else { word.to_owned() }).collect()
}

fn longest_common_subsequence(a: &[String], b: &[String]) -> usize {
    // lengths[j]: of the words of `a` so far and the first j of `b`.
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
        // Of the text's 6 words 5 are in the reference (the second `a` is clipped), of its 5 pairs 3
        // (ab, bc, cd), of its 4 triples 2 (abc, bcd), of its 3 quadruples 1; c = 6 > r = 5: no penalty.
        let by_hand = (5.0 / 6.0 * 3.0 / 5.0 * 2.0 / 4.0 * 1.0 / 3.0_f64).powf(0.25);
        assert!((bleu(&[("e a b c d", "a b c d a e")]) - by_hand).abs() < 1e-8);
        // Half as long: every n-gram is right, and the penalty is exp(1 - 8/4).
        assert!((bleu(&[("a b c d e f g h", "a b c d")]) - (-1f64).exp()).abs() < 1e-8);
    }

    #[test]
    fn rouge_reads_words_not_marks() {
        // rouge_score 0.1.2: RougeScorer(["rougeL"], use_stemmer=True).score(reference, text).
        let reference = "Default-Vis coupling is markedly lower than typical (r=0.12, z=-2.31).";
        let text = "Vis-Default couplings are typically LOWER (z=-2.31, r=0.12)!";
        assert!((rouge_l(reference, text) - 0.461_538_461_538_461_5).abs() < 1e-15);
        assert_eq!(rouge_l(reference, reference), 1.0);
        assert_eq!(rouge_l(reference, "..."), 0.0);
        assert_eq!(rouge_l("", ""), 0.0);
    }
}
