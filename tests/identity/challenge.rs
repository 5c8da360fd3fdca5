//! A7: Azure wants claims in the token.

use std::time::Duration;

use adx_follower_operator::azure::credential::{CredentialEnvironment, CredentialKind};
use adx_follower_operator::azure::error::Class;
use azure_core::base64::encode;
use kusto_arm_simulator::{Clock, Options};
use serde_json::{Value, json};

use crate::azure::{Azure, tokens_of, world};
use crate::machine::Machine;

const HOUR: Duration = Duration::from_hours(1);
const CLAIMS: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1767225600"}}}"#;

/// Answers every ARM call with a 401 that has this header.
fn challenges(azure: &Azure, header: &str) {
    let body = json!({"error": {"code": "InvalidAuthenticationToken", "message": "the policy has changed"}});
    let act = json!({"status": 401, "headers": {"WWW-Authenticate": header}, "body": body});
    azure
        .simulator()
        .arm_fault(json!({"name": "challenge", "match": {"path": "/subscriptions/**", "times": 0}, "act": act}))
        .unwrap();
}

fn insufficient(claims: &str) -> String {
    format!(r#"Bearer realm="", error="insufficient_claims", claims="{claims}""#)
}

#[tokio::test]
async fn a7_a_claims_challenge_leads_to_one_exchange_with_the_claims() {
    let mut world = world(&["challenged"]);
    world["identities"][0]["requiredClaims"] = json!(CLAIMS);
    let azure = Azure::start(&world, tokens_of(HOUR));
    let arm = azure.client("challenged");
    for _ in 0..5 {
        azure.look(&arm).await.unwrap();
    }
    let asked: Vec<Value> = azure
        .exchanges("challenged")
        .iter()
        .map(|entry| entry.request.body["claims"].clone())
        .collect();
    assert_eq!(asked, [Value::Null, json!(CLAIMS)]);
    let statuses: Vec<_> = azure
        .simulator()
        .journal()
        .iter()
        .map(|entry| entry.status().unwrap())
        .collect();
    assert_eq!(statuses, [401, 200, 200, 200, 200, 200]);
}

#[tokio::test]
async fn a7_a_second_challenge_is_told_and_not_followed() {
    let azure = Azure::start(&world(&["challenged"]), tokens_of(HOUR));
    challenges(&azure, &insufficient(&encode(CLAIMS)));
    let arm = azure.client("challenged");
    for round in 0..5 {
        let told = azure.refusal(&arm).await;
        assert_eq!(told.reason, "ClaimsRequired", "{told:?}");
        assert_eq!(told.class, Class::Unauthenticated);
        assert!(told.message.contains("conditional access"), "{told:?}");
        assert!(
            !told.message.contains("1767225600"),
            "what is asked for may name people and places: {told:?}"
        );
        let exchanges = azure.exchanges("challenged").len();
        assert_eq!(exchanges, 2, "after round {round}");
    }
}

#[tokio::test]
async fn a7_a_managed_identity_that_is_challenged_is_told_what_to_use_instead() {
    let options = Options {
        // Its answers hold times of the wall clock.
        clock: Clock::system(),
        ..tokens_of(HOUR)
    };
    let azure = Azure::start(&world(&["machine"]), options);
    azure.patch(json!({"identities": [{"clientId": "machine", "requiredClaims": CLAIMS}]}));
    let environment = CredentialEnvironment {
        client_id: Some("machine".to_owned()),
        ..CredentialEnvironment::default()
    };
    let arm = azure.client_at(
        &azure.cloud(),
        CredentialKind::ManagedIdentity,
        &environment,
        &Machine::of(&azure),
    );
    let told = azure.refusal(&arm).await;
    assert_eq!(
        (told.class, told.reason),
        (Class::Unauthenticated, "ClaimsRequired")
    );
    assert!(told.message.contains("use workload identity"), "{told:?}");
}

#[tokio::test]
async fn a7_a_malformed_challenge_is_a_401_like_any_other() {
    for header in [
        insufficient("!!!"),
        insufficient(""),
        insufficient(&encode("no object")),
        insufficient(&encode("[1]")),
        insufficient(&encode(CLAIMS.repeat(200))),
        format!(
            r#"Bearer error="invalid_token", claims="{}""#,
            encode(CLAIMS)
        ),
        format!(
            r#"Basic error="insufficient_claims", claims="{}""#,
            encode(CLAIMS)
        ),
        r#"Bearer error="insufficient_claims", claims="eyJ"#.to_owned(),
    ] {
        let azure = Azure::start(&world(&["challenged"]), tokens_of(HOUR));
        challenges(&azure, &header);
        let arm = azure.client("challenged");
        let told = azure.refusal(&arm).await;
        assert_eq!(told.reason, "AuthenticationFailed", "{header}: {told:?}");
        let exchanges = azure.exchanges("challenged");
        assert_eq!(exchanges.len(), 2, "{header}: one new token, as after H13");
        assert!(
            exchanges
                .iter()
                .all(|entry| entry.request.body["claims"].is_null()),
            "{header}"
        );
    }
}
