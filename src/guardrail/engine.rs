//! Everything that touches the Rego interpreter: it is young and its next version may differ.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use regex::Regex;
use regorus::Engine;
pub(super) use regorus::Value;
use regorus::utils::limits::ExecutionTimerConfig;

use super::{Level, recursion};
use crate::document::{Content, Node, Step};

/// How long one rule set may think about one document. Wall time: the interpreter has no other clock, so there is room for a
/// busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(10);
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

    /// What one evaluation of some documents may take; an error where nothing is left.
    fn next(&self, documents: usize) -> Result<Duration, String> {
        let more = DOCUMENT_TIME.saturating_mul(u32::try_from(documents).unwrap_or(u32::MAX));
        match Duration::from_micros(self.left.load(Ordering::Relaxed)) {
            Duration::ZERO => Err("the time for all files together is up".to_owned()),
            left => Ok(left.min(TIME_LIMIT.saturating_add(more))),
        }
    }

    fn spend(&self, time: Duration) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        // The closure never refuses.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(time)));
    }
}

/// The package that asks another one all questions at once, so that what its rules share is worked out once.
const ASKING: &str = "goldpath_asks";

/// A rule that reports, by the names that conftest asks for.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled in every test")]
static REPORTING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*((?:deny|violation|warn)(?:_[a-zA-Z0-9]+)*)\s+contains\s").unwrap());

/// A Rego package, compiled.
///
/// It is interpreted. regorus 0.14.1 has a virtual machine too, which is much faster, but it knows no `walk`, and where the value of
/// a rule comes from its `else` it leaves out findings that conftest and the interpreter have.
pub(super) struct Package {
    /// The rules that report, each with its level, in the order in which they are asked.
    queries: Vec<(Level, String)>,
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
    pub convention: bool,
}

/// What a package says about one input.
#[derive(Default)]
pub(super) struct Judgement {
    pub verdicts: Vec<Verdict>,
    /// What is wrong with the answer itself; the verdicts are then not all there is.
    pub problem: Option<String>,
}

/// Which package a module is in, without `data.`.
///
/// # Errors
/// What is wrong with a module whose first words don't name one, or that would take the parser for ever.
pub(super) fn package_of(file: &str, text: &str) -> Result<String, String> {
    if let Some((line, column)) = recursion::too_long(file, text) {
        return Err(format!(
            "--> {file}:{line}:{column}\nerror: an expression that is too long or too nested; give parts of it names"
        ));
    }
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

impl Package {
    /// Compiles a package; its modules may bring others that help them.
    ///
    /// # Errors
    /// All modules that are no Rego, each with its error, or what the package as a whole does wrong.
    pub(super) fn compile(name: &str, modules: &[&(String, String)], time: &Allowance) -> Result<Package, Vec<String>> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(false);
        // In place of the built-in function, which asks for all the memory at once.
        engine
            .add_extension("numbers.range".to_owned(), 2, Box::new(|arguments: Vec<Value>| Ok(range(&arguments)?)))
            .map_err(|error| vec![error.to_string()])?;
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
        if let Some((file, line, calls)) = recursion::find(engine.get_modules().iter().map(AsRef::as_ref)) {
            return Err(vec![format!(
                "--> {file}:{line}:1\nerror: a function that calls itself, which Rego has not: {calls}"
            )]);
        }
        let asked: Vec<String> = rules.iter().map(|rule| format!("data.{name}.{rule}")).collect();
        let asking = format!("package {ASKING}\nimport rego.v1\nverdicts := [{}]\n", asked.join(", "));
        engine.add_policy(format!("{ASKING}.rego"), asking).map_err(|error| vec![error.to_string()])?;
        let level = |rule: &str| if rule.starts_with("warn") { Level::Warn } else { Level::Deny };
        let queries = rules.iter().map(|rule| (level(rule), (*rule).to_owned())).collect();
        // The first evaluation compiles; clones share the result. It also brings unknown names to light.
        let mut package = Package { queries, engine, idle: Mutex::default() };
        ask(&mut package.engine, &package.queries, Value::new_object(), 0, time).map_err(|error| vec![error])?;
        Ok(package)
    }

    /// Asks every query about one input, which is made of a number of documents.
    ///
    /// # Errors
    /// What kept the package from an answer: most often, that it did not end in its time.
    pub(super) fn evaluate(&self, input: &Value, documents: usize, time: &Allowance) -> Result<Judgement, String> {
        let taken = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut engine = taken.unwrap_or_else(|| self.engine.clone());
        let judgement = ask(&mut engine, &self.queries, input.clone(), documents, time);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(engine);
        judgement
    }
}

/// Asks all of a package's questions about one input. A list of which one element has no value has none itself.
fn ask(
    engine: &mut Engine,
    queries: &[(Level, String)],
    input: Value,
    documents: usize,
    time: &Allowance,
) -> Result<Judgement, String> {
    if let Some(check_interval) = NonZeroU32::new(1_000) {
        engine.set_execution_timer_config(ExecutionTimerConfig { limit: time.next(documents)?, check_interval });
    }
    engine.set_input(input);
    let start = Instant::now();
    let found = engine.eval_rule(format!("data.{ASKING}.verdicts"));
    time.spend(start.elapsed());
    let found = found.map_err(|error| error.to_string())?;
    let Value::Array(sets) = &found else {
        return Err("one of the rules that report has no value".to_owned());
    };
    let mut judgement = Judgement::default();
    for ((level, query), set) in queries.iter().zip(sets.iter()) {
        match set {
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

/// The names of a module's rules that report: `deny`, `warn`, `deny_x` …
pub(super) fn reporting(text: &str) -> impl Iterator<Item = &str> {
    REPORTING.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str()))
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
    let convention = matches!(item["convention"], Value::Bool(true));
    Verdict { level, message, rule: text("rule"), at, path: text("path"), fix: text("fix"), convention }
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
pub(super) fn combined<'d>(documents: impl Iterator<Item = (&'d str, &'d Value)>) -> Value {
    let entry = |(path, contents): (&str, &Value)| {
        Value::from(std::collections::BTreeMap::from([
            (Value::from("path"), Value::from(path)),
            (Value::from("contents"), contents.clone()),
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
        assert_eq!(time.next(0), Ok(TIME_LIMIT));
        assert_eq!(
            time.next(100),
            Ok(TIME_LIMIT + DOCUMENT_TIME * 100),
            "many documents at once have their share each"
        );
        time.spend(TREE_TIME);
        assert_eq!(time.next(0), Ok(DOCUMENT_TIME * 10));
        time.spend(TREE_TIME);
        assert!(time.next(0).is_err());
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
