//! Who may do what on an object's behalf, and as whom. Pure.
//!
//! Whoever creates an object borrows the rights of the identity that serves it (faults.md §7.1). So an object is served
//! either by an identity of its own, where Azure's roles decide, or by the operator's, where an `AttachmentPolicy` does;
//! by nobody else's. It is judged before anything is read of Azure: a refusal says nothing about what exists there.

mod book;
mod confirm;
mod known;
mod listen;
mod policy;

use std::{fmt, sync::Arc};

use crate::{
    api::{AttachedDatabase, Ownership, PrincipalsModificationKind},
    azure::id::ClusterId,
};

use super::{
    claims::Standing,
    validate::{Database, Desired},
};

pub use book::{Book, Changed, Whose};
pub use confirm::confirm;
pub use known::{AccountFacts, AccountKey, Known, Labels, Shelf};
pub use listen::listen;
pub use policy::{Policy, PolicyError};

/// Annotations of a ServiceAccount that name its Azure identity, as azure-workload-identity and Flux read them
/// (kusto-dataplane.md §6).
pub const CLIENT_ID_ANNOTATION: &str = "azure.workload.identity/client-id";
/// See [`CLIENT_ID_ANNOTATION`].
pub const TENANT_ID_ANNOTATION: &str = "azure.workload.identity/tenant-id";

/// How this operator is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tenancy {
    /// The operator's identity is for those whom a policy allows it.
    Policies(OwnIdentities),
    /// The operator's identity is for everybody: a cluster of one team.
    AllowAll(OwnIdentities),
    /// The operator's identity is for nobody. An object that names no ServiceAccount has this one, of its own namespace.
    Lockdown {
        /// The ServiceAccount's name.
        default_account: String,
    },
}

/// Whether objects may name a ServiceAccount whose Azure identity serves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnIdentities {
    /// They may.
    Enabled,
    /// They may not, and the operator asks for nobody's token.
    Disabled,
}

impl Tenancy {
    /// Whether policies matter at all.
    #[must_use]
    pub fn heeds_policies(&self) -> bool {
        match self {
            Self::Policies(_) => true,
            Self::AllowAll(_) | Self::Lockdown { .. } => false,
        }
    }

    /// Whether objects may have an identity of their own.
    #[must_use]
    pub fn own_identities(&self) -> OwnIdentities {
        match self {
            Self::Policies(own) | Self::AllowAll(own) => *own,
            Self::Lockdown { .. } => OwnIdentities::Enabled,
        }
    }
}

/// Who talks to Azure on an object's behalf.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The operator.
    Operator,
    /// A ServiceAccount of the object's namespace.
    Account(Arc<Account>),
}

/// A ServiceAccount and the Azure identity that it stands for. All of it is the identity: one account with another
/// client id, or another account of the same name, is somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its `metadata.uid`.
    pub uid: String,
    /// The client id that its annotation names.
    pub client_id: String,
    /// The tenant id that its annotation names.
    pub tenant_id: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Account(account) => write!(f, "{}/{}", account.namespace, account.name),
        }
    }
}

/// Whether an object is served, and by which identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// By this one.
    Granted(Identity),
    /// By nobody.
    Refused(Refusal),
}

/// Why an object is served by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No policy allows it the operator's identity.
    NotAllowed,
    /// What decides is not known yet.
    Unknown(Kind),
    /// Its namespace has no such ServiceAccount.
    AccountNotFound {
        /// The name.
        name: String,
        /// Who named it.
        named_by: NamedBy,
    },
    /// The ServiceAccount does not say which Azure identity it stands for.
    AccountIncomplete {
        /// The account's name.
        name: String,
        /// The annotation that is missing or is no id.
        annotation: &'static str,
        /// Which of the two.
        flaw: Flaw,
    },
    /// It names a ServiceAccount, and that is switched off.
    OwnIdentityDisabled,
}

/// What is watched besides the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `AttachmentPolicy`.
    Policies,
    /// `Namespace`, for its labels.
    Namespaces,
    /// `ServiceAccount`, for its annotations.
    Accounts,
}

impl Kind {
    /// The plural name of the resource.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Policies => "attachmentpolicies",
            Self::Namespaces => "namespaces",
            Self::Accounts => "serviceaccounts",
        }
    }
}

/// Who chose a ServiceAccount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    /// The object: `spec.serviceAccountName`.
    Object,
    /// The operator: `--default-service-account`.
    Operator,
}

/// What is wrong with an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is not there, or empty.
    Missing,
    /// It can't be an id.
    Malformed,
}

/// What an object asks to be allowed.
#[derive(Clone, Debug)]
pub struct Demand<'a> {
    /// The object's namespace.
    pub namespace: &'a str,
    /// The ServiceAccount that it names.
    pub account: Option<&'a str>,
    /// What it wants to touch; `None` when its spec does not tell, and then no policy can allow it.
    pub reach: Option<Reach>,
}

/// The clusters and data that an object touches.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The follower cluster.
    pub follower: ClusterId,
    /// The leader cluster.
    pub leader: ClusterId,
    /// What is followed.
    pub database: Database,
    /// How principals combine; `None` for a deletion, which sets none.
    pub principals: Option<PrincipalsModificationKind>,
}

impl<'a> Demand<'a> {
    /// What `object`, which declares `desired`, asks for; `None` when its spec is unusable.
    #[must_use]
    pub fn of(object: &'a AttachedDatabase, desired: Option<&Desired>) -> Self {
        let is_going = object.metadata.deletion_timestamp.is_some();
        Self {
            namespace: object.metadata.namespace.as_deref().unwrap_or_default(),
            account: object.spec.service_account_name.as_deref(),
            reach: desired.map(|desired| Reach {
                follower: desired.configuration.cluster().clone(),
                leader: desired.leader.clone(),
                database: desired.database.clone(),
                principals: (!is_going).then_some(desired.principals),
            }),
        }
    }
}

/// Judges `demand` by what is known.
#[must_use]
pub fn judge(tenancy: &Tenancy, demand: &Demand<'_>, known: &Known) -> Access {
    let (name, named_by) = match (tenancy, demand.account) {
        (_, Some(name)) => (name, NamedBy::Object),
        (Tenancy::Lockdown { default_account }, None) => {
            (default_account.as_str(), NamedBy::Operator)
        }
        (Tenancy::AllowAll(_), None) => return Access::Granted(Identity::Operator),
        (Tenancy::Policies(_), None) => {
            return match known.allows(demand) {
                Ok(_) => Access::Granted(Identity::Operator),
                Err(refusal) => Access::Refused(refusal),
            };
        }
    };
    match tenancy.own_identities() {
        OwnIdentities::Disabled => Access::Refused(Refusal::OwnIdentityDisabled),
        OwnIdentities::Enabled => match known.account(demand.namespace, name, named_by) {
            Ok(account) => Access::Granted(Identity::Account(Arc::new(account))),
            Err(refusal) => Access::Refused(refusal),
        },
    }
}

/// Whether an object that is served like this has a say in whose a configuration is, before Azure has let it look.
///
/// Who may not act stands in nobody's way. What an identity of its own may do, Azure knows: until it has shown, only what
/// the object has attached itself speaks for it.
#[must_use]
pub fn standing(access: &Access, ownership: Option<Ownership>) -> Option<Standing> {
    match (access, ownership) {
        (Access::Granted(Identity::Operator), None) => Some(Standing::Asks),
        (Access::Granted(Identity::Operator), Some(_))
        | (Access::Granted(Identity::Account(_)), Some(Ownership::Created)) => Some(Standing::Owns),
        // To take over takes no right but to read.
        (Access::Granted(Identity::Account(_)), Some(Ownership::Adopted) | None)
        | (Access::Refused(_), _) => None,
    }
}

#[cfg(test)]
mod tests;
