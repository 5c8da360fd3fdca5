//! What stands in an object's way, who must act, and how patient we are. Pure.

use std::time::Duration;

use crate::azure::error::Class;

use super::{
    access::Refusal,
    diff::Difference,
    failure::Failure,
    lane::ObjectKey,
    outcome::Progress,
    retry::{BLIP, patience},
};

/// How long news of things that were applied together may take. The next look comes 2 s after the first.
const ORDER_OF_NEWS: Duration = Duration::from_millis(1_500);

/// What stands in the way.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// Nobody may act on behalf of the object.
    Refused(Refusal),
    /// Azure refused, or could not be asked.
    Failure(Failure),
    /// The same, about the leader.
    LeaderFailure(Failure),
    /// The follower cluster does not exist.
    FollowerNotFound,
    /// The follower cluster does not run, and will not by itself.
    FollowerNotRunning {
        /// The state as ARM words it.
        state: String,
        /// ARM's reason, when it gives one.
        reason: Option<String>,
    },
    /// The leader cluster does not exist.
    LeaderNotFound,
    /// The leader cluster does not run.
    LeaderNotRunning {
        /// The state as ARM words it.
        state: String,
    },
    /// The clusters are in two regions.
    RegionMismatch {
        /// The follower's.
        follower: String,
        /// The leader's.
        leader: String,
    },
    /// The leader has no such database.
    LeaderDatabaseNotFound,
    /// The follower has another database of that name.
    NameTaken {
        /// The name on the follower.
        name: String,
        /// Whose it is.
        holder: Holder,
    },
    /// A change in Azure that does not end.
    ProvisioningStuck {
        /// The provisioning state as ARM words it.
        state: String,
    },
    /// The configuration is as declared, but the follower does not show its databases.
    DatabaseNotShown {
        /// Their names on the follower.
        missing: Vec<String>,
    },
    /// Azure suspended a database.
    DatabaseSuspended {
        /// Their names on the follower.
        suspended: Vec<String>,
    },
    /// The configuration is Azure Data Share's, or somebody's that is neither.
    ForeignOrigin {
        /// The origin as ARM words it.
        origin: String,
    },
    /// Another object declares the same configuration, and is older.
    Claimed {
        /// The other one.
        by: ObjectKey,
    },
    /// A configuration of this name follows something else.
    Conflict(Vec<Difference>),
    /// A configuration of this name exists, and nothing may be taken over.
    Exists,
    /// A configuration of this name exists, is not ours and differs.
    ExistsAndDiffers(Vec<Difference>),
    /// Azure says that it did what was asked, and shows something else all the same.
    NotApplied(Vec<Difference>),
    /// It differs, and is only reported.
    Drifted(Vec<Difference>),
    /// It does not exist, and is only reported.
    NotAttached,
    /// Somebody keeps undoing what is corrected.
    Contested {
        /// What is undone each time.
        differences: Vec<Difference>,
        /// How often it was corrected lately.
        corrections: usize,
    },
}

/// Whose database holds a name on the follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The follower's own: it wins over a leader's of the same name (arm-kusto.md §6).
    Local,
    /// One that it follows through another configuration.
    Configuration(String),
    /// One that it follows from another leader: ADX picks one arbitrarily (arm-kusto.md §6).
    Leader(String),
    /// Of a kind that this release does not know.
    Unknown,
}

impl Block {
    /// The condition's reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Refused(refusal) => refusal.reason(),
            Self::Failure(failure) | Self::LeaderFailure(failure) => failure.reason,
            Self::FollowerNotFound => "FollowerNotFound",
            Self::FollowerNotRunning { .. } => "FollowerNotRunning",
            Self::LeaderNotFound => "LeaderNotFound",
            Self::LeaderNotRunning { .. } => "LeaderNotRunning",
            Self::RegionMismatch { .. } => "RegionMismatch",
            Self::LeaderDatabaseNotFound => "LeaderDatabaseNotFound",
            Self::NameTaken { .. } => "DatabaseNameTaken",
            Self::ProvisioningStuck { .. } => "ProvisioningStuck",
            Self::DatabaseNotShown { .. } => "DatabaseNotShown",
            Self::DatabaseSuspended { .. } => "DatabaseSuspended",
            Self::ForeignOrigin { .. } => "ForeignOrigin",
            Self::Claimed { .. } => "ConfigurationClaimed",
            Self::Conflict(_) => "ConfigurationConflict",
            Self::Exists | Self::ExistsAndDiffers(_) => "ConfigurationExists",
            Self::NotApplied(_) => "ChangeNotApplied",
            Self::Drifted(_) => "Drifted",
            Self::NotAttached => "NotAttached",
            Self::Contested { .. } => "Contested",
        }
    }

    /// Who must act, and how patient we are.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Refused(refusal) => refusal.class(),
            Self::Failure(failure) | Self::LeaderFailure(failure) => failure.class,
            Self::FollowerNotRunning { .. }
            | Self::LeaderNotRunning { .. }
            | Self::DatabaseSuspended { .. } => Class::Busy,
            Self::FollowerNotFound
            | Self::LeaderNotFound
            | Self::RegionMismatch { .. }
            | Self::LeaderDatabaseNotFound
            | Self::NameTaken { .. }
            | Self::ProvisioningStuck { .. }
            | Self::DatabaseNotShown { .. }
            | Self::ForeignOrigin { .. }
            | Self::Claimed { .. }
            | Self::Conflict(_)
            | Self::Exists
            | Self::ExistsAndDiffers(_)
            | Self::NotApplied(_)
            | Self::Drifted(_)
            | Self::NotAttached
            | Self::Contested { .. } => Class::Rejected,
        }
    }

    /// Whether this needs a human by now, after failing for `failing_for`.
    #[must_use]
    pub fn progress(&self, failing_for: Duration) -> Progress {
        if failing_for >= patience(self.class()) {
            Progress::Stalled
        } else {
            Progress::Reconciling
        }
    }

    /// Whether this may only be the order in which news arrives: an object that is applied together with its policy or its
    /// ServiceAccount may be seen before them. Not worth a word, which tools that fail at once would take for the end.
    #[must_use]
    pub fn is_premature(&self, failing_for: Duration) -> bool {
        matches!(self, Self::Refused(_)) && failing_for < ORDER_OF_NEWS
    }

    /// Whether this may be a hiccup that is not worth a status change on an object that was Ready.
    #[must_use]
    pub fn is_blip(&self, failing_for: Duration) -> bool {
        matches!(
            self,
            Self::Failure(failure) | Self::LeaderFailure(failure)
                if matches!(failure.class, Class::Transient | Class::Throttled) && failing_for < BLIP
        )
    }

    /// Whether live state is the way it is because of a rule that is looked at again with each comparison.
    #[must_use]
    pub fn is_report(&self) -> bool {
        matches!(self, Self::Drifted(_) | Self::NotAttached)
    }
}

impl Refusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotAllowed => "AttachmentNotAllowed",
            Self::Unknown(_) => "PoliciesUnavailable",
            Self::AccountNotFound { .. } => "ServiceAccountNotFound",
            Self::AccountIncomplete { .. } => "ServiceAccountIncomplete",
            Self::OwnIdentityDisabled => "ObjectIdentityDisabled",
        }
    }

    fn class(&self) -> Class {
        match self {
            Self::Unknown(_) => Class::Transient,
            Self::NotAllowed
            | Self::AccountNotFound { .. }
            | Self::AccountIncomplete { .. }
            | Self::OwnIdentityDisabled => Class::Rejected,
        }
    }
}
