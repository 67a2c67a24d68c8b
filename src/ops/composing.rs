//! Components that come and go: `add` and `remove` bring a repository to what an update then renders.
//!
//! A component that the blueprint has on a condition comes and goes by the answer that the condition reads, so that
//! `goldpath add canary` and `goldpath update --set delivery=canary` are the same thing. Any other component of the library
//! is written down under `components` in `goldpath.yaml`.

use std::collections::BTreeMap;

use super::Failure;
use crate::answers::{Answer, Given, Resolution, Unanswered, resolve};
use crate::blueprint::{self, Blueprint, Library, Question, QuestionType};
use crate::diag::{Diagnostic, Diagnostics, Place, nearest};
use crate::lock::CHOICES;
use crate::render;

/// Components that are to come and to go, by their names or the last part of them.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Those to come.
    pub add: Vec<String>,
    /// Those to go.
    pub remove: Vec<String>,
}

/// Brings a blueprint and the answers to what a change asks for. `here` are the components that the repository has besides
/// the blueprint's. Returns what is to be said of it.
///
/// # Errors
/// Components that are not there, that can't go, or for which several answers would do.
pub(super) fn compose(
    change: &Change,
    library: &Library,
    blueprint: &mut Blueprint,
    mut here: Vec<(String, Place)>,
    given: &mut Given,
    folder: Option<&str>,
) -> Result<Vec<Diagnostic>, Failure> {
    let mut problems = Diagnostics::new();
    let mut told = Vec::new();
    let mut by_answer = Vec::new();
    for name in &change.remove {
        if let Some(at) = here.iter().position(|(known, _)| is_called(known, name)) {
            here.remove(at);
        } else {
            match part(blueprint, name) {
                Ok(Some(part)) => by_answer.push((part, false)),
                Ok(None) => problems.push(
                    Diagnostic::error(format!("there is no component `{name}` in this repository"))
                        .maybe_hint(meant(name, blueprint, library)),
                ),
                Err(problem) => problems.push(problem),
            }
        }
    }
    for name in &change.add {
        match part(blueprint, name) {
            Ok(Some(part)) => by_answer.push((part, true)),
            Ok(None) => match of_library(library, name) {
                Ok(Some(name)) if here.iter().any(|(known, _)| *known == name) => told.push(already(&name)),
                Ok(Some(name)) => here.push((name, Place::file(CHOICES))),
                Ok(None) => problems.push(
                    Diagnostic::error(format!("there is no component `{name}`"))
                        .maybe_hint(meant(name, blueprint, library)),
                ),
                Err(problem) => problems.push(problem),
            },
            Err(problem) => problems.push(problem),
        }
    }
    if let Err(more) = blueprint::add(library, blueprint, &here) {
        problems.extend(more);
    }
    for (name, wanted) in by_answer {
        let search = Search { blueprint, given, folder, component: &name, wanted };
        match search.find() {
            Ok(changes) if changes.is_empty() => {
                told.push(if wanted { already(&name) } else { Diagnostic::warning(format!("`{name}` is not here")) });
            }
            Ok(changes) => given.set.extend(changes),
            Err(problem) => problems.push(problem),
        }
    }
    problems.into_result(told).map_err(Failure::from)
}

fn already(name: &str) -> Diagnostic {
    Diagnostic::warning(format!("`{name}` is here already"))
}

fn is_called(component: &str, name: &str) -> bool {
    component == name || component.rsplit('/').next() == Some(name)
}

/// The component of a blueprint that somebody means.
fn part(blueprint: &Blueprint, name: &str) -> Result<Option<String>, Diagnostic> {
    one(name, blueprint.parts.iter().map(|part| part.component.name.as_str()))
}

fn of_library(library: &Library, name: &str) -> Result<Option<String>, Diagnostic> {
    // A component of the blueprint's own folder is named as a path, and looked for when it is read.
    if name.starts_with("./") { Ok(Some(name.to_owned())) } else { one(name, library.components().into_iter()) }
}

fn one<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Result<Option<String>, Diagnostic> {
    let mut found: Vec<&str> = all.filter(|known| is_called(known, name)).collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).to_owned())),
        several if several.contains(&name) => Ok(Some(name.to_owned())),
        several => Err(Diagnostic::error(format!("several components are called `{name}`"))
            .hint(format!("say which: {}", several.join(", ")))),
    }
}

fn meant(name: &str, blueprint: &Blueprint, library: &Library) -> Option<String> {
    let parts = blueprint.parts.iter().filter(|part| part.when.is_some()).map(|part| part.component.name.as_str());
    let all: Vec<&str> = parts.chain(library.components()).collect();
    let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let shorts: Vec<String> = all.iter().map(|name| last(name)).collect();
    Some(match nearest(name, all.iter().copied().chain(shorts.iter().map(String::as_str))) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`goldpath show {}` lists its components", blueprint.name),
    })
}

/// An answer as it is given on the command line.
type Said = (String, String);

/// The search for answers that let a component come or go.
struct Search<'a> {
    blueprint: &'a Blueprint,
    given: &'a Given,
    folder: Option<&'a str>,
    component: &'a str,
    wanted: bool,
}

impl Search<'_> {
    /// The answers that have to change; none where everything is as it is wanted.
    fn find(&self) -> Result<Vec<Said>, Diagnostic> {
        let now = self.resolve(&[]).map_err(|problems| {
            let problem = problems.0.into_iter().next();
            problem.unwrap_or_else(|| Diagnostic::error("the answers as they are don't hold"))
        })?;
        if self.holds(&now) == Some(self.wanted) {
            return Ok(Vec::new());
        }
        let questions = self.questions();
        let always = self.conditions().next().is_none();
        if always {
            let message = format!("`{}` is a part of every `{}`", self.component, self.blueprint.name);
            return Err(Diagnostic::error(message).hint("what it brings can be edited, or excepted from guardrails"));
        }
        let choices: Vec<Vec<Said>> = questions.iter().map(|question| self.alternatives(question, &now)).collect();
        let mut found: Vec<Vec<Said>> = choices.iter().flatten().map(|said| vec![said.clone()]).collect();
        found.retain(|changes| self.does(changes));
        if found.is_empty() {
            for (at, first) in choices.iter().enumerate() {
                for second in choices[at + 1..].iter().flatten() {
                    found.extend(first.iter().map(|said| vec![said.clone(), second.clone()]));
                }
            }
            found.retain(|changes| self.does(changes));
        }
        self.choose(found)
    }

    fn choose(&self, mut found: Vec<Vec<Said>>) -> Result<Vec<Said>, Diagnostic> {
        let verb = if self.wanted { "comes" } else { "goes" };
        let shown = |changes: &Vec<Said>| {
            let set: Vec<String> = changes.iter().map(|(key, value)| format!("--set {key}={value}")).collect();
            format!("`{}`", set.join(" "))
        };
        if found.len() > 1 {
            // What the blueprint would answer by itself is the way back from a choice.
            let defaults: Vec<Vec<Said>> = found.iter().filter(|changes| self.is_default(changes)).cloned().collect();
            if let [one] = defaults.as_slice() {
                return Ok(one.clone());
            }
        }
        if found.len() == 1 {
            return Ok(found.remove(0));
        }
        let conditions: Vec<&str> = self.conditions().collect();
        let problem = if found.is_empty() {
            let but = if self.given.set.is_empty() { "" } else { " that is still open" };
            let message = format!("`{}` {verb} with no change of one answer or two{but}", self.component);
            Diagnostic::error(message).hint(format!(
                "it is there where `{}` holds; change the answers with `goldpath update --set`",
                conditions.join("` or `")
            ))
        } else {
            let all: Vec<String> = found.iter().map(shown).collect();
            Diagnostic::error(format!("`{}` {verb} with one of several answers", self.component))
                .hint(format!("say which: {}", all.join(" or ")))
        };
        Err(problem)
    }

    fn conditions(&self) -> impl Iterator<Item = &str> {
        let parts = self.blueprint.parts.iter().filter(|part| part.component.name == self.component);
        parts.filter_map(|part| part.when.as_ref()).map(|when| when.text.as_str())
    }

    /// The questions that the component's conditions read, through computed values too, and that have few answers. Those
    /// that somebody answers on the command line are settled.
    fn questions(&self) -> Vec<&Question> {
        let engine = &self.blueprint.engine;
        let mut names: Vec<String> =
            self.conditions().flat_map(|text| engine.names_in_expression(text).unwrap_or_default()).collect();
        let mut at = 0;
        while let Some(name) = names.get(at).cloned() {
            at += 1;
            let root = name.split('.').next().unwrap_or(&name);
            if let Some((_, value)) = self.blueprint.values.iter().find(|(known, _)| known == root) {
                for more in engine.names_in_expression(&value.text).unwrap_or_default() {
                    if !names.contains(&more) {
                        names.push(more);
                    }
                }
            }
        }
        let read = |question: &&Question| {
            names.iter().any(|name| name.split('.').next() == Some(&question.key))
                && !self.given.set.iter().any(|(key, _)| *key == question.key)
        };
        self.blueprint.questions.iter().filter(read).collect()
    }

    /// The other answers that a question can have.
    fn alternatives(&self, question: &Question, now: &Resolution) -> Vec<Said> {
        let said = |value: String| (question.key.clone(), value);
        let choices = question.choices.iter().map(|choice| choice.value.clone());
        match (question.kind, now.get(&question.key)) {
            (QuestionType::Bool, Some(Answer::Bool(answer))) => vec![said((!answer).to_string())],
            (QuestionType::Bool, _) => vec![said("true".to_owned()), said("false".to_owned())],
            (QuestionType::Choice, answer) => {
                let now = answer.map(ToString::to_string);
                choices.filter(|choice| Some(choice) != now.as_ref()).map(said).collect()
            }
            (QuestionType::Choices, Some(Answer::List(chosen))) => choices
                .map(|choice| {
                    let mut list = chosen.clone();
                    match list.iter().position(|known| *known == choice) {
                        Some(at) => drop(list.remove(at)),
                        None => list.push(choice),
                    }
                    said(list.join(","))
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn resolve(&self, changes: &[Said]) -> Result<Resolution<'_>, Diagnostics> {
        let mut given = self.given.clone();
        given.set.extend(changes.iter().cloned());
        resolve(self.blueprint, &given, &BTreeMap::new(), self.folder, Unanswered::TakeDefaults)
    }

    fn holds(&self, resolution: &Resolution) -> Option<bool> {
        let plan = render::plan(self.blueprint, resolution).ok()?;
        Some(plan.components().any(|component| component.name == self.component))
    }

    fn does(&self, changes: &[Said]) -> bool {
        self.resolve(changes).ok().and_then(|resolution| self.holds(&resolution)) == Some(self.wanted)
    }

    /// Whether answers are those that the blueprint gives where nobody says anything.
    fn is_default(&self, changes: &[Said]) -> bool {
        let mut given = self.given.clone();
        for (key, _) in changes {
            given.forget(key);
        }
        given.config = None;
        let resolution = resolve(self.blueprint, &given, &BTreeMap::new(), self.folder, Unanswered::TakeDefaults);
        resolution.is_ok_and(|resolution| {
            changes.iter().all(|(key, value)| resolution.get(key).is_some_and(|answer| text(answer) == *value))
        })
    }
}

/// An answer as it is given on the command line.
fn text(answer: &Answer) -> String {
    match answer {
        Answer::Bool(value) => value.to_string(),
        Answer::List(items) => items.join(","),
        answer => answer.to_string(),
    }
}
