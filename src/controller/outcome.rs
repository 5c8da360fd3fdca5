//! How a pass ended, in the words of conditions and delays. Pure.

use std::time::Duration;

use crate::azure::{error::Class, operation::OperationUrl};

use super::{
    block::Block,
    decide::{Attached, Wait},
    diff::Difference,
    failure::Failure,
    retry::{Pace, pace},
    snapshot::Running,
    validate::Invalid,
};

/// How a pass ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Live state is as declared.
    Settled(Box<Attached>),
    /// Something else has to happen first.
    Waiting(Wait),
    /// It can't go on as things are.
    Blocked(Block),
    /// The spec can't be acted on.
    Invalid(Invalid),
    /// Nothing of ours holds the object any more.
    Released,
}

/// What a write answered.
#[derive(Clone, Debug)]
pub enum Sent {
    /// It runs; the URL tells how it goes, where there is one.
    Running(Option<OperationUrl>, Running),
    /// Azure did not take it: nothing runs.
    Refused(Failure),
    /// It may have arrived or not.
    Unclear,
    /// There was nothing to delete.
    Absent,
}

/// When the next pass is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    /// At the next comparison, this long from now before jitter.
    Interval(Duration),
    /// At the next look at an operation.
    Poll {
        /// Its age.
        age: Duration,
        /// ARM's wish.
        retry_after: Option<Duration>,
    },
    /// At the next look at something that has no operation to follow.
    Look,
    /// After a failure.
    Backoff {
        /// How quickly.
        pace: Pace,
        /// Azure's wish.
        retry_after: Option<Duration>,
    },
    /// When the lane is free; somebody will wake us.
    Woken,
    /// When somebody changes the object.
    Changed,
    /// Never: there is nothing left to do.
    Never,
}

/// How far an object is from rest, in the terms of kstatus (conventions.md §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on by itself: `Reconciling=True`.
    Reconciling,
    /// Somebody has to act: `Stalled=True`.
    Stalled,
}

impl Outcome {
    /// When to look again, for an object that is compared each `interval`.
    #[must_use]
    pub fn next(&self, interval: Duration) -> Next {
        let backoff = |class, retry_after| Next::Backoff {
            pace: pace(class),
            retry_after,
        };
        match self {
            Self::Settled(_) => Next::Interval(interval),
            Self::Waiting(Wait::Operation(running)) => Next::Poll {
                age: running.age,
                retry_after: running.retry_after,
            },
            Self::Waiting(
                Wait::Provisioning { .. }
                | Wait::Outcome(_)
                | Wait::Visibility(_)
                | Wait::Databases { .. },
            )
            // Asking again costs no call to Azure, and is only the net below the wake-up of whoever is served from now on.
            | Self::Blocked(Block::Refused(_)) => Next::Look,
            Self::Waiting(Wait::Lane { .. }) => Next::Woken,
            Self::Waiting(Wait::Follower { .. }) => backoff(Class::Busy, None),
            Self::Blocked(Block::Failure(failure) | Block::LeaderFailure(failure)) => {
                backoff(failure.class, failure.retry_after)
            }
            // Nothing is being tried: it is only compared, as often as everything else.
            Self::Blocked(block) if block.is_report() => Next::Interval(interval),
            Self::Blocked(block) => backoff(block.class(), None),
            Self::Invalid(_) => backoff(Class::Rejected, None),
            Self::Released => Next::Never,
        }
    }

    /// Whether this is a failure that usually goes away without anybody.
    #[must_use]
    pub fn heals_by_itself(&self) -> bool {
        match self {
            Self::Blocked(Block::Failure(failure) | Block::LeaderFailure(failure)) => {
                matches!(
                    failure.class,
                    Class::Transient | Class::Throttled | Class::Busy
                )
            }
            Self::Blocked(_)
            | Self::Settled(_)
            | Self::Waiting(_)
            | Self::Invalid(_)
            | Self::Released => false,
        }
    }

    /// Whether an operation of ours may be under way on the follower, so that its lane stays ours.
    #[must_use]
    pub fn may_be_operating(&self) -> bool {
        match self {
            Self::Waiting(
                Wait::Operation(_)
                | Wait::Outcome(_)
                | Wait::Visibility(_)
                | Wait::Provisioning { .. },
            )
            // Nobody may look any more at what was begun.
            | Self::Blocked(Block::Refused(_)) => true,
            // Azure could not be asked, so nobody knows.
            Self::Blocked(Block::Failure(failure)) => {
                matches!(failure.class, Class::Transient | Class::Throttled)
            }
            Self::Waiting(Wait::Lane { .. } | Wait::Follower { .. } | Wait::Databases { .. })
            | Self::Settled(_)
            | Self::Blocked(_)
            | Self::Invalid(_)
            | Self::Released => false,
        }
    }
}

/// Names differences for a person: "`field` is X, declared Y; …".
#[must_use]
pub fn describe(differences: &[Difference]) -> String {
    let parts: Vec<String> = differences
        .iter()
        .map(
            |Difference {
                 field,
                 desired,
                 observed,
             }| {
                format!(
                    "`{field}` is {}, declared {}",
                    quoted(observed),
                    quoted(desired)
                )
            },
        )
        .collect();
    parts.join("; ")
}

fn quoted(value: &str) -> String {
    if value.is_empty() {
        "empty".to_owned()
    } else {
        format!("\"{value}\"")
    }
}

#[cfg(test)]
mod tests;
