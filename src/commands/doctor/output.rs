//! How checks are written: for people and for programs. Pure.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::{commands::output::printable, lint::output::plural};

use super::checks::{Check, Finding};

/// A line per check, a summary, then the commands as one script that can be copied from: the margin is its own, since a
/// manifest within a command must not be indented.
#[must_use]
pub fn text(checks: &[Check]) -> String {
    let mut out = String::new();
    for check in checks {
        let result = check.result.as_str();
        let _ = writeln!(
            out,
            "{result:<4}  {}: {}",
            subject(check),
            printable(&check.message)
        );
    }
    out.push_str(&summary(checks));
    out.push('\n');
    let mut told = BTreeSet::new();
    for check in checks {
        let fresh: Vec<&String> = check
            .remedies
            .iter()
            .filter(|remedy| told.insert(*remedy))
            .collect();
        if fresh.is_empty() {
            continue;
        }
        let _ = writeln!(out, "\n# {}", subject(check));
        for remedy in fresh {
            for line in remedy.lines() {
                let _ = writeln!(out, "{}", printable(line));
            }
        }
    }
    out
}

/// An array of checks.
#[must_use]
pub fn json(checks: &[Check]) -> String {
    // Texts only: nothing in it can fail to become JSON.
    let text = serde_json::to_string_pretty(checks).unwrap_or_else(|_| "[]".to_owned());
    text + "\n"
}

/// `access analytics/sales`, or `kubernetes` alone.
fn subject(check: &Check) -> String {
    let id = check.id.as_str();
    match &check.subject {
        None => id.to_owned(),
        Some(subject) => format!("{id} {}", printable(subject)),
    }
}

fn summary(checks: &[Check]) -> String {
    let count = |finding| {
        checks
            .iter()
            .filter(|check| check.result == finding)
            .count()
    };
    let parts: Vec<String> = [
        (count(Finding::Ok), "ok"),
        (count(Finding::Warn), "to note"),
        (count(Finding::Fail), "failed"),
        (count(Finding::Skip), "skipped"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{count} {what}"))
    .collect();
    format!("{}: {}", plural(checks.len(), "check"), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::checks::Topic;

    #[test]
    fn commands_stand_at_the_margin_and_each_once() {
        let manifest = "kubectl apply -f - <<'EOF'\nkind: X\nEOF";
        let checks = [
            Check::ok(Topic::Kubernetes, "Kubernetes 1.33"),
            Check::fail(Topic::Access, "no policy")
                .about("team/sales")
                .mended_by(manifest),
            Check::fail(Topic::Access, "no \u{1b}[31mpolicy")
                .about("team/stock")
                .mended_by(manifest),
            Check::skip(Topic::Plan, Topic::Access).about("team/sales"),
        ];
        assert_eq!(
            text(&checks),
            "ok    kubernetes: Kubernetes 1.33\n\
             fail  access team/sales: no policy\n\
             fail  access team/stock: no \u{fffd}[31mpolicy\n\
             skip  plan team/sales: needs `access`\n\
             4 checks: 1 ok, 2 failed, 1 skipped\n\
             \n\
             # access team/sales\n\
             kubectl apply -f - <<'EOF'\n\
             kind: X\n\
             EOF\n"
        );
    }

    #[test]
    fn the_keys_are_always_all_there() {
        let check = Check::ok(Topic::Arm, "it answers");
        let value: serde_json::Value = serde_json::from_str(&json(&[check])).unwrap();
        assert_eq!(
            value,
            serde_json::json!([{"id": "arm", "subject": null, "result": "ok", "message": "it answers", "remedies": []}])
        );
    }
}
