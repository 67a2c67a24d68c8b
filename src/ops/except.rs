//! Writes an exception from a guardrail: who agreed that it may be broken where, why, and until when.
//!
//! An exception that excepts nothing fails the check, so one is only written where the guardrail finds something.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::check;
use super::policies;
use super::session::EXCEPTIONS;
use super::sources::Listed;
use super::{Failure, subject};
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};
use crate::guardrail::{Date, Documents, Exceptions, Finding};
use crate::template::quote::yaml_text;
use crate::{git, source, workdir};

/// What is asked of [`except`].
#[derive(Debug)]
pub struct Options {
    /// A folder in place of the library in the binary.
    pub blueprints: Option<PathBuf>,
    /// The repository, or a folder in it.
    pub path: PathBuf,
    /// The guardrail.
    pub rule: String,
    /// The files where it may be broken: a path or a glob.
    pub files: String,
    /// Why.
    pub reason: String,
    /// Who agreed; the git identity where nobody is named.
    pub owner: Option<String>,
    /// The day from which it no longer holds.
    pub expires: Date,
    /// Today.
    pub today: Date,
    /// Further policies.
    pub policies: Vec<Listed>,
}

/// What [`except`] wrote.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The file that it was written to.
    pub file: String,
    /// The guardrail.
    pub rule: String,
    /// The files where it may be broken.
    pub path: String,
    /// Who agreed.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The day from which it no longer holds.
    pub expires: String,
    /// What it excepts today.
    pub excepts: Vec<Finding>,
}

/// Writes an exception into `policy/exceptions.yaml` of a repository that goldpath made.
///
/// # Errors
/// An unknown guardrail, a day that is not in the future, a path where the guardrail finds nothing, and a file of
/// exceptions that can't be read; nothing is written then.
pub fn except(options: &Options) -> Result<Report, Failure> {
    let mut problems = Diagnostics::new();
    let (root, recorded) = check::recorded(&options.path)?;
    let (tree, _) = check::contents(&root, &recorded)?;
    let library = source::library(options.blueprints.as_deref())?;
    let mut named = options.policies.clone();
    named.extend(policies::of_repository(&root)?);
    let guardrails = policies::load(&check::own_policies(&tree, &library.tree), &named)?;
    let ids: Vec<&str> = guardrails.rules().iter().map(|rule| rule.id.as_str()).collect();
    let rule = ids.iter().find(|id| id.eq_ignore_ascii_case(&options.rule));
    if rule.is_none() {
        problems.push(
            Diagnostic::error(format!("there is no guardrail `{}`", options.rule))
                .maybe_hint(did_you_mean(&options.rule, ids.iter().copied())),
        );
    }
    if options.expires <= options.today {
        problems.push(
            Diagnostic::error(format!("`{}` is not in the future", options.expires))
                .hint("name the day from which the exception no longer holds, or a number of days such as `90d`"),
        );
    }
    if options.reason.trim().is_empty() {
        problems
            .push(Diagnostic::error("an exception needs a reason").hint("say why the guardrail can't be kept there"));
    }
    let owner = match options.owner.clone().or_else(|| git::settings().ok().map(|settings| settings.email)) {
        Some(owner) if !owner.trim().is_empty() => owner,
        _ => {
            let problem = Diagnostic::error("nobody is named who agreed to the exception");
            problems.push(problem.hint("name a team or a person with --owner"));
            String::new()
        }
    };
    if problems.has_errors() {
        return Err(Failure::Invalid(problems));
    }
    let rule = rule.copied().unwrap_or_default();
    let text = tree.get(EXCEPTIONS).map_or(Ok(String::new()), |file| {
        String::from_utf8(file.bytes.clone())
            .map_err(|_| Failure::invalid(Diagnostic::error("expected YAML in UTF-8").place(Place::file(EXCEPTIONS))))
    })?;
    let before = Exceptions::parse(text.as_bytes(), EXCEPTIONS, options.today)?;
    let entry = [
        ("rule", rule),
        ("path", options.files.trim_start_matches("./")),
        ("owner", owner.trim()),
        ("reason", options.reason.trim()),
    ];
    let after = added(&text, &entry, options.expires);
    let parsed = Exceptions::parse(after.as_bytes(), EXCEPTIONS, options.today)?;
    // The text is edited as text, so that comments stay; whether it came out right is asked of the parser.
    let kept = parsed.entries.len() == before.entries.len() + 1
        && before
            .entries
            .iter()
            .zip(&parsed.entries)
            .all(|(old, new)| (&old.rule, &old.path) == (&new.rule, &new.path));
    let (true, Some(last)) = (kept, parsed.entries.last()) else {
        return Err(Failure::invalid(
            Diagnostic::error("the exception can't be added to this file without losing something")
                .place(Place::file(EXCEPTIONS))
                .hint("write the list under `exceptions:` as one `- rule: …` entry after the other, and try again"),
        ));
    };
    let (rendered, _) = subject::render(&root, &tree, true);
    let judged = guardrails.judge(&Documents::read(&tree, rendered), &parsed);
    let excepts: Vec<Finding> = judged
        .excepted
        .iter()
        .filter(|(_, index)| *index == parsed.entries.len() - 1)
        .map(|(finding, _)| finding.clone())
        .collect();
    if excepts.is_empty() {
        return Err(Failure::invalid(nothing(rule, &last.path, &judged.findings)));
    }
    write(&root, &after)?;
    Ok(Report {
        file: EXCEPTIONS.to_owned(),
        rule: rule.to_owned(),
        path: last.path.clone(),
        owner: last.owner.clone(),
        reason: last.reason.clone(),
        expires: last.expires.to_string(),
        excepts,
    })
}

/// Why an exception would be of no use.
fn nothing(rule: &str, path: &str, findings: &[Finding]) -> Diagnostic {
    let mut places: Vec<&str> =
        findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.path.as_str()).collect();
    places.dedup();
    let hint = match places.as_slice() {
        [] => format!("{rule} finds nothing anywhere; there is nothing to except"),
        places => format!("{rule} finds something in {}", places.join(", ")),
    };
    Diagnostic::error(format!("{rule} finds nothing at `{path}` that is not excepted already; nothing was written"))
        .hint(hint)
}

/// The file's text with one more entry at the end of its list.
fn added(text: &str, entry: &[(&str, &str)], expires: Date) -> String {
    let text = if text.trim().is_empty() { "---\nexceptions: []\n" } else { text };
    let mut out = String::with_capacity(text.len() + 200);
    let mut indentation = "  ";
    let mut opened = false;
    for line in text.lines() {
        let bare = line.split(" #").next().unwrap_or(line).trim_end();
        if matches!(bare, "exceptions: []" | "exceptions:") {
            out.push_str("exceptions:\n");
            opened = true;
            continue;
        }
        if opened && line.trim_start().starts_with("- ") {
            indentation = &line[..line.len() - line.trim_start().len()];
        }
        out.push_str(line);
        out.push('\n');
    }
    for (index, (key, value)) in entry.iter().enumerate() {
        let mark = if index == 0 { "- " } else { "  " };
        out.push_str(&format!("{indentation}{mark}{key}: {}\n", yaml_text(value)));
    }
    out.push_str(&format!("{indentation}  expires: \"{expires}\"\n"));
    out
}

fn write(root: &Path, text: &str) -> Result<(), Failure> {
    workdir::replace(&root.join(EXCEPTIONS), text.as_bytes()).map_err(|error| {
        Failure::failed(Diagnostic::error(format!("can't be written: {error}")).place(Place::file(EXCEPTIONS)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: [(&str, &str); 4] = [("rule", "C2"), ("path", "a: b.yaml"), ("owner", "shop"), ("reason", "it's #1")];

    fn with(text: &str) -> String {
        added(text, &ENTRY, Date::new(2027, 3, 31).unwrap_or_else(|| unreachable!("a day")))
    }

    #[test]
    fn an_entry_is_added_at_the_end_and_comments_stay() {
        let entry = "  - rule: C2\n    path: \"a: b.yaml\"\n    owner: shop\n    reason: \"it's #1\"\n    expires: \"2027-03-31\"\n";
        assert_eq!(with(""), format!("---\nexceptions:\n{entry}"));
        assert_eq!(with("---\n# why\nexceptions: []\n"), format!("---\n# why\nexceptions:\n{entry}"));
        let old = "exceptions:\n- rule: S5 # for now\n  path: x\n";
        assert_eq!(
            with(old),
            format!("{old}{}", entry.lines().map(|line| format!("{}\n", &line[2..])).collect::<String>())
        );
    }
}
