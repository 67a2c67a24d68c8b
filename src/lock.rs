//! What was emitted, from what, and with which answers: `goldpath.yaml` for people, `goldpath.lock` for the tool.
//!
//! The two relate as `Cargo.toml` and `Cargo.lock` do. Both are functions of the blueprint and the answers alone, so
//! that the same inputs give the same bytes on every machine.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::answers::{Answer, Answered};
use crate::blueprint::{Blueprint, Owner};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::template::quote;
use crate::tree::{Mode, TreePath};

/// The file that people read and edit.
pub const CHOICES: &str = "goldpath.yaml";
/// The file that the tool reads.
pub const LOCK: &str = "goldpath.lock";

/// The version of this goldpath, whose components may take part in blueprints from elsewhere.
pub const GOLDPATH: &str = env!("CARGO_PKG_VERSION");

/// What the lock says about one emitted file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// Git's id of the content as it was emitted.
    pub blob: String,
    /// Who maintains it.
    pub owner: Owner,
    /// The component that brought it.
    pub component: String,
    /// Whether it can be run.
    pub mode: Mode,
    /// Whether the repository has files of its own in its place, and had them when it was adopted.
    pub own: bool,
}

/// Where a blueprint comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The library inside the binary.
    #[default]
    Library,
    /// A folder, as seen from the repository.
    Folder(String),
    /// A folder of a git repository.
    Git(GitSource),
}

/// A folder of a git repository, as it was when something was emitted from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitSource {
    /// The source as the user named it: `gh:org/paths//service@^1`.
    pub name: String,
    /// The commit that it was resolved to.
    pub commit: String,
    /// Git's id of the folder.
    pub tree: String,
    /// The tag that led there, if one did.
    pub tag: Option<String>,
}

impl Source {
    /// What stands behind `blueprint:` in `goldpath.yaml`.
    pub fn named<'a>(&'a self, blueprint: &'a str) -> &'a str {
        match self {
            Source::Library => blueprint,
            Source::Folder(path) => path,
            Source::Git(git) => &git.name,
        }
    }
}

/// Everything the lock records.
#[derive(Clone, Debug)]
pub struct Lock<'a> {
    /// The blueprint.
    pub blueprint: &'a Blueprint,
    /// Where the blueprint comes from.
    pub source: &'a Source,
    /// The answers it was rendered with.
    pub answers: &'a [Answered<'a>],
    /// The emitted files.
    pub files: BTreeMap<TreePath, Locked>,
}

impl Lock<'_> {
    /// `goldpath.yaml`.
    pub fn choices(&self) -> String {
        let answers = self.answers.iter().map(|answered| (answered.question.key.as_str(), &answered.answer));
        let blueprint = self.blueprint;
        choices(self.source.named(&blueprint.name), &blueprint.version, &blueprint.added, answers)
    }

    /// `goldpath.lock`.
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# Written by goldpath: what was emitted, and from what. Not meant to be edited.\nversion = 1\n\n[source]\n",
        );
        match self.source {
            Source::Library => {}
            Source::Folder(path) => drop(writeln!(out, "path = {}", quote::toml_text(path))),
            Source::Git(GitSource { name, commit, tree, tag }) => {
                let _ = writeln!(out, "git = {}", quote::toml_text(name));
                if let Some(tag) = tag {
                    let _ = writeln!(out, "tag = {}", quote::toml_text(tag));
                }
                let _ = writeln!(out, "commit = \"{commit}\"\ntree = \"{tree}\"");
            }
        }
        let _ = writeln!(out, "blueprint = {}", quote::toml_text(&self.blueprint.name));
        let _ = writeln!(out, "version = {}", quote::toml_text(&self.blueprint.version.to_string()));
        if *self.source != Source::Library {
            let _ = writeln!(out, "goldpath = \"{GOLDPATH}\"");
        }
        if !self.blueprint.added.is_empty() {
            let _ = writeln!(out, "components = {}", texts(&self.blueprint.added));
        }
        out.push_str("\n[answers]\n");
        for Answered { question, answer, .. } in self.answers {
            match answer {
                Answer::List(items) => drop(writeln!(out, "{} = {}", question.key, texts(items))),
                answer => drop(writeln!(out, "{} = {}", question.key, scalar(answer, quote::toml_text))),
            }
        }
        out.push_str("\n[files]\n");
        for (path, file) in &self.files {
            let mode = if file.mode == Mode::Executable { ", mode = \"executable\"" } else { "" };
            let own = if file.own { ", own = true" } else { "" };
            let _ = writeln!(
                out,
                "{} = {{ blob = \"{}\", owner = \"{}\", component = {}{mode}{own} }}",
                quote::toml_text(path.as_str()),
                file.blob,
                file.owner.word(),
                quote::toml_text(&file.component),
            );
        }
        out
    }
}

/// A list of texts in TOML.
fn texts(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quote::toml_text(item)).collect();
    format!("[{}]", items.join(", "))
}

/// `goldpath.yaml` for a blueprint as the user named it, a version, components besides the blueprint's, and answers in the
/// order of their questions.
pub fn choices<'a>(
    blueprint: &str,
    version: &semver::Version,
    components: &[String],
    answers: impl Iterator<Item = (&'a str, &'a Answer)>,
) -> String {
    let mut out = String::from(
        "---\n# The golden path that this repository stands on, and the answers it was made with.\n\
         # goldpath.lock records every file that came from them.\n",
    );
    let _ = writeln!(out, "blueprint: {}", quote::yaml_text(blueprint));
    let _ = writeln!(out, "version: {version}");
    if !components.is_empty() {
        out.push_str("components:\n");
        for component in components {
            let _ = writeln!(out, "  - {}", quote::yaml_text(component));
        }
    }
    let mut answers = answers.peekable();
    out.push_str(if answers.peek().is_some() { "answers:\n" } else { "answers: {}\n" });
    for (key, answer) in answers {
        match answer {
            Answer::List(items) if items.is_empty() => drop(writeln!(out, "  {key}: []")),
            Answer::List(items) => {
                let _ = writeln!(out, "  {key}:");
                for item in items {
                    let _ = writeln!(out, "    - {}", quote::yaml_text(item));
                }
            }
            answer => drop(writeln!(out, "  {key}: {}", scalar(answer, quote::yaml_text))),
        }
    }
    out
}

fn scalar(answer: &Answer, quote: impl Fn(&str) -> String) -> String {
    match answer {
        Answer::Bool(value) => value.to_string(),
        Answer::Integer(value) => value.to_string(),
        Answer::Text(text) => quote(text),
        Answer::List(_) => String::new(),
    }
}

/// What a `goldpath.lock` says, as read from a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The blueprint's name.
    pub blueprint: String,
    /// Where the blueprint was read from.
    pub source: Source,
    /// The blueprint's version.
    pub version: semver::Version,
    /// The goldpath whose library took part; nothing where the blueprint is of the library itself.
    pub goldpath: Option<String>,
    /// Components besides the blueprint's.
    pub components: Vec<String>,
    /// The answers it was rendered with, in the order of their questions.
    pub answers: Vec<(String, Answer)>,
    /// The emitted files.
    pub files: BTreeMap<TreePath, Locked>,
}

/// The lock as TOML has it.
#[derive(serde::Deserialize)]
struct Written {
    version: u32,
    source: WrittenSource,
    #[serde(default)]
    answers: BTreeMap<String, toml::Spanned<WrittenAnswer>>,
    #[serde(default)]
    files: BTreeMap<String, toml::Spanned<WrittenFile>>,
}

#[derive(Clone, serde::Deserialize)]
struct WrittenSource {
    blueprint: String,
    path: Option<String>,
    git: Option<String>,
    tag: Option<String>,
    commit: Option<String>,
    tree: Option<String>,
    version: semver::Version,
    goldpath: Option<String>,
    #[serde(default)]
    components: Vec<String>,
}

impl WrittenSource {
    fn read(self) -> Result<Source, Diagnostic> {
        let id = |field: &str, id: Option<String>| {
            id.filter(|id| id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).ok_or_else(|| {
                Diagnostic::error(format!("`source`: a git source needs a `{field}` of 40 hexadecimal digits"))
                    .place(Place::file(LOCK))
            })
        };
        Ok(match (self.path, self.git) {
            (Some(_), Some(_)) => {
                let message = "`source` has both a `path` and a `git`; a blueprint comes from one place";
                return Err(Diagnostic::error(message).place(Place::file(LOCK)));
            }
            (Some(path), None) => Source::Folder(path),
            (None, Some(name)) => Source::Git(GitSource {
                name,
                commit: id("commit", self.commit)?,
                tree: id("tree", self.tree)?,
                tag: self.tag,
            }),
            (None, None) => Source::Library,
        })
    }
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum WrittenAnswer {
    Bool(bool),
    Integer(i64),
    Text(String),
    List(Vec<String>),
}

#[derive(serde::Deserialize)]
struct WrittenFile {
    blob: String,
    owner: Owner,
    component: String,
    #[serde(default)]
    mode: WrittenMode,
    #[serde(default)]
    own: bool,
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenMode {
    #[default]
    Regular,
    Executable,
}

/// Reads a `goldpath.lock`.
///
/// # Errors
/// Where it is no TOML, lacks something, names a path that leaves the repository or a content by no id of git's, or was
/// written by a newer goldpath.
pub fn read(text: &str) -> Result<Recorded, Diagnostics> {
    let again = "restore it from git: `git checkout -- goldpath.lock`; where it was committed like this, take an earlier \
                 one: `git log -- goldpath.lock`";
    let line_at = |offset: usize| text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1;
    if let Some(line) = text.lines().position(|line| line.starts_with("<<<<<<< ")) {
        return Err(Diagnostic::error("expected what goldpath wrote, found the marks of a merge of git's")
            .place(Place::line(LOCK, line + 1))
            .hint("take one side whole (`git checkout --ours goldpath.lock`), then `goldpath update` writes it anew")
            .into());
    }
    let written: Written = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(span.start));
        Diagnostic::error(error.message().to_owned()).place(Place::line(LOCK, line)).hint(again)
    })?;
    if written.version != 1 {
        return Err(Diagnostic::error(format!(
            "the lock has version {}; this goldpath reads version 1",
            written.version
        ))
        .place(Place::file(LOCK))
        .hint("use the goldpath that wrote it, or a newer one")
        .into());
    }
    let mut problems = Diagnostics::new();
    let mut files = BTreeMap::new();
    for (path, file) in written.files {
        // Counted only where it is told: the lock may have ten thousands of lines.
        let start = file.span().start;
        let place = || Place::line(LOCK, line_at(start));
        let file = file.into_inner();
        if file.blob.len() != 40 || !file.blob.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message =
                format!("`{path}`: expected git's id of its content, 40 hexadecimal digits, found `{}`", file.blob);
            problems.push(Diagnostic::error(message).place(place()).hint(again));
        }
        match TreePath::new(&path) {
            Ok(path) => {
                let mode = match file.mode {
                    WrittenMode::Regular => Mode::Regular,
                    WrittenMode::Executable => Mode::Executable,
                };
                let WrittenFile { blob, owner, component, own, .. } = file;
                files.insert(path, Locked { blob, owner, component, mode, own });
            }
            Err(error) => problems.push(Diagnostic::error(error.to_string()).place(place()).hint(again)),
        }
    }
    let mut answers: Vec<_> = written.answers.into_iter().collect();
    answers.sort_by_key(|(_, answer)| answer.span().start);
    let answers = answers.into_iter().map(|(key, answer)| {
        let answer = match answer.into_inner() {
            WrittenAnswer::Bool(value) => Answer::Bool(value),
            WrittenAnswer::Integer(value) => Answer::Integer(value),
            WrittenAnswer::Text(text) => Answer::Text(text),
            WrittenAnswer::List(items) => Answer::List(items),
        };
        (key, answer)
    });
    let WrittenSource { blueprint, version, goldpath, components, .. } = written.source.clone();
    let source = written.source.read().unwrap_or_else(|problem| {
        problems.push(problem.hint(again));
        Source::Library
    });
    problems.into_result(Recorded {
        answers: answers.collect(),
        blueprint,
        source,
        version,
        goldpath,
        components,
        files,
    })
}
