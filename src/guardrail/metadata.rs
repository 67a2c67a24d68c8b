//! What a rule says about itself: the `# METADATA` comment before it, in the form of OPA's annotations.

use std::fmt;

use serde::Serialize;

use super::Level;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::document::{self, Node};

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lens {
    /// Does it stay up?
    Reliability,
    /// Does it keep others out?
    Security,
    /// What does it take?
    Cost,
    /// Can its people run it?
    Operability,
}

impl Lens {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Lens; 4] = [Lens::Reliability, Lens::Security, Lens::Cost, Lens::Operability];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Lens::Reliability => "reliability",
            Lens::Security => "security",
            Lens::Cost => "cost",
            Lens::Operability => "operability",
        }
    }
}

impl fmt::Display for Lens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A rule of the library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its id, such as `S5`.
    pub id: String,
    /// The Rego package that it is in.
    pub area: String,
    /// What it demands, in one line.
    pub title: String,
    /// Why.
    pub description: String,
    /// What it is about.
    pub lens: Lens,
    /// What breaking it means. A rule that denies may also warn of lesser cases.
    pub level: Level,
    /// What of it is a convention of the golden path, which only warns in a review of repositories that goldpath did not
    /// make. Results that break it say `"convention": true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub convention: Option<String>,
    /// What to do about a finding.
    pub fix: String,
    /// What it maps to in public catalogues of controls.
    pub controls: Vec<String>,
    /// What it can be asked about: areas and kinds of Kubernetes objects; its own area where it says nothing.
    #[serde(skip)]
    pub concerns: Vec<String>,
    /// The file that it is in.
    pub file: String,
}

/// Reads the rules that a module describes. Comments without `custom.id` describe helpers and are left alone.
pub(super) fn read(file: &str, area: &str, text: &str) -> Result<Vec<Rule>, Diagnostics> {
    let mut rules = Vec::new();
    let mut problems = Diagnostics::new();
    for (line, block) in blocks(text) {
        let documents = match document::read_fragment(file, &block, line) {
            Ok(documents) => documents,
            Err(found) => {
                problems.extend(found);
                continue;
            }
        };
        let Some(root) = documents.first().map(|document| &document.root) else {
            continue;
        };
        if root.at(&["custom", "id"]).is_none() {
            continue;
        }
        match rule(file, area, root) {
            Ok(rule) => rules.push(rule),
            Err(found) => problems.extend(found),
        }
    }
    problems.into_result(rules)
}

/// The text of each METADATA comment without its `#`, and the number of lines before it.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix('#')) {
            (None, Some(comment)) if comment.trim() == "METADATA" => open = Some((index + 1, String::new())),
            (Some((_, block)), Some(comment)) => {
                block.push_str(comment.strip_prefix(' ').unwrap_or(comment));
                block.push('\n');
            }
            (Some(_), None) => blocks.extend(open.take()),
            (None, _) => {}
        }
    }
    blocks.extend(open);
    blocks
}

fn rule(file: &str, area: &str, root: &Node) -> Result<Rule, Diagnostics> {
    let mut problems = Diagnostics::new();
    let mut text = |keys: &[&str]| -> String {
        match root.at(keys).and_then(Node::as_str).map(str::trim) {
            Some(text) if !text.is_empty() => text.to_owned(),
            _ => {
                problems.push(
                    Diagnostic::error(format!("the rule's METADATA needs `{}`, as text", keys.join(".")))
                        .place(Place::line(file, root.spot.line)),
                );
                String::new()
            }
        }
    };
    let id = text(&["custom", "id"]);
    let title = text(&["title"]);
    let description = text(&["description"]);
    let fix = text(&["custom", "fix"]);
    let lens = text(&["custom", "lens"]);
    let severity = text(&["custom", "severity"]);
    let lens = Lens::ALL.into_iter().find(|known| known.name() == lens);
    let level = match severity.as_str() {
        "deny" => Some(Level::Deny),
        "warn" => Some(Level::Warn),
        _ => None,
    };
    let mut expect = |key: &str, known: bool, choices: &str| {
        if !known {
            problems.push(
                Diagnostic::error(format!("expected `custom.{key}` to be one of {choices}"))
                    .place(Place::line(file, root.spot.line)),
            );
        }
    };
    expect("lens", lens.is_some(), "reliability, security, cost, operability");
    expect("severity", level.is_some(), "deny, warn");
    let texts = |key: &str| -> Vec<String> {
        let list = root.at(&["custom", key]).map(Node::items).unwrap_or_default();
        list.iter().filter_map(Node::as_str).map(str::to_owned).collect()
    };
    let controls = texts("controls");
    let convention = root.at(&["custom", "convention"]).and_then(Node::as_str).map(|text| text.trim().to_owned());
    let mut concerns = texts("concerns");
    if concerns.is_empty() {
        concerns.push(super::route::area_of(area).to_owned());
    }
    match (lens, level) {
        (Some(lens), Some(level)) if !problems.has_errors() => Ok(Rule {
            id,
            area: area.to_owned(),
            title,
            description,
            lens,
            level,
            convention,
            fix,
            controls,
            concerns,
            file: file.to_owned(),
        }),
        _ => Err(problems),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_from_the_comment_before_it() {
        let text = "package a\n\n# METADATA\n# title: T\n# description: >-\n#   one\n#   two\n# custom:\n#   id: X1\n#   \
                    lens: cost\n#   severity: warn\n#   convention: K\n#   fix: F\n#   controls:\n#     - C 1\ndeny contains 1\n";
        let rules = read("a.rego", "a", text).unwrap();
        assert_eq!(rules.len(), 1);
        assert_eq!((rules[0].id.as_str(), rules[0].description.as_str()), ("X1", "one two"));
        assert_eq!((rules[0].lens, rules[0].level), (Lens::Cost, Level::Warn));
        assert_eq!(rules[0].controls, ["C 1"]);
        assert_eq!(rules[0].convention.as_deref(), Some("K"));
    }

    #[test]
    fn what_is_missing_is_reported_with_its_line() {
        let text = "package a\n# METADATA\n# custom:\n#   id: X1\n#   lens: speed\ndeny contains 1\n";
        let problems = read("a.rego", "a", text).unwrap_err().to_string();
        assert!(problems.contains("a.rego:3: the rule's METADATA needs `title`"), "{problems}");
        assert!(problems.contains("reliability, security"), "{problems}");
    }
}
