//! Components: building blocks of blueprints, each a manifest beside the files and slot fillings it brings.

use std::collections::BTreeMap;

use globset::{GlobBuilder, GlobMatcher};
use minijinja::value::Value;

use super::guess::{self, Paths};
use super::manifest::{Expression, Field, Reader, declared_name, is_name, optional, required};
use super::question::{self, QuestionType, TYPES};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::template::Engine;
use crate::tree::{Mode, Tree, TreePath};
use crate::yaml;

/// Who maintains an emitted file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// The platform team: the file must stay as it was emitted.
    Platform,
    /// Both: the team's edits are merged with newer blueprints.
    #[default]
    Shared,
    /// The team: the file is seeded once and then theirs.
    Team,
}

/// The words that stand for owners.
pub const OWNERS: [(&str, Owner); 3] =
    [("platform", Owner::Platform), ("shared", Owner::Shared), ("team", Owner::Team)];

impl Owner {
    /// The word that stands for it.
    pub fn word(self) -> &'static str {
        OWNERS.iter().find(|(_, owner)| *owner == self).map_or("", |(word, _)| word)
    }
}

/// What a component says about those of its files that match a pattern. Later rules win over earlier ones.
#[derive(Clone, Debug)]
pub struct FileRule {
    pattern: GlobMatcher,
    /// The pattern as written.
    pub glob: String,
    /// Where it stands.
    pub place: Place,
    /// Who maintains the files.
    pub owner: Option<Owner>,
    /// Whether they can be run.
    pub mode: Option<Mode>,
    /// When they are emitted at all.
    pub when: Option<Expression>,
    /// The list that yields one file for each of its elements, and the element's name in templates and paths.
    pub each: Option<(String, String)>,
    /// Files of a repository that take the place of these when it is adopted.
    pub unless: Vec<Paths>,
}

impl FileRule {
    /// Whether a path is meant.
    pub fn applies_to(&self, path: &str) -> bool {
        self.pattern.is_match(path)
    }
}

/// What a file is made from.
#[derive(Clone, Debug)]
pub enum Content {
    /// Rendered.
    Template(String),
    /// Copied byte for byte.
    Verbatim(Vec<u8>),
}

/// A file that a component brings.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where it was read, for messages.
    pub file: String,
    /// The path that it is emitted at, with `{name}` for values.
    pub path: String,
    /// What it is made from.
    pub content: Content,
    /// Whether it can be run, unless a rule says otherwise.
    pub mode: Mode,
    /// Who maintains it, where that is not up to the component.
    pub owner: Option<Owner>,
}

/// A constant that a component tells the others, so that none of them has to ask which component it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// One line or more of text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Bool(bool),
    /// Texts in their order.
    List(Vec<String>),
}

impl Fact {
    /// The type of an input that can take it.
    pub fn kind(&self) -> QuestionType {
        match self {
            Fact::Text(_) => QuestionType::String,
            Fact::Integer(_) => QuestionType::Integer,
            Fact::Bool(_) => QuestionType::Bool,
            Fact::List(_) => QuestionType::List,
        }
    }

    /// What templates see.
    pub fn value(&self) -> Value {
        match self {
            Fact::Text(text) => text.as_str().into(),
            Fact::Integer(number) => (*number).into(),
            Fact::Bool(bool) => (*bool).into(),
            Fact::List(items) => items.iter().map(String::as_str).collect(),
        }
    }

    fn read(reader: &mut Reader, key: &yaml::Key, node: &yaml::Node) -> Option<Fact> {
        match &node.kind {
            yaml::Kind::Str(text) => Some(Fact::Text(text.clone())),
            yaml::Kind::Int(number) => Some(Fact::Integer(*number)),
            yaml::Kind::Bool(bool) => Some(Fact::Bool(*bool)),
            yaml::Kind::Seq(items) => {
                let what = format!("an item of fact `{}`", key.text);
                items.iter().map(|item| reader.text(item, &what)).collect::<Option<Vec<_>>>().map(Fact::List)
            }
            _ => {
                let expected = format!("fact `{}` is a text, a number, `true`, `false` or a list of texts", key.text);
                reader.report(node.span, format!("{expected}, not {}", node.describe()), None);
                None
            }
        }
    }
}

/// A text that a component fills into a slot.
#[derive(Clone, Debug)]
pub struct Filling {
    /// The slot.
    pub slot: String,
    /// Its name, where the slot's fillings have names.
    pub name: Option<String>,
    /// What it is made from.
    pub source: Source,
}

/// What a component says about those of its fillings whose slot matches a pattern. Later rules win over earlier ones.
#[derive(Clone, Debug)]
pub struct FillingRule {
    pattern: GlobMatcher,
    /// The pattern as written.
    pub glob: String,
    /// Where it stands.
    pub place: Place,
    /// When they are filled in at all.
    pub when: Option<Expression>,
}

impl FillingRule {
    /// Whether a slot is meant.
    pub fn applies_to(&self, slot: &str) -> bool {
        self.pattern.is_match(slot)
    }
}

/// A building block of blueprints.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name: `ci/github-actions`.
    pub name: String,
    /// What it brings, in one line.
    pub summary: String,
    /// The names that its templates may read, with their types and the places they are declared at.
    pub inputs: BTreeMap<String, (QuestionType, Place)>,
    /// What it tells the other components of a blueprint: constants that they read as inputs.
    pub facts: BTreeMap<String, (Fact, Place)>,
    /// The slots that its files open, and what each is for.
    pub slots: BTreeMap<String, String>,
    /// Who maintains its files, unless a rule says otherwise.
    pub owner: Owner,
    /// What its manifest says about its files.
    pub rules: Vec<FileRule>,
    /// Its files.
    pub files: Vec<Source>,
    /// What it fills into slots, in the order of their names.
    pub fillings: Vec<Filling>,
    /// What its manifest says about its fillings.
    pub filling_rules: Vec<FillingRule>,
    /// The areas of the guardrail library that it brings into the repository.
    pub guardrails: Vec<String>,
    /// Renders its templates.
    pub engine: Engine,
    /// Its manifest, for messages.
    pub file: String,
}

impl Component {
    /// The condition on which it fills a slot, where there is one.
    pub fn fills_when(&self, slot: &str) -> Option<&Expression> {
        self.filling_rules.iter().filter(|rule| rule.applies_to(slot)).filter_map(|rule| rule.when.as_ref()).next_back()
    }
}

/// The fields of `component.yaml`.
pub const FIELDS: [Field; 8] = [
    required("summary", "text", "what the component brings, in one line"),
    optional("owner", "owner", "who maintains its files: `platform`, `shared` (the default) or `team`"),
    optional("inputs", "map of name to type", "the names that its templates, paths and conditions read"),
    optional("facts", "map of name to constant", "what it tells the other components, which read it as an input"),
    optional("slots", "map of name to text", "the slots that its files open, and what each is for"),
    optional("files", "map of pattern to rule", "what holds for some of its files; later rules win"),
    optional("fillings", "map of pattern to rule", "what holds for fillings of some slots; later rules win"),
    optional("guardrails", "list of names", "areas of the guardrail library to copy into `policy/rego/`"),
];

/// The fields of a rule about files.
pub const RULE_FIELDS: [Field; 6] = [
    optional("owner", "owner", "who maintains the files: `platform`, `shared` or `team`"),
    optional("mode", "mode", "`executable` or `regular`; left out, a file that starts with `#!` is executable"),
    optional("when", "expression", "the files are emitted only where this holds"),
    optional("each", "name", "a list, or a slot: one file is emitted for each element, or for each name of a filling"),
    optional("as", "name", "what the element is called in the path (`{name}`) and the template"),
    optional(
        "unless",
        "list of patterns of paths",
        "`goldpath adopt` seeds none of these files where the repository has such a file; not for the platform's",
    ),
];

/// The fields of a rule about fillings.
pub const FILLING_RULE_FIELDS: [Field; 1] =
    [optional("when", "expression", "the slots are filled only where this holds")];

const SUFFIX: &str = ".jinja";

/// Reads the component in a folder of a tree.
///
/// `prefix` is what messages put before paths of the tree.
pub(super) fn read(
    name: &str,
    folder: &str,
    tree: &Tree,
    prefix: &str,
    engine: &Engine,
    policies: &[(&str, &Tree)],
) -> Result<Component, Diagnostics> {
    let manifest = format!("{folder}/component.yaml");
    let file = format!("{prefix}{manifest}");
    let Some(source) = tree.get(&manifest) else {
        return Err(Diagnostic::error("the component has no `component.yaml`").place(Place::file(file)).into());
    };
    let source = text(&source.bytes, &file)?;
    let node = yaml::parse_one(&source, &file)?;
    let mut reader = Reader::new(&file, &source);
    let mut component = Component {
        name: name.to_owned(),
        summary: String::new(),
        inputs: BTreeMap::new(),
        facts: BTreeMap::new(),
        slots: BTreeMap::new(),
        owner: Owner::default(),
        rules: Vec::new(),
        files: Vec::new(),
        fillings: Vec::new(),
        filling_rules: Vec::new(),
        guardrails: Vec::new(),
        engine: engine.clone(),
        file: file.clone(),
    };
    if let Some(map) = reader.map(&node, "the component", &FIELDS) {
        component.summary = reader.text(map.require("summary"), "`summary`").unwrap_or_default();
        if let Some(node) = map.get("owner") {
            component.owner = reader.word(node, "`owner`", &OWNERS).unwrap_or_default();
        }
        for (key, node) in map.get("inputs").map(|n| reader.entries(n, "`inputs`")).unwrap_or_default() {
            declared_name(&mut reader, &key.text, key.span, "an input");
            if let Some(kind) = reader.word(node, &format!("the type of input `{}`", key.text), &TYPES) {
                component.inputs.insert(key.text.clone(), (kind, reader.place(key.span)));
            }
        }
        for (key, node) in map.get("facts").map(|n| reader.entries(n, "`facts`")).unwrap_or_default() {
            declared_name(&mut reader, &key.text, key.span, "a fact");
            if let Some(fact) = Fact::read(&mut reader, key, node) {
                component.facts.insert(key.text.clone(), (fact, reader.place(key.span)));
            }
        }
        for (key, node) in map.get("slots").map(|n| reader.entries(n, "`slots`")).unwrap_or_default() {
            if let Some(about) = reader.text(node, &format!("slot `{}`", key.text)) {
                component.slots.insert(key.text.clone(), about);
            }
        }
        for (key, node) in map.get("files").map(|n| reader.entries(n, "`files`")).unwrap_or_default() {
            if let Some(rule) = rule(&mut reader, engine, key, node) {
                component.rules.push(rule);
            }
        }
        for (key, node) in map.get("fillings").map(|n| reader.entries(n, "`fillings`")).unwrap_or_default() {
            if let Some(rule) = filling_rule(&mut reader, engine, key, node) {
                component.filling_rules.push(rule);
            }
        }
        if let Some(node) = map.get("guardrails") {
            guardrails(&mut reader, node, policies, &mut component);
        }
    }
    let mut problems = reader.problems;
    problems.extend(files(&mut component, folder, tree, prefix));
    for rule in &component.rules {
        if !component.files.iter().any(|file| rule.applies_to(&file.path)) {
            let problem = Diagnostic::error(format!("no file of the component matches `{}`", rule.glob));
            problems
                .push(problem.place(rule.place.clone()).hint("patterns are of paths under `files/`, without `.jinja`"));
        }
    }
    for rule in &component.filling_rules {
        if !component.fillings.iter().any(|filling| rule.applies_to(&filling.slot)) {
            let problem = Diagnostic::error(format!("the component fills no slot that matches `{}`", rule.glob));
            problems.push(problem.place(rule.place.clone()).hint("patterns are of names of slots: `overlay.*`"));
        }
    }
    problems.into_result(component)
}

fn text(bytes: &[u8], file: &str) -> Result<String, Diagnostics> {
    std::str::from_utf8(bytes)
        .map(str::to_owned)
        .map_err(|_| Diagnostic::error("the file is not UTF-8").place(Place::file(file)).into())
}

fn rule(reader: &mut Reader, engine: &Engine, key: &yaml::Key, node: &yaml::Node) -> Option<FileRule> {
    let map = reader.map(node, &format!("the rule `{}`", key.text), &RULE_FIELDS)?;
    let pattern = pattern(reader, key)?;
    let each = match (map.get("each"), map.get("as")) {
        (None, None) => None,
        (Some(list), Some(name)) => {
            let (list_text, name_text) = (reader.text(list, "`each`")?, reader.text(name, "`as`")?);
            if !list_text.split('.').all(is_name) {
                reader.report(list.span, format!("`each` takes the name of a list, not `{list_text}`"), None);
            }
            if name_text != "decision" {
                declared_name(reader, &name_text, name.span, "an element");
            }
            Some((list_text, name_text))
        }
        (Some(each), None) => {
            reader.report(each.span, "`each` needs `as`", Some("add `as: <name of one element>`".to_owned()));
            None
        }
        (None, Some(name)) => {
            reader.report(name.span, "`as` needs `each`", Some("add `each: <name of a list>`".to_owned()));
            None
        }
    };
    let mut unless = Vec::new();
    for node in map.get("unless").map(|node| reader.items(node, "`unless`")).unwrap_or_default() {
        unless.extend(guess::paths(reader, node, "`unless`"));
    }
    let owner = map.get("owner").and_then(|node| reader.word(node, "`owner`", &OWNERS));
    if let (Some(node), Some(Owner::Platform)) = (map.get("unless"), owner) {
        let hint = "remove `unless`, or make the files `shared`".to_owned();
        reader.report(node.span, "a file of the platform's must be there, whatever the repository has", Some(hint));
    }
    let modes = [("executable", Mode::Executable), ("regular", Mode::Regular)];
    Some(FileRule {
        pattern,
        glob: key.text.clone(),
        place: reader.place(key.span),
        owner,
        mode: map.get("mode").and_then(|node| reader.word(node, "`mode`", &modes)),
        when: map.get("when").and_then(|node| question::expression(reader, engine, node, "`when`")),
        each,
        unless,
    })
}

/// The pattern that a rule is about. Braces mean values in our paths, where globs would read alternatives.
fn pattern(reader: &mut Reader, key: &yaml::Key) -> Option<GlobMatcher> {
    let escaped = key.text.replace('{', "[{]").replace('}', "[}]");
    match GlobBuilder::new(&escaped).literal_separator(true).build() {
        Ok(glob) => Some(glob.compile_matcher()),
        Err(error) => {
            reader.report(key.span, format!("`{}` is no pattern: {}", key.text, error.kind()), None);
            None
        }
    }
}

fn filling_rule(reader: &mut Reader, engine: &Engine, key: &yaml::Key, node: &yaml::Node) -> Option<FillingRule> {
    let map = reader.map(node, &format!("the rule `{}`", key.text), &FILLING_RULE_FIELDS)?;
    Some(FillingRule {
        pattern: pattern(reader, key)?,
        glob: key.text.clone(),
        place: reader.place(key.span),
        when: map.get("when").and_then(|node| question::expression(reader, engine, node, "`when`")),
    })
}

/// Brings areas of the guardrail library into the component, as files of the platform team.
fn guardrails(reader: &mut Reader, node: &yaml::Node, policies: &[(&str, &Tree)], component: &mut Component) {
    for item in reader.items(node, "`guardrails`") {
        let Some(area) = reader.text(item, "a guardrail area") else {
            continue;
        };
        let start = format!("policies/{area}/");
        let mut found = BTreeMap::new();
        for (prefix, tree) in policies {
            for (path, file) in tree.iter().filter(|(path, _)| path.as_str().starts_with(&start)) {
                found.insert(format!("policy/rego/{area}/{}", &path.as_str()[start.len()..]), (*prefix, path, file));
            }
        }
        if found.is_empty() {
            reader.report(item.span, format!("the guardrail library has no area `{area}`"), None);
        }
        for (path, (prefix, from, file)) in found {
            component.files.push(Source {
                file: format!("{prefix}{from}"),
                path,
                content: Content::Verbatim(file.bytes.clone()),
                mode: file.mode,
                owner: Some(Owner::Platform),
            });
        }
        component.guardrails.push(area);
    }
}

fn files(component: &mut Component, folder: &str, tree: &Tree, prefix: &str) -> Diagnostics {
    let mut problems = Diagnostics::new();
    let start = format!("{folder}/");
    for (path, file) in tree.iter() {
        let Some(rest) = path.as_str().strip_prefix(&start) else {
            continue;
        };
        let name = format!("{prefix}{path}");
        if let Some(rest) = rest.strip_prefix("files/") {
            match source(rest, &name, file) {
                Ok(source) => component.files.push(source),
                Err(problem) => problems.extend(problem),
            }
        } else if let Some(rest) = rest.strip_prefix("slots/") {
            let Some(slot) = rest.strip_suffix(SUFFIX) else {
                problems.push(
                    Diagnostic::error("a slot's filling is a template: its name ends in `.jinja`")
                        .place(Place::file(name)),
                );
                continue;
            };
            let (slot, named) = slot.split_once('/').map_or((slot, None), |(slot, name)| (slot, Some(name)));
            if named.is_some_and(|named| named.contains('/')) {
                let problem = Diagnostic::error("a filling's name can't have folders").place(Place::file(name));
                problems.push(problem.hint(format!("put it into `slots/{slot}/`")));
                continue;
            }
            match source(rest, &name, file) {
                Ok(source) => {
                    component.fillings.push(Filling { slot: slot.to_owned(), name: named.map(str::to_owned), source })
                }
                Err(problem) => problems.extend(problem),
            }
        }
    }
    problems
}

fn source(path: &str, name: &str, file: &crate::tree::File) -> Result<Source, Diagnostics> {
    let executable = file.mode == Mode::Executable || file.bytes.starts_with(b"#!");
    let (path, content) = match path.strip_suffix(SUFFIX) {
        Some(path) => (path, Content::Template(text(&file.bytes, name)?)),
        None => (path, Content::Verbatim(file.bytes.clone())),
    };
    // The real path is checked once its values are known; this finds what no value can mend.
    TreePath::new(&path.replace(['{', '}'], "_"))
        .map_err(|error| Diagnostic::error(error.to_string()).place(Place::file(name)))?;
    Ok(Source {
        file: name.to_owned(),
        path: path.to_owned(),
        content,
        mode: if executable { Mode::Executable } else { Mode::Regular },
        owner: None,
    })
}
