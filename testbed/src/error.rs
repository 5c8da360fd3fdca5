//! The one error of this crate: what was being done, and where the log is.

use std::{io, path::PathBuf, process::ExitStatus};

use crate::wait::WaitError;

/// Why the testbed could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestbedError {
    /// A file, directory or process could not be used.
    #[error("cannot {doing}")]
    Io {
        /// What was attempted, as an infinitive.
        doing: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A program that the testbed needs is not installed and cannot be built.
    #[error("`{program}` is missing: {hint}")]
    ProgramMissing {
        /// The program's name.
        program: String,
        /// What to do about it.
        hint: String,
    },
    /// `go build` of the pinned tools ended with an error.
    #[error(
        "`go build` of {tools} failed ({status}):\n{output}\n\
         If a module could not be downloaded, look at the network and at `go env GOPROXY`; if the disk \
         is full, make room for 20 GB. Then run `make tools`: what was built is kept."
    )]
    ToolBuild {
        /// What was being built.
        tools: String,
        /// How the compiler ended.
        status: ExitStatus,
        /// The end of what it printed.
        output: String,
    },
    /// A child process ended although it was to stay.
    #[error("{name} ended with {status}; log: {log}\n{tail}", log = log.display())]
    Exited {
        /// The process's name in the testbed.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// Its whole log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// A child process did not end in time after SIGTERM and was killed.
    #[error("{name} was still running {grace_seconds} s after SIGTERM; log: {log}", log = log.display())]
    WouldNotStop {
        /// The process's name in the testbed.
        name: String,
        /// The time that it had, in seconds.
        grace_seconds: u64,
        /// Its whole log.
        log: PathBuf,
    },
    /// A condition did not come about.
    #[error("{wait}; logs: {logs}", logs = logs.display())]
    Wait {
        /// What was waited for, and what was seen instead.
        wait: WaitError,
        /// Where the logs of the processes are.
        logs: PathBuf,
    },
    /// The API server refused or could not be reached.
    #[error("cannot {doing}")]
    Kubernetes {
        /// What was attempted, as an infinitive.
        doing: String,
        /// The client's error.
        #[source]
        source: Box<kube::Error>,
    },
    /// An HTTP exchange with a child process failed.
    #[error("cannot {doing}")]
    Http {
        /// What was attempted, as an infinitive.
        doing: String,
        /// The client's error.
        source: reqwest::Error,
    },
    /// Somebody answered, but not with what was asked for.
    #[error("{what}: {answer}")]
    Unexpected {
        /// What was asked.
        what: String,
        /// What came back.
        answer: String,
    },
}

impl TestbedError {
    /// Wraps an I/O error; for `map_err`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// Wraps a Kubernetes client error; for `map_err`.
    pub(crate) fn kubernetes(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Kubernetes {
            doing,
            source: Box::new(source),
        }
    }

    /// Wraps an HTTP client error; for `map_err`.
    pub(crate) fn http(doing: impl Into<String>) -> impl FnOnce(reqwest::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Http { doing, source }
    }

    /// Builds [`TestbedError::Unexpected`].
    pub(crate) fn unexpected(what: impl Into<String>, answer: impl Into<String>) -> Self {
        Self::Unexpected {
            what: what.into(),
            answer: answer.into(),
        }
    }
}
