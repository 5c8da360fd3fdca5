//! No secret comes out of any error, `Debug` output or trace, whatever Entra, a proxy or a gateway answers.

use std::{
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
};

use super::{federated::Assertions, *};
use crate::azure::{
    client::{ArmClient, ArmOptions, NoObserver},
    cloud::Endpoint,
    id::ClusterId,
    token::TokenCache,
};

/// Each with what is escaped in forms and in JSON.
const SECRET: &str = "S3CRET+/\"value";
const ASSERTION: &str = "ASSERTI0N.value+/";
const ACCESS: &str = "ACCESS-T0KEN-value";
const CLAIMED: &str = "claimed-v4lue";
const MARKS: [&str; 4] = ["S3CRET", "ASSERTI0N", "T0KEN", "v4lue"];

#[derive(Clone)]
enum Peer {
    /// Says the request's form back, spelled in several ways.
    Echo(u16),
    Says(u16, String),
    /// Gives tokens to whom asks for one, and to whom comes with one, says it back.
    Returns(u16),
    Breaks,
}

impl Transport for Peer {
    fn send(
        &self,
        request: Request<Bytes>,
        _limits: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let bearer = request.headers().get("authorization");
        let bearer = bearer.map(|it| it.to_str().unwrap().to_owned());
        let form = String::from_utf8_lossy(request.body()).into_owned();
        async move {
            let (status, body) = match self {
                Self::Breaks => return Err(TransportError::Interrupted("reset".into())),
                Self::Says(status, body) => (*status, body.clone()),
                Self::Returns(status) => match bearer {
                    None => (200, TOKEN.replace(":\"T\"", &format!(":\"{ACCESS}\""))),
                    Some(bearer) => {
                        let body =
                            serde_json::json!({"error": {"code": bearer, "message": bearer}});
                        (*status, body.to_string())
                    }
                },
                Self::Echo(status) => {
                    let decoded: Vec<String> = url::form_urlencoded::parse(form.as_bytes())
                        .map(|(_, value)| value.into_owned())
                        .collect();
                    let said = format!("AADSTS7000215: {form} {}", decoded.join(" "));
                    let body =
                        serde_json::json!({"error": "invalid_client", "error_description": said});
                    (*status, body.to_string())
                }
            };
            Ok(Response::builder()
                .status(status)
                .header("www-authenticate", CHALLENGE)
                .body(body.into())
                .unwrap())
        }
        .boxed()
    }
}

#[derive(Clone, Default)]
struct Trace(Arc<Mutex<Vec<u8>>>);

impl io::Write for Trace {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn peers() -> Vec<Peer> {
    let says = |status, body: &str| Peer::Says(status, body.replace("TOKEN", ACCESS));
    vec![
        Peer::Breaks,
        Peer::Returns(401),
        Peer::Returns(403),
        Peer::Returns(429),
        Peer::Returns(500),
        Peer::Echo(400),
        Peer::Echo(401),
        Peer::Echo(429),
        Peer::Echo(503),
        Peer::Echo(200),
        says(
            200,
            r#"{"token_type":"Bearer","expires_in":3599,"access_token":"TOKEN"}"#,
        ),
        says(
            200,
            r#"{"token_type":"Bearer","expires_in":"TOKEN","access_token":"TOKEN"}"#,
        ),
        says(
            200,
            r#"{"token_type":"Bearer","expires_in":-1,"access_token":"TOKEN"}"#,
        ),
        says(200, r#"{"access_token":"TOKEN"}"#),
        says(
            200,
            r#"{"token_type":"Bearer","resource":"r","expires_on":"1","access_token":"TOKEN"}"#,
        ),
        says(200, "<html>TOKEN</html>"),
        says(302, "TOKEN"),
    ]
}

fn mints(peer: &Peer, file: &std::path::Path) -> Vec<Arc<dyn Mint>> {
    let environment = CredentialEnvironment {
        tenant_id: Some("tenant".to_owned()),
        client_id: Some("client".to_owned()),
        ..CredentialEnvironment::default()
    };
    let cloud = cloud("https://login.microsoftonline.com");
    let made = |kind, environment: CredentialEnvironment| {
        mint(kind, &environment, &cloud, peer).unwrap().1
    };
    vec![
        made(
            CredentialKind::ClientSecret,
            CredentialEnvironment {
                client_secret: Some(SECRET.to_owned().into()),
                ..environment.clone()
            },
        ),
        made(
            CredentialKind::ClientSecret,
            CredentialEnvironment {
                client_secret_file: Some(file.to_owned()),
                ..environment.clone()
            },
        ),
        made(
            CredentialKind::WorkloadIdentity,
            CredentialEnvironment {
                federated_token_file: Some(file.to_owned()),
                ..environment.clone()
            },
        ),
        made(CredentialKind::ManagedIdentity, environment),
        federated(
            "tenant",
            "client",
            Assertions::source([Ok(ASSERTION)]),
            &cloud,
            peer,
        )
        .unwrap(),
    ]
}

#[tokio::test(start_paused = true)]
async fn no_secret_comes_out() {
    let trace = Trace::default();
    let writer = trace.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("secret");
    fs::write(&file, SECRET).unwrap();
    // `{"access_token":{"nbf":"claimed-v4lue"}}`
    let claims = Claims::from_header(
        r#"Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjoiY2xhaW1lZC12NGx1ZSJ9fQ==""#,
    )
    .unwrap();
    assert!(claims.json().contains(CLAIMED));

    let mut seen = format!("{claims:?}");
    let mut tokens = 0;
    for peer in peers() {
        // Another test's thread, which has no subscriber, may have been the first at a place that traces, and had it
        // switched off for all.
        tracing::callsite::rebuild_interest_cache();
        for mint in mints(&peer, &file) {
            for claims in [None, Some(&claims)] {
                match mint.mint(claims).await {
                    Ok(Minted { .. }) => tokens += 1,
                    Err(error) => {
                        writeln!(seen, "{error} {error:?} {}", error.reason()).unwrap();
                    }
                }
            }
            seen += &mint.in_use();
            let client = ArmClient::new(ArmOptions {
                endpoint: Endpoint::parse("https://management.azure.com").unwrap(),
                api_version: "2024-04-13".to_owned(),
                transport: Arc::new(peer.clone()),
                tokens: Arc::new(TokenCache::new(mint)),
                observer: Arc::new(NoObserver),
            });
            let cluster: ClusterId =
                "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Kusto/clusters/follower1"
                    .parse()
                    .unwrap();
            let error = client.cluster(&cluster).await.unwrap_err();
            writeln!(
                seen,
                "{error} {error:?} {} {client:?}",
                error.user_message()
            )
            .unwrap();
        }
    }
    drop(guard);
    assert!(tokens > 0 && seen.contains("AADSTS7000215") && seen.contains("(redacted)"));
    let traced = String::from_utf8(trace.0.lock().unwrap().clone()).unwrap();
    assert!(traced.contains("ARM call"), "nothing was traced");
    for (what, text) in [("error", &seen), ("trace", &traced)] {
        for mark in MARKS {
            let found = text.lines().find(|line| line.contains(mark));
            assert_eq!(found, None, "{mark} in {what}");
        }
    }
}
