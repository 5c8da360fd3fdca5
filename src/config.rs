//! Owns the settings: turns raw arguments and variables into checked values, once, so that no later code doubts them. Pure.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::api::{IntervalError, parse_interval};
use crate::azure::cloud::CloudError;
use crate::azure::credential::{CredentialEnvironment, CredentialKind};
use crate::azure::discovery::CloudSource;
use crate::cli::{AzureArgs, CredentialArg, LogFormatArg, RunArgs};
use crate::controller::Tenancy;
use crate::telemetry::{LogConfig, LogFilterError, LogFormat};

mod cloud;
mod election;
mod selector;
mod tenancy;
#[cfg(test)]
mod tests;

pub use election::{Election, election};

pub use selector::{is_dns_label as is_namespace, is_dns_subdomain as is_object_name};
pub use tenancy::tenancy;

/// Most objects reconciled at a time. Each may hold a connection and an answer of a few megabytes.
const MAX_CONCURRENCY: u16 = 256;

/// Most operations at a time on one cluster. The service fails what it cannot serialise, so more only makes noise.
const MAX_OPERATIONS_PER_CLUSTER: u16 = 32;

/// Everything that `run` needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// How often live state is compared, for objects that do not say.
    pub interval: Duration,
    /// Objects reconciled at a time.
    pub concurrency: NonZeroU16,
    /// Operations at a time on one follower cluster.
    pub operations_per_cluster: NonZeroU16,
    /// Where objects are looked for.
    pub namespaces: WatchScope,
    /// Which labels they must have, in `kubectl`'s notation; none: any.
    pub label_selector: Option<String>,
    /// Where `/metrics` is served; none: not at all.
    pub metrics_address: Option<SocketAddr>,
    /// Where the probes are served; none: not at all.
    pub health_address: Option<SocketAddr>,
    /// What is logged, and how.
    pub log: LogConfig,
    /// How the one replica that acts is elected; none: this one acts.
    pub election: Option<Election>,
    /// Who may use which Azure identity.
    pub tenancy: Tenancy,
    /// How Azure is reached.
    pub arm: ArmConfig,
}

/// The namespaces that are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchScope {
    /// Every namespace, those of tomorrow too.
    All,
    /// These, sorted, each once, at least one.
    Namespaces(Vec<String>),
}

/// How Azure Resource Manager and Microsoft Entra are reached.
#[derive(Debug, Clone)]
pub struct ArmConfig {
    /// The addresses and the audience, or where to ask for them.
    pub cloud: CloudSource,
    /// The `api-version` of the `Microsoft.Kusto` provider.
    pub api_version: String,
    /// PEM certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// How the operator proves who it is.
    pub credential: CredentialKind,
    /// What it proves it with.
    pub environment: CredentialEnvironment,
}

/// What is wrong with an argument. Each message names the flag and says what it must be.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Not an interval, or one that is too short or too long.
    #[error("`--interval` {problem}, not `{value}`")]
    Interval {
        /// What was given.
        value: String,
        /// What it must be.
        problem: IntervalError,
    },
    /// A number outside its bounds.
    #[error("`{flag}` must be from 1 to {most}, not {value}")]
    OutOfRange {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: u32,
        /// The largest value.
        most: u16,
    },
    /// Not the name of a namespace.
    #[error(
        "`--watch-namespaces` must be namespace names separated by commas (lower-case letters, digits and \
         hyphens, at most 63), not `{0}`"
    )]
    Namespace(String),
    /// Not a label selector.
    #[error(
        "`--watch-label-selector` must be a label selector such as `shard=a,tier in (gold,silver)`, not `{0}`"
    )]
    LabelSelector(String),
    /// Not an address to listen on.
    #[error(
        "`{flag}` must be an IP address and a port such as 0.0.0.0:8080 or [::]:8080, or 0 for none, not `{value}`"
    )]
    Address {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: String,
    },
    /// One address for both servers.
    #[error("`--metrics-bind-address` must not be the same as `--health-bind-address` ({0})")]
    SameAddress(SocketAddr),
    /// Not a log filter.
    #[error("`--log-level` must be a level or a list such as `info,hyper=debug`")]
    LogFilter(#[source] LogFilterError),
    /// An address or audience of the cloud that cannot be used.
    #[error("`{flag}` is refused")]
    Cloud {
        /// The flag or variable.
        flag: &'static str,
        /// Why.
        source: CloudError,
    },
    /// A custom cloud without an address.
    #[error("`--arm-endpoint` must be set for `--cloud custom`")]
    CustomCloud,
    /// Not an API version.
    #[error(
        "`--arm-api-version` must be a date such as 2024-04-13, with -preview if it is one, not `{0}`"
    )]
    ApiVersion(String),
    /// Not the name of a ServiceAccount.
    #[error(
        "`--default-service-account` must be the name of a ServiceAccount (lower-case letters, digits, hyphens and \
         periods, at most 253), not `{0}`"
    )]
    ServiceAccount(String),
    /// Two flags that can't both be meant.
    #[error("`{flag}` must not be set together with `{other}`")]
    Contradiction {
        /// The one.
        flag: &'static str,
        /// The other.
        other: &'static str,
    },
    /// Not the name of a Lease.
    #[error(
        "`--leader-election-id` must be the name of a Lease (lower-case letters, digits, hyphens and periods, at most \
         253), not `{0}`"
    )]
    LeaseName(String),
    /// Not the name of a namespace.
    #[error(
        "`--leader-election-namespace` must be the name of a namespace (lower-case letters, digits and hyphens, at most \
         63), not `{0}`"
    )]
    LeaseNamespace(String),
}

impl Config {
    /// Checks every argument. `variable` looks up Azure's own variables; an empty one counts as missing, because
    /// a manifest cannot leave a variable out where a template sets it.
    ///
    /// # Errors
    /// Names the first argument that is wrong.
    pub fn new(
        arguments: RunArgs,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let RunArgs {
            watch_namespaces,
            watch_label_selector,
            interval,
            operations_per_cluster,
            concurrency,
            election,
            metrics_bind_address,
            health_bind_address,
            log_format,
            log_level,
            tenancy,
            azure,
        } = arguments;
        let metrics_address = address("--metrics-bind-address", &metrics_bind_address)?;
        let health_address = address("--health-bind-address", &health_bind_address)?;
        match (metrics_address, health_address) {
            (Some(metrics), Some(health)) if metrics == health && metrics.port() != 0 => {
                return Err(ConfigError::SameAddress(metrics));
            }
            (Some(_) | None, Some(_) | None) => {}
        }
        Ok(Self {
            interval: parse_interval(interval.trim()).map_err(|problem| ConfigError::Interval {
                value: interval,
                problem,
            })?,
            concurrency: count("--concurrency", concurrency, MAX_CONCURRENCY)?,
            operations_per_cluster: count(
                "--operations-per-cluster",
                operations_per_cluster,
                MAX_OPERATIONS_PER_CLUSTER,
            )?,
            namespaces: watch_scope(&watch_namespaces)?,
            label_selector: label_selector(&watch_label_selector)?,
            metrics_address,
            health_address,
            log: LogConfig {
                format: match log_format {
                    LogFormatArg::Json => LogFormat::Json,
                    LogFormatArg::Text => LogFormat::Text,
                },
                filter: log_level.parse().map_err(ConfigError::LogFilter)?,
            },
            election: election::election(election, &variable)?,
            tenancy: tenancy::tenancy(tenancy)?,
            arm: ArmConfig::new(azure, variable)?,
        })
    }
}

impl ArmConfig {
    /// Checks the arguments that say how Azure is reached. `variable` is as for [`Config::new`].
    ///
    /// # Errors
    /// Names the first argument that is wrong.
    pub fn new(
        arguments: AzureArgs,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let AzureArgs {
            cloud,
            credential,
            client_secret_file,
            arm_endpoint,
            arm_audience,
            arm_api_version,
            authority_host,
            azure_ca_file,
        } = arguments;
        let variable = |name: &str| given(variable(name));
        let addresses = cloud::Addresses {
            endpoint: given(arm_endpoint),
            audience: given(arm_audience),
            authority: given(authority_host)
                .map(|host| ("--authority-host", host))
                .or_else(|| Some(("AZURE_AUTHORITY_HOST", variable("AZURE_AUTHORITY_HOST")?))),
        };
        Ok(Self {
            cloud: addresses.cloud(cloud)?,
            api_version: api_version(arm_api_version)?,
            ca_file: given(azure_ca_file).map(PathBuf::from),
            credential: match credential {
                CredentialArg::Auto => CredentialKind::Auto,
                CredentialArg::WorkloadIdentity => CredentialKind::WorkloadIdentity,
                CredentialArg::ManagedIdentity => CredentialKind::ManagedIdentity,
                CredentialArg::ClientSecret => CredentialKind::ClientSecret,
            },
            environment: CredentialEnvironment {
                tenant_id: variable("AZURE_TENANT_ID"),
                client_id: variable("AZURE_CLIENT_ID"),
                client_secret: variable("AZURE_CLIENT_SECRET").map(Zeroizing::new),
                client_secret_file: given(client_secret_file).map(PathBuf::from),
                federated_token_file: variable("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            },
        })
    }
}

/// The text without the blanks around it; none when nothing is left.
fn given(value: Option<String>) -> Option<String> {
    value
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

fn count(flag: &'static str, value: u32, most: u16) -> Result<NonZeroU16, ConfigError> {
    u16::try_from(value)
        .ok()
        .filter(|value| *value <= most)
        .and_then(NonZeroU16::new)
        .ok_or(ConfigError::OutOfRange { flag, value, most })
}

fn watch_scope(text: &str) -> Result<WatchScope, ConfigError> {
    if text.trim().is_empty() {
        return Ok(WatchScope::All);
    }
    let mut names = Vec::new();
    for name in text.split(',').map(str::trim) {
        if !selector::is_dns_label(name) {
            return Err(ConfigError::Namespace(name.to_owned()));
        }
        names.push(name.to_owned());
    }
    names.sort_unstable();
    names.dedup();
    Ok(WatchScope::Namespaces(names))
}

fn label_selector(text: &str) -> Result<Option<String>, ConfigError> {
    let text = text.trim();
    if text.is_empty() {
        Ok(None)
    } else if selector::is_label_selector(text) {
        Ok(Some(text.to_owned()))
    } else {
        Err(ConfigError::LabelSelector(text.to_owned()))
    }
}

/// `HOST:PORT` or `0`. An empty host is every IPv4 address, as in controller-runtime's flags. Names other than
/// `localhost` are refused, because they would be looked up before anything can be told about a failure.
fn address(flag: &'static str, text: &str) -> Result<Option<SocketAddr>, ConfigError> {
    let text = text.trim();
    if text == "0" {
        return Ok(None);
    }
    let named = text.rsplit_once(':').and_then(|(host, port)| {
        let host = match host {
            "" => Ipv4Addr::UNSPECIFIED,
            "localhost" => Ipv4Addr::LOCALHOST,
            _ => return None,
        };
        Some(SocketAddr::new(IpAddr::V4(host), port.parse().ok()?))
    });
    named
        .or_else(|| text.parse().ok())
        .map(Some)
        .ok_or_else(|| ConfigError::Address {
            flag,
            value: text.to_owned(),
        })
}

fn api_version(text: String) -> Result<String, ConfigError> {
    let date = text.strip_suffix("-preview").unwrap_or(&text);
    let parts: Vec<usize> = date
        .split('-')
        .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
        .map(str::len)
        .collect();
    if date.len() == "2024-04-13".len() && parts == [4, 2, 2] {
        Ok(text)
    } else {
        Err(ConfigError::ApiVersion(text))
    }
}
