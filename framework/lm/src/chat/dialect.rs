//! The differences between the Jinja of transformers and minijinja's, written into the template's text.
//!
//! A template comes with a model and may be hostile. Fuel limits its steps, but not the size of a value that
//! is made in one step, nor how deep values lie in each other. So the rewritten template passes values
//! through the functions of [`super::bounds`] wherever one step can make something large.

use minijinja::machinery::{Token, tokenize};

use super::syntax;

/// Rewrites what the Jinja of transformers reads and minijinja does not, and guards what may grow.
///
/// Every line end becomes a line feed, `{% generation %}` renders its body in a scope of its own, and `%`
/// formats text.
pub(super) fn as_minijinja(source: &str) -> String {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(source.len());
    let mut rest = source.as_str();
    while let Some(at) = rest.find("{%") {
        let (before, tag) = rest.split_at(at + 2);
        out.push_str(before);
        let end = tag.find("%}").unwrap_or(tag.len());
        let word = tag[..end].trim_matches(|c: char| c.is_whitespace() || "+-".contains(c));
        let scope = match word {
            "generation" => tag[..end].replace(word, "with"),
            "endgeneration" => tag[..end].replace(word, "endwith"),
            _ => tag[..end].to_owned(),
        };
        out.push_str(&scope);
        rest = &tag[end..];
    }
    out.push_str(rest);
    guarded(&out)
}

/// A call put around a part of the template.
struct Call {
    function: &'static str,
    start: usize,
    end: usize,
    /// How loosely the operator binds that it is for: what binds tighter is inside.
    level: usize,
    /// The place of the operator: of equal ones, the later one is applied later.
    operator: usize,
}

/// One token and its place in the template.
struct Placed<'a> {
    token: Token<'a>,
    start: usize,
    end: usize,
}

/// Rewrites `L % R` as `percent(L, R)`, and puts calls that check sizes around operands of `*` and `~`,
/// inputs of filters, and what is assigned. A template that has no tokens stays as it is, and fails later.
fn guarded(source: &str) -> String {
    let tokens = tokenize(source, false, syntax()).map(|token| {
        token.map(|(token, span)| Placed {
            token,
            start: span.start_offset as usize,
            end: span.end_offset as usize,
        })
    });
    let Ok(tokens) = tokens.collect::<Result<Vec<_>, _>>() else { return source.to_owned() };
    let mut calls = Vec::new();
    // Text to put at a place, and how many bytes of the template it replaces.
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for at in 1..tokens.len().saturating_sub(1) {
        let level = if matches!(tokens[at].token, Token::Tilde) { 1 } else { 2 };
        let call = |function, start: usize, end: usize| Call { function, start, end, level, operator: at };
        match tokens[at].token {
            Token::Mod | Token::Mul => {
                let (left, right) = (left_start(&tokens, at), right_end(&tokens, at, true));
                if matches!(tokens[at].token, Token::Mod) {
                    edits.push((tokens[at].start, 1, ",".to_owned()));
                    calls.push(call("percent(", left, right));
                } else {
                    calls.push(call("single(", left, tokens[at - 1].end));
                    calls.push(call("single(", tokens[at + 1].start, right));
                }
            }
            Token::Tilde => {
                calls.push(call("bounded(", left_start(&tokens, at), tokens[at - 1].end));
                calls.push(call("bounded(", tokens[at + 1].start, right_end(&tokens, at, false)));
            }
            Token::Pipe => edits.push((tokens[at].start, 0, "|bounded".to_owned())),
            Token::BlockStart if matches!(tokens[at + 1].token, Token::Ident("set")) => {
                calls.extend(assigned(&tokens, at));
            }
            _ => {}
        }
    }
    // Of two calls that begin at one place, the longer one is outside.
    calls.sort_by_key(|call| (call.start, usize::MAX - call.end, call.level, usize::MAX - call.operator));
    edits.extend(calls.iter().map(|call| (call.start, 0, call.function.to_owned())));
    edits.extend(calls.iter().map(|call| {
        let open = call.function.matches('(').count();
        (call.end, 0, ")".repeat(open))
    }));
    // Stable: at one place, the order above remains; a part ends before the next one begins.
    edits.sort_by_key(|(at, _, text)| (*at, !text.starts_with(')')));
    let (mut out, mut done) = (String::with_capacity(source.len() + 16 * edits.len()), 0);
    for (at, replaced, text) in edits {
        out.push_str(&source[done..at]);
        out.push_str(&text);
        done = at + replaced;
    }
    out.push_str(&source[done..]);
    out
}

/// Returns the call around the value of `{% set NAME = VALUE %}`, whose block begins at `block`.
fn assigned(tokens: &[Placed<'_>], block: usize) -> Option<Call> {
    let mut depth = 0;
    let mut is_dotted = false;
    let mut value = None;
    for (at, placed) in tokens.iter().enumerate().skip(block + 2) {
        depth += step(&placed.token);
        match placed.token {
            Token::Dot => is_dotted |= value.is_none(),
            Token::Assign if depth == 0 && value.is_none() => value = Some(at + 1),
            Token::BlockEnd => {
                let first = value.filter(|first| *first < at)?;
                let function = if is_dotted { "unlinked((" } else { "bounded((" };
                let (start, end) = (tokens[first].start, tokens[at - 1].end);
                return Some(Call { function, start, end, level: 0, operator: block });
            }
            _ => {}
        }
    }
    None
}

/// Returns where the left operand of the operator at `at` begins, a chain of factors.
fn left_start(tokens: &[Placed<'_>], at: usize) -> usize {
    let mut depth = 0;
    let mut first = at;
    while first > 0 {
        let token = &tokens[first - 1].token;
        depth += step(token);
        if depth > 0 || depth == 0 && step(token) == 0 && ends_factors(tokens, first - 1) {
            break;
        }
        first -= 1;
    }
    tokens[first].start
}

/// Returns where the right operand of the operator at `at` ends: one factor, or a chain of them.
fn right_end(tokens: &[Placed<'_>], at: usize, is_one: bool) -> usize {
    let mut depth = 0;
    let mut last = at;
    while last + 1 < tokens.len() {
        let token = &tokens[last + 1].token;
        depth += step(token);
        let is_factor = matches!(token, Token::Mul | Token::Div | Token::FloorDiv | Token::Mod);
        if depth < 0
            || depth == 0 && step(token) == 0 && (ends_factors(tokens, last + 1) || is_one && is_factor)
        {
            break;
        }
        last += 1;
    }
    tokens[last].end
}

/// Returns 1 for a bracket that opens and -1 for one that closes.
fn step(token: &Token<'_>) -> i32 {
    match token {
        Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => 1,
        Token::ParenClose | Token::BracketClose | Token::BraceClose => -1,
        _ => 0,
    }
}

/// Returns whether the token at `at`, outside brackets, is no part of a chain of factors.
fn ends_factors(tokens: &[Placed<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| &tokens[before].token);
    let is_after_operand = match before {
        Some(Token::Ident(word)) => !is_keyword(word),
        Some(Token::Str(_) | Token::String(_) | Token::Int(_) | Token::Int128(_) | Token::Float(_)) => true,
        Some(token) => step(token) < 0,
        None => false,
    };
    match &tokens[at].token {
        // A sign belongs to its number.
        Token::Minus => is_after_operand,
        Token::Ident(word) => match before {
            Some(Token::Dot | Token::Pipe | Token::Ident("is")) => false,
            Some(Token::BlockStart) => true,
            _ => is_keyword(word),
        },
        Token::Plus
        | Token::Tilde
        | Token::Comma
        | Token::Colon
        | Token::Assign
        | Token::Eq
        | Token::Ne
        | Token::Gt
        | Token::Gte
        | Token::Lt
        | Token::Lte
        | Token::VariableStart
        | Token::VariableEnd
        | Token::BlockStart
        | Token::BlockEnd
        | Token::TemplateData(_) => true,
        _ => false,
    }
}

fn is_keyword(word: &str) -> bool {
    ["and", "or", "not", "in", "if", "else", "recursive"].contains(&word)
}
