//! `goldpath new`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::Command;

use super::config::{Config, limited, map};
use super::policies::PolicyArgs;
use super::print::Printer;
use super::{Global, Output, colors, today};
use crate::answers::{Given, VARIABLE};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ops::new::{Options, Report};
use crate::ops::{self, Failure};
use crate::prompt::Prompter;
use crate::prompt::terminal::Terminal;
use crate::yaml::Node;

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
    /// Answer a question; lists are separated by commas
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// Take answers from a YAML or JSON file; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    answers: Vec<String>,
    /// Ask nothing, and take the default wherever no answer is given
    #[arg(long)]
    defaults: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the files only, without a git repository
    #[arg(long)]
    no_git: bool,
    #[command(flatten)]
    policies: PolicyArgs,
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as `lang=python`".to_owned()),
    }
}

pub fn run(args: &NewArgs, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let options = Options {
        blueprints: global.blueprints.clone(),
        blueprint: args.blueprint.clone(),
        destination: args.destination.clone(),
        given: given(&args.set, &args.answers)?,
        defaults: args.defaults,
        dry_run: args.dry_run,
        git: !args.no_git,
        today: Some(today()),
        janitor: Some(janitor),
        policies: args.policies.named()?,
        catalogs: Config::read()?.catalogs,
    };
    let mut person = person(global, &args.answers, args.defaults);
    let report = ops::new::new(options, person.as_mut().map(|person| person as &mut dyn Prompter))?;
    if global.output == Output::Json {
        printer.json(&report);
    } else {
        text(&report, global, printer);
    }
    Ok(())
}

/// Somebody to ask, where there is a terminal and nothing speaks against it.
pub(super) fn person(global: &Global, answers: &[String], defaults: bool) -> Option<Terminal> {
    let reads_stdin = answers.iter().any(|file| file == "-");
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    (terminal && !reads_stdin && !defaults && global.output == Output::Text)
        .then(|| Terminal::new(colors(global.color, true)))
}

fn janitor() -> Option<Command> {
    let mut command = Command::new(std::env::current_exe().ok()?);
    command.arg("__janitor");
    Some(command)
}

pub(super) fn given(set: &[(String, String)], files: &[String]) -> Result<Given, Failure> {
    let mut problems = Diagnostics::new();
    let mut given = Given { set: set.to_vec(), ..Given::default() };
    for file in files {
        match answers(file) {
            Ok(node) => given.files.push((if file == "-" { "standard input".to_owned() } else { file.clone() }, node)),
            Err(more) => problems.extend(more),
        }
    }
    for (name, value) in std::env::vars_os() {
        let Some(key) = name.to_str().and_then(|name| name.strip_prefix(VARIABLE)) else { continue };
        match value.into_string() {
            Ok(value) => given.environment.push((key.to_lowercase(), value)),
            Err(_) => problems.push(Diagnostic::error(format!("{VARIABLE}{key} is not UTF-8"))),
        }
    }
    given.environment.sort();
    match Config::read() {
        Ok(config) => given.config = config.answers,
        Err(more) => problems.extend(more),
    }
    Ok(problems.into_result(given)?)
}

fn answers(file: &str) -> Result<Node, Diagnostics> {
    let shown = if file == "-" { "standard input" } else { file };
    let text = if file == "-" { limited(std::io::stdin()) } else { std::fs::File::open(file).and_then(limited) };
    let text = text.map_err(|error| {
        let mut problem = Diagnostic::error(format!("answers can't be read: {error}")).place(Place::file(shown));
        if error.kind() == std::io::ErrorKind::InvalidData {
            problem = problem.hint("answers are YAML or JSON in UTF-8");
        }
        Diagnostics::from(problem)
    })?;
    map(&text, shown, "answers")
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
