//! Requests that ARM or the provider refuses.

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Harness, attach, cluster, configuration};

#[tokio::test(start_paused = true)]
async fn bodies_that_cannot_be_attached_are_refused_before_an_operation_starts() {
    let harness = Harness::new();
    let without = |field: &str| {
        let mut body = attach("Sales", json!({}));
        body["properties"].as_object_mut().unwrap().remove(field);
        body
    };
    let tables = |count: usize| json!({"tableLevelSharingProperties": {"tablesToInclude": vec!["t"; count]}});
    let mut elsewhere = attach("Sales", json!({}));
    elsewhere["location"] = json!("East US");
    for (body, code, reason) in [
        (
            json!({"location": "West Europe"}),
            "BadRequest",
            "properties are needed",
        ),
        (
            without("databaseName"),
            "BadRequest",
            "a database is needed",
        ),
        (
            without("clusterResourceId"),
            "BadRequest",
            "a leader is needed",
        ),
        (
            without("defaultPrincipalsModificationKind"),
            "BadRequest",
            "there is no default kind",
        ),
        (
            attach(
                "Sales",
                json!({"defaultPrincipalsModificationKind": "Merge"}),
            ),
            "BadRequest",
            "the kinds are three",
        ),
        (
            attach("Sales", tables(101)),
            "BadRequest",
            "100 entries at most",
        ),
        (
            attach("*", tables(1)),
            "BadRequest",
            "no sharing with a star",
        ),
        (
            attach("*", json!({"databaseNameOverride": "x"})),
            "BadRequest",
            "no override with a star",
        ),
        (
            attach(
                "Sales",
                json!({"databaseNameOverride": "x", "databaseNamePrefix": "y"}),
            ),
            "BadRequest",
            "one of both",
        ),
        (elsewhere, "BadRequest", "the location is the follower's"),
        (
            attach("Sales", json!({"clusterResourceId": cluster("faraway")})),
            "BadRequest",
            "one region",
        ),
        (
            attach("Sales", json!({"clusterResourceId": cluster("nowhere")})),
            "BadRequest",
            "the leader exists",
        ),
        (
            attach("Sales", json!({"clusterResourceId": "leader1"})),
            "BadRequest",
            "the leader is an id",
        ),
        (
            attach("Sales", json!({"clusterResourceId": cluster("follower1")})),
            "BadRequest",
            "not itself",
        ),
        (
            attach("Missing", json!({})),
            "BadRequest",
            "the database exists",
        ),
        (
            attach("Sales", json!({"databaseName": 5})),
            "InvalidRequestContent",
            "a name is text",
        ),
        (
            attach(
                "Sales",
                json!({"tableLevelSharingProperties": {"tablesToInclude": "t"}}),
            ),
            "InvalidRequestContent",
            "lists are lists",
        ),
        (json!([]), "InvalidRequestContent", "a body is an object"),
    ] {
        let answer = harness.put(&configuration("sales"), body).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::BAD_REQUEST, code),
            "{reason}: {}",
            answer.text
        );
        assert!(!answer.message().is_empty(), "{reason}");
    }
    assert_eq!(
        harness.get(&configuration("sales")).await.status,
        StatusCode::NOT_FOUND
    );
    for body in [
        attach("Sales", tables(100)),
        attach(
            "*",
            json!({"tableLevelSharingProperties": {"tablesToInclude": []}}),
        ),
    ] {
        let started = harness.put(&configuration("sales"), body).await;
        assert!(started.status.is_success(), "{}", started.text);
        harness.finish(&started).await;
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_versions_and_methods_are_checked() {
    let harness = Harness::new();
    let follower = cluster("follower1");
    let elsewhere = |from: &str, to: &str| configuration("a").replace(from, to);
    for (method, path, status, code) in [
        (
            "GET",
            format!("{follower}?x"),
            400,
            "MissingApiVersionParameter",
        ),
        (
            "GET",
            format!("{follower}?api-version=2018-01-01"),
            400,
            "NoRegisteredProviderFound",
        ),
        (
            "GET",
            format!("{follower}?api-version=newest"),
            400,
            "InvalidApiVersionParameter",
        ),
        (
            "GET",
            format!("{follower}/scripts"),
            404,
            "InvalidResourceType",
        ),
        ("GET", "/anything".to_owned(), 404, "NotFound"),
        ("PATCH", configuration("a"), 405, "MethodNotAllowed"),
        ("PUT", follower.clone(), 405, "MethodNotAllowed"),
        ("GET", configuration("a"), 404, "ResourceNotFound"),
        (
            "GET",
            elsewhere("follower1", "nowhere"),
            404,
            "ParentResourceNotFound",
        ),
        (
            "PUT",
            elsewhere("follower1", "nowhere"),
            404,
            "ParentResourceNotFound",
        ),
        ("GET", elsewhere("Rg1", "rg2"), 404, "ResourceGroupNotFound"),
        ("GET", elsewhere("S1", "s2"), 404, "SubscriptionNotFound"),
        ("GET", cluster("nowhere"), 404, "ResourceNotFound"),
    ] {
        let answer = harness
            .call(method, &path, Some(Value::Null).filter(|_| method != "GET"))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (status, code),
            "{method} {path}: {}",
            answer.text
        );
    }
    let wrong = harness.call("PATCH", &configuration("a"), None).await;
    assert_eq!(wrong.header("allow"), Some("GET, PUT, DELETE"));
}

#[tokio::test(start_paused = true)]
async fn a_body_over_four_megabytes_is_refused() {
    let harness = Harness::new();
    let answer = harness
        .put(&configuration("a"), json!("x".repeat(4 * 1024 * 1024 + 1)))
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}
