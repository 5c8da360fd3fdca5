//! A9: cloud, audience and tenant that do not fit together, told with the values in use.

use std::time::Duration;

use adx_follower_operator::azure::credential::{CredentialEnvironment, CredentialKind};
use adx_follower_operator::azure::error::Class;
use kusto_arm_simulator::Options;
use serde_json::{Value, json};

use crate::azure::{AUDIENCE, Azure, Proof, TENANT, environment, tokens_of, world};
use crate::machine::Machine;

const CHINA: &str = "https://management.chinacloudapi.cn";
const OTHER_TENANT: &str = "99999999-9999-4999-8999-999999999999";
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

/// What Azure is like, which audience we ask for, and what we are told: the reason and Azure's own words.
struct Case {
    name: &'static str,
    world: Value,
    fault: Option<Value>,
    audience: &'static str,
    reason: &'static str,
    words: &'static [&'static str],
    by: By,
}

/// Who refuses.
#[derive(PartialEq)]
enum By {
    Entra,
    Arm,
}

fn cases() -> Vec<Case> {
    let plain = || world(&["stranger"]);
    let with = |field: &str, value: Value| {
        let mut world = plain();
        world[field] = value;
        world
    };
    let aadsts = |words: &str| {
        let body = json!({"error": "invalid_request", "error_description": words});
        Some(json!({"status": 400, "body": body}))
    };
    let case = |name, world, reason, words, by| Case {
        name,
        world,
        fault: None,
        audience: AUDIENCE,
        reason,
        words,
        by,
    };
    vec![
        case(
            "no such tenant",
            with("tenants", json!([{"tenantId": OTHER_TENANT}])),
            "WrongTenant",
            &["AADSTS90002"],
            By::Entra,
        ),
        case(
            "the subscription is of another tenant",
            with(
                "tenants",
                json!([{"tenantId": TENANT}, {"tenantId": OTHER_TENANT, "subscriptions": [SUBSCRIPTION]}]),
            ),
            "WrongTenant",
            &["InvalidAuthenticationTokenTenant", OTHER_TENANT],
            By::Arm,
        ),
        Case {
            audience: CHINA,
            ..case(
                "no such audience",
                with("resources", json!([AUDIENCE])),
                "WrongAudience",
                &["AADSTS500011"],
                By::Entra,
            )
        },
        Case {
            audience: CHINA,
            ..case(
                "an audience for something else",
                plain(),
                "WrongAudience",
                &["InvalidAuthenticationTokenAudience"],
                By::Arm,
            )
        },
        Case {
            fault: aadsts(
                "AADSTS90038: Tenant 'contoso' request is being redirected to the National Cloud.",
            ),
            ..case(
                "the tenant of another cloud",
                plain(),
                "WrongCloud",
                &["AADSTS90038", "National Cloud"],
                By::Entra,
            )
        },
        Case {
            fault: aadsts(
                "AADSTS900432: Confidential Client is not supported in Cross Cloud request.",
            ),
            ..case(
                "the application of another cloud",
                plain(),
                "WrongCloud",
                &["AADSTS900432"],
                By::Entra,
            )
        },
    ]
}

#[tokio::test]
async fn a9_a_wrong_cloud_audience_or_tenant_is_told_with_the_exact_values() {
    for case in cases() {
        let Case { name, reason, .. } = case;
        let azure = Azure::start(&case.world, tokens_of(Duration::from_hours(1)));
        if let Some(act) = &case.fault {
            azure.break_tokens("stranger", act);
        }
        let arm = azure.client_at(
            &azure.cloud_with(&azure.url(), case.audience),
            CredentialKind::ClientSecret,
            &environment("stranger", Proof::Secret),
            &azure.transport(),
        );
        let told = azure.refusal(&arm).await;
        assert_eq!(
            (told.class, told.reason),
            (Class::Misconfigured, reason),
            "{name}: {told:?}"
        );
        let in_use = format!(
            "client `stranger` of tenant `{TENANT}` at authority `{}`, for audience `{}`",
            azure.url(),
            case.audience
        );
        assert!(told.message.contains(&in_use), "{name}: {told:?}");
        for words in case.words {
            assert!(told.message.contains(words), "{name}: {words}: {told:?}");
        }
        if case.by == By::Arm {
            let endpoint = format!("towards ARM at `{}`", azure.url());
            assert!(told.message.contains(&endpoint), "{name}: {told:?}");
        }
        let again = azure.refusal(&arm).await;
        assert_eq!(again.message, told.message, "{name}: a stable line");
        assert_eq!(
            azure.exchanges("stranger").len(),
            1,
            "{name}: a new token would not fit either"
        );
        let calls = azure.simulator().journal().len();
        assert_eq!(calls, if case.by == By::Arm { 2 } else { 0 }, "{name}");
    }
}

/// The application is in another tenant than the one that is named, or its id is wrong: Entra does not know which.
#[tokio::test]
async fn a9_an_application_that_the_tenant_does_not_know_is_told_with_the_values_in_use() {
    let azure = Azure::start(&world(&["somebody"]), Options::default());
    let told = azure.refusal(&azure.client("stranger")).await;
    assert_eq!(told.reason, "CredentialRefused", "{told:?}");
    for part in ["AADSTS700016", "client `stranger`", TENANT, AUDIENCE] {
        assert!(told.message.contains(part), "{part}: {told:?}");
    }
}

#[tokio::test]
async fn a9_a_managed_identity_that_the_machine_does_not_have_is_told() {
    let azure = Azure::start(&world(&["somebody"]), Options::default());
    let environment = CredentialEnvironment {
        client_id: Some("stranger".to_owned()),
        ..CredentialEnvironment::default()
    };
    let kind = CredentialKind::ManagedIdentity;
    let arm = azure.client_at(&azure.cloud(), kind, &environment, &Machine::of(&azure));
    let told = azure.refusal(&arm).await;
    assert_eq!(told.reason, "CredentialRefused", "{told:?}");
    assert!(told.message.contains("has not been assigned"), "{told:?}");
    azure.look(&azure.client("somebody")).await.unwrap();
}
