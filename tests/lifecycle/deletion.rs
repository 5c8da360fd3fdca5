//! Detach: only what is ours, and always to an end.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Harness, attached_database, cluster, condition, message};
use crate::writes;

#[tokio::test(start_paused = true)]
async fn a_deleted_object_detaches_and_goes() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.delete("analytics", "sales");
    let deleting = harness.until_reason("sales", "Deleting").await;
    assert_eq!(
        condition(&deleting, "Reconciling"),
        Some(("True", "Deleting"))
    );
    harness.until_gone("sales").await;
    assert_eq!(harness.live("follower1", "sales"), None);
    assert_eq!(harness.calls("DELETE").len(), 1);
    assert_eq!(harness.event_reasons("sales"), ["Attached", "Detached"]);
}

#[tokio::test(start_paused = true)]
async fn an_object_deleted_while_it_attaches_leaves_nothing() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_reason("sales", "Creating").await;
    harness.pass(Duration::from_secs(3)).await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(harness.live("follower1", "sales"), None);
    harness.pass(Duration::from_mins(10)).await;
    assert_eq!(
        harness.live("follower1", "sales"),
        None,
        "no late PUT brings it back"
    );
}

#[tokio::test(start_paused = true)]
async fn orphan_leaves_the_configuration_and_may_be_chosen_late() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.arm.clear_journal();
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["deletionPolicy"] = json!("Orphan");
    });
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(writes(&harness), 0);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_was_never_attached_goes_without_a_call() {
    let harness = Harness::start();
    harness
        .arm
        .patch_world(json!({"clusters": [{"id": cluster("follower1"), "state": "Stopped"}]}))
        .unwrap();
    harness.api.create(attached_database("sales"));
    let blocked = harness.until_reason("sales", "FollowerNotRunning").await;
    assert!(
        message(&blocked, "Ready")
            .unwrap()
            .contains("follower1 is Stopped")
    );
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(writes(&harness), 0);
}
