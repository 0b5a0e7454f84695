//! Writes `LICENCE.md`: the terms of an export's parts, as far as they are known.

use boldface::Card;

use crate::report::card::CardContent;
use crate::report::markdown::escape;

/// Returns the text of the note.
pub fn note(told: &CardContent, card: &Card, is_hashed: bool) -> String {
    let mut text = "# Licences\n\n\
         Nothing here grants a right: this page says what was found when the run was exported.\n\n\
         ## Data that it learned from\n\n"
        .to_owned();
    if told.data.is_empty() {
        text += "No dataset has a `dataset_description.json` that says its licence. Find out before you share anything \
                 that was learned from it.\n";
    }
    for (name, said) in &told.data {
        let [title, licence, cite, doi] = said.each_ref().map(|said| said.as_deref().map(escape));
        text += &format!("- **{name}**");
        text += &title.map(|title| format!(" ({title})")).unwrap_or_default();
        text += &match licence {
            Some(licence) => format!(": {licence}"),
            None => ": its `dataset_description.json` names no licence".to_owned(),
        };
        text += &cite.map(|cite| format!(". To cite: {cite}")).unwrap_or_default();
        text += &doi.map(|doi| format!(". {doi}")).unwrap_or_default();
        text += "\n";
    }
    text += "\n## Model that it was made from\n\n";
    let [model, licence] = [&card.base_model, &card.licence].map(|said| said.as_deref().map(escape));
    text += &match (model, licence) {
        (Some(model), Some(licence)) => {
            format!(
                "- **{model}**: {licence}. Its weights are not here unless they were all trained further.\n"
            )
        }
        (Some(model), None) => {
            format!("- **{model}**: its files name no licence; look where it was published.\n")
        }
        (None, _) => "None: the language model was trained from nothing.\n".to_owned(),
    };
    text += "\n## What is in this folder, and what is not\n\n\
             - No scan, no regional series, no answer about a person and no description of one is inside.\n\
             - `norms/` holds statistics of groups, such as means and standard deviations over training subjects.\n";
    text += if is_hashed {
        "- `splits.tsv` and `learned.tsv` hold hashes of subject ids. Who has a list of ids can find out which of them \
         are there: that is what the hashes are for.\n"
    } else {
        "- `splits.tsv` and `learned.tsv` hold subject ids. Where ids may not be shared, export with \
         `--without-subjects`, which writes hashes of them.\n"
    };
    text += if is_hashed {
        "- No file names a subject or a folder of the machine, and no score is of a group of fewer than five people.\n"
    } else {
        "- `spec.toml` is the experiment as its author wrote it: look at its paths and lists before you share it, and at \
         `origin` in `manifest.json`.\n"
    };
    text += "- Weights can remember what they were trained on. Terms that bind the data may bind them too.\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_dataset_is_text() {
        let said = Some("<img src=x> *a* [b](c) ![d](e)\n# f".to_owned());
        let data = vec![("made".to_owned(), [said.clone(), said.clone(), said.clone(), said.clone()])];
        let [test, validation, methods] = [const { String::new() }; 3];
        let told = CardContent { test, validation, methods, limits: vec![], data };
        let card = Card { base_model: said.clone(), licence: said, notes: vec![] };
        let text = note(&told, &card, true);
        assert_eq!(text.matches(r"&lt;img src=x&gt; \*a\* [b\](c) \![d\](e) # f").count(), 6, "{text}");
        assert!(!text.contains("<img") && !text.contains("\n# f"));
    }
}
