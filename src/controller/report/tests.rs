//! Every status that a pass can write, judged by the tools that read it (conventions.md §1-§3).

use serde_json::{Value, json};

use super::*;
use crate::{
    azure::{
        error::Class,
        model::{Configuration, ProvisioningState, Sharing},
    },
    controller::{
        decide::Block,
        failure::Failure,
        snapshot::Running,
        validate::{Invalid, validate},
    },
};

mod events;
#[path = "../../../tests/support/oracles.rs"]
mod oracles;

use oracles::{Kstatus, Moment, flux_violations, kstatus, kubectl_wait_returns};

const NOT_YET: &str = "`spec.driftPolicy` must be Correct in this release";

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
    failing_for: Duration,
}

impl Given {
    fn at(&self, now: Timestamp) -> Subject<'_> {
        Subject {
            object: &self.object,
            desired: self.desired.as_ref(),
            record: &self.record,
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
        self.object.status = self.at(at(0)).status(outcome).or(self.object.status);
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

fn settled() -> Outcome {
    Outcome::Settled(Box::new(Configuration {
        leader_cluster: cluster("leader1"),
        database_name: "Sales".into(),
        principals_modification_kind: "Union".into(),
        database_name_override: None,
        database_name_prefix: None,
        sharing: Sharing::default(),
        attached_database_names: vec!["Web".into(), "Sales".into()],
        provisioning_state: ProvisioningState::Succeeded,
    }))
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

#[test]
fn work_in_progress_is_not_ready_and_not_failed() {
    use Kstatus::InProgress;
    use OperationKind::{Attach, Detach, Update};
    const CREATING: &str = "Ready=Unknown:Creating Reconciling=True:Creating";
    const IN_LINE: &str = "Ready=Unknown:WaitingForCluster Reconciling=True:WaitingForCluster";
    const REPAIRING: &str =
        "Ready=Unknown:DriftDetected Reconciling=True:DriftDetected InSync=False:Drifted";
    let provisioning = |state: &str| {
        Outcome::Waiting(Wait::Provisioning {
            state: state.into(),
        })
    };
    let starting = || {
        Outcome::Waiting(Wait::Follower {
            state: "Starting".into(),
        })
    };
    let absent = || {
        let mut given = attached().operating(Attach);
        given.record.drift = given.at(at(0)).drift(Attach, &[]);
        given
    };
    check(vec![
        (
            "first create",
            unseen().operating(Attach),
            running(Attach),
            InProgress,
            CREATING,
            "attaching Sales of leader1 on follower1",
        ),
        (
            "its answer was lost",
            unseen().operating(Attach),
            Outcome::Waiting(Wait::Outcome(Attach)),
            InProgress,
            CREATING,
            "attaching Sales of leader1 on follower1; waits for Azure to show the result",
        ),
        (
            "it ended but is not to be seen yet",
            unseen().operating(Attach),
            Outcome::Waiting(Wait::Visibility(Attach)),
            InProgress,
            CREATING,
            "attaching Sales of leader1 on follower1; waits for Azure to show the result",
        ),
        (
            "somebody else creates it",
            unseen(),
            provisioning("Accepted"),
            InProgress,
            CREATING,
            "waits for the configuration on follower1, whose provisioning state is Accepted",
        ),
        (
            "others go first",
            unseen(),
            in_line(2),
            InProgress,
            IN_LINE,
            "waits for other operations on follower1, which takes one at a time; place 2 in line",
        ),
        (
            "the follower is on its way",
            unseen(),
            starting(),
            InProgress,
            IN_LINE,
            "waits for cluster follower1, which is Starting",
        ),
        (
            "update",
            edited().operating(Update),
            running(Update),
            InProgress,
            "Ready=Unknown:Updating Reconciling=True:Updating",
            "updating Sales of leader1 on follower1",
        ),
        (
            "drift is repaired",
            attached().operating(Update).drifted(),
            running(Update),
            InProgress,
            REPAIRING,
            "repairing Sales of leader1 on follower1: `tablesToInclude` is \"\", declared \"Orders\"",
        ),
        (
            "a removed configuration comes back",
            absent(),
            running(Attach),
            InProgress,
            REPAIRING,
            "repairing Sales of leader1 on follower1: `configuration` is \"absent\", declared \"present\"",
        ),
        (
            "drift waits in line",
            attached().drifted(),
            in_line(1),
            InProgress,
            "Ready=Unknown:WaitingForCluster Reconciling=True:WaitingForCluster InSync=False:Drifted",
            "waits for other operations on follower1, which takes one at a time; place 1 in line",
        ),
        (
            "the hint is of a detach that nobody wants any more",
            attached().operating(Detach),
            running(Detach),
            InProgress,
            "Ready=Unknown:Deleting Reconciling=True:Deleting",
            "detaching Sales of leader1 on follower1",
        ),
    ]);
}

#[test]
fn a_deletion_is_terminating_and_says_what_it_waits_for() {
    use Kstatus::Terminating;
    use OperationKind::{Attach, Detach};
    const DELETING: &str = "Ready=False:Deleting Reconciling=True:Deleting";
    check(vec![
        (
            "detach",
            leaving().operating(Detach),
            running(Detach),
            Terminating,
            DELETING,
            "detaching Sales of leader1 on follower1",
        ),
        (
            "its answer was lost",
            leaving().operating(Detach),
            Outcome::Waiting(Wait::Outcome(Detach)),
            Terminating,
            DELETING,
            "detaching Sales of leader1 on follower1; waits for Azure to show the result",
        ),
        (
            "an attach still runs",
            leaving().operating(Attach),
            running(Attach),
            Terminating,
            DELETING,
            "attaching Sales of leader1 on follower1",
        ),
        (
            "an attach may still arrive",
            leaving().operating(Attach),
            Outcome::Waiting(Wait::Visibility(Attach)),
            Terminating,
            DELETING,
            "attaching Sales of leader1 on follower1; waits for Azure to show the result",
        ),
        (
            "others go first",
            leaving(),
            in_line(1),
            Terminating,
            DELETING,
            "waits for other operations on follower1, which takes one at a time; place 1 in line",
        ),
        (
            "its spec is unusable",
            leaving().operating(Detach).unusable(),
            running(Detach),
            Terminating,
            DELETING,
            "detaching the configuration",
        ),
        (
            "Azure can't be asked",
            leaving(),
            failure(Class::Transient, "ArmUnavailable"),
            Terminating,
            "Ready=False:ArmUnavailable Reconciling=True:ArmUnavailable",
            "message of ArmUnavailable",
        ),
        (
            "a lock forbids it",
            leaving(),
            failure(Class::Locked, "ScopeLocked"),
            Terminating,
            "Ready=False:ScopeLocked Stalled=True:ScopeLocked",
            "message of ScopeLocked",
        ),
    ]);
}

#[test]
fn a_failure_is_retried_first_and_failed_when_patience_ends() {
    for (class, patience) in [
        (Class::Transient, minutes(30)),
        (Class::Throttled, minutes(30)),
        (Class::Busy, minutes(30)),
        (Class::Unauthenticated, minutes(5)),
        (Class::Denied, minutes(5)),
        (Class::Rejected, Duration::ZERO),
        (Class::Locked, Duration::ZERO),
    ] {
        let outcome = failure(class, "Reason");
        let row = |failing_for, verdict, conditions| -> Row {
            (
                "failing",
                unseen().failing(failing_for),
                outcome.clone(),
                verdict,
                conditions,
                "message of Reason",
            )
        };
        let mut rows = vec![row(
            patience,
            Kstatus::Failed,
            "Ready=False:Reason Stalled=True:Reason",
        )];
        if let Some(before) = patience.checked_sub(Duration::from_secs(1)) {
            let retried = "Ready=False:Reason Reconciling=True:ProgressingWithRetry";
            rows.push(row(before, Kstatus::InProgress, retried));
            rows.push(row(Duration::ZERO, Kstatus::InProgress, retried));
        }
        check(rows);
    }
}

#[test]
fn what_needs_a_person_says_what_to_do() {
    use Kstatus::{Failed, InProgress};
    let stopped = |reason: Option<&str>| {
        Outcome::Blocked(Block::FollowerNotRunning {
            state: "Stopped".into(),
            reason: reason.map(str::to_owned),
        })
    };
    const STOPPED: &str = "Ready=False:FollowerNotRunning Reconciling=True:ProgressingWithRetry";
    check(vec![
        (
            "no follower",
            unseen(),
            Outcome::Blocked(Block::FollowerNotFound),
            Failed,
            "Ready=False:FollowerNotFound Stalled=True:FollowerNotFound",
            "the follower cluster follower1 does not exist; `spec.follower.clusterResourceId` must name an existing cluster",
        ),
        (
            "stopped",
            unseen(),
            stopped(None),
            InProgress,
            STOPPED,
            "the follower cluster follower1 is Stopped; start it, and the attachment goes on by itself",
        ),
        (
            "stopped, and Azure says why",
            unseen(),
            stopped(Some("AutoStop")),
            InProgress,
            STOPPED,
            "the follower cluster follower1 is Stopped (AutoStop); start it, and the attachment goes on by itself",
        ),
        (
            "stopped for long",
            unseen().failing(minutes(30)),
            stopped(None),
            Failed,
            "Ready=False:FollowerNotRunning Stalled=True:FollowerNotRunning",
            "the follower cluster follower1 is Stopped; start it, and the attachment goes on by itself",
        ),
        (
            "the name is taken",
            unseen(),
            Outcome::Blocked(Block::Conflict(differences())),
            Failed,
            "Ready=False:ConfigurationConflict Stalled=True:ConfigurationConflict",
            "a configuration named sales on follower1 follows something else: `tablesToInclude` is empty, declared \"Orders\"; \
          choose another `spec.configurationName`, or delete that configuration",
        ),
        (
            "it exists and differs",
            unseen(),
            Outcome::Blocked(Block::ExistsAndDiffers(differences())),
            Failed,
            "Ready=False:ConfigurationExists Stalled=True:ConfigurationExists",
            "a configuration named sales exists on follower1 and differs: `tablesToInclude` is empty, declared \"Orders\"; \
          make the spec equal to take it over, choose another `spec.configurationName`, or delete that configuration",
        ),
        (
            "invalid",
            unseen().unusable(),
            Outcome::Invalid(Invalid::LeaderIsFollower),
            Failed,
            "Ready=False:InvalidSpec Stalled=True:InvalidSpec",
            "`spec.leader.clusterResourceId` must be another cluster than `spec.follower.clusterResourceId`",
        ),
        (
            "not in this release",
            edited().unusable(),
            Outcome::NotYetSupported(NOT_YET),
            Failed,
            "Ready=False:NotYetSupported Stalled=True:NotYetSupported",
            NOT_YET,
        ),
        (
            "a repair is refused",
            attached().drifted(),
            failure(Class::Rejected, "RequestRejected"),
            Failed,
            "Ready=False:RequestRejected Stalled=True:RequestRejected InSync=False:Drifted",
            "message of RequestRejected",
        ),
    ]);
}

#[test]
fn a_settled_object_is_ready_and_in_sync() {
    const READY: &str = "Ready=True:Attached InSync=True:AsDeclared";
    let everything = || {
        let mut given = unseen().owning(Ownership::Created);
        given.object.spec.leader.database_name = "*".into();
        given.desired = validate(&given.object).ok();
        given
    };
    let attached_one = "Sales of leader1 on follower1 is attached";
    check(vec![
        (
            "attached",
            unseen().owning(Ownership::Created),
            settled(),
            Kstatus::Current,
            READY,
            attached_one,
        ),
        (
            "still attached",
            attached(),
            settled(),
            Kstatus::Current,
            READY,
            attached_one,
        ),
        (
            "adopted",
            unseen().owning(Ownership::Adopted),
            settled(),
            Kstatus::Current,
            READY,
            attached_one,
        ),
        (
            "healed",
            unseen().after(&failure(Class::Denied, "AuthorizationFailed")),
            settled(),
            Kstatus::Current,
            READY,
            attached_one,
        ),
        (
            "every database",
            everything(),
            settled(),
            Kstatus::Current,
            READY,
            "every database of leader1 on follower1 is attached",
        ),
    ]);
}

#[test]
fn any_outcome_after_any_other_keeps_the_rules() {
    let outcomes = || {
        vec![
            settled(),
            running(OperationKind::Attach),
            Outcome::Waiting(Wait::Outcome(OperationKind::Update)),
            Outcome::Waiting(Wait::Visibility(OperationKind::Detach)),
            Outcome::Waiting(Wait::Provisioning {
                state: "Updating".into(),
            }),
            Outcome::Waiting(Wait::Follower {
                state: "Updating".into(),
            }),
            in_line(1),
            failure(Class::Transient, "ArmUnavailable"),
            failure(Class::Throttled, "Throttled"),
            failure(Class::Busy, "ClusterBusy"),
            failure(Class::Unauthenticated, "AuthenticationFailed"),
            failure(Class::Denied, "AuthorizationFailed"),
            failure(Class::Rejected, "RequestRejected"),
            failure(Class::Locked, "ScopeLocked"),
            Outcome::Blocked(Block::FollowerNotFound),
            Outcome::Blocked(Block::Conflict(differences())),
            Outcome::Blocked(Block::ExistsAndDiffers(differences())),
            Outcome::Invalid(Invalid::OverrideOfAll),
            Outcome::NotYetSupported(NOT_YET),
        ]
    };
    let records = [
        OperationKind::Attach,
        OperationKind::Update,
        OperationKind::Detach,
    ]
    .map(|kind| unseen().operating(kind).record)
    .into_iter()
    .chain([
        Record::default(),
        unseen().drifted().operating(OperationKind::Update).record,
    ]);
    let mut judged = 0;
    for (record, base) in records.flat_map(|record| {
        [unseen(), edited(), attached(), leaving()].map(|base| (record.clone(), base))
    }) {
        for (earlier, outcome) in outcomes().iter().flat_map(|earlier| {
            outcomes()
                .into_iter()
                .map(move |outcome| (earlier, outcome))
        }) {
            for failing_for in [0, 29, 30, 300, 1_800].map(Duration::from_secs) {
                let mut given = base.clone().after(earlier).failing(failing_for);
                let is_settled = matches!(outcome, Outcome::Settled(_));
                // What is settled has no operation and no drift, and what is deleted does not settle.
                if !is_settled {
                    given.record = record.clone();
                }
                let is_deleted = given.object.metadata.deletion_timestamp.is_some();
                if given.at(at(0)).is_blip(&outcome) || is_settled && is_deleted {
                    continue;
                }
                let (verdict, status) =
                    judge(&format!("{outcome:?} after {earlier:?}"), &given, &outcome);
                let expected = match said(&status) {
                    _ if is_deleted => Kstatus::Terminating,
                    _ if is_settled => Kstatus::Current,
                    said if said.contains("Stalled=True") => Kstatus::Failed,
                    _ => Kstatus::InProgress,
                };
                assert_eq!(verdict, expected, "{outcome:?} after {earlier:?}");
                judged += 1;
            }
        }
    }
    assert!(judged > 20_000, "{judged} statuses are a matrix");
}

#[test]
fn a_hiccup_says_nothing_about_an_object_that_is_ready() {
    let (down, throttled) = (
        failure(Class::Transient, "ArmUnavailable"),
        failure(Class::Throttled, "Throttled"),
    );
    let denied = failure(Class::Denied, "AuthorizationFailed");
    let short = Duration::from_secs(29);
    for (reason, given, outcome, is_told) in [
        ("a short fault", attached().failing(short), &down, false),
        (
            "short throttling",
            attached().failing(short),
            &throttled,
            false,
        ),
        (
            "half a minute",
            attached().failing(Duration::from_secs(30)),
            &down,
            true,
        ),
        ("a missing right", attached(), &denied, true),
        ("a spec that was never attached", edited(), &down, true),
        ("an object that was not Ready", unseen(), &down, true),
        (
            "an object that is told to fail already",
            attached().after(&denied),
            &down,
            true,
        ),
    ] {
        assert_eq!(
            given.at(at(0)).status(outcome).is_some(),
            is_told,
            "{reason}"
        );
    }
}

#[test]
fn a_refusal_that_lasts_changes_no_condition_with_each_attempt() {
    for (outcome, verdict) in [
        (
            failure(Class::Denied, "AuthorizationFailed"),
            Kstatus::InProgress,
        ),
        (failure(Class::Rejected, "RequestRejected"), Kstatus::Failed),
    ] {
        let refused = unseen().owning(Ownership::Created).after(&outcome);
        let mut begun = refused.clone();
        begun.record.operation = Some(operation(OperationKind::Attach, None));
        let (judged, status) = judge(
            "the next attempt begins",
            &begun,
            &running(OperationKind::Attach),
        );
        assert_eq!(judged, verdict);
        let known = refused.object.status.unwrap();
        assert_eq!(status.conditions, known.conditions);
        assert_eq!(
            status.operation, begun.record.operation,
            "but its intent is durable"
        );

        let (_, taken) = judge(
            "Azure takes it",
            &begun.clone().operating(OperationKind::Attach),
            &running(OperationKind::Attach),
        );
        assert_eq!(
            said(&taken),
            "Ready=Unknown:Creating Reconciling=True:Creating"
        );
    }
}

#[test]
fn the_status_keeps_what_is_known() {
    let mut given = unseen().owning(Ownership::Adopted);
    given.object.metadata.annotations = Some(
        [(
            crate::api::RECONCILE_ANNOTATION.to_owned(),
            "now".to_owned(),
        )]
        .into(),
    );
    let status = given.at(at(0)).status(&settled()).unwrap();
    assert_eq!(
        status.attached_database_names,
        ["Sales", "Web"],
        "sorted: another order is no news"
    );
    assert_eq!(status.follower_name.as_deref(), Some("follower1"));
    assert_eq!(
        status.configuration_id,
        Some(format!(
            "{}/attachedDatabaseConfigurations/sales",
            cluster("follower1")
        ))
    );
    assert_eq!(status.ownership, Some(Ownership::Adopted));
    assert_eq!(status.last_handled_reconcile_at.as_deref(), Some("now"));

    let mut broken = given.after(&settled()).unusable();
    broken.object.metadata.annotations = None;
    let kept = broken
        .at(at(0))
        .status(&Outcome::Invalid(Invalid::LeaderIsFollower))
        .unwrap();
    let facts = |status: AttachedDatabaseStatus| AttachedDatabaseStatus {
        conditions: Vec::new(),
        ..status
    };
    assert_eq!(
        facts(kept),
        facts(status),
        "an unusable spec hides nothing that was known"
    );
    assert_eq!(broken.at(at(0)).status(&Outcome::Released), None);
}

#[test]
fn only_a_difference_from_what_was_attached_is_drift() {
    use OperationKind::{Attach, Detach, Update};
    for (reason, given, kind, expected) in [
        (
            "attached, then edited in Azure",
            attached(),
            Update,
            vec![drift("tablesToInclude", "Orders", "")],
        ),
        (
            "known already",
            attached().drifted().after(&running(Update)),
            Update,
            vec![drift("tablesToInclude", "Orders", "")],
        ),
        ("the author's own edit", edited(), Update, vec![]),
        ("never attached", unseen(), Attach, vec![]),
        ("a detach", attached(), Detach, vec![]),
    ] {
        assert_eq!(
            given.at(at(0)).drift(kind, &differences()),
            expected,
            "{reason}"
        );
    }
    assert_eq!(
        attached().at(at(0)).drift(Attach, &[]),
        [drift("configuration", "present", "absent")]
    );
}

#[test]
fn ready_reads_the_condition() {
    let status = |given: Given| given.object.status.unwrap();
    assert_eq!(ready(&status(attached())), ConditionStatus::True);
    assert_eq!(
        ready(&status(
            unseen().after(&Outcome::Blocked(Block::FollowerNotFound))
        )),
        ConditionStatus::False
    );
    assert_eq!(
        ready(&status(unseen().after(&in_line(1)))),
        ConditionStatus::Unknown
    );
    assert_eq!(ready(&status(unseen())), ConditionStatus::Unknown);
}
