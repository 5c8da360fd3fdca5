//! A real etcd and kube-apiserver as two child processes, with RBAC, tokens and a kubeconfig.
//!
//! What is missing without a cluster around them: no kubelet; and no garbage collection, no namespace
//! deletion and no aggregated roles, unless a [`KubeControllerManager`](crate::KubeControllerManager)
//! runs beside them (control-plane.md §3).

mod access;
mod crds;
mod launch;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{Api, Client, api::PostParams};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{error::TestbedError, logs::Logs, objects::Objects, process::Process, tools::Tools};

/// After SIGTERM.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// Of a ServiceAccount's token: an hour, longer than any test.
const TOKEN_SECONDS: i64 = 3600;

/// A running control plane; dropping it ends its processes and removes its data.
#[derive(Debug)]
pub struct ControlPlane {
    // Fields are dropped in this order: the API server first, its database next, the files last.
    kube_apiserver: Process,
    etcd: Process,
    scratch: TempDir,
    endpoint: String,
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    logs: Logs,
}

impl ControlPlane {
    /// Starts etcd and kube-apiserver on free loopback ports, and returns when `/readyz` says ok.
    ///
    /// # Errors
    /// When a process cannot be started, ends, or is not ready in time. The error names its log.
    pub async fn start(tools: &Tools, logs: &Logs) -> Result<Self, TestbedError> {
        let scratch = tempfile::Builder::new()
            .prefix("adx-testbed-")
            .tempdir()
            .map_err(TestbedError::io("make a temporary directory"))?;
        let token = access::write_credentials(scratch.path())?;
        let (etcd, etcd_url) = launch::start_etcd(tools, logs, scratch.path()).await?;
        let (kube_apiserver, endpoint) =
            launch::start_api_server(tools, logs, scratch.path(), &etcd_url, &token).await?;
        let kubeconfig = scratch.path().join("kubeconfig");
        Ok(Self {
            kube_apiserver,
            etcd,
            scratch,
            endpoint,
            kubeconfig,
            kubectl: tools.kubectl.clone(),
            logs: logs.clone(),
        })
    }

    /// The API server's URL.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A kubeconfig of a cluster administrator. It goes when the control plane goes.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A kubeconfig of a cluster administrator who works in a namespace. It goes when the control plane
    /// goes.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn kubeconfig_in(&self, namespace: &str) -> Result<PathBuf, TestbedError> {
        let path = self
            .scratch
            .path()
            .join(format!("kubeconfig-in-{namespace}"));
        access::write_kubeconfig_in(namespace, &self.kubeconfig, &path)?;
        Ok(path)
    }

    /// The private key that signs the tokens of ServiceAccounts, a PEM file.
    pub(crate) fn signing_key(&self) -> PathBuf {
        self.scratch.path().join(access::SIGNING_KEY)
    }

    /// Any objects of the API server, with the administrator's rights.
    ///
    /// # Errors
    /// As [`Self::client`].
    pub async fn objects(&self) -> Result<Objects, TestbedError> {
        Ok(Objects::new(self.client().await?, self.logs.clone()))
    }

    /// Where the logs of this run are.
    #[must_use]
    pub const fn logs(&self) -> &Logs {
        &self.logs
    }

    /// A directory for files that may go when the control plane goes.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The process ids of kube-apiserver and etcd.
    #[must_use]
    pub const fn pids(&self) -> [u32; 2] {
        [self.kube_apiserver.pid(), self.etcd.pid()]
    }

    /// A client with the administrator's rights. One for each runtime: a client does not outlive the
    /// runtime that it was used in.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub async fn client(&self) -> Result<Client, TestbedError> {
        access::client(&self.kubeconfig).await
    }

    /// kubectl, pointed at this control plane with the administrator's rights.
    #[must_use]
    pub fn kubectl(&self) -> Command {
        let mut command = Command::new(&self.kubectl);
        command
            .env("KUBECONFIG", &self.kubeconfig)
            // Its discovery cache is keyed by host and port, which the next control plane may reuse.
            .env("KUBECACHEDIR", self.scratch.path().join("kubectl-cache"))
            .env("NO_PROXY", "127.0.0.1")
            .kill_on_drop(true);
        command
    }

    /// A kubeconfig that acts as a ServiceAccount, with a token that the API server issues for it:
    /// what runs with it has exactly that account's rights. The account has to exist.
    ///
    /// # Errors
    /// When the API server refuses the token, or the file cannot be written.
    pub async fn service_account_kubeconfig(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<PathBuf, TestbedError> {
        let doing = format!("get a token for ServiceAccount {namespace}/{name}");
        let accounts: Api<ServiceAccount> = Api::namespaced(self.client().await?, namespace);
        let request = TokenRequest {
            spec: TokenRequestSpec {
                expiration_seconds: Some(TOKEN_SECONDS),
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let answer = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await
            .map_err(TestbedError::kubernetes(&doing))?;
        let status = answer
            .status
            .ok_or_else(|| TestbedError::unexpected(&doing, "no token in the answer"))?;
        let path = self
            .scratch
            .path()
            .join(format!("kubeconfig-{namespace}-{name}"));
        let certificate = launch::certificate(self.scratch.path());
        access::write_kubeconfig(&path, &self.endpoint, &certificate, &status.token)?;
        Ok(path)
    }

    /// Applies the CustomResourceDefinitions of a YAML text (one document or more) and returns when
    /// each of them is established and served.
    ///
    /// # Errors
    /// When the YAML is no CRD, the API server refuses it, or it is not served in time.
    pub async fn install_crds(&self, yaml: &str) -> Result<(), TestbedError> {
        crds::install(&self.client().await?, yaml, &self.logs).await
    }

    /// Installs the CRDs of every `.yaml` file of a directory, as [`Self::install_crds`] does.
    ///
    /// # Errors
    /// As [`Self::install_crds`]; also when the directory holds no `.yaml` file.
    pub async fn install_crds_from(&self, directory: &Path) -> Result<(), TestbedError> {
        for yaml in crds::read_all(directory)? {
            self.install_crds(&yaml).await?;
        }
        Ok(())
    }

    /// Stops both processes in their order and removes their data.
    ///
    /// # Errors
    /// When one of them would not stop (it is killed then) or the data cannot be removed.
    pub async fn stop(self) -> Result<(), TestbedError> {
        let mut api_server = self.kube_apiserver;
        let mut etcd = self.etcd;
        let api_server_stopped = api_server.terminate(STOP_GRACE).await;
        let etcd_stopped = etcd.terminate(STOP_GRACE).await;
        let removed = self
            .scratch
            .close()
            .map_err(TestbedError::io("remove the control plane's data"));
        api_server_stopped.and(etcd_stopped).and(removed)
    }
}
