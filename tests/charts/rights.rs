//! The rights in Kubernetes: exactly those that the program asks for, where it asks for them.

use std::collections::BTreeSet;

use adx_follower_operator::{
    commands::doctor::{
        lease::{self, Use},
        rights::needed,
    },
    controller::{OwnIdentities, Tenancy},
};
use serde_json::Value;

use super::helm::{NAMESPACE, RELEASE, profiles, rendered, rendered_with};
use super::objects::{Object, id, is_test, list, of, text, texts};

/// Rights as `NAMESPACE GROUP/RESOURCE VERB`, with `[NAME]` behind the resource where they are for one name. The namespace
/// is `*` for the whole cluster.
type Rights = BTreeSet<String>;

/// What the ServiceAccount of the operator is bound to.
fn granted(objects: &[Object], account: &str) -> Rights {
    let mut rights = Rights::new();
    let bindings = objects
        .iter()
        .filter(|object| text(object, "/kind").ends_with("RoleBinding") && !is_test(object));
    for binding in bindings {
        for subject in list(&binding["subjects"]) {
            assert_eq!(
                (
                    text(subject, "/kind"),
                    text(subject, "/name"),
                    text(subject, "/namespace")
                ),
                ("ServiceAccount", account, NAMESPACE)
            );
        }
        let (kind, name) = (
            text(binding, "/roleRef/kind"),
            text(binding, "/roleRef/name"),
        );
        let namespace = text(binding, "/metadata/namespace");
        let role = objects
            .iter()
            .find(|role| {
                role["kind"] == kind
                    && role["metadata"]["name"] == name
                    && text(role, "/metadata/namespace") == namespace
            })
            .unwrap_or_else(|| panic!("{} names no role of the chart", id(binding)));
        let place = if namespace.is_empty() { "*" } else { namespace };
        rights.extend(
            rules(role)
                .into_iter()
                .map(|rule| format!("{place} {rule}")),
        );
    }
    rights
}

/// The rules of a role, one for each resource, name and verb.
fn rules(role: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for rule in list(&role["rules"]) {
        let names = texts(&rule["resourceNames"]);
        let names: Vec<String> = if names.is_empty() {
            vec![String::new()]
        } else {
            names.into_iter().map(|name| format!("[{name}]")).collect()
        };
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                for name in &names {
                    for verb in texts(&rule["verbs"]) {
                        found.push(format!("{group}/{resource}{name} {verb}"));
                    }
                }
            }
        }
    }
    found
}

fn each(place: &str, resource: &str, verbs: &[&str]) -> Vec<String> {
    verbs
        .iter()
        .map(|verb| format!("{place} {resource} {verb}"))
        .collect()
}

const READ: &[&str] = &["get", "list", "watch"];

/// What is called in a namespace: `publish` and `watch` of the controller, and the Recorder of events.
fn objects_in(place: &str) -> Vec<String> {
    [
        each(
            place,
            "adx-follower.dev/attacheddatabases",
            &["get", "list", "watch", "patch"],
        ),
        each(
            place,
            "adx-follower.dev/attacheddatabases/status",
            &["patch"],
        ),
        each(place, "events.k8s.io/events", &["create", "patch"]),
    ]
    .concat()
}

/// What `identity` and `controller::access` call for identities of objects.
fn identities_in(place: &str) -> Vec<String> {
    [
        each(place, "/serviceaccounts", READ),
        each(place, "/serviceaccounts/token", &["create"]),
    ]
    .concat()
}

/// What `controller::access` calls for policies.
fn policies() -> Vec<String> {
    [
        each("*", "adx-follower.dev/attachmentpolicies", READ),
        each("*", "/namespaces", READ),
    ]
    .concat()
}

/// What `leader` calls.
fn lease() -> Vec<String> {
    [
        each(
            NAMESPACE,
            "coordination.k8s.io/leases[adx-follower-operator]",
            &["get", "update"],
        ),
        each(NAMESPACE, "coordination.k8s.io/leases", &["create"]),
    ]
    .concat()
}

#[test]
fn the_operator_has_the_rights_that_it_uses_and_no_others() {
    let in_two =
        |rights: fn(&str) -> Vec<String>| [rights("analytics"), rights("finance")].concat();
    let policies_of_two = [
        each("*", "adx-follower.dev/attachmentpolicies", READ),
        each("*", "/namespaces[analytics]", READ),
        each("*", "/namespaces[finance]", READ),
    ]
    .concat();
    let two = "watchNamespaces={analytics,finance}";
    for (settings, expected) in [
        (
            &[][..],
            [objects_in("*"), identities_in("*"), policies(), lease()].concat(),
        ),
        (
            &["tenancy.objectIdentities=false"],
            [objects_in("*"), policies(), lease()].concat(),
        ),
        (
            &["tenancy.allowAll=true"],
            [objects_in("*"), identities_in("*"), lease()].concat(),
        ),
        (
            &["tenancy.allowAll=true", "tenancy.objectIdentities=false"],
            [objects_in("*"), lease()].concat(),
        ),
        (
            &["tenancy.defaultServiceAccount=adx"],
            [objects_in("*"), identities_in("*"), lease()].concat(),
        ),
        (
            &["leaderElection.enabled=false", "replicaCount=1"],
            [objects_in("*"), identities_in("*"), policies()].concat(),
        ),
        (
            &[two],
            [
                in_two(objects_in),
                in_two(identities_in),
                policies_of_two,
                lease(),
            ]
            .concat(),
        ),
        (
            &[two, "tenancy.allowAll=true"],
            [in_two(objects_in), in_two(identities_in), lease()].concat(),
        ),
        (
            &[two, "tenancy.defaultServiceAccount=adx"],
            [in_two(objects_in), in_two(identities_in), lease()].concat(),
        ),
        (&["rbac.create=false"], Vec::new()),
        (
            &[
                "rbac.create=false",
                "serviceAccount.create=false",
                "serviceAccount.name=theirs",
            ],
            Vec::new(),
        ),
    ] {
        let found = granted(&rendered_with(settings), RELEASE);
        assert_eq!(found, expected.into_iter().collect(), "{settings:?}");
    }
}

#[test]
fn without_rbac_there_is_neither_role_nor_binding_of_the_operator() {
    let found = rendered_with(&[
        "rbac.create=false",
        "rbac.aggregateClusterRoles=false",
        "serviceAccount.create=false",
        "serviceAccount.name=theirs",
    ]);
    for object in &found {
        let kind = text(object, "/kind");
        assert!(
            !kind.contains("Role") && kind != "ServiceAccount",
            "{}",
            id(object)
        );
    }
    let deployment = of(&found, "Deployment")[0];
    assert_eq!(
        deployment["spec"]["template"]["spec"]["serviceAccountName"],
        "theirs"
    );
}

#[test]
fn a_namespaced_operator_without_policies_has_no_right_in_the_cluster() {
    let found = rendered_with(&[
        "watchNamespaces={adx-follower-system}",
        "tenancy.allowAll=true",
        "crds.enabled=false",
        "rbac.aggregateClusterRoles=false",
        "test.enabled=false",
    ]);
    for object in &found {
        assert_eq!(
            text(object, "/metadata/namespace"),
            NAMESPACE,
            "{}",
            id(object)
        );
    }
}

#[test]
fn people_may_write_neither_status_nor_finalizers_nor_policies_unawares() {
    let found = rendered_with(&[]);
    let people: Vec<&Object> = of(&found, "ClusterRole")
        .into_iter()
        .filter(|role| text(role, "/metadata/name") != RELEASE && !is_test(role))
        .collect();
    assert_eq!(people.len(), 5);
    let mut built_in = Vec::new();
    for role in people {
        let rules = rules(role);
        for rule in &rules {
            assert!(!rule.contains('*'), "{rule}");
            if rule.contains("/status") || rule.contains("/finalizers") {
                assert_eq!(rule, "adx-follower.dev/attacheddatabases/status get");
            }
        }
        let labels = role["metadata"]["labels"].as_object().unwrap();
        for (label, value) in labels {
            if let Some(to) = label.strip_prefix("rbac.authorization.k8s.io/aggregate-to-") {
                assert_eq!(value, "true");
                built_in.extend(rules.iter().map(|rule| format!("{to}: {rule}")));
            }
        }
    }
    assert!(built_in.contains(&"view: adx-follower.dev/attacheddatabases list".to_owned()));
    assert!(built_in.contains(&"edit: adx-follower.dev/attacheddatabases create".to_owned()));
    let may = |who: &str, what: &str| {
        built_in
            .iter()
            .any(|right| right.starts_with(who) && right.ends_with(what))
    };
    for verb in ["create", "update", "patch", "delete", "deletecollection"] {
        assert!(!may("view", verb), "view may {verb}");
        let policy = format!("attachmentpolicies {verb}");
        assert!(
            !["view", "edit", "admin"]
                .iter()
                .any(|who| may(who, &policy)),
            "{verb}"
        );
    }
    assert!(!may("edit", "deletecollection") && may("admin", "deletecollection"));
}

#[test]
fn the_rights_of_the_test_are_there_for_the_test_only() {
    for name in profiles() {
        let found = rendered(&name);
        let account = text(
            of(&found, "Deployment")[0],
            "/spec/template/spec/serviceAccountName",
        );
        for role in found
            .iter()
            .filter(|object| is_test(object) && object["kind"] == "ClusterRole")
        {
            let crds = [
                "attacheddatabases.adx-follower.dev",
                "attachmentpolicies.adx-follower.dev",
            ];
            let expected: Vec<String> = crds
                .iter()
                .map(|crd| format!("apiextensions.k8s.io/customresourcedefinitions[{crd}] get"))
                .collect();
            assert_eq!(rules(role), expected);
            assert_eq!(
                role["metadata"]["annotations"]["helm.sh/hook-delete-policy"],
                "before-hook-creation,hook-succeeded"
            );
        }
        // It would assert here if a binding were to somebody else.
        granted(&found, account);
    }
}

#[test]
fn the_doctor_asks_for_the_rights_that_the_chart_gives() {
    let own = OwnIdentities::Enabled;
    let none = OwnIdentities::Disabled;
    let default_account = "adx".to_owned();
    for (settings, tenancy) in [
        (&[][..], Tenancy::Policies(own)),
        (&["tenancy.objectIdentities=false"], Tenancy::Policies(none)),
        (&["tenancy.allowAll=true"], Tenancy::AllowAll(own)),
        (
            &["tenancy.defaultServiceAccount=adx"],
            Tenancy::Lockdown { default_account },
        ),
    ] {
        let asked = needed(&tenancy).into_iter().map(|right| {
            let below = right
                .subresource
                .map_or_else(String::new, |below| format!("/{below}"));
            format!("* {}/{}{below} {}", right.group, right.resource, right.verb)
        });
        let of_lease = Use::ALL.into_iter().map(|usage| {
            let name = if usage.is_by_name() {
                format!("[{RELEASE}]")
            } else {
                String::new()
            };
            let (group, resource, verb) = (lease::GROUP, lease::RESOURCE, usage.verb());
            format!("{NAMESPACE} {group}/{resource}{name} {verb}")
        });
        let given = granted(&rendered_with(settings), RELEASE);
        assert_eq!(given, asked.chain(of_lease).collect(), "{tenancy:?}");
    }
}
