//! Lists, their pages, and what is never read as "nothing is there".

use serde_json::{Value, json};

use super::script::{Bench, CONFIGURATION, Step, answer, error, follower};
use crate::azure::{
    ArmCall, ArmError, CallResult, Class, ClusterId, Configuration, Database, FollowerRow,
    TransportError, WriteOutcome,
};

const LIST: &str = "https://management.azure.com/subscriptions/Sub-1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1";

#[derive(Debug, Clone, Copy)]
enum Which {
    Configurations,
    Databases,
    Followers,
}

const ALL: [Which; 3] = [Which::Configurations, Which::Databases, Which::Followers];

/// The number of items, or none for a missing cluster.
async fn count(bench: &Bench, which: Which) -> Result<Option<usize>, ArmError> {
    let (client, id) = (&bench.client, follower());
    Ok(match which {
        Which::Configurations => client.configurations(&id).await?.map(|all| all.len()),
        Which::Databases => client.databases(&id).await?.map(|all| all.len()),
        Which::Followers => client.followers(&id).await?.map(|all| all.len()),
    })
}

fn item(which: Which, name: &str) -> Value {
    match which {
        Which::Configurations => {
            let mut body: Value = serde_json::from_str(CONFIGURATION).unwrap();
            body["name"] = json!(format!("follower1/{name}"));
            body
        }
        Which::Databases => {
            json!({"name": format!("follower1/{name}"), "location": "East US", "kind": "ReadWrite", "properties": {}})
        }
        Which::Followers => {
            json!({"clusterResourceId": "/x", "attachedDatabaseConfigurationName": name, "databaseName": "*"})
        }
    }
}

fn page(items: &[Value], next: Option<&str>) -> Step {
    let mut body = json!({"value": items});
    if let Some(next) = next {
        body["nextLink"] = json!(next);
    }
    answer(200, &body.to_string())
}

fn sent(bench: &Bench) -> Vec<(String, String)> {
    let seen = bench.script.seen.lock().unwrap();
    seen.iter()
        .map(|sent| (sent.method().to_string(), sent.uri().to_string()))
        .collect()
}

#[tokio::test]
async fn each_list_is_asked_for_by_its_own_method_and_path_and_later_pages_are_got() {
    let cases = [
        (
            Which::Configurations,
            "GET",
            "attachedDatabaseConfigurations",
            ArmCall::ListConfigurations,
        ),
        (Which::Databases, "GET", "databases", ArmCall::ListDatabases),
        (
            Which::Followers,
            "POST",
            "listFollowerDatabases",
            ArmCall::ListFollowers,
        ),
    ];
    for (which, method, path, call) in cases {
        let next = format!("{LIST}/{path}?api-version=2024-04-13&$skiptoken=A%2BB");
        let bench = Bench::new([
            page(&[item(which, "a"), item(which, "b")], Some(&next)),
            page(&[item(which, "c")], None),
        ]);
        assert_eq!(count(&bench, which).await.unwrap(), Some(3));
        let first = format!("{LIST}/{path}?api-version=2024-04-13");
        assert_eq!(
            sent(&bench),
            [(method.to_owned(), first), ("GET".to_owned(), next)]
        );
        // A POST without a body has to say so; a GET has not.
        let seen = bench.script.seen.lock().unwrap();
        assert!(seen[0].body().is_empty());
        let length = seen[0].headers().get("content-length");
        assert_eq!(length.is_some_and(|length| length == "0"), method == "POST");
        assert!(!seen[1].headers().contains_key("content-length"));
        assert_eq!(
            *bench.script.observed.lock().unwrap(),
            [(call, CallResult::Status(200)); 2]
        );
    }
}

#[tokio::test]
async fn an_empty_list_is_a_list() {
    for which in ALL {
        for next in [None, Some("")] {
            let bench = Bench::new([page(&[], next)]);
            assert_eq!(count(&bench, which).await.unwrap(), Some(0));
        }
        let bench = Bench::new([answer(200, r#"{"value":[],"nextLink":null}"#)]);
        assert_eq!(count(&bench, which).await.unwrap(), Some(0));
    }
}

#[tokio::test]
async fn a_missing_cluster_is_none_and_everything_else_an_error() {
    for which in ALL {
        for code in [
            "ResourceNotFound",
            "ParentResourceNotFound",
            "ResourceGroupNotFound",
        ] {
            let bench = Bench::new([error(404, code)]);
            assert_eq!(count(&bench, which).await.unwrap(), None, "{code}");
        }
        let stopped = r#"{"error":{"code":"BadRequest","message":"Cannot fetch databases while resource is in state 'Stopped'."}}"#;
        let failures = [
            (answer(400, stopped), "ClusterNotRunning"),
            (error(404, "SubscriptionNotFound"), "SubscriptionNotFound"),
            (answer(404, "<html>"), "MalformedAnswer"),
            (error(403, "AuthorizationFailed"), "AuthorizationFailed"),
            (answer(200, ""), "MalformedAnswer"),
            (answer(200, "{}"), "MalformedAnswer"),
            (answer(200, "[]"), "MalformedAnswer"),
            (answer(200, r#"{"value":null}"#), "MalformedAnswer"),
            (answer(200, r#"{"value":[[]]}"#), "MalformedAnswer"),
            (answer(200, r#"{"value":[{}]}"#), "MalformedAnswer"),
            (answer(200, r#"{"value":["#), "MalformedAnswer"),
            (answer(202, ""), "MalformedAnswer"),
            (answer(204, ""), "MalformedAnswer"),
            (answer(503, "<html>"), "ArmUnavailable"),
            (
                Step::Fail(TransportError::BodyTooLarge { limit: 8 }),
                "MalformedAnswer",
            ),
            (
                Step::Fail(TransportError::Interrupted("reset".into())),
                "ArmUnavailable",
            ),
        ];
        for (step, reason) in failures {
            let failed = count(&Bench::new([step]), which).await.unwrap_err();
            // The POST of a list changes nothing either.
            assert_eq!(
                (failed.reason(), failed.outcome()),
                (reason, WriteOutcome::NotApplied),
                "{which:?} {failed:?}"
            );
        }
        let busy = count(&Bench::new([answer(400, stopped)]), which).await;
        assert_eq!(busy.unwrap_err().class(), Class::Busy);
    }
}

#[tokio::test]
async fn half_a_list_is_no_list() {
    let next = format!("{LIST}/databases?api-version=2024-04-13&$skiptoken=2");
    for (step, reason) in [
        // Here it is the link that is gone.
        (error(404, "ResourceNotFound"), "NotFound"),
        (error(429, "TooManyRequests"), "Throttled"),
        (answer(200, "{}"), "MalformedAnswer"),
        (
            Step::Fail(TransportError::DeadlineExceeded),
            "ArmUnavailable",
        ),
    ] {
        let first = page(&[item(Which::Databases, "a")], Some(&next));
        let bench = Bench::new([first, step]);
        let failed = count(&bench, Which::Databases).await.unwrap_err();
        assert_eq!(failed.reason(), reason, "{failed:?}");
        assert_eq!(bench.sent(), 2);
    }
}

#[tokio::test]
async fn a_link_elsewhere_never_gets_the_token() {
    for link in [
        "https://evil.test/databases",
        "http://management.azure.com/databases",
        "https://management.azure.com:8443/databases",
        "/databases?$skiptoken=2",
        "https://user@management.azure.com/databases",
    ] {
        let bench = Bench::new([page(&[], Some(link))]);
        let failed = count(&bench, Which::Databases).await.unwrap_err();
        assert_eq!(failed.reason(), "MalformedAnswer", "{link}");
        assert_eq!(bench.sent(), 1, "{link}");
    }
}

#[tokio::test]
async fn a_list_that_goes_round_or_never_ends_is_given_up() {
    let at = |number: usize| format!("{LIST}/databases?api-version=2024-04-13&$skiptoken={number}");
    let itself = format!("{LIST}/databases?api-version=2024-04-13");
    for links in [
        vec![itself.clone()],
        vec![at(1), at(2), at(1)],
        vec![at(1), itself],
    ] {
        let bench = Bench::new(links.iter().map(|link| page(&[], Some(link))));
        let failed = count(&bench, Which::Databases).await.unwrap_err();
        assert!(failed.to_string().contains("earlier page"), "{failed}");
        assert_eq!(bench.sent(), links.len());
    }

    let endless = |pages: usize| {
        let bench = Bench::new((1..=pages).map(|number| {
            page(
                &[item(Which::Databases, "a")],
                (number < pages).then(|| at(number)).as_deref(),
            )
        }));
        async move { (count(&bench, Which::Databases).await, bench.sent()) }
    };
    let (longest, sent) = endless(1000).await;
    assert_eq!((longest.unwrap(), sent), (Some(1000), 1000));
    let (failed, sent) = endless(1001).await;
    assert_eq!(
        (failed.unwrap_err().reason(), sent),
        ("MalformedAnswer", 1000)
    );
}

#[tokio::test]
async fn the_items_are_read_in_the_order_of_the_pages() {
    let next = format!("{LIST}/x?api-version=2024-04-13&$skiptoken=2");
    let two = |which| {
        Bench::new([
            page(&[item(which, "b")], Some(&next)),
            page(&[item(which, "a")], None),
        ])
        .client
    };
    let id: ClusterId = follower();
    let configurations: Vec<Configuration> = two(Which::Configurations)
        .configurations(&id)
        .await
        .unwrap()
        .unwrap();
    let names: Vec<_> = configurations.iter().map(|one| &one.name).collect();
    assert_eq!(names, ["b", "a"]);
    let databases: Vec<Database> = two(Which::Databases).databases(&id).await.unwrap().unwrap();
    let names: Vec<_> = databases.iter().map(|one| &one.name).collect();
    assert_eq!(names, ["b", "a"]);
    let followers: Vec<FollowerRow> = two(Which::Followers).followers(&id).await.unwrap().unwrap();
    let names: Vec<_> = followers
        .iter()
        .map(|one| &one.configuration_name)
        .collect();
    assert_eq!(names, ["b", "a"]);
}

#[tokio::test]
async fn a_listed_configuration_without_a_name_could_be_any() {
    let mut nameless = item(Which::Configurations, "");
    nameless["name"] = json!(null);
    let bench = Bench::new([page(&[item(Which::Configurations, "a"), nameless], None)]);
    let failed = count(&bench, Which::Configurations).await.unwrap_err();
    assert_eq!(failed.reason(), "MalformedAnswer");
}
