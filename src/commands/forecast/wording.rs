//! A forecast in the words of the conditions that the operator would write. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    api::{AttachedDatabase, ConditionType, OperationStatus},
    controller::{
        report::{Record, Seen, Subject, whole_seconds},
        validate::Desired,
    },
};

use super::{Conclusion, Forecast};

/// Says how the steps about `object` ended, at wall time `now`.
pub(super) fn tell(
    object: &AttachedDatabase,
    desired: Option<&Desired>,
    seen: &Seen,
    conclusion: Conclusion,
    now: Timestamp,
) -> Forecast {
    let Conclusion {
        action,
        outcome,
        operation,
        differences,
    } = conclusion;
    let record = Record {
        operation: operation.map(|kind| OperationStatus {
            kind,
            started_at: whole_seconds(now),
            generation: 0,
            url: None,
        }),
        ..Record::default()
    };
    let subject = Subject {
        object,
        desired,
        record: &record,
        seen,
        failing_for: Duration::ZERO,
        now,
    };
    let conditions = subject.status(&outcome).unwrap_or_default().conditions;
    let said = |kind: ConditionType| {
        let found = conditions
            .iter()
            .find(|condition| condition.type_ == kind.as_str());
        found.map(|condition| (condition.reason.clone(), condition.message.clone()))
    };
    let (reason, message) = said(ConditionType::Ready).unwrap_or_default();
    Forecast {
        action,
        reason,
        message,
        warning: said(ConditionType::Warning).map(|(_, message)| message),
        differences,
    }
}
