//! Drift as data: what differs, since when and by whom; corrected, reported, or given up for a while.

use std::time::Duration;

use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::assert_says;
use crate::harness::{
    Harness, attached_database, condition, configuration, declared, live_configuration, world,
};

fn with_live(properties: &Value) -> Harness {
    let mut world = world();
    world["configurations"] = json!([live_configuration("follower1", "sales", properties)]);
    Harness::start_with(&world, Options::default())
}

fn differing() -> Value {
    json!({"defaultPrincipalsModificationKind": "Replace"})
}

fn remove_in_portal(harness: &Harness) {
    let id = configuration("follower1", "sales");
    harness.patch(json!({"configurations": [{"id": id, "$delete": true}]}));
}

#[tokio::test(start_paused = true)]
async fn report_shows_the_drift_and_never_writes() {
    let harness = with_live(&differing());
    harness.api.create(declared(
        "sales",
        &json!({"driftPolicy": "Report", "adoptionPolicy": "Always"}),
    ));
    let drifted = harness.until_reason("sales", "Drifted").await;
    assert_eq!(condition(&drifted, "InSync"), Some(("False", "Drifted")));
    assert_eq!(condition(&drifted, "Stalled"), Some(("True", "Drifted")));
    assert_says(
        &drifted,
        "Ready",
        &[
            "`defaultPrincipalsModificationKind` is \"Replace\"",
            "`spec.driftPolicy` is Report",
        ],
    );
    let drift = &drifted["status"]["drift"];
    assert_eq!(drift[0]["field"], "defaultPrincipalsModificationKind");
    assert_eq!(
        (&drift[0]["desired"], &drift[0]["observed"]),
        (&json!("Union"), &json!("Replace"))
    );

    // What changes while it is drifted: more drift, no drift, no configuration.
    harness.edit_in_portal("sales", &json!({"databaseNamePrefix": "x_"}));
    let more = harness
        .until("sales", "drifted twice", |object| {
            object["status"]["drift"][1].is_object()
        })
        .await;
    assert_eq!(
        more["status"]["drift"][0]["since"], drift[0]["since"],
        "the first is as old as it was"
    );
    assert!(more["status"]["drift"][1]["since"].as_str() > drift[0]["since"].as_str());

    harness.edit_in_portal(
        "sales",
        &json!({"databaseNamePrefix": null, "defaultPrincipalsModificationKind": "Union"}),
    );
    let ready = harness.until_ready("sales").await;
    assert_eq!(ready["status"].get("drift"), None);
    assert_eq!(
        ready["status"].get("ownership"),
        None,
        "who only reports owns nothing"
    );

    remove_in_portal(&harness);
    let absent = harness.until_reason("sales", "NotAttached").await;
    assert_eq!(absent["status"]["drift"][0]["field"], "configuration");
    assert_eq!(absent["metadata"].get("finalizers"), None);

    harness.pass(Duration::from_hours(3)).await;
    harness
        .patch(json!({"configurations": [live_configuration("follower1", "sales", &json!({}))]}));
    harness.until_ready("sales").await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    harness.pass(Duration::from_hours(1)).await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(harness.changes(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn report_chosen_later_ends_all_writes_also_on_deletion() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["driftPolicy"] = json!("Report");
    });
    harness.edit_in_portal("sales", &differing());
    let drifted = harness.until_reason("sales", "Drifted").await;
    harness.api.forget_requests();
    harness.pass(Duration::from_hours(2)).await;
    assert_eq!(
        harness.api.writes(),
        0,
        "unchanged drift is not written again"
    );
    assert_eq!(
        harness.api.get("analytics", "sales").unwrap()["status"],
        drifted["status"]
    );
    assert_eq!(
        harness.event_reasons("sales"),
        ["Attached", "Drifted", "DriftDetected"]
    );

    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert!(harness.live("follower1", "sales").is_some());
    assert_eq!(harness.changes(), ["PUT sales"]);
}

#[tokio::test(start_paused = true)]
async fn report_chosen_away_corrects_at_once() {
    let harness = with_live(&differing());
    harness.api.create(declared(
        "sales",
        &json!({"driftPolicy": "Report", "adoptionPolicy": "Always"}),
    ));
    harness.until_reason("sales", "Drifted").await;
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["driftPolicy"] = json!("Correct");
    });
    let ready = harness.until_ready("sales").await;
    assert_eq!(ready["status"]["ownership"], "Adopted");
    assert_eq!(harness.changes(), ["PUT sales"]);
}

#[tokio::test(start_paused = true)]
async fn who_changed_it_is_told_where_azure_tells() {
    let harness = with_live(&differing());
    let mut shown = live_configuration("follower1", "sales", &differing());
    shown["name"] = json!("follower1/sales");
    shown["systemData"] =
        json!({"lastModifiedBy": "somebody@example.com", "lastModifiedAt": "2026-01-01T00:00:00Z"});
    let (one, list) = (
        "**/attachedDatabaseConfigurations/*",
        "**/attachedDatabaseConfigurations",
    );
    harness.break_calls("one", ("GET", one), &json!({"body": shown}));
    harness.break_calls("list", ("GET", list), &json!({"body": {"value": [shown]}}));
    harness
        .api
        .create(declared("sales", &json!({"driftPolicy": "Report"})));
    let drifted = harness.until_reason("sales", "Drifted").await;
    assert_eq!(
        drifted["status"]["drift"][0]["changedBy"],
        "somebody@example.com"
    );
    assert_eq!(
        drifted["status"]["drift"][0]["changedAt"],
        "2026-01-01T00:00:00Z"
    );
}

#[tokio::test(start_paused = true)]
async fn who_keeps_undoing_a_correction_is_told_and_tried_again_later() {
    type Undo = fn(&Harness);
    let edit: Undo = |harness| harness.edit_in_portal("sales", &differing());
    let cases: [(Undo, &str); 2] = [
        (
            edit,
            "keeps changing the configuration sales on follower1 back: `defaultPrincipalsModificationKind`",
        ),
        (
            remove_in_portal,
            "keeps removing the configuration sales on follower1",
        ),
    ];
    for (undo, message) in cases {
        let harness = Harness::start();
        harness
            .api
            .create(declared("sales", &json!({"interval": "1m"})));
        harness.until_ready("sales").await;
        let began = harness.api.now();
        for _ in 0..5 {
            undo(&harness);
            harness.until_reason("sales", "DriftDetected").await;
            harness.until_ready("sales").await;
        }
        undo(&harness);
        let contested = harness.until_reason("sales", "Contested").await;
        assert_eq!(
            condition(&contested, "Stalled"),
            Some(("True", "Contested")),
            "{message}"
        );
        assert_eq!(
            condition(&contested, "InSync"),
            Some(("False", "Drifted")),
            "{message}"
        );
        assert_says(&contested, "Ready", &[message, "again after an hour"]);
        assert!(
            contested["status"]["drift"][0]["since"].is_string(),
            "{message}"
        );
        assert!(
            harness
                .event_reasons("sales")
                .contains(&"Contested".to_owned()),
            "{message}"
        );
        assert_eq!(
            harness.changes().len(),
            6,
            "{message}: an attach and five corrections"
        );

        harness.until_ready("sales").await;
        let waited = harness.api.now().duration_since(began).as_mins();
        assert!(
            (60..=80).contains(&waited),
            "{message}: tried again after {waited} min"
        );
        assert_eq!(harness.changes().len(), 7, "{message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_contested_object_is_ready_as_soon_as_the_other_gives_in() {
    let harness = Harness::start();
    harness
        .api
        .create(declared("sales", &json!({"interval": "1m"})));
    harness.until_ready("sales").await;
    for _ in 0..5 {
        harness.edit_in_portal("sales", &differing());
        harness.until_reason("sales", "DriftDetected").await;
        harness.until_ready("sales").await;
    }
    harness.edit_in_portal("sales", &differing());
    harness.until_reason("sales", "Contested").await;
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "Union"}),
    );
    let told = harness.api.now();
    let ready = harness.until_ready("sales").await;
    assert!(harness.api.now().duration_since(told).as_mins() <= 15);
    assert_eq!(ready["status"].get("drift"), None);
    assert_eq!(harness.changes().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn who_sets_another_value_each_time_is_given_up_too_but_a_new_spec_is_carried_out() {
    let harness = Harness::start();
    harness
        .api
        .create(declared("sales", &json!({"interval": "1m"})));
    harness.until_ready("sales").await;
    let began = harness.api.now();
    let set = |turn: u32| {
        harness.edit_in_portal("sales", &json!({"databaseNamePrefix": format!("v{turn}_")}));
    };
    for turn in 0..20 {
        set(turn);
        harness.until_reason("sales", "DriftDetected").await;
        harness.until_ready("sales").await;
    }
    let waited = harness.api.now().duration_since(began).as_mins();
    assert!(waited < 60, "{waited} min");
    set(20);
    harness.until_reason("sales", "Contested").await;
    harness.pass(Duration::from_mins(5)).await;
    assert_eq!(harness.changes().len(), 21, "an attach and 20 corrections");

    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["defaultPrincipalsModificationKind"] = json!("None");
    });
    harness.until_ready("sales").await;
    assert_eq!(harness.changes().len(), 22);
}

#[tokio::test(start_paused = true)]
async fn a_new_spec_is_not_judged_by_what_was_read_hours_ago() {
    let harness = Harness::start();
    harness
        .api
        .create(declared("sales", &json!({"interval": "24h"})));
    harness.until_ready("sales").await;
    harness.edit_in_portal("sales", &differing());
    harness.pass(Duration::from_hours(1)).await;
    assert_eq!(harness.changes().len(), 1, "the interval is not over");
    // Nothing that Azure knows of, so that what was read before would do.
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["deletionPolicy"] = json!("Orphan");
    });
    harness.until_reason("sales", "Updating").await;
    harness.until_ready("sales").await;
    assert_eq!(harness.changes(), ["PUT sales"; 2]);
}
