//! Which objects in Kubernetes declare which configurations. I/O.

use std::{collections::BTreeMap, time::Duration};

use kube::{Api, Client, ResourceExt as _, api::ListParams};
use tokio::time::timeout;

use crate::{
    api::AttachedDatabase,
    azure::id::ConfigurationId,
    cli::FollowersArgs,
    controller::validate::validate,
    error_chain::ErrorChain,
    kubernetes,
    readiness::{Liveness, LivenessLimits},
};

/// How long Kubernetes may take for all of it: it is asked for a convenience.
const DEADLINE: Duration = Duration::from_secs(20);

/// Objects per request.
const PAGE: u32 = 500;

/// What is known of the objects that manage followings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Managers {
    /// `NAMESPACE/NAME` of the object that declares a configuration.
    Known(BTreeMap<ConfigurationId, String>),
    /// Nobody wants to know.
    NotAsked,
    /// Kubernetes did not tell, and why.
    Unknown(String),
}

/// Asks the cluster of `KUBECONFIG`, unless the arguments say not to.
pub async fn managers(arguments: &FollowersArgs) -> Managers {
    if arguments.no_kubernetes {
        return Managers::NotAsked;
    }
    let liveness = Liveness::new(LivenessLimits::default());
    match kubernetes::client(liveness).await {
        Ok(client) => managed_in(client).await,
        Err(error) => Managers::Unknown(ErrorChain(&error).to_string()),
    }
}

/// Asks the API server of `client`.
pub async fn managed_in(client: Client) -> Managers {
    match timeout(DEADLINE, listed(client)).await {
        Ok(Ok(known)) => Managers::Known(known),
        Ok(Err(error)) => Managers::Unknown(ErrorChain(&error).to_string()),
        Err(_elapsed) => Managers::Unknown("Kubernetes does not answer".to_owned()),
    }
}

async fn listed(client: Client) -> Result<BTreeMap<ConfigurationId, String>, kube::Error> {
    let objects: Api<AttachedDatabase> = Api::all(client);
    let mut known = BTreeMap::new();
    let mut page = ListParams::default().limit(PAGE);
    loop {
        let list = objects.list(&page).await?;
        for object in list.items {
            let name = format!(
                "{}/{}",
                object.namespace().unwrap_or_default(),
                object.name_any()
            );
            if let Ok(desired) = validate(&object) {
                known.entry(desired.configuration).or_insert(name);
            }
        }
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => return Ok(known),
        }
    }
}
