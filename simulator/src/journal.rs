//! The journal: every call in the order of arrival, with what was answered.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::Write;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::stamp;
use crate::inbound::Inbound;
use crate::rbac::AccessCheck;
use crate::reply::Reply;

/// Headers that would let a reader act as the caller.
const SECRET_HEADERS: [&str; 2] = ["authorization", "x-identity-header"];

/// One call. As JSON it is a line of the journal file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalEntry {
    /// Counted from 1 in the order of arrival.
    pub sequence: u64,
    /// When the call arrived, by the simulator's clock.
    pub time: String,
    /// The caller's client id, when its token is known; of a token call, the client id that asks.
    pub principal: Option<String>,
    /// The permissions that the call was checked for, in that order: the last one is the one that was denied,
    /// if any was. Empty (and absent from the JSON) for token calls and for calls that got no further than 401.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<AccessCheck>,
    /// The fault that hit the call.
    pub fault: Option<String>,
    /// Whether the call was processed; a fault may answer in its place.
    pub applied: bool,
    /// What was asked.
    #[serde(rename = "liveRequest")]
    pub request: JournalRequest,
    /// What was answered; absent while the call runs, and when a fault hung or reset it.
    #[serde(rename = "liveResponse")]
    pub response: Option<JournalResponse>,
    #[serde(skip, default)]
    token_call: bool,
}

/// The request of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalRequest {
    /// `GET`, `PUT` and so on.
    pub method: String,
    /// The whole address, exactly as it came.
    pub url: String,
    /// Names in lower case; `authorization` is left out.
    pub headers: BTreeMap<String, String>,
    /// JSON where the body is JSON, else text; null when empty.
    pub body: Value,
}

/// The response of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalResponse {
    /// The HTTP status.
    pub status_code: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// JSON where the body is JSON, else text; null when empty.
    pub body: Value,
}

impl JournalEntry {
    /// The HTTP status that was answered.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.response.as_ref().map(|response| response.status_code)
    }

    /// Whether the call is one that writes: PUT, PATCH, POST or DELETE.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.request.method != "GET" && self.request.method != "HEAD"
    }
}

/// Which calls are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Show {
    Arm,
    ArmAndTokens,
}

/// The calls so far.
#[derive(Debug)]
pub(crate) struct Journal {
    entries: VecDeque<JournalEntry>,
    last: u64,
    capacity: usize,
    file: Option<File>,
}

impl Journal {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            last: 0,
            capacity: capacity.max(1),
            file: None,
        }
    }

    pub(crate) fn write_to(&mut self, file: File) {
        self.file = Some(file);
    }

    /// Enters a call that has arrived and gives its number.
    pub(crate) fn open(
        &mut self,
        call: &Inbound,
        token_call: bool,
        principal: Option<String>,
        fault: Option<String>,
        now: Timestamp,
    ) -> u64 {
        if self.entries.len() >= self.capacity {
            self.entries.pop_front();
        }
        self.last += 1;
        let body = if token_call {
            public_form(&call.body)
        } else {
            shown_body(&call.body)
        };
        self.entries.push_back(JournalEntry {
            sequence: self.last,
            time: stamp(now),
            principal,
            checks: Vec::new(),
            fault,
            applied: false,
            request: JournalRequest {
                method: call.method.to_string(),
                url: call.url(),
                headers: shown_headers(&call.headers),
                body,
            },
            response: None,
            token_call,
        });
        self.last
    }

    /// Notes the permissions that a call was checked for.
    pub(crate) fn checked(&mut self, sequence: u64, checks: Vec<AccessCheck>) {
        if let Some(entry) = numbered(&mut self.entries, sequence) {
            entry.checks = checks;
        }
    }

    /// Completes a call: what was sent, or `None` when nothing was.
    pub(crate) fn close(&mut self, sequence: u64, applied: bool, reply: Option<&Reply>) {
        let Some(entry) = numbered(&mut self.entries, sequence) else {
            return;
        };
        entry.applied = applied;
        entry.response = reply.map(|reply| JournalResponse {
            status_code: reply.status.as_u16(),
            headers: reply.headers.iter().map(shown_header).collect(),
            body: if entry.token_call {
                Value::Null
            } else {
                shown_body(&reply.body)
            },
        });
        if entry.token_call {
            return;
        }
        if let (Some(file), Ok(line)) = (&mut self.file, serde_json::to_string(entry))
            && let Err(error) = writeln!(file, "{line}")
        {
            eprintln!("error: cannot write the journal any further: {error}");
            self.file = None;
        }
    }

    pub(crate) fn entries(&self, show: Show) -> Vec<JournalEntry> {
        self.entries
            .iter()
            .filter(|entry| show == Show::ArmAndTokens || !entry.token_call)
            .cloned()
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Calls end soon after they came, hence the search from the newest on.
fn numbered(entries: &mut VecDeque<JournalEntry>, sequence: u64) -> Option<&mut JournalEntry> {
    entries
        .iter_mut()
        .rev()
        .find(|entry| entry.sequence == sequence)
}

fn shown_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    headers
        .iter()
        .filter(|(name, _)| !SECRET_HEADERS.contains(&name.as_str()))
        .map(|(name, value)| text(name, value))
        .collect()
}

fn shown_header(header: &(HeaderName, HeaderValue)) -> (String, String) {
    text(&header.0, &header.1)
}

fn text(name: &HeaderName, value: &HeaderValue) -> (String, String) {
    (
        name.as_str().to_owned(),
        String::from_utf8_lossy(value.as_bytes()).into_owned(),
    )
}

fn shown_body(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

/// The fields of a token request that are no secrets.
fn public_form(bytes: &[u8]) -> Value {
    let mut shown = json!({});
    for (name, value) in url::form_urlencoded::parse(bytes) {
        if let ("client_id" | "grant_type" | "scope" | "resource" | "claims", Some(shown)) =
            (name.as_ref(), shown.as_object_mut())
        {
            shown.insert(name.into_owned(), Value::String(value.into_owned()));
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;

    fn call(body: &'static str) -> Inbound {
        let (parts, ()) = http::Request::builder()
            .method("PUT")
            .uri("/a?x=%20y")
            .header("Host", "h")
            .header("Authorization", "Bearer secret")
            .header("X-Ms-Client-Request-Id", "id")
            .body(())
            .unwrap()
            .into_parts();
        Inbound::new(parts, Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn an_entry_has_the_form_of_the_file_and_no_token() {
        let mut journal = Journal::new(10);
        let number = journal.open(
            &call(r#"{"a":1}"#),
            false,
            Some("me".to_owned()),
            None,
            Timestamp::UNIX_EPOCH,
        );
        journal.close(
            number,
            true,
            Some(&Reply::json(StatusCode::CREATED, &json!({"b": 2}))),
        );
        let shown = serde_json::to_value(journal.entries(Show::Arm)).unwrap();
        assert_eq!(
            shown,
            json!([{
                "sequence": 1, "time": "1970-01-01T00:00:00.0000000Z", "principal": "me", "fault": null, "applied": true,
                "liveRequest": {
                    "method": "PUT", "url": "http://h/a?x=%20y", "body": {"a": 1},
                    "headers": {"host": "h", "x-ms-client-request-id": "id"},
                },
                "liveResponse": {
                    "statusCode": 201, "body": {"b": 2},
                    "headers": {"content-type": "application/json; charset=utf-8"},
                },
            }])
        );
    }

    #[test]
    fn token_calls_are_kept_apart_and_without_secrets() {
        let mut journal = Journal::new(10);
        let form =
            "grant_type=client_credentials&client_id=me&client_secret=hush&client_assertion=hush";
        let number = journal.open(&call(form), true, None, None, Timestamp::UNIX_EPOCH);
        journal.close(
            number,
            true,
            Some(&Reply::json(
                StatusCode::OK,
                &json!({"access_token": "hush"}),
            )),
        );
        assert!(journal.entries(Show::Arm).is_empty());
        let shown = serde_json::to_string(&journal.entries(Show::ArmAndTokens)).unwrap();
        assert!(
            shown.contains("client_credentials") && !shown.contains("hush"),
            "{shown}"
        );
    }

    #[test]
    fn the_oldest_go_first() {
        let mut journal = Journal::new(2);
        for _ in 0..3 {
            journal.open(&call(""), false, None, None, Timestamp::UNIX_EPOCH);
        }
        assert_eq!(
            journal
                .entries(Show::Arm)
                .iter()
                .map(|entry| entry.sequence)
                .collect::<Vec<_>>(),
            [2, 3]
        );
    }
}
