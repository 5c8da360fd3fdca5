//! Reads YAML and JSON as `kubectl` reads them, and keeps where everything stands. Pure.
//!
//! Scalars follow YAML 1.1 (`scalar`), aliases and merge keys are resolved, and a key that is written twice is a fault.
//! Nodes are shared, and what aliases multiply is counted, so that a small document cannot become a large one.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use serde::Serialize;
use serde_json::Number;
use serde_saphyr::granit_parser::{
    self, Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag,
};

mod scalar;
#[cfg(test)]
mod tests;

/// Nodes of one document, those that aliases repeat included.
const MAX_NODES: usize = 1_000_000;

/// Levels of one document, those that aliases add included.
const MAX_DEPTH: usize = 128;

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
                let Builder { root, faults, .. } = builder;
                return Some((Document { root, faults }, true));
            }
            Ok((event, span)) => builder.take(event, span),
            Err(error) => Err(error.into()),
        };
        if let Err(fault) = taken {
            let mut faults = builder.faults;
            faults.push(fault);
            let goes_on = parser.proceed_next_document().unwrap_or_else(|error| {
                faults.push(error.into());
                false
            });
            return Some((Document { root: None, faults }, goes_on));
        }
    }
}

/// Makes the tree of one document from its events.
#[derive(Default)]
struct Builder {
    root: Option<Rc<Node>>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Rc<Node>>,
    nodes: usize,
    faults: Vec<Fault>,
}

/// A list or map that is not complete yet.
struct Frame {
    at: Position,
    anchor: usize,
    body: Body,
    nodes: usize,
    depth: usize,
}

enum Body {
    List(Vec<Rc<Node>>),
    Map(OpenMap),
}

#[derive(Default)]
struct OpenMap {
    entries: BTreeMap<String, Entry>,
    key: Option<Key>,
    merged: Vec<Rc<Node>>,
}

enum Key {
    Name(Position, String),
    Merge,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        let at = span.start.into();
        match event {
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| {
                    Fault::syntax(at, "an alias must not stand inside of what it refers to")
                })?;
                self.count(node.nodes, at)?;
                self.place(node, at)
            }
            Event::Scalar(text, style, anchor, tag) => {
                if text == "<<" && style == ScalarStyle::Plain && self.expect_merge() {
                    return Ok(());
                }
                let value = scalar(&text, style, tag.as_deref())
                    .map_err(|message| Fault::syntax(at, message))?;
                self.complete(Node::new(at, value), anchor, at)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open(at, anchor, Body::List(Vec::new()));
                Ok(())
            }
            Event::MappingStart(_, anchor, _) => {
                self.open(at, anchor, Body::Map(OpenMap::default()));
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            // What is left says nothing about the tree.
            _ => Ok(()),
        }
    }

    /// Whether a `<<` here is a key; the value that follows is then merged.
    fn expect_merge(&mut self) -> bool {
        match self.frames.last_mut() {
            Some(Frame {
                body: Body::Map(map),
                ..
            }) if map.key.is_none() => {
                map.key = Some(Key::Merge);
                true
            }
            Some(_) | None => false,
        }
    }

    fn open(&mut self, at: Position, anchor: usize, body: Body) {
        self.frames.push(Frame {
            at,
            anchor,
            body,
            nodes: 1,
            depth: 1,
        });
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if frame.depth > MAX_DEPTH {
            return Err(Fault::syntax(
                frame.at,
                format!("a document must have at most {MAX_DEPTH} levels"),
            ));
        }
        let value = match frame.body {
            Body::List(items) => Yaml::List(items),
            Body::Map(map) => Yaml::Map(map.complete()?),
        };
        let node = Node {
            at: frame.at,
            value,
            nodes: frame.nodes,
            depth: frame.depth,
        };
        self.complete(node, frame.anchor, frame.at)
    }

    fn complete(&mut self, node: Node, anchor: usize, at: Position) -> Result<(), Fault> {
        // What a container holds was counted before it.
        self.count(1, at)?;
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node, at)
    }

    fn count(&mut self, nodes: usize, at: Position) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        let message = format!("a document must have at most {MAX_NODES} values");
        Err(Fault::syntax(at, message))
    }

    /// Puts a complete node where it belongs. `at` is where it is mentioned, which an alias sets apart from where it stands.
    fn place(&mut self, node: Rc<Node>, at: Position) -> Result<(), Fault> {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.nodes = frame.nodes.saturating_add(node.nodes);
        frame.depth = frame.depth.max(node.depth + 1);
        match &mut frame.body {
            Body::List(items) => items.push(node),
            Body::Map(map) => match map.key.take() {
                None => map.key = Some(Key::Name(at, key(&node, at)?)),
                Some(Key::Merge) => map.merged.push(node),
                Some(Key::Name(key_at, name)) => {
                    if let Some(earlier) = map.entries.get(&name) {
                        self.faults.push(Fault {
                            at: key_at,
                            kind: FaultKind::DuplicateKey,
                            message: format!(
                                "`{}` is set already at line {}; keep one of the two",
                                name.escape_debug(),
                                earlier.at.line
                            ),
                        });
                    }
                    map.entries.insert(name, Entry { at: key_at, node });
                }
            },
        }
        Ok(())
    }
}

impl OpenMap {
    /// The entries with those that are merged and not set here.
    fn complete(self) -> Result<BTreeMap<String, Entry>, Fault> {
        let mut entries = self.entries;
        for node in &self.merged {
            let sources = match &node.value {
                Yaml::List(list) => list.as_slice(),
                Yaml::Null | Yaml::Bool(_) | Yaml::Number(_) | Yaml::Text(_) | Yaml::Map(_) => {
                    std::slice::from_ref(node)
                }
            };
            for source in sources {
                let Yaml::Map(map) = &source.value else {
                    return Err(Fault::syntax(source.at, "`<<` must be given a map"));
                };
                for (name, entry) in map {
                    entries
                        .entry(name.clone())
                        .or_insert_with(|| entry.clone());
                }
            }
        }
        Ok(entries)
    }
}

/// The text of a key: JSON has no other keys.
fn key(node: &Node, at: Position) -> Result<String, Fault> {
    match &node.value {
        Yaml::Text(text) => Ok(text.clone()),
        Yaml::Bool(value) => Ok(value.to_string()),
        Yaml::Number(number) => Ok(number.to_string()),
        Yaml::Null => Ok("null".to_owned()),
        Yaml::List(_) | Yaml::Map(_) => Err(Fault::syntax(at, "a key must be a text")),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Yaml, &'static str> {
    let is_read = match tag.and_then(Tag::core_suffix) {
        Some(core) => ["int", "float", "bool", "null"].contains(&core),
        None => style == ScalarStyle::Plain,
    };
    if is_read {
        scalar::resolve(text)
    } else {
        Ok(Yaml::Text(text.to_owned()))
    }
}
