//! Single databases, and the leader's side.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::script::{
    Bench, CONFIGURATION, OPERATION, Step, answer, conf1, error, follower, operation, with_headers,
};
use crate::azure::{
    Accepted, ArmCall, CallResult, Class, ClusterId, DatabaseKind, Deleted, TransportError,
    WriteOutcome,
};

const LEADER: &str =
    "/subscriptions/Sub-2/resourceGroups/rg2/providers/Microsoft.Kusto/clusters/leader1";

fn leader() -> ClusterId {
    LEADER.parse().unwrap()
}

#[tokio::test]
async fn a_database_is_read_absent_or_an_error_and_never_guessed() {
    const DATABASE: &str = r#"{"name":"follower1/Sales EU","location":"East US","kind":"ReadWrite","properties":{"isFollowed":true}}"#;
    let bench = Bench::new([answer(200, DATABASE)]);
    let read = bench.client.database(&follower(), "Sales EU").await;
    assert_eq!(
        read.unwrap().unwrap().kind,
        DatabaseKind::ReadWrite { is_followed: true }
    );
    assert_eq!(
        bench.script.seen.lock().unwrap()[0].uri().to_string(),
        "https://management.azure.com/subscriptions/Sub-1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1/databases/Sales%20EU?api-version=2024-04-13"
    );
    assert_eq!(
        *bench.script.observed.lock().unwrap(),
        [(ArmCall::GetDatabase, CallResult::Status(200))]
    );

    let read = |step| async move { Bench::new([step]).client.database(&follower(), "db1").await };
    assert_eq!(read(error(404, "ResourceNotFound")).await.unwrap(), None);
    let stopped = r#"{"error":{"code":"BadRequest","message":"Cannot fetch databases while resource is in state 'Stopped'."}}"#;
    for (step, reason) in [
        (answer(400, stopped), "ClusterNotRunning"),
        (error(404, "ParentResourceNotFound"), "ParentNotFound"),
        (error(404, "ResourceGroupNotFound"), "ParentNotFound"),
        (answer(404, ""), "MalformedAnswer"),
        (answer(200, "{}"), "MalformedAnswer"),
        (answer(200, r#"{"value":[]}"#), "MalformedAnswer"),
        (error(403, "AuthorizationFailed"), "AuthorizationFailed"),
    ] {
        assert_eq!(read(step).await.unwrap_err().reason(), reason);
    }
}

#[tokio::test]
async fn a_name_is_one_segment_whatever_it_holds() {
    for name in ["", ".", ".."] {
        let bench = Bench::new([]);
        assert_eq!(
            bench.client.database(&follower(), name).await.unwrap(),
            None
        );
    }
    let bench = Bench::new([error(404, "ResourceNotFound")]);
    let read = bench.client.database(&follower(), "../a?b=c#d").await;
    assert_eq!(read.unwrap(), None);
    let seen = bench.script.seen.lock().unwrap();
    assert!(
        seen[0]
            .uri()
            .to_string()
            .ends_with("/databases/..%2Fa%3Fb=c%23d?api-version=2024-04-13"),
        "{}",
        seen[0].uri()
    );
}

#[tokio::test]
async fn a_configuration_that_does_not_say_its_name_has_the_one_it_was_asked_by() {
    let bench = Bench::new([
        answer(200, &CONFIGURATION.replace("follower1/conf1", "")),
        answer(200, CONFIGURATION),
    ]);
    for name in ["conf 1", "conf1"] {
        let read = bench.client.configuration(&conf1()).await.unwrap().unwrap();
        assert_eq!(read.name, name);
    }
}

#[tokio::test]
async fn a_detach_names_the_follower_and_its_configuration_to_the_leader() {
    let headers = [("Location", OPERATION), ("Azure-AsyncOperation", OPERATION)];
    let bench = Bench::new([with_headers(202, &headers, "")]);
    let detached = bench.client.detach_follower(&leader(), &conf1()).await;
    assert_eq!(
        detached.unwrap(),
        Deleted::Accepted(Accepted {
            operation: Some(operation()),
            retry_after: None,
            configuration: None
        })
    );
    let seen = bench.script.seen.lock().unwrap();
    assert_eq!(seen[0].method(), "POST");
    assert_eq!(
        seen[0].uri().to_string(),
        format!(
            "https://management.azure.com{LEADER}/detachFollowerDatabases?api-version=2024-04-13"
        )
    );
    assert_eq!(seen[0].headers()["content-type"], "application/json");
    assert_eq!(
        serde_json::from_slice::<Value>(seen[0].body()).unwrap(),
        json!({"clusterResourceId": follower().to_string(), "attachedDatabaseConfigurationName": "conf 1"})
    );
    assert_eq!(
        *bench.script.observed.lock().unwrap(),
        [(ArmCall::DetachFollower, CallResult::Status(202))]
    );
}

#[tokio::test]
async fn a_detach_is_accepted_absent_refused_or_unclear() {
    let detach = |step| async move {
        Bench::new([step])
            .client
            .detach_follower(&leader(), &conf1())
            .await
    };
    assert!(matches!(
        detach(answer(200, "")).await.unwrap(),
        Deleted::Accepted(Accepted {
            operation: None,
            ..
        })
    ));
    for step in [
        answer(204, ""),
        error(404, "ResourceNotFound"),
        error(404, "ParentResourceNotFound"),
        error(404, "ResourceGroupNotFound"),
    ] {
        assert_eq!(detach(step).await.unwrap(), Deleted::Absent);
    }
    for (step, reason, outcome) in [
        (
            error(404, "SubscriptionNotFound"),
            "SubscriptionNotFound",
            WriteOutcome::NotApplied,
        ),
        (
            answer(404, "<html>"),
            "MalformedAnswer",
            WriteOutcome::NotApplied,
        ),
        (
            error(400, "BadRequest"),
            "RequestRejected",
            WriteOutcome::NotApplied,
        ),
        (
            error(409, "ScopeLocked"),
            "ScopeLocked",
            WriteOutcome::NotApplied,
        ),
        (answer(201, ""), "MalformedAnswer", WriteOutcome::Unknown),
        (
            answer(504, "<html>"),
            "ArmUnavailable",
            WriteOutcome::Unknown,
        ),
        (
            Step::Fail(TransportError::Interrupted("reset".into())),
            "ArmUnavailable",
            WriteOutcome::Unknown,
        ),
    ] {
        let failed = detach(step).await.unwrap_err();
        assert_eq!(
            (failed.reason(), failed.outcome()),
            (reason, outcome),
            "{failed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_detach_waits_as_long_as_a_write_and_a_list_as_a_read() {
    let bench = Bench::new([Step::Hang, Step::Hang]);
    let start = Instant::now();
    bench
        .client
        .detach_follower(&leader(), &conf1())
        .await
        .unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(75));
    let start = Instant::now();
    bench.client.followers(&leader()).await.unwrap_err();
    assert_eq!(start.elapsed(), Duration::from_secs(30));
}

#[tokio::test]
async fn a_throttled_post_holds_writes_and_a_held_call_keeps_its_own_intent() {
    let bench = Bench::new([
        error(429, "TooManyRequests"),
        answer(200, r#"{"value":[]}"#),
    ]);
    let client = &bench.client;
    let leader = leader();
    assert_eq!(
        client.followers(&leader).await.unwrap_err().class(),
        Class::Throttled
    );
    let held = client.detach_follower(&leader, &conf1()).await.unwrap_err();
    assert_eq!(
        (held.class(), held.outcome()),
        (Class::Throttled, WriteOutcome::NotApplied)
    );
    assert_eq!(bench.sent(), 1);
    // Reads of the same subscription go on.
    assert_eq!(client.databases(&leader).await.unwrap(), Some(Vec::new()));
}
