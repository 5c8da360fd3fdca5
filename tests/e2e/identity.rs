//! Who the operator is to Azure: each credential, over TLS with a private authority.

use std::fs;
use std::time::Duration;

use serde_json::json;
use testbed::OperatorOptions;
use testbed::simulator::Transport;

use crate::stage::{Stage, attached_database};

const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const CLIENT: &str = "33333333-3333-4333-8333-333333333333";
const SECRET: &str = "a-secret-of-this-test";

#[tokio::test(flavor = "multi_thread")]
async fn each_credential_attaches_over_tls_and_none_is_in_the_log() {
    let identities = json!([{"clientId": CLIENT, "secret": SECRET, "federatedSubjects": ["system:serviceaccount:default:operator"]}]);
    let mut stage = Stage::with_azure(
        "identity",
        Duration::from_millis(500),
        Transport::Https,
        identities,
    )
    .await;
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = files.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };

    let entra = |stage: &Stage, credential: &str| {
        OperatorOptions::new(stage.control_plane.kubeconfig(), &stage.simulator)
            .credential(credential)
            .arg(format!("--authority-host={}", stage.simulator.url()))
            .env("AZURE_TENANT_ID", TENANT)
            .env("AZURE_CLIENT_ID", CLIENT)
    };

    let wrong =
        entra(&stage, "client-secret").env("AZURE_CLIENT_SECRET", "another-secret-than-that");
    stage.start_operator_with(wrong).await;
    stage.create(attached_database("sales")).await;
    let told = stage.until("sales", "False", "CredentialRefused").await;
    let text = serde_json::to_string(&told.status).unwrap();
    assert!(
        text.contains("AADSTS7000215"),
        "the message names Entra's code: {text}"
    );
    stage.kill_operator().await;

    let secret = entra(&stage, "client-secret")
        .arg(format!("--client-secret-file={}", file("secret", SECRET)));
    stage.start_operator_with(secret).await;
    stage.until_ready("sales").await;
    let log = fs::read_to_string(stage.operator.as_ref().unwrap().log()).unwrap();
    assert!(!log.contains(SECRET));
    stage.kill_operator().await;

    let account = stage.service_account_token("operator").await;
    let federated =
        entra(&stage, "auto").env("AZURE_FEDERATED_TOKEN_FILE", file("token", &account));
    stage.start_operator_with(federated).await;
    stage.delete("sales").await;
    stage.until_gone("sales").await;
    let log = fs::read_to_string(stage.operator.as_ref().unwrap().log()).unwrap();
    assert!(
        log.contains("workload-identity"),
        "`auto` says what it took: {log}"
    );
    assert!(!log.contains(&account));
    stage.clear().await;
}
