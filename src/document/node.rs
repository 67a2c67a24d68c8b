//! Values that remember the file and line they came from.
//!
//! A document may be put together from several files (a Kustomize overlay is), so every value carries its own
//! [`Spot`]. A guardrail names a value by its path, and the path leads back to the line that a person can edit.

use std::collections::HashMap;
use std::sync::Arc;

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file's path.
    pub file: Arc<str>,
    /// Line, counted from 1.
    pub line: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands. A value of a map stands where its key does.
    pub spot: Spot,
    /// What it is.
    pub content: Content,
}

/// The value of a [`Node`].
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Str(String),
    /// Values in order.
    List(Vec<Node>),
    /// Keys and values in the order of the file; no key stands twice.
    Map(Vec<(String, Node)>),
}

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into a map.
    Key(String),
    /// Into a list, counted from 0.
    Index(usize),
}

impl Node {
    /// A value at a place.
    pub fn new(spot: Spot, content: Content) -> Self {
        Node { spot, content }
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.content {
            Content::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value under a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.content {
            Content::Map(entries) => entries.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value at the end of several keys.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.content {
            Content::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::List(items) => items,
            _ => &[],
        }
    }

    /// The keys and values of a map; none for anything else.
    pub fn entries(&self) -> &[(String, Node)] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Sets a key of a map and returns its value; makes a map of anything else.
    pub fn set(&mut self, key: &str, value: Node) {
        if !matches!(self.content, Content::Map(_)) {
            self.content = Content::Map(Vec::new());
        }
        if let Content::Map(entries) = &mut self.content {
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = value,
                None => entries.push((key.to_owned(), value)),
            }
        }
    }

    /// Takes a key out of a map.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        match &mut self.content {
            Content::Map(entries) => entries.iter().position(|(name, _)| name == key).map(|at| entries.remove(at).1),
            _ => None,
        }
    }

    /// Where the value at the end of `path` stands: of as much of the path as there is.
    ///
    /// A rule about something missing names the place where it should be, so the nearest thing that exists is meant.
    pub fn spot_of(&self, path: &[Step]) -> &Spot {
        let mut node = self;
        for step in path {
            let next = match (step, &node.content) {
                (Step::Key(key), Content::Map(_)) => node.get(key),
                (Step::Index(index), Content::List(items)) => items.get(*index),
                // Terraform's JSON syntax: a block that stands alone needs no list around it.
                (Step::Index(0), Content::Map(_)) => Some(node),
                _ => None,
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        &node.spot
    }

    /// How many values it holds, itself among them.
    pub fn values(&self) -> usize {
        match &self.content {
            Content::List(items) => items.iter().map(Node::values).sum::<usize>() + 1,
            Content::Map(entries) => entries.iter().map(|(_, value)| value.values()).sum::<usize>() + 1,
            _ => 1,
        }
    }

    /// How many values stand around the innermost one.
    pub fn depth(&self) -> usize {
        match &self.content {
            Content::List(items) => items.iter().map(|item| item.depth() + 1).max().unwrap_or(0),
            Content::Map(entries) => entries.iter().map(|(_, value)| value.depth() + 1).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// Moves every place `lines` down.
    pub(super) fn move_down(&mut self, lines: usize) {
        self.spot.line += lines;
        match &mut self.content {
            Content::List(items) => items.iter_mut().for_each(|item| item.move_down(lines)),
            Content::Map(entries) => entries.iter_mut().for_each(|(_, value)| value.move_down(lines)),
            _ => {}
        }
    }

    /// The value without places.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Int(value) => Value::from(*value),
            Content::Float(value) => serde_json::Number::from_f64(*value).map_or(Value::Null, Value::Number),
            Content::Str(text) => Value::String(text.clone()),
            Content::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Content::Map(entries) => {
                Value::Object(entries.iter().map(|(key, value)| (key.clone(), value.to_json())).collect())
            }
        }
    }
}

/// A map that is being read: finds a key without looking at all that came before.
#[derive(Debug, Default)]
pub(super) struct Entries {
    entries: Vec<(String, Node)>,
    known: HashMap<String, usize>,
}

impl Entries {
    /// Adds a key and its value.
    ///
    /// # Errors
    /// The line of the same key's first value, which stays.
    pub(super) fn add(&mut self, key: String, value: Node) -> Result<(), usize> {
        match self.known.get(&key).and_then(|at| self.entries.get(*at)) {
            Some((_, first)) => Err(first.spot.line),
            None => {
                self.known.insert(key.clone(), self.entries.len());
                self.entries.push((key, value));
                Ok(())
            }
        }
    }

    pub(super) fn into_content(self) -> Content {
        Content::Map(self.entries)
    }
}
