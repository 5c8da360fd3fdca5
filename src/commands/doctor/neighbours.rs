//! The objects, and what decides who is served: policies, namespaces, ServiceAccounts. I/O: reads only.

use std::{collections::BTreeSet, fmt};

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::{Api, Client, ResourceExt, api::ListParams, core::DeserializeGuard};
use serde::de::DeserializeOwned;

use crate::{
    api::{AttachedDatabase, AttachmentPolicy},
    azure::id::ClusterId,
    controller::{
        Tenancy,
        access::{AccountFacts, CLIENT_ID_ANNOTATION, Kind, Known, Policy, TENANT_ID_ANNOTATION},
    },
};

use super::{
    checks::{Check, Topic},
    installation::Listed,
    kubernetes::{Problem, within},
    request::Place,
};

/// Objects per request.
const PAGE: u32 = 500;

/// An object that can't be read as one.
pub(super) struct Unreadable {
    namespace: String,
    name: String,
    flaw: String,
}

impl Unreadable {
    /// As a check.
    pub(super) fn check(&self) -> Check {
        let Self {
            namespace,
            name,
            flaw,
        } = self;
        Check::fail(Topic::Object, format!("it can't be read: {flaw}"))
            .about(format!("{namespace}/{name}"))
            .mended_by(format!("kubectl get attdb {name} -n {namespace} -o yaml"))
    }
}

/// The objects in `place`.
pub(super) async fn objects(
    client: &Client,
    place: &Place,
) -> Result<(Vec<AttachedDatabase>, Vec<Unreadable>), Problem> {
    type Guarded = DeserializeGuard<AttachedDatabase>;
    let found: Vec<Guarded> = match place {
        Place::Object { namespace, name } => {
            let api = Api::<Guarded>::namespaced(client.clone(), namespace);
            within(api.get_opt(name)).await?.into_iter().collect()
        }
        Place::Namespace(namespace) => {
            pages(&Api::<Guarded>::namespaced(client.clone(), namespace)).await?
        }
        Place::Everywhere => pages(&Api::<Guarded>::all(client.clone())).await?,
    };
    let (mut objects, mut unreadable) = (Vec::new(), Vec::new());
    for DeserializeGuard(read) in found {
        match read {
            Ok(object) => objects.push(object),
            Err(invalid) => {
                unreadable.push(Unreadable {
                    namespace: invalid.metadata.namespace.unwrap_or_default(),
                    name: invalid.metadata.name.unwrap_or_default(),
                    flaw: invalid.error,
                });
            }
        }
    }
    Ok((objects, unreadable))
}

async fn pages<K>(api: &Api<K>) -> Result<Vec<K>, Problem>
where
    K: Clone + DeserializeOwned + fmt::Debug,
{
    let mut found = Vec::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let list = within(api.list(&page)).await?;
        found.extend(list.items);
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(found),
        }
    }
}

/// All that access is judged by, as the API server itself says it.
#[derive(Default)]
pub(super) struct Neighbours {
    /// What is known.
    pub(super) known: Known,
    /// The policies, usable or not.
    pub(super) policies: Vec<Listed>,
    /// The follower clusters that policies name one by one.
    pub(super) followers: Vec<ClusterId>,
    /// What could not be read, and why.
    pub(super) problems: Vec<(Kind, Problem)>,
}

impl Neighbours {
    /// Why nobody knows this kind.
    pub(super) fn problem(&self, kind: Kind) -> Option<&Problem> {
        let found = self.problems.iter().find(|(other, _)| *other == kind);
        found.map(|(_, problem)| problem)
    }
}

/// Reads what decides on `objects`.
pub(super) async fn neighbours(
    client: &Client,
    tenancy: &Tenancy,
    objects: &[AttachedDatabase],
) -> Neighbours {
    let mut found = Neighbours::default();
    if tenancy.heeds_policies() {
        policies(client, &mut found).await;
        namespaces(client, objects, &mut found).await;
    }
    accounts(client, tenancy, objects, &mut found).await;
    found
}

async fn policies(client: &Client, found: &mut Neighbours) {
    let api = Api::<DeserializeGuard<AttachmentPolicy>>::all(client.clone());
    let listed = match pages(&api).await {
        Ok(listed) => listed,
        Err(problem) => {
            found.known.policies.expect_list();
            found.problems.push((Kind::Policies, problem));
            return;
        }
    };
    for guarded in listed {
        let name = guarded.name_any();
        let usable = guarded
            .0
            .map_err(|invalid| invalid.error)
            .and_then(|policy| {
                let clusters = policy.spec.followers.iter();
                let clusters = clusters.filter_map(|scope| scope.parse().ok()).collect();
                let usable = Policy::try_from(&policy).map_err(|error| error.to_string())?;
                Ok::<(Policy, Vec<ClusterId>), String>((usable, clusters))
            });
        match usable {
            Ok((policy, clusters)) => {
                found.followers.extend(clusters);
                found.known.policies.put(name.clone(), policy);
                found.policies.push((name, None));
            }
            Err(flaw) => found.policies.push((name, Some(flaw))),
        }
    }
}

async fn namespaces(client: &Client, objects: &[AttachedDatabase], found: &mut Neighbours) {
    let api = Api::<Namespace>::all(client.clone());
    let names: BTreeSet<String> = objects.iter().filter_map(ResourceExt::namespace).collect();
    for name in names {
        match within(api.get_metadata_opt(&name)).await {
            Ok(Some(live)) => {
                found.known.namespaces.put(name, live.labels().clone());
            }
            Ok(None) => {}
            Err(problem) => {
                found.problems.push((Kind::Namespaces, problem));
                return;
            }
        }
    }
}

async fn accounts(
    client: &Client,
    tenancy: &Tenancy,
    objects: &[AttachedDatabase],
    found: &mut Neighbours,
) {
    let default = match tenancy {
        Tenancy::Lockdown { default_account } => Some(default_account.clone()),
        Tenancy::Policies(_) | Tenancy::AllowAll(_) => None,
    };
    let keys: BTreeSet<(String, String)> = objects
        .iter()
        .filter_map(|object| {
            let named = object.spec.service_account_name.clone();
            Some((object.namespace()?, named.or_else(|| default.clone())?))
        })
        .collect();
    for (namespace, name) in keys {
        let api = Api::<ServiceAccount>::namespaced(client.clone(), &namespace);
        match within(api.get_metadata_opt(&name)).await {
            Ok(Some(live)) => {
                let annotation = |key| live.annotations().get(key).cloned();
                let facts = AccountFacts {
                    uid: live.uid().unwrap_or_default(),
                    client_id: annotation(CLIENT_ID_ANNOTATION),
                    tenant_id: annotation(TENANT_ID_ANNOTATION),
                };
                found.known.accounts.put((namespace, name), facts);
            }
            Ok(None) => {}
            Err(problem) => {
                found.known.accounts.expect_list();
                found.problems.push((Kind::Accounts, problem));
                return;
            }
        }
    }
}
