//! What a cache knows of its token, and what that allows at a moment. Pure: time enters as a value.

use std::time::Duration;

use tokio::time::Instant;

use super::{Claims, Minted, Token, TokenError};

/// How long before its expiry a token is replaced; for short-lived ones, half their life.
const REFRESH_AHEAD: Duration = Duration::from_mins(5);
/// How long a failed exchange speaks for the next ones: many objects must not knock at a closed door one by one.
pub(super) const FAILURE_HOLD: Duration = Duration::from_secs(5);
/// The same while a valid token is held, at most: it doubles up to here, since a changed secret may be due for the rest
/// of the old token's hour.
const FAILURE_HOLD_MAX: Duration = Duration::from_mins(1);
/// How often a rejected token is replaced. If ARM does not like the new one either, the fault is not the token's age.
pub(super) const REJECTION_INTERVAL: Duration = Duration::from_secs(30);
/// How often the client secret's file is looked at.
pub(super) const FINGERPRINT_INTERVAL: Duration = Duration::from_secs(10);

#[derive(Default)]
pub(super) struct State {
    held: Option<Held>,
    failure: Option<Failure>,
    rejected_at: Option<Instant>,
    /// What Azure wants in the token.
    pub(super) claims: Option<Claims>,
    challenged_at: Option<Instant>,
}

struct Held {
    token: Token,
    refresh_at: Instant,
    expires_at: Instant,
    /// Of the secret that it was got with.
    fingerprint: u64,
    looked_at: Instant,
}

struct Failure {
    error: TokenError,
    /// How many in a row.
    count: u32,
    until: Instant,
}

/// What the state allows at a moment.
pub(super) enum Next {
    Use(Token),
    /// The token is valid, but a new one is due.
    Refresh(Token),
    Fail(TokenError),
    Mint,
}

impl State {
    pub(super) fn next(&self, now: Instant) -> Next {
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

    /// Takes a new token, got with the secret that `fingerprint` stands for.
    pub(super) fn keep(&mut self, minted: &Minted, fingerprint: u64, now: Instant) -> Token {
        let ahead = REFRESH_AHEAD.min(minted.lifetime / 2);
        let token = Token::new(&minted.secret);
        self.failure = None;
        self.held = Some(Held {
            token: token.clone(),
            refresh_at: now + minted.lifetime.saturating_sub(ahead),
            expires_at: now + minted.lifetime,
            fingerprint,
            looked_at: now,
        });
        token
    }

    /// Remembers a failure; gives the token that is still good, if there is one.
    ///
    /// Claims that cannot be had must not lock us out for ever: the next exchange goes without, and if Azure insists, its
    /// challenge brings them back.
    pub(super) fn fail(
        &mut self,
        error: TokenError,
        asked_for: Option<&Claims>,
        now: Instant,
    ) -> Result<Token, TokenError> {
        let refused = matches!(
            error,
            TokenError::Refused { .. } | TokenError::ClaimsUnsupported
        );
        if refused && self.claims.as_ref() == asked_for {
            self.claims = None;
        }
        let held = self
            .held
            .as_ref()
            .filter(|held| now < held.expires_at)
            .map(|held| held.token.clone());
        let count = self.failure.as_ref().map_or(0, |failure| failure.count);
        let own = match held {
            Some(_) => FAILURE_HOLD
                .saturating_mul(1 << count.min(6))
                .min(FAILURE_HOLD_MAX),
            None => FAILURE_HOLD,
        };
        self.failure = Some(Failure {
            error: error.clone(),
            count: count + 1,
            until: now + error.retry_after().unwrap_or_default().max(own),
        });
        held.ok_or(error)
    }

    /// Whether it is time to look at the client secret again, which is then counted as done.
    pub(super) fn looks_at_secret(&mut self, now: Instant) -> bool {
        let due = self
            .held
            .as_mut()
            .filter(|held| held.fingerprint != 0 && now >= held.looked_at + FINGERPRINT_INTERVAL);
        due.map(|held| held.looked_at = now).is_some()
    }

    /// Takes what the look gave; whether that makes a refresh due now.
    pub(super) fn saw_secret(&mut self, fingerprint: u64, now: Instant) -> bool {
        let changed = self.held.as_mut().filter(|held| {
            fingerprint != 0 && fingerprint != held.fingerprint && held.refresh_at > now
        });
        changed.map(|held| held.refresh_at = now).is_some()
    }

    /// Drops a token that ARM does not accept, and remembers what it wants in the next.
    pub(super) fn reject(&mut self, token: &Token, challenge: Option<Claims>, now: Instant) {
        // Who comes with the token before the last has nothing new to tell; the one in hand may answer the challenge.
        if self.held.as_ref().is_none_or(|held| held.token != *token) {
            return;
        }
        let last = match challenge {
            Some(_) => &mut self.challenged_at,
            None => &mut self.rejected_at,
        };
        if last.is_some_and(|at| now < at + REJECTION_INTERVAL) {
            return;
        }
        *last = Some(now);
        if challenge.is_some() {
            self.claims = challenge;
            // A failure of an exchange without claims says nothing about one with them.
            self.failure = None;
        }
        self.held = None;
    }
}
