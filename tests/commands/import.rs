//! `adx-follower import --cluster`: what it prints is adopted without a write.

use std::time::Duration;

use adx_follower_operator::azure::id::ClusterId;
use adx_follower_operator::cli::Command;
use adx_follower_operator::commands::{Ending, import};
use adx_follower_operator::lint::Linter;
use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::harness::{Harness, cluster, condition, configuration, world};
use crate::in_process::arm_client;
use crate::{Ran, azure, on_console, parsed, writes};

async fn run(arm: adx_follower_operator::azure::client::ArmClient, arguments: &[&str]) -> Ran {
    let id = cluster("follower1");
    let mut words = vec!["import", "--cluster", &id];
    words.extend(arguments);
    let Command::Import(arguments) = parsed(&words) else {
        panic!("import is another command");
    };
    let id: ClusterId = id.parse().unwrap();
    on_console(None, async |console| {
        import::from_cluster(&arguments, &id, &arm, console).await
    })
    .await
}

/// The objects of a text of manifests, as `kubectl apply` would send them.
fn objects(manifests: &str) -> Vec<Value> {
    let mut linter = Linter::new();
    linter.check("import", manifests);
    let (report, objects) = linter.finish_with_objects();
    assert_eq!(report.findings, [], "what is imported is in order");
    objects
        .into_iter()
        .map(|admitted| {
            let mut object = json!(admitted.object);
            object.as_object_mut().unwrap().remove("status");
            object
        })
        .collect()
}

/// 50 configurations: every kind, naming and sharing, in names of every sort.
fn mixed() -> Value {
    let mut world = world();
    let names = [
        "Db", "on", "1e3", "yes", "A.b", "x y", "_z", "null", "0x1F", "12-30",
    ];
    let databases: Vec<Value> = (0..45)
        .map(|number| json!({"name": format!("{}{number}", names[number % 10])}))
        .chain(names.map(|name| json!({"name": name})))
        .collect();
    world["clusters"][2]["databases"] = json!(databases);
    let mut configurations: Vec<Value> = (0..49_usize)
        .map(|number| {
            let database = &databases[number]["name"];
            let kind = ["Union", "Replace", "None"][number % 3];
            let mut properties = json!({
                "clusterResourceId": cluster("leader1").replace("/clusters/", "/Clusters/"),
                "databaseName": database,
                "defaultPrincipalsModificationKind": kind,
            });
            match number % 4 {
                0 => {}
                1 => {
                    properties["databaseNameOverride"] = json!(format!("{}.{number}", number * 10));
                }
                2 => {
                    properties["databaseNamePrefix"] =
                        Value::from(["eu_", "true ", "- "][number % 3]);
                }
                _ => {
                    properties["tableLevelSharingProperties"] = json!({
                        "tablesToInclude": ["Orders", "Logs*", "null", "a: b", "# c", "é\"'\\"],
                        "functionsToExclude": ["*"],
                        "tablesToExclude": [],
                    });
                }
            }
            let name = match number % 5 {
                0 => format!("sales-{number}"),
                1 => format!("Sales {number}"),
                2 => format!("sales_{number}"),
                3 => format!("{number}"),
                _ => format!("S.{number}-"),
            };
            json!({"id": configuration("follower1", &name), "properties": properties})
        })
        .collect();
    configurations.push(json!({
        "id": configuration("follower1", "everything"),
        "properties": {
            "clusterResourceId": cluster("leader2"), "databaseName": "*",
            "defaultPrincipalsModificationKind": "None", "databaseNamePrefix": "web_",
        },
    }));
    world["configurations"] = json!(configurations);
    world
}

#[tokio::test(start_paused = true)]
async fn fifty_mixed_configurations_are_adopted_without_a_write() {
    let harness = Harness::start_with(&mixed(), Options::default());
    let before = harness.arm.world();
    let ran = run(arm_client(&harness.arm), &["--namespace", "analytics"]).await;
    assert_eq!(ran.ending.unwrap(), Ending::Done, "{}", ran.remarks);
    let objects = objects(&ran.output);
    assert_eq!(objects.len(), 50);
    let names: Vec<String> = objects
        .iter()
        .map(|object| object["metadata"]["name"].as_str().unwrap().to_owned())
        .collect();
    for object in objects {
        assert_eq!(object["spec"]["adoptionPolicy"], "IfEqual");
        harness.api.create(object);
    }
    for name in &names {
        let object = harness.until_ready(name).await;
        assert_eq!(object["status"]["ownership"], "Adopted", "{name}");
        assert_eq!(
            condition(&object, "InSync"),
            Some(("True", "AsDeclared")),
            "{name}"
        );
    }
    harness.pass(Duration::from_hours(1)).await;
    assert_eq!(writes(&harness.arm), Vec::<String>::new());
    assert_eq!(harness.arm.world(), before);
}

#[tokio::test(start_paused = true)]
async fn a_manifest_is_as_people_write_it() {
    let mut world = world();
    world["configurations"] = json!([{
        "id": configuration("follower1", "Sales EU"),
        "properties": {
            "clusterResourceId": cluster("leader1"), "databaseName": "Sales",
            "tableLevelSharingProperties": {"tablesToInclude": ["Orders", "on"]},
        },
    }]);
    let (_, arm) = azure(&world);
    let ran = run(arm.clone(), &[]).await;
    assert_eq!(
        ran.output,
        format!(
            "---\napiVersion: adx-follower.dev/v1alpha1\nkind: AttachedDatabase\nmetadata:\n  name: sales-eu\nspec:\n\
             \x20 follower:\n    clusterResourceId: {}\n\
             \x20 leader:\n    clusterResourceId: {}\n    databaseName: Sales\n\
             \x20 configurationName: Sales EU\n\
             \x20 defaultPrincipalsModificationKind: Union\n\
             \x20 tableLevelSharingProperties:\n    tablesToInclude:\n    - Orders\n    - \"on\"\n",
            cluster("follower1"),
            cluster("leader1")
        )
    );
    let ran = run(arm, &["-o", "json", "-n", "team"]).await;
    let list: Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(
        (&list["kind"], &list["apiVersion"]),
        (&json!("List"), &json!("v1"))
    );
    assert_eq!(
        list["items"][0]["metadata"],
        json!({"name": "sales-eu", "namespace": "team"})
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_operators_is_left_out_and_what_cannot_be_declared_is_told() {
    let mut world = world();
    let properties =
        |database: &str| json!({"clusterResourceId": cluster("leader1"), "databaseName": database});
    let mut failed = properties("Stock");
    failed["provisioningState"] = json!("Failed");
    let mut hidden = properties("Stock");
    hidden["databaseNameOverride"] = json!("a");
    hidden["databaseNamePrefix"] = json!("b");
    world["configurations"] = json!([
        {"id": configuration("follower1", "shared"), "properties": properties("Sales")},
        {"id": configuration("follower1", "broken"), "properties": failed},
        {"id": configuration("follower1", "both"), "properties": hidden},
    ]);
    let (simulator, arm) = azure(&world);
    let shared = json!({"value": [{
        "name": "follower1/Sales", "kind": "ReadOnlyFollowing", "location": "West Europe",
        "properties": {
            "attachedDatabaseConfigurationName": "Shared", "leaderClusterResourceId": cluster("leader1"),
            "databaseShareOrigin": "DataShare",
        },
    }]});
    simulator
        .arm_fault(json!({
            "match": {"method": "GET", "path": "**/databases", "times": 1},
            "act": {"status": 200, "body": shared},
        }))
        .unwrap();
    let ran = run(arm.clone(), &[]).await;
    assert_eq!(ran.ending.unwrap(), Ending::Failed);
    for part in [
        "# left out: shared on follower1: made by DataShare, which alone may change it\n",
        "# not imported: both on follower1: `databaseNameOverride` must not be set together with",
        "# broken: its last change ended as Failed, so it is taken over only with `spec.adoptionPolicy: Always`",
    ] {
        assert!(ran.output.contains(part), "{part}: {}", ran.output);
    }
    assert_eq!(objects(&ran.output).len(), 1);
    assert_eq!(
        ran.remarks,
        "error: 1 of 3 configurations could not be written as manifests\n"
    );

    // Databases that can't be read don't keep the rest from being imported.
    simulator
        .patch_world(json!({"clusters": [{"id": cluster("follower1"), "state": "Stopped"}]}))
        .unwrap();
    let ran = run(arm, &["-o", "json"]).await;
    assert!(
        ran.remarks
            .starts_with("warning: cannot tell which configurations are Azure Data Share's: ")
    );
    let list: Value = serde_json::from_str(&ran.output).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
}

/// An Azure without follower1.
fn other() -> Value {
    json!({"clusters": [{"id": cluster("follower2"), "location": "West Europe"}]})
}

#[tokio::test(start_paused = true)]
async fn no_configurations_and_no_cluster_are_two_things() {
    let (_, arm) = azure(&world());
    let ran = run(arm, &[]).await;
    assert_eq!(
        ran.output,
        "# there are no attached database configurations\n"
    );
    assert_eq!(ran.ending.unwrap(), Ending::Done);
    let (_, arm) = azure(&other());
    let error = run(arm, &[]).await.ending.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("the cluster {} does not exist", cluster("follower1"))
    );
}
