//! One configuration to one manifest. Pure.
//!
//! What is printed is read back first, by the same code as a user's manifest, and compared as the operator compares: a
//! manifest comes out only if the operator would find nothing to change.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::{
    api::{
        FollowerReference, GROUP, KIND, LeaderReference, PrincipalsModificationKind,
        TableLevelSharingProperties, VERSION,
    },
    azure::{
        id::ClusterId,
        model::{Configuration, ProvisioningState, Sharing},
    },
    controller::{
        diff::{Comparison, compare},
        outcome::describe,
        validate::validate,
    },
    lint::{Linter, Severity},
};

use super::name::object_name;

/// A manifest, its fields in the order in which people write them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    api_version: String,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
    #[serde(skip)]
    remark: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Metadata {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
}

/// What the configuration says. Policies are left at their defaults: they are no matter of Azure's.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    follower: FollowerReference,
    leader: LeaderReference,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration_name: Option<String>,
    default_principals_modification_kind: PrincipalsModificationKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_name_override: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    database_name_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    table_level_sharing_properties: Option<TableLevelSharingProperties>,
}

impl Manifest {
    /// The manifest of `live`, a configuration of `follower`. Its name is added to `taken`.
    ///
    /// # Errors
    /// Why it can't be declared, for a person.
    pub fn of(
        follower: &ClusterId,
        live: &Configuration,
        namespace: Option<&str>,
        taken: &mut BTreeSet<String>,
    ) -> Result<Self, String> {
        let leader: ClusterId = live
            .leader_cluster
            .parse()
            .map_err(|error| format!("its leader {error}"))?;
        let principals = principals(&live.principals_modification_kind)?;
        // Of names that nobody gets in the end none is used up.
        let mut names = taken.clone();
        let name = object_name(&live.name, &mut names);
        let manifest = Self {
            api_version: format!("{GROUP}/{VERSION}"),
            kind: KIND,
            spec: Spec {
                follower: FollowerReference {
                    cluster_resource_id: follower.to_string(),
                },
                leader: LeaderReference {
                    cluster_resource_id: leader.to_string(),
                    database_name: live.database_name.clone(),
                },
                configuration_name: Some(live.name.clone()).filter(|given| *given != name),
                default_principals_modification_kind: principals,
                database_name_override: live.database_name_override.clone(),
                database_name_prefix: live.database_name_prefix.clone(),
                table_level_sharing_properties: (!live.sharing.is_empty())
                    .then(|| sharing(&live.sharing)),
            },
            metadata: Metadata {
                name,
                namespace: namespace.map(ToOwned::to_owned),
            },
            remark: remark(live),
        };
        manifest.prove(live)?;
        *taken = names;
        Ok(manifest)
    }

    /// The manifest as a YAML document, without a separator.
    #[must_use]
    pub fn yaml(&self) -> String {
        // An id that is folded over two lines can't be searched for.
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        // JSON is YAML too: should the emitter ever fail, the document is still right.
        serde_saphyr::to_string_with_options(self, options)
            .unwrap_or_else(|_| format!("{}\n", self.json()))
    }

    /// The manifest as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::json!(self)
    }

    /// What its reader should know.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let remark = self.remark.as_ref()?;
        Some(format!("{}: {remark}", self.metadata.name))
    }

    /// Reads it back and compares.
    fn prove(&self, live: &Configuration) -> Result<(), String> {
        let mut linter = Linter::new();
        linter.check("manifest", &self.yaml());
        let (report, objects) = linter.finish_with_objects();
        let mut findings = report.findings.into_iter();
        if let Some(error) = findings.find(|finding| finding.severity == Severity::Error) {
            return Err(error.message);
        }
        let [admitted] = objects.as_slice() else {
            return Err("it has no readable manifest".to_owned());
        };
        let desired = validate(&admitted.object).map_err(|invalid| invalid.to_string())?;
        // How its last change ended is told as a remark.
        let settled = Configuration {
            provisioning_state: ProvisioningState::Succeeded,
            ..live.clone()
        };
        match compare(&desired, &settled) {
            Comparison::Equal => Ok(()),
            Comparison::Differs(differences) | Comparison::Foreign(differences) => {
                Err(describe(&differences))
            }
        }
    }
}

fn principals(word: &str) -> Result<PrincipalsModificationKind, String> {
    use PrincipalsModificationKind::{None, Replace, Union};
    [Union, Replace, None]
        .into_iter()
        .find(|kind| kind.as_str().eq_ignore_ascii_case(word))
        .ok_or_else(|| {
            format!(
                "`defaultPrincipalsModificationKind` must be Union, Replace or None, not {word:?}"
            )
        })
}

fn remark(live: &Configuration) -> Option<String> {
    match &live.provisioning_state {
        ProvisioningState::Succeeded => None,
        ProvisioningState::InProgress(state) => Some(format!(
            "is being changed (provisioning state {state}); import it again if the change is not what is written here"
        )),
        state @ (ProvisioningState::Failed | ProvisioningState::Canceled) => Some(format!(
            "its last change ended as {state}, so it is taken over only with `spec.adoptionPolicy: Always`, which sends it again"
        )),
    }
}

fn sharing(live: &Sharing) -> TableLevelSharingProperties {
    // No `..`: a ninth list must fail to compile here.
    let Sharing {
        tables_to_include,
        tables_to_exclude,
        external_tables_to_include,
        external_tables_to_exclude,
        materialized_views_to_include,
        materialized_views_to_exclude,
        functions_to_include,
        functions_to_exclude,
    } = live.clone();
    TableLevelSharingProperties {
        tables_to_include,
        tables_to_exclude,
        external_tables_to_include,
        external_tables_to_exclude,
        materialized_views_to_include,
        materialized_views_to_exclude,
        functions_to_include,
        functions_to_exclude,
    }
}
