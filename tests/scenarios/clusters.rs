//! Clusters that are busy, stopped or being changed.

use std::time::Duration;

use kusto_arm_simulator::{Busy, Options, StoppedCluster};
use serde_json::{Value, json};

use crate::assert_says;
use crate::harness::{
    Harness, attached_database, cluster, condition, configuration, declared, world,
};

/// Sales of leader1 on follower1 under a name of its own.
fn under_own_name(name: &str) -> Value {
    declared(
        name,
        &json!({"databaseNameOverride": format!("Sales-{name}")}),
    )
}

#[tokio::test(start_paused = true)]
async fn objects_wait_in_line_and_say_their_place_and_deletions_go_first() {
    let harness = Harness::start();
    harness.api.create(under_own_name("old"));
    harness.until_ready("old").await;
    for name in ["one", "two", "three"] {
        harness.api.create(under_own_name(name));
        harness.pass(Duration::from_secs(1)).await;
    }
    for (name, place) in [("two", "place 1 in line"), ("three", "place 2 in line")] {
        let waiting = harness.until_reason(name, "WaitingForCluster").await;
        assert_says(
            &waiting,
            "Ready",
            &["waits for other operations on follower1", place],
        );
        assert_eq!(
            condition(&waiting, "Ready"),
            Some(("Unknown", "WaitingForCluster"))
        );
        assert_eq!(
            condition(&waiting, "Reconciling"),
            Some(("True", "WaitingForCluster"))
        );
    }
    harness.api.delete("analytics", "old");
    harness.until_gone("old").await;
    let began = harness.api.now();
    harness.until_ready("two").await;
    harness.until_ready("three").await;
    let took = harness.api.now().duration_since(began).as_secs();
    assert!(
        took <= 46,
        "two operations of 20 s one after the other, not {took} s"
    );
    assert_eq!(
        harness.changes(),
        ["PUT old", "PUT one", "DELETE old", "PUT two", "PUT three"]
    );
}

#[tokio::test(start_paused = true)]
async fn more_than_one_operation_at_a_time_is_a_setting() {
    let harness = Harness::start_at_width(2);
    for name in ["one", "two", "three"] {
        harness.api.create(under_own_name(name));
    }
    harness.pass(Duration::from_millis(500)).await;
    assert_eq!(harness.calls("PUT").len(), 2);
    let objects = ["one", "two", "three"].map(|name| harness.api.get("analytics", name).unwrap());
    let waiting = objects
        .iter()
        .filter(|object| condition(object, "Ready").unwrap().1 == "WaitingForCluster");
    assert_eq!(waiting.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_somebody_else_keeps_busy_is_waited_for() {
    for busy in [Busy::OperationFailure, Busy::RequestConflict] {
        let options = Options {
            busy,
            operation_duration: Duration::from_mins(5),
            ..Options::default()
        };
        let harness = Harness::start_with(&world(), options);
        let foreign = json!({"location": "West Europe", "properties": {
            "clusterResourceId": cluster("leader2"), "databaseName": "Web", "defaultPrincipalsModificationKind": "Union",
        }});
        let path = configuration("follower1", "somebody");
        assert_eq!(harness.call_as_portal("PUT", &path, &foreign).await, 201);
        harness.api.create(attached_database("sales"));
        let object = harness.until_reason("sales", "ClusterBusy").await;
        assert_eq!(
            condition(&object, "Reconciling"),
            Some(("True", "ProgressingWithRetry")),
            "{busy:?}"
        );
        let ready = harness.until_ready("sales").await;
        assert_eq!(ready["status"]["ownership"], "Created", "{busy:?}");
        let writes = harness.changes().len();
        assert!(
            writes <= 6,
            "{busy:?}: {writes} writes while the cluster was busy for five minutes"
        );
        assert_eq!(
            harness.event_reasons("sales"),
            ["Attached"],
            "{busy:?}: what heals by itself is no event"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_stops_is_told_without_a_storm_and_resumes_unaided() {
    let harness = Harness::start();
    let names: Vec<String> = (1..=20).map(|number| format!("sales-{number}")).collect();
    for name in &names {
        harness.api.create(under_own_name(name));
    }
    for name in &names {
        harness.until_ready(name).await;
    }
    harness.arm.clear_journal();
    harness.patch_cluster(
        "follower1",
        &json!({"state": "Stopped", "stateReason": "AutoStop"}),
    );
    for name in &names {
        let object = harness.until_reason(name, "FollowerNotRunning").await;
        assert_says(
            &object,
            "Ready",
            &[
                "the follower cluster follower1 is Stopped (AutoStop)",
                "goes on by itself",
            ],
        );
        assert_eq!(
            condition(&object, "FollowerRunning"),
            Some(("False", "Stopped"))
        );
        assert_eq!(
            object["status"]["databases"][0]["name"],
            format!("Sales-{name}"),
            "what was seen last stays"
        );
    }
    harness.pass(Duration::from_mins(10)).await;
    harness.arm.clear_journal();
    harness.api.forget_requests();
    harness.pass(Duration::from_hours(1)).await;
    let calls = harness.arm.journal();
    assert!(calls.len() <= 240, "{} calls in an hour", calls.len());
    let failed = calls
        .iter()
        .filter(|call| call.status() != Some(200))
        .count();
    assert_eq!(failed, 0, "nothing is asked that a stopped cluster refuses");
    let writes = harness.api.writes();
    assert!(
        writes <= names.len(),
        "{writes} writes to the API server: at most Stalled, once each"
    );

    harness.patch_cluster(
        "follower1",
        &json!({"state": "Running", "stateReason": null}),
    );
    let started = harness.api.now();
    for name in &names {
        harness.until_ready(name).await;
    }
    assert!(harness.api.now().duration_since(started).as_mins() <= 4);
    assert_eq!(harness.changes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_changes_is_waited_for_and_nothing_is_called_absent() {
    let (silent, all) = (StoppedCluster::Never, StoppedCluster::Always);
    for (change, stopped_cluster) in [
        (json!({"provisioningState": "Updating"}), silent),
        (json!({"state": "Updating"}), silent),
        (json!({"state": "Updating"}), all),
        (json!({"state": "Starting"}), all),
    ] {
        let harness = Harness::start_with(
            &world(),
            Options {
                stopped_cluster,
                ..Options::default()
            },
        );
        harness.api.create(under_own_name("old"));
        harness.until_ready("old").await;
        // A cluster that was seen within a minute is not looked at again before a write.
        harness.pass(Duration::from_mins(2)).await;
        harness.arm.clear_journal();
        harness.patch_cluster("follower1", &change);
        harness.api.create(under_own_name("new"));
        let waiting = harness.until_reason("new", "WaitingForCluster").await;
        assert_says(
            &waiting,
            "Ready",
            &["waits for cluster follower1, which is"],
        );
        assert_eq!(
            condition(&waiting, "Ready").unwrap().0,
            "Unknown",
            "{change}"
        );
        harness.pass(Duration::from_hours(1)).await;
        let calls = harness.arm.journal().len();
        assert!(calls <= 300, "{change}: {calls} calls in an hour");
        let old = harness.api.get("analytics", "old").unwrap();
        let (status, reason) = condition(&old, "Ready").unwrap();
        assert!(
            [("True", "Attached"), ("Unknown", "WaitingForCluster")].contains(&(status, reason)),
            "{change}: {status} {reason}"
        );
        assert_eq!(harness.changes(), [""; 0], "{change}");

        harness.patch_cluster(
            "follower1",
            &json!({"state": "Running", "provisioningState": "Succeeded"}),
        );
        harness.until_ready("new").await;
        harness.until_ready("old").await;
        assert_eq!(harness.changes(), ["PUT new"], "{change}");
    }
}
