//! Tokens for ARM: what they are, where they come from, and what is missing when there is none.
//!
//! Secrets are wiped when they are dropped. That holds for what this crate keeps. The copies that the identity library,
//! the HTTP client and TLS make on their way (forms, header values, send buffers, answers) are beyond its reach.

use std::{fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use zeroize::Zeroizing;

pub use self::{cache::TokenCache, error::TokenError};
pub use super::challenge::Claims;

mod cache;
mod error;
mod state;
#[cfg(test)]
mod tests;

/// Longest wait for one exchange, retries included. The library below would wait 82 s (dependencies.md §0).
const EXCHANGE_DEADLINE: Duration = Duration::from_secs(10);

/// A bearer token, wiped when its last copy is dropped. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<Zeroizing<String>>);

impl Token {
    /// Wraps a token as it goes on the wire, without `Bearer`.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(Arc::new(Zeroizing::new(secret.to_owned())))
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

    /// ARM answered 401 to this token: it should not be handed out again. With a `challenge`, ARM said what the next
    /// one has to hold.
    fn reject(&self, token: &Token, challenge: Option<Claims>);

    /// As [`Mint::in_use`].
    fn in_use(&self) -> String {
        String::new()
    }
}

/// One exchange with the identity provider.
pub trait Mint: Send + Sync + 'static {
    /// Asks for a new token; with `claims`, for one that holds them.
    fn mint(&self, claims: Option<&Claims>) -> BoxFuture<'_, Result<Minted, TokenError>>;

    /// Changes when the secret that is exchanged changes: another number than before means that a new token is due.
    ///
    /// 0: there is no such secret, or it cannot be read now. A keyed hash otherwise, of no use without the key, which
    /// is random and never leaves the process. A federated token has none: a new one does not end the token that was
    /// got with the last.
    fn fingerprint(&self) -> u64 {
        0
    }

    /// Who asks for what, and where: tenant, authority and audience, for a message about how they do not fit together.
    /// Ids and addresses, no secrets; empty when unknown.
    fn in_use(&self) -> String {
        String::new()
    }
}

/// A token fresh from the identity provider, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Minted {
    /// The token.
    pub secret: Zeroizing<String>,
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
