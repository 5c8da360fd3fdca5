//! The rights to the Lease that replicas compete for. Pure.

use std::fmt::Write as _;

use super::{
    checks::{Check, Topic},
    rights::{Caller, role},
};

/// The API group of a Lease.
pub const GROUP: &str = "coordination.k8s.io";

/// The plural name of a Lease.
pub const RESOURCE: &str = "leases";

/// The Lease that `run --leader-elect` competes for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What is done with a Lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It is read.
    Get,
    /// It is taken, renewed and given up.
    Update,
    /// It is made where there is none.
    Create,
}

impl Use {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Get, Self::Update, Self::Create];

    /// The verb of Kubernetes.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Update => "update",
            Self::Create => "create",
        }
    }

    /// Whether the right can be given for one name: a name can't be asked of what is not there yet.
    #[must_use]
    pub fn is_by_name(self) -> bool {
        match self {
            Self::Get | Self::Update => true,
            Self::Create => false,
        }
    }
}

/// Judges the rights to `lease` that `caller` lacks.
#[must_use]
pub fn judge(caller: &Caller, lease: &Lease, lacking: &[Use]) -> Check {
    let Lease { namespace, name } = lease;
    let (who, whose) = (caller.who(), caller.whose());
    let told = |uses: &[Use]| {
        let verbs: Vec<&str> = uses.iter().map(|usage| usage.verb()).collect();
        format!("`{}`", verbs.join("`, `"))
    };
    let check = if lacking.is_empty() {
        let all = told(&Use::ALL);
        Check::ok(
            Topic::Lease,
            format!("{who} may {all} the Lease of `--leader-elect`{whose}"),
        )
    } else {
        let message = format!(
            "{who} may not {} the Lease of `--leader-elect`{whose}",
            told(lacking)
        );
        let rules = rules(name, lacking);
        caller
            .check(Topic::Lease, message)
            .mended_by(role(caller, Some(namespace), &rules))
    };
    check.about(format!("{namespace}/{name}"))
}

/// The rules of a role that gives what is `lacking`, and no other Lease than `name`.
fn rules(name: &str, lacking: &[Use]) -> String {
    let mut out = String::new();
    for usage in lacking {
        let names = if usage.is_by_name() {
            format!(" resourceNames: [\"{name}\"],")
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "- {{apiGroups: [\"{GROUP}\"], resources: [\"{RESOURCE}\"],{names} verbs: [\"{}\"]}}",
            usage.verb()
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::checks::Finding;

    fn lease() -> Lease {
        Lease {
            namespace: "adx".to_owned(),
            name: "shard-a".to_owned(),
        }
    }

    #[test]
    fn what_is_missing_is_given_in_the_leases_namespace_and_for_its_name_alone() {
        let operator = Caller::named("system:serviceaccount:adx:operator");
        let check = judge(&operator, &lease(), &[Use::Update, Use::Create]);
        assert_eq!(check.result, Finding::Fail);
        assert_eq!(check.subject.as_deref(), Some("adx/shard-a"));
        assert_eq!(
            check.message,
            "the ServiceAccount adx/operator may not `update`, `create` the Lease of `--leader-elect`"
        );
        let command = check.remedies.concat();
        let (_, manifest) = command.split_once("<<'EOF'\n").unwrap();
        let documents: Vec<serde_json::Value> = manifest
            .trim_end_matches("EOF")
            .split("---\n")
            .map(|document| serde_saphyr::from_str(document).unwrap())
            .collect();
        let [role, binding] = &documents[..] else {
            panic!("{manifest}");
        };
        assert_eq!(role["kind"], "Role");
        assert_eq!(
            role["rules"],
            serde_json::json!([
                {"apiGroups": [GROUP], "resources": [RESOURCE], "resourceNames": ["shard-a"], "verbs": ["update"]},
                {"apiGroups": [GROUP], "resources": [RESOURCE], "verbs": ["create"]},
            ])
        );
        assert_eq!(binding["kind"], "RoleBinding");
        assert_eq!(binding["roleRef"]["kind"], "Role");
        assert_eq!(
            binding["roleRef"]["name"], role["metadata"]["name"],
            "{manifest}"
        );
        for document in &documents {
            assert_eq!(document["metadata"]["namespace"], "adx");
        }
    }

    #[test]
    fn a_persons_rights_are_not_the_operators() {
        let person = Caller::named("jane");
        let check = judge(&person, &lease(), &[Use::Get]);
        assert_eq!(check.result, Finding::Warn);
        assert!(check.message.ends_with("not the operator's"));
        let check = judge(&person, &lease(), &[]);
        assert_eq!((check.result, check.remedies), (Finding::Ok, Vec::new()));
    }
}
