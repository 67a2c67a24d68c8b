//! The policies of a library, compiled, and their verdict on a tree.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rayon::prelude::*;
use regex::Regex;

use super::engine::{self, Allowance, Package, Verdict};
use super::rendered::Rendered;
use super::route::{self, Route};
use super::{Exceptions, Finding, Lens, Level, Report, Rule, kustomize, metadata, plan};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::document::{self, Document, Node};
use crate::tree::Tree;

/// The names that conftest asks for.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled in every test")]
static QUERY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^[ \t]*((?:deny|violation|warn)(?:_[a-zA-Z0-9]+)*)\s+contains\s").unwrap());

/// A rule of such a name in another form, which would be asked by nobody.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled in every test")]
static OTHER_FORM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^(?:default[ \t]+)?((?:deny|violation|warn)(?:_[a-zA-Z0-9]+)*)[ \t]*(?:\[|:=|=|\{|if\b)").unwrap()
});

/// A library of policies, compiled once and asked often.
pub struct Library {
    areas: BTreeMap<String, Package>,
    rules: Vec<Rule>,
}

/// A document and the package that judges it; `None` where only the combined package sees it.
struct Routed {
    area: Option<&'static str>,
    document: Document,
}

impl Library {
    /// Compiles all `*.rego` files of a tree, except tests (`*_test.rego`).
    ///
    /// # Errors
    /// Every file that is no Rego, every package that doesn't compile, every rule whose METADATA is incomplete, and an id
    /// that stands twice in a package.
    pub fn load(policies: &Tree) -> Result<Library, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut modules: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let mut rules: Vec<Rule> = Vec::new();
        for (path, file) in policies.iter() {
            let path = path.as_str();
            if !path.ends_with(".rego") || path.ends_with("_test.rego") {
                continue;
            }
            let Ok(text) = std::str::from_utf8(&file.bytes) else {
                problems.push(Diagnostic::error("expected Rego in UTF-8").place(Place::file(path)));
                continue;
            };
            match engine::package_of(path, text) {
                Ok(package) => {
                    match metadata::read(path, &package, text) {
                        Ok(found) => rules.extend(found),
                        Err(found) => problems.extend(found),
                    }
                    problems.extend(other_forms(path, text));
                    modules.entry(package).or_default().push((path.to_owned(), text.to_owned()));
                }
                Err(error) => problems.push(rego_problem(path, &error)),
            }
        }
        rules.sort_by(|a, b| (natural(&a.id), &a.area).cmp(&(natural(&b.id), &b.area)));
        for pair in rules.windows(2) {
            if (&pair[0].id, &pair[0].area) == (&pair[1].id, &pair[1].area) {
                problems.push(
                    Diagnostic::error(format!("the rule `{}` is described twice", pair[1].id))
                        .place(Place::file(&pair[1].file))
                        .hint(format!("it is described in {} too", pair[0].file)),
                );
            }
        }
        let areas = compile(&modules, &mut problems);
        problems.into_result(Library { areas, rules })
    }

    /// The rules, by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Judges a tree, with its Kustomize sources put together in memory.
    pub fn evaluate(&self, tree: &Tree, exceptions: &Exceptions) -> Report {
        self.evaluate_rendered(tree, kustomize::render(tree), exceptions)
    }

    /// Judges a tree and what its sources render.
    pub fn evaluate_rendered(&self, tree: &Tree, rendered: Rendered, exceptions: &Exceptions) -> Report {
        let mut report = Report::default();
        report.unread.extend(rendered.problems);
        let mut routed: Vec<Routed> = Vec::new();
        for root in rendered.roots {
            report.unread.extend(root.problems);
            routed.extend(root.documents.into_iter().map(|document| Routed { area: Some("kubernetes"), document }));
        }
        let files: Vec<_> = tree
            .iter()
            .filter(|(path, _)| !rendered.claimed.contains(path.as_str()))
            .filter_map(|(path, file)| Some((path.as_str(), &file.bytes, route::of_path(path.as_str())?)))
            .collect();
        let read: Vec<_> = files.par_iter().map(|(path, bytes, route)| read(path, bytes, *route)).collect();
        for result in read {
            match result {
                Ok(found) => {
                    report.evaluated.files += usize::from(!found.is_empty());
                    routed.extend(found);
                }
                Err(found) => report.unread.extend(found.0),
            }
        }
        trace_plans(&mut routed);
        report.evaluated.files += rendered.claimed.len();
        report.evaluated.documents = routed.len();
        report.evaluated.rules = self.rules.len();
        report.seen = seen(&routed);
        self.judge(&routed, exceptions, &mut report);
        report.unread.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
        report.unread.dedup();
        report
    }

    fn judge(&self, routed: &[Routed], exceptions: &Exceptions, report: &mut Report) {
        let time = Allowance::for_documents(routed.len());
        let jobs: Vec<Job<'_>> = self
            .areas
            .contains_key(route::COMBINED)
            .then_some(Job::Combined)
            .into_iter()
            .chain(
                routed
                    .iter()
                    .filter_map(|entry| Some((entry.area?, entry)))
                    .filter(|(area, _)| self.areas.contains_key(*area))
                    .map(|(area, entry)| Job::One(area, entry)),
            )
            .collect();
        // The combined input is the largest job and stands first; the others are handed out one by one behind it.
        let outcomes: Vec<_> = jobs.par_iter().with_max_len(1).map(|job| self.run(job, routed, &time)).collect();
        let mut findings = Vec::new();
        for (found, problem) in outcomes {
            findings.extend(found);
            report.unread.extend(problem);
        }
        findings.sort_by(|a: &Finding, b| order(a).cmp(&order(b)));
        // The same source is rendered once for each environment; one fault is one finding.
        findings.dedup_by(|a, b| order(a) == order(b));
        for finding in findings {
            match exceptions.of(&finding) {
                Some(index) => report.excepted.push((finding, index)),
                None => report.findings.push(finding),
            }
        }
    }

    /// What one package finds, and why that is not all.
    fn run(&self, job: &Job<'_>, routed: &[Routed], time: &Allowance) -> (Vec<Finding>, Option<Diagnostic>) {
        let (area, input, file) = match job {
            Job::Combined => (
                route::COMBINED,
                engine::combined(routed.iter().map(|entry| (&*entry.document.path, &entry.document.root))),
                ".",
            ),
            Job::One(area, entry) => (*area, engine::value_of(&entry.document.root), &*entry.document.path),
        };
        let Some(package) = self.areas.get(area) else {
            return (Vec::new(), None);
        };
        let (verdicts, problem) = match package.clone().evaluate(input, time) {
            Ok(judgement) => (judgement.verdicts, judgement.problem),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        let problem = problem.map(|problem| {
            Diagnostic::error(format!("the policies `{area}` could not be evaluated: {problem}"))
                .place(Place::file(file))
                .hint("none of them counts as passed for this file")
        });
        let findings = verdicts
            .into_iter()
            .map(|verdict| match job {
                Job::One(_, entry) => self.finding(area, &verdict, Some(&entry.document), &verdict.at),
                Job::Combined => {
                    // The first two steps lead into the list of documents: its index, and `contents`.
                    let document = match verdict.at.first() {
                        Some(document::Step::Index(index)) => routed.get(*index).map(|entry| &entry.document),
                        _ => None,
                    };
                    let rest = verdict.at.get(2..).unwrap_or_default();
                    self.finding(area, &verdict, document, rest)
                }
            })
            .collect();
        (findings, problem)
    }

    fn finding(&self, area: &str, verdict: &Verdict, document: Option<&Document>, at: &[document::Step]) -> Finding {
        let id = verdict.rule.as_deref().unwrap_or("unnamed");
        let rule = self.rules.iter().find(|rule| rule.id == id && rule.area == area);
        let spot = document.map(|document| document.spot_of(at));
        let path = match (&verdict.path, spot) {
            (Some(path), _) => path.clone(),
            (None, Some(spot)) => spot.file.to_string(),
            (None, None) => ".".to_owned(),
        };
        Finding {
            line: spot.map(|spot| spot.line),
            rule: id.to_owned(),
            level: verdict.level,
            message: verdict.message.clone(),
            area: area.to_owned(),
            lens: rule.map_or(Lens::Operability, |rule| rule.lens),
            fix: verdict.fix.clone().or_else(|| rule.map(|rule| rule.fix.clone())).unwrap_or_default(),
            rendered_by: document
                .filter(|document| document.path != document.root.spot.file)
                .map(|document| document.path.to_string()),
            path,
        }
    }
}

/// Gives what plans say the places of the configuration that they are plans of.
fn trace_plans(routed: &mut [Routed]) {
    let is_plan = |entry: &Routed| entry.area == Some("terraform") && plan::is_plan(&entry.document.root);
    let plans: Vec<usize> = (0..routed.len()).filter(|index| is_plan(&routed[*index])).collect();
    for index in plans {
        let mut document = routed[index].document.clone();
        let sources: Vec<&Document> = routed
            .iter()
            .filter(|entry| entry.area == Some("terraform") && !is_plan(entry))
            .map(|entry| &entry.document)
            .collect();
        plan::trace(&mut document, &sources);
        routed[index].document = document;
    }
}

/// How many documents there are of each area and of each kind of Kubernetes object; rules of alerts and objectives are
/// `alerts`.
fn seen(routed: &[Routed]) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for entry in routed {
        let root = &entry.document.root;
        let name = match entry.area {
            None if root.get("groups").is_some() || root.get("slos").is_some() => "alerts",
            None => continue,
            Some(area) => area,
        };
        *seen.entry(name.to_owned()).or_default() += 1;
        if let (Some("kubernetes"), Some(kind)) = (entry.area, root.get("kind").and_then(Node::as_str)) {
            *seen.entry(kind.to_owned()).or_default() += 1;
        }
    }
    seen
}

enum Job<'a> {
    /// The package that sees everything.
    Combined,
    /// A package and the document that it judges.
    One(&'static str, &'a Routed),
}

fn order(finding: &Finding) -> (&str, Option<usize>, (char, u32, &str), Level, &str) {
    (&finding.path, finding.line, natural(&finding.rule), finding.level, &finding.message)
}

/// `S2` before `S10`.
fn natural(id: &str) -> (char, u32, &str) {
    let mut characters = id.chars();
    let letter = characters.next().unwrap_or(' ');
    (letter, characters.as_str().parse().unwrap_or(u32::MAX), id)
}

fn read(path: &str, bytes: &[u8], route: Route) -> Result<Vec<Routed>, Diagnostics> {
    let (area, format) = match route {
        Route::Area(area, format) => (Some(area), format),
        Route::Context(format) => (None, format),
        Route::ByContents(format) => {
            // No word is found in a text of wide characters, so that is read, and refused.
            if !route::looks_relevant(bytes) && !document::is_wide(bytes) {
                return Ok(Vec::new());
            }
            let documents = document::read(path, bytes, format).map_err(|problems| templated(bytes, problems))?;
            return Ok(documents
                .into_iter()
                .filter_map(|document| route::of_contents(&document.root).map(|area| Routed { area, document }))
                .collect());
        }
    };
    let documents = document::read(path, bytes, format)?;
    Ok(documents.into_iter().map(|document| Routed { area, document }).collect())
}

/// Says so where a file is no YAML because it is a Helm template.
fn templated(bytes: &[u8], problems: Diagnostics) -> Diagnostics {
    // Without UTF-8 it is no template either.
    if !std::str::from_utf8(bytes).is_ok_and(|text| text.contains("{{")) {
        return problems;
    }
    let hint = "this is a template: check what it renders, with `helm template`";
    Diagnostics(problems.0.into_iter().map(|problem| problem.hint(hint)).collect())
}

/// Rules that are named like those that report, and aren't sets of results.
fn other_forms(path: &str, text: &str) -> Diagnostics {
    let problem = |found: regex::Captures<'_>| {
        let name = found.get(1)?;
        let line = text[..name.start()].matches('\n').count() + 1;
        Some(
            Diagnostic::error(format!("expected `{} contains … if {{ … }}`", name.as_str()))
                .place(Place::line(path, line))
                .hint("a rule of this name reports one result for each fault; give other rules other names"),
        )
    };
    Diagnostics(OTHER_FORM.captures_iter(text).filter_map(problem).take(20).collect())
}

fn compile(modules: &BTreeMap<String, Vec<(String, String)>>, problems: &mut Diagnostics) -> BTreeMap<String, Package> {
    let mut areas = BTreeMap::new();
    let time = Allowance::for_loading();
    let asked: BTreeMap<&String, Vec<String>> = modules
        .iter()
        .map(|(package, files)| {
            let mut queries: Vec<String> =
                files.iter().flat_map(|(_, text)| QUERY.captures_iter(text).map(|found| found[1].to_owned())).collect();
            queries.sort();
            queries.dedup();
            (package, queries)
        })
        .collect();
    // Packages that report nothing are helpers of the others.
    let helpers: Vec<&(String, String)> = modules
        .iter()
        .filter(|(package, _)| asked.get(package).is_some_and(Vec::is_empty))
        .flat_map(|(_, files)| files)
        .collect();
    for (package, queries) in asked.iter().filter(|(_, queries)| !queries.is_empty()) {
        let files: Vec<(String, String)> =
            modules.get(*package).into_iter().flatten().chain(helpers.iter().copied()).cloned().collect();
        match Package::compile(package, &files, queries, &time) {
            Ok(compiled) => {
                areas.insert((*package).clone(), compiled);
            }
            Err(error) => {
                let file = files.first().map_or(package.as_str(), |(file, _)| file);
                problems.push(rego_problem(file, &error));
            }
        }
    }
    areas
}

/// The interpreter writes `--> file:line:column` and the reason in a drawing of several lines.
fn rego_problem(file: &str, error: &str) -> Diagnostic {
    let place = error
        .lines()
        .find_map(|line| line.trim().strip_prefix("--> "))
        .and_then(|place| {
            let mut parts = place.rsplitn(3, ':');
            let column = parts.next()?.trim().parse().ok()?;
            let line = parts.next()?.parse().ok()?;
            Some(Place::at(parts.next()?, line, column))
        })
        .unwrap_or_else(|| Place::file(file));
    let reason = error
        .lines()
        .rev()
        .find_map(|line| line.trim().strip_prefix("error: "))
        .or_else(|| error.lines().rev().find(|line| !line.trim().is_empty()))
        .unwrap_or("not valid Rego")
        .trim();
    Diagnostic::error(format!("not valid Rego: {reason}")).place(place)
}
