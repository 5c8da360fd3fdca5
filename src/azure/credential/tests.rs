//! Which credential is picked, what it sends to Entra, and how Entra's answers are understood.

use std::{collections::VecDeque, fs, sync::Mutex, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};

use super::{exchange::Assertion, *};
use crate::azure::{
    classify::Class,
    cloud::{CloudName, CloudOverrides},
    token::{Claims, Minted, TokenError},
    transport::{Limits, TransportError},
};

const TOKEN: &str =
    r#"{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"T"}"#;

/// Plays its answers, and repeats the last one.
#[derive(Clone)]
struct Entra(Arc<Play>);

struct Play {
    answers: Mutex<VecDeque<(u16, &'static str)>>,
    seen: Mutex<Vec<Request<Bytes>>>,
}

impl Entra {
    fn new(answers: impl IntoIterator<Item = (u16, &'static str)>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect());
        Self(Arc::new(Play {
            answers,
            seen: Mutex::default(),
        }))
    }

    fn url(&self, index: usize) -> String {
        self.0.seen.lock().unwrap()[index].uri().to_string()
    }

    fn form(&self, index: usize) -> String {
        String::from_utf8(self.0.seen.lock().unwrap()[index].body().to_vec()).unwrap()
    }
}

impl Transport for Entra {
    fn send(
        &self,
        request: Request<Bytes>,
        _limits: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.0.seen.lock().unwrap().push(request);
        let mut answers = self.0.answers.lock().unwrap();
        let answer = answers.front().copied();
        if answers.len() > 1 {
            answers.pop_front();
        }
        async move {
            let (status, body) =
                answer.ok_or_else(|| TransportError::NotSent("connection refused".into()))?;
            let answer = Response::builder()
                .status(status)
                .header("retry-after", "1")
                .body(body.into());
            Ok(answer.unwrap())
        }
        .boxed()
    }
}

fn cloud(authority: &str) -> Cloud {
    let overrides = CloudOverrides {
        authority_host: Some(authority),
        ..CloudOverrides::default()
    };
    Cloud::new(CloudName::Public, overrides).unwrap()
}

fn secret_environment() -> CredentialEnvironment {
    CredentialEnvironment {
        tenant_id: Some("tenant-1".to_owned()),
        client_id: Some("client-1".to_owned()),
        client_secret: Some("S3CRET".to_owned().into()),
        ..CredentialEnvironment::default()
    }
}

fn choose(
    kind: CredentialKind,
    environment: &CredentialEnvironment,
    entra: &Entra,
) -> Result<(CredentialKind, Arc<dyn Mint>), CredentialError> {
    mint(
        kind,
        environment,
        &cloud("https://login.microsoftonline.com"),
        entra,
    )
}

fn exchange_with(entra: &Entra) -> Arc<dyn Mint> {
    choose(CredentialKind::Auto, &secret_environment(), entra)
        .unwrap()
        .1
}

#[test]
fn auto_takes_a_federated_token_then_a_secret_then_the_machines_identity() {
    let federated = CredentialEnvironment {
        federated_token_file: Some("/token".into()),
        ..secret_environment()
    };
    let secret_file = CredentialEnvironment {
        client_secret: None,
        client_secret_file: Some("/secret".into()),
        ..secret_environment()
    };
    let empty = CredentialEnvironment {
        tenant_id: Some(String::new()),
        client_secret: Some(" ".to_owned().into()),
        federated_token_file: Some("".into()),
        ..CredentialEnvironment::default()
    };
    let cases = [
        (federated, CredentialKind::WorkloadIdentity),
        (secret_environment(), CredentialKind::ClientSecret),
        (secret_file, CredentialKind::ClientSecret),
        (empty, CredentialKind::ManagedIdentity),
        (
            CredentialEnvironment {
                client_id: Some("c".to_owned()),
                ..CredentialEnvironment::default()
            },
            CredentialKind::ManagedIdentity,
        ),
    ];
    for (environment, picked) in cases {
        assert_eq!(
            choose(CredentialKind::Auto, &environment, &Entra::new([]))
                .unwrap()
                .0,
            picked,
            "{environment:?}"
        );
    }
}

#[test]
fn what_is_missing_is_named_with_the_credential_that_needs_it() {
    let none = CredentialEnvironment::default;
    let cases = [
        (
            CredentialKind::WorkloadIdentity,
            none(),
            "`AZURE_TENANT_ID` must be set for the workload-identity credential",
        ),
        (
            CredentialKind::WorkloadIdentity,
            secret_environment(),
            "`AZURE_FEDERATED_TOKEN_FILE` must be set for the workload-identity credential",
        ),
        (
            CredentialKind::ClientSecret,
            CredentialEnvironment {
                client_id: None,
                ..secret_environment()
            },
            "`AZURE_CLIENT_ID` must be set for the client-secret credential",
        ),
        (
            CredentialKind::ClientSecret,
            CredentialEnvironment {
                client_secret: None,
                ..secret_environment()
            },
            "`AZURE_CLIENT_SECRET` must be set for the client-secret credential",
        ),
        (
            CredentialKind::Auto,
            CredentialEnvironment {
                federated_token_file: Some("/t".into()),
                ..none()
            },
            "`AZURE_TENANT_ID` must be set for the workload-identity credential",
        ),
        (
            CredentialKind::ClientSecret,
            CredentialEnvironment {
                tenant_id: Some("a/../b".to_owned()),
                ..secret_environment()
            },
            "`AZURE_TENANT_ID` must be an id of letters, digits, hyphens and periods, not `a/../b`",
        ),
    ];
    for (kind, environment, message) in cases {
        assert_eq!(
            choose(kind, &environment, &Entra::new([]))
                .err()
                .unwrap()
                .to_string(),
            message
        );
    }
    assert_eq!(
        "password"
            .parse::<CredentialKind>()
            .unwrap_err()
            .to_string(),
        "`password` must be auto, workload-identity, managed-identity or client-secret"
    );
}

#[test]
fn no_debug_output_shows_a_secret() {
    let environment = secret_environment();
    let text = format!(
        "{environment:?} {:?}",
        Assertion("S3CRET".to_owned().into())
    );
    assert!(!text.contains("S3CRET"), "{text}");
}

#[tokio::test]
async fn a_client_secret_is_exchanged_at_the_clouds_authority() {
    let entra = Entra::new([(200, TOKEN)]);
    let minted = exchange_with(&entra).mint(None).await.unwrap();
    assert_eq!(minted.secret.as_str(), "T");
    assert!(
        minted.lifetime > Duration::from_secs(3500) && minted.lifetime <= Duration::from_secs(3599)
    );
    assert_eq!(
        entra.url(0),
        "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token"
    );
    let form = entra.form(0);
    for part in [
        "client_id=client-1",
        "client_secret=S3CRET",
        "scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
    ] {
        assert!(form.contains(part), "{form} lacks {part}");
    }
}

#[tokio::test]
async fn a_plain_loopback_authority_gets_the_exchange_without_tls() {
    let entra = Entra::new([(200, TOKEN)]);
    let plain = cloud("http://127.0.0.1:8090");
    let (_, credential) =
        mint(CredentialKind::Auto, &secret_environment(), &plain, &entra).unwrap();
    credential.mint(None).await.unwrap();
    assert_eq!(
        entra.url(0),
        "http://127.0.0.1:8090/tenant-1/oauth2/v2.0/token"
    );
}

#[tokio::test]
async fn token_and_secret_files_are_read_for_each_exchange_and_trimmed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    let federated = CredentialEnvironment {
        federated_token_file: Some(file.clone()),
        ..secret_environment()
    };
    let secret = CredentialEnvironment {
        client_secret_file: Some(file.clone()),
        ..secret_environment()
    };
    for (environment, field, what) in [
        (federated, "client_assertion", "federated token file"),
        (secret, "client_secret", "client secret file"),
    ] {
        let entra = Entra::new([(200, TOKEN)]);
        let credential = choose(CredentialKind::Auto, &environment, &entra)
            .unwrap()
            .1;
        let _ = fs::remove_file(&file);
        let missing = credential.mint(None).await.unwrap_err();
        assert!(
            missing
                .to_string()
                .contains(&format!("the {what} `{}` cannot be read", file.display())),
            "{missing}"
        );
        assert_eq!(missing.class(), Class::Transient);
        fs::write(&file, "\n").unwrap();
        assert!(
            credential
                .mint(None)
                .await
                .unwrap_err()
                .to_string()
                .contains("is empty")
        );
        fs::write(&file, "first\n").unwrap();
        credential.mint(None).await.unwrap();
        fs::write(&file, "second").unwrap();
        credential.mint(None).await.unwrap();
        for (index, value) in ["first", "second"].into_iter().enumerate() {
            let form = entra.form(index);
            assert!(
                form.split('&')
                    .any(|part| part == format!("{field}={value}")),
                "{form}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn entras_answers_say_who_must_act() {
    const REFUSAL: &str = r#"{"error":"invalid_client","error_description":"AADSTS700024: Client assertion is not within its valid time range. Trace ID: 6f1c1c1f-0b5c-4f5e-a7a5-0123456789ab Correlation ID: 11111111-2222-3333-4444-555555555555 Timestamp: 2026-01-01 10:00:00Z","error_codes":[700024]}"#;
    let line = "AADSTS700024: Client assertion is not within its valid time range.".to_owned();
    let cases = [
        (
            (400, REFUSAL),
            TokenError::Refused {
                code: Some(700_024),
                message: line.clone(),
            },
        ),
        (
            (401, REFUSAL),
            TokenError::Refused {
                code: Some(700_024),
                message: line.clone(),
            },
        ),
        (
            (429, REFUSAL),
            TokenError::Throttled {
                retry_after: Some(Duration::from_secs(1)),
                message: line.clone(),
            },
        ),
        ((503, REFUSAL), TokenError::Unavailable { message: line }),
    ];
    for (answer, expected) in cases {
        let credential = exchange_with(&Entra::new([answer]));
        assert_eq!(credential.mint(None).await.unwrap_err(), expected);
    }
    for answer in [
        (502, "<html>bad gateway</html>"),
        (200, "<html>sign in</html>"),
        (200, "{}"),
        (400, ""),
    ] {
        let credential = exchange_with(&Entra::new([answer]));
        let error = credential.mint(None).await.unwrap_err();
        assert_eq!(error.class(), Class::Transient, "{answer:?} gave {error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_entra_is_told_by_its_cause() {
    let credential = exchange_with(&Entra::new([]));
    assert_eq!(
        credential.mint(None).await,
        Err(TokenError::Unavailable {
            message: "the request could not be sent: connection refused".to_owned()
        })
    );
}

#[tokio::test(start_paused = true)]
async fn trouble_that_passes_is_retried_within_one_exchange() {
    let entra = Entra::new([(503, "{}"), (200, TOKEN)]);
    let credential = exchange_with(&entra);
    assert_eq!(credential.mint(None).await.unwrap().secret.as_str(), "T");
    assert_eq!(entra.0.seen.lock().unwrap().len(), 2);
}

/// `{"access_token":{"nbf":"&=+"}}`
const CHALLENGE: &str =
    r#"Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjoiJj0rIn19""#;

#[tokio::test]
async fn claims_are_a_field_of_the_form_and_a_managed_identity_has_none() {
    let claims = Claims::from_header(CHALLENGE).unwrap();
    let entra = Entra::new([(200, TOKEN)]);
    exchange_with(&entra).mint(Some(&claims)).await.unwrap();
    let form = entra.form(0);
    let field = "&claims=%7B%22access_token%22%3A%7B%22nbf%22%3A%22%26%3D%2B%22%7D%7D";
    assert!(
        form.contains("client_secret=S3CRET") && form.ends_with(field),
        "{form}"
    );

    let entra = Entra::new([]);
    let (_, managed) = choose(
        CredentialKind::ManagedIdentity,
        &CredentialEnvironment::default(),
        &entra,
    )
    .unwrap();
    assert_eq!(
        managed.mint(Some(&claims)).await,
        Err(TokenError::ClaimsUnsupported)
    );
    assert!(entra.0.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_cloud_tenant_or_audience_is_told_with_the_values_in_use() {
    let cases = [
        (
            r#"{"error_description":"AADSTS500011: m","error_codes":[500011]}"#,
            "WrongAudience",
            "AADSTS500011",
        ),
        (
            r#"{"error_description":"AADSTS90002: m"}"#,
            "WrongTenant",
            "AADSTS90002",
        ),
        (
            r#"{"error_description":"AADSTS90038: m"}"#,
            "WrongCloud",
            "AADSTS90038",
        ),
        (
            r#"{"error_description":"AADSTS900382: m"}"#,
            "WrongCloud",
            "AADSTS900382",
        ),
        (
            r#"{"error_description":"AADSTS900432: m"}"#,
            "WrongCloud",
            "AADSTS900432",
        ),
    ];
    for (body, reason, code) in cases {
        let credential = exchange_with(&Entra::new([(400, body)]));
        let error = credential.mint(None).await.unwrap_err();
        assert_eq!(
            (error.class(), error.reason()),
            (Class::Misconfigured, reason)
        );
        let expected = format!(
            "client `client-1` of tenant `tenant-1` at authority `https://login.microsoftonline.com`, for audience \
             `https://management.azure.com`: {code}: m"
        );
        assert!(error.to_string().ends_with(&expected), "{error}");
    }
}

#[test]
fn a_secret_file_has_a_fingerprint_that_changes_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    let environment = CredentialEnvironment {
        client_secret_file: Some(file.clone()),
        ..secret_environment()
    };
    let entra = Entra::new([]);
    let mint = choose(CredentialKind::ClientSecret, &environment, &entra)
        .unwrap()
        .1;
    assert_eq!(mint.fingerprint(), 0);
    fs::write(&file, "first").unwrap();
    let first = mint.fingerprint();
    assert_ne!(first, 0);
    fs::write(&file, "first\n").unwrap();
    assert_eq!(mint.fingerprint(), first, "the secret is the same");
    fs::write(&file, "second").unwrap();
    assert!(![0, first].contains(&mint.fingerprint()));
    assert_eq!(exchange_with(&entra).fingerprint(), 0);
}

mod federated;
mod leaks;
