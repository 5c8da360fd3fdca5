//! Writes whose token is not accepted.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};

use super::script::{Bench, Script, Step, answer, conf1, error, follower, request, with_headers};
use crate::azure::{
    ArmClient, ArmError, ArmOptions, Claims, Class, Endpoint, NoObserver, Token, TokenError,
    TokenSource, WriteOutcome,
};

const EXPIRED: &str = "ExpiredAuthenticationToken";

async fn put(arm: &ArmClient) -> Result<(), ArmError> {
    arm.put_configuration(&conf1(), &request()).await.map(drop)
}

async fn delete(arm: &ArmClient) -> Result<(), ArmError> {
    arm.delete_configuration(&conf1()).await.map(drop)
}

async fn detach(arm: &ArmClient) -> Result<(), ArmError> {
    arm.detach_follower(&follower(), &conf1()).await.map(drop)
}

fn told(result: Result<(), ArmError>) -> (Class, &'static str) {
    let error = result.unwrap_err();
    assert_eq!(error.outcome(), WriteOutcome::NotApplied);
    (error.class(), error.reason())
}

const REPLACED: (Class, &str) = (Class::Transient, "AuthenticationFailed");
const REFUSED: (Class, &str) = (Class::Unauthenticated, "AuthenticationFailed");

/// The tokens that were sent.
fn bearers(bench: &Bench) -> Vec<String> {
    let seen = bench.script.seen.lock().unwrap();
    let token =
        |sent: &http::Request<_>| sent.headers()["authorization"].to_str().unwrap()[7..].to_owned();
    seen.iter().map(token).collect()
}

#[tokio::test]
async fn a_refused_write_is_not_repeated_and_the_next_one_has_the_new_token() {
    let bench = Bench::new([error(401, EXPIRED), answer(204, "")]);
    let refused = put(&bench.client).await.unwrap_err();
    assert_eq!(
        refused.user_message(),
        format!("Azure did not accept the token, which has been replaced: {EXPIRED}: m")
    );
    assert_eq!(told(Err(refused)), REPLACED);
    assert_eq!(bearers(&bench), ["t1"]);
    delete(&bench.client).await.unwrap();
    assert_eq!(bearers(&bench), ["t1", "t2"]);

    let bench = Bench::new([error(401, EXPIRED)]);
    assert_eq!(told(delete(&bench.client).await), REPLACED);
    assert_eq!(bearers(&bench), ["t1"]);

    let bench = Bench::new([error(401, EXPIRED)]);
    assert_eq!(told(detach(&bench.client).await), REPLACED);
    assert_eq!(bearers(&bench), ["t1"]);
}

#[tokio::test]
async fn new_tokens_that_are_refused_as_well_are_no_hiccup() {
    let refusals = || (0..3).map(|_| error(401, EXPIRED));
    let bench = Bench::with_tokens(refusals().chain([answer(204, ""), error(401, EXPIRED)]), 9);
    let arm = &bench.client;
    assert_eq!(told(delete(arm).await), REPLACED);
    assert_eq!(told(delete(arm).await), REFUSED);
    assert_eq!(told(delete(arm).await), REFUSED);
    delete(arm).await.unwrap();
    assert_eq!(
        told(delete(arm).await),
        REPLACED,
        "its token was accepted before"
    );
    assert_eq!(bearers(&bench), ["t1", "t2", "t3", "t4", "t4"]);

    let bench = Bench::with_tokens([error(401, EXPIRED)], 1);
    assert_eq!(
        told(delete(&bench.client).await),
        REFUSED,
        "there is no other"
    );
}

#[tokio::test]
async fn a_challenge_to_a_write_is_noted_for_the_next() {
    /// `{"access_token":{}}`
    const CHALLENGE: &str =
        r#"Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
    let challenged = || -> Step { with_headers(401, &[("www-authenticate", CHALLENGE)], "") };
    let bench = Bench::with_tokens([challenged(), challenged()], 9);
    assert_eq!(told(put(&bench.client).await), REPLACED);
    assert_eq!(
        *bench.tokens.challenges.lock().unwrap(),
        [Claims::from_header(CHALLENGE)]
    );
    assert_eq!(
        told(put(&bench.client).await),
        (Class::Unauthenticated, "ClaimsRequired")
    );
    assert_eq!(bearers(&bench), ["t1", "t2"]);
}

#[tokio::test]
async fn a_write_of_a_wrong_tenant_keeps_its_token() {
    let bench = Bench::new([error(401, "InvalidAuthenticationTokenTenant")]);
    assert_eq!(
        told(put(&bench.client).await),
        (Class::Misconfigured, "WrongTenant")
    );
    assert!(bench.tokens.challenges.lock().unwrap().is_empty());
}

/// Gives one token, and none after its rejection.
#[derive(Default)]
struct LastToken(AtomicBool);

impl TokenSource for LastToken {
    fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        let is_gone = self.0.load(Ordering::SeqCst);
        let throttled = TokenError::Throttled {
            retry_after: Some(Duration::from_secs(7)),
            message: String::new(),
        };
        async move {
            if is_gone {
                Err(throttled)
            } else {
                Ok(Token::new("t1"))
            }
        }
        .boxed()
    }

    fn reject(&self, _: &Token, _: Option<Claims>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_replaced_is_what_is_told() {
    let client = ArmClient::new(ArmOptions {
        endpoint: Endpoint::parse("https://management.azure.com").unwrap(),
        api_version: "2024-04-13".to_owned(),
        transport: Arc::new(Script::new([error(401, EXPIRED)])),
        tokens: Arc::new(LastToken::default()),
        observer: Arc::new(NoObserver),
    });
    let refused = put(&client).await.unwrap_err();
    assert_eq!(refused.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(told(Err(refused)), (Class::Throttled, "TokenUnavailable"));
}
