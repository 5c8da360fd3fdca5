//! An answer before it becomes an HTTP response. Pure.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::json;

/// Status, headers and body of an answer. Header names are kept in the order they were added.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(bytes) => Self::empty(status).typed("application/json; charset=utf-8", bytes),
            Err(error) => {
                let bytes =
                    json!({"error": {"code": "InternalServerError", "message": error.to_string()}})
                        .to_string();
                Self::empty(StatusCode::INTERNAL_SERVER_ERROR)
                    .typed("application/json; charset=utf-8", bytes.into_bytes())
            }
        }
    }

    fn typed(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.headers
            .push((CONTENT_TYPE, HeaderValue::from_static(content_type)));
        self.body = body;
        self
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }
}
