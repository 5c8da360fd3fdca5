//! One session with Azure for each identity: its client, its token, and what it was shown. I/O.
//!
//! Nothing is shared between identities, not even what was read: who may not look must not see what another has seen. A
//! session costs a few kilobytes; those that nobody uses are dropped, and with them their tokens.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::azure::{client::ArmClient, credential::CredentialError};

use super::{
    access::{Account, Identity},
    reads::Reads,
};

/// Most sessions at a time. Who is dropped only reads again.
const MAX_SESSIONS: usize = 1_000;

/// How long a session is kept that nobody uses: about the lifetime of its token.
const KEPT_FOR: Duration = Duration::from_hours(1);

/// Makes the client of an identity; nothing is sent yet.
pub type Connect = dyn Fn(&Identity) -> Result<ArmClient, CredentialError> + Send + Sync;

/// One identity's session with Azure.
pub struct Session {
    /// Speaks ARM as this identity.
    pub arm: ArmClient,
    /// What ARM has shown to this identity.
    pub reads: Reads,
}

/// The sessions of all identities.
pub struct Sessions {
    connect: Box<Connect>,
    open: Mutex<HashMap<Identity, Open>>,
}

struct Open {
    session: Arc<Session>,
    used: Instant,
}

impl Sessions {
    /// No session yet; `connect` makes them.
    #[must_use]
    pub fn new(connect: Box<Connect>) -> Self {
        Self {
            connect,
            open: Mutex::default(),
        }
    }

    /// The session of `identity`.
    ///
    /// # Errors
    /// When there can't be a client for it.
    pub fn of(&self, identity: &Identity) -> Result<Arc<Session>, CredentialError> {
        let now = Instant::now();
        let mut open = self.lock();
        if let Some(known) = open.get_mut(identity) {
            known.used = now;
            return Ok(Arc::clone(&known.session));
        }
        make_room(&mut open, identity, now);
        let arm = (self.connect)(identity)?;
        let session = Arc::new(Session {
            reads: Reads::new(arm.clone()),
            arm,
        });
        let known = Open {
            session: Arc::clone(&session),
            used: now,
        };
        open.insert(identity.clone(), known);
        Ok(session)
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Identity, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops what `newcomer` replaces, what nobody uses, and, should there still be too many, who was not used longest of the
/// namespace that has most.
fn make_room(open: &mut HashMap<Identity, Open>, newcomer: &Identity, now: Instant) {
    open.retain(|identity, known| {
        let is_idle = now.saturating_duration_since(known.used) >= KEPT_FOR;
        !is_idle && !replaces(newcomer, identity)
    });
    if open.len() >= MAX_SESSIONS {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for namespace in open.keys().filter_map(namespace) {
            *counts.entry(namespace).or_default() += 1;
        }
        let largest = counts.into_iter().max_by_key(|(_, count)| *count);
        let oldest = open
            .iter()
            .filter(|(identity, _)| namespace(identity) == largest.map(|(name, _)| name))
            .min_by_key(|(_, known)| known.used)
            .map(|(identity, _)| identity.clone());
        if let Some(oldest) = oldest {
            open.remove(&oldest);
        }
    }
}

/// The namespace of an identity; the operator has none.
fn namespace(identity: &Identity) -> Option<&str> {
    match identity {
        Identity::Operator => None,
        Identity::Account(account) => Some(&account.namespace),
    }
}

/// Whether both are one ServiceAccount, which stands for another Azure identity by now.
fn replaces(newcomer: &Identity, known: &Identity) -> bool {
    match (newcomer, known) {
        (Identity::Account(newcomer), Identity::Account(known)) => name(newcomer) == name(known),
        (Identity::Operator, _) | (_, Identity::Operator) => false,
    }
}

fn name(account: &Account) -> (&str, &str) {
    (&account.namespace, &account.name)
}

#[cfg(test)]
mod tests;
