//! What objects are told of their identity's troubles, and what that costs: A3, A4, A8 and A9 with the whole controller,
//! on virtual time.

use std::time::Duration;

use adx_follower_operator::controller::{OwnIdentities, Tenancy};
use kusto_arm_simulator::{JournalEntry, Options};
use serde_json::{Value, json};

use crate::api_server::FakeApi;
use crate::azure::{AUDIENCE, TENANT, is_exchange};
use crate::harness::{
    Harness, attached_database, cluster, condition, declared, message, open_policy, world,
};

const CLIENT: &str = "33333333-3333-4333-8333-333333333333";
const SUBJECT: &str = "system:serviceaccount:analytics:adx";
const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg1";
const POLLS: &str = "Microsoft.Kusto/locations/operationresults/read";

/// The roles that `principal` needs, with and without the one to follow operations.
fn roles(principal: &str, may_poll: bool) -> Vec<Value> {
    let on =
        |name: &str| json!({"principal": principal, "scope": cluster(name), "role": "Contributor"});
    let polls =
        json!({"principal": principal, "scope": GROUP, "role": "custom", "actions": [POLLS]});
    ["follower1", "follower2", "leader1"]
        .map(on)
        .into_iter()
        .chain(may_poll.then_some(polls))
        .collect()
}

/// A world in which [`CLIENT`] is the identity of the ServiceAccount analytics/adx, and there is the operator's.
fn two_identities() -> Value {
    let mut world = world();
    world["identities"] = json!([
        {"clientId": CLIENT, "federatedSubjects": [SUBJECT]},
        {"clientId": "operator"},
    ]);
    world["roleAssignments"] = json!([roles(CLIENT, true), roles("operator", true)].concat());
    world
}

fn prepare(api: &FakeApi) {
    api.create_policy("open", open_policy());
    let annotations = [
        ("azure.workload.identity/client-id", CLIENT),
        ("azure.workload.identity/tenant-id", TENANT),
    ];
    api.create_service_account("analytics", "adx", &annotations);
}

fn start(world: &Value) -> Harness {
    Harness::start_shared(world, Tenancy::Policies(OwnIdentities::Enabled), prepare)
}

/// An object of the ServiceAccount's identity.
fn own(name: &str, spec: &Value) -> Value {
    let mut object = declared(name, spec);
    object["spec"]["serviceAccountName"] = json!("adx");
    object
}

/// What this identity asked for since the journal had `from` entries: exchanges and ARM calls.
fn asked_since(harness: &Harness, from: usize, principal: &str) -> (usize, usize) {
    let journal = harness.arm.journal_with_tokens();
    let own = |entry: &&JournalEntry| entry.principal.as_deref() == Some(principal);
    let (exchanges, calls): (Vec<_>, Vec<_>) = journal
        .iter()
        .skip(from)
        .filter(own)
        .partition(|entry| is_exchange(entry));
    (exchanges.len(), calls.len())
}

fn all_asked(harness: &Harness) -> usize {
    harness.arm.journal_with_tokens().len()
}

/// How often an object was told something.
fn versions_of(harness: &Harness, name: &str) -> usize {
    let versions = harness.api.versions();
    versions
        .iter()
        .filter(|version| version["metadata"]["name"] == name)
        .count()
}

#[tokio::test(start_paused = true)]
async fn a3_an_object_waits_for_its_federated_credential_and_recovers_unaided() {
    for subjects in [json!([]), json!(["system:serviceaccount:other:adx"])] {
        let mut world = two_identities();
        world["identities"][0]["federatedSubjects"] = subjects;
        let harness = start(&world);
        harness.api.create(own("sales", &json!({})));
        let object = harness
            .until_reason("sales", "FederatedCredentialNotFound")
            .await;
        assert_eq!(
            condition(&object, "Stalled"),
            None,
            "it may only not be known everywhere yet"
        );
        harness.pass(Duration::from_secs(90)).await;
        harness
            .patch(json!({"identities": [{"clientId": CLIENT, "federatedSubjects": [SUBJECT]}]}));
        let came = harness.api.now();
        harness.until_ready("sales").await;
        let took = harness.api.now().duration_since(came).as_secs();
        assert!(took <= 3 * 60 + 30, "{took} s");
        assert_eq!(harness.changes_of(CLIENT), ["PUT sales"]);
    }
}

/// Three objects of one identity, and one of the operator's on the same cluster, all Ready.
async fn settled() -> Harness {
    let harness = start(&two_identities());
    for (name, follower) in [
        ("one", "follower1"),
        ("two", "follower1"),
        ("three", "follower2"),
    ] {
        let spec = json!({"databaseNameOverride": name, "follower": {"clusterResourceId": cluster(follower)}});
        harness.api.create(own(name, &spec));
    }
    harness.api.create(declared(
        "theirs",
        &json!({"databaseNameOverride": "theirs"}),
    ));
    for name in ["one", "two", "three", "theirs"] {
        harness.until_ready(name).await;
    }
    harness
}

/// Checks that all objects of the identity have `reason`, that this costs next to nothing, and that nobody else notices.
async fn assert_quiet_failure(harness: &Harness, reason: &str) {
    let neighbour = versions_of(harness, "theirs");
    for name in ["one", "two", "three"] {
        harness.until_reason(name, reason).await;
    }
    let from = all_asked(harness);
    harness.pass(Duration::from_mins(1)).await;
    let (exchanges, calls) = asked_since(harness, from, CLIENT);
    assert!(
        exchanges <= 12 && calls <= 18,
        "{reason}: {exchanges} exchanges and {calls} calls in the first minute"
    );
    let from = all_asked(harness);
    harness.pass(Duration::from_hours(1)).await;
    let (exchanges, calls) = asked_since(harness, from, CLIENT);
    // Each of three objects is looked at again after 135 s at the earliest, with four reads.
    assert!(
        exchanges <= 90 && calls <= 360,
        "{reason}: {exchanges} exchanges and {calls} calls in an hour"
    );
    assert_eq!(harness.changes_of(CLIENT).len(), 3, "nothing was written");
    let (_, beside) = asked_since(harness, from, "operator");
    assert!(beside > 0, "the other identity is still served");
    assert_eq!(
        versions_of(harness, "theirs"),
        neighbour,
        "and its object is told nothing"
    );
    assert_eq!(harness.changes(), ["PUT theirs"]);
}

#[tokio::test(start_paused = true)]
async fn a4_a_removed_federated_credential_is_told_to_all_its_objects_and_floods_nobody() {
    let harness = settled().await;
    harness.patch(json!({"identities": [{"clientId": CLIENT, "federatedSubjects": []}]}));
    harness.pass(Duration::from_mins(30)).await;
    let object = harness.api.get("analytics", "one").unwrap();
    assert_eq!(
        condition(&object, "Ready"),
        Some(("True", "Attached")),
        "a token that was issued is good to its end"
    );
    assert_quiet_failure(&harness, "FederatedCredentialNotFound").await;
    harness.patch(json!({"identities": [{"clientId": CLIENT, "federatedSubjects": [SUBJECT]}]}));
    for name in ["one", "two", "three"] {
        harness.until_ready(name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a4_a_removed_role_is_told_to_all_its_objects_and_floods_nobody() {
    let harness = settled().await;
    harness.patch(json!({"roleAssignments": roles("operator", true)}));
    assert_quiet_failure(&harness, "AuthorizationFailed").await;
    let told = harness.api.get("analytics", "one").unwrap();
    assert!(
        message(&told, "Ready")
            .unwrap()
            .contains("the identity lacks `Microsoft.Kusto/Clusters")
    );
    let both = [roles(CLIENT, true), roles("operator", true)].concat();
    harness.patch(json!({"roleAssignments": both}));
    for name in ["one", "two", "three"] {
        harness.until_ready(name).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a8_without_the_right_to_poll_the_resource_itself_is_looked_at() {
    let mut world = two_identities();
    world["roleAssignments"] = json!([roles(CLIENT, false), roles("operator", false)].concat());
    for (principal, object) in [
        (CLIENT, own("sales", &json!({}))),
        ("operator", attached_database("sales")),
    ] {
        let harness = start(&world);
        harness.api.create(object);
        let created = harness.api.now();
        harness.until_ready("sales").await;
        let took = harness.api.now().duration_since(created).as_secs();
        assert!(took <= 30, "{principal}: {took} s for an operation of 20 s");
        harness.api.delete("analytics", "sales");
        harness.until_gone("sales").await;
        assert_eq!(
            harness.changes_of(principal),
            ["PUT sales", "DELETE sales"],
            "{principal}"
        );
        assert_eq!(harness.live("follower1", "sales"), None);

        let denied = |entry: &&JournalEntry| {
            entry
                .checks
                .iter()
                .any(|check| check.action == POLLS && !check.allowed)
        };
        let journal = harness.arm.journal();
        let polls = journal.iter().filter(denied).count();
        assert_eq!(polls, 2, "{principal}: one for each operation");
        let misled = harness.api.versions().into_iter().find(|version| {
            condition(version, "Stalled").is_some()
                || condition(version, "Ready").is_some_and(|(_, reason)| reason.contains("Authori"))
        });
        assert_eq!(misled, None, "{principal}: nothing is wrong with that");
    }
}

#[tokio::test(start_paused = true)]
async fn a9_an_object_is_stalled_by_its_first_report_and_recovers_when_the_set_up_is_right() {
    let other = "99999999-9999-4999-8999-999999999999";
    let subscription = "00000000-0000-0000-0000-000000000001";
    let in_use = format!(
        "client `{CLIENT}` of tenant `{TENANT}` at authority `https://login.microsoftonline.com`, for audience `{AUDIENCE}`"
    );
    let at_arm = format!("{in_use} towards ARM at `https://management.azure.com`");
    let foreign =
        json!([{"tenantId": TENANT}, {"tenantId": other, "subscriptions": [subscription]}]);
    for (field, wrong, reason, values) in [
        (
            "tenants",
            json!([{"tenantId": other}]),
            "WrongTenant",
            &in_use,
        ),
        (
            "resources",
            json!(["https://graph.example"]),
            "WrongAudience",
            &in_use,
        ),
        ("tenants", foreign, "WrongTenant", &at_arm),
    ] {
        let mut world = two_identities();
        world[field] = wrong;
        let harness = start(&world);
        harness.api.create(own("sales", &json!({})));
        assert_first_report(&harness, reason, values).await;
        harness.patch(match field {
            "tenants" => json!({"tenants": null}),
            _ => json!({"resources": null}),
        });
        harness.until_ready("sales").await;
    }

    // An audience that Entra knows and ARM does not.
    let options = Options {
        audiences: vec!["https://management.chinacloudapi.cn".to_owned()],
        ..Options::default()
    };
    let harness = Harness::start_with(&two_identities(), options);
    prepare_account(&harness);
    harness.api.create(own("sales", &json!({})));
    assert_first_report(&harness, "WrongAudience", &at_arm).await;

    // An application of another cloud.
    let harness = start(&two_identities());
    let words = "AADSTS900432: Confidential Client is not supported in Cross Cloud request.";
    let act =
        json!({"status": 400, "body": {"error": "invalid_request", "error_description": words}});
    harness.break_calls("cloud", ("POST", "/*/oauth2/v2.0/token"), &act);
    harness.api.create(own("sales", &json!({})));
    assert_first_report(&harness, "WrongCloud", &in_use).await;
    harness.arm.disarm_faults(Some("cloud"));
    harness.until_ready("sales").await;
}

fn prepare_account(harness: &Harness) {
    let annotations = [
        ("azure.workload.identity/client-id", CLIENT),
        ("azure.workload.identity/tenant-id", TENANT),
    ];
    harness
        .api
        .create_service_account("analytics", "adx", &annotations);
}

/// Checks the first status with something wrong in it.
async fn assert_first_report(harness: &Harness, reason: &str, values: &str) {
    let object = harness.until_reason("sales", reason).await;
    assert_eq!(
        condition(&object, "Stalled"),
        Some(("True", reason)),
        "{reason}"
    );
    let told = message(&object, "Stalled").unwrap();
    assert!(told.contains(values), "{reason}: {told}");
    let earlier = harness.api.versions().into_iter().find(|version| {
        condition(version, "Ready")
            .is_some_and(|(status, known)| status == "False" && known != reason)
    });
    assert_eq!(earlier, None, "{reason}: nothing else was told before");
    assert!(harness.changes_of(CLIENT).is_empty(), "{reason}");
}
