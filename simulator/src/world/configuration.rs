//! Attached database configurations: their properties and the stage each is in. Pure.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Cluster;
use crate::arm_id::ClusterId;
use crate::document::{DocumentError, Fields};

/// The type segment of configuration ids.
pub(crate) const TYPE: &str = "attachedDatabaseConfigurations";

/// The kinds of `defaultPrincipalsModificationKind`.
pub(crate) const KINDS: [&str; 3] = ["Union", "Replace", "None"];

/// A configuration on a follower cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Configuration {
    pub(crate) cluster: ClusterId,
    pub(crate) name: String,
    pub(crate) location: String,
    pub(crate) properties: Properties,
    pub(crate) stage: Stage,
    /// What the follower shows because of this configuration; filled in when the world is shown.
    pub(crate) attached: Vec<String>,
}

/// What a caller can set. Names and ids keep the case of the caller.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Properties {
    pub(crate) database_name: String,
    pub(crate) leader: String,
    pub(crate) kind: String,
    pub(crate) sharing: Option<Sharing>,
    pub(crate) name_override: Option<String>,
    pub(crate) name_prefix: Option<String>,
}

/// The eight lists of table level sharing; an absent list stays absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sharing {
    lists: [Option<Vec<String>>; 8],
}

impl Sharing {
    pub(crate) const LISTS: [&'static str; 8] = [
        "tablesToInclude",
        "tablesToExclude",
        "externalTablesToInclude",
        "externalTablesToExclude",
        "materializedViewsToInclude",
        "materializedViewsToExclude",
        "functionsToInclude",
        "functionsToExclude",
    ];

    /// Gathers the lists by calling `list` with each name.
    pub(crate) fn gather<E>(
        mut list: impl FnMut(&'static str) -> Result<Option<Vec<String>>, E>,
    ) -> Result<Self, E> {
        let mut lists: [Option<Vec<String>>; 8] = Default::default();
        for (slot, name) in lists.iter_mut().zip(Self::LISTS) {
            *slot = list(name)?;
        }
        Ok(Self { lists })
    }

    pub(crate) fn named(&self) -> impl Iterator<Item = (&'static str, Option<&Vec<String>>)> {
        Self::LISTS
            .into_iter()
            .zip(self.lists.iter().map(Option::as_ref))
    }

    /// Entries in all lists together; the service allows 100.
    pub(crate) fn entries(&self) -> usize {
        self.lists.iter().flatten().map(Vec::len).sum()
    }
}

/// Where a configuration stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The attach runs; nothing is attached yet.
    Creating,
    /// In force.
    Attached,
    /// In force with the old properties while an update runs.
    Updating,
    /// Still in force while the detach runs.
    Deleting,
    /// The attach failed; nothing is attached.
    Failed,
    /// In force, showing a word of the world's author.
    Shown(String),
}

impl Stage {
    /// `provisioningState` as a GET shows it; an update shows `Accepted`, outside the enum (arm-kusto.md §2.3).
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Creating => "Creating",
            Self::Attached => "Succeeded",
            Self::Updating => "Accepted",
            Self::Deleting => "Deleting",
            Self::Failed => "Failed",
            Self::Shown(word) => word,
        }
    }

    fn from_word(word: String) -> Self {
        match word.as_str() {
            "Creating" => Self::Creating,
            "Succeeded" => Self::Attached,
            "Accepted" => Self::Updating,
            "Deleting" => Self::Deleting,
            "Failed" => Self::Failed,
            _ => Self::Shown(word),
        }
    }

    /// Whether the follower shows the databases.
    pub(crate) fn in_force(&self) -> bool {
        match self {
            Self::Creating | Self::Failed => false,
            Self::Attached | Self::Updating | Self::Deleting | Self::Shown(_) => true,
        }
    }
}

impl Configuration {
    pub(super) fn read(
        path: &str,
        value: Value,
        clusters: &[Cluster],
    ) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(path, value)?;
        let id = fields.required_text("id", "the configuration's ARM id")?;
        let (cluster, name) = ClusterId::parse_child(&id, TYPE).ok_or_else(|| {
            fields.error(
                "id",
                format!("must be a cluster's id followed by `/{TYPE}/…`, not `{id}`"),
            )
        })?;
        let key = cluster.key();
        let Some(follower) = clusters.iter().find(|cluster| cluster.id.key() == key) else {
            return Err(fields.error(
                "id",
                format!("must be on a cluster of `clusters`: `{cluster}` is not there"),
            ));
        };
        let location = fields
            .text("location")?
            .unwrap_or_else(|| follower.location.clone());
        let mut properties = fields
            .fields("properties")?
            .ok_or_else(|| fields.error("properties", "must be given"))?;
        fields.finish()?;
        let stage = properties
            .text("provisioningState")?
            .map_or(Stage::Attached, Stage::from_word);
        // Shown in the live world, never read: the simulator works it out.
        properties.value("attachedDatabaseNames");
        let read = Properties::read(&mut properties)?;
        properties.finish()?;
        Ok(Self {
            cluster: follower.id.clone(),
            name,
            location,
            properties: read,
            stage,
            attached: Vec::new(),
        })
    }

    pub(crate) fn id(&self) -> String {
        format!("{}/{TYPE}/{}", self.cluster, self.name)
    }

    /// The id as the provider answers it.
    pub(crate) fn recorded_id(&self) -> String {
        format!(
            "{}/AttachedDatabaseConfigurations/{}",
            self.cluster.recorded(),
            self.name
        )
    }
}

impl Properties {
    fn read(fields: &mut Fields) -> Result<Self, DocumentError> {
        let leader = fields.required_text("clusterResourceId", "the leader's ARM id")?;
        if ClusterId::parse(&leader).is_none() {
            return Err(fields.error(
                "clusterResourceId",
                format!("must be a cluster's ARM id, not `{leader}`"),
            ));
        }
        let kind = fields
            .text("defaultPrincipalsModificationKind")?
            .unwrap_or_else(|| "Union".to_owned());
        if !KINDS.contains(&kind.as_str()) {
            let problem = format!("must be one of {}, not `{kind}`", KINDS.join(", "));
            return Err(fields.error("defaultPrincipalsModificationKind", problem));
        }
        let sharing = match fields.fields("tableLevelSharingProperties")? {
            None => None,
            Some(mut lists) => {
                let sharing = Sharing::gather(|name| lists.texts(name))?;
                lists.finish()?;
                Some(sharing)
            }
        };
        Ok(Self {
            database_name: fields
                .required_text("databaseName", "a database of the leader, or `*`")?,
            leader,
            kind,
            sharing,
            name_override: fields.text("databaseNameOverride")?,
            name_prefix: fields.text("databaseNamePrefix")?,
        })
    }
}

impl Serialize for Sharing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.named()
                .filter_map(|(name, list)| list.map(|list| (name, list))),
        )
    }
}

impl Serialize for Configuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("id", &self.id())?;
        map.serialize_entry("location", &self.location)?;
        map.serialize_entry("properties", &ShownProperties(self))?;
        map.end()
    }
}

struct ShownProperties<'a>(&'a Configuration);

impl Serialize for ShownProperties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Configuration {
            properties,
            stage,
            attached,
            cluster: _,
            name: _,
            location: _,
        } = self.0;
        let Properties {
            database_name,
            leader,
            kind,
            sharing,
            name_override,
            name_prefix,
        } = properties;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("databaseName", database_name)?;
        map.serialize_entry("clusterResourceId", leader)?;
        map.serialize_entry("defaultPrincipalsModificationKind", kind)?;
        for (name, value) in [
            ("databaseNameOverride", name_override),
            ("databaseNamePrefix", name_prefix),
        ] {
            if let Some(value) = value {
                map.serialize_entry(name, value)?;
            }
        }
        if let Some(sharing) = sharing {
            map.serialize_entry("tableLevelSharingProperties", sharing)?;
        }
        map.serialize_entry("attachedDatabaseNames", attached)?;
        map.serialize_entry("provisioningState", stage.word())?;
        map.end()
    }
}
