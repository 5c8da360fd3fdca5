//! A resource definition as it is installed, beside the one that this program carries. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionVersion,
};
use serde_json::Value;

use crate::api::VERSION;

use super::{
    checks::{Check, Topic},
    remedy::INSTALL_CRDS,
};

/// Whether objects of a kind can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// They can, even if the definition is another release's.
    Served,
    /// They can't.
    NotServed,
}

/// Judges `live`, which should be `ours`.
#[must_use]
pub fn judge(
    ours: &CustomResourceDefinition,
    live: Option<&CustomResourceDefinition>,
) -> (Check, Service) {
    let (check, service) = match live.map(|live| served(live).map(|served| (ours, served))) {
        None => (failed("it is not installed"), Service::NotServed),
        Some(Err(problem)) => (failed(problem), Service::NotServed),
        Some(Ok((ours, served))) => (compare(ours, served), Service::Served),
    };
    let name = ours.metadata.name.as_deref().unwrap_or_default();
    (check.about(name), service)
}

fn failed(problem: impl Into<String>) -> Check {
    Check::fail(Topic::Crd, problem).mended_by(INSTALL_CRDS)
}

/// Our version of `live`, if the API server serves it.
fn served(live: &CustomResourceDefinition) -> Result<&CustomResourceDefinitionVersion, String> {
    let conditions = live
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten());
    for kind in ["NamesAccepted", "Established"] {
        let is_true = |condition: &CustomResourceDefinitionCondition| {
            condition.type_ == kind && condition.status == "True"
        };
        if !conditions.clone().any(is_true) {
            return Err(format!(
                "its condition `{kind}` is not True; see kubectl describe crd"
            ));
        }
    }
    version(live)
        .filter(|version| version.served)
        .ok_or_else(|| format!("it does not serve version {VERSION}"))
}

fn compare(ours: &CustomResourceDefinition, served: &CustomResourceDefinitionVersion) -> Check {
    let difference =
        version(ours).and_then(|ours| first_difference(&compared(ours), &compared(served)));
    match difference {
        None => Check::ok(
            Topic::Crd,
            format!("installed, established, and as this program has it ({VERSION})"),
        ),
        Some(path) => failed(format!(
            "it is not this program's: `{path}` differs; another release installed it, or somebody edited it"
        )),
    }
}

fn version(crd: &CustomResourceDefinition) -> Option<&CustomResourceDefinitionVersion> {
    crd.spec
        .versions
        .iter()
        .find(|version| version.name == VERSION)
}

/// What decides how objects are admitted and stored. Columns do not.
fn compared(version: &CustomResourceDefinitionVersion) -> Value {
    serde_json::json!({
        "schema": version.schema,
        "subresources": version.subresources,
        "selectableFields": version.selectable_fields,
    })
}

/// The path to the first value in which the two differ. A field that is null is absent.
fn first_difference(ours: &Value, live: &Value) -> Option<String> {
    fn walk(path: &str, ours: &Value, live: &Value) -> Option<String> {
        let below = |key: &str| match path {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        match (ours, live) {
            (Value::Object(ours), Value::Object(live)) => {
                let keys = ours
                    .keys()
                    .chain(live.keys().filter(|key| !ours.contains_key(*key)));
                keys.into_iter().find_map(|key| {
                    let get = |map: &serde_json::Map<String, Value>| {
                        map.get(key).cloned().unwrap_or_default()
                    };
                    walk(&below(key), &get(ours), &get(live))
                })
            }
            (Value::Array(ours), Value::Array(live)) if ours.len() == live.len() => ours
                .iter()
                .zip(live)
                .enumerate()
                .find_map(|(index, (ours, live))| walk(&below(&index.to_string()), ours, live)),
            (ours, live) => (ours != live).then(|| path.to_owned()),
        }
    }
    walk("", ours, live)
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinitionStatus;
    use serde_json::json;

    use super::*;
    use crate::{
        api::{crds, policy_crd},
        commands::doctor::checks::Finding,
    };

    fn established(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
        let conditions = ["NamesAccepted", "Established"]
            .map(|kind| json!({"type": kind, "status": "True", "reason": "", "message": ""}));
        let status: CustomResourceDefinitionStatus =
            serde_json::from_value(json!({"conditions": conditions})).unwrap();
        crd.status = Some(status);
        crd
    }

    /// The API server writes whole numbers for bounds, and gives back what it was sent.
    fn through_json(crd: &CustomResourceDefinition) -> CustomResourceDefinition {
        serde_saphyr::from_str(&crate::api::crd_document(crd)).unwrap()
    }

    #[test]
    fn what_this_program_prints_is_its_own() {
        for ours in crds() {
            let live = established(through_json(&ours));
            let (check, service) = judge(&ours, Some(&live));
            assert_eq!(service, Service::Served);
            assert_eq!(check.result, Finding::Ok, "{}", check.message);
            assert_eq!(check.subject, ours.metadata.name);
        }
    }

    #[test]
    fn each_flaw_is_told_and_mended_by_installing() {
        let ours = policy_crd();
        let edited = |edit: &dyn Fn(&mut Value)| {
            let mut live = serde_json::to_value(established(ours.clone())).unwrap();
            edit(&mut live);
            serde_json::from_value::<CustomResourceDefinition>(live).unwrap()
        };
        let schema = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
        let cases = [
            (None, "it is not installed"),
            (
                Some(edited(&|live| {
                    live["status"]["conditions"][1]["status"] = json!("False");
                })),
                "`Established` is not True",
            ),
            (
                Some(edited(&|live| {
                    live["spec"]["versions"][0]["served"] = json!(false);
                })),
                "does not serve version v1alpha1",
            ),
            (
                Some(edited(&|live| {
                    live["spec"]["versions"][0]["name"] = json!("v1");
                })),
                "does not serve version v1alpha1",
            ),
            (
                Some(edited(&|live| {
                    let spec = live.pointer_mut(schema).unwrap();
                    spec["properties"]["followers"]["maxItems"] = json!(7);
                })),
                "`schema.openAPIV3Schema.properties.spec.properties.followers.maxItems` differs",
            ),
            (
                Some(edited(&|live| {
                    let spec = live.pointer_mut(schema).unwrap();
                    spec["properties"]["another"] = json!({"type": "string"});
                })),
                "`schema.openAPIV3Schema.properties.spec.properties.another` differs",
            ),
        ];
        for (live, told) in cases {
            let (check, service) = judge(&ours, live.as_ref());
            assert_eq!(
                service == Service::Served,
                told.ends_with("differs"),
                "{told}"
            );
            assert_eq!(check.result, Finding::Fail, "{told}");
            assert!(check.message.contains(told), "{told}: {}", check.message);
            assert_eq!(check.remedies, [INSTALL_CRDS]);
        }
    }
}
