//! Every list in pages.

use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::harness::{GROUP, Harness, attach, cluster, world};

async fn all(harness: &Harness, method: &str, path: &str) -> (usize, Vec<Value>) {
    let mut answer = harness.call(method, path, None).await;
    let (mut pages, mut items) = (1, answer.at("/value").as_array().unwrap().clone());
    while let Some(next) = answer
        .body
        .get("nextLink")
        .and_then(Value::as_str)
        .map(str::to_owned)
    {
        answer = harness.get(&next).await;
        items.extend(answer.at("/value").as_array().unwrap().clone());
        pages += 1;
    }
    (pages, items)
}

#[tokio::test(start_paused = true)]
async fn every_list_has_links_to_its_further_pages() {
    let harness = Harness::with(
        world(),
        Options {
            page_size: 1,
            ..Options::default()
        },
    );
    for name in ["a", "b", "c"] {
        harness
            .attached(name, attach("*", json!({"databaseNamePrefix": name})))
            .await;
    }
    let subscription = GROUP.split("/resourceGroups").next().unwrap();
    let followers = format!("{}/listFollowerDatabases", cluster("leader1"));
    for (method, path, count, field) in [
        (
            "GET",
            format!("{}/attachedDatabaseConfigurations", cluster("follower1")),
            3,
            "properties",
        ),
        (
            "GET",
            format!("{}/databases", cluster("follower1")),
            7,
            "kind",
        ),
        (
            "GET",
            format!("{GROUP}/providers/Microsoft.Kusto/clusters"),
            4,
            "sku",
        ),
        (
            "GET",
            format!("{subscription}/providers/Microsoft.Kusto/clusters"),
            4,
            "sku",
        ),
        ("GET", followers.clone(), 3, "properties"),
        ("POST", followers, 3, "databaseName"),
    ] {
        let (pages, items) = all(&harness, method, &path).await;
        assert_eq!((pages, items.len()), (count, count), "{method} {path}");
        assert!(
            items.iter().all(|item| item.get(field).is_some()),
            "{method} {path}: {items:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn top_chooses_the_size_of_pages() {
    let harness = Harness::with(
        world(),
        Options {
            page_size: 2,
            ..Options::default()
        },
    );
    harness
        .attached("a", attach("*", json!({"databaseNamePrefix": "a"})))
        .await;
    harness
        .attached("b", attach("*", json!({"databaseNamePrefix": "b"})))
        .await;
    let path = |top: &str| {
        format!(
            "{}/databases?api-version=2024-04-13&%24top={top}",
            cluster("follower1")
        )
    };
    assert_eq!(all(&harness, "GET", &path("5")).await.0, 1);
    assert_eq!(harness.get(&path("4")).await.code(), "BadRequest");
}
