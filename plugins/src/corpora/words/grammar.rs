//! The wordings of a fact: counted, numbered and written as text.

use std::collections::BTreeSet;

use boldface::{Fact, Result};
use boldface_features::Feature;

use super::bands::Side;
use super::template::{Piece, WordingTemplate};
use super::{FamilyWords, HIGHER, NOT_AVAILABLE, Named, number};

/// Names of the sentence forms in the table, one per kind of fact.
pub(super) const SENTENCES: [&str; 5] =
    ["said", "unnumbered", "not-available", "unexplained", "not-compared"];

/// Name of the questions about a feature; a reader of sentences never sees them.
pub(super) const ASKED: &str = "asked";

/// Names of the phrases for facts that are not available, which the reader uses too.
pub(super) const MISSING: [&str; 2] = ["missing", "uncompared"];

/// Their places in the table; these forms have no slots.
const WITHOUT: [&str; 2] = ["grammar.missing", "grammar.uncompared"];

/// Slots filled from the fact instead of the grammar.
const OF_FACT: [&str; 9] = ["noun", "adjective", "explanation", "symbol", "value", "z", "reason", "0", "1"];

/// Marks a name at the start of an unfinished sentence; no text contains this character.
const NAME: char = '\u{0}';

/// A fact to be put into words.
pub(super) struct Said<'a> {
    words: &'a FamilyWords,
    feature: &'a Feature,
    sentences: &'static str,
    band: &'a str,
    nouns: &'a [WordingTemplate],
    adjectives: &'a [WordingTemplate],
    explanations: &'a [WordingTemplate],
    /// Texts of the slots that have one.
    symbol: &'a str,
    value: Option<String>,
    z: Option<String>,
    reason: Option<&'a str>,
}

/// The filling of a slot.
enum Filler<'a> {
    Forms(&'a [WordingTemplate]),
    Text(&'a str),
    /// A name, such as a network's, which keeps its case.
    Name(&'a str),
    Nothing,
}

impl<'a> Said<'a> {
    pub(super) fn new(words: &'a FamilyWords, feature: &'a Feature, fact: &'a Fact) -> Said<'a> {
        let named = words.named(feature);
        let band = words.bands.iter().find(|band| band.name == fact.band);
        let write = |value: f64| match named {
            Some(Named { digits, unit, .. }) if unit.is_empty() => digits.write(value),
            Some(Named { digits, unit, .. }) => format!("{} {unit}", digits.write(value)),
            None => value.to_string(),
        };
        let explanations = match (named, band.and_then(|band| band.side())) {
            (Some(named), Some(Side::Above)) => &named.above[..],
            (Some(named), Some(Side::Below)) => &named.below[..],
            _ => &[],
        };
        Said {
            words,
            feature,
            sentences: match (band, fact.value, fact.z, &fact.reason) {
                (Some(_), Some(_), Some(_), _) => "said",
                (Some(_), ..) => "unnumbered",
                (None, Some(_), _, Some(_)) => "not-compared",
                (None, _, _, Some(_)) => "not-available",
                (None, ..) => "unexplained",
            },
            band: &fact.band,
            nouns: named.map_or(&[], |named| named.nouns_of(feature)),
            adjectives: named
                .zip(band)
                .map_or(&[], |(named, band)| words.adjectives(&named.scale, &band.name)),
            explanations,
            symbol: named.map_or("value", |named| &named.symbol),
            value: fact.value.map(write),
            z: fact.z.map(number::signed),
            reason: fact.reason.as_deref(),
        }
    }

    /// Prepares a question about `feature`.
    pub(super) fn asking(words: &'a FamilyWords, feature: &'a Feature, fact: &'a Fact) -> Said<'a> {
        Said { sentences: ASKED, ..Said::new(words, feature, fact) }
    }

    /// Returns the number of wordings.
    pub(super) fn count(&self) -> u64 {
        self.count_of(self.forms())
    }

    /// Returns the wording of a number below [`Said::count`]; 0 takes the first of all alternatives. A
    /// sentence begins with a capital unless its first word is a name or has capitals of its own.
    pub(super) fn text(&self, number: u64) -> String {
        let mut text = String::new();
        if self.count() == 0 {
            // A measure without words, which `FamilyWords::check` refuses.
            let band = if self.sentences == "said" { self.band } else { NOT_AVAILABLE };
            return format!("{} is {band}.", self.feature);
        }
        self.write(self.forms(), number, &mut text);
        let begins_with_name = text.starts_with(NAME);
        let text: String = text.chars().filter(|&c| c != NAME).collect();
        let is_plain = text.split_whitespace().next().is_some_and(|word| !word.contains(char::is_uppercase));
        match text.chars().next().filter(|_| is_plain && !begins_with_name) {
            Some(first) => first.to_uppercase().chain(text.chars().skip(1)).collect(),
            None => text,
        }
    }

    fn forms(&self) -> &'a [WordingTemplate] {
        self.words.grammar.get(self.sentences).map_or(&[], Vec::as_slice)
    }

    fn filler(&'a self, slot: &str) -> Filler<'a> {
        let text = |text: Option<&'a str>| text.map_or(Filler::Nothing, Filler::Text);
        let name =
            |index: usize| self.feature.of.get(index).map_or(Filler::Nothing, |name| Filler::Name(name));
        match slot {
            "noun" => Filler::Forms(self.nouns),
            "adjective" => Filler::Forms(self.adjectives),
            "explanation" => Filler::Forms(self.explanations),
            "symbol" => Filler::Text(self.symbol),
            "value" => text(self.value.as_deref()),
            "z" => text(self.z.as_deref()),
            "reason" => text(self.reason),
            "0" => name(0),
            "1" => name(1),
            word => self.words.grammar.get(word).map_or(Filler::Nothing, |forms| Filler::Forms(forms)),
        }
    }

    fn count_of(&self, forms: &[WordingTemplate]) -> u64 {
        forms.iter().map(|form| self.count_in(form)).fold(0, u64::saturating_add)
    }

    /// Counts the wordings of one form; 0 if one of its slots has no filling.
    fn count_in(&self, form: &WordingTemplate) -> u64 {
        let slots = form.slots().map(|slot| match self.filler(slot) {
            Filler::Forms(forms) => self.count_of(forms),
            Filler::Text(_) | Filler::Name(_) => 1,
            Filler::Nothing => 0,
        });
        slots.fold(1, u64::saturating_mul)
    }

    /// Writes the wording with `number` among those of `forms`.
    fn write(&self, forms: &[WordingTemplate], mut number: u64, text: &mut String) {
        for form in forms {
            let count = self.count_in(form);
            if number < count {
                return form.0.iter().for_each(|piece| self.write_piece(piece, &mut number, text));
            }
            number -= count;
        }
    }

    /// Writes a piece. A slot uses up its part of `number` and leaves the rest to the slots after it.
    fn write_piece(&self, piece: &Piece, number: &mut u64, text: &mut String) {
        let slot = match piece {
            Piece::Text(words) => return text.push_str(words),
            Piece::Slot(slot) => slot,
        };
        match self.filler(slot) {
            Filler::Forms(forms) => {
                let count = self.count_of(forms);
                self.write(forms, *number % count, text);
                *number /= count;
            }
            Filler::Text(words) => text.push_str(words),
            Filler::Name(name) => {
                // Marks a name at the start, which keeps its case.
                if text.is_empty() {
                    text.push(NAME);
                }
                text.push_str(name);
            }
            Filler::Nothing => unreachable!("a form without filler counts 0 and is never chosen"),
        }
    }
}

impl FamilyWords {
    /// Returns a scale's adjectives for a band; the scale `higher` provides those that are missing.
    pub(super) fn adjectives(&self, scale: &str, band: &str) -> &[WordingTemplate] {
        let of = |scale: &str| self.scales.get(scale).and_then(|bands| bands.get(band));
        of(scale).or_else(|| of(HIGHER)).map_or(&[], Vec::as_slice)
    }
}

/// Checks that every slot has a permitted filling, and that every band has words.
///
/// # Errors
/// If not; the message names the slot, the word or the band.
pub(super) fn check(words: &FamilyWords) -> Result<()> {
    if let Some(missing) =
        SENTENCES.into_iter().find(|&name| words.grammar.get(name).is_none_or(Vec::is_empty))
    {
        return Err(format!("`grammar.{missing}` has no form").into());
    }
    let known = |slot: &str| OF_FACT.contains(&slot) || words.grammar.contains_key(slot);
    for (place, forms) in every_form(words) {
        for slot in forms.iter().flat_map(WordingTemplate::slots) {
            if !known(slot) {
                let words: Vec<&str> = words.grammar.keys().map(String::as_str).collect();
                let all = OF_FACT.into_iter().chain(words).collect::<Vec<_>>().join(", ");
                return Err(format!("`{place}`: nothing is called `{{{slot}}}`; there are {all}").into());
            }
            if !may_stand_in(words, slot, &place) {
                let help = "nouns and explanations have `{0}` and `{1}`, adjectives words without slots";
                return Err(format!("`{place}`: `{{{slot}}}` cannot stand here; {help}").into());
            }
        }
        if forms.is_empty() {
            return Err(format!("`{place}` has no form; remove it, or add one").into());
        }
    }
    for name in words.grammar.keys() {
        if OF_FACT.contains(&name.as_str()) {
            return Err(
                format!("`grammar.{name}` has the name of a slot that the fact fills; rename it").into()
            );
        }
        if reaches(words, name, name, &mut BTreeSet::new()) {
            return Err(format!("`grammar.{name}` stands for itself; break the circle of slots").into());
        }
    }
    for (scale, bands) in &words.scales {
        if let Some(band) = bands.keys().find(|&band| !words.bands.iter().any(|known| known.name == *band)) {
            let names: Vec<&str> = words.bands.iter().map(|band| band.name.as_str()).collect();
            return Err(format!(
                "`scales.{scale}`: there is no band `{band}`; there are {}",
                names.join(", ")
            )
            .into());
        }
    }
    for (name, measure) in &words.measures {
        if !words.scales.contains_key(&measure.scale) {
            return Err(format!("`measures.{name}`: there is no scale `{}`", measure.scale).into());
        }
        if let Some(band) =
            words.bands.iter().find(|band| words.adjectives(&measure.scale, &band.name).is_empty())
        {
            let (scale, band) = (&measure.scale, &band.name);
            return Err(format!("`scales.{scale}` and `scales.{HIGHER}` have no words for `{band}`").into());
        }
    }
    Ok(())
}

/// Finds the first of these words that no form refers to.
pub(super) fn unnamed<'a>(
    words: &FamilyWords,
    mut names: impl Iterator<Item = &'a String>,
) -> Option<&'a String> {
    let named: BTreeSet<&str> =
        every_form(words).flat_map(|(_, forms)| forms).flat_map(WordingTemplate::slots).collect();
    let is_sentence = |name: &str| name == ASKED || SENTENCES.contains(&name);
    names.find(|name| !named.contains(name.as_str()) && !is_sentence(name))
}

/// Whether a slot may occur in these forms. The limits let a reader list all phrases, and keep a phrase
/// from containing itself.
fn may_stand_in(words: &FamilyWords, slot: &str, place: &str) -> bool {
    let is_plain = |word: &str| {
        let mut forms = words.grammar.get(word).into_iter().flatten();
        !OF_FACT.contains(&word) && forms.all(|form| form.slots().next().is_none())
    };
    match place.split_once('.') {
        Some(("measures", _)) => matches!(slot, "0" | "1"),
        Some(("scales", _)) => is_plain(slot),
        _ => !WITHOUT.contains(&place),
    }
}

/// Lists all forms with their places in the table.
fn every_form(words: &FamilyWords) -> impl Iterator<Item = (String, &[WordingTemplate])> {
    let grammar = words.grammar.iter().map(|(name, forms)| (format!("grammar.{name}"), &forms[..]));
    let scales = words.scales.iter().flat_map(|(scale, bands)| {
        bands.iter().map(move |(band, forms)| (format!("scales.{scale}.{band}"), &forms[..]))
    });
    let measures = words.measures.iter().flat_map(|(name, measure)| {
        let Named { nouns, nouns_within, above, below, .. } = measure;
        let lists = [("nouns", nouns), ("nouns-within", nouns_within), ("above", above), ("below", below)];
        let told = lists.into_iter().filter(|(key, forms)| !forms.is_empty() || *key == "nouns");
        told.map(move |(key, forms)| (format!("measures.{name}.{key}"), &forms[..]))
    });
    grammar.chain(scales).chain(measures)
}

/// Whether the word `from` refers to the word `to`, directly or through others.
fn reaches<'a>(words: &'a FamilyWords, from: &str, to: &str, seen: &mut BTreeSet<&'a str>) -> bool {
    let slots = words.grammar.get(from).into_iter().flatten().flat_map(WordingTemplate::slots);
    slots.into_iter().any(|slot| slot == to || (seen.insert(slot) && reaches(words, slot, to, seen)))
}
