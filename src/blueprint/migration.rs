//! Migrations: what a version did to files and answers of earlier ones, so that repositories can follow.
//!
//! A file that is emitted under another path carries the user's edits along, and an answer that is called or spelled
//! otherwise is not asked again. Between the version that a repository stands on and the one that it is brought to, all
//! migrations are applied in order.

use semver::Version;

use super::manifest::{Field, Reader, is_name, optional, required};
use super::{Question, QuestionType};
use crate::diag::{Place, did_you_mean};
use crate::tree::TreePath;
use crate::yaml::{Key, Kind, Node, Span};

/// What one version did.
#[derive(Clone, Debug, PartialEq)]
pub struct Migration {
    /// The version that did it.
    pub version: Version,
    /// Files and folders that it emits elsewhere.
    pub moved: Vec<Move>,
    /// Files and folders that it no longer emits, on purpose.
    pub removed: Vec<Pattern>,
    /// Answers that it calls or spells otherwise.
    pub answers: Vec<AnswerChange>,
}

/// A file or folder that is emitted elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    from: Pattern,
    to: String,
}

/// A path of a file or folder, in which `{name}` stands for any text without `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// An answer that is called or spelled otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerChange {
    /// The question's key until then.
    pub key: String,
    /// Its key from then on.
    pub to: String,
    /// Answers until then, as text, and from then on.
    pub values: Vec<(String, Node)>,
    place: Place,
}

/// The fields of an entry of `migrations`.
pub const FIELDS: [Field; 4] = [
    required("version", "semantic version", "the version that did it"),
    optional("moved", "list of moves", "files and folders that it emits elsewhere: edits of them move along"),
    optional(
        "removed",
        "list of paths",
        "files and folders that it no longer emits; they are never taken for moved ones, and go even if they are the \
         team's, unless somebody edited them",
    ),
    optional("answers", "list of answer changes", "answers that it calls or spells otherwise"),
];

/// The fields of an entry of `moved`.
pub const MOVE_FIELDS: [Field; 2] = [
    required("from", "path", "a file or a folder; `{name}` stands for any text without `/`"),
    required("to", "path", "where it is now; `{name}` is what it stood for"),
];

/// The fields of an entry of `answers`.
pub const ANSWER_FIELDS: [Field; 3] = [
    required("key", "name", "the question's key until then"),
    optional("to", "name", "its key from then on, if that changed"),
    optional("values", "map of answer to answer", "answers until then, and what they are from then on"),
];

impl Pattern {
    /// Whether a path is meant, or lies in a folder that is.
    pub fn covers(&self, path: &str) -> bool {
        self.matched(path).is_some()
    }

    /// What the names stand for in a path, and what of the path lies below the pattern.
    fn matched<'p>(&self, path: &'p str) -> Option<(Vec<(&str, &'p str)>, &'p str)> {
        let mut found = Vec::new();
        let mut rest = path;
        for part in self.0.split('/') {
            let (name, below) = rest.split_once('/').map_or((rest, ""), |(name, below)| (name, below));
            if name.is_empty() || !match_part(part, name, &mut found) {
                return None;
            }
            rest = below;
        }
        Some((found, rest))
    }
}

/// Matches a part of a path with a part of a pattern; every name takes as little as it can, and something.
fn match_part<'a, 'p>(pattern: &'a str, text: &'p str, found: &mut Vec<(&'a str, &'p str)>) -> bool {
    let Some((before, after)) = pattern.split_once('{') else { return pattern == text };
    let Some((name, after)) = after.split_once('}') else { return false };
    let Some(text) = text.strip_prefix(before) else { return false };
    let known = found.len();
    for (at, character) in text.char_indices() {
        let end = at + character.len_utf8();
        found.push((name, &text[..end]));
        if match_part(after, &text[end..], found) {
            return true;
        }
        found.truncate(known);
    }
    false
}

impl Move {
    /// Where a path goes, and whether it is the very path that is moved and not one below it.
    ///
    /// Nothing where that would be no path of a repository: what names stand for may have made it `.git/x`.
    pub fn apply(&self, path: &str) -> Option<(String, bool)> {
        let (names, below) = self.from.matched(path)?;
        let mut to = self.to.clone();
        for (name, text) in names {
            to = to.replace(&format!("{{{name}}}"), text);
        }
        let (to, whole) = if below.is_empty() { (to, true) } else { (format!("{to}/{below}"), false) };
        TreePath::new(&to).is_ok().then_some((to, whole))
    }
}

impl AnswerChange {
    /// Brings one answer to its new spelling.
    pub fn value(&self, node: &Node) -> Node {
        if let Kind::Seq(items) = &node.kind {
            return Node { kind: Kind::Seq(items.iter().map(|item| self.value(item)).collect()), ..node.clone() };
        }
        let text = match &node.kind {
            Kind::Str(text) => text.clone(),
            other => Node { kind: other.clone(), ..node.clone() }.to_json().to_string(),
        };
        let found = self.values.iter().find(|(old, _)| *old == text);
        found.map_or_else(|| node.clone(), |(_, new)| Node { span: node.span, kind: new.kind.clone() })
    }
}

impl Migration {
    /// Brings answers, by the keys of their questions, to what this version calls them.
    pub fn apply(&self, answers: &mut Vec<(Key, Node)>) {
        for change in &self.answers {
            let Some(at) = answers.iter().position(|(key, _)| key.text == change.key) else { continue };
            let value = change.value(&answers[at].1);
            if change.to == change.key {
                answers[at].1 = value;
            } else if answers.iter().any(|(key, _)| key.text == change.to) {
                // Somebody has written down the new one already.
                answers.remove(at);
            } else {
                answers[at].0.text.clone_from(&change.to);
                answers[at].1 = value;
            }
        }
    }
}

pub(super) fn read(
    reader: &mut Reader,
    node: &Node,
    newest: Option<&Version>,
    questions: &[Question],
) -> Vec<Migration> {
    let mut found: Vec<Migration> = Vec::new();
    for item in reader.items(node, "`migrations`") {
        let Some(map) = reader.map(item, "the migration", &FIELDS) else { continue };
        let version_node = map.require("version");
        let Some(text) = reader.text(version_node, "`version`") else { continue };
        let version = match text.parse::<Version>() {
            Ok(version) => version,
            Err(error) => {
                let hint = "use three numbers, such as 1.0.0".to_owned();
                reader.report(version_node.span, format!("`{text}` is no semantic version: {error}"), Some(hint));
                continue;
            }
        };
        if newest.is_some_and(|newest| version > *newest) {
            let hint = "raise `version` of the blueprint".to_owned();
            reader.report(
                version_node.span,
                format!("the blueprint has not come to version {version} yet"),
                Some(hint),
            );
        }
        if found.iter().any(|other| other.version == version) {
            reader.report(version_node.span, format!("there are two migrations to {version}"), None);
        }
        let moved = map.get("moved").map(|node| moves(reader, node)).unwrap_or_default();
        let removed = map.get("removed").map(|node| reader.items(node, "`removed`")).unwrap_or_default();
        let removed =
            removed.iter().filter_map(|node| pattern(reader, node, "a removed path")).map(|(p, _)| p).collect();
        let answers = map.get("answers").map(|node| changes(reader, node)).unwrap_or_default();
        found.push(Migration { version, moved, removed, answers });
    }
    found.sort_by(|a, b| a.version.cmp(&b.version));
    known(reader, &found, questions);
    found
}

/// A path with names in braces, and the names.
fn pattern(reader: &mut Reader, node: &Node, what: &str) -> Option<(Pattern, Vec<String>)> {
    let text = reader.text(node, what)?;
    let text = text.trim_end_matches('/');
    let mut names = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let name = after.split_once('}').filter(|(name, _)| is_name(name));
        let Some((name, after)) = name else {
            reader.report(node.span, format!("{what}: `{text}` has a `{{` without a name and `}}` behind it"), None);
            return None;
        };
        plain.push_str(before);
        plain.push('_');
        names.push(name.to_owned());
        rest = after;
    }
    plain.push_str(rest);
    if let Err(error) = TreePath::new(&plain) {
        reader.report(node.span, format!("{what}: {error}"), None);
        return None;
    }
    Some((Pattern(text.to_owned()), names))
}

fn moves(reader: &mut Reader, node: &Node) -> Vec<Move> {
    let mut found = Vec::new();
    for item in reader.items(node, "`moved`") {
        let Some(map) = reader.map(item, "the move", &MOVE_FIELDS) else { continue };
        let (from_node, to_node) = (map.require("from"), map.require("to"));
        let (from, to) = (pattern(reader, from_node, "`from`"), pattern(reader, to_node, "`to`"));
        let (Some((from, known)), Some((to, used))) = (from, to) else { continue };
        for (index, name) in known.iter().enumerate() {
            if known[..index].contains(name) {
                reader.report(from_node.span, format!("`{{{name}}}` stands twice in `from`"), None);
            }
        }
        for name in used.iter().filter(|name| !known.contains(name)) {
            let hint = did_you_mean(name, known.iter().map(String::as_str));
            reader.report(to_node.span, format!("`to` has `{{{name}}}`, and `from` does not"), hint);
        }
        if from.0 == to.0 {
            reader.report(to_node.span, format!("`{}` moves to where it is", from.0), None);
        }
        found.push(Move { from, to: to.0 });
    }
    found
}

fn changes(reader: &mut Reader, node: &Node) -> Vec<AnswerChange> {
    let mut found = Vec::new();
    for item in reader.items(node, "`answers`") {
        let Some(map) = reader.map(item, "the answer change", &ANSWER_FIELDS) else { continue };
        let Some(key) = reader.text(map.require("key"), "`key`") else { continue };
        let to = map.get("to").and_then(|node| reader.text(node, "`to`")).unwrap_or_else(|| key.clone());
        let mut values = Vec::new();
        for (old, new) in map.get("values").map(|node| reader.entries(node, "`values`")).unwrap_or_default() {
            if matches!(new.kind, Kind::Str(_) | Kind::Bool(_) | Kind::Int(_)) {
                values.push((old.text.clone(), new.clone()));
            } else {
                let message = format!("`{}` becomes {}, which is no single answer", old.text, new.describe());
                reader.report(new.span, message, None);
            }
        }
        if to == key && values.is_empty() {
            reader.report(item.span, format!("nothing happens to `{key}`"), Some("add `to:` or `values:`".to_owned()));
        }
        found.push(AnswerChange { key, to, values, place: reader.place(item.span) });
    }
    found
}

/// Holds what answers become against what is asked, unless a later version changes it again.
fn known(reader: &mut Reader, migrations: &[Migration], questions: &[Question]) {
    for (index, migration) in migrations.iter().enumerate() {
        for change in &migration.answers {
            let mut later = migrations[index + 1..].iter().flat_map(|migration| &migration.answers);
            if later.any(|later| later.key == change.to) {
                continue;
            }
            let span =
                Span { line: change.place.line.unwrap_or(1), column: change.place.column.unwrap_or(1), length: 1 };
            let Some(question) = questions.iter().find(|question| question.key == change.to) else {
                let hint = did_you_mean(&change.to, questions.iter().map(|question| question.key.as_str()));
                reader.report(span, format!("the blueprint asks no question `{}`", change.to), hint);
                continue;
            };
            let chosen = matches!(question.kind, QuestionType::Choice | QuestionType::Choices);
            for (_, new) in change.values.iter().filter(|_| chosen) {
                let text = new.as_str().map_or_else(|| new.to_json().to_string(), str::to_owned);
                if !question.choices.iter().any(|choice| choice.value == text) {
                    let hint = did_you_mean(&text, question.choices.iter().map(|choice| choice.value.as_str()));
                    reader.report(new.span, format!("`{}` has no choice `{text}`", question.key), hint);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(from: &str, to: &str, path: &str) -> Option<(String, bool)> {
        Move { from: Pattern(from.to_owned()), to: to.to_owned() }.apply(path)
    }

    #[test]
    fn files_folders_and_names_move() {
        assert_eq!(moved("a.txt", "b/c.txt", "a.txt"), Some(("b/c.txt".to_owned(), true)));
        assert_eq!(moved("a.txt", "b.txt", "a.txt.jinja"), None);
        assert_eq!(moved("deploy/base", "k8s", "deploy/base/x/y.yaml"), Some(("k8s/x/y.yaml".to_owned(), false)));
        assert_eq!(moved("deploy/base", "k8s", "deploy/baseline"), None);
        let found = moved("env/{name}.yaml", "overlays/{name}/app-{name}.yaml", "env/dev.yaml");
        assert_eq!(found, Some(("overlays/dev/app-dev.yaml".to_owned(), true)));
        assert_eq!(moved("env/{name}.yaml", "x/{name}", "env/dev/a.yaml"), None);
        assert_eq!(moved("{a}-{b}.txt", "{b}/{a}", "x-y-z.txt"), Some(("y-z/x".to_owned(), true)));
        assert_eq!(moved("{a}.txt", "{a}", ".txt"), None);
        assert_eq!(moved("{a}", ".{a}/hooks", "git"), None, "git's own folder is nobody's to move to");
        assert_eq!(moved("{a}/x", "{a}{a}", "./x"), None);
    }
}
