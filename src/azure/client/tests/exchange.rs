//! Tokens, throttling, deadlines, and what is sent.

use std::{sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, advance};

use super::script::{
    Bench, CONFIGURATION, OPERATION, Script, Step, answer, conf1, error, follower, operation,
    request, with_headers,
};
use crate::azure::{
    ArmCall, ArmClient, ArmOptions, CallResult, Claims, Class, Deleted, Endpoint, NoObserver,
    Polled, Token, TokenError, TokenSource, WriteOutcome,
};

#[tokio::test]
async fn a_poll_replays_the_signed_address_unchanged() {
    let bench = Bench::new([answer(200, "")]);
    bench.client.poll(&operation()).await.unwrap();
    assert_eq!(
        bench.script.seen.lock().unwrap()[0].uri().to_string(),
        OPERATION
    );
}

#[tokio::test]
async fn a_401_of_a_read_costs_one_new_token_and_one_more_try() {
    let bench = Bench::new([
        error(401, "ExpiredAuthenticationToken"),
        answer(200, CONFIGURATION),
    ]);
    assert!(
        bench
            .client
            .configuration(&conf1())
            .await
            .unwrap()
            .is_some()
    );
    let bearers: Vec<_> = bench
        .script
        .seen
        .lock()
        .unwrap()
        .iter()
        .map(|sent| sent.headers()["authorization"].clone())
        .collect();
    assert_eq!(bearers, ["Bearer t1", "Bearer t2"]);

    let bench = Bench::new([
        error(401, "InvalidAuthenticationToken"),
        error(401, "InvalidAuthenticationToken"),
    ]);
    let refused = bench.client.configuration(&conf1()).await.unwrap_err();
    assert_eq!(
        (refused.class(), refused.reason()),
        (Class::Unauthenticated, "AuthenticationFailed")
    );
    assert_eq!(bench.sent(), 2);
}

#[tokio::test]
async fn a_401_is_final_when_there_is_no_other_token() {
    let bench = Bench::with_tokens([error(401, "InvalidAuthenticationToken")], 1);
    assert_eq!(
        bench
            .client
            .configuration(&conf1())
            .await
            .unwrap_err()
            .class(),
        Class::Unauthenticated
    );
    assert_eq!(bench.sent(), 1);
}

/// `{"access_token":{}}`
const CHALLENGE: &str =
    r#"Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;

fn challenged() -> Step {
    with_headers(
        401,
        &[
            ("www-authenticate", "Basic"),
            ("www-authenticate", CHALLENGE),
        ],
        r#"{"error":{"code":"TokenIssuedBeforeRevocationTimestamp","message":"m"}}"#,
    )
}

#[tokio::test]
async fn a_claims_challenge_is_followed_once() {
    let bench = Bench::new([challenged(), answer(200, CONFIGURATION)]);
    let read = bench.client.configuration(&conf1()).await.unwrap();
    assert!(read.is_some());
    assert_eq!(
        *bench.tokens.challenges.lock().unwrap(),
        [Claims::from_header(CHALLENGE)]
    );
    assert!(Claims::from_header(CHALLENGE).is_some());

    let bench = Bench::new([challenged(), challenged()]);
    let refused = bench.client.configuration(&conf1()).await.unwrap_err();
    assert_eq!(
        (refused.class(), refused.reason()),
        (Class::Unauthenticated, "ClaimsRequired")
    );
    assert!(refused.user_message().contains("conditional access"));
    assert_eq!(bench.sent(), 2);
}

#[tokio::test]
async fn a_wrong_audience_or_tenant_is_told_at_once_with_the_values_in_use() {
    for (code, reason) in [
        ("InvalidAuthenticationTokenAudience", "WrongAudience"),
        ("InvalidAuthenticationTokenTenant", "WrongTenant"),
    ] {
        let bench = Bench::new([error(401, code)]);
        let refused = bench.client.configuration(&conf1()).await.unwrap_err();
        assert_eq!(
            (refused.class(), refused.reason()),
            (Class::Misconfigured, reason)
        );
        assert_eq!(
            refused.user_message(),
            format!(
                "client `c` of tenant `t` towards ARM at `https://management.azure.com`: {code}: m"
            )
        );
        assert!(refused.to_string().starts_with("client `c` of tenant `t`"));
        assert_eq!(bench.sent(), 1, "a new token would be as wrong");
    }
}

#[tokio::test]
async fn a_megabyte_of_an_error_is_not_kept() {
    let long = "x".repeat(1 << 20);
    let body = format!(r#"{{"error":{{"code":"{long}","message":"{long}"}}}}"#);
    let bench = Bench::new([answer(403, &body)]);
    let refused = bench.client.configuration(&conf1()).await.unwrap_err();
    assert!(format!("{refused} {refused:?}").len() < 10_000);
    assert!(refused.user_message().chars().count() <= 512);
}

#[tokio::test]
async fn a_token_can_be_had_before_a_call_is_made() {
    let bench = Bench::new([]);
    bench.client.authenticate().await.unwrap();
    assert_eq!(bench.sent(), 0);
}

#[tokio::test(start_paused = true)]
async fn after_a_429_the_subscription_is_left_alone_until_the_time_has_passed() {
    let throttled = with_headers(
        429,
        &[("retry-after", "30")],
        r#"{"error":{"code":"TooManyRequests","message":"m"}}"#,
    );
    let bench = Bench::new([throttled, answer(204, ""), answer(200, "")]);
    let first = bench.client.configuration(&conf1()).await.unwrap_err();
    assert_eq!(
        (first.reason(), first.retry_after()),
        ("Throttled", Some(Duration::from_secs(30)))
    );
    advance(Duration::from_secs(10)).await;
    // A clone, another resource and a poll spend from the same budget.
    let held = bench.client.clone().cluster(&follower()).await.unwrap_err();
    assert_eq!(
        (held.reason(), held.retry_after()),
        ("Throttled", Some(Duration::from_secs(20)))
    );
    assert_eq!(held.user_message(), first.user_message());
    assert_eq!(
        bench.client.poll(&operation()).await.unwrap_err().class(),
        Class::Throttled
    );
    assert_eq!(bench.sent(), 1);
    // Deletes have a budget of their own.
    assert_eq!(
        bench.client.delete_configuration(&conf1()).await.unwrap(),
        Deleted::Absent
    );
    advance(Duration::from_secs(20)).await;
    assert_eq!(
        bench.client.poll(&operation()).await.unwrap(),
        Polled::Succeeded
    );
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_ends_at_its_deadline_and_a_write_is_then_unknown() {
    let bench = Bench::new([Step::Hang, Step::Hang]);
    let start = Instant::now();
    let read = bench.client.configuration(&conf1()).await.unwrap_err();
    assert_eq!(
        (start.elapsed(), read.outcome()),
        (Duration::from_secs(30), WriteOutcome::NotApplied)
    );
    let start = Instant::now();
    let write = bench
        .client
        .put_configuration(&conf1(), &request())
        .await
        .unwrap_err();
    assert_eq!(
        (start.elapsed(), write.outcome()),
        (Duration::from_secs(75), WriteOutcome::Unknown)
    );
    assert_eq!(
        *bench.script.observed.lock().unwrap(),
        [
            (ArmCall::GetConfiguration, CallResult::NoAnswer),
            (ArmCall::PutConfiguration, CallResult::NoAnswer)
        ]
    );
}

#[tokio::test]
async fn nothing_is_sent_without_a_token() {
    struct NoTokens;
    impl TokenSource for NoTokens {
        fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
            async { Err(TokenError::DeadlineExceeded) }.boxed()
        }
        fn reject(&self, _token: &Token, _challenge: Option<Claims>) {}
    }
    let script = Arc::new(Script::default());
    let client = ArmClient::new(ArmOptions {
        endpoint: Endpoint::parse("https://management.azure.com").unwrap(),
        api_version: "2024-04-13".to_owned(),
        transport: script.clone(),
        tokens: Arc::new(NoTokens),
        observer: Arc::new(NoObserver),
    });
    let error = client
        .put_configuration(&conf1(), &request())
        .await
        .unwrap_err();
    assert_eq!(
        (error.reason(), error.outcome()),
        ("TokenUnavailable", WriteOutcome::NotApplied)
    );
    let error = client.authenticate().await.unwrap_err();
    assert_eq!(error.reason(), "TokenUnavailable");
    assert!(script.seen.lock().unwrap().is_empty());
}
