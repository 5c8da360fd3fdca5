//! Which credential was chosen, and what to do when Entra gives no token for it. Pure.

use crate::{
    azure::{
        credential::{CredentialEnvironment, CredentialKind},
        token::TokenError,
    },
    controller::{
        Account,
        access::{CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION},
    },
};

use super::{
    assertion::Federation,
    checks::{Check, Topic},
    remedy::{RUN_AS_THE_OPERATOR, SHOW_CLOUD, annotate_account, federate, quoted},
    rights::Caller,
};

/// Why `chosen` was taken where `asked` was asked for.
#[must_use]
pub fn choice(
    asked: CredentialKind,
    chosen: CredentialKind,
    environment: &CredentialEnvironment,
) -> Check {
    let why = match (asked, chosen) {
        (CredentialKind::Auto, CredentialKind::WorkloadIdentity) => {
            "because `AZURE_FEDERATED_TOKEN_FILE` is set"
        }
        (CredentialKind::Auto, CredentialKind::ClientSecret)
            if environment.client_secret_file.is_some() =>
        {
            "because `--client-secret-file` is set"
        }
        (CredentialKind::Auto, CredentialKind::ClientSecret) => {
            "because `AZURE_CLIENT_SECRET` is set"
        }
        (CredentialKind::Auto, CredentialKind::ManagedIdentity | CredentialKind::Auto) => {
            "because neither `AZURE_FEDERATED_TOKEN_FILE` nor a client secret is set"
        }
        (
            CredentialKind::WorkloadIdentity
            | CredentialKind::ManagedIdentity
            | CredentialKind::ClientSecret,
            _,
        ) => "as `--credential` says",
    };
    Check::ok(Topic::Credential, format!("{chosen}, {why}"))
}

/// The operator's identity, as far as it can be told what has to be mended.
#[derive(Clone, Copy, Debug)]
pub struct Operator<'a> {
    /// The kind that is in use.
    pub kind: CredentialKind,
    /// What it is made of.
    pub environment: &'a CredentialEnvironment,
    /// What its federated token says of itself.
    pub federation: &'a Federation,
    /// Entra's address.
    pub authority: &'a str,
}

/// No token for the operator.
#[must_use]
pub fn operator(operator: Operator<'_>, error: &TokenError) -> Check {
    let Operator {
        kind,
        environment,
        federation,
        authority,
    } = operator;
    let client = environment.client_id.as_deref().unwrap_or("CLIENT_ID");
    let check = refused(Topic::Token, error);
    match (error.reason(), kind) {
        ("FederatedCredentialNotFound", _) => check.mended_by(federate(
            client,
            federation.issuer.as_deref(),
            federation
                .subject
                .as_deref()
                .unwrap_or("system:serviceaccount:NAMESPACE:NAME"),
        )),
        ("CredentialRefused", CredentialKind::ClientSecret) if is_about_the_secret(error) => check
            .mended_by(format!(
                "# prints a new secret; put it where `AZURE_CLIENT_SECRET` or `--client-secret-file` has it from:\n\
                 az ad app credential reset --id {} --append",
                quoted(client)
            )),
        ("CredentialRefused", _) => check.mended_by(look_up(client)),
        ("WrongTenant", _) => check.mended_by(
            "export AZURE_TENANT_ID=\"$(az account show --query tenantId -o tsv)\"",
        ),
        ("WrongAudience" | "WrongCloud", _) => check.mended_by(SHOW_CLOUD),
        // Nine times out of ten this runs on somebody's own machine.
        ("TokenUnavailable", CredentialKind::ManagedIdentity | CredentialKind::Auto) => {
            check.mended_by(RUN_AS_THE_OPERATOR)
        }
        ("TokenUnavailable", CredentialKind::WorkloadIdentity) if is_local(error) => check
            .mended_by(
                "# the Pod must have the label azure.workload.identity/use=true, and the webhook must run:\n\
                 kubectl get pods -A -l azure.workload.identity/use=true\n\
                 kubectl get pods -A -l app.kubernetes.io/name=workload-identity-webhook",
            ),
        ("TokenUnavailable", _) if !is_local(error) => {
            check.mended_by(format!("curl -sSI {}", quoted(authority)))
        }
        _ => check,
    }
}

/// No token for the identity of `account`, asked for by `caller`, in a cluster whose tokens `issuer` issues.
#[must_use]
pub fn account(
    account: &Account,
    issuer: Option<&str>,
    caller: &Caller,
    authority: &str,
    error: &TokenError,
) -> Check {
    let Account {
        namespace,
        name,
        client_id,
        ..
    } = account;
    let check = refused(Topic::Identity, error);
    match error.reason() {
        "TokenRequestRefused" => caller
            .check(
                Topic::Identity,
                format!(
                    "{} may not `create` `serviceaccounts/token` for {namespace}/{name}, so nobody knows whether Azure \
                     would accept it",
                    caller.who()
                ),
            )
            .mended_by(format!(
                "# as the operator's ServiceAccount, for one:\n\
                 kubectl auth can-i create serviceaccounts/{name} --subresource token -n {namespace}"
            )),
        "FederatedCredentialNotFound" => check.mended_by(federate(
            client_id,
            issuer,
            &format!("system:serviceaccount:{namespace}:{name}"),
        )),
        "WrongTenant" => check.mended_by(annotate_account(
            namespace,
            name,
            TENANT_ID_ANNOTATION,
        )),
        "CredentialRefused" => check
            .mended_by(look_up(client_id))
            .mended_by(annotate_account(namespace, name, CLIENT_ID_ANNOTATION)),
        "WrongAudience" | "WrongCloud" => check.mended_by(SHOW_CLOUD),
        "TokenUnavailable" if !is_local(error) => {
            check.mended_by(format!("curl -sSI {}", quoted(authority)))
        }
        _ => check,
    }
}

fn refused(topic: Topic, error: &TokenError) -> Check {
    Check::fail(topic, format!("{}: {error}", error.reason()))
}

/// Shows which tenant an application is of, and whether it exists at all.
fn look_up(client: &str) -> String {
    format!(
        "az ad sp show --id {} --query '{{name: displayName, tenant: appOwnerOrganizationId, enabled: accountEnabled}}'",
        quoted(client)
    )
}

/// Entra's numbers for a secret that is wrong or has expired.
fn is_about_the_secret(error: &TokenError) -> bool {
    matches!(
        error,
        TokenError::Refused {
            code: Some(7_000_215 | 7_000_222),
            ..
        }
    )
}

/// Whether nobody was asked, since something is missing here.
fn is_local(error: &TokenError) -> bool {
    match error {
        TokenError::Local { .. } | TokenError::Assertion { .. } => true,
        TokenError::Refused { .. }
        | TokenError::Misconfigured { .. }
        | TokenError::Throttled { .. }
        | TokenError::Unavailable { .. }
        | TokenError::ClaimsUnsupported
        | TokenError::DeadlineExceeded => false,
    }
}

#[cfg(test)]
mod tests;
