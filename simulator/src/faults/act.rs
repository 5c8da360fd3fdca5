//! What a fault does to a call. Pure.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::document::{DocumentError, Fields};
use crate::reply::Reply;
use crate::state::{Ending, Failure};

/// What happens to a call that a fault hits.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// Waited before anything else.
    pub(crate) delay: Option<Duration>,
    pub(crate) answer: Answer,
    pub(crate) operation: Option<InjectedOperation>,
    pub(crate) slow: Option<Slow>,
    /// The body ends after this many bytes, and the connection with it.
    pub(crate) truncate: Option<usize>,
    body: Option<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    drop_headers: Vec<HeaderName>,
}

/// How the caller is answered, and whether the call takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The call takes effect and its own answer is sent, reshaped where the fault says so.
    Own,
    /// Another status is answered.
    Status { status: StatusCode, applied: bool },
    /// Nothing is ever answered.
    Hang { applied: bool },
    /// The connection is reset.
    Reset { applied: bool },
}

impl Answer {
    /// Whether the call takes effect.
    pub(crate) fn applied(self) -> bool {
        match self {
            Self::Own => true,
            Self::Status { applied, .. } | Self::Hang { applied } | Self::Reset { applied } => {
                applied
            }
        }
    }
}

/// Which form an error takes that a fault gives without a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorForm {
    /// ARM's envelope: `error` is a mapping.
    Arm,
    /// That of token routes (RFC 6749 §5.2): `error` is a word.
    OAuth,
}

/// A body sent in small pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slow {
    pub(crate) bytes: usize,
    pub(crate) every: Duration,
}

/// Another course for the operation that the call starts.
#[derive(Debug, Clone)]
pub(crate) struct InjectedOperation {
    pub(crate) ending: Option<Ending>,
    pub(crate) duration: Option<Duration>,
}

impl Act {
    pub(super) fn read(mut fields: Fields) -> Result<Self, DocumentError> {
        let applied = fields.flag("after")?;
        let status = read_status(&mut fields)?;
        let hang = fields.flag("hang")?.unwrap_or(false);
        let reset = fields.flag("reset")?.unwrap_or(false);
        let after = applied.unwrap_or(false);
        let answer = match (status, hang, reset) {
            (None, false, false) if applied.is_some() => {
                return Err(fields.error("after", "must come with `status`, `hang` or `reset`"));
            }
            (None, false, false) => Answer::Own,
            (Some(status), false, false) => Answer::Status {
                status,
                applied: after,
            },
            (None, true, false) => Answer::Hang { applied: after },
            (None, false, true) => Answer::Reset { applied: after },
            _ => {
                return Err(fields.error(
                    "status",
                    "must be the only one of `status`, `hang` and `reset`",
                ));
            }
        };
        let slow = match fields.fields("slowBody")? {
            None => None,
            Some(mut slow) => {
                let bytes = slow.count("bytes")?.unwrap_or(1).max(1);
                let every = slow
                    .duration("every")?
                    .ok_or_else(|| slow.error("every", "must be given, for example `10s`"))?;
                slow.finish()?;
                Some(Slow {
                    bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
                    every,
                })
            }
        };
        let act = Self {
            delay: fields.duration("delay")?,
            answer,
            operation: fields
                .fields("operation")?
                .map(InjectedOperation::read)
                .transpose()?,
            slow,
            truncate: fields
                .count("truncate")?
                .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            body: fields.value("body"),
            headers: read_headers(&mut fields)?,
            drop_headers: read_header_names(&mut fields)?,
        };
        fields.finish()?;
        Ok(act)
    }

    /// The answer that is sent, made from the call's `own` answer when it took effect.
    pub(crate) fn reshape(&self, own: Option<Reply>, form: ErrorForm) -> Reply {
        let mut reply = match (self.answer, own) {
            (Answer::Status { status, .. }, _) => default_reply(status, form),
            (Answer::Own | Answer::Hang { .. } | Answer::Reset { .. }, Some(own)) => own,
            (Answer::Own | Answer::Hang { .. } | Answer::Reset { .. }, None) => {
                default_reply(StatusCode::BAD_GATEWAY, form)
            }
        };
        match &self.body {
            None => {}
            Some(Value::String(text)) => {
                let html = (
                    http::header::CONTENT_TYPE,
                    HeaderValue::from_static("text/html; charset=utf-8"),
                );
                replace(&mut reply.headers, html);
                reply.body = text.clone().into_bytes();
            }
            Some(body) => {
                let json = (
                    http::header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json; charset=utf-8"),
                );
                replace(&mut reply.headers, json);
                reply.body = body.to_string().into_bytes();
            }
        }
        for header in &self.headers {
            replace(&mut reply.headers, header.clone());
        }
        reply
            .headers
            .retain(|(name, _)| !self.drop_headers.contains(name));
        reply
    }
}

fn replace(headers: &mut Vec<(HeaderName, HeaderValue)>, header: (HeaderName, HeaderValue)) {
    headers.retain(|(name, _)| *name != header.0);
    headers.push(header);
}

/// A bare status with the body that the called service would give it: errors say what they are, others nothing.
fn default_reply(status: StatusCode, form: ErrorForm) -> Reply {
    if status.as_u16() < 400 {
        return Reply::empty(status);
    }
    match form {
        ErrorForm::Arm => arm_error(status),
        ErrorForm::OAuth => oauth_error(status),
    }
}

fn oauth_error(status: StatusCode) -> Reply {
    let word = match status.as_u16() {
        401 => "invalid_client",
        429 | 503 | 504 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    };
    let text = format!("The request was answered with status {}.", status.as_u16());
    Reply::json(
        status,
        &serde_json::json!({"error": word, "error_description": text}),
    )
}

fn arm_error(status: StatusCode) -> Reply {
    let code = match status.as_u16() {
        429 => "TooManyRequests".to_owned(),
        _ => status
            .canonical_reason()
            .unwrap_or("Error")
            .replace(' ', ""),
    };
    let message = match status.as_u16() {
        504 => "The gateway did not receive a response from 'Microsoft.Kusto' within the specified time period.".to_owned(),
        _ => format!("The request was answered with status {}.", status.as_u16()),
    };
    Reply::json(
        status,
        &serde_json::json!({"error": {"code": code, "message": message}}),
    )
}

impl InjectedOperation {
    fn read(mut fields: Fields) -> Result<Self, DocumentError> {
        let duration = fields.duration("duration")?;
        let word = fields.text("status")?;
        let failure = match fields.fields("error")? {
            None => None,
            Some(mut error) => {
                let failure = Failure {
                    code: error.required_text("code", "the error's code")?,
                    message: error.text("message")?.unwrap_or_default(),
                    state: "Failed",
                };
                error.finish()?;
                Some(failure)
            }
        };
        let ending = match (word.as_deref(), failure) {
            (None, None) => None,
            (None | Some("Failed"), Some(failure)) => Some(Ending::Failed(failure)),
            (Some("Failed"), None) => {
                return Err(fields.error("error", "must be given with `status: Failed`"));
            }
            (Some("Canceled"), None) => Some(Ending::Canceled),
            (Some("Succeeded"), None) => Some(Ending::Succeeded),
            (Some("Canceled" | "Succeeded"), Some(_)) => {
                return Err(fields.error("error", "must be absent unless `status` is `Failed`"));
            }
            (Some(word), _) => {
                return Err(fields.error(
                    "status",
                    format!("must be Succeeded, Failed or Canceled, not `{word}`"),
                ));
            }
        };
        fields.finish()?;
        Ok(Self { ending, duration })
    }
}

fn read_status(fields: &mut Fields) -> Result<Option<StatusCode>, DocumentError> {
    let Some(number) = fields.count("status")? else {
        return Ok(None);
    };
    let status = u16::try_from(number)
        .ok()
        .filter(|number| (200..600).contains(number));
    match status.and_then(|number| StatusCode::from_u16(number).ok()) {
        Some(status) => Ok(Some(status)),
        None => Err(fields.error(
            "status",
            format!("must be an HTTP status from 200 to 599, not {number}"),
        )),
    }
}

fn read_headers(fields: &mut Fields) -> Result<Vec<(HeaderName, HeaderValue)>, DocumentError> {
    fields
        .text_map("headers")?
        .into_iter()
        .map(
            |(name, value)| match (name.to_lowercase().parse(), HeaderValue::from_str(&value)) {
                (Ok(parsed), Ok(value)) => Ok((parsed, value)),
                _ => Err(fields.error(
                    "headers",
                    format!("must be headers that HTTP can carry; `{name}` is not"),
                )),
            },
        )
        .collect()
}

fn read_header_names(fields: &mut Fields) -> Result<Vec<HeaderName>, DocumentError> {
    fields
        .texts("dropHeaders")?
        .unwrap_or_default()
        .into_iter()
        .map(|name| {
            let parsed = name.to_lowercase().parse();
            parsed.map_err(|_| {
                fields.error(
                    "dropHeaders",
                    format!("must be header names; `{name}` is not one"),
                )
            })
        })
        .collect()
}
