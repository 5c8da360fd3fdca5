//! `docs/reasons.md` explains every reason, none that does not exist, and each as the code means it.

use std::collections::{BTreeMap, BTreeSet};

use adx_follower_operator::{
    azure::{
        error::Class,
        model::{Cluster, ClusterState},
    },
    controller::retry::{pace, patience},
};
use serde_json::json;

use crate::{
    happenings::refused,
    page::{page, rows, section},
    source::sources,
    told::{delays, spoken, told},
};

/// Words that look like reasons in the source and are none: values and types of conditions, ARM's provisioning states, the
/// brackets of its messages, and the actions of events.
const NO_REASONS: [&str; 14] = [
    "Adopt",
    "Attach",
    "BadRequest",
    "Canceled",
    "Detach",
    "False",
    "Follow",
    "Forbidden",
    "Reconcile",
    "Repair",
    "Succeeded",
    "True",
    "Unauthorized",
    "Update",
];

fn reasons() -> String {
    page("docs/reasons.md")
}

/// Each reason that has a heading, with what stands under it.
fn explained(page: &str) -> BTreeMap<&str, &str> {
    let sections = page
        .split("\n### ")
        .skip(1)
        .map(|rest| rest.split("\n## ").next().unwrap());
    sections
        .map(|section| section.split_once('\n').unwrap())
        .collect()
}

/// The word of a link `[word](#anchor)` at the head of `cell`; its anchor must be its own.
fn linked(cell: &str) -> &str {
    let (word, rest) = cell.trim_start_matches('[').split_once("](#").expect(cell);
    assert_eq!(
        rest.split(')').next(),
        Some(word.to_lowercase().as_str()),
        "{cell}"
    );
    word
}

#[test]
fn each_reason_is_told_as_the_code_means_it() {
    let (page, told) = (reasons(), told());
    let explained = explained(&page);
    for (reason, facts) in &told {
        let text = explained
            .get(reason.as_str())
            .unwrap_or_else(|| panic!("docs/reasons.md must explain {reason}: {facts:?}"));
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("> "))
            .unwrap_or_default();
        let said: BTreeSet<String> = line.split(" · ").map(str::to_owned).collect();
        assert_eq!(said, *facts, "{reason}");
    }
    for reason in explained.keys() {
        assert!(
            told.contains_key(*reason),
            "nothing tells {reason}: add it to tests/docs/told.rs, or remove it"
        );
    }
}

#[test]
fn each_word_of_the_source_is_explained_and_each_explained_word_stands_in_the_source() {
    let (page, sources) = (reasons(), sources());
    let codes: BTreeSet<&str> = rows(section(&page, "Azure's codes"))
        .iter()
        .map(|row| row[0].trim_matches('`'))
        .collect();
    let explained: BTreeSet<&str> = explained(&page).into_keys().collect();
    let mut written = BTreeSet::new();
    for source in &sources {
        for word in source.literals() {
            let is_known =
                explained.contains(word) || codes.contains(word) || NO_REASONS.contains(&word);
            assert!(
                is_known,
                "docs/reasons.md must explain {word}, which {} can write",
                source.name
            );
            written.insert(word);
        }
    }
    assert!(
        written.len() > 90,
        "{} words are not all of them",
        written.len()
    );
    for reason in explained {
        assert!(written.contains(reason), "nothing writes {reason} any more");
    }
    for word in NO_REASONS {
        assert!(
            written.contains(word),
            "{word} need not be excepted any more"
        );
    }
}

#[test]
fn the_index_has_each_reason_in_the_order_of_the_alphabet() {
    let page = reasons();
    let index = rows(section(&page, "Index"));
    let indexed: Vec<&str> = index.iter().map(|row| linked(row[0])).collect();
    let explained: Vec<&str> = explained(&page).into_keys().collect();
    assert_eq!(indexed, explained);
}

#[test]
fn each_reason_says_more_than_its_facts() {
    let page = reasons();
    for (reason, text) in explained(&page) {
        let words = text
            .lines()
            .filter(|line| !line.starts_with('>'))
            .flat_map(str::split_whitespace)
            .count();
        assert!(words >= 8, "{reason}: {text}");
    }
}

#[test]
fn azures_codes_lead_where_the_table_says() {
    let page = reasons();
    let table = rows(section(&page, "Azure's codes"));
    for row in &table {
        let reason = linked(row[1]);
        let code = row[0]
            .strip_prefix('`')
            .and_then(|code| code.strip_suffix('`'));
        if let Some(code) = code {
            for code in [code.to_owned(), code.to_lowercase()] {
                assert_eq!(refused(400, &code, "").reason(), reason, "{code}");
            }
        } else {
            let digits: String = row[0].chars().take_while(char::is_ascii_digit).collect();
            let status = digits.parse().unwrap();
            assert_eq!(refused(status, "Unlisted", "").reason(), reason, "{digits}");
        }
    }
    for (status, code, reason) in [
        (418, "Unlisted", "RequestRejected"),
        (399, "", "UnexpectedRedirect"),
        (599, "", "ArmUnavailable"),
    ] {
        assert_eq!(refused(status, code, "").reason(), reason);
    }
    assert_eq!(refused(404, "", "").reason(), "MalformedAnswer");
    assert_eq!(
        refused(500, "Unlisted", "while resource is in state 'Stopped'").reason(),
        "ClusterNotRunning"
    );
}

#[test]
fn failures_are_tried_again_at_the_pace_that_is_told() {
    let page = reasons();
    let table = rows(section(&page, "How it is tried again"));
    let classes = [
        vec![Class::Transient, Class::Throttled],
        vec![Class::Busy],
        vec![Class::Unauthenticated, Class::Denied],
        vec![Class::Misconfigured],
        vec![Class::Rejected, Class::Locked],
    ];
    assert_eq!(table.len(), classes.len());
    for (row, classes) in table.iter().zip(classes) {
        for class in classes {
            assert_eq!(
                row[1..],
                [delays(pace(class)), spoken(patience(class))],
                "{class:?}"
            );
        }
    }
}

#[test]
fn each_state_of_a_cluster_is_explained() {
    let page = reasons();
    let table = rows(section(&page, "Cluster states"));
    let mut known = BTreeSet::new();
    for row in &table {
        let word = row[0].trim_matches('`');
        let body = json!({"location": "West Europe", "properties": {"state": word}});
        let cluster: Cluster = serde_json::from_value(body).unwrap();
        assert!(!matches!(cluster.state, ClusterState::Other(_)), "{word}");
        assert_eq!(
            row[1],
            if cluster.state == ClusterState::Running {
                "True"
            } else {
                "False"
            },
            "{word}"
        );
        known.insert(word);
    }
    let source = words_of_states();
    let words = source
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\",")?.split_once(" => \""));
    let written: BTreeSet<&str> = words.map(|(_, word)| word).collect();
    assert_eq!(known, written);
}

/// The function that says the word of each state.
fn words_of_states() -> String {
    let source = page("src/azure/model/cluster.rs");
    let (_, rest) = source.split_once("pub fn as_str").unwrap();
    rest.split("fn from_word").next().unwrap().to_owned()
}
