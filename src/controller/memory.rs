//! What is remembered of each object between passes. All of it may be lost at any time: a restart
//! costs a few reads, never a wrong decision.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{api::ConditionStatus, azure::id::ClusterId};

use super::{
    access::Access, diff::Difference, failure::Failure, lane::ObjectKey, preflight::Polls,
    snapshot::Correction,
};

/// Corrections of one object that are remembered: enough for several fields that are contested in turn.
const MAX_REMEMBERED_CORRECTIONS: usize = 64;

/// What makes a pass due at once: a change that somebody else made on purpose. Our own writes of
/// status and finalizer change none of it, so that the watch events they cause cost nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// `metadata.uid`.
    pub uid: String,
    /// `metadata.generation`; a deletion raises it as well.
    pub generation: i64,
    /// The reconcile-now annotation.
    pub requested_at: Option<String>,
}

/// The memory of one object.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What the last pass saw.
    pub trigger: Trigger,
    /// When the next pass is due if nothing triggers it before.
    pub due: Instant,
    /// `metadata.resourceVersion` of our last write: a cache that shows another one may be behind.
    pub version: Option<String>,
    /// What the object's condition Ready says.
    pub ready: ConditionStatus,
    /// Failed tries since the last success.
    pub attempts: u32,
    /// When the first of them was.
    pub failing_since: Option<Instant>,
    /// When it began to wait for something that has no operation to follow.
    pub looking_since: Option<Instant>,
    /// Corrections of drift, oldest first.
    pub corrections: Vec<(Instant, Vec<Difference>)>,
    /// Why the follower refused to detach.
    pub refusal: Option<Failure>,
    /// The follower that it rests on until the next comparison.
    pub resting_on: Option<ClusterId>,
    /// How it was served.
    pub access: Option<Access>,
    /// What the status speaks of: the fingerprint of the spec, whether suspended or not.
    pub judged: Option<u64>,
    /// Whether operations could be followed.
    pub polls: Polls,
    /// The running operation, more precisely than status can tell.
    pub timeline: Option<Timeline>,
}

/// When an operation started and ended, as this process saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// When its request was about to be sent.
    pub started: Instant,
    /// When its request was answered without an operation to follow, or its answer given up.
    pub unclear: Option<Instant>,
    /// When its end was first seen.
    pub ended: Option<Instant>,
    /// Whether ARM does not let us follow it: asking again would only cost calls (faults.md A8).
    pub is_hidden: bool,
}

impl Timeline {
    /// An operation that started then, and of which nothing else is known.
    #[must_use]
    pub fn since(started: Instant) -> Self {
        Self {
            started,
            unclear: None,
            ended: None,
            is_hidden: false,
        }
    }
}

impl Memory {
    /// The memory of an object that is seen for the first time.
    #[must_use]
    pub fn new(trigger: Trigger, now: Instant) -> Self {
        Self {
            trigger,
            due: now,
            version: None,
            ready: ConditionStatus::Unknown,
            attempts: 0,
            failing_since: None,
            looking_since: None,
            corrections: Vec::new(),
            refusal: None,
            resting_on: None,
            access: None,
            judged: None,
            polls: Polls::default(),
            timeline: None,
        }
    }

    /// Takes note of what the object looks like now. A change of the wish forgives the failures; a
    /// new uid is another object. A new spec is carried out whatever was contested before.
    pub fn observe(&mut self, trigger: Trigger, now: Instant) {
        if self.trigger.uid != trigger.uid {
            *self = Self::new(trigger, now);
        } else if self.trigger != trigger {
            self.forgive();
            // Whether the right is there now, the next operation will tell.
            self.polls = Polls::Fine;
            if self.trigger.generation != trigger.generation {
                self.corrections.clear();
            }
            self.trigger = trigger;
        }
    }

    /// Forgets the failures.
    pub fn forgive(&mut self) {
        self.attempts = 0;
        self.failing_since = None;
        self.refusal = None;
    }

    /// The corrections that may still count, with their age.
    #[must_use]
    pub fn lately_corrected(&self, now: Instant) -> Vec<Correction> {
        let corrections = self.corrections.iter();
        corrections
            .map(|(then, differences)| Correction {
                differences: differences.clone(),
                age: now.saturating_duration_since(*then),
            })
            .collect()
    }

    /// Remembers a correction, and no more of them than can count.
    pub fn correct(&mut self, differences: Vec<Difference>, now: Instant) {
        self.corrections.push((now, differences));
        let surplus = self
            .corrections
            .len()
            .saturating_sub(MAX_REMEMBERED_CORRECTIONS);
        self.corrections.drain(..surplus);
    }

    /// How long the object still has to wait, if nothing triggers it.
    #[must_use]
    pub fn hold(&self, trigger: &Trigger, now: Instant) -> Option<Duration> {
        let left = self.due.saturating_duration_since(now);
        (self.trigger == *trigger && !left.is_zero()).then_some(left)
    }
}

/// The memories of all objects.
#[derive(Debug, Default)]
pub struct Memories(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    objects: HashMap<ObjectKey, Memory>,
    hurried: HashSet<ObjectKey>,
}

impl Memories {
    /// A copy of what is known of `key`.
    pub fn get(&self, key: &ObjectKey) -> Option<Memory> {
        self.lock().objects.get(key).cloned()
    }

    /// Remembers `memory`.
    pub fn put(&self, key: ObjectKey, memory: Memory) {
        self.lock().objects.insert(key, memory);
    }

    /// Lets the next look at `key` happen at once. It is noted apart from the memory, which a pass that runs
    /// right now replaces when it ends.
    pub fn hurry(&self, key: ObjectKey) {
        self.lock().hurried.insert(key);
    }

    /// Whether somebody asked for a look at `key` since the last call.
    pub fn take_hurry(&self, key: &ObjectKey) -> bool {
        self.lock().hurried.remove(key)
    }

    /// The objects that rest on `follower` and are served with this `access`, save `except`.
    pub fn resting_on(
        &self,
        follower: &ClusterId,
        except: &ObjectKey,
        access: &Access,
    ) -> Vec<ObjectKey> {
        let state = self.lock();
        let resting = state.objects.iter().filter(|(key, memory)| {
            memory.resting_on.as_ref() == Some(follower)
                && memory.access.as_ref() == Some(access)
                && *key != except
        });
        resting.map(|(key, _)| key.clone()).collect()
    }

    /// Whether `key` had a pass, and was served otherwise in it.
    pub fn is_served_otherwise(&self, key: &ObjectKey, access: &Access) -> bool {
        let state = self.lock();
        let known = state.objects.get(key).and_then(|it| it.access.as_ref());
        known.is_some_and(|known| known != access)
    }

    /// How many objects say True, False and Unknown.
    pub fn count(&self) -> [u64; 3] {
        let mut counts = [0; 3];
        let [ready, not_ready, unknown] = &mut counts;
        for memory in self.lock().objects.values() {
            *match memory.ready {
                ConditionStatus::True => &mut *ready,
                ConditionStatus::False => &mut *not_ready,
                ConditionStatus::Unknown => &mut *unknown,
            } += 1;
        }
        counts
    }

    /// Forgets `key`.
    pub fn forget(&self, key: &ObjectKey) {
        let mut state = self.lock();
        state.objects.remove(key);
        state.hurried.remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if it did, the maps would still be whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
