//! What two objects may not have in common.

use crate::{following, lines, lint, manifest};

const ALL: &str = "'*'";

fn found(manifests: &[String]) -> Vec<String> {
    lines(&lint(&manifests.join("---\n")))
}

#[test]
fn an_object_is_declared_once() {
    assert_eq!(
        found(&[manifest("a", ""), manifest("a", "  suspend: true\n")]),
        [
            "a.yaml:13:12: error: `metadata.name` must be unique: `analytics/a` (a.yaml:3) is the same object, \
             and the one that is applied last replaces the other (duplicate-object)"
        ]
    );
}

#[test]
fn a_configuration_is_declared_once_in_whatever_spelling() {
    let first = manifest("a", "  configurationName: Sales\n");
    let second = manifest(
        "b",
        "  configurationName: sales\n  databaseNameOverride: B\n",
    );
    let recased = second.replace("resourceGroups/adx", "RESOURCEGROUPS/ADX");
    assert_eq!(
        found(&[first, recased]),
        [
            "a.yaml:21:3: error: `spec.configurationName` must name a configuration that no other object declares: \
             `analytics/a` (a.yaml:3) declares the same on this follower; set another `spec.configurationName` \
             (same-configuration)"
        ]
    );
}

#[test]
fn names_on_a_follower_are_given_once() {
    for (name, manifests, place) in [
        (
            "one database attached twice",
            [manifest("a", ""), manifest("b", "")],
            "19:5: error: `spec.leader.databaseName`",
        ),
        (
            "an override that is another's prefixed name",
            [
                manifest("a", "  databaseNamePrefix: eu_\n"),
                following(
                    "leader2",
                    "Orders",
                    "b",
                    "  databaseNameOverride: EU_SALES\n",
                ),
            ],
            "21:3: error: `spec.databaseNameOverride`",
        ),
        (
            "one database besides all of them",
            [following("leader1", ALL, "a", ""), manifest("b", "")],
            "19:5: error: `spec.leader.databaseName`",
        ),
        (
            "all of them besides one database",
            [
                manifest("a", "  databaseNamePrefix: eu_\n"),
                following("leader1", ALL, "b", "  databaseNamePrefix: EU_\n"),
            ],
            "21:3: error: `spec.databaseNamePrefix`",
        ),
        (
            "all of them twice",
            [
                following("leader1", ALL, "a", ""),
                following("LEADER1", ALL, "b", ""),
            ],
            "19:5: error: `spec.leader.databaseName`",
        ),
    ] {
        let expected = format!(
            "a.yaml:{place} must lead to names of its own on the follower: `analytics/a` (a.yaml:3) attaches a database of \
             the same name; set `spec.databaseNameOverride` or `spec.databaseNamePrefix` (name-clash)"
        );
        assert_eq!(found(&manifests), [expected], "{name}");
    }
}

#[test]
fn all_databases_of_two_leaders_may_have_names_in_common() {
    assert_eq!(
        found(&[
            following("leader1", ALL, "a", ""),
            following("leader2", ALL, "b", ""),
        ]),
        [
            "a.yaml:19:5: warning: `spec.leader.databaseName` should lead to names of its own on the follower: \
             `analytics/a` (a.yaml:3) attaches all databases of another leader in the same way, and of two of one \
             name Azure attaches either; set different `spec.databaseNamePrefix` (possible-name-clash)"
        ]
    );
}

#[test]
fn objects_that_differ_are_no_problem() {
    let elsewhere = manifest("a", "  configurationName: g\n  databaseNameOverride: G\n")
        .replace("namespace: analytics", "namespace: other");
    let found = found(&[
        following("leader1", ALL, "a", "  databaseNamePrefix: a_\n"),
        following("leader2", ALL, "b", "  databaseNamePrefix: b_\n"),
        manifest("c", "  databaseNameOverride: C\n"),
        manifest("d", "  databaseNameOverride: D\n"),
        manifest("e", ""),
        manifest("f", "").replace("follower1", "follower2"),
        elsewhere,
    ]);
    assert_eq!(found, [""; 0]);
}

#[test]
fn an_object_with_errors_is_not_compared() {
    let found = found(&[manifest("a", ""), manifest("b", "  interval: never\n")]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("(admission)"), "{found:?}");
}
