//! What is checked before the first write, so that a mistake costs a sentence and not a failed operation. Pure.

use crate::azure::{
    id::same_region,
    model::{Cluster, ClusterState},
};

use super::{
    block::Block,
    readable::{name_on_follower, taken},
    snapshot::{Databases, Leader, LeaderDatabases, OperationKind},
    validate::{Database, Desired},
};

/// The result of the checks.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A write may be sent.
    Clear,
    /// The leader has to be looked at first.
    LookAtLeader,
    /// A write would fail, or do harm.
    Blocked(Block),
}

/// A write that may be sent, and what its author should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// How an operation goes can't be followed for want of a right; live state alone is looked at (faults.md A8).
    OperationNotVisible,
    /// The leader takes streaming ingestion and the follower does not: streamed data would not show (arm-kusto.md §6).
    StreamingIngestionOff,
    /// One of the clusters has a customer-managed key: neither may take part in further followings, and a revoked key
    /// suspends both (arm-kusto.md §6).
    CustomerManagedKey,
}

/// Whether operations could be followed lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Polls {
    /// None was asked for by this process: what status says holds.
    #[default]
    AsTold,
    /// Azure refused for want of a right.
    Denied,
    /// Nothing speaks against it.
    Fine,
}

/// Checks a write of `kind` that would make `desired` true on `follower`.
#[must_use]
pub fn check(
    desired: &Desired,
    kind: OperationKind,
    follower: &Cluster,
    leader: &Leader,
    databases: &Databases,
) -> Verdict {
    match kind {
        OperationKind::Attach => match check_leader(follower, leader) {
            Verdict::Clear => check_name(desired, databases),
            verdict @ (Verdict::LookAtLeader | Verdict::Blocked(_)) => verdict,
        },
        // It is attached already, so the leader was fine; a new name may still be taken.
        OperationKind::Update => check_name(desired, databases),
        OperationKind::Detach => Verdict::Clear,
    }
}

fn check_leader(follower: &Cluster, leader: &Leader) -> Verdict {
    let (cluster, databases) = match leader {
        Leader::NotRead => return Verdict::LookAtLeader,
        Leader::Absent => return Verdict::Blocked(Block::LeaderNotFound),
        Leader::Unknown(failure) => return Verdict::Blocked(Block::LeaderFailure(failure.clone())),
        Leader::Present { cluster, databases } => (cluster, databases),
    };
    if !same_region(&follower.location, &cluster.location) {
        return Verdict::Blocked(Block::RegionMismatch {
            follower: follower.location.clone(),
            leader: cluster.location.clone(),
        });
    }
    match &cluster.state {
        ClusterState::Running | ClusterState::Updating => {}
        state @ (ClusterState::Creating
        | ClusterState::Unavailable
        | ClusterState::Deleting
        | ClusterState::Deleted
        | ClusterState::Stopping
        | ClusterState::Stopped
        | ClusterState::Starting
        | ClusterState::Migrated
        | ClusterState::Other(_)) => {
            return Verdict::Blocked(Block::LeaderNotRunning {
                state: state.as_str().to_owned(),
            });
        }
    }
    match databases {
        LeaderDatabases::NotRead => Verdict::LookAtLeader,
        LeaderDatabases::Unknown(failure) => {
            Verdict::Blocked(Block::LeaderFailure(failure.clone()))
        }
        LeaderDatabases::Missing => Verdict::Blocked(Block::LeaderDatabaseNotFound),
        LeaderDatabases::Found | LeaderDatabases::Names(_) => Verdict::Clear,
    }
}

/// Of all databases the others are attached although one name is taken; that is told afterwards.
fn check_name(desired: &Desired, databases: &Databases) -> Verdict {
    let Database::One(name) = &desired.database else {
        return Verdict::Clear;
    };
    match databases {
        Databases::NotRead => Verdict::Clear,
        Databases::Unknown(failure) => Verdict::Blocked(Block::Failure(failure.clone())),
        Databases::Listed(databases) => {
            match taken(desired, &[name_on_follower(desired, name)], databases) {
                Some((name, holder)) => Verdict::Blocked(Block::NameTaken { name, holder }),
                None => Verdict::Clear,
            }
        }
    }
}

/// What the author should know of two clusters that are both known.
#[must_use]
pub fn advice(follower: &Cluster, leader: &Leader) -> Vec<Advice> {
    let Leader::Present {
        cluster: leader, ..
    } = leader
    else {
        return Vec::new();
    };
    let mut advice = Vec::new();
    if leader.streaming_ingest && !follower.streaming_ingest {
        advice.push(Advice::StreamingIngestionOff);
    }
    if leader.customer_managed_key || follower.customer_managed_key {
        advice.push(Advice::CustomerManagedKey);
    }
    advice
}

#[cfg(test)]
mod tests;
