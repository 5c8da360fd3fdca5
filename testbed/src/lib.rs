//! A Kubernetes and an Azure to run the operator against, on this machine and without containers:
//! etcd and kube-apiserver built from pinned Go modules, the ARM simulator and the operator itself,
//! each a child process on a free loopback port.
//!
//! Used by `make demo`, the end-to-end tests and the benchmarks. Whatever is started here is stopped
//! when its owner is dropped, after a panic too, and even when the parent process is killed
//! (see [`process`]). Logs stay in a directory that every error names (see [`Logs`]).

pub mod control_plane;
pub mod demo;
mod error;
pub mod logs;
mod loopback;
pub mod measure;
pub mod operator;
pub mod paths;
pub mod process;
pub mod simulator;
pub mod tools;
pub mod wait;

pub use control_plane::ControlPlane;
pub use error::TestbedError;
pub use logs::Logs;
pub use operator::{OperatorOptions, OperatorProcess};
pub use simulator::{SimulatorOptions, SimulatorProcess, World};
pub use tools::Tools;
pub use wait::{NotYet, WaitError, eventually};
