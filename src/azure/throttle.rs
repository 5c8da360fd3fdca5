//! Holds calls back after a 429, for everyone who would spend from the same budget. No clock of its own.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::error::{Intent, Refusal};

/// How long to hold when a 429 does not say: the shortest that ARM's contract knows (arm-kusto.md §3.1).
const DEFAULT_HOLD: Duration = Duration::from_secs(10);

/// The budgets that are spent: ARM counts reads, writes and deletes apart, per subscription and caller
/// (arm-kusto.md §8), and a request that comes too early starts the wait anew.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<Budget, Hold>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Budget {
    /// In lower case.
    subscription: String,
    intent: Intent,
}

#[derive(Debug)]
struct Hold {
    until: Instant,
    refusal: Refusal,
}

impl Throttle {
    /// ARM's last refusal, its wait shortened by the time gone, if a call with this intent must not be sent at `now`.
    pub(super) fn held(&self, subscription: &str, intent: Intent, now: Instant) -> Option<Refusal> {
        let mut holds = self.holds();
        holds.retain(|_, hold| now < hold.until);
        let hold = holds.get(&Budget::new(subscription, intent))?;
        Some(Refusal {
            retry_after: Some(hold.until - now),
            ..hold.refusal.clone()
        })
    }

    /// Notes that ARM refused with 429 at `now`.
    pub(super) fn hold(&self, subscription: &str, refusal: &Refusal, now: Instant) {
        let until = now + refusal.retry_after.unwrap_or(DEFAULT_HOLD);
        let mut holds = self.holds();
        let budget = Budget::new(subscription, refusal.intent);
        // Answers may overtake each other: the longest wait counts.
        if holds.get(&budget).is_none_or(|hold| hold.until < until) {
            holds.insert(
                budget,
                Hold {
                    until,
                    refusal: refusal.clone(),
                },
            );
        }
    }

    fn holds(&self) -> MutexGuard<'_, HashMap<Budget, Hold>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Budget {
    fn new(subscription: &str, intent: Intent) -> Self {
        Self {
            subscription: subscription.to_ascii_lowercase(),
            intent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(intent: Intent, seconds: Option<u64>) -> Refusal {
        Refusal {
            intent,
            status: 429,
            code: "SubscriptionRequestsThrottled".to_owned(),
            message: "slow down".to_owned(),
            retry_after: seconds.map(Duration::from_secs),
        }
    }

    fn wait(throttle: &Throttle, subscription: &str, intent: Intent, now: Instant) -> Option<u64> {
        let held = throttle.held(subscription, intent, now)?;
        assert_eq!(held.status, 429);
        held.retry_after.map(|wait| wait.as_secs())
    }

    #[test]
    fn a_429_holds_its_own_budget_until_the_time_has_passed() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(wait(&throttle, "S1", Intent::Write, start), None);
        throttle.hold("S1", &refusal(Intent::Write, Some(30)), start);
        assert_eq!(wait(&throttle, "s1", Intent::Write, start), Some(30));
        assert_eq!(wait(&throttle, "s1", Intent::Write, after(20)), Some(10));
        assert_eq!(wait(&throttle, "s1", Intent::Read, start), None);
        assert_eq!(wait(&throttle, "s1", Intent::Delete, start), None);
        assert_eq!(wait(&throttle, "s2", Intent::Write, start), None);
        assert_eq!(wait(&throttle, "s1", Intent::Write, after(30)), None);
    }

    #[test]
    fn the_longest_wait_counts_and_a_silent_429_holds_ten_seconds() {
        let throttle = Throttle::default();
        let start = Instant::now();
        throttle.hold("s", &refusal(Intent::Read, None), start);
        assert_eq!(wait(&throttle, "s", Intent::Read, start), Some(10));
        throttle.hold("s", &refusal(Intent::Read, Some(60)), start);
        throttle.hold("s", &refusal(Intent::Read, Some(2)), start);
        assert_eq!(wait(&throttle, "s", Intent::Read, start), Some(60));
    }
}
