//! Keeps the book by watching what access is judged by. I/O.
//!
//! Only what is needed is watched, of namespaces and ServiceAccounts only the metadata, and of that only what counts is
//! kept.

use std::{collections::HashSet, fmt::Debug, hash::Hash, sync::Arc};

use futures::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, join_all},
};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::{
    Api, Client, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{WatchStreamExt as _, watcher},
};
use serde::de::DeserializeOwned;

use crate::{
    api::AttachmentPolicy, config::WatchScope, controller::publish::WATCH_TIMEOUT_SECONDS,
    error_chain::ErrorChain,
};

use super::{
    AccountFacts, Book, CLIENT_ID_ANNOTATION, Kind, Known, OwnIdentities, Shelf,
    TENANT_ID_ANNOTATION,
    book::Whose,
    known::{AccountKey, Labels},
    policy::Policy,
};

/// Watches for ever what the tenancy of `book` asks for, within `scope`. The watches are expected from the moment this
/// returns: nothing counts as listed before their lists are there.
pub fn listen(client: &Client, scope: &WatchScope, book: &Arc<Book>) -> BoxFuture<'static, ()> {
    let mut watches: Vec<BoxFuture<'static, ()>> = Vec::new();
    if book.tenancy().heeds_policies() {
        let policies = Api::<DeserializeGuard<AttachmentPolicy>>::all(client.clone());
        watches.push(follow(policies, config(), Arc::clone(book), |_| true));
        match scope {
            WatchScope::All => {
                let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
                watches.push(follow(namespaces, config(), Arc::clone(book), |_| true));
            }
            WatchScope::Namespaces(names) => watches.extend(names.iter().map(|name| {
                let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
                let one = config().fields(&format!("metadata.name={name}"));
                let name = name.clone();
                follow(namespaces, one, Arc::clone(book), move |key| *key == name)
            })),
        }
    }
    if book.tenancy().own_identities() == OwnIdentities::Enabled {
        match scope {
            WatchScope::All => {
                let accounts = Api::<PartialObjectMeta<ServiceAccount>>::all(client.clone());
                watches.push(follow(accounts, config(), Arc::clone(book), |_| true));
            }
            WatchScope::Namespaces(names) => watches.extend(names.iter().map(|name| {
                let accounts =
                    Api::<PartialObjectMeta<ServiceAccount>>::namespaced(client.clone(), name);
                let name = name.clone();
                let within = move |(namespace, _): &AccountKey| *namespace == name;
                follow(accounts, config(), Arc::clone(book), within)
            })),
        }
    }
    async {
        join_all(watches).await;
        // Where nothing is watched, too: whoever waits for this waits for ever.
        std::future::pending::<()>().await;
    }
    .boxed()
}

fn config() -> watcher::Config {
    watcher::Config::default().timeout(WATCH_TIMEOUT_SECONDS)
}

/// What of a kind is noted in the book.
pub(super) trait Noted: ResourceExt {
    /// What it is found by.
    type Key: Eq + Hash + Clone + Send + 'static;
    /// What is kept of it.
    type Facts: PartialEq;
    const KIND: Kind;

    fn key(&self) -> Self::Key;
    /// `None`: it counts as if it were not there.
    fn facts(&self) -> Option<Self::Facts>;
    fn shelf(known: &mut Known) -> &mut Shelf<Self::Key, Self::Facts>;

    /// Whose access it decides.
    fn bears_on(key: &Self::Key) -> Whose;

    /// Writes it into the book as it is now.
    fn note(&self, book: &Book) {
        let (key, facts) = (self.key(), self.facts());
        book.note(Self::bears_on(&key), |known| match facts {
            Some(facts) => Self::shelf(known).put(key, facts),
            None => Self::shelf(known).remove(&key),
        });
    }
}

impl Noted for DeserializeGuard<AttachmentPolicy> {
    type Key = String;
    type Facts = Policy;
    const KIND: Kind = Kind::Policies;

    fn key(&self) -> String {
        self.name_any()
    }

    fn facts(&self) -> Option<Policy> {
        let policy = self
            .0
            .as_ref()
            .map_err(|invalid| invalid.error.clone())
            .and_then(|policy| Policy::try_from(policy).map_err(|error| error.to_string()));
        policy
            .inspect_err(|error| {
                tracing::error!(
                    policy = self.name_any(),
                    error,
                    "policy can't be used and allows nothing"
                );
            })
            .ok()
    }

    fn bears_on(_: &String) -> Whose {
        Whose::Everybody
    }

    fn shelf(known: &mut Known) -> &mut Shelf<String, Policy> {
        &mut known.policies
    }
}

impl Noted for PartialObjectMeta<Namespace> {
    type Key = String;
    type Facts = Labels;
    const KIND: Kind = Kind::Namespaces;

    fn key(&self) -> String {
        self.name_any()
    }

    fn facts(&self) -> Option<Labels> {
        Some(self.labels().clone())
    }

    fn bears_on(namespace: &String) -> Whose {
        Whose::Of(namespace.clone())
    }

    fn shelf(known: &mut Known) -> &mut Shelf<String, Labels> {
        &mut known.namespaces
    }
}

impl Noted for PartialObjectMeta<ServiceAccount> {
    type Key = AccountKey;
    type Facts = AccountFacts;
    const KIND: Kind = Kind::Accounts;

    fn key(&self) -> AccountKey {
        (self.namespace().unwrap_or_default(), self.name_any())
    }

    fn facts(&self) -> Option<AccountFacts> {
        let annotation = |name| self.annotations().get(name).cloned();
        Some(AccountFacts {
            uid: self.uid().unwrap_or_default(),
            client_id: annotation(CLIENT_ID_ANNOTATION),
            tenant_id: annotation(TENANT_ID_ANNOTATION),
        })
    }

    fn bears_on((namespace, _): &AccountKey) -> Whose {
        Whose::Of(namespace.clone())
    }

    fn shelf(known: &mut Known) -> &mut Shelf<AccountKey, AccountFacts> {
        &mut known.accounts
    }
}

/// Keeps what `book` says of one kind, as far as it lies `within` what this watch shows.
fn follow<K>(
    api: Api<K>,
    config: watcher::Config,
    book: Arc<Book>,
    within: impl Fn(&K::Key) -> bool + Send + 'static,
) -> BoxFuture<'static, ()>
where
    K: Noted + Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    book.note(Whose::Everybody, |known| {
        K::shelf(known).expect_list();
        false
    });
    async move {
        let mut events = watcher(api, config).default_backoff().boxed();
        let (mut listed, mut is_first) = (HashSet::new(), true);
        while let Some(event) = events.next().await {
            match event {
                Ok(watcher::Event::Init) => listed.clear(),
                Ok(watcher::Event::InitApply(object)) => {
                    listed.insert(object.key());
                    object.note(&book);
                }
                Ok(watcher::Event::InitDone) => {
                    let present = std::mem::take(&mut listed);
                    book.note(Whose::Everybody, |known| {
                        let shelf = K::shelf(known);
                        let went = shelf.keep(&within, &present);
                        let is_first = std::mem::take(&mut is_first);
                        if is_first {
                            shelf.listed();
                        }
                        went || is_first
                    });
                }
                Ok(watcher::Event::Apply(object)) => object.note(&book),
                Ok(watcher::Event::Delete(object)) => {
                    let key = object.key();
                    book.note(K::bears_on(&key), |known| K::shelf(known).remove(&key));
                }
                Err(error) => tracing::warn!(
                    kind = K::KIND.as_str(),
                    error = %ErrorChain(&error),
                    "watch failed, trying again"
                ),
            }
        }
    }
    .boxed()
}
