//! What Azure shows to the identity that serves an object, judged for a person. Pure.

use crate::{
    azure::{
        id::{ClusterId, same_region},
        model::{Cluster, ClusterState},
    },
    controller::{
        Identity,
        failure::Failure,
        snapshot::{Databases, Follower, Leader, LeaderDatabases, Remote, Sight},
        validate::{Database, Desired},
    },
};

use super::{
    checks::{Check, Topic},
    remedy::{
        SHOW_CLOUD, assign_role, assign_role_on, lacking, list_clusters, list_databases,
        list_locks, list_regions, move_account, quoted, register_provider, start, tenant_of,
    },
};

/// The API version that this program was made for, which is its default.
const OTHER_API_VERSION: &str = "adx-follower doctor --arm-api-version 2024-04-13";

/// Who asked Azure, and where.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// The identity.
    pub identity: &'a Identity,
    /// Its client id, where that is known.
    pub client: Option<&'a str>,
    /// Azure Resource Manager's address.
    pub endpoint: &'a str,
}

/// Judges `sight` of what `desired` declares.
#[must_use]
pub fn judge(desired: &Desired, sight: &Sight, asker: Asker<'_>) -> Vec<Check> {
    let follower = follower(desired, sight, asker);
    let configuration = if follower.holds() {
        configuration(desired, sight, asker)
    } else {
        Check::skip(Topic::Configuration, Topic::Follower)
    };
    let leader = leader(desired, sight, asker);
    let region = region(desired, sight);
    let databases = leader_database(desired, sight, asker);
    vec![follower, configuration, leader, region, databases]
}

/// A read that failed, and what mends that.
#[must_use]
pub fn unreadable(topic: Topic, cluster: &ClusterId, failure: &Failure, asker: Asker<'_>) -> Check {
    let message = format!("{}: {}", failure.reason, failure.message);
    let subscription = cluster.subscription();
    let remedy = match (failure.reason, asker.identity) {
        ("AuthorizationFailed" | "LinkedAuthorizationFailed", _) => Some(
            lacking(&failure.message)
                .and_then(|(_, scope)| assign_role(asker.client, scope, &[cluster]))
                .unwrap_or_else(|| assign_role_on(asker.client, cluster)),
        ),
        // One code for both: the message lists the versions that there are.
        ("ProviderNotRegistered", _) if failure.message.contains("api-versions are") => {
            Some(OTHER_API_VERSION.to_owned())
        }
        ("ProviderNotRegistered", _) => Some(register_provider(subscription)),
        ("InvalidApiVersion", _) => Some(OTHER_API_VERSION.to_owned()),
        ("SubscriptionNotFound" | "WrongTenant", Identity::Account(account)) => Some(move_account(
            &account.namespace,
            &account.name,
            subscription,
        )),
        ("SubscriptionNotFound" | "WrongTenant", Identity::Operator) => Some(format!(
            "export AZURE_TENANT_ID={}",
            tenant_of(subscription)
        )),
        ("WrongAudience" | "WrongCloud" | "AuthenticationFailed", _) => Some(SHOW_CLOUD.to_owned()),
        ("ScopeLocked", _) => Some(list_locks(cluster)),
        ("ArmUnavailable" | "MalformedAnswer" | "UnexpectedRedirect", _) => Some(format!(
            "curl -sS {}",
            quoted(&format!(
                "{}/metadata/endpoints?api-version=2022-09-01",
                asker.endpoint
            ))
        )),
        _ => None,
    };
    Check::fail(topic, message).mended_by_all(remedy)
}

/// A cluster that does not exist.
fn absent(topic: Topic, id: &ClusterId) -> Check {
    Check::fail(topic, format!("{id} does not exist")).mended_by(list_clusters(id))
}

/// A cluster that exists: it may be used, or will be by itself, or somebody has to start it.
fn running(topic: Topic, id: &ClusterId, cluster: &Cluster) -> Check {
    let reason = cluster
        .state_reason
        .as_deref()
        .map(|reason| format!(" ({reason})"))
        .unwrap_or_default();
    let message = format!(
        "{} is {}{reason} in {}",
        id.name(),
        cluster.state,
        cluster.location
    );
    match &cluster.state {
        ClusterState::Running | ClusterState::Updating => Check::ok(topic, message),
        ClusterState::Creating | ClusterState::Starting => Check::warn(topic, message),
        ClusterState::Stopped | ClusterState::Stopping => {
            Check::fail(topic, message).mended_by(start(id))
        }
        ClusterState::Unavailable
        | ClusterState::Deleting
        | ClusterState::Deleted
        | ClusterState::Migrated
        | ClusterState::Other(_) => Check::fail(topic, message).mended_by(list_clusters(id)),
    }
}

fn follower(desired: &Desired, sight: &Sight, asker: Asker<'_>) -> Check {
    let id = desired.configuration.cluster();
    match &sight.follower {
        Follower::Present(cluster) => running(Topic::Follower, id, cluster),
        Follower::Absent => absent(Topic::Follower, id),
        Follower::Unknown(failure) => unreadable(Topic::Follower, id, failure, asker),
        Follower::NotRead => Check::skip(Topic::Follower, Topic::Arm),
    }
}

/// Both must be readable: the one tells what exists, the other whether it can be queried.
fn configuration(desired: &Desired, sight: &Sight, asker: Asker<'_>) -> Check {
    let (id, name) = (
        desired.configuration.cluster(),
        desired.configuration.name(),
    );
    let found = match &sight.configuration {
        Remote::Unknown(failure) => return unreadable(Topic::Configuration, id, failure, asker),
        Remote::NoFollower => return absent(Topic::Configuration, id),
        Remote::Absent => format!("{} has no configuration {name} yet", id.name()),
        Remote::Present(live) => format!(
            "{} has the configuration {name}, of {} of {}",
            id.name(),
            live.database_name,
            live.leader_cluster.rsplit('/').next().unwrap_or_default()
        ),
    };
    match &sight.databases {
        Databases::Unknown(failure) => unreadable(Topic::Configuration, id, failure, asker),
        Databases::NotRead | Databases::Listed(_) => Check::ok(Topic::Configuration, found),
    }
}

fn leader(desired: &Desired, sight: &Sight, asker: Asker<'_>) -> Check {
    let id = &desired.leader;
    match &sight.leader {
        Leader::Present { cluster, .. } => running(Topic::Leader, id, cluster),
        Leader::Absent => absent(Topic::Leader, id),
        Leader::Unknown(failure) => unreadable(Topic::Leader, id, failure, asker),
        Leader::NotRead => Check::skip(Topic::Leader, Topic::Arm),
    }
}

fn region(desired: &Desired, sight: &Sight) -> Check {
    let follower = match &sight.follower {
        Follower::Present(cluster) => cluster,
        Follower::Absent | Follower::Unknown(_) | Follower::NotRead => {
            return Check::skip(Topic::Region, Topic::Follower);
        }
    };
    let leader = match &sight.leader {
        Leader::Present { cluster, .. } => cluster,
        Leader::Absent | Leader::Unknown(_) | Leader::NotRead => {
            return Check::skip(Topic::Region, Topic::Leader);
        }
    };
    let (here, there) = (&follower.location, &leader.location);
    if same_region(here, there) {
        Check::ok(Topic::Region, format!("both clusters are in {there}"))
    } else {
        Check::fail(
            Topic::Region,
            format!(
                "the follower is in {here} and the leader in {there}; both must be in one region"
            ),
        )
        .mended_by(list_regions(desired.configuration.cluster()))
    }
}

fn leader_database(desired: &Desired, sight: &Sight, asker: Asker<'_>) -> Check {
    const TOPIC: Topic = Topic::LeaderDatabase;
    let (id, name) = (&desired.leader, desired.leader.name());
    let databases = match &sight.leader {
        Leader::Present { databases, .. } => databases,
        Leader::Absent | Leader::Unknown(_) | Leader::NotRead => {
            return Check::skip(TOPIC, Topic::Leader);
        }
    };
    match (databases, &desired.database) {
        (LeaderDatabases::Found, database) => Check::ok(
            TOPIC,
            format!("{name} has the database {}", database.as_str()),
        ),
        (LeaderDatabases::Names(names), _) if names.is_empty() => {
            Check::warn(TOPIC, format!("{name} has no database yet"))
        }
        (LeaderDatabases::Names(names), _) => {
            Check::ok(TOPIC, format!("{name} has {} of its own", names.len()))
        }
        (LeaderDatabases::Missing, Database::One(database)) => {
            Check::fail(TOPIC, format!("{name} has no database {database}"))
                .mended_by(list_databases(id))
        }
        (LeaderDatabases::Missing, Database::All) => {
            Check::warn(TOPIC, format!("{name} has no database yet"))
        }
        (LeaderDatabases::Unknown(failure), _) => unreadable(TOPIC, id, failure, asker),
        (LeaderDatabases::NotRead, _) => Check::skip(TOPIC, Topic::Leader),
    }
}

#[cfg(test)]
mod tests;
