//! Long-running operations: what they are called, when they end, what they change. Pure.

use jiff::Timestamp;
use uuid::Uuid;

use super::State;
use crate::arm_id::{ClusterId, ClusterKey, name_key};
use crate::base64url;
use crate::world::{Configuration, Database, Properties, Stage};

/// `operationKind` as recorded (arm-kusto.md §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OperationKind {
    FollowerDatabaseCreate,
    FollowerDatabaseDetach,
    DatabaseCreate,
    DatabaseDelete,
    ClusterDelete,
    ClusterSuspend,
    ClusterResume,
}

impl OperationKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::FollowerDatabaseCreate => "FollowerDatabaseCreate",
            Self::FollowerDatabaseDetach => "FollowerDatabaseDetach",
            Self::DatabaseCreate => "DatabaseCreate",
            Self::DatabaseDelete => "DatabaseDelete",
            Self::ClusterDelete => "ClusterDelete",
            Self::ClusterSuspend => "ClusterSuspend",
            Self::ClusterResume => "ClusterResume",
        }
    }
}

/// Whether an operation still runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Running,
    Ended,
}

/// How an operation ends; decided when it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Succeeded,
    Failed(Failure),
    Canceled,
}

/// The error of a failed operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    /// `operationState`: `Failed`, or `BadInput` for what the caller got wrong.
    pub(crate) state: &'static str,
}

/// What an operation does to the world when it ends.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    Nothing,
    Attach {
        cluster: ClusterKey,
        name: String,
    },
    Update {
        cluster: ClusterKey,
        name: String,
        location: String,
        properties: Properties,
    },
    Detach {
        cluster: ClusterKey,
        name: String,
    },
    CreateDatabase {
        cluster: ClusterKey,
        database: Database,
    },
    DeleteDatabase {
        cluster: ClusterKey,
        name: String,
    },
    AlterHotCache {
        cluster: ClusterKey,
        name: String,
        period: String,
    },
    AlterDatabase {
        cluster: ClusterKey,
        database: Database,
    },
    DeleteCluster {
        cluster: ClusterKey,
    },
    SetClusterState {
        cluster: ClusterKey,
        done: &'static str,
        undone: &'static str,
    },
}

impl Change {
    pub(super) fn apply(self, state: &mut State) {
        match self {
            Self::Nothing => {}
            Self::Attach { cluster, name } => state.set_stage(&cluster, &name, Stage::Attached),
            Self::Update {
                cluster,
                name,
                location,
                properties,
            } => {
                let found = state
                    .held_mut(&cluster)
                    .and_then(|held| held.configurations.get_mut(&name_key(&name)));
                if let Some(configuration) = found {
                    let Configuration {
                        location: old_location,
                        properties: old,
                        stage,
                        cluster: _,
                        name: _,
                        attached: _,
                    } = configuration;
                    *old_location = location;
                    *old = properties;
                    *stage = Stage::Attached;
                }
            }
            Self::Detach { cluster, name } => {
                if let Some(held) = state.held_mut(&cluster) {
                    held.configurations.remove(&name_key(&name));
                }
            }
            Self::CreateDatabase { cluster, database } => {
                if let Some(held) = state
                    .held_mut(&cluster)
                    .filter(|held| held.cluster.database(&database.name).is_none())
                {
                    held.cluster.databases.push(database);
                }
            }
            Self::AlterDatabase { cluster, database } => {
                let key = name_key(&database.name);
                let found = state.held_mut(&cluster).and_then(|held| {
                    held.cluster
                        .databases
                        .iter_mut()
                        .find(|old| name_key(&old.name) == key)
                });
                if let Some(old) = found {
                    *old = database;
                }
            }
            Self::DeleteDatabase { cluster, name } => {
                let key = name_key(&name);
                if let Some(held) = state.held_mut(&cluster) {
                    held.cluster
                        .databases
                        .retain(|database| name_key(&database.name) != key);
                }
            }
            Self::AlterHotCache {
                cluster,
                name,
                period,
            } => {
                if let Some(held) = state.held_mut(&cluster) {
                    held.cluster
                        .hot_cache_overrides
                        .insert(name_key(&name), period);
                }
            }
            Self::DeleteCluster { cluster } => state.remove(&cluster),
            Self::SetClusterState {
                cluster,
                done,
                undone: _,
            } => set_cluster_state(state, &cluster, done),
        }
    }

    pub(super) fn undo(self, state: &mut State) {
        match self {
            Self::Attach { cluster, name } => state.set_stage(&cluster, &name, Stage::Failed),
            Self::Update { cluster, name, .. } | Self::Detach { cluster, name } => {
                state.set_stage(&cluster, &name, Stage::Attached);
            }
            Self::SetClusterState {
                cluster,
                done: _,
                undone,
            } => set_cluster_state(state, &cluster, undone),
            Self::Nothing
            | Self::CreateDatabase { .. }
            | Self::AlterDatabase { .. }
            | Self::DeleteDatabase { .. }
            | Self::AlterHotCache { .. }
            | Self::DeleteCluster { .. } => {}
        }
    }
}

fn set_cluster_state(state: &mut State, cluster: &ClusterKey, word: &str) {
    if let Some(held) = state.held_mut(cluster) {
        word.clone_into(&mut held.cluster.state);
    }
}

/// What is needed to start an operation.
#[derive(Debug)]
pub(crate) struct NewOperation {
    pub(crate) kind: OperationKind,
    pub(crate) cluster: ClusterId,
    pub(crate) location: String,
    pub(crate) started: Timestamp,
    pub(crate) ends: Timestamp,
    /// The cluster that stays busy until the operation ends.
    pub(crate) holds: Option<ClusterKey>,
    pub(crate) change: Change,
    pub(crate) ending: Ending,
}

/// A long-running operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) kind: OperationKind,
    pub(crate) cluster: ClusterId,
    pub(crate) location: String,
    pub(crate) started: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) progress: Progress,
    pub(crate) ending: Ending,
    pub(super) holds: Option<ClusterKey>,
    pub(super) change: Change,
    /// The signed query of the `Azure-AsyncOperation` URL.
    pub(crate) status_query: String,
    /// The signed query of the `Location` URL.
    pub(crate) location_query: String,
}

impl From<NewOperation> for Operation {
    fn from(new: NewOperation) -> Self {
        let id = Uuid::new_v4();
        let seeds = id.as_u64_pair();
        let NewOperation {
            kind,
            cluster,
            location,
            started,
            ends,
            holds,
            change,
            ending,
        } = new;
        let ticks = started.as_microsecond();
        Self {
            status_query: format!("api-version=2024-04-13&{}", signature(seeds.0, ticks)),
            location_query: format!(
                "api-version=2024-04-13&operationResultResponseType=Location&{}",
                signature(seeds.1, ticks)
            ),
            id: id.to_string(),
            kind,
            cluster,
            location,
            started,
            ends,
            progress: Progress::Running,
            ending,
            holds,
            change,
        }
    }
}

/// A signature as long as ARM's, which makes the whole URL about 3.3 KB (arm-kusto.md §3.1). It proves
/// nothing: what counts is that clients take URLs of this length and send them back unchanged.
fn signature(seed: u64, ticks: i64) -> String {
    // xorshift needs a state other than zero.
    let mut random = seed | 1;
    let mut text = |length: usize| -> String {
        (0..length)
            .map(|_| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                base64url::letter(u8::try_from((random >> 40) & 63).unwrap_or(0))
            })
            .collect()
    };
    format!("t={ticks}&c={}&s={}&h={}", text(2600), text(342), text(43))
}
