//! Argo CD on a control plane: its application-controller, repo-server and cache as child processes,
//! with the CRDs of the release. No user interface, no API server of its own. I/O.

mod health;
mod launch;

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

pub use self::health::{ArgoHealth, Health};
use crate::{
    control_plane::ControlPlane,
    error::TestbedError,
    git::GitRepository,
    logs::Logs,
    objects::{ObjectId, Objects, merged},
    process::Process,
    tools::Tool,
    wait::{NotYet, eventually},
};

const STOP_GRACE: Duration = Duration::from_secs(15);
/// Where Argo CD and its Applications are.
const NAMESPACE: &str = "argocd";
/// Asks for a new comparison; it is removed when that is done.
const REFRESH: &str = "argocd.argoproj.io/refresh";

/// What an installation needs besides the CRDs. Only labelled objects are looked at.
const INSTALLATION: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: argocd}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-gpg-keys-cm, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
---
apiVersion: v1
kind: Secret
metadata: {name: argocd-secret, namespace: argocd, labels: {app.kubernetes.io/part-of: argocd}}
stringData: {server.secretkey: only-for-tests}
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ["*"]
  destinations: [{namespace: "*", server: "*"}]
  clusterResourceWhitelist: [{group: "*", kind: "*"}]
"#;

/// Argo CD, running with the administrator's rights; dropping it ends it.
#[derive(Debug)]
pub struct ArgoCd {
    // Who asks is dropped before who answers, the files last.
    application_controller: Process,
    repo_server: Process,
    redis: Process,
    #[allow(dead_code, reason = "held for its `Drop`")]
    scratch: TempDir,
    objects: Objects,
    logs: Logs,
}

/// How a synchronisation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncOutcome {
    /// `Succeeded`, `Failed` or `Error`.
    pub phase: String,
    /// What Argo CD says about it.
    pub message: String,
}

impl ArgoCd {
    /// Installs the CRDs and the configuration, and starts the programs. An Application says when they
    /// are at work.
    ///
    /// # Errors
    /// When a program cannot be built, ends or does not listen in time. The error names its log.
    pub async fn start(plane: &ControlPlane) -> Result<Self, TestbedError> {
        plane.install_crds_from(&Tool::ArgoCd.crds().await?).await?;
        let objects = plane.objects().await?;
        objects.apply(INSTALLATION).await?;
        let scratch = tempfile::Builder::new()
            .prefix("adx-argocd-")
            .tempdir()
            .map_err(TestbedError::io("make a temporary directory"))?;
        let (redis, redis_address) = launch::redis(plane.logs(), scratch.path()).await?;
        let (repo_server, repo_server_address) =
            launch::repo_server(plane, scratch.path(), &redis_address).await?;
        let application_controller = launch::application_controller(
            plane,
            scratch.path(),
            &repo_server_address,
            &redis_address,
        )
        .await?;
        Ok(Self {
            application_controller,
            repo_server,
            redis,
            scratch,
            objects,
            logs: plane.logs().clone(),
        })
    }

    /// The objects of the control plane, for what the methods here do not do.
    #[must_use]
    pub const fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Sets keys of the `argocd-cm` configuration, such as
    /// `resource.customizations.health.<group>_<Kind>`; `null` removes one.
    ///
    /// # Errors
    /// When the API server refuses them.
    pub async fn configure(&self, data: &Value) -> Result<(), TestbedError> {
        let id = ObjectId::new("v1", "ConfigMap", NAMESPACE, "argocd-cm");
        self.objects.merge(&id, &json!({"data": data})).await
    }

    /// Applies an Application of a directory of a repository's branch, for this cluster; `spec` is
    /// merged into its spec. It is not synchronised by itself unless `spec` says so.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn application(
        &self,
        name: &str,
        repository: &GitRepository,
        path: &str,
        namespace: &str,
        spec: &Value,
    ) -> Result<ObjectId, TestbedError> {
        let base = json!({
            "project": "default",
            "source": {
                "repoURL": repository.url(),
                "targetRevision": repository.branch(),
                "path": path
            },
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace}
        });
        let object = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": merged(base, spec)
        });
        self.objects.apply_object(&object).await
    }

    /// Asks for a comparison with what the repository holds now.
    ///
    /// # Errors
    /// When the Application does not exist.
    pub async fn refresh(&self, application: &ObjectId) -> Result<(), TestbedError> {
        let patch = json!({"metadata": {"annotations": {REFRESH: "normal"}}});
        self.objects.merge(application, &patch).await
    }

    /// Synchronises an Application, pruning what is no longer declared, and returns how that ended.
    ///
    /// # Errors
    /// When a program ends, or the synchronisation does not end in time.
    pub async fn sync(
        &mut self,
        application: &ObjectId,
        within: Duration,
    ) -> Result<SyncOutcome, TestbedError> {
        let request = Uuid::new_v4().to_string();
        let patch = json!({"operation": {
            "initiatedBy": {"username": "testbed"},
            "info": [{"name": "request", "value": request}],
            "sync": {"prune": true}
        }});
        self.objects.merge(application, &patch).await?;
        let what = format!("{application} is synchronised");
        self.until(application, &what, within, |object| {
            let state = object.pointer("/status/operationState");
            let text = |pointer: &str| {
                let value = state.and_then(|state| state.pointer(pointer)?.as_str());
                value.unwrap_or_default().to_owned()
            };
            let phase = text("/phase");
            let message = text("/message");
            let is_ours = text("/operation/info/0/value") == request;
            match phase.as_str() {
                "Succeeded" | "Failed" | "Error" if is_ours => Ok(SyncOutcome { phase, message }),
                _ => Err(NotYet::observed(format!("{phase}: {message}"))),
            }
        })
        .await
    }

    /// Waits until an Application has a sync status (`Synced`, `OutOfSync`) and a health (`Healthy`,
    /// `Progressing`, `Degraded`, …) after the last [`Self::refresh`].
    ///
    /// # Errors
    /// When a program ends, or it does not come about in time; the error says what was seen instead.
    pub async fn until_status(
        &mut self,
        application: &ObjectId,
        sync: &str,
        health: &str,
        within: Duration,
    ) -> Result<(), TestbedError> {
        let what = format!("{application} is {sync} and {health}");
        self.until(application, &what, within, |object| {
            let text = |pointer: &str| {
                let value = object.pointer(pointer).and_then(Value::as_str);
                value.unwrap_or("-")
            };
            let seen_sync = text("/status/sync/status");
            let seen_health = text("/status/health/status");
            let is_pending = object
                .get("metadata")
                .and_then(|metadata| metadata.get("annotations")?.get(REFRESH))
                .is_some();
            if seen_sync == sync && seen_health == health && !is_pending {
                return Ok(());
            }
            let conditions = object.pointer("/status/conditions").unwrap_or(&Value::Null);
            let refresh = if is_pending { ", to be refreshed" } else { "" };
            Err(NotYet::observed(format!(
                "{seen_sync}, {seen_health}{refresh}; conditions: {conditions}"
            )))
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
            self.redis.still_running()?;
            self.repo_server.still_running()?;
            self.application_controller.still_running()?;
            probe(&self.objects.look(id).await?)
        })
        .await
        .map_err(|wait| self.logs.wait_error(wait))
    }

    /// Stops the programs.
    ///
    /// # Errors
    /// When one would not stop; it is killed then.
    pub async fn stop(mut self) -> Result<(), TestbedError> {
        let first = self.application_controller.terminate(STOP_GRACE).await;
        let second = self.repo_server.terminate(STOP_GRACE).await;
        let third = self.redis.terminate(STOP_GRACE).await;
        first.and(second).and(third).map(drop)
    }
}
