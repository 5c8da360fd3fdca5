//! Identities and role assignments in the world file. Pure.

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::document::{DocumentError, Fields};

/// An application that the token route knows. With no list at all, every client id gets a token.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Identity {
    pub(crate) client_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<String>,
    /// Subjects whose assertions are exchanged; absent: any subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) federated_subjects: Option<Vec<String>>,
}

impl Identity {
    pub(super) fn read(path: &str, value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(path, value)?;
        let identity = Self {
            client_id: fields.required_text("clientId", "the application's client id")?,
            object_id: fields.text("objectId")?,
            secret: fields.text("secret")?,
            federated_subjects: fields.texts("federatedSubjects")?,
        };
        fields.finish()?;
        Ok(identity)
    }
}

/// A role that a principal has at a scope and below it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RoleAssignment {
    /// A client id or an object id.
    pub(crate) principal: String,
    pub(crate) scope: String,
    pub(crate) role: Role,
}

/// What a role allows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Role {
    Owner,
    Contributor,
    Reader,
    /// Only these actions; `*` stands for any text.
    Custom(Vec<String>),
}

impl RoleAssignment {
    pub(super) fn read(path: &str, value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(path, value)?;
        let principal = fields.required_text("principal", "a client id or an object id")?;
        let scope =
            fields.required_text("scope", "the ARM id that the role covers with all below it")?;
        if !scope.starts_with('/') {
            return Err(fields.error("scope", format!("must start with `/`, not `{scope}`")));
        }
        let role = fields.required_text("role", "Owner, Contributor, Reader or custom")?;
        let actions = fields.texts("actions")?;
        let role = match (role.to_lowercase().as_str(), actions) {
            ("owner", None) => Role::Owner,
            ("contributor", None) => Role::Contributor,
            ("reader", None) => Role::Reader,
            ("custom", Some(actions)) => Role::Custom(actions),
            ("custom", None) => {
                return Err(fields.error("actions", "must be given with the role `custom`"));
            }
            ("owner" | "contributor" | "reader", Some(_)) => {
                return Err(fields.error("actions", "must be absent unless the role is `custom`"));
            }
            _ => {
                return Err(fields.error(
                    "role",
                    format!("must be Owner, Contributor, Reader or custom, not `{role}`"),
                ));
            }
        };
        fields.finish()?;
        Ok(Self {
            principal,
            scope,
            role,
        })
    }
}

impl Serialize for RoleAssignment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown<'a> {
            principal: &'a str,
            scope: &'a str,
            role: &'static str,
            #[serde(skip_serializing_if = "Option::is_none")]
            actions: Option<&'a [String]>,
        }
        let (role, actions) = match &self.role {
            Role::Owner => ("Owner", None),
            Role::Contributor => ("Contributor", None),
            Role::Reader => ("Reader", None),
            Role::Custom(actions) => ("custom", Some(actions.as_slice())),
        };
        Shown {
            principal: &self.principal,
            scope: &self.scope,
            role,
            actions,
        }
        .serialize(serializer)
    }
}
