//! Policies: what is wrong with them, and what their authors hardly meant.

use proptest::prelude::*;

use crate::{lines, lint, manifest};

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

fn cluster(name: &str) -> String {
    format!("{SUBSCRIPTION}/resourceGroups/adx/providers/Microsoft.Kusto/clusters/{name}")
}

/// A policy with these fields of `spec`, each on a line of its own from line 5 on.
fn policy(fields: &[(&str, &str)]) -> String {
    let fields = fields
        .iter()
        .map(|(field, value)| format!("  {field}: {value}\n"));
    let head = "apiVersion: adx-follower.dev/v1alpha1\nkind: AttachmentPolicy\nmetadata: {name: analytics}\nspec:\n";
    format!("{head}{}", fields.collect::<String>())
}

/// The same with what the fields are when they are not said: line 5 has the namespaces, 6 the followers, 7 the leaders.
fn policy_with(changes: &[(&str, &str)]) -> String {
    let follower = format!("[{}]", cluster("follower1"));
    let leader = format!("[{{scope: {}, databases: [Sales]}}]", cluster("leader1"));
    let mut fields = vec![
        ("namespaces", "{}"),
        ("followers", follower.as_str()),
        ("leaders", leader.as_str()),
    ];
    for (field, value) in changes {
        match fields.iter_mut().find(|(known, _)| known == field) {
            Some((_, known)) => *known = value,
            None => fields.push((field, value)),
        }
    }
    policy(&fields)
}

fn assert_found(text: &str, expected: &[&str]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|line| format!("a.yaml:{line}"))
        .collect();
    assert_eq!(lines(&lint(text)), expected, "{text}");
}

#[test]
fn a_right_policy_has_no_findings_and_counts() {
    let selector =
        "{matchLabels: {team: a}, matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}";
    for changes in [
        &[][..],
        &[("namespaces", selector)],
        &[("principalsModificationKinds", "[Replace]")],
        &[("followers", SUBSCRIPTION_LIST)],
    ] {
        assert_found(&policy_with(changes), &[]);
    }
    let report = lint(&format!(
        "{}---\n{}",
        policy_with(&[]),
        manifest("sales", "")
    ));
    assert_eq!((report.tally.objects, report.tally.skipped), (2, 0));
    assert_eq!(report.findings, []);
}

const SUBSCRIPTION_LIST: &str = "[/subscriptions/00000000-0000-0000-0000-000000000001]";

#[test]
fn what_the_api_server_refuses_is_told_with_its_place() {
    let scope = "must be /subscriptions/GUID, /subscriptions/GUID/resourceGroups/GROUP, or the resource ID of an Azure Data \
                 Explorer cluster as `az kusto cluster show --query id` prints it, without a slash at the end (admission)";
    let patterns = "must be names of databases, or beginnings of names followed by * such as \"Sales*\": letters, digits, \
                    spaces, dots, underscores or dashes, and no * but at the end (admission)";
    for (changes, expected) in [
        (
            [("followers", format!("\n  - {SUBSCRIPTION}\n  - {SUBSCRIPTION}/"))],
            format!("8:5: error: `followers` {scope}"),
        ),
        (
            [("leaders", format!("\n  - scope: {SUBSCRIPTION}/resourceGroups/..\n    databases: ['*']"))],
            format!("8:5: error: `leaders[].scope` {scope}"),
        ),
        (
            [("leaders", format!("\n  - scope: {SUBSCRIPTION}\n    databases:\n    - Sales*\n    - '*Sales'"))],
            format!("11:7: error: `databases` {patterns}"),
        ),
        (
            [("leaders", format!("[{{scope: {SUBSCRIPTION}}}]"))],
            "7:13: error: `spec.leaders[0].databases` must be set (required)".to_owned(),
        ),
        (
            [("followers", "[]".to_owned())],
            "6:3: error: `spec.followers` must not be empty (length)".to_owned(),
        ),
        (
            [("namespaces", "{matchlabels: {team: a}}".to_owned())],
            "5:16: error: `spec.namespaces.matchlabels` is not a known field; did you mean `matchLabels`? (unknown-field)".to_owned(),
        ),
        (
            [("namespaces", "{matchLabels: {team: null}}".to_owned())],
            "5:16: error: `spec.namespaces.matchLabels` must not be empty (length)".to_owned(),
        ),
        (
            [("namespaces", "{matchLabels: {env: prod, team: }}".to_owned())],
            "5:41: error: `spec.namespaces.matchLabels.team` must have a value: the API server drops a null, and the policy \
             would be for more namespaces (required)".to_owned(),
        ),
        (
            [("namespaces", "{matchLabels: {team: on}}".to_owned())],
            "5:30: error: `spec.namespaces.matchLabels.team` must be of type string, not boolean; put quotes around it (type)".to_owned(),
        ),
        (
            [("namespaces", "{matchExpressions: [{key: team, operator: in}]}".to_owned())],
            "5:47: error: `spec.namespaces.matchExpressions[0].operator` must be one of In, NotIn, Exists, DoesNotExist, \
             not \"in\"; did you mean In? (enum)".to_owned(),
        ),
        (
            [("principalsModificationKinds", "[Union, None, Replace, Union]".to_owned())],
            "8:3: error: `spec.principalsModificationKinds` must have at most 3 entries, not 4 (length)".to_owned(),
        ),
    ] {
        let changes = changes.each_ref().map(|(field, value)| (*field, value.as_str()));
        assert_found(&policy_with(&changes), &[&expected]);
    }
}

#[test]
fn a_policy_that_allows_nothing_is_told() {
    let contradiction = |key: &str| {
        format!(
            "5:3: warning: `spec.namespaces` must match some namespace: no namespace can have all that is asked of its label \
             \"{key}\", and the policy allows nothing (allows-nothing)"
        )
    };
    for (selector, key) in [
        (
            "{matchLabels: {team: a}, matchExpressions: [{key: team, operator: NotIn, values: [a]}]}",
            "team",
        ),
        (
            "{matchLabels: {kubernetes.io/metadata.name: Analytics}}",
            "kubernetes.io/metadata.name",
        ),
    ] {
        assert_found(
            &policy_with(&[("namespaces", selector)]),
            &[&contradiction(key)],
        );
    }
    let itself = format!("[{{scope: {}, databases: ['*']}}]", cluster("FOLLOWER1"));
    assert_found(
        &policy_with(&[("leaders", &itself)]),
        &[
            "7:3: warning: `spec.leaders` must have another cluster than `spec.followers`: a cluster cannot follow itself, \
             and the policy allows nothing (allows-nothing)",
        ],
    );
    let group = format!("[{{scope: {SUBSCRIPTION}/resourceGroups/adx, databases: ['*']}}]");
    assert_found(&policy_with(&[("leaders", &group)]), &[]);
}

#[test]
fn entries_that_add_nothing_are_told_once() {
    let followers = format!(
        "\n  - {}\n  - {SUBSCRIPTION}\n  - {}",
        cluster("a123"),
        SUBSCRIPTION.to_uppercase()
    );
    assert_found(
        &policy_with(&[("followers", &followers)]),
        &[
            "7:5: warning: `spec.followers[0]` must add something: `spec.followers[1]` includes it; leave it out (redundant-entry)",
            "9:5: warning: `spec.followers[2]` must add something: `spec.followers[1]` includes it; leave it out (redundant-entry)",
        ],
    );
    let leaders = format!(
        "\n  - {{scope: {SUBSCRIPTION}, databases: [Stock]}}\n  - scope: {}\n    databases: [Sales*, salesEU, Sale, Stock]",
        cluster("leader1")
    );
    assert_found(
        &policy_with(&[("leaders", &leaders)]),
        &[
            "10:25: warning: `spec.leaders[1].databases[1]` must add something: `spec.leaders[1].databases[0]` includes it; \
             leave it out (redundant-entry)",
        ],
    );
}

#[test]
fn what_is_around_the_spec_is_checked_too() {
    let right = policy_with(&[]);
    for (from, to, expected) in [
        (
            "name: analytics",
            "name: analytics, namespace: analytics",
            "3:29: warning: `metadata.namespace` must be left out: an AttachmentPolicy is in no namespace, and \
             `spec.namespaces` says which it is for (ignored-namespace)",
        ),
        (
            "v1alpha1",
            "v1",
            "1:1: error: `apiVersion` must be adx-follower.dev/v1alpha1 for the kind AttachmentPolicy, not \
             \"adx-follower.dev/v1\" (api-version)",
        ),
        (
            "kind: AttachmentPolicy",
            "kind: AttachmentPolicies",
            "2:1: error: `kind` must be AttachedDatabase or AttachmentPolicy in the group adx-follower.dev, not \
             \"AttachmentPolicies\"; did you mean AttachmentPolicy? (kind)",
        ),
        (
            "spec:\n",
            "status: {ready: true}\nspec:\n",
            "4:1: warning: `status` must be left out: a policy has none, and what is given here is dropped (ignored-status)",
        ),
    ] {
        assert_found(&right.replacen(from, to, 1), &[expected]);
    }
}

#[test]
fn a_policy_is_declared_once() {
    let twice = format!("{}---\n{}", policy_with(&[]), policy_with(&[]));
    assert_found(
        &twice,
        &[
            "11:12: error: `metadata.name` must be unique: `analytics` (a.yaml:3) is the same object, and the one that is \
             applied last replaces the other (duplicate-object)",
        ],
    );
    let others = format!(
        "{}---\n{}---\n{}---\n{}",
        policy_with(&[]),
        policy_with(&[]).replace("name: analytics", "name: other"),
        policy_with(&[]).replace("name: analytics", "generateName: p-"),
        policy_with(&[]).replace("name: analytics", "generateName: p-"),
    );
    assert_found(&others, &[]);
}

proptest! {
    #[test]
    fn no_policy_makes_it_panic(
        at in 0_usize..500,
        size in 0_usize..40,
        patch in prop_oneof!["\\PC{0,20}", "[-:{}\\[\\]&*!|>'\"#%@,? \n\t/]{0,8}", "null|~|\\[\\]|\\{\\}|1|true|'\\*'"],
    ) {
        let text = policy_with(&[("namespaces", "{matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [b]}]}")]);
        let start = at.min(text.len());
        let end = (start + size).min(text.len());
        let broken = format!("{}{patch}{}", &text[..start], &text[end..]);
        prop_assert_eq!(lint(&broken).tally.files, 1);
    }
}
