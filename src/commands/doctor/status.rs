//! What the operator says of an object, and whether it says anything. Pure.

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::{AttachedDatabase, AttachedDatabaseStatus, ConditionType},
    azure::id::ClusterId,
};

use super::{
    checks::{Check, Topic},
    remedy::{assign_role, lacking},
};

/// How long an operator that runs may take for a first word: it waits 1.5 s with a refusal, and less with all else.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);

/// Shows whether an operator runs, and what it says.
pub const LOOK_FOR_OPERATOR: &str = "kubectl get pods -A -l app.kubernetes.io/name=adx-follower-operator\n\
     kubectl logs -A -l app.kubernetes.io/name=adx-follower-operator --tail 20";

/// What of an operator's word an object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// None, for longer than it takes.
    Missing,
    /// None yet.
    Awaited,
    /// `Ready=True`.
    Ready,
    /// `Stalled=True`.
    Stalled,
    /// Something between.
    Working,
}

/// Judges the status of `object` at wall time `now`. What it says is missing is handed out to `client`, on `clusters`
/// alone.
#[must_use]
pub fn judge(
    object: &AttachedDatabase,
    now: Timestamp,
    client: Option<&str>,
    clusters: &[&ClusterId],
) -> Check {
    let word = word(object, now);
    let told = match word {
        Word::Missing => {
            let message = format!(
                "no operator has looked at it since {}; none runs, or its `--watch-namespaces` or \
                 `--watch-label-selector` leaves it out",
                age(object, now)
            );
            return Check::fail(Topic::Status, message).mended_by(LOOK_FOR_OPERATOR);
        }
        Word::Awaited => {
            let message = format!("no operator has looked at it since {}", age(object, now));
            return Check::warn(Topic::Status, message);
        }
        Word::Ready | Word::Stalled | Word::Working => object.status.as_ref().map(said),
    };
    let (reason, message) = told.unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let observed = observed(object);
    let stale = if observed == Some(generation) {
        String::new()
    } else {
        format!(
            " (about generation {} of the spec, which is at {generation} by now)",
            observed.unwrap_or_default()
        )
    };
    let role = lacking(&message).and_then(|(_, scope)| assign_role(client, scope, clusters));
    let message = format!("{reason}: {message}{stale}");
    let check = match word {
        Word::Ready if stale.is_empty() => Check::ok(Topic::Status, format!("Ready, {message}")),
        Word::Ready | Word::Working => Check::warn(Topic::Status, message),
        Word::Stalled | Word::Missing | Word::Awaited => {
            Check::fail(Topic::Status, format!("Stalled, {message}"))
        }
    };
    check.mended_by_all(role)
}

/// What of an operator's word `object` has at wall time `now`.
#[must_use]
pub fn word(object: &AttachedDatabase, now: Timestamp) -> Word {
    let Some(status) = object
        .status
        .as_ref()
        .filter(|_| observed(object).is_some_and(|generation| generation >= 0))
    else {
        let waited = made(object).map(|made| now.duration_since(made));
        return if waited.is_some_and(|waited| waited > PATIENCE) {
            Word::Missing
        } else {
            Word::Awaited
        };
    };
    if holds(status, ConditionType::Stalled) {
        Word::Stalled
    } else if holds(status, ConditionType::Ready) {
        Word::Ready
    } else {
        Word::Working
    }
}

fn observed(object: &AttachedDatabase) -> Option<i64> {
    object.status.as_ref()?.observed_generation
}

fn made(object: &AttachedDatabase) -> Option<Timestamp> {
    let made = object.metadata.creation_timestamp.as_ref()?;
    Some(made.0)
}

fn age(object: &AttachedDatabase, now: Timestamp) -> String {
    let Some(made) = made(object) else {
        return "it was made".to_owned();
    };
    let seconds = now.duration_since(made).as_secs().max(0);
    match seconds {
        0..120 => format!("it was made {seconds} s ago"),
        120..7_200 => format!("it was made {} min ago", seconds / 60),
        _ => format!("it was made {} h ago", seconds / 3_600),
    }
}

fn holds(status: &AttachedDatabaseStatus, kind: ConditionType) -> bool {
    status
        .conditions
        .iter()
        .any(|condition| condition.type_ == kind.as_str() && condition.status == "True")
}

/// Reason and message of the condition `Ready`.
fn said(status: &AttachedDatabaseStatus) -> (String, String) {
    let ready = status
        .conditions
        .iter()
        .find(|condition| condition.type_ == ConditionType::Ready.as_str());
    ready
        .map(|ready| (ready.reason.clone(), ready.message.clone()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::commands::doctor::checks::Finding;

    const MADE: &str = "2026-01-01T00:00:00Z";
    const LEADER: &str =
        "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1";

    fn object(status: &Value) -> AttachedDatabase {
        serde_json::from_value(json!({
            "apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachedDatabase",
            "metadata": {"name": "sales", "namespace": "team", "generation": 2, "creationTimestamp": MADE},
            "spec": {
                "follower": {"clusterResourceId": LEADER.replace("leader1", "follower1")},
                "leader": {"clusterResourceId": LEADER, "databaseName": "Sales"},
            },
            "status": status,
        }))
        .unwrap()
    }

    fn conditions(observed: i64, list: &[(&str, &str, &str, &str)]) -> Value {
        let list: Vec<Value> = list
            .iter()
            .map(|(kind, status, reason, message)| {
                json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": MADE})
            })
            .collect();
        json!({"observedGeneration": observed, "conditions": list})
    }

    fn after(seconds: i64) -> Timestamp {
        MADE.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn silence_counts_after_a_minute() {
        for status in [json!(null), json!({"observedGeneration": -1})] {
            let object = object(&status);
            for (seconds, result) in [
                (-5, Finding::Warn),
                (10, Finding::Warn),
                (60, Finding::Warn),
                (61, Finding::Fail),
                (9_000, Finding::Fail),
            ] {
                let check = judge(&object, after(seconds), None, &[]);
                assert_eq!(check.result, result, "{seconds} s: {}", check.message);
                assert_eq!(check.remedies.is_empty(), result == Finding::Warn);
            }
        }
    }

    #[test]
    fn what_the_operator_says_is_repeated() {
        let attached = ("Ready", "True", "Attached", "Sales is attached");
        let stalled = ("Stalled", "True", "RegionMismatch", "two regions");
        let failed = ("Ready", "False", "RegionMismatch", "two regions");
        let waiting = ("Ready", "Unknown", "WaitingForCluster", "in line");
        for (status, result, told) in [
            (
                conditions(2, &[attached]),
                Finding::Ok,
                "Ready, Attached: Sales is attached",
            ),
            (
                conditions(1, &[attached]),
                Finding::Warn,
                "Attached: Sales is attached (about generation 1 of the spec, which is at 2 by now)",
            ),
            (
                conditions(2, &[failed, stalled]),
                Finding::Fail,
                "Stalled, RegionMismatch: two regions",
            ),
            (
                conditions(2, &[waiting]),
                Finding::Warn,
                "WaitingForCluster: in line",
            ),
        ] {
            let check = judge(&object(&status), after(3_600), None, &[]);
            assert_eq!((check.result, check.message.as_str()), (result, told));
        }
    }

    #[test]
    fn a_role_that_the_status_names_is_handed_out_on_the_objects_own_clusters_alone() {
        let leader: ClusterId = LEADER.parse().unwrap();
        let stalled = |scope: &str| {
            let message =
                format!("the identity lacks `Microsoft.Kusto/Clusters/write` on `{scope}`: no");
            let status = conditions(
                2,
                &[
                    ("Ready", "False", "LinkedAuthorizationFailed", &message),
                    ("Stalled", "True", "LinkedAuthorizationFailed", &message),
                ],
            );
            judge(&object(&status), after(60), Some("c1"), &[&leader]).remedies
        };
        assert_eq!(
            stalled(LEADER),
            [format!(
                "az role assignment create --assignee c1 --role 'ADX Follower Operator' --scope {LEADER}"
            )]
        );
        assert!(stalled("/subscriptions/other").is_empty());
    }
}
