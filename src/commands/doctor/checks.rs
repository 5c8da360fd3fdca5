//! One check: what was looked at, how it came out, and what mends it. Pure.

use serde::Serialize;

use crate::commands::Ending;

/// What is looked at, in the order of dependence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// The API server answers, and is not too old.
    Kubernetes,
    /// A resource definition is installed, and is this program's.
    Crd,
    /// The caller has the rights that the operator needs.
    Rights,
    /// It has those to the Lease of `--leader-elect`.
    Lease,
    /// Who may use the operator's identity.
    Policies,
    /// What proves the operator's identity.
    Credential,
    /// Entra gives a token for it.
    Token,
    /// Azure Resource Manager can be reached.
    Arm,
    /// A subscription can be asked for Kusto clusters.
    Subscription,
    /// The objects of the cluster, counted.
    Objects,
    /// The object exists and can be read.
    Object,
    /// Its spec can be acted on.
    Spec,
    /// Somebody's identity may serve it.
    Access,
    /// Its own identity has a token.
    Identity,
    /// The follower cluster.
    Follower,
    /// The configuration and the databases on the follower.
    Configuration,
    /// The leader cluster.
    Leader,
    /// Both clusters are in one region.
    Region,
    /// What is followed exists.
    LeaderDatabase,
    /// What the operator would do now.
    Plan,
    /// What the operator says.
    Status,
}

impl Topic {
    /// The word in the output, the same in every format.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "kubernetes",
            Self::Crd => "crd",
            Self::Rights => "rights",
            Self::Lease => "lease",
            Self::Policies => "policies",
            Self::Credential => "credential",
            Self::Token => "token",
            Self::Arm => "arm",
            Self::Subscription => "subscription",
            Self::Objects => "objects",
            Self::Object => "object",
            Self::Spec => "spec",
            Self::Access => "access",
            Self::Identity => "identity",
            Self::Follower => "follower",
            Self::Configuration => "configuration",
            Self::Leader => "leader",
            Self::Region => "region",
            Self::LeaderDatabase => "leader-database",
            Self::Plan => "plan",
            Self::Status => "status",
        }
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing stands in the way.
    Warn,
    /// In the way.
    Fail,
    /// Not looked at, because of another check.
    Skip,
}

impl Finding {
    /// The word in the output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skip => "skip",
        }
    }
}

/// One check. Its keys are those of `-o json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub id: Topic,
    /// Whose: `NAMESPACE/NAME` of an object or a Lease, a subscription, the name of a definition; `None`: the installation's.
    pub subject: Option<String>,
    /// How it came out.
    pub result: Finding,
    /// Why, in a sentence.
    pub message: String,
    /// What to run, each a complete command of a POSIX shell; alternatives are told in shell comments.
    pub remedies: Vec<String>,
}

impl Check {
    fn new(id: Topic, result: Finding, message: impl Into<String>) -> Self {
        Self {
            id,
            subject: None,
            result,
            message: message.into(),
            remedies: Vec::new(),
        }
    }

    /// As it should be.
    #[must_use]
    pub fn ok(id: Topic, message: impl Into<String>) -> Self {
        Self::new(id, Finding::Ok, message)
    }

    /// Worth knowing.
    #[must_use]
    pub fn warn(id: Topic, message: impl Into<String>) -> Self {
        Self::new(id, Finding::Warn, message)
    }

    /// In the way.
    #[must_use]
    pub fn fail(id: Topic, message: impl Into<String>) -> Self {
        Self::new(id, Finding::Fail, message)
    }

    /// Not looked at, since `needed` did not come out well.
    #[must_use]
    pub fn skip(id: Topic, needed: Topic) -> Self {
        let message = format!("needs `{}`", needed.as_str());
        Self::new(id, Finding::Skip, message)
    }

    /// Not looked at, for a reason of its own.
    #[must_use]
    pub fn skipped(id: Topic, message: impl Into<String>) -> Self {
        Self::new(id, Finding::Skip, message)
    }

    /// The same about `subject`.
    #[must_use]
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The same with one more thing to run.
    #[must_use]
    pub fn mended_by(mut self, remedy: impl Into<String>) -> Self {
        self.remedies.push(remedy.into());
        self
    }

    /// The same with more things to run.
    #[must_use]
    pub fn mended_by_all(mut self, remedies: impl IntoIterator<Item = String>) -> Self {
        self.remedies.extend(remedies);
        self
    }

    /// Whether what depends on it can be looked at.
    #[must_use]
    pub fn holds(&self) -> bool {
        match self.result {
            Finding::Ok | Finding::Warn => true,
            Finding::Fail | Finding::Skip => false,
        }
    }
}

/// What the process tells by its exit code: whether anything is in the way.
#[must_use]
pub fn ending(checks: &[Check]) -> Ending {
    if checks.iter().any(|check| check.result == Finding::Fail) {
        Ending::Failed
    } else {
        Ending::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_way_fails() {
        let ok = Check::ok(Topic::Arm, "");
        let warn = Check::warn(Topic::Policies, "");
        let skip = Check::skip(Topic::Token, Topic::Credential);
        let fail = Check::fail(Topic::Credential, "");
        assert_eq!(ending(&[]), Ending::Done);
        assert_eq!(
            ending(&[ok.clone(), warn.clone(), skip.clone()]),
            Ending::Done
        );
        assert_eq!(ending(&[ok.clone(), fail.clone()]), Ending::Failed);
        assert!(ok.holds() && warn.holds() && !skip.holds() && !fail.holds());
        assert_eq!(skip.message, "needs `credential`");
    }

    #[test]
    fn the_words_are_those_of_json() {
        for topic in [Topic::LeaderDatabase, Topic::Kubernetes, Topic::Plan] {
            assert_eq!(
                serde_json::to_value(topic).unwrap(),
                serde_json::json!(topic.as_str())
            );
        }
        assert_eq!(
            serde_json::to_value(Finding::Skip).unwrap(),
            serde_json::json!("skip")
        );
    }
}
