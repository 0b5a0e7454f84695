//! The lines of a file that somebody else is still writing.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::Path;

use boldface_runner::run::Line;

/// Reads what was added since it last looked.
pub struct Follower {
    file: File,
    /// The beginning of a line whose end is not there yet.
    rest: Vec<u8>,
}

impl Follower {
    /// Begins at the first line.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path) -> io::Result<Follower> {
        Ok(Follower { file: File::open(path)?, rest: Vec::new() })
    }

    /// Whether the process that writes it is there: it holds a lock until it ends, however it ends.
    pub fn is_running(&self) -> bool {
        match self.file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => true,
            // A file system without locks: then only the last line tells.
            Err(TryLockError::Error(_)) => true,
            Ok(()) => {
                let _ = self.file.unlock();
                false
            }
        }
    }

    /// The whole lines that were added. A line that nobody understands is left out: a newer version may
    /// say more.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn lines(&mut self) -> io::Result<Vec<Line>> {
        self.file.read_to_end(&mut self.rest)?;
        let Some(end) = self.rest.iter().rposition(|&byte| byte == b'\n') else { return Ok(Vec::new()) };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        Ok(whole.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write;

    use boldface_runner::run::Event;

    use super::*;

    #[test]
    fn half_a_line_waits_for_its_end_and_noise_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("progress.jsonl");
        let mut writer = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let mut follower = Follower::open(&path).unwrap();
        assert!(follower.lines().unwrap().is_empty());
        let line = |at| serde_json::to_string(&Line { at, event: Event::Ended { error: None } }).unwrap();
        let (first, second) = (line(1.0), line(2.0));
        write!(writer, "{first}\n{{\"at\":3,\"event\":\"from the future\"}}\n{}", &second[..9]).unwrap();
        assert_eq!(follower.lines().unwrap().iter().map(|line| line.at).collect::<Vec<_>>(), [1.0]);
        writeln!(writer, "{}", &second[9..]).unwrap();
        assert_eq!(follower.lines().unwrap().iter().map(|line| line.at).collect::<Vec<_>>(), [2.0]);
    }

    #[test]
    fn the_lock_tells_whether_somebody_writes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("progress.jsonl");
        let writer = File::create(&path).unwrap();
        let follower = Follower::open(&path).unwrap();
        assert!(!follower.is_running());
        writer.try_lock().unwrap();
        assert!(follower.is_running());
        drop(writer);
        assert!(!follower.is_running());
    }
}
