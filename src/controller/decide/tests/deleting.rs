//! The rules for an object that is being deleted.

use super::*;

#[test]
fn a_deleted_object_is_held_only_by_what_is_ours() {
    use OperationKind::{Attach, Detach};
    use Ownership::{Adopted, Created};
    use Remote::{Absent, NoFollower, Unknown};
    check(vec![
        (
            "never attached: no DELETE of a stranger",
            deleted(None, present(live()), Operation::None),
            "release NothingOwned",
        ),
        (
            "ours",
            deleted(Some(Created), present(live()), Operation::None),
            "begin Detach Created",
        ),
        (
            "adopted is ours",
            deleted(Some(Adopted), present(live()), Operation::None),
            "begin Detach Adopted",
        ),
        (
            "edited is still ours",
            deleted(Some(Created), present(edited()), Operation::None),
            "begin Detach Created",
        ),
        (
            "an intent is carried out",
            deleted(Some(Created), present(live()), Operation::Intended(Detach)),
            "delete",
        ),
        (
            "an intent to attach is no licence to delete",
            deleted(Some(Created), present(live()), Operation::Intended(Attach)),
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
            deleted(Some(Created), present(foreign()), Operation::None),
            "release Replaced",
        ),
        (
            "unreadable is not gone",
            deleted(
                Some(Created),
                Unknown(failure(Class::Transient)),
                Operation::None,
            ),
            "blocked Reason",
        ),
        (
            "what may not be read, the leader may tell",
            deleted(
                Some(Created),
                Unknown(failure(Class::Denied)),
                Operation::None,
            ),
            "look Following",
        ),
    ]);
}

#[test]
fn a_deleted_object_leaves_nothing_that_may_still_arrive() {
    use OperationKind::{Attach, Detach};
    use Ownership::Created;
    use Remote::Absent;
    let doubtful = |kind, age| Operation::Doubtful { kind, age };
    let failed = |kind| ended(kind, End::Failed(failure(Class::Busy)), YOUNG);
    check(vec![
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
            "an attach that can't be looked at may run on",
            deleted(Some(Created), Absent, unreadable(OLD)),
            "wait outcome",
        ),
        (
            "and a DELETE beside it would fail",
            deleted(Some(Created), present(live()), unreadable(OLD)),
            "wait outcome",
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
            deleted(Some(Created), present(live()), doubtful(Detach, YOUNG)),
            "wait outcome",
        ),
        (
            "a detach that failed is told",
            deleted(Some(Created), present(live()), failed(Detach)),
            "blocked Reason",
        ),
        (
            "an attach that failed does not matter",
            deleted(Some(Created), present(live()), failed(Attach)),
            "begin Detach Created",
        ),
        (
            "a change in progress is waited for",
            deleted(Some(Created), present(creating()), Operation::None),
            "wait provisioning",
        ),
    ]);
}

#[test]
fn a_deletion_needs_neither_a_spec_nor_a_cluster_nor_azure() {
    let mut orphan = deleted(Some(Ownership::Created), present(live()), Operation::None);
    if let Lifecycle::Deleting { policy, .. } = &mut orphan.object.lifecycle {
        *policy = DeletionPolicy::Orphan;
    }
    orphan.azure = Azure::NotRead;
    assert_eq!(word(&decide(&orphan)), "release Orphaned");

    let mut bare = deleted(Some(Ownership::Created), present(live()), Operation::None);
    bare.object.finalizer = Finalizer::Missing;
    assert_eq!(word(&decide(&bare)), "released");

    let mut broken = deleted(Some(Ownership::Created), present(live()), Operation::None);
    if let Lifecycle::Deleting { desired, .. } = &mut broken.object.lifecycle {
        *desired = None;
    }
    let broken = see(broken, |sight| sight.follower = Follower::NotRead);
    assert_eq!(word(&decide(&broken)), "begin Detach Created");
}

/// A deletion whose DELETE the follower refused with a failure of `class` and `reason`.
fn refused(class: Class, reason: &'static str) -> Snapshot {
    let mut snapshot = deleted(Some(Ownership::Created), present(live()), Operation::None);
    snapshot.object.refusal = Some(Failure {
        reason,
        ..failure(class)
    });
    snapshot
}

/// A deletion whose follower can't be asked for a reason of `class`.
fn unseen(class: Class, reason: &'static str) -> Snapshot {
    let failure = Failure {
        reason,
        ..failure(class)
    };
    deleted(
        Some(Ownership::Created),
        Remote::Unknown(failure),
        Operation::None,
    )
}

#[test]
fn the_leader_is_asked_only_when_the_follower_will_not_come_round_by_itself() {
    for (class, reason, is_asked) in [
        (Class::Denied, "AuthorizationFailed", true),
        (Class::Locked, "ScopeLocked", false),
        (Class::Busy, "ClusterNotRunning", true),
        (Class::Busy, "ClusterBusy", false),
        (Class::Transient, "ArmUnavailable", false),
        (Class::Throttled, "Throttled", false),
        (Class::Unauthenticated, "AuthenticationFailed", false),
        (Class::Rejected, "RequestRejected", false),
    ] {
        let told = format!("blocked {reason}");
        let (when_unseen, when_refused) = if is_asked {
            ("look Following", "look Following")
        } else {
            (told.as_str(), "begin Detach Created")
        };
        assert_eq!(word(&decide(&unseen(class, reason))), when_unseen);
        assert_eq!(
            word(&decide(&refused(class, reason))),
            when_refused,
            "{reason}: the follower is asked again"
        );
        let without_spec = |mut snapshot: Snapshot| {
            if let Lifecycle::Deleting { desired, .. } = &mut snapshot.object.lifecycle {
                *desired = None;
            }
            word(&decide(&snapshot))
        };
        assert_eq!(
            without_spec(unseen(class, reason)),
            told,
            "without a spec nobody knows the leader"
        );
        assert_eq!(
            without_spec(refused(class, reason)),
            "begin Detach Created",
            "but the follower"
        );
    }
}

#[test]
fn what_the_leader_lists_it_detaches_and_what_it_does_not_list_is_gone_unless_the_follower_shows_it()
 {
    let failures = [
        (Class::Denied, "AuthorizationFailed"),
        (Class::Busy, "ClusterNotRunning"),
    ];
    for (class, reason) in failures {
        let told = format!("blocked {reason}");
        let unknown = || Following::Unknown(failure(Class::Denied));
        let rows = [
            (
                Following::Listed,
                "begin Detach Created",
                "begin Detach Created",
            ),
            (Following::NotListed, "release Detached", told.as_str()),
            (unknown(), told.as_str(), told.as_str()),
        ];
        for (following, when_unseen, when_refused) in rows {
            for (snapshot, expected) in [
                (unseen(class, reason), when_unseen),
                (refused(class, reason), when_refused),
            ] {
                let snapshot = see(snapshot, |sight| sight.following = following.clone());
                assert_eq!(
                    word(&decide(&snapshot)),
                    expected,
                    "{reason}: {following:?}"
                );
            }
        }
    }
}

#[test]
fn a_detach_by_the_leader_takes_the_same_durable_steps() {
    use OperationKind::{Attach, Detach};
    let listed = |operation: Operation| {
        [
            unseen(Class::Denied, "AuthorizationFailed"),
            refused(Class::Busy, "ClusterNotRunning"),
        ]
        .map(|snapshot| {
            see(snapshot, |sight| {
                sight.following = Following::Listed;
                sight.operation = operation.clone();
            })
        })
    };
    let failed = ended(Detach, End::Failed(failure(Class::Denied)), YOUNG);
    let doubtful = |age| Operation::Doubtful { kind: Detach, age };
    for (reason, operation, expected) in [
        (
            "an intent is carried out",
            Operation::Intended(Detach),
            "detach from leader",
        ),
        (
            "another one is no licence",
            Operation::Intended(Attach),
            "begin Detach Created",
        ),
        (
            "a request in doubt is not repeated",
            doubtful(YOUNG),
            "wait outcome",
        ),
        ("at once", doubtful(OLD), "begin Detach Created"),
        ("a failed one is told", failed, "blocked Reason"),
    ] {
        for snapshot in listed(operation.clone()) {
            assert_eq!(word(&decide(&snapshot)), expected, "{reason}");
        }
    }
    for (lane, expected) in [
        (Lane::Outside, "enter lane Detach"),
        (Lane::Waiting { place: 1 }, "wait lane"),
    ] {
        for operation in [Operation::None, Operation::Intended(Detach)] {
            for mut snapshot in listed(operation) {
                snapshot.lane = lane;
                assert_eq!(word(&decide(&snapshot)), expected, "the lane is asked for");
            }
        }
    }
}

#[test]
fn an_attach_that_may_still_arrive_holds_a_deletion_that_only_the_leader_can_tell_about() {
    use OperationKind::Attach;
    for (operation, expected) in [
        (
            Operation::Doubtful {
                kind: Attach,
                age: YOUNG,
            },
            "wait outcome",
        ),
        (
            Operation::Doubtful {
                kind: Attach,
                age: OLD,
            },
            "release Detached",
        ),
        (unreadable(OLD), "wait outcome"),
        (ended(Attach, End::Succeeded, YOUNG), "wait visibility"),
        (ended(Attach, End::Succeeded, OLD), "release Detached"),
    ] {
        let snapshot = see(unseen(Class::Denied, "AuthorizationFailed"), |sight| {
            sight.following = Following::NotListed;
            sight.operation = operation.clone();
        });
        assert_eq!(word(&decide(&snapshot)), expected, "{operation:?}");
    }
}

#[test]
fn a_configuration_that_an_older_object_declares_stays_for_it() {
    let older = ObjectKey {
        namespace: "analytics".into(),
        name: "older".into(),
    };
    for (remote, ownership, expected) in [
        (
            present(live()),
            Some(Ownership::Created),
            "release HandedOver",
        ),
        (
            present(edited()),
            Some(Ownership::Adopted),
            "release HandedOver",
        ),
        (
            Remote::Unknown(failure(Class::Denied)),
            Some(Ownership::Created),
            "release HandedOver",
        ),
        (present(live()), None, "release NothingOwned"),
    ] {
        let mut snapshot = deleted(
            ownership,
            remote,
            Operation::Intended(OperationKind::Detach),
        );
        snapshot.object.claim = Claim::Older(older.clone());
        assert_eq!(word(&decide(&snapshot)), expected);
    }
}

#[test]
fn a_data_share_is_never_deleted() {
    for origin in [ShareOrigin::DataShare, ShareOrigin::Other("Other".into())] {
        let ours = deleted(Some(Ownership::Created), present(live()), Operation::None);
        let snapshot = see(ours, |sight| {
            sight.databases = Databases::Listed(vec![shared_by(origin.clone())]);
        });
        assert_eq!(word(&decide(&snapshot)), "release Replaced", "{origin:?}");
    }
}
