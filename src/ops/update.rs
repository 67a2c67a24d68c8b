//! Bringing a repository to another version of its blueprint, or to other answers, without anybody losing work.
//!
//! The result is worked out off the work tree, held against guardrails, and written through the journal. Where only a
//! person can settle something, it lands in git's index as a real conflict, and the version is recorded only once they
//! did: `--continue` writes it down, `--abort` puts everything back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use git2::Oid;
use serde::{Deserialize, Serialize};

use super::Failure;
use super::merging::{self, AnswerChange, Options as What, Planned, id_of, plan};
use super::policies;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::git::existing::{ABORTED, Existing, Head, IndexChange, Who};
use crate::git::{self, Commit};
use crate::guardrail::{Evaluated, Finding};
use crate::journal::{self, FileChange, Guard, PendingChange, Recovered, Writing};
use crate::lock::{CHOICES, LOCK};
use crate::merge::{Change, Entry, Kind, OUR_LABEL, Side};
use crate::prompt::Prompter;
use crate::source;

/// What is asked of [`update`].
#[derive(Debug, Default)]
pub struct Options {
    /// What the update is to come to.
    pub what: What,
    /// Write nothing.
    pub dry_run: bool,
    /// Commit the result.
    pub commit: bool,
    /// Make a branch for the result.
    pub branch: Option<String>,
}

/// How far an update has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// There was nothing to do.
    Current,
    /// It would be done, and is not: a dry run.
    Planned,
    /// It is written, and waits for a commit of the user's.
    Written,
    /// It is committed.
    Committed,
    /// It is written but for what a person has to settle.
    Conflicts,
    /// It was taken back.
    Aborted,
}

/// What [`update`] did, or with `--dry-run` would do.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The repository's root.
    pub root: PathBuf,
    /// The blueprint.
    pub blueprint: String,
    /// The version that the repository stood on; nothing where it stood on none, and is being adopted.
    pub from: Option<String>,
    /// The version that it is brought to.
    pub to: String,
    /// How far it has come.
    pub state: State,
    /// Answers that are not as they were.
    pub answers: Vec<AnswerChange>,
    /// What became of files, where there is something to say.
    pub changes: Vec<Change>,
    /// Files of the platform that are not as emitted.
    pub drift: Vec<String>,
    /// What guardrails find in the result, and would have found before.
    pub findings: Vec<Finding>,
    /// How much guardrails looked at.
    pub evaluated: Evaluated,
    /// The commit, where one was asked for.
    pub commit: Option<Commit>,
    /// What somebody should look at.
    pub warnings: Vec<Diagnostic>,
}

impl Report {
    /// The exit code that the outcome stands for: 6 where a person has to settle something.
    pub fn exit_code(&self) -> u8 {
        let open = self.changes.iter().any(|change| change.clash.is_some());
        if open && matches!(self.state, State::Conflicts | State::Planned) { 6 } else { 0 }
    }
}

/// An update that is open because of conflicts, as it is kept in git's folder.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Pending {
    version: u32,
    pub blueprint: String,
    /// Nothing where the repository stood on no version, and is being adopted.
    pub from: Option<String>,
    pub to: String,
    pub prefix: String,
    /// Where the repository stood before.
    head: Head,
    /// Where it stands.
    now: Head,
    pub conflicts: Vec<String>,
    /// The files that were touched, with mode and id of what they were.
    touched: BTreeMap<String, Option<(u32, String)>>,
    pub lock: String,
    /// `goldpath.yaml` as it will be; nothing where it is in conflict or does not change.
    choices: Option<String>,
    /// The id of `goldpath.yaml` as it lay on the disk; nothing where there was none.
    choices_before: Option<String>,
    commit: bool,
}

impl Pending {
    fn work(&self) -> Work<'_> {
        Work { from: self.from.as_deref(), blueprint: &self.blueprint, to: &self.to }
    }
}

/// What is being done, in the words of messages.
#[derive(Clone, Copy, Debug)]
struct Work<'a> {
    from: Option<&'a str>,
    blueprint: &'a str,
    to: &'a str,
}

impl Work<'_> {
    /// `the update to service 2.0.0`
    fn told(self) -> String {
        let Work { from, blueprint, to } = self;
        let what = if from.is_some() { "update to" } else { "adoption of" };
        format!("the {what} {blueprint} {to}")
    }

    /// The first line of a commit's message.
    fn title(self) -> String {
        let Work { from, blueprint, to } = self;
        match from {
            None => format!("Adopt goldpath's {blueprint} blueprint {to}"),
            Some(from) if from == to => format!("Bring goldpath's {blueprint} blueprint {to} up to date"),
            Some(from) => format!("Update goldpath's {blueprint} blueprint from {from} to {to}"),
        }
    }

    /// The command that goes on with it, or takes it back.
    fn command(self) -> &'static str {
        if self.from.is_some() { "goldpath update" } else { "goldpath adopt" }
    }
}

/// Finishes or undoes what a goldpath that was cut off had begun in the repository that a path lies in. Says what it did.
///
/// # Errors
/// Where neither can be done without loss.
pub fn recover(path: &Path) -> Result<Option<String>, Failure> {
    // A path that is no repository is not this function's to complain about.
    let Ok(Some(existing)) = Existing::open(path) else { return Ok(None) };
    Ok(match journal::recover(&existing).map_err(Failure::failed)? {
        Recovered::Nothing => None,
        Recovered::Finished(what) => Some(format!("finished {what}, which had been cut off")),
        Recovered::Undone(what) => Some(format!("undid {what}, which had been cut off; everything is as before it")),
    })
}

/// Updates a repository. Without a prompter nothing is asked.
///
/// # Errors
/// See [`Failure`]; in every case work tree, index and branches are as they were.
pub fn update(options: &Options, prompter: Option<&mut dyn Prompter>) -> Result<Report, Failure> {
    let (_, existing) = here(&options.what.path)?;
    let begun = begin(&existing, "goldpath update", options.dry_run, options.commit, options.branch.as_deref())?;
    let planned = plan(&options.what, prompter)?;
    carry_out(&planned, begun)
}

/// The repository of goldpath's that a path lies in, with nothing open in it.
///
/// # Errors
/// Where there is none, or conflicts are open: those of an adoption that has no lock yet, too.
pub(super) fn here(path: &Path) -> Result<(PathBuf, Existing), Failure> {
    if let Ok(Some(around)) = Existing::open(path) {
        not_open(&around)?;
    }
    let root = super::check::root(path)?;
    let existing = merging::open(&root)?;
    Ok((root, existing))
}

/// What is settled before anything is worked out: who writes, and where to.
pub(super) struct Begun {
    guard: Option<Guard>,
    branch: Option<String>,
    who: Option<(Who, bool)>,
}

/// Makes sure that the result can be written; a dry run keeps nobody out.
///
/// # Errors
/// Another goldpath at work, an open update, a branch that can't be made, a committer that is not known.
pub(super) fn begin(
    existing: &Existing,
    command: &str,
    dry_run: bool,
    commit: bool,
    branch: Option<&str>,
) -> Result<Begun, Failure> {
    let guard = if dry_run { None } else { Some(Guard::take(existing, command).map_err(Failure::failed)?) };
    not_open(existing)?;
    let branch = branch.map(|name| existing.new_branch(name)).transpose().map_err(Failure::invalid)?;
    let who = if commit { Some(committer(existing)?) } else { None };
    Ok(Begun { guard, branch, who })
}

/// Writes what was worked out, or in a dry run only says what it is.
///
/// # Errors
/// What guardrails forbid, and what can't be written; then everything is as it was.
pub(super) fn carry_out(planned: &Planned, begun: Begun) -> Result<Report, Failure> {
    let mut report = report(planned);
    if planned.verdict.denies() {
        let (findings, unread) = (planned.verdict.new.clone(), planned.verdict.unread.clone());
        return Err(Failure::Denied { findings, unread });
    }
    if planned.is_nothing() {
        report.state = State::Current;
        return Ok(report);
    }
    let Some(guard) = begun.guard else { return Ok(report) };
    if begun.who.as_ref().is_some_and(|(_, signs)| *signs) {
        report.warnings.push(
            Diagnostic::warning("you sign your commits; this one is not signed")
                .hint("`git commit --amend --no-edit --gpg-sign` signs it"),
        );
    }
    let who = begun.who.map(|(who, _)| who);
    report.commit = write(planned, &guard, begun.branch, who.as_ref())?;
    report.state = match (&report.commit, planned.merged.conflicts.is_empty()) {
        (_, false) => State::Conflicts,
        (Some(_), _) => State::Committed,
        (None, _) => State::Written,
    };
    Ok(report)
}

/// Who commits in this repository, and whether they sign.
fn committer(existing: &Existing) -> Result<(Who, bool), Failure> {
    let settings = git::settings_in(existing.root()).map_err(|problem| {
        Failure::failed(Diagnostic {
            message: if problem.hint.is_some() {
                "git doesn't know who makes the commit".to_owned()
            } else {
                problem.message.clone()
            },
            ..problem
        })
    })?;
    Ok((Who::User { name: settings.name, email: settings.email }, settings.signs))
}

/// Refuses to begin a second update.
pub(super) fn not_open(existing: &Existing) -> Result<(), Failure> {
    match open_update(existing)? {
        None => Ok(()),
        Some(pending) => Err(Failure::Conflicts(
            Diagnostic::error(format!(
                "{} is open: {} files are in conflict",
                pending.work().told(),
                pending.conflicts.len()
            ))
            .hint(format!("settle them and `{0} --continue`, or take it back: `{0} --abort`", pending.work().command()))
            .into(),
        )),
    }
}

/// The update that is open in a repository, of whichever folder.
pub(super) fn open_update(existing: &Existing) -> Result<Option<Pending>, Failure> {
    let Some(text) = journal::pending(existing) else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        Failure::failed(
            Diagnostic::error(format!("the record of the open update can't be read: {error}"))
                .hint("use the goldpath that began it"),
        )
    })
}

fn report(planned: &Planned) -> Report {
    Report {
        root: planned.root.clone(),
        blueprint: planned.blueprint.clone(),
        from: planned.from.as_ref().map(ToString::to_string),
        to: planned.to.to_string(),
        state: State::Planned,
        answers: planned.answers.clone(),
        changes: planned.merged.changes.clone(),
        drift: planned.drift.clone(),
        findings: planned.verdict.old.iter().chain(&planned.verdict.new).cloned().collect(),
        evaluated: planned.verdict.evaluated,
        commit: None,
        warnings: planned.warnings.clone(),
    }
}

fn write(
    planned: &Planned,
    guard: &Guard,
    branch: Option<String>,
    who: Option<&Who>,
) -> Result<Option<Commit>, Failure> {
    let (from, to) = (planned.from.as_ref().map(ToString::to_string), planned.to.to_string());
    let work = Work { from: from.as_deref(), blueprint: &planned.blueprint, to: &to };
    let existing = &planned.existing;
    let prefix = existing.prefix();
    let open = !planned.merged.conflicts.is_empty();
    let mut result = planned.merged.tree.clone();
    let lock = Entry { kind: Kind::Regular, id: id_of(planned.lock.as_bytes()) };
    let mut before = planned.ours.clone();
    if let Some(text) = &planned.lock_before {
        before.insert(LOCK.to_owned(), Entry { kind: Kind::Regular, id: id_of(text.as_bytes()) });
    }
    result.insert(LOCK.to_owned(), lock);
    // No version is recorded as reached while a conflict is open.
    let choices = result.get(CHOICES).copied().filter(|entry| before.get(CHOICES) != Some(entry));
    if open {
        restore(&mut result, &before, LOCK);
        if result.contains_key(CHOICES) {
            restore(&mut result, &before, CHOICES);
        }
    }
    let mut files = Vec::new();
    let mut index = Vec::new();
    let mut touched = BTreeMap::new();
    let conflicts: BTreeMap<&str, _> =
        planned.merged.conflicts.iter().map(|conflict| (conflict.path.as_str(), conflict)).collect();
    let paths: BTreeSet<&String> =
        before.keys().chain(result.keys()).chain(planned.merged.conflicts.iter().map(|c| &c.path)).collect();
    for path in paths {
        let full = format!("{prefix}{path}");
        let (old, new) = (before.get(path), result.get(path));
        if let Some(conflict) = conflicts.get(path.as_str()) {
            let stages = [conflict.base, conflict.ours, conflict.theirs].into_iter().zip(1..);
            let entries = stages.filter_map(|(entry, stage)| entry.map(|e| (stage, e.kind.git(), e.id.to_string())));
            index.push(IndexChange { path: full.clone(), entries: entries.collect() });
            if conflict.shown.as_ref() != old && conflict.shown.is_some() {
                files.push(FileChange { path: full, after: conflict.shown });
            }
            touched.insert(path.clone(), old.map(|entry| (entry.kind.git(), entry.id.to_string())));
            continue;
        }
        if old == new {
            continue;
        }
        files.push(FileChange { path: full.clone(), after: new.copied() });
        index.push(IndexChange {
            path: full,
            entries: new.iter().map(|entry| (0, entry.kind.git(), entry.id.to_string())).collect(),
        });
        touched.insert(path.clone(), old.map(|entry| (entry.kind.git(), entry.id.to_string())));
    }
    // `goldpath.yaml` may have been edited without being staged.
    if let Some(entry) = result.get(CHOICES).filter(|_| !open) {
        index.push(IndexChange::file(format!("{prefix}{CHOICES}"), *entry));
    }
    in_the_way(planned, &files)?;

    let failed = Failure::failed;
    for bytes in planned.contents.values().chain(planned.merged.blobs.values()) {
        existing.store(bytes).map_err(failed)?;
    }
    existing.store(planned.lock.as_bytes()).map_err(failed)?;
    let about = format!("{} {} as emitted\n", planned.blueprint, planned.to);
    existing.record_pristine(&planned.pristine, &about).map_err(failed)?;

    let mut now = Head { branch: branch.or_else(|| planned.head.branch.clone()), commit: planned.head.commit.clone() };
    let mut commit = None;
    if let (Some(who), false) = (who, open) {
        let tree = existing.tree_with(Some(&planned.head.commit), &index).map_err(failed)?;
        let message = format!("{}\n\nThe answers stand in {CHOICES}.\n", work.title());
        now.commit = existing.commit(tree, &[&planned.head.commit], who, &message).map_err(failed)?;
        let name = now.branch.as_deref().map(|name| name.trim_start_matches("refs/heads/").to_owned());
        commit = Some(Commit { id: now.commit.clone(), branch: name.unwrap_or_else(|| "a detached HEAD".to_owned()) });
    }
    let pending = if open {
        let text = |entry: Entry| planned.content(entry.id).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let pending = Pending {
            version: 1,
            blueprint: planned.blueprint.clone(),
            from: from.clone(),
            to: to.clone(),
            prefix: prefix.to_owned(),
            head: planned.head.clone(),
            now: now.clone(),
            conflicts: conflicts.keys().map(|path| (*path).to_owned()).collect(),
            touched,
            lock: planned.lock.clone(),
            choices: choices.filter(|_| !conflicts.contains_key(CHOICES)).and_then(text),
            choices_before: planned.ours.get(CHOICES).map(|entry| entry.id.to_string()),
            commit: who.is_some(),
        };
        PendingChange::Write(serde_json::to_string_pretty(&pending).unwrap_or_default())
    } else {
        PendingChange::Keep
    };
    let writing = Writing {
        what: work.told(),
        files,
        index,
        head: (now != planned.head).then(|| (now, planned.head.clone())),
        drop_branch: None,
        pending,
    };
    journal::write(existing, guard, writing).map_err(stopped)?;
    Ok(commit)
}

fn restore(result: &mut Side, before: &Side, path: &str) {
    match before.get(path) {
        Some(entry) => drop(result.insert(path.to_owned(), *entry)),
        None => drop(result.remove(path)),
    }
}

pub(super) fn stopped(problem: Diagnostic) -> Failure {
    if crate::workdir::INTERRUPTED.load(std::sync::atomic::Ordering::SeqCst) {
        return Failure::Cancelled;
    }
    Failure::failed(problem)
}

/// Whether a path leads through a symbolic link.
fn behind_link(root: &Path, path: &str) -> bool {
    path.match_indices('/').any(|(at, _)| root.join(&path[..at]).is_symlink())
}

/// Files that nobody committed, and edits that git does not see, that something new would take the place of.
fn in_the_way(planned: &Planned, files: &[FileChange]) -> Result<(), Failure> {
    let existing = &planned.existing;
    let mut problems = Diagnostics::new();
    for change in files.iter().filter(|change| change.after.is_some()) {
        let own = change.path.strip_prefix(existing.prefix()).unwrap_or(&change.path);
        if planned.ours.contains_key(own) || own == LOCK {
            continue;
        }
        if std::fs::symlink_metadata(existing.root().join(&change.path)).is_ok() {
            problems.push(
                Diagnostic::error("is in the way of a new file, and not committed")
                    .place(Place::file(change.path.clone()))
                    .hint("commit it, or move it away, then try again"),
            );
            continue;
        }
        // What is no folder, or is one elsewhere, can't hold the new file.
        let above = change.path.match_indices('/').map(|(at, _)| &change.path[..at]);
        let blocked = above.filter(|above| above.len() >= existing.prefix().len()).find(|above| {
            let own = above.strip_prefix(existing.prefix()).unwrap_or(above);
            let there = std::fs::symlink_metadata(existing.root().join(above));
            there.is_ok_and(|found| !found.is_dir()) && !planned.ours.contains_key(own)
        });
        if let Some(above) = blocked {
            let message = format!("is in the way of the new file `{}`, and not committed", change.path);
            problems.push(
                Diagnostic::error(message).place(Place::file(above)).hint("commit it, or move it away, then try again"),
            );
        }
    }
    for change in files.iter().filter(|change| existing.is_hidden_edit(&change.path)) {
        problems.push(
            Diagnostic::error("has edits that git was told not to look at, and would be overwritten")
                .place(Place::file(change.path.clone()))
                .hint(format!(
                    "let git see it: `git update-index --no-assume-unchanged --no-skip-worktree {}`, and commit it",
                    change.path
                )),
        );
    }
    problems.into_result(()).map_err(Failure::from)
}

/// Goes on with an update whose conflicts are settled.
///
/// # Errors
/// Where no update is open, where something is not settled yet, and what guardrails forbid.
pub fn go_on(options: &What) -> Result<Report, Failure> {
    let (existing, guard, pending) = opened(options)?;
    let root = existing.root().join(existing.prefix());
    unsettled(&existing, &root, &pending)?;
    let head = existing.head().map_err(Failure::failed)?.unwrap_or_else(|| pending.now.clone());
    let mut after = existing.staged().map_err(Failure::failed)?;

    if pending.from.is_none() && std::fs::symlink_metadata(root.join(LOCK)).is_ok() {
        return Err(Failure::invalid(
            Diagnostic::error(format!("appeared while {} is open, and would be overwritten", pending.work().told()))
                .place(Place::file(LOCK))
                .hint("move it away, then go on"),
        ));
    }
    let mut writes: Vec<(&str, &str)> = vec![(LOCK, pending.lock.as_str())];
    if let Some(choices) = &pending.choices {
        let is = super::own_file(&root, CHOICES).ok().map(|bytes| id_of(&bytes).to_string());
        if is != pending.choices_before && is != Some(id_of(choices.as_bytes()).to_string()) {
            return Err(Failure::invalid(
                Diagnostic::error(format!(
                    "was edited while {} is open, and would be overwritten",
                    pending.work().told()
                ))
                .place(Place::file(CHOICES))
                .hint("put it back as it was, go on, and edit it again then"),
            ));
        }
        writes.push((CHOICES, choices));
    }
    let mut files = Vec::new();
    let mut index = Vec::new();
    for (path, text) in writes {
        let entry = Entry { kind: Kind::Regular, id: existing.store(text.as_bytes()).map_err(Failure::failed)? };
        let full = format!("{}{path}", existing.prefix());
        after.insert(path.to_owned(), entry);
        files.push(FileChange { path: full.clone(), after: Some(entry) });
        index.push(IndexChange::file(full, entry));
    }
    let verdict = judged(options, &existing, &pending, &after)?;
    if verdict.denies() {
        return Err(Failure::Denied { findings: verdict.new, unread: verdict.unread });
    }
    let mut now = head.clone();
    let mut commit = None;
    if pending.commit {
        let (who, _) = committer(&existing)?;
        let tree = existing.tree_of_index(&index).map_err(Failure::failed)?;
        let message = format!("{}\n", pending.work().title());
        now.commit = existing.commit(tree, &[&head.commit], &who, &message).map_err(Failure::failed)?;
        let name = now.branch.as_deref().map(|name| name.trim_start_matches("refs/heads/").to_owned());
        commit = Some(Commit { id: now.commit.clone(), branch: name.unwrap_or_else(|| "a detached HEAD".to_owned()) });
    }
    let writing = Writing {
        what: format!("the end of {}", pending.work().told()),
        files,
        index,
        head: (now != head).then_some((now, head)),
        drop_branch: None,
        pending: PendingChange::Close,
    };
    journal::write(&existing, &guard, writing).map_err(stopped)?;
    let state = if commit.is_some() { State::Committed } else { State::Written };
    Ok(Report { commit, findings: verdict.old, evaluated: verdict.evaluated, ..bare(&existing, &pending, state) })
}

fn bare(existing: &Existing, pending: &Pending, state: State) -> Report {
    Report {
        root: existing.root().join(existing.prefix()),
        blueprint: pending.blueprint.clone(),
        from: pending.from.clone(),
        to: pending.to.clone(),
        state,
        answers: Vec::new(),
        changes: Vec::new(),
        drift: Vec::new(),
        findings: Vec::new(),
        evaluated: Evaluated::default(),
        commit: None,
        warnings: Vec::new(),
    }
}

/// What is open in the repository that a path lies in. The record of it says where: an adoption has no lock yet that
/// could be looked for.
fn opened(options: &What) -> Result<(Existing, Guard, Pending), Failure> {
    let folder = std::fs::canonicalize(&options.path).map_err(|error| {
        Failure::invalid(Diagnostic::error(format!("`{}` can't be read: {error}", options.path.display())))
    })?;
    let around = merging::open(&folder)?;
    let guard = Guard::take(&around, "goldpath update").map_err(Failure::failed)?;
    let Some(pending) = open_update(&around)? else {
        return Err(Failure::invalid(
            Diagnostic::error("no update is open here").hint("`goldpath update` or `goldpath adopt` begins one"),
        ));
    };
    let root = around.root().join(&pending.prefix);
    if !folder.starts_with(&root) {
        let hint = format!(
            "go there: `goldpath -C {} {} …`",
            root.display(),
            pending.work().command().replace("goldpath ", "")
        );
        return Err(Failure::invalid(
            Diagnostic::error(format!("what is open is that of `{}`", pending.prefix)).hint(hint),
        ));
    }
    Ok((merging::open(&root)?, guard, pending))
}

/// Refuses while the index has conflicts, or a file has their markers.
fn unsettled(existing: &Existing, root: &Path, pending: &Pending) -> Result<(), Failure> {
    let mut problems = Diagnostics::new();
    let open = existing.in_conflict().map_err(Failure::failed)?;
    for path in &open {
        let hint = format!("settle it, then `git add {path}`, or `git rm {path}` if it is to go");
        problems.push(Diagnostic::error("is still in conflict").place(Place::file(path.clone())).hint(hint));
    }
    for path in pending.conflicts.iter().filter(|path| !open.contains(*path)) {
        let Ok(text) = std::fs::read(root.join(path)) else { continue };
        if let Some(line) = marker(&String::from_utf8_lossy(&text)) {
            let hint = "keep what is right and remove the lines with the markers, then `git add` it";
            problems.push(
                Diagnostic::error("has the markers of a conflict").place(Place::line(path.clone(), line)).hint(hint),
            );
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::Conflicts(problems)) }
}

/// The line of the first marker of a conflict that an update left, counted from 1.
pub(super) fn marker(text: &str) -> Option<usize> {
    let start = format!("<<<<<<< {OUR_LABEL}");
    let found = text.lines().position(|line| line == start || line.starts_with(">>>>>>> ") && text.contains(&start));
    found.map(|line| line + 1)
}

/// What guardrails say to the settled result.
fn judged(options: &What, existing: &Existing, pending: &Pending, after: &Side) -> Result<merging::Verdict, Failure> {
    let content = |id: Oid| existing.content(id);
    let before: Side = {
        let mut side = after.clone();
        for (path, was) in &pending.touched {
            let entry = was
                .as_ref()
                .and_then(|(mode, id)| Some(Entry { kind: Kind::of_git(*mode)?, id: Oid::from_str(id).ok()? }));
            match entry {
                Some(entry) => drop(side.insert(path.clone(), entry)),
                None => drop(side.remove(path)),
            }
        }
        side
    };
    let (before, after) = (merging::tree(&before, &content), merging::tree(after, &content));
    let library = source::library(options.blueprints.as_deref())?;
    let own = super::check::own_policies(&after, &library.tree);
    let named = policies::of_repository(&existing.root().join(existing.prefix()))?;
    merging::compare(&policies::load(&own, &named)?, &before, &after, options.today)
}

/// Takes an open update back. What the user had settled so far stays in git.
///
/// # Errors
/// Where no update is open, or where something was committed since.
pub fn abort(options: &What) -> Result<Report, Failure> {
    let (existing, guard, pending) = opened(options)?;
    let head = existing.head().map_err(Failure::failed)?;
    if head.as_ref() != Some(&pending.now) {
        return Err(Failure::invalid(
            Diagnostic::error("something was committed since the update began, so that it can't be taken back")
                .hint("`goldpath update --continue` finishes it; `git revert` undoes commits"),
        ));
    }
    let root = existing.root().join(existing.prefix());
    let mut kept = Vec::new();
    let mut files = Vec::new();
    let mut index = Vec::new();
    let committed = existing.committed().map_err(Failure::failed)?;
    for (path, was) in &pending.touched {
        let full = format!("{}{path}", existing.prefix());
        let entry =
            was.as_ref().and_then(|(mode, id)| Some(Entry { kind: Kind::of_git(*mode)?, id: Oid::from_str(id).ok()? }));
        if behind_link(&root, path) {
            // Nothing was ever written there: the link is in the way of the blueprint's file.
            kept.push(IndexChange { path: full.clone(), entries: Vec::new() });
        } else if std::fs::symlink_metadata(root.join(path)).is_ok_and(|found| found.is_file()) {
            let id = existing.store_file(&full).map_err(Failure::failed)?;
            let kind = entry.map_or(Kind::Regular, |entry| entry.kind);
            kept.push(IndexChange::file(full.clone(), Entry { kind, id }));
            files.push(FileChange { path: full.clone(), after: entry });
        } else {
            kept.push(IndexChange { path: full.clone(), entries: Vec::new() });
            files.push(FileChange { path: full.clone(), after: entry });
        }
        let staged = committed.get(path).map(|entry| (0, entry.kind.git(), entry.id.to_string()));
        index.push(IndexChange { path: full, entries: staged.into_iter().collect() });
    }
    let tree = existing.tree_with(Some(&pending.now.commit), &kept).map_err(Failure::failed)?;
    let about = format!("What stood there when {} was taken back\n", pending.work().told());
    // What was kept when an earlier update was taken back stays reachable.
    let earlier = existing.reference(ABORTED).filter(|earlier| *earlier != pending.now.commit);
    let parents: Vec<&str> = [pending.now.commit.as_str()].into_iter().chain(earlier.as_deref()).collect();
    let saved = existing.commit(tree, &parents, &Who::Goldpath, &about).map_err(Failure::failed)?;
    existing.point(ABORTED, &saved).map_err(Failure::failed)?;
    let writing = Writing {
        what: format!("taking back {}", pending.work().told()),
        files,
        index,
        head: (pending.now != pending.head).then(|| (pending.head.clone(), pending.now.clone())),
        drop_branch: pending.now.branch.clone().filter(|_| pending.now.branch != pending.head.branch),
        pending: PendingChange::Close,
    };
    journal::write(&existing, &guard, writing).map_err(stopped)?;
    Ok(bare(&existing, &pending, State::Aborted))
}
