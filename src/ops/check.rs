//! Is a repository still on its golden path? Guardrails, drift of the platform's files, exceptions, and the version.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::blueprint::Owner;
use crate::diag::{Diagnostic, Place};
use crate::guardrail::{self, Documents, Evaluated, Exceptions, Finding, Rule};
use crate::lock::{self, Recorded};
use crate::tree::{Mode, Tree, TreePath};
use crate::{git, source, workdir, yaml};

use super::Failure;
use super::policies::{self, Named};
use super::session::exceptions;
use super::subject::{self, Rendering};

/// Where a repository keeps its guardrails.
const POLICIES: &str = "policy/rego/";

/// What is asked of [`check`].
#[derive(Debug, Default)]
pub struct Options {
    /// A folder in place of the library in the binary.
    pub blueprints: Option<PathBuf>,
    /// The repository, or a folder in it.
    pub path: PathBuf,
    /// The day on which exceptions are judged.
    pub today: Option<guardrail::Date>,
    /// Whether helm and kustomize may render what goldpath can't.
    pub tools: bool,
    /// Policies besides the library's and those that the repository names.
    pub policies: Vec<Named>,
    /// Plans of Terraform, as JSON.
    pub plans: Vec<PathBuf>,
}

/// What [`check`] found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The repository's root.
    pub root: PathBuf,
    /// The blueprint that it was made from.
    pub blueprint: String,
    /// The blueprint's version.
    pub version: String,
    /// The library's version of that blueprint, if it is a newer one.
    pub newer: Option<String>,
    /// What guardrails found.
    pub findings: Vec<Finding>,
    /// What they would have found but for an exception.
    pub excepted: Vec<Finding>,
    /// Exceptions that are expired, unused or malformed.
    pub exceptions: Vec<Diagnostic>,
    /// Files of the platform team that are not as they were emitted.
    pub drift: Vec<Drift>,
    /// What could not be read; none of it counts as passed.
    pub unread: Vec<Diagnostic>,
    /// How much guardrails looked at.
    pub evaluated: Evaluated,
    /// Kustomizations and charts, and who rendered them.
    pub renderings: Vec<Rendering>,
    /// The guardrails that were asked.
    #[serde(skip)]
    pub rules: Vec<Rule>,
}

/// A file of the platform team that is not as it was emitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Its path.
    pub path: TreePath,
    /// What happened to it.
    pub change: Change,
    /// The component that brought it.
    pub component: String,
}

/// What happened to a file that drifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Its content differs.
    Edited,
    /// It is gone.
    Missing,
    /// It can be run and should not, or the other way round.
    Mode,
}

impl Change {
    /// What it says of a file: `was edited`.
    pub fn told(self) -> &'static str {
        match self {
            Change::Edited => "was edited",
            Change::Missing => "is gone",
            Change::Mode => "has another mode",
        }
    }
}

impl Report {
    /// The exit code that the verdict stands for: the first of 3, 4 and 5 that applies.
    pub fn exit_code(&self) -> u8 {
        let denied = self.findings.iter().any(|finding| finding.level == guardrail::Level::Deny);
        if denied || !self.unread.is_empty() || !self.exceptions.is_empty() {
            3
        } else if !self.drift.is_empty() {
            4
        } else if self.newer.is_some() {
            5
        } else {
            0
        }
    }
}

/// Checks a repository.
///
/// # Errors
/// Where there is no repository of goldpath's, or its records can't be read.
pub fn check(options: &Options) -> Result<Report, Failure> {
    let (root, recorded) = recorded(&options.path)?;
    let (mut tree, mut unread) = contents(&root, &recorded)?;
    subject::add_plans(&root, &mut tree, &options.plans)?;
    let (library, newer) = library(options, &recorded)?;
    let mut named = options.policies.clone();
    named.extend(policies::of_repository(&root)?);
    let own = own_policies(&tree, &library);
    let (guardrails, (documents, renderings)) = rayon::join(
        || policies::load(&own, &named),
        || {
            let (rendered, renderings) = subject::render(&root, &tree, options.tools);
            (Documents::read(&tree, rendered), renderings)
        },
    );
    let guardrails = guardrails?;
    let mut problems = Vec::new();
    let exceptions = exceptions(&tree, options.today).unwrap_or_else(|found| {
        problems.extend(found.0);
        Exceptions::none()
    });
    let judged = guardrails.judge(&documents, &exceptions);
    let entry = |index: &usize| exceptions.entries.get(*index);
    for exception in exceptions.expired.iter().filter_map(entry) {
        let message = format!("the exception from {} for `{}` has expired", exception.rule, exception.path);
        problems.push(
            Diagnostic::error(message)
                .place(exception.place.clone())
                .hint("mend what it excepts, or agree on a new day and write it down"),
        );
    }
    for exception in judged.unused(&exceptions).iter().filter_map(entry) {
        let message = format!("the exception from {} for `{}` excepts nothing", exception.rule, exception.path);
        problems.push(Diagnostic::error(message).place(exception.place.clone()).hint("remove it"));
    }
    unread.extend(judged.unread);
    Ok(Report {
        drift: drift(&tree, &recorded),
        root,
        blueprint: recorded.blueprint,
        version: recorded.version.to_string(),
        newer,
        findings: judged.findings,
        excepted: judged.excepted.into_iter().map(|(finding, _)| finding).collect(),
        exceptions: problems,
        unread,
        evaluated: judged.evaluated,
        renderings,
        rules: guardrails.rules().to_vec(),
    })
}

/// The repository that a path lies in, and what its lock says.
///
/// # Errors
/// Where goldpath made none of the folders above, or the lock can't be read.
pub(super) fn recorded(path: &Path) -> Result<(PathBuf, Recorded), Failure> {
    let root = root(path)?;
    let text = std::fs::read_to_string(root.join(lock::LOCK)).map_err(|error| {
        Failure::failed(Diagnostic::error(format!("can't be read: {error}")).place(Place::file(lock::LOCK)))
    })?;
    let recorded = lock::read(&text)?;
    Ok((root, recorded))
}

/// The nearest folder at or above a path that goldpath made.
pub(super) fn root(path: &Path) -> Result<PathBuf, Failure> {
    let shown = path.display();
    let folder = std::fs::canonicalize(path)
        .map_err(|error| Failure::invalid(Diagnostic::error(format!("`{shown}` can't be read: {error}"))))?;
    let found = folder.ancestors().find(|folder| folder.join(lock::LOCK).is_file());
    found.map(Path::to_path_buf).ok_or_else(|| {
        Failure::invalid(
            Diagnostic::error(format!(
                "`{shown}` is in no repository that goldpath made: there is no `{}`",
                lock::LOCK
            ))
            .hint("`goldpath new` makes one, and `goldpath adopt` brings one that is there onto a golden path"),
        )
    })
}

/// What is in a repository: what git tracks or would add, and whatever the lock names.
pub(super) fn contents(root: &Path, recorded: &Recorded) -> Result<(Tree, Vec<Diagnostic>), Failure> {
    let (mut paths, mut unread) = match git::files(root).map_err(Failure::failed)? {
        Some(paths) => (paths, Vec::new()),
        None => workdir::walk(root),
    };
    paths.extend(recorded.files.keys().map(ToString::to_string));
    paths.sort();
    paths.dedup();
    let (tree, more) = workdir::read(root, &paths);
    unread.extend(more);
    Ok((tree, unread))
}

/// The library's policies, and its version of the blueprint where that is newer.
fn library(options: &Options, recorded: &Recorded) -> Result<(Tree, Option<String>), Failure> {
    let library = source::library(options.blueprints.as_deref())?;
    let manifest = library.tree.get(&format!("{}/blueprint.yaml", recorded.blueprint));
    let newer = manifest.filter(|_| recorded.path.is_none()).and_then(|file| {
        let text = String::from_utf8_lossy(&file.bytes);
        let node = yaml::parse_one(&text, "blueprint.yaml").ok()?;
        let version: semver::Version = node.get("version")?.as_str()?.parse().ok()?;
        (version > recorded.version).then(|| version.to_string())
    });
    Ok((library.tree, newer))
}

/// The repository's own guardrails, which are the platform's and can't be weakened without drift; the library's where
/// there are none.
pub(super) fn own_policies(tree: &Tree, library: &Tree) -> Tree {
    let own = tree.under(POLICIES);
    if own.iter().any(|(path, _)| path.as_str().ends_with(".rego")) { own } else { library.under("policies/") }
}

fn drift(tree: &Tree, recorded: &Recorded) -> Vec<Drift> {
    let platform = recorded.files.iter().filter(|(_, locked)| locked.owner == Owner::Platform);
    let changed = platform.filter_map(|(path, locked)| {
        let change = match tree.get(path.as_str()) {
            None => Change::Missing,
            Some(file) if git::blob_id(&file.bytes) != locked.blob => Change::Edited,
            // Windows has no such mode.
            Some(file) if cfg!(unix) && (file.mode == Mode::Executable) != (locked.mode == Mode::Executable) => {
                Change::Mode
            }
            Some(_) => return None,
        };
        Some(Drift { path: path.clone(), change, component: locked.component.clone() })
    });
    changed.collect()
}
