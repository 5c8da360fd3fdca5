//! `adx-follower diff`: manifests in, what the operator would do out. I/O.

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Serialize;

use crate::{
    azure::client::ArmClient,
    cli::{DiffArgs, DiffOutputArg},
    controller::{diff::Difference, validate::validate},
    lint::{Admitted, Finding, Linter, Severity},
};

use super::{
    Console, Ending,
    forecast::{Action, Forecast, Forecaster, Stance},
    output,
};

/// Objects that are looked at at a time. Reads of one cluster are shared, so this bounds the looks at leaders.
const CONCURRENCY: usize = 8;

/// What the operator would do about one declared object. Its keys are those of `-o json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The file as it was named or found; `<stdin>` for standard input.
    pub file: String,
    /// The line of the object's name, or of what is wrong; from 1.
    pub line: usize,
    /// `NAMESPACE/NAME` or `NAME`, if there is one.
    pub object: Option<String>,
    /// The configuration's resource id, if the object names one.
    pub configuration: Option<String>,
    /// What the operator would do.
    pub action: Action,
    /// The reason that the condition `Ready` would have; for a manifest that is refused, the rule of `lint`.
    pub reason: String,
    /// For people.
    pub message: String,
    /// What works and may surprise.
    pub warning: Option<String>,
    /// What is not as declared.
    pub differences: Vec<Field>,
}

/// One field that is not as declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Field {
    /// ARM's name, as in the spec.
    pub field: &'static str,
    /// The live value; empty for absent.
    pub observed: String,
    /// The declared value; empty for absent.
    pub desired: String,
}

impl From<Difference> for Field {
    fn from(difference: Difference) -> Self {
        let Difference {
            field,
            desired,
            observed,
        } = difference;
        Self {
            field,
            observed,
            desired,
        }
    }
}

/// Reads the manifests, looks ahead for each object and writes what comes out.
pub async fn run(
    arguments: &DiffArgs,
    arm: ArmClient,
    now: Timestamp,
    console: &mut Console<'_>,
) -> Ending {
    let mut linter = Linter::new();
    linter.check_files(&arguments.files, console.input);
    let (report, objects) = linter.finish_with_objects();
    let refused = report.findings.into_iter();
    let refused = refused.filter(|finding| finding.severity == Severity::Error);
    let stance = if arguments.unowned {
        Stance::Unowned
    } else {
        Stance::Owned
    };
    let forecaster = Forecaster::new(arm, stance, now);
    let mut entries: Vec<Entry> = refused.map(problem).collect();
    let forecasts = stream::iter(objects).map(|admitted| async {
        let forecast = forecaster.forecast(&admitted.object).await;
        entry(admitted, forecast)
    });
    entries.extend(forecasts.buffered(CONCURRENCY).collect::<Vec<_>>().await);
    let text = match arguments.output {
        DiffOutputArg::Text => output::text(&entries),
        DiffOutputArg::Json => output::json(&entries),
        DiffOutputArg::Markdown => output::markdown(&entries),
    };
    // A reader that has seen enough (`| head`) is no failure.
    let _ = console.output.write_all(text.as_bytes());
    ending(&entries)
}

fn problem(finding: Finding) -> Entry {
    Entry {
        file: finding.file,
        line: finding.at.line,
        object: finding.object,
        configuration: None,
        action: Action::Invalid,
        reason: finding.rule.to_string(),
        message: finding.message,
        warning: None,
        differences: Vec::new(),
    }
}

fn entry(admitted: Admitted, forecast: Forecast) -> Entry {
    let desired = validate(&admitted.object).ok();
    Entry {
        file: admitted.file,
        line: admitted.at.line,
        object: admitted.name,
        configuration: desired.map(|desired| desired.configuration.to_string()),
        action: forecast.action,
        reason: forecast.reason,
        message: forecast.message,
        warning: forecast.warning,
        differences: forecast.differences.into_iter().map(Field::from).collect(),
    }
}

/// The worst of all: an object that can't go on, then one that differs.
fn ending(entries: &[Entry]) -> Ending {
    let mut worst = Ending::Done;
    for entry in entries {
        match entry.action {
            Action::Blocked | Action::Invalid => return Ending::Failed,
            Action::Attach | Action::Update | Action::AdoptAndUpdate | Action::Report => {
                worst = Ending::Differences;
            }
            Action::Wait if !entry.differences.is_empty() => worst = Ending::Differences,
            Action::Wait | Action::Nothing | Action::Suspended | Action::Adopt => {}
        }
    }
    worst
}
