//! Many objects on several follower clusters, in Kubernetes and in the simulated Azure.

use std::{ops::Range, time::Duration};

use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, ListParams, PostParams},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use crate::{
    error::TestbedError,
    logs::Logs,
    wait::{NotYet, eventually},
};

/// Objects for each follower cluster.
const PER_FOLLOWER: u32 = 10;
const NAMESPACE: &str = "default";
const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";
const SCOPE: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/adx\
                     /providers/Microsoft.Kusto/clusters";

/// A number of objects; object `i` attaches the database `Db<i>` of the one leader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fleet {
    objects: u32,
}

impl Fleet {
    pub(super) const fn of(objects: u32) -> Self {
        Self { objects }
    }

    pub(super) const fn followers(self) -> u32 {
        self.objects.div_ceil(PER_FOLLOWER)
    }

    /// The world file: a leader with all the databases, and the followers.
    pub(super) fn world(self) -> Value {
        let databases: Vec<Value> = (0..self.objects)
            .map(|number| json!({"name": format!("Db{number}")}))
            .collect();
        let leader = json!({
            "id": format!("{SCOPE}/leader"), "location": "West Europe", "databases": databases,
        });
        let followers = (0..self.followers()).map(
            |number| json!({"id": format!("{SCOPE}/follower{number}"), "location": "West Europe"}),
        );
        let clusters: Vec<Value> = std::iter::once(leader).chain(followers).collect();
        json!({ "clusters": clusters })
    }

    /// Lets the objects' namespace use the operator's identity for them.
    pub(super) async fn allow(self, client: &Client) -> Result<(), TestbedError> {
        let policy = policy()
            .map_err(|error| TestbedError::unexpected("make a policy", error.to_string()))?;
        let api = Api::<DynamicObject>::all_with(client.clone(), &kind("AttachmentPolicy"));
        api.create(&PostParams::default(), &policy)
            .await
            .map_err(TestbedError::kubernetes("create the policy"))?;
        Ok(())
    }

    /// Creates the objects of these numbers.
    pub(super) async fn create(
        self,
        client: &Client,
        numbers: Range<u32>,
    ) -> Result<(), TestbedError> {
        let api = api(client);
        for number in numbers {
            let object = object(number)
                .map_err(|error| TestbedError::unexpected("make an object", error.to_string()))?;
            api.create(&PostParams::default(), &object)
                .await
                .map_err(TestbedError::kubernetes(format!("create object {number}")))?;
        }
        Ok(())
    }

    /// Waits until this many objects are Ready.
    pub(super) async fn until_ready(
        self,
        client: &Client,
        count: u32,
        logs: &Logs,
    ) -> Result<(), TestbedError> {
        // Each follower works on one operation at a time; twice that, and a minute.
        let within = super::OPERATION * PER_FOLLOWER * 2 + Duration::from_mins(1);
        let api = api(client);
        let what = format!("{count} objects are Ready");
        eventually(within, &what, async || {
            let objects = api.list(&ListParams::default()).await?;
            let ready = objects.iter().filter(|object| is_ready(object)).count();
            if u32::try_from(ready) == Ok(count) {
                return Ok(());
            }
            Err(NotYet::observed(format!("{ready}")))
        })
        .await
        .map_err(|wait| logs.wait_error(wait))
    }

    pub(super) async fn resource_versions(
        self,
        client: &Client,
    ) -> Result<Vec<String>, TestbedError> {
        let objects = api(client)
            .list(&ListParams::default())
            .await
            .map_err(TestbedError::kubernetes("list the objects"))?;
        let versions = objects
            .into_iter()
            .map(|object| object.metadata.resource_version);
        Ok(versions.flatten().collect())
    }
}

fn api(client: &Client) -> Api<DynamicObject> {
    Api::namespaced_with(client.clone(), NAMESPACE, &kind("AttachedDatabase"))
}

fn kind(kind: &str) -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("adx-follower.dev", "v1alpha1", kind))
}

fn policy() -> Result<DynamicObject, serde_json::Error> {
    serde_json::from_value(json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachmentPolicy",
        "metadata": {"name": "measure"},
        "spec": {
            "namespaces": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
            "followers": [SUBSCRIPTION],
            "leaders": [{"scope": SUBSCRIPTION, "databases": ["Db*"]}],
        },
    }))
}

fn object(number: u32) -> Result<DynamicObject, serde_json::Error> {
    let follower = number / PER_FOLLOWER;
    serde_json::from_value(json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": format!("db{number}"), "namespace": NAMESPACE},
        "spec": {
            "follower": {"clusterResourceId": format!("{SCOPE}/follower{follower}")},
            "leader": {
                "clusterResourceId": format!("{SCOPE}/leader"),
                "databaseName": format!("Db{number}"),
            },
        },
    }))
}

fn is_ready(object: &DynamicObject) -> bool {
    object
        .data
        .pointer("/status/conditions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .any(|condition| {
            condition.get("type") == Some(&json!("Ready"))
                && condition.get("status") == Some(&json!("True"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_has_its_database_and_its_follower_in_the_world() {
        let fleet = Fleet::of(21);
        let world = fleet.world().to_string();
        assert_eq!(fleet.followers(), 3);
        for number in 0..21 {
            let object = object(number).unwrap();
            let spec = &object.data["spec"];
            for id in ["/follower/clusterResourceId", "/leader/clusterResourceId"] {
                let id = spec.pointer(id).unwrap().as_str().unwrap();
                assert!(world.contains(&format!("\"{id}\"")), "{id}");
            }
            let name = &spec["leader"]["databaseName"];
            assert!(world.contains(&format!("{{\"name\":{name}}}")), "{name}");
        }
    }

    #[test]
    fn an_object_is_ready_only_when_its_condition_is_true() {
        let mut object = object(0).unwrap();
        assert!(!is_ready(&object));
        object.data["status"] = json!({"conditions": [{"type": "Ready", "status": "False"}]});
        assert!(!is_ready(&object));
        object.data["status"] = json!({"conditions": [{"type": "Ready", "status": "True"}]});
        assert!(is_ready(&object));
    }
}
