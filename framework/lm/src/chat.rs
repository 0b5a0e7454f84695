//! Chat templates: how a model's authors write down who said what, as transformers renders it.

use std::collections::BTreeMap;

use boldface::Result;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, ErrorKind, Value, context};
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
        let turn = |message: &Message| {
            Value::from_pairs([("role", message.role.as_str()), ("content", message.content.as_str())])
        };
        let special =
            Value::from_pairs(self.special.iter().map(|(name, token)| (name.as_str(), token.as_str())));
        let given = context! {
            messages => messages.iter().map(turn).collect::<Vec<Value>>(),
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
    environment.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
        Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
    });
    environment
}
