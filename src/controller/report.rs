//! From how a pass ended to what `status` and events say. Pure: computed once per pass.
//!
//! Texts are stable between attempts (no counters, ages or request ids), so that an unchanged
//! situation writes nothing.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use crate::{
    api::{
        AttachedDatabase, AttachedDatabaseStatus, Drift, OperationStatus, Ownership,
        condition::{ConditionStatus, ConditionType, DesiredCondition, merge},
    },
    azure::model::{ClusterState, Database},
};

mod databases;
mod details;
mod notices;
mod refused;
mod wording;

pub use notices::{Notice, Tone};

use databases::databases;

use super::{
    decide::Wait,
    outcome::{Outcome, Progress},
    preflight::{Advice, Polls},
    validate::Desired,
};

/// What a pass leaves durable besides conditions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// What the object owns.
    pub ownership: Option<Ownership>,
    /// The operation hint.
    pub operation: Option<OperationStatus>,
    /// Differences that nobody declared.
    pub drift: Vec<Drift>,
}

/// What a pass has seen of the clusters; what it has not seen stays said as it was.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// The follower's state.
    pub follower: Option<ClusterState>,
    /// The leader's state.
    pub leader: Option<ClusterState>,
    /// What the author should know; `None` when a cluster was not seen.
    pub advice: Option<Vec<Advice>>,
    /// Whether operations could be followed.
    pub polls: Polls,
    /// What the follower shows of the attachment.
    pub databases: Option<Vec<Database>>,
}

/// What a report is about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The object, with the status it has now.
    pub object: &'a AttachedDatabase,
    /// What it declares; `None` when that is unusable.
    pub desired: Option<&'a Desired>,
    /// What to leave durable.
    pub record: &'a Record,
    /// What was seen of the clusters.
    pub seen: &'a Seen,
    /// How long it has been failing.
    pub failing_for: Duration,
    /// Wall time.
    pub now: Timestamp,
}

struct Verdict {
    ready: ConditionStatus,
    reason: &'static str,
    message: String,
    progress: Option<Progress>,
}

/// The reason of a deletion that goes on.
const DELETING: &str = "Deleting";

/// The reason of a configuration that follows something else.
const CONFLICT: &str = "ConfigurationConflict";

impl Subject<'_> {
    /// The whole status after a pass that ended with `outcome`; `None` to leave it as it is.
    #[must_use]
    pub fn status(&self, outcome: &Outcome) -> Option<AttachedDatabaseStatus> {
        let before = self.object.status.clone().unwrap_or_default();
        let generation = self.object.metadata.generation.unwrap_or_default();
        if self.is_blip(outcome) {
            return None;
        }
        let verdict = self.verdict(outcome)?;
        let conditions = if self.is_next_attempt(outcome) {
            before.conditions
        } else {
            merge(
                &before.conditions,
                &self.conditions(verdict),
                generation,
                &Time(self.now),
            )
        };
        let databases = match (outcome, &self.seen.databases) {
            (Outcome::Settled(attached), _) => databases(&attached.databases, &before.databases),
            (Outcome::Waiting(_) | Outcome::Blocked(_), Some(shown)) => {
                databases(shown, &before.databases)
            }
            (Outcome::Waiting(_) | Outcome::Blocked(_), None)
            | (Outcome::Invalid(_) | Outcome::Released, _) => before.databases,
        };
        let attached_database_names = databases
            .iter()
            .map(|database| database.name.clone())
            .collect();
        Some(AttachedDatabaseStatus {
            conditions,
            observed_generation: Some(generation),
            follower_name: self
                .desired
                .map(|desired| desired.configuration.cluster().name().to_owned())
                .or(before.follower_name),
            configuration_id: self
                .desired
                .map(|desired| desired.configuration.to_string())
                .or(before.configuration_id),
            ownership: self.record.ownership,
            attached_database_names,
            databases,
            drift: self.record.drift.clone(),
            operation: self.record.operation.clone(),
            last_handled_reconcile_at: self
                .object
                .reconcile_request()
                .or(before.last_handled_reconcile_at),
        })
    }

    /// Whether it is too early for a word: a failed look may be a hiccup, and a refusal come before the news of what lifts
    /// it.
    fn is_blip(&self, outcome: &Outcome) -> bool {
        matches!(
            outcome,
            Outcome::Blocked(block)
                if block.is_premature(self.failing_for)
                    || (self.was_ready() && block.is_blip(self.failing_for))
        )
    }

    /// Whether `outcome` is the intent to try again what failed before. What failed stays said until
    /// Azure takes the request: else a refusal that lasts would change conditions, and be told, twice
    /// with each attempt.
    fn is_next_attempt(&self, outcome: &Outcome) -> bool {
        let operation = self.record.operation.as_ref();
        let is_intent = matches!(outcome, Outcome::Waiting(Wait::Operation(_)))
            && operation.is_some_and(|operation| operation.url.is_none());
        let failed = self.observed().map(ready) == Some(ConditionStatus::False);
        is_intent && failed
    }

    fn conditions(&self, verdict: Verdict) -> Vec<DesiredCondition> {
        let details = self.details(&verdict);
        let Verdict {
            ready,
            reason,
            message,
            progress,
        } = verdict;
        let condition = |kind, status, reason: &str, message: &str| DesiredCondition {
            kind,
            status,
            reason: reason.to_owned(),
            message: message.to_owned(),
        };
        let mut conditions = vec![condition(ConditionType::Ready, ready, reason, &message)];
        match progress {
            // A False Ready under work in progress is a retry; the reason for it is Ready's.
            Some(Progress::Reconciling)
                if ready == ConditionStatus::False && reason != DELETING =>
            {
                conditions.push(condition(
                    ConditionType::Reconciling,
                    ConditionStatus::True,
                    "ProgressingWithRetry",
                    &message,
                ));
            }
            Some(Progress::Reconciling) => {
                conditions.push(condition(
                    ConditionType::Reconciling,
                    ConditionStatus::True,
                    reason,
                    &message,
                ));
            }
            Some(Progress::Stalled) => {
                conditions.push(condition(
                    ConditionType::Stalled,
                    ConditionStatus::True,
                    reason,
                    &message,
                ));
            }
            None => {}
        }
        conditions.extend(details);
        conditions
    }

    fn verdict(&self, outcome: &Outcome) -> Option<Verdict> {
        Some(match outcome {
            Outcome::Released => return None,
            Outcome::Settled(_) => Verdict {
                ready: ConditionStatus::True,
                reason: "Attached",
                message: format!("{} is attached", self.attachment()),
                progress: None,
            },
            Outcome::Waiting(wait) => self.waiting(wait),
            Outcome::Blocked(block) => Verdict {
                ready: ConditionStatus::False,
                reason: block.reason(),
                message: self.blocked(block),
                progress: Some(block.progress(self.failing_for)),
            },
            Outcome::Invalid(invalid) => Verdict {
                ready: ConditionStatus::False,
                reason: "InvalidSpec",
                message: invalid.to_string(),
                progress: Some(Progress::Stalled),
            },
        })
    }

    fn waiting(&self, wait: &Wait) -> Verdict {
        let follower = self.follower();
        let (reason, message) = match wait {
            Wait::Databases { missing } => (
                "WaitingForDatabase",
                format!("waits for {follower} to show {}", missing.join(", ")),
            ),
            Wait::Lane { place } => (
                "WaitingForCluster",
                format!(
                    "waits for other operations on {follower}, which takes one at a time; place {place} in line"
                ),
            ),
            Wait::Follower { state } => (
                "WaitingForCluster",
                format!("waits for cluster {follower}, which is {state}"),
            ),
            Wait::Provisioning { state } => (
                self.working(),
                format!(
                    "waits for the configuration on {follower}, whose provisioning state is {state}"
                ),
            ),
            Wait::Operation(_) => (self.working(), self.work()),
            Wait::Outcome(_) | Wait::Visibility(_) => (
                self.working(),
                format!("{}; waits for Azure to show the result", self.work()),
            ),
        };
        if self.deleting() {
            let ready = ConditionStatus::False;
            return Verdict {
                ready,
                reason: DELETING,
                message,
                progress: Some(Progress::Reconciling),
            };
        }
        Verdict {
            ready: ConditionStatus::Unknown,
            reason,
            message,
            progress: Some(Progress::Reconciling),
        }
    }

    fn deleting(&self) -> bool {
        self.object.metadata.deletion_timestamp.is_some()
    }

    /// Whether the status of the present generation says Ready.
    fn was_ready(&self) -> bool {
        self.observed()
            .and_then(ready_condition)
            .is_some_and(|(status, _)| status == "True")
    }

    /// The status, if it speaks of the present generation.
    fn observed(&self) -> Option<&AttachedDatabaseStatus> {
        let generation = self.object.metadata.generation;
        self.object
            .status
            .as_ref()
            .filter(|status| status.observed_generation == generation)
    }
}

/// As the API server keeps it, so that what is written equals what is read back.
#[must_use]
pub fn whole_seconds(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

/// What the condition Ready says.
#[must_use]
pub fn ready(status: &AttachedDatabaseStatus) -> ConditionStatus {
    match ready_condition(status) {
        Some(("True", _)) => ConditionStatus::True,
        Some(("False", _)) => ConditionStatus::False,
        Some(_) | None => ConditionStatus::Unknown,
    }
}

fn ready_condition(status: &AttachedDatabaseStatus) -> Option<(&str, &str)> {
    status
        .conditions
        .iter()
        .find(|condition| condition.type_ == ConditionType::Ready.as_str())
        .map(|condition| (condition.status.as_str(), condition.reason.as_str()))
}

#[cfg(test)]
mod tests;
