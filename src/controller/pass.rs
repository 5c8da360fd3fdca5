//! One pass over one object: gather, decide, act, report, publish. I/O, but no logic of its own.

mod conclude;
mod seen;

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    api::{AttachedDatabase, OperationStatus, Ownership},
    azure::id::ClusterId,
};

use super::{
    access::{Access, Identity, Refusal, confirm},
    act,
    block::Block,
    context::Context,
    decide::{Decision, Effect, Look, Wait, decide},
    diff::Difference,
    gather::{Reader, gather, priority},
    lane::ObjectKey,
    look::{look_at_following, look_at_leader, look_closely},
    memory::{Memory, Timeline},
    outcome::{Next, Outcome, Sent},
    publish::{self, KubernetesError},
    report::{Notice, Record, Seen, Subject, whole_seconds},
    sessions::Session,
    snapshot::{self, Azure, Finalizer, Operation, OperationKind, Running, Snapshot},
    validate::{Desired, parting, validate},
};

use seen::{is_over, is_unsent};

/// Effects of one pass: finalizer, lane, intent and request, with room to spare. More means that something does not
/// converge.
const MAX_EFFECTS: usize = 8;

/// One pass over one object.
pub struct Pass<'a> {
    object: AttachedDatabase,
    desired: Option<Desired>,
    /// The cluster whose lane this is about, once known.
    follower: Option<ClusterId>,
    /// Who acts for the object; `None` when nobody does.
    server: Option<(Identity, Arc<Session>)>,
    record: Record,
    seen: Seen,
    /// When it began: what is read from then on is live.
    started: Instant,
    /// What the object owned before the operation of this pass.
    owned: Option<Ownership>,
    notices: Vec<Notice>,
    key: &'a ObjectKey,
    memory: &'a mut Memory,
    context: &'a Context,
}

impl<'a> Pass<'a> {
    /// A pass over `object` as it is known now.
    pub fn new(
        object: AttachedDatabase,
        key: &'a ObjectKey,
        memory: &'a mut Memory,
        context: &'a Context,
    ) -> Self {
        let status = object.status.clone().unwrap_or_default();
        let record = Record {
            ownership: status.ownership,
            operation: status.operation,
            drift: status.drift,
        };
        Self {
            object,
            desired: None,
            follower: None,
            server: None,
            owned: record.ownership,
            record,
            seen: Seen::default(),
            started: Instant::now(),
            notices: Vec::new(),
            key,
            memory,
            context,
        }
    }

    /// Runs to its end; says when to look again.
    ///
    /// # Errors
    /// `Conflict` when the object has changed meanwhile, `Gone` when it went.
    pub async fn run(mut self) -> Result<Next, KubernetesError> {
        let deleting = self.object.metadata.deletion_timestamp.is_some();
        if self.object.spec.suspend && !deleting {
            self.pause().await?;
            self.context.forget(self.key);
            self.memory.access = None;
            return Ok(Next::Changed);
        }
        let outcome = match validate(&self.object) {
            Err(invalid) if !deleting => {
                self.memory.access = None;
                Outcome::Invalid(invalid)
            }
            desired => {
                self.desired = desired.ok().or_else(|| parting(&self.object));
                self.pursue().await?
            }
        };
        self.conclude(&outcome).await?;
        let interval = self.desired.as_ref().and_then(|desired| desired.interval);
        let next = outcome.next(interval.unwrap_or(self.context.settings.interval));
        self.memory.resting_on = match next {
            Next::Interval(_) => self.follower.clone(),
            Next::Poll { .. }
            | Next::Look
            | Next::Backoff { .. }
            | Next::Woken
            | Next::Changed
            | Next::Never => None,
        };
        Ok(next)
    }

    /// Gathers once, then decides and acts until there is nothing to do now.
    async fn pursue(&mut self) -> Result<Outcome, KubernetesError> {
        let access = self
            .context
            .access
            .judge(&self.object, self.desired.as_ref());
        let before = self.memory.access.replace(access.clone());
        if let (Some(Access::Refused(_)), Access::Granted(_)) = (before, &access) {
            // What went wrong or was waited for while nobody could act says nothing about those who can.
            self.memory.forgive();
            self.memory.looking_since = None;
        }
        if let Access::Granted(identity) = &access {
            match self.context.sessions.of(identity) {
                Ok(session) => self.server = Some((identity.clone(), session)),
                Err(error) => return Ok(Outcome::Blocked(Block::Failure((&error).into()))),
            }
        }
        let reader = Reader {
            key: self.key,
            access: &access,
            session: self.server.as_ref().map(|(_, session)| session.as_ref()),
            context: self.context,
        };
        let mut snapshot = gather(&self.object, self.desired.clone(), reader, self.memory).await;
        let configuration = snapshot.object.configuration();
        self.follower = configuration.map(|it| it.cluster().clone());
        for _ in 0..MAX_EFFECTS {
            self.see(&snapshot.azure);
            match decide(&snapshot) {
                Decision::Act(effect) => {
                    if let Some(outcome) = self.perform(effect, &mut snapshot).await? {
                        return Ok(outcome);
                    }
                }
                Decision::Wait(wait) => return Ok(Outcome::Waiting(wait)),
                Decision::Settled(live) => {
                    self.clear_operation();
                    self.record.drift.clear();
                    return Ok(Outcome::Settled(live));
                }
                Decision::Blocked(block) => {
                    // An operation that led to nothing is over: the next try, after its delay, starts a new one.
                    if is_over(&snapshot.azure, &block) {
                        self.clear_operation();
                    }
                    // Nor is one whose request must not be sent any more: nothing was made.
                    if is_unsent(&snapshot.azure) {
                        self.clear_operation();
                        self.record.ownership = self.owned;
                    }
                    self.note_drift(&block, &snapshot.azure);
                    // The leader did not help: the next try asks the follower again.
                    self.memory.refusal = None;
                    return Ok(Outcome::Blocked(block));
                }
                Decision::Released => return Ok(Outcome::Released),
            }
        }
        tracing::error!("pass does not converge");
        Ok(Outcome::Waiting(Wait::Provisioning {
            state: "unknown".to_owned(),
        }))
    }

    /// Performs one effect; says how the pass ended, or `None` to decide again.
    async fn perform(
        &mut self,
        effect: Effect,
        snapshot: &mut Snapshot,
    ) -> Result<Option<Outcome>, KubernetesError> {
        // A process that was stopped and goes on may have missed that it leads no more.
        if !self.context.leadership.is_leading() {
            return Err(KubernetesError::NotLeading);
        }
        match effect {
            Effect::AddFinalizer => {
                self.object = publish::add_finalizer(self.context, &self.object).await?;
                self.wrote();
                snapshot.object.finalizer = Finalizer::Present;
            }
            Effect::Look(look) => self.look(look, snapshot).await?,
            Effect::EnterLane { kind, differences } => {
                // Told while it waits, and remembered as the reason for what follows.
                self.record.drift = self.drift(kind, &differences, &snapshot.azure);
                if let Some(follower) = &self.follower {
                    let priority = priority(&self.object);
                    snapshot.lane = self.context.enter_lane(follower, self.key, priority);
                }
            }
            Effect::Adopt => {
                self.record.ownership = Some(Ownership::Adopted);
                self.owned = self.record.ownership;
                self.clear_operation();
                self.notices.push(self.subject().adoption_notice());
                self.write_status(&Outcome::Waiting(Wait::Outcome(OperationKind::Attach)))
                    .await?;
                snapshot.object.ownership = self.record.ownership;
            }
            Effect::Begin {
                kind,
                ownership,
                differences,
            } => {
                self.begin(kind, ownership, differences, &snapshot.azure)
                    .await?;
                snapshot.object.ownership = self.record.ownership;
                if let Azure::Read(sight) = &mut snapshot.azure {
                    sight.operation = Operation::Intended(kind);
                }
            }
            Effect::Put {
                kind,
                desired,
                location,
            } => {
                let Some(session) = self.session() else {
                    return Ok(Some(unserved()));
                };
                let sent = act::put(&session.arm, kind, &desired, &location).await;
                if !self.record.drift.is_empty() {
                    self.context.metrics.drift_corrected();
                }
                return Ok(Some(self.sent(kind, sent)));
            }
            Effect::Delete(configuration) => {
                let Some(session) = self.session() else {
                    return Ok(Some(unserved()));
                };
                let sent = act::delete(&session.arm, &configuration).await;
                return Ok(Some(self.sent(OperationKind::Detach, sent)));
            }
            Effect::DetachFromLeader {
                leader,
                configuration,
            } => {
                let Some(session) = self.session() else {
                    return Ok(Some(unserved()));
                };
                let sent = act::detach_from_leader(&session.arm, &leader, &configuration).await;
                let sent = match (sent, self.memory.refusal.take()) {
                    // Both sides refuse: the follower's word is the one that was told before.
                    (Sent::Refused(_), Some(refusal)) => Sent::Refused(refusal),
                    (sent, _) => sent,
                };
                let outcome = self.sent(OperationKind::Detach, sent);
                // The next try, if there has to be one, asks the follower again.
                self.memory.refusal = None;
                return Ok(Some(outcome));
            }
            Effect::RemoveFinalizer(release) => {
                publish::remove_finalizer(self.context, &self.object).await?;
                self.notices.extend(self.subject().release_notice(release));
                return Ok(Some(Outcome::Released));
            }
        }
        Ok(None)
    }

    /// Makes the intent of an operation durable. The write fails if the object has changed since it
    /// was read, so that it also proves that the object still asks for this operation.
    async fn begin(
        &mut self,
        kind: OperationKind,
        ownership: Ownership,
        differences: Vec<Difference>,
        azure: &Azure,
    ) -> Result<(), KubernetesError> {
        let drift = self.drift(kind, &differences, azure);
        let notice = self.subject().drift_notice(&drift);
        self.notices.extend(notice);
        if !drift.is_empty() {
            self.memory.correct(differences, Instant::now());
        }
        self.record = Record {
            ownership: Some(ownership),
            operation: Some(OperationStatus {
                kind,
                started_at: whole_seconds(self.context.clock.now()),
                generation: self.object.metadata.generation.unwrap_or_default(),
                url: None,
            }),
            drift,
        };
        let running = Running {
            kind,
            age: Duration::ZERO,
            retry_after: None,
        };
        self.write_status(&Outcome::Waiting(Wait::Operation(running)))
            .await?;
        self.memory.timeline = Some(Timeline::since(Instant::now()));
        Ok(())
    }

    /// Looks closer at what a decision turns on.
    async fn look(&mut self, look: Look, snapshot: &mut Snapshot) -> Result<(), KubernetesError> {
        let Some((identity, session)) = &self.server else {
            return Ok(());
        };
        if look == Look::Access {
            let access = confirm(self.context, &self.object, self.desired.as_ref(), identity).await;
            snapshot.object.access = match &access {
                Access::Granted(now) if now == identity => snapshot::Access::Confirmed,
                // What was read belongs to somebody else: begin again as whoever it is now.
                Access::Granted(_) => return Err(KubernetesError::Conflict),
                Access::Refused(refusal) => snapshot::Access::Refused(refusal.clone()),
            };
            self.memory.access = Some(access);
            return Ok(());
        }
        let (Azure::Read(sight), Some(desired)) = (&mut snapshot.azure, &self.desired) else {
            return Ok(());
        };
        let reads = &session.reads;
        match look {
            Look::Live => look_closely(sight, desired, self.started, reads).await,
            Look::Leader => look_at_leader(sight, desired, self.started, reads).await,
            Look::Following => look_at_following(sight, desired, &session.arm).await,
            Look::Access => {}
        }
        Ok(())
    }

    fn session(&self) -> Option<Arc<Session>> {
        let (_, session) = self.server.as_ref()?;
        Some(Arc::clone(session))
    }

    /// Takes note of what a write answered.
    fn sent(&mut self, kind: OperationKind, sent: Sent) -> Outcome {
        match sent {
            Sent::Running(Some(url), running) => {
                if let Some(operation) = &mut self.record.operation {
                    operation.url = Some(url.as_str().to_owned());
                }
                Outcome::Waiting(Wait::Operation(running))
            }
            // That there was nothing to delete contradicts what was seen a moment ago: look again.
            Sent::Running(None, _) | Sent::Unclear | Sent::Absent => {
                if let Some(timeline) = &mut self.memory.timeline {
                    timeline.unclear = Some(Instant::now());
                }
                Outcome::Waiting(Wait::Outcome(kind))
            }
            Sent::Refused(failure) => {
                self.clear_operation();
                if kind == OperationKind::Detach {
                    self.memory.refusal = Some(failure.clone());
                }
                // Nothing was made: what appears under this name now is somebody else's.
                self.record.ownership = self.owned;
                Outcome::Blocked(Block::Failure(failure))
            }
        }
    }

    /// Remembers the version that a cache must show before it is believed again.
    fn wrote(&mut self) {
        self.memory
            .version
            .clone_from(&self.object.metadata.resource_version);
    }

    fn clear_operation(&mut self) {
        self.record.operation = None;
        self.memory.timeline = None;
    }

    fn subject(&self) -> Subject<'_> {
        let failing_since = self.memory.failing_since;
        Subject {
            object: &self.object,
            desired: self.desired.as_ref(),
            record: &self.record,
            seen: &self.seen,
            failing_for: failing_since.map_or(Duration::ZERO, |since| since.elapsed()),
            now: self.context.clock.now(),
        }
    }
}

/// What can't happen, since nothing is decided on behalf of an object that nobody serves. Nothing is sent then.
fn unserved() -> Outcome {
    Outcome::Blocked(Block::Refused(Refusal::NotAllowed))
}
