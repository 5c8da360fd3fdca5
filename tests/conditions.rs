//! Conditions as kstatus, `kubectl wait` and Flux read them: the contract of each state, and the oracles themselves.
#![allow(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use adx_follower_operator::api::{ConditionStatus, ConditionType, DesiredCondition, merge};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use serde_json::{Value, json};

#[path = "support/oracles.rs"]
mod oracles;

use oracles::{Kstatus, Moment, flux_violations, kstatus, kubectl_wait_returns};

type Said = (ConditionType, ConditionStatus, &'static str);

/// An object of generation 3 with a status for `observed` that says `said`.
fn object(observed: i64, said: &[Said]) -> Value {
    let desired: Vec<_> = said
        .iter()
        .map(|(kind, status, reason)| DesiredCondition {
            kind: *kind,
            status: *status,
            reason: (*reason).to_owned(),
            message: String::new(),
        })
        .collect();
    let conditions = merge(&[], &desired, observed, &Time(Timestamp::UNIX_EPOCH));
    json!({
        "metadata": {"generation": 3},
        "status": {"observedGeneration": observed, "conditions": conditions},
    })
}

const READY: Said = (ConditionType::Ready, ConditionStatus::True, "Attached");
const CREATING: Said = (ConditionType::Ready, ConditionStatus::Unknown, "Creating");
const THROTTLED: Said = (ConditionType::Ready, ConditionStatus::False, "Throttled");
const DENIED: Said = (ConditionType::Ready, ConditionStatus::False, "Denied");
const RECONCILING: Said = (
    ConditionType::Reconciling,
    ConditionStatus::True,
    "Progressing",
);
const STALLED: Said = (ConditionType::Stalled, ConditionStatus::True, "Denied");

#[test]
fn each_state_of_the_contract_reads_as_it_should() {
    for (state, said, moment, verdict, waits) in [
        (
            "attached",
            vec![READY],
            Moment::AtRest,
            Kstatus::Current,
            false,
        ),
        (
            "creating",
            vec![CREATING, RECONCILING],
            Moment::InProgress,
            Kstatus::InProgress,
            true,
        ),
        (
            "transient fault",
            vec![THROTTLED, RECONCILING],
            Moment::AtRest,
            Kstatus::InProgress,
            true,
        ),
        (
            "needs a person",
            vec![DENIED, STALLED],
            Moment::AtRest,
            Kstatus::Failed,
            true,
        ),
    ] {
        let object = object(3, &said);
        assert_eq!(kstatus(&object), verdict, "{state}");
        assert_eq!(kubectl_wait_returns(&object), !waits, "{state}");
        assert_eq!(flux_violations(&object, moment), [""; 0], "{state}");
    }
}

#[test]
fn an_object_that_was_not_seen_or_changed_since_is_in_progress() {
    let unseen = json!({"metadata": {"generation": 1}, "status": {"observedGeneration": -1}});
    assert_eq!(kstatus(&unseen), Kstatus::InProgress);
    assert!(!kubectl_wait_returns(&unseen));
    let changed = object(2, &[READY]);
    assert_eq!(kstatus(&changed), Kstatus::InProgress);
    assert!(!kubectl_wait_returns(&changed));
}

#[test]
fn an_object_without_status_is_current_which_is_why_status_has_a_default() {
    assert_eq!(
        kstatus(&json!({"metadata": {"generation": 1}})),
        Kstatus::Current
    );
}

#[test]
fn a_deleted_object_is_terminating_whatever_it_says() {
    let mut object = object(3, &[READY]);
    object["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
    assert_eq!(kstatus(&object), Kstatus::Terminating);
}

#[test]
fn each_broken_rule_is_found() {
    let unready = (ConditionType::Reconciling, ConditionStatus::False, "Done");
    let unstalled = (ConditionType::Stalled, ConditionStatus::False, "Done");
    let other = (ConditionType::Stalled, ConditionStatus::True, "Other");
    let mut no_generation = object(3, &[DENIED]);
    let condition = no_generation.pointer_mut("/status/conditions/0").unwrap();
    condition
        .as_object_mut()
        .unwrap()
        .remove("observedGeneration");
    let mut stale = object(3, &[READY]);
    *stale
        .pointer_mut("/status/conditions/0/observedGeneration")
        .unwrap() = json!(2);
    let rest = Moment::AtRest;
    for (object, moment, expected) in [
        (
            object(3, &[READY, RECONCILING]),
            rest,
            vec!["FAIL0001", "FAIL0003", "WARN0001"],
        ),
        (object(3, &[]), rest, vec!["FAIL0002"]),
        (object(3, &[CREATING, RECONCILING]), rest, vec!["FAIL0003"]),
        (
            object(3, &[CREATING, STALLED]),
            rest,
            vec!["FAIL0004", "WARN0002"],
        ),
        (
            object(3, &[DENIED, RECONCILING, STALLED]),
            rest,
            vec!["FAIL0005"],
        ),
        (object(4, &[DENIED]), rest, vec!["FAIL0006"]),
        (object(2, &[READY]), rest, vec!["FAIL0007", "FAIL0008"]),
        (stale, rest, vec!["FAIL0008", "FAIL0009"]),
        (object(3, &[CREATING]), Moment::InProgress, vec!["FAIL0011"]),
        (object(3, &[DENIED, other]), rest, vec!["WARN0002"]),
        (object(3, &[DENIED, unready]), rest, vec!["WARN0003"]),
        (object(3, &[DENIED, unstalled]), rest, vec!["WARN0004"]),
        (no_generation, rest, vec!["WARN0005"]),
    ] {
        assert_eq!(flux_violations(&object, moment), expected, "{object}");
    }
}
