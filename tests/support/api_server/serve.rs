//! Requests and answers: what a path and a body ask of the store, and how the outcome is told.

use std::collections::HashMap;
use std::time::Duration;

use http::request::Parts;
use http::{Method, Response, StatusCode, header};
use kube::client::Body;
use serde_json::{Value, json};
use tower::BoxError;

use super::faults::{Fault, Verb};
use super::resources::{self, Kind, SERVICE_ACCOUNTS, Subresource, Target};
use super::selection::Selection;
use super::store::{Key, Part, Refusal};
use super::view::View;
use super::{FakeApi, caller, tokens, watch};

type Answer = Response<axum::body::Body>;

/// A request of a client, as it arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub kind: Kind,
    pub verb: Verb,
    pub method: Method,
    pub path: String,
    pub query: String,
    pub body: Option<Value>,
    /// Since the server started, on tokio's clock.
    pub at: Duration,
}

pub async fn answer(server: FakeApi, request: http::Request<Body>) -> Result<Answer, BoxError> {
    let (head, body) = request.into_parts();
    let body = body.collect_bytes().await?;
    let body = if body.is_empty() {
        None
    } else {
        Some(serde_json::from_slice::<Value>(&body)?)
    };
    if head.method != Method::GET {
        let sent = body.as_ref().unwrap_or(&Value::Null);
        let line = format!("{} {} {sent}", head.method, head.uri);
        server.lock().written.push(line);
    }
    let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let query: HashMap<String, String> = query.into_owned().collect();
    let path = head.uri.path();
    if let Some(answer) = caller::answer(&server, &head.method, path, body.as_ref()) {
        return Ok(answer);
    }
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
    let kind = target.resource.kind;
    let request = Request {
        kind,
        verb,
        method: head.method.clone(),
        path: path.to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        body: body.clone(),
        at: server.shared.started.elapsed(),
    };
    let fault = {
        let mut state = server.lock();
        state.requests.push(request);
        state.faults.take(kind, verb)
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
        Some(Fault::Answer(body)) => return Ok(text_answer(201, body.to_owned())),
        Some(Fault::Reset) => return broken(),
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::LoseAnswer | Fault::HangAfterApplying) | None => {}
    }
    let answer = serve(&server, &head, &target, &query, body.unwrap_or_default());
    match fault {
        Some(Fault::LoseAnswer) => broken(),
        Some(Fault::HangAfterApplying) => std::future::pending().await,
        Some(Fault::Refuse(_) | Fault::Answer(_) | Fault::Reset | Fault::Hang) | None => {
            Ok(answer.unwrap_or_else(|refused| refusal(&refused)))
        }
    }
}

fn verb(method: &Method, target: &Target, query: &HashMap<String, String>) -> Option<Verb> {
    match target.resource.kind {
        Kind::CustomResourceDefinition => return Some(Verb::Crd),
        Kind::Event => return Some(Verb::Event),
        Kind::AttachedDatabase
        | Kind::AttachmentPolicy
        | Kind::Namespace
        | Kind::ServiceAccount => {}
    }
    let is_collection = target.name.is_empty();
    Some(match (method, is_collection, target.subresource) {
        (&Method::POST, false, Some(Subresource::Token)) => Verb::RequestToken,
        (_, _, Some(Subresource::Token)) => return None,
        (&Method::GET, true, _) if is_watch(query) => Verb::Watch,
        (&Method::GET, true, _) => Verb::List,
        (&Method::GET, false, _) => Verb::Get,
        (&Method::POST, true, _) => Verb::Create,
        (&Method::PUT | &Method::PATCH, false, Some(Subresource::Status)) => Verb::WriteStatus,
        (&Method::PUT, false, None) => Verb::Replace,
        (&Method::PATCH, false, None) => Verb::Patch,
        (&Method::DELETE, false, None) => Verb::Delete,
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
    head: &Parts,
    target: &Target,
    query: &HashMap<String, String>,
    body: Value,
) -> Result<Answer, Refusal> {
    let resource = target.resource;
    let given = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let view = View::asked(given(header::ACCEPT));
    if !server.lock().store.serves(resource) {
        return Err(Refusal::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        ));
    }
    let key = Key::new(resource, &target.namespace, &target.name);
    let part = match target.subresource {
        None => Part::Main,
        Some(Subresource::Status) => Part::Status,
        Some(Subresource::Token) => return token(server, target, &body),
    };
    if head.method == Method::GET && target.name.is_empty() && !is_watch(query) {
        return listed(server, target, query, view);
    }
    view.check_single()?;
    let shown = |code, object| json_answer(code, &view.of_object(object));
    match (&head.method, target.name.is_empty()) {
        (&Method::GET, true) => Ok(watched(server, target, query, view)),
        (&Method::GET, false) => {
            let object = server.lock().store.get(&key);
            object
                .map(|object| shown(200, object))
                .ok_or_else(|| Refusal::not_found(&key))
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
                .map(|object| shown(201, object))
        }
        (&Method::PUT, false) => {
            if body["metadata"].get("resourceVersion").is_none() {
                let message =
                    "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update";
                return Err(Refusal::new(422, "Invalid", message));
            }
            server
                .change(|store, _| store.replace(&key, part, body))
                .map(|object| shown(200, object))
        }
        (&Method::PATCH, false) => {
            let patched = match given(header::CONTENT_TYPE) {
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
            patched.map(|object| shown(200, object))
        }
        (&Method::DELETE, false) => {
            let object = server.change(|store, now| store.delete(&key, &body, now))?;
            let remains = server.lock().store.get(&key).is_some();
            let status = json!({"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success",
                "details": {"name": target.name, "kind": resource.plural, "uid": object["metadata"]["uid"]}});
            Ok(if remains {
                shown(200, object)
            } else {
                json_answer(200, &status)
            })
        }
        _ => Err(Refusal::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        )),
    }
}

/// Issues a token of a service account that exists.
fn token(server: &FakeApi, target: &Target, body: &Value) -> Result<Answer, Refusal> {
    let key = Key::new(SERVICE_ACCOUNTS, &target.namespace, &target.name);
    let now = server.now();
    let mut state = server.lock();
    let account = state.store.get(&key);
    let account = account.ok_or_else(|| Refusal::not_found(&key))?;
    let serial = state.assertions.len() + 1;
    let issued = tokens::issue(&account, body, serial, now)?;
    state.assertions.push(issued.token);
    Ok(json_answer(201, &issued.answer))
}

fn listed(
    server: &FakeApi,
    target: &Target,
    query: &HashMap<String, String>,
    view: View,
) -> Result<Answer, Refusal> {
    let selection = Selection::new(target, query);
    let state = server.lock();
    let mut items = state.store.list(target.resource, &target.namespace);
    items.retain(|object| selection.takes(object));
    let list = view.of_list(target.resource, state.store.revision(), items)?;
    Ok(json_answer(200, &list))
}

fn watched(
    server: &FakeApi,
    target: &Target,
    query: &HashMap<String, String>,
    view: View,
) -> Answer {
    let is_set = |name: &str| query.get(name).is_some_and(|value| value == "true");
    let revision = query
        .get("resourceVersion")
        .and_then(|text| text.parse::<u64>().ok());
    let timeout = query
        .get("timeoutSeconds")
        .and_then(|text| text.parse::<u64>().ok());
    let start = watch::Start {
        selection: Selection::new(target, query),
        view,
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
    text_answer(code, value.to_string())
}

/// Whatever the text is, it goes as JSON.
fn text_answer(code: u16, text: String) -> Answer {
    let mut answer = Response::new(axum::body::Body::from(text));
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
