//! What is known, shared by the watches that write it and the passes that ask it.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard},
};

use tokio::sync::watch::Sender;

use crate::{
    api::AttachedDatabase,
    controller::validate::{Desired, parting, validate},
};

use super::{Access, Demand, Known, Tenancy, judge};

/// Judges access by what is known now.
#[derive(Debug)]
pub struct Book {
    tenancy: Tenancy,
    known: RwLock<Known>,
    /// Whose access may have changed since somebody asked.
    changed: Mutex<Changed>,
    /// Counts the changes.
    changes: Sender<u64>,
}

/// Whose access a fact decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// That of every object.
    Everybody,
    /// That of the objects of this namespace.
    Of(String),
}

/// Whose access may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// That of every object.
    All,
    /// That of the objects of these namespaces.
    Namespaces(BTreeSet<String>),
}

impl Default for Changed {
    fn default() -> Self {
        Self::Namespaces(BTreeSet::new())
    }
}

impl Changed {
    /// Whether an object of `namespace` is among them.
    #[must_use]
    pub fn includes(&self, namespace: &str) -> bool {
        match self {
            Self::All => true,
            Self::Namespaces(names) => names.contains(namespace),
        }
    }

    fn add(&mut self, whose: Whose) {
        match (&mut *self, whose) {
            (Self::All, _) => {}
            (Self::Namespaces(_), Whose::Everybody) => *self = Self::All,
            (Self::Namespaces(names), Whose::Of(namespace)) => {
                names.insert(namespace);
            }
        }
    }
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new(tenancy: Tenancy) -> Self {
        Self {
            tenancy,
            known: RwLock::default(),
            changed: Mutex::default(),
            changes: Sender::new(0),
        }
    }

    /// How the operator is shared.
    #[must_use]
    pub fn tenancy(&self) -> &Tenancy {
        &self.tenancy
    }

    /// Whether `object`, which declares `desired`, is served, and by whom.
    #[must_use]
    pub fn judge(&self, object: &AttachedDatabase, desired: Option<&Desired>) -> Access {
        judge(&self.tenancy, &Demand::of(object, desired), &self.known())
    }

    /// The same, for an object that was not validated yet; also says what it declares, if that is usable.
    #[must_use]
    pub fn judge_raw(&self, object: &AttachedDatabase) -> (Access, Option<Desired>) {
        let is_going = object.metadata.deletion_timestamp.is_some();
        let desired = validate(object)
            .ok()
            .or_else(|| parting(object).filter(|_| is_going));
        (self.judge(object, desired.as_ref()), desired)
    }

    /// Which policy allows `object` the operator's identity.
    pub(super) fn allowed_by(
        &self,
        object: &AttachedDatabase,
        desired: Option<&Desired>,
    ) -> Option<String> {
        let known = self.known();
        let policy = known.allows(&Demand::of(object, desired)).ok()?;
        Some(policy.to_owned())
    }

    /// Changes what is known, which decides `whose` access; `change` says whether it did.
    pub(super) fn note(&self, whose: Whose, change: impl FnOnce(&mut Known) -> bool) {
        let has_changed = {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            change(&mut known)
        };
        if has_changed {
            self.changed().add(whose);
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// Whose access may have changed since the last call.
    pub fn take_changed(&self) -> Changed {
        std::mem::take(&mut self.changed())
    }

    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until everything is listed.
    pub async fn listed(&self) {
        let mut changes = self.changes.subscribe();
        // Fails only when the book is gone, and it is borrowed.
        let _ = changes.wait_for(|_| self.known().is_listed()).await;
    }

    /// Hears of changes from now on.
    pub fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn is_listed(&self) -> bool {
        self.policies.is_listed() && self.namespaces.is_listed() && self.accounts.is_listed()
    }
}
