//! Faults, events and waiting.

use adx_follower_operator::api::{self, AttachedDatabase};
use k8s_openapi::api::core::v1::Namespace;
use kube::Resource;
use kube::api::{Api, ListParams, WatchParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::api_server::{FakeApi, Fault, Kind, Verb};
use super::{MINUTE, code, merge, no_params, object, objects, policies};

#[tokio::test(start_paused = true)]
async fn faults_hit_the_next_request_of_their_verb_and_no_other() {
    let server = FakeApi::new();
    server.create(object("sales"));
    let objects = objects(server.client());
    let suspend = |value: bool| merge(json!({"spec": {"suspend": value}}));
    let suspended = || server.get("analytics", "sales").unwrap()["spec"]["suspend"].clone();

    server.fail_next(Verb::Patch, 503);
    assert!(objects.get("sales").await.is_ok());
    assert_eq!(
        code(
            &objects
                .patch("sales", &no_params(), &suspend(true))
                .await
                .unwrap_err()
        ),
        503
    );
    assert_eq!(suspended(), false);

    server.hang_next(Verb::Get);
    assert!(timeout(MINUTE, objects.get("sales")).await.is_err());
    assert!(objects.get("sales").await.is_ok());

    server.lose_answer_next(Verb::Patch);
    assert!(
        objects
            .patch("sales", &no_params(), &suspend(true))
            .await
            .is_err()
    );
    assert_eq!(suspended(), true, "applied although the answer was lost");

    server.fault_next(Verb::Patch, Fault::HangAfterApplying);
    assert!(
        timeout(
            MINUTE,
            objects.patch("sales", &no_params(), &suspend(false))
        )
        .await
        .is_err()
    );
    assert_eq!(suspended(), false);

    server.fault_always(Verb::Get, Fault::Reset);
    assert!(objects.get("sales").await.is_err());
    assert!(objects.get("sales").await.is_err());
    server.heal();
    assert!(objects.get("sales").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn faults_that_name_a_kind_leave_the_others_alone() {
    let server = FakeApi::new();
    server.create(object("sales"));
    server.create_policy("open", json!({}));
    let objects = objects(server.client());
    let policies = policies(server.client());
    let namespaces = Api::<Namespace>::all(server.client());
    let (list, watch) = (ListParams::default(), WatchParams::default());

    for verb in [Verb::List, Verb::Watch] {
        server.fault_always_on(Kind::AttachmentPolicy, verb, Fault::Refuse(403));
    }
    for _ in 0..2 {
        assert_eq!(code(&policies.list(&list).await.unwrap_err()), 403);
        let refused = policies.watch(&watch, "0").await.err().unwrap();
        assert_eq!(code(&refused), 403);
    }
    assert!(policies.get("open").await.is_ok());
    assert!(objects.list(&list).await.is_ok());
    assert!(namespaces.list(&list).await.is_ok());
    assert!(objects.watch(&watch, "0").await.is_ok());
    server.heal();
    assert!(policies.list(&list).await.is_ok());
    assert!(policies.watch(&watch, "0").await.is_ok());

    server.fault_next_on(Kind::Namespace, Verb::Get, Fault::Hang);
    server.fault_next(Verb::Get, Fault::Refuse(500));
    assert!(policies.get("open").await.is_ok());
    assert_eq!(code(&objects.get("sales").await.unwrap_err()), 500);
    assert!(timeout(MINUTE, namespaces.get("other")).await.is_err());
    assert!(namespaces.get("other").await.is_ok());
    assert!(objects.get("sales").await.is_ok());

    server.fault_always(Verb::List, Fault::Refuse(500));
    assert_eq!(code(&objects.list(&list).await.unwrap_err()), 500);
    assert!(policies.list(&list).await.is_ok());
    assert_eq!(
        (
            server.count(Verb::List),
            server.count_on(Kind::AttachmentPolicy, Verb::List),
            server.count_on(Kind::Namespace, Verb::List)
        ),
        (2, 4, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn published_events_are_kept_and_merged_when_repeated() {
    let server = FakeApi::new();
    let stored: AttachedDatabase = serde_json::from_value(server.create(object("sales"))).unwrap();
    let recorder = Recorder::new(server.client(), Reporter::from(api::FIELD_MANAGER));
    let event = Event {
        type_: EventType::Normal,
        reason: "Attached".to_owned(),
        note: Some("attached".to_owned()),
        action: "Attach".to_owned(),
        secondary: None,
    };
    for _ in 0..2 {
        recorder
            .publish(&event, &stored.object_ref(&()))
            .await
            .unwrap();
    }
    let events = server.events();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["reason"], "Attached");
    assert_eq!(events[0]["series"]["count"], 2);
    assert_eq!(events[0]["regarding"]["name"], "sales");
    assert_eq!((server.count(Verb::Event), server.writes()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_test_can_wait_for_what_an_object_becomes() {
    let server = FakeApi::new();
    let waiting = tokio::spawn({
        let server = server.clone();
        async move {
            let ready = |object: Option<&Value>| {
                object.is_some_and(|object| object["spec"]["suspend"] == true)
            };
            server
                .wait_for(("analytics", "sales"), "suspended", MINUTE, ready)
                .await
        }
    });
    server.create(object("sales"));
    server.edit("analytics", "sales", |object| {
        object["spec"]["suspend"] = json!(true);
    });
    assert!(waiting.await.unwrap().is_some());
    let never = tokio::spawn(async move {
        server
            .wait_for(("analytics", "gone"), "there", MINUTE, |object| {
                object.is_some()
            })
            .await
    });
    assert!(never.await.unwrap_err().is_panic());
}
