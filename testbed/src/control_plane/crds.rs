//! Installs CustomResourceDefinitions and waits until the API server serves them.

use std::{fs, path::Path, time::Duration};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, ResourceExt as _,
    api::{Patch, PatchParams},
};

use crate::{
    error::TestbedError,
    logs::Logs,
    wait::{self, NotYet, eventually},
};

const SERVED_DEADLINE: Duration = Duration::from_secs(30);

/// The texts of a directory's `.yaml` files, by name.
pub(super) fn read_all(directory: &Path) -> Result<Vec<String>, TestbedError> {
    let doing = || format!("read the CRDs in {}", directory.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(TestbedError::io(doing()))? {
        let path = entry.map_err(TestbedError::io(doing()))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(TestbedError::unexpected(doing(), "no .yaml file there"));
    }
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).map_err(TestbedError::io(doing())))
        .collect()
}

/// Applies every CRD of `yaml` and waits for each.
pub(super) async fn install(client: &Client, yaml: &str, logs: &Logs) -> Result<(), TestbedError> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    let params = PatchParams::apply("testbed").force();
    for definition in parse(yaml)? {
        let name = definition.name_any();
        api.patch(&name, &params, &Patch::Apply(&definition))
            .await
            .map_err(TestbedError::kubernetes(format!("apply the CRD {name}")))?;
        let what = format!("the CRD {name} is established and served");
        eventually(SERVED_DEADLINE, &what, async || {
            until_served(client, &api, &name).await
        })
        .await
        .map_err(|wait| logs.wait_error(wait))?;
    }
    Ok(())
}

fn parse(yaml: &str) -> Result<Vec<CustomResourceDefinition>, TestbedError> {
    let definitions: Vec<CustomResourceDefinition> = serde_saphyr::from_multiple(yaml)
        .map_err(|error| TestbedError::unexpected("read a CRD", wait::with_causes(&error)))?;
    if definitions.is_empty() {
        return Err(TestbedError::unexpected("read a CRD", "the YAML is empty"));
    }
    Ok(definitions)
}

async fn until_served(
    client: &Client,
    api: &Api<CustomResourceDefinition>,
    name: &str,
) -> Result<(), NotYet> {
    let definition = api.get(name).await?;
    let conditions = definition.status.and_then(|status| status.conditions);
    let is_established = conditions
        .iter()
        .flatten()
        .any(|condition| condition.type_ == "Established" && condition.status == "True");
    if !is_established {
        return Err(NotYet::observed(format!("{conditions:?}")));
    }
    // Established comes a moment before the routes are there.
    for version in definition
        .spec
        .versions
        .iter()
        .filter(|version| version.served)
    {
        let group = &definition.spec.group;
        let plural = &definition.spec.names.plural;
        let path = format!("/apis/{group}/{}/{plural}?limit=1", version.name);
        let request = http::Request::get(path).body(Vec::new())?;
        client.request_text(request).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_crd_is_refused() {
        assert!(parse("").is_err());
        assert!(parse("kind: [unclosed").is_err());
    }

    #[test]
    fn a_directory_without_yaml_is_refused_with_its_name() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("README.md"), "text").unwrap();
        let error = read_all(directory.path()).unwrap_err().to_string();
        assert!(error.contains("no .yaml file there"), "{error}");
    }
}
