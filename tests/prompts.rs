//! The prompts in a real pseudo-terminal.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{World, greeter};
use rexpect::session::{PtySession, spawn_command};

const TIMEOUT: Option<u64> = Some(20_000);
const UP: &str = "\u{1b}[A";
const DOWN: &str = "\u{1b}[B";
const ESC: &str = "\u{1b}";

struct Dialogue(PtySession);

impl Dialogue {
    fn start(world: &World, arguments: &[&str]) -> Self {
        let mut command = world.command(arguments);
        command.env("TERM", "xterm").env("NO_COLOR", "1");
        Dialogue(spawn_command(command, TIMEOUT).unwrap())
    }

    #[track_caller]
    fn see(&mut self, text: &str) -> &mut Self {
        self.0.exp_string(text).unwrap_or_else(|error| panic!("waiting for {text:?}: {error}"));
        self
    }

    fn press(&mut self, keys: &str) -> &mut Self {
        self.0.send(keys).unwrap();
        self.0.flush().unwrap();
        self
    }

    fn enter(&mut self) -> &mut Self {
        self.press("\r")
    }

    #[track_caller]
    fn ends(mut self, code: i32) -> String {
        let rest = self.0.exp_eof().unwrap();
        let status = format!("{:?}", self.0.process().wait().unwrap());
        assert!(status.starts_with("Exited(") && status.ends_with(&format!(", {code})")), "{status}: {rest}");
        rest
    }
}

#[test]
fn a_repository_from_prompts() {
    let world = World::new();
    let mut person = Dialogue::start(&world, &["new", &greeter(), "demo"]);
    person.see("What is it called?").see("[demo]").press("Nope!\r").see("use lower-case letters");
    person.see("[demo]").enter();
    person.see("What does it say?").see("Any text at all.").press("Servus\r");
    person.see("Does it shout?").press("y");
    person.see("How often?").press("11\r").see("use 1 to 10").press("2\r");
    person.see("Which style?").see("+ Nothing to break.").see("- Nobody looks twice.").see("With a border");
    person.press(DOWN).enter();
    person.see("Which border?").enter();
    person.see("Which languages?").press(DOWN).press(" ").enter();
    person.see("Where does it run?").see("[dev,prod]").press("test,prod\r");
    person.see("Your answers").see("Servus").see("test, prod");
    // The review: look at the files, change an answer, then write.
    person.see("Write 9 files to demo and commit them").press(DOWN).press(DOWN).enter();
    person.see("border.json").see("What now").press(DOWN).enter();
    person.see("Which one").press(DOWN).enter();
    person.see("What does it say?").see("[Servus]").press("Moin\r");
    person.see("Your answers").see("Moin").see("What now").enter();
    person.see("Created demo: 9 files");
    person.ends(0);
    assert_eq!(world.read("demo/bin/greet"), "#!/bin/sh\necho en: MOIN\necho de: MOIN\n");
    assert_eq!(world.left(), ["demo"]);
}

#[test]
fn escape_goes_back_and_cancel_leaves_nothing() {
    let world = World::new();
    let mut person = Dialogue::start(&world, &["new", &greeter(), "demo", "--set", "languages=en", "--set", "times=3"]);
    person.see("What is it called?").enter();
    person.see("What does it say?").enter();
    person.see("Does it shout?").press("n");
    person.see("Which style?").press(ESC);
    person.see("Does it shout?").press("y");
    person.see("Which style?").enter();
    person.see("Where does it run?").enter();
    person.see("What now").press(UP).enter();
    assert!(person.ends(130).contains("cancelled; nothing was written"));
    assert!(world.left().is_empty());
}

#[test]
fn without_a_blueprint_they_are_offered() {
    let world = World::new();
    let mut person = Dialogue::start(&world, &["new"]);
    person.see("Which blueprint?").see("service").enter();
    person.see("What is the service called?").press("\u{3}");
    person.ends(130);
    assert!(world.left().is_empty());
}

#[test]
fn ctrl_c_at_any_prompt_leaves_nothing() {
    for presses in 0..4 {
        let world = World::new();
        let mut person = Dialogue::start(&world, &["new", &greeter(), "demo"]);
        for question in ["What is it called?", "What does it say?", "Does it shout?"].iter().take(presses) {
            person.see(question).press(if question.contains("shout") { "y" } else { "\r" });
        }
        let open = ["What is it called?", "What does it say?", "Does it shout?", "How often?"][presses];
        person.see(open).press("\u{3}");
        person.ends(130);
        assert!(world.left().is_empty());
    }
}

#[test]
fn an_update_asks_new_questions_only() {
    let world = World::new();
    let manifest = |version: &str, more: &str| {
        world.write(
            "work/bp/blueprint.yaml",
            &format!(
                "name: bp\nversion: {version}\nsummary: x\nquestions:\n  - {{key: old, type: string, ask: What was?}}\n{more}components:\n  - use: ./components/x\n"
            ),
        );
    };
    manifest("1.0.0", "");
    world.write("work/bp/components/x/component.yaml", "summary: x\n");
    world.write("work/bp/components/x/files/a.txt", "a\n");
    world.run(&["new", "./bp", "demo", "--set", "old=x"]).success();
    manifest("1.1.0", "  - {key: fresh, type: string, ask: What is new?}\n");
    let mut person = Dialogue::start(&world, &["update", "demo"]);
    person.see("What is new?").press("something\r");
    person.see("Updated").see("1.0.0 -> 1.1.0");
    person.ends(0);
    assert!(world.read("demo/goldpath.yaml").ends_with("  old: x\n  fresh: something\n"));
    world.git("demo", &["reset", "-q", "--hard"]);
    let mut person = Dialogue::start(&world, &["update", "demo"]);
    person.see("What is new?").press("\u{3}");
    person.ends(130);
    assert_eq!(world.git("demo", &["status", "--porcelain"]), "");
}

#[test]
fn an_adoption_suggests_what_it_found_and_says_where() {
    let world = World::new();
    world.write(
        "work/bp/blueprint.yaml",
        "name: bp\nversion: 1.0.0\nsummary: x\nquestions:\n  - {key: name, type: string, ask: What is it called?, guess: [{file: go.mod, pattern: '(?m)^module (.*)$'}]}\n  - {key: lang, type: choice, ask: Which language?, choices: [python, go], guess: [{file: go.mod, is: go}]}\n  - {key: port, type: integer, ask: Which port?, default: 8080, guess: [{file: none, is: 1}]}\ncomponents: [{use: ./components/x}]\n",
    );
    world.write("work/bp/components/x/component.yaml", "summary: x\n");
    world.write("work/bp/components/x/files/a.txt", "a\n");
    world.write("work/there/go.mod", "// x\nmodule pay\n");
    world.git("there", &["init", "-q"]);
    world.git("there", &["add", "-A"]);
    world.git("there", &["commit", "-qm", "mine"]);
    let begin = || Dialogue::start(&world, &["adopt", "./bp", "there"]);
    let mut person = begin();
    person.see("What is it called?").see("found pay in go.mod:2").see("[pay]").enter();
    person.see("Which language?").see("found go in go.mod").press("\u{3}");
    person.ends(130);
    assert_eq!(world.git("there", &["status", "--porcelain"]), "");
    let mut person = begin();
    person.see("What is it called?").see("[pay]").enter();
    // What was found is what Enter takes, also of a list that begins with something else.
    person.see("Which language?").enter();
    person.see("Which port?").see("[8080]").press("99\r");
    person.see("Your answers").see("pay  (found in the repository)").see("99");
    person.see("Add 2 files").press(DOWN).enter();
    person.see("Which one").enter();
    person.see("What is it called?").see("[pay]").press("other\r");
    person.see("Your answers").see("other").see("What now").press(DOWN).press(DOWN).enter();
    person.see("added     a.txt").see("What now").enter();
    person.see("answer    name: other (you)").see("answer    lang: go (found in go.mod)").see("Adopted: bp 1.0.0");
    person.ends(0);
    assert!(world.read("there/goldpath.yaml").ends_with("  name: other\n  lang: go\n  port: 99\n"));
}
