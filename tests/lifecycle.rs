//! Random blueprints from version to version under random edits, through `new` and `update` as they are: no line that a
//! user wrote is lost, files that nobody touched are as freshly rendered, and a second update does nothing.
//!
//! `GOLDPATH_CASES=10000 cargo test --test lifecycle` tries more cases.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use git2::{IndexAddOption, Repository, Signature};
use goldpath::answers::Given;
use goldpath::ops::Failure;
use goldpath::ops::merging;
use goldpath::ops::new::{self, new};
use goldpath::ops::update::{self, State, update};

/// Numbers that are the same on every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    Shared,
    Platform,
    Team,
}

/// A file of a blueprint: where, whose, and what is in it.
#[derive(Clone)]
struct Template {
    path: String,
    owner: Owner,
    lines: Vec<String>,
}

#[derive(Clone, Default)]
struct Blueprint {
    files: Vec<Template>,
    moved: Vec<(String, String)>,
    removed: Vec<String>,
    /// What the question is called, and what its first choice is.
    key: String,
    choice: String,
    renamed: bool,
}

const FOLDERS: [&str; 4] = ["", "a/", "b/", "a/c/"];

fn lines(random: &mut Random, file: usize) -> Vec<String> {
    let count = 5 + random.below(15);
    let mut out: Vec<String> =
        (0..count).map(|line| format!("line {line} of file {file} with text to fill it")).collect();
    if random.percent(30) {
        let at = random.below(out.len());
        out[at] = "the answer is <%= answer %>".to_owned();
    }
    out
}

fn first(random: &mut Random) -> Blueprint {
    let files = (0..2 + random.below(7)).map(|number| Template {
        path: format!("{}f{number}.txt", FOLDERS[random.below(4)]),
        owner: [Owner::Shared, Owner::Shared, Owner::Shared, Owner::Platform, Owner::Team][random.below(5)],
        lines: lines(random, number),
    });
    let files = files.collect();
    Blueprint { files, key: "word".to_owned(), choice: "red".to_owned(), ..Blueprint::default() }
}

fn second(random: &mut Random, first: &Blueprint) -> Blueprint {
    let mut next = Blueprint { key: first.key.clone(), choice: first.choice.clone(), ..Blueprint::default() };
    for (number, file) in first.files.iter().enumerate() {
        let mut file = file.clone();
        if random.percent(40) {
            for _ in 0..=random.below(2) {
                let at = random.below(file.lines.len());
                match random.below(3) {
                    0 => file.lines[at] = format!("new in two: {}", random.below(1000)),
                    1 if file.lines.len() > 3 => drop(file.lines.remove(at)),
                    _ => file.lines.insert(at, format!("added in two: {}", random.below(1000))),
                }
            }
        }
        match random.below(10) {
            0 => {
                if random.percent(50) {
                    next.removed.push(file.path.clone());
                }
                continue;
            }
            1 | 2 => {
                let to = format!("{}moved{number}.txt", FOLDERS[random.below(4)]);
                // Sometimes nobody says so, and sometimes it is another file altogether.
                if random.percent(70) {
                    next.moved.push((file.path.clone(), to.clone()));
                    if random.percent(20) {
                        file.lines = lines(random, 50 + number);
                    }
                }
                file.path = to;
            }
            _ => {}
        }
        next.files.push(file);
    }
    for number in 0..random.below(3) {
        let lines = lines(random, 100 + number);
        next.files.push(Template { path: format!("new{number}.txt"), owner: Owner::Shared, lines });
    }
    next.renamed = random.percent(20);
    if next.renamed {
        next.key = "colour".to_owned();
        next.choice = "crimson".to_owned();
    }
    next
}

impl Blueprint {
    fn write(&self, folder: &Path, version: &str) {
        let _ = std::fs::remove_dir_all(folder);
        let component = folder.join("components/x");
        let mut manifest = format!(
            "name: b\nversion: {version}\nsummary: x\nquestions:\n  - key: {}\n    type: choice\n    ask: x\n    default: '\"{}\"'\n    choices: [{}, blue]\ncomponents:\n  - use: ./components/x\n    with: {{answer: {}}}\n",
            self.key, self.choice, self.choice, self.key
        );
        if !self.moved.is_empty() || !self.removed.is_empty() || self.renamed {
            manifest.push_str("migrations:\n  - version: 2.0.0\n");
            if !self.moved.is_empty() {
                manifest.push_str("    moved:\n");
                self.moved
                    .iter()
                    .for_each(|(from, to)| manifest.push_str(&format!("      - {{from: {from}, to: {to}}}\n")));
            }
            if !self.removed.is_empty() {
                manifest.push_str(&format!("    removed: [{}]\n", self.removed.join(", ")));
            }
            if self.renamed {
                manifest.push_str("    answers:\n      - {key: word, to: colour, values: {red: crimson}}\n");
            }
        }
        let mut rules = String::new();
        for file in &self.files {
            let path = component.join("files").join(format!("{}.jinja", file.path));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, file.lines.join("\n") + "\n").unwrap();
            let owner = format!("{:?}", file.owner).to_lowercase();
            rules.push_str(&format!("  \"{}\": {{owner: {owner}}}\n", file.path));
        }
        let rules = if rules.is_empty() { rules } else { format!("files:\n{rules}") };
        std::fs::create_dir_all(&component).unwrap();
        std::fs::write(folder.join("blueprint.yaml"), manifest).unwrap();
        std::fs::write(component.join("component.yaml"), format!("summary: x\ninputs: {{answer: string}}\n{rules}"))
            .unwrap();
    }
}

/// Files of a repository by path, without git's and goldpath's own.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let walk = walkdir::WalkDir::new(root).into_iter().filter_entry(|entry| entry.file_name() != ".git");
    for entry in walk.map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let path = entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        if !path.starts_with("goldpath.") {
            found.insert(path, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    found
}

fn commit(repository: &Repository) {
    let mut index = repository.index().unwrap();
    index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
    index.update_all(["*"], None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::now("x", "x@example.com").unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    repository.commit(Some("HEAD"), &who, &who, "x", &tree, &parent.iter().collect::<Vec<_>>()).unwrap();
}

fn make(world: &Path, folder: &str, given: Given) {
    let options = new::Options {
        blueprints: Some(world.join("empty")),
        blueprint: Some(world.join("bp").to_str().unwrap().to_owned()),
        destination: Some(world.join(folder)),
        given,
        defaults: true,
        ..new::Options::default()
    };
    new(options, None).unwrap_or_else(|failure| panic!("{failure:?}"));
}

fn what(world: &Path) -> merging::Options {
    merging::Options {
        blueprints: Some(world.join("empty")),
        path: world.join("repo"),
        defaults: true,
        ..merging::Options::default()
    }
}

/// What the user did: the files they touched, by the paths of version 1.
fn edit(random: &mut Random, root: &Path, seed: u64) -> BTreeSet<String> {
    let mut touched = BTreeSet::new();
    for (number, (path, text)) in files(root).into_iter().enumerate() {
        let full = root.join(&path);
        let mut all: Vec<String> = text.lines().map(str::to_owned).collect();
        match random.below(10) {
            0..=4 => continue,
            5..=7 => {}
            8 => {
                std::fs::remove_file(full).unwrap();
                touched.insert(path);
                continue;
            }
            _ => {
                // They move it, and perhaps edit it too.
                let to = root.join(format!("user-moved{number}.txt"));
                std::fs::rename(&full, &to).unwrap();
                touched.insert(path.clone());
                if random.percent(50) {
                    all.insert(random.below(all.len()), format!("user {seed}-{number} moved"));
                    std::fs::write(to, all.join("\n") + "\n").unwrap();
                }
                continue;
            }
        }
        for edit in 0..=random.below(3) {
            let at = random.below(all.len());
            let line = format!("user {seed}-{number}-{edit}");
            match random.below(3) {
                0 => all[at] = line,
                1 if all.len() > 3 => drop(all.remove(at)),
                _ => all.insert(at, line),
            }
        }
        std::fs::write(&full, all.join("\n") + "\n").unwrap();
        touched.insert(path);
    }
    for number in 0..random.below(3) {
        // Now and then where the blueprint will want to have a file.
        let name = ["own0.txt", "new0.txt", "a/moved1.txt", "b/own.txt"][random.below(4)];
        if !root.join(name).exists() {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), format!("user {seed}-own-{number}\n")).unwrap();
        }
    }
    touched
}

fn users_lines(files: &BTreeMap<String, String>) -> BTreeSet<String> {
    files.values().flat_map(|text| text.lines()).filter(|line| line.starts_with("user ")).map(str::to_owned).collect()
}

/// Runs a case; says whether there were conflicts.
fn case(world: &Path, seed: u64) -> bool {
    let mut random = Random(seed);
    let one = first(&mut random);
    let two = second(&mut random, &one);
    one.write(&world.join("bp"), "1.0.0");
    make(world, "repo", Given::default());
    let root = world.join("repo");
    let repository = Repository::init(&root).unwrap();
    commit(&repository);
    let touched = edit(&mut random, &root, seed);
    let changes_answer = random.percent(20);
    commit(&repository);
    let before = files(&root);
    two.write(&world.join("bp"), "2.0.0");
    let mut options = update::Options { what: what(world), ..update::Options::default() };
    let mut fresh = Given::default();
    if changes_answer {
        options.what.given.set.push((two.key.clone(), "blue".to_owned()));
        fresh.set.push((two.key.clone(), "blue".to_owned()));
    }
    make(world, "fresh", fresh);
    let fresh = files(&world.join("fresh"));

    let report = update(&options, None).unwrap_or_else(|failure| panic!("seed {seed}: {failure:?}"));
    let after = files(&root);
    // Every line of the user's is still there.
    let lost: Vec<String> = users_lines(&before).difference(&users_lines(&after)).cloned().collect();
    assert!(lost.is_empty(), "seed {seed}: {lost:?} are lost: {:#?}", report.changes);
    // What nobody touched is as the blueprint has it.
    let origin = |path: &str| {
        let moved = two.moved.iter().find(|(_, to)| to == path).map(|(from, _)| from.clone());
        moved.unwrap_or_else(|| {
            // A move that nobody declared.
            let number = path.rsplit("moved").next().and_then(|rest| rest.strip_suffix(".txt")?.parse::<usize>().ok());
            number.and_then(|number| one.files.get(number)).map_or_else(|| path.to_owned(), |file| file.path.clone())
        })
    };
    for file in &two.files {
        let from = origin(&file.path);
        let own = before.contains_key(&file.path) && !one.files.iter().any(|old| old.path == file.path);
        if file.owner == Owner::Team || touched.contains(&from) || own {
            continue;
        }
        assert_eq!(after.get(&file.path), fresh.get(&file.path), "seed {seed}: {}: {:#?}", file.path, report.changes);
    }
    for file in one.files.iter().filter(|file| file.owner != Owner::Team && !touched.contains(&file.path)) {
        if !two.files.iter().any(|new| new.path == file.path) {
            assert!(!after.contains_key(&file.path), "seed {seed}: {} is left over: {:#?}", file.path, report.changes);
        }
    }
    // What the user has besides is as it was.
    for (path, text) in before.iter().filter(|(path, _)| path.contains("own")) {
        assert_eq!(after.get(path), Some(text), "seed {seed}: {path}");
    }
    let lock = |root: &PathBuf| std::fs::read_to_string(root.join("goldpath.lock")).unwrap();
    let open = report.state == State::Conflicts;
    assert_eq!(open, report.exit_code() == 6);
    if open {
        assert!(lock(&root).contains("version = \"1.0.0\""), "seed {seed}: the version does not wait");
        assert!(matches!(update(&options, None), Err(Failure::Conflicts(_))));
        // Settled by keeping both sides.
        for (path, text) in &after {
            let marker = |line: &&str| {
                ["<<<<<<< ", "||||||| ", ">>>>>>> "].iter().any(|m| line.starts_with(m)) || *line == "======="
            };
            if text.lines().any(|line| marker(&line)) {
                let kept: String = text.lines().filter(|line| !marker(line)).map(|line| format!("{line}\n")).collect();
                std::fs::write(root.join(path), kept).unwrap();
            }
        }
        let mut index = repository.index().unwrap();
        index.read(true).unwrap();
        let paths: BTreeSet<String> = index
            .conflicts()
            .unwrap()
            .flat_map(|conflict| conflict.ok())
            .filter_map(|conflict| conflict.our.or(conflict.their).or(conflict.ancestor))
            .map(|entry| String::from_utf8(entry.path).unwrap())
            .collect();
        for path in paths {
            if root.join(&path).is_file() {
                index.add_path(Path::new(&path)).unwrap()
            } else {
                index.remove_path(Path::new(&path)).unwrap()
            }
        }
        index.write().unwrap();
        update::go_on(&what(world)).unwrap_or_else(|failure| panic!("seed {seed}: {failure:?}"));
    } else {
        assert!(matches!(report.state, State::Written), "seed {seed}: {:?}", report.state);
    }
    assert!(lock(&root).contains("version = \"2.0.0\""), "seed {seed}");
    commit(&repository);
    let settled = files(&root);
    let again = update(&update::Options { what: what(world), ..update::Options::default() }, None);
    let again = again.unwrap_or_else(|failure| panic!("seed {seed}: {failure:?}"));
    assert_eq!(again.state, State::Current, "seed {seed}: {:#?}", again.changes);
    assert_eq!(files(&root), settled);
    open
}

#[test]
fn nobody_loses_work() {
    let cases: u64 = std::env::var("GOLDPATH_CASES").ok().map_or(200, |text| text.parse().unwrap());
    let only: Option<u64> = std::env::var("GOLDPATH_SEED").ok().map(|text| text.parse().unwrap());
    let mut conflicts = 0;
    for seed in only.map_or(0..cases, |seed| seed..seed + 1) {
        // In memory where that can be had: thousands of cases wait for nothing but the disk.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        let world = tempfile::Builder::new().prefix("goldpath-test-").tempdir_in(place).unwrap();
        std::fs::create_dir(world.path().join("empty")).unwrap();
        conflicts += u64::from(case(world.path(), seed));
    }
    // Cases in which nothing happens prove nothing.
    assert!(
        only.is_some() || (conflicts > cases / 20 && conflicts < cases * 9 / 10),
        "{conflicts} of {cases} had conflicts"
    );
}
