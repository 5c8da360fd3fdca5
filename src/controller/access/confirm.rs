//! Asks the API server itself, past every watch, whether an object is still served. I/O.
//!
//! A watch may be silent for minutes before anybody notices (faults.md K5). A policy that was withdrawn must stop the
//! next write all the same, so each write is preceded by this.

use std::fmt::Debug;

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::{
    Api,
    core::{DeserializeGuard, PartialObjectMeta},
};

use serde::de::DeserializeOwned;

use crate::{
    api::{AttachedDatabase, AttachmentPolicy},
    controller::{
        context::Context,
        publish::{KubernetesError, call},
        validate::Desired,
    },
    error_chain::ErrorChain,
};

use super::{Access, Book, Demand, Identity, Kind, Known, Refusal, judge, listen::Noted};

/// Policies that are read before a write at most. More of them would have to be withdrawn at once, each after the one
/// before was read.
const MAX_POLICIES: usize = 4;

/// Whether `object` is served now, by what the API server itself says. Where it says nothing, nobody knows.
pub async fn confirm(
    context: &Context,
    object: &AttachedDatabase,
    desired: Option<&Desired>,
    granted: &Identity,
) -> Access {
    match ask(context, object, desired, granted).await {
        Ok(access) => access,
        Err((kind, error)) => {
            tracing::warn!(kind = kind.as_str(), error = %ErrorChain(&error), "access can't be confirmed");
            Access::Refused(Refusal::Unknown(kind))
        }
    }
}

async fn ask(
    context: &Context,
    object: &AttachedDatabase,
    desired: Option<&Desired>,
    granted: &Identity,
) -> Result<Access, (Kind, KubernetesError)> {
    let (client, book) = (&context.client, &context.access);
    let demand = Demand::of(object, desired);
    // Only what was read for this: an older event may reach the book at any moment.
    let mut live = Known::default();
    match granted {
        Identity::Operator if !book.tenancy().heeds_policies() => {}
        Identity::Account(account) => {
            let accounts = Api::<PartialObjectMeta<ServiceAccount>>::namespaced(
                client.clone(),
                demand.namespace,
            );
            let key = (account.namespace.clone(), account.name.clone());
            read(book, &accounts, &account.name, key, &mut live).await?;
        }
        Identity::Operator => {
            let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
            let key = demand.namespace.to_owned();
            read(book, &namespaces, demand.namespace, key, &mut live).await?;
            let policies = Api::<DeserializeGuard<AttachmentPolicy>>::all(client.clone());
            for _ in 0..MAX_POLICIES {
                let Some(policy) = book.allowed_by(object, desired) else {
                    break;
                };
                read(book, &policies, &policy, policy.clone(), &mut live).await?;
                if live.allows(&demand).is_ok() {
                    break;
                }
            }
        }
    }
    Ok(judge(book.tenancy(), &demand, &live))
}

/// Notes what `api` holds under `name` now, both in the book and among what was read for this confirmation.
async fn read<K>(
    book: &Book,
    api: &Api<K>,
    name: &str,
    key: K::Key,
    live: &mut Known,
) -> Result<(), (Kind, KubernetesError)>
where
    K: Noted + Clone + DeserializeOwned + Debug,
{
    let found = call(api.get_opt(name)).await;
    match found.map_err(|error| (K::KIND, error))? {
        Some(found) => {
            if let Some(facts) = found.facts() {
                K::shelf(live).put(key, facts);
            }
            found.note(book);
        }
        None => book.note(K::bears_on(&key), |known| K::shelf(known).remove(&key)),
    }
    Ok(())
}
