//! Sentences into facts: lenient with what stands around them, strict where they contradict themselves.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use boldface::Fact;
use boldface_features::{Feature, Missing};

use super::bands::Side;
use super::grammar::MISSING;
use super::template::{Piece, Template};
use super::tokens::{self, Word};
use super::{NOT_AVAILABLE, Words, number};

/// What a phrase says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// Which feature.
    Noun(usize),
    /// Which band, by its place; the one behind the last is that of what is not available.
    Band(usize),
    /// An explanation of what lies on this side of the norm.
    Explains(Side),
    /// Why it is not available.
    Reason(Missing),
    /// A comparison, which has words of bands in it: `than typical`.
    Nothing,
}

/// Reads what is said of some features. Made once for them; then a sentence takes microseconds.
#[derive(Debug)]
pub(in crate::corpora) struct Reader {
    features: Vec<Name>,
    bands: Vec<(String, Option<Side>)>,
    negations: BTreeSet<String>,
    nodes: Vec<Node>,
    /// Phrases that mean two things.
    pub(super) shared: Vec<(String, Meaning, Meaning)>,
}

#[derive(Debug)]
struct Name {
    feature: String,
    /// In lower case.
    symbol: String,
}

/// A place in the tree of phrases: which words lead on, and what is said if it ends here.
#[derive(Debug, Default)]
struct Node {
    next: BTreeMap<String, usize>,
    meaning: Option<Meaning>,
}

/// What a sentence has said so far.
#[derive(Default)]
struct Sentence {
    nouns: BTreeSet<usize>,
    bands: BTreeSet<usize>,
    sides: BTreeSet<Side>,
    reason: Option<Missing>,
    is_negated: bool,
    /// Text between phrases, where numbers are.
    gaps: Vec<(usize, usize)>,
}

impl Reader {
    pub(super) fn new(words: &Words, features: &[Feature]) -> Reader {
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

    fn learn_bands(&mut self, words: &Words) {
        for (band, phrase) in band_phrases(words) {
            self.learn(&phrase, Meaning::Band(band));
        }
        // `than typical`, as often as an adjective may be followed by it.
        let slots = words.scales.values().flat_map(BTreeMap::values).flatten().flat_map(Template::slots);
        for slot in slots.collect::<BTreeSet<_>>() {
            for comparison in words.grammar.get(slot).into_iter().flatten().filter_map(whole) {
                self.learn(&comparison, Meaning::Nothing);
            }
        }
        for missing in Missing::all() {
            self.learn(&missing.to_string(), Meaning::Reason(missing));
        }
    }

    /// Takes a phrase into the tree.
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

    /// Every fact that `text` says, in order, a sentence at a time.
    ///
    /// A sentence says a fact if it names one feature and the words of one band, in any case and whatever stands
    /// around them; the longest phrase counts. It says none if it names two features or two bands, explains the
    /// opposite of its band, or turns itself round (`not`). Numbers are those behind the measure's symbol and
    /// behind `z`, as far as they are there; the band is the one that words say, whatever z is.
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

    /// How many of `words` are a phrase, and what it says.
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

/// A word of a phrase. Inside it brackets and the ends of sentences count: `St. Pierre`, but not `in Vis (fALFF = 0.3)`.
fn key(word: &Word, has_begun: bool, goes_on: bool) -> Cow<'_, str> {
    match (word.opens && has_begun, word.ends && goes_on) {
        (false, false) => Cow::Borrowed(&word.core),
        (opens, ends) => {
            let (open, end) = (if opens { "(" } else { "" }, if ends { "." } else { "" });
            Cow::Owned(format!("{open}{}{end}", word.core))
        }
    }
}

/// The noun phrases of a feature.
pub(super) fn nouns(words: &Words, feature: &Feature) -> Vec<String> {
    let forms = words.named(feature).map_or(&[][..], |named| named.nouns_of(feature));
    forms.iter().map(|form| of_feature(form, feature)).collect()
}

/// What is said of a feature's sides.
fn explanations(words: &Words, feature: &Feature) -> Vec<(Side, String)> {
    let Some(named) = words.named(feature) else { return Vec::new() };
    let above = named.above.iter().map(|form| (Side::Above, of_feature(form, feature)));
    above.chain(named.below.iter().map(|form| (Side::Below, of_feature(form, feature)))).collect()
}

fn of_feature<'a>(form: &'a Template, feature: &'a Feature) -> String {
    form.filled(|slot| slot.parse().ok().and_then(|index: usize| feature.of.get(index)).map_or("", |of| of))
}

/// What bands are called, without the slots of comparisons; the band behind the last is that of what is not available.
pub(super) fn band_phrases(words: &Words) -> Vec<(usize, String)> {
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

/// The text of a form without slots.
fn whole(form: &Template) -> Option<String> {
    match &form.0[..] {
        [Piece::Text(text)] => Some(text.clone()),
        _ => None,
    }
}
