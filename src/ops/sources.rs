//! From the name of a blueprint to the blueprint: the library in the binary, a folder, a git repository, or a catalog of
//! the user's, which is a folder or git repository with several blueprints in it.

use std::path::{Path, PathBuf};

use semver::Version;

use super::Failure;
use crate::blueprint::{self, Blueprint, Library};
use crate::diag::{Diagnostic, Diagnostics, Place, nearest};
use crate::lock::{self, GitSource, Recorded, Source};
use crate::source::remote::{self, Reference, Resolved};
use crate::source::spec::{GitSpec, Revision, Spec, version_of};
use crate::source::{self, Named};
use crate::tree::Tree;
use crate::yaml::{self, Kind, Node};

/// A source that a file or the command line names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// A folder, or a folder of a git repository.
    pub source: String,
    /// What a relative folder is relative to; the folder the command runs in where nothing is said.
    pub base: Option<PathBuf>,
    /// The line that names it.
    pub place: Option<Place>,
}

impl Listed {
    /// A source that was named on the command line.
    pub fn by_hand(source: &str) -> Self {
        Listed { source: source.to_owned(), base: None, place: None }
    }

    /// The files behind it.
    ///
    /// # Errors
    /// A source that can't be had, at the line that names it. `what` says what was looked for there.
    pub(super) fn read(&self, what: &str, hint: &str) -> Result<Tree, Diagnostics> {
        let told = |mut problems: Diagnostics| {
            for problem in &mut problems.0 {
                if let Some(place) = &self.place {
                    problem.message = format!("{}: {}", self.source, problem.message);
                    problem.place = Some(place.clone());
                }
            }
            problems
        };
        match Spec::parse(&self.source).map_err(|problem| told(problem.into()))? {
            Spec::Folder(folder) => {
                let folder = self.folder(&folder);
                if !folder.is_dir() {
                    let found = if folder.exists() { "is no folder" } else { "does not exist" };
                    let problem = Diagnostic::error(format!("the {what} `{}` {found}", self.source)).hint(hint);
                    return Err(match &self.place {
                        Some(place) => problem.place(place.clone()).into(),
                        None => problem.into(),
                    });
                }
                source::read(&folder).map_err(told)
            }
            Spec::Git(spec) => remote::fetch(&spec).map(|fetched| fetched.tree).map_err(told),
        }
    }

    fn folder(&self, folder: &Path) -> PathBuf {
        self.base.as_ref().map_or(folder.to_owned(), |base| base.join(folder))
    }

    /// One of the blueprints that are in it, named so that it can be found without the catalog.
    fn blueprint(&self, name: &str) -> String {
        match Spec::parse(&self.source) {
            Ok(Spec::Git(spec)) => spec.folder(name).text,
            Ok(Spec::Folder(folder)) => self.folder(&folder).join(name).to_string_lossy().into_owned(),
            Err(_) => self.source.clone(),
        }
    }
}

/// The entries of a list of sources.
///
/// # Errors
/// Where it is no list of texts. `field` is what the list is called.
pub fn entries(field: &str, node: &Node, file: &str, base: &Path) -> Result<Vec<Listed>, Diagnostics> {
    let place = |node: &Node| Place::at(file, node.span.line, node.span.column);
    let Kind::Seq(items) = &node.kind else {
        let message = format!("`{field}`: expected a list of sources, found {}", node.describe());
        let hint = format!("write one `- gh:org/{field}@v1.2.0` or `- ./{field}` a line");
        return Err(Diagnostic::error(message).place(place(node)).hint(hint).into());
    };
    let mut problems = Diagnostics::new();
    let mut listed = Vec::new();
    for item in items {
        match item.as_str() {
            Some(source) => {
                listed.push(Listed {
                    source: source.to_owned(),
                    base: Some(base.to_owned()),
                    place: Some(place(item)),
                });
            }
            None => problems.push(
                Diagnostic::error(format!("`{field}`: expected a source as text, found {}", item.describe()))
                    .place(place(item)),
            ),
        }
    }
    problems.into_result(listed)
}

/// A blueprint of a catalog.
#[derive(Clone, Debug)]
pub(super) struct Catalogued {
    /// The name of its folder.
    pub name: String,
    /// How it is named without the catalog.
    pub source: String,
    /// Its manifest.
    pub manifest: String,
}

/// The blueprints of catalogs.
///
/// # Errors
/// Every catalog that can't be had, or has no blueprint.
pub(super) fn catalogued(catalogs: &[Listed]) -> Result<Vec<Catalogued>, Failure> {
    let mut problems = Diagnostics::new();
    let mut found = Vec::new();
    for catalog in catalogs {
        let hint = "a catalog is a folder, or a git source, whose folders each have a `blueprint.yaml`";
        let library = match catalog.read("catalog", hint) {
            Ok(tree) => Library { prefix: String::new(), tree, own: None },
            Err(more) => {
                problems.extend(more);
                continue;
            }
        };
        let names = library.names();
        if names.is_empty() {
            let problem = Diagnostic::error(format!("there is no blueprint in the catalog `{}`", catalog.source));
            problems.push(Diagnostic { place: catalog.place.clone(), ..problem.hint(hint) });
        }
        for name in names {
            let manifest = library.tree.get(&format!("{name}/blueprint.yaml"));
            found.push(Catalogued {
                name: name.to_owned(),
                source: catalog.blueprint(name),
                manifest: manifest.map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).unwrap_or_default(),
            });
        }
    }
    if problems.has_errors() { Err(Failure::Failed(problems)) } else { Ok(found) }
}

/// A blueprint that was found.
#[derive(Debug)]
pub(super) struct Opened {
    pub blueprint: Blueprint,
    /// The files that it is made of.
    pub library: Library,
    pub source: Source,
    pub warnings: Vec<Diagnostic>,
}

/// Finds and loads a blueprint. A name without a path is that of the library's blueprint, or else that of a catalog's:
/// what is built in needs nobody to be asked.
///
/// # Errors
/// A blueprint that is not there, or every mistake in it.
pub(super) fn open(library: Option<&Path>, name: &str, catalogs: &[Listed]) -> Result<Opened, Failure> {
    let files = source::library(library)?;
    match Named::new(name).map_err(Failure::invalid)? {
        Named::Library(name) if !files.names().contains(&name.as_str()) && !catalogs.is_empty() => {
            let found = catalogued(catalogs)?;
            let mut matching = found.iter().filter(|entry| entry.name == name);
            match (matching.next(), matching.next()) {
                (Some(entry), None) => open(library, &entry.source, &[]),
                (Some(first), Some(second)) => Err(Failure::invalid(
                    Diagnostic::error(format!("several catalogs have a blueprint `{name}`"))
                        .hint(format!("say which: `{}` or `{}`", first.source, second.source)),
                )),
                (None, _) => {
                    let mut names = files.names();
                    names.extend(found.iter().map(|entry| entry.name.as_str()));
                    let hint = match nearest(&name, names.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("there is {}; a folder is named as a path: `./{name}`", names.join(", ")),
                    };
                    Err(Failure::invalid(Diagnostic::error(format!("there is no blueprint `{name}`")).hint(hint)))
                }
            }
        }
        Named::Library(name) => Ok(Opened {
            blueprint: blueprint::load(&files, Some(&name))?,
            library: files,
            source: Source::Library,
            warnings: Vec::new(),
        }),
        Named::Folder(folder) => {
            let library = source::with_folder(files, &folder)?;
            let source = Source::Folder(folder.to_string_lossy().into_owned());
            Ok(Opened { blueprint: blueprint::load(&library, None)?, library, source, warnings: Vec::new() })
        }
        Named::Git(spec) => fetched(files, &spec).map(|(opened, _)| opened),
    }
}

fn fetched(files: Library, spec: &GitSpec) -> Result<(Opened, Resolved), Failure> {
    let fetched = remote::fetch(spec).map_err(Failure::Failed)?;
    let library = source::with_tree(files, spec, fetched.tree);
    let blueprint = blueprint::load(&library, None)?;
    let resolved = fetched.resolved;
    let mut warnings = Vec::new();
    if resolved.offline {
        let message = format!("{}: git can't reach it; what was found there last time was taken", spec.text);
        warnings.push(
            Diagnostic::warning(message)
                .hint(format!("that is the commit {}; see that `git ls-remote {}` works", resolved.commit, spec.url)),
        );
    }
    let tag = match &resolved.reference {
        Some(Reference::Tag(name)) => Some(name.clone()),
        _ => None,
    };
    if let Some(says) = tag.as_deref().and_then(version_of)
        && says != blueprint.version
    {
        let tag = tag.as_deref().unwrap_or_default();
        let message = format!("the tag `{tag}` holds version {} of `{}`", blueprint.version, blueprint.name);
        warnings.push(
            Diagnostic::warning(message)
                .place(Place::file(&blueprint.file))
                .hint("whoever keeps the blueprint should let `version:` and tags agree"),
        );
    }
    let git = GitSource { name: spec.text.clone(), commit: resolved.commit.clone(), tree: fetched.tree_id, tag };
    Ok((Opened { blueprint, library, source: Source::Git(git), warnings }, resolved))
}

/// Finds the blueprint that a repository is brought to, in the version that is wanted; in the newest where nobody says.
///
/// `named` is what `goldpath.yaml` says. A path is one from the repository on.
///
/// # Errors
/// A blueprint that is not there, every mistake in it, and a tag that is not where it was.
pub(super) fn open_again(
    library: Option<&Path>,
    root: &Path,
    named: &str,
    recorded: &Recorded,
    to: Option<&Version>,
) -> Result<Opened, Failure> {
    match Named::new(named).map_err(Failure::invalid)? {
        Named::Library(_) => open(library, named, &[]),
        Named::Folder(folder) => {
            let found = root.join(&folder);
            if !found.is_dir() {
                return Err(Failure::invalid(
                    Diagnostic::error(format!(
                        "the blueprint `{named}` is not there: looked for the folder `{}`",
                        found.display()
                    ))
                    .place(Place::file(lock::CHOICES))
                    .hint("put it there, or write where it is now behind `blueprint:`"),
                ));
            }
            let found = found.canonicalize().unwrap_or(found);
            let library = source::with_folder(source::library(library)?, &found)?;
            let source = Source::Folder(named.to_owned());
            Ok(Opened { blueprint: blueprint::load(&library, None)?, library, source, warnings: Vec::new() })
        }
        Named::Git(spec) => {
            let locked = locked(recorded);
            // A release is named by its tag, so that the next reader sees which one it is; a range or a branch stays.
            let by_tag = matches!(&spec.revision, Revision::Name(name) if version_of(name).is_some());
            let written = spec.text.clone();
            let spec = wanted(&spec, locked, to)?;
            let (mut opened, resolved) = fetched(source::library(library)?, &spec)?;
            if let Some(problem) = locked.and_then(|locked| moved(locked, &resolved)) {
                // What is already here was emitted from the commit in the lock; only what comes is in doubt.
                let comes = resolved.reference.as_ref().map(Reference::name) == locked.and_then(|l| l.tag.as_deref());
                if comes {
                    return Err(Failure::invalid(problem));
                }
                opened.warnings.push(Diagnostic { severity: crate::diag::Severity::Warning, ..problem });
            }
            if let (Source::Git(git), false) = (&mut opened.source, by_tag) {
                git.name = written;
            }
            Ok(opened)
        }
    }
}

fn locked(recorded: &Recorded) -> Option<&GitSource> {
    match &recorded.source {
        Source::Git(git) => Some(git),
        Source::Library | Source::Folder(_) => None,
    }
}

/// The revision that is wanted: a version where one is asked for; the newest release where the repository stands on a
/// release by its tag and nobody wrote down another one; else what is written.
fn wanted(spec: &GitSpec, locked: Option<&GitSource>, to: Option<&Version>) -> Result<GitSpec, Failure> {
    let release = |range: &str| -> Result<GitSpec, Failure> {
        let looked = remote::look(&spec.at(range).map_err(Failure::invalid)?).map_err(Failure::Failed)?;
        let tag = looked.reference.as_ref().map(Reference::name).unwrap_or_default();
        spec.at(tag).map_err(Failure::invalid)
    };
    match (&spec.revision, to) {
        (Revision::Name(name), Some(version)) if version_of(name).is_some() => release(&format!("={version}")),
        (Revision::Range(range), Some(version)) if !range.matches(version) => Err(Failure::invalid(
            Diagnostic::error(format!("--to {version}: `{}` asks for {}", spec.text, spec.revision))
                .place(Place::file(lock::CHOICES))
                .hint("write a range that has it behind `blueprint:`"),
        )),
        (_, Some(version)) => release(&format!("={version}")),
        (Revision::Name(name), None) if locked.is_some_and(|locked| locked.name == spec.text) => match version_of(name)
        {
            Some(version) if version.pre.is_empty() => release(&format!(">={version}")),
            _ => Ok(spec.clone()),
        },
        _ => Ok(spec.clone()),
    }
}

/// A tag that is not where it was when it was locked.
fn moved(locked: &GitSource, now: &Resolved) -> Option<Diagnostic> {
    let tag = locked.tag.as_deref()?;
    let at = now.tag(tag).filter(|at| *at != locked.commit)?;
    let message = format!(
        "{}: the tag `{tag}` was at commit {} and is at {at} now; a release must not change",
        locked.name, locked.commit
    );
    Some(
        Diagnostic::error(message)
            .place(Place::file(lock::LOCK))
            .hint(format!("ask whoever keeps it what happened; to take what is there now, name its commit: `@{at}`")),
    )
}

/// The blueprint that a repository was made from, as it was, if it is at hand: built in in that version, in its folder in
/// that version, or at the commit in the lock.
///
/// # Errors
/// Why it is not at hand.
pub(super) fn as_locked(library: &Library, root: &Path, recorded: &Recorded) -> Result<Blueprint, Diagnostic> {
    let (name, locked) = (&recorded.blueprint, &recorded.version);
    let absent = |message: String| Err(Diagnostic::error(message));
    // What is built in may take part in any blueprint, and differs from one goldpath to the next.
    if let Some(other) = recorded.goldpath.as_deref().filter(|other| *other != lock::GOLDPATH) {
        return absent(format!(
            "the lock was written by goldpath {other}, whose components may differ from this one's"
        ));
    }
    // What is built in needs no copy of the library.
    let (with_own, library_name, place) = match &recorded.source {
        Source::Library => (None, Some(name.as_str()), "this goldpath".to_owned()),
        Source::Folder(path) => {
            let folder = root.join(path);
            if !folder.join(MANIFEST).is_file() {
                return absent(format!("there is no blueprint at `{path}`"));
            }
            (Some(source::with_folder(library.clone(), &folder).map_err(first)?), None, format!("`{path}`"))
        }
        Source::Git(git) => {
            let Spec::Git(spec) = Spec::parse(&git.name)? else {
                return absent(format!("`{}` is no git source", git.name));
            };
            let spec = spec.at(&git.commit)?;
            let fetched = remote::fetch(&spec).map_err(first)?;
            if fetched.tree_id != git.tree {
                return absent(format!(
                    "`{}` is the tree {}, and the lock says {}",
                    spec.text, fetched.tree_id, git.tree
                ));
            }
            (Some(source::with_tree(library.clone(), &spec, fetched.tree)), None, format!("`{}`", spec.text))
        }
    };
    let files = with_own.as_ref().unwrap_or(library);
    let mistakes = |more: Diagnostics| {
        let told = more.0.first().map(ToString::to_string).unwrap_or_default().replace('\n', "; ");
        Diagnostic::error(format!("the blueprint of {place} has mistakes: {told}"))
    };
    let mut blueprint = blueprint::load(files, library_name).map_err(mistakes)?;
    if blueprint.version != *locked || blueprint.name != *name {
        let holds = format!("{} {}", blueprint.name, blueprint.version);
        return absent(match recorded.source {
            Source::Library => format!("this goldpath has {holds} built in, and the lock is of {locked}"),
            _ => format!("{place} holds {holds}, and the lock is of {locked}"),
        });
    }
    let components: Vec<_> = recorded.components.iter().map(|name| (name.clone(), Place::file(lock::LOCK))).collect();
    blueprint::add(files, &mut blueprint, &components).map_err(mistakes)?;
    Ok(blueprint)
}

const MANIFEST: &str = "blueprint.yaml";
/// Largest manifest that is looked at for its version, in bytes: a lock is text that anybody may have written.
const MANIFEST_LIMIT: u64 = 1024 * 1024;

/// A version, or a commit, that is newer than the one a repository stands on.
///
/// # Errors
/// Where it can't be known, and why.
pub(super) fn newer(library: &Library, root: &Path, recorded: &Recorded) -> Result<Option<String>, Diagnostic> {
    let manifest = match &recorded.source {
        Source::Library => {
            library.tree.get(&format!("{}/{MANIFEST}", recorded.blueprint)).map(|file| file.bytes.clone())
        }
        Source::Folder(path) => {
            let manifest = root.join(path).join(MANIFEST);
            let found = std::fs::metadata(&manifest).ok();
            found
                .filter(|found| found.is_file() && found.len() <= MANIFEST_LIMIT)
                .and_then(|_| std::fs::read(&manifest).ok())
        }
        Source::Git(git) => return newer_commit(git, recorded),
    };
    Ok(manifest.and_then(|bytes| {
        let node = yaml::parse_one(&String::from_utf8_lossy(&bytes), MANIFEST).ok()?;
        let version: Version = node.get("version")?.as_str()?.parse().ok()?;
        (version > recorded.version).then(|| version.to_string())
    }))
}

fn newer_commit(git: &GitSource, recorded: &Recorded) -> Result<Option<String>, Diagnostic> {
    let Ok(Spec::Git(spec)) = Spec::parse(&git.name) else { return Ok(None) };
    let spec = match &spec.revision {
        Revision::Name(name) if version_of(name).is_some_and(|version| version.pre.is_empty()) => {
            spec.at(&format!(">={}", recorded.version))?
        }
        _ => spec,
    };
    let resolved = remote::look(&spec).map_err(first)?;
    if let Some(problem) = moved(git, &resolved) {
        return Err(problem);
    }
    Ok((resolved.commit != git.commit).then(|| match &resolved.reference {
        Some(Reference::Tag(tag)) => tag.clone(),
        _ => resolved.commit[..12].to_owned(),
    }))
}

fn first(problems: Diagnostics) -> Diagnostic {
    let unknown = || Diagnostic::warning("whether there is a newer blueprint can't be known");
    problems.0.into_iter().next().unwrap_or_else(unknown)
}
