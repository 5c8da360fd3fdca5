//! `adx-follower doctor` against a real API server, which alone knows how it stores a definition and what it refuses.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;

use crate::stage::{Stage, attached_database};

/// Runs the program as the operator is run, but for the kubeconfig.
fn doctor(stage: &Stage, kubeconfig: &Path, arguments: &[&str]) -> (Output, Vec<Value>) {
    let output = Command::new(env!("CARGO_BIN_EXE_adx-follower"))
        .arg("doctor")
        .args(arguments)
        .args(["-o", "json", "--credential", "managed-identity"])
        .args(["--arm-endpoint", stage.simulator.url()])
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .env(
            "IDENTITY_ENDPOINT",
            format!("{}/msi/token", stage.simulator.url()),
        )
        .env("IDENTITY_HEADER", "testbed")
        .output()
        .unwrap();
    let checks = serde_json::from_slice(&output.stdout).unwrap();
    (output, checks)
}

fn of(checks: &[Value], id: &str) -> Vec<(String, String)> {
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let found = checks.iter().filter(|check| check["id"] == id);
    found
        .map(|check| (text(check, "result"), text(check, "message")))
        .collect()
}

/// Runs a remedy as the administrator who copied it.
fn apply(stage: &Stage, remedy: &str) {
    let kubectl = stage.control_plane.kubectl();
    let folder = Path::new(kubectl.as_std().get_program()).parent().unwrap();
    // Where there is no home, kubectl keeps its cache in the folder that it is called in.
    let home = tempfile::tempdir().unwrap();
    let output = Command::new("sh")
        .args(["-c", remedy])
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", folder.display()))
        .env("HOME", home.path())
        .env("KUBECONFIG", stage.control_plane.kubeconfig())
        .output()
        .unwrap();
    assert!(output.status.success(), "{remedy}: {output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_server_says_is_understood() {
    let stage = Stage::without_operator("doctor", Duration::from_millis(500)).await;
    stage.create(attached_database("sales")).await;

    // An administrator may do everything, and is not the operator.
    let admin = stage.control_plane.kubeconfig();
    let (output, checks) = doctor(&stage, admin, &["sales", "-n", "default"]);
    assert_eq!(output.status.code(), Some(0), "{checks:#?}");
    for check in &checks {
        // Nobody has looked at the object yet.
        let expected = if check["id"] == "status" {
            "warn"
        } else {
            "ok"
        };
        assert_eq!(check["result"], expected, "{check:#?}");
    }
    assert_eq!(of(&checks, "crd").len(), 2);
    let (_, rights) = &of(&checks, "rights")[0];
    assert!(rights.contains("not the operator's"), "{rights}");

    // A ServiceAccount without any rights may still ask for its own.
    stage.service_account_token("nobody").await;
    let nobody = stage
        .control_plane
        .service_account_kubeconfig("default", "nobody")
        .await
        .unwrap();
    let asked = ["-A", "--leader-elect"];
    let (output, checks) = doctor(&stage, nobody.as_ref(), &asked);
    assert_eq!(output.status.code(), Some(1), "{checks:#?}");
    let (result, message) = &of(&checks, "rights")[0];
    assert_eq!(result, "fail");
    for part in [
        "the ServiceAccount default/nobody may not",
        "`get`, `list`, `watch`, `patch` attacheddatabases;",
        "`create` serviceaccounts/token in every namespace",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    for (id, result) in [("crd", "warn"), ("policies", "fail"), ("object", "fail")] {
        for (found, message) in of(&checks, id) {
            assert_eq!(found, result, "{id}: {message}");
            assert!(message.contains("forbidden"), "{message}");
        }
    }
    // The roles that are printed give what is missing.
    for id in ["rights", "lease"] {
        let check = checks.iter().find(|check| check["id"] == id).unwrap();
        assert_eq!(check["result"], "fail");
        let manifest = check["remedies"].as_array().unwrap().last().unwrap();
        apply(&stage, manifest.as_str().unwrap());
    }
    let (_, checks) = doctor(&stage, nobody.as_ref(), &asked);
    for id in ["rights", "lease", "policies", "access", "plan"] {
        let found = of(&checks, id);
        assert!(
            !found.is_empty() && found.iter().all(|(result, _)| result == "ok"),
            "{id}: {checks:#?}"
        );
    }
    stage.clear().await;
}
