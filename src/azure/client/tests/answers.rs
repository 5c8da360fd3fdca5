//! What each answer means.

use std::time::Duration;

use serde_json::json;

use super::script::{
    Bench, CONFIGURATION, OPERATION, Step, answer, conf1, error, follower, operation, request,
    with_headers,
};
use crate::azure::{
    Accepted, ArmCall, CallResult, Class, ClusterState, Deleted, OperationFailure, OperationUrl,
    Polled, ProvisioningState, TransportError, WriteOutcome,
};

#[tokio::test]
async fn a_put_is_sent_as_recorded_and_its_operation_is_found() {
    let created = CONFIGURATION.replace("Succeeded", "Creating");
    let bench = Bench::new([with_headers(
        201,
        &[
            ("Azure-AsyncOperation", OPERATION),
            ("Location", "https://management.azure.com/other"),
            ("Retry-After", "7"),
        ],
        &created,
    )]);
    let accepted = bench
        .client
        .put_configuration(&conf1(), &request())
        .await
        .unwrap();
    assert_eq!(accepted.operation, Some(operation()));
    assert_eq!(accepted.retry_after, Some(Duration::from_secs(7)));
    let echoed = accepted.configuration.unwrap();
    assert_eq!(
        echoed.provisioning_state,
        ProvisioningState::InProgress("Creating".to_owned())
    );

    let seen = bench.script.seen.lock().unwrap();
    let sent = &seen[0];
    assert_eq!(sent.method(), "PUT");
    assert_eq!(
        sent.uri().to_string(),
        "https://management.azure.com/subscriptions/Sub-1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1/attachedDatabaseConfigurations/conf%201?api-version=2024-04-13"
    );
    assert_eq!(sent.headers()["authorization"], "Bearer t1");
    assert!(sent.headers()["authorization"].is_sensitive());
    assert_eq!(sent.headers()["accept"], "application/json");
    assert_eq!(sent.headers()["content-type"], "application/json");
    assert_eq!(sent.headers()["x-ms-return-client-request-id"], "true");
    assert_eq!(sent.headers()["x-ms-client-request-id"].len(), 36);
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(sent.body()).unwrap(),
        request().to_body()
    );
    assert_eq!(
        *bench.script.observed.lock().unwrap(),
        [(ArmCall::PutConfiguration, CallResult::Status(201))]
    );
}

#[tokio::test]
async fn an_operation_is_taken_from_the_headers_that_may_be_trusted() {
    type Headers = &'static [(&'static str, &'static str)];
    const OWN: &str = "https://management.azure.com/subscriptions/Sub-1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/Follower1/attachedDatabaseConfigurations/conf%201?api-version=2025-02-14";
    let cases: [(Headers, Option<&str>); 7] = [
        (&[], None),
        (&[("location", OPERATION)], Some(OPERATION)),
        (&[("azure-asyncoperation", OPERATION)], Some(OPERATION)),
        (&[("azure-asyncoperation", "https://evil.test/x?s=1")], None),
        (
            &[
                ("azure-asyncoperation", "https://evil.test/x"),
                ("location", OPERATION),
            ],
            Some(OPERATION),
        ),
        (&[("azure-asyncoperation", "")], None),
        (&[("location", OWN)], None),
    ];
    for (headers, expected) in cases {
        let bench = Bench::new([with_headers(200, headers, CONFIGURATION)]);
        let accepted = bench
            .client
            .put_configuration(&conf1(), &request())
            .await
            .unwrap();
        assert_eq!(
            accepted.operation.as_ref().map(OperationUrl::as_str),
            expected,
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn a_put_answer_that_says_nothing_leaves_the_outcome_unknown() {
    for (status, body) in [(200, ""), (201, "{}"), (201, "<html>"), (204, "")] {
        let bench = Bench::new([answer(status, body)]);
        let error = bench
            .client
            .put_configuration(&conf1(), &request())
            .await
            .unwrap_err();
        assert_eq!(
            (error.reason(), error.outcome()),
            ("MalformedAnswer", WriteOutcome::Unknown),
            "{status} {body:?}"
        );
    }
    let accepted = Bench::new([answer(202, "")])
        .client
        .put_configuration(&conf1(), &request())
        .await
        .unwrap();
    assert_eq!(
        accepted,
        Accepted {
            operation: None,
            retry_after: None,
            configuration: None
        }
    );
    let headers = [("azure-asyncoperation", OPERATION)];
    let bench = Bench::new([with_headers(201, &headers, "not json")]);
    assert!(
        bench
            .client
            .put_configuration(&conf1(), &request())
            .await
            .unwrap()
            .operation
            .is_some()
    );
}

#[tokio::test]
async fn a_delete_is_accepted_absent_or_refused() {
    let gone = |step| async move {
        Bench::new([step])
            .client
            .delete_configuration(&conf1())
            .await
    };
    let headers = [("Location", OPERATION), ("Azure-AsyncOperation", OPERATION)];
    let accepted = gone(with_headers(202, &headers, "")).await.unwrap();
    assert!(matches!(
        accepted,
        Deleted::Accepted(Accepted {
            operation: Some(_),
            ..
        })
    ));
    assert!(matches!(
        gone(answer(200, "")).await.unwrap(),
        Deleted::Accepted(Accepted {
            operation: None,
            ..
        })
    ));
    assert_eq!(gone(answer(204, "")).await.unwrap(), Deleted::Absent);
    assert_eq!(
        gone(error(404, "ResourceNotFound")).await.unwrap(),
        Deleted::Absent
    );
    assert_eq!(
        gone(error(404, "ParentResourceNotFound"))
            .await
            .unwrap_err()
            .reason(),
        "ParentNotFound"
    );
    assert_eq!(
        gone(error(404, "SubscriptionNotFound"))
            .await
            .unwrap_err()
            .reason(),
        "SubscriptionNotFound"
    );
    assert_eq!(
        gone(answer(404, "<html>")).await.unwrap_err().reason(),
        "MalformedAnswer"
    );
    assert_eq!(
        gone(error(409, "ScopeLocked")).await.unwrap_err().class(),
        Class::Locked
    );
}

#[tokio::test]
async fn a_configuration_is_read_absent_or_an_error_and_never_guessed() {
    let read = |step| async move { Bench::new([step]).client.configuration(&conf1()).await };
    assert_eq!(
        read(answer(200, CONFIGURATION))
            .await
            .unwrap()
            .unwrap()
            .database_name,
        "db1"
    );
    assert_eq!(read(error(404, "ResourceNotFound")).await.unwrap(), None);
    let failures = [
        (error(404, "ParentResourceNotFound"), "ParentNotFound"),
        (error(404, "ResourceGroupNotFound"), "ParentNotFound"),
        (error(404, "SubscriptionNotFound"), "SubscriptionNotFound"),
        (error(404, "InvalidResourceType"), "NotFound"),
        (answer(404, ""), "MalformedAnswer"),
        (answer(200, ""), "MalformedAnswer"),
        (answer(200, "{}"), "MalformedAnswer"),
        (answer(200, "[]"), "MalformedAnswer"),
        (answer(200, "<html>sign in</html>"), "MalformedAnswer"),
        (answer(200, "{\"properties\":"), "MalformedAnswer"),
        (answer(202, ""), "MalformedAnswer"),
        (answer(204, ""), "MalformedAnswer"),
        (
            with_headers(307, &[("location", "https://evil.test/")], ""),
            "UnexpectedRedirect",
        ),
        (error(403, "AuthorizationFailed"), "AuthorizationFailed"),
        (answer(503, "<html>"), "ArmUnavailable"),
        (
            Step::Fail(TransportError::BodyTooLarge { limit: 8 }),
            "MalformedAnswer",
        ),
        (
            Step::Fail(TransportError::Interrupted("truncated".into())),
            "ArmUnavailable",
        ),
    ];
    for (step, reason) in failures {
        let error = read(step).await.unwrap_err();
        assert_eq!(
            (error.reason(), error.outcome()),
            (reason, WriteOutcome::NotApplied),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_cluster_is_read_absent_or_an_error() {
    let read = |step| async move { Bench::new([step]).client.cluster(&follower()).await };
    let stopped = r#"{"location":"East US","properties":{"state":"Stopped","provisioningState":"Succeeded","calloutPolicies":[{"calloutType":1}]}}"#;
    assert_eq!(
        read(answer(200, stopped)).await.unwrap().unwrap().state,
        ClusterState::Stopped
    );
    assert_eq!(read(error(404, "ResourceNotFound")).await.unwrap(), None);
    assert_eq!(
        read(error(404, "ResourceGroupNotFound")).await.unwrap(),
        None
    );
    assert_eq!(
        read(error(404, "SubscriptionNotFound"))
            .await
            .unwrap_err()
            .reason(),
        "SubscriptionNotFound"
    );
    assert_eq!(
        read(answer(200, r#"{"location":"East US"}"#))
            .await
            .unwrap_err()
            .reason(),
        "MalformedAnswer"
    );
}

#[tokio::test]
async fn each_answer_of_an_operation_is_understood_in_both_forms() {
    let poll = |step| async move { Bench::new([step]).client.poll(&operation()).await };
    let failure = OperationFailure {
        code: "ServiceIsInMaintenance".to_owned(),
        message: "[Conflict] Cluster 'X' is in process of maintenance.".to_owned(),
    };
    let failed =
        json!({"status": "Failed", "error": {"code": failure.code, "message": failure.message}})
            .to_string();
    let soon = Polled::Running {
        retry_after: Some(Duration::from_secs(3)),
    };
    let cases = [
        (
            answer(200, r#"{"status":"Running","percentComplete":0.5}"#),
            Polled::Running { retry_after: None },
        ),
        (
            with_headers(200, &[("retry-after", "3")], r#"{"status":"Running"}"#),
            soon.clone(),
        ),
        (with_headers(202, &[("retry-after", "3")], ""), soon),
        (answer(200, r#"{"status":"Succeeded"}"#), Polled::Succeeded),
        (answer(200, ""), Polled::Succeeded),
        (answer(204, ""), Polled::Succeeded),
        (answer(200, CONFIGURATION), Polled::Succeeded),
        (answer(200, &failed), Polled::Failed(failure)),
        (answer(200, r#"{"status":"Canceled"}"#), Polled::Canceled),
        (answer(404, ""), Polled::Unknown),
        (answer(410, ""), Polled::Unknown),
    ];
    for (step, expected) in cases {
        assert_eq!(poll(step).await.unwrap(), expected);
    }
    for (step, reason) in [
        (error(403, "AuthorizationFailed"), "AuthorizationFailed"),
        (answer(200, "<html>"), "MalformedAnswer"),
        (answer(502, ""), "ArmUnavailable"),
    ] {
        assert_eq!(poll(step).await.unwrap_err().reason(), reason);
    }
}

#[tokio::test]
async fn a_gateway_timeout_of_a_write_is_unknown_and_a_refusal_is_not() {
    let put = |step| async move {
        Bench::new([step])
            .client
            .put_configuration(&conf1(), &request())
            .await
            .unwrap_err()
    };
    assert_eq!(
        put(answer(504, "<html>")).await.outcome(),
        WriteOutcome::Unknown
    );
    assert_eq!(
        put(error(400, "BadRequest")).await.outcome(),
        WriteOutcome::NotApplied
    );
    let unsent = Step::Fail(TransportError::NotSent("refused".into()));
    assert_eq!(put(unsent).await.outcome(), WriteOutcome::NotApplied);
}
