//! An object that is being deleted: held only by what is ours, and never for ever. Pure.

use super::{
    Decision, Effect, Look, Release, Wait, in_lane,
    operation::{in_progress, outstanding, unfinished},
    refused, send,
};
use crate::{
    api::{DeletionPolicy, Ownership},
    azure::{
        error::Class,
        id::{ClusterId, ConfigurationId},
        model::ProvisioningState,
    },
    controller::{
        block::Block,
        diff::{Comparison, compare},
        failure::Failure,
        readable::foreign_origin,
        snapshot::{
            Azure, Claim, Finalizer, Following, Lane, Operation, OperationKind, Remote, Sight,
            Snapshot,
        },
        validate::Desired,
    },
};

pub(super) fn decide(
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
    // The configuration stays for whom it belongs to now.
    if let Claim::Older(_) = object.claim {
        return release(Release::HandedOver);
    }
    if let Some(decision) = refused(object) {
        return decision;
    }
    let sight = match &snapshot.azure {
        // Unreachable by construction: an owned configuration is read before it is deleted.
        Azure::NotRead => {
            return Decision::Wait(Wait::Provisioning {
                state: "unknown".to_owned(),
            });
        }
        Azure::Operating(running) => return Decision::Wait(Wait::Operation(*running)),
        Azure::Read(sight) => sight,
    };
    let detach = Detach {
        ownership,
        configuration,
        leader: desired.map(|desired| &desired.leader),
        sight,
        snapshot,
    };
    match &sight.configuration {
        Remote::Unknown(failure) => detach.by_leader(failure),
        Remote::NoFollower => release(Release::FollowerGone),
        Remote::Absent => detach.done(),
        Remote::Present(live) => {
            let is_strange = desired.is_some_and(|desired| {
                matches!(compare(desired, live), Comparison::Foreign(_))
                    || foreign_origin(desired, &sight.databases).is_some()
            });
            if is_strange {
                return release(Release::Replaced);
            }
            if let ProvisioningState::InProgress(state) = &live.provisioning_state {
                return in_progress(state, object);
            }
            match &object.refusal {
                Some(refusal) if detach.leader.is_some() && lets_the_leader_act(refusal) => {
                    detach.by_leader(refusal)
                }
                // What goes away by itself, or by a person's hand, is tried again where it failed.
                Some(_) | None => detach.by_follower(),
            }
        }
    }
}

struct Detach<'a> {
    ownership: Ownership,
    configuration: &'a ConfigurationId,
    leader: Option<&'a ClusterId>,
    sight: &'a Sight,
    snapshot: &'a Snapshot,
}

impl Detach<'_> {
    /// The way to a DELETE, one durable step at a time. It asks for less than an attach: neither the
    /// cluster's state nor a valid spec can hold a deletion.
    fn by_follower(&self) -> Decision {
        if self.is_due() {
            let request = Effect::Delete(self.configuration.clone());
            return send(&self.snapshot.object, request);
        }
        self.unfinished().unwrap_or_else(|| self.begin())
    }

    /// The end of an object whose configuration is not there, unless a PUT was sent that may still bring it: leaving
    /// then would leak it.
    fn done(&self) -> Decision {
        match outstanding(&self.sight.operation) {
            Some(
                wait @ (Wait::Outcome(OperationKind::Attach | OperationKind::Update)
                | Wait::Visibility(OperationKind::Attach | OperationKind::Update)),
            ) => Decision::Wait(wait),
            Some(_) | None => Decision::Act(Effect::RemoveFinalizer(Release::Detached)),
        }
    }

    /// The other side of the same bond: the leader can detach a follower that refuses, is stopped or can't be asked
    /// (arm-kusto.md §4.2). What it lists under this follower and name follows it, so it is what we attached.
    fn by_leader(&self, failure: &Failure) -> Decision {
        let blocked = || Decision::Blocked(Block::Failure(failure.clone()));
        let Some(leader) = self.leader else {
            return blocked();
        };
        if !lets_the_leader_act(failure) {
            return blocked();
        }
        match &self.sight.following {
            Following::NotRead => Decision::Act(Effect::Look(Look::Following)),
            Following::Unknown(_) => blocked(),
            Following::NotListed => match &self.sight.configuration {
                // What the follower shows is there, whatever the leader's list says.
                Remote::Present(_) => blocked(),
                Remote::Absent | Remote::NoFollower | Remote::Unknown(_) => self.done(),
            },
            Following::Listed => {
                if self.is_due() {
                    let request = Effect::DetachFromLeader {
                        leader: leader.clone(),
                        configuration: self.configuration.clone(),
                    };
                    return send(&self.snapshot.object, request);
                }
                self.unfinished().unwrap_or_else(|| self.begin())
            }
        }
    }

    /// Whether the intent to detach is durable and the lane ours.
    fn is_due(&self) -> bool {
        matches!(
            self.sight.operation,
            Operation::Intended(OperationKind::Detach)
        ) && self.snapshot.lane == Lane::Granted
    }

    fn begin(&self) -> Decision {
        in_lane(
            self.snapshot.lane,
            OperationKind::Detach,
            self.ownership,
            Vec::new(),
        )
    }

    /// Whether the last operation forbids a new one for now. How an earlier attach or update ended does not matter any
    /// more: the configuration is there and at rest.
    fn unfinished(&self) -> Option<Decision> {
        match &self.sight.operation {
            Operation::Doubtful { kind, .. } | Operation::Ended { kind, .. }
                if *kind != OperationKind::Detach =>
            {
                None
            }
            operation @ (Operation::None
            | Operation::Intended(_)
            | Operation::Doubtful { .. }
            | Operation::Unreadable { .. }
            | Operation::Ended { .. }) => unfinished(operation),
        }
    }
}

/// Whether a failure of the follower's side is a reason to ask the leader: it will not go away by itself. A lock or a
/// policy is no such reason: somebody wants nothing to be deleted there, and the leader's door would go round that.
fn lets_the_leader_act(failure: &Failure) -> bool {
    match failure.class {
        Class::Denied => true,
        Class::Busy => failure.reason == "ClusterNotRunning",
        Class::Transient
        | Class::Throttled
        | Class::Unauthenticated
        | Class::Misconfigured
        | Class::Rejected
        | Class::Locked => false,
    }
}
