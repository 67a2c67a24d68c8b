//! A new repository: source, blueprint, answers, rendered tree, guardrails, staged write, first commit.
//!
//! Everything that can be refused is refused before the disk is touched; what is written is written once, beside its
//! destination, and renamed.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::ScopedJoinHandle;

use serde::Serialize;

use super::Failure;
use super::merging;
use super::policies;
use super::session::{Session, exceptions, stopped};
use super::sources::{self, Listed, Opened};
use crate::answers::{Answer, Given, Resolution};
use crate::blueprint::{Blueprint, Owner};
use crate::changes::outline;
use crate::diag::Diagnostic;
use crate::git::existing::Existing;
use crate::git::{self, Commit};
use crate::guardrail::{self, Evaluated, Finding};
use crate::lock::{self, Source};
use crate::prompt::{Prompter, Review, Verdict};
use crate::render::RenderedTree;
use crate::source;
use crate::tree::{Mode, TreePath};
use crate::workdir::{Destination, Stage};

/// What is asked of [`new`].
#[derive(Debug, Default)]
pub struct Options {
    /// A folder in place of the library in the binary.
    pub blueprints: Option<PathBuf>,
    /// The blueprint as the user named it; asked for where nobody did.
    pub blueprint: Option<String>,
    /// Where the repository goes; `./<name>` where nobody says.
    pub destination: Option<PathBuf>,
    /// Answers.
    pub given: Given,
    /// Ask nothing, take defaults.
    pub defaults: bool,
    /// Write nothing.
    pub dry_run: bool,
    /// Make it a git repository with one commit.
    pub git: bool,
    /// The day on which exceptions are judged.
    pub today: Option<guardrail::Date>,
    /// Starts this program's janitor.
    pub janitor: Option<fn() -> Option<Command>>,
    /// Policies besides the blueprint's.
    pub policies: Vec<Listed>,
    /// Where blueprints besides the library's are.
    pub catalogs: Vec<Listed>,
}

/// What [`new`] did, or with `--dry-run` would do.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The blueprint's name.
    pub blueprint: String,
    /// The blueprint's version.
    pub version: String,
    /// Where the repository is.
    pub destination: String,
    /// Whether it was written.
    pub written: bool,
    /// The answers it was made with.
    pub answers: BTreeMap<String, Answer>,
    /// The emitted files.
    pub files: Vec<EmittedFile>,
    /// What guardrails found.
    pub findings: Vec<Finding>,
    /// What guardrails could not read; none of it counts as passed.
    pub unread: Vec<Diagnostic>,
    /// How much guardrails looked at.
    pub evaluated: Evaluated,
    /// The first commit.
    pub commit: Option<Commit>,
    /// What to do next: commands, and what they do.
    pub next: Vec<Step>,
    /// Answers without effect, and other things that somebody should look at.
    pub warnings: Vec<Diagnostic>,
    /// The files as an outline, for people.
    #[serde(skip)]
    pub outline: String,
}

/// A file that was emitted.
#[derive(Debug, Serialize)]
pub struct EmittedFile {
    /// Its path.
    pub path: TreePath,
    /// Who maintains it; nobody but the tool where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The component that brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Its mode, as `ls` counts it: 0644 or 0755.
    pub mode: String,
    /// Its size in bytes.
    pub bytes: usize,
}

/// Something to do next.
#[derive(Debug, Serialize)]
pub struct Step {
    /// A command.
    pub run: String,
    /// What it does.
    pub about: String,
}

/// Makes a new repository. Without a prompter nothing is asked.
///
/// # Errors
/// See [`Failure`]; in every case the disk is as it was.
pub fn new(options: Options, mut prompter: Option<&mut dyn Prompter>) -> Result<Report, Failure> {
    let opened = find(&options, &mut prompter)?;
    let named = options.policies.clone();
    std::thread::scope(|scope| {
        // Policies are compiled while answers are resolved and the tree is rendered.
        let guardrails = scope.spawn(|| policies::load(&opened.blueprint.policies, &named));
        make(options, prompter, &opened, guardrails)
    })
}

/// Policies that are being compiled.
type Compiling<'s> = ScopedJoinHandle<'s, Result<guardrail::Guardrails, Failure>>;

fn make(
    options: Options,
    mut prompter: Option<&mut dyn Prompter>,
    opened: &Opened,
    guardrails: Compiling<'_>,
) -> Result<Report, Failure> {
    let blueprint = &opened.blueprint;
    // What can't be written is said before twenty questions are answered.
    let destination = options.destination.as_deref().map(Destination::new).transpose().map_err(Failure::failed)?;
    let committer =
        if options.git && !options.dry_run { Some(git::settings().map_err(Failure::failed)?) } else { None };
    let folder = destination.as_ref().map(Destination::name);

    let mut session = Session {
        blueprint,
        source: opened.source.clone(),
        given: options.given.clone(),
        said: BTreeMap::new(),
        folder,
        defaults: options.defaults,
    };
    let (resolution, rendered, next, destination) = loop {
        let resolution = match &mut prompter {
            Some(prompter) if !options.defaults => session.ask(*prompter)?,
            _ => session.take()?,
        };
        let destination = match &destination {
            Some(destination) => destination.clone(),
            None => default_destination(&resolution)?,
        };
        if let Source::Folder(folder) = &opened.source {
            session.source = Source::Folder(source::seen_from(Path::new(folder), &destination.place()));
        }
        let (rendered, next) = session.render(&resolution)?;
        let outline = outline(&rendered.tree, |path| note(&rendered, path));
        let Some(prompter) = prompter.as_deref_mut().filter(|_| !options.defaults) else {
            break (resolution, rendered, next, destination);
        };
        let files = rendered.tree.len();
        let action = match (options.dry_run, options.git) {
            (true, _) => format!("Go on; this is a dry run, {files} files would be written"),
            (false, true) => format!("Write {files} files to {} and commit them", destination.shown),
            (false, false) => format!("Write {files} files to {}", destination.shown),
        };
        let review = Review {
            destination: &destination.shown,
            answers: &resolution.answers,
            outline: &outline,
            files,
            action: &action,
        };
        match prompter.review(&review).map_err(stopped)? {
            Verdict::Write => break (resolution, rendered, next, destination),
            Verdict::Change(key) => session.change(&key, &resolution, prompter)?,
        }
    };
    let mut report = report(blueprint, &resolution, &rendered, next, &destination);
    report.warnings.splice(0..0, opened.warnings.iter().cloned());

    let judged = judge(guardrails, &rendered, options.today)?;
    let denied = judged.denied() || !judged.unread.is_empty();
    (report.findings, report.unread, report.evaluated) = (judged.findings, judged.unread, judged.evaluated);
    if denied {
        return Err(Failure::Guardrails(Box::new(report)));
    }
    if options.dry_run {
        return Ok(report);
    }
    if let (true, Some(around)) = (options.git, git::enclosing(destination.base())) {
        report.warnings.push(
            Diagnostic::warning(format!("the new repository lies inside another one, `{}`", around.display()))
                .hint("use --no-git to make it a part of that one"),
        );
    }
    if committer.as_ref().is_some_and(|settings| settings.signs) {
        report.warnings.push(
            Diagnostic::warning("you sign your commits; the first one is not signed")
                .hint("`git commit --amend --no-edit --gpg-sign` in the new repository signs it"),
        );
    }
    let janitor = options.janitor.and_then(|janitor| janitor());
    let stage = Stage::write(&destination, &rendered.tree, janitor).map_err(stage_failure)?;
    if let Some(settings) = &committer {
        let message = format!(
            "Start from goldpath's {} blueprint {}\n\nThe answers it was made with stand in {}.\n",
            blueprint.name,
            blueprint.version,
            lock::CHOICES
        );
        let commit = git::commit(&stage.root(), &rendered.tree, settings, &message).map_err(stage_failure)?;
        report.commit = Some(commit);
    }
    stage.publish().map_err(stage_failure)?;
    report.written = true;
    if !options.git
        && let Err(problem) = keep(&destination, &rendered, blueprint)
    {
        let message = format!("the repository around does not keep what was emitted: {}", problem.message);
        let hint = "where your first commit differs, the next update may ask for it";
        report.warnings.push(Diagnostic::warning(message).hint(hint));
    }
    Ok(report)
}

/// Keeps what was emitted in the repository that the folder is a part of, if it is: as `new` does in a repository of its
/// own, so that edits before the first commit are told from the blueprint's changes later.
fn keep(destination: &Destination, rendered: &RenderedTree, blueprint: &Blueprint) -> Result<(), Diagnostic> {
    let Some(existing) = Existing::open(&destination.place())? else { return Ok(()) };
    let mut contents = HashMap::new();
    let files = merging::side(&rendered.tree, &mut contents);
    for bytes in contents.values() {
        existing.store(bytes)?;
    }
    existing.record_pristine(&files, &format!("{} {} as emitted\n", blueprint.name, blueprint.version))
}

/// What the guardrails say to the tree. What they can't read is not let through: it would be the way around them.
fn judge(
    guardrails: Compiling<'_>,
    rendered: &RenderedTree,
    today: Option<guardrail::Date>,
) -> Result<guardrail::Report, Failure> {
    let documents = guardrail::Documents::read(&rendered.tree, guardrail::render(&rendered.tree));
    let guardrails = guardrails.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    Ok(guardrails.judge(&documents, &exceptions(&rendered.tree, today)?))
}

fn stage_failure(problem: Diagnostic) -> Failure {
    if crate::workdir::INTERRUPTED.load(std::sync::atomic::Ordering::SeqCst) {
        return Failure::Cancelled;
    }
    Failure::failed(problem)
}

/// Finds the blueprint that the user named, or lets them choose one.
fn find(options: &Options, prompter: &mut Option<&mut dyn Prompter>) -> Result<Opened, Failure> {
    let library = options.blueprints.as_deref();
    if let Some(name) = &options.blueprint {
        return sources::open(library, name, &options.catalogs);
    }
    let entries = super::list::list(library, &options.catalogs)?;
    let Some(prompter) = prompter else {
        let names: Vec<&str> = entries.iter().map(|entry| entry.call.as_str()).collect();
        return Err(Failure::invalid(
            Diagnostic::error("no blueprint was named, and there is no terminal to ask at")
                .hint(format!("name one: `goldpath new <blueprint> <dir>`; there is {}", names.join(", "))),
        ));
    };
    let choices: Vec<_> = entries.iter().map(|entry| (entry.call.clone(), entry.summary.clone())).collect();
    let chosen = prompter.blueprint(&choices).map_err(stopped)?;
    let entry = entries.get(chosen).ok_or(Failure::Cancelled)?;
    sources::open(library, entry.source.as_ref().unwrap_or(&entry.name), &[])
}

/// `./<name>`, where nobody named a destination.
fn default_destination(resolution: &Resolution) -> Result<Destination, Failure> {
    let name = match resolution.get("name") {
        Some(Answer::Text(name)) if TreePath::new(name).is_ok() => name.clone(),
        _ => {
            return Err(Failure::invalid(
                Diagnostic::error("nobody said where the repository goes")
                    .hint("name a folder: `goldpath new <blueprint> <dir>`"),
            ));
        }
    };
    Destination::new(&PathBuf::from(name)).map_err(Failure::failed)
}

/// What stands behind a file in an outline.
fn note(rendered: &RenderedTree, path: &str) -> String {
    match rendered.provenance.get(path) {
        Some(provenance) => format!("{:8}  {}", provenance.owner.word(), provenance.component),
        None => "goldpath".to_owned(),
    }
}

fn report(
    blueprint: &Blueprint,
    resolution: &Resolution,
    rendered: &RenderedTree,
    next: Vec<(String, String)>,
    destination: &Destination,
) -> Report {
    let files = rendered.tree.iter().map(|(path, file)| {
        let provenance = rendered.provenance.get(path);
        EmittedFile {
            path: path.clone(),
            owner: provenance.map(|provenance| provenance.owner),
            component: provenance.map(|provenance| provenance.component.clone()),
            mode: if file.mode == Mode::Executable { "0755" } else { "0644" }.to_owned(),
            bytes: file.bytes.len(),
        }
    });
    Report {
        blueprint: blueprint.name.clone(),
        version: blueprint.version.to_string(),
        destination: destination.shown.clone(),
        written: false,
        answers: resolution.answers.iter().map(|a| (a.question.key.clone(), a.answer.clone())).collect(),
        files: files.collect(),
        findings: Vec::new(),
        unread: Vec::new(),
        evaluated: Evaluated::default(),
        commit: None,
        next: next.into_iter().map(|(run, about)| Step { run, about }).collect(),
        warnings: resolution.warnings.0.clone(),
        outline: outline(&rendered.tree, |path| note(rendered, path)),
    }
}
