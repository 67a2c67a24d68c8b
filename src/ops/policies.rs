//! Whose policies are asked besides the library's: those that the command names, the repository's, and the user's.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};
use crate::guardrail::Guardrails;
use crate::source::{self, spec::Spec};
use crate::tree::Tree;
use crate::yaml::{self, Kind, Node};
use crate::{lock, source::remote};

/// Where policies are, and where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// A folder, or a folder of a git repository.
    pub source: String,
    /// What a relative folder is relative to; the folder the command runs in where nothing is said.
    pub base: Option<PathBuf>,
    /// The line that names it.
    pub place: Option<Place>,
}

impl Named {
    /// A source that was named on the command line.
    pub fn by_hand(source: &str) -> Self {
        Named { source: source.to_owned(), base: None, place: None }
    }
}

/// The entries of a `policies` list.
///
/// # Errors
/// Where it is no list of texts.
pub fn entries(node: &Node, file: &str, base: &Path) -> Result<Vec<Named>, Diagnostics> {
    let place = |node: &Node| Place::at(file, node.span.line, node.span.column);
    let Kind::Seq(items) = &node.kind else {
        let message = format!("`policies`: expected a list of sources, found {}", node.describe());
        let hint = "write one `- gh:org/policies@v1.2.0` or `- ./policies` a line";
        return Err(Diagnostic::error(message).place(place(node)).hint(hint).into());
    };
    let mut problems = Diagnostics::new();
    let mut named = Vec::new();
    for item in items {
        match item.as_str() {
            Some(source) => {
                named.push(Named { source: source.to_owned(), base: Some(base.to_owned()), place: Some(place(item)) })
            }
            None => problems.push(
                Diagnostic::error(format!("`policies`: expected a source as text, found {}", item.describe()))
                    .place(place(item)),
            ),
        }
    }
    problems.into_result(named)
}

/// What a repository's `goldpath.yaml` names.
///
/// # Errors
/// A file that is no YAML, and fields that it can't have.
pub fn of_repository(root: &Path) -> Result<Vec<Named>, Diagnostics> {
    let Ok(text) = std::fs::read_to_string(root.join(lock::CHOICES)) else { return Ok(Vec::new()) };
    let node = yaml::parse_one(&text, lock::CHOICES)?;
    let Kind::Map(fields) = &node.kind else { return Ok(Vec::new()) };
    let mut problems = Diagnostics::new();
    let known = ["blueprint", "version", "answers", "policies"];
    for (key, _) in fields.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
        problems.push(
            Diagnostic::error(format!("there is no field `{}`", key.text))
                .place(Place::at(lock::CHOICES, key.span.line, key.span.column))
                .maybe_hint(did_you_mean(&key.text, known)),
        );
    }
    let named = match node.get("policies") {
        None => Vec::new(),
        Some(list) => entries(list, lock::CHOICES, root).unwrap_or_else(|found| {
            problems.extend(found);
            Vec::new()
        }),
    };
    problems.into_result(named)
}

/// Compiles the library's policies and all that are named.
///
/// # Errors
/// Every source that can't be had or compiled.
pub fn load(library: &Tree, named: &[Named]) -> Result<Guardrails, Failure> {
    let mut problems = Diagnostics::new();
    let mut sources: Vec<(String, Tree)> = Vec::new();
    for entry in named {
        // What two files name is asked once.
        if sources.iter().any(|(name, _)| *name == entry.source) {
            continue;
        }
        match read(entry) {
            Ok(tree) => sources.push((entry.source.clone(), tree)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.has_errors() {
        return Err(Failure::Failed(problems));
    }
    Ok(Guardrails::load(library, &sources)?)
}

fn read(entry: &Named) -> Result<Tree, Diagnostics> {
    let told = |mut problems: Diagnostics| {
        for problem in &mut problems.0 {
            if let Some(place) = &entry.place {
                problem.message = format!("{}: {}", entry.source, problem.message);
                problem.place = Some(place.clone());
            }
        }
        problems
    };
    match Spec::parse(&entry.source).map_err(|problem| told(problem.into()))? {
        Spec::Folder(folder) => {
            let folder = entry.base.as_ref().map_or(folder.clone(), |base| base.join(&folder));
            if !folder.is_dir() {
                let what = if folder.exists() { "is no folder" } else { "does not exist" };
                let message = format!("the policies `{}` {what}", entry.source);
                let problem = Diagnostic::error(message).hint("name a folder with *.rego files, or a git source");
                return Err(match &entry.place {
                    Some(place) => problem.place(place.clone()).into(),
                    None => problem.into(),
                });
            }
            source::read(&folder).map_err(told)
        }
        Spec::Git(spec) => remote::fetch(&spec).map(|fetched| fetched.tree).map_err(told),
    }
}
