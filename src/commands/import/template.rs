//! Finds configurations in what Azure exports: ARM templates (Bicep compiles to them), lists of resources as REST and
//! `az` print them, single resources. Pure.

use serde::Deserialize as _;
use serde_json::{Map, Value};

use crate::azure::{
    id::{ClusterId, ConfigurationId},
    model::Configuration,
};

use super::{
    Found, Unfit,
    expression::{ExpressionError, Scope},
};

const CLUSTERS: &str = "Microsoft.Kusto/clusters";
const CONFIGURATIONS: &str = "Microsoft.Kusto/clusters/attachedDatabaseConfigurations";
const DEPLOYMENTS: &str = "Microsoft.Resources/deployments";

/// Levels of resources in resources.
const MAX_DEPTH: usize = 8;

/// The configurations in `document`, in its order. Parameters that `scope` has win over the template's defaults.
#[must_use]
pub fn configurations(document: &Value, mut scope: Scope) -> Vec<Found> {
    if let Some(declared) = document.get("parameters").and_then(Value::as_object) {
        for (name, parameter) in declared {
            if let Some(value) = parameter.get("defaultValue") {
                let name = name.to_lowercase();
                scope
                    .parameters
                    .entry(name)
                    .or_insert_with(|| value.clone());
            }
        }
    }
    if let Some(declared) = document.get("variables").and_then(Value::as_object) {
        let declared = declared.iter();
        scope.variables = declared
            .map(|(name, value)| (name.to_lowercase(), value.clone()))
            .collect();
    }
    let mut search = Search {
        scope,
        found: Vec::new(),
    };
    match (document, document.get("value"), document.get("resources")) {
        (Value::Array(items), _, _) | (_, Some(Value::Array(items)), _) => {
            search.resources(items.iter(), None, 0);
        }
        (_, _, Some(resources)) if document.get("type").is_none() => {
            search.nested(resources, None, 0);
        }
        _ => search.resource(document, None, 0),
    }
    search.found
}

struct Search {
    scope: Scope,
    found: Vec<Found>,
}

/// The resource that a resource stands in.
#[derive(Clone, Copy)]
struct Parent<'a> {
    kind: &'a str,
    name: Option<&'a str>,
}

impl Search {
    /// Resources are a list, or, with symbolic names, a map.
    fn nested(&mut self, resources: &Value, parent: Option<Parent<'_>>, depth: usize) {
        match resources {
            Value::Array(items) => self.resources(items.iter(), parent, depth),
            Value::Object(named) => self.resources(named.values(), parent, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn resources<'a>(
        &mut self,
        resources: impl Iterator<Item = &'a Value>,
        parent: Option<Parent<'_>>,
        depth: usize,
    ) {
        if depth < MAX_DEPTH {
            for resource in resources {
                self.resource(resource, parent, depth);
            }
        }
    }

    fn resource(&mut self, resource: &Value, parent: Option<Parent<'_>>, depth: usize) {
        let text = |key| resource.get(key).and_then(Value::as_str);
        let own = text("type").unwrap_or_default();
        // Within another resource only the last part of the type and the name are written.
        let kind = match parent {
            Some(parent) if !own.contains('/') => format!("{}/{own}", parent.kind),
            Some(_) | None => own.to_owned(),
        };
        let name = self.name(text("name").unwrap_or_default(), own, parent);
        if kind.eq_ignore_ascii_case(CONFIGURATIONS) {
            let label = match &name {
                Ok(name) => name.clone(),
                Err(_) => text("name").unwrap_or("a configuration").to_owned(),
            };
            let content = name
                .map_err(|error| error.to_string())
                .and_then(|name| self.configuration(resource, &name));
            self.found.push(Found {
                label,
                content: content.map_err(Unfit::Failed),
            });
        } else if kind.eq_ignore_ascii_case(DEPLOYMENTS) {
            self.found.push(Found {
                label: format!("the nested deployment {}", text("name").unwrap_or_default()),
                content: Err(Unfit::Failed(
                    "its template has to be imported by itself".to_owned(),
                )),
            });
        } else if let (true, Some(children)) = (
            kind.eq_ignore_ascii_case(CLUSTERS),
            resource.get("resources"),
        ) {
            let parent = Parent {
                kind: CLUSTERS,
                name: name.as_deref().ok(),
            };
            self.nested(children, Some(parent), depth + 1);
        }
    }

    /// The whole name, the parent's included.
    fn name(
        &self,
        written: &str,
        own_kind: &str,
        parent: Option<Parent<'_>>,
    ) -> Result<String, ExpressionError> {
        let resolved = self.scope.resolve(&Value::String(written.to_owned()))?;
        let name = resolved
            .as_str()
            .ok_or_else(|| ExpressionError::Syntax(written.to_owned()))?;
        Ok(match parent.and_then(|parent| parent.name) {
            Some(parent) if !own_kind.contains('/') => format!("{parent}/{name}"),
            Some(_) | None => name.to_owned(),
        })
    }

    fn configuration(
        &self,
        resource: &Value,
        name: &str,
    ) -> Result<(ClusterId, Configuration), String> {
        if resource.get("copy").is_some_and(|copy| !copy.is_null()) {
            return Err("it stands for several (`copy`), which is not read".to_owned());
        }
        let follower = self.follower(resource, name)?;
        // `az` prints the properties of a resource beside its name.
        let properties = resource.get("properties").unwrap_or(resource);
        let wanted: Map<String, Value> = properties
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| !matches!(key.as_str(), "id" | "type" | "apiVersion" | "dependsOn"))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let properties = self
            .scope
            .resolve(&Value::Object(wanted))
            .map_err(|error| error.to_string())?;
        let own_name = name.rsplit('/').next().unwrap_or_default();
        let body = serde_json::json!({"name": own_name, "properties": properties});
        let live = Configuration::deserialize(body)
            .map_err(|error| format!("its properties are not those of a configuration: {error}"))?;
        Ok((follower, live))
    }

    /// The cluster that the configuration is on: in its id, else in its name.
    fn follower(&self, resource: &Value, name: &str) -> Result<ClusterId, String> {
        if let Some(id) = resource.get("id").and_then(Value::as_str) {
            let id: ConfigurationId = id.parse().map_err(|error| format!("its id {error}"))?;
            return Ok(id.cluster().clone());
        }
        let Some((cluster, _)) = name.split_once('/') else {
            return Err("its name does not say which cluster it is on".to_owned());
        };
        let place = |result: Result<&str, ExpressionError>| {
            result
                .map(ToOwned::to_owned)
                .map_err(|error| error.to_string())
        };
        let subscription = place(self.scope.subscription())?;
        let group = place(self.scope.resource_group())?;
        format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Kusto/clusters/{cluster}")
            .parse()
            .map_err(|error| format!("its follower {error}"))
    }
}
