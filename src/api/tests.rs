//! Tests of the types and of the CRDs as a whole; what the API server refuses is tested in `tests/cel.rs`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::Resource as _;
use serde_json::json;

use super::{status::MAX_REQUEST_CHARS, *};

fn object() -> serde_json::Value {
    json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": "sales", "namespace": "analytics", "generation": 1},
        "spec": {
            "follower": {"clusterResourceId": "/f"},
            "leader": {"clusterResourceId": "/l", "databaseName": "Sales"},
        },
    })
}

fn attached_database() -> AttachedDatabase {
    serde_json::from_value(object()).unwrap()
}

fn root_schema(crd: &CustomResourceDefinition) -> &JSONSchemaProps {
    crd.spec.versions[0]
        .schema
        .as_ref()
        .and_then(|schema| schema.open_api_v3_schema.as_ref())
        .unwrap()
}

/// Calls `check` with the path of every schema below and including `schema`.
fn walk(schema: &JSONSchemaProps, path: &str, check: &mut dyn FnMut(&str, &JSONSchemaProps)) {
    check(path, schema);
    for (name, property) in schema.properties.iter().flatten() {
        walk(property, &format!("{path}.{name}"), check);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        walk(items, &format!("{path}[]"), check);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &schema.additional_properties {
        walk(values, &format!("{path}{{}}"), check);
    }
}

#[test]
fn the_literals_of_the_derive_equal_the_constants() {
    assert_eq!(AttachedDatabase::group(&()), GROUP);
    assert_eq!(AttachedDatabase::version(&()), VERSION);
    assert_eq!(AttachedDatabase::kind(&()), KIND);
    assert_eq!(AttachmentPolicy::group(&()), GROUP);
    assert_eq!(AttachmentPolicy::version(&()), VERSION);
    assert_eq!(AttachmentPolicy::kind(&()), POLICY_KIND);
    assert!(FINALIZER.starts_with(GROUP) && RECONCILE_ANNOTATION.starts_with(GROUP));
}

#[test]
fn absent_fields_have_the_documented_defaults() {
    let spec = attached_database().spec;
    assert_eq!(
        spec.default_principals_modification_kind,
        PrincipalsModificationKind::Union
    );
    assert_eq!(spec.drift_policy, DriftPolicy::Correct);
    assert_eq!(spec.adoption_policy, AdoptionPolicy::IfEqual);
    assert_eq!(spec.deletion_policy, DeletionPolicy::Detach);
    assert!(!spec.suspend);
    assert_eq!(spec.interval, None);
}

#[test]
fn optional_fields_that_are_absent_are_not_written() {
    let written = serde_json::to_value(attached_database()).unwrap();
    assert_eq!(
        written["spec"],
        json!({
            "follower": {"clusterResourceId": "/f"},
            "leader": {"clusterResourceId": "/l", "databaseName": "Sales"},
            "defaultPrincipalsModificationKind": "Union",
            "driftPolicy": "Correct",
            "adoptionPolicy": "IfEqual",
            "deletionPolicy": "Detach",
            "suspend": false,
        })
    );
    assert_eq!(
        serde_json::to_value(AttachedDatabaseStatus::default()).unwrap(),
        json!({})
    );
}

#[test]
fn the_spellings_are_those_of_the_schema() {
    for kind in [
        PrincipalsModificationKind::Union,
        PrincipalsModificationKind::Replace,
        PrincipalsModificationKind::None,
    ] {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    for kind in [
        OperationKind::Attach,
        OperationKind::Update,
        OperationKind::Detach,
    ] {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

#[test]
fn the_configuration_is_named_by_the_spec_else_by_the_object() {
    let mut object = attached_database();
    assert_eq!(object.configuration_name(), "sales");
    object.spec.configuration_name = Some("Other".to_owned());
    assert_eq!(object.configuration_name(), "Other");
}

#[test]
fn the_star_alone_follows_all_databases() {
    let mut spec = attached_database().spec;
    assert!(!spec.follows_all_databases());
    spec.leader.database_name = "*".to_owned();
    assert!(spec.follows_all_databases());
}

#[test]
fn a_reconcile_request_fits_the_status_and_equals_itself_there() {
    let mut object = attached_database();
    assert_eq!(object.reconcile_request(), None);
    for value in ["2026-01-02T03:04:05Z".to_owned(), "ü".repeat(5000)] {
        object.metadata.annotations = Some([(RECONCILE_ANNOTATION.to_owned(), value)].into());
        let request = object.reconcile_request();
        let status = AttachedDatabaseStatus {
            last_handled_reconcile_at: request.clone(),
            ..AttachedDatabaseStatus::default()
        }
        .within_bounds();
        assert_eq!(status.last_handled_reconcile_at, request);
        assert!(request.unwrap().chars().count() <= MAX_REQUEST_CHARS);
    }
}

#[test]
fn the_sharing_lists_carry_the_names_of_their_fields() {
    let names = [
        "tablesToInclude",
        "tablesToExclude",
        "externalTablesToInclude",
        "externalTablesToExclude",
        "materializedViewsToInclude",
        "materializedViewsToExclude",
        "functionsToInclude",
        "functionsToExclude",
    ];
    let document: serde_json::Map<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!([name])))
        .collect();
    let sharing: TableLevelSharingProperties =
        serde_json::from_value(document.clone().into()).unwrap();
    for ((name, list), expected) in sharing.lists().into_iter().zip(names) {
        assert_eq!(name, expected);
        assert_eq!(list, [expected]);
    }
    assert_eq!(
        serde_json::to_value(sharing).unwrap(),
        serde_json::Value::from(document)
    );
}

#[test]
fn each_manifest_is_small_repeatable_and_means_what_its_crd_says() {
    for crd in crds() {
        let yaml = crd_document(&crd);
        assert!(
            yaml.len() < 40_000,
            "{} bytes; kubectl apply keeps a second copy in an annotation",
            yaml.len()
        );
        assert_eq!(yaml, crd_document(&crd));
        let read: CustomResourceDefinition = serde_saphyr::from_str(&yaml).unwrap();
        assert_eq!(read, crd);
    }
}

#[test]
fn all_manifests_are_one_text_of_several_documents() {
    let read: Vec<CustomResourceDefinition> = serde_saphyr::from_multiple(&crd_yaml()).unwrap();
    assert_eq!(read, crds());
    assert_eq!(read, [crd(), policy_crd()]);
}

#[test]
fn a_policy_without_kinds_allows_all_but_replace() {
    let policy: AttachmentPolicy = serde_json::from_value(json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachmentPolicy",
        "metadata": {"name": "analytics"},
        "spec": {
            "namespaces": {},
            "followers": ["/f"],
            "leaders": [{"scope": "/l", "databases": ["*"]}],
        },
    }))
    .unwrap();
    let kinds = [
        PrincipalsModificationKind::Union,
        PrincipalsModificationKind::None,
    ];
    assert_eq!(policy.spec.principals_modification_kinds, kinds);
    let crd = policy_crd();
    let spec = &root_schema(&crd).properties.as_ref().unwrap()["spec"];
    let kinds = &spec.properties.as_ref().unwrap()["principalsModificationKinds"];
    assert_eq!(kinds.default.as_ref().unwrap().0, json!(["Union", "None"]));
}

#[test]
fn a_policy_is_of_the_cluster_and_nobody_reports_on_it() {
    let crd = policy_crd();
    assert_eq!(
        crd.metadata.name.as_deref(),
        Some("attachmentpolicies.adx-follower.dev")
    );
    assert_eq!(crd.spec.scope, "Cluster");
    assert_eq!(crd.spec.names.short_names, Some(vec!["attpol".to_owned()]));
    assert_eq!(crd.spec.names.categories, Some(vec!["azure".to_owned()]));
    let version = &crd.spec.versions[0];
    assert!(
        version
            .subresources
            .as_ref()
            .is_none_or(|subresources| subresources.status.is_none())
    );
    let columns: Vec<_> = version
        .additional_printer_columns
        .iter()
        .flatten()
        .map(|column| (column.name.as_str(), column.priority.unwrap_or_default()))
        .collect();
    assert_eq!(
        columns,
        [
            ("Namespaces", 0),
            ("Principals", 0),
            ("Age", 0),
            ("Followers", 1),
            ("Leaders", 1)
        ]
    );
}

#[test]
fn the_names_and_columns_are_those_that_users_know() {
    let crd = crd();
    assert_eq!(
        crd.metadata.name.as_deref(),
        Some("attacheddatabases.adx-follower.dev")
    );
    assert_eq!(crd.spec.scope, "Namespaced");
    assert_eq!(crd.spec.names.short_names, Some(vec!["attdb".to_owned()]));
    assert_eq!(crd.spec.names.categories, Some(vec!["azure".to_owned()]));
    let version = &crd.spec.versions[0];
    let columns: Vec<_> = version
        .additional_printer_columns
        .iter()
        .flatten()
        .map(|column| (column.name.as_str(), column.priority.unwrap_or_default()))
        .collect();
    assert_eq!(
        columns,
        [
            ("Ready", 0),
            ("Reason", 0),
            ("Database", 0),
            ("Follower", 0),
            ("Age", 0),
            ("Message", 1),
            ("Leader", 1),
            ("Configuration", 1),
        ]
    );
    let selectable: Vec<_> = version
        .selectable_fields
        .iter()
        .flatten()
        .map(|field| field.json_path.as_str())
        .collect();
    assert_eq!(
        selectable,
        [
            ".spec.follower.clusterResourceId",
            ".spec.leader.clusterResourceId"
        ]
    );
    assert!(version.subresources.as_ref().unwrap().status.is_some());
}

#[test]
fn an_object_that_was_not_seen_yet_says_so() {
    let crd = crd();
    let status = &root_schema(&crd).properties.as_ref().unwrap()["status"];
    assert_eq!(
        status.default.as_ref().unwrap().0,
        json!({"observedGeneration": -1})
    );
    let read: AttachedDatabaseStatus =
        serde_json::from_value(status.default.clone().unwrap().0).unwrap();
    assert_eq!(read.observed_generation, Some(-1));
}

#[test]
fn conditions_are_the_first_field_of_status() {
    let status = AttachedDatabaseStatus {
        conditions: merge(
            &[],
            &[DesiredCondition {
                kind: ConditionType::Ready,
                status: ConditionStatus::True,
                reason: "Attached".to_owned(),
                message: String::new(),
            }],
            1,
            &k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
                k8s_openapi::jiff::Timestamp::UNIX_EPOCH,
            ),
        ),
        observed_generation: Some(1),
        ..AttachedDatabaseStatus::default()
    };
    assert!(
        serde_json::to_string(&status)
            .unwrap()
            .starts_with(r#"{"conditions":"#)
    );
}

#[test]
fn everything_in_the_schemas_is_bounded_typed_documented_and_not_nullable() {
    for (crd, least) in [(crd(), 40), (policy_crd(), 15)] {
        let mut seen = 0;
        walk(root_schema(&crd), "", &mut |path, schema| {
            seen += 1;
            check_bounds(path, schema);
        });
        assert!(seen > least, "only {seen} schemas were looked at");
    }
}

fn check_bounds(path: &str, schema: &JSONSchemaProps) {
    assert_eq!(schema.nullable, None, "{path}");
    assert_eq!(schema.title, None, "{path}");
    assert!(schema.one_of.is_none() && schema.any_of.is_none(), "{path}");
    assert!(schema.all_of.is_none() && schema.not.is_none(), "{path}");
    assert!(
        schema.additional_properties.is_none()
            || path.ends_with(".matchLabels") && schema.max_properties.is_some(),
        "{path}: no maps but those of labels, and these bounded"
    );
    if !path.ends_with([']', '}']) {
        let description = schema.description.as_deref().unwrap_or_default();
        assert!(
            !description.is_empty() && !description.contains('\n'),
            "{path}: {description:?}"
        );
    }
    for value in schema.enum_.iter().flatten() {
        assert!(value.0.is_string(), "{path}");
    }
    match schema.type_.as_deref() {
        Some("string") => assert!(
            schema.max_length.is_some()
                || schema.enum_.is_some()
                || schema.format.as_deref() == Some("date-time"),
            "{path}: unbounded string"
        ),
        Some("array") => assert!(
            schema.max_items.is_some() && schema.x_kubernetes_list_type.is_some(),
            "{path}: unbounded list or list without a type"
        ),
        Some("integer") => {
            assert!(schema.minimum.is_some(), "{path}: unbounded number");
            assert_eq!(schema.format.as_deref(), Some("int64"), "{path}");
        }
        Some("object" | "boolean") => {}
        other => panic!("{path}: unexpected type {other:?}"),
    }
}

#[test]
fn every_rule_has_a_message_in_one_line_that_names_its_field() {
    for (crd, least) in [(crd(), 15), (policy_crd(), 5)] {
        let mut seen = 0;
        walk(root_schema(&crd), "", &mut |path, schema| {
            for rule in schema.x_kubernetes_validations.iter().flatten() {
                seen += 1;
                let message = rule.message.as_deref().unwrap_or_default();
                assert!(
                    message.starts_with('`') && message.contains(" must "),
                    "{path}: {message:?}"
                );
                assert!(!message.contains('\n'), "{path}: {message:?}");
            }
        });
        assert!(seen > least, "only {seen} rules were looked at");
    }
}
