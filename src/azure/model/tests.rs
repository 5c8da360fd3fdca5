//! Bodies as recorded in real traffic (arm-kusto.md §2.2 and §4), and as they might get worse.

use serde_json::json;

use super::*;

mod databases;
mod followers;

const LEADER: &str =
    "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/clusters/leader1";

const PUT_ANSWER: &str = r#"{"location":"East US","properties":{"databaseName":"db1","clusterResourceId":"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/clusters/leader1","defaultPrincipalsModificationKind":"Union","provisioningState":"Creating"}}"#;

const GET_ANSWER: &str = r#"{"id":"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/Clusters/follower1/AttachedDatabaseConfigurations/conf1","name":"follower1/conf1","type":"Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations","location":"East US","properties":{"clusterResourceId":"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/Clusters/leader1","databaseName":"db1","attachedDatabaseNames":["db1"],"defaultPrincipalsModificationKind":"Union","tableLevelSharingProperties":null,"databaseNameOverride":null,"databaseNamePrefix":null,"provisioningState":"Succeeded"}}"#;

fn request() -> ConfigurationRequest {
    ConfigurationRequest {
        location: "East US".to_owned(),
        leader_cluster: LEADER.to_owned(),
        database_name: "db1".to_owned(),
        principals_modification_kind: "Union".to_owned(),
        database_name_override: None,
        database_name_prefix: None,
        sharing: Sharing::default(),
    }
}

fn configuration(properties: &Value) -> Result<Configuration, serde_json::Error> {
    serde_json::from_value(json!({"properties": properties}))
}

fn cluster(properties: &Value) -> Result<Cluster, serde_json::Error> {
    serde_json::from_value(json!({"location": "East US", "properties": properties}))
}

#[test]
fn the_smallest_request_is_the_recorded_one() {
    let recorded: Value = serde_json::from_str(&format!(
        r#"{{"location":"East US","properties":{{"databaseName":"db1","clusterResourceId":"{LEADER}","defaultPrincipalsModificationKind":"Union"}}}}"#
    ))
    .unwrap();
    assert_eq!(request().to_body(), recorded);
}

#[test]
fn a_full_request_names_what_is_set_and_leaves_empty_lists_out() {
    let mut full = request();
    full.database_name_override = Some("SalesRO".to_owned());
    full.database_name_prefix = Some("eu_".to_owned());
    full.sharing.tables_to_include = vec!["Orders".to_owned(), "Logs*".to_owned()];
    full.sharing.functions_to_exclude = vec!["*".to_owned()];
    let properties = full.to_body()["properties"].clone();
    assert_eq!(properties["databaseNameOverride"], "SalesRO");
    assert_eq!(properties["databaseNamePrefix"], "eu_");
    assert_eq!(
        properties["tableLevelSharingProperties"],
        json!({"tablesToInclude": ["Orders", "Logs*"], "functionsToExclude": ["*"]})
    );
}

#[test]
fn what_is_taken_away_is_absent_so_that_the_put_clears_it() {
    let mut shared = request();
    shared.sharing.tables_to_include = vec!["Orders".to_owned()];
    assert!(
        shared.to_body()["properties"]
            .get("tableLevelSharingProperties")
            .is_some()
    );
    shared.sharing = Sharing::default();
    assert!(
        shared.to_body()["properties"]
            .get("tableLevelSharingProperties")
            .is_none()
    );
}

#[test]
fn the_eight_lists_round_trip_under_arms_names() {
    let names = Sharing::default().lists().map(|(name, _)| name);
    for name in names {
        let sharing: Sharing = serde_json::from_value(json!({name: ["x"]})).unwrap();
        assert_eq!(sharing.to_body(), json!({name: ["x"]}));
        assert!(!sharing.is_empty());
        let filled: Vec<&str> = sharing
            .lists()
            .into_iter()
            .filter(|(_, names)| !names.is_empty())
            .map(|(name, _)| name)
            .collect();
        assert_eq!(filled, [name]);
    }
}

#[test]
fn the_recorded_put_answer_is_in_progress() {
    let read: Configuration = serde_json::from_str(PUT_ANSWER).unwrap();
    assert_eq!(
        read.provisioning_state,
        ProvisioningState::InProgress("Creating".to_owned())
    );
    assert_eq!(read.leader_cluster, LEADER);
    assert_eq!(read.attached_database_names, Vec::<String>::new());
    assert!(read.sharing.is_empty());
}

#[test]
fn the_recorded_get_answer_reads_nulls_as_unset() {
    let read: Configuration = serde_json::from_str(GET_ANSWER).unwrap();
    let expected = Configuration {
        name: "conf1".to_owned(),
        leader_cluster: LEADER.replace("clusters", "Clusters"),
        database_name: "db1".to_owned(),
        principals_modification_kind: "Union".to_owned(),
        database_name_override: None,
        database_name_prefix: None,
        sharing: Sharing::default(),
        attached_database_names: vec!["db1".to_owned()],
        provisioning_state: ProvisioningState::Succeeded,
        changed: None,
    };
    assert_eq!(read, expected);
}

#[test]
fn empty_null_and_absent_are_one() {
    let minimal = json!({"clusterResourceId": LEADER, "databaseName": "db1", "defaultPrincipalsModificationKind": "None"});
    let bare = configuration(&minimal).unwrap();
    assert_eq!(bare.provisioning_state, ProvisioningState::Succeeded);
    let additions = [
        json!({"databaseNameOverride": "", "databaseNamePrefix": ""}),
        json!({"databaseNameOverride": null, "provisioningState": null, "attachedDatabaseNames": null}),
        json!({"tableLevelSharingProperties": {}}),
        json!({"tableLevelSharingProperties": {"tablesToInclude": null, "functionsToExclude": []}}),
        json!({"tableLevelSharingProperties": null, "aFieldFromTheFuture": {"x": 1}}),
    ];
    for addition in additions {
        let mut body = minimal.clone();
        body.as_object_mut()
            .unwrap()
            .extend(addition.as_object().unwrap().clone());
        assert_eq!(configuration(&body).unwrap(), bare, "with {addition}");
    }
}

#[test]
fn a_body_that_says_nothing_is_no_configuration() {
    for body in [
        "{}",
        "null",
        "[]",
        "\"\"",
        r#"{"properties":{}}"#,
        r#"{"properties":null}"#,
        r#"{"value":[]}"#,
    ] {
        assert!(
            serde_json::from_str::<Configuration>(body).is_err(),
            "{body}"
        );
        assert!(serde_json::from_str::<Cluster>(body).is_err(), "{body}");
    }
}

#[test]
fn only_three_words_are_final() {
    let cases = [
        (json!(null), ProvisioningState::Succeeded),
        (json!("Succeeded"), ProvisioningState::Succeeded),
        (json!("succeeded"), ProvisioningState::Succeeded),
        (json!("Failed"), ProvisioningState::Failed),
        (json!("Canceled"), ProvisioningState::Canceled),
        (
            json!("Accepted"),
            ProvisioningState::InProgress("Accepted".to_owned()),
        ),
        (
            json!("Moving"),
            ProvisioningState::InProgress("Moving".to_owned()),
        ),
        (
            json!("Hibernating"),
            ProvisioningState::InProgress("Hibernating".to_owned()),
        ),
        (json!(3), ProvisioningState::InProgress("3".to_owned())),
    ];
    for (word, expected) in cases {
        let read = cluster(&json!({"state": "Running", "provisioningState": word})).unwrap();
        assert_eq!(read.provisioning_state, expected, "{word}");
    }
}

#[test]
fn every_known_state_keeps_its_word_and_an_unknown_one_too() {
    for known in ClusterState::KNOWN {
        let read = cluster(&json!({"state": known.as_str().to_lowercase()})).unwrap();
        assert_eq!(read.state, known);
    }
    let other = cluster(&json!({"state": "Hibernated"})).unwrap().state;
    assert_eq!(other, ClusterState::Other("Hibernated".to_owned()));
    assert_eq!(other.to_string(), "Hibernated");
    assert_eq!(
        cluster(&json!({"state": 7})).unwrap().state,
        ClusterState::Other("7".to_owned())
    );
    assert!(
        cluster(&json!({"state": null})).is_err(),
        "a cluster without a state must not look usable"
    );
}

#[test]
fn a_cluster_with_integers_where_the_schema_has_words_is_read() {
    let read: Cluster = serde_json::from_value(json!({
        "id": "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/Clusters/follower1",
        "name": "follower1", "type": "Microsoft.Kusto/Clusters", "location": "East US",
        "etag": "\"2024-12-01T02:07:25.8512192Z\"",
        "sku": {"name": "Standard_E2a_v4", "tier": "Standard", "capacity": 2},
        "properties": {
            "state": "Stopped", "stateReason": "The cluster was stopped by auto-stop", "provisioningState": "Succeeded",
            "uri": "https://follower1.eastus.kusto.windows.net", "keyVaultProperties": null,
            "calloutPolicies": [{"calloutUriRegex": "*", "calloutType": 1, "outboundAccess": 0}]
        }
    }))
    .unwrap();
    assert_eq!(read.state, ClusterState::Stopped);
    assert_eq!(
        read.state_reason.as_deref(),
        Some("The cluster was stopped by auto-stop")
    );
    assert_eq!(read.location, "East US");
}

#[test]
fn a_configuration_goes_by_the_last_part_of_its_name_or_id() {
    let properties = json!({"clusterResourceId": LEADER, "databaseName": "db1", "defaultPrincipalsModificationKind": "None"});
    let id = "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/Clusters/f1/AttachedDatabaseConfigurations/by id";
    let cases = [
        (json!({"name": "f1/conf 1", "id": id}), "conf 1"),
        (json!({"name": "conf1"}), "conf1"),
        (json!({"name": "", "id": id}), "by id"),
        (json!({"name": null, "id": id}), "by id"),
        (json!({"id": id}), "by id"),
        (json!({}), ""),
        (json!({"name": "f1/"}), ""),
    ];
    for (mut body, name) in cases {
        body["properties"] = properties.clone();
        let read: Configuration = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(read.name, name, "{body}");
    }
}

#[test]
fn who_changed_a_configuration_is_told_as_far_as_arm_tells() {
    let change = |by: Option<&str>, at: Option<&str>| {
        Some(Change {
            by: by.map(str::to_owned),
            at: at.map(str::to_owned),
        })
    };
    let at = "2026-01-02T03:04:05.1234567Z";
    let cases = [
        (
            json!({"createdBy": "c", "lastModifiedBy": "a@example.com", "lastModifiedByType": "User", "lastModifiedAt": at}),
            change(Some("a@example.com"), Some(at)),
        ),
        (json!({"lastModifiedAt": at}), change(None, Some(at))),
        (
            json!({"lastModifiedBy": "a", "lastModifiedAt": ""}),
            change(Some("a"), None),
        ),
        (json!({"createdBy": "c"}), None),
        (json!({}), None),
        (json!(null), None),
    ];
    for (system_data, expected) in cases {
        let read: Configuration = serde_json::from_value(json!({
            "systemData": system_data,
            "properties": {"clusterResourceId": LEADER, "databaseName": "db1", "defaultPrincipalsModificationKind": "None"}
        }))
        .unwrap();
        assert_eq!(read.changed, expected, "{system_data}");
    }
}

#[test]
fn a_cluster_streams_when_it_says_so_and_has_a_key_when_it_names_one() {
    let cases = [
        (json!({}), (false, false)),
        (json!({"enableStreamingIngest": true}), (true, false)),
        (json!({"enableStreamingIngest": "True"}), (true, false)),
        (json!({"enableStreamingIngest": false}), (false, false)),
        (
            json!({"enableStreamingIngest": null, "keyVaultProperties": null}),
            (false, false),
        ),
        (json!({"keyVaultProperties": {}}), (false, false)),
        (
            json!({"keyVaultProperties": {"keyName": "", "keyVaultUri": ""}}),
            (false, false),
        ),
        (
            json!({"keyVaultProperties": {"keyName": "key", "keyVersion": "1", "keyVaultUri": "https://v.vault.azure.net"}}),
            (false, true),
        ),
    ];
    for (mut properties, expected) in cases {
        properties["state"] = json!("Running");
        let read = cluster(&properties).unwrap();
        assert_eq!(
            (read.streaming_ingest, read.customer_managed_key),
            expected,
            "{properties}"
        );
    }
}
