//! The simulator's clock: the one place that reads time.

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// A wall clock that moves with tokio's clock.
///
/// It reads a base timestamp once and adds tokio's elapsed time to it, so that a test that pauses and
/// advances tokio's time moves the simulator's tokens, buckets and operations along.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    base: Timestamp,
    started: Instant,
}

impl Clock {
    /// Starts at the machine's present time.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this file is where the wall clock is read"
    )]
    pub fn system() -> Self {
        Self::starting_at(Timestamp::now())
    }

    /// Starts at `base`, for tests that want the same timestamps in every run.
    #[must_use]
    pub fn starting_at(base: Timestamp) -> Self {
        Self {
            base,
            started: Instant::now(),
        }
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        later(self.base, self.started.elapsed())
    }
}

/// `from` plus `duration`; the end of representable time when the sum lies beyond it.
pub(crate) fn later(from: Timestamp, duration: std::time::Duration) -> Timestamp {
    SignedDuration::try_from(duration)
        .ok()
        .and_then(|duration| from.checked_add(duration).ok())
        .unwrap_or(Timestamp::MAX)
}

/// A timestamp as the service prints it: seven digits of fraction and `Z`.
pub(crate) fn stamp(at: Timestamp) -> String {
    format!("{at:.7}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_moves_with_tokio_and_not_by_itself() {
        let clock = Clock::starting_at("2024-12-01T02:07:25Z".parse().unwrap());
        assert_eq!(clock.now(), clock.now());
        tokio::time::advance(Duration::from_millis(20_500)).await;
        assert_eq!(stamp(clock.now()), "2024-12-01T02:07:45.5000000Z");
    }

    #[test]
    fn time_does_not_run_over_its_end() {
        assert_eq!(later(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX);
    }
}
