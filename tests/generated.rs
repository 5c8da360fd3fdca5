//! Generated files equal what generates them. `UPDATE=1` writes them anew.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::path::Path;

use adx_follower_operator::api::{GROUP, crd, crd_yaml};

#[path = "support/crd_page.rs"]
mod crd_page;

/// Compares the file at `path` below the repository with `expected`, or writes it when `UPDATE` is set.
fn assert_generated(path: &str, expected: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    let first_difference = found
        .lines()
        .zip(expected.lines())
        .position(|(found, expected)| found != expected)
        .unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
    assert!(
        found == expected,
        "{path} differs from its source from line {} on; run `make generate`",
        first_difference + 1
    );
}

#[test]
fn the_crd_equals_the_rust_types() {
    assert_generated(&format!("crds/attacheddatabases.{GROUP}.yaml"), &crd_yaml());
}

#[test]
fn the_reference_of_the_crd_equals_the_rust_types() {
    let crd = serde_json::to_value(crd()).unwrap();
    assert_generated("docs/crd.md", &crd_page::crd_page(&crd));
}
