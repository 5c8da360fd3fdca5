//! Each objection to a first write, which of several is told, and what is only said aside.

use super::*;
use crate::{
    api::{AdoptionPolicy, DriftPolicy, PrincipalsModificationKind},
    azure::{
        error::Class,
        id::ClusterId,
        model::{self, DatabaseKind, Following, ProvisioningState, Sharing},
    },
    controller::{block::Holder, failure::Failure, validate::Naming},
};

fn cluster_id(name: &str) -> ClusterId {
    format!(
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
    )
    .parse()
    .unwrap()
}

fn desired(database: Database) -> Desired {
    Desired {
        configuration: cluster_id("follower1").configuration("sales").unwrap(),
        leader: cluster_id("leader1"),
        database,
        principals: PrincipalsModificationKind::Union,
        naming: Naming::Original,
        sharing: Sharing::default(),
        drift_policy: DriftPolicy::Correct,
        adoption_policy: AdoptionPolicy::IfEqual,
        interval: None,
    }
}

fn sales() -> Desired {
    desired(Database::One("Sales".into()))
}

fn renamed() -> Desired {
    Desired {
        naming: Naming::Override("SalesRO".into()),
        ..sales()
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

fn running() -> Cluster {
    cluster(ClusterState::Running)
}

fn of(cluster: Cluster, databases: LeaderDatabases) -> Leader {
    Leader::Present { cluster, databases }
}

fn healthy() -> Leader {
    of(running(), LeaderDatabases::Found)
}

fn failure() -> Failure {
    Failure {
        class: Class::Denied,
        reason: "AuthorizationFailed",
        message: "message".into(),
        retry_after: None,
    }
}

fn shown(name: &str, kind: DatabaseKind) -> model::Database {
    model::Database {
        name: name.into(),
        location: "West Europe".into(),
        kind,
        provisioning_state: ProvisioningState::Succeeded,
    }
}

fn local(name: &str) -> Databases {
    let kind = DatabaseKind::ReadWrite { is_followed: false };
    Databases::Listed(vec![shown(name, kind)])
}

fn ours(name: &str) -> Databases {
    let following = Following {
        configuration_name: "Sales".into(),
        leader_cluster: cluster_id("leader1").to_string(),
        ..Following::default()
    };
    Databases::Listed(vec![shown(name, DatabaseKind::Following(following))])
}

fn nothing() -> Databases {
    Databases::Listed(vec![])
}

fn attach(leader: &Leader, databases: &Databases) -> Verdict {
    check(
        &sales(),
        OperationKind::Attach,
        &running(),
        leader,
        databases,
    )
}

fn taken(name: &str) -> Verdict {
    Verdict::Blocked(Block::NameTaken {
        name: name.into(),
        holder: Holder::Local,
    })
}

fn mismatch(here: &str, there: &str) -> Verdict {
    Verdict::Blocked(Block::RegionMismatch {
        follower: here.into(),
        leader: there.into(),
    })
}

#[test]
fn the_leader_must_exist_run_and_have_the_database() {
    use LeaderDatabases::{Found, Missing, Names, NotRead, Unknown};
    let failed = || Verdict::Blocked(Block::LeaderFailure(failure()));
    for (reason, leader, expected) in [
        ("not seen yet", Leader::NotRead, Verdict::LookAtLeader),
        (
            "absent",
            Leader::Absent,
            Verdict::Blocked(Block::LeaderNotFound),
        ),
        ("unreadable", Leader::Unknown(failure()), failed()),
        (
            "its databases are not seen yet",
            of(running(), NotRead),
            Verdict::LookAtLeader,
        ),
        (
            "its databases are unreadable",
            of(running(), Unknown(failure())),
            failed(),
        ),
        (
            "it has no such database",
            of(running(), Missing),
            Verdict::Blocked(Block::LeaderDatabaseNotFound),
        ),
        ("it has it", of(running(), Found), Verdict::Clear),
        ("it has many", of(running(), Names(vec![])), Verdict::Clear),
    ] {
        assert_eq!(attach(&leader, &nothing()), expected, "{reason}");
    }
}

#[test]
fn a_leader_that_does_not_serve_is_told_with_its_state() {
    use ClusterState::{
        Creating, Deleted, Deleting, Migrated, Other, Running, Starting, Stopped, Stopping,
        Unavailable, Updating,
    };
    for state in [Running, Updating] {
        let leader = of(cluster(state), LeaderDatabases::Found);
        assert_eq!(attach(&leader, &nothing()), Verdict::Clear);
    }
    for state in [
        Creating,
        Unavailable,
        Deleting,
        Deleted,
        Stopping,
        Stopped,
        Starting,
        Migrated,
        Other("Hibernated".into()),
    ] {
        let leader = of(cluster(state.clone()), LeaderDatabases::Found);
        let block = Block::LeaderNotRunning {
            state: state.as_str().into(),
        };
        assert_eq!(attach(&leader, &nothing()), Verdict::Blocked(block));
    }
}

#[test]
fn regions_compare_as_arm_compares_them() {
    for (here, there, expected) in [
        ("West Europe", "West Europe", Verdict::Clear),
        ("West Europe", "westeurope", Verdict::Clear),
        ("WESTEUROPE", "West europe", Verdict::Clear),
        (
            "West Europe",
            "North Europe",
            mismatch("West Europe", "North Europe"),
        ),
    ] {
        let at = |location: &str| Cluster {
            location: location.into(),
            ..running()
        };
        let leader = of(at(there), LeaderDatabases::Found);
        let verdict = check(
            &sales(),
            OperationKind::Attach,
            &at(here),
            &leader,
            &nothing(),
        );
        assert_eq!(verdict, expected, "{here}, {there}");
    }
}

#[test]
fn the_name_must_be_free_on_the_follower() {
    use OperationKind::{Attach, Update};
    let all = || desired(Database::All);
    let unreadable = || Databases::Unknown(failure());
    let failed = || Verdict::Blocked(Block::Failure(failure()));
    for (reason, desired, databases, expected) in [
        ("free", sales(), nothing(), Verdict::Clear),
        ("other names", sales(), local("Web"), Verdict::Clear),
        ("ours already", sales(), ours("SALES"), Verdict::Clear),
        ("taken", sales(), local("Sales"), taken("Sales")),
        (
            "taken in another case",
            sales(),
            local("SALES"),
            taken("SALES"),
        ),
        (
            "an override avoids it",
            renamed(),
            local("Sales"),
            Verdict::Clear,
        ),
        (
            "or meets another",
            renamed(),
            local("salesro"),
            taken("salesro"),
        ),
        (
            "of all, the others are attached",
            all(),
            local("Sales"),
            Verdict::Clear,
        ),
        (
            "of all, nobody needs to know",
            all(),
            unreadable(),
            Verdict::Clear,
        ),
        ("unreadable", sales(), unreadable(), failed()),
        ("not needed", sales(), Databases::NotRead, Verdict::Clear),
    ] {
        for kind in [Attach, Update] {
            let verdict = check(&desired, kind, &running(), &healthy(), &databases);
            assert_eq!(verdict, expected, "{reason}");
        }
    }
}

#[test]
fn what_is_attached_already_does_not_turn_on_the_leader_and_what_goes_on_nothing() {
    let stopped = of(cluster(ClusterState::Stopped), LeaderDatabases::Missing);
    for leader in [
        Leader::NotRead,
        Leader::Absent,
        Leader::Unknown(failure()),
        stopped,
    ] {
        let verdict = |kind, databases| check(&sales(), kind, &running(), &leader, &databases);
        assert_eq!(verdict(OperationKind::Update, nothing()), Verdict::Clear);
        assert_eq!(
            verdict(OperationKind::Detach, local("Sales")),
            Verdict::Clear
        );
    }
}

#[test]
fn of_several_objections_the_first_that_can_be_cured_is_told() {
    let far = |state, databases| {
        let leader = Cluster {
            location: "East US".into(),
            ..cluster(state)
        };
        attach(&of(leader, databases), &local("Sales"))
    };
    let near = |state, databases| attach(&of(cluster(state), databases), &local("Sales"));
    let (stopped, running) = (ClusterState::Stopped, ClusterState::Running);
    let order = [
        far(stopped.clone(), LeaderDatabases::Missing),
        near(stopped, LeaderDatabases::Missing),
        near(running.clone(), LeaderDatabases::Missing),
        near(running, LeaderDatabases::Found),
    ];
    let reasons = order.map(|verdict| match verdict {
        Verdict::Blocked(block) => block.reason(),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        reasons,
        [
            "RegionMismatch",
            "LeaderNotRunning",
            "LeaderDatabaseNotFound",
            "DatabaseNameTaken"
        ]
    );
}

#[test]
fn advice_is_given_for_streaming_and_for_keys() {
    use Advice::{CustomerManagedKey, StreamingIngestionOff};
    let with = |streaming_ingest, customer_managed_key| Cluster {
        streaming_ingest,
        customer_managed_key,
        ..running()
    };
    for (follower, leader, expected) in [
        (with(false, false), with(false, false), vec![]),
        (with(true, false), with(true, false), vec![]),
        (with(true, false), with(false, false), vec![]),
        (
            with(false, false),
            with(true, false),
            vec![StreamingIngestionOff],
        ),
        (
            with(false, true),
            with(false, false),
            vec![CustomerManagedKey],
        ),
        (
            with(false, false),
            with(false, true),
            vec![CustomerManagedKey],
        ),
        (
            with(false, true),
            with(true, true),
            vec![StreamingIngestionOff, CustomerManagedKey],
        ),
    ] {
        let seen = of(leader.clone(), LeaderDatabases::NotRead);
        assert_eq!(
            advice(&follower, &seen),
            expected,
            "{follower:?} {leader:?}"
        );
    }
    for unseen in [Leader::NotRead, Leader::Absent, Leader::Unknown(failure())] {
        assert_eq!(advice(&with(false, true), &unseen), []);
    }
}
