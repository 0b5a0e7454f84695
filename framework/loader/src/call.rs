//! Calls into a library. Each call runs on a separate thread with a time limit. A loop in foreign code
//! cannot be stopped from outside, so a thread that exceeds its limit is left behind.

use std::fmt;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use boldface::abi::{CallStatus, EdgeMessage, Request, Series};
use boldface::serde_json;
use serde::de::DeserializeOwned;

use crate::open::Opened;

/// One plugin of a library.
#[derive(Debug)]
pub(crate) struct LoadedPlugin {
    library: &'static Opened,
    kind: &'static str,
    name: String,
    /// Reason why the plugin is not called any more.
    fault: Mutex<Option<String>>,
}

/// Stack size of a calling thread in bytes, equal to that of a main thread.
const STACK: usize = 8 << 20;

impl LoadedPlugin {
    /// Creates the handle of the plugin called `name`.
    pub fn new(library: &'static Opened, kind: &'static str, name: &str) -> LoadedPlugin {
        LoadedPlugin { library, kind, name: name.to_owned(), fault: Mutex::new(None) }
    }

    /// Creates a handle of the library as a whole, to list its plugins.
    pub fn whole(library: &'static Opened) -> LoadedPlugin {
        LoadedPlugin::new(library, "", "")
    }

    /// Name of the plugin in the registry.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Kind of the plugin, such as `task`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Sends a request without series and expects an answer without series.
    ///
    /// # Errors
    /// As [`LoadedPlugin::call`].
    pub fn ask<T: DeserializeOwned>(&self, request: Request) -> boldface::Result<T> {
        self.call(request, Series::default()).map(|(answer, _)| answer)
    }

    /// Sends a request along with `series` and returns the answer along with its series.
    ///
    /// # Errors
    /// The error that the plugin reports. After a panic or time-out, the plugin is not called again.
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
            .map_err(|error| format!("cannot write the request `{function}` to {self}: {error}"))?;
        let (library, message) = (self.library.library, EdgeMessage { json, series: series.0 });
        let _called = Called::new(format!("{self}, `{function}`"));
        let (status, answer) = match within(self.library.limit(), move || library.call(&message))? {
            Some(answered) => answered,
            None => {
                let seconds = self.library.limit().unwrap_or_default().as_secs_f64();
                let fault = format!("took longer than {seconds} s in `{function}`");
                let error = format!(
                    "{self} {fault}; fix it, or raise `plugin-seconds` under `[runtime]` if it needs longer"
                );
                return Err(self.never_again(fault, error));
            }
        };
        match status {
            CallStatus::Done => match serde_json::from_slice(&answer.json) {
                Ok(value) => Ok((value, Series(answer.series))),
                Err(error) => {
                    Err(format!("{self} returned an invalid answer to `{function}`: {error}").into())
                }
            },
            CallStatus::Failed => Err(Reported::new(format!("{self}, `{function}`"), words(&answer)).into()),
            CallStatus::Panicked => {
                let fault = format!("panicked in `{function}`: {}", words(&answer).join(": "));
                let error = format!("{self} {fault}");
                Err(self.never_again(fault, error))
            }
        }
    }

    /// Whether the plugin may still be called.
    pub fn is_sound(&self) -> bool {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    fn never_again(&self, fault: String, error: String) -> boldface::Error {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        error.into()
    }
}

impl fmt::Display for LoadedPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            "" => write!(f, "the library `{}`", self.library.file.display()),
            kind => write!(f, "{kind} `{}` of `{}`", self.name, self.library.file.display()),
        }
    }
}

/// Calls that are running, for the message of a program that a plugin ends.
static CALLED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// One running call.
pub(crate) struct Called(String);

impl Called {
    pub fn new(whose: String) -> Called {
        CALLED.lock().unwrap_or_else(PoisonError::into_inner).push(whose.clone());
        Called(whose)
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        let mut called = CALLED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = called.iter().position(|other| *other == self.0) {
            called.swap_remove(place);
        }
    }
}

/// Returns the plugins that are being called now.
pub(crate) fn called() -> Option<String> {
    let called = CALLED.try_lock().map(|called| called.join(" or ")).unwrap_or_default();
    Some(called).filter(|called| !called.is_empty())
}

fn words(answer: &EdgeMessage) -> Vec<String> {
    serde_json::from_slice(&answer.json).unwrap_or_else(|_| vec!["no message".to_owned()])
}

/// A call to run on a calling thread.
type Job = Box<dyn FnOnce() + Send>;

/// Idle calling threads. They are reused, because intervals call `score` thousands of times.
static IDLE: Mutex<Vec<mpsc::Sender<Job>>> = Mutex::new(Vec::new());

/// Returns the result of `call`, or `None` after `limit`. Its thread is then left behind.
fn within<T: Send + 'static>(
    limit: Option<Duration>,
    call: impl FnOnce() -> T + Send + 'static,
) -> boldface::Result<Option<T>> {
    let Some(limit) = limit else { return Ok(Some(call())) };
    let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let thread = idle.map_or_else(calling_thread, Ok)?;
    let (sender, receiver) = mpsc::channel();
    let job = move || {
        // After a time-out nobody receives the result.
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
    thread.map_err(|error| format!("cannot start a thread to call a plugin: {error}"))?;
    Ok(sender)
}

/// An error reported by a plugin, with its causes.
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
