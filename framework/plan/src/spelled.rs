//! Splits the name of a column into words, however it is spelled: `rel_family_id`, `Mother_ID`, `MRIScanner`.

/// Returns the lower-case words of a name. A capital letter begins a word, and digits are left out.
pub fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let (mut words, mut word) = (Vec::new(), String::new());
    for (at, &letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let is_lower_next = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| before.is_lowercase() || (before.is_uppercase() && is_lower_next));
        if (begins || !letter.is_alphabetic()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphabetic() {
            word.extend(letter.to_lowercase());
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_name_has_the_same_words_in_every_spelling() {
        for name in ["rel_family_id", "RelFamilyID", "rel.family-ID", "relFamilyId2"] {
            assert_eq!(words(name), ["rel", "family", "id"], "{name}");
        }
        assert_eq!(words("MRIScanner"), ["mri", "scanner"]);
        assert_eq!(words("FAMILY"), ["family"]);
    }
}
