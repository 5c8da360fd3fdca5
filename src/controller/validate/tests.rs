//! What a spec becomes, and what it is told when it can't be acted on.

use serde_json::{Value, json};

use super::*;

fn cluster(name: &str) -> String {
    format!(
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
    )
}

/// An object named sales whose spec is the smallest one with `changes` merged into it.
fn object(changes: Value) -> AttachedDatabase {
    let mut spec = json!({
        "follower": {"clusterResourceId": cluster("follower1")},
        "leader": {"clusterResourceId": cluster("leader1"), "databaseName": "Sales"},
    });
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    for (field, change) in changes {
        match (spec.get_mut(&field), change) {
            (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
            (_, change) => spec[field] = change,
        }
    }
    serde_json::from_value(json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": "sales", "namespace": "analytics"},
        "spec": spec,
    }))
    .unwrap()
}

fn all_databases() -> Value {
    json!({"databaseName": "*"})
}

fn tables(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("T{number}")).collect()
}

#[test]
fn the_smallest_spec_becomes_one_database_under_its_own_name() {
    let desired = validate(&object(json!({}))).unwrap();
    let follower: ClusterId = cluster("follower1").parse().unwrap();
    assert_eq!(
        desired,
        Desired {
            configuration: follower.configuration("sales").unwrap(),
            leader: cluster("leader1").parse().unwrap(),
            database: Database::One("Sales".into()),
            principals: PrincipalsModificationKind::Union,
            naming: Naming::Original,
            sharing: Sharing::default(),
            drift_policy: DriftPolicy::Correct,
            adoption_policy: AdoptionPolicy::IfEqual,
            interval: None,
        }
    );
}

#[test]
fn the_configuration_is_named_by_the_spec_else_by_the_object() {
    let name = |changes| {
        validate(&object(changes))
            .unwrap()
            .configuration
            .name()
            .to_owned()
    };
    assert_eq!(name(json!({})), "sales");
    assert_eq!(
        name(json!({"configurationName": "From Bicep"})),
        "From Bicep"
    );
}

#[test]
fn an_empty_name_is_an_absent_one() {
    for (changes, naming) in [
        (json!({}), Naming::Original),
        (
            json!({"databaseNameOverride": "", "databaseNamePrefix": ""}),
            Naming::Original,
        ),
        (
            json!({"databaseNameOverride": "RO"}),
            Naming::Override("RO".into()),
        ),
        (
            json!({"databaseNameOverride": "RO", "databaseNamePrefix": ""}),
            Naming::Override("RO".into()),
        ),
        (
            json!({"databaseNamePrefix": "eu_"}),
            Naming::Prefix("eu_".into()),
        ),
        (
            json!({"databaseNamePrefix": "eu_", "leader": all_databases()}),
            Naming::Prefix("eu_".into()),
        ),
        (
            json!({"databaseNameOverride": "", "leader": all_databases()}),
            Naming::Original,
        ),
    ] {
        assert_eq!(
            validate(&object(changes.clone())).unwrap().naming,
            naming,
            "{changes}"
        );
    }
}

#[test]
fn the_interval_is_read() {
    let interval = |changes| validate(&object(changes)).unwrap().interval;
    assert_eq!(interval(json!({})), None);
    assert_eq!(
        interval(json!({"interval": "1h30m"})),
        Some(Duration::from_mins(90))
    );
}

#[test]
fn each_sharing_list_goes_to_its_own_place() {
    let fields = [
        "tablesToInclude",
        "tablesToExclude",
        "externalTablesToInclude",
        "externalTablesToExclude",
        "materializedViewsToInclude",
        "materializedViewsToExclude",
        "functionsToInclude",
        "functionsToExclude",
    ];
    let declared: Value = fields
        .iter()
        .map(|field| (*field, json!([field])))
        .collect();
    let desired = validate(&object(json!({"tableLevelSharingProperties": declared}))).unwrap();
    let body = desired.request("West Europe").to_body();
    for field in fields {
        assert_eq!(
            body["properties"]["tableLevelSharingProperties"][field],
            json!([field])
        );
    }
    for (field, list) in desired.sharing.lists() {
        assert_eq!(list, [field]);
    }
}

#[test]
fn the_request_carries_what_is_declared_and_the_followers_region() {
    let request = |changes| validate(&object(changes)).unwrap().request("West Europe");
    let plain = request(json!({}));
    assert_eq!(plain.location, "West Europe");
    assert_eq!(plain.leader_cluster, cluster("leader1"));
    assert_eq!(
        (
            plain.database_name.as_str(),
            plain.principals_modification_kind.as_str()
        ),
        ("Sales", "Union")
    );
    assert_eq!(
        (plain.database_name_override, plain.database_name_prefix),
        (None, None)
    );

    let all = request(json!({
        "leader": all_databases(),
        "databaseNamePrefix": "eu_",
        "defaultPrincipalsModificationKind": "None",
    }));
    assert_eq!(
        (
            all.database_name.as_str(),
            all.principals_modification_kind.as_str()
        ),
        ("*", "None")
    );
    assert_eq!(all.database_name_prefix.as_deref(), Some("eu_"));

    let renamed = request(json!({"databaseNameOverride": "RO"}));
    assert_eq!(
        (
            renamed.database_name_override.as_deref(),
            renamed.database_name_prefix
        ),
        (Some("RO"), None)
    );
}

#[test]
fn a_broken_rule_is_told_with_the_field_and_what_to_do() {
    let one_too_many = json!({"tablesToInclude": tables(60), "functionsToExclude": tables(41)});
    let one_table = json!({"tablesToInclude": ["Orders"]});
    for (changes, message) in [
        (
            json!({"follower": {"clusterResourceId": "follower1"}}),
            "`spec.follower.clusterResourceId` `follower1` must be a cluster id: \
             /subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.Kusto/clusters/{name}",
        ),
        (
            json!({"leader": {"clusterResourceId": cluster("1st")}}),
            "`spec.leader.clusterResourceId` `/clusters/1st` must be 4 to 22 letters, digits or hyphens, \
             and must start with a letter",
        ),
        (
            json!({"leader": {"clusterResourceId": cluster("FOLLOWER1")}}),
            "`spec.leader.clusterResourceId` must be another cluster than `spec.follower.clusterResourceId`",
        ),
        (
            json!({"configurationName": "../other"}),
            "`spec.configurationName` `/attachedDatabaseConfigurations/../other` must be 1 to 40 letters, digits, spaces, \
             or the characters `._-`, must not be blank, and must not start with a period",
        ),
        (
            json!({"databaseNameOverride": "RO", "databaseNamePrefix": "eu_"}),
            "`spec.databaseNameOverride` and `spec.databaseNamePrefix` must not both be set",
        ),
        (
            json!({"databaseNameOverride": "RO", "leader": all_databases()}),
            "`spec.databaseNameOverride` must not be set when `spec.leader.databaseName` is \"*\"; \
             use `spec.databaseNamePrefix`",
        ),
        (
            json!({"tableLevelSharingProperties": one_table, "leader": all_databases()}),
            "`spec.tableLevelSharingProperties` must be empty when `spec.leader.databaseName` is \"*\"",
        ),
        (
            json!({"tableLevelSharingProperties": one_too_many}),
            "`spec.tableLevelSharingProperties` must have at most 100 entries in all lists together, not 101",
        ),
        (
            json!({"interval": "soon"}),
            "`spec.interval` must be a duration such as 90s, 10m or 1h30m",
        ),
        (
            json!({"interval": "25h"}),
            "`spec.interval` must be a duration from 1s to 24h",
        ),
    ] {
        let invalid = validate(&object(changes.clone())).unwrap_err();
        assert_eq!(invalid.to_string(), message, "{changes}");
    }
}

#[test]
fn the_limits_themselves_are_allowed() {
    for changes in [
        json!({"tableLevelSharingProperties": {"tablesToInclude": tables(60), "functionsToExclude": tables(40)}}),
        json!({"tableLevelSharingProperties": {"tablesToInclude": []}, "leader": all_databases()}),
        json!({"configurationName": "x".repeat(40)}),
        json!({"interval": "1s"}),
        json!({"interval": "24h"}),
    ] {
        assert!(validate(&object(changes.clone())).is_ok(), "{changes}");
    }
}

#[test]
fn the_policies_are_read() {
    use AdoptionPolicy::{Always, IfEqual, Never};
    use DriftPolicy::{Correct, Report};
    for (changes, drift, adoption) in [
        (json!({}), Correct, IfEqual),
        (
            json!({"driftPolicy": "Correct", "adoptionPolicy": "IfEqual"}),
            Correct,
            IfEqual,
        ),
        (json!({"driftPolicy": "Report"}), Report, IfEqual),
        (json!({"adoptionPolicy": "Never"}), Correct, Never),
        (
            json!({"driftPolicy": "Report", "adoptionPolicy": "Always"}),
            Report,
            Always,
        ),
    ] {
        let desired = validate(&object(changes.clone())).unwrap();
        assert_eq!(
            (desired.drift_policy, desired.adoption_policy),
            (drift, adoption),
            "{changes}"
        );
    }
}
