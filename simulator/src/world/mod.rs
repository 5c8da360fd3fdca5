//! The world file: which clusters, databases, configurations, roles, identities and tenants exist. Pure.

mod cluster;
mod configuration;
mod identity;
mod merge;
mod tenant;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

pub(crate) use cluster::{Cluster, Database};
pub(crate) use configuration::{Configuration, KINDS, Properties, Sharing, Stage};
pub(crate) use identity::{Identity, Role, RoleAssignment};
pub(crate) use tenant::Tenant;

use crate::arm_id::name_key;
use crate::document::{DocumentError, Fields};

/// What the simulator simulates, as a world file says it.
///
/// The default world is empty: every subscription is unknown until a cluster is added.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct World {
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) configurations: Vec<Configuration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role_assignments: Option<Vec<RoleAssignment>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identities: Option<Vec<Identity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenants: Option<Vec<Tenant>>,
    /// What the token route gives tokens for; absent: everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resources: Option<Vec<String>>,
}

/// Why a world cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The text is not YAML (or JSON, which is YAML too).
    #[error("the world is not valid YAML")]
    Yaml(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A field is missing, unknown or wrong.
    #[error(transparent)]
    Field(#[from] DocumentError),
}

impl World {
    /// Reads a world file.
    ///
    /// # Errors
    /// [`WorldError`] when the text is not YAML or a field is wrong; the message names the field.
    pub fn from_yaml(text: &str) -> Result<Self, WorldError> {
        if text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            return Ok(Self::default());
        }
        let value =
            serde_saphyr::from_str(text).map_err(|error| WorldError::Yaml(Box::new(error)))?;
        Self::from_json(value)
    }

    /// Reads a world from a JSON document of the same shape.
    ///
    /// # Errors
    /// [`WorldError`] when a field is wrong; the message names it.
    pub fn from_json(value: Value) -> Result<Self, WorldError> {
        if value.is_null() {
            return Ok(Self::default());
        }
        let mut fields = Fields::of("", value)?;
        let clusters = read(&mut fields, "clusters", Cluster::read)?.unwrap_or_default();
        unique(
            "clusters",
            "id",
            clusters
                .iter()
                .map(|cluster| cluster.id.to_string().to_lowercase()),
        )?;
        let configurations = read(&mut fields, "configurations", |path, item| {
            Configuration::read(path, item, &clusters)
        })?
        .unwrap_or_default();
        unique(
            "configurations",
            "id",
            configurations.iter().map(|one| one.id().to_lowercase()),
        )?;
        let role_assignments = read(&mut fields, "roleAssignments", RoleAssignment::read)?;
        let identities = read(&mut fields, "identities", Identity::read)?;
        if let Some(identities) = &identities {
            unique(
                "identities",
                "clientId",
                identities
                    .iter()
                    .map(|identity| name_key(&identity.client_id)),
            )?;
        }
        let tenants = read(&mut fields, "tenants", Tenant::read)?;
        if let Some(tenants) = &tenants {
            tenant::check(tenants)?;
        }
        let resources = fields.texts("resources")?;
        fields.finish()?;
        Ok(Self {
            clusters,
            configurations,
            role_assignments,
            identities,
            tenants,
            resources,
        })
    }

    /// This world with `patch` merged in: elements by id, null removes a field, `$delete` removes an element.
    pub(crate) fn patched(current: Value, patch: Value) -> Result<Self, WorldError> {
        Self::from_json(merge::merged(current, patch)?)
    }
}

fn read<T>(
    fields: &mut Fields,
    name: &'static str,
    read: impl Fn(&str, Value) -> Result<T, DocumentError>,
) -> Result<Option<Vec<T>>, DocumentError> {
    let Some(items) = fields.items(name)? else {
        return Ok(None);
    };
    items
        .into_iter()
        .map(|(path, item)| read(&path, item))
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

fn unique(
    list: &str,
    field: &str,
    keys: impl Iterator<Item = String>,
) -> Result<(), DocumentError> {
    let mut seen = BTreeSet::new();
    for (at, key) in keys.enumerate() {
        if !seen.insert(key) {
            let path = format!("{list}[{at}].{field}");
            return Err(DocumentError::new(
                path,
                "must be unique: an element before it has the same, case ignored",
            ));
        }
    }
    Ok(())
}
