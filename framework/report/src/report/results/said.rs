//! Sentences about a task's results: against its baselines, against chance, and whether the model uses
//! the scan.

use boldface_tables::summary::{Score, Verdict};

use super::{Results, minus, told};
use crate::report::document::metric_label;
use crate::report::number::{self, listed};
use crate::score::SWAP;

/// The chance level of one metric, and whether the model is above it.
struct Chance {
    name: String,
    is_beaten: bool,
}

impl Results {
    /// Writes the sentences below the table: why there are no intervals, how the model compares with
    /// its first `most` baselines, and whether it uses the scan.
    pub fn sentences(&self, most: usize) -> Vec<String> {
        [self.prior_use(), self.without_intervals(), self.verdict(most), self.scan_use()]
            .into_iter()
            .flatten()
            .collect()
    }

    /// What the model adds to the prior it starts from.
    fn prior_use(&self) -> Option<String> {
        let (model, (prior, weight)) = (self.model.as_ref()?, self.prior.as_ref()?);
        Some(if *weight == 0.0 {
            format!(
                "{model} answers as its prior {prior} does: on validation {{subject}}s no correction by the model \
                 helped. `without-prior` is the model alone."
            )
        } else {
            format!(
                "{model} starts from its prior {prior} and corrects it with weight {weight}, chosen on validation \
                 {{subject}}s. `without-prior` is the model alone."
            )
        })
    }

    /// Compares the model with its first `most` baselines. `None` if the differences have no intervals.
    fn verdict(&self, most: usize) -> Option<String> {
        let (model, metric) = (self.model.as_ref()?, self.headline()?);
        let score = self.score(model, metric)?;
        let label = self.in_unit(metric, metric_label(metric));
        let subject = format!("{label}: {model} {}", told(score.value, score.interval));
        if self.against.is_empty() {
            return Some(format!("{subject}, compared with nothing."));
        }
        if score.differences.iter().all(|difference| difference.interval.is_none()) {
            return None;
        }
        let (mut better, mut not_better, mut worse, mut unknown) = (vec![], vec![], vec![], vec![]);
        let chance = self.chance(score).filter(|chance| !chance.is_beaten);
        for against in self.baselines().take(most) {
            let Some(difference) = minus(score, against) else { continue };
            let (value, interval) = number::difference(difference.value, difference.interval);
            let interval = interval.map_or_else(String::new, |interval| format!(" {interval}"));
            match difference.verdict {
                Verdict::Better => better.push(format!("{against} ({value}{interval})")),
                Verdict::Worse => worse.push(format!("{against} ({value}{interval})")),
                Verdict::NotBetter => not_better.push((against, format!(" ({value}{interval} includes 0)"))),
                Verdict::Unknown => unknown.push(against.as_str()),
            }
        }
        // The table has every difference; a sentence with many of them is a wall.
        let not_better: Vec<String> = match &not_better[..] {
            [(against, interval)] => vec![format!("{against}{interval}")],
            several => several.iter().map(|(against, _)| (*against).clone()).collect(),
        };
        let mut clauses = Vec::new();
        for (words, names) in [("not better than", &not_better), ("worse than", &worse)] {
            clauses.extend((!names.is_empty()).then(|| format!("{words} {}", listed(names))));
        }
        let are = |n| if n == 1 { "the difference has" } else { "the differences have" };
        clauses.extend((!unknown.is_empty()).then(|| {
            format!("not comparable with {} ({} no interval)", listed(&unknown), are(unknown.len()))
        }));
        match chance.filter(|_| !better.is_empty()) {
            Some(chance) => {
                let rest = if clauses.is_empty() {
                    String::new()
                } else {
                    format!("; it is {}", clauses.join("; "))
                };
                Some(format!(
                    "{subject} is not above {}, so being better than {} says nothing{rest}.",
                    chance.name,
                    listed(&better)
                ))
            }
            None => {
                if !better.is_empty() {
                    clauses.insert(0, format!("better than {}", listed(&better)));
                }
                (!clauses.is_empty()).then(|| format!("{subject} is {}.", clauses.join("; ")))
            }
        }
    }

    /// Says whether the model uses the scan, by comparing with other people's scans. `None` without
    /// that control or without an interval of the difference.
    fn scan_use(&self) -> Option<String> {
        let (model, metric) = (self.model.as_ref()?, self.headline()?);
        let score = self.score(model, metric)?;
        let difference = minus(score, SWAP)?;
        let (ours, value) = (score.value?, difference.value?);
        let (by, interval) = number::difference(difference.value, difference.interval);
        let interval = interval?;
        let label = self.in_unit(metric, metric_label(metric));
        let [own, others] = [ours, ours - value].map(|value| number::score(Some(value)));
        let numbers = format!("{label} {own} against {others} with another person's scan ({by} {interval}");
        let not_above = self.chance(score).filter(|chance| !chance.is_beaten);
        match (difference.verdict, not_above) {
            (Verdict::Unknown, _) => None,
            (Verdict::Better, None) => Some(format!("It uses the scan: {numbers}).")),
            (Verdict::Better, Some(chance)) => Some(format!(
                "It is not shown to use the scan: {numbers}), but {own} is not above {}.",
                chance.name
            )),
            (Verdict::NotBetter, _) => {
                Some(format!("Its score is not shown to depend on whose scan it is: {numbers} includes 0)."))
            }
            (Verdict::Worse, _) => Some(format!("It does worse with the right scan: {numbers}).")),
        }
    }

    /// Says why there are no intervals, if too few subjects are the reason.
    pub fn without_intervals(&self) -> Option<String> {
        self.subjects.filter(|_| !self.has_intervals()).and_then(number::too_few)
    }

    /// Whether any score or difference has an interval.
    pub fn has_intervals(&self) -> bool {
        let differs = |score: &Score| score.differences.iter().any(|minus| minus.interval.is_some());
        self.scores.iter().any(|score| score.interval.is_some() || differs(score))
    }

    /// Returns the verdict in a few words, for a one-line summary of the run.
    pub fn in_short(&self) -> Option<String> {
        let (model, metric) = (self.model.as_ref()?, self.headline()?);
        let score = self.score(model, metric)?;
        let clause = |against: &String| {
            let word = match minus(score, against)?.verdict {
                Verdict::Better => match self.chance(score).filter(|chance| !chance.is_beaten) {
                    Some(chance) => return Some(format!(", not above {}", chance.name)),
                    None => "better than",
                },
                Verdict::Worse => "worse than",
                Verdict::NotBetter => "not better than",
                Verdict::Unknown => return None,
            };
            Some(format!(", {word} {against} ({})", number::score(self.score(against, metric)?.value)))
        };
        let compared = self.baselines().find_map(clause).unwrap_or_default();
        let label = self.in_unit(metric, metric_label(metric));
        Some(format!("{} {label} {}{compared}", self.task, number::score(score.value)))
    }

    /// Returns the baselines that the verdict compares with. The swap control has its own sentence.
    fn baselines(&self) -> impl Iterator<Item = &String> {
        self.against.iter().filter(|name| *name != SWAP)
    }

    /// Returns the score of one model or baseline.
    pub(super) fn score(&self, plugin: &str, metric: &str) -> Option<&Score> {
        self.scores.iter().find(|score| score.plugin == plugin && score.metric == metric)
    }

    /// Returns the chance level that the metric states, if any, and whether the whole interval of the score is on the
    /// better side of it.
    fn chance(&self, score: &Score) -> Option<Chance> {
        let level = score.chance?;
        let is_better =
            |(low, high)| if score.higher_is_better == Some(false) { high < level } else { low > level };
        Some(Chance { name: chance_level(level), is_beaten: score.interval.is_some_and(is_better) })
    }
}

/// Names a level of chance: `chance (0.5)`.
pub(super) fn chance_level(level: f64) -> String {
    let shown = number::score(Some(level));
    format!("chance ({})", shown.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use boldface::Part;
    use boldface_tables::summary::{ScoreDifference, verdict};

    use super::*;

    /// Makes a score of `plugin` with its differences from others.
    fn score(plugin: &str, metric: &str, value: f64, reach: Option<f64>, minus: &[(&str, f64)]) -> Score {
        let around = |value: f64| reach.map(|reach| (value - reach, value + reach));
        let up = Some(metric != "mse");
        let difference = |(against, value): &(&str, f64)| ScoreDifference {
            against: (*against).to_owned(),
            value: Some(*value),
            interval: around(*value),
            verdict: verdict(around(*value), up),
        };
        Score {
            task: "sex".into(),
            split: "test".into(),
            plugin: plugin.into(),
            baseline: plugin != "gpt",
            metric: metric.into(),
            n: Some(60),
            value: Some(value),
            interval: around(value),
            higher_is_better: up,
            chance: (metric != "mse").then_some(0.5),
            unit: None,
            differences: minus.iter().map(difference).collect(),
        }
    }

    fn results(scores: Vec<Score>) -> Results {
        let names =
            |score: &Score| score.differences.iter().map(|minus| minus.against.clone()).collect::<Vec<_>>();
        Results {
            part: Part::Test,
            task: "sex".into(),
            plugin: "classification".into(),
            model: Some("gpt".into()),
            answerers: scores.iter().map(|score| score.plugin.clone()).collect(),
            against: names(&scores[0]),
            metrics: vec![scores[0].metric.clone()],
            prior: None,
            rests_on: String::new(),
            subjects: Some(20),
            scores,
        }
    }

    fn one(metric: &str, value: f64, minus: &[(&str, f64)]) -> Results {
        results(vec![
            score("gpt", metric, value, Some(0.1), minus),
            score("majority", metric, 0.5, None, &[]),
        ])
    }

    #[test]
    fn better_than_a_baseline_needs_more_than_chance() {
        let said = |value| one("auroc", value, &[("fc-logistic", 0.2)]).verdict(9).unwrap();
        assert_eq!(
            said(0.7),
            "AUROC: gpt 0.700 [0.600, 0.800] is better than fc-logistic (+0.200 [0.100, 0.300])."
        );
        assert_eq!(
            said(0.55),
            "AUROC: gpt 0.550 [0.450, 0.650] is not above chance (0.5), so being better than fc-logistic (+0.200 \
             [0.100, 0.300]) says nothing."
        );
        let several = one("auroc", 0.55, &[("fc-logistic", -0.2), ("site-only", 0.2), ("text-only", 0.3)]);
        assert!(several.verdict(9).unwrap().ends_with(
            "is not above chance (0.5), so being better than site-only (+0.200 [0.100, 0.300]) and text-only (+0.300 \
             [0.200, 0.400]) says nothing; it is worse than fc-logistic (-0.200 [-0.300, -0.100])."
        ));
        assert_eq!(
            one("auroc", 0.55, &[("site-only", 0.2)]).in_short().unwrap(),
            "sex AUROC 0.550, not above chance (0.5)"
        );
        let even = [("fc-logistic", 0.01), ("site-only", 0.2), ("text-only", 0.02), ("swap", 0.0)];
        assert_eq!(
            one("auroc", 0.75, &even).verdict(9).unwrap(),
            "AUROC: gpt 0.750 [0.650, 0.850] is better than site-only (+0.200 [0.100, 0.300]); not better than \
             fc-logistic and text-only."
        );
        // A result that claims nothing needs no sentence about chance.
        let worse = one("auroc", 0.45, &[("fc-logistic", -0.2)]).verdict(9).unwrap();
        assert!(worse.contains("is worse than fc-logistic") && !worse.contains("chance"), "{worse}");
    }

    #[test]
    fn any_metric_may_state_its_level_of_chance() {
        // Somebody else's metric: an error of which guessing makes 0.9.
        let lower = |value: f64| {
            let ours = Score {
                chance: Some(0.9),
                higher_is_better: Some(false),
                ..score("gpt", "mse", value, Some(0.1), &[("ar", -0.2)])
            };
            results(vec![Score { metric: "icc_error".into(), ..ours }]).verdict(9).unwrap()
        };
        assert!(
            lower(0.7).starts_with("icc error: gpt 0.700 [0.600, 0.800] is better than ar"),
            "{}",
            lower(0.7)
        );
        assert!(
            lower(0.85).contains("is not above chance (0.9), so being better than ar"),
            "{}",
            lower(0.85)
        );
        // A metric without a chance level gets no sentence about chance.
        assert!(one("mse", 0.9, &[("ar", -0.2)]).verdict(9).unwrap().contains("is better than ar"));
    }

    #[test]
    fn whether_the_scan_is_used_is_said_by_other_peoples_scans() {
        let said =
            |value, minus| one("auroc", value, &[("fc-logistic", 0.2), ("swap", minus)]).scan_use().unwrap();
        assert_eq!(
            said(0.71, 0.19),
            "It uses the scan: AUROC 0.710 against 0.520 with another person's scan (+0.190 [0.090, 0.290])."
        );
        assert_eq!(
            said(0.55, 0.05),
            "Its score is not shown to depend on whose scan it is: AUROC 0.550 against 0.500 with another person's \
             scan (+0.050 [-0.050, 0.150] includes 0)."
        );
        assert_eq!(
            said(0.4, -0.2),
            "It does worse with the right scan: AUROC 0.400 against 0.600 with another person's scan (-0.200 [-0.300, \
             -0.100])."
        );
        assert_eq!(
            said(0.55, 0.2),
            "It is not shown to use the scan: AUROC 0.550 against 0.350 with another person's scan (+0.200 [0.100, \
             0.300]), but 0.550 is not above chance (0.5)."
        );
        // Lower errors are better.
        let said = one("mse", 0.9, &[("swap", -0.3)]).scan_use().unwrap();
        assert!(said.starts_with("It uses the scan: MSE 0.900 against 1.200 with"), "{said}");
        assert_eq!(one("auroc", 0.7, &[("fc-logistic", 0.2)]).scan_use(), None);
        // The control does not count as a baseline.
        assert_eq!(one("auroc", 0.7, &[("swap", 0.2)]).verdict(9), None);
    }

    #[test]
    fn without_intervals_there_is_no_verdict_but_a_reason() {
        let scores = || vec![score("gpt", "auroc", 0.9, None, &[("fc-logistic", 0.2), ("swap", 0.3)])];
        let few = Results { subjects: Some(5), ..results(scores()) };
        assert_eq!((few.verdict(9), few.scan_use()), (None, None));
        assert_eq!(few.in_short().unwrap(), "sex AUROC 0.900");
        assert_eq!(few.without_intervals().unwrap(), "no intervals: 5 {subject}s, at least 10 are needed");
        // With ten subjects the reason is another one, such as an undefined score.
        assert_eq!(Results { subjects: Some(10), ..results(scores()) }.without_intervals(), None);
        // A run of an older version has intervals.
        let old = Results { subjects: Some(5), ..one("auroc", 0.7, &[("fc-logistic", 0.2)]) };
        assert_eq!(old.without_intervals(), None);
    }
}
