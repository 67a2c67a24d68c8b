//! Answers: typed, validated, and taken from the first source that has one.
//!
//! Sources in order: `--set`, `--answers`, `GOLDPATH_ANSWER_<KEY>`, the prompt, what was found in a repository that is
//! being adopted, the user's configuration, the blueprint's default. [`resolve`] is a pure function of the blueprint and
//! what was given: prompting means calling it again with one more answer, and so does changing an answer on the review
//! screen.

use std::collections::BTreeMap;
use std::fmt;

use minijinja::value::{Value, ValueKind};

use crate::blueprint::question::{Check, Validation};
use crate::blueprint::{Blueprint, Expression, Question, QuestionType};
use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};
use crate::template::{self, Engine, has_reserved};
use crate::yaml::{Kind, Node};

/// A typed answer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A text, or the value of a choice.
    Text(String),
    /// Texts, or the values of choices.
    List(Vec<String>),
}

impl Answer {
    /// The answer as templates and expressions see it.
    pub fn value(&self) -> Value {
        match self {
            Answer::Bool(value) => Value::from(*value),
            Answer::Integer(value) => Value::from(*value),
            Answer::Text(text) => Value::from(text.as_str()),
            Answer::List(items) => items.iter().map(|item| Value::from(item.as_str())).collect(),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Bool(value) => f.write_str(if *value { "yes" } else { "no" }),
            Answer::Integer(value) => value.fmt(f),
            Answer::Text(text) => f.write_str(text),
            Answer::List(items) => f.write_str(&items.join(", ")),
        }
    }
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// `--set key=value`.
    Set,
    /// A file of `--answers`.
    Answers,
    /// `GOLDPATH_ANSWER_<KEY>`.
    Environment,
    /// A person, at the prompt.
    Prompt,
    /// It was found in the repository.
    Guess,
    /// The user's `config.yaml`.
    Config,
    /// The blueprint.
    Default,
    /// There was only one choice.
    Only,
}

/// The environment variable prefix of answers.
pub const VARIABLE: &str = "GOLDPATH_ANSWER_";

/// Longest text that is taken for an answer by itself, in bytes.
const CANDIDATE_LIMIT: usize = 1024;

/// Answers as they were given, before anybody looked at their types.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--set`: keys and texts.
    pub set: Vec<(String, String)>,
    /// `--answers`: files with their keys and values, the last of which wins.
    pub files: Vec<(String, Node)>,
    /// Environment: keys in lower case, and texts.
    pub environment: Vec<(String, String)>,
    /// The user's configuration: its path and its `answers`.
    pub config: Option<(String, Node)>,
    /// What was found in the repository that is being adopted: for each question what may be its answer, the most
    /// telling first.
    pub guesses: BTreeMap<String, Vec<Candidate>>,
}

/// What may be the answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The texts that were found, of which questions that are no lists take the first; or what else was there.
    pub found: Result<Vec<String>, String>,
    /// Where.
    pub place: Place,
}

/// What became of a [`Candidate`].
#[derive(Clone, Debug)]
pub struct Guessed {
    /// The question's key.
    pub key: String,
    /// What was found, as text.
    pub text: String,
    /// Where.
    pub place: Place,
    /// Why it is no answer; nothing where it is one.
    pub refused: Option<Wrong>,
}

impl Given {
    /// Takes away what was given for a question, other than by the configuration.
    pub fn forget(&mut self, key: &str) {
        self.set.retain(|(k, _)| k != key);
        self.environment.retain(|(k, _)| k != key);
        for (_, node) in &mut self.files {
            if let Kind::Map(entries) = &mut node.kind {
                entries.retain(|(k, _)| k.text != key);
            }
        }
    }
}

/// What a person said at the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// They took the default, and take it again if it changes.
    Default,
    /// They gave an answer of their own.
    Answer(Answer),
}

/// An answer with its question and origin.
#[derive(Clone, Debug)]
pub struct Answered<'b> {
    /// The question.
    pub question: &'b Question,
    /// The answer.
    pub answer: Answer,
    /// Where it comes from.
    pub origin: Origin,
}

/// A question that nobody has answered yet.
#[derive(Clone, Debug)]
pub struct Open<'b> {
    /// The question.
    pub question: &'b Question,
    /// What is suggested: the user's configuration or the blueprint's default.
    pub default: Option<Answer>,
    /// Why the blueprint's default, which follows from other answers, does not do.
    pub refused: Option<Wrong>,
    /// Whether the default waits for the answer to another open question.
    pub waits: bool,
    /// Where what is suggested was found in the repository.
    pub found: Option<Place>,
}

/// What came of the answers that were given.
#[derive(Clone, Debug)]
pub struct Resolution<'b> {
    /// The answers, in the order of the questions.
    pub answers: Vec<Answered<'b>>,
    /// The questions that still have to be asked. Those after the first are only known as far as they don't depend on
    /// it.
    pub open: Vec<Open<'b>>,
    /// Answers that were given for questions that are not asked.
    pub warnings: Diagnostics,
    /// What was found for questions that nobody answered, up to the first that fits.
    pub guessed: Vec<Guessed>,
    /// The folder that is written to, where it is known: expressions may use its name.
    destination: Option<String>,
}

/// What to do with questions that nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Take the default; only those without one stay open.
    TakeDefaults,
    /// Take what was found in the repository, and leave the others open.
    TakeGuesses,
    /// Leave them open.
    LeaveOpen,
}

/// Answers a blueprint's questions from what was given.
///
/// `destination` is the name of the folder that is written to, as far as known.
///
/// # Errors
/// Every answer that is unknown, has the wrong type or fails a validation.
pub fn resolve<'b>(
    blueprint: &'b Blueprint,
    given: &Given,
    said: &BTreeMap<String, Said>,
    destination: Option<&str>,
    unanswered: Unanswered,
) -> Result<Resolution<'b>, Diagnostics> {
    let mut problems = unknown(blueprint, given);
    let mut resolution = Resolution {
        answers: Vec::new(),
        open: Vec::new(),
        warnings: Diagnostics::new(),
        guessed: Vec::new(),
        destination: destination.map(str::to_owned),
    };
    let mut context: BTreeMap<String, Value> = BTreeMap::new();
    context.insert("destination".to_owned(), destination.map_or(Value::from(()), Value::from));
    for question in &blueprint.questions {
        // What depends on an open question can't be told yet.
        let known = |expression: &Expression| {
            let names = blueprint.engine.names_in_expression(&expression.text).unwrap_or_default();
            !resolution
                .open
                .iter()
                .any(|open| names.iter().any(|name| name.split('.').next() == Some(open.question.key.as_str())))
        };
        let scope = Scope { engine: &blueprint.engine, context: &context, question };
        if let Some(when) = &question.when {
            if !known(when) {
                continue;
            }
            match blueprint.engine.holds(&when.text, &scope.value()) {
                Ok(true) => {}
                Ok(false) => {
                    not_asked(question, when, given, &mut resolution.warnings);
                    continue;
                }
                Err(reason) => {
                    problems.push(
                        Diagnostic::error(format!("`when` of `{}`: {reason}", question.key)).place(when.place.clone()),
                    );
                    continue;
                }
            }
        }
        let found = match scope.given(given, said.get(&question.key)) {
            Ok(found) => found,
            Err(more) => {
                problems.extend(more);
                // The answer is wrong, not missing: what follows is judged as far as it goes without it.
                resolution.open.push(Open { question, default: None, refused: None, waits: false, found: None });
                continue;
            }
        };
        // What fits can't be told before the answers are there that it is checked against.
        let checkable = question.validate.iter().chain(&question.items).all(|validation| match &validation.check {
            Check::Expression(expression) => known(expression),
            Check::Pattern(_) => true,
        });
        let (guess, guessed) = match given.guesses.get(&question.key).filter(|_| found.is_none() && checkable) {
            Some(candidates) => scope.first(candidates),
            None => (None, Vec::new()),
        };
        let default = || match &question.default {
            Some(default) if known(default) => scope.default(default, given),
            _ => Ok(match scope.config(given).transpose()? {
                Some(answer) => Found::Answer(answer, Origin::Config),
                None => Found::Nothing,
            }),
        };
        let answered = match (found, unanswered, said.get(&question.key)) {
            (Some(found), _, _) => Some(found),
            (None, _, _) if question.kind == QuestionType::Choice && question.choices.len() == 1 => {
                Some((Answer::Text(question.choices[0].value.clone()), Origin::Only))
            }
            (None, Unanswered::TakeDefaults | Unanswered::TakeGuesses, _) | (None, _, Some(Said::Default))
                if guess.is_some() =>
            {
                guess.clone().map(|(answer, _)| (answer, Origin::Guess))
            }
            (None, Unanswered::TakeDefaults, _) | (None, _, Some(Said::Default)) => match default() {
                Ok(Found::Answer(answer, origin)) => Some((answer, origin)),
                Ok(Found::Refused(_) | Found::Nothing) => None,
                Err(more) => {
                    problems.extend(more);
                    None
                }
            },
            (None, Unanswered::LeaveOpen | Unanswered::TakeGuesses, _) => None,
        };
        let waits = question.default.as_ref().is_some_and(|default| !known(default)) && guess.is_none();
        let suggested = if answered.is_none() && guess.is_none() { default() } else { Ok(Found::Nothing) };
        resolution.guessed.extend(guessed);
        match answered {
            Some((answer, origin)) => {
                context.insert(question.key.clone(), answer.value());
                resolution.answers.push(Answered { question, answer, origin });
            }
            None => {
                let (default, refused, found) = match (guess, suggested) {
                    (Some((answer, place)), _) => (Some(answer), None, Some(place)),
                    (None, Ok(Found::Answer(answer, _))) => (Some(answer), None, None),
                    (None, Ok(Found::Refused(wrong))) => (None, Some(wrong), None),
                    (None, Ok(Found::Nothing) | Err(_)) => (None, None, None),
                };
                resolution.open.push(Open { question, default, refused, waits, found });
            }
        }
    }
    problems.into_result(resolution)
}

impl Resolution<'_> {
    /// The answer to a question.
    pub fn get(&self, key: &str) -> Option<&Answer> {
        self.answers.iter().find(|answered| answered.question.key == key).map(|answered| &answered.answer)
    }

    /// What expressions see of the answers.
    pub fn context(&self) -> BTreeMap<String, Value> {
        let mut context: BTreeMap<String, Value> =
            self.answers.iter().map(|answered| (answered.question.key.clone(), answered.answer.value())).collect();
        context.insert("destination".to_owned(), self.destination.as_deref().map_or(Value::from(()), Value::from));
        context
    }

    /// One problem for every question that is open, with the ways to answer it.
    pub fn missing(&self) -> Diagnostics {
        let mut problems = Diagnostics::new();
        // What waits for an answer that is listed already may well find one.
        let own = self.open.iter().filter(|open| !open.waits);
        for Open { question, default, refused, .. } in own {
            let example = match (default, question.choices.first()) {
                (Some(answer), _) => match answer {
                    Answer::List(items) => items.join(","),
                    answer => answer.to_string(),
                },
                (None, Some(choice)) => choice.value.clone(),
                (None, None) => format!("<{}>", question.kind.word()),
            };
            let example = shell_word(&example);
            let why = refused.as_ref().map(|wrong| match &wrong.hint {
                Some(hint) => format!(" (the default: {}; {hint})", wrong.message),
                None => format!(" (the default: {})", wrong.message),
            });
            let message = format!("`{}` has no answer: {}{}", question.key, question.ask, why.unwrap_or_default());
            let mut problem = Diagnostic::error(message);
            problem = match question.choices.as_slice() {
                [] => problem.hint(format!("--set {}={example}", question.key)),
                choices => {
                    let all: Vec<&str> = choices.iter().map(|choice| choice.value.as_str()).collect();
                    problem.hint(format!("--set {}={example}   (one of {})", question.key, all.join(", ")))
                }
            };
            problems.push(problem);
            for (guessed, wrong) in self.guessed.iter().filter_map(|guessed| Some((guessed, guessed.refused.as_ref()?)))
            {
                if guessed.key == question.key {
                    let message = format!("`{}`: what was found here is no answer: {}", question.key, wrong.message);
                    let warning = Diagnostic::warning(message).place(guessed.place.clone());
                    problems.push(warning.maybe_hint(wrong.hint.clone()));
                }
            }
        }
        problems
    }
}

/// A word as it can be typed into a shell.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:@=+<>".contains(c);
    if !text.is_empty() && text.chars().all(plain) && !text.contains(['<', '>']) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Reports answers that no question asks for.
fn unknown(blueprint: &Blueprint, given: &Given) -> Diagnostics {
    let keys: Vec<&str> = blueprint.questions.iter().map(|question| question.key.as_str()).collect();
    let mut problems = Diagnostics::new();
    let hint = |key: &str| {
        did_you_mean(key, keys.iter().copied())
            .filter(|hint| hint.starts_with("did you mean"))
            .or_else(|| Some(format!("`goldpath show {}` lists its questions", blueprint.name)))
    };
    for (key, _) in &given.set {
        if !keys.contains(&key.as_str()) {
            let message = format!("--set {key}: blueprint `{}` asks no such question", blueprint.name);
            problems.push(Diagnostic::error(message).maybe_hint(hint(key)));
        }
    }
    for (key, _) in &given.environment {
        if !keys.contains(&key.as_str()) {
            let variable = format!("{VARIABLE}{}", key.to_uppercase());
            let message = format!("{variable}: blueprint `{}` asks no such question", blueprint.name);
            problems.push(Diagnostic::error(message).maybe_hint(hint(key)));
        }
    }
    for (file, node) in &given.files {
        let Kind::Map(entries) = &node.kind else { continue };
        for (key, _) in entries {
            if !keys.contains(&key.text.as_str()) {
                let message = format!("blueprint `{}` asks no question `{}`", blueprint.name, key.text);
                let place = Place::at(file, key.span.line, key.span.column);
                problems.push(Diagnostic::error(message).place(place).maybe_hint(hint(&key.text)));
            }
        }
    }
    problems
}

/// Warns of answers to a question whose condition does not hold.
fn not_asked(question: &Question, when: &Expression, given: &Given, warnings: &mut Diagnostics) {
    let message = format!("the answer `{}` has no effect, since `{}` does not hold", question.key, when.text);
    if given.set.iter().any(|(key, _)| *key == question.key) {
        warnings.push(Diagnostic::warning(format!("--set {}: {message}", question.key)));
    }
    for (file, node) in &given.files {
        if let Some(node) = node.get(&question.key) {
            let place = Place::at(file, node.span.line, node.span.column);
            warnings.push(Diagnostic::warning(message.clone()).place(place));
        }
    }
}

/// A question with what is known when it is asked.
struct Scope<'a> {
    engine: &'a Engine,
    context: &'a BTreeMap<String, Value>,
    question: &'a Question,
}

/// What a question's default came to.
enum Found {
    Answer(Answer, Origin),
    /// It follows from other answers, and fails the question's own demands.
    Refused(Wrong),
    Nothing,
}

/// What a text or value was called when it was given, for messages.
enum From<'a> {
    Option(String),
    File(&'a str, &'a Node),
}

impl Scope<'_> {
    fn value(&self) -> Value {
        template::map(self.context.clone())
    }

    fn problem(&self, from: &From, reason: &Wrong) -> Diagnostics {
        let problem = match from {
            From::Option(name) => Diagnostic::error(format!("{name}: {}", reason.message)),
            From::File(file, node) => Diagnostic::error(format!("`{}`: {}", self.question.key, reason.message))
                .place(Place::at(*file, node.span.line, node.span.column)),
        };
        problem.maybe_hint(reason.hint.clone()).into()
    }

    /// The answer from the sources that win over the prompt, or from the prompt.
    fn given(&self, given: &Given, said: Option<&Said>) -> Result<Option<(Answer, Origin)>, Diagnostics> {
        let key = &self.question.key;
        if let Some((_, text)) = given.set.iter().rev().find(|(k, _)| k == key) {
            let from = From::Option(format!("--set {key}"));
            return self.text(text, &from).map(|answer| Some((answer, Origin::Set)));
        }
        if let Some((file, node)) = given.files.iter().rev().find_map(|(file, node)| Some((file, node.get(key)?))) {
            return self.node(file, node).map(|answer| Some((answer, Origin::Answers)));
        }
        if let Some((_, text)) = given.environment.iter().find(|(k, _)| k == key) {
            let from = From::Option(format!("{VARIABLE}{}", key.to_uppercase()));
            return self.text(text, &from).map(|answer| Some((answer, Origin::Environment)));
        }
        if let Some(Said::Answer(answer)) = said {
            let from = From::Option(format!("`{key}`"));
            self.validate(answer).map_err(|wrong| self.problem(&from, &wrong))?;
            return Ok(Some((answer.clone(), Origin::Prompt)));
        }
        Ok(None)
    }

    /// The answer of the user's configuration.
    fn config(&self, given: &Given) -> Option<Result<Answer, Diagnostics>> {
        let (file, node) = given.config.as_ref()?;
        Some(self.node(file, node.get(&self.question.key)?))
    }

    /// The first of what was found that is an answer, and what became of all until then.
    fn first(&self, candidates: &[Candidate]) -> (Option<(Answer, Place)>, Vec<Guessed>) {
        let mut seen = Vec::new();
        for candidate in candidates {
            let answer = self.candidate(candidate);
            let text = match &candidate.found {
                Ok(texts) => texts.join(", "),
                Err(what) => what.clone(),
            };
            seen.push(Guessed {
                key: self.question.key.clone(),
                text: answer.as_ref().map_or_else(|_| shorten(&text), ToString::to_string),
                place: candidate.place.clone(),
                refused: answer.as_ref().err().cloned(),
            });
            if let Ok(answer) = answer {
                return (Some((answer, candidate.place.clone())), seen);
            }
        }
        (None, seen)
    }

    fn candidate(&self, candidate: &Candidate) -> Result<Answer, Wrong> {
        let kind = self.question.kind;
        let wrong = |what: &str| Wrong { message: format!("expected {}, found {what}", expected(kind)), hint: None };
        let texts = candidate.found.as_ref().map_err(|what| wrong(what))?;
        if texts.iter().any(|text| text.len() > CANDIDATE_LIMIT) {
            return Err(wrong(&format!("a text of more than {CANDIDATE_LIMIT} bytes")));
        }
        let answer = match (kind, texts.as_slice()) {
            (QuestionType::List | QuestionType::Choices, texts) => Answer::List(texts.to_vec()),
            (_, [text]) => parse(self.question, text)?,
            (_, []) => return Err(wrong("nothing")),
            (_, _) => return Err(wrong("a list")),
        };
        self.validate(&answer)?;
        Ok(answer)
    }

    /// The user's configuration, else the blueprint's default.
    fn default(&self, default: &Expression, given: &Given) -> Result<Found, Diagnostics> {
        if let Some(answer) = self.config(given) {
            return answer.map(|answer| Found::Answer(answer, Origin::Config));
        }
        let wrong = |reason: String| {
            Diagnostics::from(
                Diagnostic::error(format!("`default` of question `{}`: {reason}", self.question.key))
                    .place(default.place.clone()),
            )
        };
        let value = self.engine.evaluate(&default.text, &self.value()).map_err(wrong)?;
        // A default that comes to nothing, such as the name of a folder that isn't known, is none.
        if value.is_undefined() || value.is_none() || value.as_str() == Some("") {
            return Ok(Found::Nothing);
        }
        let answer = self
            .typed(&value)
            .map_err(|found| wrong(format!("expected {}, found {found}", expected(self.question.kind))))?;
        match self.validate(&answer) {
            Ok(()) => Ok(Found::Answer(answer, Origin::Default)),
            // A default that follows from other answers may not fit; then the question has none.
            Err(reason) if !self.engine.names_in_expression(&default.text).unwrap_or_default().is_empty() => {
                Ok(Found::Refused(reason))
            }
            Err(reason) => Err(wrong(reason.message)),
        }
    }

    fn text(&self, text: &str, from: &From) -> Result<Answer, Diagnostics> {
        let answer = parse(self.question, text).map_err(|wrong| self.problem(from, &wrong))?;
        self.validate(&answer).map_err(|wrong| self.problem(from, &wrong))?;
        Ok(answer)
    }

    fn node(&self, file: &str, node: &Node) -> Result<Answer, Diagnostics> {
        let from = From::File(file, node);
        let answer = self.typed_node(node).map_err(|wrong| self.problem(&from, &wrong))?;
        self.validate(&answer).map_err(|wrong| self.problem(&from, &wrong))?;
        Ok(answer)
    }

    fn typed_node(&self, node: &Node) -> Result<Answer, Wrong> {
        let kind = self.question.kind;
        let wrong = || {
            let scalar = matches!(node.kind, Kind::Int(_) | Kind::Float(_) | Kind::Bool(_));
            let hint = (kind == QuestionType::String && scalar).then(|| "put quotes around it".to_owned());
            Wrong { message: format!("expected {}, found {}", expected(kind), node.describe()), hint }
        };
        match (kind, &node.kind) {
            (QuestionType::Bool, Kind::Bool(value)) => Ok(Answer::Bool(*value)),
            (QuestionType::Integer, Kind::Int(value)) => Ok(Answer::Integer(*value)),
            (QuestionType::String | QuestionType::Choice, Kind::Str(text)) => Ok(Answer::Text(text.clone())),
            // `tier: 1` means the choice `1`.
            (QuestionType::Choice, Kind::Int(value)) => Ok(Answer::Text(value.to_string())),
            (QuestionType::List | QuestionType::Choices, Kind::Seq(items)) => items
                .iter()
                .map(|item| match &item.kind {
                    Kind::Str(text) => Ok(text.clone()),
                    Kind::Int(value) if kind == QuestionType::Choices => Ok(value.to_string()),
                    _ => Err(Wrong {
                        message: format!("expected a list of strings, found {} in it", item.describe()),
                        hint: Some("put quotes around it".to_owned()),
                    }),
                })
                .collect::<Result<_, _>>()
                .map(Answer::List),
            _ => Err(wrong()),
        }
    }

    fn typed(&self, value: &Value) -> Result<Answer, String> {
        let found = || match value.kind() {
            ValueKind::Bool => "a boolean".to_owned(),
            ValueKind::Number => format!("the number {value}"),
            ValueKind::String => format!("the string `{value}`"),
            ValueKind::Seq => "a list".to_owned(),
            kind => kind.to_string(),
        };
        match self.question.kind {
            QuestionType::Bool if value.kind() == ValueKind::Bool => Ok(Answer::Bool(value.is_true())),
            QuestionType::Integer => i64::try_from(value.clone()).map(Answer::Integer).map_err(|_| found()),
            QuestionType::String => value.as_str().map(|text| Answer::Text(text.to_owned())).ok_or_else(found),
            QuestionType::Choice if value.kind() == ValueKind::Number => Ok(Answer::Text(value.to_string())),
            QuestionType::Choice => value.as_str().map(|text| Answer::Text(text.to_owned())).ok_or_else(found),
            QuestionType::List | QuestionType::Choices => {
                let items = value.try_iter().map_err(|_| found())?;
                if value.kind() == ValueKind::String {
                    return Err(found());
                }
                items
                    .map(|item| item.as_str().map(str::to_owned).ok_or_else(found))
                    .collect::<Result<_, _>>()
                    .map(Answer::List)
            }
            QuestionType::Bool => Err(found()),
        }
    }

    fn validate(&self, answer: &Answer) -> Result<(), Wrong> {
        validate(self.engine, self.question, self.context, answer)
    }
}

/// Why an answer was refused.
#[derive(Clone, Debug)]
pub struct Wrong {
    /// What is wrong with it.
    pub message: String,
    /// What to do instead.
    pub hint: Option<String>,
}

fn expected(kind: QuestionType) -> &'static str {
    match kind {
        QuestionType::String => "a string",
        QuestionType::Bool => "true or false",
        QuestionType::Integer => "a whole number",
        QuestionType::Choice => "one of the choices",
        QuestionType::Choices => "a list of choices",
        QuestionType::List => "a list",
    }
}

/// Reads an answer that was typed as text.
///
/// # Errors
/// Where the text does not fit the question's type.
pub fn parse(question: &Question, text: &str) -> Result<Answer, Wrong> {
    let wrong = |hint: Option<&str>| Wrong {
        message: format!("expected {}, found `{text}`", expected(question.kind)),
        hint: hint.map(str::to_owned),
    };
    match question.kind {
        QuestionType::String | QuestionType::Choice => Ok(Answer::Text(text.to_owned())),
        QuestionType::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "y" => Ok(Answer::Bool(true)),
            "false" | "no" | "n" => Ok(Answer::Bool(false)),
            _ => Err(wrong(Some("use `true` or `false`"))),
        },
        QuestionType::Integer => text.trim().parse().map(Answer::Integer).map_err(|_| wrong(None)),
        QuestionType::List | QuestionType::Choices => {
            if text.trim().is_empty() {
                return Ok(Answer::List(Vec::new()));
            }
            let items = text.split(',').map(|item| item.trim().to_owned()).collect::<Vec<_>>();
            if items.iter().any(String::is_empty) {
                return Err(wrong(Some("separate its items by single commas")));
            }
            Ok(Answer::List(items))
        }
    }
}

/// Checks an answer against its question.
///
/// # Errors
/// The first demand that it fails.
pub fn validate(
    engine: &Engine,
    question: &Question,
    context: &BTreeMap<String, Value>,
    answer: &Answer,
) -> Result<(), Wrong> {
    let texts: Vec<&String> = match answer {
        Answer::Text(text) => vec![text],
        Answer::List(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    if texts.iter().any(|text| has_reserved(text) || text.contains('\0')) {
        return Err(Wrong {
            message: "it has a character that no file can hold (U+0000, or the noncharacters U+FDD0 and U+FDD1)"
                .to_owned(),
            hint: None,
        });
    }
    if matches!(question.kind, QuestionType::Choice | QuestionType::Choices) {
        let all = question.choices.iter().map(|choice| choice.value.as_str());
        if let Some(text) = texts.iter().find(|text| !question.choices.iter().any(|choice| choice.value == ***text)) {
            return Err(Wrong {
                message: format!("`{}` can't be chosen", shorten(text)),
                hint: did_you_mean(text, all),
            });
        }
    }
    for validation in &question.validate {
        demand(engine, validation, context, &answer.value(), &answer.to_string())?;
    }
    for (validation, item) in question.items.iter().flat_map(|v| texts.iter().map(move |text| (v, text))) {
        demand(engine, validation, context, &Value::from(item.as_str()), item)?;
    }
    Ok(())
}

fn demand(
    engine: &Engine,
    validation: &Validation,
    context: &BTreeMap<String, Value>,
    value: &Value,
    text: &str,
) -> Result<(), Wrong> {
    let holds = match &validation.check {
        Check::Pattern(pattern) => pattern.is_match(text),
        Check::Expression(expression) => {
            let mut context = context.clone();
            context.insert("value".to_owned(), value.clone());
            let scope = template::map(context);
            engine.holds(&expression.text, &scope).map_err(|reason| Wrong {
                message: format!("the check at {} failed: {reason}", expression.place),
                hint: None,
            })?
        }
    };
    if holds {
        return Ok(());
    }
    let message = if text.is_empty() {
        "an empty answer is refused".to_owned()
    } else {
        format!("`{}` is refused", shorten(text))
    };
    Err(Wrong { message, hint: Some(validation.message.clone()) })
}

/// A text, cut to what fits a message.
fn shorten(text: &str) -> String {
    let text = text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"");
    if text.chars().count() <= 60 {
        return text;
    }
    text.chars().take(57).chain("…".chars()).collect()
}
