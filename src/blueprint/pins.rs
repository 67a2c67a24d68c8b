//! Pins: the one table of third-party things that emitted repositories use, each fixed to what was seen.
//!
//! Templates say `<%= pins.actions.checkout %>` and get `actions/checkout@<commit> # v5.0.0`; nobody who adds a
//! component has to know a SHA, and renewing one is a change in one place.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};

use super::manifest::{Field, Reader, optional, required};
use crate::diag::Diagnostics;
use crate::{template, yaml};

/// All pins, by section and name.
#[derive(Clone, Debug, Default)]
pub struct Pins(BTreeMap<&'static str, BTreeMap<String, Arc<Pin>>>);

/// One pinned thing.
#[derive(Clone, Debug)]
pub struct Pin {
    section: &'static str,
    fields: BTreeMap<&'static str, String>,
}

/// Where and when every pin was read.
const READ: Field = required("read", "address", "where the value was seen");
const DATE: Field = required("date", "date", "when it was seen");

/// The sections of `pins.yaml`, with the fields of their entries.
pub const SECTIONS: [(&str, &[Field]); 4] = [
    (
        "actions",
        &[
            required("uses", "owner/repository", "the action"),
            required("commit", "40 hexadecimal digits", "the commit of the release"),
            required("version", "version", "the release"),
            READ,
            DATE,
            optional("note", "text", "what somebody who renews it should know"),
        ],
    ),
    (
        "images",
        &[
            required("image", "name", "the image with its registry"),
            required("tag", "tag", "the tag that people read"),
            required("digest", "sha256:…", "the digest that machines read"),
            READ,
            DATE,
            optional("note", "text", "what somebody who renews it should know"),
        ],
    ),
    (
        "tools",
        &[
            required("version", "version", "the release"),
            READ,
            DATE,
            optional("note", "text", "what somebody who renews it should know"),
        ],
    ),
    (
        "hooks",
        &[
            required("repo", "address", "the repository of the pre-commit hook"),
            required("commit", "40 hexadecimal digits", "the commit of the release"),
            required("version", "version", "the release"),
            READ,
            DATE,
            optional("note", "text", "what somebody who renews it should know"),
        ],
    ),
];

impl Pins {
    /// Whether there is such a pin.
    pub fn has(&self, section: &str, name: &str) -> bool {
        self.0.get(section).is_some_and(|pins| pins.contains_key(name))
    }

    /// Names of a section.
    pub fn names(&self, section: &str) -> impl Iterator<Item = &str> + Clone {
        self.0.get(section).into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// Takes the pins of another table, which win over its own.
    pub fn overlay(&mut self, other: Pins) {
        for (section, pins) in other.0 {
            self.0.entry(section).or_default().extend(pins);
        }
    }

    /// The value that templates read.
    pub fn value(&self) -> Value {
        let section = |pins: &BTreeMap<String, Arc<Pin>>| {
            template::map(pins.iter().map(|(name, pin)| (name.as_str(), Value::from_dyn_object(pin.clone()))))
        };
        template::map(self.0.iter().map(|(name, pins)| (*name, section(pins))))
    }

    pub(super) fn read(file: &str, source: &str) -> Result<Pins, Diagnostics> {
        let node = yaml::parse_one(source, file)?;
        let mut reader = Reader::new(file, source);
        let table = SECTIONS.map(|(name, _)| optional(name, "map", ""));
        let mut pins = Pins::default();
        if let Some(map) = reader.map(&node, "the pin table", &table) {
            for (section, fields) in SECTIONS {
                let Some(node) = map.get(section) else { continue };
                let mut found = BTreeMap::new();
                for (key, node) in reader.entries(node, section) {
                    if let Some(pin) = pin(&mut reader, section, fields, &key.text, node) {
                        found.insert(key.text.clone(), Arc::new(pin));
                    }
                }
                pins.0.insert(section, found);
            }
        }
        reader.problems.into_result(pins)
    }
}

fn pin(reader: &mut Reader, section: &'static str, fields: &[Field], name: &str, node: &yaml::Node) -> Option<Pin> {
    let map = reader.map(node, &format!("the pin `{section}.{name}`"), fields)?;
    let mut values = BTreeMap::new();
    for field in fields {
        let Some(node) = map.get(field.name) else { continue };
        let text = reader.text(node, &format!("`{}`", field.name))?;
        let hexadecimal = |text: &str, digits: usize| {
            text.len() == digits && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
        };
        let wrong = match field.name {
            "commit" => !hexadecimal(&text, 40),
            "digest" => !text.strip_prefix("sha256:").is_some_and(|hex| hexadecimal(hex, 64)),
            _ => false,
        };
        if wrong {
            reader.report(node.span, format!("`{}` is no {}", field.name, field.value), None);
            return None;
        }
        values.insert(field.name, text);
    }
    Some(Pin { section, fields: values })
}

impl Pin {
    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.section {
            "actions" => write!(f, "{}@{} # {}", self.field("uses"), self.field("commit"), self.field("version")),
            "images" => write!(f, "{}:{}@{}", self.field("image"), self.field("tag"), self.field("digest")),
            _ => f.write_str(self.field("version")),
        }
    }
}

impl Object for Pin {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let key = match key.as_str()? {
            "rev" => "commit",
            key => key,
        };
        self.fields.get(key).map(|text| Value::from(text.as_str()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
