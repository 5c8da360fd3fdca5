//! Operations: signed URLs, documented answers, failures.

use http::StatusCode;
use kusto_arm_simulator::{Answers, Options};
use serde_json::json;

use crate::harness::{Harness, OPERATION, attach, cluster, configuration, world};

#[tokio::test(start_paused = true)]
async fn a_poll_url_that_was_altered_is_refused_and_an_unknown_one_is_not_found() {
    let harness = Harness::new();
    let url = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await
        .poll_url();
    let (plain, _) = url.split_once("&t=").unwrap();
    let altered = [
        url.replace("&h=", "&h=x"),
        url.replace("2024-04-13", "2025-02-14"),
        plain.to_owned(),
    ];
    for altered in altered {
        let answer = harness.get(&altered).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::FORBIDDEN, "InvalidOperationSignature")
        );
    }
    let unknown =
        "/subscriptions/S1/providers/Microsoft.Kusto/locations/West%20Europe/operationResults/0";
    assert_eq!(harness.get(unknown).await.status, StatusCode::NOT_FOUND);
    assert_eq!(harness.get(&url).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn documented_answers_are_202_with_three_headers() {
    let harness = Harness::with(
        world(),
        Options {
            answers: Answers::Documented,
            ..Options::default()
        },
    );
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(started.status, StatusCode::ACCEPTED);
    assert_eq!(started.at("/properties/provisioningState"), "Creating");
    for header in ["azure-asyncoperation", "location", "retry-after"] {
        assert!(started.header(header).is_some(), "{header}");
    }
    harness.finish(&started).await;
    let deleted = harness.delete(&configuration("sales")).await;
    assert_eq!(deleted.header("retry-after"), Some("10"));
}

#[tokio::test(start_paused = true)]
async fn a_raw_space_in_the_header_is_an_option() {
    let harness = Harness::with(
        world(),
        Options {
            raw_space_in_poll_url: true,
            ..Options::default()
        },
    );
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    let url = started.poll_url();
    assert!(url.contains("/locations/West Europe/"), "{url}");
    assert_eq!(
        harness.get(&url.replace(' ', "%20")).await.at("/status"),
        "Running"
    );
}

#[tokio::test(start_paused = true)]
async fn the_leader_of_a_configuration_cannot_be_altered() {
    let harness = Harness::new();
    harness.attached("adc", attach("Sales", json!({}))).await;
    for (more, what) in [
        (
            json!({"clusterResourceId": cluster("leader2")}),
            "leader cluster 'leader1'",
        ),
        (json!({"databaseName": "Stock"}), "database 'Sales'"),
    ] {
        let started = harness
            .put(&configuration("adc"), attach("Sales", more))
            .await;
        assert_eq!(started.status, StatusCode::OK);
        let status = harness.finish(&started).await;
        assert_eq!(
            (status.at("/status"), status.at("/percentComplete")),
            (&json!("Failed"), &json!(1.0))
        );
        assert_eq!(status.at("/properties/operationState"), "BadInput");
        assert_eq!(
            status.at("/error"),
            &json!({"code": "CannotAlterFollowerDatabase", "message": format!("[BadRequest] Cannot alter {what} for resource name 'adc'.")})
        );
        let after = harness.get(&configuration("adc")).await;
        assert_eq!(after.at("/properties/provisioningState"), "Succeeded");
        assert_eq!(
            after.at("/properties/attachedDatabaseNames"),
            &json!(["Sales"])
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_can_be_made_to_end_otherwise() {
    let harness = Harness::new();
    for (operation, status, stage) in [
        (
            json!({"status": "Failed", "error": {"code": "Failed", "message": "Internal Server Error"}}),
            "Failed",
            "Failed",
        ),
        (json!({"status": "Canceled"}), "Canceled", "Failed"),
        (json!({"duration": "60s"}), "Running", "Creating"),
    ] {
        harness
            .simulator
            .arm_fault(json!({"match": {"method": "PUT"}, "act": {"operation": operation}}))
            .unwrap();
        let started = harness
            .put(&configuration("sales"), attach("Sales", json!({})))
            .await;
        assert_eq!(harness.finish(&started).await.at("/status"), status);
        assert_eq!(
            harness
                .get(&configuration("sales"))
                .await
                .at("/properties/provisioningState"),
            stage
        );
    }
    tokio::time::advance(OPERATION * 2).await;
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/provisioningState"),
        "Succeeded"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_detach_in_the_location_form_is_an_error_and_leaves_the_configuration() {
    let harness = Harness::new();
    harness.attached("sales", attach("Sales", json!({}))).await;
    let error = json!({"code": "ServiceIsInMaintenance", "message": "[Conflict] Cluster 'follower1' is busy."});
    harness
        .simulator
        .arm_fault(json!({"match": {"method": "DELETE"}, "act": {"operation": {"error": error}}}))
        .unwrap();
    let started = harness.delete(&configuration("sales")).await;
    tokio::time::advance(OPERATION).await;
    let polled = harness.get(started.header("location").unwrap()).await;
    assert_eq!(
        (polled.status, polled.code()),
        (StatusCode::CONFLICT, "ServiceIsInMaintenance")
    );
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/provisioningState"),
        "Succeeded"
    );
}
