//! Putting a blueprint together from the trees that hold it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::manifest::{Field, Map, Reader, declared_name, optional, required};
use super::{Blueprint, Component, Decision, Part, Pins, Question, Step, component, decision, migration, question};
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean, nearest};
use crate::template::{Delimiters, Engine};
use crate::tree::Tree;
use crate::yaml::{self, Node};

/// Files that blueprints are made of: the built-in library, and perhaps a folder of the user's own.
#[derive(Clone, Debug)]
pub struct Library {
    /// What paths of the library are called in messages: `blueprints/`.
    pub prefix: String,
    /// The library's files.
    pub tree: Tree,
    /// A blueprint outside the library: what its paths are called in messages (`./my-blueprint/`), and its files.
    pub own: Option<(String, Tree)>,
}

/// The fields of `blueprint.yaml`.
pub const FIELDS: [Field; 9] = [
    required("name", "text", "what users call the blueprint"),
    required("version", "semantic version", "goes up whenever what is emitted changes"),
    required("summary", "text", "what it yields, in one line"),
    optional(
        "delimiters",
        "word",
        "`goldpath` for `<%= %>` (the default) or `jinja` for `{{ }}`, in its own components",
    ),
    optional("questions", "list of questions", "what it asks, in order"),
    optional("values", "map of name to expression", "what templates get besides the answers, computed in order"),
    required("components", "list of components", "what it is composed of; the order is that of slot fillings"),
    optional("next", "list of steps", "what to do in the new repository, shown once it is written"),
    optional("migrations", "list of migrations", "what its versions did to files and answers of earlier ones"),
];

/// The fields of an entry of `next`.
pub const STEP_FIELDS: [Field; 3] = [
    required("run", "template", "a command, with values as in templates"),
    required("about", "template", "what it does"),
    optional("when", "expression", "the step is shown only where this holds"),
];

/// The fields of an entry of `components`.
pub const PART_FIELDS: [Field; 3] = [
    required("use", "name", "a component of the library (`ci/github-actions`) or of this folder (`./components/x`)"),
    optional("when", "expression", "the component takes part only where this holds"),
    optional("with", "map of input to expression", "inputs that don't get the answer or value of their own name"),
];

const MANIFEST: &str = "blueprint.yaml";

impl Library {
    /// The names of the blueprints in the library.
    pub fn names(&self) -> Vec<&str> {
        self.tree
            .iter()
            .filter_map(|(path, _)| path.as_str().strip_suffix("/blueprint.yaml"))
            .filter(|name| !name.contains('/'))
            .collect()
    }

    /// A tree with what its paths are called in messages.
    fn trees(&self) -> Vec<(&str, &Tree)> {
        let mut trees = vec![(self.prefix.as_str(), &self.tree)];
        trees.extend(self.own.as_ref().map(|(prefix, tree)| (prefix.as_str(), tree)));
        trees
    }

    /// The text of a file that the user's folder or the library has, with its name for messages.
    fn read(&self, path: &str) -> Option<Result<(String, String), Diagnostics>> {
        self.trees().into_iter().rev().find_map(|(prefix, tree)| {
            let bytes = &tree.get(path)?.bytes;
            let name = format!("{prefix}{path}");
            Some(match std::str::from_utf8(bytes) {
                Ok(text) => Ok((name, text.to_owned())),
                Err(_) => Err(Diagnostic::error("the file is not UTF-8").place(Place::file(name)).into()),
            })
        })
    }
}

/// Why a component can't be had.
enum Missing {
    /// It is not there; perhaps another name was meant.
    Nowhere(Option<String>),
    /// Its files are wrong.
    Wrong(Diagnostics),
}

impl Library {
    /// A component: `./x` of the blueprint's own folder, any other name of the library.
    fn component(&self, name: &str, engine: &Engine) -> Result<Component, Missing> {
        let builtin = Engine::new(Delimiters::Goldpath);
        let (prefix, tree, folder, engine) = match (name.strip_prefix("./"), &self.own) {
            (Some(folder), Some((prefix, tree))) => (prefix.as_str(), tree, folder.to_owned(), engine),
            (Some(folder), None) => (self.prefix.as_str(), &self.tree, folder.to_owned(), engine),
            (None, _) => (self.prefix.as_str(), &self.tree, format!("components/{name}"), &builtin),
        };
        if tree.get(&format!("{folder}/component.yaml")).is_none() {
            let all = self.components();
            return Err(Missing::Nowhere(nearest(name, all).map(|near| format!("did you mean `{near}`?"))));
        }
        component::read(name, &folder, tree, prefix, engine, &self.trees()).map_err(Missing::Wrong)
    }

    /// The names of the library's components.
    pub fn components(&self) -> Vec<&str> {
        let paths = self.tree.iter().map(|(path, _)| path.as_str());
        paths.filter_map(|path| path.strip_prefix("components/")?.strip_suffix("/component.yaml")).collect()
    }
}

/// Adds components that a repository has besides its blueprint's.
///
/// # Errors
/// Components that are not there, are there already, or need something that the blueprint does not supply.
pub fn add(library: &Library, blueprint: &mut Blueprint, names: &[(String, Place)]) -> Result<(), Diagnostics> {
    let mut problems = Diagnostics::new();
    for (name, place) in names {
        if blueprint.parts.iter().any(|part| part.component.name == *name) {
            let message = format!("component `{name}` is a part of `{}` already", blueprint.name);
            problems.push(Diagnostic::error(message).place(place.clone()).hint("take it out of `components`"));
            continue;
        }
        let component = match library.component(name, &blueprint.engine) {
            Ok(component) => component,
            Err(Missing::Nowhere(hint)) => {
                let message = format!("there is no component `{name}`");
                problems.push(Diagnostic::error(message).place(place.clone()).maybe_hint(hint));
                continue;
            }
            Err(Missing::Wrong(more)) => {
                problems.extend(more);
                continue;
            }
        };
        let mut missing = Vec::new();
        for (input, (kind, _)) in &component.inputs {
            let computed = blueprint.values.iter().any(|(value, _)| value == input);
            match blueprint.question(input) {
                _ if computed => {}
                Some(question) if question.kind == *kind => {}
                Some(question) => missing.push(format!("`{input}` ({}, not {})", kind.word(), question.kind.word())),
                None => missing.push(format!("`{input}` ({})", kind.word())),
            }
        }
        if !missing.is_empty() {
            let message = format!(
                "component `{name}` does not fit `{}`, which neither asks for nor computes {}",
                blueprint.name,
                missing.join(", ")
            );
            let hint = "it fits another blueprint; whoever keeps this one can add questions or values";
            problems.push(Diagnostic::error(message).place(place.clone()).hint(hint));
        }
        blueprint.added.push(name.clone());
        blueprint.parts.push(Part {
            component: Arc::new(component),
            when: None,
            with: Vec::new(),
            place: place.clone(),
        });
    }
    problems.into_result(())
}

/// Loads a blueprint of the library, or with no name the user's own.
///
/// # Errors
/// Every mistake in its manifests at once.
pub fn load(library: &Library, name: Option<&str>) -> Result<Blueprint, Diagnostics> {
    let path = match name {
        Some(name) if !library.names().contains(&name) => {
            let mut problem = Diagnostic::error(format!("there is no blueprint `{name}`"))
                .maybe_hint(nearest(name, library.names()).map(|name| format!("did you mean `{name}`?")));
            if problem.hint.is_none() {
                let all = library.names().join("`, `");
                problem =
                    problem.hint(format!("there is `{all}`; a folder of your own is named as a path: `./{name}`"));
            }
            return Err(problem.into());
        }
        Some(name) => format!("{name}/{MANIFEST}"),
        None => MANIFEST.to_owned(),
    };
    let Some(found) = library.read(&path) else {
        let prefix = library.own.as_ref().map_or(&library.prefix, |(prefix, _)| prefix);
        return Err(Diagnostic::error(format!("`{prefix}` is no blueprint: it has no `{MANIFEST}`"))
            .hint("`goldpath list` shows the blueprints of the library")
            .into());
    };
    let (file, source) = found?;
    let node = yaml::parse_one(&source, &file)?;
    let mut reader = Reader::new(&file, &source);
    let Some(map) = reader.map(&node, "the blueprint", &FIELDS) else {
        return Err(reader.problems);
    };
    let blueprint = read(library, &mut reader, map);
    let mut problems = reader.problems;
    let (blueprint, more) = blueprint;
    problems.extend(more);
    match blueprint {
        Some(blueprint) => problems.into_result(blueprint),
        None => Err(problems),
    }
}

fn read(library: &Library, reader: &mut Reader, map: Map) -> (Option<Blueprint>, Diagnostics) {
    let mut problems = Diagnostics::new();
    let delimiters = [("goldpath", Delimiters::Goldpath), ("jinja", Delimiters::Jinja)];
    let delimiters = map.get("delimiters").and_then(|node| reader.word(node, "`delimiters`", &delimiters));
    let engine = Engine::new(delimiters.unwrap_or_default());
    let name = reader.text(map.require("name"), "`name`");
    let version_node = map.require("version");
    let version = reader.text(version_node, "`version`").and_then(|text| match text.parse::<semver::Version>() {
        Ok(version) => Some(version),
        Err(error) => {
            reader.report(
                version_node.span,
                format!("`{text}` is no semantic version: {error}"),
                Some("use three numbers, such as 1.0.0".to_owned()),
            );
            None
        }
    });
    let summary = reader.text(map.require("summary"), "`summary`");
    let questions = questions(reader, &engine, map.get("questions"));
    let decisions = decisions(library, reader, map.get("questions"), &questions, &mut problems);
    let values = values(reader, &engine, map.get("values"), &questions);
    let parts = parts(library, reader, &engine, map.require("components"), &mut problems);
    let next = next(reader, &engine, map.get("next"));
    let migrations = map
        .get("migrations")
        .map(|node| migration::read(reader, node, version.as_ref(), &questions))
        .unwrap_or_default();
    let pins = pins(library, &mut problems);
    let policies = policies(library, &mut problems);
    let blueprint = (|| {
        Some(Blueprint {
            name: name?,
            version: version?,
            summary: summary?,
            questions,
            values,
            parts,
            added: Vec::new(),
            decisions,
            next,
            migrations,
            pins,
            engine,
            policies,
            file: reader.file.to_owned(),
        })
    })();
    (blueprint, problems)
}

fn questions(reader: &mut Reader, engine: &Engine, node: Option<&Node>) -> Vec<Question> {
    let mut found: Vec<Question> = Vec::new();
    for item in node.map(|node| reader.items(node, "`questions`")).unwrap_or_default() {
        let Some(question) = question::read(reader, engine, item) else {
            continue;
        };
        if found.iter().any(|other| other.key == question.key) {
            reader.report(item.span, format!("there are two questions `{}`", question.key), None);
        }
        // A question can lean on those before it, since those after it have no answer yet.
        let expressions = question.default.iter().chain(&question.when);
        let checks = question.validate.iter().chain(&question.items).filter_map(|validation| match &validation.check {
            question::Check::Expression(expression) => Some(expression),
            question::Check::Pattern(_) => None,
        });
        for expression in expressions.chain(checks) {
            for name in engine.names_in_expression(&expression.text).unwrap_or_default() {
                let root = name.split('.').next().unwrap_or(&name);
                if root == "destination" || root == "value" || found.iter().any(|other| other.key == root) {
                    continue;
                }
                let hint = did_you_mean(root, found.iter().map(|question| question.key.as_str()));
                reader.problems.push(
                    Diagnostic::error(format!(
                        "question `{}` reads `{root}`, which no earlier question asks",
                        question.key
                    ))
                    .place(expression.place.clone())
                    .maybe_hint(hint),
                );
            }
        }
        found.push(question);
    }
    found
}

fn decisions(
    library: &Library,
    reader: &mut Reader,
    node: Option<&Node>,
    questions: &[Question],
    problems: &mut Diagnostics,
) -> Vec<Decision> {
    let mut found: Vec<Decision> = Vec::new();
    let nodes = node.map(|node| reader.items(node, "`questions`")).unwrap_or_default();
    for question in questions {
        let Some(name) = &question.decision else { continue };
        let span = nodes.iter().find(|node| node.get("key").and_then(Node::as_str) == Some(&question.key));
        let span = span.and_then(|node| node.get("decision")).map(|node| node.span).unwrap_or_default();
        let path = format!("decisions/{name}.yaml");
        let (file, source) = match library.read(&path) {
            Some(Ok(found)) => found,
            Some(Err(more)) => {
                problems.extend(more);
                continue;
            }
            None => {
                let hint = format!("write `{path}`");
                reader.report(span, format!("there is no decision `{name}`"), Some(hint));
                continue;
            }
        };
        match decision::read(name, &file, &source) {
            Ok(decision) => {
                for choice in &question.choices {
                    if !decision.options.iter().any(|option| option.name == choice.value) {
                        let message = format!("decision `{name}` has no option `{}`", choice.value);
                        problems.push(
                            Diagnostic::error(message)
                                .place(Place::file(&file))
                                .hint("every choice of the question needs one"),
                        );
                    }
                }
                if !found.contains(&decision) {
                    found.push(decision);
                }
            }
            Err(more) => problems.extend(more),
        }
    }
    found
}

fn values(
    reader: &mut Reader,
    engine: &Engine,
    node: Option<&Node>,
    questions: &[Question],
) -> Vec<(String, super::Expression)> {
    let mut found = Vec::new();
    for (key, node) in node.map(|node| reader.entries(node, "`values`")).unwrap_or_default() {
        declared_name(reader, &key.text, key.span, "a value");
        if questions.iter().any(|question| question.key == key.text) {
            reader.report(key.span, format!("`{}` is a question already", key.text), None);
        }
        if let Some(expression) = question::expression(reader, engine, node, &format!("value `{}`", key.text)) {
            found.push((key.text.clone(), expression));
        }
    }
    found
}

fn parts(
    library: &Library,
    reader: &mut Reader,
    engine: &Engine,
    node: &Node,
    problems: &mut Diagnostics,
) -> Vec<Part> {
    let mut known: BTreeMap<String, Option<Arc<Component>>> = BTreeMap::new();
    let mut found = Vec::new();
    for item in reader.items(node, "`components`") {
        let Some(map) = reader.map(item, "the component", &PART_FIELDS) else {
            continue;
        };
        let use_node = map.require("use");
        let Some(name) = reader.text(use_node, "`use`") else {
            continue;
        };
        let when = map.get("when").and_then(|node| question::expression(reader, engine, node, "`when`"));
        let mut with = Vec::new();
        for (key, node) in map.get("with").map(|node| reader.entries(node, "`with`")).unwrap_or_default() {
            if let Some(expression) = question::expression(reader, engine, node, &format!("input `{}`", key.text)) {
                with.push((key.text.clone(), expression));
            }
        }
        if !known.contains_key(&name) {
            let component = match library.component(&name, engine) {
                Ok(component) => Some(Arc::new(component)),
                Err(Missing::Nowhere(hint)) => {
                    reader.report(use_node.span, format!("there is no component `{name}`"), hint);
                    None
                }
                Err(Missing::Wrong(more)) => {
                    problems.extend(more);
                    None
                }
            };
            known.insert(name.clone(), component);
        }
        let Some(component) = known.get(&name).cloned().flatten() else {
            continue;
        };
        for (input, expression) in &with {
            if !component.inputs.contains_key(input) {
                let hint = did_you_mean(input, component.inputs.keys().map(String::as_str));
                reader.problems.push(
                    Diagnostic::error(format!("component `{name}` has no input `{input}`"))
                        .place(expression.place.clone())
                        .maybe_hint(hint),
                );
            }
        }
        found.push(Part { component, when, with, place: reader.place(use_node.span) });
    }
    found
}

fn pins(library: &Library, problems: &mut Diagnostics) -> Pins {
    let mut pins = Pins::default();
    for (prefix, tree) in library.trees() {
        let Some(file) = tree.get("pins.yaml") else { continue };
        let name = format!("{prefix}pins.yaml");
        match std::str::from_utf8(&file.bytes) {
            Ok(source) => match Pins::read(&name, source) {
                Ok(found) => pins.overlay(found),
                Err(more) => problems.extend(more),
            },
            Err(_) => problems.push(Diagnostic::error("the file is not UTF-8").place(Place::file(name))),
        }
    }
    pins
}

/// The guardrails of the library, and those of the user's folder, which win.
fn policies(library: &Library, problems: &mut Diagnostics) -> Tree {
    let mut found = BTreeMap::new();
    for (_, tree) in library.trees() {
        found.extend(tree.iter().filter(|(path, _)| path.as_str().starts_with("policies/")));
    }
    let mut policies = Tree::new();
    for (path, file) in found {
        if let Err(error) = policies.insert(path.clone(), file.clone()) {
            problems.push(Diagnostic::error(error.to_string()));
        }
    }
    policies
}

fn next(reader: &mut Reader, engine: &Engine, node: Option<&Node>) -> Vec<Step> {
    let mut found = Vec::new();
    for item in node.map(|node| reader.items(node, "`next`")).unwrap_or_default() {
        let Some(map) = reader.map(item, "the step", &STEP_FIELDS) else {
            continue;
        };
        let run = reader.expression(map.require("run"), "`run`");
        let about = reader.expression(map.require("about"), "`about`");
        let when = map.get("when").and_then(|node| question::expression(reader, engine, node, "`when`"));
        if let (Some(run), Some(about)) = (run, about) {
            found.push(Step { run, about, when });
        }
    }
    found
}
