//! ARM's token buckets and the headers that tell of them (arm-kusto.md §8). Pure.

use std::collections::HashMap;

use http::{Method, StatusCode};
use jiff::Timestamp;

use crate::arm::ArmError;
use crate::options::{Bucket, Throttling};

/// The limit over all callers of a subscription is this many times the limit of one.
const GLOBAL_FACTOR: u32 = 15;

/// Which bucket a call spends from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Read,
    Write,
    Action,
    Delete,
}

impl Kind {
    fn of(method: &Method) -> Self {
        match method.as_str() {
            "GET" | "HEAD" => Self::Read,
            "POST" => Self::Action,
            "DELETE" => Self::Delete,
            _ => Self::Write,
        }
    }

    fn bucket(self, throttling: &Throttling) -> Bucket {
        match self {
            Self::Read => throttling.reads,
            Self::Write | Self::Action => throttling.writes,
            Self::Delete => throttling.deletes,
        }
    }
}

/// Milli-requests, so that a steady refill needs no fractions.
#[derive(Debug, Clone, Copy)]
struct Level {
    thousandths: u64,
    at: Timestamp,
}

/// The levels of all buckets.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    levels: HashMap<(String, Option<String>, Kind), Level>,
}

/// What is left after a call, for its headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Remaining {
    kind: Kind,
    own: u64,
    global: u64,
}

impl Remaining {
    /// The headers that Kusto's answers carry: reads and PUT show one count, POST and DELETE two.
    pub(crate) fn headers(self) -> Vec<(&'static str, String)> {
        let Self { kind, own, global } = self;
        let own = own.to_string();
        match kind {
            Kind::Read | Kind::Write => vec![(
                "x-ms-ratelimit-remaining-subscription-resource-requests",
                own,
            )],
            Kind::Action => vec![
                ("x-ms-ratelimit-remaining-subscription-writes", own),
                (
                    "x-ms-ratelimit-remaining-subscription-global-writes",
                    global.to_string(),
                ),
            ],
            Kind::Delete => vec![
                ("x-ms-ratelimit-remaining-subscription-deletes", own),
                (
                    "x-ms-ratelimit-remaining-subscription-global-deletes",
                    global.to_string(),
                ),
            ],
        }
    }
}

impl Throttle {
    /// Spends one request, or refuses it with 429 and the seconds until the next is there.
    pub(crate) fn spend(
        &mut self,
        throttling: &Throttling,
        subscription: &str,
        caller: &str,
        method: &Method,
        now: Timestamp,
    ) -> Result<Remaining, ArmError> {
        let kind = Kind::of(method);
        let bucket = kind.bucket(throttling);
        let global = Bucket {
            capacity: bucket.capacity.saturating_mul(GLOBAL_FACTOR),
            refill_per_second: bucket.refill_per_second.saturating_mul(GLOBAL_FACTOR),
        };
        let subscription = subscription.to_lowercase();
        let own_key = (subscription.clone(), Some(caller.to_lowercase()), kind);
        let global_key = (subscription.clone(), None, kind);
        let own_level = filled(self.levels.get(&own_key).copied(), bucket, now);
        let global_level = filled(self.levels.get(&global_key).copied(), global, now);
        let wait =
            seconds_until_one(own_level, bucket).max(seconds_until_one(global_level, global));
        let spent = u64::from(wait == 0) * 1000;
        let left = |level: u64| level.saturating_sub(spent);
        self.levels.insert(
            own_key,
            Level {
                thousandths: left(own_level),
                at: now,
            },
        );
        self.levels.insert(
            global_key,
            Level {
                thousandths: left(global_level),
                at: now,
            },
        );
        let remaining = Remaining {
            kind,
            own: left(own_level) / 1000,
            global: left(global_level) / 1000,
        };
        if wait == 0 {
            return Ok(remaining);
        }
        let message = format!(
            "Number of '{method}' requests for subscription '{subscription}' exceeded the limit. Please try again after '{wait}' seconds."
        );
        let error = ArmError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "SubscriptionRequestsThrottled",
            message,
        )
        .with("retry-after", &wait.to_string());
        Err(remaining
            .headers()
            .into_iter()
            .fold(error, |error, (name, value)| error.with(name, &value)))
    }
}

fn filled(level: Option<Level>, bucket: Bucket, now: Timestamp) -> u64 {
    let full = u64::from(bucket.capacity) * 1000;
    match level {
        None => full,
        Some(Level { thousandths, at }) => {
            let passed = u64::try_from(now.as_millisecond().saturating_sub(at.as_millisecond()))
                .unwrap_or(0);
            thousandths
                .saturating_add(passed.saturating_mul(u64::from(bucket.refill_per_second)))
                .min(full)
        }
    }
}

fn seconds_until_one(level: u64, bucket: Bucket) -> u64 {
    let missing = 1000_u64.saturating_sub(level);
    match (missing, u64::from(bucket.refill_per_second)) {
        (0, _) => 0,
        (_, 0) => 3600,
        (missing, refill) => missing.div_ceil(refill * 1000).max(1),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::later;

    const SMALL: Bucket = Bucket {
        capacity: 2,
        refill_per_second: 1,
    };
    const THROTTLING: Throttling = Throttling {
        reads: SMALL,
        writes: SMALL,
        deletes: SMALL,
    };

    fn spend(
        throttle: &mut Throttle,
        caller: &str,
        method: &Method,
        seconds: u64,
    ) -> Result<Vec<(&'static str, String)>, String> {
        let now = later(Timestamp::UNIX_EPOCH, Duration::from_secs(seconds));
        throttle
            .spend(&THROTTLING, "S1", caller, method, now)
            .map(Remaining::headers)
            .map_err(|error| error.header("retry-after").unwrap_or_default())
    }

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let mut throttle = Throttle::default();
        let read = |left: &str| {
            Ok(vec![(
                "x-ms-ratelimit-remaining-subscription-resource-requests",
                left.to_owned(),
            )])
        };
        assert_eq!(spend(&mut throttle, "a", &Method::GET, 0), read("1"));
        assert_eq!(spend(&mut throttle, "a", &Method::GET, 0), read("0"));
        assert_eq!(
            spend(&mut throttle, "a", &Method::GET, 0),
            Err("1".to_owned())
        );
        assert_eq!(spend(&mut throttle, "a", &Method::GET, 1), read("0"));
        assert_eq!(spend(&mut throttle, "a", &Method::GET, 100), read("1"));
    }

    #[test]
    fn callers_and_kinds_of_call_have_buckets_of_their_own() {
        let mut throttle = Throttle::default();
        for _ in 0..2 {
            assert!(spend(&mut throttle, "a", &Method::PUT, 0).is_ok());
        }
        assert!(spend(&mut throttle, "a", &Method::PUT, 0).is_err());
        assert!(spend(&mut throttle, "b", &Method::PUT, 0).is_ok());
        let deletes = spend(&mut throttle, "a", &Method::DELETE, 0).unwrap();
        assert_eq!(
            deletes
                .iter()
                .map(|(_, left)| left.as_str())
                .collect::<Vec<_>>(),
            ["1", "29"]
        );
        assert!(spend(&mut throttle, "a", &Method::POST, 0).is_ok());
    }

    #[test]
    fn all_callers_together_have_fifteen_times_the_limit() {
        let mut throttle = Throttle::default();
        for caller in 0..15 {
            for _ in 0..2 {
                assert!(spend(&mut throttle, &caller.to_string(), &Method::DELETE, 0).is_ok());
            }
        }
        assert!(spend(&mut throttle, "one more", &Method::DELETE, 0).is_err());
    }
}
