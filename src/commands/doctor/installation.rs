//! The API server's age, the policies and the objects as a whole, judged. Pure.

use jiff::Timestamp;

use crate::{
    api::AttachedDatabase,
    controller::{OwnIdentities, Tenancy},
    lint::output::plural,
};

use super::{
    checks::{Check, Topic},
    remedy::quoted,
    status::{LOOK_FOR_OPERATOR, Word, word},
};

/// The oldest minor version of Kubernetes 1 that is supported.
const OLDEST_MINOR: u32 = 33;

/// Policies that are named at most.
const MAX_NAMED: usize = 5;

/// Judges the version that the API server tells.
#[must_use]
pub fn version(major: &str, minor: &str) -> Check {
    let number = |text: &str| {
        // Clouds write `33+`.
        let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    let told = format!("Kubernetes {major}.{minor}");
    match (number(major), number(minor)) {
        (Some(1), Some(minor)) if minor >= OLDEST_MINOR => {
            Check::ok(Topic::Kubernetes, format!("{told} answers"))
        }
        (Some(1), Some(_)) => Check::fail(
            Topic::Kubernetes,
            format!("{told} answers, which is older than 1.{OLDEST_MINOR}, the oldest supported"),
        )
        .mended_by("kubectl version"),
        (Some(_) | None, Some(_) | None) => Check::warn(
            Topic::Kubernetes,
            format!("{told} answers, of which nobody knows whether it is supported"),
        ),
    }
}

/// A policy: its name, and why it can't be used if it can't.
pub type Listed = (String, Option<String>);

/// Judges who may use the operator's identity, by the policies that there are.
#[must_use]
pub fn policies(tenancy: &Tenancy, listed: &[Listed]) -> Check {
    match tenancy {
        Tenancy::AllowAll(_) => {
            return Check::warn(
                Topic::Policies,
                "every object may use the operator's identity (`--allow-all`): whoever can create one has its rights in \
                 Azure",
            );
        }
        Tenancy::Lockdown { default_account } => {
            return Check::ok(
                Topic::Policies,
                format!(
                    "an object has the identity of a ServiceAccount, {default_account} if it names none; the operator's \
                     is never used"
                ),
            );
        }
        Tenancy::Policies(_) => {}
    }
    let unusable: Vec<&Listed> = listed.iter().filter(|(_, flaw)| flaw.is_some()).collect();
    if let Some((name, Some(flaw))) = unusable.first() {
        let rest = unusable.len() - 1;
        let more = if rest == 0 {
            String::new()
        } else {
            format!(", and {rest} more")
        };
        let check = Check::warn(
            Topic::Policies,
            format!("the policy {name} can't be used and allows nothing: {flaw}{more}"),
        );
        return check.mended_by_all(unusable.iter().take(MAX_NAMED).map(|(name, _)| {
            format!(
                "kubectl get attachmentpolicy {} -o yaml | adx-follower lint -",
                quoted(name)
            )
        }));
    }
    if listed.is_empty() {
        let rest = match tenancy.own_identities() {
            OwnIdentities::Enabled => "; objects with `spec.serviceAccountName` need none",
            OwnIdentities::Disabled => "",
        };
        return Check::warn(
            Topic::Policies,
            format!(
                "there is no AttachmentPolicy, so nobody may use the operator's identity{rest}"
            ),
        )
        .mended_by("# prints the policy that an object needs:\nadx-follower doctor -A");
    }
    let message = match listed.len() {
        1 => "1 policy says who may use the operator's identity".to_owned(),
        count => format!("{count} policies say who may use the operator's identity"),
    };
    Check::ok(Topic::Policies, message)
}

/// Counts `objects` by what the operator says of them at wall time `now`.
#[must_use]
pub fn objects(objects: &[AttachedDatabase], unreadable: usize, now: Timestamp) -> Check {
    let count = |wanted: Word| {
        let counted = objects.iter().filter(|object| word(object, now) == wanted);
        counted.count()
    };
    let (missing, stalled) = (count(Word::Missing), count(Word::Stalled));
    let parts: Vec<String> = [
        (count(Word::Ready), "Ready"),
        (count(Word::Working), "in work"),
        (stalled, "Stalled"),
        (count(Word::Awaited), "just made"),
        (missing, "that no operator has looked at"),
        (unreadable, "that can't be read"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    let all = objects.len() + unreadable;
    if all == 0 {
        return Check::ok(Topic::Objects, "there are none yet");
    }
    let message = format!("{}: {}", plural(all, "object"), parts.join(", "));
    if missing == all {
        Check::fail(Topic::Objects, message).mended_by(LOOK_FOR_OPERATOR)
    } else if missing + stalled + unreadable > 0 {
        Check::warn(Topic::Objects, message).mended_by("adx-follower doctor -A")
    } else {
        Check::ok(Topic::Objects, message)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::commands::doctor::checks::Finding;

    #[test]
    fn versions_are_told_apart() {
        for (major, minor, result) in [
            ("1", "33", Finding::Ok),
            ("1", "33+", Finding::Ok),
            ("1", "40", Finding::Ok),
            ("1", "32", Finding::Fail),
            ("1", "9", Finding::Fail),
            ("2", "0", Finding::Warn),
            ("", "", Finding::Warn),
        ] {
            assert_eq!(version(major, minor).result, result, "{major}.{minor}");
        }
    }

    #[test]
    fn policies_matter_where_they_are_heeded() {
        use OwnIdentities::{Disabled, Enabled};
        let usable = ("a".to_owned(), None);
        let broken = ("b".to_owned(), Some("`spec.followers` no".to_owned()));
        let heeded = Tenancy::Policies(Enabled);
        for (tenancy, listed, result, told) in [
            (&heeded, vec![usable.clone()], Finding::Ok, "1 policy"),
            (
                &heeded,
                vec![usable.clone(), broken.clone(), broken],
                Finding::Warn,
                "the policy b can't be used and allows nothing: `spec.followers` no, and 1 more",
            ),
            (&heeded, vec![], Finding::Warn, "need none"),
            (
                &Tenancy::Policies(Disabled),
                vec![],
                Finding::Warn,
                "nobody may use the operator's identity",
            ),
            (
                &Tenancy::AllowAll(Enabled),
                vec![],
                Finding::Warn,
                "--allow-all",
            ),
            (
                &Tenancy::Lockdown {
                    default_account: "adx".to_owned(),
                },
                vec![],
                Finding::Ok,
                "adx if it names none",
            ),
        ] {
            let check = policies(tenancy, &listed);
            assert_eq!(check.result, result, "{told}");
            assert!(check.message.contains(told), "{told}: {}", check.message);
        }
    }

    #[test]
    fn objects_are_counted_and_silence_on_all_of_them_fails() {
        let object = |status: serde_json::Value| -> AttachedDatabase {
            serde_json::from_value(json!({
                "apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachedDatabase",
                "metadata": {"name": "sales", "creationTimestamp": "2026-01-01T00:00:00Z"},
                "spec": {"follower": {"clusterResourceId": "f"}, "leader": {"clusterResourceId": "l", "databaseName": "d"}},
                "status": status,
            }))
            .unwrap()
        };
        let with = |kind: &str| {
            let condition = json!({"type": kind, "status": "True", "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
            object(json!({"observedGeneration": 1, "conditions": [condition]}))
        };
        let silent = object(json!({"observedGeneration": -1}));
        let now: Timestamp = "2026-01-01T01:00:00Z".parse().unwrap();
        for (list, unreadable, result, told) in [
            (vec![], 0, Finding::Ok, "there are none yet"),
            (vec![with("Ready")], 0, Finding::Ok, "1 object: 1 Ready"),
            (
                vec![with("Ready"), with("Stalled"), with("Reconciling")],
                1,
                Finding::Warn,
                "4 objects: 1 Ready, 1 in work, 1 Stalled, 1 that can't be read",
            ),
            (
                vec![with("Ready"), silent.clone()],
                0,
                Finding::Warn,
                "2 objects: 1 Ready, 1 that no operator has looked at",
            ),
            (
                vec![silent.clone(), silent],
                0,
                Finding::Fail,
                "2 objects: 2 that no operator has looked at",
            ),
        ] {
            let check = objects(&list, unreadable, now);
            assert_eq!((check.result, check.message.as_str()), (result, told));
        }
    }
}
