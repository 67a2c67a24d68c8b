//! `goldpath check`

use std::path::PathBuf;

use super::policies::PolicyArgs;
use super::print::Printer;
use super::{Global, Output, today, unsupported};
use crate::diag::{Diagnostic, Place};
use crate::ops::Failure;
use crate::ops::check::{Options, Report, check};
use crate::ops::fix::{Fixed, TAMPERED, fix};
use crate::ops::records::Standing;
use crate::report::{self, Entry};

const AFTER_HELP: &str = "\
Exit codes: 0 fine; else the first of 3 (guardrail findings, exceptions that don't hold,
files that can't be read), 4 (files of the platform are not as they were emitted, or the
lock was tampered with), 5 (a newer blueprint, or goldpath.yaml says something else than
the lock: `goldpath update`) and 6 (an update or a merge has conflicts to settle).

`--fix` puts files of the platform back as they were emitted, and stages them. It commits
nothing, and what stood there stays in git: `git show refs/goldpath/replaced:FILE`.

Examples:
  goldpath check                      the repository you are in
  goldpath check --diff               what was changed in files of the platform
  goldpath check --fix                put them back
  goldpath check --output sarif       for GitHub's code scanning
  goldpath check --output gitlab      for GitLab's code quality";

/// The file that people edit, and the one that they don't.
const CHOICES: &str = "goldpath.yaml";
const LOCK: &str = "goldpath.lock";
/// What to do about answers that are not applied yet.
const PENDING: &str =
    "`goldpath diff` shows what it changes, `goldpath update` applies it; or take it back in goldpath.yaml";

/// Check a repository: guardrails, files of the platform that were edited, its records, and the version
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct CheckArgs {
    /// The repository, or a folder in it
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Show what was changed in files of the platform, as a diff; so does -v
    #[arg(long)]
    diff: bool,
    /// Put files of the platform back as they were emitted, after showing what that changes
    #[arg(long)]
    fix: bool,
    /// Judge only what goldpath renders itself: run no helm, kustomize or kubectl
    #[arg(long)]
    no_tools: bool,
    /// Judge this plan of Terraform too, as `terraform show -json` prints it
    #[arg(long = "plan", value_name = "FILE")]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    policies: PolicyArgs,
}

/// Returns the exit code.
pub fn run(args: &CheckArgs, global: &Global, printer: &Printer) -> Result<u8, Failure> {
    super::recover(&args.path, printer)?;
    let options = Options {
        blueprints: global.blueprints.clone(),
        path: args.path.clone(),
        today: Some(today()),
        tools: !args.no_tools,
        policies: args.policies.named()?,
        plans: args.plans.clone(),
    };
    let report = if args.fix {
        fix(&options, &mut |diff| {
            if global.output == Output::Text {
                printer.diff(diff);
            }
        })?
    } else {
        check(&options)?
    };
    match global.output {
        Output::Text => text(&report, args.diff || global.verbose, printer),
        Output::Json => {
            let mut value = serde_json::json!(report);
            value["exit_code"] = serde_json::json!(report.exit_code());
            printer.json(&value);
        }
        Output::Sarif => {
            printer.json(&report::sarif(&entries(&report), &report::abouts(&report.rules), env!("CARGO_PKG_VERSION")))
        }
        Output::Junit => {
            printer.raw(&report::junit("goldpath check", &entries(&report), &report::abouts(&report.rules)))
        }
        Output::Github => printer.raw(&report::github(&entries(&report))),
        Output::Gitlab => printer.json(&report::gitlab(&entries(&report))),
        Output::Html => return Err(unsupported("a page is what `goldpath review` makes")),
    }
    Ok(report.exit_code())
}

fn entries(report: &Report) -> Vec<Entry> {
    let mut entries: Vec<Entry> = report.findings.iter().map(Entry::from).collect();
    entries.extend(report.exceptions.iter().map(|problem| Entry::problem("exception", problem)));
    entries.extend(report.unread.iter().map(|problem| Entry::problem("unread", problem)));
    entries.extend(
        report.warnings.iter().filter(|problem| problem.is_error()).map(|problem| Entry::problem("source", problem)),
    );
    entries.extend(report.drift.iter().map(|drift| Entry {
        id: "drift".to_owned(),
        fails: true,
        path: drift.path.to_string(),
        line: drift.line.unwrap_or(1),
        message: format!("{} {} since it was emitted; it is the platform's", drift.path, drift.told()),
        fix: drift.fix.clone(),
    }));
    entries.extend(report.lock.problems.iter().map(|problem| Entry {
        id: "tampered".to_owned(),
        fails: true,
        path: LOCK.to_owned(),
        line: problem.line.unwrap_or(1),
        message: format!("{}: {}", problem.about, problem.message),
        fix: TAMPERED.to_owned(),
    }));
    entries.extend(report.pending.iter().map(|pending| Entry {
        id: "pending".to_owned(),
        fails: false,
        path: CHOICES.to_owned(),
        line: pending.line.unwrap_or(1),
        message: format!("{}: {}", pending.about, pending.message),
        fix: PENDING.to_owned(),
    }));
    if let Some(open) = &report.open {
        let entry = |path: &str, line: Option<usize>, message: &str| Entry {
            id: "conflict".to_owned(),
            fails: true,
            path: path.to_owned(),
            line: line.unwrap_or(1),
            message: message.to_owned(),
            fix: open.fix().to_owned(),
        };
        let conflicts = &open.conflicts;
        entries.extend(conflicts.iter().map(|conflict| entry(&conflict.path, conflict.line, "is in conflict")));
        if conflicts.is_empty() {
            entries.push(entry(LOCK, None, "an update is open, and all its conflicts are settled"));
        }
    }
    entries.extend(report.newer.iter().map(|newer| Entry {
        id: "outdated".to_owned(),
        fails: false,
        path: CHOICES.to_owned(),
        line: 1,
        message: format!("{} {} is in use, and {newer} is there", report.blueprint, report.version),
        fix: "`goldpath diff` shows what it changes, `goldpath update` comes to it".to_owned(),
    }));
    entries
}

/// Most places of one kind that people are shown; programs get all.
const SHOWN: usize = 10;

fn text(report: &Report, diff: bool, printer: &Printer) {
    for problem in report.exceptions.iter().chain(&report.unread).chain(&report.warnings) {
        printer.diagnostic(problem);
    }
    for finding in &report.findings {
        printer.finding(finding);
    }
    for drift in &report.drift {
        printer.drift(drift);
        if diff {
            printer.diff(drift.diff.as_deref().unwrap_or_default());
        }
    }
    records(report, printer);
    if let Some(fixed) = &report.fixed {
        told(fixed, printer);
    }
    if let (Standing::Unconfirmed, Some(reason)) = (report.lock.standing, &report.lock.reason) {
        printer.out(&format!("{LOCK} was not held against its blueprint: {reason}"));
    }
    printer.out(&format!("{} {}: {}", report.blueprint, report.version, summary(report).join(", ")));
}

/// What the lock, `goldpath.yaml` and git say that they should not.
fn records(report: &Report, printer: &Printer) {
    let place = |file: &str, line: Option<usize>| match line {
        Some(line) => Place::line(file, line),
        None => Place::file(file),
    };
    let problems = &report.lock.problems;
    for problem in problems.iter().take(SHOWN) {
        let message = format!("tampered with: {}: {}", problem.about, problem.message);
        printer.diagnostic(&Diagnostic::error(message).place(place(LOCK, problem.line)));
    }
    if !problems.is_empty() {
        let more = problems.len().saturating_sub(SHOWN);
        let more = if more > 0 { format!("; {more} more places") } else { String::new() };
        let message = format!("does not say what {} {} yields{more}", report.blueprint, report.version);
        printer.diagnostic(&Diagnostic::error(message).place(Place::file(LOCK)).hint(TAMPERED));
    }
    for pending in &report.pending {
        let message = format!("an update is pending: {}: {}", pending.about, pending.message);
        printer.diagnostic(&Diagnostic::warning(message).place(place(CHOICES, pending.line)).hint(PENDING));
    }
    let Some(open) = &report.open else { return };
    let what = match (&open.from, &open.to) {
        (Some(from), Some(to)) => format!("the update of {} from {from} to {to} is open", report.blueprint),
        _ => "a merge is open".to_owned(),
    };
    for conflict in &open.conflicts {
        printer.diagnostic(&Diagnostic::error("is in conflict").place(place(&conflict.path, conflict.line)));
    }
    printer.diagnostic(&Diagnostic::error(what).hint(open.fix()));
}

/// What `--fix` did.
fn told(fixed: &Fixed, printer: &Printer) {
    for problem in &fixed.left {
        printer.diagnostic(problem);
    }
    for path in &fixed.removed {
        printer.out(&format!("  {}   {path}", printer.bold("removed")));
    }
    for drift in &fixed.restored {
        let why = printer.dim(&format!("({})", drift.told()));
        printer.out(&format!("  {}  {} {why}", printer.bold("put back"), drift.path));
    }
    if fixed.restored.is_empty() {
        return;
    }
    if fixed.kept.is_some() {
        printer.info("What stood there is kept in git: `git show refs/goldpath/replaced:FILE`");
    }
    printer.info("Nothing is committed: `git diff --cached` shows it, `git commit` keeps it");
}

fn summary(report: &Report) -> Vec<String> {
    let mut parts = vec![match report.findings.len() {
        0 => format!("{} guardrails passed", report.evaluated.rules),
        found => format!("{found} findings of {} guardrails", report.evaluated.rules),
    }];
    if !report.excepted.is_empty() {
        parts.push(format!("{} excepted", report.excepted.len()));
    }
    if !report.exceptions.is_empty() {
        parts.push(format!("{} exceptions that don't hold", report.exceptions.len()));
    }
    if !report.unread.is_empty() {
        parts.push(format!("{} files unread", report.unread.len()));
    }
    if report.lock.standing == Standing::Tampered {
        parts.push("the lock tampered with".to_owned());
    }
    if !report.pending.is_empty() {
        parts.push("an update pending".to_owned());
    }
    if let Some(open) = &report.open {
        parts.push(match open.conflicts.len() {
            0 => "an update open".to_owned(),
            count => format!("{count} files in conflict"),
        });
    }
    if let Some(newer) = &report.newer {
        parts.push(format!("{} {newer} is there", report.blueprint));
    }
    parts.push(match report.drift.len() {
        0 => "no drift".to_owned(),
        count => format!("{count} files of the platform changed"),
    });
    parts
}
