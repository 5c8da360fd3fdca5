//! A control plane of the testbed is a real one: it starts, takes objects, guards access, and leaves
//! nothing behind.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, time::Duration};

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use kube::{
    Api, Client, Config,
    api::{ListParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
};
use testbed::{ControlPlane, Logs, NotYet, Tools, eventually};

const WIDGETS: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.testbed.example}
spec:
  group: testbed.example
  names: {plural: widgets, singular: widget, kind: Widget, listKind: WidgetList}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {size: {type: integer}}
            x-kubernetes-validations:
            - {rule: "self.size < 10", message: "`size` must be below 10"}
"#;

fn widget(name: &str, size: u32) -> String {
    format!(
        "apiVersion: testbed.example/v1\nkind: Widget\n\
         metadata: {{name: {name}, namespace: default}}\nspec: {{size: {size}}}\n"
    )
}

/// Runs kubectl to its end: (success, both outputs).
async fn kubectl(plane: &ControlPlane, args: &[&str]) -> (bool, String) {
    let output = plane.kubectl().args(args).output().await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

fn is_alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn a_control_plane_starts_serves_and_leaves_nothing_behind() {
    let logs = Logs::create("control-plane").unwrap();
    let tools = Tools::ensure().await.unwrap();
    let plane = ControlPlane::start(&tools, &logs).await.unwrap();
    let pids = plane.pids();
    let scratch = plane.scratch().to_owned();

    crds_are_installed_and_their_rules_hold(&plane).await;
    a_service_account_has_only_its_own_rights(&plane).await;
    two_clients_work_at_once(&plane).await;

    assert!(pids.into_iter().all(is_alive));
    plane.stop().await.unwrap();
    assert!(!pids.into_iter().any(is_alive), "a process is left");
    assert!(!scratch.exists(), "data is left in {}", scratch.display());
    logs.remove().unwrap();
}

async fn crds_are_installed_and_their_rules_hold(plane: &ControlPlane) {
    plane.install_crds(WIDGETS).await.unwrap();
    let file = plane.scratch().join("widget.yaml");
    let path = file.to_str().unwrap();

    fs::write(&file, widget("small", 1)).unwrap();
    let (is_applied, text) = kubectl(plane, &["apply", "-f", path]).await;
    assert!(
        is_applied && text.contains("widget.testbed.example/small created"),
        "{text}"
    );

    fs::write(&file, widget("large", 11)).unwrap();
    let (is_applied, text) = kubectl(plane, &["apply", "-f", path]).await;
    assert!(
        !is_applied && text.contains("`size` must be below 10"),
        "{text}"
    );
}

async fn a_service_account_has_only_its_own_rights(plane: &ControlPlane) {
    let admin = plane.client().await.unwrap();
    let accounts: Api<ServiceAccount> = Api::namespaced(admin, "default");
    let mut account = ServiceAccount::default();
    account.metadata.name = Some("reader".to_owned());
    accounts
        .create(&PostParams::default(), &account)
        .await
        .unwrap();

    let kubeconfig = plane
        .service_account_kubeconfig("default", "reader")
        .await
        .unwrap();
    let config = Kubeconfig::read_from(kubeconfig).unwrap();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(config, &options)
        .await
        .unwrap();
    let client = Client::try_from(config).unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    let error = maps.list(&ListParams::default()).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("system:serviceaccount:default:reader"),
        "{text}"
    );
}

async fn two_clients_work_at_once(plane: &ControlPlane) {
    let (first, second) = tokio::join!(plane.client(), plane.client());
    let list = async |client: Client| {
        let namespaces: Api<Namespace> = Api::all(client);
        namespaces
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .len()
    };
    let (first, second) = tokio::join!(list(first.unwrap()), list(second.unwrap()));
    assert!(first > 0 && first == second);
}

#[tokio::test]
async fn a_dropped_control_plane_is_gone() {
    let logs = Logs::create("control-plane-dropped").unwrap();
    let tools = Tools::ensure().await.unwrap();
    let plane = ControlPlane::start(&tools, &logs).await.unwrap();
    let pids = plane.pids();
    let scratch = plane.scratch().to_owned();
    drop(plane);
    eventually(
        Duration::from_secs(10),
        "both processes are gone",
        async || {
            let left: Vec<u32> = pids.into_iter().filter(|pid| is_alive(*pid)).collect();
            if left.is_empty() {
                return Ok(());
            }
            Err(NotYet::observed(format!("{left:?}")))
        },
    )
    .await
    .unwrap();
    assert!(!scratch.exists(), "data is left in {}", scratch.display());
    logs.remove().unwrap();
}
