//! The operator goes before the objects do (docs/uninstall.md, "The operator went first").

use serde_json::json;
use testbed::{Helm, HelmVersion, Objects};

use super::{NAMESPACE, SOON, database, id, live_kind, policy, set};
use crate::chart;

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_that_is_installed_again_finishes_what_was_deleted_meanwhile() {
    let mut stage = set("gitops-uninstall").await;
    let objects = stage.control_plane.objects().await.unwrap();
    objects.apply_object(&policy()).await.unwrap();
    for name in ["Sales", "Stock", "Returns"] {
        objects.apply_object(&database(name)).await.unwrap();
    }
    for name in ["sales", "stock", "returns"] {
        stage.until_in(NAMESPACE, name, "True", "Attached").await;
    }

    let operator = stage.operator.take().unwrap();
    assert!(operator.terminate().await.unwrap().success());
    let helm = Helm::on(HelmVersion::V3, &stage.control_plane)
        .await
        .unwrap();
    let uninstall = ["uninstall", chart::NAME, "--namespace", chart::NAMESPACE];
    helm.run(&uninstall).await.unwrap();
    let writes = stage.writes().await.len();

    let orphan = json!({"spec": {"deletionPolicy": "Orphan"}});
    objects.merge(&id("stock"), &orphan).await.unwrap();
    for name in ["sales", "stock"] {
        objects.delete(&id(name)).await.unwrap();
        waits_for_an_operator(&objects, name).await;
        assert_eq!(live_kind(&stage, name).await, "Union");
    }

    chart::release(&mut stage, &[]).await;
    for name in ["sales", "stock"] {
        objects.until_gone(&id(name), SOON).await.unwrap();
    }
    assert_eq!(stage.live("sales").await, None);
    assert_eq!(live_kind(&stage, "stock").await, "Union");
    stage
        .until_in(NAMESPACE, "returns", "True", "Attached")
        .await;
    let since: Vec<_> = stage.writes().await.split_off(writes);
    let [only] = &since[..] else {
        panic!("one write: {since:#?}");
    };
    assert_eq!(only.method, "DELETE");
    assert!(only.is_configuration("sales"), "{only}");
    stage.clear().await;
}

async fn waits_for_an_operator(objects: &Objects, name: &str) {
    let object = objects.look(&id(name)).await.unwrap();
    let metadata = &object["metadata"];
    assert!(metadata["deletionTimestamp"].is_string(), "{object}");
    assert_eq!(metadata["finalizers"], json!(["adx-follower.dev/detach"]));
}
