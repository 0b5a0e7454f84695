//! Plugins that leak on purpose.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use boldface::{
    Answer, CorpusGenerator, Describer, Descriptor, Deserialize, Example, Fact, JsonSchema, Metric, Outcome,
    Result, Scan, Serialize, Task, TrainScans, Window, register,
};

/// Asks for the condition and reveals it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
struct Nosy {
    /// Place that reveals it: the question, the options, the window, or a text.
    by: By,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
enum By {
    Question,
    OwnQuestion,
    Options,
    Window,
    Text,
    Number,
    Twice,
}

register!(Task "nosy" => Nosy);

impl Task for Nosy {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let condition = scan.info.phenotype["condition"].clone();
        let correct = usize::from(condition == "high");
        let mut example = Example {
            window: Window::first(scan.series.trs()),
            question: "Which condition is this?".to_owned(),
            answer: Answer::Choice { options: vec!["low".to_owned(), "high".to_owned()], correct },
        };
        match self.by {
            By::Question => example.question = format!("A person of the {condition} kind: which condition?"),
            By::OwnQuestion => {
                let (subject, age) = (&scan.info.id.subject, &scan.info.phenotype["age"]);
                example.question = format!("Person {subject}, aged {age}, {condition}: which condition?");
            }
            By::Options => {
                // The option `not X` never applies to the scan, so the options reveal the answer.
                let options = vec![format!("not {condition}"), condition];
                example.answer = Answer::Choice { options, correct: 1 };
            }
            By::Window if correct == 1 => example.window = Window::first(20),
            By::Window | By::Twice => {}
            By::Number => {
                let value = scan.info.phenotype["age"].parse()?;
                example.answer = Answer::Value { value, unit: "years".to_owned(), edges: Vec::new() };
            }
            By::Text => {
                let reference = format!("The patient was in the {condition} group.");
                example.answer =
                    Answer::Text { reference, facts: Vec::new(), decoding: boldface::Decoding::Free };
            }
        }
        let mut examples = vec![example];
        if matches!(self.by, By::Twice) {
            let other =
                Answer::Choice { options: vec!["low".to_owned(), "high".to_owned()], correct: 1 - correct };
            examples.push(Example { answer: other, ..examples[0].clone() });
        }
        Ok(examples)
    }

    fn score(&self, _: &[&Outcome]) -> Result<Vec<Metric>> {
        Ok(Vec::new())
    }
}

/// Asks for the condition, which it may claim to foresee.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
struct Prophet {
    /// Whether the answer is about later volumes.
    later: bool,
}

register!(Task "prophet" => Prophet);

impl Task for Prophet {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        Ok(vec![Example {
            window: Window::first(20),
            question: "What comes next?".to_owned(),
            answer: Answer::Text {
                reference: scan.info.id.to_string(),
                facts: Vec::new(),
                decoding: boldface::Decoding::Free,
            },
        }])
    }

    fn forecasts(&self) -> bool {
        self.later
    }

    fn score(&self, _: &[&Outcome]) -> Result<Vec<Metric>> {
        Ok(Vec::new())
    }
}

/// Describes scans by information that it should not use.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(crate = "boldface::schemars")]
struct Gossip {
    /// Columns that it reveals.
    #[serde(default)]
    columns: Vec<String>,
    /// A column that it reveals without listing it in its table, and its name in the sentences.
    #[serde(default)]
    behind: Option<(String, String)>,
    /// Columns that its norms claim to be adjusted for. It has no norms.
    #[serde(default)]
    adjust: Vec<String>,
    /// Whether `tells` lists that column.
    #[serde(default)]
    admits: bool,
    /// Whether it counts the scans that it describes.
    #[serde(default)]
    counts: bool,
    /// A column whose values it reveals in a code of its own, with a `+` in its name.
    #[serde(default)]
    coded: Option<String>,
}

register!(CorpusGenerator "gossip" => Gossip);

impl CorpusGenerator for Gossip {
    fn tells(&self) -> Vec<String> {
        let behind = self.behind.iter().filter(|_| self.admits);
        behind.map(|(column, _)| column.replace('+', "")).collect()
    }

    fn fit(&self, _: &TrainScans<'_>, _: u64) -> Result<Box<dyn Describer>> {
        self.load(Path::new(""))
    }

    fn load(&self, _: &Path) -> Result<Box<dyn Describer>> {
        // A `+` in the table keeps the leak check from recognising the column in the table's strings.
        let behind = self.behind.iter().map(|(column, name)| (column.replace('+', ""), name.clone()));
        let columns = self.columns.iter().map(|column| (column.clone(), column.clone()));
        Ok(Box::new(Told {
            columns: columns.chain(behind).collect(),
            counts: self.counts,
            coded: self.coded.as_ref().map(|column| column.replace('+', "")),
            described: AtomicUsize::new(0),
        }))
    }
}

struct Told {
    columns: Vec<(String, String)>,
    counts: bool,
    coded: Option<String>,
    described: AtomicUsize,
}

impl Describer for Told {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        let mut said = vec![("signal".to_owned(), "is there".to_owned())];
        for (column, name) in &self.columns {
            let value = scan.info.phenotype.get(column).map_or("unknown", String::as_str);
            said.push((name.clone(), value.to_owned()));
        }
        if let Some(column) = &self.coded {
            let length = scan.info.phenotype.get(column).map_or(0, String::len);
            said.push(("mood".to_owned(), format!("has {length} signs")));
        }
        if self.counts {
            let before = self.described.fetch_add(1, Ordering::Relaxed);
            said.push(("place".to_owned(), format!("after {before} others")));
        }
        let descriptor = |(feature, band): (String, String)| {
            let text = format!("The {feature} {band}.");
            Descriptor::new(&scan.info.id, text, Fact { feature, band, ..Fact::default() })
        };
        Ok(said.into_iter().map(descriptor).collect())
    }

    fn read(&self, _: &str) -> Result<Vec<Fact>> {
        Ok(Vec::new())
    }

    fn save(&self, _: &Path) -> Result<()> {
        Ok(())
    }
}
