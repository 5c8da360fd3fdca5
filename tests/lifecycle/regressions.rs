//! Narrow paths: answers that come late, lines that must move on, and hands that are not ours.

use std::time::Duration;

use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::api_server::{Fault, Verb};
use crate::harness::{Harness, attached_database, cluster, condition, configuration, world};
use crate::writes;

/// Sales of leader1 on follower1 under a name of its own.
fn under_own_name(name: &str) -> Value {
    let mut object = attached_database(name);
    object["spec"]["databaseNameOverride"] = json!(format!("Sales-{name}"));
    object
}

fn slow_operations(seconds: u64) -> Harness {
    let options = Options {
        operation_duration: Duration::from_secs(seconds),
        ..Options::default()
    };
    Harness::start_with(&world(), options)
}

/// Answers each call of `method` to a path with `act` until it is disarmed under `name`.
fn break_calls(harness: &Harness, name: &str, method: &str, path: &str, act: &Value) {
    harness
        .arm
        .arm_fault(json!({"name": name, "match": {"method": method, "path": path, "times": 0}, "act": act}))
        .unwrap();
}

fn hide_configurations(harness: &Harness) {
    let absent = json!({"status": 404, "body": {"error": {"code": "ResourceNotFound", "message": "not found"}}});
    break_calls(
        harness,
        "hidden",
        "GET",
        "**/attachedDatabaseConfigurations/*",
        &absent,
    );
}

async fn until_writes(harness: &Harness, method: &str, count: usize) {
    for _ in 0..600 {
        if harness.calls(method).len() >= count {
            return;
        }
        harness.pass(Duration::from_millis(500)).await;
    }
    panic!("no {count} calls of {method}");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_stops_being_actionable_lets_the_line_move_on() {
    for (field, value) in [
        ("driftPolicy", json!("Report")),
        ("databaseNamePrefix", json!("both_")),
        ("suspend", json!("undecodable")),
        ("suspend", json!(true)),
    ] {
        let harness = Harness::start();
        for name in ["one", "two", "three"] {
            harness.api.create(under_own_name(name));
            harness.pass(Duration::from_secs(1)).await;
        }
        harness.api.edit("analytics", "two", |object| {
            object["spec"][field] = value.clone();
        });
        harness.until_ready("one").await;
        harness.until_ready("three").await;
        let took = harness
            .api
            .now()
            .duration_since(crate::api_server::EPOCH.parse().unwrap());
        assert!(took.as_secs() < 60, "{field}: {took}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_azure_refuses_does_not_hold_the_line_for_others() {
    let harness = Harness::start();
    harness.api.create(under_own_name("one"));
    harness.until_ready("one").await;
    let locked =
        json!({"status": 409, "body": {"error": {"code": "ScopeLocked", "message": "a lock"}}});
    break_calls(
        &harness,
        "locked",
        "DELETE",
        "**/attachedDatabaseConfigurations/*",
        &locked,
    );
    // An object from before a rule of the schema: a broken spec must not hold anybody.
    harness.api.edit("analytics", "one", |object| {
        object["spec"]["databaseNamePrefix"] = json!("both_");
    });
    harness.api.delete("analytics", "one");
    harness.until_reason("one", "ScopeLocked").await;
    harness.api.create(under_own_name("two"));
    harness.pass(Duration::from_mins(2)).await;
    let two = harness.api.get("analytics", "two").unwrap();
    assert_eq!(condition(&two, "Ready"), Some(("True", "Attached")));
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_comes_during_a_pass_is_not_missed() {
    let harness = Harness::start();
    harness.api.create(under_own_name("two"));
    harness.until_ready("two").await;
    harness.api.create(under_own_name("one"));
    harness.pass(Duration::from_secs(18)).await;
    // Events are waited for: the pass of "two" ends after the operation of "one".
    harness.api.fault_always(Verb::Event, Fault::Hang);
    harness.edit_in_portal("two", &json!({"databaseNameOverride": "Other"}));
    harness.api.annotate(
        "analytics",
        "two",
        "adx-follower.dev/reconcile-requested-at",
        "1",
    );
    let asked = harness.api.now();
    harness.until_reason("two", "DriftDetected").await;
    harness.until_ready("two").await;
    let took = harness.api.now().duration_since(asked).as_secs();
    assert!(
        took < 45,
        "repaired {took} s after it was found, with an operation of 20 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_that_somebody_removed_comes_back() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.edit("analytics", "sales", |object| {
        object["metadata"]["finalizers"] = json!([]);
    });
    harness.pass(Duration::from_mins(12)).await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(
        harness.live("follower1", "sales"),
        None,
        "nothing is left behind"
    );
}

#[tokio::test(start_paused = true)]
async fn a_gateway_timeout_gives_the_write_time_to_show_up() {
    let harness = slow_operations(80);
    harness
        .arm
        .arm_fault(json!({
            "match": {"method": "PUT", "path": "**/attachedDatabaseConfigurations/*"},
            "act": {"status": 504, "after": true, "delay": "60s"},
        }))
        .unwrap();
    hide_configurations(&harness);
    harness.api.create(attached_database("sales"));
    harness.pass(Duration::from_secs(85)).await;
    harness.arm.disarm_faults(Some("hidden"));
    harness.until_ready("sales").await;
    assert_eq!(harness.calls("PUT").len(), 1, "no blind second PUT");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_cannot_be_looked_at_for_a_while_is_not_started_twice() {
    let harness = slow_operations(90);
    harness.api.create(attached_database("sales"));
    until_writes(&harness, "PUT", 1).await;
    hide_configurations(&harness);
    break_calls(
        &harness,
        "gateway",
        "GET",
        "**/operationResults/*",
        &json!({"status": 503}),
    );
    harness.pass(Duration::from_mins(1)).await;
    harness.arm.disarm_faults(None);
    harness.until_ready("sales").await;
    assert_eq!(harness.calls("PUT").len(), 1, "no second PUT while it runs");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_deleted_while_its_attach_cannot_be_looked_at_leaves_nothing() {
    let harness = slow_operations(90);
    harness.api.create(attached_database("sales"));
    until_writes(&harness, "PUT", 1).await;
    hide_configurations(&harness);
    break_calls(
        &harness,
        "gateway",
        "GET",
        "**/operationResults/*",
        &json!({"status": 503}),
    );
    harness.pass(Duration::from_secs(5)).await;
    harness.api.delete("analytics", "sales");
    harness.pass(Duration::from_mins(1)).await;
    harness.arm.disarm_faults(None);
    harness.until_gone("sales").await;
    harness.pass(Duration::from_mins(5)).await;
    assert_eq!(harness.live("follower1", "sales"), None);
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_cannot_be_looked_at_keeps_its_turn() {
    let harness = slow_operations(60);
    harness.api.create(under_own_name("one"));
    harness.pass(Duration::from_secs(3)).await;
    harness.api.create(under_own_name("two"));
    harness.pass(Duration::from_secs(3)).await;
    harness
        .arm
        .arm_fault(json!({
            "match": {"method": "GET", "path": "**/operationResults/*", "times": 2}, "act": {"status": 503},
        }))
        .unwrap();
    harness
        .arm
        .arm_fault(json!({
            "match": {"method": "GET", "path": "**/attachedDatabaseConfigurations/one", "times": 2}, "act": {"status": 503},
        }))
        .unwrap();
    harness.until_ready("one").await;
    harness.until_ready("two").await;
    assert_eq!(harness.calls("PUT").len(), 2, "nobody ran into the other");
}

#[tokio::test(start_paused = true)]
async fn an_operation_from_the_future_is_doubted_no_longer_than_another() {
    let harness = Harness::start();
    let mut object = attached_database("sales");
    object["spec"]["suspend"] = json!(true);
    harness.api.create(object);
    harness.api.edit_status("analytics", "sales", |object| {
        object["status"]["ownership"] = json!("Created");
        object["status"]["operation"] =
            json!({"kind": "Attach", "startedAt": "2026-01-02T00:00:00Z", "generation": 2});
    });
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(false);
    });
    harness.until_ready("sales").await;
    let took = harness
        .api
        .now()
        .duration_since(crate::api_server::EPOCH.parse().unwrap());
    assert!(took.as_secs() < 90, "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_configuration_made_by_hand_after_a_refused_attach_is_not_ours() {
    let harness = Harness::start();
    let denied = json!({"status": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "no role"}}});
    break_calls(
        &harness,
        "denied",
        "PUT",
        "**/attachedDatabaseConfigurations/*",
        &denied,
    );
    harness.api.create(attached_database("sales"));
    harness.until_reason("sales", "AuthorizationFailed").await;
    harness
        .arm
        .patch_world(json!({"configurations": [{
            "id": configuration("follower1", "sales"),
            "properties": {
                "clusterResourceId": cluster("leader1"), "databaseName": "Sales", "defaultPrincipalsModificationKind": "Replace",
            },
        }]}))
        .unwrap();
    harness.arm.disarm_faults(None);
    harness.arm.clear_journal();
    harness.until_reason("sales", "ConfigurationExists").await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(writes(&harness), 0, "it is left alone");
    assert!(harness.live("follower1", "sales").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_deleted_in_line_moves_up() {
    let harness = slow_operations(60);
    harness.api.create(under_own_name("gone"));
    harness.until_ready("gone").await;
    for name in ["one", "two"] {
        harness.api.create(under_own_name(name));
        harness.pass(Duration::from_secs(1)).await;
    }
    harness.edit_in_portal("gone", &json!({"databaseNameOverride": "Other"}));
    harness.api.annotate(
        "analytics",
        "gone",
        "adx-follower.dev/reconcile-requested-at",
        "1",
    );
    harness.until_reason("gone", "WaitingForCluster").await;
    harness.api.delete("analytics", "gone");
    harness.until_gone("gone").await;
    let two = harness.api.get("analytics", "two").unwrap();
    assert_ne!(condition(&two, "Ready"), Some(("True", "Attached")));
}

#[tokio::test(start_paused = true)]
async fn after_a_restart_nobody_runs_into_an_operation_that_goes_on() {
    let mut harness = slow_operations(60);
    harness.api.create(under_own_name("zulu"));
    harness.pass(Duration::from_secs(2)).await;
    for name in ["alpha", "bravo"] {
        harness.api.create(under_own_name(name));
        harness.pass(Duration::from_secs(1)).await;
    }
    harness.crash();
    for name in ["alpha", "bravo", "zulu"] {
        harness.until_ready(name).await;
    }
    assert_eq!(harness.calls("PUT").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_synchronous_answer_without_an_operation_is_enough() {
    let harness = slow_operations(1);
    harness
        .arm
        .arm_fault(json!({
            "match": {"method": "*", "path": "**/attachedDatabaseConfigurations/*", "times": 0},
            "act": {"dropHeaders": ["azure-asyncoperation", "location"]},
        }))
        .unwrap();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(writes(&harness), 2);
}

#[tokio::test(start_paused = true)]
async fn a_role_on_the_cluster_alone_is_enough() {
    let harness = Harness::start();
    let denied = json!({"status": 403, "body": {"error": {"code": "AuthorizationFailed", "message": "no role"}}});
    break_calls(&harness, "denied", "GET", "**/operationResults/*", &denied);
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(writes(&harness), 2);
    assert_eq!(harness.event_reasons("sales"), ["Attached", "Detached"]);
}

#[tokio::test(start_paused = true)]
async fn a_provisioning_state_that_stays_failed_is_not_written_at_in_a_loop() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.arm.clear_journal();
    let failed = json!({"body": {"location": "West Europe", "properties": {
        "clusterResourceId": cluster("leader1"), "databaseName": "Sales", "defaultPrincipalsModificationKind": "Union",
        "provisioningState": "Failed",
    }}});
    break_calls(
        &harness,
        "failed",
        "GET",
        "**/attachedDatabaseConfigurations/*",
        &failed,
    );
    harness.pass(Duration::from_hours(3)).await;
    let count = writes(&harness);
    assert!(count <= 20, "{count} PUTs in three hours");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_told_of_nothing_to_delete_looks_again() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    // A region of ARM that has not heard of it yet.
    let absent = json!({"status": 404, "body": {"error": {"code": "ResourceNotFound", "message": "not found"}}});
    harness
        .arm
        .arm_fault(json!({
            "match": {"method": "DELETE", "path": "**/attachedDatabaseConfigurations/*", "times": 1}, "act": absent,
        }))
        .unwrap();
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(harness.live("follower1", "sales"), None);
}
