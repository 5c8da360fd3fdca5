//! What the events of the watch say about other objects than their own.

use std::collections::HashSet;

use kube::{core::DeserializeGuard, runtime::watcher};

use crate::{
    api::{AttachedDatabase, DriftPolicy, OperationStatus},
    controller::{
        access::{Access, Identity, standing},
        claims::Standing,
        context::Context,
        lane::ObjectKey,
    },
};

use super::{Guarded, key};

/// Notes what an event says about other objects: which configuration the object declares, and, in the first list,
/// whether an operation of its own occupies a follower. `listed` holds the objects of a list that is under way: who is
/// missing from it at its end went while nobody watched, and no event will tell.
pub(super) fn take_note(
    result: &Result<watcher::Event<Guarded>, watcher::Error>,
    namespace: Option<&str>,
    listed: &mut HashSet<ObjectKey>,
    context: &Context,
) {
    match result {
        Ok(watcher::Event::Init) => listed.clear(),
        Ok(watcher::Event::InitApply(guarded)) => {
            listed.insert(key(guarded));
            if let DeserializeGuard(Ok(object)) = guarded {
                let _ = declare(object, context, Occasion::Later);
                expect_operation(object, context);
            }
        }
        Ok(watcher::Event::InitDone) => context.keep_only(namespace, &std::mem::take(listed)),
        Ok(watcher::Event::Apply(DeserializeGuard(Ok(object)))) => {
            let _ = declare(object, context, Occasion::Later);
        }
        Ok(watcher::Event::Delete(object)) => context.withdraw(&key(object)),
        Ok(watcher::Event::Apply(_)) | Err(_) => {}
    }
}

/// Judges an object anew after what access is judged by has changed: who is served otherwise gets a pass now, and who may
/// not act any more makes no claim.
pub(super) fn judge_again(object: &AttachedDatabase, context: &Context) {
    let access = declare(object, context, Occasion::Later);
    context.served_as(&key(object), &access);
}

/// When a claim is noted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// Before the first pass of any object.
    Start,
    /// While passes run.
    Later,
}

/// Notes what the object claims, and says how it is served.
///
/// Whether an identity of an object's own may claim anything, Azure knows, and a pass finds out: its claim is left as it
/// is. Only before the first pass is its status believed, so that a restart changes no owner.
fn declare(object: &AttachedDatabase, context: &Context, occasion: Occasion) -> Access {
    let key = key(object);
    let (access, desired) = context.access.judge_raw(object);
    let ownership = object.status.as_ref().and_then(|status| status.ownership);
    match (occasion, &access, ownership) {
        (Occasion::Later, Access::Granted(Identity::Account(_)), ownership)
            if desired.is_some() =>
        {
            // What was taken back after a refused request must not stay said.
            if ownership.is_none() && context.claimed_as(&key) == Some(Standing::Owns) {
                context.withdraw(&key);
            }
        }
        // A policy that slips must not hand over what is attached.
        (Occasion::Later, Access::Refused(_), Some(_))
            if context.claimed_as(&key) == Some(Standing::Owns) => {}
        (_, access, ownership) => {
            let claim = desired
                .filter(|desired| desired.drift_policy == DriftPolicy::Correct)
                .map(|desired| desired.configuration)
                .zip(standing(access, ownership))
                .filter(|(_, standing)| !object.spec.suspend || *standing == Standing::Owns);
            context.declare(&key, object, claim);
        }
    }
    access
}

/// Notes of an object what a process has to know that begins to lead.
pub(super) fn resume(guarded: &Guarded, context: &Context) -> ObjectKey {
    let key = key(guarded);
    context.forget(&key);
    if let DeserializeGuard(Ok(object)) = guarded {
        let _ = declare(object, context, Occasion::Start);
        expect_operation(object, context);
    }
    key
}

/// An operation that goes on from before the start occupies its follower before any pass may think it free.
fn expect_operation(object: &AttachedDatabase, context: &Context) {
    let follower = object.spec.follower.cluster_resource_id.parse();
    let (Some(_), Ok(follower)) = (operation(object), follower) else {
        return;
    };
    let key = key(object);
    // A list after the first says nothing new of an object that had its pass.
    if context.memories.get(&key).is_none() {
        context.occupy_lane(&follower, &key);
    }
}

fn operation(object: &AttachedDatabase) -> Option<&OperationStatus> {
    object.status.as_ref()?.operation.as_ref()
}
