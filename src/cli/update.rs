//! `goldpath update`

use std::path::PathBuf;

use super::answers::AnswerArgs;
use super::print::Printer;
use super::{Global, Output, today};
use crate::merge::{Change, Outcome};
use crate::ops::Failure;
use crate::ops::update::{self, Options, Report, State};
use crate::ops::{composing, merging};
use crate::prompt::Prompter;

const AFTER_HELP: &str = "\
Three versions of every file meet: as it was emitted last time, as you have it, and as
the blueprint emits it now. What one side changed is taken, what both changed is merged
line by line; what can't be merged becomes a conflict as git knows it, and the version is
recorded only once you settled it. Files of the team are left alone, and what you deleted
stays deleted. Nothing is written where a guardrail denies what would come in.

Exit codes: 0 done, or nothing to do; 1 failed, 2 wrong usage or answers, 3 guardrails
forbid the result, 6 conflicts to settle. But for 0 and 6 everything is as it was.

Examples:
  goldpath update                          to the newest version; new questions are asked
  goldpath update --defaults --commit      without a terminal: new questions take defaults
  goldpath update --set delivery=canary    change an answer; or edit goldpath.yaml, and update
  goldpath update --dry-run                what would become of which file
  goldpath diff                            the same as a diff
  goldpath update --branch goldpath-2.0    on a branch of its own
  goldpath update --restore Makefile       bring back what you had deleted
  goldpath update --continue               conflicts are settled: record the version
  goldpath update --abort                  take an update with conflicts back";

/// Bring a repository to a newer version of its blueprint, or to other answers
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct UpdateArgs {
    #[command(flatten)]
    pub what: WhatArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Go on with an update whose conflicts are settled
    #[arg(long = "continue", conflicts_with_all = ["abort", "dry_run", "commit", "branch", "to", "set", "answers", "restore", "two_way"])]
    go_on: bool,
    /// Take back an update that has conflicts
    #[arg(long, conflicts_with_all = ["dry_run", "commit", "branch", "to", "set", "answers", "restore", "two_way"])]
    abort: bool,
}

/// What becomes of a result that is merged.
#[derive(Debug, clap::Args)]
pub struct WriteArgs {
    /// Say what would become of which file, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Commit the result
    #[arg(long)]
    pub commit: bool,
    /// Make a branch for the result
    #[arg(long, value_name = "NAME")]
    pub branch: Option<String>,
}

/// What `update` and `diff` are told.
#[derive(Debug, clap::Args)]
pub struct WhatArgs {
    /// The repository, or a folder in it
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The version to come to, instead of the newest
    #[arg(long, value_name = "VERSION")]
    to: Option<semver::Version>,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Bring back a file that you deleted
    #[arg(long, value_name = "PATH")]
    restore: Vec<String>,
    /// Where nobody knows any more what was emitted, keep both sides as conflicts
    #[arg(long)]
    two_way: bool,
}

impl WhatArgs {
    pub fn options(&self, global: &Global) -> Result<merging::Options, Failure> {
        Ok(merging::Options {
            blueprints: global.blueprints.clone(),
            path: self.path.clone(),
            to: self.to.clone(),
            given: self.answers.given()?,
            defaults: self.answers.defaults,
            restore: self.restore.clone(),
            change: composing::Change::default(),
            two_way: self.two_way,
            today: Some(today()),
        })
    }

    pub fn person(&self, global: &Global) -> Option<crate::prompt::terminal::Terminal> {
        self.answers.person(global)
    }
}

/// Returns the exit code.
pub fn run(args: &UpdateArgs, global: &Global, printer: &Printer) -> Result<u8, Failure> {
    super::recover(&args.what.path, printer)?;
    let what = args.what.options(global)?;
    let report = if args.go_on {
        update::go_on(&what)?
    } else if args.abort {
        update::abort(&what)?
    } else {
        let options =
            Options { what, dry_run: args.write.dry_run, commit: args.write.commit, branch: args.write.branch.clone() };
        let mut person = args.what.person(global);
        update::update(&options, person.as_mut().map(|person| person as &mut dyn Prompter))?
    };
    show(&report, global, printer);
    Ok(report.exit_code())
}

/// Prints what an update did.
pub fn show(report: &Report, global: &Global, printer: &Printer) {
    if global.output == Output::Json {
        let mut value = serde_json::json!(report);
        value["exit_code"] = serde_json::json!(report.exit_code());
        printer.json(&value);
    } else {
        text(report, global, printer);
    }
}

fn text(report: &Report, global: &Global, printer: &Printer) {
    for warning in &report.warnings {
        printer.diagnostic(warning);
    }
    let versions = match &report.from {
        Some(from) if *from != report.to => format!("{} {from} -> {}", report.blueprint, report.to),
        _ => format!("{} {}", report.blueprint, report.to),
    };
    let words = Words {
        what: versions,
        done: "Updated",
        would: "Would update",
        see: "`goldpath diff` shows the lines",
        command: "goldpath update",
    };
    for change in &report.answers {
        let text = |answer: &Option<crate::answers::Answer>| match answer {
            Some(answer) => answer.to_string(),
            None => "-".to_owned(),
        };
        printer.out(&format!(
            "  {}  {}: {} -> {}",
            printer.dim("answer"),
            change.key,
            text(&change.before),
            text(&change.after)
        ));
    }
    summary(&report.changes, global.verbose, printer);
    for path in &report.drift {
        printer.out(&format!(
            "  {}     {path} {}",
            printer.dim("drift"),
            printer.dim("(the platform's, and not as emitted)")
        ));
    }
    printer.findings(&report.findings);
    let open = report.changes.iter().filter(|change| change.clash.is_some()).count();
    let commit = report.commit.as_ref();
    let commit = commit.map(|commit| format!(", committed on {} as {}", commit.branch, &commit.id[..7]));
    ending(&words, report.state, open, report.evaluated.rules, commit, printer);
}

/// How an update or an adoption is told of.
pub struct Words {
    /// The blueprint and its versions.
    pub what: String,
    pub done: &'static str,
    pub would: &'static str,
    /// Where more is to be seen after a dry run.
    pub see: &'static str,
    pub command: &'static str,
}

/// The last lines: how far it has come, and what to do next.
pub fn ending(
    words: &Words,
    state: State,
    conflicts: usize,
    guardrails: usize,
    commit: Option<String>,
    printer: &Printer,
) {
    let Words { what, done, would, see, command } = words;
    let done = printer.good(done);
    match state {
        State::Current => printer.out(&format!("Up to date: {what}")),
        State::Aborted => {
            printer.out(&format!("Taken back: {what}; everything is as before"));
            printer.info("What stood there is kept in git as refs/goldpath/aborted");
        }
        State::Planned => {
            let conflicts = if conflicts > 0 { format!("; {conflicts} conflicts to settle") } else { String::new() };
            printer.out(&format!("{would}: {what}{conflicts}"));
            printer.info(&format!("Nothing was written, since this was a dry run; {see}"));
        }
        State::Written => {
            printer.out(&format!("{done}: {what}, {guardrails} guardrails asked"));
            printer.info("\nNext:\n  git diff --cached   read it\n  git commit          keep it");
        }
        State::Committed => {
            printer.out(&format!("{done}: {what}, {guardrails} guardrails asked{}", commit.unwrap_or_default()));
        }
        State::Conflicts => {
            printer.out(&format!("{}: {what}, {conflicts} conflicts to settle", printer.bold("Open")));
            printer.info(&format!(
                "\nNext:\n  git status                   what is in conflict; any mergetool works\n  \
                 git add FILE                 once a file is right\n  \
                 {:26}   when all are\n  {:26}   to take everything back",
                format!("{command} --continue"),
                format!("{command} --abort"),
            ));
        }
    }
}

/// What became of files, a line for each; those that only stayed as they were on request.
pub fn summary(changes: &[Change], verbose: bool, printer: &Printer) {
    for change in changes {
        let word = match change.outcome {
            Outcome::Added => "added",
            Outcome::Updated => "updated",
            Outcome::Merged => "merged",
            Outcome::Moved => "moved",
            Outcome::Removed => "removed",
            Outcome::Kept => "yours",
            Outcome::Deleted => "deleted",
            Outcome::Conflict => "conflict",
        };
        if change.outcome == Outcome::Kept && !verbose {
            continue;
        }
        let mut notes = Vec::new();
        notes.extend(change.from.as_ref().map(|from| format!("was {from}")));
        notes.extend(change.emitted.as_ref().map(|emitted| format!("you moved it from {emitted}")));
        notes.extend(change.clash.map(|clash| clash.told().to_owned()));
        if change.outcome == Outcome::Deleted {
            notes.push(format!("by you, and changed since; `--restore {}` brings it back", change.path));
        }
        let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
        printer.out(&format!("  {}  {}{}", printer.bold(&format!("{word:8}")), change.path, printer.dim(&notes)));
    }
    let kept = changes.iter().filter(|change| change.outcome == Outcome::Kept).count();
    if kept > 0 && !verbose {
        printer.info(&format!("  {kept} files stay as they are, yours or the team's (-v lists them)"));
    }
}
