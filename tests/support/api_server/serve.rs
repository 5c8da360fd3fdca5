//! Requests and answers: what a path and a body ask of the store, and how the outcome is told.

use std::collections::HashMap;
use std::time::Duration;

use http::{Method, Response, StatusCode, header};
use kube::client::Body;
use serde_json::{Value, json};
use tower::BoxError;

use super::faults::{Fault, Verb};
use super::resources::{self, ATTACHED_DATABASES, CRDS, EVENTS, Resource, Target};
use super::store::{Change, Key, Part, Refusal};
use super::{FakeApi, watch};

type Answer = Response<axum::body::Body>;

/// A request of a client, as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub verb: Verb,
    pub method: Method,
    pub path: String,
    pub query: String,
    pub body: Option<Value>,
    /// Since the server started, on tokio's clock.
    pub at: Duration,
}

/// The objects that a list or a watch is about.
#[derive(Debug)]
pub struct Selection {
    pub resource: Resource,
    pub namespace: String,
    name: Option<String>,
    /// Requirements `key=value` and `key`, all of which must hold.
    labels: Vec<(String, Option<String>)>,
}

impl Selection {
    fn new(target: &Target, query: &HashMap<String, String>) -> Self {
        let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        let parts = |text: &str| -> Vec<(String, Option<String>)> {
            let requirements = text
                .split(',')
                .filter(|requirement| !requirement.is_empty());
            requirements
                .map(|requirement| match requirement.split_once('=') {
                    Some((key, value)) => (
                        key.to_owned(),
                        Some(value.trim_start_matches('=').to_owned()),
                    ),
                    None => (requirement.to_owned(), None),
                })
                .collect()
        };
        let fields = parts(given("fieldSelector"));
        let name = fields
            .into_iter()
            .find(|(key, _)| key == "metadata.name")
            .and_then(|(_, value)| value);
        Self {
            resource: target.resource,
            namespace: target.namespace.clone(),
            name,
            labels: parts(given("labelSelector")),
        }
    }

    pub fn takes(&self, object: &Value) -> bool {
        let metadata = &object["metadata"];
        let named = self
            .name
            .as_ref()
            .is_none_or(|name| metadata["name"] == name.as_str());
        named
            && self
                .labels
                .iter()
                .all(|(key, value)| match (&metadata["labels"][key], value) {
                    (Value::Null, _) => false,
                    (_, None) => true,
                    (present, Some(value)) => present == value.as_str(),
                })
    }

    pub fn takes_change(&self, change: &Change) -> bool {
        let key = &change.key;
        let here = self.namespace.is_empty() || key.namespace == self.namespace;
        here && *key == Key::new(self.resource, &key.namespace, &key.name)
            && self.takes(&change.object)
    }
}

pub async fn answer(server: FakeApi, request: http::Request<Body>) -> Result<Answer, BoxError> {
    let (head, body) = request.into_parts();
    let body = body.collect_bytes().await?;
    let body = if body.is_empty() {
        None
    } else {
        Some(serde_json::from_slice::<Value>(&body)?)
    };
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let query: HashMap<String, String> = query.into_owned().collect();
    let path = head.uri.path();
    let Some(target) = resources::target(path) else {
        return Ok(refusal(&Refusal::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        )));
    };
    let Some(verb) = verb(&head.method, &target, &query) else {
        return Ok(refusal(&Refusal::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )));
    };
    let fault = {
        let mut state = server.lock();
        state.requests.push(Request {
            verb,
            method: head.method.clone(),
            path: path.to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            body: body.clone(),
            at: server.shared.started.elapsed(),
        });
        state.faults.take(verb)
    };
    let broken = || Err("connection reset by peer".into());
    match fault {
        Some(Fault::Refuse(code)) => {
            return Ok(refusal(&Refusal::new(
                code,
                reason(code),
                format!("fault: {code}"),
            )));
        }
        Some(Fault::Reset) => return broken(),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::LoseAnswer | Fault::HangAfterApplying) | None => {}
    }
    let content_type = head
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let answer = serve(
        &server,
        &head.method,
        &target,
        &query,
        content_type,
        body.unwrap_or_default(),
    );
    match fault {
        Some(Fault::LoseAnswer) => broken(),
        Some(Fault::HangAfterApplying) => std::future::pending().await,
        Some(Fault::Refuse(_) | Fault::Reset | Fault::Hang) | None => {
            Ok(answer.unwrap_or_else(|refused| refusal(&refused)))
        }
    }
}

fn verb(method: &Method, target: &Target, query: &HashMap<String, String>) -> Option<Verb> {
    if target.resource == CRDS {
        return Some(Verb::Crd);
    }
    if target.resource == EVENTS {
        return Some(Verb::Event);
    }
    Some(match (method, target.name.is_empty(), target.status) {
        (&Method::GET, true, _) if is_watch(query) => Verb::Watch,
        (&Method::GET, true, _) => Verb::List,
        (&Method::GET, false, _) => Verb::Get,
        (&Method::POST, true, _) => Verb::Create,
        (&Method::PUT | &Method::PATCH, false, true) => Verb::WriteStatus,
        (&Method::PUT, false, false) => Verb::Replace,
        (&Method::PATCH, false, false) => Verb::Patch,
        (&Method::DELETE, false, false) => Verb::Delete,
        _ => return None,
    })
}

fn is_watch(query: &HashMap<String, String>) -> bool {
    query
        .get("watch")
        .is_some_and(|value| value == "true" || value == "1")
}

fn serve(
    server: &FakeApi,
    method: &Method,
    target: &Target,
    query: &HashMap<String, String>,
    content_type: Option<&str>,
    body: Value,
) -> Result<Answer, Refusal> {
    let resource = target.resource;
    if resource == ATTACHED_DATABASES && server.lock().store.keys(CRDS).is_empty() {
        return Err(Refusal::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        ));
    }
    let key = Key::new(resource, &target.namespace, &target.name);
    let part = if target.status {
        Part::Status
    } else {
        Part::Main
    };
    match (method, target.name.is_empty()) {
        (&Method::GET, true) if is_watch(query) => Ok(watched(server, target, query)),
        (&Method::GET, true) => Ok(listed(server, target, query)),
        (&Method::GET, false) => {
            let object = server.lock().store.get(&key);
            let missing = || {
                Refusal::new(
                    404,
                    "NotFound",
                    format!("{} \"{}\" not found", resource.plural, target.name),
                )
            };
            object
                .map(|object| json_answer(200, &object))
                .ok_or_else(missing)
        }
        (&Method::POST, true) => {
            let metadata = &body["metadata"];
            let prefix = metadata["generateName"].as_str();
            let generated =
                prefix.map(|prefix| format!("{prefix}{:05}", server.lock().store.revision()));
            let name = metadata["name"].as_str().map(str::to_owned).or(generated);
            let Some(name) = name else {
                return Err(Refusal::new(
                    422,
                    "Invalid",
                    "metadata.name: Required value: name or generateName is required",
                ));
            };
            let key = Key::new(resource, &target.namespace, &name);
            server
                .change(|store, now| store.create(&key, body, now))
                .map(|object| json_answer(201, &object))
        }
        (&Method::PUT, false) => {
            if body["metadata"].get("resourceVersion").is_none() {
                let message =
                    "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update";
                return Err(Refusal::new(422, "Invalid", message));
            }
            server
                .change(|store, _| store.replace(&key, part, body))
                .map(|object| json_answer(200, &object))
        }
        (&Method::PATCH, false) => {
            let patched = match content_type {
                Some("application/merge-patch+json") => {
                    server.change(|store, _| store.merge(&key, part, &body))
                }
                Some("application/apply-patch+yaml") => {
                    let Some(manager) = query.get("fieldManager") else {
                        return Err(Refusal::new(
                            400,
                            "BadRequest",
                            "fieldManager is required for apply patch",
                        ));
                    };
                    server.change(|store, now| store.apply(&key, part, manager, body, now))
                }
                other => Err(Refusal::new(
                    415,
                    "UnsupportedMediaType",
                    format!("no patches of type {other:?} here"),
                )),
            };
            patched.map(|object| json_answer(200, &object))
        }
        (&Method::DELETE, false) => {
            let object = server.change(|store, now| store.delete(&key, &body, now))?;
            let remains = server.lock().store.get(&key).is_some();
            let status = json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success",
                "details": {"name": target.name, "kind": resource.plural, "uid": object["metadata"]["uid"]}});
            Ok(json_answer(200, if remains { &object } else { &status }))
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )),
    }
}

fn listed(server: &FakeApi, target: &Target, query: &HashMap<String, String>) -> Answer {
    let selection = Selection::new(target, query);
    let state = server.lock();
    let mut items = state.store.list(target.resource, &target.namespace);
    items.retain(|object| selection.takes(object));
    let list = json!({
        "apiVersion": target.resource.api_version,
        "kind": format!("{}List", target.resource.kind),
        "metadata": {"resourceVersion": state.store.revision().to_string()},
        "items": items,
    });
    json_answer(200, &list)
}

fn watched(server: &FakeApi, target: &Target, query: &HashMap<String, String>) -> Answer {
    let is_set = |name: &str| query.get(name).is_some_and(|value| value == "true");
    let revision = query
        .get("resourceVersion")
        .and_then(|text| text.parse::<u64>().ok());
    let timeout = query
        .get("timeoutSeconds")
        .and_then(|text| text.parse::<u64>().ok());
    let start = watch::Start {
        selection: Selection::new(target, query),
        revision: revision.filter(|revision| *revision != 0),
        initial_events: is_set("sendInitialEvents"),
        bookmarks: is_set("allowWatchBookmarks"),
        timeout: Duration::from_secs(timeout.unwrap_or(1_800)),
    };
    Response::new(axum::body::Body::from_stream(watch::open(
        &server.shared,
        start,
    )))
}

fn json_answer(code: u16, value: &Value) -> Answer {
    let mut answer = Response::new(axum::body::Body::from(value.to_string()));
    *answer.status_mut() = StatusCode::from_u16(code).expect("a status code");
    let json = header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}

fn refusal(refusal: &Refusal) -> Answer {
    let Refusal {
        code,
        reason,
        message,
    } = refusal;
    let status = json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
        "code": code, "reason": reason, "message": message});
    json_answer(*code, &status)
}

fn reason(code: u16) -> &'static str {
    match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        409 => "Conflict",
        410 => "Expired",
        422 => "Invalid",
        429 => "TooManyRequests",
        500 => "InternalError",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "",
    }
}
