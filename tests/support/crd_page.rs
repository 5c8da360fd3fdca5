//! Makes `docs/crd.md`, the reference of the resources, from their CRDs. Pure.
//!
//! A keyword that it does not know stops it, so that nothing of the schema can be missing from the page in silence.

use serde_json::Value;

/// The page as Markdown, the same for the same `crds`.
pub(crate) fn crd_page(crds: &[Value]) -> String {
    let kinds: Vec<&str> = crds
        .iter()
        .map(|crd| text(&crd["spec"]["names"]["kind"]))
        .collect();
    let contents: Vec<String> = kinds
        .iter()
        .map(|kind| {
            let anchor = kind.to_lowercase();
            format!("[{kind}](#{anchor}) ([rules](#rules-of-{anchor}))")
        })
        .collect();
    let head = [
        "<!-- Generated from src/api by `make generate`; changes made here are lost. -->".to_owned(),
        "# Fields and rules".to_owned(),
        format!("* {}", contents.join(" · ")),
        "What the fields of an AttachedDatabase do together is told in [resource.md](resource.md), what an AttachmentPolicy \
         allows in [policies.md](policies.md). Unknown fields are dropped by the API server; `kubectl apply` and \
         `adx-follower lint` refuse them."
            .to_owned(),
        "The rules say what the schema cannot, as [CEL](https://kubernetes.io/docs/reference/using-api/cel/) and with the \
         message of a refusal. A rule *on update* compares with the object as it was."
            .to_owned(),
    ];
    let parts: Vec<String> = head
        .into_iter()
        .chain(crds.iter().flat_map(resource))
        .collect();
    format!("{}\n", parts.join("\n\n"))
}

/// All about one resource.
fn resource(crd: &Value) -> Vec<String> {
    let spec = &crd["spec"];
    let version = &spec["versions"][0];
    let root = &version["schema"]["openAPIV3Schema"];
    let kind = text(&spec["names"]["kind"]);
    let anchor = kind.to_lowercase();
    let mut parts = vec![
        format!("## {kind}"),
        text(&root["description"]).to_owned(),
        identity(spec, version),
        format!("### Fields of `spec` of {kind}"),
        table(&root["properties"]["spec"], &anchor),
    ];
    match root["properties"].get("status") {
        Some(status) => parts.extend([
            format!("### Fields of `status` of {kind}"),
            format!(
                "Written by the operator alone. An object that it has not seen yet has `{}`.",
                status["default"]
            ),
            table(status, &anchor),
        ]),
        None => parts.push("It has no `status`.".to_owned()),
    }
    let mut rules = Vec::new();
    collect_rules(root, "", &mut rules);
    parts.extend([format!("### Rules of {kind}"), rules.join("\n\n")]);
    parts
}

fn identity(spec: &Value, version: &Value) -> String {
    let names = &spec["names"];
    let columns = |is_wide: bool| {
        let columns = list(&version["additionalPrinterColumns"]).iter();
        let shown = columns.filter(|column| (column["priority"].as_i64() > Some(0)) == is_wide);
        shown
            .map(|column| {
                format!(
                    "{} `{}`",
                    text(&column["name"]).to_uppercase(),
                    text(&column["jsonPath"])
                )
            })
            .collect::<Vec<_>>()
            .join(", ")
    };
    let selectors: Vec<String> = list(&version["selectableFields"])
        .iter()
        .map(|field| code(text(&field["jsonPath"]).trim_start_matches('.')))
        .collect();
    let rows = [
        (
            "`apiVersion`",
            format!("`{}/{}`", text(&spec["group"]), text(&version["name"])),
        ),
        ("`kind`", code(text(&names["kind"]))),
        (
            "for `kubectl get`",
            [
                vec![&names["plural"]],
                list(&names["shortNames"]).iter().collect(),
                list(&names["categories"]).iter().collect(),
            ]
            .concat()
            .into_iter()
            .map(|name| code(text(name)))
            .collect::<Vec<_>>()
            .join(", "),
        ),
        ("scope", text(&spec["scope"]).to_owned()),
        ("columns", columns(false)),
        ("columns of `-o wide`", columns(true)),
        ("fields for `--field-selector`", selectors.join(", ")),
    ];
    let rows: Vec<String> = rows
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("| {name} | {} |", cell(&value)))
        .collect();
    format!("| | |\n|---|---|\n{}", rows.join("\n"))
}

/// One row for each field below `schema`, those of objects and lists in it included; `kind` is the resource's anchor.
fn table(schema: &Value, kind: &str) -> String {
    let mut rows = Vec::new();
    collect_rows(schema, kind, "", &mut rows);
    format!(
        "| Field | Type | Bounds | Default | Meaning |\n|---|---|---|---|---|\n{}",
        rows.join("\n")
    )
}

fn collect_rows(schema: &Value, resource: &str, path: &str, rows: &mut Vec<String>) {
    let is_required = |name: &str| {
        list(&schema["required"])
            .iter()
            .any(|required| required == name)
    };
    for (name, property) in object(&schema["properties"]) {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        let default = match property.get("default") {
            _ if is_required(name) => "required".to_owned(),
            Some(default) => code(&default.to_string().replace('"', "")),
            None => String::new(),
        };
        let cells = [
            code(&path),
            kind(property),
            bounds(property, resource),
            default,
            text(&property["description"]).to_owned(),
        ];
        rows.push(format!("| {} |", cells.map(|it| cell(&it)).join(" | ")));
        collect_rows(property, resource, &path, rows);
        if let Some(items) = property.get("items") {
            collect_rows(items, resource, &format!("{path}[]"), rows);
        }
    }
}

fn kind(schema: &Value) -> String {
    match (text(&schema["type"]), schema["format"].as_str()) {
        ("object", _) if schema.get("additionalProperties").is_some() => {
            format!("map of {}", kind(&schema["additionalProperties"]))
        }
        ("array", _) => format!("list of {}", kind(&schema["items"])),
        (_, Some("date-time")) => "date and time".to_owned(),
        (kind, _) => kind.to_owned(),
    }
}

/// What a value of `schema` must keep to, in words.
fn bounds(schema: &Value, resource: &str) -> String {
    let mut said = Vec::new();
    let range =
        |least: &str, most: &str, of: &str| match (number(schema, least), number(schema, most)) {
            (Some(least), Some(most)) => Some(format!("{least} to {most}{of}")),
            (None, Some(most)) => Some(format!("at most {most}{of}")),
            (Some(least), None) => Some(format!("at least {least}{of}")),
            (None, None) => None,
        };
    for (keyword, _) in object(schema) {
        match keyword.as_str() {
            "enum" => {
                let values = list(&schema["enum"]).iter().map(|value| code(text(value)));
                said.push(values.collect::<Vec<_>>().join(", "));
            }
            "pattern" => said.push(code(text(&schema["pattern"]))),
            "x-kubernetes-list-map-keys" => {
                let keys = list(&schema["x-kubernetes-list-map-keys"])
                    .iter()
                    .map(|key| code(text(key)));
                said.push(format!(
                    "one for each {}",
                    keys.collect::<Vec<_>>().join(", ")
                ));
            }
            // Said by another keyword or in another column.
            "minLength"
            | "maxLength"
            | "minItems"
            | "maxItems"
            | "minProperties"
            | "maxProperties"
            | "additionalProperties"
            | "minimum"
            | "maximum"
            | "items"
            | "type"
            | "format"
            | "description"
            | "default"
            | "properties"
            | "required"
            | "x-kubernetes-list-type"
            | "x-kubernetes-validations" => {}
            unknown => panic!("the page cannot say `{unknown}` yet"),
        }
    }
    said.extend(range("minLength", "maxLength", " characters"));
    said.extend(range("minItems", "maxItems", " items"));
    said.extend(range("minProperties", "maxProperties", " entries"));
    said.extend(range("minimum", "maximum", ""));
    let entries = schema
        .get("items")
        .or_else(|| schema.get("additionalProperties"))
        .map(|entries| bounds(entries, resource))
        .filter(|entries| !entries.is_empty());
    said.extend(entries.map(|entries| format!("each {entries}")));
    if schema.get("x-kubernetes-validations").is_some() {
        said.push(format!("[rules](#rules-of-{resource})"));
    }
    said.join("; ")
}

/// The rules of `schema` and of all below it: where, when, with which message, and the expression.
fn collect_rules(schema: &Value, path: &str, found: &mut Vec<String>) {
    for rule in list(&schema["x-kubernetes-validations"]) {
        for (keyword, _) in object(rule) {
            assert!(
                ["rule", "message", "fieldPath"].contains(&keyword.as_str()),
                "the page cannot say `{keyword}` yet"
            );
        }
        let (expression, message) = (text(&rule["rule"]), text(&rule["message"]));
        let at = format!("{path}{}", rule["fieldPath"].as_str().unwrap_or_default());
        let at = match at.trim_start_matches('.') {
            "" => "the object".to_owned(),
            field => code(field),
        };
        let when = if expression.contains("oldSelf") {
            ", *on update*"
        } else {
            ""
        };
        let words: Vec<&str> = expression.split_whitespace().collect();
        found.push(format!(
            "* {at}{when}: {}\n  ```cel\n  {}\n  ```",
            emphasis_free(message),
            words.join(" ")
        ));
    }
    for (name, property) in object(&schema["properties"]) {
        collect_rules(property, &format!("{path}.{name}"), found);
    }
    if let Some(items) = schema.get("items") {
        collect_rules(items, &format!("{path}[]"), found);
    }
    if let Some(values) = schema.get("additionalProperties") {
        collect_rules(values, &format!("{path}[]"), found);
    }
}

/// A `*` outside of code must not begin emphasis.
fn emphasis_free(message: &str) -> String {
    let parts = message.split('`').enumerate();
    parts
        .map(|(index, part)| {
            if index % 2 == 0 {
                part.replace('*', "\\*")
            } else {
                part.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join("`")
}

/// A `|` would end the cell, also within code.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Bounds are floats in the Rust type of a CRD.
fn number(schema: &Value, keyword: &str) -> Option<String> {
    schema[keyword].as_f64().map(|number| number.to_string())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> + use<'_> {
    value.as_object().into_iter().flatten()
}
