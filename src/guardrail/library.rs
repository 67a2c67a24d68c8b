//! The policies of a library, compiled, and their verdict on a tree.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rayon::prelude::*;
use regex::Regex;

use super::engine::{self, Package, Verdict};
use super::rendered::Rendered;
use super::route::{self, Route};
use super::{Exceptions, Finding, Lens, Level, Report, Rule, kustomize, metadata};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::document::{self, Document, Node};
use crate::tree::Tree;

/// The names that conftest asks for.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled in every test")]
static QUERY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^((?:deny|violation|warn)(?:_[a-zA-Z0-9]+)*)\s+contains\s").unwrap());

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
        for ((path, ..), result) in files.iter().zip(read) {
            match result {
                Ok(found) => {
                    report.judged.extend((!found.is_empty()).then(|| (*path).to_owned()));
                    routed.extend(found);
                }
                Err(found) => report.unread.extend(found.0),
            }
        }
        report.judged.extend(rendered.claimed.iter().cloned());
        report.evaluated.files = report.judged.len();
        report.evaluated.documents = routed.len();
        report.evaluated.rules = self.rules.len();
        report.seen = seen(&routed);
        self.judge(&routed, exceptions, &mut report);
        report.unread.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
        report.unread.dedup();
        report
    }

    fn judge(&self, routed: &[Routed], exceptions: &Exceptions, report: &mut Report) {
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
        let outcomes: Vec<_> = jobs.par_iter().with_max_len(1).map(|job| self.run(job, routed)).collect();
        let mut findings = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(found) => findings.extend(found),
                Err(problem) => report.unread.push(problem),
            }
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

    fn run(&self, job: &Job<'_>, routed: &[Routed]) -> Result<Vec<Finding>, Diagnostic> {
        let (area, input, file) = match job {
            Job::Combined => (
                route::COMBINED,
                engine::combined(routed.iter().map(|entry| (&*entry.document.path, &entry.document.root))),
                ".",
            ),
            Job::One(area, entry) => (*area, engine::value_of(&entry.document.root), &*entry.document.path),
        };
        let Some(package) = self.areas.get(area) else {
            return Ok(Vec::new());
        };
        let verdicts = package.clone().evaluate(input).map_err(|error| {
            Diagnostic::error(format!("the policies `{area}` could not be evaluated: {error}"))
                .place(Place::file(file))
                .hint("none of them counts as passed for this file")
        })?;
        Ok(verdicts
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
            .collect())
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
            if !route::looks_relevant(bytes) {
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
    if !bytes.windows(2).any(|window| window == b"{{") {
        return problems;
    }
    let hint = "this is a template: check what it renders, with `helm template`";
    Diagnostics(problems.0.into_iter().map(|problem| problem.hint(hint)).collect())
}

fn compile(modules: &BTreeMap<String, Vec<(String, String)>>, problems: &mut Diagnostics) -> BTreeMap<String, Package> {
    let mut areas = BTreeMap::new();
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
        match Package::compile(package, &files, queries) {
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
