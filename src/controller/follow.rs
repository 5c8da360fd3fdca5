//! Asks ARM what became of the operation that status hints at. I/O.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    api::{AttachedDatabase, OperationStatus},
    azure::{
        error::Class,
        id::ConfigurationId,
        operation::{OperationUrl, Polled},
    },
    error_chain::ErrorChain,
    metrics::OperationResult,
};

use super::{
    context::Context,
    failure::Failure,
    memory::{Memory, Timeline},
    preflight::Polls,
    sessions::Session,
    snapshot::{End, Lifecycle, Object, Operation, Running},
};

/// How long an operation may run before its hint is dropped and the configuration alone decides
/// (Terraform's timeout for this resource, arm-kusto.md §2.3).
const OPERATION_DEADLINE: Duration = Duration::from_hours(1);

/// What became of the operation.
pub(super) enum Followed {
    Running(Running),
    Over(Operation),
}

/// Asks ARM what became of the operation that status hints at.
pub(super) async fn follow(
    hint: &OperationStatus,
    object: &AttachedDatabase,
    facts: &Object,
    memory: &mut Memory,
    (session, context): (&Session, &Context),
) -> Followed {
    let now = Instant::now();
    // After a restart the wall clock is asked once; from then on its jumps don't count.
    let timeline = memory.timeline.get_or_insert_with(|| {
        let started = now.checked_sub(wall_age(hint, context));
        Timeline::since(started.unwrap_or(now))
    });
    let since = |then| now.saturating_duration_since(then);
    let age = since(timeline.started);
    let kind = hint.kind;
    let doubtful = Followed::Over(Operation::Doubtful {
        kind,
        age: timeline.unclear.map_or(age, since),
    });
    let url = hint
        .url
        .as_deref()
        .and_then(|url| OperationUrl::accept(url, session.arm.endpoint()).ok())
        .filter(|url| is_about(facts, url));
    let Some(url) = url.filter(|_| age < OPERATION_DEADLINE && !timeline.is_hidden) else {
        return doubtful;
    };
    let polled = session.arm.poll(&url).await;
    match &polled {
        Ok(_) => memory.polls = Polls::Fine,
        Err(error) if error.missing_permission().is_some() => {
            memory.polls = Polls::Denied;
            timeline.is_hidden = true;
        }
        Err(_) => {}
    }
    let end = match polled {
        Ok(Polled::Running { retry_after }) => {
            return Followed::Running(Running {
                kind,
                age,
                retry_after,
            });
        }
        Ok(Polled::Succeeded) => End::Succeeded,
        Ok(Polled::Failed(failure)) => End::Failed(Failure::from(&failure)),
        Ok(Polled::Canceled) => End::Failed(canceled()),
        Ok(Polled::Unknown) => return doubtful,
        // A failure to read the status is no failure of the operation (arm-kusto.md §3.5).
        Err(error) => {
            tracing::debug!(
                error = %ErrorChain(&error),
                "operation can't be followed"
            );
            return match error.class() {
                Class::Transient
                | Class::Throttled
                | Class::Busy
                | Class::Unauthenticated
                | Class::Misconfigured => Followed::Over(Operation::Unreadable { kind, age }),
                // With a role on the cluster alone it stays so (faults.md §2): a GET tells as well.
                Class::Denied | Class::Rejected | Class::Locked => doubtful,
            };
        }
    };
    if timeline.ended.is_none() {
        timeline.ended = Some(now);
        let result = match end {
            End::Succeeded => OperationResult::Succeeded,
            End::Failed(_) => OperationResult::Failed,
        };
        context.metrics.operation_finished(kind, result, age);
    }
    let since = timeline.ended.map_or(Duration::ZERO, since);
    // What an older spec led to says nothing about the present one: live state decides. A deletion
    // still has to know, so that it does not leave before an attach shows up.
    let outdated = object.metadata.generation != Some(hint.generation);
    match facts.lifecycle {
        Lifecycle::Wanted(_) if outdated => Followed::Over(Operation::None),
        Lifecycle::Wanted(_) | Lifecycle::Deleting { .. } => {
            Followed::Over(Operation::Ended { kind, end, since })
        }
    }
}

/// Whether `url` can be an operation on this object's clusters. Status holds it, and whoever can write status must not
/// make us look elsewhere with an identity that is not theirs.
fn is_about(facts: &Object, url: &OperationUrl) -> bool {
    let follower = facts.configuration().map(ConfigurationId::cluster);
    let leader = facts.desired().map(|desired| &desired.leader);
    let mut clusters = follower.into_iter().chain(leader);
    clusters.any(|cluster| url.is_about(cluster))
}

/// The operation's age by the wall clock: all that is left after a restart.
fn wall_age(hint: &OperationStatus, context: &Context) -> Duration {
    context
        .clock
        .now()
        .duration_since(hint.started_at.0)
        .try_into()
        .unwrap_or(Duration::ZERO)
}

fn canceled() -> Failure {
    Failure {
        class: Class::Transient,
        reason: "OperationCanceled",
        message: "the operation was canceled in Azure before it finished".to_owned(),
        retry_after: None,
    }
}
