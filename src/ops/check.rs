//! Is a repository still on its golden path? Guardrails, drift of the platform's files, exceptions, records that say the
//! truth, conflicts that are open, and the version.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use git2::Oid;
use serde::Serialize;

use crate::diag::{Diagnostic, Place};
use crate::git::existing::Existing;
use crate::guardrail::{self, Documents, Evaluated, Exceptions, Finding, Rule};
use crate::lock::{self, LOCK, Locked, Recorded};
use crate::tree::Tree;
use crate::{git, source, workdir};

use super::Failure;
use super::drift::{self, Drift};
use super::fix::Fixed;
use super::policies;
use super::records::{self, Again, Pending, Standing, Verdict};
use super::session::exceptions;
use super::sources::{self, Listed};
use super::subject::{self, Rendering};
use super::update;

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
    pub policies: Vec<Listed>,
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
    /// The version of that blueprint that is at hand, if it is a newer one; the commit where a branch is followed.
    pub newer: Option<String>,
    /// What is to be said of where the blueprint comes from: whether it could be asked, and tags that moved, which are
    /// errors.
    pub warnings: Vec<Diagnostic>,
    /// What guardrails found.
    pub findings: Vec<Finding>,
    /// What they would have found but for an exception.
    pub excepted: Vec<Finding>,
    /// Exceptions that are expired, unused or malformed.
    pub exceptions: Vec<Diagnostic>,
    /// Files of the platform team that are not as they were emitted.
    pub drift: Vec<Drift>,
    /// Whether the lock says the truth.
    pub lock: Verdict,
    /// What waits for an update.
    pub pending: Vec<Pending>,
    /// What a person has to settle, where an update or a merge is open.
    pub open: Option<Open>,
    /// What was put back, where that was asked for.
    pub fixed: Option<Fixed>,
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

/// An update or a merge that a person has to bring to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Open {
    /// The version that the update comes from; nothing where it is a merge of the user's own.
    pub from: Option<String>,
    /// The version that it comes to.
    pub to: Option<String>,
    /// What is not settled yet.
    pub conflicts: Vec<Unsettled>,
}

/// A file that is in conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unsettled {
    /// Its path.
    pub path: String,
    /// The line of the first marker, counted from 1; nothing where there is none.
    pub line: Option<usize>,
}

impl Open {
    /// What to do next.
    pub fn fix(&self) -> &'static str {
        match (&self.to, self.conflicts.is_empty()) {
            (Some(_), false) => {
                "settle the files, `git add` them, then `goldpath update --continue`; `goldpath update --abort` takes it back"
            }
            (Some(_), true) => {
                "all is settled: `goldpath update --continue` records it; `goldpath update --abort` takes it back"
            }
            (None, _) => "settle the files, `git add` them, then `git commit`; `git merge --abort` takes a merge back",
        }
    }
}

impl Report {
    /// The exit code that the verdict stands for: the first of 3, 4, 5 and 6 that applies.
    pub fn exit_code(&self) -> u8 {
        let denied = self.findings.iter().any(|finding| finding.level == guardrail::Level::Deny);
        if denied || !self.unread.is_empty() || !self.exceptions.is_empty() {
            3
        } else if !self.drift.is_empty()
            || self.lock.standing == Standing::Tampered
            || self.warnings.iter().any(Diagnostic::is_error)
        {
            4
        } else if self.newer.is_some() || !self.pending.is_empty() {
            5
        } else if self.open.is_some() {
            6
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
    Ok(examine(options)?.0)
}

/// The same, with what was emitted, as far as it was rendered once more.
pub(super) fn examine(options: &Options) -> Result<(Report, HashMap<Oid, Vec<u8>>), Failure> {
    let root = root(&options.path)?;
    let text = lock_text(&root)?;
    // A repository that belongs to somebody else is one that git does not touch; its files are there to be judged.
    let existing = Existing::open(&root).ok().flatten();
    let update = existing.as_ref().map(update::open_update).transpose()?.flatten();
    let update = update.filter(|update| existing.as_ref().is_some_and(|existing| update.prefix == existing.prefix()));
    // While an update is open, the work tree is on its way to what the new lock will say.
    let recorded = lock::read(update.as_ref().map_or(&text, |update| &update.lock))?;
    let (mut tree, mut unread) = contents(&root, &recorded)?;
    let open = open(existing.as_ref(), update.as_ref(), &tree)?;
    subject::add_plans(&root, &mut tree, &options.plans)?;
    let library = source::library(options.blueprints.as_deref())?;
    let mut named = options.policies.clone();
    named.extend(policies::of_repository(&root)?);
    let own = own_policies(&tree, &library.tree);
    let judge = || {
        rayon::join(
            || policies::load(&own, &named),
            || {
                let (rendered, renderings) = subject::render(&root, &tree, options.tools);
                (Documents::read(&tree, rendered), renderings)
            },
        )
    };
    let render = || match &update {
        Some(_) => Again::Absent("an update is open; the lock is looked at once it is settled".to_owned()),
        None => records::again(&library, &root, &recorded),
    };
    // A git source is asked over the network meanwhile.
    let about_source = || (render(), sources::newer(&library, &root, &recorded));
    let ((guardrails, (documents, renderings)), (again, newer)) = rayon::join(judge, about_source);
    let guardrails = guardrails?;
    let (newer, warnings) = match newer {
        Ok(newer) => (newer, Vec::new()),
        Err(problem) => (None, vec![problem]),
    };
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
    let fixed = records::is_fixed(options.blueprints.as_deref(), &recorded);
    let (lock, silent) = records::judge(&text, &recorded, &again, fixed, existing.as_ref());
    // `goldpath.yaml` of an open update still says where that began.
    let mut pending = if update.is_some() { Vec::new() } else { records::pending(&root, &recorded)? };
    pending.extend(silent);
    let emitted = match again {
        Again::Rendered { contents, .. } => contents,
        Again::Absent(_) | Again::Refused(_) => HashMap::new(),
    };
    let report = Report {
        drift: drifted(&root, &tree, &recorded, existing.as_ref(), &emitted, open.as_ref()),
        lock,
        pending,
        open,
        fixed: None,
        newer,
        root,
        blueprint: recorded.blueprint,
        version: recorded.version.to_string(),
        warnings,
        findings: judged.findings,
        excepted: judged.excepted.into_iter().map(|(finding, _)| finding).collect(),
        exceptions: problems,
        unread,
        evaluated: judged.evaluated,
        renderings,
        rules: guardrails.rules().to_vec(),
    };
    Ok((report, emitted))
}

/// What was emitted, from git's objects or rendered once more.
pub(super) fn as_emitted(
    existing: Option<&Existing>,
    again: &HashMap<Oid, Vec<u8>>,
    locked: &Locked,
) -> Option<Vec<u8>> {
    let id: Oid = locked.blob.parse().ok()?;
    existing.and_then(|existing| existing.content(id)).or_else(|| again.get(&id).cloned())
}

/// Drift, but for what is in conflict: that is reported as such.
fn drifted(
    root: &Path,
    tree: &Tree,
    recorded: &Recorded,
    existing: Option<&Existing>,
    again: &HashMap<Oid, Vec<u8>>,
    open: Option<&Open>,
) -> Vec<Drift> {
    let conflicts = open.map(|open| open.conflicts.as_slice()).unwrap_or_default();
    let conflicts: BTreeSet<&str> = conflicts.iter().map(|conflict| conflict.path.as_str()).collect();
    let found = drift::find(root, tree, recorded, existing);
    let found = found.iter().filter(|found| !conflicts.contains(found.path.as_str()));
    let tell = |found: &drift::Found| {
        let emitted = as_emitted(existing, again, found.locked);
        drift::tell(found, recorded, tree, emitted.as_deref())
    };
    found.map(tell).collect()
}

/// What a person has to settle: files that the index has in conflict, and those of an update that still have its markers.
fn open(existing: Option<&Existing>, update: Option<&update::Pending>, tree: &Tree) -> Result<Option<Open>, Failure> {
    let Some(existing) = existing else { return Ok(None) };
    let line = |path: &str| tree.get(path).and_then(|file| update::marker(&String::from_utf8_lossy(&file.bytes)));
    let mut paths = existing.in_conflict().map_err(Failure::failed)?;
    let of_update = update.map(|update| update.conflicts.as_slice()).unwrap_or_default();
    paths.extend(of_update.iter().filter(|path| line(path).is_some()).cloned());
    if paths.is_empty() && update.is_none() {
        return Ok(None);
    }
    let conflicts = paths.into_iter().map(|path| Unsettled { line: line(&path), path }).collect();
    let (from, to) = (update.and_then(|update| update.from.clone()), update.map(|update| update.to.clone()));
    Ok(Some(Open { from, to, conflicts }))
}

/// The repository that a path lies in, and what its lock says.
///
/// # Errors
/// Where goldpath made none of the folders above, or the lock can't be read.
pub(super) fn recorded(path: &Path) -> Result<(PathBuf, Recorded), Failure> {
    let root = root(path)?;
    let recorded = lock::read(&lock_text(&root)?)?;
    Ok((root, recorded))
}

fn lock_text(root: &Path) -> Result<String, Failure> {
    let bytes = super::own_file(root, LOCK).map_err(|error| {
        Failure::failed(Diagnostic::error(format!("can't be read: {error}")).place(Place::file(LOCK)))
    })?;
    // What is no text is no TOML either, and reported with its line.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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

/// The repository's own guardrails, which are the platform's and can't be weakened without drift; the library's where
/// there are none.
pub(super) fn own_policies(tree: &Tree, library: &Tree) -> Tree {
    let own = tree.under(POLICIES);
    if own.iter().any(|(path, _)| path.as_str().ends_with(".rego")) { own } else { library.under("policies/") }
}
