//! Every kind of fault at every kind of call: it heals, writes once and leaves nothing.

use std::time::Duration;

use kusto_arm_simulator::{Answers, Options};
use serde_json::json;

use crate::api_server::{Fault, Verb};
use crate::harness::{Harness, attached_database, world};
use crate::{story, writes};

const CONFIGURATIONS: &str = "**/attachedDatabaseConfigurations/*";

/// Attaches, detaches, and checks that nothing is left.
async fn live_and_die(harness: &Harness, case: &str) {
    harness.until_ready("sales").await;
    assert!(
        harness.live("follower1", "sales").is_some(),
        "{case}: Ready without a configuration"
    );
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    harness.pass(Duration::from_mins(2)).await;
    assert_eq!(
        harness.live("follower1", "sales"),
        None,
        "{case}: left behind: {:#?}",
        story(harness)
    );
}

#[tokio::test(start_paused = true)]
async fn every_fault_of_azure_heals_and_leaves_nothing() {
    for (method, path) in [
        ("PUT", CONFIGURATIONS),
        ("GET", CONFIGURATIONS),
        ("GET", "**/operationResults/*"),
        ("GET", "**/clusters/*"),
        ("DELETE", CONFIGURATIONS),
    ] {
        for act in [
            json!({"status": 400}),
            json!({"status": 401}),
            json!({"status": 403}),
            json!({"status": 404}),
            json!({"status": 404, "body": "nginx"}),
            json!({"status": 409}),
            json!({"status": 429, "headers": {"Retry-After": "99999999999999999999999"}}),
            json!({"status": 429, "headers": {"Retry-After": "0"}}),
            json!({"status": 500}),
            json!({"status": 503, "after": true}),
            json!({"status": 504, "after": true}),
            json!({"reset": true}),
            json!({"reset": true, "after": true}),
            json!({"hang": true}),
            json!({"hang": true, "after": true}),
            json!({"truncate": 10}),
            json!({"slowBody": {"bytes": 1, "every": "10s"}}),
            json!({"status": 307, "headers": {"Location": "https://elsewhere.example/x"}}),
            json!({"status": 200, "body": ""}),
            json!({"status": 200, "body": "<html>"}),
            json!({"status": 200, "body": {}}),
        ] {
            let case = format!("{method} {path}: {act}");
            let harness = Harness::start();
            harness
                .arm
                .arm_fault(
                    json!({"match": {"method": method, "path": path, "times": 2}, "act": act}),
                )
                .unwrap();
            harness.api.create(attached_database("sales"));
            live_and_die(&harness, &case).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_fault_of_the_api_server_heals_with_one_put_and_one_delete() {
    for verb in [Verb::Get, Verb::Patch, Verb::WriteStatus, Verb::Event] {
        for fault in [
            Fault::Refuse(403),
            Fault::Refuse(409),
            Fault::Refuse(422),
            Fault::Refuse(429),
            Fault::Refuse(500),
            Fault::Reset,
            Fault::Hang,
            Fault::LoseAnswer,
            Fault::HangAfterApplying,
        ] {
            // At the first look, while the operation runs, and at its end.
            for after in [0, 12, 21] {
                let harness = Harness::start();
                harness.api.create(attached_database("sales"));
                harness.pass(Duration::from_secs(after)).await;
                harness.api.fault_next(verb, fault);
                harness.api.fault_next(verb, fault);
                let case = format!("{verb:?} {fault:?} after {after} s");
                live_and_die(&harness, &case).await;
                assert_eq!(writes(&harness), 2, "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_crashes_anywhere_cost_no_second_write() {
    for first in (0..24_000).step_by(1_700) {
        for second in [0, 700, 9_000] {
            let case = format!("after {first} ms and {second} ms");
            let mut harness = Harness::start();
            harness.api.create(attached_database("sales"));
            for wait in [first, second] {
                harness.pass(Duration::from_millis(wait)).await;
                harness.crash();
            }
            harness.until_ready("sales").await;
            harness.api.delete("analytics", "sales");
            for wait in [first, second] {
                harness.pass(Duration::from_millis(wait)).await;
                harness.crash();
            }
            harness.until_gone("sales").await;
            assert_eq!(harness.live("follower1", "sales"), None, "{case}");
            assert_eq!(writes(&harness), 2, "{case}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_form_of_an_operation_is_followed() {
    for (answers, dropped) in [
        (Answers::Recorded, json!([])),
        (Answers::Documented, json!([])),
        (Answers::Documented, json!(["azure-asyncoperation"])),
        (Answers::Documented, json!(["location"])),
        (
            Answers::Documented,
            json!(["azure-asyncoperation", "location"]),
        ),
    ] {
        let case = format!("{answers:?} without {dropped}");
        let options = Options {
            answers,
            ..Options::default()
        };
        let harness = Harness::start_with(&world(), options);
        harness
            .arm
            .arm_fault(json!({"match": {"path": CONFIGURATIONS, "times": 0}, "act": {"dropHeaders": dropped}}))
            .unwrap();
        harness.api.create(attached_database("sales"));
        live_and_die(&harness, &case).await;
        assert_eq!(writes(&harness), 2, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_stands_still_decides_nothing() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.freeze_watches();
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["defaultPrincipalsModificationKind"] = json!("Replace");
    });
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.pass(Duration::from_mins(15)).await;
    let live = harness.live("follower1", "sales").unwrap();
    assert_eq!(
        live["properties"]["defaultPrincipalsModificationKind"],
        "Replace"
    );
    harness.api.delete("analytics", "sales");
    harness.pass(Duration::from_mins(15)).await;
    harness.api.thaw_watches();
    harness.until_gone("sales").await;
    assert_eq!(harness.live("follower1", "sales"), None);
}

#[tokio::test(start_paused = true)]
async fn an_object_held_by_another_finalizer_costs_nothing_after_the_detach() {
    let harness = Harness::start();
    let mut object = attached_database("sales");
    object["metadata"]["finalizers"] = json!(["example.com/other"]);
    harness.api.create(object);
    harness.until_ready("sales").await;
    harness.api.delete("analytics", "sales");
    harness
        .until("sales", "let go", |object| {
            object["metadata"]["finalizers"] == json!(["example.com/other"])
        })
        .await;
    harness.api.forget_requests();
    harness.arm.clear_journal();
    harness.pass(Duration::from_hours(5)).await;
    assert_eq!(harness.api.writes(), 0);
    assert!(harness.arm.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_object_made_again_during_its_attach_takes_the_result_over() {
    for after in [0, 1, 500, 5_000, 15_000] {
        let harness = Harness::start();
        harness.api.create(attached_database("sales"));
        harness.pass(Duration::from_millis(after)).await;
        harness.api.erase("analytics", "sales");
        harness.pass(Duration::from_millis(after / 4)).await;
        harness.api.create(attached_database("sales"));
        live_and_die(&harness, &format!("after {after} ms")).await;
        assert_eq!(writes(&harness), 2, "after {after} ms");
    }
}
