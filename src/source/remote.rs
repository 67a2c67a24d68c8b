//! Folders of git repositories: resolved, fetched and kept in a cache, through the user's own git.
//!
//! Credentials, proxies and agents work as they do elsewhere, since it is the same program. It is given addresses and
//! revisions that [`Spec`](super::spec::Spec) has checked, may speak https, ssh and file only, gets no hooks, no submodules
//! and no work tree, and what it fetched is read from the object database. The other side may be anybody: how long git
//! runs, what it says and what it brings are bounded, and an object is looked at only once its size is known.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use git2::{ObjectType, Odb, Oid, Repository};

use super::spec::{GitSpec, Revision, version_of};
use super::{COUNT_LIMIT, SIZE_LIMIT};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::tree::{File, Mode, Tree, TreePath};

/// Longest that one run of git may take, where [`PATIENCE`] says nothing else.
const TIME_LIMIT: Duration = Duration::from_secs(600);
/// The environment variable that sets another one, in seconds.
pub const PATIENCE: &str = "GOLDPATH_GIT_TIMEOUT";
/// Most that git may say, in bytes: the branches and tags of a repository with some hundred thousands of them.
const ANSWER_LIMIT: u64 = 32 * 1024 * 1024;
/// Most that one fetch may bring, in bytes, packed: what a pack unfolds to is bounded when it is read.
const FETCH_LIMIT: u64 = 1024 * 1024 * 1024;
/// Most memory that git and what it starts may take, in KiB, where the system tells it.
const MEMORY_LIMIT: u64 = 2 * 1024 * 1024;
/// Deepest folder that is read.
const DEPTH_LIMIT: usize = 64;
/// Most problems that are told of one source.
const PROBLEM_LIMIT: usize = 20;

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
    let folder = cache(&spec.url)?;
    let (tree, tree_id) = bring_and_read(&folder, spec, &resolved).or_else(|problems| {
        // What lies in a cache may be cut off, or spoilt. A new one that works takes its place.
        let fresh = tempfile::Builder::new().prefix("renewed-").tempdir_in(folder.parent().unwrap_or(&folder));
        let renewed = fresh.ok().filter(|fresh| Repository::init_bare(fresh.path()).is_ok());
        let read = renewed.and_then(|fresh| {
            let read = bring_and_read(fresh.path(), spec, &resolved).ok()?;
            let old = tempfile::Builder::new().prefix("spoilt-").tempdir_in(folder.parent()?).ok()?;
            let moved = std::fs::rename(&folder, old.path().join("old"));
            // Where that fails, another goldpath has done the same.
            let _ = moved.and_then(|()| std::fs::rename(fresh.keep(), &folder));
            Some(read)
        });
        read.ok_or(problems)
    })?;
    Ok(Fetched { tree, tree_id, resolved })
}

fn bring_and_read(cache: &Path, spec: &GitSpec, resolved: &Resolved) -> Result<(Tree, String), Diagnostics> {
    if !has(cache, &resolved.commit) {
        bring(cache, spec, resolved)?;
    }
    read(cache, spec, &resolved.commit)
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

/// Git with everything off that a repository could switch on. Nothing that the folder it is started in, or an environment
/// as hooks have it, says of another repository reaches it.
fn git(cache: Option<&Path>) -> Command {
    const OTHERS: [&str; 12] = [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    ];
    let nowhere = Path::new(if cfg!(windows) { "NUL" } else { "/dev/null" });
    let mut command = Command::new("git");
    for name in OTHERS {
        command.env_remove(name);
    }
    command
        .args(["-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "fetch.recurseSubmodules=no"])
        // One pack that can be watched as it grows, and large files that never are in memory as a whole.
        .args(["-c", "fetch.unpackLimit=1", "-c", "transfer.unpackLimit=1", "-c", "core.bigFileThreshold=16m"])
        .env("GIT_ALLOW_PROTOCOL", "https:ssh:file")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_DIR", cache.unwrap_or(nowhere))
        .stdin(Stdio::null());
    command
}

/// Why a run of git failed, in its own words, and whether it might not the next time.
struct Unanswered {
    reason: String,
    /// Whether it was stopped because it took or brought too much: then another attempt would, too.
    stopped: bool,
}

impl Unanswered {
    fn failed(reason: impl Into<String>) -> Self {
        Unanswered { reason: reason.into(), stopped: false }
    }

    fn stopped(reason: String) -> Self {
        Unanswered { reason, stopped: true }
    }
}

fn patience() -> Duration {
    let given = std::env::var(PATIENCE).ok().and_then(|text| text.trim().parse().ok());
    given.filter(|seconds| *seconds > 0).map_or(TIME_LIMIT, Duration::from_secs)
}

/// What git printed. Where it is to fetch, the folder that its pack grows in is watched.
fn run(mut command: Command, packs: Option<&Path>) -> Result<String, Unanswered> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Unanswered::failed("there is no git on PATH"),
            _ => Unanswered::failed(error.to_string()),
        })?;
    let result = watched(&mut child, packs);
    if result.is_err() {
        let helpers = below(child.id());
        let _ = child.kill();
        let _ = child.wait();
        // What git had started may not notice that it is gone.
        if !helpers.is_empty() {
            let helpers = helpers.iter().map(ToString::to_string);
            let _ = Command::new("kill").arg("-9").args(helpers).stderr(Stdio::null()).status();
        }
        packs.map(remove_unfinished);
    }
    let (status, told, complained) = result?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&told).into_owned());
    }
    let complained = String::from_utf8_lossy(&complained);
    let lines: Vec<&str> = complained.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let reason = lines.iter().find(|line| line.starts_with("fatal:")).or(lines.last()).unwrap_or(&"it said nothing");
    Err(Unanswered::failed(reason.trim_start_matches("fatal: ").chars().take(1000).collect::<String>()))
}

/// Waits for git as long as it keeps within bounds; returns how it ended, and what it said.
fn watched(child: &mut Child, packs: Option<&Path>) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), Unanswered> {
    const TICK: Duration = Duration::from_millis(50);
    let (started, patience) = (Instant::now(), patience());
    let (sender, receiver) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] =
        [child.stdout.take().map(|out| Box::new(out) as _), child.stderr.take().map(|error| Box::new(error) as _)];
    for (which, stream) in streams.into_iter().enumerate() {
        let (sender, Some(stream)) = (sender.clone(), stream) else { continue };
        // It ends when git does, or by itself after so many bytes; git then writes into a closed pipe.
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.take(ANSWER_LIMIT + 1).read_to_end(&mut bytes);
            let _ = sender.send((which, bytes));
        });
    }
    drop(sender);
    let (mut told, mut complained, mut ended) = (None, None, None);
    loop {
        match receiver.recv_timeout(TICK) {
            Ok((_, bytes)) if bytes.len() as u64 > ANSWER_LIMIT => {
                let limit = ANSWER_LIMIT / 1024 / 1024;
                return Err(Unanswered::stopped(format!("it answers with more than {limit} MiB of names")));
            }
            Ok((0, bytes)) => told = Some(bytes),
            Ok((_, bytes)) => complained = Some(bytes),
            // Both have ended, and git is about to.
            Err(mpsc::RecvTimeoutError::Disconnected) => std::thread::sleep(Duration::from_millis(1)),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
        if ended.is_none() {
            ended = child.try_wait().map_err(|error| Unanswered::failed(error.to_string()))?;
        }
        if let (Some(status), true, true) = (ended, told.is_some(), complained.is_some()) {
            return Ok((status, told.unwrap_or_default(), complained.unwrap_or_default()));
        }
        if started.elapsed() > patience {
            return Err(Unanswered::stopped(format!("it takes more than {} seconds", patience.as_secs())));
        }
        if memory(child.id()) > MEMORY_LIMIT {
            return Err(Unanswered::stopped(format!(
                "git takes more than {} MiB of memory for it",
                MEMORY_LIMIT / 1024
            )));
        }
        if packs.is_some_and(|packs| unfinished(packs).map(|(_, size)| size).sum::<u64>() > FETCH_LIMIT) {
            return Err(Unanswered::stopped(format!("it brings more than {} MiB", FETCH_LIMIT / 1024 / 1024)));
        }
    }
}

/// What a process and those below it hold in memory, in KiB; nothing where the system does not tell.
fn memory(process: u32) -> u64 {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{process}/{name}")).unwrap_or_default();
    let status = read("status");
    let own =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    started_by(process).map(memory).sum::<u64>() + own.unwrap_or(0)
}

/// The processes that a process has started, where the system tells.
fn started_by(process: u32) -> impl Iterator<Item = u32> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    children.split_whitespace().filter_map(|child| child.parse().ok()).collect::<Vec<_>>().into_iter()
}

/// The same, and what those have started in turn.
fn below(process: u32) -> Vec<u32> {
    started_by(process).flat_map(|child| below(child).into_iter().chain([child])).collect()
}

/// The packs that are being fetched into a folder, with their sizes so far.
fn unfinished(packs: &Path) -> impl Iterator<Item = (PathBuf, u64)> {
    let entries = std::fs::read_dir(packs).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("tmp_pack"))
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?.len())))
}

fn remove_unfinished(packs: &Path) {
    for (path, _) in unfinished(packs) {
        let _ = std::fs::remove_file(path);
    }
}

/// Asks the other side which commit a revision is.
fn resolve(spec: &GitSpec) -> Result<Resolved, Box<Unresolved>> {
    let mut command = git(None);
    command.args(["ls-remote", "--", &spec.url, "HEAD", "refs/heads/*", "refs/tags/*"]);
    let told = run(command, None).map_err(|Unanswered { reason, stopped }| {
        let more = if stopped { format!("; {PATIENCE}=SECONDS lets git take longer") } else { String::new() };
        Box::new(Unresolved {
            diagnostic: problem(spec, format!("git can't reach it: {reason}"))
                .hint(format!("see that `git ls-remote {}` works{more}", spec.url)),
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
    let packs = cache.join("objects").join("pack");
    let attempt = |what: &[&str]| {
        let mut command = git(Some(cache));
        command.args(["fetch", "--quiet", "--no-write-fetch-head", "--no-auto-maintenance"]);
        command.args(what.iter().take_while(|word| word.starts_with("--"))).args(["--", &spec.url]);
        command.args(what.iter().skip_while(|word| word.starts_with("--")));
        run(command, Some(&packs))
    };
    let failed = |reason: &str| problem(spec, format!("git can't fetch it: {reason}"));
    // One commit is enough; servers that hand out no single commits are asked for everything.
    let one = attempt(&["--depth=1", "--no-tags", &resolved.commit]);
    if let Err(Unanswered { reason, stopped: true }) = &one {
        return Err(failed(reason).hint(format!("name a smaller repository; {PATIENCE}=SECONDS lets git take longer")));
    }
    if one.is_err() || !has(cache, &resolved.commit) {
        let all = attempt(&["--tags", "+refs/heads/*:refs/goldpath/heads/*"]);
        all.map_err(|Unanswered { reason, .. }| failed(&reason))?;
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
    let mut text = String::new();
    std::fs::File::open(note(cache, spec)).ok()?.take(4096).read_to_string(&mut text).ok()?;
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
    let odb = repository.odb().map_err(failed)?;
    let mut id = Oid::from_str(commit).and_then(|id| Ok(repository.find_commit(id)?.tree_id())).map_err(failed)?;
    let mut reading = Reading {
        repository: &repository,
        odb,
        spec,
        tree: Tree::new(),
        count: 0,
        size: 0,
        full: false,
        problems: Diagnostics::new(),
    };
    for part in spec.folder.split('/').filter(|part| !part.is_empty()) {
        let inner = reading.open(id).map_err(failed)?;
        let found = inner.as_ref().and_then(|tree| tree.get_name(part));
        let Some(found) = found.filter(|entry| entry.kind() == Some(ObjectType::Tree)) else {
            let message = format!("there is no folder `{}` at {}", spec.folder, &commit[..12]);
            return Err(problem(spec, message).into());
        };
        id = found.id();
    }
    reading.folder(id, "", 0).map_err(failed)?;
    reading.problems.into_result((reading.tree, id.to_string()))
}

/// A folder as it is read. Everything counts before it is opened: a few small objects can stand for endless files.
struct Reading<'r> {
    repository: &'r Repository,
    odb: Odb<'r>,
    spec: &'r GitSpec,
    tree: Tree,
    /// Entries so far, folders and what was refused among them.
    count: usize,
    /// Bytes so far, those of folders' lists among them.
    size: u64,
    /// Whether it has come to a limit.
    full: bool,
    problems: Diagnostics,
}

impl<'r> Reading<'r> {
    /// Whether there is room for an object; if not, that is told, once.
    fn has_room(&mut self, id: Oid) -> Result<bool, git2::Error> {
        let (size, _) = self.odb.read_header(id)?;
        self.size = self.size.saturating_add(size as u64);
        if self.count > COUNT_LIMIT || self.size > SIZE_LIMIT {
            self.full = true;
            self.problems.0.truncate(PROBLEM_LIMIT);
            let message = format!("has more than {COUNT_LIMIT} files and folders, or {} MiB", SIZE_LIMIT / 1024 / 1024);
            self.problems.push(
                problem(self.spec, message).hint("name the folder that holds what is meant: `…//folder@revision`"),
            );
        }
        Ok(!self.full)
    }

    fn open(&mut self, id: Oid) -> Result<Option<git2::Tree<'r>>, git2::Error> {
        if self.has_room(id)? { self.repository.find_tree(id).map(Some) } else { Ok(None) }
    }

    fn folder(&mut self, id: Oid, prefix: &str, depth: usize) -> Result<(), git2::Error> {
        let Some(found) = self.open(id)? else { return Ok(()) };
        for entry in &found {
            self.count += 1;
            let Ok(name) = std::str::from_utf8(entry.name_bytes()) else {
                let name = String::from_utf8_lossy(entry.name_bytes());
                self.refuse(&format!("{prefix}{name}"), "has a name that is not UTF-8");
                continue;
            };
            let path = format!("{prefix}{name}");
            match (entry.kind(), entry.filemode()) {
                (Some(ObjectType::Tree), _) if depth < DEPTH_LIMIT => {
                    self.folder(entry.id(), &format!("{path}/"), depth + 1)?;
                }
                (Some(ObjectType::Blob), mode) if mode != 0o120_000 => self.file(entry.id(), &path, mode)?,
                (Some(ObjectType::Blob), _) => self.refuse(&path, "is a symbolic link; sources hold files only"),
                (Some(ObjectType::Commit), _) => self.refuse(&path, "is a submodule; sources hold files only"),
                _ => self.refuse(&path, "lies too deep"),
            }
            if self.full {
                break;
            }
        }
        Ok(())
    }

    fn file(&mut self, id: Oid, path: &str, mode: i32) -> Result<(), git2::Error> {
        let path = match TreePath::new(path) {
            Ok(path) => path,
            Err(error) => {
                self.refuse(path, &error.to_string());
                return Ok(());
            }
        };
        if !self.has_room(id)? {
            return Ok(());
        }
        let blob = self.repository.find_blob(id)?;
        let mode = if mode == 0o100_755 { Mode::Executable } else { Mode::Regular };
        let file = File { bytes: blob.content().to_vec(), mode };
        if let Err(error) = self.tree.insert(path.clone(), file) {
            self.refuse(path.as_str(), &error.to_string());
        }
        Ok(())
    }

    fn refuse(&mut self, path: &str, why: &str) {
        if self.problems.0.len() < PROBLEM_LIMIT {
            // A path may be as long as a tree is deep.
            let path: String = path.chars().take(300).collect();
            self.problems.push(Diagnostic::error(why).place(Place::file(format!("{}: {path}", self.spec.text))));
        } else {
            self.full = true;
        }
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
    fn git_is_stopped_when_it_takes_or_brings_too_much() {
        let packs = tempfile::tempdir().unwrap();
        let growing = packs.path().join("tmp_pack_x");
        std::fs::File::create(&growing).unwrap().set_len(FETCH_LIMIT + 1).unwrap();
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let started = Instant::now();
        let stopped = run(shell("sleep 60"), Some(packs.path())).unwrap_err();
        assert!(stopped.stopped && stopped.reason.contains("it brings more than 1024 MiB"), "{}", stopped.reason);
        assert!(!growing.exists(), "what it had brought is removed");
        let (grown, helper) = (packs.path().join("grown"), packs.path().join("helper"));
        std::fs::File::create(&grown).unwrap().set_len(FETCH_LIMIT + 1).unwrap();
        let [from, to, pid] = [&grown, &growing, &helper].map(|path| path.display());
        let script = format!("sleep 60 & echo $! > {pid}; mv {from} {to}; wait");
        assert!(run(shell(&script), Some(packs.path())).unwrap_err().stopped);
        let helper = std::fs::read_to_string(helper).unwrap();
        let state = || std::fs::read_to_string(format!("/proc/{}/stat", helper.trim())).unwrap_or_default();
        while !state().is_empty() && !state().contains(") Z ") {
            assert!(started.elapsed() < Duration::from_secs(30), "what it had started is still there: {}", state());
        }
        let stopped = run(shell("yes"), None).unwrap_err();
        assert!(stopped.stopped && stopped.reason.contains("more than 32 MiB of names"), "{}", stopped.reason);
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!(run(shell("echo fatal: no >&2; exit 1"), None).unwrap_err().reason, "no");
        assert_eq!(run(shell("echo yes"), None).ok().as_deref(), Some("yes\n"));
        assert!(memory(std::process::id()) > 0 || !cfg!(target_os = "linux"));
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
