//! Each argument: what it becomes, and what is said when it is wrong.

use std::error::Error;

use clap::Parser;

use crate::azure::cloud::{Cloud, CloudName, CloudOverrides, Endpoint};
use crate::azure::discovery::CustomCloud;
use crate::cli::{Cli, Command};

use super::*;

fn config_in(arguments: &[&str], variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let cli = Cli::try_parse_from(["adx-follower", "run"].iter().chain(arguments)).unwrap();
    let Command::Run(arguments) = cli.command else {
        panic!("run was parsed as another command");
    };
    Config::new(*arguments, |name| {
        variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

fn config(arguments: &[&str]) -> Result<Config, ConfigError> {
    config_in(arguments, &[])
}

fn known(config: Config) -> Cloud {
    match config.arm.cloud {
        CloudSource::Known(cloud) => cloud,
        CloudSource::Custom(custom) => panic!("{custom:?} has to be asked"),
    }
}

/// The error as the edge prints it: with its causes.
fn complaint(arguments: &[&str]) -> String {
    let error = config(arguments).expect_err(&format!("{arguments:?} was accepted"));
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

#[test]
fn nothing_given_is_a_working_configuration() {
    let config = config(&[]).unwrap();
    assert_eq!(config.interval, Duration::from_mins(10));
    assert_eq!(config.concurrency.get(), 8);
    assert_eq!(config.operations_per_cluster.get(), 1);
    assert_eq!(config.namespaces, WatchScope::All);
    assert_eq!(config.label_selector, None);
    assert_eq!(config.metrics_address, "0.0.0.0:8080".parse().ok());
    assert_eq!(config.health_address, "0.0.0.0:8081".parse().ok());
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.arm.api_version, "2024-04-13");
    assert_eq!(config.arm.credential, CredentialKind::Auto);
    assert_eq!(
        known(config),
        Cloud::new(CloudName::Public, CloudOverrides::default()).unwrap()
    );
}

#[test]
fn wrong_arguments_are_named_with_what_they_must_be() {
    for (arguments, expected) in [
        (
            &["--interval=0s"][..],
            "`--interval` must be a duration from 1s to 24h, not `0s`",
        ),
        (
            &["--interval=25h"],
            "`--interval` must be a duration from 1s to 24h, not `25h`",
        ),
        (
            &["--interval=10"],
            "`--interval` must be a duration such as 90s, 10m or 1h30m, not `10`",
        ),
        (&["--interval="], "`--interval` must be a duration such as"),
        (
            &["--concurrency=0"],
            "`--concurrency` must be from 1 to 256, not 0",
        ),
        (
            &["--concurrency=70000"],
            "`--concurrency` must be from 1 to 256, not 70000",
        ),
        (
            &["--operations-per-cluster=33"],
            "`--operations-per-cluster` must be from 1 to 32, not 33",
        ),
        (
            &["--watch-namespaces=a,,b"],
            "`--watch-namespaces` must be namespace names",
        ),
        (&["--watch-namespaces=Team_A"], "not `Team_A`"),
        (
            &["--watch-label-selector=a b"],
            "`--watch-label-selector` must be a label selector",
        ),
        (
            &["--metrics-bind-address=8080"],
            "`--metrics-bind-address` must be an IP address and a port",
        ),
        (
            &["--metrics-bind-address=example.com:80"],
            "not `example.com:80`",
        ),
        (
            &["--health-bind-address=[::]:99999"],
            "`--health-bind-address` must be an IP address and a port",
        ),
        (
            &["--health-bind-address=0.0.0.0:8080"],
            "`--metrics-bind-address` must not be the same as",
        ),
        (
            &["--log-level=loud"],
            "`--log-level` must be a level or a list such as `info,hyper=debug`: `loud` is not a level",
        ),
        (
            &["--arm-endpoint=http://example.com"],
            "`--arm-endpoint` is refused: ",
        ),
        (
            &["--authority-host=login"],
            "`--authority-host` is refused: ",
        ),
        (&["--arm-audience=nothing"], "`--arm-audience` is refused: "),
        (
            &["--arm-api-version=latest"],
            "`--arm-api-version` must be a date such as 2024-04-13",
        ),
        (&["--arm-api-version=2024-4-013"], "not `2024-4-013`"),
        (
            &["--arm-api-version=2024-04-13&x=y"],
            "`--arm-api-version` must be",
        ),
        (
            &["--leader-elect", "--leader-election-id=Shard_A"],
            "`--leader-election-id` must be the name of a Lease",
        ),
        (
            &["--leader-elect", "--leader-election-namespace=a.b"],
            "`--leader-election-namespace` must be the name of a namespace",
        ),
        (
            &["--allow-all", "--default-service-account=adx"],
            "`--default-service-account` must not be set together with `--allow-all`",
        ),
        (
            &["--object-identities=false", "--default-service-account=adx"],
            "`--default-service-account` must not be set together with `--object-identities=false`",
        ),
        (
            &["--default-service-account=a/b"],
            "`--default-service-account` must be the name of a ServiceAccount",
        ),
    ] {
        let complaint = complaint(arguments);
        assert!(
            complaint.contains(expected),
            "{arguments:?} said {complaint:?}"
        );
    }
}

#[test]
fn namespaces_are_sorted_and_named_once() {
    let scope = config(&["--watch-namespaces= b, a,b "]).unwrap().namespaces;
    assert_eq!(
        scope,
        WatchScope::Namespaces(vec!["a".to_owned(), "b".to_owned()])
    );
    let scope = config(&["--watch-namespaces="]).unwrap().namespaces;
    assert_eq!(scope, WatchScope::All);
}

#[test]
fn addresses_take_what_operators_are_used_to() {
    for (text, expected) in [
        ("0", None),
        (":9090", Some("0.0.0.0:9090")),
        ("localhost:9090", Some("127.0.0.1:9090")),
        ("127.0.0.1:0", Some("127.0.0.1:0")),
        ("[::]:9090", Some("[::]:9090")),
    ] {
        let config = config(&["--metrics-bind-address", text]).unwrap();
        let expected = expected.map(|address| address.parse().unwrap());
        assert_eq!(config.metrics_address, expected, "{text}");
    }
    let free = [
        "--metrics-bind-address=127.0.0.1:0",
        "--health-bind-address=127.0.0.1:0",
    ];
    assert!(
        config(&free).is_ok(),
        "port 0 is a different port each time"
    );
}

#[test]
fn azure_is_found_through_the_cloud_and_each_address_can_be_replaced() {
    let cloud = known(config(&["--cloud=usgovernment"]).unwrap());
    assert_eq!(
        cloud,
        Cloud::new(CloudName::UsGovernment, CloudOverrides::default()).unwrap()
    );

    let replaced = config(&[
        "--cloud=china",
        "--arm-endpoint=http://127.0.0.1:8090",
        "--authority-host=https://login.example",
        "--arm-audience=https://arm.example",
    ]);
    let cloud = known(replaced.unwrap());
    assert_eq!(
        cloud.endpoint,
        Endpoint::parse("http://127.0.0.1:8090").unwrap()
    );
    assert_eq!(cloud.authority_host, "https://login.example");
    assert_eq!(cloud.audience, "https://arm.example");
}

#[test]
fn a_custom_cloud_is_asked_for_what_is_not_given() {
    let custom = ["--cloud=custom", "--arm-endpoint=https://arm.example/"];
    let endpoint = Endpoint::parse("https://arm.example").unwrap();
    assert_eq!(
        config(&custom).unwrap().arm.cloud,
        CloudSource::Custom(CustomCloud {
            endpoint: endpoint.clone(),
            authority_host: None,
            audience: None,
        })
    );
    let given = [
        "--authority-host=https://login.example",
        "--arm-audience=https://audience.example",
    ];
    let all = [&custom[..], &given].concat();
    let cloud = known(config(&all).unwrap());
    assert_eq!(cloud.endpoint, endpoint);
    assert_eq!(cloud.authority_host, "https://login.example");
    assert_eq!(cloud.audience, "https://audience.example");

    let complaints = [
        (
            "--arm-endpoint=",
            "`--arm-endpoint` must be set for `--cloud custom`",
        ),
        (
            "--arm-endpoint=http://arm.example",
            "`--arm-endpoint` is refused: ",
        ),
        ("--authority-host=login", "`--authority-host` is refused: "),
        ("--arm-audience=arm", "`--arm-audience` is refused: "),
    ];
    for (wrong, expected) in complaints {
        let arguments = if wrong.starts_with("--arm-endpoint") {
            vec!["--cloud=custom", wrong]
        } else {
            [&custom[..], &[wrong]].concat()
        };
        let complaint = complaint(&arguments);
        assert!(complaint.starts_with(expected), "{complaint}");
    }
}

#[test]
fn the_authority_of_the_environment_gives_way_to_the_flag_only() {
    let variables = [("AZURE_AUTHORITY_HOST", "https://login.injected.example/")];
    let cloud = known(config_in(&[], &variables).unwrap());
    assert_eq!(cloud.authority_host, "https://login.injected.example");
    let flag = ["--authority-host=https://login.flag.example"];
    let cloud = known(config_in(&flag, &variables).unwrap());
    assert_eq!(cloud.authority_host, "https://login.flag.example");
    let error = config_in(&[], &[("AZURE_AUTHORITY_HOST", "login")]).unwrap_err();
    assert_eq!(error.to_string(), "`AZURE_AUTHORITY_HOST` is refused");
}

#[test]
fn credentials_come_from_azures_own_variables_and_empty_ones_are_missing() {
    let variables = [
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_CLIENT_ID", " client\n"),
        ("AZURE_CLIENT_SECRET", ""),
        ("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token"),
    ];
    let arguments = ["--credential=workload-identity", "--client-secret-file="];
    let arm = config_in(&arguments, &variables).unwrap().arm;
    assert_eq!(arm.credential, CredentialKind::WorkloadIdentity);
    assert_eq!(arm.environment.tenant_id.as_deref(), Some("tenant"));
    assert_eq!(arm.environment.client_id.as_deref(), Some("client"));
    assert!(arm.environment.client_secret.is_none());
    assert_eq!(arm.environment.client_secret_file, None);
    assert_eq!(
        arm.environment.federated_token_file,
        Some(PathBuf::from("/var/run/token"))
    );
}

#[test]
fn a_secret_is_not_shown_by_debug() {
    let variables = [("AZURE_CLIENT_SECRET", "open-sesame")];
    let config = config_in(&[], &variables).unwrap();
    assert!(!format!("{config:?}").contains("open-sesame"));
}
