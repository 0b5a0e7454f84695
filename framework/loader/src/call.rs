//! One call into a library: on a thread of its own, with a time limit, and never again after a panic.

use std::fmt;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use boldface::abi::{Message, Request, Series, Status};
use boldface::serde_json;
use serde::de::DeserializeOwned;

use crate::open::Opened;

/// One plugin of a library.
#[derive(Debug)]
pub(crate) struct Plugin {
    library: &'static Opened,
    kind: &'static str,
    name: String,
    /// Why it is not called any more.
    fault: Mutex<Option<String>>,
}

/// Bytes of a calling thread's stack, as much as a main thread has.
const STACK: usize = 8 << 20;

impl Plugin {
    /// The plugin called `name`.
    pub fn new(library: &'static Opened, kind: &'static str, name: &str) -> Plugin {
        Plugin { library, kind, name: name.to_owned(), fault: Mutex::new(None) }
    }

    /// Stands for the library as a whole, to ask what is in it.
    pub fn whole(library: &'static Opened) -> Plugin {
        Plugin::new(library, "", "")
    }

    /// What it is called in the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind, such as `task`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Asks for something that takes and gives no series.
    ///
    /// # Errors
    /// As [`Plugin::call`].
    pub fn ask<T: DeserializeOwned>(&self, request: Request) -> boldface::Result<T> {
        self.call(request, Series::default()).map(|(answer, _)| answer)
    }

    /// Asks for something; `series` go along with the request, and others come back.
    ///
    /// # Errors
    /// What the plugin reports. A plugin that panics or takes too long is not called again.
    pub fn call<T: DeserializeOwned>(
        &self,
        request: Request,
        series: Series,
    ) -> boldface::Result<(T, Series)> {
        if let Some(fault) = &*self.fault.lock().unwrap_or_else(PoisonError::into_inner) {
            return Err(format!("{self} is not called any more: it {fault}").into());
        }
        let function = request.function();
        let json = serde_json::to_vec(&request)
            .map_err(|error| format!("{self} cannot be asked for `{function}`: {error}"))?;
        let (library, message) = (self.library.library, Message { json, series: series.0 });
        let (status, answer) = match within(self.library.limit(), move || library.call(&message))? {
            Some(answered) => answered,
            None => {
                let seconds = self.library.limit().unwrap_or_default().as_secs_f64();
                let fault = format!("took longer than {seconds} s in `{function}`");
                let error = format!(
                    "{self} {fault}; mend it, or raise `plugin-seconds` under `[runtime]` if it needs longer"
                );
                return Err(self.never_again(fault, error));
            }
        };
        match status {
            Status::Done => match serde_json::from_slice(&answer.json) {
                Ok(value) => Ok((value, Series(answer.series))),
                Err(error) => {
                    Err(format!("{self} gave an answer to `{function}` that is not understood: {error}")
                        .into())
                }
            },
            Status::Failed => Err(Reported::new(format!("{self}, `{function}`"), words(&answer)).into()),
            Status::Panicked => {
                let fault = format!("panicked in `{function}`: {}", words(&answer).join(": "));
                let error = format!("{self} {fault}");
                Err(self.never_again(fault, error))
            }
        }
    }

    /// Whether it may still be called.
    pub fn is_sound(&self) -> bool {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn never_again(&self, fault: String, error: String) -> boldface::Error {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        error.into()
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            "" => write!(f, "the library `{}`", self.library.file.display()),
            kind => write!(f, "{kind} `{}` of `{}`", self.name, self.library.file.display()),
        }
    }
}

fn words(answer: &Message) -> Vec<String> {
    serde_json::from_slice(&answer.json).unwrap_or_else(|_| vec!["no message".to_owned()])
}

/// Something to do on a calling thread.
type Job = Box<dyn FnOnce() + Send>;

/// Calling threads that wait for something to do: a score is asked for thousands of times.
static IDLE: Mutex<Vec<mpsc::Sender<Job>>> = Mutex::new(Vec::new());

/// What `call` returns, or none after `limit`: its thread is then left behind, as no thread can be stopped.
fn within<T: Send + 'static>(
    limit: Option<Duration>,
    call: impl FnOnce() -> T + Send + 'static,
) -> boldface::Result<Option<T>> {
    let Some(limit) = limit else { return Ok(Some(call())) };
    let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let thread = idle.map_or_else(calling_thread, Ok)?;
    let (sender, receiver) = mpsc::channel();
    let job = move || {
        // Nobody listens any more if it took too long.
        let _ = sender.send(call());
    };
    thread.send(Box::new(job)).map_err(|_| "a thread that calls plugins has ended")?;
    match receiver.recv_timeout(limit) {
        Ok(answer) => {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
            Ok(Some(answer))
        }
        Err(mpsc::RecvTimeoutError::Timeout) => Ok(None),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            Err("a call into a plugin ended without an answer".into())
        }
    }
}

fn calling_thread() -> boldface::Result<mpsc::Sender<Job>> {
    let (sender, jobs) = mpsc::channel::<Job>();
    let thread = std::thread::Builder::new().name("plugin".to_owned()).stack_size(STACK);
    let thread = thread.spawn(move || jobs.into_iter().for_each(|job| job()));
    thread.map_err(|error| format!("no thread to call a plugin on: {error}"))?;
    Ok(sender)
}

/// An error of a plugin's, with its causes.
#[derive(Debug)]
struct Reported {
    message: String,
    cause: Option<Box<Reported>>,
}

impl Reported {
    fn new(whose: String, words: Vec<String>) -> Reported {
        let mut words = words.into_iter();
        let first = words.next().unwrap_or_default();
        let chain =
            |cause: Option<Box<Reported>>, message: String| Some(Box::new(Reported { message, cause }));
        let cause = words.rev().fold(None, chain);
        Reported { message: format!("{whose}: {first}"), cause }
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Reported {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn a_call_that_takes_too_long_is_left_behind() {
        let slow = || std::thread::sleep(Duration::from_secs(5));
        assert!(within(Some(Duration::from_millis(20)), slow).unwrap().is_none());
        assert_eq!(within(Some(Duration::from_secs(5)), || 3).unwrap(), Some(3));
        assert_eq!(within(None, || 3).unwrap(), Some(3));
    }

    #[test]
    fn an_error_keeps_its_causes() {
        let reported = Reported::new("task `a`".into(), vec!["one".into(), "two".into(), "three".into()]);
        assert_eq!(reported.to_string(), "task `a`: one");
        let two = reported.source().unwrap();
        assert_eq!((two.to_string(), two.source().unwrap().to_string()), ("two".into(), "three".into()));
    }
}
