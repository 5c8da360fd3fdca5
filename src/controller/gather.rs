//! All reads of a pass: from the object to a [`Snapshot`]. I/O.

use std::time::Duration;

use futures::future::OptionFuture;
use tokio::time::Instant;

use crate::{
    api::{AttachedDatabase, DeletionPolicy, FINALIZER, OperationStatus},
    azure::{
        client::ArmClient,
        error::Class,
        id::{ClusterId, ConfigurationId},
        operation::{OperationUrl, Polled},
    },
    error_chain::ErrorChain,
    metrics::OperationResult,
};

use super::{
    context::Context,
    failure::Failure,
    lane::{ObjectKey, Priority},
    memory::{Memory, Timeline},
    snapshot::{
        Azure, End, Finalizer, Follower, Lane, Lifecycle, Object, Operation, Remote, Running,
        Snapshot,
    },
    validate::Desired,
};

/// How long an operation may run before its hint is dropped and the configuration alone decides
/// (Terraform's timeout for this resource, arm-kusto.md §2.3).
const OPERATION_DEADLINE: Duration = Duration::from_hours(1);

/// Reads what a decision about `object` needs. `desired` is `None` only for a deletion.
pub async fn gather(
    object: &AttachedDatabase,
    desired: Option<Desired>,
    key: &ObjectKey,
    memory: &mut Memory,
    context: &Context,
) -> Snapshot {
    let object_facts = facts(object, desired);
    let configuration = object_facts.configuration().cloned();
    let (azure, lane) = match &configuration {
        Some(configuration) if object_facts.needs_azure() => {
            let azure = read(object, &object_facts, configuration, memory, context).await;
            let lane = context.lane(configuration.cluster(), key, priority(object));
            (azure, lane)
        }
        Some(_) | None => (Azure::NotRead, Lane::Outside),
    };
    Snapshot {
        object: object_facts,
        azure,
        lane,
    }
}

/// A deletion goes first.
pub(super) fn priority(object: &AttachedDatabase) -> Priority {
    match object.metadata.deletion_timestamp {
        Some(_) => Priority::Detach,
        None => Priority::Attach,
    }
}

fn facts(object: &AttachedDatabase, desired: Option<Desired>) -> Object {
    let finalizer = match &object.metadata.finalizers {
        Some(finalizers) if finalizers.iter().any(|finalizer| finalizer == FINALIZER) => {
            Finalizer::Present
        }
        Some(_) | None => Finalizer::Missing,
    };
    let lifecycle = match (object.metadata.deletion_timestamp.is_some(), desired) {
        (false, Some(desired)) => Lifecycle::Wanted(desired),
        (_, desired) => Lifecycle::Deleting {
            policy: object.spec.deletion_policy,
            configuration: desired
                .as_ref()
                .map(|desired| desired.configuration.clone())
                .or_else(|| recorded(object)),
            desired,
        },
    };
    Object {
        lifecycle,
        finalizer,
        ownership: object.status.as_ref().and_then(|status| status.ownership),
    }
}

/// The configuration that ownership was recorded for: what a deletion goes by when the spec is unusable.
fn recorded(object: &AttachedDatabase) -> Option<ConfigurationId> {
    object
        .status
        .as_ref()?
        .configuration_id
        .as_deref()?
        .parse()
        .ok()
}

impl Object {
    /// The configuration that this object is about.
    #[must_use]
    pub fn configuration(&self) -> Option<&ConfigurationId> {
        match &self.lifecycle {
            Lifecycle::Wanted(desired) => Some(&desired.configuration),
            Lifecycle::Deleting { configuration, .. } => configuration.as_ref(),
        }
    }

    /// Whether a decision can depend on Azure at all: a deletion that has nothing to detach must not
    /// wait for a cluster that can't be read.
    fn needs_azure(&self) -> bool {
        match &self.lifecycle {
            Lifecycle::Wanted(_) => true,
            Lifecycle::Deleting {
                policy: DeletionPolicy::Orphan,
                ..
            } => false,
            Lifecycle::Deleting {
                policy: DeletionPolicy::Detach,
                ..
            } => self.finalizer == Finalizer::Present && self.ownership.is_some(),
        }
    }
}

async fn read(
    object: &AttachedDatabase,
    facts: &Object,
    configuration: &ConfigurationId,
    memory: &mut Memory,
    context: &Context,
) -> Azure {
    let hint = object
        .status
        .as_ref()
        .and_then(|status| status.operation.as_ref());
    let operation = match hint {
        None => {
            memory.timeline = None;
            Operation::None
        }
        Some(hint) => match follow(hint, object, facts, memory, context).await {
            Followed::Running(running) => return Azure::Operating(running),
            Followed::Over(operation) => operation,
        },
    };
    let needs_follower = matches!(facts.lifecycle, Lifecycle::Wanted(_));
    let (remote, follower) = futures::join!(
        look(&context.arm, configuration),
        OptionFuture::from(
            needs_follower.then(|| look_at_follower(&context.arm, configuration.cluster()))
        ),
    );
    Azure::Read {
        follower: follower.unwrap_or(Follower::NotRead),
        configuration: remote,
        operation,
    }
}

enum Followed {
    Running(Running),
    Over(Operation),
}

/// Asks ARM what became of the operation that status hints at.
async fn follow(
    hint: &OperationStatus,
    object: &AttachedDatabase,
    facts: &Object,
    memory: &mut Memory,
    context: &Context,
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
        .and_then(|url| OperationUrl::accept(url, context.arm.endpoint()).ok());
    let Some(url) = url.filter(|_| age < OPERATION_DEADLINE) else {
        return doubtful;
    };
    let end = match context.arm.poll(&url).await {
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
                Class::Transient | Class::Throttled | Class::Busy | Class::Unauthenticated => {
                    Followed::Over(Operation::Unreadable { kind, age })
                }
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

/// Reads the configuration.
pub async fn look(arm: &ArmClient, configuration: &ConfigurationId) -> Remote {
    match arm.configuration(configuration).await {
        Ok(Some(live)) => Remote::Present(Box::new(live)),
        Ok(None) => Remote::Absent,
        Err(error) if error.is_parent_missing() => Remote::NoFollower,
        Err(error) => Remote::Unknown(Failure::from(&error)),
    }
}

async fn look_at_follower(arm: &ArmClient, follower: &ClusterId) -> Follower {
    match arm.cluster(follower).await {
        Ok(Some(cluster)) => Follower::Present(cluster),
        Ok(None) => Follower::Absent,
        Err(error) => Follower::Unknown(Failure::from(&error)),
    }
}
