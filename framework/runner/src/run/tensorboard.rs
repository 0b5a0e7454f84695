//! Writes a run's metrics for TensorBoard: an event file of scalars.
//!
//! Written by hand, because the crate for it is stale and the format takes some 80 lines. TensorBoard's
//! own reader checks it.
//!
//! The format is TFRecord frames (`tensorflow/core/lib/io/record_writer.h`), each with one `Event` of
//! `tensorflow/core/util/event.proto`. Only time, step, version and scalars are used.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use boldface_tables::checksum::crc32c;

/// An event file being written. Each event is one unbuffered write, so that a crash loses none.
#[derive(Debug)]
pub struct TensorboardFile {
    file: File,
}

impl TensorboardFile {
    /// Creates `events.out.tfevents.<seconds>.boldface` in `dir`. `seconds` since 1970 is the start
    /// time.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn create(dir: &Path, seconds: u64) -> io::Result<TensorboardFile> {
        let mut file = File::create(dir.join(format!("events.out.tfevents.{seconds}.boldface")))?;
        let mut event = Vec::new();
        double(&mut event, 1, seconds as f64);
        bytes(&mut event, 3, b"brain.Event:2");
        file.write_all(&frame(&event))?;
        Ok(TensorboardFile { file })
    }

    /// Writes one number. TensorBoard groups tags by the part before the first `/`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn scalar(&mut self, seconds: f64, tag: &str, step: u64, value: f64) -> io::Result<()> {
        let mut of_tag = Vec::new();
        bytes(&mut of_tag, 1, tag.as_bytes());
        key(&mut of_tag, 2, FOUR_BYTES);
        of_tag.extend((value as f32).to_le_bytes());
        let mut summary = Vec::new();
        bytes(&mut summary, 1, &of_tag);
        let mut event = Vec::new();
        double(&mut event, 1, seconds);
        key(&mut event, 2, VARINT);
        varint(&mut event, step);
        bytes(&mut event, 5, &summary);
        self.file.write_all(&frame(&event))
    }
}

// Protocol buffer wire types.
const VARINT: u64 = 0;
const EIGHT_BYTES: u64 = 1;
const SOME_BYTES: u64 = 2;
const FOUR_BYTES: u64 = 5;

fn key(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn double(out: &mut Vec<u8>, field: u64, value: f64) {
    key(out, field, EIGHT_BYTES);
    out.extend(value.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    key(out, field, SOME_BYTES);
    varint(out, value.len() as u64);
    out.extend(value);
}

/// Frames data as its length, the length's checksum, the data, and the data's checksum.
fn frame(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let mut out = length.to_vec();
    out.extend(masked(&length).to_le_bytes());
    out.extend(data);
    out.extend(masked(data).to_le_bytes());
    out
}

fn masked(data: &[u8]) -> u32 {
    crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_bytes_of_the_format() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = TensorboardFile::create(dir.path(), 7).unwrap();
        file.scalar(1.0, "a/b", 300, 0.5).unwrap();
        let written = std::fs::read(dir.path().join("events.out.tfevents.7.boldface")).unwrap();
        // 9 bytes of time, 2 + 13 of the version, with 12 of length and 4 of checksum around them.
        let second = &written[12 + 24 + 4..];
        // 9 of time, 3 of step (300 = 0xac 0x02), 2 + 12 of the summary, which is 2 + 10 of its one
        // value.
        assert_eq!(second[..8], 26u64.to_le_bytes());
        let event = [
            &[0x09][..],
            &1.0f64.to_le_bytes(),
            &[0x10, 0xac, 0x02, 0x2a, 12, 0x0a, 10, 0x0a, 3],
            b"a/b",
            &[0x15],
            &0.5f32.to_le_bytes(),
        ];
        assert_eq!(second[12..12 + 26], event.concat());
        assert_eq!(second.len(), 12 + 26 + 4);
    }
}
