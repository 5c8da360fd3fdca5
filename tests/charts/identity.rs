//! How the Pods prove who they are to Azure.

use serde_json::{Value, json};

use super::helm::{rendered, rendered_with};
use super::objects::{arguments, list, pods, text, texts, the};
use super::pods::config;

#[test]
fn the_webhook_of_workload_identity_finds_what_it_looks_for() {
    let found = rendered_with(&[
        "azure.clientId=c",
        "azure.tenantId=t",
        "azure.workloadIdentity.tokenExpirationSeconds=7200",
    ]);
    for (pod, labels, spec) in pods(&found) {
        assert_eq!(labels["azure.workload.identity/use"], "true", "{pod}");
        assert_eq!(spec["volumes"], Value::Null, "{pod}");
        let env = spec["containers"][0]["env"].to_string();
        assert!(!env.contains("AZURE_"), "the webhook sets them: {env}");
    }
    let account = the(&found, "ServiceAccount");
    let annotations =
        json!({"azure.workload.identity/client-id": "c", "azure.workload.identity/tenant-id": "t"});
    assert_eq!(account["metadata"]["annotations"], annotations);
    let template = &the(&found, "Deployment")["spec"]["template"]["metadata"];
    assert_eq!(
        template["annotations"]["azure.workload.identity/service-account-token-expiration"],
        "7200"
    );
    assert!(arguments(&found).contains(&"--credential=workload-identity"));
}

fn variable<'a>(container: &'a Value, name: &str) -> Option<&'a str> {
    list(&container["env"])
        .iter()
        .find(|variable| variable["name"] == name)?["value"]
        .as_str()
}

#[test]
fn without_the_webhook_the_pod_has_the_token_and_the_variables_itself() {
    let found = rendered("workload-identity-without-webhook");
    for (pod, labels, spec) in pods(&found) {
        assert_eq!(labels["azure.workload.identity/use"], Value::Null, "{pod}");
        let token = &spec["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
        assert_eq!(
            *token,
            json!({"audience": "api://AzureADTokenExchange", "expirationSeconds": 7200, "path": "azure-identity-token"})
        );
        let container = &spec["containers"][0];
        let file = variable(container, "AZURE_FEDERATED_TOKEN_FILE").unwrap();
        let folder = text(container, "/volumeMounts/0/mountPath");
        assert_eq!(file, format!("{folder}/azure-identity-token"));
        assert_eq!(container["volumeMounts"][0]["readOnly"], true);
        assert!(
            variable(container, "AZURE_CLIENT_ID").is_some()
                && variable(container, "AZURE_TENANT_ID").is_some()
        );
    }
    assert_eq!(
        the(&found, "ServiceAccount")["metadata"]["annotations"],
        Value::Null
    );
    let config = config(&found);
    assert_eq!(
        config
            .arm
            .environment
            .federated_token_file
            .unwrap()
            .to_str(),
        Some("/var/run/secrets/azure/tokens/azure-identity-token")
    );
}

#[test]
fn a_client_secret_is_a_file_and_never_a_variable_or_an_argument() {
    let found = rendered("client-secret");
    for (pod, _, spec) in pods(&found) {
        let container = &spec["containers"][0];
        let file = texts(&container["args"])
            .into_iter()
            .find_map(|argument| argument.strip_prefix("--client-secret-file="))
            .unwrap();
        let mount = list(&container["volumeMounts"])
            .iter()
            .find(|mount| file.starts_with(text(mount, "/mountPath")))
            .unwrap();
        let volume = list(&spec["volumes"])
            .iter()
            .find(|volume| volume["name"] == mount["name"])
            .unwrap();
        assert_eq!(
            volume["secret"]["secretName"], "adx-follower-credentials",
            "{pod}"
        );
        let item = &volume["secret"]["items"][0];
        assert_eq!(item["key"], "secret");
        assert_eq!(
            file,
            format!("{}/{}", text(mount, "/mountPath"), text(item, "/path"))
        );
        assert!(!container["env"].to_string().contains("SECRET"), "{pod}");
        let ca = texts(&container["args"])
            .into_iter()
            .find_map(|argument| argument.strip_prefix("--azure-ca-file="))
            .unwrap();
        assert!(
            list(&container["volumeMounts"])
                .iter()
                .any(|mount| ca.starts_with(text(mount, "/mountPath")))
        );
    }
}
