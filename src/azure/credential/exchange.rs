//! One exchange of a credential for a token, by Microsoft's identity library.

use std::{fmt, future::Future, path::Path, pin::Pin, sync::Arc, time::Duration};

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

use super::{SecretSource, Source};
use crate::azure::{
    cloud::Endpoint,
    entra::{EntraClient, token_error},
    token::{Mint, Minted, TokenError},
};

/// An identity that can be exchanged for tokens.
pub(super) struct Credential {
    pub(super) source: Source,
    pub(super) authority: Endpoint,
    pub(super) scope: String,
    pub(super) client: Arc<EntraClient>,
}

impl Credential {
    async fn exchange(&self) -> Result<Minted, TokenError> {
        let credential = self.build()?;
        let token = credential
            .get_token(&[&self.scope], None)
            .await
            .map_err(|error| token_error(&error))?;
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
    fn build(&self) -> Result<Arc<dyn TokenCredential>, TokenError> {
        let client_options = self.client_options();
        let credential: azure_core::Result<Arc<dyn TokenCredential>> = match &self.source {
            Source::WorkloadIdentity {
                tenant_id,
                client_id,
                token_file,
            } => {
                let assertion = Assertion(read_secret("federated token file", token_file)?);
                ClientAssertionCredential::new(
                    tenant_id.clone(),
                    client_id.clone(),
                    assertion,
                    Some(ClientAssertionCredentialOptions { client_options }),
                )
                .map(|credential| credential as Arc<dyn TokenCredential>)
            }
            Source::ManagedIdentity { client_id } => {
                ManagedIdentityCredential::new(Some(ManagedIdentityCredentialOptions {
                    user_assigned_id: client_id.clone().map(UserAssignedId::ClientId),
                    client_options,
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
                    SecretSource::File(path) => read_secret("client secret file", path)?,
                };
                ClientSecretCredential::new(
                    tenant_id,
                    client_id.clone(),
                    secret,
                    Some(ClientSecretCredentialOptions { client_options }),
                )
                .map(|credential| credential as Arc<dyn TokenCredential>)
            }
        };
        credential.map_err(|error| token_error(&error))
    }

    fn client_options(&self) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = self.authority.as_https().to_string();
        ClientOptions {
            cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
            transport: Some(SdkTransport::new(self.client.clone())),
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
    fn mint(&self) -> BoxFuture<'_, Result<Minted, TokenError>> {
        self.exchange().boxed()
    }
}

/// A federated token that was just read.
pub(super) struct Assertion(pub(super) Secret);

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
        Box::pin(std::future::ready(Ok(self.0.secret().to_owned())))
    }
}

/// Reads a small file in memory (a projected volume), so without a thread of its own. White space around the secret
/// goes: Entra would get the newline that editors leave.
fn read_secret(what: &str, path: &Path) -> Result<Secret, TokenError> {
    let local = |problem: String| TokenError::Local {
        message: format!("the {what} `{}` {problem}", path.display()),
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| local(format!("cannot be read: {error}")))?;
    match text.trim() {
        "" => Err(local("is empty".to_owned())),
        secret => Ok(Secret::new(secret.to_owned())),
    }
}

/// The library gives a point on the wall clock; only here and now does it say how long that is.
fn minted(token: &AccessToken) -> Minted {
    let lifetime = token.expires_on - OffsetDateTime::now_utc();
    Minted {
        secret: token.token.secret().to_owned(),
        lifetime: Duration::try_from(lifetime).unwrap_or(Duration::ZERO),
    }
}
