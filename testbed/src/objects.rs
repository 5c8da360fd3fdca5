//! Kubernetes objects of any kind, as YAML and JSON: what the tests of other people's controllers work
//! with, for whose kinds there are no types here. I/O.

mod json;

use std::{fmt, time::Duration};

use kube::{
    Api, Client,
    api::{DeleteParams, DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery,
};
use serde_json::Value;

pub use self::json::has_condition;
pub(crate) use self::json::merged;
use crate::{
    error::TestbedError,
    logs::Logs,
    wait::{self, NotYet, eventually},
};

/// The field manager of what the testbed applies.
const MANAGER: &str = "testbed";

/// Names an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectId {
    /// Group and version, such as `apps/v1`, or `v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace; `None` for an object of the whole cluster.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl ObjectId {
    /// Names an object in a namespace.
    #[must_use]
    pub fn new(api_version: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self {
            namespace: Some(namespace.to_owned()),
            ..Self::of_cluster(api_version, kind, name)
        }
    }

    /// Names an object of the whole cluster.
    #[must_use]
    pub fn of_cluster(api_version: &str, kind: &str, name: &str) -> Self {
        Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: None,
            name: name.to_owned(),
        }
    }

    /// The name that an object gives itself.
    ///
    /// # Errors
    /// When it lacks `apiVersion`, `kind` or `metadata.name`.
    pub fn of(object: &Value) -> Result<Self, TestbedError> {
        let text = |pointer: &str| {
            let value = object.pointer(pointer).and_then(Value::as_str);
            value.map(str::to_owned)
        };
        let required = |pointer: &str| {
            text(pointer).ok_or_else(|| {
                TestbedError::unexpected("name an object", format!("no {pointer} in {object}"))
            })
        };
        Ok(Self {
            api_version: required("/apiVersion")?,
            kind: required("/kind")?,
            namespace: text("/metadata/namespace"),
            name: required("/metadata/name")?,
        })
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            namespace,
            name,
            ..
        } = self;
        match namespace {
            Some(namespace) => write!(formatter, "{kind} {namespace}/{name}"),
            None => write!(formatter, "{kind} {name}"),
        }
    }
}

/// Access to objects of any kind.
#[derive(Clone)]
pub struct Objects {
    client: Client,
    logs: Logs,
}

impl fmt::Debug for Objects {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Objects").finish_non_exhaustive()
    }
}

impl Objects {
    pub(crate) const fn new(client: Client, logs: Logs) -> Self {
        Self { client, logs }
    }

    /// Applies every document of a YAML text (server-side, by force) and returns their names.
    ///
    /// # Errors
    /// When the YAML names no object, or the API server refuses one: those before it are applied.
    pub async fn apply(&self, yaml: &str) -> Result<Vec<ObjectId>, TestbedError> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(yaml)
            .map_err(|error| TestbedError::unexpected("read YAML", wait::with_causes(&error)))?;
        let mut applied = Vec::new();
        // An empty document, as after the last `---`, is null.
        for document in documents.iter().filter(|document| !document.is_null()) {
            applied.push(self.apply_object(document).await?);
        }
        if applied.is_empty() {
            return Err(TestbedError::unexpected("read YAML", "no object in it"));
        }
        Ok(applied)
    }

    /// Applies one object (server-side, by force) and returns its name.
    ///
    /// # Errors
    /// When it has no name, or the API server refuses it.
    pub async fn apply_object(&self, object: &Value) -> Result<ObjectId, TestbedError> {
        let id = ObjectId::of(object)?;
        let params = PatchParams::apply(MANAGER).force();
        self.api(&id)
            .await?
            .patch(&id.name, &params, &Patch::Apply(object))
            .await
            .map_err(TestbedError::kubernetes(format!("apply {id}")))?;
        Ok(id)
    }

    /// Changes an object by a merge patch.
    ///
    /// # Errors
    /// When it does not exist, or the API server refuses the patch.
    pub async fn merge(&self, id: &ObjectId, patch: &Value) -> Result<(), TestbedError> {
        let api = self.api(id).await?;
        api.patch(&id.name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .map(drop)
            .map_err(TestbedError::kubernetes(format!("change {id}")))
    }

    /// Changes the status of an object by a merge patch `{"status": …}`.
    ///
    /// # Errors
    /// When it does not exist, or the API server refuses the patch.
    pub async fn merge_status(&self, id: &ObjectId, patch: &Value) -> Result<(), TestbedError> {
        let api = self.api(id).await?;
        api.patch_status(&id.name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .map(drop)
            .map_err(TestbedError::kubernetes(format!(
                "change the status of {id}"
            )))
    }

    /// Reads an object; `None` if it does not exist.
    ///
    /// # Errors
    /// When the API server refuses, or does not know the kind.
    pub async fn get(&self, id: &ObjectId) -> Result<Option<Value>, TestbedError> {
        let doing = || format!("read {id}");
        let found = self.api(id).await?.get_opt(&id.name).await;
        found
            .map_err(TestbedError::kubernetes(doing()))?
            .map(serde_json::to_value)
            .transpose()
            .map_err(|error| TestbedError::unexpected(doing(), error.to_string()))
    }

    /// Asks for the deletion of an object, as `kubectl delete --wait=false` does; one that does not
    /// exist is deleted.
    ///
    /// # Errors
    /// When the API server refuses.
    pub async fn delete(&self, id: &ObjectId) -> Result<(), TestbedError> {
        let params = DeleteParams::default();
        match self.api(id).await?.delete(&id.name, &params).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(TestbedError::kubernetes(format!("delete {id}"))(error)),
        }
    }

    /// For probes: reads an object that has to exist.
    ///
    /// # Errors
    /// "Not yet" while it does not exist.
    pub async fn look(&self, id: &ObjectId) -> Result<Value, NotYet> {
        let found = self.get(id).await?;
        found.ok_or_else(|| NotYet::observed(format!("{id} does not exist")))
    }

    /// Waits until an object exists and `probe` likes it; returns what the probe made of it.
    ///
    /// # Errors
    /// When it does not come about in time; the error says what was seen instead.
    pub async fn until<T>(
        &self,
        id: &ObjectId,
        what: &str,
        within: Duration,
        probe: impl Fn(&Value) -> Result<T, NotYet>,
    ) -> Result<T, TestbedError> {
        eventually(within, &format!("{id} {what}"), async || {
            probe(&self.look(id).await?)
        })
        .await
        .map_err(|wait| self.logs.wait_error(wait))
    }

    /// Waits until a condition has a status, as [`has_condition`] judges it.
    ///
    /// # Errors
    /// When it does not come about in time; the error lists the conditions that were seen.
    pub async fn until_condition(
        &self,
        id: &ObjectId,
        condition: &str,
        status: &str,
        within: Duration,
    ) -> Result<Value, TestbedError> {
        let what = format!("has {condition}={status}");
        self.until(id, &what, within, |object| {
            has_condition(object, condition, status)
        })
        .await
    }

    /// Waits until an object is gone.
    ///
    /// # Errors
    /// When it still exists after `within`.
    pub async fn until_gone(&self, id: &ObjectId, within: Duration) -> Result<(), TestbedError> {
        eventually(within, &format!("{id} is gone"), async || {
            match self.get(id).await? {
                None => Ok(()),
                Some(object) => Err(NotYet::observed(metadata_of_deletion(&object))),
            }
        })
        .await
        .map_err(|wait| self.logs.wait_error(wait))
    }

    async fn api(&self, id: &ObjectId) -> Result<Api<DynamicObject>, TestbedError> {
        let (group, version) = id
            .api_version
            .split_once('/')
            .unwrap_or(("", id.api_version.as_str()));
        let kind = GroupVersionKind::gvk(group, version, &id.kind);
        let (resource, _capabilities) = discovery::pinned_kind(&self.client, &kind)
            .await
            .map_err(TestbedError::kubernetes(format!("find the kind of {id}")))?;
        let client = self.client.clone();
        Ok(match &id.namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        })
    }
}

fn metadata_of_deletion(object: &Value) -> String {
    let field = |pointer: &str| object.pointer(pointer).unwrap_or(&Value::Null).to_string();
    format!(
        "deletionTimestamp {}, finalizers {}",
        field("/metadata/deletionTimestamp"),
        field("/metadata/finalizers")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_names_itself() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "b"}
        });
        let id = ObjectId::of(&object).unwrap();
        assert_eq!(id, ObjectId::new("apps/v1", "Deployment", "b", "a"));
        assert_eq!(id.to_string(), "Deployment b/a");
        let nameless = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {}});
        let error = ObjectId::of(&nameless).unwrap_err().to_string();
        assert!(error.contains("no /metadata/name"), "{error}");
    }
}
