//! Databases of both kinds (arm-kusto.md §5).

use serde_json::{Value, json};

use super::super::*;

const LEADER: &str =
    "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/Clusters/leader1";

fn followed() -> Value {
    json!({
        "id": "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/Clusters/follower1/Databases/SalesRO",
        "name": "follower1/SalesRO", "type": "Microsoft.Kusto/Clusters/Databases", "location": "East US",
        "kind": "ReadOnlyFollowing",
        "properties": {
            "provisioningState": "Succeeded", "softDeletePeriod": "P365D", "hotCachePeriod": "P31D",
            "statistics": {"size": 12_884_901_888.0}, "leaderClusterResourceId": LEADER,
            "attachedDatabaseConfigurationName": "conf1", "principalsModificationKind": "Union",
            "tableLevelSharingProperties": {"tablesToInclude": ["Orders"], "tablesToExclude": null},
            "originalDatabaseName": "Sales", "databaseShareOrigin": "Direct"
        }
    })
}

fn following(properties: &Value) -> Following {
    let body = json!({"name": "f/d", "kind": "ReadOnlyFollowing", "properties": properties});
    match serde_json::from_value::<Database>(body).unwrap().kind {
        DatabaseKind::Following(following) => following,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_followed_database_says_where_it_comes_from() {
    let expected = Database {
        name: "SalesRO".to_owned(),
        location: "East US".to_owned(),
        kind: DatabaseKind::Following(Following {
            configuration_name: "conf1".to_owned(),
            leader_cluster: LEADER.to_owned(),
            original_name: Some("Sales".to_owned()),
            principals_modification_kind: Some("Union".to_owned()),
            share_origin: ShareOrigin::Direct,
            sharing: Sharing {
                tables_to_include: vec!["Orders".to_owned()],
                ..Sharing::default()
            },
            hot_cache_period: Some("P31D".to_owned()),
            size_bytes: Some(12_884_901_888),
            suspended: false,
        }),
        provisioning_state: ProvisioningState::Succeeded,
    };
    assert_eq!(
        serde_json::from_value::<Database>(followed()).unwrap(),
        expected
    );
}

#[test]
fn a_database_of_the_clusters_own_tells_whether_it_is_followed() {
    let cases = [
        (json!({"isFollowed": true}), true),
        (json!({"isFollowed": false}), false),
        (json!({"isFollowed": null}), false),
        (json!({"statistics": {"size": 1.5}}), false),
        (json!(null), false),
    ];
    for (properties, is_followed) in cases {
        let read: Database = serde_json::from_value(
            json!({"name": "leader1/Sales", "location": "East US", "kind": "readwrite", "properties": properties}),
        )
        .unwrap();
        assert_eq!(
            read.kind,
            DatabaseKind::ReadWrite { is_followed },
            "{properties}"
        );
    }
}

#[test]
fn a_kind_of_the_future_is_kept_and_is_neither() {
    for (kind, word) in [
        (json!("ReadOnlyArchived"), "ReadOnlyArchived"),
        (json!(3), "3"),
        (json!(null), ""),
    ] {
        let mut body = followed();
        body["kind"] = kind;
        let read: Database = serde_json::from_value(body).unwrap();
        assert_eq!(read.kind, DatabaseKind::Other(word.to_owned()));
        assert_eq!(read.name, "SalesRO");
    }
}

#[test]
fn what_a_followed_database_does_not_say_is_empty() {
    let empty = Following::default();
    for properties in [
        json!(null),
        json!({}),
        json!({"statistics": null, "suspensionDetails": null, "tableLevelSharingProperties": null, "hotCachePeriod": null}),
        json!({"statistics": {}, "suspensionDetails": {"suspensionStartDate": null}, "originalDatabaseName": ""}),
    ] {
        assert_eq!(following(&properties), empty, "{properties}");
    }
}

#[test]
fn a_size_is_whole_bytes_or_unknown() {
    let cases = [
        (json!(0), Some(0)),
        (json!(1024), Some(1024)),
        (json!(1024.0), Some(1024)),
        (json!(2.5e12), Some(2_500_000_000_000)),
        (json!(-1.0), None),
        (json!(1e300), None),
        (json!("1024"), None),
        (json!(null), None),
    ];
    for (size, expected) in cases {
        let read = following(&json!({"statistics": {"size": size}}));
        assert_eq!(read.size_bytes, expected, "{size}");
    }
}

#[test]
fn a_database_is_suspended_since_a_date() {
    let read =
        following(&json!({"suspensionDetails": {"suspensionStartDate": "2026-01-01T00:00:00Z"}}));
    assert!(read.suspended);
}

#[test]
fn a_body_without_a_name_is_no_database() {
    for body in [
        json!({}),
        json!({"value": []}),
        json!({"name": "", "kind": "ReadWrite"}),
    ] {
        assert!(
            serde_json::from_value::<Database>(body.clone()).is_err(),
            "{body}"
        );
    }
    let by_id: Database =
        serde_json::from_value(json!({"id": "/x/Databases/Sales", "kind": "ReadWrite"})).unwrap();
    assert_eq!(by_id.name, "Sales");
}
