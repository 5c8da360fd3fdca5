//! The leader's list of followers, in both forms (arm-kusto.md §4.1).

use serde_json::{Value, json};

use super::super::*;

const FOLLOWER: &str =
    "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/Clusters/follower1";

fn item() -> Value {
    json!({"clusterResourceId": FOLLOWER, "attachedDatabaseConfigurationName": "conf1", "databaseName": "TestDb", "databaseShareOrigin": "Direct"})
}

#[test]
fn a_flat_item_and_a_nested_one_say_the_same() {
    let expected = FollowerRow {
        follower_cluster: FOLLOWER.to_owned(),
        configuration_name: "conf1".to_owned(),
        database_name: "TestDb".to_owned(),
        share_origin: ShareOrigin::Direct,
        sharing: Sharing::default(),
    };
    for body in [
        item(),
        json!({"properties": item()}),
        json!({"id": "x", "properties": item()}),
    ] {
        assert_eq!(
            serde_json::from_value::<FollowerRow>(body.clone()).unwrap(),
            expected,
            "{body}"
        );
    }
    let mut shared = item();
    shared["tableLevelSharingProperties"] = json!({"tablesToInclude": ["Orders"]});
    let read: FollowerRow = serde_json::from_value(shared).unwrap();
    assert_eq!(read.sharing.tables_to_include, ["Orders"]);
}

#[test]
fn an_origin_is_direct_unless_another_is_told() {
    let cases = [
        (json!("Direct"), ShareOrigin::Direct),
        (json!(null), ShareOrigin::Direct),
        (json!("dataShare"), ShareOrigin::DataShare),
        (json!("Other"), ShareOrigin::Other("Other".to_owned())),
        (json!("Fabric"), ShareOrigin::Other("Fabric".to_owned())),
    ];
    for (word, expected) in cases {
        let mut body = item();
        body["databaseShareOrigin"] = word.clone();
        let read: FollowerRow = serde_json::from_value(body).unwrap();
        assert_eq!(read.share_origin, expected, "{word}");
    }
}

#[test]
fn an_item_that_does_not_say_who_follows_what_is_refused() {
    for field in [
        "clusterResourceId",
        "attachedDatabaseConfigurationName",
        "databaseName",
    ] {
        for empty in [json!(null), json!("")] {
            let mut body = item();
            body[field] = empty;
            assert!(
                serde_json::from_value::<FollowerRow>(body.clone()).is_err(),
                "{body}"
            );
        }
    }
}
