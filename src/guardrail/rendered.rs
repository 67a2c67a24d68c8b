//! What the sources in a tree render: the objects that a cluster would see, in place of bases, patches and templates that
//! are no objects by themselves.

use std::collections::BTreeSet;

use crate::diag::Diagnostic;
use crate::document::Document;

/// What all roots of a tree render.
#[derive(Clone, Debug, Default)]
pub struct Rendered {
    /// Kustomize roots and Helm charts.
    pub roots: Vec<Root>,
    /// The files that roots are made of: no rule looks at them on their own.
    pub claimed: BTreeSet<String>,
    /// What could not be read and belongs to no root.
    pub problems: Vec<Diagnostic>,
}

impl Rendered {
    /// All objects.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.roots.iter().flat_map(|root| &root.documents)
    }

    /// Everything that could not be read or was not applied.
    pub fn all_problems(&self) -> impl Iterator<Item = &Diagnostic> {
        self.problems.iter().chain(self.roots.iter().flat_map(|root| &root.problems))
    }
}

/// One thing that is rendered as a whole.
#[derive(Clone, Debug)]
pub struct Root {
    /// The file that stands for it: a kustomization, or a chart's `Chart.yaml` or values.
    pub path: String,
    /// Its objects. Their path is that of the root; their values stand in the sources.
    pub documents: Vec<Document>,
    /// What could not be read or was not applied.
    pub problems: Vec<Diagnostic>,
    /// Whether something that it needs is not in the tree: a tool might go and fetch it.
    pub incomplete: bool,
}
