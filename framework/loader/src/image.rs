//! Checks that a file is a complete shared library. The system would map a damaged one and crash while
//! reading it.

use std::io::Read;
use std::path::Path;

/// Magic bytes of shared libraries: ELF, Mach-O (both byte orders, thin and fat), PE.
const BEGINNINGS: [&[u8]; 5] =
    [b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xca\xfe\xba\xbe", b"MZ"];

/// Checks that `file` begins like a library and, for ELF, is as long as its headers declare.
///
/// # Errors
/// A message that says what is wrong with the file and how to fix it.
pub(crate) fn check(file: &Path) -> Result<(), String> {
    let shown = file.display();
    let mut bytes = Vec::new();
    boldface::files::open_regular(file)
        .and_then(|mut open| open.read_to_end(&mut bytes))
        .map_err(|error| format!("`{shown}` cannot be read: {error}"))?;
    if !BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning)) {
        return Err(format!(
            "`{shown}` is not a shared library; `cargo build --release` of a crate with \
             `crate-type = [\"cdylib\"]` makes one"
        ));
    }
    let length = bytes.len() as u64;
    match elf_length(&bytes) {
        Some(needed) if needed > length => {
            Err(format!("`{shown}` is cut short: it has {length} of {needed} bytes; build or copy it again"))
        }
        _ => Ok(()),
    }
}

/// Returns the length that a 64-bit little-endian ELF file declares: the end of its section table,
/// usually the last part, or of its last segment. `None` for other files. For a truncated header, more
/// than the file's length.
fn elf_length(bytes: &[u8]) -> Option<u64> {
    if !bytes.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let number = |at: u64, size: usize| -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let field = bytes.get(at..at.checked_add(size)?)?;
        Some(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    };
    let more = Some(bytes.len() as u64 + 1);
    // Offsets of the header's fields: e_phoff, e_shoff, e_phentsize, e_phnum, e_shentsize, e_shnum.
    let header = [(32, 8), (40, 8), (54, 2), (56, 2), (58, 2), (60, 2)].map(|(at, size)| number(at, size));
    let [Some(segments), Some(sections), Some(segment), Some(count), Some(section), Some(all)] = header
    else {
        return more;
    };
    let mut end = sections.checked_add(section * all)?;
    for i in 0..count {
        let at = segments.checked_add(i * segment)?;
        // p_offset and p_filesz.
        let (Some(offset), Some(size)) = (number(at.checked_add(8)?, 8), number(at.checked_add(32)?, 8))
        else {
            return more;
        };
        end = end.max(offset.checked_add(size)?);
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_must_begin_like_one_and_be_whole() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let text = check(&write("a.txt", b"hello")).unwrap_err();
        assert!(text.contains("a.txt` is not a shared library"), "{text}");
        let empty = check(&write("empty.so", b"")).unwrap_err();
        assert!(empty.contains("is not a shared library"), "{empty}");

        // On Linux the test's own program is an ELF file, laid out like a library.
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        check(&write("whole.so", &own)).unwrap();
        if own.starts_with(b"\x7fELF\x02\x01") {
            for kept in [5, 6, 40, 64, 200, own.len() / 2, own.len() - 1] {
                let error = check(&write("cut.so", &own[..kept.max(6)])).unwrap_err();
                let kept = kept.max(6);
                assert!(error.contains(&format!("is cut short: it has {kept} of ")), "{error}");
            }
        }
    }
}
