//! Keeps Azure Data Explorer follower databases as declared.
//!
//! | Module | Owns |
//! |---|---|
//! | [`api`] | the `AttachedDatabase` resource: types, admission rules, CRD |
//! | [`azure`] | Azure Resource Manager: ids, wire types, operations, errors, credentials; knows nothing of Kubernetes |
//! | [`controller`] | one pass: gather, validate, decide, act, report, publish |
//! | [`lint`] | manifests checked without a cluster |
//! | [`app`] | wiring |
//! | [`commands`] | `diff`, `import`, `followers`, `doctor`: Azure asked for a person |
//! | [`cli`], [`config`] | arguments, checked once |
//! | [`kubernetes`], [`identity`] | the client of the API server, and those of Azure for each identity |
//! | [`server`], [`readiness`], [`metrics`], [`telemetry`], [`shutdown`], [`clock`], [`error_chain`] | running as a service |

pub mod api;
pub mod app;
pub mod azure;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod controller;
pub mod error_chain;
pub mod identity;
pub mod kubernetes;
pub mod leader;
pub mod lint;
pub mod metrics;
pub mod readiness;
pub mod server;
pub mod shutdown;
pub mod telemetry;
