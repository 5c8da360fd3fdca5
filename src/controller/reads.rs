//! What ARM shows of clusters, read once for all objects that ask. I/O.
//!
//! Each list and each cluster is one cell: who asks for a value that is young enough gets it without a call, who asks
//! while a read is under way waits for that one, and a write or a single GET changes just its own entry. So the reads
//! of a follower do not grow with its objects.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Mutex as AsyncMutex, time::Instant};

use crate::azure::{
    client::ArmClient,
    error::ArmError,
    id::{ClusterId, ConfigurationId},
    model::{Cluster, Configuration, Database, DatabaseKind},
};

use super::{
    failure::Failure,
    snapshot::{Databases, Follower, Leader, LeaderDatabases, Remote},
    validate,
};

/// How long a failed read answers for those who asked meanwhile. Later ones try for themselves, at their own pace.
const FAILURE_LIFETIME: Duration = Duration::from_millis(500);

/// A cluster that nobody asked about for this long is forgotten when another one comes: longer than any interval.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(48);

/// The shared reads.
pub struct Reads {
    arm: ArmClient,
    clusters: Mutex<HashMap<ClusterId, Known>>,
}

struct Known {
    asked: Instant,
    cells: Arc<ClusterCells>,
}

#[derive(Default)]
struct ClusterCells {
    cluster: Cell<Option<Cluster>>,
    configurations: Cell<Option<Vec<Configuration>>>,
    databases: Cell<Option<Vec<Database>>>,
}

/// A value, and who asked for it when.
struct Cell<T>(AsyncMutex<Option<Reading<T>>>);

struct Reading<T> {
    asked: Instant,
    answered: Instant,
    result: Result<Arc<T>, Failure>,
}

/// Whether a look found something that others may want to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An earlier read was young enough, or ARM was asked and shows the same.
    Known,
    /// ARM was asked and shows something else than before.
    News,
}

impl<T> Default for Cell<T> {
    fn default() -> Self {
        Self(AsyncMutex::new(None))
    }
}

impl<T> Cell<T> {
    /// The value, asked for at `since` or later.
    async fn get(
        &self,
        since: Instant,
        read: impl Future<Output = Result<T, ArmError>>,
    ) -> (Result<Arc<T>, Failure>, Source)
    where
        T: PartialEq,
    {
        let mut slot = self.0.lock().await;
        let asked = Instant::now();
        if let Some(reading) = slot.as_ref() {
            let young = match &reading.result {
                Ok(_) => reading.asked >= since,
                Err(_) => asked.saturating_duration_since(reading.answered) < FAILURE_LIFETIME,
            };
            if young {
                return (reading.result.clone(), Source::Known);
            }
        }
        let result = read
            .await
            .map(Arc::new)
            .map_err(|error| Failure::from(&error));
        let before = slot.replace(Reading {
            asked,
            answered: Instant::now(),
            result: result.clone(),
        });
        let source = match before {
            Some(before) if before.result == result => Source::Known,
            Some(_) | None => Source::News,
        };
        (result, source)
    }

    /// The value as it is, if it was asked for at `since` or later.
    async fn peek(&self, since: Instant) -> Option<Arc<T>> {
        let slot = self.0.lock().await;
        let reading = slot.as_ref().filter(|reading| reading.asked >= since)?;
        reading.result.as_ref().ok().cloned()
    }

    /// Changes a part of the value to what was asked for at `asked`, unless the whole is newer; its age stays.
    async fn amend(&self, asked: Instant, change: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        if let Some(Reading {
            asked: whole,
            result: Ok(value),
            ..
        }) = self.0.lock().await.as_mut()
            && *whole <= asked
        {
            change(Arc::make_mut(value));
        }
    }
}

impl Reads {
    /// Nothing read yet.
    #[must_use]
    pub fn new(arm: ArmClient) -> Self {
        Self {
            arm,
            clusters: Mutex::default(),
        }
    }

    /// The follower cluster.
    pub async fn follower(&self, id: &ClusterId, since: Instant) -> Follower {
        match self
            .cells(id)
            .cluster
            .get(since, self.arm.cluster(id))
            .await
            .0
        {
            Ok(cluster) => match cluster.as_ref() {
                Some(cluster) => Follower::Present(cluster.clone()),
                None => Follower::Absent,
            },
            Err(failure) => Follower::Unknown(failure),
        }
    }

    /// The configuration, out of the list of its follower's.
    pub async fn configuration(&self, id: &ConfigurationId, since: Instant) -> (Remote, Source) {
        let cells = self.cells(id.cluster());
        let (list, source) = cells
            .configurations
            .get(since, self.arm.configurations(id.cluster()))
            .await;
        let remote = match list {
            Ok(list) => match list.as_ref() {
                Some(list) => find(list, id.name()),
                None => Remote::NoFollower,
            },
            Err(failure) => Remote::Unknown(failure),
        };
        (remote, source)
    }

    /// The configuration as it is now: from a list that was asked for at `since` or later, else by a GET of its own.
    pub async fn live_configuration(&self, id: &ConfigurationId, since: Instant) -> Remote {
        let cells = self.cells(id.cluster());
        if let Some(list) = cells.configurations.peek(since).await {
            return list
                .as_ref()
                .as_ref()
                .map_or(Remote::NoFollower, |list| find(list, id.name()));
        }
        let asked = Instant::now();
        match self.arm.configuration(id).await {
            Ok(live) => {
                cells
                    .configurations
                    .amend(asked, |list| {
                        replace(list, live.as_ref(), |it| same(&it.name, id.name()));
                    })
                    .await;
                live.map_or(Remote::Absent, |live| Remote::Present(Box::new(live)))
            }
            Err(error) if error.is_parent_missing() => Remote::NoFollower,
            Err(error) => Remote::Unknown(Failure::from(&error)),
        }
    }

    /// The databases of the follower.
    pub async fn databases(&self, follower: &ClusterId, since: Instant) -> Databases {
        match self
            .cells(follower)
            .databases
            .get(since, self.arm.databases(follower))
            .await
            .0
        {
            Ok(list) => Databases::Listed(list.as_ref().clone().unwrap_or_default()),
            Err(failure) => Databases::Unknown(failure),
        }
    }

    /// The databases of the follower, of which the one named `name` is as it is now: from a list that was asked for at
    /// `since` or later, else by a GET of its own.
    pub async fn live_database(
        &self,
        follower: &ClusterId,
        name: &str,
        since: Instant,
    ) -> Databases {
        let cells = self.cells(follower);
        if let Some(list) = cells.databases.peek(since).await {
            return Databases::Listed(list.as_ref().clone().unwrap_or_default());
        }
        let asked = Instant::now();
        match self.arm.database(follower, name).await {
            Ok(database) => {
                cells
                    .databases
                    .amend(asked, |list| {
                        replace(list, database.as_ref(), |it| same(&it.name, name));
                    })
                    .await;
                Databases::Listed(database.into_iter().collect())
            }
            Err(error) => Databases::Unknown(Failure::from(&error)),
        }
    }

    /// The leader cluster, and what of its databases is asked for.
    pub async fn leader(&self, id: &ClusterId, wish: LeaderWish<'_>, since: Instant) -> Leader {
        let cells = self.cells(id);
        let cluster = match cells.cluster.get(since, self.arm.cluster(id)).await.0 {
            Ok(cluster) => match cluster.as_ref() {
                Some(cluster) => cluster.clone(),
                None => return Leader::Absent,
            },
            Err(failure) => return Leader::Unknown(failure),
        };
        let databases = match wish {
            LeaderWish::Cluster => LeaderDatabases::NotRead,
            LeaderWish::Database(validate::Database::All) => {
                match cells.databases.get(since, self.arm.databases(id)).await.0 {
                    // What the leader follows itself is not its own to offer.
                    Ok(list) => LeaderDatabases::Names(
                        list.iter()
                            .flatten()
                            .filter(|database| {
                                matches!(database.kind, DatabaseKind::ReadWrite { .. })
                            })
                            .map(|database| database.name.clone())
                            .collect(),
                    ),
                    Err(failure) => LeaderDatabases::Unknown(failure),
                }
            }
            LeaderWish::Database(validate::Database::One(name)) => {
                match self.arm.database(id, name).await {
                    Ok(Some(_)) => LeaderDatabases::Found,
                    Ok(None) => LeaderDatabases::Missing,
                    Err(error) => LeaderDatabases::Unknown(Failure::from(&error)),
                }
            }
        };
        Leader::Present { cluster, databases }
    }

    fn cells(&self, id: &ClusterId) -> Arc<ClusterCells> {
        let now = Instant::now();
        let mut clusters = self.lock();
        if let Some(known) = clusters.get_mut(id) {
            known.asked = now;
            return Arc::clone(&known.cells);
        }
        clusters.retain(|_, known| now.saturating_duration_since(known.asked) < FORGOTTEN_AFTER);
        let cells = Arc::<ClusterCells>::default();
        let known = Known {
            asked: now,
            cells: Arc::clone(&cells),
        };
        clusters.insert(id.clone(), known);
        cells
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClusterId, Known>> {
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of a leader's databases a decision needs.
#[derive(Clone, Copy, Debug)]
pub enum LeaderWish<'a> {
    /// Nothing: only whether the cluster runs.
    Cluster,
    /// Whether these exist.
    Database(&'a validate::Database),
}

fn find(list: &[Configuration], name: &str) -> Remote {
    let found = list
        .iter()
        .find(|configuration| same(&configuration.name, name));
    found.map_or(Remote::Absent, |live| {
        Remote::Present(Box::new(live.clone()))
    })
}

/// Names of resources are case-insensitive (arm-kusto.md §9, §12).
fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn replace<T: Clone>(list: &mut Option<Vec<T>>, now: Option<&T>, is_it: impl Fn(&T) -> bool) {
    let Some(list) = list else { return };
    list.retain(|item| !is_it(item));
    list.extend(now.cloned());
}

#[cfg(test)]
mod tests;
