//! Reads the lines of a file that another process is writing.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::path::Path;

use boldface_runner::run::JournalLine;

/// Reader of the lines added since the last call.
pub struct Follower {
    file: File,
    /// Beginning of a line that is not complete yet.
    rest: Vec<u8>,
}

impl Follower {
    /// Opens a file at its first line.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(path: &Path) -> io::Result<Follower> {
        Ok(Follower { file: File::open(path)?, rest: Vec::new() })
    }

    /// Returns whether the writing process is alive. It holds a lock on the file until it ends in any
    /// way.
    pub fn is_running(&self) -> bool {
        match self.file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => true,
            // Without locks on the file system, only the last line shows that a run has ended.
            Err(TryLockError::Error(_)) => true,
            Ok(()) => {
                let _ = self.file.unlock();
                false
            }
        }
    }

    /// Returns the complete lines that were added. Unknown lines are skipped: a newer version may write
    /// more.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn lines(&mut self) -> io::Result<Vec<JournalLine>> {
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

    use boldface_runner::run::JournalEvent;

    use super::*;

    #[test]
    fn half_a_line_waits_for_its_end_and_noise_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("progress.jsonl");
        let mut writer = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        let mut follower = Follower::open(&path).unwrap();
        assert!(follower.lines().unwrap().is_empty());
        let line = |at| {
            serde_json::to_string(&JournalLine { at, event: JournalEvent::Ended { error: None } }).unwrap()
        };
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
