//! The name that was probably meant. Pure.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;

/// The field that was meant by `key`, which `schema` does not have: one of its own fields with a similar name, else the
/// path of a field of that very name elsewhere below `root`.
pub(super) fn of(root: &JSONSchemaProps, schema: &JSONSchemaProps, key: &str) -> Option<String> {
    let own = schema.properties.iter().flat_map(|all| all.keys());
    nearest(own.map(String::as_str), key)
        .map(ToOwned::to_owned)
        .or_else(|| elsewhere(root, "spec", key))
}

/// The most similar of `names`, if it is similar enough to be a slip: a few letters, or upper and lower case.
pub(super) fn nearest<'n>(names: impl Iterator<Item = &'n str>, text: &str) -> Option<&'n str> {
    // A name is short; comparing costs its length times the text's.
    if text.len() > 64 {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let most = (text.len() / 4).clamp(1, 3);
    names
        .map(|name| {
            let distance = strsim::damerau_levenshtein(&name.to_ascii_lowercase(), &lower);
            (distance, name)
        })
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

fn elsewhere(root: &JSONSchemaProps, below: &str, key: &str) -> Option<String> {
    let start = root.properties.as_ref()?.get(below)?;
    let mut open = vec![(below.to_owned(), start)];
    while let Some((path, schema)) = open.pop() {
        for (name, property) in schema.properties.iter().flatten() {
            let path = format!("{path}.{name}");
            if name == key {
                return Some(path);
            }
            open.push((path, property));
        }
    }
    None
}
