//! Watches of the kinds that say who may do what.

use futures::{Stream, StreamExt as _};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::ResourceExt;
use kube::api::{Api, WatchEvent, WatchParams};
use kube::core::PartialObjectMeta;
use kube::runtime::watcher;
use serde_json::json;
use tokio::time::timeout;

use super::api_server::{FakeApi, Kind, Verb};
use super::{MINUTE, policies};

/// What a watcher says, in short.
async fn next_event<K: ResourceExt>(
    events: &mut (impl Stream<Item = watcher::Result<watcher::Event<K>>> + Unpin),
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

/// The two ways in which kube watches metadata.
#[allow(
    deprecated,
    reason = "both ways have to work for as long as kube has them"
)]
fn metadata_watchers<K>(
    server: &FakeApi,
    config: &watcher::Config,
) -> [futures::stream::BoxStream<'static, watcher::Result<watcher::Event<PartialObjectMeta<K>>>>; 2]
where
    K: kube::Resource<DynamicType = ()>
        + Clone
        + serde::de::DeserializeOwned
        + std::fmt::Debug
        + Send
        + 'static,
{
    let whole = Api::<K>::all(server.client());
    let partial = Api::<PartialObjectMeta<K>>::all(server.client());
    [
        kube::runtime::metadata_watcher(whole, config.clone()).boxed(),
        watcher(partial, config.clone()).boxed(),
    ]
}

#[tokio::test(start_paused = true)]
async fn metadata_watchers_follow_one_namespace_by_its_name() {
    for config in [
        watcher::Config::default(),
        watcher::Config::default().streaming_lists(),
    ] {
        let server = FakeApi::new();
        let config = config.fields("metadata.name=analytics");
        for mut events in metadata_watchers::<Namespace>(&server, &config) {
            for expected in ["init", "init analytics", "synced"] {
                assert_eq!(next_event(&mut events).await, expected);
            }
            let before = server.count_on(Kind::Namespace, Verb::Watch);
            assert!(
                timeout(60 * MINUTE, events.next()).await.is_err(),
                "an hour of silence"
            );
            assert!(
                server.count_on(Kind::Namespace, Verb::Watch) < before + 20,
                "the watch was renewed and not hammered"
            );
            assert_eq!(server.open_watches_on(Kind::Namespace), 1);

            server.label_namespace("other", "tier", "gold");
            server.label_namespace("analytics", "tier", "gold");
            assert_eq!(next_event(&mut events).await, "apply analytics");
            server.close_watches();
            server.unlabel_namespace("analytics", "tier");
            assert_eq!(next_event(&mut events).await, "apply analytics");
            server.delete_namespace("analytics");
            assert_eq!(next_event(&mut events).await, "delete analytics");
            server.create_namespace("analytics", &[]);
            assert_eq!(next_event(&mut events).await, "apply analytics");
            server.unlabel_namespace("other", "tier");
        }
        assert_eq!(server.open_watches_on(Kind::Namespace), 0);
        assert_eq!(server.count(Verb::Watch), 0, "none of AttachedDatabase");
    }
}

#[tokio::test(start_paused = true)]
async fn metadata_watchers_list_again_when_their_history_is_gone() {
    let server = FakeApi::new();
    server.create_service_account("analytics", "adx", &[]);
    for mut events in metadata_watchers::<ServiceAccount>(&server, &watcher::Config::default()) {
        for expected in ["init", "init adx", "synced"] {
            assert_eq!(next_event(&mut events).await, expected);
        }
        server.annotate_service_account("analytics", "adx", "a", "1");
        assert_eq!(next_event(&mut events).await, "apply adx");
        server.expire_watches();
        let mut told = Vec::new();
        while told.last().is_none_or(|last| last != "synced") {
            told.push(next_event(&mut events).await);
        }
        assert!(told[0].starts_with("error"), "{told:?}");
        assert!(told.contains(&"init adx".to_owned()), "{told:?}");
        server.edit_service_account("analytics", "adx", |account| {
            account["metadata"]["annotations"] = json!({});
        });
        assert_eq!(next_event(&mut events).await, "apply adx");
    }
}

#[tokio::test(start_paused = true)]
async fn events_and_bookmarks_of_a_metadata_watch_are_metadata_too() {
    let server = FakeApi::new();
    let namespaces = Api::<PartialObjectMeta<Namespace>>::all(server.client());
    let params = WatchParams::default().fields("metadata.name=other");
    let mut events = namespaces.watch(&params, "0").await.unwrap().boxed();
    let Some(Ok(WatchEvent::Added(namespace))) = events.next().await else {
        panic!("not the namespace that is there");
    };
    let types = namespace.types.unwrap();
    assert_eq!(types.kind, "PartialObjectMetadata");
    server.create_service_account("other", "adx", &[]);
    let Some(Ok(WatchEvent::Bookmark(bookmark))) =
        timeout(2 * MINUTE, events.next()).await.unwrap()
    else {
        panic!("not a bookmark");
    };
    assert_eq!(bookmark.types.api_version, "meta.k8s.io/v1");
    assert_eq!(bookmark.types.kind, "PartialObjectMetadata");
    let begun: u64 = namespace
        .metadata
        .resource_version
        .unwrap()
        .parse()
        .unwrap();
    let marked: u64 = bookmark.metadata.resource_version.parse().unwrap();
    assert!(marked > begun, "it moves with the changes of other kinds");
}

#[tokio::test(start_paused = true)]
async fn watches_of_one_kind_can_lag_behind_while_the_others_go_on() {
    let server = FakeApi::new();
    let config = watcher::Config::default();
    let kind = kube::api::ApiResource::erase::<Namespace>(&());
    let all = Api::<kube::api::DynamicObject>::all_with(server.client(), &kind);
    let mut namespaces = watcher(all, config.clone()).boxed();
    let mut policies = watcher(policies(server.client()), config).boxed();
    for expected in ["init", "synced"] {
        assert_eq!(next_event(&mut policies).await, expected);
    }
    for expected in [
        "init",
        "init analytics",
        "init default",
        "init other",
        "synced",
    ] {
        assert_eq!(next_event(&mut namespaces).await, expected);
    }
    server.freeze_watches_on(Kind::AttachmentPolicy);
    server.create_policy("open", json!({"namespaces": {}}));
    server.label_namespace("other", "tier", "gold");
    assert_eq!(next_event(&mut namespaces).await, "apply other");
    assert!(timeout(MINUTE, policies.next()).await.is_err(), "held back");
    server.thaw_watches();
    assert_eq!(next_event(&mut policies).await, "apply open");
    server.delete_policy("open");
    assert_eq!(next_event(&mut policies).await, "delete open");
}
