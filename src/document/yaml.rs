//! YAML as Kubernetes and conftest read it: 1.1 scalars, every document apart.

use std::sync::Arc;

use super::{Content, Node, Spot};
use crate::diag::Diagnostics;
use crate::yaml::{self, Flavour, Kind};

pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Vec<Node>, Diagnostics> {
    let documents = yaml::parse(text, file, Flavour::Yaml11)?;
    Ok(documents
        .into_iter()
        .map(|document| {
            let line = document.span.line;
            convert(file, document, line)
        })
        .collect())
}

fn convert(file: &Arc<str>, node: yaml::Node, line: usize) -> Node {
    let content = match node.kind {
        Kind::Null => Content::Null,
        Kind::Bool(value) => Content::Bool(value),
        Kind::Int(value) => Content::Int(value),
        Kind::Float(value) => Content::Float(value),
        Kind::Str(text) => Content::Str(text),
        Kind::Seq(items) => Content::List(
            items
                .into_iter()
                .map(|item| {
                    let line = item.span.line;
                    convert(file, item, line)
                })
                .collect(),
        ),
        Kind::Map(entries) => Content::Map(
            entries.into_iter().map(|(key, value)| (key.text, convert(file, value, key.span.line))).collect(),
        ),
    };
    Node::new(Spot { file: file.clone(), line }, content)
}
