//! The command line: its definition, its defaults, wrong usage.

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::*;

fn run(arguments: &[&str]) -> Result<RunArgs, clap::Error> {
    let cli = Cli::try_parse_from(["adx-follower", "run"].iter().chain(arguments))?;
    match cli.command {
        Command::Run(arguments) => Ok(*arguments),
        other @ (Command::Crds
        | Command::Lint(_)
        | Command::Diff(_)
        | Command::Import(_)
        | Command::Followers(_)
        | Command::Doctor(_)) => panic!("run was parsed as {other:?}"),
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
    assert_eq!(flags, 23);
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
    assert!(!arguments.election.leader_elect);
    assert_eq!(arguments.metrics_bind_address, "0.0.0.0:8080");
    assert_eq!(arguments.health_bind_address, "0.0.0.0:8081");
    assert_eq!(arguments.log_format, LogFormatArg::Json);
    assert_eq!(arguments.log_level, "info");
    assert_eq!(arguments.azure.arm_api_version, "2024-04-13");
    assert_eq!(arguments.azure.credential, CredentialArg::Auto);
    assert_eq!(arguments.azure.cloud, CloudArg::Public);
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
            run(arguments).unwrap().election.leader_elect,
            expected,
            "{arguments:?}"
        );
    }
    assert!(run(&["--leader-elect=maybe"]).is_err());
}

#[test]
fn lint_takes_files_and_a_format() {
    let lint = |arguments: &[&str]| {
        Cli::try_parse_from(["adx-follower", "lint"].iter().chain(arguments)).map(|cli| cli.command)
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
fn the_doctor_judges_as_the_operator_does() {
    let flags = |command: &str| -> Vec<String> {
        let cli = Cli::command();
        let arguments = cli.find_subcommand(command).unwrap().get_arguments();
        arguments
            .filter(|argument| {
                let heading = argument.get_help_heading();
                matches!(heading, Some("Azure" | "Who may do what"))
            })
            .map(|argument| argument.get_id().to_string())
            .collect()
    };
    assert!(flags("doctor").len() > 10);
    assert_eq!(flags("doctor"), flags("run"));
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
