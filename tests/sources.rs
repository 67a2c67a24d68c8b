//! Blueprints from git repositories and catalogs: named, locked, cached, updated, and never taken on trust.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Outcome, World};
use serde_json::Value;

/// A repository with a blueprint `api` that is released version by version.
struct Upstream {
    world: World,
}

impl Upstream {
    fn new() -> Self {
        let world = World::new();
        std::fs::create_dir_all(world.work().join("paths")).unwrap();
        world.git("paths", &["init", "-qb", "main"]);
        let upstream = Upstream { world };
        upstream.release("1.0.0");
        upstream
    }

    fn write(&self, version: &str, text: &str) {
        self.world.write(
            "work/paths/api/blueprint.yaml",
            &format!("name: api\nversion: {version}\nsummary: An API of ours\ncomponents:\n  - use: ./components/x\n"),
        );
        self.world.write("work/paths/api/components/x/component.yaml", "summary: x\ninputs: {}\n");
        self.world.write("work/paths/api/components/x/files/text.md", text);
    }

    fn commit(&self, message: &str) -> String {
        self.world.git("paths", &["add", "-A"]);
        self.world.git("paths", &["commit", "-qm", message]);
        self.world.git("paths", &["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn release(&self, version: &str) -> String {
        self.write(version, &format!("# Version\n\n{version}\n\nA line to edit.\n"));
        let commit = self.commit(version);
        let tag = format!("v{version}");
        self.world.git("paths", &["tag", "-a", "-m", &tag, &tag]);
        commit
    }

    fn source(&self, revision: &str) -> String {
        format!("git+file://{}//api{revision}", self.world.work().join("paths").display())
    }

    fn make(&self, revision: &str) {
        self.world.run(&["new", &self.source(revision), "demo", "--defaults"]).success();
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.world.run(&[&["-C", "demo"], arguments].concat())
    }

    fn update(&self, more: &[&str]) -> Outcome {
        self.run(&[&["update", "--defaults", "--commit"], more].concat())
    }

    fn lock(&self, key: &str) -> Option<String> {
        let lock = self.world.read("demo/goldpath.lock");
        let source = lock.split("[files]").next().unwrap();
        let line = source.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
        Some(line.trim_end_matches('"').to_owned())
    }

    fn named(&self) -> String {
        let choices = self.world.read("demo/goldpath.yaml");
        let line = choices.lines().find_map(|line| line.strip_prefix("blueprint: ")).unwrap();
        line.trim_matches('"').to_owned()
    }

    fn version(&self) -> String {
        self.world.read("demo/text.md").lines().nth(2).unwrap().to_owned()
    }

    /// As if the network were gone, and everything that is nowhere but there.
    fn vanish(&self) {
        std::fs::rename(self.world.work().join("paths"), self.world.work().join("gone")).unwrap();
    }
}

#[test]
fn a_repository_records_what_it_was_made_from() {
    let upstream = Upstream::new();
    upstream.release("1.1.0");
    let newest = upstream.release("2.0.0");
    upstream.make("@^1");
    assert_eq!(upstream.version(), "1.1.0");
    assert_eq!(upstream.named(), upstream.source("@^1"));
    assert_eq!(upstream.lock("git"), Some(upstream.source("@^1")));
    assert_eq!(upstream.lock("tag").as_deref(), Some("v1.1.0"));
    let commit = upstream.world.git("paths", &["rev-parse", "v1.1.0^{commit}"]).trim().to_owned();
    let tree = upstream.world.git("paths", &["rev-parse", "v1.1.0:api"]).trim().to_owned();
    assert_eq!((upstream.lock("commit"), upstream.lock("tree")), (Some(commit), Some(tree)));
    for (revision, version) in
        [("", "2.0.0"), ("@v1.0.0", "1.0.0"), ("@main", "2.0.0"), (&format!("@{newest}"), "2.0.0")]
    {
        std::fs::remove_dir_all(upstream.world.work().join("demo")).unwrap();
        upstream.make(revision);
        assert_eq!(upstream.version(), version, "{revision}");
        assert_eq!(upstream.named(), upstream.source(revision));
    }
}

#[test]
fn an_update_goes_to_the_newest_release_and_says_which() {
    let upstream = Upstream::new();
    upstream.make("@v1.0.0");
    upstream.run(&["check"]).success();
    upstream.release("1.1.0");
    let commit = upstream.release("2.0.0");
    let run = upstream.run(&["check"]).fails(5);
    assert!(run.stdout.contains("api v2.0.0 is there"), "{run}");
    upstream.update(&["--to", "1.1.0"]).success();
    assert_eq!((upstream.version(), upstream.named()), ("1.1.0".to_owned(), upstream.source("@v1.1.0")));
    let run = upstream.update(&[]).success();
    assert!(run.stdout.contains("1.1.0 to 2.0.0") || run.stdout.contains("2.0.0"), "{run}");
    assert_eq!((upstream.version(), upstream.named()), ("2.0.0".to_owned(), upstream.source("@v2.0.0")));
    assert_eq!(upstream.lock("commit"), Some(commit));
    let run = upstream.update(&[]).success();
    assert!(run.stderr.contains("Up to date") || run.stdout.contains("p to date"), "{run}");
    upstream.run(&["check"]).success();
    let run = upstream.update(&["--to", "3.0.0"]).fails(1);
    assert!(run.stderr.contains("no revision that is a release in =3.0.0"), "{run}");
}

#[test]
fn a_range_a_branch_and_a_commit_stay_what_is_written_down() {
    let upstream = Upstream::new();
    let first = upstream.world.git("paths", &["rev-parse", "HEAD"]).trim().to_owned();
    upstream.make("@^1");
    upstream.release("1.2.0");
    upstream.release("2.0.0");
    upstream.update(&[]).success();
    assert_eq!((upstream.version(), upstream.named()), ("1.2.0".to_owned(), upstream.source("@^1")));
    upstream.run(&["check"]).success();
    let run = upstream.update(&["--to", "2.0.0"]).fails(2);
    assert!(run.stderr.contains("asks for a release in ^1") && run.stderr.contains("goldpath.yaml"), "{run}");

    // What is written down is what a person changes.
    let choices = upstream.world.read("demo/goldpath.yaml");
    upstream.world.write("work/demo/goldpath.yaml", &choices.replace("@^1", "@main"));
    upstream.update(&[]).success();
    assert_eq!((upstream.version(), upstream.lock("tag")), ("2.0.0".to_owned(), None));
    upstream.write("2.0.1", "# Version\n\n2.0.1\n\nA line to edit.\n");
    let tip = upstream.commit("not released");
    assert!(upstream.run(&["check"]).fails(5).stdout.contains(&tip[..12]));
    upstream.update(&[]).success();
    assert_eq!((upstream.version(), upstream.lock("commit")), ("2.0.1".to_owned(), Some(tip)));

    let choices = upstream.world.read("demo/goldpath.yaml");
    upstream.world.write("work/demo/goldpath.yaml", &choices.replace("@main", &format!("@{first}")));
    let run = upstream.update(&[]).fails(2);
    assert!(run.stderr.contains("stands on the newer 2.0.1"), "{run}");
}

#[test]
fn what_was_fetched_works_without_a_network() {
    let upstream = Upstream::new();
    upstream.make("@^1");
    upstream.vanish();
    let run = upstream.world.run(&["new", &upstream.source("@^1"), "again", "--defaults"]).success();
    assert!(run.stderr.contains("git can't reach it; what was found there last time was taken"), "{run}");
    let run = upstream.run(&["check", "--output", "json"]).success();
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["lock"]["standing"], "confirmed", "by the commit in the cache");
    upstream.update(&["--set", "x=1"]).fails(2);
    upstream.update(&[]).success();
    let run = upstream.world.run(&["new", &upstream.source("@v9"), "other", "--defaults"]).fails(1);
    assert!(run.stderr.contains("git can't reach it"), "{run}");
}

#[test]
fn a_release_that_changed_is_found_and_not_taken() {
    let upstream = Upstream::new();
    upstream.make("@v1.0.0");
    let locked = upstream.lock("commit").unwrap();
    upstream.write("1.0.0", "# Version\n\nevil\n\nA line to edit.\n");
    let evil = upstream.commit("nothing to see");
    upstream.world.git("paths", &["tag", "-f", "-a", "-m", "v1.0.0", "v1.0.0"]);
    let run = upstream.run(&["check"]).fails(4);
    assert!(run.stderr.contains("the tag `v1.0.0` was at commit") && run.stderr.contains(&evil), "{run}");
    let run = upstream.run(&["check", "--output", "sarif"]).fails(4);
    let log: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "source");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert!(rules.iter().any(|rule| rule["id"] == "source"), "it is described");
    let run = upstream.update(&[]).fails(2);
    assert!(run.stderr.contains(&locked) && run.stderr.contains("a release must not change"), "{run}");
    assert_eq!(upstream.version(), "1.0.0");
    // A later release can be had, with a warning: it is another one.
    upstream.release("1.1.0");
    let run = upstream.update(&[]).success();
    assert!(run.stderr.contains("the tag `v1.0.0` was at commit"), "{run}");
    assert_eq!(upstream.version(), "1.1.0");
}

#[test]
fn a_tag_that_lies_about_its_version_is_told() {
    let upstream = Upstream::new();
    upstream.world.git("paths", &["tag", "v3.0.0"]);
    let run = upstream.world.run(&["new", &upstream.source(""), "demo", "--defaults"]).success();
    assert!(run.stderr.contains("the tag `v3.0.0` holds version 1.0.0 of `api`"), "{run}");
}

#[test]
fn what_was_emitted_is_had_again_from_the_commit_in_the_lock() {
    let upstream = Upstream::new();
    upstream.make("@v1.0.0");
    let text = upstream.world.read("demo/text.md").replace("A line to edit.", "A line of ours.");
    upstream.world.write("work/demo/text.md", &text);
    // As after a squash merge into a fresh clone: nobody has the file as it was emitted.
    std::fs::remove_dir_all(upstream.world.work().join("demo/.git")).unwrap();
    upstream.world.git("demo", &["init", "-qb", "main"]);
    upstream.world.git("demo", &["add", "-A"]);
    upstream.world.git("demo", &["commit", "-qm", "squashed"]);
    upstream.release("1.1.0");
    upstream.update(&[]).success();
    let text = upstream.world.read("demo/text.md");
    assert!(text.contains("1.1.0") && text.contains("A line of ours."), "{text}");
}

#[test]
fn private_repositories_are_reached_through_the_users_own_git() {
    let upstream = Upstream::new();
    // What ssh does, without a host: the user's git decides what that is.
    upstream
        .world
        .write("home/ssh", "#!/bin/sh\nfor last; do :; done\necho asked >> \"$HOME/asked\"\nexec sh -c \"$last\"\n");
    let ssh = format!("sh {}", upstream.world.path("home/ssh").display());
    let source = format!("git+ssh://git@git.acme.example{}//api@^1", upstream.world.work().join("paths").display());
    let environment = [("GIT_SSH_COMMAND", ssh.as_str())];
    upstream.world.run_with(&["new", &source, "demo", "--defaults"], "", &environment).success();
    assert!(std::fs::read_to_string(upstream.world.path("home/asked")).unwrap().lines().count() >= 2);
    let run = upstream.world.run_with(&["new", &source, "again", "--defaults"], "", &[("GIT_SSH_COMMAND", "false")]);
    assert!(run.success().stderr.contains("git can't reach it"));
}

fn listed(outcome: &Outcome) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let entries = report["blueprints"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or("built in").to_owned();
    entries.map(|entry| (text(&entry["call"]), text(&entry["source"]))).collect()
}

#[test]
fn catalogs_put_the_organisations_blueprints_beside_the_built_in_ones() {
    let upstream = Upstream::new();
    let world = &upstream.world;
    let catalog = format!("git+file://{}", world.work().join("paths").display());
    world.write("home/.config/goldpath/config.yaml", &format!("catalogs:\n  - {catalog}@^1\n  - ./ours\n"));
    let manifest = |name: &str| format!("name: {name}\nversion: 0.3.0\nsummary: Ours\ncomponents:\n  - use: ./x\n");
    for name in ["tool", "service"] {
        world.write(&format!("home/.config/goldpath/ours/{name}/blueprint.yaml"), &manifest(name));
        world.write(&format!("home/.config/goldpath/ours/{name}/x/component.yaml"), "summary: x\ninputs: {}\n");
        world.write(&format!("home/.config/goldpath/ours/{name}/x/files/README.md"), "# Ours\n");
    }
    let ours = world
        .path("home/.config/goldpath/./ours")
        .display()
        .to_string()
        .replace(world.path("").to_str().unwrap().trim_end_matches('/'), "<world>");
    let entries = listed(&world.run(&["list", "--output", "json"]).success());
    let call = |call: &str, source: &str| (call.to_owned(), source.to_owned());
    let git = upstream.source("@^1").replace(world.path("").to_str().unwrap().trim_end_matches('/'), "<world>");
    assert!(entries.contains(&call("service", "built in")), "{entries:?}");
    assert!(entries.contains(&call("api", &git)), "{entries:?}");
    assert!(entries.contains(&call("tool", &format!("{ours}/tool"))), "{entries:?}");
    assert!(entries.contains(&call(&format!("{ours}/service"), &format!("{ours}/service"))), "in full: {entries:?}");

    let run = world.run(&["list"]).success();
    assert!(run.stdout.contains("An API of ours") && run.stdout.contains(&format!("from {git}")), "{run}");
    world.run(&["show", "api"]).success();
    world.run(&["new", "api", "demo", "--defaults"]).success();
    // The repository can be updated by somebody who has no such catalog.
    assert_eq!(upstream.named(), upstream.source("@^1"));
    world.run(&["new", "tool", "demo2", "--defaults"]).success();
    let run = world.run(&["new", "apy", "demo3", "--defaults"]).fails(2);
    assert!(run.stderr.contains("did you mean `api`?"), "{run}");

    world.write("home/.config/goldpath/ours/api/blueprint.yaml", &manifest("api"));
    let run = world.run(&["new", "api", "demo3", "--defaults"]).fails(2);
    assert!(run.stderr.contains("several catalogs have a blueprint `api`") && run.stderr.contains(&git), "{run}");
    // What is built in is not asked of anybody.
    upstream.vanish();
    std::fs::remove_dir_all(world.path("home/.config/goldpath/ours")).unwrap();
    world.run(&["new", "service", "demo4", "--defaults", "--dry-run"]).success();
}

#[test]
fn a_catalog_that_can_not_be_had_is_an_error_with_its_line() {
    let world = World::new();
    world.write("home/.config/goldpath/config.yaml", "catalogs:\n  - ./nowhere\n  - gh:acme\n  - 3\n");
    let run = world.run(&["list"]).fails(2);
    assert!(run.stderr.contains("config.yaml:4:5: `catalogs`: expected a source as text"), "{run}");
    world.write("home/.config/goldpath/config.yaml", "catalogs:\n  - ./nowhere\n  - gh:acme\n  - ./empty\n");
    std::fs::create_dir_all(world.path("home/.config/goldpath/empty")).unwrap();
    let run = world.run(&["list"]).fails(1);
    for expected in [
        "config.yaml:2:5: the catalog `./nowhere` does not exist",
        "config.yaml:3:5: gh:acme: `gh:acme` names no organisation and repository",
        "config.yaml:4:5: there is no blueprint in the catalog `./empty`",
    ] {
        assert!(run.stderr.contains(expected), "{expected}\n{run}");
    }
}

#[test]
fn a_lock_whose_source_makes_no_sense_is_refused() {
    let upstream = Upstream::new();
    upstream.make("@v1.0.0");
    let lock = upstream.world.read("demo/goldpath.lock");
    let commit = upstream.lock("commit").unwrap();
    for (from, to, expected) in [
        (commit.as_str(), "--upload-pack=x", "needs a `commit` of 40 hexadecimal digits"),
        ("git = ", "path = \"./x\"\ngit = ", "has both a `path` and a `git`"),
    ] {
        upstream.world.write("work/demo/goldpath.lock", &lock.replacen(from, to, 1));
        let run = upstream.run(&["check"]).fails(2);
        assert!(run.stderr.contains(expected), "{run}");
    }
}
