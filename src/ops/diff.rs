//! What an update would change, as a diff that `git apply` takes. Nothing is written.

use serde::Serialize;

use super::Failure;
use super::merging::{self, AnswerChange, Options, plan};
use crate::changes::{Version, unified};
use crate::diag::Diagnostic;
use crate::guardrail::Finding;
use crate::lock::LOCK;
use crate::merge::{Change, Entry, Kind};
use crate::prompt::Prompter;

/// What [`diff`] found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The blueprint.
    pub blueprint: String,
    /// The version that the repository stands on.
    pub from: String,
    /// The version that it would be brought to.
    pub to: String,
    /// Answers that would change.
    pub answers: Vec<AnswerChange>,
    /// What would become of files.
    pub changes: Vec<Change>,
    /// Files of the platform that would not be as emitted.
    pub drift: Vec<String>,
    /// What guardrails would forbid, or warn of.
    pub findings: Vec<Finding>,
    /// Whether guardrails would stop the update.
    pub denied: bool,
    /// The unified diff.
    pub diff: String,
    /// What somebody should look at.
    pub warnings: Vec<Diagnostic>,
}

impl Report {
    /// 0 where nothing would change, else the first of 3 (guardrails would stop it), 6 (there would be conflicts) and 5.
    pub fn exit_code(&self) -> u8 {
        if self.denied {
            3
        } else if self.changes.iter().any(|change| change.clash.is_some()) {
            6
        } else if self.diff.is_empty() {
            0
        } else {
            5
        }
    }
}

/// Says what an update would change. Without a prompter nothing is asked.
///
/// # Errors
/// As an update's.
pub fn diff(options: &Options, prompter: Option<&mut dyn Prompter>) -> Result<Report, Failure> {
    super::update::here(&options.path)?;
    let planned = plan(options, prompter)?;
    let mut before = planned.ours.clone();
    let mut after = planned.merged.tree.clone();
    let lock = |text: &str| Entry { kind: Kind::Regular, id: merging::id_of(text.as_bytes()) };
    before.extend(planned.lock_before.as_deref().map(|text| (LOCK.to_owned(), lock(text))));
    after.insert(LOCK.to_owned(), lock(&planned.lock));
    for conflict in &planned.merged.conflicts {
        after.extend(conflict.shown.map(|entry| (conflict.path.clone(), entry)));
    }
    let content = |entry: &Entry| {
        if entry.id == lock(&planned.lock).id {
            return planned.lock.clone().into_bytes();
        }
        if entry.kind == Kind::Submodule {
            return format!("Subproject commit {}\n", entry.id).into_bytes();
        }
        planned.content(entry.id).unwrap_or_default()
    };
    let moved = |path: &str| {
        let change = planned.merged.changes.iter().find(|change| change.path == path)?;
        change.from.clone().filter(|from| !after.contains_key(from))
    };
    let gone_elsewhere: Vec<String> = after.keys().filter_map(|path| moved(path)).collect();
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut text = String::new();
    for path in paths {
        if gone_elsewhere.contains(path) {
            continue;
        }
        let from = moved(path).unwrap_or_else(|| path.clone());
        let (old, new) = (before.get(&from), after.get(path));
        if old == new && from == *path {
            continue;
        }
        let (old_bytes, new_bytes) = (old.map(&content), new.map(&content));
        let side = |path, entry: Option<&Entry>, bytes: &Option<Vec<u8>>| {
            entry.zip(bytes.clone()).map(|(entry, bytes)| Version { path, mode: entry.kind.git(), bytes })
        };
        text.push_str(&unified(side(&from, old, &old_bytes).as_ref(), side(path, new, &new_bytes).as_ref()));
    }
    Ok(Report {
        blueprint: planned.blueprint.clone(),
        from: planned.from.as_ref().map(ToString::to_string).unwrap_or_default(),
        to: planned.to.to_string(),
        answers: planned.answers.clone(),
        changes: planned.merged.changes.clone(),
        drift: planned.drift.clone(),
        denied: planned.verdict.denies(),
        findings: planned.verdict.new.iter().chain(&planned.verdict.old).cloned().collect(),
        diff: text,
        warnings: planned.warnings.iter().chain(&planned.verdict.unread).cloned().collect(),
    })
}
