//! Roles on scopes: who gets which 403.

use axum::body::Body;
use http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::harness::{GROUP, Harness, attach, cluster, configuration, world};

const WRITE: &str = "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/write";

fn with_roles(assignments: Value) -> Harness {
    let mut world = world();
    world["roleAssignments"] = assignments;
    Harness::with(world, kusto_arm_simulator::Options::default())
}

#[tokio::test(start_paused = true)]
async fn without_a_role_the_action_and_the_scope_are_named() {
    let harness = with_roles(json!([{"principal": "me", "scope": GROUP, "role": "Reader"}]));
    assert_eq!(
        harness.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
    let denied = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(
        (denied.status, denied.code()),
        (StatusCode::FORBIDDEN, "AuthorizationFailed")
    );
    assert_eq!(
        denied.message(),
        format!(
            "The client 'me' with object id 'me' does not have authorization to perform action '{WRITE}' over scope '{}' or the scope is \
             invalid. If access was recently granted, please refresh your credentials.",
            configuration("sales")
        )
    );
    assert_eq!(
        harness
            .as_client("stranger")
            .get(&cluster("follower1"))
            .await
            .status,
        StatusCode::FORBIDDEN
    );
    let list = format!("{}/listFollowerDatabases", cluster("leader1"));
    assert_eq!(
        harness.call("POST", &list, None).await.status,
        StatusCode::FORBIDDEN,
        "an action is no read"
    );
}

#[tokio::test(start_paused = true)]
async fn attaching_needs_the_leader_too() {
    let harness = with_roles(json!([
        {"principal": "me", "scope": cluster("follower1"), "role": "Contributor"},
        {"principal": "me", "scope": cluster("leader1"), "role": "Reader"},
    ]));
    let denied = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(
        (denied.status, denied.code()),
        (StatusCode::FORBIDDEN, "LinkedAuthorizationFailed")
    );
    for part in [WRITE, "linked scope(s)", &cluster("leader1"), "'me'"] {
        assert!(
            denied.message().contains(part),
            "{part} in {}",
            denied.message()
        );
    }
    let grant = json!([
        {"principal": "ME", "scope": GROUP, "role": "Contributor"},
    ]);
    harness
        .simulator
        .patch_world(json!({"roleAssignments": grant}))
        .unwrap();
    assert_eq!(
        harness
            .put(&configuration("sales"), attach("Sales", json!({})))
            .await
            .status,
        StatusCode::CREATED
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_on_the_clusters_alone_starts_an_operation_but_cannot_poll_it() {
    let harness = with_roles(json!([
        {"principal": "me", "scope": cluster("follower1"), "role": "Contributor"},
        {"principal": "me", "scope": cluster("leader1"), "role": "Contributor"},
        {"principal": "poller", "scope": GROUP, "role": "custom", "actions": ["Microsoft.Kusto/locations/operationresults/read"]},
    ]));
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(started.status, StatusCode::CREATED);
    let denied = harness.get(&started.poll_url()).await;
    assert_eq!(
        (denied.status, denied.code()),
        (StatusCode::FORBIDDEN, "AuthorizationFailed")
    );
    assert!(
        denied
            .message()
            .contains("Microsoft.Kusto/locations/operationresults/read")
    );
    let poller = harness.as_client("poller");
    assert_eq!(poller.finish(&started).await.at("/status"), "Succeeded");
    assert_eq!(
        harness
            .get(&configuration("sales"))
            .await
            .at("/properties/provisioningState"),
        "Succeeded"
    );
}

#[tokio::test(start_paused = true)]
async fn an_object_id_is_a_principal_too() {
    let mut world = world();
    world["identities"] = json!([{"clientId": "me", "objectId": "oid-1"}]);
    world["roleAssignments"] =
        json!([{"principal": "oid-1", "scope": "/subscriptions/s1", "role": "Owner"}]);
    let harness = Harness::with(world, kusto_arm_simulator::Options::default());
    assert_eq!(
        harness.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
}

const POLL: &str = "Microsoft.Kusto/locations/operationresults/read";

/// A role on each of the two clusters with no more than attaching needs, and with polls, in vain.
fn on_clusters_only() -> Value {
    let follower = [
        "Microsoft.Kusto/Clusters/read",
        "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/*",
        POLL,
    ];
    let leader = ["Microsoft.Kusto/Clusters/write", POLL];
    json!([
        {"principal": "me", "scope": cluster("follower1"), "role": "custom", "actions": follower},
        {"principal": "me", "scope": cluster("leader1"), "role": "custom", "actions": leader},
    ])
}

#[tokio::test(start_paused = true)]
async fn a_custom_role_on_the_clusters_starts_an_operation_and_its_poll_names_action_and_scope() {
    let harness = with_roles(on_clusters_only());
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(started.status, StatusCode::CREATED, "{}", started.text);
    let denied = harness.get(&started.poll_url()).await;
    assert_eq!(
        (denied.status, denied.code()),
        (StatusCode::FORBIDDEN, "AuthorizationFailed")
    );
    let sentence = format!(
        "The client 'me' with object id 'me' does not have authorization to perform action '{POLL}' over scope '{GROUP}' or the \
         scope is invalid."
    );
    assert!(
        denied.message().starts_with(&sentence),
        "{}",
        denied.message()
    );
    for scope in [GROUP, "/subscriptions/s1"] {
        let mut roles = on_clusters_only();
        let above = json!({"principal": "me", "scope": scope, "role": "custom", "actions": [POLL]});
        roles.as_array_mut().unwrap().push(above);
        harness
            .simulator
            .patch_world(json!({"roleAssignments": roles}))
            .unwrap();
        let polled = harness.get(&started.poll_url()).await;
        assert_eq!(polled.status, StatusCode::OK, "{scope}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_signature_of_a_poll_url_is_no_token() {
    let harness = Harness::new();
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    let url = started.poll_url();
    assert!(url.len() > 3000, "signed");
    for url in [url.clone(), format!("{url}x")] {
        let bare = Request::builder().uri(&url).body(Body::empty()).unwrap();
        let answer = harness.send(bare).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::UNAUTHORIZED, "AuthenticationFailed")
        );
        let made_up = harness.with_token("made-up").get(&url).await;
        assert_eq!(made_up.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(harness.get(&url).await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn every_403_names_the_action_and_the_scope_that_the_journal_has() {
    let harness = with_roles(json!([]));
    let (leader, follower) = (cluster("leader1"), cluster("follower1"));
    let sales = configuration("sales");
    let database = format!("{follower}/databases/Sales");
    let below = |cluster: &str, name: &str| format!("{cluster}/{name}");
    for (method, path, action, scope) in [
        ("GET", follower.clone(), "read", &follower),
        ("DELETE", follower.clone(), "delete", &follower),
        ("POST", below(&follower, "start"), "Start/action", &follower),
        ("POST", below(&follower, "stop"), "Stop/action", &follower),
        (
            "GET",
            below(&follower, "attachedDatabaseConfigurations"),
            "AttachedDatabaseConfigurations/read",
            &follower,
        ),
        (
            "GET",
            sales.clone(),
            "AttachedDatabaseConfigurations/read",
            &sales,
        ),
        (
            "PUT",
            sales.clone(),
            "AttachedDatabaseConfigurations/write",
            &sales,
        ),
        (
            "DELETE",
            sales.clone(),
            "AttachedDatabaseConfigurations/delete",
            &sales,
        ),
        (
            "GET",
            below(&follower, "databases"),
            "Databases/read",
            &follower,
        ),
        ("PATCH", database.clone(), "Databases/write", &database),
        (
            "POST",
            below(&leader, "listFollowerDatabases"),
            "ListFollowerDatabases/action",
            &leader,
        ),
        (
            "POST",
            below(&leader, "detachFollowerDatabases"),
            "DetachFollowerDatabases/action",
            &leader,
        ),
    ] {
        let action = format!("Microsoft.Kusto/Clusters/{action}");
        let denied = harness.call(method, &path, Some(json!({}))).await;
        let place = format!("{method} {path}");
        assert_eq!(denied.status, StatusCode::FORBIDDEN, "{place}");
        let words = format!("action '{action}' over scope '{scope}'");
        assert!(
            denied.message().contains(&words),
            "{place}: {}",
            denied.message()
        );
        assert_eq!(
            last_checks(&harness),
            [(action, scope.clone(), false)],
            "{place}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_has_every_check_of_a_call_in_order() {
    let harness = with_roles(on_clusters_only());
    let write = || (WRITE.to_owned(), configuration("sales"), true);
    let linked = |leader: &str, allowed| {
        (
            "Microsoft.Kusto/Clusters/write".to_owned(),
            cluster(leader),
            allowed,
        )
    };
    let started = harness
        .put(&configuration("sales"), attach("Sales", json!({})))
        .await;
    assert_eq!(last_checks(&harness), [write(), linked("leader1", true)]);

    let other = json!({"clusterResourceId": cluster("leader2")});
    let denied = harness
        .put(&configuration("sales"), attach("Sales", other))
        .await;
    assert_eq!(denied.code(), "LinkedAuthorizationFailed");
    assert_eq!(last_checks(&harness), [write(), linked("leader2", false)]);

    harness.get(&started.poll_url()).await;
    assert_eq!(
        last_checks(&harness),
        [(POLL.to_owned(), GROUP.to_owned(), false)]
    );

    harness.with_token("made-up").get(&cluster("leader1")).await;
    assert_eq!(last_checks(&harness), [], "401 comes before any permission");
    let entries = serde_json::to_value(harness.simulator.journal()).unwrap();
    let checks = json!([
        {"action": WRITE, "scope": configuration("sales"), "allowed": true},
        {"action": "Microsoft.Kusto/Clusters/write", "scope": cluster("leader1"), "allowed": true},
    ]);
    assert_eq!(entries.pointer("/0/checks"), Some(&checks));
    assert_eq!(entries.pointer("/0/principal"), Some(&json!("me")));
    assert_eq!(entries.pointer("/3/checks"), None);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_fault_answers_in_arms_place_is_checked_only_when_it_takes_effect() {
    let harness = with_roles(on_clusters_only());
    for (after, expected) in [(false, 0), (true, 1)] {
        harness
            .simulator
            .arm_fault(json!({"act": {"status": 504, "after": after}}))
            .unwrap();
        harness.get(&cluster("follower1")).await;
        assert_eq!(last_checks(&harness).len(), expected, "{after}");
    }
}

fn last_checks(harness: &Harness) -> Vec<(String, String, bool)> {
    let journal = harness.simulator.journal();
    let checks = &journal.last().unwrap().checks;
    checks
        .iter()
        .map(|check| (check.action.clone(), check.scope.clone(), check.allowed))
        .collect()
}
