//! Tokens of service accounts.

use azure_core::base64::decode_url_safe;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::ResourceExt;
use kube::api::{Api, PostParams};
use serde_json::{Value, json};
use tokio::time::{advance, timeout};

use super::api_server::{FakeApi, Fault, Kind, Verb};
use super::{MINUTE, code};

const AUDIENCE: &str = "api://AzureADTokenExchange";

fn request(expiration_seconds: Option<i64>) -> TokenRequest {
    TokenRequest {
        spec: TokenRequestSpec {
            audiences: vec![AUDIENCE.to_owned()],
            expiration_seconds,
            ..TokenRequestSpec::default()
        },
        ..TokenRequest::default()
    }
}

async fn issue(
    server: &FakeApi,
    name: &str,
    expiration_seconds: Option<i64>,
) -> Result<TokenRequest, kube::Error> {
    Api::<ServiceAccount>::namespaced(server.client(), "analytics")
        .create_token_request(name, &PostParams::default(), &request(expiration_seconds))
        .await
}

fn token(issued: TokenRequest) -> String {
    issued.status.expect("a status").token
}

/// The claims in a token.
fn claims(token: &str) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let header: Value = serde_json::from_slice(&decode_url_safe(parts[0]).unwrap()).unwrap();
    assert_eq!(header["alg"], "RS256");
    assert!(!decode_url_safe(parts[2]).unwrap().is_empty());
    serde_json::from_slice(&decode_url_safe(parts[1]).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_token_says_whose_it_is_for_whom_and_how_long() {
    let server = FakeApi::new();
    let account = server.create_service_account("analytics", "adx", &[]);
    advance(5 * MINUTE).await;
    let now = server.now().as_second();
    for (asked, seconds) in [(None, 3_600), (Some(600), 600), (Some(86_400), 86_400)] {
        let issued = issue(&server, "adx", asked).await.unwrap();
        assert_eq!(issued.name_any(), "adx");
        assert_eq!(issued.spec.expiration_seconds, Some(seconds));
        let status = issued.status.clone().unwrap();
        assert_eq!(status.expiration_timestamp.0.as_second(), now + seconds);
        let claims = claims(&token(issued));
        assert_eq!(claims["sub"], "system:serviceaccount:analytics:adx");
        assert_eq!(claims["aud"], json!([AUDIENCE]));
        assert_eq!(claims["exp"], now + seconds);
        assert_eq!(claims["iat"], now);
        assert!(claims["iss"].as_str().unwrap().starts_with("https://"));
        assert_eq!(
            claims["kubernetes.io"],
            json!({"namespace": "analytics",
                "serviceaccount": {"name": "adx", "uid": account["metadata"]["uid"]}})
        );
    }
    let issued = server.issued_assertions();
    assert_eq!(issued.len(), 3);
    assert_ne!(claims(&issued[0])["jti"], claims(&issued[1])["jti"]);
    assert_eq!(server.count(Verb::RequestToken), 3);
    assert_eq!(server.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_not_there_gets_no_token() {
    let server = FakeApi::new();
    server.create_service_account("other", "adx", &[]);
    let absent = issue(&server, "adx", None).await.unwrap_err();
    assert_eq!(code(&absent), 404);
    assert!(
        absent
            .to_string()
            .contains("serviceaccounts \"adx\" not found")
    );

    server.create_service_account("analytics", "adx", &[]);
    let short = issue(&server, "adx", Some(599)).await.unwrap_err();
    assert_eq!(code(&short), 422);
    assert_eq!(server.issued_assertions(), [""; 0]);

    assert!(issue(&server, "adx", None).await.is_ok());
    server.delete_service_account("analytics", "adx");
    assert_eq!(code(&issue(&server, "adx", None).await.unwrap_err()), 404);
}

#[tokio::test(start_paused = true)]
async fn the_route_of_tokens_takes_posts_and_answers_created() {
    let server = FakeApi::new();
    server.create_service_account("analytics", "adx", &[]);
    let path = "/api/v1/namespaces/analytics/serviceaccounts/adx/token";
    let send = async |method: &str| {
        let body = serde_json::to_vec(&request(None)).unwrap();
        let request = http::Request::builder().method(method).uri(path);
        let answer = server
            .client()
            .send(request.body(body.into()).unwrap())
            .await;
        answer.unwrap().status().as_u16()
    };
    assert_eq!(send("POST").await, 201);
    for method in ["GET", "PUT", "PATCH", "DELETE"] {
        assert_eq!(send(method).await, 405, "{method}");
    }
    assert_eq!(server.issued_assertions().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_for_tokens_suffer_faults_of_their_own() {
    let server = FakeApi::new();
    server.create_service_account("analytics", "adx", &[]);
    let accounts = Api::<ServiceAccount>::namespaced(server.client(), "analytics");
    for status in [403, 500] {
        server.fault_always_on(
            Kind::ServiceAccount,
            Verb::RequestToken,
            Fault::Refuse(status),
        );
        for _ in 0..2 {
            let refused = issue(&server, "adx", None).await.unwrap_err();
            assert_eq!(code(&refused), status);
        }
        assert!(accounts.get("adx").await.is_ok());
        server.heal();
    }
    server.hang_next(Verb::RequestToken);
    assert!(timeout(MINUTE, issue(&server, "adx", None)).await.is_err());
    assert_eq!(server.issued_assertions(), [""; 0]);

    server.lose_answer_next(Verb::RequestToken);
    assert!(issue(&server, "adx", None).await.is_err());
    assert_eq!(server.issued_assertions().len(), 1, "issued and never told");
    let told = token(issue(&server, "adx", None).await.unwrap());
    assert_eq!(server.issued_assertions()[1], told);
}
