//! Reads a column of a table as categories: its values, bins of its numbers or dates, rare values together.

use std::collections::{BTreeMap, BTreeSet};

/// Numbers of bins for a numeric column. Bins have equally many examples, and the cut that predicts best
/// is used.
const CUTS: [usize; 4] = [2, 3, 5, 10];

/// Numbers the distinct values from 0. A missing value is a category of its own.
pub fn categories<T: Ord>(values: &[T]) -> Vec<usize> {
    let mut seen: BTreeMap<&T, usize> = BTreeMap::new();
    values
        .iter()
        .map(|value| {
            let next = seen.len();
            *seen.entry(value).or_insert(next)
        })
        .collect()
}

/// Returns a column as categories. A column with many numbers or dates is cut into bins in several ways.
/// Rare values of others are also put together: each alone occurs too seldom to tell anything.
pub fn cuts(values: &[Option<&str>]) -> Vec<Vec<usize>> {
    let plain = categories(values);
    let numbers: Vec<Option<f64>> =
        values.iter().map(|value| value.and_then(|text| ordered(text).or_else(|| hour(text)))).collect();
    let (there, known) = (values.iter().flatten().count(), numbers.iter().flatten().count());
    let most = CUTS.iter().copied().max().unwrap_or(1);
    let is_short = plain.iter().max().is_none_or(|&last| last < most);
    if is_short || known * 10 < there * 9 {
        let rare = pool_rare(values, &plain);
        return std::iter::once(plain).chain(rare).collect();
    }
    let mut all = binned(values, &numbers);
    let hours: Vec<Option<f64>> = values.iter().map(|value| value.and_then(hour)).collect();
    if hours.iter().flatten().count() * 10 >= there * 9 {
        all.extend(binned(values, &hours));
    }
    all
}

/// Cuts a column of numbers into bins. Missing values come after the last bin, and then values that are
/// no numbers.
fn binned(values: &[Option<&str>], numbers: &[Option<f64>]) -> Vec<Vec<usize>> {
    let mut sorted: Vec<f64> = numbers.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let cut = |bins: usize| {
        let edges: Vec<f64> = (1..bins).map(|bin| sorted[bin * sorted.len() / bins]).collect();
        let bin = |(value, number): (&Option<&str>, &Option<f64>)| match number {
            Some(x) => edges.partition_point(|edge| edge <= x),
            None => bins + usize::from(value.is_some()),
        };
        values.iter().zip(numbers).map(bin).collect()
    };
    CUTS.into_iter().map(cut).collect()
}

/// Puts the values that few examples have into one category; `None` if there are no two of them. A missing
/// value is none of them.
fn pool_rare(values: &[Option<&str>], plain: &[usize]) -> Option<Vec<usize>> {
    let mut counts = vec![0; plain.iter().max().map_or(0, |last| last + 1)];
    plain.iter().for_each(|&category| counts[category] += 1);
    let least = (plain.len() / 20).max(2);
    let is_rare = |place: usize| values[place].is_some() && counts[plain[place]] < least;
    let pooled = |place: usize| if is_rare(place) { counts.len() } else { plain[place] };
    let rare: BTreeSet<usize> = (0..plain.len()).filter(|&i| is_rare(i)).map(|i| plain[i]).collect();
    (rare.len() > 1).then(|| categories(&(0..plain.len()).map(pooled).collect::<Vec<_>>()))
}

/// Parses a finite number.
pub fn number(text: &str) -> Option<f64> {
    text.trim().parse::<f64>().ok().filter(|number| number.is_finite())
}

/// Parses a number or a date, so that later dates are larger.
pub fn ordered(text: &str) -> Option<f64> {
    let is_compact = text.len() == 8 && (text.starts_with("19") || text.starts_with("20"));
    if let Some(number) = number(text).filter(|_| !is_compact) {
        return Some(number);
    }
    let parts: Vec<&str> = match is_compact && text.is_ascii() {
        true => vec![&text[..4], &text[4..6], &text[6..]],
        false => text.split(['-', '/', '.', 'T', ' ', ':']).take(3).collect(),
    };
    let [a, b, c] = parts[..] else { return number(text) };
    let is_digits = |part: &str| part.len() <= 4 && part.chars().all(|letter| letter.is_ascii_digit());
    if ![a, b, c].into_iter().all(is_digits) {
        return number(text);
    }
    let [first, second, third] = [a, b, c].map(|part| part.parse::<f64>().ok());
    let (year, month, day) = match (a.len(), c.len()) {
        (4, _) => (first?, second?, third?),
        // Of `13/2/2019` only the first can be the day.
        (_, 4) if second? > 12.0 => (third?, first?, second?),
        (_, 4) => (third?, second?, first?),
        _ => return number(text),
    };
    let is_date = (1.0..=31.0).contains(&day.max(month)) && day.min(month) <= 12.0;
    if is_date { Some(year + (month - 1.0 + (day - 1.0) / 31.0) / 12.0) } else { number(text) }
}

/// Returns the time of the day in hours, of `2009-06-15T13:45:30` or `13:45`.
fn hour(text: &str) -> Option<f64> {
    let clock = text.rsplit(['T', ' ']).next()?;
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?)?, number(parts.next()?)?);
    Some(hours + minutes / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_numbers_are_cut_into_bins_and_few_are_not() {
        let text: Vec<String> = (0..40).map(|i| format!("{}", 0.5 * f64::from(i))).collect();
        let mut column: Vec<Option<&str>> = text.iter().map(|text| Some(text.as_str())).collect();
        column.push(None);
        let cut = cuts(&column);
        assert_eq!(cut.len(), 4);
        // Five bins of 8 numbers each, then the missing value.
        let bins = &cut[2];
        assert_eq!((bins[0], bins[7], bins[8], bins[39], bins[40]), (0, 0, 1, 4, 5));
        assert_eq!(cuts(&[Some("b"), None, Some("b"), Some("a")]), [[0, 1, 0, 2]]);
    }

    #[test]
    fn dates_have_an_order_in_any_spelling() {
        for days in [
            ["2011-03-05", "2018-01-02"],
            ["20110305", "20180102"],
            ["5.3.2011", "2.1.2018"],
            ["3/25/2011", "1/2/2018"],
        ] {
            let [early, late] = days.map(|day| ordered(day).unwrap());
            assert!((2011.1..2011.3).contains(&early) && (2018.0..2018.2).contains(&late), "{days:?}");
        }
        assert_eq!(["-3.5", "1.2.3", "a-b-c", ""].map(ordered), [Some(-3.5), None, None, None]);
        assert_eq!(["2009-06-15T13:45:30", "13:45", "13"].map(hour), [Some(13.75), Some(13.75), None]);
        let times: Vec<String> =
            (0..24).map(|i| format!("20{:02}-06-15T{:02}:00:00", 10 + i, 8 + i % 4)).collect();
        let column: Vec<Option<&str>> = times.iter().map(|time| Some(time.as_str())).collect();
        // Four ways to cut the days, and four to cut the hours.
        let cut = cuts(&column);
        assert_eq!((cut.len(), &cut[0][10..14], &cut[4][..4]), (8, &[0, 0, 1, 1][..], &[0, 0, 1, 1][..]));
    }

    #[test]
    fn rare_values_are_one_and_a_cell_that_is_no_number_makes_no_categories() {
        let drugs: Vec<String> =
            (0..20).map(|i| if i % 2 == 0 { "none".to_owned() } else { format!("drug {i}") }).collect();
        let column: Vec<Option<&str>> = drugs.iter().map(|drug| Some(drug.as_str())).collect();
        assert_eq!(cuts(&column)[1], (0..20).map(|i| i % 2).collect::<Vec<_>>());
        let mut ages: Vec<String> = (50..80).map(|age| age.to_string()).collect();
        ages[29] = "89+".to_owned();
        let column: Vec<Option<&str>> = ages.iter().map(|age| Some(age.as_str())).collect();
        let cut = cuts(&column);
        assert_eq!((cut.len(), cut[0][0], cut[0][28], cut[0][29]), (4, 0, 1, 3));
    }
}
