//! What Flux, Helm and Argo CD make of every status that the operator writes, by their own code.
//!
//! Stories on virtual time give the statuses: every stage of a life under every trouble that has a name. kstatus (the original
//! and Flux's fork of it), Flux's checker of conditions and Argo CD with this project's script judge each of them, and
//! have to say what the contract says of the state that it is in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use testbed::argocd::Health;
use testbed::status_judge::Verdict;
use testbed::{ArgoHealth, StatusJudge};

#[path = "health/access.rs"]
mod access;
#[path = "support/api_server/mod.rs"]
mod api_server;
#[path = "health/azure.rs"]
mod azure;
#[path = "health/clusters.rs"]
mod clusters;
#[path = "health/contract.rs"]
mod contract;
#[path = "support/harness.rs"]
mod harness;
#[path = "support/in_process.rs"]
mod in_process;
#[path = "health/lives.rs"]
mod lives;
#[path = "support/oracles.rs"]
mod oracles;
#[path = "support/recorder.rs"]
mod recorder;
#[path = "health/story.rs"]
mod story;

use contract::{Checker, State, is_spoken_of, is_suspended, look, reason, told};
use oracles::{Moment, flux_violations};

/// The types of conditions that are bad news when True, the worst first.
const NEGATIVE: [&str; 2] = ["Stalled", "Reconciling"];

/// How many looks there are at least: what was found, rounded down, so that nobody loses stories unawares.
const LOOKS: usize = 360;

/// How many reasons of Ready there are at least.
const REASONS: usize = 60;

/// The script, where Argo CD would look for it.
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/examples/argocd/resource_customizations/adx-follower.dev/AttachedDatabase/health.lua"
);

/// One object of each look.
fn looks() -> Vec<Value> {
    let stories = [
        access::stories(),
        azure::stories(),
        clusters::stories(),
        lives::stories(),
    ];
    let versions = story::tell(stories.into_iter().flatten().collect());
    let looks: BTreeMap<String, Value> = versions
        .into_iter()
        .map(|object| (look(&object), object))
        .collect();
    looks.into_values().collect()
}

/// What the judges say of an object that the contract does not.
fn complaints(object: &Value, verdict: &Verdict, health: &Health) -> Vec<String> {
    let state = match State::of(object) {
        Ok(state) => state,
        Err(complaint) => return vec![complaint],
    };
    let mut wrong = Vec::new();
    let mut compare = |judge: &str, found: &str, expected: &str| {
        if found != expected {
            wrong.push(format!(
                "{judge} says {found:?} to {state:?}, not {expected:?}"
            ));
        }
    };
    let expected = state.kstatus();
    for (judge, kstatus) in [
        ("kstatus", &verdict.kstatus),
        ("the kstatus of Flux", &verdict.flux_kstatus),
    ] {
        compare(judge, kstatus.status().unwrap_or("nothing"), expected);
    }
    // The judge by which all other tests go.
    let oracle = format!("{:?}", oracles::kstatus(object));
    compare("the oracle of this project", &oracle, expected);
    let suspended = is_suspended(object);
    compare("Argo CD", &health.status, state.argo_cd(suspended));
    if !suspended && !matches!(state, State::Unseen | State::Deleting) {
        let expected = told(object).unwrap_or_default();
        compare("the message of Argo CD", &health.message, &expected);
    }
    let findings = match state.checker() {
        Checker::AtRest => &verdict.at_rest,
        Checker::InProgress => &verdict.in_progress,
    };
    let findings = findings.failures.iter().chain(&findings.warnings);
    // What nobody has looked at has no conditions, and the rules are about who writes them.
    wrong.extend(
        findings
            .filter(|_| is_spoken_of(object))
            .map(|it| format!("Flux's checker finds in {state:?}: {it}")),
    );
    let broken = flux_violations(object, Moment::AtRest);
    let broken = broken.iter().filter(|rule| rule.starts_with("FAIL"));
    if broken.clone().count() != verdict.at_rest.failures.len() {
        let (broken, found): (Vec<_>, _) = (broken.collect(), &verdict.at_rest.failures);
        wrong.push(format!("{broken:?} is not what Flux finds: {found:?}"));
    }
    wrong
}

#[test]
fn every_status_means_to_its_readers_what_the_contract_says() {
    let objects = looks();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (verdicts, healths) = runtime.block_on(async {
        let judge = StatusJudge::new(&NEGATIVE).await.unwrap();
        let argo_cd = ArgoHealth::new().await.unwrap();
        let verdicts = judge.judge(&objects).await.unwrap();
        let healths = argo_cd.judge(Path::new(SCRIPT), &objects).await.unwrap();
        (verdicts, healths)
    });

    let wrong: Vec<String> = objects
        .iter()
        .zip(verdicts.iter().zip(&healths))
        .flat_map(|(object, (verdict, health))| {
            let complaints = complaints(object, verdict, health);
            complaints
                .into_iter()
                .map(move |complaint| format!("{complaint}\n{object:#}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} complaints:\n{}",
        wrong.len(),
        wrong.join("\n")
    );

    let seen: BTreeSet<(State, bool)> = objects
        .iter()
        .filter_map(|object| Some((State::of(object).ok()?, is_suspended(object))))
        .collect();
    for state in State::ALL {
        assert!(seen.contains(&(state, false)), "no story has {state:?}");
    }
    for state in [State::Unseen, State::Deleting] {
        assert!(
            seen.contains(&(state, true)),
            "no suspended one is {state:?}"
        );
    }
    let reasons: BTreeSet<&str> = objects.iter().filter_map(reason).collect();
    assert!(reasons.len() >= REASONS, "{}: {reasons:?}", reasons.len());
    assert!(objects.len() >= LOOKS, "{} looks", objects.len());
}
