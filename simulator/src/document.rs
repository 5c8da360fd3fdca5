//! Reads fields out of a parsed document and names the place of whatever is wrong with it. Pure.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::duration;

/// A field that cannot be accepted; the text names it and says what it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {problem}")]
pub struct DocumentError {
    path: String,
    problem: String,
}

impl DocumentError {
    pub(crate) fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            problem: problem.into(),
        }
    }
}

/// The fields of one mapping. Each is taken once; [`Fields::finish`] refuses what nobody asked for.
#[derive(Debug)]
pub(crate) struct Fields {
    path: String,
    map: Map<String, Value>,
    asked: Vec<&'static str>,
}

impl Fields {
    /// Opens `value`; `path` is empty for the document itself.
    pub(crate) fn of(path: &str, value: Value) -> Result<Self, DocumentError> {
        let named = if path.is_empty() { "document" } else { path };
        match value {
            Value::Object(map) => Ok(Self {
                path: path.to_owned(),
                map,
                asked: Vec::new(),
            }),
            other => Err(DocumentError::new(
                named,
                format!("must be a mapping, not {}", kind(&other)),
            )),
        }
    }

    /// The full path of the field `name`.
    pub(crate) fn at(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }

    /// An error about the field `name`.
    pub(crate) fn error(&self, name: &str, problem: impl Into<String>) -> DocumentError {
        DocumentError::new(self.at(name), problem)
    }

    /// Takes a field whatever it holds; null counts as absent.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<Value> {
        self.asked.push(name);
        self.map.remove(name).filter(|value| !value.is_null())
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, DocumentError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(Value::String(_)) => Err(self.error(name, "must not be blank")),
            Some(other) => Err(self.error(name, format!("must be text, not {}", kind(&other)))),
        }
    }

    pub(crate) fn required_text(
        &mut self,
        name: &'static str,
        what: &str,
    ) -> Result<String, DocumentError> {
        self.text(name)?
            .ok_or_else(|| self.error(name, format!("must be given: {what}")))
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, DocumentError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => {
                Err(self.error(name, format!("must be true or false, not {}", kind(&other))))
            }
        }
    }

    pub(crate) fn count(&mut self, name: &'static str) -> Result<Option<u64>, DocumentError> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => match value.as_u64() {
                Some(count) => Ok(Some(count)),
                None => Err(self.error(name, "must be a whole number of 0 or more")),
            },
        }
    }

    pub(crate) fn duration(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Duration>, DocumentError> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => duration::parse(&text)
                .map(Some)
                .map_err(|problem| self.error(name, problem)),
        }
    }

    pub(crate) fn texts(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<String>>, DocumentError> {
        let Some(items) = self.items(name)? else {
            return Ok(None);
        };
        items
            .into_iter()
            .map(|(path, item)| match item {
                Value::String(text) => Ok(text),
                other => Err(DocumentError::new(
                    path,
                    format!("must be text, not {}", kind(&other)),
                )),
            })
            .collect::<Result<Vec<_>, _>>()
            .map(Some)
    }

    /// Takes a list as its items with their paths.
    pub(crate) fn items(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<(String, Value)>>, DocumentError> {
        let path = self.at(name);
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(at, item)| (format!("{path}[{at}]"), item))
                    .collect(),
            )),
            Some(other) => Err(DocumentError::new(
                path,
                format!("must be a list, not {}", kind(&other)),
            )),
        }
    }

    /// Takes a mapping as its own fields.
    pub(crate) fn fields(&mut self, name: &'static str) -> Result<Option<Self>, DocumentError> {
        let path = self.at(name);
        self.value(name)
            .map(|value| Self::of(&path, value))
            .transpose()
    }

    /// Takes a mapping from names to texts.
    pub(crate) fn text_map(
        &mut self,
        name: &'static str,
    ) -> Result<Vec<(String, String)>, DocumentError> {
        let path = self.at(name);
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        let Self { map, .. } = Self::of(&path, value)?;
        map.into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key, text)),
                Value::Number(number) => Ok((key, number.to_string())),
                other => Err(DocumentError::new(
                    format!("{path}.{key}"),
                    format!("must be text, not {}", kind(&other)),
                )),
            })
            .collect()
    }

    /// Refuses the fields that are left over.
    pub(crate) fn finish(self) -> Result<(), DocumentError> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) => {
                let known = self
                    .asked
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ");
                Err(self.error(
                    name,
                    format!("must not be here: the fields of this part are {known}"),
                ))
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_place_and_the_wish_are_named() {
        let mut fields = Fields::of(
            "clusters[0]",
            json!({"location": 5, "tags": [1], "wait": "soon"}),
        )
        .unwrap();
        assert_eq!(
            fields.text("location").unwrap_err().to_string(),
            "`clusters[0].location` must be text, not a number"
        );
        assert_eq!(
            fields.texts("tags").unwrap_err().to_string(),
            "`clusters[0].tags[0]` must be text, not a number"
        );
        assert!(
            fields
                .duration("wait")
                .unwrap_err()
                .to_string()
                .starts_with("`clusters[0].wait` must be a duration")
        );
        assert_eq!(
            fields
                .required_text("id", "an ARM id")
                .unwrap_err()
                .to_string(),
            "`clusters[0].id` must be given: an ARM id"
        );
    }

    #[test]
    fn unknown_fields_are_refused_with_the_known_ones() {
        let mut fields = Fields::of("", json!({"colour": "red"})).unwrap();
        assert_eq!(fields.text("name").unwrap(), None);
        assert_eq!(
            fields.finish().unwrap_err().to_string(),
            "`colour` must not be here: the fields of this part are `name`"
        );
    }
}
