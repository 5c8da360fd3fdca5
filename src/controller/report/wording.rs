//! What is said to a person. Pure.

use crate::api::{Drift, OperationKind};

use super::Subject;
use crate::controller::{decide::Block, outcome::describe, validate::Database};

impl Subject<'_> {
    /// The reason for work in progress.
    pub(super) fn working(&self) -> &'static str {
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
    pub(super) fn work(&self) -> String {
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

    pub(super) fn blocked(&self, block: &Block) -> String {
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
            Block::NotApplied(differences) if differences.is_empty() => format!(
                "Azure reports success, but there is no configuration {name} on {follower}; look for who removes it"
            ),
            Block::NotApplied(differences) => format!(
                "Azure reports success, but the configuration {name} on {follower} is not as declared: {}; look for who \
                 changes it back, or declare what it is",
                describe(differences)
            ),
        }
    }

    /// "Sales of leader1 on follower1".
    pub(super) fn attachment(&self) -> String {
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

    pub(super) fn follower(&self) -> &str {
        self.desired.map_or("the follower", |desired| {
            desired.configuration.cluster().name()
        })
    }

    pub(super) fn configuration_name(&self) -> &str {
        self.desired
            .map_or("", |desired| desired.configuration.name())
    }
}

/// Names drift for a person.
pub(super) fn describe_drift(drift: &[Drift]) -> String {
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
