//! Whose policies are asked besides the library's: those that the command names, the repository's, and the user's.

use std::path::Path;

use super::Failure;
use super::sources::{Listed, entries};
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};
use crate::guardrail::Guardrails;
use crate::lock;
use crate::tree::Tree;
use crate::yaml::{self, Kind};

/// What a repository's `goldpath.yaml` names.
///
/// # Errors
/// A file that is no YAML, and fields that it can't have.
pub fn of_repository(root: &Path) -> Result<Vec<Listed>, Diagnostics> {
    let bytes = match super::own_file(root, lock::CHOICES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        // It may name policies: without it nobody could say that they were asked.
        Err(error) => {
            let problem = Diagnostic::error(format!("can't be read: {error}")).place(Place::file(lock::CHOICES));
            return Err(problem.into());
        }
    };
    let node = yaml::parse_one(&String::from_utf8_lossy(&bytes), lock::CHOICES)?;
    let Kind::Map(fields) = &node.kind else { return Ok(Vec::new()) };
    let mut problems = Diagnostics::new();
    let known = ["blueprint", "version", "components", "answers", "policies"];
    for (key, _) in fields.iter().filter(|(key, _)| !known.contains(&key.text.as_str())) {
        problems.push(
            Diagnostic::error(format!("there is no field `{}`", key.text))
                .place(Place::at(lock::CHOICES, key.span.line, key.span.column))
                .maybe_hint(did_you_mean(&key.text, known)),
        );
    }
    let named = match node.get("policies") {
        None => Vec::new(),
        Some(list) => entries("policies", list, lock::CHOICES, root).unwrap_or_else(|found| {
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
pub fn load(library: &Tree, named: &[Listed]) -> Result<Guardrails, Failure> {
    let mut problems = Diagnostics::new();
    let mut sources: Vec<(String, Tree)> = Vec::new();
    for entry in named {
        // What two files name is asked once.
        if sources.iter().any(|(name, _)| *name == entry.source) {
            continue;
        }
        match entry.read("policies", "name a folder with *.rego files, or a git source") {
            Ok(tree) => sources.push((entry.source.clone(), tree)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.has_errors() {
        return Err(Failure::Failed(problems));
    }
    Ok(Guardrails::load(library, &sources)?)
}
