//! Prompts: a question in the model's chat template or in plain form, with the fMRI block before its
//! text.

use std::cell::RefCell;
use std::collections::BTreeMap;

use boldface::Result;
use boldface_lm::{ChatMessage, TextPart, Vocabulary};

use super::Chat;

/// Placeholders for the block and the question while a template is rendered: private-use characters.
const BLOCK: &str = "\u{f8f0}";
const QUESTION: &str = "\u{f8f1}";

/// Maximum number of answers whose tokens are cached.
const KNOWN: usize = 4096;

/// A question, whether it is about a scan, and an answer.
type Answered = (String, bool, String);

/// The prompts of a published model, with two marks around the fMRI block.
pub(super) struct Prompts {
    vocabulary: Vocabulary,
    frame: Frame,
    /// The mark that opens the block; the next id closes it.
    open: u32,
    /// Cached tokens of answers: the same few are needed again and again.
    known: RefCell<BTreeMap<Answered, Vec<u32>>>,
}

/// The text around a question.
#[derive(Debug, PartialEq)]
struct Frame {
    before: String,
    /// Between the block and the question.
    between: String,
    /// Text after the question, without trailing blanks.
    after: String,
    /// Blanks before the answer, which are tokenised with it: ` yes` is one token, `: ` and `yes` would
    /// be others.
    gap: String,
    /// Whether special tokens in the text are read as such.
    is_template: bool,
}

impl Prompts {
    /// Creates prompts for a model whose embedding has `rows` rows; the ids of the marks follow these.
    pub fn new(vocabulary: Vocabulary, chat: Chat, rows: usize) -> Result<Prompts> {
        let open = u32::try_from(rows)?;
        let frame = match chat {
            Chat::Auto if vocabulary.has_chat() => Frame::of_template(&vocabulary)?,
            Chat::Auto | Chat::None => Frame::plain(),
        };
        Ok(Prompts { vocabulary, frame, open, known: RefCell::default() })
    }

    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Returns the tokens before and after the block of a question. Text in the question never becomes
    /// a special token.
    ///
    /// The block is between two marks, and the texts before and after it are tokenised separately.
    /// Without a block, all of it is one text.
    pub fn prompt(&self, question: &str, fmri: bool) -> Result<(Vec<u32>, Vec<u32>)> {
        let text = self.vocabulary.joined_tokens(&self.frame.parts(question, fmri))?;
        let start = match self.frame.is_template {
            true => None,
            false => self.vocabulary.start(),
        };
        if !fmri {
            return Ok((Vec::new(), start.into_iter().chain(text).collect()));
        }
        let before = self.vocabulary.marked_tokens(&self.frame.before)?;
        let before = start.into_iter().chain(before).chain([self.open]).collect();
        Ok((before, [self.open + 1].into_iter().chain(text).collect()))
    }

    /// Returns the tokens of an answer after its prompt, and the model's end token.
    ///
    /// Prompt and answer are tokenised as one text and cut after as many tokens as the prompt has, as
    /// in lm-evaluation-harness. Tokenised separately they would give other tokens, and so other
    /// answers from a published model. Blanks at the end of the prompt belong to the answer, as there.
    pub fn answer(&self, question: &str, fmri: bool, answer: &str) -> Result<Vec<u32>> {
        let key = (question.to_owned(), fmri, answer.to_owned());
        if let Some(known) = self.known.borrow().get(&key) {
            return Ok(known.clone());
        }
        let mut parts = self.frame.parts(question, fmri);
        let prompt = self.vocabulary.joined_tokens(&parts)?;
        parts.extend([self.frame.gap.as_str(), answer].map(TextPart::Plain));
        let whole = self.vocabulary.joined_tokens(&parts)?;
        let mut tokens = whole.get(prompt.len()..).unwrap_or_default().to_vec();
        tokens.push(self.vocabulary.ends()[0]);
        let mut known = self.known.borrow_mut();
        if known.len() == KNOWN {
            known.clear();
        }
        known.insert(key, tokens.clone());
        Ok(tokens)
    }

    /// Returns the text of tokens up to an end token; marks have no text.
    pub fn text(&self, tokens: &[u32]) -> Result<String> {
        let is_text = |token: &u32| !self.vocabulary.ends().contains(token);
        let kept = tokens.iter().copied().take_while(is_text).filter(|&token| token < self.open);
        let text = self.vocabulary.text(&kept.collect::<Vec<_>>())?;
        Ok(text.strip_prefix(&self.frame.gap).unwrap_or(&text).to_owned())
    }
}

impl Frame {
    fn plain() -> Frame {
        Frame {
            before: String::new(),
            between: "Question: ".to_owned(),
            after: "\nAnswer:".to_owned(),
            gap: " ".to_owned(),
            is_template: false,
        }
    }

    /// Renders the model's own chat template around placeholders for the block and the question, and
    /// cuts it there.
    fn of_template(vocabulary: &Vocabulary) -> Result<Frame> {
        let message = ChatMessage::new("user", &format!("{BLOCK}{QUESTION}"));
        let rendered = vocabulary.chat(&[message], true)?;
        let split = rendered.split_once(BLOCK).and_then(|(before, rest)| {
            let (between, after) = rest.split_once(QUESTION)?;
            (!after.contains([BLOCK, QUESTION].map(|mark| mark.chars().next().unwrap_or('\0'))))
                .then_some((before, between, after))
        });
        let (before, between, end) = split.ok_or(
            "the model's chat template does not show a question once, as it is; set `chat = \"none\"`",
        )?;
        let after = end.trim_end_matches(' ');
        let gap = &end[after.len()..];
        let [before, between, after, gap] = [before, between, after, gap].map(str::to_owned);
        Ok(Frame { before, between, after, gap, is_template: true })
    }

    /// Returns the text that the answer follows: the part behind the block, or all of it without a
    /// block.
    fn parts<'a>(&'a self, question: &'a str, fmri: bool) -> Vec<TextPart<'a>> {
        let own = |text: &'a String| match self.is_template {
            true => TextPart::Marked(text),
            false => TextPart::Plain(text),
        };
        let before = (!fmri).then(|| own(&self.before));
        before.into_iter().chain([own(&self.between), TextPart::Plain(question), own(&self.after)]).collect()
    }
}
