//! Manifests for those who do not use Helm: rendered from the chart, and built by kustomize.

use std::{fs, process::Command};

use adx_follower_operator::api::{crd_document, crds};
use serde_json::{Value, json};
use testbed::Tool;

use super::helm::{CHART, Helm, assert_generated, program, root};
use super::objects::{Object, arguments, id, objects, of, text, the};

/// The chart with `settings`, without what only Helm has a use for.
fn plain(settings: &[&str]) -> String {
    let always = [
        "crds.enabled=false",
        "test.enabled=false",
        "azure.credential=workload-identity",
    ];
    let settings = always.iter().chain(settings);
    let arguments: Vec<&str> = settings.flat_map(|setting| ["--set", setting]).collect();
    let render = Helm::Three.render(CHART, &arguments).unwrap();
    let lines = render.lines().filter(|line| {
        let line = line.trim_start();
        !(line.starts_with("# Source: ")
            || line.starts_with("helm.sh/chart: ")
            || line == "app.kubernetes.io/managed-by: Helm")
    });
    lines
        .fold(String::new(), |text, line| text + line + "\n")
        .trim_start_matches("---\n")
        .to_owned()
}

fn generated(manifests: &str) -> String {
    format!(
        "# Generated from charts/adx-follower-operator by `make generate`; changes made here are lost.\n{manifests}"
    )
}

const NAMESPACED: [&str; 3] = [
    "watchNamespaces={adx-follower-system}",
    "tenancy.allowAll=true",
    "rbac.aggregateClusterRoles=false",
];

#[test]
fn the_bases_equal_the_chart() {
    assert_generated(
        "deploy/kustomize/cluster/operator.yaml",
        &generated(&plain(&[])),
    );
    assert_generated(
        "deploy/kustomize/namespaced/operator.yaml",
        &generated(&plain(&NAMESPACED)),
    );
}

#[test]
fn the_one_file_to_install_equals_the_chart() {
    let namespace =
        fs::read_to_string(root().join("deploy/kustomize/cluster/namespace.yaml")).unwrap();
    let definitions: Vec<String> = crds().iter().map(crd_document).collect();
    let whole = [vec![namespace], definitions, vec![plain(&[])]]
        .concat()
        .join("---\n");
    assert_generated("deploy/install.yaml", &generated(&whole));
    let order: Vec<String> = objects(&whole)
        .iter()
        .take(3)
        .map(|object| text(object, "/kind").to_owned())
        .collect();
    assert_eq!(
        order,
        [
            "Namespace",
            "CustomResourceDefinition",
            "CustomResourceDefinition"
        ]
    );
}

/// What kustomize makes of a folder of the repository.
fn built(folder: &str) -> Vec<Object> {
    let output = Command::new(program(Tool::Kubectl))
        .current_dir(root())
        .args(["kustomize", folder])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{folder}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    objects(&String::from_utf8(output.stdout).unwrap())
}

fn sorted(mut objects: Vec<Object>) -> Vec<Object> {
    objects.sort_by_key(id);
    objects
}

#[test]
fn kustomize_builds_the_base_for_the_cluster_into_the_one_file() {
    let file = fs::read_to_string(root().join("deploy/install.yaml")).unwrap();
    assert_eq!(
        sorted(built("deploy/kustomize/cluster")),
        sorted(objects(&file))
    );
}

#[test]
fn the_overlay_gives_the_operator_its_identity() {
    let found = built("examples/kustomize");
    let annotations = &the(&found, "ServiceAccount")["metadata"]["annotations"];
    assert!(annotations["azure.workload.identity/client-id"].is_string());
    assert!(!of(&found, "CustomResourceDefinition").is_empty());
}

#[test]
fn the_base_for_a_namespace_can_be_put_into_any() {
    let folder = tempfile::tempdir_in(root().join("target")).unwrap();
    let overlay = json!({
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "analytics",
        "resources": ["../../deploy/kustomize/namespaced"],
    });
    fs::write(
        folder.path().join("kustomization.yaml"),
        overlay.to_string(),
    )
    .unwrap();
    let found = built(
        folder
            .path()
            .strip_prefix(root())
            .unwrap()
            .to_str()
            .unwrap(),
    );
    assert!(found.len() > 6);
    for object in &found {
        let place = match text(object, "/kind") {
            "Namespace" => "/metadata/name",
            _ => "/metadata/namespace",
        };
        assert_eq!(text(object, place), "analytics", "{}", id(object));
        for subject in object["subjects"].as_array().into_iter().flatten() {
            assert_eq!(subject["namespace"], "analytics", "{}", id(object));
        }
    }
    let deployment = the(&found, "Deployment").to_string();
    assert!(!deployment.contains("adx-follower-system"), "{deployment}");
    assert!(arguments(&found).contains(&"--allow-all"));
    assert_eq!(
        the(&found, "Deployment")["spec"]["template"]["metadata"]["labels"]["azure.workload.identity/use"],
        Value::from("true")
    );
}
