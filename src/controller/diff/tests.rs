//! What is a difference and what is not.

use super::*;
use crate::{
    api::{AdoptionPolicy, DriftPolicy, PrincipalsModificationKind},
    controller::validate::Database,
};

const LEADER: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1";
const FOLLOWER: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1";

fn desired() -> Desired {
    Desired {
        configuration: FOLLOWER
            .parse::<ClusterId>()
            .unwrap()
            .configuration("sales")
            .unwrap(),
        leader: LEADER.parse().unwrap(),
        database: Database::One("Sales".into()),
        principals: PrincipalsModificationKind::Union,
        naming: Naming::Override("SalesRO".into()),
        sharing: Sharing {
            tables_to_include: vec!["Orders".into(), "Logs*".into()],
            ..Sharing::default()
        },
        drift_policy: DriftPolicy::Correct,
        adoption_policy: AdoptionPolicy::IfEqual,
        interval: None,
    }
}

fn live() -> Configuration {
    Configuration {
        leader_cluster: LEADER.replace("clusters", "Clusters"),
        database_name: "Sales".into(),
        principals_modification_kind: "Union".into(),
        database_name_override: Some("SalesRO".into()),
        database_name_prefix: None,
        sharing: Sharing {
            tables_to_include: vec!["Orders".into(), "Logs*".into()],
            ..Sharing::default()
        },
        attached_database_names: vec!["SalesRO".into()],
        provisioning_state: ProvisioningState::Succeeded,
        ..Configuration::default()
    }
}

#[test]
fn what_arm_writes_otherwise_is_no_difference() {
    for (reason, live) in [
        ("as recorded", live()),
        (
            "the leader's id in another case",
            Configuration {
                leader_cluster: LEADER.to_uppercase(),
                ..live()
            },
        ),
        (
            "the database in another case",
            Configuration {
                database_name: "sALES".into(),
                ..live()
            },
        ),
        (
            "the override in another case",
            Configuration {
                database_name_override: Some("salesro".into()),
                ..live()
            },
        ),
        (
            "lists in another order, with a repetition",
            Configuration {
                sharing: Sharing {
                    tables_to_include: vec!["Logs*".into(), "Orders".into(), "Orders".into()],
                    ..Sharing::default()
                },
                ..live()
            },
        ),
        (
            "a change in progress",
            Configuration {
                provisioning_state: ProvisioningState::InProgress("Accepted".into()),
                ..live()
            },
        ),
    ] {
        assert_eq!(compare(&desired(), &live), Comparison::Equal, "{reason}");
    }
}

fn edit(edit: fn(&mut Configuration)) -> Configuration {
    let mut live = live();
    edit(&mut live);
    live
}

/// Each edit is one difference, with this field and these values.
fn check(cases: Vec<(Configuration, &'static str, &str, &str)>) {
    for (live, field, wanted, observed) in cases {
        let expected = Difference {
            field,
            desired: wanted.into(),
            observed: observed.into(),
        };
        assert_eq!(
            compare(&desired(), &live),
            Comparison::Differs(vec![expected])
        );
    }
}

#[test]
fn each_mutable_field_is_named_with_both_values() {
    check(vec![
        (
            edit(|c| c.principals_modification_kind = "Replace".into()),
            "defaultPrincipalsModificationKind",
            "Union",
            "Replace",
        ),
        (
            edit(|c| c.database_name_override = None),
            "databaseNameOverride",
            "SalesRO",
            "",
        ),
        (
            edit(|c| c.database_name_prefix = Some("eu_".into())),
            "databaseNamePrefix",
            "",
            "eu_",
        ),
        (
            edit(|c| c.sharing.tables_to_include = vec![]),
            "tablesToInclude",
            "Logs*, Orders",
            "",
        ),
        (
            edit(|c| c.sharing.tables_to_include = vec!["orders".into(), "Logs*".into()]),
            "tablesToInclude",
            "Logs*, Orders",
            "Logs*, orders",
        ),
        (
            edit(|c| c.sharing.tables_to_exclude = vec!["T".into()]),
            "tablesToExclude",
            "",
            "T",
        ),
    ]);
}

#[test]
fn the_other_lists_and_a_failed_state_are_named_too() {
    check(vec![
        (
            edit(|c| c.sharing.external_tables_to_include = vec!["T".into()]),
            "externalTablesToInclude",
            "",
            "T",
        ),
        (
            edit(|c| c.sharing.external_tables_to_exclude = vec!["T".into()]),
            "externalTablesToExclude",
            "",
            "T",
        ),
        (
            edit(|c| c.sharing.materialized_views_to_include = vec!["T".into()]),
            "materializedViewsToInclude",
            "",
            "T",
        ),
        (
            edit(|c| c.sharing.materialized_views_to_exclude = vec!["T".into()]),
            "materializedViewsToExclude",
            "",
            "T",
        ),
        (
            edit(|c| c.sharing.functions_to_include = vec!["T".into()]),
            "functionsToInclude",
            "",
            "T",
        ),
        (
            edit(|c| c.sharing.functions_to_exclude = vec!["T".into()]),
            "functionsToExclude",
            "",
            "T",
        ),
        (
            edit(|c| c.provisioning_state = ProvisioningState::Failed),
            "provisioningState",
            "Succeeded",
            "Failed",
        ),
        (
            edit(|c| c.provisioning_state = ProvisioningState::Canceled),
            "provisioningState",
            "Succeeded",
            "Canceled",
        ),
    ]);
}

#[test]
fn another_leader_or_database_is_foreign_whatever_else_differs() {
    for (field, live) in [
        (
            "leader.clusterResourceId",
            Configuration {
                leader_cluster: FOLLOWER.into(),
                ..live()
            },
        ),
        (
            "leader.clusterResourceId",
            Configuration {
                leader_cluster: "not an id".into(),
                ..live()
            },
        ),
        (
            "leader.databaseName",
            Configuration {
                database_name: "*".into(),
                principals_modification_kind: "None".into(),
                ..live()
            },
        ),
    ] {
        let Comparison::Foreign(differences) = compare(&desired(), &live) else {
            panic!("{field}")
        };
        assert_eq!(
            differences
                .iter()
                .map(|difference| difference.field)
                .collect::<Vec<_>>(),
            [field]
        );
    }
}
