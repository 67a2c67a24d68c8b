//! All policies that are asked together: the library's, and those that an organisation or a repository brought.
//!
//! Each source is compiled for itself, so that helpers of the same name don't meet, and all report in the same way.

use super::{Documents, Exceptions, Library, Report, Rule};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::tree::Tree;

/// The library's policies and others.
pub struct Guardrails {
    libraries: Vec<Library>,
    rules: Vec<Rule>,
}

impl Guardrails {
    /// Compiles the library's policies and those of further sources, each with the name that messages call it by.
    ///
    /// # Errors
    /// Whatever [`Library::load`] finds in any of them, a source that holds no rule, and an id that two sources describe.
    pub fn load(library: &Tree, others: &[(String, Tree)]) -> Result<Guardrails, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut libraries = Vec::new();
        let mut rules: Vec<Rule> = Vec::new();
        let sources = std::iter::once(("", library)).chain(others.iter().map(|(name, tree)| (name.as_str(), tree)));
        for (name, tree) in sources {
            let found = match Library::load(tree) {
                Ok(found) => found,
                Err(found) => {
                    problems.extend(within(name, found));
                    continue;
                }
            };
            if found.rules().is_empty() && !name.is_empty() {
                problems.push(Diagnostic::error("there is no rule in these policies").place(Place::file(name)).hint(
                    "a rule is `deny contains result if { … }` under a # METADATA comment: see docs/guardrails.md",
                ));
            }
            for rule in found.rules() {
                let mut rule = rule.clone();
                rule.file = file(name, &rule.file);
                if let Some(other) = rules.iter().find(|other| other.id == rule.id && !name.is_empty()) {
                    problems.push(
                        Diagnostic::error(format!("the rule `{}` is described twice", rule.id))
                            .place(Place::file(&rule.file))
                            .hint(format!("it is described in {} too; give yours an id of its own", other.file)),
                    );
                }
                rules.push(rule);
            }
            libraries.push(found);
        }
        problems.into_result(Guardrails { libraries, rules })
    }

    /// The rules: the library's by id, then those of each other source.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Judges a tree, with its Kustomize sources put together in memory.
    pub fn evaluate(&self, tree: &Tree, exceptions: &Exceptions) -> Report {
        self.judge(&Documents::read(tree, super::render(tree)), exceptions)
    }

    /// Judges what was read of a tree.
    pub fn judge(&self, documents: &Documents, exceptions: &Exceptions) -> Report {
        let mut reports = self.libraries.iter().map(|library| library.judge(documents, exceptions));
        let mut report = reports.next().unwrap_or_default();
        for other in reports {
            report.findings.extend(other.findings);
            report.excepted.extend(other.excepted);
            report.unread.extend(other.unread);
        }
        report.findings.sort();
        report.unread.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
        report.unread.dedup();
        report.evaluated.rules = self.rules.len();
        report
    }
}

/// A file of a source as messages call it.
fn file(source: &str, path: &str) -> String {
    if source.is_empty() { path.to_owned() } else { format!("{}/{path}", source.trim_end_matches('/')) }
}

fn within(source: &str, mut problems: Diagnostics) -> Diagnostics {
    for place in problems.0.iter_mut().filter_map(|problem| problem.place.as_mut()) {
        place.file = file(source, &place.file);
    }
    problems
}
