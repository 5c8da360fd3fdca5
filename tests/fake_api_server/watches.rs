//! Lists, watches and whole controllers on a paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use adx_follower_operator::api::{self, AttachedDatabase};
use futures::StreamExt;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use kube::runtime::controller::Action;
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::{Controller, watcher};
use serde_json::json;
use tokio::time::{Instant, advance, timeout};

use super::api_server::{FakeApi, Verb};
use super::{MINUTE, code, object, objects};

#[tokio::test(start_paused = true)]
async fn lists_and_watches_are_of_one_namespace_and_of_the_labels_asked_for() {
    let server = FakeApi::new();
    let mut labelled = object("labelled");
    labelled["metadata"]["labels"] = json!({"shard": "a"});
    server.create(labelled);
    server.create(object("plain"));
    let mut elsewhere = object("elsewhere");
    elsewhere["metadata"]["namespace"] = json!("other");
    server.create(elsewhere);
    let everywhere = Api::<AttachedDatabase>::all(server.client());
    let params = ListParams::default();
    assert_eq!(everywhere.list(&params).await.unwrap().items.len(), 3);
    assert_eq!(
        objects(server.client())
            .list(&params)
            .await
            .unwrap()
            .items
            .len(),
        2
    );
    let shard = everywhere.list(&params.labels("shard=a")).await.unwrap();
    assert_eq!(
        shard
            .items
            .iter()
            .map(ResourceExt::name_any)
            .collect::<Vec<_>>(),
        ["labelled"]
    );
}

/// What a watcher says, in short.
async fn next_event(
    events: &mut (
             impl futures::Stream<Item = watcher::Result<watcher::Event<AttachedDatabase>>> + Unpin
         ),
) -> String {
    let event = timeout(10 * MINUTE, events.next())
        .await
        .expect("an event")
        .expect("an open stream");
    match event {
        Ok(watcher::Event::Apply(object)) => format!("apply {}", object.name_any()),
        Ok(watcher::Event::Delete(object)) => format!("delete {}", object.name_any()),
        Ok(watcher::Event::Init) => "init".to_owned(),
        Ok(watcher::Event::InitApply(object)) => format!("init {}", object.name_any()),
        Ok(watcher::Event::InitDone) => "synced".to_owned(),
        Err(error) => format!("error {error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_stays_open_and_tells_every_change_once() {
    for config in [
        watcher::Config::default(),
        watcher::Config::default().streaming_lists(),
    ] {
        let server = FakeApi::new();
        server.create(object("first"));
        let mut events = std::pin::pin!(watcher(objects(server.client()), config));
        for expected in ["init", "init first", "synced"] {
            assert_eq!(next_event(&mut events).await, expected);
        }
        assert!(
            timeout(60 * MINUTE, events.next()).await.is_err(),
            "an hour of silence"
        );
        assert!(
            server.count(Verb::Watch) < 20,
            "the watch was renewed and not hammered"
        );

        server.create(object("second"));
        assert_eq!(next_event(&mut events).await, "apply second");
        server.close_watches();
        server.edit("analytics", "first", |object| {
            object["spec"]["suspend"] = json!(true);
        });
        server.delete("analytics", "second");
        assert_eq!(next_event(&mut events).await, "apply first");
        assert_eq!(next_event(&mut events).await, "delete second");

        server.freeze_watches();
        server.create(object("third"));
        assert!(timeout(MINUTE, events.next()).await.is_err(), "held back");
        server.thaw_watches();
        assert_eq!(next_event(&mut events).await, "apply third");
        assert_eq!(server.open_watches(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_expired_watch_leads_to_a_new_list() {
    let server = FakeApi::new();
    server.create(object("first"));
    let mut events = std::pin::pin!(watcher(
        objects(server.client()),
        watcher::Config::default()
    ));
    for expected in ["init", "init first", "synced"] {
        assert_eq!(next_event(&mut events).await, expected);
    }
    server.expire_watches();
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "synced") {
        told.push(next_event(&mut events).await);
    }
    assert!(
        told.iter().any(|event| event.starts_with("error")),
        "{told:?}"
    );
    assert!(told.contains(&"init first".to_owned()), "{told:?}");
    assert_eq!(server.count(Verb::List), 2);
}

#[tokio::test(start_paused = true)]
async fn a_kind_is_served_only_while_its_crd_is_installed() {
    let server = FakeApi::new();
    let crds = Api::<CustomResourceDefinition>::all(server.client());
    let name = api::crd().metadata.name.unwrap();
    server.remove_crd();
    assert_eq!(
        code(
            &objects(server.client())
                .list(&ListParams::default())
                .await
                .unwrap_err()
        ),
        404
    );

    let waiting = tokio::spawn({
        let name = name.clone();
        async move { await_condition(crds, &name, conditions::is_crd_established()).await }
    });
    advance(MINUTE).await;
    assert!(!waiting.is_finished());
    server.install_crd(serde_json::to_value(api::crd()).unwrap());
    assert!(waiting.await.unwrap().unwrap().is_some());
    assert!(
        objects(server.client())
            .list(&ListParams::default())
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn a_day_of_a_controller_passes_in_no_time() {
    let server = FakeApi::new();
    server.create(object("sales"));
    let passes = Arc::new(AtomicUsize::new(0));
    let controller = Controller::new(objects(server.client()), watcher::Config::default()).run(
        |_, passes| async move {
            passes.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::convert::Infallible>(Action::requeue(10 * MINUTE))
        },
        |_, _, _| Action::await_change(),
        Arc::clone(&passes),
    );
    let began = Instant::now();
    let day = Duration::from_hours(24);
    let ended = timeout(day, controller.for_each(|_| std::future::ready(()))).await;
    assert!(ended.is_err(), "the controller does not end by itself");
    assert!(began.elapsed() >= day);
    let passes = passes.load(Ordering::SeqCst);
    assert!((144..=146).contains(&passes), "{passes} passes");
    assert_eq!(server.writes(), 0);
}
