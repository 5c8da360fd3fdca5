//! Conditions: from what should be said to the list in `status`. Pure: the time enters as a value.

use std::collections::BTreeMap;

use k8s_openapi::{
    apimachinery::pkg::apis::meta::v1::{Condition, Time},
    jiff::Timestamp,
};

/// Bytes of a condition's message at most; the API server would take 32768 characters, but nobody reads them.
pub const MAX_MESSAGE_BYTES: usize = 1024;

/// Bytes of a reason at most, as the API server has it.
const MAX_REASON_BYTES: usize = 1024;

/// What a condition is about. The order is the order in `status`: kstatus takes the first of `Reconciling` and `Stalled`
/// that holds (conventions.md §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConditionType {
    /// The databases are attached as declared and readable.
    Ready,
    /// The operator is working towards the declaration. Absent at rest.
    Reconciling,
    /// No progress without a person. Absent otherwise.
    Stalled,
    /// The configuration in Azure equals the declaration.
    InSync,
    /// The follower cluster runs.
    FollowerRunning,
    /// The leader cluster runs.
    LeaderRunning,
    /// Something that works and may surprise. Absent otherwise.
    Warning,
}

impl ConditionType {
    /// The spelling in `status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::InSync => "InSync",
            Self::FollowerRunning => "FollowerRunning",
            Self::LeaderRunning => "LeaderRunning",
            Self::Warning => "Warning",
        }
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It cannot be told.
    Unknown,
}

impl ConditionStatus {
    /// The spelling in `status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// A condition as it should be, before it is known how it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredCondition {
    /// What it is about.
    pub kind: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one `CamelCase` word.
    pub reason: String,
    /// Why, and what to do, for people.
    pub message: String,
}

/// The conditions to write: exactly the desired ones in the order of [`ConditionType`], all for `generation`.
///
/// `lastTransitionTime` stays unless the status value differs from the existing one, and is in whole seconds, so that a
/// list read back from the API server equals the one written. Of several desired conditions of one type the last counts.
/// Messages are cut at [`MAX_MESSAGE_BYTES`]; a reason that the API server would refuse is made acceptable.
#[must_use]
pub fn merge(
    existing: &[Condition],
    desired: &[DesiredCondition],
    generation: i64,
    now: &Time,
) -> Vec<Condition> {
    let desired: BTreeMap<_, _> = desired.iter().map(|wanted| (wanted.kind, wanted)).collect();
    desired
        .into_values()
        .map(|wanted| {
            let (type_, status) = (wanted.kind.as_str(), wanted.status.as_str());
            Condition {
                type_: type_.to_owned(),
                status: status.to_owned(),
                observed_generation: Some(generation),
                last_transition_time: existing
                    .iter()
                    .find(|condition| condition.type_ == type_ && condition.status == status)
                    .map_or_else(
                        || whole_seconds(now),
                        |condition| condition.last_transition_time.clone(),
                    ),
                reason: acceptable_reason(&wanted.reason),
                message: cut(&wanted.message),
            }
        })
        .collect()
}

fn whole_seconds(time: &Time) -> Time {
    Time(Timestamp::from_second(time.0.as_second()).unwrap_or(time.0))
}

/// Keeps the characters that `metav1.Condition` allows in a reason. Reasons can hold an ARM error code, and ARM promises
/// nothing about those.
fn acceptable_reason(reason: &str) -> String {
    let kept: String = reason
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || "_,:".contains(*c))
        .skip_while(|c| !c.is_ascii_alphabetic())
        .take(MAX_REASON_BYTES)
        .collect();
    let kept = kept.trim_end_matches([',', ':']);
    if kept.is_empty() { "Unknown" } else { kept }.to_owned()
}

fn cut(message: &str) -> String {
    const END: &str = "…";
    if message.len() <= MAX_MESSAGE_BYTES {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(MAX_MESSAGE_BYTES - END.len());
    let (kept, _) = message.split_at(end);
    format!("{kept}{END}")
}

#[cfg(test)]
mod tests;
