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
pub const FIELDS: [Field; 10] = [
    required("name", "text", "what users call the blueprint"),
    required("version", "semantic version", "goes up whenever what is emitted changes"),
    required("summary", "text", "what it yields, in one line"),
    optional(
        "delimiters",
        "word",
        "`goldpath` for `<%= %>` (the default) or `jinja` for `{{ }}`, in its own components",
    ),
    optional("extends", "name", "the base that it shares with other blueprints: `<name>/base.yaml`"),
    optional("questions", "list of questions", "what it asks, in order"),
    optional("values", "map of name to expression", "what templates get besides the answers, computed in order"),
    required("components", "list of components", "what it is composed of; the order is that of slot fillings"),
    optional("next", "list of steps", "what to do in the new repository, shown once it is written"),
    optional("migrations", "list of migrations", "what its versions did to files and answers of earlier ones"),
];

/// The fields of `base.yaml`.
pub const BASE_FIELDS: [Field; 4] = [
    optional("questions", "list of questions", "what is asked, in order"),
    optional("values", "map of name to expression", "what templates get besides the answers, computed in order"),
    required(
        "components",
        "list of components",
        "what blueprints are composed of; `own` stands for their own components",
    ),
    optional("next", "list of steps", "what to do in the new repository, unless the blueprint says so itself"),
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
const BASE: &str = "base.yaml";
/// Stands in a base's list for the components of the blueprint that extends it.
const OWN: &str = "own";

impl Library {
    /// The names of the blueprints in the library.
    pub fn names(&self) -> Vec<&str> {
        self.tree
            .iter()
            .filter_map(|(path, _)| path.as_str().strip_suffix("/blueprint.yaml"))
            .filter(|name| !name.contains('/'))
            .collect()
    }

    /// The names of the bases that its blueprints extend.
    fn bases(&self) -> Vec<&str> {
        self.tree.iter().filter_map(|(path, _)| path.as_str().strip_suffix("/base.yaml")).collect()
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
            let computed = blueprint.values.iter().any(|(value, _)| value == input)
                || blueprint
                    .parts
                    .iter()
                    .any(|part| part.component.facts.get(input).is_some_and(|(fact, _)| fact.kind() == *kind));
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
    let extends = map.get("extends").and_then(|node| Some((reader.text(node, "`extends`")?, node.span)));
    let Some((name, span)) = extends else {
        return read(library, None, (&mut reader, map));
    };
    let Some(found) = library.read(&format!("{name}/{BASE}")) else {
        let near = nearest(&name, library.bases()).map(|near| format!("did you mean `{near}`?"));
        reader.report(
            span,
            format!("there is no base `{name}`"),
            Some(near.unwrap_or_else(|| format!("write `{name}/{BASE}`"))),
        );
        return Err(reader.problems);
    };
    let (file, source) = found?;
    let node = yaml::parse_one(&source, &file)?;
    let mut base = Reader::new(&file, &source);
    match base.map(&node, "the base", &BASE_FIELDS) {
        Some(found) => read(library, Some((&mut base, found)), (&mut reader, map)),
        None => Err(base.problems),
    }
}

/// A manifest that is being read.
type Layer<'l, 'r, 'n> = (&'l mut Reader<'r>, Map<'n>);

/// Puts a blueprint and the base that it extends together.
fn read<'r, 'n>(
    library: &Library,
    mut base: Option<Layer<'_, 'r, 'n>>,
    (reader, map): Layer<'_, 'r, 'n>,
) -> Result<Blueprint, Diagnostics> {
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
    let mut asked = Vec::new();
    let mut computed = Vec::new();
    let mut used = Vec::new();
    let mut steps = Vec::new();
    let mut behind = Vec::new();
    let mut known = BTreeMap::new();
    let builtin = Engine::new(Delimiters::Goldpath);
    if let Some((reader, map)) = &mut base {
        questions(reader, &builtin, map.get("questions"), &mut asked);
        values(reader, &builtin, map.get("values"), &mut computed);
        let node = map.require("components");
        let at = parts(library, reader, &builtin, node, &mut known, &mut used, &mut problems);
        behind = used.split_off(at.unwrap_or(used.len()));
        steps = next(reader, &builtin, map.get("next"));
    }
    questions(reader, &engine, map.get("questions"), &mut asked);
    values(reader, &engine, map.get("values"), &mut computed);
    if parts(library, reader, &engine, map.require("components"), &mut known, &mut used, &mut problems).is_some() {
        reader.report(map.require("components").span, format!("`{OWN}` is for bases"), Some("remove it".to_owned()));
    }
    used.append(&mut behind);
    if map.get("next").is_some() {
        steps = next(reader, &engine, map.get("next"));
    }
    problems.extend(order(&engine, &asked));
    let decisions = decisions(library, &asked, &mut problems);
    let questions: Vec<Question> = asked.into_iter().map(|(question, _)| question).collect();
    for (name, expression) in &computed {
        if questions.iter().any(|question| question.key == *name) {
            let problem = Diagnostic::error(format!("`{name}` is a question already"));
            problems.push(problem.place(expression.place.clone()));
        }
    }
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
            values: computed,
            parts: used,
            added: Vec::new(),
            decisions,
            next: steps,
            migrations,
            pins,
            engine,
            policies,
            file: reader.file.to_owned(),
        })
    })();
    let mut all = std::mem::take(&mut reader.problems);
    if let Some((base, _)) = base {
        all.extend(std::mem::take(&mut base.problems));
    }
    all.extend(problems);
    match blueprint {
        Some(blueprint) => all.into_result(blueprint),
        None => Err(all),
    }
}

/// Adds the questions of a manifest to those of its base. One with the key of another takes its place, one with `after`
/// comes behind that one, any other at the end.
fn questions(reader: &mut Reader, engine: &Engine, node: Option<&Node>, asked: &mut Vec<(Question, Place)>) {
    let inherited: Vec<String> = asked.iter().map(|(question, _)| question.key.clone()).collect();
    let mut own: Vec<String> = Vec::new();
    for item in node.map(|node| reader.items(node, "`questions`")).unwrap_or_default() {
        let Some(question) = question::read(reader, engine, item) else {
            continue;
        };
        if own.contains(&question.key) {
            reader.report(item.span, format!("there are two questions `{}`", question.key), None);
            continue;
        }
        own.push(question.key.clone());
        let place = reader.place(item.get("decision").map_or(item.span, |node| node.span));
        let after = item.get("after").and_then(|node| Some((reader.text(node, "`after`")?, node.span)));
        let at = |key: &str| asked.iter().position(|(other, _)| other.key == key);
        match (inherited.contains(&question.key).then(|| at(&question.key)).flatten(), after) {
            (Some(index), _) => asked[index] = (question, place),
            (None, Some((key, span))) => match at(&key) {
                Some(index) => asked.insert(index + 1, (question, place)),
                None => {
                    let hint = did_you_mean(&key, asked.iter().map(|(question, _)| question.key.as_str()));
                    reader.report(span, format!("no question `{key}` is asked before this one"), hint);
                }
            },
            (None, None) => asked.push((question, place)),
        }
    }
}

/// A question can lean on those before it, since those after it have no answer yet.
fn order(engine: &Engine, asked: &[(Question, Place)]) -> Diagnostics {
    let mut problems = Diagnostics::new();
    for (index, (question, _)) in asked.iter().enumerate() {
        let expressions = question.default.iter().chain(&question.when);
        let checks = question.validate.iter().chain(&question.items).filter_map(|validation| match &validation.check {
            question::Check::Expression(expression) => Some(expression),
            question::Check::Pattern(_) => None,
        });
        for expression in expressions.chain(checks) {
            for name in engine.names_in_expression(&expression.text).unwrap_or_default() {
                let root = name.split('.').next().unwrap_or(&name);
                let earlier = || asked[..index].iter().map(|(question, _)| question.key.as_str());
                if root == "destination" || root == "value" || earlier().any(|key| key == root) {
                    continue;
                }
                problems.push(
                    Diagnostic::error(format!(
                        "question `{}` reads `{root}`, which no earlier question asks",
                        question.key
                    ))
                    .place(expression.place.clone())
                    .maybe_hint(did_you_mean(root, earlier())),
                );
            }
        }
    }
    problems
}

fn decisions(library: &Library, asked: &[(Question, Place)], problems: &mut Diagnostics) -> Vec<Decision> {
    let mut found: Vec<Decision> = Vec::new();
    for (question, place) in asked {
        let Some(name) = &question.decision else { continue };
        let path = format!("decisions/{name}.yaml");
        let (file, source) = match library.read(&path) {
            Some(Ok(found)) => found,
            Some(Err(more)) => {
                problems.extend(more);
                continue;
            }
            None => {
                let problem = Diagnostic::error(format!("there is no decision `{name}`")).place(place.clone());
                problems.push(problem.hint(format!("write `{path}`")));
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

/// Adds the values of a manifest to those of its base; one of the same name takes its place.
fn values(reader: &mut Reader, engine: &Engine, node: Option<&Node>, computed: &mut Vec<(String, super::Expression)>) {
    for (key, node) in node.map(|node| reader.entries(node, "`values`")).unwrap_or_default() {
        declared_name(reader, &key.text, key.span, "a value");
        if let Some(expression) = question::expression(reader, engine, node, &format!("value `{}`", key.text)) {
            match computed.iter_mut().find(|(name, _)| *name == key.text) {
                Some(known) => known.1 = expression,
                None => computed.push((key.text.clone(), expression)),
            }
        }
    }
}

/// Reads the components of a manifest; the answer is where those of an extending blueprint belong.
fn parts(
    library: &Library,
    reader: &mut Reader,
    engine: &Engine,
    node: &Node,
    known: &mut BTreeMap<String, Option<Arc<Component>>>,
    found: &mut Vec<Part>,
    problems: &mut Diagnostics,
) -> Option<usize> {
    let mut own = None;
    for item in reader.items(node, "`components`") {
        if item.as_str() == Some(OWN) {
            own = Some(found.len());
            continue;
        }
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
    own
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
