//! Writing into a repository that is there already, so that it is always as before or as after.
//!
//! Everything is prepared in git's own folder first: each new file, a copy of each old one, and a plan. From the moment
//! the plan is there a later goldpath command can finish what this one began, or undo it; until then nothing that anybody
//! can see has changed. A file is replaced by one rename, never written through a link, and never over anything that was
//! not there when the plan was made.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use git2::{ErrorCode, Index, Oid, Repository};
use serde::{Deserialize, Serialize};

use crate::diag::{Diagnostic, Place};
use crate::git::existing::{self, Existing, Head, IndexChange};
use crate::merge::Entry;
use crate::workdir::{INTERRUPTED, WRITING, interrupted};

/// The folder in git's own where goldpath keeps what it works on.
pub const FOLDER: &str = "goldpath";
/// What is to be done.
const PLAN: &str = "plan.json";
/// The same, once it is being undone: from then on it is never finished.
const UNDO: &str = "undo.json";
/// The update that is open because of conflicts.
pub const PENDING: &str = "update.json";

/// A file of the work tree that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// The path from the work tree's root on.
    pub path: String,
    /// What it becomes; nothing where it goes.
    pub after: Option<Entry>,
}

/// What is to be written.
#[derive(Debug, Default)]
pub struct Writing {
    /// What it is, for people: `the update to service 2.0.0`.
    pub what: String,
    /// The files.
    pub files: Vec<FileChange>,
    /// What the index holds for them.
    pub index: Vec<IndexChange>,
    /// Where the repository stands afterwards, and stood before.
    pub head: Option<(Head, Head)>,
    /// A branch that goes.
    pub drop_branch: Option<String>,
    /// What becomes of the record of the open update.
    pub pending: PendingChange,
}

/// What becomes of the record of the open update.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PendingChange {
    /// It stays as it is.
    #[default]
    Keep,
    /// It says this.
    Write(String),
    /// The update is no longer open.
    Close,
}

/// What became of a command that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// There was none.
    Nothing,
    /// It is finished now.
    Finished(String),
    /// Everything is as before it.
    Undone(String),
}

/// The only goldpath that writes into a repository; others are refused until it is dropped.
#[derive(Debug)]
pub struct Guard {
    folder: PathBuf,
    _file: File,
}

#[derive(Serialize, Deserialize)]
struct Plan {
    what: String,
    root: PathBuf,
    files: Vec<Step>,
    /// Folders that were not there.
    made: Vec<String>,
    index: Vec<IndexChange>,
    /// What the index held before.
    index_before: Vec<IndexChange>,
    head: Option<(Head, Head)>,
    /// Whether the branch that the repository comes to was there before.
    head_was_there: bool,
    /// A branch that goes, and where it stood.
    drop_branch: Option<(String, String)>,
    pending: PendingChange,
    pending_before: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Step {
    path: String,
    before: bool,
    after: bool,
}

impl Plan {
    /// Holds a plan that was found against what goldpath could have written: a repository may come from anybody together
    /// with its `.git`, and a plan says what to overwrite.
    fn stays_inside(&self) -> Result<(), Diagnostic> {
        let paths = self.files.iter().map(|step| &step.path).chain(&self.made);
        let indexed = self.index.iter().chain(&self.index_before).map(|change| &change.path);
        let leaves = |path: &str| {
            let git = |part: &str| part.eq_ignore_ascii_case(".git");
            path.split('/').any(|part| matches!(part, "" | "." | "..") || git(part))
                || Path::new(path).components().any(|part| !matches!(part, std::path::Component::Normal(_)))
        };
        if let Some(path) = paths.chain(indexed).find(|path| leaves(path)) {
            return Err(Diagnostic::error(format!("the plan of an earlier goldpath leaves the repository: `{path}`")));
        }
        Ok(())
    }
}

/// Where the plan and the files lie.
struct Journal {
    folder: PathBuf,
    plan: Plan,
}

fn io_problem(path: &Path, error: &io::Error) -> Diagnostic {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room on the disk, and try again",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "see that you may write there",
        _ => "try again",
    };
    Diagnostic::error(format!("can't be written: {error}")).place(Place::file(path.display().to_string())).hint(hint)
}

fn git_problem(error: git2::Error) -> Diagnostic {
    Diagnostic::error(format!("git can't: {}", error.message()))
}

impl Guard {
    /// Keeps other goldpaths out, or says who is in.
    ///
    /// # Errors
    /// Another goldpath that is at work, or a folder that can't be written to.
    pub fn take(repository: &Existing, command: &str) -> Result<Self, Diagnostic> {
        let folder = repository.git_folder().join(FOLDER);
        let path = folder.join("lock");
        let problem = |error: io::Error| io_problem(&path, &error);
        fs::create_dir_all(&folder).map_err(problem)?;
        let mut file =
            File::options().create(true).truncate(false).read(true).write(true).open(&path).map_err(problem)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let owner = fs::read_to_string(&path).unwrap_or_default();
                return Err(Diagnostic::error(format!("another goldpath is at work here: {}", owner.trim()))
                    .hint("wait for it, or end it; what it leaves is finished or undone by the next command"));
            }
            Err(fs::TryLockError::Error(error)) => return Err(problem(error)),
        }
        // The system lets go of the lock when this process ends, however it ends; the text only tells whose it is.
        let owner = format!("{command}, process {} on {}\n", std::process::id(), host());
        file.set_len(0).and_then(|()| file.write_all(owner.as_bytes())).map_err(problem)?;
        Ok(Guard { folder, _file: file })
    }
}

fn host() -> String {
    let from_system = fs::read_to_string("/proc/sys/kernel/hostname").or_else(|_| fs::read_to_string("/etc/hostname"));
    let found =
        from_system.ok().or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    found
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "this machine".to_owned())
}

/// The record of an update that is open because of conflicts.
pub fn pending(repository: &Existing) -> Option<String> {
    fs::read_to_string(repository.git_folder().join(FOLDER).join(PENDING)).ok()
}

/// Finishes or undoes what a command that was cut off had begun.
///
/// # Errors
/// Where neither can be done without loss, with the file that is in the way.
pub fn recover(repository: &Existing) -> Result<Recovered, Diagnostic> {
    let folder = repository.git_folder().join(FOLDER).join("journal");
    if !folder.exists() {
        return Ok(Recovered::Nothing);
    }
    let guard = Guard::take(repository, "the clean-up of an earlier command")?;
    recover_guarded(repository, &guard)
}

/// The same, for whoever has the repository for themselves already.
///
/// # Errors
/// As [`recover`].
pub fn recover_guarded(repository: &Existing, guard: &Guard) -> Result<Recovered, Diagnostic> {
    let folder = guard.folder.join("journal");
    if !folder.exists() {
        return Ok(Recovered::Nothing);
    }
    let undoing = folder.join(UNDO).exists();
    let Ok(text) = fs::read_to_string(folder.join(if undoing { UNDO } else { PLAN })) else {
        // Cut off before anything was changed, or after everything was.
        let begun = folder.join("new").exists();
        fs::remove_dir_all(&folder).map_err(|error| io_problem(&folder, &error))?;
        return Ok(if begun { Recovered::Undone("a command that was cut off".to_owned()) } else { Recovered::Nothing });
    };
    let mut plan: Plan = serde_json::from_str(&text).map_err(|error| {
        Diagnostic::error(format!("the plan of an earlier goldpath can't be read: {error}"))
            .place(Place::file(folder.display().to_string()))
            .hint("use the goldpath that wrote it")
    })?;
    // Where the repository was moved since, the plan moved with it.
    plan.root = repository.root().to_path_buf();
    plan.stays_inside().map_err(|problem| {
        problem
            .place(Place::file(folder.display().to_string()))
            .hint("goldpath did not write that; if you don't know who did, remove the folder")
    })?;
    let what = plan.what.clone();
    let journal = Journal { folder, plan };
    if undoing {
        journal.undo(repository.raw())?;
        journal.close()?;
        return Ok(Recovered::Undone(what));
    }
    match journal.finish(repository.raw(), false) {
        Ok(()) => {
            journal.close()?;
            Ok(Recovered::Finished(what))
        }
        Err(Stop::Edited(path)) => Err(Diagnostic::error(format!(
            "{what} was cut off, and this file was changed since: it can be neither finished nor undone without loss"
        ))
        .place(Place::file(path))
        .hint("put your version elsewhere, remove the file, and run goldpath again")),
        Err(Stop::Failed(problem)) => {
            journal.undo(repository.raw()).map_err(|_| problem)?;
            journal.close()?;
            Ok(Recovered::Undone(what))
        }
    }
}

/// Writes, all of it or nothing.
///
/// # Errors
/// What could not be written; then everything is as before, unless the message says otherwise.
pub fn write(repository: &Existing, guard: &Guard, writing: Writing) -> Result<(), Diagnostic> {
    write_if(repository, guard, writing, &|_| Ok(()))
}

/// The same, if `agree` has nothing against it: it is shown the folder with copies of all files that will be replaced or
/// removed, as they are then.
///
/// # Errors
/// Those of [`write`], and what `agree` says.
pub fn write_if(
    repository: &Existing,
    guard: &Guard,
    writing: Writing,
    agree: &dyn Fn(&Path) -> Result<(), Diagnostic>,
) -> Result<(), Diagnostic> {
    WRITING.store(true, Ordering::SeqCst);
    let prepared = prepare(repository, guard, writing, agree).inspect_err(|_| {
        // Nothing was changed yet.
        let _ = fs::remove_dir_all(guard.folder.join("journal"));
    });
    let result = prepared.and_then(|journal| match journal.finish(repository.raw(), true) {
        Ok(()) => journal.close(),
        Err(stop) => {
            let problem = match stop {
                Stop::Edited(path) => {
                    Diagnostic::error("changed while goldpath was at work").place(Place::file(path)).hint("try again")
                }
                Stop::Failed(problem) => problem,
            };
            match journal.undo(repository.raw()).and_then(|()| journal.close()) {
                Ok(()) => Err(problem),
                Err(second) => Err(Diagnostic {
                    hint: Some(format!(
                        "some files are written and could not be put back ({}); the next goldpath command here finishes or undoes it",
                        second.message
                    )),
                    ..problem
                }),
            }
        }
    });
    WRITING.store(false, Ordering::SeqCst);
    result
}

/// Why a plan was not carried out.
enum Stop {
    /// Somebody changed the file in the meantime.
    Edited(String),
    Failed(Diagnostic),
}

impl From<Diagnostic> for Stop {
    fn from(problem: Diagnostic) -> Self {
        Stop::Failed(problem)
    }
}

fn prepare(
    repository: &Existing,
    guard: &Guard,
    writing: Writing,
    agree: &dyn Fn(&Path) -> Result<(), Diagnostic>,
) -> Result<Journal, Diagnostic> {
    let folder = guard.folder.join("journal");
    let in_folder = |error: io::Error| io_problem(&folder, &error);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(in_folder)?;
    }
    let (new, old) = (folder.join("new"), folder.join("old"));
    fs::create_dir_all(&new).map_err(in_folder)?;
    fs::create_dir_all(&old).map_err(in_folder)?;
    let root = repository.root().to_path_buf();
    stage(repository, &writing.files, &new)?;
    let mut steps = Vec::new();
    let mut made = std::collections::BTreeSet::new();
    for change in &writing.files {
        let path = root.join(&change.path);
        let before = no_link_above(&root, &change.path)? && is_file(&path);
        if before {
            copy(&path, &old.join(&change.path)).map_err(|error| io_problem(&path, &error))?;
        }
        if change.after.is_some() {
            for (at, _) in change.path.match_indices('/') {
                let above = &change.path[..at];
                if !root.join(above).is_dir() {
                    made.insert(above.to_owned());
                }
            }
        }
        if before || change.after.is_some() {
            steps.push(Step { path: change.path.clone(), before, after: change.after.is_some() });
        }
    }
    agree(&old)?;
    // What goes makes room for what comes.
    steps.sort_by(|a, b| (a.after, &a.path).cmp(&(b.after, &b.path)));
    let index_before = index_of(repository.raw(), &writing.index)?;
    let head_was_there = writing
        .head
        .as_ref()
        .and_then(|(after, _)| after.branch.as_deref())
        .is_none_or(|branch| repository.reference(branch).is_some());
    let drop_branch = writing.drop_branch.and_then(|branch| {
        let commit = repository.reference(&branch)?;
        Some((branch, commit))
    });
    let plan = Plan {
        drop_branch,
        what: writing.what,
        root,
        files: steps,
        made: made.into_iter().rev().collect(),
        index: writing.index,
        index_before,
        head: writing.head,
        head_was_there,
        pending: writing.pending,
        pending_before: pending(repository),
    };
    if INTERRUPTED.load(Ordering::SeqCst) {
        let _ = fs::remove_dir_all(&folder);
        return Err(interrupted());
    }
    let text = serde_json::to_vec_pretty(&plan).unwrap_or_default();
    write_synced(&folder.join("plan.tmp"), &text).map_err(in_folder)?;
    fs::rename(folder.join("plan.tmp"), folder.join(PLAN)).map_err(in_folder)?;
    sync_folder(&folder);
    Ok(Journal { folder, plan })
}

/// What the index holds for the paths of some changes.
fn index_of(repository: &Repository, changes: &[IndexChange]) -> Result<Vec<IndexChange>, Diagnostic> {
    let index = Index::open(&repository.path().join("index")).map_err(git_problem)?;
    let of = |change: &IndexChange| {
        let entries = (0..4).filter_map(|stage| {
            let entry = index.get_path(Path::new(&change.path), stage)?;
            Some((u16::try_from(stage).unwrap_or(0), entry.mode, entry.id.to_string()))
        });
        IndexChange { path: change.path.clone(), entries: entries.collect() }
    };
    Ok(changes.iter().map(of).collect())
}

/// Lays the new files out beside the plan, with the line endings and modes that git gives them in this work tree.
fn stage(repository: &Existing, files: &[FileChange], new: &Path) -> Result<(), Diagnostic> {
    let wanted: Vec<IndexChange> =
        files.iter().filter_map(|change| Some(IndexChange::file(change.path.clone(), change.after?))).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let tree = repository.tree_with(None, &wanted)?;
    let raw = repository.raw();
    let mut options = git2::build::CheckoutBuilder::new();
    // The folder is new and empty, and lies outside the work tree: there is nothing that could be overwritten.
    options.force().recreate_missing(true).update_index(false).target_dir(new);
    // Without this libgit2 looks at all that is committed, and stumbles over a file that becomes a folder.
    options.disable_pathspec_match(true);
    for change in &wanted {
        options.path(change.path.as_str());
    }
    let tree = raw.find_object(Oid::from_str(&tree.to_string()).map_err(git_problem)?, None).map_err(git_problem)?;
    raw.checkout_tree(&tree, Some(&mut options)).map_err(git_problem)?;
    for change in &wanted {
        let path = new.join(&change.path);
        let metadata = fs::symlink_metadata(&path).map_err(|error| io_problem(&path, &error))?;
        if metadata.is_file() {
            File::open(&path).and_then(|file| file.sync_all()).map_err(|error| io_problem(&path, &error))?;
        }
    }
    Ok(())
}

/// Refuses paths below a link, which would lead out of the work tree. Says whether the folders above are there.
fn no_link_above(root: &Path, path: &str) -> Result<bool, Diagnostic> {
    for (at, _) in path.match_indices('/') {
        match fs::symlink_metadata(root.join(&path[..at])) {
            Ok(found) if found.is_symlink() => {
                return Err(Diagnostic::error(format!("can't be written: `{}` is a symbolic link", &path[..at]))
                    .place(Place::file(path))
                    .hint("remove the link, or put a folder in its place"));
            }
            Ok(found) if found.is_dir() => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    let metadata = fs::symlink_metadata(from)?;
    if metadata.is_symlink() {
        return link(&fs::read_link(from)?, to);
    }
    if metadata.is_dir() {
        return Err(io::Error::other("there is a folder"));
    }
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::other("symbolic links can't be made here"))
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Sees to it that a rename survives a power cut, where the system can.
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Whether there is something that is no folder.
fn is_file(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| !found.is_dir())
}

/// Removes a folder in which there are only folders; where there is a file in it, that stays, and so does what it is in.
fn remove_empty(folder: &Path) {
    if !fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir()) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        remove_empty(&entry.path());
    }
    let _ = fs::remove_dir(folder);
}

/// Whether two files, or what is not there, are the same.
fn same(one: &Path, other: &Path) -> bool {
    let kind =
        |path: &Path| fs::symlink_metadata(path).ok().map(|found| (found.is_symlink(), found.is_dir(), mode(&found)));
    match (kind(one), kind(other)) {
        (None, None) => true,
        (Some((true, ..)), Some((true, ..))) => fs::read_link(one).ok() == fs::read_link(other).ok(),
        (Some((false, false, a)), Some((false, false, b))) => {
            a == b && matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
        }
        _ => false,
    }
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> bool {
    false
}

/// Puts a file in another's place at once, also from one file system to another.
fn replace(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let beside = beside(to);
            copy(from, &beside)?;
            fs::rename(&beside, to)?;
            fs::remove_file(from)
        }
        result => result,
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!(".{name}.goldpath-new"))
}

impl Journal {
    fn paths(&self, step: &Step) -> (PathBuf, PathBuf, PathBuf) {
        let at = |name: &str| self.folder.join(name).join(&step.path);
        (self.plan.root.join(&step.path), at("new"), at("old"))
    }

    /// Carries out what is not carried out yet.
    fn finish(&self, repository: &Repository, watch: bool) -> Result<(), Stop> {
        for step in &self.plan.files {
            if watch && INTERRUPTED.load(Ordering::SeqCst) {
                return Err(Stop::Failed(interrupted()));
            }
            let (path, new, old) = self.paths(step);
            let failed = |error: io::Error| Stop::Failed(io_problem(&path, &error));
            let above = no_link_above(&self.plan.root, &step.path)?;
            let there = above && is_file(&path);
            if !step.after {
                if there {
                    if !same(&path, &old) {
                        return Err(Stop::Edited(step.path.clone()));
                    }
                    fs::remove_file(&path).map_err(failed)?;
                }
                self.prune(&step.path);
                continue;
            }
            let _ = fs::remove_file(beside(&path));
            if fs::symlink_metadata(&new).is_err() {
                // This one is in place already.
                continue;
            }
            if there && same(&path, &new) {
                fs::remove_file(&new).map_err(failed)?;
                continue;
            }
            if there != step.before || (there && !same(&path, &old)) {
                return Err(Stop::Edited(step.path.clone()));
            }
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            if above && !there {
                remove_empty(&path);
            }
            replace(&new, &path).map_err(failed)?;
        }
        self.write_index(repository, &self.plan.index)?;
        if let Some((after, before)) = &self.plan.head {
            move_head(repository, before, after)?;
        }
        if let Some((branch, _)) = &self.plan.drop_branch {
            remove_branch(repository, branch)?;
        }
        self.write_pending(&self.plan.pending)?;
        Ok(())
    }

    /// Puts everything back. It takes as little room as can be, since there may be none.
    fn undo(&self, repository: &Repository) -> Result<(), Diagnostic> {
        let (plan, undo) = (self.folder.join(PLAN), self.folder.join(UNDO));
        if plan.exists() {
            fs::rename(&plan, &undo).map_err(|error| io_problem(&plan, &error))?;
        }
        if self.plan.pending != PendingChange::Keep {
            let before = self.plan.pending_before.clone();
            self.write_pending(&before.map_or(PendingChange::Close, PendingChange::Write))?;
        }
        if let Some((branch, commit)) = &self.plan.drop_branch {
            let id = Oid::from_str(commit).map_err(git_problem)?;
            repository.reference(branch, id, true, "goldpath").map_err(git_problem)?;
        }
        if let Some((after, before)) = &self.plan.head {
            move_head(repository, after, before)?;
            if let (Some(branch), false) = (&after.branch, self.plan.head_was_there) {
                remove_branch(repository, branch)?;
            }
        }
        if index_of(repository, &self.plan.index).ok().as_ref() != Some(&self.plan.index_before) {
            self.write_index(repository, &self.plan.index_before)?;
        }
        for step in self.plan.files.iter().rev() {
            let (path, new, old) = self.paths(step);
            let failed = |error: io::Error| io_problem(&path, &error);
            no_link_above(&self.plan.root, &step.path)?;
            let _ = fs::remove_file(beside(&path));
            let applied = if step.after { fs::symlink_metadata(&new).is_err() } else { !is_file(&path) };
            if !applied {
                continue;
            }
            if step.before {
                // It is in place already if an undoing that was cut off came so far.
                if is_file(&old) {
                    if let Some(parent) = path.parent() {
                        fs::create_dir_all(parent).map_err(failed)?;
                    }
                    replace(&old, &path).map_err(failed)?;
                }
            } else if is_file(&path) {
                fs::remove_file(&path).map_err(failed)?;
            }
            self.unmake(&step.path);
        }
        for folder in &self.plan.made {
            // One that is not empty is in use.
            let _ = fs::remove_dir(self.plan.root.join(folder));
        }
        Ok(())
    }

    /// Removes the folders above a path that were made for it: a file may have stood there.
    fn unmake(&self, path: &str) {
        for (at, _) in path.rmatch_indices('/') {
            if self.plan.made.iter().any(|made| made == &path[..at]) {
                let _ = fs::remove_dir(self.plan.root.join(&path[..at]));
            }
        }
    }

    /// Removes folders that have become empty, as git does.
    fn prune(&self, path: &str) {
        for (at, _) in path.rmatch_indices('/') {
            match fs::remove_dir(self.plan.root.join(&path[..at])) {
                // Whoever was cut off may have come as far as this one.
                Err(error) if error.kind() != io::ErrorKind::NotFound => break,
                _ => {}
            }
        }
    }

    /// Says that everything is done: the plan goes first.
    fn close(&self) -> Result<(), Diagnostic> {
        for plan in [PLAN, UNDO].map(|name| self.folder.join(name)).into_iter().filter(|plan| plan.exists()) {
            fs::remove_file(&plan).map_err(|error| io_problem(&plan, &error))?;
        }
        let _ = fs::remove_dir_all(self.folder.join("new"));
        let _ = fs::remove_dir_all(&self.folder);
        Ok(())
    }

    fn write_pending(&self, pending: &PendingChange) -> Result<(), Diagnostic> {
        let path = self.folder.with_file_name(PENDING);
        let failed = |error: io::Error| io_problem(&path, &error);
        match pending {
            PendingChange::Keep => Ok(()),
            PendingChange::Write(text) if fs::read_to_string(&path).is_ok_and(|there| there == *text) => Ok(()),
            PendingChange::Write(text) => {
                let fresh = self.folder.join(PENDING);
                write_synced(&fresh, text.as_bytes()).and_then(|()| fs::rename(&fresh, &path)).map_err(failed)
            }
            PendingChange::Close => match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            },
        }
    }

    /// Brings changes into the index by git's own protocol: `index.lock`, then a rename. The lock appears with its whole
    /// content, so that one of ours can be told from another's.
    fn write_index(&self, repository: &Repository, changes: &[IndexChange]) -> Result<(), Diagnostic> {
        if changes.is_empty() {
            return Ok(());
        }
        let (index, fresh) = (repository.path().join("index"), self.folder.join("index"));
        let lock = repository.path().join("index.lock");
        let failed = |error: io::Error| io_problem(&index, &error);
        if lock.exists() && matches!((fs::read(&lock), fs::read(&fresh)), (Ok(a), Ok(b)) if a == b) {
            fs::remove_file(&lock).map_err(failed)?;
        }
        // This one is nobody's but ours: git's own lies elsewhere.
        let _ = fs::remove_file(fresh.with_extension("lock"));
        for _ in 0..100 {
            let _ = fs::remove_file(&fresh);
            let stamp = || fs::metadata(&index).and_then(|found| Ok((found.modified()?, found.len()))).ok();
            let before = stamp();
            let write = || -> Result<(), git2::Error> {
                let current = Index::open(&index)?;
                let mut next = Index::open(&fresh)?;
                for entry in current.iter() {
                    next.add(&entry)?;
                }
                existing::apply(&mut next, changes)?;
                next.write()
            };
            write().map_err(git_problem)?;
            match fs::hard_link(&fresh, &lock).or_else(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => Err(error),
                // No hard links here.
                _ => File::create_new(&lock).and_then(|mut file| file.write_all(&fs::read(&fresh)?)),
            }) {
                Ok(()) if stamp() == before => return fs::rename(&lock, &index).map_err(failed),
                Ok(()) => fs::remove_file(&lock).map_err(failed)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Err(Diagnostic::error("another git is at work here: there is an `index.lock`")
            .place(Place::file(lock.display().to_string()))
            .hint("wait for it; where none is running, remove the file"))
    }
}

fn remove_branch(repository: &Repository, name: &str) -> Result<(), Diagnostic> {
    patiently(repository, name, "", || match repository.find_reference(name).and_then(|mut found| found.delete()) {
        Err(error) if error.code() == ErrorCode::NotFound => Ok(()),
        result => result,
    })
}

/// Moves the branch, or the repository to another one.
fn move_head(repository: &Repository, from: &Head, to: &Head) -> Result<(), Diagnostic> {
    let parse = |id: &str| Oid::from_str(id).map_err(git_problem);
    let (old, new) = (parse(&from.commit)?, parse(&to.commit)?);
    if let Some(branch) = &to.branch {
        let now = repository.refname_to_id(branch).ok();
        if now != Some(new) {
            if now.is_some_and(|now| now != old) {
                return Err(Diagnostic::error(format!("somebody has committed to `{branch}` in the meantime"))
                    .hint("run goldpath again"));
            }
            patiently(repository, branch, &to.commit, || repository.reference(branch, new, true, "goldpath update"))?;
        }
        let text = format!("ref: {branch}\n");
        let attached = repository.find_reference("HEAD").ok();
        let attached = attached.and_then(|head| head.symbolic_target().ok().flatten().map(str::to_owned));
        if attached.as_ref() != Some(branch) {
            patiently(repository, "HEAD", text.trim(), || repository.set_head(branch))?;
        }
    } else {
        patiently(repository, "HEAD", &to.commit, || repository.set_head_detached(new))?;
    }
    Ok(())
}

/// Writes a reference. A lock on it that a killed goldpath left, told by its content, is removed after a while.
fn patiently<T>(
    repository: &Repository,
    name: &str,
    content: &str,
    write: impl Fn() -> Result<T, git2::Error>,
) -> Result<(), Diagnostic> {
    let folder = if name == "HEAD" { repository.path() } else { repository.commondir() };
    let lock = folder.join(format!("{name}.lock"));
    for attempt in 0..50 {
        match write() {
            Ok(_) => return Ok(()),
            // Some locks that are in the way libgit2 tells by its message only.
            Err(error) if error.code() == ErrorCode::Locked || lock.exists() => {
                let left = fs::read_to_string(&lock).is_ok_and(|text| content.starts_with(text.trim()));
                if attempt == 25 && left {
                    let _ = fs::remove_file(&lock);
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(git_problem(error)),
        }
    }
    Err(Diagnostic::error(format!("another git is at work here: `{name}` is locked"))
        .place(Place::file(lock.display().to_string()))
        .hint("wait for it; where none is running, remove the file"))
}
