//! Identities and role assignments in the world file. Pure.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::document::{DocumentError, Fields};

/// An application that the token route knows. With no list at all, every client id gets a token.
#[derive(Clone, PartialEq, Serialize)]
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
    /// The JSON of the claims that a token must have been asked for with, or ARM challenges it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) required_claims: Option<String>,
}

/// Without the secret.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client_id,
            object_id,
            secret: _,
            federated_subjects,
            required_claims,
        } = self;
        f.debug_struct("Identity")
            .field("client_id", client_id)
            .field("object_id", object_id)
            .field("federated_subjects", federated_subjects)
            .field("required_claims", required_claims)
            .finish_non_exhaustive()
    }
}

impl Identity {
    pub(super) fn read(path: &str, value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(path, value)?;
        let identity = Self {
            client_id: fields.required_text("clientId", "the application's client id")?,
            object_id: fields.text("objectId")?,
            secret: fields.text("secret")?,
            federated_subjects: fields.texts("federatedSubjects")?,
            required_claims: fields.text("requiredClaims")?,
        };
        if let Some(claims) = &identity.required_claims
            && !serde_json::from_str::<Value>(claims).is_ok_and(|claims| claims.is_object())
        {
            return Err(fields.error("requiredClaims", "must be the text of a JSON object"));
        }
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
