//! The Application of `examples/argocd/applications.yaml` that holds the objects, with the health of `argocd-cm.yaml`.

use std::fs;

use serde_json::{Value, json};
use testbed::{ArgoCd, GitServer, KubeControllerManager, NotYet, ObjectId, Objects, eventually};

use super::{
    NAMESPACE, SOON, database, example, file, has, id, is_retried, policy, refuse_at_first, set,
};
use crate::stage::root;

const REFRESHES: usize = 3;

fn in_wave(mut object: Value, wave: &str) -> Value {
    object["metadata"]["annotations"] = json!({"argocd.argoproj.io/sync-wave": wave});
    object
}

/// What needs the database, in the wave after it.
fn map() -> Value {
    let map = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "reports", "namespace": NAMESPACE},
        "data": {"database": "Sales"},
    });
    in_wave(map, "1")
}

/// The policy and the map, and the object `sales`; others if there are any.
fn files(others: &[Value]) -> Vec<(String, String)> {
    let mut objects = vec![
        in_wave(policy(), "-1"),
        in_wave(database("Sales"), "0"),
        map(),
    ];
    objects.extend(others.iter().cloned().map(|other| in_wave(other, "0")));
    let numbered = objects.iter().enumerate();
    numbered
        .map(|(number, object)| file(&format!("attached-databases/{number}.yaml"), object))
        .collect()
}

fn health(application: &Value) -> &str {
    let health = application.pointer("/status/health/status");
    health.and_then(Value::as_str).unwrap_or("-")
}

#[tokio::test(flavor = "multi_thread")]
async fn argo_cd_waits_for_databases_and_finds_no_difference() {
    let stage = set("gitops-argocd").await;
    refuse_at_first(&stage).await;
    let git = GitServer::start(stage.logs()).await.unwrap();
    let repository = git.create("platform").await.unwrap();
    repository.commit("sales", files(&[])).await.unwrap();
    let mut argo = ArgoCd::start(&stage.control_plane).await.unwrap();
    let configuration = root().join("examples/argocd/argocd-cm.yaml");
    let configuration = fs::read_to_string(configuration).unwrap();
    let configuration: Value = serde_saphyr::from_str(&configuration).unwrap();
    argo.configure(&configuration["data"]).await.unwrap();
    let manager = KubeControllerManager::start(&stage.control_plane)
        .await
        .unwrap();
    let objects = argo.objects().clone();

    let name = "attached-databases";
    let example = example("argocd/applications.yaml", "Application", name);
    let mut policy_of_sync = example["spec"]["syncPolicy"].clone();
    // A failed attempt is repeated with what git has by then, and soon.
    policy_of_sync["retry"] = json!({
        "limit": 5, "refresh": true, "backoff": {"duration": "2s", "factor": 1, "maxDuration": "2s"},
    });
    let spec = json!({"syncPolicy": policy_of_sync});
    let application = argo
        .application(name, &repository, name, NAMESPACE, &spec)
        .await
        .unwrap();
    let finalizers = json!({"metadata": {"finalizers": example["metadata"]["finalizers"]}});
    objects.merge(&application, &finalizers).await.unwrap();

    a_wave_waits_for_the_one_before(&objects, &application).await;
    until(&mut argo, &application, "Synced", "Healthy").await;
    nothing_differs_at_rest(&mut argo, &application).await;

    repository
        .commit("a typo", files(&[database("Stok")]))
        .await
        .unwrap();
    argo.refresh(&application).await.unwrap();
    it_is_degraded_when_an_object_is_stalled(&objects, &application).await;
    repository
        .commit("the typo is corrected", files(&[database("Stock")]))
        .await
        .unwrap();
    argo.refresh(&application).await.unwrap();
    until(&mut argo, &application, "Synced", "Healthy").await;
    assert!(stage.live("stock").await.is_some());
    stage.until_gone_in(NAMESPACE, "stok").await;

    // The policy is needed to the end: it goes last.
    objects.delete(&application).await.unwrap();
    objects.until_gone(&application, SOON).await.unwrap();
    for left in [
        id("sales"),
        id("stock"),
        ObjectId::of(&map()).unwrap(),
        ObjectId::of(&policy()).unwrap(),
    ] {
        assert!(objects.get(&left).await.unwrap().is_none(), "{left}");
    }
    let world = stage.simulator.world().await.unwrap();
    assert_eq!(world["configurations"], json!([]));

    argo.stop().await.unwrap();
    manager.stop().await.unwrap();
    stage.clear().await;
}

async fn until(argo: &mut ArgoCd, application: &ObjectId, sync: &str, health: &str) {
    argo.until_status(application, sync, health, SOON)
        .await
        .unwrap();
}

async fn a_wave_waits_for_the_one_before(objects: &Objects, application: &ObjectId) {
    let map = ObjectId::of(&map()).unwrap();
    let mut was_retried = false;
    eventually(SOON, "the second wave is applied", async || {
        let application = objects.look(application).await?;
        // In this order: what is attached stays so, and cannot become so between the two looks.
        let map = objects.get(&map).await?;
        let object = objects.get(&id("sales")).await?;
        if health(&application) == "Degraded" {
            return Err(NotYet::hopeless(format!("degraded: {application}")));
        }
        match (map.is_some(), has(object.as_ref(), "Ready")) {
            (true, true) => Ok(()),
            (true, false) => Err(NotYet::hopeless(format!("applied before {object:?}"))),
            (false, _) => {
                was_retried |= is_retried(object.as_ref());
                Err(NotYet::observed(&application["status"]["operationState"]))
            }
        }
    })
    .await
    .unwrap();
    assert!(was_retried);
}

/// What would have changed if there had been a difference: the Application heals itself.
async fn at_rest(objects: &Objects, application: &ObjectId) -> [Value; 3] {
    let application = objects.look(application).await.unwrap();
    let resources = application["status"]["resources"].as_array().unwrap();
    assert_eq!(resources.len(), 3, "{resources:?}");
    for resource in resources {
        assert_eq!(resource["status"], "Synced", "{resource}");
    }
    let object = objects.look(&id("sales")).await.unwrap();
    [
        application["status"]["history"].clone(),
        application["status"]["operationState"]["startedAt"].clone(),
        object["metadata"]["resourceVersion"].clone(),
    ]
}

async fn nothing_differs_at_rest(argo: &mut ArgoCd, application: &ObjectId) {
    let objects = argo.objects().clone();
    let before = at_rest(&objects, application).await;
    for options in [Value::Null, json!("ServerSideDiff=true")] {
        for _ in 0..REFRESHES {
            // A hard one compares again what has not changed.
            let refresh = json!({"metadata": {"annotations": {
                "argocd.argoproj.io/compare-options": options,
                "argocd.argoproj.io/refresh": "hard",
            }}});
            objects.merge(application, &refresh).await.unwrap();
            until(argo, application, "Synced", "Healthy").await;
            assert_eq!(at_rest(&objects, application).await, before, "{options}");
        }
    }
}

async fn it_is_degraded_when_an_object_is_stalled(objects: &Objects, application: &ObjectId) {
    eventually(SOON, "the Application is degraded", async || {
        let application = objects.look(application).await?;
        let object = objects.get(&id("stok")).await?;
        match (health(&application), has(object.as_ref(), "Stalled")) {
            ("Degraded", true) => Ok(()),
            ("Degraded", false) => Err(NotYet::hopeless(format!("degraded before {object:?}"))),
            (other, _) => Err(NotYet::observed(other)),
        }
    })
    .await
    .unwrap();
}
