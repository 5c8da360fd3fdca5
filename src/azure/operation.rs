//! Pure. ARM's long-running operations: where one is followed, what it said, how it failed (arm-kusto.md §3).

use std::time::Duration;

use serde::Deserialize;

pub use self::operation_url::OperationUrl;
use super::{
    classify::{Class, bracket_status, classify},
    message::stable_line,
    model::{Configuration, ProvisioningState, from_object, word},
};

mod operation_url;

/// What one look at an operation said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// Not finished.
    Running {
        /// ARM's wish for the next look.
        retry_after: Option<Duration>,
    },
    /// Finished. The resource itself says whether all is as asked.
    Succeeded,
    /// Finished without success. Not final: another submission of ours may have won (arm-kusto.md §3.5).
    Failed(OperationFailure),
    /// Called off.
    Canceled,
    /// ARM does not know the operation (any more): look at the resource.
    Unknown,
}

/// How an operation failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationFailure {
    /// ARM's code, `Failed` when it gave none.
    pub code: String,
    /// ARM's message as sent.
    pub message: String,
}

impl OperationFailure {
    /// Who must act.
    #[must_use]
    pub fn class(&self) -> Class {
        self.verdict().0
    }

    /// The reason in the table that HTTP answers use too.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.verdict().1
    }

    /// One line for the object's author, the same for each attempt.
    #[must_use]
    pub fn user_message(&self) -> String {
        stable_line(&format!("{}: {}", self.code, self.message))
    }

    fn verdict(&self) -> (Class, &'static str) {
        classify(bracket_status(&self.message), &self.code, &self.message)
    }
}

/// A write that ARM took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Where to follow it. `None`: ARM named no operation, or one that leads elsewhere; follow the resource itself.
    pub operation: Option<OperationUrl>,
    /// ARM's wish for the first look.
    pub retry_after: Option<Duration>,
    /// The configuration as ARM echoed it, when it did.
    pub configuration: Option<Configuration>,
}

/// What a DELETE, or a detach on the leader's side, led to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "one lives at a time, on its way to its only reader"
)]
pub enum Deleted {
    /// ARM does it, or has done it when there is no operation.
    Accepted(Accepted),
    /// There is no such configuration.
    Absent,
}

/// The two bodies that a finished or running operation answers 200 with: the status document, and, in the `Location`
/// form of a PUT, the resource.
#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "word")]
    status: Option<String>,
    #[serde(default)]
    error: Option<FailureBody>,
    #[serde(default)]
    properties: Option<Properties>,
}

#[derive(Deserialize)]
struct FailureBody {
    #[serde(default, deserialize_with = "word")]
    code: Option<String>,
    #[serde(default, deserialize_with = "word")]
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(default, deserialize_with = "word")]
    provisioning_state: Option<String>,
}

/// Reads a 200 answer; `Running` comes without ARM's wish, which is a header.
pub(super) fn read_status(body: &[u8]) -> Result<Polled, serde_json::Error> {
    // The Location form is finished when it answers 200, and then says nothing (arm-kusto.md §3.3).
    if body.is_empty() {
        return Ok(Polled::Succeeded);
    }
    let body: Body = from_object(body)?;
    let resource_state = body
        .properties
        .and_then(|properties| properties.provisioning_state);
    Ok(
        match ProvisioningState::from_word(body.status.or(resource_state)) {
            ProvisioningState::Succeeded => Polled::Succeeded,
            ProvisioningState::Canceled => Polled::Canceled,
            ProvisioningState::InProgress(_) => Polled::Running { retry_after: None },
            ProvisioningState::Failed => {
                let (code, message) = body
                    .error
                    .map_or((None, None), |error| (error.code, error.message));
                Polled::Failed(OperationFailure {
                    code: code.unwrap_or_else(|| "Failed".to_owned()),
                    message: message.unwrap_or_else(|| "the service gave no reason".to_owned()),
                })
            }
        },
    )
}

#[cfg(test)]
mod tests;
