//! Questions: what a blueprint asks, and what it accepts as an answer.

use regex::Regex;

use super::guess::{self, Guess};
use super::manifest::{Expression, Field, Reader, declared_name, optional, required};
use crate::template::Engine;
use crate::yaml::{Kind as YamlKind, Node};

/// What kind of answer a question takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum QuestionType {
    /// One line of text.
    String,
    /// Yes or no.
    Bool,
    /// A whole number.
    Integer,
    /// One of the choices.
    Choice,
    /// Any number of the choices.
    Choices,
    /// Any number of texts.
    List,
}

/// The words that stand for the types in manifests.
pub const TYPES: [(&str, QuestionType); 6] = [
    ("string", QuestionType::String),
    ("bool", QuestionType::Bool),
    ("integer", QuestionType::Integer),
    ("choice", QuestionType::Choice),
    ("choices", QuestionType::Choices),
    ("list", QuestionType::List),
];

impl QuestionType {
    /// The word that stands for it in manifests.
    pub fn word(self) -> &'static str {
        TYPES.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}

/// One answer that a `choice` or `choices` question offers.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Choice {
    /// What templates see.
    pub value: String,
    /// What people see.
    pub label: String,
    /// What it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A demand on an answer.
#[derive(Clone, Debug)]
pub struct Validation {
    /// How it is checked.
    pub check: Check,
    /// What to tell somebody whose answer fails it; says what to use instead.
    pub message: String,
}

/// How a [`Validation`] is checked.
#[derive(Clone, Debug)]
pub enum Check {
    /// The text has to match.
    Pattern(Regex),
    /// The expression over `value` and earlier answers has to hold.
    Expression(Expression),
}

/// One question of a blueprint.
#[derive(Clone, Debug)]
pub struct Question {
    /// The name that the answer has in templates and options.
    pub key: String,
    /// What kind of answer it takes.
    pub kind: QuestionType,
    /// The question as a person reads it.
    pub ask: String,
    /// A sentence or two for somebody who doesn't know what to answer.
    pub help: Option<String>,
    /// What is answered where nobody answers.
    pub default: Option<Expression>,
    /// When it is asked at all.
    pub when: Option<Expression>,
    /// What an answer has to satisfy.
    pub validate: Vec<Validation>,
    /// What each item of a list has to satisfy.
    pub items: Vec<Validation>,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// The trade-off that the answer settles.
    pub decision: Option<String>,
    /// Where the answer may stand in a repository that is there already.
    pub guess: Vec<Guess>,
    /// Where it stands.
    pub place: crate::diag::Place,
}

/// The fields of a question.
pub const FIELDS: [Field; 12] = [
    required("key", "name", "the answer's name in templates, `--set` and answer files"),
    required("type", "type", "`string`, `bool`, `integer`, `choice`, `choices` or `list`"),
    required("ask", "text", "the question as a person reads it"),
    optional("help", "text", "a sentence or two for somebody who doesn't know what to answer"),
    optional("default", "expression", "the answer where nobody gives one; may use earlier answers and `destination`"),
    optional("when", "expression", "the question is asked only where this holds; may use earlier answers"),
    optional("validate", "list of validations", "what an answer has to satisfy"),
    optional("items", "list of validations", "what each item of a `list` has to satisfy"),
    optional("choices", "list of choices", "what can be chosen; needed by `choice` and `choices`"),
    optional("decision", "name", "the file in `decisions/` with the trade-off that the answer settles"),
    optional("after", "name", "the question of the base behind which it is asked; without it, behind all of them"),
    optional("guess", "list of guesses", "where `goldpath adopt` finds the answer; the first that fits is suggested"),
];

/// The fields of a validation.
pub const VALIDATION_FIELDS: [Field; 3] = [
    optional("pattern", "regular expression", "the text has to match it"),
    optional("check", "expression", "has to hold; `value` is the answer, earlier answers have their names"),
    required("message", "text", "what to use instead, for somebody whose answer fails"),
];

/// The fields of a choice that is more than a word.
pub const CHOICE_FIELDS: [Field; 3] = [
    required("value", "text", "what templates see"),
    optional("label", "text", "what people see"),
    optional("help", "text", "what it means"),
];

pub(super) fn read(reader: &mut Reader, engine: &Engine, node: &Node) -> Option<Question> {
    let map = reader.map(node, "the question", &FIELDS)?;
    let key_node = map.require("key");
    let key = reader.text(key_node, "`key`")?;
    declared_name(reader, &key, key_node.span, "a question");
    let what = |field: &str| format!("`{field}` of question `{key}`");
    let kind = reader.word(map.require("type"), &what("type"), &TYPES)?;
    let ask = reader.text(map.require("ask"), &what("ask"));
    let help = map.get("help").and_then(|n| reader.text(n, &what("help")));
    let default = map.get("default").and_then(|n| expression(reader, engine, n, &what("default")));
    let when = map.get("when").and_then(|n| expression(reader, engine, n, &what("when")));
    let validate = validations(reader, engine, map.get("validate"), &what("validate"));
    let items = validations(reader, engine, map.get("items"), &what("items"));
    if let (Some(items), true) = (map.get("items"), kind != QuestionType::List) {
        reader.report(items.span, format!("question `{key}` has no items: it is a `{}`", kind.word()), None);
    }
    let choices = map.get("choices").map(|n| choices(reader, n, &key)).unwrap_or_default();
    let chooses = matches!(kind, QuestionType::Choice | QuestionType::Choices);
    if chooses && choices.is_empty() {
        let at = map.get("choices").map_or(node.span, |n| n.span);
        reader.report(
            at,
            format!("question `{key}` has nothing to choose from"),
            Some("add `choices: [a, b]`".to_owned()),
        );
    }
    if let (false, Some(n)) = (chooses, map.get("choices")) {
        let hint = "use `type: choice`, or remove the choices".to_owned();
        reader.report(n.span, format!("question `{key}` takes no choices: it is a `{}`", kind.word()), Some(hint));
    }
    let decision = map.get("decision").and_then(|n| reader.text(n, &what("decision")));
    if let (Some(n), true) = (map.get("decision"), kind != QuestionType::Choice) {
        reader.report(n.span, format!("question `{key}` settles no decision: it is a `{}`", kind.word()), None);
    }
    let guess = map.get("guess").map(|n| guess::read(reader, n, &key, kind, &choices)).unwrap_or_default();
    let place = reader.place(key_node.span);
    Some(Question { key, kind, ask: ask?, help, default, when, validate, items, choices, decision, guess, place })
}

/// An expression, checked to be one.
pub(super) fn expression(reader: &mut Reader, engine: &Engine, node: &Node, what: &str) -> Option<Expression> {
    let expression = reader.expression(node, what)?;
    if let Err(problem) = engine.names_in_expression(&expression.text) {
        reader.report(node.span, format!("{what} is no expression: {problem}"), None);
        return None;
    }
    Some(expression)
}

fn validations(reader: &mut Reader, engine: &Engine, node: Option<&Node>, what: &str) -> Vec<Validation> {
    let Some(node) = node else { return Vec::new() };
    let mut found = Vec::new();
    for item in reader.items(node, what) {
        let Some(map) = reader.map(item, "the validation", &VALIDATION_FIELDS) else {
            continue;
        };
        let message = reader.text(map.require("message"), "`message`");
        let check = match (map.get("pattern"), map.get("check")) {
            (Some(pattern), None) => guess::expression(reader, pattern, "`pattern`").map(Check::Pattern),
            (None, Some(check)) => expression(reader, engine, check, "`check`").map(Check::Expression),
            _ => {
                reader.report(item.span, "the validation needs either `pattern` or `check`", None);
                None
            }
        };
        if let (Some(check), Some(message)) = (check, message) {
            found.push(Validation { check, message });
        }
    }
    found
}

fn choices(reader: &mut Reader, node: &Node, key: &str) -> Vec<Choice> {
    let mut found: Vec<Choice> = Vec::new();
    for item in reader.items(node, &format!("`choices` of question `{key}`")) {
        let choice = if matches!(item.kind, YamlKind::Map(_)) {
            let Some(map) = reader.map(item, "the choice", &CHOICE_FIELDS) else {
                continue;
            };
            let Some(value) = reader.text(map.require("value"), "`value`") else {
                continue;
            };
            let label = map.get("label").and_then(|n| reader.text(n, "`label`"));
            let help = map.get("help").and_then(|n| reader.text(n, "`help`"));
            Choice { label: label.unwrap_or_else(|| value.clone()), value, help }
        } else {
            let Some(value) = reader.text(item, "a choice") else {
                continue;
            };
            Choice { label: value.clone(), value, help: None }
        };
        if found.iter().any(|other| other.value == choice.value) {
            reader.report(item.span, format!("`{}` can be chosen twice", choice.value), None);
        }
        found.push(choice);
    }
    found
}
