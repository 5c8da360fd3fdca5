//! Tokens that are not accepted, and answers that hold one where nobody looks for it.

use std::time::Duration;

use adx_follower_operator::controller::{OwnIdentities, Tenancy};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api_server::{Fault, Kind, Verb};
use crate::harness::{Harness, message};
use crate::identities::{CLIENT, annotated, own, world_with_identity};

const CONFIGURATIONS: &str = "**/attachedDatabaseConfigurations/*";

fn start() -> Harness {
    Harness::start_shared(
        &world_with_identity(&["follower1", "leader1"]),
        Tenancy::Policies(OwnIdentities::Enabled),
        |api| annotated(api, "analytics", "adx"),
    )
}

/// The next call of `method` for a configuration is answered 401.
fn refuse_next(harness: &Harness, method: &str) {
    let matching = json!({"method": method, "path": CONFIGURATIONS, "times": 1});
    harness
        .arm
        .arm_fault(json!({"name": method, "match": matching, "act": {"status": 401}}))
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_holds_no_token_in_its_place_is_not_quoted() {
    const SECRET: &str = "c2VjcmV0IG9mIG5vYm9keQ";
    let oversized = format!(r#"{{"status":{{"token":"{}"}}}}"#, SECRET.repeat(4_000)).leak();
    for (body, told) in [
        (r#"{"status":"c2VjcmV0IG9mIG5vYm9keQ"}"#, "holds no token"),
        (
            r#"{"status":{"token":["c2VjcmV0IG9mIG5vYm9keQ"]}}"#,
            "holds no token",
        ),
        (
            r#"{"status":{"token":"c2VjcmV0IG9mIG5vYm9keQ"}"#,
            "holds no token",
        ),
        (r#""c2VjcmV0IG9mIG5vYm9keQ""#, "holds no token"),
        ("c2VjcmV0IG9mIG5vYm9keQ", "holds no token"),
        (oversized, "is larger than 64 kB"),
    ] {
        let harness = start();
        harness
            .api
            .fault_always(Verb::RequestToken, Fault::Answer(body));
        harness.api.create(own("sales"));
        let object = harness.until_reason("sales", "TokenUnavailable").await;
        let said = message(&object, "Ready").unwrap();
        assert!(said.contains(told), "{said}");
        harness.pass(Duration::from_hours(1)).await;
        assert!(
            !harness.event_reasons("sales").is_empty(),
            "events are told"
        );
        let log = harness.log();
        assert!(log.contains(told), "the log has it too");
        for (place, text) in [("log", log), ("API server", harness.api.output())] {
            assert!(!text.contains(SECRET), "the {place} has {body:.60}");
        }
        harness.api.heal();
        harness.until_ready("sales").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_sent_again_soon_by_the_next_pass() {
    let harness = start();
    refuse_next(&harness, "PUT");
    harness.api.create(own("sales"));
    harness.until_ready("sales").await;
    // A token is replaced once in half a minute.
    harness.pass(Duration::from_mins(1)).await;
    refuse_next(&harness, "DELETE");
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(
        harness.changes_of(CLIENT),
        ["PUT sales", "PUT sales", "DELETE sales", "DELETE sales"]
    );
    let journal = harness.arm.journal();
    for method in ["PUT", "DELETE"] {
        let mut tries = (0..journal.len()).filter(|index| journal[*index].request.method == method);
        let (first, second) = (tries.next().unwrap(), tries.next().unwrap());
        assert_eq!(journal[first].status(), Some(401));
        assert!(
            journal[first..second]
                .iter()
                .any(|entry| entry.request.method == "GET"),
            "{method}: what it is about is read anew"
        );
        let [first, second] = [first, second].map(|index| {
            let time: Timestamp = journal[index].time.parse().unwrap();
            time
        });
        let waited = second.duration_since(first).as_secs();
        assert!(waited <= 2, "{method}: {waited} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_write_is_not_sent_for_an_account_that_went_meanwhile() {
    for method in ["PUT", "DELETE"] {
        let harness = start();
        harness.api.create(own("sales"));
        harness.until_ready("sales").await;
        let before = harness.changes_of(CLIENT);
        refuse_next(&harness, method);
        // Time enough, before the new token is there.
        let matching = json!({"path": "**/oauth2/v2.0/token", "clientId": CLIENT, "times": 1});
        let act: Value = json!({"delay": "5s"});
        harness
            .arm
            .arm_fault(json!({"match": matching, "act": act}))
            .unwrap();
        if method == "PUT" {
            let edit = json!({"defaultPrincipalsModificationKind": "None"});
            harness.edit_in_portal("sales", &edit);
        } else {
            harness.api.delete("analytics", "sales");
        }
        while harness.changes_of(CLIENT) == before {
            harness.pass(Duration::from_millis(500)).await;
        }
        harness.api.freeze_watches_on(Kind::ServiceAccount);
        harness.api.delete_service_account("analytics", "adx");
        harness.pass(Duration::from_mins(30)).await;
        let sent = harness.changes_of(CLIENT);
        assert_eq!(sent[before.len()..], [format!("{method} sales")]);
        let exchanges = harness.arm.journal_with_tokens();
        let exchanges = exchanges
            .iter()
            .filter(|entry| entry.request.url.contains("/oauth2/v2.0/token"));
        assert_eq!(exchanges.count(), 2, "{method}: the token was replaced");
    }
}
