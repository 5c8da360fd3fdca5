//! How patient each outcome is, when it is looked at again, and whether it keeps the lane.

use super::*;
use crate::azure::model::{Configuration, ProvisioningState, Sharing};
use crate::controller::{access::Refusal, block::Holder, lane::ObjectKey, snapshot::OperationKind};

const INTERVAL: Duration = Duration::from_mins(10);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn failure(class: Class, retry_after: Option<Duration>) -> Block {
    Block::Failure(Failure {
        class,
        reason: "Reason",
        message: "message".into(),
        retry_after,
    })
}

fn stopped() -> Block {
    Block::FollowerNotRunning {
        state: "Stopped".into(),
        reason: None,
    }
}

fn settled() -> Outcome {
    let live = Configuration {
        leader_cluster: String::new(),
        database_name: "Sales".into(),
        principals_modification_kind: "Union".into(),
        database_name_override: None,
        database_name_prefix: None,
        sharing: Sharing::default(),
        attached_database_names: Vec::new(),
        provisioning_state: ProvisioningState::Succeeded,
        ..Configuration::default()
    };
    let databases = Vec::new();
    Outcome::Settled(Box::new(Attached { live, databases }))
}

fn running() -> Wait {
    Wait::Operation(Running {
        kind: OperationKind::Attach,
        age: seconds(7),
        retry_after: Some(seconds(9)),
    })
}

fn provisioning() -> Wait {
    Wait::Provisioning {
        state: "Creating".into(),
    }
}

fn missing() -> Wait {
    Wait::Databases {
        missing: vec!["Sales".into()],
    }
}

/// The same failure of the leader.
fn leaders(block: Block) -> Block {
    match block {
        Block::Failure(failure) => Block::LeaderFailure(failure),
        other => panic!("no failure, but {other:?}"),
    }
}

/// The blocks that only a person, or time without end, removes.
fn lasting() -> Vec<Block> {
    let key = ObjectKey {
        namespace: "analytics".into(),
        name: "older".into(),
    };
    vec![
        Block::FollowerNotFound,
        Block::LeaderNotFound,
        Block::RegionMismatch {
            follower: "West Europe".into(),
            leader: "East US".into(),
        },
        Block::LeaderDatabaseNotFound,
        Block::NameTaken {
            name: "Sales".into(),
            holder: Holder::Local,
        },
        Block::DatabaseNotShown { missing: vec![] },
        Block::ForeignOrigin {
            origin: "DataShare".into(),
        },
        Block::Claimed { by: key },
        Block::Conflict(vec![]),
        Block::Exists,
        Block::ExistsAndDiffers(vec![]),
        Block::NotApplied(vec![]),
        Block::Contested {
            differences: vec![],
            corrections: 5,
        },
    ]
}

/// The blocks of who only reports.
fn reported() -> Vec<Block> {
    vec![Block::Drifted(vec![]), Block::NotAttached]
}

/// The blocks that go away when a cluster, or its key, is back.
fn paused() -> Vec<Block> {
    vec![
        stopped(),
        Block::LeaderNotRunning {
            state: "Stopped".into(),
        },
        Block::DatabaseSuspended { suspended: vec![] },
    ]
}

fn starting() -> Wait {
    Wait::Follower {
        state: "Starting".into(),
    }
}

#[test]
fn every_outcome_says_when_to_look_again() {
    let kind = OperationKind::Update;
    let backoff = |pace, retry_after| Next::Backoff { pace, retry_after };
    let poll = Next::Poll {
        age: seconds(7),
        retry_after: Some(seconds(9)),
    };
    let throttled = failure(Class::Throttled, Some(seconds(17)));
    for (outcome, next) in [
        (settled(), Next::Interval(INTERVAL)),
        (Outcome::Waiting(running()), poll),
        (Outcome::Waiting(provisioning()), Next::Look),
        (Outcome::Waiting(Wait::Outcome(kind)), Next::Look),
        (Outcome::Waiting(Wait::Visibility(kind)), Next::Look),
        (Outcome::Waiting(missing()), Next::Look),
        (Outcome::Waiting(Wait::Lane { place: 1 }), Next::Woken),
        (Outcome::Waiting(starting()), backoff(Pace::Slow, None)),
        (
            Outcome::Blocked(throttled),
            backoff(Pace::Fast, Some(seconds(17))),
        ),
        (
            Outcome::Blocked(failure(Class::Transient, None)),
            backoff(Pace::Fast, None),
        ),
        (
            Outcome::Blocked(failure(Class::Denied, None)),
            backoff(Pace::Slow, None),
        ),
        (Outcome::Blocked(stopped()), backoff(Pace::Slow, None)),
        (
            Outcome::Blocked(Block::FollowerNotFound),
            backoff(Pace::VerySlow, None),
        ),
        (
            Outcome::Blocked(Block::Conflict(vec![])),
            backoff(Pace::VerySlow, None),
        ),
        (
            Outcome::Blocked(Block::ExistsAndDiffers(vec![])),
            backoff(Pace::VerySlow, None),
        ),
        (
            Outcome::Invalid(Invalid::LeaderIsFollower),
            backoff(Pace::VerySlow, None),
        ),
        (
            Outcome::Blocked(Block::Refused(Refusal::NotAllowed)),
            Next::Look,
        ),
        (Outcome::Released, Next::Never),
    ] {
        assert_eq!(outcome.next(INTERVAL), next, "{outcome:?}");
    }
    let groups = [
        (paused(), backoff(Pace::Slow, None)),
        (lasting(), backoff(Pace::VerySlow, None)),
        // Nothing is tried: it is compared as often as everything else.
        (reported(), Next::Interval(INTERVAL)),
    ];
    for (blocks, next) in groups {
        for block in blocks {
            assert_eq!(
                Outcome::Blocked(block.clone()).next(INTERVAL),
                next,
                "{block:?}"
            );
        }
    }
    let throttled = leaders(failure(Class::Throttled, Some(seconds(17))));
    assert_eq!(
        Outcome::Blocked(throttled).next(INTERVAL),
        backoff(Pace::Fast, Some(seconds(17))),
        "the leader's wish counts as well"
    );
}

#[test]
fn the_lane_is_kept_only_while_an_operation_may_run() {
    let kind = OperationKind::Attach;
    for (outcome, keeps) in [
        (Outcome::Waiting(running()), true),
        (Outcome::Waiting(Wait::Outcome(kind)), true),
        (Outcome::Waiting(Wait::Visibility(kind)), true),
        (Outcome::Waiting(provisioning()), true),
        (Outcome::Waiting(Wait::Lane { place: 1 }), false),
        (Outcome::Waiting(starting()), false),
        (settled(), false),
        (Outcome::Blocked(failure(Class::Transient, None)), true),
        (Outcome::Blocked(failure(Class::Throttled, None)), true),
        (Outcome::Blocked(failure(Class::Busy, None)), false),
        (Outcome::Waiting(missing()), false),
        (
            Outcome::Blocked(leaders(failure(Class::Transient, None))),
            false,
        ),
        (Outcome::Invalid(Invalid::OverrideAndPrefix), false),
        (Outcome::Blocked(Block::Refused(Refusal::NotAllowed)), true),
        (Outcome::Released, false),
    ] {
        assert_eq!(outcome.may_be_operating(), keeps, "{outcome:?}");
    }
    for block in [lasting(), reported(), paused()].concat() {
        assert!(
            !Outcome::Blocked(block.clone()).may_be_operating(),
            "{block:?}"
        );
    }
}

#[test]
fn patience_ends_in_a_call_for_help() {
    for (block, class, patience) in [
        (failure(Class::Transient, None), Class::Transient, 1_800),
        (failure(Class::Throttled, None), Class::Throttled, 1_800),
        (failure(Class::Busy, None), Class::Busy, 1_800),
        (stopped(), Class::Busy, 1_800),
        (
            failure(Class::Unauthenticated, None),
            Class::Unauthenticated,
            300,
        ),
        (failure(Class::Denied, None), Class::Denied, 300),
        (failure(Class::Rejected, None), Class::Rejected, 0),
        (failure(Class::Locked, None), Class::Locked, 0),
        (leaders(failure(Class::Denied, None)), Class::Denied, 300),
    ]
    .into_iter()
    .chain(
        paused()
            .into_iter()
            .map(|block| (block, Class::Busy, 1_800)),
    )
    .chain(
        lasting()
            .into_iter()
            .map(|block| (block, Class::Rejected, 0)),
    )
    .chain(
        reported()
            .into_iter()
            .map(|block| (block, Class::Rejected, 0)),
    ) {
        assert_eq!(block.class(), class, "{block:?}");
        assert_eq!(
            block.progress(seconds(patience)),
            Progress::Stalled,
            "{block:?}"
        );
        if let Some(before) = seconds(patience).checked_sub(Duration::from_millis(1)) {
            assert_eq!(block.progress(before), Progress::Reconciling, "{block:?}");
        }
    }
}

#[test]
fn only_short_faults_that_heal_by_themselves_are_hiccups() {
    for (block, may_be) in [
        (failure(Class::Transient, None), true),
        (failure(Class::Throttled, None), true),
        (failure(Class::Busy, None), false),
        (failure(Class::Unauthenticated, None), false),
        (failure(Class::Denied, None), false),
        (failure(Class::Rejected, None), false),
        (failure(Class::Locked, None), false),
        (leaders(failure(Class::Transient, None)), true),
        (leaders(failure(Class::Denied, None)), false),
    ]
    .into_iter()
    .chain(
        [lasting(), reported(), paused()]
            .concat()
            .into_iter()
            .map(|block| (block, false)),
    ) {
        assert_eq!(block.is_blip(seconds(29)), may_be, "{block:?}");
        assert!(!block.is_blip(seconds(30)), "{block:?}");
    }
}

#[test]
fn only_what_is_compared_and_not_tried_is_a_report() {
    assert!(reported().iter().all(Block::is_report));
    assert!(![lasting(), paused()].concat().iter().any(Block::is_report));
    assert!(!failure(Class::Rejected, None).is_report());
}

#[test]
fn a_failure_heals_by_itself_when_no_person_is_needed() {
    for (class, heals) in [
        (Class::Transient, true),
        (Class::Throttled, true),
        (Class::Busy, true),
        (Class::Unauthenticated, false),
        (Class::Denied, false),
        (Class::Rejected, false),
        (Class::Locked, false),
    ] {
        for block in [failure(class, None), leaders(failure(class, None))] {
            assert_eq!(
                Outcome::Blocked(block).heals_by_itself(),
                heals,
                "{class:?}"
            );
        }
    }
    for block in [lasting(), reported(), paused()].concat() {
        assert!(
            !Outcome::Blocked(block.clone()).heals_by_itself(),
            "{block:?}"
        );
    }
}

#[test]
fn the_reason_of_a_failure_is_its_own() {
    assert_eq!(failure(Class::Busy, None).reason(), "Reason");
    assert_eq!(Block::FollowerNotFound.reason(), "FollowerNotFound");
    assert_eq!(stopped().reason(), "FollowerNotRunning");
    assert_eq!(Block::Conflict(vec![]).reason(), "ConfigurationConflict");
    assert_eq!(
        Block::ExistsAndDiffers(vec![]).reason(),
        "ConfigurationExists"
    );
}

#[test]
fn differences_are_named_with_both_values() {
    let difference = |field, desired: &str, observed: &str| Difference {
        field,
        desired: desired.to_owned(),
        observed: observed.to_owned(),
    };
    let differences = [
        difference("databaseNamePrefix", "eu_", ""),
        difference("databaseNameOverride", "", "SalesRO"),
    ];
    assert_eq!(
        describe(&differences),
        "`databaseNamePrefix` is empty, declared \"eu_\"; `databaseNameOverride` is \"SalesRO\", declared empty"
    );
    assert_eq!(describe(&[]), "");
}
