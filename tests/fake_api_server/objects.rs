//! Identity, versions, the two parts of an object, finalizers.

use adx_follower_operator::api::{self, AttachedDatabase};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use super::api_server::{FakeApi, Verb};
use super::{code, merge, no_params, object, objects};

#[tokio::test(start_paused = true)]
async fn a_created_object_has_an_identity_and_the_defaults_of_the_crd() {
    let server = FakeApi::new();
    let mut wanted = object("sales");
    wanted["status"] = json!({"observedGeneration": 7});
    let wanted = serde_json::from_value(wanted).unwrap();
    let created = objects(server.client())
        .create(&PostParams::default(), &wanted)
        .await
        .unwrap();
    assert_eq!(created.meta().generation, Some(1));
    assert!(created.uid().is_some() && created.resource_version().is_some());
    assert_eq!(created.creation_timestamp().unwrap().0, server.now());
    let stored = server.get("analytics", "sales").unwrap();
    assert_eq!(stored["status"], json!({"observedGeneration": -1}));
    assert_eq!(stored["spec"]["deletionPolicy"], "Detach");

    let again = objects(server.client())
        .create(&PostParams::default(), &wanted)
        .await;
    assert_eq!(code(&again.unwrap_err()), 409);
    assert_eq!(server.count(Verb::Create), 2);
}

#[tokio::test(start_paused = true)]
async fn spec_and_status_are_written_apart_and_only_the_spec_makes_generations() {
    let server = FakeApi::new();
    server.create(object("sales"));
    let objects = objects(server.client());
    let both = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"suspend": true}, "status": {"observedGeneration": 1}});

    objects
        .patch("sales", &no_params(), &merge(both.clone()))
        .await
        .unwrap();
    let stored = server.get("analytics", "sales").unwrap();
    assert_eq!(stored["metadata"]["generation"], 2);
    assert_eq!(stored["spec"]["suspend"], true);
    assert_eq!(stored["status"]["observedGeneration"], -1);

    server.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(false);
    });
    server.edit("analytics", "sales", |object| {
        object["metadata"]["labels"] = json!({});
    });
    objects
        .patch_status("sales", &no_params(), &merge(both))
        .await
        .unwrap();
    let stored = server.get("analytics", "sales").unwrap();
    assert_eq!(stored["metadata"]["generation"], 3);
    assert_eq!(stored["spec"]["suspend"], false);
    assert_eq!(stored["status"]["observedGeneration"], 1);
    assert!(stored["metadata"].get("labels").is_none());
    assert_eq!(
        (
            server.count(Verb::Patch),
            server.count(Verb::WriteStatus),
            server.writes()
        ),
        (1, 1, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_write_that_changes_nothing_has_no_new_version() {
    let server = FakeApi::new();
    let before = server.create(object("sales"));
    let objects = objects(server.client());
    let patch = json!({"metadata": {"finalizers": []}, "spec": {"suspend": false}});
    let after = objects
        .patch("sales", &no_params(), &merge(patch))
        .await
        .unwrap();
    assert_eq!(
        after.resource_version().unwrap(),
        before["metadata"]["resourceVersion"]
    );
    objects
        .replace("sales", &PostParams::default(), &after)
        .await
        .unwrap();
    assert_eq!(server.get("analytics", "sales").unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn stale_versions_and_foreign_uids_are_conflicts_in_every_kind_of_write() {
    let server = FakeApi::new();
    let stale = server.create(object("sales"));
    server.annotate("analytics", "sales", "touched", "yes");
    let objects = objects(server.client());
    let apply = PatchParams::apply("operator").force();
    for demand in [
        json!({"resourceVersion": stale["metadata"]["resourceVersion"]}),
        json!({"uid": "00000000-0000-4000-8000-ffffffffffff"}),
    ] {
        let patch = merge(
            json!({"metadata": demand, "spec": {"suspend": true}, "status": {"ownership": "Created"}}),
        );
        let mut applied = json!({"apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachedDatabase", "metadata": demand,
            "status": {"ownership": "Created"}});
        applied["metadata"]["name"] = json!("sales");
        let applied = Patch::Apply(applied);
        for outcome in [
            objects.patch("sales", &no_params(), &patch).await,
            objects.patch_status("sales", &no_params(), &patch).await,
            objects.patch_status("sales", &apply, &applied).await,
        ] {
            assert_eq!(code(&outcome.unwrap_err()), 409, "{demand}");
        }
        let preconditions = Preconditions {
            resource_version: demand["resourceVersion"].as_str().map(str::to_owned),
            uid: demand["uid"].as_str().map(str::to_owned),
        };
        let delete = DeleteParams::default().preconditions(preconditions);
        assert_eq!(
            code(&objects.delete("sales", &delete).await.unwrap_err()),
            409,
            "{demand}"
        );
    }
    let stale: AttachedDatabase = serde_json::from_value(stale).unwrap();
    let replaced = objects
        .replace("sales", &PostParams::default(), &stale)
        .await;
    assert_eq!(code(&replaced.unwrap_err()), 409);
    let stored = server.get("analytics", "sales").unwrap();
    assert_eq!(stored["spec"]["suspend"], false);
    assert!(stored["status"].get("ownership").is_none());
}

#[tokio::test(start_paused = true)]
async fn applying_the_status_takes_back_what_is_no_longer_said_and_leaves_the_spec() {
    let server = FakeApi::new();
    server.create(object("sales"));
    let objects = objects(server.client());
    let params = PatchParams::apply("operator").force();
    let apply = |status: Value| {
        Patch::Apply(
            json!({"apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachedDatabase",
            "metadata": {"name": "sales"}, "spec": {"suspend": true}, "status": status}),
        )
    };
    let first = json!({"observedGeneration": 1, "ownership": "Created", "attachedDatabaseNames": ["A", "B"]});
    objects
        .patch_status("sales", &params, &apply(first))
        .await
        .unwrap();
    let second = json!({"observedGeneration": 1, "attachedDatabaseNames": ["B"]});
    let patched = objects
        .patch_status("sales", &params, &apply(second.clone()))
        .await
        .unwrap();
    let stored = server.get("analytics", "sales").unwrap();
    assert_eq!(stored["status"], second);
    assert_eq!(stored["spec"]["suspend"], false);
    assert_eq!(stored["metadata"]["generation"], 1);

    let same = objects
        .patch_status("sales", &params, &apply(second))
        .await
        .unwrap();
    assert_eq!(same.resource_version(), patched.resource_version());
    let absent = objects
        .patch_status("gone", &params, &apply(json!({})))
        .await;
    assert_eq!(code(&absent.unwrap_err()), 404);
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_keeps_a_deleted_object_until_it_is_taken_off() {
    let server = FakeApi::new();
    server.create(object("sales"));
    let objects = objects(server.client());
    let finalizers = |list: Value| merge(json!({"metadata": {"finalizers": list}}));
    objects
        .patch("sales", &no_params(), &finalizers(json!([api::FINALIZER])))
        .await
        .unwrap();

    let marked = objects
        .delete("sales", &DeleteParams::default())
        .await
        .unwrap()
        .left()
        .unwrap();
    assert!(marked.meta().deletion_timestamp.is_some());
    assert_eq!(marked.meta().generation, Some(2));
    let again = objects
        .delete("sales", &DeleteParams::default())
        .await
        .unwrap()
        .left()
        .unwrap();
    assert_eq!(again.resource_version(), marked.resource_version());
    let late = finalizers(json!([api::FINALIZER, "example.com/late"]));
    assert_eq!(
        code(
            &objects
                .patch("sales", &no_params(), &late)
                .await
                .unwrap_err()
        ),
        422
    );

    objects
        .patch("sales", &no_params(), &finalizers(Value::Null))
        .await
        .unwrap();
    assert_eq!(server.get("analytics", "sales"), None);
    let gone = objects
        .patch("sales", &no_params(), &finalizers(Value::Null))
        .await;
    assert_eq!(code(&gone.unwrap_err()), 404);

    server.create(object("sales"));
    assert!(
        objects
            .delete("sales", &DeleteParams::default())
            .await
            .unwrap()
            .is_right()
    );
    assert!(objects.get_opt("sales").await.unwrap().is_none());
}
