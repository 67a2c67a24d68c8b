//! `goldpath except`

use std::path::PathBuf;

use super::policies::PolicyArgs;
use super::print::Printer;
use super::{Global, Output, today};
use crate::guardrail::Date;
use crate::ops::Failure;
use crate::ops::except::{Options, Report, except};

const AFTER_HELP: &str = "\
The exception is written to policy/exceptions.yaml, where `goldpath check` and
the pipeline read it. It ends by itself on its day, and one that excepts nothing
fails the check, so it is only written where the guardrail finds something.

Examples:
  goldpath except C2 deploy/kustomize/base/hpa.yaml \\
    --reason 'Load test until the end of the quarter' --expires 2027-03-31
  goldpath except S5 'deploy/**' --owner payments --reason 'Mirror is late' --expires 30d";

/// Except some files from a guardrail, until a day
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ExceptArgs {
    /// The guardrail's id, as findings print it
    rule: String,
    /// The file, or a pattern: `*` within a folder, `**` across folders
    #[arg(value_name = "PATH")]
    files: String,
    /// Why the guardrail can't be kept there
    #[arg(long)]
    reason: String,
    /// The day from which the exception no longer holds, as in 2027-03-31, or a number of days, as in 90d
    #[arg(long, value_name = "DAY")]
    expires: String,
    /// Who agreed: a team or a person [default: your git address]
    #[arg(long)]
    owner: Option<String>,
    #[command(flatten)]
    policies: PolicyArgs,
}

pub fn run(args: &ExceptArgs, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let today = today();
    let report = except(&Options {
        blueprints: global.blueprints.clone(),
        path: PathBuf::from("."),
        rule: args.rule.clone(),
        files: args.files.clone(),
        reason: args.reason.clone(),
        owner: args.owner.clone(),
        expires: day(&args.expires, today)?,
        today,
        policies: args.policies.named()?,
    })?;
    if global.output == Output::Json {
        printer.json(&report);
    } else {
        text(&report, printer);
    }
    Ok(())
}

fn day(text: &str, today: Date) -> Result<Date, Failure> {
    let days = text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()).filter(|days| *days <= 3650);
    Date::parse(text).or_else(|| days.map(|days| today.plus(days))).ok_or_else(|| {
        let problem = crate::diag::Diagnostic::error(format!("`{text}` is not a day"));
        Failure::Invalid(problem.hint("write a day as in 2027-03-31, or a number of days as in 90d").into())
    })
}

fn text(report: &Report, printer: &Printer) {
    printer.out(&format!(
        "{} {}: {} is excepted at {} until {}, owned by {}",
        printer.good("Wrote"),
        printer.bold(&report.file),
        report.rule,
        report.path,
        report.expires,
        report.owner
    ));
    for finding in &report.excepts {
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        printer.info(&format!("  {}{line}: {}", finding.path, finding.message));
    }
}
