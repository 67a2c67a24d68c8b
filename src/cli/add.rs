//! `goldpath add` and `goldpath remove`

use std::path::PathBuf;

use super::answers::AnswerArgs;
use super::print::Printer;
use super::update::WriteArgs;
use super::{Global, today, update};
use crate::ops::Failure;
use crate::ops::composing::Change;
use crate::ops::merging;
use crate::ops::update::Options;
use crate::prompt::Prompter;

const ADD_HELP: &str = "\
What the blueprint has on a condition comes with the answer that the condition reads:
`goldpath add canary` is `goldpath update --set delivery=canary`. Any other component of the
library is written down under `components` in goldpath.yaml, and stays with updates. Either
way the result is merged as an update is: edits stay, conflicts are git's own, and nothing is
written where a guardrail denies what would come in.

`goldpath show BLUEPRINT` lists components, with the condition on which each takes part.

Exit codes: as those of `goldpath update`.

Examples:
  goldpath add canary                   by the last part of its name
  goldpath add delivery/canary --dry-run
  goldpath add kyverno --commit
  goldpath -C services/api add otlp     in a folder with a lock of its own";

const REMOVE_HELP: &str = "\
Files that it brought go, unless you edited them; those are conflicts to settle. Files of the
team stay. Where a component came with an answer, the answer becomes what the blueprint
answers by itself, or the only other one; else you are asked to say which.

Exit codes: as those of `goldpath update`.

Examples:
  goldpath remove canary                back to what the blueprint starts with
  goldpath remove hpa --dry-run
  goldpath remove kyverno --set policy=gatekeeper";

/// Bring a further component into the repository
#[derive(Debug, clap::Args)]
#[command(after_help = ADD_HELP)]
pub struct AddArgs {
    #[command(flatten)]
    what: ComponentArgs,
}

/// Take a component out of the repository
#[derive(Debug, clap::Args)]
#[command(after_help = REMOVE_HELP)]
pub struct RemoveArgs {
    #[command(flatten)]
    what: ComponentArgs,
}

#[derive(Debug, clap::Args)]
struct ComponentArgs {
    /// Components, by name or the last part of it
    #[arg(required = true, value_name = "COMPONENT")]
    components: Vec<String>,
    #[command(flatten)]
    answers: AnswerArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Where nobody knows any more what was emitted, keep both sides as conflicts
    #[arg(long)]
    two_way: bool,
}

/// Returns the exit code.
pub fn add(args: &AddArgs, global: &Global, printer: &Printer) -> Result<u8, Failure> {
    run(&args.what, Change { add: args.what.components.clone(), remove: Vec::new() }, global, printer)
}

/// Returns the exit code.
pub fn remove(args: &RemoveArgs, global: &Global, printer: &Printer) -> Result<u8, Failure> {
    run(&args.what, Change { add: Vec::new(), remove: args.what.components.clone() }, global, printer)
}

fn run(args: &ComponentArgs, change: Change, global: &Global, printer: &Printer) -> Result<u8, Failure> {
    let path = PathBuf::from(".");
    super::recover(&path, printer)?;
    let what = merging::Options {
        blueprints: global.blueprints.clone(),
        path,
        given: args.answers.given()?,
        defaults: args.answers.defaults,
        change,
        two_way: args.two_way,
        today: Some(today()),
        ..merging::Options::default()
    };
    let options =
        Options { what, dry_run: args.write.dry_run, commit: args.write.commit, branch: args.write.branch.clone() };
    let mut person = args.answers.person(global);
    let report = crate::ops::update::update(&options, person.as_mut().map(|person| person as &mut dyn Prompter))?;
    update::show(&report, global, printer);
    Ok(report.exit_code())
}
