//! Many objects on few clusters: they share what is read, and one operation runs at a time on each cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kusto_arm_simulator::{JournalEntry, Options};
use serde_json::json;

use crate::harness::{Harness, cluster, declared};

const OBJECTS: usize = 200;
const FOLLOWERS: usize = 4;
const OPERATION: Duration = Duration::from_secs(20);

fn follower_of(object: usize) -> String {
    format!("follower{}", object % FOLLOWERS + 1)
}

/// Four followers and a leader with a database for each object.
fn fleet() -> Harness {
    let databases: Vec<_> = (0..OBJECTS)
        .map(|number| json!({"name": format!("db{number}")}))
        .collect();
    let mut clusters =
        vec![json!({"id": cluster("leader1"), "location": "West Europe", "databases": databases})];
    for number in 1..=FOLLOWERS {
        clusters
            .push(json!({"id": cluster(&format!("follower{number}")), "location": "West Europe"}));
    }
    let harness = Harness::start_with(&json!({"clusters": clusters}), Options::default());
    for number in 0..OBJECTS {
        harness.api.create(declared(
            &format!("object{number}"),
            &json!({
                "follower": {"clusterResourceId": cluster(&follower_of(number))},
                "leader": {"clusterResourceId": cluster("leader1"), "databaseName": format!("db{number}")},
            }),
        ));
    }
    harness
}

/// The cluster that a call is about, and what it reads of it.
fn subject(entry: &JournalEntry) -> (String, String) {
    let path = entry.request.url.split('?').next().unwrap();
    let (_, tail) = path
        .split_once("/clusters/")
        .unwrap_or_else(|| panic!("no call to a cluster: {path}"));
    let (name, kind) = tail.split_once('/').unwrap_or((tail, "cluster"));
    (name.to_owned(), kind.to_owned())
}

#[tokio::test(start_paused = true)]
async fn two_hundred_objects_on_four_followers_share_their_reads_and_stand_in_line() {
    let harness = fleet();
    for number in 0..OBJECTS {
        harness.until_ready(&format!("object{number}")).await;
    }

    let mut starts: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for call in harness.arm.journal() {
        if call.is_write() {
            assert_eq!(
                (call.request.method.as_str(), call.status()),
                ("PUT", Some(201))
            );
            starts
                .entry(subject(&call).0)
                .or_default()
                .push(call.time.parse().unwrap());
        }
        let body = call
            .response
            .as_ref()
            .map(|response| response.body.to_string())
            .unwrap_or_default();
        assert!(
            !body.contains("ServiceIsInMaintenance"),
            "two operations met: {}",
            call.request.url
        );
    }
    assert_eq!(starts.len(), FOLLOWERS);
    for (follower, starts) in &starts {
        assert_eq!(
            starts.len(),
            OBJECTS / FOLLOWERS,
            "{follower}: one PUT for each object"
        );
        for (one, next) in starts.iter().zip(&starts[1..]) {
            let apart = Duration::try_from(next.duration_since(*one)).unwrap();
            assert!(
                apart >= OPERATION,
                "{follower}: a second operation after {apart:?}"
            );
            assert!(
                apart <= OPERATION.mul_f64(1.15),
                "{follower}: the lane was idle, {apart:?} between two starts"
            );
        }
    }

    // Let everybody come to rest, then count.
    harness.pass(Duration::from_mins(20)).await;
    harness.arm.clear_journal();
    harness.api.forget_requests();
    harness.pass(Duration::from_mins(5 * 10)).await;
    let mut reads: BTreeMap<(String, String), usize> = BTreeMap::new();
    for call in harness.arm.journal() {
        assert_eq!(call.request.method, "GET", "no write at rest");
        *reads.entry(subject(&call)).or_default() += 1;
    }
    let mut expected = vec![("leader1".to_owned(), "cluster".to_owned())];
    for number in 1..=FOLLOWERS {
        for kind in ["attachedDatabaseConfigurations", "cluster", "databases"] {
            expected.push((format!("follower{number}"), kind.to_owned()));
        }
    }
    expected.sort();
    assert_eq!(
        reads.keys().cloned().collect::<Vec<_>>(),
        expected,
        "each cluster is read, and nothing besides"
    );
    for (what, count) in reads {
        assert!(
            (4..=5).contains(&count),
            "{what:?} was read {count} times in five intervals"
        );
    }
    assert_eq!(
        harness.api.writes(),
        0,
        "no write to the API server at rest"
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_with_all_attached_reads_each_cluster_once_and_writes_nothing() {
    let mut harness = fleet();
    for number in 0..OBJECTS {
        harness.until_ready(&format!("object{number}")).await;
    }
    harness.arm.clear_journal();
    harness.api.forget_requests();
    harness.crash();
    harness.pass(Duration::from_mins(1)).await;
    let calls = harness.arm.journal().len();
    assert_eq!(
        calls,
        3 * FOLLOWERS + 1,
        "three reads of each follower and one of the leader"
    );
    assert_eq!(harness.api.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn drift_of_one_object_costs_the_others_no_read() {
    let harness = fleet();
    for number in 0..OBJECTS {
        harness.until_ready(&format!("object{number}")).await;
    }
    harness.pass(Duration::from_mins(20)).await;
    harness.edit_in_portal(
        "object0",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.arm.clear_journal();
    harness.until_reason("object0", "DriftDetected").await;
    harness.until_ready("object0").await;
    harness.pass(Duration::from_mins(1)).await;
    assert_eq!(harness.changes(), ["PUT object0"]);
    // What all share within one interval, and the closer look, the polls and the check of the one.
    let calls = harness.arm.journal().len();
    assert!(calls <= 3 * FOLLOWERS + 1 + 14, "{calls} calls");
}
