//! A Kubernetes and an Azure to run the operator against, on this machine and without containers:
//! etcd and kube-apiserver built from pinned Go modules, the ARM simulator and the operator itself,
//! each a child process on a free loopback port. Helm, Flux and Argo CD run beside them when a test
//! asks for them.
//!
//! Used by `make demo`, the end-to-end tests and the benchmarks. Whatever is started here is stopped
//! when its owner is dropped, after a panic too, and even when the parent process is killed
//! (see [`process`]). Logs stay in a directory that every error names (see [`Logs`]).

pub mod argocd;
pub mod control_plane;
mod controller_manager;
pub mod demo;
mod error;
pub mod flux;
pub mod git;
pub mod helm;
mod judge;
pub mod logs;
mod loopback;
pub mod measure;
pub mod objects;
pub mod operator;
pub mod paths;
mod ports;
pub mod process;
pub mod schemas;
pub mod simulator;
pub mod status_judge;
pub mod tools;
pub mod wait;

pub use argocd::{ArgoCd, ArgoHealth};
pub use control_plane::ControlPlane;
pub use controller_manager::KubeControllerManager;
pub use error::TestbedError;
pub use flux::Flux;
pub use git::{GitRepository, GitServer};
pub use helm::{Helm, HelmVersion};
pub use logs::Logs;
pub use objects::{ObjectId, Objects};
pub use operator::{OperatorOptions, OperatorProcess};
pub use simulator::{SimulatorOptions, SimulatorProcess, World};
pub use status_judge::StatusJudge;
pub use tools::{Tool, Tools};
pub use wait::{NotYet, WaitError, eventually};
