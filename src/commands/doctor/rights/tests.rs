//! What is needed, and what is told of what is missing.

use super::*;
use crate::commands::doctor::checks::Finding;

fn names(tenancy: &Tenancy) -> Vec<String> {
    let rules = rules(&needed(tenancy));
    rules.iter().map(Rule::resource).collect()
}

#[test]
fn what_is_switched_off_needs_no_right() {
    use OwnIdentities::{Disabled, Enabled};
    let always = ["attacheddatabases", "attacheddatabases/status", "events"];
    let policies = ["attachmentpolicies", "namespaces"];
    let accounts = ["serviceaccounts", "serviceaccounts/token"];
    let lockdown = Tenancy::Lockdown {
        default_account: "adx".to_owned(),
    };
    for (tenancy, expected) in [
        (
            Tenancy::Policies(Enabled),
            [&always[..], &policies, &accounts].concat(),
        ),
        (
            Tenancy::Policies(Disabled),
            [&always[..], &policies].concat(),
        ),
        (
            Tenancy::AllowAll(Enabled),
            [&always[..], &accounts].concat(),
        ),
        (Tenancy::AllowAll(Disabled), always.to_vec()),
        (lockdown, [&always[..], &accounts].concat()),
    ] {
        assert_eq!(names(&tenancy), expected, "{tenancy:?}");
    }
}

#[test]
fn who_is_a_service_account_counts_as_the_operator() {
    let operator = Caller::named("system:serviceaccount:adx:operator");
    let person = Caller::named("jane");
    assert_eq!(Caller::named(""), Caller::Unknown);
    let all = needed(&Tenancy::Policies(OwnIdentities::Enabled));
    let lacking: Vec<Right> = all
        .iter()
        .filter(|right| right.resource == "serviceaccounts" || right.verb == "patch")
        .copied()
        .collect();
    for (caller, result) in [(&operator, Finding::Fail), (&person, Finding::Warn)] {
        let check = judge(caller, None, &all, &lacking);
        assert_eq!(check.result, result);
        for part in [
            "`patch` attacheddatabases;",
            "`patch` attacheddatabases/status;",
            "`get`, `list`, `watch` serviceaccounts;",
            "`create` serviceaccounts/token in every namespace",
        ] {
            assert!(check.message.contains(part), "{part}: {}", check.message);
        }
        let manifest = check.remedies.concat();
        assert!(manifest.contains(
            r#"- {apiGroups: [""], resources: ["serviceaccounts/token"], verbs: ["create"]}"#
        ));
        let documents = manifest.split("EOF").nth(1).unwrap_or_default();
        for document in documents.trim_start_matches(['\'', '\n']).split("---\n") {
            let read: Result<serde_json::Value, _> = serde_saphyr::from_str(document);
            assert!(
                read.is_ok_and(|read| read["kind"].is_string()),
                "{document}"
            );
        }
        assert_eq!(
            manifest.contains("{kind: ServiceAccount, name: operator, namespace: adx}"),
            result == Finding::Fail
        );
        assert_eq!(
            check.message.contains("not the operator's"),
            result == Finding::Warn
        );
    }
    let check = judge(&person, Some("a"), &all, &[]);
    assert_eq!(check.result, Finding::Ok);
    assert!(check.remedies.is_empty());
}
