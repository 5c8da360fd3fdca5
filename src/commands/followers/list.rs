//! A leader's list of followers, and how it is written. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    azure::{
        id::{ClusterId, ConfigurationId},
        model::FollowerRow,
    },
    commands::output::printable,
};

use super::configuration;

/// One following. Its keys are those of `-o json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Row {
    /// The follower's resource id.
    pub(super) follower: String,
    /// The configuration's name on it.
    pub(super) configuration: String,
    /// The followed database, or `*`.
    pub(super) database: String,
    /// `Direct`, `DataShare`, or another word of ARM's.
    pub(super) origin: String,
    /// Whether an object in Kubernetes declares it; null when that is not known.
    pub(super) managed: Option<bool>,
    /// That object, as `NAMESPACE/NAME`.
    pub(super) managed_by: Option<String>,
    /// What `--detach` takes.
    pub(super) id: String,
}

/// One line of the list; `known` are the objects that manage followings.
pub(super) fn shown(row: FollowerRow, known: Option<&BTreeMap<ConfigurationId, String>>) -> Row {
    // ARM writes ids in several casings (arm-kusto.md §2.2); one is enough for people.
    let follower = row
        .follower_cluster
        .parse::<ClusterId>()
        .map_or(row.follower_cluster, |follower| follower.to_string());
    let id = format!("{follower}/{}", row.configuration_name);
    let managed_by = known.map(|known| known.get(&configuration(&id).ok()?).cloned());
    Row {
        configuration: row.configuration_name,
        database: row.database_name,
        origin: row.share_origin.as_str().to_owned(),
        managed: managed_by.as_ref().map(Option::is_some),
        managed_by: managed_by.flatten(),
        follower,
        id,
    }
}

/// A table for people.
pub(super) fn table(leader: &ClusterId, rows: &[Row]) -> String {
    if rows.is_empty() {
        return format!("nobody follows {}\n", leader.name());
    }
    let header = [
        "FOLLOWER",
        "CONFIGURATION",
        "DATABASE",
        "ORIGIN",
        "MANAGED BY",
        "ID",
    ];
    let cells = rows.iter().map(|row| {
        let name = row.follower.rsplit('/').next().unwrap_or_default();
        let managed = match (row.managed, &row.managed_by) {
            (_, Some(object)) => object,
            (Some(_), None) => "-",
            (None, None) => "?",
        };
        [
            name,
            &row.configuration,
            &row.database,
            &row.origin,
            managed,
            &row.id,
        ]
        .map(printable)
    });
    let lines: Vec<[String; 6]> = std::iter::once(header.map(str::to_owned))
        .chain(cells)
        .collect();
    let mut widths = [0; 6];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut out = String::new();
    for line in &lines {
        let padded = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        out.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    out
}

/// An array for programs.
pub(super) fn json(rows: &[Row]) -> String {
    // Texts only: nothing in it can fail to become JSON.
    let text = serde_json::to_string_pretty(rows).unwrap_or_else(|_| "[]".to_owned());
    text + "\n"
}
