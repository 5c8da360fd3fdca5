//! What is looked at in rendered objects. Pure.

use serde_json::Value;

/// An object of Kubernetes.
pub(crate) type Object = Value;

/// The documents of a YAML stream, without the empty ones.
pub(crate) fn objects(yaml: &str) -> Vec<Object> {
    let documents: Vec<Object> =
        serde_saphyr::from_multiple(yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect()
}

/// Text at a JSON pointer.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Kind, namespace and name.
pub(crate) fn id(object: &Object) -> String {
    let part = |pointer| text(object, pointer);
    format!(
        "{} {}/{}",
        part("/kind"),
        part("/metadata/namespace"),
        part("/metadata/name")
    )
}

/// The objects of a kind.
pub(crate) fn of<'a>(objects: &'a [Object], kind: &str) -> Vec<&'a Object> {
    objects
        .iter()
        .filter(|object| object["kind"] == kind)
        .collect()
}

/// The only object of a kind.
pub(crate) fn the<'a>(objects: &'a [Object], kind: &str) -> &'a Object {
    let found = of(objects, kind);
    assert_eq!(
        found.len(),
        1,
        "{kind}: {:?}",
        objects.iter().map(id).collect::<Vec<_>>()
    );
    found[0]
}

/// Whether it is there for `helm test` only.
pub(crate) fn is_test(object: &Object) -> bool {
    object["metadata"]["annotations"]["helm.sh/hook"] == "test"
}

/// The items of a list, none if there is no list.
pub(crate) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The texts of a list.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    list(value).iter().filter_map(Value::as_str).collect()
}

/// The Pods of all objects: where each comes from, its labels, and its spec.
pub(crate) fn pods(objects: &[Object]) -> Vec<(String, &Value, &Value)> {
    objects
        .iter()
        .filter_map(|object| match text(object, "/kind") {
            "Pod" => Some((id(object), &object["metadata"]["labels"], &object["spec"])),
            "Deployment" => {
                let template = &object["spec"]["template"];
                Some((
                    id(object),
                    &template["metadata"]["labels"],
                    &template["spec"],
                ))
            }
            _ => None,
        })
        .collect()
}

/// The arguments of the operator's container.
pub(crate) fn arguments(objects: &[Object]) -> Vec<&str> {
    texts(&the(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"])
}
