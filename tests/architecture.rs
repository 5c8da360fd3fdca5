//! The arrows between modules, and the size of files: CONTRIBUTING.md, "The house".

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file below `folder`, with its path from the root and its text.
fn files(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
        {
            if entry.is_dir() {
                if !entry.ends_with("target") {
                    folders.push(entry);
                }
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                found.push((name(&entry), fs::read_to_string(&entry).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no files below {folder}");
    found
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The text without comments and unit tests, which may name anything.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    text.lines()
        .map(|line| line.split("//").next().unwrap())
        .collect::<Vec<_>>()
        .join("\n")
}

fn assert_free_of(folder: &str, forbidden: &[&str]) {
    for (name, text) in files(folder) {
        if name.ends_with("tests.rs") {
            continue;
        }
        let code = code(&text);
        for word in forbidden {
            assert!(!code.contains(word), "{name} must not name `{word}`");
        }
    }
}

#[test]
fn azure_knows_nothing_of_kubernetes() {
    assert_free_of(
        "src/azure",
        &["kube::", "k8s_openapi", "crate::api", "crate::controller"],
    );
}

#[test]
fn the_resource_does_no_io_and_knows_no_azure() {
    assert_free_of(
        "src/api",
        &[
            "crate::azure",
            "crate::controller",
            "tokio",
            "reqwest",
            "Client",
            "std::fs",
        ],
    );
}

#[test]
fn pure_steps_import_no_client_clock_or_runtime() {
    let forbidden = [
        "kube::",
        "tokio",
        "reqwest",
        "azure::client",
        "azure::transport",
        "azure::token",
        "async ",
        "::now()",
        "std::fs",
    ];
    let mut pure = 0;
    for (name, text) in files("src/controller") {
        let is_pure = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .any(|line| line.contains("Pure"));
        if !is_pure || name.ends_with("tests.rs") {
            continue;
        }
        pure += 1;
        // Values alone: labels and their selectors.
        let code = code(&text).replace("kube::core::", "");
        for word in forbidden {
            assert!(
                !code.contains(word),
                "{name} says that it is pure and must not name `{word}`"
            );
        }
    }
    assert!(pure >= 8, "the pure steps are marked, not {pure}");
    for step in ["validate", "diff", "decide", "report", "retry", "lane"] {
        let text = fs::read_to_string(root().join(format!("src/controller/{step}.rs"))).unwrap();
        assert!(
            text.lines().take(6).any(|line| line.contains("Pure")),
            "{step}.rs is one of the pure steps"
        );
    }
}

#[test]
fn simulator_and_operator_share_no_code() {
    assert_free_of("simulator/src", &["adx_follower_operator"]);
    assert_free_of("src", &["kusto_arm_simulator", "testbed"]);
    let manifest = fs::read_to_string(root().join("simulator/Cargo.toml")).unwrap();
    assert!(!manifest.contains("adx-follower-operator"));
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let dependencies = manifest
        .split("[dependencies]")
        .nth(1)
        .unwrap()
        .split("\n[")
        .next()
        .unwrap();
    assert!(!dependencies.contains("simulator") && !dependencies.contains("testbed"));
}

#[test]
fn no_file_is_longer_than_five_hundred_lines_and_none_is_a_drawer() {
    for folder in ["src", "simulator", "testbed", "tests"] {
        for (name, text) in files(folder) {
            let lines = text.lines().count();
            assert!(lines <= 500, "{name} has {lines} lines and must be split");
            for drawer in ["utils", "helpers", "common", "misc"] {
                assert!(
                    !name.contains(drawer),
                    "{name} must be named after what it owns"
                );
            }
        }
    }
}

#[test]
fn every_file_says_what_it_owns() {
    for folder in ["src", "simulator/src", "testbed/src", "tests"] {
        for (name, text) in files(folder) {
            assert!(
                text.starts_with("//!"),
                "{name} must open with what it owns"
            );
        }
    }
}
