//! Tenants, resources and claims: a good token that is not good enough.

use http::StatusCode;
use kusto_arm_simulator::{Options, World};
use serde_json::{Value, json};

use crate::entra::{base64, managed_identity, number, post, request, secret_form, with};
use crate::harness::{Answer, HOST, Harness, cluster, world};

const CLAIMS: &str = r#"{"access_token":{"nbf":{"essential":true,"value":"1700000000?>"}}}"#;

async fn token(harness: &Harness, tenant: &str, claims: Option<&str>) -> Harness {
    let form = match claims {
        None => secret_form("s"),
        Some(claims) => with(secret_form("s"), "claims", claims),
    };
    let answer = post(harness, tenant, &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    harness.with_token(answer.at("/access_token").as_str().unwrap())
}

fn with_world(part: &str, value: Value) -> Harness {
    let mut world = world();
    world[part] = value;
    Harness::with(world, Options::default())
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_tenant_is_told_both_issuers() {
    let harness = with_world(
        "tenants",
        json!([{"tenantId": "T-a", "subscriptions": ["S1"]}, {"tenantId": "t-b"}]),
    );
    let at_home = token(&harness, "t-A", None).await;
    assert_eq!(
        at_home.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
    let abroad = token(&harness, "t-b", None).await;
    for path in [
        cluster("follower1"),
        "/subscriptions/s1/providers/Microsoft.Kusto/clusters".to_owned(),
    ] {
        let refused = abroad.get(&path).await;
        assert_eq!(
            (refused.status, refused.code()),
            (StatusCode::UNAUTHORIZED, "InvalidAuthenticationTokenTenant")
        );
        let sentence = "The access token is from the wrong issuer 'https://sts.windows.net/t-b/'. It must match the tenant \
                        'https://sts.windows.net/T-a/' associated with this subscription. Please use the authority (URL) \
                        'https://management.azure.com/T-a' to get the token. Note, if ";
        assert!(
            refused.message().starts_with(sentence),
            "{}",
            refused.message()
        );
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(
            challenge.contains(&format!(r#"authorization_uri="{HOST}/T-a""#)),
            "{challenge}"
        );
    }
    let moved = json!({"tenants": [{"tenantId": "T-A", "subscriptions": []}, {"tenantId": "t-b", "subscriptions": ["s1"]}]});
    harness.simulator.patch_world(moved).unwrap();
    assert_eq!(
        abroad.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_is_not_listed_is_not_found() {
    let harness = with_world("tenants", json!([{"tenantId": "t-a"}]));
    let refused = post(&harness, "t-c", &secret_form("s")).await;
    assert_eq!(
        (refused.status, refused.at("/error"), number(&refused)),
        (StatusCode::BAD_REQUEST, &json!("invalid_request"), 90_002)
    );
    let text = refused.at("/error_description").as_str().unwrap();
    assert!(text.contains("Tenant 't-c' not found."), "{text}");
    let discovery = |tenant: &str| format!("/{tenant}/v2.0/.well-known/openid-configuration?x");
    assert_eq!(
        harness.get(&discovery("t-c")).await.at("/error"),
        "invalid_tenant"
    );
    for tenant in ["T-A", "common"] {
        assert_eq!(
            harness.get(&discovery(tenant)).await.status,
            StatusCode::OK,
            "{tenant}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_is_not_listed_is_not_found() {
    let harness = with_world("resources", json!(["https://Management.azure.com/"]));
    token(&harness, "t-a", None).await;
    let scope = "https://management.example/.default";
    let refused = post(&harness, "t-a", &with(secret_form("s"), "scope", scope)).await;
    assert_eq!(
        (refused.status, refused.at("/error"), number(&refused)),
        (StatusCode::BAD_REQUEST, &json!("invalid_resource"), 500_011)
    );
    let text = refused.at("/error_description").as_str().unwrap();
    let sentence = "The resource principal named https://management.example was not found in the tenant named t-a.";
    assert!(text.contains(sentence), "{text}");
}

fn claims_of(challenged: &Answer) -> &str {
    let challenge = challenged.header("www-authenticate").unwrap();
    let start = format!(
        r#"Bearer realm="", authorization_uri="{HOST}/common/oauth2/authorize", error="insufficient_claims", claims=""#
    );
    challenge
        .strip_prefix(&start)
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_else(|| panic!("{challenge}"))
}

#[tokio::test(start_paused = true)]
async fn a_token_without_the_required_claims_is_challenged_until_it_has_them() {
    let harness = with_world(
        "identities",
        json!([{"clientId": "app-1"}, {"clientId": "other"}]),
    );
    let before = token(&harness, "t-a", None).await;
    let path = cluster("follower1");
    assert_eq!(before.get(&path).await.status, StatusCode::OK);
    let policy = json!({"identities": [{"clientId": "app-1", "requiredClaims": CLAIMS}]});
    harness.simulator.patch_world(policy).unwrap();

    let another = r#"{"access_token":{}}"#;
    for caller in [
        before,
        token(&harness, "t-a", None).await,
        token(&harness, "t-a", Some(another)).await,
    ] {
        let challenged = caller.get(&path).await;
        assert_eq!(
            (challenged.status, challenged.code()),
            (StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken")
        );
        let url_safe = claims_of(&challenged).replace('+', "-").replace('/', "_");
        assert_eq!(url_safe.trim_end_matches('='), base64(CLAIMS));
        assert_eq!(claims_of(&challenged).len() % 4, 0, "padded");
    }
    assert_eq!(
        harness.as_client("other").get(&path).await.status,
        StatusCode::OK,
        "other identities are left alone"
    );

    let spaced = CLAIMS.replace(':', " : ");
    for claims in [CLAIMS, &spaced] {
        let satisfied = token(&harness, "t-a", Some(claims)).await;
        assert_eq!(satisfied.get(&path).await.status, StatusCode::OK);
    }
    let journal = harness.simulator.journal_with_tokens();
    let asked = journal
        .iter()
        .find(|entry| entry.request.body["claims"] == CLAIMS);
    assert!(asked.is_some(), "the journal shows what was asked for");
}

#[tokio::test(start_paused = true)]
async fn a_managed_identity_cannot_bring_claims() {
    let harness = with_world(
        "identities",
        json!([{"clientId": "app-1", "requiredClaims": CLAIMS}]),
    );
    let answer = harness.send(managed_identity("app-1")).await;
    let machine = harness.with_token(answer.at("/access_token").as_str().unwrap());
    let challenged = machine.get(&cluster("follower1")).await;
    assert_eq!(challenged.status, StatusCode::UNAUTHORIZED);
    assert!(!claims_of(&challenged).is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_lists_nothing_of_this_is_checked() {
    let harness = Harness::new();
    let anywhere = token(&harness, "any-tenant", Some("{}")).await;
    assert_eq!(
        anywhere.get(&cluster("follower1")).await.status,
        StatusCode::OK
    );
    let scope = "https://anything/.default";
    let form = with(secret_form("s"), "scope", scope);
    let answer = harness.send(request("any-tenant", &form)).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[test]
fn what_cannot_be_meant_is_refused_with_its_place() {
    let tenant = |id: &str| json!({"tenantId": id, "subscriptions": ["s1"]});
    for (document, expected) in [
        (
            json!({"tenants": [{"subscriptions": []}]}),
            "`tenants[0].tenantId` must be given",
        ),
        (
            json!({"tenants": [tenant("a"), {"tenantId": "A"}]}),
            "`tenants[1].tenantId` must be unique",
        ),
        (
            json!({"tenants": [tenant("a"), tenant("b")]}),
            "`tenants[1].subscriptions` must be of one tenant only",
        ),
        (
            json!({"identities": [{"clientId": "a", "requiredClaims": "[]"}]}),
            "`identities[0].requiredClaims` must be the text of a JSON object",
        ),
        (json!({"resources": [1]}), "`resources[0]` must be text"),
    ] {
        let error = World::from_json(document).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\nexpected {expected}");
    }
}
