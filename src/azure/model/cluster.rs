//! Pure. A cluster.

use std::fmt;

use serde::Deserialize;

use super::{ProvisioningState, required_word, truth, word};

/// A Kusto cluster, as far as following needs it (arm-kusto.md §4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "ClusterBody")]
pub struct Cluster {
    /// The region, in ARM's spelling; compare with [`same_region`](crate::azure::same_region).
    pub location: String,
    /// Whether the cluster runs.
    pub state: ClusterState,
    /// ARM's own words on why the state is as it is.
    pub state_reason: Option<String>,
    /// Whether a change of the cluster itself is going on.
    pub provisioning_state: ProvisioningState,
    /// Whether it takes streaming ingestion; a follower has to for a leader database that uses it (arm-kusto.md §4).
    pub streaming_ingest: bool,
    /// Whether its data is encrypted with a key of the customer's. Such clusters form no chains of followers
    /// (arm-kusto.md §6).
    pub customer_managed_key: bool,
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
    pub(super) const KNOWN: [Self; 10] = [
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
    #[serde(default, deserialize_with = "truth")]
    enable_streaming_ingest: bool,
    #[serde(default)]
    key_vault_properties: Option<KeyVaultProperties>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyVaultProperties {
    #[serde(default, deserialize_with = "word")]
    key_name: Option<String>,
}

impl From<ClusterBody> for Cluster {
    fn from(body: ClusterBody) -> Self {
        Self {
            location: body.location,
            state: ClusterState::from_word(body.properties.state),
            state_reason: body.properties.state_reason,
            provisioning_state: ProvisioningState::from_word(body.properties.provisioning_state),
            streaming_ingest: body.properties.enable_streaming_ingest,
            // Without a key's name the properties say that the key is Microsoft's.
            customer_managed_key: body
                .properties
                .key_vault_properties
                .is_some_and(|properties| properties.key_name.is_some()),
        }
    }
}
