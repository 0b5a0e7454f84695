//! Reads facts from sentences: lenient about surrounding text, strict about contradictions.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use boldface::Fact;
use boldface_features::{Feature, Missing};

use super::bands::Side;
use super::grammar::MISSING;
use super::template::{Piece, WordingTemplate};
use super::tokens::{self, Word};
use super::{FamilyWords, NOT_AVAILABLE, number};

/// Meaning of a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// A feature, by its index.
    Noun(usize),
    /// A band, by its index; the index after the last band means that no z is available.
    Band(usize),
    /// An explanation of values on this side of the norm.
    Explains(Side),
    /// The reason why a value is not available.
    Reason(Missing),
    /// A comparison that contains words of bands: `than typical`.
    Nothing,
}

/// Reads facts about some features from text. Build it once for them; then a sentence takes
/// microseconds.
#[derive(Debug)]
pub(in crate::corpora) struct Reader {
    features: Vec<Name>,
    bands: Vec<(String, Option<Side>)>,
    negations: BTreeSet<String>,
    nodes: Vec<Node>,
    /// Phrases with two meanings.
    pub(super) shared: Vec<(String, Meaning, Meaning)>,
}

#[derive(Debug)]
struct Name {
    feature: String,
    /// Lower-case symbol of the value.
    symbol: String,
}

/// A node in the tree of phrases: the words that may follow, and the meaning of a phrase that ends
/// here.
#[derive(Debug, Default)]
struct Node {
    next: BTreeMap<String, usize>,
    meaning: Option<Meaning>,
}

/// The phrases found in a sentence so far.
#[derive(Default)]
struct Sentence {
    nouns: BTreeSet<usize>,
    bands: BTreeSet<usize>,
    sides: BTreeSet<Side>,
    reason: Option<Missing>,
    is_negated: bool,
    /// Stretches of text between phrases, which contain the numbers.
    gaps: Vec<(usize, usize)>,
}

impl Reader {
    pub(super) fn new(words: &FamilyWords, features: &[Feature]) -> Reader {
        let bands = words.bands.iter().map(|band| (band.name.clone(), band.side())).collect();
        let symbol =
            |feature: &Feature| words.named(feature).map_or("value", |named| &named.symbol).to_lowercase();
        let name = |feature: &Feature| Name { feature: feature.to_string(), symbol: symbol(feature) };
        let mut reader = Reader {
            features: features.iter().map(name).collect(),
            bands,
            negations: words.negations.iter().cloned().collect(),
            nodes: vec![Node::default()],
            shared: Vec::new(),
        };
        reader.learn_bands(words);
        for (index, feature) in features.iter().enumerate() {
            for noun in nouns(words, feature) {
                reader.learn(&noun, Meaning::Noun(index));
            }
            for (side, clause) in explanations(words, feature) {
                reader.learn(&clause, Meaning::Explains(side));
            }
        }
        reader
    }

    fn learn_bands(&mut self, words: &FamilyWords) {
        for (band, phrase) in band_phrases(words) {
            self.learn(&phrase, Meaning::Band(band));
        }
        // `than typical`, because it may follow an adjective.
        let slots =
            words.scales.values().flat_map(BTreeMap::values).flatten().flat_map(WordingTemplate::slots);
        for slot in slots.collect::<BTreeSet<_>>() {
            for comparison in words.grammar.get(slot).into_iter().flatten().filter_map(whole) {
                self.learn(&comparison, Meaning::Nothing);
            }
        }
        for missing in Missing::all() {
            self.learn(&missing.to_string(), Meaning::Reason(missing));
        }
    }

    /// Adds a phrase to the tree.
    fn learn(&mut self, phrase: &str, meaning: Meaning) {
        let words = tokens::phrase(phrase);
        let mut at = 0;
        for (index, word) in words.iter().enumerate() {
            let key = key(word, index > 0, index + 1 < words.len()).into_owned();
            at = match self.nodes[at].next.get(&key) {
                Some(&next) => next,
                None => {
                    let next = self.nodes.len();
                    self.nodes.push(Node::default());
                    self.nodes[at].next.insert(key, next);
                    next
                }
            };
        }
        match self.nodes[at].meaning {
            Some(other) if other != meaning => self.shared.push((phrase.to_owned(), other, meaning)),
            _ if at == 0 => self.shared.push((phrase.to_owned(), Meaning::Nothing, meaning)),
            _ => self.nodes[at].meaning = Some(meaning),
        }
    }

    /// Returns every fact in `text`, in order, at most one per sentence.
    ///
    /// A sentence states a fact if it contains the noun phrase of one feature and the words of one
    /// band, in any case and among any other words; the longest phrase wins. It states none if it names
    /// two features or two bands, explains the opposite of its band, or contains a negation (`not`).
    /// Numbers are those after the measure's symbol and after `z`, if present. The band follows from
    /// the words, whatever z is.
    pub(in crate::corpora) fn read(&self, text: &str) -> Vec<Fact> {
        let words = tokens::words(text);
        let (mut facts, mut sentence, mut gap, mut at) = (Vec::new(), Sentence::default(), 0, 0);
        while let Some(word) = words.get(at) {
            let mut last = at;
            if let Some((length, meaning)) = self.longest(&words[at..]) {
                sentence.take(meaning);
                last = at + length - 1;
                sentence.gaps.push((gap, word.place.0));
                gap = words[last].place.1;
            } else if self.negations.contains(&word.core) {
                sentence.is_negated = true;
            }
            if words[last].ends {
                sentence.gaps.push((gap, words[last].place.1.max(gap)));
                facts.extend(self.fact(&std::mem::take(&mut sentence), text));
                gap = words[last].place.1;
            }
            at = last + 1;
        }
        facts
    }

    /// Returns the length in words and the meaning of the longest phrase at the start of `words`.
    fn longest(&self, words: &[Word]) -> Option<(usize, Meaning)> {
        let (mut found, mut at) = (None, 0);
        for (index, word) in words.iter().enumerate() {
            let next = |goes_on: bool| self.nodes[at].next.get(&*key(word, index > 0, goes_on)).copied();
            let node = next(false);
            found = node.and_then(|node| Some((index + 1, self.nodes[node].meaning?))).or(found);
            let Some(on) = (if word.ends { next(true) } else { node }) else { break };
            at = on;
        }
        found
    }

    fn fact(&self, sentence: &Sentence, text: &str) -> Option<Fact> {
        let only = |set: &BTreeSet<usize>| set.first().copied().filter(|_| set.len() == 1);
        let name = &self.features[only(&sentence.nouns)?];
        let band = only(&sentence.bands)?;
        let (band, side) = self.bands.get(band).map_or((NOT_AVAILABLE, None), |(name, side)| (name, *side));
        let is_contradicted = sentence.sides.iter().any(|&said| side != Some(said));
        if sentence.is_negated || is_contradicted {
            return None;
        }
        let gaps: Vec<String> =
            sentence.gaps.iter().map(|&(from, to)| text[from..to].to_lowercase()).collect();
        let number = |symbol: &str| gaps.iter().find_map(|gap| number::after(symbol, gap));
        Some(Fact {
            feature: name.feature.clone(),
            value: number(&name.symbol),
            z: number("z"),
            band: band.to_owned(),
            reason: sentence.reason.filter(|_| band == NOT_AVAILABLE).map(|missing| missing.to_string()),
        })
    }
}

impl Sentence {
    fn take(&mut self, meaning: Meaning) {
        match meaning {
            Meaning::Noun(feature) => drop(self.nouns.insert(feature)),
            Meaning::Band(band) => drop(self.bands.insert(band)),
            Meaning::Explains(side) => drop(self.sides.insert(side)),
            Meaning::Reason(missing) => self.reason = Some(missing),
            Meaning::Nothing => {}
        }
    }
}

/// Key of a word in a phrase. After the first word, brackets and sentence ends count: `St. Pierre`, but
/// not `in Vis (fALFF = 0.3)`.
fn key(word: &Word, has_begun: bool, goes_on: bool) -> Cow<'_, str> {
    match (word.opens && has_begun, word.ends && goes_on) {
        (false, false) => Cow::Borrowed(&word.core),
        (opens, ends) => {
            let (open, end) = (if opens { "(" } else { "" }, if ends { "." } else { "" });
            Cow::Owned(format!("{open}{}{end}", word.core))
        }
    }
}

/// Lists the noun phrases of a feature.
pub(super) fn nouns(words: &FamilyWords, feature: &Feature) -> Vec<String> {
    let forms = words.named(feature).map_or(&[][..], |named| named.nouns_of(feature));
    forms.iter().map(|form| of_feature(form, feature)).collect()
}

/// Lists the explanations of a feature's two sides.
fn explanations(words: &FamilyWords, feature: &Feature) -> Vec<(Side, String)> {
    let Some(named) = words.named(feature) else { return Vec::new() };
    let above = named.above.iter().map(|form| (Side::Above, of_feature(form, feature)));
    above.chain(named.below.iter().map(|form| (Side::Below, of_feature(form, feature)))).collect()
}

fn of_feature<'a>(form: &'a WordingTemplate, feature: &'a Feature) -> String {
    form.filled(|slot| slot.parse().ok().and_then(|index: usize| feature.of.get(index)).map_or("", |of| of))
}

/// Lists the phrases of bands without the slots of comparisons. The index after the last band means not
/// available.
pub(super) fn band_phrases(words: &FamilyWords) -> Vec<(usize, String)> {
    let mut phrases = Vec::new();
    for (index, band) in words.bands.iter().enumerate() {
        let scales = words.scales.values().filter_map(|bands| bands.get(&band.name));
        phrases.extend(scales.flatten().map(|form| (index, form.filled(|_| "").trim().to_owned())));
    }
    for word in MISSING {
        let forms = words.grammar.get(word).into_iter().flatten();
        phrases.extend(forms.filter_map(whole).map(|phrase| (words.bands.len(), phrase)));
    }
    phrases
}

/// Returns the text of a form without slots.
fn whole(form: &WordingTemplate) -> Option<String> {
    match &form.0[..] {
        [Piece::Text(text)] => Some(text.clone()),
        _ => None,
    }
}
