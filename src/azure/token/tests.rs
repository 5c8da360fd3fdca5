//! The token's life under paused time.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use futures::{FutureExt, future::join_all};
use tokio::time::{Instant, advance, sleep, timeout};

use super::{
    state::{FAILURE_HOLD, FINGERPRINT_INTERVAL, REJECTION_INTERVAL},
    *,
};
use crate::azure::classify::Class;

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
    asked_for: Mutex<Vec<Option<Claims>>>,
    fingerprint: AtomicU64,
}

impl Script {
    fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self {
            steps: Mutex::new(steps.into_iter().collect()),
            calls: AtomicUsize::new(0),
            asked_for: Mutex::default(),
            fingerprint: AtomicU64::new(0),
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Mint for Script {
    fn fingerprint(&self) -> u64 {
        self.fingerprint.load(Ordering::SeqCst)
    }

    fn mint(&self, claims: Option<&Claims>) -> BoxFuture<'_, Result<Minted, TokenError>> {
        self.asked_for.lock().unwrap().push(claims.cloned());
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
                    secret: format!("t{number}").into(),
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

/// Lets what runs in the background run as far as it gets without time passing.
async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

/// Claims that ask for `word`.
fn claims(word: &str) -> Claims {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let json = format!(r#"{{"access_token":{{"{word}":null}}}}"#);
    let encoded: String = json
        .as_bytes()
        .chunks(3)
        .flat_map(|chunk| {
            let bits = chunk
                .iter()
                .fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte))
                << (8 * (3 - chunk.len()));
            (0..=chunk.len()).map(move |digit| char::from(DIGITS[bits >> (18 - 6 * digit) & 63]))
        })
        .collect();
    let header = format!(r#"Bearer error="insufficient_claims", claims="{encoded}""#);
    Claims::from_header(&header).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_until_five_minutes_before_its_end() {
    let mint = Script::new([Step::Give(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    assert_eq!(secret(&cache).await, "t1");
    advance(54 * MINUTE).await;
    assert_eq!(secret(&cache).await, "t1");
    advance(MINUTE).await;
    assert_eq!(secret(&cache).await, "t1", "nobody waits for a refresh");
    settle().await;
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
    secret(&cache).await;
    settle().await;
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
    for _ in 0..3 {
        assert_eq!(secret(&cache).await, "t1");
        settle().await;
    }
    assert_eq!(mint.calls(), 2, "a failed refresh is not repeated at once");
    advance(FAILURE_HOLD).await;
    assert_eq!(secret(&cache).await, "t1");
    settle().await;
    assert_eq!(mint.calls(), 3);
    advance(FAILURE_HOLD).await;
    assert_eq!(secret(&cache).await, "t1");
    settle().await;
    assert_eq!(mint.calls(), 3, "and less and less often");
    advance(4 * MINUTE).await;
    assert_eq!(cache.token().await, Err(refused()));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_refresh_delays_nobody_and_is_the_only_one() {
    let mint = Script::new([Step::Give(HOUR), Step::Hang]);
    let cache = TokenCache::new(mint.clone());
    secret(&cache).await;
    advance(56 * MINUTE).await;
    let start = Instant::now();
    let tokens = join_all((0..50).map(|_| secret(&cache))).await;
    assert!(tokens.iter().all(|token| token == "t1"));
    settle().await;
    assert_eq!(secret(&cache).await, "t1");
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(mint.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_holds_no_token_any_more_waits_for_the_exchange_under_way() {
    let mint = Script::new([Step::Give(HOUR), Step::GiveLate(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    secret(&cache).await;
    advance(59 * MINUTE + Duration::from_millis(59_500)).await;
    assert_eq!(secret(&cache).await, "t1");
    settle().await;
    advance(Duration::from_millis(500)).await;
    assert_eq!(secret(&cache).await, "t2");
    assert_eq!(mint.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_changed_secret_makes_a_refresh_due_and_the_old_token_is_the_fallback() {
    let steps = [Step::Give(HOUR), Step::Fail(refused()), Step::Give(HOUR)];
    let mint = Script::new(steps);
    mint.fingerprint.store(1, Ordering::SeqCst);
    let cache = TokenCache::new(mint.clone());
    secret(&cache).await;
    // Unreadable, as in the middle of a rotation.
    mint.fingerprint.store(0, Ordering::SeqCst);
    advance(FINGERPRINT_INTERVAL).await;
    secret(&cache).await;
    settle().await;
    assert_eq!(mint.calls(), 1);

    mint.fingerprint.store(2, Ordering::SeqCst);
    advance(FINGERPRINT_INTERVAL / 2).await;
    secret(&cache).await;
    settle().await;
    assert_eq!(mint.calls(), 1, "the file is not looked at for each call");
    advance(FINGERPRINT_INTERVAL / 2).await;
    assert_eq!(secret(&cache).await, "t1");
    settle().await;
    assert_eq!(mint.calls(), 2);
    assert_eq!(secret(&cache).await, "t1");
    advance(FAILURE_HOLD).await;
    secret(&cache).await;
    settle().await;
    assert_eq!(secret(&cache).await, "t3");
    advance(FINGERPRINT_INTERVAL).await;
    assert_eq!(secret(&cache).await, "t3");
    settle().await;
    assert_eq!(mint.calls(), 3, "the new secret is known now");
}

#[tokio::test(start_paused = true)]
async fn a_challenge_leads_to_one_exchange_with_its_claims_and_they_stay() {
    let mint = Script::new([Step::Give(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    let first = cache.token().await.unwrap();
    cache.reject(&first, Some(claims("nbf")));
    // Others were under way with the same token.
    cache.reject(&first, Some(claims("nbf")));
    let second = cache.token().await.unwrap();
    assert_eq!(second.secret(), "t2");
    cache.reject(&second, Some(claims("acrs")));
    assert_eq!(secret(&cache).await, "t2", "not over and over");
    advance(55 * MINUTE).await;
    secret(&cache).await;
    settle().await;
    assert_eq!(secret(&cache).await, "t3");
    let wanted = Some(claims("nbf"));
    assert_eq!(
        *mint.asked_for.lock().unwrap(),
        [None, wanted.clone(), wanted]
    );
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_followed_even_right_after_a_rejection() {
    let mint = Script::new([Step::Give(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    cache.reject(&cache.token().await.unwrap(), None);
    cache.reject(&cache.token().await.unwrap(), Some(claims("nbf")));
    assert_eq!(secret(&cache).await, "t3");
}

#[tokio::test(start_paused = true)]
async fn a_challenge_during_an_exchange_is_answered_by_the_next() {
    let mint = Script::new([Step::Give(HOUR), Step::GiveLate(HOUR)]);
    let cache = TokenCache::new(mint.clone());
    let first = cache.token().await.unwrap();
    advance(56 * MINUTE).await;
    secret(&cache).await;
    settle().await;
    cache.reject(&first, Some(claims("nbf")));
    assert_eq!(secret(&cache).await, "t3");
    assert_eq!(
        *mint.asked_for.lock().unwrap(),
        [None, None, Some(claims("nbf"))]
    );
}

#[tokio::test(start_paused = true)]
async fn claims_that_cannot_be_had_are_asked_for_once_per_challenge() {
    for refusal in [TokenError::ClaimsUnsupported, refused()] {
        let mint = Script::new([
            Step::Give(HOUR),
            Step::Fail(refusal.clone()),
            Step::Give(HOUR),
        ]);
        let cache = TokenCache::new(mint.clone());
        let first = cache.token().await.unwrap();
        cache.reject(&first, Some(claims("nbf")));
        assert_eq!(cache.token().await, Err(refusal));
        advance(FAILURE_HOLD).await;
        assert_eq!(secret(&cache).await, "t3");
        assert_eq!(
            *mint.asked_for.lock().unwrap(),
            [None, Some(claims("nbf")), None]
        );
    }
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
    cache.reject(&first, None);
    let second = cache.token().await.unwrap();
    assert_eq!(second.secret(), "t2");
    cache.reject(&first, None);
    cache.reject(&second, None);
    assert_eq!(
        secret(&cache).await,
        "t2",
        "a new token that is rejected too is not to blame"
    );
    advance(REJECTION_INTERVAL).await;
    cache.reject(&second, None);
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
        secret: "S3CRET".to_owned().into(),
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
            TokenError::Assertion {
                class: Class::Rejected,
                reason: "AccountNotFound",
                message: text(),
            },
            Class::Rejected,
            "AccountNotFound",
        ),
        (
            TokenError::Misconfigured {
                reason: "WrongTenant",
                message: text(),
            },
            Class::Misconfigured,
            "WrongTenant",
        ),
        (
            TokenError::ClaimsUnsupported,
            Class::Unauthenticated,
            "ClaimsRequired",
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
