//! Guardrails: policies in Rego, evaluated on a tree of files.
//!
//! One library of policies has three uses: it gates what is emitted and judges what is checked, here; its files are
//! copied into the emitted repository, where conftest runs them; and admission policies mirror it in the cluster. So the
//! policies are written for conftest (`deny contains result if …`, one package per [`area`](route::AREAS)), documents
//! have conftest's shapes, and nothing here decides what is right or wrong: it only feeds, asks and reports.
//!
//! A result of a rule is an object: `msg`, `rule` (the id), and `at`, the path of the value in the input, which leads back
//! to a file and line. Kustomize sources and charts are put together first ([`kustomize`], [`chart`]), since a patch, a base or
//! a template alone is no object that a rule could judge.

pub mod chart;
mod configuration;
mod date;
mod documents;
mod engine;
mod exceptions;
mod go_template;
mod guardrails;
pub mod helm;
mod included;
pub mod kustomize;
mod library;
mod metadata;
mod patch;
mod plan;
mod recursion;
pub mod rendered;
pub mod route;
mod sha256;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use date::Date;
pub use documents::Documents;
pub use exceptions::{Exception, Exceptions};
pub use guardrails::Guardrails;
pub use library::Library;
pub use metadata::{Lens, Rule};

use crate::diag::Diagnostic;
use crate::tree::Tree;

/// Renders what a tree holds, in memory: Kustomize sources and charts.
pub fn render(tree: &Tree) -> rendered::Rendered {
    let mut rendered = kustomize::render(tree);
    helm::render(tree, &mut rendered);
    rendered
}

/// What a finding means for the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing that has this finding is written.
    Deny,
    /// Somebody should look.
    Warn,
}

/// One guardrail's verdict at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file.
    pub path: String,
    /// The line in it, counted from 1, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The rule's id, such as `S5`.
    pub rule: String,
    /// What it means.
    pub level: Level,
    /// What is wrong, here.
    pub message: String,
    /// The Rego package that said so.
    pub area: String,
    /// What the rule is about.
    pub lens: Lens,
    /// What to do about it.
    pub fix: String,
    /// The Kustomize root or Helm chart whose rendered objects have the fault, where the place is in one of its sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendered_by: Option<String>,
    /// Whether it breaks what only the golden path agrees on: it denies in repositories that goldpath made, and warns in a
    /// review of others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub convention: bool,
}

/// How much was evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evaluated {
    /// Files that were read.
    pub files: usize,
    /// Documents that a rule looked at.
    pub documents: usize,
    /// Rules in the library.
    pub rules: usize,
}

/// The verdict on a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What is wrong, by path, line and rule.
    pub findings: Vec<Finding>,
    /// What would be wrong but for an exception, and the exception's place among [`Exceptions::entries`].
    pub excepted: Vec<(Finding, usize)>,
    /// What could not be read or evaluated, or not as it will be rendered. None of it counts as passed.
    pub unread: Vec<Diagnostic>,
    /// How much was looked at.
    pub evaluated: Evaluated,
    /// The files that a rule looked at, and those that renderings are made of.
    pub judged: BTreeSet<String>,
    /// How many documents there were of each area and of each kind of Kubernetes object: what a rule was asked about.
    pub seen: BTreeMap<String, usize>,
}

impl Report {
    /// Whether a finding forbids to write the tree.
    pub fn denied(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Deny)
    }

    /// What was found in a repository whose people never agreed on the golden path: its conventions only warn there.
    pub fn elsewhere(mut self) -> Report {
        for finding in self.findings.iter_mut().filter(|finding| finding.convention) {
            finding.level = Level::Warn;
        }
        self
    }

    /// Exceptions that excepted nothing, by their place among [`Exceptions::entries`]. Expired ones are not among them.
    pub fn unused(&self, exceptions: &Exceptions) -> Vec<usize> {
        (0..exceptions.entries.len())
            .filter(|index| !exceptions.expired.contains(index))
            .filter(|index| !self.excepted.iter().any(|(_, used)| used == index))
            .collect()
    }
}
