//! The sample that mirrors an `AttachmentPolicy` at admission refuses what the operator refuses, and holds nothing up.

use std::time::Duration;

use adx_follower_operator::api::{AttachedDatabase, AttachmentPolicy, crd_yaml};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use testbed::{ControlPlane, Logs, NotYet, Tools, eventually};

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/adx";

fn cluster(group: &str, name: &str) -> String {
    format!("{group}/providers/Microsoft.Kusto/clusters/{name}")
}

/// An object that examples/10-policy-one-team.yaml allows, with other fields in its spec.
fn object(changes: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": "sales"},
        "spec": {
            "follower": {"clusterResourceId": cluster(GROUP, "follower1")},
            "leader": {"clusterResourceId": cluster(GROUP, "leader1"), "databaseName": "Sales"},
        },
    });
    for (field, value) in changes.as_object().unwrap() {
        object["spec"][field] = value.clone();
    }
    object
}

async fn kubectl(control_plane: &ControlPlane, arguments: &[&str]) {
    let output = control_plane
        .kubectl()
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

async fn dry_run(api: &Api<AttachedDatabase>, changes: &Value) -> Result<(), String> {
    let object: AttachedDatabase = serde_json::from_value(object(changes)).unwrap();
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    match api.create(&dry, &object).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) => Err(status.message),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sample_refuses_what_a_policy_does_not_allow_and_holds_nothing_up() {
    let tools = Tools::ensure().await.unwrap();
    let logs = Logs::create("mirror").unwrap();
    let control_plane = ControlPlane::start(&tools, &logs).await.unwrap();
    control_plane.install_crds(&crd_yaml()).await.unwrap();
    kubectl(&control_plane, &["create", "namespace", "analytics"]).await;
    for file in [
        "examples/10-policy-one-team.yaml",
        "deploy/kubernetes/admission-policy.yaml",
    ] {
        kubectl(&control_plane, &["apply", "-f", file]).await;
    }
    let client = control_plane.client().await.unwrap();
    let api: Api<AttachedDatabase> = Api::namespaced(client.clone(), "analytics");
    let elsewhere: Api<AttachedDatabase> = Api::namespaced(client.clone(), "default");
    in_force(&api).await;
    refuses(&api, &elsewhere).await;
    holds_nothing_up(&api, &Api::all(client)).await;
    control_plane.stop().await.unwrap();
    logs.remove().unwrap();
}

fn follower(id: &str) -> Value {
    json!({"follower": {"clusterResourceId": id}})
}

fn leader(group: &str, database: &str) -> Value {
    json!({"leader": {"clusterResourceId": cluster(group, "leader1"), "databaseName": database}})
}

fn stranger() -> Value {
    follower(&cluster(GROUP, "follower2"))
}

/// Waits until the API server has taken the policy up, some time after it was stored.
async fn in_force(api: &Api<AttachedDatabase>) {
    eventually(
        Duration::from_mins(1),
        "the sample is in force",
        async || {
            let refused = dry_run(api, &stranger()).await;
            let is_told = refused.is_err_and(|why| why.contains("does not allow this follower"));
            let is_open = dry_run(api, &json!({})).await;
            match (is_told, is_open) {
                (true, Ok(())) => Ok(()),
                (_, told) => Err(NotYet::Observed(format!("{told:?}"))),
            }
        },
    )
    .await
    .unwrap();
}

async fn refuses(api: &Api<AttachedDatabase>, elsewhere: &Api<AttachedDatabase>) {
    let other = format!("{GROUP}-test");
    for (changes, refused) in [
        (follower(&cluster(GROUP, "FOLLOWER1")), None),
        (stranger(), Some("this follower")),
        (
            follower(&cluster(&other, "follower1")),
            Some("this follower"),
        ),
        (leader(GROUP, "salesEU"), None),
        (
            leader(
                &GROUP
                    .to_uppercase()
                    .replace("/SUBSCRIPTIONS", "/subscriptions")
                    .replace("/RESOURCEGROUPS", "/resourceGroups"),
                "Sales",
            ),
            None,
        ),
        (leader(GROUP, "Stock"), Some("this database")),
        (leader(GROUP, "*"), Some("this database")),
        (leader(&other, "Sales"), Some("this database")),
        (json!({"defaultPrincipalsModificationKind": "None"}), None),
        (
            json!({"defaultPrincipalsModificationKind": "Replace"}),
            Some("PrincipalsModificationKind"),
        ),
    ] {
        match (dry_run(api, &changes).await, refused) {
            (Ok(()), None) => {}
            (Err(why), Some(part)) => assert!(why.contains(part), "{changes}: {why}"),
            (result, refused) => panic!("{changes}: {result:?} instead of {refused:?}"),
        }
    }
    let mut own = stranger();
    own["serviceAccountName"] = json!("adx");
    dry_run(api, &own).await.unwrap();
    dry_run(elsewhere, &stranger()).await.unwrap();
}

async fn holds_nothing_up(api: &Api<AttachedDatabase>, policies: &Api<AttachmentPolicy>) {
    // When the policy is narrowed, nothing new is admitted, and what is there can be reported on and go.
    for name in ["sales", "stays"] {
        let mut created = object(&json!({}));
        created["metadata"] = json!({"name": name, "finalizers": ["adx-follower.dev/detach"]});
        let created: AttachedDatabase = serde_json::from_value(created).unwrap();
        api.create(&PostParams::default(), &created).await.unwrap();
    }
    let narrow = json!({"spec": {"followers": [cluster(GROUP, "follower2")]}});
    policies
        .patch("analytics", &PatchParams::default(), &Patch::Merge(&narrow))
        .await
        .unwrap();
    eventually(
        Duration::from_mins(1),
        "nothing is admitted",
        async || match dry_run(api, &json!({})).await {
            Err(_) => Ok(()),
            Ok(()) => Err(NotYet::Observed("admitted".to_owned())),
        },
    )
    .await
    .unwrap();
    let patch = async |name: &str, patch: Value| {
        let params = PatchParams::default();
        api.patch(name, &params, &Patch::Merge(&patch)).await
    };
    let annotated = json!({"metadata": {"annotations": {"a": "b"}}});
    patch("sales", annotated).await.unwrap();
    patch(
        "sales",
        json!({"spec": {"defaultPrincipalsModificationKind": "None"}}),
    )
    .await
    .expect_err("it asks for something new");
    api.delete("sales", &DeleteParams::default()).await.unwrap();
    let orphan = json!({"spec": {"deletionPolicy": "Orphan"}});
    patch("sales", orphan).await.unwrap();
    let released = json!({"metadata": {"finalizers": null}});
    patch("sales", released.clone()).await.unwrap();

    // Nor when it is gone altogether.
    policies
        .delete("analytics", &DeleteParams::default())
        .await
        .unwrap();
    eventually(Duration::from_mins(1), "it is admitted", async || {
        dry_run(api, &json!({})).await.map_err(NotYet::Observed)
    })
    .await
    .unwrap();
    api.delete("stays", &DeleteParams::default()).await.unwrap();
    patch("stays", released).await.unwrap();
}
