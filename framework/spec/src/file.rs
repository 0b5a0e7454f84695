//! Reads the text of specs and of files that they name, as editors save them.

use std::fs::{self, File};
use std::io::{Error, Read, Result};
use std::path::Path;

/// The most bytes of a file that is read as a whole. No file that a person writes is larger.
const MOST: u64 = 64 << 20;

/// Reads a whole file in UTF-8, with or without a byte-order mark.
///
/// # Errors
/// If the file cannot be read, is no regular file, is larger than any spec, or has another encoding. The
/// message does not name the file.
pub fn read_text(path: &Path) -> Result<String> {
    let told = fs::metadata(path)?;
    // A device or a pipe may never end.
    if !told.is_file() {
        let what = if told.is_dir() { "it is a folder" } else { "it is no regular file" };
        return Err(Error::other(what));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(Error::other(format!("it has more than {} MiB, which no such file needs", MOST >> 20)));
    }
    decode(bytes).map_err(Error::other)
}

fn decode(mut bytes: Vec<u8>) -> std::result::Result<String, String> {
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        bytes.drain(..3);
    }
    let zero = bytes.iter().position(|byte| *byte == 0);
    let is_wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if is_wide || zero.is_some() {
        let line = line_after(if is_wide { &[] } else { &bytes[..zero.unwrap_or(0)] });
        return Err(format!(
            "line {line} is UTF-16 or no text; save it as UTF-8 (PowerShell's `>` writes UTF-16)"
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        format!("line {} has a byte that no text in UTF-8 has; save it as UTF-8", line_after(before))
    })
}

/// Returns the number of the line that follows on `bytes`, from 1.
fn line_after(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_editors_save_it() {
        let text = "a = 1\r\n# \u{e9}\r\n";
        assert_eq!(decode(text.into()), Ok(text.to_owned()));
        assert_eq!(decode([&[0xef, 0xbb, 0xbf], text.as_bytes()].concat()), Ok(text.to_owned()));
        let wide = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
        for bytes in [wide(u16::to_le_bytes), [vec![0xfe, 0xff], wide(u16::to_be_bytes)].concat()] {
            assert!(decode(bytes).unwrap_err().starts_with("line 1 is UTF-16"));
        }
        let latin = b"a = 1\n# \xe9\n".to_vec();
        assert!(decode(latin).unwrap_err().starts_with("line 2 has a byte that no text in UTF-8 has"));
    }

    #[test]
    fn what_never_ends_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_text(folder.path()).unwrap_err().to_string(), "it is a folder");
        assert_eq!(read_text(Path::new("/dev/zero")).unwrap_err().to_string(), "it is no regular file");
    }
}
