//! Chat templates: how a model's authors write down who said what, as transformers renders it.

use std::collections::BTreeMap;
use std::sync::Arc;

use boldface::Result;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Kwargs, Object};
use minijinja::{Environment, ErrorKind, Value, context, filters};
use minijinja_contrib::pycompat::unknown_method_callback;

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// `system`, `user` or `assistant`.
    pub role: String,
    /// What is said.
    pub content: String,
}

impl Message {
    /// What somebody says.
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

/// A model's own template.
#[derive(Clone, Debug)]
pub(crate) struct Chat {
    /// Jinja, as transformers reads it.
    source: String,
    /// Where it is from, for a message.
    origin: String,
    /// `bos_token` and the like, as text.
    special: BTreeMap<String, String>,
}

impl Chat {
    /// Reads a template; a mistake in its syntax is found here.
    pub fn new(source: String, origin: String, special: BTreeMap<String, String>) -> Result<Chat> {
        let chat = Chat { source, origin, special };
        environment()
            .template_from_str(&chat.source)
            .map_err(|error| format!("the chat template of `{}` cannot be read: {error}", chat.origin))?;
        Ok(chat)
    }

    /// The conversation as the model was trained on it; `open_answer` begins the assistant's turn.
    pub fn render(&self, messages: &[Message], open_answer: bool) -> Result<String> {
        let environment = environment();
        let template = environment.template_from_str(&self.source)?;
        let special =
            Value::from_pairs(self.special.iter().map(|(name, token)| (name.as_str(), token.as_str())));
        let given = context! {
            messages => messages.iter().cloned().map(Value::from_object).collect::<Vec<Value>>(),
            add_generation_prompt => open_answer,
            // Qwen3's templates open a block of reasoning unless told otherwise.
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

/// Jinja as transformers sets it up. Templates reach nothing but what they are given: no files, no code, no clock.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    let blocks = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(blocks.expect("the delimiters are Jinja's own"));
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(unknown_method_callback);
    // A template comes with a model: whatever it loops over, it ends.
    environment.set_fuel(Some(1_000_000));
    environment.add_filter("tojson", json);
    environment.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
    });
    environment
}

/// `tojson` as transformers has it, which is that of Python's `json` and not, as Jinja's own, one for HTML.
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
            None => (&code[..2], 2), // a backslash and what it escapes
        };
        plain.push_str(meant);
        rest = &code[length..];
    }
    plain.push_str(rest);
    Ok(plain)
}
