//! When an object gets a pass, and when it gets the next one. I/O.

use std::{sync::Arc, time::Duration};

use kube::{ResourceExt as _, runtime::controller::Action};
use tokio::time::{Instant, timeout};
use tracing::Instrument as _;

use crate::{api::AttachedDatabase, error_chain::ErrorChain, metrics::ReconcileResult};

use super::{
    access::Access,
    context::Context,
    lane::ObjectKey,
    memory::{Memory, Trigger},
    outcome::Next,
    pass::Pass,
    publish::{self, KubernetesError},
    retry::{self, Chance, LANE_CHECK, Pace, UNTIL_CHANGED},
};

/// The deadline of a whole pass: two reads, one write at its own deadline, and the API server.
const PASS_DEADLINE: Duration = Duration::from_mins(4);

/// Passes that may start again at once because the object has changed under them.
const MAX_RESTARTS: usize = 3;

/// Reconciles one object as the watch shows it; says when to come again.
pub async fn reconcile(cached: Arc<AttachedDatabase>, context: Arc<Context>) -> Action {
    let key = ObjectKey {
        namespace: cached.namespace().unwrap_or_default(),
        name: cached.name_any(),
    };
    let (trigger, now) = (trigger(&cached), Instant::now());
    let memory = context
        .memories
        .get(&key)
        .unwrap_or_else(|| Memory::new(trigger.clone(), now));
    let hurried = context.memories.take_hurry(&key);
    if let Some(left) = memory.hold(&trigger, now).filter(|_| !hurried) {
        return Action::requeue(left);
    }
    // Who waits for a token takes no place from those who could work: a dead token server slows its own objects alone.
    authenticate(&cached, &context).await;
    let Some(_place) = context.turns.take(&key.namespace).await else {
        return Action::await_change();
    };
    let lost = context.leadership.lost();
    tokio::select! {
        action = work(&cached, key.clone(), memory, &context) => action,
        // As if the process had ended here: whoever leads next finds a durable intent, and looks.
        () = lost => {
            context.forget(&key);
            Action::await_change()
        }
    }
}

/// The pass of an object that is due, and when the next one is.
async fn work(
    cached: &AttachedDatabase,
    key: ObjectKey,
    mut memory: Memory,
    context: &Context,
) -> Action {
    let running = context.metrics.reconcile_started();
    let span =
        tracing::info_span!("reconcile", object = %format_args!("{}/{}", key.namespace, key.name));
    let soon = Next::Backoff {
        pace: Pace::Fast,
        retry_after: None,
    };
    let (next, result) = match attempts(cached, &key, &mut memory, context)
        .instrument(span.clone())
        .await
    {
        Ok(next) => (next, ReconcileResult::RequeueAfter),
        Err(PassError::Kubernetes(KubernetesError::Gone)) => {
            (Next::Never, ReconcileResult::Success)
        }
        Err(PassError::TimedOut) => {
            tracing::warn!(parent: &span, deadline_seconds = PASS_DEADLINE.as_secs(), "pass timed out");
            (soon, ReconcileResult::TimedOut)
        }
        Err(PassError::Kubernetes(error)) => {
            tracing::warn!(parent: &span, error = %ErrorChain(&error), "pass failed");
            (soon, ReconcileResult::Error)
        }
    };
    running.finish(result);
    // Others must not wait for an object that can't use its turn, unless its operation may be running.
    if !matches!(result, ReconcileResult::RequeueAfter) && memory.timeline.is_none() {
        context.leave_lanes(&key);
    }
    let Some(delay) = delay(next, &mut memory, Instant::now(), context.chance()) else {
        context.forget(&key);
        return Action::await_change();
    };
    memory.due = Instant::now() + delay;
    context.memories.put(key.clone(), memory);
    // What changed during the pass was not known to concern it.
    let (access, _) = context.access.judge_raw(cached);
    context.served_as(&key, &access);
    Action::requeue(delay)
}

/// Sees to it that whoever serves the object has a token at hand, as far as that can be had. The pass tells if not.
async fn authenticate(object: &AttachedDatabase, context: &Context) {
    let is_going = object.metadata.deletion_timestamp.is_some();
    let owns = object
        .status
        .as_ref()
        .is_some_and(|status| status.ownership.is_some());
    // Neither will need Azure.
    if (object.spec.suspend && !is_going) || (is_going && !owns) {
        return;
    }
    if let (Access::Granted(identity), _) = context.access.judge_raw(object)
        && let Ok(session) = context.sessions.of(&identity)
        && let Err(error) = session.arm.authenticate().await
    {
        tracing::debug!(%identity, error = %ErrorChain(&error), "no token");
    }
}

fn trigger(object: &AttachedDatabase) -> Trigger {
    Trigger {
        uid: object.metadata.uid.clone().unwrap_or_default(),
        generation: object.metadata.generation.unwrap_or_default(),
        requested_at: object.reconcile_request(),
    }
}

/// Why there is no outcome.
#[derive(Debug)]
enum PassError {
    /// The API server did not do its part.
    Kubernetes(KubernetesError),
    /// It took too long.
    TimedOut,
}

impl From<KubernetesError> for PassError {
    fn from(error: KubernetesError) -> Self {
        Self::Kubernetes(error)
    }
}

/// Runs passes until one is not overtaken by a change of the object.
async fn attempts(
    cached: &AttachedDatabase,
    key: &ObjectKey,
    memory: &mut Memory,
    context: &Context,
) -> Result<Next, PassError> {
    // A cache that does not show our own last write is behind (KEP-5647): look past it.
    let mut fresh = memory.version.is_none() || memory.version == cached.metadata.resource_version;
    for _ in 0..MAX_RESTARTS {
        let object = if fresh {
            cached.clone()
        } else {
            publish::fetch(context, key).await?
        };
        memory.observe(trigger(&object), Instant::now());
        let pass = Pass::new(object, key, memory, context);
        match timeout(PASS_DEADLINE, pass.run()).await {
            Ok(Err(KubernetesError::Conflict)) => fresh = false,
            Ok(result) => return Ok(result?),
            Err(_elapsed) => return Err(PassError::TimedOut),
        }
    }
    Err(PassError::Kubernetes(KubernetesError::Conflict))
}

/// Turns [`Next`] into a delay; `None` when there is nothing left to do.
fn delay(next: Next, memory: &mut Memory, now: Instant, chance: Chance) -> Option<Duration> {
    match next {
        // What failed to show up is still waited for: else its patience would begin anew with each try.
        Next::Look | Next::Backoff { .. } => {}
        Next::Interval(_) | Next::Poll { .. } | Next::Woken | Next::Changed | Next::Never => {
            memory.looking_since = None;
        }
    }
    Some(match next {
        Next::Never => return None,
        Next::Interval(interval) => {
            memory.forgive();
            retry::interval(interval, chance)
        }
        Next::Poll { age, retry_after } => retry::poll(age, retry_after, chance),
        Next::Look => {
            let since = *memory.looking_since.get_or_insert(now);
            retry::look(now.saturating_duration_since(since), chance)
        }
        Next::Backoff { pace, retry_after } => {
            memory.attempts = memory.attempts.saturating_add(1);
            retry::backoff(pace, memory.attempts, retry_after, chance)
        }
        Next::Woken => LANE_CHECK,
        Next::Changed => UNTIL_CHANGED,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_for_what_does_not_show_up_does_not_begin_anew_with_each_try() {
        let start = Instant::now();
        let wished = Trigger {
            uid: "a".to_owned(),
            generation: 1,
            requested_at: None,
        };
        let (minute, look) = (Duration::from_mins(1), Next::Look);
        let backoff = Next::Backoff {
            pace: Pace::VerySlow,
            retry_after: None,
        };
        let poll = Next::Poll {
            age: minute,
            retry_after: None,
        };
        for (reason, nexts, since) in [
            ("waiting goes on", vec![look, look], Some(start)),
            (
                "a failure is no end of it",
                vec![look, backoff, look, backoff],
                Some(start),
            ),
            ("an operation is something else", vec![look, poll], None),
            (
                "what has shown up is over",
                vec![look, Next::Interval(minute)],
                None,
            ),
            (
                "and begins anew",
                vec![look, Next::Interval(minute), look],
                Some(start + minute * 2),
            ),
            (
                "a failure alone is no waiting",
                vec![backoff, backoff],
                None,
            ),
        ] {
            let mut memory = Memory::new(wished.clone(), start);
            for (turn, next) in nexts.into_iter().enumerate() {
                let now = start + minute * u32::try_from(turn).unwrap();
                assert!(
                    delay(next, &mut memory, now, Chance(0.5)).is_some(),
                    "{reason}"
                );
            }
            assert_eq!(memory.looking_since, since, "{reason}");
        }
    }

    #[test]
    fn failures_count_until_the_object_rests() {
        let start = Instant::now();
        let wished = Trigger {
            uid: "a".to_owned(),
            generation: 1,
            requested_at: None,
        };
        let mut memory = Memory::new(wished, start);
        let backoff = Next::Backoff {
            pace: Pace::Fast,
            retry_after: None,
        };
        let delays = [1, 2, 4, 8].map(Duration::from_secs);
        assert_eq!(
            delays.map(|_| delay(backoff, &mut memory, start, Chance(0.0))),
            delays.map(Some)
        );
        let rest = Duration::from_mins(10);
        assert_eq!(
            delay(Next::Interval(rest), &mut memory, start, Chance(0.0)),
            Some(rest)
        );
        assert_eq!(memory.attempts, 0);
        assert_eq!(delay(Next::Never, &mut memory, start, Chance(0.0)), None);
    }
}
