//! The main job on virtual time: attach, keep true, repair, detach.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use kusto_arm_simulator::Options;
use serde_json::json;

#[path = "support/api_server/mod.rs"]
mod api_server;
#[path = "support/harness.rs"]
mod harness;

use harness::{Harness, attached_database, cluster, condition, message, world};

/// The journal in short: method, last two segments of the path, status.
fn story(harness: &Harness) -> Vec<String> {
    harness
        .arm
        .journal()
        .iter()
        .map(|entry| {
            let url = entry.request.url.split('?').next().unwrap();
            let segments: Vec<&str> = url.rsplit('/').take(2).collect();
            format!(
                "{} {}/{} {}",
                entry.request.method,
                segments[1],
                segments[0],
                entry.status().unwrap_or_default()
            )
        })
        .collect()
}

fn writes(harness: &Harness) -> usize {
    harness
        .arm
        .journal()
        .iter()
        .filter(|entry| entry.is_write())
        .count()
}

#[tokio::test(start_paused = true)]
async fn an_attach_is_ready_in_time_within_its_budget_of_calls() {
    let harness = Harness::start();
    let started = harness.api.now();
    harness.api.create(attached_database("sales"));
    let object = harness.until_ready("sales").await;

    let took = harness.api.now().duration_since(started).as_secs_f64();
    assert!(
        took <= 20.0 * 1.15,
        "Ready after {took} s of a 20 s operation"
    );
    let story = story(&harness);
    assert!(story.len() <= 12, "at most 12 ARM calls: {story:#?}");
    assert_eq!(harness.calls("PUT").len(), 1);
    assert!(
        harness.api.writes() <= 6,
        "at most 6 writes to the API server, not {}",
        harness.api.writes()
    );

    let status = &object["status"];
    assert_eq!(status["ownership"], "Created");
    assert_eq!(status["attachedDatabaseNames"], json!(["Sales"]));
    assert_eq!(status["followerName"], "follower1");
    assert_eq!(
        status["configurationId"],
        harness::configuration("follower1", "sales")
    );
    assert_eq!(status.get("operation"), None);
    assert_eq!(condition(&object, "Reconciling"), None);
    assert_eq!(condition(&object, "Stalled"), None);
    assert_eq!(condition(&object, "InSync"), Some(("True", "AsDeclared")));
    assert_eq!(
        object["metadata"]["finalizers"],
        json!(["adx-follower.dev/detach"])
    );
    assert_eq!(harness.event_reasons("sales"), ["Attached"]);
    harness.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_put_says_what_was_declared_and_nothing_else() {
    let harness = Harness::start();
    let mut object = attached_database("sales");
    object["spec"]["defaultPrincipalsModificationKind"] = json!("None");
    object["spec"]["databaseNameOverride"] = json!("SalesRO");
    object["spec"]["tableLevelSharingProperties"] =
        json!({"tablesToInclude": ["Orders", "Logs*"], "functionsToExclude": []});
    harness.api.create(object);
    let object = harness.until_ready("sales").await;
    assert_eq!(
        object["status"]["attachedDatabaseNames"],
        json!(["SalesRO"])
    );
    assert_eq!(
        harness.calls("PUT")[0].request.body,
        json!({
            "location": "West Europe",
            "properties": {
                "clusterResourceId": cluster("leader1"),
                "databaseName": "Sales",
                "databaseNameOverride": "SalesRO",
                "defaultPrincipalsModificationKind": "None",
                "tableLevelSharingProperties": {"tablesToInclude": ["Orders", "Logs*"]},
            },
        })
    );
}

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
    let reads = harness.arm.journal().len();
    assert!(
        (8..=12).contains(&reads),
        "two reads for each of five intervals, not {reads}"
    );
}

#[tokio::test(start_paused = true)]
async fn all_databases_are_attached_under_a_prefix() {
    let harness = Harness::start();
    let mut object = attached_database("everything");
    object["spec"]["leader"]["databaseName"] = json!("*");
    object["spec"]["databaseNamePrefix"] = json!("eu_");
    harness.api.create(object);
    let object = harness.until_ready("everything").await;
    assert_eq!(
        object["status"]["attachedDatabaseNames"],
        json!(["eu_Sales", "eu_Stock"])
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

        harness.edit_in_portal("sales", edit);
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
        json!({
            "clusterResourceId": cluster("leader1").to_uppercase(),
            "databaseName": "SALES",
            "databaseNamePrefix": null,
            "tableLevelSharingProperties": {"tablesToInclude": ["Logs*", "Orders"], "tablesToExclude": []},
        }),
    );
    harness.pass(Duration::from_mins(60)).await;
    assert_eq!(writes(&harness), 0);
    assert_eq!(
        condition(&harness.api.get("analytics", "sales").unwrap(), "Ready"),
        Some(("True", "Attached"))
    );
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
    assert_eq!(
        drifted["status"]["drift"],
        json!([{"field": "configuration", "desired": "present", "observed": "absent"}])
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
        object["spec"]["deletionPolicy"] = json!("Orphan")
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

#[tokio::test(start_paused = true)]
async fn suspend_stops_looking_and_a_deletion_still_detaches() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(true)
    });
    harness.pass(Duration::from_secs(1)).await;
    harness.arm.clear_journal();
    harness.edit_in_portal(
        "sales",
        json!({"defaultPrincipalsModificationKind": "Replace"}),
    );
    harness.pass(Duration::from_hours(3)).await;
    assert!(
        harness.arm.journal().is_empty(),
        "a suspended object costs no call"
    );

    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(false)
    });
    harness.until_ready("sales").await;
    assert_eq!(harness.calls("PUT").len(), 1);

    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(true)
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
        json!({"defaultPrincipalsModificationKind": "None"}),
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
        json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.until_reason("sales", "DriftDetected").await;
    let found = harness.api.now().duration_since(edited).as_secs();
    assert!(found <= 33, "found after {found} s");
}

#[tokio::test(start_paused = true)]
async fn objects_on_one_follower_wait_in_line_and_on_another_do_not() {
    let harness = Harness::start();
    for (name, follower) in [
        ("one", "follower1"),
        ("two", "follower1"),
        ("other", "follower2"),
    ] {
        let mut object = attached_database(name);
        object["spec"]["follower"]["clusterResourceId"] = json!(cluster(follower));
        object["spec"]["databaseNameOverride"] = json!(format!("Sales-{name}"));
        harness.api.create(object);
    }
    let waiting = harness
        .until("two", "in line", |object| {
            condition(object, "Ready")
                .is_some_and(|(_, reason)| reason == "WaitingForCluster" || reason == "Creating")
        })
        .await;
    assert_eq!(condition(&waiting, "Ready").unwrap().0, "Unknown");
    for name in ["one", "two", "other"] {
        harness.until_ready(name).await;
    }
    let took = harness
        .api
        .now()
        .duration_since(api_server::EPOCH.parse().unwrap())
        .as_secs();
    assert!(
        took < 50,
        "two attaches of 20 s one after the other, not {took} s"
    );
    assert_eq!(
        harness.calls("PUT").len(),
        3,
        "no operation failed for want of the cluster"
    );
}

#[tokio::test(start_paused = true)]
async fn an_existing_equal_configuration_is_taken_over_without_a_write() {
    let mut world = world();
    world["configurations"] = json!([{
        "id": harness::configuration("follower1", "sales"),
        "properties": {
            "clusterResourceId": cluster("leader1"), "databaseName": "Sales",
            "defaultPrincipalsModificationKind": "Union",
        },
    }]);
    let harness = Harness::start_with(world, Options::default());
    harness.api.create(attached_database("sales"));
    let object = harness.until_ready("sales").await;
    assert_eq!(object["status"]["ownership"], "Adopted");
    assert_eq!(writes(&harness), 0);
    assert_eq!(harness.event_reasons("sales"), ["Adopted"]);
}

#[tokio::test(start_paused = true)]
async fn an_existing_other_configuration_is_left_alone_also_on_deletion() {
    let mut world = world();
    let properties = json!({
        "clusterResourceId": cluster("leader1"), "databaseName": "Sales", "defaultPrincipalsModificationKind": "Replace",
    });
    world["configurations"] =
        json!([{"id": harness::configuration("follower1", "sales"), "properties": properties}]);
    let harness = Harness::start_with(world, Options::default());
    harness.api.create(attached_database("sales"));
    let object = harness.until_reason("sales", "ConfigurationExists").await;
    assert!(condition(&object, "Stalled").is_some());
    assert!(
        message(&object, "Ready")
            .unwrap()
            .contains("`defaultPrincipalsModificationKind` is \"Replace\", declared \"Union\"")
    );
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(writes(&harness), 0);
}

#[tokio::test(start_paused = true)]
async fn a_field_of_a_later_release_is_told_and_not_ignored() {
    for (field, value) in [
        ("driftPolicy", "Report"),
        ("adoptionPolicy", "Never"),
        ("adoptionPolicy", "Always"),
        ("serviceAccountName", "analytics-adx"),
    ] {
        let harness = Harness::start();
        let mut object = attached_database("sales");
        object["spec"][field] = json!(value);
        harness.api.create(object);
        let object = harness.until_reason("sales", "NotYetSupported").await;
        assert_eq!(
            condition(&object, "Stalled"),
            Some(("True", "NotYetSupported"))
        );
        assert!(
            message(&object, "Ready")
                .unwrap()
                .contains(&format!("`spec.{field}` must"))
        );
        harness.pass(Duration::from_hours(1)).await;
        assert!(
            harness.arm.journal().is_empty(),
            "{field} {value}: Azure is not asked"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_decoded_does_not_stop_the_others() {
    let harness = Harness::start();
    let mut broken = attached_database("broken");
    broken["spec"]["suspend"] = json!("perhaps");
    harness.api.create(broken);
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    assert_eq!(harness.event_reasons("broken"), ["Undecodable"]);
}

#[tokio::test(start_paused = true)]
async fn a_crash_during_an_attach_costs_no_second_put() {
    // From the first look to the last poll.
    for after in [0, 1, 50, 2_500, 10_000, 19_999, 21_000] {
        let mut harness = Harness::start();
        harness.api.create(attached_database("sales"));
        harness.pass(Duration::from_millis(after)).await;
        harness.crash();
        let object = harness.until_ready("sales").await;
        assert_eq!(object["status"]["ownership"], "Created", "after {after} ms");
        assert_eq!(harness.calls("PUT").len(), 1, "after {after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_followed_by_a_look_and_not_by_a_second_put() {
    for act in [
        json!({"status": 504, "body": "", "after": true}),
        json!({"reset": "after"}),
        json!({"hang": true, "after": true}),
    ] {
        let harness = Harness::start();
        harness
            .arm
            .arm_fault(json!({"match": {"method": "PUT", "path": "**/attachedDatabaseConfigurations/*", "times": 1}, "act": act}))
            .unwrap_or_else(|error| panic!("{act}: {error}"));
        harness.api.create(attached_database("sales"));
        harness.until_ready("sales").await;
        assert_eq!(harness.calls("PUT").len(), 1, "{act}");
    }
}
