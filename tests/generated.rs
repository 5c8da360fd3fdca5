//! Generated files equal what generates them. `UPDATE=1` writes them anew.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::path::Path;

use adx_follower_operator::api::{crd_document, crd_yaml, crds};

#[path = "support/azure_roles.rs"]
mod azure_roles;
#[path = "generated/chart.rs"]
mod chart;
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
fn each_crd_equals_the_rust_types() {
    let mut names = Vec::new();
    for crd in crds() {
        let name = crd.metadata.name.clone().unwrap();
        assert_generated(&format!("crds/{name}.yaml"), &crd_document(&crd));
        names.push(format!("{name}.yaml"));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let files = std::fs::read_dir(folder).unwrap();
    let mut found: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, names, "crds/ has a file for each kind and no other");
}

#[test]
fn the_program_prints_what_stands_in_the_files() {
    let documents: Vec<String> = crds().iter().map(crd_document).collect();
    assert_eq!(crd_yaml().split("---\n").collect::<Vec<_>>(), documents);
}

#[test]
fn the_reference_of_the_crds_equals_the_rust_types() {
    let crds: Vec<_> = crds()
        .iter()
        .map(|crd| serde_json::to_value(crd).unwrap())
        .collect();
    assert_generated("docs/crd.md", &crd_page::crd_page(&crds));
}

#[test]
fn the_roles_in_azure_equal_the_actions_that_are_asked_for() {
    for (file, role) in azure_roles::roles() {
        assert_generated(&format!("deploy/azure/{file}"), &role);
    }
}

#[test]
fn the_table_of_actions_equals_the_actions_that_are_asked_for() {
    const PAGE: &str = "docs/security.md";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = std::fs::read_to_string(file).unwrap();
    let (begin, end) = ("<!-- actions -->\n", "<!-- /actions -->");
    let (before, rest) = page.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let table = azure_roles::table();
    assert_generated(PAGE, &format!("{before}{begin}{table}{end}{after}"));
}

#[test]
fn the_crds_in_the_charts_and_bases_equal_the_rust_types() {
    const CHART: &str = "charts/adx-follower-operator/templates/crds";
    const CRDS_CHART: &str = "charts/adx-follower-operator-crds/templates";
    for crd in crds() {
        let name = crd.metadata.name.clone().unwrap();
        let document = crd_document(&crd);
        let template = chart::crd_template(&document, Some("crds.enabled"), "crds.keep");
        assert_generated(&format!("{CHART}/{name}.yaml"), &template);
        let template = chart::crd_template(&document, None, "keep");
        assert_generated(&format!("{CRDS_CHART}/{name}.yaml"), &template);
        assert_generated(&format!("deploy/kustomize/crds/{name}.yaml"), &document);
    }
}

#[test]
fn the_readme_of_each_chart_tells_its_values() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts");
    for (name, own) in [
        ("adx-follower-operator", include_str!("generated/chart.md")),
        (
            "adx-follower-operator-crds",
            include_str!("generated/chart-crds.md"),
        ),
    ] {
        let read = |file: &str| std::fs::read_to_string(root.join(name).join(file)).unwrap();
        let values_yaml = read("values.yaml");
        let chart: serde_json::Value = serde_saphyr::from_str(&read("Chart.yaml")).unwrap();
        let values: serde_json::Value = serde_saphyr::from_str(&values_yaml).unwrap();
        let readme = chart::readme(&chart, &values_yaml, &values, own);
        assert_generated(&format!("charts/{name}/README.md"), &readme);
    }
}
