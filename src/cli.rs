//! Owns the command line: which arguments exist and how they are explained. Values stay raw; `config` checks them. Pure.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

mod azure;
mod doctor;
mod election;
mod inspect;
mod tenancy;
#[cfg(test)]
mod tests;

pub use azure::{AzureArgs, CloudArg, CredentialArg};
pub use doctor::{DoctorArgs, DoctorOutputArg};
pub use election::ElectionArgs;
pub use inspect::{
    DiffArgs, DiffOutputArg, FollowersArgs, FollowersOutputArg, ImportArgs, ImportOutputArg,
};
pub use tenancy::TenancyArgs;

/// Keeps Azure Data Explorer follower databases as declared by `AttachedDatabase` objects.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(
    name = "adx-follower",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the operator until it receives SIGTERM or SIGINT
    ///
    /// Kubernetes is found as by every client: `KUBECONFIG`, ~/.kube/config, then the Pod's service account.
    ///
    /// Azure's own variables are read as its SDKs read them, and have no flag, so that no secret stands in a process
    /// list: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`, `AZURE_FEDERATED_TOKEN_FILE`,
    /// `AZURE_AUTHORITY_HOST`.
    Run(Box<RunArgs>),
    /// Print the custom resource definitions as YAML
    Crds,
    /// Check manifests without a cluster: schema, admission rules, the operator's own rules, and objects against each other
    ///
    /// Documents of other kinds are skipped. Exits with 0 if there are no errors, with 1 if there are or if a file cannot
    /// be read, with 2 for wrong usage.
    Lint(LintArgs),
    /// Tell what the operator would do about manifests, and why, field by field; nothing is written
    ///
    /// Azure is asked, Kubernetes is not. Exits with 0 if there is nothing to do, with 10 if there are differences, with 1
    /// if an object is refused, blocked or cannot be judged, with 2 for wrong usage.
    Diff(Box<DiffArgs>),
    /// Print manifests for what is attached already, which the operator takes over without a write
    ///
    /// The configurations of a follower cluster are read from Azure, or out of an exported template. Exits with 0 if all
    /// could be written as manifests, with 1 if some could not, with 2 for wrong usage.
    Import(Box<ImportArgs>),
    /// List who follows a leader cluster, managed or not; with --detach, end followings from the leader's side
    ///
    /// The right `Microsoft.Kusto/Clusters/ListFollowerDatabases/action` on the leader is needed, and to detach
    /// `…/DetachFollowerDatabases/action`. Exits with 0 if it is done, with 1 if it failed, with 2 for wrong usage.
    Followers(Box<FollowersArgs>),
    /// Tell what keeps an attachment from working, and the commands that mend it; nothing is written
    ///
    /// Looks at Kubernetes, the rights, the operator's identity and Azure, and at the named object, step by step; what
    /// depends on a check that failed is skipped. Run it with the flags and variables of `run`, so that it judges as the
    /// operator does. Exits with 0 if nothing is in the way, with 1 if something is, with 2 for wrong usage.
    Doctor(Box<DoctorArgs>),
}

/// The arguments of `lint`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct LintArgs {
    /// Files of YAML or JSON; a folder stands for all *.yaml, *.yml and *.json below it, - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// How to write what is found
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = LintOutputArg::Text)]
    pub output: LintOutputArg,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintOutputArg {
    /// One line per finding in the form of a compiler's, and a summary
    Text,
    /// An array with one object per finding
    Json,
    /// A table for a comment on a pull request
    Markdown,
}

/// The arguments of `run`, as typed or as found in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct RunArgs {
    /// Namespaces to watch, separated by commas; empty watches all of them
    #[arg(
        long,
        env = "ADX_FOLLOWER_WATCH_NAMESPACES",
        value_name = "NAME,…",
        default_value = "",
        hide_default_value = true,
        help_heading = "What to reconcile"
    )]
    pub watch_namespaces: String,

    /// Watch only the objects that this label selector matches; use it to split objects over several operators
    #[arg(
        long,
        env = "ADX_FOLLOWER_WATCH_LABEL_SELECTOR",
        value_name = "SELECTOR",
        default_value = "",
        hide_default_value = true,
        help_heading = "What to reconcile"
    )]
    pub watch_label_selector: String,

    /// How often live state is compared with the declaration, for objects without `spec.interval`; from 1s to 24h
    #[arg(
        long,
        env = "ADX_FOLLOWER_INTERVAL",
        value_name = "DURATION",
        default_value = "10m",
        help_heading = "What to reconcile"
    )]
    pub interval: String,

    /// Attach, update and detach operations at a time on one follower cluster; Azure Data Explorer serialises them
    #[arg(
        long,
        env = "ADX_FOLLOWER_OPERATIONS_PER_CLUSTER",
        value_name = "COUNT",
        default_value_t = 1,
        help_heading = "How much at a time"
    )]
    pub operations_per_cluster: u32,

    /// Objects reconciled at a time
    #[arg(
        long,
        env = "ADX_FOLLOWER_CONCURRENCY",
        value_name = "COUNT",
        default_value_t = 8,
        help_heading = "How much at a time"
    )]
    pub concurrency: u32,

    /// How the one replica that acts is elected
    #[command(flatten)]
    pub election: ElectionArgs,

    /// Where /metrics is served; 0 turns it off, port 0 takes a free port
    #[arg(
        long,
        env = "ADX_FOLLOWER_METRICS_BIND_ADDRESS",
        value_name = "HOST:PORT|0",
        default_value = "0.0.0.0:8080",
        help_heading = "Service"
    )]
    pub metrics_bind_address: String,

    /// Where /livez, /healthz and /readyz are served; 0 turns them off, port 0 takes a free port
    #[arg(
        long,
        env = "ADX_FOLLOWER_HEALTH_BIND_ADDRESS",
        value_name = "HOST:PORT|0",
        default_value = "0.0.0.0:8081",
        help_heading = "Service"
    )]
    pub health_bind_address: String,

    /// How the log is written to standard error
    #[arg(
        long,
        env = "ADX_FOLLOWER_LOG_FORMAT",
        value_name = "FORMAT",
        value_enum,
        default_value_t = LogFormatArg::Json,
        help_heading = "Service"
    )]
    pub log_format: LogFormatArg,

    /// What is logged: off, error, warn, info, debug or trace, or a list such as `info,hyper=debug`
    #[arg(
        long,
        env = "ADX_FOLLOWER_LOG_LEVEL",
        value_name = "FILTER",
        default_value = "info",
        help_heading = "Service"
    )]
    pub log_level: String,

    /// Who may do what
    #[command(flatten)]
    pub tenancy: TenancyArgs,

    /// How Azure is reached
    #[command(flatten)]
    pub azure: AzureArgs,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormatArg {
    /// One JSON object per line
    Json,
    /// Text for a person
    Text,
}
