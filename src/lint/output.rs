//! Writes what was found: for people, for programs, for a comment on a pull request. Pure.

use std::fmt::Write as _;

use super::{
    Report,
    finding::{Finding, Severity},
};

/// Findings in the table of a comment; hosts refuse comments of more than 65,536 characters.
const MAX_ROWS: usize = 100;

/// One line per finding, then a summary.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let Finding {
            severity,
            rule,
            file,
            at,
            message,
            ..
        } = finding;
        let severity = severity.as_str();
        let _ = writeln!(
            out,
            "{file}:{}:{}: {severity}: {message} ({rule})",
            at.line, at.column
        );
    }
    out + &summary(report) + "\n"
}

/// An array of findings.
#[must_use]
pub fn json(report: &Report) -> String {
    // Texts and numbers only: nothing in it can fail to become JSON.
    let mut out =
        serde_json::to_string_pretty(&report.findings).unwrap_or_else(|_| "[]".to_owned());
    out.push('\n');
    out
}

/// A heading with the summary, then a table.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut out = format!("**adx-follower lint**: {}\n", summary(report));
    if report.findings.is_empty() {
        return out;
    }
    out.push_str("\n| | Where | Object | Problem | Rule |\n|---|---|---|---|---|\n");
    for finding in report.findings.iter().take(MAX_ROWS) {
        let Finding {
            severity,
            rule,
            file,
            at,
            object,
            message,
            ..
        } = finding;
        let _ = writeln!(
            out,
            "| {} | {}:{}:{} | {} | {} | {rule} |",
            severity.as_str(),
            cell(file),
            at.line,
            at.column,
            cell(object.as_deref().unwrap_or_default()),
            cell(message)
        );
    }
    let rest = report.findings.len().saturating_sub(MAX_ROWS);
    if rest > 0 {
        let _ = writeln!(out, "\n… and {rest} more.");
    }
    out
}

/// A text that can neither leave its cell nor bring markup of its own; back-quotes are the messages'.
pub(crate) fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' => out.push_str("\\|"),
            '<' => out.push_str("&lt;"),
            '\r' | '\n' => out.push(' '),
            '[' | ']' | '@' | '!' | '*' | '\\' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

fn summary(report: &Report) -> String {
    let count = |severity| {
        report
            .findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let verdict = match (errors, warnings) {
        (0, 0) => "no problems".to_owned(),
        (0, _) => plural(warnings, "warning"),
        (_, 0) => plural(errors, "error"),
        (_, _) => format!(
            "{}, {}",
            plural(errors, "error"),
            plural(warnings, "warning")
        ),
    };
    let tally = report.tally;
    let skipped = match tally.skipped {
        0 => String::new(),
        skipped => format!("; {} of other kinds skipped", plural(skipped, "document")),
    };
    format!(
        "{verdict} in {} of {}{skipped}",
        plural(tally.objects, "object"),
        plural(tally.files, "file")
    )
}

pub(crate) fn plural(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
