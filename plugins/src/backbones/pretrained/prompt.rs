//! How a question is put: in the model's chat template or plainly, with the fMRI block before its text.

use boldface::Result;
use boldface_lm::{Message, Vocabulary};

use super::Chat;

/// What stands for the block and for the question while a template is rendered: characters of private use.
const BLOCK: &str = "\u{f8f0}";
const QUESTION: &str = "\u{f8f1}";

/// The text of a published model, with two marks around the fMRI block.
pub(super) struct Prompts {
    vocabulary: Vocabulary,
    chat: Chat,
    /// The mark that opens the block; the next one closes it.
    open: u32,
}

impl Prompts {
    /// `rows` is the number of rows of the model's embedding: the marks stand behind them.
    pub fn new(vocabulary: Vocabulary, chat: Chat, rows: usize) -> Result<Prompts> {
        let open = u32::try_from(rows)?;
        let prompts = Prompts { vocabulary, chat, open };
        prompts.parts()?;
        Ok(prompts)
    }

    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    fn has_template(&self) -> bool {
        self.chat == Chat::Auto && self.vocabulary.has_chat()
    }

    /// Tokens before the block, between block and question, and after the question.
    fn parts(&self) -> Result<[Vec<u32>; 3]> {
        if !self.has_template() {
            let start = self.vocabulary.start().into_iter().collect();
            return Ok([start, self.vocabulary.tokens("Question: ")?, self.vocabulary.tokens("\nAnswer:")?]);
        }
        let message = Message::new("user", &format!("{BLOCK}{QUESTION}"));
        let rendered = self.vocabulary.chat(&[message], true)?;
        let split = rendered.split_once(BLOCK).and_then(|(before, rest)| {
            let (between, after) = rest.split_once(QUESTION)?;
            (!after.contains([BLOCK, QUESTION].map(|mark| mark.chars().next().unwrap_or('\0'))))
                .then_some([before, between, after])
        });
        let parts = split.ok_or(
            "the model's chat template does not show a question once, as it is; set `chat = \"none\"`",
        )?;
        let [before, between, after] = parts.map(|part| self.vocabulary.marked_tokens(part));
        Ok([before?, between?, after?])
    }

    /// Tokens before and after the block of a question; what a question looks like is never a special token.
    pub fn prompt(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)> {
        let [mut before, between, end] = self.parts()?;
        let question = self.vocabulary.tokens(question)?;
        let mut after = Vec::new();
        if fmri {
            before.push(self.open);
            after.push(self.open + 1);
        } else {
            after.append(&mut before);
        }
        after.extend(between.into_iter().chain(question).chain(end));
        Ok((before, after))
    }

    /// Tokens of an answer and the model's own end of it.
    pub fn answer(&self, answer: &str) -> Result<Vec<u32>> {
        let mut tokens = match self.has_template() {
            true => self.vocabulary.tokens(answer)?,
            // As a word follows a colon.
            false => self.vocabulary.tokens(&format!(" {answer}"))?,
        };
        tokens.push(self.vocabulary.ends()[0]);
        Ok(tokens)
    }

    /// The text of tokens up to an end; marks have no text.
    pub fn text(&self, tokens: &[u32]) -> Result<String> {
        let is_text = |token: &u32| !self.vocabulary.ends().contains(token);
        let kept = tokens.iter().copied().take_while(is_text).filter(|&token| token < self.open);
        let text = self.vocabulary.text(&kept.collect::<Vec<_>>())?;
        Ok(if self.has_template() { text } else { text.strip_prefix(' ').unwrap_or(&text).to_owned() })
    }
}
