//! Objects at rest, what their status keeps, and what holds for every status.

use super::*;

#[test]
fn a_settled_object_is_ready_and_in_sync() {
    const READY: &str = "Ready=True:Attached InSync=True:AsDeclared";
    let everything = || {
        let mut given = unseen().owning(Ownership::Created);
        given.object.spec.leader.database_name = "*".into();
        given.desired = validate(&given.object).ok();
        given
    };
    let attached_one = "Sales of leader1 on follower1 is attached";
    check(vec![
        (
            "attached",
            unseen().owning(Ownership::Created),
            settled(),
            Kstatus::Current,
            READY,
            attached_one,
        ),
        (
            "still attached",
            attached(),
            settled(),
            Kstatus::Current,
            READY,
            attached_one,
        ),
        (
            "adopted",
            unseen().owning(Ownership::Adopted),
            settled(),
            Kstatus::Current,
            READY,
            attached_one,
        ),
        (
            "healed",
            unseen().after(&failure(Class::Denied, "AuthorizationFailed")),
            settled(),
            Kstatus::Current,
            READY,
            attached_one,
        ),
        (
            "every database",
            everything(),
            settled(),
            Kstatus::Current,
            READY,
            "every database of leader1 on follower1 is attached",
        ),
    ]);
}

#[test]
fn the_status_keeps_what_is_known() {
    let mut given = unseen().owning(Ownership::Adopted);
    given.object.metadata.annotations = Some(
        [(
            crate::api::RECONCILE_ANNOTATION.to_owned(),
            "now".to_owned(),
        )]
        .into(),
    );
    let status = given.at(at(0)).status(&settled()).unwrap();
    assert_eq!(
        status.attached_database_names,
        ["Sales", "Web"],
        "sorted: another order is no news"
    );
    assert_eq!(status.follower_name.as_deref(), Some("follower1"));
    assert_eq!(
        status.configuration_id,
        Some(format!(
            "{}/attachedDatabaseConfigurations/sales",
            cluster("follower1")
        ))
    );
    assert_eq!(status.ownership, Some(Ownership::Adopted));
    assert_eq!(status.last_handled_reconcile_at.as_deref(), Some("now"));

    let mut broken = given.after(&settled()).unusable();
    broken.object.metadata.annotations = None;
    let kept = broken
        .at(at(0))
        .status(&Outcome::Invalid(Invalid::LeaderIsFollower))
        .unwrap();
    let facts = |status: AttachedDatabaseStatus| AttachedDatabaseStatus {
        conditions: Vec::new(),
        ..status
    };
    assert_eq!(
        facts(kept),
        facts(status),
        "an unusable spec hides nothing that was known"
    );
    assert_eq!(broken.at(at(0)).status(&Outcome::Released), None);
}

#[test]
fn only_a_difference_from_what_was_attached_is_drift() {
    use OperationKind::{Attach, Detach, Update};
    for (reason, given, kind, expected) in [
        (
            "attached, then edited in Azure",
            attached(),
            Update,
            vec![drift("tablesToInclude", "Orders", "")],
        ),
        (
            "known already",
            attached().drifted().after(&running(Update)),
            Update,
            vec![drift("tablesToInclude", "Orders", "")],
        ),
        ("the author's own edit", edited(), Update, vec![]),
        ("never attached", unseen(), Attach, vec![]),
        ("a detach", attached(), Detach, vec![]),
    ] {
        assert_eq!(
            given.at(at(0)).drift(kind, &differences()),
            expected,
            "{reason}"
        );
    }
    assert_eq!(
        attached().at(at(0)).drift(Attach, &[]),
        [drift("configuration", "present", "absent")]
    );
}

#[test]
fn ready_reads_the_condition() {
    let status = |given: Given| given.object.status.unwrap();
    assert_eq!(ready(&status(attached())), ConditionStatus::True);
    assert_eq!(
        ready(&status(
            unseen().after(&Outcome::Blocked(Block::FollowerNotFound))
        )),
        ConditionStatus::False
    );
    assert_eq!(
        ready(&status(unseen().after(&in_line(1)))),
        ConditionStatus::Unknown
    );
    assert_eq!(ready(&status(unseen())), ConditionStatus::Unknown);
}

#[test]
fn any_outcome_after_any_other_keeps_the_rules() {
    let outcomes = || {
        vec![
            settled(),
            running(OperationKind::Attach),
            Outcome::Waiting(Wait::Outcome(OperationKind::Update)),
            Outcome::Waiting(Wait::Visibility(OperationKind::Detach)),
            Outcome::Waiting(Wait::Provisioning {
                state: "Updating".into(),
            }),
            Outcome::Waiting(Wait::Follower {
                state: "Updating".into(),
            }),
            in_line(1),
            failure(Class::Transient, "ArmUnavailable"),
            failure(Class::Throttled, "Throttled"),
            failure(Class::Busy, "ClusterBusy"),
            failure(Class::Unauthenticated, "AuthenticationFailed"),
            failure(Class::Denied, "AuthorizationFailed"),
            failure(Class::Rejected, "RequestRejected"),
            failure(Class::Locked, "ScopeLocked"),
            Outcome::Blocked(Block::FollowerNotFound),
            Outcome::Blocked(Block::Conflict(differences())),
            Outcome::Blocked(Block::ExistsAndDiffers(differences())),
            Outcome::Invalid(Invalid::OverrideOfAll),
            Outcome::NotYetSupported(NOT_YET),
        ]
    };
    let records = [
        OperationKind::Attach,
        OperationKind::Update,
        OperationKind::Detach,
    ]
    .map(|kind| unseen().operating(kind).record)
    .into_iter()
    .chain([
        Record::default(),
        unseen().drifted().operating(OperationKind::Update).record,
    ]);
    let mut judged = 0;
    for (record, base) in records.flat_map(|record| {
        [unseen(), edited(), attached(), leaving()].map(|base| (record.clone(), base))
    }) {
        for (earlier, outcome) in outcomes().iter().flat_map(|earlier| {
            outcomes()
                .into_iter()
                .map(move |outcome| (earlier, outcome))
        }) {
            for failing_for in [0, 29, 30, 300, 1_800].map(Duration::from_secs) {
                let mut given = base.clone().after(earlier).failing(failing_for);
                let is_settled = matches!(outcome, Outcome::Settled(_));
                // What is settled has no operation and no drift, and what is deleted does not settle.
                if !is_settled {
                    given.record = record.clone();
                }
                let is_deleted = given.object.metadata.deletion_timestamp.is_some();
                if given.at(at(0)).is_blip(&outcome) || is_settled && is_deleted {
                    continue;
                }
                let (verdict, status) =
                    judge(&format!("{outcome:?} after {earlier:?}"), &given, &outcome);
                let expected = match said(&status) {
                    _ if is_deleted => Kstatus::Terminating,
                    _ if is_settled => Kstatus::Current,
                    said if said.contains("Stalled=True") => Kstatus::Failed,
                    _ => Kstatus::InProgress,
                };
                assert_eq!(verdict, expected, "{outcome:?} after {earlier:?}");
                judged += 1;
            }
        }
    }
    assert!(judged > 20_000, "{judged} statuses are a matrix");
}
