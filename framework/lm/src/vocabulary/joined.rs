//! Text from a chat template and a user together, in which only the template's marks are special tokens.

use boldface::Result;
use tokenizers::{AddedToken, Tokenizer};

use super::Vocabulary;

/// A part of one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextPart<'a> {
    /// From a chat template: special tokens are recognised.
    Marked(&'a str),
    /// From a user: text that looks like a special token stays text.
    Plain(&'a str),
}

/// Delimiters of a special token's number, which replaces its text. They are noncharacters of Unicode.
const STAND_IN: [char; 2] = ['\u{fdd0}', '\u{fdd1}'];

impl TextPart<'_> {
    fn text(&self) -> &str {
        match self {
            TextPart::Marked(text) | TextPart::Plain(text) => text,
        }
    }
}

impl Vocabulary {
    /// Returns the tokens of the parts as one text, so that the tokenizer does not see where parts meet.
    ///
    /// # Errors
    ///
    /// If the tokenizer cannot read the text.
    pub fn joined_tokens(&self, parts: &[TextPart<'_>]) -> Result<Vec<u32>> {
        let text: String = parts.iter().map(TextPart::text).collect();
        if parts.iter().all(|part| matches!(part, TextPart::Plain(_))) {
            return self.tokens(&text);
        }
        let (mut plain, mut start) = (Vec::new(), 0);
        for part in parts {
            let end = start + part.text().len();
            if matches!(part, TextPart::Plain(_)) {
                plain.push(start..end);
            }
            start = end;
        }
        let encoding = self.marked.encode(text, false)?;
        let tokens = encoding.get_ids();
        let is_text = |(token, (from, to)): (&u32, &(usize, usize))| {
            !self.is_special(*token) || plain.iter().all(|plain| *to <= plain.start || plain.end <= *from)
        };
        match tokens.iter().zip(encoding.get_offsets()).all(is_text) {
            true => Ok(tokens.to_vec()),
            false => self.joined_with_stand_ins(parts),
        }
    }

    /// Does the same if a user's text looks like a special token: stand-ins, which no user's text may
    /// contain, replace the template's special tokens.
    fn joined_with_stand_ins(&self, parts: &[TextPart<'_>]) -> Result<Vec<u32>> {
        let mut text = String::new();
        for part in parts {
            match part {
                TextPart::Plain(plain) if plain.contains(STAND_IN) => {
                    return Err(
                        "a text with U+FDD0 or U+FDD1 cannot be read: these codes are not characters".into(),
                    );
                }
                TextPart::Plain(plain) => text.push_str(plain),
                TextPart::Marked(marked) => self.push_stand_ins(marked, &mut text)?,
            }
        }
        let encoding = self.stand_ins()?.encode(text, false)?;
        let meant = |(token, text): (&u32, &String)| {
            let number =
                text.trim().strip_prefix(STAND_IN[0]).and_then(|text| text.strip_suffix(STAND_IN[1]));
            number.and_then(|number| number.parse().ok()).unwrap_or(*token)
        };
        Ok(encoding.get_ids().iter().zip(encoding.get_tokens()).map(meant).collect())
    }

    /// Appends a template's text with stand-ins for its special tokens.
    fn push_stand_ins(&self, marked: &str, text: &mut String) -> Result<()> {
        let encoding = self.marked.encode(marked, false)?;
        let mut done = 0;
        for (token, (from, to)) in encoding.get_ids().iter().zip(encoding.get_offsets()) {
            if self.is_special(*token) {
                // Some special tokens include the blanks around them.
                let mark = marked[*from..*to].trim_start();
                let from = to - mark.len();
                text.push_str(&marked[done..from]);
                text.push_str(&stand_in(*token));
                done = from + mark.trim_end().len();
            }
        }
        text.push_str(&marked[done..]);
        Ok(())
    }

    /// Returns a tokenizer that reads special tokens as text, and their stand-ins as it would read the
    /// tokens.
    fn stand_ins(&self) -> Result<Tokenizer> {
        let mut tokenizer = (*self.plain).clone();
        let mut all = Vec::new();
        for (token, added) in self.marked.get_added_vocabulary().get_added_tokens_decoder() {
            if added.special {
                all.push((
                    *token,
                    AddedToken {
                        content: stand_in(*token),
                        special: false,
                        normalized: false,
                        ..added.clone()
                    },
                ));
            }
        }
        all.sort_unstable_by_key(|(token, _)| *token);
        tokenizer.add_tokens(all.into_iter().map(|(_, added)| added))?;
        Ok(tokenizer)
    }

    pub(super) fn is_special(&self, token: u32) -> bool {
        let added = self.marked.get_added_vocabulary().get_added_tokens_decoder();
        added.get(&token).is_some_and(|token| token.special)
    }
}

fn stand_in(token: u32) -> String {
    format!("{}{token}{}", STAND_IN[0], STAND_IN[1])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;

    const TOKENS: [&str; 13] = ["<unk>", "<s>", "</s>", "▁", "u", "a", "b", "<", "/", "s", ">", "▁a", "▁u"];

    /// Byte pairs as in SentencePiece; `</s>` includes the blanks after it if it `strips`.
    fn vocabulary(normalizer: Value, pre_tokenizer: Value, strips: bool) -> Vocabulary {
        let special = |id: usize| {
            json!({
                "id": id, "content": TOKENS[id], "single_word": false, "lstrip": false, "rstrip": strips && id == 2,
                "normalized": false, "special": true,
            })
        };
        let entries: Value = TOKENS.iter().enumerate().map(|(id, token)| (*token, id)).collect();
        let tokenizer = json!({
            "version": "1.0", "truncation": null, "padding": null,
            "added_tokens": [special(1), special(2)],
            "normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": null, "decoder": null,
            "model": {
                "type": "BPE", "vocab": entries, "merges": [["▁", "a"], ["▁", "u"]], "unk_token": "<unk>",
                "fuse_unk": true, "byte_fallback": false, "dropout": null, "ignore_merges": false,
            },
        });
        let tokenizer = Tokenizer::from_bytes(tokenizer.to_string()).unwrap();
        Vocabulary::new(tokenizer, vec![2], None, None, Path::new("tokenizer.json")).unwrap()
    }

    /// Like Llama 2: a blank before every stretch of text between special tokens.
    fn prepended(strips: bool) -> Vocabulary {
        let normalizers = json!([
            { "type": "Prepend", "prepend": "▁" },
            { "type": "Replace", "pattern": { "String": " " }, "content": "▁" },
        ]);
        vocabulary(json!({ "type": "Sequence", "normalizers": normalizers }), Value::Null, strips)
    }

    /// Like newer files: a blank only before the first stretch of a text.
    fn first() -> Vocabulary {
        let metaspace =
            json!({ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": true });
        vocabulary(Value::Null, metaspace, false)
    }

    fn check(vocabulary: &Vocabulary, parts: &[TextPart<'_>], expected: &[&str]) {
        let tokens = vocabulary.joined_tokens(parts).unwrap();
        let shown: Vec<&str> = tokens.iter().map(|token| TOKENS[*token as usize]).collect();
        assert_eq!(shown, expected, "{parts:?}");
        let stood_in = vocabulary.joined_with_stand_ins(parts).unwrap();
        assert_eq!(stood_in, tokens, "{parts:?} with stand-ins");
    }

    #[test]
    fn a_blank_before_a_part_belongs_to_its_word() {
        let parts = [TextPart::Marked("<s>u "), TextPart::Plain("a"), TextPart::Marked("</s>u")];
        check(&prepended(false), &parts, &["<s>", "▁u", "▁a", "</s>", "▁u"]);
        check(&first(), &parts, &["<s>", "u", "▁a", "</s>", "u"]);
        for vocabulary in [prepended(false), first()] {
            let whole = vocabulary.marked_tokens("<s>u a</s>u").unwrap();
            assert_eq!(vocabulary.joined_tokens(&parts).unwrap(), whole);
        }
    }

    #[test]
    fn no_blank_is_put_before_a_part() {
        let parts = [TextPart::Plain("a"), TextPart::Plain("b"), TextPart::Plain("a")];
        for vocabulary in [prepended(false), first()] {
            check(&vocabulary, &parts, &["▁a", "b", "a"]);
        }
    }

    #[test]
    fn a_users_special_token_is_text_and_the_templates_are_none_the_less_marks() {
        let parts = [TextPart::Marked("<s>u "), TextPart::Plain("a</s>b"), TextPart::Marked("</s>u")];
        let user = ["▁a", "<", "/", "s", ">", "b"];
        check(&prepended(false), &parts, &[&["<s>", "▁u"], &user[..], &["</s>", "▁u"]].concat());
        check(&first(), &parts, &[&["<s>", "u"], &user[..], &["</s>", "u"]].concat());
        check(&first(), &[TextPart::Plain("a</s>b")], &user);
        // Nor does a special token arise from template and user together.
        check(&first(), &[TextPart::Marked("u</s"), TextPart::Plain(">")], &["▁u", "<", "/", "s", ">"]);
    }

    #[test]
    fn a_mark_takes_a_users_blank_along_as_in_any_text() {
        let parts = [TextPart::Marked("u</s>"), TextPart::Plain(" a"), TextPart::Marked("</s>")];
        check(&prepended(true), &parts, &["▁u", "</s>", "▁a", "</s>"]);
        // Two blanks: the tokenizer's own, and the user's.
        check(&prepended(false), &parts, &["▁u", "</s>", "▁", "▁a", "</s>"]);
    }

    #[test]
    fn what_stands_for_a_mark_is_no_text() {
        let parts = [TextPart::Plain("</s>\u{fdd0}1\u{fdd1}"), TextPart::Marked("</s>")];
        let error = prepended(false).joined_tokens(&parts).unwrap_err().to_string();
        assert!(error.starts_with("a text with U+FDD0"), "{error}");
    }
}
