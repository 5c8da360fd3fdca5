//! One directory of log files for each run, kept until somebody says that it may go.

use std::{
    fs::{self, File, OpenOptions},
    io::ErrorKind,
    path::{Path, PathBuf},
    process,
};

use crate::{error::TestbedError, paths, wait::WaitError};

/// How much of a log an error quotes, in lines.
const TAIL_LINES: usize = 15;

/// The log directory of a run: `target/testbed/<name>-<pid>-<n>/`, with one file for each process.
#[derive(Debug, Clone)]
pub struct Logs {
    directory: PathBuf,
}

impl Logs {
    /// Makes the directory for a run called `name` (a test's name, say; used as a file name).
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn create(name: &str) -> Result<Self, TestbedError> {
        let profile = paths::profile_dir()?;
        let parent = profile.parent().unwrap_or(&profile).join("testbed");
        let doing = || format!("make a log directory in {}", parent.display());
        fs::create_dir_all(&parent).map_err(TestbedError::io(doing()))?;
        for number in 1_u32.. {
            let directory = parent.join(format!("{name}-{}-{number}", process::id()));
            match fs::create_dir(&directory) {
                Ok(()) => return Ok(Self { directory }),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(TestbedError::io(doing())(error)),
            }
        }
        Err(TestbedError::unexpected(doing(), "every name is taken"))
    }

    /// The directory; say it to whoever has to find out what happened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.directory
    }

    /// Removes the directory: for a run that went well.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(self) -> Result<(), TestbedError> {
        fs::remove_dir_all(&self.directory).map_err(TestbedError::io(format!(
            "remove {}",
            self.directory.display()
        )))
    }

    /// A condition that did not come about, together with this directory.
    pub(crate) fn wait_error(&self, wait: WaitError) -> TestbedError {
        TestbedError::Wait {
            wait,
            logs: self.directory.clone(),
        }
    }

    /// A new file `<name>.log`, or `<name>-2.log` and so on for a process that is started again.
    pub(crate) fn open(&self, name: &str) -> Result<(PathBuf, File), TestbedError> {
        let doing = || format!("make a log file in {}", self.directory.display());
        for number in 1_u32.. {
            let file_name = if number == 1 {
                format!("{name}.log")
            } else {
                format!("{name}-{number}.log")
            };
            let path = self.directory.join(file_name);
            // Appending, because standard output and standard error share the file.
            let mut options = OpenOptions::new();
            match options.append(true).create_new(true).open(&path) {
                Ok(file) => return Ok((path, file)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(TestbedError::io(doing())(error)),
            }
        }
        Err(TestbedError::unexpected(doing(), "every name is taken"))
    }
}

/// The last lines of a log, indented; empty when it cannot be read.
pub(crate) fn tail(log: &Path) -> String {
    let bytes = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(TAIL_LINES);
    lines
        .iter()
        .skip(skipped)
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_one_name_have_two_directories_and_a_removed_one_is_gone() {
        let first = Logs::create("logs-unit").unwrap();
        let second = Logs::create("logs-unit").unwrap();
        assert_ne!(first.path(), second.path());
        let path = first.path().to_owned();
        first.remove().unwrap();
        assert!(!path.exists());
        second.remove().unwrap();
    }

    #[test]
    fn a_process_that_is_started_again_gets_a_file_of_its_own() {
        let logs = Logs::create("logs-unit").unwrap();
        let (first, _) = logs.open("operator").unwrap();
        let (second, _) = logs.open("operator").unwrap();
        assert!(first.ends_with("operator.log"));
        assert!(second.ends_with("operator-2.log"));
        logs.remove().unwrap();
    }

    #[test]
    fn a_tail_is_the_last_lines() {
        let logs = Logs::create("logs-unit").unwrap();
        let (path, _) = logs.open("long").unwrap();
        let text: Vec<String> = (0..100).map(|line| line.to_string()).collect();
        fs::write(&path, text.join("\n")).unwrap();
        let tail = tail(&path);
        assert_eq!(tail.lines().count(), TAIL_LINES);
        assert!(tail.ends_with("    99"));
        logs.remove().unwrap();
    }
}
