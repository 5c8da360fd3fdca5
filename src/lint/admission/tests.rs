//! Tests that the rules can be evaluated by the functions that are linked into the program.

use std::collections::BTreeSet;

use super::*;
use crate::api::crds;

/// What the features of `kube-cel` that the manifest names bring. Tests may link more: another package of the workspace
/// can ask for it.
const FUNCTIONS: [&str; 5] = ["has", "size", "matches", "lowerAscii", "duration"];

fn rules(schema: &Value) -> Vec<String> {
    let own = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten();
    let mut all: Vec<_> = own
        .map(|rule| rule["rule"].as_str().unwrap().to_owned())
        .collect();
    for child in schema["properties"].as_object().into_iter().flatten() {
        all.extend(rules(child.1));
    }
    let entries = [schema.get("items"), schema.get("additionalProperties")];
    all.extend(entries.into_iter().flatten().flat_map(rules));
    all
}

#[test]
fn rules_call_linked_functions_only() {
    let mut called = BTreeSet::new();
    for rule in crds().iter().flat_map(|crd| rules(&schema(crd))) {
        // What stands between quotes is data.
        let code: String = rule.split('\'').step_by(2).collect::<Vec<_>>().join("''");
        for (before, _) in code.match_indices('(').map(|(at, _)| code.split_at(at)) {
            let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
            called.extend(name.filter(|name| !name.is_empty()).map(str::to_owned));
        }
    }
    assert!(called.len() > 3, "{called:?}");
    let missing: Vec<_> = called
        .iter()
        .filter(|name| !FUNCTIONS.contains(&name.as_str()))
        .collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn rules_compile() {
    for crd in crds() {
        let rules = Rules::new(&crd);
        assert!(rules.schema.compilation_errors().is_empty());
    }
}
