//! Tests of the live model: name conflicts, followers, operations.

use serde_json::json;

use super::*;
use crate::world::World;

const START: &str = "2024-12-01T00:00:00Z";

fn cluster_id(name: &str) -> String {
    format!("/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}")
}

fn key(name: &str) -> ClusterKey {
    ClusterId::parse(&cluster_id(name)).unwrap().key()
}

fn configuration(
    name: &str,
    leader: &str,
    database: &str,
    more: &serde_json::Value,
) -> serde_json::Value {
    let mut properties = json!({"databaseName": database, "clusterResourceId": cluster_id(leader)});
    if let (Some(properties), Some(more)) = (properties.as_object_mut(), more.as_object()) {
        properties.extend(more.clone());
    }
    json!({"id": format!("{}/attachedDatabaseConfigurations/{name}", cluster_id("follower")), "properties": properties})
}

fn state(configurations: &[serde_json::Value]) -> State {
    let world = World::from_json(json!({
        "clusters": [
            {"id": cluster_id("leader1"), "location": "x", "databases": [{"name": "Sales"}, {"name": "Own"}]},
            {"id": cluster_id("leader2"), "location": "x", "databases": [{"name": "sales"}, {"name": "Stock"}]},
            {"id": cluster_id("follower"), "location": "x", "databases": [{"name": "own"}]},
        ],
        "configurations": configurations,
    }))
    .unwrap();
    State::new(world, START.parse().unwrap())
}

fn find<'a>(state: &'a State, name: &str) -> Option<&'a Configuration> {
    state
        .held(&key("follower"))?
        .configurations
        .get(&name_key(name))
}

fn shown(state: &State) -> Vec<(String, String)> {
    state
        .followed(&key("follower"))
        .into_iter()
        .map(|one| (one.name, one.configuration.name.clone()))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(name, configuration)| ((*name).to_owned(), (*configuration).to_owned()))
        .collect()
}

#[test]
fn a_star_follows_all_but_what_the_follower_has_itself() {
    assert_eq!(
        shown(&state(&[configuration("a", "leader1", "*", &json!({}))])),
        pairs(&[("Sales", "a")])
    );
}

#[test]
fn a_name_followed_from_two_leaders_is_followed_once() {
    let state = state(&[
        configuration("b", "leader1", "*", &json!({})),
        configuration("a", "leader2", "*", &json!({})),
    ]);
    assert_eq!(shown(&state), pairs(&[("sales", "a"), ("Stock", "a")]));
}

#[test]
fn prefix_and_override_rename_and_resolve_conflicts() {
    let state = state(&[
        configuration("all", "leader1", "*", &json!({"databaseNamePrefix": "eu_"})),
        configuration(
            "one",
            "leader2",
            "SALES",
            &json!({"databaseNameOverride": "SalesRO"}),
        ),
    ]);
    assert_eq!(
        shown(&state),
        pairs(&[("eu_Sales", "all"), ("eu_Own", "all"), ("SalesRO", "one")])
    );
    let one = find(&state, "ONE").unwrap();
    assert_eq!(state.attached_names(&key("follower"), one), ["SalesRO"]);
}

#[test]
fn what_is_being_created_is_not_followed_and_what_is_being_deleted_still_is() {
    for (word, expected) in [
        ("Creating", false),
        ("Failed", false),
        ("Deleting", true),
        ("Accepted", true),
        ("Moving", true),
    ] {
        let state = state(&[configuration(
            "a",
            "leader1",
            "Sales",
            &json!({"provisioningState": word}),
        )]);
        assert_eq!(
            follows(&state.followers(&key("leader1")), "sales"),
            expected,
            "{word}"
        );
        assert_eq!(
            !state.followed(&key("follower")).is_empty(),
            expected,
            "{word}"
        );
    }
}

#[test]
fn operations_end_in_the_order_of_their_time_and_hold_the_cluster_until_then() {
    let mut state = state(&[configuration(
        "a",
        "leader1",
        "Sales",
        &json!({"provisioningState": "Creating"}),
    )]);
    let start: Timestamp = START.parse().unwrap();
    let begin = |state: &mut State, seconds: u64, change: Change, ending: Ending| {
        state.start(Operation::from(NewOperation {
            kind: OperationKind::FollowerDatabaseCreate,
            cluster: ClusterId::parse(&cluster_id("follower")).unwrap(),
            location: "x".to_owned(),
            started: start,
            ends: crate::clock::later(start, std::time::Duration::from_secs(seconds)),
            holds: Some(key("follower")),
            change,
            ending,
        }));
    };
    begin(
        &mut state,
        20,
        Change::Detach {
            cluster: key("follower"),
            name: "a".to_owned(),
        },
        Ending::Succeeded,
    );
    begin(
        &mut state,
        10,
        Change::Attach {
            cluster: key("follower"),
            name: "a".to_owned(),
        },
        Ending::Succeeded,
    );
    state.settle(crate::clock::later(
        start,
        std::time::Duration::from_secs(10),
    ));
    assert_eq!(
        find(&state, "a").map(|one| one.stage.clone()),
        Some(Stage::Attached)
    );
    assert!(state.is_busy(&key("follower")));
    state.settle(crate::clock::later(
        start,
        std::time::Duration::from_secs(30),
    ));
    assert!(find(&state, "a").is_none());
    assert!(!state.is_busy(&key("follower")));
}

#[test]
fn a_failed_attach_stays_behind_as_failed() {
    let mut state = state(&[configuration(
        "a",
        "leader1",
        "Sales",
        &json!({"provisioningState": "Creating"}),
    )]);
    Change::Attach {
        cluster: key("follower"),
        name: "a".to_owned(),
    }
    .undo(&mut state);
    assert_eq!(
        find(&state, "a")
            .map(|one| one.stage.word().to_owned())
            .as_deref(),
        Some("Failed")
    );
}

#[test]
fn signed_urls_are_as_long_as_recorded_and_differ() {
    let operation = |_| {
        Operation::from(NewOperation {
            kind: OperationKind::FollowerDatabaseCreate,
            cluster: ClusterId::parse(&cluster_id("follower")).unwrap(),
            location: "x".to_owned(),
            started: START.parse().unwrap(),
            ends: START.parse().unwrap(),
            holds: None,
            change: Change::Nothing,
            ending: Ending::Succeeded,
        })
    };
    let [first, second] = [0, 1].map(operation);
    assert!(
        (2900..3400).contains(&first.status_query.len()),
        "{}",
        first.status_query.len()
    );
    assert_ne!(first.status_query, second.status_query);
    assert_ne!(first.status_query, first.location_query);
}
