//! What guardrails look at in a tree: the documents of its files, and what its sources render.
//!
//! Reading needs no policies, so that these can be compiled in the meantime, and several libraries are asked about documents
//! that were read once.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::engine::{self, Value};
use super::plan;
use super::rendered::Rendered;
use super::route::{self, Route};
use super::{configuration, included};
use crate::diag::{Diagnostic, Diagnostics};
use crate::document::{self, Document, Format, Node};
use crate::tree::Tree;

/// The documents of a tree.
#[derive(Default)]
pub struct Documents {
    pub(super) routed: Vec<Routed>,
    /// The files that they are from.
    pub(super) files: BTreeSet<String>,
    /// What could not be read or rendered.
    pub(super) unread: Vec<Diagnostic>,
}

/// A document and the area whose packages judge it; `None` where only those that see everything do.
pub(super) struct Routed {
    pub area: Option<&'static str>,
    pub document: Document,
    /// The document as an input, which its package and the combined one share.
    pub value: Value,
}

impl Routed {
    fn new(area: Option<&'static str>, document: Document) -> Routed {
        let value = engine::value_of(&document.root);
        Routed { area, document, value }
    }
}

impl Documents {
    /// Reads a tree; what it renders stands in the place of its sources.
    pub fn read(tree: &Tree, rendered: Rendered) -> Documents {
        let mut documents = Documents::default();
        documents.unread.extend(rendered.problems);
        let included = included::by_pipelines(tree);
        let route = |path: &str| match included.contains(path) {
            true => Some(Route::Area("ci", Format::Yaml)),
            false => route::of_path(path),
        };
        let files: Vec<_> = tree
            .iter()
            .filter(|(path, _)| !rendered.claimed.contains(path.as_str()))
            .filter_map(|(path, file)| Some((path.as_str(), &file.bytes, route(path.as_str())?)))
            .collect();
        for root in rendered.roots {
            documents.unread.extend(root.problems);
            documents
                .routed
                .par_extend(root.documents.into_par_iter().map(|document| Routed::new(Some("kubernetes"), document)));
        }
        let read: Vec<_> = files.par_iter().map(|(path, bytes, route)| read(path, bytes, *route)).collect();
        for ((path, ..), result) in files.iter().zip(read) {
            match result {
                Ok(found) => {
                    documents.files.extend((!found.is_empty()).then(|| (*path).to_owned()));
                    documents.routed.extend(found);
                }
                Err(found) => documents.unread.extend(found.0),
            }
        }
        documents.files.extend(rendered.claimed);
        trace_plans(&mut documents.routed);
        documents
    }

    /// How many documents there are of each area and of each kind of Kubernetes object; rules of alerts and objectives are
    /// `alerts`.
    pub(super) fn seen(&self) -> BTreeMap<String, usize> {
        let mut seen = BTreeMap::new();
        for entry in &self.routed {
            let root = &entry.document.root;
            let name = match entry.area {
                None if root.get("groups").is_some() || root.get("slos").is_some() => "alerts",
                None => continue,
                Some(area) => area,
            };
            *seen.entry(name.to_owned()).or_default() += 1;
            if let (Some("kubernetes"), Some(kind)) = (entry.area, root.get("kind").and_then(Node::as_str)) {
                *seen.entry(kind.to_owned()).or_default() += 1;
            }
        }
        seen
    }
}

/// Gives what plans say the places of the configuration that they are plans of.
fn trace_plans(routed: &mut [Routed]) {
    let is_plan = |entry: &Routed| entry.area == Some("terraform") && plan::is_plan(&entry.document.root);
    let plans: Vec<usize> = (0..routed.len()).filter(|index| is_plan(&routed[*index])).collect();
    for index in plans {
        let mut document = routed[index].document.clone();
        let sources: Vec<&Document> = routed
            .iter()
            .filter(|entry| entry.area == Some("terraform") && !is_plan(entry))
            .map(|entry| &entry.document)
            .collect();
        plan::trace(&mut document, &sources);
        routed[index].document = document;
    }
}

fn read(path: &str, bytes: &[u8], route: Route) -> Result<Vec<Routed>, Diagnostics> {
    let (area, format) = match route {
        Route::Area(area, format) => (Some(area), format),
        Route::Context(format) => (None, format),
        Route::ByContents(format) => {
            // No word is found in a text of wide characters, so that is read, and refused.
            if !route::looks_relevant(bytes) && !document::is_wide(bytes) {
                return Ok(Vec::new());
            }
            let documents = document::read(path, bytes, format).map_err(|problems| templated(bytes, problems))?;
            return Ok(documents
                .into_iter()
                .filter_map(|document| route::of_contents(&document.root).map(|area| Routed::new(area, document)))
                .collect());
        }
    };
    let documents = document::read(path, bytes, format)?;
    if configuration::is_json(path) {
        documents.iter().try_for_each(|document| configuration::labelled(path, &document.root))?;
    }
    Ok(documents.into_iter().map(|document| Routed::new(area, document)).collect())
}

/// Says so where a file is no YAML because it is a Helm template.
fn templated(bytes: &[u8], problems: Diagnostics) -> Diagnostics {
    // Without UTF-8 it is no template either.
    if !std::str::from_utf8(bytes).is_ok_and(|text| text.contains("{{")) {
        return problems;
    }
    let hint = "this is a template: check what it renders, with `helm template`";
    Diagnostics(problems.0.into_iter().map(|problem| problem.hint(hint)).collect())
}
