//! What is said to a person. Pure.

use std::borrow::Cow;

use crate::{
    api::{
        Drift, OperationKind,
        condition::{ConditionStatus, ConditionType, DesiredCondition},
    },
    azure::actions::POLL,
    controller::{
        block::{Block, Holder},
        diff::Difference,
        lane::ObjectKey,
        outcome::describe,
        preflight::Advice,
        validate::Database,
    },
};

use super::{Subject, details::detail};

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
        let (follower, leader, name) = (self.follower(), self.leader(), self.configuration_name());
        let message = match block {
            Block::Refused(refusal) => self.refused(refusal),
            Block::Failure(failure) => failure.message.clone(),
            Block::LeaderFailure(failure) => {
                format!("the leader cluster {leader}: {}", failure.message)
            }
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
            Block::LeaderNotFound => format!(
                "the leader cluster {leader} does not exist; `spec.leader.clusterResourceId` must name an existing cluster"
            ),
            Block::LeaderNotRunning { state } => format!(
                "the leader cluster {leader} is {state}; start it, and the attachment goes on by itself"
            ),
            Block::RegionMismatch {
                follower: here,
                leader: there,
            } => format!(
                "the follower cluster {follower} is in {here} and the leader cluster {leader} in {there}; both must be in one region"
            ),
            Block::LeaderDatabaseNotFound => format!(
                "the leader cluster {leader} has no database {}; `spec.leader.databaseName` must name one that exists",
                self.desired.map_or("", |desired| desired.database.as_str())
            ),
            Block::NameTaken { name, holder } => self.name_taken(name, holder),
            Block::ProvisioningStuck { state } => format!(
                "the configuration {name} on {follower} has been {state} for over an hour; see the cluster's activity \
                 log, and ask Azure's support if it does not end"
            ),
            Block::DatabaseNotShown { missing } => format!(
                "the configuration {name} is as declared, but {follower} does not show {}; see whether the database still \
                 exists on {leader}",
                missing.join(", ")
            ),
            Block::DatabaseSuspended { suspended } => format!(
                "Azure has suspended {} on {follower}, as it does when a customer-managed key is revoked; restore the \
                 leader's access to its key",
                suspended.join(", ")
            ),
            Block::ForeignOrigin { origin } => format!(
                "the configuration {name} on {follower} was made by {origin}, which alone may change it; choose another \
                 `spec.configurationName`"
            ),
            Block::Claimed { by } => self.claimed(by),
            Block::Conflict(differences) => format!(
                "a configuration named {name} on {follower} follows something else: {}; choose another \
                 `spec.configurationName`, or delete that configuration",
                describe(differences)
            ),
            Block::Exists => format!(
                "a configuration named {name} exists on {follower}, and `spec.adoptionPolicy` is Never; choose another \
                 `spec.configurationName`, delete that configuration, or set `spec.adoptionPolicy` to IfEqual"
            ),
            Block::ExistsAndDiffers(differences) => format!(
                "a configuration named {name} exists on {follower} and differs: {}; make the spec equal to take it over, \
                 set `spec.adoptionPolicy` to Always to overwrite it, or choose another `spec.configurationName`",
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
            Block::Drifted(differences) => format!(
                "not as declared: {}; `spec.driftPolicy` is Report, so nothing is changed",
                describe(differences)
            ),
            Block::NotAttached => format!(
                "there is no configuration {name} on {follower}; `spec.driftPolicy` is Report, so nothing is attached"
            ),
            Block::Contested {
                differences,
                corrections: _,
            } => self.contested(differences),
        };
        if self.deleting() {
            format!("{message}; {}", self.way_out())
        } else {
            message
        }
    }

    fn claimed(&self, by: &ObjectKey) -> String {
        let (follower, name) = (self.follower(), self.configuration_name());
        // The names of another namespace are not this author's to read.
        let is_near = self.object.metadata.namespace.as_deref() == Some(by.namespace.as_str());
        let other = if is_near {
            format!("the older object {}", by.name)
        } else {
            "an older object in another namespace".to_owned()
        };
        format!(
            "{other} declares the configuration {name} on {follower} already; delete one of them, or choose \
             another `spec.configurationName`"
        )
    }

    /// The number of corrections is not said: it would change from look to look.
    fn contested(&self, differences: &[Difference]) -> String {
        let (follower, name) = (self.follower(), self.configuration_name());
        if differences.is_empty() {
            return format!(
                "somebody keeps removing the configuration {name} on {follower}; find who, or delete this object. It is \
                 corrected again after an hour"
            );
        }
        format!(
            "somebody keeps changing the configuration {name} on {follower} back: {}; find who, or declare what they \
             want. It is corrected again after an hour",
            describe(differences)
        )
    }

    fn name_taken(&self, name: &str, holder: &Holder) -> String {
        let follower = self.follower();
        let whose = match holder {
            Holder::Local => format!("{follower} has a database {name} of its own, which wins"),
            Holder::Configuration(other) => {
                format!("{follower} has a database {name} already, by the configuration {other}")
            }
            Holder::Leader(other) => {
                format!("{follower} follows a database {name} of {other} already")
            }
            Holder::Unknown => format!("{follower} has a database {name} already"),
        };
        let remedy = match self.desired.map(|desired| &desired.database) {
            Some(Database::All) => {
                "set `spec.databaseNamePrefix`, or remove or rename that database"
            }
            Some(Database::One(_)) | None => {
                "set `spec.databaseNameOverride`, or remove or rename that database"
            }
        };
        format!("{whose}; {remedy}")
    }

    /// How a deletion ends when Azure does not let it.
    fn way_out(&self) -> String {
        let metadata = &self.object.metadata;
        format!(
            "to let the object go and leave the configuration: kubectl patch attdb {} -n {} --type merge -p \
             '{{\"spec\":{{\"deletionPolicy\":\"Orphan\"}}}}'",
            metadata.name.as_deref().unwrap_or_default(),
            metadata.namespace.as_deref().unwrap_or_default()
        )
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

    fn leader(&self) -> &str {
        self.desired
            .map_or("the leader", |desired| desired.leader.name())
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
        .map(|drift| {
            format!(
                "`{}` is {:?}, declared {:?}",
                drift.field, drift.observed, drift.desired
            )
        })
        .collect();
    parts.join("; ")
}

/// The reason of operations that can't be followed; told first, so that it can be told from all others.
pub(super) const OPERATION_NOT_VISIBLE: &str = "OperationNotVisible";

impl Subject<'_> {
    /// The condition for what works and may surprise: all of it is told, and the first gives the reason.
    pub(super) fn advise(&self, advice: &[Advice]) -> Option<DesiredCondition> {
        let (reason, _) = self.surprise(*advice.first()?);
        let texts: Vec<_> = advice.iter().map(|it| self.surprise(*it).1).collect();
        Some(detail(
            ConditionType::Warning,
            ConditionStatus::True,
            reason,
            texts.join(". "),
        ))
    }

    fn surprise(&self, advice: Advice) -> (&'static str, Cow<'static, str>) {
        match advice {
            Advice::OperationNotVisible => (
                OPERATION_NOT_VISIBLE,
                format!(
                    "operations can't be followed, nor their errors told, since the identity lacks `{POLL}` on `{}`: \
                     only what they lead to is seen",
                    self.group()
                )
                .into(),
            ),
            Advice::StreamingIngestionOff => (
                "StreamingIngestionOff",
                "the leader takes streaming ingestion and the follower does not: streamed data shows late; set \
                 `enableStreamingIngest` on the follower cluster"
                    .into(),
            ),
            Advice::CustomerManagedKey => (
                "CustomerManagedKey",
                "a cluster is encrypted with a customer-managed key: neither may take part in further followings, and \
                 both are suspended when the key is revoked"
                    .into(),
            ),
        }
    }

    /// The follower's resource group: operations lie beside a cluster and not below it (faults.md §2).
    fn group(&self) -> String {
        let Some(desired) = self.desired else {
            return "the follower's resource group".to_owned();
        };
        let cluster = desired.configuration.cluster();
        format!(
            "/subscriptions/{}/resourceGroups/{}",
            cluster.subscription(),
            cluster.resource_group()
        )
    }
}
