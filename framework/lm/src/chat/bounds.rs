//! Functions that a rewritten template calls, so that no value of it is larger or deeper than a
//! conversation needs.

use minijinja::value::{Tuple, ValueKind};
use minijinja::{Error, ErrorKind, State, Value, context};
use minijinja_contrib::pycompat::unknown_method_callback;

/// Maximum depth of lists in lists.
const DEEPEST: usize = 100;

/// Maximum number of values within one value.
const MOST_VALUES: usize = 200_000;

/// Maximum bytes of text within one value.
const MOST_BYTES: usize = 16 << 20;

/// Returns the value, or an error if it is too large to be written out.
pub(super) fn bounded(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    walk(state, &value, false)?;
    Ok(value)
}

/// Returns a value for a namespace, or an error if a namespace is in it: it could come to hold itself.
pub(super) fn unlinked(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    walk(state, &value, true)?;
    Ok(value)
}

/// Returns an operand of `*`, which must be a number or text: a repeated list costs nothing until it is
/// written.
pub(super) fn single(value: Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => refuse("a list cannot be repeated with `*`"),
        _ => Ok(value),
    }
}

/// Python's `%`: formats text, or divides numbers.
pub(super) fn percent(state: &State<'_, '_>, left: Value, right: Value) -> Result<Value, Error> {
    let Some(text) = left.as_str() else {
        return state.env().compile_expression("a % b")?.eval(context! { a => left, b => right });
    };
    let arguments: Vec<Value> = match right.downcast_object_ref::<Tuple>() {
        Some(_) => right.try_iter()?.collect(),
        None => vec![right.clone()],
    };
    let wanted = conversions(text);
    if wanted != arguments.len() && right.kind() != ValueKind::Map {
        let given = arguments.len();
        return refuse(format!("`%` formats {wanted} values into this text, and {given} are given"));
    }
    formatted(state, text, &arguments, '%')?;
    minijinja::formatting::format(minijinja::formatting::FormatStyle::Printf, text, &arguments)
        .map(Value::from)
}

/// Python's methods, after a check of those that can make much from little.
pub(super) fn method(
    state: &mut State<'_, '_>,
    value: &Value,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    match (name, value.as_str()) {
        ("format", Some(text)) => formatted(state, text, arguments, '{')?,
        ("join", Some(_)) => {
            for argument in arguments {
                walk(state, argument, false)?;
            }
        }
        _ => {}
    }
    unknown_method_callback(state, value, name, arguments)
}

/// Charges for what a format string makes: its arguments, and the widths and precisions in its fields, each
/// of which begins with `field`.
fn formatted(state: &State<'_, '_>, text: &str, arguments: &[Value], field: char) -> Result<(), Error> {
    for argument in arguments {
        walk(state, argument, false)?;
    }
    let close = if field == '{' { "}" } else { "diouxXeEfFgGcrsa%" };
    for part in text.split(field).skip(1) {
        // The key of a mapping is no width.
        let spec = part.split_once(')').filter(|_| part.starts_with('(')).map_or(part, |(_, spec)| spec);
        let spec = &spec[..spec.find(|c| close.contains(c)).unwrap_or(spec.len())];
        for digits in spec.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty()) {
            state.consume_fuel(digits.parse().unwrap_or(u64::MAX) / 64)?;
        }
    }
    Ok(())
}

/// Returns how many values `%` takes from its right side.
fn conversions(text: &str) -> usize {
    text.replace("%%", "").matches('%').count()
}

/// Counts what is in a value, at the price of fuel.
fn walk(state: &State<'_, '_>, value: &Value, is_linked: bool) -> Result<(), Error> {
    let (mut values, mut bytes) = (0, 0);
    let mut open = vec![(value.clone(), 0)];
    while let Some((value, depth)) = open.pop() {
        values += 1;
        bytes += value.as_str().map_or(0, str::len);
        if depth > DEEPEST {
            return refuse(format!("a value is more than {DEEPEST} lists deep"));
        }
        if values + open.len() > MOST_VALUES || bytes > MOST_BYTES {
            return refuse("a value is too large");
        }
        if values % 64 == 0 {
            state.consume_fuel(1)?;
        }
        // The type has no name outside minijinja.
        let is_namespace =
            value.as_object().is_some_and(|object| object.type_name().ends_with("::Namespace"));
        if is_namespace && is_linked {
            return refuse("a namespace cannot hold a namespace");
        }
        match value.kind() {
            ValueKind::Seq => {
                for item in value.try_iter()? {
                    push(&mut open, item, depth)?;
                }
            }
            ValueKind::Map => {
                let pairs = value.as_object().and_then(|object| object.try_iter_pairs());
                for (_, item) in pairs.into_iter().flatten() {
                    push(&mut open, item, depth)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn push(open: &mut Vec<(Value, usize)>, item: Value, depth: usize) -> Result<(), Error> {
    if open.len() > MOST_VALUES {
        return refuse("a value is too large");
    }
    open.push((item, depth + 1));
    Ok(())
}

fn refuse<T>(why: impl Into<std::borrow::Cow<'static, str>>) -> Result<T, Error> {
    Err(Error::new(ErrorKind::InvalidOperation, why))
}
