//! YAML as Kubernetes and conftest read it: 1.1 scalars, every document apart.

use std::sync::Arc;

use super::{Content, Node, Spot};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::yaml::{self, Flavour, Kind};

pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Vec<Node>, Diagnostics> {
    let documents = yaml::parse(text, file, Flavour::Yaml11)?;
    let mut problems = Diagnostics::new();
    let roots = documents
        .into_iter()
        .map(|document| {
            let line = document.span.line;
            convert(file, document, line, &mut problems)
        })
        .collect();
    problems.into_result(roots)
}

fn convert(file: &Arc<str>, node: yaml::Node, line: usize, problems: &mut Diagnostics) -> Node {
    let content = match node.kind {
        Kind::Null => Content::Null,
        Kind::Bool(value) => Content::Bool(value),
        Kind::Int(value) => Content::Int(value),
        Kind::Float(value) => {
            if !value.is_finite() && problems.is_empty() {
                // Kubernetes and conftest turn YAML into JSON and refuse it.
                problems.push(
                    Diagnostic::error("expected a number that JSON can hold, found infinity or no number")
                        .place(Place::at(&**file, node.span.line, node.span.column))
                        .hint("write it as text, in quotes"),
                );
            }
            Content::Float(value)
        }
        Kind::Str(text) => Content::Str(text),
        Kind::Seq(items) => Content::List(
            items
                .into_iter()
                .map(|item| {
                    let line = item.span.line;
                    convert(file, item, line, problems)
                })
                .collect(),
        ),
        Kind::Map(entries) => Content::Map(
            entries.into_iter().map(|(key, value)| (key.text, convert(file, value, key.span.line, problems))).collect(),
        ),
    };
    Node::new(Spot { file: file.clone(), line }, content)
}
