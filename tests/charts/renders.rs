//! What is rendered, as a whole.

use std::{collections::BTreeSet, fs, process::Command};

use adx_follower_operator::api::crds;
use serde_json::{Value, json};
use testbed::Tool;

use super::helm::{
    CHART, CRDS_CHART, Helm, NAMESPACE, assert_generated, profile, profiles, program, rendered,
    rendered_with, root,
};
use super::objects::{id, objects, of, text};

#[test]
fn each_profile_renders_as_recorded() {
    for name in profiles() {
        // The definitions have a test of their own.
        let arguments = ["--values", &profile(&name), "--set", "crds.enabled=false"];
        let render = Helm::Three.render(CHART, &arguments).unwrap();
        let render = render.trim_start_matches("---\n");
        assert_generated(&format!("tests/charts/golden/{name}.yaml"), render);
    }
    let golden = fs::read_dir(root().join("tests/charts/golden"))
        .unwrap()
        .count();
    assert_eq!(
        golden,
        profiles().len(),
        "each recorded render has its profile"
    );
}

#[test]
fn helm_4_renders_the_same_objects() {
    let sorted = |helm: Helm, chart: &str, arguments: &[&str]| {
        let mut found = objects(&helm.render(chart, arguments).unwrap());
        found.sort_by_key(id);
        found
    };
    for name in profiles() {
        let arguments = ["--values", &profile(&name)];
        let (three, four) = (
            sorted(Helm::Three, CHART, &arguments),
            sorted(Helm::Four, CHART, &arguments),
        );
        assert!(!three.is_empty());
        assert_eq!(three, four, "{name}");
    }
    assert_eq!(
        sorted(Helm::Three, CRDS_CHART, &[]),
        sorted(Helm::Four, CRDS_CHART, &[])
    );
}

#[test]
fn neither_helm_finds_fault() {
    for helm in [Helm::Three, Helm::Four] {
        helm.run(&["lint", "--strict", CRDS_CHART]).unwrap();
        for name in profiles() {
            let arguments = [
                "lint",
                "--strict",
                "--kube-version",
                "1.37.0",
                CHART,
                "--values",
                &profile(&name),
            ];
            helm.run(&arguments)
                .unwrap_or_else(|error| panic!("{helm:?} {name}: {error}"));
        }
    }
}

#[test]
fn every_object_is_there_once_with_the_recommended_labels_and_in_its_place() {
    for name in profiles() {
        let found = rendered(&name);
        let mut seen = BTreeSet::new();
        for object in &found {
            assert!(seen.insert(id(object)), "{name} has {} twice", id(object));
            if text(object, "/metadata/name").ends_with("-extra")
                || text(object, "/metadata/name").ends_with("-text")
            {
                continue;
            }
            for label in [
                "name",
                "instance",
                "version",
                "component",
                "part-of",
                "managed-by",
            ] {
                let label = format!("app.kubernetes.io/{label}");
                assert!(
                    object["metadata"]["labels"][&label].is_string(),
                    "{name}: {} lacks {label}",
                    id(object)
                );
            }
            assert!(object["metadata"]["labels"]["helm.sh/chart"].is_string());
            let is_of_the_cluster = text(object, "/kind").starts_with("Cluster")
                || object["kind"] == "CustomResourceDefinition";
            assert_eq!(
                object["metadata"]["namespace"].is_null(),
                is_of_the_cluster,
                "{name}: {}",
                id(object)
            );
        }
    }
}

#[test]
fn the_definitions_are_those_of_the_program() {
    let expected: Vec<Value> = crds().iter().map(|crd| json!(crd)).collect();
    let apart = objects(&Helm::Three.render(CRDS_CHART, &[]).unwrap());
    for found in [rendered("default"), apart] {
        let found = of(&found, "CustomResourceDefinition");
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.into_iter().zip(&expected) {
            assert_eq!(found["metadata"]["name"], expected["metadata"]["name"]);
            assert_eq!(
                found["metadata"]["annotations"]["helm.sh/resource-policy"],
                "keep"
            );
            // Whole numbers are floats in the Rust type of a definition.
            let (found, expected) = (whole(&found["spec"]), whole(&expected["spec"]));
            assert_eq!(found, expected);
        }
    }
}

fn whole(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(items) => items.iter().map(whole).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), whole(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn the_definitions_can_be_left_out_and_let_go() {
    assert!(
        of(
            &rendered_with(&["crds.enabled=false"]),
            "CustomResourceDefinition"
        )
        .is_empty()
    );
    let found = rendered_with(&["crds.keep=false"]);
    for crd in of(&found, "CustomResourceDefinition") {
        assert_eq!(crd["metadata"]["annotations"], Value::Null);
    }
    let apart = objects(
        &Helm::Three
            .render(CRDS_CHART, &["--set", "keep=false"])
            .unwrap(),
    );
    assert!(
        apart
            .iter()
            .all(|crd| crd["metadata"]["annotations"].is_null())
    );
}

#[test]
fn the_charts_have_the_version_of_the_program() {
    for chart in [CHART, CRDS_CHART] {
        let yaml = fs::read_to_string(root().join(chart).join("Chart.yaml")).unwrap();
        let chart: Value = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
        assert_eq!(chart["kubeVersion"], ">=1.33.0-0");
        let Some(images) = chart["annotations"]["artifacthub.io/images"].as_str() else {
            continue;
        };
        let images: Value = serde_saphyr::from_str(images).unwrap();
        let deployment = rendered("default");
        let image = text(
            of(&deployment, "Deployment")[0],
            "/spec/template/spec/containers/0/image",
        );
        assert_eq!(images[0]["image"], image);
    }
}

#[test]
fn what_artifact_hub_is_told_of_the_kinds_is_true() {
    let yaml = fs::read_to_string(root().join(CHART).join("Chart.yaml")).unwrap();
    let chart: Value = serde_saphyr::from_str(&yaml).unwrap();
    let told = |key: &str| -> Value {
        serde_saphyr::from_str(chart["annotations"][key].as_str().expect(key)).unwrap()
    };
    let told_kinds = told("artifacthub.io/crds");
    let examples = told("artifacthub.io/crdsExamples");
    let crds = crds();
    assert_eq!(told_kinds.as_array().unwrap().len(), crds.len());
    assert_eq!(examples.as_array().unwrap().len(), crds.len());
    for (index, crd) in crds.iter().enumerate() {
        assert_eq!(told_kinds[index]["kind"], crd.spec.names.kind);
        assert_eq!(told_kinds[index]["name"], json!(crd.metadata.name));
        assert_eq!(told_kinds[index]["version"], crd.spec.versions[0].name);
        assert_eq!(examples[index]["kind"], crd.spec.names.kind);
    }
    let examples = examples.as_array().unwrap();
    serde_json::from_value::<adx_follower_operator::api::AttachedDatabase>(examples[0].clone())
        .unwrap();
    serde_json::from_value::<adx_follower_operator::api::AttachmentPolicy>(examples[1].clone())
        .unwrap();
}

#[test]
fn older_clusters_are_refused() {
    let fixed = [
        "template",
        "x",
        CHART,
        "--namespace",
        NAMESPACE,
        "--kube-version",
    ];
    let refused = Helm::Three
        .run(&[&fixed[..], &["1.32.9"]].concat())
        .unwrap_err();
    assert!(refused.contains("kubeVersion"), "{refused}");
    Helm::Three
        .run(&[&fixed[..], &["1.33.1-aks.2"]].concat())
        .unwrap();
}

#[test]
fn the_notes_warn_of_what_is_open_and_of_what_is_missing() {
    let notes = |settings: &[&str]| {
        let mut arguments = vec![
            "install",
            "x",
            CHART,
            "--namespace",
            "ops",
            "--dry-run=client",
        ];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let output = Helm::Four.run(&arguments).unwrap();
        output.split("NOTES:").nth(1).unwrap().to_owned()
    };
    let default = notes(&[]);
    assert!(default.contains("helm test x -n ops --logs"), "{default}");
    assert!(default.contains("kind: AttachmentPolicy"), "{default}");
    assert!(
        default.contains("no Azure identity is configured"),
        "{default}"
    );
    let open = notes(&["tenancy.allowAll=true", "azure.clientId=c"]);
    assert!(open.contains("WARNING: tenancy.allowAll is true"), "{open}");
    assert!(
        !open.contains("no Azure identity") && !open.contains("kind: AttachmentPolicy"),
        "{open}"
    );
    assert!(notes(&["crds.keep=false"]).contains("WARNING: crds.keep is false"));
    assert!(notes(&["rbac.create=false"]).contains("WARNING: rbac.create is false"));
    let annotate = notes(&[
        "serviceAccount.create=false",
        "serviceAccount.name=mine",
        "azure.clientId=c",
    ]);
    assert!(
        annotate.contains("annotate serviceaccount -n ops mine"),
        "{annotate}"
    );
}

#[test]
fn kube_score_finds_no_fault() {
    // A limit on processor time makes the operator slow and saves nothing. Tags of releases do not move, so that there is no
    // need to pull them each time. It writes nothing but its log, which a limit on storage would count.
    let waived = [
        "--ignore-container-cpu-limit",
        "--ignore-test=container-image-pull-policy,container-ephemeral-storage-request-and-limit",
    ];
    let folder = tempfile::tempdir().unwrap();
    for name in ["default", "lockdown", "everything-on"] {
        let arguments = [
            "--values",
            &profile(name),
            "--set",
            "networkPolicy.enabled=true",
            "--set",
            "crds.enabled=false",
        ];
        let file = folder.path().join(name);
        fs::write(&file, Helm::Three.render(CHART, &arguments).unwrap()).unwrap();
        let output = Command::new(program(Tool::KubeScore))
            .args(["score", "--kubernetes-version=v1.33", "--output-format=ci"])
            .args(waived)
            .arg(&file)
            .output()
            .unwrap();
        let found = String::from_utf8(output.stdout).unwrap();
        assert!(found.contains("[OK]"), "{found}");
        assert!(output.status.success(), "{name}:\n{found}");
    }
}
