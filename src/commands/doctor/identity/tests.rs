//! The choice of a credential, and each refusal with its remedy.

use super::*;
use crate::{azure::error::Class, commands::doctor::checks::Finding};

fn environment() -> CredentialEnvironment {
    CredentialEnvironment {
        client_id: Some("c1".to_owned()),
        ..CredentialEnvironment::default()
    }
}

fn entra(code: u32) -> TokenError {
    TokenError::Refused {
        code: Some(code),
        message: format!("AADSTS{code}: no"),
    }
}

fn misconfigured(reason: &'static str) -> TokenError {
    TokenError::Misconfigured {
        reason,
        message: "client `c1` of tenant `t1`: no".to_owned(),
    }
}

fn unavailable() -> TokenError {
    TokenError::Unavailable {
        message: "connection refused".to_owned(),
    }
}

fn local() -> TokenError {
    TokenError::Local {
        message: "the token file is not there".to_owned(),
    }
}

#[test]
fn the_choice_is_explained() {
    use CredentialKind::{Auto, ClientSecret, ManagedIdentity, WorkloadIdentity};
    let with_file = CredentialEnvironment {
        client_secret_file: Some("secret".into()),
        ..environment()
    };
    for (asked, chosen, environment, told) in [
        (
            Auto,
            WorkloadIdentity,
            &environment(),
            "workload-identity, because `AZURE_FEDERATED_TOKEN_FILE` is set",
        ),
        (
            Auto,
            ClientSecret,
            &environment(),
            "client-secret, because `AZURE_CLIENT_SECRET` is set",
        ),
        (
            Auto,
            ClientSecret,
            &with_file,
            "client-secret, because `--client-secret-file` is set",
        ),
        (
            Auto,
            ManagedIdentity,
            &environment(),
            "managed-identity, because neither `AZURE_FEDERATED_TOKEN_FILE` nor a client secret is set",
        ),
        (
            ManagedIdentity,
            ManagedIdentity,
            &environment(),
            "managed-identity, as `--credential` says",
        ),
    ] {
        let check = choice(asked, chosen, environment);
        assert_eq!((check.result, check.message.as_str()), (Finding::Ok, told));
    }
}

#[test]
fn each_refusal_of_the_operator_has_its_remedy() {
    use CredentialKind::{ClientSecret, ManagedIdentity, WorkloadIdentity};
    let federation = Federation {
        issuer: Some("https://issuer.example".to_owned()),
        subject: Some("system:serviceaccount:adx:operator".to_owned()),
    };
    for (kind, error, remedy) in [
        (
            WorkloadIdentity,
            entra(70_021),
            "--issuer https://issuer.example --subject system:serviceaccount:adx:operator",
        ),
        (
            ClientSecret,
            entra(7_000_222),
            "az ad app credential reset --id c1",
        ),
        (ClientSecret, entra(700_016), "az ad sp show --id c1"),
        (WorkloadIdentity, entra(700_016), "az ad sp show --id c1"),
        (
            ClientSecret,
            misconfigured("WrongTenant"),
            "export AZURE_TENANT_ID=",
        ),
        (
            ClientSecret,
            misconfigured("WrongAudience"),
            "az cloud show",
        ),
        (
            WorkloadIdentity,
            misconfigured("WrongCloud"),
            "az cloud show",
        ),
        (
            ManagedIdentity,
            unavailable(),
            "kubectl exec -n adx-follower-system",
        ),
        (
            WorkloadIdentity,
            unavailable(),
            "curl -sSI https://login.example",
        ),
        (
            WorkloadIdentity,
            local(),
            "azure.workload.identity/use=true",
        ),
    ] {
        let check = operator(
            Operator {
                kind,
                environment: &environment(),
                federation: &federation,
                authority: "https://login.example",
            },
            &error,
        );
        assert_eq!(check.result, Finding::Fail);
        assert!(
            check.message.starts_with(error.reason()),
            "{}",
            check.message
        );
        let remedies = check.remedies.concat();
        assert!(remedies.contains(remedy), "{kind} {error}: {remedies}");
    }
}

#[test]
fn each_refusal_of_an_account_has_its_remedy() {
    let adx = Account {
        namespace: "team".to_owned(),
        name: "adx".to_owned(),
        uid: String::new(),
        client_id: "c2".to_owned(),
        tenant_id: "t2".to_owned(),
    };
    let token_request = TokenError::Assertion {
        class: Class::Denied,
        reason: "TokenRequestRefused",
        message: "no".to_owned(),
    };
    let person = Caller::Person("jane".to_owned());
    let operator = Caller::named("system:serviceaccount:adx:operator");
    for (caller, error, result, remedy) in [
        (
            &person,
            entra(700_213),
            Finding::Fail,
            "--subject system:serviceaccount:team:adx",
        ),
        (
            &person,
            misconfigured("WrongTenant"),
            Finding::Fail,
            "azure.workload.identity/tenant-id=",
        ),
        (
            &person,
            entra(700_016),
            Finding::Fail,
            "azure.workload.identity/client-id=",
        ),
        (
            &person,
            token_request.clone(),
            Finding::Warn,
            "kubectl auth can-i create serviceaccounts/adx",
        ),
        (
            &operator,
            token_request,
            Finding::Fail,
            "kubectl auth can-i create serviceaccounts/adx",
        ),
        (
            &person,
            unavailable(),
            Finding::Fail,
            "curl -sSI https://login.example",
        ),
    ] {
        let check = account(&adx, None, caller, "https://login.example", &error);
        assert_eq!(check.result, result, "{error}");
        let remedies = check.remedies.concat();
        assert!(remedies.contains(remedy), "{error}: {remedies}");
    }
}
