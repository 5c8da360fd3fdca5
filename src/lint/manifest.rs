//! Checks one document: whether it is ours, then schema, rules and what the operator itself asks. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    admission::Rules,
    finding::{Problem, Rule},
    metadata,
    path::Path,
    policy,
    relations::Declared,
    schema::{self, shown},
    suggestion,
    yaml::{Node, Position, Yaml},
};
use crate::{
    api::{self, AttachedDatabase, AttachmentPolicy, GROUP, KIND, POLICY_KIND, VERSION},
    controller::validate::validate,
};

/// What a document turned out to be.
#[derive(Debug)]
pub(super) enum Checked {
    /// A resource of somebody else.
    Other,
    /// An object of ours.
    Ours(Box<Verdict>),
}

/// What is to be said about one object.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// `NAMESPACE/NAME` or `NAME`.
    pub(super) object: Option<String>,
    /// What is wrong with it.
    pub(super) problems: Vec<Problem>,
    /// What it declares, if nothing is wrong: for the comparison with others.
    pub(super) declared: Option<Declared>,
    /// The object, if neither the API server nor the operator would refuse it.
    pub(super) admitted: Option<AttachedDatabase>,
    /// The name of the policy, if it is one with a name and nobody would refuse it.
    pub(super) policy: Option<String>,
    /// Where its name stands.
    pub(super) at: Position,
}

/// Everything that one document is checked against.
#[derive(Debug)]
pub(super) struct Checks {
    database: Definition,
    policy: Definition,
}

/// A resource definition, ready for use.
#[derive(Debug)]
struct Definition {
    schema: JSONSchemaProps,
    rules: Rules,
}

/// The kinds of the group.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Database,
    Policy,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Database, Self::Policy];

    fn as_str(self) -> &'static str {
        match self {
            Self::Database => KIND,
            Self::Policy => POLICY_KIND,
        }
    }
}

impl Checks {
    pub(super) fn new() -> Self {
        Self {
            database: Definition::new(&api::crd()),
            policy: Definition::new(&api::policy_crd()),
        }
    }

    /// Checks the document `root`.
    pub(super) fn check(&self, root: &Node) -> Checked {
        let version = root.text("apiVersion").unwrap_or_default();
        let kind = root.text("kind").unwrap_or_default();
        let is_our_group = version.split('/').next() == Some(GROUP);
        let known = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
        let mut verdict = Verdict {
            object: object_name(root),
            at: place(root, "metadata.name"),
            ..Verdict::default()
        };
        match known {
            None if !is_our_group => return Checked::Other,
            None => verdict.problems.push(wrong_kind(root, kind)),
            Some(kind) => {
                verdict.problems.extend(wrong_version(root, version, kind));
                self.content(root, kind, &mut verdict);
            }
        }
        Checked::Ours(Box::new(verdict))
    }

    fn content(&self, root: &Node, kind: Kind, verdict: &mut Verdict) {
        let definition = match kind {
            Kind::Database => &self.database,
            Kind::Policy => &self.policy,
        };
        let problems = &mut verdict.problems;
        problems.extend(schema::problems(&definition.schema, root));
        problems.extend(metadata::problems(root));
        problems.extend(ignored_status(root, kind));
        problems.extend(ignored_namespace(root, kind));
        // The API server does not evaluate rules on what they could not read, or could read for too long only.
        let is_readable =
            |problem: &Problem| ![Rule::Type, Rule::Required, Rule::Length].contains(&problem.rule);
        if !problems.iter().all(is_readable) {
            return;
        }
        let object = definition.object(root);
        problems.extend(definition.rules.problems(&object, root));
        let is_refused = |problem: &Problem| problem.rule.severity() == super::Severity::Error;
        if problems.iter().any(is_refused) {
            return;
        }
        match kind {
            Kind::Database => match read(root, kind, object) {
                Ok(object) => judge(root, object, verdict),
                Err(problem) => problems.push(problem),
            },
            Kind::Policy => match read::<AttachmentPolicy>(root, kind, object) {
                Ok(policy) => {
                    problems.extend(policy::problems(root, &policy));
                    verdict.policy = own_name(root);
                }
                Err(problem) => problems.push(problem),
            },
        }
    }
}

fn read<T: DeserializeOwned>(root: &Node, kind: Kind, object: Value) -> Result<T, Problem> {
    serde_json::from_value(object).map_err(|error| Problem {
        rule: Rule::Type,
        at: root.at,
        field: String::new(),
        message: format!("an {} must be readable: {error}", kind.as_str()),
    })
}

/// The name that the document gives; none if the API server makes one.
fn own_name(root: &Node) -> Option<String> {
    let metadata = &root.entry("metadata")?.node;
    metadata.text("name").map(ToOwned::to_owned)
}

impl Definition {
    fn new(crd: &CustomResourceDefinition) -> Self {
        Self {
            schema: schema::root(crd),
            rules: Rules::new(crd),
        }
    }

    /// The object as it would be created.
    fn object(&self, root: &Node) -> Value {
        let mut object = schema::admitted(&self.schema, root);
        let metadata = root.entry("metadata").map(|entry| &*entry.node);
        let text = |key| metadata.and_then(|metadata| metadata.text(key));
        let name = text("name").map(ToOwned::to_owned).or_else(|| {
            // The API server puts five letters behind it.
            text("generateName").map(|prefix| format!("{prefix}xxxxx"))
        });
        if let Value::Object(fields) = &mut object {
            let metadata = json!({"name": name, "namespace": text("namespace")});
            fields.insert("metadata".to_owned(), metadata);
        }
        object
    }
}

/// What the operator says to an object that the API server accepts.
fn judge(root: &Node, object: AttachedDatabase, verdict: &mut Verdict) {
    let problem = |rule, message: String| {
        let path = Path::of_message(&message);
        Problem {
            rule,
            at: path.locate(root),
            field: path.to_string(),
            message,
        }
    };
    match validate(&object) {
        Ok(desired) => {
            verdict.admitted = Some(object.clone());
            let declared = Declared::new(root, object.metadata, desired);
            verdict.problems.extend(declared.redundant_override());
            verdict.declared = Some(declared);
        }
        Err(invalid) => {
            let told = problem(Rule::Spec, invalid.to_string());
            verdict.problems.push(told);
        }
    }
}

fn object_name(root: &Node) -> Option<String> {
    let metadata = &root.entry("metadata")?.node;
    let name = metadata.text("name").map(ToOwned::to_owned).or_else(|| {
        metadata
            .text("generateName")
            .map(|prefix| format!("{prefix}*"))
    })?;
    let name = name.escape_debug();
    Some(match metadata.text("namespace") {
        Some(namespace) => format!("{}/{name}", namespace.escape_debug()),
        None => name.to_string(),
    })
}

fn place(root: &Node, field: &str) -> Position {
    Path::parse(field).locate(root)
}

fn wrong_kind(root: &Node, kind: &str) -> Problem {
    let known = Kind::ALL.map(Kind::as_str);
    let advice =
        suggestion::nearest(known.into_iter(), kind).map(|kind| format!("; did you mean {kind}?"));
    Problem {
        rule: Rule::Kind,
        at: place(root, "kind"),
        field: "kind".to_owned(),
        message: format!(
            "`kind` must be {} in the group {GROUP}, not {}{}",
            known.join(" or "),
            shown(kind),
            advice.unwrap_or_default()
        ),
    }
}

fn wrong_version(root: &Node, version: &str, kind: Kind) -> Option<Problem> {
    (version != format!("{GROUP}/{VERSION}")).then(|| Problem {
        rule: Rule::ApiVersion,
        at: place(root, "apiVersion"),
        field: "apiVersion".to_owned(),
        message: format!(
            "`apiVersion` must be {GROUP}/{VERSION} for the kind {}, not {}",
            kind.as_str(),
            shown(version)
        ),
    })
}

fn ignored_status(root: &Node, kind: Kind) -> Option<Problem> {
    let status = root.entry("status")?;
    let is_empty = matches!(&status.node.value, Yaml::Map(entries) if entries.is_empty());
    let message = match kind {
        Kind::Database => {
            "`status` must be left out: the operator writes it, and what is given here is dropped"
        }
        Kind::Policy => {
            "`status` must be left out: a policy has none, and what is given here is dropped"
        }
    };
    (!is_empty).then(|| Problem {
        rule: Rule::IgnoredStatus,
        at: status.at,
        field: "status".to_owned(),
        message: message.to_owned(),
    })
}

/// A namespace on a resource of the cluster: whoever wrote it may think that the policy is for that namespace.
fn ignored_namespace(root: &Node, kind: Kind) -> Option<Problem> {
    let metadata = &root.entry("metadata")?.node;
    match kind {
        Kind::Database => None,
        Kind::Policy => metadata.text("namespace").map(|_| Problem {
            rule: Rule::IgnoredNamespace,
            at: place(root, "metadata.namespace"),
            field: "metadata.namespace".to_owned(),
            message: format!(
                "`metadata.namespace` must be left out: an {POLICY_KIND} is in no namespace, and `spec.namespaces` says \
                 which it is for"
            ),
        }),
    }
}

/// The objects in a document: its items if it is a `List`, as `kubectl get -o yaml` prints it, else the document.
pub(super) fn objects(root: &Node) -> Vec<&Node> {
    let is_list = root.text("apiVersion") == Some("v1") && root.text("kind") == Some("List");
    match root.entry("items").map(|entry| &entry.node.value) {
        Some(Yaml::List(items)) if is_list => items.iter().map(|item| &**item).collect(),
        _ => vec![root],
    }
}
