//! Keeps each `AttachedDatabase` true: from a watch to passes.
//!
//! | Step | | |
//! |---|---|---|
//! | [`gather`], [`look`], [`reads`] | all reads, shared between objects | I/O |
//! | [`validate`] | spec → `Desired` | pure |
//! | [`diff`] | declared against live | pure |
//! | [`access`], [`sessions`] | who is served, as whom, and what that identity was shown | pure; I/O |
//! | [`preflight`], [`readable`], [`block`] | before the first write, after the last, and what stands in the way | pure |
//! | [`decide`] | snapshot → one effect, or what to wait for | pure, total |
//! | [`act`] | one write to ARM | I/O |
//! | [`report`] | outcome → status and events | pure |
//! | [`publish`] | writes to the API server | I/O |
//! | [`retry`], [`lane`], [`claims`], [`turns`] | when, who first, and whose | pure |
//!
//! [`pass`] drives the steps, [`mod@reconcile`] the passes of one object, [`run`] those of all.

pub mod access;
pub mod act;
pub mod block;
pub mod claims;
pub mod context;
pub mod decide;
pub mod diff;
pub mod failure;
mod follow;
pub mod gather;
pub mod lane;
pub mod look;
pub mod memory;
pub mod outcome;
pub mod pass;
pub mod preflight;
pub mod publish;
pub mod readable;
pub mod reads;
pub mod reconcile;
pub mod report;
pub mod retry;
pub mod sessions;
pub mod snapshot;
pub mod turns;
pub mod validate;
pub mod watch;

pub use access::{Account, Identity, OwnIdentities, Tenancy};
pub use context::{Context, Parts, Settings};
pub use sessions::Connect;
pub use watch::{Watch, run};
