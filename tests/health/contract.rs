//! The contract of a status: what each state of an object is to its readers (conventions.md §3). Pure.
//!
//! Written from what the conditions mean, not from how kstatus walks them: a status that is none of these states is a
//! mistake even where every reader happens to take it well.

use serde_json::Value;

/// What an object is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// The operator has not said anything of the present generation.
    Unseen,
    /// As declared, and readable.
    Attached,
    /// Being made so, or waiting for its turn.
    Working,
    /// It failed and goes on by itself.
    Retrying,
    /// Somebody has to act.
    NeedsPerson,
    /// On its way out.
    Deleting,
}

/// By which of Flux's two checkers an object is to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checker {
    AtRest,
    InProgress,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [Self; 6] = [
        Self::Unseen,
        Self::Attached,
        Self::Working,
        Self::Retrying,
        Self::NeedsPerson,
        Self::Deleting,
    ];

    /// The state of an object; the error says what is none.
    pub(crate) fn of(object: &Value) -> Result<Self, String> {
        let (metadata, status) = (&object["metadata"], &object["status"]);
        if metadata["deletionTimestamp"].is_string() {
            return Ok(Self::Deleting);
        }
        let number = |value: &Value| value.as_i64().ok_or("no generation");
        let generation = number(&metadata["generation"])?;
        let observed = number(&status["observedGeneration"])?;
        if observed > generation {
            return Err(format!("{observed} is not a generation yet"));
        }
        if observed < generation {
            return Ok(Self::Unseen);
        }
        let stale = conditions(object).find(|it| it["observedGeneration"] != observed);
        if let Some(stale) = stale {
            return Err(format!("speaks of another generation: {stale}"));
        }
        let said = ["Ready", "Reconciling", "Stalled"].map(|kind| Said::of(object, kind));
        match said {
            [Some(ready), None, None] if ready == Said::new("True", "Attached") => {
                Ok(Self::Attached)
            }
            [Some(ready), Some(reconciling), None]
                if ready.status == "Unknown" && reconciling == Said::new("True", ready.reason) =>
            {
                Ok(Self::Working)
            }
            [Some(ready), Some(reconciling), None]
                if ready.status == "False"
                    && reconciling == Said::new("True", "ProgressingWithRetry") =>
            {
                Ok(Self::Retrying)
            }
            [Some(ready), None, Some(stalled)]
                if ready.status == "False" && stalled == Said::new("True", ready.reason) =>
            {
                Ok(Self::NeedsPerson)
            }
            none => Err(format!("no state of the contract: {none:?}")),
        }
    }

    /// The word of kstatus, which Flux and Helm 4 wait for.
    pub(crate) fn kstatus(self) -> &'static str {
        match self {
            Self::Unseen | Self::Working | Self::Retrying => "InProgress",
            Self::Attached => "Current",
            Self::NeedsPerson => "Failed",
            Self::Deleting => "Terminating",
        }
    }

    /// The word of Argo CD. What is suspended is so to it, whatever was said last.
    pub(crate) fn argo_cd(self, suspended: bool) -> &'static str {
        match self {
            Self::Unseen | Self::Attached | Self::Working | Self::Retrying | Self::NeedsPerson
                if suspended =>
            {
                "Suspended"
            }
            Self::Unseen | Self::Working | Self::Retrying | Self::Deleting => "Progressing",
            Self::Attached => "Healthy",
            Self::NeedsPerson => "Degraded",
        }
    }

    /// The checker whose rules hold. `Ready=Unknown` is for those at work alone.
    pub(crate) fn checker(self) -> Checker {
        match self {
            Self::Attached | Self::Retrying | Self::NeedsPerson => Checker::AtRest,
            Self::Unseen | Self::Working | Self::Deleting => Checker::InProgress,
        }
    }
}

/// Whether the object asks to be left alone.
pub(crate) fn is_suspended(object: &Value) -> bool {
    object["spec"]["suspend"] == true
}

/// Whether the operator has ever said anything of the object.
pub(crate) fn is_spoken_of(object: &Value) -> bool {
    conditions(object).next().is_some()
}

/// All of an object that a reader of its status goes by, and nothing else: two objects of one look are one to every judge.
pub(crate) fn look(object: &Value) -> String {
    let observed = &object["status"]["observedGeneration"];
    let of_present = |value: &Value| *value == object["metadata"]["generation"];
    let said: Vec<String> = conditions(object)
        .map(|it| {
            let fields = ["type", "status", "reason", "message"].map(|field| it[field].to_string());
            format!(
                "{} {}",
                fields.join(" "),
                it["observedGeneration"] == *observed
            )
        })
        .collect();
    format!(
        "{} {} {} {}\n{}",
        object["metadata"]["deletionTimestamp"].is_string(),
        is_suspended(object),
        of_present(observed),
        *observed == -1,
        said.join("\n")
    )
}

/// The reason of the condition Ready.
pub(crate) fn reason(object: &Value) -> Option<&str> {
    Said::of(object, "Ready").map(|said| said.reason)
}

/// What Argo CD has to show of the object: the reason and message of the condition that its state rests on.
pub(crate) fn told(object: &Value) -> Option<String> {
    let ready = conditions(object).find(|it| it["type"] == "Ready")?;
    Some(format!(
        "{}: {}",
        ready["reason"].as_str()?,
        ready["message"].as_str()?
    ))
}

/// Status and reason of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Said<'a> {
    status: &'a str,
    reason: &'a str,
}

impl<'a> Said<'a> {
    fn new(status: &'a str, reason: &'a str) -> Self {
        Self { status, reason }
    }

    fn of(object: &'a Value, kind: &str) -> Option<Self> {
        let condition = conditions(object).find(|it| it["type"] == kind)?;
        Some(Self::new(
            condition["status"].as_str()?,
            condition["reason"].as_str()?,
        ))
    }
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// An object of generation 2 whose conditions say so, of generation 2.
    fn object(observed: i64, said: &[(&str, &str, &str)]) -> Value {
        let conditions: Vec<Value> = said
            .iter()
            .map(|(kind, status, reason)| {
                json!({"type": kind, "status": status, "reason": reason, "observedGeneration": 2})
            })
            .collect();
        json!({
            "metadata": {"generation": 2},
            "status": {"observedGeneration": observed, "conditions": conditions},
        })
    }

    #[test]
    fn what_the_contract_does_not_know_is_no_state() {
        for (observed, said) in [
            (2, &[][..]),
            (2, &[("Ready", "True", "Creating")]),
            (2, &[("Ready", "Unknown", "Creating")]),
            (2, &[("Ready", "False", "Throttled")]),
            (
                2,
                &[
                    ("Ready", "True", "Attached"),
                    ("Reconciling", "True", "Attached"),
                ],
            ),
            (
                2,
                &[("Ready", "True", "Attached"), ("Stalled", "False", "Fine")],
            ),
            (
                2,
                &[
                    ("Ready", "Unknown", "Creating"),
                    ("Stalled", "True", "Creating"),
                ],
            ),
            (
                2,
                &[
                    ("Ready", "Unknown", "Creating"),
                    ("Reconciling", "True", "Updating"),
                ],
            ),
            (
                2,
                &[
                    ("Ready", "False", "Denied"),
                    ("Reconciling", "True", "Denied"),
                ],
            ),
            (
                2,
                &[("Ready", "False", "Denied"), ("Stalled", "True", "Other")],
            ),
            (
                2,
                &[
                    ("Ready", "False", "Denied"),
                    ("Reconciling", "True", "ProgressingWithRetry"),
                    ("Stalled", "True", "Denied"),
                ],
            ),
            (3, &[("Ready", "True", "Attached")]),
        ] {
            let object = object(observed, said);
            assert!(State::of(&object).is_err(), "{object}");
        }
        let mut stale = object(2, &[("Ready", "True", "Attached")]);
        assert_eq!(State::of(&stale), Ok(State::Attached));
        stale["status"]["conditions"][0]["observedGeneration"] = json!(1);
        assert!(State::of(&stale).is_err());
    }
}
