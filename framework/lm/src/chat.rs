//! Chat templates: the form in which a model reads a conversation, rendered as transformers renders it.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::Result;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Kwargs, Object};
use minijinja::{Environment, ErrorKind, Value, context, filters};
use minijinja_contrib::pycompat::unknown_method_callback;

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// The text of the turn.
    pub content: String,
}

impl ChatMessage {
    /// Makes a turn.
    pub fn new(role: &str, content: &str) -> ChatMessage {
        ChatMessage { role: role.to_owned(), content: content.to_owned() }
    }
}

/// Templates see a turn as Python's dict of `role` and `content`, in this order.
impl Object for ChatMessage {
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
    pub fn render(&self, messages: &[ChatMessage], open_answer: bool) -> Result<String> {
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

/// Rewrites what the Jinja of transformers reads and minijinja does not: every line end is a line feed,
/// and `{% generation %}` marks what the assistant says and renders its body, in a scope of its own.
fn as_minijinja(source: &str) -> String {
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
    out
}

/// Sets Jinja up as transformers does. A template sees only its inputs: no files, no code, and no clock,
/// which would make two runs differ.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let blocks = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(blocks.expect("the delimiters are Jinja's own"));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(unknown_method_callback);
    // A template comes with the model and may loop forever, so its number of steps is limited.
    environment.set_fuel(Some(1_000_000));
    environment.add_filter("tojson", json);
    environment.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
    });
    environment
}

/// The filter `tojson` of transformers: like Python's `json`, without the HTML escapes of Jinja's own.
fn json(value: &Value, indent: Option<Value>, options: Kwargs) -> Result<String, minijinja::Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(template: &str) -> Result<String, String> {
        let chat = ChatTemplate::new(template, "here".to_owned(), BTreeMap::new());
        let messages = [ChatMessage::new("user", "hi"), ChatMessage::new("assistant", "yes")];
        chat.render(&messages, false).map_err(|error| error.to_string())
    }

    #[test]
    fn line_ends_are_line_feeds() {
        // The line feed after a block is cut off, and so it is if the file was saved on Windows.
        let lines = "{% for m in messages %}\r\n{{ m.role }}:\r\n{% endfor %}\r\n.";
        assert_eq!(rendered(lines).unwrap(), "user:\nassistant:\n.");
        assert_eq!(rendered(&lines.replace("\r\n", "\r")), rendered(lines));
    }

    #[test]
    fn dicts_keep_their_order() {
        assert_eq!(rendered("{% for k in {'z': 1, 'a': 2} %}{{ k }}{% endfor %}").unwrap(), "za");
        assert!(rendered("{{ {'z': 1, 'a': 2} | tojson }}").unwrap().starts_with(r#"{"z""#));
    }

    #[test]
    fn what_the_assistant_says_may_be_marked() {
        let template = "{% set x = 1 %}{%- for m in messages -%}\n{%- if m.role == 'assistant' %}\n[{% generation %}\n\
                        {% set x = 2 %}{{ m.content }}\n{%- endgeneration -%}\n]{% endif %}{% endfor %}{{ x }}";
        assert_eq!(rendered(template).unwrap(), "[yes]1");
        assert_eq!(rendered("a {% set generation = 'b' %}{{ generation }}").unwrap(), "a b");
    }

    #[test]
    fn a_template_that_cannot_be_read_is_an_error_only_where_it_is_used() {
        let error = rendered("{% nonsense %}").unwrap_err();
        assert!(error.starts_with("the chat template of `here` cannot be read: syntax error"), "{error}");
    }
}
