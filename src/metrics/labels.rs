//! Owns the labels: enums and constants only, so that no name of an object and no text of an error becomes a series. Pure.

use std::borrow::Cow;

use prometheus_client::encoding::EncodeLabelSet;

use crate::api::OperationKind;
use crate::azure::CallResult;

/// The value of the labels `controller` and `name`: the kind in lower case, as controller-runtime names it.
const CONTROLLER: &str = "attacheddatabase";

/// The value of the label `code` when no HTTP answer came.
const NO_ANSWER: &str = "no_answer";

/// How a reconcile ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReconcileResult {
    /// Nothing more to do until something changes.
    Success,
    /// All well; the object is looked at again after a while.
    RequeueAfter,
    /// It failed and is tried again.
    Error,
    /// Its deadline passed; counted as an error too.
    TimedOut,
}

impl ReconcileResult {
    pub(super) const ALL: [Self; 4] = [
        Self::Success,
        Self::RequeueAfter,
        Self::Error,
        Self::TimedOut,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::RequeueAfter => "requeue_after",
            Self::Error | Self::TimedOut => "error",
        }
    }
}

/// How an operation on a follower cluster ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationResult {
    /// As wanted.
    Succeeded,
    /// With an error, or cancelled by somebody.
    Failed,
}

impl OperationResult {
    pub(super) const ALL: [Self; 2] = [Self::Succeeded, Self::Failed];

    const fn label(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByController {
    pub(super) controller: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByQueue {
    pub(super) name: &'static str,
    pub(super) controller: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByResult {
    pub(super) controller: &'static str,
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByCall {
    pub(super) operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByCode {
    pub(super) operation: &'static str,
    pub(super) code: Cow<'static, str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByKind {
    pub(super) kind: &'static str,
    pub(super) result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByVersion {
    pub(super) version: &'static str,
}

pub(super) const THIS_CONTROLLER: ByController = ByController {
    controller: CONTROLLER,
};

pub(super) const THIS_QUEUE: ByQueue = ByQueue {
    name: CONTROLLER,
    controller: CONTROLLER,
};

pub(super) const fn by_result(result: ReconcileResult) -> ByResult {
    ByResult {
        controller: CONTROLLER,
        result: result.label(),
    }
}

pub(super) const fn by_kind(kind: OperationKind, result: OperationResult) -> ByKind {
    let kind = match kind {
        OperationKind::Attach => "attach",
        OperationKind::Update => "update",
        OperationKind::Detach => "detach",
    };
    let result = result.label();
    ByKind { kind, result }
}

pub(super) fn by_code(operation: &'static str, result: CallResult) -> ByCode {
    let code = match result {
        CallResult::Status(status) => Cow::Owned(status.to_string()),
        CallResult::NoAnswer => Cow::Borrowed(NO_ANSWER),
    };
    ByCode { operation, code }
}
