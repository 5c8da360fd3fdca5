//! The real binaries on a real kube-apiserver: what virtual time and fakes can't prove.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "e2e/admission.rs"]
mod admission;
#[path = "support/cases.rs"]
mod cases;
#[path = "e2e/chart.rs"]
mod chart;
#[path = "e2e/doctor.rs"]
mod doctor;
#[path = "e2e/follower.rs"]
mod follower;
#[path = "e2e/gitops.rs"]
mod gitops;
#[path = "e2e/identity.rs"]
mod identity;
#[path = "e2e/leader.rs"]
mod leader;
#[path = "e2e/leaks.rs"]
mod leaks;
#[path = "e2e/lifecycle.rs"]
mod lifecycle;
#[path = "e2e/mirror.rs"]
mod mirror;
#[path = "e2e/stage.rs"]
mod stage;
#[path = "e2e/tenancy.rs"]
mod tenancy;
