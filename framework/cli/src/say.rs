//! Output to a reader who may be gone: a closed pipe ends a listing, but never a run.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{ErrorKind, Result, Write};

/// Shows control characters as escapes. Text from files may hold any character, and a terminal obeys
/// some of them: it moves, hides, colours or answers. Line breaks and tabs stay.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // This form is valid in JSON and in TOML, which commands print too.
        if is_obeyed(c) { shown += &format!("\\u{:04x}", u32::from(c)) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// Whether a terminal acts on a character. The last ones turn the direction of text around.
fn is_obeyed(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Prints a result on standard output. If the reader has gone (`| head`), the program exits quietly.
pub fn out(text: impl Display) {
    draw(&shown(&text.to_string()));
}

/// Prints text with the terminal's own commands, around text that is [`shown`]. A full disk ends the program
/// with an error, because half a table must not pass for a whole one.
pub fn draw(text: &str) {
    let mut stdout = std::io::stdout().lock();
    check_written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()));
}

/// Ends the program if standard output could not be written: quietly if its reader has gone.
pub fn check_written(written: Result<()>) {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => leave(0),
        Err(error) => {
            aside(format_args!("error: cannot write standard output: {error}"));
            leave(1)
        }
        Ok(()) => {}
    }
}

/// Ends the program at once.
pub fn leave(code: i32) -> ! {
    boldface_loader::expect_end();
    std::process::exit(code)
}

/// Prints a line on standard error. If the reader has gone, the work continues.
pub fn aside(line: impl Display) {
    writeln!(std::io::stderr(), "{}", shown(&line.to_string())).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_never_told_what_to_do() {
        assert_eq!(
            shown("\u{1b}]0;title\u{7}\r\u{9b}2J\u{202e}a"),
            r"\u001b]0;title\u0007\u000d\u009b2J\u202ea"
        );
        assert_eq!(shown("Größe\t1 😀\n"), "Größe\t1 😀\n");
    }
}
