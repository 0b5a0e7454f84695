//! Porter's stemmer (1980) with NLTK's changes, as used by ROUGE.

/// Returns the stem of a word of lower-case ASCII letters and digits.
pub(super) fn stem(word: &str) -> String {
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    if word.len() <= 2 {
        return word.to_owned();
    }
    let mut word = plural(word);
    word = past(word);
    if let Some(stem) = word.strip_suffix('y')
        && stem.len() > 1
        && consonants(stem).last() == Some(&true)
    {
        word = format!("{stem}i");
    }
    word = double_suffix(word);
    word = replace(&word, &STEP_3);
    word = last_suffix(word);
    final_letter(word)
}

const IRREGULAR: [(&str, &str); 16] = [
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

const STEP_2: [(&str, &str); 21] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

const STEP_3: [(&str, &str); 7] = [
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism",
    "ate", "iti", "ous", "ive", "ize",
];

/// Step 1a: removes plural endings. Four-letter words such as `dies` keep their `e`.
fn plural(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies") {
        return format!("{stem}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    let doubled = word.ends_with("ss") && !word.ends_with("sses");
    let stem = word.strip_suffix("es").filter(|_| word.ends_with("sses"));
    let stem = stem.or_else(|| word.strip_suffix('s').filter(|_| !doubled));
    stem.unwrap_or(word).to_owned()
}

/// Step 1b: removes `-ed` and `-ing` and repairs the stem.
fn past(word: String) -> String {
    if let Some(stem) = word.strip_suffix("ied") {
        return format!("{stem}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("eed") {
        return if measure(stem) > 0 { format!("{stem}ee") } else { word };
    }
    let stem = word.strip_suffix("ed").or_else(|| word.strip_suffix("ing"));
    let Some(stem) = stem.filter(|stem| consonants(stem).contains(&false)) else { return word };
    if ["at", "bl", "iz"].iter().any(|end| stem.ends_with(end)) {
        format!("{stem}e")
    } else if ends_double_consonant(stem) {
        let keep = stem.ends_with(['l', 's', 'z']);
        stem[..stem.len() - usize::from(!keep)].to_owned()
    } else if measure(stem) == 1 && ends_short(stem) {
        format!("{stem}e")
    } else {
        stem.to_owned()
    }
}

/// Step 2: replaces double suffixes such as `-ational` and `-iveness`.
fn double_suffix(word: String) -> String {
    if let Some(stem) = word.strip_suffix("alli").filter(|stem| measure(stem) > 0) {
        return double_suffix(format!("{stem}al"));
    }
    // The `l` of `-logi` counts as part of the stem, so that `geo` works like `archaeo`.
    if let Some(stem) = word.strip_suffix("ogi").filter(|stem| stem.ends_with('l')) {
        return if measure(stem) > 0 { format!("{stem}og") } else { word };
    }
    replace(&word, &STEP_2)
}

/// Step 4: removes the last suffix of a long stem.
fn last_suffix(word: String) -> String {
    let Some(stem) = STEP_4.iter().find_map(|suffix| word.strip_suffix(suffix)) else { return word };
    let allowed = !word.ends_with("ion") || stem.ends_with(['s', 't']);
    if measure(stem) > 1 && allowed { stem.to_owned() } else { word }
}

/// Step 5: removes a final `-e` and shortens a final `-ll`.
fn final_letter(mut word: String) -> String {
    if let Some(stem) = word.strip_suffix('e')
        && (measure(stem) > 1 || (measure(stem) == 1 && !ends_short(stem)))
    {
        word = stem.to_owned();
    }
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
    word
}

/// Applies the first rule whose suffix matches, if the stem before it has a vowel followed by a
/// consonant.
fn replace(word: &str, rules: &[(&str, &str)]) -> String {
    let rule = rules.iter().find_map(|(suffix, by)| Some((word.strip_suffix(suffix)?, by)));
    match rule {
        Some((stem, by)) if measure(stem) > 0 => format!("{stem}{by}"),
        _ => word.to_owned(),
    }
}

/// Flags the consonants. A `y` is one unless it follows a consonant.
fn consonants(word: &str) -> Vec<bool> {
    let mut flags: Vec<bool> = Vec::with_capacity(word.len());
    for letter in word.bytes() {
        flags.push(match letter {
            b'a' | b'e' | b'i' | b'o' | b'u' => false,
            b'y' => !flags.last().copied().unwrap_or(false),
            _ => true,
        });
    }
    flags
}

/// Counts how often a consonant follows a vowel (Porter's m).
fn measure(stem: &str) -> usize {
    consonants(stem).windows(2).filter(|pair| !pair[0] && pair[1]).count()
}

fn ends_double_consonant(word: &str) -> bool {
    let letters = word.as_bytes();
    letters.len() >= 2
        && letters[letters.len() - 1] == letters[letters.len() - 2]
        && consonants(word).last() == Some(&true)
}

/// Whether the word ends in consonant, vowel, consonant other than w, x and y, or is a vowel and a
/// consonant.
fn ends_short(word: &str) -> bool {
    match consonants(word).as_slice() {
        [.., true, false, true] => !word.ends_with(['w', 'x', 'y']),
        [false, true] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `word:PorterStemmer().stem(word)` from NLTK 3.10.4: the paper's own examples and NLTK's changes.
    const NLTK: &str = "\
        caresses:caress ponies:poni ties:tie dies:die cats:cat feed:feed agreed:agre plastered:plaster \
        bled:bled motoring:motor sing:sing conflated:conflat troubled:troubl sized:size hopping:hop \
        tanned:tan falling:fall hissing:hiss fizzed:fizz failing:fail filing:file happy:happi skies:sky \
        enjoy:enjoy relational:relat conditional:condit rational:ration valency:valenc hesitancy:hesit \
        digitizer:digit conformably:conform radically:radic differently:differ vilely:vile \
        analogously:analog vietnamization:vietnam predication:predic operator:oper feudalism:feudal \
        decisiveness:decis hopefulness:hope callousness:callous formality:formal sensitivity:sensit \
        sensibility:sensibl triplicate:triplic formative:form formalize:formal electricity:electr \
        electrical:electr goodness:good revival:reviv allowance:allow inference:infer airliner:airlin \
        gyroscopic:gyroscop adjustable:adjust defensible:defens irritant:irrit replacement:replac \
        adjustment:adjust dependent:depend adoption:adopt homologous:homolog communism:commun \
        activate:activ angularities:angular effective:effect bowdlerize:bowdler probate:probat rate:rate \
        cease:ceas controlling:control rolling:roll coupling:coupl networks:network relative:rel \
        connectivity:connect geology:geolog yyy:yyy spied:spi died:die usefully:use abc123:abc123 \
        news:news proceed:proceed syzygy:syzygi owed:owe icing:ice region:region";

    #[test]
    fn words_have_the_stems_of_nltk() {
        for pair in NLTK.split_whitespace() {
            let (word, expected) = pair.split_once(':').expect("a pair");
            assert_eq!(stem(word), expected, "{word}");
        }
    }

    #[test]
    fn a_run_of_y_alternates() {
        assert_eq!(consonants("yyyy"), [true, false, true, false]);
    }
}
