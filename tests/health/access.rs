//! Policies and identities that are absent, incomplete, refused or out of reach.

use std::time::Duration;

use adx_follower_operator::controller::{OwnIdentities, Tenancy};
use serde_json::{Value, json};

use crate::api_server::{FakeApi, Fault, Kind, Verb};
use crate::harness::{Harness, attached_database, cluster, declared, open_policy, world};
use crate::story::{Story, Trouble};

const CLIENT: &str = "33333333-3333-4333-8333-333333333333";
const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const CLIENT_ID: &str = "azure.workload.identity/client-id";
const TENANT_ID: &str = "azure.workload.identity/tenant-id";

/// All stories of this kind.
pub(crate) fn stories() -> Vec<Story> {
    let mut stories = policies();
    stories.extend(accounts());
    stories.extend(tokens());
    stories
}

fn policies() -> Vec<Story> {
    let ruled = |begin: fn(&Harness), end: fn(&Harness)| {
        Trouble::new(begin, end).starting(|| shared(&world()))
    };
    let narrow = |harness: &Harness, databases: Value| {
        harness.api.edit_policy("open", |policy| {
            policy["spec"]["leaders"][0]["databases"] = databases;
        });
    };
    vec![
        Story::ordeal(
            "there is no policy",
            ruled(
                |harness| harness.api.delete_policy("open"),
                |harness| {
                    harness.api.create_policy("open", open_policy());
                },
            ),
        ),
        Story::ordeal(
            "the policy is for others",
            Trouble::new(
                move |harness| narrow(harness, json!(["Other*"])),
                move |harness| narrow(harness, json!(["*"])),
            )
            .starting(|| shared(&world())),
        ),
        Story::new("policies cannot be read", || async {
            let harness = Harness::start_shared(&world(), policies_of(), |api| {
                api.fault_always_on(Kind::AttachmentPolicy, Verb::List, Fault::Refuse(403));
                api.create_policy("open", open_policy());
            });
            harness.api.create(attached_database("sales"));
            harness.until_reason("sales", "PoliciesUnavailable").await;
            harness.pass(Duration::from_hours(1)).await;
            harness.api.heal();
            harness.until_ready("sales").await;
            harness
        }),
        Story::new("own identities are off, and nobody has another", || async {
            let tenancy = Tenancy::Policies(OwnIdentities::Disabled);
            let harness = Harness::start_shared(&world(), tenancy, |_| {});
            harness.api.create(own());
            harness
                .until_reason("sales", "ObjectIdentityDisabled")
                .await;
            harness.api.delete("analytics", "sales");
            harness.until_gone("sales").await;
            harness
        }),
        Story::new("each namespace is to have its own identity", || async {
            let tenancy = Tenancy::Lockdown {
                default_account: "adx".to_owned(),
            };
            let harness = Harness::start_shared(&world_with_identity(), tenancy, |_| {});
            harness.api.create(attached_database("sales"));
            harness
                .until_reason("sales", "ServiceAccountNotFound")
                .await;
            annotated(&harness.api);
            harness.until_ready("sales").await;
            harness
        }),
    ]
}

fn accounts() -> Vec<Story> {
    let spoiled = |name: &str, key: &'static str, value: &'static str, good: &'static str| {
        let set = move |harness: &Harness, value: &str| {
            let api = &harness.api;
            api.annotate_service_account("analytics", "adx", key, value);
        };
        let trouble = Trouble::new(
            move |harness| set(harness, value),
            move |harness| set(harness, good),
        );
        Story::ordeal(name, of_own(trouble))
    };
    vec![
        Story::ordeal(
            "the account is gone",
            of_own(Trouble::new(
                |harness| harness.api.delete_service_account("analytics", "adx"),
                |harness| annotated(&harness.api),
            )),
        ),
        spoiled("the client is empty", CLIENT_ID, "", CLIENT),
        spoiled("the client is no id", CLIENT_ID, "no id!", CLIENT),
        spoiled("the tenant is no id", TENANT_ID, "no id!", TENANT),
        spoiled("the client is a stranger", CLIENT_ID, "stranger", CLIENT),
    ]
}

fn tokens() -> Vec<Story> {
    let mut stories = Vec::new();
    for fault in [
        Fault::Refuse(403),
        Fault::Refuse(404),
        Fault::Refuse(429),
        Fault::Refuse(500),
        Fault::Reset,
        Fault::Hang,
        Fault::Answer("{}"),
    ] {
        let trouble = Trouble::new(
            move |harness| harness.api.fault_always(Verb::RequestToken, fault),
            |harness| harness.api.heal(),
        );
        let name = format!("asking Kubernetes for a token: {fault:?}");
        stories.push(Story::ordeal(name, of_own(trouble)));
    }
    let refused = |number: u32| {
        json!({"status": 401, "body": {
            "error": "invalid_client", "error_codes": [number],
            "error_description": format!("AADSTS{number}: It was refused."),
        }})
    };
    for act in [
        refused(7_000_215),
        refused(70_021),
        refused(700_016),
        refused(90_002),
        refused(90_038),
        refused(500_011),
        json!({"status": 400, "body": "nginx"}),
        json!({"status": 429}),
        json!({"status": 503}),
        json!({"reset": true}),
        json!({"hang": true}),
        json!({"body": {"token_type": "Bearer"}}),
    ] {
        let name = format!("asking Entra for a token: {act}");
        let begin = move |harness: &Harness| {
            let matched = json!({"path": "**/oauth2/v2.0/token", "clientId": CLIENT, "times": 0});
            let fault = json!({"name": "token", "match": matched, "act": act});
            harness.arm.arm_fault(fault).unwrap();
        };
        let end = |harness: &Harness| {
            harness.arm.disarm_faults(None);
        };
        stories.push(Story::ordeal(name, of_own(Trouble::new(begin, end))));
    }
    stories
}

fn policies_of() -> Tenancy {
    Tenancy::Policies(OwnIdentities::Enabled)
}

/// A cluster of several teams, with a policy and an account with an identity.
fn shared(world: &Value) -> Harness {
    Harness::start_shared(world, policies_of(), |api| {
        api.create_policy("open", open_policy());
        annotated(api);
    })
}

/// Trouble of an object with an identity of its own.
fn of_own(trouble: Trouble) -> Trouble {
    trouble
        .starting(|| shared(&world_with_identity()))
        .of(own())
}

fn own() -> Value {
    declared("sales", &json!({"serviceAccountName": "adx"}))
}

fn annotated(api: &FakeApi) {
    let annotations = [(CLIENT_ID, CLIENT), (TENANT_ID, TENANT)];
    api.create_service_account("analytics", "adx", &annotations);
}

/// A world in which `CLIENT` is the identity of the account, with the roles that it needs.
fn world_with_identity() -> Value {
    let mut world = world();
    world["identities"] = json!([
        {"clientId": CLIENT, "federatedSubjects": ["system:serviceaccount:analytics:adx"]},
    ]);
    let group = cluster("follower1").replace("/providers/Microsoft.Kusto/clusters/follower1", "");
    world["roleAssignments"] =
        json!([{"principal": CLIENT, "scope": group, "role": "Contributor"}]);
    world
}
