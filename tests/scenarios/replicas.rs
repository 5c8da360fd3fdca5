//! Two replicas that both act: a lease saves work, but nothing may depend on it (faults.md K16, K17).

use std::time::Duration;

use serde_json::json;

use crate::harness::{Harness, cluster, declared};

#[tokio::test(start_paused = true)]
async fn two_active_replicas_write_once() {
    let mut harness = Harness::start();
    harness.add_replica();
    harness.api.create(declared("sales", &json!({})));
    harness.api.create(declared(
        "stock",
        &json!({
            "follower": {"clusterResourceId": cluster("follower2")},
            "leader": {"clusterResourceId": cluster("leader1"), "databaseName": "Stock"},
        }),
    ));
    harness.until_ready("sales").await;
    harness.until_ready("stock").await;
    assert_eq!(harness.changes().len(), 2, "one attach each");
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.pass(Duration::from_hours(2)).await;
    harness.until_ready("sales").await;
    harness.api.delete("analytics", "stock");
    harness.until_gone("stock").await;
    harness.pass(Duration::from_hours(2)).await;
    assert_eq!(
        harness.changes()[2..],
        ["PUT sales", "DELETE stock"],
        "one repair, one detach"
    );
}

#[tokio::test(start_paused = true)]
async fn two_active_replicas_on_one_follower_get_there_and_rest() {
    let mut harness = Harness::start();
    harness.add_replica();
    for number in 0..5 {
        harness.api.create(declared(
            &format!("sales{number}"),
            &json!({"databaseNameOverride": format!("Sales{number}")}),
        ));
    }
    // Their lanes know nothing of each other, so Azure turns some away (`ServiceIsInMaintenance`).
    for number in 0..5 {
        harness.until_ready(&format!("sales{number}")).await;
    }
    harness.pass(Duration::from_mins(10)).await;
    let changes = harness.changes().len();
    harness.api.forget_requests();
    harness.pass(Duration::from_hours(24)).await;
    assert_eq!(harness.changes().len(), changes, "nothing more is written");
    assert_eq!(harness.api.writes(), 0);
}
