//! Little-endian numbers and strings of a file, each checked against the file's end.

use boldface::Result;

/// A position in the bytes of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { bytes, at }
    }

    /// Returns the position.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns how many bytes are left.
    pub fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// Reads the next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.ok_or_else(|| {
            let (length, at) = (self.bytes.len(), self.at);
            format!("it ends at byte {length}, inside the item that begins at byte {at}; it was cut short or damaged")
        })?;
        let found = &self.bytes[self.at..end];
        self.at = end;
        Ok(found)
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.bytes(N)?.try_into().expect("as many bytes as were asked for"))
    }

    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads a count of items of at least `least` bytes each, and checks that they can fit into the
    /// rest.
    pub fn count(&mut self, what: &str, least: usize) -> Result<usize> {
        let (at, count) = (self.at, self.u64()?);
        let most = self.left() / least;
        usize::try_from(count).ok().filter(|count| *count <= most).ok_or_else(|| {
            format!("byte {at} announces {count} {what}, more than the {} bytes left can hold; it was cut short or damaged", self.left())
                .into()
        })
    }

    /// Reads a string and the length before it.
    pub fn text(&mut self) -> Result<&'a str> {
        let length = self.count("bytes of text", 1)?;
        let at = self.at;
        let bytes = self.bytes(length)?;
        std::str::from_utf8(bytes).map_err(|_| format!("the text at byte {at} is not UTF-8").into())
    }
}
