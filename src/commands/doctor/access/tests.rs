//! Who is served, the sentence when nobody is, and the policy that would do.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    api::AttachmentPolicy,
    commands::doctor::checks::Finding,
    controller::{
        OwnIdentities,
        access::{AccountFacts, Policy},
        validate::validate,
    },
};

const HEEDED: Tenancy = Tenancy::Policies(OwnIdentities::Enabled);

fn cluster(group: &str, name: &str) -> String {
    format!("/subscriptions/s1/resourceGroups/{group}/providers/Microsoft.Kusto/clusters/{name}")
}

fn object(spec: &Value) -> AttachedDatabase {
    let mut object = json!({
        "apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachedDatabase",
        "metadata": {"name": "sales", "namespace": "team"},
        "spec": {
            "follower": {"clusterResourceId": cluster("rg1", "follower1")},
            "leader": {"clusterResourceId": cluster("rg1", "leader1"), "databaseName": "Sales"},
        },
    });
    for (field, value) in spec.as_object().unwrap() {
        object["spec"][field] = value.clone();
    }
    serde_json::from_value(object).unwrap()
}

/// The namespace `team` with its own label, and the ServiceAccount `adx` with these annotations.
fn known(account: Option<(&str, &str)>) -> Known {
    let mut known = Known::default();
    let labels = [("kubernetes.io/metadata.name".to_owned(), "team".to_owned())];
    known.namespaces.put("team".to_owned(), labels.into());
    if let Some((client, tenant)) = account {
        let id = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let facts = AccountFacts {
            uid: "u1".to_owned(),
            client_id: id(client),
            tenant_id: id(tenant),
        };
        known
            .accounts
            .put(("team".to_owned(), "adx".to_owned()), facts);
    }
    known
}

/// The manifest within a command.
fn manifest(command: &str) -> AttachmentPolicy {
    let (_, rest) = command.split_once("<<'EOF'\n").unwrap();
    let (manifest, after) = rest.split_once("\nEOF").unwrap();
    assert_eq!(after, "", "nothing follows the manifest");
    serde_saphyr::from_str(manifest).unwrap()
}

#[test]
fn each_refusal_has_a_sentence_and_a_remedy() {
    let own = json!({"serviceAccountName": "adx"});
    let disabled = Tenancy::Policies(OwnIdentities::Disabled);
    let lockdown = Tenancy::Lockdown {
        default_account: "adx".to_owned(),
    };
    let closed = json!({});
    for (tenancy, spec, account, told, remedies) in [
        (
            &HEEDED,
            &closed,
            None,
            "no AttachmentPolicy allows namespace team",
            &["kind: AttachmentPolicy"][..],
        ),
        (
            &HEEDED,
            &own,
            None,
            "there is no adx",
            &[
                "kubectl create serviceaccount adx -n team",
                "azure.workload.identity/client-id=CLIENT_ID",
                "azure.workload.identity/tenant-id=\"$(az account show",
            ],
        ),
        (
            &lockdown,
            &closed,
            None,
            "an Azure identity of its own",
            &["kubectl create serviceaccount adx -n team"],
        ),
        (
            &HEEDED,
            &own,
            Some(("", "t1")),
            "must have the annotation `azure.workload.identity/client-id`",
            &["azure.workload.identity/client-id=CLIENT_ID"],
        ),
        (
            &HEEDED,
            &own,
            Some(("c1", "../t1")),
            "the annotation `azure.workload.identity/tenant-id`",
            &["azure.workload.identity/tenant-id="],
        ),
        (
            &disabled,
            &own,
            Some(("c1", "t1")),
            "`spec.serviceAccountName` must be absent",
            &["kubectl patch attdb sales -n team --type json"],
        ),
    ] {
        let object = object(spec);
        let desired = validate(&object).unwrap();
        let (check, identity) = served(tenancy, &known(account), &object, &desired);
        assert_eq!((check.result, identity), (Finding::Fail, None), "{told}");
        assert!(check.message.contains(told), "{told}: {}", check.message);
        let all = check.remedies.join("\n");
        for remedy in remedies {
            assert!(all.contains(remedy), "{remedy}: {all}");
        }
    }
}

#[test]
fn who_serves_is_told() {
    let own = json!({"serviceAccountName": "adx"});
    let closed = json!({});
    let allow_all = Tenancy::AllowAll(OwnIdentities::Enabled);
    for (tenancy, spec, told) in [
        (&allow_all, &closed, "by `--allow-all`"),
        (&HEEDED, &own, "client c1 of tenant t1"),
    ] {
        let object = object(spec);
        let desired = validate(&object).unwrap();
        let (check, identity) = served(tenancy, &known(Some(("c1", "t1"))), &object, &desired);
        assert_eq!(check.result, Finding::Ok);
        assert!(check.message.contains(told), "{}", check.message);
        assert!(identity.is_some());
    }
}

#[test]
fn what_decides_is_what_is_asked_about() {
    let lockdown = Tenancy::Lockdown {
        default_account: "adx".to_owned(),
    };
    let allow_all = Tenancy::AllowAll(OwnIdentities::Enabled);
    let own = object(&json!({"serviceAccountName": "adx"}));
    let none = object(&json!({}));
    for (tenancy, object, policies, accounts) in [
        (&HEEDED, &none, true, false),
        (&HEEDED, &own, false, true),
        (&allow_all, &none, false, false),
        (&allow_all, &own, false, true),
        (&lockdown, &none, false, true),
    ] {
        assert_eq!(depends(tenancy, object, Kind::Policies), policies);
        assert_eq!(depends(tenancy, object, Kind::Namespaces), policies);
        assert_eq!(depends(tenancy, object, Kind::Accounts), accounts);
    }
}

proptest! {
    /// Whatever may be declared: the printed policy is a policy, allows what was refused, and nothing to another namespace.
    #[test]
    fn the_printed_policy_allows_what_was_refused(
        group in "[a-zA-Z0-9_.()-]{0,20}[a-zA-Z0-9]",
        database in prop_oneof![Just("*".to_owned()), "[a-zA-Z0-9 ._-]{0,20}[a-z]", Just("it's \"so\" $(x) # é".to_owned())],
        kind in prop_oneof![Just("Union"), Just("Replace"), Just("None")],
    ) {
        let object = object(&json!({
            "leader": {"clusterResourceId": cluster(&group, "leader1"), "databaseName": database},
            "defaultPrincipalsModificationKind": kind,
        }));
        let desired = validate(&object).unwrap();
        let mut known = known(None);
        let (check, _) = served(&HEEDED, &known, &object, &desired);
        let policy = manifest(&check.remedies.concat());
        prop_assert_eq!(policy.metadata.name.as_deref(), Some("team-sales"));
        known.policies.put("printed".to_owned(), Policy::try_from(&policy).unwrap());
        let (check, identity) = served(&HEEDED, &known, &object, &desired);
        prop_assert_eq!(identity, Some(Identity::Operator), "{}", check.message);
        let labels = [("kubernetes.io/metadata.name".to_owned(), "other".to_owned())];
        known.namespaces.put("team".to_owned(), labels.into());
        let (_, identity) = served(&HEEDED, &known, &object, &desired);
        prop_assert_eq!(identity, None);
    }
}
