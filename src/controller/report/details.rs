//! The conditions beside Ready, and drift as data. Pure.

use crate::{
    api::{
        AttachedDatabaseStatus, Drift, DriftPolicy,
        condition::{ConditionStatus, ConditionType, DesiredCondition},
    },
    azure::model::{Change, ClusterState},
    controller::{
        diff::Difference,
        preflight::{Advice, Polls},
    },
};

use super::{
    CONFLICT, Subject, Verdict, whole_seconds,
    wording::{OPERATION_NOT_VISIBLE, describe_drift},
};

impl Subject<'_> {
    /// The conditions beside Ready: of what was compared or seen in this pass, else as they were, as long as they speak
    /// of the present generation.
    pub(super) fn details(&self, verdict: &Verdict) -> Vec<DesiredCondition> {
        let in_sync = if !self.record.drift.is_empty() {
            let message = describe_drift(&self.record.drift);
            Some(detail(
                ConditionType::InSync,
                ConditionStatus::False,
                "Drifted",
                message,
            ))
        } else if verdict.progress.is_none() {
            let message = "the configuration in Azure is as declared".to_owned();
            Some(detail(
                ConditionType::InSync,
                ConditionStatus::True,
                "AsDeclared",
                message,
            ))
        } else {
            // Something else under the name is no drift, and what was there before is no more.
            self.kept(ConditionType::InSync)
                .filter(|_| verdict.reason != CONFLICT)
        };
        let running = |kind, state: &Option<ClusterState>| match state {
            Some(state) => Some(running(kind, state)),
            None => self.kept(kind),
        };
        let warning = self.warning(self.kept(ConditionType::Warning));
        let follower = running(ConditionType::FollowerRunning, &self.seen.follower);
        let leader = running(ConditionType::LeaderRunning, &self.seen.leader);
        [in_sync, follower, leader, warning]
            .into_iter()
            .flatten()
            .collect()
    }

    /// What works and may surprise. `told` is what status says of it.
    fn warning(&self, told: Option<DesiredCondition>) -> Option<DesiredCondition> {
        let is_told = told
            .as_ref()
            .is_some_and(|told| told.reason == OPERATION_NOT_VISIBLE);
        let is_blind = match self.seen.polls {
            Polls::Denied => true,
            Polls::AsTold => is_told,
            Polls::Fine => false,
        };
        let mut advice = Vec::new();
        if is_blind {
            advice.push(Advice::OperationNotVisible);
        }
        match &self.seen.advice {
            Some(seen) => {
                advice.extend(seen);
                self.advise(&advice)
            }
            None if is_blind == is_told => told,
            // What it said besides is said again when both clusters are seen.
            None => self.advise(&advice).or_else(|| told.filter(|_| !is_told)),
        }
    }

    /// A condition as it is, if it speaks of the present generation.
    fn kept(&self, kind: ConditionType) -> Option<DesiredCondition> {
        let conditions = &self.observed()?.conditions;
        let condition = conditions
            .iter()
            .find(|condition| condition.type_ == kind.as_str())?;
        let status = match condition.status.as_str() {
            "True" => ConditionStatus::True,
            "False" => ConditionStatus::False,
            _ => ConditionStatus::Unknown,
        };
        Some(DesiredCondition {
            kind,
            status,
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        })
    }

    /// Whether a difference found now is drift: the present generation was in sync before.
    #[must_use]
    pub fn is_drift(&self) -> bool {
        self.observed().is_some_and(|status| {
            !status.drift.is_empty()
                || status.conditions.iter().any(|condition| {
                    condition.type_ == ConditionType::InSync.as_str() && condition.status == "True"
                })
        })
    }

    /// The drift to record when `differences` are found on a configuration that was changed last by `change`; empty when
    /// they are no drift, but a declaration that is not carried out yet. No differences stand for an absent configuration.
    #[must_use]
    pub fn drift(&self, differences: &[Difference], change: Option<&Change>) -> Vec<Drift> {
        let reports = self.object.spec.drift_policy == DriftPolicy::Report;
        if !self.is_drift() && !reports {
            return Vec::new();
        }
        let absent = [Difference {
            field: "configuration",
            desired: "present".to_owned(),
            observed: "absent".to_owned(),
        }];
        let differences = if differences.is_empty() {
            &absent
        } else {
            differences
        };
        let known = self
            .object
            .status
            .as_ref()
            .map(|status| status.drift.as_slice())
            .unwrap_or_default();
        let drift = differences
            .iter()
            .map(
                |Difference {
                     field,
                     desired,
                     observed,
                 }| Drift {
                    field: (*field).to_owned(),
                    desired: desired.clone(),
                    observed: observed.clone(),
                    since: known
                        .iter()
                        .find(|known| known.field == *field)
                        .and_then(|known| known.since.clone())
                        .or_else(|| Some(whole_seconds(self.now))),
                    changed_by: change.and_then(|change| change.by.clone()),
                    changed_at: change.and_then(|change| change.at.clone()),
                },
            )
            .collect();
        // As status can hold it: a longer one would differ from what status says with each look.
        let status = AttachedDatabaseStatus {
            drift,
            ..AttachedDatabaseStatus::default()
        };
        status.within_bounds().drift
    }
}

pub(super) fn detail(
    kind: ConditionType,
    status: ConditionStatus,
    reason: &str,
    message: String,
) -> DesiredCondition {
    DesiredCondition {
        kind,
        status,
        reason: reason.to_owned(),
        message,
    }
}

fn running(kind: ConditionType, state: &ClusterState) -> DesiredCondition {
    let status = if *state == ClusterState::Running {
        ConditionStatus::True
    } else {
        ConditionStatus::False
    };
    detail(
        kind,
        status,
        state.as_str(),
        format!("the cluster is {state}"),
    )
}
