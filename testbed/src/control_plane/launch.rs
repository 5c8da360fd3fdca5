//! Starts etcd and kube-apiserver on free ports, and waits until each is ready.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;

use super::access;
use crate::{
    error::TestbedError,
    logs::Logs,
    loopback,
    ports::Ports,
    process::Process,
    tools::Tools,
    wait::{NotYet, eventually},
};

/// Measured: 3 s on two idle cores. The rest is for a machine that compiles beside it.
const READY_DEADLINE: Duration = Duration::from_secs(90);
/// Where kube-apiserver keeps the certificate that it makes for itself.
const CERTIFICATES: &str = "certificates";

/// Starts etcd; returns it with its URL.
pub(super) async fn start_etcd(
    tools: &Tools,
    logs: &Logs,
    scratch: &Path,
) -> Result<(Process, String), TestbedError> {
    let mut ports = Ports::default();
    loop {
        match etcd_on(ports.free()?, tools, logs, scratch).await {
            Err(error) if ports.was_taken(&error) => {}
            outcome => return outcome,
        }
    }
}

/// Starts kube-apiserver on that etcd, with `token` as its administrator's; returns it with its URL.
/// It leaves a kubeconfig of the administrator.
pub(super) async fn start_api_server(
    tools: &Tools,
    logs: &Logs,
    scratch: &Path,
    etcd_url: &str,
    token: &str,
) -> Result<(Process, String), TestbedError> {
    let mut ports = Ports::default();
    loop {
        let port = ports.free()?;
        let command = api_server_command(tools, scratch, etcd_url, port);
        match api_server_on(port, command, logs, scratch, token).await {
            Err(error) if ports.was_taken(&error) => {}
            outcome => return outcome,
        }
    }
}

async fn etcd_on(
    port: u16,
    tools: &Tools,
    logs: &Logs,
    scratch: &Path,
) -> Result<(Process, String), TestbedError> {
    let url = format!("http://127.0.0.1:{port}");
    let mut command = Command::new(&tools.etcd);
    command
        .env_clear()
        .arg(format!("--data-dir={}", scratch.join("etcd").display()))
        .arg(format!("--listen-client-urls={url}"))
        .arg(format!("--advertise-client-urls={url}"))
        .arg("--listen-peer-urls=http://127.0.0.1:0")
        // Nothing here has to survive a power cut.
        .arg("--unsafe-no-fsync");
    let mut etcd = Process::spawn("etcd", command, logs, Some(scratch))?;
    let http = loopback::client(None)?;
    let health = format!("{url}/health");
    eventually(READY_DEADLINE, "etcd is healthy", async || {
        etcd.still_running()?;
        let answer = http.get(&health).send().await?.text().await?;
        if answer.contains("\"true\"") {
            return Ok(());
        }
        Err(NotYet::observed(answer))
    })
    .await
    .map_err(|wait| logs.wait_error(wait))?;
    Ok((etcd, url))
}

async fn api_server_on(
    port: u16,
    command: Command,
    logs: &Logs,
    scratch: &Path,
    token: &str,
) -> Result<(Process, String), TestbedError> {
    let endpoint = format!("https://127.0.0.1:{port}");
    let mut server = Process::spawn("kube-apiserver", command, logs, None)?;
    let kubeconfig = scratch.join("kubeconfig");
    let certificate = certificate(scratch);
    eventually(READY_DEADLINE, "kube-apiserver is ready", async || {
        server.still_running()?;
        access::write_kubeconfig(&kubeconfig, &endpoint, &certificate, token)?;
        let client = access::client(&kubeconfig).await?;
        let request = http::Request::get("/readyz").body(Vec::new())?;
        let answer = client.request_text(request).await?;
        if answer == "ok" {
            return Ok(());
        }
        Err(NotYet::observed(answer))
    })
    .await
    .map_err(|wait| logs.wait_error(wait))?;
    Ok((server, endpoint))
}

fn api_server_command(tools: &Tools, scratch: &Path, etcd_url: &str, port: u16) -> Command {
    let file = |name: &str| scratch.join(name).display().to_string();
    let verifying_key = file(access::VERIFYING_KEY);
    let signing_key = file(access::SIGNING_KEY);
    let mut command = Command::new(&tools.kube_apiserver);
    command
        .env_clear()
        .arg(format!("--etcd-servers={etcd_url}"))
        .arg(format!("--cert-dir={}", file(CERTIFICATES)))
        .arg(format!("--secure-port={port}"))
        .arg("--bind-address=127.0.0.1")
        // A machine without a default route has no other address, and nobody looks for this server
        // through the `kubernetes` Service.
        .arg("--advertise-address=127.0.0.1")
        .arg("--endpoint-reconciler-type=none")
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg(format!("--service-account-key-file={verifying_key}"))
        .arg(format!("--service-account-signing-key-file={signing_key}"))
        .arg(format!("--token-auth-file={}", file(access::TOKENS)))
        .arg("--authorization-mode=RBAC")
        .arg("--service-cluster-ip-range=10.0.0.0/24")
        // Without a controller-manager no namespace gets its default ServiceAccount.
        .arg("--disable-admission-plugins=ServiceAccount");
    command
}

/// The certificate that kube-apiserver makes for itself; it serves as the authority too.
pub(super) fn certificate(scratch: &Path) -> PathBuf {
    scratch.join(CERTIFICATES).join("apiserver.crt")
}
