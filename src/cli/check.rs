//! `goldpath check`

use std::path::PathBuf;

use super::policies::PolicyArgs;
use super::print::Printer;
use super::{Global, Output, today, unsupported};
use crate::ops::Failure;
use crate::ops::check::{Options, Report, check};
use crate::report::{self, Entry};

const AFTER_HELP: &str = "\
Exit codes: 0 fine, 3 guardrail findings, exceptions that don't hold or files that can't be read, 4 files of the platform
that were edited, 5 a newer blueprint; the first of them that applies.

Examples:
  goldpath check                      the repository you are in
  goldpath check --output sarif       for GitHub's code scanning
  goldpath check --output gitlab      for GitLab's code quality";

/// Check a repository: guardrails, files of the platform that were edited, exceptions, and the blueprint's version
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct CheckArgs {
    /// The repository, or a folder in it
    #[arg(default_value = ".")]
    path: PathBuf,
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
    let report = check(&options)?;
    match global.output {
        Output::Text => text(&report, printer),
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
        line: 1,
        message: format!("{} {} since it was emitted", drift.path, drift.change.told()),
        fix: "put it back as it was, or have the platform team change the blueprint".to_owned(),
    }));
    entries.extend(report.newer.iter().map(|newer| Entry {
        id: "outdated".to_owned(),
        fails: false,
        path: "goldpath.yaml".to_owned(),
        line: 1,
        message: format!("{} {} is in use, and {newer} is there", report.blueprint, report.version),
        fix: String::new(),
    }));
    entries
}

fn text(report: &Report, printer: &Printer) {
    for problem in report.exceptions.iter().chain(&report.unread).chain(&report.warnings) {
        printer.diagnostic(problem);
    }
    for finding in &report.findings {
        printer.finding(finding);
    }
    for drift in &report.drift {
        printer.drift(drift);
    }
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
    parts.push(match report.drift.len() {
        0 => "no drift".to_owned(),
        count => format!("{count} files of the platform changed"),
    });
    if let Some(newer) = &report.newer {
        parts.push(format!("{} {newer} is there", report.blueprint));
    }
    printer.out(&format!("{} {}: {}", report.blueprint, report.version, parts.join(", ")));
}
