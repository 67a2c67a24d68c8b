//! Exceptions: who agreed that a rule may be broken where, why, and until when.

use globset::{GlobBuilder, GlobSet};

use super::{Date, Finding};
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};
use crate::document::{self, Content, Format, Node};

/// One exception.
#[derive(Clone, Debug)]
pub struct Exception {
    /// The rule that may be broken.
    pub rule: String,
    /// The files where: a glob, `**` across folders.
    pub path: String,
    /// Who agreed.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The day from which it no longer holds.
    pub expires: Date,
    /// Where it is written.
    pub place: Place,
    matcher: GlobSet,
}

/// All exceptions of a repository: `policy/exceptions.yaml`.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    /// As they stand in the file.
    pub entries: Vec<Exception>,
    /// Those that no longer hold, by their place among the entries.
    pub expired: Vec<usize>,
}

/// Most exceptions that a file may have. Every finding is held against all from its rule.
const ENTRY_LIMIT: usize = 2_000;
/// Longest path pattern, in bytes.
const PATTERN_LIMIT: usize = 500;
/// Most problems that are told of a file.
const PROBLEM_LIMIT: usize = 50;

const KEYS: [&str; 5] = ["rule", "path", "owner", "reason", "expires"];

impl Exceptions {
    /// No exceptions.
    pub fn none() -> Self {
        Exceptions::default()
    }

    /// Reads `exceptions.yaml`: `exceptions:` with a list of entries. `today` decides which have expired.
    ///
    /// # Errors
    /// Every key that is missing, unknown or no text, every path that is no glob and every day that is none.
    pub fn parse(bytes: &[u8], file: &str, today: Date) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut exceptions = Exceptions::default();
        for document in document::read(file, bytes, Format::Yaml)? {
            if !matches!(document.root.content, Content::Map(_)) {
                problems.push(
                    Diagnostic::error("expected a map with the key `exceptions`")
                        .place(place(&document.root))
                        .hint("write `exceptions:` above the list"),
                );
            }
            for (key, value) in document.root.entries() {
                if key != "exceptions" {
                    problems.push(
                        Diagnostic::error(format!("unknown key `{key}`"))
                            .place(place(value))
                            .hint("the file holds one key, `exceptions`, with a list"),
                    );
                } else if !matches!(value.content, Content::List(_) | Content::Null) {
                    problems.push(
                        Diagnostic::error("`exceptions` is not a list")
                            .place(place(value))
                            .hint("write each exception as an item: `- rule: …`"),
                    );
                }
                for entry in value.items() {
                    if exceptions.entries.len() == ENTRY_LIMIT || problems.0.len() >= PROBLEM_LIMIT {
                        problems.push(
                            Diagnostic::error("there is more here, which was not read")
                                .place(place(entry))
                                .hint(format!("a file holds up to {ENTRY_LIMIT} exceptions; mend what comes first")),
                        );
                        break;
                    }
                    match Exception::read(entry) {
                        Ok(exception) => exceptions.entries.push(exception),
                        Err(found) => problems.extend(found),
                    }
                }
            }
        }
        problems.0.truncate(2 * PROBLEM_LIMIT);
        exceptions.expired =
            (0..exceptions.entries.len()).filter(|index| exceptions.entries[*index].expires <= today).collect();
        problems.into_result(exceptions)
    }

    /// The first exception that holds for a finding.
    pub(super) fn of(&self, finding: &Finding) -> Option<usize> {
        (0..self.entries.len()).find(|index| {
            let entry = &self.entries[*index];
            let rendered_by = finding.rendered_by.as_deref();
            entry.rule == finding.rule
                && self.expired.binary_search(index).is_err()
                && (entry.matcher.is_match(&finding.path)
                    || rendered_by.is_some_and(|path| entry.matcher.is_match(path)))
        })
    }
}

impl Exception {
    fn read(entry: &Node) -> Result<Exception, Diagnostics> {
        let mut problems = Diagnostics::new();
        for (key, value) in entry.entries() {
            if !KEYS.contains(&key.as_str()) {
                problems.push(
                    Diagnostic::error(format!("unknown key `{key}` in an exception"))
                        .place(place(value))
                        .maybe_hint(did_you_mean(key, KEYS)),
                );
            }
        }
        let mut text = |key: &str| -> String {
            let value = entry.get(key);
            match value.and_then(Node::as_str).map(str::trim) {
                Some(text) if !text.is_empty() => text.to_owned(),
                _ => {
                    problems.push(
                        Diagnostic::error(format!("an exception needs `{key}`, as text"))
                            .place(place(value.unwrap_or(entry)))
                            .hint("an exception names rule, path, owner, reason and expires"),
                    );
                    String::new()
                }
            }
        };
        let (rule, path, owner, reason, expires) =
            (text("rule"), text("path"), text("owner"), text("reason"), text("expires"));
        let day = Date::parse(&expires);
        if day.is_none() && !expires.is_empty() {
            problems.push(
                Diagnostic::error(format!("`{expires}` is not a day"))
                    .place(place(entry.get("expires").unwrap_or(entry)))
                    .hint("write the day from which the exception no longer holds, as in 2027-03-31"),
            );
        }
        let matcher = matcher(&path);
        if let Err(error) = &matcher {
            let shown: String = path.chars().take(60).collect();
            problems.push(
                Diagnostic::error(format!("`{shown}` is not a path pattern: {error}"))
                    .place(place(entry.get("path").unwrap_or(entry)))
                    .hint("write a path of the repository, with `*` within a folder and `**` across folders"),
            );
        }
        match (matcher, day) {
            (Ok(matcher), Some(expires)) if !problems.has_errors() => {
                Ok(Exception { rule, path, owner, reason, expires, place: place(entry), matcher })
            }
            _ => Err(problems),
        }
    }
}

fn matcher(pattern: &str) -> Result<GlobSet, String> {
    if pattern.len() > PATTERN_LIMIT {
        return Err(format!("it has {} bytes, and {PATTERN_LIMIT} is the limit", pattern.len()));
    }
    let glob = GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| error.kind().to_string())?;
    // A set of one: a single glob panics where its pattern compiles to too much.
    GlobSet::builder().add(glob).build().map_err(|error| error.kind().to_string())
}

fn place(node: &Node) -> Place {
    Place::line(&*node.spot.file, node.spot.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-24";

    fn parse(text: &str) -> Result<Exceptions, Diagnostics> {
        Exceptions::parse(text.as_bytes(), "exceptions.yaml", Date::parse(TODAY).unwrap())
    }

    #[test]
    fn an_exception_holds_until_its_day_has_come() {
        let exceptions = parse(
            "exceptions:\n  - {rule: S5, path: 'deploy/**', owner: a, reason: b, expires: 2026-11-25}\n  \
             - {rule: S5, path: x, owner: a, reason: b, expires: 2026-11-24}\n",
        )
        .unwrap();
        assert_eq!(exceptions.entries.len(), 2);
        assert_eq!(exceptions.expired, [1]);
    }

    #[test]
    fn all_mistakes_are_reported_with_their_lines() {
        let problems = parse("exceptions:\n  - rule: S5\n    paths: x\n    owner: a\n    expires: soon\n").unwrap_err();
        let text = problems.to_string();
        for expected in [
            "exceptions.yaml:3: unknown key `paths`",
            "did you mean `path`?",
            "exceptions.yaml:2: an exception needs `path`",
            "an exception needs `reason`",
            "exceptions.yaml:5: `soon` is not a day",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }

    #[test]
    fn an_empty_file_has_no_exceptions() {
        assert!(parse("---\nexceptions: []\n").unwrap().entries.is_empty());
        assert!(parse("").unwrap().entries.is_empty());
    }
}
