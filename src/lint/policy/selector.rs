//! Label selectors that no namespace can match. Pure.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::lint::metadata;

/// Every namespace has it, with its own name as the value
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name>).
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// What is asked of one label.
enum Requirement<'s> {
    OneOf(BTreeSet<&'s str>),
    NoneOf(BTreeSet<&'s str>),
    Present,
    Absent,
}

/// What a namespace can have for one label.
enum Label<'s> {
    Absent,
    /// A value that the selector names.
    Named(&'s str),
    /// A value that it does not name.
    Other,
}

/// The first label of which more is asked than any namespace can have.
pub(super) fn contradicted(selector: &LabelSelector) -> Option<&str> {
    let mut asked: BTreeMap<&str, Vec<Requirement<'_>>> = BTreeMap::new();
    for (key, value) in selector.match_labels.iter().flatten() {
        let wanted = Requirement::OneOf(BTreeSet::from([value.as_str()]));
        asked.entry(key).or_default().push(wanted);
    }
    for expression in selector.match_expressions.iter().flatten() {
        let values = || {
            let values = expression.values.iter().flatten();
            values.map(String::as_str).collect()
        };
        let wanted = match expression.operator.as_str() {
            "In" => Requirement::OneOf(values()),
            "NotIn" => Requirement::NoneOf(values()),
            "Exists" => Requirement::Present,
            "DoesNotExist" => Requirement::Absent,
            // Admission knows these four.
            _ => continue,
        };
        asked.entry(&expression.key).or_default().push(wanted);
    }
    let mut asked = asked.into_iter();
    asked.find_map(|(key, requirements)| (!can_be_met(key, &requirements)).then_some(key))
}

fn can_be_met(key: &str, requirements: &[Requirement<'_>]) -> bool {
    let named = requirements
        .iter()
        .flat_map(|requirement| match requirement {
            Requirement::OneOf(values) => values.iter().copied().map(Label::Named).collect(),
            Requirement::NoneOf(_) | Requirement::Present | Requirement::Absent => Vec::new(),
        });
    named
        .chain([Label::Absent, Label::Other])
        .filter(|label| key != NAME_LABEL || can_be_a_name(label))
        .any(|label| requirements.iter().all(|wanted| wanted.is_met(&label)))
}

fn can_be_a_name(label: &Label<'_>) -> bool {
    match label {
        Label::Absent => false,
        Label::Named(value) => metadata::is_namespace(value),
        Label::Other => true,
    }
}

impl Requirement<'_> {
    fn is_met(&self, label: &Label<'_>) -> bool {
        match (self, label) {
            (Self::OneOf(values), Label::Named(value)) => values.contains(value),
            (Self::NoneOf(values), Label::Named(value)) => !values.contains(value),
            (Self::OneOf(_), Label::Absent | Label::Other)
            | (Self::Present, Label::Absent)
            | (Self::Absent, Label::Named(_) | Label::Other) => false,
            (Self::NoneOf(_), Label::Absent | Label::Other)
            | (Self::Present, Label::Named(_) | Label::Other)
            | (Self::Absent, Label::Absent) => true,
        }
    }
}
