//! `docs/security.md` claims nothing that no test proves.

use std::collections::BTreeSet;
use std::path::Path;

use crate::page::{page, rows, section};

/// What stands between backquotes and reads `file.rs::test`.
fn named(text: &str) -> BTreeSet<(&str, &str)> {
    let code = text.split('`').skip(1).step_by(2);
    code.filter_map(|code| code.split_once("::"))
        .filter(|(file, _)| Path::new(file).extension().is_some_and(|it| it == "rs"))
        .collect()
}

#[test]
fn every_test_that_is_named_exists() {
    let page = page("docs/security.md");
    let tests = named(&page);
    assert!(tests.len() > 40, "{} are not all of them", tests.len());
    for (file, test) in tests {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let source = std::fs::read_to_string(&path)
            .unwrap_or_else(|_| panic!("docs/security.md names {file}, which does not exist"));
        let head = format!("fn {test}(");
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| {
            line.strip_prefix("async ")
                .unwrap_or(line)
                .starts_with(&head)
        });
        let at = at.unwrap_or_else(|| panic!("docs/security.md names {test}, which {file} lacks"));
        let is_test = lines[..at]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("#["))
            .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
        assert!(is_test, "{test} in {file} is no test");
    }
}

#[test]
fn every_control_names_a_test() {
    let page = page("docs/security.md");
    let controls = rows(section(&page, "Controls and their tests"));
    assert!(controls.len() > 15);
    for control in controls {
        assert!(!named(control[1]).is_empty(), "{}", control[0]);
    }
}
