//! Owns what the probes answer: the typed gate behind `/readyz` and the signs of life behind `/livez`.
//!
//! They differ on purpose. Not ready means "wait for me": the caches are not filled yet, or the CRD is missing, and a
//! restart would not help. Not alive means "restart me": a loop has stopped turning. Whether Azure or the API server
//! can be reached decides neither.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::time::Instant;

/// How far the operator is on its way to being useful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// The process is setting itself up.
    Starting,
    /// The API server does not serve the kind yet.
    WaitingForCrd,
    /// The first list is under way.
    Syncing,
    /// The cache is filled and every object is being looked after.
    Ready,
    /// The process was asked to end and finishes what it began.
    Stopping,
}

impl Gate {
    /// A stable, lower-case sentence for the probe's answer.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::WaitingForCrd => "waiting for the CustomResourceDefinition to be established",
            Self::Syncing => "listing the objects for the first time",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason())
    }
}

/// The gate, shared: one side moves it, the other reads it. Clones are the same gate.
#[derive(Debug, Clone)]
pub struct Readiness {
    gate: watch::Sender<Gate>,
}

impl Default for Readiness {
    fn default() -> Self {
        Self {
            gate: watch::Sender::new(Gate::Starting),
        }
    }
}

impl Readiness {
    /// Moves the gate, and says so in the log when it was somewhere else.
    pub fn set(&self, gate: Gate) {
        let moved = self
            .gate
            .send_if_modified(|current| std::mem::replace(current, gate) != gate);
        if moved {
            tracing::info!(gate = gate.reason(), "readiness changed");
        }
    }

    /// Where the gate is now.
    #[must_use]
    pub fn gate(&self) -> Gate {
        *self.gate.borrow()
    }

    /// Resolves once the gate is `wanted`, at once if it is there already.
    pub async fn reached(&self, wanted: Gate) {
        let mut gate = self.gate.subscribe();
        // `self` holds the sender, so the channel cannot close while this waits.
        drop(gate.wait_for(|gate| *gate == wanted).await);
    }
}

/// How old a sign of life may be. Both must exceed the slowest healthy rhythm of their loop by a wide margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivenessLimits {
    /// The oldest acceptable [`Liveness::beat`].
    pub heartbeat: Duration,
    /// The oldest acceptable [`Liveness::watch`] sign.
    pub watch: Duration,
}

impl Default for LivenessLimits {
    /// Heartbeat 60 s. Watch 10 min: a watch is renewed in under 240 s, because Azure's load balancer drops flows
    /// that are idle for that long (faults.md K5), and its backoff ends at 30 s; two renewals may be missed.
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_mins(1),
            watch: Duration::from_mins(10),
        }
    }
}

/// What the watch of the objects just did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchSign {
    /// The API server was heard: an event, a bookmark, an answered list, a renewed watch.
    Heard,
    /// An attempt failed and the next one is due: the loop turns, although the API server was not heard.
    Retrying,
}

/// Why the process should be restarted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotAlive {
    /// The controller's loop has stopped turning.
    #[error("the controller's last heartbeat is {} s old (limit {} s)", age.as_secs(), limit.as_secs())]
    Heartbeat {
        /// How long ago the last beat was.
        age: Duration,
        /// How old it may be.
        limit: Duration,
    },
    /// The watch neither delivers nor retries: it is wedged (faults.md §6, green probes on a wedged loop).
    #[error("the watch last moved {} s ago (limit {} s)", age.as_secs(), limit.as_secs())]
    Watch {
        /// How long ago the last sign was.
        age: Duration,
        /// How old it may be.
        limit: Duration,
    },
}

/// Signs of life, shared. Clones write to and read from the same ones.
///
/// A sign that was never given is not missed, so that a long start (a CRD that is not installed yet) is no reason
/// to restart: readiness tells that story.
#[derive(Debug, Clone)]
pub struct Liveness {
    inner: Arc<Signs>,
}

#[derive(Debug)]
struct Signs {
    origin: Instant,
    limits: LivenessLimits,
    heartbeat: Sign,
    watch_moved: Sign,
    watch_heard: Sign,
}

impl Liveness {
    /// No sign given yet.
    #[must_use]
    pub fn new(limits: LivenessLimits) -> Self {
        Self {
            inner: Arc::new(Signs {
                origin: Instant::now(),
                limits,
                heartbeat: Sign::never(),
                watch_moved: Sign::never(),
                watch_heard: Sign::never(),
            }),
        }
    }

    /// The controller's loop turned.
    pub fn beat(&self) {
        self.inner.heartbeat.give(self.inner.origin);
    }

    /// The watch gave a sign.
    pub fn watch(&self, sign: WatchSign) {
        self.inner.watch_moved.give(self.inner.origin);
        match sign {
            WatchSign::Heard => self.inner.watch_heard.give(self.inner.origin),
            WatchSign::Retrying => {}
        }
    }

    /// How long ago the API server was last heard through the watch; none before the first time.
    #[must_use]
    pub fn watch_age(&self) -> Option<Duration> {
        self.inner.watch_heard.age(self.inner.origin)
    }

    /// Whether every loop still turns.
    ///
    /// # Errors
    /// Names the first sign that is older than its limit.
    pub fn check(&self) -> Result<(), NotAlive> {
        let Signs {
            origin,
            limits,
            heartbeat,
            watch_moved,
            watch_heard: _,
        } = &*self.inner;
        if let Some(age) = heartbeat.age(*origin).filter(|age| *age > limits.heartbeat) {
            let limit = limits.heartbeat;
            return Err(NotAlive::Heartbeat { age, limit });
        }
        if let Some(age) = watch_moved.age(*origin).filter(|age| *age > limits.watch) {
            let limit = limits.watch;
            return Err(NotAlive::Watch { age, limit });
        }
        Ok(())
    }
}

/// When something last happened, in milliseconds after an origin.
#[derive(Debug)]
struct Sign(AtomicU64);

impl Sign {
    const NEVER: u64 = u64::MAX;

    const fn never() -> Self {
        Self(AtomicU64::new(Self::NEVER))
    }

    fn give(&self, origin: Instant) {
        let elapsed = u64::try_from(origin.elapsed().as_millis()).unwrap_or(Self::NEVER - 1);
        self.0.store(elapsed, Ordering::Relaxed);
    }

    fn age(&self, origin: Instant) -> Option<Duration> {
        match self.0.load(Ordering::Relaxed) {
            Self::NEVER => None,
            given => Some(
                origin
                    .elapsed()
                    .saturating_sub(Duration::from_millis(given)),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const LIMITS: LivenessLimits = LivenessLimits {
        heartbeat: Duration::from_mins(1),
        watch: Duration::from_mins(10),
    };

    #[tokio::test]
    async fn the_gate_starts_closed_and_wakes_those_who_wait_for_it() {
        let readiness = Readiness::default();
        assert_eq!(readiness.gate(), Gate::Starting);
        let shared = readiness.clone();
        let waiting = tokio::spawn(async move { shared.reached(Gate::Ready).await });
        readiness.set(Gate::WaitingForCrd);
        readiness.set(Gate::Syncing);
        readiness.set(Gate::Ready);
        waiting.await.unwrap();
        assert_eq!(readiness.gate(), Gate::Ready);
    }

    #[tokio::test(start_paused = true)]
    async fn signs_never_given_are_not_missed() {
        let liveness = Liveness::new(LIMITS);
        advance(Duration::from_hours(24)).await;
        assert_eq!(liveness.check(), Ok(()));
        assert_eq!(liveness.watch_age(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_heartbeat_that_stops_is_missed_just_after_its_limit_and_forgiven_when_it_returns() {
        let liveness = Liveness::new(LIMITS);
        liveness.beat();
        advance(Duration::from_mins(1)).await;
        assert_eq!(liveness.check(), Ok(()));
        advance(Duration::from_secs(1)).await;
        let missed = liveness.check().unwrap_err();
        assert_eq!(
            missed.to_string(),
            "the controller's last heartbeat is 61 s old (limit 60 s)"
        );
        liveness.beat();
        assert_eq!(liveness.check(), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_retries_is_alive_but_its_age_grows() {
        let liveness = Liveness::new(LIMITS);
        liveness.watch(WatchSign::Heard);
        advance(Duration::from_secs(590)).await;
        liveness.watch(WatchSign::Retrying);
        advance(Duration::from_secs(20)).await;
        assert_eq!(liveness.check(), Ok(()));
        assert_eq!(liveness.watch_age(), Some(Duration::from_secs(610)));
        advance(Duration::from_secs(581)).await;
        assert!(matches!(liveness.check(), Err(NotAlive::Watch { .. })));
    }
}
