//! Reads YAML and JSON as `kubectl` reads them, and keeps where everything stands. Pure.
//!
//! Scalars follow YAML 1.1 (`scalar`), aliases and merge keys are resolved, and a key that is written twice is a fault.
//! Nodes are shared, and what aliases multiply is counted, so that a small document cannot become a large one.

use std::{collections::BTreeMap, rc::Rc};

use serde::Serialize;
use serde_json::Number;
use serde_saphyr::granit_parser::{self, Event, Marker, Parser, ScanError, StrInput};

mod scalar;
#[cfg(test)]
mod tests;
mod tree;

use tree::Builder;

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The beginning of a text.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl Default for Position {
    fn default() -> Self {
        Self::START
    }
}

impl From<Marker> for Position {
    fn from(marker: Marker) -> Self {
        Self {
            line: marker.line().max(1),
            column: marker.col() + 1,
        }
    }
}

/// A value and where it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub at: Position,
    /// What it is.
    pub value: Yaml,
    nodes: usize,
    depth: usize,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Yaml {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A finite number.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Rc<Node>>),
    /// A map.
    Map(BTreeMap<String, Entry>),
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where its key starts.
    pub at: Position,
    /// Its value.
    pub node: Rc<Node>,
}

impl Node {
    fn new(at: Position, value: Yaml) -> Self {
        Self {
            at,
            value,
            nodes: 1,
            depth: 1,
        }
    }

    /// The entry `key`, if this is a map that has it and its value is not null.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Yaml::Map(entries) => entries.get(key),
            Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::Text(_) | Yaml::List(_) => None,
        }
        .filter(|entry| entry.node.value != Yaml::Null)
    }

    /// The text of the entry `key`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.entry(key)?.node.value {
            Yaml::Text(text) => Some(text),
            Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::List(_) | Yaml::Map(_) => None,
        }
    }
}

/// Something that makes a text no YAML, or one that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it is.
    pub at: Position,
    /// What kind of fault.
    pub kind: FaultKind,
    /// What is wrong.
    pub message: String,
}

/// What kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The document cannot be read.
    Syntax,
    /// A key stands twice in a map; the last value counts, as for `kubectl`.
    DuplicateKey,
}

impl Fault {
    fn syntax(at: Position, message: impl Into<String>) -> Self {
        Self {
            at,
            kind: FaultKind::Syntax,
            message: message.into(),
        }
    }
}

impl From<ScanError> for Fault {
    fn from(error: ScanError) -> Self {
        Self::syntax((*error.marker()).into(), error.info())
    }
}

/// One document of a text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// Its content; `None` if it cannot be read.
    pub root: Option<Rc<Node>>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

/// The documents of `text`, one at a time. After a document that cannot be read, the next one is.
pub fn documents(text: &str) -> impl Iterator<Item = Document> {
    let options = granit_parser::options! { emit_comments: false };
    let mut parser = Some(Parser::new_from_str_with_options(text, options));
    std::iter::from_fn(move || {
        let (document, goes_on) = parser.as_mut().and_then(read)?;
        if !goes_on {
            parser = None;
        }
        Some(document)
    })
}

/// Reads one document; also tells whether there may be another. `None` at the end.
fn read<'a>(parser: &mut Parser<'a, StrInput<'a>>) -> Option<(Document, bool)> {
    let mut builder = Builder::default();
    loop {
        let taken = match parser.next_event()? {
            Ok((Event::StreamEnd, _)) => return None,
            Ok((Event::DocumentEnd, _)) => {
                return Some((builder.finish(), true));
            }
            Ok((event, span)) => builder.take(event, span),
            Err(error) => Err(error.into()),
        };
        if let Err(fault) = taken {
            let mut faults = builder.finish().faults;
            faults.push(fault);
            let goes_on = parser.proceed_next_document().unwrap_or_else(|error| {
                faults.push(error.into());
                false
            });
            return Some((Document { root: None, faults }, goes_on));
        }
    }
}
