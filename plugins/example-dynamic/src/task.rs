//! Asks for a phenotype of the scanned subject.

use boldface::{
    Answer, Deserialize, Example, JsonSchema, Metric, Outcome, Result, Scan, Serialize, Task, Window,
    register, scores,
};

/// Asks for the `target` of a scan and ranks the `classes` by log-likelihood. Scores: `accuracy`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ExampleTask {
    /// The column of the participants, sessions or scans table to ask for.
    target: String,
    /// The permitted answers.
    classes: Vec<String>,
}

register!(Task "example-task" => ExampleTask);

impl Task for ExampleTask {
    fn examples(&self, scan: &Scan) -> Result<Vec<Example>> {
        let Some(value) = scan.info.phenotype.get(&self.target) else { return Ok(Vec::new()) };
        let correct = self.classes.iter().position(|class| class == value);
        let correct = correct.ok_or_else(|| format!("`{}` is `{value}`, which is no class", scan.info.id))?;
        let question = format!("What is the {} of this scan?", self.target);
        let answer = Answer::Choice { options: self.classes.clone(), correct };
        Ok(vec![Example { window: Window::first(scan.series.trs()), question, answer }])
    }

    fn score(&self, outcomes: &[&Outcome]) -> Result<Vec<Metric>> {
        let choices: Result<Vec<_>> = outcomes.iter().map(|outcome| outcome.choice()).collect();
        let (correct, chosen): (Vec<_>, Vec<_>) = choices?.into_iter().unzip();
        Ok(vec![Metric::higher_is_better("accuracy", scores::accuracy(&correct, &chosen))])
    }
}

#[cfg(test)]
mod tests {
    use boldface::testing::{chosen, scan};

    use super::*;

    #[test]
    fn the_phenotype_is_asked_for_and_hits_are_counted() {
        let task = ExampleTask { target: "sex".to_owned(), classes: vec!["F".to_owned(), "M".to_owned()] };
        let scans = [scan("01", &[("sex", "M")]), scan("02", &[("sex", "F")])];
        // Both scans are answered `F`, which is right only for the second: 1 of 2.
        let outcomes = scans.each_ref().map(|scan| chosen(scan, &task.examples(scan).unwrap()[0], 0));
        assert_eq!(outcomes[0].example.question, "What is the sex of this scan?");
        let metrics = task.score(&outcomes.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(metrics, [Metric::higher_is_better("accuracy", 0.5)]);
        assert!(task.examples(&scan("03", &[])).unwrap().is_empty());
    }
}
