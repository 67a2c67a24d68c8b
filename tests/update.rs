//! `goldpath update` and `goldpath diff`: a blueprint of one's own goes from version to version, and nobody loses work.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Outcome, World};

/// Writes version after version of a small blueprint, and a repository made from the first.
struct Path {
    world: World,
}

const QUESTIONS: &str = "questions:\n  - {key: word, type: string, ask: Which word?, default: '\"hello\"'}\n";

impl Path {
    fn new(files: &[(&str, &str)]) -> Self {
        let path = Path { world: World::new() };
        path.version("1.0.0", files, "");
        path.world.run(&["new", "./bp", "demo", "--defaults"]).success();
        path
    }

    /// The blueprint in another version; `more` is added to its manifest.
    fn version(&self, version: &str, files: &[(&str, &str)], more: &str) {
        let folder = self.world.work().join("bp");
        let _ = std::fs::remove_dir_all(&folder);
        let questions = if more.contains("questions:") { "" } else { QUESTIONS };
        self.world.write(
            "work/bp/blueprint.yaml",
            &format!(
                "name: path\nversion: {version}\nsummary: x\n{questions}components:\n  - use: ./components/x\n{more}"
            ),
        );
        let owned = |owner: &str| {
            let any = files.iter().any(|(path, _)| path.starts_with(owner));
            if any { format!("  \"{owner}*\": {{owner: {owner}}}\n") } else { String::new() }
        };
        let rules = owned("team") + &owned("platform");
        let rules = if rules.is_empty() { rules } else { format!("files:\n{rules}") };
        self.world
            .write("work/bp/components/x/component.yaml", &format!("summary: x\ninputs: {{word: string}}\n{rules}"));
        self.world.write("work/bp/components/x/files/word.txt.jinja", "the word is <%= word %>\n");
        for (path, text) in files {
            self.world.write(&format!("work/bp/components/x/files/{path}"), text);
        }
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.world.run(&[&["-C", "demo"], arguments].concat())
    }

    fn update(&self) -> Outcome {
        self.run(&["update", "--defaults"])
    }

    fn write(&self, path: &str, text: &str) {
        self.world.write(&format!("work/demo/{path}"), text);
    }

    fn read(&self, path: &str) -> String {
        self.world.read(&format!("demo/{path}"))
    }

    fn has(&self, path: &str) -> bool {
        self.world.work().join("demo").join(path).exists()
    }

    fn git(&self, arguments: &[&str]) -> String {
        self.world.git("demo", arguments)
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", "mine"]);
    }

    fn locked(&self) -> String {
        self.read("goldpath.lock").lines().find(|line| line.starts_with("version = \"")).unwrap().to_owned()
    }

    /// Files, index and branch, to compare with later.
    fn state(&self) -> String {
        let files = self.git(&["ls-files", "-s"]);
        let text: String = files
            .lines()
            .map(|line| line.split('\t').nth(1).unwrap())
            .map(|path| format!("{path}: {:?}\n", std::fs::read(self.world.work().join("demo").join(path)).ok()))
            .collect();
        format!("{files}{text}{}{}", self.git(&["status", "--porcelain"]), self.git(&["rev-parse", "HEAD"]))
    }
}

const TEN: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

fn ten(changes: &[(&str, &str)]) -> String {
    TEN.lines()
        .map(|line| changes.iter().find(|(old, _)| *old == line).map_or(line, |(_, new)| new))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn what_one_side_changed_is_taken_and_what_both_changed_is_merged() {
    let path = Path::new(&[("a.txt", TEN), ("b.txt", TEN), ("c.txt", TEN), ("gone.txt", "x\n")]);
    path.write("b.txt", &ten(&[("2", "mine")]));
    path.write("c.txt", &ten(&[("2", "mine")]));
    path.write("own.txt", "mine\n");
    path.commit();
    let new = ten(&[("9", "theirs")]);
    path.version("1.1.0", &[("a.txt", &new), ("b.txt", &new), ("c.txt", TEN), ("new.txt", "new\n")], "");
    let run = path.update().success();
    for line in ["  updated   a.txt", "  merged    b.txt", "  removed   gone.txt", "  added     new.txt"] {
        assert!(run.stdout.contains(line), "{line}: {run}");
    }
    assert!(run.stdout.contains("Updated: path 1.0.0 -> 1.1.0, "), "{run}");
    assert_eq!(path.read("a.txt"), new);
    assert_eq!(path.read("b.txt"), ten(&[("2", "mine"), ("9", "theirs")]));
    assert_eq!(path.read("c.txt"), ten(&[("2", "mine")]));
    assert_eq!(path.read("own.txt"), "mine\n");
    assert!(!path.has("gone.txt"));
    assert_eq!(path.locked(), "version = \"1.1.0\"");
    assert!(path.read("goldpath.yaml").contains("version: 1.1.0\n"));
    // Everything is staged, and nothing is left over.
    assert!(path.git(&["status", "--porcelain"]).lines().all(|line| line.as_bytes()[1] == b' '));
    path.commit();
    let before = path.state();
    let run = path.update().success();
    assert!(run.stdout.starts_with("Up to date: path 1.1.0"), "{run}");
    assert_eq!(path.state(), before);
    assert_eq!(path.git(&["fsck", "--strict", "--no-dangling"]), "");
}

#[test]
fn a_conflict_is_gits_own_and_the_version_waits() {
    let path = Path::new(&[("a.txt", TEN), ("b.txt", TEN)]);
    path.write("a.txt", &ten(&[("5", "mine")]));
    path.commit();
    path.version("2.0.0", &[("a.txt", &ten(&[("5", "theirs")])), ("b.txt", "b\n")], "");
    path.run(&["update", "--defaults", "--dry-run"]).fails(6);
    path.run(&["diff", "--defaults"]).fails(6);
    let before = path.state();
    let run = path.update().fails(6);
    assert!(run.stdout.contains("  conflict  a.txt (you and the blueprint changed the same lines)"), "{run}");
    assert!(path.git(&["status", "--porcelain"]).contains("UU a.txt\n"));
    assert_eq!(path.git(&["ls-files", "-u", "a.txt"]).lines().count(), 3);
    let text = path.read("a.txt");
    let expected = "4\n<<<<<<< yours\nmine\n||||||| path 1.0.0 as emitted\n5\n=======\ntheirs\n>>>>>>> path 2.0.0\n6\n";
    assert!(text.contains(expected), "{text}");
    assert_eq!(path.read("b.txt"), "b\n");
    assert_eq!(path.locked(), "version = \"1.0.0\"");
    assert!(path.read("goldpath.yaml").contains("version: 1.0.0\n"));
    // Neither a second update nor an early end gets anywhere.
    let run = path.update().fails(6);
    assert!(run.stderr.contains("is open: 1 files are in conflict"), "{run}");
    let run = path.run(&["update", "--continue"]).fails(6);
    assert!(run.stderr.contains("a.txt: is still in conflict"), "{run}");
    path.git(&["add", "a.txt"]);
    let run = path.run(&["update", "--continue"]).fails(6);
    assert!(run.stderr.contains("a.txt:5: has the markers of a conflict"), "{run}");
    assert_eq!(path.locked(), "version = \"1.0.0\"");
    // Back, and again.
    path.run(&["update", "--abort"]).success();
    assert_eq!(path.state(), before);
    assert!(path.git(&["show", "refs/goldpath/aborted:a.txt"]).contains("<<<<<<< yours"));
    path.run(&["update", "--abort"]).fails(2);
    path.update().fails(6);
    path.write("a.txt", &ten(&[("5", "both")]));
    path.git(&["add", "a.txt"]);
    // What was written into `goldpath.yaml` meanwhile is nobody's to overwrite.
    let choices = path.read("goldpath.yaml");
    path.write("goldpath.yaml", &format!("{choices}# mine\n"));
    let run = path.run(&["update", "--continue"]).fails(2);
    assert!(run.stderr.contains("goldpath.yaml: was edited while the update to path 2.0.0 is open"), "{run}");
    path.write("goldpath.yaml", &choices);
    let run = path.run(&["update", "--continue"]).success();
    assert!(run.stdout.contains("Updated"), "{run}");
    assert_eq!(path.locked(), "version = \"2.0.0\"");
    assert!(path.read("goldpath.yaml").contains("version: 2.0.0\n"));
    path.commit();
    path.update().success();
    assert_eq!(path.read("a.txt"), ten(&[("5", "both")]));
}

#[test]
fn with_commit_the_end_of_a_conflict_commits_too() {
    let path = Path::new(&[("a.txt", TEN)]);
    path.write("a.txt", &ten(&[("5", "mine")]));
    path.commit();
    path.version("2.0.0", &[("a.txt", &ten(&[("5", "theirs")]))], "");
    path.run(&["update", "--defaults", "--commit", "--branch", "up"]).fails(6);
    assert_eq!(path.git(&["symbolic-ref", "HEAD"]), "refs/heads/up\n");
    path.run(&["update", "--abort"]).success();
    assert_eq!(path.git(&["symbolic-ref", "HEAD"]), "refs/heads/main\n");
    assert!(!path.git(&["branch"]).contains("up"));
    path.run(&["update", "--defaults", "--commit", "--branch", "up"]).fails(6);
    path.git(&["checkout", "-q", "--theirs", "a.txt"]);
    path.git(&["add", "a.txt"]);
    path.run(&["update", "--continue"]).success();
    assert_eq!(path.git(&["status", "--porcelain"]), "");
    assert_eq!(
        path.git(&["log", "--format=%an %s", "-1"]),
        "Ada Update goldpath's path blueprint from 1.0.0 to 2.0.0\n"
    );
    assert_eq!(path.git(&["log", "--format=%s", "-1", "main"]), "mine\n");
    assert_eq!(path.locked(), "version = \"2.0.0\"");
}

#[test]
fn edits_travel_with_files_that_move() {
    let path = Path::new(&[
        ("old/a.txt", TEN),
        ("old/b.txt", "b\n"),
        ("env/dev.yaml", "x: 1\ny: 2\n"),
        ("guess.txt", &TEN.repeat(3)),
    ]);
    path.write("old/a.txt", &ten(&[("2", "mine")]));
    path.write("old/own.txt", "mine\n");
    path.write("env/dev.yaml", "x: 1\ny: mine\n");
    path.write("guess.txt", &format!("mine\n{}", TEN.repeat(3)));
    path.commit();
    path.version(
        "2.0.0",
        &[
            ("new/place/a.txt", "quite\nanother\n2\ntext\n"),
            ("new/place/b.txt", "b\n"),
            ("overlays/dev/app.yaml", "x: 1\ny: 2\n"),
            ("guessed.txt", &TEN.repeat(3)),
        ],
        "migrations:\n  - version: 2.0.0\n    moved:\n      - {from: old, to: new/place}\n      - {from: 'env/{e}.yaml', to: 'overlays/{e}/app.yaml'}\n",
    );
    let run = path.update().fails(6);
    // The text is another one altogether: the edit is in a conflict, at the new place.
    assert!(run.stdout.contains("conflict  new/place/a.txt (was old/a.txt; "), "{run}");
    assert!(path.read("new/place/a.txt").contains("mine"), "{run}");
    assert!(run.stdout.contains("moved     overlays/dev/app.yaml (was env/dev.yaml)"), "{run}");
    assert_eq!(path.read("overlays/dev/app.yaml"), "x: 1\ny: mine\n");
    assert_eq!(path.read("new/place/own.txt"), "mine\n");
    assert_eq!(path.read("new/place/b.txt"), "b\n");
    assert!(path.read("guessed.txt").starts_with("mine\n"));
    assert!(!path.has("old") && !path.has("env") && !path.has("guess.txt"));
}

#[test]
fn migrations_of_several_versions_are_applied_in_order() {
    let path = Path::new(&[("a.txt", TEN)]);
    path.write("a.txt", &ten(&[("2", "mine")]));
    path.commit();
    path.version(
        "3.0.0",
        &[("c.txt", &ten(&[("9", "theirs")]))],
        "questions:\n  - {key: word, type: string, ask: x, default: '\"other\"'}\nmigrations:\n  - version: 3.0.0\n    moved: [{from: b.txt, to: c.txt}]\n    answers: [{key: term, to: word, values: {hallo: moin}}]\n  - version: 2.0.0\n    moved: [{from: a.txt, to: b.txt}]\n    answers: [{key: word, to: term, values: {hello: hallo}}]\n",
    );
    let run = path.update().success();
    assert_eq!(path.read("c.txt"), ten(&[("2", "mine"), ("9", "theirs")]), "{run}");
    assert!(run.stdout.contains("merged    c.txt (was a.txt)"), "{run}");
    assert_eq!(path.read("word.txt"), "the word is moin\n");
    assert!(path.read("goldpath.yaml").contains("  word: moin\n"));
}

#[test]
fn a_move_never_lands_on_a_file_of_the_users_own() {
    let path = Path::new(&[("a.txt", TEN)]);
    path.write("a.txt", &ten(&[("2", "mine")]));
    path.write("b.txt", "entirely mine\n");
    path.commit();
    path.version("2.0.0", &[("b.txt", TEN)], "migrations:\n  - {version: 2.0.0, moved: [{from: a.txt, to: b.txt}]}\n");
    let run = path.update().fails(6);
    assert!(path.read("b.txt").contains("entirely mine\n"), "{run}");
    assert_eq!(path.read("a.txt"), ten(&[("2", "mine")]), "{run}");
    assert!(run.stdout.contains("conflict  a.txt (you changed it, and the blueprint no longer has it)"), "{run}");
}

#[test]
fn team_files_are_left_alone_and_deleted_files_stay_deleted() {
    let path = Path::new(&[("team.txt", "seed\n"), ("team2.txt", "seed\n"), ("a.txt", TEN), ("b.txt", TEN)]);
    std::fs::remove_file(path.world.work().join("demo/a.txt")).unwrap();
    std::fs::remove_file(path.world.work().join("demo/b.txt")).unwrap();
    std::fs::remove_file(path.world.work().join("demo/team2.txt")).unwrap();
    path.commit();
    let files = [("team.txt", "other\n"), ("team2.txt", "other\n"), ("a.txt", "new\n"), ("b.txt", TEN)];
    path.version("2.0.0", &files, "");
    let run = path.update().success();
    assert_eq!(path.read("team.txt"), "seed\n");
    assert!(!path.has("a.txt") && !path.has("b.txt") && !path.has("team2.txt"));
    assert!(
        run.stdout.contains("deleted   a.txt (by you, and changed since; `--restore a.txt` brings it back)"),
        "{run}"
    );
    path.commit();
    path.run(&["update", "--defaults", "--restore", "nothing"]).fails(2);
    path.run(&["update", "--defaults", "--restore", "a.txt"]).success();
    assert_eq!(path.read("a.txt"), "new\n");
}

#[test]
fn removed_files_go_even_if_they_are_the_teams_unless_somebody_edited_them() {
    let path = Path::new(&[("team1.txt", "seed one\n"), ("team2.txt", "seed two\n"), ("team3.txt", "seed three\n")]);
    path.write("team2.txt", "mine\n");
    path.commit();
    path.version("2.0.0", &[], "migrations:\n  - {version: 2.0.0, removed: [team1.txt, team2.txt]}\n");
    let run = path.update().fails(6);
    assert!(!path.has("team1.txt"), "{run}");
    assert_eq!(path.read("team2.txt"), "mine\n");
    assert_eq!(path.read("team3.txt"), "seed three\n");
    assert!(path.git(&["status", "--porcelain"]).contains("UD team2.txt\n"));
}

#[test]
fn platform_files_that_were_edited_are_merged_and_reported() {
    let path = Path::new(&[("platform.txt", TEN)]);
    path.write("platform.txt", &ten(&[("2", "mine")]));
    path.commit();
    path.run(&["check"]).fails(4);
    path.version("2.0.0", &[("platform.txt", &ten(&[("9", "theirs")]))], "");
    let run = path.update().success();
    assert!(run.stdout.contains("drift     platform.txt"), "{run}");
    assert_eq!(path.read("platform.txt"), ten(&[("2", "mine"), ("9", "theirs")]));
    path.run(&["check"]).fails(4);
}

#[test]
fn answers_change_by_option_and_by_editing_and_comments_stay() {
    let path = Path::new(&[]);
    let run = path.run(&["update", "--set", "word=moin"]).success();
    assert!(run.stdout.contains("word: hello -> moin"), "{run}");
    assert_eq!(path.read("word.txt"), "the word is moin\n");
    path.commit();
    let text = path.read("goldpath.yaml").replace("  word: moin\n", "  # chosen with care\n  word: servus\n");
    path.write("goldpath.yaml", &text);
    // Editing it is how answers are changed: no commit is needed.
    path.run(&["update"]).success();
    assert_eq!(path.read("word.txt"), "the word is servus\n");
    assert_eq!(path.read("goldpath.yaml"), text);
    path.commit();
    path.version(
        "1.1.0",
        &[],
        "questions:\n  - {key: word, type: string, ask: x}\n  - {key: name, type: string, ask: Which name?}\n",
    );
    let run = path.update().fails(2);
    assert!(run.stderr.contains("`name` has no answer: Which name?\n  hint: --set name="), "{run}");
    path.run(&["update", "--set", "name=ada"]).success();
    assert_eq!(path.read("goldpath.yaml"), text.replace("1.0.0", "1.1.0") + "  name: ada\n");
    path.commit();
    path.write("goldpath.yaml", &path.read("goldpath.yaml").replace("word:", "wrod:"));
    let run = path.update().fails(2);
    assert!(run.stderr.contains("goldpath.yaml:8:3") && run.stderr.contains("did you mean `word`?"), "{run}");
}

#[test]
fn what_is_not_committed_stands_in_the_way() {
    let path = Path::new(&[("a.txt", TEN)]);
    path.version("2.0.0", &[("a.txt", "new\n"), ("b.txt", "new\n"), ("c.txt", "new\n"), (".gitignore", "")], "");
    path.write("a.txt", "mine\n");
    let before = path.state();
    let run = path.update().fails(2);
    assert!(run.stderr.contains("the work tree is not clean: a.txt\n  hint: `git commit` or `git stash`"), "{run}");
    assert_eq!(path.state(), before);
    path.git(&["checkout", "-q", "a.txt"]);
    path.write("b.txt", "mine\n");
    path.write(".git/info/exclude", "c.txt\n");
    path.write("c.txt", "mine, and ignored\n");
    let run = path.update().fails(2);
    assert!(run.stderr.contains("b.txt: is in the way") && run.stderr.contains("c.txt: is in the way"), "{run}");
    assert_eq!((path.read("b.txt"), path.read("c.txt")), ("mine\n".to_owned(), "mine, and ignored\n".to_owned()));
    assert_eq!(path.locked(), "version = \"1.0.0\"");
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    let path = Path::new(&[("a.txt", TEN)]);
    path.world.write("outside/x", "");
    std::os::unix::fs::symlink(path.world.path("outside"), path.world.work().join("demo/sub")).unwrap();
    path.write(".git/info/exclude", "sub\n");
    path.version("2.0.0", &[("a.txt", "new\n"), ("sub/b.txt", "new\n")], "");
    let run = path.update();
    assert_ne!(run.code, Some(0), "{run}");
    assert!(!path.world.path("outside/b.txt").exists());
    assert_eq!(path.read("a.txt"), TEN);
    // Committed, it is a conflict.
    path.write(".git/info/exclude", "");
    path.commit();
    let run = path.update().fails(6);
    assert!(run.stdout.contains("conflict  sub/b.txt"), "{run}");
    assert!(!path.world.path("outside/b.txt").exists());
}

#[test]
fn a_diff_is_what_an_update_does_and_git_applies_it() {
    let path = Path::new(&[("a.txt", TEN), ("gone.txt", "x\n"), ("old.txt", TEN)]);
    path.run(&["diff", "--defaults"]).success();
    let new = ten(&[("9", "theirs")]);
    let files = [("a.txt", new.as_str()), ("new ü.txt", "no newline"), ("run.sh", "#!/bin/sh\n"), ("moved.txt", &new)];
    path.version("2.0.0", &files, "migrations:\n  - {version: 2.0.0, moved: [{from: old.txt, to: moved.txt}]}\n");
    let before = path.state();
    let run = path.run(&["diff", "--defaults", "-q"]).fails(5);
    assert_eq!(path.state(), before);
    assert!(run.stdout.contains("rename from old.txt\nrename to moved.txt\n"), "{run}");
    path.world.write("work/patch", &run.stdout);
    path.git(&["apply", "--index", "../patch"]);
    let patched = path.git(&["write-tree"]);
    path.git(&["reset", "-q", "--hard"]);
    path.update().success();
    assert_eq!(path.git(&["write-tree"]), patched);
}

#[test]
fn guardrails_stop_what_an_update_would_bring_in_and_nothing_else() {
    let path = Path::new(&[]);
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n  namespace: x\ndata:\n  key: c2VjcmV0\n";
    path.write("deploy/mine.yaml", secret);
    path.commit();
    path.version("1.1.0", &[("a.txt", "new\n")], "");
    let run = path.update().success();
    assert!(run.stderr.contains("deploy/mine.yaml:"), "{run}");
    path.commit();
    path.version("1.2.0", &[("a.txt", "newer\n"), ("deploy/theirs.yaml", secret)], "");
    let before = path.state();
    let run = path.update().fails(3);
    assert!(run.stderr.contains("deploy/theirs.yaml:") && !run.stderr.contains("deploy/mine.yaml:"), "{run}");
    path.run(&["diff", "--defaults"]).fails(3);
    assert_eq!(path.state(), before);
}

#[test]
fn versions_that_are_not_at_hand_are_named() {
    let path = Path::new(&[]);
    let run = path.run(&["update", "--to", "9.0.0"]).fails(2);
    assert!(run.stderr.contains("--to: version 9.0.0 of `path` is not at hand; 1.0.0 is"), "{run}");
    path.version("0.9.0", &[], "");
    let run = path.update().fails(2);
    assert!(run.stderr.contains("`--to 0.9.0` goes back"), "{run}");
    path.run(&["update", "--defaults", "--to", "0.9.0"]).success();
    assert_eq!(path.locked(), "version = \"0.9.0\"");
    std::fs::remove_dir_all(path.world.work().join("bp")).unwrap();
    path.commit();
    let run = path.update().fails(2);
    assert!(
        run.stderr.contains("the blueprint `../bp` is not there: looked for the folder `<world>/work/demo/../bp`"),
        "{run}"
    );
}

#[test]
fn where_what_was_emitted_is_lost_it_is_said_and_both_sides_can_be_kept() {
    let path = Path::new(&[("a.txt", TEN), ("b.txt", "b\n")]);
    path.write("a.txt", &ten(&[("2", "mine")]));
    path.commit();
    // A squashed history in a fresh clone.
    path.git(&["checkout", "-q", "--orphan", "squashed"]);
    path.git(&["commit", "-qm", "all"]);
    path.world.git("", &["clone", "-q", "--no-local", "--single-branch", "demo", "clone"]);
    let clone = |arguments: &[&str]| path.world.run(&[&["-C", "clone"], arguments].concat());
    path.version("2.0.0", &[("a.txt", &ten(&[("9", "theirs")])), ("b.txt", "new\n")], "");
    let run = clone(&["update", "--defaults"]).fails(2);
    assert!(
        run.stderr.contains("a.txt: you and the blueprint changed it, and what path 1.0.0 had emitted is not"),
        "{run}"
    );
    assert!(run.stderr.contains("refs/goldpath/pristine") && run.stderr.contains("--two-way"), "{run}");
    clone(&["update", "--defaults", "--two-way"]).fails(6);
    let text = path.world.read("clone/a.txt");
    assert!(text.contains("mine") && text.contains("theirs") && text.contains("<<<<<<< yours"), "{text}");
    assert_eq!(path.world.read("clone/b.txt"), "new\n");
    clone(&["update", "--abort"]).success();
    // With the record of another clone it is an ordinary merge.
    path.world.git("clone", &["fetch", "-q", "origin", "+refs/goldpath/pristine:refs/goldpath/pristine"]);
    clone(&["update", "--defaults"]).success();
    assert_eq!(path.world.read("clone/a.txt"), ten(&[("2", "mine"), ("9", "theirs")]));
}

#[test]
fn modes_links_binaries_and_line_endings_are_handled_as_git_would() {
    let path = Path::new(&[("a.sh", "#!/bin/sh\n1\n2\n3\n4\n5\n"), ("b.bin", "a\0b"), ("c.txt", TEN), ("d.txt", TEN)]);
    path.write("b.bin", "mine\0");
    path.write("c.txt", &ten(&[("2", "mine")]).replace('\n', "\r\n"));
    std::fs::remove_file(path.world.work().join("demo/d.txt")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("c.txt", path.world.work().join("demo/d.txt")).unwrap();
    path.git(&["update-index", "--chmod=-x", "a.sh"]);
    path.git(&["config", "core.filemode", "false"]);
    path.commit();
    path.version(
        "2.0.0",
        &[
            ("a.sh", "#!/bin/sh\n1\n2\n3\n4\nfive\n"),
            ("b.bin", "theirs\0"),
            ("c.txt", &ten(&[("9", "theirs")])),
            ("d.txt", "new\n"),
        ],
        "",
    );
    let run = path.update().fails(6);
    assert!(path.git(&["ls-files", "-s", "a.sh"]).starts_with("100644 "), "{run}");
    assert!(path.read("a.sh").contains("five"));
    assert_eq!(path.read("b.bin"), "mine\0");
    assert_eq!(path.read("c.txt"), ten(&[("2", "mine"), ("9", "theirs")]).replace('\n', "\r\n"));
    assert!(run.stdout.contains("conflict  b.bin") && run.stdout.contains("conflict  d.txt"), "{run}");
}

#[test]
fn a_repository_can_hold_several_services() {
    let world = World::new();
    world.write(
        "work/mono/bp/blueprint.yaml",
        "name: path\nversion: 1.0.0\nsummary: x\ncomponents:\n  - use: ./components/x\n",
    );
    world.write("work/mono/bp/components/x/component.yaml", "summary: x\n");
    world.write("work/mono/bp/components/x/files/a.txt", TEN);
    for service in ["services/a", "services/b"] {
        world.run(&["-C", "mono", "new", "./bp", service, "--defaults", "--no-git"]).success();
    }
    world.git("mono", &["init", "-q", "-b", "main"]);
    world.git("mono", &["add", "-A"]);
    world.git("mono", &["commit", "-qm", "all"]);
    assert!(world.read("mono/services/a/goldpath.lock").contains("path = \"../../bp\""));
    world.write("work/mono/services/a/a.txt", &ten(&[("2", "mine")]));
    let manifest = world.read("mono/bp/blueprint.yaml").replace("1.0.0", "1.1.0");
    world.write("work/mono/bp/blueprint.yaml", &manifest);
    world.write("work/mono/bp/components/x/files/a.txt", &ten(&[("9", "theirs")]));
    world.git("mono", &["commit", "-qam", "next"]);
    world.run(&["-C", "mono/services/a", "update", "--commit"]).success();
    assert_eq!(world.read("mono/services/a/a.txt"), ten(&[("2", "mine"), ("9", "theirs")]));
    assert_eq!(world.read("mono/services/b/a.txt"), TEN);
    world.run(&["-C", "mono", "update", "services/b", "--commit"]).success();
    assert_eq!(world.read("mono/services/b/a.txt"), ten(&[("9", "theirs")]));
    assert_eq!(world.git("mono", &["status", "--porcelain"]), "");
    let pristine = world.git("mono", &["ls-tree", "-r", "--name-only", "refs/goldpath/pristine"]);
    assert!(pristine.contains("services/a/a.txt") && pristine.contains("services/b/a.txt"), "{pristine}");
}

#[test]
fn manifest_mistakes_of_migrations_have_their_places() {
    let path = Path::new(&[]);
    path.version(
        "2.0.0",
        &[],
        "migrations:\n  - version: 3.0.0\n    moved:\n      - {from: '../x', to: y}\n      - {from: 'a/{e}', to: 'b/{f}'}\n      - {form: a, to: b}\n    answers:\n      - {key: word}\n      - {key: word, to: wrod}\n  - version: two\n",
    );
    let run = path.update().fails(2);
    for text in [
        "has not come to version 3.0.0 yet",
        "`../x` leaves the new repository",
        "`to` has `{f}`, and `from` does not",
        "the move has no field `form`",
        "nothing happens to `word`",
        "asks no question `wrod`",
        "`two` is no semantic version",
    ] {
        assert!(run.stderr.contains(text), "{text}: {run}");
    }
    assert!(run.stderr.contains("blueprint.yaml:9:"), "{run}");
}

#[test]
fn only_one_goldpath_writes_at_a_time() {
    let path = Path::new(&[("a.txt", TEN)]);
    path.version("2.0.0", &[("a.txt", "new\n")], "");
    path.write(".git/goldpath/lock", "goldpath update, process 1 on elsewhere\n");
    let file = std::fs::File::open(path.world.work().join("demo/.git/goldpath/lock")).unwrap();
    file.try_lock().unwrap();
    let run = path.update().fails(1);
    assert!(run.stderr.contains("another goldpath is at work here: goldpath update, process 1 on elsewhere"), "{run}");
    file.unlock().unwrap();
    // One that was killed holds nothing.
    path.update().success();
}

#[test]
fn detached_heads_and_other_work_trees_are_updated_too() {
    let path = Path::new(&[("a.txt", TEN)]);
    path.git(&["worktree", "add", "-q", "--detach", "../other"]);
    path.version("2.0.0", &[("a.txt", "new\n")], "");
    path.world.run(&["-C", "other", "update", "--defaults", "--commit"]).success();
    assert_eq!(path.world.read("other/a.txt"), "new\n");
    assert_eq!(path.world.git("other", &["status", "--porcelain"]), "");
    assert_eq!(path.world.git("other", &["log", "--format=%s"]).lines().count(), 2);
    assert_eq!(path.git(&["log", "--format=%s"]).lines().count(), 1);
    assert_eq!(path.read("a.txt"), TEN);
    path.update().success();
}

#[test]
fn attributes_decide_on_line_endings_in_the_work_tree() {
    let path = Path::new(&[("a.txt", TEN), (".gitattributes", "*.txt text eol=crlf\n")]);
    path.git(&["rm", "-q", "--cached", "-r", "."]);
    path.git(&["reset", "-q", "--hard"]);
    assert_eq!(path.read("a.txt"), TEN.replace('\n', "\r\n"));
    let new = ten(&[("9", "theirs")]);
    path.version("2.0.0", &[("a.txt", &new), (".gitattributes", "*.txt text eol=crlf\n")], "");
    path.run(&["update", "--defaults", "--commit"]).success();
    assert_eq!(path.read("a.txt"), new.replace('\n', "\r\n"));
    assert_eq!(path.git(&["show", "HEAD:a.txt"]), new);
    assert_eq!(path.git(&["status", "--porcelain"]), "");
}
