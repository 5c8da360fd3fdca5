//! A6 at the API server, and A3 on the wire: identities of ServiceAccounts.

use std::sync::Arc;
use std::time::Duration;

use adx_follower_operator::azure::client::{ArmClient, NoObserver};
use adx_follower_operator::azure::credential::{self, CredentialKind};
use adx_follower_operator::azure::error::Class;
use adx_follower_operator::controller::{Account, Identity};
use adx_follower_operator::identity::Clients;
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::api_server::{FakeApi, Fault, Verb};
use crate::azure::{Azure, HOLD, Proof, TENANT, environment, secret_of, skip, tokens_of, world};

const HOUR: Duration = Duration::from_hours(1);
const SUBJECT: &str = "system:serviceaccount:analytics:adx";

/// The client `team` belongs to the ServiceAccount analytics/adx, `operator` to the operator.
fn shared(subjects: &Value) -> Value {
    let mut world = world(&["operator"]);
    let identities = world["identities"].as_array_mut().unwrap();
    identities.push(json!({"clientId": "team", "federatedSubjects": subjects}));
    world
}

/// Clients of the ServiceAccount and of the operator, made as the operator makes them.
fn clients(azure: &Azure, api: &FakeApi) -> (ArmClient, ArmClient) {
    let (cloud, transport) = (azure.cloud(), azure.transport());
    let own = environment("operator", Proof::Secret);
    let (_, operator) =
        credential::mint(CredentialKind::ClientSecret, &own, &cloud, &transport).unwrap();
    let connect = Clients {
        cloud,
        api_version: "2024-04-13".to_owned(),
        transport,
        observer: Arc::new(NoObserver),
        operator: Some(operator),
        kubernetes: api.client(),
    }
    .connect();
    let account = Account {
        namespace: "analytics".to_owned(),
        name: "adx".to_owned(),
        uid: "1".to_owned(),
        client_id: "team".to_owned(),
        tenant_id: TENANT.to_owned(),
    };
    let team = connect(&Identity::Account(Arc::new(account))).unwrap();
    let operator = connect(&Identity::Operator).unwrap();
    (team, operator)
}

#[tokio::test]
async fn a3_a_federated_credential_that_comes_later_is_waited_for() {
    let azure = Azure::start(
        &shared(&json!(["system:serviceaccount:other:adx"])),
        tokens_of(HOUR),
    );
    let api = FakeApi::new();
    api.create_service_account("analytics", "adx", &[]);
    let (team, _) = clients(&azure, &api);
    let told = azure.refusal(&team).await;
    assert_eq!(told.reason, "FederatedCredentialNotFound", "{told:?}");
    assert_eq!(
        told.class,
        Class::Unauthenticated,
        "it is tried again by itself"
    );
    assert!(told.message.contains("AADSTS700213"), "{told:?}");
    assert!(
        told.message.contains(SUBJECT),
        "what has to be entered: {told:?}"
    );
    azure.patch(json!({"identities": [{"clientId": "team", "federatedSubjects": [SUBJECT]}]}));
    skip(HOLD).await;
    azure.look(&team).await.unwrap();
    let audiences = api
        .requests()
        .into_iter()
        .filter(|request| request.verb == Verb::RequestToken)
        .map(|request| request.body.unwrap()["spec"]["audiences"].clone())
        .collect::<Vec<_>>();
    assert_eq!(audiences, vec![json!(["api://AzureADTokenExchange"]); 2]);
    check(&azure, &api);
}

#[tokio::test]
async fn a3_a_first_federated_credential_that_is_not_there_yet_has_the_same_reason() {
    let azure = Azure::start(&shared(&json!([])), tokens_of(HOUR));
    let api = FakeApi::new();
    api.create_service_account("analytics", "adx", &[]);
    let (team, _) = clients(&azure, &api);
    let told = azure.refusal(&team).await;
    assert!(told.message.contains("AADSTS70025"), "{told:?}");
    assert_eq!(told.reason, "FederatedCredentialNotFound", "{told:?}");
    check(&azure, &api);
}

#[tokio::test]
async fn a6_an_api_server_that_gives_no_token_is_told_and_delays_nobody_else() {
    let azure = Azure::start(&shared(&json!([SUBJECT])), tokens_of(HOUR));
    let cases = [
        (
            None,
            (
                Class::Rejected,
                "ServiceAccountNotFound",
                "there is no ServiceAccount adx",
            ),
        ),
        (
            Some(Fault::Refuse(403)),
            (
                Class::Denied,
                "TokenRequestRefused",
                "`create` `serviceaccounts/token`",
            ),
        ),
        (
            Some(Fault::Refuse(404)),
            (
                Class::Rejected,
                "ServiceAccountNotFound",
                "there is no ServiceAccount adx",
            ),
        ),
        (
            Some(Fault::Refuse(429)),
            (Class::Transient, "TokenUnavailable", "fault: 429"),
        ),
        (
            Some(Fault::Refuse(500)),
            (Class::Transient, "TokenUnavailable", "fault: 500"),
        ),
        (
            Some(Fault::Reset),
            (Class::Transient, "TokenUnavailable", "connection reset"),
        ),
        (
            Some(Fault::LoseAnswer),
            (Class::Transient, "TokenUnavailable", "connection reset"),
        ),
        (
            Some(Fault::Hang),
            (Class::Transient, "TokenUnavailable", "within 5 s"),
        ),
    ];
    let run = async |(fault, (class, reason, message)): (Option<Fault>, (Class, &str, &str))| {
        let api = FakeApi::new();
        if let Some(fault) = fault {
            api.create_service_account("analytics", "adx", &[]);
            api.fault_always(Verb::RequestToken, fault);
        }
        let (team, operator) = clients(&azure, &api);
        let started = Instant::now();
        let (told, beside) = futures::join!(azure.refusal(&team), async {
            azure.look(&operator).await.unwrap();
            started.elapsed()
        });
        assert_eq!(
            (told.class, told.reason),
            (class, reason),
            "{fault:?}: {told:?}"
        );
        assert!(told.message.contains(message), "{fault:?}: {told:?}");
        let elapsed = started.elapsed();
        assert!(elapsed < Duration::from_secs(8), "{fault:?}: {elapsed:?}");
        assert!(beside < Duration::from_secs(4), "{fault:?}: {beside:?}");
        check(&azure, &api);
    };
    join_all(cases.map(run)).await;
    assert!(azure.exchanges("team").is_empty());
}

/// Besides what [`Azure`] checks: no token of a ServiceAccount is in anything that was written to its API server.
fn check(azure: &Azure, api: &FakeApi) {
    let written = api.output();
    for secret in api
        .issued_assertions()
        .iter()
        .chain([&secret_of("operator")])
    {
        assert!(!written.contains(secret.as_str()));
        azure.assert_untold(secret);
    }
}
