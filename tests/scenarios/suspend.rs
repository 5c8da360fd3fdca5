//! A suspended object: left alone, and yet no riddle for tools that wait for its generation.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Harness, attached_database, condition};

#[tokio::test(start_paused = true)]
async fn a_suspended_object_says_what_it_said_last_of_its_new_generation_once() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    let suspended = harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(true);
    });
    let acknowledged = harness
        .until("sales", "acknowledged", |object| {
            object["status"]["observedGeneration"] == suspended["metadata"]["generation"]
        })
        .await;
    assert_eq!(
        condition(&acknowledged, "Ready"),
        Some(("True", "Attached"))
    );
    let calls = harness.arm.journal().len();
    harness.api.forget_requests();
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.pass(Duration::from_hours(24)).await;
    assert_eq!(harness.arm.journal().len(), calls, "nothing is looked at");
    assert_eq!(harness.api.writes(), 0);
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(false);
    });
    harness.until_ready("sales").await;
    harness.pass(Duration::from_mins(15)).await;
    assert_eq!(harness.changes(), ["PUT sales", "PUT sales"], "repaired");
}

#[tokio::test(start_paused = true)]
async fn a_spec_that_is_changed_along_with_it_stays_unanswered() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    let ready = harness.until_ready("sales").await;
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(true);
        object["spec"]["databaseNameOverride"] = json!("Other");
    });
    harness.pass(Duration::from_hours(24)).await;
    let object = harness.api.get("analytics", "sales").unwrap();
    assert_eq!(
        object["status"]["observedGeneration"], ready["status"]["observedGeneration"],
        "nobody has seen the new one"
    );
    assert_eq!(harness.changes(), ["PUT sales"]);
}
