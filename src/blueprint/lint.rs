//! Static checks of composition: what a blueprint is made of fits together for every answer, not only for those that
//! somebody happened to try.
//!
//! Names: every name that a template, path or condition reads is an input that its component declares, every input that
//! is declared is read, and every blueprint supplies it. Slots: what is filled is opened. Paths: no two components emit
//! one path. The last three depend on conditions, so they are checked for all combinations of the choices that the
//! conditions read.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Value;

use super::component::{Component, Content, Filling, Source};
use super::manifest::RESERVED;
use super::pins::SECTIONS;
use super::question::Check;
use super::{Blueprint, Part, QuestionType};
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};

/// Most combinations of choices that are tried.
const COMBINATIONS: usize = 100_000;

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

/// The paths that a source is emitted at, as far as they can be told: one for each name where it is made for a slot.
fn places(component: &Component, source: &Source, fillings: &[&Filling]) -> BTreeSet<String> {
    let rules = component.rules.iter().filter(|rule| rule.applies_to(&source.path));
    match rules.filter_map(|rule| rule.each.as_ref()).next_back() {
        Some((slot, element)) if component.slots.contains_key(slot) => fillings
            .iter()
            .filter(|filling| filling.slot == *slot)
            .filter_map(|filling| Some(source.path.replace(&format!("{{{element}}}"), filling.name.as_ref()?)))
            .collect(),
        _ => BTreeSet::from([source.path.clone()]),
    }
}

/// The names in a path: `{environment}`.
fn placeholders(path: &str) -> BTreeSet<String> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).map(str::to_owned).collect()
}

/// Checks what depends on which components take part, for all combinations of choices.
fn conditions(blueprint: &Blueprint, problems: &mut Diagnostics) {
    let expressions = blueprint
        .parts
        .iter()
        .filter_map(|part| part.when.as_ref())
        .chain(blueprint.questions.iter().filter_map(|question| question.when.as_ref()))
        .chain(blueprint.parts.iter().flat_map(|part| &part.component.rules).filter_map(|rule| rule.when.as_ref()))
        .chain(
            blueprint.parts.iter().flat_map(|part| &part.component.filling_rules).filter_map(|rule| rule.when.as_ref()),
        );
    let mut axes: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for expression in expressions {
        for name in blueprint.engine.names_in_expression(&expression.text).unwrap_or_default() {
            let Some(question) = blueprint.question(name.split('.').next().unwrap_or(&name)) else { continue };
            let values = match question.kind {
                QuestionType::Bool => vec![Value::from(true), Value::from(false)],
                QuestionType::Choice => question.choices.iter().map(|c| Value::from(c.value.as_str())).collect(),
                _ => continue,
            };
            axes.insert(&question.key, values);
        }
    }
    let all: usize = axes.values().map(Vec::len).product();
    if all > COMBINATIONS {
        let message = format!("conditions read {all} combinations of choices; {COMBINATIONS} is the limit");
        problems.push(Diagnostic::error(message).place(Place::file(&blueprint.file)));
        return;
    }
    let mut found: BTreeMap<String, Diagnostic> = BTreeMap::new();
    for number in 0..all {
        let mut rest = number;
        let mut context: BTreeMap<&str, Value> = BTreeMap::new();
        for (key, values) in &axes {
            context.insert(key, values[rest % values.len()].clone());
            rest /= values.len();
        }
        if refused(blueprint, &context) {
            continue;
        }
        one(blueprint, &context, &mut found);
    }
    problems.0.extend(found.into_values());
}

/// Whether a question refuses its answer beside the others: such a combination never comes to be.
fn refused(blueprint: &Blueprint, context: &BTreeMap<&str, Value>) -> bool {
    let scope = context.iter().map(|(key, value)| (*key, value.clone()));
    context.iter().any(|(key, value)| {
        let checks = blueprint.question(key).into_iter().flat_map(|question| &question.validate);
        let scope = crate::template::map(scope.clone().chain([("value", value.clone())]));
        checks.into_iter().any(|validation| match &validation.check {
            // What can't be told from choices alone is taken to be fine.
            Check::Expression(check) => blueprint.engine.holds(&check.text, &scope) == Ok(false),
            Check::Pattern(_) => false,
        })
    })
}

/// Checks one combination; keeps one problem of a kind, with the answers that first led to it.
fn one(blueprint: &Blueprint, context: &BTreeMap<&str, Value>, found: &mut BTreeMap<String, Diagnostic>) {
    let scope: Value = crate::template::map(context.iter().map(|(key, value)| (*key, value.clone())));
    // What can't be told from choices alone is taken to hold.
    let holds = |text: &str| blueprint.engine.holds(text, &scope).unwrap_or(true);
    let with = || {
        let answers: Vec<String> = context.iter().map(|(key, value)| format!("{key}={value}")).collect();
        format!("found with {}", answers.join(" "))
    };
    let mut keep = |message: String, place: Place| {
        found.entry(message.clone()).or_insert_with(|| Diagnostic::error(message).place(place).hint(with()));
    };
    let active: Vec<&Part> =
        blueprint.parts.iter().filter(|part| part.when.as_ref().is_none_or(|when| holds(&when.text))).collect();
    let asked: BTreeMap<&str, QuestionType> = blueprint
        .questions
        .iter()
        .filter(|question| question.when.as_ref().is_none_or(|when| holds(&when.text)))
        .map(|question| (question.key.as_str(), question.kind))
        .collect();
    let fillings: Vec<&Filling> = active
        .iter()
        .flat_map(|part| part.component.fillings.iter().map(move |filling| (&part.component, filling)))
        .filter(|(component, filling)| component.fills_when(&filling.slot).is_none_or(|when| holds(&when.text)))
        .map(|(_, filling)| filling)
        .collect();
    let opened: BTreeSet<&str> =
        active.iter().flat_map(|part| part.component.slots.keys()).map(String::as_str).collect();
    for filling in fillings.iter().filter(|filling| !opened.contains(filling.slot.as_str())) {
        keep(format!("nobody opens the slot `{}`", filling.slot), Place::file(&filling.source.file));
    }
    let mut paths: BTreeMap<String, &str> = BTreeMap::new();
    for part in active {
        let component = &part.component;
        for (input, (kind, place)) in &component.inputs {
            if part.with.iter().any(|(name, _)| name == input) || blueprint.values.iter().any(|(name, _)| name == input)
            {
                continue;
            }
            match asked.get(input.as_str()) {
                Some(found) if found == kind => {}
                Some(found) => keep(
                    format!(
                        "input `{input}` of `{}` is a `{}`, the question a `{}`",
                        component.name,
                        kind.word(),
                        found.word()
                    ),
                    place.clone(),
                ),
                // A question with a condition of its own: templates guard it with the same condition.
                None if blueprint.question(input).is_some_and(|question| question.when.is_some()) => {}
                None => keep(
                    format!("nobody supplies the input `{input}` of component `{}`", component.name),
                    part.place.clone(),
                ),
            }
        }
        for source in &component.files {
            let whens = component.rules.iter().filter(|rule| rule.applies_to(&source.path));
            let when = whens.filter_map(|rule| rule.when.as_ref()).next_back();
            if when.is_some_and(|when| !holds(&when.text)) {
                continue;
            }
            for path in places(component, source, &fillings) {
                if let Some(other) = paths.insert(path.to_lowercase(), &source.file) {
                    let message = format!("`{path}` is emitted twice: from `{other}` as well");
                    keep(message, Place::file(&source.file));
                }
            }
        }
    }
}
