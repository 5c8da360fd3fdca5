//! Makes the parts of the Helm charts that have another source: the resource definitions as templates, and the README. Pure.

use serde_json::Value;

/// The resource definition `document` as a template. `enabled` is the value that switches it off, if there is one; `keep`
/// is the one that keeps it when the release goes.
pub(crate) fn crd_template(document: &str, enabled: Option<&str>, keep: &str) -> String {
    assert!(
        !document.contains("{{"),
        "Helm would take it for a template"
    );
    let (head, rest) = document.split_once("\nspec:\n").expect("it has a spec");
    let head = format!(
        "{head}\n  labels:\n    {{{{- include \"adx.crdLabels\" . | nindent 4 }}}}\n  \
         {{{{- if .Values.{keep} }}}}\n  annotations:\n    helm.sh/resource-policy: keep\n  {{{{- end }}}}"
    );
    let whole = format!("{head}\nspec:\n{rest}");
    match enabled {
        Some(enabled) => format!("{{{{- if .Values.{enabled} }}}}\n{whole}{{{{- end }}}}\n"),
        None => whole,
    }
}

/// A value of a chart, as its README explains it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Explained {
    /// Its path, such as `image.tag`.
    pub(crate) key: String,
    /// What its comment says.
    pub(crate) text: String,
}

/// The values of a `values.yaml` that have a comment of their own, in their order. The comment begins with `# -- ` and goes
/// on in lines that begin with `# `.
pub(crate) fn explained(yaml: &str) -> Vec<Explained> {
    let (mut found, mut path, mut comment) =
        (Vec::new(), Vec::<(usize, &str)>::new(), String::new());
    for line in yaml.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        if let Some(text) = line.strip_prefix("# -- ") {
            text.clone_into(&mut comment);
        } else if let Some(text) = line.strip_prefix("# ").filter(|_| !comment.is_empty()) {
            comment.push(' ');
            comment.push_str(text);
        } else if let Some((name, _)) = line.split_once(':').filter(|(name, _)| is_name(name)) {
            path.retain(|(outer, _)| *outer < indent);
            path.push((indent, name));
            if !comment.is_empty() {
                let names: Vec<&str> = path.iter().map(|(_, name)| *name).collect();
                found.push(Explained {
                    key: names.join("."),
                    text: std::mem::take(&mut comment),
                });
            }
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The value at the path `key`.
pub(crate) fn at<'a>(values: &'a Value, key: &str) -> &'a Value {
    key.split('.').fold(values, |value, name| &value[name])
}

/// The README of a chart out of its `Chart.yaml`, its `values.yaml`, and the part of its own.
pub(crate) fn readme(chart: &Value, values_yaml: &str, values: &Value, own: &str) -> String {
    let text = |key: &str| chart[key].as_str().expect(key);
    let rows: Vec<String> = explained(values_yaml)
        .into_iter()
        .map(|Explained { key, text }| {
            let value = at(values, &key);
            format!(
                "| `{key}` | {} | {} | {text} |",
                kind(value),
                cell(&default(value))
            )
        })
        .collect();
    format!(
        "<!-- Generated from Chart.yaml and values.yaml by `make generate`; changes made here are lost. -->\n\
         # {}\n\n{}.\n\nKubernetes `{}`. Tested with Helm 3.22 and Helm 4.3.\n\n{}\n\n\
         ## Values\n\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n{}\n",
        text("name"),
        text("description"),
        text("kubeVersion"),
        own.trim(),
        rows.join("\n")
    )
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "map",
    }
}

fn default(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => String::new(),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// A `|` would end the cell, also within code.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
