//! The metadata of a GGUF file: numbers and strings are copied, lists stay in the file.

use boldface::Result;

use super::cursor::Cursor;

/// A value of the metadata.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum MetadataValue {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Flag(bool),
    Text(String),
    /// `count` values of one kind from byte `at`, all of which were checked once.
    List {
        kind: u32,
        count: usize,
        at: usize,
    },
}

/// Kinds of values, as numbered in the format.
const TEXT: u32 = 8;
const LIST: u32 = 9;

/// Maximum nesting of lists; real files nest less.
const DEEPEST: usize = 4;

impl MetadataValue {
    pub fn read(cursor: &mut Cursor<'_>) -> Result<MetadataValue> {
        let kind = cursor.u32()?;
        MetadataValue::of_kind(cursor, kind, 0)
    }

    fn of_kind(cursor: &mut Cursor<'_>, kind: u32, depth: usize) -> Result<MetadataValue> {
        Ok(match kind {
            0 => MetadataValue::Unsigned(cursor.bytes(1)?[0].into()),
            1 => MetadataValue::Signed(cursor.bytes(1)?[0].cast_signed().into()),
            2 => MetadataValue::Unsigned(u16::from_le_bytes(cursor.array()?).into()),
            3 => MetadataValue::Signed(i16::from_le_bytes(cursor.array()?).into()),
            4 => MetadataValue::Unsigned(cursor.u32()?.into()),
            5 => MetadataValue::Signed(cursor.u32()?.cast_signed().into()),
            6 => MetadataValue::Float(f32::from_le_bytes(cursor.array()?).into()),
            7 => MetadataValue::Flag(cursor.bytes(1)?[0] != 0),
            TEXT => MetadataValue::Text(cursor.text()?.to_owned()),
            LIST => {
                let (at, kind) = (cursor.at(), cursor.u32()?);
                if depth == DEEPEST {
                    return Err(format!("the list at byte {at} is nested in {DEEPEST} others").into());
                }
                let count = cursor.count("values", least(kind))?;
                let first = cursor.at();
                match size(kind) {
                    Some(size) => drop(cursor.bytes(count * size)?),
                    None => {
                        for _ in 0..count {
                            MetadataValue::pass(cursor, kind, depth + 1)?;
                        }
                    }
                }
                MetadataValue::List { kind, count, at: first }
            }
            10 => MetadataValue::Unsigned(cursor.u64()?),
            11 => MetadataValue::Signed(cursor.u64()?.cast_signed()),
            12 => MetadataValue::Float(f64::from_le_bytes(cursor.array()?)),
            _ => {
                let at = cursor.at();
                return Err(format!(
                    "a value at byte {at} is of kind {kind}, which GGUF 2 and 3 do not have"
                )
                .into());
            }
        })
    }

    /// Skips a value that has no fixed size.
    fn pass(cursor: &mut Cursor<'_>, kind: u32, depth: usize) -> Result<()> {
        if kind == TEXT {
            cursor.text().map(drop)
        } else {
            MetadataValue::of_kind(cursor, kind, depth).map(drop)
        }
    }
}

/// Returns the number of bytes of a value of this kind, if it is fixed.
fn size(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// Returns the smallest number of bytes of a value of this kind.
fn least(kind: u32) -> usize {
    // A list has a kind and a count, a string a length.
    size(kind).unwrap_or(if kind == LIST { 12 } else { 8 })
}

/// Returns the values of a list in turn.
pub(super) fn values<'a>(
    bytes: &'a [u8],
    list: &MetadataValue,
) -> Option<impl Iterator<Item = MetadataValue> + 'a> {
    let MetadataValue::List { kind, count, at } = *list else { return None };
    let mut cursor = Cursor::new(bytes, at);
    let next = move |_| {
        MetadataValue::of_kind(&mut cursor, kind, 1).expect("the list was read over when the file was opened")
    };
    Some((0..count).map(next))
}

/// Returns the strings of a list in turn, borrowed from the file.
pub(super) fn texts<'a>(bytes: &'a [u8], list: &MetadataValue) -> Option<impl Iterator<Item = &'a str>> {
    let MetadataValue::List { kind: TEXT, count, at } = *list else { return None };
    let mut cursor = Cursor::new(bytes, at);
    let next = move |_| cursor.text().expect("the list was read over when the file was opened");
    Some((0..count).map(next))
}
