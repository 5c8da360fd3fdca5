//! The documentation names everything that a user can meet in the resource, and nothing that does not exist.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use adx_follower_operator::{
    api::{self, ConditionType, crd},
    cli::Cli,
    controller::retry::{Chance, poll},
};
use clap::CommandFactory as _;
use serde_json::Value;

#[path = "docs/alerts.rs"]
mod alerts;
#[path = "docs/happenings.rs"]
mod happenings;
#[path = "support/oracles.rs"]
mod oracles;
#[path = "docs/page.rs"]
mod page;
#[path = "docs/reasons.rs"]
mod reasons;
#[path = "docs/security.rs"]
mod security;
#[path = "docs/source.rs"]
mod source;
#[path = "docs/told.rs"]
mod told;

use page::{anchors, links, page, section};

fn reference() -> String {
    page("docs/resource.md")
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
        ConditionType::FollowerRunning,
        ConditionType::LeaderRunning,
        ConditionType::Warning,
    ] {
        assert!(section(&reference, "Conditions").contains(&format!("`{}`", condition.as_str())));
    }
    assert!(reference.contains(api::FINALIZER) && reference.contains(api::RECONCILE_ANNOTATION));
}

#[test]
fn operations_are_looked_at_as_often_as_is_told() {
    assert!(section(&reference(), "Reasons and events").contains("four times in its first 21 s"));
    let seconds = Duration::from_secs;
    let (mut age, mut looks) = (Duration::ZERO, 0);
    while age + poll(age, None, Chance(0.0)) <= seconds(21) {
        age += poll(age, None, Chance(0.0));
        looks += 1;
    }
    assert_eq!(looks, 4);
    for (age, delay) in [(100, 15), (3_600, 30)] {
        assert_eq!(poll(seconds(age), None, Chance(0.0)).as_secs(), delay);
    }
}

#[test]
fn every_metric_that_is_named_exists() {
    let table = page("src/metrics/table.rs");
    let mut named = 0;
    for (path, page) in pages() {
        for rest in page.split("adx_follower_").skip(1) {
            let end = rest
                .find(|c: char| !(c.is_ascii_lowercase() || c == '_'))
                .unwrap_or(rest.len());
            let name = format!("adx_follower_{}", &rest[..end]);
            assert!(
                table.contains(&format!("\"{name}\"")),
                "{path} names {name}"
            );
            named += 1;
        }
    }
    assert!(named > 3);
}

#[test]
fn every_command_is_in_the_readme() {
    let readme = page("README.md");
    let commands = section(&readme, "Commands");
    for command in Cli::command().get_subcommands() {
        let named = format!("| `adx-follower {}", command.get_name());
        assert!(
            commands.contains(&named),
            "README.md must tell what {} does",
            command.get_name()
        );
    }
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut followed = 0;
    for (path, page) in pages() {
        let folder = Path::new(&path).parent().unwrap();
        for link in links(&page)
            .iter()
            .filter(|link| !link.starts_with("https://"))
        {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                root.join(&path)
            } else {
                root.join(folder).join(file)
            };
            assert!(target.exists(), "{path}: {link} leads nowhere");
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                assert!(
                    anchors(&text).contains(anchor),
                    "{path}: {link} has no such heading"
                );
            }
            followed += 1;
        }
    }
    assert!(followed > 200, "{followed} links are not all of them");
}

#[test]
fn every_page_is_linked_from_the_readme_and_from_the_resource() {
    let (readme, reference) = (links(&page("README.md")), links(&reference()));
    for (path, _) in pages().iter().filter(|(path, _)| path.starts_with("docs/")) {
        assert!(readme.contains(path), "README.md must link {path}");
        let name = path.trim_start_matches("docs/");
        assert!(
            name == "resource.md" || reference.iter().any(|link| link == name),
            "docs/resource.md must link {name}"
        );
    }
}

/// The pages for users, as path and text.
fn pages() -> Vec<(String, String)> {
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let docs = files
        .filter(|file| file.extension().is_some_and(|extension| extension == "md"))
        .map(|file| format!("docs/{}", file.file_name().unwrap().display()));
    let mut paths: Vec<String> = docs.chain(["README.md".to_owned()]).collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| (path.clone(), page(&path)))
        .collect()
}
