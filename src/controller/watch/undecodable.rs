//! An object that this release can't decode: told, and left alone. I/O.

use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    core::error_boundary::InvalidObject,
    runtime::events::{Event, EventType},
};

use crate::{
    api::{GROUP, KIND, VERSION},
    controller::context::Context,
};

/// The deadline of an event, which nothing waits for.
const EVENT_DEADLINE: Duration = Duration::from_secs(5);

/// Tells about an object that can't be decoded; the others go on (faults.md K13).
pub(super) async fn report(invalid: &InvalidObject, context: &Context) {
    let name = invalid.metadata.name.clone().unwrap_or_default();
    let namespace = invalid.metadata.namespace.clone().unwrap_or_default();
    tracing::error!(
        namespace,
        name,
        error = invalid.error,
        "object can't be decoded and is left alone"
    );
    let event = Event {
        type_: EventType::Warning,
        reason: "Undecodable".to_owned(),
        note: Some("the object can't be decoded by this release of the operator and is left alone; the CRD and the operator must be of one release".to_owned()),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    let reference = ObjectReference {
        api_version: Some(format!("{GROUP}/{VERSION}")),
        kind: Some(KIND.to_owned()),
        name: Some(name),
        namespace: Some(namespace),
        uid: invalid.metadata.uid.clone(),
        ..Default::default()
    };
    let published =
        tokio::time::timeout(EVENT_DEADLINE, context.recorder.publish(&event, &reference)).await;
    if !matches!(published, Ok(Ok(()))) {
        tracing::warn!("event not published");
    }
}
