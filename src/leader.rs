//! Which of several replicas acts: the one that holds a Lease. I/O.
//!
//! It saves work and keeps replicas out of each other's way; correctness never depends on it (client-go "does not
//! guarantee that only one client is acting as a leader"). Who loses the lease drops what it is about to do, keeps its
//! caches, and waits for its turn.

mod election;

use std::{sync::Arc, time::Duration};

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use kube::{
    Api, Client,
    api::{ObjectMeta, PostParams},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use crate::{clock::Clock, error_chain::ErrorChain};

pub use election::{Candidate, Step, Timing};

/// The deadline of one call; two of them fit into the time that a leader goes on without a renewal.
const CALL_DEADLINE: Duration = Duration::from_secs(5);

/// Where the lease is, and who asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    /// The namespace of the Lease.
    pub namespace: String,
    /// The name of the Lease.
    pub name: String,
    /// This replica; unique, or two would lead.
    pub identity: String,
    /// How long is waited for what.
    pub timing: Timing,
}

/// Whether this process leads. Clones are the same.
#[derive(Clone, Debug)]
pub struct Leadership(Arc<watch::Sender<Term>>);

/// Until when this process leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Term {
    /// Without an election.
    Always,
    /// It does not.
    Standby,
    /// Until then, unless the lease is renewed. A process that was stopped for longer finds that it is over.
    Until(Instant),
}

impl Leadership {
    /// There is no election: this process acts.
    #[must_use]
    pub fn always() -> Self {
        Self(Arc::new(watch::Sender::new(Term::Always)))
    }

    /// This process acts once it is elected.
    #[must_use]
    pub fn elected() -> Self {
        Self(Arc::new(watch::Sender::new(Term::Standby)))
    }

    /// Whether this process acts; `None` when there is nobody else who could.
    #[must_use]
    pub fn contested(&self) -> Option<bool> {
        let term = *self.0.borrow();
        match term {
            Term::Always => None,
            Term::Standby | Term::Until(_) => Some(term.lasts()),
        }
    }

    /// Whether this process may act at this moment.
    #[must_use]
    pub fn is_leading(&self) -> bool {
        self.0.borrow().lasts()
    }

    /// Resolves when this process begins to lead; at once if it does.
    pub async fn gained(&self) {
        // Fails only when the sender is gone, and this is one.
        let _ = self.0.subscribe().wait_for(|term| term.lasts()).await;
    }

    /// Resolves when this process does not lead any more; at once if it does not.
    pub async fn lost(&self) {
        let mut terms = self.0.subscribe();
        loop {
            let term = *terms.borrow_and_update();
            match term {
                Term::Standby => return,
                Term::Always => {
                    let _ = terms.changed().await;
                }
                Term::Until(end) => {
                    let over = tokio::time::timeout_at(end, terms.changed()).await.is_err();
                    if over {
                        return;
                    }
                }
            }
        }
    }

    fn set(&self, term: Term) {
        let led = self.is_leading();
        self.0.send_replace(term);
        match (led, term.lasts()) {
            (false, true) => tracing::info!("leading"),
            (true, false) => tracing::warn!("not leading any more"),
            (true, true) | (false, false) => {}
        }
    }
}

impl Term {
    fn lasts(self) -> bool {
        match self {
            Self::Always => true,
            Self::Standby => false,
            Self::Until(end) => Instant::now() < end,
        }
    }
}

/// Stands for election for ever, and keeps `leadership` up to date.
pub async fn run(
    client: Client,
    settings: LeaseSettings,
    clock: Arc<dyn Clock>,
    leadership: Leadership,
) {
    let mut election = Election::new(client, settings, clock);
    loop {
        let begun = Instant::now();
        match election.attempt().await {
            Ok(Standing::Holds) => {
                // From before the request: whenever it arrived, others wait for longer than this.
                leadership.set(Term::Until(begun + election.settings.timing.renew));
            }
            Ok(Standing::Other) => leadership.set(Term::Standby),
            // The term goes on to its end: others have to wait for longer.
            Err(error) if leadership.is_leading() => {
                tracing::warn!(error = %error, "lease not renewed");
            }
            // Among those who wait it is usual that another one was quicker.
            Err(error) => tracing::debug!(error = %error, "lease not taken"),
        }
        // Replicas that started together do not ask together.
        sleep(
            election
                .settings
                .timing
                .retry
                .mul_f64(1.0 + 0.2 * fastrand::f64()),
        )
        .await;
    }
}

/// Gives the lease up, if it is held. Call it when all work has stopped.
pub async fn release(
    client: Client,
    settings: LeaseSettings,
    clock: Arc<dyn Clock>,
    leadership: &Leadership,
) {
    let held = leadership.is_leading();
    leadership.set(Term::Standby);
    if held && let Err(error) = Election::new(client, settings, clock).release().await {
        tracing::warn!(error = %error, "lease not released");
    }
}

/// Whose the lease is.
enum Standing {
    Holds,
    Other,
}

struct Election {
    leases: Api<Lease>,
    settings: LeaseSettings,
    candidate: Candidate,
    clock: Arc<dyn Clock>,
}

impl Election {
    fn new(client: Client, settings: LeaseSettings, clock: Arc<dyn Clock>) -> Self {
        Self {
            leases: Api::namespaced(client, &settings.namespace),
            candidate: Candidate::new(settings.identity.clone(), settings.timing),
            settings,
            clock,
        }
    }

    /// Reads the lease, and takes or renews it if that may be.
    async fn attempt(&mut self) -> Result<Standing, String> {
        let lease = call(self.leases.get_opt(&self.settings.name)).await?;
        let spec = lease
            .as_ref()
            .map(|lease| lease.spec.clone().unwrap_or_default());
        match self
            .candidate
            .look(spec.as_ref(), Instant::now(), self.clock.now())
        {
            Step::Wait => Ok(Standing::Other),
            Step::Take(spec) => self.write(lease, *spec).await,
        }
    }

    async fn release(&self) -> Result<(), String> {
        let Some(lease) = call(self.leases.get_opt(&self.settings.name)).await? else {
            return Ok(());
        };
        let spec = lease.spec.clone().unwrap_or_default();
        if let Some(free) = self.candidate.release(&spec, self.clock.now()) {
            self.write(Some(lease), free).await?;
        }
        Ok(())
    }

    /// Writes the lease unless somebody was quicker: its resourceVersion goes along.
    async fn write(&self, before: Option<Lease>, spec: LeaseSpec) -> Result<Standing, String> {
        let params = PostParams::default();
        let written = if let Some(lease) = before {
            let lease = Lease {
                spec: Some(spec),
                ..lease
            };
            call(self.leases.replace(&self.settings.name, &params, &lease)).await
        } else {
            let lease = Lease {
                metadata: ObjectMeta {
                    name: Some(self.settings.name.clone()),
                    namespace: Some(self.settings.namespace.clone()),
                    ..ObjectMeta::default()
                },
                spec: Some(spec),
            };
            call(self.leases.create(&params, &lease)).await
        };
        written.map(|_| Standing::Holds)
    }
}

async fn call<T>(answer: impl Future<Output = Result<T, kube::Error>>) -> Result<T, String> {
    match timeout(CALL_DEADLINE, answer).await {
        Ok(answer) => answer.map_err(|error| ErrorChain(&error).to_string()),
        Err(_elapsed) => Err(format!(
            "the API server did not answer within {} s",
            CALL_DEADLINE.as_secs()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_term_that_is_not_renewed_ends_by_itself() {
        let leadership = Leadership::elected();
        assert!(!leadership.is_leading());
        leadership.lost().await;
        leadership.set(Term::Until(Instant::now() + Duration::from_secs(10)));
        leadership.gained().await;
        assert!(leadership.is_leading());
        let begun = Instant::now();
        leadership.lost().await;
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        assert!(!leadership.is_leading());
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewed_term_goes_on() {
        let leadership = Leadership::elected();
        let renew =
            |seconds| leadership.set(Term::Until(Instant::now() + Duration::from_secs(seconds)));
        renew(10);
        let begun = Instant::now();
        tokio::join!(leadership.lost(), async {
            sleep(Duration::from_secs(9)).await;
            renew(10);
        });
        assert_eq!(begun.elapsed(), Duration::from_secs(19));
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_election_it_always_leads() {
        let leadership = Leadership::always();
        leadership.gained().await;
        assert!(leadership.is_leading());
        let lost = timeout(Duration::from_hours(24), leadership.lost()).await;
        assert!(lost.is_err());
    }
}
