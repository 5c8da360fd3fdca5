//! Pure. What ARM's bodies say, read tolerantly: every enum is open, unknown fields are skipped, `null`, `""` and
//! absent are one (arm-kusto.md §2.2).

use std::fmt;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// A Kusto cluster, as far as following needs it (arm-kusto.md §4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "ClusterBody")]
pub struct Cluster {
    /// The region, in ARM's spelling; compare with [`super::id::same_region`].
    pub location: String,
    /// Whether the cluster runs.
    pub state: ClusterState,
    /// ARM's own words on why the state is as it is.
    pub state_reason: Option<String>,
    /// Whether a change of the cluster itself is going on.
    pub provisioning_state: ProvisioningState,
}

/// The life of a cluster. Only a [`Running`](Self::Running) one can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterState {
    /// Usable.
    Running,
    /// Being created.
    Creating,
    /// Not reachable for the service.
    Unavailable,
    /// Being deleted.
    Deleting,
    /// Deleted.
    Deleted,
    /// On its way to [`Stopped`](Self::Stopped).
    Stopping,
    /// Stopped: by a person or by auto-stop; it does not start by itself.
    Stopped,
    /// On its way to [`Running`](Self::Running).
    Starting,
    /// Being changed.
    Updating,
    /// Moved to another cluster.
    Migrated,
    /// A word that this version does not know.
    Other(String),
}

impl ClusterState {
    const KNOWN: [Self; 10] = [
        Self::Running,
        Self::Creating,
        Self::Unavailable,
        Self::Deleting,
        Self::Deleted,
        Self::Stopping,
        Self::Stopped,
        Self::Starting,
        Self::Updating,
        Self::Migrated,
    ];

    /// ARM's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Running => "Running",
            Self::Creating => "Creating",
            Self::Unavailable => "Unavailable",
            Self::Deleting => "Deleting",
            Self::Deleted => "Deleted",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Starting => "Starting",
            Self::Updating => "Updating",
            Self::Migrated => "Migrated",
            Self::Other(word) => word,
        }
    }

    fn from_word(word: String) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(&word))
            .unwrap_or(Self::Other(word))
    }
}

impl fmt::Display for ClusterState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far the last change of a resource is (arm-kusto.md §3.5): absent means succeeded, and every word that is
/// not final means that work goes on. `Accepted` is such a word: ARM sends it, the schema lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProvisioningState {
    /// Done.
    Succeeded,
    /// Done, without success.
    Failed,
    /// Called off.
    Canceled,
    /// Not finished; ARM's word.
    InProgress(String),
}

impl ProvisioningState {
    /// ARM's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
            Self::InProgress(word) => word,
        }
    }

    pub(super) fn from_word(word: Option<String>) -> Self {
        match word {
            None => Self::Succeeded,
            Some(word) => [Self::Succeeded, Self::Failed, Self::Canceled]
                .into_iter()
                .find(|known| known.as_str().eq_ignore_ascii_case(&word))
                .unwrap_or(Self::InProgress(word)),
        }
    }
}

impl fmt::Display for ProvisioningState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A live attached database configuration (arm-kusto.md §2.2).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "ConfigurationBody")]
pub struct Configuration {
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
}

/// ARM's eight sharing lists. Empty lists mean "no restriction".
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sharing {
    /// Tables to include.
    #[serde(deserialize_with = "list")]
    pub tables_to_include: Vec<String>,
    /// Tables to exclude.
    #[serde(deserialize_with = "list")]
    pub tables_to_exclude: Vec<String>,
    /// External tables to include.
    #[serde(deserialize_with = "list")]
    pub external_tables_to_include: Vec<String>,
    /// External tables to exclude.
    #[serde(deserialize_with = "list")]
    pub external_tables_to_exclude: Vec<String>,
    /// Materialized views to include.
    #[serde(deserialize_with = "list")]
    pub materialized_views_to_include: Vec<String>,
    /// Materialized views to exclude.
    #[serde(deserialize_with = "list")]
    pub materialized_views_to_exclude: Vec<String>,
    /// Functions to include.
    #[serde(deserialize_with = "list")]
    pub functions_to_include: Vec<String>,
    /// Functions to exclude.
    #[serde(deserialize_with = "list")]
    pub functions_to_exclude: Vec<String>,
}

impl Sharing {
    /// Every list under ARM's name, in ARM's order.
    #[must_use]
    pub fn lists(&self) -> [(&'static str, &[String]); 8] {
        [
            ("tablesToInclude", &self.tables_to_include),
            ("tablesToExclude", &self.tables_to_exclude),
            ("externalTablesToInclude", &self.external_tables_to_include),
            ("externalTablesToExclude", &self.external_tables_to_exclude),
            (
                "materializedViewsToInclude",
                &self.materialized_views_to_include,
            ),
            (
                "materializedViewsToExclude",
                &self.materialized_views_to_exclude,
            ),
            ("functionsToInclude", &self.functions_to_include),
            ("functionsToExclude", &self.functions_to_exclude),
        ]
    }

    /// Whether no list has an entry: the whole database is shared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lists().iter().all(|(_, names)| names.is_empty())
    }

    fn to_body(&self) -> Value {
        let lists = self
            .lists()
            .into_iter()
            .filter(|(_, names)| !names.is_empty());
        Value::Object(
            lists
                .map(|(name, names)| (name.to_owned(), json!(names)))
                .collect(),
        )
    }
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
struct ClusterBody {
    location: String,
    properties: ClusterProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClusterProperties {
    #[serde(deserialize_with = "required_word")]
    state: String,
    #[serde(default, deserialize_with = "word")]
    state_reason: Option<String>,
    #[serde(default, deserialize_with = "word")]
    provisioning_state: Option<String>,
}

impl From<ClusterBody> for Cluster {
    fn from(body: ClusterBody) -> Self {
        Self {
            location: body.location,
            state: ClusterState::from_word(body.properties.state),
            state_reason: body.properties.state_reason,
            provisioning_state: ProvisioningState::from_word(body.properties.provisioning_state),
        }
    }
}

#[derive(Deserialize)]
struct ConfigurationBody {
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

impl From<ConfigurationBody> for Configuration {
    fn from(body: ConfigurationBody) -> Self {
        let properties = body.properties;
        Self {
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
        }
    }
}

/// Reads a JSON object. An array is refused, which serde alone would take for the fields of a struct in order.
pub(super) fn from_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    let object: Map<String, Value> = serde_json::from_slice(body)?;
    T::deserialize(Value::Object(object))
}

/// A word of an open enum. Recorded answers carry integers where the schema has words (arm-kusto.md §4), and those
/// must not cost us the whole body.
#[derive(Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Number(serde_json::Number),
    Truth(bool),
}

pub(super) fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Option::deserialize(deserializer)? {
        None => None,
        Some(Word::Text(text)) => Some(text).filter(|text| !text.is_empty()),
        Some(Word::Number(number)) => Some(number.to_string()),
        Some(Word::Truth(truth)) => Some(truth.to_string()),
    })
}

fn required_word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    word(deserializer)?.ok_or_else(|| serde::de::Error::custom("a required word is empty"))
}

fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests;
