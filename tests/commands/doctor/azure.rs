//! What may be wrong with the operator's identity and with Azure.

use adx_follower_operator::azure::credential::CredentialKind;
use azure_core::base64::encode_url_safe;
use serde_json::json;

use super::{CLIENT, OPERATOR, TENANT, Ward, find};
use crate::api_server::{Fault, Kind, Verb};
use crate::harness::{attached_database, cluster, declared};

const OBJECT: [&str; 3] = ["sales", "-n", "analytics"];

#[tokio::test(start_paused = true)]
async fn a_credential_that_lacks_something_is_told() {
    let mut ward = Ward::with_object();
    ward.environment.tenant_id = None;
    let told = ward.told(&OBJECT, "credential").await;
    told.is(
        "fail",
        "`AZURE_TENANT_ID` must be set for the client-secret credential",
        "kubectl exec",
    );
    ward.told(&OBJECT, "token")
        .await
        .is("skip", "needs `credential`", "");
    ward.told(&OBJECT, "access")
        .await
        .is("ok", "by the policy open", "");
    ward.told(&OBJECT, "follower")
        .await
        .is("skip", "needs `credential`", "");
    ward.told(&[], "subscription")
        .await
        .is("skip", "needs `credential`", "");
    ward.credential = CredentialKind::WorkloadIdentity;
    let told = ward.told(&[], "credential").await;
    told.is(
        "fail",
        "must be set for the workload-identity credential",
        "kubectl exec",
    );
}

#[tokio::test(start_paused = true)]
async fn entras_refusals_have_their_remedies() {
    let mut ward = Ward::with_object();
    ward.patch(json!({"identities": [{"clientId": OPERATOR, "secret": "another"}]}));
    let told = ward.told(&OBJECT, "token").await;
    told.is(
        "fail",
        "CredentialRefused: the identity provider refused: ",
        "az ad app credential reset --id",
    );
    assert!(
        told.message.contains("AADSTS7000215") && told.message.contains(TENANT),
        "{told:?}"
    );
    ward.told(&OBJECT, "follower")
        .await
        .is("skip", "needs `token`", "");

    ward.patch(json!({"identities": [{"clientId": OPERATOR, "$delete": true}]}));
    let told = ward.told(&[], "token").await;
    told.is(
        "fail",
        "AADSTS700016",
        &format!("az ad sp show --id {OPERATOR}"),
    );

    ward.patch(json!({"tenants": [{"tenantId": "another"}]}));
    let told = ward.told(&[], "token").await;
    told.is("fail", "WrongTenant", "export AZURE_TENANT_ID=");

    // The Pod's token says for whom a federated credential is missing.
    ward.patch(
        json!({"tenants": null, "identities": [{"clientId": CLIENT, "federatedSubjects": []}]}),
    );
    let claims = json!({"iss": "https://issuer.example/1", "sub": "system:serviceaccount:adx:op", "aud": ["api://AzureADTokenExchange"], "exp": 4_000_000_000_u64});
    let token = format!("e30.{}.c2lnbmF0dXJl", encode_url_safe(claims.to_string()));
    ward.environment.client_id = Some(CLIENT.to_owned());
    ward.environment.federated_token_file = Some(ward.file("token", &token));
    let told = ward.told(&[], "token").await;
    told.is(
        "fail",
        "FederatedCredentialNotFound",
        "--issuer https://issuer.example/1 --subject system:serviceaccount:adx:op",
    );
    assert!(!told.remedies.contains(&token) && !told.message.contains(&token));
    ward.told(&[], "credential")
        .await
        .is("ok", "`AZURE_FEDERATED_TOKEN_FILE` is set", "");
    ward.environment.federated_token_file = Some(ward.folder.path().join("absent"));
    let told = ward.told(&[], "token").await;
    told.is(
        "fail",
        "TokenUnavailable",
        "azure.workload.identity/use=true",
    );
}

#[tokio::test(start_paused = true)]
async fn an_entra_that_is_away_can_be_tried_by_hand() {
    let ward = Ward::with_object();
    ward.answer("/*/oauth2/v2.0/token", &json!({"hang": true}));
    let told = ward.told(&OBJECT, "token").await;
    told.is(
        "fail",
        "TokenUnavailable",
        "curl -sSI https://login.microsoftonline.com",
    );
}

#[tokio::test(start_paused = true)]
async fn an_arm_that_is_away_stops_what_needs_it() {
    let ward = Ward::with_object();
    ward.answer("/metadata/endpoints", &json!({"hang": true}));
    let told = ward.told(&OBJECT, "arm").await;
    told.is(
        "fail",
        "does not answer",
        "curl -sS 'https://management.azure.com/metadata/endpoints?api-version=2022-09-01'",
    );
    for id in ["follower", "plan"] {
        ward.told(&OBJECT, id).await.is("skip", "needs `arm`", "");
    }
    ward.told(&[], "subscription")
        .await
        .is("skip", "needs `arm`", "");
    // Any answer shows that somebody is there.
    ward.arm.disarm_faults(None);
    ward.answer("/metadata/endpoints", &json!({"status": 503}));
    ward.told(&OBJECT, "arm").await.is("ok", "answers", "");
}

#[tokio::test(start_paused = true)]
async fn subscriptions_tell_their_refusals_apart() {
    let mut ward = Ward::with_object();
    let error = |status: u16, code: &str| json!({"status": status, "body": {"error": {"code": code, "message": "no"}}});
    for (act, result, message, remedy) in [
        (
            error(409, "MissingSubscriptionRegistration"),
            "fail",
            "ProviderNotRegistered",
            "az provider register --namespace Microsoft.Kusto --subscription 00000000-0000-0000-0000-000000000001 --wait",
        ),
        (
            error(404, "SubscriptionNotFound"),
            "fail",
            "SubscriptionNotFound",
            "az account show --subscription 00000000-0000-0000-0000-000000000001",
        ),
        (
            error(403, "AuthorizationFailed"),
            "warn",
            "AuthorizationFailed",
            "az role assignment create",
        ),
        (
            error(404, "ResourceNotFound"),
            "ok",
            "Microsoft.Kusto answers to api-version 2024-04-13",
            "",
        ),
        (
            json!({"status": 502, "body": "<html>"}),
            "fail",
            "ArmUnavailable",
            "curl -sS",
        ),
    ] {
        ward.arm.disarm_faults(None);
        ward.answer("/subscriptions/**", &act);
        ward.told(&[], "subscription")
            .await
            .is(result, message, remedy);
    }
    ward.arm.disarm_faults(None);
    ward.api_version = "2017-09-07-preview".to_owned();
    let told = ward.told(&[], "subscription").await;
    told.is("fail", "2017-09-07-preview", "--arm-api-version 2024-04-13");

    // Without an object, a policy that names a cluster tells where to ask.
    let ward = Ward::new();
    ward.told(&[], "subscription")
        .await
        .is("skip", "names a cluster", "");
    ward.api.create_policy(
        "one",
        json!({"namespaces": {}, "followers": [cluster("follower1")], "leaders": [{"scope": cluster("leader1"), "databases": ["*"]}]}),
    );
    ward.told(&[], "subscription")
        .await
        .is("ok", "Microsoft.Kusto answers", "");
}

#[tokio::test(start_paused = true)]
async fn what_a_refused_author_names_is_neither_asked_about_nor_handed_out() {
    const FOREIGN: &str = "/subscriptions/00000000-0000-0000-0000-000000000009/resourceGroups/theirs/providers/Microsoft.Kusto/clusters/foreign";
    let ward = Ward::new();
    ward.api.delete_policy("open");
    ward.api.create_policy(
        "one",
        json!({"namespaces": {}, "followers": [cluster("follower1")], "leaders": [{"scope": cluster("leader1"), "databases": ["*"]}]}),
    );
    ward.patch(json!({"clusters": [{"id": FOREIGN, "location": "West Europe"}]}));
    // The operator has no role anywhere: whatever is asked about is refused, and has a remedy.
    ward.grant(&[(CLIENT, "follower2", &["*"])]);
    ward.create(declared(
        "sales",
        &json!({
            "follower": {"clusterResourceId": FOREIGN},
            "leader": {"clusterResourceId": format!("{FOREIGN}2"), "databaseName": "Sales"},
        }),
    ));
    // As an operator may have left it before the policy changed.
    let message = format!("the identity lacks `Microsoft.Kusto/Clusters/write` on `{FOREIGN}`: no");
    ward.say(
        "analytics",
        "sales",
        "False",
        "AuthorizationFailed",
        &message,
    );

    let asked_about = |part: &str| {
        let journal = ward.arm.journal();
        journal.iter().any(|entry| entry.request.url.contains(part))
    };
    let (checks, _) = ward.checks(&[]).await;
    let subscriptions: Vec<_> = checks
        .iter()
        .filter(|check| check["id"] == "subscription")
        .collect();
    assert_eq!(subscriptions.len(), 1, "{subscriptions:#?}");
    assert_eq!(
        subscriptions[0]["remedies"],
        json!([format!(
            "az role assignment create --assignee {OPERATOR} --role 'ADX Follower Operator' --scope {}",
            cluster("follower1")
        )])
    );
    assert!(asked_about("follower1") && !asked_about("foreign"));
    let (checks, _) = ward.checks(&OBJECT).await;
    assert_eq!(find(&checks, "access").unwrap()["result"], "fail");
    assert!(!asked_about("foreign"));
    let remedies: String = checks
        .iter()
        .flat_map(|check| check["remedies"].as_array().unwrap())
        .map(|remedy| remedy.as_str().unwrap())
        .collect();
    assert!(!remedies.contains("az role"), "{remedies}");

    // By `--allow-all` it is served, and so it is asked about.
    let (checks, _) = ward.checks(&["--allow-all"]).await;
    let told = find(&checks, "subscription").unwrap()["remedies"].to_string();
    assert!(told.contains(FOREIGN) && asked_about("foreign"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn where_it_is_not_known_who_is_allowed_no_subscription_is_asked() {
    for (kind, verb) in [
        (Kind::AttachmentPolicy, Verb::List),
        (Kind::Namespace, Verb::Get),
    ] {
        let ward = Ward::with_object();
        ward.api.fault_always_on(kind, verb, Fault::Refuse(403));
        ward.told(&[], "subscription").await.is("fail", "403", "");
        let journal = ward.arm.journal();
        assert!(
            journal
                .iter()
                .all(|entry| !entry.request.url.contains("/clusters/"))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn under_lockdown_the_operators_identity_is_not_even_tried() {
    let ward = Ward::new();
    ward.annotate_account();
    ward.create(attached_database("sales"));
    let lockdown = [&OBJECT[..], &["--default-service-account", "adx"]].concat();
    let (checks, _) = ward.checks(&lockdown).await;
    let of = |id: &str| find(&checks, id).unwrap()["result"].clone();
    assert_eq!(
        (of("credential"), of("token")),
        (json!("skip"), json!("skip"))
    );
    assert_eq!(of("identity"), json!("ok"));
    assert_eq!(of("plan"), json!("ok"));
    let journal = ward.arm.journal();
    let callers: Vec<_> = journal
        .iter()
        .filter_map(|entry| entry.principal.as_deref())
        .collect();
    assert!(
        !callers.is_empty() && callers.iter().all(|caller| *caller == CLIENT),
        "{callers:?}"
    );
}
