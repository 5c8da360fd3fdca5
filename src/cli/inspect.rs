//! The arguments of the commands that look at Azure for a person: `diff`, `import`, `followers`. Pure.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::AzureArgs;

/// The arguments of `diff`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct DiffArgs {
    /// Files of YAML or JSON; a folder stands for all *.yaml, *.yml and *.json below it, - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// How to write what is found
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = DiffOutputArg::Text)]
    pub output: DiffOutputArg,

    /// Judge each object as a new one: what exists already is not the operator's, and `spec.adoptionPolicy` decides
    #[arg(long)]
    pub unowned: bool,

    /// How Azure is reached
    #[command(flatten)]
    pub azure: AzureArgs,
}

/// How differences are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffOutputArg {
    /// A line per object and one per field, and a summary
    Text,
    /// An array with one object per declared object
    Json,
    /// A table for a comment on a pull request
    Markdown,
}

/// The arguments of `import`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(group = ArgGroup::new("source").required(true).args(["cluster", "file"]))]
pub struct ImportArgs {
    /// Resource ID of the follower cluster whose configurations are read from Azure
    #[arg(long, value_name = "ID")]
    pub cluster: Option<String>,

    /// Exported ARM template or list of resources as JSON, - for standard input; Azure is not asked
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Subscription of the clusters that a template names without one
    #[arg(long, value_name = "GUID", requires = "file")]
    pub subscription: Option<String>,

    /// Resource group of the clusters that a template names without one
    #[arg(long, value_name = "NAME", requires = "file")]
    pub resource_group: Option<String>,

    /// Value of a template's parameter, instead of its default: text, or JSON that is no text; may be repeated
    #[arg(long = "parameter", value_name = "NAME=VALUE", requires = "file")]
    pub parameters: Vec<String>,

    /// Namespace of the manifests; left out if not given
    #[arg(short, long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// How to write the manifests
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = ImportOutputArg::Yaml)]
    pub output: ImportOutputArg,

    /// How Azure is reached
    #[command(flatten)]
    pub azure: AzureArgs,
}

/// How manifests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportOutputArg {
    /// A document for each, with comments on what was left out
    Yaml,
    /// A List; what was left out is told on standard error
    Json,
}

/// The arguments of `followers`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct FollowersArgs {
    /// Resource ID of the leader cluster
    #[arg(long, value_name = "ID")]
    pub leader: String,

    /// How to write the list
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t = FollowersOutputArg::Text,
        conflicts_with = "detach"
    )]
    pub output: FollowersOutputArg,

    /// Do not look for objects in Kubernetes that manage the followings
    #[arg(long)]
    pub no_kubernetes: bool,

    /// Detach these: the follower's resource ID and the configuration's name, `FOLLOWER_ID/NAME`, as the list has them
    #[arg(long, value_name = "FOLLOWER_ID/NAME", num_args = 1..)]
    pub detach: Vec<String>,

    /// Detach without asking
    #[arg(long, requires = "detach")]
    pub yes: bool,

    /// How Azure is reached
    #[command(flatten)]
    pub azure: AzureArgs,
}

/// How followers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FollowersOutputArg {
    /// A table
    Text,
    /// An array with one object per following
    Json,
}
