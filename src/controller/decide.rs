//! From a snapshot to the one next thing to do. Pure and total.
//!
//! It knows no client, clock or Kubernetes object, and never decides from status, save for
//! ownership and the operation hint. One effect per step: the driver performs it, looks again and
//! asks again.

use std::time::Duration;

use crate::api::{DeletionPolicy, Ownership};
use crate::azure::{
    id::ConfigurationId,
    model::{Cluster, ClusterState, Configuration, ProvisioningState},
};

use super::{
    diff::{Comparison, Difference, compare},
    failure::Failure,
    snapshot::{
        Azure, End, Finalizer, Follower, Lane, Lifecycle, Object, Operation, OperationKind, Remote,
        Running, Snapshot,
    },
    validate::Desired,
};

/// How long a write with an unknown or not yet visible outcome is given to show up in a GET before
/// it is judged by what the GET says (30 s: the creation grace of faults.md §2.1).
pub const VISIBILITY_GRACE: Duration = Duration::from_secs(30);

/// How long an operation that ARM named, and now can't tell about, is taken for running. Attaches take 20 s
/// (arm-kusto.md §3.4); a second one beside it would fail both in ARM's eyes and in the user's.
pub const UNREADABLE_PATIENCE: Duration = Duration::from_mins(10);

/// The next step of a pass.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Do this, then decide again.
    Act(Effect),
    /// Nothing to do until something else happens.
    Wait(Wait),
    /// Live state is as declared.
    Settled(Box<Configuration>),
    /// The object is gone for us: no finalizer of ours holds it.
    Released,
    /// It can't go on as things are; it is tried again all the same.
    Blocked(Block),
}

/// One change, in Kubernetes or in Azure.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Put our finalizer on the object.
    AddFinalizer,
    /// Ask for the follower's lane: ADX fails a second operation on a cluster (`ServiceIsInMaintenance`).
    EnterLane {
        /// The operation that wants to begin.
        kind: OperationKind,
        /// What it is to change.
        differences: Vec<Difference>,
    },
    /// Record that an existing, equal configuration is ours from now on.
    Adopt(Box<Configuration>),
    /// Record ownership and the intent of an operation, durably, before its request is sent.
    Begin {
        /// The operation.
        kind: OperationKind,
        /// The ownership to record.
        ownership: Ownership,
        /// What the operation is to change; empty for an attach and a detach.
        differences: Vec<Difference>,
    },
    /// Send the PUT whose intent is recorded.
    Put {
        /// The operation.
        kind: OperationKind,
        /// What to declare.
        desired: Box<Desired>,
        /// The follower's region.
        location: String,
    },
    /// Send the DELETE whose intent is recorded.
    Delete(ConfigurationId),
    /// Let the object go.
    RemoveFinalizer(Release),
}

/// Why an object may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// The configuration does not exist any more.
    Detached,
    /// The follower does not exist any more.
    FollowerGone,
    /// `deletionPolicy: Orphan`: the configuration stays.
    Orphaned,
    /// Nothing was ever attached for this object.
    NothingOwned,
    /// Under the configuration's name there is one that follows something else: not ours to delete.
    Replaced,
}

/// What a pass waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// Our operation.
    Operation(Running),
    /// An operation that we have no URL for; the configuration's provisioning state tells its end.
    Provisioning {
        /// The state as ARM words it.
        state: String,
    },
    /// The outcome of a request that may have been sent.
    Outcome(OperationKind),
    /// A GET that agrees with an operation that ended well.
    Visibility(OperationKind),
    /// The follower's lane.
    Lane {
        /// Our place in it, from 1.
        place: usize,
    },
    /// A cluster that is changing its state by itself.
    Follower {
        /// The state as ARM words it.
        state: String,
    },
}

/// What stands in the way.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Azure refused, or could not be asked.
    Failure(Failure),
    /// The follower cluster does not exist.
    FollowerNotFound,
    /// The follower cluster does not run, and will not by itself.
    FollowerNotRunning {
        /// The state as ARM words it.
        state: String,
        /// ARM's reason, when it gives one.
        reason: Option<String>,
    },
    /// A configuration of this name follows something else.
    Conflict(Vec<Difference>),
    /// A configuration of this name exists, is not ours and differs.
    ExistsAndDiffers(Vec<Difference>),
    /// The operation succeeded, says Azure, and yet the configuration differs; empty when it does not exist.
    NotApplied(Vec<Difference>),
}

/// Decides the next step.
#[must_use]
pub fn decide(snapshot: &Snapshot) -> Decision {
    match &snapshot.object.lifecycle {
        Lifecycle::Wanted(desired) => wanted(desired, snapshot),
        Lifecycle::Deleting {
            policy,
            desired,
            configuration,
        } => deleting(*policy, desired.as_ref(), configuration.as_ref(), snapshot),
    }
}

fn wanted(desired: &Desired, snapshot: &Snapshot) -> Decision {
    let object = &snapshot.object;
    let (follower, configuration, operation) = match &snapshot.azure {
        // Unreachable by construction (a wanted object is always read); waiting is the safe answer.
        Azure::NotRead => {
            return Decision::Wait(Wait::Provisioning {
                state: String::new(),
            });
        }
        Azure::Operating(running) => return Decision::Wait(Wait::Operation(*running)),
        Azure::Read {
            follower,
            configuration,
            operation,
        } => (follower, configuration, operation),
    };
    let live = match configuration {
        Remote::Unknown(failure) => return Decision::Blocked(Block::Failure(failure.clone())),
        Remote::NoFollower => return Decision::Blocked(Block::FollowerNotFound),
        Remote::Absent => {
            return write(
                desired,
                snapshot,
                follower,
                operation,
                OperationKind::Attach,
                Vec::new(),
            );
        }
        Remote::Present(live) => live,
    };
    match (
        compare(desired, live),
        &live.provisioning_state,
        object.ownership,
    ) {
        // Ours by name only: left alone even while it changes.
        (Comparison::Foreign(differences), _, _) => Decision::Blocked(Block::Conflict(differences)),
        (_, ProvisioningState::InProgress(state), _) => Decision::Wait(Wait::Provisioning {
            state: state.clone(),
        }),
        (Comparison::Equal, _, _) => keep(object, live),
        (Comparison::Differs(differences), _, None) => {
            Decision::Blocked(Block::ExistsAndDiffers(differences))
        }
        (Comparison::Differs(differences), _, Some(_)) => write(
            desired,
            snapshot,
            follower,
            operation,
            OperationKind::Update,
            differences,
        ),
    }
}

/// Rests on a configuration that is as declared, after taking it over when nobody has yet. Without a finalizer,
/// which somebody may have removed, a deletion would leave it behind.
fn keep(object: &Object, live: &Configuration) -> Decision {
    let live = Box::new(live.clone());
    match (object.finalizer, object.ownership) {
        (Finalizer::Missing, _) => Decision::Act(Effect::AddFinalizer),
        (Finalizer::Present, None) => Decision::Act(Effect::Adopt(live)),
        (Finalizer::Present, Some(_)) => Decision::Settled(live),
    }
}

/// The way to a PUT, one durable step at a time.
fn write(
    desired: &Desired,
    snapshot: &Snapshot,
    follower: &Follower,
    operation: &Operation,
    kind: OperationKind,
    differences: Vec<Difference>,
) -> Decision {
    if let Some(decision) = unfinished(operation) {
        return decision;
    }
    // Sending the same again and again would be a loop of writes.
    if let Operation::Ended {
        kind: OperationKind::Attach | OperationKind::Update,
        end: End::Succeeded,
        ..
    } = operation
    {
        return Decision::Blocked(Block::NotApplied(differences));
    }
    let cluster = match usable(follower) {
        Ok(cluster) => cluster,
        Err(Obstacle::Passing(wait)) => return Decision::Wait(wait),
        Err(Obstacle::Lasting(block)) => return Decision::Blocked(block),
    };
    if snapshot.object.finalizer == Finalizer::Missing {
        return Decision::Act(Effect::AddFinalizer);
    }
    match operation {
        Operation::Intended(kind @ (OperationKind::Attach | OperationKind::Update)) => {
            Decision::Act(Effect::Put {
                kind: *kind,
                desired: Box::new(desired.clone()),
                location: cluster.location.clone(),
            })
        }
        Operation::Intended(OperationKind::Detach)
        | Operation::None
        | Operation::Doubtful { .. }
        | Operation::Unreadable { .. }
        | Operation::Ended { .. } => {
            let ownership = snapshot.object.ownership.unwrap_or(Ownership::Created);
            in_lane(snapshot.lane, kind, ownership, differences)
        }
    }
}

/// Begins an operation once the follower's lane is ours.
fn in_lane(
    lane: Lane,
    kind: OperationKind,
    ownership: Ownership,
    differences: Vec<Difference>,
) -> Decision {
    match lane {
        Lane::Outside => Decision::Act(Effect::EnterLane { kind, differences }),
        Lane::Waiting { place } => Decision::Wait(Wait::Lane { place }),
        Lane::Granted => Decision::Act(Effect::Begin {
            kind,
            ownership,
            differences,
        }),
    }
}

/// Whether the last operation forbids a new one for now.
fn unfinished(operation: &Operation) -> Option<Decision> {
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
fn outstanding(operation: &Operation) -> Option<Wait> {
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

/// Why no write may be sent to a follower.
enum Obstacle {
    /// It goes away by itself.
    Passing(Wait),
    /// It does not.
    Lasting(Block),
}

/// The follower, when a write may be sent to it.
fn usable(follower: &Follower) -> Result<&Cluster, Obstacle> {
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

fn deleting(
    policy: DeletionPolicy,
    desired: Option<&Desired>,
    configuration: Option<&ConfigurationId>,
    snapshot: &Snapshot,
) -> Decision {
    let object = &snapshot.object;
    if object.finalizer == Finalizer::Missing {
        return Decision::Released;
    }
    let release = |why| Decision::Act(Effect::RemoveFinalizer(why));
    match policy {
        DeletionPolicy::Orphan => return release(Release::Orphaned),
        DeletionPolicy::Detach => {}
    }
    // Ownership is durable before the first PUT, so without it nothing in Azure can be ours.
    let (Some(ownership), Some(configuration)) = (object.ownership, configuration) else {
        return release(Release::NothingOwned);
    };
    let (remote, operation) = match &snapshot.azure {
        // Unreachable by construction: an owned configuration is read before it is deleted.
        Azure::NotRead => {
            return Decision::Wait(Wait::Provisioning {
                state: String::new(),
            });
        }
        Azure::Operating(running) => return Decision::Wait(Wait::Operation(*running)),
        Azure::Read {
            configuration,
            operation,
            ..
        } => (configuration, operation),
    };
    match remote {
        Remote::Unknown(failure) => Decision::Blocked(Block::Failure(failure.clone())),
        Remote::NoFollower => release(Release::FollowerGone),
        Remote::Absent => match outstanding(operation) {
            // What a PUT asked for may still show up: leaving now would leak its configuration.
            Some(
                wait @ (Wait::Outcome(OperationKind::Attach | OperationKind::Update)
                | Wait::Visibility(OperationKind::Attach | OperationKind::Update)),
            ) => Decision::Wait(wait),
            Some(_) | None => release(Release::Detached),
        },
        Remote::Present(live) => {
            if desired
                .is_some_and(|desired| matches!(compare(desired, live), Comparison::Foreign(_)))
            {
                return release(Release::Replaced);
            }
            if let ProvisioningState::InProgress(state) = &live.provisioning_state {
                return Decision::Wait(Wait::Provisioning {
                    state: state.clone(),
                });
            }
            detach(ownership, configuration, operation, snapshot.lane)
        }
    }
}

/// The way to a DELETE, one durable step at a time. It asks for less than an attach: neither the
/// cluster's state nor a valid spec can hold a deletion.
fn detach(
    ownership: Ownership,
    configuration: &ConfigurationId,
    operation: &Operation,
    lane: Lane,
) -> Decision {
    match operation {
        Operation::Intended(OperationKind::Detach) => {
            return Decision::Act(Effect::Delete(configuration.clone()));
        }
        // How an earlier attach or update ended does not matter any more: the configuration is there and at rest.
        Operation::Doubtful { kind, .. } | Operation::Ended { kind, .. }
            if *kind == OperationKind::Detach =>
        {
            if let Some(decision) = unfinished(operation) {
                return decision;
            }
        }
        Operation::Unreadable { .. } => {
            if let Some(decision) = unfinished(operation) {
                return decision;
            }
        }
        Operation::None
        | Operation::Intended(_)
        | Operation::Doubtful { .. }
        | Operation::Ended { .. } => {}
    }
    in_lane(lane, OperationKind::Detach, ownership, Vec::new())
}

#[cfg(test)]
mod tests;
