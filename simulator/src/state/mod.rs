//! The live model: clusters, their configurations, and the operations that will change them. Pure.

mod followed;
mod operation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

pub(crate) use followed::{Followed, follows};
pub(crate) use operation::{
    Change, Ending, Failure, NewOperation, Operation, OperationKind, Progress,
};

use crate::arm_id::{ClusterId, ClusterKey, GroupKey, name_key};
use crate::world::{Cluster, Configuration, Identity, RoleAssignment, Stage, Tenant, World};

/// Finished operations are remembered this long; how long the service keeps them is unconfirmed.
const OPERATION_MEMORY: Duration = Duration::from_hours(24);

/// Everything that exists at one moment.
#[derive(Debug)]
pub(crate) struct State {
    clusters: BTreeMap<ClusterKey, Held>,
    /// Groups stay when their last cluster goes, so that the error names the cluster and not the group.
    groups: BTreeSet<GroupKey>,
    pub(crate) role_assignments: Option<Vec<RoleAssignment>>,
    pub(crate) identities: Option<Vec<Identity>>,
    tenants: Option<Vec<Tenant>>,
    resources: Option<Vec<String>>,
    operations: BTreeMap<String, Operation>,
    running: Vec<String>,
    /// When clusters last changed by hand; their etag.
    pub(crate) changed: Timestamp,
}

/// A cluster and what hangs on it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) cluster: Cluster,
    pub(crate) configurations: BTreeMap<String, Configuration>,
}

impl State {
    pub(crate) fn new(world: World, now: Timestamp) -> Self {
        let mut state = Self {
            clusters: BTreeMap::new(),
            groups: BTreeSet::new(),
            role_assignments: None,
            identities: None,
            tenants: None,
            resources: None,
            operations: BTreeMap::new(),
            running: Vec::new(),
            changed: now,
        };
        state.replace(world, now);
        state
    }

    /// Puts `world` in place of what exists; running operations go on and apply to what they then find.
    pub(crate) fn replace(&mut self, world: World, now: Timestamp) {
        let World {
            clusters,
            configurations,
            role_assignments,
            identities,
            tenants,
            resources,
        } = world;
        self.clusters.clear();
        for cluster in clusters {
            self.groups.insert(cluster.id.group());
            self.clusters.insert(
                cluster.id.key(),
                Held {
                    cluster,
                    configurations: BTreeMap::new(),
                },
            );
        }
        for configuration in configurations {
            if let Some(held) = self.clusters.get_mut(&configuration.cluster.key()) {
                held.configurations
                    .insert(name_key(&configuration.name), configuration);
            }
        }
        self.role_assignments = role_assignments;
        self.identities = identities;
        self.tenants = tenants;
        self.resources = resources;
        self.changed = now;
    }

    /// The world as it is, attached database names included.
    pub(crate) fn world(&self) -> World {
        let mut configurations = Vec::new();
        for (key, held) in &self.clusters {
            for configuration in held.configurations.values() {
                let mut shown = configuration.clone();
                shown.attached = self.attached_names(key, configuration);
                configurations.push(shown);
            }
        }
        World {
            clusters: self
                .clusters
                .values()
                .map(|held| held.cluster.clone())
                .collect(),
            configurations,
            role_assignments: self.role_assignments.clone(),
            identities: self.identities.clone(),
            tenants: self.tenants.clone(),
            resources: self.resources.clone(),
        }
    }

    /// The identity of a client id, when the world lists it.
    pub(crate) fn identity(&self, client_id: &str) -> Option<&Identity> {
        self.identities
            .iter()
            .flatten()
            .find(|identity| identity.client_id.eq_ignore_ascii_case(client_id))
    }

    /// Whether Entra knows a tenant: without a list, every one.
    pub(crate) fn has_tenant(&self, tenant_id: &str) -> bool {
        self.tenants.as_ref().is_none_or(|tenants| {
            tenants
                .iter()
                .any(|tenant| tenant.tenant_id.eq_ignore_ascii_case(tenant_id))
        })
    }

    /// The tenant of a subscription, when the world says which one it is.
    pub(crate) fn tenant_of(&self, subscription: &str) -> Option<&str> {
        self.tenants
            .iter()
            .flatten()
            .find(|tenant| tenant.has(subscription))
            .map(|tenant| tenant.tenant_id.as_str())
    }

    /// Whether tokens are to be had for a resource: without a list, for every one.
    pub(crate) fn has_resource(&self, resource: &str) -> bool {
        let key = |text: &str| text.trim_end_matches('/').to_lowercase();
        self.resources
            .as_ref()
            .is_none_or(|resources| resources.iter().any(|known| key(known) == key(resource)))
    }

    pub(crate) fn has_subscription(&self, subscription: &str) -> bool {
        let prefix = format!("/subscriptions/{}/", subscription.to_lowercase());
        self.groups.iter().any(|group| group.starts_with(&prefix))
    }

    pub(crate) fn has_group(&self, cluster: &ClusterId) -> bool {
        self.groups.contains(&cluster.group())
    }

    pub(crate) fn held(&self, key: &ClusterKey) -> Option<&Held> {
        self.clusters.get(key)
    }

    pub(crate) fn held_mut(&mut self, key: &ClusterKey) -> Option<&mut Held> {
        self.clusters.get_mut(key)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&ClusterKey, &Held)> {
        self.clusters.iter()
    }

    pub(crate) fn remove(&mut self, key: &ClusterKey) {
        self.clusters.remove(key);
    }

    pub(crate) fn set_stage(&mut self, key: &ClusterKey, name: &str, stage: Stage) {
        if let Some(configuration) = self
            .held_mut(key)
            .and_then(|held| held.configurations.get_mut(&name_key(name)))
        {
            configuration.stage = stage;
        }
    }

    /// Whether an operation that has not ended holds the cluster.
    pub(crate) fn is_busy(&self, key: &ClusterKey) -> bool {
        self.running
            .iter()
            .filter_map(|id| self.operations.get(id))
            .any(|operation| operation.holds.as_ref() == Some(key))
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.get(&id.to_lowercase())
    }

    /// Starts an operation; it ends when [`State::settle`] sees its time has come.
    pub(crate) fn start(&mut self, operation: Operation) {
        let now = operation.started;
        self.operations.retain(|_, old| {
            old.progress == Progress::Running
                || crate::clock::later(old.ends, OPERATION_MEMORY) > now
        });
        self.running.push(operation.id.clone());
        self.operations.insert(operation.id.clone(), operation);
    }

    /// Ends every operation whose time has come, in the order of their ends, and applies what each changes.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        let mut due: Vec<(Timestamp, usize, String)> = Vec::new();
        for (at, id) in self.running.iter().enumerate() {
            if let Some(operation) = self
                .operations
                .get(id)
                .filter(|operation| operation.ends <= now)
            {
                due.push((operation.ends, at, id.clone()));
            }
        }
        due.sort();
        for (_, _, id) in due {
            self.running.retain(|running| *running != id);
            let Some(operation) = self.operations.get_mut(&id) else {
                continue;
            };
            operation.progress = Progress::Ended;
            let change = operation.change.clone();
            match &operation.ending {
                Ending::Succeeded => change.apply(self),
                Ending::Failed(_) | Ending::Canceled => change.undo(self),
            }
        }
    }
}
