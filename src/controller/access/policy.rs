//! A policy that can be asked. Pure.

use kube::core::{Selector, SelectorExt as _};
use thiserror::Error;

use crate::{
    api::{AttachmentPolicy, AttachmentPolicySpec, PrincipalsModificationKind},
    azure::{id::IdError, scope::Scope},
};

use super::{Reach, known::Labels};
use crate::controller::validate::Database;

/// An `AttachmentPolicy` with its ids read and its selector ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    namespaces: Selector,
    followers: Vec<Scope>,
    leaders: Vec<LeaderRule>,
    principals: Vec<PrincipalsModificationKind>,
}

#[derive(Clone, Debug, PartialEq)]
struct LeaderRule {
    scope: Scope,
    databases: Vec<Pattern>,
}

/// Which databases an entry allows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// `*`: each one, and every one at once.
    Any,
    /// `Sales*`: those whose name begins so. In lower case.
    Prefix(String),
    /// One name. In lower case.
    Name(String),
}

/// Why a policy can't be used. It allows nothing then: less than its author meant is safe, more would not be.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PolicyError {
    /// The selector can't be read.
    #[error("`spec.namespaces` must be a label selector: {0}")]
    Selector(String),
    /// A follower is no scope.
    #[error("`spec.followers` {0}")]
    Follower(IdError),
    /// A leader is no scope.
    #[error("`spec.leaders[].scope` {0}")]
    Leader(IdError),
    /// A database is no pattern.
    #[error(
        "`spec.leaders[].databases` must be names, or beginnings of names followed by `*`, not `{0}`"
    )]
    Pattern(String),
}

impl TryFrom<&AttachmentPolicy> for Policy {
    type Error = PolicyError;

    fn try_from(policy: &AttachmentPolicy) -> Result<Self, PolicyError> {
        let AttachmentPolicySpec {
            namespaces,
            followers,
            leaders,
            principals_modification_kinds,
        } = &policy.spec;
        Ok(Self {
            namespaces: namespaces.clone().try_into().map_err(
                |error: kube::core::ParseExpressionError| PolicyError::Selector(error.to_string()),
            )?,
            followers: followers
                .iter()
                .map(|scope| scope.parse().map_err(PolicyError::Follower))
                .collect::<Result<_, _>>()?,
            leaders: leaders
                .iter()
                .map(|rule| {
                    Ok(LeaderRule {
                        scope: rule.scope.parse().map_err(PolicyError::Leader)?,
                        databases: rule
                            .databases
                            .iter()
                            .map(|pattern| Pattern::read(pattern))
                            .collect::<Result<_, _>>()?,
                    })
                })
                .collect::<Result<_, PolicyError>>()?,
            principals: principals_modification_kinds.clone(),
        })
    }
}

impl Policy {
    /// Whether it allows the namespace with `labels` all of `reach`.
    #[must_use]
    pub fn allows(&self, labels: &Labels, reach: &Reach) -> bool {
        self.namespaces.matches(labels)
            && self
                .followers
                .iter()
                .any(|scope| scope.covers(&reach.follower))
            && self.leaders.iter().any(|rule| {
                rule.scope.covers(&reach.leader)
                    && rule
                        .databases
                        .iter()
                        .any(|pattern| pattern.allows(&reach.database))
            })
            && reach
                .principals
                .is_none_or(|kind| self.principals.contains(&kind))
    }
}

impl Pattern {
    fn read(text: &str) -> Result<Self, PolicyError> {
        let malformed = || PolicyError::Pattern(text.to_owned());
        let folded = text.to_ascii_lowercase();
        match folded.strip_suffix('*') {
            Some("") => Ok(Self::Any),
            Some(prefix) if !prefix.contains('*') => Ok(Self::Prefix(prefix.to_owned())),
            None if !folded.is_empty() => Ok(Self::Name(folded)),
            Some(_) | None => Err(malformed()),
        }
    }

    /// Names of databases are case-insensitive (arm-kusto.md §12).
    fn allows(&self, database: &Database) -> bool {
        match (self, database) {
            (Self::Any, Database::All | Database::One(_)) => true,
            // Every database is more than all that begin alike: those of tomorrow may be called anything.
            (Self::Prefix(_) | Self::Name(_), Database::All) => false,
            (Self::Prefix(prefix), Database::One(name)) => {
                name.to_ascii_lowercase().starts_with(prefix)
            }
            (Self::Name(known), Database::One(name)) => known.eq_ignore_ascii_case(name),
        }
    }
}
