//! Each profile on a real API server: installed, upgraded and uninstalled.

use std::fs;
use std::time::Duration;

use serde_json::Value;
use testbed::{ControlPlane, Helm, HelmVersion, Logs, NotYet, Tools, eventually};

use super::helm::{CHART, CRDS_CHART, NAMESPACE, RELEASE, profile, profiles, root};

/// The kinds of the Prometheus operator are not there.
const WITHOUT_PROMETHEUS: &str = "metrics.serviceMonitor.enabled=false,metrics.podMonitor.enabled=false,\
                                  metrics.prometheusRule.enabled=false";

/// A control plane and a Helm for it.
struct Place {
    version: HelmVersion,
    plane: ControlPlane,
    helm: Helm,
    logs: Logs,
}

impl Place {
    async fn prepare(version: HelmVersion) -> Self {
        let logs = Logs::create(&format!("charts-{version:?}").to_lowercase()).unwrap();
        // The older Helm on the oldest Kubernetes that is supported, the newer one on the newest.
        let tools = match version {
            HelmVersion::V3 => Tools::ensure_oldest().await.unwrap(),
            HelmVersion::V4 => Tools::ensure().await.unwrap(),
        };
        let plane = ControlPlane::start(&tools, &logs).await.unwrap();
        let helm = Helm::on(version, &plane).await.unwrap();
        let prepared = Self {
            version,
            plane,
            helm,
            logs,
        };
        for namespace in [NAMESPACE, "analytics", "finance", "leases", "monitoring"] {
            prepared.kubectl(&["create", "namespace", namespace]).await;
        }
        // As strict as clusters are where the operator lives.
        let enforce = "pod-security.kubernetes.io/enforce=restricted";
        prepared
            .kubectl(&["label", "namespace", NAMESPACE, enforce])
            .await;
        prepared
    }

    async fn kubectl(&self, arguments: &[&str]) -> String {
        let output = self.plane.kubectl().args(arguments).output().await.unwrap();
        assert!(
            output.status.success(),
            "{:?}: kubectl {arguments:?}: {}",
            self.version,
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    async fn helm(&self, arguments: &[&str]) -> String {
        let output = self.helm.run(arguments).await;
        output.unwrap_or_else(|error| {
            let logs = self.logs.path().display();
            panic!("{:?}: {error}; logs: {logs}", self.version)
        })
    }

    /// Installs or upgrades the release with a profile and with `settings`.
    async fn apply(&self, command: &str, name: &str, settings: &[&str]) {
        let (chart, values) = (path(CHART), path(&profile(name)));
        let mut arguments = vec![command, RELEASE, &chart, "--namespace", NAMESPACE];
        arguments.extend(["--values", &values, "--set", WITHOUT_PROMETHEUS]);
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        self.helm(&arguments).await;
    }

    /// Has the API server judge `manifests` without keeping them.
    async fn admit(&self, manifests: &str, arguments: &[&str]) {
        let file = self.plane.scratch().join("tried.yaml");
        fs::write(&file, manifests).unwrap();
        let fixed = ["--dry-run=server", "--validate=strict", "-f"];
        let file = [file.to_str().unwrap()];
        self.kubectl(&[arguments, &fixed, &file].concat()).await;
    }

    async fn definitions(&self) -> usize {
        let names = self.kubectl(&["get", "crd", "-o", "name"]).await;
        let ours = names
            .lines()
            .filter(|name| name.ends_with(".adx-follower.dev"));
        ours.count()
    }

    /// Waits until so many definitions are there: the API server takes one away after it has looked for its objects.
    async fn until_defined(&self, kept: usize, profile: &str) {
        let what = format!("{:?}, {profile}: {kept} definitions", self.version);
        eventually(Duration::from_secs(30), &what, async || {
            match self.definitions().await {
                found if found == kept => Ok(()),
                found => Err(NotYet::observed(found)),
            }
        })
        .await
        .unwrap();
    }

    /// The release as it is installed, judged by the API server.
    async fn judge(&self) {
        let manifest = ["get", "manifest", RELEASE, "--namespace", NAMESPACE];
        let manifest = self.helm(&manifest).await;
        // No field that the API server does not know: Helm would let it be dropped.
        let apply = ["apply", "--server-side", "--force-conflicts"];
        self.admit(&manifest, &apply).await;
        // Its Pods would be admitted into the namespace.
        let deployment = ["get", "deployment", "--namespace", NAMESPACE, "-o", "json"];
        let pods = pods(&self.kubectl(&deployment).await);
        assert_eq!(pods.len(), 1);
        for pod in pods {
            let create = ["create", "--namespace", NAMESPACE];
            self.admit(&pod.to_string(), &create).await;
        }
    }

    /// Uninstalls the release: nothing of it is left but the definitions.
    async fn remove(&self) {
        self.helm(&["uninstall", RELEASE, "--namespace", NAMESPACE])
            .await;
        let kinds = "all,configmaps,serviceaccounts,poddisruptionbudgets,networkpolicies,roles,rolebindings,\
                     clusterroles,clusterrolebindings";
        let label = format!("app.kubernetes.io/instance={RELEASE}");
        let left = ["get", kinds, "-A", "-o", "name", "-l", &label];
        assert_eq!(self.kubectl(&left).await, "", "{:?}", self.version);
    }

    async fn stop(self) {
        self.plane.stop().await.unwrap();
        self.logs.remove().unwrap();
    }
}

fn path(path: &str) -> String {
    root().join(path).to_str().unwrap().to_owned()
}

/// The Pods that a list of Deployments asks for.
fn pods(deployments: &str) -> Vec<Value> {
    let deployments: Value = serde_json::from_str(deployments).unwrap();
    let deployments = deployments["items"].as_array().unwrap().iter();
    deployments
        .map(|deployment| {
            let mut pod = deployment["spec"]["template"].clone();
            pod["apiVersion"] = "v1".into();
            pod["kind"] = "Pod".into();
            pod["metadata"]["name"] = "tried".into();
            // There is no controller that would make it.
            pod["spec"]["serviceAccountName"] = Value::Null;
            pod
        })
        .collect()
}

/// Every profile with one Helm, one after the other: what is of the whole cluster has one name in all of them.
async fn install_all(version: HelmVersion) {
    let place = Place::prepare(version).await;
    for name in profiles() {
        place.apply("install", &name, &[]).await;
        place.apply("upgrade", &name, &["log.level=debug"]).await;
        if name == "default" {
            // Another strategy, and back: what the API server had filled in for the first must not stay.
            let alone = ["leaderElection.enabled=false", "replicaCount=1"];
            place.apply("upgrade", &name, &alone).await;
            place.apply("upgrade", &name, &[]).await;
        }
        place.judge().await;
        place.remove().await;
        // Definitions stay when a release goes, unless it was told to take them along.
        let kept = if name == "everything-on" { 0 } else { 2 };
        place.until_defined(kept, &name).await;
    }
    place
        .kubectl(&["delete", "crd", "--all", "--wait=true"])
        .await;
    let chart = path(CRDS_CHART);
    place
        .helm(&["install", "crds", &chart, "--namespace", NAMESPACE])
        .await;
    assert_eq!(place.definitions().await, 2);
    place
        .helm(&["uninstall", "crds", "--namespace", NAMESPACE])
        .await;
    assert_eq!(place.definitions().await, 2);
    place.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_3_installs_upgrades_and_uninstalls_each_profile() {
    install_all(HelmVersion::V3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_4_installs_upgrades_and_uninstalls_each_profile() {
    install_all(HelmVersion::V4).await;
}
