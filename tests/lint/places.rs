//! Wrong manifests, each with the very lines that are written.

use proptest::prelude::*;

use crate::{lines, lint, manifest};

#[test]
fn a_right_manifest_has_no_findings() {
    assert_eq!(lines(&lint(&manifest("sales", ""))), [""; 0]);
}

fn assert_found(table: &[(&str, &[&str])]) {
    for (rest, expected) in table {
        let found = lines(&lint(&manifest("sales", rest)));
        let expected: Vec<_> = expected
            .iter()
            .map(|line| format!("a.yaml:{line}"))
            .collect();
        assert_eq!(found, expected, "{rest}");
    }
}

#[test]
fn a_field_that_is_wrong_is_told_with_its_place_and_what_to_do() {
    assert_found(&[
        (
            "  intervall: 5m\n",
            &[
                "10:3: error: `spec.intervall` is not a known field; did you mean `interval`? (unknown-field)",
            ],
        ),
        (
            "  databaseName: Sales\n",
            &[
                "10:3: error: `spec.databaseName` is not a known field; did you mean `spec.leader.databaseName`? (unknown-field)",
            ],
        ),
        (
            "  location: westeurope\n",
            &["10:3: error: `spec.location` is not a known field (unknown-field)"],
        ),
        (
            "  suspend: 'true'\n",
            &[
                "10:3: error: `spec.suspend` must be of type boolean, not string; remove the quotes (type)",
            ],
        ),
        (
            "  databaseNamePrefix: 2024\n",
            &[
                "10:3: error: `spec.databaseNamePrefix` must be of type string, not number; put quotes around it (type)",
            ],
        ),
        (
            "  databaseNameOverride: on\n",
            &[
                "10:3: error: `spec.databaseNameOverride` must be of type string, not boolean; put quotes around it (type)",
            ],
        ),
        (
            "  driftPolicy: correct\n",
            &[
                "10:3: error: `spec.driftPolicy` must be one of Correct, Report, not \"correct\"; did you mean Correct? (enum)",
            ],
        ),
        (
            "  deletionPolicy: Keep\n",
            &[
                "10:3: error: `spec.deletionPolicy` must be one of Detach, Orphan, not \"Keep\" (enum)",
            ],
        ),
        (
            "  interval: 25h\n",
            &[
                "10:3: error: `interval` must be a duration from 1s to 24h, such as 90s, 10m or 1h30m (admission)",
            ],
        ),
        (
            "  configurationName: an-unreasonably-long-configuration-name-x\n",
            &[
                "10:3: error: `spec.configurationName` must have at most 40 characters, not 41 (length)",
            ],
        ),
        (
            "  tableLevelSharingProperties:\n    tablesToInclude:\n    - Orders\n    - ''\n    - 7\n",
            &[
                "13:7: error: `spec.tableLevelSharingProperties.tablesToInclude[1]` must not be empty (length)",
                "14:7: error: `spec.tableLevelSharingProperties.tablesToInclude[2]` must be of type string, not number; put quotes around it (type)",
            ],
        ),
    ]);
}

#[test]
fn fields_that_do_not_go_together_are_told_with_their_place_and_what_to_do() {
    assert_found(&[
        (
            "  databaseNameOverride: SalesRO\n  databaseNamePrefix: eu_\n",
            &[
                "10:3: error: `databaseNameOverride` must not be set together with `databaseNamePrefix`; \
               keep the override to replace the name, or the prefix to extend it (admission)",
            ],
        ),
        (
            "  databaseNameOverride: SALES\n",
            &[
                "10:3: warning: `spec.databaseNameOverride` must differ from `spec.leader.databaseName` to have an effect; \
               leave it out (redundant-override)",
            ],
        ),
        (
            "  suspend: true\n  suspend: false\n",
            &[
                "11:3: error: `suspend` is set already at line 10; keep one of the two (duplicate-key)",
            ],
        ),
        (
            "status: {observedGeneration: 1, anything: 2}\n",
            &[
                "10:1: warning: `status` must be left out: the operator writes it, and what is given here is dropped (ignored-status)",
            ],
        ),
        (
            "  tableLevelSharingProperties: [\n",
            &["10:32: error: unclosed bracket '[' (yaml-syntax)"],
        ),
        (
            "  \"a\\u001b\": 1\n",
            &["10:3: error: `spec.a\\u{1b}` is not a known field (unknown-field)"],
        ),
    ]);
}

#[test]
fn what_is_around_the_spec_is_checked_too() {
    let right = manifest("sales", "");
    let table: &[(&str, &str, &str)] = &[
        (
            "adx-follower.dev/v1alpha1",
            "adx-follower.dev/v1",
            "1:1: error: `apiVersion` must be adx-follower.dev/v1alpha1 for the kind AttachedDatabase, not \"adx-follower.dev/v1\" (api-version)",
        ),
        (
            "adx-follower.dev/v1alpha1",
            "adx-folower.dev/v1alpha1",
            "1:1: error: `apiVersion` must be adx-follower.dev/v1alpha1 for the kind AttachedDatabase, not \"adx-folower.dev/v1alpha1\" (api-version)",
        ),
        (
            "AttachedDatabase",
            "AttachedDatabases",
            "2:1: error: `kind` must be AttachedDatabase or AttachmentPolicy in the group adx-follower.dev, not \"AttachedDatabases\"; did you mean AttachedDatabase? (kind)",
        ),
        (
            "namespace: analytics",
            "namespaces: analytics",
            "3:25: error: `metadata.namespaces` is not a known field; did you mean `namespace`? (unknown-field)",
        ),
        (
            "name: sales",
            "labels: {}",
            "3:1: error: `metadata.name` must be set (required)",
        ),
        (
            "name: sales",
            "name: Sales",
            "3:12: error: `metadata.name` must be a name in Kubernetes: 1 to 253 lower case letters, digits, dashes and dots, \
             starting and ending with a letter or digit, not \"Sales\" (object-name)",
        ),
        (
            "name: sales",
            "name: a-name-of-more-than-forty-characters-x-xy",
            "3:12: error: `metadata.name` must have at most 40 characters where it names the configuration in Azure; \
             shorten it or set `spec.configurationName` (admission)",
        ),
        (
            "namespace: analytics",
            "labels: {a: 1}",
            "3:34: error: `metadata.labels.a` must be of type string, not number; put quotes around it (type)",
        ),
        (
            "    databaseName: Sales\n",
            "",
            "7:3: error: `spec.leader.databaseName` must be set (required)",
        ),
        (
            "databaseName: Sales",
            "databaseName:",
            "7:3: error: `spec.leader.databaseName` must be set (required)",
        ),
        (
            "clusters/leader1",
            "clusters/FOLLOWER1",
            "8:5: error: `leader.clusterResourceId` must name another cluster than `follower.clusterResourceId`, \
             because a cluster cannot follow itself (admission)",
        ),
    ];
    for (from, to, expected) in table {
        let text = right.replacen(from, to, 1);
        assert_ne!(text, right, "{from}");
        assert_eq!(lines(&lint(&text)), [format!("a.yaml:{expected}")], "{to}");
    }
}

#[test]
fn documents_and_lists_are_all_looked_at() {
    let other = "apiVersion: v1\nkind: Namespace\nmetadata: {name: analytics}\n";
    let wrong = manifest("b", "  databaseNameOverride: B\n  x: 1\n");
    let text = format!(
        "# nothing\n---\n{other}---\n---\n{}---\n{wrong}",
        manifest("a", "")
    );
    let report = lint(&text);
    assert_eq!((report.tally.objects, report.tally.skipped), (2, 1));
    assert_eq!(
        lines(&report),
        ["a.yaml:28:3: error: `spec.x` is not a known field (unknown-field)"]
    );
    assert_eq!(report.findings[0].object.as_deref(), Some("analytics/b"));

    let item = wrong.trim_end().replace('\n', "\n  ");
    let report = lint(&format!("apiVersion: v1\nkind: List\nitems:\n- {item}\n"));
    assert_eq!(report.tally.objects, 1);
    assert_eq!(
        lines(&report),
        ["a.yaml:14:5: error: `spec.x` is not a known field (unknown-field)"]
    );
}

#[test]
fn what_kubectl_reads_is_read() {
    let anchored = manifest("sales", "  databaseNamePrefix: &p eu_\n").replace(
        "metadata: {",
        "metadata: {annotations: {a: &x 'b', c: *x}, ",
    );
    assert_eq!(lines(&lint(&anchored)), [""; 0]);
    let windows = manifest("sales", "  x: 1\n").replace('\n', "\r\n");
    assert_eq!(lines(&lint(&windows)).len(), 1);
    let generated = manifest("sales", "").replace("name: sales", "generateName: sales-");
    assert_eq!(lines(&lint(&generated)), [""; 0]);
}

#[test]
fn a_document_of_a_thousand_mistakes_is_told_in_a_hundred_lines() {
    let mistakes = (0..1000).fold(String::new(), |rest, number| {
        rest + &format!("  x{number}: 1\n")
    });
    assert_eq!(lines(&lint(&manifest("sales", &mistakes))).len(), 100);
}

proptest! {
    #[test]
    fn no_manifest_makes_it_panic(
        at in 0_usize..400,
        size in 0_usize..40,
        patch in prop_oneof!["\\PC{0,20}", "[-:{}\\[\\]&*!|>'\"#%@,? \n\t]{0,8}", "null|~|\\[\\]|\\{\\}|1|true"],
    ) {
        let text = manifest("sales", "  tableLevelSharingProperties: {tablesToInclude: [A]}\n");
        let start = at.min(text.len());
        let end = (start + size).min(text.len());
        let broken = format!("{}{patch}{}", &text[..start], &text[end..]);
        let report = lint(&broken);
        prop_assert_eq!(report.tally.files, 1);
    }
}
