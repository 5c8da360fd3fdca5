//! Makes the tree of one document from the events of its text. Pure.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use serde_saphyr::granit_parser::{Event, ScalarStyle, Span, Tag};

use super::{Document, Entry, Fault, FaultKind, Node, Position, Yaml, scalar};

/// Nodes of one document, those that aliases repeat included.
const MAX_NODES: usize = 1_000_000;

/// Levels of one document, those that aliases add included.
const MAX_DEPTH: usize = 128;

/// Makes the tree of one document from its events.
#[derive(Default)]
pub(super) struct Builder {
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
    /// The document, if it ended.
    pub(super) fn finish(self) -> Document {
        let Self { root, faults, .. } = self;
        Document { root, faults }
    }

    /// Takes the next event.
    ///
    /// # Errors
    /// What makes the document unreadable from there on.
    pub(super) fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
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
                    entries.entry(name.clone()).or_insert_with(|| entry.clone());
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
