//! Printing: results to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use annotate_snippets::{AnnotationKind, Level as Title, Renderer, Snippet};
use console::Style;
use serde::Serialize;

use super::{Global, Output, colors};
use crate::diag::{Diagnostic, Diagnostics, Place, Severity, printable, printable_styled};
use crate::guardrail::{Finding, Level};
use crate::ops::Failure;
use crate::ops::drift::Drift;

/// Widest text, in columns.
const WIDTH: usize = 100;

/// Knows where to print, and how.
pub struct Printer {
    output: Output,
    quiet: bool,
    out_color: bool,
    error_color: bool,
}

impl Printer {
    pub fn new(global: &Global) -> Self {
        Printer {
            output: global.output,
            quiet: global.quiet,
            out_color: colors(global.color, std::io::stdout().is_terminal()),
            error_color: colors(global.color, std::io::stderr().is_terminal()),
        }
    }

    /// Prints a line of the result, without anything in it that a terminal would act on: names and texts in it are those
    /// of blueprints and repositories of others. A reader that has gone away is no error.
    pub fn out(&self, line: &str) {
        let _ = writeln!(std::io::stdout().lock(), "{}", tame(line, self.out_color));
    }

    /// Prints a line that helps a person, unless they want quiet.
    pub fn info(&self, line: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr().lock(), "{}", tame(line, self.out_color || self.error_color));
        }
    }

    /// Prints a result for programs.
    pub fn json(&self, value: &impl Serialize) {
        let text = serde_json::to_string_pretty(value).unwrap_or_default();
        self.raw(&format!("{}\n", escaped(&text)));
    }

    /// Prints a paragraph under a mark, wrapped.
    pub fn paragraph(&self, mark: &str, text: &str) {
        let rest = " ".repeat(mark.len() - mark.trim_start().len() + 2 * usize::from(mark.trim_end() != mark.trim()));
        let width = usize::from(console::Term::stdout().size().1).clamp(60, WIDTH);
        let options = textwrap::Options::new(width).initial_indent(mark).subsequent_indent(&rest);
        for line in textwrap::wrap(text, options) {
            self.out(&self.dim(&line));
        }
    }

    fn style(&self, style: Style, text: &str) -> String {
        style.force_styling(self.out_color).apply_to(text).to_string()
    }

    pub fn bold(&self, text: &str) -> String {
        self.style(Style::new().bold(), text)
    }

    pub fn dim(&self, text: &str) -> String {
        self.style(Style::new().dim(), text)
    }

    pub fn good(&self, text: &str) -> String {
        self.style(Style::new().green().bold(), text)
    }

    pub fn heading(&self, text: &str) -> String {
        self.style(Style::new().bold().underlined(), text)
    }

    /// Prints one problem, with the line of source that it is about.
    pub fn diagnostic(&self, diagnostic: &Diagnostic) {
        let _ = writeln!(std::io::stderr().lock(), "{}", render(diagnostic, self.error_color));
    }

    /// Prints what a guardrail found.
    pub fn finding(&self, finding: &Finding) {
        let severity = if finding.level == Level::Deny { Severity::Error } else { Severity::Warning };
        let place = match finding.line {
            Some(line) => Place::line(&finding.path, line),
            None => Place::file(&finding.path),
        };
        let message = format!("{}: {}", finding.rule, finding.message);
        self.diagnostic(&Diagnostic { severity, ..Diagnostic::error(message).place(place).hint(&finding.fix) });
    }

    /// Prints findings; what is the same in several files is said once.
    pub fn findings(&self, findings: &[Finding]) {
        let mut told: Vec<(&Finding, usize)> = Vec::new();
        for finding in findings {
            match told.iter_mut().find(|(other, _)| (&other.rule, &other.message) == (&finding.rule, &finding.message))
            {
                Some((_, files)) => *files += 1,
                None => told.push((finding, 1)),
            }
        }
        for (finding, files) in told {
            let others = if files > 1 { format!(" (and in {} more files)", files - 1) } else { String::new() };
            self.finding(&Finding { message: format!("{}{others}", finding.message), ..finding.clone() });
        }
    }

    /// Prints a file of the platform that was changed.
    pub fn drift(&self, drift: &Drift) {
        let message = format!("{} since it was emitted; it is the platform's ({})", drift.told(), drift.component);
        let place = match drift.line {
            Some(line) => Place::line(drift.path.as_str(), line),
            None => Place::file(drift.path.as_str()),
        };
        self.diagnostic(&Diagnostic::error(message).place(place).hint(&drift.fix));
    }

    /// Prints a diff, without anything in it that a terminal would act on.
    pub fn diff(&self, text: &str) {
        let terminal = std::io::stdout().is_terminal();
        for line in text.split_inclusive('\n') {
            let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
            let style = match line.as_bytes() {
                [b'+', ..] => Style::new().green(),
                [b'-', ..] => Style::new().red(),
                [b'@', ..] => Style::new().cyan(),
                [b'd', ..] => Style::new().bold(),
                _ => Style::new(),
            };
            // Programs get the bytes, and terminals what they show.
            let line = if terminal { printable(line) } else { line.into() };
            self.raw(&format!("{}{end}", self.style(style, &line)));
        }
    }

    /// Prints a result that ends its own lines.
    pub fn raw(&self, text: &str) {
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }

    fn diagnostics(&self, diagnostics: &Diagnostics) {
        for (index, diagnostic) in diagnostics.0.iter().enumerate() {
            if index > 0 && diagnostic.excerpt.is_some() {
                let _ = writeln!(std::io::stderr().lock());
            }
            self.diagnostic(diagnostic);
        }
    }

    /// Prints why an operation failed; returns its exit code.
    pub fn failure(&self, failure: &Failure) -> ExitCode {
        let code = failure.exit_code();
        let none = Diagnostics::new();
        let problems = match failure {
            Failure::Invalid(problems) | Failure::Failed(problems) | Failure::Conflicts(problems) => problems,
            Failure::Guardrails(_) | Failure::Denied { .. } | Failure::Cancelled => &none,
        };
        if self.output == Output::Json {
            let mut error = serde_json::json!({ "exit_code": code, "diagnostics": problems.0 });
            if let Some((findings, unread)) = denied(failure) {
                error["findings"] = serde_json::json!(findings);
                error["unread"] = serde_json::json!(unread);
            }
            self.json(&serde_json::json!({ "error": error }));
            return ExitCode::from(code);
        }
        self.diagnostics(problems);
        if let Some((findings, unread)) = denied(failure) {
            unread.iter().for_each(|problem| self.diagnostic(problem));
            findings.iter().for_each(|finding| self.finding(finding));
            let _ = writeln!(
                std::io::stderr().lock(),
                "guardrails forbid what would have been written: {} findings, {} files unread; nothing was written",
                findings.len(),
                unread.len()
            );
        }
        if matches!(failure, Failure::Cancelled) {
            let _ = writeln!(std::io::stderr().lock(), "cancelled; nothing was written");
        }
        ExitCode::from(code)
    }
}

/// A line as it may be printed; without colours there is no sequence in it that would be ours.
fn tame(line: &str, colors: bool) -> String {
    if colors { printable_styled(line) } else { printable(line).into_owned() }
}

/// JSON that says the same, and in which a terminal finds nothing to act on: its own escapes stand for what the format
/// would let through.
fn escaped(json: &str) -> String {
    if matches!(printable(json), std::borrow::Cow::Borrowed(_)) {
        return json.to_owned();
    }
    let shown = |c: char| matches!(printable(c.encode_utf8(&mut [0; 4])), std::borrow::Cow::Borrowed(_));
    json.chars().map(|c| if shown(c) { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect()
}

/// What guardrails forbid, and what they could not read.
fn denied(failure: &Failure) -> Option<(&[Finding], &[Diagnostic])> {
    match failure {
        Failure::Guardrails(report) => Some((&report.findings, &report.unread)),
        Failure::Denied { findings, unread } => Some((findings, unread)),
        _ => None,
    }
}

/// A problem as compilers show theirs.
fn render(diagnostic: &Diagnostic, color: bool) -> String {
    let diagnostic = &harmless(diagnostic);
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let level = match diagnostic.severity {
        Severity::Error => Title::ERROR,
        Severity::Warning => Title::WARNING,
    };
    let hint = |text: &str| Title::HELP.with_name("hint").message(text.to_owned());
    if let (Some(excerpt), Some(place)) = (&diagnostic.excerpt, &diagnostic.place) {
        let snippet = Snippet::source(&excerpt.text)
            .line_start(place.line.unwrap_or(1))
            .path(&place.file)
            .annotation(AnnotationKind::Primary.span(excerpt.range.clone()));
        let mut group = level.primary_title(&diagnostic.message).element(snippet);
        if let Some(text) = &diagnostic.hint {
            group = group.element(hint(text));
        }
        return renderer.render(&[group]);
    }
    let message = match &diagnostic.place {
        Some(place) => format!("{place}: {}", diagnostic.message),
        None => diagnostic.message.clone(),
    };
    // Without a source there is no gutter that a hint could hang from.
    let style =
        |style: Style, text: &str| style.for_stderr().force_styling(color).apply_to(text.to_owned()).to_string();
    let title = match diagnostic.severity {
        Severity::Error => style(Style::new().red().bold(), "error"),
        Severity::Warning => style(Style::new().yellow().bold(), "warning"),
    };
    let mut out = format!("{title}: {message}");
    if let Some(text) = &diagnostic.hint {
        out.push_str(&format!("\n  {} {text}", style(Style::new().cyan(), "hint:")));
    }
    out
}

/// A problem without anything that a terminal would act on. Of a file's name, not even a line break is one.
fn harmless(diagnostic: &Diagnostic) -> Diagnostic {
    let mut diagnostic = diagnostic.clone();
    diagnostic.message = printable(&diagnostic.message).into_owned();
    diagnostic.hint = diagnostic.hint.map(|hint| printable(&hint).into_owned());
    if let Some(place) = &mut diagnostic.place {
        place.file = printable(&place.file).replace('\n', "␊");
    }
    // The excerpt's own characters are replaced where it is drawn.
    diagnostic
}
