//! Clusters and their own databases in the world file. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::arm_id::{ClusterId, name_key};
use crate::document::{DocumentError, Fields};

/// The words of `properties.state` (arm-kusto.md §4).
const STATES: [&str; 10] = [
    "Creating",
    "Unavailable",
    "Running",
    "Deleting",
    "Deleted",
    "Stopping",
    "Stopped",
    "Starting",
    "Updating",
    "Migrated",
];

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cluster {
    pub(crate) id: ClusterId,
    pub(crate) location: String,
    pub(crate) state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state_reason: Option<String>,
    pub(crate) provisioning_state: String,
    pub(crate) enable_streaming_ingest: bool,
    pub(crate) enable_auto_stop: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_vault_properties: Option<Value>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) databases: Vec<Database>,
    /// The follower's own hot cache periods, by the name of the followed database on this cluster.
    pub(crate) hot_cache_overrides: BTreeMap<String, String>,
}

/// A database of the cluster's own (`ReadWrite`); followed ones come from configurations.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) tables: Vec<String>,
    pub(crate) external_tables: Vec<String>,
    pub(crate) materialized_views: Vec<String>,
    pub(crate) functions: Vec<String>,
    pub(crate) size_bytes: u64,
    pub(crate) hot_cache_period: String,
    pub(crate) soft_delete_period: String,
    /// Since when the database is suspended, for example because the leader's key was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) suspended_since: Option<String>,
}

impl Cluster {
    pub(crate) fn read(path: &str, value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(path, value)?;
        let id = fields.required_text("id", "the cluster's ARM id")?;
        let id = ClusterId::parse(&id).ok_or_else(|| {
            fields.error(
                "id",
                format!("must be `/subscriptions/…/resourceGroups/…/providers/Microsoft.Kusto/clusters/…`, not `{id}`"),
            )
        })?;
        let location = fields.required_text(
            "location",
            "the cluster's region, for example `West Europe`",
        )?;
        let state = match fields.text("state")? {
            None => "Running".to_owned(),
            Some(state) => match STATES
                .iter()
                .find(|known| known.eq_ignore_ascii_case(&state))
            {
                Some(known) => (*known).to_owned(),
                None => {
                    return Err(fields.error(
                        "state",
                        format!("must be one of {}, not `{state}`", STATES.join(", ")),
                    ));
                }
            },
        };
        let mut databases = Vec::new();
        let mut names = BTreeSet::new();
        for (path, item) in fields.items("databases")?.unwrap_or_default() {
            let database = Database::read(&path, item)?;
            if !names.insert(name_key(&database.name)) {
                return Err(DocumentError::new(
                    format!("{path}.name"),
                    "must be unique within the cluster, case ignored",
                ));
            }
            databases.push(database);
        }
        let cluster = Self {
            id,
            location,
            state,
            state_reason: fields.text("stateReason")?,
            provisioning_state: fields
                .text("provisioningState")?
                .unwrap_or_else(|| "Succeeded".to_owned()),
            enable_streaming_ingest: fields.flag("enableStreamingIngest")?.unwrap_or(false),
            enable_auto_stop: fields.flag("enableAutoStop")?.unwrap_or(true),
            key_vault_properties: fields.value("keyVaultProperties"),
            tags: fields.text_map("tags")?.into_iter().collect(),
            databases,
            hot_cache_overrides: fields
                .text_map("hotCacheOverrides")?
                .into_iter()
                .map(|(name, period)| (name_key(&name), period))
                .collect(),
        };
        fields.finish()?;
        Ok(cluster)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == "Running"
    }

    /// Whether the cluster accepts writes: ARM refuses them while the provisioning state is not terminal.
    pub(crate) fn is_settled(&self) -> bool {
        ["Succeeded", "Failed", "Canceled"].contains(&self.provisioning_state.as_str())
    }

    pub(crate) fn database(&self, name: &str) -> Option<&Database> {
        let key = name_key(name);
        self.databases
            .iter()
            .find(|database| name_key(&database.name) == key)
    }
}

impl Database {
    pub(crate) fn named(name: String) -> Self {
        Self {
            name,
            tables: Vec::new(),
            external_tables: Vec::new(),
            materialized_views: Vec::new(),
            functions: Vec::new(),
            size_bytes: 0,
            hot_cache_period: "P31D".to_owned(),
            soft_delete_period: "P365D".to_owned(),
            suspended_since: None,
        }
    }

    fn read(path: &str, value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(path, value)?;
        let defaults = Self::named(fields.required_text("name", "the database's name")?);
        let database = Self {
            tables: fields.texts("tables")?.unwrap_or_default(),
            external_tables: fields.texts("externalTables")?.unwrap_or_default(),
            materialized_views: fields.texts("materializedViews")?.unwrap_or_default(),
            functions: fields.texts("functions")?.unwrap_or_default(),
            size_bytes: fields.count("sizeBytes")?.unwrap_or(defaults.size_bytes),
            hot_cache_period: fields
                .text("hotCachePeriod")?
                .unwrap_or(defaults.hot_cache_period),
            soft_delete_period: fields
                .text("softDeletePeriod")?
                .unwrap_or(defaults.soft_delete_period),
            suspended_since: fields.text("suspendedSince")?,
            name: defaults.name,
        };
        fields.finish()?;
        Ok(database)
    }
}
