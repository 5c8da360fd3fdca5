//! The rules of `decide`, one table per branch.

mod adoption;
mod deleting;
mod properties;
mod sight;

use super::*;
use crate::{
    api::{AdoptionPolicy, DeletionPolicy, DriftPolicy, PrincipalsModificationKind},
    azure::{
        error::Class,
        id::ClusterId,
        model::{Cluster, ClusterState, DatabaseKind, ProvisioningState, ShareOrigin, Sharing},
    },
    controller::{
        failure::Failure,
        lane::ObjectKey,
        snapshot::{
            Claim, Correction, Databases, End, Finalizer, Follower, Following, Leader,
            LeaderDatabases, Object, Operation, Remote, Sight,
        },
        validate::{self, Naming},
    },
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
        database: validate::Database::One("Sales".into()),
        principals: PrincipalsModificationKind::Union,
        naming: Naming::Original,
        sharing: Sharing::default(),
        drift_policy: DriftPolicy::Correct,
        adoption_policy: AdoptionPolicy::IfEqual,
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

fn cluster(state: ClusterState) -> Cluster {
    Cluster {
        location: "West Europe".into(),
        state,
        state_reason: None,
        provisioning_state: ProvisioningState::Succeeded,
        streaming_ingest: false,
        customer_managed_key: false,
    }
}

fn follower(state: ClusterState) -> Follower {
    Follower::Present(cluster(state))
}

fn leader(databases: LeaderDatabases) -> Leader {
    Leader::Present {
        cluster: cluster(ClusterState::Running),
        databases,
    }
}

/// A database on the follower that it follows from `leader` by `configuration`.
fn followed(name: &str, configuration: &str, leader: &str) -> Database {
    Database {
        name: name.into(),
        location: "West Europe".into(),
        kind: DatabaseKind::Following(crate::azure::model::Following {
            configuration_name: configuration.into(),
            leader_cluster: cluster_id(leader)
                .to_string()
                .replace("clusters", "Clusters"),
            ..Default::default()
        }),
        provisioning_state: ProvisioningState::Succeeded,
    }
}

/// The follower's own database.
fn local(name: &str) -> Database {
    Database {
        kind: DatabaseKind::ReadWrite { is_followed: false },
        ..followed(name, "", "leader1")
    }
}

/// The followed database as [`desired`] declares it, made by `origin`.
fn shared_by(origin: ShareOrigin) -> Database {
    let mut database = followed("Sales", "sales", "leader1");
    if let DatabaseKind::Following(following) = &mut database.kind {
        following.share_origin = origin;
    }
    database
}

fn failure(class: Class) -> Failure {
    Failure {
        class,
        reason: "Reason",
        message: "message".into(),
        retry_after: None,
    }
}

/// A close look at a healthy pair of clusters: a configuration that exists has its database.
fn sight(configuration: Remote, operation: Operation) -> Sight {
    let databases = match &configuration {
        Remote::Present(_) => vec![followed("Sales", "sales", "leader1")],
        Remote::Absent | Remote::NoFollower | Remote::Unknown(_) => vec![],
    };
    Sight {
        freshness: Freshness::Live,
        follower: follower(ClusterState::Running),
        configuration,
        databases: Databases::Listed(databases),
        leader: leader(LeaderDatabases::Found),
        following: Following::NotRead,
        operation,
    }
}

/// A wanted object that is ready for anything: finalizer, lane and running clusters.
fn wanted(ownership: Option<Ownership>, configuration: Remote, operation: Operation) -> Snapshot {
    Snapshot {
        object: Object {
            lifecycle: Lifecycle::Wanted(desired()),
            finalizer: Finalizer::Present,
            ownership,
            access: Access::Confirmed,
            claim: Claim::Ours,
            corrections: vec![],
            waiting_for: Duration::ZERO,
            refusal: None,
        },
        azure: Azure::Read(sight(configuration, operation)),
        lane: Lane::Granted,
    }
}

/// The same with another declaration.
fn declare(mut snapshot: Snapshot, change: impl FnOnce(&mut Desired)) -> Snapshot {
    if let Lifecycle::Wanted(desired) = &mut snapshot.object.lifecycle {
        change(desired);
    }
    snapshot
}

/// The same with another view of Azure.
fn see(mut snapshot: Snapshot, change: impl FnOnce(&mut Sight)) -> Snapshot {
    if let Azure::Read(sight) = &mut snapshot.azure {
        change(sight);
    }
    snapshot
}

fn present(live: Configuration) -> Remote {
    Remote::Present(Box::new(live))
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
        Decision::Act(Effect::Look(look)) => format!("look {look:?}"),
        Decision::Act(Effect::AddFinalizer) => "add finalizer".into(),
        Decision::Act(Effect::EnterLane { kind, .. }) => format!("enter lane {kind:?}"),
        Decision::Act(Effect::Adopt) => "adopt".into(),
        Decision::Act(Effect::Begin {
            kind, ownership, ..
        }) => format!("begin {kind:?} {ownership:?}"),
        Decision::Act(Effect::Put { kind, .. }) => format!("put {kind:?}"),
        Decision::Act(Effect::Delete(_)) => "delete".into(),
        Decision::Act(Effect::DetachFromLeader { .. }) => "detach from leader".into(),
        Decision::Act(Effect::RemoveFinalizer(release)) => format!("release {release:?}"),
        Decision::Wait(Wait::Operation(_)) => "wait operation".into(),
        Decision::Wait(Wait::Provisioning { .. }) => "wait provisioning".into(),
        Decision::Wait(Wait::Outcome(_)) => "wait outcome".into(),
        Decision::Wait(Wait::Visibility(_)) => "wait visibility".into(),
        Decision::Wait(Wait::Databases { missing }) => format!("wait databases {missing:?}"),
        Decision::Wait(Wait::Lane { .. }) => "wait lane".into(),
        Decision::Wait(Wait::Follower { .. }) => "wait follower".into(),
        Decision::Settled(_) => "settled".into(),
        Decision::Released => "released".into(),
        Decision::Blocked(Block::Exists) => "blocked ConfigurationExists, never adopted".into(),
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
    use Remote::{NoFollower, Unknown};
    let doubtful = |age| Operation::Doubtful { kind: Attach, age };
    let failed = || ended(Attach, End::Failed(failure(Class::Busy)), YOUNG);
    check(vec![
        (
            "equal is settled",
            wanted(Some(Created), present(live()), Operation::None),
            "settled",
        ),
        (
            "also when the operation failed because another one did the work (arm-kusto.md §3.5)",
            wanted(Some(Created), present(live()), failed()),
            "settled",
        ),
        (
            "also when the outcome was in doubt",
            wanted(Some(Created), present(live()), doubtful(YOUNG)),
            "settled",
        ),
        (
            "a change in progress is waited for",
            wanted(Some(Created), present(creating()), Operation::None),
            "wait provisioning",
        ),
        (
            "also before adoption",
            wanted(None, present(creating()), Operation::None),
            "wait provisioning",
        ),
        (
            "an equal stranger is adopted",
            wanted(None, present(live()), Operation::None),
            "adopt",
        ),
        (
            "a different stranger is left alone",
            wanted(None, present(edited()), Operation::None),
            "blocked ConfigurationExists",
        ),
        (
            "another leader can't be corrected",
            wanted(Some(Created), present(foreign()), Operation::None),
            "blocked ConfigurationConflict",
        ),
        (
            "nor adopted",
            wanted(None, present(foreign()), Operation::None),
            "blocked ConfigurationConflict",
        ),
        (
            "an edit is corrected",
            wanted(Some(Adopted), present(edited()), Operation::None),
            "begin Update Adopted",
        ),
        (
            "a correction that did not come about is told",
            wanted(
                Some(Created),
                present(edited()),
                ended(Update, End::Succeeded, OLD),
            ),
            "blocked ChangeNotApplied",
        ),
        (
            "with one PUT",
            wanted(
                Some(Created),
                present(edited()),
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
