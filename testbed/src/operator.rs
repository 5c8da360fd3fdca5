//! The operator as a child process, with the simulator as its Azure.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use reqwest::Client;
use serde_json::Value;
use tokio::process::Command;

use crate::{
    error::TestbedError,
    logs::Logs,
    loopback,
    paths::Binary,
    process::Process,
    simulator::SimulatorProcess,
    wait::{NotYet, eventually},
};

const LISTENING_DEADLINE: Duration = Duration::from_secs(20);
const READY_DEADLINE: Duration = Duration::from_mins(1);
/// What Kubernetes gives a Pod by default.
const STOP_GRACE: Duration = Duration::from_secs(30);

/// The shared secret of App Service's managed identity protocol: any value does for the simulator.
pub(crate) const IDENTITY_HEADER: &str = "testbed";

/// How to start an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorOptions {
    /// The Kubernetes to work on, and the rights there.
    pub kubeconfig: PathBuf,
    /// The URL of ARM.
    pub arm_endpoint: String,
    /// The authority that signed ARM's certificate, as a PEM file.
    pub arm_ca_file: Option<PathBuf>,
    /// How the operator proves who it is, as `--credential` takes it.
    pub credential: String,
    /// More arguments of `run`.
    pub args: Vec<String>,
    /// More environment. Nothing but `PATH` comes from the parent.
    pub env: Vec<(String, String)>,
    /// Another build of the operator than the one that [`Binary::find`] finds.
    pub binary: Option<PathBuf>,
}

impl OperatorOptions {
    /// An operator on the Kubernetes of `kubeconfig` with the simulator as its Azure.
    #[must_use]
    pub fn new(kubeconfig: &Path, simulator: &SimulatorProcess) -> Self {
        Self {
            kubeconfig: kubeconfig.to_owned(),
            arm_endpoint: simulator.url().to_owned(),
            arm_ca_file: simulator.ca_file().map(Path::to_owned),
            credential: "managed-identity".to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            binary: None,
        }
    }

    /// Proves who it is by another credential than the simulator's managed identity.
    #[must_use]
    pub fn credential(mut self, credential: impl Into<String>) -> Self {
        self.credential = credential.into();
        self
    }

    /// Adds one variable of the environment.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// Adds one argument of `run`, such as `--interval=1s`.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }
}

/// A running operator; dropping it kills it.
#[derive(Debug)]
pub struct OperatorProcess {
    process: Process,
    health: String,
    metrics: String,
    logs: Logs,
    http: Client,
}

impl OperatorProcess {
    /// Starts `adx-follower run` and returns when it listens on its health and metrics ports.
    /// It may not be ready then: [`Self::wait_ready`].
    ///
    /// # Errors
    /// When the binary is missing, ends, or does not listen in time. The error names its log.
    pub async fn start(options: OperatorOptions, logs: &Logs) -> Result<Self, TestbedError> {
        let mut process = Process::spawn("operator", command(options)?, logs, None)?;
        let (health, metrics) =
            eventually(LISTENING_DEADLINE, "the operator listens", async || {
                process.still_running()?;
                let log = fs::read_to_string(process.log())?;
                let address = |server| {
                    listening(&log, server).ok_or_else(|| {
                        NotYet::observed(format!("no line about {server}'s address"))
                    })
                };
                Ok((address("health")?, address("metrics")?))
            })
            .await
            .map_err(|wait| logs.wait_error(wait))?;
        Ok(Self {
            process,
            health: format!("http://{health}"),
            metrics: format!("http://{metrics}"),
            logs: logs.clone(),
            http: loopback::client(None)?,
        })
    }

    /// Returns when `/readyz` answers 200.
    ///
    /// # Errors
    /// When the process ends or is not ready in time; the error has the last answer.
    pub async fn wait_ready(&mut self) -> Result<(), TestbedError> {
        let url = format!("{}/readyz", self.health);
        eventually(READY_DEADLINE, "the operator is ready", async || {
            self.process.still_running()?;
            let answer = self.http.get(&url).send().await?;
            let status = answer.status();
            if status.is_success() {
                return Ok(());
            }
            Err(NotYet::observed(format!(
                "{status}: {}",
                answer.text().await?
            )))
        })
        .await
        .map_err(|wait| self.logs.wait_error(wait))
    }

    /// The URL of the health server, without a path.
    #[must_use]
    pub fn health_url(&self) -> &str {
        &self.health
    }

    /// The text of `/metrics`.
    ///
    /// # Errors
    /// When the operator does not answer.
    pub async fn metrics(&self) -> Result<String, TestbedError> {
        let url = format!("{}/metrics", self.metrics);
        let doing = || format!("GET {url}");
        let answer = self.http.get(&url).send().await;
        let answer = answer.and_then(reqwest::Response::error_for_status);
        let answer = answer.map_err(TestbedError::http(doing()))?;
        answer.text().await.map_err(TestbedError::http(doing()))
    }

    /// The process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The operator's log.
    #[must_use]
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// The memory in use (resident set size), in bytes.
    ///
    /// # Errors
    /// When the process has ended, or this is no Linux.
    pub fn rss_bytes(&self) -> Result<u64, TestbedError> {
        let path = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(&path).map_err(TestbedError::io(format!("read {path}")))?;
        rss(&status).ok_or_else(|| TestbedError::unexpected(format!("read {path}"), "no VmRSS"))
    }

    /// Kills the operator (SIGKILL), as a node that dies does.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub async fn kill(mut self) -> Result<(), TestbedError> {
        self.process.kill().await
    }

    /// Stops the operator (SIGTERM) and returns how it ended.
    ///
    /// # Errors
    /// When it would not stop within 30 s; it is killed then.
    pub async fn terminate(mut self) -> Result<ExitStatus, TestbedError> {
        self.process.terminate(STOP_GRACE).await
    }
}

fn command(options: OperatorOptions) -> Result<Command, TestbedError> {
    let binary = match options.binary {
        Some(binary) => binary,
        None => Binary::Operator.find()?,
    };
    let mut command = Command::new(binary);
    // The environment of a developer's shell (Azure credentials, proxies) is none of its business.
    command.env_clear();
    if let Some(path) = env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
        .env("KUBECONFIG", options.kubeconfig)
        .env(
            "IDENTITY_ENDPOINT",
            format!("{}/msi/token", options.arm_endpoint),
        )
        .env("IDENTITY_HEADER", IDENTITY_HEADER)
        .arg("run")
        .arg(format!("--arm-endpoint={}", options.arm_endpoint))
        .arg(format!("--credential={}", options.credential))
        .arg("--metrics-bind-address=127.0.0.1:0")
        .arg("--health-bind-address=127.0.0.1:0")
        .arg("--log-format=json");
    if let Some(ca_file) = options.arm_ca_file {
        command.arg("--azure-ca-file").arg(ca_file);
    }
    command.args(options.args).envs(options.env);
    Ok(command)
}

/// The address that a server said it listens on, as in
/// `{"message":"listening","server":"health","address":"127.0.0.1:8081"}`.
fn listening(log: &str, server: &str) -> Option<String> {
    log.lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        // A subscriber puts an event's fields into the line itself or into an object of their own.
        .map(|line| line.get("fields").cloned().unwrap_or(line))
        .filter(|line| line.get("message").and_then(Value::as_str) == Some("listening"))
        .find(|line| line.get("server").and_then(Value::as_str) == Some(server))
        .and_then(|line| Some(line.get("address")?.as_str()?.to_owned()))
}

/// `VmRSS` of a `/proc/PID/status`, in bytes.
fn rss(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_each_server_is_read_from_the_log() {
        let log = concat!(
            "not json\n",
            "{\"message\":\"starting\",\"server\":\"health\"}\n",
            "{\"message\":\"listening\",\"server\":\"metrics\",\"address\":\"127.0.0.1:1\"}\n",
            "{\"fields\":{\"message\":\"listening\",\"server\":\"health\",\"address\":\"127.0.0.1:2\"}}\n",
            "{\"message\":\"listening\",\"server\":\"half",
        );
        assert_eq!(listening(log, "metrics").as_deref(), Some("127.0.0.1:1"));
        assert_eq!(listening(log, "health").as_deref(), Some("127.0.0.1:2"));
        assert_eq!(listening(log, "half"), None);
    }

    #[test]
    fn memory_is_read_in_bytes() {
        let status = "Name:\tadx-follower\nVmRSS:\t   12345 kB\nThreads:\t3\n";
        assert_eq!(rss(status), Some(12345 * 1024));
        assert_eq!(rss("Name:\tgone\n"), None);
    }
}
