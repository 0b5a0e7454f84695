//! The text of a first spec.

use std::fmt::Write;

use serde_json::json;

use super::targets::Target;

/// The dataset's table and what was found.
#[derive(Clone, Debug)]
pub(super) struct DatasetLines {
    /// Lines of the table, with comments.
    pub(super) lines: Vec<String>,
    /// What was found, one line each.
    pub(super) found: Vec<String>,
}

/// What a first spec says.
pub(super) struct SpecText {
    pub(super) dataset: DatasetLines,
    /// Volumes of each scan that are used.
    pub(super) trs: usize,
    /// Volumes per token.
    pub(super) patch: usize,
    pub(super) has_networks: bool,
    pub(super) tasks: Vec<Target>,
    /// Columns that are not asked for, with the reason.
    pub(super) left_out: Vec<(String, String)>,
}

/// Name of the file of general English beside the spec.
pub const GENERAL_TEXT: &str = "english.txt";

/// Volumes per token, the longest first.
const PATCHES: [usize; 4] = [40, 20, 10, SMALLEST_PATCH];
/// Fewest volumes per token.
pub(super) const SMALLEST_PATCH: usize = 5;

/// Returns the volumes per token for scans of which the shortest has `shortest` volumes: at least three tokens
/// per region, or two of the shortest.
pub(super) fn patch(shortest: usize) -> Option<usize> {
    let enough = |patch: &usize| shortest >= 3 * patch || (*patch == SMALLEST_PATCH && shortest >= 2 * patch);
    PATCHES.into_iter().find(enough)
}

/// Returns a spec that only reads the data.
pub(super) fn draft(dataset: &DatasetLines) -> String {
    let lines = dataset.lines.join("\n");
    format!(
        "[datasets.study]\n{lines}\n\n[signal]\ntrs = 2\n\n[tokenizer]\ntype = \"quantile\"\npatch = 1\n\n\
         [backbone]\ntype = \"bigram\"\n\n[tasks.forecasting]\ncontext = 1\nhorizon = 1\n"
    )
}

impl SpecText {
    /// Writes the spec.
    pub(super) fn to_toml(&self) -> String {
        let mut spec = String::from("# Written by `boldface init`.\n#\n");
        for line in &self.dataset.found {
            writeln!(spec, "# {line}").expect("a string takes all text");
        }
        let SpecText { trs, patch, .. } = self;
        let lines = self.dataset.lines.join("\n");
        write!(
            spec,
            "#\n# Decide: what to ask for (tasks), how many volumes to use (trs), and how scans were cleaned before.\n\n\
             seed = 0\n\n[datasets.study]\n{lines}\n\n\
             [signal]\n\
             trs         = {trs}   # assumed: whole tokens of the shortest scan; longer ones are cropped\n\
             standardize = \"zscore\"\n\n\
             [text]   # general English, so that the language model stays one; written beside this spec\n\
             path = \"{GENERAL_TEXT}\"\n\n\
             [split]   # by person, before anything is fitted\n\
             validation = 0.15\ntest       = 0.3\n\n"
        )
        .expect("a string takes all text");
        if self.has_networks {
            spec += "[corpora.connectivity]   # sentences about the coupling of networks\nparaphrase = false\n\n\
                     [corpora.graph]   # and about the graph of the strongest couplings\nparaphrase = false\n\n";
        }
        write!(
            spec,
            "[tokenizer]   # stage 1\ntype     = \"vq\"\npatch    = {patch}   # volumes per token\nchannels = {}\n\n\
             [backbone]\ntype   = \"gpt\"   # small, from scratch; `pretrained` for a published model\nlayers = 3\nwidth  = 64\n",
            if self.has_networks {
                "[\"signal\", \"coupling\", \"edges\", \"nodes\"]"
            } else {
                "[\"signal\", \"coupling\"]"
            }
        )
        .expect("a string takes all text");
        if self.has_networks {
            spec += "\n[alignment]   # stage 2: questions about facts of scans\nsteps      = 450\nbatch-size = 16\nquestions  = 32\n\
                     made       = 0.75   # share of made scans: training scans with altered coupling\npeak-lr    = 5e-3\n";
        }
        if self.has_networks || !self.tasks.is_empty() {
            spec += "\n[instruction]   # stage 3: the tasks\nsteps     = 150\npeak-lr   = 1e-3\n";
            if self.has_networks {
                spec += "rehearsal = 4\n";
            }
        }
        for target in &self.tasks {
            let (name, column) = (key(&target.column), json!(target.column));
            match &target.classes {
                Some(classes) => {
                    let classes = json!(classes);
                    write!(spec, "\n[tasks.{name}]\ntype    = \"classification\"\ntarget  = {column}\nclasses = {classes}\n")
                }
                None => write!(spec, "\n[tasks.{name}]\ntype   = \"regression\"\ntarget = {column}\n"),
            }
            .expect("a string takes all text");
        }
        if self.has_networks {
            spec += "\n[tasks.captioning]   # describes a scan in sentences\n\n\
                     [tasks.couplings]   # every coupling, asked by name\ntype        = \"facts\"\n\
                     features    = [\"coupling.*\"]\nfrequencies = \"equal\"\n";
        }
        if !self.has_networks && self.tasks.is_empty() {
            let context = trs - patch;
            write!(spec, "\n[tasks.forecasting]   # volumes shown and volumes to continue\ncontext = {context}\nhorizon = {patch}\n")
                .expect("a string takes all text");
        }
        if !self.left_out.is_empty() {
            spec += "\n# Other columns about people:\n";
        }
        for (column, reason) in &self.left_out {
            let reason = reason.replace(['\n', '\r'], " ");
            writeln!(spec, "#   {column}: {reason}").expect("a string takes all text");
        }
        spec
    }
}

/// A column as the bare name of a table.
fn key(column: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = column.chars().map(plain).collect();
    name.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_leaves_three_tokens_where_it_can() {
        let found = [300, 120, 119, 60, 30, 15, 10, 9].map(patch);
        assert_eq!(found, [Some(40), Some(40), Some(20), Some(20), Some(10), Some(5), Some(5), None]);
    }

    #[test]
    fn a_column_is_a_name_of_a_task() {
        assert_eq!(["DX_GROUP", "Age (years)", "sex"].map(key), ["dx-group", "age--years", "sex"]);
    }
}
