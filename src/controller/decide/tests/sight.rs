//! What is seen of the clusters and their databases: glance and close look, pre-flight, readability.

use super::*;

/// An attached object whose follower shows these databases.
fn showing(databases: Vec<Database>) -> Snapshot {
    let attached = wanted(Some(Ownership::Created), present(live()), Operation::None);
    see(attached, |sight| {
        sight.databases = Databases::Listed(databases);
    })
}

/// An object that is about to attach, after another look at the leader.
fn attaching(leader: Leader) -> Snapshot {
    let absent = wanted(None, Remote::Absent, Operation::None);
    see(absent, |sight| sight.leader = leader)
}

fn at_a_glance(snapshot: Snapshot) -> Snapshot {
    see(snapshot, |sight| sight.freshness = Freshness::Glance)
}

fn suspended() -> Database {
    let mut database = followed("Sales", "sales", "leader1");
    if let DatabaseKind::Following(following) = &mut database.kind {
        following.suspended = true;
    }
    database
}

#[test]
fn at_a_glance_one_rests_fails_or_looks_closer() {
    use Ownership::Created;
    let none = || Operation::None;
    check(vec![
        (
            "at rest",
            at_a_glance(wanted(Some(Created), present(live()), none())),
            "settled",
        ),
        (
            "a failed read is news",
            at_a_glance(wanted(
                Some(Created),
                Remote::Unknown(failure(Class::Transient)),
                none(),
            )),
            "blocked Reason",
        ),
        (
            "an absent configuration may be there by now",
            at_a_glance(wanted(Some(Created), Remote::Absent, none())),
            "look Live",
        ),
        (
            "a difference may be put right by now",
            at_a_glance(wanted(Some(Created), present(edited()), none())),
            "look Live",
        ),
        (
            "nothing is taken over",
            at_a_glance(wanted(None, present(live()), none())),
            "look Live",
        ),
        (
            "nothing is waited for",
            at_a_glance(wanted(Some(Created), present(creating()), none())),
            "look Live",
        ),
        (
            "nothing is called a conflict",
            at_a_glance(wanted(Some(Created), present(foreign()), none())),
            "look Live",
        ),
        (
            "no follower is given up",
            at_a_glance(wanted(Some(Created), Remote::NoFollower, none())),
            "look Live",
        ),
        (
            "no database is missed",
            at_a_glance(showing(vec![])),
            "look Live",
        ),
    ]);
    let mut stopped = at_a_glance(wanted(Some(Created), present(live()), none()));
    stopped = see(stopped, |sight| {
        sight.follower = follower(ClusterState::Stopped);
    });
    assert_eq!(word(&decide(&stopped)), "look Live");
}

#[test]
fn a_write_waits_for_finalizer_lane_and_follower() {
    let base = || wanted(None, Remote::Absent, Operation::None);
    let with_follower = |follower| see(base(), |sight| sight.follower = follower);
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
        ("the lane is asked for", outside, "enter lane Attach"),
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
        let live = present(live());
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
fn a_follower_that_does_not_run_explains_all_else() {
    let remotes = || {
        [
            Remote::Absent,
            Remote::Unknown(failure(Class::Busy)),
            present(live()),
            present(edited()),
            present(foreign()),
        ]
    };
    for state in [
        ClusterState::Stopped,
        ClusterState::Unavailable,
        ClusterState::Deleting,
        ClusterState::Deleted,
        ClusterState::Migrated,
        ClusterState::Other("Odd".into()),
    ] {
        for remote in remotes() {
            let snapshot = wanted(Some(Ownership::Created), remote, Operation::None);
            let snapshot = see(snapshot, |sight| sight.follower = follower(state.clone()));
            let Decision::Blocked(Block::FollowerNotRunning { state: told, .. }) =
                decide(&snapshot)
            else {
                panic!("{state}")
            };
            assert_eq!(told, state.as_str());
        }
    }
    for remote in remotes() {
        let snapshot = wanted(Some(Ownership::Created), remote, Operation::None);
        let snapshot = see(snapshot, |sight| sight.follower = Follower::Absent);
        assert_eq!(word(&decide(&snapshot)), "blocked FollowerNotFound");
    }
}

#[test]
fn a_follower_in_motion_holds_writes_and_nothing_else() {
    for state in [
        ClusterState::Creating,
        ClusterState::Starting,
        ClusterState::Updating,
        ClusterState::Stopping,
    ] {
        for (remote, expected) in [
            (Remote::Absent, "wait follower"),
            (present(edited()), "wait follower"),
            (present(live()), "settled"),
        ] {
            let snapshot = wanted(Some(Ownership::Created), remote, Operation::None);
            let snapshot = see(snapshot, |sight| sight.follower = follower(state.clone()));
            assert_eq!(word(&decide(&snapshot)), expected, "{state}");
        }
    }
    for settled in [ProvisioningState::Failed, ProvisioningState::Canceled] {
        let absent = wanted(None, Remote::Absent, Operation::None);
        let snapshot = see(absent, |sight| {
            sight.follower = Follower::Present(Cluster {
                provisioning_state: settled,
                ..cluster(ClusterState::Running)
            });
        });
        assert_eq!(
            word(&decide(&snapshot)),
            "begin Attach Created",
            "a failed change of the cluster is over"
        );
    }
}

#[test]
fn the_first_write_is_checked_and_the_second_is_not_held_by_the_leader() {
    let stopped = Leader::Present {
        cluster: cluster(ClusterState::Stopped),
        databases: LeaderDatabases::Found,
    };
    check(vec![
        (
            "the leader is looked at first",
            attaching(Leader::NotRead),
            "look Leader",
        ),
        (
            "and its database",
            attaching(leader(LeaderDatabases::NotRead)),
            "look Leader",
        ),
        (
            "no leader",
            attaching(Leader::Absent),
            "blocked LeaderNotFound",
        ),
        (
            "no database",
            attaching(leader(LeaderDatabases::Missing)),
            "blocked LeaderDatabaseNotFound",
        ),
        (
            "a stopped leader",
            attaching(stopped.clone()),
            "blocked LeaderNotRunning",
        ),
        (
            "an unreadable leader",
            attaching(Leader::Unknown(failure(Class::Denied))),
            "blocked Reason",
        ),
        (
            "the name is taken",
            see(attaching(leader(LeaderDatabases::Found)), |sight| {
                sight.databases = Databases::Listed(vec![local("sales")]);
            }),
            "blocked DatabaseNameTaken",
        ),
        (
            "all is well",
            attaching(leader(LeaderDatabases::Found)),
            "begin Attach Created",
        ),
        (
            "an update needs no leader",
            see(
                wanted(Some(Ownership::Created), present(edited()), Operation::None),
                |sight| sight.leader = Leader::NotRead,
            ),
            "begin Update Created",
        ),
        (
            "nor one that runs",
            see(
                wanted(Some(Ownership::Created), present(edited()), Operation::None),
                |sight| sight.leader = stopped,
            ),
            "begin Update Created",
        ),
    ]);
}

#[test]
fn what_a_failed_operation_says_comes_before_all_checks() {
    let failed = ended(
        OperationKind::Attach,
        End::Failed(failure(Class::Denied)),
        YOUNG,
    );
    let mut snapshot = see(attaching(Leader::Absent), |sight| sight.operation = failed);
    snapshot.lane = Lane::Outside;
    assert_eq!(word(&decide(&snapshot)), "blocked Reason");
}

#[test]
fn ready_means_readable() {
    let ours = || followed("Sales", "sales", "leader1");
    check(vec![
        ("shown", showing(vec![ours()]), "settled"),
        (
            "shown in another case",
            showing(vec![followed("SALES", "Sales", "LEADER1")]),
            "settled",
        ),
        (
            "among others",
            showing(vec![local("Web"), ours()]),
            "settled",
        ),
        (
            "not yet",
            showing(vec![local("Web")]),
            "wait databases [\"Sales\"]",
        ),
        (
            "a local one wins",
            showing(vec![local("Sales")]),
            "blocked DatabaseNameTaken",
        ),
        (
            "by another configuration",
            showing(vec![followed("Sales", "other", "leader1")]),
            "blocked DatabaseNameTaken",
        ),
        (
            "of another leader",
            showing(vec![followed("Sales", "sales", "leader2")]),
            "blocked DatabaseNameTaken",
        ),
        (
            "suspended",
            showing(vec![suspended()]),
            "blocked DatabaseSuspended",
        ),
        (
            "unreadable",
            see(showing(vec![]), |sight| {
                sight.databases = Databases::Unknown(failure(Class::Denied));
            }),
            "blocked Reason",
        ),
    ]);
}

#[test]
fn a_database_has_ten_minutes_to_show_up() {
    for (waited, expected) in [
        (Duration::ZERO, "wait databases [\"Sales\"]"),
        (Duration::from_secs(599), "wait databases [\"Sales\"]"),
        (Duration::from_mins(10), "blocked DatabaseNotShown"),
        (Duration::from_hours(9), "blocked DatabaseNotShown"),
    ] {
        let mut snapshot = showing(vec![]);
        snapshot.object.waiting_for = waited;
        assert_eq!(word(&decide(&snapshot)), expected, "after {waited:?}");
        let mut shown = showing(vec![followed("Sales", "sales", "leader1")]);
        shown.object.waiting_for = waited;
        assert_eq!(word(&decide(&shown)), "settled", "after {waited:?}");
    }
}

#[test]
fn a_change_in_azure_has_an_hour_to_end_also_for_an_object_that_goes() {
    let creating = || Remote::Present(Box::new(creating()));
    for (waited, expected) in [
        (Duration::ZERO, "wait provisioning"),
        (Duration::from_mins(59), "wait provisioning"),
        (Duration::from_hours(1), "blocked ProvisioningStuck"),
    ] {
        for mut snapshot in [
            wanted(Some(Ownership::Created), creating(), Operation::None),
            deleted(Some(Ownership::Created), creating(), Operation::None),
        ] {
            snapshot.object.waiting_for = waited;
            assert_eq!(word(&decide(&snapshot)), expected, "after {waited:?}");
        }
    }
}

#[test]
fn what_is_settled_is_shown_as_it_is() {
    let databases = vec![local("Web"), followed("Sales", "sales", "leader1")];
    let Decision::Settled(attached) = decide(&showing(databases)) else {
        panic!("settled")
    };
    let expected = Attached {
        live: live(),
        databases: vec![followed("Sales", "sales", "leader1")],
    };
    assert_eq!(*attached, expected, "and nobody else's databases");
}
