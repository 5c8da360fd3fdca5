//! The arguments that say how the one replica that acts is elected. Pure.

use clap::{ArgAction, Args};

/// How the one replica that acts is elected, as typed or as found in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ElectionArgs {
    /// Elect the one replica that acts through a Lease; the others keep their caches warm
    #[arg(
        long,
        env = "ADX_FOLLOWER_LEADER_ELECT",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value_t = false,
        help_heading = "How much at a time"
    )]
    pub leader_elect: bool,

    /// Name of the Lease; operators that share a namespace and split the objects need one each
    #[arg(
        long,
        env = "ADX_FOLLOWER_LEADER_ELECTION_ID",
        value_name = "NAME",
        default_value = "adx-follower-operator",
        help_heading = "How much at a time"
    )]
    pub leader_election_id: String,

    /// Namespace of the Lease, instead of the Pod's own
    #[arg(
        long,
        env = "ADX_FOLLOWER_LEADER_ELECTION_NAMESPACE",
        value_name = "NAME",
        help_heading = "How much at a time"
    )]
    pub leader_election_namespace: Option<String>,
}
