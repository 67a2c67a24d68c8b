//! Static checks of composition: what a blueprint is made of fits together for every answer, not only for those that
//! somebody happened to try.
//!
//! Names: every name that a template, path or condition reads is an input that its component declares, every input that
//! is declared is read, and every blueprint supplies it. Slots: what is filled is opened. Paths: no two components emit
//! one path. The last three depend on conditions, so they are checked for all combinations of the choices that the
//! conditions read ([`super::choices`]).

use std::collections::{BTreeMap, BTreeSet};

use super::choices::{COMBINATIONS, Choices, Combination, TooMany};
use super::component::{Component, Content, Filling, Source};
use super::manifest::RESERVED;
use super::pins::SECTIONS;
use super::{Blueprint, Expression, Part, QuestionType};
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};

/// Checks a blueprint; an empty answer means that nothing was found.
pub fn lint(blueprint: &Blueprint) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let mut seen = BTreeSet::new();
    for part in &blueprint.parts {
        if seen.insert(&part.component.name) {
            names(blueprint, &part.component, &mut problems);
        }
    }
    conditions(blueprint, &mut problems);
    problems
}

/// Names of slots that a template opens: `slot("make.targets")`, `slot_lines("make.phony")`, `slot_names("objects")`.
fn opened(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for call in ["slot(", "slot_lines(", "slot_names("] {
        for (at, _) in text.match_indices(call) {
            let rest = text[at + call.len()..].trim_start();
            if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
                found.extend(rest[1..].split(quote).next());
            }
        }
    }
    found
}

/// Holds the names that a component reads against those it declares.
fn names(blueprint: &Blueprint, component: &Component, problems: &mut Diagnostics) {
    let mut read: BTreeSet<String> = BTreeSet::new();
    let mut slots: BTreeSet<&str> = BTreeSet::new();
    let mut judge = |found: &BTreeSet<String>, element: &BTreeSet<&str>, place: &Place, problems: &mut Diagnostics| {
        for name in found {
            let root = name.split('.').next().unwrap_or(name);
            if root == "pins" {
                problems.0.extend(pin(blueprint, name).map(|problem| problem.place(place.clone())));
            } else if component.inputs.contains_key(root) {
                read.insert(root.to_owned());
            } else if !RESERVED.contains(&root) && !element.contains(root) {
                let hint = did_you_mean(root, component.inputs.keys().map(String::as_str));
                let hint = hint.filter(|hint| hint.starts_with("did you mean"));
                let declare = format!("declare it under `inputs` of `{}`", component.file);
                problems.push(
                    Diagnostic::error(format!("`{root}` is read, but it is no input of `{}`", component.name))
                        .place(place.clone())
                        .hint(hint.unwrap_or(declare)),
                );
            }
        }
    };
    for rule in &component.rules {
        if let Some(when) = &rule.when {
            let found = component.engine.names_in_expression(&when.text).unwrap_or_default();
            judge(&found, &BTreeSet::new(), &when.place, problems);
        }
        let list = |list: &str| list != "decisions" && !component.slots.contains_key(list);
        if let Some((list, _)) = rule.each.as_ref().filter(|(name, _)| list(name)) {
            judge(&BTreeSet::from([list.clone()]), &BTreeSet::new(), &rule.place, problems);
        }
    }
    for rule in &component.filling_rules {
        if let Some(when) = &rule.when {
            let found = component.engine.names_in_expression(&when.text).unwrap_or_default();
            judge(&found, &BTreeSet::new(), &when.place, problems);
        }
    }
    for source in &component.files {
        let element = elements(component, source);
        judge(&placeholders(&source.path), &element, &Place::file(&source.file), problems);
        if let Content::Template(text) = &source.content {
            slots.extend(opened(text));
            match component.engine.names_in_template(&source.file, text) {
                Ok(found) => judge(&found, &element, &Place::file(&source.file), problems),
                Err(problem) => problems.push(problem),
            }
        }
    }
    // A filling is rendered for each file that opens its slot, and sees the element that file is made for.
    let anywhere: BTreeSet<&str> = blueprint
        .parts
        .iter()
        .flat_map(|part| &part.component.rules)
        .filter_map(|rule| rule.each.as_ref())
        .map(|(_, name)| name.as_str())
        .collect();
    for source in component.fillings.iter().map(|filling| &filling.source) {
        let Content::Template(text) = &source.content else { continue };
        slots.extend(opened(text));
        match component.engine.names_in_template(&source.file, text) {
            Ok(found) => judge(&found, &anywhere, &Place::file(&source.file), problems),
            Err(problem) => problems.push(problem),
        }
    }
    for (input, (_, place)) in &component.inputs {
        if !read.contains(input) {
            problems.push(
                Diagnostic::error(format!("input `{input}` is declared and never read"))
                    .place(place.clone())
                    .hint("remove it"),
            );
        }
    }
    for slot in &slots {
        if !component.slots.contains_key(*slot) {
            problems.push(
                Diagnostic::error(format!("slot `{slot}` is opened, but `{}` does not declare it", component.name))
                    .place(Place::file(&component.file))
                    .hint("add it under `slots`, with what it is for"),
            );
        }
    }
    for slot in component.slots.keys().filter(|slot| !slots.contains(slot.as_str())) {
        problems.push(
            Diagnostic::error(format!("slot `{slot}` is declared and never opened"))
                .place(Place::file(&component.file)),
        );
    }
}

fn pin(blueprint: &Blueprint, name: &str) -> Option<Diagnostic> {
    let mut parts = name.split('.').skip(1);
    let (section, name) = (parts.next()?, parts.next()?);
    if blueprint.pins.has(section, name) {
        return None;
    }
    let hint = if SECTIONS.iter().any(|(known, _)| *known == section) {
        did_you_mean(name, blueprint.pins.names(section))
    } else {
        did_you_mean(section, SECTIONS.iter().map(|(section, _)| *section))
    };
    Some(Diagnostic::error(format!("there is no pin `{section}.{name}`")).maybe_hint(hint))
}

/// The name of the element that a file is made for.
fn elements<'c>(component: &'c Component, source: &Source) -> BTreeSet<&'c str> {
    let rules = component.rules.iter().filter(|rule| rule.applies_to(&source.path));
    rules.filter_map(|rule| rule.each.as_ref()).map(|(_, name)| name.as_str()).collect()
}

/// The names in a path: `{environment}`.
fn placeholders(path: &str) -> BTreeSet<String> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).map(str::to_owned).collect()
}

/// Checks what depends on which components take part, for all combinations of the choices that each check hangs on.
fn conditions(blueprint: &Blueprint, problems: &mut Diagnostics) {
    let mut check = Check { blueprint, choices: Choices::of(blueprint), found: BTreeMap::new() };
    for part in &blueprint.parts {
        for (input, (kind, place)) in &part.component.inputs {
            check.input(part, input, *kind, place);
        }
        for filling in &part.component.fillings {
            check.slot(part, filling);
        }
    }
    check.facts();
    check.paths();
    problems.0.extend(check.found.into_values());
}

/// Composition checks of one blueprint, and what they found: one problem of a kind, with the answers that first led to it.
struct Check<'b> {
    blueprint: &'b Blueprint,
    choices: Choices<'b>,
    found: BTreeMap<String, Diagnostic>,
}

impl<'b> Check<'b> {
    /// Goes through the combinations that some conditions read; `look` says what is wrong with one.
    fn each(
        &mut self,
        conditions: &[Option<&'b Expression>],
        look: impl Fn(&Combination<'_, 'b>) -> Option<(String, Place)>,
    ) {
        let found = &mut self.found;
        let outcome = self.choices.each(conditions.iter().copied().flatten(), |combination| {
            if let Some((message, place)) = look(combination) {
                found.entry(message.clone()).or_insert_with(|| {
                    let with = combination.describe();
                    let problem = Diagnostic::error(message).place(place);
                    if with.is_empty() { problem } else { problem.hint(format!("found with {with}")) }
                });
            }
        });
        if let Err(TooMany(all)) = outcome {
            let message = format!("conditions read {all} combinations of choices; {COMBINATIONS} is the limit");
            let problem = Diagnostic::error(message.clone()).place(Place::file(&self.blueprint.file));
            self.found.insert(message, problem);
        }
    }

    /// Whoever reads an input is given one of its type.
    fn input(&mut self, part: &'b Part, input: &'b str, kind: QuestionType, place: &Place) {
        let blueprint = self.blueprint;
        if part.with.iter().any(|(name, _)| name == input) || blueprint.values.iter().any(|(name, _)| name == input) {
            return;
        }
        let component = &part.component.name;
        let another = |who: &str, found: QuestionType| {
            let message =
                format!("input `{input}` of `{component}` is a `{}`, {who} a `{}`", kind.word(), found.word());
            (message, place.clone())
        };
        if let Some(question) = blueprint.question(input) {
            let asked = [part.when.as_ref(), question.when.as_ref()];
            self.each(&asked, |combination| {
                let asked = combination.holds(part.when.as_ref()) && combination.holds(question.when.as_ref());
                (asked && question.kind != kind).then(|| another("the question", question.kind))
            });
            // One with a condition of its own may not be asked: templates guard it with the same condition.
            return;
        }
        let tellers: Vec<&Part> =
            blueprint.parts.iter().filter(|other| other.component.facts.contains_key(input)).collect();
        let whens: Vec<_> = tellers.iter().copied().chain([part]).map(|part| part.when.as_ref()).collect();
        self.each(&whens, |combination| {
            if !combination.holds(part.when.as_ref()) {
                return None;
            }
            let Some(teller) = tellers.iter().find(|other| combination.holds(other.when.as_ref())) else {
                return Some((
                    format!("nobody supplies the input `{input}` of component `{component}`"),
                    part.place.clone(),
                ));
            };
            let found = teller.component.facts[input].0.kind();
            (found != kind).then(|| another(&format!("the fact of `{}`", teller.component.name), found))
        });
    }

    /// What is filled is opened.
    fn slot(&mut self, part: &'b Part, filling: &'b Filling) {
        let slot = &filling.slot;
        let openers: Vec<&Part> =
            self.blueprint.parts.iter().filter(|other| other.component.slots.contains_key(slot)).collect();
        let filled = [part.when.as_ref(), part.component.fills_when(slot)];
        let whens: Vec<_> = openers.iter().map(|part| part.when.as_ref()).chain(filled).collect();
        self.each(&whens, |combination| {
            let filled = filled.iter().all(|when| combination.holds(*when));
            let opened = || openers.iter().any(|other| combination.holds(other.when.as_ref()));
            (filled && !opened())
                .then(|| (format!("nobody opens the slot `{slot}`"), Place::file(&filling.source.file)))
        });
    }

    /// A fact is told by one component, and is neither an answer nor a value.
    fn facts(&mut self) {
        let blueprint = self.blueprint;
        for (index, part) in blueprint.parts.iter().enumerate() {
            for (fact, (_, place)) in &part.component.facts {
                let taken = if blueprint.question(fact).is_some() {
                    "an answer"
                } else if blueprint.values.iter().any(|(name, _)| name == fact) {
                    "a value"
                } else {
                    ""
                };
                if !taken.is_empty() {
                    let message = format!("fact `{fact}` of `{}` has the name of {taken}", part.component.name);
                    self.found.insert(message.clone(), Diagnostic::error(message).place(place.clone()));
                }
                for other in blueprint.parts[index + 1..].iter().filter(|p| p.component.facts.contains_key(fact)) {
                    self.each(&[part.when.as_ref(), other.when.as_ref()], |combination| {
                        let both = combination.holds(part.when.as_ref()) && combination.holds(other.when.as_ref());
                        let names = (&part.component.name, &other.component.name);
                        both.then(|| {
                            (format!("fact `{fact}` is told by `{}` and by `{}`", names.0, names.1), place.clone())
                        })
                    });
                }
            }
        }
    }

    /// No two files are emitted at one path.
    fn paths(&mut self) {
        let mut paths: BTreeMap<String, Vec<Emitted<'b>>> = BTreeMap::new();
        for part in &self.blueprint.parts {
            for source in &part.component.files {
                for (path, emitted) in places(self.blueprint, part, source) {
                    paths.entry(path.to_lowercase()).or_default().push(emitted);
                }
            }
        }
        for (path, emitted) in &paths {
            for (index, (other, first)) in emitted.iter().enumerate() {
                for (source, second) in emitted[index + 1..].iter().filter(|(source, _)| !std::ptr::eq(*source, *other))
                {
                    let whens: Vec<_> = first.iter().chain(second).copied().collect();
                    self.each(&whens, |combination| {
                        let message = || format!("`{path}` is emitted twice: from `{}` as well", other.file);
                        let both = whens.iter().all(|when| combination.holds(*when));
                        both.then(|| (message(), Place::file(&source.file)))
                    });
                }
            }
        }
    }
}

/// What is emitted, and the conditions under which it is.
type Emitted<'b> = (&'b Source, Vec<Option<&'b Expression>>);

/// The paths that a source is emitted at, as far as they can be told: one for each filling where it is made for a slot.
fn places<'b>(blueprint: &'b Blueprint, part: &'b Part, source: &'b Source) -> Vec<(String, Emitted<'b>)> {
    let rules: Vec<_> = part.component.rules.iter().filter(|rule| rule.applies_to(&source.path)).collect();
    let when = rules.iter().rev().find_map(|rule| rule.when.as_ref());
    let whens = vec![part.when.as_ref(), when];
    match rules.iter().rev().find_map(|rule| rule.each.as_ref()) {
        Some((slot, element)) if part.component.slots.contains_key(slot) => {
            let fillings = blueprint.parts.iter().flat_map(|filler| {
                let fillings = filler.component.fillings.iter().filter(|filling| filling.slot == *slot);
                fillings.map(move |filling| (filler, filling))
            });
            fillings
                .filter_map(|(filler, filling)| {
                    let path = source.path.replace(&format!("{{{element}}}"), filling.name.as_ref()?);
                    let filled = [filler.when.as_ref(), filler.component.fills_when(slot)];
                    Some((path, (source, whens.iter().copied().chain(filled).collect())))
                })
                .collect()
        }
        _ => vec![(source.path.clone(), (source, whens))],
    }
}
