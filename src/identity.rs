//! Makes Azure clients for the operator's identity and for those of ServiceAccounts. I/O.

use std::{fmt, sync::Arc};

use futures::{FutureExt as _, future::BoxFuture};
use http::StatusCode;
use http_body_util::BodyExt as _;
use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{
    Client, Resource as _,
    api::{PostParams, Request},
    client::Body,
};
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
    controller::{Account, Connect, Identity, turns::Turns},
    error_chain::ErrorChain,
};

mod issued;
mod paced;

use paced::{Paced, places};

/// The audience of a token that Entra exchanges (kusto-dataplane.md §6).
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The deadline of a TokenRequest: less than that of the exchange which needs it.
const DEADLINE: Duration = Duration::from_secs(5);

/// Most bytes of an answer to a TokenRequest: a token has one or two thousand.
const MAX_ANSWER: usize = 64 * 1024;

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
        let places = places();
        Box::new(move |identity| self.client(identity, &places))
    }

    fn client(&self, identity: &Identity, places: &Turns) -> Result<ArmClient, CredentialError> {
        let mint = match (identity, &self.operator) {
            (Identity::Operator, Some(mint)) => Arc::clone(mint),
            // Nobody is granted an identity that is not there; should it happen, nobody gets a token.
            (Identity::Operator, None) => Arc::new(NoIdentity) as Arc<dyn Mint>,
            (Identity::Account(account), _) => Arc::new(Paced {
                mint: credential::federated(
                    &account.tenant_id,
                    &account.client_id,
                    Arc::new(AccountTokens {
                        kubernetes: self.kubernetes.clone(),
                        account: Arc::clone(account),
                    }),
                    &self.cloud,
                    &self.transport,
                )?,
                namespace: account.namespace.clone(),
                places: places.clone(),
            }),
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
            let name = &self.account.name;
            let (status, body) = match timeout(DEADLINE, self.ask()).await {
                Ok(answer) => answer.map_err(|error| ungiven(name, &ErrorChain(&error)))?,
                Err(_elapsed) => {
                    return Err(unavailable(format!(
                        "the API server gave no token of ServiceAccount {name} within {} s",
                        DEADLINE.as_secs()
                    )));
                }
            };
            if !status.is_success() {
                return Err(refused(status, &body, name));
            }
            issued::token(&body).ok_or_else(|| {
                unavailable(format!(
                    "the API server's answer holds no token of ServiceAccount {name}"
                ))
            })
        }
        .boxed()
    }
}

/// Why there is no answer to read.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Client(#[from] kube::Error),
    #[error("its answer is larger than {} kB", MAX_ANSWER / 1024)]
    TooLarge,
}

impl AccountTokens {
    /// One TokenRequest, with the client's plainest call: all others log an answer that they can't read, or quote it in
    /// their error, and it holds a token.
    async fn ask(&self) -> Result<(StatusCode, Zeroizing<Vec<u8>>), AskError> {
        let Account {
            namespace, name, ..
        } = &*self.account;
        let request = TokenRequest {
            spec: TokenRequestSpec {
                audiences: vec![AUDIENCE.to_owned()],
                ..TokenRequestSpec::default()
            },
            ..TokenRequest::default()
        };
        let request = serde_json::to_vec(&request).map_err(kube::Error::SerdeError)?;
        let request = Request::new(ServiceAccount::url_path(&(), Some(namespace)))
            .create_subresource("token", name, &PostParams::default(), request)
            .map_err(kube::Error::BuildRequest)?;
        let answer = self.kubernetes.send(request.map(Body::from)).await?;
        let status = answer.status();
        Ok((status, read(answer.into_body()).await?))
    }
}

async fn read(mut body: Body) -> Result<Zeroizing<Vec<u8>>, AskError> {
    // With all the room from the start: a buffer that grows leaves copies behind that nobody wipes.
    let mut whole = Zeroizing::new(Vec::with_capacity(MAX_ANSWER));
    while let Some(frame) = body.frame().await {
        let frame = frame?;
        let data = frame.data_ref().map(AsRef::as_ref).unwrap_or_default();
        if whole.len() + data.len() > MAX_ANSWER {
            return Err(AskError::TooLarge);
        }
        whole.extend_from_slice(data);
    }
    Ok(whole)
}

fn refused(status: StatusCode, body: &[u8], name: &str) -> TokenError {
    match (status, issued::words(body)) {
        (StatusCode::NOT_FOUND, Some(_)) => TokenError::Assertion {
            class: Class::Rejected,
            reason: "ServiceAccountNotFound",
            message: format!("there is no ServiceAccount {name} in this namespace"),
        },
        (StatusCode::FORBIDDEN, _) => TokenError::Assertion {
            class: Class::Denied,
            reason: "TokenRequestRefused",
            message: format!(
                "the operator must be allowed to `create` `serviceaccounts/token` for ServiceAccount {name} in this \
                 namespace; ask an administrator of this Kubernetes cluster"
            ),
        },
        (status, Some(words)) => {
            ungiven(name, &format!("it answered {}: {words}", status.as_u16()))
        }
        (status, None) => ungiven(name, &format!("it answered {}", status.as_u16())),
    }
}

fn ungiven(name: &str, why: &dyn fmt::Display) -> TokenError {
    unavailable(format!(
        "the API server gave no token of ServiceAccount {name}: {why}"
    ))
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
