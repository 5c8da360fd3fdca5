//! A journal entry in short. Pure.

use std::fmt;

use serde_json::Value;

/// One ARM call: what was asked and what the answer's status was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmCall {
    /// The HTTP method, in capitals.
    pub method: String,
    /// The path, without host and query.
    pub path: String,
    /// The status of the answer; `None` when there was none (a connection that was reset).
    pub status: Option<u16>,
    /// The client id of the caller; `None` when the simulator never issued the token, or there was none.
    pub principal: Option<String>,
}

impl ArmCall {
    /// Reads an entry of the simulator's journal; `None` when it has no method or URL.
    #[must_use]
    pub fn read(entry: &Value) -> Option<Self> {
        let request = entry.get("liveRequest")?;
        let url = request.get("url")?.as_str()?;
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        let path_and_query = after_scheme
            .find('/')
            .map_or("/", |at| after_scheme.split_at(at).1);
        let path = path_and_query.split('?').next().unwrap_or_default();
        let status = entry.pointer("/liveResponse/statusCode");
        let principal = entry.get("principal").and_then(Value::as_str);
        Some(Self {
            method: request.get("method")?.as_str()?.to_owned(),
            path: path.to_owned(),
            // The recorded form is a text; a number says the same.
            status: status.and_then(|status| match status {
                Value::String(text) => text.parse().ok(),
                other => other.as_u64().and_then(|code| u16::try_from(code).ok()),
            }),
            principal: principal.map(str::to_owned),
        })
    }

    /// Whether the call asks for a change. Some of ARM's POST calls only read: lists and checks.
    #[must_use]
    pub fn is_write(&self) -> bool {
        let action = self.path.rsplit('/').next().unwrap_or_default();
        match self.method.as_str() {
            "PUT" | "PATCH" | "DELETE" => true,
            "POST" => !action.starts_with("list") && !action.starts_with("check"),
            _ => false,
        }
    }

    /// Whether the call is about the configuration of this name (in any case), on any cluster.
    #[must_use]
    pub fn is_configuration(&self, name: &str) -> bool {
        let mut segments = self.path.rsplit('/');
        let (last, collection) = (segments.next(), segments.next());
        last.is_some_and(|last| last.eq_ignore_ascii_case(name))
            && collection
                .is_some_and(|text| text.eq_ignore_ascii_case("attachedDatabaseConfigurations"))
    }
}

/// `PUT    …/attachedDatabaseConfigurations/sales → 201`
impl fmt::Display for ArmCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<6} {} → ", self.method, short(&self.path))?;
        match self.status {
            Some(status) => write!(f, "{status}"),
            None => f.write_str("no answer"),
        }
    }
}

/// The part of a path that tells calls apart: from the Kusto resource's kind on.
fn short(path: &str) -> String {
    let lower = path.to_ascii_lowercase();
    let Some((before, _)) = lower.split_once("/providers/microsoft.kusto/") else {
        return path.to_owned();
    };
    let kept = path
        .split_at(before.len() + "/providers/microsoft.kusto".len())
        .1;
    let segments: Vec<&str> = kept
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    match segments.as_slice() {
        // An operation's id says nothing to a reader.
        [locations, _, kind, ..] if locations.eq_ignore_ascii_case("locations") => {
            format!("…/{kind}/…")
        }
        [_, _, kind, name] => format!("…/{kind}/{name}"),
        _ => format!("…/{}", segments.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FOLLOWER: &str =
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Kusto/clusters/follower1";

    fn call(method: &str, path: &str, status: u16) -> ArmCall {
        let url = format!("http://127.0.0.1:8090{path}?api-version=2024-04-13");
        ArmCall::read(&json!({
            "liveRequest": {"method": method, "url": url},
            "liveResponse": {"statusCode": status},
        }))
        .unwrap()
    }

    #[test]
    fn a_call_is_shown_by_what_tells_it_apart() {
        let operations =
            "/subscriptions/s/providers/Microsoft.Kusto/locations/westeurope/operationResults/1";
        let cases = [
            (
                call(
                    "PUT",
                    &format!("{FOLLOWER}/attachedDatabaseConfigurations/sales"),
                    201,
                ),
                "PUT    …/attachedDatabaseConfigurations/sales → 201",
            ),
            (
                call("GET", FOLLOWER, 200),
                "GET    …/clusters/follower1 → 200",
            ),
            (
                call("GET", &format!("{FOLLOWER}/databases"), 200),
                "GET    …/clusters/follower1/databases → 200",
            ),
            (
                call("GET", operations, 200),
                "GET    …/operationResults/… → 200",
            ),
            (call("GET", "/elsewhere", 404), "GET    /elsewhere → 404"),
        ];
        for (call, shown) in cases {
            assert_eq!(call.to_string(), shown);
        }
    }

    #[test]
    fn a_call_without_an_answer_says_so() {
        let entry = json!({"liveRequest": {"method": "PUT", "url": "/x"}, "liveResponse": null});
        let call = ArmCall::read(&entry).unwrap();
        assert_eq!(call.to_string(), "PUT    /x → no answer");
    }

    #[test]
    fn a_status_is_read_as_number_and_as_text() {
        let entry = |status: Value| json!({"liveRequest": {"method": "GET", "url": "/x"}, "liveResponse": {"statusCode": status}});
        for status in [json!(201), json!("201")] {
            assert_eq!(ArmCall::read(&entry(status)).unwrap().status, Some(201));
        }
    }

    #[test]
    fn a_post_that_lists_or_checks_is_no_write() {
        for (action, is_write) in [
            ("detachFollowerDatabases", true),
            ("listFollowerDatabases", false),
            ("checkNameAvailability", false),
        ] {
            let call = call("POST", &format!("{FOLLOWER}/{action}"), 200);
            assert_eq!(call.is_write(), is_write, "{action}");
        }
    }

    #[test]
    fn the_caller_is_read_when_it_is_known() {
        for (principal, expected) in [(json!("app-1"), Some("app-1")), (Value::Null, None)] {
            let entry =
                json!({"principal": principal, "liveRequest": {"method": "GET", "url": "/x"}});
            let call = ArmCall::read(&entry).unwrap();
            assert_eq!(call.principal.as_deref(), expected);
        }
    }

    #[test]
    fn what_is_no_entry_is_not_read() {
        assert_eq!(ArmCall::read(&json!({})), None);
        assert_eq!(
            ArmCall::read(&json!({"liveRequest": {"method": "GET"}})),
            None
        );
    }

    #[test]
    fn a_configuration_is_found_by_name_in_any_case() {
        let call = call(
            "PUT",
            &format!("{FOLLOWER}/AttachedDatabaseConfigurations/Sales"),
            200,
        );
        assert!(call.is_configuration("sales") && call.is_write());
        assert!(!call.is_configuration("sale"));
        assert!(
            !super::ArmCall {
                method: "GET".into(),
                ..call
            }
            .is_write()
        );
    }
}
