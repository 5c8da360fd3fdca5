//! Tests of reading and patching worlds.

use serde_json::{Value, json};

use super::*;

const LEADER: &str =
    "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1";
const FOLLOWER: &str =
    "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1";

fn document() -> Value {
    json!({
        "clusters": [
            {"id": LEADER, "location": "West Europe", "databases": [{"name": "Sales", "tables": ["Orders"]}, {"name": "Stock"}]},
            {"id": FOLLOWER, "location": "West Europe"},
        ],
        "configurations": [{
            "id": format!("{FOLLOWER}/attachedDatabaseConfigurations/sales"),
            "properties": {"databaseName": "Sales", "clusterResourceId": LEADER, "tableLevelSharingProperties": {"tablesToInclude": ["Orders"]}},
        }],
        "roleAssignments": [{"principal": "me", "scope": "/subscriptions/s1", "role": "contributor"}],
    })
}

fn world() -> World {
    World::from_json(document()).unwrap()
}

fn patched(patch: Value) -> Result<World, WorldError> {
    World::patched(serde_json::to_value(world()).unwrap(), patch)
}

#[test]
fn a_world_read_back_is_the_same_world() {
    assert_eq!(
        World::from_json(serde_json::to_value(world()).unwrap()).unwrap(),
        world()
    );
}

#[test]
fn an_empty_file_is_an_empty_world() {
    for text in ["", "# nothing yet\n", "clusters: []", "{}"] {
        assert_eq!(
            World::from_yaml(text).unwrap(),
            World::default(),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let id = format!("{FOLLOWER}/attachedDatabaseConfigurations/a");
    for (document, expected) in [
        (
            json!({"clusters": [{"id": LEADER}]}),
            "`clusters[0].location` must be given",
        ),
        (
            json!({"clusters": [{"id": "leader1", "location": "x"}]}),
            "`clusters[0].id` must be `/subscriptions/",
        ),
        (
            json!({"clusters": {"id": LEADER}}),
            "`clusters` must be a list, not a mapping",
        ),
        (
            json!({"clusters": [{"id": LEADER, "location": "x", "state": "Runing"}]}),
            "`clusters[0].state` must be one of Creating",
        ),
        (
            json!({"clusters": [{"id": LEADER, "location": "x", "colour": 1}]}),
            "`clusters[0].colour` must not be here",
        ),
        (
            json!({"clusters": [{"id": LEADER, "location": "x"}, {"id": LEADER.to_uppercase().replace("/SUBSCRIPTIONS", "/subscriptions"), "location": "x"}]}),
            "`clusters[1].id` must be unique",
        ),
        (
            json!({"clusters": [{"id": LEADER, "location": "x", "databases": [{"name": "a"}, {"name": "A"}]}]}),
            "`clusters[0].databases[1].name` must be unique",
        ),
        (
            json!({"configurations": [{"id": id, "properties": {}}]}),
            "`configurations[0].id` must be on a cluster of `clusters`",
        ),
        (
            json!({"clusters": [{"id": FOLLOWER, "location": "x"}], "configurations": [{"id": id, "properties": {"clusterResourceId": "x"}}]}),
            "`configurations[0].properties.clusterResourceId` must be a cluster's ARM id",
        ),
        (
            json!({"roleAssignments": [{"principal": "a", "scope": "/", "role": "King"}]}),
            "`roleAssignments[0].role` must be Owner, Contributor, Reader or custom",
        ),
        (
            json!({"roleAssignments": [{"principal": "a", "scope": "/", "role": "custom"}]}),
            "`roleAssignments[0].actions` must be given",
        ),
        (
            json!({"identities": [{"clientId": "a"}, {"clientId": "A"}]}),
            "`identities[1].clientId` must be unique",
        ),
        (json!([]), "`document` must be a mapping"),
    ] {
        let error = World::from_json(document).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
    assert!(matches!(
        World::from_yaml("clusters: [").unwrap_err(),
        WorldError::Yaml(_)
    ));
}

#[test]
fn a_patch_changes_only_what_it_names() {
    let world = patched(json!({
        "clusters": [{"id": LEADER.to_uppercase(), "state": "Stopped", "databases": [{"name": "sales", "sizeBytes": 7}, {"name": "New"}]}],
        "configurations": [{
            "id": format!("{FOLLOWER}/attachedDatabaseConfigurations/SALES"),
            "properties": {"defaultPrincipalsModificationKind": "None", "tableLevelSharingProperties": null},
        }],
    }))
    .unwrap();
    let leader = world.clusters.first().unwrap();
    assert_eq!(
        leader.id.to_string(),
        LEADER,
        "the spelling of the key stays"
    );
    assert_eq!(leader.state, "Stopped");
    assert_eq!(
        leader
            .databases
            .iter()
            .map(|one| one.name.as_str())
            .collect::<Vec<_>>(),
        ["Sales", "Stock", "New"]
    );
    assert_eq!(
        leader
            .database("SALES")
            .map(|one| (one.size_bytes, one.tables.len())),
        Some((7, 1))
    );
    let configuration = world.configurations.first().unwrap();
    assert_eq!(configuration.properties.kind, "None");
    assert_eq!(configuration.properties.sharing, None);
    assert_eq!(configuration.properties.database_name, "Sales");
}

#[test]
fn elements_are_deleted_and_a_cluster_takes_its_configurations_along() {
    let world = patched(json!({"clusters": [{"id": FOLLOWER, "$delete": true}]})).unwrap();
    assert_eq!((world.clusters.len(), world.configurations.len()), (1, 0));
    let world = patched(
        json!({"clusters": [{"id": LEADER, "databases": [{"name": "Stock", "$delete": true}]}]}),
    )
    .unwrap();
    assert_eq!(world.clusters.first().unwrap().databases.len(), 1);
    assert_eq!(world.configurations.len(), 1);
}

#[test]
fn null_removes_the_role_assignments_altogether() {
    assert_eq!(
        patched(json!({"roleAssignments": null}))
            .unwrap()
            .role_assignments,
        None
    );
    assert_eq!(
        patched(json!({"roleAssignments": []}))
            .unwrap()
            .role_assignments,
        Some(Vec::new())
    );
}

#[test]
fn a_patch_that_means_nothing_is_refused() {
    for (patch, expected) in [
        (
            json!({"clusters": [{"state": "Stopped"}]}),
            "`clusters[0].id` must be given",
        ),
        (
            json!({"clusters": [{"id": "/nowhere", "$delete": true}]}),
            "`clusters[0].id` must be an element that exists",
        ),
        (
            json!({"clusters": [{"id": LEADER, "location": null}]}),
            "`clusters[0].location` must be given",
        ),
        (
            json!({"clusters": [{"id": LEADER, "$delete": 1}]}),
            "`clusters[0].$delete` must be true",
        ),
        (json!("x"), "`document` must be a mapping"),
    ] {
        let error = patched(patch).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
}
