//! Everything that touches the Rego interpreter: it is young and its next version may differ.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use regex::Regex;
use regorus::Engine;
pub(super) use regorus::Value;
use regorus::utils::limits::ExecutionTimerConfig;

use super::Level;
use crate::document::{Content, Node, Step};

/// How long one rule set may think about one document.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The package that asks another one all questions at once, so that what its rules share is worked out once.
const ASKING: &str = "goldpath_asks";

/// A rule that reports, by the names that conftest asks for.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled in every test")]
static REPORTING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^((?:deny|violation|warn)(?:_[a-zA-Z0-9]+)*)\s+contains\s").unwrap());

/// A Rego package, compiled.
///
/// It is interpreted. regorus 0.14.1 has a virtual machine too, which is much faster, but it knows no `walk`, and where the value of
/// a rule comes from its `else` it leaves out findings that conftest and the interpreter have.
pub(super) struct Package {
    /// The level of each query, in their order.
    levels: Vec<Level>,
    engine: Engine,
    /// Clones that nobody works with right now: as many as there are threads. They share what was compiled.
    idle: Mutex<Vec<Engine>>,
}

/// One element of a `deny` or `warn` set.
pub(super) struct Verdict {
    pub level: Level,
    pub message: String,
    pub rule: Option<String>,
    pub at: Vec<Step>,
    pub path: Option<String>,
    pub fix: Option<String>,
}

impl Package {
    /// Compiles a package; its modules may bring others that help them.
    ///
    /// # Errors
    /// All modules that are no Rego, each with its error, or what the package as a whole does wrong.
    pub(super) fn compile(name: &str, modules: &[&(String, String)]) -> Result<Package, Vec<String>> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(false);
        if let Some(limit) = time_limit() {
            engine.set_execution_timer_config(limit);
        }
        let mut problems = Vec::new();
        let mut rules = BTreeSet::new();
        for (file, text) in modules {
            rules.extend(reporting(text));
            if let Err(error) = engine.add_policy(file.clone(), text.clone()) {
                problems.push(error.to_string());
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let asked: Vec<String> = rules.iter().map(|rule| format!("data.{name}.{rule}")).collect();
        let asking = format!("package {ASKING}\nimport rego.v1\nverdicts := [{}]\n", asked.join(", "));
        engine.add_policy(format!("{ASKING}.rego"), asking).map_err(|error| vec![error.to_string()])?;
        let levels =
            rules.iter().map(|rule| if rule.starts_with("warn") { Level::Warn } else { Level::Deny }).collect();
        // The first evaluation compiles; clones share the result. It also brings unknown names to light.
        let mut package = Package { levels, engine, idle: Mutex::default() };
        ask(&mut package.engine, &package.levels, Value::new_object()).map_err(|error| vec![error])?;
        Ok(package)
    }

    /// Asks every query about one input.
    pub(super) fn evaluate(&self, input: &Value) -> Result<Vec<Verdict>, String> {
        let taken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut engine = taken.unwrap_or_else(|| self.engine.clone());
        let verdicts = ask(&mut engine, &self.levels, input.clone());
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(engine);
        verdicts
    }
}

/// Asks all of a package's questions about one input. A list of which one element has no value has none itself.
fn ask(engine: &mut Engine, levels: &[Level], input: Value) -> Result<Vec<Verdict>, String> {
    engine.set_input(input);
    let found = engine.eval_rule(format!("data.{ASKING}.verdicts")).map_err(|error| error.to_string())?;
    let Value::Array(sets) = &found else {
        return Err("one of the rules that report has no value".to_owned());
    };
    let mut verdicts = Vec::new();
    for (level, set) in levels.iter().zip(sets.iter()) {
        if let Value::Set(items) = set {
            verdicts.extend(items.iter().map(|item| verdict(*level, item)));
        }
    }
    Ok(verdicts)
}

/// The names of a module's rules that report: `deny`, `warn`, `deny_x` …
pub(super) fn reporting(text: &str) -> impl Iterator<Item = &str> {
    REPORTING.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str()))
}

fn time_limit() -> Option<ExecutionTimerConfig> {
    NonZeroU32::new(1_000).map(|check_interval| ExecutionTimerConfig { limit: TIME_LIMIT, check_interval })
}

fn verdict(level: Level, item: &Value) -> Verdict {
    let text = |key: &str| match &item[key] {
        Value::String(text) => Some(text.to_string()),
        _ => None,
    };
    let message = match item {
        Value::String(text) => text.to_string(),
        _ => text("msg").unwrap_or_else(|| item.to_string()),
    };
    let at = match &item["at"] {
        Value::Array(steps) => steps.iter().filter_map(step).collect(),
        _ => Vec::new(),
    };
    Verdict { level, message, rule: text("rule"), at, path: text("path"), fix: text("fix") }
}

fn step(value: &Value) -> Option<Step> {
    match value {
        Value::String(key) => Some(Step::Key(key.to_string())),
        Value::Number(index) => index.as_u64().and_then(|index| usize::try_from(index).ok()).map(Step::Index),
        _ => None,
    }
}

/// A document as an input.
pub(super) fn value_of(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Bool(value) => Value::from(*value),
        Content::Int(value) => Value::from(*value),
        Content::Float(value) => Value::from(*value),
        Content::Str(text) => Value::from(text.as_str()),
        Content::List(items) => Value::from(items.iter().map(value_of).collect::<Vec<Value>>()),
        Content::Map(entries) => Value::from(
            entries
                .iter()
                .map(|(key, value)| (Value::from(key.as_str()), value_of(value)))
                .collect::<std::collections::BTreeMap<Value, Value>>(),
        ),
    }
}

/// Many documents as one input, as `conftest --combine` gives them.
pub(super) fn combined<'d>(documents: impl Iterator<Item = (&'d str, &'d Value)>) -> Value {
    let entry = |(path, contents): (&str, &Value)| {
        Value::from(std::collections::BTreeMap::from([
            (Value::from("path"), Value::from(path)),
            (Value::from("contents"), contents.clone()),
        ]))
    };
    Value::from(documents.map(entry).collect::<Vec<Value>>())
}

/// Which package a module is in, without `data.`.
///
/// # Errors
/// What is wrong with a module whose first words don't name one.
pub(super) fn package_of(file: &str, text: &str) -> Result<String, String> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    if let Some(name) = first.and_then(|line| line.strip_prefix("package ")).map(str::trim)
        && name.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '.'))
    {
        return Ok(name.to_owned());
    }
    Engine::new()
        .add_policy(file.to_owned(), text.to_owned())
        .map(|package| package.trim_start_matches("data.").to_owned())
        .map_err(|error| error.to_string())
}
