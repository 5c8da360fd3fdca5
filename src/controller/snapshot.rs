//! What one pass knows: the only input of [`super::decide`]. Pure.

use std::time::Duration;

use crate::api::{DeletionPolicy, Ownership};
use crate::azure::{
    id::ConfigurationId,
    model::{Cluster, Configuration, Database},
};

use super::{
    access::Refusal, diff::Difference, failure::Failure, lane::ObjectKey, validate::Desired,
};

pub use crate::api::OperationKind;

/// Everything that a decision may depend on.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The Kubernetes side.
    pub object: Object,
    /// The Azure side.
    pub azure: Azure,
    /// Whether the follower's lane is ours.
    pub lane: Lane,
}

/// The facts of the object that decisions need.
#[derive(Clone, Debug)]
pub struct Object {
    /// Wanted, or being deleted.
    pub lifecycle: Lifecycle,
    /// Whether our finalizer is on the object.
    pub finalizer: Finalizer,
    /// What the object owns in Azure; `None` until claimed.
    pub ownership: Option<Ownership>,
    /// Whether the object is served at all.
    pub access: Access,
    /// Whether the configuration is this object's to declare.
    pub claim: Claim,
    /// What was corrected lately because somebody had changed it.
    pub corrections: Vec<Correction>,
    /// How long the object has been waiting for something that has no operation to follow.
    pub waiting_for: Duration,
    /// Why the follower refused to detach, if it did.
    pub refusal: Option<Failure>,
}

/// Whether somebody may read and write Azure on behalf of the object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// By what was seen lately: good enough to look.
    Granted,
    /// By what the API server said in this pass: good enough to act.
    Confirmed,
    /// Nobody may.
    Refused(Refusal),
}

/// Whether the configuration is this object's to declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// No older object declares it.
    Ours,
    /// This one does.
    Older(ObjectKey),
}

/// A correction of drift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    /// What was put right.
    pub differences: Vec<Difference>,
    /// How long ago.
    pub age: Duration,
}

/// Whether the object is wanted.
#[derive(Clone, Debug)]
pub enum Lifecycle {
    /// Its configuration must exist as declared.
    Wanted(Desired),
    /// Its configuration must go, or be left alone.
    Deleting {
        /// What to do with the configuration.
        policy: DeletionPolicy,
        /// What was declared; `None` when the spec is unusable, so that a broken spec can't hold a deletion.
        desired: Option<Desired>,
        /// The configuration to detach; `None` when neither spec nor status name one.
        configuration: Option<ConfigurationId>,
    },
}

/// Whether our finalizer is on the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finalizer {
    /// A deletion waits for us.
    Present,
    /// A deletion does not wait for us.
    Missing,
}

/// What Azure shows.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for each pass that runs, and none is stored"
)]
pub enum Azure {
    /// Nothing was read, because no decision can depend on it.
    NotRead,
    /// Our operation still runs: nothing else was read, since nothing else can be done.
    Operating(Running),
    /// Live state.
    Read(Sight),
}

/// What was read of Azure.
#[derive(Clone, Debug)]
pub struct Sight {
    /// How old it may be.
    pub freshness: Freshness,
    /// The follower cluster.
    pub follower: Follower,
    /// The configuration on it.
    pub configuration: Remote,
    /// The databases on it.
    pub databases: Databases,
    /// The leader cluster.
    pub leader: Leader,
    /// Whether the leader says that the follower follows it by this configuration. Asked only when the follower can't
    /// be asked.
    pub following: Following,
    /// What became of our last operation.
    pub operation: Operation,
}

/// How old a sight may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Shared with other objects: good enough to rest on, not to act on.
    Glance,
    /// Read for this pass.
    Live,
}

/// The follower's databases, as far as they were readable.
#[derive(Clone, Debug, PartialEq)]
pub enum Databases {
    /// Not needed now.
    NotRead,
    /// They could not be read.
    Unknown(Failure),
    /// All of them, or at least the one that matters.
    Listed(Vec<Database>),
}

/// The leader cluster, as far as it was readable.
#[derive(Clone, Debug, PartialEq)]
pub enum Leader {
    /// Not needed now.
    NotRead,
    /// It does not exist.
    Absent,
    /// It could not be read.
    Unknown(Failure),
    /// It exists.
    Present {
        /// The cluster.
        cluster: Cluster,
        /// What of its databases was asked for.
        databases: LeaderDatabases,
    },
}

/// The leader's databases, as far as they matter.
#[derive(Clone, Debug, PartialEq)]
pub enum LeaderDatabases {
    /// Not needed now.
    NotRead,
    /// They could not be read.
    Unknown(Failure),
    /// The followed one does not exist.
    Missing,
    /// The followed one exists.
    Found,
    /// All their names.
    Names(Vec<String>),
}

/// What the leader says about who follows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Following {
    /// Not asked.
    NotRead,
    /// It could not be asked, or does not exist.
    Unknown(Failure),
    /// The follower follows it by this configuration.
    Listed,
    /// The follower does not.
    NotListed,
}

/// An operation in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// What it does.
    pub kind: OperationKind,
    /// Time since its request was sent.
    pub age: Duration,
    /// ARM's wish for the next look.
    pub retry_after: Option<Duration>,
}

/// The follower cluster, as far as it was readable.
#[derive(Clone, Debug)]
pub enum Follower {
    /// Not needed for this object now (a deletion needs no cluster state).
    NotRead,
    /// It does not exist.
    Absent,
    /// It exists.
    Present(Cluster),
    /// It could not be read.
    Unknown(Failure),
}

/// The configuration, as far as it was readable.
#[derive(Clone, Debug)]
pub enum Remote {
    /// It does not exist on an existing follower.
    Absent,
    /// The follower, its resource group or its parent does not exist.
    NoFollower,
    /// It exists.
    Present(Box<Configuration>),
    /// It could not be read: neither absent nor present.
    Unknown(Failure),
}

/// What is known of the last operation. `status.operation` is only its hint; whatever is in doubt
/// is decided from a GET.
#[derive(Clone, Debug)]
pub enum Operation {
    /// None that matters.
    None,
    /// Its intent is durable since this very pass, and its request was not sent.
    Intended(OperationKind),
    /// Its request may have been sent: a crash, a lost answer, or an id that ARM does not know.
    Doubtful {
        /// What it was to do.
        kind: OperationKind,
        /// Time since its answer was given up, or since its intent was recorded when that is not known.
        age: Duration,
    },
    /// ARM named it, but can't be asked just now: it may well go on.
    Unreadable {
        /// What it was to do.
        kind: OperationKind,
        /// Time since its request was sent.
        age: Duration,
    },
    /// It ended.
    Ended {
        /// What it was to do.
        kind: OperationKind,
        /// How it ended.
        end: End,
        /// Time since its end was first seen.
        since: Duration,
    },
}

/// How an operation ended.
#[derive(Clone, Debug)]
pub enum End {
    /// As wanted, says ARM; a GET has to agree.
    Succeeded,
    /// With an error, or cancelled by somebody.
    Failed(Failure),
}

/// Our place in the follower's lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// We have not asked for it.
    Outside,
    /// A write may start now.
    Granted,
    /// Others go first.
    Waiting {
        /// How many go before us, plus one.
        place: usize,
    },
}
