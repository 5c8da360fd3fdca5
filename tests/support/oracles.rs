//! How other people's tools judge an object: kstatus, `kubectl wait` and Flux's condition rules (conventions.md §1).
//!
//! Written from the published algorithms over plain JSON, without a type of the operator.
#![allow(
    clippy::indexing_slicing,
    dead_code,
    reason = "indexing a JSON value gives null for what is absent; each test that includes this uses a part"
)]

use std::collections::HashMap;

use serde_json::Value;

/// What kstatus says: the word that Flux and Helm wait for is `Current`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kstatus {
    Terminating,
    InProgress,
    Failed,
    Current,
}

/// When Flux's rules are applied: some hold only when the operator has nothing to do until something changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    InProgress,
    AtRest,
}

/// The verdict of kstatus on a custom resource.
pub(crate) fn kstatus(object: &Value) -> Kstatus {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Kstatus::Terminating;
    }
    let (generation, observed) = (generation(object), observed_generation(object));
    if generation.is_some() && observed.is_some() && generation != observed {
        return Kstatus::InProgress;
    }
    let verdict = conditions(object).find_map(|condition| {
        match (condition["type"].as_str(), condition["status"].as_str()) {
            (Some("Reconciling"), Some("True")) => Some(Kstatus::InProgress),
            (Some("Stalled"), Some("True")) => Some(Kstatus::Failed),
            _ => None,
        }
    });
    match (verdict, status_of(object, "Ready")) {
        (Some(verdict), _) => verdict,
        (None, Some("True") | None) => Kstatus::Current,
        (None, Some(_)) => Kstatus::InProgress,
    }
}

/// Whether `kubectl wait --for=condition=Ready` returns.
pub(crate) fn kubectl_wait_returns(object: &Value) -> bool {
    let Some(ready) = condition(object, "Ready") else {
        return false;
    };
    let observed = ready["observedGeneration"]
        .as_i64()
        .or_else(|| observed_generation(object));
    let stale = observed.is_some_and(|observed| Some(observed) < generation(object));
    ready["status"] == "True" && !stale
}

/// The identifiers of Flux's rules that the object breaks. FAIL0011 belongs to objects in progress, FAIL0003 to those at
/// rest: an object at work may say that it does not know yet.
pub(crate) fn flux_violations(object: &Value, moment: Moment) -> Vec<&'static str> {
    let ready = status_of(object, "Ready");
    let reconciling = status_of(object, "Reconciling");
    let stalled = status_of(object, "Stalled");
    let is_ready = ready == Some("True");
    let (generation, root) = (generation(object), observed_generation(object));
    let observed = |condition: &Value| condition["observedGeneration"].as_i64();
    let broken = [
        (
            "FAIL0001",
            is_ready && [reconciling, stalled].contains(&Some("True")),
        ),
        ("FAIL0002", ready.is_none()),
        (
            "FAIL0003",
            moment == Moment::AtRest && reconciling == Some("True") && ready != Some("False"),
        ),
        (
            "FAIL0004",
            stalled == Some("True") && ready != Some("False"),
        ),
        ("FAIL0005", reconciling.is_some() && stalled.is_some()),
        ("FAIL0006", root > generation),
        ("FAIL0007", root < generation && is_ready),
        (
            "FAIL0008",
            is_ready && conditions(object).any(|condition| observed(condition) < generation),
        ),
        (
            "FAIL0009",
            is_ready && conditions(object).any(|condition| observed(condition) != root),
        ),
        (
            "FAIL0011",
            moment == Moment::InProgress && ready == Some("Unknown") && reconciling != Some("True"),
        ),
        (
            "WARN0001",
            is_ready && (reconciling.is_some() || stalled.is_some()),
        ),
        ("WARN0002", mirrors_nothing(object)),
        ("WARN0003", reconciling == Some("False")),
        ("WARN0004", stalled == Some("False")),
        (
            "WARN0005",
            conditions(object).any(|condition| observed(condition).is_none()),
        ),
    ];
    broken
        .into_iter()
        .filter(|(_, is_broken)| *is_broken)
        .map(|(rule, _)| rule)
        .collect()
}

/// What is wrong with the statuses that were written, one line each, where `versions` are objects in the order of their
/// changes. A status has to speak of the generation that it was written for, to break no rule of Flux's, to be `Current`
/// exactly when it is Ready, and to name no operation before the object owns what the operation makes.
pub(crate) fn misleading_statuses(versions: &[Value]) -> Vec<String> {
    let mut known: HashMap<&str, &Value> = HashMap::new();
    let mut wrong = Vec::new();
    for object in versions {
        let (metadata, status) = (&object["metadata"], &object["status"]);
        let before = known.insert(metadata["uid"].as_str().unwrap_or_default(), status);
        if status["conditions"].is_null() || before == Some(status) {
            continue;
        }
        let is_ready = status_of(object, "Ready") == Some("True");
        let is_going = !metadata["deletionTimestamp"].is_null();
        let rules = flux_violations(object, Moment::InProgress);
        let complaints = [
            (
                observed_generation(object) != generation(object),
                "speaks of another generation".to_owned(),
            ),
            (!rules.is_empty(), format!("breaks {rules:?}")),
            (
                (kstatus(object) == Kstatus::Current) != (is_ready && !is_going),
                "kstatus disagrees with Ready".to_owned(),
            ),
            (
                kubectl_wait_returns(object) != is_ready,
                "kubectl wait disagrees with Ready".to_owned(),
            ),
            (
                status["ownership"].is_null() && !status["operation"].is_null(),
                "an operation that nobody owns".to_owned(),
            ),
        ];
        let complaints = complaints.into_iter().filter(|(is_wrong, _)| *is_wrong);
        wrong.extend(complaints.map(|(_, complaint)| format!("{complaint}: {object:#}")));
    }
    wrong
}

/// Whether `Ready` says another reason than `Stalled`, the worse of the two negative conditions. `Reconciling` tells how
/// the work goes on (`ProgressingWithRetry`) and may differ.
fn mirrors_nothing(object: &Value) -> bool {
    let stalled = condition(object, "Stalled").filter(|condition| condition["status"] == "True");
    let ready = condition(object, "Ready");
    stalled.is_some_and(|stalled| ready.is_some_and(|ready| ready["reason"] != stalled["reason"]))
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    conditions(object).find(|condition| condition["type"] == kind)
}

fn status_of<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    condition(object, kind)?["status"].as_str()
}

fn generation(object: &Value) -> Option<i64> {
    object["metadata"]["generation"].as_i64()
}

fn observed_generation(object: &Value) -> Option<i64> {
    object["status"]["observedGeneration"].as_i64()
}
