//! Bringing a repository that is there already onto a golden path.
//!
//! It is an update from nothing: what the blueprint emits is merged with what is committed, without a common ancestor.
//! What only the blueprint has is added, files of the team stay as they are, and where both have a file of the platform's or
//! a shared one, a person settles a conflict of git's. Answers are looked for in the repository first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use git2::Oid;
use serde::Serialize;

use super::Failure;
use super::merging::{self, Planned, Verdict as Judged, id_of, owned, side};
use super::policies;
use super::session::{Session, stopped};
use super::sources::{self, Listed, Opened};
use super::update::{self, State};
use crate::answers::{Answer, Given, Origin, Resolution};
use crate::blueprint::{Blueprint, Owner};
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};
use crate::git::Commit;
use crate::git::existing::Existing;
use crate::guardrail::{self, Evaluated, Finding};
use crate::guess::{self, Repository};
use crate::lock::{self, LOCK, Source};
use crate::merge::{self, Change, Entry, Kind, Merged, Outcome, Request, Side};
use crate::prompt::{Prompter, Review, Verdict};
use crate::render::RenderedTree;
use crate::source;

/// What is asked of [`adopt`].
#[derive(Debug, Default)]
pub struct Options {
    /// A folder in place of the library in the binary.
    pub blueprints: Option<PathBuf>,
    /// The blueprint as the user named it.
    pub blueprint: String,
    /// Where blueprints besides the library's are.
    pub catalogs: Vec<Listed>,
    /// The folder that is adopted: a repository, or a part of one.
    pub path: PathBuf,
    /// Answers.
    pub given: Given,
    /// Ask nothing, take defaults where nothing is found.
    pub defaults: bool,
    /// Files and folders that are seeded although the repository has files that take their place.
    pub with: Vec<String>,
    /// Write nothing.
    pub dry_run: bool,
    /// Commit the result.
    pub commit: bool,
    /// Make a branch for the result.
    pub branch: Option<String>,
    /// The day on which exceptions are judged.
    pub today: Option<guardrail::Date>,
}

/// What [`adopt`] did, or with `--dry-run` would do.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The folder that is adopted.
    pub root: PathBuf,
    /// The blueprint.
    pub blueprint: String,
    /// Its version.
    pub version: String,
    /// How far it has come.
    pub state: State,
    /// The answers, and where they are from.
    pub answers: Vec<Told>,
    /// What was found and is no answer.
    pub passed_over: Vec<PassedOver>,
    /// What became of files, where there is something to say.
    pub changes: Vec<Change>,
    /// Files that are not seeded, since the repository has files of its own in their place.
    pub left_out: Vec<LeftOut>,
    /// What guardrails find in the result, and would have found before.
    pub findings: Vec<Finding>,
    /// How much guardrails looked at.
    pub evaluated: Evaluated,
    /// The commit, where one was asked for.
    pub commit: Option<Commit>,
    /// What somebody should look at.
    pub warnings: Vec<Diagnostic>,
}

/// An answer, and where it is from.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// The question's key.
    pub key: String,
    /// The answer.
    pub answer: Answer,
    /// Who gave it.
    pub origin: Origin,
    /// Where it was found in the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Something that was found for a question, and that the question does not accept.
#[derive(Clone, Debug, Serialize)]
pub struct PassedOver {
    /// The question's key.
    pub key: String,
    /// What was found.
    pub text: String,
    /// Where.
    pub place: Place,
    /// Why it is no answer.
    pub why: String,
}

/// A file that is not seeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its path.
    pub path: String,
    /// The component that would bring it.
    pub component: String,
    /// A file of the repository's that takes its place; the same one, if it has it already.
    pub because: String,
}

impl Report {
    /// The exit code that the outcome stands for: 6 where a person has to settle something.
    pub fn exit_code(&self) -> u8 {
        let open = self.changes.iter().any(|change| change.clash.is_some());
        if open && matches!(self.state, State::Conflicts | State::Planned) { 6 } else { 0 }
    }
}

impl From<update::Report> for Report {
    fn from(report: update::Report) -> Self {
        Report {
            root: report.root,
            blueprint: report.blueprint,
            version: report.to,
            state: report.state,
            answers: Vec::new(),
            passed_over: Vec::new(),
            changes: report.changes,
            left_out: Vec::new(),
            findings: report.findings,
            evaluated: report.evaluated,
            commit: report.commit,
            warnings: report.warnings,
        }
    }
}

/// Brings a repository onto the golden path of a blueprint. Without a prompter nothing is asked.
///
/// # Errors
/// See [`Failure`]; in every case work tree, index and branches are as they were.
pub fn adopt(options: &Options, mut prompter: Option<&mut dyn Prompter>) -> Result<Report, Failure> {
    let root = folder(&options.path)?;
    let existing = merging::open(&root)?;
    let begun = update::begin(&existing, "goldpath adopt", options.dry_run, options.commit, options.branch.as_deref())?;
    let head = merging::ready(&existing, None)?;
    let ours = existing.committed().map_err(Failure::failed)?;
    not_adopted(&root, &ours)?;
    let Opened { blueprint, source, warnings, .. } = load(options, &root)?;
    let found = look(&blueprint, &existing, &ours);
    let mut session = Session {
        blueprint: &blueprint,
        source,
        given: Given { guesses: found.candidates, ..options.given.clone() },
        said: BTreeMap::new(),
        folder: root.file_name().map(|name| name.to_string_lossy().into_owned()),
        defaults: options.defaults,
    };
    let shown = options.path.display().to_string();
    let (resolution, merging) = loop {
        let resolution = match &mut prompter {
            Some(prompter) if !options.defaults => session.ask(*prompter)?,
            _ => session.take()?,
        };
        let merging = Merging::new(&session, &resolution, &existing, &ours, &options.with)?;
        let Some(prompter) = prompter.as_deref_mut().filter(|_| !options.defaults) else { break (resolution, merging) };
        let action = merging.action(options);
        let outline = merging.outline();
        let files = outline.lines().count();
        let review =
            Review { destination: &shown, answers: &resolution.answers, outline: &outline, files, action: &action };
        match prompter.review(&review).map_err(stopped)? {
            Verdict::Write => break (resolution, merging),
            Verdict::Change(key) => session.change(&key, &resolution, prompter)?,
        }
    };
    let mut planned = Planned {
        existing,
        root,
        head,
        blueprint: blueprint.name.clone(),
        from: None,
        to: blueprint.version.clone(),
        ours,
        pristine: merging.pristine,
        merged: merging.merged,
        contents: merging.contents,
        lock_before: None,
        lock: merging.lock,
        answers: Vec::new(),
        drift: Vec::new(),
        verdict: Judged::default(),
        warnings: warnings.into_iter().chain(found.warnings).chain(resolution.warnings.0.clone()).collect(),
    };
    let guardrails = policies::load(&blueprint.policies, &policies::of_repository(&planned.root)?)?;
    planned.verdict = merging::judge(&planned, &guardrails, options.today)?;
    let report = update::carry_out(&planned, begun)?;
    Ok(Report {
        answers: told(&resolution),
        passed_over: passed_over(&resolution),
        left_out: merging.left_out,
        ..Report::from(report)
    })
}

/// Goes on with an adoption whose conflicts are settled.
///
/// # Errors
/// As [`update::go_on`].
pub fn go_on(what: &merging::Options) -> Result<Report, Failure> {
    update::go_on(what).map(Report::from)
}

/// Takes an open adoption back.
///
/// # Errors
/// As [`update::abort`].
pub fn abort(what: &merging::Options) -> Result<Report, Failure> {
    update::abort(what).map(Report::from)
}

fn folder(path: &Path) -> Result<PathBuf, Failure> {
    let shown = path.display();
    let problem = |message: String| {
        Failure::invalid(Diagnostic::error(message).hint("`goldpath new` makes a repository that is not there yet"))
    };
    let root = std::fs::canonicalize(path).map_err(|error| problem(format!("`{shown}` can't be read: {error}")))?;
    if root.is_dir() { Ok(root) } else { Err(problem(format!("`{shown}` is no folder"))) }
}

/// Refuses what stands on a golden path already.
fn not_adopted(root: &Path, ours: &Side) -> Result<(), Failure> {
    if !ours.contains_key(LOCK) && std::fs::symlink_metadata(root.join(LOCK)).is_err() {
        return Ok(());
    }
    let recorded = super::own_file(root, LOCK).ok().and_then(|text| lock::read(&String::from_utf8_lossy(&text)).ok());
    let message = match recorded {
        Some(recorded) => format!("it stands on {} {} already", recorded.blueprint, recorded.version),
        None => "there is a lock already".to_owned(),
    };
    Err(Failure::invalid(
        Diagnostic::error(message)
            .place(Place::file(LOCK))
            .hint("`goldpath update` brings it to another version or other answers"),
    ))
}

/// The blueprint; a folder is recorded as it is seen from the repository.
fn load(options: &Options, root: &Path) -> Result<Opened, Failure> {
    let mut opened = sources::open(options.blueprints.as_deref(), &options.blueprint, &options.catalogs)?;
    if let Source::Folder(folder) = &opened.source {
        opened.source = Source::Folder(source::seen_from(Path::new(folder), root));
    }
    Ok(opened)
}

/// What the repository says about the questions.
fn look(blueprint: &Blueprint, existing: &Existing, ours: &Side) -> guess::Found {
    let files = ours.iter().filter(|(_, entry)| matches!(entry.kind, Kind::Regular | Kind::Executable));
    let within = existing.prefix().trim_end_matches('/');
    let remote = existing.remote("origin").map(|address| guess::without_credentials(&address));
    let repository = Repository {
        files: files.map(|(path, _)| path.as_str()).collect(),
        size: &|path| existing.size(ours.get(path)?.id),
        read: &|path| existing.content(ours.get(path)?.id),
        remote: remote.map(|address| if within.is_empty() { address } else { format!("{address}//{within}") }),
    };
    guess::look(blueprint, &repository)
}

/// An adoption, as far as it is worked out.
struct Merging {
    /// What the blueprint emits, goldpath's own records among it.
    pristine: Side,
    merged: Merged,
    contents: HashMap<Oid, Vec<u8>>,
    lock: String,
    left_out: Vec<LeftOut>,
}

impl Merging {
    fn new(
        session: &Session,
        resolution: &Resolution,
        existing: &Existing,
        ours: &Side,
        with: &[String],
    ) -> Result<Self, Failure> {
        let blueprint = session.blueprint;
        let (mut rendered, _) = session.emit(resolution)?;
        let left_out = left_out(&rendered, ours, with)?;
        let own: BTreeSet<String> = left_out.iter().map(|left| left.path.clone()).collect();
        session.record(resolution, &mut rendered, &own)?;
        let mut contents = HashMap::new();
        let mut theirs = side(&rendered.tree, &mut contents);
        let pristine = theirs.clone();
        theirs.remove(LOCK);
        let lock = rendered.tree.get(LOCK).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
        theirs.retain(|path, _| !own.contains(path));
        let merged = merge::merge(Request {
            base: Side::new(),
            ours: ours.clone(),
            theirs,
            team_before: BTreeSet::new(),
            team: owned(&rendered, Owner::Team),
            moves: Vec::new(),
            removed: &|_| false,
            restore: BTreeSet::new(),
            base_label: String::new(),
            their_label: format!("{} {}", blueprint.name, blueprint.version),
            two_way: false,
            bytes: &|id| contents.get(&id).cloned().or_else(|| existing.content(id)),
        });
        Ok(Merging { pristine, merged, contents, lock: lock.unwrap_or_default(), left_out })
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.merged.changes.iter().filter(|change| change.outcome == outcome).count()
    }

    /// What happens if somebody agrees.
    fn action(&self, options: &Options) -> String {
        let (added, conflicts) = (self.count(Outcome::Added), self.count(Outcome::Conflict));
        let settle = if conflicts == 0 { String::new() } else { format!(", with {conflicts} conflicts to settle") };
        if options.dry_run {
            return format!("Go on; this is a dry run, {added} files would be added{settle}");
        }
        let then = if options.commit && conflicts == 0 { " and commit them" } else { "" };
        format!("Add {added} files{settle}{then}")
    }

    /// What becomes of files, a line for each.
    fn outline(&self) -> String {
        let changes = self.merged.changes.iter().map(|change| {
            let word = match change.outcome {
                Outcome::Conflict => "conflict",
                Outcome::Added => "added",
                _ => "yours",
            };
            format!("{word:8}  {}\n", change.path)
        });
        let left = self.left_out.iter().map(|left| {
            let word = if left.path == left.because { "yours" } else { "left out" };
            format!("{word:8}  {}\n", left.path)
        });
        changes.chain(left).collect()
    }
}

/// The files that the repository's own take the place of. Those that are wanted all the same are not among them.
fn left_out(rendered: &RenderedTree, ours: &Side, with: &[String]) -> Result<Vec<LeftOut>, Failure> {
    let is_wanted = |path: &str, wanted: &str| {
        let wanted = wanted.trim_end_matches('/');
        path == wanted || path.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'))
    };
    let mut problems = Diagnostics::new();
    let known = || rendered.provenance.keys().map(|path| path.as_str());
    for wanted in with.iter().filter(|wanted| !known().any(|path| is_wanted(path, wanted))) {
        let hint = did_you_mean(wanted, known());
        problems.push(Diagnostic::error(format!("--with {wanted}: the blueprint has no such file")).maybe_hint(hint));
    }
    let mut left = Vec::new();
    // The files of a component mostly have the same patterns.
    let mut last: Option<(&[_], Option<&String>)> = None;
    for (path, provenance) in rendered.provenance.iter().filter(|(_, provenance)| provenance.owner != Owner::Platform) {
        let path = path.as_str();
        let same = |own: &Entry| rendered.tree.get(path).is_some_and(|file| id_of(&file.bytes) == own.id);
        if ours.get(path).is_some_and(same) || with.iter().any(|wanted| is_wanted(path, wanted)) {
            continue;
        }
        let because = match last {
            Some((patterns, because)) if *patterns == *provenance.unless => because,
            _ => ours.keys().find(|own| provenance.unless.iter().any(|pattern| pattern.holds(own))),
        };
        last = Some((&provenance.unless, because));
        if let Some(because) = because {
            let because = if ours.contains_key(path) { path } else { because };
            left.push(LeftOut {
                path: path.to_owned(),
                component: provenance.component.clone(),
                because: because.to_owned(),
            });
        }
    }
    problems.into_result(left).map_err(Failure::from)
}

fn told(resolution: &Resolution) -> Vec<Told> {
    let place = |key: &str| {
        let taken = resolution.guessed.iter().find(|guessed| guessed.key == key && guessed.refused.is_none());
        taken.map(|guessed| guessed.place.clone())
    };
    let told = resolution.answers.iter().map(|answered| {
        let key = answered.question.key.clone();
        let place = place(&key).filter(|_| answered.origin == Origin::Guess);
        Told { key, answer: answered.answer.clone(), origin: answered.origin, place }
    });
    told.collect()
}

fn passed_over(resolution: &Resolution) -> Vec<PassedOver> {
    let passed = resolution.guessed.iter().filter_map(|guessed| {
        let wrong = guessed.refused.as_ref()?;
        let why = match &wrong.hint {
            Some(hint) => format!("{}; {hint}", wrong.message),
            None => wrong.message.clone(),
        };
        Some(PassedOver { key: guessed.key.clone(), text: guessed.text.clone(), place: guessed.place.clone(), why })
    });
    passed.collect()
}
