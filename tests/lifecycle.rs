//! The main job on virtual time: attach, keep true, repair, detach.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/api_server/mod.rs"]
mod api_server;
#[path = "lifecycle/attach.rs"]
mod attach;
#[path = "lifecycle/deletion.rs"]
mod deletion;
#[path = "lifecycle/faults.rs"]
mod faults;
#[path = "support/harness.rs"]
mod harness;
#[path = "support/in_process.rs"]
mod in_process;
#[path = "lifecycle/matrix.rs"]
mod matrix;
#[path = "support/oracles.rs"]
mod oracles;
#[path = "support/recorder.rs"]
mod recorder;
#[path = "lifecycle/regressions.rs"]
mod regressions;
#[path = "lifecycle/truth.rs"]
mod truth;

use harness::Harness;

/// The journal in short: method, last two segments of the path, status.
fn story(harness: &Harness) -> Vec<String> {
    harness
        .arm
        .journal()
        .iter()
        .map(|entry| {
            let url = entry.request.url.split('?').next().unwrap();
            let segments: Vec<&str> = url.rsplit('/').take(2).collect();
            format!(
                "{} {}/{} {}",
                entry.request.method,
                segments[1],
                segments[0],
                entry.status().unwrap_or_default()
            )
        })
        .collect()
}

fn writes(harness: &Harness) -> usize {
    harness
        .arm
        .journal()
        .iter()
        .filter(|entry| entry.is_write())
        .count()
}
