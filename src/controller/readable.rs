//! Whether the follower shows what was attached: the last word before Ready. Pure.
//!
//! An operation that succeeded proves little: a local database of the same name wins, and of two leaders that offer one
//! name ADX picks one arbitrarily (arm-kusto.md §6).

use crate::azure::{
    id::ClusterId,
    model::{Configuration, Database, DatabaseKind, Following, ShareOrigin},
};

use super::{
    block::Holder,
    failure::Failure,
    snapshot::{Databases, Leader, LeaderDatabases},
    validate::{self, Desired, Naming},
};

/// What the follower shows of an attachment.
#[derive(Clone, Debug, PartialEq)]
pub enum Readability {
    /// Every expected database, readable.
    Readable(Vec<Database>),
    /// Some are not there (yet).
    Missing(Vec<String>),
    /// Another database has the name.
    Taken {
        /// The name on the follower.
        name: String,
        /// Whose it is.
        holder: Holder,
    },
    /// Azure suspended some.
    Suspended(Vec<String>),
    /// The follower's databases can't be read.
    Unknown(Failure),
}

/// Judges what the follower shows of `desired`, whose live configuration is `live`.
#[must_use]
pub fn readability(
    desired: &Desired,
    live: &Configuration,
    databases: &Databases,
    leader: &Leader,
) -> Readability {
    let databases = match databases {
        Databases::NotRead => return Readability::Missing(live.attached_database_names.clone()),
        Databases::Unknown(failure) => return Readability::Unknown(failure.clone()),
        Databases::Listed(databases) => databases,
    };
    let shown = ours(desired, databases);
    let mut expected = expected(desired, live);
    let wanted = wanted(desired, leader, &expected);
    if let Some((name, holder)) = taken(desired, &wanted, databases) {
        return Readability::Taken { name, holder };
    }
    // Where ARM names nothing and nothing shows, the leader's word stands: else "every database" would be none.
    if expected.is_empty() && shown.is_empty() {
        expected = wanted;
    }
    let is_shown = |name: &String| {
        shown
            .iter()
            .any(|database| database.name.eq_ignore_ascii_case(name))
    };
    let missing: Vec<String> = expected
        .into_iter()
        .filter(|name| !is_shown(name))
        .collect();
    if !missing.is_empty() {
        return Readability::Missing(missing);
    }
    let suspended: Vec<String> = shown
        .iter()
        .filter(|database| is_ours(desired, database).is_some_and(|following| following.suspended))
        .map(|database| database.name.clone())
        .collect();
    if suspended.is_empty() {
        Readability::Readable(shown)
    } else {
        Readability::Suspended(suspended)
    }
}

/// What the follower shows of `desired`, whether or not that is all of it; `None` when it was not asked.
#[must_use]
pub fn shown(desired: &Desired, databases: &Databases) -> Option<Vec<Database>> {
    match databases {
        Databases::NotRead | Databases::Unknown(_) => None,
        Databases::Listed(databases) => Some(ours(desired, databases)),
    }
}

fn ours(desired: &Desired, databases: &[Database]) -> Vec<Database> {
    databases
        .iter()
        .filter(|database| is_ours(desired, database).is_some())
        .cloned()
        .collect()
}

/// The first of the names that `desired` would have on the follower and that another database has already.
#[must_use]
pub fn taken(
    desired: &Desired,
    names: &[String],
    databases: &[Database],
) -> Option<(String, Holder)> {
    names.iter().find_map(|name| {
        let database = databases
            .iter()
            .find(|database| database.name.eq_ignore_ascii_case(name))?;
        let holder = match &database.kind {
            DatabaseKind::Following(_) if is_ours(desired, database).is_some() => return None,
            DatabaseKind::Following(following) if is_of_leader(desired, following) => {
                Holder::Configuration(following.configuration_name.clone())
            }
            DatabaseKind::Following(following) => {
                Holder::Leader(cluster_name(&following.leader_cluster))
            }
            DatabaseKind::ReadWrite { .. } => Holder::Local,
            DatabaseKind::Other(_) => Holder::Unknown,
        };
        Some((database.name.clone(), holder))
    })
}

/// The origin of the configuration when it is not a caller of ARM: Azure Data Share manages its own.
#[must_use]
pub fn foreign_origin(desired: &Desired, databases: &Databases) -> Option<String> {
    let Databases::Listed(databases) = databases else {
        return None;
    };
    databases
        .iter()
        .find_map(|database| match &is_ours(desired, database)?.share_origin {
            ShareOrigin::Direct => None,
            origin @ (ShareOrigin::DataShare | ShareOrigin::Other(_)) => {
                Some(origin.as_str().to_owned())
            }
        })
}

/// The name on the follower of the leader's database `name`.
#[must_use]
pub fn name_on_follower(desired: &Desired, name: &str) -> String {
    match &desired.naming {
        Naming::Original => name.to_owned(),
        Naming::Override(other) => other.clone(),
        Naming::Prefix(prefix) => format!("{prefix}{name}"),
    }
}

/// The names that must be there: of one database its own, of all those that the configuration says are attached.
fn expected(desired: &Desired, live: &Configuration) -> Vec<String> {
    match &desired.database {
        validate::Database::One(name) => vec![name_on_follower(desired, name)],
        validate::Database::All => live.attached_database_names.clone(),
    }
}

/// The names that are wanted, also those that another database keeps from being attached: only the leader knows them.
fn wanted(desired: &Desired, leader: &Leader, expected: &[String]) -> Vec<String> {
    match leader {
        Leader::Present {
            databases: LeaderDatabases::Names(names),
            ..
        } => names
            .iter()
            .map(|name| name_on_follower(desired, name))
            .collect(),
        Leader::NotRead | Leader::Absent | Leader::Unknown(_) | Leader::Present { .. } => {
            expected.to_vec()
        }
    }
}

/// What the database says of its origin, if that is this configuration and this leader.
fn is_ours<'a>(desired: &Desired, database: &'a Database) -> Option<&'a Following> {
    match &database.kind {
        DatabaseKind::Following(following) => {
            let ours = following
                .configuration_name
                .eq_ignore_ascii_case(desired.configuration.name())
                && is_of_leader(desired, following);
            ours.then_some(following)
        }
        DatabaseKind::ReadWrite { .. } | DatabaseKind::Other(_) => None,
    }
}

fn is_of_leader(desired: &Desired, following: &Following) -> bool {
    following
        .leader_cluster
        .parse::<ClusterId>()
        .is_ok_and(|leader| leader == desired.leader)
}

fn cluster_name(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests;
