//! The wall clock as a value that tests can replace. Durations are measured with
//! [`tokio::time::Instant`]; wall time is for status and for ages that must survive a restart.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[allow(
            clippy::disallowed_methods,
            reason = "the one place where the wall clock is read"
        )]
        Timestamp::now()
    }
}
