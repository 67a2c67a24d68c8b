//! Everything that touches the Rego interpreter: it is young and its next version may differ.

use std::num::NonZeroU32;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use super::Level;
use crate::document::{Content, Node, Step};

/// How long one rule set may think about one document.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A Rego package, compiled.
#[derive(Clone)]
pub(super) struct Package {
    engine: Engine,
    /// `data.<package>.deny` and its kin.
    queries: Vec<(Level, String)>,
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

/// Parses one module and says which package it is in, without `data.`.
pub(super) fn package_of(file: &str, text: &str) -> Result<String, String> {
    Engine::new()
        .add_policy(file.to_owned(), text.to_owned())
        .map(|package| package.trim_start_matches("data.").to_owned())
        .map_err(|error| error.to_string())
}

impl Package {
    /// Compiles a package. `queries` are the names of its rules that report: `deny`, `warn`, `deny_x` …
    pub(super) fn compile(name: &str, modules: &[(String, String)], queries: &[String]) -> Result<Package, String> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(false);
        if let Some(check_interval) = NonZeroU32::new(1_000) {
            engine.set_execution_timer_config(ExecutionTimerConfig { limit: TIME_LIMIT, check_interval });
        }
        for (file, text) in modules {
            engine.add_policy(file.clone(), text.clone()).map_err(|error| error.to_string())?;
        }
        let queries = queries
            .iter()
            .map(|rule| {
                let level = if rule.starts_with("warn") { Level::Warn } else { Level::Deny };
                (level, format!("data.{name}.{rule}"))
            })
            .collect();
        let mut package = Package { engine, queries };
        // The first evaluation compiles; clones share the result. It also brings unknown names to light.
        package.evaluate(Value::new_object())?;
        Ok(package)
    }

    /// Asks every query about one input.
    pub(super) fn evaluate(&mut self, input: Value) -> Result<Vec<Verdict>, String> {
        self.engine.set_input(input);
        let mut verdicts = Vec::new();
        for (level, query) in &self.queries {
            let found = self.engine.eval_rule(query.clone()).map_err(|error| error.to_string())?;
            if let Value::Set(items) = &found {
                verdicts.extend(items.iter().map(|item| verdict(*level, item)));
            }
        }
        Ok(verdicts)
    }
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
pub(super) fn combined<'d>(documents: impl Iterator<Item = (&'d str, &'d Node)>) -> Value {
    let entry = |(path, node): (&str, &Node)| {
        Value::from(std::collections::BTreeMap::from([
            (Value::from("path"), Value::from(path)),
            (Value::from("contents"), value_of(node)),
        ]))
    };
    Value::from(documents.map(entry).collect::<Vec<Value>>())
}
