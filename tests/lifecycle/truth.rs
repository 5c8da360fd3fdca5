//! Keeping it true: rest, drift, changes of the spec, suspend, reconcile now.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{self, Harness, attached_database, cluster, condition};
use crate::writes;

#[tokio::test(start_paused = true)]
async fn nothing_is_written_at_rest() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    let ready = harness.until_ready("sales").await;
    harness.api.forget_requests();
    harness.arm.clear_journal();

    harness.pass(Duration::from_mins(55)).await;

    assert_eq!(writes(&harness), 0, "no ARM write");
    assert_eq!(harness.api.writes(), 0, "no write to the API server");
    let object = harness.api.get("analytics", "sales").unwrap();
    assert_eq!(
        object["metadata"]["resourceVersion"],
        ready["metadata"]["resourceVersion"]
    );
    let calls = harness.arm.journal().len();
    assert!(
        (4 * 4..=4 * 5).contains(&calls),
        "three reads of the follower and one of the leader for each of five intervals, not {calls}"
    );
}

#[tokio::test(start_paused = true)]
async fn each_edit_in_the_portal_is_repaired_with_one_put_and_told() {
    for (field, edit) in [
        (
            "defaultPrincipalsModificationKind",
            json!({"defaultPrincipalsModificationKind": "Replace"}),
        ),
        ("databaseNamePrefix", json!({"databaseNamePrefix": "x_"})),
        (
            "databaseNameOverride",
            json!({"databaseNameOverride": "Other"}),
        ),
        (
            "tablesToInclude",
            json!({"tableLevelSharingProperties": {"tablesToInclude": ["Orders"]}}),
        ),
        (
            "tablesToExclude",
            json!({"tableLevelSharingProperties": {"tablesToExclude": ["Orders"]}}),
        ),
        (
            "externalTablesToInclude",
            json!({"tableLevelSharingProperties": {"externalTablesToInclude": ["E"]}}),
        ),
        (
            "externalTablesToExclude",
            json!({"tableLevelSharingProperties": {"externalTablesToExclude": ["*"]}}),
        ),
        (
            "materializedViewsToInclude",
            json!({"tableLevelSharingProperties": {"materializedViewsToInclude": ["M"]}}),
        ),
        (
            "materializedViewsToExclude",
            json!({"tableLevelSharingProperties": {"materializedViewsToExclude": ["*"]}}),
        ),
        (
            "functionsToInclude",
            json!({"tableLevelSharingProperties": {"functionsToInclude": ["F"]}}),
        ),
        (
            "functionsToExclude",
            json!({"tableLevelSharingProperties": {"functionsToExclude": ["*"]}}),
        ),
    ] {
        let harness = Harness::start();
        harness.api.create(attached_database("sales"));
        harness.until_ready("sales").await;
        let before = harness.live("follower1", "sales").unwrap();
        harness.arm.clear_journal();

        harness.edit_in_portal("sales", &edit);
        let drifted = harness.until_reason("sales", "DriftDetected").await;
        assert_eq!(drifted["status"]["drift"][0]["field"], field);
        assert_eq!(condition(&drifted, "InSync"), Some(("False", "Drifted")));
        let repaired = harness.until_ready("sales").await;
        harness.pass(Duration::from_mins(30)).await;

        assert_eq!(writes(&harness), 1, "{field}: one PUT repairs it");
        assert_eq!(
            harness.live("follower1", "sales").unwrap(),
            before,
            "{field}"
        );
        assert_eq!(repaired["status"].get("drift"), None, "{field}");
        assert_eq!(
            harness.event_reasons("sales"),
            ["Attached", "DriftDetected", "Repaired"],
            "{field}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn other_spellings_in_azure_are_no_drift() {
    let harness = Harness::start();
    let mut object = attached_database("sales");
    object["spec"]["tableLevelSharingProperties"] = json!({"tablesToInclude": ["Orders", "Logs*"]});
    harness.api.create(object);
    harness.until_ready("sales").await;
    harness.arm.clear_journal();
    harness.edit_in_portal(
        "sales",
        &json!({
            "clusterResourceId": cluster("leader1").to_uppercase(),
            "databaseName": "SALES",
            "databaseNamePrefix": null,
            "tableLevelSharingProperties": {"tablesToInclude": ["Logs*", "Orders"], "tablesToExclude": []},
        }),
    );
    harness.pass(Duration::from_hours(1)).await;
    assert_eq!(writes(&harness), 0);
    assert_eq!(
        condition(&harness.api.get("analytics", "sales").unwrap(), "Ready"),
        Some(("True", "Attached"))
    );
}

/// When the object fell out of sync.
fn condition_time(object: &Value) -> &str {
    let conditions = object["status"]["conditions"].as_array().unwrap();
    let in_sync = conditions
        .iter()
        .find(|condition| condition["type"] == "InSync");
    in_sync.unwrap()["lastTransitionTime"].as_str().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_somebody_removed_comes_back() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    let id = harness::configuration("follower1", "sales");
    harness
        .arm
        .patch_world(json!({"configurations": [{"id": id, "$delete": true}]}))
        .unwrap();
    let drifted = harness.until_reason("sales", "DriftDetected").await;
    let since = condition_time(&drifted);
    assert_eq!(
        drifted["status"]["drift"],
        json!([{"field": "configuration", "desired": "present", "observed": "absent", "since": since}])
    );
    harness.until_ready("sales").await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(
        harness.event_reasons("sales"),
        ["Attached", "DriftDetected", "Repaired"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_spec_is_carried_out_at_once() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    let changed = harness.api.now();
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["defaultPrincipalsModificationKind"] = json!("Replace");
    });
    let updating = harness.until_reason("sales", "Updating").await;
    assert_eq!(
        condition(&updating, "Reconciling"),
        Some(("True", "Updating"))
    );
    assert_eq!(
        updating["status"].get("drift"),
        None,
        "a declared change is no drift"
    );
    harness.until_ready("sales").await;
    assert!(harness.api.now().duration_since(changed).as_secs() < 24);
    assert_eq!(harness.calls("PUT").len(), 2);
    assert_eq!(harness.event_reasons("sales"), ["Attached", "Updated"]);
}

#[tokio::test(start_paused = true)]
async fn suspend_stops_looking_and_a_deletion_still_detaches() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(true);
    });
    harness.pass(Duration::from_secs(1)).await;
    harness.arm.clear_journal();
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "Replace"}),
    );
    harness.pass(Duration::from_hours(3)).await;
    assert!(
        harness.arm.journal().is_empty(),
        "a suspended object costs no call"
    );

    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(false);
    });
    harness.until_ready("sales").await;
    assert_eq!(harness.calls("PUT").len(), 1);

    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(true);
    });
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(harness.live("follower1", "sales"), None);
}

#[tokio::test(start_paused = true)]
async fn the_annotation_asks_for_a_look_now_and_is_acknowledged() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    let asked = harness.api.now();
    harness.api.annotate(
        "analytics",
        "sales",
        "adx-follower.dev/reconcile-requested-at",
        "now-1",
    );
    harness
        .until("sales", "acknowledged", |object| {
            object["status"]["lastHandledReconcileAt"] == "now-1"
        })
        .await;
    harness.until_ready("sales").await;
    assert!(harness.api.now().duration_since(asked).as_secs() < 25);
}

#[tokio::test(start_paused = true)]
async fn the_interval_of_the_object_counts() {
    let harness = Harness::start();
    let mut object = attached_database("sales");
    object["spec"]["interval"] = json!("30s");
    harness.api.create(object);
    harness.until_ready("sales").await;
    let edited = harness.api.now();
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.until_reason("sales", "DriftDetected").await;
    let found = harness.api.now().duration_since(edited).as_secs();
    assert!(found <= 33, "found after {found} s");
}
