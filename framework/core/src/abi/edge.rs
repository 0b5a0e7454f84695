//! The C types that cross the plugin edge, with safe wrappers. This is the only `unsafe` code of the
//! crate.
#![expect(unsafe_code, reason = "memory of another image is reached through pointers")]

use std::ffi::c_void;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use super::{VERSION, forward, serve};

/// A message across the edge: JSON, and the series that the JSON refers to by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EdgeMessage {
    /// The JSON text.
    pub json: Vec<u8>,
    /// The values of each series.
    pub series: Vec<Vec<f32>>,
}

/// Outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallStatus {
    /// The reply contains the answer.
    Done,
    /// The reply contains an error and its causes.
    Failed,
    /// The reply contains the place and message of a panic in the plugin.
    Panicked,
}

/// Borrowed bytes.
#[repr(C)]
struct Bytes {
    data: *const u8,
    len: usize,
}

/// Borrowed numbers.
#[repr(C)]
struct Floats {
    data: *const f32,
    len: usize,
}

/// A borrowed [`EdgeMessage`].
#[repr(C)]
struct View {
    json: Bytes,
    series: *const Floats,
    count: usize,
}

/// The reply to a call. The plugin owns it until the host frees it.
#[repr(C)]
struct Reply {
    status: u32,
    view: *const View,
    owner: *mut c_void,
}

/// Functions of the host that a plugin may call.
#[repr(C)]
struct Host {
    context: usize,
    level: u32,
    log: extern "C" fn(context: usize, level: u32, target: Bytes, words: Bytes),
}

/// Description of a library, readable before any of its functions is called.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LibraryHeader {
    magic: [u8; 16],
    size: usize,
    version: u32,
    /// 1 if a panic unwinds and can be caught; 0 if it ends the process.
    unwinds: u32,
    framework: [u8; 32],
    compiler: [u8; 64],
}

/// The exported table of a library of plugins.
#[repr(C)]
pub struct Library {
    header: LibraryHeader,
    init: extern "C" fn(host: *const Host),
    call: extern "C" fn(request: *const View, reply: *mut Reply),
    free: extern "C" fn(reply: *mut Reply),
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header.fmt(f)
    }
}

/// Reasons why the host cannot use a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The symbol is not a plugin table.
    Foreign,
    /// It was built with `panic = "abort"`.
    Aborts,
    /// It was built for another version of the edge.
    Version {
        /// The library's version of the edge.
        theirs: u32,
        /// The framework version and compiler that built the library.
        built: String,
    },
}

const MAGIC: [u8; 16] = *b"boldface plugins";

impl Library {
    /// The table of the image that this constant is compiled into.
    pub const THIS: Library = Library {
        header: LibraryHeader {
            magic: MAGIC,
            size: size_of::<Library>(),
            version: VERSION,
            unwinds: cfg!(panic = "unwind") as u32,
            framework: padded(env!("CARGO_PKG_VERSION")),
            compiler: padded(super::COMPILER),
        },
        init,
        call,
        free,
    };

    /// Reads the table at an exported symbol: first its leading bytes, and the rest only if they match.
    ///
    /// # Errors
    /// If it is not a plugin table, or a table of another version.
    ///
    /// # Safety
    /// `symbol` points to initialised memory that stays valid forever. If this memory starts with the
    /// magic bytes of this framework, it is a table that this framework's macro created.
    pub unsafe fn at(symbol: *const c_void) -> Result<&'static Library, Mismatch> {
        if !symbol.cast::<Library>().is_aligned() {
            return Err(Mismatch::Foreign);
        }
        // SAFETY: 16 bytes of initialised memory, as the caller promises; bytes need no alignment.
        let magic = unsafe { symbol.cast::<[u8; 16]>().read() };
        if magic != MAGIC {
            return Err(Mismatch::Foreign);
        }
        // SAFETY: the magic bytes are followed by the rest of a header, which is the same in every
        // version.
        let header = unsafe { symbol.cast::<LibraryHeader>().read() };
        if header.version != VERSION || header.size != size_of::<Library>() {
            let built = format!("boldface {} and {}", text(&header.framework), text(&header.compiler));
            return Err(Mismatch::Version { theirs: header.version, built });
        }
        if header.unwinds == 0 {
            return Err(Mismatch::Aborts);
        }
        // SAFETY: version and size match, so the fields and their layout are those of this build.
        Ok(unsafe { &*symbol.cast::<Library>() })
    }

    /// Sends the library's logs and panics to `sink`, under `context`. `level` is the most detailed
    /// level to send, from 1 (errors) to 5 (traces).
    pub fn start(&self, context: usize, level: u32, sink: Sink) {
        SINK.get_or_init(|| sink);
        let host = Host { context, level, log };
        (self.init)(&host);
    }

    /// Sends a request to the library and returns its answer.
    pub fn call(&self, message: &EdgeMessage) -> (CallStatus, EdgeMessage) {
        let floats: Vec<Floats> = message.series.iter().map(|values| Floats::borrow(values)).collect();
        let view = View::borrow(message, &floats);
        let mut reply = Reply { status: 0, view: ptr::null(), owner: ptr::null_mut() };
        (self.call)(&view, &mut reply);
        // SAFETY: the library's `call` has filled the reply and keeps the memory behind it until `free`.
        let answer = unsafe { reply.view.as_ref().map(|view| view.read()) };
        let status = match (reply.status, &answer) {
            (0, Some(_)) => CallStatus::Done,
            (1, Some(_)) => CallStatus::Failed,
            _ => CallStatus::Panicked,
        };
        (self.free)(&mut reply);
        (status, answer.unwrap_or_default())
    }
}

/// Receives a log event: context of the library, level from 1 to 5, module and message.
pub type Sink = fn(context: usize, level: u32, target: &str, words: &str);

/// The host's log receiver, shared by all libraries.
static SINK: OnceLock<Sink> = OnceLock::new();

extern "C" fn log(context: usize, level: u32, target: Bytes, words: Bytes) {
    // SAFETY: the plugin's `Forwarder` lends both for the duration of this call.
    let (target, words) = unsafe { (target.read(), words.read()) };
    if let Some(sink) = SINK.get() {
        sink(context, level, &String::from_utf8_lossy(target), &String::from_utf8_lossy(words));
    }
}

extern "C" fn init(host: *const Host) {
    // SAFETY: the host lends its table for the duration of this call, and it is copied here.
    let (context, level, log) = unsafe { ((*host).context, (*host).level, (*host).log) };
    let send = move |level: u32, target: &str, words: &str| {
        log(context, level, Bytes::borrow(target.as_bytes()), Bytes::borrow(words.as_bytes()));
    };
    // If logging cannot be set up, the library still works.
    let _ = catch_unwind(|| forward::start(level, send));
}

extern "C" fn call(request: *const View, reply: *mut Reply) {
    let answer = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the host lends the request for the duration of this call.
        let (status, message) = serve::answer(unsafe { (*request).read() });
        let floats: Vec<Floats> = message.series.iter().map(|values| Floats::borrow(values)).collect();
        let mut owned = Box::new(Owned { view: View::nothing(), floats, message });
        // The box does not move, and neither do the buffers of the vectors in it.
        owned.view = View::borrow(&owned.message, &owned.floats);
        (status, Box::into_raw(owned))
    }));
    // A missing view reports to the host that even building the reply failed.
    let (status, owned) = answer.unwrap_or((CallStatus::Panicked, ptr::null_mut()));
    // SAFETY: `reply` belongs to the host and has our layout, because its version is ours.
    unsafe {
        (*reply).status = status as u32;
        (*reply).owner = owned.cast();
        (*reply).view = if owned.is_null() { ptr::null() } else { &raw const (*owned).view };
    }
}

extern "C" fn free(reply: *mut Reply) {
    // SAFETY: `call` stored the owner once, and the host calls this function once.
    unsafe {
        let owner = (*reply).owner.cast::<Owned>();
        if !owner.is_null() {
            (*reply).owner = ptr::null_mut();
            drop(Box::from_raw(owner));
        }
    }
}

/// Memory of a reply.
struct Owned {
    view: View,
    floats: Vec<Floats>,
    message: EdgeMessage,
}

impl Bytes {
    fn borrow(bytes: &[u8]) -> Bytes {
        Bytes { data: bytes.as_ptr(), len: bytes.len() }
    }

    /// # Safety
    /// It was made by [`Bytes::borrow`] from a slice that is still alive.
    unsafe fn read<'a>(&self) -> &'a [u8] {
        // SAFETY: the caller promises it, and a slice's pointer is never null.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

impl Floats {
    fn borrow(values: &[f32]) -> Floats {
        Floats { data: values.as_ptr(), len: values.len() }
    }
}

impl View {
    fn nothing() -> View {
        View { json: Bytes::borrow(&[]), series: ptr::NonNull::dangling().as_ptr(), count: 0 }
    }

    fn borrow(message: &EdgeMessage, floats: &[Floats]) -> View {
        let json = Bytes::borrow(&message.json);
        View { json, series: floats.as_ptr(), count: floats.len() }
    }

    /// # Safety
    /// It was made by [`View::borrow`] from a message that is still alive.
    unsafe fn read(&self) -> EdgeMessage {
        // SAFETY: the caller promises it, and pointers of slices and vectors are never null.
        unsafe {
            let series = std::slice::from_raw_parts(self.series, self.count);
            let copy = |floats: &Floats| std::slice::from_raw_parts(floats.data, floats.len).to_vec();
            EdgeMessage { json: self.json.read().to_vec(), series: series.iter().map(copy).collect() }
        }
    }
}

/// Copies a text into a field of fixed size and pads it with zeros.
const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let (bytes, mut field, mut i) = (text.as_bytes(), [0; N], 0);
    while i < bytes.len() && i < N {
        field[i] = bytes[i];
        i += 1;
    }
    field
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: Library = Library::THIS;
    static OTHER: [u64; 40] = [7; 40];

    #[test]
    fn the_table_is_read_where_it_stands_and_nowhere_else() {
        // SAFETY: this static is a table.
        let table = unsafe { Library::at((&raw const TABLE).cast()) };
        assert!(std::ptr::eq(table.unwrap(), &raw const TABLE));
        // SAFETY: this static does not begin like a table.
        let other = unsafe { Library::at((&raw const OTHER).cast()) };
        assert_eq!(other.unwrap_err(), Mismatch::Foreign);
    }

    #[test]
    fn texts_fill_their_fields_and_no_more() {
        assert_eq!(text(&padded::<8>("rustc")), "rustc");
        assert_eq!(text(&padded::<3>("rustc")), "rus");
    }
}
