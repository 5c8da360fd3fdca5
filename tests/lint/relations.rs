//! What two objects may not have in common.

use crate::{following, lines, lint, manifest};

#[test]
fn objects_are_compared_with_each_other() {
    let lower = |text: String| text.replace("resourceGroups/adx", "RESOURCEGROUPS/ADX");
    let table = [
        (
            "the same object",
            vec![manifest("a", ""), manifest("a", "  suspend: true\n")],
            vec!["12:12: error: `metadata.name` must be unique: `analytics/a` (a.yaml:3) is the same object, \
                  and the one that is applied last replaces the other (duplicate-object)"],
        ),
        (
            "the same configuration under another spelling of the follower",
            vec![
                manifest("a", "  configurationName: Sales\n"),
                lower(manifest("b", "  configurationName: sales\n  databaseNameOverride: B\n")),
            ],
            vec!["20:3: error: `spec.configurationName` must name a configuration that no other object declares: \
                  `analytics/a` (a.yaml:3) declares the same on this follower; set another `spec.configurationName` \
                  (same-configuration)"],
        ),
        (
            "one database attached twice",
            vec![manifest("a", ""), manifest("b", "")],
            vec!["18:5: error: `spec.leader.databaseName` must lead to names of its own on the follower: `analytics/a` \
                  (a.yaml:3) attaches a database of the same name; set `spec.databaseNameOverride` or \
                  `spec.databaseNamePrefix` (name-clash)"],
        ),
        (
            "an override that is another's prefixed name",
            vec![
                manifest("a", "  databaseNamePrefix: eu_\n"),
                following("leader2", "Orders", "b", "  databaseNameOverride: EU_SALES\n"),
            ],
            vec!["20:3: error: `spec.databaseNameOverride` must lead to names of its own on the follower: `analytics/a` \
                  (a.yaml:3) attaches a database of the same name; set `spec.databaseNameOverride` or \
                  `spec.databaseNamePrefix` (name-clash)"],
        ),
        (
            "one database besides all of them",
            vec![following("leader1", "'*'", "a", ""), manifest("b", "")],
            vec!["18:5: error: `spec.leader.databaseName` must lead to names of its own on the follower: `analytics/a` \
                  (a.yaml:3) attaches a database of the same name; set `spec.databaseNameOverride` or \
                  `spec.databaseNamePrefix` (name-clash)"],
        ),
        (
            "all of them besides one database",
            vec![manifest("a", ""), following("leader1", "'*'", "b", "")],
            vec!["18:5: error: `spec.leader.databaseName` must lead to names of its own on the follower: `analytics/a` \
                  (a.yaml:3) attaches a database of the same name; set `spec.databaseNameOverride` or \
                  `spec.databaseNamePrefix` (name-clash)"],
        ),
        (
            "all databases of two leaders",
            vec![
                following("leader1", "'*'", "a", ""),
                following("leader2", "'*'", "b", ""),
            ],
            vec!["18:5: warning: `spec.leader.databaseName` should lead to names of its own on the follower: \
                  `analytics/a` (a.yaml:3) attaches all databases of another leader in the same way, and of two of one \
                  name Azure attaches either; set different `spec.databaseNamePrefix` (possible-name-clash)"],
        ),
        (
            "two prefixes, two overrides, two followers",
            vec![
                following("leader1", "'*'", "a", "  databaseNamePrefix: a_\n"),
                following("leader2", "'*'", "b", "  databaseNamePrefix: b_\n"),
                manifest("c", "  databaseNameOverride: C\n"),
                manifest("d", "  databaseNameOverride: D\n"),
                manifest("e", ""),
                manifest("f", "").replace("follower1", "follower2"),
                manifest("a", "  configurationName: g\n  databaseNameOverride: G\n")
                    .replace("namespace: analytics", "namespace: other"),
            ],
            vec![],
        ),
    ];
    for (name, manifests, expected) in table {
        let expected: Vec<_> = expected.iter().map(|line| format!("a.yaml:{line}")).collect();
        assert_eq!(lines(&lint(&manifests.join("---\n"))), expected, "{name}");
    }
}

#[test]
fn an_object_with_errors_is_not_compared() {
    let wrong = manifest("b", "  interval: never\n");
    let found = lines(&lint(&format!("{}---\n{wrong}", manifest("a", ""))));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("(admission)"), "{found:?}");
}
