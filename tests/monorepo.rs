//! Several blueprints in one repository: each folder has a lock of its own, and goes its own way.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Outcome, World};

struct Monorepo {
    world: World,
}

impl Monorepo {
    /// A repository with two services of one blueprint, and something that is neither.
    fn new() -> Self {
        let monorepo = Monorepo { world: World::new() };
        let world = &monorepo.world;
        monorepo.release("1.0.0");
        std::fs::create_dir_all(world.work().join("mono")).unwrap();
        world.git("mono", &["init", "-qb", "main"]);
        world.write("work/mono/README.md", "# All of it\n");
        monorepo.commit();
        for service in ["a", "b"] {
            let folder = format!("mono/services/{service}");
            world.run(&["new", "./bp", &folder, "--defaults", "--no-git"]).success();
        }
        // Edited before it was ever committed: only what `new` keeps tells the edit from the blueprint's lines.
        monorepo.edit("a", "one", "ONE");
        monorepo.commit();
        monorepo
    }

    fn release(&self, version: &str) {
        let number = &version[..1];
        self.world.write(
            "work/bp/blueprint.yaml",
            &format!("name: path\nversion: {version}\nsummary: x\ncomponents:\n  - use: ./components/x\n"),
        );
        self.world.write("work/bp/components/x/component.yaml", "summary: x\ninputs: {}\n");
        let text = format!("one\ntwo\nthree\nfour\nfive {number}\n");
        self.world.write("work/bp/components/x/files/text.txt", &text);
    }

    fn edit(&self, service: &str, from: &str, to: &str) {
        let path = format!("mono/services/{service}/text.txt");
        let text = self.world.read(&path).replace(from, to);
        self.world.write(&format!("work/{path}"), &text);
    }

    fn commit(&self) {
        self.world.git("mono", &["add", "-A"]);
        self.world.git("mono", &["commit", "-qm", "work"]);
    }

    fn run(&self, folder: &str, arguments: &[&str]) -> Outcome {
        let folder = format!("mono/{folder}");
        self.world.run(&[&["-C", &folder], arguments].concat())
    }

    fn text(&self, service: &str) -> String {
        self.world.read(&format!("mono/services/{service}/text.txt"))
    }
}

#[test]
fn each_service_is_updated_for_itself() {
    let mono = Monorepo::new();
    mono.release("2.0.0");
    assert!(mono.run("services/a", &["check"]).fails(5).stdout.contains("path 2.0.0 is there"));
    mono.run("services/a", &["update", "--commit"]).success();
    assert_eq!(mono.text("a"), "ONE\ntwo\nthree\nfour\nfive 2\n");
    assert_eq!(mono.text("b"), "one\ntwo\nthree\nfour\nfive 1\n");
    let changed = mono.world.git("mono", &["show", "--name-only", "--format=", "HEAD"]);
    assert!(changed.lines().all(|path| path.starts_with("services/a/")), "{changed}");
    mono.run("services/a", &["check"]).success();
    mono.run("services/b", &["check"]).fails(5);
    // From the top, and from a folder further in.
    let run = mono.run("", &["update"]).fails(2);
    assert!(run.stderr.contains("is in no repository that goldpath made"), "{run}");
    mono.run("", &["update", "services/b", "--commit"]).success();
    assert_eq!(mono.text("b"), "one\ntwo\nthree\nfour\nfive 2\n");
    // Both are still told from the blueprint's lines by what git keeps.
    mono.edit("b", "one", "Eins");
    mono.commit();
    mono.release("3.0.0");
    for service in ["a", "b"] {
        mono.run("", &["update", &format!("services/{service}"), "--commit"]).success();
    }
    assert_eq!(mono.text("a"), "ONE\ntwo\nthree\nfour\nfive 3\n");
    assert_eq!(mono.text("b"), "Eins\ntwo\nthree\nfour\nfive 3\n");
}

#[test]
fn a_conflict_in_one_service_is_that_services() {
    let mono = Monorepo::new();
    mono.edit("a", "five 1", "FIVE");
    mono.commit();
    mono.release("2.0.0");
    mono.run("services/a", &["update", "--commit"]).fails(6);
    assert_eq!(mono.text("b"), "one\ntwo\nthree\nfour\nfive 1\n");
    let run = mono.run("services/b", &["update"]).fails(6);
    assert!(run.stderr.contains("is open"), "{run}");
    mono.run("services/a", &["update", "--abort"]).success();
    mono.run("services/b", &["update", "--commit"]).success();
    assert_eq!(mono.text("a"), "ONE\ntwo\nthree\nfour\nFIVE\n");
    mono.run("services/a", &["update", "--commit"]).fails(6);
    mono.world.write("work/mono/services/a/text.txt", "ONE\ntwo\nthree\nfour\nFIVE 2\n");
    mono.world.git("mono", &["add", "-A"]);
    mono.run("services/a", &["update", "--continue"]).success();
    mono.run("services/a", &["check"]).success();
    assert!(mono.world.git("mono", &["status", "--porcelain"]).is_empty());
}
