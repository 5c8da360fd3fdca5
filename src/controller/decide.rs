//! From a snapshot to the one next thing to do. Pure and total.
//!
//! It knows no client, clock or Kubernetes object, and never decides from status, save for
//! ownership and the operation hint. One effect per step: the driver performs it, looks again and
//! asks again. Nothing is done, and nothing bad is said, by a glance at shared reads: a closer look
//! comes first.

mod deleting;
pub(super) mod operation;
mod wanted;

use std::time::Duration;

use crate::api::Ownership;
use crate::azure::{
    id::{ClusterId, ConfigurationId},
    model::{Configuration, Database},
};

use super::{
    block::Block,
    diff::Difference,
    snapshot::{
        Access, Azure, Freshness, Lane, Lifecycle, Object, OperationKind, Running, Snapshot,
    },
    validate::Desired,
};

/// How long a write with an unknown or not yet visible outcome is given to show up in a GET before
/// it is judged by what the GET says (30 s: the creation grace of faults.md §2.1).
pub const VISIBILITY_GRACE: Duration = Duration::from_secs(30);

/// How long an operation that ARM named, and now can't tell about, is taken for running. Attaches take 20 s
/// (arm-kusto.md §3.4); a second one beside it would fail both in ARM's eyes and in the user's.
pub const UNREADABLE_PATIENCE: Duration = Duration::from_mins(10);

/// How long a change in Azure that has no operation to follow may go on before it is called stuck (Terraform's timeout
/// for this resource, arm-kusto.md §2.3).
pub const PROVISIONING_PATIENCE: Duration = Duration::from_hours(1);

/// The next step of a pass.
#[derive(Clone, Debug)]
pub enum Decision {
    /// Do this, then decide again.
    Act(Effect),
    /// Nothing to do until something else happens.
    Wait(Wait),
    /// Live state is as declared, and the follower shows it.
    Settled(Box<Attached>),
    /// The object is gone for us: no finalizer of ours holds it.
    Released,
    /// It can't go on as things are; it is tried again all the same.
    Blocked(Block),
}

/// What is attached and readable.
#[derive(Clone, Debug, PartialEq)]
pub struct Attached {
    /// The configuration.
    pub live: Configuration,
    /// Its databases as the follower shows them.
    pub databases: Vec<Database>,
}

/// One change in Kubernetes or in Azure, or a closer look.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Look closer before anything is done.
    Look(Look),
    /// Put our finalizer on the object.
    AddFinalizer,
    /// Ask for the follower's lane: ADX fails a second operation on a cluster (`ServiceIsInMaintenance`).
    EnterLane {
        /// The operation that wants to begin.
        kind: OperationKind,
        /// What it is to change.
        differences: Vec<Difference>,
    },
    /// Record that an existing configuration is ours from now on.
    Adopt,
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
    /// Ask the leader to detach, since the follower does not. The intent is recorded.
    DetachFromLeader {
        /// The leader.
        leader: ClusterId,
        /// What to detach from it.
        configuration: ConfigurationId,
    },
    /// Let the object go.
    RemoveFinalizer(Release),
}

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The configuration and its follower, as they are now.
    Live,
    /// The leader and what is followed of it.
    Leader,
    /// The leader's list of its followers.
    Following,
    /// Whether the object is still served, by what the API server itself says.
    Access,
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
    /// An older object declares the configuration, which stays.
    HandedOver,
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
    /// Databases that the follower does not show yet.
    Databases {
        /// Their names on the follower.
        missing: Vec<String>,
    },
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

/// Decides the next step.
#[must_use]
pub fn decide(snapshot: &Snapshot) -> Decision {
    let decision = match &snapshot.object.lifecycle {
        Lifecycle::Wanted(desired) => wanted::decide(desired, snapshot),
        Lifecycle::Deleting {
            policy,
            desired,
            configuration,
        } => deleting::decide(*policy, desired.as_ref(), configuration.as_ref(), snapshot),
    };
    match &snapshot.azure {
        Azure::Read(sight)
            if sight.freshness == Freshness::Glance
                && !is_safe_at_a_glance(&decision)
                && refused(&snapshot.object).is_none() =>
        {
            Decision::Act(Effect::Look(Look::Live))
        }
        Azure::Read(_) | Azure::Operating(_) | Azure::NotRead => decision,
    }
}

/// Whether a decision may rest on what other objects have read a while ago.
fn is_safe_at_a_glance(decision: &Decision) -> bool {
    match decision {
        // A failed read is as new as can be, and neither another object nor a policy is a matter of Azure.
        Decision::Blocked(Block::Failure(_) | Block::Claimed { .. } | Block::Refused(_))
        | Decision::Settled(_)
        | Decision::Released
        | Decision::Act(Effect::Look(_))
        | Decision::Wait(Wait::Operation(_)) => true,
        Decision::Act(_) | Decision::Blocked(_) | Decision::Wait(_) => false,
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

/// Sends the request whose intent is durable, once it is certain that it may be sent: nothing comes in between.
fn send(object: &Object, request: Effect) -> Decision {
    match &object.access {
        Access::Granted => Decision::Act(Effect::Look(Look::Access)),
        Access::Confirmed => Decision::Act(request),
        Access::Refused(refusal) => Decision::Blocked(Block::Refused(refusal.clone())),
    }
}

/// Why nothing may be done on behalf of the object.
fn refused(object: &Object) -> Option<Decision> {
    match &object.access {
        Access::Granted | Access::Confirmed => None,
        Access::Refused(refusal) => Some(Decision::Blocked(Block::Refused(refusal.clone()))),
    }
}

#[cfg(test)]
mod tests;
