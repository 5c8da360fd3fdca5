//! The rights in Kubernetes that the operator needs, and which of them the caller lacks. Pure.

use std::fmt::Write as _;

use crate::{
    api::GROUP,
    controller::{OwnIdentities, Tenancy},
};

use super::checks::{Check, Topic};

/// Asks for the rights that an operator of one namespace needs.
const ONE_NAMESPACE: &str =
    "# if the operator has --watch-namespaces:\nadx-follower doctor -n NAMESPACE";

/// One verb on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Right {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The plural name.
    pub resource: &'static str,
    /// What is below an object, if not the object itself.
    pub subresource: Option<&'static str>,
    /// What is done.
    pub verb: &'static str,
}

/// Who runs the doctor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A ServiceAccount: the operator's, as far as anybody can tell.
    Account {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// Somebody else, whose rights say little about the operator's.
    Person(String),
    /// The API server does not say.
    Unknown,
}

impl Caller {
    /// The caller as the API server names them.
    #[must_use]
    pub fn named(user: &str) -> Self {
        let account = user
            .strip_prefix("system:serviceaccount:")
            .and_then(|rest| rest.split_once(':'));
        match account {
            Some((namespace, name)) => Self::Account {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            },
            None if user.is_empty() => Self::Unknown,
            None => Self::Person(user.to_owned()),
        }
    }

    /// The caller as a subject of a sentence.
    #[must_use]
    pub fn who(&self) -> String {
        match self {
            Self::Account { namespace, name } => format!("the ServiceAccount {namespace}/{name}"),
            Self::Person(user) => format!("{user}, who runs this,"),
            Self::Unknown => "who runs this".to_owned(),
        }
    }

    /// What a sentence about the caller's rights ends with.
    #[must_use]
    pub fn whose(&self) -> &'static str {
        match self {
            Self::Account { .. } => "",
            Self::Person(_) | Self::Unknown => {
                "; these are the caller's rights, not the operator's"
            }
        }
    }

    /// A check on the caller's rights: they are only in the operator's way where the caller is the operator.
    #[must_use]
    pub fn check(&self, id: Topic, message: impl Into<String>) -> Check {
        match self {
            Self::Account { .. } => Check::fail(id, message),
            Self::Person(_) | Self::Unknown => Check::warn(id, message),
        }
    }
}

/// What `run` needs under `tenancy`.
#[must_use]
pub fn needed(tenancy: &Tenancy) -> Vec<Right> {
    const READ: &[&str] = &["get", "list", "watch"];
    let mut rights = Vec::new();
    let mut add = |group, resource, subresource, verbs: &[&'static str]| {
        rights.extend(verbs.iter().map(|verb| Right {
            group,
            resource,
            subresource,
            verb,
        }));
    };
    add(
        GROUP,
        "attacheddatabases",
        None,
        &["get", "list", "watch", "patch"],
    );
    add(GROUP, "attacheddatabases", Some("status"), &["patch"]);
    add("events.k8s.io", "events", None, &["create", "patch"]);
    if tenancy.heeds_policies() {
        add(GROUP, "attachmentpolicies", None, READ);
        add("", "namespaces", None, READ);
    }
    match tenancy.own_identities() {
        OwnIdentities::Enabled => {
            add("", "serviceaccounts", None, READ);
            add("", "serviceaccounts", Some("token"), &["create"]);
        }
        OwnIdentities::Disabled => {}
    }
    rights
}

/// Judges the rights that `caller` lacks of `all`: in `namespace`, or in every one.
#[must_use]
pub fn judge(caller: &Caller, namespace: Option<&str>, all: &[Right], lacking: &[Right]) -> Check {
    let place = namespace.map_or_else(
        || "every namespace".to_owned(),
        |namespace| format!("namespace {namespace}"),
    );
    let whose = caller.whose();
    if lacking.is_empty() {
        let message = format!(
            "{} has all {} rights that the operator needs in {place}{whose}",
            caller.who(),
            all.len()
        );
        return Check::ok(Topic::Rights, message);
    }
    let rules = rules(lacking);
    let told: Vec<String> = rules
        .iter()
        .map(|rule| format!("`{}` {}", rule.verbs.join("`, `"), rule.resource()))
        .collect();
    let message = format!(
        "{} may not {} in {place}{whose}",
        caller.who(),
        told.join("; ")
    );
    caller
        .check(Topic::Rights, message)
        .mended_by_all(namespace.is_none().then(|| ONE_NAMESPACE.to_owned()))
        .mended_by(manifest(caller, &rules))
}

/// The verbs on one resource.
struct Rule {
    right: Right,
    verbs: Vec<&'static str>,
}

impl Rule {
    fn resource(&self) -> String {
        let Right {
            resource,
            subresource,
            ..
        } = self.right;
        subresource.map_or_else(
            || resource.to_owned(),
            |below| format!("{resource}/{below}"),
        )
    }
}

fn rules(rights: &[Right]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for right in rights {
        let known = rules.iter_mut().find(|rule| {
            let Right {
                group,
                resource,
                subresource,
                verb: _,
            } = rule.right;
            (group, resource, subresource) == (right.group, right.resource, right.subresource)
        });
        match known {
            Some(rule) => rule.verbs.push(right.verb),
            None => rules.push(Rule {
                right: *right,
                verbs: vec![right.verb],
            }),
        }
    }
    rules
}

fn manifest(caller: &Caller, rules: &[Rule]) -> String {
    let mut out = String::new();
    for rule in rules {
        let _ = writeln!(
            out,
            "- {{apiGroups: [\"{}\"], resources: [\"{}\"], verbs: [\"{}\"]}}",
            rule.right.group,
            rule.resource(),
            rule.verbs.join("\", \"")
        );
    }
    role(caller, None, &out)
}

/// The command that makes a role with `rules`, one per line, and binds it to the caller where that is the operator: in
/// `namespace`, or in the whole cluster.
#[must_use]
pub fn role(caller: &Caller, namespace: Option<&str>, rules: &str) -> String {
    const HEAD: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind:";
    let kind = namespace.map_or("ClusterRole", |_| "Role");
    let place = namespace.map_or_else(String::new, |place| format!("  namespace: {place}\n"));
    let metadata = format!("metadata:\n  name: adx-follower-operator-missing\n{place}");
    let mut out = String::new();
    if !matches!(caller, Caller::Account { .. }) {
        out.push_str("# if the operator lacks them too; bind the role to its ServiceAccount:\n");
    }
    let _ = write!(
        out,
        "kubectl apply -f - <<'EOF'\n{HEAD} {kind}\n{metadata}rules:\n{rules}"
    );
    if let Caller::Account { namespace, name } = caller {
        let _ = write!(
            out,
            "---\n\
             {HEAD} {kind}Binding\n\
             {metadata}\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: adx-follower-operator-missing}}\n\
             subjects:\n\
             - {{kind: ServiceAccount, name: {name}, namespace: {namespace}}}\n"
        );
    }
    out.push_str("EOF");
    out
}

#[cfg(test)]
mod tests;
