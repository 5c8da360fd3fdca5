//! `docs/resource.md` names everything that a user can meet in the resource, and nothing that does not exist.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use adx_follower_operator::{
    api::{self, ConditionType, crd},
    azure::{
        error::{ArmError, Class, Intent, Refusal},
        token::TokenError,
    },
    controller::{
        decide::Block,
        retry::{Chance, backoff, pace, patience},
    },
};
use serde_json::Value;

/// Words that look like reasons in the sources below and are none: values of conditions, ARM's provisioning states and
/// the brackets of its messages.
const NO_REASONS: [&str; 7] = [
    "True",
    "False",
    "Succeeded",
    "Canceled",
    "BadRequest",
    "Forbidden",
    "Unauthorized",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn reference() -> String {
    fs::read_to_string(root().join("docs/resource.md")).unwrap()
}

/// The code that can put a word into a condition or an event, without comments and tests: all of the controller, and what
/// of Azure's side says who must act.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut paths: Vec<PathBuf> = ["controller", "azure"]
        .map(|folder| root().join("src").join(folder))
        .into();
    while let Some(path) = paths.pop() {
        if path.is_dir() && !path.ends_with("tests") {
            paths.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root()).unwrap().display().to_string();
            if name.starts_with("src/controller") || text.contains("Class::") {
                files.push((name, code(&text)));
            }
        }
    }
    files
}

/// The text without comments, unit tests and the names of types that `Debug` writes.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let is_silent = |line: &&str| {
        line.trim_start().starts_with("//")
            || line.contains("debug_struct(")
            || line.contains("debug_tuple(")
    };
    code.lines()
        .filter(|line| !is_silent(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_camel_case(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.contains(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Every `CamelCase` word that stands alone between two quotes.
fn literals(code: &str) -> BTreeSet<&str> {
    let quoted = code.lines().flat_map(|line| {
        let parts: Vec<&str> = line.split('"').collect();
        let inner = parts.len().saturating_sub(2);
        parts.into_iter().skip(1).take(inner)
    });
    quoted.filter(|word| is_camel_case(word)).collect()
}

/// The text of the section under the heading `title`.
fn section<'a>(reference: &'a str, title: &str) -> &'a str {
    let (_, rest) = reference
        .split_once(&format!("\n## {title}\n"))
        .expect(title);
    rest.split("\n## ").next().unwrap()
}

/// The words in back-quotes in the first column of the tables of a section.
fn first_column(section: &str) -> BTreeSet<&str> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(word, _)| word)
        .collect()
}

/// The names of the properties of `schema`, with those of the objects and lists in them.
fn properties<'a>(schema: &'a Value, names: &mut BTreeSet<&'a str>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        names.insert(name);
        properties(property, names);
        properties(&property["items"], names);
    }
}

#[test]
fn every_reason_that_the_code_can_write_is_explained() {
    let reference = reference();
    let sources = sources();
    let mut found = 0;
    for (file, code) in &sources {
        for word in literals(code)
            .into_iter()
            .filter(|word| !NO_REASONS.contains(word))
        {
            assert!(
                reference.contains(&format!("`{word}`")),
                "docs/resource.md must explain `{word}`, which {file} can write"
            );
            found += 1;
        }
    }
    assert!(found > 60, "{found} words are not all of them");
}

#[test]
fn every_reason_that_is_explained_exists() {
    let reference = reference();
    let sources = sources();
    let written: BTreeSet<&str> = sources
        .iter()
        .flat_map(|(_, code)| literals(code))
        .collect();
    for title in ["Reasons", "Events"] {
        let explained = first_column(section(&reference, title));
        assert!(explained.len() > 8, "{title}: {explained:?}");
        for reason in explained {
            assert!(
                written.contains(reason),
                "nothing writes `{reason}` any more: {title}"
            );
        }
    }
}

/// The row of the table of paces that speaks of `reason`.
fn row_of<'a>(pace: &'a str, reason: &str) -> &'a str {
    let mut rows = pace.lines().filter(|line| line.starts_with("| "));
    let named = format!("`{reason}`");
    rows.find(|row| row.contains(&named) || row.starts_with("| everything else"))
        .unwrap()
}

fn spoken(delay: Duration) -> String {
    match delay.as_secs() {
        0 => "at once".to_owned(),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

/// What the table says of a failure of `class`.
fn paced(class: Class) -> String {
    let delay = |attempt| backoff(pace(class), attempt, None, Chance(0.0));
    let (first, last, patience) = (delay(1), delay(u32::MAX), patience(class));
    format!(
        "| {} to {} | {} |",
        spoken(first),
        spoken(last),
        spoken(patience)
    )
}

#[test]
fn failures_are_retried_at_the_pace_that_is_told() {
    let reference = reference();
    let table = section(&reference, "Pace");
    let refused = |status, code: &str, message: &str| {
        ArmError::Refused(Refusal {
            intent: Intent::Write,
            status,
            code: code.to_owned(),
            message: message.to_owned(),
            retry_after: None,
        })
    };
    let message = String::new;
    let not_running = "while resource is in state 'Stopped'";
    for error in [
        refused(503, "", ""),
        refused(302, "", ""),
        refused(404, "", ""),
        refused(429, "", ""),
        refused(400, "Failed", ""),
        refused(400, "BadRequest", not_running),
        refused(409, "ServiceIsInMaintenance", ""),
        refused(409, "", ""),
        refused(401, "", ""),
        refused(403, "", ""),
        refused(403, "LinkedAuthorizationFailed", ""),
        refused(403, "RequestDisallowedByPolicy", ""),
        refused(403, "ReadOnlyDisabledSubscription", ""),
        refused(423, "", ""),
        refused(400, "", ""),
        refused(400, "CannotAlterFollowerDatabase", ""),
        refused(400, "InvalidApiVersionParameter", ""),
        refused(404, "ResourceNotFound", ""),
        refused(404, "ResourceGroupNotFound", ""),
        refused(404, "SubscriptionNotFound", ""),
        refused(409, "MissingSubscriptionRegistration", ""),
        refused(413, "", ""),
        ArmError::Token(TokenError::Refused {
            code: Some(70_021),
            message: message(),
        }),
        ArmError::Token(TokenError::Refused {
            code: None,
            message: message(),
        }),
        ArmError::Token(TokenError::DeadlineExceeded),
    ] {
        let (reason, expected) = (error.reason(), paced(error.class()));
        let row = row_of(table, reason);
        assert!(
            row.ends_with(&expected),
            "`{reason}` is retried {expected}, told is {row}"
        );
    }
    let stopped = Block::FollowerNotRunning {
        state: String::new(),
        reason: None,
    };
    for block in [
        stopped,
        Block::FollowerNotFound,
        Block::Conflict(vec![]),
        Block::ExistsAndDiffers(vec![]),
    ] {
        assert!(
            row_of(table, block.reason()).ends_with(&paced(block.class())),
            "{block:?}"
        );
    }
}

#[test]
fn what_the_table_of_paces_names_is_a_reason() {
    let reference = reference();
    let explained = first_column(section(&reference, "Reasons"));
    let rows = section(&reference, "Pace")
        .lines()
        .filter(|line| line.starts_with("| "));
    for reason in rows
        .flat_map(|row| row.split('`').filter(|word| is_camel_case(word)))
        .filter(|word| *word != "Stalled")
    {
        assert!(explained.contains(reason), "`{reason}`");
    }
}

#[test]
fn every_field_is_explained_in_its_section() {
    let reference = reference();
    let schema = serde_json::to_value(crd()).unwrap();
    let root = &schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    for (part, title) in [("spec", "Fields"), ("status", "Status fields")] {
        let mut part = root[part].clone();
        // What a condition is made of is Kubernetes' own.
        if let Some(conditions) = part.pointer_mut("/properties/conditions") {
            *conditions = Value::Null;
        }
        let mut names = BTreeSet::new();
        properties(&part, &mut names);
        assert!(names.len() > 10, "{title}: {names:?}");
        let text = section(&reference, title);
        for name in names {
            let is_explained = text.contains(&format!("`{name}`"))
                || text.contains(&format!("`{name}."))
                || text.contains(&format!(".{name}`"));
            assert!(
                is_explained,
                "section {title} of docs/resource.md must explain `{name}`"
            );
        }
    }
}

#[test]
fn every_choice_is_explained() {
    let reference = reference();
    let schema = serde_json::to_value(crd()).unwrap();
    let spec = &schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    let fields = section(&reference, "Fields");
    for (field, property) in spec.as_object().unwrap() {
        for choice in property["enum"].as_array().into_iter().flatten() {
            let choice = choice.as_str().unwrap();
            assert!(fields.contains(&format!("`{choice}`")), "{field}: {choice}");
        }
        if let Some(default) = property.get("default") {
            let default = default.to_string().replace('"', "");
            assert!(
                fields.contains(&format!("| `{field}` | `{default}` |")),
                "{field} defaults to {default}"
            );
        }
    }
}

#[test]
fn conditions_finalizer_and_annotation_are_named_as_they_are() {
    let reference = reference();
    for condition in [
        ConditionType::Ready,
        ConditionType::Reconciling,
        ConditionType::Stalled,
        ConditionType::InSync,
    ] {
        assert!(section(&reference, "Conditions").contains(&format!("`{}`", condition.as_str())));
    }
    assert!(reference.contains(api::FINALIZER) && reference.contains(api::RECONCILE_ANNOTATION));
}

#[test]
fn links_within_the_page_lead_somewhere() {
    let reference = reference();
    let anchor = |heading: &str| {
        heading
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .replace(' ', "-")
    };
    let anchors: BTreeSet<String> = reference
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(anchor)
        .collect();
    let links = reference
        .split("](#")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    for (link, _) in links {
        assert!(anchors.contains(link), "#{link} leads nowhere");
    }
}
