//! What a route works with: the state, the call, and how operations are started and answered. Pure.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::ArmError;
use crate::arm_id::ClusterId;
use crate::clock::later;
use crate::faults::InjectedOperation;
use crate::inbound::Inbound;
use crate::options::{Answers, Busy, Options};
use crate::rbac::Access;
use crate::reply::Reply;
use crate::state::{Change, Ending, Failure, Held, NewOperation, Operation, OperationKind, State};

/// `Retry-After` of documented answers, in seconds: the least that the provider contract allows.
const RETRY_AFTER: &str = "10";

/// An operation on a busy cluster fails this soon: the real one fails fast (arm-kusto.md §3.5).
const FAILS_WITHIN: Duration = Duration::from_secs(1);

pub(super) struct Context<'a> {
    pub(super) state: &'a mut State,
    pub(super) options: &'a Options,
    pub(super) call: &'a Inbound,
    pub(super) now: Timestamp,
    pub(super) access: &'a mut Access,
    pub(super) injected: Option<&'a InjectedOperation>,
}

/// An operation to start.
pub(super) struct Plan {
    pub(super) kind: OperationKind,
    /// The cluster that was called.
    pub(super) cluster: ClusterId,
    pub(super) location: String,
    /// The cluster that stays busy meanwhile.
    pub(super) holds: ClusterId,
    pub(super) duration: Duration,
    pub(super) change: Change,
    pub(super) ending: Ending,
}

/// Whether a started operation will change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It holds the cluster.
    Granted,
    /// Another one does: it will fail and change nothing.
    Refused,
}

/// A started operation.
pub(super) struct Begun {
    pub(super) turn: Turn,
    status_url: String,
    location_url: String,
}

impl Context<'_> {
    /// The cluster itself, or the 404 that a call on it gets.
    pub(super) fn cluster(&self, id: &ClusterId) -> Result<&Held, ArmError> {
        match self.state.held(&id.key()) {
            Some(held) => Ok(held),
            None if self.state.has_group(id) => {
                Err(ArmError::no_resource(id, &format!("clusters/{}", id.name)))
            }
            None => Err(ArmError::no_group(id)),
        }
    }

    /// The cluster of a child resource, or the 404 that a call on the child gets.
    pub(super) fn parent(&self, id: &ClusterId, kind: &str) -> Result<&Held, ArmError> {
        let verb = match self.call.method.as_str() {
            "GET" => "read",
            "DELETE" => "delete",
            _ => "write",
        };
        match self.state.held(&id.key()) {
            Some(held) => Ok(held),
            None if self.state.has_group(id) => Err(ArmError::no_parent(id, verb, kind)),
            None => Err(ArmError::no_group(id)),
        }
    }

    /// Starts an operation, or refuses it when the cluster is busy and the options say so.
    pub(super) fn begin(&mut self, plan: Plan) -> Result<Begun, ArmError> {
        let Plan {
            kind,
            cluster,
            location,
            holds,
            duration,
            change,
            ending,
        } = plan;
        let busy = self.state.is_busy(&holds.key());
        let (turn, ends, held, change, ending) = if busy {
            match self.options.busy {
                Busy::RequestConflict => return Err(ArmError::conflict(&holds.to_string())),
                Busy::OperationFailure => {
                    let ends = later(self.now, duration.min(FAILS_WITHIN));
                    (
                        Turn::Refused,
                        ends,
                        None,
                        Change::Nothing,
                        Ending::Failed(in_maintenance(&holds.name)),
                    )
                }
            }
        } else {
            let duration = self
                .injected
                .and_then(|injected| injected.duration)
                .unwrap_or(duration);
            let ending = self
                .injected
                .and_then(|injected| injected.ending.clone())
                .unwrap_or(ending);
            (
                Turn::Granted,
                later(self.now, duration),
                Some(holds.key()),
                change,
                ending,
            )
        };
        let started = self.now;
        let operation = Operation::from(NewOperation {
            kind,
            cluster,
            location,
            started,
            ends,
            holds: held,
            change,
            ending,
        });
        let begun = self.begun(turn, &operation);
        self.state.start(operation);
        Ok(begun)
    }

    fn begun(&self, turn: Turn, operation: &Operation) -> Begun {
        let Operation {
            id,
            location,
            cluster,
            ..
        } = operation;
        let encoded = location.replace(' ', "%20");
        let shown = if self.options.raw_space_in_poll_url {
            location
        } else {
            &encoded
        };
        let url = |location: &str, query: &str| {
            let base = &self.call.base;
            let subscription = &cluster.subscription;
            format!(
                "{base}/subscriptions/{subscription}/providers/Microsoft.Kusto/locations/{location}/operationResults/{id}?{query}"
            )
        };
        Begun {
            turn,
            status_url: url(shown, &operation.status_query),
            location_url: url(&encoded, &operation.location_query),
        }
    }

    /// The URLs of an operation that was started before, for polls in the `Location` form.
    pub(super) fn urls(&self, operation: &Operation) -> Begun {
        self.begun(Turn::Granted, operation)
    }

    /// The answer to an accepted write with a body: `status` as recorded, or the documented 202.
    pub(super) fn accepted(
        &self,
        status: StatusCode,
        begun: &Begun,
        body: &impl Serialize,
    ) -> Reply {
        match self.options.answers {
            Answers::Recorded => {
                Reply::json(status, body).with("azure-asyncoperation", &begun.status_url)
            }
            Answers::Documented => self.both(Reply::json(StatusCode::ACCEPTED, body), begun),
        }
    }

    /// The answer with both URLs; documented answers say besides when to come back.
    pub(super) fn both(&self, reply: Reply, begun: &Begun) -> Reply {
        let reply = reply
            .with("location", &begun.location_url)
            .with("azure-asyncoperation", &begun.status_url);
        match self.options.answers {
            Answers::Recorded => reply,
            Answers::Documented => reply.with("retry-after", RETRY_AFTER),
        }
    }
}

fn in_maintenance(cluster: &str) -> Failure {
    Failure {
        code: "ServiceIsInMaintenance".to_owned(),
        message: format!(
            "[Conflict] Cluster '{cluster}' is in process of maintenance for a short period. You may retry to invoke the operation \
             in a few minutes."
        ),
        state: "Failed",
    }
}
