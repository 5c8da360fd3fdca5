//! Worlds and objects by chance: most of them nearly in order, so that every decision is reached.

use fastrand::Rng;
use kusto_arm_simulator::{Options, StoppedCluster};
use serde_json::{Value, json};

use crate::harness::{cluster, configuration};

/// An Azure, an object, and what goes wrong between the two.
pub(crate) struct Case {
    pub world: Value,
    pub options: Options,
    pub faults: Vec<Value>,
    pub object: Value,
    /// Whether the object has been there before, and owns the configuration.
    pub owned: bool,
}

/// True with this chance in a hundred.
fn percent(rng: &mut Rng, chance: u32) -> bool {
    rng.u32(0..100) < chance
}

fn one<T: Clone>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.usize(0..of.len())].clone()
}

/// The case with this number.
pub(crate) fn case(seed: u64) -> Case {
    let rng = &mut Rng::with_seed(seed);
    let spec = spec(rng);
    let configurations = configurations(rng, &spec);
    let mut world = json!({"clusters": clusters(rng), "configurations": configurations});
    if percent(rng, 10) {
        let roles = ["Owner", "Contributor", "Reader"];
        world["roleAssignments"] = json!([
            {"principal": "operator", "scope": cluster("follower1"), "role": one(rng, &roles)},
            {"principal": "operator", "scope": cluster("leader1"), "role": one(rng, &roles)},
        ]);
        if percent(rng, 30) {
            world["roleAssignments"].as_array_mut().unwrap().pop();
        }
    }
    // What is on a cluster that does not exist can't be in a world.
    let clusters = world["clusters"].to_string();
    if !clusters.contains("follower1\"") {
        world["configurations"] = json!([]);
    }
    Case {
        world,
        options: Options {
            stopped_cluster: one(
                rng,
                &[
                    StoppedCluster::Writes,
                    StoppedCluster::Always,
                    StoppedCluster::Never,
                ],
            ),
            page_size: one(rng, &[1, 1000]),
            ..Options::default()
        },
        faults: faults(rng),
        object: json!({
            "apiVersion": "adx-follower.dev/v1alpha1",
            "kind": "AttachedDatabase",
            "metadata": {"name": "sales", "namespace": "analytics"},
            "spec": spec,
        }),
        owned: percent(rng, 50),
    }
}

fn spec(rng: &mut Rng) -> Value {
    let all = percent(rng, 25);
    let mut spec = json!({
        "follower": {"clusterResourceId": cluster("follower1")},
        "leader": {
            "clusterResourceId": cluster(if percent(rng, 3) { "follower1" } else { "leader1" }),
            "databaseName": if all { "*" } else { "Sales" },
        },
        "defaultPrincipalsModificationKind": one(rng, &["Union", "Replace", "None"]),
        "adoptionPolicy": one(rng, &["IfEqual", "Always", "Never"]),
        "driftPolicy": if percent(rng, 20) { "Report" } else { "Correct" },
    });
    if percent(rng, 20) {
        spec["databaseNamePrefix"] = json!("eu_");
    } else if percent(rng, if all { 2 } else { 25 }) {
        spec["databaseNameOverride"] = json!(one(rng, &["SalesRO", "sales"]));
    }
    if percent(rng, if all { 2 } else { 25 }) {
        spec["tableLevelSharingProperties"] = sharing(rng);
    }
    if percent(rng, 3) {
        spec["suspend"] = json!(true);
    }
    spec
}

fn sharing(rng: &mut Rng) -> Value {
    let mut lists =
        json!({"tablesToInclude": one(rng, &[json!(["Orders"]), json!(["Orders", "Logs*"])])});
    if percent(rng, 30) {
        lists["functionsToExclude"] = json!(["*"]);
    }
    lists
}

/// The configuration that the object declares, often as declared, and perhaps others.
fn configurations(rng: &mut Rng, spec: &Value) -> Value {
    let mut configurations = Vec::new();
    if percent(rng, 60) {
        let mut properties = json!({
            "clusterResourceId": cluster("leader1"),
            "databaseName": spec["leader"]["databaseName"],
        });
        for field in [
            "defaultPrincipalsModificationKind",
            "databaseNameOverride",
            "databaseNamePrefix",
            "tableLevelSharingProperties",
        ] {
            if !spec[field].is_null() {
                properties[field] = spec[field].clone();
            }
        }
        for _ in 0..one(rng, &[0, 0, 1, 2]) {
            differ(rng, &mut properties);
        }
        let name = one(rng, &["sales", "SALES"]);
        configurations
            .push(json!({"id": configuration("follower1", name), "properties": properties}));
    }
    if percent(rng, 20) {
        let (leader, database) = one(
            rng,
            &[("leader1", "Sales"), ("leader1", "*"), ("leader2", "*")],
        );
        configurations.push(json!({
            "id": configuration("follower1", "another"),
            "properties": {"clusterResourceId": cluster(leader), "databaseName": database},
        }));
    }
    json!(configurations)
}

fn differ(rng: &mut Rng, properties: &mut Value) {
    match rng.u32(0..8) {
        0 => properties["clusterResourceId"] = json!(cluster("leader2")),
        1 => properties["databaseName"] = json!(one(rng, &["Stock", "SALES", "*"])),
        2 => {
            let kind = one(rng, &["Union", "Replace", "None"]);
            properties["defaultPrincipalsModificationKind"] = json!(kind);
        }
        3 => properties["databaseNamePrefix"] = json!("us_"),
        4 => properties["databaseNameOverride"] = json!("SalesOld"),
        5 => properties["tableLevelSharingProperties"] = json!({"tablesToExclude": ["Logs1"]}),
        _ => {
            let states = ["Failed", "Canceled", "Creating", "Accepted", "Deleting"];
            properties["provisioningState"] = json!(one(rng, &states));
        }
    }
}

fn clusters(rng: &mut Rng) -> Value {
    let mut clusters = Vec::new();
    for name in ["follower1", "leader1", "leader2"] {
        if name != "leader2" && percent(rng, 3) {
            continue;
        }
        let mut cluster = json!({
            "id": cluster(name),
            "location": if percent(rng, 4) { "North Europe" } else { one(rng, &["West Europe", "westeurope"]) },
            "enableStreamingIngest": rng.bool(),
            "databases": databases(rng, name),
        });
        if percent(rng, 15) {
            cluster["state"] = json!(one(
                rng,
                &[
                    "Stopped",
                    "Starting",
                    "Updating",
                    "Stopping",
                    "Unavailable",
                    "Deleting",
                    "Migrated"
                ],
            ));
        }
        if percent(rng, 8) {
            let states = ["Failed", "Canceled", "Updating", "Running"];
            cluster["provisioningState"] = json!(one(rng, &states));
        }
        clusters.push(cluster);
    }
    json!(clusters)
}

fn databases(rng: &mut Rng, cluster: &str) -> Value {
    let names: &[&str] = match cluster {
        "follower1" if percent(rng, 12) => &["SALES"],
        "follower1" if percent(rng, 5) => &["eu_Sales", "SalesRO"],
        "follower1" => &[],
        "leader1" if percent(rng, 6) => &["Stock"],
        "leader1" => &["Sales", "Stock"],
        _ => &["Sales", "Web"],
    };
    let mut databases: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "tables": ["Orders", "Logs1"]}))
        .collect();
    if cluster == "leader1" && percent(rng, 4) {
        databases[0]["suspendedSince"] = json!("2025-12-01T00:00:00Z");
    }
    json!(databases)
}

/// Something that fails each time.
fn faults(rng: &mut Rng) -> Vec<Value> {
    if !percent(rng, 10) {
        return Vec::new();
    }
    let path = one(
        rng,
        &[
            "**/clusters/follower1",
            "**/clusters/leader1",
            "**/clusters/follower1/attachedDatabaseConfigurations",
            "**/clusters/follower1/attachedDatabaseConfigurations/*",
            "**/clusters/follower1/databases",
            "**/clusters/follower1/databases/*",
            "**/clusters/leader1/databases",
            "**/clusters/leader1/databases/*",
        ],
    );
    let act = one(
        rng,
        &[
            json!({"status": 403}),
            json!({"status": 404}),
            json!({"status": 500}),
            json!({"status": 200, "body": "<html>"}),
        ],
    );
    vec![json!({"match": {"method": "GET", "path": path, "times": 0}, "act": act})]
}
