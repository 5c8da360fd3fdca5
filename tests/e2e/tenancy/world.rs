//! What the teams have in Azure, and what they declare. Pure.

use serde_json::{Value, json};

use super::witness::{OPERATOR, TEAM_A, TEAM_B};
use crate::stage::SUBSCRIPTION;

/// The one tenant.
pub(crate) const TENANT: &str = "11111111-1111-4111-8111-111111111111";
/// The client secret of the operator's own identity.
pub(crate) const OPERATOR_SECRET: &str = "the-secret-of-the-operator";

/// The id of a cluster, which lies in the resource group of its last letter: `follower-a` in `rg-a`.
pub(crate) fn cluster(name: &str) -> String {
    let team = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let team = team.rsplit('-').next().unwrap().to_ascii_lowercase();
    format!("{SUBSCRIPTION}/resourceGroups/rg-{team}/providers/Microsoft.Kusto/clusters/{name}")
}

/// The id of a configuration.
pub(crate) fn configuration(follower: &str, name: &str) -> String {
    format!(
        "{}/attachedDatabaseConfigurations/{name}",
        cluster(follower)
    )
}

/// An object of `team-<team>` that attaches a database of the team's leader to its follower, with the team's own identity
/// if it has one.
pub(crate) fn object(team: &str, name: &str, database: &str) -> Value {
    let mut object = json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": name, "namespace": format!("team-{team}")},
        "spec": {
            "follower": {"clusterResourceId": cluster(&format!("follower-{team}"))},
            "leader": {"clusterResourceId": cluster(&format!("leader-{team}")), "databaseName": database},
            "interval": "1s",
        },
    });
    if matches!(team, "a" | "b") {
        object["spec"]["serviceAccountName"] = json!("adx");
    }
    object
}

/// The same object with other values at some paths of its spec, as in `("/leader/databaseName", "*")`; a null removes.
pub(crate) fn with(mut object: Value, changes: &[(&str, Value)]) -> Value {
    for (path, value) in changes {
        let (parent, field) = path.rsplit_once('/').unwrap();
        let parent = object.pointer_mut(&format!("/spec{parent}")).unwrap();
        parent[field] = value.clone();
    }
    object
}

/// The same object in another team's namespace.
pub(crate) fn moved(mut object: Value, team: &str) -> Value {
    object["metadata"]["namespace"] = json!(format!("team-{team}"));
    object
}

/// The spec of team c's policy.
pub(crate) fn policy_of_c() -> Value {
    json!({
        "namespaces": {"matchLabels": {"team": "c"}},
        "followers": [cluster("follower-c")],
        "leaders": [{"scope": format!("{SUBSCRIPTION}/resourceGroups/rg-c"), "databases": ["Logs*"]}],
    })
}

/// A resource group for each team: roles on groups, since that is where Azure looks for those of operations. The
/// operator's own identity may do everything everywhere, so that nothing but policies keeps it from anything.
pub(crate) fn world() -> Value {
    let located = |name: &str| json!({"id": cluster(name), "location": "West Europe"});
    let leader = |name: &str, databases: &[&str]| {
        let databases: Vec<Value> = databases
            .iter()
            .map(|name| json!({"name": name, "tables": ["Public", "Private"]}))
            .collect();
        json!({"id": cluster(name), "location": "West Europe", "databases": databases})
    };
    let contributor = |principal: &str, group: &str| json!({"principal": principal, "scope": format!("{SUBSCRIPTION}{group}"), "role": "Contributor"});
    json!({
        "clusters": [
            located("follower-a"), leader("leader-a", &["Sales", "Secret"]),
            located("follower-b"), leader("leader-b", &["Web"]),
            located("follower-c"), leader("leader-c", &["LogsUs", "LogsEu", "Traces", "Hidden"]),
            located("follower-c2"),
        ],
        // Made in the portal: no object declares it.
        "configurations": [{
            "id": configuration("follower-a", "portal"),
            "properties": {"clusterResourceId": cluster("leader-a"), "databaseName": "Secret"},
        }],
        "tenants": [{"tenantId": TENANT, "subscriptions": [SUBSCRIPTION.trim_start_matches("/subscriptions/")]}],
        "identities": [
            {"clientId": TEAM_A, "federatedSubjects": ["system:serviceaccount:team-a:adx"]},
            {"clientId": TEAM_B, "federatedSubjects": ["system:serviceaccount:team-b:adx"]},
            {"clientId": OPERATOR, "secret": OPERATOR_SECRET, "federatedSubjects": []},
        ],
        "roleAssignments": [
            contributor(TEAM_A, "/resourceGroups/rg-a"),
            contributor(TEAM_B, "/resourceGroups/rg-b"),
            contributor(OPERATOR, ""),
        ],
    })
}
