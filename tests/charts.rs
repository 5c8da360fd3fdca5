//! The Helm charts: what they render for each profile of values, and that it is what the program needs and no more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[path = "charts/bases.rs"]
mod bases;
#[path = "generated/chart.rs"]
#[allow(dead_code, reason = "the other half makes files")]
mod chart;
#[path = "charts/helm.rs"]
mod helm;
#[path = "charts/identity.rs"]
mod identity;
#[path = "charts/installed.rs"]
mod installed;
#[path = "charts/monitoring.rs"]
mod monitoring;
#[path = "charts/objects.rs"]
mod objects;
#[path = "charts/pods.rs"]
mod pods;
#[path = "charts/refusals.rs"]
mod refusals;
#[path = "charts/renders.rs"]
mod renders;
#[path = "charts/rights.rs"]
mod rights;
#[path = "charts/values.rs"]
mod values;
