//! `goldpath diff`

use super::print::Printer;
use super::update::WhatArgs;
use super::{Global, Output};
use crate::ops::Failure;
use crate::ops::diff::{Report, diff};
use crate::prompt::Prompter;

const AFTER_HELP: &str = "\
Writes nothing. The diff goes to standard output in the form that `git apply` takes, with
the markers of conflicts where there would be any. `goldpath update --dry-run` tells what
would become of which file.

Exit codes: 0 nothing would change; else the first of 3 (guardrails would stop it),
6 (there would be conflicts) and 5 (something would change).

Examples:
  goldpath diff                            what an update would change
  goldpath diff --set delivery=canary      what another answer would change
  goldpath diff -q | git apply --stat";

/// Show what an update, or other answers, would change
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct DiffArgs {
    #[command(flatten)]
    what: WhatArgs,
}

/// Returns the exit code.
pub fn run(args: &DiffArgs, global: &Global, printer: &Printer) -> Result<u8, Failure> {
    super::recover(&args.what.path, printer)?;
    let mut person = args.what.person(global);
    let report = diff(&args.what.options(global)?, person.as_mut().map(|person| person as &mut dyn Prompter))?;
    if global.output == Output::Json {
        let mut value = serde_json::json!(report);
        value["exit_code"] = serde_json::json!(report.exit_code());
        printer.json(&value);
    } else {
        text(&report, printer);
    }
    Ok(report.exit_code())
}

fn text(report: &Report, printer: &Printer) {
    for warning in &report.warnings {
        printer.diagnostic(warning);
    }
    printer.diff(&report.diff);
    printer.findings(&report.findings);
    if report.diff.is_empty() {
        printer.info(&format!("Up to date: {} {}", report.blueprint, report.to));
    } else {
        let count = report.changes.iter().filter(|change| change.clash.is_some()).count();
        let conflicts = if count > 0 { format!("; {count} conflicts") } else { String::new() };
        printer.info(&format!("{} {} -> {}{conflicts}", report.blueprint, report.from, report.to));
    }
}
