//! The token's life under paused time.

use std::{
    collections::VecDeque,
    future::pending,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures::future::join_all;
use tokio::time::{advance, sleep};

use super::*;

const HOUR: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

#[derive(Clone)]
enum Step {
    Give(Duration),
    /// After a second.
    GiveLate(Duration),
    Fail(TokenError),
    Hang,
}

/// Plays its steps, then repeats the last one. Its tokens are numbered.
struct Script {
    steps: Mutex<VecDeque<Step>>,
    calls: AtomicUsize,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self {
            steps: Mutex::new(steps.into_iter().collect()),
            calls: AtomicUsize::new(0),
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Mint for Script {
    fn mint(&self) -> BoxFuture<'_, Result<Minted, TokenError>> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let step = {
            let mut steps = self.steps.lock().unwrap();
            let step = steps.front().unwrap().clone();
            if steps.len() > 1 {
                steps.pop_front();
            }
            step
        };
        async move {
            let minted = |lifetime| {
                Ok(Minted {
                    secret: format!("t{number}"),
                    lifetime,
                })
            };
            match step {
                Step::Give(lifetime) => minted(lifetime),
                Step::GiveLate(lifetime) => {
                    sleep(Duration::from_secs(1)).await;
                    minted(lifetime)
                }
                Step::Fail(error) => Err(error),
                Step::Hang => pending().await,
            }
        }
        .boxed()
    }
}

fn refused() -> TokenError {
    TokenError::Refused {
        code: Some(70_021),
        message: "AADSTS70021: no".to_owned(),
    }
}

async fn secret(cache: &TokenCache) -> String {
    cache.token().await.unwrap().secret().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_five_minutes_before_its_end() {
    let mint = Script::new([Step::Give(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    assert_eq!(secret(&cache).await, "t1");
    advance(54 * MINUTE).await;
    assert_eq!(secret(&cache).await, "t1");
    advance(MINUTE).await;
    assert_eq!(secret(&cache).await, "t2");
    assert_eq!(mint.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_short_lived_token_is_replaced_at_half_its_life() {
    let mint = Script::new([Step::Give(4 * MINUTE)]);
    let cache = TokenCache::new(mint.clone());
    assert_eq!(secret(&cache).await, "t1");
    advance(MINUTE).await;
    assert_eq!(secret(&cache).await, "t1");
    advance(MINUTE).await;
    assert_eq!(secret(&cache).await, "t2");
}

#[tokio::test(start_paused = true)]
async fn many_cold_callers_make_one_exchange() {
    let mint = Script::new([Step::GiveLate(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    let tokens = join_all((0..50).map(|_| secret(&cache))).await;
    assert!(tokens.iter().all(|token| token == "t1"));
    assert_eq!(mint.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_cold_callers_are_told_the_same_failure() {
    let mint = Script::new([Step::Hang]);
    let cache = TokenCache::new(mint.clone());
    let start = Instant::now();
    let errors = join_all((0..50).map(|_| cache.token())).await;
    assert!(
        errors
            .into_iter()
            .all(|error| error == Err(TokenError::DeadlineExceeded))
    );
    assert_eq!(
        start.elapsed(),
        EXCHANGE_DEADLINE,
        "waiters must not queue for a deadline each"
    );
    assert_eq!(mint.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_refresh_keeps_the_last_good_token_to_its_end() {
    let mint = Script::new([Step::Give(HOUR), Step::Fail(refused())]);
    let cache = TokenCache::new(mint.clone());
    secret(&cache).await;
    advance(56 * MINUTE).await;
    assert_eq!(secret(&cache).await, "t1");
    assert_eq!(secret(&cache).await, "t1");
    assert_eq!(mint.calls(), 2, "a failed refresh is not repeated at once");
    advance(FAILURE_HOLD).await;
    assert_eq!(secret(&cache).await, "t1");
    assert_eq!(mint.calls(), 3);
    advance(4 * MINUTE).await;
    assert_eq!(cache.token().await, Err(refused()));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_refresh_delays_one_caller_and_none_besides() {
    let mint = Script::new([Step::Give(HOUR), Step::Hang]);
    let cache = Arc::new(TokenCache::new(mint.clone()));
    secret(&cache).await;
    advance(56 * MINUTE).await;
    let first = tokio::spawn({
        let cache = cache.clone();
        async move { secret(&cache).await }
    });
    tokio::task::yield_now().await;
    let start = Instant::now();
    assert_eq!(secret(&cache).await, "t1");
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(first.await.unwrap(), "t1");
    assert_eq!(start.elapsed(), EXCHANGE_DEADLINE);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_does_not_block_the_next() {
    let mint = Script::new([Step::Hang, Step::Give(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    assert!(
        timeout(Duration::from_secs(1), cache.token())
            .await
            .is_err()
    );
    assert_eq!(secret(&cache).await, "t2");
}

#[tokio::test(start_paused = true)]
async fn a_failure_speaks_for_five_seconds_or_as_long_as_entra_says() {
    let throttled = TokenError::Throttled {
        retry_after: Some(MINUTE),
        message: "slow down".to_owned(),
    };
    let mint = Script::new([
        Step::Fail(refused()),
        Step::Fail(throttled.clone()),
        Step::Give(HOUR),
    ]);
    let cache = TokenCache::new(mint.clone());
    assert_eq!(cache.token().await, Err(refused()));
    assert_eq!(cache.token().await, Err(refused()));
    assert_eq!(mint.calls(), 1);
    advance(FAILURE_HOLD).await;
    assert_eq!(cache.token().await, Err(throttled.clone()));
    advance(MINUTE / 2).await;
    assert_eq!(cache.token().await, Err(throttled));
    assert_eq!(mint.calls(), 2);
    advance(MINUTE / 2).await;
    assert_eq!(secret(&cache).await, "t3");
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_replaced_but_not_over_and_over() {
    let mint = Script::new([Step::Give(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    let first = cache.token().await.unwrap();
    cache.reject(&first);
    let second = cache.token().await.unwrap();
    assert_eq!(second.secret(), "t2");
    cache.reject(&first);
    cache.reject(&second);
    assert_eq!(
        secret(&cache).await,
        "t2",
        "a new token that is rejected too is not to blame"
    );
    advance(REJECTION_INTERVAL).await;
    cache.reject(&second);
    assert_eq!(secret(&cache).await, "t3");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_expired_is_an_error() {
    let cache = TokenCache::new(Script::new([Step::Give(Duration::ZERO)]));
    assert!(matches!(
        cache.token().await,
        Err(TokenError::Unavailable { .. })
    ));
}

#[test]
fn no_debug_output_shows_the_secret() {
    let minted = Minted {
        secret: "S3CRET".to_owned(),
        lifetime: HOUR,
    };
    let text = format!("{:?} {minted:?}", Token::new("S3CRET"));
    assert!(!text.contains("S3CRET"), "{text}");
}

#[test]
fn each_failure_has_its_class_and_reason() {
    let text = String::new;
    let cases = [
        (
            refused(),
            Class::Unauthenticated,
            "FederatedCredentialNotFound",
        ),
        (
            TokenError::Refused {
                code: Some(7_000_215),
                message: text(),
            },
            Class::Unauthenticated,
            "CredentialRefused",
        ),
        (
            TokenError::Refused {
                code: None,
                message: text(),
            },
            Class::Unauthenticated,
            "CredentialRefused",
        ),
        (
            TokenError::Throttled {
                retry_after: None,
                message: text(),
            },
            Class::Throttled,
            "TokenUnavailable",
        ),
        (
            TokenError::Unavailable { message: text() },
            Class::Transient,
            "TokenUnavailable",
        ),
        (
            TokenError::Local { message: text() },
            Class::Transient,
            "TokenUnavailable",
        ),
        (
            TokenError::DeadlineExceeded,
            Class::Transient,
            "TokenUnavailable",
        ),
    ];
    for (error, class, reason) in cases {
        assert_eq!((error.class(), error.reason()), (class, reason), "{error}");
    }
}
