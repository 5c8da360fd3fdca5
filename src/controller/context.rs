//! What every pass needs: clients, settings and memories, in one explicit place.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kube::{Client, runtime::events::Recorder};
use tokio::sync::mpsc::UnboundedSender;

use crate::{
    api::AttachedDatabase,
    azure::id::{ClusterId, ConfigurationId},
    clock::Clock,
    leader::Leadership,
    metrics::{Metrics, Population},
};

use super::{
    access::{Access, Book, Tenancy},
    claims::{Claims, Standing},
    lane::{Lanes, ObjectKey, Priority},
    memory::Memories,
    retry::Chance,
    sessions::{Connect, Sessions},
    snapshot::{Claim, Lane},
    turns::Turns,
};

/// Settings of the controller.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How often live state is compared when the object does not say.
    pub interval: Duration,
    /// How many objects are worked on at a time.
    pub concurrency: u16,
    /// How many operations may run at a time on one follower cluster.
    pub operations_per_cluster: usize,
}

/// Shared by all passes.
pub struct Context {
    /// The Kubernetes API.
    pub client: Client,
    /// Who may do what, and as whom.
    pub access: Arc<Book>,
    /// Azure, for each identity apart.
    pub sessions: Sessions,
    /// Settings of the controller.
    pub settings: Settings,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Publishes events.
    pub recorder: Recorder,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// What is remembered between passes.
    pub memories: Memories,
    /// Who is worked on next.
    pub turns: Turns,
    /// Whether this process is the one that acts.
    pub leadership: Leadership,
    claims: Mutex<Claims>,
    lanes: Mutex<Lanes>,
    chances: Mutex<fastrand::Rng>,
    wake: UnboundedSender<ObjectKey>,
}

/// What a [`Context`] is made of.
pub struct Parts {
    /// See [`Context::client`].
    pub client: Client,
    /// Makes the client of an identity.
    pub connect: Box<Connect>,
    /// How the operator is shared.
    pub tenancy: Tenancy,
    /// See [`Context::leadership`].
    pub leadership: Leadership,
    /// See [`Context::settings`].
    pub settings: Settings,
    /// See [`Context::clock`].
    pub clock: Arc<dyn Clock>,
    /// See [`Context::recorder`].
    pub recorder: Recorder,
    /// See [`Context::metrics`].
    pub metrics: Arc<Metrics>,
    /// The seed of all jitter; tests fix it.
    pub seed: u64,
    /// Makes the controller look at an object now.
    pub wake: UnboundedSender<ObjectKey>,
}

impl Context {
    /// A context with empty memories.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            client,
            connect,
            tenancy,
            leadership,
            settings,
            clock,
            recorder,
            metrics,
            seed,
            wake,
        } = parts;
        Self {
            lanes: Mutex::new(Lanes::new(settings.operations_per_cluster)),
            chances: Mutex::new(fastrand::Rng::with_seed(seed)),
            memories: Memories::default(),
            claims: Mutex::default(),
            access: Arc::new(Book::new(tenancy)),
            sessions: Sessions::new(connect),
            turns: Turns::new(settings.concurrency.into()),
            leadership,
            client,
            settings,
            clock,
            recorder,
            metrics,
            wake,
        }
    }

    /// Draws a random number for jitter.
    pub fn chance(&self) -> Chance {
        Chance(
            self.chances
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .f64(),
        )
    }

    /// Where the object stands in the follower's lane.
    pub fn lane(&self, follower: &ClusterId, key: &ObjectKey, priority: Priority) -> Lane {
        self.lanes().place(follower, key, priority)
    }

    /// Asks for the follower's lane.
    pub fn enter_lane(&self, follower: &ClusterId, key: &ObjectKey, priority: Priority) -> Lane {
        self.lanes().enter(follower, key, priority)
    }

    /// Notes that the object's operation runs.
    pub fn occupy_lane(&self, follower: &ClusterId, key: &ObjectKey) {
        self.lanes().occupy(follower, key);
    }

    /// Leaves the follower's lane and wakes who is next.
    pub fn leave_lane(&self, follower: &ClusterId, key: &ObjectKey) {
        let next = self.lanes().leave(follower, key);
        self.wake(next);
    }

    /// Leaves whatever lane the object is in and wakes who is next.
    pub fn leave_lanes(&self, key: &ObjectKey) {
        let next = self.lanes().forget(key);
        self.wake(next);
    }

    /// Forgets an object that is gone or left alone.
    pub fn forget(&self, key: &ObjectKey) {
        self.memories.forget(key);
        self.leave_lanes(key);
    }

    /// Whether `configuration` is the object's to declare.
    pub fn claim(&self, key: &ObjectKey, configuration: &ConfigurationId) -> Claim {
        let older = self.claims().owner_before(key, configuration);
        older.map_or(Claim::Ours, Claim::Older)
    }

    /// Notes what the object claims (`None`: nothing), and wakes who moves up.
    pub fn declare(
        &self,
        key: &ObjectKey,
        object: &AttachedDatabase,
        claim: Option<(ConfigurationId, Standing)>,
    ) {
        let created = object.metadata.creation_timestamp.as_ref();
        let created = created.map_or(0, |created| created.0.as_second());
        let next = self.claims().declare(key, created, claim);
        self.wake(next.into_iter().collect());
    }

    /// With which standing the object claims a configuration.
    pub fn claimed_as(&self, key: &ObjectKey) -> Option<Standing> {
        self.claims().standing(key)
    }

    /// Notes that the object declares nothing any more, and wakes who moves up.
    pub fn withdraw(&self, key: &ObjectKey) {
        let next = self.claims().withdraw(key);
        self.wake(next.into_iter().collect());
    }

    /// Drops the objects of `namespace` (`None`: of all) that are not among `present`: they went unseen.
    pub fn keep_only(&self, namespace: Option<&str>, present: &HashSet<ObjectKey>) {
        let missing = self.claims().missing(namespace, present);
        for key in missing {
            self.forget(&key);
            self.withdraw(&key);
        }
    }

    /// Lets the objects that rest on `follower`, and are served with the same `access`, look at what `key` has just read
    /// of it.
    pub fn share_news(&self, follower: &ClusterId, key: &ObjectKey, access: &Access) {
        self.wake(self.memories.resting_on(follower, key, access));
    }

    /// Makes the controller look at these objects now.
    pub fn look_at(&self, keys: Vec<ObjectKey>) {
        self.wake(keys);
    }

    /// Wakes the object if it is served otherwise than in its last pass.
    pub fn served_as(&self, key: &ObjectKey, access: &Access) {
        if self.memories.is_served_otherwise(key, access) {
            self.wake(vec![key.clone()]);
        }
    }

    /// What the controller holds now.
    pub fn population(&self) -> Population {
        let [ready, not_ready, unknown] = self.memories.count();
        let waiting_in_lane = self.lanes().waiting().try_into().unwrap_or(u64::MAX);
        Population {
            ready,
            not_ready,
            unknown,
            waiting_in_lane,
            identities: self.sessions.count().try_into().unwrap_or(u64::MAX),
            leads: self.leadership.contested(),
        }
    }

    fn wake(&self, keys: Vec<ObjectKey>) {
        for key in keys {
            self.memories.hurry(key.clone());
            // Fails only when the controller has ended, and then nobody needs to be woken.
            let _ = self.wake.send(key);
        }
    }

    fn claims(&self) -> MutexGuard<'_, Claims> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
