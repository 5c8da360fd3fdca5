//! Objects that something stands in the way of.

use super::*;

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
    const STOPPED: &str = "Ready=False:FollowerNotRunning Reconciling=True:ProgressingWithRetry";
    let stopped = |reason: Option<&str>| {
        Outcome::Blocked(Block::FollowerNotRunning {
            state: "Stopped".into(),
            reason: reason.map(str::to_owned),
        })
    };
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
          make the spec equal to take it over, set `spec.adoptionPolicy` to Always to overwrite it, or choose another \
          `spec.configurationName`",
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
