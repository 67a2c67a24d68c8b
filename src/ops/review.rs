//! A scorecard of any repository, also one that goldpath never saw.
//!
//! Every file that a guardrail could concern is read; what can't be is listed as unread and never counts as passed. Nothing
//! of the repository is run: charts and kustomizations are rendered, no more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::Failure;
use super::policies;
use super::session::exceptions;
use super::sources::Listed;
use super::subject::{self, Rendering};
use crate::diag::{Diagnostic, Place};
use crate::document::{self, Format};
use crate::guardrail::{self, Documents, Exceptions, Finding, Rule, helm, kustomize, route};
use crate::scorecard::{self, Scorecard};
use crate::tree::Tree;
use crate::{git, lock, source, workdir};

/// What is asked of [`review`].
#[derive(Debug, Default)]
pub struct Options {
    /// A folder in place of the library in the binary.
    pub blueprints: Option<PathBuf>,
    /// The repository, a folder in it, or one file.
    pub path: PathBuf,
    /// The day on which exceptions are judged.
    pub today: Option<guardrail::Date>,
    /// Whether helm and kustomize may render what is there.
    pub tools: bool,
    /// Policies besides the library's.
    pub policies: Vec<Listed>,
    /// Plans of Terraform, as JSON.
    pub plans: Vec<PathBuf>,
}

/// What [`review`] found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The folder that was reviewed.
    pub root: PathBuf,
    /// Whether goldpath made the repository; where not, conventions of the golden path only warn.
    pub on_golden_path: bool,
    /// The scores and how they come about.
    #[serde(flatten)]
    pub card: Scorecard,
    /// What guardrails found.
    pub findings: Vec<Finding>,
    /// What they would have found but for an exception.
    pub excepted: Vec<Finding>,
    /// What could not be read; none of it counts as passed.
    pub unread: Vec<Diagnostic>,
    /// The files that a guardrail looked at, and those that renderings are made of.
    pub judged: BTreeSet<String>,
    /// Kustomizations and charts, and who rendered them.
    pub renderings: Vec<Rendering>,
    /// Files under the folder, as git sees them.
    pub files: usize,
    /// The guardrails that were asked.
    #[serde(skip)]
    pub rules: Vec<Rule>,
}

/// Reviews a repository.
///
/// # Errors
/// Where there is nothing at the path, or the policies don't compile.
pub fn review(options: &Options) -> Result<Report, Failure> {
    let (root, only) = root(&options.path)?;
    let library = source::library(options.blueprints.as_deref())?;
    let (guardrails, gathered) = rayon::join(
        || policies::load(&library.tree.under("policies/"), &options.policies),
        || gather(&root, only.as_deref()),
    );
    let (guardrails, gathered) = (guardrails?, gathered?);
    let Gathered { mut tree, files, mut unread } = gathered;
    subject::add_plans(&root, &mut tree, &options.plans)?;
    let exceptions = exceptions(&tree, options.today).unwrap_or_else(|problems| {
        unread.extend(problems.0);
        Exceptions::none()
    });
    let (rendered, renderings) = subject::render(&root, &tree, options.tools);
    unread.extend(unparsed(&tree, &rendered.claimed));
    let on_golden_path = on_golden_path(&root);
    let mut judged = guardrails.judge(&Documents::read(&tree, rendered), &exceptions);
    if !on_golden_path {
        judged = judged.elsewhere();
    }
    judged.unread.extend(unread);
    judged.unread.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
    judged.unread.dedup();
    Ok(Report {
        root,
        on_golden_path,
        card: scorecard::score(guardrails.rules(), &judged),
        findings: judged.findings,
        excepted: judged.excepted.into_iter().map(|(finding, _)| finding).collect(),
        unread: judged.unread,
        judged: judged.judged,
        renderings,
        files,
        rules: guardrails.rules().to_vec(),
    })
}

/// The folder to review, and the one file in it if that was named.
fn root(path: &Path) -> Result<(PathBuf, Option<String>), Failure> {
    let found = std::fs::canonicalize(path).map_err(|error| {
        Failure::invalid(
            Diagnostic::error(format!("`{}` can't be read: {error}", path.display()))
                .hint("name a folder or a file that exists"),
        )
    })?;
    if found.is_dir() {
        return Ok((found, None));
    }
    let name = found.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if route::of_path(&name).is_none() {
        let problem = Diagnostic::error(format!("`{name}` is no kind of file that guardrails look at"));
        return Err(Failure::invalid(
            problem.hint("name a folder, or a manifest, pipeline, Dockerfile or Terraform file"),
        ));
    }
    Ok((found.parent().map(Path::to_path_buf).unwrap_or_default(), Some(name)))
}

/// Whether a folder is, or is in, a repository that goldpath made.
fn on_golden_path(root: &Path) -> bool {
    let marked = |folder: &Path| [lock::LOCK, lock::CHOICES].iter().any(|name| folder.join(name).is_file());
    for folder in root.ancestors() {
        if marked(folder) {
            return true;
        }
        // What lies around a repository is another one.
        if folder.join(".git").exists() {
            return false;
        }
    }
    false
}

struct Gathered {
    tree: Tree,
    files: usize,
    unread: Vec<Diagnostic>,
}

/// Reads what guardrails may look at; of a large repository that is a small part.
fn gather(root: &Path, only: Option<&str>) -> Result<Gathered, Failure> {
    let (paths, mut unread) = match only {
        Some(name) => (vec![name.to_owned()], Vec::new()),
        None => match git::files(root).map_err(Failure::failed)? {
            Some(paths) => (paths, Vec::new()),
            None => workdir::walk(root),
        },
    };
    let wanted: Vec<String> = paths
        .par_iter()
        .filter(|path| route::of_path(path).is_some() || kustomize::is_root(path))
        .filter(|path| !leads_inside(root, path))
        .cloned()
        .collect();
    let (mut tree, problems) = workdir::read(root, &wanted);
    unread.extend(problems);
    let more: Vec<String> =
        kustomize::generator_files(&tree).into_iter().filter(|path| tree.get(path).is_none()).collect();
    let (more, problems) = workdir::read(root, &more);
    unread.extend(problems);
    for (path, file) in more.iter() {
        // A path that collides with another one was not read either.
        if let Err(error) = tree.insert(path.clone(), file.clone()) {
            unread.push(Diagnostic::error(error.to_string()).place(Place::file(path.as_str())));
        }
    }
    Ok(Gathered { tree, files: paths.len(), unread })
}

/// Whether a path is a link to something inside the folder, which is judged where it lies.
fn leads_inside(root: &Path, path: &str) -> bool {
    let full = root.join(path);
    std::fs::symlink_metadata(&full).is_ok_and(|found| found.is_symlink())
        && std::fs::canonicalize(&full).is_ok_and(|target| target.starts_with(root))
}

/// YAML that says nothing a guardrail asks about is not judged, but that is only known of what can be read.
fn unparsed(tree: &Tree, claimed: &BTreeSet<String>) -> Vec<Diagnostic> {
    let charts = helm::charts(tree);
    let is_template = |path: &str| charts.iter().any(|chart| chart.templates.iter().any(|template| template == path));
    let files: Vec<_> = tree
        .iter()
        .filter(|(path, file)| {
            Format::of(path.as_str()) == Some(Format::Yaml)
                && !claimed.contains(path.as_str())
                && !route::looks_relevant(&file.bytes)
                && !is_template(path.as_str())
        })
        .collect();
    let problems: Vec<_> = files
        .par_iter()
        .filter_map(|(path, file)| document::read(path.as_str(), &file.bytes, Format::Yaml).err())
        .collect();
    problems.into_iter().flat_map(|problems| problems.0).collect()
}
