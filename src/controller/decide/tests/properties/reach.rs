//! That the generated snapshots are worth something: each kind of decision is among them.

use std::collections::BTreeSet;

use proptest::{strategy::ValueTree as _, test_runner::TestRunner};

use super::*;

#[test]
fn the_snapshots_reach_every_kind_of_decision() {
    let (snapshots, mut runner) = (any_snapshot(), TestRunner::deterministic());
    let mut reached = BTreeSet::new();
    for _ in 0..120_000 {
        let snapshot = snapshots.new_tree(&mut runner).unwrap().current();
        reached.insert(word(&decide(&snapshot)));
    }
    for expected in [
        "add finalizer",
        "adopt",
        "begin Attach Created",
        "begin Detach Adopted",
        "begin Update Created",
        "blocked ConfigurationClaimed",
        "blocked ConfigurationConflict",
        "blocked ConfigurationExists",
        "blocked ConfigurationExists, never adopted",
        "blocked Contested",
        "blocked DatabaseNameTaken",
        "blocked DatabaseNotShown",
        "blocked DatabaseSuspended",
        "blocked Drifted",
        "blocked FollowerNotFound",
        "blocked FollowerNotRunning",
        "blocked ForeignOrigin",
        "blocked LeaderDatabaseNotFound",
        "blocked LeaderNotFound",
        "blocked LeaderNotRunning",
        "blocked NotAttached",
        "blocked Reason",
        "blocked RegionMismatch",
        "delete",
        "detach from leader",
        "enter lane Attach",
        "enter lane Detach",
        "enter lane Update",
        "look Following",
        "blocked AttachmentNotAllowed",
        "look Access",
        "look Leader",
        "look Live",
        "put Attach",
        "put Update",
        "release Detached",
        "release FollowerGone",
        "release HandedOver",
        "release NothingOwned",
        "release Orphaned",
        "release Replaced",
        "released",
        "settled",
        "wait databases [\"Sales\"]",
        "wait follower",
        "wait lane",
        "wait operation",
        "wait outcome",
        "wait provisioning",
        "wait visibility",
        "blocked ChangeNotApplied",
    ] {
        assert!(reached.contains(expected), "{expected} is never reached");
    }
}
