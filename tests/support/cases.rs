//! What the CRDs accept and refuse, by example: one table for the in-process evaluation and for a real API server.
//!
//! Every rule and every bound of `spec` has at least one refused and one accepted example; `tests/cel.rs` proves that.
#![allow(
    clippy::indexing_slicing,
    dead_code,
    unused_imports,
    reason = "indexing a JSON value creates what is absent; each test that includes this uses a part"
)]

use serde_json::{Value, json};

#[path = "cases/names.rs"]
mod names;
#[path = "cases/policies.rs"]
mod policies;
#[path = "cases/relations.rs"]
mod relations;
#[path = "cases/updates.rs"]
mod updates;

pub(crate) use policies::{policies, policy};

/// An example.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// A sentence that says what is shown.
    pub(crate) name: String,
    /// The object to create, or to replace `old` with.
    pub(crate) object: Value,
    /// The object that exists already, if the example is an update.
    pub(crate) old: Option<Value>,
    /// Part of the message with which the API server refuses, `None` if it accepts.
    pub(crate) rejected: Option<&'static str>,
    /// Whether the in-process evaluator cannot run what this example needs.
    pub(crate) server_only: bool,
}

const SUBSCRIPTION: &str = "/subscriptions/11111111-2222-3333-4444-555555555555";
const FOLLOWER: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1";
const LEADER: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1";

/// The lists of `tableLevelSharingProperties`.
pub(crate) const SHARING_LISTS: [&str; 8] = [
    "tablesToInclude",
    "tablesToExclude",
    "externalTablesToInclude",
    "externalTablesToExclude",
    "materializedViewsToInclude",
    "materializedViewsToExclude",
    "functionsToInclude",
    "functionsToExclude",
];

/// The smallest valid object, named `sales` and without a namespace, with `edits` applied: a dotted path and the value to
/// put there, `Value::Null` to remove it.
pub(crate) fn object(edits: &[(&str, Value)]) -> Value {
    let object = json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": "sales"},
        "spec": {
            "follower": {"clusterResourceId": FOLLOWER},
            "leader": {"clusterResourceId": LEADER, "databaseName": "Sales"},
        },
    });
    edited(object, edits)
}

fn edited(mut object: Value, edits: &[(&str, Value)]) -> Value {
    for (path, value) in edits {
        let (parents, last) = path.rsplit_once('.').unwrap_or(("", path));
        let parent = parents
            .split('.')
            .filter(|name| !name.is_empty())
            .fold(&mut object, |at, name| &mut at[name]);
        match value {
            Value::Null => drop(parent.as_object_mut().and_then(|map| map.remove(last))),
            Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_)
            | Value::Object(_) => {
                parent[last] = value.clone();
            }
        }
    }
    object
}

fn accept(name: impl Into<String>, edits: &[(&str, Value)]) -> Case {
    Case {
        name: name.into(),
        object: object(edits),
        old: None,
        rejected: None,
        server_only: false,
    }
}

fn reject(name: impl Into<String>, part: &'static str, edits: &[(&str, Value)]) -> Case {
    Case {
        rejected: Some(part),
        ..accept(name, edits)
    }
}

fn update(case: Case, old: &[(&str, Value)]) -> Case {
    Case {
        old: Some(object(old)),
        ..case
    }
}

/// Examples of one string field: accepted values, then refused ones with a part of the message.
fn values(field: &'static str, accepted: &[&str], rejected: &[(&str, &'static str)]) -> Vec<Case> {
    let path = format!("spec.{field}");
    let shown = |value: &str| value.chars().take(60).collect::<String>();
    let accepted = accepted.iter().map(|value| {
        accept(
            format!("{field}: {:?} is accepted", shown(value)),
            &[(&path, json!(value))],
        )
    });
    let rejected = rejected.iter().map(|(value, part)| {
        reject(
            format!("{field}: {:?} is refused", shown(value)),
            part,
            &[(&path, json!(value))],
        )
    });
    accepted.chain(rejected).collect()
}

/// All examples of an `AttachedDatabase`.
pub(crate) fn cases() -> Vec<Case> {
    [
        names::cluster_ids(
            "follower.clusterResourceId",
            "`follower.clusterResourceId` must be the resource ID",
        ),
        names::cluster_ids(
            "leader.clusterResourceId",
            "`leader.clusterResourceId` must be the resource ID",
        ),
        presence(),
        names::names(),
        choices(),
        relations::renaming(),
        relations::sharing(),
        updates::updates(),
    ]
    .concat()
}

fn presence() -> Vec<Case> {
    vec![
        accept("the two clusters and the database are enough", &[]),
        reject(
            "spec is required",
            "spec: Required value",
            &[("spec", Value::Null)],
        ),
        reject(
            "follower is required",
            "follower: Required value",
            &[("spec.follower", Value::Null)],
        ),
        reject(
            "leader is required",
            "leader: Required value",
            &[("spec.leader", Value::Null)],
        ),
        reject(
            "the follower's id is required",
            "clusterResourceId: Required value",
            &[("spec.follower.clusterResourceId", Value::Null)],
        ),
        reject(
            "the leader's id is required",
            "clusterResourceId: Required value",
            &[("spec.leader.clusterResourceId", Value::Null)],
        ),
        reject(
            "the database is required",
            "databaseName: Required value",
            &[("spec.leader.databaseName", Value::Null)],
        ),
        reject(
            "a cluster cannot follow itself, whatever the case of its id",
            "because a cluster cannot follow itself",
            &[(
                "spec.leader.clusterResourceId",
                json!(FOLLOWER.to_uppercase()),
            )],
        ),
        accept(
            "clusters of one name in two resource groups are two clusters",
            &[(
                "spec.leader.clusterResourceId",
                json!(FOLLOWER.replace("rg1", "rg2")),
            )],
        ),
        reject(
            "suspend is true or false",
            "must be of type boolean",
            &[("spec.suspend", json!("yes"))],
        ),
        accept("suspend may be set", &[("spec.suspend", json!(true))]),
        Case {
            object: {
                let mut object = object(&[]);
                for field in [
                    "databaseNameOverride",
                    "tableLevelSharingProperties",
                    "driftPolicy",
                    "interval",
                ] {
                    object["spec"][field] = Value::Null;
                }
                object
            },
            ..accept("null is the same as absent", &[])
        },
    ]
}

fn choices() -> Vec<Case> {
    const UNSUPPORTED: &str = "Unsupported value";
    [
        values(
            "defaultPrincipalsModificationKind",
            &["Union", "Replace", "None"],
            &[("union", UNSUPPORTED), ("", UNSUPPORTED)],
        ),
        values(
            "driftPolicy",
            &["Correct", "Report"],
            &[("Ignore", UNSUPPORTED)],
        ),
        values(
            "adoptionPolicy",
            &["Never", "IfEqual", "Always"],
            &[("IfSame", UNSUPPORTED)],
        ),
        values(
            "deletionPolicy",
            &["Detach", "Orphan"],
            &[("Delete", UNSUPPORTED)],
        ),
    ]
    .concat()
}
