//! Helm 3 and Helm 4, with files of their own. I/O.

use std::{
    path::PathBuf,
    process::{Output, Stdio},
};

use tempfile::TempDir;
use tokio::process::Command;

use crate::{control_plane::ControlPlane, error::TestbedError, tools::Tool};

/// Which Helm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HelmVersion {
    /// Helm 3: applies on the client's side.
    V3,
    /// Helm 4: applies on the server's side by default, and waits by kstatus.
    V4,
}

impl HelmVersion {
    /// Both, the older first.
    pub const ALL: [Self; 2] = [Self::V3, Self::V4];

    const fn tool(self) -> Tool {
        match self {
            Self::V3 => Tool::Helm3,
            Self::V4 => Tool::Helm4,
        }
    }
}

/// Helm, ready to be run. It knows no plugin, no repository and no registry of the person who runs it.
#[derive(Debug)]
pub struct Helm {
    program: PathBuf,
    home: TempDir,
    kubeconfig: Option<PathBuf>,
}

impl Helm {
    /// Helm without a cluster: for `lint`, `template` and `package`.
    ///
    /// # Errors
    /// When it cannot be built.
    pub async fn offline(version: HelmVersion) -> Result<Self, TestbedError> {
        let home = tempfile::Builder::new()
            .prefix("adx-helm-")
            .tempdir()
            .map_err(TestbedError::io("make a temporary directory"))?;
        Ok(Self {
            program: version.tool().ensure().await?,
            home,
            kubeconfig: None,
        })
    }

    /// Helm with the administrator's rights on a control plane.
    ///
    /// # Errors
    /// When it cannot be built.
    pub async fn on(version: HelmVersion, plane: &ControlPlane) -> Result<Self, TestbedError> {
        Ok(Self {
            kubeconfig: Some(plane.kubeconfig().to_owned()),
            ..Self::offline(version).await?
        })
    }

    /// A command without arguments.
    #[must_use]
    pub fn command(&self) -> Command {
        let home = self.home.path();
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("HOME", home)
            .env("HELM_CACHE_HOME", home.join("cache"))
            .env("HELM_CONFIG_HOME", home.join("config"))
            .env("HELM_DATA_HOME", home.join("data"))
            // Without a cluster it must not find one by chance.
            .env(
                "KUBECONFIG",
                self.kubeconfig.clone().unwrap_or_else(|| home.join("none")),
            )
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs Helm to its end, whatever that is.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn output(&self, args: &[&str]) -> Result<Output, TestbedError> {
        let output = self.command().args(args).output().await;
        output.map_err(TestbedError::io(format!("run helm {}", args.join(" "))))
    }

    /// Runs Helm and returns what it printed on standard output.
    ///
    /// # Errors
    /// When it ends with an error: both outputs are in ours.
    pub async fn run(&self, args: &[&str]) -> Result<String, TestbedError> {
        let output = self.output(args).await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(text);
        }
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(TestbedError::unexpected(
            format!("run helm {}", args.join(" ")),
            format!("{}\n{text}{errors}", output.status),
        ))
    }
}
