//! What is known of policies, namespaces and ServiceAccounts. Pure.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use crate::azure::entra_id;

use super::{
    Account, CLIENT_ID_ANNOTATION, Demand, Flaw, Kind, NamedBy, Refusal, TENANT_ID_ANNOTATION,
    policy::Policy,
};

/// Namespace and name of a ServiceAccount.
pub type AccountKey = (String, String);

/// The labels of a namespace.
pub type Labels = BTreeMap<String, String>;

/// All that access is judged by.
#[derive(Debug, Default)]
pub struct Known {
    /// The policies by name; one that can't be used is not among them.
    pub policies: Shelf<String, Policy>,
    /// The namespaces' labels.
    pub namespaces: Shelf<String, Labels>,
    /// The ServiceAccounts.
    pub accounts: Shelf<AccountKey, AccountFacts>,
}

/// What a ServiceAccount says of its Azure identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFacts {
    /// `metadata.uid`.
    pub uid: String,
    /// Its annotation, as it stands there.
    pub client_id: Option<String>,
    /// Its annotation, as it stands there.
    pub tenant_id: Option<String>,
}

impl Known {
    /// The first policy that allows all of `demand`. Policies don't add up: each stands for itself.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or what is not known yet.
    pub fn allows(&self, demand: &Demand<'_>) -> Result<&str, Refusal> {
        if !self.policies.is_listed() {
            return Err(Refusal::Unknown(Kind::Policies));
        }
        let Some(labels) = self.namespaces.get(demand.namespace) else {
            return Err(Refusal::Unknown(Kind::Namespaces));
        };
        let Some(reach) = &demand.reach else {
            return Err(Refusal::NotAllowed);
        };
        self.policies
            .iter()
            .find(|(_, policy)| policy.allows(labels, reach))
            .map(|(name, _)| name.as_str())
            .ok_or(Refusal::NotAllowed)
    }

    /// The Azure identity of a ServiceAccount.
    ///
    /// # Errors
    /// What is missing of it.
    pub fn account(
        &self,
        namespace: &str,
        name: &str,
        named_by: NamedBy,
    ) -> Result<Account, Refusal> {
        let Some(facts) = self.accounts.get(&(namespace.to_owned(), name.to_owned())) else {
            return Err(if self.accounts.is_listed() {
                Refusal::AccountNotFound {
                    name: name.to_owned(),
                    named_by,
                }
            } else {
                Refusal::Unknown(Kind::Accounts)
            });
        };
        let id = |annotation, value: &Option<String>| {
            checked_id(value.as_deref()).map_err(|flaw| Refusal::AccountIncomplete {
                name: name.to_owned(),
                annotation,
                flaw,
            })
        };
        Ok(Account {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            uid: facts.uid.clone(),
            client_id: id(CLIENT_ID_ANNOTATION, &facts.client_id)?,
            tenant_id: id(TENANT_ID_ANNOTATION, &facts.tenant_id)?,
        })
    }
}

/// The rule is that of whoever makes the credential: what passes here can't fail there.
fn checked_id(value: Option<&str>) -> Result<String, Flaw> {
    let value = value.unwrap_or_default();
    match entra_id(value) {
        Some(id) => Ok(id.to_owned()),
        None if value.trim().is_empty() => Err(Flaw::Missing),
        None => Err(Flaw::Malformed),
    }
}

/// The objects of one kind, as one watch or several show them.
#[derive(Debug)]
pub struct Shelf<K, V> {
    items: HashMap<K, V>,
    /// Watches whose first list is not there yet.
    unlisted: usize,
}

impl<K, V> Default for Shelf<K, V> {
    fn default() -> Self {
        Self {
            items: HashMap::new(),
            unlisted: 0,
        }
    }
}

impl<K: Eq + Hash, V: PartialEq> Shelf<K, V> {
    /// One more watch fills the shelf.
    pub fn expect_list(&mut self) {
        self.unlisted += 1;
    }

    /// A watch has listed all it shows for the first time.
    pub fn listed(&mut self) {
        self.unlisted = self.unlisted.saturating_sub(1);
    }

    /// Whether every watch has shown its first list.
    #[must_use]
    pub fn is_listed(&self) -> bool {
        self.unlisted == 0
    }

    /// Puts or replaces an item; says whether that changed anything.
    pub fn put(&mut self, key: K, value: V) -> bool {
        if self.items.get(&key) == Some(&value) {
            return false;
        }
        self.items.insert(key, value);
        true
    }

    /// Takes an item away; says whether it was there.
    pub fn remove<Q>(&mut self, key: &Q) -> bool
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.items.remove(key).is_some()
    }

    /// Keeps of the items within `scope` those in `present`; says whether any went.
    pub fn keep(&mut self, scope: impl Fn(&K) -> bool, present: &HashSet<K>) -> bool {
        let before = self.items.len();
        self.items
            .retain(|key, _| !scope(key) || present.contains(key));
        self.items.len() != before
    }

    /// An item.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.items.get(key)
    }

    /// All items, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.items.iter()
    }
}
