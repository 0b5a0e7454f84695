//! The C types that cross the edge, and their safe faces: the only `unsafe` code of this crate.
#![expect(unsafe_code, reason = "memory of another image is reached through pointers")]

use std::ffi::c_void;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::OnceLock;

use super::{VERSION, forward, serve};

/// Something to say across the edge: JSON, and the series that it refers to by number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The words.
    pub json: Vec<u8>,
    /// The numbers, series by series.
    pub series: Vec<Vec<f32>>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The reply is the answer.
    Done,
    /// The reply is an error and its causes.
    Failed,
    /// The reply says where and why the plugin panicked.
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

/// A borrowed [`Message`].
#[repr(C)]
struct View {
    json: Bytes,
    series: *const Floats,
    count: usize,
}

/// The answer to a call, owned by the plugin until the host frees it.
#[repr(C)]
struct Reply {
    status: u32,
    view: *const View,
    owner: *mut c_void,
}

/// What a plugin may call of the host.
#[repr(C)]
struct Host {
    context: usize,
    level: u32,
    log: extern "C" fn(context: usize, level: u32, target: Bytes, words: Bytes),
}

/// What a library says of itself before anything of it is called.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Header {
    magic: [u8; 16],
    size: usize,
    version: u32,
    /// 1 if a panic unwinds, so that it can be caught; 0 if it ends the process.
    unwinds: u32,
    framework: [u8; 32],
    compiler: [u8; 64],
}

/// The exported table of a library of plugins.
#[repr(C)]
pub struct Library {
    header: Header,
    init: extern "C" fn(host: *const Host),
    call: extern "C" fn(request: *const View, reply: *mut Reply),
    free: extern "C" fn(reply: *mut Reply),
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.header.fmt(f)
    }
}

/// Why a library cannot be spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The symbol is something else.
    Foreign,
    /// It was built with `panic = "abort"`.
    Aborts,
    /// It was built for another version of the edge.
    Version {
        /// That version.
        theirs: u32,
        /// The framework it was built against, and the compiler.
        built: String,
    },
}

const MAGIC: [u8; 16] = *b"boldface plugins";

impl Library {
    /// The table of the image this function is compiled into.
    pub const THIS: Library = Library {
        header: Header {
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

    /// Reads the table at an exported symbol: its first bytes, then, if they fit, the rest.
    ///
    /// # Errors
    /// If it is no such table, or one of another version.
    ///
    /// # Safety
    /// `symbol` points to initialised memory that stays for good; if it opens with the magic bytes of
    /// this framework, it is a table that this framework's macro has put there.
    pub unsafe fn at(symbol: *const c_void) -> Result<&'static Library, Mismatch> {
        if !symbol.cast::<Library>().is_aligned() {
            return Err(Mismatch::Foreign);
        }
        // SAFETY: 16 bytes of initialised memory, as the caller promises; bytes need no alignment.
        let magic = unsafe { symbol.cast::<[u8; 16]>().read() };
        if magic != MAGIC {
            return Err(Mismatch::Foreign);
        }
        // SAFETY: after the magic bytes stands the rest of a header, which is the same in every version.
        let header = unsafe { symbol.cast::<Header>().read() };
        if header.version != VERSION || header.size != size_of::<Library>() {
            let built = format!("boldface {} and {}", text(&header.framework), text(&header.compiler));
            return Err(Mismatch::Version { theirs: header.version, built });
        }
        if header.unwinds == 0 {
            return Err(Mismatch::Aborts);
        }
        // SAFETY: the version says which fields there are, and the size that they lie as ours do.
        Ok(unsafe { &*symbol.cast::<Library>() })
    }

    /// Sends the library's logs and panics to `sink`, under `context`; `level` is the most detailed level
    /// that is of interest, from 1 (errors) to 5 (traces).
    pub fn start(&self, context: usize, level: u32, sink: Sink) {
        SINK.get_or_init(|| sink);
        let host = Host { context, level, log };
        (self.init)(&host);
    }

    /// Asks the library something.
    pub fn call(&self, message: &Message) -> (Status, Message) {
        let floats: Vec<Floats> = message.series.iter().map(|values| Floats::of(values)).collect();
        let view = View::of(message, &floats);
        let mut reply = Reply { status: 0, view: ptr::null(), owner: ptr::null_mut() };
        (self.call)(&view, &mut reply);
        // SAFETY: the library's `call` has filled the reply, and keeps what it points to until `free`.
        let answer = unsafe { reply.view.as_ref().map(|view| view.read()) };
        let status = match (reply.status, &answer) {
            (0, Some(_)) => Status::Done,
            (1, Some(_)) => Status::Failed,
            _ => Status::Panicked,
        };
        (self.free)(&mut reply);
        (status, answer.unwrap_or_default())
    }
}

/// Takes a log event: the context of its library, its level from 1 to 5, its module and its words.
pub type Sink = fn(context: usize, level: u32, target: &str, words: &str);

/// Where the host takes logs; one for all libraries.
static SINK: OnceLock<Sink> = OnceLock::new();

extern "C" fn log(context: usize, level: u32, target: Bytes, words: Bytes) {
    // SAFETY: both are lent by the plugin's `Forwarder` for the time of this call.
    let (target, words) = unsafe { (target.read(), words.read()) };
    if let Some(sink) = SINK.get() {
        sink(context, level, &String::from_utf8_lossy(target), &String::from_utf8_lossy(words));
    }
}

extern "C" fn init(host: *const Host) {
    // SAFETY: the host lends its table for the time of this call; it is copied here.
    let (context, level, log) = unsafe { ((*host).context, (*host).level, (*host).log) };
    let send = move |level: u32, target: &str, words: &str| {
        log(context, level, Bytes::of(target.as_bytes()), Bytes::of(words.as_bytes()));
    };
    // A library whose logs go nowhere still works.
    let _ = catch_unwind(|| forward::start(level, send));
}

extern "C" fn call(request: *const View, reply: *mut Reply) {
    let answer = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the host lends the request for the time of this call.
        let (status, message) = serve::answer(unsafe { (*request).read() });
        let floats: Vec<Floats> = message.series.iter().map(|values| Floats::of(values)).collect();
        let mut owned = Box::new(Owned { view: View::nothing(), floats, message });
        // The box stays where it is, and so do the buffers of the vectors in it.
        owned.view = View::of(&owned.message, &owned.floats);
        (status, Box::into_raw(owned))
    }));
    // Without a view the host knows that even this failed.
    let (status, owned) = answer.unwrap_or((Status::Panicked, ptr::null_mut()));
    // SAFETY: `reply` is the host's own, and of the same type as ours, because its version is ours.
    unsafe {
        (*reply).status = status as u32;
        (*reply).owner = owned.cast();
        (*reply).view = if owned.is_null() { ptr::null() } else { &raw const (*owned).view };
    }
}

extern "C" fn free(reply: *mut Reply) {
    // SAFETY: the owner is what `call` put there, once; the host calls this once.
    unsafe {
        let owner = (*reply).owner.cast::<Owned>();
        if !owner.is_null() {
            (*reply).owner = ptr::null_mut();
            drop(Box::from_raw(owner));
        }
    }
}

/// A reply's memory.
struct Owned {
    view: View,
    floats: Vec<Floats>,
    message: Message,
}

impl Bytes {
    fn of(bytes: &[u8]) -> Bytes {
        Bytes { data: bytes.as_ptr(), len: bytes.len() }
    }

    /// # Safety
    /// It was made by [`Bytes::of`] from a slice that is still there.
    unsafe fn read<'a>(&self) -> &'a [u8] {
        // SAFETY: as the caller promises; a slice's pointer is never null.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

impl Floats {
    fn of(values: &[f32]) -> Floats {
        Floats { data: values.as_ptr(), len: values.len() }
    }
}

impl View {
    fn nothing() -> View {
        View { json: Bytes::of(&[]), series: ptr::NonNull::dangling().as_ptr(), count: 0 }
    }

    fn of(message: &Message, floats: &[Floats]) -> View {
        let json = Bytes::of(&message.json);
        View { json, series: floats.as_ptr(), count: floats.len() }
    }

    /// # Safety
    /// It was made by [`View::of`] from a message that is still there.
    unsafe fn read(&self) -> Message {
        // SAFETY: as the caller promises; pointers of slices and vectors are never null.
        unsafe {
            let series = std::slice::from_raw_parts(self.series, self.count);
            let copy = |floats: &Floats| std::slice::from_raw_parts(floats.data, floats.len).to_vec();
            Message { json: self.json.read().to_vec(), series: series.iter().map(copy).collect() }
        }
    }
}

/// A text in a field of fixed size, filled up with zeros.
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
        // SAFETY: a static that is a table.
        let table = unsafe { Library::at((&raw const TABLE).cast()) };
        assert!(std::ptr::eq(table.unwrap(), &raw const TABLE));
        // SAFETY: a static that does not begin as a table.
        let other = unsafe { Library::at((&raw const OTHER).cast()) };
        assert_eq!(other.unwrap_err(), Mismatch::Foreign);
    }

    #[test]
    fn texts_fill_their_fields_and_no_more() {
        assert_eq!(text(&padded::<8>("rustc")), "rustc");
        assert_eq!(text(&padded::<3>("rustc")), "rus");
    }
}
