//! Reaches Azure as the operator does: its credential, its token, ARM, subscriptions. I/O: reads only.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use bytes::Bytes;
use kube::Client;
use tokio::time::timeout;

use crate::{
    app::AppError,
    azure::{
        client::{ArmClient, ArmOptions, NoObserver},
        cloud::Cloud,
        credential::{self, CredentialEnvironment, CredentialKind},
        error::{ArmError, Class},
        id::ClusterId,
        token::{Mint, TokenCache},
        transport::{HttpTransport, Limits, Transport},
    },
    config::ArmConfig,
    controller::{Identity, Tenancy, failure::Failure, sessions::Sessions},
    error_chain::ErrorChain,
    identity::Clients,
};

use super::{
    assertion::Federation,
    checks::{Check, Topic},
    identity,
    sight::{Asker, unreadable},
};

/// One question without a token.
const LIMITS: Limits = Limits {
    deadline: Duration::from_secs(10),
    max_body: 1024 * 1024,
};

/// Subscriptions that are asked at most.
const MAX_SUBSCRIPTIONS: usize = 20;

/// How Azure is reached, resolved.
pub struct Azure<T> {
    /// Where ARM and Entra are.
    pub cloud: Cloud,
    /// The `api-version` of the `Microsoft.Kusto` provider.
    pub api_version: String,
    /// The network.
    pub transport: T,
    /// The credential that was asked for.
    pub credential: CredentialKind,
    /// What it is made of.
    pub environment: CredentialEnvironment,
}

/// Azure, as far as it was reached.
pub(super) struct Reached {
    /// ARM's address.
    pub(super) endpoint: String,
    /// Entra's address.
    pub(super) authority: String,
    /// The API version of each call.
    pub(super) api_version: String,
    /// The client id of the operator's identity, where that is known.
    pub(super) client: Option<String>,
    /// Speaks ARM as the operator; else the check that tells why nobody does.
    pub(super) operator: Result<ArmClient, Topic>,
    /// Speaks ARM as anybody; `None` without Kubernetes, which knows the identities.
    pub(super) sessions: Option<Sessions>,
}

/// Prepares what the checks need. Nothing is sent, except that a custom cloud is asked for its addresses.
///
/// # Errors
/// When a certificate file can't be used, or a custom cloud does not say where it is.
pub async fn prepare(config: ArmConfig) -> Result<Azure<HttpTransport>, AppError> {
    let transport = HttpTransport::new(config.ca_file.as_deref())?;
    Ok(Azure {
        cloud: config.cloud.resolve(&transport).await?,
        api_version: config.api_version,
        transport,
        credential: config.credential,
        environment: config.environment,
    })
}

/// Looks at the operator's identity and at ARM.
pub(super) async fn reach<T: Transport + Clone>(
    azure: Azure<T>,
    tenancy: &Tenancy,
    kubernetes: Option<Client>,
) -> (Vec<Check>, Result<Reached, Topic>) {
    let arm = answers(&azure).await;
    let mut checks = Vec::new();
    let (mint, operator) = match tenancy {
        Tenancy::Policies(_) | Tenancy::AllowAll(_) => operator(&azure, &mut checks).await,
        Tenancy::Lockdown { .. } => {
            let unused = "the operator's identity is never used (`--default-service-account`)";
            checks.push(Check::skipped(Topic::Credential, unused));
            checks.push(Check::skip(Topic::Token, Topic::Credential));
            (None, Err(Topic::Credential))
        }
    };
    let holds = arm.holds();
    checks.push(arm);
    if !holds {
        return (checks, Err(Topic::Arm));
    }
    let Azure {
        cloud,
        api_version,
        transport,
        environment,
        ..
    } = azure;
    let reached = Reached {
        endpoint: cloud.endpoint.to_string(),
        authority: cloud.authority_host.clone(),
        api_version: api_version.clone(),
        client: environment.client_id,
        operator,
        sessions: kubernetes.map(|kubernetes| {
            let clients = Clients {
                cloud,
                api_version,
                transport,
                observer: Arc::new(NoObserver),
                operator: mint,
                kubernetes,
            };
            Sessions::new(clients.connect())
        }),
    };
    (checks, Ok(reached))
}

/// Whether anything answers at ARM's address: its description of the cloud, which everybody may read.
async fn answers<T: Transport>(azure: &Azure<T>) -> Check {
    let endpoint = &azure.cloud.endpoint;
    let url = format!("{endpoint}/metadata/endpoints?api-version=2022-09-01");
    let failed = |why: String| {
        Check::fail(Topic::Arm, format!("{endpoint} does not answer: {why}"))
            .mended_by(format!("curl -sS {}", super::remedy::quoted(&url)))
    };
    let request = match http::Request::get(&url).body(Bytes::new()) {
        Ok(request) => request,
        Err(error) => return failed(error.to_string()),
    };
    match timeout(LIMITS.deadline, azure.transport.send(request, LIMITS)).await {
        Ok(Ok(_)) => Check::ok(Topic::Arm, format!("{endpoint} answers")),
        Ok(Err(error)) => failed(ErrorChain(&error).to_string()),
        Err(_elapsed) => failed(format!("not within {} s", LIMITS.deadline.as_secs())),
    }
}

/// The operator's own identity, and a client that has got a token for it.
async fn operator<T: Transport + Clone>(
    azure: &Azure<T>,
    checks: &mut Vec<Check>,
) -> (Option<Arc<dyn Mint>>, Result<ArmClient, Topic>) {
    let Azure {
        cloud,
        api_version,
        transport,
        credential,
        environment,
    } = azure;
    let (kind, mint) = match credential::mint(*credential, environment, cloud, transport) {
        Ok((kind, mint)) => (kind, mint),
        Err(error) => {
            let check = Check::fail(Topic::Credential, error.to_string());
            checks.push(check.mended_by(super::remedy::RUN_AS_THE_OPERATOR));
            checks.push(Check::skip(Topic::Token, Topic::Credential));
            return (None, Err(Topic::Credential));
        }
    };
    checks.push(identity::choice(*credential, kind, environment));
    let in_use = mint.in_use();
    let client = ArmClient::new(ArmOptions {
        endpoint: cloud.endpoint.clone(),
        api_version: api_version.clone(),
        transport: Arc::new(transport.clone()),
        tokens: Arc::new(TokenCache::new(Arc::clone(&mint))),
        observer: Arc::new(NoObserver),
    });
    let (check, operator) = match client.authenticate().await {
        Ok(()) => {
            let check = Check::ok(Topic::Token, format!("got one: {in_use}"));
            (check, Ok(client))
        }
        Err(ArmError::Token(error)) => {
            let federation = federation(environment);
            let operator = identity::Operator {
                kind,
                environment,
                federation: &federation,
                authority: &cloud.authority_host,
            };
            let mut check = identity::operator(operator, &error);
            if !in_use.is_empty() && !check.message.contains(&in_use) {
                check.message = format!("{} (asked as {in_use})", check.message);
            }
            (check, Err(Topic::Token))
        }
        Err(error) => (
            Check::fail(Topic::Token, error.user_message()),
            Err(Topic::Token),
        ),
    };
    checks.push(check);
    (Some(mint), operator)
}

/// What the operator's federated token says of itself; nothing of it is kept.
fn federation(environment: &CredentialEnvironment) -> Federation {
    let path = environment.federated_token_file.as_deref();
    let token = path.and_then(|path| fs::read_to_string(path).ok());
    token
        .map(zeroize::Zeroizing::new)
        .map_or_else(Federation::default, |token| Federation::of(token.trim()))
}

/// Whether the subscriptions of `clusters` can be asked by the operator: one cluster tells for each.
pub(super) async fn subscriptions(reached: &Reached, clusters: &[ClusterId]) -> Vec<Check> {
    let arm = match &reached.operator {
        Ok(arm) => arm,
        Err(needed) => return vec![Check::skip(Topic::Subscription, *needed)],
    };
    let mut chosen: BTreeMap<String, &ClusterId> = BTreeMap::new();
    for cluster in clusters {
        chosen
            .entry(cluster.subscription().to_ascii_lowercase())
            .or_insert(cluster);
    }
    if chosen.is_empty() {
        let nothing =
            "no policy, and no object that may use the operator's identity, names a cluster yet";
        return vec![Check::skipped(Topic::Subscription, nothing)];
    }
    let asker = Asker {
        identity: &Identity::Operator,
        client: reached.client.as_deref(),
        endpoint: &reached.endpoint,
    };
    let mut checks = Vec::new();
    for cluster in chosen.into_values().take(MAX_SUBSCRIPTIONS) {
        let version = &reached.api_version;
        let accepted = format!("Microsoft.Kusto answers to api-version {version}");
        let check = match arm.cluster(cluster).await {
            Ok(_) => Check::ok(Topic::Subscription, accepted),
            Err(error) => {
                let failure = Failure::from(&error);
                let refused = unreadable(Topic::Subscription, cluster, &failure, asker);
                match failure.class {
                    // It lacks a role on this cluster, and that is all.
                    Class::Denied => Check::warn(Topic::Subscription, refused.message)
                        .mended_by_all(refused.remedies),
                    Class::Transient
                    | Class::Throttled
                    | Class::Busy
                    | Class::Unauthenticated
                    | Class::Misconfigured
                    | Class::Rejected
                    | Class::Locked => refused,
                }
            }
        };
        checks.push(check.about(format!("/subscriptions/{}", cluster.subscription())));
    }
    checks
}
