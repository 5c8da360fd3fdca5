//! Pure. A database: the cluster's own, or one that it follows (arm-kusto.md §5).

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{ProvisioningState, ShareOrigin, Sharing, own_name, truth, word};

const READ_WRITE: &str = "ReadWrite";
const FOLLOWING: &str = "ReadOnlyFollowing";

/// A database as one cluster shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Body")]
pub struct Database {
    /// Its own name on this cluster, without the cluster's.
    pub name: String,
    /// The region, in ARM's spelling; empty when the body does not say.
    pub location: String,
    /// Whose it is.
    pub kind: DatabaseKind,
    /// How far the last change is.
    pub provisioning_state: ProvisioningState,
}

/// Whose a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "on a follower, where most are read, the large variant is the common one"
)]
pub enum DatabaseKind {
    /// The cluster's own.
    ReadWrite {
        /// Whether another cluster follows it.
        is_followed: bool,
    },
    /// Followed.
    Following(Following),
    /// A word that this version does not know, or none.
    Other(String),
}

/// What a followed database says of its origin. What the service leaves out is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Following {
    /// The own name of the configuration that it comes from.
    pub configuration_name: String,
    /// The leader's ARM id, in ARM's casing. Not parsed.
    pub leader_cluster: String,
    /// Its name on the leader, before override and prefix; absent in api-versions before 2022-07-07.
    pub original_name: Option<String>,
    /// `Union`, `Replace`, `None`, or a newer word.
    pub principals_modification_kind: Option<String>,
    /// What made the configuration.
    pub share_origin: ShareOrigin,
    /// What of it is shared, in effect.
    pub sharing: Sharing,
    /// How long its data stays in the hot cache, as an ISO 8601 duration (`P1D`).
    pub hot_cache_period: Option<String>,
    /// Its size in bytes.
    pub size_bytes: Option<u64>,
    /// Whether the service suspended it, as it does when a customer-managed key is revoked.
    pub suspended: bool,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default, deserialize_with = "word")]
    id: Option<String>,
    #[serde(default, deserialize_with = "word")]
    name: Option<String>,
    #[serde(default, deserialize_with = "word")]
    location: Option<String>,
    #[serde(default, deserialize_with = "word")]
    kind: Option<String>,
    #[serde(default)]
    properties: Option<Fields>,
}

/// The properties of both kinds: their names do not clash.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Fields {
    #[serde(deserialize_with = "word")]
    provisioning_state: Option<String>,
    #[serde(deserialize_with = "truth")]
    is_followed: bool,
    #[serde(deserialize_with = "word")]
    attached_database_configuration_name: Option<String>,
    #[serde(deserialize_with = "word")]
    leader_cluster_resource_id: Option<String>,
    #[serde(deserialize_with = "word")]
    original_database_name: Option<String>,
    #[serde(deserialize_with = "word")]
    principals_modification_kind: Option<String>,
    #[serde(deserialize_with = "word")]
    database_share_origin: Option<String>,
    table_level_sharing_properties: Option<Sharing>,
    #[serde(deserialize_with = "word")]
    hot_cache_period: Option<String>,
    statistics: Option<Statistics>,
    suspension_details: Option<SuspensionDetails>,
}

#[derive(Deserialize)]
struct Statistics {
    #[serde(default, deserialize_with = "bytes")]
    size: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SuspensionDetails {
    #[serde(default, deserialize_with = "word")]
    suspension_start_date: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("a database without a name")]
struct Nameless;

impl TryFrom<Body> for Database {
    type Error = Nameless;

    fn try_from(body: Body) -> Result<Self, Nameless> {
        let name = own_name(body.name, body.id).ok_or(Nameless)?;
        let mut properties = body.properties.unwrap_or_default();
        let provisioning_state = ProvisioningState::from_word(properties.provisioning_state.take());
        let kind = match body.kind.unwrap_or_default() {
            kind if kind.eq_ignore_ascii_case(READ_WRITE) => DatabaseKind::ReadWrite {
                is_followed: properties.is_followed,
            },
            kind if kind.eq_ignore_ascii_case(FOLLOWING) => {
                DatabaseKind::Following(properties.into())
            }
            kind => DatabaseKind::Other(kind),
        };
        Ok(Self {
            name,
            location: body.location.unwrap_or_default(),
            kind,
            provisioning_state,
        })
    }
}

impl From<Fields> for Following {
    fn from(properties: Fields) -> Self {
        Self {
            configuration_name: properties
                .attached_database_configuration_name
                .unwrap_or_default(),
            leader_cluster: properties.leader_cluster_resource_id.unwrap_or_default(),
            original_name: properties.original_database_name,
            principals_modification_kind: properties.principals_modification_kind,
            share_origin: ShareOrigin::from_word(properties.database_share_origin),
            sharing: properties
                .table_level_sharing_properties
                .unwrap_or_default(),
            hot_cache_period: properties.hot_cache_period,
            size_bytes: properties.statistics.and_then(|statistics| statistics.size),
            suspended: properties
                .suspension_details
                .is_some_and(|details| details.suspension_start_date.is_some()),
        }
    }
}

/// A number of bytes, which ARM's schema has as a float. What cannot be one is as good as absent.
fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let size = Value::deserialize(deserializer)?;
    Ok(size.as_u64().or_else(|| {
        // Rounded as text, since a cast would turn nonsense into a number.
        size.as_f64()
            .and_then(|size| format!("{size:.0}").parse().ok())
    }))
}
