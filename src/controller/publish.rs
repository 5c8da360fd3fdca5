//! Every write to the API server: finalizer, status, events. I/O.
//!
//! Each write of the object names its uid and resourceVersion: a write from a stale view fails with
//! a conflict and the pass starts again from a live object. That makes the status write before each
//! ARM write the proof that the object still asks for it.

use std::time::Duration;

use kube::{
    Api, Resource as _, ResourceExt as _,
    api::{Patch, PatchParams},
    runtime::events::{Event, EventType},
};
use serde::Serialize;
use serde_json::json;
use thiserror::Error;
use tokio::time::timeout;

use crate::api::{
    AttachedDatabase, AttachedDatabaseStatus, FIELD_MANAGER, FINALIZER, GROUP, KIND, VERSION,
};
use crate::error_chain::ErrorChain;

use super::{
    context::Context,
    lane::ObjectKey,
    report::{Notice, Tone},
};

/// A watch is ended by the server before a load balancer forgets it: Azure's drops idle flows after 240 s
/// (faults.md §4.2, K5).
pub(super) const WATCH_TIMEOUT_SECONDS: u32 = 200;

/// The deadline of one call: kube's client has no read timeout of its own (codebases.md §3.2).
const DEADLINE: Duration = Duration::from_secs(30);

/// The deadline of an event, which nothing waits for.
const EVENT_DEADLINE: Duration = Duration::from_secs(5);

/// An event's note is at most 1 kB (conventions.md §9).
const MAX_NOTE: usize = 1024;

/// A failed call to the API server.
#[derive(Debug, Error)]
pub enum KubernetesError {
    /// The object has changed since it was read.
    #[error("the object has changed meanwhile")]
    Conflict,
    /// The object does not exist any more.
    #[error("the object is gone")]
    Gone,
    /// No answer in time; the write may have happened.
    #[error("the API server did not answer within {} s", DEADLINE.as_secs())]
    NoAnswer,
    /// Another process leads: this one writes nothing more, neither to Kubernetes nor to Azure.
    #[error("this process does not lead any more")]
    NotLeading,
    /// Everything else.
    #[error("the API server refused")]
    Refused(#[source] Box<kube::Error>),
}

impl From<kube::Error> for KubernetesError {
    fn from(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) if status.is_conflict() => Self::Conflict,
            kube::Error::Api(status) if status.is_not_found() => Self::Gone,
            _ => Self::Refused(Box::new(error)),
        }
    }
}

/// Reads the object, past every cache.
///
/// # Errors
/// When it is gone or the API server does not answer.
pub async fn fetch(
    context: &Context,
    key: &ObjectKey,
) -> Result<AttachedDatabase, KubernetesError> {
    call(api(context, &key.namespace).get(&key.name)).await
}

/// Puts our finalizer on the object.
///
/// # Errors
/// `Conflict` when the object has changed.
pub async fn add_finalizer(
    context: &Context,
    object: &AttachedDatabase,
) -> Result<AttachedDatabase, KubernetesError> {
    let mut finalizers = object.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    write_finalizers(context, object, &finalizers).await
}

/// Takes our finalizer, and no other, off the object.
///
/// # Errors
/// `Conflict` when the object has changed, `Gone` when it went already.
pub async fn remove_finalizer(
    context: &Context,
    object: &AttachedDatabase,
) -> Result<AttachedDatabase, KubernetesError> {
    let others: Vec<String> = object
        .finalizers()
        .iter()
        .filter(|name| *name != FINALIZER)
        .cloned()
        .collect();
    write_finalizers(context, object, &others).await
}

async fn write_finalizers(
    context: &Context,
    object: &AttachedDatabase,
    finalizers: &[String],
) -> Result<AttachedDatabase, KubernetesError> {
    let patch = json!({"metadata": {
        "uid": object.metadata.uid,
        "resourceVersion": object.metadata.resource_version,
        "finalizers": finalizers,
    }});
    let params = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let api = api(context, &object.namespace().unwrap_or_default());
    call(api.patch(&object.name_any(), &params, &Patch::Merge(&patch))).await
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusPatch<'a> {
    api_version: String,
    kind: &'a str,
    metadata: StatusPatchMetadata<'a>,
    status: &'a AttachedDatabaseStatus,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusPatchMetadata<'a> {
    name: &'a str,
    uid: Option<&'a str>,
    resource_version: Option<&'a str>,
}

/// Writes `status`, unless it is what the object has already.
///
/// # Errors
/// `Conflict` when the object has changed, also its status.
pub async fn write_status(
    context: &Context,
    object: &AttachedDatabase,
    status: AttachedDatabaseStatus,
) -> Result<AttachedDatabase, KubernetesError> {
    let status = status.within_bounds();
    if object.status.as_ref() == Some(&status) {
        return Ok(object.clone());
    }
    let name = object.name_any();
    let patch = StatusPatch {
        api_version: format!("{GROUP}/{VERSION}"),
        kind: KIND,
        metadata: StatusPatchMetadata {
            name: &name,
            uid: object.metadata.uid.as_deref(),
            resource_version: object.metadata.resource_version.as_deref(),
        },
        status: &status,
    };
    let api = api(context, &object.namespace().unwrap_or_default());
    call(api.patch_status(
        &name,
        &PatchParams::apply(FIELD_MANAGER).force(),
        &Patch::Apply(&patch),
    ))
    .await
}

/// Publishes events about the object. They never fail a pass.
pub async fn tell(context: &Context, object: &AttachedDatabase, notices: Vec<Notice>) {
    for Notice {
        tone,
        reason,
        action,
        note,
    } in notices
    {
        tracing::info!(reason, action, note, "event");
        let event = Event {
            type_: match tone {
                Tone::Normal => EventType::Normal,
                Tone::Warning => EventType::Warning,
            },
            reason: reason.to_owned(),
            note: Some(clip(note)),
            action: action.to_owned(),
            secondary: None,
        };
        let published = timeout(
            EVENT_DEADLINE,
            context.recorder.publish(&event, &object.object_ref(&())),
        )
        .await;
        match published {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(
                    reason,
                    error = %ErrorChain(&error),
                    "event not published"
                );
            }
            Err(_elapsed) => tracing::warn!(reason, "event not published in time"),
        }
    }
}

fn api(context: &Context, namespace: &str) -> Api<AttachedDatabase> {
    Api::namespaced(context.client.clone(), namespace)
}

pub(super) async fn call<T>(
    answer: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, KubernetesError> {
    match timeout(DEADLINE, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_elapsed) => Err(KubernetesError::NoAnswer),
    }
}

/// Cuts a note to the API's limit, on a character boundary.
fn clip(mut note: String) -> String {
    if note.len() > MAX_NOTE {
        note.truncate(note.floor_char_boundary(MAX_NOTE - '…'.len_utf8()));
        note.push('…');
    }
    note
}
