//! Changes that come faster than Azure works.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Harness, attached_database};

#[tokio::test(start_paused = true)]
async fn of_ten_rapid_changes_the_last_wins_with_two_puts_at_most() {
    for apart in [0, 20, 900, 1_900, 6_000] {
        let harness = Harness::start();
        harness.api.create(attached_database("sales"));
        harness.until_reason("sales", "Creating").await;
        harness.pass(Duration::from_secs(1)).await;
        for change in 1..=10 {
            harness.api.edit("analytics", "sales", |object| {
                object["spec"]["databaseNameOverride"] = json!(format!("Sales{change}"));
            });
            harness.pass(Duration::from_millis(apart)).await;
        }
        let ready = harness.until_ready("sales").await;
        let case = format!("{apart} ms apart");
        assert_eq!(ready["metadata"]["generation"], 11, "{case}");
        assert_eq!(ready["status"]["observedGeneration"], 11, "{case}");
        assert_eq!(
            ready["status"]["attachedDatabaseNames"],
            json!(["Sales10"]),
            "{case}"
        );
        let live = harness.live("follower1", "sales").unwrap();
        assert_eq!(
            live["properties"]["databaseNameOverride"], "Sales10",
            "{case}"
        );
        // While the first operation runs nothing is sent; changes that go on after it may cost one in between.
        let most = if apart * 10 > 20_000 { 3 } else { 2 };
        let puts = harness.calls("PUT").len() - 1;
        assert!(
            (1..=most).contains(&puts),
            "{case}: {puts} PUTs after the first"
        );
        honest(&harness.api.versions(), &case);
        harness.pass(Duration::from_hours(1)).await;
        assert_eq!(
            harness.calls("PUT").len(),
            puts + 1,
            "{case}: and then it rests"
        );
    }
}

/// Checks each version that a watcher saw: the observed generation never leads, never falls back, and an object that is
/// Ready shows what that generation declares.
fn honest(versions: &[Value], case: &str) {
    let mut observed = -1;
    let mut seen = 0;
    for object in versions {
        let generation = object["metadata"]["generation"].as_i64().unwrap();
        let now = object["status"]["observedGeneration"].as_i64().unwrap();
        assert!(
            (observed..=generation).contains(&now),
            "{case}: {observed}, then {now} of {generation}"
        );
        observed = now;
        let conditions = object["status"]["conditions"]
            .as_array()
            .into_iter()
            .flatten();
        let ready = conditions
            .clone()
            .find(|condition| condition["type"] == "Ready");
        if let Some(ready) = ready.filter(|ready| ready["status"] == "True" && now == generation) {
            let wanted = object["spec"]["databaseNameOverride"]
                .as_str()
                .unwrap_or("Sales");
            assert_eq!(
                object["status"]["attachedDatabaseNames"],
                json!([wanted]),
                "{case}"
            );
            assert_eq!(ready["observedGeneration"], generation, "{case}");
            seen += 1;
        }
        for condition in conditions {
            assert!(
                condition["observedGeneration"].as_i64() <= Some(generation),
                "{case}: {condition}"
            );
        }
    }
    assert!(seen > 0, "{case}: it was Ready at some time");
}

#[tokio::test(start_paused = true)]
async fn a_change_and_its_undoing_while_an_operation_runs_cost_nothing() {
    let harness = Harness::start();
    harness.api.create(attached_database("sales"));
    harness.until_reason("sales", "Creating").await;
    harness.pass(Duration::from_secs(1)).await;
    for kind in ["Replace", "Union"] {
        harness.api.edit("analytics", "sales", |object| {
            object["spec"]["defaultPrincipalsModificationKind"] = json!(kind);
        });
        harness.pass(Duration::from_secs(3)).await;
    }
    harness.until_ready("sales").await;
    assert_eq!(harness.calls("PUT").len(), 1);
}
