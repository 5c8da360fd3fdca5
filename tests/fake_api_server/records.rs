//! What the clients wrote can be searched for what must not be there.

use adx_follower_operator::api::{self, AttachedDatabase};
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use kube::Resource;
use kube::api::{Api, PostParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use serde_json::json;

use super::api_server::{FakeApi, Kind, Verb};
use super::{code, merge, no_params, object, objects, policies};

#[tokio::test(start_paused = true)]
async fn the_output_holds_whatever_was_written_and_forgets_nothing() {
    let server = FakeApi::new();
    let stored: AttachedDatabase = serde_json::from_value(server.create(object("sales"))).unwrap();
    let objects = objects(server.client());
    let status = |text: &str| merge(json!({"status": {"configurationId": text}}));
    let write = async |text: &str| {
        objects
            .patch_status("sales", &no_params(), &status(text))
            .await
    };

    write("overwritten").await.unwrap();
    write("last").await.unwrap();
    server.fail_next(Verb::WriteStatus, 503);
    assert!(write("refused").await.is_err());
    server.lose_answer_next(Verb::WriteStatus);
    assert!(write("lost").await.is_err());
    server.create_policy("open", json!({}));
    let patch = merge(json!({"spec": {"namespaces": "stray"}}));
    policies(server.client())
        .patch("open", &no_params(), &patch)
        .await
        .unwrap();
    let secret = serde_json::from_value(
        json!({"metadata": {"name": "notes"}, "stringData": {"text": "unserved"}}),
    );
    let refused = Api::<Secret>::namespaced(server.client(), "analytics")
        .create(&PostParams::default(), &secret.unwrap())
        .await;
    assert_eq!(code(&refused.unwrap_err()), 404);
    let recorder = Recorder::new(server.client(), Reporter::from(api::FIELD_MANAGER));
    let event = Event {
        type_: EventType::Normal,
        reason: "Attached".to_owned(),
        note: Some("announced".to_owned()),
        action: "Attach".to_owned(),
        secondary: None,
    };
    let about = stored.object_ref(&());
    recorder.publish(&event, &about).await.unwrap();

    server.forget_requests();
    server.expire_watches();
    assert!(server.versions().is_empty(), "forgotten there");
    let output = server.output();
    for text in [
        "overwritten",
        "last",
        "refused",
        "lost",
        "stray",
        "unserved",
        "announced",
        "/status?",
    ] {
        assert!(output.contains(text), "{text} is not in {output}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_output_holds_no_token_unless_it_was_written_somewhere() {
    let server = FakeApi::new();
    server.create(object("sales"));
    server.create_service_account("analytics", "adx", &[]);
    let accounts = Api::<ServiceAccount>::namespaced(server.client(), "analytics");
    let request = serde_json::from_value(json!({"spec": {"audiences": ["a"]}})).unwrap();
    accounts
        .create_token_request("adx", &PostParams::default(), &request)
        .await
        .unwrap();
    let token = server.issued_assertions().remove(0);
    assert!(server.output().contains("serviceaccounts/adx/token"));
    assert!(!server.output().contains(&token));

    let leak = merge(json!({"metadata": {"annotations": {"seen": token}}}));
    objects(server.client())
        .patch("sales", &no_params(), &leak)
        .await
        .unwrap();
    assert!(server.output().contains(&token));
    assert_eq!(server.count_on(Kind::AttachedDatabase, Verb::Patch), 1);
}
