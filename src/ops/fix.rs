//! Putting the platform's files back as they were emitted. What stood there stays in git, and nothing is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use git2::Oid;
use serde::Serialize;

use super::Failure;
use super::check::{self, Options, Report};
use super::drift::Drift;
use super::merging;
use super::records::Standing;
use super::update;
use crate::changes::{self, Version};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::git::existing::{Existing, IndexChange, REPLACED, Who};
use crate::journal::{self, FileChange, Guard, PendingChange, Writing};
use crate::lock::{LOCK, Locked};
use crate::merge::{Entry, Kind, Side};

/// What was put back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fixed {
    /// Files that are as they were emitted again, with what was different.
    pub restored: Vec<Drift>,
    /// Files that had to make room: they stood where a file or a folder of the platform's belongs.
    pub removed: Vec<String>,
    /// Why others could not be put back, and what to do.
    pub left: Vec<Diagnostic>,
    /// The commit, of no branch, that has what stood there; nothing where nothing was replaced.
    pub kept: Option<String>,
    /// From what stood there to what stands there now, as `git diff` shows it.
    pub diff: String,
}

/// Restores what drifted, and checks again. `show` gets the diff of what is about to be done, before anything is written.
///
/// # Errors
/// Those of a check; where there is no git repository that could keep what is replaced; where an update or a merge is
/// open; and what can't be written. In every case the work tree and the index are as they were.
pub fn fix(options: &Options, show: &mut dyn FnMut(&str)) -> Result<Report, Failure> {
    let root = check::root(&options.path)?;
    let Some(existing) = Existing::open(&root).map_err(Failure::failed)? else {
        return Err(Failure::invalid(
            Diagnostic::error(format!(
                "`{}` lies in no git repository, so what `--fix` replaces could not be kept",
                root.display()
            ))
            .hint("make it one: `git init && git add -A && git commit -m start`, then fix"),
        ));
    };
    let guard = Guard::take(&existing, "goldpath check --fix").map_err(Failure::failed)?;
    update::not_open(&existing)?;
    not_in_conflict(&existing)?;
    let (mut report, again) = check::examine(options)?;
    let mut fixed = Fixed::default();
    if report.lock.standing == Standing::Tampered && !report.drift.is_empty() {
        fixed.left.push(
            Diagnostic::error("nothing was put back: the lock does not say what was emitted")
                .place(Place::file(LOCK))
                .hint(TAMPERED),
        );
        report.fixed = Some(fixed);
        return Ok(report);
    }
    let (_, recorded) = check::recorded(&root)?;
    let mut work = Work { existing: &existing, root: &root, kept: Side::new(), gone: BTreeSet::new() };
    let mut contents = Contents::new();
    for drift in &report.drift {
        let Some(locked) = recorded.files.get(&drift.path) else { continue };
        let Some(bytes) = check::as_emitted(Some(&existing), &again, locked) else {
            let message = format!("what {} {} had emitted is not at hand", recorded.blueprint, recorded.version);
            let ways = merging::ways(&recorded, &existing, "check --fix").join("; ");
            let place = Place::file(drift.path.as_str());
            fixed.left.push(Diagnostic::error(message).place(place).hint(ways));
            continue;
        };
        match work.make_room(drift.path.as_str()) {
            Ok(()) => {
                fixed.restored.push(drift.clone());
                contents.insert(drift.path.to_string(), (entry(locked, &bytes), bytes));
            }
            Err(problem) => fixed.left.push(problem),
        }
    }
    if fixed.restored.is_empty() {
        report.fixed = Some(fixed);
        return Ok(report);
    }
    fixed.removed = work.gone.iter().cloned().collect();
    fixed.diff = work.diff(&contents);
    show(&fixed.diff);
    fixed.kept = work.keep(&contents)?;
    write(&work, &guard, &contents)?;
    drop(guard);
    let mut report = check::check(options)?;
    report.fixed = Some(fixed);
    Ok(report)
}

/// What to do about a lock that was edited.
pub const TAMPERED: &str = "`git log -p -- goldpath.lock` shows who changed it; take the lock from before, or have \
                            `goldpath update` write it anew as the blueprint has it";

fn entry(locked: &Locked, bytes: &[u8]) -> Entry {
    Entry { kind: locked.mode.into(), id: merging::id_of(bytes) }
}

fn not_in_conflict(existing: &Existing) -> Result<(), Failure> {
    let open = existing.in_conflict().map_err(Failure::failed)?;
    let mut problems = Diagnostics::new();
    for path in open {
        let hint = "settle it and `git add` it, or take the merge back, then fix";
        problems.push(Diagnostic::error("is in conflict").place(Place::file(path)).hint(hint));
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Conflicts(problems)) }
}

/// What is to be put back.
type Contents = BTreeMap<String, (Entry, Vec<u8>)>;

/// What stands in the way of what is to be put back.
struct Work<'w> {
    existing: &'w Existing,
    root: &'w Path,
    /// What is replaced, or goes, as it is on the disk.
    kept: Side,
    /// What goes.
    gone: BTreeSet<String>,
}

impl Work<'_> {
    /// Keeps what stands where a file belongs, and has it go where it is no file. Links are never followed.
    fn make_room(&mut self, path: &str) -> Result<(), Diagnostic> {
        let problem = |what: String, hint: &str| Diagnostic::error(what).place(Place::file(path)).hint(hint);
        for (at, _) in path.match_indices('/') {
            let above = &path[..at];
            match fs::symlink_metadata(self.root.join(above)) {
                Ok(found) if found.is_dir() => {}
                Ok(found) if found.is_symlink() => {
                    let hint = format!("remove the link (`git rm {above}`, or `rm {above}`), then fix again");
                    return Err(problem(format!("lies behind the symbolic link `{above}`"), &hint));
                }
                Ok(_) => {
                    self.keep_one(above)?;
                    self.gone.insert(above.to_owned());
                    return Ok(());
                }
                // What is above something that is not there is not there, either.
                Err(_) => return Ok(()),
            }
        }
        let full = self.root.join(path);
        match fs::symlink_metadata(&full) {
            Ok(found) if !found.is_dir() => self.keep_one(path),
            Ok(_) => {
                for found in walkdir::WalkDir::new(&full).sort_by_file_name() {
                    let found = found.map_err(|error| {
                        problem(format!("the folder in its place can't be read: {error}"), "move it away, then fix")
                    })?;
                    if found.file_name() == ".git" {
                        let hint = "move it away, then fix";
                        return Err(problem("another git repository has taken its place".to_owned(), hint));
                    }
                    if found.file_type().is_dir() {
                        continue;
                    }
                    let below = found.path().strip_prefix(self.root).unwrap_or(found.path());
                    let Some(below) = below.to_str().map(|below| below.replace('\\', "/")) else {
                        let what = "a folder with a file whose name is not UTF-8 has taken its place";
                        return Err(problem(what.to_owned(), "move it away, then fix"));
                    };
                    self.keep_one(&below)?;
                    self.gone.insert(below);
                }
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }

    /// Puts what stands at a path into git's objects, byte for byte.
    fn keep_one(&mut self, path: &str) -> Result<(), Diagnostic> {
        if self.kept.contains_key(path) {
            return Ok(());
        }
        let full = self.root.join(path);
        let unreadable = |error: std::io::Error| {
            Diagnostic::error(format!("can't be kept, so it was left: {error}"))
                .place(Place::file(path))
                .hint("see that you may read it, then fix again")
        };
        let metadata = fs::symlink_metadata(&full).map_err(unreadable)?;
        let (kind, bytes) = if metadata.is_symlink() {
            let target = fs::read_link(&full).map_err(unreadable)?;
            (Kind::Link, target.into_os_string().into_encoded_bytes())
        } else if metadata.is_file() {
            (kind_of(&metadata), fs::read(&full).map_err(unreadable)?)
        } else {
            return Err(Diagnostic::error("a pipe, a socket or a device has taken its place, which git can't keep")
                .place(Place::file(path))
                .hint("remove it, then fix again"));
        };
        self.kept.insert(path.to_owned(), Entry { kind, id: self.existing.store(&bytes)? });
        Ok(())
    }

    /// What is about to be done.
    fn diff(&self, contents: &Contents) -> String {
        let mut out = String::new();
        for path in self.kept.keys().chain(contents.keys()).collect::<BTreeSet<_>>() {
            let version = |entry: &Entry, bytes| Version { path, mode: entry.kind.git(), bytes };
            let kept = self.kept.get(path);
            let before = kept.map(|entry| version(entry, self.existing.content(entry.id).unwrap_or_default()));
            let after = contents.get(path).map(|(entry, bytes)| version(entry, bytes.clone()));
            if kept.is_some_and(|entry| entry.kind == Kind::Link) {
                // As git has it: a link goes, and a file comes.
                out.push_str(&changes::unified(before.as_ref(), None));
                out.push_str(&changes::unified(None, after.as_ref()));
            } else {
                out.push_str(&changes::unified(before.as_ref(), after.as_ref()));
            }
        }
        out
    }

    /// Makes the commit that has what is replaced. What was only staged is in its second parent, as in a stash.
    fn keep(&self, contents: &Contents) -> Result<Option<String>, Failure> {
        let failed = Failure::failed;
        let full = |path: &str| format!("{}{path}", self.existing.prefix());
        let head = self.existing.head().map_err(failed)?.map(|head| head.commit);
        let committed = if head.is_some() { self.existing.committed().map_err(failed)? } else { Side::new() };
        let staged = self.existing.staged().map_err(failed)?;
        let only_staged: Vec<IndexChange> = contents
            .keys()
            .chain(&self.gone)
            .filter_map(|path| {
                let entry = staged.get(path)?;
                let known = [self.kept.get(path), committed.get(path)].into_iter().flatten();
                (!known.into_iter().any(|known| known.id == entry.id)).then(|| IndexChange::file(full(path), *entry))
            })
            .collect();
        if self.kept.is_empty() && only_staged.is_empty() {
            return Ok(None);
        }
        let commit = |changes: &[IndexChange], parents: &[&str], about: &str| {
            let tree = self.existing.tree_with(head.as_deref(), changes)?;
            self.existing.commit(tree, parents, &Who::Goldpath, about)
        };
        let mut parents: Vec<String> = head.iter().cloned().collect();
        if !only_staged.is_empty() {
            let own: Vec<&str> = head.as_deref().into_iter().collect();
            let about = "What was staged when `goldpath check --fix` replaced it\n";
            parents.push(commit(&only_staged, &own, about).map_err(failed)?);
        }
        // What an earlier run kept stays within reach.
        parents.extend(self.existing.reference(REPLACED).filter(|last| !parents.contains(last)));
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        // Where a folder took a file's place, or a file a folder's, what is committed there makes room in the tree, too.
        let of_old = |path: &&String| {
            let below = |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
            self.kept.keys().any(|kept| below(kept, path) || below(path, kept))
        };
        let gone = committed.keys().filter(|_| !self.gone.is_empty()).filter(of_old);
        let mut changes: Vec<IndexChange> =
            gone.map(|path| IndexChange { path: full(path), entries: Vec::new() }).collect();
        changes.extend(self.kept.iter().map(|(path, entry)| IndexChange::file(full(path), *entry)));
        let kept = commit(&changes, &parents, "What `goldpath check --fix` replaced\n").map_err(failed)?;
        self.existing.point(REPLACED, &kept).map_err(failed)?;
        Ok(Some(kept))
    }
}

#[cfg(unix)]
fn kind_of(metadata: &fs::Metadata) -> Kind {
    use std::os::unix::fs::PermissionsExt;
    if metadata.permissions().mode() & 0o111 == 0 { Kind::Regular } else { Kind::Executable }
}

#[cfg(not(unix))]
fn kind_of(_: &fs::Metadata) -> Kind {
    Kind::Regular
}

/// Writes through the journal: files, and what the index says of them, so that a commit has them.
fn write(work: &Work, guard: &Guard, contents: &Contents) -> Result<(), Failure> {
    let full = |path: &str| format!("{}{path}", work.existing.prefix());
    let (mut files, mut index) = (Vec::new(), Vec::new());
    for path in &work.gone {
        files.push(FileChange { path: full(path), after: None });
        index.push(IndexChange { path: full(path), entries: Vec::new() });
    }
    for (path, (entry, bytes)) in contents {
        let id: Oid = work.existing.store(bytes).map_err(Failure::failed)?;
        files.push(FileChange { path: full(path), after: Some(Entry { id, ..*entry }) });
        index.push(IndexChange::file(full(path), *entry));
    }
    let writing = Writing {
        what: match contents.len() {
            1 => "putting 1 file of the platform back".to_owned(),
            count => format!("putting {count} files of the platform back"),
        },
        files,
        index,
        head: None,
        drop_branch: None,
        pending: PendingChange::Keep,
    };
    let paths: BTreeSet<&String> = contents.keys().chain(&work.gone).collect();
    let agree = |old: &Path| {
        let prefix = work.existing.prefix();
        match edited_since(&old.join(prefix), &paths, &work.kept) {
            None => Ok(()),
            Some(path) => Err(Diagnostic::error("changed while goldpath was at work; nothing was put back")
                .place(Place::file(path))
                .hint("try again")),
        }
    };
    journal::write_if(work.existing, guard, writing, &agree).map_err(update::stopped)
}

/// The first file that is not as it was kept, in a folder with copies of what will be replaced.
fn edited_since(old: &Path, paths: &BTreeSet<&String>, kept: &Side) -> Option<String> {
    let as_kept = |path: &String| {
        let copy = old.join(path);
        let is_link = fs::symlink_metadata(&copy).is_ok_and(|found| found.is_symlink());
        let bytes = if is_link {
            fs::read_link(&copy).ok().map(|target| target.into_os_string().into_encoded_bytes())
        } else {
            fs::read(&copy).ok()
        };
        match (kept.get(path), bytes) {
            (Some(entry), Some(bytes)) => entry.id == merging::id_of(&bytes) && is_link == (entry.kind == Kind::Link),
            (None, None) => true,
            _ => false,
        }
    };
    paths.iter().find(|path| !as_kept(path)).map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_edited_since_it_was_kept_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = "a/b.txt".to_owned();
        let paths = BTreeSet::from([&path]);
        let entry = |text: &str| Entry { kind: Kind::Regular, id: merging::id_of(text.as_bytes()) };
        let kept = Side::from([(path.clone(), entry("kept"))]);
        let found = |kept: &Side| edited_since(folder.path(), &paths, kept).is_some();
        assert!(!found(&Side::new()), "it was not there, and is not");
        assert!(found(&kept), "it was there, and is gone");
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join(&path), "kept").unwrap();
        assert!(!found(&kept));
        assert!(found(&Side::new()), "it was not there, and somebody made one");
        fs::write(folder.path().join(&path), "edited").unwrap();
        assert!(found(&kept));
    }
}
