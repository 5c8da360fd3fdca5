//! Turns the declared spec into a [`Desired`] that later steps can trust. Pure.
//!
//! The API server has refused most mistakes already (schema and CEL); what is checked again here
//! protects against objects that were stored under an older CRD.

use std::time::Duration;

use thiserror::Error;

use crate::api::{
    AdoptionPolicy, AttachedDatabase, DriftPolicy, PrincipalsModificationKind,
    TableLevelSharingProperties,
    duration::{IntervalError, parse_interval},
};
use crate::azure::{
    id::{ClusterId, ConfigurationId, IdError},
    model::{ConfigurationRequest, Sharing},
};

/// ARM's limit for all eight sharing lists together (arm-kusto.md §6).
pub const MAX_SHARING_ENTRIES: usize = 100;

/// What the object asks for, checked and typed.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// The configuration on the follower cluster.
    pub configuration: ConfigurationId,
    /// The cluster that owns the data.
    pub leader: ClusterId,
    /// Which of the leader's databases are followed.
    pub database: Database,
    /// How principals of the leader and of the follower combine.
    pub principals: PrincipalsModificationKind,
    /// How the follower names what it attaches.
    pub naming: Naming,
    /// Which tables, views and functions are shared; empty for everything.
    pub sharing: Sharing,
    /// What to do about differences that nobody declared.
    pub drift_policy: DriftPolicy,
    /// What to do about a configuration that exists already.
    pub adoption_policy: AdoptionPolicy,
    /// How often live state is compared; `None` for the operator's default.
    pub interval: Option<Duration>,
}

/// The followed databases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// Every database of the leader, present and future (`*`).
    All,
    /// One database, by its name on the leader.
    One(String),
}

/// The names of the attached databases on the follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// As on the leader.
    Original,
    /// One database under this name.
    Override(String),
    /// Each name with this in front.
    Prefix(String),
}

impl Database {
    /// The name as ARM writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::All => "*",
            Self::One(name) => name,
        }
    }
}

impl Desired {
    /// The body of a PUT, for a follower in `location`.
    #[must_use]
    pub fn request(&self, location: &str) -> ConfigurationRequest {
        let (database_name_override, database_name_prefix) = match &self.naming {
            Naming::Original => (None, None),
            Naming::Override(name) => (Some(name.clone()), None),
            Naming::Prefix(prefix) => (None, Some(prefix.clone())),
        };
        ConfigurationRequest {
            location: location.to_owned(),
            leader_cluster: self.leader.to_string(),
            database_name: self.database.as_str().to_owned(),
            principals_modification_kind: self.principals.as_str().to_owned(),
            database_name_override,
            database_name_prefix,
            sharing: self.sharing.clone(),
        }
    }
}

/// Why a spec can't be acted on. Each message names the field and what to do.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum Invalid {
    /// The follower's id is no cluster id.
    #[error("`spec.follower.clusterResourceId` {0}")]
    Follower(IdError),
    /// The leader's id is no cluster id.
    #[error("`spec.leader.clusterResourceId` {0}")]
    Leader(IdError),
    /// The configuration's name breaks ARM's rules.
    #[error("`spec.configurationName` {0}")]
    ConfigurationName(IdError),
    /// A cluster can't follow itself.
    #[error(
        "`spec.leader.clusterResourceId` must be another cluster than `spec.follower.clusterResourceId`"
    )]
    LeaderIsFollower,
    /// Both ways of naming at once.
    #[error("`spec.databaseNameOverride` and `spec.databaseNamePrefix` must not both be set")]
    OverrideAndPrefix,
    /// An override names one database.
    #[error(
        "`spec.databaseNameOverride` must not be set when `spec.leader.databaseName` is \"*\"; use `spec.databaseNamePrefix`"
    )]
    OverrideOfAll,
    /// Table level sharing is for a single database.
    #[error(
        "`spec.tableLevelSharingProperties` must be empty when `spec.leader.databaseName` is \"*\""
    )]
    SharingOfAll,
    /// More sharing entries than ARM takes.
    #[error(
        "`spec.tableLevelSharingProperties` must have at most {MAX_SHARING_ENTRIES} entries in all lists together, not {0}"
    )]
    TooManySharingEntries(usize),
    /// No usable interval.
    #[error("`spec.interval` {0}")]
    Interval(IntervalError),
}

/// Checks the spec of `object`.
///
/// # Errors
/// The first rule that the spec breaks.
pub fn validate(object: &AttachedDatabase) -> Result<Desired, Invalid> {
    let spec = &object.spec;
    let follower: ClusterId = spec
        .follower
        .cluster_resource_id
        .parse()
        .map_err(Invalid::Follower)?;
    let leader: ClusterId = spec
        .leader
        .cluster_resource_id
        .parse()
        .map_err(Invalid::Leader)?;
    if leader == follower {
        return Err(Invalid::LeaderIsFollower);
    }
    let configuration = follower
        .configuration(object.configuration_name())
        .map_err(Invalid::ConfigurationName)?;

    let database = database(&spec.leader.database_name);
    let naming = match (
        present(spec.database_name_override.as_deref()),
        present(spec.database_name_prefix.as_deref()),
    ) {
        (Some(_), Some(_)) => return Err(Invalid::OverrideAndPrefix),
        (Some(_), None) if database == Database::All => return Err(Invalid::OverrideOfAll),
        (Some(name), None) => Naming::Override(name.to_owned()),
        (None, Some(prefix)) => Naming::Prefix(prefix.to_owned()),
        (None, None) => Naming::Original,
    };
    let sharing = spec
        .table_level_sharing_properties
        .as_ref()
        .map(sharing)
        .unwrap_or_default();
    let entries = sharing.lists().iter().map(|(_, list)| list.len()).sum();
    if entries > MAX_SHARING_ENTRIES {
        return Err(Invalid::TooManySharingEntries(entries));
    }
    if entries > 0 && database == Database::All {
        return Err(Invalid::SharingOfAll);
    }
    let interval = spec
        .interval
        .as_deref()
        .map(parse_interval)
        .transpose()
        .map_err(Invalid::Interval)?;

    Ok(Desired {
        configuration,
        leader,
        database,
        principals: spec.default_principals_modification_kind,
        naming,
        sharing,
        drift_policy: spec.drift_policy,
        adoption_policy: spec.adoption_policy,
        interval,
    })
}

/// What a deletion goes by when the spec is unusable: whose configuration it is, and what that follows. These fields are
/// immutable, so they tell it as well as those of a usable spec; `None` when even they can't be read.
#[must_use]
pub fn parting(object: &AttachedDatabase) -> Option<Desired> {
    let spec = &object.spec;
    let follower: ClusterId = spec.follower.cluster_resource_id.parse().ok()?;
    Some(Desired {
        configuration: follower.configuration(object.configuration_name()).ok()?,
        leader: spec.leader.cluster_resource_id.parse().ok()?,
        database: database(&spec.leader.database_name),
        principals: spec.default_principals_modification_kind,
        naming: Naming::Original,
        sharing: Sharing::default(),
        drift_policy: spec.drift_policy,
        adoption_policy: spec.adoption_policy,
        interval: None,
    })
}

fn database(name: &str) -> Database {
    match name {
        "*" => Database::All,
        name => Database::One(name.to_owned()),
    }
}

/// ARM reads an empty string as absent, so do we.
fn present(value: Option<&str>) -> Option<&str> {
    value.filter(|value| !value.is_empty())
}

fn sharing(declared: &TableLevelSharingProperties) -> Sharing {
    // No `..`: a ninth list must fail to compile here.
    let TableLevelSharingProperties {
        tables_to_include,
        tables_to_exclude,
        external_tables_to_include,
        external_tables_to_exclude,
        materialized_views_to_include,
        materialized_views_to_exclude,
        functions_to_include,
        functions_to_exclude,
    } = declared.clone();
    Sharing {
        tables_to_include,
        tables_to_exclude,
        external_tables_to_include,
        external_tables_to_exclude,
        materialized_views_to_include,
        materialized_views_to_exclude,
        functions_to_include,
        functions_to_exclude,
    }
}

#[cfg(test)]
mod tests;
