//! Commands that do what they say, and none for what is not the reader's to do.

use super::*;
use crate::azure::error::{ArmError, Intent, Refusal, Unaccepted};

const CLUSTER: &str =
    "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1";

fn cluster() -> ClusterId {
    CLUSTER.parse().unwrap()
}

#[test]
fn words_of_a_shell_mean_what_they_say() {
    for (text, word) in [
        ("rg1", "rg1"),
        ("rg(1)", "'rg(1)'"),
        ("", "''"),
        ("a b", "'a b'"),
        ("it's", r"'it'\''s'"),
        ("$(reboot)", "'$(reboot)'"),
        ("a\nb", "'a\nb'"),
    ] {
        assert_eq!(quoted(text), word, "{text:?}");
    }
}

#[test]
fn what_azure_says_is_missing_is_found_in_the_message_for_the_author() {
    let scope = format!("{CLUSTER}/attachedDatabaseConfigurations/sales");
    let error = ArmError::Refused(Refusal {
        intent: Intent::Write,
        status: 403,
        code: "AuthorizationFailed".to_owned(),
        message: format!(
            "The client 'c' with object id 'o' does not have authorization to perform action 'A/write' over scope \
             '{scope}' or the scope is invalid."
        ),
        retry_after: None,
        unaccepted: Unaccepted::Unexplained,
    });
    let message = error.user_message();
    assert_eq!(lacking(&message), Some(("A/write", scope.as_str())));
    assert_eq!(lacking("a lock forbids it"), None);
}

#[test]
fn a_role_is_handed_out_for_the_clusters_in_question_alone() {
    let cluster = cluster();
    let on = |scope: &str| assign_role(Some("c1"), scope, &[&cluster]);
    let expected = format!(
        "az role assignment create --assignee c1 --role 'ADX Follower Operator' --scope {CLUSTER}"
    );
    for scope in [
        CLUSTER.to_owned(),
        CLUSTER.to_uppercase(),
        format!("{CLUSTER}/attachedDatabaseConfigurations/sales"),
    ] {
        assert_eq!(on(&scope), Some(expected.clone()), "{scope}");
    }
    for above in [
        "/subscriptions/s1",
        "/subscriptions/s1/resourceGroups/RG1",
        "/subscriptions/s1/providers/Microsoft.Kusto/locations/westeurope/operationResults/o1",
    ] {
        assert_eq!(
            on(above).as_deref(),
            Some(
                "az role assignment create --assignee c1 --role 'ADX Follower Operator (operations)' \
                 --scope /subscriptions/s1/resourceGroups/rg1"
            ),
            "{above}"
        );
    }
    for foreign in [
        "/subscriptions/s2",
        "/subscriptions/s12",
        "/subscriptions/s1/resourceGroups/rg2",
        "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader12",
        "/subscriptions",
        "/",
        "/subscriptions/s2/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1",
    ] {
        assert_eq!(on(foreign), None, "{foreign}");
    }
    assert!(assign_role_on(None, &cluster).contains("--assignee CLIENT_ID"));
}

#[test]
fn an_unknown_issuer_is_asked_for_by_the_shell() {
    let subject = "system:serviceaccount:team:adx";
    let known = federate("c1", Some("https://issuer.example/a"), subject);
    assert!(
        known
            .contains("--issuer https://issuer.example/a --subject system:serviceaccount:team:adx"),
        "{known}"
    );
    let unknown = federate("c1", None, subject);
    assert!(
        unknown.contains("/.well-known/openid-configuration"),
        "{unknown}"
    );
}
