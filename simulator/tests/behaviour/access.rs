//! Roles on scopes: who gets which 403.

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{GROUP, Harness, attach, cluster, configuration, world};

const WRITE: &str = "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/write";

fn with_roles(assignments: Value) -> Harness {
    let mut world = world();
    world["roleAssignments"] = assignments;
    Harness::with(world, kusto_arm_simulator::Options::default())
}

#[tokio::test(start_paused = true)]
async fn without_a_role_the_action_and_the_scope_are_named() {
    let harness = with_roles(json!([{"principal": "me", "scope": GROUP, "role": "Reader"}]));
    assert_eq!(
        harness.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
    let denied = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(
        (denied.status, denied.code()),
        (StatusCode::FORBIDDEN, "AuthorizationFailed")
    );
    assert_eq!(
        denied.message(),
        format!(
            "The client 'me' with object id 'me' does not have authorization to perform action '{WRITE}' over scope '{}' or the scope is \
             invalid. If access was recently granted, please refresh your credentials.",
            configuration("sales")
        )
    );
    assert_eq!(
        harness
            .as_client("stranger")
            .get(&cluster("follower1"))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    let list = format!("{}/listFollowerDatabases", cluster("leader1"));
    assert_eq!(
        harness.call("POST", &list, None).await.status,
        StatusCode::FORBIDDEN,
        "an action is no read"
    );
}

#[tokio::test(start_paused = true)]
async fn attaching_needs_the_leader_too() {
    let harness = with_roles(json!([
        {"principal": "me", "scope": cluster("follower1"), "role": "Contributor"},
        {"principal": "me", "scope": cluster("leader1"), "role": "Reader"},
    ]));
    let denied = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(
        (denied.status, denied.code()),
        (StatusCode::FORBIDDEN, "LinkedAuthorizationFailed")
    );
    for part in [WRITE, "linked scope(s)", &cluster("leader1"), "'me'"] {
        assert!(
            denied.message().contains(part),
            "{part} in {}",
            denied.message()
        );
    }
    let grant = json!([
        {"principal": "ME", "scope": GROUP, "role": "Contributor"},
    ]);
    harness
        .simulator
        .patch_world(json!({"roleAssignments": grant}))
        .unwrap();
    assert_eq!(
        harness
            .put(&configuration("sales"), attach("Sales", json!({})))
            .await
            .status,
        StatusCode::CREATED
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_on_the_clusters_alone_starts_an_operation_but_cannot_poll_it() {
    let harness = with_roles(json!([
        {"principal": "me", "scope": cluster("follower1"), "role": "Contributor"},
        {"principal": "me", "scope": cluster("leader1"), "role": "Contributor"},
        {"principal": "poller", "scope": GROUP, "role": "custom", "actions": ["Microsoft.Kusto/locations/operationresults/read"]},
    ]));
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(started.status, StatusCode::CREATED);
    let denied = harness.get(&started.poll_url()).await;
    assert_eq!(
        (denied.status, denied.code()),
        (StatusCode::FORBIDDEN, "AuthorizationFailed")
    );
    assert!(
        denied
            .message()
            .contains("Microsoft.Kusto/locations/operationresults/read")
    );
    let poller = harness.as_client("poller");
    assert_eq!(poller.finish(&started).await.at("/status"), "Succeeded");
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/provisioningState"),
        "Succeeded"
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_id_is_a_principal_too() {
    let mut world = world();
    world["identities"] = json!([{"clientId": "me", "objectId": "oid-1"}]);
    world["roleAssignments"] =
        json!([{"principal": "oid-1", "scope": "/subscriptions/s1", "role": "Owner"}]);
    let harness = Harness::with(world, kusto_arm_simulator::Options::default());
    assert_eq!(
        harness.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
}
