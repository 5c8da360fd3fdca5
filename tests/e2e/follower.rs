//! What a follower can be besides empty and idle, with the real binaries.

use std::time::Duration;

use adx_follower_operator::api::AttachedDatabase;
use kube::Api;
use kube::api::PostParams;
use serde_json::json;
use testbed::{NotYet, OperatorOptions};

use crate::stage::{Stage, attached_database, cluster, ready};

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

#[tokio::test(flavor = "multi_thread")]
async fn only_the_watched_namespaces_and_labels_are_served() {
    let mut stage = Stage::without_operator("scope", Duration::from_millis(500)).await;
    for namespace in ["team", "elsewhere"] {
        let output = stage
            .control_plane
            .kubectl()
            .args(["create", "namespace", namespace])
            .output()
            .await
            .unwrap();
        assert!(output.status.success());
    }
    let options = OperatorOptions::new(stage.control_plane.kubeconfig(), &stage.simulator)
        .arg("--watch-namespaces=default,team")
        .arg("--watch-label-selector=shard=a");
    stage.start_operator_with(options).await;

    let labelled = |name: &str, shard: &str| {
        let mut object = attached_database(name);
        object["metadata"]["labels"] = json!({"shard": shard});
        object["spec"]["databaseNameOverride"] = json!(format!("Sales-{name}"));
        object
    };
    for (namespace, name, shard) in [
        ("elsewhere", "far", "a"),
        ("default", "other", "b"),
        ("team", "near", "a"),
    ] {
        let object: AttachedDatabase = serde_json::from_value(labelled(name, shard)).unwrap();
        let api: Api<AttachedDatabase> = Api::namespaced(stage.client.clone(), namespace);
        api.create(&PostParams::default(), &object).await.unwrap();
    }
    stage.create(labelled("here", "a")).await;
    stage.until_ready("here").await;
    let team: Api<AttachedDatabase> = Api::namespaced(stage.client.clone(), "team");
    testbed::eventually(Duration::from_secs(30), "near is Ready", async || {
        let near = team.get("near").await.map_err(NotYet::observed)?;
        if ready(&near).is_some_and(|(status, _)| status == "True") {
            Ok(())
        } else {
            Err(NotYet::observed(format!("{:?}", ready(&near))))
        }
    })
    .await
    .unwrap();
    assert_eq!(
        stage.writes().await.len(),
        2,
        "the others are nobody's here"
    );
    assert_eq!(ready(&stage.get("other").await), None);
    stage.clear().await;
}
