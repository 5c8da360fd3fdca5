//! What a cloud says of itself, and what is believed.

use std::{collections::VecDeque, sync::Mutex};

use futures::{FutureExt, future::BoxFuture};

use super::*;
use crate::error_chain::ErrorChain;

const DOCUMENT: &str = r#"{"portal":"https://portal.stack.example/","name":"Stack","resourceManager":"https://arm.stack.example/","authentication":{"loginEndpoint":"https://login.stack.example/","audiences":["https://old.stack.example/","https://ARM.stack.example/"],"tenant":"common","identityProvider":"AAD"},"suffixes":{"storage":"s"}}"#;

/// Plays its answers, repeats the last one, and keeps what was asked.
#[derive(Default)]
struct Arm {
    answers: Mutex<VecDeque<(u16, String)>>,
    asked: Mutex<Vec<http::Request<Bytes>>>,
}

impl Arm {
    fn new<const N: usize>(answers: [(u16, &str); N]) -> Self {
        let answers = answers.map(|(status, body)| (status, body.to_owned()));
        Self {
            answers: Mutex::new(answers.into()),
            ..Self::default()
        }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Transport for Arm {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        self.asked.lock().unwrap().push(request);
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.front().cloned();
        if answers.len() > 1 {
            answers.pop_front();
        }
        async move {
            let (status, body) =
                answer.ok_or_else(|| TransportError::NotSent("connection refused".into()))?;
            Ok(http::Response::builder()
                .status(status)
                .body(body.into())
                .unwrap())
        }
        .boxed()
    }
}

fn endpoint() -> Endpoint {
    Endpoint::parse("https://arm.stack.example").unwrap()
}

/// The error as a person reads it.
fn told(error: &DiscoveryError) -> String {
    ErrorChain(error).to_string()
}

#[tokio::test(start_paused = true)]
async fn the_document_gives_authority_and_audience() {
    let list = format!(
        r#"[{{"resourceManager":"https://other.example","authentication":{{"loginEndpoint":"https://l.example","audiences":["https://a.example"]}}}},{DOCUMENT}]"#
    );
    for body in [
        DOCUMENT.to_owned(),
        format!("\u{feff}{DOCUMENT}"),
        list,
        format!("[{DOCUMENT}]"),
    ] {
        let arm = Arm::new([(200, &body)]);
        assert_eq!(
            discover(&endpoint(), &arm).await.unwrap(),
            Discovered {
                authority_host: "https://login.stack.example".to_owned(),
                audience: "https://ARM.stack.example".to_owned(),
            },
            "{body}"
        );
        let asked = arm.asked.lock().unwrap();
        assert_eq!(
            asked[0].uri(),
            "https://arm.stack.example/metadata/endpoints?api-version=2022-09-01"
        );
        assert!(!asked[0].headers().contains_key("authorization"));
    }
    let other = DOCUMENT.replace("https://ARM.stack.example/", "https://x.stack.example");
    let found = discover(&endpoint(), &Arm::new([(200, &other)])).await;
    assert_eq!(found.unwrap().audience, "https://old.stack.example");
}

#[tokio::test(start_paused = true)]
async fn trouble_is_waited_for_half_a_minute_and_then_told_with_what_to_set() {
    let arm = Arm::new([(503, ""), (200, "<html>"), (302, ""), (200, DOCUMENT)]);
    assert!(discover(&endpoint(), &arm).await.is_ok());
    assert_eq!(arm.asked(), 4);

    for (arm, cause) in [
        (
            Arm::new([]),
            "no complete answer: the request could not be sent: connection refused",
        ),
        (Arm::new([(404, "")]), "it answered 404"),
        (
            Arm::new([(200, "{}")]),
            "the answer cannot be used: no document with `authentication` in it",
        ),
        (
            Arm::new([(200, "[]")]),
            "the answer cannot be used: none of the clouds in the list has this endpoint",
        ),
    ] {
        let start = Instant::now();
        let error = discover(&endpoint(), &arm).await.unwrap_err();
        assert_eq!(
            told(&error),
            format!(
                "the addresses of the cloud of `https://arm.stack.example` cannot be discovered; set `--authority-host` \
                 and `--arm-audience`, or correct `--arm-endpoint`: {cause}"
            )
        );
        let elapsed = start.elapsed();
        assert!(elapsed + LONGEST_PAUSE > DISCOVERY_DEADLINE && elapsed <= DISCOVERY_DEADLINE);
        assert!((5..15).contains(&arm.asked()), "{} tries", arm.asked());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_would_lead_secrets_astray_is_refused_at_once() {
    for (old, new, cause) in [
        (
            "AAD",
            "ADFS",
            "its identity provider is `ADFS`; only Microsoft Entra (`AAD`) can be used",
        ),
        (
            "https://login.",
            "http://login.",
            "`http://login.stack.example/` must start with https://",
        ),
        (
            "https://login.stack.example/",
            "https://login.stack.example/adfs",
            "must be an address such as",
        ),
        (
            "https://login.",
            "https://user@login.",
            "must be an address such as",
        ),
        ("https://ARM.stack.example/", "", ""),
    ] {
        let body = DOCUMENT.replace(old, new);
        let arm = Arm::new([(200, &body)]);
        match discover(&endpoint(), &arm).await {
            Ok(found) => assert_eq!(
                (new, found.audience.as_str()),
                ("", "https://old.stack.example")
            ),
            Err(error) => {
                assert!(
                    !cause.is_empty() && told(&error).contains(cause),
                    "{}",
                    told(&error)
                );
            }
        }
        assert_eq!(arm.asked(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_given_is_not_asked_for() {
    let custom = |authority: Option<&str>, audience: Option<&str>| {
        CloudSource::custom(CustomCloud {
            endpoint: endpoint(),
            authority_host: authority.map(str::to_owned),
            audience: audience.map(str::to_owned),
        })
        .unwrap()
    };
    for (authority, audience, asked) in [
        (None, None, 1),
        (Some("https://login.given.example/"), None, 1),
        (None, Some("https://given.example/"), 1),
        (
            Some("https://login.given.example/"),
            Some("https://given.example/"),
            0,
        ),
    ] {
        let arm = Arm::new([(200, DOCUMENT)]);
        let cloud = custom(authority, audience).resolve(&arm).await.unwrap();
        assert_eq!(
            (
                cloud.endpoint,
                cloud.authority_host.as_str(),
                cloud.audience.as_str(),
                arm.asked()
            ),
            (
                endpoint(),
                authority.map_or("https://login.stack.example", |it| it.trim_end_matches('/')),
                audience.map_or("https://ARM.stack.example", |it| it.trim_end_matches('/')),
                asked
            )
        );
    }
}
