//! `goldpath adopt`

use std::path::PathBuf;

use super::answers::AnswerArgs;
use super::config::Config;
use super::print::Printer;
use super::update::{Words, WriteArgs, ending, summary};
use super::{Global, Output, today};
use crate::answers::Origin;
use crate::diag::{Place, printable};
use crate::merge::{Change, Outcome};
use crate::ops::Failure;
use crate::ops::adopt::{self, Options, Report};
use crate::ops::merging;
use crate::prompt::Prompter;

const AFTER_HELP: &str = "\
Answers are looked for in what is committed, in the remote's address, and in what copier,
cookiecutter or cruft recorded; each is shown with its file and line. An answer comes from
the first of these that has one:
  --set, --answers, GOLDPATH_ANSWER_<KEY>, the prompt, what was found,
  `answers:` in ~/.config/goldpath/config.yaml, the blueprint's default

Then what the blueprint has is merged with what you have. New files are added. Files of the
team that you have stay yours, and a program of the blueprint's is not put beside yours. Where
both have another file, it becomes a conflict as git knows it, and the adoption is recorded
only once you settled it. Nothing is written where a guardrail denies what would come in.

Exit codes: 0 done; 1 failed, 2 wrong usage or answers, 3 guardrails forbid the result,
6 conflicts to settle. But for 0 and 6 everything is as it was.

Examples:
  goldpath adopt service                       asks, and suggests what it found
  goldpath adopt service --defaults --dry-run  what was found, what would become of files
  goldpath adopt service --defaults --branch golden-path --commit
  goldpath adopt service services/payments     a part of a repository, with its own lock
  goldpath adopt service --with cmd            seed what would be left out
  goldpath adopt --continue                    conflicts are settled: record the adoption
  goldpath adopt --abort                       take an adoption with conflicts back";

/// Bring a repository that is there already onto a golden path
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct AdoptArgs {
    /// A blueprint (see `goldpath list`), the path of a folder that holds one, or gh:org/repo//folder@v1.2.0 and other
    /// git sources
    #[arg(required_unless_present_any = ["go_on", "abort"])]
    blueprint: Option<String>,
    /// The repository, or the folder of it that is adopted
    #[arg(value_name = "DIR", default_value = ".")]
    path: PathBuf,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Seed this file or folder, although you have files that take its place
    #[arg(long, value_name = "PATH")]
    with: Vec<String>,
    #[command(flatten)]
    write: WriteArgs,
    /// Go on with an adoption whose conflicts are settled
    #[arg(long = "continue", conflicts_with_all = ["abort", "blueprint", "dry_run", "commit", "branch", "set", "answers", "with"])]
    go_on: bool,
    /// Take back an adoption that has conflicts
    #[arg(long, conflicts_with_all = ["blueprint", "dry_run", "commit", "branch", "set", "answers", "with"])]
    abort: bool,
}

/// Returns the exit code.
pub fn run(args: &AdoptArgs, global: &Global, printer: &Printer) -> Result<u8, Failure> {
    super::recover(&args.path, printer)?;
    let report = match &args.blueprint {
        Some(blueprint) => {
            let options = Options {
                blueprints: global.blueprints.clone(),
                blueprint: blueprint.clone(),
                catalogs: Config::read()?.catalogs,
                path: args.path.clone(),
                given: args.answers.given()?,
                defaults: args.answers.defaults,
                with: args.with.clone(),
                dry_run: args.write.dry_run,
                commit: args.write.commit,
                branch: args.write.branch.clone(),
                today: Some(today()),
            };
            let mut person = args.answers.person(global);
            adopt::adopt(&options, person.as_mut().map(|person| person as &mut dyn Prompter))?
        }
        None => {
            let what = merging::Options {
                blueprints: global.blueprints.clone(),
                path: args.path.clone(),
                today: Some(today()),
                ..merging::Options::default()
            };
            if args.go_on { adopt::go_on(&what)? } else { adopt::abort(&what)? }
        }
    };
    if global.output == Output::Json {
        let mut value = serde_json::json!(report);
        value["exit_code"] = serde_json::json!(report.exit_code());
        printer.json(&value);
    } else {
        text(&report, global, printer);
    }
    Ok(report.exit_code())
}

fn text(report: &Report, global: &Global, printer: &Printer) {
    for warning in &report.warnings {
        printer.diagnostic(warning);
    }
    for told in &report.answers {
        let note = match (&told.place, told.origin) {
            (Some(place), _) => format!("found in {}", name(place)),
            (None, Origin::Set) => "--set".to_owned(),
            (None, Origin::Answers) => "--answers".to_owned(),
            (None, Origin::Environment) => "environment".to_owned(),
            (None, Origin::Prompt) => "you".to_owned(),
            (None, Origin::Config) => "your config.yaml".to_owned(),
            (None, Origin::Default | Origin::Guess) => "default".to_owned(),
            (None, Origin::Only) => "the only choice".to_owned(),
        };
        let answer = told.answer.to_string();
        printer.out(&format!(
            "  {}    {}: {} {}",
            printer.dim("answer"),
            told.key,
            printable(&answer),
            printer.dim(&format!("({note})"))
        ));
    }
    for passed in &report.passed_over {
        printer.out(&format!(
            "  {}    {}: {}",
            printer.bold("passed"),
            passed.key,
            printer.dim(&format!(
                "({} in {}: {})",
                printable(&passed.text),
                name(&passed.place),
                printable(&passed.why)
            ))
        ));
    }
    files(report, global.verbose, printer);
    for finding in &report.findings {
        printer.finding(finding);
    }
    let words = Words {
        what: format!("{} {}", report.blueprint, report.version),
        done: "Adopted",
        would: "Would adopt",
        see: "`-v` lists every file",
        command: "goldpath adopt",
    };
    let open = report.changes.iter().filter(|change| change.clash.is_some()).count();
    let commit = report.commit.as_ref();
    let commit = commit.map(|commit| format!(", committed on {} as {}", commit.branch, &commit.id[..7]));
    ending(&words, report.state, open, report.evaluated.rules, commit, printer);
}

/// What becomes of files. A blueprint adds hundreds, and leaves out whole programs: those are counted by folder.
fn files(report: &Report, verbose: bool, printer: &Printer) {
    let added = |change: &&Change| change.outcome == Outcome::Added;
    let rest: Vec<Change> = report.changes.iter().filter(|change| verbose || !added(change)).cloned().collect();
    summary(&rest, verbose, printer);
    let (yours, left): (Vec<_>, Vec<_>) = report.left_out.iter().partition(|left| left.path == left.because);
    for own in yours {
        let note = format!("({} would bring another one)", own.component);
        printer.out(&format!("  {}     {} {}", printer.bold("yours"), printable(&own.path), printer.dim(&note)));
    }
    if verbose {
        for left in left {
            let note = format!("({}; you have {})", left.component, printable(&left.because));
            printer.out(&format!("  {}  {} {}", printer.bold("left out"), printable(&left.path), printer.dim(&note)));
        }
        return;
    }
    let mut counted: Vec<(String, usize)> = Vec::new();
    for change in report.changes.iter().filter(added) {
        count(&mut counted, &change.path);
    }
    for (folder, files) in counted {
        printer.out(&format!("  {}     {}", printer.bold("added"), shown(&folder, files)));
    }
    let mut counted: Vec<(String, usize)> = Vec::new();
    for left in &left {
        count(&mut counted, &left.path);
    }
    for (folder, files) in counted {
        let one = left.iter().find(|left| left.path.starts_with(&folder));
        let note = one.map(|left| format!("({}; you have {})", left.component, printable(&left.because)));
        let note = printer.dim(&note.unwrap_or_default());
        printer.out(&format!("  {}  {} {note}", printer.bold("left out"), shown(&folder, files)));
    }
    if !left.is_empty() {
        printer.info("  What is left out stays out until `--with PATH`, or later `goldpath update --restore PATH`");
    }
}

/// Counts a file under the folder at the top that it is in; one that is in none stands for itself.
fn count(counted: &mut Vec<(String, usize)>, path: &str) {
    let folder = path.find('/').map_or(path, |at| &path[..=at]);
    match counted.iter_mut().find(|(known, _)| known == folder) {
        Some((_, files)) => *files += 1,
        None => counted.push((folder.to_owned(), 1)),
    }
}

fn shown(folder: &str, files: usize) -> String {
    let folder = printable(folder);
    if folder.ends_with('/') { format!("{folder} ({files} files)") } else { folder.into_owned() }
}

fn name(place: &Place) -> String {
    printable(&place.to_string()).replace('\n', "␊")
}
