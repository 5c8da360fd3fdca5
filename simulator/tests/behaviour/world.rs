//! The `/_sim` routes and the edits behind everybody's back.

use axum::body::Body;
use http::{Request, StatusCode};
use kusto_arm_simulator::World;
use serde_json::{Value, json};

use crate::harness::{Answer, HOST, Harness, OPERATION, attach, cluster, configuration};

async fn control(harness: &Harness, method: &str, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() {
        Body::empty()
    } else {
        Body::from(body.to_string())
    };
    harness
        .send(
            Request::builder()
                .method(method)
                .uri(format!("{HOST}/_sim/{path}"))
                .body(body)
                .unwrap(),
        )
        .await
}

#[tokio::test(start_paused = true)]
async fn an_edit_in_the_portal_is_seen_by_the_next_get_and_is_no_arm_call() {
    let harness = Harness::new();
    harness.attached("sales", attach("Sales", json!({}))).await;
    let calls = harness.simulator.journal().len();
    let edit = json!({"configurations": [{"id": configuration("sales"), "properties": {"defaultPrincipalsModificationKind": "Replace"}}]});
    let patched = control(&harness, "PATCH", "world", &edit).await;
    assert_eq!(patched.status, StatusCode::OK);
    assert_eq!(
        patched.at("/configurations/0/properties/defaultPrincipalsModificationKind"),
        "Replace"
    );
    assert_eq!(harness.simulator.journal().len(), calls);
    let shown = harness.get(&configuration("sales")).await;
    assert_eq!(
        shown.at("/properties/defaultPrincipalsModificationKind"),
        "Replace"
    );
    assert_eq!(shown.at("/properties/provisioningState"), "Succeeded");
    let delete = json!({"configurations": [{"id": configuration("SALES"), "$delete": true}]});
    control(&harness, "PATCH", "world", &delete).await;
    assert_eq!(
        harness.get(&configuration("sales")).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(start_paused = true)]
async fn the_world_shows_what_runs_and_what_has_ended() {
    let harness = Harness::new();
    harness
        .put(
            &configuration("sales"),
            attach("Sales", json!({"databaseNameOverride": "RO"})),
        )
        .await;
    let stage = |answer: &Answer| {
        answer
            .at("/configurations/0/properties/provisioningState")
            .clone()
    };
    assert_eq!(
        stage(&control(&harness, "GET", "world", &Value::Null).await),
        "Creating"
    );
    tokio::time::advance(OPERATION).await;
    let world = control(&harness, "GET", "world", &Value::Null).await;
    assert_eq!(stage(&world), "Succeeded");
    assert_eq!(
        world.at("/configurations/0/properties/attachedDatabaseNames"),
        &json!(["RO"])
    );
    assert_eq!(
        world.at("/configurations/0/id"),
        &json!(configuration("sales"))
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_patch_changes_nothing_and_says_why() {
    let harness = Harness::new();
    let before = harness.simulator.world();
    let patch = json!({"clusters": [{"id": cluster("leader1"), "state": "Stopped"}, {"id": cluster("leader2"), "location": 5}]});
    let refused = control(&harness, "PATCH", "world", &patch).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(
        refused
            .at("/error")
            .as_str()
            .unwrap()
            .contains("location` must be text"),
        "{}",
        refused.text
    );
    assert_eq!(harness.simulator.world(), before);
}

#[tokio::test(start_paused = true)]
async fn an_operation_goes_on_while_the_world_is_edited() {
    let harness = Harness::new();
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    harness
        .simulator
        .patch_world(json!({"clusters": [{"id": cluster("leader2"), "state": "Stopped"}]}))
        .unwrap();
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/provisioningState"),
        "Creating"
    );
    assert_eq!(harness.finish(&started).await.at("/status"), "Succeeded");
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/attachedDatabaseNames"),
        &json!(["Sales"])
    );
}

#[tokio::test(start_paused = true)]
async fn faults_and_journal_have_their_routes() {
    let harness = Harness::new();
    let fault =
        json!({"name": "gone", "match": {"method": "GET", "times": 0}, "act": {"status": 410}});
    let armed = control(&harness, "POST", "faults", &fault).await;
    assert_eq!(
        (armed.status, armed.at("/name")),
        (StatusCode::CREATED, &json!("gone"))
    );
    assert_eq!(
        harness.get(&cluster("leader1")).await.status,
        StatusCode::GONE
    );
    assert_eq!(
        control(&harness, "GET", "faults", &Value::Null)
            .await
            .at("/0/fired"),
        &json!(1)
    );
    assert_eq!(
        control(&harness, "POST", "faults", &json!({"act": {}, "x": 1}))
            .await
            .status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        control(&harness, "DELETE", "faults/other", &Value::Null)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        control(&harness, "DELETE", "faults", &Value::Null)
            .await
            .at("/disarmed"),
        &json!(1)
    );
    let journal = control(&harness, "GET", "journal", &Value::Null).await;
    assert_eq!(journal.at("/0/liveResponse/statusCode"), &json!(410));
    assert_eq!(journal.at("/0/fault"), "gone");
    assert_eq!(journal.body.as_array().unwrap().len(), 1);
    assert_eq!(
        control(&harness, "DELETE", "journal", &Value::Null)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert!(harness.simulator.journal().is_empty());
    assert_eq!(
        control(&harness, "GET", "elsewhere", &Value::Null)
            .await
            .status,
        StatusCode::NOT_FOUND
    );
}

#[test]
fn the_example_of_the_readme_is_a_world() {
    let world = World::from_yaml(include_str!("../../examples/world.yaml")).unwrap();
    let shown = serde_json::to_value(world).unwrap();
    for part in [
        "clusters",
        "configurations",
        "roleAssignments",
        "identities",
    ] {
        assert!(
            shown[part].as_array().is_some_and(|list| !list.is_empty()),
            "{part}"
        );
    }
}
