//! Tests of the conditions.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Time {
    Time(Timestamp::from_second(second).unwrap())
}

fn desired(kind: ConditionType, status: ConditionStatus, reason: &str) -> DesiredCondition {
    DesiredCondition {
        kind,
        status,
        reason: reason.to_owned(),
        message: format!("message of {reason}"),
    }
}

fn types(conditions: &[Condition]) -> Vec<&str> {
    conditions
        .iter()
        .map(|condition| condition.type_.as_str())
        .collect()
}

#[test]
fn the_order_is_fixed_whatever_order_is_asked_for() {
    let all = [
        ConditionType::LeaderRunning,
        ConditionType::FollowerRunning,
        ConditionType::InSync,
        ConditionType::Stalled,
        ConditionType::Reconciling,
        ConditionType::Ready,
    ]
    .map(|kind| desired(kind, ConditionStatus::True, "Because"));
    assert_eq!(
        types(&merge(&[], &all, 1, &at(0))),
        [
            "Ready",
            "Reconciling",
            "Stalled",
            "InSync",
            "FollowerRunning",
            "LeaderRunning"
        ]
    );
}

#[test]
fn a_condition_that_is_not_desired_goes_and_returns_with_a_new_time() {
    let reconciling = desired(
        ConditionType::Reconciling,
        ConditionStatus::True,
        "Attaching",
    );
    let ready = desired(ConditionType::Ready, ConditionStatus::True, "Attached");
    let first = merge(&[], std::slice::from_ref(&reconciling), 1, &at(10));
    let second = merge(&first, &[ready], 1, &at(20));
    assert_eq!(types(&second), ["Ready"]);
    let third = merge(&second, &[reconciling], 1, &at(30));
    assert_eq!(third[0].last_transition_time, at(30));
}

#[test]
fn the_transition_time_changes_with_the_status_value_only() {
    let existing = merge(
        &[],
        &[desired(
            ConditionType::Ready,
            ConditionStatus::False,
            "Throttled",
        )],
        1,
        &at(10),
    );
    for (status, reason, generation, expected) in [
        (ConditionStatus::False, "Throttled", 1, 10),
        (ConditionStatus::False, "ClusterBusy", 1, 10),
        (ConditionStatus::False, "Throttled", 2, 10),
        (ConditionStatus::Unknown, "Throttled", 1, 20),
        (ConditionStatus::True, "Attached", 1, 20),
    ] {
        let wanted = desired(ConditionType::Ready, status, reason);
        let merged = merge(
            &existing,
            std::slice::from_ref(&wanted),
            generation,
            &at(20),
        );
        let [condition] = merged.as_slice() else {
            panic!("one condition expected: {merged:?}")
        };
        assert_eq!(
            condition.last_transition_time,
            at(expected),
            "{status:?} {reason}"
        );
        assert_eq!(condition.status, status.as_str());
        assert_eq!(condition.reason, reason);
        assert_eq!(condition.message, wanted.message);
        assert_eq!(condition.observed_generation, Some(generation));
    }
}

#[test]
fn the_last_of_two_desired_conditions_of_one_type_counts() {
    let twice = [
        desired(ConditionType::Ready, ConditionStatus::True, "First"),
        desired(ConditionType::Ready, ConditionStatus::False, "Second"),
    ];
    let merged = merge(&[], &twice, 1, &at(0));
    assert_eq!(types(&merged), ["Ready"]);
    assert_eq!(merged[0].reason, "Second");
}

#[test]
fn reasons_are_made_acceptable_to_the_api_server() {
    for (given, expected) in [
        ("AuthorizationFailed", "AuthorizationFailed"),
        ("HTTP503", "HTTP503"),
        ("Bad Request!", "BadRequest"),
        ("503:Busy,", "Busy"),
        ("_x", "x"),
        ("", "Unknown"),
        ("42", "Unknown"),
        ("日本", "Unknown"),
    ] {
        let wanted = desired(ConditionType::Ready, ConditionStatus::False, given);
        assert_eq!(
            merge(&[], &[wanted], 1, &at(0))[0].reason,
            expected,
            "{given:?}"
        );
    }
}

#[test]
fn times_are_whole_seconds_so_that_what_is_read_back_is_equal() {
    let now = Time("2026-01-02T03:04:05.678Z".parse().unwrap());
    let written = merge(
        &[],
        &[desired(
            ConditionType::Ready,
            ConditionStatus::True,
            "Attached",
        )],
        1,
        &now,
    );
    let read: Vec<Condition> =
        serde_json::from_value(serde_json::to_value(&written).unwrap()).unwrap();
    assert_eq!(read, written);
}

fn any_desired() -> impl Strategy<Value = DesiredCondition> {
    let kind = prop::sample::select(vec![
        ConditionType::Ready,
        ConditionType::Reconciling,
        ConditionType::Stalled,
        ConditionType::InSync,
        ConditionType::FollowerRunning,
        ConditionType::LeaderRunning,
    ]);
    let status = prop::sample::select(vec![
        ConditionStatus::True,
        ConditionStatus::False,
        ConditionStatus::Unknown,
    ]);
    (kind, status, any::<String>(), ".{0,1200}").prop_map(|(kind, status, reason, message)| {
        DesiredCondition {
            kind,
            status,
            reason,
            message,
        }
    })
}

proptest! {
    #[test]
    fn merging_the_same_again_later_changes_nothing(
        before in prop::collection::vec(any_desired(), 0..8),
        after in prop::collection::vec(any_desired(), 0..8),
    ) {
        let existing = merge(&[], &before, 1, &at(10));
        let once = merge(&existing, &after, 2, &at(20));
        prop_assert_eq!(&merge(&once, &after, 2, &at(30)), &once);
    }

    #[test]
    fn messages_are_cut_at_a_character_and_keep_their_start(message in ".{0,2000}") {
        let cut = cut(&message);
        prop_assert!(cut.len() <= MAX_MESSAGE_BYTES);
        if message.len() <= MAX_MESSAGE_BYTES {
            prop_assert_eq!(cut, message);
        } else {
            let kept = cut.strip_suffix('…').unwrap();
            prop_assert!(message.starts_with(kept));
            prop_assert!(kept.len() > MAX_MESSAGE_BYTES - 8, "cut too short: {} bytes", kept.len());
        }
    }
}
