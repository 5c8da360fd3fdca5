//! Tokens: where they come from, what they open, when they end.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::entra::{EXCHANGE, assertion, assertion_form, jwt, number, post, secret_form, with};
use crate::harness::{Answer, HOST, Harness, cluster, world};

async fn with_token(harness: &Harness, authorization: Option<&str>) -> Answer {
    let mut request = Request::builder().uri(format!(
        "{HOST}{}?api-version=2024-04-13",
        cluster("follower1")
    ));
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    harness.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn without_a_good_token_every_call_is_401_in_arms_envelope() {
    let harness = Harness::new();
    let graph = harness
        .simulator
        .mint_token("me", "https://graph.microsoft.com/");
    let graph = format!("Bearer {graph}");
    for (authorization, code) in [
        (None, "AuthenticationFailed"),
        (Some("Basic abc"), "AuthenticationFailedInvalidHeader"),
        (Some("Bearer made-up"), "InvalidAuthenticationToken"),
        (Some(graph.as_str()), "InvalidAuthenticationTokenAudience"),
    ] {
        let answer = with_token(&harness, authorization).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::UNAUTHORIZED, code)
        );
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("Bearer authorization_uri=\"https://management.azure.com/"),
            "{challenge}"
        );
        assert!(answer.header("x-ms-request-id").is_some());
    }
    let missing = with_token(&harness, None).await;
    assert_eq!(
        missing.message(),
        "Authentication failed. The 'Authorization' header is missing."
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_ends() {
    let harness = Harness::with(
        world(),
        Options {
            token_lifetime: Duration::from_mins(10),
            ..Options::default()
        },
    );
    tokio::time::advance(Duration::from_secs(599)).await;
    assert_eq!(
        harness.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(
        harness.get(&cluster("follower1")).await.code(),
        "ExpiredAuthenticationToken"
    );
}

#[tokio::test(start_paused = true)]
async fn entra_gives_tokens_for_a_secret_and_for_an_assertion() {
    let harness = Harness::new();
    let core = "https://management.core.windows.net//.default";
    for form in [
        secret_form("s3cret"),
        with(assertion_form("a.b.c"), "scope", core),
    ] {
        let answer = post(&harness, "tenant-1", &form).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(
            (answer.at("/token_type"), answer.at("/expires_in")),
            (&json!("Bearer"), &json!(3600))
        );
        let token = answer.at("/access_token").as_str().unwrap();
        assert_eq!(
            token.split('.').count(),
            3,
            "a token has the shape of a JWT"
        );
        assert_eq!(
            with_token(&harness, Some(&format!("bearer {token}")))
                .await
                .status,
            StatusCode::OK
        );
    }
}

const SUBJECT: &str = "system:serviceaccount:a:b";

fn listed() -> Harness {
    let mut listed = world();
    listed["identities"] =
        json!([{"clientId": "app-1", "secret": "s3cret", "federatedSubjects": [SUBJECT]}]);
    Harness::with(listed, Options::default())
}

#[tokio::test(start_paused = true)]
async fn entra_refuses_with_its_own_numbers() {
    let harness = listed();
    let form = || secret_form("s3cret");
    let without = |name: &str| {
        let mut form = form();
        form.retain(|(field, _)| *field != name);
        form
    };
    let (good, other) = (
        assertion(&harness, SUBJECT),
        assertion(&harness, "system:serviceaccount:a:c"),
    );
    for accepted in [form(), assertion_form(&good)] {
        let answer = post(&harness, "tenant-1", &accepted).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    for (form, status, error, expected) in [
        (
            secret_form("old"),
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            7_000_215,
        ),
        (
            with(form(), "client_id", "app-2"),
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            700_016,
        ),
        (
            with(form(), "grant_type", "password"),
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            70_003,
        ),
        (
            with(form(), "scope", "https://management.azure.com"),
            StatusCode::BAD_REQUEST,
            "invalid_scope",
            70_011,
        ),
        (
            with(form(), "claims", "[1]"),
            StatusCode::BAD_REQUEST,
            "invalid_request",
            9_002_313,
        ),
        (
            without("scope"),
            StatusCode::BAD_REQUEST,
            "invalid_request",
            900_144,
        ),
        (
            without("client_secret"),
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            7_000_218,
        ),
        (
            assertion_form(&other),
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            700_213,
        ),
        (
            assertion_form("no token"),
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            50_027,
        ),
    ] {
        let answer = post(&harness, "tenant-1", &form).await;
        assert_eq!(
            (answer.status, answer.at("/error"), number(&answer)),
            (status, &json!(error), expected)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_assertion_is_for_the_exchange_and_in_its_time() {
    let harness = listed();
    let now = harness.clock.now().as_second();
    let claims = |aud: Value, nbf: i64, exp: Value| json!({"sub": SUBJECT, "aud": aud, "nbf": nbf, "exp": exp});
    let later = json!(now + 600);
    for (claims, expected) in [
        (claims(json!(EXCHANGE), now, later.clone()), None),
        (claims(json!(["x", EXCHANGE]), now, later.clone()), None),
        (claims(json!("x"), now, later.clone()), Some(700_212)),
        (claims(json!([]), now, later.clone()), Some(700_212)),
        (claims(Value::Null, now, later.clone()), Some(700_212)),
        (claims(json!(EXCHANGE), now + 60, later.clone()), None),
        (claims(json!(EXCHANGE), now + 360, later), Some(700_024)),
        (claims(json!(EXCHANGE), now, json!(now)), Some(700_024)),
        (claims(json!(EXCHANGE), now, Value::Null), Some(700_024)),
    ] {
        let answer = post(&harness, "tenant-1", &assertion_form(&jwt(&claims))).await;
        let refused = (answer.status != StatusCode::OK).then(|| number(&answer));
        assert_eq!(refused, expected, "{claims}: {}", answer.text);
    }
    let good = assertion_form(&assertion(&harness, SUBJECT));
    tokio::time::advance(Duration::from_hours(1)).await;
    let late = post(&harness, "tenant-1", &good).await;
    assert_eq!(number(&late), 700_024);
    let text = late.at("/error_description").as_str().unwrap();
    assert!(text.contains("expiry time of assertion"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_federated_credential_is_taken_away_and_given_again_while_tokens_live_on() {
    let harness = listed();
    let form = assertion_form(&assertion(&harness, SUBJECT));
    let exchanged = post(&harness, "tenant-1", &form).await;
    let held = harness.with_token(exchanged.at("/access_token").as_str().unwrap());
    for (subjects, expected) in [
        (json!([]), Some(70_025)),
        (json!(["system:serviceaccount:a:other"]), Some(700_213)),
        (json!([SUBJECT.to_uppercase()]), Some(700_213)),
        (json!([SUBJECT]), None),
        (json!(null), None),
    ] {
        let patch = json!({"identities": [{"clientId": "APP-1", "federatedSubjects": subjects}]});
        harness.simulator.patch_world(patch).unwrap();
        let answer = post(&harness, "tenant-1", &form).await;
        let refused = (answer.status != StatusCode::OK).then(|| number(&answer));
        assert_eq!(refused, expected, "{subjects}: {}", answer.text);
        assert_eq!(held.get(&cluster("follower1")).await.status, StatusCode::OK);
    }
    let patch = json!({"identities": [{"clientId": "app-1", "$delete": true}]});
    harness.simulator.patch_world(patch).unwrap();
    assert_eq!(number(&post(&harness, "tenant-1", &form).await), 700_016);
}

async fn managed_identity(harness: &Harness, query: &str, header: Option<(&str, &str)>) -> Answer {
    let mut request = Request::builder().uri(format!("{HOST}/msi/token?{query}"));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    harness.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn managed_identity_answers_with_numbers_as_text() {
    let harness = Harness::new();
    let query = "api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com";
    for header in [("metadata", "true"), ("x-identity-header", "x")] {
        let answer = managed_identity(&harness, query, Some(header)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.at("/resource"), "https://management.azure.com");
        assert!(
            answer
                .at("/expires_on")
                .as_str()
                .unwrap()
                .parse::<i64>()
                .is_ok()
        );
        let token = answer.at("/access_token").as_str().unwrap();
        assert_eq!(
            with_token(&harness, Some(&format!("Bearer {token}")))
                .await
                .status,
            StatusCode::OK
        );
    }
    for (query, header) in [
        (query, None),
        ("api-version=2019-08-01", Some(("metadata", "true"))),
    ] {
        assert_eq!(
            managed_identity(&harness, query, header).await.status,
            StatusCode::BAD_REQUEST
        );
    }
}

#[tokio::test(start_paused = true)]
async fn discovery_names_the_address_that_was_called() {
    let harness = Harness::new();
    let endpoints = harness
        .get("/metadata/endpoints?api-version=2022-09-01")
        .await;
    assert_eq!(endpoints.at("/resourceManager"), HOST);
    assert_eq!(endpoints.at("/authentication/loginEndpoint"), HOST);
    assert_eq!(endpoints.at("/authentication/identityProvider"), "AAD");
    let openid = harness
        .get("/t1/v2.0/.well-known/openid-configuration?x")
        .await;
    assert_eq!(
        openid.at("/token_endpoint").as_str().unwrap(),
        format!("{HOST}/t1/oauth2/v2.0/token")
    );
}

#[tokio::test(start_paused = true)]
async fn token_calls_are_in_the_journal_only_when_asked_for() {
    let harness = Harness::new();
    post(&harness, "tenant-1", &secret_form("s3cret")).await;
    harness.get(&cluster("follower1")).await;
    assert_eq!(harness.simulator.journal().len(), 1);
    let all: Value = serde_json::to_value(harness.simulator.journal_with_tokens()).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(
        all.pointer("/0/principal"),
        Some(&json!("app-1")),
        "who asks"
    );
    assert!(
        !all.to_string().contains("s3cret") && !all.to_string().contains("Bearer"),
        "{all}"
    );
}
