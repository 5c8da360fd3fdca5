//! Examples of changes to an object that exists.

use serde_json::json;

use super::{Case, FOLLOWER, LEADER, accept, reject, update};

const FOLLOWER_ID: &str = "spec.follower.clusterResourceId";
const LEADER_ID: &str = "spec.leader.clusterResourceId";
const DATABASE: &str = "spec.leader.databaseName";
const NAME: &str = "spec.configurationName";

pub(super) fn updates() -> Vec<Case> {
    [identity(), configuration_name(), everything_else()].concat()
}

fn identity() -> Vec<Case> {
    let changes = [
        (
            "the follower stays",
            "`follower.clusterResourceId` must not change",
            (
                FOLLOWER_ID,
                json!(FOLLOWER.replace("follower1", "follower2")),
            ),
        ),
        (
            "the leader stays",
            "`leader.clusterResourceId` must not change",
            (LEADER_ID, json!(LEADER.replace("leader1", "leader2"))),
        ),
        (
            "the database stays",
            "`leader.databaseName` must not change",
            (DATABASE, json!("Orders")),
        ),
        (
            "one database does not become all",
            "`leader.databaseName` must not change",
            (DATABASE, json!("*")),
        ),
    ];
    let recased = accept(
        "ids and names may be written in another case",
        &[
            (FOLLOWER_ID, json!(FOLLOWER.to_uppercase())),
            (LEADER_ID, json!(LEADER.to_lowercase())),
            (DATABASE, json!("SALES")),
            (NAME, json!("Sales")),
        ],
    );
    changes
        .into_iter()
        .map(|(name, part, edit)| reject(name, part, &[edit]))
        .chain([recased])
        .map(|case| update(case, &[]))
        .collect()
}

fn configuration_name() -> Vec<Case> {
    const KEPT: &str = "`configurationName` must not change, be added or be removed";
    let named = |name: &str| [(NAME, json!(name))];
    vec![
        update(
            reject("the configuration name stays", KEPT, &named("b")),
            &named("a"),
        ),
        update(
            accept("the same configuration name is no change", &named("a")),
            &named("a"),
        ),
        update(
            reject("another configuration name is not added", KEPT, &named("b")),
            &[],
        ),
        update(
            reject("another configuration name is not removed", KEPT, &[]),
            &named("b"),
        ),
        update(
            accept(
                "the default configuration name may be written out",
                &named("sales"),
            ),
            &[],
        ),
        update(
            accept("the default configuration name may be left out", &[]),
            &named("sales"),
        ),
    ]
}

fn everything_else() -> Vec<Case> {
    let changed = accept(
        "everything else may be changed",
        &[
            ("spec.defaultPrincipalsModificationKind", json!("Replace")),
            ("spec.databaseNamePrefix", json!("eu_")),
            (
                "spec.tableLevelSharingProperties",
                json!({"tablesToInclude": ["Logs*"]}),
            ),
            ("spec.driftPolicy", json!("Report")),
            ("spec.adoptionPolicy", json!("Always")),
            ("spec.deletionPolicy", json!("Orphan")),
            ("spec.suspend", json!(true)),
            ("spec.interval", json!("1h")),
            ("spec.serviceAccountName", json!("adx")),
        ],
    );
    vec![update(
        changed,
        &[("spec.databaseNameOverride", json!("SalesRO"))],
    )]
}
