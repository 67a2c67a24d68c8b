//! What guardrails are asked about: the files of a folder, and what they render.
//!
//! Kustomize sources are put together in memory. Where the machine has the tools, charts are rendered by helm, and what the
//! memory can't do by kustomize; where it has not, charts are rendered in memory, too, as far as that goes. What nobody
//! rendered is judged as it stands, and that is told.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::guardrail::helm::{self, Chart};
use crate::guardrail::rendered::{Rendered, Root};
use crate::guardrail::{chart, kustomize};
use crate::renderer::{self, Outcome};
use crate::tree::{File, Tree, TreePath};

/// Something that was rendered, or could not be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rendering {
    /// The kustomization, or the chart's `Chart.yaml` or values.
    pub path: String,
    /// Who rendered it: `goldpath`, `helm`, `kustomize` or `kubectl`; nobody where it was not.
    pub by: Option<&'static str>,
    /// How many objects came of it.
    pub objects: usize,
}

/// Adds plans of Terraform, as `terraform show -json` prints them: they are hardly ever committed, so somebody names them.
///
/// # Errors
/// Every plan that can't be read.
pub fn add_plans(folder: &Path, tree: &mut Tree, plans: &[PathBuf]) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::new();
    for plan in plans {
        let shown = plan.display().to_string();
        let problem = |message: String| Diagnostic::error(message).place(Place::file(shown.clone()));
        let read = std::fs::canonicalize(plan).and_then(|full| Ok((std::fs::read(&full)?, full)));
        let (bytes, full) = match read {
            Ok(found) => found,
            Err(error) => {
                let hint = "write one with `terraform show -json tfplan > plan.json`";
                problems.push(problem(format!("the plan can't be read: {error}")).hint(hint));
                continue;
            }
        };
        // A plan in its configuration's folder says by that where the configuration is.
        let inside = full.strip_prefix(folder).map(|path| path.to_string_lossy().replace('\\', "/")).ok();
        let name = full.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let path = inside.unwrap_or(name);
        if tree.get(&path).is_some() {
            continue;
        }
        if let Err(error) = TreePath::new(&path).and_then(|path| tree.insert(path, File::regular(bytes))) {
            problems.push(problem(error.to_string()));
        }
    }
    problems.into_result(())
}

/// Renders what a tree holds. `folder` is where it lies on disk; tools are asked only if `tools` says so.
pub fn render(folder: &Path, tree: &Tree, tools: bool) -> (Rendered, Vec<Rendering>) {
    let mut rendered = kustomize::render(tree);
    let mut renderings = Vec::new();
    for root in &mut rendered.roots {
        let by = if root.problems.is_empty() || root.incomplete || !tools { None } else { build(folder, root) };
        let by = Some(by.unwrap_or("goldpath"));
        renderings.push(Rendering { path: root.path.clone(), by, objects: root.documents.len() });
    }
    let charts = helm::charts(tree);
    let jobs: Vec<(&Chart, &[String])> =
        charts.iter().flat_map(|chart| chart.renderings().into_iter().map(move |values| (chart, values))).collect();
    let roots: Vec<(&Chart, Root, Option<&'static str>)> =
        jobs.par_iter().map(|(chart, values)| of_chart(folder, chart, values, tree, tools)).collect();
    for (chart, root, by) in roots {
        if by.is_some() {
            rendered.claimed.extend(chart.templates.iter().cloned());
        }
        renderings.push(Rendering { path: root.path.clone(), by, objects: root.documents.len() });
        rendered.roots.push(root);
    }
    (rendered, renderings)
}

/// Has a tool build a root that was only partly put together here; says which one did.
fn build(folder: &Path, root: &mut Root) -> Option<&'static str> {
    let inside = root.path.rsplit_once('/').map_or("", |(inside, _)| inside);
    match renderer::kustomize(folder, inside) {
        Outcome::Rendered(tool, text) => {
            *root = kustomize::traced(root, &text);
            Some(tool)
        }
        Outcome::Failed(reason) => {
            let problem = Diagnostic::error(format!("kustomize can't build it: {reason}"));
            root.problems.push(problem.place(Place::file(root.path.clone())));
            None
        }
        Outcome::Absent(_) => None,
    }
}

fn of_chart<'c>(
    folder: &Path,
    chart: &'c Chart,
    values: &[String],
    tree: &Tree,
    tools: bool,
) -> (&'c Chart, Root, Option<&'static str>) {
    let outcome =
        if tools { renderer::helm(folder, &chart.folder, chart.release(), values) } else { Outcome::Absent("helm") };
    let (message, hint) = match outcome {
        Outcome::Rendered(tool, text) => return (chart, helm::read(chart, values, &text, tree), Some(tool)),
        Outcome::Absent(tool) => match chart::render(chart, values, tree) {
            Ok(text) => return (chart, helm::read(chart, values, &text, tree), Some("goldpath")),
            Err(reason) if tools => (
                format!("the chart was not rendered: there is no {tool} on PATH, and without it: {reason}"),
                "its templates were judged as they stand, where they are YAML; install helm to judge what they render",
            ),
            Err(reason) => (
                format!("the chart was not rendered, since you asked for no tools: {reason}"),
                "its templates were judged as they stand, where they are YAML",
            ),
        },
        Outcome::Failed(reason) => (
            format!("the chart was not rendered: {reason}"),
            "its templates were judged as they stand, where they are YAML; `helm template` and `helm dependency build` \
             show more",
        ),
    };
    let path = chart.root(values);
    let problem = Diagnostic::error(message).place(Place::file(path.clone())).hint(hint);
    (chart, Root { path, documents: Vec::new(), problems: vec![problem], incomplete: true }, None)
}
