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
    let reporting = |mut given: Given| {
        given.object.spec.drift_policy = DriftPolicy::Report;
        given
    };
    let found = || vec![drift("tablesToInclude", "Orders", "")];
    for (reason, given, expected) in [
        ("attached, then edited in Azure", attached(), found()),
        (
            "known already",
            attached().drifted().after(&running(OperationKind::Update)),
            found(),
        ),
        ("the author's own edit", edited(), vec![]),
        ("never attached", unseen(), vec![]),
        (
            "who only reports has nothing to carry out",
            reporting(unseen()),
            found(),
        ),
        (
            "not even an edit of the author",
            reporting(edited()),
            found(),
        ),
    ] {
        assert_eq!(
            given.at(at(0)).drift(&differences(), None),
            expected,
            "{reason}"
        );
    }
    assert_eq!(
        attached().at(at(0)).drift(&[], None),
        [drift("configuration", "present", "absent")]
    );
}

#[test]
fn drift_tells_since_when_and_by_whom_as_far_as_azure_does() {
    let change = Change {
        by: Some("somebody@example.com".into()),
        at: Some("2026-01-02T03:04:05Z".into()),
    };
    let known = attached().drifted().after(&running(OperationKind::Update));
    let later = known.at(at(500));
    let told = later.drift(&differences(), Some(&change));
    let expected = Drift {
        changed_by: change.by.clone(),
        changed_at: change.at.clone(),
        ..drift("tablesToInclude", "Orders", "")
    };
    assert_eq!(told, [expected], "since it was found first");

    let moved = vec![Difference {
        observed: "Logs".into(),
        ..differences()[0].clone()
    }];
    let since = |drift: &[Drift]| drift[0].since.clone();
    assert_eq!(since(&later.drift(&moved, None)), Some(Time(at(0))));
    let other = vec![Difference {
        field: "functionsToExclude",
        ..differences()[0].clone()
    }];
    assert_eq!(
        since(&later.drift(&other, None)),
        Some(Time(at(500))),
        "another field is another drift"
    );
    let fraction = Timestamp::from_millisecond(7_900).unwrap();
    assert_eq!(
        since(&attached().at(fraction).drift(&differences(), None)),
        Some(Time(at(7))),
        "as the API server keeps it"
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
