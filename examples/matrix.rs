//! Emits a repository for each of a covering set of answers, for the judges.
//!
//! `cargo run --example matrix -- FOLDER [LIBRARY]` takes the library in the binary or that in a folder, and makes `FOLDER/<case>/` as `goldpath new` would, and `FOLDER/cases.json`. The
//! set is pairwise: every two choices of two different questions stand together in at least one case. Lists and other
//! questions whose answers are free take part with values that were chosen to be at their edges. What the blueprint
//! refuses, or does not ask, is left out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use goldpath::answers::Given;
use goldpath::blueprint::question::Check;
use goldpath::blueprint::{self, Blueprint, Expression, Question, QuestionType};
use goldpath::diag::Diagnostic;
use goldpath::guardrail::Finding;
use goldpath::ops::Failure;
use goldpath::ops::new::{Options, new};
use goldpath::source;
use minijinja::value::Value;

/// Answers at the edges of what questions accept, by the question's key.
const EDGES: [(&str, &[&str]); 4] = [
    ("environments", &["dev,staging,prod", "prod", "dev,qa,int,staging,canary,production", "on,no"]),
    (
        "description",
        &[
            "The \"payments\" service: it's 100% #1 {{ .x }} ${HOME} $(id) `id` \\ %{y} <%= z %> | & <b> äöü 🦀 @me, [1] - * !",
            "Takes payments",
        ],
    ),
    ("name", &["a-name-of-forty-characters-as-long-as-it", "yes"]),
    ("cost_center", &["no", "4711"]),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: matrix FOLDER [LIBRARY]")?);
    std::fs::create_dir_all(&folder)?;
    let own = std::env::args().nth(2).map(PathBuf::from);
    let library = source::library(own.as_deref())?;
    let mut cases = Vec::new();
    for name in library.names() {
        let blueprint = blueprint::load(&library, Some(name))?;
        let space = Space::of(&blueprint);
        let axes: Vec<&str> = space.blueprint.questions.iter().map(|question| question.key.as_str()).collect();
        let axes: Vec<&str> =
            axes.into_iter().filter(|key| space.axes.iter().any(|axis| axis.question.key == *key)).collect();
        let (rows, refused) = space.covering();
        let numbered = rows.iter().enumerate();
        let pairwise = numbered.map(|(index, row)| (format!("{name}-{:02}", index + 1), space.answers(row)));
        let defaults = (format!("{name}-defaults"), vec![("name".to_owned(), "payments-api".to_owned())]);
        println!(
            "{name}: {} cases cover all pairs of {} questions; {refused} pairs are refused",
            rows.len(),
            space.axes.len()
        );
        for (case, answers) in [defaults].into_iter().chain(pairwise) {
            let options = Options {
                blueprints: own.clone(),
                blueprint: Some(name.to_owned()),
                destination: Some(folder.join(&case)),
                given: Given { set: answers.clone(), ..Given::default() },
                defaults: true,
                git: true,
                ..Options::default()
            };
            let report = new(options, None).map_err(|failure| format!("{case} ({answers:?}): {}", why(&failure)))?;
            cases.push(serde_json::json!({ "case": case, "dir": folder.join(&case), "varied": axes, "answers": report.answers }));
        }
    }
    std::fs::write(folder.join("cases.json"), serde_json::to_string_pretty(&cases)?)?;
    println!("{} cases in {}", cases.len(), folder.display());
    Ok(())
}

/// A question that takes part, and the values that it is given.
struct Axis<'b> {
    question: &'b Question,
    values: Vec<String>,
}

/// The answers of a case: the value of each axis by its number, none where the question is not asked.
type Row = Vec<Option<usize>>;

/// Conditions and the values that they were worked out for.
type Known<'b> = HashMap<(&'b str, Vec<Option<usize>>), bool>;

/// Two questions and a value of each, by their numbers.
type Pair = (usize, usize, usize, usize);

/// Everything that may be combined, and what the blueprint's own conditions and validations say about it.
struct Space<'b> {
    blueprint: &'b Blueprint,
    axes: Vec<Axis<'b>>,
    /// What each condition came to, for the values of the axes that it reads.
    known: RefCell<Known<'b>>,
    /// The axes that each condition reads; none where it reads something else, too.
    read: HashMap<&'b str, Option<Vec<usize>>>,
}

impl<'b> Space<'b> {
    fn of(blueprint: &'b Blueprint) -> Self {
        let mut axes: Vec<Axis> = blueprint.questions.iter().filter_map(axis).collect();
        // The fewer values a question has, the easier it fits in: those with many come first.
        axes.sort_by_key(|axis| std::cmp::Reverse(axis.values.len()));
        let mut space = Space { blueprint, axes, known: RefCell::default(), read: HashMap::new() };
        let conditions = space.axes.iter().flat_map(|axis| checks(axis.question).chain(&axis.question.when));
        let read: Vec<_> =
            conditions.map(|condition| (condition.text.as_str(), space.reads(&condition.text))).collect();
        space.read.extend(read);
        space
    }

    /// The axes whose answers an expression reads, beside `value`.
    fn reads(&self, text: &str) -> Option<Vec<usize>> {
        let names = self.blueprint.engine.names_in_expression(text).ok()?;
        names
            .iter()
            .filter(|name| *name != "value")
            .map(|name| self.axes.iter().position(|axis| axis.question.key == *name))
            .collect()
    }

    /// Whether a condition of an axis holds; none where a question that it reads has no value yet.
    fn holds(&self, condition: &'b Expression, axis: usize, row: &[Option<Option<usize>>]) -> Option<bool> {
        let text = condition.text.as_str();
        let read = self.read[text].as_ref()?;
        let key: Vec<Option<usize>> =
            read.iter().chain([&axis]).map(|axis| row[*axis]).collect::<Option<Vec<_>>>().or_else(|| {
                // Its own value does not matter to a question's `when`.
                let others = read.iter().map(|axis| row[*axis]).collect::<Option<Vec<_>>>()?;
                (!self.axes[axis].question.validate.iter().any(|v| is(&v.check, text))).then_some(others)
            })?;
        if let Some(known) = self.known.borrow().get(&(text, key.clone())) {
            return Some(*known);
        }
        let mut scope: BTreeMap<&str, Value> = BTreeMap::new();
        for other in read {
            let Some(Some(value)) = row[*other] else { continue };
            scope.insert(&self.axes[*other].question.key, self.axes[*other].value(value));
        }
        if let Some(Some(value)) = row[axis] {
            scope.insert("value", self.axes[axis].value(value));
        }
        let holds = self.blueprint.engine.holds(text, &goldpath::template::map(scope)).unwrap_or(true);
        self.known.borrow_mut().insert((text, key), holds);
        Some(holds)
    }

    /// Whether nothing is known that speaks against the values that are chosen so far.
    fn accepts(&self, row: &[Option<Option<usize>>]) -> bool {
        (0..self.axes.len()).all(|axis| {
            let question = self.axes[axis].question;
            let asked = question.when.as_ref().and_then(|when| self.holds(when, axis, row));
            match row[axis] {
                None => true,
                Some(None) => asked != Some(true) && question.when.is_some(),
                Some(Some(_)) => {
                    asked != Some(false) && checks(question).all(|check| self.holds(check, axis, row) != Some(false))
                }
            }
        })
    }

    /// The case that starts from some values, and takes for every other question the value that covers most of what is
    /// open, as far as the blueprint accepts it.
    fn case(&self, open: &BTreeSet<Pair>, row: &mut Vec<Option<Option<usize>>>) -> Option<Row> {
        if !self.accepts(row) {
            return None;
        }
        let Some(axis) = row.iter().position(Option::is_none) else { return row.iter().copied().collect() };
        let gain = |value: usize| {
            let others = row.iter().enumerate().filter_map(|(other, taken)| Some((other, (*taken)??)));
            others.filter(|(other, taken)| open.contains(&pair(axis, value, *other, *taken))).count()
        };
        let mut values: Vec<usize> = (0..self.axes[axis].values.len()).collect();
        values.sort_by_cached_key(|value| (std::cmp::Reverse(gain(*value)), *value));
        for value in values.into_iter().map(Some).chain([None]) {
            row[axis] = Some(value);
            if let Some(found) = self.case(open, row) {
                return Some(found);
            }
        }
        row[axis] = None;
        None
    }

    /// Answers that cover every pair of values of two questions, and how many pairs the blueprint refuses.
    fn covering(&self) -> (Vec<Row>, usize) {
        let mut open: BTreeSet<Pair> = BTreeSet::new();
        for (a, left) in self.axes.iter().enumerate() {
            for (b, right) in self.axes.iter().enumerate().skip(a + 1) {
                open.extend((0..left.values.len()).flat_map(|i| (0..right.values.len()).map(move |j| (a, i, b, j))));
            }
        }
        let all = open.len();
        let start = |(a, i, b, j): Pair| {
            let mut row = vec![None; self.axes.len()];
            (row[a], row[b]) = (Some(Some(i)), Some(Some(j)));
            row
        };
        let nothing = BTreeSet::new();
        open.retain(|pair| self.case(&nothing, &mut start(*pair)).is_some());
        let refused = all - open.len();
        let mut cases = Vec::new();
        // Greedy: of the cases that each open pair would start, the one that covers most is taken. Nothing in it is random,
        // so the set is the same on every machine.
        while let Some(best) = open.iter().filter_map(|seed| self.case(&open, &mut start(*seed))).max_by_key(|case| {
            (pairs(case).filter(|pair| open.contains(pair)).count(), std::cmp::Reverse(case.clone()))
        }) {
            for pair in pairs(&best) {
                open.remove(&pair);
            }
            cases.push(best);
        }
        (cases, refused)
    }

    /// What `--set` would be told.
    fn answers(&self, row: &Row) -> Vec<(String, String)> {
        let given = self.axes.iter().zip(row);
        given.filter_map(|(axis, value)| Some((axis.question.key.clone(), axis.values[(*value)?].clone()))).collect()
    }
}

impl Axis<'_> {
    /// A value as conditions see it.
    fn value(&self, number: usize) -> Value {
        let text = self.values[number].as_str();
        match self.question.kind {
            QuestionType::Bool => Value::from(text == "true"),
            QuestionType::List => text.split(',').collect(),
            _ => Value::from(text),
        }
    }
}

fn axis(question: &Question) -> Option<Axis<'_>> {
    let edges = EDGES.iter().find(|(key, _)| *key == question.key);
    let values: Vec<String> = match (question.kind, edges) {
        (_, Some((_, values))) => values.iter().map(ToString::to_string).collect(),
        (QuestionType::Choice, None) => question.choices.iter().map(|choice| choice.value.clone()).collect(),
        (QuestionType::Bool, None) => vec!["true".to_owned(), "false".to_owned()],
        _ => return None,
    };
    (values.len() > 1).then_some(Axis { question, values })
}

/// The expressions that a question's answer has to satisfy.
fn checks(question: &Question) -> impl Iterator<Item = &Expression> {
    question.validate.iter().filter_map(|validation| match &validation.check {
        Check::Expression(check) => Some(check),
        Check::Pattern(_) => None,
    })
}

fn is(check: &Check, text: &str) -> bool {
    matches!(check, Check::Expression(check) if check.text == text)
}

/// All pairs that stand together in a case.
fn pairs(case: &Row) -> impl Iterator<Item = Pair> {
    let asked = |axis: usize| Some((axis, case[axis]?));
    (0..case.len())
        .filter_map(asked)
        .flat_map(move |(a, i)| (a + 1..case.len()).filter_map(asked).map(move |(b, j)| (a, i, b, j)))
}

fn pair(a: usize, i: usize, b: usize, j: usize) -> Pair {
    if a < b { (a, i, b, j) } else { (b, j, a, i) }
}

fn why(failure: &Failure) -> String {
    match failure {
        Failure::Invalid(problems) | Failure::Failed(problems) | Failure::Conflicts(problems) => problems.to_string(),
        Failure::Guardrails(report) => forbidden(&report.findings, &report.unread),
        Failure::Denied { findings, unread } => forbidden(findings, unread),
        Failure::Cancelled => "cancelled".to_owned(),
    }
}

fn forbidden(findings: &[Finding], unread: &[Diagnostic]) -> String {
    let findings = findings.iter().map(|finding| {
        format!("{}:{}: {}: {}", finding.path, finding.line.unwrap_or(1), finding.rule, finding.message)
    });
    findings.chain(unread.iter().map(ToString::to_string)).collect::<Vec<_>>().join("\n")
}
