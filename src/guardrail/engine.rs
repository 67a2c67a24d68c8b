//! Everything that touches the Rego interpreter: it is young and its next version may differ.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use regex::Regex;
use regorus::Engine;
pub(super) use regorus::Value;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::program::Program;
use regorus::rvm::vm::RegoVM;
use regorus::utils::limits::ExecutionTimerConfig;

use super::Level;
use crate::document::{Content, Node, Step};

/// How long one rule set may think about one document.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The package that asks another one all questions at once, so that what its rules share is worked out once.
const ASKING: &str = "goldpath_asks";

/// What the names of rules start with that the virtual machine can't run.
const SLOW: &str = "goldpath_interprets_";

/// A rule that reports, by the names that conftest asks for.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled in every test")]
static REPORTING: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^((?:deny|violation|warn)(?:_[a-zA-Z0-9]+)*)\s+contains\s").unwrap());

/// What the virtual machine has no instructions for.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled in every test")]
static INTERPRETED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bwalk\(|\bwith\s+(?:input|data)\b").unwrap());

/// A Rego package, compiled.
///
/// The virtual machine of regorus is about ten times as fast as its interpreter, but doesn't know all of Rego. So modules
/// that it can't run are interpreted, and only these: their rules that report get a name of their own.
pub(super) struct Package {
    fast: Option<Fast>,
    slow: Option<Slow>,
}

/// Rules that the virtual machine runs.
struct Fast {
    levels: Vec<Level>,
    program: Arc<Program>,
    /// Machines that nobody works with right now: as many as there are threads.
    idle: Mutex<Vec<RegoVM>>,
}

/// Rules that are interpreted.
struct Slow {
    levels: Vec<Level>,
    engine: Engine,
    /// Clones that nobody works with right now. They share what was compiled.
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
        Self::compile_apart(name, modules, |text| INTERPRETED.is_match(text))
            .or_else(|_| Self::compile_apart(name, modules, |_| true))
    }

    fn compile_apart(
        name: &str,
        modules: &[&(String, String)],
        slow: impl Fn(&str) -> bool,
    ) -> Result<Package, Vec<String>> {
        let mut engine = Engine::new();
        engine.set_strict_builtin_errors(false);
        if let Some(limit) = time_limit() {
            engine.set_execution_timer_config(limit);
        }
        let mut problems = Vec::new();
        let mut asked: [BTreeSet<String>; 2] = Default::default();
        for (file, text) in modules {
            let slow = slow(text);
            let rules = reporting(text).map(|rule| if slow { format!("{SLOW}{rule}") } else { rule.to_owned() });
            asked[usize::from(slow)].extend(rules);
            let text = if slow { REPORTING.replace_all(text, format!("{SLOW}$0")) } else { text.into() };
            if let Err(error) = engine.add_policy(file.clone(), text.into_owned()) {
                problems.push(error.to_string());
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let [fast, slow] = asked;
        let one = |error: String| vec![error];
        let list = |rules: &BTreeSet<String>| {
            rules.iter().map(|rule| format!("data.{name}.{rule}")).collect::<Vec<_>>().join(", ")
        };
        let asking =
            format!("package {ASKING}\nimport rego.v1\nfast := [{}]\nslow := [{}]\n", list(&fast), list(&slow));
        engine.add_policy(format!("{ASKING}.rego"), asking).map_err(|error| one(error.to_string()))?;
        let entry = format!("data.{ASKING}.fast");
        let policy = engine.compile_with_entrypoint(&entry.as_str().into()).map_err(|error| one(error.to_string()))?;
        let mut package = Package { fast: None, slow: None };
        if !fast.is_empty() {
            let program = Compiler::compile_from_policy(&policy, &[&entry]).map_err(|error| one(error.to_string()))?;
            package.fast = Some(Fast { levels: levels(&fast), program, idle: Mutex::default() });
        }
        if !slow.is_empty() || fast.is_empty() {
            package.slow = Some(Slow { levels: levels(&slow), engine, idle: Mutex::default() });
        }
        // The first evaluation brings names to light that nothing defines.
        package.evaluate(&Value::new_object()).map_err(one)?;
        Ok(package)
    }

    /// Asks every query about one input.
    pub(super) fn evaluate(&self, input: &Value) -> Result<Vec<Verdict>, String> {
        let mut verdicts = Vec::new();
        if let Some(fast) = &self.fast {
            let mut machine = taken(&fast.idle).unwrap_or_else(|| machine(&fast.program));
            machine.set_input(input.clone());
            let found = machine.execute().map_err(|error| error.to_string());
            given_back(&fast.idle, machine);
            collect(&found?, &fast.levels, &mut verdicts)?;
        }
        if let Some(slow) = &self.slow {
            let mut engine = taken(&slow.idle).unwrap_or_else(|| slow.engine.clone());
            engine.set_input(input.clone());
            let found = engine.eval_rule(format!("data.{ASKING}.slow")).map_err(|error| error.to_string());
            given_back(&slow.idle, engine);
            collect(&found?, &slow.levels, &mut verdicts)?;
        }
        Ok(verdicts)
    }
}

/// The names of a module's rules that report: `deny`, `warn`, `deny_x` …
pub(super) fn reporting(text: &str) -> impl Iterator<Item = &str> {
    REPORTING.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str()))
}

fn levels(rules: &BTreeSet<String>) -> Vec<Level> {
    let warns = |rule: &String| rule.trim_start_matches(SLOW).starts_with("warn");
    rules.iter().map(|rule| if warns(rule) { Level::Warn } else { Level::Deny }).collect()
}

fn machine(program: &Arc<Program>) -> RegoVM {
    let mut machine = RegoVM::new();
    machine.load_program(program.clone());
    // Time is what is limited.
    machine.set_max_instructions(usize::MAX);
    machine.set_execution_timer_config(time_limit());
    machine
}

fn taken<T>(idle: &Mutex<Vec<T>>) -> Option<T> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

fn given_back<T>(idle: &Mutex<Vec<T>>, it: T) {
    idle.lock().unwrap_or_else(PoisonError::into_inner).push(it);
}

/// The elements of sets, a set for each query. A list of which one element has no value has none itself.
fn collect(found: &Value, levels: &[Level], verdicts: &mut Vec<Verdict>) -> Result<(), String> {
    let Value::Array(sets) = found else {
        return Err("one of the rules that report has no value".to_owned());
    };
    for (level, set) in levels.iter().zip(sets.iter()) {
        if let Value::Set(items) = set {
            verdicts.extend(items.iter().map(|item| verdict(*level, item)));
        }
    }
    Ok(())
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
