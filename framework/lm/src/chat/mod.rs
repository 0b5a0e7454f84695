//! Chat templates: the form in which a model reads a conversation, rendered as transformers renders it.

mod bounds;
mod dialect;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::Result;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Kwargs, Object};
use minijinja::{Environment, ErrorKind, Value, context, filters};

use dialect::as_minijinja;

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The text of the turn.
    pub content: String,
}

impl Message {
    /// Makes a turn.
    pub fn new(role: &str, content: &str) -> Message {
        Message { role: role.to_owned(), content: content.to_owned() }
    }
}

/// Templates see a turn as Python's dict of `role` and `content`, in this order.
impl Object for Message {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match key.as_str()? {
            "role" => Some(self.role.as_str().into()),
            "content" => Some(self.content.as_str().into()),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["role", "content"])
    }
}

/// A model's own chat template.
#[derive(Clone, Debug)]
pub(crate) struct ChatTemplate {
    /// Jinja source, as transformers reads it.
    source: String,
    /// The file that it is from, for error messages.
    origin: String,
    /// Text of `bos_token` and similar tokens.
    special: BTreeMap<String, String>,
}

impl ChatTemplate {
    /// Takes a template. Its syntax is checked when it renders, since much of what a model can do needs no
    /// template.
    pub fn new(source: &str, origin: String, special: BTreeMap<String, String>) -> ChatTemplate {
        ChatTemplate { source: as_minijinja(source), origin, special }
    }

    /// Renders a conversation as the model was trained on it; `open_answer` begins the assistant's turn.
    pub fn render(&self, messages: &[Message], open_answer: bool) -> Result<String> {
        let environment = environment();
        let template = environment
            .template_from_str(&self.source)
            .map_err(|error| format!("the chat template of `{}` cannot be read: {error}", self.origin))?;
        let special =
            Value::from_pairs(self.special.iter().map(|(name, token)| (name.as_str(), token.as_str())));
        let given = context! {
            messages => messages.iter().cloned().map(Value::from_object).collect::<Vec<Value>>(),
            add_generation_prompt => open_answer,
            // Qwen3's templates open a block of reasoning by default.
            enable_thinking => false,
            tools => (),
            documents => (),
            ..special
        };
        template.render(given).map_err(|error| {
            let origin = &self.origin;
            let asks_for_date = error.kind() == ErrorKind::UnknownFunction && error.to_string().contains("strftime_now");
            match (asks_for_date, error.detail()) {
                (true, _) => format!(
                    "the chat template of `{origin}` asks for today's date (`strftime_now`), which would make two \
                     runs differ; write a `chat_template.jinja` without it"
                ),
                (false, Some(detail)) => format!("the chat template of `{origin}` refuses this conversation: {detail}"),
                (false, None) => format!("the chat template of `{origin}` fails: {error}"),
            }
            .into()
        })
    }
}

/// Returns transformers' settings of Jinja's syntax.
fn syntax() -> SyntaxConfig {
    let blocks = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    blocks.expect("the delimiters are Jinja's own")
}

/// Sets Jinja up as transformers does. A template sees only its inputs: no files, no code, and no clock,
/// which would make two runs differ.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_syntax(syntax());
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(bounds::method);
    // A template comes with the model and may loop forever, so its number of steps is limited.
    environment.set_fuel(Some(1_000_000));
    environment.add_filter("tojson", json);
    environment.add_filter("bounded", bounds::bounded);
    environment.add_function("bounded", bounds::bounded);
    environment.add_function("unlinked", bounds::unlinked);
    environment.add_function("single", bounds::single);
    environment.add_function("percent", bounds::percent);
    environment.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
    });
    environment
}

/// The most blanks per level of JSON.
const WIDEST_INDENT: usize = 100;

/// The filter `tojson` of transformers: like Python's `json`, without the HTML escapes of Jinja's own.
fn json(value: &Value, indent: Option<Value>, options: Kwargs) -> Result<String, minijinja::Error> {
    let asked = indent.clone().or(options.peek::<Option<Value>>("indent")?);
    if asked.and_then(|indent| usize::try_from(indent).ok()).is_some_and(|width| width > WIDEST_INDENT) {
        let why = format!("`tojson` indents by more than {WIDEST_INDENT}");
        return Err(minijinja::Error::new(ErrorKind::InvalidOperation, why));
    }
    let escaped = filters::tojson(value, indent, options)?.to_string();
    let mut plain = String::with_capacity(escaped.len());
    let mut rest = escaped.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, code) = rest.split_at(at);
        plain.push_str(before);
        let html = ["<", ">", "&", "'"].into_iter().zip(["\\u003c", "\\u003e", "\\u0026", "\\u0027"]);
        let (meant, length) = match html.into_iter().find(|(_, escape)| code.starts_with(escape)) {
            Some((character, escape)) => (character, escape.len()),
            None => (&code[..2], 2), // a backslash and the character it escapes
        };
        plain.push_str(meant);
        rest = &code[length..];
    }
    plain.push_str(rest);
    Ok(plain)
}
