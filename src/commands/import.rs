//! `adx-follower import`: configurations that exist in, manifests that the operator adopts without a write out. I/O.
//!
//! | Module | Owns | |
//! |---|---|---|
//! | [`manifest`] | one configuration to one manifest, proven equal before it is printed | pure |
//! | [`name`] | names in Kubernetes out of names in Azure | pure |
//! | [`template`] | configurations in exported templates and lists | pure |
//! | [`expression`] | the expressions of templates | pure |

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    azure::{
        client::ArmClient,
        id::ClusterId,
        model::{Configuration, Database, DatabaseKind, ShareOrigin},
    },
    cli::{ImportArgs, ImportOutputArg},
    error_chain::ErrorChain,
    lint::source,
};

use super::{CommandError, Console, Ending, output::printable};

pub mod expression;
pub mod manifest;
pub mod name;
pub mod template;

use expression::Scope;
use manifest::Manifest;

/// Where configurations are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// On this follower, from Azure.
    Cluster(ClusterId),
    /// In a file, `-` for standard input.
    File(PathBuf),
}

/// A configuration that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is called in messages: `sales on follower1`.
    pub label: String,
    /// The follower and the configuration, or why they can't be told.
    pub content: Result<(ClusterId, Configuration), Unfit>,
}

/// Why there is no manifest for a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is not the operator's to manage; nothing is wrong.
    LeftOut(String),
    /// It can't be told or declared.
    Failed(String),
}

/// What becomes of a configuration.
#[derive(Debug)]
enum Item {
    Manifest(Box<Manifest>),
    Unfit(String, Unfit),
}

/// Checks the arguments.
///
/// # Errors
/// When one of them is wrong.
pub fn source(arguments: &ImportArgs) -> Result<Source, CommandError> {
    if let Some(namespace) = arguments
        .namespace
        .as_ref()
        .filter(|it| !name::is_label(it))
    {
        return Err(CommandError::Argument {
            flag: "--namespace",
            expected: "lower-case letters, digits and hyphens, at most 63",
            value: namespace.clone(),
        });
    }
    match (&arguments.cluster, &arguments.file) {
        (Some(id), _) => {
            let id = id.parse().map_err(|source| CommandError::Id {
                flag: "--cluster",
                source,
            })?;
            Ok(Source::Cluster(id))
        }
        (None, Some(file)) => Ok(Source::File(file.clone())),
        (None, None) => Err(CommandError::Argument {
            flag: "--cluster",
            expected: "given, or `--file`",
            value: String::new(),
        }),
    }
}

/// Imports the configurations of `cluster` as they are now.
///
/// # Errors
/// When Azure does not list them.
pub async fn from_cluster(
    arguments: &ImportArgs,
    cluster: &ClusterId,
    arm: &ArmClient,
    console: &mut Console<'_>,
) -> Result<Ending, CommandError> {
    let failed = |source| CommandError::Azure {
        what: format!("list the configurations of {cluster}"),
        source,
    };
    let listed = arm.configurations(cluster).await.map_err(failed)?;
    let listed = listed.ok_or_else(|| CommandError::NoCluster(cluster.clone()))?;
    // Only the databases tell who made a configuration (arm-kusto.md §5).
    let databases = match arm.databases(cluster).await {
        Ok(databases) => databases.unwrap_or_default(),
        Err(error) => {
            let _ = writeln!(
                console.remarks,
                "warning: cannot tell which configurations are Azure Data Share's: {}",
                ErrorChain(&error)
            );
            Vec::new()
        }
    };
    let found = listed.into_iter().map(|live| Found {
        label: format!("{} on {}", live.name, cluster.name()),
        content: match origin(&live, &databases) {
            ShareOrigin::Direct => Ok((cluster.clone(), live)),
            origin @ (ShareOrigin::DataShare | ShareOrigin::Other(_)) => Err(Unfit::LeftOut(
                format!("made by {}, which alone may change it", origin.as_str()),
            )),
        },
    });
    Ok(write(arguments, found.collect(), console))
}

/// Imports the configurations that an exported template or list names.
///
/// # Errors
/// When the file can't be read or is no JSON, or a parameter is wrong.
pub fn from_file(
    arguments: &ImportArgs,
    file: &Path,
    console: &mut Console<'_>,
) -> Result<Ending, CommandError> {
    let shown = file.display().to_string();
    let mut text = String::new();
    let problem = |source| CommandError::File {
        file: shown.clone(),
        source,
    };
    for source in source::sources(file).map_err(problem)? {
        text = source
            .read(&mut console.input as &mut dyn Read)
            .map_err(problem)?;
    }
    // Some shells put a byte order mark in front.
    let text = text.trim_start_matches('\u{feff}');
    let document: Value = serde_json::from_str(text).map_err(|source| CommandError::NotJson {
        file: shown.clone(),
        source,
    })?;
    let scope = Scope {
        subscription: arguments.subscription.clone(),
        resource_group: arguments.resource_group.clone(),
        parameters: parameters(&arguments.parameters)?,
        ..Scope::default()
    };
    let found = template::configurations(&document, scope);
    Ok(write(arguments, found, console))
}

/// `NAME=VALUE`, the value as JSON if it is a list or an object, else as text.
fn parameters(given: &[String]) -> Result<BTreeMap<String, Value>, CommandError> {
    let pairs = given.iter().map(|given| {
        let (name, text) = given
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| CommandError::Argument {
                flag: "--parameter",
                expected: "NAME=VALUE",
                value: given.clone(),
            })?;
        let value = serde_json::from_str(text).ok();
        let value = value.filter(|value: &Value| value.is_array() || value.is_object());
        let value = value.unwrap_or_else(|| Value::String(text.to_owned()));
        Ok((name.to_lowercase(), value))
    });
    pairs.collect()
}

/// Who made the configuration, as the follower's databases tell.
fn origin(live: &Configuration, databases: &[Database]) -> ShareOrigin {
    let made = databases
        .iter()
        .filter_map(|database| match &database.kind {
            DatabaseKind::Following(following) => following
                .configuration_name
                .eq_ignore_ascii_case(&live.name)
                .then(|| following.share_origin.clone()),
            DatabaseKind::ReadWrite { .. } | DatabaseKind::Other(_) => None,
        });
    made.into_iter()
        .find(|origin| *origin != ShareOrigin::Direct)
        .unwrap_or_default()
}

fn write(arguments: &ImportArgs, found: Vec<Found>, console: &mut Console<'_>) -> Ending {
    let mut taken = BTreeSet::new();
    let namespace = arguments.namespace.as_deref();
    let items: Vec<Item> = found
        .into_iter()
        .map(|found| {
            let manifest = found.content.and_then(|(follower, live)| {
                Manifest::of(&follower, &live, namespace, &mut taken).map_err(Unfit::Failed)
            });
            match manifest {
                Ok(manifest) => Item::Manifest(Box::new(manifest)),
                Err(unfit) => Item::Unfit(found.label, unfit),
            }
        })
        .collect();
    let text = match arguments.output {
        ImportOutputArg::Yaml => yaml(&items),
        ImportOutputArg::Json => {
            let remarks = items.iter().flat_map(remarks);
            for remark in remarks {
                let _ = writeln!(console.remarks, "{remark}");
            }
            json(&items)
        }
    };
    // A reader that has seen enough (`| head`) is no failure.
    let _ = console.output.write_all(text.as_bytes());
    let failed = items
        .iter()
        .filter(|item| matches!(item, Item::Unfit(_, Unfit::Failed(_))))
        .count();
    if failed == 0 {
        return Ending::Done;
    }
    let _ = writeln!(
        console.remarks,
        "error: {failed} of {} configurations could not be written as manifests",
        items.len()
    );
    Ending::Failed
}

/// What a reader of the manifests should know, a line each.
fn remarks(item: &Item) -> Vec<String> {
    let line = |text: String| printable(&text);
    match item {
        Item::Manifest(manifest) => manifest.remark().into_iter().map(line).collect(),
        Item::Unfit(label, Unfit::LeftOut(why)) => vec![line(format!("left out: {label}: {why}"))],
        Item::Unfit(label, Unfit::Failed(why)) => {
            vec![line(format!("not imported: {label}: {why}"))]
        }
    }
}

fn yaml(items: &[Item]) -> String {
    let mut out = String::new();
    for item in items {
        for remark in remarks(item) {
            out.push_str("# ");
            out.push_str(&remark);
            out.push('\n');
        }
        if let Item::Manifest(manifest) = item {
            out.push_str("---\n");
            out.push_str(&manifest.yaml());
        }
    }
    if items.is_empty() {
        out.push_str("# there are no attached database configurations\n");
    }
    out
}

fn json(items: &[Item]) -> String {
    let manifests = items.iter().filter_map(|item| match item {
        Item::Manifest(manifest) => Some(manifest.json()),
        Item::Unfit(..) => None,
    });
    let list = serde_json::json!({
        "apiVersion": "v1",
        "kind": "List",
        "items": manifests.collect::<Vec<_>>(),
    });
    format!("{list:#}\n")
}
