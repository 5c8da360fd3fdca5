//! Looks at Azure on behalf of one object: at a glance, or closely. I/O.

use std::time::Duration;

use tokio::time::Instant;

use crate::azure::{client::ArmClient, error::Class, id::ClusterId, model::ShareOrigin};

use super::{
    decide::operation::explains_all,
    failure::Failure,
    readable::name_on_follower,
    reads::{LeaderWish, Reads, Source},
    snapshot::{Databases, Follower, Following, Freshness, Leader, Operation, Remote, Sight},
    validate::{Database, Desired},
};

/// How old a read of a cluster may be when something is about to be done. Clusters change their state in minutes.
const CLUSTER_AGE: Duration = Duration::from_mins(1);

/// Looks at what is shared, if it was asked for at `since` or later.
pub async fn glance(
    desired: &Desired,
    operation: Operation,
    since: Instant,
    reads: &Reads,
) -> (Sight, Source) {
    let follower = desired.configuration.cluster();
    let wish = match desired.database {
        Database::All => LeaderWish::Database(&desired.database),
        Database::One(_) => LeaderWish::Cluster,
    };
    let seen = reads.follower(follower, since).await;
    if explains_all(&seen).is_some() {
        let sight = Sight {
            follower: seen,
            ..Sight::new(operation)
        };
        return (sight, Source::Known);
    }
    let ((configuration, source), databases, leader) = futures::join!(
        reads.configuration(&desired.configuration, since),
        reads.databases(follower, since),
        reads.leader(&desired.leader, wish, since),
    );
    let sight = Sight {
        follower: seen,
        configuration,
        databases,
        leader,
        ..Sight::new(operation)
    };
    (sight, source)
}

/// Looks at the configuration, its databases and its follower as they are now, or were since `now`.
pub async fn look_closely(sight: &mut Sight, desired: &Desired, now: Instant, reads: &Reads) {
    let follower = desired.configuration.cluster();
    let lately = now.checked_sub(CLUSTER_AGE).unwrap_or(now);
    sight.freshness = Freshness::Live;
    sight.follower = reads.follower(follower, lately).await;
    if explains_all(&sight.follower).is_some() {
        return;
    }
    (sight.configuration, sight.databases) = futures::join!(
        reads.live_configuration(&desired.configuration, now),
        live_databases(desired, now, reads),
    );
    if let (Database::All, Leader::NotRead) = (&desired.database, &sight.leader) {
        sight.leader = reads
            .leader(
                &desired.leader,
                LeaderWish::Database(&desired.database),
                lately,
            )
            .await;
    }
}

/// The databases of the follower as they are now, or at least the one that matters.
pub(super) async fn live_databases(desired: &Desired, now: Instant, reads: &Reads) -> Databases {
    let follower = desired.configuration.cluster();
    match &desired.database {
        Database::All => reads.databases(follower, now).await,
        Database::One(name) => {
            reads
                .live_database(follower, &name_on_follower(desired, name), now)
                .await
        }
    }
}

/// Looks at the leader and at what is followed of it.
pub async fn look_at_leader(sight: &mut Sight, desired: &Desired, now: Instant, reads: &Reads) {
    let lately = now.checked_sub(CLUSTER_AGE).unwrap_or(now);
    sight.leader = reads
        .leader(
            &desired.leader,
            LeaderWish::Database(&desired.database),
            lately,
        )
        .await;
}

/// Asks the leader whether the follower follows it by this configuration.
pub async fn look_at_following(sight: &mut Sight, desired: &Desired, arm: &ArmClient) {
    let configuration = &desired.configuration;
    sight.following = match arm.followers(&desired.leader).await {
        Ok(Some(rows)) => {
            let listed = rows.iter().any(|row| {
                row.configuration_name
                    .eq_ignore_ascii_case(configuration.name())
                    && row.share_origin == ShareOrigin::Direct
                    && follows(&row.database_name, &desired.database)
                    && row
                        .follower_cluster
                        .parse::<ClusterId>()
                        .is_ok_and(|follower| follower == *configuration.cluster())
            });
            if listed {
                Following::Listed
            } else {
                Following::NotListed
            }
        }
        // A leader that is gone says nothing about what its followers still hold.
        Ok(None) => Following::Unknown(Failure {
            class: Class::Rejected,
            reason: "LeaderNotFound",
            message: "the leader cluster does not exist".to_owned(),
            retry_after: None,
        }),
        Err(error) => Following::Unknown(Failure::from(&error)),
    };
}

/// Whether a row of the leader's list may be about what is declared. How it names every database is not recorded
/// (arm-kusto.md §4.1), so there any name will do.
fn follows(name: &str, declared: &Database) -> bool {
    match declared {
        Database::All => true,
        Database::One(own) => name.eq_ignore_ascii_case(own),
    }
}

impl Sight {
    /// Nothing read yet.
    #[must_use]
    pub fn new(operation: Operation) -> Self {
        Self {
            freshness: Freshness::Glance,
            follower: Follower::NotRead,
            configuration: Remote::Absent,
            databases: Databases::NotRead,
            leader: Leader::NotRead,
            following: Following::NotRead,
            operation,
        }
    }
}
