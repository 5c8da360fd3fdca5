//! Objects with an Azure identity of their own.

use std::collections::BTreeSet;
use std::time::Duration;

use adx_follower_operator::controller::{OwnIdentities, Tenancy};
use serde_json::{Value, json};

use crate::api_server::{FakeApi, Fault, Kind, Verb};
use crate::harness::{
    Harness, attached_database, cluster, condition, declared, message, open_policy, world,
};

pub(crate) const CLIENT: &str = "33333333-3333-4333-8333-333333333333";
const TENANT: &str = "11111111-1111-4111-8111-111111111111";

/// A world in which `CLIENT` is the identity of the ServiceAccount analytics/adx, with a role on these clusters.
pub(crate) fn world_with_identity(clusters: &[&str]) -> Value {
    let mut world = world();
    world["identities"] = json!([
        {"clientId": CLIENT, "federatedSubjects": ["system:serviceaccount:analytics:adx"]},
        {"clientId": "operator"},
    ]);
    let roles: Vec<Value> = clusters
        .iter()
        .map(|name| json!({"principal": CLIENT, "scope": cluster(name), "role": "Contributor"}))
        .chain([json!({"principal": CLIENT, "scope": "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1", "role": "custom", "actions": ["Microsoft.Kusto/locations/operationresults/read"]})])
        .collect();
    world["roleAssignments"] = json!(roles);
    world
}

pub(crate) fn annotated(api: &FakeApi, namespace: &str, name: &str) {
    api.create_service_account(
        namespace,
        name,
        &[
            ("azure.workload.identity/client-id", CLIENT),
            ("azure.workload.identity/tenant-id", TENANT),
        ],
    );
}

/// An object of `analytics` that names the ServiceAccount `adx`.
pub(crate) fn own(name: &str) -> Value {
    declared(name, &json!({"serviceAccountName": "adx"}))
}

/// Everybody who called ARM.
fn principals(harness: &Harness) -> BTreeSet<String> {
    harness
        .arm
        .journal()
        .into_iter()
        .filter_map(|entry| entry.principal)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_object_is_attached_with_its_own_identity_and_no_other() {
    let harness = Harness::start_shared(
        &world_with_identity(&["follower1", "leader1"]),
        Tenancy::Policies(OwnIdentities::Enabled),
        |api| annotated(api, "analytics", "adx"),
    );
    harness.api.create(own("sales"));
    harness.until_ready("sales").await;
    harness.api.delete("analytics", "sales");
    harness.until_gone("sales").await;
    assert_eq!(principals(&harness), BTreeSet::from([CLIENT.to_owned()]));
    assert_eq!(harness.changes_of(CLIENT), ["PUT sales", "DELETE sales"]);
}

#[tokio::test(start_paused = true)]
async fn each_half_of_an_identity_that_is_missing_is_named_and_noticed_when_it_comes() {
    let harness = Harness::start_shared(
        &world_with_identity(&["follower1", "leader1"]),
        Tenancy::Policies(OwnIdentities::Enabled),
        |_| {},
    );
    harness.api.create(own("sales"));
    harness
        .until_reason("sales", "ServiceAccountNotFound")
        .await;
    harness.api.create_service_account("analytics", "adx", &[]);
    let object = harness
        .until_reason("sales", "ServiceAccountIncomplete")
        .await;
    assert!(message(&object, "Ready").unwrap().contains("client-id"));
    harness.api.annotate_service_account(
        "analytics",
        "adx",
        "azure.workload.identity/client-id",
        CLIENT,
    );
    harness
        .until("sales", "told of the tenant", |object| {
            message(object, "Ready").is_some_and(|text| text.contains("tenant-id"))
        })
        .await;
    assert!(harness.arm.journal().is_empty());
    harness.api.annotate_service_account(
        "analytics",
        "adx",
        "azure.workload.identity/tenant-id",
        TENANT,
    );
    harness.until_ready("sales").await;
    assert_eq!(principals(&harness), BTreeSet::from([CLIENT.to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_account_that_goes_takes_its_session_along() {
    let harness = Harness::start_shared(
        &world_with_identity(&["follower1", "leader1"]),
        Tenancy::Policies(OwnIdentities::Enabled),
        |api| annotated(api, "analytics", "adx"),
    );
    harness.api.create(own("sales"));
    harness.until_ready("sales").await;
    harness.api.freeze_watches_on(Kind::ServiceAccount);
    harness.api.delete_service_account("analytics", "adx");
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.pass(Duration::from_mins(30)).await;
    assert_eq!(
        harness.changes_of(CLIENT),
        ["PUT sales"],
        "its token is still good, but nobody speaks for it any more"
    );
    harness
        .until_reason("sales", "ServiceAccountNotFound")
        .await;
}

#[tokio::test(start_paused = true)]
async fn swapped_annotations_are_another_identity_which_entra_does_not_know() {
    let harness = Harness::start_shared(
        &world_with_identity(&["follower1", "leader1"]),
        Tenancy::Policies(OwnIdentities::Enabled),
        |api| annotated(api, "analytics", "adx"),
    );
    harness.api.create(own("sales"));
    harness.until_ready("sales").await;
    harness.api.annotate_service_account(
        "analytics",
        "adx",
        "azure.workload.identity/client-id",
        "operator",
    );
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.pass(Duration::from_mins(30)).await;
    assert_eq!(harness.changes_of(CLIENT), ["PUT sales"]);
    assert_eq!(
        principals(&harness),
        BTreeSet::from([CLIENT.to_owned(), "operator".to_owned()]),
        "in this world Entra lets anybody be `operator`"
    );
}

#[tokio::test(start_paused = true)]
async fn a_foreign_federation_gets_no_token() {
    let harness = Harness::start_shared(
        &world_with_identity(&["follower1", "leader1"]),
        Tenancy::Policies(OwnIdentities::Enabled),
        |api| annotated(api, "other", "adx"),
    );
    let mut stranger = own("sales");
    stranger["metadata"]["namespace"] = json!("other");
    harness.api.create(stranger);
    harness
        .api
        .wait_for(
            ("other", "sales"),
            "refused",
            Duration::from_mins(5),
            |object| {
                object.and_then(|object| condition(object, "Ready"))
                    == Some(("False", "FederatedCredentialNotFound"))
            },
        )
        .await;
    harness.pass(Duration::from_hours(1)).await;
    assert!(harness.arm.journal().is_empty(), "no call without a token");
}

#[tokio::test(start_paused = true)]
async fn what_one_identity_has_read_is_not_shown_to_another() {
    let mut world = world_with_identity(&["leader1"]);
    let roles = world["roleAssignments"].as_array_mut().unwrap();
    for name in ["follower1", "leader1"] {
        roles.push(json!({"principal": "operator", "scope": cluster(name), "role": "Contributor"}));
    }
    let harness = Harness::start_shared(&world, Tenancy::Policies(OwnIdentities::Enabled), |api| {
        annotated(api, "analytics", "adx");
        api.create_policy("open", open_policy());
    });
    harness.api.create(declared(
        "theirs",
        &json!({"databaseNameOverride": "Theirs"}),
    ));
    harness.until_ready("theirs").await;
    // The same follower, on which this one has no role.
    harness.api.create(own("sales"));
    let object = harness.until_reason("sales", "AuthorizationFailed").await;
    assert!(!object["status"].to_string().contains("Theirs"));
    assert!(object["status"]["databases"].is_null());
}

#[tokio::test(start_paused = true)]
async fn who_has_no_right_in_azure_keeps_nobody_from_a_configuration() {
    let mut world = world_with_identity(&["leader1"]);
    let roles = world["roleAssignments"].as_array_mut().unwrap();
    for name in ["follower1", "leader1"] {
        roles.push(json!({"principal": "operator", "scope": cluster(name), "role": "Contributor"}));
    }
    let harness = Harness::start_shared(&world, Tenancy::Policies(OwnIdentities::Enabled), |api| {
        annotated(api, "analytics", "adx");
        api.create_policy("open", open_policy());
    });
    let mut squatter = own("squatter");
    squatter["spec"]["configurationName"] = json!("sales");
    harness.api.create(squatter);
    let refused = harness
        .until_reason("squatter", "AuthorizationFailed")
        .await;
    harness.pass(Duration::from_secs(5)).await;
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.pass(Duration::from_hours(1)).await;
    let told = harness.api.get("analytics", "squatter").unwrap();
    assert_eq!(
        condition(&told, "Ready"),
        condition(&refused, "Ready"),
        "nor is it told that there is another one"
    );
    let claimed = harness.api.versions().iter().any(|version| {
        condition(version, "Ready").is_some_and(|(_, reason)| reason == "ConfigurationClaimed")
    });
    assert!(!claimed);
}

#[tokio::test(start_paused = true)]
async fn in_a_lockdown_the_operators_identity_is_nobodys() {
    let lockdown = Tenancy::Lockdown {
        default_account: "adx".to_owned(),
    };
    let harness = Harness::start_shared(
        &world_with_identity(&["follower1", "leader1"]),
        lockdown,
        |api| {
            api.create_policy("open", open_policy());
            annotated(api, "analytics", "adx");
        },
    );
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    let mut elsewhere = attached_database("sales");
    elsewhere["metadata"]["namespace"] = json!("other");
    harness.api.create(elsewhere);
    let object = harness
        .api
        .wait_for(
            ("other", "sales"),
            "refused",
            Duration::from_mins(5),
            |object| {
                object
                    .and_then(|object| condition(object, "Ready"))
                    .is_some()
            },
        )
        .await
        .unwrap();
    assert_eq!(
        condition(&object, "Stalled"),
        Some(("True", "ServiceAccountNotFound"))
    );
    assert!(message(&object, "Ready").unwrap().contains("administrator"));
    assert_eq!(principals(&harness), BTreeSet::from([CLIENT.to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn with_own_identities_off_nobody_is_served_as_somebody_else() {
    let harness = Harness::start_shared(
        &world(),
        Tenancy::Policies(OwnIdentities::Disabled),
        |api| {
            api.create_policy("open", open_policy());
            annotated(api, "analytics", "adx");
        },
    );
    harness.api.create(own("sales"));
    harness
        .until_reason("sales", "ObjectIdentityDisabled")
        .await;
    harness.api.create(declared("plain", &json!({})));
    harness.until_ready("plain").await;
    assert_eq!(
        harness
            .api
            .count_on(Kind::ServiceAccount, Verb::RequestToken),
        0
    );
    assert_eq!(harness.api.count_on(Kind::ServiceAccount, Verb::List), 0);
    assert_eq!(
        principals(&harness),
        BTreeSet::from(["operator".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn a_right_that_the_operator_lacks_in_kubernetes_is_named() {
    let harness = Harness::start_shared(
        &world_with_identity(&["follower1", "leader1"]),
        Tenancy::Policies(OwnIdentities::Enabled),
        |api| {
            annotated(api, "analytics", "adx");
            api.fault_always(Verb::RequestToken, Fault::Refuse(403));
        },
    );
    harness.api.create(own("sales"));
    let object = harness.until_reason("sales", "TokenRequestRefused").await;
    assert!(
        message(&object, "Ready")
            .unwrap()
            .contains("serviceaccounts/token")
    );
    assert!(harness.arm.journal().is_empty());
    harness.api.heal();
    harness.until_ready("sales").await;
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_server_slows_its_own_objects_alone() {
    let undisturbed = time_to_ready(None).await;
    let disturbed = time_to_ready(Some(json!({"hang": true}))).await;
    assert!(
        disturbed <= undisturbed.mul_f64(1.2),
        "{disturbed:?} beside {undisturbed:?}"
    );
}

/// How long ten objects of the operator's identity take to be Ready while thirty others have a token server that does
/// `act`.
async fn time_to_ready(act: Option<Value>) -> Duration {
    let mut world = world_with_identity(&["follower2", "leader2"]);
    let roles = world["roleAssignments"].as_array_mut().unwrap();
    roles.push(json!({"principal": "operator", "scope": "/subscriptions/00000000-0000-0000-0000-000000000001", "role": "Contributor"}));
    let harness = Harness::start_shared(&world, Tenancy::Policies(OwnIdentities::Enabled), |api| {
        annotated(api, "analytics", "adx");
        api.create_policy("open", open_policy());
    });
    if let Some(act) = act {
        harness
            .arm
            .arm_fault(json!({"name": "dead", "match": {"path": "**/oauth2/v2.0/token", "clientId": CLIENT, "times": 0}, "act": act}))
            .expect("the fault is valid");
        for number in 0..30 {
            let mut object = own(&format!("dead{number}"));
            object["spec"]["follower"]["clusterResourceId"] = json!(cluster("follower2"));
            object["spec"]["leader"] =
                json!({"clusterResourceId": cluster("leader2"), "databaseName": "Web"});
            object["spec"]["databaseNamePrefix"] = json!(format!("p{number}_"));
            harness.api.create(object);
        }
        harness.pass(Duration::from_secs(3)).await;
    }
    let begun = harness.api.now();
    for number in 0..3 {
        harness.api.create(declared(
            &format!("sales{number}"),
            &json!({"databaseNameOverride": format!("Sales{number}")}),
        ));
    }
    for number in 0..3 {
        harness.until_ready(&format!("sales{number}")).await;
    }
    Duration::try_from(harness.api.now().duration_since(begun)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn who_may_only_look_keeps_nobody_from_a_configuration() {
    let mut world = world_with_identity(&[]);
    let roles = world["roleAssignments"].as_array_mut().unwrap();
    for name in ["follower1", "leader1"] {
        roles.push(json!({"principal": "operator", "scope": cluster(name), "role": "Contributor"}));
        roles.push(json!({"principal": CLIENT, "scope": cluster(name), "role": "Reader"}));
    }
    for spec in [
        json!({"driftPolicy": "Report"}),
        json!({"suspend": true}),
        json!({}),
    ] {
        let harness =
            Harness::start_shared(&world, Tenancy::Policies(OwnIdentities::Enabled), |api| {
                annotated(api, "analytics", "adx");
                api.create_policy("open", open_policy());
            });
        let mut squatter = own("squatter");
        squatter["spec"]["configurationName"] = json!("sales");
        for (field, value) in spec.as_object().unwrap() {
            squatter["spec"][field] = value.clone();
        }
        harness.api.create(squatter);
        harness.pass(Duration::from_mins(1)).await;
        harness.api.create(attached_database("sales"));
        harness.until_ready("sales").await;
        assert_eq!(harness.changes(), ["PUT sales"], "{spec}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_of_one_team_without_own_identities_goes_on_for_ever() {
    let harness =
        Harness::start_shared(&world(), Tenancy::AllowAll(OwnIdentities::Disabled), |_| {});
    harness.api.create(attached_database("sales"));
    harness.until_ready("sales").await;
    harness.pass(Duration::from_hours(1)).await;
    harness.edit_in_portal(
        "sales",
        &json!({"defaultPrincipalsModificationKind": "None"}),
    );
    harness.pass(Duration::from_mins(15)).await;
    assert_eq!(
        harness.changes(),
        ["PUT sales", "PUT sales"],
        "it still runs"
    );
    assert_eq!(harness.api.count_on(Kind::AttachmentPolicy, Verb::List), 0);
}
