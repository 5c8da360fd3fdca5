//! One exchange of a credential for a token, by Microsoft's identity library. I/O.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use azure_core::{
    cloud::{CloudConfiguration, CustomConfiguration},
    credentials::{AccessToken, Secret, TokenCredential},
    http::{
        ClientMethodOptions, ClientOptions, ExponentialRetryOptions, RetryOptions,
        Transport as SdkTransport,
    },
    time::{Duration as SdkDuration, OffsetDateTime},
};
use azure_identity::{
    ClientAssertion, ClientAssertionCredential, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, UserAssignedId,
};
use futures::{FutureExt, future::BoxFuture};
use zeroize::Zeroizing;

use super::{
    CredentialError, SecretSource, Source,
    file::{fingerprint, read_secret},
};
use crate::azure::{
    cloud::{Cloud, Endpoint},
    entra::{EntraClient, token_error},
    message::stable_line,
    token::{Claims, Mint, Minted, TokenError},
    transport::Transport,
};

/// An identity that can be exchanged for tokens.
pub(super) struct Credential {
    source: Source,
    authority: Endpoint,
    audience: String,
    scope: String,
    client: EntraClient,
}

impl Credential {
    pub(super) fn new<T: Transport + Clone>(
        source: Source,
        cloud: &Cloud,
        transport: &T,
    ) -> Result<Self, CredentialError> {
        let authority = Endpoint::parse(&cloud.authority_host)?;
        Ok(Self {
            source,
            audience: cloud.audience.clone(),
            scope: cloud.scope(),
            client: EntraClient::new(Arc::new(transport.clone()), &authority),
            authority,
        })
    }

    async fn exchange(&self, claims: Option<Claims>) -> Result<Minted, TokenError> {
        let credential = self.build(claims).await?;
        let token = credential
            .get_token(&[&self.scope], None)
            .await
            .map_err(|error| self.explained(token_error(&error)))?;
        // The library takes an answer without a token for an empty one.
        if token.token.secret().is_empty() {
            return Err(TokenError::Unavailable {
                message: "the answer holds no token".to_owned(),
            });
        }
        Ok(minted(&token))
    }

    /// A fresh object of the library's: its own cache would hand a rejected token out again, and keep a token file for
    /// ten minutes (dependencies.md §2.3).
    async fn build(&self, claims: Option<Claims>) -> Result<Arc<dyn TokenCredential>, TokenError> {
        let credential: azure_core::Result<Arc<dyn TokenCredential>> = match &self.source {
            Source::Federated {
                tenant_id,
                client_id,
                assertions,
            } => {
                let assertion = Assertion(assertions.assertion().await?);
                let client_options = self.client_options(claims);
                ClientAssertionCredential::new(
                    tenant_id.clone(),
                    client_id.clone(),
                    assertion,
                    Some(ClientAssertionCredentialOptions { client_options }),
                )
                .map(|credential| credential as Arc<dyn TokenCredential>)
            }
            Source::ManagedIdentity { client_id } => {
                // The metadata service has no parameter for them.
                if claims.is_some() {
                    return Err(TokenError::ClaimsUnsupported);
                }
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                    client_options: self.client_options(None),
                }))
                .map(|credential| credential as Arc<dyn TokenCredential>)
            }
            Source::ClientSecret {
                tenant_id,
                client_id,
                secret,
            } => {
                let secret = match secret {
                    SecretSource::Value(secret) => secret.clone(),
                    SecretSource::File(path, _) => read_secret("client secret file", path)?,
                };
                let client_options = self.client_options(claims);
                ClientSecretCredential::new(
                    tenant_id,
                    client_id.clone(),
                    Secret::new(secret.as_str().to_owned()),
                    Some(ClientSecretCredentialOptions { client_options }),
                )
                .map(|credential| credential as Arc<dyn TokenCredential>)
            }
        };
        credential.map_err(|error| token_error(&error))
    }

    /// A refusal for a wrong cloud, tenant or audience, told with the values in use: no other error is the
    /// administrator's to correct in our arguments (faults.md A9).
    fn explained(&self, error: TokenError) -> TokenError {
        let (code, message) = match error {
            TokenError::Refused {
                code: Some(code),
                message,
            } => (code, message),
            other @ (TokenError::Refused { code: None, .. }
            | TokenError::Misconfigured { .. }
            | TokenError::Throttled { .. }
            | TokenError::Unavailable { .. }
            | TokenError::Local { .. }
            | TokenError::Assertion { .. }
            | TokenError::ClaimsUnsupported
            | TokenError::DeadlineExceeded) => return other,
        };
        let reason = match code {
            // "The resource principal named … was not found in the tenant".
            500_011 => "WrongAudience",
            // "Tenant … not found."
            90_002 => "WrongTenant",
            // "The specified tenant … belongs to the National Cloud …"; "Confidential Client is not supported in Cross
            // Cloud request"; "USGClientNotSupportedOnPublicEndpoint".
            90_038 | 900_382 | 900_432 | 900_439 => "WrongCloud",
            // "Application with identifier … was not found in the directory": the tenant is wrong or the client id is, or
            // it is too new to be known everywhere.
            700_016 => {
                return TokenError::Refused {
                    code: Some(code),
                    message: stable_line(&format!("{}: {message}", self.in_use())),
                };
            }
            _ => {
                return TokenError::Refused {
                    code: Some(code),
                    message,
                };
            }
        };
        TokenError::Misconfigured {
            reason,
            // Ours first: the line may be cut.
            message: stable_line(&format!("{}: {message}", self.in_use())),
        }
    }

    fn client_options(&self, claims: Option<Claims>) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority.as_https().to_string();
        ClientOptions {
            cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
            transport: Some(SdkTransport::new(Arc::new(self.client.asking_for(claims)))),
            // The cache above bounds the whole exchange; what takes longer is tried again by whoever needs the token.
            retry: RetryOptions::exponential(ExponentialRetryOptions {
                initial_delay: SdkDuration::milliseconds(300),
                max_retries: 2,
                max_total_elapsed: SdkDuration::seconds(5),
                max_delay: SdkDuration::seconds(2),
            }),
            ..ClientOptions::default()
        }
    }
}

impl Mint for Credential {
    fn mint(&self, claims: Option<&Claims>) -> BoxFuture<'_, Result<Minted, TokenError>> {
        self.exchange(claims.cloned()).boxed()
    }

    fn fingerprint(&self) -> u64 {
        match &self.source {
            Source::ClientSecret {
                secret: SecretSource::File(path, key),
                ..
            } => fingerprint(path, key),
            Source::ClientSecret {
                secret: SecretSource::Value(_),
                ..
            }
            | Source::Federated { .. }
            | Source::ManagedIdentity { .. } => 0,
        }
    }

    fn in_use(&self) -> String {
        let Self {
            source,
            authority,
            audience,
            ..
        } = self;
        match source {
            Source::Federated {
                tenant_id,
                client_id,
                ..
            }
            | Source::ClientSecret {
                tenant_id,
                client_id,
                ..
            } => format!(
                "client `{client_id}` of tenant `{tenant_id}` at authority `{authority}`, for audience `{audience}`"
            ),
            Source::ManagedIdentity {
                client_id: Some(client_id),
            } => format!("managed identity `{client_id}`, for audience `{audience}`"),
            Source::ManagedIdentity { client_id: None } => {
                format!("the machine's managed identity, for audience `{audience}`")
            }
        }
    }
}

/// A federated token that was just got. The library takes copies of it, which are not wiped.
pub(super) struct Assertion(pub(super) Zeroizing<String>);

impl fmt::Debug for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assertion(redacted)")
    }
}

impl ClientAssertion for Assertion {
    // Written out as `async_trait` would, which is not worth a dependency.
    fn secret<'life0, 'life1, 'async_trait>(
        &'life0 self,
        _options: Option<ClientMethodOptions<'life1>>,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<String>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(std::future::ready(Ok(self.0.as_str().to_owned())))
    }
}

/// The library gives a point on the wall clock; only here and now does it say how long that is.
fn minted(token: &AccessToken) -> Minted {
    let lifetime = token.expires_on - OffsetDateTime::now_utc();
    Minted {
        secret: Zeroizing::new(token.token.secret().to_owned()),
        lifetime: Duration::try_from(lifetime).unwrap_or(Duration::ZERO),
    }
}
