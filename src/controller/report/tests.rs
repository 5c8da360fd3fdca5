//! Every status that a pass can write, judged by the tools that read it (conventions.md §1-§3).

use serde_json::json;

use super::*;
use crate::{
    api::{DriftPolicy, OperationKind},
    azure::{
        error::Class,
        model::{
            Change, Configuration, Database, DatabaseKind, Following, ProvisioningState, Sharing,
        },
    },
    controller::{
        block::{Block, Holder},
        decide::Attached,
        diff::Difference,
        failure::Failure,
        lane::ObjectKey,
        snapshot::Running,
        validate::{Invalid, validate},
    },
};

mod blocks;
mod details;
mod events;
mod failures;
#[path = "../../../tests/support/oracles.rs"]
mod oracles;
mod progress;
mod rest;

use oracles::{Kstatus, Moment, flux_violations, kstatus, kubectl_wait_returns};

/// What every message of a deletion that can't go on ends with.
const WAY_OUT: &str = "to let the object go and leave the configuration: kubectl patch attdb sales -n analytics \
                       --type merge -p '{\"spec\":{\"deletionPolicy\":\"Orphan\"}}'";

fn cluster(name: &str) -> String {
    format!(
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
    )
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

/// What a report is made from.
#[derive(Clone)]
struct Given {
    object: AttachedDatabase,
    desired: Option<Desired>,
    record: Record,
    seen: Seen,
    failing_for: Duration,
}

impl Given {
    fn at(&self, now: Timestamp) -> Subject<'_> {
        Subject {
            object: &self.object,
            desired: self.desired.as_ref(),
            record: &self.record,
            seen: &self.seen,
            failing_for: self.failing_for,
            now,
        }
    }

    fn operating(mut self, kind: OperationKind) -> Self {
        self.record.operation = Some(operation(
            kind,
            Some("https://management.azure.com/operation"),
        ));
        self
    }

    fn drifted(mut self) -> Self {
        self.record.drift = vec![drift("tablesToInclude", "Orders", "")];
        self
    }

    fn seeing(mut self, seen: Seen) -> Self {
        self.seen = seen;
        self
    }

    fn owning(mut self, ownership: Ownership) -> Self {
        self.record.ownership = Some(ownership);
        self
    }

    fn failing(mut self, failing_for: Duration) -> Self {
        self.failing_for = failing_for;
        self
    }

    /// As a pass reports it whose spec could not be acted on.
    fn unusable(mut self) -> Self {
        self.desired = None;
        self
    }

    /// After `outcome` was written at second 0.
    fn after(mut self, outcome: &Outcome) -> Self {
        let written = self.at(at(0)).status(outcome);
        // As `publish` sends it.
        let written = written.map(AttachedDatabaseStatus::within_bounds);
        self.object.status = written.or(self.object.status);
        self
    }
}

/// An object that nobody has looked at yet.
fn unseen() -> Given {
    let object: AttachedDatabase = serde_json::from_value(json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": "sales", "namespace": "analytics", "generation": 1},
        "spec": {
            "follower": {"clusterResourceId": cluster("follower1")},
            "leader": {"clusterResourceId": cluster("leader1"), "databaseName": "Sales"},
        },
        "status": {"observedGeneration": -1},
    }))
    .unwrap();
    let desired = validate(&object).unwrap();
    Given {
        object,
        desired: Some(desired),
        record: Record::default(),
        seen: Seen::default(),
        failing_for: Duration::ZERO,
    }
}

/// An object at rest.
fn attached() -> Given {
    unseen().owning(Ownership::Created).after(&settled())
}

/// An attached object whose author wants something else now.
fn edited() -> Given {
    let mut given = attached();
    given.object.metadata.generation = Some(2);
    given
}

/// An attached object that was deleted.
fn leaving() -> Given {
    let mut given = edited();
    given.object.metadata.deletion_timestamp = Some(Time(at(0)));
    given
}

fn operation(kind: OperationKind, url: Option<&str>) -> OperationStatus {
    OperationStatus {
        kind,
        started_at: Time(at(0)),
        generation: 1,
        url: url.map(str::to_owned),
    }
}

/// A difference that was found at second 0.
fn drift(field: &str, desired: &str, observed: &str) -> Drift {
    Drift {
        field: field.to_owned(),
        desired: desired.to_owned(),
        observed: observed.to_owned(),
        since: Some(Time(at(0))),
        changed_by: None,
        changed_at: None,
    }
}

/// A database as the follower shows it.
fn shown(name: &str, size_bytes: Option<u64>) -> Database {
    Database {
        name: name.into(),
        location: "West Europe".into(),
        kind: DatabaseKind::Following(Following {
            configuration_name: "sales".into(),
            leader_cluster: cluster("leader1"),
            original_name: Some(name.into()),
            size_bytes,
            ..Following::default()
        }),
        provisioning_state: ProvisioningState::Succeeded,
    }
}

fn settled() -> Outcome {
    settled_with(vec![shown("Web", Some(2_000)), shown("Sales", None)])
}

fn settled_with(databases: Vec<Database>) -> Outcome {
    let names = databases.iter().map(|database| database.name.clone());
    let live = Configuration {
        leader_cluster: cluster("leader1"),
        database_name: "Sales".into(),
        principals_modification_kind: "Union".into(),
        database_name_override: None,
        database_name_prefix: None,
        sharing: Sharing::default(),
        attached_database_names: names.collect(),
        provisioning_state: ProvisioningState::Succeeded,
        ..Configuration::default()
    };
    Outcome::Settled(Box::new(Attached { live, databases }))
}

fn running(kind: OperationKind) -> Outcome {
    Outcome::Waiting(Wait::Operation(Running {
        kind,
        age: Duration::ZERO,
        retry_after: None,
    }))
}

fn in_line(place: usize) -> Outcome {
    Outcome::Waiting(Wait::Lane { place })
}

fn failure(class: Class, reason: &'static str) -> Outcome {
    Outcome::Blocked(Block::Failure(Failure {
        class,
        reason,
        message: format!("message of {reason}"),
        retry_after: None,
    }))
}

fn differences() -> Vec<Difference> {
    vec![Difference {
        field: "tablesToInclude",
        desired: "Orders".into(),
        observed: String::new(),
    }]
}

/// All conditions in a line.
fn said(status: &AttachedDatabaseStatus) -> String {
    let conditions = status.conditions.iter();
    let words = conditions.map(|said| format!("{}={}:{}", said.type_, said.status, said.reason));
    words.collect::<Vec<_>>().join(" ")
}

fn message_of(status: &AttachedDatabaseStatus, kind: ConditionType) -> &str {
    let mut conditions = status.conditions.iter();
    let found = conditions.find(|condition| condition.type_ == kind.as_str());
    found.map_or("", |condition| condition.message.as_str())
}

/// Judges a status as the tools do, and proves that saying it again changes nothing.
fn judge(situation: &str, given: &Given, outcome: &Outcome) -> (Kstatus, AttachedDatabaseStatus) {
    let subject = given.at(at(100));
    let status = subject
        .status(outcome)
        .unwrap_or_else(|| panic!("{situation}: no status"));
    let mut after = given.clone();
    after.object.status = Some(status.clone());
    let object = serde_json::to_value(&after.object).unwrap();

    let is_waiting = matches!(outcome, Outcome::Waiting(_));
    let moment = if is_waiting {
        Moment::InProgress
    } else {
        Moment::AtRest
    };
    assert_eq!(
        flux_violations(&object, moment),
        [""; 0],
        "{situation}: {object}"
    );
    let is_settled = matches!(outcome, Outcome::Settled(_));
    assert_eq!(kubectl_wait_returns(&object), is_settled, "{situation}");
    let negative = status
        .conditions
        .iter()
        .filter(|condition| ["Reconciling", "Stalled"].contains(&condition.type_.as_str()));
    assert_eq!(
        negative.count(),
        usize::from(!is_settled),
        "{situation}: {}",
        said(&status)
    );

    let generation = given.object.metadata.generation;
    assert_eq!(status.observed_generation, generation, "{situation}");
    for condition in &status.conditions {
        assert_eq!(condition.observed_generation, generation, "{situation}");
        assert!(
            !condition.message.is_empty(),
            "{situation}: {}",
            condition.type_
        );
    }

    assert_eq!(status.clone().within_bounds(), status, "{situation}");
    let read_back: AttachedDatabase = serde_json::from_value(object.clone()).unwrap();
    assert_eq!(
        read_back.status.as_ref(),
        Some(&status),
        "{situation}: as the API server keeps it"
    );
    let again = after.at(at(5_000)).status(outcome);
    assert_eq!(
        again.as_ref(),
        Some(&status),
        "{situation}: said again, later"
    );
    (kstatus(&object), status)
}

type Row = (
    &'static str,
    Given,
    Outcome,
    Kstatus,
    &'static str,
    &'static str,
);

fn check(rows: Vec<Row>) {
    for (situation, given, outcome, verdict, conditions, message) in rows {
        let message = message.replace("WAY_OUT", WAY_OUT);
        let (judged, status) = judge(situation, &given, &outcome);
        assert_eq!(said(&status), conditions, "{situation}");
        assert_eq!(
            message_of(&status, ConditionType::Ready),
            message,
            "{situation}"
        );
        assert_eq!(judged, verdict, "{situation}");
    }
}
