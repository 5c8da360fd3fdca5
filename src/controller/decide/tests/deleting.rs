//! The rules for an object that is being deleted.

use super::*;

#[test]
fn a_deleted_object_is_held_only_by_what_is_ours() {
    use OperationKind::{Attach, Detach};
    use Ownership::{Adopted, Created};
    use Remote::{Absent, NoFollower, Present, Unknown};
    check(vec![
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
    ]);
}

#[test]
fn a_deleted_object_leaves_nothing_that_may_still_arrive() {
    use OperationKind::{Attach, Detach};
    use Ownership::Created;
    use Remote::{Absent, Present};
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
            deleted(Some(Created), Present(Box::new(live())), unreadable(OLD)),
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
    ]);
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
