//! From how a pass ended to what `status` and events say. Pure: computed once per pass.
//!
//! Texts are stable between attempts (no counters, ages or request ids), so that an unchanged
//! situation writes nothing.

use std::time::Duration;

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};

use crate::api::{
    AttachedDatabase, AttachedDatabaseStatus, Drift, OperationKind, OperationStatus, Ownership,
    condition::{ConditionStatus, ConditionType, DesiredCondition, merge},
};

use super::{
    decide::{Block, Release, Wait},
    diff::Difference,
    outcome::{Outcome, Progress, describe},
    validate::{Database, Desired},
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

/// What a report is about.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The object, with the status it has now.
    pub object: &'a AttachedDatabase,
    /// What it declares; `None` when that is unusable.
    pub desired: Option<&'a Desired>,
    /// What to leave durable.
    pub record: &'a Record,
    /// How long it has been failing.
    pub failing_for: Duration,
    /// Wall time.
    pub now: Timestamp,
}

/// An event to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Good news or bad.
    pub tone: Tone,
    /// The event's reason.
    pub reason: &'static str,
    /// What was done.
    pub action: &'static str,
    /// The text, at most 1,024 bytes after the publisher's cut.
    pub note: String,
}

/// Good news or bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As wanted.
    Normal,
    /// Worth a look.
    Warning,
}

struct Verdict {
    ready: ConditionStatus,
    reason: &'static str,
    message: String,
    progress: Option<Progress>,
}

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
        let attached_database_names = match outcome {
            // Sorted: another order in ARM's answer is no news.
            Outcome::Settled(live) => {
                let mut names = live.attached_database_names.clone();
                names.sort_unstable();
                names
            }
            Outcome::Waiting(_)
            | Outcome::Blocked(_)
            | Outcome::Invalid(_)
            | Outcome::NotYetSupported(_)
            | Outcome::Released => before.attached_database_names,
        };
        Some(AttachedDatabaseStatus {
            conditions: merge(
                &before.conditions,
                &self.conditions(verdict),
                generation,
                &Time(self.now),
            ),
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
            databases: before.databases,
            drift: self.record.drift.clone(),
            operation: self.record.operation.clone(),
            last_handled_reconcile_at: self
                .object
                .reconcile_request()
                .or(before.last_handled_reconcile_at),
        })
    }

    /// Whether a failed look may be a hiccup that is not worth a word about an object that was Ready.
    fn is_blip(&self, outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Blocked(block) if self.was_ready() && block.is_blip(self.failing_for))
    }

    fn conditions(&self, verdict: Verdict) -> Vec<DesiredCondition> {
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
            Some(Progress::Reconciling) if ready == ConditionStatus::False && !self.deleting() => {
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
            None => conditions.push(condition(
                ConditionType::InSync,
                ConditionStatus::True,
                "AsDeclared",
                "the configuration in Azure is as declared",
            )),
        }
        if !self.record.drift.is_empty() {
            conditions.push(condition(
                ConditionType::InSync,
                ConditionStatus::False,
                "Drifted",
                &describe_drift(&self.record.drift),
            ));
        }
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
            Outcome::NotYetSupported(message) => Verdict {
                ready: ConditionStatus::False,
                reason: "NotYetSupported",
                message: (*message).to_owned(),
                progress: Some(Progress::Stalled),
            },
        })
    }

    fn waiting(&self, wait: &Wait) -> Verdict {
        let follower = self.follower();
        let (reason, message) = match wait {
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
                reason: "Deleting",
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

    /// The reason for work in progress.
    fn working(&self) -> &'static str {
        match self
            .record
            .operation
            .as_ref()
            .map(|operation| operation.kind)
        {
            _ if !self.record.drift.is_empty() => "DriftDetected",
            Some(OperationKind::Attach) | None => "Creating",
            Some(OperationKind::Update) => "Updating",
            Some(OperationKind::Detach) => "Deleting",
        }
    }

    /// What is being done, for a person.
    fn work(&self) -> String {
        let attachment = self.attachment();
        match self
            .record
            .operation
            .as_ref()
            .map(|operation| operation.kind)
        {
            Some(OperationKind::Detach) => format!("detaching {attachment}"),
            _ if !self.record.drift.is_empty() => {
                format!(
                    "repairing {attachment}: {}",
                    describe_drift(&self.record.drift)
                )
            }
            Some(OperationKind::Update) => format!("updating {attachment}"),
            Some(OperationKind::Attach) | None => format!("attaching {attachment}"),
        }
    }

    fn blocked(&self, block: &Block) -> String {
        let (follower, name) = (self.follower(), self.configuration_name());
        match block {
            Block::Failure(failure) => failure.message.clone(),
            Block::FollowerNotFound => format!(
                "the follower cluster {follower} does not exist; `spec.follower.clusterResourceId` must name an existing cluster"
            ),
            Block::FollowerNotRunning { state, reason } => format!(
                "the follower cluster {follower} is {state}{}; start it, and the attachment goes on by itself",
                reason
                    .as_deref()
                    .map(|reason| format!(" ({reason})"))
                    .unwrap_or_default()
            ),
            Block::Conflict(differences) => format!(
                "a configuration named {name} on {follower} follows something else: {}; choose another \
                 `spec.configurationName`, or delete that configuration",
                describe(differences)
            ),
            Block::ExistsAndDiffers(differences) => format!(
                "a configuration named {name} exists on {follower} and differs: {}; make the spec equal to take it over, \
                 choose another `spec.configurationName`, or delete that configuration",
                describe(differences)
            ),
        }
    }

    /// "Sales of leader1 on follower1".
    fn attachment(&self) -> String {
        let Some(desired) = self.desired else {
            return "the configuration".to_owned();
        };
        let (leader, follower) = (
            desired.leader.name(),
            desired.configuration.cluster().name(),
        );
        match &desired.database {
            Database::All => format!("every database of {leader} on {follower}"),
            Database::One(name) => format!("{name} of {leader} on {follower}"),
        }
    }

    fn follower(&self) -> &str {
        self.desired.map_or("the follower", |desired| {
            desired.configuration.cluster().name()
        })
    }

    fn configuration_name(&self) -> &str {
        self.desired
            .map_or("", |desired| desired.configuration.name())
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

    /// Whether a difference found now is drift: the present generation was attached before.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        self.was_ready()
            || self
                .observed()
                .is_some_and(|status| !status.drift.is_empty())
    }

    /// The status, if it speaks of the present generation.
    fn observed(&self) -> Option<&AttachedDatabaseStatus> {
        let generation = self.object.metadata.generation;
        self.object
            .status
            .as_ref()
            .filter(|status| status.observed_generation == generation)
    }

    /// The drift to record for an operation that is about to begin.
    #[must_use]
    pub fn drift(&self, kind: OperationKind, differences: &[Difference]) -> Vec<Drift> {
        if !self.is_drift() || kind == OperationKind::Detach {
            return Vec::new();
        }
        if differences.is_empty() {
            return vec![drift("configuration", "present", "absent")];
        }
        differences
            .iter()
            .map(
                |Difference {
                     field,
                     desired,
                     observed,
                 }| drift(field, desired, observed),
            )
            .collect()
    }

    /// The events of a pass that ended with `outcome`.
    pub fn notices(&self, outcome: &Outcome) -> Vec<Notice> {
        let before = self.object.status.as_ref();
        match outcome {
            Outcome::Settled(_) => {
                let Some(operation) = before.and_then(|status| status.operation.as_ref()) else {
                    return Vec::new();
                };
                let repaired = before.is_some_and(|status| !status.drift.is_empty());
                let attachment = self.attachment();
                let (reason, action, note) = match operation.kind {
                    _ if repaired => (
                        "Repaired",
                        "Repair",
                        format!("{attachment} is as declared again"),
                    ),
                    OperationKind::Attach => {
                        ("Attached", "Attach", format!("{attachment} is attached"))
                    }
                    OperationKind::Update => {
                        ("Updated", "Update", format!("{attachment} is updated"))
                    }
                    // A deletion does not settle; an object can't come back from it.
                    OperationKind::Detach => return Vec::new(),
                };
                vec![Notice {
                    tone: Tone::Normal,
                    reason,
                    action,
                    note,
                }]
            }
            Outcome::Blocked(_) if self.is_blip(outcome) => Vec::new(),
            Outcome::Blocked(_) | Outcome::Invalid(_) | Outcome::NotYetSupported(_) => {
                let known = before.and_then(ready_condition);
                let Some(Verdict {
                    reason, message, ..
                }) = self.verdict(outcome)
                else {
                    return Vec::new();
                };
                let told =
                    known.is_some_and(|(status, known)| status == "False" && known == reason);
                let action = if self.deleting() {
                    "Detach"
                } else {
                    "Reconcile"
                };
                if told {
                    Vec::new()
                } else {
                    vec![Notice {
                        tone: Tone::Warning,
                        reason,
                        action,
                        note: message,
                    }]
                }
            }
            Outcome::Waiting(_) | Outcome::Released => Vec::new(),
        }
    }

    /// The event of drift that is about to be repaired.
    #[must_use]
    pub fn drift_notice(&self, drift: &[Drift]) -> Option<Notice> {
        let before = self
            .object
            .status
            .as_ref()
            .map(|status| status.drift.as_slice())
            .unwrap_or_default();
        (!drift.is_empty() && drift != before).then(|| Notice {
            tone: Tone::Warning,
            reason: "DriftDetected",
            action: "Repair",
            note: format!(
                "{} is not as declared: {}",
                self.attachment(),
                describe_drift(drift)
            ),
        })
    }

    /// The event of an adoption.
    #[must_use]
    pub fn adoption_notice(&self) -> Notice {
        let note = format!(
            "the existing configuration {} is as declared and was taken over",
            self.configuration_name()
        );
        Notice {
            tone: Tone::Normal,
            reason: "Adopted",
            action: "Adopt",
            note,
        }
    }

    /// The event of an object that goes.
    #[must_use]
    pub fn release_notice(&self, release: Release) -> Option<Notice> {
        let attachment = self.attachment();
        let (reason, note) = match release {
            Release::Detached => ("Detached", format!("{attachment} is detached")),
            Release::FollowerGone => (
                "Detached",
                format!(
                    "the follower cluster {} is gone, and the attachment with it",
                    self.follower()
                ),
            ),
            Release::Orphaned => (
                "Orphaned",
                format!("{attachment} stays attached: `deletionPolicy` is Orphan"),
            ),
            Release::Replaced => (
                "Released",
                format!(
                    "the configuration {} follows something else now and was left alone",
                    self.configuration_name()
                ),
            ),
            Release::NothingOwned => return None,
        };
        Some(Notice {
            tone: Tone::Normal,
            reason,
            action: "Detach",
            note,
        })
    }
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

fn drift(field: &str, desired: &str, observed: &str) -> Drift {
    Drift {
        field: field.to_owned(),
        desired: desired.to_owned(),
        observed: observed.to_owned(),
    }
}

fn describe_drift(drift: &[Drift]) -> String {
    let parts: Vec<String> = drift
        .iter()
        .map(
            |Drift {
                 field,
                 desired,
                 observed,
             }| format!("`{field}` is {observed:?}, declared {desired:?}"),
        )
        .collect();
    parts.join("; ")
}
