//! The ARM simulator as a child process, and its control routes as methods.

mod journal;
mod secrets;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Client, Method};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

pub use self::journal::ArmCall;
pub use crate::loopback::Answer;
use crate::{
    error::TestbedError,
    logs::Logs,
    loopback,
    paths::Binary,
    process::Process,
    wait::{NotYet, eventually},
};

const LISTENING_DEADLINE: Duration = Duration::from_secs(20);
const STOP_GRACE: Duration = Duration::from_secs(10);

/// What the simulated Azure holds at the start.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum World {
    /// Nothing.
    #[default]
    Empty,
    /// What a world file says.
    File(PathBuf),
    /// What a document of the same shape says.
    Document(Value),
}

/// How the simulator listens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTPS with an authority made for this run: [`SimulatorProcess::ca_file`].
    Https,
}

/// How to start a simulator.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatorOptions {
    /// What exists at the start.
    pub world: World,
    /// How long each long-running operation takes.
    pub operation_duration: Duration,
    /// HTTP or HTTPS.
    pub transport: Transport,
    /// More arguments, as on the command line.
    pub args: Vec<String>,
    /// Another build of the simulator than the one that [`Binary::find`] finds.
    pub binary: Option<PathBuf>,
}

/// An empty world, operations of one second, HTTP.
impl Default for SimulatorOptions {
    fn default() -> Self {
        Self {
            world: World::Empty,
            operation_duration: Duration::from_secs(1),
            transport: Transport::Http,
            args: Vec::new(),
            binary: None,
        }
    }
}

/// A running simulator; dropping it ends it.
#[derive(Debug)]
pub struct SimulatorProcess {
    process: Process,
    scratch: TempDir,
    url: String,
    ca_file: Option<PathBuf>,
    http: Client,
}

impl SimulatorProcess {
    /// Starts the simulator on a free loopback port, and returns when it listens.
    ///
    /// # Errors
    /// When the binary is missing, ends (a wrong world, say), or does not listen in time.
    pub async fn start(options: SimulatorOptions, logs: &Logs) -> Result<Self, TestbedError> {
        let scratch = tempfile::Builder::new()
            .prefix("adx-simulator-")
            .tempdir()
            .map_err(TestbedError::io("make a temporary directory"))?;
        let binary = match options.binary {
            Some(binary) => binary,
            None => Binary::Simulator.find()?,
        };
        let mut command = Command::new(binary);
        command.arg("--listen=127.0.0.1:0").arg(format!(
            "--operation-duration={}ms",
            options.operation_duration.as_millis()
        ));
        match options.world {
            World::Empty => {}
            World::File(path) => {
                command.arg("--world").arg(path);
            }
            World::Document(document) => {
                // JSON is YAML.
                let path = scratch.path().join("world.yaml");
                fs::write(&path, document.to_string())
                    .map_err(TestbedError::io(format!("write {}", path.display())))?;
                command.arg("--world").arg(path);
            }
        }
        let tls_dir = scratch.path().join("tls");
        let ca_file = match options.transport {
            Transport::Http => None,
            Transport::Https => {
                fs::create_dir(&tls_dir)
                    .map_err(TestbedError::io(format!("make {}", tls_dir.display())))?;
                command.arg("--tls-dir").arg(&tls_dir);
                Some(tls_dir.join("ca.crt"))
            }
        };
        command.args(options.args);

        let mut process = Process::spawn("simulator", command, logs, Some(scratch.path()))?;
        let url = eventually(LISTENING_DEADLINE, "the simulator listens", async || {
            process.still_running()?;
            let log = fs::read_to_string(process.log())?;
            log.lines()
                .filter(|_| log.contains('\n'))
                .find_map(|line| line.strip_prefix("listening on "))
                .map(|url| url.trim().to_owned())
                .ok_or_else(|| NotYet::observed("no `listening on …` line"))
        })
        .await
        .map_err(|wait| logs.wait_error(wait))?;
        Ok(Self {
            http: loopback::client(ca_file.as_deref())?,
            process,
            scratch,
            url,
            ca_file,
        })
    }

    /// The simulator's URL, without a slash at the end: an ARM endpoint and an Entra authority in one.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The authority to trust, as a PEM file; `None` on plain HTTP.
    #[must_use]
    pub fn ca_file(&self) -> Option<&Path> {
        self.ca_file.as_deref()
    }

    /// The process id.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The world as it is now.
    ///
    /// # Errors
    /// When the simulator does not answer, or refuses.
    pub async fn world(&self) -> Result<Value, TestbedError> {
        self.control(Method::GET, "/_sim/world", None).await
    }

    /// Changes the world behind everybody's back, as a user of the portal does: merges a document of the
    /// world file's shape by id; `null` removes a field, `"$delete": true` an element.
    ///
    /// # Errors
    /// When the simulator does not answer, or refuses the document.
    pub async fn patch_world(&self, change: &Value) -> Result<Value, TestbedError> {
        self.control(Method::PATCH, "/_sim/world", Some(change))
            .await
    }

    /// Arms a fault.
    ///
    /// # Errors
    /// When the simulator does not answer, or refuses the fault.
    pub async fn arm_fault(&self, fault: &Value) -> Result<Value, TestbedError> {
        self.control(Method::POST, "/_sim/faults", Some(fault))
            .await
    }

    /// Disarms the fault of this name.
    ///
    /// # Errors
    /// When the simulator does not answer, or knows no fault of this name.
    pub async fn disarm_fault(&self, name: &str) -> Result<(), TestbedError> {
        let path = format!("/_sim/faults/{name}");
        let answer = self.control(Method::DELETE, &path, None).await;
        answer.map(|_| ())
    }

    /// Disarms every fault.
    ///
    /// # Errors
    /// When the simulator does not answer, or refuses.
    pub async fn disarm_faults(&self) -> Result<(), TestbedError> {
        let answer = self.control(Method::DELETE, "/_sim/faults", None).await;
        answer.map(|_| ())
    }

    /// The armed faults, with the counts of calls that each has seen and hit.
    ///
    /// # Errors
    /// When the simulator does not answer, or refuses.
    pub async fn faults(&self) -> Result<Value, TestbedError> {
        self.control(Method::GET, "/_sim/faults", None).await
    }

    /// Every token, assertion and client secret that was issued by or shown to the simulator since the start,
    /// ended and refused ones too: what must be in no log, status, event or metric.
    ///
    /// # Errors
    /// When the simulator does not answer, or answers with anything but lists of texts.
    pub async fn secrets(&self) -> Result<Vec<String>, TestbedError> {
        let answer = self.control(Method::GET, "/_sim/secrets", None).await?;
        // The answer itself stays out of the error: it is all secrets.
        secrets::read(&answer)
            .ok_or_else(|| TestbedError::unexpected("read the secrets", "no lists of texts"))
    }

    /// Every ARM call since the start, in order and in full.
    ///
    /// # Errors
    /// When the simulator does not answer, or answers with anything but a list.
    pub async fn journal(&self) -> Result<Vec<Value>, TestbedError> {
        self.entries("/_sim/journal").await
    }

    /// Every ARM, token and discovery call since the start, in order and in full; secrets are left out.
    ///
    /// # Errors
    /// As [`Self::journal`].
    pub async fn journal_with_tokens(&self) -> Result<Vec<Value>, TestbedError> {
        self.entries("/_sim/journal?tokens=true").await
    }

    /// Every ARM call since the start, in order and in short.
    ///
    /// # Errors
    /// As [`Self::journal`]; also when an entry has no method, URL or status.
    pub async fn calls(&self) -> Result<Vec<ArmCall>, TestbedError> {
        let entries = self.journal().await?;
        entries
            .iter()
            .map(|entry| {
                ArmCall::read(entry).ok_or_else(|| {
                    TestbedError::unexpected("read a journal entry", entry.to_string())
                })
            })
            .collect()
    }

    /// The ARM calls since the start that change something: PUT, PATCH, POST and DELETE.
    ///
    /// # Errors
    /// As [`Self::calls`].
    pub async fn writes(&self) -> Result<Vec<ArmCall>, TestbedError> {
        let mut calls = self.calls().await?;
        calls.retain(ArmCall::is_write);
        Ok(calls)
    }

    /// One ARM call with a token of the managed identity: another user of the same Azure.
    /// `path_and_query` includes the `api-version`. The call stands in the journal like any other.
    ///
    /// # Errors
    /// When the simulator issues no token or does not answer; an ARM error is an [`Answer`].
    pub async fn arm(
        &self,
        method: Method,
        path_and_query: &str,
        body: Option<&Value>,
    ) -> Result<Answer, TestbedError> {
        let token_url = format!(
            "{}/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fmanagement.azure.com%2F",
            self.url
        );
        let headers = [("x-identity-header", crate::operator::IDENTITY_HEADER)];
        let answer =
            loopback::exchange(&self.http, Method::GET, &token_url, &headers, None).await?;
        let token = answer
            .body
            .get("access_token")
            .and_then(Value::as_str)
            .ok_or_else(|| TestbedError::unexpected("get a token", answer.body.to_string()))?;
        let bearer = format!("Bearer {token}");
        let url = format!("{}{path_and_query}", self.url);
        loopback::exchange(
            &self.http,
            method,
            &url,
            &[("authorization", &bearer)],
            body,
        )
        .await
    }

    /// Stops the simulator in its orderly way.
    ///
    /// # Errors
    /// When it would not stop (it is killed then), or not with exit code 0.
    pub async fn stop(mut self) -> Result<(), TestbedError> {
        let status = self.process.terminate(STOP_GRACE).await?;
        if !status.success() {
            return Err(TestbedError::unexpected(
                "stop the simulator",
                status.to_string(),
            ));
        }
        self.scratch
            .close()
            .map_err(TestbedError::io("remove the simulator's files"))
    }

    async fn entries(&self, path: &str) -> Result<Vec<Value>, TestbedError> {
        match self.control(Method::GET, path, None).await? {
            Value::Array(entries) => Ok(entries),
            other => Err(TestbedError::unexpected(
                "read the journal",
                other.to_string(),
            )),
        }
    }

    async fn control(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, TestbedError> {
        let what = format!("{method} {path}");
        let url = format!("{}{path}", self.url);
        let answer = loopback::exchange(&self.http, method, &url, &[], body).await?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let text = format!("{} {}", answer.status, answer.body);
        Err(TestbedError::unexpected(what, text))
    }
}
