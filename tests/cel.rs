//! The admission rules, in-process: every rule and every bound of the CRDs by example.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::{collections::BTreeSet, sync::LazyLock};

use adx_follower_operator::{
    api::{
        AttachedDatabase, AttachedDatabaseStatus, AttachmentPolicy, DatabaseStatus, Drift,
        OperationKind, OperationStatus, crd, parse_interval, policy_crd,
    },
    azure::scope::Scope,
    controller::access::Policy,
};
use k8s_openapi::{
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
    apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp,
};
use kube::core::cel::{ScopeContext, Validator, analyze_rule, compile_schema};
use proptest::prelude::*;
use serde_json::{Value, json};

#[path = "support/cases.rs"]
mod cases;
#[path = "support/schema.rs"]
mod schema;

use cases::{Case, cases, policies};

/// A resource: its schema and its examples.
struct Resource {
    schema: Value,
    cases: Vec<Case>,
}

fn resources() -> [Resource; 2] {
    [
        Resource {
            schema: root_schema(),
            cases: cases(),
        },
        Resource {
            schema: policy_schema(),
            cases: policies(),
        },
    ]
}

fn root_schema() -> Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema_of(&crd()));
    SCHEMA.clone()
}

fn policy_schema() -> Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| schema_of(&policy_crd()));
    SCHEMA.clone()
}

fn schema_of(crd: &CustomResourceDefinition) -> Value {
    let crd = serde_json::to_value(crd).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

/// A creation of `object`.
fn creation(object: Value) -> Case {
    Case {
        name: String::new(),
        object,
        old: None,
        rejected: None,
        server_only: false,
    }
}

/// The messages with which the API server would refuse the case, in its order: the schema first, then the rules unless a
/// bound is broken that would make them costly.
fn refusals(schema: &Value, case: &Case) -> Vec<String> {
    let object = schema::admitted(schema, &case.object);
    let violations = schema::violations(schema, &object);
    let blocked = violations.iter().any(|violation| {
        ["required", "type", "maxLength", "maxItems", "maxProperties"].contains(&violation.keyword)
    });
    let mut messages: Vec<_> = violations
        .into_iter()
        .map(|violation| violation.message)
        .collect();
    if !blocked {
        let old = case.old.as_ref().map(|old| schema::admitted(schema, old));
        if let Err(errors) = Validator::new().validate(schema, &object, old.as_ref()) {
            messages.extend(errors.into_vec().into_iter().map(|error| error.message));
        }
    }
    messages
}

/// All rules below and including `schema`, as its text and message.
fn rules(schema: &Value) -> Vec<(String, String)> {
    let text = |rule: &Value, key: &str| rule[key].as_str().unwrap_or_default().to_owned();
    let own = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten();
    let mut all: Vec<_> = own
        .map(|rule| (text(rule, "rule"), text(rule, "message")))
        .collect();
    for property in schema["properties"].as_object().into_iter().flatten() {
        all.extend(rules(property.1));
    }
    let entries = [schema.get("items"), schema.get("additionalProperties")];
    all.extend(entries.into_iter().flatten().flat_map(rules));
    all
}

#[test]
fn every_example_is_accepted_or_refused_as_it_says() {
    for Resource { schema, cases } in resources() {
        for case in cases.iter().filter(|case| !case.server_only) {
            let refusals = refusals(&schema, case);
            match case.rejected {
                None => assert!(
                    refusals.is_empty(),
                    "{}: refused with {refusals:#?}",
                    case.name
                ),
                Some(part) => assert!(
                    refusals.iter().any(|message| message.contains(part)),
                    "{}: {part:?} expected in {refusals:#?}",
                    case.name
                ),
            }
        }
    }
}

#[test]
fn a_refused_example_breaks_one_thing_only() {
    for Resource { schema, cases } in resources() {
        for case in cases
            .iter()
            .filter(|case| case.rejected.is_some() && !case.server_only)
        {
            let refusals = refusals(&schema, case);
            assert_eq!(refusals.len(), 1, "{}: {refusals:#?}", case.name);
        }
    }
}

#[test]
fn every_rule_has_a_refused_example() {
    for Resource { schema, cases } in resources() {
        let refused: BTreeSet<_> = cases
            .iter()
            .filter(|case| case.rejected.is_some())
            .flat_map(|case| refusals(&schema, case))
            .collect();
        let untested: Vec<_> = rules(&schema)
            .into_iter()
            .map(|(_, message)| message)
            .filter(|message| !refused.contains(message))
            .collect();
        assert_eq!(untested, [""; 0]);
    }
}

#[test]
fn every_bound_of_spec_has_a_refused_example() {
    for Resource { schema, cases } in resources() {
        let refused: BTreeSet<_> = cases
            .iter()
            .filter(|case| case.rejected.is_some())
            .flat_map(|case| {
                let object = schema::admitted(&schema, &case.object);
                schema::violations(&schema, &object)
            })
            .map(|violation| (violation.path, violation.keyword))
            .collect();
        let untested: Vec<_> = schema::constraints(&schema, "")
            .into_iter()
            .filter(|(path, _)| !path.starts_with("status"))
            .filter(|constraint| !refused.contains(constraint))
            .collect();
        assert_eq!(untested, []);
    }
}

#[test]
fn every_field_of_spec_has_an_accepted_example() {
    let mut pointers = Vec::new();
    for Resource { schema, cases } in resources() {
        let mut own = Vec::new();
        leaves(&schema["properties"]["spec"], "/spec", &mut own);
        for pointer in &own {
            let set = cases
                .iter()
                .filter(|case| case.rejected.is_none())
                .any(|case| case.object.pointer(pointer).is_some());
            assert!(set, "{pointer} is never set in an accepted example");
        }
        pointers.extend(own);
    }
    assert!(pointers.len() > 20, "{pointers:?}");
}

fn leaves(schema: &Value, pointer: &str, found: &mut Vec<String>) {
    match schema["properties"].as_object() {
        Some(properties) => {
            for (name, property) in properties {
                leaves(property, &format!("{pointer}/{name}"), found);
            }
        }
        None => found.push(pointer.to_owned()),
    }
}

#[test]
fn rules_compile_and_read_only_what_a_crd_rule_may_read() {
    for (Resource { schema, .. }, least) in resources().iter().zip([16, 7]) {
        let compiled = compile_schema(schema);
        let rules = rules(schema);
        assert!(rules.len() >= least, "{rules:?}");
        for (rule, _) in rules {
            kube::core::cel::cel::Program::compile(&rule).unwrap();
            let warnings = analyze_rule(&rule, &compiled, ScopeContext::CrdValidation);
            assert!(warnings.is_empty(), "{rule}: {warnings:?}");
        }
    }
}

#[test]
fn accepted_objects_can_be_decoded_and_keep_their_content() {
    let schema = root_schema();
    for case in cases().into_iter().filter(|case| case.rejected.is_none()) {
        let admitted = schema::admitted(&schema, &case.object);
        let decoded: AttachedDatabase = serde_json::from_value(admitted.clone())
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let written = serde_json::to_value(&decoded).unwrap();
        for (field, value) in admitted["spec"].as_object().unwrap() {
            if field != "tableLevelSharingProperties" {
                assert_eq!(&written["spec"][field], value, "{}: {field}", case.name);
            }
        }
    }
}

/// What the API server takes and the operator can't read would be a policy in name only.
#[test]
fn accepted_policies_can_be_read_by_the_operator_and_keep_their_content() {
    let schema = policy_schema();
    for case in policies()
        .into_iter()
        .filter(|case| case.rejected.is_none())
    {
        let admitted = schema::admitted(&schema, &case.object);
        let decoded: AttachmentPolicy = serde_json::from_value(admitted.clone())
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let written = serde_json::to_value(&decoded).unwrap();
        assert_eq!(written["spec"], admitted["spec"], "{}", case.name);
        Policy::try_from(&decoded).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}

/// The API server drops a null in a map, so what is left of `{team: null}` must not say something else than it did.
#[test]
fn a_template_without_its_values_opens_nothing() {
    let schema = policy_schema();
    for namespaces in [
        json!(null),
        json!({"matchLabels": {"team": null}}),
        json!({"matchExpressions": []}),
        json!({"matchExpressions": [{"key": "team", "operator": "In", "values": null}]}),
        json!({"matchExpressions": [{"key": "team", "operator": "In", "values": []}]}),
    ] {
        let mut object = cases::policy(&[]);
        object["spec"]["namespaces"] = namespaces;
        let case = creation(object);
        assert_eq!(refusals(&schema, &case).len(), 1, "{}", case.object);
    }
}

#[test]
fn the_examples_of_the_repository_can_be_decoded_and_are_refused_only_if_they_say_so() {
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        for object in documents {
            let schema = match object["kind"].as_str() {
                Some("AttachedDatabase") => root_schema(),
                Some("AttachmentPolicy") => policy_schema(),
                Some(_) | None => continue,
            };
            seen += 1;
            let case = creation(object);
            let refusals = refusals(&schema, &case);
            assert_eq!(
                !refusals.is_empty(),
                name.starts_with("rejected"),
                "{name}: {refusals:?}"
            );
            if refusals.is_empty() {
                let read = if case.object["kind"] == "AttachmentPolicy" {
                    serde_json::from_value::<AttachmentPolicy>(case.object).map(drop)
                } else {
                    serde_json::from_value::<AttachedDatabase>(case.object).map(drop)
                };
                read.unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
    }
    assert!(seen > 8, "only {seen} objects were looked at");
}

fn is_interval(text: &str) -> bool {
    let case = creation(cases::object(&[("spec.interval", json!(text))]));
    refusals(&root_schema(), &case).is_empty()
}

fn is_follower_scope(text: &str) -> bool {
    let case = creation(cases::policy(&[("spec.followers", json!([text]))]));
    refusals(&policy_schema(), &case).is_empty()
}

fn any_status() -> impl Strategy<Value = AttachedDatabaseStatus> {
    let text = || prop_oneof!["[a-c]{0,2}", ".{0,80}", "[äb]{600}"];
    let some = move || prop::option::of(text());
    let database = (text(), some(), some(), any::<Option<i64>>(), some()).prop_map(
        |(
            name,
            original_database_name,
            hot_cache_period,
            size_bytes,
            principals_modification_kind,
        )| {
            DatabaseStatus {
                name,
                original_database_name,
                hot_cache_period,
                size_bytes,
                principals_modification_kind,
                suspended: None,
                sharing: None,
            }
        },
    );
    let drift =
        (text(), text(), 0_usize..3000, some()).prop_map(|(field, desired, size, changed_by)| {
            Drift {
                field,
                desired,
                observed: "o".repeat(size),
                since: Some(Time(Timestamp::UNIX_EPOCH)),
                changed_by,
                changed_at: None,
            }
        });
    let operation =
        (any::<i64>(), prop::option::of(0_usize..20_000)).prop_map(|(generation, size)| {
            OperationStatus {
                kind: OperationKind::Update,
                started_at: Time(Timestamp::UNIX_EPOCH),
                generation,
                url: size.map(|size| "u".repeat(size)),
            }
        });
    (
        prop::collection::vec(text(), 0..40),
        prop::collection::vec(database, 0..8),
        prop::collection::vec(drift, 0..40),
        prop::option::of(operation),
        some(),
        any::<i64>(),
    )
        .prop_map(
            |(attached_database_names, databases, drift, operation, id, generation)| {
                AttachedDatabaseStatus {
                    observed_generation: Some(generation),
                    configuration_id: id.clone(),
                    attached_database_names,
                    databases,
                    drift,
                    operation,
                    last_handled_reconcile_at: id,
                    ..AttachedDatabaseStatus::default()
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_parser_and_the_rule_agree_on_what_an_interval_is(
        text in prop_oneof!["([0-9]{1,6}([.][0-9]{0,4})?(ms|s|m|h|d)){1,3}", "[0-9hms. -]{0,10}"],
    ) {
        prop_assume!(text.len() <= 24);
        prop_assert_eq!(parse_interval(&text).is_ok(), is_interval(&text), "{}", text);
    }

    /// The rule asks for a GUID, and for ASCII, where the operator takes any subscription and letter that ARM might have.
    #[test]
    fn the_parser_takes_every_scope_that_the_rule_takes_and_little_more(
        text in "(/subscriptions|/SUBSCRIPTIONS|/subscription)/(11111111-2222-3333-4444-555555555555|s|[.]{2}|)\
                 (/resourceGroups/([a-zK._%*-]{0,4}|[g]{89,91})(/providers/Microsoft[.]Kusto/clusters/[a-z0-9*/]{3,6})?)?[/*]?",
    ) {
        let rule = is_follower_scope(&text);
        let parser = text.parse::<Scope>().is_ok();
        prop_assert!(parser || !rule, "{}", text);
        if text.contains("5555555") && text.is_ascii() {
            prop_assert_eq!(parser, rule, "{}", text);
        }
    }

    #[test]
    fn a_status_within_bounds_is_accepted_by_the_schema(status in any_status()) {
        let schema = &root_schema()["properties"]["status"];
        let bounded = status.within_bounds();
        let violations = schema::violations(schema, &serde_json::to_value(&bounded).unwrap());
        prop_assert_eq!(violations, []);
        prop_assert_eq!(bounded.clone().within_bounds(), bounded);
    }
}

#[test]
fn a_status_of_ten_thousand_databases_is_cut_and_accepted() {
    let names: Vec<_> = (0..10_000).map(|number| format!("db{number}")).collect();
    let status = AttachedDatabaseStatus {
        databases: names
            .iter()
            .map(|name| DatabaseStatus {
                name: name.clone(),
                ..DatabaseStatus::default()
            })
            .collect(),
        attached_database_names: names,
        ..AttachedDatabaseStatus::default()
    };
    let bounded = status.within_bounds();
    assert_eq!(bounded.databases.len(), 500);
    assert_eq!(bounded.databases[499].name, "db499");
    let schema = &root_schema()["properties"]["status"];
    assert_eq!(
        schema::violations(schema, &serde_json::to_value(&bounded).unwrap()),
        []
    );
}
