//! The health script for Argo CD: its own cases, and that it says of every status what Flux and Helm say of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use adx_follower_operator::api::{AttachedDatabase, GROUP, KIND};
use mlua::{Lua, LuaOptions, StdLib, Value as LuaValue};
use serde_json::{Value, json};

#[path = "support/oracles.rs"]
mod oracles;

use oracles::{Kstatus, kstatus};

/// What Argo CD shows.
#[derive(Debug, PartialEq, Eq)]
struct Health {
    status: String,
    message: String,
}

/// Where Argo CD looks for what it knows of a kind.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/argocd/resource_customizations")
        .join(GROUP)
        .join(KIND)
}

fn script() -> String {
    fs::read_to_string(folder().join("health.lua")).unwrap()
}

/// Runs the script over `object` as Argo CD does with one from its `ConfigMap`: with the language and nothing of its libraries
/// but what it cannot do without (`ipairs`).
fn health(object: &Value) -> Health {
    let lua = Lua::new_with(StdLib::NONE, LuaOptions::default()).unwrap();
    lua.globals().set("obj", table(&lua, object)).unwrap();
    let health: mlua::Table = lua
        .load(script())
        .eval()
        .unwrap_or_else(|error| panic!("{error}\n{object:#}"));
    Health {
        status: health.get("status").unwrap(),
        message: health.get("message").unwrap(),
    }
}

fn table(lua: &Lua, value: &Value) -> LuaValue {
    match value {
        Value::Null => LuaValue::Nil,
        Value::Bool(value) => LuaValue::Boolean(*value),
        Value::Number(value) => LuaValue::Number(value.as_f64().unwrap()),
        Value::String(value) => LuaValue::String(lua.create_string(value).unwrap()),
        Value::Array(items) => {
            let items = items.iter().map(|item| table(lua, item));
            LuaValue::Table(lua.create_sequence_from(items).unwrap())
        }
        Value::Object(map) => {
            let entries = map
                .iter()
                .map(|(name, value)| (name.as_str(), table(lua, value)));
            LuaValue::Table(lua.create_table_from(entries).unwrap())
        }
    }
}

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_cases_for_argo_cd_hold_and_use_every_object() {
    let cases = yaml(&folder().join("health_test.yaml"));
    let mut used = BTreeSet::new();
    for case in cases["tests"].as_array().unwrap() {
        let path = case["inputPath"].as_str().unwrap();
        let object = yaml(&folder().join(path));
        serde_json::from_value::<AttachedDatabase>(object.clone())
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let expected = Health {
            status: case["healthStatus"]["status"].as_str().unwrap().to_owned(),
            message: case["healthStatus"]["message"].as_str().unwrap().to_owned(),
        };
        assert_eq!(health(&object), expected, "{path}");
        used.insert(path.to_owned());
    }
    let files = fs::read_dir(folder().join("testdata")).unwrap();
    let names: BTreeSet<String> = files
        .map(|file| format!("testdata/{}", file.unwrap().file_name().to_str().unwrap()))
        .collect();
    assert_eq!(used, names);
}

/// What kstatus says, in Argo CD's words. Argo CD itself takes care of what is being deleted.
fn as_argo_cd_says(verdict: Kstatus) -> &'static str {
    match verdict {
        Kstatus::Current => "Healthy",
        Kstatus::Failed => "Degraded",
        Kstatus::InProgress | Kstatus::Terminating => "Progressing",
    }
}

#[test]
fn every_status_means_to_argo_cd_what_it_means_to_flux_and_helm() {
    let condition = |kind: &str, status: Option<&str>| {
        status.map(
            |status| json!({"type": kind, "status": status, "reason": "Reason", "message": ""}),
        )
    };
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for observed in [-1, 1, 2] {
        for ready in [Some("True"), Some("False"), Some("Unknown")] {
            for reconciling in [None, Some("True"), Some("False")] {
                for stalled in [None, Some("True"), Some("False")] {
                    // Never both (conventions.md §1): kstatus would go by their order.
                    if (reconciling, stalled) == (Some("True"), Some("True")) {
                        continue;
                    }
                    let mut conditions: Vec<Value> = [
                        condition("InSync", Some("Unknown")),
                        condition("Ready", ready),
                        condition("Reconciling", reconciling),
                        condition("Stalled", stalled),
                    ]
                    .into_iter()
                    .flatten()
                    .collect();
                    for _ in 0..conditions.len() {
                        conditions.rotate_left(1);
                        let object = json!({
                            "metadata": {"generation": 2},
                            "spec": {},
                            "status": {"observedGeneration": observed, "conditions": conditions},
                        });
                        let found = health(&object);
                        assert_eq!(
                            found.status,
                            as_argo_cd_says(kstatus(&object)),
                            "{object:#}"
                        );
                        assert!(!found.message.is_empty());
                        seen.insert(found.status);
                        count += 1;
                    }
                }
            }
        }
    }
    assert_eq!(seen.len(), 3);
    assert!(count > 200);
}

#[test]
fn what_the_operator_has_not_seen_is_never_healthy() {
    for object in [
        json!({"metadata": {"generation": 1}, "spec": {}}),
        json!({"metadata": {"generation": 1}, "spec": {}, "status": {}}),
        json!({"metadata": {"generation": 1}, "spec": {}, "status": {"observedGeneration": -1}}),
        json!({"metadata": {"generation": 1}, "spec": {}, "status": {"observedGeneration": 1, "conditions": []}}),
    ] {
        assert_eq!(health(&object).status, "Progressing", "{object}");
    }
}

#[test]
fn the_configuration_for_argo_cd_has_the_same_script() {
    let indented: Vec<String> = script()
        .trim_end()
        .lines()
        .map(|line| {
            if line.is_empty() {
                String::new()
            } else {
                format!("    {line}")
            }
        })
        .collect();
    let expected = format!(
        "# Generated from resource_customizations/ by `make generate`; changes made here are lost.\n\
         #\n\
         # Until Argo CD has it built in: what the health of an AttachedDatabase is, without which Argo CD waits for none and\n\
         # shows each as healthy; and that of Applications, which sync waves between them need.\n\
         #\n\
         # kubectl patch configmap argocd-cm -n argocd --patch-file examples/argocd/argocd-cm.yaml\n\
         data:\n  resource.customizations.health.{GROUP}_{KIND}: |\n{}\n  \
         resource.customizations.health.argoproj.io_Application: |\n{APPLICATIONS}",
        indented.join("\n")
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/argocd/argocd-cm.yaml");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap_or_default(),
        expected,
        "run `make generate`"
    );
    let data = &yaml(&path)["data"];
    let of_the_kind = format!("resource.customizations.health.{GROUP}_{KIND}");
    assert_eq!(
        data[&of_the_kind].as_str().unwrap().trim_end(),
        script().trim_end()
    );
}

/// From Argo CD's own documentation (docs/operator-manual/health.md, "Argocd App").
const APPLICATIONS: &str = "    hs = {}
    hs.status = \"Progressing\"
    hs.message = \"\"
    if obj.status ~= nil then
      if obj.status.health ~= nil then
        hs.status = obj.status.health.status
        if obj.status.health.message ~= nil then
          hs.message = obj.status.health.message
        end
      end
    end
    return hs
";

#[test]
fn the_examples_name_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let applications = fs::read_to_string(root.join("examples/argocd/applications.yaml")).unwrap();
    let applications: Vec<Value> = serde_saphyr::from_multiple(&applications).unwrap();
    let waves: Vec<&str> = applications
        .iter()
        .map(|application| {
            application["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(waves, ["0", "1"]);
    assert_eq!(
        applications[0]["spec"]["source"]["targetRevision"],
        env!("CARGO_PKG_VERSION")
    );
    let flux = fs::read_to_string(root.join("examples/flux/kustomizations.yaml")).unwrap();
    let flux: Vec<Value> = serde_saphyr::from_multiple(&flux).unwrap();
    let [source, operator, policies, databases] = &flux[..] else {
        panic!("a source and three Kustomizations");
    };
    assert_eq!(
        source["spec"]["ref"]["tag"],
        concat!("v", env!("CARGO_PKG_VERSION"))
    );
    let base = operator["spec"]["path"].as_str().unwrap();
    assert!(
        root.join(base).join("kustomization.yaml").is_file(),
        "{base}"
    );
    for (earlier, later) in [(operator, policies), (policies, databases)] {
        assert_eq!(
            later["spec"]["dependsOn"][0]["name"],
            earlier["metadata"]["name"]
        );
        assert_ne!(later["spec"]["path"], earlier["spec"]["path"]);
    }
    for kustomization in [operator, policies, databases] {
        assert_eq!(kustomization["spec"]["wait"], true);
    }
    let release = fs::read_to_string(root.join("examples/flux/helmrelease.yaml")).unwrap();
    let release: Vec<Value> = serde_saphyr::from_multiple(&release).unwrap();
    assert_eq!(release[2]["kind"], "HelmRelease");
}
