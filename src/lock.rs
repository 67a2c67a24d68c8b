//! What was emitted, from what, and with which answers: `goldpath.yaml` for people, `goldpath.lock` for the tool.
//!
//! The two relate as `Cargo.toml` and `Cargo.lock` do. Both are functions of the blueprint and the answers alone, so
//! that the same inputs give the same bytes on every machine.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::answers::{Answer, Answered};
use crate::blueprint::{Blueprint, Owner};
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
        let mut out = String::from(
            "---\n# The golden path that this repository stands on, and the answers it was made with.\n\
             # goldpath.lock records every file that came from them.\n",
        );
        let _ = writeln!(out, "blueprint: {}", quote::yaml_text(self.source.unwrap_or(&self.blueprint.name)));
        let _ = writeln!(out, "version: {}", self.blueprint.version);
        out.push_str("answers:\n");
        for Answered { question, answer, .. } in self.answers {
            match answer {
                Answer::List(items) if items.is_empty() => drop(writeln!(out, "  {}: []", question.key)),
                Answer::List(items) => {
                    let _ = writeln!(out, "  {}:", question.key);
                    for item in items {
                        let _ = writeln!(out, "    - {}", quote::yaml_text(item));
                    }
                }
                answer => drop(writeln!(out, "  {}: {}", question.key, scalar(answer, quote::yaml_text))),
            }
        }
        if self.answers.is_empty() {
            out.truncate(out.len() - 1);
            out.push_str(" {}\n");
        }
        out
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
            let _ = writeln!(
                out,
                "{} = {{ blob = \"{}\", owner = \"{}\", component = {}{mode} }}",
                quote::toml_text(path.as_str()),
                file.blob,
                file.owner.word(),
                quote::toml_text(&file.component),
            );
        }
        out
    }
}

fn scalar(answer: &Answer, quote: impl Fn(&str) -> String) -> String {
    match answer {
        Answer::Bool(value) => value.to_string(),
        Answer::Integer(value) => value.to_string(),
        Answer::Text(text) => quote(text),
        Answer::List(_) => String::new(),
    }
}
