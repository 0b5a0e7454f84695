//! The forest plot of a task's results.

use boldface_tables::summary::Score;

use super::said::chance_level;
use super::{Results, difference_cell, minus};
use crate::report::document::metric_label;
use crate::report::forest::{Forest, ForestRow, Role};
use crate::report::sections::slug;

impl Results {
    /// Returns the baseline with the best score on this part, the first of equal ones. `None` if the metric to state
    /// has no direction.
    pub fn best_baseline(&self) -> Option<&str> {
        let metric = self.headline()?;
        let up = self.higher_is_better(metric)?;
        let mut best: Option<(&str, f64)> = None;
        for name in &self.answerers {
            let Some(score) = self.score(name, metric).filter(|score| score.baseline) else { continue };
            let Some(value) = score.value.map(|value| if up { value } else { -value }) else { continue };
            if best.is_none_or(|(_, known)| value > known) {
                best = Some((name, value));
            }
        }
        best.map(|(name, _)| name)
    }

    /// Builds the forest plot of the metric to state, with a line at the score of `best`, the baseline that was best on
    /// validation. `None` if nothing was scored.
    pub fn forest(&self, best: Option<&str>) -> Option<Forest> {
        let metric = self.headline()?;
        let model = self.model.as_ref().and_then(|model| self.score(model, metric));
        let row = |name: &String| {
            let score = self.score(name, metric)?;
            let difference = model.and_then(|model| minus(model, name)).map(difference_cell);
            Some(ForestRow {
                name: name.clone(),
                role: self.role(score),
                value: score.value,
                interval: score.interval,
                difference,
            })
        };
        let rows: Vec<ForestRow> = self.answerers.iter().filter_map(row).collect();
        let chance = self.scores.iter().filter(|score| score.metric == metric).find_map(|score| score.chance);
        let best = best.and_then(|name| Some((name, self.score(name, metric)?.value?)));

        let mut caption = vec!["Circle: the model; square: a baseline; ring: a control.".to_owned()];
        caption.extend(chance.map(|level| format!("Dashed line: {}.", chance_level(level))));
        caption.extend(best.map(|(name, _)| format!("Solid line: {name}, the best baseline on validation.")));
        if let Some(model) = self.model.as_ref().filter(|_| rows.iter().any(|row| row.difference.is_some())) {
            caption.push(format!("Difference: {model} minus the row."));
        }
        let metric = self.directed(metric, metric_label(metric));
        Some(Forest {
            slug: format!("forest-{}-{}", self.part.name(), slug(&self.task)),
            title: format!("{}: {metric}", self.caption()),
            metric,
            caption: caption.join(" "),
            rows,
            chance,
            best: best.map(|(_, value)| value),
        })
    }

    fn role(&self, score: &Score) -> Role {
        match self.model.as_ref() == Some(&score.plugin) {
            true => Role::Model,
            false if score.baseline => Role::Baseline,
            false => Role::Control,
        }
    }
}
