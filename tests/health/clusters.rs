//! Clusters and databases that are not there, not running, not allowed or not alone.

use kusto_arm_simulator::{Options, StoppedCluster};
use serde_json::{Value, json};

use crate::harness::{Harness, cluster, declared};
use crate::story::{Story, Trouble};

/// All stories of this kind.
pub(crate) fn stories() -> Vec<Story> {
    let mut stories = Vec::new();
    for state in [
        "Stopped",
        "Stopping",
        "Starting",
        "Creating",
        "Updating",
        "Unavailable",
        "Deleting",
        "Migrated",
    ] {
        for name in ["follower1", "leader1"] {
            let (begin, end) = (json!({"state": state}), json!({"state": "Running"}));
            stories.push(of_cluster(&format!("{name} is {state}"), name, begin, end));
        }
        for stopped_cluster in [StoppedCluster::Never, StoppedCluster::Always] {
            let options = Options {
                stopped_cluster,
                ..Options::default()
            };
            let (begin, end) = (json!({"state": state}), json!({"state": "Running"}));
            let trouble = patched("follower1", begin, end).with(options);
            let name = format!("a follower that refuses {stopped_cluster:?} is {state}");
            stories.push(Story::ordeal(name, trouble));
        }
    }
    let databases = |change: Value| json!({"databases": [change]});
    let key = json!({"keyName": "key", "keyVaultUri": "https://vault.example/"});
    for (what, name, begin, end) in [
        (
            "the follower is changed",
            "follower1",
            json!({"provisioningState": "Updating"}),
            json!({"provisioningState": "Succeeded"}),
        ),
        (
            "the leader is elsewhere",
            "leader1",
            json!({"location": "North Europe"}),
            json!({"location": "westeurope"}),
        ),
        (
            "the leader has no such database",
            "leader1",
            databases(json!({"name": "Sales", "$delete": true})),
            databases(json!({"name": "Sales"})),
        ),
        (
            "the follower has such a database",
            "follower1",
            databases(json!({"name": "sales"})),
            databases(json!({"name": "sales", "$delete": true})),
        ),
        (
            "the database is suspended",
            "leader1",
            databases(json!({"name": "Sales", "suspendedSince": "2026-01-01T00:00:00Z"})),
            databases(json!({"name": "Sales", "suspendedSince": null})),
        ),
        (
            "the leader streams",
            "leader1",
            json!({"enableStreamingIngest": true}),
            json!({"enableStreamingIngest": null}),
        ),
        (
            "the leader has a key",
            "leader1",
            json!({"keyVaultProperties": key}),
            json!({"keyVaultProperties": null}),
        ),
        (
            "the leader is gone",
            "leader1",
            json!({"$delete": true}),
            json!({"location": "West Europe", "databases": [{"name": "Sales"}]}),
        ),
        (
            "the follower is gone",
            "follower1",
            json!({"$delete": true}),
            json!({"location": "West Europe"}),
        ),
    ] {
        stories.push(of_cluster(what, name, begin, end));
    }
    stories.extend(rights());
    stories.push(data_share());
    stories.push(Story::new("the database is dropped", || async {
        let harness = Harness::start();
        harness.api.create(declared("sales", &json!({})));
        harness.until_ready("sales").await;
        let dropped = json!({"databases": [{"name": "Sales", "$delete": true}]});
        harness.patch_cluster("leader1", &dropped);
        harness.until_reason("sales", "DatabaseNotShown").await;
        harness
    }));
    stories
}

/// A cluster has other fields for a while.
fn patched(name: &'static str, begin: Value, end: Value) -> Trouble {
    Trouble::new(
        move |harness| harness.patch_cluster(name, &begin),
        move |harness| harness.patch_cluster(name, &end),
    )
}

fn of_cluster(what: &str, name: &'static str, begin: Value, end: Value) -> Story {
    Story::ordeal(what, patched(name, begin, end))
}

/// Every role that is not enough.
fn rights() -> Vec<Story> {
    let all = [("follower1", "Contributor"), ("leader1", "Contributor")];
    let cases: [&'static [(&str, &str)]; 5] = [
        &[],
        &[("leader1", "Contributor")],
        &[("follower1", "Contributor")],
        &[("follower1", "Reader"), ("leader1", "Contributor")],
        &[("follower1", "Contributor"), ("leader1", "Reader")],
    ];
    let story = |roles: &'static [(&'static str, &'static str)]| {
        let trouble = Trouble::new(
            move |harness: &Harness| harness.grant(roles),
            move |harness: &Harness| harness.grant(&all),
        );
        Story::ordeal(format!("the roles are {roles:?}"), trouble)
    };
    cases.into_iter().map(story).collect()
}

/// The follower's database is Azure Data Share's.
fn data_share() -> Story {
    let begin = |harness: &Harness| {
        let shown = json!({
            "id": format!("{}/Databases/Sales", cluster("follower1")), "name": "follower1/Sales",
            "location": "West Europe", "kind": "ReadOnlyFollowing",
            "properties": {
                "provisioningState": "Succeeded", "leaderClusterResourceId": cluster("leader1"),
                "attachedDatabaseConfigurationName": "sales", "originalDatabaseName": "Sales",
                "principalsModificationKind": "Union", "databaseShareOrigin": "DataShare",
            },
        });
        let (one, list) = ("**/follower1/databases/*", "**/follower1/databases");
        harness.break_calls("one", ("GET", one), &json!({"body": shown}));
        harness.break_calls("list", ("GET", list), &json!({"body": {"value": [shown]}}));
    };
    let end = |harness: &Harness| {
        harness.arm.disarm_faults(None);
    };
    let object = declared("sales", &json!({"adoptionPolicy": "Always"}));
    Story::ordeal(
        "the database is shared",
        Trouble::new(begin, end).of(object),
    )
}
