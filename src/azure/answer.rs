//! Pure. An answer of ARM's, and what can be read from any of them.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::Value;

use super::{
    challenge::Claims,
    error::{ArmError, Intent, Refusal, Unaccepted, parse_retry_after},
};

/// Most characters of an error's code and message that are kept: a body may have megabytes.
const CODE_MAX: usize = 128;
const MESSAGE_MAX: usize = 4096;

/// An answer with any status.
pub(super) struct Answer {
    pub(super) intent: Intent,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What the caller knows of a 401.
    pub(super) unaccepted: Unaccepted,
}

impl Answer {
    /// A header's text; `None` when it is absent or not plain ASCII.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.header(header::RETRY_AFTER.as_str())
            .and_then(parse_retry_after)
    }

    /// What the next token must hold, according to a 401.
    pub(super) fn challenge(&self) -> Option<Claims> {
        self.headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find_map(Claims::from_header)
    }

    /// This answer as a refusal, read from ARM's envelope `{"error": {"code", "message"}}`, each cut to a bound.
    pub(super) fn refusal(&self) -> Refusal {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let text = |name, most| {
            let said = body.pointer(name).and_then(Value::as_str);
            said.unwrap_or_default().chars().take(most).collect()
        };
        Refusal {
            intent: self.intent,
            status: self.status,
            code: text("/error/code", CODE_MAX),
            message: text("/error/message", MESSAGE_MAX),
            retry_after: self.retry_after(),
            unaccepted: self.unaccepted.clone(),
        }
    }

    /// The error that this answer amounts to, when no success can be read from it.
    pub(super) fn unexpected(&self, expected: &'static str, detail: impl fmt::Display) -> ArmError {
        if (200..300).contains(&self.status) {
            let detail = detail.to_string();
            ArmError::Malformed {
                intent: self.intent,
                status: self.status,
                expected,
                detail,
            }
        } else {
            ArmError::Refused(self.refusal())
        }
    }
}
