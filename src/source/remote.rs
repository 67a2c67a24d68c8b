//! Folders of git repositories: resolved, fetched and kept in a cache, through the user's own git.
//!
//! Credentials, proxies and agents work as they do elsewhere, since it is the same program. It is given addresses and
//! revisions that [`Spec`](super::spec::Spec) has checked, may speak https, ssh and file only, gets no hooks, no submodules
//! and no work tree, and what it fetched is read from the object database.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use git2::{ObjectType, Oid, Repository};

use super::spec::{GitSpec, Revision, version_of};
use super::{COUNT_LIMIT, SIZE_LIMIT};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::tree::{File, Mode, Tree, TreePath};

/// What was fetched.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// The files of the folder.
    pub tree: Tree,
    /// Git's id of the folder.
    pub tree_id: String,
    /// Which commit they are from, and how it was found.
    pub resolved: Resolved,
}

/// A revision as a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The commit.
    pub commit: String,
    /// What led there.
    pub reference: Option<Reference>,
    /// Whether the other side could not be asked, so that what was found last time was taken.
    pub offline: bool,
    /// The other side's tags with their commits; none where it was not asked.
    tags: Vec<(String, String)>,
}

/// A name that leads to a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A tag, which is not meant to move.
    Tag(String),
    /// A branch, which is.
    Branch(String),
}

impl Reference {
    /// The name without what kind it is of.
    pub fn name(&self) -> &str {
        match self {
            Reference::Tag(name) | Reference::Branch(name) => name,
        }
    }
}

impl Resolved {
    fn commit(commit: &str) -> Self {
        Resolved { commit: commit.to_owned(), reference: None, offline: false, tags: Vec::new() }
    }

    /// The commit that a tag stands at now; nothing where there is none, or nobody was asked.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(tag, _)| tag == name).map(|(_, commit)| commit.as_str())
    }
}

/// Resolves, fetches and reads a source.
///
/// # Errors
/// Where git fails, there is no such revision or folder, or the folder holds what no tree can hold.
pub fn fetch(spec: &GitSpec) -> Result<Fetched, Diagnostics> {
    let resolved = look(spec)?;
    let cache = cache(&spec.url)?;
    if !has(&cache, &resolved.commit) {
        bring(&cache, spec, &resolved)?;
    }
    let (tree, tree_id) = read(&cache, spec, &resolved.commit)?;
    Ok(Fetched { tree, tree_id, resolved })
}

/// Says which commit a source stands at, without fetching it.
///
/// # Errors
/// Where git fails, or there is no such revision.
pub fn look(spec: &GitSpec) -> Result<Resolved, Diagnostics> {
    let cache = cache(&spec.url)?;
    if let Revision::Commit(commit) = &spec.revision {
        // A commit is what it is; nobody has to be asked.
        return Ok(Resolved::commit(commit));
    }
    match resolve(spec) {
        Ok(resolved) => {
            remember(&cache, spec, &resolved);
            Ok(resolved)
        }
        Err(problem) => match recall(&cache, spec) {
            Some(resolved) if problem.may_be_offline => Ok(resolved),
            _ => Err(problem.diagnostic.into()),
        },
    }
}

struct Unresolved {
    diagnostic: Diagnostic,
    /// Whether it was git that failed, not the name that was wrong.
    may_be_offline: bool,
}

fn problem(spec: &GitSpec, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(message).place(Place::file(spec.text.clone()))
}

/// The bare repository that keeps what was fetched from an address.
fn cache(url: &str) -> Result<PathBuf, Diagnostics> {
    use etcetera::BaseStrategy;
    let base = etcetera::choose_base_strategy()
        .map_err(|error| Diagnostic::error(format!("there is no home folder for the cache: {error}")))?;
    let mut hasher = DefaultHasher::new();
    url.hash(&mut hasher);
    let name: String = url.rsplit('/').next().unwrap_or("repo").chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let folder = base.cache_dir().join("goldpath").join("git").join(format!("{name}-{:016x}", hasher.finish()));
    if !folder.join("HEAD").is_file() {
        let failed = |error: String| {
            Diagnostic::error(format!("the cache can't be made: {error}"))
                .place(Place::file(folder.display().to_string()))
        };
        std::fs::create_dir_all(&folder).map_err(|error| failed(error.to_string()))?;
        Repository::init_bare(&folder).map_err(|error| failed(error.message().to_owned()))?;
    }
    Ok(folder)
}

fn has(cache: &Path, commit: &str) -> bool {
    let found = Repository::open_bare(cache).and_then(|repository| {
        let id = Oid::from_str(commit)?;
        repository.find_commit(id)?.tree().map(|_| ())
    });
    found.is_ok()
}

/// Git with everything off that a repository could switch on.
fn git(cache: Option<&Path>) -> Command {
    let mut command = Command::new("git");
    if let Some(cache) = cache {
        command.arg("--git-dir").arg(cache);
    }
    command
        .args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "fetch.recurseSubmodules=no"])
        .env("GIT_ALLOW_PROTOCOL", "https:ssh:file")
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null());
    command
}

/// What git printed, or why it failed in its own words.
fn run(mut command: Command) -> Result<String, String> {
    let output = command.output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no git on PATH".to_owned(),
        _ => error.to_string(),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = told.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let reason = lines.iter().find(|line| line.starts_with("fatal:")).or(lines.last()).unwrap_or(&"it said nothing");
    Err(reason.trim_start_matches("fatal: ").to_owned())
}

/// Asks the other side which commit a revision is.
fn resolve(spec: &GitSpec) -> Result<Resolved, Box<Unresolved>> {
    let mut command = git(None);
    command.args(["ls-remote", "--", &spec.url]);
    let told = run(command).map_err(|reason| {
        Box::new(Unresolved {
            diagnostic: problem(spec, format!("git can't reach it: {reason}"))
                .hint(format!("see that `git ls-remote {}` works", spec.url)),
            may_be_offline: true,
        })
    })?;
    let references: Vec<(&str, &str)> = told.lines().filter_map(|line| line.split_once('\t')).collect();
    choose(spec, &references).ok_or_else(|| {
        let mut names: Vec<&str> = references
            .iter()
            .filter_map(|(_, name)| name.strip_prefix("refs/tags/").or_else(|| name.strip_prefix("refs/heads/")))
            .filter(|name| !name.ends_with("^{}"))
            .collect();
        names.reverse();
        names.truncate(10);
        let hint = match crate::diag::nearest(&spec.revision.to_string(), names.iter().copied()) {
            Some(name) => format!("did you mean `{name}`?"),
            None if names.is_empty() => "the repository is empty".to_owned(),
            None => format!("there is {}", names.join(", ")),
        };
        Box::new(Unresolved {
            diagnostic: problem(spec, format!("the repository has no revision that is {}", spec.revision)).hint(hint),
            may_be_offline: false,
        })
    })
}

/// The commit and name of a revision among the references of `git ls-remote`.
fn choose(spec: &GitSpec, references: &[(&str, &str)]) -> Option<Resolved> {
    // An annotated tag is an object of its own; `^{}` has the commit behind it.
    let commit_of = |name: &str| {
        let peeled = format!("{name}^{{}}");
        let find = |wanted: &str| references.iter().find(|(_, name)| *name == wanted).map(|(commit, _)| *commit);
        find(&peeled).or_else(|| find(name)).map(str::to_owned)
    };
    let tags: Vec<&str> = references
        .iter()
        .filter_map(|(_, name)| name.strip_prefix("refs/tags/").filter(|tag| !tag.ends_with("^{}")))
        .collect();
    let resolved = |commit: String, reference| Resolved {
        commit,
        reference: Some(reference),
        offline: false,
        tags: tags
            .iter()
            .filter_map(|tag| Some(((*tag).to_owned(), commit_of(&format!("refs/tags/{tag}"))?)))
            .collect(),
    };
    let tag = |name: &str| Some(resolved(commit_of(&format!("refs/tags/{name}"))?, Reference::Tag(name.to_owned())));
    let branch =
        |name: &str| Some(resolved(commit_of(&format!("refs/heads/{name}"))?, Reference::Branch(name.to_owned())));
    let releases = releases(&spec.folder, &tags);
    let newest = |fits: &dyn Fn(&semver::Version) -> bool| {
        releases.iter().filter(|(version, _)| fits(version)).max().and_then(|(_, name)| tag(name))
    };
    match &spec.revision {
        Revision::Commit(commit) => Some(Resolved::commit(commit)),
        Revision::Name(name) => tag(name).or_else(|| branch(name)),
        Revision::Range(range) => newest(&|version| range.matches(version)),
        Revision::Newest => newest(&|version| version.pre.is_empty())
            .or_else(|| Some(resolved(commit_of("HEAD")?, Reference::Branch("HEAD".to_owned())))),
    }
}

/// The releases of a folder. Where one repository holds several things that are released for themselves, their tags
/// begin with their names: `service-v1.2.0`, `paths/service/v1.2.0`.
fn releases<'t>(folder: &str, tags: &[&'t str]) -> Vec<(semver::Version, &'t str)> {
    let bare = |tag: &str| semver::Version::parse(tag.strip_prefix('v').unwrap_or(tag)).ok();
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let own = |tag: &'t str| {
        let rest = tag.strip_prefix(folder).or_else(|| tag.strip_prefix(name)).filter(|_| !folder.is_empty())?;
        Some((bare(rest.strip_prefix(['-', '/', '@'])?)?, tag))
    };
    let own: Vec<_> = tags.iter().filter_map(|tag| own(tag)).collect();
    if !own.is_empty() {
        return own;
    }
    let plain: Vec<_> = tags.iter().filter_map(|tag| Some((bare(tag)?, *tag))).collect();
    if !plain.is_empty() {
        return plain;
    }
    tags.iter().filter_map(|tag| Some((version_of(tag)?, *tag))).collect()
}

fn bring(cache: &Path, spec: &GitSpec, resolved: &Resolved) -> Result<(), Diagnostic> {
    let attempt = |what: &[&str]| {
        let mut command = git(Some(cache));
        command.args(["fetch", "--quiet", "--no-write-fetch-head", "--no-auto-maintenance"]);
        command.args(what.iter().take_while(|word| word.starts_with("--"))).args(["--", &spec.url]);
        run({
            command.args(what.iter().skip_while(|word| word.starts_with("--")));
            command
        })
    };
    // One commit is enough; servers that hand out no single commits are asked for everything.
    let one = attempt(&["--depth=1", "--no-tags", &resolved.commit]);
    if one.is_err() || !has(cache, &resolved.commit) {
        let all = attempt(&["--tags", "+refs/heads/*:refs/goldpath/heads/*"]);
        all.map_err(|reason| problem(spec, format!("git can't fetch it: {reason}")))?;
    }
    if !has(cache, &resolved.commit) {
        return Err(problem(spec, format!("the repository has no commit {}", resolved.commit))
            .hint("see that the commit was pushed"));
    }
    // Nothing else holds on to a single commit.
    if let Ok(repository) = Repository::open_bare(cache)
        && let Ok(id) = Oid::from_str(&resolved.commit)
    {
        let _ = repository.reference(&format!("refs/goldpath/kept/{id}"), id, true, "fetched");
    }
    Ok(())
}

/// Where the cache keeps what a revision was, for days without a network.
fn note(cache: &Path, spec: &GitSpec) -> PathBuf {
    let name: String = spec
        .revision
        .to_string()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-^~".contains(c) { c } else { '_' })
        .collect();
    cache.join("goldpath-revisions").join(name)
}

fn remember(cache: &Path, spec: &GitSpec, resolved: &Resolved) {
    let path = note(cache, spec);
    let (kind, name) = match &resolved.reference {
        Some(Reference::Tag(name)) => ("tag", name.as_str()),
        Some(Reference::Branch(name)) => ("branch", name.as_str()),
        None => ("", ""),
    };
    let text = format!("{}\n{kind} {name}\n", resolved.commit);
    // Without the note it only takes a network next time.
    let _ = path.parent().map(std::fs::create_dir_all);
    let _ = std::fs::write(path, text);
}

fn recall(cache: &Path, spec: &GitSpec) -> Option<Resolved> {
    let text = std::fs::read_to_string(note(cache, spec)).ok()?;
    let mut lines = text.lines();
    let commit = lines.next().filter(|commit| has(cache, commit))?.to_owned();
    let reference = lines.next().and_then(|line| match line.split_once(' ')? {
        ("tag", name) => Some(Reference::Tag(name.to_owned())),
        ("branch", name) => Some(Reference::Branch(name.to_owned())),
        _ => None,
    });
    Some(Resolved { commit, reference, offline: true, tags: Vec::new() })
}

fn read(cache: &Path, spec: &GitSpec, commit: &str) -> Result<(Tree, String), Diagnostics> {
    let failed = |error: git2::Error| problem(spec, format!("the cache can't be read: {}", error.message()));
    let repository = Repository::open_bare(cache).map_err(failed)?;
    let root = Oid::from_str(commit).and_then(|id| repository.find_commit(id)?.tree()).map_err(failed)?;
    let found = if spec.folder.is_empty() {
        Some(root)
    } else {
        let entry = root.get_path(Path::new(&spec.folder)).ok();
        entry
            .filter(|entry| entry.kind() == Some(ObjectType::Tree))
            .and_then(|entry| repository.find_tree(entry.id()).ok())
    };
    let Some(found) = found else {
        return Err(problem(spec, format!("there is no folder `{}` at {}", spec.folder, &commit[..12])).into());
    };
    let mut reading =
        Reading { repository: &repository, spec, tree: Tree::new(), size: 0, problems: Diagnostics::new() };
    reading.folder(&found, "").map_err(failed)?;
    reading.problems.into_result((reading.tree, found.id().to_string()))
}

struct Reading<'r> {
    repository: &'r Repository,
    spec: &'r GitSpec,
    tree: Tree,
    size: u64,
    problems: Diagnostics,
}

impl Reading<'_> {
    fn folder(&mut self, found: &git2::Tree<'_>, prefix: &str) -> Result<(), git2::Error> {
        for entry in found {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            match (entry.kind(), entry.filemode()) {
                (Some(ObjectType::Tree), _) if path.matches('/').count() < 64 => {
                    let inner = self.repository.find_tree(entry.id())?;
                    self.folder(&inner, &path)?;
                }
                (Some(ObjectType::Blob), mode) if mode != 0o120_000 => self.file(&entry, &path, mode)?,
                (Some(ObjectType::Blob), _) => self.refuse(&path, "is a symbolic link; sources hold files only"),
                (Some(ObjectType::Commit), _) => self.refuse(&path, "is a submodule; sources hold files only"),
                _ => self.refuse(&path, "lies too deep"),
            }
            if self.tree.len() > COUNT_LIMIT || self.size > SIZE_LIMIT {
                self.refuse("", &format!("has more than {COUNT_LIMIT} files or {} MiB", SIZE_LIMIT / 1024 / 1024));
                break;
            }
        }
        Ok(())
    }

    fn file(&mut self, entry: &git2::TreeEntry<'_>, path: &str, mode: i32) -> Result<(), git2::Error> {
        let blob = self.repository.find_blob(entry.id())?;
        self.size += blob.size() as u64;
        let mode = if mode == 0o100_755 { Mode::Executable } else { Mode::Regular };
        let file = File { bytes: blob.content().to_vec(), mode };
        if let Err(error) = TreePath::new(path).and_then(|path| self.tree.insert(path, file)) {
            self.refuse(path, &error.to_string());
        }
        Ok(())
    }

    fn refuse(&mut self, path: &str, why: &str) {
        let place = format!("{}: {path}", self.spec.text);
        self.problems.push(Diagnostic::error(why).place(Place::file(place.trim_end_matches(": "))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFERENCES: [(&str, &str); 8] = [
        ("c0", "HEAD"),
        ("c1", "refs/heads/main"),
        ("t1", "refs/tags/v1.2.0"),
        ("c2", "refs/tags/v1.2.0^{}"),
        ("c3", "refs/tags/v1.10.0"),
        ("c4", "refs/tags/v2.0.0-rc.1"),
        ("c5", "refs/tags/main"),
        ("c6", "refs/tags/nightly"),
    ];

    fn spec(text: &str) -> GitSpec {
        match crate::source::spec::Spec::parse(text).unwrap() {
            crate::source::spec::Spec::Git(spec) => spec,
            other => panic!("{other:?}"),
        }
    }

    fn chosen(revision: &str) -> Option<(String, Option<String>)> {
        let at = if revision.is_empty() { String::new() } else { format!("@{revision}") };
        choose(&spec(&format!("gh:a/b{at}")), &REFERENCES)
            .map(|resolved| (resolved.commit, resolved.reference.map(|reference| reference.name().to_owned())))
    }

    #[test]
    fn a_revision_is_the_tag_before_the_branch_and_versions_are_compared_as_such() {
        let some = |commit: &str, name: &str| Some((commit.to_owned(), Some(name.to_owned())));
        assert_eq!(chosen(""), some("c3", "v1.10.0"));
        assert_eq!(chosen("^1.2"), some("c3", "v1.10.0"));
        assert_eq!(chosen(">=2.0.0-rc.0"), some("c4", "v2.0.0-rc.1"));
        assert_eq!(chosen("v1.2.0"), some("c2", "v1.2.0"), "the commit behind an annotated tag");
        assert_eq!(chosen("main"), some("c5", "main"));
        assert_eq!(chosen("^3"), None);
        let newest = choose(&spec("gh:a/b"), &REFERENCES).unwrap();
        assert_eq!(newest.tag("v1.2.0"), Some("c2"));
        assert_eq!(choose(&spec("gh:a/b"), &REFERENCES[..2]).unwrap().commit, "c0");
    }

    #[test]
    fn what_is_released_for_itself_has_tags_of_its_own() {
        let tags = ["v9.0.0", "service-v1.0.0", "paths/service/v1.1.0", "worker-v3.0.0", "service-v1.x"];
        let newest = |folder| releases(folder, &tags).into_iter().max().map(|(_, tag)| tag);
        assert_eq!(newest("paths/service"), Some("paths/service/v1.1.0"));
        assert_eq!(newest("service"), Some("service-v1.0.0"));
        assert_eq!(newest("worker"), Some("worker-v3.0.0"));
        assert_eq!(newest("other"), Some("v9.0.0"));
        assert_eq!(newest(""), Some("v9.0.0"));
        assert_eq!(releases("", &["service-v1.0.0"]).len(), 1, "better than none");
    }
}
