//! What a repository that is there already says about the questions of a blueprint.
//!
//! Where to look is the blueprint's own data; here it is looked up in what is committed, in the address of the remote, and
//! in the answers that copier, cookiecutter and cruft left. What is found are candidates: whether one is an answer is for
//! the question to say. The files are other people's, so each has a size, and all together have a number.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::answers::Candidate;
use crate::blueprint::guess::{Guess, Look, Paths, Source};
use crate::blueprint::{Blueprint, Question, QuestionType};
use crate::diag::{Diagnostic, Place, Severity, printable};
use crate::document::{self, Content, Document, Format, Node};

/// Largest file that is looked into, in bytes: manifests and answers are far smaller.
const SIZE_LIMIT: usize = 1024 * 1024;
/// Most files that one guess looks into.
const COUNT_LIMIT: usize = 2_000;
/// Most bytes of all files, since they stay in memory meanwhile.
const TOTAL_LIMIT: usize = 32 * 1024 * 1024;
/// Most texts that one guess finds.
const FOUND_LIMIT: usize = 100;
/// What is said of the remote as a place.
const REMOTE: &str = "the remote origin";

/// A repository as far as guesses look at it.
pub struct Repository<'a> {
    /// The paths of its files: neither links nor submodules.
    pub files: BTreeSet<&'a str>,
    /// The size of a file, in bytes.
    pub size: &'a dyn Fn(&str) -> Option<usize>,
    /// The content of a file.
    pub read: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    /// The address of the remote `origin`.
    pub remote: Option<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// For each question what may be its answer, the most telling first.
    pub candidates: BTreeMap<String, Vec<Candidate>>,
    /// Files that could not be looked into.
    pub warnings: Vec<Diagnostic>,
}

/// Looks for the answers to the questions of a blueprint.
pub fn look(blueprint: &Blueprint, repository: &Repository) -> Found {
    let search = Search {
        repository,
        documents: RefCell::default(),
        texts: RefCell::default(),
        warnings: RefCell::default(),
        total: Cell::new(0),
        told: Cell::new(false),
    };
    let recorded = search.recorded();
    let mut found = Found::default();
    for question in &blueprint.questions {
        let candidates = search.question(question, &recorded);
        if !candidates.is_empty() {
            found.candidates.insert(question.key.clone(), candidates);
        }
    }
    found.warnings = search.warnings.into_inner();
    found
}

/// An address without the credentials that may stand in it.
pub fn without_credentials(address: &str) -> String {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), address),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}{}", &rest[host..])
}

struct Search<'a> {
    repository: &'a Repository<'a>,
    documents: RefCell<BTreeMap<String, Rc<Vec<Document>>>>,
    texts: RefCell<BTreeMap<String, Option<Rc<str>>>>,
    warnings: RefCell<Vec<Diagnostic>>,
    total: Cell<usize>,
    /// Whether it was said that not all files are looked into.
    told: Cell<bool>,
}

/// An answer that another scaffolder recorded.
struct Recorded {
    key: String,
    value: Node,
}

impl Search<'_> {
    fn question(&self, question: &Question, recorded: &[Recorded]) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        // Another scaffolder that asked the same was answered by somebody.
        if !question.guess.iter().any(|guess| matches!(guess.source, Source::Answers(_))) {
            candidates.extend(answered(&question.key, recorded));
        }
        for guess in &question.guess {
            let found = match &guess.source {
                Source::Answers(keys) => {
                    let own = std::iter::once(&question.key).filter(|key| !keys.contains(key));
                    own.chain(keys).flat_map(|key| answered(key, recorded)).collect()
                }
                Source::Files(paths, look) => self.files(paths, look).into_iter().collect(),
                Source::Folders(paths) => self.folders(paths).into_iter().collect(),
                Source::Remote(pattern) => self.remote(pattern).into_iter().collect::<Vec<_>>(),
            };
            candidates.extend(found.into_iter().filter_map(|candidate| settle(candidate, guess, question.kind)));
        }
        candidates
    }

    fn files(&self, paths: &Paths, look: &Look) -> Option<Candidate> {
        let mut found = Vec::new();
        let mut place = None;
        for (looked, path) in self.repository.files.iter().filter(|path| paths.holds(path)).enumerate() {
            if looked == COUNT_LIMIT {
                self.no_further(path);
                break;
            }
            match look {
                Look::There => return Some(Candidate { found: Ok(Vec::new()), place: Place::file(*path) }),
                Look::Pattern(pattern) => {
                    let Some(text) = self.text(path) else { continue };
                    for captures in pattern.captures_iter(&text).take(FOUND_LIMIT) {
                        let Some(group) = captures.get(1).or_else(|| captures.get(0)) else { continue };
                        let line = || text[..group.start()].matches('\n').count() + 1;
                        place.get_or_insert_with(|| Place::line(*path, line()));
                        found.push(group.as_str().to_owned());
                    }
                }
                Look::At(keys) => {
                    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
                    let documents = self.documents(path);
                    let Some(node) = documents.iter().find_map(|document| document.root.at(&keys)) else { continue };
                    if matches!(node.content, Content::Null) {
                        continue;
                    }
                    let there = Place::line(*path, node.spot.line);
                    match texts(node) {
                        Ok(texts) => found.extend(texts),
                        Err(what) if found.is_empty() => return Some(Candidate { found: Err(what), place: there }),
                        Err(_) => continue,
                    }
                    place.get_or_insert(there);
                }
            }
            if found.len() >= FOUND_LIMIT {
                break;
            }
        }
        found.truncate(FOUND_LIMIT);
        Some(Candidate { found: Ok(found), place: place? })
    }

    fn folders(&self, paths: &Paths) -> Option<Candidate> {
        let mut folders = BTreeSet::new();
        for path in &self.repository.files {
            folders.extend(path.match_indices('/').map(|(at, _)| &path[..at]).filter(|folder| paths.holds(folder)));
        }
        let first = folders.first()?;
        let place = Place::file(first.rsplit_once('/').map_or("./".to_owned(), |(above, _)| format!("{above}/")));
        let names = folders.iter().take(FOUND_LIMIT);
        let names = names.map(|folder| folder.rsplit('/').next().unwrap_or(folder).to_owned()).collect();
        Some(Candidate { found: Ok(names), place })
    }

    fn remote(&self, pattern: &regex::Regex) -> Option<Candidate> {
        let captures = pattern.captures(self.repository.remote.as_deref()?)?;
        let text = captures.get(1).or_else(|| captures.get(0))?.as_str().to_owned();
        Some(Candidate { found: Ok(vec![text]), place: Place::file(REMOTE) })
    }

    /// What copier, cookiecutter and cruft recorded.
    fn recorded(&self) -> Vec<Recorded> {
        let mut recorded = Vec::new();
        for path in &self.repository.files {
            // Where each of them has its answers in the file.
            let within: &[&[&str]] = match answers_of(path) {
                None => continue,
                Some(Scaffolder::Copier) => &[&[]],
                Some(Scaffolder::Cookiecutter) => &[&["cookiecutter"], &[]],
                Some(Scaffolder::Cruft) => &[&["context", "cookiecutter"]],
            };
            let documents = self.documents(path);
            let Some(root) = documents.first().map(|document| &document.root) else { continue };
            let Some(node) = within.iter().find_map(|keys| root.at(keys)) else { continue };
            // Keys with an underscore are the scaffolder's own.
            recorded.extend(
                node.entries()
                    .iter()
                    .filter(|(key, _)| !key.starts_with('_'))
                    .map(|(key, value)| Recorded { key: key.clone(), value: value.clone() }),
            );
        }
        recorded
    }

    fn text(&self, path: &str) -> Option<Rc<str>> {
        if let Some(known) = self.texts.borrow().get(path) {
            return known.clone();
        }
        let text = self.bytes(path).and_then(|bytes| String::from_utf8(bytes).ok()).map(Rc::from);
        self.texts.borrow_mut().insert(path.to_owned(), text.clone());
        text
    }

    fn documents(&self, path: &str) -> Rc<Vec<Document>> {
        if let Some(known) = self.documents.borrow().get(path) {
            return known.clone();
        }
        let read = || -> Option<Vec<Document>> {
            let format = Format::of(path)?;
            let text = self.text(path)?;
            match document::read(path, text.as_bytes(), format) {
                Ok(documents) => Some(documents),
                Err(problems) => {
                    let warn = |problem: Diagnostic| Diagnostic {
                        severity: Severity::Warning,
                        message: format!("no answers were looked for here: {}", problem.message),
                        ..problem
                    };
                    self.warnings.borrow_mut().extend(problems.0.into_iter().take(1).map(warn));
                    None
                }
            }
        };
        let documents = Rc::new(read().unwrap_or_default());
        self.documents.borrow_mut().insert(path.to_owned(), documents.clone());
        documents
    }

    fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        let size = (self.repository.size)(path)?;
        if size > SIZE_LIMIT {
            let message = format!("no answers were looked for here: the file has more than {} KiB", SIZE_LIMIT / 1024);
            self.warnings.borrow_mut().push(Diagnostic::warning(message).place(Place::file(path)));
            return None;
        }
        if self.total.get() + size > TOTAL_LIMIT {
            self.no_further(path);
            return None;
        }
        self.total.set(self.total.get() + size);
        (self.repository.read)(path)
    }

    /// Says once that not all files are looked into.
    fn no_further(&self, path: &str) {
        if !self.told.replace(true) {
            let message = format!(
                "no answers were looked for here: {COUNT_LIMIT} files for a guess and {} MiB for all are the limit",
                TOTAL_LIMIT / 1024 / 1024
            );
            self.warnings.borrow_mut().push(Diagnostic::warning(message).place(Place::file(path)));
        }
    }
}

enum Scaffolder {
    Copier,
    Cookiecutter,
    Cruft,
}

/// Whose answers a file has, by its name.
fn answers_of(path: &str) -> Option<Scaffolder> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let yaml = name.ends_with(".yml") || name.ends_with(".yaml");
    match folder {
        "" | ".copier" if name.starts_with(".copier-answers") && yaml => Some(Scaffolder::Copier),
        "" if name == ".cruft.json" => Some(Scaffolder::Cruft),
        "" if matches!(name, ".cookiecutter.json" | ".cookiecutter.yml" | ".cookiecutter.yaml") => {
            Some(Scaffolder::Cookiecutter)
        }
        // What `cookiecutter --replay-file` reads.
        "" if name == ".cookiecutter_replay.json" => Some(Scaffolder::Cookiecutter),
        ".cookiecutter_replay" if name.ends_with(".json") => Some(Scaffolder::Cookiecutter),
        _ => None,
    }
}

fn answered(key: &str, recorded: &[Recorded]) -> Vec<Candidate> {
    let own = recorded.iter().filter(|recorded| recorded.key == key);
    let told = own.filter(|recorded| !matches!(recorded.value.content, Content::Null));
    told.map(|recorded| Candidate {
        found: texts(&recorded.value),
        place: Place::line(&*recorded.value.spot.file, recorded.value.spot.line),
    })
    .collect()
}

/// A value as texts; else what it is.
fn texts(node: &Node) -> Result<Vec<String>, String> {
    let one = |node: &Node| match &node.content {
        Content::Str(text) => Ok(text.clone()),
        Content::Bool(value) => Ok(value.to_string()),
        Content::Int(value) => Ok(value.to_string()),
        Content::Float(value) => Ok(value.to_string()),
        Content::Null => Err("nothing".to_owned()),
        Content::List(_) => Err("a list".to_owned()),
        Content::Map(_) => Err("a map".to_owned()),
    };
    match &node.content {
        Content::List(items) => {
            items.iter().take(FOUND_LIMIT).map(|item| one(item).map_err(|what| format!("{what} in a list"))).collect()
        }
        _ => one(node).map(|text| vec![text]),
    }
}

/// Brings what was found to what the guess says of it; nothing is left of what is empty.
fn settle(candidate: Candidate, guess: &Guess, kind: QuestionType) -> Option<Candidate> {
    let Ok(found) = candidate.found else { return Some(candidate) };
    let is_list = matches!(kind, QuestionType::List | QuestionType::Choices);
    let mut out: Vec<String> = match &guess.is {
        Some(is) => is.clone(),
        // Before a spelling makes them look harmless: nobody meant them.
        None if found.iter().any(|text| printable(text.trim()) != text.trim() || text.trim().contains('\n')) => {
            let found = Err("a text with control characters".to_owned());
            return Some(Candidate { found, place: candidate.place });
        }
        None => {
            let trimmed = found.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
            let mapped = trimmed.map(|text| {
                let to = guess.map.iter().find(|(from, _)| from == text).map(|(_, to)| to.as_str());
                to.unwrap_or(text).to_owned()
            });
            mapped.map(|text| guess.case.map_or(text.clone(), |case| case(&text))).collect()
        }
    };
    let mut seen = BTreeSet::new();
    out.retain(|text| seen.insert(text.clone()));
    out.sort_by_key(|text| guess.order.iter().position(|known| known == text).map_or(0, |at| at + 1));
    if !is_list && !matches!(guess.source, Source::Answers(_)) {
        out.truncate(1);
    }
    (!out.is_empty()).then_some(Candidate { found: Ok(out), place: candidate.place })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::{self, Given, Origin, Unanswered};
    use crate::blueprint::{self, Library};
    use crate::tree::{File, Tree, TreePath};

    /// A blueprint that asks these questions.
    fn asking(questions: &str) -> Result<Blueprint, crate::diag::Diagnostics> {
        let mut tree = Tree::new();
        let manifest = format!(
            "name: b\nversion: 1.0.0\nsummary: x\nquestions:\n{questions}components: [{{use: ./components/x}}]\n"
        );
        for (path, text) in [("blueprint.yaml", manifest.as_str()), ("components/x/component.yaml", "summary: x\n")] {
            tree.insert(TreePath::new(path).unwrap(), File::regular(text)).unwrap();
        }
        let library = Library { prefix: String::new(), tree: Tree::new(), own: Some((String::new(), tree)) };
        blueprint::load(&library, None)
    }

    fn found(questions: &str, files: &[(&str, &str)], remote: Option<&str>) -> Found {
        let blueprint = asking(questions).unwrap();
        let get = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, text)| text.as_bytes().to_vec());
        look(
            &blueprint,
            &Repository {
                files: files.iter().map(|(path, _)| *path).collect(),
                size: &|path| get(path).map(|bytes| bytes.len()),
                read: &get,
                remote: remote.map(without_credentials),
            },
        )
    }

    /// What is found for the question `q`: `value @ place`, each.
    fn of(rest: &str, files: &[(&str, &str)], remote: Option<&str>) -> Vec<String> {
        let mut found = found(&format!("  - {{key: q, ask: x, {rest}}}\n"), files, remote);
        assert!(found.warnings.is_empty(), "{:?}", found.warnings);
        let candidates = found.candidates.remove("q").unwrap_or_default();
        let told = candidates.into_iter().map(|candidate| {
            let text = candidate.found.map_or_else(|what| format!("<{what}>"), |texts| texts.join(","));
            format!("{text} @ {}", candidate.place)
        });
        told.collect()
    }

    #[test]
    fn a_file_tells_by_being_there_by_a_pattern_and_by_a_value() {
        let files = [
            ("go.mod", "// x\nmodule github.com/acme/pay_me\n"),
            (
                "catalog-info.yaml",
                "kind: Component\nspec:\n  owner: group:team-a\n---\nkind: System\nspec: {system: s}\n",
            ),
            ("package.json", "{\n  \"description\": \"Pays\"\n}\n"),
            ("pyproject.toml", "[project]\nname = \"p\"\n"),
        ];
        let ask = |guess: &str| of(&format!("type: string, guess: [{guess}]"), &files, None);
        assert_eq!(ask("{file: go.mod, is: go}"), ["go @ go.mod"]);
        assert_eq!(ask("{file: '**/go.mod', is: go}"), ["go @ go.mod"]);
        assert!(ask("{file: go.sum, is: go}").is_empty());
        assert_eq!(ask(r"{file: go.mod, pattern: '(?m)/([^/\s]+)$', case: kebab}"), ["pay-me @ go.mod:2"]);
        assert_eq!(ask("{file: catalog-info.yaml, at: spec.system}"), ["s @ catalog-info.yaml:6"]);
        assert_eq!(
            ask("{file: catalog-info.yaml, at: spec.owner, map: {'group:team-a': a}}"),
            ["a @ catalog-info.yaml:3"]
        );
        assert_eq!(ask("{file: package.json, at: description}"), ["Pays @ package.json:2"]);
        assert_eq!(ask("{file: '*.toml', at: [project, name]}"), ["p @ pyproject.toml:2"]);
        assert_eq!(ask("{file: '*.yaml', at: spec}"), ["<a map> @ catalog-info.yaml:2"]);
        assert_eq!(
            ask("{file: x, is: a}, {file: go.mod, is: b}, {file: '*.json', is: c}").join(" "),
            "b @ go.mod c @ package.json"
        );
    }

    #[test]
    fn lists_take_all_that_is_found_in_their_order() {
        let files =
            [("d/prod/k.yaml", "env: a\n"), ("d/dev/k.yaml", "env: b\nenv: a\n"), ("d/qa/sub/k.yaml", ""), ("d/x", "")];
        let ask = |guess: &str| of(&format!("type: list, guess: [{guess}]"), &files, None);
        assert_eq!(ask("{folders: 'd/*'}"), ["dev,prod,qa @ d/"]);
        assert_eq!(ask("{folders: 'd/*', order: [qa, prod]}"), ["dev,qa,prod @ d/"]);
        assert_eq!(ask(r"{file: 'd/*/*.yaml', pattern: 'env: (\w)'}"), ["b,a @ d/dev/k.yaml:1"]);
        assert_eq!(ask("{folders: d, is: [one, two]}"), ["one,two @ ./"]);
        assert!(ask("{folders: 'e/*'}").is_empty());
    }

    #[test]
    fn the_remote_is_read_without_its_credentials() {
        let ask = |remote| of(r"type: string, guess: [{remote: '^(.*)$'}]", &[], Some(remote));
        assert_eq!(ask("https://me:secret@host/acme/x.git"), ["https://host/acme/x.git @ the remote origin"]);
        assert_eq!(ask("git@host:acme/x.git"), ["host:acme/x.git @ the remote origin"]);
        assert_eq!(ask("ssh://git@host:22/acme/x@y"), ["ssh://host:22/acme/x@y @ the remote origin"]);
        assert_eq!(ask("../x"), ["../x @ the remote origin"]);
    }

    #[test]
    fn what_other_scaffolders_recorded() {
        let files = [
            (".copier-answers.yml", "# x\n_commit: v1\nq: copier\nslug: a_b\n"),
            (
                ".cruft.json",
                "{\"template\": \"t\", \"context\": {\"cookiecutter\": {\n\"q\": \"cruft \\ud83d\\ude00\"}}}",
            ),
            (".cookiecutter.json", "{\"cookiecutter\": {\"q\": 3}}"),
            (".cookiecutter_replay/t.json", "{\"q\": [\"a\", true]}"),
            ("deep/.cruft.json", "{\"context\": {\"cookiecutter\": {\"q\": \"no\"}}}"),
        ];
        let all = of("type: string", &files, None);
        let expected = [
            "3 @ .cookiecutter.json:1",
            "a,true @ .cookiecutter_replay/t.json:1",
            "copier @ .copier-answers.yml:3",
            "cruft 😀 @ .cruft.json:2",
        ];
        assert_eq!(all, expected);
        let named = of("type: string, guess: [{answer: [slug, _commit], case: kebab}]", &files[..1], None);
        assert_eq!(named, ["copier @ .copier-answers.yml:3", "a-b @ .copier-answers.yml:4"]);
    }

    #[test]
    fn the_first_that_fits_is_taken_and_the_others_are_told() {
        let questions = "  - {key: q, ask: x, type: choice, choices: [a, b], default: '\"a\"', guess: [{answer: q}, {file: x, is: b}]}\n  - {key: n, ask: x, type: integer, validate: [{check: value > 2 and q == 'b', message: m}], guess: [{file: n, pattern: '(.*)'}]}\n";
        let files = [(".copier-answers.yml", "q: \"\\e[2J\"\n"), ("n", "7\n"), ("x", "")];
        let blueprint = asking(questions).unwrap();
        let given = Given { guesses: found(questions, &files, None).candidates, ..Given::default() };
        for unanswered in [Unanswered::TakeGuesses, Unanswered::TakeDefaults] {
            let resolution = answers::resolve(&blueprint, &given, &BTreeMap::new(), None, unanswered).unwrap();
            let all: Vec<_> = resolution.answers.iter().map(|a| (a.answer.to_string(), a.origin)).collect();
            assert_eq!(all, [("b".to_owned(), Origin::Guess), ("7".to_owned(), Origin::Guess)]);
            let told: Vec<_> = resolution.guessed.iter().map(|g| (g.text.as_str(), g.refused.is_some())).collect();
            assert_eq!(told, [("a text with control characters", true), ("b", false), ("7", false)]);
        }
        // What somebody said counts more, and is suggested no more.
        let given = Given { set: vec![("q".to_owned(), "a".to_owned())], ..given };
        let resolution = answers::resolve(&blueprint, &given, &BTreeMap::new(), None, Unanswered::LeaveOpen).unwrap();
        assert_eq!(resolution.get("q").unwrap().to_string(), "a");
        assert!(resolution.open[0].found.is_none() && resolution.open[0].default.is_none());
        assert!(resolution.guessed[0].refused.is_some());
        let resolution = answers::resolve(
            &blueprint,
            &Given { set: Vec::new(), ..given },
            &BTreeMap::new(),
            None,
            Unanswered::LeaveOpen,
        )
        .unwrap();
        assert_eq!(resolution.open[0].found.as_ref().unwrap().to_string(), "x");
        assert_eq!(resolution.open[0].default.as_ref().unwrap().to_string(), "b");
        assert!(resolution.open[1].found.is_none(), "its check waits for the answer to another question");
    }

    #[test]
    fn hostile_files_are_bounded_and_named() {
        let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned()
            + &(1..12)
                .map(|n| {
                    format!(
                        "k{n}: &k{n} [*{0},*{0},*{0},*{0},*{0},*{0},*{0},*{0}]\n",
                        if n == 1 { "a".to_owned() } else { format!("k{}", n - 1) }
                    )
                })
                .collect::<String>();
        let large = format!("q: {}\n", "x".repeat(SIZE_LIMIT));
        let long = format!("q: {}\n", "x".repeat(5000));
        let files = [
            (".copier-answers.bomb.yml", bomb.as_str()),
            (".copier-answers.large.yml", large.as_str()),
            (".copier-answers.long.yml", long.as_str()),
            (".copier-answers.broken.yml", "q: [\n"),
            (".cruft.json", "{\"context\": {\"cookiecutter\": {\"q\": {\"deep\": 1}}}}"),
        ];
        let questions = "  - {key: q, ask: x, type: string, default: '\"d\"'}\n";
        let found = found(questions, &files, None);
        assert_eq!(found.warnings.len(), 3, "{:?}", found.warnings);
        assert!(found.warnings.iter().all(|warning| warning.severity == Severity::Warning && warning.place.is_some()));
        let given = Given { guesses: found.candidates, ..Given::default() };
        let blueprint = asking(questions).unwrap();
        let resolution =
            answers::resolve(&blueprint, &given, &BTreeMap::new(), None, Unanswered::TakeDefaults).unwrap();
        assert_eq!(resolution.get("q").unwrap().to_string(), "d");
        let told: Vec<_> = resolution.guessed.iter().map(|g| g.refused.as_ref().unwrap().message.as_str()).collect();
        assert_eq!(told, ["expected a string, found a text of more than 1024 bytes", "expected a string, found a map"]);
        assert!(resolution.guessed.iter().all(|guessed| guessed.text.chars().count() <= 60));
    }

    #[test]
    fn many_files_are_looked_into_up_to_a_limit() {
        let names: Vec<String> = (0..COUNT_LIMIT + 5).map(|n| format!("f{n:05}")).collect();
        let large = "x".repeat(SIZE_LIMIT);
        let guess = "  - {key: q, ask: x, type: string, guess: [{file: 'f*', pattern: nothing}]}\n";
        for text in ["", large.as_str()] {
            let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text)).collect();
            let warnings = found(guess, &files, None).warnings;
            let at = if text.is_empty() { "f02000" } else { "f00032" };
            assert_eq!(warnings.len(), 1);
            assert_eq!(warnings[0].place.as_ref().unwrap().file, at);
        }
    }

    #[test]
    fn mistakes_in_guesses_are_reported_with_what_to_write() {
        let wrong = [
            ("type: string, guess: [{is: x}]", "looks at 0 things"),
            ("type: string, guess: [{file: a, remote: b}]", "looks at 2 things"),
            ("type: string, guess: [{file: a}]", "answers nothing by itself"),
            ("type: string, guess: [{file: a, pattern: b, at: c}]", "either `pattern` or `at`"),
            ("type: string, guess: [{remote: b, at: c}]", "are about a `file`"),
            ("type: string, guess: [{file: a, pattern: '('}]", "no regular expression"),
            ("type: string, guess: [{file: '[', is: b}]", "no pattern"),
            ("type: string, guess: [{fiel: a, is: b}]", "no field `fiel`"),
            ("type: string, guess: [{remote: a, case: Kebab}]", "can't be `Kebab`"),
            ("type: choice, choices: [a], guess: [{file: x, is: b}]", "answers `b`, which `q` does not offer"),
            ("type: choice, choices: [a], guess: [{answer: x, map: {y: b}}]", "answers `b`, which `q` does not offer"),
        ];
        for (rest, expected) in wrong {
            let problems = asking(&format!("  - {{key: q, ask: x, {rest}}}\n")).unwrap_err().to_string();
            assert!(problems.contains(expected), "{rest}: {problems}");
        }
    }
}
