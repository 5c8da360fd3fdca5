//! Waiting for a condition, with a deadline and a last observation for the error: never a bare sleep.

use std::{error::Error, fmt::Display, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

/// The pause between two looks. Short, since the things looked at are local.
const PAUSE: Duration = Duration::from_millis(40);

/// What a probe says when its condition does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotYet {
    /// Not now; the text is what was seen instead.
    Observed(String),
    /// Not any more: waiting on is of no use (the process died, say).
    Hopeless(String),
}

impl NotYet {
    /// The condition does not hold yet; `seen` is what was seen instead.
    pub fn observed(seen: impl Display) -> Self {
        Self::Observed(seen.to_string())
    }

    /// The condition can no longer come about, because of `reason`.
    pub fn hopeless(reason: impl Display) -> Self {
        Self::Hopeless(reason.to_string())
    }
}

/// Any error counts as "not yet", so that a probe may use `?`.
impl<E: Error> From<E> for NotYet {
    fn from(error: E) -> Self {
        Self::Observed(with_causes(&error))
    }
}

/// A condition that did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitError {
    /// The time is over.
    #[error("{what}: not within {seconds:.1} s; last seen: {last}", seconds = within.as_secs_f64())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long it was waited for.
        within: Duration,
        /// The last observation.
        last: String,
    },
    /// It cannot happen any more.
    #[error("{what}: {reason}")]
    Hopeless {
        /// What was waited for.
        what: String,
        /// Why it cannot happen.
        reason: String,
    },
}

/// Calls `probe` until it succeeds, and returns what it returned.
///
/// `what` names the condition for the error, as in "the API server is ready".
///
/// The probe may borrow what it looks at, mutably too. The price: the compiler cannot prove that the
/// future is `Send` (a limit of async closures), so it is awaited where it is made, not spawned.
///
/// # Errors
/// [`WaitError::TimedOut`] when `within` has passed (a probe that hangs is cut off),
/// [`WaitError::Hopeless`] as soon as the probe says so.
pub async fn eventually<T>(
    within: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<T, NotYet>,
) -> Result<T, WaitError> {
    let deadline = Instant::now() + within;
    let mut last = String::from("nothing: the first look did not come back");
    loop {
        match timeout_at(deadline, probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(NotYet::Observed(seen))) => last = seen,
            Ok(Err(NotYet::Hopeless(reason))) => {
                return Err(WaitError::Hopeless {
                    what: what.to_owned(),
                    reason,
                });
            }
            Err(_elapsed) => {}
        }
        if Instant::now() + PAUSE >= deadline {
            return Err(WaitError::TimedOut {
                what: what.to_owned(),
                within,
                last,
            });
        }
        sleep(PAUSE).await;
    }
}

/// An error and its causes in one line, outermost first.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, io};

    use super::*;

    const SHORT: Duration = Duration::from_millis(200);

    #[tokio::test]
    async fn a_condition_that_holds_later_returns_its_value() {
        let looks = Cell::new(0);
        let value = eventually(Duration::from_secs(5), "the third look", async || {
            looks.set(looks.get() + 1);
            if looks.get() < 3 {
                return Err(NotYet::observed(format!("look {}", looks.get())));
            }
            Ok(looks.get())
        })
        .await
        .unwrap();
        assert_eq!(value, 3);
    }

    #[tokio::test]
    async fn a_condition_that_never_holds_reports_the_last_observation() {
        let error = eventually::<()>(SHORT, "the sea is calm", async || {
            Err(NotYet::observed("waves"))
        })
        .await
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the sea is calm: not within 0.2 s; last seen: waves"
        );
    }

    #[tokio::test]
    async fn a_hopeless_condition_ends_the_wait_at_once() {
        let started = Instant::now();
        let error = eventually::<()>(Duration::from_mins(1), "an answer", async || {
            Err(NotYet::hopeless("the process ended"))
        })
        .await
        .unwrap_err();
        assert_eq!(error.to_string(), "an answer: the process ended");
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[tokio::test]
    async fn a_probe_that_hangs_is_cut_off() {
        let error = eventually::<()>(SHORT, "an answer", async || std::future::pending().await)
            .await
            .unwrap_err();
        assert!(matches!(error, WaitError::TimedOut { .. }));
    }

    #[tokio::test]
    async fn an_error_in_a_probe_is_an_observation() {
        let error = eventually::<()>(SHORT, "the file", async || {
            Err(io::Error::other("no such file"))?;
            Ok(())
        })
        .await
        .unwrap_err();
        assert!(error.to_string().ends_with("last seen: no such file"));
    }
}
