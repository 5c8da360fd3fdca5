//! Pure. A configuration as ARM shows it, and as we ask for it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ProvisioningState, Sharing, list, own_name, required_word, word};

/// A live attached database configuration (arm-kusto.md §2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "ConfigurationBody")]
pub struct Configuration {
    /// Its own name, without the cluster's; empty when the body does not say.
    pub name: String,
    /// The leader's ARM id, in ARM's casing. Not parsed: a foreign writer may have put anything there.
    pub leader_cluster: String,
    /// The followed database, or `*`.
    pub database_name: String,
    /// `Union`, `Replace`, `None`, or a newer word.
    pub principals_modification_kind: String,
    /// The database's name on the follower, when it is not the leader's.
    pub database_name_override: Option<String>,
    /// What precedes each database's name on the follower.
    pub database_name_prefix: Option<String>,
    /// What of the database is shared.
    pub sharing: Sharing,
    /// The databases that are attached now, under their names on the follower.
    pub attached_database_names: Vec<String>,
    /// How far the last change is.
    pub provisioning_state: ProvisioningState,
    /// The last change that ARM knows of. Recorded bodies do not tell; api-version 2025-02-14 may (peers.md §2).
    pub changed: Option<Change>,
}

/// Who changed a resource last, and when. At least one of the two is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// A user's name or an application's id, as ARM shows it.
    pub by: Option<String>,
    /// ARM's timestamp, not parsed.
    pub at: Option<String>,
}

/// A configuration as we ask ARM for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationRequest {
    /// The follower's region.
    pub location: String,
    /// The leader's ARM id.
    pub leader_cluster: String,
    /// The database to follow, or `*`.
    pub database_name: String,
    /// `Union`, `Replace` or `None`.
    pub principals_modification_kind: String,
    /// The database's name on the follower.
    pub database_name_override: Option<String>,
    /// What precedes each database's name on the follower.
    pub database_name_prefix: Option<String>,
    /// What of the database is shared.
    pub sharing: Sharing,
}

impl ConfigurationRequest {
    /// The PUT body, shaped as the recorded one (arm-kusto.md §2.2).
    ///
    /// A PUT replaces the whole configuration: a property that is not in the body is cleared. So what is unset is left
    /// out, and that is also how a sharing list, an override or a prefix is taken away again.
    #[must_use]
    pub fn to_body(&self) -> Value {
        let mut properties = Map::new();
        let mut set = |name: &str, value: Value| properties.insert(name.to_owned(), value);
        set("databaseName", json!(self.database_name));
        set("clusterResourceId", json!(self.leader_cluster));
        set(
            "defaultPrincipalsModificationKind",
            json!(self.principals_modification_kind),
        );
        if let Some(name) = &self.database_name_override {
            set("databaseNameOverride", json!(name));
        }
        if let Some(prefix) = &self.database_name_prefix {
            set("databaseNamePrefix", json!(prefix));
        }
        if !self.sharing.is_empty() {
            set("tableLevelSharingProperties", self.sharing.to_body());
        }
        json!({"location": self.location, "properties": properties})
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigurationBody {
    #[serde(default, deserialize_with = "word")]
    id: Option<String>,
    #[serde(default, deserialize_with = "word")]
    name: Option<String>,
    #[serde(default)]
    system_data: Option<SystemData>,
    properties: ConfigurationProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigurationProperties {
    cluster_resource_id: String,
    database_name: String,
    #[serde(deserialize_with = "required_word")]
    default_principals_modification_kind: String,
    #[serde(default, deserialize_with = "word")]
    database_name_override: Option<String>,
    #[serde(default, deserialize_with = "word")]
    database_name_prefix: Option<String>,
    #[serde(default)]
    table_level_sharing_properties: Option<Sharing>,
    #[serde(default, deserialize_with = "list")]
    attached_database_names: Vec<String>,
    #[serde(default, deserialize_with = "word")]
    provisioning_state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SystemData {
    #[serde(default, deserialize_with = "word")]
    last_modified_by: Option<String>,
    #[serde(default, deserialize_with = "word")]
    last_modified_at: Option<String>,
}

impl SystemData {
    fn change(self) -> Option<Change> {
        let change = Change {
            by: self.last_modified_by,
            at: self.last_modified_at,
        };
        (change != Change::default()).then_some(change)
    }
}

impl From<ConfigurationBody> for Configuration {
    fn from(body: ConfigurationBody) -> Self {
        let properties = body.properties;
        Self {
            name: own_name(body.name, body.id).unwrap_or_default(),
            leader_cluster: properties.cluster_resource_id,
            database_name: properties.database_name,
            principals_modification_kind: properties.default_principals_modification_kind,
            database_name_override: properties.database_name_override,
            database_name_prefix: properties.database_name_prefix,
            sharing: properties
                .table_level_sharing_properties
                .unwrap_or_default(),
            attached_database_names: properties.attached_database_names,
            provisioning_state: ProvisioningState::from_word(properties.provisioning_state),
            changed: body.system_data.and_then(SystemData::change),
        }
    }
}
