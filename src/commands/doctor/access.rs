//! Whether an object is served, judged by the operator's own code, and the policy that would allow it. Pure.

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    api::{
        AttachedDatabase, ConditionType, GROUP, POLICY_KIND, PrincipalsModificationKind, VERSION,
    },
    azure::id::ClusterId,
    controller::{
        Identity, Tenancy,
        access::{
            Access, CLIENT_ID_ANNOTATION, Demand, Flaw, Kind, Known, NamedBy, Reach, Refusal,
            TENANT_ID_ANNOTATION, judge,
        },
        block::Block,
        outcome::Outcome,
        report::{Record, Seen, Subject},
        validate::{Desired, validate},
    },
};

use super::{
    checks::{Check, Topic},
    remedy::{annotate_account, create_account},
};

/// Longest name of an object in Kubernetes.
const NAME_MAX: usize = 253;

/// A refusal that has lasted so long is told (`Block::is_premature`).
const LASTING: Duration = Duration::from_mins(1);

/// Judges `object`, which declares `desired`: the check, and who serves it.
#[must_use]
pub fn served(
    tenancy: &Tenancy,
    known: &Known,
    object: &AttachedDatabase,
    desired: &Desired,
) -> (Check, Option<Identity>) {
    let demand = Demand::of(object, Some(desired));
    match judge(tenancy, &demand, known) {
        Access::Granted(identity) => {
            let message = match &identity {
                Identity::Operator => match known.allows(&demand) {
                    Ok(policy) => format!("the operator's identity, by the policy {policy}"),
                    Err(_) => "the operator's identity, by `--allow-all`".to_owned(),
                },
                Identity::Account(account) => format!(
                    "the identity of the ServiceAccount {}: client {} of tenant {}",
                    account.name, account.client_id, account.tenant_id
                ),
            };
            (Check::ok(Topic::Access, message), Some(identity))
        }
        Access::Refused(refusal) => {
            let message = message(object, desired, refusal.clone());
            let check = Check::fail(Topic::Access, message);
            (
                check.mended_by_all(remedies(object, &demand, &refusal)),
                None,
            )
        }
    }
}

/// The clusters that `object` lets the operator's identity touch: none where that identity does not serve it, whatever
/// its author wrote.
#[must_use]
pub fn lent(tenancy: &Tenancy, known: &Known, object: &AttachedDatabase) -> Vec<ClusterId> {
    let Ok(desired) = validate(object) else {
        return Vec::new();
    };
    match judge(tenancy, &Demand::of(object, Some(&desired)), known) {
        Access::Granted(Identity::Operator) => {
            vec![desired.configuration.cluster().clone(), desired.leader]
        }
        Access::Granted(Identity::Account(_)) | Access::Refused(_) => Vec::new(),
    }
}

/// Whether who serves `object` depends on what is known of `kind`.
#[must_use]
pub fn depends(tenancy: &Tenancy, object: &AttachedDatabase, kind: Kind) -> bool {
    let has_own = match tenancy {
        Tenancy::Lockdown { .. } => true,
        Tenancy::Policies(_) | Tenancy::AllowAll(_) => object.spec.service_account_name.is_some(),
    };
    match kind {
        Kind::Accounts => has_own,
        Kind::Policies | Kind::Namespaces => !has_own && tenancy.heeds_policies(),
    }
}

/// The sentence that the object's author would read in its status.
fn message(object: &AttachedDatabase, desired: &Desired, refusal: Refusal) -> String {
    let (record, seen) = (Record::default(), Seen::default());
    let subject = Subject {
        object,
        desired: Some(desired),
        record: &record,
        seen: &seen,
        failing_for: LASTING,
        now: Timestamp::UNIX_EPOCH,
    };
    let status = subject.status(&Outcome::Blocked(Block::Refused(refusal)));
    let conditions = status.unwrap_or_default().conditions;
    let ready = conditions
        .into_iter()
        .find(|condition| condition.type_ == ConditionType::Ready.as_str());
    ready.map(|ready| ready.message).unwrap_or_default()
}

fn remedies(object: &AttachedDatabase, demand: &Demand<'_>, refusal: &Refusal) -> Vec<String> {
    let namespace = demand.namespace;
    let object = object.metadata.name.as_deref().unwrap_or_default();
    match refusal {
        Refusal::NotAllowed => {
            let reach = demand.reach.as_ref();
            reach
                .map(|reach| policy(namespace, object, reach))
                .into_iter()
                .collect()
        }
        Refusal::Unknown(_) => Vec::new(),
        Refusal::AccountNotFound {
            name,
            named_by: NamedBy::Object | NamedBy::Operator,
        } => {
            let annotations = [CLIENT_ID_ANNOTATION, TENANT_ID_ANNOTATION];
            std::iter::once(create_account(namespace, name))
                .chain(annotations.map(|annotation| annotate_account(namespace, name, annotation)))
                .collect()
        }
        Refusal::AccountIncomplete {
            name,
            annotation,
            flaw: Flaw::Missing | Flaw::Malformed,
        } => vec![annotate_account(namespace, name, annotation)],
        Refusal::OwnIdentityDisabled => vec![format!(
            "kubectl patch attdb {object} -n {namespace} --type json -p \
             '[{{\"op\":\"remove\",\"path\":\"/spec/serviceAccountName\"}}]'"
        )],
    }
}

/// A policy that allows `reach` to the namespace and nothing besides: for an administrator, who may want a wider one.
fn policy(namespace: &str, object: &str, reach: &Reach) -> String {
    let Reach {
        follower,
        leader,
        database,
        principals,
    } = reach;
    let mut name = format!("{namespace}-{object}");
    name.truncate(NAME_MAX);
    let name = name.trim_end_matches(['-', '.']);
    // A JSON text is a YAML text, whatever stands in it, and has no line breaks.
    let text = |value: &str| serde_json::Value::from(value).to_string();
    let principals = match principals {
        Some(PrincipalsModificationKind::Replace) => "\n  principalsModificationKinds: [Replace]",
        Some(PrincipalsModificationKind::Union | PrincipalsModificationKind::None) | None => "",
    };
    format!(
        "# for an administrator of this Kubernetes cluster:\n\
         kubectl apply -f - <<'EOF'\n\
         apiVersion: {GROUP}/{VERSION}\n\
         kind: {POLICY_KIND}\n\
         metadata:\n\
         \x20 name: {name}\n\
         spec:\n\
         \x20 namespaces:\n\
         \x20   matchLabels:\n\
         \x20     kubernetes.io/metadata.name: {}\n\
         \x20 followers:\n\
         \x20 - {}\n\
         \x20 leaders:\n\
         \x20 - scope: {}\n\
         \x20   databases: [{}]{principals}\n\
         EOF",
        text(namespace),
        text(&follower.to_string()),
        text(&leader.to_string()),
        text(database.as_str()),
    )
}

#[cfg(test)]
mod tests;
