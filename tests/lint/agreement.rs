//! Lint and the resource definition accept the same objects.

use std::{fs, path::Path};

use adx_follower_operator::{
    api::{crd, policy_crd},
    lint::{Rule, Severity},
};
use kube::core::cel::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    cases::{self, cases, policies},
    lint, schema,
};

/// The first error. JSON is YAML, and its texts are always quoted.
fn refusal(object: &Value) -> Option<(Rule, String)> {
    let text = serde_json::to_string_pretty(object).unwrap();
    let report = lint(&text);
    let mut findings = report.findings.into_iter();
    findings
        .find(|finding| finding.severity == Severity::Error)
        .map(|finding| (finding.rule, finding.message))
}

#[test]
fn every_example_of_the_resource_is_accepted_or_refused_as_it_says() {
    let mut refused = 0;
    let all = cases().into_iter().chain(policies());
    for case in all.filter(|case| !case.server_only) {
        // Lint knows no earlier object: what an update may not change, a creation may have.
        if case.old.is_some() && case.rejected.is_some() {
            continue;
        }
        let refusal = refusal(&case.object);
        assert_eq!(
            refusal.is_some(),
            case.rejected.is_some(),
            "{}: {refusal:?}",
            case.name
        );
        if let (Some((Rule::Admission, message)), Some(part)) = (refusal, case.rejected) {
            assert!(message.contains(part), "{}: {message}", case.name);
            refused += 1;
        }
    }
    assert!(refused > 100, "{refused} rules refused something");
}

#[test]
fn the_examples_of_the_repository_are_clean_unless_they_say_that_they_are_refused() {
    let mut seen = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let report = lint(&fs::read_to_string(&path).unwrap());
        assert_eq!(
            report.has_errors(),
            name.starts_with("rejected-"),
            "{name}: {:?}",
            report.findings
        );
        assert!(name.starts_with("rejected-") || report.findings.is_empty());
        seen += report.tally.objects;
    }
    assert!(seen > 3, "only {seen} objects were looked at");
}

/// Whether the API server would refuse: another validator than the one that is tested, over the same definition.
fn is_refused_by_definition(object: &Value) -> bool {
    let crd = if object["kind"] == "AttachmentPolicy" {
        policy_crd()
    } else {
        crd()
    };
    let crd = serde_json::to_value(crd).unwrap();
    let root = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let object = schema::admitted(root, object);
    !schema::violations(root, &object).is_empty()
        || Validator::new().validate(root, &object, None).is_err()
}

fn any_value() -> impl Strategy<Value = Value> {
    let ids = ["follower1", "leader1", "FOLLOWER1", "x"].map(|name| {
        json!(format!(
            "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
        ))
    });
    let mut values = ids.to_vec();
    values.extend([
        json!(null),
        json!(true),
        json!(7),
        json!(""),
        json!("*"),
        json!("Sales"),
        json!("a/b"),
        json!("eu_"),
        json!("Union"),
        json!("Correct"),
        json!("Detach"),
        json!("10m"),
        json!("25h"),
        json!("n".repeat(41)),
        json!("n".repeat(261)),
        json!({}),
        json!({"tablesToInclude": ["T"]}),
        json!({"tablesToInclude": vec!["T"; 60], "functionsToExclude": vec!["F"; 60]}),
        json!({"tablesToInclude": [null]}),
        json!([]),
    ]);
    prop::sample::select(values)
}

fn any_object() -> impl Strategy<Value = Value> {
    let fields = prop::sample::select(vec![
        "spec",
        "spec.follower",
        "spec.follower.clusterResourceId",
        "spec.leader.clusterResourceId",
        "spec.leader.databaseName",
        "spec.configurationName",
        "spec.databaseNameOverride",
        "spec.databaseNamePrefix",
        "spec.tableLevelSharingProperties",
        "spec.defaultPrincipalsModificationKind",
        "spec.driftPolicy",
        "spec.deletionPolicy",
        "spec.suspend",
        "spec.interval",
        "spec.serviceAccountName",
    ]);
    prop::collection::vec((fields, any_value()), 1..4).prop_map(|mut edits| {
        // From the leaves to the root, so that there is something to edit.
        edits.sort_by_key(|(field, _)| std::cmp::Reverse(field.matches('.').count()));
        cases::object(&edits)
    })
}

fn any_policy() -> impl Strategy<Value = Value> {
    const SUBSCRIPTION: &str = "/subscriptions/11111111-2222-3333-4444-555555555555";
    let fields = prop::sample::select(vec![
        "spec",
        "spec.namespaces",
        "spec.namespaces.matchLabels",
        "spec.namespaces.matchExpressions",
        "spec.followers",
        "spec.leaders",
        "spec.principalsModificationKinds",
    ]);
    let expression = |operator: &str, values: Value| json!([{"key": "team", "operator": operator, "values": values}]);
    let leader = |scope: &str, database: Value| json!([{"scope": scope, "databases": [database]}]);
    let values = prop::sample::select(vec![
        json!(null),
        json!(7),
        json!("*"),
        json!({}),
        json!([]),
        json!({"matchLabels": {}}),
        json!({"team": "a"}),
        json!({"team": null}),
        json!({"team": 7}),
        json!({"team": "-"}),
        json!({"-": "a"}),
        expression("In", json!(["a"])),
        expression("In", json!([])),
        expression("Exists", json!(null)),
        expression("Exists", json!(["a"])),
        expression("in", json!(["a"])),
        json!([SUBSCRIPTION]),
        json!([SUBSCRIPTION, SUBSCRIPTION]),
        json!([format!("{SUBSCRIPTION}/")]),
        json!(["x".repeat(257)]),
        json!(vec![SUBSCRIPTION; 65]),
        json!([null]),
        leader(SUBSCRIPTION, json!("Sales*")),
        leader(SUBSCRIPTION, json!("*Sales")),
        leader(SUBSCRIPTION, json!(null)),
        leader("/", json!("*")),
        json!([{"scope": SUBSCRIPTION}]),
        json!(["Union", "Replace"]),
        json!(["Union", "Union"]),
        json!(["union"]),
    ]);
    prop::collection::vec((fields, values), 1..4).prop_map(|mut edits| {
        edits.sort_by_key(|(field, _)| std::cmp::Reverse(field.matches('.').count()));
        for (field, value) in &mut edits {
            // Lint refuses unknown fields, which the API server drops in silence.
            if *field == "spec.namespaces"
                && (value.get("team").is_some() || value.get("-").is_some())
            {
                *value = json!({"matchLabels": value});
            }
        }
        cases::policy(&edits)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn lint_refuses_what_the_definition_refuses_and_nothing_else(object in any_object()) {
        let refusal = refusal(&object);
        prop_assert_eq!(refusal.is_some(), is_refused_by_definition(&object), "{:?} {}", refusal, object);
    }

    #[test]
    fn lint_refuses_the_policies_that_the_definition_refuses_and_no_other(object in any_policy()) {
        let refusal = refusal(&object);
        prop_assert_eq!(refusal.is_some(), is_refused_by_definition(&object), "{:?} {}", refusal, object);
    }
}
