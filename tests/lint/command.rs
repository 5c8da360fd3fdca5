//! The program: arguments, exit codes, formats; and that the documentation names every rule.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use adx_follower_operator::lint::{Linter, Rule, Severity, output, source::MAX_BYTES};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{lint, manifest};

fn run(folder: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_adx-follower"))
        .arg("lint")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that ends before it has read everything is one of the cases.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("team/sub");
    fs::create_dir_all(&below).unwrap();
    let files = [
        ("team/a.yaml", manifest("a", "")),
        ("team/sub/b.yml", manifest("b", "  x: 1\n")),
        ("team/sub/c.json", json!({"kind": "Other"}).to_string()),
        ("team/notes.txt", "a: [".to_owned()),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

#[test]
fn a_folder_stands_for_all_manifests_below_it() {
    let folder = folder();
    let output = run(folder.path(), &["team"], "");
    assert_eq!(
        stdout(&output),
        "team/sub/b.yml:10:3: error: `spec.x` is not a known field (unknown-field)\n\
         1 error in 2 objects of 3 files; 1 document of other kinds skipped\n"
    );
    assert_eq!(output.status.code(), Some(1));
    // Named twice, it is checked once.
    let output = run(folder.path(), &["team/a.yaml", "./team/../team/a.yaml"], "");
    assert_eq!(stdout(&output), "no problems in 1 object of 1 file\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn standard_input_is_a_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["-"], &manifest("a", "  x: 1\n"));
    assert!(stdout(&output).starts_with("<stdin>:10:3: error: "));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn warnings_alone_are_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        folder.path(),
        &["-"],
        &manifest("a", "  databaseNameOverride: Sales\n"),
    );
    assert!(stdout(&output).ends_with("1 warning in 1 object of 1 file\n"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_cannot_be_read_is_an_error_and_the_rest_is_checked() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("empty")).unwrap();
    fs::write(path.join("latin1.yaml"), b"a: \xe4").unwrap();
    let large = fs::File::create(path.join("large.yaml")).unwrap();
    large.set_len(MAX_BYTES + 1).unwrap();
    let output = run(
        path,
        &[
            "absent.yaml",
            "empty",
            "latin1.yaml",
            "large.yaml",
            "team/a.yaml",
        ],
        "",
    );
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    for part in [
        "absent.yaml:1:1: error: absent.yaml cannot be read: No such file",
        "empty:1:1: error: empty has no file *.yaml, *.yml or *.json (unreadable)",
        "latin1.yaml:1:1: error: latin1.yaml must be UTF-8 text (unreadable)",
        "large.yaml:1:1: error: large.yaml must have at most 10 MiB (unreadable)",
        "4 errors in 1 object of 1 file",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn wrong_usage_is_told_apart_from_findings() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["-", "-o", "xml"], &["--strict", "-"]] {
        let output = run(folder.path(), arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn json_has_the_same_keys_for_every_finding() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("a: [\n---\n{}", manifest("a", "  x: 1\n"));
    let output = run(folder.path(), &["-", "-o", "json"], &text);
    let found: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        found[1],
        json!({
            "severity": "error", "rule": "unknown-field", "file": "<stdin>", "line": 12, "column": 3,
            "object": "analytics/a", "field": "spec.x", "message": "`spec.x` is not a known field",
        })
    );
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&found[0]), keys(&found[1]));
    assert_eq!(found[0]["object"], Value::Null);

    let clean = run(folder.path(), &["-o", "json", "-"], &manifest("a", ""));
    assert_eq!(stdout(&clean), "[]\n");
}

#[test]
fn markdown_is_a_table_that_no_manifest_can_break() {
    let report = lint(&manifest("a", "  'x|[y](z) @all <b>': 1\n"));
    assert_eq!(
        output::markdown(&report),
        "**adx-follower lint**: 1 error in 1 object of 1 file\n\n\
         | | Where | Object | Problem | Rule |\n|---|---|---|---|---|\n\
         | error | a.yaml:10:3 | analytics/a | `spec.x\\|\\[y\\](z) \\@all &lt;b>` is not a known field | unknown-field |\n"
    );
    let clean = output::markdown(&lint(&manifest("a", "")));
    assert_eq!(
        clean,
        "**adx-follower lint**: no problems in 1 object of 1 file\n"
    );
}

#[test]
fn a_long_table_is_cut() {
    let mut linter = Linter::new();
    for number in 0..120 {
        linter.check(&format!("{number}.yaml"), "a: [");
    }
    let text = output::markdown(&linter.finish());
    assert!(text.ends_with("\n… and 20 more.\n"));
}

#[test]
fn the_documentation_explains_every_rule_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/commands.md");
    let page = fs::read_to_string(path).unwrap();
    let explained: BTreeSet<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .filter_map(|(rule, rest)| Some((rule, rest.split_once(" |")?.0)))
        .filter(|(_, severity)| ["error", "warning"].contains(severity))
        .collect();
    let rules: BTreeSet<_> = Rule::ALL
        .into_iter()
        .map(|rule| (rule.as_str(), rule.severity().as_str()))
        .collect();
    assert_eq!(explained, rules);
    assert!(Severity::Error < Severity::Warning);
}
