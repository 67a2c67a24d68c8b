//! A real history: the built-in library as it stood at several earlier commits, and a service whose team goes on working
//! while it is updated through one after the other, up to the library of today.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Outcome, World};

/// The library at earlier commits, oldest first; `scripts/history` records it.
const BUNDLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/history/library.bundle");

struct History {
    world: World,
    /// Every line that the team wrote, and where.
    written: BTreeSet<(String, String)>,
    /// Every file that they touched.
    touched: BTreeSet<String>,
}

impl History {
    /// Brings a library to where `--library` looks, under a version of its own: at the time nobody counted.
    fn shelve(&self, number: usize, from: &str) {
        let folder = self.world.work().join("library");
        let _ = std::fs::remove_dir_all(&folder);
        if from.is_empty() {
            copy(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("blueprints"), &folder);
        } else {
            self.world.git("", &["clone", "-q", BUNDLE, "library"]);
            self.world.git("library", &["checkout", "-q", from]);
            std::fs::remove_dir_all(folder.join(".git")).unwrap();
        }
        let manifest = self.world.read("library/service/blueprint.yaml");
        assert!(manifest.contains("\nversion: 0.1.0\n"), "the versions below are made up from this one");
        let manifest = manifest.replace("\nversion: 0.1.0\n", &format!("\nversion: 0.{}.0\n", number + 1));
        self.world.write("work/library/service/blueprint.yaml", &manifest);
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.world.run(&[&["--library", "library"], arguments].concat())
    }

    fn files(&self, folder: &str) -> BTreeMap<String, String> {
        let listed = self.world.git(folder, &["ls-files"]);
        let read = |path: &str| {
            String::from_utf8_lossy(&std::fs::read(self.world.work().join(folder).join(path)).unwrap()).into_owned()
        };
        listed.lines().map(|path| (path.to_owned(), read(path))).collect()
    }

    /// A line of the team's in the middle of a file, as a comment of its language.
    fn edit(&mut self, path: &str, line: &str) {
        let text = self.world.read(&format!("api/{path}"));
        let mut lines: Vec<&str> = text.lines().collect();
        lines.insert(lines.len() / 2, line);
        self.world.write(&format!("work/api/{path}"), &(lines.join("\n") + "\n"));
        self.written.insert((path.to_owned(), line.to_owned()));
        self.touched.insert(path.to_owned());
    }

    /// Changes a line that the next library changes as well, in the first file of the platform or shared that has one.
    fn edit_what_changes(&mut self, fresh: &BTreeMap<String, String>, next: &BTreeMap<String, String>) {
        let theirs = |path: &str| next.get(path).into_iter().flat_map(|text| text.lines()).collect::<BTreeSet<_>>();
        let found = fresh
            .iter()
            .filter(|(path, _)| {
                path.ends_with(".yaml") && !path.starts_with("goldpath") && !self.touched.contains(*path)
            })
            .find_map(|(path, text)| {
                let gone = text.lines().find(|line| line.trim().len() > 8 && !theirs(path).contains(line))?;
                next.contains_key(path).then(|| (path.clone(), gone.to_owned()))
            });
        let Some((path, line)) = found else { return };
        let text = self.world.read(&format!("api/{path}"));
        let ours = format!("{line} # as we want it");
        self.world.write(&format!("work/api/{path}"), &text.replacen(&line, &ours, 1));
        self.written.insert((path.clone(), ours));
        self.touched.insert(path);
    }

    /// A new repository with the answers of ours.
    fn fresh(&self) -> BTreeMap<String, String> {
        let _ = std::fs::remove_dir_all(self.world.work().join("fresh"));
        let answers = self.world.read("api/goldpath.yaml");
        let answers = answers.split("answers:\n").nth(1).unwrap().replace("\n  ", "\n");
        self.world.write("work/answers.yaml", answers.trim_start());
        self.run(&["new", "service", "fresh", "--answers", "answers.yaml", "--defaults"]).success();
        self.files("fresh")
    }

    fn commit(&self, message: &str) {
        self.world.git("api", &["add", "-A"]);
        self.world.git("api", &["commit", "-qm", message]);
    }

    /// What a careful person does with a conflict here: keep both.
    fn settle(&self) -> usize {
        let open = self.world.git("api", &["diff", "--name-only", "--diff-filter=U"]);
        for path in open.lines() {
            let text = self.world.read(&format!("api/{path}"));
            let mut base = false;
            let mut kept = String::new();
            for line in text.lines() {
                match line.split(' ').next().unwrap_or_default() {
                    "|||||||" => base = true,
                    "=======" => base = false,
                    "<<<<<<<" | ">>>>>>>" => {}
                    _ if base => {}
                    _ => kept = kept + line + "\n",
                }
            }
            self.world.write(&format!("work/api/{path}"), &kept);
            self.world.git("api", &["add", path]);
        }
        open.lines().count()
    }
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let to = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(to).unwrap();
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn a_service_goes_through_the_librarys_own_history_and_its_team_loses_nothing() {
    let world = World::in_memory();
    let listed = world.git("", &["bundle", "list-heads", BUNDLE]);
    assert!(!listed.is_empty());
    world.git("", &["clone", "-q", BUNDLE, "commits"]);
    let commits = world.git("commits", &["log", "--reverse", "--format=%H"]);
    let mut steps: Vec<&str> = commits.lines().collect();
    steps.push("");
    let mut history = History { world, written: BTreeSet::new(), touched: BTreeSet::new() };

    history.shelve(0, steps[0]);
    history.run(&["new", "service", "api", "--defaults"]).success();
    let deleted = "docs/error-budget-policy.md";
    let (mut settled, mut changed) = (0, 0);
    for (number, step) in steps.iter().enumerate().skip(1) {
        history.edit("README.md", &format!("Our note {number}."));
        history.edit("Makefile", &format!("# ours {number}"));
        history.edit("deploy/kustomize/base/deployment.yaml", &format!("# ours {number}"));
        history.edit("internal/api/greetings.go", &format!("// ours {number}"));
        if number == 2 {
            history.world.git("api", &["rm", "-q", deleted]);
            history.touched.insert(deleted.to_owned());
        }
        let before = history.fresh();
        history.shelve(number, step);
        let fresh = history.fresh();
        history.edit_what_changes(&before, &fresh);
        history.commit(&format!("work {number}"));
        let told = history.run(&["update", "api", "--defaults", "--commit"]);
        changed +=
            told.stdout.lines().filter(|line| line.starts_with("  updated") || line.starts_with("  added")).count();
        if told.code == Some(6) {
            settled += history.settle();
            history.run(&["update", "api", "--continue"]).success();
        } else {
            assert_eq!(told.code, Some(0), "{told}");
        }
        let version = format!("0.{}.0", number + 1);
        let lock = history.world.read("api/goldpath.lock");
        assert!(lock.contains(&format!("version = \"{version}\"")), "{version}\n{lock}");

        // No edit is lost, though a file may lie elsewhere by now.
        let ours = history.files("api");
        for (path, line) in &history.written {
            let anywhere = || ours.iter().find(|(_, text)| text.lines().any(|l| l == line)).map(|(path, _)| path);
            let there = ours.get(path).is_some_and(|text| text.lines().any(|l| l == line));
            assert!(
                there || !ours.contains_key(path) && anywhere().is_some(),
                "{version}: {path}: {line}\n{}",
                ours[path]
            );
        }
        assert!(!history.world.work().join("api").join(deleted).exists() || number < 2, "{version}");
        // What nobody touched is what a new repository has.
        let team: BTreeSet<&str> = lock
            .lines()
            .filter(|line| line.contains("owner = \"team\""))
            .map(|line| line.split('"').nth(1).unwrap())
            .collect();
        let paths: BTreeSet<&String> = ours.keys().chain(fresh.keys()).collect();
        for path in paths {
            if !history.touched.contains(path) && !team.contains(path.as_str()) {
                assert_eq!(ours.get(path), fresh.get(path), "{version}: {path}");
            }
        }
        let told = history.run(&["update", "api", "--defaults"]).success();
        assert!(told.stdout.contains("Up to date"), "{told}");
    }
    assert!(changed > 150, "the history is a real one: {changed} files changed");
    assert!(settled >= 3, "and people worked beside it: {settled} conflicts settled");
}
