//! Repositories: a new one with one commit, written through libgit2.
//!
//! All objects of the first commit go into one pack instead of a file each: on a disk that is the larger part of what
//! `git add` and `git commit` take.

pub mod existing;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use git2::{
    Config, ConfigLevel, FileMode, Index, IndexEntry, IndexTime, ObjectType, Oid, Repository, RepositoryInitOptions,
    RepositoryOpenFlags, Signature, Time,
};

use crate::diag::Diagnostic;
use crate::tree::Tree;

/// Who commits, and on which branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The committer's name.
    pub name: String,
    /// The committer's address.
    pub email: String,
    /// The branch that a new repository starts on.
    pub branch: String,
    /// Whether the user wants commits to be signed, which libgit2 can't.
    pub signs: bool,
}

/// The commit that was made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The branch it is on.
    pub branch: String,
}

/// Git's id of a file's content.
pub fn blob_id(bytes: &[u8]) -> String {
    Oid::hash_object(ObjectType::Blob, bytes).map(|id| id.to_string()).unwrap_or_default()
}

/// Reads the user's identity and branch from git's environment and configuration.
///
/// # Errors
/// Where nobody told git who they are, with the two commands that do.
pub fn settings() -> Result<Settings, Diagnostic> {
    settings_from(configuration())
}

/// The same for a repository, whose own configuration counts more than the user's.
///
/// # Errors
/// As [`settings`].
pub fn settings_in(folder: &Path) -> Result<Settings, Diagnostic> {
    let own = find(folder).map(|repository| repository.commondir().join("config"));
    settings_from(configuration().and_then(|mut config| {
        config.add_file(&own?, ConfigLevel::Local, true)?;
        Ok(config)
    }))
}

fn settings_from(config: Result<Config, git2::Error>) -> Result<Settings, Diagnostic> {
    let config = config
        .and_then(|mut config| config.snapshot())
        .map_err(|error| failed("git's configuration can't be read", &error))?;
    let get = |variable: &str, key: &str| {
        let found = std::env::var(variable).ok().or_else(|| config.get_string(key).ok());
        found.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let (name, email) = (get("GIT_AUTHOR_NAME", "user.name"), get("GIT_AUTHOR_EMAIL", "user.email"));
    let (Some(name), Some(email)) = (name.clone(), email.clone()) else {
        let mut steps = Vec::new();
        if name.is_none() {
            steps.push("`git config --global user.name \"Your Name\"`");
        }
        if email.is_none() {
            steps.push("`git config --global user.email you@example.com`");
        }
        return Err(Diagnostic::error("git doesn't know who makes the first commit")
            .hint(format!("run {}; or use --no-git to write the files only", steps.join(" and "))));
    };
    let branch = config.get_string("init.defaultBranch").ok().filter(|branch| !branch.is_empty());
    let branch = branch.unwrap_or_else(|| "main".to_owned());
    if !git2::Reference::is_valid_name(&format!("refs/heads/{branch}")) {
        return Err(Diagnostic::error(format!("git's init.defaultBranch is `{branch}`, which is no branch name"))
            .hint("run `git config --global init.defaultBranch main`"));
    }
    Ok(Settings { name, email, branch, signs: config.get_bool("commit.gpgsign").unwrap_or(false) })
}

/// The configuration as git itself would read it outside a repository: libgit2 does not look at the variables that move it.
fn configuration() -> Result<Config, git2::Error> {
    let own = std::env::var_os("GIT_CONFIG_GLOBAL");
    let without_system = std::env::var_os("GIT_CONFIG_NOSYSTEM").is_some_and(|value| value != "0" && value != "false");
    if own.is_none() && !without_system {
        return Config::open_default();
    }
    let mut config = Config::new()?;
    let mut add = |file: Result<PathBuf, git2::Error>, level: ConfigLevel| match file {
        Ok(file) if file.is_file() => config.add_file(&file, level, false),
        _ => Ok(()),
    };
    if !without_system {
        add(Config::find_system(), ConfigLevel::System)?;
    }
    match own {
        Some(file) => add(Ok(file.into()), ConfigLevel::Global)?,
        None => {
            add(Config::find_xdg(), ConfigLevel::XDG)?;
            add(Config::find_global(), ConfigLevel::Global)?;
        }
    }
    Ok(config)
}

/// The repository that a folder lies in. `Repository::discover` won't do: it forgets that a `.git` file led there, and
/// takes what is beside git's own folder for the work tree.
pub(crate) fn find(folder: &Path) -> Result<Repository, git2::Error> {
    Repository::open_ext(folder, RepositoryOpenFlags::empty(), [] as [&OsStr; 0])
}

/// The work tree of the repository that a folder lies in.
pub fn enclosing(folder: &Path) -> Option<PathBuf> {
    let repository = find(folder).ok()?;
    repository.workdir().map(Path::to_path_buf)
}

/// The files of a folder that git tracks or would add: all but ignored ones, with `/` between their parts. A name that is
/// not UTF-8 has a replacement character for each byte that is not. Nothing where the folder lies in no repository.
///
/// # Errors
/// A repository that can't be read.
pub fn files(folder: &Path) -> Result<Option<Vec<String>>, Diagnostic> {
    let Ok(repository) = find(folder) else { return Ok(None) };
    let (Some(root), Ok(folder)) = (repository.workdir(), folder.canonicalize()) else { return Ok(None) };
    let Ok(prefix) = root.canonicalize().map(|root| folder.strip_prefix(root).map(Path::to_path_buf)) else {
        return Ok(None);
    };
    let prefix = prefix.map(|prefix| prefix.to_string_lossy().replace('\\', "/")).unwrap_or_default();
    let within = |path: &str| match prefix.as_str() {
        "" => Some(path.to_owned()),
        prefix => path.strip_prefix(prefix)?.strip_prefix('/').map(str::to_owned),
    };
    let problem = |error: git2::Error| failed("the repository can't be read", &error);
    let index = repository.index().map_err(problem)?;
    let mut found: std::collections::BTreeSet<String> =
        index.iter().filter_map(|entry| within(&String::from_utf8_lossy(&entry.path))).collect();
    let mut options = git2::StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).include_ignored(false).exclude_submodules(true);
    let statuses = repository.statuses(Some(&mut options)).map_err(problem)?;
    for entry in statuses.iter().filter(|entry| entry.status().is_wt_new()) {
        found.extend(within(&String::from_utf8_lossy(entry.path_bytes())));
    }
    Ok(Some(found.into_iter().collect()))
}

/// Makes a folder that holds exactly the files of a tree a repository, and commits them.
///
/// # Errors
/// What git could not do.
pub fn commit(folder: &Path, tree: &Tree, settings: &Settings, message: &str) -> Result<Commit, Diagnostic> {
    commit_all(folder, tree, settings, message).map_err(|error| {
        failed("the repository could not be made", &error).hint("use --no-git to write the files only")
    })
}

fn failed(what: &str, error: &git2::Error) -> Diagnostic {
    Diagnostic::error(format!("{what}: {}", error.message()))
}

fn commit_all(folder: &Path, tree: &Tree, settings: &Settings, message: &str) -> Result<Commit, git2::Error> {
    let mut options = RepositoryInitOptions::new();
    options.initial_head(&settings.branch).no_reinit(true);
    // Git's stock template is a dozen sample hooks; a template of the user's own is wanted.
    let own_template = configuration().and_then(|config| config.get_string("init.templateDir"));
    options.external_template(own_template.is_ok());
    let repository = Repository::init_opts(folder, &options)?;
    let odb = repository.odb()?;
    let mempack = odb.add_new_mempack_backend(1000)?;
    let mut index = repository.index()?;
    for (path, file) in tree.iter() {
        let id = odb.write(ObjectType::Blob, &file.bytes)?;
        let mode = if file.mode == crate::tree::Mode::Executable { FileMode::BlobExecutable } else { FileMode::Blob };
        add(&mut index, folder, path.as_str(), id, mode, file.bytes.len())?;
    }
    let tree_id = index.write_tree()?;
    let signature = Signature::now(&settings.name, &settings.email)?;
    let committer = committer(&signature)?;
    let id = repository.commit(Some("HEAD"), &signature, &committer, message, &repository.find_tree(tree_id)?, &[])?;
    // What was emitted is what is committed: updates compare with it.
    repository.reference(existing::PRISTINE, id, true, "goldpath")?;
    let mut pack = git2::Buf::new();
    mempack.dump(&repository, &mut pack)?;
    write_pack(&repository, &pack)?;
    mempack.reset()?;
    index.write()?;
    Ok(Commit { id: id.to_string(), branch: settings.branch.clone() })
}

fn write_pack(repository: &Repository, pack: &[u8]) -> Result<(), git2::Error> {
    let folder = repository.path().join("objects").join("pack");
    let mut indexer = git2::Indexer::new(None, &folder, 0o444, false)?;
    std::io::Write::write_all(&mut indexer, pack).map_err(|error| git2::Error::from_str(&error.to_string()))?;
    indexer.commit()?;
    Ok(())
}

fn committer(author: &Signature) -> Result<Signature<'static>, git2::Error> {
    let from = |variable: &str, own: Result<&str, git2::Error>| {
        std::env::var(variable)
            .ok()
            .filter(|text| !text.is_empty())
            .or_else(|| own.ok().map(str::to_owned))
            .unwrap_or_default()
    };
    let when: Time = author.when();
    Signature::new(&from("GIT_COMMITTER_NAME", author.name()), &from("GIT_COMMITTER_EMAIL", author.email()), &when)
}

/// Adds a file to the index together with what the disk says of it, so that git needn't read it again.
fn add(index: &mut Index, folder: &Path, path: &str, id: Oid, mode: FileMode, size: usize) -> Result<(), git2::Error> {
    let mut entry = IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: u32::try_from(i32::from(mode)).unwrap_or_default(),
        uid: 0,
        gid: 0,
        file_size: u32::try_from(size).unwrap_or_default(),
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    };
    stat(&mut entry, &folder.join(path));
    index.add(&entry)
}

#[cfg(unix)]
fn stat(entry: &mut IndexEntry, path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return;
    };
    // The index keeps 32 bits of each, as git does.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    {
        entry.ctime = IndexTime::new(found.ctime() as i32, found.ctime_nsec() as u32);
        entry.mtime = IndexTime::new(found.mtime() as i32, found.mtime_nsec() as u32);
        entry.dev = found.dev() as u32;
        entry.ino = found.ino() as u32;
        entry.uid = found.uid();
        entry.gid = found.gid();
    }
}

#[cfg(not(unix))]
fn stat(_: &mut IndexEntry, _: &Path) {}
