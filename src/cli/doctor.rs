//! The arguments of `doctor`. Pure.

use clap::{Args, ValueEnum};

use super::{AzureArgs, ElectionArgs, TenancyArgs};

/// The arguments of `doctor`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct DoctorArgs {
    /// `AttachedDatabase` to judge; without one, and without -n or -A, the installation alone is looked at
    #[arg(value_name = "NAME")]
    pub name: Option<String>,

    /// Namespace of NAME, the one of the kubeconfig if not given; without NAME, every object in it is judged
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,

    /// Judge every object of the cluster
    #[arg(short = 'A', long, conflicts_with_all = ["name", "namespace"])]
    pub all_namespaces: bool,

    /// How to write what is found
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = DoctorOutputArg::Text)]
    pub output: DoctorOutputArg,

    /// How replicas elect the one that acts, as the operator has it
    #[command(flatten)]
    pub election: ElectionArgs,

    /// Who may do what, as the operator has it
    #[command(flatten)]
    pub tenancy: TenancyArgs,

    /// How Azure is reached
    #[command(flatten)]
    pub azure: AzureArgs,
}

/// How checks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DoctorOutputArg {
    /// A line per check, then the commands that mend what is wrong
    Text,
    /// An array with one object per check
    Json,
}
