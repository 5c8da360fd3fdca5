//! Owns the command line: which arguments exist and how they are explained. Values stay raw; `config` checks them. Pure.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

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
    /// FILE:LINE:COLUMN: SEVERITY: MESSAGE (RULE), and a summary
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

    /// Elect one active replica through a Lease (not available yet: run a single replica)
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

    /// Azure cloud: sets the ARM endpoint, the authority host and the token audience
    #[arg(
        long,
        env = "ADX_FOLLOWER_CLOUD",
        value_name = "CLOUD",
        value_enum,
        default_value_t = CloudArg::Public,
        help_heading = "Azure"
    )]
    pub cloud: CloudArg,

    /// How the operator proves who it is; `auto` takes workload identity if `AZURE_FEDERATED_TOKEN_FILE` is set,
    /// else a client secret if there is one, else managed identity
    #[arg(
        long,
        env = "ADX_FOLLOWER_CREDENTIAL",
        value_name = "KIND",
        value_enum,
        default_value_t = CredentialArg::Auto,
        help_heading = "Azure"
    )]
    pub credential: CredentialArg,

    /// File with the client secret, instead of `AZURE_CLIENT_SECRET`; read again for each token
    #[arg(
        long,
        env = "ADX_FOLLOWER_CLIENT_SECRET_FILE",
        value_name = "FILE",
        help_heading = "Azure"
    )]
    pub client_secret_file: Option<String>,

    /// Azure Resource Manager's URL, instead of the cloud's; plain http is accepted for a loopback address only
    #[arg(
        long,
        env = "ADX_FOLLOWER_ARM_ENDPOINT",
        value_name = "URL",
        help_heading = "Azure"
    )]
    pub arm_endpoint: Option<String>,

    /// Audience of the tokens for ARM, instead of the cloud's
    #[arg(
        long,
        env = "ADX_FOLLOWER_ARM_AUDIENCE",
        value_name = "URL",
        help_heading = "Azure"
    )]
    pub arm_audience: Option<String>,

    /// Version of the Microsoft.Kusto API
    #[arg(
        long,
        env = "ADX_FOLLOWER_ARM_API_VERSION",
        value_name = "YYYY-MM-DD",
        default_value = "2024-04-13",
        help_heading = "Azure"
    )]
    pub arm_api_version: String,

    /// Microsoft Entra's URL, instead of `AZURE_AUTHORITY_HOST` and the cloud's
    #[arg(
        long,
        env = "ADX_FOLLOWER_AUTHORITY_HOST",
        value_name = "URL",
        help_heading = "Azure"
    )]
    pub authority_host: Option<String>,

    /// File with PEM certificates to trust for ARM and Entra besides the system's
    #[arg(
        long,
        env = "ADX_FOLLOWER_AZURE_CA_FILE",
        value_name = "FILE",
        help_heading = "Azure"
    )]
    pub azure_ca_file: Option<String>,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormatArg {
    /// One JSON object per line
    Json,
    /// Text for a person
    Text,
}

/// An Azure cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CloudArg {
    /// Azure, management.azure.com
    Public,
    /// Azure Government, management.usgovcloudapi.net
    #[value(name = "usgovernment")]
    UsGovernment,
    /// Azure operated by 21Vianet, management.chinacloudapi.cn
    China,
}

/// A way to prove the operator's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CredentialArg {
    /// The first that the environment has the values for
    Auto,
    /// The Pod's service account token, exchanged with Microsoft Entra
    WorkloadIdentity,
    /// The identity of the virtual machine or service that the operator runs on
    ManagedIdentity,
    /// A client secret of an app registration
    ClientSecret,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn run(arguments: &[&str]) -> Result<RunArgs, clap::Error> {
        let cli = Cli::try_parse_from(["adx-follower", "run"].iter().chain(arguments))?;
        match cli.command {
            Command::Run(arguments) => Ok(*arguments),
            other @ (Command::Crds | Command::Lint(_)) => panic!("run was parsed as {other:?}"),
        }
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_is_also_a_variable_of_the_same_name() {
        let command = Cli::command();
        let run = command.find_subcommand("run").unwrap();
        let mut flags = 0;
        for argument in run
            .get_arguments()
            .filter(|argument| argument.get_id() != "help")
        {
            let Some(long) = argument.get_long().filter(|long| *long != "version") else {
                continue;
            };
            let expected = format!("ADX_FOLLOWER_{}", long.replace('-', "_").to_uppercase());
            let variable = argument.get_env().map(|name| name.to_str().unwrap());
            assert_eq!(variable, Some(expected.as_str()), "--{long}");
            assert!(argument.get_help().is_some(), "--{long} has no help");
            flags += 1;
        }
        assert_eq!(flags, 18);
    }

    #[test]
    fn no_flag_takes_a_secret() {
        let command = Cli::command();
        let run = command.find_subcommand("run").unwrap();
        for argument in run.get_arguments() {
            let name = argument.get_long().unwrap_or_default();
            let secret = ["secret", "password", "token"]
                .iter()
                .any(|word| name.contains(word));
            assert!(!secret || name.ends_with("-file"), "--{name}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_documentation() {
        let arguments = run(&[]).unwrap();
        assert_eq!(arguments.interval, "10m");
        assert_eq!(arguments.operations_per_cluster, 1);
        assert_eq!(arguments.concurrency, 8);
        assert!(!arguments.leader_elect);
        assert_eq!(arguments.metrics_bind_address, "0.0.0.0:8080");
        assert_eq!(arguments.health_bind_address, "0.0.0.0:8081");
        assert_eq!(arguments.log_format, LogFormatArg::Json);
        assert_eq!(arguments.log_level, "info");
        assert_eq!(arguments.arm_api_version, "2024-04-13");
        assert_eq!(arguments.credential, CredentialArg::Auto);
        assert_eq!(arguments.cloud, CloudArg::Public);
    }

    #[test]
    fn leader_elect_is_a_switch_that_also_takes_a_value() {
        for (arguments, expected) in [
            (&[][..], false),
            (&["--leader-elect"], true),
            (&["--leader-elect=true"], true),
            (&["--leader-elect=false"], false),
        ] {
            assert_eq!(
                run(arguments).unwrap().leader_elect,
                expected,
                "{arguments:?}"
            );
        }
        assert!(run(&["--leader-elect=maybe"]).is_err());
    }

    #[test]
    fn lint_takes_files_and_a_format() {
        let lint = |arguments: &[&str]| {
            Cli::try_parse_from(["adx-follower", "lint"].iter().chain(arguments))
                .map(|cli| cli.command)
        };
        assert_eq!(
            lint(&["a.yaml", "-", "-o", "markdown"]).unwrap(),
            Command::Lint(LintArgs {
                files: vec!["a.yaml".into(), "-".into()],
                output: LintOutputArg::Markdown,
            })
        );
        for arguments in [&[][..], &["a.yaml", "-o", "xml"], &["--strict", "a.yaml"]] {
            assert_eq!(lint(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
    }

    #[test]
    fn wrong_usage_exits_with_2_and_help_with_0() {
        for arguments in [
            &["--intervall", "1m"][..],
            &["--log-format", "xml"],
            &["--credential", "password"],
            &["--concurrency", "-1"],
            &["--concurrency", "many"],
        ] {
            assert_eq!(run(arguments).unwrap_err().exit_code(), 2, "{arguments:?}");
        }
        let help = run(&["--help"]).unwrap_err();
        assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0));
        let nothing = Cli::try_parse_from(["adx-follower"]).unwrap_err();
        assert_eq!(nothing.exit_code(), 2);
    }
}
