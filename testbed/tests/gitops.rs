//! The clients that other people install the operator with work on this testbed: Helm 3 and 4, Flux,
//! Argo CD; and the judges of statuses judge.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};
use testbed::{
    ArgoCd, ArgoHealth, ControlPlane, Flux, GitServer, Helm, HelmVersion, KubeControllerManager,
    Logs, ObjectId, StatusJudge, Tool, Tools, git, schemas,
};
use tokio::process::Command;

const SOON: Duration = Duration::from_mins(1);

fn config_map(name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: default}}\n\
         data: {{value: \"{value}\"}}\n"
    )
}

fn value_of(map: &Value) -> &str {
    map["data"]["value"].as_str().unwrap()
}

async fn start(logs: &Logs) -> ControlPlane {
    let tools = Tools::ensure().await.unwrap();
    ControlPlane::start(&tools, logs).await.unwrap()
}

#[tokio::test]
async fn flux_applies_changes_and_prunes_what_is_committed() {
    let logs = Logs::create("flux").unwrap();
    let plane = start(&logs).await;
    let git = GitServer::start(&logs).await.unwrap();
    let repository = git.create("fleet").await.unwrap();
    let files = [
        ("maps/one.yaml", config_map("one", "1")),
        ("maps/two.yaml", config_map("two", "1")),
    ];
    repository.commit("two maps", files).await.unwrap();

    let mut flux = Flux::start(&plane).await.unwrap();
    let source = flux
        .git_repository("default", "fleet", &repository)
        .await
        .unwrap();
    flux.until_ready(&source, SOON).await.unwrap();
    let maps = flux
        .kustomization("default", "maps", &source, "./maps", &json!({}))
        .await
        .unwrap();
    flux.until_ready(&maps, SOON).await.unwrap();
    let one = ObjectId::new("v1", "ConfigMap", "default", "one");
    let two = ObjectId::new("v1", "ConfigMap", "default", "two");
    let objects = flux.objects().clone();
    assert!(objects.get(&two).await.unwrap().is_some());

    let files = [("maps/one.yaml", config_map("one", "2"))];
    let commit = repository.commit("one map", files).await.unwrap();
    flux.reconcile(&source).await.unwrap();
    flux.until_applied(&maps, &commit, SOON).await.unwrap();
    let map = objects.get(&one).await.unwrap().unwrap();
    assert_eq!(value_of(&map), "2");
    assert!(objects.get(&two).await.unwrap().is_none());

    flux.stop().await.unwrap();
    plane.stop().await.unwrap();
    logs.remove().unwrap();
}

#[tokio::test]
async fn argo_cd_synchronises_judges_and_deletes_an_application() {
    let logs = Logs::create("argocd").unwrap();
    let plane = start(&logs).await;
    let git = GitServer::start(&logs).await.unwrap();
    let repository = git.create("apps").await.unwrap();
    let files = [("maps/one.yaml", config_map("one", "1"))];
    repository.commit("one map", files).await.unwrap();

    let mut argo = ArgoCd::start(&plane).await.unwrap();
    let manager = KubeControllerManager::start(&plane).await.unwrap();
    let maps = argo
        .application("maps", &repository, "maps", "default", &json!({}))
        .await
        .unwrap();
    // What is missing does not count for the health of an Application.
    argo.until_status(&maps, "OutOfSync", "Healthy", SOON)
        .await
        .unwrap();
    let outcome = argo.sync(&maps, SOON).await.unwrap();
    assert_eq!(outcome.phase, "Succeeded", "{}", outcome.message);
    argo.until_status(&maps, "Synced", "Healthy", SOON)
        .await
        .unwrap();

    let files = [("maps/one.yaml", config_map("one", "2"))];
    repository.commit("another value", files).await.unwrap();
    argo.refresh(&maps).await.unwrap();
    argo.until_status(&maps, "OutOfSync", "Healthy", SOON)
        .await
        .unwrap();
    argo.sync(&maps, SOON).await.unwrap();
    let one = ObjectId::new("v1", "ConfigMap", "default", "one");
    let objects = argo.objects().clone();
    let map = objects.get(&one).await.unwrap().unwrap();
    assert_eq!(value_of(&map), "2");

    argo_cd_renders_charts_and_kustomizations(&mut argo, &git).await;

    // Foreground deletion ends with the help of the garbage collector.
    let finalizer = json!({"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}});
    objects.merge(&maps, &finalizer).await.unwrap();
    objects.delete(&maps).await.unwrap();
    objects.until_gone(&maps, SOON).await.unwrap();
    assert!(objects.get(&one).await.unwrap().is_none());

    argo.stop().await.unwrap();
    manager.stop().await.unwrap();
    plane.stop().await.unwrap();
    logs.remove().unwrap();
}

#[tokio::test]
async fn kubeconform_holds_manifests_against_the_schemas_of_an_api_server() {
    let logs = Logs::create("kubeconform").unwrap();
    let plane = start(&logs).await;
    let folder = tempfile::tempdir().unwrap();
    let client = plane.client().await.unwrap();
    let location = schemas::write_schemas(&client, folder.path())
        .await
        .unwrap();
    let kubeconform = Tool::Kubeconform.ensure().await.unwrap();
    let judge = async |manifest: &str| {
        let path = folder.path().join("manifest.yaml");
        fs::write(&path, manifest).unwrap();
        let output = Command::new(&kubeconform)
            .args(["-strict", "-schema-location", &location])
            .arg(&path)
            .output()
            .await
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.success(), text)
    };
    let pod = |field: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: a\n    \
             image: a\n    resources: {{requests: {{cpu: 1, memory: 1Gi}}}}\n    {field}\n"
        )
    };
    let (is_valid, text) = judge(&pod("livenessProbe: {httpGet: {port: 80}}")).await;
    assert!(is_valid, "{text}");
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\n\
                  spec: {podSelector: {}, ingress: [{ports: [{port: http}]}]}\n";
    let (is_valid, text) = judge(policy).await;
    assert!(is_valid, "{text}");
    for wrong in ["livenesProbe: {}", "tty: 'yes'"] {
        let (is_valid, text) = judge(&pod(wrong)).await;
        assert!(!is_valid && text.contains("is invalid"), "{wrong}: {text}");
    }
    plane.stop().await.unwrap();
    logs.remove().unwrap();
}

async fn argo_cd_renders_charts_and_kustomizations(argo: &mut ArgoCd, git: &GitServer) {
    let folder = tempfile::tempdir().unwrap();
    write_chart(folder.path());
    let mut files = git::files_below(folder.path(), "chart").unwrap();
    let list = "resources: [map.yaml]\nnamePrefix: kustomized-\n";
    files.push(("base/kustomization.yaml".into(), list.into()));
    files.push(("base/map.yaml".into(), config_map("map", "1").into()));
    let repository = git.create("rendered").await.unwrap();
    repository.commit("to be rendered", files).await.unwrap();
    let automatic = json!({"syncPolicy": {"automated": {}}});
    for (path, name) in [("chart", "chart"), ("base", "kustomized-map")] {
        let application = argo
            .application(path, &repository, path, "default", &automatic)
            .await
            .unwrap();
        argo.until_status(&application, "Synced", "Healthy", SOON)
            .await
            .unwrap();
        let map = ObjectId::new("v1", "ConfigMap", "default", name);
        assert!(argo.objects().get(&map).await.unwrap().is_some(), "{name}");
    }
}

/// A chart with one object that says which Kubernetes Helm thinks it renders for.
fn write_chart(directory: &Path) {
    fs::create_dir_all(directory.join("templates")).unwrap();
    let chart = "apiVersion: v2\nname: trivial\nversion: 0.1.0\nkubeVersion: '>=1.33.0-0'\n";
    fs::write(directory.join("Chart.yaml"), chart).unwrap();
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n\
                    data: {value: {{ .Capabilities.KubeVersion.Version | quote }}}\n";
    fs::write(directory.join("templates/map.yaml"), template).unwrap();
}

#[tokio::test]
async fn helm_3_and_helm_4_install_and_uninstall_a_chart() {
    let logs = Logs::create("helm").unwrap();
    let plane = start(&logs).await;
    let objects = plane.objects().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path().join("trivial");
    write_chart(&chart);
    let chart = chart.to_str().unwrap();

    for version in HelmVersion::ALL {
        let helm = Helm::on(version, &plane).await.unwrap();
        helm.run(&["install", "one", chart, "--wait"])
            .await
            .unwrap();
        let one = ObjectId::new("v1", "ConfigMap", "default", "one");
        let map = objects.get(&one).await.unwrap().unwrap();
        assert!(value_of(&map).starts_with("v1.37."), "{version:?}: {map}");
        helm.run(&["uninstall", "one", "--wait"]).await.unwrap();
        assert!(objects.get(&one).await.unwrap().is_none());

        // Without a cluster Helm has to be told a version that the chart allows, or to know one.
        let offline = Helm::offline(version).await.unwrap();
        let text = offline.run(&["template", chart]).await.unwrap();
        assert!(text.contains("kind: ConfigMap"), "{version:?}: {text}");
        let error = offline.run(&["list"]).await.unwrap_err().to_string();
        assert!(error.contains("run helm list"), "{version:?}: {error}");
    }

    plane.stop().await.unwrap();
    logs.remove().unwrap();
}

#[tokio::test]
async fn the_judges_of_statuses_judge_as_their_readers_do() {
    let deployment = |available: u32| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "a", "namespace": "b", "generation": 1},
            "spec": {"replicas": 2},
            "status": {
                "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2,
                "readyReplicas": available, "availableReplicas": available,
                "conditions": [{"type": "Available", "status": "True"}]
            }
        })
    };
    let custom = |conditions: Value| {
        json!({
            "apiVersion": "testbed.example/v1", "kind": "Widget",
            "metadata": {"name": "a", "namespace": "b", "generation": 2},
            "status": {"observedGeneration": 2, "conditions": conditions}
        })
    };
    let condition = |name: &str, status: &str| {
        json!({
            "type": name, "status": status, "reason": "Reason", "message": "message",
            "observedGeneration": 2, "lastTransitionTime": "2026-01-01T00:00:00Z"
        })
    };
    let ready = custom(json!([condition("Ready", "True")]));
    let stalled = custom(json!([
        condition("Ready", "False"),
        condition("Stalled", "True")
    ]));
    let creating = custom(json!([
        condition("Ready", "Unknown"),
        condition("Reconciling", "True")
    ]));
    let torn = custom(json!([
        condition("Ready", "True"),
        condition("Stalled", "True")
    ]));
    let objects = [deployment(2), deployment(1), ready, stalled, creating, torn];

    let judge = StatusJudge::new(&["Stalled", "Reconciling"]).await.unwrap();
    let verdicts = judge.judge(&objects).await.unwrap();
    let expected = [
        "Current",
        "InProgress",
        "Current",
        "Failed",
        "InProgress",
        "Failed",
    ];
    for (verdict, expected) in verdicts.iter().zip(expected) {
        assert_eq!(verdict.kstatus.status(), Some(expected), "{verdict:?}");
        assert_eq!(verdict.flux_kstatus.status(), Some(expected), "{verdict:?}");
    }
    for well in [2, 3] {
        assert!(verdicts[well].at_rest.failures.is_empty(), "{verdicts:?}");
    }
    let creating = &verdicts[4];
    assert!(creating.in_progress.failures.is_empty(), "{creating:?}");
    let torn = &verdicts[5].at_rest.failures;
    assert!(
        torn.iter()
            .any(|failure| failure.contains("Ready condition must be False"))
    );
    let error = judge.judge(&[json!({"metadata": {}})]).await.unwrap_err();
    assert!(error.to_string().contains("'Kind' is missing"), "{error}");
}

#[tokio::test]
async fn argo_cd_judges_the_health_of_an_object_by_a_script() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("health.lua");
    let lua = "if obj.status == nil then return {status = \"Progressing\", message = \"new\"} end\n\
               if obj.status.bad then error(\"torn\") end\n\
               return {status = \"Healthy\", message = obj.status.text}\n";
    fs::write(&script, lua).unwrap();
    let widget = |status: Value| {
        json!({"apiVersion": "testbed.example/v1", "kind": "Widget", "metadata": {"name": "a"},
               "status": status})
    };
    let mut deleted = widget(json!({"text": "fine"}));
    deleted["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let objects = [
        widget(Value::Null),
        widget(json!({"text": "fine"})),
        widget(json!({"bad": true})),
        deleted,
    ];
    let judge = ArgoHealth::new().await.unwrap();
    let healths = judge.judge(&script, &objects).await.unwrap();
    let statuses: Vec<&str> = healths
        .iter()
        .map(|health| health.status.as_str())
        .collect();
    assert_eq!(
        statuses,
        ["Progressing", "Healthy", "Unknown", "Progressing"],
        "{healths:?}"
    );
    assert_eq!(healths[1].message, "fine");
    assert!(healths[2].message.contains("torn"), "{healths:?}");
    assert_eq!(healths[3].message, "Pending deletion");
}

#[tokio::test]
async fn the_oldest_supported_api_server_starts() {
    let logs = Logs::create("oldest").unwrap();
    let tools = Tools::ensure_oldest().await.unwrap();
    let plane = ControlPlane::start(&tools, &logs).await.unwrap();
    let client = plane.client().await.unwrap();
    let version = client.apiserver_version().await.unwrap();
    assert_eq!(
        (version.major.as_str(), version.minor.as_str()),
        ("1", "33")
    );
    plane.stop().await.unwrap();
    logs.remove().unwrap();
}
