//! A library for tests, whose plugins do everything a plugin should not do.

use std::path::Path;

use boldface::{
    Answer, CheckContext, CorpusGenerator, Describer, Descriptor, Deserialize, Error, Example, Fact,
    JsonSchema, Metric, Outcome, Problem, Result, Scan, Serialize, Task, TrainScans, Window, register,
};

boldface::export_plugins!();

/// The kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum How {
    /// It panics.
    Panic,
    /// It returns NaN.
    Nan,
    /// It never returns.
    Loop,
    /// It ends the program as if all were well.
    Exit,
    /// It returns an error with a cause.
    Error,
    /// It does not fail, but writes a log event.
    Log,
}

/// The function that fails.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Where {
    Check,
    Examples,
    Score,
}

/// A task that fails in the way and in the function named in its table.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Misbehaving {
    /// The kind of failure.
    how: How,
    /// The function that fails.
    r#in: Where,
}

register!(Task "misbehaving" => Misbehaving);

/// Returns a number, unless the failure prevents it.
fn misbehave(how: How) -> Result<f64> {
    match how {
        How::Panic => panic!("this task always panics"),
        How::Nan => Ok(f64::NAN),
        How::Loop => loop {
            std::thread::park();
        },
        How::Exit => std::process::exit(0),
        How::Error => Err(std::io::Error::other(std::fmt::Error).into()),
        How::Log => {
            tracing::warn!(volumes = 3, "This task is talkative.");
            Ok(1.0)
        }
    }
}

impl Misbehaving {
    fn number(&self, here: Where) -> Result<f64> {
        if self.r#in == here { misbehave(self.how) } else { Ok(1.0) }
    }
}

impl Task for Misbehaving {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let value = self.number(Where::Examples)?;
        let answer = if value.is_nan() {
            Answer::Value { value, unit: String::new(), edges: Vec::new() }
        } else {
            let options = vec!["a".to_owned(), "b".to_owned()];
            Answer::Choice { correct: usize::from(scan.info.phenotype["group"] == "b"), options }
        };
        Ok(vec![Example {
            window: Window::first(scan.series.trs()),
            question: "How much?".to_owned(),
            answer,
        }])
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let count = outcomes.len() as f64;
        Ok(vec![Metric::neutral("one", self.number(Where::Score)?), Metric::neutral("answers", count)])
    }

    fn cautions(&self, cx: &CheckContext<'_>) -> Vec<String> {
        vec![format!("some of {} scans are passed over", cx.scans.len())]
    }

    fn check(&self, _cx: &CheckContext<'_>) -> Vec<Problem> {
        match self.number(Where::Check) {
            Ok(_) => Vec::new(),
            Err(error) => vec![Problem::at("how", error.to_string())],
        }
    }
}

/// A generator that fails with the columns that it sees.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Nosy {
    /// Columns that the table names.
    #[serde(default)]
    columns: Vec<String>,
    /// Whether it fails when it fits; otherwise when it describes.
    #[serde(default)]
    early: bool,
}

register!(CorpusGenerator "nosy" => Nosy);

/// Returns an error that lists the columns of a scan.
fn seen(scan: &Scan) -> Error {
    format!("it sees {:?}", scan.info.phenotype.keys().collect::<Vec<_>>()).into()
}

impl CorpusGenerator for Nosy {
    fn fit(&self, train: &TrainScans<'_>, _seed: u64) -> Result<Box<dyn Describer>> {
        match train.iter().next().filter(|_| self.early) {
            Some(scan) => Err(seen(scan)),
            None => Ok(Box::new(self.clone())),
        }
    }

    fn load(&self, _dir: &Path) -> Result<Box<dyn Describer>> {
        Ok(Box::new(self.clone()))
    }
}

impl Describer for Nosy {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        Err(seen(scan))
    }

    fn read(&self, _text: &str) -> Result<Vec<Fact>> {
        Ok(Vec::new())
    }

    fn save(&self, _dir: &Path) -> Result<()> {
        Ok(())
    }
}

/// A generator whose facts contain NaN.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Nonsense {
    /// Whether it panics when asked for the columns that its sentences reveal.
    #[serde(default)]
    secretive: bool,
}

register!(CorpusGenerator "nonsense" => Nonsense);

impl CorpusGenerator for Nonsense {
    fn fit(&self, _train: &TrainScans<'_>, _seed: u64) -> Result<Box<dyn Describer>> {
        Ok(Box::new(Nonsense { secretive: false }))
    }

    fn load(&self, _dir: &Path) -> Result<Box<dyn Describer>> {
        Ok(Box::new(Nonsense { secretive: false }))
    }

    fn tells(&self) -> Vec<String> {
        assert!(!self.secretive, "that is a secret");
        Vec::new()
    }
}

impl Describer for Nonsense {
    fn describe(&self, scan: &Scan) -> Result<Vec<Descriptor>> {
        let fact = Fact { feature: "nonsense".to_owned(), value: Some(f64::NAN), ..Fact::default() };
        Ok(vec![Descriptor::new(&scan.info.id, "Nonsense.".to_owned(), fact)])
    }

    fn read(&self, _text: &str) -> Result<Vec<Fact>> {
        Ok(Vec::new())
    }

    fn save(&self, _dir: &Path) -> Result<()> {
        Ok(())
    }
}
