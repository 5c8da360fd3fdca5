//! What the operator would do about an object now, as a check. Pure.

use crate::{
    commands::forecast::{Action, Forecast},
    controller::validate::Desired,
};

use super::{
    checks::{Check, Topic},
    remedy::list_configurations,
};

/// Judges `forecast` of what is `desired`.
#[must_use]
pub fn judge(forecast: &Forecast, desired: &Desired) -> Check {
    let Forecast {
        action,
        reason,
        message,
        warning,
        differences: _,
    } = forecast;
    let check = match action {
        Action::Nothing => Check::ok(Topic::Plan, message.clone()),
        Action::Attach => Check::ok(Topic::Plan, format!("it can be attached: {message}")),
        Action::Update => Check::ok(Topic::Plan, format!("it can be updated: {message}")),
        Action::Adopt => Check::ok(
            Topic::Plan,
            "a configuration that is as declared can be taken over",
        ),
        Action::AdoptAndUpdate => Check::ok(
            Topic::Plan,
            format!("a configuration can be taken over and changed: {message}"),
        ),
        Action::Suspended | Action::Report | Action::Wait => {
            Check::warn(Topic::Plan, format!("{reason}: {message}"))
        }
        Action::Blocked | Action::Invalid => {
            Check::fail(Topic::Plan, format!("{reason}: {message}"))
                .mended_by(list_configurations(desired.configuration.cluster()))
        }
    };
    match warning {
        Some(warning) if check.holds() => {
            Check::warn(Topic::Plan, format!("{}; {warning}", check.message))
        }
        Some(_) | None => check,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{commands::doctor::checks::Finding, controller::validate::validate};

    #[test]
    fn what_goes_on_by_itself_is_no_failure() {
        let id = |name: &str| {
            format!(
                "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/{name}"
            )
        };
        let object = serde_json::from_value(serde_json::json!({
            "apiVersion": "adx-follower.dev/v1alpha1", "kind": "AttachedDatabase", "metadata": {"name": "sales"},
            "spec": {
                "follower": {"clusterResourceId": id("follower1")},
                "leader": {"clusterResourceId": id("leader1"), "databaseName": "Sales"},
            },
        }));
        let desired = validate(&object.unwrap()).unwrap();
        for (action, result, told) in [
            (Action::Nothing, Finding::Ok, "as it is"),
            (Action::Attach, Finding::Ok, "it can be attached: as it is"),
            (Action::Update, Finding::Ok, "it can be updated: as it is"),
            (
                Action::Adopt,
                Finding::Ok,
                "a configuration that is as declared can be taken over",
            ),
            (
                Action::AdoptAndUpdate,
                Finding::Ok,
                "a configuration can be taken over and changed: as it is",
            ),
            (Action::Suspended, Finding::Warn, "Why: as it is"),
            (Action::Report, Finding::Warn, "Why: as it is"),
            (Action::Wait, Finding::Warn, "Why: as it is"),
            (Action::Blocked, Finding::Fail, "Why: as it is"),
            (Action::Invalid, Finding::Fail, "Why: as it is"),
        ] {
            let forecast = |warning: Option<&str>| Forecast {
                action,
                reason: "Why".to_owned(),
                message: "as it is".to_owned(),
                warning: warning.map(str::to_owned),
                differences: Vec::new(),
            };
            let check = judge(&forecast(None), &desired);
            assert_eq!((check.result, check.message.as_str()), (result, told));
            assert_eq!(check.remedies.is_empty(), result != Finding::Fail);
            let warned = judge(&forecast(Some("beware")), &desired);
            let expected = if result == Finding::Fail {
                Finding::Fail
            } else {
                Finding::Warn
            };
            assert_eq!(warned.result, expected, "{action:?}");
        }
    }
}
