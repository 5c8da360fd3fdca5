//! What a pass learns from what it has seen.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::{
    api::{AttachedDatabaseSpec, Drift},
    azure::model::Change,
    controller::{
        block::Block,
        diff::Difference,
        preflight::advice,
        readable::shown,
        report::Seen,
        snapshot::{Azure, End, Follower, Leader, Operation, OperationKind, Remote},
    },
};

use super::Pass;

impl Pass<'_> {
    /// Remembers what was seen of the clusters.
    pub(super) fn see(&mut self, azure: &Azure) {
        self.seen.polls = self.memory.polls;
        let Azure::Read(sight) = azure else { return };
        let follower = match &sight.follower {
            Follower::Present(cluster) => Some(cluster),
            Follower::NotRead | Follower::Absent | Follower::Unknown(_) => None,
        };
        let leader = match &sight.leader {
            Leader::Present { cluster, .. } => Some(cluster),
            Leader::NotRead | Leader::Absent | Leader::Unknown(_) => None,
        };
        self.seen = Seen {
            polls: self.memory.polls,
            follower: follower.map(|cluster| cluster.state.clone()),
            leader: leader.map(|cluster| cluster.state.clone()),
            advice: follower
                .zip(leader)
                .map(|(follower, _)| advice(follower, &sight.leader)),
            databases: self
                .desired
                .as_ref()
                .and_then(|desired| shown(desired, &sight.databases)),
        };
    }

    /// What of `differences` is drift.
    pub(super) fn drift(
        &self,
        kind: OperationKind,
        differences: &[Difference],
        azure: &Azure,
    ) -> Vec<Drift> {
        match kind {
            OperationKind::Attach | OperationKind::Update => {
                self.subject().drift(differences, last_change(azure))
            }
            OperationKind::Detach => Vec::new(),
        }
    }

    /// Remembers drift that is not being corrected.
    pub(super) fn note_drift(&mut self, block: &Block, azure: &Azure) {
        if let Block::Drifted(differences) | Block::Contested { differences, .. } = block {
            self.record.drift = self.subject().drift(differences, last_change(azure));
        } else if *block == Block::NotAttached {
            self.record.drift = self.subject().drift(&[], None);
        }
    }
}

/// Who changed the configuration last, where ARM tells.
fn last_change(azure: &Azure) -> Option<&Change> {
    let Azure::Read(sight) = azure else {
        return None;
    };
    match &sight.configuration {
        Remote::Present(live) => live.changed.as_ref(),
        Remote::Absent | Remote::NoFollower | Remote::Unknown(_) => None,
    }
}

/// Whether `block` says what became of the operation, and not only that it can't be told.
pub(super) fn is_over(azure: &Azure, block: &Block) -> bool {
    let Azure::Read(sight) = azure else {
        return false;
    };
    match &sight.operation {
        Operation::Ended {
            end: End::Failed(_),
            ..
        } => !matches!(sight.configuration, Remote::Unknown(_)),
        // What it led to was seen, unless that is just what failed.
        Operation::Ended {
            end: End::Succeeded,
            ..
        } => !matches!(
            block,
            Block::Failure(_) | Block::FollowerNotRunning { .. } | Block::FollowerNotFound
        ),
        Operation::None
        | Operation::Intended(_)
        | Operation::Doubtful { .. }
        | Operation::Unreadable { .. } => false,
    }
}

/// Whether the intent of an operation is durable whose request was not sent.
pub(super) fn is_unsent(azure: &Azure) -> bool {
    match azure {
        Azure::Read(sight) => matches!(sight.operation, Operation::Intended(_)),
        Azure::NotRead | Azure::Operating(_) => false,
    }
}

/// Stands for all that `spec` asks for, whether it is suspended or not.
pub(super) fn fingerprint(spec: &AttachedDatabaseSpec) -> u64 {
    let wish = AttachedDatabaseSpec {
        suspend: false,
        ..spec.clone()
    };
    // A spec is JSON; should it not be, every one is another.
    let text = serde_json::to_string(&wish).unwrap_or_default();
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
