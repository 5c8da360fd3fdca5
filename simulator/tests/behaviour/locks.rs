//! One operation at a time for each cluster (arm-kusto.md §3.5, §7).

use std::time::Duration;

use http::StatusCode;
use kusto_arm_simulator::{Busy, Options};
use serde_json::json;

use crate::harness::{Harness, attach, cluster, configuration, world};

#[tokio::test(start_paused = true)]
async fn the_second_operation_is_accepted_and_fails_and_changes_nothing() {
    let harness = Harness::new();
    let first = harness
        .put(&configuration("first"), attach("Sales", json!({})))
        .await;
    let second = harness
        .put(&configuration("second"), attach("Stock", json!({})))
        .await;
    assert_eq!(second.status, StatusCode::CREATED);
    assert_eq!(second.at("/properties/provisioningState"), "Creating");
    assert_eq!(
        harness.get(&second.poll_url()).await.at("/status"),
        "Running"
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    let failed = harness.get(&second.poll_url()).await;
    assert_eq!(failed.at("/status"), "Failed");
    assert_eq!(failed.at("/error/code"), "ServiceIsInMaintenance");
    assert_eq!(
        failed.at("/error/message"),
        "[Conflict] Cluster 'follower1' is in process of maintenance for a short period. You may retry to invoke the operation in a few minutes."
    );
    assert_eq!(
        harness.get(&configuration("second")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(harness.finish(&first).await.at("/status"), "Succeeded");
    assert_eq!(
        harness
            .get(&configuration("first"))
            .await
            .at("/properties/attachedDatabaseNames"),
        &json!(["Sales"])
    );
}

#[tokio::test(start_paused = true)]
async fn a_delete_during_the_attach_is_accepted_fails_and_leaves_the_attach_alone() {
    let harness = Harness::new();
    let attach = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    let delete = harness.delete(&configuration("sales")).await;
    assert_eq!(delete.status, StatusCode::ACCEPTED);
    assert_eq!(harness.finish(&attach).await.at("/status"), "Succeeded");
    assert_eq!(
        harness.get(&delete.poll_url()).await.at("/error/code"),
        "ServiceIsInMaintenance"
    );
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/provisioningState"),
        "Succeeded"
    );
}

#[tokio::test(start_paused = true)]
async fn clusters_do_not_wait_for_each_other() {
    let harness = Harness::new();
    harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    let other = format!(
        "{}/attachedDatabaseConfigurations/sales",
        cluster("leader2")
    );
    let started = harness.put(&other, attach("Stock", json!({}))).await;
    assert_eq!(harness.finish(&started).await.at("/status"), "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn an_immediate_conflict_is_an_option() {
    let harness = Harness::with(
        world(),
        Options {
            busy: Busy::RequestConflict,
            ..Options::default()
        },
    );
    let first = harness
        .put(&configuration("first"), attach("Sales", json!({})))
        .await;
    let second = harness
        .put(&configuration("second"), attach("Stock", json!({})))
        .await;
    assert_eq!(
        (second.status, second.code()),
        (StatusCode::CONFLICT, "RequestConflict")
    );
    harness.finish(&first).await;
    assert_eq!(
        harness
            .put(&configuration("second"), attach("Stock", json!({})))
            .await
            .status,
        StatusCode::CREATED
    );
}

#[tokio::test(start_paused = true)]
async fn a_cluster_whose_provisioning_state_is_not_terminal_refuses_writes() {
    let harness = Harness::new();
    let patch = |state: &str| json!({"clusters": [{"id": cluster("follower1"), "provisioningState": state}]});
    harness.simulator.patch_world(patch("Moving")).unwrap();
    for answer in [
        harness
            .put(&configuration("sales"), attach("Sales", json!({})))
            .await,
        harness.delete(&configuration("sales")).await,
    ] {
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::CONFLICT, "RequestConflict")
        );
    }
    harness.simulator.patch_world(patch("Failed")).unwrap();
    assert_eq!(
        harness
            .put(&configuration("sales"), attach("Sales", json!({})))
            .await
            .status,
        StatusCode::CREATED
    );
}
