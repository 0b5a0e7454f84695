//! Expands `grid`, `zip` and `when` into points. Users of W&B and Hydra ask for conditional axes (`when`).

use boldface::Problem;
use serde_json::Value;

use super::keys::{ArmSettings, Setting, SweepBase, insert, leaves, overlap, same, settings};
use super::table::{SweepTable, When};
use crate::spec::Table;

/// One key and its values.
#[derive(Clone, Debug)]
pub(super) struct SweepAxis {
    pub key: String,
    pub values: Vec<Value>,
    /// Its place in the sweep.
    pub at: String,
}

/// One combination of values.
#[derive(Clone, Debug, Default)]
pub(super) struct GridPoint {
    /// The value of each axis, in order.
    pub values: Vec<(String, Value)>,
    /// Settings of the point. A value that is a table makes several settings.
    pub settings: ArmSettings,
}

/// The valid axes of a sweep.
pub(super) struct Axes {
    pub grid: Vec<SweepAxis>,
    pub zip: Vec<SweepAxis>,
    pub when: Vec<Conditional>,
}

/// Axes that apply only under a condition.
pub(super) struct Conditional {
    condition: ArmSettings,
    at: String,
    pub grid: Vec<SweepAxis>,
    pub zip: Vec<SweepAxis>,
}

/// Largest number of arms. A larger sweep is probably a mistake.
pub(super) const MOST: usize = 10_000;

impl Axes {
    /// Reads the axes and reports the problems of each.
    pub fn read(table: &SweepTable, base: &SweepBase<'_>, problems: &mut Vec<Problem>) -> Axes {
        let grid = axes(&table.grid, "grid", base, problems);
        let zip = zipped(&table.zip, "zip", base, problems);
        let read = |(i, when): (usize, &When)| {
            let at = format!("when[{i}]");
            let condition = settings(&when.r#if, &format!("{at}.if"), problems);
            for (key, setting) in &condition {
                base.check(key, &setting.at, problems);
            }
            let grid = axes(&when.grid, &format!("{at}.grid"), base, problems);
            let zip = zipped(&when.zip, &format!("{at}.zip"), base, problems);
            if when.grid.is_empty() && when.zip.is_empty() {
                let problem = Problem::at(&at, "the condition has no axis");
                problems.push(problem.help("add a `grid` or a `zip` to it"));
            }
            Conditional { condition, at, grid, zip }
        };
        let when = table.when.iter().enumerate().map(read).collect();
        let axes = Axes { grid, zip, when };
        axes.check_overlaps(problems);
        axes
    }

    /// Returns every axis.
    pub fn all(&self) -> impl Iterator<Item = &SweepAxis> {
        let inside = self.when.iter().flat_map(|when| when.grid.iter().chain(&when.zip));
        self.grid.iter().chain(&self.zip).chain(inside)
    }

    /// Returns all combinations. The first axis varies slowest.
    pub fn points(&self, base: &SweepBase<'_>, problems: &mut Vec<Problem>) -> Vec<GridPoint> {
        if self.all().next().is_none() {
            return Vec::new();
        }
        let mut points = product(vec![GridPoint::default()], &self.grid, &self.zip, problems);
        for when in &self.when {
            let (inside, outside): (Vec<GridPoint>, Vec<GridPoint>) =
                points.into_iter().partition(|point| matches(&point.settings, &when.condition, base));
            if inside.is_empty() {
                let problem = Problem::at(&when.at, "no combination fulfils this condition");
                problems.push(problem.help("compare its `if` with the axes and the base"));
            }
            points = product(inside, &when.grid, &when.zip, problems);
            points.extend(outside);
        }
        points
    }

    /// Reports keys with two axes. Two conditions may share a key, as long as no combination meets both.
    fn check_overlaps(&self, problems: &mut Vec<Problem>) {
        let always: Vec<&SweepAxis> = self.grid.iter().chain(&self.zip).collect();
        report_overlaps(&[], &always, problems);
        for when in &self.when {
            let own: Vec<&SweepAxis> = when.grid.iter().chain(&when.zip).collect();
            report_overlaps(&always, &own, problems);
        }
    }
}

fn report_overlaps(before: &[&SweepAxis], axes: &[&SweepAxis], problems: &mut Vec<Problem>) {
    for (i, axis) in axes.iter().enumerate() {
        let mut earlier = before.iter().chain(&axes[..i]);
        let Some(other) = earlier.find(|other| overlap(&other.key, &axis.key)) else { continue };
        let message = match other.key == axis.key {
            true => format!("two axes on `{}`", axis.key),
            false => format!("two axes on one key: `{}` and `{}`", other.key, axis.key),
        };
        problems.push(Problem::at(&axis.at, message).help(format!("the other one is `{}`", other.at)));
    }
}

fn axes(table: &Table, at: &str, base: &SweepBase<'_>, problems: &mut Vec<Problem>) -> Vec<SweepAxis> {
    let mut axes = Vec::new();
    for (key, at, value) in leaves(table, at) {
        base.check(&key, &at, problems);
        match value {
            Value::Array(values) if values.is_empty() => {
                let problem = Problem::at(&at, format!("the axis `{key}` has no values"));
                problems.push(problem.help("list its values, or remove it"));
            }
            Value::Array(values) => axes.push(SweepAxis { key, values: values.clone(), at }),
            other => {
                let problem = Problem::at(&at, format!("expected a list of values, found `{other}`"));
                problems.push(problem.help(format!("write `[{other}]`, or set it in the base")));
            }
        }
    }
    if !at.ends_with("zip") {
        for SweepAxis { key, values, at } in &axes {
            let repeated =
                (1..values.len()).find(|&i| values[..i].iter().any(|value| same(value, &values[i])));
            if let Some(i) = repeated {
                let message = format!("`{}` occurs twice in the axis `{key}`", values[i]);
                problems.push(Problem::at(format!("{at}[{i}]"), message).help("remove one of them"));
            }
        }
    }
    axes
}

fn zipped(table: &Table, at: &str, base: &SweepBase<'_>, problems: &mut Vec<Problem>) -> Vec<SweepAxis> {
    let axes = axes(table, at, base, problems);
    let Some(first) = axes.first() else { return axes };
    let mut is_equal = true;
    for axis in &axes[1..] {
        if axis.values.len() != first.values.len() {
            let (n, m) = (axis.values.len(), first.values.len());
            let message = format!("`{}` has {n} values and `{}` has {m}", axis.key, first.key);
            problems.push(
                Problem::at(&axis.at, message).help("zipped lists advance together: make them equally long"),
            );
            is_equal = false;
        }
    }
    if is_equal { axes } else { Vec::new() }
}

/// Combines every point with every combination of `grid` and every row of `zip`.
fn product(
    points: Vec<GridPoint>,
    grid: &[SweepAxis],
    zip: &[SweepAxis],
    problems: &mut Vec<Problem>,
) -> Vec<GridPoint> {
    let rows = zip.first().map_or(1, |axis| axis.values.len());
    let sizes = grid.iter().map(|axis| axis.values.len()).chain([rows, points.len()]);
    if sizes.fold(1_usize, usize::saturating_mul) > MOST {
        let at = grid.iter().chain(zip).next().map(|axis| axis.at.clone()).unwrap_or_default();
        let problem = Problem::at(at, format!("the axes have more than {MOST} combinations"));
        problems.push(problem.help("shorten them, or divide the sweep"));
        return Vec::new();
    }
    let mut points = points;
    for axis in grid {
        points = each(&points, 0..axis.values.len(), |point, i| point.set(axis, i, problems));
    }
    if !zip.is_empty() {
        points = each(&points, 0..rows, |point, i| zip.iter().for_each(|axis| point.set(axis, i, problems)));
    }
    points
}

fn each(
    points: &[GridPoint],
    choices: std::ops::Range<usize>,
    mut choose: impl FnMut(&mut GridPoint, usize),
) -> Vec<GridPoint> {
    let mut chosen = Vec::with_capacity(points.len() * choices.len());
    for point in points {
        for i in choices.clone() {
            let mut point = point.clone();
            choose(&mut point, i);
            chosen.push(point);
        }
    }
    chosen
}

impl GridPoint {
    fn set(&mut self, axis: &SweepAxis, i: usize, problems: &mut Vec<Problem>) {
        let (key, value, at) = (&axis.key, &axis.values[i], format!("{}[{i}]", axis.at));
        self.values.push((key.clone(), value.clone()));
        let table = Table::from_iter([(key.clone(), value.clone())]);
        for (key, _, value) in leaves(&table, "") {
            let setting = Setting { value: Some(value.clone()), at: at.clone() };
            insert(&mut self.settings, key, setting, problems);
        }
    }
}

/// Whether an arm has all values in `wanted`. Keys that the arm does not set have the base's values.
pub(super) fn matches(settings: &ArmSettings, wanted: &ArmSettings, base: &SweepBase<'_>) -> bool {
    wanted.iter().all(|(key, wanted)| {
        let value = match settings.get(key) {
            Some(setting) => setting.value.as_ref(),
            None if is_dropped(settings, key) => None,
            None => base.get(key),
        };
        match (value, &wanted.value) {
            (Some(value), Some(wanted)) => same(value, wanted),
            (value, wanted) => value.is_none() && wanted.is_none(),
        }
    })
}

fn is_dropped(settings: &ArmSettings, key: &str) -> bool {
    settings.iter().any(|(dropped, setting)| setting.value.is_none() && overlap(dropped, key))
}
