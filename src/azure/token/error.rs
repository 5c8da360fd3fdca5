//! Pure. Why there is no token, and who must act.

use std::time::Duration;

use super::EXCHANGE_DEADLINE;
use crate::azure::classify::Class;

/// Why there is no token. Cloned for everyone who waited for the same exchange, so causes are text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The identity provider does not accept the credential.
    #[error("the identity provider refused: {message}")]
    Refused {
        /// Entra's number, as `70021` in `AADSTS70021`.
        code: Option<u32>,
        /// Its message in one line.
        message: String,
    },
    /// The identity provider says that cloud, tenant and audience do not fit together (faults.md A9).
    #[error("the identity provider refused: {message}")]
    Misconfigured {
        /// One `CamelCase` word for a condition; stable.
        reason: &'static str,
        /// The values in use, then its message, in one line.
        message: String,
    },
    /// The identity provider was asked too often.
    #[error("the identity provider was asked too often: {message}")]
    Throttled {
        /// How long it wants us to wait, between a second and ten minutes.
        retry_after: Option<Duration>,
        /// Its message in one line.
        message: String,
    },
    /// The identity provider could not be reached, or is in trouble itself.
    #[error("the identity provider is not available: {message}")]
    Unavailable {
        /// What happened, in one line.
        message: String,
    },
    /// What the credential is made of is not there, such as a token file that is being rotated.
    #[error("the credential is not available: {message}")]
    Local {
        /// What is missing, in one line.
        message: String,
    },
    /// Who issues the federated token gives none.
    #[error("there is no federated token: {message}")]
    Assertion {
        /// Who must act.
        class: Class,
        /// One `CamelCase` word for a condition; stable.
        reason: &'static str,
        /// What happened, in one line.
        message: String,
    },
    /// Azure wants claims in the token that this kind of credential cannot ask for (faults.md A7).
    #[error(
        "Azure asks for a token with more claims, which a managed identity cannot get; use workload identity or a client \
         secret, or change the conditional access policy"
    )]
    ClaimsUnsupported,
    /// No answer in time.
    #[error("the identity provider did not answer within {} seconds", EXCHANGE_DEADLINE.as_secs())]
    DeadlineExceeded,
}

impl TokenError {
    /// Who must act.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Refused { .. } | Self::ClaimsUnsupported => Class::Unauthenticated,
            Self::Misconfigured { .. } => Class::Misconfigured,
            Self::Throttled { .. } => Class::Throttled,
            Self::Assertion { class, .. } => *class,
            Self::Unavailable { .. } | Self::Local { .. } | Self::DeadlineExceeded => {
                Class::Transient
            }
        }
    }

    /// One `CamelCase` word for a condition; stable.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            // "No matching federated identity record found", or none at all: often only not known everywhere yet
            // (faults.md A3).
            Self::Refused {
                code: Some(70_021 | 70_025 | 700_211..=700_213),
                ..
            } => "FederatedCredentialNotFound",
            Self::Refused { .. } => "CredentialRefused",
            Self::Misconfigured { reason, .. } | Self::Assertion { reason, .. } => reason,
            Self::ClaimsUnsupported => "ClaimsRequired",
            Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Local { .. }
            | Self::DeadlineExceeded => "TokenUnavailable",
        }
    }

    /// How long to wait at least, when the identity provider said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after, .. } => *retry_after,
            Self::Refused { .. }
            | Self::Misconfigured { .. }
            | Self::Unavailable { .. }
            | Self::Local { .. }
            | Self::Assertion { .. }
            | Self::ClaimsUnsupported
            | Self::DeadlineExceeded => None,
        }
    }
}
