//! `goldpath new`

use std::path::PathBuf;
use std::process::Command;

use super::answers::AnswerArgs;
use super::config::Config;
use super::policies::PolicyArgs;
use super::print::Printer;
use super::{Global, Output, today};
use crate::ops::new::{Options, Report};
use crate::ops::{self, Failure};
use crate::prompt::Prompter;

const AFTER_HELP: &str = "\
At a terminal every question that is still open is asked, with what its choices
gain and cost; a review shows the answers before anything is written. Without a
terminal nothing is ever asked.

An answer comes from the first of these that has one:
  --set, --answers, GOLDPATH_ANSWER_<KEY>, the prompt,
  `answers:` in ~/.config/goldpath/config.yaml, the blueprint's default

Examples:
  goldpath new                                 choose everything at prompts
  goldpath new service payments-api --defaults
  goldpath new service api --defaults --set lang=python --set tier=2
  goldpath new service api --answers file.yaml    `-` reads standard input
  goldpath new service api --defaults --dry-run   show what would be written
  goldpath new ./my-blueprint demo                a blueprint of your own
  goldpath new gh:acme/blueprints//api@^1 demo    one of a git repository, at its newest 1.x";

/// Make a new repository from a blueprint
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct NewArgs {
    /// A blueprint (see `goldpath list`), the path of a folder that holds one, or gh:org/repo//folder@v1.2.0 and other
    /// git sources
    blueprint: Option<String>,
    /// The folder to make; it must not exist or be empty [default: the answer to `name`]
    #[arg(value_name = "DIR")]
    destination: Option<PathBuf>,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the files only, without a git repository
    #[arg(long)]
    no_git: bool,
    #[command(flatten)]
    policies: PolicyArgs,
}

pub fn run(args: &NewArgs, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let options = Options {
        blueprints: global.blueprints.clone(),
        blueprint: args.blueprint.clone(),
        destination: args.destination.clone(),
        given: args.answers.given()?,
        defaults: args.answers.defaults,
        dry_run: args.dry_run,
        git: !args.no_git,
        today: Some(today()),
        janitor: Some(janitor),
        policies: args.policies.named()?,
        catalogs: Config::read()?.catalogs,
    };
    let mut person = args.answers.person(global);
    let report = ops::new::new(options, person.as_mut().map(|person| person as &mut dyn Prompter))?;
    if global.output == Output::Json {
        printer.json(&report);
    } else {
        text(&report, global, printer);
    }
    Ok(())
}

fn janitor() -> Option<Command> {
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.arg("__janitor");
    Some(command)
}

fn text(report: &Report, global: &Global, printer: &Printer) {
    for warning in &report.warnings {
        printer.diagnostic(warning);
    }
    printer.findings(&report.findings);
    if !report.written {
        printer.out(&format!("{}/", report.destination.trim_end_matches('/')));
        for line in report.outline.lines() {
            printer.out(&format!("  {line}"));
        }
        printer.info(&format!(
            "\n{} files; {}; nothing was written, since this was a dry run",
            report.files.len(),
            guardrails(report)
        ));
        return;
    }
    if global.verbose {
        for line in report.outline.lines() {
            printer.info(&format!("  {line}"));
        }
    }
    let commit =
        report.commit.as_ref().map(|commit| format!(", committed on {} as {}", commit.branch, &commit.id[..7]));
    printer.out(&format!(
        "{} {}: {} files from {} {}, {}{}",
        printer.good("Created"),
        printer.bold(&report.destination),
        report.files.len(),
        report.blueprint,
        report.version,
        guardrails(report),
        commit.unwrap_or_default()
    ));
    let mut next = vec![(format!("cd {}", shell_path(&report.destination)), String::new())];
    next.extend(report.next.iter().map(|step| (step.run.clone(), step.about.clone())));
    let width = next.iter().map(|(run, _)| run.chars().count()).filter(|width| *width <= 40).max().unwrap_or(0);
    printer.info("\nNext:");
    for (run, about) in next {
        let line = format!("  {}  {}", printer.bold(&format!("{run:width$}")), printer.dim(&about));
        printer.info(line.trim_end());
    }
}

/// What the guardrails said, in a few words.
fn guardrails(report: &Report) -> String {
    match report.findings.len() {
        0 => format!("{} guardrails passed", report.evaluated.rules),
        found => format!("{} guardrails asked, {found} warnings", report.evaluated.rules),
    }
}

/// A path as it can be typed into a shell.
fn shell_path(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./+@".contains(c);
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}
