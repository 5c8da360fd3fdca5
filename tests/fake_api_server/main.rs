//! The in-process API server behaves like a real one where the controller's tests rely on it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/api_server/mod.rs"]
mod api_server;

mod faults;
mod identity;
mod metadata_watches;
mod objects;
mod records;
mod tokens;
mod watches;

use std::time::Duration;

use adx_follower_operator::api::AttachedDatabase;
use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_mins(1);

fn object(name: &str) -> Value {
    let cluster = |name: &str| {
        format!(
            "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
        )
    };
    json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": name, "namespace": "analytics"},
        "spec": {
            "follower": {"clusterResourceId": cluster("follower1")},
            "leader": {"clusterResourceId": cluster("leader1"), "databaseName": "Sales"},
        },
    })
}

fn objects(client: Client) -> Api<AttachedDatabase> {
    Api::namespaced(client, "analytics")
}

fn policies(client: Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk("adx-follower.dev", "v1alpha1", "AttachmentPolicy");
    let resource = ApiResource::from_gvk_with_plural(&kind, "attachmentpolicies");
    Api::all_with(client, &resource)
}

fn code(error: &kube::Error) -> u16 {
    match error {
        kube::Error::Api(status) => status.code,
        other => panic!("not an answer of the server: {other}"),
    }
}

fn merge(patch: Value) -> Patch<Value> {
    Patch::Merge(patch)
}

fn no_params() -> PatchParams {
    PatchParams::default()
}
