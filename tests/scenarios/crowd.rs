//! Thousands of objects that nobody allows: they cost Azure nothing, and their neighbour no time.

use std::time::Duration;

use adx_follower_operator::controller::{OwnIdentities, Tenancy};
use serde_json::{Value, json};

use crate::harness::{Harness, cluster, condition, declared, world};

/// Objects without a policy.
const CROWD: usize = 2_000;

/// What the one namespace is allowed.
fn policy() -> Value {
    json!({
        "namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "analytics"}},
        "followers": [cluster("follower1")],
        "leaders": [{"scope": cluster("leader1"), "databases": ["*"]}],
    })
}

/// Attaches a database in the allowed namespace; says how long that took.
async fn attach(harness: &Harness, database: &str) -> Duration {
    let leader = json!({"clusterResourceId": cluster("leader1"), "databaseName": database});
    let name = database.to_lowercase();
    let before = harness.api.now();
    harness
        .api
        .create(declared(&name, &json!({"leader": leader})));
    harness.until_ready(&name).await;
    let took = harness.api.now().duration_since(before);
    took.try_into().unwrap()
}

#[tokio::test(start_paused = true)]
async fn objects_without_a_policy_cost_no_call_and_slow_nobody() {
    let tenancy = Tenancy::Policies(OwnIdentities::Enabled);
    let harness = Harness::start_shared(&world(), tenancy, |api| {
        api.create_namespace("crowd", &[]);
        api.create_policy("analytics", policy());
    });
    let undisturbed = attach(&harness, "Sales").await;

    for number in 0..CROWD {
        let mut object = declared(
            &format!("object-{number}"),
            &json!({
                "follower": {"clusterResourceId": cluster("follower2")},
                "leader": {"clusterResourceId": cluster("leader2"), "databaseName": "Web"},
                "interval": "1s",
            }),
        );
        object["metadata"]["namespace"] = json!("crowd");
        harness.api.create(object);
    }
    let beside_the_crowd = attach(&harness, "Stock").await;
    assert!(
        beside_the_crowd <= undisturbed.mul_f64(1.2),
        "Ready after {beside_the_crowd:?} beside the crowd, {undisturbed:?} without"
    );

    for number in 0..CROWD {
        let object = harness
            .api
            .get("crowd", &format!("object-{number}"))
            .unwrap();
        assert_eq!(
            condition(&object, "Ready"),
            Some(("False", "AttachmentNotAllowed")),
            "object-{number}"
        );
        assert_eq!(
            object["metadata"].get("finalizers"),
            None,
            "nothing holds what owns nothing"
        );
    }
    let about_the_crowd = harness.arm.journal().into_iter().find(|entry| {
        ["follower2", "leader2"]
            .iter()
            .any(|cluster| entry.request.url.contains(cluster))
    });
    assert!(about_the_crowd.is_none(), "{about_the_crowd:?}");
}
