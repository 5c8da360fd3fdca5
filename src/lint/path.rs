//! The path of a field: how it is written, and where in a document it stands. Pure.

use std::fmt;

use super::yaml::{Node, Position, Yaml};

/// The path of a field from the root of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

impl Path {
    /// Reads `spec.lists[0].name`; a leading dot, as in the `fieldPath` of a rule, says nothing.
    pub(super) fn parse(text: &str) -> Self {
        let mut steps = Vec::new();
        for part in text.split(['.', '[']).filter(|part| !part.is_empty()) {
            let index = part
                .strip_suffix(']')
                .and_then(|digits| digits.parse().ok());
            steps.push(index.map_or_else(|| Step::Key(part.to_owned()), Step::Index));
        }
        Self(steps)
    }

    /// The field that a message speaks of: by the product's convention it stands first, in back-quotes.
    pub(super) fn of_message(message: &str) -> Self {
        let quoted = message
            .strip_prefix('`')
            .and_then(|rest| rest.split_once('`'));
        quoted.map_or_else(Self::default, |(field, _)| Self::parse(field))
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.to_owned()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Where the field stands, or the innermost of its parents that is there.
    pub(super) fn locate(&self, root: &Node) -> Position {
        let (mut at, mut node) = (root.at, root);
        for step in &self.0 {
            let child = match (step, &node.value) {
                (Step::Key(key), Yaml::Map(entries)) => {
                    entries.get(key).map(|entry| (entry.at, &*entry.node))
                }
                (Step::Index(index), Yaml::List(items)) => {
                    items.get(*index).map(|item| (item.at, &**item))
                }
                (Step::Key(_) | Step::Index(_), _) => None,
            };
            let Some(child) = child else { break };
            (at, node) = child;
        }
        at
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    if depth > 0 {
                        f.write_str(".")?;
                    }
                    write!(f, "{}", key.escape_debug())?;
                }
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
