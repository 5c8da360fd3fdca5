//! Tokens: where they come from, what they open, when they end.

use std::time::Duration;

use axum::body::Body;
use http::{Request, StatusCode};
use kusto_arm_simulator::Options;
use serde_json::{Value, json};

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

async fn entra(harness: &Harness, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    let request = Request::builder()
        .method("POST")
        .uri(format!("{HOST}/tenant-1/oauth2/v2.0/token"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap();
    harness.send(request).await
}

async fn managed_identity(harness: &Harness, query: &str, header: Option<(&str, &str)>) -> Answer {
    let mut request = Request::builder().uri(format!("{HOST}/msi/token?{query}"));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    harness.send(request.body(Body::empty()).unwrap()).await
}

const SECRET: [(&str, &str); 4] = [
    ("grant_type", "client_credentials"),
    ("client_id", "app-1"),
    ("client_secret", "s3cret"),
    ("scope", "https://management.azure.com/.default"),
];

fn assertion_form(assertion: &str) -> [(&str, &str); 5] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", "app-1"),
        ("client_assertion", assertion),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("scope", "https://management.core.windows.net//.default"),
    ]
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
    for form in [SECRET.to_vec(), assertion_form("a.b.c").to_vec()] {
        let answer = entra(&harness, &form).await;
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

#[tokio::test(start_paused = true)]
async fn entra_refuses_with_its_own_numbers() {
    let mut listed = world();
    listed["identities"] = json!([
        {"clientId": "app-1", "secret": "s3cret", "federatedSubjects": ["system:serviceaccount:a:b"]},
    ]);
    let harness = Harness::with(listed, Options::default());
    let jwt = |subject: &str| format!("e30.{}.x", base64(&json!({"sub": subject}).to_string()));
    let replaced = |name: &'static str, value: &'static str| {
        SECRET
            .map(|(field, old)| {
                if field == name {
                    (name, value)
                } else {
                    (field, old)
                }
            })
            .to_vec()
    };
    let without = |name: &str| {
        SECRET
            .into_iter()
            .filter(|(field, _)| *field != name)
            .collect::<Vec<_>>()
    };
    let (good, other) = (
        jwt("system:serviceaccount:a:b"),
        jwt("system:serviceaccount:a:c"),
    );
    assert_eq!(entra(&harness, &SECRET).await.status, StatusCode::OK);
    assert_eq!(
        entra(&harness, &assertion_form(&good)).await.status,
        StatusCode::OK
    );
    for (form, status, error, number) in [
        (
            replaced("client_secret", "old"),
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            7_000_215,
        ),
        (
            replaced("client_id", "app-2"),
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            700_016,
        ),
        (
            replaced("grant_type", "password"),
            StatusCode::BAD_REQUEST,
            "unsupported_grant_type",
            70_003,
        ),
        (
            replaced("scope", "https://management.azure.com"),
            StatusCode::BAD_REQUEST,
            "invalid_scope",
            70_011,
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
            assertion_form(&other).to_vec(),
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            700_213,
        ),
        (
            assertion_form("no token").to_vec(),
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            50_027,
        ),
    ] {
        let answer = entra(&harness, &form).await;
        assert_eq!(
            (answer.status, answer.at("/error")),
            (status, &json!(error)),
            "{number}"
        );
        assert_eq!(answer.at("/error_codes"), &json!([number]));
        assert!(
            answer
                .at("/error_description")
                .as_str()
                .unwrap()
                .starts_with(&format!("AADSTS{number}: "))
        );
    }
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
    entra(&harness, &SECRET).await;
    harness.get(&cluster("follower1")).await;
    assert_eq!(harness.simulator.journal().len(), 1);
    let all: Value = serde_json::to_value(harness.simulator.journal_with_tokens()).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert!(
        !all.to_string().contains("s3cret") && !all.to_string().contains("Bearer"),
        "{all}"
    );
}

fn base64(text: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    text.as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let held = chunk
                .iter()
                .fold(0_u32, |held, byte| held << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            (0..=chunk.len())
                .map(move |at| char::from(ALPHABET[(held >> (18 - 6 * at) & 63) as usize]))
        })
        .collect()
}
