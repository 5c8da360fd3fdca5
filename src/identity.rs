//! Makes Azure clients for the operator's identity and for those of ServiceAccounts. I/O.

use std::sync::Arc;

use futures::{FutureExt as _, future::BoxFuture};
use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{Api, Client, api::PostParams};
use tokio::time::{Duration, timeout};
use zeroize::Zeroizing;

use crate::{
    azure::{
        client::{ArmClient, ArmOptions, CallObserver},
        cloud::Cloud,
        credential::{self, AssertionSource, CredentialError},
        error::Class,
        token::{Claims, Mint, Minted, TokenCache, TokenError},
        transport::Transport,
    },
    controller::{Account, Connect, Identity},
    error_chain::ErrorChain,
};

/// The audience of a token that Entra exchanges (kusto-dataplane.md §6).
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The deadline of a TokenRequest: less than that of the exchange which needs it.
const DEADLINE: Duration = Duration::from_secs(5);

/// What all clients have in common.
pub struct Clients<T> {
    /// Where ARM and Entra are.
    pub cloud: Cloud,
    /// The `api-version` of the `Microsoft.Kusto` provider.
    pub api_version: String,
    /// The network.
    pub transport: T,
    /// Who counts the calls.
    pub observer: Arc<dyn CallObserver>,
    /// The operator's own identity; `None` when nobody may use it.
    pub operator: Option<Arc<dyn Mint>>,
    /// Issues the tokens of ServiceAccounts.
    pub kubernetes: Client,
}

impl<T: Transport + Clone> Clients<T> {
    /// As the controller wants it.
    #[must_use]
    pub fn connect(self) -> Box<Connect> {
        Box::new(move |identity| self.client(identity))
    }

    fn client(&self, identity: &Identity) -> Result<ArmClient, CredentialError> {
        let mint = match (identity, &self.operator) {
            (Identity::Operator, Some(mint)) => Arc::clone(mint),
            // Nobody is granted an identity that is not there; should it happen, nobody gets a token.
            (Identity::Operator, None) => Arc::new(NoIdentity) as Arc<dyn Mint>,
            (Identity::Account(account), _) => credential::federated(
                &account.tenant_id,
                &account.client_id,
                Arc::new(AccountTokens {
                    kubernetes: self.kubernetes.clone(),
                    account: Arc::clone(account),
                }),
                &self.cloud,
                &self.transport,
            )?,
        };
        Ok(ArmClient::new(ArmOptions {
            endpoint: self.cloud.endpoint.clone(),
            api_version: self.api_version.clone(),
            transport: Arc::new(self.transport.clone()),
            tokens: Arc::new(TokenCache::new(mint)),
            observer: Arc::clone(&self.observer),
        }))
    }
}

/// Asks the API server for the tokens of a ServiceAccount.
struct AccountTokens {
    kubernetes: Client,
    account: Arc<Account>,
}

impl AssertionSource for AccountTokens {
    fn assertion(&self) -> BoxFuture<'_, Result<Zeroizing<String>, TokenError>> {
        async move {
            let Account {
                namespace, name, ..
            } = &*self.account;
            let accounts = Api::<ServiceAccount>::namespaced(self.kubernetes.clone(), namespace);
            let request = TokenRequest {
                spec: TokenRequestSpec {
                    audiences: vec![AUDIENCE.to_owned()],
                    ..TokenRequestSpec::default()
                },
                ..TokenRequest::default()
            };
            let params = PostParams::default();
            let asked = accounts.create_token_request(name, &params, &request);
            let answer = match timeout(DEADLINE, asked).await {
                Ok(answer) => answer.map_err(|error| refused(&error, name))?,
                Err(_elapsed) => {
                    return Err(unavailable(format!(
                        "the API server gave no token of ServiceAccount {name} within {} s",
                        DEADLINE.as_secs()
                    )));
                }
            };
            let token = answer.status.map(|status| Zeroizing::new(status.token));
            token.filter(|token| !token.is_empty()).ok_or_else(|| {
                unavailable(format!(
                    "the API server's answer holds no token of ServiceAccount {name}"
                ))
            })
        }
        .boxed()
    }
}

fn refused(error: &kube::Error, name: &str) -> TokenError {
    match error {
        kube::Error::Api(status) if status.is_not_found() => TokenError::Assertion {
            class: Class::Rejected,
            reason: "ServiceAccountNotFound",
            message: format!("there is no ServiceAccount {name} in this namespace"),
        },
        kube::Error::Api(status) if status.is_forbidden() => TokenError::Assertion {
            class: Class::Denied,
            reason: "TokenRequestRefused",
            message: format!(
                "the operator must be allowed to `create` `serviceaccounts/token` for ServiceAccount {name} in this \
                 namespace; ask an administrator of this Kubernetes cluster"
            ),
        },
        error => unavailable(format!(
            "the API server gave no token of ServiceAccount {name}: {}",
            ErrorChain(error)
        )),
    }
}

fn unavailable(message: String) -> TokenError {
    TokenError::Assertion {
        class: Class::Transient,
        reason: "TokenUnavailable",
        message,
    }
}

/// An identity that nobody has.
struct NoIdentity;

impl Mint for NoIdentity {
    fn mint(&self, _: Option<&Claims>) -> BoxFuture<'_, Result<Minted, TokenError>> {
        std::future::ready(Err(TokenError::Local {
            message: "the operator has no identity of its own".to_owned(),
        }))
        .boxed()
    }
}
