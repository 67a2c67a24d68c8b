//! Do a repository's records tell the truth?
//!
//! `goldpath.lock` is a function of a blueprint and answers. Where the blueprint is at hand in the version that the lock
//! names, it is rendered once more, and a lock that says anything else was edited: to hide drift, as a rule.
//! `goldpath.yaml` is people's to edit, and where it says something else than the lock an update is pending.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use git2::Oid;
use serde::Serialize;

use super::Failure;
use super::merging::{self, id_of};
use super::sources;
use crate::answers::Answer;
use crate::blueprint::Library;
use crate::diag::Place;
use crate::git::existing::{Existing, PRISTINE};
use crate::lock::{self, CHOICES, LOCK, Locked, Recorded, Source};
use crate::template::quote;
use crate::tree::{Mode, TreePath};

/// Whether the lock says what its blueprint yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It says the same as the blueprint, rendered with its answers.
    Confirmed,
    /// Nobody can say here: the reason is told.
    Unconfirmed,
    /// It says something else.
    Tampered,
}

/// What became of holding the lock against its blueprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What it came to.
    pub standing: Standing,
    /// Why it could not be confirmed.
    pub reason: Option<String>,
    /// What the lock says and the blueprint does not.
    pub problems: Vec<Tampering>,
}

/// Something that the lock says and its blueprint does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tampering {
    /// The file, or the key of the answer, that it is about.
    pub about: String,
    /// The line of the lock, where it has one.
    pub line: Option<usize>,
    /// What differs.
    pub message: String,
}

/// Something that waits for `goldpath update`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// What differs: `blueprint`, `version`, `goldpath.yaml`, or the key of an answer.
    pub about: String,
    /// The line of `goldpath.yaml`, where it has one.
    pub line: Option<usize>,
    /// What `goldpath.yaml` says, and what the lock.
    pub message: String,
}

impl Verdict {
    pub(super) fn unconfirmed(reason: impl Into<String>) -> Self {
        Verdict { standing: Standing::Unconfirmed, reason: Some(reason.into()), problems: Vec::new() }
    }
}

/// What the blueprint that the lock names yields with the answers of the lock.
pub(super) enum Again {
    /// It can't be had, and why.
    Absent(String),
    /// It does not take the answers.
    Refused(String),
    Rendered {
        /// What the lock should say.
        recorded: Box<Recorded>,
        contents: HashMap<Oid, Vec<u8>>,
    },
}

/// Renders what the lock speaks of once more.
pub(super) fn again(library: &Library, root: &Path, recorded: &Recorded) -> Again {
    if let Source::Folder(folder) = &recorded.source
        && root.join(folder).canonicalize().is_ok_and(|folder| folder.starts_with(root))
    {
        return Again::Absent(format!("`{folder}` lies in the repository itself, where whoever edits one edits both"));
    }
    let loaded = match sources::as_locked(library, root, recorded) {
        Ok(loaded) => loaded,
        Err(problem) => return Again::Absent(problem.message),
    };
    let rendered = match merging::rendered_again(recorded, &loaded, root) {
        Ok(rendered) => rendered,
        Err(failure) => return Again::Refused(first(&failure)),
    };
    let text = rendered.tree.get(LOCK).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    match lock::read(&text.unwrap_or_default()) {
        Ok(recorded) => {
            let contents = rendered.tree.iter().map(|(_, file)| (id_of(&file.bytes), file.bytes.clone())).collect();
            Again::Rendered { recorded: Box::new(recorded), contents }
        }
        Err(problems) => Again::Refused(problems.to_string()),
    }
}

fn first(failure: &Failure) -> String {
    match failure {
        Failure::Invalid(problems) | Failure::Failed(problems) | Failure::Conflicts(problems) => {
            problems.0.first().map(ToString::to_string).unwrap_or_default().replace('\n', "; ")
        }
        _ => String::new(),
    }
}

/// Holds a lock against what its blueprint yields. `fixed` says that the blueprint can't change without its version, as
/// is so of the library in the binary.
pub(super) fn judge(
    text: &str,
    recorded: &Recorded,
    again: &Again,
    fixed: bool,
    existing: Option<&Existing>,
) -> (Verdict, Option<Pending>) {
    let problems = match again {
        Again::Absent(reason) => return (Verdict::unconfirmed(reason.clone()), None),
        Again::Refused(reason) => vec![Tampering {
            about: "answers".to_owned(),
            line: line_of(text, "[answers]"),
            message: format!(
                "{} {} can't have been rendered with these answers: {reason}",
                recorded.blueprint, recorded.version
            ),
        }],
        Again::Rendered { recorded: yields, .. } => compare(text, recorded, yields),
    };
    if problems.is_empty() {
        return (Verdict { standing: Standing::Confirmed, reason: None, problems }, None);
    }
    let pristine = || existing.and_then(|existing| existing.at_reference(PRISTINE, LOCK));
    if !fixed && pristine().is_some_and(|pristine| pristine == text.as_bytes()) {
        let named = merging::named(recorded);
        let message = format!(
            "`{named}` yields something else than when it was last applied, in the same version {}",
            recorded.version
        );
        let pending = Pending { about: "blueprint".to_owned(), line: None, message: message.clone() };
        return (Verdict::unconfirmed(message), Some(pending));
    }
    (Verdict { standing: Standing::Tampered, reason: None, problems }, None)
}

/// What a lock says otherwise than it should.
fn compare(text: &str, says: &Recorded, yields: &Recorded) -> Vec<Tampering> {
    let mut found = Vec::new();
    let what = format!("{} {}", yields.blueprint, yields.version);
    let answers = |recorded: &Recorded| recorded.answers.iter().cloned().collect::<BTreeMap<String, Answer>>();
    let (said, known) = (answers(says), answers(yields));
    for key in said.keys().chain(known.keys()).collect::<BTreeSet<_>>() {
        let message = match (said.get(key), known.get(key)) {
            (Some(said), Some(known)) if said == known => continue,
            (Some(said), Some(known)) => format!("the answer is `{said}` here, and {what} makes it `{known}`"),
            (Some(_), None) => format!("{what} does not ask for this answer"),
            (None, _) => format!("{what} asks for this answer, and it is not here"),
        };
        found.push(Tampering { about: key.clone(), line: line_of(text, &format!("{key} =")), message });
    }
    let of = |locked: &Locked| format!("the {}'s", locked.owner.word());
    let mode = |mode: Mode| if mode == Mode::Executable { "executable" } else { "not executable" };
    for path in says.files.keys().chain(yields.files.keys()).collect::<BTreeSet<&TreePath>>() {
        let mut parts = Vec::new();
        match (says.files.get(path), yields.files.get(path)) {
            (Some(said), Some(known)) => {
                if said.blob != known.blob {
                    parts.push(format!("its content is {:.10} here, and {what} emits {:.10}", said.blob, known.blob));
                }
                if said.owner != known.owner {
                    parts.push(format!("it is {} here, and {} by the blueprint", of(said), of(known)));
                }
                if said.mode != known.mode {
                    parts.push(format!("it is {} here, and {} by the blueprint", mode(said.mode), mode(known.mode)));
                }
                if said.component != known.component {
                    parts.push(format!("it is from `{}` here, and from `{}`", said.component, known.component));
                }
            }
            (Some(_), None) => parts.push(format!("{what} emits no such file")),
            (None, Some(known)) => parts.push(format!("{what} emits it, it is {}, and it is not here", of(known))),
            (None, None) => {}
        }
        if !parts.is_empty() {
            let line = line_of(text, &quote::toml_text(path.as_str()));
            found.push(Tampering { about: path.to_string(), line, message: parts.join("; ") });
        }
    }
    found
}

fn line_of(text: &str, start: &str) -> Option<usize> {
    text.lines().position(|line| line.trim_start().starts_with(start)).map(|line| line + 1)
}

/// What `goldpath.yaml` says otherwise than the lock.
///
/// # Errors
/// A `goldpath.yaml` that can't be read.
pub(super) fn pending(root: &Path, recorded: &Recorded) -> Result<Vec<Pending>, Failure> {
    if !root.join(CHOICES).exists() {
        let message = format!("{CHOICES} is gone, which says what people chose");
        return Ok(vec![Pending { about: CHOICES.to_owned(), line: None, message }]);
    }
    let choices = merging::parse_choices(&merging::read(root, CHOICES)?)?;
    let line = |place: Option<&Place>| place.and_then(|place| place.line);
    let mut found = Vec::new();
    let named = merging::named(recorded);
    let differs = |what: &str, here: &str, there: &str| format!("{what} is `{here}` here, and `{there}` in {LOCK}");
    if let Some(blueprint) = choices.blueprint.as_ref().filter(|blueprint| **blueprint != named) {
        let message = differs("the blueprint", blueprint, &named);
        found.push(Pending { about: "blueprint".to_owned(), line: None, message });
    }
    if let Some(version) = choices.version.as_ref().filter(|version| **version != recorded.version) {
        let message = differs("the version", &version.to_string(), &recorded.version.to_string());
        found.push(Pending { about: "version".to_owned(), line: line(choices.version_place.as_ref()), message });
    }
    let components: Vec<String> = choices.components(recorded).into_iter().map(|(name, _)| name).collect();
    if components != recorded.components {
        let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let message = differs("`components`", &list(&components), &list(&recorded.components));
        found.push(Pending { about: "components".to_owned(), line: None, message });
    }
    let Some(entries) = &choices.answers else { return Ok(found) };
    for (key, node) in entries {
        let message = match (merging::answer(node), recorded.answers.iter().find(|(known, _)| *known == key.text)) {
            // `tier: 1` means the choice `1`.
            (Some(here), Some((_, there))) if here == *there || here.to_string() == there.to_string() => continue,
            (Some(here), Some((_, there))) => differs("the answer", &here.to_string(), &there.to_string()),
            (None, Some((_, there))) => format!("the answer is no answer, and `{there}` in {LOCK}"),
            (_, None) => format!("the answer is not in {LOCK}"),
        };
        found.push(Pending { about: key.text.clone(), line: Some(key.span.line), message });
    }
    let given: BTreeSet<&str> = entries.iter().map(|(key, _)| key.text.as_str()).collect();
    for (key, there) in recorded.answers.iter().filter(|(key, _)| !given.contains(key.as_str())) {
        let message = format!("there is no answer, and `{there}` in {LOCK}");
        found.push(Pending { about: key.clone(), line: None, message });
    }
    Ok(found)
}

/// Whether a blueprint can't change without its version: only that which is built in.
pub(super) fn is_fixed(blueprints: Option<&Path>, recorded: &Recorded) -> bool {
    blueprints.is_none() && recorded.source == Source::Library
}
