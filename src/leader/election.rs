//! The protocol of client-go's Lease: who may take it, and what is written then. Pure.
//!
//! Clocks of two machines are never compared: a lease has expired when nobody was *seen* to renew it for as long as it
//! says. What stands in it as a time is for people.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::LeaseSpec, apimachinery::pkg::apis::meta::v1::MicroTime, jiff::Timestamp,
};
use tokio::time::Instant;

/// How long is waited for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long others wait before they take a lease that is not renewed.
    pub lease: Duration,
    /// How long the holder goes on without a renewal. Shorter than `lease`, so that it stops before others begin.
    pub renew: Duration,
    /// The pause between two tries.
    pub retry: Duration,
}

impl Default for Timing {
    /// controller-runtime's (conventions.md §10).
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(15),
            renew: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}

/// What one candidate has seen of the lease.
#[derive(Clone, Debug)]
pub struct Candidate {
    identity: String,
    timing: Timing,
    seen: Option<Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    spec: LeaseSpec,
    /// When it was first seen as it is.
    since: Instant,
}

/// What a candidate does about the lease that it has just read.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Write this: the lease is ours already, or free.
    Take(Box<LeaseSpec>),
    /// Somebody else holds it.
    Wait,
}

impl Candidate {
    /// A candidate that has seen nothing yet. No two candidates may have the same identity.
    #[must_use]
    pub fn new(identity: String, timing: Timing) -> Self {
        Self {
            identity,
            timing,
            seen: None,
        }
    }

    /// Decides about the lease as it was read at `now` (`None`: there is none); `wall` is only written down.
    pub fn look(&mut self, lease: Option<&LeaseSpec>, now: Instant, wall: Timestamp) -> Step {
        let Some(lease) = lease else {
            self.seen = None;
            return Step::Take(Box::new(self.record(None, wall)));
        };
        if self.seen.as_ref().is_none_or(|seen| seen.spec != *lease) {
            self.seen = Some(Seen {
                spec: lease.clone(),
                since: now,
            });
        }
        if self.holds(lease) || is_free(lease) || self.has_expired(lease, now) {
            Step::Take(Box::new(self.record(Some(lease), wall)))
        } else {
            Step::Wait
        }
    }

    /// The lease as it is given up: the next one need not wait until it expires.
    #[must_use]
    pub fn release(&self, lease: &LeaseSpec, wall: Timestamp) -> Option<LeaseSpec> {
        self.holds(lease).then(|| LeaseSpec {
            holder_identity: Some(String::new()),
            // As client-go does: an empty holder with a duration of zero would not be valid.
            lease_duration_seconds: Some(1),
            renew_time: Some(MicroTime(wall)),
            acquire_time: Some(MicroTime(wall)),
            ..lease.clone()
        })
    }

    fn holds(&self, lease: &LeaseSpec) -> bool {
        lease.holder_identity.as_deref() == Some(&self.identity)
    }

    fn has_expired(&self, lease: &LeaseSpec, now: Instant) -> bool {
        let lasts = lease
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map_or(self.timing.lease, Duration::from_secs);
        self.seen
            .as_ref()
            .is_some_and(|seen| now.saturating_duration_since(seen.since) >= lasts)
    }

    fn record(&self, before: Option<&LeaseSpec>, wall: Timestamp) -> LeaseSpec {
        let now = Some(MicroTime(wall));
        let held = before.filter(|lease| self.holds(lease));
        let transitions = before.and_then(|lease| lease.lease_transitions);
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(whole_seconds(self.timing.lease)),
            acquire_time: held
                .and_then(|lease| lease.acquire_time.clone())
                .or_else(|| now.clone()),
            renew_time: now,
            lease_transitions: Some(match (before, held) {
                (None, _) => 0,
                (Some(_), Some(_)) => transitions.unwrap_or(0),
                (Some(_), None) => transitions.unwrap_or(0).saturating_add(1),
            }),
            ..LeaseSpec::default()
        }
    }
}

fn is_free(lease: &LeaseSpec) -> bool {
    lease.holder_identity.as_deref().is_none_or(str::is_empty)
}

fn whole_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: Timestamp = Timestamp::UNIX_EPOCH;

    fn candidate(identity: &str) -> Candidate {
        Candidate::new(identity.to_owned(), Timing::default())
    }

    fn take(step: Step) -> LeaseSpec {
        match step {
            Step::Take(spec) => *spec,
            Step::Wait => panic!("the lease is to be had"),
        }
    }

    fn seconds(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_makes_the_lease_and_renews_it() {
        let (mut first, start) = (candidate("a"), Instant::now());
        let made = take(first.look(None, start, EPOCH));
        assert_eq!(made.holder_identity.as_deref(), Some("a"));
        assert_eq!(made.lease_duration_seconds, Some(15));
        assert_eq!(made.lease_transitions, Some(0));
        let later = Timestamp::from_second(100).unwrap();
        let renewed = take(first.look(Some(&made), seconds(start, 2), later));
        assert_eq!(renewed.acquire_time, made.acquire_time);
        assert_eq!(renewed.renew_time, Some(MicroTime(later)));
        assert_eq!(renewed.lease_transitions, Some(0));
    }

    #[test]
    fn a_lease_expires_by_what_was_seen_and_not_by_what_it_says() {
        let (mut first, mut second, start) = (candidate("a"), candidate("b"), Instant::now());
        // Its clock is years behind, or ours ahead.
        let old = take(first.look(None, start, EPOCH));
        let now = Timestamp::from_second(2_000_000_000).unwrap();
        assert_eq!(second.look(Some(&old), start, now), Step::Wait);
        assert_eq!(second.look(Some(&old), seconds(start, 14), now), Step::Wait);
        let renewed = take(first.look(Some(&old), seconds(start, 14), now));
        assert_eq!(
            second.look(Some(&renewed), seconds(start, 16), now),
            Step::Wait,
            "a renewal begins the wait anew"
        );
        assert_eq!(
            second.look(Some(&renewed), seconds(start, 30), now),
            Step::Wait
        );
        let taken = take(second.look(Some(&renewed), seconds(start, 31), now));
        assert_eq!(taken.holder_identity.as_deref(), Some("b"));
        assert_eq!(taken.lease_transitions, Some(1));
        assert_eq!(
            first.look(Some(&taken), seconds(start, 31), now),
            Step::Wait,
            "who comes back does not take it back"
        );
    }

    #[test]
    fn the_holders_own_duration_counts() {
        let (mut second, start) = (candidate("b"), Instant::now());
        let lease = LeaseSpec {
            holder_identity: Some("a".to_owned()),
            lease_duration_seconds: Some(60),
            ..LeaseSpec::default()
        };
        for (after, step) in [(0, false), (59, false), (60, true)] {
            let found = second.look(Some(&lease), seconds(start, after), EPOCH);
            assert_eq!(matches!(found, Step::Take(_)), step, "after {after} s");
        }
    }

    #[test]
    fn a_released_lease_is_free_at_once_and_only_the_holder_releases() {
        let (mut first, mut second, start) = (candidate("a"), candidate("b"), Instant::now());
        let held = take(first.look(None, start, EPOCH));
        assert_eq!(second.release(&held, EPOCH), None);
        let released = first.release(&held, EPOCH).unwrap();
        let taken = take(second.look(Some(&released), start, EPOCH));
        assert_eq!(taken.holder_identity.as_deref(), Some("b"));
    }
}
