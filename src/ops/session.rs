//! What `new` and `update` share: answers on their way from questions to a rendered tree, and what guardrails say to it.

use std::collections::{BTreeMap, BTreeSet};

use super::Failure;
use crate::answers::{self, Answer, Given, Resolution, Said, Unanswered, resolve};
use crate::blueprint::Blueprint;
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::git;
use crate::guardrail::{Date, Exceptions};
use crate::lock::{self, Lock, Locked};
use crate::prompt::{Asked, Prompter, Reply, Stopped};
use crate::render::{self, RenderedTree};
use crate::tree::{File, Tree, TreePath};

/// Where a repository keeps its exceptions from guardrails.
pub(super) const EXCEPTIONS: &str = "policy/exceptions.yaml";

/// Answers on their way from questions to a rendered tree.
pub(super) struct Session<'a> {
    pub blueprint: &'a Blueprint,
    pub source: lock::Source,
    pub given: Given,
    pub said: BTreeMap<String, Said>,
    pub folder: Option<String>,
    pub defaults: bool,
}

impl<'a> Session<'a> {
    fn resolve(&self, unanswered: Unanswered) -> Result<Resolution<'a>, Diagnostics> {
        resolve(self.blueprint, &self.given, &self.said, self.folder.as_deref(), unanswered)
    }

    /// All answers without asking.
    pub fn take(&self) -> Result<Resolution<'a>, Failure> {
        let unanswered = if self.defaults { Unanswered::TakeDefaults } else { Unanswered::TakeGuesses };
        let resolution = self.resolve(unanswered)?;
        let mut missing = resolution.missing();
        if missing.is_empty() {
            return Ok(resolution);
        }
        if !self.defaults {
            let count = resolution.open.len();
            missing.push(
                Diagnostic::error(format!("{count} questions have no answer, and there is no terminal to ask at")).hint(
                    "answer with --set, --answers FILE or GOLDPATH_ANSWER_<KEY>; --defaults takes the default of those that have one",
                ),
            );
        }
        Err(Failure::Invalid(missing))
    }

    /// All answers, with a person to ask.
    pub fn ask(&mut self, prompter: &mut dyn Prompter) -> Result<Resolution<'a>, Failure> {
        // Keys in the order in which they were asked, to go back by.
        let mut asked: Vec<String> = Vec::new();
        loop {
            let resolution = self.resolve(Unanswered::LeaveOpen)?;
            let Some(open) = resolution.open.first() else { return Ok(resolution) };
            let key = open.question.key.clone();
            let progress = (asked.len() + 1, asked.len() + resolution.open.len());
            match self.put(open, &resolution, progress, !asked.is_empty(), prompter)? {
                Some(said) => {
                    asked.push(key.clone());
                    self.said.insert(key, said);
                }
                None => {
                    if let Some(previous) = asked.pop() {
                        self.said.remove(&previous);
                    }
                }
            }
        }
    }

    /// Puts one question; nothing comes back where they want to go back.
    fn put(
        &self,
        open: &answers::Open<'a>,
        resolution: &Resolution,
        progress: (usize, usize),
        can_go_back: bool,
        prompter: &mut dyn Prompter,
    ) -> Result<Option<Said>, Failure> {
        let question = open.question;
        let context = resolution.context();
        let check = |answer: &Answer| answers::validate(&self.blueprint.engine, question, &context, answer);
        let accept = |text: &str| {
            let answer = answers::parse(question, text)?;
            check(&answer).map(|()| answer)
        };
        let asked = Asked {
            question,
            decision: question.decision.as_deref().and_then(|name| self.blueprint.decision(name)),
            default: open.default.clone(),
            refused: open.refused.as_ref(),
            found: open.found.as_ref().map(ToString::to_string),
            progress,
            can_go_back,
            accept: &accept,
            check: &check,
        };
        Ok(match prompter.ask(&asked).map_err(stopped)? {
            Reply::Default if open.default.is_some() => Some(Said::Default),
            Reply::Default | Reply::Back => None,
            Reply::Answer(answer) => Some(Said::Answer(answer)),
        })
    }

    /// Asks one question again. An answer that leaves others without sense is not taken.
    pub fn change(
        &mut self,
        key: &str,
        resolution: &Resolution<'a>,
        prompter: &mut dyn Prompter,
    ) -> Result<(), Failure> {
        let Some(answered) = resolution.answers.iter().find(|answered| answered.question.key == key) else {
            return Ok(());
        };
        let open = answers::Open {
            question: answered.question,
            default: Some(answered.answer.clone()),
            refused: None,
            waits: false,
            found: None,
        };
        let Some(said) = self.put(&open, resolution, (1, 1), true, prompter)? else { return Ok(()) };
        if said == Said::Default {
            return Ok(());
        }
        let before = (self.given.clone(), self.said.clone());
        // What was said last counts, wherever the first answer came from.
        self.given.forget(key);
        self.said.insert(key.to_owned(), said);
        if let Err(problems) = self.resolve(Unanswered::LeaveOpen) {
            prompter.complain(&format!("that can't be changed, since other answers depend on it\n{problems}"));
            (self.given, self.said) = before;
        }
        Ok(())
    }

    /// The tree, with what goldpath itself records in it.
    pub fn render(&self, resolution: &Resolution) -> Result<(RenderedTree, Vec<(String, String)>), Failure> {
        let (mut rendered, next) = self.emit(resolution)?;
        self.record(resolution, &mut rendered, &BTreeSet::new())?;
        Ok((rendered, next))
    }

    /// The tree as the blueprint yields it, and what to do next.
    pub fn emit(&self, resolution: &Resolution) -> Result<(RenderedTree, Vec<(String, String)>), Failure> {
        let plan = render::plan(self.blueprint, resolution)?;
        Ok((render::render(&plan)?, plan.next))
    }

    /// Adds what goldpath itself records to the tree. The repository has files of its own in the place of some.
    pub fn record(
        &self,
        resolution: &Resolution,
        rendered: &mut RenderedTree,
        own: &BTreeSet<String>,
    ) -> Result<(), Failure> {
        let mut files = BTreeMap::new();
        for (path, file) in rendered.tree.iter() {
            let provenance = &rendered.provenance[path];
            files.insert(
                path.clone(),
                Locked {
                    blob: git::blob_id(&file.bytes),
                    owner: provenance.owner,
                    component: provenance.component.clone(),
                    mode: file.mode,
                    own: own.contains(path.as_str()),
                },
            );
        }
        let lock = Lock { blueprint: self.blueprint, source: &self.source, answers: &resolution.answers, files };
        for (path, text) in [(lock::CHOICES, lock.choices()), (lock::LOCK, lock.text())] {
            let problem = |error: crate::tree::PathError| {
                Failure::invalid(Diagnostic::error(error.to_string()).place(Place::file(path)))
            };
            let path = TreePath::new(path).map_err(problem)?;
            rendered.tree.insert(path, File::regular(text)).map_err(problem)?;
        }
        Ok(())
    }
}

/// The exceptions of a tree as they stand today; none where the day is not known.
///
/// # Errors
/// Whatever [`Exceptions::parse`] finds in the file.
pub(super) fn exceptions(tree: &Tree, today: Option<Date>) -> Result<Exceptions, Diagnostics> {
    match (tree.get(EXCEPTIONS), today) {
        (Some(file), Some(today)) => Exceptions::parse(&file.bytes, EXCEPTIONS, today),
        _ => Ok(Exceptions::none()),
    }
}

/// Why nobody answered.
pub(super) fn stopped(stopped: Stopped) -> Failure {
    match stopped {
        Stopped::Cancelled => Failure::Cancelled,
        Stopped::Failed(reason) => Failure::failed(
            Diagnostic::error(format!("the terminal failed: {reason}"))
                .hint("answer with `--set`, `--answers` or `--defaults`"),
        ),
    }
}
