//! From a new object to Ready, and what keeps it from there.

use kusto_arm_simulator::Options;
use serde_json::json;

use crate::api_server;
use crate::harness::{self, Harness, attached_database, cluster, condition, message, world};
use crate::{story, writes};

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
    let harness = Harness::start_with(&world, Options::default());
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
    let harness = Harness::start_with(&world, Options::default());
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
async fn an_object_that_cannot_be_decoded_does_not_stop_the_others() {
    let harness = Harness::start();
    let mut broken = attached_database("broken");
    broken["spec"]["suspend"] = json!("perhaps");
    harness.api.create(broken);
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    assert_eq!(harness.event_reasons("broken"), ["Undecodable"]);
}
