//! All reads of a pass: from the object to a [`Snapshot`]. I/O.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    api::{AttachedDatabase, DeletionPolicy, DriftPolicy, FINALIZER},
    azure::id::ConfigurationId,
};

use super::{
    access::{Access, Identity, standing},
    claims::Standing,
    context::Context,
    follow::{Followed, follow},
    lane::{ObjectKey, Priority},
    look::{glance, live_databases, look_closely},
    memory::Memory,
    reads::Source,
    sessions::Session,
    snapshot::{
        self, Azure, Claim, Databases, Finalizer, Follower, Freshness, Lane, Lifecycle, Object,
        Operation, Remote, Sight, Snapshot,
    },
    validate::Desired,
};

/// The part of an interval for which a shared read is new enough: a little less than the whole, since objects come due
/// a whole interval after the read that they share.
const SHARED_SHARE: f64 = 0.95;

/// How old shared lists may be for an object that waits for a change in them.
const WAITING_AGE: Duration = Duration::from_secs(15);

/// Who asks, and on whose behalf.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The object's name.
    pub key: &'a ObjectKey,
    /// How the object is served.
    pub access: &'a Access,
    /// The session of whoever serves it; `None` when nobody does.
    pub session: Option<&'a Session>,
    /// All else.
    pub context: &'a Context,
}

/// Reads what a decision about `object` needs, at a glance if that may do. `desired` is `None` only for a deletion.
pub async fn gather(
    object: &AttachedDatabase,
    desired: Option<Desired>,
    reader: Reader<'_>,
    memory: &mut Memory,
) -> Snapshot {
    let Reader { key, context, .. } = reader;
    let mut facts = facts(object, desired, reader, memory);
    let configuration = facts.configuration().cloned();
    let (azure, lane) = match (&configuration, reader.session) {
        (Some(configuration), Some(session)) if facts.needs_azure() => {
            let azure = read(object, &facts, reader, session, memory).await;
            if let (Access::Granted(Identity::Account(_)), Lifecycle::Wanted(desired)) =
                (reader.access, &facts.lifecycle)
                && desired.drift_policy == DriftPolicy::Correct
            {
                facts.claim = claim_what_was_seen(object, configuration, &azure, reader);
            }
            let lane = context.lane(configuration.cluster(), key, priority(object));
            (azure, lane)
        }
        (Some(_) | None, _) => (Azure::NotRead, Lane::Outside),
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

/// Whose the configuration is, for an object with an identity of its own: told once Azure has let it look, since before
/// that it has neither a claim nor a right to know of others.
fn claim_what_was_seen(
    object: &AttachedDatabase,
    configuration: &ConfigurationId,
    azure: &Azure,
    reader: Reader<'_>,
) -> Claim {
    let Reader { key, context, .. } = reader;
    let Azure::Read(sight) = azure else {
        return Claim::Ours;
    };
    let has_seen = matches!(sight.follower, Follower::Present(_))
        && !matches!(sight.configuration, Remote::Unknown(_));
    if !has_seen {
        return Claim::Ours;
    }
    let ownership = object.status.as_ref().and_then(|status| status.ownership);
    let standing = standing(reader.access, ownership).unwrap_or(Standing::Asks);
    context.declare(key, object, Some((configuration.clone(), standing)));
    context.claim(key, configuration)
}

fn facts(
    object: &AttachedDatabase,
    desired: Option<Desired>,
    reader: Reader<'_>,
    memory: &Memory,
) -> Object {
    let Reader { key, context, .. } = reader;
    let finalizer = match &object.metadata.finalizers {
        Some(finalizers) if finalizers.iter().any(|finalizer| finalizer == FINALIZER) => {
            Finalizer::Present
        }
        Some(_) | None => Finalizer::Missing,
    };
    let is_going = object.metadata.deletion_timestamp.is_some();
    let (access, claim) = match (reader.access, &desired) {
        (Access::Refused(refusal), _) => {
            let access = snapshot::Access::Refused(refusal.clone());
            let claim = desired.as_ref().filter(|_| is_going);
            let claim = claim.map(|desired| context.claim(key, &desired.configuration));
            (access, claim)
        }
        // What one's own identity may claim is known once it was let in; who only reports claims nothing.
        (Access::Granted(identity), Some(desired))
            if !is_going
                && (matches!(identity, Identity::Account(_))
                    || desired.drift_policy == DriftPolicy::Report) =>
        {
            (snapshot::Access::Granted, None)
        }
        (Access::Granted(_), desired) => {
            let claim = desired.as_ref();
            let claim = claim.map(|desired| context.claim(key, &desired.configuration));
            (snapshot::Access::Granted, claim)
        }
    };
    let lifecycle = match (is_going, desired) {
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
        access,
        claim: claim.unwrap_or(Claim::Ours),
        corrections: memory.lately_corrected(now),
        waiting_for: memory
            .looking_since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
        refusal: memory.refusal.clone(),
    }
}

/// The configuration that ownership was recorded for: what a deletion goes by when the spec does not even tell that.
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

    pub(super) fn desired(&self) -> Option<&Desired> {
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
    reader: Reader<'_>,
    session: &Session,
    memory: &mut Memory,
) -> Azure {
    let Reader { key, context, .. } = reader;
    let hint = object
        .status
        .as_ref()
        .and_then(|status| status.operation.as_ref());
    let operation = match hint {
        None => {
            memory.timeline = None;
            Operation::None
        }
        Some(hint) => match follow(hint, object, facts, memory, (session, context)).await {
            Followed::Running(running) => return Azure::Operating(running),
            Followed::Over(operation) => operation,
        },
    };
    let now = Instant::now();
    let desired = match &facts.lifecycle {
        Lifecycle::Deleting { .. } => {
            return Azure::Read(parting(facts, operation, now, session).await);
        }
        Lifecycle::Wanted(desired) => desired,
    };
    // Our own operation has changed something, or somebody asks: what others read before does not show it.
    let asked = object.reconcile_request()
        != object
            .status
            .as_ref()
            .and_then(|status| status.last_handled_reconcile_at.clone());
    if hint.is_some() || asked {
        let mut sight = Sight::new(operation);
        look_closely(&mut sight, desired, now, &session.reads).await;
        return Azure::Read(sight);
    }
    // Who rests shares what is read once an interval; who waits for something, or is declared anew, looks closer to now.
    let interval = desired.interval.unwrap_or(context.settings.interval);
    let status = object.status.as_ref();
    let is_known =
        status.and_then(|status| status.observed_generation) == object.metadata.generation;
    let age = if is_known && (memory.resting_on.is_some() || memory.version.is_none()) {
        interval.mul_f64(SHARED_SHARE)
    } else {
        WAITING_AGE.min(interval)
    };
    let since = now.checked_sub(age).unwrap_or(now);
    let (sight, source) = glance(desired, operation, since, &session.reads).await;
    if source == Source::News {
        context.share_news(desired.configuration.cluster(), key, reader.access);
    }
    Azure::Read(sight)
}

/// What is read of an object that goes: the configuration as it is now, and whether it is a stranger's.
async fn parting(facts: &Object, operation: Operation, now: Instant, session: &Session) -> Sight {
    let mut sight = Sight::new(operation);
    sight.freshness = Freshness::Live;
    let Some(configuration) = facts.configuration() else {
        return sight;
    };
    let databases = async {
        match facts.desired() {
            Some(desired) => live_databases(desired, now, &session.reads).await,
            None => Databases::NotRead,
        }
    };
    (sight.configuration, sight.databases) = futures::join!(
        session.reads.live_configuration(configuration, now),
        databases
    );
    sight
}
