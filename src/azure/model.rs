//! Pure. What ARM's bodies say, read tolerantly: every enum is open, unknown fields are skipped, `null`, `""` and
//! absent are one (arm-kusto.md §2.2).

use std::fmt;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

pub use self::{
    cluster::{Cluster, ClusterState},
    configuration::{Change, Configuration, ConfigurationRequest},
    database::{Database, DatabaseKind, Following},
    follower::{FollowerRow, ShareOrigin},
    sharing::Sharing,
};

mod cluster;
mod configuration;
mod database;
mod follower;
mod sharing;

/// How far the last change of a resource is (arm-kusto.md §3.5): absent means succeeded, and every word that is
/// not final means that work goes on. `Accepted` is such a word: ARM sends it, the schema lacks it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ProvisioningState {
    /// Done.
    #[default]
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

/// A yes or no; whatever is not `true` is no.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(word(deserializer)?.is_some_and(|word| word.eq_ignore_ascii_case("true")))
}

/// The resource's own name, which ARM writes as `cluster/name`, or else the last part of its id (arm-kusto.md §2.2).
/// `None` when the body has neither.
fn own_name(name: Option<String>, id: Option<String>) -> Option<String> {
    [name, id]
        .into_iter()
        .flatten()
        .filter_map(|path| path.rsplit('/').next().map(str::to_owned))
        .find(|own| !own.is_empty())
}

fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests;
