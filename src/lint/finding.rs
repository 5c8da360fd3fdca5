//! What `lint` finds: the rules, their severity, and where a problem is. Pure.

use std::fmt;

use serde::{Serialize, Serializer};

use super::yaml::Position;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Refused by the API server or by the operator, or certainly not what is meant.
    Error,
    /// Accepted, and worth a look.
    Warning,
}

impl Severity {
    /// The word in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What is checked. The words of [`Rule::as_str`] are part of the output's contract; `docs/commands.md` explains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A file or folder cannot be read, or is too large.
    Unreadable,
    /// A document is no YAML.
    YamlSyntax,
    /// A key stands twice in a map.
    DuplicateKey,
    /// The group is this operator's and the version is not, or the other way round.
    ApiVersion,
    /// The group has no such kind.
    Kind,
    /// The resource has no such field.
    UnknownField,
    /// A field has a value of another type.
    Type,
    /// A field is missing.
    Required,
    /// A field has none of the values that it may have.
    Enum,
    /// A text or list is too long or too short.
    Length,
    /// `metadata.name` or `metadata.namespace` is no name in Kubernetes.
    ObjectName,
    /// A CEL rule of the resource definition refuses the object.
    Admission,
    /// The operator's own check refuses the spec.
    Spec,
    /// `status` is given, and ignored.
    IgnoredStatus,
    /// A namespace is given to an object that is in none.
    IgnoredNamespace,
    /// Two documents are the same object.
    DuplicateObject,
    /// Two objects declare the same configuration in Azure.
    SameConfiguration,
    /// Two objects attach databases of one name to one follower.
    NameClash,
    /// Two objects may attach databases of one name to one follower.
    PossibleNameClash,
    /// The override is the leader's own name.
    RedundantOverride,
    /// A policy allows nobody anything.
    AllowsNothing,
    /// An entry of a policy is included in another one.
    RedundantEntry,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 22] = [
        Self::Unreadable,
        Self::YamlSyntax,
        Self::DuplicateKey,
        Self::ApiVersion,
        Self::Kind,
        Self::UnknownField,
        Self::Type,
        Self::Required,
        Self::Enum,
        Self::Length,
        Self::ObjectName,
        Self::Admission,
        Self::Spec,
        Self::IgnoredStatus,
        Self::IgnoredNamespace,
        Self::DuplicateObject,
        Self::SameConfiguration,
        Self::NameClash,
        Self::PossibleNameClash,
        Self::RedundantOverride,
        Self::AllowsNothing,
        Self::RedundantEntry,
    ];

    /// The word in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::YamlSyntax => "yaml-syntax",
            Self::DuplicateKey => "duplicate-key",
            Self::ApiVersion => "api-version",
            Self::Kind => "kind",
            Self::UnknownField => "unknown-field",
            Self::Type => "type",
            Self::Required => "required",
            Self::Enum => "enum",
            Self::Length => "length",
            Self::ObjectName => "object-name",
            Self::Admission => "admission",
            Self::Spec => "spec",
            Self::IgnoredStatus => "ignored-status",
            Self::IgnoredNamespace => "ignored-namespace",
            Self::DuplicateObject => "duplicate-object",
            Self::SameConfiguration => "same-configuration",
            Self::NameClash => "name-clash",
            Self::PossibleNameClash => "possible-name-clash",
            Self::RedundantOverride => "redundant-override",
            Self::AllowsNothing => "allows-nothing",
            Self::RedundantEntry => "redundant-entry",
        }
    }

    /// How much it matters when this rule is broken.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Unreadable
            | Self::YamlSyntax
            | Self::DuplicateKey
            | Self::ApiVersion
            | Self::Kind
            | Self::UnknownField
            | Self::Type
            | Self::Required
            | Self::Enum
            | Self::Length
            | Self::ObjectName
            | Self::Admission
            | Self::Spec
            | Self::DuplicateObject
            | Self::SameConfiguration
            | Self::NameClash => Severity::Error,
            Self::IgnoredStatus
            | Self::IgnoredNamespace
            | Self::PossibleNameClash
            | Self::RedundantOverride
            | Self::AllowsNothing
            | Self::RedundantEntry => Severity::Warning,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One problem in one document, before it is known which file that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is broken.
    pub rule: Rule,
    /// Where the field stands, or what should contain it.
    pub at: Position,
    /// The field, as in `spec.leader.databaseName`; empty for a whole document.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// One finding. Its keys are those of `-o json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What is broken.
    pub rule: Rule,
    /// The file as it was named or found; `<stdin>` for standard input.
    pub file: String,
    /// Line and column, from 1.
    #[serde(flatten)]
    pub at: Position,
    /// The object as `NAMESPACE/NAME` or `NAME`, if there is one with a name.
    pub object: Option<String>,
    /// The field, if one is concerned.
    pub field: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

impl Finding {
    /// The problem, placed.
    #[must_use]
    pub fn new(file: &str, object: Option<&str>, problem: Problem) -> Self {
        Self {
            severity: problem.rule.severity(),
            rule: problem.rule,
            file: file.to_owned(),
            at: problem.at,
            object: object.map(ToOwned::to_owned),
            field: Some(problem.field).filter(|field| !field.is_empty()),
            message: problem.message,
        }
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Files, standard input included.
    pub files: usize,
    /// Objects of this operator.
    pub objects: usize,
    /// Documents of other kinds.
    pub skipped: usize,
}
