//! Predicts the condition of a block or trial within a scan.

use std::collections::{BTreeMap, BTreeSet};

use boldface::{
    Answer, CheckContext, Deserialize, Event, Example, JsonSchema, Metric, Outcome, Problem, Result, Scan,
    ScanInfo, Serialize, Task, Window, register,
};

use super::choice;
use super::column::Otherwise;

/// Shows the volumes of one event and asks which of the `classes` it was. Each event is one example.
///
/// The window starts `lag` seconds after the onset, at the nearest volume, and is `window` volumes
/// long. An event is skipped if its window extends beyond the (cropped) scan or over volumes that
/// scrubbing cut out.
///
/// If `[signal] standardize` is set, each window is standardised over its own volumes, which removes
/// the mean of every region. To show how active regions were, standardise runs in the dataset
/// (`standardize = "zscore-sample"`) and set `[signal] standardize = "none"`. The baseline
/// `pattern-logistic` is a logistic regression on the regions' means over the window.
///
/// Scores are those of `classification`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Events {
    /// The permitted answers: values of the events' `trial_type`, or their translations in `words`.
    classes: Vec<String>,
    /// Number of volumes to show: a multiple of the tokenizer's `patch`.
    window: usize,
    /// Words for codes of the events, such as `{ cond001 = "house" }`.
    #[serde(default)]
    words: BTreeMap<String, String>,
    /// Seconds from an event's onset to its window. The response to a stimulus peaks after about 5 s
    /// (the mode of SPM's canonical response, a gamma density of shape 6).
    #[serde(default = "default_lag")]
    lag: f64,
    /// Minimum duration in seconds; shorter events are skipped.
    #[serde(default)]
    minimum_duration: f64,
    /// How to treat an event that is not among the `classes`: skip it, or report it as an error.
    #[serde(default = "skip")]
    others: Otherwise,
    /// The question.
    #[serde(default = "default_question")]
    question: String,
}

register!(Task "events" => Events);

fn default_lag() -> f64 {
    5.0
}

fn skip() -> Otherwise {
    Otherwise::Skip
}

fn default_question() -> String {
    "What was shown?".to_owned()
}

impl Task for Events {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let mut examples = Vec::new();
        for event in &scan.info.events {
            let Some(correct) = self.class(event) else {
                if let (Otherwise::Error, Some(name)) = (self.others, self.name(event)) {
                    let (id, onset) = (&scan.info.id, event.onset);
                    return Err(format!(
                        "the event at {onset} s of `{id}` is `{name}`, which is not a class"
                    )
                    .into());
                }
                continue;
            };
            examples.extend(self.window_of(event, &scan.info, scan.series.trs()).map(|window| Example {
                window,
                question: self.question.clone(),
                answer: Answer::Choice { options: self.classes.clone(), correct },
            }));
        }
        Ok(examples)
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        choice::score(outcomes)
    }

    fn cautions(&self, cx: &CheckContext<'_>) -> Vec<String> {
        let asked = |scan: &&ScanInfo, event: &&Event| {
            self.class(event).is_some() && self.window_of(event, scan, cx.trs).is_none()
        };
        let events = || cx.scans.iter().flat_map(|scan| scan.events.iter().map(move |event| (scan, event)));
        let passed_over = events().filter(|(scan, event)| asked(scan, event)).count();
        let of_a_class = events().filter(|(_, event)| self.class(event).is_some()).count();
        let said = format!(
            "{passed_over} of {of_a_class} events are skipped: their windows of {} volumes extend beyond the scan \
             or over scrubbed volumes",
            self.window
        );
        if passed_over > 0 { vec![said] } else { Vec::new() }
    }

    fn check(&self, cx: &CheckContext<'_>) -> Vec<Problem> {
        let mut problems = choice::check_classes(&self.classes);
        problems.extend(self.check_window(cx));
        for (key, seconds) in [("lag", self.lag), ("minimum-duration", self.minimum_duration)] {
            if !(seconds >= 0.0 && seconds.is_finite()) {
                problems
                    .push(Problem::at(key, format!("`{seconds}` s is out of range")).help("write 0 or more"));
            }
        }
        let events = || cx.scans.iter().flat_map(|scan| scan.events.iter().map(move |event| (scan, event)));
        if events().next().is_none() {
            let help = "name their tables in the dataset: `events = \"...\"`, or the raw BIDS folder: `raw = \"...\"`";
            problems.push(Problem::at("", "no scan has events").help(help));
            return problems;
        }
        let names: BTreeSet<&str> = events().filter_map(|(_, event)| self.name(event)).collect();
        let codes: BTreeSet<&str> = events().filter_map(|(_, event)| event.trial_type.as_deref()).collect();
        for code in self.words.keys().filter(|code| !codes.contains(code.as_str())) {
            let message = format!("no event is called `{code}`");
            problems
                .push(Problem::at("words", message).help(format!("events are called {}", quoted(&codes))));
        }
        if self.others == Otherwise::Error {
            for other in names.iter().filter(|name| !self.classes.iter().any(|class| class == *name)) {
                let message = format!("events are called `{other}`, which is not a class");
                let help =
                    format!("add `{other}` to `classes`, or skip such events with `others = \"skip\"`");
                problems.push(Problem::at("classes", message).help(help));
            }
        }
        if problems.is_empty() {
            problems.extend(self.check_examples(cx, &names));
        }
        problems
    }
}

impl Events {
    /// Returns the name of an event; `None` without a trial type.
    fn name<'a>(&'a self, event: &'a Event) -> Option<&'a str> {
        let code = event.trial_type.as_deref()?;
        Some(self.words.get(code).map_or(code, String::as_str))
    }

    /// Returns the class of an event; `None` if it is too short or belongs to no class.
    fn class(&self, event: &Event) -> Option<usize> {
        let name = self.name(event).filter(|_| event.duration >= self.minimum_duration)?;
        self.classes.iter().position(|class| class == name)
    }

    /// Returns the volumes that show an event in a scan of `trs` volumes; `None` if some are missing.
    fn window_of(&self, event: &Event, info: &ScanInfo, trs: usize) -> Option<Window> {
        let (from, seconds) = (event.onset + self.lag, self.window as f64 * info.tr);
        let start = (info.uncut(from, from + seconds)? / info.tr).round();
        // The nearest volume may start up to half a repetition time earlier or later, so cuts are
        // checked there too.
        let (begin, end) = (start * info.tr, start * info.tr + seconds);
        let is_cut = info.cuts.iter().any(|cut| cut.at > begin + 1e-6 && cut.at < end - 1e-6);
        let start = start as usize;
        (!is_cut && start.saturating_add(self.window) <= trs).then_some(Window { start, trs: self.window })
    }

    fn check_window(&self, cx: &CheckContext<'_>) -> Option<Problem> {
        let (window, patch) = (self.window, cx.patch.max(1));
        if window == 0 {
            return Some(Problem::at("window", "0 volumes").help("give a number of volumes above 0"));
        }
        if !window.is_multiple_of(patch) {
            let message = format!("{window} volumes are not a whole number of patches of {patch}");
            let near = (window / patch).max(1) * patch;
            return Some(
                Problem::at("window", message).help(format!("use a multiple of {patch}, such as {near}")),
            );
        }
        (window > cx.trs).then(|| {
            let message = format!("{window} volumes are shown, but scans are cropped to {}", cx.trs);
            Problem::at("window", message).help("shorten it, or raise `signal.trs`")
        })
    }

    /// Finds classes with too few complete windows.
    fn check_examples(&self, cx: &CheckContext<'_>, names: &BTreeSet<&str>) -> Vec<Problem> {
        let mut units = vec![BTreeSet::new(); self.classes.len()];
        let mut seen = vec![0; self.classes.len()];
        for scan in cx.scans {
            for event in &scan.events {
                let Some(class) = self.class(event) else { continue };
                seen[class] += 1;
                if self.window_of(event, scan, cx.trs).is_some() {
                    units[class].insert(scan.id.person());
                }
            }
        }
        let mut problems = Vec::new();
        for ((class, units), seen) in self.classes.iter().zip(units).zip(seen) {
            let (message, help) = match (units.len(), seen) {
                (0, 0) => (
                    match self.minimum_duration {
                        0.0 => format!("no event is called `{class}`"),
                        least => format!("no event is called `{class}` and lasts {least} s or longer"),
                    },
                    format!("events are called {}", quoted(names)),
                ),
                (0, seen) => (
                    format!(
                        "none of {seen} windows of `{class}` is complete: they extend beyond scans of {} volumes, or over \
                         scrubbed volumes",
                        cx.trs
                    ),
                    "shorten `window` or `lag`, or raise `signal.trs`".to_owned(),
                ),
                (1, _) => (
                    format!(
                        "class `{class}` occurs in one unit of the split only: it cannot be in both training and test"
                    ),
                    "leave the class out, add scans, or decode within subjects: `[split] unit = \"run\"`"
                        .to_owned(),
                ),
                _ => continue,
            };
            problems.push(Problem::at("classes", message).help(help));
        }
        problems
    }
}

fn quoted(names: &BTreeSet<&str>) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if quoted.is_empty() { "nothing".to_owned() } else { quoted.join(", ") }
}
