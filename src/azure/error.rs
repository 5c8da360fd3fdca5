//! What can go wrong with a call to ARM, who must act, and whether a write may have happened all the same.

use std::time::Duration;

pub use super::classify::Class;
use super::{
    classify::classify,
    message::{chain_line, stable_line},
    token::TokenError,
    transport::TransportError,
};

/// Shortest wait that is taken from a `Retry-After`; a service that says 0 still gets a pause.
const RETRY_AFTER_MIN: Duration = Duration::from_secs(1);
/// Longest wait that is taken from a `Retry-After`: ARM's own upper bound (arm-kusto.md §3.1).
const RETRY_AFTER_MAX: Duration = Duration::from_mins(10);

/// A call that did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ArmError {
    /// There is no token to call with; ARM was not asked.
    #[error("no token for Azure")]
    Token(#[source] TokenError),
    /// ARM did not answer, or not to the end.
    #[error("no complete answer from Azure")]
    NoAnswer {
        /// Whether the call was to change something.
        intent: Intent,
        /// What happened on the way.
        #[source]
        source: TransportError,
    },
    /// ARM said no.
    #[error("{0}")]
    Refused(Refusal),
    /// ARM answered something that cannot be what was asked for: nothing, HTML, another document.
    #[error("Azure answered {status} with something that is not {expected}: {detail}")]
    Malformed {
        /// Whether the call was to change something.
        intent: Intent,
        /// The HTTP status.
        status: u16,
        /// What was expected.
        expected: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

/// What a call is to do, by whichever method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Intent {
    /// To look, polls included.
    Read,
    /// To create or to replace.
    Write,
    /// To take away.
    Delete,
}

/// Whether a write that failed may have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteOutcome {
    /// It was not: it may simply be tried again.
    NotApplied,
    /// Nobody knows: look at the resource before anything else is written.
    Unknown,
}

/// An error answer of ARM's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}Azure answered {status} {code}: {message}", .unaccepted.prefix())]
pub struct Refusal {
    /// Whether the call was to change something.
    pub intent: Intent,
    /// The HTTP status.
    pub status: u16,
    /// ARM's code; empty when the answer has none, as a gateway's HTML page.
    pub code: String,
    /// ARM's message, of which at most 4096 characters are kept; empty when the answer has none.
    pub message: String,
    /// How long ARM wants us to wait, between a second and ten minutes.
    pub retry_after: Option<Duration>,
    /// What we know of a 401 besides.
    pub unaccepted: Unaccepted,
}

/// Why a token was not accepted, as far as ARM's code and message do not say it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Unaccepted {
    /// It was, or nothing more is known.
    #[default]
    Unexplained,
    /// The token has been replaced since, and nothing was sent with the new one: the next try is the first with it.
    Replaced,
    /// ARM asks for claims in the token, and still did after it got a new one (faults.md A7).
    ClaimsRequired,
    /// Cloud, tenant and audience do not fit together (faults.md A9).
    Misfit {
        /// Which ones are in use.
        in_use: String,
    },
}

impl Unaccepted {
    /// What stands before ARM's words.
    fn prefix(&self) -> String {
        match self {
            Self::Misfit { in_use } => format!("{in_use}: "),
            Self::Unexplained | Self::Replaced | Self::ClaimsRequired => String::new(),
        }
    }
}

impl Refusal {
    pub(super) fn class(&self) -> Class {
        self.verdict().0
    }

    fn verdict(&self) -> (Class, &'static str) {
        match self.unaccepted {
            Unaccepted::Replaced => (Class::Transient, "AuthenticationFailed"),
            Unaccepted::ClaimsRequired => (Class::Unauthenticated, "ClaimsRequired"),
            Unaccepted::Unexplained | Unaccepted::Misfit { .. } => {
                classify(Some(self.status), &self.code, &self.message)
            }
        }
    }

    fn user_message(&self) -> String {
        let said = match (self.code.as_str(), self.message.as_str()) {
            ("", "") => format!("Azure answered {} without saying why", self.status),
            (code, "") => format!("{code} (Azure answered {})", self.status),
            ("", message) => message.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        // First what the reader has to grant or to correct, since ARM's sentence may be cut.
        match (&self.unaccepted, self.missing_permission()) {
            (Unaccepted::ClaimsRequired, _) => stable_line(&format!(
                "Azure asks for claims that the token did not hold, a new one neither; see the conditional access \
                 policies for this identity: {said}"
            )),
            (Unaccepted::Misfit { in_use }, _) => stable_line(&format!("{in_use}: {said}")),
            (Unaccepted::Replaced, _) => stable_line(&format!(
                "Azure did not accept the token, which has been replaced: {said}"
            )),
            (Unaccepted::Unexplained, Some((action, scope))) => stable_line(&format!(
                "the identity lacks `{action}` on `{scope}`: {said}"
            )),
            (Unaccepted::Unexplained, None) => stable_line(&said),
        }
    }

    fn missing_permission(&self) -> Option<(&str, &str)> {
        missing_permission(&self.message).filter(|_| self.status == 403)
    }
}

impl ArmError {
    /// Who must act.
    #[must_use]
    pub fn class(&self) -> Class {
        match self {
            Self::Token(error) => error.class(),
            Self::NoAnswer { .. } | Self::Malformed { .. } => Class::Transient,
            Self::Refused(refusal) => refusal.class(),
        }
    }

    /// One `CamelCase` word for a condition; stable.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Token(error) => error.reason(),
            Self::NoAnswer {
                source: TransportError::BodyTooLarge { .. },
                ..
            }
            | Self::Malformed { .. } => "MalformedAnswer",
            Self::NoAnswer { .. } => "ArmUnavailable",
            Self::Refused(refusal) => refusal.verdict().1,
        }
    }

    /// Whether ARM said that what holds the resource (its cluster or resource group) does not exist.
    #[must_use]
    pub fn is_parent_missing(&self) -> bool {
        self.reason() == "ParentNotFound"
    }

    /// The action and the scope that the identity lacks, in ARM's spelling, when ARM refused for that and named them.
    #[must_use]
    pub fn missing_permission(&self) -> Option<(&str, &str)> {
        match self {
            Self::Refused(refusal) => refusal.missing_permission(),
            Self::Token(_) | Self::NoAnswer { .. } | Self::Malformed { .. } => None,
        }
    }

    /// How long to wait at least, between a second and ten minutes, when Azure said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Token(error) => error.retry_after(),
            Self::Refused(refusal) => refusal.retry_after,
            Self::NoAnswer { .. } | Self::Malformed { .. } => None,
        }
    }

    /// Whether the write that failed may have been carried out. Always [`WriteOutcome::NotApplied`] for reads.
    #[must_use]
    pub fn outcome(&self) -> WriteOutcome {
        let (intent, applied) = match self {
            Self::Token(_) => return WriteOutcome::NotApplied,
            Self::NoAnswer { intent, source } => (intent, source.may_have_arrived()),
            // The 504 of ARM's gateway is known to hide a write that goes on (terraform-provider-azurerm #32161); of
            // the other 5xx nobody promises otherwise.
            Self::Refused(refusal) => (&refusal.intent, refusal.status >= 500),
            Self::Malformed { intent, .. } => (intent, true),
        };
        match intent {
            Intent::Write | Intent::Delete if applied => WriteOutcome::Unknown,
            Intent::Read | Intent::Write | Intent::Delete => WriteOutcome::NotApplied,
        }
    }

    /// One line for the object's author: the same for each attempt at the same thing, 512 characters at most.
    #[must_use]
    pub fn user_message(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.user_message(),
            Self::Token(_) | Self::NoAnswer { .. } | Self::Malformed { .. } => chain_line(self),
        }
    }
}

/// Reads the value of a `Retry-After` header: whole seconds, clamped to 1 s ..= 10 min.
///
/// `None` for anything else. ARM's contract knows no dates here (arm-kusto.md §3.1), and one would need a clock that
/// agrees with theirs.
#[must_use]
pub(super) fn parse_retry_after(value: &str) -> Option<Duration> {
    let digits = value.trim();
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit are a very long time.
    let wait = digits.parse().map_or(RETRY_AFTER_MAX, Duration::from_secs);
    Some(wait.clamp(RETRY_AFTER_MIN, RETRY_AFTER_MAX))
}

/// The action and the scope that ARM's two sentences about missing roles name:
/// `… does not have authorization to perform action 'A' over scope 'S' …` and
/// `… has permission to perform action 'A' on scope 'S'; however, it does not have permission to perform action(s) 'B'
/// on the linked scope(s) 'T' …`, of which the second half counts.
fn missing_permission(message: &str) -> Option<(&str, &str)> {
    let (_, lacking) = message.rsplit_once("does not have")?;
    let (_, from_action) = lacking.split_once("action")?;
    let (action, rest) = quoted(from_action)?;
    let (_, from_scope) = rest.split_once("scope")?;
    let (scope, _) = quoted(from_scope)?;
    Some((action, scope))
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let (_, open) = text.split_once('\'')?;
    open.split_once('\'')
}

#[cfg(test)]
mod tests;
