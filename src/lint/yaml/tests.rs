//! Tests of the reader: what kubectl reads, where things stand, what is refused.

use std::fmt::Write as _;

use super::*;

fn only(text: &str) -> Rc<Node> {
    let mut documents = documents(text);
    let document = documents.next().unwrap();
    assert_eq!(document.faults, [], "{text}");
    assert!(documents.next().is_none(), "{text}");
    document.root.unwrap()
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Yaml::Null => serde_json::Value::Null,
        Yaml::Bool(value) => (*value).into(),
        Yaml::Number(number) => number.clone().into(),
        Yaml::Text(text) => text.clone().into(),
        Yaml::List(items) => items.iter().map(|item| json(item)).collect(),
        Yaml::Map(entries) => entries
            .iter()
            .map(|(key, entry)| (key.clone(), json(&entry.node)))
            .collect(),
    }
}

fn faults(text: &str) -> Vec<(usize, usize, String)> {
    documents(text)
        .flat_map(|document| document.faults)
        .map(|fault| (fault.at.line, fault.at.column, fault.message))
        .collect()
}

#[test]
fn scalars_mean_what_they_mean_to_kubectl() {
    // Taken from what `kubectl label --local -o json` prints.
    for (text, expected) in [
        ("yes", "true"),
        ("y", "true"),
        ("On", "true"),
        ("NO", "false"),
        ("'yes'", "\"yes\""),
        ("\"12\"", "\"12\""),
        ("1_000", "1000"),
        ("0x1F", "31"),
        ("0b11", "3"),
        ("017", "15"),
        ("0o17", "15"),
        ("0_7", "7"),
        ("089", "89.0"),
        ("1e3", "1000.0"),
        (".5", "0.5"),
        ("1.", "1.0"),
        ("+.5", "0.5"),
        ("~", "null"),
        ("Null", "null"),
        ("", "null"),
        ("2020-01-01", "\"2020-01-01\""),
        ("1:30", "\"1:30\""),
        ("10m", "\"10m\""),
        ("+5", "5"),
        ("-0x1", "-1"),
        ("--1", "\"--1\""),
        ("0x-1", "\"0x-1\""),
        ("_1", "\"_1\""),
        ("0.1.2", "\"0.1.2\""),
        ("0x", "\"0x\""),
        ("1e", "\"1e\""),
        (".", "\".\""),
        ("99999999999999999999", "100000000000000000000.0"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("!!str 12", "\"12\""),
        ("!!int \"5\"", "5"),
        ("NaN", "\"NaN\""),
    ] {
        let node = only(&format!("v: {text}\n"));
        let value = json(&node)["v"].to_string();
        let same = value.parse::<f64>().ok().zip(expected.parse::<f64>().ok());
        assert!(
            value == expected || same.is_some_and(|(a, b)| a.to_bits() == b.to_bits()),
            "{text}: {value}"
        );
    }
}

#[test]
fn keys_and_values_know_where_they_stand() {
    let root = only("# comment\nspec:\n  läb: {a: 1}\n  b:\n  - x\n  -   y\n");
    let spec = root.entry("spec").unwrap();
    assert_eq!(spec.at, Position { line: 2, column: 1 });
    let inner = spec.node.entry("läb").unwrap();
    assert_eq!(inner.at, Position { line: 3, column: 3 });
    let flow = inner.node.entry("a").unwrap();
    assert_eq!(flow.at, Position { line: 3, column: 9 });
    let Yaml::List(items) = &spec.node.entry("b").unwrap().node.value else {
        panic!("b is a list");
    };
    assert_eq!(items[1].at, Position { line: 6, column: 7 });
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    let root = only("a: &a {p: 1, q: 2}\nb: {<<: *a, q: 3}\nc: [*a]\nd: {<<: [{p: 5}, *a]}\n");
    assert_eq!(
        json(&root),
        serde_json::json!({
            "a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}, "c": [{"p": 1, "q": 2}], "d": {"p": 5, "q": 2},
        })
    );
}

#[test]
fn faults_are_told_where_they_are() {
    for (text, line, column, part) in [
        ("a: 1\na: 2\n", 2, 1, "`a` is set already at line 1"),
        ("a: [1, 2\n", 1, 4, "unclosed"),
        ("a: 1\n b: 2\n", 2, 3, "mapping values are not allowed"),
        ("a: *b\n", 1, 4, "unknown anchor"),
        ("a: &a [*a]\n", 1, 8, "must not stand inside"),
        ("? [a]\n: 1\n", 1, 3, "a key must be a text"),
        ("a: .inf\n", 1, 4, "must be finite"),
        ("a: {<<: 1}\n", 1, 9, "must be given a map"),
    ] {
        let faults = faults(text);
        let [(found_line, found_column, message)] = faults.as_slice() else {
            panic!("{text}: {faults:?}");
        };
        assert!(message.contains(part), "{text}: {message}");
        assert_eq!((*found_line, *found_column), (line, column), "{text}");
    }
}

#[test]
fn documents_behind_a_broken_one_are_read() {
    let all: Vec<_> = documents("a: 1\n---\nb: [\n---\nc: 3\n").collect();
    let roots: Vec<_> = all.iter().map(|document| document.root.is_some()).collect();
    assert_eq!(roots, [true, false, true]);
}

#[test]
fn a_small_document_cannot_become_a_large_one() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        writeln!(bomb, "a{level}: &a{level} [{before}]").unwrap();
    }
    assert!(faults(&bomb)[0].2.contains("at most 1000000 values"));

    let mut tower = "a0: &a0 [x]\n".to_owned();
    for level in 1..200 {
        writeln!(tower, "a{level}: &a{level} [*a{}]", level - 1).unwrap();
    }
    assert!(faults(&tower)[0].2.contains("at most 128 levels"));

    let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(faults(&deep).len(), 1);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([a-z&*<:,?|>{}\\[\\]'\"!#%0-9 .~\n-]|---\n|: |- ){0,80}") {
        let documents: Vec<_> = documents(&text).take(1000).collect();
        proptest::prop_assert!(documents.len() < 1000);
    }
}
