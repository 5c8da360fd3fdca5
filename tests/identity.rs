//! Identity faults A1 to A9, one by one: the operator's own credentials and transport against the simulator over TLS with
//! a private authority, in real time; what objects are told, with the whole controller on virtual time.
//!
//! No test leaves a secret in what was logged or told: [`azure::Azure`] and [`harness::Harness`] check that when they go.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "identity/accounts.rs"]
mod accounts;
#[path = "support/api_server/mod.rs"]
mod api_server;
#[path = "identity/azure.rs"]
mod azure;
#[path = "identity/challenge.rs"]
mod challenge;
#[path = "identity/entra.rs"]
mod entra;
#[path = "identity/expiry.rs"]
mod expiry;
#[path = "identity/files.rs"]
mod files;
#[path = "support/harness.rs"]
mod harness;
#[path = "support/in_process.rs"]
mod in_process;
#[path = "identity/machine.rs"]
mod machine;
#[path = "identity/misfit.rs"]
mod misfit;
#[path = "identity/network.rs"]
mod network;
#[path = "identity/objects.rs"]
mod objects;
#[path = "support/oracles.rs"]
mod oracles;
#[path = "support/recorder.rs"]
mod recorder;
#[path = "identity/relay.rs"]
mod relay;
#[path = "identity/token_rows.rs"]
mod token_rows;
