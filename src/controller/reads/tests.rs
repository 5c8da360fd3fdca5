//! What a shared value keeps and forgets. No call is made.

use futures::future::BoxFuture;

use super::*;
use crate::azure::{
    client::{ArmOptions, NoObserver},
    token::{Claims, Token, TokenError, TokenSource},
    transport::{Limits, Transport, TransportError},
};

struct Nobody;

impl Transport for Nobody {
    fn send(
        &self,
        _: http::Request<bytes::Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<bytes::Bytes>, TransportError>> {
        Box::pin(std::future::pending())
    }
}

impl TokenSource for Nobody {
    fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        Box::pin(std::future::pending())
    }

    fn reject(&self, _: &Token, _: Option<Claims>) {}
}

fn reads() -> Reads {
    Reads::new(ArmClient::new(ArmOptions {
        endpoint: "https://management.azure.com".parse().unwrap(),
        api_version: "2024-04-13".to_owned(),
        transport: Arc::new(Nobody),
        tokens: Arc::new(Nobody),
        observer: Arc::new(NoObserver),
    }))
}

fn cluster(name: &str) -> ClusterId {
    format!(
        "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
    )
    .parse()
    .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_part_never_replaces_a_whole_that_was_asked_for_later() {
    let cell = Cell::default();
    let before = Instant::now();
    tokio::time::advance(Duration::from_secs(1)).await;
    let now = Instant::now();
    let (read, source) = cell.get(now, async { Ok("whole") }).await;
    assert_eq!((*read.unwrap(), source), ("whole", Source::News));
    for (asked, expected) in [(before, "whole"), (now, "part")] {
        cell.amend(asked, |value| *value = "part").await;
        assert_eq!(cell.peek(now).await.as_deref(), Some(&expected));
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_is_not_as_before_is_news() {
    let cell = Cell::default();
    for (value, wait, expected) in [
        ("a", 0, (Source::News, "a")),
        ("a", 1, (Source::Known, "a")),
        ("b", 0, (Source::Known, "a")),
        ("b", 1, (Source::News, "b")),
    ] {
        tokio::time::advance(Duration::from_secs(wait)).await;
        let (read, source) = cell.get(Instant::now(), async { Ok(value) }).await;
        assert_eq!((source, *read.unwrap()), expected, "{value} after {wait} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_nobody_asks_about_is_forgotten_when_another_one_comes() {
    let reads = reads();
    let (kept, left) = (reads.cells(&cluster("kept")), reads.cells(&cluster("left")));
    tokio::time::advance(FORGOTTEN_AFTER / 2).await;
    assert!(Arc::ptr_eq(&kept, &reads.cells(&cluster("kept"))));
    tokio::time::advance(FORGOTTEN_AFTER / 2).await;
    reads.cells(&cluster("new1"));
    assert!(Arc::ptr_eq(&kept, &reads.cells(&cluster("kept"))));
    assert!(!Arc::ptr_eq(&left, &reads.cells(&cluster("left"))));
}
