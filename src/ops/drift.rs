//! Drift: files of the platform that are not as they were emitted, what is different about each, and whose they are.
//!
//! A file is told by git's id of its content, which the lock names; contents are compared only where ids differ.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::Failure;
use crate::blueprint::Owner;
use crate::changes::{self, Version};
use crate::git;
use crate::git::existing::Existing;
use crate::lock::{Locked, Recorded};
use crate::tree::{File, Mode, Tree, TreePath};
use crate::workdir;

/// A file of the platform team that is not as it was emitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Its path.
    pub path: TreePath,
    /// What happened to it.
    pub change: Change,
    /// The component that brought it.
    pub component: String,
    /// Who maintains it.
    pub owner: Owner,
    /// Lines that are there and were not emitted; nothing where they can't be counted: the content as emitted is not at
    /// hand, or there is no text to compare.
    pub added: Option<usize>,
    /// Lines that were emitted and are gone.
    pub removed: Option<usize>,
    /// The first line that differs, counted from 1, as the file is now.
    pub line: Option<usize>,
    /// From what was emitted to what is there, as `git diff` shows it; `git apply -R` takes it back.
    pub diff: Option<String>,
    /// What to do about it.
    pub fix: String,
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
    /// It is a symbolic link, or lies behind one.
    Link,
    /// A folder has taken its place.
    Folder,
    /// Something that is no file has taken its place, or it can't be read.
    Unreadable,
}

impl Change {
    /// What it says of a file: `was edited`.
    pub fn told(self) -> &'static str {
        match self {
            Change::Edited => "was edited",
            Change::Missing => "is gone",
            Change::Mode => "has another mode",
            Change::Link => "was replaced by a symbolic link, or lies behind one",
            Change::Folder => "was replaced by a folder",
            Change::Unreadable => "is no file that can be read",
        }
    }
}

impl Drift {
    /// What happened to it, with the lines where they could be counted: `was edited (1 line added, 2 removed)`.
    pub fn told(&self) -> String {
        let told = self.change.told();
        let count = |count: usize| if count == 1 { "1 line".to_owned() } else { format!("{count} lines") };
        match (self.added, self.removed) {
            (Some(added), Some(0)) if added > 0 => format!("{told} ({} added)", count(added)),
            (Some(0), Some(removed)) if removed > 0 => format!("{told} ({} removed)", count(removed)),
            (Some(added), Some(removed)) if added + removed > 0 => {
                format!("{told} ({} added, {removed} removed)", count(added))
            }
            _ => told.to_owned(),
        }
    }
}

/// A drifted file with what the lock says of it.
pub(super) struct Found<'r> {
    pub path: &'r TreePath,
    pub locked: &'r Locked,
    pub change: Change,
}

/// Finds drift in the repository that a path lies in, and nothing else: what `check` does besides guardrails.
///
/// # Errors
/// Where goldpath made none of the folders above, or its records can't be read.
pub fn drift(path: &Path) -> Result<Vec<Drift>, Failure> {
    let (root, recorded) = super::check::recorded(path)?;
    let existing = Existing::open(&root).ok().flatten();
    let platform = recorded.files.iter().filter(|(_, locked)| locked.owner == Owner::Platform);
    let paths: Vec<String> = platform.map(|(path, _)| path.to_string()).collect();
    let (tree, _) = workdir::read(&root, &paths);
    let found = find(&root, &tree, &recorded, existing.as_ref());
    let content = |locked: &Locked| existing.as_ref()?.content(locked.blob.parse().ok()?);
    Ok(found.iter().map(|found| tell(found, &recorded, &tree, content(found.locked).as_deref())).collect())
}

/// Compares what is there with what the lock says of the platform's files.
pub(super) fn find<'r>(
    root: &Path,
    tree: &Tree,
    recorded: &'r Recorded,
    existing: Option<&Existing>,
) -> Vec<Found<'r>> {
    let platform: Vec<_> = recorded.files.iter().filter(|(_, locked)| locked.owner == Owner::Platform).collect();
    let above: BTreeSet<&str> = platform.iter().flat_map(|(path, _)| path.parents()).collect();
    let is_link = |path: &str| fs::symlink_metadata(root.join(path)).is_ok_and(|found| found.is_symlink());
    let links: BTreeSet<&str> = above.into_iter().filter(|folder| is_link(folder)).collect();
    let changed = |(path, locked): &(&'r TreePath, &'r Locked)| {
        if !links.is_empty() && path.parents().any(|folder| links.contains(folder)) {
            return Some(Change::Link);
        }
        match tree.get(path.as_str()) {
            None => Some(in_its_place(&root.join(path.as_str()))),
            Some(file) if git::blob_id(&file.bytes) != locked.blob => Some(Change::Edited),
            // Windows has no such mode.
            Some(file) if cfg!(unix) && (file.mode == Mode::Executable) != (locked.mode == Mode::Executable) => {
                Some(Change::Mode)
            }
            Some(_) => None,
        }
    };
    let found: Vec<Found> = platform
        .par_iter()
        .filter_map(|entry| Some(Found { path: entry.0, locked: entry.1, change: changed(entry)? }))
        .collect();
    // Where git gives files Windows' line endings, a file that has them is as it was emitted.
    let same_for_git = |found: &Found| {
        let (Some(existing), Change::Edited, Some(file)) = (existing, found.change, tree.get(found.path.as_str()))
        else {
            return false;
        };
        git::blob_id(&with_line_feeds(file)) == found.locked.blob
            && existing.is_unchanged(found.path.as_str(), &found.locked.blob)
    };
    found.into_iter().filter(|found| !same_for_git(found)).collect()
}

fn with_line_feeds(file: &File) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(file.bytes.len());
    for (at, byte) in file.bytes.iter().enumerate() {
        if *byte != b'\r' || file.bytes.get(at + 1) != Some(&b'\n') {
            bytes.push(*byte);
        }
    }
    bytes
}

/// What stands where a file should be that was not read.
fn in_its_place(path: &Path) -> Change {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => Change::Link,
        Ok(found) if found.is_dir() => Change::Folder,
        // Too large to be read, which nothing is that goldpath emits.
        Ok(found) if found.is_file() && fs::File::open(path).is_ok() => Change::Edited,
        Ok(_) => Change::Unreadable,
        Err(error) => match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Change::Missing,
            _ => Change::Unreadable,
        },
    }
}

/// Says what is different about a file, as far as it is known what was emitted.
pub(super) fn tell(found: &Found, recorded: &Recorded, tree: &Tree, emitted: Option<&[u8]>) -> Drift {
    let path = found.path.as_str();
    let before = emitted.map(|bytes| Version { path, mode: found.locked.mode.git(), bytes: bytes.to_vec() });
    let after = tree.get(path).map(|file| Version { path, mode: file.mode.git(), bytes: file.bytes.clone() });
    let (mut lines, mut diff) = (None, None);
    if let Some(before) = &before {
        match (found.change, &after) {
            (Change::Edited | Change::Mode, Some(after)) => {
                lines = changes::difference(&before.bytes, &after.bytes);
                diff = Some(changes::unified(Some(before), Some(after)));
            }
            (Change::Missing, _) => {
                lines = changes::difference(&before.bytes, b"");
                diff = Some(changes::unified(Some(before), None));
            }
            _ => {}
        }
    }
    Drift {
        path: found.path.clone(),
        change: found.change,
        component: found.locked.component.clone(),
        owner: found.locked.owner,
        added: lines.map(|lines| lines.added),
        removed: lines.map(|lines| lines.removed),
        line: lines.filter(|_| found.change == Change::Edited).and_then(|lines| lines.first),
        diff,
        fix: format!(
            "`goldpath check --fix` puts it back; to change it for everyone, change the component `{}` of the blueprint `{}`",
            found.locked.component, recorded.blueprint
        ),
    }
}
