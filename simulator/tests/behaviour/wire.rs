//! Bodies and headers against recorded traffic (arm-kusto.md §2.2, §3.2, §4, §8).

use http::StatusCode;
use serde_json::json;

use crate::harness::{Harness, OPERATION, attach, cluster, configuration};

#[tokio::test(start_paused = true)]
async fn a_new_configuration_answers_201_in_the_callers_case_with_one_header() {
    let harness = Harness::new();
    let answer = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let expected = concat!(
        r#"{"id":"/subscriptions/S1/resourceGroups/Rg1/providers/Microsoft.Kusto/Clusters/follower1/AttachedDatabaseConfigurations/sales","#,
        r#""name":"follower1/sales","type":"Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations","location":"West Europe","#,
        r#""properties":{"databaseName":"Sales","clusterResourceId":"/subscriptions/S1/resourceGroups/Rg1/providers/Microsoft.Kusto/clusters/leader1","#,
        r#""defaultPrincipalsModificationKind":"Union","provisioningState":"Creating"}}"#,
    );
    assert_eq!(answer.text, expected);
    assert_eq!(answer.header("location"), None);
    assert_eq!(answer.header("retry-after"), None);
    assert!(answer.header("azure-asyncoperation").is_some());
    assert_eq!(
        answer.header("x-ms-ratelimit-remaining-subscription-resource-requests"),
        Some("199")
    );
}

#[tokio::test(start_paused = true)]
async fn a_finished_configuration_has_clusters_nulls_and_attached_names() {
    let harness = Harness::new();
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    let meanwhile = harness.get(&configuration("sales")).await;
    assert_eq!(meanwhile.at("/properties/provisioningState"), "Creating");
    assert_eq!(
        meanwhile.at("/properties/attachedDatabaseNames"),
        &json!(null)
    );
    harness.finish(&started).await;
    let answer = harness.get(&configuration("SALES")).await;
    let expected = concat!(
        r#"{"id":"/subscriptions/S1/resourceGroups/Rg1/providers/Microsoft.Kusto/Clusters/follower1/AttachedDatabaseConfigurations/sales","#,
        r#""name":"follower1/sales","type":"Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations","location":"West Europe","#,
        r#""properties":{"clusterResourceId":"/subscriptions/S1/resourceGroups/Rg1/providers/Microsoft.Kusto/Clusters/leader1","#,
        r#""databaseName":"Sales","attachedDatabaseNames":["Sales"],"defaultPrincipalsModificationKind":"Union","#,
        r#""tableLevelSharingProperties":null,"databaseNameOverride":null,"databaseNamePrefix":null,"provisioningState":"Succeeded"}}"#,
    );
    assert_eq!(answer.text, expected);
    assert_eq!(
        answer.header("x-ms-ratelimit-remaining-subscription-resource-requests"),
        Some("298")
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_answers_200_accepted_and_shows_the_old_values_until_it_ends() {
    let harness = Harness::new();
    harness.attached("sales", attach("Sales", json!({}))).await;
    let more = json!({"defaultPrincipalsModificationKind": "None", "tableLevelSharingProperties": {"tablesToInclude": ["A", "Logs*"]}});
    let started = harness
        .put(&configuration("sales"), attach("Sales", more))
        .await;
    assert_eq!(started.status, StatusCode::OK);
    assert_eq!(started.at("/properties/provisioningState"), "Accepted");
    assert_eq!(
        started.at("/properties/tableLevelSharingProperties"),
        &json!({"tablesToInclude": ["A", "Logs*"]})
    );
    let meanwhile = harness.get(&configuration("sales")).await;
    assert_eq!(meanwhile.at("/properties/provisioningState"), "Accepted");
    assert_eq!(
        meanwhile.at("/properties/defaultPrincipalsModificationKind"),
        "Union"
    );
    let status = harness.finish(&started).await;
    assert_eq!(
        status.at("/properties/operationKind"),
        "FollowerDatabaseCreate"
    );
    let after = harness.get(&configuration("sales")).await;
    assert_eq!(
        after.at("/properties/defaultPrincipalsModificationKind"),
        "None"
    );
    assert_eq!(
        after.at("/properties/tableLevelSharingProperties/tablesToInclude"),
        &json!(["A", "Logs*"])
    );
    assert_eq!(
        after.at("/properties/tableLevelSharingProperties/functionsToExclude"),
        &json!(null)
    );
}

#[tokio::test(start_paused = true)]
async fn a_delete_answers_202_with_both_headers_and_no_body_then_404_and_204() {
    let harness = Harness::new();
    harness.attached("sales", attach("Sales", json!({}))).await;
    let started = harness.delete(&configuration("sales")).await;
    assert_eq!(
        (started.status, started.text.as_str()),
        (StatusCode::ACCEPTED, "")
    );
    assert_eq!(started.header("retry-after"), None);
    assert_eq!(
        started.header("x-ms-ratelimit-remaining-subscription-deletes"),
        Some("199")
    );
    assert_eq!(
        started.header("x-ms-ratelimit-remaining-subscription-global-deletes"),
        Some("2999")
    );
    let location = started.header("location").unwrap().to_owned();
    assert!(location.contains("operationResultResponseType=Location"));

    let meanwhile = harness.get(&configuration("sales")).await;
    assert_eq!(meanwhile.at("/properties/provisioningState"), "Deleting");
    let polled = harness.get(&location).await;
    assert_eq!(
        (polled.status, polled.text.as_str()),
        (StatusCode::ACCEPTED, "")
    );
    assert_eq!(polled.header("location"), Some(location.as_str()));
    tokio::time::advance(OPERATION).await;
    let polled = harness.get(&location).await;
    assert_eq!((polled.status, polled.text.as_str()), (StatusCode::OK, ""));
    assert_eq!(
        harness
            .get(&started.poll_url())
            .await
            .at("/properties/operationKind"),
        "FollowerDatabaseDetach"
    );

    let gone = harness.get(&configuration("sales")).await;
    assert_eq!(
        (gone.status, gone.code()),
        (StatusCode::NOT_FOUND, "ResourceNotFound")
    );
    assert_eq!(
        harness.delete(&configuration("sales")).await.status,
        StatusCode::NO_CONTENT
    );
}

#[tokio::test(start_paused = true)]
async fn the_status_of_an_operation_has_the_recorded_shape() {
    let harness = Harness::new();
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    let url = started.poll_url();
    assert!(
        url.contains("/locations/West%20Europe/operationResults/"),
        "{url}"
    );
    assert!((3100..3500).contains(&url.len()), "{}", url.len());
    let running = harness.get(&url).await;
    let id = running.at("/name").as_str().unwrap().to_owned();
    assert_eq!(
        running.at("/id").as_str().unwrap(),
        format!(
            "/subscriptions/S1/providers/Microsoft.Kusto/locations/West Europe/operationresults/{id}"
        )
    );
    assert!(
        running.text.contains(r#""percentComplete":0.5"#),
        "{}",
        running.text
    );
    assert!(running.at("/endTime").as_str().unwrap().ends_with('Z'));
    assert_eq!(
        running.at("/properties"),
        &json!({"operationKind": "FollowerDatabaseCreate", "provisioningState": "Running", "operationState": "InProgress"})
    );
    assert!(running.header("x-ms-operation-root-activity-id").is_some());
    let done = harness.finish(&started).await;
    assert!(
        done.text.contains(r#""percentComplete":1.0"#),
        "{}",
        done.text
    );
    assert_eq!(done.at("/properties/operationState"), "Completed");
    assert_eq!(done.body.get("error"), None);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_has_an_etag_with_quotes_and_integers_for_enums() {
    let harness = Harness::new();
    let answer = harness.get(&cluster("FOLLOWER1")).await;
    assert_eq!(answer.at("/type"), "Microsoft.Kusto/Clusters");
    assert_eq!(answer.at("/properties/state"), "Running");
    assert_eq!(
        answer.at("/properties/calloutPolicies/0/calloutType"),
        &json!(1)
    );
    assert_eq!(
        answer.at("/properties/uri"),
        "https://follower1.westeurope.kusto.windows.net"
    );
    let etag = answer.at("/etag").as_str().unwrap();
    assert!(etag.starts_with('"') && etag.ends_with("Z\""), "{etag}");
    assert_eq!(answer.header("etag"), Some(etag));
}

#[tokio::test(start_paused = true)]
async fn tracing_headers_come_back_as_asked_for() {
    let harness = Harness::new();
    let mut request = harness.request("GET", &cluster("follower1"), None);
    request
        .headers_mut()
        .insert("x-ms-client-request-id", "c1".parse().unwrap());
    request
        .headers_mut()
        .insert("x-ms-correlation-request-id", "c2".parse().unwrap());
    let answer = harness.send(request).await;
    assert_eq!(answer.header("x-ms-client-request-id"), None);
    assert_eq!(answer.header("x-ms-correlation-request-id"), Some("c2"));
    for header in [
        "x-ms-request-id",
        "x-ms-routing-request-id",
        "x-ms-operation-identifier",
    ] {
        assert!(answer.header(header).is_some(), "{header}");
    }
    let mut request = harness.request("GET", &cluster("follower1"), None);
    request
        .headers_mut()
        .insert("x-ms-client-request-id", "c1".parse().unwrap());
    request
        .headers_mut()
        .insert("x-ms-return-client-request-id", "true".parse().unwrap());
    assert_eq!(
        harness.send(request).await.header("x-ms-client-request-id"),
        Some("c1")
    );
}

#[tokio::test(start_paused = true)]
async fn the_name_check_answers_as_recorded() {
    let harness = Harness::new();
    let path = format!(
        "{}/attachedDatabaseConfigurationCheckNameAvailability",
        cluster("follower1")
    );
    let body = |name: &str| json!({"name": name, "type": "Microsoft.Kusto/clusters/attachedDatabaseConfigurations"});
    let free = harness.post(&path, body("x")).await;
    assert_eq!(
        free.text,
        r#"{"name":"x","nameAvailable":true,"message":""}"#
    );
    assert_eq!(
        free.header("x-ms-ratelimit-remaining-subscription-writes"),
        Some("199")
    );
    harness.attached("sales", attach("Sales", json!({}))).await;
    let taken = harness.post(&path, body("Sales")).await;
    assert_eq!(
        (taken.at("/nameAvailable"), taken.at("/reason")),
        (&json!(false), &json!("AlreadyExists"))
    );
}
