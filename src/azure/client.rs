//! The calls to ARM that following databases needs, and what each answer means.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Method;
use serde::de::DeserializeOwned;
use tracing::warn;

pub use super::call::{ArmCall, ArmOptions, CallObserver, CallResult, NoObserver};
use super::{
    answer::Answer,
    call::{Call, Caller},
    cloud::Endpoint,
    error::{ArmError, Refusal},
    model::from_object,
    operation::{Accepted, OperationUrl, Polled, read_status},
    transport::TransportError,
};

mod clusters;
mod configurations;
mod databases;
mod pages;

/// Where an operation is followed, the better one first (arm-kusto.md §3.1).
const OPERATION_HEADERS: [&str; 2] = ["azure-asyncoperation", "location"];

/// Speaks ARM with one identity. Clones share tokens and the memory of 429 answers.
#[derive(Clone)]
pub struct ArmClient(Arc<Caller>);

impl ArmClient {
    /// A client; nothing is sent yet.
    #[must_use]
    pub fn new(options: ArmOptions) -> Self {
        Self(Arc::new(Caller::new(options)))
    }

    /// The one host that gets our token: what a remembered [`OperationUrl`] has to lead to.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        self.0.endpoint()
    }

    /// Makes sure that a token is at hand, so that a caller who holds something scarce need not wait for one. At once
    /// when there is a valid one; ten seconds or so at most.
    ///
    /// # Errors
    /// [`ArmError::Token`] only.
    pub async fn authenticate(&self) -> Result<(), ArmError> {
        self.0.token().await.map(drop)
    }

    /// Looks at an operation once, in either of its forms.
    ///
    /// # Errors
    /// [`ArmError`]: the operation's state could not be read, which says nothing about the operation. 403 is among
    /// them: a role on the cluster alone does not let us look (faults.md A8).
    pub async fn poll(&self, operation: &OperationUrl) -> Result<Polled, ArmError> {
        let call = Call {
            kind: ArmCall::PollOperation,
            method: Method::GET,
            url: operation.as_str().to_owned(),
            subscription: operation.subscription(),
            body: None,
        };
        let answer = self.0.send(&call).await?;
        let polled = match answer.status {
            200 | 201 => read_status(&answer.body)
                .map_err(|error| answer.unexpected("an operation's state", error))?,
            202 => Polled::Running { retry_after: None },
            204 => Polled::Succeeded,
            404 | 410 => Polled::Unknown,
            _ => {
                return Err(
                    answer.unexpected("an operation's state", "no operation has this status")
                );
            }
        };
        Ok(match polled {
            Polled::Running { .. } => Polled::Running {
                retry_after: answer.retry_after(),
            },
            Polled::Succeeded | Polled::Failed(_) | Polled::Canceled | Polled::Unknown => polled,
        })
    }

    fn call<'a>(
        &self,
        kind: ArmCall,
        id: &str,
        below: &[&str],
        subscription: &'a str,
        body: Option<Bytes>,
    ) -> Result<Call<'a>, ArmError> {
        let url = self.0.url(id, below).map_err(|error| ArmError::NoAnswer {
            intent: kind.intent(),
            source: TransportError::NotSent(error.into()),
        })?;
        Ok(Call {
            kind,
            method: kind.method(),
            url,
            subscription: Some(subscription),
            body,
        })
    }

    fn accepted(&self, answer: &Answer, call: &Call<'_>) -> Accepted {
        let operation = OPERATION_HEADERS
            .into_iter()
            .filter_map(|name| answer.headers.get(name).map(|value| (name, value)))
            .find_map(|(header, value)| {
                let raw = String::from_utf8_lossy(value.as_bytes());
                // A `Location` that is the resource itself names no operation.
                if without_query(&raw).eq_ignore_ascii_case(without_query(&call.url)) {
                    return None;
                }
                OperationUrl::accept(&raw, self.endpoint())
                    .inspect_err(|error| {
                        warn!(operation = call.kind.as_str(), header, %error, "operation address refused");
                    })
                    .ok()
            });
        Accepted {
            operation,
            retry_after: answer.retry_after(),
            configuration: None,
        }
    }
}

impl fmt::Debug for ArmClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArmClient")
            .field("endpoint", self.endpoint())
            .finish_non_exhaustive()
    }
}

/// What a 404 says is missing. A gateway's 404 without ARM's envelope says nothing: no resource is absent for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Resource,
    Parent,
    ResourceGroup,
    Other,
}

impl Missing {
    fn of(refusal: &Refusal) -> Self {
        match refusal.code.to_ascii_lowercase().as_str() {
            "resourcenotfound" | "notfound" => Self::Resource,
            "parentresourcenotfound" => Self::Parent,
            "resourcegroupnotfound" => Self::ResourceGroup,
            _ => Self::Other,
        }
    }
}

fn read<T: DeserializeOwned>(answer: &Answer, expected: &'static str) -> Result<T, ArmError> {
    from_object(&answer.body).map_err(|error| answer.unexpected(expected, error))
}

fn without_query(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
