//! Forwards a library's logs and panics to the host. Without this, they would go to the library's own
//! copies of `tracing` and the panic hook, to which nobody listens.

use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Forwards events up to `level` to `send` from now on, and remembers where panics happen.
pub(super) fn start(level: u32, send: impl Fn(u32, &str, &str) + Send + Sync + 'static) {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!("{}:{}", place.file(), place.line()));
        LAST_PANIC.set(place);
    }));
    // A library that is loaded twice keeps its first forwarder.
    let _ = tracing::subscriber::set_global_default(Forwarder { level, send, spans: AtomicU64::new(1) });
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Takes the place of this thread's last panic.
pub(super) fn last_panic() -> Option<String> {
    LAST_PANIC.take()
}

struct Forwarder<S> {
    level: u32,
    send: S,
    spans: AtomicU64,
}

/// Converts a level to a number from 1 (errors) to 5 (traces).
fn number(level: Level) -> u32 {
    [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG]
        .iter()
        .position(|one| *one == level)
        .map_or(5, |place| place as u32 + 1)
}

impl<S: Fn(u32, &str, &str) + Send + Sync + 'static> Subscriber for Forwarder<S> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        number(*metadata.level()) <= self.level
    }

    fn event(&self, event: &Event<'_>) {
        let mut words = Words::default();
        event.record(&mut words);
        let metadata = event.metadata();
        (self.send)(number(*metadata.level()), metadata.target(), &(words.message + &words.fields));
    }

    // Spans are not forwarded, because events carry their own fields.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The message of an event, followed by its fields.
#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
