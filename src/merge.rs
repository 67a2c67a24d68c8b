//! The three-way merge of trees that an update is: what was emitted, what the user made of it, what is emitted now.
//!
//! It is pure: sides are paths with git's ids of their contents, contents come from whoever calls, and nothing is written.
//! Moves come first and are brought to all sides, so that edits travel with their files; after that every path is judged
//! on its own, by git's rules: what one side changed is taken, what both changed is merged line by line, and what can't be
//! is a [`Conflict`]. Three rules are goldpath's own: files of the team are left alone, what the user deleted stays deleted
//! until they ask for it, and an empty file of theirs is not filled.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use git2::{MergeFileInput, MergeFileOptions, ObjectType, Oid};

use crate::tree::Mode;

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file.
    Regular,
    /// A file that can be run.
    Executable,
    /// A symbolic link.
    Link,
    /// Another repository.
    Submodule,
}

impl Kind {
    /// The mode as git writes it.
    pub fn git(self) -> u32 {
        match self {
            Kind::Regular => 0o100_644,
            Kind::Executable => 0o100_755,
            Kind::Link => 0o120_000,
            Kind::Submodule => 0o160_000,
        }
    }

    /// Reads a mode of git's; nothing where it is a folder's.
    pub fn of_git(mode: u32) -> Option<Self> {
        match mode & 0o170_000 {
            0o100_000 if mode & 0o111 == 0 => Some(Kind::Regular),
            0o100_000 => Some(Kind::Executable),
            0o120_000 => Some(Kind::Link),
            0o160_000 => Some(Kind::Submodule),
            _ => None,
        }
    }

    fn is_file(self) -> bool {
        matches!(self, Kind::Regular | Kind::Executable)
    }
}

impl From<Mode> for Kind {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Regular => Kind::Regular,
            Mode::Executable => Kind::Executable,
        }
    }
}

/// A file of a side: what it is, and git's id of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Git's id of what is in it.
    pub id: Oid,
}

/// The files of one side, by path.
pub type Side = BTreeMap<String, Entry>;

/// Where a row of the blueprint moves a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The new path.
    pub to: String,
    /// Whether the row names the path itself, and not a folder above it.
    pub whole: bool,
    /// Which row it is.
    pub row: usize,
}

/// The rows of one version, as where they move a path.
pub type Rows<'a> = dyn Fn(&str) -> Option<Target> + 'a;

/// What is merged.
pub struct Request<'a> {
    /// What was emitted last time.
    pub base: Side,
    /// What the user has.
    pub ours: Side,
    /// What is emitted now.
    pub theirs: Side,
    /// Paths that belong to the team, as they were called last time.
    pub team_before: BTreeSet<String>,
    /// Paths that belong to the team now.
    pub team: BTreeSet<String>,
    /// The moves of the blueprint, version by version.
    pub moves: Vec<Box<Rows<'a>>>,
    /// Paths that the blueprint removed on purpose, as they are called after all moves.
    pub removed: &'a dyn Fn(&str) -> bool,
    /// Paths that the user deleted and wants back.
    pub restore: BTreeSet<String>,
    /// What the markers of a conflict call what was emitted last time.
    pub base_label: String,
    /// What the markers of a conflict call what is emitted now.
    pub their_label: String,
    /// Whether to keep both sides where what was emitted last time can't be had.
    pub two_way: bool,
    /// The content behind an id.
    pub bytes: &'a dyn Fn(Oid) -> Option<Vec<u8>>,
}

/// How the markers of a conflict call the user's side.
pub const OUR_LABEL: &str = "yours";

/// What became of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is new.
    Added,
    /// The user had not touched it, and it is now as emitted.
    Updated,
    /// Both had changed it, in different places.
    Merged,
    /// It moved, and is otherwise as it was.
    Moved,
    /// It is no longer emitted, and the user had not touched it.
    Removed,
    /// The user's edits stand; the blueprint has nothing new, or the file is the team's.
    Kept,
    /// The user deleted it, and the blueprint has changed it since.
    Deleted,
    /// Both changed it, in a way that only a person can settle.
    Conflict,
}

/// What became of one path, for the summary.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// Where it is now.
    pub path: String,
    /// Where it was, if the blueprint moved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where the blueprint has it, if the user moved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emitted: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why only a person can settle it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clash: Option<Clash>,
}

/// Why two changes can't be brought together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Clash {
    /// Both changed the same lines.
    Lines,
    /// Both changed what is no text, or it is a link on one side and a file on the other.
    Content,
    /// Both brought a file of that name.
    Added,
    /// The user edited what is no longer emitted.
    Removed,
    /// The new file can't be where the user has something else.
    Blocked,
}

impl Clash {
    /// What it says of a file.
    pub fn told(self) -> &'static str {
        match self {
            Clash::Lines => "you and the blueprint changed the same lines",
            Clash::Content => "you and the blueprint changed it, and it can't be merged by lines",
            Clash::Added => "you and the blueprint both brought a file of that name",
            Clash::Removed => "you changed it, and the blueprint no longer has it",
            Clash::Blocked => {
                "the blueprint's new file can't be there: you have a folder, a file or another spelling in its way"
            }
        }
    }
}

/// A path that only a person can settle, as git's index records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The path.
    pub path: String,
    /// Why.
    pub clash: Clash,
    /// Stage 1: what was emitted last time.
    pub base: Option<Entry>,
    /// Stage 2: what the user has.
    pub ours: Option<Entry>,
    /// Stage 3: what is emitted now.
    pub theirs: Option<Entry>,
    /// What stands in the work tree meanwhile.
    pub shown: Option<Entry>,
}

/// What came of a merge.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// All files that are settled.
    pub tree: Side,
    /// All that are not.
    pub conflicts: Vec<Conflict>,
    /// What became of the paths that goldpath emits or emitted, where there is something to say.
    pub changes: Vec<Change>,
    /// Contents that neither side had.
    pub blobs: HashMap<Oid, Vec<u8>>,
    /// Paths whose last emitted content is needed, and could not be had.
    pub missing: Vec<String>,
}

/// Merges.
pub fn merge(request: Request) -> Merged {
    let mut work = Work {
        base: request.base.clone(),
        ours: request.ours.clone(),
        theirs: request.theirs.clone(),
        team_before: request.team_before.clone(),
        team: request.team.clone(),
        origin: BTreeMap::new(),
        emitted: BTreeMap::new(),
        orphans: BTreeSet::new(),
        out: Merged::default(),
        request,
    };
    for step in 0..work.request.moves.len() {
        work.declared(step);
    }
    work.blueprints_renames();
    work.users_renames();
    work.judge_all();
    work.out.changes.sort_by(|a, b| a.path.cmp(&b.path));
    work.out
}

/// Git's id of a content.
fn id_of(bytes: &[u8]) -> Oid {
    Oid::hash_object(ObjectType::Blob, bytes).unwrap_or(Oid::ZERO_SHA1)
}

struct Work<'a> {
    request: Request<'a>,
    base: Side,
    ours: Side,
    theirs: Side,
    team_before: BTreeSet<String>,
    team: BTreeSet<String>,
    /// Paths that the blueprint moved: where they are now, and where the user had them.
    origin: BTreeMap<String, String>,
    /// Paths that the user moved: where they have them, and where the blueprint emits them.
    emitted: BTreeMap<String, String>,
    /// Paths that the user moved and the blueprint no longer has.
    orphans: BTreeSet<String>,
    out: Merged,
}

impl Work<'_> {
    /// The moves of one version of the blueprint.
    fn declared(&mut self, step: usize) {
        let mut pairs = BTreeMap::new();
        let mut folders = BTreeSet::new();
        for path in self.base.keys() {
            if let Some(target) = (self.request.moves[step])(path).filter(|target| target.to != *path) {
                if !target.whole {
                    folders.insert(target.row);
                }
                pairs.insert(path.clone(), target.to);
            }
        }
        // What the user put into a folder that moves goes along.
        for path in self.ours.keys().filter(|path| !self.base.contains_key(*path)) {
            if let Some(target) =
                (self.request.moves[step])(path).filter(|target| !target.whole && folders.contains(&target.row))
            {
                pairs.insert(path.clone(), target.to);
            }
        }
        self.relocate(pairs);
    }

    /// Moves paths of the base and of the user's side, except onto what the user has there already.
    fn relocate(&mut self, mut pairs: BTreeMap<String, String>) {
        let mut seen = BTreeSet::new();
        pairs.retain(|_, to| seen.insert(to.clone()));
        loop {
            let stay = self.ours.keys().filter(|path| !pairs.contains_key(*path));
            let mut taken = Folded::default();
            stay.for_each(|path| taken.add(path));
            let blocked: Vec<String> = pairs
                .iter()
                .filter(|(from, to)| {
                    let base_taken = self.base.contains_key(*to) && !pairs.contains_key(*to);
                    base_taken || (self.ours.contains_key(*from) && taken.blocks(to).is_some())
                })
                .map(|(from, _)| from.clone())
                .collect();
            if blocked.is_empty() {
                break;
            }
            blocked.iter().for_each(|from| drop(pairs.remove(from)));
        }
        let move_all = |side: &mut Side| {
            let taken: Vec<_> = pairs.iter().filter_map(|(from, to)| Some((to, side.remove(from)?))).collect();
            side.extend(taken.into_iter().map(|(to, entry)| (to.clone(), entry)));
        };
        let before: BTreeSet<String> = pairs.keys().filter(|from| self.ours.contains_key(*from)).cloned().collect();
        move_all(&mut self.base);
        move_all(&mut self.ours);
        rename_in(&mut self.team_before, &pairs);
        let mut origins = Vec::new();
        for (from, to) in &pairs {
            let origin = self.origin.remove(from);
            if before.contains(from) {
                origins.push((to.clone(), origin.unwrap_or_else(|| from.clone())));
            }
        }
        self.origin.extend(origins);
    }

    /// Files that the blueprint moved without saying so.
    fn blueprints_renames(&mut self) {
        let gone = self.base.iter().filter(|(path, _)| {
            !self.theirs.contains_key(*path) && !(self.request.removed)(path) && !self.team_before.contains(*path)
        });
        let new = self.theirs.iter().filter(|(path, _)| !self.base.contains_key(*path));
        let pairs = self.renames(gone, new);
        self.relocate(pairs);
    }

    /// Files that the user moved: what the blueprint has for the old path belongs to the new one.
    fn users_renames(&mut self) {
        let gone = self.base.iter().filter(|(path, _)| !self.ours.contains_key(*path));
        let new =
            self.ours.iter().filter(|(path, _)| !self.base.contains_key(*path) && !self.theirs.contains_key(*path));
        for (from, to) in self.renames(gone, new) {
            if let Some(entry) = self.theirs.remove(&from) {
                self.theirs.insert(to.clone(), entry);
            } else {
                self.orphans.insert(to.clone());
            }
            if let Some(entry) = self.base.remove(&from) {
                self.base.insert(to.clone(), entry);
            }
            let pair = BTreeMap::from([(from.clone(), to.clone())]);
            rename_in(&mut self.team_before, &pair);
            rename_in(&mut self.team, &pair);
            self.emitted.insert(to, from);
        }
    }

    /// Pairs what is gone with what is new, as git does: the same content first, then the same name with much of the
    /// content, then half of the content.
    fn renames<'s>(
        &self,
        gone: impl Iterator<Item = (&'s String, &'s Entry)>,
        new: impl Iterator<Item = (&'s String, &'s Entry)>,
    ) -> BTreeMap<String, String> {
        let empty = id_of(b"");
        let usable = |entry: &Entry| entry.kind.is_file() && entry.id != empty;
        let mut gone: Vec<(&String, Oid)> =
            gone.filter(|(_, entry)| usable(entry)).map(|(path, entry)| (path, entry.id)).collect();
        let mut new: Vec<(&String, Oid)> =
            new.filter(|(_, entry)| usable(entry)).map(|(path, entry)| (path, entry.id)).collect();
        let mut pairs = BTreeMap::new();
        // The same content, under the same name if there is one.
        for same_name in [true, false] {
            new.retain(|(to, id)| {
                let found = gone
                    .iter()
                    .position(|(from, other)| id == other && (!same_name || base_name(from) == base_name(to)));
                found.inspect(|at| drop(pairs.insert(gone.remove(*at).0.clone(), (*to).clone()))).is_none()
            });
        }
        if gone.is_empty() || new.is_empty() {
            return pairs;
        }
        let chunks = |files: &[(&String, Oid)]| -> Vec<Option<Chunks>> {
            files.iter().map(|(_, id)| self.content(*id).map(|bytes| Chunks::of(&bytes))).collect()
        };
        let (old, fresh) = (chunks(&gone), chunks(&new));
        let alike = |from: usize, to: usize| match (&old[from], &fresh[to]) {
            (Some(from), Some(to)) => from.alike(to),
            _ => 0.0,
        };
        let mut scores: Vec<(bool, f64, usize, usize)> = Vec::new();
        let count = |files: &[(&String, Oid)], name: &str| files.iter().filter(|(p, _)| base_name(p) == name).count();
        for (from, (path, _)) in gone.iter().enumerate() {
            let name = base_name(path);
            if count(&gone, name) == 1 && count(&new, name) == 1 {
                let to = new.iter().position(|(path, _)| base_name(path) == name).unwrap_or(0);
                let score = alike(from, to);
                if score >= SAME_NAME_ALIKE {
                    scores.push((true, score, from, to));
                }
            }
        }
        if gone.len().saturating_mul(new.len()) <= RENAME_PAIRS {
            for from in 0..gone.len() {
                scores.extend((0..new.len()).map(|to| (false, alike(from, to), from, to)).filter(|s| s.1 >= ALIKE));
            }
        }
        scores.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
        let (mut from_used, mut to_used) = (BTreeSet::new(), BTreeSet::new());
        for (_, _, from, to) in scores {
            if !from_used.contains(&from) && !to_used.contains(&to) {
                from_used.insert(from);
                to_used.insert(to);
                pairs.insert(gone[from].0.clone(), new[to].0.clone());
            }
        }
        pairs
    }

    fn content(&self, id: Oid) -> Option<Vec<u8>> {
        (self.request.bytes)(id)
    }

    fn judge_all(&mut self) {
        let paths: BTreeSet<String> = self.base.keys().chain(self.theirs.keys()).cloned().collect();
        let own: Vec<(String, Entry)> =
            self.ours.iter().filter(|(path, _)| !paths.contains(*path)).map(|(p, e)| (p.clone(), *e)).collect();
        for (path, entry) in own {
            // What the user put into a folder that moved.
            if let Some(from) = self.origin.get(&path).cloned() {
                self.change(&path, Some(from), Outcome::Moved, None);
            }
            self.out.tree.insert(path, entry);
        }
        let mut taken = Folded::default();
        for path in self.ours.keys() {
            let gone = self.base.get(path) == self.ours.get(path) && !self.theirs.contains_key(path);
            if !gone || self.is_team(path) || self.orphans.contains(path) {
                taken.add(path);
            }
        }
        for path in paths {
            let (base, ours, theirs) =
                (self.base.get(&path).copied(), self.ours.get(&path).copied(), self.theirs.get(&path).copied());
            if ours.is_none() && theirs.is_some() && (base.is_none() || self.request.restore.contains(&path)) {
                if taken.blocks(&path).is_some() {
                    self.conflict(&path, Clash::Blocked, None, None, theirs, None);
                    continue;
                }
                taken.add(&path);
            }
            self.judge(&path, base, ours, theirs);
        }
    }

    fn is_team(&self, path: &str) -> bool {
        if self.theirs.contains_key(path) {
            self.team.contains(path)
        } else {
            self.team_before.contains(path) && !(self.request.removed)(path)
        }
    }

    fn judge(&mut self, path: &str, base: Option<Entry>, ours: Option<Entry>, theirs: Option<Entry>) {
        if let (None, Some(entry), true) = (ours, theirs, self.request.restore.contains(path)) {
            return self.settle(path, Some(entry), Outcome::Added);
        }
        if self.is_team(path) {
            return match (base, ours, theirs) {
                (None, None, entry) => self.settle(path, entry, Outcome::Added),
                (_, ours, _) => self.settle(path, ours, Outcome::Kept),
            };
        }
        if self.orphans.contains(path) && theirs.is_none() {
            return self.conflict(path, Clash::Removed, base, ours, None, ours);
        }
        match (base, ours, theirs) {
            (_, ours, theirs) if ours == theirs => self.settle(path, ours, Outcome::Kept),
            (base, ours, None) if ours == base => self.settle(path, None, Outcome::Removed),
            (None, None, theirs) => self.settle(path, theirs, Outcome::Added),
            (base, ours, theirs) if ours == base => self.settle(path, theirs, Outcome::Updated),
            (base, None, theirs) if theirs == base => self.settle(path, None, Outcome::Kept),
            (base, ours, theirs) if theirs == base => self.settle(path, ours, Outcome::Kept),
            (_, None, _) => self.settle(path, None, Outcome::Deleted),
            (base, ours, None) => self.conflict(path, Clash::Removed, base, ours, None, ours),
            (base, Some(ours), Some(theirs)) => self.both(path, base, ours, theirs),
        }
    }

    /// Merges what both sides changed.
    fn both(&mut self, path: &str, base: Option<Entry>, ours: Entry, theirs: Entry) {
        let clash = if base.is_some() { Clash::Content } else { Clash::Added };
        let files = ours.kind.is_file() && theirs.kind.is_file() && base.is_none_or(|base| base.kind.is_file());
        let (Some(mine), Some(new)) = (self.content(ours.id).filter(|_| files), self.content(theirs.id)) else {
            return self.conflict(path, clash, base, Some(ours), Some(theirs), Some(ours));
        };
        let (kind, same_kind) = match base.map(|base| base.kind) {
            Some(before) if ours.kind == before => (theirs.kind, true),
            Some(_) => (ours.kind, true),
            None => (ours.kind, ours.kind == theirs.kind),
        };
        if ours.id == theirs.id || base.is_some_and(|base| base.id == theirs.id) {
            let entry = Entry { kind, id: ours.id };
            return if same_kind {
                self.settle(path, Some(entry), Outcome::Merged)
            } else {
                self.conflict(path, clash, base, Some(ours), Some(theirs), Some(ours))
            };
        }
        if base.is_some_and(|base| base.id == ours.id) {
            return self.settle(path, Some(Entry { kind, id: theirs.id }), Outcome::Merged);
        }
        // Git would take the new file for an edit of the empty one. Whoever left a file empty may have meant it.
        if base.is_none() && mine.is_empty() {
            return self.conflict(path, clash, base, Some(ours), Some(theirs), Some(ours));
        }
        let old = base.map(|base| self.content(base.id));
        if let (Some(None), false) = (&old, self.request.two_way) {
            self.out.missing.push(path.to_owned());
            return;
        }
        let old = old.flatten();
        if [Some(&mine), Some(&new), old.as_ref()].into_iter().flatten().any(|bytes| is_binary(bytes)) {
            return self.conflict(path, clash, base, Some(ours), Some(theirs), Some(ours));
        }
        let (bytes, clean) = self.lines(old.as_deref(), &mine, &new);
        let entry = Entry { kind, id: id_of(&bytes) };
        self.out.blobs.insert(entry.id, bytes);
        if clean && same_kind {
            self.settle(path, Some(entry), Outcome::Merged);
        } else {
            let clash = if base.is_some() { Clash::Lines } else { Clash::Added };
            // What can't be had can't be recorded either.
            let base = base.filter(|_| old.is_some());
            self.conflict(path, clash, base, Some(ours), Some(theirs), Some(entry));
        }
    }

    /// Merges lines. Where there is no common ancestor, lines that both have are not disputed.
    fn lines(&self, old: Option<&[u8]>, mine: &[u8], new: &[u8]) -> (Vec<u8>, bool) {
        // Whoever turned a file to Windows' line endings did not change its lines.
        let turned = has_crlf(mine) && !has_crlf(new) && old.is_none_or(|old| !has_crlf(old));
        let turn = |bytes: &[u8]| if turned { Cow::Owned(with_crlf(bytes)) } else { Cow::Owned(bytes.to_vec()) };
        let (before, new): (Cow<[u8]>, Cow<[u8]>) = (turn(old.unwrap_or_default()), turn(new));
        let mut options = MergeFileOptions::new();
        options
            .ancestor_label(self.request.base_label.as_str())
            .our_label(OUR_LABEL)
            .their_label(self.request.their_label.as_str());
        if old.is_some() {
            options.style_diff3(true);
        }
        let (mut ancestor, mut ours, mut theirs) =
            (MergeFileInput::new(), MergeFileInput::new(), MergeFileInput::new());
        ancestor.content(&before);
        ours.content(mine);
        theirs.content(&new);
        match git2::merge_file(&ancestor, &ours, &theirs, Some(&mut options)) {
            Ok(result) => (result.content().to_vec(), result.is_automergeable()),
            // Libgit2 fails here only for files of 2 GiB; then both sides are kept as they are.
            Err(_) => (mine.to_vec(), false),
        }
    }

    fn settle(&mut self, path: &str, entry: Option<Entry>, outcome: Outcome) {
        let ours = self.ours.get(path).copied();
        let theirs = self.theirs.get(path).copied();
        let origin = self.origin.get(path).cloned().filter(|_| entry.is_some());
        let outcome = match outcome {
            Outcome::Kept if origin.is_some() => Some(Outcome::Moved),
            // Nothing to tell of where both agree, or where nothing is and nothing was to be.
            Outcome::Kept if ours == theirs || ours.is_none() => None,
            Outcome::Kept if !self.theirs.contains_key(path) => None,
            outcome => Some(outcome),
        };
        if let Some(outcome) = outcome {
            self.change(path, origin, outcome, None);
        }
        if let Some(entry) = entry {
            self.out.tree.insert(path.to_owned(), entry);
        }
    }

    fn conflict(
        &mut self,
        path: &str,
        clash: Clash,
        base: Option<Entry>,
        ours: Option<Entry>,
        theirs: Option<Entry>,
        shown: Option<Entry>,
    ) {
        let origin = self.origin.get(path).cloned();
        self.change(path, origin, Outcome::Conflict, Some(clash));
        self.out.conflicts.push(Conflict { path: path.to_owned(), clash, base, ours, theirs, shown });
    }

    fn change(&mut self, path: &str, from: Option<String>, outcome: Outcome, clash: Option<Clash>) {
        let emitted = self.emitted.get(path).cloned();
        self.out.changes.push(Change { path: path.to_owned(), from, emitted, outcome, clash });
    }
}

fn rename_in(paths: &mut BTreeSet<String>, pairs: &BTreeMap<String, String>) {
    let moved: Vec<&String> = pairs.iter().filter(|(from, _)| paths.remove(*from)).map(|(_, to)| to).collect();
    paths.extend(moved.into_iter().cloned());
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Paths and the folders above them, as a file system that ignores case knows them.
#[derive(Default)]
struct Folded(HashMap<String, (String, bool)>);

impl Folded {
    fn add(&mut self, path: &str) {
        for (at, _) in path.match_indices('/') {
            self.0.entry(path[..at].to_lowercase()).or_insert_with(|| (path[..at].to_owned(), true));
        }
        self.0.insert(path.to_lowercase(), (path.to_owned(), false));
    }

    /// What is in the way of a new file.
    fn blocks(&self, path: &str) -> Option<&str> {
        if let Some((spelling, _)) = self.0.get(&path.to_lowercase()) {
            return Some(spelling);
        }
        let mut parents = path.match_indices('/').filter_map(|(at, _)| {
            let (spelling, folder) = self.0.get(&path[..at].to_lowercase())?;
            (!folder || *spelling != path[..at]).then_some(spelling.as_str())
        });
        parents.next()
    }
}

/// Git takes a file for binary by a NUL in its first 8000 bytes.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(8000).any(|byte| *byte == 0)
}

/// Whether every line ends as Windows ends them.
fn has_crlf(bytes: &[u8]) -> bool {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).peekable();
    lines.peek().is_some() && lines.all(|line| line.ends_with(b"\r\n"))
}

fn with_crlf(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) if !text.ends_with(b"\r") => {
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

/// From which share of common bytes on two files are one that was moved: git's 50 %.
const ALIKE: f64 = 0.5;
/// The share where both have the same name and no other has it: git's, halfway from 50 % to the whole.
const SAME_NAME_ALIKE: f64 = 0.75;
/// Most pairs of files that are compared; more, and only equal contents and names are paired.
const RENAME_PAIRS: usize = 1_000_000;

/// How many bytes of a file are in which of its lines; git's measure of what two files have in common.
struct Chunks {
    bytes: HashMap<Vec<u8>, usize>,
    size: usize,
}

impl Chunks {
    fn of(content: &[u8]) -> Self {
        let text = !is_binary(content);
        let mut bytes: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut chunk = Vec::new();
        for (at, byte) in content.iter().enumerate() {
            // Git ignores how lines of a text end.
            if text && *byte == b'\r' && content.get(at + 1) == Some(&b'\n') {
                continue;
            }
            chunk.push(*byte);
            if *byte == b'\n' || chunk.len() == 64 {
                let length = chunk.len();
                *bytes.entry(std::mem::take(&mut chunk)).or_default() += length;
            }
        }
        if !chunk.is_empty() {
            let length = chunk.len();
            *bytes.entry(chunk).or_default() += length;
        }
        Chunks { bytes, size: content.len() }
    }

    /// The share of the larger one's bytes that both have.
    fn alike(&self, other: &Self) -> f64 {
        let larger = self.size.max(other.size);
        let smaller = self.size.min(other.size);
        if larger == 0 || (smaller as f64) < larger as f64 * ALIKE {
            return 0.0;
        }
        let common: usize =
            self.bytes.iter().filter_map(|(chunk, count)| Some(*count.min(other.bytes.get(chunk)?))).sum();
        common as f64 / larger as f64
    }
}
