//! Checks one document: whether it is ours, then schema, rules and what the operator itself asks. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use serde_json::{Value, json};

use super::{
    admission::Rules,
    finding::{Problem, Rule},
    metadata,
    path::Path,
    relations::Declared,
    schema::{self, shown},
    suggestion,
    yaml::{Node, Position, Yaml},
};
use crate::{
    api::{AttachedDatabase, GROUP, KIND, VERSION},
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
    /// Where its name stands.
    pub(super) at: Position,
}

/// Everything that one document is checked against.
#[derive(Debug)]
pub(super) struct Checks {
    schema: JSONSchemaProps,
    rules: Rules,
}

impl Checks {
    pub(super) fn new() -> Self {
        Self {
            schema: schema::root(),
            rules: Rules::new(),
        }
    }

    /// Checks the document `root`.
    pub(super) fn check(&self, root: &Node) -> Checked {
        let version = root.text("apiVersion").unwrap_or_default();
        let kind = root.text("kind").unwrap_or_default();
        let is_our_group = version.split('/').next() == Some(GROUP);
        if !is_our_group && kind != KIND {
            return Checked::Other;
        }
        let mut verdict = Verdict {
            object: object_name(root),
            at: place(root, "metadata.name"),
            ..Verdict::default()
        };
        if is_our_group && kind != KIND {
            verdict.problems.push(wrong_kind(root, kind));
        } else {
            verdict.problems.extend(wrong_version(root, version));
            self.content(root, &mut verdict);
        }
        Checked::Ours(Box::new(verdict))
    }

    fn content(&self, root: &Node, verdict: &mut Verdict) {
        let problems = &mut verdict.problems;
        problems.extend(schema::problems(&self.schema, root));
        problems.extend(metadata::problems(root));
        problems.extend(ignored_status(root));
        // The API server does not evaluate rules on what they could not read, or could read for too long only.
        let is_readable =
            |problem: &Problem| ![Rule::Type, Rule::Required, Rule::Length].contains(&problem.rule);
        if !problems.iter().all(is_readable) {
            return;
        }
        let object = self.object(root);
        problems.extend(self.rules.problems(&object, root));
        let is_refused = |problem: &Problem| problem.rule.severity() == super::Severity::Error;
        if problems.iter().any(is_refused) {
            return;
        }
        match serde_json::from_value::<AttachedDatabase>(object) {
            Ok(object) => judge(root, object, verdict),
            Err(error) => problems.push(Problem {
                rule: Rule::Type,
                at: root.at,
                field: String::new(),
                message: format!("an {KIND} must be readable: {error}"),
            }),
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
    let advice = suggestion::nearest(std::iter::once(KIND), kind)
        .map(|kind| format!("; did you mean {kind}?"));
    Problem {
        rule: Rule::Kind,
        at: place(root, "kind"),
        field: "kind".to_owned(),
        message: format!(
            "`kind` must be {KIND} in the group {GROUP}, not {}{}",
            shown(kind),
            advice.unwrap_or_default()
        ),
    }
}

fn wrong_version(root: &Node, version: &str) -> Option<Problem> {
    (version != format!("{GROUP}/{VERSION}")).then(|| Problem {
        rule: Rule::ApiVersion,
        at: place(root, "apiVersion"),
        field: "apiVersion".to_owned(),
        message: format!(
            "`apiVersion` must be {GROUP}/{VERSION} for the kind {KIND}, not {}",
            shown(version)
        ),
    })
}

fn ignored_status(root: &Node) -> Option<Problem> {
    let status = root.entry("status")?;
    let is_empty = matches!(&status.node.value, Yaml::Map(entries) if entries.is_empty());
    (!is_empty).then(|| Problem {
        rule: Rule::IgnoredStatus,
        at: status.at,
        field: "status".to_owned(),
        message:
            "`status` must be left out: the operator writes it, and what is given here is dropped"
                .to_owned(),
    })
}

/// The objects in a document: its items if it is a `List`, as `kubectl get -o yaml` prints it, else the document.
pub(super) fn objects(root: &Node) -> Vec<&Node> {
    let is_list = root.text("apiVersion") == Some("v1") && root.text("kind") == Some("List");
    match root.entry("items").map(|entry| &entry.node.value) {
        Some(Yaml::List(items)) if is_list => items.iter().map(|item| &**item).collect(),
        _ => vec![root],
    }
}
