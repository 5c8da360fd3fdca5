//! Objects in the course of their lives: new, edited, drifted, in line, suspended, contested, broken, gone.

use std::time::Duration;

use kusto_arm_simulator::{Busy, Options};
use serde_json::{Value, json};

use crate::api_server::{Fault, Verb};
use crate::harness::{
    Harness, attached_database, cluster, configuration, declared, live_configuration, world,
};
use crate::story::{Story, quiet};

const HOUR: Duration = Duration::from_hours(1);

/// All stories of this kind.
pub(crate) fn stories() -> Vec<Story> {
    let mut stories = adoptions();
    stories.extend(drifts());
    stories.extend(suspensions());
    stories.extend(neighbours());
    stories.extend(disturbances());
    stories.push(Story::new("all databases", all_databases));
    stories.push(Story::new("specs that cannot be used", unusable));
    stories.push(Story::new("a change in Azure does not end", stuck));
    stories
}

fn with_live(properties: &Value) -> Harness {
    let mut world = world();
    world["configurations"] = json!([live_configuration("follower1", "sales", properties)]);
    Harness::start_with(&world, Options::default())
}

fn set(harness: &Harness, name: &str, field: &'static str, value: Value) {
    harness.api.edit("analytics", name, |object| {
        object["spec"][field] = value;
    });
}

async fn gone(harness: Harness, name: &str) -> Harness {
    harness.api.delete("analytics", name);
    harness.until_gone(name).await;
    harness
}

fn adoptions() -> Vec<Story> {
    let mut stories = Vec::new();
    for policy in ["Never", "IfEqual", "Always"] {
        for live in [
            json!({}),
            json!({"defaultPrincipalsModificationKind": "Replace"}),
            json!({"clusterResourceId": cluster("leader2"), "databaseName": "Web"}),
        ] {
            let name = format!("{policy} finds {live}");
            stories.push(Story::new(name, move || async move {
                let harness = with_live(&live);
                let object = declared("sales", &json!({"adoptionPolicy": policy}));
                harness.api.create(object);
                harness.pass(HOUR).await;
                gone(harness, "sales").await
            }));
        }
    }
    stories
}

fn drifts() -> Vec<Story> {
    let mut stories = vec![
        Story::new("drift is reported", || async {
            let harness = with_live(&json!({"defaultPrincipalsModificationKind": "Replace"}));
            harness
                .api
                .create(declared("sales", &json!({"driftPolicy": "Report"})));
            harness.until_reason("sales", "Drifted").await;
            harness.edit_in_portal("sales", &json!({"databaseNamePrefix": "x_"}));
            harness.pass(HOUR).await;
            let id = configuration("follower1", "sales");
            harness.patch(json!({"configurations": [{"id": id, "$delete": true}]}));
            harness.until_reason("sales", "NotAttached").await;
            gone(harness, "sales").await
        }),
        Story::new("somebody undoes each correction", || async {
            let harness = Harness::start();
            harness
                .api
                .create(declared("sales", &json!({"interval": "1m"})));
            harness.until_ready("sales").await;
            for _ in 0..5 {
                edit(&harness);
                harness.until_reason("sales", "DriftDetected").await;
                harness.until_ready("sales").await;
            }
            edit(&harness);
            harness.until_reason("sales", "Contested").await;
            harness.until_ready("sales").await;
            gone(harness, "sales").await
        }),
    ];
    for properties in [
        json!({"databaseNamePrefix": "x_"}),
        json!({"databaseNameOverride": "Other"}),
        json!({"tableLevelSharingProperties": {"tablesToInclude": ["Orders"]}}),
        json!({"databaseName": "Stock"}),
    ] {
        let name = format!("somebody sets {properties}");
        stories.push(Story::new(name, move || async move {
            let harness = Harness::start();
            harness.api.create(attached_database("sales"));
            harness.until_ready("sales").await;
            harness.edit_in_portal("sales", &properties);
            harness.pass(HOUR).await;
            gone(harness, "sales").await
        }));
    }
    stories
}

fn edit(harness: &Harness) {
    let drift = json!({"defaultPrincipalsModificationKind": "Replace"});
    harness.edit_in_portal("sales", &drift);
}

/// At each moment of a life somebody suspends it, edits it meanwhile, and resumes or deletes it.
fn suspensions() -> Vec<Story> {
    let mut stories = Vec::new();
    for after in [0, 1, 10, 3_000] {
        for trouble in [None, Some(400), Some(503)] {
            for resumes in [true, false] {
                let name = format!("suspended after {after} s of {trouble:?}");
                let story = move || suspended(Duration::from_secs(after), trouble, resumes);
                stories.push(Story::new(name, story));
            }
        }
    }
    stories
}

async fn suspended(after: Duration, trouble: Option<u16>, resumes: bool) -> Harness {
    let harness = Harness::start();
    let _quiet = quiet();
    if let Some(status) = trouble {
        let path = "**/attachedDatabaseConfigurations/*";
        harness.break_calls("put", ("PUT", path), &json!({"status": status}));
    }
    harness.api.create(attached_database("sales"));
    harness.pass(after).await;
    set(&harness, "sales", "suspend", json!(true));
    harness.pass(HOUR).await;
    set(&harness, "sales", "deletionPolicy", json!("Orphan"));
    harness.pass(HOUR).await;
    harness.arm.disarm_faults(None);
    if resumes {
        set(&harness, "sales", "suspend", json!(false));
        harness.until_ready("sales").await;
        set(&harness, "sales", "suspend", json!(true));
        harness.pass(HOUR).await;
    }
    gone(harness, "sales").await
}

/// Objects that meet.
fn neighbours() -> [Story; 4] {
    [
        Story::new("two objects on one configuration", || async {
            let harness = Harness::start();
            let sales = json!({"configurationName": "sales"});
            harness.api.create(declared("zeta", &sales));
            harness.pass(Duration::from_secs(2)).await;
            harness.api.create(declared("alpha", &sales));
            harness.until_reason("alpha", "ConfigurationClaimed").await;
            harness.pass(HOUR).await;
            let harness = gone(harness, "zeta").await;
            harness.until_ready("alpha").await;
            harness
        }),
        Story::new("objects in line", || async {
            let harness = Harness::start();
            let names = ["one", "two", "three", "four"];
            for name in names {
                let spec = json!({"databaseNameOverride": format!("Sales-{name}")});
                harness.api.create(declared(name, &spec));
            }
            for name in names {
                harness.until_ready(name).await;
            }
            for name in names {
                harness.api.delete("analytics", name);
            }
            for name in names {
                harness.until_gone(name).await;
            }
            harness
        }),
        Story::new("one database by two configurations", || async {
            let harness = Harness::start();
            harness.api.create(attached_database("sales"));
            harness.until_ready("sales").await;
            harness.api.create(attached_database("again"));
            harness.until_reason("again", "DatabaseNameTaken").await;
            let harness = gone(harness, "sales").await;
            harness.until_ready("again").await;
            harness
        }),
        Story::new("somebody else keeps the cluster busy", || async {
            let options = Options {
                busy: Busy::OperationFailure,
                operation_duration: Duration::from_mins(50),
                ..Options::default()
            };
            let harness = Harness::start_with(&world(), options);
            let foreign = json!({"location": "West Europe", "properties": {
                "clusterResourceId": cluster("leader2"), "databaseName": "Web",
                "defaultPrincipalsModificationKind": "Union",
            }});
            let path = configuration("follower1", "somebody");
            assert_eq!(harness.call_as_portal("PUT", &path, &foreign).await, 201);
            harness.api.create(attached_database("sales"));
            harness.until_reason("sales", "ClusterBusy").await;
            harness.until_ready("sales").await;
            harness
        }),
    ]
}

/// Crashes, and an API server that does not do its part.
fn disturbances() -> Vec<Story> {
    let mut stories = Vec::new();
    for verb in [Verb::Get, Verb::Patch, Verb::WriteStatus] {
        for fault in [
            Fault::Refuse(409),
            Fault::Refuse(500),
            Fault::Reset,
            Fault::LoseAnswer,
            Fault::HangAfterApplying,
        ] {
            for after in [0, 12, 21] {
                let name = format!("{verb:?} {fault:?} after {after} s");
                stories.push(Story::new(name, move || async move {
                    let harness = Harness::start();
                    harness.api.create(attached_database("sales"));
                    harness.pass(Duration::from_secs(after)).await;
                    harness.api.fault_next(verb, fault);
                    harness.api.fault_next(verb, fault);
                    harness.until_ready("sales").await;
                    gone(harness, "sales").await
                }));
            }
        }
    }
    for after in [0, 1, 50, 2_500, 10_000, 19_999, 21_000] {
        stories.push(Story::new(
            format!("a crash after {after} ms"),
            move || async move {
                let mut harness = Harness::start();
                harness.api.create(attached_database("sales"));
                harness.pass(Duration::from_millis(after)).await;
                harness.crash();
                harness.until_ready("sales").await;
                harness.api.delete("analytics", "sales");
                harness.pass(Duration::from_millis(after)).await;
                harness.crash();
                harness.until_gone("sales").await;
                harness
            },
        ));
    }
    stories
}

async fn all_databases() -> Harness {
    let harness = Harness::start();
    harness.patch_cluster("follower1", &json!({"databases": [{"name": "stock"}]}));
    let leader = json!({"clusterResourceId": cluster("leader1"), "databaseName": "*"});
    harness
        .api
        .create(declared("everything", &json!({"leader": leader})));
    harness
        .until_reason("everything", "DatabaseNameTaken")
        .await;
    set(&harness, "everything", "databaseNamePrefix", json!("eu_"));
    harness.until_ready("everything").await;
    harness.patch_cluster("leader1", &json!({"databases": [{"name": "Audit"}]}));
    harness.pass(HOUR).await;
    gone(harness, "everything").await
}

async fn unusable() -> Harness {
    let harness = Harness::start();
    let both = json!({"databaseNameOverride": "A", "databaseNamePrefix": "b_"});
    harness.api.create(declared("both", &both));
    harness
        .api
        .create(declared("undecodable", &json!({"suspend": "perhaps"})));
    harness.until_reason("both", "InvalidSpec").await;
    harness.pass(HOUR).await;
    set(&harness, "both", "databaseNamePrefix", Value::Null);
    harness.until_ready("both").await;
    set(&harness, "both", "databaseNamePrefix", json!("c_"));
    harness.until_reason("both", "InvalidSpec").await;
    gone(harness, "both").await
}

async fn stuck() -> Harness {
    let differing = json!({"defaultPrincipalsModificationKind": "Replace"});
    let harness = with_live(&differing);
    let mut shown = live_configuration("follower1", "sales", &differing);
    shown["properties"]["provisioningState"] = json!("Updating");
    let path = "**/attachedDatabaseConfigurations/*";
    harness.break_calls("shown", ("GET", path), &json!({"body": shown}));
    let object = declared("sales", &json!({"adoptionPolicy": "Always"}));
    harness.api.create(object);
    harness.until_reason("sales", "ProvisioningStuck").await;
    harness.api.delete("analytics", "sales");
    harness.pass(2 * HOUR).await;
    harness
}
