//! Pure. The leader's view: who follows its databases (arm-kusto.md §4.1).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Sharing, required_word, word};

/// One line of a leader's list of followers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct FollowerRow {
    /// The follower's ARM id, in ARM's casing. Not parsed.
    pub follower_cluster: String,
    /// The configuration's own name on the follower.
    pub configuration_name: String,
    /// The followed database, or `*`.
    pub database_name: String,
    /// What made the configuration.
    pub share_origin: ShareOrigin,
    /// What of the database is shared.
    pub sharing: Sharing,
}

/// What made a follower's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ShareOrigin {
    /// A caller of ARM, as we are. Also where nothing is said: api-versions before 2022-07-07 do not tell
    /// (arm-kusto.md §1).
    #[default]
    Direct,
    /// Azure Data Share, which alone should manage it.
    DataShare,
    /// ARM's own `Other`, or a word that this version does not know.
    Other(String),
}

impl ShareOrigin {
    /// ARM's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Direct => "Direct",
            Self::DataShare => "DataShare",
            Self::Other(word) => word,
        }
    }

    pub(super) fn from_word(word: Option<String>) -> Self {
        match word {
            None => Self::Direct,
            Some(word) => [Self::Direct, Self::DataShare]
                .into_iter()
                .find(|known| known.as_str().eq_ignore_ascii_case(&word))
                .unwrap_or(Self::Other(word)),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(deserialize_with = "required_word")]
    cluster_resource_id: String,
    #[serde(deserialize_with = "required_word")]
    attached_database_configuration_name: String,
    #[serde(deserialize_with = "required_word")]
    database_name: String,
    #[serde(default, deserialize_with = "word")]
    database_share_origin: Option<String>,
    #[serde(default)]
    table_level_sharing_properties: Option<Sharing>,
}

/// POST answers flat items, GET has the same fields below `properties`.
impl TryFrom<Map<String, Value>> for FollowerRow {
    type Error = serde_json::Error;

    fn try_from(mut item: Map<String, Value>) -> Result<Self, Self::Error> {
        let shown = match item.remove("properties") {
            Some(Value::Object(nested)) => nested,
            Some(_) | None => item,
        };
        let properties = Fields::deserialize(Value::Object(shown))?;
        Ok(Self {
            follower_cluster: properties.cluster_resource_id,
            configuration_name: properties.attached_database_configuration_name,
            database_name: properties.database_name,
            share_origin: ShareOrigin::from_word(properties.database_share_origin),
            sharing: properties
                .table_level_sharing_properties
                .unwrap_or_default(),
        })
    }
}
