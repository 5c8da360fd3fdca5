//! Which identity the operator uses towards Entra.

use std::{fmt, hash::RandomState, path::PathBuf, str::FromStr, sync::Arc};

use futures::future::BoxFuture;
use zeroize::Zeroizing;

use self::{exchange::Credential, file::TokenFile};
use super::{
    cloud::{Cloud, CloudError},
    entra_id::entra_id,
    token::{Mint, TokenError},
    transport::Transport,
};

mod exchange;
mod file;

/// How to prove who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CredentialKind {
    /// Whatever the environment offers: a federated token, else a client secret, else a managed identity.
    #[default]
    Auto,
    /// A projected Kubernetes token, exchanged at Entra.
    WorkloadIdentity,
    /// The identity of the machine, asked from its metadata service.
    ManagedIdentity,
    /// A client secret.
    ClientSecret,
}

impl CredentialKind {
    /// The name as users write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::WorkloadIdentity => "workload-identity",
            Self::ManagedIdentity => "managed-identity",
            Self::ClientSecret => "client-secret",
        }
    }
}

impl fmt::Display for CredentialKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CredentialKind {
    type Err = CredentialError;

    fn from_str(raw: &str) -> Result<Self, CredentialError> {
        [
            Self::Auto,
            Self::WorkloadIdentity,
            Self::ManagedIdentity,
            Self::ClientSecret,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == raw)
        .ok_or_else(|| CredentialError::Kind(raw.to_owned()))
    }
}

/// What the process's environment says about our identity. Empty values count as absent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CredentialEnvironment {
    /// `AZURE_TENANT_ID`.
    pub tenant_id: Option<String>,
    /// `AZURE_CLIENT_ID`.
    pub client_id: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub client_secret: Option<Zeroizing<String>>,
    /// A file with the client secret, read again for each exchange; wins over `client_secret`.
    pub client_secret_file: Option<PathBuf>,
    /// `AZURE_FEDERATED_TOKEN_FILE`, read again for each exchange.
    pub federated_token_file: Option<PathBuf>,
}

impl CredentialEnvironment {
    fn without_empty(self) -> Self {
        let text = |value: Option<String>| value.filter(|value| !value.trim().is_empty());
        let secret = self.client_secret.filter(|value| !value.trim().is_empty());
        let path = |value: Option<PathBuf>| value.filter(|value| !value.as_os_str().is_empty());
        Self {
            tenant_id: text(self.tenant_id),
            client_id: text(self.client_id),
            client_secret: secret,
            client_secret_file: path(self.client_secret_file),
            federated_token_file: path(self.federated_token_file),
        }
    }
}

impl fmt::Debug for CredentialEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialEnvironment")
            .field("tenant_id", &self.tenant_id)
            .field("client_id", &self.client_id)
            .field(
                "client_secret",
                &self.client_secret.as_ref().map(|_| "redacted"),
            )
            .field("client_secret_file", &self.client_secret_file)
            .field("federated_token_file", &self.federated_token_file)
            .finish()
    }
}

/// What is missing for the chosen kind of credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No credential has this name.
    #[error("`{0}` must be auto, workload-identity, managed-identity or client-secret")]
    Kind(String),
    /// A value is not set.
    #[error("`{name}` must be set for the {kind} credential")]
    Missing {
        /// The environment variable.
        name: &'static str,
        /// The kind that was asked for or picked.
        kind: CredentialKind,
    },
    /// A value cannot be an id.
    #[error("`{name}` must be an id of letters, digits, hyphens and periods, not `{value}`")]
    NotAnId {
        /// The environment variable.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// Entra's address cannot be used.
    #[error(transparent)]
    Authority(#[from] CloudError),
}

/// The credential that `kind` and the environment ask for, and which one that is: never [`CredentialKind::Auto`].
///
/// Nothing is kept between two exchanges, so rotated files are seen. Managed identity also reads the variables that
/// Azure's platforms set for it (`IDENTITY_ENDPOINT` and its like).
///
/// # Errors
/// [`CredentialError`] names what is missing.
pub fn mint<T: Transport + Clone>(
    kind: CredentialKind,
    environment: &CredentialEnvironment,
    cloud: &Cloud,
    transport: &T,
) -> Result<(CredentialKind, Arc<dyn Mint>), CredentialError> {
    let source = Source::choose(kind, environment.clone())?;
    let kind = source.kind();
    Ok((kind, Arc::new(Credential::new(source, cloud, transport)?)))
}

/// Where a federated assertion comes from; asked anew for each exchange.
pub trait AssertionSource: Send + Sync + 'static {
    /// An assertion that is valid now, without white space around it.
    ///
    /// # Errors
    /// [`TokenError::Assertion`] says who must act; [`TokenError::Local`] is for what passes by itself.
    fn assertion(&self) -> BoxFuture<'_, Result<Zeroizing<String>, TokenError>>;
}

/// The identity that `assertions` are exchanged for: of `client_id` in `tenant_id`, which may come from whoever may
/// annotate an account, so both are checked. The authority is always the cloud's.
///
/// # Errors
/// [`CredentialError`] when an id is none.
pub fn federated<T: Transport + Clone>(
    tenant_id: &str,
    client_id: &str,
    assertions: Arc<dyn AssertionSource>,
    cloud: &Cloud,
    transport: &T,
) -> Result<Arc<dyn Mint>, CredentialError> {
    let source = Source::Federated {
        tenant_id: checked_id("tenant id", tenant_id)?,
        client_id: checked_id("client id", client_id)?,
        assertions,
    };
    Ok(Arc::new(Credential::new(source, cloud, transport)?))
}

enum Source {
    Federated {
        tenant_id: String,
        client_id: String,
        assertions: Arc<dyn AssertionSource>,
    },
    ManagedIdentity {
        client_id: Option<String>,
    },
    ClientSecret {
        tenant_id: String,
        client_id: String,
        secret: SecretSource,
    },
}

enum SecretSource {
    Value(Zeroizing<String>),
    /// The key is for its fingerprint.
    File(PathBuf, RandomState),
}

impl Source {
    fn choose(
        kind: CredentialKind,
        environment: CredentialEnvironment,
    ) -> Result<Self, CredentialError> {
        let CredentialEnvironment {
            tenant_id,
            client_id,
            client_secret,
            client_secret_file,
            federated_token_file,
        } = environment.without_empty();
        let has_secret = client_secret.is_some() || client_secret_file.is_some();
        let kind = match kind {
            CredentialKind::Auto if federated_token_file.is_some() => {
                CredentialKind::WorkloadIdentity
            }
            CredentialKind::Auto if has_secret => CredentialKind::ClientSecret,
            CredentialKind::Auto => CredentialKind::ManagedIdentity,
            CredentialKind::WorkloadIdentity
            | CredentialKind::ManagedIdentity
            | CredentialKind::ClientSecret => kind,
        };
        let missing = |name| CredentialError::Missing { name, kind };
        let client_id = client_id
            .map(|value| checked_id("AZURE_CLIENT_ID", &value))
            .transpose()?;
        let ids = |client_id: Option<String>| -> Result<_, CredentialError> {
            let tenant_id = tenant_id.ok_or_else(|| missing("AZURE_TENANT_ID"))?;
            let client_id = client_id.ok_or_else(|| missing("AZURE_CLIENT_ID"))?;
            Ok((checked_id("AZURE_TENANT_ID", &tenant_id)?, client_id))
        };
        match kind {
            CredentialKind::WorkloadIdentity => {
                let (tenant_id, client_id) = ids(client_id)?;
                let token_file =
                    federated_token_file.ok_or_else(|| missing("AZURE_FEDERATED_TOKEN_FILE"))?;
                Ok(Self::Federated {
                    tenant_id,
                    client_id,
                    assertions: Arc::new(TokenFile(token_file)),
                })
            }
            CredentialKind::ClientSecret => {
                let (tenant_id, client_id) = ids(client_id)?;
                let secret = match (client_secret_file, client_secret) {
                    (Some(path), _) => SecretSource::File(path, RandomState::new()),
                    (None, Some(secret)) => SecretSource::Value(secret),
                    (None, None) => return Err(missing("AZURE_CLIENT_SECRET")),
                };
                Ok(Self::ClientSecret {
                    tenant_id,
                    client_id,
                    secret,
                })
            }
            CredentialKind::Auto | CredentialKind::ManagedIdentity => {
                Ok(Self::ManagedIdentity { client_id })
            }
        }
    }

    fn kind(&self) -> CredentialKind {
        match self {
            Self::Federated { .. } => CredentialKind::WorkloadIdentity,
            Self::ManagedIdentity { .. } => CredentialKind::ManagedIdentity,
            Self::ClientSecret { .. } => CredentialKind::ClientSecret,
        }
    }
}

fn checked_id(name: &'static str, value: &str) -> Result<String, CredentialError> {
    entra_id(value)
        .map(str::to_owned)
        .ok_or_else(|| CredentialError::NotAnId {
            name,
            value: value.trim().to_owned(),
        })
}

#[cfg(test)]
mod tests;
