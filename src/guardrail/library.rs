//! The policies of a library, compiled, and their verdict on a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use rayon::prelude::*;
use regex::Regex;

use super::documents::{Documents, Routed};
use super::engine::{self, Allowance, Package, Value, Verdict};
use super::{Exceptions, Finding, Lens, Level, Report, Rule, metadata, route};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::document::{self, Document};
use crate::tree::Tree;

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
        let files: Vec<(&str, &[u8])> = policies
            .iter()
            .map(|(path, file)| (path.as_str(), &*file.bytes))
            .filter(|(path, _)| path.ends_with(".rego") && !path.ends_with("_test.rego"))
            .collect();
        let read: Vec<_> = files.par_iter().map(|(path, bytes)| module(path, bytes)).collect();
        for module in read {
            match module {
                Ok((package, file, found)) => {
                    match found {
                        Ok(found) => rules.extend(found),
                        Err(found) => problems.extend(found),
                    }
                    problems.extend(other_forms(&file.0, &file.1));
                    modules.entry(package).or_default().push(file);
                }
                Err(problem) => problems.push(problem),
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
        self.judge(&Documents::read(tree, super::render(tree)), exceptions)
    }

    /// Judges what was read of a tree.
    pub fn judge(&self, documents: &Documents, exceptions: &Exceptions) -> Report {
        let mut report = Report::default();
        report.unread.extend(documents.unread.iter().cloned());
        report.judged = documents.files.clone();
        report.evaluated.files = documents.files.len();
        report.evaluated.documents = documents.routed.len();
        report.evaluated.rules = self.rules.len();
        report.seen = documents.seen();
        let mut findings = Vec::new();
        for (found, problem) in self.ask(&documents.routed) {
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
        report.unread.sort_by(|a, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
        report.unread.dedup();
        report
    }

    /// What all packages say to all documents, and why that is not all.
    fn ask(&self, routed: &[Routed]) -> Vec<(Vec<Finding>, Option<Diagnostic>)> {
        let time = Allowance::for_documents(routed.len());
        let of_area =
            |area: &'static str| self.areas.iter().filter(move |(package, _)| route::area_of(package) == area);
        // The combined input is the largest job and stands first; the others are handed out one by one behind it.
        let mut jobs: Vec<Job<'_>> =
            of_area(route::COMBINED).map(|(package, compiled)| Job::Combined(package, compiled)).collect();
        let mut same: BTreeMap<(&str, &Value), usize> = BTreeMap::new();
        for entry in routed {
            for (package, compiled) in entry.area.into_iter().flat_map(of_area) {
                match same.get(&(package.as_str(), &entry.value)).and_then(|index| jobs.get_mut(*index)) {
                    Some(Job::Same(_, _, entries)) => entries.push(entry),
                    _ => {
                        same.insert((package, &entry.value), jobs.len());
                        jobs.push(Job::Same(package, compiled, vec![entry]));
                    }
                }
            }
        }
        jobs.par_iter().with_max_len(1).map(|job| self.run(job, routed, &time)).collect()
    }

    /// What one package finds, and why that is not all.
    fn run(&self, job: &Job<'_>, routed: &[Routed], time: &Allowance) -> (Vec<Finding>, Option<Diagnostic>) {
        let (area, package, input, count, file) = match job {
            Job::Combined(area, package) => {
                let inputs = routed.iter().map(|entry| (&*entry.document.path, &entry.value));
                (*area, package, engine::combined(inputs), routed.len(), ".")
            }
            Job::Same(area, package, entries) => {
                let Some(first) = entries.first() else { return (Vec::new(), None) };
                (*area, package, first.value.clone(), 1, &*first.document.path)
            }
        };
        let (verdicts, problem) = match package.evaluate(&input, count, time) {
            Ok(judgement) => (judgement.verdicts, judgement.problem),
            Err(problem) => (Vec::new(), Some(problem)),
        };
        let problem = problem.map(|problem| {
            Diagnostic::error(format!("the policies `{area}` could not be evaluated: {problem}"))
                .place(Place::file(file))
                .hint("none of them counts as passed for this file")
        });
        let findings = match job {
            Job::Same(_, _, entries) => entries
                .iter()
                .flat_map(|entry| {
                    verdicts.iter().map(|verdict| self.finding(area, verdict, Some(&entry.document), &verdict.at))
                })
                .collect(),
            Job::Combined(..) => verdicts
                .iter()
                .map(|verdict| {
                    // The first two steps lead into the list of documents: its index, and `contents`.
                    let document = match verdict.at.first() {
                        Some(document::Step::Index(index)) => routed.get(*index).map(|entry| &entry.document),
                        _ => None,
                    };
                    self.finding(area, verdict, document, verdict.at.get(2..).unwrap_or_default())
                })
                .collect(),
        };
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
            convention: verdict.convention,
            path,
        }
    }
}

enum Job<'a> {
    /// A package, by name, that sees everything.
    Combined(&'a str, &'a Package),
    /// A package, by name, and documents with the same contents that it judges.
    Same(&'a str, &'a Package, Vec<&'a Routed>),
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

/// A module's package, its file and text, and the rules that it describes.
type Module = (String, (String, String), Result<Vec<Rule>, Diagnostics>);

fn module(path: &str, bytes: &[u8]) -> Result<Module, Diagnostic> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Diagnostic::error("expected Rego in UTF-8").place(Place::file(path)))?;
    let package = engine::package_of(path, text).map_err(|error| rego_problem(path, &error))?;
    let rules = metadata::read(path, &package, text);
    Ok((package, (path.to_owned(), text.to_owned()), rules))
}

fn compile(modules: &BTreeMap<String, Vec<(String, String)>>, problems: &mut Diagnostics) -> BTreeMap<String, Package> {
    let time = Allowance::for_loading();
    let reports = |files: &[(String, String)]| files.iter().any(|(_, text)| engine::reporting(text).next().is_some());
    let (reporting, helping): (Vec<_>, Vec<_>) = modules.iter().partition(|(_, files)| reports(files));
    for (package, files) in &reporting {
        if !route::AREAS.contains(&route::area_of(package)) {
            let file = files.first().map_or(package.as_str(), |(file, _)| file);
            problems.push(
                Diagnostic::error(format!("nothing is ever handed to the package `{package}`"))
                    .place(Place::file(file))
                    .hint(format!(
                        "call it {0}, or end its name in one of these, as in acme.{1}",
                        route::AREAS.join(", "),
                        route::AREAS[0]
                    )),
            );
        }
    }
    // Packages that report nothing are helpers of the others. Where none reports, they are compiled for their faults.
    let helpers: Vec<&(String, String)> = helping.iter().flat_map(|(_, files)| *files).collect();
    let packages = if reporting.is_empty() { helping } else { reporting };
    let mut jobs: Vec<(&String, Vec<&(String, String)>)> = packages
        .into_iter()
        .map(|(package, files)| {
            let own = |file: &&(String, String)| !files.iter().any(|(path, _)| *path == file.0);
            (package, files.iter().chain(helpers.iter().copied().filter(own)).collect())
        })
        .collect();
    // The largest first, so that all cores are busy to the end.
    jobs.sort_by_key(|(_, files)| std::cmp::Reverse(files.iter().map(|(_, text)| text.len()).sum::<usize>()));
    let compiled: Vec<_> = jobs
        .par_iter()
        .with_max_len(1)
        .map(|(package, files)| (package, files, Package::compile(package, files, &time)))
        .collect();
    let mut areas = BTreeMap::new();
    let mut told = BTreeSet::new();
    for (package, files, outcome) in compiled {
        match outcome {
            Ok(compiled) => {
                areas.insert((*package).clone(), compiled);
            }
            Err(errors) => {
                let file = files.first().map_or(package.as_str(), |(file, _)| file);
                // What helpers do wrong comes from every package that they help.
                for error in errors {
                    if told.insert(error.clone()) {
                        problems.push(rego_problem(file, &error));
                    }
                }
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
