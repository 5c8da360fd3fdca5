//! Compares what is declared with what ARM shows, as ARM compares. Pure.
//!
//! Ids and database names without regard to case, null = absent = empty, lists as sets: a GET after
//! a PUT comes back with `Clusters` for `clusters` and explicit nulls (arm-kusto.md §2.2), and none
//! of this is a difference.

use std::collections::BTreeSet;

use crate::azure::{
    id::ClusterId,
    model::{Configuration, ProvisioningState, Sharing},
};

use super::validate::{Desired, Naming};

/// One field that is not as declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// ARM's name of the field, as in the spec.
    pub field: &'static str,
    /// The declared value; empty for absent.
    pub desired: String,
    /// The live value; empty for absent.
    pub observed: String,
}

/// How a live configuration relates to the declared one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Nothing to change.
    Equal,
    /// A PUT makes it equal.
    Differs(Vec<Difference>),
    /// It follows something else. ARM refuses to change the leader of a configuration
    /// (`CannotAlterFollowerDatabase`, arm-kusto.md §2.3), so no PUT can help.
    Foreign(Vec<Difference>),
}

/// Compares `live` with `desired`.
///
/// A configuration whose last operation failed or was cancelled differs in `provisioningState`,
/// whatever its other fields say. One that is still in progress is compared by its fields.
#[must_use]
pub fn compare(desired: &Desired, live: &Configuration) -> Comparison {
    let identity = identity_differences(desired, live);
    if !identity.is_empty() {
        return Comparison::Foreign(identity);
    }
    let mut differences = Vec::new();
    let mut text = |field: &'static str, desired: &str, observed: &str| {
        if !desired.eq_ignore_ascii_case(observed) {
            differences.push(Difference {
                field,
                desired: desired.to_owned(),
                observed: observed.to_owned(),
            });
        }
    };
    let (name, prefix) = match &desired.naming {
        Naming::Original => ("", ""),
        Naming::Override(name) => (name.as_str(), ""),
        Naming::Prefix(prefix) => ("", prefix.as_str()),
    };
    text(
        "defaultPrincipalsModificationKind",
        desired.principals.as_str(),
        &live.principals_modification_kind,
    );
    text(
        "databaseNameOverride",
        name,
        live.database_name_override.as_deref().unwrap_or_default(),
    );
    text(
        "databaseNamePrefix",
        prefix,
        live.database_name_prefix.as_deref().unwrap_or_default(),
    );
    match &live.provisioning_state {
        ProvisioningState::Failed => text("provisioningState", "Succeeded", "Failed"),
        ProvisioningState::Canceled => text("provisioningState", "Succeeded", "Canceled"),
        ProvisioningState::Succeeded | ProvisioningState::InProgress(_) => {}
    }
    differences.extend(sharing_differences(&desired.sharing, &live.sharing));
    if differences.is_empty() {
        Comparison::Equal
    } else {
        Comparison::Differs(differences)
    }
}

/// Whether `live` follows another leader or database than declared.
fn identity_differences(desired: &Desired, live: &Configuration) -> Vec<Difference> {
    let mut differences = Vec::new();
    let same_leader = live
        .leader_cluster
        .parse::<ClusterId>()
        .is_ok_and(|leader| leader == desired.leader);
    if !same_leader {
        differences.push(Difference {
            field: "leader.clusterResourceId",
            desired: desired.leader.to_string(),
            observed: live.leader_cluster.clone(),
        });
    }
    // Database names are case-insensitive (arm-kusto.md §12).
    if !live
        .database_name
        .eq_ignore_ascii_case(desired.database.as_str())
    {
        differences.push(Difference {
            field: "leader.databaseName",
            desired: desired.database.as_str().to_owned(),
            observed: live.database_name.clone(),
        });
    }
    differences
}

fn sharing_differences(desired: &Sharing, live: &Sharing) -> Vec<Difference> {
    desired
        .lists()
        .into_iter()
        .zip(live.lists())
        .filter_map(|((field, desired), (_, observed))| {
            // Entity names are case-sensitive (arm-kusto.md §12).
            let (desired, observed) = (as_set(desired), as_set(observed));
            (desired != observed).then(|| Difference {
                field,
                desired: listed(&desired),
                observed: listed(&observed),
            })
        })
        .collect()
}

fn as_set(list: &[String]) -> BTreeSet<&str> {
    list.iter().map(String::as_str).collect()
}

fn listed(set: &BTreeSet<&str>) -> String {
    let names: Vec<&str> = set.iter().copied().collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::PrincipalsModificationKind, controller::validate::Database};

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

    #[test]
    fn each_mutable_field_is_named_with_both_values() {
        let edit = |edit: fn(&mut Configuration)| {
            let mut live = live();
            edit(&mut live);
            live
        };
        for (live, field, wanted, observed) in [
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
        ] {
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
}
