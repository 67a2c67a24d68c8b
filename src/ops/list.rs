//! What blueprints there are.

use std::path::Path;

use serde::Serialize;

use super::Failure;
use crate::diag::Diagnostics;
use crate::{source, yaml};

/// A blueprint of the library, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What users call it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it yields.
    pub summary: String,
}

/// Lists the blueprints of the library. Only their manifests are read: what they are composed of is checked when one is
/// used.
///
/// # Errors
/// A library that can't be read.
pub fn list(library: Option<&Path>) -> Result<Vec<Entry>, Failure> {
    let library = source::library(library)?;
    let mut problems = Diagnostics::new();
    let mut entries = Vec::new();
    for name in library.names() {
        let path = format!("{name}/blueprint.yaml");
        let text = library.tree.get(&path).map(|file| String::from_utf8_lossy(&file.bytes)).unwrap_or_default();
        match yaml::parse_one(&text, &format!("{}{path}", library.prefix)) {
            Ok(node) => {
                let text = |key: &str| node.get(key).and_then(yaml::Node::as_str).unwrap_or_default().to_owned();
                entries.push(Entry { name: name.to_owned(), version: text("version"), summary: text("summary") });
            }
            Err(more) => problems.extend(more),
        }
    }
    Ok(problems.into_result(entries)?)
}
