//! The rights in Azure that `azure::actions` lists are those that are asked for: enough for every feature, none of them idle,
//! and each one named when it is missing. On virtual time, judged by the simulator's record of what it checked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/api_server/mod.rs"]
mod api_server;
#[path = "support/harness.rs"]
mod harness;
#[path = "support/in_process.rs"]
mod in_process;
#[path = "least_privilege/kubernetes.rs"]
mod kubernetes;
#[path = "support/oracles.rs"]
mod oracles;
#[path = "support/recorder.rs"]
mod recorder;
#[path = "least_privilege/story.rs"]
mod story;

use std::collections::BTreeSet;
use std::time::Duration;

use adx_follower_operator::azure::actions::{ACTIONS, Action, Feature, Needed, POLL, Place};
use adx_follower_operator::controller::{OwnIdentities, Tenancy};
use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use harness::{Harness, cluster, condition, message, open_policy};
use story::{Ending, Story, leader, world};

/// The operator with the actions that pass `keep`, each on its own place and nowhere else.
fn granted(keep: impl Fn(&Action) -> bool) -> Harness {
    let group = |group| format!("{}/resourceGroups/{group}", story::SUBSCRIPTION);
    let mut roles = Vec::new();
    for action in ACTIONS.iter().filter(|action| keep(action)) {
        let scopes = match action.place {
            Place::Follower => vec![cluster("follower1")],
            Place::Leader => vec![leader()],
            Place::ResourceGroup => vec![group("rg1"), group("rg2")],
        };
        roles.extend(scopes.into_iter().map(|scope| {
            json!({"principal": "operator", "scope": scope, "role": "custom", "actions": [action.name]})
        }));
    }
    let mut world = world();
    world["roleAssignments"] = json!(roles);
    Harness::start_shared(&world, Tenancy::Policies(OwnIdentities::Enabled), |api| {
        api.create_policy("open", open_policy());
    })
}

fn everything() -> Harness {
    granted(|_| true)
}

/// The place of a scope that the simulator has checked.
fn place(scope: &str) -> Place {
    let lies_in = |outer: &str| scope.to_lowercase().starts_with(&outer.to_lowercase());
    if lies_in(&cluster("follower1")) {
        Place::Follower
    } else if lies_in(&leader()) {
        Place::Leader
    } else {
        assert!(!scope.contains("/clusters/"), "{scope} is another cluster");
        Place::ResourceGroup
    }
}

/// What the operator's identity was checked for, as `action on place`, and whether it was refused any of it.
fn checked(harness: &Harness) -> (BTreeSet<String>, Vec<String>) {
    let journal = harness.arm.journal();
    let checks = journal.iter().flat_map(|entry| {
        assert_eq!(entry.principal.as_deref(), Some("operator"));
        &entry.checks
    });
    let (mut asked, mut refused) = (BTreeSet::new(), Vec::new());
    for check in checks {
        asked.insert(needs(&check.action, place(&check.scope)));
        if !check.allowed {
            refused.push(format!("{} on {}", check.action, check.scope));
        }
    }
    (asked, refused)
}

fn needs(action: &str, place: Place) -> String {
    format!("{action} on {}", place.as_str())
}

#[tokio::test(start_paused = true)]
async fn every_feature_works_with_the_role_and_no_action_of_it_is_idle() {
    let mut used = BTreeSet::new();
    for story in Story::ALL {
        let harness = everything();
        let ending = story.play(&harness).await;
        assert_eq!(ending, Ending::Works, "{story:?}");
        let (asked, refused) = checked(&harness);
        assert_eq!(refused, [""; 0], "{story:?}");
        used.extend(asked);
    }
    let listed: BTreeSet<String> = ACTIONS
        .iter()
        .map(|action| needs(action.name, action.place))
        .collect();
    assert_eq!(used, listed);
    assert_eq!(listed.len(), ACTIONS.len(), "each is listed once");
}

/// What stands or falls with a feature.
fn stories(feature: Feature) -> &'static [Story] {
    match feature {
        Feature::Attach => &[
            Story::Attach,
            Story::AttachAll,
            Story::Update,
            Story::Repair,
        ],
        Feature::Detach => &[Story::Detach],
        Feature::LeaderSide => &[
            Story::DetachFromLeader,
            Story::ListFollowers,
            Story::DetachByHand,
        ],
        Feature::Operations => &[],
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_feature_needs_can_be_left_out_with_the_feature() {
    for without in [
        Feature::Attach,
        Feature::Detach,
        Feature::LeaderSide,
        Feature::Operations,
    ] {
        for story in Story::ALL {
            let harness = granted(|action| action.needed != Needed::For(without));
            let ending = story.play(&harness).await;
            // The leader's side takes over where the follower refuses.
            let works = !stories(without).contains(&story) || story == Story::Detach;
            assert_eq!(
                ending == Ending::Works,
                works,
                "{story:?} without {without:?}: {ending:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_action_that_is_missing_is_named_where_it_is_missed() {
    for missing in ACTIONS {
        let harness = granted(|action| *action != missing);
        let story = match missing.needed {
            Needed::Always | Needed::For(Feature::Attach) => Story::Attach,
            Needed::For(Feature::Detach) => Story::Detach,
            Needed::For(Feature::LeaderSide) => Story::DetachByHand,
            Needed::For(Feature::Operations) => continue,
        };
        let case = needs(missing.name, missing.place);
        let scope = match missing.place {
            Place::Leader => leader(),
            Place::Follower | Place::ResourceGroup => cluster("follower1"),
        };
        let said = match story.play(&harness).await {
            Ending::Says(said) => said,
            Ending::Works => {
                assert_eq!(story, Story::Detach, "{case} is not needed");
                told(&harness)
            }
        };
        let said = said.to_lowercase();
        assert!(
            said.contains(&missing.name.to_lowercase()),
            "{case}: {said}"
        );
        assert!(said.contains(&scope.to_lowercase()), "{case}: {said}");
    }
}

/// Everything that was ever said of the object.
fn told(harness: &Harness) -> String {
    let versions = harness.api.versions();
    let messages = versions.iter().filter_map(|it| message(it, "Ready"));
    messages.collect::<Vec<_>>().join("\n")
}

#[tokio::test(start_paused = true)]
async fn with_both_doors_closed_a_deletion_waits_and_names_the_right() {
    let harness = granted(|action| {
        !matches!(
            action.needed,
            Needed::For(Feature::Detach | Feature::LeaderSide)
        )
    });
    let Ending::Says(said) = Story::Detach.play(&harness).await else {
        panic!("it is detached by whom?");
    };
    let action = "`Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations/delete`";
    assert!(said.contains(action), "{said}");
    assert!(said.contains("\"deletionPolicy\":\"Orphan\""), "{said}");
}

fn without_polls() -> Harness {
    granted(|action| action.name != POLL)
}

fn is_blind(object: &Value) -> bool {
    condition(object, "Warning") == Some(("True", "OperationNotVisible"))
}

#[tokio::test(start_paused = true)]
async fn operations_that_cannot_be_followed_are_a_warning_that_stays_until_they_can() {
    let mut harness = without_polls();
    harness.api.create(story::sales());
    let object = harness.until_ready("sales").await;
    assert!(is_blind(&object), "{object:#}");
    let said = message(&object, "Warning").unwrap();
    let group = format!("`{}/resourceGroups/rg1`", story::SUBSCRIPTION);
    assert!(said.contains(POLL) && said.contains(&group), "{said}");

    // At rest, and after a restart, nothing is written for it again.
    let writes = harness.api.writes();
    harness.pass(Duration::from_hours(2)).await;
    harness.crash();
    harness.pass(Duration::from_hours(2)).await;
    assert_eq!(harness.api.writes(), writes);
    assert!(is_blind(&harness.api.get("analytics", "sales").unwrap()));

    // A right that comes is noticed with the next operation.
    harness.patch(json!({"roleAssignments": null}));
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness
        .until("sales", "without a warning", |object| {
            condition(object, "Warning").is_none()
        })
        .await;
    harness.until_ready("sales").await;
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_for_a_look_after_granting_it_need_not_wait_for_an_operation() {
    let harness = without_polls();
    harness.api.create(story::sales());
    assert!(is_blind(&harness.until_ready("sales").await));
    harness.patch(json!({"roleAssignments": null}));
    let annotation = adx_follower_operator::api::RECONCILE_ANNOTATION;
    harness.api.annotate("analytics", "sales", annotation, "1");
    harness
        .until("sales", "without a warning", |object| {
            condition(object, "Warning").is_none()
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_refused_for_another_reason_is_no_missing_right() {
    let harness = Harness::start_with(&world(), Options::default());
    let altered = json!({"status": 403, "body": {"error": {"code": "InvalidOperationSignature", "message": "no"}}});
    harness.break_calls("altered", ("GET", "**/operationResults/*"), &altered);
    harness.api.create(story::sales());
    let object = harness.until_ready("sales").await;
    assert_eq!(condition(&object, "Warning"), None);
}
