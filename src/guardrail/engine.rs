//! Everything that touches the Rego interpreter: it is young and its next version may differ.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::{Engine, Value};

use super::{Level, recursion};
use crate::document::{Content, Node, Step};

/// How long one rule set may think about one document.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// How long all rule sets may think about all documents, on all cores together, before each document's share is added.
const TREE_TIME: Duration = Duration::from_secs(60);
/// What each document adds to that: ten times what the library needs for a large one.
const DOCUMENT_TIME: Duration = Duration::from_millis(50);
/// How long all packages of a library may take to be tried out.
const LOAD_TIME: Duration = Duration::from_secs(30);
/// Longest list of numbers that a policy may ask for.
const RANGE_LIMIT: u64 = 1_000_000;
/// How many results of one rule set about one document are told.
const VERDICT_LIMIT: usize = 1_000;
/// Longest text of a result that is told, in characters.
const TEXT_LIMIT: usize = 2_000;

/// Time that many evaluations share. Where it ends, what was not evaluated is reported, and nothing goes on for ever.
pub(super) struct Allowance {
    left: AtomicU64,
}

impl Allowance {
    /// For the evaluation of a number of documents.
    pub(super) fn for_documents(count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Allowance::of(TREE_TIME.saturating_add(DOCUMENT_TIME.saturating_mul(count)))
    }

    /// For compiling a library.
    pub(super) fn for_loading() -> Self {
        Allowance::of(LOAD_TIME)
    }

    fn of(time: Duration) -> Self {
        Allowance { left: AtomicU64::new(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)) }
    }

    /// What one evaluation may take; an error where nothing is left.
    fn next(&self) -> Result<Duration, String> {
        match Duration::from_micros(self.left.load(Ordering::Relaxed)) {
            Duration::ZERO => Err("the time for all files together is up".to_owned()),
            left => Ok(left.min(TIME_LIMIT)),
        }
    }

    fn spend(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // The closure never refuses.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(time)));
    }
}

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

/// What a package says about one input.
#[derive(Default)]
pub(super) struct Judgement {
    pub verdicts: Vec<Verdict>,
    /// What is wrong with the answer itself; the verdicts are then not all there is.
    pub problem: Option<String>,
}

/// Parses one module and says which package it is in, without `data.`.
pub(super) fn package_of(file: &str, text: &str) -> Result<String, String> {
    if let Some((line, column)) = recursion::too_long(file, text) {
        return Err(format!(
            "--> {file}:{line}:{column}\nerror: an expression that is too long or too nested; give parts of it names"
        ));
    }
    Engine::new()
        .add_policy(file.to_owned(), text.to_owned())
        .map(|package| package.trim_start_matches("data.").to_owned())
        .map_err(|error| error.to_string())
}

impl Package {
    /// Compiles a package. `queries` are the names of its rules that report: `deny`, `warn`, `deny_x` …
    pub(super) fn compile(
        name: &str,
        modules: &[(String, String)],
        queries: &[String],
        time: &Allowance,
    ) -> Result<Package, String> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(false);
        // In place of the built-in function, which asks for all the memory at once.
        engine
            .add_extension("numbers.range".to_owned(), 2, Box::new(|arguments: Vec<Value>| Ok(range(&arguments)?)))
            .map_err(|error| error.to_string())?;
        for (file, text) in modules {
            engine.add_policy(file.clone(), text.clone()).map_err(|error| error.to_string())?;
        }
        if let Some((file, line, calls)) = recursion::find(engine.get_modules().iter().map(AsRef::as_ref)) {
            return Err(format!(
                "--> {file}:{line}:1\nerror: a function that calls itself, which Rego has not: {calls}"
            ));
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
        package.evaluate(Value::new_object(), time)?;
        Ok(package)
    }

    /// Asks every query about one input.
    ///
    /// # Errors
    /// What kept the package from an answer: most often, that it did not end in its time.
    pub(super) fn evaluate(&mut self, input: Value, time: &Allowance) -> Result<Judgement, String> {
        self.engine.set_input(input);
        let mut judgement = Judgement::default();
        for (level, query) in &self.queries {
            if let Some(check_interval) = NonZeroU32::new(1_000) {
                self.engine.set_execution_timer_config(ExecutionTimerConfig { limit: time.next()?, check_interval });
            }
            let start = Instant::now();
            let found = self.engine.eval_rule(query.clone());
            time.spend(start.elapsed());
            match found.map_err(|error| error.to_string())? {
                Value::Set(items) => {
                    let room = VERDICT_LIMIT - judgement.verdicts.len();
                    if items.len() > room {
                        judgement.problem =
                            Some(format!("`{query}` has {} results, of which {room} are told", items.len()));
                    }
                    judgement.verdicts.extend(items.iter().take(room).map(|item| verdict(*level, item)));
                }
                Value::Undefined => {}
                other => {
                    let kind = short(&other.to_string(), 40);
                    judgement.problem = Some(format!("expected `{query}` to be a set, found `{kind}`"));
                }
            }
        }
        Ok(judgement)
    }
}

/// `numbers.range`: all whole numbers from one to the other.
fn range(arguments: &[Value]) -> Result<Value, std::io::Error> {
    let whole = |at: usize| match arguments.get(at) {
        Some(Value::Number(number)) => number.as_i64(),
        _ => None,
    };
    let (Some(from), Some(to)) = (whole(0), whole(1)) else { return Ok(Value::Undefined) };
    if from.checked_sub(to).is_none_or(|distance| distance.unsigned_abs() >= RANGE_LIMIT) {
        return Err(std::io::Error::other(format!("numbers.range makes lists of up to {RANGE_LIMIT} numbers")));
    }
    let numbers: Vec<Value> =
        if from <= to { (from..=to).map(Value::from).collect() } else { (to..=from).rev().map(Value::from).collect() };
    Ok(Value::from(numbers))
}

fn verdict(level: Level, item: &Value) -> Verdict {
    let text = |key: &str| match &item[key] {
        Value::String(text) => Some(short(text, TEXT_LIMIT)),
        _ => None,
    };
    let message = match item {
        Value::String(text) => short(text, TEXT_LIMIT),
        _ => text("msg").unwrap_or_else(|| short(&item.to_string(), TEXT_LIMIT)),
    };
    // What is no step ends the path: the place is then that of the nearest value around.
    let at = match &item["at"] {
        Value::Array(steps) => steps.iter().map_while(step).collect(),
        _ => Vec::new(),
    };
    Verdict { level, message, rule: text("rule"), at, path: text("path"), fix: text("fix") }
}

fn short(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_shared_and_ends() {
        let time = Allowance::for_documents(10);
        assert_eq!(time.next(), Ok(TIME_LIMIT));
        time.spend(TREE_TIME);
        assert_eq!(time.next(), Ok(DOCUMENT_TIME * 10));
        time.spend(TREE_TIME);
        assert!(time.next().is_err());
    }

    #[test]
    fn a_range_is_that_of_rego_up_to_its_limit() {
        let range = |from: i64, to: i64| range(&[Value::from(from), Value::from(to)]).map(|value| value.to_string());
        assert_eq!(range(2, 4).unwrap(), "[2,3,4]");
        assert_eq!(range(2, 0).unwrap(), "[2,1,0]");
        assert!(range(1, 1_000_000_000).is_err());
        assert!(range(i64::MIN, i64::MAX).is_err());
    }
}
