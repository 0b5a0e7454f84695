//! Splits text into words, so that phrases match at word boundaries, in any case, across commas.

/// A word of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    /// Its text in lower case, without surrounding punctuation.
    pub(super) core: String,
    /// Start and end in the text, punctuation included.
    pub(super) place: (usize, usize),
    /// Whether a bracket opens before it.
    pub(super) opens: bool,
    /// Whether a sentence may end after it.
    pub(super) ends: bool,
}

/// Punctuation around a word that does not belong to it.
const AROUND: &[char] = &[
    ',', '.', ';', ':', '!', '?', '(', ')', '[', ']', '{', '}', '"', '\'', '`', '*', '“', '”', '‘', '’', '…',
];

/// Splits `text` into words. A sentence ends after `.`, `!` or `?`, and at the end of a line.
pub(super) fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let start = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    for line in text.lines() {
        for part in line.split_whitespace() {
            let closed = part.trim_end_matches([')', ']', '}', '"', '\'', '`', '*', '”', '’']);
            let ends = closed.ends_with(['.', '!', '?', '…']);
            let core = part.trim_matches(AROUND).to_lowercase();
            if !core.is_empty() {
                let (place, opens) = ((start(part), start(part) + part.len()), part.starts_with(['(', '[']));
                words.push(Word { core, place, opens, ends });
            } else if let Some(last) = words.last_mut() {
                last.ends |= ends;
            }
        }
        if let Some(last) = words.last_mut() {
            last.ends = true;
        }
    }
    words
}

/// Splits `text` into sentences, as a reader does.
pub(in crate::corpora) fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut from = 0;
    words(text).into_iter().filter(|word| word.ends).map(move |word| {
        let sentence = &text[from..word.place.1];
        from = word.place.1;
        sentence
    })
}

/// Splits a phrase into words in lower case, without its article.
pub(super) fn phrase(text: &str) -> Vec<Word> {
    let mut words = words(text);
    if words.len() > 1 && matches!(words[0].core.as_str(), "the" | "a" | "an") {
        words.remove(0);
    }
    words
}

/// Whether `whole` contains the words of `part`, in a row.
pub(super) fn contains(whole: &[Word], part: &[Word]) -> bool {
    let same = |window: &[Word]| window.iter().zip(part).all(|(a, b)| a.core == b.core);
    !part.is_empty() && whole.windows(part.len()).any(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_their_punctuation_and_end_sentences() {
        let text = "**Vis-Vis coupling** is TYPICAL (r=0.10, z=-1.2).\n- St. Pierre , A&B/C_d\n\n…";
        let told: Vec<String> = words(text)
            .iter()
            .map(|word| format!("{}{}", word.core, if word.ends { "|" } else { "" }))
            .collect();
        assert_eq!(told.join(" "), "vis-vis coupling is typical r=0.10 z=-1.2| - st| pierre a&b/c_d|");
        let Word { place: (from, to), .. } = words(text)[5];
        assert_eq!(&text[from..to], "z=-1.2).");
        assert_eq!(words(" . "), []);
    }

    #[test]
    fn phrases_are_found_as_whole_words() {
        let whole = phrase("The partial Default-Vis coupling");
        assert_eq!(whole[0].core, "partial");
        assert!(contains(&whole, &phrase("default-vis coupling")));
        assert!(!contains(&whole, &phrase("vis coupling")) && !contains(&whole, &[]));
    }
}
