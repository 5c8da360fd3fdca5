//! Configurations that exist already: taken over, left alone, or somebody else's for good.

use std::time::Duration;

use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::assert_says;
use crate::harness::{
    Harness, attached_database, cluster, condition, declared, live_configuration, world,
};

fn with_live(properties: &Value) -> Harness {
    let mut world = world();
    world["configurations"] = json!([live_configuration("follower1", "sales", properties)]);
    Harness::start_with(&world, Options::default())
}

fn equal() -> Value {
    json!({})
}

fn differing() -> Value {
    json!({"defaultPrincipalsModificationKind": "Replace"})
}

#[tokio::test(start_paused = true)]
async fn what_may_be_taken_over_is_adopted_and_detached_on_deletion() {
    for (policy, live, writes) in [
        ("IfEqual", equal(), 0),
        ("Always", equal(), 0),
        ("Always", differing(), 1),
        // As ARM compares: other case, explicit nulls, empty lists.
        (
            "IfEqual",
            json!({
                "clusterResourceId": cluster("LEADER1").to_uppercase(), "databaseName": "sales",
                "databaseNamePrefix": null, "tableLevelSharingProperties": {"tablesToInclude": []},
            }),
            0,
        ),
    ] {
        let case = format!("{policy} {live}");
        let harness = with_live(&live);
        harness
            .api
            .create(declared("sales", &json!({"adoptionPolicy": policy})));
        let ready = harness.until_ready("sales").await;
        assert_eq!(ready["status"]["ownership"], "Adopted", "{case}");
        assert_eq!(harness.event_reasons("sales")[0], "Adopted", "{case}");
        assert_eq!(harness.changes(), vec!["PUT sales"; writes], "{case}");
        let live = harness.live("follower1", "sales").unwrap();
        assert_eq!(
            live["properties"]["defaultPrincipalsModificationKind"], "Union",
            "{case}"
        );

        harness.api.delete("analytics", "sales");
        harness.until_gone("sales").await;
        assert_eq!(harness.live("follower1", "sales"), None, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_taken_over_is_left_alone_for_ever() {
    for (policy, live, remedy) in [
        ("Never", equal(), "set `spec.adoptionPolicy` to IfEqual"),
        ("Never", differing(), "set `spec.adoptionPolicy` to IfEqual"),
        (
            "IfEqual",
            differing(),
            "set `spec.adoptionPolicy` to Always",
        ),
    ] {
        let case = format!("{policy} {live}");
        let harness = with_live(&live);
        let before = harness.live("follower1", "sales");
        harness
            .api
            .create(declared("sales", &json!({"adoptionPolicy": policy})));
        let object = harness.until_reason("sales", "ConfigurationExists").await;
        assert_eq!(
            condition(&object, "Stalled"),
            Some(("True", "ConfigurationExists")),
            "{case}"
        );
        assert_says(
            &object,
            "Ready",
            &["configuration named sales exists on follower1", remedy],
        );
        assert_eq!(object["metadata"].get("finalizers"), None, "{case}");
        harness.pass(Duration::from_hours(5)).await;
        harness.api.delete("analytics", "sales");
        harness.until_gone("sales").await;
        assert_eq!(harness.live("follower1", "sales"), before, "{case}");
        assert_eq!(harness.changes(), [""; 0], "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_is_made_equal_takes_over_without_a_write() {
    let harness = with_live(&differing());
    harness.api.create(attached_database("sales"));
    harness.until_reason("sales", "ConfigurationExists").await;
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["defaultPrincipalsModificationKind"] = json!("Replace");
    });
    let ready = harness.until_ready("sales").await;
    assert_eq!(ready["status"]["ownership"], "Adopted");
    assert_eq!(harness.changes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn never_still_keeps_what_the_object_made_itself() {
    let mut harness = Harness::start();
    harness
        .api
        .create(declared("sales", &json!({"adoptionPolicy": "Never"})));
    harness.pass(Duration::from_secs(5)).await;
    harness.crash();
    let ready = harness.until_ready("sales").await;
    assert_eq!(ready["status"]["ownership"], "Created");
    harness.edit_in_portal("sales", &differing());
    harness.until_reason("sales", "DriftDetected").await;
    harness.until_ready("sales").await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(harness.live("follower1", "sales"), None);
}

#[tokio::test(start_paused = true)]
async fn a_configuration_that_follows_something_else_is_nobodys_to_take() {
    for (field, properties) in [
        (
            "leader.clusterResourceId",
            json!({"clusterResourceId": cluster("leader2")}),
        ),
        ("leader.databaseName", json!({"databaseName": "Stock"})),
    ] {
        let harness = with_live(&properties);
        harness
            .api
            .create(declared("sales", &json!({"adoptionPolicy": "Always"})));
        let object = harness.until_reason("sales", "ConfigurationConflict").await;
        assert_says(
            &object,
            "Ready",
            &[
                &format!("`{field}`"),
                "choose another `spec.configurationName`",
            ],
        );
        harness.api.delete("analytics", "sales");
        harness.until_gone("sales").await;
        assert_eq!(harness.changes(), [""; 0], "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_follows_something_else_now_is_not_told_as_in_sync() {
    let harness = with_live(&equal());
    harness.api.create(declared("sales", &json!({})));
    let ready = harness.until_ready("sales").await;
    assert_eq!(condition(&ready, "InSync"), Some(("True", "AsDeclared")));
    harness.edit_in_portal("sales", &json!({"databaseName": "Stock"}));
    let object = harness.until_reason("sales", "ConfigurationConflict").await;
    assert_eq!(condition(&object, "InSync"), None);
    harness.edit_in_portal("sales", &json!({"databaseName": "Sales"}));
    let ready = harness.until_ready("sales").await;
    assert_eq!(condition(&ready, "InSync"), Some(("True", "AsDeclared")));
    assert_eq!(harness.changes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_azure_data_share_made_is_never_touched() {
    for policy in ["Never", "IfEqual", "Always"] {
        for live in [equal(), differing()] {
            let case = format!("{policy} {live}");
            let harness = with_live(&live);
            let shown = json!({
                "id": format!("{}/Databases/Sales", cluster("follower1")), "name": "follower1/Sales",
                "location": "West Europe", "kind": "ReadOnlyFollowing",
                "properties": {
                    "provisioningState": "Succeeded", "leaderClusterResourceId": cluster("leader1"),
                    "attachedDatabaseConfigurationName": "sales", "originalDatabaseName": "Sales",
                    "principalsModificationKind": "Union", "databaseShareOrigin": "DataShare",
                },
            });
            let (one, list) = ("**/follower1/databases/*", "**/follower1/databases");
            harness.break_calls("one", ("GET", one), &json!({"body": shown}));
            harness.break_calls("list", ("GET", list), &json!({"body": {"value": [shown]}}));
            harness
                .api
                .create(declared("sales", &json!({"adoptionPolicy": policy})));
            let object = harness.until_reason("sales", "ForeignOrigin").await;
            assert_says(
                &object,
                "Ready",
                &[
                    "was made by DataShare",
                    "choose another `spec.configurationName`",
                ],
            );
            assert_eq!(object["status"].get("ownership"), None, "{case}");
            harness.pass(Duration::from_hours(2)).await;
            harness.api.delete("analytics", "sales");
            harness.until_gone("sales").await;
            assert_eq!(harness.changes(), [""; 0], "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_over_while_its_origin_cannot_be_told() {
    let harness = with_live(&equal());
    let denied = json!({"status": 403});
    harness.break_calls("list", ("GET", "**/follower1/databases"), &denied);
    harness.break_calls("one", ("GET", "**/follower1/databases/*"), &denied);
    harness.api.create(attached_database("sales"));
    let object = harness.until_reason("sales", "AuthorizationFailed").await;
    assert_eq!(object["status"].get("ownership"), None);
    harness.arm.disarm_faults(None);
    let ready = harness.until_ready("sales").await;
    assert_eq!(ready["status"]["ownership"], "Adopted");
}
