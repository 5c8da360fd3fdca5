//! Starts the programs of Argo CD. I/O.

use std::{
    env,
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;

use super::NAMESPACE;
use crate::{
    control_plane::ControlPlane,
    error::TestbedError,
    logs::Logs,
    process::Process,
    tools::Tool,
    wait::{NotYet, eventually},
};

const LISTENING_DEADLINE: Duration = Duration::from_mins(1);
/// Seconds between two comparisons that nobody asked for.
const RESYNC_SECONDS: u32 = 10;

/// `kustomize build`, by kubectl's copy of it: that is all that the repo-server asks of it here.
const KUSTOMIZE: &str =
    "#!/bin/sh\n[ \"$1\" = build ] || exit 2\nshift\nexec kubectl kustomize \"$@\"\n";

/// Starts the cache; returns it with its address.
pub(super) async fn redis(logs: &Logs, scratch: &Path) -> Result<(Process, String), TestbedError> {
    let program = Tool::ArgoCdRedis.ensure().await?;
    let file = scratch.join("redis-address");
    let mut command = Command::new(program);
    command.env_clear().arg("-address-file").arg(&file);
    let name = Tool::ArgoCdRedis.name();
    let mut process = Process::spawn(name, command, logs, Some(scratch))?;
    let address = eventually(LISTENING_DEADLINE, "Argo CD's cache listens", async || {
        process.still_running()?;
        Ok(fs::read_to_string(&file)?)
    })
    .await
    .map_err(|wait| logs.wait_error(wait))?;
    Ok((process, address))
}

/// Starts the repo-server, which makes manifests of directories, charts and kustomizations; returns it
/// with its address.
pub(super) async fn repo_server(
    plane: &ControlPlane,
    scratch: &Path,
    redis: &str,
) -> Result<(Process, String), TestbedError> {
    let name = "argocd-repo-server";
    let logs = plane.logs();
    let mut command = argocd(name, scratch).await?;
    command
        .env("PATH", path_with_helpers(plane, scratch).await?)
        .env("ARGOCD_GPG_ENABLED", "false")
        .env("ARGOCD_ASK_PASS_SOCK", scratch.join("ask-pass.sock"))
        .arg("--address=127.0.0.1")
        .arg("--port=0")
        .arg("--metrics-address=127.0.0.1")
        .arg("--metrics-port=0")
        .arg("--disable-tls")
        .arg(format!("--redis={redis}"));
    let mut process = Process::spawn(name, command, logs, None)?;
    let address = eventually(LISTENING_DEADLINE, "the repo-server listens", async || {
        process.still_running()?;
        let log = fs::read_to_string(process.log())?;
        listening(&log).ok_or_else(|| NotYet::observed("no line about its address"))
    })
    .await
    .map_err(|wait| logs.wait_error(wait))?;
    Ok((process, address))
}

/// Starts the application-controller. Its metrics have no choice of address: a free port of all of
/// them.
pub(super) async fn application_controller(
    plane: &ControlPlane,
    scratch: &Path,
    repo_server: &str,
    redis: &str,
) -> Result<Process, TestbedError> {
    let name = "argocd-application-controller";
    let kubeconfig = plane.kubeconfig_in(NAMESPACE)?;
    let mut command = argocd(name, scratch).await?;
    command
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        // To Applications it is inside the cluster, whose access it then takes from here.
        .env("ARGOCD_FAKE_IN_CLUSTER", "true")
        .env("KUBECONFIG", &kubeconfig)
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        .arg(format!("--namespace={NAMESPACE}"))
        .arg(format!("--repo-server={repo_server}"))
        .arg("--repo-server-plaintext")
        .arg(format!("--redis={redis}"))
        .arg("--metrics-port=0")
        .arg(format!("--app-resync={RESYNC_SECONDS}"));
    Process::spawn(name, command, plane.logs(), None)
}

/// Argo CD as the program of a name, with directories of its own.
async fn argocd(name: &str, scratch: &Path) -> Result<Command, TestbedError> {
    let temporary = scratch.join("tmp");
    fs::create_dir_all(&temporary)
        .map_err(TestbedError::io(format!("make {}", temporary.display())))?;
    let mut command = Command::new(Tool::ArgoCd.ensure().await?);
    command
        .env_clear()
        .env("ARGOCD_BINARY_NAME", name)
        .env("HOME", scratch)
        .env("TMPDIR", temporary);
    Ok(command)
}

/// A search path on which the repo-server finds Helm 3, which it is made for, and kustomize.
async fn path_with_helpers(plane: &ControlPlane, scratch: &Path) -> Result<OsString, TestbedError> {
    let helm = Tool::Helm3.ensure().await?;
    let folder = scratch.join("bin");
    place_helpers(
        &folder,
        &helm,
        plane.kubectl().as_std().get_program().as_ref(),
    )
    .map_err(TestbedError::io(format!("fill {}", folder.display())))?;
    let rest = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::iter::once(folder)
        .chain(env::split_paths(&rest))
        .collect();
    env::join_paths(folders)
        .map_err(|error| TestbedError::unexpected("make a search path", error.to_string()))
}

fn place_helpers(folder: &Path, helm: &Path, kubectl: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    symlink(helm, folder.join("helm"))?;
    symlink(kubectl, folder.join("kubectl"))?;
    let kustomize = folder.join("kustomize");
    fs::write(&kustomize, KUSTOMIZE)?;
    fs::set_permissions(kustomize, fs::Permissions::from_mode(0o755))
}

/// The address in the repo-server's line `argocd-repo-server is listening on 127.0.0.1:1`.
fn listening(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("argocd-repo-server is listening on ")?;
    let end = rest.find(|end: char| !end.is_ascii_digit() && end != '.' && end != ':')?;
    rest.get(..end).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repo_servers_address_is_read_from_its_log() {
        let line = r#"{"level":"info","msg":"argocd-repo-server is listening on 127.0.0.1:4711"}"#;
        assert_eq!(listening(line).as_deref(), Some("127.0.0.1:4711"));
        let half = "argocd-repo-server is listening on 127.0.0.1:47";
        assert_eq!(listening(half), None);
        assert_eq!(listening("starting"), None);
    }
}
