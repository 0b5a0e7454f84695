//! Unpacks gzip files of several members, with zeros as padding after any of them.
//!
//! gzip's manual, `gzip -t` and Python accept such zeros, which tapes and object stores add;
//! `flate2::MultiGzDecoder` takes them for a damaged member.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

/// The error if something else than a member or zeros follows a member.
pub(super) const FOLLOWED: &str = "other bytes follow the compressed image";

/// The members of a file, one after another.
pub(super) struct Members {
    /// The member that is being read; `None` after the last.
    member: Option<GzDecoder<BufReader<File>>>,
}

impl Members {
    pub(super) fn new(file: BufReader<File>) -> Members {
        Members { member: Some(GzDecoder::new(file)) }
    }
}

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let file = self.member.take().map(GzDecoder::into_inner);
            self.member = file.map(next_member).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// Skips zeros, and returns the member that follows them, if any.
fn next_member(mut file: BufReader<File>) -> io::Result<Option<GzDecoder<BufReader<File>>>> {
    loop {
        let bytes = file.fill_buf()?;
        let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
        match bytes.get(zeros) {
            Some(0x1f) => {
                file.consume(zeros);
                return Ok(Some(GzDecoder::new(file)));
            }
            Some(_) => return Err(io::Error::other(FOLLOWED)),
            None if zeros == 0 => return Ok(None),
            None => file.consume(zeros),
        }
    }
}
