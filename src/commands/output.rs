//! How forecasts are written: for people, for programs, for a comment on a pull request. Pure.

use std::fmt::Write as _;

use crate::lint::output::{cell, plural};

use super::{
    diff::{Entry, Field},
    forecast::Action,
};

/// Objects in the table of a comment; hosts refuse comments of more than 65,536 characters.
const MAX_ROWS: usize = 100;

/// Fields told of one object in the table of a comment.
const MAX_FIELDS: usize = 15;

/// Characters of a value in the table of a comment.
const MAX_CELL: usize = 120;

/// A line per object and one per field, then a summary.
#[must_use]
pub fn text(entries: &[Entry]) -> String {
    let mut out = String::new();
    for entry in entries {
        let _ = writeln!(out, "{}: {}", subject(entry), sentence(entry));
        for field in &entry.differences {
            let _ = writeln!(out, "  {}", change(field, &printable));
        }
        if let Some(warning) = &entry.warning {
            let _ = writeln!(out, "  warning: {warning}");
        }
    }
    out + &summary(entries) + "\n"
}

/// An array of entries.
#[must_use]
pub fn json(entries: &[Entry]) -> String {
    // Texts and numbers only: nothing in it can fail to become JSON.
    let mut out = serde_json::to_string_pretty(entries).unwrap_or_else(|_| "[]".to_owned());
    out.push('\n');
    out
}

/// A heading with the summary, then a table of what is not in order.
#[must_use]
pub fn markdown(entries: &[Entry]) -> String {
    let mut out = format!("**adx-follower diff**: {}\n", summary(entries));
    let told: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.action != Action::Nothing || entry.warning.is_some())
        .collect();
    if told.is_empty() {
        return out;
    }
    out.push_str("\n| Object | Action | Why |\n|---|---|---|\n");
    for entry in told.iter().take(MAX_ROWS) {
        let mut why = vec![cell(&entry.message)];
        let fields = entry.differences.iter().take(MAX_FIELDS);
        why.extend(fields.map(|field| change(field, &|value| cell(&clipped(value)))));
        let rest = entry.differences.len().saturating_sub(MAX_FIELDS);
        if rest > 0 {
            why.push(format!("… and {} more", plural(rest, "field")));
        }
        if let Some(warning) = &entry.warning {
            why.push(format!("warning: {}", cell(warning)));
        }
        let action = match entry.action {
            Action::Blocked | Action::Wait | Action::Invalid => {
                format!("{} ({})", word(entry.action), cell(&entry.reason))
            }
            Action::Nothing
            | Action::Suspended
            | Action::Attach
            | Action::Update
            | Action::Adopt
            | Action::AdoptAndUpdate
            | Action::Report => word(entry.action).to_owned(),
        };
        let _ = writeln!(
            out,
            "| {} | {action} | {} |",
            cell(&subject(entry)),
            why.join("<br>")
        );
    }
    let rest = told.len().saturating_sub(MAX_ROWS);
    if rest > 0 {
        let _ = writeln!(out, "\n… and {rest} more.");
    }
    out
}

/// `sales (analytics)`, or the place in the file when there is no object.
fn subject(entry: &Entry) -> String {
    match &entry.object {
        None => format!("{}:{}", entry.file, entry.line),
        Some(object) => match object.split_once('/') {
            Some((namespace, name)) => format!("{name} ({namespace})"),
            None => object.clone(),
        },
    }
}

fn sentence(entry: &Entry) -> String {
    let Entry {
        reason, message, ..
    } = entry;
    match entry.action {
        Action::Nothing => format!("nothing to do: {message}"),
        Action::Suspended | Action::Report => format!("{}: {message}", word(entry.action)),
        Action::Attach | Action::Update | Action::Adopt | Action::AdoptAndUpdate => {
            format!("{} {}", word(entry.action), configuration(entry))
        }
        Action::Wait | Action::Blocked | Action::Invalid => {
            format!("{} ({reason}): {message}", word(entry.action))
        }
    }
}

/// `configuration sales on follower1`.
fn configuration(entry: &Entry) -> String {
    let id = entry.configuration.as_deref().unwrap_or_default();
    let mut segments = id.rsplit('/');
    let name = segments.next().unwrap_or_default();
    let follower = segments.nth(1).unwrap_or_default();
    format!("configuration {name} on {follower}")
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Nothing => "nothing to do",
        Action::Suspended => "suspended",
        Action::Attach => "attach",
        Action::Update => "update",
        Action::Adopt => "adopt",
        Action::AdoptAndUpdate => "adopt and update",
        Action::Report => "report",
        Action::Wait => "wait",
        Action::Blocked => "blocked",
        Action::Invalid => "refused",
    }
}

/// `databaseNamePrefix: eu_ → us_`.
fn change(field: &Field, shown: &dyn Fn(&str) -> String) -> String {
    let value = |text: &str| {
        if text.is_empty() {
            "(none)".to_owned()
        } else {
            shown(text)
        }
    };
    let Field {
        field,
        observed,
        desired,
    } = field;
    format!("{field}: {} → {}", value(observed), value(desired))
}

/// A text that can't steer a terminal: names in Azure are anybody's.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(MAX_CELL) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// `1 to attach, 2 blocked, 3 in order; 6 objects`.
fn summary(entries: &[Entry]) -> String {
    let count = |wanted: &[Action]| {
        let counted = entries
            .iter()
            .filter(|entry| wanted.contains(&entry.action));
        counted.count()
    };
    let parts: Vec<String> = [
        (count(&[Action::Attach]), "to attach"),
        (
            count(&[Action::Update, Action::AdoptAndUpdate]),
            "to update",
        ),
        (count(&[Action::Adopt]), "to adopt"),
        (count(&[Action::Report]), "to report"),
        (count(&[Action::Wait]), "waiting"),
        (count(&[Action::Blocked]), "blocked"),
        (count(&[Action::Invalid]), "refused"),
        (count(&[Action::Suspended]), "suspended"),
        (count(&[Action::Nothing]), "as declared"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    if parts.is_empty() {
        "no objects".to_owned()
    } else {
        parts.join(", ")
    }
}
