//! A review as a page of its own: no script, nothing fetched, readable in light and dark and on paper.

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, HtmlEscape, context};
use serde::Serialize;

use crate::diag::Diagnostic;
use crate::guardrail::Finding;
use crate::scorecard::{DENY_POINTS, Guardrail, Scorecard, Verdict, WARN_POINTS, WARNED_POINTS};

/// What the page shows.
#[derive(Debug)]
pub struct Page<'a, R: Serialize> {
    /// What was reviewed.
    pub name: &'a str,
    /// The day of the review.
    pub day: Option<String>,
    /// The scores.
    pub card: &'a Scorecard,
    /// What guardrails found.
    pub findings: &'a [Finding],
    /// What they would have found but for an exception.
    pub excepted: &'a [Finding],
    /// What could not be read.
    pub unread: &'a [Diagnostic],
    /// What was rendered, and by whom: `path`, `by`, `objects`.
    pub renderings: &'a [R],
    /// How many files there are.
    pub files: usize,
    /// The version of goldpath.
    pub version: &'a str,
}

/// A broken guardrail and where.
#[derive(Serialize)]
struct Broken<'a> {
    about: &'a Guardrail,
    places: Vec<&'a Finding>,
}

/// The page.
///
/// # Errors
/// A fault of the template itself, in words.
pub fn page<R: Serialize>(page: &Page<'_, R>) -> Result<String, String> {
    let mut broken: Vec<Broken<'_>> = page
        .card
        .guardrails
        .iter()
        .filter(|about| about.verdict.is_broken())
        .map(|about| Broken {
            about,
            places: page.findings.iter().filter(|finding| finding.rule == about.id).collect(),
        })
        .collect();
    // What forbids comes before what warns; within that the order of lenses and ids stays.
    broken.sort_by_key(|broken| broken.about.verdict);
    let with = |verdict| page.card.guardrails.iter().filter(move |about| about.verdict == verdict).collect::<Vec<_>>();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.add_filter("mark", mark);
    environment.add_filter("prose", |text: &str| Value::from_safe_string(prose(text)));
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if text.contains(char::is_control) && !value.is_safe() => {
            minijinja::escape_formatter(out, state, &visible(text).into())
        }
        _ => minijinja::escape_formatter(out, state, value),
    });
    let rendered = environment.render_str(
        include_str!("review.html"),
        context! {
            name => page.name,
            day => page.day.clone(),
            card => minijinja::Value::from(Serde(page.card)),
            broken => minijinja::Value::from(Serde(&broken)),
            holding => minijinja::Value::from(Serde(with(Verdict::Holds))),
            idle => minijinja::Value::from(Serde(with(Verdict::NotAsked))),
            excepted => minijinja::Value::from(Serde(page.excepted)),
            unread => minijinja::Value::from(Serde(page.unread)),
            renderings => minijinja::Value::from(Serde(page.renderings)),
            files => page.files,
            version => page.version,
            deny_points => DENY_POINTS,
            warn_points => WARN_POINTS,
            warned_points => WARNED_POINTS,
        },
    );
    rendered.map_err(|error| format!("{error:#}"))
}

fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Text as HTML, with what stands in backticks as code.
fn prose(text: &str) -> String {
    let escaped = HtmlEscape(&visible(text)).to_string();
    let parts: Vec<&str> = escaped.split('`').collect();
    // A backtick without a partner is only a backtick.
    if parts.len().is_multiple_of(2) {
        return escaped;
    }
    let code =
        |(index, part): (usize, &str)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() };
    parts.into_iter().enumerate().map(code).collect()
}

/// The colour of a score. The number stands beside it, so the colour carries nothing alone.
fn mark(score: Option<u32>) -> &'static str {
    match score {
        None => "soft",
        Some(90..) => "good",
        Some(60..) => "fair",
        Some(_) => "bad",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::Place;
    use crate::guardrail::{Lens, Level, Report};
    use crate::scorecard;

    fn shown(message: &str) -> String {
        let finding = Finding {
            path: "deploy/<app>.yaml".to_owned(),
            line: Some(7),
            rule: "S1".to_owned(),
            level: Level::Deny,
            message: message.to_owned(),
            area: "kubernetes".to_owned(),
            lens: Lens::Security,
            fix: "mend it".to_owned(),
            rendered_by: None,
            convention: false,
        };
        let rule = crate::guardrail::Rule {
            id: "S1".to_owned(),
            area: "kubernetes".to_owned(),
            title: "Pods give up what they don't need".to_owned(),
            description: "why it matters".to_owned(),
            lens: Lens::Security,
            level: Level::Deny,
            convention: None,
            fix: "mend it".to_owned(),
            controls: vec!["CIS 5.2.3".to_owned()],
            concerns: vec!["kubernetes".to_owned()],
            file: String::new(),
        };
        let unread = vec![Diagnostic::error("no YAML").place(Place::line("b.yaml", 3))];
        let report = Report { findings: vec![finding.clone()], unread: unread.clone(), ..Report::default() };
        let card = scorecard::score(&[rule], &report);
        page(&Page::<()> {
            name: "payments",
            day: Some("2026-11-24".to_owned()),
            card: &card,
            findings: &[finding],
            excepted: &[],
            unread: &unread,
            renderings: &[],
            files: 4,
            version: "1.0.0",
        })
        .unwrap()
    }

    #[test]
    fn a_page_says_why_where_and_how_and_what_it_could_not_read() {
        let text = shown("container app may run as root");
        for expected in [
            "deploy&lt;app&gt;.yaml:7",
            "why it matters",
            "mend it",
            "Maps to CIS 5.2.3",
            "b.yaml:3",
            "no YAML",
            "0 of 1 that deny × 3 + 0 of 0 that warn × 1 = 0 of 3 points",
        ] {
            let text = text.replace("&#x2f;", "/").replace("deploy/&lt;", "deploy&lt;");
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn backticks_are_code_and_a_lone_one_is_itself() {
        assert_eq!(prose("run `make <x>` now"), "run <code>make &lt;x&gt;</code> now");
        assert_eq!(prose("it`s"), "it`s");
    }

    #[test]
    fn nothing_in_a_repository_can_put_markup_or_controls_into_the_page() {
        let text = shown("<script>alert(1)</script>\u{1b}[31m\"'");
        assert!(!text.contains("<script") && !text.contains('\u{1b}'), "{text}");
        assert!(!text.contains("http://") && !text.contains("https://"), "the page fetches nothing");
    }
}
