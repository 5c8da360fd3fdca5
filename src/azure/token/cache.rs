//! Keeps a token: one exchange at a time, ahead of expiry and behind the callers' backs. I/O.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::{
    sync::Mutex as Turn,
    time::{Instant, timeout},
};

use super::{
    Claims, EXCHANGE_DEADLINE, Mint, Minted, Token, TokenError, TokenSource,
    state::{Next, State},
};

/// A [`TokenSource`] that keeps what a [`Mint`] gives.
///
/// * A token is replaced five minutes before it expires, or when the client secret changed (faults.md A5); when that
///   fails, the old one is used to its end.
/// * One exchange at a time. Who holds a valid token never waits for it, who holds none does.
/// * An exchange ends after ten seconds, and one that failed is not repeated for five.
/// * After a claims challenge it asks with those claims until it is dropped.
///
/// It needs a tokio runtime: a refresh is a task of its own.
pub struct TokenCache(Arc<Shared>);

struct Shared {
    mint: Arc<dyn Mint>,
    state: Mutex<State>,
    exchange: Arc<Turn<()>>,
}

impl TokenCache {
    /// A cache that is empty: the first call makes the first exchange.
    #[must_use]
    pub fn new(mint: Arc<dyn Mint>) -> Self {
        Self(Arc::new(Shared {
            mint,
            state: Mutex::default(),
            exchange: Arc::default(),
        }))
    }

    async fn get(&self) -> Result<Token, TokenError> {
        match self.0.next() {
            Next::Use(token) => return Ok(token),
            Next::Fail(error) => return Err(error),
            Next::Refresh(token) => {
                self.refresh();
                return Ok(token);
            }
            Next::Mint => {}
        }
        let _turn = self.0.exchange.lock().await;
        // Whoever had the turn before may have settled it.
        match self.0.next() {
            Next::Use(token) | Next::Refresh(token) => Ok(token),
            Next::Fail(error) => Err(error),
            Next::Mint => self.0.renew().await,
        }
    }

    /// Starts a refresh unless an exchange is under way.
    fn refresh(&self) {
        let Ok(turn) = Arc::clone(&self.0.exchange).try_lock_owned() else {
            return;
        };
        let shared = Arc::clone(&self.0);
        // Not awaited: whoever asks next sees what came of it.
        drop(tokio::spawn(async move {
            let _turn = turn;
            // Between the caller's look and the turn, somebody else may have done it.
            if matches!(shared.next(), Next::Refresh(_) | Next::Mint)
                && let Err(error) = shared.renew().await
            {
                tracing::warn!(%error, "token not refreshed, and the last one has expired");
            }
        }));
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Next {
        let now = Instant::now();
        self.look_at_secret(now);
        self.state().next(now)
    }

    /// Makes a refresh due when the secret is no longer the one that the token was got with. The file is not read under
    /// the lock.
    fn look_at_secret(&self, now: Instant) {
        if self.state().looks_at_secret(now) {
            let fingerprint = self.mint.fingerprint();
            if self.state().saw_secret(fingerprint, now) {
                tracing::info!("the client secret has changed, asking for a new token");
            }
        }
    }

    /// One exchange; a second one when a claims challenge came in between.
    async fn renew(&self) -> Result<Token, TokenError> {
        let claims = self.state().claims.clone();
        let outcome = self.exchange(claims.as_ref()).await;
        let late = self.state().claims.clone();
        if late.is_some() && late != claims {
            self.exchange(late.as_ref()).await
        } else {
            outcome
        }
    }

    async fn exchange(&self, claims: Option<&Claims>) -> Result<Token, TokenError> {
        // Before the exchange: a secret that changes during it is seen as changed afterwards.
        let fingerprint = self.mint.fingerprint();
        let minted = match timeout(EXCHANGE_DEADLINE, self.mint.mint(claims)).await {
            Ok(Ok(Minted {
                lifetime: Duration::ZERO,
                ..
            })) => Err(TokenError::Unavailable {
                message: "the new token has expired already".to_owned(),
            }),
            Ok(minted) => minted,
            Err(_) => Err(TokenError::DeadlineExceeded),
        };
        let now = Instant::now();
        let mut state = self.state();
        match minted {
            Ok(minted) => Ok(state.keep(&minted, fingerprint, now)),
            Err(error) => {
                let kept = state.fail(error.clone(), claims, now);
                if kept.is_ok() {
                    tracing::warn!(%error, "token not refreshed, keeping the last one");
                }
                kept
            }
        }
    }
}

impl TokenSource for TokenCache {
    fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        self.get().boxed()
    }

    fn reject(&self, token: &Token, challenge: Option<Claims>) {
        self.0.state().reject(token, challenge, Instant::now());
    }

    fn in_use(&self) -> String {
        self.0.mint.in_use()
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}
