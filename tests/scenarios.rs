//! What a follower can be, on virtual time: each numbered point of adoption, `*`, drift, pre-flight, lanes and deletion.
//!
//! Every status that is written on the way is judged by the rules of kstatus and Flux when its harness goes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "scenarios/adoption.rs"]
mod adoption;
#[path = "support/api_server/mod.rs"]
mod api_server;
#[path = "scenarios/claims.rs"]
mod claims;
#[path = "scenarios/clusters.rs"]
mod clusters;
#[path = "scenarios/crowd.rs"]
mod crowd;
#[path = "scenarios/deletion.rs"]
mod deletion;
#[path = "scenarios/drift.rs"]
mod drift;
#[path = "support/harness.rs"]
mod harness;
#[path = "scenarios/identities.rs"]
mod identities;
#[path = "support/in_process.rs"]
mod in_process;
#[path = "support/oracles.rs"]
mod oracles;
#[path = "scenarios/preflight.rs"]
mod preflight;
#[path = "scenarios/rapid.rs"]
mod rapid;
#[path = "scenarios/readable.rs"]
mod readable;
#[path = "support/recorder.rs"]
mod recorder;
#[path = "scenarios/replicas.rs"]
mod replicas;
#[path = "scenarios/shared_reads.rs"]
mod shared_reads;
#[path = "scenarios/suspend.rs"]
mod suspend;
#[path = "scenarios/tenancy.rs"]
mod tenancy;
#[path = "scenarios/tokens.rs"]
mod tokens;

use serde_json::Value;

/// Checks that the condition `kind` says each of `parts`.
fn assert_says(object: &Value, kind: &str, parts: &[&str]) {
    let said = harness::message(object, kind).unwrap_or_else(|| panic!("no {kind}: {object:#}"));
    for part in parts {
        assert!(
            said.contains(part),
            "{kind} does not say {part:?} but {said:?}"
        );
    }
}
