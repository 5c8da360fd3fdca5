//! All reads of a pass: from the object to a [`Snapshot`]. I/O.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    api::{AttachedDatabase, DeletionPolicy, DriftPolicy, FINALIZER, OperationStatus},
    azure::{
        client::ArmClient,
        error::Class,
        id::{ClusterId, ConfigurationId},
        model::ShareOrigin,
        operation::{OperationUrl, Polled},
    },
    error_chain::ErrorChain,
    metrics::OperationResult,
};

use super::{
    context::Context,
    decide::operation::explains_all,
    failure::Failure,
    lane::{ObjectKey, Priority},
    memory::{Memory, Timeline},
    readable::name_on_follower,
    reads::{LeaderWish, Reads, Source},
    snapshot::{
        Azure, Claim, Databases, End, Finalizer, Follower, Following, Freshness, Lane, Leader, Lifecycle, Object,
        Operation, Remote, Running, Sight, Snapshot,
    },
    validate::{Database, Desired},
};

/// How long an operation may run before its hint is dropped and the configuration alone decides
/// (Terraform's timeout for this resource, arm-kusto.md §2.3).
const OPERATION_DEADLINE: Duration = Duration::from_hours(1);

/// The part of an interval for which a shared read is new enough: a little less than the whole, since objects come due
/// a whole interval after the read that they share.
const SHARED_SHARE: f64 = 0.95;

/// How old a read of a cluster may be when something is about to be done. Clusters change their state in minutes.
const CLUSTER_AGE: Duration = Duration::from_mins(1);

/// How old shared lists may be for an object that waits for a change in them.
const WAITING_AGE: Duration = Duration::from_secs(15);

/// Reads what a decision about `object` needs, at a glance if that may do. `desired` is `None` only for a deletion.
pub async fn gather(
    object: &AttachedDatabase,
    desired: Option<Desired>,
    key: &ObjectKey,
    memory: &mut Memory,
    context: &Context,
) -> Snapshot {
    let facts = facts(object, desired, key, memory, context);
    let configuration = facts.configuration().cloned();
    let (azure, lane) = match &configuration {
        Some(configuration) if facts.needs_azure() => {
            let azure = read(object, &facts, key, memory, context).await;
            let lane = context.lane(configuration.cluster(), key, priority(object));
            (azure, lane)
        }
        Some(_) | None => (Azure::NotRead, Lane::Outside),
    };
    Snapshot {
        object: facts,
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

fn facts(
    object: &AttachedDatabase,
    desired: Option<Desired>,
    key: &ObjectKey,
    memory: &Memory,
    context: &Context,
) -> Object {
    let finalizer = match &object.metadata.finalizers {
        Some(finalizers) if finalizers.iter().any(|finalizer| finalizer == FINALIZER) => {
            Finalizer::Present
        }
        Some(_) | None => Finalizer::Missing,
    };
    let claim = desired.as_ref().map_or(Claim::Ours, |desired| context.claim(key, &desired.configuration));
    let lifecycle = match (object.metadata.deletion_timestamp.is_some(), desired) {
        (false, Some(desired)) => Lifecycle::Wanted(desired),
        (_, desired) => Lifecycle::Deleting {
            policy: match object.spec.drift_policy {
                // Who only reports writes nothing to Azure, to the end.
                DriftPolicy::Report => DeletionPolicy::Orphan,
                DriftPolicy::Correct => object.spec.deletion_policy,
            },
            configuration: desired
                .as_ref()
                .map(|desired| desired.configuration.clone())
                .or_else(|| recorded(object)),
            desired,
        },
    };
    let now = Instant::now();
    Object {
        lifecycle,
        finalizer,
        ownership: object.status.as_ref().and_then(|status| status.ownership),
        claim,
        corrections: memory.lately_corrected(now),
        waiting_for: memory.looking_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
        refusal: memory.refusal.clone(),
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

    fn desired(&self) -> Option<&Desired> {
        match &self.lifecycle {
            Lifecycle::Wanted(desired) => Some(desired),
            Lifecycle::Deleting { desired, .. } => desired.as_ref(),
        }
    }

    /// Whether a decision can depend on Azure at all: a deletion that has nothing to detach must not
    /// wait for a cluster that can't be read.
    fn needs_azure(&self) -> bool {
        match &self.lifecycle {
            // Whose configuration it is, is no matter of Azure.
            Lifecycle::Wanted(_) => self.claim == Claim::Ours,
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
    key: &ObjectKey,
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
    let now = Instant::now();
    let desired = match &facts.lifecycle {
        Lifecycle::Deleting { .. } => return Azure::Read(parting(facts, operation, now, context).await),
        Lifecycle::Wanted(desired) => desired,
    };
    // Our own operation has changed something, or somebody asks: what others read before does not show it.
    let asked = object.reconcile_request() != object.status.as_ref().and_then(|status| status.last_handled_reconcile_at.clone());
    if hint.is_some() || asked {
        let mut sight = Sight::new(operation);
        look_closely(&mut sight, desired, now, &context.reads).await;
        return Azure::Read(sight);
    }
    // Who rests shares what is read once an interval; who waits for something looks more often.
    let interval = desired.interval.unwrap_or(context.settings.interval);
    let age = if memory.resting_on.is_some() || memory.version.is_none() {
        interval.mul_f64(SHARED_SHARE)
    } else {
        WAITING_AGE.min(interval)
    };
    let since = now.checked_sub(age).unwrap_or(now);
    let (sight, source) = glance(desired, operation, since, &context.reads).await;
    if source == Source::Asked {
        context.share_news(desired.configuration.cluster(), key);
    }
    Azure::Read(sight)
}

/// What is read of an object that goes: the configuration as it is now, and whether it is a stranger's.
async fn parting(facts: &Object, operation: Operation, now: Instant, context: &Context) -> Sight {
    let mut sight = Sight::new(operation);
    sight.freshness = Freshness::Live;
    let Some(configuration) = facts.configuration() else { return sight };
    let databases = async {
        match facts.desired() {
            Some(desired) => live_databases(desired, now, &context.reads).await,
            None => Databases::NotRead,
        }
    };
    (sight.configuration, sight.databases) =
        futures::join!(context.reads.live_configuration(configuration, now), databases);
    sight
}

/// Looks at what is shared, if it was asked for at `since` or later.
pub async fn glance(desired: &Desired, operation: Operation, since: Instant, reads: &Reads) -> (Sight, Source) {
    let follower = desired.configuration.cluster();
    let wish = match desired.database {
        Database::All => LeaderWish::Database(&desired.database),
        Database::One(_) => LeaderWish::Cluster,
    };
    let seen = reads.follower(follower, since).await;
    if explains_all(&seen).is_some() {
        let sight = Sight { follower: seen, ..Sight::new(operation) };
        return (sight, Source::Shared);
    }
    let ((configuration, source), databases, leader) = futures::join!(
        reads.configuration(&desired.configuration, since),
        reads.databases(follower, since),
        reads.leader(&desired.leader, wish, since),
    );
    let sight = Sight {
        follower: seen,
        configuration,
        databases,
        leader,
        ..Sight::new(operation)
    };
    (sight, source)
}

/// Looks at the configuration, its databases and its follower as they are now, or were since `now`.
pub async fn look_closely(sight: &mut Sight, desired: &Desired, now: Instant, reads: &Reads) {
    let follower = desired.configuration.cluster();
    let lately = now.checked_sub(CLUSTER_AGE).unwrap_or(now);
    sight.freshness = Freshness::Live;
    sight.follower = reads.follower(follower, lately).await;
    if explains_all(&sight.follower).is_some() {
        return;
    }
    (sight.configuration, sight.databases) = futures::join!(
        reads.live_configuration(&desired.configuration, now),
        live_databases(desired, now, reads),
    );
    if let (Database::All, Leader::NotRead) = (&desired.database, &sight.leader) {
        sight.leader = reads.leader(&desired.leader, LeaderWish::Database(&desired.database), lately).await;
    }
}

/// The databases of the follower as they are now, or at least the one that matters.
async fn live_databases(desired: &Desired, now: Instant, reads: &Reads) -> Databases {
    let follower = desired.configuration.cluster();
    match &desired.database {
        Database::All => reads.databases(follower, now).await,
        Database::One(name) => reads.live_database(follower, &name_on_follower(desired, name), now).await,
    }
}

/// Looks at the leader and at what is followed of it.
pub async fn look_at_leader(sight: &mut Sight, desired: &Desired, now: Instant, reads: &Reads) {
    let lately = now.checked_sub(CLUSTER_AGE).unwrap_or(now);
    sight.leader = reads.leader(&desired.leader, LeaderWish::Database(&desired.database), lately).await;
}

/// Asks the leader whether the follower follows it by this configuration.
pub async fn look_at_following(sight: &mut Sight, desired: &Desired, arm: &ArmClient) {
    let configuration = &desired.configuration;
    sight.following = match arm.followers(&desired.leader).await {
        Ok(Some(rows)) => {
            let listed = rows.iter().any(|row| {
                row.configuration_name.eq_ignore_ascii_case(configuration.name())
                    && row.share_origin == ShareOrigin::Direct
                    && row.follower_cluster.parse::<ClusterId>().is_ok_and(|follower| follower == *configuration.cluster())
            });
            if listed { Following::Listed } else { Following::NotListed }
        }
        // A leader that is gone says nothing about what its followers still hold.
        Ok(None) => Following::Unknown(Failure {
            class: Class::Rejected,
            reason: "LeaderNotFound",
            message: "the leader cluster does not exist".to_owned(),
            retry_after: None,
        }),
        Err(error) => Following::Unknown(Failure::from(&error)),
    };
}

impl Sight {
    /// Nothing read yet.
    #[must_use]
    pub fn new(operation: Operation) -> Self {
        Self {
            freshness: Freshness::Glance,
            follower: Follower::NotRead,
            configuration: Remote::Absent,
            databases: Databases::NotRead,
            leader: Leader::NotRead,
            following: Following::NotRead,
            operation,
        }
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
