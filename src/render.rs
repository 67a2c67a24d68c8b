//! Rendering: a blueprint and its answers become a plan, and the plan a tree of files with their owners.
//!
//! The plan is made first and whole, since some files speak of others: CODEOWNERS lists what the platform owns, and a
//! path that two files would take is found before anything is rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::value::{Value, ValueKind};
use rayon::prelude::*;

use crate::answers::Resolution;
use crate::blueprint::component::{Content, Source};
use crate::blueprint::guess::Paths;
use crate::blueprint::{Blueprint, Component, Expression, Owner};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::template::{self, Ask, Fill, Slots};
use crate::tree::{File, Mode, Tree, TreePath};

/// Most files that one blueprint may emit.
const FILE_COUNT_LIMIT: usize = 50_000;

/// A file that will be emitted.
#[derive(Clone, Debug)]
pub struct Planned<'b> {
    /// Where it goes.
    pub path: TreePath,
    /// Who maintains it.
    pub owner: Owner,
    /// Whether it can be run.
    pub mode: Mode,
    /// What it is made from.
    pub source: &'b Source,
    /// Files of a repository that take its place when it is adopted.
    pub unless: &'b [Paths],
    /// Which of the plan's parts brings it.
    part: usize,
    /// The element that it is made for, and its name.
    element: Option<(String, Value)>,
}

/// All files that a blueprint yields with its answers.
#[derive(Debug)]
pub struct Plan<'b> {
    parts: Vec<Active<'b>>,
    /// The files in the order of their paths.
    pub files: Vec<Planned<'b>>,
    fillings: Arc<Vec<Filling>>,
    reserved: BTreeMap<&'static str, Value>,
    /// What to do in the new repository: commands, and what they do.
    pub next: Vec<(String, String)>,
}

/// A component that takes part, with the values of its inputs.
#[derive(Debug)]
struct Active<'b> {
    component: &'b Arc<Component>,
    inputs: BTreeMap<String, Value>,
}

/// Who maintains an emitted file, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Who maintains it.
    pub owner: Owner,
    /// The component that brings it.
    pub component: String,
    /// Files of a repository that take its place when it is adopted.
    pub unless: Vec<Paths>,
}

/// The files that a blueprint emits, in memory.
#[derive(Clone, Debug, Default)]
pub struct RenderedTree {
    /// Paths, contents and modes.
    pub tree: Tree,
    /// Owner and component of every file.
    pub provenance: BTreeMap<TreePath, Provenance>,
}

/// Makes the plan.
///
/// # Errors
/// Every value, condition and path that does not come out.
pub fn plan<'b>(blueprint: &'b Blueprint, answers: &Resolution) -> Result<Plan<'b>, Diagnostics> {
    let mut problems = Diagnostics::new();
    let mut scope = answers.context();
    for (name, expression) in &blueprint.values {
        match blueprint.engine.evaluate(&expression.text, &as_value(&scope)) {
            Ok(value) => drop(scope.insert(name.clone(), value)),
            Err(reason) => {
                problems.push(Diagnostic::error(format!("value `{name}`: {reason}")).place(expression.place.clone()))
            }
        }
    }
    let decisions = decisions(blueprint, answers);
    let mut active = Vec::new();
    let whole = as_value(&scope);
    for part in &blueprint.parts {
        if let Some(when) = &part.when {
            match blueprint.engine.holds(&when.text, &whole) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(reason) => {
                    problems.push(Diagnostic::error(format!("`when`: {reason}")).place(when.place.clone()));
                    continue;
                }
            }
        }
        active.push(part);
    }
    for (name, (fact, place)) in active.iter().flat_map(|part| &part.component.facts) {
        if scope.insert(name.clone(), fact.value()).is_some() {
            problems
                .push(Diagnostic::error(format!("fact `{name}`: there is such a name already")).place(place.clone()));
        }
    }
    let mut parts = Vec::new();
    let whole = as_value(&scope);
    for part in active {
        let mut inputs = BTreeMap::new();
        for name in part.component.inputs.keys() {
            if let Some((_, expression)) = part.with.iter().find(|(input, _)| input == name) {
                match blueprint.engine.evaluate(&expression.text, &whole) {
                    Ok(value) => drop(inputs.insert(name.clone(), value)),
                    Err(reason) => problems
                        .push(Diagnostic::error(format!("input `{name}`: {reason}")).place(expression.place.clone())),
                }
            } else if let Some(value) = scope.get(name) {
                inputs.insert(name.clone(), value.clone());
            } else if blueprint.question(name).is_none() && !blueprint.values.iter().any(|(value, _)| value == name) {
                // A question that isn't asked leaves its input undefined: templates guard it with the same condition.
                problems.push(
                    Diagnostic::error(format!("component `{}` needs `{name}`", part.component.name))
                        .place(part.place.clone())
                        .hint(format!("add a question or a value `{name}`, or `with: {{{name}: …}}`")),
                );
            }
        }
        parts.push(Active { component: &part.component, inputs });
    }
    let fillings = fillings(blueprint, &parts, &mut problems);
    let mut files = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        for source in &part.component.files {
            expand(blueprint, part, index, source, (&decisions, &fillings), &mut files, &mut problems);
        }
    }
    if files.len() > FILE_COUNT_LIMIT {
        problems.push(Diagnostic::error(format!(
            "the blueprint yields {} files; {FILE_COUNT_LIMIT} is the limit",
            files.len()
        )));
    }
    files.sort_by(|a: &Planned, b| a.path.cmp(&b.path));
    let mut reserved = BTreeMap::new();
    reserved.insert("pins", blueprint.pins.value());
    reserved.insert("decisions", decisions);
    let about = [("name", blueprint.name.as_str().into()), ("version", blueprint.version.to_string().into())];
    reserved.insert("blueprint", template::map(about));
    let platform = [("platform", platform_paths(&files).into_iter().collect::<Value>())];
    reserved.insert("owners", template::map(platform));
    let next = next(blueprint, &whole).unwrap_or_else(|problem| {
        problems.push(problem);
        Vec::new()
    });
    problems.into_result(Plan { parts, files, fillings: Arc::new(fillings), reserved, next })
}

fn as_value(scope: &BTreeMap<String, Value>) -> Value {
    template::map(scope.clone())
}

fn next(blueprint: &Blueprint, scope: &Value) -> Result<Vec<(String, String)>, Diagnostic> {
    let mut found = Vec::new();
    for step in &blueprint.next {
        if let Some(when) = &step.when {
            let holds = blueprint.engine.holds(&when.text, scope);
            if !holds.map_err(|reason| Diagnostic::error(reason).place(when.place.clone()))? {
                continue;
            }
        }
        let text = |template: &Expression| {
            let rendered = blueprint.engine.render(&template.place.file, &template.text, scope);
            rendered.map_err(|problem| problem.place(template.place.clone()))
        };
        found.push((text(&step.run)?, text(&step.about)?));
    }
    Ok(found)
}

/// The decisions that the answers settle, as templates read them.
fn decisions(blueprint: &Blueprint, answers: &Resolution) -> Value {
    let settled = answers.answers.iter().filter_map(|answered| {
        let decision = blueprint.decision(answered.question.decision.as_deref()?)?;
        Some((answered, decision))
    });
    let one = |(index, (answered, decision)): (usize, (&crate::answers::Answered, &crate::blueprint::Decision))| {
        let chosen = answered.answer.to_string();
        // Choices that the question doesn't offer are no options of this repository.
        let offered = decision
            .options
            .iter()
            .filter(|option| answered.question.choices.iter().any(|choice| choice.value == option.name));
        let options: Vec<BTreeMap<&str, Value>> = offered
            .map(|option| {
                BTreeMap::from([
                    ("name", Value::from(option.name.as_str())),
                    ("title", Value::from(option.title.as_str())),
                    ("gains", Value::from(option.gains.as_str())),
                    ("costs", Value::from(option.costs.as_str())),
                    ("blast_radius", Value::from(option.blast_radius.as_str())),
                    ("rollback", Value::from(option.rollback.as_str())),
                    ("choose_when", Value::from(option.choose_when.as_str())),
                    ("is_chosen", Value::from(option.name == chosen)),
                ])
            })
            .collect();
        let options: Vec<Value> = options.into_iter().map(template::map).collect();
        let the_one = options.iter().find(|option| option.get_attr("is_chosen").is_ok_and(|v| v.is_true()));
        let fields = [
            ("key", Value::from(answered.question.key.as_str())),
            ("slug", Value::from(decision.name.replace('_', "-"))),
            ("number", Value::from(format!("{:04}", index + 1))),
            ("title", Value::from(decision.title.as_str())),
            ("asks", Value::from(decision.asks.as_str())),
            ("context", Value::from(decision.context.as_str())),
            ("chosen", the_one.cloned().unwrap_or_default()),
            ("options", options.iter().cloned().collect()),
            ("revisit_when", Value::from(decision.revisit_when.as_str())),
        ];
        template::map(fields)
    };
    settled.enumerate().map(one).collect()
}

/// The fillings of all parts whose conditions hold, in the order of composition.
fn fillings(blueprint: &Blueprint, parts: &[Active], problems: &mut Diagnostics) -> Vec<Filling> {
    let mut found = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        for filling in &part.component.fillings {
            if let Some(when) = part.component.fills_when(&filling.slot) {
                match blueprint.engine.holds(&when.text, &as_value(&part.inputs)) {
                    Ok(true) => {}
                    Ok(false) => continue,
                    Err(reason) => {
                        problems.push(Diagnostic::error(format!("`when`: {reason}")).place(when.place.clone()));
                        continue;
                    }
                }
            }
            found.push(Filling {
                part: index,
                slot: filling.slot.clone(),
                name: filling.name.clone(),
                source: filling.source.clone(),
                component: part.component.clone(),
            });
        }
    }
    // One mistake in a condition is one, however many fillings it is about.
    problems.0.dedup();
    found
}

/// The names of a slot's fillings, each once, in the order of composition.
fn names(fillings: &[Filling], slot: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in fillings.iter().filter(|filling| filling.slot == slot).filter_map(|filling| filling.name.as_ref()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Works out the files that one source yields.
fn expand<'b>(
    blueprint: &Blueprint,
    part: &Active<'b>,
    index: usize,
    source: &'b Source,
    (decisions, fillings): (&Value, &[Filling]),
    files: &mut Vec<Planned<'b>>,
    problems: &mut Diagnostics,
) {
    let mut owner = part.component.owner;
    let mut mode = source.mode;
    let (mut when, mut each) = (None, None);
    let mut unless: &[Paths] = &[];
    for rule in part.component.rules.iter().filter(|rule| rule.applies_to(&source.path)) {
        owner = rule.owner.unwrap_or(owner);
        mode = rule.mode.unwrap_or(mode);
        when = rule.when.as_ref().or(when);
        each = rule.each.as_ref().or(each);
        if !rule.unless.is_empty() {
            unless = &rule.unless;
        }
    }
    let owner = source.owner.unwrap_or(owner);
    if let Some(when) = when {
        match blueprint.engine.holds(&when.text, &as_value(&part.inputs)) {
            Ok(true) => {}
            Ok(false) => return,
            Err(reason) => {
                problems.push(Diagnostic::error(format!("`when`: {reason}")).place(when.place.clone()));
                return;
            }
        }
    }
    let elements: Vec<Option<(String, Value)>> = match each {
        None => vec![None],
        Some((slot, name)) if part.component.slots.contains_key(slot) => {
            names(fillings, slot).into_iter().map(|value| Some((name.clone(), value.into()))).collect()
        }
        Some((list, name)) => {
            let values = if list == "decisions" { Some(decisions) } else { part.inputs.get(list) };
            match values.map(Value::try_iter) {
                Some(Ok(values)) => values.map(|value| Some((name.clone(), value))).collect(),
                _ => {
                    let message = format!(
                        "`each: {list}` names no slot of `{}`, and no list among its inputs",
                        part.component.name
                    );
                    problems.push(Diagnostic::error(message).place(Place::file(&part.component.file)));
                    return;
                }
            }
        }
    };
    for element in elements {
        match path(&source.path, &part.inputs, element.as_ref()) {
            Ok(path) => files.push(Planned { path, owner, mode, source, unless, part: index, element }),
            Err(reason) => problems.push(Diagnostic::error(reason).place(Place::file(&source.file))),
        }
    }
}

/// Puts values into a path: `overlays/{environment}/app.yaml`.
fn path(
    pattern: &str,
    inputs: &BTreeMap<String, Value>,
    element: Option<&(String, Value)>,
) -> Result<TreePath, String> {
    let mut path = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        let (name, after) = after.split_once('}').ok_or_else(|| format!("`{pattern}`: `{{` without `}}`"))?;
        let mut parts = name.split('.');
        let root = parts.next().unwrap_or_default();
        let mut value = match element {
            Some((key, value)) if key == root => Some(value.clone()),
            _ => inputs.get(root).cloned(),
        };
        for part in parts {
            value = value.and_then(|value| value.get_attr(part).ok()).filter(|value| !value.is_undefined());
        }
        let value = value.ok_or_else(|| format!("`{pattern}`: `{name}` is not defined"))?;
        if !matches!(value.kind(), ValueKind::String | ValueKind::Number) {
            return Err(format!("`{pattern}`: `{name}` is a {}; a path takes strings and numbers", value.kind()));
        }
        let text = value.to_string();
        if text.contains(['/', '\\']) || text == ".." || text.is_empty() {
            return Err(format!("`{pattern}`: `{name}` is `{text}`, and a value can't name folders"));
        }
        path.push_str(&text);
        rest = after;
    }
    path.push_str(rest);
    TreePath::new(&path).map_err(|error| error.to_string())
}

/// The files of the platform team as few patterns, in the form of CODEOWNERS: whole folders where all of it is theirs.
fn platform_paths(files: &[Planned]) -> Vec<String> {
    let mut mixed: BTreeSet<&str> = BTreeSet::new();
    for file in files.iter().filter(|file| file.owner != Owner::Platform) {
        mixed.extend(file.path.parents());
    }
    let mut patterns = BTreeSet::new();
    for file in files.iter().filter(|file| file.owner == Owner::Platform) {
        let folder = file.path.parents().find(|folder| !mixed.contains(folder));
        patterns.insert(folder.map_or_else(|| format!("/{}", file.path), |folder| format!("/{folder}/")));
    }
    patterns.into_iter().collect()
}

impl<'b> Plan<'b> {
    /// The component that brings a file.
    pub fn component(&self, file: &Planned) -> &'b Component {
        self.parts[file.part].component
    }

    /// The components that take part.
    pub fn components(&self) -> impl Iterator<Item = &'b Component> {
        self.parts.iter().map(|part| &**part.component)
    }

    /// What the templates of a part read, without what differs from file to file.
    fn context(&self, part: usize) -> Vec<(String, Value)> {
        let inputs = self.parts[part].inputs.iter().map(|(key, value)| (key.clone(), value.clone()));
        inputs.chain(self.reserved.iter().map(|(key, value)| ((*key).to_owned(), value.clone()))).collect()
    }
}

/// Renders all files of a plan.
///
/// # Errors
/// What is wrong in every template that fails, and every two files on one path.
pub fn render(plan: &Plan) -> Result<RenderedTree, Diagnostics> {
    let contexts: Arc<Vec<Vec<(String, Value)>>> =
        Arc::new((0..plan.parts.len()).map(|part| plan.context(part)).collect());
    let whole: Vec<Value> = contexts.iter().map(|context| template::map(context.iter().cloned())).collect();
    let opened: BTreeSet<&str> =
        plan.parts.iter().flat_map(|part| part.component.slots.keys()).map(String::as_str).collect();
    let rendered: Vec<Result<Vec<u8>, Diagnostic>> = plan
        .files
        .par_iter()
        .map(|file| {
            let text = match &file.source.content {
                Content::Verbatim(bytes) => return Ok(bytes.clone()),
                Content::Template(text) => text,
            };
            let component = plan.parts[file.part].component;
            let slots = opens_slots(component, text);
            let context = if slots || file.element.is_some() {
                let mut context = contexts[file.part].clone();
                context.extend(file.element.clone());
                if slots {
                    let filler = Filler {
                        host: component.clone(),
                        element: file.element.clone(),
                        contexts: contexts.clone(),
                        fillings: plan.fillings.clone(),
                        varying: None,
                        within: Vec::new(),
                    };
                    context.extend(filler.functions());
                }
                template::map(context)
            } else {
                whole[file.part].clone()
            };
            component.engine.render(&file.source.file, text, &context).map(String::into_bytes)
        })
        .collect();
    let mut problems = Diagnostics::new();
    for filling in plan.fillings.iter().filter(|filling| !opened.contains(filling.slot.as_str())) {
        problems.push(
            Diagnostic::error(format!("nobody opens the slot `{}`", filling.slot))
                .place(Place::file(&filling.source.file))
                .hint("add a component that opens it, or remove the filling"),
        );
    }
    let mut output = RenderedTree::default();
    for (file, bytes) in plan.files.iter().zip(rendered) {
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        if let Err(error) = output.tree.insert(file.path.clone(), File { bytes, mode: file.mode }) {
            let other = plan.files.iter().find(|other| other.path == file.path && other.part != file.part);
            let mut problem = Diagnostic::error(error.to_string()).place(Place::file(&file.source.file));
            if let Some(other) = other {
                problem = problem.hint(format!("`{}` emits that path too", other.source.file));
            }
            problems.push(problem);
            continue;
        }
        let component = plan.component(file).name.clone();
        let unless = file.unless.to_vec();
        output.provenance.insert(file.path.clone(), Provenance { owner: file.owner, component, unless });
    }
    // One mistake in a filling fails in every file that opens its slot.
    problems.0.dedup();
    problems.into_result(output)
}

/// One component's part in a slot.
#[derive(Debug)]
struct Filling {
    part: usize,
    slot: String,
    name: Option<String>,
    source: Source,
    component: Arc<Component>,
}

/// Whether a template of a component opens slots.
fn opens_slots(component: &Component, text: &str) -> bool {
    !component.slots.is_empty() && ["slot(", "slot_lines(", "slot_names("].iter().any(|call| text.contains(call))
}

/// Fills the slots that one template opens.
#[derive(Clone)]
struct Filler {
    /// The component whose template it is.
    host: Arc<Component>,
    /// What the file is made for.
    element: Option<(String, Value)>,
    contexts: Arc<Vec<Vec<(String, Value)>>>,
    fillings: Arc<Vec<Filling>>,
    /// How values that vary are written.
    varying: Option<String>,
    /// The slots that the template is a filling of, from the outermost on.
    within: Vec<String>,
}

impl Filler {
    /// What a template needs to open slots.
    fn functions(self) -> [(String, Value); 3] {
        let slots: Slots = Arc::new(self);
        [
            ("slot".to_owned(), template::slot_function(slots.clone())),
            ("slot_lines".to_owned(), template::slot_lines_function(slots.clone())),
            ("slot_names".to_owned(), template::slot_names_function(slots)),
        ]
    }

    fn declared(&self, slot: &str) -> Result<(), Diagnostic> {
        if self.host.slots.contains_key(slot) {
            return Ok(());
        }
        let known = self.host.slots.keys().map(String::as_str);
        Err(Diagnostic::error(format!("component `{}` declares no slot `{slot}`", self.host.name))
            .maybe_hint(crate::diag::did_you_mean(slot, known)))
    }
}

impl Fill for Filler {
    fn fill(&self, ask: Ask) -> Result<Vec<String>, Diagnostic> {
        self.declared(ask.slot)?;
        let mut within = self.within.clone();
        if within.iter().any(|slot| slot == ask.slot) {
            return Err(Diagnostic::error(format!("the slot `{}` is opened within its own filling", ask.slot)));
        }
        within.push(ask.slot.to_owned());
        let varying = ask.varying.map(str::to_owned).or_else(|| self.varying.clone());
        let wanted = |filling: &&Filling| {
            filling.slot == ask.slot && ask.only.is_none_or(|only| filling.name.as_deref() == Some(only))
        };
        let mut texts = Vec::new();
        for filling in self.fillings.iter().filter(wanted) {
            let Content::Template(text) = &filling.source.content else {
                continue;
            };
            let mut context = self.contexts[filling.part].clone();
            context.extend(self.element.clone());
            context.push(("varies".to_owned(), template::varies_function(varying.clone())));
            if opens_slots(&filling.component, text) {
                let filler = Filler {
                    host: filling.component.clone(),
                    varying: varying.clone(),
                    within: within.clone(),
                    ..self.clone()
                };
                context.extend(filler.functions());
            }
            texts.push(filling.component.engine.render(&filling.source.file, text, &template::map(context))?);
        }
        Ok(texts)
    }

    fn names(&self, slot: &str) -> Result<Vec<String>, Diagnostic> {
        self.declared(slot)?;
        Ok(names(&self.fillings, slot))
    }
}
