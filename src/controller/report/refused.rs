//! Why an object is served by nobody, in a sentence that its author can forward. Pure.
//!
//! Nothing is said but what the author has declared: neither what policies hold nor what exists in Azure.

use crate::{
    api::{POLICY_KIND, PrincipalsModificationKind},
    controller::{
        access::{Flaw, Kind, NamedBy, Refusal},
        validate::{Database, Desired},
    },
};

use super::Subject;

impl Subject<'_> {
    pub(super) fn refused(&self, refusal: &Refusal) -> String {
        match refusal {
            Refusal::NotAllowed => self.not_allowed(),
            Refusal::Unknown(kind) => format!(
                "the operator does not know yet who may do what: it waits for the list of {}; if this stays, see its log",
                match kind {
                    Kind::Policies => "attachment policies",
                    Kind::Namespaces => "namespaces",
                    Kind::Accounts => "service accounts",
                }
            ),
            Refusal::AccountNotFound {
                name,
                named_by: NamedBy::Object,
            } => format!(
                "`spec.serviceAccountName` must name a ServiceAccount of this namespace, and there is no {name}"
            ),
            Refusal::AccountNotFound {
                name,
                named_by: NamedBy::Operator,
            } => format!(
                "this cluster gives each namespace an Azure identity of its own, and the ServiceAccount {name} for it does \
                 not exist in this namespace; set `spec.serviceAccountName`, or ask an administrator of this Kubernetes \
                 cluster"
            ),
            Refusal::AccountIncomplete {
                name,
                annotation,
                flaw: Flaw::Missing,
            } => format!(
                "the ServiceAccount {name} must have the annotation `{annotation}`, which names its Azure identity"
            ),
            Refusal::AccountIncomplete {
                name,
                annotation,
                flaw: Flaw::Malformed,
            } => format!(
                "the annotation `{annotation}` of the ServiceAccount {name} must be an id of letters, digits, hyphens and \
                 periods"
            ),
            Refusal::OwnIdentityDisabled => {
                "`spec.serviceAccountName` must be absent: this operator serves no object with an identity of its own \
                 (`--object-identities=false`)"
                    .to_owned()
            }
        }
    }

    fn not_allowed(&self) -> String {
        let namespace = self
            .object
            .metadata
            .namespace
            .as_deref()
            .unwrap_or_default();
        let Some(desired) = self.desired else {
            return format!(
                "no {POLICY_KIND} allows namespace {namespace} to have this detached with the operator's identity"
            );
        };
        format!(
            "no {POLICY_KIND} allows namespace {namespace} to attach {} with the operator's identity; ask an administrator of \
             this Kubernetes cluster for one, or set `spec.serviceAccountName` to a ServiceAccount with an Azure identity \
             of its own",
            wish(desired)
        )
    }
}

/// All that a policy has to allow, in full, since an administrator reads it.
fn wish(desired: &Desired) -> String {
    let database = match &desired.database {
        Database::All => "every database (\"*\")".to_owned(),
        Database::One(name) => format!("database \"{name}\""),
    };
    let principals = match desired.principals {
        PrincipalsModificationKind::Replace => " with `defaultPrincipalsModificationKind` Replace",
        PrincipalsModificationKind::Union | PrincipalsModificationKind::None => "",
    };
    format!(
        "{database} of {} to {}{principals}",
        desired.leader,
        desired.configuration.cluster()
    )
}
