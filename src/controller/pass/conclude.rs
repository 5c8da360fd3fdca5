//! The end of a pass: status, events, and what others get of it. I/O.

use tokio::time::Instant;

use crate::{
    api::ConditionStatus,
    azure::error::Class,
    controller::{
        access::Identity,
        block::Block,
        decide::{UNREADABLE_PATIENCE, Wait},
        outcome::Outcome,
        publish::{self, KubernetesError},
        report::ready,
    },
};

use super::{Pass, seen::fingerprint};

impl Pass<'_> {
    /// Leaves a suspended object with what was said of it last, as tools that wait for its generation want to know
    /// (conventions.md §3). Nothing is looked at, so a spec that was changed along with it stays unanswered.
    pub(super) async fn pause(&mut self) -> Result<(), KubernetesError> {
        let generation = self.object.metadata.generation;
        let Some(status) = self.object.status.clone() else {
            return Ok(());
        };
        let is_judged = self.memory.judged == Some(fingerprint(&self.object.spec));
        if is_judged && status.observed_generation != generation {
            let status = status.of_generation(generation.unwrap_or_default());
            self.object = publish::write_status(self.context, &self.object, status).await?;
        }
        Ok(())
    }

    /// Reports and publishes, and hands the lane on.
    pub(super) async fn conclude(&mut self, outcome: &Outcome) -> Result<(), KubernetesError> {
        match outcome {
            Outcome::Blocked(_) | Outcome::Invalid(_) => {
                self.memory.failing_since.get_or_insert_with(Instant::now);
            }
            Outcome::Settled(_) | Outcome::Waiting(_) | Outcome::Released => {}
        }
        let told = self.subject().notices(outcome);
        if let Outcome::Released = outcome {
            self.context.forget(self.key);
        } else {
            self.write_status(outcome).await?;
            self.memory.judged = Some(fingerprint(&self.object.spec));
            self.memory.ready = self
                .object
                .status
                .as_ref()
                .map_or(ConditionStatus::Unknown, ready);
            self.notices.extend(told);
            self.hand_on_lane(outcome);
            self.give_up_claim(outcome);
        }
        publish::tell(
            self.context,
            &self.object,
            std::mem::take(&mut self.notices),
        )
        .await;
        Ok(())
    }

    fn hand_on_lane(&self, outcome: &Outcome) {
        let Some(follower) = &self.follower else {
            // It does not act any more, so it must not stand in anybody's way.
            self.context.leave_lanes(self.key);
            return;
        };
        let has_ended = self
            .memory
            .timeline
            .is_none_or(|timeline| timeline.started.elapsed() >= UNREADABLE_PATIENCE);
        let is_refused = matches!(outcome, Outcome::Blocked(Block::Refused(_)));
        if outcome.may_be_operating()
            && self.record.operation.is_some()
            && !(is_refused && has_ended)
        {
            self.context.occupy_lane(follower, self.key);
        } else if !matches!(outcome, Outcome::Waiting(Wait::Lane { .. })) {
            self.context.leave_lane(follower, self.key);
        }
    }

    /// With an identity of its own an object claims a configuration only as long as it gets on with it, or has it: else a
    /// stranger with few rights, or none, could keep it from those who may have it.
    fn give_up_claim(&self, outcome: &Outcome) {
        let Some((Identity::Account(_), _)) = &self.server else {
            return;
        };
        let keeps = match outcome {
            Outcome::Settled(_) | Outcome::Waiting(_) | Outcome::Blocked(Block::Claimed { .. }) => {
                true
            }
            Outcome::Blocked(Block::Failure(failure) | Block::LeaderFailure(failure)) => {
                match failure.class {
                    Class::Unauthenticated | Class::Denied | Class::Misconfigured => false,
                    Class::Transient
                    | Class::Throttled
                    | Class::Busy
                    | Class::Rejected
                    | Class::Locked => self.record.ownership.is_some(),
                }
            }
            Outcome::Blocked(_) | Outcome::Invalid(_) | Outcome::Released => {
                self.record.ownership.is_some()
            }
        };
        if !keeps {
            self.context.withdraw(self.key);
        }
    }

    pub(super) async fn write_status(&mut self, outcome: &Outcome) -> Result<(), KubernetesError> {
        if let Some(status) = self.subject().status(outcome) {
            self.object = publish::write_status(self.context, &self.object, status).await?;
        }
        self.wrote();
        Ok(())
    }
}
