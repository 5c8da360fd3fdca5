//! The only author of delays. Pure: randomness and time enter as values.
//!
//! No error is final for ever: even an object that needs a human is tried again, slowly, and at once
//! when its spec changes (faults.md §2.1 lists the stuck resources of operators that gave up).

use std::time::Duration;

use crate::azure::error::Class;

/// How quickly a failed try is repeated. Each doubles from its first delay to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// 1 s to 30 s: faults that heal by themselves.
    Fast,
    /// 15 s to 3 min: clusters that are busy, rights that propagate.
    Slow,
    /// 2 min to 15 min: somebody has to act; nothing is lost by asking again.
    VerySlow,
}

impl Pace {
    fn bounds(self) -> (Duration, Duration) {
        match self {
            Self::Fast => (Duration::from_secs(1), Duration::from_secs(30)),
            Self::Slow => (Duration::from_secs(15), Duration::from_mins(3)),
            Self::VerySlow => (Duration::from_mins(2), Duration::from_mins(15)),
        }
    }
}

/// The pace that fits a class of failure.
#[must_use]
pub fn pace(class: Class) -> Pace {
    match class {
        Class::Transient | Class::Throttled => Pace::Fast,
        Class::Busy | Class::Unauthenticated | Class::Misconfigured | Class::Denied => Pace::Slow,
        Class::Rejected | Class::Locked => Pace::VerySlow,
    }
}

/// How long a failure of this class may last before the object is called `Stalled`: until then it
/// may heal without anybody (a role assignment takes minutes to propagate, a busy cluster as well).
#[must_use]
pub fn patience(class: Class) -> Duration {
    match class {
        Class::Transient | Class::Throttled | Class::Busy => Duration::from_mins(30),
        Class::Unauthenticated | Class::Denied => Duration::from_mins(5),
        Class::Misconfigured | Class::Rejected | Class::Locked => Duration::ZERO,
    }
}

/// How long a failed look at an object that was Ready is not yet worth a status change.
pub const BLIP: Duration = Duration::from_secs(30);

/// A random number in `0.0..1.0`, drawn by the caller.
#[derive(Clone, Copy, Debug)]
pub struct Chance(pub f64);

/// The delay before the next try after `attempt` failures in a row (1 for the first).
///
/// Jitter takes off up to a quarter, so that objects that failed together do not come back
/// together. A `Retry-After` is a lower bound: an earlier request would only restart the wait
/// (arm-kusto.md §8); it comes clamped already.
#[must_use]
pub fn backoff(
    pace: Pace,
    attempt: u32,
    retry_after: Option<Duration>,
    chance: Chance,
) -> Duration {
    let (first, last) = pace.bounds();
    let doubled = first.saturating_mul(
        1_u32
            .checked_shl(attempt.saturating_sub(1).min(16))
            .unwrap_or(u32::MAX),
    );
    let delay = doubled.min(last).mul_f64(1.0 - 0.25 * chance.0);
    retry_after.map_or(delay, |least| {
        delay.max(least.mul_f64(1.0 + 0.1 * chance.0))
    })
}

/// When an operation is looked at, in seconds after its request.
///
/// Recorded attaches and detaches end between 19.4 and 20.8 s (arm-kusto.md §3.4), so one look comes right after that;
/// the ones before it are for what is quicker. An attach may cost 12 calls in all: that leaves four looks.
const LOOKS: [f64; 4] = [2.5, 5.2, 11.0, 20.9];

/// The delay before the next look at an operation that has run for `age`.
///
/// After the usual time each look adds 15 %, so that the end is seen within 1.15 × the operation's time. Kusto sent no
/// `Retry-After` in any recording (arm-kusto.md §3.1); where one comes it is honoured up to a minute. Little jitter: the
/// starts of operations are spread by themselves.
#[must_use]
pub fn poll(age: Duration, retry_after: Option<Duration>, chance: Chance) -> Duration {
    let seconds = age.as_secs_f64();
    // A look is not repeated for a timer that fired a little early.
    let due = LOOKS
        .into_iter()
        .find(|look| *look > seconds * 1.01 + 0.05)
        .unwrap_or(seconds * 1.15);
    let own = Duration::from_secs_f64((due - seconds).clamp(1.0, 30.0));
    own.mul_f64(1.0 + 0.005 * chance.0)
        .max(retry_after.unwrap_or_default().min(Duration::from_mins(1)))
}

/// The delay before the next look at something that has been waited for since `age` and has no operation to follow:
/// 2 s and 15 % of the age, at most 30 s.
#[must_use]
pub fn look(age: Duration, chance: Chance) -> Duration {
    let own = (Duration::from_secs(2) + age.mul_f64(0.15)).min(Duration::from_secs(30));
    own.mul_f64(1.0 - 0.025 * chance.0)
}

/// The delay before live state is compared again: the interval, and up to a tenth more. Never less, so that the reads
/// of a cluster, which its objects share, stay within what the interval promises.
#[must_use]
pub fn interval(interval: Duration, chance: Chance) -> Duration {
    interval.mul_f64(1.0 + 0.1 * chance.0)
}

/// The safety net of an object that will be woken when the lane is free. Its message tells the place in line, so each
/// check may cost a status write: rare.
pub const LANE_CHECK: Duration = Duration::from_mins(10);

/// For an object that is left alone until somebody changes it.
pub const UNTIL_CHANGED: Duration = Duration::from_hours(24 * 365);

#[cfg(test)]
mod tests {
    use super::*;

    /// When the end of an operation of `seconds` is seen, and after how many looks.
    fn seen(seconds: f64, chance: f64) -> (f64, u32) {
        let (mut now, mut looks) = (Duration::ZERO, 0);
        while now.as_secs_f64() < seconds {
            now += poll(now, None, Chance(chance));
            looks += 1;
        }
        (now.as_secs_f64(), looks)
    }

    #[test]
    fn a_typical_attach_is_seen_within_the_target_and_costs_four_looks() {
        for chance in [0.0, 0.5, 0.999] {
            for operation in [19.4, 20.0, 20.8] {
                let (now, looks) = seen(operation, chance);
                assert_eq!(looks, 4, "operation of {operation} s, chance {chance}");
                assert!(now <= operation * 1.15, "seen after {now} of {operation} s");
            }
        }
    }

    #[test]
    fn quick_and_long_operations_are_seen_within_fifteen_percent_and_two_seconds() {
        for seconds in [
            0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 8.0, 10.0, 17.0, 20.0, 25.0, 30.0, 45.0, 60.0, 120.0,
        ] {
            for chance in [0.0, 0.999] {
                let (now, _) = seen(seconds, chance);
                assert!(
                    now <= seconds * 1.15 + 2.01,
                    "seen after {now} of {seconds} s"
                );
            }
        }
    }

    #[test]
    fn a_look_comes_after_arms_wish_up_to_a_minute_and_never_at_once() {
        let seconds = Duration::from_secs_f64;
        for (age, wish, least, most) in [
            (0.0, None, 2.5, 2.6),
            (2.49, None, 2.7, 2.8),
            (2.5, None, 2.7, 2.8),
            (5.1, None, 5.9, 6.0),
            (11.0, None, 9.8, 10.0),
            (20.9, None, 3.0, 3.2),
            (1_000.0, None, 30.0, 30.2),
            (0.0, Some(1.0), 2.5, 2.6),
            (0.0, Some(17.0), 17.0, 17.0),
            (0.0, Some(3_600.0), 60.0, 60.0),
        ] {
            for chance in [0.0, 0.5, 0.999] {
                let delay = poll(seconds(age), wish.map(seconds), Chance(chance)).as_secs_f64();
                assert!(
                    (least..=most).contains(&delay),
                    "{age} s, {wish:?}: {delay}"
                );
            }
        }
    }

    #[test]
    fn what_has_no_operation_to_follow_is_looked_at_ever_less_often() {
        let seconds = Duration::from_secs_f64;
        for (age, least, most) in [
            (0.0, 1.95, 2.0),
            (20.0, 4.8, 5.0),
            (180.0, 28.2, 29.0),
            (3_600.0, 29.2, 30.0),
            (1e9, 29.2, 30.0),
        ] {
            for chance in [0.0, 0.5, 0.999] {
                let delay = look(seconds(age), Chance(chance)).as_secs_f64();
                assert!((least..=most).contains(&delay), "{age} s: {delay}");
            }
        }
    }

    #[test]
    fn backoff_doubles_within_its_bounds_and_never_comes_before_retry_after() {
        for (pace, attempt, retry_after, least, most) in [
            (Pace::Fast, 1, None, 0.75, 1.0),
            (Pace::Fast, 3, None, 3.0, 4.0),
            (Pace::Fast, 60, None, 22.5, 30.0),
            (Pace::Slow, 1, None, 11.25, 15.0),
            (Pace::VerySlow, u32::MAX, None, 675.0, 900.0),
            (Pace::Fast, 1, Some(17), 17.0, 18.7),
        ] {
            for chance in [0.0, 0.5, 0.999] {
                let delay = backoff(
                    pace,
                    attempt,
                    retry_after.map(Duration::from_secs),
                    Chance(chance),
                )
                .as_secs_f64();
                assert!(
                    (least..=most).contains(&delay),
                    "{pace:?} attempt {attempt}: {delay}"
                );
            }
        }
    }

    #[test]
    fn the_interval_is_never_cut_short_and_stretched_by_a_tenth_at_most() {
        let ten = Duration::from_mins(10);
        assert_eq!(interval(ten, Chance(0.0)), ten);
        assert!(interval(ten, Chance(0.999)) < Duration::from_mins(11));
    }
}
