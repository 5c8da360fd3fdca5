//! Entra's refusals, with their numbers. Pure.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::reply::Reply;

/// A refusal of the token route or of a tenant's discovery.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: &'static str,
    /// As in `AADSTS700016`.
    number: u32,
    text: String,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        error: &'static str,
        number: u32,
        text: impl Into<String>,
    ) -> Self {
        Self {
            status,
            error,
            number,
            text: text.into(),
        }
    }

    /// 400: the request is wrong.
    pub(super) fn request(error: &'static str, number: u32, text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, number, text)
    }

    /// 401: the client does not prove who it is.
    pub(super) fn client(number: u32, text: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", number, text)
    }

    pub(super) fn missing(parameter: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::request("invalid_request", 900_144, text)
    }

    /// The token route says `invalid_request`, discovery `invalid_tenant`; the number is the same.
    pub(super) fn no_tenant(error: &'static str, tenant: &str) -> Self {
        let text = format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct \
             cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the \
             tenant."
        );
        Self::request(error, 90_002, text)
    }

    pub(super) fn into_reply(self, now: Timestamp) -> Reply {
        let Self {
            status,
            error,
            number,
            text,
        } = self;
        let (trace, correlation) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
        let stamp = format!("{now:.0}").replace('T', " ");
        let body = json!({
            "error": error,
            "error_description": format!(
                "AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
            ),
            "error_codes": [number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
        });
        Reply::json(status, &body).with("cache-control", "no-store, no-cache")
    }
}
