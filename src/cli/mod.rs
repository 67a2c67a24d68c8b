//! The command line: one file per command that takes arguments, calls the operation, prints and sets the exit code.
//! Decisions are made elsewhere.

mod add;
mod adopt;
mod answers;
mod check;
mod config;
mod diff;
mod except;
mod explain;
mod list;
mod new;
mod policies;
mod print;
mod review;
mod show;
mod update;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::{Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::diag::Diagnostic;
use crate::guardrail::Date;
use crate::ops::Failure;
use crate::workdir;
use print::Printer;

const AFTER_HELP: &str = "\
Examples:
  goldpath new                           choose and answer at prompts
  goldpath new service payments-api      one blueprint, one folder
  goldpath new service api --defaults    ask nothing
  goldpath new ./mine demo --dry-run     see what your own would write
  goldpath show service                  questions, trade-offs, files, owners
  goldpath check                         is this repository still on its path?
  goldpath check --fix                   put the platform's files back as they were
  goldpath review ../other               how good is any repository?
  goldpath update                        to the newest blueprint; nobody loses work
  goldpath diff                          see what that would change
  goldpath add canary                    bring a further component in
  goldpath adopt service                 bring a repository that is there onto the path

Exit codes:
  0 fine                                 3 guardrail findings
  1 failed                               4 drift
  2 wrong usage, answers or blueprint    5 outdated
                                         6 conflicts to settle
                                         130 interrupted";

/// A golden-path project scaffolder: from a few answers to a service repository that is ready for production.
#[derive(Debug, Parser)]
#[command(name = "goldpath", version, after_help = AFTER_HELP, propagate_version = false, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Global {
    /// Work as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// Take blueprints from this folder instead of the library in the binary
    #[arg(long = "library", value_name = "DIR", env = "GOLDPATH_LIBRARY", global = true)]
    blueprints: Option<PathBuf>,
    /// Print nothing but results and problems
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Print more: files as they are planned, with their owners
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// When to use colour; `NO_COLOR` is respected
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: Color,
    /// What to print: text for people, JSON for programs; the others are for `check` and `review`, `html` for `review`
    #[arg(long, value_name = "FORMAT", default_value = "text", global = true)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
    Sarif,
    Junit,
    Github,
    Gitlab,
    Html,
}

/// The failure of a command that was asked for a format it has not.
fn unsupported(message: &str) -> Failure {
    let hint = "every command prints `text` and `json`, `check` and `review` also `sarif`, `junit`, `github` and `gitlab`, \
                and `review` `html`";
    Failure::Invalid(Diagnostic::error(message).hint(hint).into())
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::NewArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Explain(explain::ExplainArgs),
    Check(check::CheckArgs),
    Except(except::ExceptArgs),
    Review(review::ReviewArgs),
    Update(update::UpdateArgs),
    Adopt(adopt::AdoptArgs),
    Diff(diff::DiffArgs),
    Add(add::AddArgs),
    Remove(add::RemoveArgs),
    /// Removes what a killed process left staged
    #[command(name = "__janitor", hide = true)]
    Janitor {
        folder: PathBuf,
    },
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let color = wanted_color(&arguments);
    let choice = match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let cli = match Cli::command()
        .color(choice)
        .try_get_matches_from(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches))
    {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if let Command::Janitor { folder } = &cli.command {
        workdir::janitor(folder);
        return ExitCode::SUCCESS;
    }
    let printer = Printer::new(&cli.global);
    if let Some(directory) = &cli.global.directory
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let problem = Diagnostic::error(format!("-C {}: {error}", directory.display()));
        return printer.failure(&Failure::Invalid(problem.into()));
    }
    let judges = matches!(cli.command, Command::Check(_) | Command::Review(_));
    if !judges && !matches!(cli.global.output, Output::Text | Output::Json) {
        return printer.failure(&unsupported("this command prints `text` or `json`"));
    }
    handle_signals();
    let fine = |()| 0;
    let result = match &cli.command {
        Command::Check(args) => check::run(args, &cli.global, &printer),
        Command::Review(args) => review::run(args, &cli.global, &printer),
        Command::Except(args) => except::run(args, &cli.global, &printer).map(fine),
        Command::Explain(args) => explain::run(args, &cli.global, &printer).map(fine),
        Command::New(args) => new::run(args, &cli.global, &printer).map(fine),
        Command::List(args) => list::run(args, &cli.global, &printer).map(fine),
        Command::Show(args) => show::run(args, &cli.global, &printer).map(fine),
        Command::Adopt(args) => adopt::run(args, &cli.global, &printer),
        Command::Update(args) => update::run(args, &cli.global, &printer),
        Command::Diff(args) => diff::run(args, &cli.global, &printer),
        Command::Add(args) => add::add(args, &cli.global, &printer),
        Command::Remove(args) => add::remove(args, &cli.global, &printer),
        Command::Janitor { .. } => Ok(0),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => printer.failure(&failure),
    }
}

/// The colour that is asked for, before the arguments are parsed: messages about them are coloured too.
fn wanted_color(arguments: &[OsString]) -> Color {
    let mut words = arguments.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next().map(|word| word.into_owned()),
            Some(rest) => rest.strip_prefix('=').map(str::to_owned),
            None => None,
        };
        if let Some(color) = value.and_then(|value| Color::from_str(&value, false).ok()) {
            return color;
        }
    }
    Color::Auto
}

/// Whether to colour a stream.
fn colors(color: Color, terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            terminal && !no_color && std::env::var("TERM").as_deref() != Ok("dumb")
        }
    }
}

/// Finishes or undoes what a goldpath that was cut off had begun, and says so.
fn recover(path: &std::path::Path, printer: &Printer) -> Result<(), Failure> {
    if let Some(what) = crate::ops::update::recover(path)? {
        printer.info(&format!("goldpath {what}"));
    }
    Ok(())
}

/// The day, in UTC.
fn today() -> Date {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Date::of_unix(since.map_or(0, |since| since.as_secs()))
}

/// Leaves terminal and disk clean when somebody presses Ctrl-C or sends SIGTERM.
fn handle_signals() {
    // Another handler can't be there already: this is the first thing that the process does.
    let _ = ctrlc::set_handler(|| {
        workdir::INTERRUPTED.store(true, Ordering::SeqCst);
        // Whoever writes notices and cleans up; a disk that hangs must not hold the user up for ever.
        for _ in 0..100 {
            if !workdir::WRITING.load(Ordering::SeqCst) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        if std::io::stderr().is_terminal() {
            // Prompts hide the cursor while they wait.
            let term = console::Term::stderr();
            let _ = term.show_cursor();
            let _ = term.write_line("");
        }
        std::process::exit(130);
    });
}
