//! ARM's error envelope and the errors that several routes share. Pure.

use std::borrow::Cow;

use http::StatusCode;
use serde::Serialize;

use crate::arm_id::ClusterId;
use crate::reply::Reply;

/// An error answer.
#[derive(Debug, Clone)]
pub(crate) struct ArmError {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    headers: Vec<(&'static str, String)>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    code: &'a str,
    message: &'a str,
}

impl ArmError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    #[cfg(test)]
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers
            .iter()
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.clone())
    }

    /// A refusal of the Kusto provider, with the class it puts in front of its messages (arm-kusto.md §3.2).
    pub(crate) fn kusto(message: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            format!("[BadRequest] {message}"),
        )
    }

    pub(crate) fn content(problem: &str) -> Self {
        let message =
            format!("The request content was invalid and could not be deserialized: '{problem}'.");
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestContent", message)
    }

    pub(crate) fn no_subscription(subscription: &str) -> Self {
        let message = format!("The subscription '{subscription}' could not be found.");
        Self::new(StatusCode::NOT_FOUND, "SubscriptionNotFound", message)
    }

    pub(crate) fn no_group(cluster: &ClusterId) -> Self {
        let message = format!(
            "Resource group '{}' could not be found.",
            cluster.resource_group
        );
        Self::new(StatusCode::NOT_FOUND, "ResourceGroupNotFound", message)
    }

    /// 404 for a resource; `path` is its type path with names, for example `clusters/a/databases/b`.
    pub(crate) fn no_resource(cluster: &ClusterId, path: &str) -> Self {
        let message = format!(
            "The Resource 'Microsoft.Kusto/{path}' under resource group '{}' was not found. For more details please go to \
             https://aka.ms/ARMResourceNotFoundFix",
            cluster.resource_group
        );
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFound", message)
    }

    pub(crate) fn no_parent(cluster: &ClusterId, verb: &str, kind: &str) -> Self {
        let message = format!(
            "Failed to perform '{verb}' on resource(s) of type 'clusters/{kind}', because the parent resource '{cluster}' could \
             not be found."
        );
        Self::new(StatusCode::NOT_FOUND, "ParentResourceNotFound", message)
    }

    pub(crate) fn conflict(id: &str) -> Self {
        let message = format!(
            "Cannot modify resource with id '{id}' because the resource entity provisioning state is not terminal. Please wait \
             for the provisioning state to become terminal and then retry the request."
        );
        Self::new(StatusCode::CONFLICT, "RequestConflict", message)
    }

    pub(crate) fn into_reply(self) -> Reply {
        let envelope = Envelope {
            error: Detail {
                code: &self.code,
                message: &self.message,
            },
        };
        let reply = Reply::json(self.status, &envelope);
        self.headers
            .iter()
            .fold(reply, |reply, (name, value)| reply.with(name, value))
    }
}
