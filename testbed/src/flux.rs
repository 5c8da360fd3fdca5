//! Flux on a control plane: source-controller and kustomize-controller as child processes, with the
//! CRDs of their releases. I/O.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

use crate::{
    control_plane::ControlPlane,
    error::TestbedError,
    git::GitRepository,
    logs::Logs,
    loopback,
    objects::{ObjectId, Objects, has_condition, merged},
    ports::Ports,
    process::Process,
    tools::Tool,
    wait::{NotYet, eventually},
};

const LISTENING_DEADLINE: Duration = Duration::from_mins(1);
const STOP_GRACE: Duration = Duration::from_secs(15);
/// Where the controllers think that they run.
const NAMESPACE: &str = "flux-system";
/// Sources and Kustomizations are looked at this often by themselves; [`Flux::reconcile`] is quicker.
const INTERVAL: &str = "1m";
/// Asks a controller to look now; any new value will do.
const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Flux, running with the administrator's rights; dropping it ends it.
#[derive(Debug)]
pub struct Flux {
    // The reader of artifacts is dropped before the one that serves them, the files last.
    kustomize_controller: Process,
    source_controller: Process,
    #[allow(dead_code, reason = "held for its `Drop`")]
    scratch: TempDir,
    objects: Objects,
    logs: Logs,
}

impl Flux {
    /// Installs the CRDs, makes the namespace `flux-system`, starts the controllers and returns when
    /// artifacts are served.
    ///
    /// # Errors
    /// When a controller cannot be built, ends or does not listen in time. The error names its log.
    pub async fn start(plane: &ControlPlane) -> Result<Self, TestbedError> {
        let source = Tool::FluxSourceController;
        let kustomize = Tool::FluxKustomizeController;
        for tool in [source, kustomize] {
            plane.install_crds_from(&tool.crds().await?).await?;
        }
        let objects = plane.objects().await?;
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
        objects.apply_object(&namespace).await?;
        let scratch = tempfile::Builder::new()
            .prefix("adx-flux-")
            .tempdir()
            .map_err(TestbedError::io("make a temporary directory"))?;
        let logs = plane.logs().clone();
        let source_controller = source_controller(source.ensure().await?, plane, &scratch).await?;
        let command = controller(&kustomize.ensure().await?, plane, scratch.path());
        let kustomize_controller = Process::spawn(kustomize.name(), command, &logs, None)?;
        Ok(Self {
            kustomize_controller,
            source_controller,
            scratch,
            objects,
            logs,
        })
    }

    /// The objects of the control plane, for what the methods here do not do.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Applies a `GitRepository` for the branch of a repository.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn git_repository(
        &self,
        namespace: &str,
        name: &str,
        repository: &GitRepository,
    ) -> Result<ObjectId, TestbedError> {
        let object = json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"namespace": namespace, "name": name},
            "spec": {
                "url": repository.url(),
                "ref": {"branch": repository.branch()},
                "interval": INTERVAL
            }
        });
        self.objects.apply_object(&object).await
    }

    /// Applies a `Kustomization` of a directory of a source in the same namespace, which prunes and
    /// waits (`wait: true`) for a minute; `spec` is merged into its spec.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn kustomization(
        &self,
        namespace: &str,
        name: &str,
        source: &ObjectId,
        path: &str,
        spec: &Value,
    ) -> Result<ObjectId, TestbedError> {
        let base = json!({
            "sourceRef": {"kind": source.kind, "name": source.name},
            "path": path,
            "prune": true,
            "wait": true,
            "interval": INTERVAL,
            "retryInterval": "5s",
            "timeout": "1m"
        });
        let object = json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"namespace": namespace, "name": name},
            "spec": merged(base, spec)
        });
        self.objects.apply_object(&object).await
    }

    /// Asks a controller to look at an object now, as `flux reconcile` does.
    ///
    /// # Errors
    /// When the object does not exist.
    pub async fn reconcile(&self, id: &ObjectId) -> Result<(), TestbedError> {
        let request = Uuid::new_v4().to_string();
        let patch = json!({"metadata": {"annotations": {REQUESTED_AT: request}}});
        self.objects.merge(id, &patch).await
    }

    /// Waits until an object has a condition of a status about its present generation, and has handled
    /// the last [`Self::reconcile`]; returns the condition.
    ///
    /// # Errors
    /// When a controller ends, or it does not come about in time; the error lists the conditions.
    pub async fn until_condition(
        &mut self,
        id: &ObjectId,
        condition: &str,
        status: &str,
        within: Duration,
    ) -> Result<Value, TestbedError> {
        let what = format!("{id} has {condition}={status}");
        self.until(id, &what, within, |object| {
            has_condition(object, condition, status)
        })
        .await
    }

    /// Waits until an object is Ready.
    ///
    /// # Errors
    /// As [`Self::until_condition`].
    pub async fn until_ready(
        &mut self,
        id: &ObjectId,
        within: Duration,
    ) -> Result<Value, TestbedError> {
        self.until_condition(id, "Ready", "True", within).await
    }

    /// Waits until a Kustomization is Ready with a commit.
    ///
    /// # Errors
    /// As [`Self::until_condition`].
    pub async fn until_applied(
        &mut self,
        id: &ObjectId,
        commit: &str,
        within: Duration,
    ) -> Result<(), TestbedError> {
        let what = format!("{id} is Ready with {commit}");
        self.until(id, &what, within, |object| {
            has_condition(object, "Ready", "True")?;
            let applied = object.pointer("/status/lastAppliedRevision");
            let applied = applied.and_then(Value::as_str).unwrap_or_default();
            if applied.ends_with(commit) {
                return Ok(());
            }
            Err(NotYet::observed(format!("Ready with {applied:?}")))
        })
        .await
    }

    async fn until<T>(
        &mut self,
        id: &ObjectId,
        what: &str,
        within: Duration,
        probe: impl Fn(&Value) -> Result<T, NotYet>,
    ) -> Result<T, TestbedError> {
        eventually(within, what, async || {
            self.source_controller.still_running()?;
            self.kustomize_controller.still_running()?;
            let object = self.objects.look(id).await?;
            let requested = object
                .get("metadata")
                .and_then(|metadata| metadata.get("annotations")?.get(REQUESTED_AT));
            let handled = object.pointer("/status/lastHandledReconcileAt");
            if requested.is_some() && requested != handled {
                return Err(NotYet::observed("the request to look now is not handled"));
            }
            probe(&object)
        })
        .await
        .map_err(|wait| self.logs.wait_error(wait))
    }

    /// Stops both controllers.
    ///
    /// # Errors
    /// When one would not stop; it is killed then.
    pub async fn stop(mut self) -> Result<(), TestbedError> {
        let first = self.kustomize_controller.terminate(STOP_GRACE).await;
        let second = self.source_controller.terminate(STOP_GRACE).await;
        first.and(second).map(drop)
    }
}

async fn source_controller(
    program: PathBuf,
    plane: &ControlPlane,
    scratch: &TempDir,
) -> Result<Process, TestbedError> {
    let mut ports = Ports::default();
    loop {
        match source_controller_on(ports.free()?, &program, plane, scratch.path()).await {
            Err(error) if ports.was_taken(&error) => {}
            outcome => return outcome,
        }
    }
}

async fn source_controller_on(
    port: u16,
    program: &Path,
    plane: &ControlPlane,
    scratch: &Path,
) -> Result<Process, TestbedError> {
    let storage = scratch.join("artifacts");
    std::fs::create_dir_all(&storage)
        .map_err(TestbedError::io(format!("make {}", storage.display())))?;
    let mut command = controller(program, plane, scratch);
    command
        .arg(format!("--storage-path={}", storage.display()))
        .arg(format!("--storage-addr=127.0.0.1:{port}"))
        // The other controller is told to fetch from there.
        .arg(format!("--storage-adv-addr=127.0.0.1:{port}"));
    let logs = plane.logs();
    let name = Tool::FluxSourceController.name();
    let mut process = Process::spawn(name, command, logs, Some(scratch))?;
    let http = loopback::client(None)?;
    let url = format!("http://127.0.0.1:{port}/");
    eventually(
        LISTENING_DEADLINE,
        "source-controller serves artifacts",
        async || {
            process.still_running()?;
            http.get(&url).send().await?;
            Ok(())
        },
    )
    .await
    .map_err(|wait| logs.wait_error(wait))?;
    Ok(process)
}

/// What both controllers are told.
fn controller(program: &Path, plane: &ControlPlane, scratch: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", scratch)
        .env("TMPDIR", scratch)
        .env("KUBECONFIG", plane.kubeconfig())
        .env("RUNTIME_NAMESPACE", NAMESPACE)
        .arg("--enable-leader-election=false")
        .arg("--metrics-addr=127.0.0.1:0")
        .arg("--health-addr=127.0.0.1:0")
        .arg("--events-addr=");
    command
}
