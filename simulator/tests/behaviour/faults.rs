//! Faults: what the caller sees, and whether the call took effect.

use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Harness, OPERATION, attach, cluster, configuration};

const PATH: &str = "**/attachedDatabaseConfigurations/*";

fn arm(harness: &Harness, act: Value) {
    harness
        .simulator
        .arm_fault(json!({"match": {"method": "PUT", "path": PATH}, "act": act}))
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_504_whose_write_was_applied_goes_on_and_a_second_put_loses() {
    let harness = Harness::new();
    arm(&harness, json!({"after": true, "status": 504}));
    let lost = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(
        (lost.status, lost.code()),
        (StatusCode::GATEWAY_TIMEOUT, "GatewayTimeout")
    );
    assert_eq!(lost.header("azure-asyncoperation"), None);
    assert!(lost.header("x-ms-request-id").is_some());
    let again = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert!(again.status.is_success());
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(
        harness.get(&again.poll_url()).await.at("/error/code"),
        "ServiceIsInMaintenance"
    );
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/provisioningState"),
        "Creating"
    );
    tokio::time::advance(OPERATION).await;
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/provisioningState"),
        "Succeeded"
    );
    let journal = harness.simulator.journal();
    assert_eq!(
        (
            journal[0].fault.as_deref(),
            journal[0].applied,
            journal[0].status()
        ),
        (Some("fault-1"), true, Some(504))
    );
}

#[tokio::test(start_paused = true)]
async fn before_or_after_decides_whether_the_call_takes_effect() {
    for (act, answered, applied) in [
        (json!({"status": 503}), true, false),
        (json!({"status": 503, "after": true}), true, true),
        (json!({"reset": true}), false, false),
        (json!({"reset": true, "after": true}), false, true),
        (json!({"truncate": 10}), false, true),
    ] {
        let harness = Harness::new();
        arm(&harness, act.clone());
        let request = harness.request(
            "PUT",
            &configuration("sales"),
            Some(attach("Sales", json!({}))),
        );
        assert_eq!(harness.try_send(request).await.is_some(), answered, "{act}");
        let found = harness.get(&configuration("sales")).await.status == StatusCode::OK;
        assert_eq!(found, applied, "{act}");
        assert_eq!(harness.simulator.journal()[0].applied, applied, "{act}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hang_never_answers() {
    for (act, applied) in [
        (json!({"hang": true}), false),
        (json!({"hang": true, "after": true}), true),
    ] {
        let harness = Harness::new();
        arm(&harness, act);
        let request = harness.request(
            "PUT",
            &configuration("sales"),
            Some(attach("Sales", json!({}))),
        );
        let answer =
            tokio::time::timeout(Duration::from_hours(24), harness.try_send(request)).await;
        assert!(answer.is_err());
        let entry = harness.simulator.journal().remove(0);
        assert_eq!((entry.response, entry.applied), (None, applied));
    }
}

#[tokio::test(start_paused = true)]
async fn delays_and_slow_bodies_take_their_time() {
    let harness = Harness::new();
    arm(&harness, json!({"delay": "5s"}));
    let start = tokio::time::Instant::now();
    harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(start.elapsed().as_secs(), 5);
    arm(&harness, json!({"slowBody": {"bytes": 1, "every": "10s"}}));
    let start = tokio::time::Instant::now();
    let answer = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(start.elapsed().as_secs(), 10 * answer.text.len() as u64);
    assert_eq!(
        answer.header("content-length"),
        Some(answer.text.len().to_string().as_str())
    );
}

#[tokio::test(start_paused = true)]
async fn headers_and_bodies_are_replaced_and_dropped() {
    let harness = Harness::new();
    arm(
        &harness,
        json!({"dropHeaders": ["Azure-AsyncOperation"], "headers": {"Retry-After": "1000000000"}, "body": ""}),
    );
    let answer = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (StatusCode::CREATED, "")
    );
    assert_eq!(answer.header("azure-asyncoperation"), None);
    assert_eq!(answer.header("retry-after"), Some("1000000000"));
    assert_eq!(
        harness.get(&configuration("sales")).await.status,
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn faults_hit_the_token_route_and_single_callers() {
    let harness = Harness::new();
    harness
        .simulator
        .arm_fault(json!({"match": {"path": "/*/oauth2/**", "times": 0}, "act": {"status": 503}}))
        .unwrap();
    assert_eq!(
        harness.post("/t/oauth2/v2.0/token", json!({})).await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
    harness
        .simulator
        .arm_fault(json!({"match": {"principal": "other", "times": 0}, "act": {"status": 429}}))
        .unwrap();
    assert_eq!(
        harness.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
    let other = harness.as_client("other");
    assert_eq!(
        other.get(&cluster("follower1")).await.code(),
        "TooManyRequests"
    );
    assert_eq!(harness.simulator.disarm_faults(None), 2);
    assert_eq!(
        other.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
}
