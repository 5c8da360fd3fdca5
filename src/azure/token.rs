//! Tokens for ARM: one exchange at a time, ahead of expiry, and the last good one for as long as it lasts.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{FutureExt, future::BoxFuture};
use tokio::time::{Instant, timeout};

use super::classify::Class;

/// How long before its expiry a token is replaced; for short-lived ones, half their life.
const REFRESH_AHEAD: Duration = Duration::from_mins(5);
/// Longest wait for one exchange, retries included. The library below would wait 82 s (dependencies.md §0).
const EXCHANGE_DEADLINE: Duration = Duration::from_secs(10);
/// How long a failed exchange speaks for the next ones: many objects must not knock at a closed door one by one.
const FAILURE_HOLD: Duration = Duration::from_secs(5);
/// How often a rejected token is replaced. If ARM does not like the new one either, the fault is not the token's age.
const REJECTION_INTERVAL: Duration = Duration::from_secs(30);

/// A bearer token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    /// Wraps a token as it goes on the wire, without `Bearer`.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(secret.into())
    }

    /// The token: for an `Authorization` header only.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// Where the client gets its token for each call.
pub trait TokenSource: Send + Sync + 'static {
    /// A token that is valid now.
    fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>>;

    /// ARM answered 401 to this token: it should not be handed out again.
    fn reject(&self, token: &Token);
}

/// One exchange with the identity provider.
pub trait Mint: Send + Sync + 'static {
    /// Asks for a new token.
    fn mint(&self) -> BoxFuture<'_, Result<Minted, TokenError>>;
}

/// A token fresh from the identity provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Minted {
    /// The token.
    pub secret: String,
    /// How long it is valid, counted from the moment it was received.
    pub lifetime: Duration,
}

impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minted")
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// Why there is no token. Cloned for everyone who waited for the same exchange, so causes are text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The identity provider does not accept the credential, the tenant or the audience.
    #[error("the identity provider refused: {message}")]
    Refused {
        /// Entra's number, as `70021` in `AADSTS70021`.
        code: Option<u32>,
        /// Its message in one line.
        message: String,
    },
    /// The identity provider was asked too often.
    #[error("the identity provider was asked too often: {message}")]
    Throttled {
        /// How long it wants us to wait, between a second and ten minutes.
        retry_after: Option<Duration>,
        /// Its message in one line.
        message: String,
    },
    /// The identity provider could not be reached, or is in trouble itself.
    #[error("the identity provider is not available: {message}")]
    Unavailable {
        /// What happened, in one line.
        message: String,
    },
    /// What the credential is made of is not there, such as a token file that is being rotated.
    #[error("the credential is not available: {message}")]
    Local {
        /// What is missing, in one line.
        message: String,
    },
    /// No answer in time.
    #[error("the identity provider did not answer within {} seconds", EXCHANGE_DEADLINE.as_secs())]
    DeadlineExceeded,
}

impl TokenError {
    /// Who must act.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Refused { .. } => Class::Unauthenticated,
            Self::Throttled { .. } => Class::Throttled,
            Self::Unavailable { .. } | Self::Local { .. } | Self::DeadlineExceeded => {
                Class::Transient
            }
        }
    }

    /// One `CamelCase` word for a condition; stable.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            // "No matching federated identity record found": often only not known everywhere yet (faults.md A3).
            Self::Refused {
                code: Some(70_021 | 700_211..=700_213),
                ..
            } => "FederatedCredentialNotFound",
            Self::Refused { .. } => "CredentialRefused",
            Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Local { .. }
            | Self::DeadlineExceeded => "TokenUnavailable",
        }
    }

    /// How long to wait at least, when the identity provider said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } => *retry_after,
            Self::Refused { .. }
            | Self::Unavailable { .. }
            | Self::Local { .. }
            | Self::DeadlineExceeded => None,
        }
    }
}

/// A [`TokenSource`] that keeps what a [`Mint`] gives.
///
/// * A token is replaced five minutes before it expires; when that fails, the old one is used to its end.
/// * One exchange at a time. Who holds a valid token does not wait for it, who holds none does.
/// * An exchange ends after ten seconds, and one that failed is not repeated for five.
pub struct TokenCache {
    mint: Arc<dyn Mint>,
    state: Mutex<State>,
    exchange: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failure: Option<Failure>,
    rejected_at: Option<Instant>,
}

struct Held {
    token: Token,
    refresh_at: Instant,
    expires_at: Instant,
}

struct Failure {
    error: TokenError,
    until: Instant,
}

/// What the state allows at a moment.
enum Next {
    Use(Token),
    /// The token is valid, but a new one is due.
    Refresh(Token),
    Fail(TokenError),
    Mint,
}

impl State {
    fn next(&self, now: Instant) -> Next {
        let failure = self.failure.as_ref().filter(|failure| now < failure.until);
        match (
            self.held.as_ref().filter(|held| now < held.expires_at),
            failure,
        ) {
            (Some(held), None) if now >= held.refresh_at => Next::Refresh(held.token.clone()),
            (Some(held), _) => Next::Use(held.token.clone()),
            (None, Some(failure)) => Next::Fail(failure.error.clone()),
            (None, None) => Next::Mint,
        }
    }
}

impl TokenCache {
    /// A cache that is empty: the first call makes the first exchange.
    #[must_use]
    pub fn new(mint: Arc<dyn Mint>) -> Self {
        Self {
            mint,
            state: Mutex::default(),
            exchange: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn get(&self) -> Result<Token, TokenError> {
        let next = self.state().next(Instant::now());
        let _turn = match next {
            Next::Use(token) => return Ok(token),
            Next::Fail(error) => return Err(error),
            Next::Refresh(token) => match self.exchange.try_lock() {
                Ok(turn) => turn,
                Err(_) => return Ok(token),
            },
            Next::Mint => self.exchange.lock().await,
        };
        // Whoever had the turn before may have settled it.
        let next = self.state().next(Instant::now());
        match next {
            Next::Use(token) => Ok(token),
            Next::Fail(error) => Err(error),
            Next::Refresh(_) | Next::Mint => self.renew().await,
        }
    }

    async fn renew(&self) -> Result<Token, TokenError> {
        let minted = match timeout(EXCHANGE_DEADLINE, self.mint.mint()).await {
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
            Ok(minted) => {
                let ahead = REFRESH_AHEAD.min(minted.lifetime / 2);
                let token = Token::new(&minted.secret);
                state.failure = None;
                state.held = Some(Held {
                    token: token.clone(),
                    refresh_at: now + minted.lifetime.saturating_sub(ahead),
                    expires_at: now + minted.lifetime,
                });
                Ok(token)
            }
            Err(error) => {
                let hold = error.retry_after().unwrap_or_default().max(FAILURE_HOLD);
                state.failure = Some(Failure {
                    error: error.clone(),
                    until: now + hold,
                });
                match state.next(now) {
                    Next::Use(token) | Next::Refresh(token) => {
                        tracing::warn!(error = %error, "token not refreshed, keeping the last one");
                        Ok(token)
                    }
                    Next::Fail(_) | Next::Mint => Err(error),
                }
            }
        }
    }
}

impl TokenSource for TokenCache {
    fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        self.get().boxed()
    }

    fn reject(&self, token: &Token) {
        let now = Instant::now();
        let mut state = self.state();
        let recently = state
            .rejected_at
            .is_some_and(|at| now < at + REJECTION_INTERVAL);
        let current = state.held.as_ref().is_some_and(|held| held.token == *token);
        if current && !recently {
            state.held = None;
            state.rejected_at = Some(now);
        }
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
