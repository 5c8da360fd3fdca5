//! Ready means readable: what the follower shows decides, not how the operation ended.

use std::time::Duration;

use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::assert_says;
use crate::harness::{Harness, cluster, condition, declared, live_configuration, world};

/// Every database of `leader`.
fn all_of(name: &str, leader: &str) -> Value {
    declared(
        name,
        &json!({"leader": {"clusterResourceId": cluster(leader), "databaseName": "*"}}),
    )
}

fn databases(object: &Value) -> Vec<&str> {
    let databases = object["status"]["databases"]
        .as_array()
        .into_iter()
        .flatten();
    databases
        .map(|database| database["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn ready_shows_the_database_as_the_follower_shows_it() {
    let mut world = world();
    world["clusters"][0]["hotCacheOverrides"] = json!({"SalesRO": "P1D"});
    world["clusters"][2]["databases"][0]["sizeBytes"] = json!(4096);
    let harness = Harness::start_with(&world, Options::default());
    harness.api.create(declared(
        "sales",
        &json!({
            "databaseNameOverride": "SalesRO", "defaultPrincipalsModificationKind": "Replace",
            "tableLevelSharingProperties": {"tablesToInclude": ["Orders"], "functionsToExclude": ["*"]},
        }),
    ));
    let object = harness.until_ready("sales").await;
    assert_eq!(
        object["status"]["attachedDatabaseNames"],
        json!(["SalesRO"])
    );
    assert_eq!(
        object["status"]["databases"],
        json!([{
            "name": "SalesRO", "originalDatabaseName": "Sales", "hotCachePeriod": "P1D", "sizeBytes": 4096,
            "principalsModificationKind": "Replace", "sharing": "tablesToInclude: Orders; functionsToExclude: *",
        }])
    );
}

#[tokio::test(start_paused = true)]
async fn of_all_databases_the_set_follows_the_leader_and_each_change_is_told() {
    let harness = Harness::start();
    harness.api.create(all_of("everything", "leader1"));
    let ready = harness.until_ready("everything").await;
    assert_eq!(databases(&ready), ["Sales", "Stock"]);

    harness.patch_cluster("leader1", &json!({"databases": [{"name": "Audit"}]}));
    let grown = harness
        .until("everything", "showing three databases", |object| {
            databases(object).len() == 3
        })
        .await;
    assert_eq!(
        grown["status"]["attachedDatabaseNames"],
        json!(["Audit", "Sales", "Stock"])
    );

    harness.patch_cluster(
        "leader1",
        &json!({"databases": [{"name": "Stock", "$delete": true}]}),
    );
    let shrunk = harness
        .until("everything", "showing two databases", |object| {
            databases(object).len() == 2
        })
        .await;
    assert_eq!(databases(&shrunk), ["Audit", "Sales"]);

    assert_eq!(condition(&shrunk, "Ready"), Some(("True", "Attached")));
    assert_eq!(
        harness.event_reasons("everything"),
        ["Attached", "DatabaseAdded", "DatabaseRemoved"]
    );
    let notes: Vec<Value> = harness
        .api
        .events()
        .iter()
        .map(|event| event["note"].clone())
        .collect();
    assert_eq!(
        notes[1..],
        ["Audit is new on follower1", "Stock is gone from follower1"]
    );
    assert_eq!(
        harness.changes(),
        ["PUT everything"],
        "a changed set needs no write"
    );
}

#[tokio::test(start_paused = true)]
async fn a_local_database_wins_over_one_of_all_and_the_others_are_shown() {
    let harness = Harness::start();
    harness.patch_cluster("follower1", &json!({"databases": [{"name": "stock"}]}));
    harness.api.create(all_of("everything", "leader1"));
    let taken = harness
        .until_reason("everything", "DatabaseNameTaken")
        .await;
    assert_says(
        &taken,
        "Ready",
        &[
            "follower1 has a database stock of its own",
            "set `spec.databaseNamePrefix`",
        ],
    );
    assert_eq!(
        condition(&taken, "Stalled"),
        Some(("True", "DatabaseNameTaken"))
    );
    assert_eq!(databases(&taken), ["Sales"], "what is attached is shown");
    assert_eq!(
        taken["status"].get("operation"),
        None,
        "it is over, whatever came of it"
    );

    harness.patch_cluster("leader1", &json!({"databases": [{"name": "Audit"}]}));
    harness
        .until("everything", "showing two databases", |object| {
            databases(object) == ["Audit", "Sales"]
        })
        .await;
    assert_eq!(
        harness.event_reasons("everything"),
        ["DatabaseNameTaken", "DatabaseAdded"]
    );

    harness.api.edit("analytics", "everything", |object| {
        object["spec"]["databaseNamePrefix"] = json!("eu_");
    });
    let ready = harness.until_ready("everything").await;
    assert_eq!(databases(&ready), ["eu_Audit", "eu_Sales", "eu_Stock"]);
    assert_eq!(harness.changes(), ["PUT everything"; 2]);
}

#[tokio::test(start_paused = true)]
async fn what_the_leader_follows_itself_is_no_name_of_its_own() {
    let mut world = world();
    let followed = live_configuration(
        "leader1",
        "web",
        &json!({"clusterResourceId": cluster("leader2"), "databaseName": "Web"}),
    );
    world["configurations"] = json!([followed]);
    world["clusters"][2]["databases"] = json!([{"name": "Sales"}]);
    world["clusters"][0]["databases"] = json!([{"name": "Web"}]);
    let harness = Harness::start_with(&world, Options::default());
    harness.api.create(all_of("everything", "leader1"));
    let ready = harness.until_ready("everything").await;
    assert!(databases(&ready).contains(&"Sales"));
    harness.pass(Duration::from_hours(1)).await;
    assert_eq!(harness.event_reasons("everything"), ["Attached"]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_two_leaders_offer_is_told_to_whom_loses_it() {
    // The simulator gives a name to the configuration that sorts first; Azure picks one arbitrarily.
    for (first, second, loser, winner) in [
        ("a-first", "b-second", "b-second", "leader1"),
        ("b-first", "a-second", "b-first", "leader2"),
    ] {
        let harness = Harness::start();
        harness.patch_cluster("leader2", &json!({"databases": [{"name": "SALES"}]}));
        harness.api.create(all_of(first, "leader1"));
        harness.until_ready(first).await;
        harness.api.create(all_of(second, "leader2"));
        let taken = harness.until_reason(loser, "DatabaseNameTaken").await;
        let other = format!("of {winner} already");
        assert_says(
            &taken,
            "Ready",
            &[
                "follower1 follows a database ",
                &other,
                "`spec.databaseNamePrefix`",
            ],
        );
        assert!(
            harness
                .event_reasons(loser)
                .contains(&"DatabaseNameTaken".to_owned()),
            "{loser}"
        );
        harness.pass(Duration::from_hours(2)).await;
        assert_eq!(
            harness.changes().len(),
            2,
            "{loser}: nothing is written against the other one"
        );

        harness.api.edit("analytics", loser, |object| {
            object["spec"]["databaseNamePrefix"] = json!("own_");
        });
        harness.until_ready(first).await;
        harness.until_ready(second).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_database_whose_name_another_leader_holds_is_not_attached() {
    let harness = Harness::start();
    harness.patch_cluster("leader2", &json!({"databases": [{"name": "Sales"}]}));
    harness.api.create(all_of("everything", "leader2"));
    harness.until_ready("everything").await;
    harness.api.create(declared("sales", &json!({})));
    let taken = harness.until_reason("sales", "DatabaseNameTaken").await;
    assert_says(
        &taken,
        "Ready",
        &[
            "follower1 follows a database Sales of leader2 already",
            "set `spec.databaseNameOverride`",
        ],
    );
    assert_eq!(harness.changes(), ["PUT everything"]);
}

#[tokio::test(start_paused = true)]
async fn one_database_by_two_configurations_is_told_to_the_second() {
    let harness = Harness::start();
    harness.api.create(declared("sales", &json!({})));
    harness.until_ready("sales").await;
    harness.api.create(declared("again", &json!({})));
    let taken = harness.until_reason("again", "DatabaseNameTaken").await;
    assert_says(
        &taken,
        "Ready",
        &["has a database Sales already, by the configuration sales"],
    );
    assert_eq!(harness.changes(), ["PUT sales"]);
}

#[tokio::test(start_paused = true)]
async fn a_suspended_database_is_not_ready_until_azure_resumes_it() {
    let harness = Harness::start();
    harness.api.create(declared("sales", &json!({})));
    harness.until_ready("sales").await;
    let suspended =
        json!({"databases": [{"name": "Sales", "suspendedSince": "2026-01-01T00:00:00Z"}]});
    harness.patch_cluster("leader1", &suspended);
    let object = harness.until_reason("sales", "DatabaseSuspended").await;
    assert_says(
        &object,
        "Ready",
        &[
            "Azure has suspended Sales on follower1",
            "restore the leader's access to its key",
        ],
    );
    assert_eq!(object["status"]["databases"][0]["suspended"], true);
    assert!(
        harness
            .event_reasons("sales")
            .contains(&"DatabaseSuspended".to_owned())
    );

    harness.patch_cluster(
        "leader1",
        &json!({"databases": [{"name": "Sales", "suspendedSince": null}]}),
    );
    let ready = harness.until_ready("sales").await;
    assert_eq!(ready["status"]["databases"][0].get("suspended"), None);
    assert_eq!(harness.changes(), ["PUT sales"]);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_the_follower_does_not_show_is_waited_for_and_then_told() {
    let harness = Harness::start();
    harness.api.create(declared("sales", &json!({})));
    harness.until_ready("sales").await;
    harness.patch_cluster(
        "leader1",
        &json!({"databases": [{"name": "Sales", "$delete": true}]}),
    );
    let waiting = harness.until_reason("sales", "WaitingForDatabase").await;
    assert_eq!(condition(&waiting, "Ready").unwrap().0, "Unknown");
    let missed = harness.api.now();
    let object = harness.until_reason("sales", "DatabaseNotShown").await;
    let patience = harness.api.now().duration_since(missed).as_secs();
    assert!(
        (540..=720).contains(&patience),
        "about ten minutes, not {patience} s"
    );
    assert_says(
        &object,
        "Ready",
        &["follower1 does not show Sales", "still exists on leader1"],
    );
    assert_eq!(
        condition(&object, "Stalled"),
        Some(("True", "DatabaseNotShown"))
    );

    harness.patch_cluster("leader1", &json!({"databases": [{"name": "Sales"}]}));
    harness.until_ready("sales").await;
    assert_eq!(harness.changes(), ["PUT sales"]);
}
