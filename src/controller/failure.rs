//! A failed look or write, as the later steps need it. Pure.

use std::time::Duration;

use crate::azure::{
    credential::CredentialError,
    error::{ArmError, Class},
    operation::OperationFailure,
};

/// What went wrong, without the error itself: stable text between attempts, so that an unchanged
/// failure writes no status.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Who must act, and how patient we are.
    pub class: Class,
    /// The condition's reason.
    pub reason: &'static str,
    /// One line for the object's author.
    pub message: String,
    /// Azure's wish for the next try.
    pub retry_after: Option<Duration>,
}

impl From<&ArmError> for Failure {
    fn from(error: &ArmError) -> Self {
        Self {
            class: error.class(),
            reason: error.reason(),
            message: error.user_message(),
            retry_after: error.retry_after(),
        }
    }
}

impl From<&OperationFailure> for Failure {
    fn from(failure: &OperationFailure) -> Self {
        Self {
            class: failure.class(),
            reason: failure.reason(),
            message: failure.user_message(),
            retry_after: None,
        }
    }
}

impl From<&CredentialError> for Failure {
    fn from(error: &CredentialError) -> Self {
        Self {
            class: Class::Misconfigured,
            reason: "CredentialRefused",
            message: error.to_string(),
            retry_after: None,
        }
    }
}
