//! Followed databases on both sides, and what a cluster refuses that does not run.

use http::StatusCode;
use kusto_arm_simulator::{Options, StoppedCluster};
use serde_json::{Value, json};

use crate::harness::{Answer, Harness, OPERATION, attach, cluster, configuration, world};

fn database(cluster_name: &str, name: &str) -> String {
    format!("{}/databases/{name}", cluster(cluster_name))
}

#[tokio::test(start_paused = true)]
async fn a_followed_database_appears_after_success_with_its_origin() {
    let harness = Harness::new();
    let more = json!({"databaseNameOverride": "SalesRO", "tableLevelSharingProperties": {"tablesToInclude": ["A"]}});
    let started = harness
        .put(&configuration("conf1"), attach("sales", more))
        .await;
    assert_eq!(
        harness.get(&database("follower1", "SalesRO")).await.status,
        StatusCode::NOT_FOUND
    );
    harness.finish(&started).await;
    let answer = harness.get(&database("follower1", "salesro")).await;
    assert_eq!(answer.at("/kind"), "ReadOnlyFollowing");
    assert_eq!(answer.at("/name"), "follower1/SalesRO");
    assert_eq!(answer.at("/type"), "Microsoft.Kusto/Clusters/Databases");
    let properties = answer.at("/properties");
    for (field, expected) in [
        ("attachedDatabaseConfigurationName", json!("conf1")),
        (
            "leaderClusterResourceId",
            json!(cluster("leader1").replace("/clusters/", "/Clusters/")),
        ),
        ("originalDatabaseName", json!("Sales")),
        ("principalsModificationKind", json!("Union")),
        ("databaseShareOrigin", json!("Direct")),
        ("hotCachePeriod", json!("P31D")),
        ("softDeletePeriod", json!("P365D")),
        ("statistics", json!({"size": 7})),
        ("provisioningState", json!("Succeeded")),
    ] {
        assert_eq!(properties.get(field), Some(&expected), "{field}");
    }
    assert_eq!(
        properties.pointer("/tableLevelSharingProperties/tablesToInclude"),
        Some(&json!(["A"]))
    );
    assert_eq!(properties.get("suspensionDetails"), None);
    assert_eq!(
        harness
            .get(&database("leader1", "Sales"))
            .await
            .at("/properties/isFollowed"),
        &json!(true)
    );
    assert_eq!(
        harness
            .get(&database("leader1", "Stock"))
            .await
            .at("/properties/isFollowed"),
        &json!(false)
    );
}

#[tokio::test(start_paused = true)]
async fn a_star_follows_databases_that_the_leader_gets_later() {
    let harness = Harness::new();
    harness
        .attached("all", attach("*", json!({"databaseNamePrefix": "eu_"})))
        .await;
    let names = |answer: &Answer| answer.at("/properties/attachedDatabaseNames").clone();
    assert_eq!(
        names(&harness.get(&configuration("all")).await),
        json!(["eu_Sales", "eu_Stock"])
    );
    harness
        .simulator
        .patch_world(json!({"clusters": [{"id": cluster("leader1"), "databases": [{"name": "Later"}, {"name": "Stock", "$delete": true}]}]}))
        .unwrap();
    assert_eq!(
        names(&harness.get(&configuration("all")).await),
        json!(["eu_Sales", "eu_Later"])
    );
    let list = harness
        .get(&format!("{}/databases", cluster("follower1")))
        .await;
    assert_eq!(
        list.names(),
        [
            "follower1/Local",
            "follower1/eu_Sales",
            "follower1/eu_Later"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_local_database_wins_and_success_does_not_imply_the_database() {
    let harness = Harness::new();
    let create = json!({"kind": "ReadWrite", "location": "West Europe", "properties": {"hotCachePeriod": "P1D"}});
    let created = harness.put(&database("follower1", "sales"), create).await;
    assert_eq!(
        (created.status, created.at("/properties/provisioningState")),
        (StatusCode::CREATED, &json!("Creating"))
    );
    assert_eq!(
        harness
            .finish(&created)
            .await
            .at("/properties/operationKind"),
        "DatabaseCreate"
    );
    harness.attached("conf1", attach("Sales", json!({}))).await;
    assert_eq!(
        harness
            .get(&configuration("conf1"))
            .await
            .at("/properties/attachedDatabaseNames"),
        &json!([])
    );
    assert_eq!(
        harness
            .get(&database("follower1", "Sales"))
            .await
            .at("/kind"),
        "ReadWrite"
    );
    let deleted = harness.delete(&database("follower1", "Sales")).await;
    assert_eq!(deleted.status, StatusCode::ACCEPTED);
    harness.finish(&deleted).await;
    assert_eq!(
        harness
            .get(&database("follower1", "Sales"))
            .await
            .at("/kind"),
        "ReadOnlyFollowing"
    );
}

#[tokio::test(start_paused = true)]
async fn the_hot_cache_of_a_followed_database_can_be_set() {
    let harness = Harness::new();
    harness.attached("conf1", attach("Sales", json!({}))).await;
    let body = |period: &str| json!({"kind": "ReadOnlyFollowing", "location": "West Europe", "properties": {"hotCachePeriod": period}});
    let put = harness
        .put(
            &format!(
                "{}?callerRole=None&api-version=2024-04-13",
                database("follower1", "Sales")
            ),
            body("P1D"),
        )
        .await;
    assert_eq!(
        (put.status, put.at("/properties/provisioningState")),
        (StatusCode::OK, &json!("Accepted"))
    );
    harness.finish(&put).await;
    assert_eq!(
        harness
            .get(&database("follower1", "Sales"))
            .await
            .at("/properties/hotCachePeriod"),
        "P1D"
    );
    let patch = harness
        .call("PATCH", &database("follower1", "SALES"), Some(body("P2D")))
        .await;
    assert_eq!(patch.status, StatusCode::ACCEPTED);
    assert!(patch.header("location").is_some() && patch.header("azure-asyncoperation").is_some());
    harness.finish(&patch).await;
    assert_eq!(
        harness
            .get(&database("follower1", "Sales"))
            .await
            .at("/properties/hotCachePeriod"),
        "P2D"
    );
    assert_eq!(
        harness
            .get(&database("leader1", "Sales"))
            .await
            .at("/properties/hotCachePeriod"),
        "P31D"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_followed_cannot_be_deleted() {
    let harness = Harness::new();
    harness.attached("conf1", attach("Sales", json!({}))).await;
    for path in [
        database("leader1", "Sales"),
        cluster("leader1"),
        database("follower1", "Sales"),
    ] {
        let answer = harness.delete(&path).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::BAD_REQUEST, "BadRequest"),
            "{path}"
        );
    }
    let deleted = harness.delete(&cluster("leader2")).await;
    harness.finish(&deleted).await;
    assert_eq!(
        harness.get(&cluster("leader2")).await.code(),
        "ResourceNotFound"
    );
}

#[tokio::test(start_paused = true)]
async fn the_leader_lists_its_followers_flat_by_post_and_nested_by_get_and_detaches_them() {
    let harness = Harness::new();
    harness.attached("conf1", attach("*", json!({}))).await;
    let path = format!("{}/listFollowerDatabases", cluster("leader1"));
    let follower = cluster("follower1").replace("/clusters/", "/Clusters/");
    let expected = json!({
        "clusterResourceId": follower, "attachedDatabaseConfigurationName": "conf1", "databaseName": "*", "databaseShareOrigin": "Direct",
    });
    let flat = harness.call("POST", &path, None).await;
    assert_eq!(flat.at("/value"), &json!([expected]));
    assert_eq!(
        flat.header("x-ms-ratelimit-remaining-subscription-global-writes"),
        Some("2999")
    );
    assert_eq!(
        harness.get(&path).await.at("/value"),
        &json!([{"properties": expected}])
    );

    let detach = format!("{}/detachFollowerDatabases", cluster("leader1"));
    let body = |name: &str| json!({"clusterResourceId": cluster("FOLLOWER1"), "attachedDatabaseConfigurationName": name});
    assert_eq!(
        harness.post(&detach, body("other")).await.status,
        StatusCode::BAD_REQUEST
    );
    let started = harness.post(&detach, body("CONF1")).await;
    assert_eq!(
        (started.status, started.text.as_str()),
        (StatusCode::ACCEPTED, "")
    );
    let busy = harness
        .put(&configuration("conf2"), attach("Sales", json!({})))
        .await;
    assert_eq!(
        harness
            .finish(&started)
            .await
            .at("/properties/operationKind"),
        "FollowerDatabaseDetach"
    );
    assert_eq!(
        harness.get(&busy.poll_url()).await.at("/error/code"),
        "ServiceIsInMaintenance",
        "the follower is busy"
    );
    assert_eq!(
        harness.get(&configuration("conf1")).await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        harness.call("POST", &path, None).await.at("/value"),
        &json!([])
    );
}

#[tokio::test(start_paused = true)]
async fn a_suspended_leader_database_shows_on_the_follower() {
    let harness = Harness::new();
    harness.attached("conf1", attach("Sales", json!({}))).await;
    let databases = json!([{"name": "Sales", "suspendedSince": "2024-12-01T00:00:00Z"}]);
    harness
        .simulator
        .patch_world(json!({"clusters": [{"id": cluster("leader1"), "databases": databases}]}))
        .unwrap();
    let answer = harness.get(&database("follower1", "Sales")).await;
    assert_eq!(
        answer.at("/properties/suspensionDetails/suspensionStartDate"),
        "2024-12-01T00:00:00Z"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stopped_cluster_refuses_its_databases_and_as_configured_its_configurations() {
    let stopped = |answer: &Answer| {
        (answer.status == StatusCode::BAD_REQUEST).then(|| answer.message().to_owned())
    };
    for (stopped_cluster, read, write) in [
        (StoppedCluster::Never, false, false),
        (StoppedCluster::Writes, false, true),
        (StoppedCluster::Always, true, true),
    ] {
        let harness = Harness::with(
            world(),
            Options {
                stopped_cluster,
                ..Options::default()
            },
        );
        harness.attached("conf1", attach("Sales", json!({}))).await;
        let stop = harness
            .call("POST", &format!("{}/stop", cluster("follower1")), None)
            .await;
        assert_eq!(
            harness
                .get(&cluster("follower1"))
                .await
                .at("/properties/state"),
            "Stopping"
        );
        harness.finish(&stop).await;
        assert_eq!(
            harness
                .get(&cluster("follower1"))
                .await
                .at("/properties/state"),
            "Stopped"
        );

        let refused = harness.get(&database("follower1", "Sales")).await;
        assert_eq!(
            refused.message(),
            "Cannot fetch databases while resource is in state 'Stopped'."
        );
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::BAD_REQUEST, "BadRequest")
        );
        assert_eq!(
            stopped(&harness.get(&configuration("conf1")).await).is_some(),
            read
        );
        assert_eq!(
            stopped(&harness.delete(&configuration("conf1")).await).is_some(),
            write
        );
        tokio::time::advance(OPERATION).await;
        assert_eq!(
            stopped(
                &harness
                    .put(&configuration("conf2"), attach("Stock", json!({})))
                    .await
            )
            .is_some(),
            write
        );
        tokio::time::advance(OPERATION).await;
        let start = harness
            .call("POST", &format!("{}/start", cluster("follower1")), None)
            .await;
        harness.finish(&start).await;
        assert_eq!(
            harness
                .get(&cluster("follower1"))
                .await
                .at("/properties/state"),
            "Running"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_database_writes_are_refused() {
    let harness = Harness::new();
    harness.attached("conf1", attach("Sales", json!({}))).await;
    for (name, body, reason) in [
        (
            "New",
            json!({"kind": "ReadOnlyFollowing"}),
            "a follower database is attached, not created",
        ),
        ("Sales", json!({"kind": "ReadWrite"}), "the kind stays"),
        (
            "Local",
            json!({"kind": "ReadOnlyFollowing"}),
            "the kind stays",
        ),
        ("Local", json!({}), "the kind is needed"),
        (
            "Local",
            json!({"kind": "ReadWrite", "properties": {"hotCachePeriod": "1d"}}),
            "a duration is ISO 8601",
        ),
        ("Local", Value::Null, "a body is needed"),
    ] {
        assert_eq!(
            harness.put(&database("follower1", name), body).await.status,
            StatusCode::BAD_REQUEST,
            "{reason}"
        );
    }
    let absent = harness
        .call(
            "PATCH",
            &database("follower1", "New"),
            Some(json!({"kind": "ReadWrite"})),
        )
        .await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
}
