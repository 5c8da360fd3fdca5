//! What `/_sim/secrets` knows, and that nothing else tells it.

use std::time::Duration;

use http::StatusCode;
use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::entra::{assertion_form, post, secret_form};
use crate::harness::{Harness, cluster, world};

#[tokio::test(start_paused = true)]
async fn everything_secret_is_remembered_also_when_it_was_refused_or_has_ended() {
    let mut listed = world();
    listed["identities"] = json!([{"clientId": "app-1", "secret": "s3cret"}]);
    let options = Options {
        token_lifetime: Duration::from_mins(10),
        ..Options::default()
    };
    let harness = Harness::with(listed, options);
    let answer = post(&harness, "tenant-1", &secret_form("s3cret")).await;
    let token = answer.at("/access_token").as_str().unwrap().to_owned();
    let refused = post(&harness, "tenant-1", &secret_form("wr0ng")).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    harness
        .simulator
        .arm_fault(json!({"match": {"path": "/*/oauth2/**"}, "act": {"reset": true}}))
        .unwrap();
    let request = crate::entra::request("tenant-1", &assertion_form("a.b.c"));
    assert!(harness.try_send(request).await.is_none());
    let made_up = harness.with_token("made-up");
    assert_eq!(
        made_up.get(&cluster("follower1")).await.status,
        StatusCode::UNAUTHORIZED
    );
    tokio::time::advance(Duration::from_hours(48)).await;
    let fresh = harness.simulator.mint_token("me", "https://x");

    let shown = harness.get("/_sim/secrets").await;
    let secrets = harness.simulator.secrets();
    assert_eq!(shown.body, serde_json::to_value(&secrets).unwrap());
    for expected in [token.as_str(), "made-up", fresh.as_str()] {
        assert!(secrets.tokens.contains(expected), "{expected}");
    }
    assert_eq!(shown.at("/assertions"), &json!(["a.b.c"]));
    assert_eq!(shown.at("/clientSecrets"), &json!(["s3cret", "wr0ng"]));

    let journal: Value = serde_json::to_value(harness.simulator.journal_with_tokens()).unwrap();
    let (journal, debugged) = (journal.to_string(), format!("{:?}", harness.simulator));
    for secret in secrets.all() {
        assert!(!journal.contains(secret), "in the journal: {secret}");
        assert!(!debugged.contains(secret), "in `Debug`: {secret}");
    }
}
