//! Writes `LICENCE.md`: the terms of an export's parts, as far as they are known.

use boldface::Card;

use crate::report::card::CardContent;

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
    for (name, [title, licence, cite, doi]) in &told.data {
        text += &format!("- **{name}**");
        text += &title.as_ref().map(|title| format!(" ({title})")).unwrap_or_default();
        text += &match licence {
            Some(licence) => format!(": {licence}"),
            None => ": its `dataset_description.json` names no licence".to_owned(),
        };
        text += &cite.as_ref().map(|cite| format!(". To cite: {cite}")).unwrap_or_default();
        text += &doi.as_ref().map(|doi| format!(". {doi}")).unwrap_or_default();
        text += "\n";
    }
    text += "\n## Model that it was made from\n\n";
    text += &match (&card.base_model, &card.licence) {
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
    text += "- `spec.toml` is the experiment as its author wrote it: look at its paths and lists before you share it, \
             and at `origin` in `manifest.json`.\n\
             - Weights can remember what they were trained on. Terms that bind the data may bind them too.\n";
    text
}
