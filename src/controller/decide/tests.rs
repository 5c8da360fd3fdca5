//! The rules of `decide`, one table per branch, and what must hold for every snapshot.

use proptest::prelude::*;

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

fn ended(kind: OperationKind, end: End, since: Duration) -> Operation {
    Operation::Ended { kind, end, since }
}

#[test]
fn a_wanted_object_goes_to_its_configuration_one_durable_step_at_a_time() {
    use OperationKind::{Attach, Detach, Update};
    use Ownership::{Adopted, Created};
    use Remote::{Absent, NoFollower, Present, Unknown};
    let doubtful = |age| Operation::Doubtful { kind: Attach, age };
    let failed = || ended(Attach, End::Failed(failure(Class::Busy)), YOUNG);
    for (reason, snapshot, expected) in [
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
            "but not for ever",
            wanted(Some(Created), Absent, ended(Attach, End::Succeeded, OLD)),
            "begin Attach Created",
        ),
        (
            "a failed operation is told",
            wanted(Some(Created), Absent, failed()),
            "blocked Reason",
        ),
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
    ] {
        assert_eq!(word(&decide(&snapshot)), expected, "{reason}");
    }
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
    for (reason, snapshot, expected) in [
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
    ] {
        assert_eq!(word(&decide(&snapshot)), expected, "{reason}");
    }
    let mut adopting = wanted(None, Remote::Present(Box::new(live())), Operation::None);
    adopting.object.finalizer = Finalizer::Missing;
    assert_eq!(
        word(&decide(&adopting)),
        "add finalizer",
        "ownership without a finalizer would leak"
    );
}

#[test]
fn a_deleted_object_is_held_only_by_what_is_ours() {
    use OperationKind::{Attach, Detach};
    use Ownership::{Adopted, Created};
    use Remote::{Absent, NoFollower, Present, Unknown};
    let doubtful = |kind, age| Operation::Doubtful { kind, age };
    let failed = |kind| ended(kind, End::Failed(failure(Class::Busy)), YOUNG);
    for (reason, snapshot, expected) in [
        (
            "never attached: no DELETE of a stranger",
            deleted(None, Present(Box::new(live())), Operation::None),
            "release NothingOwned",
        ),
        (
            "ours",
            deleted(Some(Created), Present(Box::new(live())), Operation::None),
            "begin Detach Created",
        ),
        (
            "adopted is ours",
            deleted(Some(Adopted), Present(Box::new(live())), Operation::None),
            "begin Detach Adopted",
        ),
        (
            "edited is still ours",
            deleted(Some(Created), Present(Box::new(edited())), Operation::None),
            "begin Detach Created",
        ),
        (
            "an intent is carried out",
            deleted(
                Some(Created),
                Present(Box::new(live())),
                Operation::Intended(Detach),
            ),
            "delete",
        ),
        (
            "an intent to attach is no licence to delete",
            deleted(
                Some(Created),
                Present(Box::new(live())),
                Operation::Intended(Attach),
            ),
            "begin Detach Created",
        ),
        (
            "gone",
            deleted(Some(Created), Absent, Operation::None),
            "release Detached",
        ),
        (
            "gone with its cluster",
            deleted(Some(Created), NoFollower, Operation::None),
            "release FollowerGone",
        ),
        (
            "replaced by somebody: not ours to delete",
            deleted(Some(Created), Present(Box::new(foreign())), Operation::None),
            "release Replaced",
        ),
        (
            "unreadable is not gone",
            deleted(
                Some(Created),
                Unknown(failure(Class::Denied)),
                Operation::None,
            ),
            "blocked Reason",
        ),
        (
            "an attach in doubt may still arrive",
            deleted(Some(Created), Absent, doubtful(Attach, YOUNG)),
            "wait outcome",
        ),
        (
            "for a while",
            deleted(Some(Created), Absent, doubtful(Attach, OLD)),
            "release Detached",
        ),
        (
            "an attach that succeeded shows up first",
            deleted(Some(Created), Absent, ended(Attach, End::Succeeded, YOUNG)),
            "wait visibility",
        ),
        (
            "a detach in doubt that left nothing is done",
            deleted(Some(Created), Absent, doubtful(Detach, YOUNG)),
            "release Detached",
        ),
        (
            "a detach in doubt is not repeated at once",
            deleted(
                Some(Created),
                Present(Box::new(live())),
                doubtful(Detach, YOUNG),
            ),
            "wait outcome",
        ),
        (
            "a detach that failed is told",
            deleted(Some(Created), Present(Box::new(live())), failed(Detach)),
            "blocked Reason",
        ),
        (
            "an attach that failed does not matter",
            deleted(Some(Created), Present(Box::new(live())), failed(Attach)),
            "begin Detach Created",
        ),
        (
            "a change in progress is waited for",
            deleted(
                Some(Created),
                Present(Box::new(creating())),
                Operation::None,
            ),
            "wait provisioning",
        ),
    ] {
        assert_eq!(word(&decide(&snapshot)), expected, "{reason}");
    }
}

#[test]
fn a_deletion_needs_neither_a_spec_nor_a_cluster_nor_azure() {
    let mut orphan = deleted(
        Some(Ownership::Created),
        Remote::Present(Box::new(live())),
        Operation::None,
    );
    if let Lifecycle::Deleting { policy, .. } = &mut orphan.object.lifecycle {
        *policy = DeletionPolicy::Orphan;
    }
    orphan.azure = Azure::NotRead;
    assert_eq!(word(&decide(&orphan)), "release Orphaned");

    let mut bare = deleted(
        Some(Ownership::Created),
        Remote::Present(Box::new(live())),
        Operation::None,
    );
    bare.object.finalizer = Finalizer::Missing;
    assert_eq!(word(&decide(&bare)), "released");

    let mut broken = deleted(
        Some(Ownership::Created),
        Remote::Present(Box::new(live())),
        Operation::None,
    );
    if let Lifecycle::Deleting { desired, .. } = &mut broken.object.lifecycle {
        *desired = None;
    }
    broken.azure = Azure::Read {
        follower: Follower::NotRead,
        configuration: Remote::Present(Box::new(live())),
        operation: Operation::None,
    };
    assert_eq!(word(&decide(&broken)), "begin Detach Created");
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

prop_compose! {
    fn any_snapshot()(
        deleting in any::<bool>(),
        orphan in any::<bool>(),
        finalizer in prop::sample::select(vec![Finalizer::Present, Finalizer::Missing]),
        ownership in prop::sample::select(vec![None, Some(Ownership::Created), Some(Ownership::Adopted)]),
        remote in prop::sample::select(vec![
            Remote::Absent, Remote::NoFollower, Remote::Unknown(failure(Class::Transient)),
            Remote::Present(Box::new(live())), Remote::Present(Box::new(edited())), Remote::Present(Box::new(foreign())), Remote::Present(Box::new(creating())),
        ]),
        kind in prop::sample::select(vec![OperationKind::Attach, OperationKind::Update, OperationKind::Detach]),
        which in 0_u8..5,
        age in 0_u64..120,
        state in prop::sample::select(vec![ClusterState::Running, ClusterState::Stopped, ClusterState::Updating]),
        lane in prop::sample::select(vec![Lane::Outside, Lane::Waiting { place: 1 }, Lane::Granted]),
    ) -> Snapshot {
        let since = Duration::from_secs(age);
        let operation = match which {
            0 => Operation::None,
            1 => Operation::Intended(kind),
            2 => Operation::Doubtful { kind, age: since },
            3 => ended(kind, End::Succeeded, since),
            _ => ended(kind, End::Failed(failure(Class::Busy)), since),
        };
        let mut snapshot = if deleting { deleted(ownership, remote, operation) } else { wanted(ownership, remote, operation) };
        if let Lifecycle::Deleting { policy, .. } = &mut snapshot.object.lifecycle && orphan {
            *policy = DeletionPolicy::Orphan;
        }
        if let Azure::Read { follower: seen, .. } = &mut snapshot.azure {
            *seen = follower(state);
        }
        snapshot.object.finalizer = finalizer;
        snapshot.lane = lane;
        snapshot
    }
}

proptest! {
    #[test]
    fn no_request_without_finalizer_ownership_lane_and_a_durable_intent(snapshot in any_snapshot()) {
        let Azure::Read { configuration, operation, .. } = &snapshot.azure else { unreachable!() };
        let covered = snapshot.object.finalizer == Finalizer::Present;
        let is_foreign = matches!(configuration, Remote::Present(live) if **live == foreign());
        match decide(&snapshot) {
            Decision::Act(Effect::Put { .. } | Effect::Delete(_)) => {
                prop_assert!(covered && !is_foreign);
                prop_assert!(matches!(operation, Operation::Intended(_)), "intent before effect");
                prop_assert!(!matches!(configuration, Remote::Unknown(_)));
            }
            Decision::Act(Effect::Begin { .. }) => {
                prop_assert!(covered && !is_foreign && snapshot.lane == Lane::Granted);
            }
            Decision::Act(Effect::Adopt(_)) => prop_assert!(covered && !is_foreign),
            _ => {}
        }
    }

    #[test]
    fn only_deletions_detach_and_only_wanted_objects_attach(snapshot in any_snapshot()) {
        let deleting = matches!(snapshot.object.lifecycle, Lifecycle::Deleting { .. });
        match decide(&snapshot) {
            Decision::Act(Effect::Delete(_) | Effect::RemoveFinalizer(_) | Effect::Begin { kind: OperationKind::Detach, .. })
            | Decision::Released => prop_assert!(deleting),
            Decision::Act(Effect::Put { .. } | Effect::Adopt(_) | Effect::AddFinalizer | Effect::Begin { .. })
            | Decision::Settled(_) => prop_assert!(!deleting),
            Decision::Act(Effect::EnterLane { .. }) | Decision::Wait(_) | Decision::Blocked(_) => {}
        }
    }

    #[test]
    fn an_owned_configuration_is_never_left_behind(snapshot in any_snapshot()) {
        let Azure::Read { configuration, .. } = &snapshot.azure else { unreachable!() };
        let ours = matches!(configuration, Remote::Present(live) if **live != foreign()) && snapshot.object.ownership.is_some();
        if let Decision::Act(Effect::RemoveFinalizer(release)) = decide(&snapshot) && ours {
            prop_assert_eq!(release, Release::Orphaned);
        }
    }
}
