//! Two objects on one configuration: the older owns it, and the other takes over when it goes.

use std::time::Duration;

use serde_json::{Value, json};

use crate::assert_says;
use crate::harness::{Harness, cluster, condition, declared};

/// The configuration sales on follower1, in a spelling of its own.
fn other_spelling(name: &str) -> Value {
    let follower = cluster("follower1")
        .replace("follower1", "FOLLOWER1")
        .replace("resourceGroups", "RESOURCEGROUPS");
    declared(
        name,
        &json!({"configurationName": "SALES", "follower": {"clusterResourceId": follower}}),
    )
}

/// The older object's name sorts last, so that nothing but its age can decide.
async fn two_claims() -> Harness {
    let harness = Harness::start();
    harness
        .api
        .create(declared("zeta", &json!({"configurationName": "sales"})));
    harness.pass(Duration::from_secs(2)).await;
    harness.api.create(other_spelling("alpha"));
    harness
}

#[tokio::test(start_paused = true)]
async fn the_older_owns_and_the_other_says_so() {
    let harness = two_claims().await;
    let claimed = harness.until_reason("alpha", "ConfigurationClaimed").await;
    assert_eq!(
        condition(&claimed, "Stalled"),
        Some(("True", "ConfigurationClaimed"))
    );
    assert_says(
        &claimed,
        "Ready",
        &[
            "the older object zeta declares",
            "choose another `spec.configurationName`",
        ],
    );
    harness.until_ready("zeta").await;
    harness.pass(Duration::from_hours(3)).await;
    let claimed = harness.api.get("analytics", "alpha").unwrap();
    assert_eq!(
        condition(&claimed, "Ready"),
        Some(("False", "ConfigurationClaimed"))
    );
    assert_eq!(claimed["status"].get("ownership"), None);
    assert_eq!(claimed["metadata"].get("finalizers"), None);

    harness.api.delete("analytics", "alpha");
    harness.until_gone("alpha").await;
    harness.pass(Duration::from_hours(1)).await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(harness.changes(), ["PUT sales"]);
}

#[tokio::test(start_paused = true)]
async fn the_other_takes_over_at_once_when_the_first_goes() {
    for (policy, ownership, writes) in [
        (
            "Detach",
            "Created",
            vec!["PUT sales", "DELETE sales", "PUT SALES"],
        ),
        ("Orphan", "Adopted", vec!["PUT sales"]),
    ] {
        let harness = two_claims().await;
        harness.api.edit("analytics", "zeta", |object| {
            object["spec"]["deletionPolicy"] = json!(policy);
        });
        harness.until_ready("zeta").await;
        harness.until_reason("alpha", "ConfigurationClaimed").await;
        harness.api.delete("analytics", "zeta");
        harness.until_gone("zeta").await;
        let gone = harness.api.now();
        let ready = harness.until_ready("alpha").await;
        let took = harness.api.now().duration_since(gone).as_secs();
        assert!(took <= 23, "{policy}: Ready {took} s after the first went");
        assert_eq!(ready["status"]["ownership"], ownership, "{policy}");
        assert_eq!(harness.changes(), writes, "{policy}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_older_object_that_declares_another_follower_is_no_rival() {
    let harness = Harness::start();
    let follower = json!({"clusterResourceId": cluster("follower2")});
    harness.api.create(declared(
        "zeta",
        &json!({"configurationName": "sales", "follower": follower}),
    ));
    harness.pass(Duration::from_secs(2)).await;
    harness.api.create(other_spelling("alpha"));
    harness.until_ready("zeta").await;
    harness.until_ready("alpha").await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_changes_no_owner() {
    let mut harness = two_claims().await;
    harness.until_ready("zeta").await;
    harness.until_reason("alpha", "ConfigurationClaimed").await;
    for _ in 0..3 {
        harness.crash();
        harness.pass(Duration::from_hours(1)).await;
        for (name, ready) in [
            ("zeta", ("True", "Attached")),
            ("alpha", ("False", "ConfigurationClaimed")),
        ] {
            let object = harness.api.get("analytics", name).unwrap();
            assert_eq!(condition(&object, "Ready"), Some(ready), "{name}");
        }
    }
    assert_eq!(harness.changes(), ["PUT sales"]);
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_went_while_nobody_watched_holds_nothing() {
    let harness = Harness::start();
    harness
        .api
        .create(declared("zeta", &json!({"configurationName": "sales"})));
    harness.until_ready("zeta").await;
    // Nothing but a change would make the operator look at it again.
    harness.api.edit("analytics", "zeta", |object| {
        object["spec"]["suspend"] = json!(true);
    });
    harness.pass(Duration::from_secs(2)).await;
    harness.api.create(other_spelling("alpha"));
    harness.until_reason("alpha", "ConfigurationClaimed").await;
    harness.api.freeze_watches();
    harness.api.erase("analytics", "zeta");
    harness.api.expire_watches();
    harness.api.thaw_watches();
    let gone = harness.api.now();
    harness.until_ready("alpha").await;
    let waited = harness.api.now().duration_since(gone).as_mins();
    assert!(waited <= 5, "taken over after {waited} min");
}

#[tokio::test(start_paused = true)]
async fn names_of_another_namespace_are_not_told() {
    let harness = Harness::start();
    let mut secret = declared("secret-project", &json!({"configurationName": "sales"}));
    secret["metadata"]["namespace"] = json!("secret-team");
    harness.api.create_namespace("secret-team", &[]);
    harness.api.create(secret);
    harness.pass(Duration::from_secs(2)).await;
    harness.api.create(declared("sales", &json!({})));
    let claimed = harness.until_reason("sales", "ConfigurationClaimed").await;
    assert_says(
        &claimed,
        "Ready",
        &["an older object in another namespace declares the configuration sales"],
    );
    harness.pass(Duration::from_mins(30)).await;
    let (object, events) = (
        harness.api.get("analytics", "sales").unwrap(),
        harness.api.events(),
    );
    let own = events
        .iter()
        .filter(|event| event["regarding"]["namespace"] == "analytics");
    for told in own.chain([&object]) {
        assert!(!told.to_string().contains("secret"), "{told:#}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_objects_of_one_second_the_one_that_attaches_owns_and_the_other_moves_up_when_it_goes() {
    let harness = Harness::start();
    harness
        .api
        .create(declared("zeta", &json!({"configurationName": "sales"})));
    harness.pass(Duration::from_millis(200)).await;
    harness.api.create(other_spelling("alpha"));
    harness.until_ready("zeta").await;
    harness.until_reason("alpha", "ConfigurationClaimed").await;
    harness.pass(Duration::from_hours(1)).await;
    assert_eq!(harness.changes(), ["PUT sales"]);
    harness.api.delete("analytics", "zeta");
    harness.until_gone("zeta").await;
    harness.until_ready("alpha").await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(
        harness.changes(),
        ["PUT sales", "DELETE sales", "PUT SALES"],
        "under each one's own spelling"
    );
}

#[tokio::test(start_paused = true)]
async fn the_deletion_of_who_only_asks_takes_nothing_away() {
    let harness = Harness::start();
    harness.api.create(declared("sales", &json!({})));
    harness.until_ready("sales").await;
    harness.api.create(other_spelling("other"));
    harness.until_reason("other", "ConfigurationClaimed").await;
    harness.api.delete("analytics", "other");
    harness.until_gone("other").await;
    harness.pass(Duration::from_hours(1)).await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(harness.changes(), ["PUT sales"]);
}
