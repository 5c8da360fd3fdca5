//! The settings of a simulator, shared by the command line and by tests that run it in-process.

use std::time::Duration;

use crate::clock::Clock;

/// How a simulator behaves. `Options::default()` is the behaviour that recorded traffic shows.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long attach, detach, start and stop take; recorded values are about 20 s (arm-kusto.md §3.4).
    pub operation_duration: Duration,
    /// The source of time.
    pub clock: Clock,
    /// How long an issued token is good.
    pub token_lifetime: Duration,
    /// Token audiences that ARM accepts, without a trailing slash.
    pub audiences: Vec<String>,
    /// The tenant of managed-identity tokens and of tokens from [`crate::Simulator::mint_token`].
    pub tenant_id: String,
    /// The client id of managed-identity tokens when the request names none.
    pub managed_identity_client_id: String,
    /// Most items in one page of a list that asks for no other number.
    pub page_size: usize,
    /// Whether writes answer as recorded or as documented.
    pub answers: Answers,
    /// What a second operation on a busy cluster gets.
    pub busy: Busy,
    /// What a cluster that is not running refuses besides its databases.
    pub stopped_cluster: StoppedCluster,
    /// Whether `Azure-AsyncOperation` carries a raw space in the region, as seen in 2022 (arm-kusto.md §3.1).
    pub raw_space_in_poll_url: bool,
    /// The token buckets, or none.
    pub throttling: Option<Throttling>,
    /// Most calls the journal remembers; the oldest go first.
    pub journal_capacity: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            operation_duration: Duration::from_secs(20),
            clock: Clock::system(),
            token_lifetime: Duration::from_hours(1),
            audiences: [
                "https://management.azure.com",
                "https://management.core.windows.net",
            ]
            .map(str::to_owned)
            .to_vec(),
            tenant_id: "11111111-1111-4111-8111-111111111111".to_owned(),
            managed_identity_client_id: "22222222-2222-4222-8222-222222222222".to_owned(),
            page_size: 1000,
            answers: Answers::Recorded,
            busy: Busy::OperationFailure,
            stopped_cluster: StoppedCluster::Writes,
            raw_space_in_poll_url: false,
            throttling: Some(Throttling::default()),
            journal_capacity: 50_000,
        }
    }
}

/// How writes on configurations and databases answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Answers {
    /// 201 or 200 with `Azure-AsyncOperation` only, as in recorded traffic.
    Recorded,
    /// 202 with `Azure-AsyncOperation`, `Location` and `Retry-After`, as the API documents it.
    Documented,
}

/// What an operation gets that starts while another one holds the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Busy {
    /// It is accepted and its operation fails with `ServiceIsInMaintenance`.
    OperationFailure,
    /// It is refused at once: 409 `RequestConflict`.
    RequestConflict,
}

/// Which calls on configurations a cluster refuses that is not running. Databases are always refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum StoppedCluster {
    /// None.
    Never,
    /// PUT and DELETE.
    Writes,
    /// Reads too.
    Always,
}

/// The token buckets, one of each for every subscription and caller.
#[derive(Debug, Clone, Copy)]
pub struct Throttling {
    /// GET, polls included.
    pub reads: Bucket,
    /// PUT and PATCH; POST has a bucket of its own of the same size.
    pub writes: Bucket,
    /// DELETE.
    pub deletes: Bucket,
}

impl Default for Throttling {
    /// The first header values seen for reads (299) and the published ARM buckets for the rest (arm-kusto.md §8).
    fn default() -> Self {
        Self {
            reads: Bucket {
                capacity: 300,
                refill_per_second: 25,
            },
            writes: Bucket {
                capacity: 200,
                refill_per_second: 10,
            },
            deletes: Bucket {
                capacity: 200,
                refill_per_second: 10,
            },
        }
    }
}

/// A token bucket: full at first, then filled at a steady rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Most requests at once.
    pub capacity: u32,
    /// Requests won back each second.
    pub refill_per_second: u32,
}
