//! What an update would do, worked out off the work tree: `update` writes it, and `diff` shows it.
//!
//! Three sides meet: what was emitted last time (the lock names it, git has it), what is committed, and what the blueprint
//! yields now with the answers that hold now.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use git2::{ObjectType, Oid};
use semver::Version;

use super::Failure;
use super::session::{Session, exceptions};
use super::{composing, policies, sources};
use crate::answers::{Answer, Given};
use crate::blueprint::{Blueprint, Migration, Owner};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::git::existing::{Existing, Head};
use crate::guardrail::{self, Evaluated, Exceptions, Finding, Guardrails};
use crate::lock::{self, CHOICES, LOCK, Recorded, Source};
use crate::merge::{
    self, Change, Clash, Conflict, Entry, Kind, Merged, OUR_LABEL, Outcome, Request, Rows, Side, Target,
};
use crate::prompt::Prompter;
use crate::render::RenderedTree;
use crate::source;
use crate::tree::{File, Mode, Tree, TreePath};
use crate::yaml::{self, Key, Node};

/// What is asked of an update.
#[derive(Debug, Default)]
pub struct Options {
    /// A folder in place of the library in the binary.
    pub blueprints: Option<PathBuf>,
    /// The repository, or a folder in it.
    pub path: PathBuf,
    /// The version to come to; the newest where nobody says.
    pub to: Option<Version>,
    /// Answers that change, and answers to new questions.
    pub given: Given,
    /// Ask nothing, take defaults.
    pub defaults: bool,
    /// Files that the user deleted and wants back.
    pub restore: Vec<String>,
    /// Components that come and go.
    pub change: composing::Change,
    /// Keep both sides where what was emitted last time can't be had.
    pub two_way: bool,
    /// The day on which exceptions are judged.
    pub today: Option<guardrail::Date>,
}

/// An answer that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AnswerChange {
    /// The question's key.
    pub key: String,
    /// The answer until now; nothing where there was no such question.
    pub before: Option<Answer>,
    /// The answer from now on; nothing where it is no longer asked for.
    pub after: Option<Answer>,
}

/// An update, worked out.
pub(super) struct Planned {
    pub existing: Existing,
    pub root: PathBuf,
    pub head: Head,
    pub blueprint: String,
    /// The version that the repository stood on; nothing where it stood on none.
    pub from: Option<Version>,
    pub to: Version,
    /// What is committed, with `goldpath.yaml` as it lies on the disk, without `goldpath.lock`.
    pub ours: Side,
    /// What the blueprint yields now, `goldpath.yaml` and `goldpath.lock` among it.
    pub pristine: Side,
    pub merged: Merged,
    /// Contents that the repository need not have.
    pub contents: HashMap<Oid, Vec<u8>>,
    /// Nothing where there was none.
    pub lock_before: Option<String>,
    pub lock: String,
    pub answers: Vec<AnswerChange>,
    /// Files of the platform that are not as emitted.
    pub drift: Vec<String>,
    pub verdict: Verdict,
    pub warnings: Vec<Diagnostic>,
}

/// What guardrails say to the result.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What the update would bring in.
    pub new: Vec<Finding>,
    /// What was there before.
    pub old: Vec<Finding>,
    /// What can't be read, and could before.
    pub unread: Vec<Diagnostic>,
    pub evaluated: Evaluated,
}

impl Verdict {
    /// Whether the update must not be written.
    pub fn denies(&self) -> bool {
        !self.unread.is_empty() || self.new.iter().any(|finding| finding.level == guardrail::Level::Deny)
    }
}

impl Planned {
    /// Whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.merged.conflicts.is_empty()
            && self.merged.tree == self.ours
            && self.lock_before.as_ref() == Some(&self.lock)
    }

    /// The content of an entry of any side.
    pub fn content(&self, id: Oid) -> Option<Vec<u8>> {
        let own = self.contents.get(&id).or_else(|| self.merged.blobs.get(&id)).cloned();
        own.or_else(|| self.existing.content(id))
    }
}

pub(super) fn id_of(bytes: &[u8]) -> Oid {
    Oid::hash_object(ObjectType::Blob, bytes).unwrap_or(Oid::ZERO_SHA1)
}

/// The repository that a path lies in, fit to be written to.
pub(super) fn open(root: &Path) -> Result<Existing, Failure> {
    let existing = Existing::open(root).map_err(Failure::failed)?;
    existing.ok_or_else(|| {
        Failure::invalid(
            Diagnostic::error(format!(
                "`{}` lies in no git repository; goldpath needs one to merge in",
                root.display()
            ))
            .hint("make it one: `git init && git add -A && git commit -m start`"),
        )
    })
}

/// Works out an update.
pub(super) fn plan(options: &Options, prompter: Option<&mut dyn Prompter>) -> Result<Planned, Failure> {
    let root = super::check::root(&options.path)?;
    let existing = open(&root)?;
    let head = ready(&existing, Some(CHOICES))?;
    let lock_before = read(&root, LOCK)?;
    let recorded = lock::read(&lock_before)?;
    let mut ours = existing.committed().map_err(Failure::failed)?;
    if ours.remove(LOCK).is_none() {
        return Err(Failure::invalid(
            Diagnostic::error("is not committed; an update merges into what is committed")
                .place(Place::file(LOCK))
                .hint("`git add -A && git commit`, then update"),
        ));
    }
    let mut contents = HashMap::new();
    let choices = choices(&root, &mut ours, &mut contents)?;

    let named = choices.blueprint.clone().unwrap_or_else(|| named(&recorded));
    let wanted = options.to.as_ref().or(choices.version.as_ref().filter(|version| **version != recorded.version));
    let sources::Opened { mut blueprint, library, source, warnings: opened } =
        sources::open_again(options.blueprints.as_deref(), &root, &named, &recorded, wanted)?;
    target(options, &recorded, &choices, &blueprint)?;
    let migrations = blueprint.migrations.clone();
    let steps: Vec<&Migration> =
        migrations.iter().filter(|step| step.version > recorded.version && step.version <= blueprint.version).collect();
    let (mut given, dropped) = answers(options, &recorded, &choices, &steps, &blueprint);
    let folder = root.file_name().map(|name| name.to_string_lossy().into_owned());
    let components = choices.components(&recorded);
    let before_components: Vec<String> = components.iter().map(|(name, _)| name.clone()).collect();
    let composed =
        composing::compose(&options.change, &library, &mut blueprint, components, &mut given, folder.as_deref())?;
    let mut session = Session {
        blueprint: &blueprint,
        source: source.clone(),
        given,
        said: BTreeMap::new(),
        folder,
        defaults: options.defaults,
    };
    let resolution = match prompter {
        Some(prompter) if !options.defaults => session.ask(prompter)?,
        _ => session.take()?,
    };
    let (mut rendered, _) = session.emit(&resolution)?;
    let own = still_own(&recorded, &rendered, &options.restore);
    session.record(&resolution, &mut rendered, &own)?;
    let lock =
        rendered.tree.get(LOCK).map(|file| String::from_utf8_lossy(&file.bytes).into_owned()).unwrap_or_default();
    let mut theirs = side(&rendered.tree, &mut contents);
    let pristine = theirs.clone();
    theirs.remove(LOCK);
    let mut base: Side = recorded
        .files
        .iter()
        .filter_map(|(path, file)| {
            Some((path.to_string(), Entry { kind: file.mode.into(), id: Oid::from_str(&file.blob).ok()? }))
        })
        .collect();
    // As if the repository had been made with the answers that the user wrote down since: they are no edits.
    let before = lock::choices(
        &named,
        choices.version.as_ref().unwrap_or(&recorded.version),
        &before_components,
        choices.answers(&recorded).iter().map(|(key, answer)| (key.as_str(), answer)),
    );
    base.insert(CHOICES.to_owned(), Entry { kind: Kind::Regular, id: id_of(before.as_bytes()) });
    contents.insert(id_of(before.as_bytes()), before.into_bytes());

    restorable(&options.restore, &ours, &theirs)?;
    // Nobody seeds a second program now that was left out when the repository was adopted.
    theirs.retain(|path, _| !own.contains(path) || base.contains_key(path));
    let team_before = recorded.files.iter().filter(|(_, file)| file.owner == Owner::Team);
    let team_before: BTreeSet<String> = team_before.map(|(path, _)| path.to_string()).collect();
    let owned = |owner| owned(&rendered, owner);
    let run = |contents: &HashMap<Oid, Vec<u8>>| {
        let rows = |step: &Migration, path: &str| {
            let found = step.moved.iter().enumerate().find_map(|(row, moved)| Some((row, moved.apply(path)?)));
            found.map(|(row, (to, whole))| Target { to, whole, row })
        };
        let moves = steps.iter().map(|step| Box::new(move |path: &str| rows(step, path)) as Box<Rows>);
        merge::merge(Request {
            base: base.clone(),
            ours: ours.clone(),
            theirs: theirs.clone(),
            team_before: team_before.clone(),
            team: owned(Owner::Team).union(&own).cloned().collect(),
            moves: moves.collect(),
            removed: &|path| steps.iter().any(|step| step.removed.iter().any(|removed| removed.covers(path))),
            restore: options.restore.iter().cloned().collect(),
            base_label: format!("{} {} as emitted", blueprint.name, recorded.version),
            their_label: format!("{} {}", blueprint.name, blueprint.version),
            two_way: options.two_way,
            bytes: &|id| contents.get(&id).cloned().or_else(|| existing.content(id)),
        })
    };
    let mut merged = run(&contents);
    if !merged.missing.is_empty() {
        emitted_again(options.blueprints.as_deref(), &recorded, &root, &mut contents);
        merged = run(&contents);
    }
    if !merged.missing.is_empty() {
        return Err(Failure::Invalid(lost(&merged.missing, &recorded, &existing)));
    }
    settle_choices(&mut merged, &ours, &theirs, &resolution_answers(&resolution), &contents, &existing);
    let drift = owned(Owner::Platform).into_iter().filter(|path| merged.tree.get(path) != theirs.get(path)).collect();
    let answers = answer_changes(&recorded, &resolution_answers(&resolution), &steps);
    let mut warnings = opened;
    warnings.extend(composed);
    warnings.extend(dropped);
    warnings.extend(resolution.warnings.0.clone());
    let mut planned = Planned {
        existing,
        root,
        head,
        blueprint: blueprint.name.clone(),
        from: Some(recorded.version.clone()),
        to: blueprint.version.clone(),
        ours,
        pristine,
        merged,
        contents,
        lock_before: Some(lock_before),
        lock,
        answers,
        drift,
        verdict: Verdict::default(),
        warnings,
    };
    if !planned.is_nothing() {
        let guardrails = policies::load(&blueprint.policies, &policies::of_repository(&planned.root)?)?;
        planned.verdict = judge(&planned, &guardrails, options.today)?;
    }
    Ok(planned)
}

/// The files in whose place the repository has had files of its own since it was adopted; those that come with a later
/// version, too. What the platform maintains is never one of them.
fn still_own(recorded: &Recorded, rendered: &RenderedTree, restore: &[String]) -> BTreeSet<String> {
    let own = recorded.files.iter().filter(|(_, file)| file.own);
    let components: BTreeSet<&str> = own.map(|(_, file)| file.component.as_str()).collect();
    let files = rendered.provenance.iter().filter(|(path, provenance)| {
        let left = match recorded.files.get(*path) {
            Some(file) => file.own,
            None => !provenance.unless.is_empty() && components.contains(provenance.component.as_str()),
        };
        left && provenance.owner != Owner::Platform
    });
    files.map(|(path, _)| path.to_string()).filter(|path| !restore.contains(path)).collect()
}

/// The files that somebody maintains.
pub(super) fn owned(rendered: &RenderedTree, owner: Owner) -> BTreeSet<String> {
    let files = rendered.provenance.iter().filter(|(_, provenance)| provenance.owner == owner);
    files.map(|(path, _)| path.to_string()).collect()
}

/// Holds the result against guardrails, and what was there against the same ones: an update must not bring anything in
/// that they deny, but what is there already does not stop it.
pub(super) fn judge(
    planned: &Planned,
    guardrails: &Guardrails,
    today: Option<guardrail::Date>,
) -> Result<Verdict, Failure> {
    let content = |id| planned.content(id);
    let before = tree(&planned.ours, &content);
    // Where a person has to settle something, the blueprint's side stands for it: without the file, what refers to it would
    // be found wanting. `--continue` judges what they made of it.
    let mut after = planned.merged.tree.clone();
    for conflict in &planned.merged.conflicts {
        after.extend(conflict.theirs.or(conflict.ours).map(|entry| (conflict.path.clone(), entry)));
    }
    let after = tree(&after, &content);
    compare(guardrails, &before, &after, today)
}

/// What guardrails find in one tree and not in another.
pub(super) fn compare(
    guardrails: &Guardrails,
    before: &Tree,
    after: &Tree,
    today: Option<guardrail::Date>,
) -> Result<Verdict, Failure> {
    let found = guardrails.evaluate(after, &exceptions(after, today)?);
    if found.findings.is_empty() && found.unread.is_empty() {
        return Ok(Verdict { evaluated: found.evaluated, ..Verdict::default() });
    }
    let known = guardrails.evaluate(before, &exceptions(before, today).unwrap_or_else(|_| Exceptions::none()));
    let was_there = |finding: &Finding| {
        let same = |other: &&Finding| {
            (&other.rule, &other.path, &other.message) == (&finding.rule, &finding.path, &finding.message)
        };
        known.findings.iter().find(same).is_some()
    };
    let (old, new) = found.findings.into_iter().partition(was_there);
    let file = |problem: &Diagnostic| problem.place.as_ref().map(|place| place.file.clone());
    let unreadable: BTreeSet<Option<String>> = known.unread.iter().map(file).collect();
    let unread = found.unread.into_iter().filter(|problem| !unreadable.contains(&file(problem))).collect();
    Ok(Verdict { new, old, unread, evaluated: found.evaluated })
}

/// Largest file that guardrails look at, in bytes; as `check` reads them.
const READ_LIMIT: usize = 8 * 1024 * 1024;

/// The files of a side, for guardrails.
pub(super) fn tree(side: &Side, content: &dyn Fn(Oid) -> Option<Vec<u8>>) -> Tree {
    let mut tree = Tree::new();
    for (path, entry) in side {
        let mode = match entry.kind {
            Kind::Regular => Mode::Regular,
            Kind::Executable => Mode::Executable,
            Kind::Link | Kind::Submodule => continue,
        };
        // What no system but this one could hold is nothing that goldpath emits.
        let Ok(path) = TreePath::new(path) else { continue };
        if let Some(bytes) = content(entry.id).filter(|bytes| bytes.len() <= READ_LIMIT) {
            let _ = tree.insert(path, File { bytes, mode });
        }
    }
    tree
}

/// Checks that nothing unfinished stands in the way, and says where the repository stands. One file of the folder may be
/// edited without a commit.
pub(super) fn ready(existing: &Existing, editable: Option<&str>) -> Result<Head, Failure> {
    if let Some(what) = existing.unfinished() {
        return Err(Failure::invalid(
            Diagnostic::error(format!("a {what} is under way")).hint("finish it or take it back, then try again"),
        ));
    }
    let Some(head) = existing.head().map_err(Failure::failed)? else {
        return Err(Failure::invalid(
            Diagnostic::error("nothing is committed yet; goldpath merges into what is committed")
                .hint("`git add -A && git commit -m start`, then try again"),
        ));
    };
    let editable = editable.map(|path| format!("{}{path}", existing.prefix()));
    let changed = existing.changed().map_err(Failure::failed)?;
    let changed: Vec<&String> = changed.iter().filter(|path| Some(*path) != editable.as_ref()).collect();
    if !changed.is_empty() {
        let shown: Vec<&str> = changed.iter().take(5).map(|path| path.as_str()).collect();
        let more = if changed.len() > 5 { format!(" and {} more", changed.len() - 5) } else { String::new() };
        return Err(Failure::invalid(
            Diagnostic::error(format!("the work tree is not clean: {}{more}", shown.join(", ")))
                .hint("`git commit` or `git stash` what you have, then try again"),
        ));
    }
    Ok(head)
}

pub(super) fn read(root: &Path, path: &str) -> Result<String, Failure> {
    super::own_file(root, path)
        .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other))
        .map_err(|error| Failure::failed(Diagnostic::error(format!("can't be read: {error}")).place(Place::file(path))))
}

/// What `goldpath.yaml` says.
#[derive(Default)]
pub(super) struct Choices {
    pub blueprint: Option<String>,
    pub version: Option<Version>,
    pub version_place: Option<Place>,
    components: Option<Vec<(String, Place)>>,
    pub answers: Option<Vec<(Key, Node)>>,
}

impl Choices {
    /// The components that the repository has besides the blueprint's. No list is an empty one, unless there is no
    /// `goldpath.yaml` at all.
    pub fn components(&self, recorded: &Recorded) -> Vec<(String, Place)> {
        match (&self.components, &self.blueprint) {
            (Some(components), _) => components.clone(),
            (None, Some(_)) => Vec::new(),
            (None, None) => recorded.components.iter().map(|name| (name.clone(), Place::file(LOCK))).collect(),
        }
    }

    fn answers(&self, recorded: &Recorded) -> Vec<(String, Answer)> {
        match &self.answers {
            Some(entries) => entries.iter().filter_map(|(key, node)| Some((key.text.clone(), answer(node)?))).collect(),
            None => recorded.answers.clone(),
        }
    }
}

pub(super) fn answer(node: &Node) -> Option<Answer> {
    Some(match &node.kind {
        yaml::Kind::Bool(value) => Answer::Bool(*value),
        yaml::Kind::Int(value) => Answer::Integer(*value),
        yaml::Kind::Str(text) => Answer::Text(text.clone()),
        yaml::Kind::Seq(items) => Answer::List(items.iter().filter_map(Node::as_str).map(str::to_owned).collect()),
        _ => return None,
    })
}

pub(super) fn parse_choices(text: &str) -> Result<Choices, Diagnostics> {
    let node = yaml::parse_one(text, CHOICES)?;
    let mut choices = Choices::default();
    let mut problems = Diagnostics::new();
    let place = |node: &Node| Place::at(CHOICES, node.span.line, node.span.column);
    if let Some(node) = node.get("blueprint") {
        choices.blueprint = node.as_str().map(str::to_owned);
    }
    if let Some(node) = node.get("version") {
        choices.version_place = Some(place(node));
        match node.as_str().map(str::parse) {
            Some(Ok(version)) => choices.version = Some(version),
            _ => problems.push(
                Diagnostic::error(format!("`version`: expected a semantic version, found {}", node.describe()))
                    .place(place(node))
                    .hint("use three numbers, such as 1.0.0"),
            ),
        }
    }
    if let Some(node) = node.get("components") {
        choices.components = Some(Vec::new());
        let yaml::Kind::Seq(items) = &node.kind else {
            let message = format!("`components`: expected a list of components, found {}", node.describe());
            let hint = "write one `- policy/kyverno` a line, or `goldpath add` it";
            problems.push(Diagnostic::error(message).place(place(node)).hint(hint));
            return Err(problems);
        };
        for item in items {
            match item.as_str() {
                Some(name) => choices.components.get_or_insert_default().push((name.to_owned(), place(item))),
                None => problems.push(
                    Diagnostic::error(format!("`components`: expected a name, found {}", item.describe()))
                        .place(place(item)),
                ),
            }
        }
    }
    match node.get("answers") {
        Some(Node { kind: yaml::Kind::Map(entries), .. }) => choices.answers = Some(entries.clone()),
        Some(node) if !matches!(node.kind, yaml::Kind::Null) => problems.push(
            Diagnostic::error(format!("`answers`: expected a map, found {}", node.describe()))
                .place(place(node))
                .hint("write one `key: value` a line"),
        ),
        _ => {}
    }
    problems.into_result(choices)
}

/// Reads `goldpath.yaml` from the disk: it may be edited without a commit, since that is how answers are changed.
fn choices(root: &Path, ours: &mut Side, contents: &mut HashMap<Oid, Vec<u8>>) -> Result<Choices, Failure> {
    let bytes = match super::own_file(root, CHOICES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            ours.remove(CHOICES);
            return Ok(Choices::default());
        }
        Err(error) => {
            let problem = Diagnostic::error(format!("can't be read: {error}")).place(Place::file(CHOICES));
            return Err(Failure::failed(problem));
        }
    };
    let id = id_of(&bytes);
    let parsed = parse_choices(&String::from_utf8_lossy(&bytes))?;
    let kind = ours.get(CHOICES).map_or(Kind::Regular, |entry| entry.kind);
    ours.insert(CHOICES.to_owned(), Entry { kind, id });
    contents.insert(id, bytes);
    Ok(parsed)
}

/// The blueprint as the user named it when the repository was made.
pub(super) fn named(recorded: &Recorded) -> String {
    recorded.source.named(&recorded.blueprint).to_owned()
}

/// Checks that the blueprint is the one that is wanted, in the version that is wanted.
fn target(options: &Options, recorded: &Recorded, choices: &Choices, blueprint: &Blueprint) -> Result<(), Failure> {
    let there = &blueprint.version;
    let mut problems = Diagnostics::new();
    if blueprint.name != recorded.blueprint {
        problems.push(
            Diagnostic::error(format!(
                "the repository was made from the blueprint `{}`, and `{}` is another one",
                recorded.blueprint, blueprint.name
            ))
            .place(Place::file(CHOICES))
            .hint("name the blueprint that it was made from behind `blueprint:`"),
        );
    }
    let only = |wanted: &Version| {
        let message = format!("version {wanted} of `{}` is not at hand; {there} is", blueprint.name);
        Diagnostic::error(message).hint(match recorded.source {
            Source::Folder(_) => format!("check {wanted} out where the blueprint lies, or leave it at {there}"),
            Source::Git(_) => format!("tag a commit that has {wanted}, or leave it at {there}"),
            Source::Library => format!("a goldpath that has {wanted} built in is needed, or leave it at {there}"),
        })
    };
    if let Some(wanted) = &options.to
        && wanted != there
    {
        let problem = only(wanted);
        problems.push(Diagnostic { message: format!("--to: {}", problem.message), ..problem });
    }
    if let Some(wanted) = &choices.version
        && wanted != there
        && *wanted != recorded.version
    {
        problems.push(only(wanted).place(choices.version_place.clone().unwrap_or_else(|| Place::file(CHOICES))));
    }
    if *there < recorded.version && options.to.is_none() {
        problems.push(
            Diagnostic::error(format!(
                "`{}` is at hand in version {there}, and the repository stands on the newer {}",
                blueprint.name, recorded.version
            ))
            .hint(format!("use a newer goldpath or blueprint; `--to {there}` goes back")),
        );
    }
    problems.into_result(()).map_err(Failure::from)
}

/// The answers that hold now: those of `goldpath.yaml` brought to the blueprint's version, and what was given besides.
fn answers(
    options: &Options,
    recorded: &Recorded,
    choices: &Choices,
    steps: &[&Migration],
    blueprint: &Blueprint,
) -> (Given, Vec<Diagnostic>) {
    let mut entries = choices.answers.clone().unwrap_or_else(|| nodes(&recorded.answers));
    let mut known = nodes(&recorded.answers);
    for step in steps {
        step.apply(&mut entries);
        step.apply(&mut known);
    }
    let mut dropped = Vec::new();
    entries.retain(|(key, _)| {
        // What nobody ever asked is a mistake, and reported as one.
        let asked = blueprint.question(&key.text).is_some() || !known.iter().any(|(known, _)| known.text == key.text);
        if !asked {
            let message = format!("the answer `{}` is no longer asked for, and goes", key.text);
            dropped.push(Diagnostic::warning(message).place(Place::at(CHOICES, key.span.line, key.span.column)));
        }
        asked
    });
    let mut given = options.given.clone();
    let node = Node { span: yaml::Span::default(), kind: yaml::Kind::Map(entries) };
    given.files.insert(0, (CHOICES.to_owned(), node));
    (given, dropped)
}

fn nodes(answers: &[(String, Answer)]) -> Vec<(Key, Node)> {
    let span = yaml::Span::default();
    let text = |text: &String| Node { span, kind: yaml::Kind::Str(text.clone()) };
    let node = |answer: &Answer| match answer {
        Answer::Bool(value) => Node { span, kind: yaml::Kind::Bool(*value) },
        Answer::Integer(value) => Node { span, kind: yaml::Kind::Int(*value) },
        Answer::Text(value) => text(value),
        Answer::List(items) => Node { span, kind: yaml::Kind::Seq(items.iter().map(text).collect()) },
    };
    answers.iter().map(|(key, answer)| (Key { text: key.clone(), span }, node(answer))).collect()
}

fn resolution_answers(resolution: &crate::answers::Resolution) -> Vec<(String, Answer)> {
    resolution.answers.iter().map(|answered| (answered.question.key.clone(), answered.answer.clone())).collect()
}

fn answer_changes(recorded: &Recorded, now: &[(String, Answer)], steps: &[&Migration]) -> Vec<AnswerChange> {
    let mut called = nodes(&recorded.answers);
    for step in steps {
        step.apply(&mut called);
    }
    let find = |answers: &[(String, Answer)], key: &str| answers.iter().find(|(k, _)| k == key).map(|(_, a)| a.clone());
    let mut changes = Vec::new();
    for (key, after) in now {
        let before = find(&recorded.answers, key);
        if before.as_ref() != Some(after) {
            changes.push(AnswerChange { key: key.clone(), before, after: Some(after.clone()) });
        }
    }
    for (key, before) in &recorded.answers {
        if find(now, key).is_none() {
            changes.push(AnswerChange { key: key.clone(), before: Some(before.clone()), after: None });
        }
    }
    changes
}

/// A tree as a side; its contents go into the map.
pub(super) fn side(tree: &Tree, contents: &mut HashMap<Oid, Vec<u8>>) -> Side {
    tree.iter()
        .map(|(path, file)| {
            let id = id_of(&file.bytes);
            contents.insert(id, file.bytes.clone());
            (path.to_string(), Entry { kind: file.mode.into(), id })
        })
        .collect()
}

fn restorable(paths: &[String], ours: &Side, theirs: &Side) -> Result<(), Failure> {
    let mut problems = Diagnostics::new();
    for path in paths {
        if !theirs.contains_key(path) {
            let known = theirs.keys().filter(|path| !ours.contains_key(*path)).map(String::as_str);
            let hint = crate::diag::did_you_mean(path, known.collect::<Vec<_>>());
            problems
                .push(Diagnostic::error(format!("--restore {path}: the blueprint has no such file")).maybe_hint(hint));
        } else if ours.contains_key(path) {
            problems.push(
                Diagnostic::error(format!("--restore {path}: it is there"))
                    .hint("only files that were deleted come back"),
            );
        }
    }
    problems.into_result(()).map_err(Failure::from)
}

/// Renders what was emitted last time once more, where its blueprint is still at hand, and takes the contents that the
/// lock confirms.
fn emitted_again(library: Option<&Path>, recorded: &Recorded, root: &Path, contents: &mut HashMap<Oid, Vec<u8>>) {
    let Ok(library) = source::library(library) else { return };
    if let Ok(rendered) = sources::as_locked(&library, root, recorded)
        .map_err(Failure::invalid)
        .and_then(|blueprint| rendered_again(recorded, &blueprint, root))
    {
        for (path, file) in rendered.tree.iter() {
            let id = id_of(&file.bytes);
            if recorded.files.get(path.as_str()).is_some_and(|locked| locked.blob == id.to_string()) {
                contents.insert(id, file.bytes.clone());
            }
        }
    }
}

/// What a blueprint yields with the answers of a lock.
pub(super) fn rendered_again(recorded: &Recorded, blueprint: &Blueprint, root: &Path) -> Result<RenderedTree, Failure> {
    let node = Node { span: yaml::Span::default(), kind: yaml::Kind::Map(nodes(&recorded.answers)) };
    let given = Given { files: vec![(LOCK.to_owned(), node)], ..Given::default() };
    let folder = root.file_name().map(|name| name.to_string_lossy().into_owned());
    let source = recorded.source.clone();
    let session = Session { blueprint, source, given, said: BTreeMap::new(), folder, defaults: true };
    Ok(session.render(&session.take()?)?.0)
}

/// What to do where that which was emitted last time is nowhere.
fn lost(missing: &[String], recorded: &Recorded, existing: &Existing) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for path in missing {
        let message = format!(
            "you and the blueprint changed it, and what {} {} had emitted is not in this repository",
            recorded.blueprint, recorded.version
        );
        problems.push(Diagnostic::error(message).place(Place::file(path)));
    }
    let mut ways = ways(recorded, existing, "update");
    ways.push("or keep both sides as conflicts: `--two-way`".to_owned());
    problems
        .push(Diagnostic::error("there is nothing to tell your changes from the blueprint's by").hint(ways.join("; ")));
    problems
}

/// How to come by what was emitted last time, for a command to be run then.
pub(super) fn ways(recorded: &Recorded, existing: &Existing, command: &str) -> Vec<String> {
    let mut ways = Vec::new();
    if existing.is_shallow() {
        ways.push("fetch the whole history: `git fetch --unshallow`".to_owned());
    }
    ways.push(format!(
        "fetch what another clone has recorded: `git fetch <remote> {0}:{0}`, after `git push <remote> {0}` there",
        crate::git::existing::PRISTINE
    ));
    ways.push(match &recorded.source {
        Source::Folder(path) => format!("run `goldpath {command}` once with version {} at `{path}`", recorded.version),
        Source::Library => {
            format!("run `goldpath {command}` once with the goldpath that has {} built in", recorded.version)
        }
        Source::Git(git) => format!("see that `{}` can be reached and still has the commit {}", git.name, git.commit),
    });
    ways
}

/// Sees to it that the merged `goldpath.yaml` says what was rendered; a person has to settle one that does not.
fn settle_choices(
    merged: &mut Merged,
    ours: &Side,
    theirs: &Side,
    answers: &[(String, Answer)],
    contents: &HashMap<Oid, Vec<u8>>,
    existing: &Existing,
) {
    let (Some(entry), Some(mine), Some(new)) = (merged.tree.get(CHOICES), ours.get(CHOICES), theirs.get(CHOICES))
    else {
        return;
    };
    let content = |merged: &Merged, id: Oid| {
        contents
            .get(&id)
            .or_else(|| merged.blobs.get(&id))
            .cloned()
            .or_else(|| existing.content(id))
            .unwrap_or_default()
    };
    let text = content(merged, entry.id);
    let says = parse_choices(&String::from_utf8_lossy(&text)).ok().and_then(|choices| choices.answers).map(|entries| {
        let mut found: Vec<_> =
            entries.iter().filter_map(|(key, node)| Some((key.text.clone(), answer(node)?))).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    });
    let mut wanted: Vec<(String, Answer)> = answers.to_vec();
    wanted.sort_by(|a, b| a.0.cmp(&b.0));
    // `tier: 1` means the choice `1`.
    let alike = |a: &Answer, b: &Answer| a == b || a.to_string() == b.to_string();
    let fits = says.unwrap_or_default();
    let fits = fits.len() == wanted.len() && fits.iter().zip(&wanted).all(|(a, b)| a.0 == b.0 && alike(&a.1, &b.1));
    if fits {
        return;
    }
    let (mine, new) = (*mine, *new);
    let mut shown = format!("<<<<<<< {OUR_LABEL}\n").into_bytes();
    shown.extend(content(merged, mine.id));
    shown.extend(b"=======\n");
    shown.extend(content(merged, new.id));
    shown.extend(b">>>>>>> goldpath\n");
    let entry = Entry { kind: mine.kind, id: id_of(&shown) };
    merged.blobs.insert(entry.id, shown);
    merged.tree.remove(CHOICES);
    merged.changes.retain(|change| change.path != CHOICES);
    merged.changes.push(Change {
        path: CHOICES.to_owned(),
        from: None,
        emitted: None,
        outcome: Outcome::Conflict,
        clash: Some(Clash::Lines),
    });
    merged.conflicts.push(Conflict {
        path: CHOICES.to_owned(),
        clash: Clash::Lines,
        base: None,
        ours: Some(mine),
        theirs: Some(new),
        shown: Some(entry),
    });
}
