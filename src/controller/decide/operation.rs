//! What the last operation means for the next one. Pure.

use super::{Decision, PROVISIONING_PATIENCE, UNREADABLE_PATIENCE, VISIBILITY_GRACE, Wait};
use crate::{
    azure::model::{Cluster, ClusterState, ProvisioningState},
    controller::{
        block::Block,
        snapshot::{End, Follower, Object, Operation},
    },
};

/// Whether the last operation forbids a new one for now.
pub(super) fn unfinished(operation: &Operation) -> Option<Decision> {
    match operation {
        Operation::Ended {
            end: End::Failed(failure),
            ..
        } => Some(Decision::Blocked(Block::Failure(failure.clone()))),
        Operation::Ended {
            end: End::Succeeded,
            ..
        }
        | Operation::None
        | Operation::Intended(_)
        | Operation::Doubtful { .. }
        | Operation::Unreadable { .. } => outstanding(operation).map(Decision::Wait),
    }
}

/// What to wait for while the result of the last operation may still show up.
pub(super) fn outstanding(operation: &Operation) -> Option<Wait> {
    match *operation {
        Operation::Doubtful { kind, age } => {
            (age < VISIBILITY_GRACE).then_some(Wait::Outcome(kind))
        }
        Operation::Unreadable { kind, age } => {
            (age < UNREADABLE_PATIENCE).then_some(Wait::Outcome(kind))
        }
        Operation::Ended {
            kind,
            end: End::Succeeded,
            since,
        } => (since < VISIBILITY_GRACE).then_some(Wait::Visibility(kind)),
        Operation::Ended {
            end: End::Failed(_),
            ..
        }
        | Operation::None
        | Operation::Intended(_) => None,
    }
}

/// Waits for a change in Azure that nobody here follows, and says so when it does not end. Nothing can be sent meanwhile:
/// ARM refuses what comes before the state is terminal (`RequestConflict`, arm-kusto.md §7).
pub(super) fn in_progress(state: &str, object: &Object) -> Decision {
    let state = state.to_owned();
    if object.waiting_for < PROVISIONING_PATIENCE {
        Decision::Wait(Wait::Provisioning { state })
    } else {
        Decision::Blocked(Block::ProvisioningStuck { state })
    }
}

/// Why no write may be sent to a follower.
pub(super) enum Obstacle {
    /// It goes away by itself.
    Passing(Wait),
    /// It does not.
    Lasting(Block),
}

/// A follower that does not run, or is not there, explains all else that can be seen of it.
pub(in crate::controller) fn explains_all(follower: &Follower) -> Option<Block> {
    match usable(follower) {
        Err(Obstacle::Lasting(
            block @ (Block::FollowerNotRunning { .. } | Block::FollowerNotFound),
        )) => Some(block),
        Ok(_) | Err(_) => None,
    }
}

/// The follower, when a write may be sent to it.
pub(super) fn usable(follower: &Follower) -> Result<&Cluster, Obstacle> {
    let passing = |state: &str| {
        Err(Obstacle::Passing(Wait::Follower {
            state: state.to_owned(),
        }))
    };
    let cluster = match follower {
        Follower::Present(cluster) => cluster,
        Follower::Absent => return Err(Obstacle::Lasting(Block::FollowerNotFound)),
        Follower::Unknown(failure) => {
            return Err(Obstacle::Lasting(Block::Failure(failure.clone())));
        }
        // Unreachable by construction: a wanted object reads its follower.
        Follower::NotRead => return passing("not known yet"),
    };
    match &cluster.state {
        ClusterState::Running => {}
        ClusterState::Creating
        | ClusterState::Starting
        | ClusterState::Updating
        | ClusterState::Stopping => {
            return passing(cluster.state.as_str());
        }
        ClusterState::Stopped
        | ClusterState::Unavailable
        | ClusterState::Deleting
        | ClusterState::Deleted
        | ClusterState::Migrated
        | ClusterState::Other(_) => {
            return Err(Obstacle::Lasting(Block::FollowerNotRunning {
                state: cluster.state.as_str().to_owned(),
                reason: cluster.state_reason.clone(),
            }));
        }
    }
    match &cluster.provisioning_state {
        // A failed or cancelled update of the cluster does not keep it from serving writes (arm-kusto.md §4).
        ProvisioningState::Succeeded | ProvisioningState::Failed | ProvisioningState::Canceled => {
            Ok(cluster)
        }
        // ARM rejects every PUT below a cluster that is being updated (arm-kusto.md §4).
        ProvisioningState::InProgress(state) => passing(state),
    }
}
