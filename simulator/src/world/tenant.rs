//! Tenants and their subscriptions in the world file. Pure.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::unique;
use crate::arm_id::name_key;
use crate::document::{DocumentError, Fields};

/// A tenant. With no list at all every tenant exists, and no subscription belongs to any.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Tenant {
    pub(crate) tenant_id: String,
    /// Subscriptions that take tokens of this tenant only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) subscriptions: Vec<String>,
}

impl Tenant {
    pub(super) fn read(path: &str, value: Value) -> Result<Self, DocumentError> {
        let mut fields = Fields::of(path, value)?;
        let tenant = Self {
            tenant_id: fields.required_text("tenantId", "the id in the path of the token route")?,
            subscriptions: fields.texts("subscriptions")?.unwrap_or_default(),
        };
        fields.finish()?;
        Ok(tenant)
    }

    pub(crate) fn has(&self, subscription: &str) -> bool {
        self.subscriptions
            .iter()
            .any(|own| own.eq_ignore_ascii_case(subscription))
    }
}

/// Refuses two tenants of one id, and a subscription of two tenants.
pub(super) fn check(tenants: &[Tenant]) -> Result<(), DocumentError> {
    let ids = tenants.iter().map(|tenant| name_key(&tenant.tenant_id));
    unique("tenants", "tenantId", ids)?;
    let mut seen = BTreeSet::new();
    for (at, tenant) in tenants.iter().enumerate() {
        for subscription in &tenant.subscriptions {
            if !seen.insert(name_key(subscription)) {
                let path = format!("tenants[{at}].subscriptions");
                let problem =
                    format!("must be of one tenant only: `{subscription}` is named twice");
                return Err(DocumentError::new(path, problem));
            }
        }
    }
    Ok(())
}
