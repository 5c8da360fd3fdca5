//! What is known, shared by the watches that write it and the passes that ask it.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::watch::Sender;

use crate::{
    api::AttachedDatabase,
    controller::validate::{Desired, validate},
};

use super::{Access, Demand, Known, Tenancy, judge};

/// Judges access by what is known now.
#[derive(Debug)]
pub struct Book {
    tenancy: Tenancy,
    known: RwLock<Known>,
    /// Counts the changes.
    changes: Sender<u64>,
}

impl Book {
    /// An empty book.
    #[must_use]
    pub fn new(tenancy: Tenancy) -> Self {
        Self {
            tenancy,
            known: RwLock::default(),
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
        let desired = validate(object).ok();
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

    /// Changes what is known; `change` says whether it did.
    pub(super) fn note(&self, change: impl FnOnce(&mut Known) -> bool) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if change(&mut known) {
            self.changes.send_modify(|changes| *changes += 1);
        }
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
