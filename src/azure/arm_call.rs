//! Pure. The calls that are made, each with its method and its purpose.

use std::fmt;

use http::Method;

use super::error::Intent;

/// What is asked of ARM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArmCall {
    /// GET of a cluster.
    GetCluster,
    /// GET of a configuration.
    GetConfiguration,
    /// PUT of a configuration.
    PutConfiguration,
    /// DELETE of a configuration.
    DeleteConfiguration,
    /// GET of a cluster's configurations, one page.
    ListConfigurations,
    /// GET of a database.
    GetDatabase,
    /// GET of a cluster's databases, one page.
    ListDatabases,
    /// POST for a leader's followers, one page.
    ListFollowers,
    /// POST to a leader, to be rid of a follower.
    DetachFollower,
    /// GET of an operation.
    PollOperation,
}

impl ArmCall {
    /// A word for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetCluster => "get_cluster",
            Self::GetConfiguration => "get_configuration",
            Self::PutConfiguration => "put_configuration",
            Self::DeleteConfiguration => "delete_configuration",
            Self::ListConfigurations => "list_configurations",
            Self::GetDatabase => "get_database",
            Self::ListDatabases => "list_databases",
            Self::ListFollowers => "list_followers",
            Self::DetachFollower => "detach_follower",
            Self::PollOperation => "poll_operation",
        }
    }

    pub(super) fn intent(self) -> Intent {
        match self {
            Self::GetCluster
            | Self::GetConfiguration
            | Self::ListConfigurations
            | Self::GetDatabase
            | Self::ListDatabases
            | Self::ListFollowers
            | Self::PollOperation => Intent::Read,
            Self::PutConfiguration => Intent::Write,
            // It is a deletion of the configuration from the other side: as final, and as unclear when no answer comes.
            Self::DeleteConfiguration | Self::DetachFollower => Intent::Delete,
        }
    }

    /// How the call is made at first; further pages are always got.
    pub(super) fn method(self) -> Method {
        match self {
            Self::GetCluster
            | Self::GetConfiguration
            | Self::ListConfigurations
            | Self::GetDatabase
            | Self::ListDatabases
            | Self::PollOperation => Method::GET,
            Self::PutConfiguration => Method::PUT,
            Self::DeleteConfiguration => Method::DELETE,
            Self::ListFollowers | Self::DetachFollower => Method::POST,
        }
    }
}

impl fmt::Display for ArmCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
