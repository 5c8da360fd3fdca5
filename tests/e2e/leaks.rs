//! Whether any of what the operator wrote anywhere gives a secret away.

use std::fs;
use std::path::Path;

use k8s_openapi::api::events::v1::Event;
use kube::api::ListParams;
use kube::{Api, Client};
use testbed::SimulatorProcess;

use adx_follower_operator::api::AttachedDatabase;

/// A place that the operator writes to, and what stands there.
pub(crate) type Written = (&'static str, String);

/// Every object and event of a cluster.
pub(crate) async fn in_the_cluster(client: &Client) -> Vec<Written> {
    let every = ListParams::default();
    let objects: Api<AttachedDatabase> = Api::all(client.clone());
    let events: Api<Event> = Api::all(client.clone());
    let objects = objects.list(&every).await.unwrap().items;
    let events = events.list(&every).await.unwrap().items;
    vec![
        ("objects", serde_json::to_string(&objects).unwrap()),
        ("events", serde_json::to_string(&events).unwrap()),
    ]
}

/// What all operators of one test have logged.
pub(crate) fn operator_logs(directory: &Path) -> String {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    entries
        .filter(|entry| {
            let name = entry.file_name();
            name.to_string_lossy().starts_with("operator")
        })
        .map(|entry| fs::read_to_string(entry.path()).unwrap())
        .collect()
}

/// Fails when a token, assertion or client secret that was issued or shown to Azure stands in any place.
pub(crate) async fn check(azure: &SimulatorProcess, written: &[Written]) {
    let secrets = azure.secrets().await.unwrap();
    let calls = azure.calls().await.unwrap();
    assert!(
        !secrets.is_empty() || calls.is_empty(),
        "no call without a token, so there are secrets to look for"
    );
    for secret in &secrets {
        for (place, text) in written {
            assert!(
                !text.contains(secret.as_str()),
                "the {place} hold the secret {secret}"
            );
        }
    }
}
