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

/// Everything the lock records.
#[derive(Clone, Debug)]
pub struct Lock<'a> {
    /// The blueprint.
    pub blueprint: &'a Blueprint,
    /// Where the blueprint was found, as the user named it; the library where nothing is said.
    pub source: Option<&'a str>,
    /// The answers it was rendered with.
    pub answers: &'a [Answered<'a>],
    /// The emitted files.
    pub files: BTreeMap<TreePath, Locked>,
}

impl Lock<'_> {
    /// `goldpath.yaml`.
    pub fn choices(&self) -> String {
        let answers = self.answers.iter().map(|answered| (answered.question.key.as_str(), &answered.answer));
        choices(self.source.unwrap_or(&self.blueprint.name), &self.blueprint.version, answers)
    }

    /// `goldpath.lock`.
    pub fn text(&self) -> String {
        let mut out = String::from(
            "# Written by goldpath: what was emitted, and from what. Not meant to be edited.\nversion = 1\n\n[source]\n",
        );
        if let Some(source) = self.source {
            let _ = writeln!(out, "path = {}", quote::toml_text(source));
        }
        let _ = writeln!(out, "blueprint = {}", quote::toml_text(&self.blueprint.name));
        let _ = writeln!(out, "version = {}", quote::toml_text(&self.blueprint.version.to_string()));
        out.push_str("\n[answers]\n");
        for Answered { question, answer, .. } in self.answers {
            match answer {
                Answer::List(items) => {
                    let items: Vec<String> = items.iter().map(|item| quote::toml_text(item)).collect();
                    let _ = writeln!(out, "{} = [{}]", question.key, items.join(", "));
                }
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

/// `goldpath.yaml` for a blueprint as the user named it, a version and answers in the order of their questions.
pub fn choices<'a>(
    blueprint: &str,
    version: &semver::Version,
    answers: impl Iterator<Item = (&'a str, &'a Answer)>,
) -> String {
    let mut out = String::from(
        "---\n# The golden path that this repository stands on, and the answers it was made with.\n\
         # goldpath.lock records every file that came from them.\n",
    );
    let _ = writeln!(out, "blueprint: {}", quote::yaml_text(blueprint));
    let _ = writeln!(out, "version: {version}");
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
    /// The folder that the blueprint was read from; the library where there is none.
    pub path: Option<String>,
    /// The blueprint's version.
    pub version: semver::Version,
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
    files: BTreeMap<String, WrittenFile>,
}

#[derive(serde::Deserialize)]
struct WrittenSource {
    blueprint: String,
    path: Option<String>,
    version: semver::Version,
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
/// Where it is no TOML, lacks something, names a path that leaves the repository, or was written by a newer goldpath.
pub fn read(text: &str) -> Result<Recorded, Diagnostics> {
    let again = "restore it from git: `git checkout -- goldpath.lock`";
    let written: Written = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
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
        match TreePath::new(&path) {
            Ok(path) => {
                let mode = match file.mode {
                    WrittenMode::Regular => Mode::Regular,
                    WrittenMode::Executable => Mode::Executable,
                };
                let WrittenFile { blob, owner, component, own, .. } = file;
                files.insert(path, Locked { blob, owner, component, mode, own });
            }
            Err(error) => problems.push(Diagnostic::error(error.to_string()).place(Place::file(LOCK)).hint(again)),
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
    problems.into_result(Recorded {
        answers: answers.collect(),
        blueprint: written.source.blueprint,
        path: written.source.path,
        version: written.source.version,
        files,
    })
}
