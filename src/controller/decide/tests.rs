//! The rules of `decide`, one table per branch.

mod deleting;
mod properties;

use super::*;
use crate::{
    api::PrincipalsModificationKind,
    azure::{error::Class, id::ClusterId, model::Sharing},
    controller::validate::{Database, Naming},
};

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

fn cluster_id(name: &str) -> ClusterId {
    format!("{SUBSCRIPTION}/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}")
        .parse()
        .unwrap()
}

fn desired() -> Desired {
    Desired {
        configuration: cluster_id("follower1").configuration("sales").unwrap(),
        leader: cluster_id("leader1"),
        database: Database::One("Sales".into()),
        principals: PrincipalsModificationKind::Union,
        naming: Naming::Original,
        sharing: Sharing::default(),
        interval: None,
    }
}

/// The configuration as ARM shows it after a PUT of [`desired`] (arm-kusto.md §2.2).
fn live() -> Configuration {
    Configuration {
        leader_cluster: cluster_id("leader1")
            .to_string()
            .replace("clusters", "Clusters"),
        database_name: "Sales".into(),
        principals_modification_kind: "Union".into(),
        database_name_override: None,
        database_name_prefix: None,
        sharing: Sharing::default(),
        attached_database_names: vec!["Sales".into()],
        provisioning_state: ProvisioningState::Succeeded,
        ..Configuration::default()
    }
}

fn edited() -> Configuration {
    Configuration {
        principals_modification_kind: "Replace".into(),
        ..live()
    }
}

fn foreign() -> Configuration {
    Configuration {
        leader_cluster: cluster_id("another1").to_string(),
        ..live()
    }
}

fn creating() -> Configuration {
    Configuration {
        provisioning_state: ProvisioningState::InProgress("Creating".into()),
        ..live()
    }
}

fn follower(state: ClusterState) -> Follower {
    Follower::Present(Cluster {
        location: "West Europe".into(),
        state,
        state_reason: None,
        provisioning_state: ProvisioningState::Succeeded,
        streaming_ingest: false,
        customer_managed_key: false,
    })
}

fn failure(class: Class) -> Failure {
    Failure {
        class,
        reason: "Reason",
        message: "message".into(),
        retry_after: None,
    }
}

/// A wanted object that is ready for anything: finalizer, lane and a running follower.
fn wanted(ownership: Option<Ownership>, configuration: Remote, operation: Operation) -> Snapshot {
    Snapshot {
        object: Object {
            lifecycle: Lifecycle::Wanted(desired()),
            finalizer: Finalizer::Present,
            ownership,
        },
        azure: Azure::Read {
            follower: follower(ClusterState::Running),
            configuration,
            operation,
        },
        lane: Lane::Granted,
    }
}

fn deleted(ownership: Option<Ownership>, configuration: Remote, operation: Operation) -> Snapshot {
    let desired = desired();
    let mut snapshot = wanted(ownership, configuration, operation);
    snapshot.object.lifecycle = Lifecycle::Deleting {
        policy: DeletionPolicy::Detach,
        configuration: Some(desired.configuration.clone()),
        desired: Some(desired),
    };
    snapshot
}

const YOUNG: Duration = Duration::from_secs(5);
const OLD: Duration = Duration::from_secs(31);

/// A decision in a word, so that tables read well.
fn word(decision: &Decision) -> String {
    match decision {
        Decision::Act(Effect::AddFinalizer) => "add finalizer".into(),
        Decision::Act(Effect::EnterLane { .. }) => "enter lane".into(),
        Decision::Act(Effect::Adopt(_)) => "adopt".into(),
        Decision::Act(Effect::Begin {
            kind, ownership, ..
        }) => format!("begin {kind:?} {ownership:?}"),
        Decision::Act(Effect::Put { kind, .. }) => format!("put {kind:?}"),
        Decision::Act(Effect::Delete(_)) => "delete".into(),
        Decision::Act(Effect::RemoveFinalizer(release)) => format!("release {release:?}"),
        Decision::Wait(Wait::Operation(_)) => "wait operation".into(),
        Decision::Wait(Wait::Provisioning { .. }) => "wait provisioning".into(),
        Decision::Wait(Wait::Outcome(_)) => "wait outcome".into(),
        Decision::Wait(Wait::Visibility(_)) => "wait visibility".into(),
        Decision::Wait(Wait::Lane { .. }) => "wait lane".into(),
        Decision::Wait(Wait::Follower { .. }) => "wait follower".into(),
        Decision::Settled(_) => "settled".into(),
        Decision::Released => "released".into(),
        Decision::Blocked(block) => format!("blocked {}", block.reason()),
    }
}

fn unreadable(age: Duration) -> Operation {
    let kind = OperationKind::Attach;
    Operation::Unreadable { kind, age }
}

fn ended(kind: OperationKind, end: End, since: Duration) -> Operation {
    Operation::Ended { kind, end, since }
}

/// Decides each snapshot and compares with the word; the first text says why.
fn check(cases: Vec<(&str, Snapshot, &str)>) {
    for (reason, snapshot, expected) in cases {
        assert_eq!(word(&decide(&snapshot)), expected, "{reason}");
    }
}

#[test]
fn a_wanted_object_goes_to_its_configuration_one_durable_step_at_a_time() {
    use OperationKind::{Attach, Detach};
    use Ownership::{Adopted, Created};
    use Remote::Absent;
    let doubtful = |age| Operation::Doubtful { kind: Attach, age };
    let failed = || ended(Attach, End::Failed(failure(Class::Busy)), YOUNG);
    check(vec![
        (
            "the first attach records its intent",
            wanted(None, Absent, Operation::None),
            "begin Attach Created",
        ),
        (
            "a removed configuration comes back",
            wanted(Some(Created), Absent, Operation::None),
            "begin Attach Created",
        ),
        (
            "an adopted one stays adopted",
            wanted(Some(Adopted), Absent, Operation::None),
            "begin Attach Adopted",
        ),
        (
            "a durable intent is carried out",
            wanted(Some(Created), Absent, Operation::Intended(Attach)),
            "put Attach",
        ),
        (
            "an intent of another kind is no licence",
            wanted(Some(Created), Absent, Operation::Intended(Detach)),
            "begin Attach Created",
        ),
        (
            "a PUT that may have arrived is not repeated",
            wanted(Some(Created), Absent, doubtful(YOUNG)),
            "wait outcome",
        ),
        (
            "until it has had its time",
            wanted(Some(Created), Absent, doubtful(OLD)),
            "begin Attach Created",
        ),
        (
            "success needs a GET that agrees",
            wanted(Some(Created), Absent, ended(Attach, End::Succeeded, YOUNG)),
            "wait visibility",
        ),
        (
            "but not for ever, and not in a loop of writes",
            wanted(Some(Created), Absent, ended(Attach, End::Succeeded, OLD)),
            "blocked ChangeNotApplied",
        ),
        (
            "a detach of earlier days that ended is no reason to wait",
            wanted(Some(Created), Absent, ended(Detach, End::Succeeded, OLD)),
            "begin Attach Created",
        ),
        (
            "an operation that can't be looked at may run on",
            wanted(Some(Created), Absent, unreadable(OLD)),
            "wait outcome",
        ),
        (
            "until that is out of all proportion",
            wanted(Some(Created), Absent, unreadable(UNREADABLE_PATIENCE)),
            "begin Attach Created",
        ),
        (
            "a failed operation is told",
            wanted(Some(Created), Absent, failed()),
            "blocked Reason",
        ),
    ]);
}

#[test]
fn a_wanted_object_agrees_with_what_exists_or_changes_it() {
    use OperationKind::{Attach, Update};
    use Ownership::{Adopted, Created};
    use Remote::{NoFollower, Present, Unknown};
    let doubtful = |age| Operation::Doubtful { kind: Attach, age };
    let failed = || ended(Attach, End::Failed(failure(Class::Busy)), YOUNG);
    check(vec![
        (
            "equal is settled",
            wanted(Some(Created), Present(Box::new(live())), Operation::None),
            "settled",
        ),
        (
            "also when the operation failed because another one did the work (arm-kusto.md §3.5)",
            wanted(Some(Created), Present(Box::new(live())), failed()),
            "settled",
        ),
        (
            "also when the outcome was in doubt",
            wanted(Some(Created), Present(Box::new(live())), doubtful(YOUNG)),
            "settled",
        ),
        (
            "a change in progress is waited for",
            wanted(
                Some(Created),
                Present(Box::new(creating())),
                Operation::None,
            ),
            "wait provisioning",
        ),
        (
            "also before adoption",
            wanted(None, Present(Box::new(creating())), Operation::None),
            "wait provisioning",
        ),
        (
            "an equal stranger is adopted",
            wanted(None, Present(Box::new(live())), Operation::None),
            "adopt",
        ),
        (
            "a different stranger is left alone",
            wanted(None, Present(Box::new(edited())), Operation::None),
            "blocked ConfigurationExists",
        ),
        (
            "another leader can't be corrected",
            wanted(Some(Created), Present(Box::new(foreign())), Operation::None),
            "blocked ConfigurationConflict",
        ),
        (
            "nor adopted",
            wanted(None, Present(Box::new(foreign())), Operation::None),
            "blocked ConfigurationConflict",
        ),
        (
            "an edit is corrected",
            wanted(Some(Adopted), Present(Box::new(edited())), Operation::None),
            "begin Update Adopted",
        ),
        (
            "a correction that did not come about is told",
            wanted(
                Some(Created),
                Present(Box::new(edited())),
                ended(Update, End::Succeeded, OLD),
            ),
            "blocked ChangeNotApplied",
        ),
        (
            "with one PUT",
            wanted(
                Some(Created),
                Present(Box::new(edited())),
                Operation::Intended(Update),
            ),
            "put Update",
        ),
        (
            "unreadable is not absent",
            wanted(
                Some(Created),
                Unknown(failure(Class::Transient)),
                Operation::None,
            ),
            "blocked Reason",
        ),
        (
            "no follower",
            wanted(Some(Created), NoFollower, Operation::None),
            "blocked FollowerNotFound",
        ),
    ]);
}

#[test]
fn a_write_waits_for_finalizer_lane_and_follower() {
    let base = || wanted(None, Remote::Absent, Operation::None);
    let with_follower = |follower| {
        let mut snapshot = base();
        snapshot.azure = Azure::Read {
            follower,
            configuration: Remote::Absent,
            operation: Operation::None,
        };
        snapshot
    };
    let mut updating = follower(ClusterState::Running);
    if let Follower::Present(cluster) = &mut updating {
        cluster.provisioning_state = ProvisioningState::InProgress("Running".into());
    }
    let mut without_finalizer = base();
    without_finalizer.object.finalizer = Finalizer::Missing;
    let mut outside = base();
    outside.lane = Lane::Outside;
    let mut in_line = base();
    in_line.lane = Lane::Waiting { place: 2 };
    check(vec![
        ("no finalizer, no write", without_finalizer, "add finalizer"),
        ("the lane is asked for", outside, "enter lane"),
        ("and waited for", in_line, "wait lane"),
        (
            "a stopped follower",
            with_follower(follower(ClusterState::Stopped)),
            "blocked FollowerNotRunning",
        ),
        (
            "an unknown state",
            with_follower(follower(ClusterState::Other("Odd".into()))),
            "blocked FollowerNotRunning",
        ),
        (
            "a starting follower",
            with_follower(follower(ClusterState::Starting)),
            "wait follower",
        ),
        (
            "a follower whose own change runs",
            with_follower(updating),
            "wait follower",
        ),
        (
            "no follower",
            with_follower(Follower::Absent),
            "blocked FollowerNotFound",
        ),
        (
            "an unreadable follower",
            with_follower(Follower::Unknown(failure(Class::Denied))),
            "blocked Reason",
        ),
    ]);
    for ownership in [None, Some(Ownership::Created)] {
        let live = Remote::Present(Box::new(live()));
        let mut unprotected = wanted(ownership, live, Operation::None);
        unprotected.object.finalizer = Finalizer::Missing;
        assert_eq!(
            word(&decide(&unprotected)),
            "add finalizer",
            "ownership without a finalizer would leak"
        );
    }
}

#[test]
fn a_running_operation_is_waited_for_whatever_else_is_wished() {
    let running = Running {
        kind: OperationKind::Attach,
        age: YOUNG,
        retry_after: None,
    };
    for mut snapshot in [
        wanted(Some(Ownership::Created), Remote::Absent, Operation::None),
        deleted(Some(Ownership::Created), Remote::Absent, Operation::None),
    ] {
        snapshot.azure = Azure::Operating(running);
        assert_eq!(word(&decide(&snapshot)), "wait operation");
    }
}
