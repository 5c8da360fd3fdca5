//! `adx-follower lint`: what it finds and where, that it agrees with the resource definition, and what it writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

use adx_follower_operator::lint::{Linter, Report, output};

#[path = "support/cases.rs"]
mod cases;
#[path = "support/schema.rs"]
#[allow(dead_code, reason = "each test that includes this uses a part")]
mod schema;

#[path = "lint/agreement.rs"]
mod agreement;
#[path = "lint/command.rs"]
mod command;
#[path = "lint/places.rs"]
mod places;
#[path = "lint/policies.rs"]
mod policies;
#[path = "lint/relations.rs"]
mod relations;

fn lint(text: &str) -> Report {
    let mut linter = Linter::new();
    linter.check("a.yaml", text);
    linter.finish()
}

/// The findings as text, without the summary.
fn lines(report: &Report) -> Vec<String> {
    let text = output::text(report);
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.pop();
    lines
}

/// A valid manifest; `rest` is put below `spec`, and the leader is `leader1` with the database `Sales`.
fn manifest(name: &str, rest: &str) -> String {
    following("leader1", "Sales", name, rest)
}

fn following(leader: &str, database: &str, name: &str, rest: &str) -> String {
    let clusters = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/adx/providers/Microsoft.Kusto/clusters";
    format!(
        "apiVersion: adx-follower.dev/v1alpha1\n\
         kind: AttachedDatabase\n\
         metadata: {{name: {name}, namespace: analytics}}\n\
         spec:\n\
         \x20 follower:\n\
         \x20   clusterResourceId: {clusters}/follower1\n\
         \x20 leader:\n\
         \x20   clusterResourceId: {clusters}/{leader}\n\
         \x20   databaseName: {database}\n\
         {rest}"
    )
}
