//! Opens a NIfTI file, plain or gzipped, one file or a pair, and positions it at the header or the
//! voxels.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use boldface::Result;
use boldface::files::open_regular;

use super::datatype::ByteOrder;
use super::fields::{BYTES_1, BYTES_2, Fields, product};
use super::gzip::{FOLLOWED, Members};
use crate::link;

/// Size of a read from disk in bytes.
const BUFFER: usize = 256 * 1024;

/// Largest ratio of a gzip stream to its file: deflate's shortest code has 2 bits for 258 bytes.
const LARGEST_RATIO: u128 = 1032;

/// A file whose header was read.
pub(crate) struct ImageSource {
    /// The file with the voxels; named in messages.
    pub path: PathBuf,
    pub fields: Fields,
    stream: Stream,
    /// Position of the stream in unpacked bytes.
    position: u64,
}

/// The unpacked bytes of a file.
enum Stream {
    Plain { file: BufReader<File>, length: u64 },
    Gzip { decoder: Box<Members>, length: u64 },
}

impl ImageSource {
    /// Opens a file and reads its header. Either file of a pair can be given.
    pub fn open(path: &Path) -> Result<ImageSource> {
        let header = match ending(path).as_str() {
            "img" => at(path, beside(path, "hdr"))?,
            _ => path.to_path_buf(),
        };
        let mut stream = at(&header, Stream::open(&header))?;
        let start = at(&header, stream.start().map_err(|error| damage("the header", &error)))?;
        let fields = at(&header, Fields::parse(&start))?;
        if fields.is_single {
            return Ok(ImageSource { path: header, fields, stream, position: start.len() as u64 });
        }
        let image = at(&header, beside(&header, "img"))?;
        let stream = at(&image, Stream::open(&image))?;
        Ok(ImageSource { path: image, fields, stream, position: 0 })
    }

    /// Returns to the first byte of the file.
    pub fn rewind(&mut self) -> Result<()> {
        self.stream = at(&self.path, Stream::open(&self.path))?;
        self.position = 0;
        Ok(())
    }

    /// Advances to the first voxel.
    pub fn skip_to_voxels(&mut self) -> Result<()> {
        let to = self.fields.offset;
        let distance = to.saturating_sub(self.position);
        let skipped = match &mut self.stream {
            Stream::Plain { file, length } if to <= *length => {
                file.seek(SeekFrom::Start(to)).map(|_| distance)
            }
            stream => io::copy(&mut stream.take(distance), &mut io::sink()),
        };
        if at(&self.path, skipped.map_err(|error| damage("what precedes the voxels", &error)))? < distance {
            return at(
                &self.path,
                Err(format!(
                    "the file ends before byte {to}, where its voxels start; it is damaged or its copy was cut short"
                )),
            );
        }
        self.position = to;
        Ok(())
    }

    /// Checks the length of the file against the `needed` bytes of voxels in its header, before anything
    /// is allocated. `volume` is the size of one volume in bytes.
    ///
    /// A gzipped file is refused only if no gzip stream of its length could hold that many bytes.
    pub fn check_length(&self, needed: u128, volume: u128) -> Result<()> {
        let offset = u128::from(self.fields.offset);
        let end = offset.saturating_add(needed);
        let found = match self.stream {
            Stream::Plain { length, .. } if u128::from(length) < end => {
                format!("the file has {length} bytes")
            }
            Stream::Plain { length, .. } => {
                return self.check_surplus(u128::from(length) - end, volume);
            }
            Stream::Gzip { length, .. } if u128::from(length) * LARGEST_RATIO < end => {
                format!("{length} compressed bytes cannot hold that")
            }
            Stream::Gzip { .. } => return Ok(()),
        };
        let shape = product(&self.fields.dims);
        let message = format!(
            "an image of {shape} takes {needed} bytes from byte {offset} on, but {found}; the file is damaged \
             or its copy was cut short"
        );
        at(&self.path, Err(message))
    }

    /// Fails if a whole volume or more follows the last one, because the header then announces too few.
    pub fn check_surplus(&self, bytes: u128, volume: u128) -> Result<()> {
        if bytes < volume {
            return Ok(());
        }
        let shape = product(&self.fields.dims);
        at(
            &self.path,
            Err(format!(
                "the header says {shape}, but {bytes} bytes follow the last volume (one volume is {volume}); \
                 correct the header or save the image again"
            )),
        )
    }

    /// Returns the content of the first header extension with this code. The stream must be right after
    /// the header.
    pub fn extension(&mut self, code: i32) -> Result<Option<Vec<u8>>> {
        let path = self.path.clone();
        let found = self.find_extension(code);
        at(
            &path,
            found.map_err(|error| {
                format!("its header extensions cannot be read ({error}); the file is damaged")
            }),
        )
    }

    fn find_extension(&mut self, code: i32) -> io::Result<Option<Vec<u8>>> {
        let big = self.fields.order == ByteOrder::Big;
        let end = self.fields.offset;
        let mut four = [0; 4];
        self.read_exact(&mut four)?;
        if four[0] == 0 {
            return Ok(None);
        }
        let mut next = |source: &mut ImageSource| -> io::Result<i32> {
            source.read_exact(&mut four)?;
            Ok(if big { i32::from_be_bytes(four) } else { i32::from_le_bytes(four) })
        };
        while self.position + 8 <= end {
            let (size, kind) = (next(self)?, next(self)?);
            if size == 0 {
                return Ok(None);
            }
            // The size includes its own eight bytes.
            let size = u64::try_from(size).ok().and_then(|size| size.checked_sub(8));
            let size = size.filter(|size| self.position + size <= end);
            let size = size.ok_or_else(|| io::Error::other("one is longer than the header"))?;
            if kind == code {
                let mut content = Vec::new();
                self.by_ref().take(size).read_to_end(&mut content)?;
                return Ok(Some(content));
            }
            io::copy(&mut self.by_ref().take(size), &mut io::sink())?;
        }
        Ok(None)
    }
}

impl Read for ImageSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.position += read as u64;
        Ok(read)
    }
}

impl Stream {
    fn open(path: &Path) -> io::Result<Stream> {
        let file = open_regular(path).map_err(|error| link::explained(path, error))?;
        let length = file.metadata()?.len();
        let mut file = BufReader::with_capacity(BUFFER, file);
        let start = io::BufRead::fill_buf(&mut file)?;
        if start.starts_with(&[0x1f, 0x8b]) {
            return Ok(Stream::Gzip { decoder: Box::new(Members::new(file)), length });
        }
        Ok(Stream::Plain { file, length })
    }

    /// Reads the header: as many bytes as its version has, or fewer if the file ends.
    fn start(&mut self) -> io::Result<Vec<u8>> {
        let mut start = Vec::with_capacity(BYTES_2);
        self.take(BYTES_1 as u64).read_to_end(&mut start)?;
        let rest = Fields::bytes(&start) - BYTES_1;
        self.take(rest as u64).read_to_end(&mut start)?;
        Ok(start)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain { file, .. } => file.read(buffer),
            Stream::Gzip { decoder, .. } => decoder.read(buffer),
        }
    }
}

/// Prefixes a message with the name of the file.
pub(crate) fn at<T>(path: &Path, result: Result<T, impl std::fmt::Display>) -> Result<T> {
    result.map_err(|error| format!("`{}`: {error}", path.display()).into())
}

/// Returns the files of an image: one, or the two of a pair if the other is there.
pub fn files_of(path: &Path) -> Vec<PathBuf> {
    let other = match ending(path).as_str() {
        "img" => beside(path, "hdr").ok(),
        "hdr" => beside(path, "img").ok(),
        _ => None,
    };
    [Some(path.to_owned()), other].into_iter().flatten().collect()
}

/// Formats a read error: the part of the file, and the cause.
pub(crate) fn damage(what: &str, error: &io::Error) -> String {
    let why = match error.kind() {
        _ if error.to_string() == FOLLOWED => {
            return format!("{what} cannot be read ({FOLLOWED}); copy the file again");
        }
        io::ErrorKind::UnexpectedEof => "the file ends early".to_owned(),
        _ => error.to_string(),
    };
    format!("{what} cannot be read ({why}); the file is damaged or its copy was cut short")
}

/// Returns the file extension without `.gz`, in lower case.
fn ending(path: &Path) -> String {
    let path = without_gz(path);
    path.extension().map_or_else(String::new, |ending| ending.to_string_lossy().to_lowercase())
}

fn without_gz(path: &Path) -> PathBuf {
    let is_gz = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    if is_gz { path.with_extension("") } else { path.to_path_buf() }
}

/// Returns the other file of a pair, compressed or not.
fn beside(path: &Path, ending: &str) -> Result<PathBuf, String> {
    let stem = without_gz(path).with_extension("");
    let names = [
        ending.to_owned(),
        format!("{ending}.gz"),
        ending.to_uppercase(),
        format!("{}.GZ", ending.to_uppercase()),
    ];
    let mut found = names.iter().map(|ending| {
        let mut name = OsString::from(&stem);
        name.push(format!(".{ending}"));
        PathBuf::from(name)
    });
    found.find(|path| link::is_listed(path)).ok_or_else(|| {
        format!(
            "one file of a pair, but neither `{0}.{ending}` nor `{0}.{ending}.gz` is there",
            stem.display()
        )
    })
}
