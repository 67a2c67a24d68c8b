//! Reading manifests: every mistake of a file is reported at once, each with its line and column.
//!
//! What may stand in a map is written down once, as a table of [`Field`]s. The reader checks against the table, and
//! the reference in `docs/` is tested against it, so neither can drift from the other.

use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean, printable};
use crate::yaml::{Key, Kind, Node, Span};

/// One key that a map of a manifest may have.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What its value is, in a word or two.
    pub value: &'static str,
    /// Whether it has to be there.
    pub required: bool,
    /// What it means.
    pub about: &'static str,
}

/// A table row for a key that has to be there.
pub(super) const fn required(name: &'static str, value: &'static str, about: &'static str) -> Field {
    Field { name, value, required: true, about }
}

/// A table row for a key that may be left out.
pub(super) const fn optional(name: &'static str, value: &'static str, about: &'static str) -> Field {
    Field { name, value, required: false, about }
}

/// Template text or an expression, with the place it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// The expression as written.
    pub text: String,
    /// Where it is written.
    pub place: Place,
}

/// Collects the problems of one manifest while its values are taken out.
pub(super) struct Reader<'a> {
    /// The manifest's path, for messages.
    pub file: &'a str,
    /// Its text, for the lines that messages show.
    pub source: &'a str,
    /// What was wrong so far.
    pub problems: Diagnostics,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, source: &'a str) -> Self {
        Reader { file, source, problems: Diagnostics::new() }
    }

    pub fn place(&self, span: Span) -> Place {
        Place::at(self.file, span.line, span.column)
    }

    /// Reports a problem at a place of the manifest.
    pub fn report(&mut self, span: Span, message: impl Into<String>, hint: Option<String>) {
        let problem =
            Diagnostic::error(message).place(self.place(span)).excerpt(self.source, span.length).maybe_hint(hint);
        self.problems.push(problem);
    }

    fn expected(&mut self, node: &Node, what: &str, expected: &str) {
        self.report(node.span, format!("{what}: expected {expected}, found {}", node.describe()), None);
    }

    /// The entries of a map with free keys.
    pub fn entries<'n>(&mut self, node: &'n Node, what: &str) -> &'n [(Key, Node)] {
        match &node.kind {
            Kind::Map(entries) => entries,
            _ => {
                self.expected(node, what, "a map");
                &[]
            }
        }
    }

    /// A map whose keys are those of a table; reports unknown and missing ones.
    pub fn map<'n>(&mut self, node: &'n Node, what: &str, fields: &[Field]) -> Option<Map<'n>> {
        let Kind::Map(entries) = &node.kind else {
            self.expected(node, what, "a map");
            return None;
        };
        for (key, _) in entries {
            if !fields.iter().any(|field| field.name == key.text) {
                let hint = did_you_mean(&key.text, fields.iter().map(|field| field.name));
                self.report(key.span, format!("{what} has no field `{}`", key.text), hint);
            }
        }
        let mut complete = true;
        for field in fields.iter().filter(|field| field.required) {
            if node.get(field.name).is_none() {
                complete = false;
                let hint = format!("add `{}:`, {}: {}", field.name, field.value, field.about);
                self.report(node.span, format!("{what} has no `{}`", field.name), Some(hint));
            }
        }
        complete.then_some(Map(node))
    }

    /// The items of a list.
    pub fn items<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::Seq(items) => items,
            _ => {
                self.expected(node, what, "a list");
                &[]
            }
        }
    }

    /// A text that is not empty.
    pub fn text(&mut self, node: &Node, what: &str) -> Option<String> {
        match node.as_str() {
            Some("") => {
                self.report(node.span, format!("{what} is empty"), None);
                None
            }
            Some(text) if printable(&text.replace('\t', " ")) != text.replace('\t', " ") => {
                let hint = "write it without; in a template an escape such as `\\x1b` stands for one".to_owned();
                let what = format!("{what} has control characters, or ones that turn the direction of writing");
                self.report(node.span, what, Some(hint));
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                let hint = matches!(node.kind, Kind::Bool(_) | Kind::Int(_) | Kind::Float(_))
                    .then(|| "put quotes around it".to_owned());
                self.report(node.span, format!("{what}: expected a string, found {}", node.describe()), hint);
                None
            }
        }
    }

    /// An expression, whose scalars may also stand without quotes: `default: 3`.
    pub fn expression(&mut self, node: &Node, what: &str) -> Option<Expression> {
        let text = match &node.kind {
            Kind::Str(text) if !text.trim().is_empty() => text.clone(),
            Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) => node.to_json().to_string(),
            // A list or map of plain values reads as the same in an expression.
            Kind::Seq(_) | Kind::Map(_) => node.to_json().to_string(),
            _ => {
                self.expected(node, what, "an expression");
                return None;
            }
        };
        Some(Expression { text, place: self.place(node.span) })
    }

    /// One of a few words.
    pub fn word<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let hint = did_you_mean(&text, words.iter().map(|(word, _)| *word));
            self.report(node.span, format!("{what} can't be `{text}`"), hint);
        }
        found
    }
}

/// A map whose keys were checked against a table.
#[derive(Clone, Copy)]
pub(super) struct Map<'n>(&'n Node);

impl<'n> Map<'n> {
    /// The value of a key; nothing where it is left out.
    pub fn get(self, key: &str) -> Option<&'n Node> {
        self.0.get(key)
    }

    /// The value of a key that the table calls required.
    pub fn require(self, key: &str) -> &'n Node {
        self.0.get(key).unwrap_or(self.0)
    }
}

/// Whether a text can name a question, an input or a value in templates.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Names that templates have in any case, and that no question, value or input may take.
pub const RESERVED: [&str; 16] = [
    "pins",
    "decisions",
    "blueprint",
    "owners",
    "slot",
    "slot_lines",
    "slot_names",
    "varies",
    "destination",
    "value",
    "loop",
    "self",
    "range",
    "dict",
    "namespace",
    "debug",
];

/// Checks a name that a manifest declares for its templates.
pub(super) fn declared_name(reader: &mut Reader, text: &str, span: Span, what: &str) -> bool {
    if !is_name(text) {
        reader.report(
            span,
            format!("{what} can't be called `{text}`"),
            Some("use lower-case letters, digits and underscores, starting with a letter".to_owned()),
        );
        return false;
    }
    if RESERVED.contains(&text) {
        reader.report(span, format!("{what} can't be called `{text}`: templates have that name already"), None);
        return false;
    }
    true
}
