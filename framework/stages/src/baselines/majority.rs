//! Answers that need no scan: those most common in training.

use boldface::Fact;

/// Returns the share of each class among the training answers. Equal shares without any.
pub fn frequencies(answers: &[usize], classes: usize) -> Vec<f64> {
    let share = |class: usize| match answers.len() {
        0 => 1.0 / classes as f64,
        n => answers.iter().filter(|&&answer| answer == class).count() as f64 / n as f64,
    };
    (0..classes).map(share).collect()
}

/// Returns the index of the text that shares the most facts with the other texts. The first of equals.
/// `None` without texts.
pub fn consensus(texts: &[&[Fact]]) -> Option<usize> {
    let shared =
        |a: &[Fact], b: &[Fact]| a.iter().filter(|fact| b.iter().any(|other| other.agrees(fact))).count();
    let agreement = |text: &usize| -> usize { texts.iter().map(|other| shared(texts[*text], other)).sum() };
    (0..texts.len()).rev().max_by_key(agreement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_are_shares() {
        assert_eq!(frequencies(&[0, 2, 2, 0], 3), [0.5, 0.0, 0.5]);
        assert_eq!(frequencies(&[], 4), [0.25; 4]);
    }

    #[test]
    fn the_text_that_agrees_with_most_others_wins() {
        let fact = |feature: &str, band: &str| Fact {
            feature: feature.into(),
            band: band.into(),
            ..Fact::default()
        };
        let (a, b, c) = (fact("a", "low"), fact("b", "low"), fact("b", "high"));
        // Shared facts, itself included: [a]: 1 + 1 + 0, [a b]: 1 + 2 + 0, [c]: 0 + 0 + 1.
        let texts = [vec![a.clone()], vec![a, b], vec![c]];
        let texts: Vec<&[Fact]> = texts.iter().map(Vec::as_slice).collect();
        assert_eq!(consensus(&texts), Some(1));
        assert_eq!(consensus(&[texts[2], texts[0]]), Some(0));
        assert_eq!(consensus(&[]), None);
    }
}
