//! kube-controller-manager beside a control plane: garbage collection by owner references, deletion of
//! namespaces, aggregation of roles. I/O.

use std::{path::Path, time::Duration};

use tokio::process::Command;

use crate::{
    control_plane::ControlPlane,
    error::TestbedError,
    logs::Logs,
    loopback,
    ports::Ports,
    process::Process,
    tools::Tool,
    wait::{NotYet, eventually},
};

const READY_DEADLINE: Duration = Duration::from_mins(1);
const STOP_GRACE: Duration = Duration::from_secs(10);

/// The controllers that run. None that makes Pods: without a kubelet they would not run, and a test
/// may say itself how a Deployment fares.
const CONTROLLERS: &str = "garbage-collector-controller,namespace-controller,\
    serviceaccount-controller,clusterrole-aggregation-controller";

/// A running kube-controller-manager; dropping it ends it.
///
/// Its garbage collector looks for new kinds every 30 s: started after the CRDs are installed, it knows
/// them from the start.
#[derive(Debug)]
pub struct KubeControllerManager {
    process: Process,
}

impl KubeControllerManager {
    /// Starts it with the administrator's rights and returns when it is healthy.
    ///
    /// # Errors
    /// When it cannot be built, ends or is not healthy in time. The error names its log.
    pub async fn start(plane: &ControlPlane) -> Result<Self, TestbedError> {
        let program = Tool::KubeControllerManager.ensure().await?;
        let mut ports = Ports::default();
        loop {
            match start_on(ports.free()?, &program, plane).await {
                Err(error) if ports.was_taken(&error) => {}
                outcome => return outcome.map(|process| Self { process }),
            }
        }
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it would not stop; it is killed then.
    pub async fn stop(mut self) -> Result<(), TestbedError> {
        self.process.terminate(STOP_GRACE).await.map(drop)
    }
}

async fn start_on(
    port: u16,
    program: &Path,
    plane: &ControlPlane,
) -> Result<Process, TestbedError> {
    let directory = plane.scratch().join("controller-manager");
    let file = |path: &Path| path.display().to_string();
    let mut command = Command::new(program);
    command
        .env_clear()
        .arg(format!("--kubeconfig={}", file(plane.kubeconfig())))
        .arg(format!("--controllers={CONTROLLERS}"))
        .arg("--leader-elect=false")
        .arg("--bind-address=127.0.0.1")
        .arg(format!("--secure-port={port}"))
        .arg("--authentication-skip-lookup")
        .arg(format!(
            "--service-account-private-key-file={}",
            file(&plane.signing_key())
        ))
        // It makes its own certificate there.
        .arg(format!("--cert-dir={}", file(&directory)));
    let logs: &Logs = plane.logs();
    let mut process = Process::spawn("kube-controller-manager", command, logs, None)?;
    let certificate = directory.join("kube-controller-manager.crt");
    let health = format!("https://127.0.0.1:{port}/healthz");
    let what = "kube-controller-manager is healthy";
    eventually(READY_DEADLINE, what, async || {
        process.still_running()?;
        let http = loopback::client(Some(&certificate))?;
        let answer = http.get(&health).send().await?.text().await?;
        if answer == "ok" {
            return Ok(());
        }
        Err(NotYet::observed(answer))
    })
    .await
    .map_err(|wait| logs.wait_error(wait))?;
    Ok(process)
}
