//! A repository that is there already: what is in it, whether anything is unfinished in it, and new objects for it.
//!
//! Nothing here changes the work tree, the index or a branch: that goes through the journal.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, Index, IndexEntry, IndexTime, ObjectType, Oid, Repository, RepositoryState, Signature};

use super::{committer, failed};
use crate::diag::Diagnostic;
use crate::merge::{Entry, Kind, Side};

/// The reference whose tree is what was emitted last, laid out as the repository is: it keeps those contents from being
/// collected, so that the next update has something to compare with.
pub const PRISTINE: &str = "refs/goldpath/pristine";
/// What files that were put back as they had been emitted held until then; each commit has the one before it as a parent.
pub const REPLACED: &str = "refs/goldpath/replaced";
/// Where an update that is taken back leaves what the user had made of it; each commit has the one before it as a parent.
pub const ABORTED: &str = "refs/goldpath/aborted";

/// Where a repository stands.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// The branch's full name; nothing where a commit is checked out by itself.
    pub branch: Option<String>,
    /// The commit.
    pub commit: String,
}

/// What the index holds for a path: entries by stage, none to take it out.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct IndexChange {
    /// The path from the work tree's root on.
    pub path: String,
    /// Stage, mode and id.
    pub entries: Vec<(u16, u32, String)>,
}

/// A folder of a repository, with what goldpath wants to know of it.
pub struct Existing {
    repository: Repository,
    root: PathBuf,
    prefix: String,
}

impl std::fmt::Debug for Existing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Existing").field("root", &self.root).field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

fn problem(error: git2::Error) -> Diagnostic {
    failed("the repository can't be read", &error)
}

fn unwritable(error: git2::Error) -> Diagnostic {
    failed("the repository can't be written to", &error)
}

impl Existing {
    /// The repository that a folder lies in; nothing where there is none, or none with a work tree.
    ///
    /// # Errors
    /// A repository that can't be read.
    pub fn open(folder: &Path) -> Result<Option<Self>, Diagnostic> {
        let repository = match super::find(folder) {
            Ok(repository) => repository,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(problem(error)),
        };
        let Some(root) = repository.workdir().and_then(|root| root.canonicalize().ok()) else { return Ok(None) };
        let Some(below) = folder.canonicalize().ok().and_then(|f| f.strip_prefix(&root).map(Path::to_path_buf).ok())
        else {
            return Ok(None);
        };
        let mut prefix = below.to_string_lossy().replace('\\', "/");
        if !prefix.is_empty() {
            prefix.push('/');
        }
        Ok(Some(Existing { repository, root, prefix }))
    }

    /// The work tree's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What stands before paths of the folder, from the work tree's root on: nothing, or `services/a/`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Git's own folder of this work tree.
    pub fn git_folder(&self) -> &Path {
        self.repository.path()
    }

    /// The repository itself, for the journal.
    pub(crate) fn raw(&self) -> &Repository {
        &self.repository
    }

    /// What is unfinished: a merge, a rebase; nothing where there is none.
    pub fn unfinished(&self) -> Option<&'static str> {
        match self.repository.state() {
            RepositoryState::Clean => None,
            RepositoryState::Merge => Some("merge"),
            RepositoryState::Revert | RepositoryState::RevertSequence => Some("revert"),
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => Some("cherry-pick"),
            RepositoryState::Bisect => Some("bisect"),
            RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => Some("git am"),
            RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge => {
                Some("rebase")
            }
        }
    }

    /// Whether only a part of the history is here.
    pub fn is_shallow(&self) -> bool {
        self.repository.is_shallow()
    }

    /// Where it stands; nothing where nothing is committed yet.
    ///
    /// # Errors
    /// A repository that can't be read.
    pub fn head(&self) -> Result<Option<Head>, Diagnostic> {
        let head = match self.repository.head() {
            Ok(head) => head,
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => return Ok(None),
            Err(error) => return Err(problem(error)),
        };
        let commit = head.peel_to_commit().map_err(problem)?.id().to_string();
        let branch = head.is_branch().then(|| String::from_utf8_lossy(head.name_bytes()).into_owned());
        Ok(Some(Head { branch, commit }))
    }

    /// The files of the folder as they are committed.
    ///
    /// # Errors
    /// A repository that can't be read.
    pub fn committed(&self) -> Result<Side, Diagnostic> {
        let tree = self.repository.head().and_then(|head| head.peel_to_tree()).map_err(problem)?;
        let mut side = Side::new();
        let walked = tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            // A name that is not UTF-8 is no file of goldpath's.
            let (Ok(folder), Ok(name)) = (std::str::from_utf8(folder.as_ref()), entry.name()) else {
                return git2::TreeWalkResult::Skip;
            };
            let path = format!("{folder}{name}");
            let kind = u32::try_from(entry.filemode()).ok().and_then(Kind::of_git);
            if let (Some(kind), Some(path)) = (kind, path.strip_prefix(&self.prefix)) {
                side.insert(path.to_owned(), Entry { kind, id: entry.id() });
            }
            git2::TreeWalkResult::Ok
        });
        walked.map_err(problem)?;
        Ok(side)
    }

    /// Tracked files that differ from what is committed, from the work tree's root on.
    ///
    /// # Errors
    /// A repository that can't be read.
    pub fn changed(&self) -> Result<Vec<String>, Diagnostic> {
        let mut options = git2::StatusOptions::new();
        options.include_untracked(false).include_ignored(false).exclude_submodules(true);
        let statuses = self.repository.statuses(Some(&mut options)).map_err(problem)?;
        Ok(statuses.iter().map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned()).collect())
    }

    /// Whether git takes a file of the folder for the one that is staged with this content: line endings may differ.
    pub fn is_unchanged(&self, path: &str, blob: &str) -> bool {
        let full = format!("{}{path}", self.prefix);
        let staged = self.repository.index().ok().and_then(|index| index.get_path(Path::new(&full), 0));
        let on_disk = git2::Status::WT_MODIFIED | git2::Status::WT_TYPECHANGE | git2::Status::WT_DELETED;
        staged.is_some_and(|entry| entry.id.to_string() == blob)
            && self.repository.status_file(Path::new(&full)).is_ok_and(|status| !status.intersects(on_disk))
    }

    /// Whether git was told not to look at a file (`git update-index --assume-unchanged`, `--skip-worktree`) that is there
    /// and is not as it is staged. The path is one from the work tree's root on.
    pub fn is_hidden_edit(&self, path: &str) -> bool {
        const ASSUME_VALID: u16 = 0x8000;
        const SKIP_WORKTREE: u16 = 0x4000;
        let staged = self.repository.index().ok().and_then(|index| index.get_path(Path::new(path), 0));
        let hidden =
            staged.filter(|entry| entry.flags & ASSUME_VALID != 0 || entry.flags_extended & SKIP_WORKTREE != 0);
        hidden.is_some_and(|entry| {
            let there = std::fs::symlink_metadata(self.root.join(path)).is_ok();
            there && self.store_file(path).ok() != Some(entry.id)
        })
    }

    /// Paths of the folder that the index has in conflict.
    ///
    /// # Errors
    /// A repository that can't be read.
    pub fn in_conflict(&self) -> Result<BTreeSet<String>, Diagnostic> {
        let mut index = self.repository.index().map_err(problem)?;
        index.read(true).map_err(problem)?;
        let mut found = BTreeSet::new();
        for entry in index.iter().filter(|entry| stage_of(entry) > 0) {
            let path = String::from_utf8_lossy(&entry.path);
            found.extend(path.strip_prefix(&self.prefix).map(str::to_owned));
        }
        Ok(found)
    }

    /// What the index holds for the folder, without what is in conflict.
    ///
    /// # Errors
    /// A repository that can't be read.
    pub fn staged(&self) -> Result<Side, Diagnostic> {
        let mut index = self.repository.index().map_err(problem)?;
        index.read(true).map_err(problem)?;
        let mut side = Side::new();
        for entry in index.iter().filter(|entry| stage_of(entry) == 0) {
            let path = String::from_utf8_lossy(&entry.path);
            if let (Some(path), Some(kind)) = (path.strip_prefix(&self.prefix), Kind::of_git(entry.mode)) {
                side.insert(path.to_owned(), Entry { kind, id: entry.id });
            }
        }
        Ok(side)
    }

    /// The size of the content behind an id, in bytes, without reading it.
    pub fn size(&self, id: Oid) -> Option<usize> {
        let (size, kind) = self.repository.odb().ok()?.read_header(id).ok()?;
        (kind == ObjectType::Blob).then_some(size)
    }

    /// The address of a remote.
    pub fn remote(&self, name: &str) -> Option<String> {
        let remote = self.repository.find_remote(name).ok()?;
        remote.url().ok().map(str::to_owned)
    }

    /// The content behind an id, if the repository has it.
    pub fn content(&self, id: Oid) -> Option<Vec<u8>> {
        let odb = self.repository.odb().ok()?;
        let found = odb.read(id).ok()?;
        (found.kind() == ObjectType::Blob).then(|| found.data().to_vec())
    }

    /// Puts a content into the object database.
    ///
    /// # Errors
    /// A repository that can't be written to.
    pub fn store(&self, bytes: &[u8]) -> Result<Oid, Diagnostic> {
        let id = Oid::hash_object(ObjectType::Blob, bytes).map_err(unwritable)?;
        let odb = self.repository.odb().map_err(unwritable)?;
        if odb.exists(id) { Ok(id) } else { odb.write(ObjectType::Blob, bytes).map_err(unwritable) }
    }

    /// What git would make of a file of the work tree, put into the object database.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn store_file(&self, path: &str) -> Result<Oid, Diagnostic> {
        self.repository.blob_path(&self.root.join(path)).map_err(unwritable)
    }

    /// A tree that is a commit's with some paths changed; of entries in conflict the highest stage counts.
    ///
    /// # Errors
    /// A repository that can't be read or written to.
    pub fn tree_with(&self, commit: Option<&str>, changes: &[IndexChange]) -> Result<Oid, Diagnostic> {
        let write = || -> Result<Oid, git2::Error> {
            let mut index = Index::new()?;
            if let Some(commit) = commit {
                index.read_tree(&self.repository.find_commit(Oid::from_str(commit)?)?.tree()?)?;
            }
            let changes: Vec<IndexChange> = changes.iter().map(IndexChange::settled).collect();
            apply(&mut index, &changes)?;
            index.write_tree_to(&self.repository)
        };
        write().map_err(unwritable)
    }

    /// The tree of what is staged, with some paths changed.
    ///
    /// # Errors
    /// An index with conflicts, or a repository that can't be written to.
    pub fn tree_of_index(&self, changes: &[IndexChange]) -> Result<Oid, Diagnostic> {
        let write = || -> Result<Oid, git2::Error> {
            let mut index = Index::new()?;
            for entry in self.repository.index()?.iter() {
                index.add(&entry)?;
            }
            apply(&mut index, changes)?;
            index.write_tree_to(&self.repository)
        };
        write().map_err(unwritable)
    }

    /// Makes a commit that no branch has yet.
    ///
    /// # Errors
    /// A repository that can't be written to.
    pub fn commit(&self, tree: Oid, parents: &[&str], who: &Who, message: &str) -> Result<String, Diagnostic> {
        let write = || -> Result<Oid, git2::Error> {
            let (author, committer) = match who {
                Who::User { name, email } => {
                    let author = Signature::now(name, email)?;
                    let committer = committer(&author)?;
                    (author, committer)
                }
                Who::Goldpath => {
                    let signature = Signature::now("goldpath", "goldpath@localhost")?;
                    (signature.clone(), signature)
                }
            };
            let parents: Result<Vec<_>, git2::Error> =
                parents.iter().map(|parent| self.repository.find_commit(Oid::from_str(parent)?)).collect();
            let parents = parents?;
            let parents: Vec<_> = parents.iter().collect();
            // Libgit2's own `commit` says that all is well where it could not write.
            let tree = self.repository.find_tree(tree)?;
            let text = self.repository.commit_create_buffer(&author, &committer, message, &tree, &parents)?;
            self.repository.odb()?.write(ObjectType::Commit, &text)
        };
        write().map(|id| id.to_string()).map_err(unwritable)
    }

    /// The content of a file of the folder in the tree that a reference stands at.
    pub fn at_reference(&self, name: &str, path: &str) -> Option<Vec<u8>> {
        let tree = self.repository.find_reference(name).ok()?.peel_to_tree().ok()?;
        let entry = tree.get_path(Path::new(&format!("{}{path}", self.prefix))).ok()?;
        self.content(entry.id())
    }

    /// The commit that a reference stands at.
    pub fn reference(&self, name: &str) -> Option<String> {
        self.repository.refname_to_id(name).ok().map(|id| id.to_string())
    }

    /// Lets one of goldpath's own references stand at a commit.
    ///
    /// # Errors
    /// A repository that can't be written to.
    pub fn point(&self, name: &str, commit: &str) -> Result<(), Diagnostic> {
        let write = || self.repository.reference(name, Oid::from_str(commit)?, true, "goldpath");
        write().map(drop).map_err(unwritable)
    }

    /// Records what is emitted, so that the next update has its contents at hand. Those of other folders of the
    /// repository stay recorded.
    ///
    /// # Errors
    /// A repository that can't be written to.
    pub fn record_pristine(&self, files: &Side, message: &str) -> Result<(), Diagnostic> {
        let last = self.reference(PRISTINE);
        let mut changes = Vec::new();
        if let Some(last) = &last {
            let read = || -> Result<Vec<String>, git2::Error> {
                let mut index = Index::new()?;
                index.read_tree(&self.repository.find_commit(Oid::from_str(last)?)?.tree()?)?;
                Ok(index.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect())
            };
            for path in read().map_err(problem)? {
                if path.strip_prefix(&self.prefix).is_some_and(|path| !files.contains_key(path)) {
                    changes.push(IndexChange { path, entries: Vec::new() });
                }
            }
        }
        changes.extend(files.iter().map(|(path, entry)| IndexChange::file(format!("{}{path}", self.prefix), *entry)));
        let tree = self.tree_with(last.as_deref(), &changes)?;
        let same = last
            .as_deref()
            .and_then(|last| Some(self.repository.find_commit(Oid::from_str(last).ok()?).ok()?.tree_id() == tree));
        if same == Some(true) {
            return Ok(());
        }
        let parents: Vec<&str> = last.as_deref().into_iter().collect();
        let commit = self.commit(tree, &parents, &Who::Goldpath, message)?;
        self.point(PRISTINE, &commit)
    }

    /// Checks whether a branch can be made.
    ///
    /// # Errors
    /// A name that git refuses, or that is taken.
    pub fn new_branch(&self, name: &str) -> Result<String, Diagnostic> {
        let full = format!("refs/heads/{name}");
        if !git2::Branch::name_is_valid(name).unwrap_or(false) {
            return Err(Diagnostic::error(format!("--branch {name}: git refuses that name")));
        }
        if self.reference(&full).is_some() {
            return Err(Diagnostic::error(format!("--branch {name}: there is a branch of that name"))
                .hint(format!("name another one, or remove that one: `git branch -d {name}`")));
        }
        Ok(full)
    }
}

/// Who makes a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The user.
    User {
        /// Their name.
        name: String,
        /// Their address.
        email: String,
    },
    /// The tool, for its own records.
    Goldpath,
}

impl IndexChange {
    /// A file that is settled.
    pub fn file(path: String, entry: Entry) -> Self {
        IndexChange { path, entries: vec![(0, entry.kind.git(), entry.id.to_string())] }
    }

    fn settled(&self) -> Self {
        let entries = self.entries.last().map(|(_, mode, id)| (0, *mode, id.clone()));
        IndexChange { path: self.path.clone(), entries: entries.into_iter().collect() }
    }
}

fn stage_of(entry: &IndexEntry) -> u16 {
    (entry.flags >> 12) & 3
}

/// Brings changes into an index. What it says of other paths stays as it is.
pub(crate) fn apply(index: &mut Index, changes: &[IndexChange]) -> Result<(), git2::Error> {
    // First what goes: a folder may become a file, and a file a folder.
    for change in changes {
        for stage in 0..4 {
            match index.remove(Path::new(&change.path), stage) {
                Ok(()) => {}
                Err(error) if error.code() == ErrorCode::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    for change in changes {
        for (stage, mode, id) in &change.entries {
            index.add(&IndexEntry {
                ctime: IndexTime::new(0, 0),
                mtime: IndexTime::new(0, 0),
                dev: 0,
                ino: 0,
                mode: *mode,
                uid: 0,
                gid: 0,
                file_size: 0,
                id: Oid::from_str(id)?,
                flags: stage << 12,
                flags_extended: 0,
                path: change.path.as_bytes().to_vec(),
            })?;
        }
    }
    Ok(())
}
