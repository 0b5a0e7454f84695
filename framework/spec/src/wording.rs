//! Rewords parsing errors for authors of specs instead of Rust programmers.
//!
//! `strsim` ranks similar names; only the wording of suggestions is ours.

use boldface::Problem;
use serde_json::Value;

/// Parses a table. After an error it drops the offending key and tries again, so that all errors are
/// found.
///
/// # Errors
/// Returns a problem for every invalid key, at its path in the table.
pub fn parse_all<T>(table: &Value, parse: impl Fn(&Value) -> Result<T, Problem>) -> Result<T, Vec<Problem>> {
    let (mut table, mut problems) = (table.clone(), Vec::new());
    loop {
        let problem = match parse(&table) {
            Ok(config) if problems.is_empty() => return Ok(config),
            Ok(_) => return Err(problems),
            Err(problem) => in_words(problem),
        };
        let missing = problem.message.strip_prefix("missing field ").unwrap_or_default();
        let is_echo = problems.iter().any(|earlier: &Problem| {
            let meant = earlier.help.as_ref().is_some_and(|help| help.contains(missing));
            let key = earlier.key.rsplit('.').next().unwrap_or_default();
            let removed = format!("`{}`", key.split('[').next().unwrap_or_default());
            !missing.is_empty() && (meant || removed == missing)
        });
        if is_echo {
            return Err(problems);
        }
        let removed = remove(&mut table, &problem.key);
        problems.push(problem);
        if !removed {
            return Err(problems);
        }
    }
}

/// Removes the key at a dotted path from a table. For an item of a list it removes the whole list.
fn remove(table: &mut Value, path: &str) -> bool {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    let (key, is_item) = first.split_once('[').map_or((first, false), |(key, _)| (key, true));
    let Some(table) = table.as_object_mut() else { return false };
    match table.get_mut(key) {
        Some(inner @ Value::Object(_)) if !rest.is_empty() && !is_item => remove(inner, rest),
        Some(_) => table.remove(key).is_some(),
        None => false,
    }
}

/// Rewords a parsing error in plain words, with a suggestion if a similar name exists.
fn in_words(problem: Problem) -> Problem {
    let Problem { key, message, help } = problem;
    let types = ["invalid type: ", "invalid value: "].iter().find_map(|words| message.strip_prefix(words));
    if let Some((found, expected)) = types.and_then(|rest| rest.rsplit_once(", expected ")) {
        let message = format!("expected {}, found {}", expected_in_words(expected), found_in_words(found));
        return Problem { key, message, help };
    }
    if let Some((found, expected)) =
        message.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "))
        && let Some(count) =
            ["an array of length ", "a tuple of size "].iter().find_map(|words| expected.strip_prefix(words))
    {
        let message = format!("expected a list of {count} values, found {found}");
        return Problem { key, message, help };
    }
    let message = match message.strip_prefix("unknown variant ") {
        Some(rest) => format!("unknown value {rest}"),
        None => message,
    };
    let unknown = ["unknown field `", "unknown value `"].iter().find_map(|words| message.strip_prefix(words));
    let suggestion = unknown.and_then(|rest| {
        let (wrong, expected) = rest.split_once('`')?;
        closest(wrong, expected.split('`').skip(1).step_by(2))
    });
    let help = help.or_else(|| suggestion.map(|name| format!("did you mean `{name}`?")));
    Problem { key, message, help }
}

/// Returns the most similar candidate, or `None` if none is close.
pub fn closest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &&str| strsim::damerau_levenshtein(wrong, name);
    let near = candidates.into_iter().min_by_key(distance)?;
    let limit = wrong.chars().count().max(near.chars().count()).div_ceil(3);
    let is_close = distance(&near) <= limit || (wrong.len() >= 3 && near.starts_with(wrong));
    is_close.then_some(near)
}

/// Returns help for an unknown name: the most similar candidate, or a list of all of them.
pub fn suggest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = closest(wrong, candidates.clone()) {
        return format!("did you mean `{name}`?");
    }
    let names: Vec<String> = candidates.into_iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "there is none".to_owned(),
        [only] => format!("there is only {only}"),
        _ => format!("there are {}", names.join(", ")),
    }
}

fn expected_in_words(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" | "path string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        other if other == "a map" || other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}

fn found_in_words(found: &str) -> String {
    match found.split_once(' ') {
        Some(("string", text)) => format!("the text `{}`", text.trim_matches('"')),
        Some(("integer" | "boolean", value)) => value.to_owned(),
        Some(("floating", point)) => point.trim_start_matches("point ").to_owned(),
        _ if found == "map" => "a table".to_owned(),
        _ if found == "sequence" => "a list".to_owned(),
        _ => found.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_what_is_close_and_nothing_else() {
        let tasks = ["captioning", "classification", "forecasting"];
        assert_eq!(closest("clasification", tasks), Some("classification"));
        assert_eq!(closest("caption", tasks), Some("captioning"));
        assert_eq!(closest("regression", tasks), None);
        assert_eq!(suggest("x", ["dfdx"]), "there is only `dfdx`");
    }

    #[test]
    fn types_are_said_in_plain_words() {
        let words = |message: &str| in_words(Problem::at("", message)).message;
        assert_eq!(
            words("invalid type: string \"forty\", expected usize"),
            "expected a whole number, 0 or more, found the text `forty`"
        );
        assert_eq!(words("invalid type: floating point `1.5`, expected u64"), {
            "expected a whole number, 0 or more, found `1.5`"
        });
        assert_eq!(words("invalid type: map, expected a string"), "expected text, found a table");
        assert_eq!(words("invalid type: sequence, expected struct Forms"), "expected a table, found a list");
        assert_eq!(
            words("invalid length 3, expected an array of length 2"),
            "expected a list of 2 values, found 3"
        );
        let unknown = in_words(Problem::at("", "unknown variant `edge`, expected one of `signal`, `edges`"));
        assert_eq!(unknown.message, "unknown value `edge`, expected one of `signal`, `edges`");
        assert_eq!(unknown.help.as_deref(), Some("did you mean `edges`?"));
    }
}
