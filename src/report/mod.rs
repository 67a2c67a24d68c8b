//! Verdicts in the formats of those who show them: SARIF, JUnit, GitHub's annotations, GitLab's code quality, a page.
//!
//! What is reported is first one list of [`Entry`]s, so that no format can leave out what another shows.

pub mod html;

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use crate::diag::{Diagnostic, printable};
use crate::guardrail::{Finding, Level, Rule};

/// One thing to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called: a guardrail's id, or one of [`others`].
    pub id: String,
    /// Whether it fails the check.
    pub fails: bool,
    /// The file, relative to the repository.
    pub path: String,
    /// The line in it, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

/// What an id stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The id.
    pub id: String,
    /// In one line.
    pub title: String,
    /// Why it matters.
    pub description: String,
    /// What it is about.
    pub lens: String,
}

impl From<&Finding> for Entry {
    fn from(finding: &Finding) -> Self {
        Entry {
            id: finding.rule.clone(),
            fails: finding.level == Level::Deny,
            path: finding.path.clone(),
            line: finding.line.unwrap_or(1),
            message: finding.message.clone(),
            fix: finding.fix.clone(),
        }
    }
}

impl Entry {
    /// A problem of a kind, as an entry that fails the check.
    pub fn problem(id: &str, diagnostic: &Diagnostic) -> Self {
        let place = diagnostic.place.as_ref();
        Entry {
            id: id.to_owned(),
            fails: true,
            path: place.map_or_else(|| ".".to_owned(), |place| place.file.clone()),
            line: place.and_then(|place| place.line).unwrap_or(1),
            message: diagnostic.message.clone(),
            fix: diagnostic.hint.clone().unwrap_or_default(),
        }
    }

    /// The same for the same fault, also after lines above it were added.
    fn fingerprint(&self) -> String {
        // FNV-1a, as http://www.isthe.com/chongo/tech/comp/fnv/ has it: stable everywhere, and nothing depends on its strength.
        let text = format!("{}\0{}\0{}", self.id, self.path, self.message);
        let hash = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        format!("{hash:016x}")
    }
}

impl From<&Rule> for About {
    fn from(rule: &Rule) -> Self {
        About {
            id: rule.id.clone(),
            title: rule.title.clone(),
            description: rule.description.clone(),
            lens: rule.lens.name().to_owned(),
        }
    }
}

/// What all ids stand for that a report may have.
pub fn abouts(rules: &[Rule]) -> Vec<About> {
    rules.iter().map(About::from).chain(others()).collect()
}

/// Ids that are no guardrails.
pub fn others() -> Vec<About> {
    let about = |id: &str, title: &str, description: &str| About {
        id: id.to_owned(),
        title: title.to_owned(),
        description: description.to_owned(),
        lens: "operability".to_owned(),
    };
    vec![
        about(
            "drift",
            "The platform's files are as they were emitted",
            "Pipelines and policies that were edited by hand no longer do what the platform promises, and the next update would undo the edit.",
        ),
        about(
            "tampered",
            "The lock says what the blueprint yields",
            "A lock that was edited hides files that are no longer as the platform emitted them.",
        ),
        about(
            "source",
            "A release of the blueprint is what it was",
            "A tag that moved brings something else under a name that was trusted.",
        ),
        about(
            "pending",
            "What goldpath.yaml says is applied",
            "An answer that was changed and not applied promises something that the files do not do.",
        ),
        about(
            "conflict",
            "No update and no merge is open",
            "Files with the marks of a conflict do not work, and the next update can't begin.",
        ),
        about(
            "exception",
            "Exceptions are in use and in date",
            "An exception that is forgotten keeps a guardrail off for nobody's benefit.",
        ),
        about(
            "unread",
            "Every file that guardrails concern can be read",
            "What can't be read is not judged, and must not count as passed.",
        ),
        about(
            "outdated",
            "The repository stands on the current blueprint",
            "A newer blueprint brings mended guardrails and renewed pins.",
        ),
    ]
}

fn by_id(abouts: &[About]) -> BTreeMap<&str, &About> {
    // A rule that stands in several areas is described once.
    abouts.iter().rev().map(|about| (about.id.as_str(), about)).collect()
}

/// SARIF 2.1.0, for code scanning.
pub fn sarif(entries: &[Entry], abouts: &[About], version: &str) -> Value {
    let abouts = by_id(abouts);
    let ids: Vec<&str> = abouts.keys().copied().collect();
    let rules: Vec<Value> = abouts
        .values()
        .map(|about| {
            json!({
                "id": about.id,
                "name": about.id,
                "shortDescription": { "text": about.title },
                "fullDescription": { "text": about.description },
                "properties": { "tags": [about.lens] },
            })
        })
        .collect();
    let results: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let mut result = json!({
                "ruleId": entry.id,
                "level": if entry.fails { "error" } else { "warning" },
                "message": { "text": with_fix(entry) },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": uri(&entry.path), "uriBaseId": "%SRCROOT%" },
                    "region": { "startLine": entry.line },
                } }],
                "partialFingerprints": { "goldpath/v1": entry.fingerprint() },
            });
            if let Some(index) = ids.iter().position(|id| *id == entry.id) {
                result["ruleIndex"] = json!(index);
            }
            result
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "goldpath", "semanticVersion": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn with_fix(entry: &Entry) -> String {
    if entry.fix.is_empty() { entry.message.clone() } else { format!("{}. To mend it: {}", entry.message, entry.fix) }
}

/// A path as a relative URI.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/@+=,!".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// JUnit XML: a test for every guardrail, which fails with what denies, and whose output is what warns.
pub fn junit(suite: &str, entries: &[Entry], abouts: &[About]) -> String {
    let abouts = by_id(abouts);
    let of =
        |id: &str, fails| entries.iter().filter(|entry| entry.id == id && entry.fails == fails).collect::<Vec<_>>();
    let (failing, warning) = (|id: &str| of(id, true), |id: &str| of(id, false));
    let mut ids: Vec<&str> = abouts.keys().copied().collect();
    for entry in entries {
        if !ids.contains(&entry.id.as_str()) {
            ids.push(&entry.id);
        }
    }
    let failures = ids.iter().filter(|id| !failing(id).is_empty()).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"goldpath\" tests=\"{0}\" failures=\"{failures}\">\n  \
         <testsuite name=\"{suite}\" tests=\"{0}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">\n",
        ids.len()
    );
    for id in ids {
        let title = abouts.get(id).map_or("", |about| about.title.as_str());
        let (found, warned) = (failing(id), warning(id));
        let _ = write!(out, "    <testcase classname=\"goldpath\" name=\"{}\"", xml(format!("{id} {title}").trim()));
        if found.is_empty() && warned.is_empty() {
            out.push_str("/>\n");
            continue;
        }
        out.push_str(">\n");
        for entry in &found {
            let place = format!("{}:{}", entry.path, entry.line);
            let message = xml(&format!("{place}: {}", entry.message));
            let _ = writeln!(
                out,
                "      <failure message=\"{message}\" type=\"{}\">{}</failure>",
                xml(id),
                xml(&entry.fix)
            );
        }
        if !warned.is_empty() {
            out.push_str("      <system-out>\n");
            for entry in &warned {
                let text = format!("warning: {}:{}: {}", entry.path, entry.line, with_fix(entry));
                let _ = writeln!(out, "{}", xml(&text));
            }
            out.push_str("      </system-out>\n");
        }
        out.push_str("    </testcase>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(' '),
            // XML 1.0 can't hold the other controls at all.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            // A character that turns the direction of writing is a reference: the same to programs, and nothing to terminals.
            c if matches!(printable(c.encode_utf8(&mut [0; 4])), std::borrow::Cow::Owned(_)) => {
                out.push_str(&format!("&#x{:x};", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out
}

/// Workflow commands that GitHub shows beside the lines of a pull request.
pub fn github(entries: &[Entry]) -> String {
    // The log that these lines go to is read in terminals, too.
    let data = |text: &str| printable(text).replace('%', "%25").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = String::new();
    for entry in entries {
        let kind = if entry.fails { "error" } else { "warning" };
        let _ = writeln!(
            out,
            "::{kind} file={},line={},title={}::{}",
            property(&entry.path),
            entry.line,
            property(&entry.id),
            data(&with_fix(entry))
        );
    }
    out
}

/// GitLab's code quality report.
pub fn gitlab(entries: &[Entry]) -> Value {
    entries
        .iter()
        .map(|entry| {
            json!({
                "description": with_fix(entry),
                "check_name": entry.id,
                "fingerprint": entry.fingerprint(),
                "severity": if entry.fails { "major" } else { "minor" },
                "location": { "path": entry.path, "lines": { "begin": entry.line } },
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let entry = |id: &str, fails, path: &str, message: &str| Entry {
            id: id.to_owned(),
            fails,
            path: path.to_owned(),
            line: 3,
            message: message.to_owned(),
            fix: "do, or: don't".to_owned(),
        };
        vec![
            entry("S5", true, "deploy/a b.yaml", "100% <of> \"images\" & more\nin two lines"),
            entry("R2", false, "x.yaml", "a warning"),
            entry("drift", true, ".github/workflows/ci.yaml", "was edited"),
        ]
    }

    #[test]
    fn github_reads_one_command_a_line() {
        assert_eq!(
            github(&entries()[..1]),
            "::error file=deploy/a b.yaml,line=3,title=S5::100%25 <of> \"images\" & more%0Ain two lines. To mend it: do, or: don't\n"
        );
    }

    #[test]
    fn junit_counts_failing_ids() {
        let text = junit("goldpath check", &entries(), &others());
        assert!(text.contains("tests=\"10\" failures=\"2\""), "{text}");
        assert!(text.contains("100% &lt;of&gt; &quot;images&quot; &amp; more in two lines"), "{text}");
        let warned = "name=\"R2\">\n      <system-out>\nwarning: x.yaml:3: a warning. To mend it: do, or: don't\n      </system-out>\n    </testcase>";
        assert!(text.contains(warned), "{text}");
    }

    #[test]
    fn sarif_points_into_its_own_rules() {
        let log = sarif(&entries(), &others(), "1.0.0");
        assert_eq!(log["runs"][0]["results"][2]["ruleIndex"], 1);
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][1]["id"], "drift");
        let location = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(location["artifactLocation"]["uri"], "deploy/a%20b.yaml");
    }

    #[test]
    fn fingerprints_do_not_move_with_lines() {
        let (mut a, b) = (entries().remove(0), entries().remove(0));
        a.line = 99;
        assert_eq!(a.fingerprint(), b.fingerprint());
        assert_ne!(a.fingerprint(), entries()[1].fingerprint());
    }
}
