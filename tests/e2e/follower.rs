//! What a follower can be besides empty and idle, with the real binaries.

use std::time::Duration;

use serde_json::json;

use crate::stage::{Stage, attached_database, cluster};

#[tokio::test(flavor = "multi_thread")]
async fn adoption_claims_clashes_and_a_line() {
    let stage = Stage::set("follower", Duration::from_secs(1)).await;

    // Made in the portal and equal: taken over without a write.
    let id = format!(
        "{}/attachedDatabaseConfigurations/stock",
        cluster("follower1")
    );
    let properties = json!({
        "clusterResourceId": cluster("leader1"), "databaseName": "Stock", "defaultPrincipalsModificationKind": "Union",
    });
    let made = json!({"configurations": [{"id": id, "properties": properties}]});
    stage.simulator.patch_world(&made).await.unwrap();
    let mut stock = attached_database("stock");
    stock["spec"]["leader"]["databaseName"] = json!("Stock");
    stock["spec"]["deletionPolicy"] = json!("Orphan");
    stage.create(stock).await;
    let stock = stage.until_ready("stock").await;
    assert_eq!(
        serde_json::to_value(&stock.status).unwrap()["ownership"],
        "Adopted"
    );
    assert!(
        stage.writes().await.is_empty(),
        "adoption writes nothing to Azure"
    );

    // Two objects for one configuration, spelled differently: the older owns it, the other takes over.
    stage.create(attached_database("sales")).await;
    stage.until_ready("sales").await;
    let mut rival = attached_database("rival");
    rival["spec"]["configurationName"] = json!("SALES");
    rival["spec"]["follower"]["clusterResourceId"] = json!(cluster("FOLLOWER1"));
    stage.create(rival).await;
    stage.until("rival", "False", "ConfigurationClaimed").await;
    stage.delete("sales").await;
    stage.until_gone("sales").await;
    stage.until_ready("rival").await;

    // A name that is taken is told, and nothing is written.
    let before = stage.writes().await.len();
    let mut taken = attached_database("taken");
    taken["spec"]["databaseNameOverride"] = json!("stock");
    stage.create(taken).await;
    stage.until("taken", "False", "DatabaseNameTaken").await;
    assert_eq!(stage.writes().await.len(), before);

    // Three at once: one operation at a time, and none fails.
    for name in ["one", "two", "three"] {
        let mut object = attached_database(name);
        object["spec"]["databaseNameOverride"] = json!(format!("Sales-{name}"));
        stage.create(object).await;
    }
    for name in ["one", "two", "three"] {
        stage.until_ready(name).await;
    }
    assert_eq!(stage.writes().await.len(), before + 3);
    stage.clear().await;
}
