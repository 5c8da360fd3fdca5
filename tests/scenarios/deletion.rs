//! Deletion always ends: by itself where Azure lets it, else with the exact command for a person.

use std::time::Duration;

use kusto_arm_simulator::{Options, StoppedCluster};
use serde_json::{Value, json};

use crate::assert_says;
use crate::harness::{Harness, attached_database, cluster, condition, configuration, world};

const WAY_OUT: &str = "kubectl patch attdb sales -n analytics --type merge -p '{\"spec\":{\"deletionPolicy\":\"Orphan\"}}'";

async fn attached() -> Harness {
    attached_with(StoppedCluster::Writes).await
}

async fn attached_with(stopped_cluster: StoppedCluster) -> Harness {
    let harness = Harness::start_with(
        &world(),
        Options {
            stopped_cluster,
            ..Options::default()
        },
    );
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.arm.clear_journal();
    harness
}

fn remove(harness: &Harness, list: &str, id: &str) {
    harness.patch(json!({list: [{"id": id, "$delete": true}]}));
}

fn remove_configuration(harness: &Harness) {
    let id = configuration("follower1", "sales");
    remove(harness, "configurations", &id);
}

/// Does what the message says.
fn take_the_way_out(harness: &Harness) {
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["deletionPolicy"] = json!("Orphan");
    });
}

/// Waits until the deletion is stuck for `reason`, and checks that it says how it ends.
async fn until_stuck(harness: &Harness, reason: &str) -> Value {
    let object = harness.until_reason("sales", reason).await;
    assert_says(&object, "Ready", &[WAY_OUT]);
    harness.pass(Duration::from_hours(2)).await;
    let object = harness.api.get("analytics", "sales").unwrap();
    assert_eq!(condition(&object, "Stalled"), Some(("True", reason)));
    object
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_holds_nothing() {
    type Removal = fn(&Harness);
    let cases: [(&str, Removal); 3] = [
        ("configuration", remove_configuration),
        ("follower", |harness| {
            remove_configuration(harness);
            remove(harness, "clusters", &cluster("follower1"));
        }),
        ("both clusters", |harness| {
            remove_configuration(harness);
            remove(harness, "clusters", &cluster("follower1"));
            remove(harness, "clusters", &cluster("leader1"));
        }),
    ];
    for (what, removal) in cases {
        let harness = attached().await;
        removal(&harness);
        harness.api.delete("analytics", "sales");
        let asked = harness.api.now();
        harness.until_gone("sales").await;
        assert!(
            harness.api.now().duration_since(asked).as_secs() <= 1,
            "{what}"
        );
        assert_eq!(harness.changes(), [""; 0], "{what}");
        assert_eq!(
            harness.event_reasons("sales"),
            ["Attached", "Detached"],
            "{what}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_gone_or_stopped_does_not_hold_the_follower() {
    for gone in [true, false] {
        let harness = attached().await;
        if gone {
            remove(&harness, "clusters", &cluster("leader1"));
        } else {
            harness.patch_cluster("leader1", &json!({"state": "Stopped"}));
        }
        harness.api.delete("analytics", "sales");
        harness.until_gone("sales").await;
        assert_eq!(harness.live("follower1", "sales"), None);
        assert_eq!(harness.changes(), ["DELETE sales"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_operation_is_waited_for_before_the_detach() {
    let harness = attached().await;
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["defaultPrincipalsModificationKind"] = json!("None");
    });
    harness.until_reason("sales", "Updating").await;
    harness.pass(Duration::from_secs(3)).await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(harness.live("follower1", "sales"), None);
    assert_eq!(harness.changes(), ["PUT sales", "DELETE sales"]);
}

#[tokio::test(start_paused = true)]
async fn the_leader_detaches_what_the_follower_cannot() {
    type Obstacle = fn(&Harness);
    let denied: Obstacle =
        |harness| harness.grant(&[("follower1", "Reader"), ("leader1", "Contributor")]);
    let blind: Obstacle = |harness| harness.grant(&[("leader1", "Contributor")]);
    let stopped: Obstacle =
        |harness| harness.patch_cluster("follower1", &json!({"state": "Stopped"}));
    for (what, mode, obstacle, tried) in [
        ("no right to delete", StoppedCluster::Writes, denied, true),
        ("no right to read", StoppedCluster::Writes, blind, false),
        ("stopped", StoppedCluster::Writes, stopped, true),
        ("stopped and mute", StoppedCluster::Always, stopped, false),
    ] {
        let harness = attached_with(mode).await;
        obstacle(&harness);
        harness.api.delete("analytics", "sales");
        harness.until_gone("sales").await;
        assert_eq!(harness.live("follower1", "sales"), None, "{what}");
        let mut expected = vec!["POST detachFollowerDatabases"];
        if tried {
            expected.insert(0, "DELETE sales");
        }
        assert_eq!(harness.changes(), expected, "{what}");
        assert_eq!(
            harness.event_reasons("sales").last().unwrap(),
            "Detached",
            "{what}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_leader_does_not_detach_what_took_the_name_unseen() {
    let harness = attached().await;
    harness.edit_in_portal("sales", &json!({"databaseName": "Stock"}));
    harness.grant(&[("leader1", "Contributor")]);
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(harness.changes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn without_a_right_anywhere_the_way_out_is_told_and_works() {
    for (roles, action) in [
        (
            vec![("follower1", "Reader"), ("leader1", "Reader")],
            "AttachedDatabaseConfigurations/delete",
        ),
        (vec![], "AttachedDatabaseConfigurations/read"),
    ] {
        let harness = attached().await;
        harness.grant(&roles);
        harness.api.delete("analytics", "sales");
        let object = until_stuck(&harness, "AuthorizationFailed").await;
        assert_says(&object, "Ready", &["the identity lacks", action]);
        let tries = harness.changes().len();
        assert!(tries <= 60, "{action}: {tries} refused writes in two hours");
        take_the_way_out(&harness);
        harness.until_gone("sales").await;
        assert!(harness.live("follower1", "sales").is_some(), "{action}");
        assert_eq!(
            harness.event_reasons("sales").last().unwrap(),
            "Orphaned",
            "{action}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_right_that_comes_back_on_either_side_ends_it() {
    for side in ["follower1", "leader1"] {
        let harness = attached().await;
        harness.grant(&[("follower1", "Reader"), ("leader1", "Reader")]);
        harness.api.delete("analytics", "sales");
        until_stuck(&harness, "AuthorizationFailed").await;
        harness.grant(&[
            ("follower1", "Reader"),
            ("leader1", "Reader"),
            (side, "Contributor"),
        ]);
        harness.until_gone("sales").await;
        assert_eq!(harness.live("follower1", "sales"), None, "{side}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_or_a_policy_is_respected_until_it_is_lifted() {
    for (code, reason, status) in [
        ("ScopeLocked", "ScopeLocked", 409),
        ("RequestDisallowedByPolicy", "DisallowedByPolicy", 403),
    ] {
        let harness = attached().await;
        let body = json!({"error": {"code": code, "message": "The scope may not be changed."}});
        let path = "**/attachedDatabaseConfigurations/*";
        harness.break_calls(
            "lock",
            ("DELETE", path),
            &json!({"status": status, "body": body}),
        );
        harness.api.delete("analytics", "sales");
        until_stuck(&harness, reason).await;
        assert!(harness.live("follower1", "sales").is_some(), "{code}");
        assert!(
            harness.calls("POST").is_empty(),
            "{code}: not even the leader is asked"
        );
        harness.arm.disarm_faults(None);
        harness.until_gone("sales").await;
        assert_eq!(harness.live("follower1", "sales"), None, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_follower_without_its_leader_waits_for_either_way_out() {
    for is_started in [true, false] {
        let harness = attached().await;
        remove(&harness, "clusters", &cluster("leader1"));
        harness.patch_cluster("follower1", &json!({"state": "Stopped"}));
        harness.api.delete("analytics", "sales");
        until_stuck(&harness, "ClusterNotRunning").await;
        if is_started {
            harness.patch_cluster("follower1", &json!({"state": "Running"}));
        } else {
            take_the_way_out(&harness);
        }
        harness.until_gone("sales").await;
        assert_eq!(harness.live("follower1", "sales").is_none(), is_started);
    }
}

#[tokio::test(start_paused = true)]
async fn a_foreign_configuration_of_that_name_is_never_deleted() {
    let harness = attached().await;
    harness.edit_in_portal(
        "sales",
        &json!({"clusterResourceId": cluster("leader2"), "databaseName": "Web"}),
    );
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(harness.changes(), [""; 0]);
    assert_eq!(harness.event_reasons("sales").last().unwrap(), "Released");
}

#[tokio::test(start_paused = true)]
async fn what_azure_data_share_has_put_in_its_place_is_left_alone() {
    let harness = attached().await;
    let shown = json!({
        "name": "follower1/Sales", "location": "West Europe", "kind": "ReadOnlyFollowing",
        "properties": {
            "leaderClusterResourceId": cluster("leader1"), "attachedDatabaseConfigurationName": "sales",
            "databaseShareOrigin": "DataShare",
        },
    });
    harness.break_calls(
        "one",
        ("GET", "**/follower1/databases/*"),
        &json!({"body": shown}),
    );
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(harness.changes(), [""; 0]);
    assert_eq!(harness.event_reasons("sales").last().unwrap(), "Released");
}

#[tokio::test(start_paused = true)]
async fn a_detach_that_fails_in_azure_is_tried_again() {
    let harness = attached().await;
    let error = json!({"code": "Failed", "message": "Internal Server Error"});
    harness
        .arm
        .arm_fault(json!({
            "match": {"method": "DELETE", "times": 2},
            "act": {"operation": {"status": "Failed", "error": error}},
        }))
        .unwrap();
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(harness.live("follower1", "sales"), None);
    assert_eq!(harness.changes(), ["DELETE sales"; 3]);
}
