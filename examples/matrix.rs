//! Emits a repository for each of a covering set of answers, for the judges.
//!
//! `cargo run --example matrix -- FOLDER` makes `FOLDER/<case>/` as `goldpath new` would, and `FOLDER/cases.json`. The
//! set is pairwise: every two choices of two different questions stand together in at least one case. Lists and other
//! questions whose answers are free take part with values that were chosen to be at their edges.

use std::collections::BTreeSet;
use std::path::PathBuf;

use goldpath::answers::Given;
use goldpath::blueprint::{self, Blueprint, QuestionType};
use goldpath::diag::Diagnostic;
use goldpath::guardrail::Finding;
use goldpath::ops::Failure;
use goldpath::ops::new::{Options, new};
use goldpath::source;

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
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: matrix FOLDER")?);
    std::fs::create_dir_all(&folder)?;
    let library = source::library(None)?;
    let mut cases = Vec::new();
    for name in library.names() {
        let blueprint = blueprint::load(&library, Some(name))?;
        for (index, answers) in covering(&blueprint).into_iter().enumerate() {
            let case = if index == 0 { format!("{name}-defaults") } else { format!("{name}-{index:02}") };
            let options = Options {
                blueprint: Some(name.to_owned()),
                destination: Some(folder.join(&case)),
                given: Given { set: answers.clone(), ..Given::default() },
                defaults: true,
                git: true,
                ..Options::default()
            };
            let report = new(options, None).map_err(|failure| format!("{case} ({answers:?}): {}", why(&failure)))?;
            cases.push(serde_json::json!({ "case": case, "dir": folder.join(&case), "answers": report.answers }));
        }
    }
    std::fs::write(folder.join("cases.json"), serde_json::to_string_pretty(&cases)?)?;
    println!("{} cases in {}", cases.len(), folder.display());
    Ok(())
}

/// Answers that cover every pair of values of two questions; the first case is that of the defaults.
fn covering(blueprint: &Blueprint) -> Vec<Vec<(String, String)>> {
    let mut axes: Vec<(String, Vec<String>)> = blueprint
        .questions
        .iter()
        .filter_map(|question| {
            let edges = EDGES.iter().find(|(key, _)| *key == question.key);
            let values: Vec<String> = match (question.kind, edges) {
                (_, Some((_, values))) => values.iter().map(ToString::to_string).collect(),
                (QuestionType::Choice, None) => question.choices.iter().map(|choice| choice.value.clone()).collect(),
                (QuestionType::Bool, None) => vec!["true".to_owned(), "false".to_owned()],
                _ => return None,
            };
            (values.len() > 1).then(|| (question.key.clone(), values))
        })
        .collect();
    // The fewer values a question has, the easier it fits in: those with many come first.
    axes.sort_by_key(|(_, values)| std::cmp::Reverse(values.len()));
    let mut open: BTreeSet<Pair> = BTreeSet::new();
    for (a, (_, left)) in axes.iter().enumerate() {
        for (b, (_, right)) in axes.iter().enumerate().skip(a + 1) {
            open.extend((0..left.len()).flat_map(|i| (0..right.len()).map(move |j| (a, i, b, j))));
        }
    }
    let mut cases = vec![vec![("name".to_owned(), "payments-api".to_owned())]];
    // Greedy: of the cases that each open pair would start, the one that covers most is taken. Nothing in it is random, so
    // the set is the same on every machine.
    while let Some(best) = open.iter().map(|seed| case(&axes, &open, *seed)).max_by_key(|case| {
        let covered = pairs(case).filter(|pair| open.contains(pair)).count();
        (covered, std::cmp::Reverse(case.clone()))
    }) {
        for pair in pairs(&best) {
            open.remove(&pair);
        }
        cases
            .push(axes.iter().zip(&best).map(|((key, values), value)| (key.clone(), values[*value].clone())).collect());
    }
    cases
}

/// Two questions and a value of each, by their numbers.
type Pair = (usize, usize, usize, usize);

/// The case that starts from a pair, and takes for every other question the value that covers most of what is open.
fn case(axes: &[(String, Vec<String>)], open: &BTreeSet<Pair>, (a, i, b, j): Pair) -> Vec<usize> {
    let mut chosen: Vec<Option<usize>> = vec![None; axes.len()];
    (chosen[a], chosen[b]) = (Some(i), Some(j));
    for (axis, (_, values)) in axes.iter().enumerate() {
        if chosen[axis].is_some() {
            continue;
        }
        let gain = |value: usize| {
            let others = chosen.iter().enumerate().filter_map(|(other, taken)| Some((other, (*taken)?)));
            others.filter(|(other, taken)| open.contains(&pair(axis, value, *other, *taken))).count()
        };
        chosen[axis] = (0..values.len()).max_by_key(|value| (gain(*value), values.len() - value));
    }
    chosen.into_iter().flatten().collect()
}

/// All pairs that stand together in a case.
fn pairs(case: &[usize]) -> impl Iterator<Item = Pair> {
    (0..case.len()).flat_map(move |a| (a + 1..case.len()).map(move |b| (a, case[a], b, case[b])))
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
