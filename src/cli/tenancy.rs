//! The arguments that say who may use which Azure identity. Pure.

use clap::{ArgAction, Args};

/// Who may use which Azure identity, as typed or as found in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct TenancyArgs {
    /// Let every object use the operator's Azure identity, without an `AttachmentPolicy`: for the cluster of a single team
    #[arg(
        long,
        env = "ADX_FOLLOWER_ALLOW_ALL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value_t = false,
        help_heading = "Who may do what"
    )]
    pub allow_all: bool,

    /// Serve objects without `spec.serviceAccountName` with the Azure identity of this ServiceAccount of their own
    /// namespace; the operator's identity is then never used
    #[arg(
        long,
        env = "ADX_FOLLOWER_DEFAULT_SERVICE_ACCOUNT",
        value_name = "NAME",
        help_heading = "Who may do what"
    )]
    pub default_service_account: Option<String>,

    /// Serve objects with `spec.serviceAccountName` with that ServiceAccount's Azure identity; without it they are refused
    #[arg(
        long,
        env = "ADX_FOLLOWER_OBJECT_IDENTITIES",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value_t = true,
        help_heading = "Who may do what"
    )]
    pub object_identities: bool,
}
