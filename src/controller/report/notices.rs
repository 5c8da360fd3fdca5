//! The events of a pass. Pure.

use crate::{
    api::{
        AttachedDatabaseStatus, ConditionType, Drift, OperationKind, status::MAX_LISTED_DATABASES,
    },
    azure::model::Database as Shown,
};

use super::{Subject, Verdict, ready_condition, wording::describe_drift};
use crate::controller::{
    decide::Release,
    outcome::{Outcome, Progress},
    validate::Database,
};

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

impl Subject<'_> {
    /// The events of a pass that ended with `outcome`.
    #[must_use]
    pub fn notices(&self, outcome: &Outcome) -> Vec<Notice> {
        let before = self.object.status.as_ref();
        match outcome {
            Outcome::Settled(attached) => {
                let Some(operation) = before.and_then(|status| status.operation.as_ref()) else {
                    return self.changed_set(&attached.databases);
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
            Outcome::Blocked(_) | Outcome::Invalid(_) => {
                let drift = self.drift_notice(&self.record.drift);
                let changed = self
                    .seen
                    .databases
                    .as_deref()
                    .map(|shown| self.changed_set(shown));
                self.trouble(outcome)
                    .into_iter()
                    .chain(drift)
                    .chain(changed.into_iter().flatten())
                    .collect()
            }
            // Drift that has to wait in line is told now: when its turn comes, status knows it already.
            Outcome::Waiting(_) => self.drift_notice(&self.record.drift).into_iter().collect(),
            Outcome::Released => Vec::new(),
        }
    }

    /// The events of databases that came or went because the leader's set changed.
    fn changed_set(&self, shown: &[Shown]) -> Vec<Notice> {
        let follows_all = self
            .desired
            .is_some_and(|desired| desired.database == Database::All);
        // The first set, and one that an operation of ours has changed, are told as such.
        let is_known = |status: &&AttachedDatabaseStatus| {
            follows_all && status.operation.is_none() && !status.attached_database_names.is_empty()
        };
        let Some(status) = self.object.status.as_ref().filter(is_known) else {
            return Vec::new();
        };
        // Status does not hold more names, so there is nothing to compare with.
        if shown.len() > MAX_LISTED_DATABASES {
            return Vec::new();
        }
        let now: Vec<&str> = shown
            .iter()
            .map(|database| database.name.as_str())
            .collect();
        let before: Vec<&str> = status
            .attached_database_names
            .iter()
            .map(String::as_str)
            .collect();
        let only_in = |these: &[&str], those: &[&str]| -> Vec<String> {
            these
                .iter()
                .filter(|name| !those.contains(name))
                .map(|name| (*name).to_owned())
                .collect()
        };
        let notice = |reason, names: Vec<String>, happened: &str| {
            (!names.is_empty()).then(|| Notice {
                tone: Tone::Normal,
                reason,
                action: "Follow",
                note: format!("{} {happened} {}", names.join(", "), self.follower()),
            })
        };
        let added = notice("DatabaseAdded", only_in(&now, &before), "is new on");
        let removed = notice("DatabaseRemoved", only_in(&before, &now), "is gone from");
        added.into_iter().chain(removed).collect()
    }

    /// The event of an object that can't go on: once for each reason that somebody can act on, and
    /// again when it is given up waiting for. What heals by itself is told by conditions alone
    /// (conventions.md §9).
    fn trouble(&self, outcome: &Outcome) -> Option<Notice> {
        let Verdict {
            reason,
            message,
            progress,
            ..
        } = self.verdict(outcome)?;
        let before = self.object.status.as_ref();
        let said = before
            .and_then(ready_condition)
            .is_some_and(|(status, known)| status == "False" && known == reason);
        let stalled = before.is_some_and(|status| {
            status
                .conditions
                .iter()
                .any(|condition| condition.type_ == ConditionType::Stalled.as_str())
        });
        let news = match progress {
            Some(Progress::Stalled) => !(said && stalled),
            Some(Progress::Reconciling) => !said && !outcome.heals_by_itself(),
            None => false,
        };
        let action = if self.deleting() {
            "Detach"
        } else {
            "Reconcile"
        };
        news.then_some(Notice {
            tone: Tone::Warning,
            reason,
            action,
            note: message,
        })
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
        let is_known = drift.iter().all(|drift| {
            before.iter().any(|known| {
                (&known.field, &known.desired, &known.observed)
                    == (&drift.field, &drift.desired, &drift.observed)
            })
        });
        (!is_known).then(|| Notice {
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
            "the existing configuration {} was taken over",
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
                format!("{attachment} stays attached, as declared"),
            ),
            Release::Replaced => (
                "Released",
                format!(
                    "the configuration {} follows something else now and was left alone",
                    self.configuration_name()
                ),
            ),
            Release::HandedOver => (
                "Released",
                format!(
                    "the configuration {} stays: an older object declares it",
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
