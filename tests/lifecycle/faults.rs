//! Crashes and lost answers in the middle of it.

use std::time::Duration;

use serde_json::json;

use crate::harness::{Harness, attached_database};

#[tokio::test(start_paused = true)]
async fn a_crash_during_an_attach_costs_no_second_put() {
    // From the first look to the last poll.
    for after in [0, 1, 50, 2_500, 10_000, 19_999, 21_000] {
        let mut harness = Harness::start();
        harness.api.create(attached_database("sales"));
        harness.pass(Duration::from_millis(after)).await;
        harness.crash();
        let object = harness.until_ready("sales").await;
        assert_eq!(object["status"]["ownership"], "Created", "after {after} ms");
        assert_eq!(harness.calls("PUT").len(), 1, "after {after} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_followed_by_a_look_and_not_by_a_second_put() {
    for act in [
        json!({"status": 504, "body": "", "after": true}),
        json!({"reset": true, "after": true}),
        json!({"hang": true, "after": true}),
    ] {
        let harness = Harness::start();
        harness
            .arm
            .arm_fault(json!({"match": {"method": "PUT", "path": "**/attachedDatabaseConfigurations/*", "times": 1}, "act": act}))
            .unwrap_or_else(|error| panic!("{act}: {error}"));
        harness.api.create(attached_database("sales"));
        harness.until_ready("sales").await;
        assert_eq!(harness.calls("PUT").len(), 1, "{act}");
    }
}
