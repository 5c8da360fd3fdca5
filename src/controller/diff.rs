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
mod tests;
