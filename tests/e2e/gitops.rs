//! Flux and Argo CD as they are released, with the Kustomizations and Applications of `examples/`, over an operator with
//! the rights that the chart gives it.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use testbed::objects::has_condition;
use testbed::{ObjectId, SimulatorOptions, World};

use crate::chart;
use crate::stage::{SUBSCRIPTION, Stage, attached_database, cluster, root};

#[path = "gitops/argocd.rs"]
mod argocd;
#[path = "gitops/flux.rs"]
mod flux;
#[path = "gitops/uninstall.rs"]
mod uninstall;

/// Where the objects are.
const NAMESPACE: &str = "analytics";
const API_VERSION: &str = "adx-follower.dev/v1alpha1";
const SOON: Duration = Duration::from_mins(1);
/// Long enough to be seen at work.
const OPERATION: Duration = Duration::from_millis(1500);

/// The operator by its chart, over a leader with three databases. Nobody may attach any yet.
async fn set(test: &str) -> Stage {
    let world = json!({"clusters": [
        {"id": cluster("follower1"), "location": "West Europe"},
        {"id": cluster("leader1"), "location": "West Europe", "databases": [
            {"name": "Sales"}, {"name": "Stock"}, {"name": "Returns"},
        ]},
    ]});
    let azure = SimulatorOptions {
        world: World::Document(world),
        operation_duration: OPERATION,
        ..SimulatorOptions::default()
    };
    let mut stage = Stage::closed(test, azure).await;
    chart::install(&mut stage, &[]).await;
    stage
}

/// Has Azure answer the first questions about sales as it does when it is overloaded: nobody has to act for that.
async fn refuse_at_first(stage: &Stage) {
    let fault = json!({
        "name": "overloaded",
        "match": {"method": "GET", "path": "**/attachedDatabaseConfigurations/sales", "times": 3},
        "act": {"status": 503},
    });
    stage.simulator.arm_fault(&fault).await.unwrap();
}

/// Whether an object failed and is tried again.
fn is_retried(object: Option<&Value>) -> bool {
    has(object, "Reconciling")
        && object.is_some_and(|object| has_condition(object, "Ready", "False").is_ok())
}

/// What lets the namespace of the objects attach any database of the leader with the operator's identity.
fn policy() -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": "AttachmentPolicy",
        "metadata": {"name": NAMESPACE},
        "spec": {
            "namespaces": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}},
            "followers": [cluster("follower1")],
            "leaders": [{"scope": format!("{SUBSCRIPTION}/resourceGroups/rg1"), "databases": ["*"]}],
        },
    })
}

/// Attaches a database of the leader under its name in lower case.
fn database(database: &str) -> Value {
    let mut object = attached_database(&database.to_lowercase());
    object["metadata"]["namespace"] = json!(NAMESPACE);
    object["spec"]["leader"]["databaseName"] = json!(database);
    // Somebody's change is only taken back where git says what it has to be.
    object["spec"]["defaultPrincipalsModificationKind"] = json!("Union");
    object
}

/// The name of such an object.
fn id(name: &str) -> ObjectId {
    ObjectId::new(API_VERSION, "AttachedDatabase", NAMESPACE, name)
}

/// An object as a file of a repository: JSON is YAML.
fn file(path: &str, object: &Value) -> (String, String) {
    (path.to_owned(), object.to_string())
}

/// The object of a kind and a name in a file of `examples/`.
fn example(path: &str, kind: &str, name: &str) -> Value {
    let text = fs::read_to_string(root().join("examples").join(path)).unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    documents
        .into_iter()
        .find(|document| document["kind"] == kind && document["metadata"]["name"] == name)
        .unwrap_or_else(|| panic!("{path} has the {kind} {name}"))
}

/// Whether an object is there and has the condition, as of its present generation.
fn has(object: Option<&Value>, condition: &str) -> bool {
    object.is_some_and(|object| has_condition(object, condition, "True").is_ok())
}

/// How principals are merged in the live configuration `name`.
async fn live_kind(stage: &Stage, name: &str) -> String {
    let live = stage.live(name).await.unwrap_or_default();
    let kind = live["properties"]["defaultPrincipalsModificationKind"].as_str();
    kind.unwrap_or_default().to_owned()
}
