//! Holds calls back after a 429, for everyone who would spend from the same budget. No clock of its own.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::Method;
use tokio::time::Instant;

use super::error::Refusal;

/// How long to hold when a 429 does not say: the shortest that ARM's contract knows (arm-kusto.md §3.1).
const DEFAULT_HOLD: Duration = Duration::from_secs(10);

/// The budgets that are spent, per subscription and caller (arm-kusto.md §8). A request that comes too early starts the
/// wait anew.
#[derive(Debug, Default)]
pub(super) struct Throttle(Mutex<HashMap<Budget, Hold>>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Budget {
    /// In lower case.
    subscription: String,
    bucket: Bucket,
}

/// What ARM counts apart. It goes by the method, not by what the call does: a POST that only reads spends writes, as the
/// recorded `x-ms-ratelimit-remaining-subscription-writes` of listFollowerDatabases shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    /// GET.
    Reads,
    /// PUT, PATCH and POST.
    Writes,
    /// DELETE.
    Deletes,
}

impl Bucket {
    pub(super) fn of(method: &Method) -> Self {
        match *method {
            Method::GET => Self::Reads,
            Method::DELETE => Self::Deletes,
            _ => Self::Writes,
        }
    }
}

#[derive(Debug)]
struct Hold {
    until: Instant,
    refusal: Refusal,
}

impl Throttle {
    /// ARM's last refusal, its wait shortened by the time gone, if a call on this bucket must not be sent at `now`.
    pub(super) fn held(&self, subscription: &str, bucket: Bucket, now: Instant) -> Option<Refusal> {
        let mut holds = self.holds();
        holds.retain(|_, hold| now < hold.until);
        let hold = holds.get(&Budget::new(subscription, bucket))?;
        Some(Refusal {
            retry_after: Some(hold.until - now),
            ..hold.refusal.clone()
        })
    }

    /// Notes that ARM refused with 429 at `now`.
    pub(super) fn hold(&self, subscription: &str, bucket: Bucket, refusal: &Refusal, now: Instant) {
        let until = now + refusal.retry_after.unwrap_or(DEFAULT_HOLD);
        let mut holds = self.holds();
        let budget = Budget::new(subscription, bucket);
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
    fn new(subscription: &str, bucket: Bucket) -> Self {
        Self {
            subscription: subscription.to_ascii_lowercase(),
            bucket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::error::Intent;
    use crate::azure::error::Unaccepted;

    fn refusal(seconds: Option<u64>) -> Refusal {
        Refusal {
            intent: Intent::Read,
            status: 429,
            code: "SubscriptionRequestsThrottled".to_owned(),
            message: "slow down".to_owned(),
            retry_after: seconds.map(Duration::from_secs),
            unaccepted: Unaccepted::Unexplained,
        }
    }

    fn wait(throttle: &Throttle, subscription: &str, bucket: Bucket, now: Instant) -> Option<u64> {
        let held = throttle.held(subscription, bucket, now)?;
        assert_eq!(held.status, 429);
        held.retry_after.map(|wait| wait.as_secs())
    }

    #[test]
    fn a_429_holds_its_own_budget_until_the_time_has_passed() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(wait(&throttle, "S1", Bucket::Writes, start), None);
        throttle.hold("S1", Bucket::Writes, &refusal(Some(30)), start);
        assert_eq!(wait(&throttle, "s1", Bucket::Writes, start), Some(30));
        assert_eq!(wait(&throttle, "s1", Bucket::Writes, after(20)), Some(10));
        assert_eq!(wait(&throttle, "s1", Bucket::Reads, start), None);
        assert_eq!(wait(&throttle, "s1", Bucket::Deletes, start), None);
        assert_eq!(wait(&throttle, "s2", Bucket::Writes, start), None);
        assert_eq!(wait(&throttle, "s1", Bucket::Writes, after(30)), None);
    }

    #[test]
    fn the_longest_wait_counts_and_a_silent_429_holds_ten_seconds() {
        let throttle = Throttle::default();
        let start = Instant::now();
        throttle.hold("s", Bucket::Reads, &refusal(None), start);
        assert_eq!(wait(&throttle, "s", Bucket::Reads, start), Some(10));
        throttle.hold("s", Bucket::Reads, &refusal(Some(60)), start);
        throttle.hold("s", Bucket::Reads, &refusal(Some(2)), start);
        assert_eq!(wait(&throttle, "s", Bucket::Reads, start), Some(60));
    }

    #[test]
    fn each_method_spends_the_bucket_that_arm_counts_it_in() {
        for (method, bucket) in [
            (Method::GET, Bucket::Reads),
            (Method::PUT, Bucket::Writes),
            (Method::POST, Bucket::Writes),
            (Method::DELETE, Bucket::Deletes),
        ] {
            assert_eq!(Bucket::of(&method), bucket, "{method}");
        }
    }
}
