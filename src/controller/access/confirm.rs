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

use super::{Access, Identity, Kind, Known, Refusal, listen::Noted};

/// Policies that are read before a write at most. More of them would have to be withdrawn at once, each after the one
/// before was read.
const MAX_POLICIES: usize = 4;

/// Whether `object` is served now, by what the API server itself says. Where it says nothing, nobody knows.
///
/// # Errors
/// [`KubernetesError::Conflict`] when it shows too many changes at once.
pub async fn confirm(
    context: &Context,
    object: &AttachedDatabase,
    desired: Option<&Desired>,
    granted: &Identity,
) -> Result<Access, KubernetesError> {
    match ask(context, object, desired, granted).await {
        Ok(access) => Ok(access),
        Err((_, KubernetesError::Conflict)) => Err(KubernetesError::Conflict),
        Err((kind, error)) => {
            tracing::warn!(kind = kind.as_str(), error = %ErrorChain(&error), "access can't be confirmed");
            Ok(Access::Refused(Refusal::Unknown(kind)))
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
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    match granted {
        Identity::Account(account) => {
            let accounts =
                Api::<PartialObjectMeta<ServiceAccount>>::namespaced(client.clone(), namespace);
            let key = (account.namespace.clone(), account.name.clone());
            let live = call(accounts.get_opt(&account.name)).await;
            match live.map_err(|error| (Kind::Accounts, error))? {
                Some(live) => live.note(book),
                None => book.note(|known| known.accounts.remove(&key)),
            }
            Ok(book.judge(object, desired))
        }
        Identity::Operator if !book.tenancy().heeds_policies() => Ok(book.judge(object, desired)),
        Identity::Operator => {
            let namespaces = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
            note(context, &namespaces, namespace, |known| {
                known.namespaces.remove(namespace)
            })
            .await?;
            let policies = Api::<DeserializeGuard<AttachmentPolicy>>::all(client.clone());
            for _ in 0..MAX_POLICIES {
                let Some(policy) = book.allowed_by(object, desired) else {
                    return Ok(book.judge(object, desired));
                };
                note(context, &policies, &policy, |known| {
                    known.policies.remove(&policy)
                })
                .await?;
                if book.allowed_by(object, desired).as_ref() == Some(&policy) {
                    return Ok(book.judge(object, desired));
                }
            }
            Err((Kind::Policies, KubernetesError::Conflict))
        }
    }
}

/// Writes into the book what `api` holds under `name` now.
async fn note<K>(
    context: &Context,
    api: &Api<K>,
    name: &str,
    forget: impl FnOnce(&mut Known) -> bool,
) -> Result<(), (Kind, KubernetesError)>
where
    K: Noted + Clone + DeserializeOwned + Debug,
{
    let live = call(api.get_opt(name)).await;
    match live.map_err(|error| (K::KIND, error))? {
        Some(live) => live.note(&context.access),
        None => context.access.note(forget),
    }
    Ok(())
}
