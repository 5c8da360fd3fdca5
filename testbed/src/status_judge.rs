//! What the readers of a status make of it, by their own code: kstatus, the fork of it that Flux and
//! Helm 4 run, and Flux's checker of conditions (conventions.md §1). I/O.

use std::path::PathBuf;

use serde_json::Value;
use tokio::process::Command;

use crate::{error::TestbedError, judge, tools::Tool};

/// A judgement by kstatus: `Current`, `InProgress`, `Failed`, `Terminating`, `NotFound` or `Unknown`
/// with its message, or an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kstatus {
    /// It came to a status.
    Computed {
        /// The status, such as `Current`.
        status: String,
        /// Its message.
        message: String,
    },
    /// The object is not as kstatus expects it.
    Refused(String),
}

impl Kstatus {
    /// The status; `None` if there is none.
    #[must_use]
    pub fn status(&self) -> Option<&str> {
        match self {
            Self::Computed { status, .. } => Some(status),
            Self::Refused(_) => None,
        }
    }
}

/// What Flux's checker found: its sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Broken rules (`FAIL…`).
    pub failures: Vec<String>,
    /// Rules that had better be kept (`WARN…`).
    pub warnings: Vec<String>,
}

/// What is made of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// kstatus, the original.
    pub kstatus: Kstatus,
    /// kstatus, the fork of Flux and Helm 4.
    pub flux_kstatus: Kstatus,
    /// Flux's checker, for an object whose reconciliation is complete.
    pub at_rest: Findings,
    /// Flux's checker, for an object in mid-reconciliation.
    pub in_progress: Findings,
}

/// The judge, ready to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusJudge {
    program: PathBuf,
    negative: String,
}

impl StatusJudge {
    /// A judge who knows which condition types are bad news when they are True, the worst first.
    ///
    /// # Errors
    /// When the program cannot be built.
    pub async fn new(negative: &[&str]) -> Result<Self, TestbedError> {
        Ok(Self {
            program: Tool::StatusJudge.ensure().await?,
            negative: negative.join(","),
        })
    }

    /// Judges objects, all in one process; the verdicts are in their order.
    ///
    /// # Errors
    /// When the program cannot be run, or an object is none (no `kind`).
    pub async fn judge(&self, objects: &[Value]) -> Result<Vec<Verdict>, TestbedError> {
        let doing = "judge statuses";
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .arg(format!("-negative={}", self.negative));
        let answers = judge::ask(doing, command, objects).await?;
        answers
            .iter()
            .map(|answer| read(answer).map_err(|reason| TestbedError::unexpected(doing, reason)))
            .collect()
    }
}

/// Reads an answer of the program; the error is its reason to judge nothing.
fn read(answer: &Value) -> Result<Verdict, String> {
    if let Some(reason) = answer.get("error") {
        return Err(reason.as_str().unwrap_or_default().to_owned());
    }
    let text = |pointer: &str| {
        let value = answer.pointer(pointer).and_then(Value::as_str);
        value.map(str::to_owned)
    };
    let kstatus = |who: &str| match text(&format!("/{who}/status")) {
        Some(status) => Kstatus::Computed {
            status,
            message: text(&format!("/{who}/message")).unwrap_or_default(),
        },
        None => Kstatus::Refused(text(&format!("/{who}/error")).unwrap_or_default()),
    };
    let sentences = |pointer: &str| {
        let list = answer.pointer(pointer).and_then(Value::as_array);
        let words = list.into_iter().flatten().filter_map(Value::as_str);
        words.map(str::to_owned).collect()
    };
    let findings = |when: &str| Findings {
        failures: sentences(&format!("/{when}/failures")),
        warnings: sentences(&format!("/{when}/warnings")),
    };
    Ok(Verdict {
        kstatus: kstatus("kstatus"),
        flux_kstatus: kstatus("fluxKstatus"),
        at_rest: findings("atRest"),
        in_progress: findings("inProgress"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_read() {
        let verdict = read(&json!({
            "kstatus": {"status": "Current", "message": "fine"},
            "fluxKstatus": {"error": "no"},
            "atRest": {"failures": ["f"], "warnings": []},
            "inProgress": {"failures": [], "warnings": ["w"]}
        }))
        .unwrap();
        assert_eq!(verdict.kstatus.status(), Some("Current"));
        assert_eq!(verdict.flux_kstatus, Kstatus::Refused("no".to_owned()));
        assert_eq!(verdict.at_rest.failures, ["f"]);
        assert_eq!(verdict.in_progress.warnings, ["w"]);
        let error = read(&json!({"error": "Object 'Kind' is missing"})).unwrap_err();
        assert_eq!(error, "Object 'Kind' is missing");
    }
}
