//! Who may use the operator's identity, and what happens when that changes.

use std::time::Duration;

use adx_follower_operator::controller::{OwnIdentities, Tenancy};
use serde_json::{Value, json};

use crate::api_server::{FakeApi, Fault, Kind, Verb};
use crate::harness::{Harness, attached_database, cluster, condition, message, open_policy, world};

/// Default deny, and nothing that allows anything.
pub(crate) fn closed() -> Harness {
    Harness::start_shared(&world(), Tenancy::Policies(OwnIdentities::Enabled), |_| {})
}

/// What lets the namespace `analytics` follow Sales of leader1 on follower1.
fn analytics_policy() -> Value {
    json!({
        "namespaces": {"matchLabels": {"kubernetes.io/metadata.name": "analytics"}},
        "followers": [cluster("follower1")],
        "leaders": [{"scope": cluster("leader1"), "databases": ["Sales"]}],
    })
}

#[tokio::test(start_paused = true)]
async fn without_a_policy_azure_is_not_asked_and_the_sentence_can_be_forwarded() {
    let harness = closed();
    harness.api.create(attached_database("sales"));
    let object = harness.until_reason("sales", "AttachmentNotAllowed").await;
    assert_eq!(
        condition(&object, "Stalled"),
        Some(("True", "AttachmentNotAllowed"))
    );
    let told = message(&object, "Ready").unwrap();
    for part in [
        "namespace analytics",
        "database \"Sales\"",
        &cluster("leader1"),
        &cluster("follower1"),
        "`spec.serviceAccountName`",
    ] {
        assert!(told.contains(part), "{told}");
    }
    harness.pass(Duration::from_hours(6)).await;
    assert!(harness.arm.journal().is_empty());
    assert_eq!(
        harness.api.writes(),
        1,
        "one status, and no finalizer for what was never begun"
    );
    assert_eq!(harness.event_reasons("sales"), ["AttachmentNotAllowed"]);
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert!(harness.arm.journal().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_comes_later_is_noticed_at_once() {
    let harness = closed();
    harness.api.create(attached_database("sales"));
    harness.until_reason("sales", "AttachmentNotAllowed").await;
    harness.pass(Duration::from_hours(1)).await;
    harness.api.create_policy("analytics", analytics_policy());
    let asked = harness.api.now();
    harness.until_ready("sales").await;
    let took = harness.api.now().duration_since(asked).as_secs();
    assert!(took <= 23, "{took} s with an operation of 20 s");
}

#[tokio::test(start_paused = true)]
async fn applied_together_with_its_policy_an_object_is_never_stalled() {
    let harness = closed();
    harness.api.create(attached_database("sales"));
    harness.pass(Duration::from_secs(1)).await;
    harness.api.create_policy("analytics", analytics_policy());
    harness.until_ready("sales").await;
    let stalled = harness.api.versions().into_iter().any(|version| {
        condition(&version, "Stalled").is_some()
            || condition(&version, "Ready")
                .is_some_and(|(_, reason)| reason == "AttachmentNotAllowed")
    });
    assert!(!stalled, "Flux would have given up");
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_policy_stops_every_write_and_detaches_nothing() {
    let harness = closed();
    harness.api.create_policy("analytics", analytics_policy());
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.delete_policy("analytics");
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    let before = harness.arm.journal().len();
    let object = harness.until_reason("sales", "AttachmentNotAllowed").await;
    assert_eq!(
        object["status"]["ownership"], "Created",
        "nothing is forgotten"
    );
    harness.pass(Duration::from_hours(24)).await;
    assert_eq!(harness.arm.journal().len(), before, "nothing is even read");
    assert!(harness.live("follower1", "sales").is_some());

    harness.api.create_policy("another", analytics_policy());
    harness.until_ready("sales").await;
    assert_eq!(harness.changes(), ["PUT sales", "PUT sales"], "repaired");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_lags_does_not_let_a_withdrawn_policy_write() {
    let harness = closed();
    harness.api.create_policy("analytics", analytics_policy());
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.freeze_watches_on(Kind::AttachmentPolicy);
    harness.api.delete_policy("analytics");
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.pass(Duration::from_mins(30)).await;
    assert_eq!(harness.changes(), ["PUT sales"], "drift is seen and left");
    harness.until_reason("sales", "AttachmentNotAllowed").await;
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_lags_does_not_let_a_renamed_label_write() {
    let harness = closed();
    harness.api.label_namespace("analytics", "team", "gold");
    let mut policy = analytics_policy();
    policy["namespaces"] = json!({"matchLabels": {"team": "gold"}});
    harness.api.create_policy("gold", policy);
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.freeze_watches_on(Kind::Namespace);
    harness.api.label_namespace("analytics", "team", "silver");
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.pass(Duration::from_mins(30)).await;
    assert_eq!(harness.changes(), ["PUT sales"]);
    harness.api.thaw_watches();
    harness.api.label_namespace("analytics", "team", "gold");
    harness.until_ready("sales").await;
    assert_eq!(harness.changes(), ["PUT sales", "PUT sales"]);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_after_the_policy_went_waits_and_says_the_way_out() {
    let harness = closed();
    harness.api.create_policy("analytics", analytics_policy());
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.delete_policy("analytics");
    harness.api.delete("analytics", "sales");
    let object = harness.until_reason("sales", "AttachmentNotAllowed").await;
    assert!(
        message(&object, "Ready")
            .unwrap()
            .contains("\"deletionPolicy\":\"Orphan\"")
    );
    harness.pass(Duration::from_hours(12)).await;
    assert_eq!(harness.changes(), ["PUT sales"]);
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["deletionPolicy"] = json!("Orphan");
    });
    harness.until_gone("sales").await;
    assert!(harness.live("follower1", "sales").is_some());
}

#[tokio::test(start_paused = true)]
async fn an_edit_to_what_is_not_allowed_is_not_carried_out() {
    let harness = closed();
    harness.api.create_policy("analytics", analytics_policy());
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["defaultPrincipalsModificationKind"] = json!("Replace");
    });
    let object = harness.until_reason("sales", "AttachmentNotAllowed").await;
    assert!(message(&object, "Ready").unwrap().contains("Replace"));
    harness.pass(Duration::from_hours(1)).await;
    assert_eq!(harness.changes(), ["PUT sales"]);
    harness.api.edit("analytics", "sales", |object| {
        object["spec"]["defaultPrincipalsModificationKind"] = json!("None");
    });
    harness.until_ready("sales").await;
}

#[tokio::test(start_paused = true)]
async fn who_can_read_no_policies_serves_nobody_and_recovers() {
    let refuse = |api: &FakeApi| {
        api.fault_always_on(Kind::AttachmentPolicy, Verb::List, Fault::Refuse(403));
        api.create_policy("open", open_policy());
    };
    let harness =
        Harness::start_shared(&world(), Tenancy::Policies(OwnIdentities::Enabled), refuse);
    harness.api.create(attached_database("sales"));
    let object = harness.until_reason("sales", "PoliciesUnavailable").await;
    assert_eq!(
        condition(&object, "Stalled"),
        None,
        "nobody's fault that this object's author could mend"
    );
    assert!(harness.arm.journal().is_empty());
    harness.api.heal();
    harness.until_ready("sales").await;
}

#[tokio::test(start_paused = true)]
async fn a_slip_of_a_policy_hands_nothing_over() {
    let harness = closed();
    harness.api.create_policy("analytics", analytics_policy());
    let mut policy = analytics_policy();
    policy["namespaces"] = json!({"matchLabels": {"kubernetes.io/metadata.name": "other"}});
    harness.api.create_policy("other", policy);
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    let mut rival = attached_database("sales");
    rival["metadata"]["namespace"] = json!("other");
    rival["spec"]["adoptionPolicy"] = json!("Always");
    rival["spec"]["defaultPrincipalsModificationKind"] = json!("None");
    harness.api.create(rival);
    harness.pass(Duration::from_mins(1)).await;
    harness.api.delete_policy("analytics");
    harness.until_reason("sales", "AttachmentNotAllowed").await;
    harness.pass(Duration::from_hours(2)).await;
    assert_eq!(
        harness.changes(),
        ["PUT sales"],
        "the other one still waits"
    );
    harness.api.create_policy("analytics", analytics_policy());
    harness.until_ready("sales").await;
}

#[tokio::test(start_paused = true)]
async fn time_without_a_policy_is_no_time_of_failing() {
    let harness = closed();
    harness.api.create(attached_database("sales"));
    harness.until_reason("sales", "AttachmentNotAllowed").await;
    harness.pass(Duration::from_hours(2)).await;
    // A role that was granted a moment ago is not known everywhere.
    harness.grant(&[]);
    harness.api.create_policy("analytics", analytics_policy());
    let object = harness.until_reason("sales", "AuthorizationFailed").await;
    assert_eq!(condition(&object, "Stalled"), None);
    harness.grant(&[("follower1", "Contributor"), ("leader1", "Contributor")]);
    harness.until_ready("sales").await;
}
