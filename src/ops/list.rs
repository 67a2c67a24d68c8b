//! What blueprints there are: those of the library, and those of the user's catalogs.

use std::path::Path;

use serde::Serialize;

use super::Failure;
use super::sources::{self, Listed};
use crate::diag::Diagnostics;
use crate::{source, yaml};

/// A blueprint, in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it yields.
    pub summary: String,
    /// Where it comes from, named without its catalog; nothing where it is built in.
    pub source: Option<String>,
    /// What to call it on the command line: its name, or its source where others have that name.
    pub call: String,
}

/// Lists blueprints. Only their manifests are read: what they are composed of is checked when one is used.
///
/// # Errors
/// A library or catalog that can't be read.
pub fn list(library: Option<&Path>, catalogs: &[Listed]) -> Result<Vec<Entry>, Failure> {
    let library = source::library(library)?;
    let mut problems = Diagnostics::new();
    let mut entries = Vec::new();
    let mut add = |name: &str, source: Option<String>, file: &str, manifest: &str| match yaml::parse_one(manifest, file)
    {
        Ok(node) => {
            let text = |key: &str| node.get(key).and_then(yaml::Node::as_str).unwrap_or_default().to_owned();
            let (version, summary) = (text("version"), text("summary"));
            entries.push(Entry { name: name.to_owned(), version, summary, source, call: name.to_owned() });
        }
        Err(more) => problems.extend(more),
    };
    for name in library.names() {
        let path = format!("{name}/blueprint.yaml");
        let text = library.tree.get(&path).map(|file| String::from_utf8_lossy(&file.bytes)).unwrap_or_default();
        add(name, None, &format!("{}{path}", library.prefix), &text);
    }
    for found in sources::catalogued(catalogs)? {
        let file = format!("{}: blueprint.yaml", found.source);
        add(&found.name, Some(found.source), &file, &found.manifest);
    }
    let mut entries = problems.into_result(entries)?;
    let names: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
    for entry in &mut entries {
        if let Some(source) =
            entry.source.clone().filter(|_| names.iter().filter(|name| **name == entry.name).count() > 1)
        {
            entry.call = source;
        }
    }
    Ok(entries)
}
