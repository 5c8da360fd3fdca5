//! The simulator's behaviour, in-process and under paused time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "tables of `json!` values, written where they are used"
)]

mod access;
mod databases;
mod entra;
mod faults;
mod harness;
mod locks;
mod operations;
mod paging;
mod secrets;
mod tenancy;
mod throttling;
mod token_faults;
mod tokens;
mod validation;
mod wire;
mod world;
