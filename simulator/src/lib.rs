//! A simulator of the Azure Resource Manager (ARM) API of Azure Data Explorer (Kusto) follower databases.
//!
//! It answers as recorded traffic shows the service to answer: attached database configurations, clusters,
//! databases, followers and long-running operations, with tokens, roles, throttling and faults. It runs as
//! the program `kusto-arm-simulator` ([`serve()`]), inside a test without a socket ([`Simulator::service`]),
//! where tokio's paused time makes a twenty-second operation take none, or beside a test ([`Background`]),
//! on a real socket with real TLS.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use kusto_arm_simulator::{Options, Simulator, World};
//!
//! let world = World::from_yaml(
//!     "clusters:
//!      - id: /subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1
//!        location: West Europe
//!        databases: [{name: Sales}]",
//! )?;
//! let simulator = Simulator::new(world, Options::default());
//! let token = simulator.mint_token("my-client", "https://management.azure.com");
//! let _service = simulator.service();
//! # let _ = token;
//! # Ok(())
//! # }
//! ```

mod arm;
mod arm_id;
mod auth;
mod background;
mod base64url;
pub mod cli;
mod clock;
mod control;
mod document;
mod duration;
mod faults;
mod glob;
mod inbound;
mod journal;
mod options;
mod rbac;
mod reply;
mod secrets;
mod serve;
mod service;
mod simulator;
mod state;
mod throttle;
pub mod tls;
mod world;

pub use background::{Background, BackgroundError};
pub use clock::Clock;
pub use document::DocumentError;
pub use journal::{JournalEntry, JournalRequest, JournalResponse};
pub use options::{Answers, Bucket, Busy, Options, StoppedCluster, Throttling};
pub use rbac::AccessCheck;
pub use secrets::Secrets;
pub use serve::{serve, serve_tls};
pub use service::{Aborted, SimulatorService};
pub use simulator::Simulator;
pub use world::{World, WorldError};
