//! `adx-follower lint`: checks manifests without a cluster, for pull requests.
//!
//! | Module | Owns | |
//! |---|---|---|
//! | [`source`] | files, folders, standard input | I/O |
//! | [`yaml`] | YAML to nodes that know where they stand | pure |
//! | `schema`, `metadata`, `suggestion` | the served schema, strictly | pure |
//! | `admission` | the CEL rules of the resource definitions | pure |
//! | `manifest` | one document, through all checks and the operator's own | pure |
//! | `policy` | what the operator says to an `AttachmentPolicy` | pure |
//! | `relations` | what objects may not have in common | pure |
//! | [`finding`], [`output`] | what is told, and how | pure |

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    path::PathBuf,
    process::ExitCode,
};

use crate::api::AttachedDatabase;
use crate::cli::{LintArgs, LintOutputArg};

mod admission;
pub mod finding;
mod manifest;
mod metadata;
pub mod output;
mod path;
mod policy;
mod relations;
mod schema;
pub mod source;
mod suggestion;
pub mod yaml;

pub use finding::{Finding, Problem, Rule, Severity, Tally};

use manifest::{Checked, Checks};
use relations::Relations;
use yaml::{FaultKind, Position};

/// What was found, file by file and in each from top to bottom, and what was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub tally: Tally,
}

impl Report {
    /// Whether anything is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.severity == Severity::Error)
    }
}

/// An object that neither the API server nor the operator would refuse, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// The file as it was named or found.
    pub file: String,
    /// Where the object's name stands.
    pub at: Position,
    /// `NAMESPACE/NAME` or `NAME`.
    pub name: Option<String>,
    /// The object as it would be created, without a status.
    pub object: AttachedDatabase,
}

/// Checks files one after the other and remembers what they declare.
#[derive(Debug)]
pub struct Linter {
    checks: Checks,
    relations: Relations,
    report: Report,
    admitted: Vec<Admitted>,
}

impl Default for Linter {
    fn default() -> Self {
        Self::new()
    }
}

impl Linter {
    /// Compiles the rules. Costs some milliseconds.
    #[must_use]
    pub fn new() -> Self {
        Self {
            checks: Checks::new(),
            relations: Relations::default(),
            report: Report::default(),
            admitted: Vec::new(),
        }
    }

    /// Checks what the paths stand for, as [`run`] does; standard input is taken from `stdin`.
    pub fn check_files(&mut self, paths: &[PathBuf], stdin: &mut dyn Read) {
        let mut seen = BTreeSet::new();
        for path in paths {
            match source::sources(path) {
                Err(error) => self.unreadable(&path.display().to_string(), &error),
                Ok(sources) => {
                    for source in sources {
                        // Checked twice, each object would be a duplicate of itself.
                        if !seen.insert(source.identity()) {
                            continue;
                        }
                        match source.read(stdin) {
                            Ok(text) => self.check(&source.name(), &text),
                            Err(error) => self.unreadable(&source.name(), &error),
                        }
                    }
                }
            }
        }
    }

    /// Checks all documents of the text of `file`.
    pub fn check(&mut self, file: &str, text: &str) {
        self.report.tally.files += 1;
        let mut findings = Vec::new();
        for document in yaml::documents(text) {
            for fault in document.faults {
                let rule = match fault.kind {
                    FaultKind::Syntax => Rule::YamlSyntax,
                    FaultKind::DuplicateKey => Rule::DuplicateKey,
                };
                findings.push(Finding::new(
                    file,
                    None,
                    Problem {
                        rule,
                        at: fault.at,
                        field: String::new(),
                        message: fault.message,
                    },
                ));
            }
            let Some(root) = document.root else { continue };
            if root.value == yaml::Yaml::Null {
                continue;
            }
            for object in manifest::objects(&root) {
                match self.checks.check(object) {
                    Checked::Other => self.report.tally.skipped += 1,
                    Checked::Ours(verdict) => {
                        self.report.tally.objects += 1;
                        let name = verdict.object.as_deref();
                        let problems = verdict.problems.into_iter();
                        findings.extend(problems.map(|problem| Finding::new(file, name, problem)));
                        if let Some(policy) = &verdict.policy {
                            findings.extend(self.relations.add_policy(file, policy, verdict.at));
                        }
                        if let Some(declared) = &verdict.declared {
                            findings.extend(self.relations.add(file, name, declared));
                        }
                        if let Some(object) = verdict.admitted {
                            self.admitted.push(Admitted {
                                file: file.to_owned(),
                                at: verdict.at,
                                name: verdict.object,
                                object,
                            });
                        }
                    }
                }
            }
        }
        findings.sort_by_key(|finding| (finding.at, finding.rule));
        self.report.findings.extend(findings);
    }

    /// Notes that `file` cannot be checked.
    pub fn unreadable(&mut self, file: &str, why: &source::SourceError) {
        self.report.findings.push(Finding::new(
            file,
            None,
            Problem {
                rule: Rule::Unreadable,
                at: Position::START,
                field: String::new(),
                message: format!("{file} {why}"),
            },
        ));
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Report {
        self.report
    }

    /// What was found, and the objects that were accepted, in the order in which they were read.
    #[must_use]
    pub fn finish_with_objects(self) -> (Report, Vec<Admitted>) {
        (self.report, self.admitted)
    }
}

/// Checks what the arguments name and writes what it finds.
///
/// The code is 0 without errors and 1 with errors, an unreadable file among them.
pub fn run(arguments: &LintArgs, stdin: &mut dyn Read, stdout: &mut dyn Write) -> ExitCode {
    let mut linter = Linter::new();
    linter.check_files(&arguments.files, stdin);
    let report = linter.finish();
    let text = match arguments.output {
        LintOutputArg::Text => output::text(&report),
        LintOutputArg::Json => output::json(&report),
        LintOutputArg::Markdown => output::markdown(&report),
    };
    // A reader that has seen enough (`| head`) is no failure.
    let _ = stdout.write_all(text.as_bytes());
    if report.has_errors() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
