//! What the operator would do about one object, and why: asked of the operator's own steps, with reads only. I/O.
//!
//! There is no Kubernetes object: its finalizer and the follower's lane are taken for granted, nothing was corrected
//! lately, and no operation is under way but what the configuration itself tells.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    api::{AttachedDatabase, OperationKind, Ownership},
    azure::client::ArmClient,
    controller::{
        decide::{Decision, Effect, Look, Wait, decide},
        diff::{Comparison, Difference},
        look::{glance, look_at_following, look_at_leader, look_closely},
        outcome::Outcome,
        reads::Reads,
        report::Seen,
        snapshot::{
            Access, Azure, Claim, Finalizer, Lane, Lifecycle, Object, Operation, Running, Snapshot,
        },
        validate::{Desired, validate},
    },
};

mod view;
mod wording;

use view::{comparison, declared, pending, seen};
use wording::tell;

/// Steps to a forecast: three looks, an adoption and what comes after, with room to spare.
const MAX_STEPS: usize = 8;

/// What the operator would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: live state is as declared.
    Nothing,
    /// Nothing: `spec.suspend` is true.
    Suspended,
    /// Make the configuration.
    Attach,
    /// Change the configuration.
    Update,
    /// Take over a configuration that is as declared.
    Adopt,
    /// Take over a configuration and change it.
    AdoptAndUpdate,
    /// Only tell the differences: `spec.driftPolicy` is `Report`.
    Report,
    /// Wait for something that goes on by itself.
    Wait,
    /// Stop: somebody has to act.
    Blocked,
    /// Stop before anything: the manifest is refused.
    Invalid,
}

/// What the operator would do about an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// What it would do.
    pub action: Action,
    /// The reason that the object's condition `Ready` would have.
    pub reason: String,
    /// The condition's message.
    pub message: String,
    /// What works and may surprise.
    pub warning: Option<String>,
    /// What is not as declared.
    pub differences: Vec<Difference>,
}

/// What is assumed of a configuration that exists and follows what is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// The object made it: a declaration is being changed.
    Owned,
    /// The object is new: `spec.adoptionPolicy` decides.
    Unowned,
}

/// Looks ahead for any number of objects, which share what is read.
pub struct Forecaster {
    arm: ArmClient,
    reads: Reads,
    stance: Stance,
    /// What was read from then on is new enough.
    since: Instant,
    /// Wall time, for the conditions that are never written.
    now: Timestamp,
}

/// How the steps ended.
struct Conclusion {
    action: Action,
    outcome: Outcome,
    operation: Option<OperationKind>,
    differences: Vec<Difference>,
}

impl Conclusion {
    fn of(action: Action, outcome: Outcome) -> Self {
        Self {
            action,
            outcome,
            operation: None,
            differences: Vec::new(),
        }
    }
}

impl Forecaster {
    /// A forecaster that has read nothing yet.
    #[must_use]
    pub fn new(arm: ArmClient, stance: Stance, now: Timestamp) -> Self {
        Self {
            reads: Reads::new(arm.clone()),
            arm,
            stance,
            since: Instant::now(),
            now,
        }
    }

    /// What the operator would do about `object`. A read that fails is a forecast too: blocked.
    pub async fn forecast(&self, object: &AttachedDatabase) -> Forecast {
        if object.spec.suspend {
            return Forecast {
                action: Action::Suspended,
                reason: "Suspended".to_owned(),
                message: "`spec.suspend` is true, so nothing is done and nothing was compared"
                    .to_owned(),
                warning: None,
                differences: Vec::new(),
            };
        }
        match validate(object) {
            Err(invalid) => {
                let conclusion = Conclusion::of(Action::Invalid, Outcome::Invalid(invalid));
                tell(object, None, &Seen::default(), conclusion, self.now)
            }
            Ok(desired) => {
                let (conclusion, seen) = self.pursue(&desired).await;
                tell(object, Some(&desired), &seen, conclusion, self.now)
            }
        }
    }

    /// Decides and looks closer until there is something that a look can't do.
    async fn pursue(&self, desired: &Desired) -> (Conclusion, Seen) {
        let (sight, _) = glance(desired, Operation::None, self.since, &self.reads).await;
        let mut snapshot = Snapshot {
            object: Object {
                lifecycle: Lifecycle::Wanted(desired.clone()),
                finalizer: Finalizer::Present,
                ownership: None,
                // Whoever runs the command asks Azure with an identity of their own.
                access: Access::Confirmed,
                claim: Claim::Ours,
                corrections: Vec::new(),
                waiting_for: Duration::ZERO,
                refusal: None,
            },
            azure: Azure::Read(sight),
            lane: Lane::Granted,
        };
        for _ in 0..MAX_STEPS {
            if snapshot.object.ownership != Some(Ownership::Adopted) {
                snapshot.object.ownership = self.ownership(desired, &snapshot.azure);
            }
            let decision = decide(&snapshot);
            if let Some(conclusion) = self.step(decision, desired, &mut snapshot).await {
                return (conclusion, seen(&snapshot.azure));
            }
        }
        let wait = Outcome::Waiting(Wait::Provisioning {
            state: String::new(),
        });
        let conclusion = Conclusion::of(Action::Wait, wait);
        (conclusion, seen(&snapshot.azure))
    }

    /// Takes one step; `None` to decide again.
    async fn step(
        &self,
        decision: Decision,
        desired: &Desired,
        snapshot: &mut Snapshot,
    ) -> Option<Conclusion> {
        let adopted = snapshot.object.ownership == Some(Ownership::Adopted);
        let (action, outcome) = match decision {
            Decision::Act(effect) => return self.act(effect, desired, snapshot).await,
            Decision::Settled(attached) => {
                let action = if adopted {
                    Action::Adopt
                } else {
                    Action::Nothing
                };
                (action, Outcome::Settled(attached))
            }
            Decision::Wait(wait) => (Action::Wait, Outcome::Waiting(wait)),
            Decision::Blocked(block) => {
                let action = if block.is_report() {
                    Action::Report
                } else {
                    Action::Blocked
                };
                (action, Outcome::Blocked(block))
            }
            Decision::Released => (Action::Nothing, Outcome::Released),
        };
        Some(Conclusion {
            differences: pending(&outcome, desired, &snapshot.azure),
            ..Conclusion::of(action, outcome)
        })
    }

    async fn act(
        &self,
        effect: Effect,
        desired: &Desired,
        snapshot: &mut Snapshot,
    ) -> Option<Conclusion> {
        let (kind, differences) = match effect {
            Effect::Look(look) => {
                self.look(look, desired, &mut snapshot.azure).await;
                return None;
            }
            Effect::AddFinalizer => {
                snapshot.object.finalizer = Finalizer::Present;
                return None;
            }
            Effect::EnterLane { .. } => {
                snapshot.lane = Lane::Granted;
                return None;
            }
            Effect::Adopt => {
                snapshot.object.ownership = Some(Ownership::Adopted);
                return None;
            }
            Effect::Begin {
                kind, differences, ..
            } => (kind, differences),
            // Each comes after the `Begin` that ended the steps, or belongs to a deletion.
            Effect::Put { kind, .. } => (kind, Vec::new()),
            Effect::Delete(_) | Effect::DetachFromLeader { .. } | Effect::RemoveFinalizer(_) => {
                (OperationKind::Detach, Vec::new())
            }
        };
        let action = match (kind, snapshot.object.ownership) {
            (OperationKind::Update, Some(Ownership::Adopted)) => Action::AdoptAndUpdate,
            (OperationKind::Update, Some(Ownership::Created) | None) => Action::Update,
            (OperationKind::Attach | OperationKind::Detach, _) => Action::Attach,
        };
        let differences = if action == Action::Attach {
            declared(desired)
        } else {
            differences
        };
        let running = Running {
            kind,
            age: Duration::ZERO,
            retry_after: None,
        };
        Some(Conclusion {
            action,
            outcome: Outcome::Waiting(Wait::Operation(running)),
            operation: Some(kind),
            differences,
        })
    }

    async fn look(&self, look: Look, desired: &Desired, azure: &mut Azure) {
        let Azure::Read(sight) = azure else { return };
        match look {
            Look::Live => look_closely(sight, desired, self.since, &self.reads).await,
            Look::Leader => look_at_leader(sight, desired, self.since, &self.reads).await,
            Look::Following => look_at_following(sight, desired, &self.arm).await,
            Look::Access => {}
        }
    }

    /// What the object would own, as far as that can be told from Azure.
    fn ownership(&self, desired: &Desired, azure: &Azure) -> Option<Ownership> {
        let is_ours = match comparison(desired, azure)? {
            Comparison::Equal | Comparison::Differs(_) => true,
            Comparison::Foreign(_) => false,
        };
        match self.stance {
            Stance::Owned => is_ours.then_some(Ownership::Created),
            Stance::Unowned => None,
        }
    }
}
