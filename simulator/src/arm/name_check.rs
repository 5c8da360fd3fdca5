//! Whether a configuration name is free on a cluster. Pure.

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::ArmError;
use super::configuration_body::text;
use super::context::Context;
use crate::arm_id::{ClusterId, name_key};
use crate::reply::Reply;

const TYPE: &str = "Microsoft.Kusto/clusters/attachedDatabaseConfigurations";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    name: &'a str,
    name_available: bool,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

pub(super) fn check(context: &Context<'_>, id: &ClusterId) -> Result<Reply, ArmError> {
    let held = context.cluster(id)?;
    let body: Value = serde_json::from_slice(&context.call.body)
        .map_err(|error| ArmError::content(&error.to_string()))?;
    let Value::Object(mut body) = body else {
        return Err(ArmError::content("the content must be a JSON object"));
    };
    let mut required = |name: &str| {
        text(&mut body, name)?
            .ok_or_else(|| ArmError::kusto(&format!("Required property '{name}' is missing.")))
    };
    let (name, kind) = (required("name")?, required("type")?);
    if !kind.eq_ignore_ascii_case(TYPE) {
        return Err(ArmError::kusto(&format!(
            "'{kind}' is not the type '{TYPE}'."
        )));
    }
    let (message, reason) = if name.trim().is_empty() {
        ("The name must not be blank.".to_owned(), Some("Invalid"))
    } else if held.configurations.contains_key(&name_key(&name)) {
        (
            format!("An attached database configuration with the name '{name}' already exists."),
            Some("AlreadyExists"),
        )
    } else {
        (String::new(), None)
    };
    let answer = Answer {
        name: &name,
        name_available: reason.is_none(),
        message,
        reason,
    };
    Ok(Reply::json(StatusCode::OK, &answer))
}
