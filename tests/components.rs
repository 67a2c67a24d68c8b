//! `goldpath add` and `goldpath remove`: components come and go on an existing repository, and nobody loses work.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{Outcome, World};

const MANIFEST: &str = "\
name: path
version: 1.0.0
summary: x
questions:
  - {key: style, type: choice, ask: Which style?, default: '\"plain\"', choices: [plain, bold, wide]}
  - {key: extras, type: choices, ask: Which extras?, default: '[]', choices: [lamp, bell]}
  - {key: lit, type: bool, ask: Is it lit?, default: 'false'}
values:
  fancy: style != \"plain\"
components:
  - use: ./components/base
  - {use: ./components/bold, when: style == \"bold\"}
  - {use: ./components/frame, when: fancy}
  - {use: ./components/bell, when: '\"bell\" in extras'}
  - {use: ./components/glow, when: style == \"bold\" and lit}
";

fn world() -> World {
    let world = World::new();
    world.write("work/bp/blueprint.yaml", MANIFEST);
    for name in ["base", "bold", "frame", "bell", "glow", "more", "needy"] {
        let inputs = if name == "needy" { "inputs: {colour: string, style: bool}" } else { "inputs: {}" };
        world.write(&format!("work/bp/components/{name}/component.yaml"), &format!("summary: x\n{inputs}\n"));
        world.write(&format!("work/bp/components/{name}/files/{name}.txt"), &format!("# {name}\n\ntext\n"));
    }
    world.run(&["new", "./bp", "demo", "--defaults"]).success();
    world
}

fn run(world: &World, arguments: &[&str]) -> Outcome {
    world.run(&[&["-C", "demo"], arguments].concat())
}

fn has(world: &World, name: &str) -> bool {
    world.work().join("demo").join(name).exists()
}

#[test]
fn a_component_comes_and_goes_with_the_answer_that_its_condition_reads() {
    let world = world();
    let run = |arguments: &[&str]| run(&world, arguments);
    let told = run(&["add", "bold", "--commit"]).success();
    assert!(told.stdout.contains("answer  style: plain -> bold"), "{told}");
    assert!(has(&world, "bold.txt") && has(&world, "frame.txt"));
    let told = run(&["add", "./components/bold"]).success();
    assert!(told.stderr.contains("`./components/bold` is here already"), "{told}");
    // Back to what the blueprint answers by itself, although `wide` would do as well.
    let told = run(&["remove", "bold", "--commit"]).success();
    assert!(told.stdout.contains("answer  style: bold -> plain"), "{told}");
    assert!(!has(&world, "bold.txt"));
    run(&["add", "bell", "--commit"]).success();
    assert!(world.read("demo/goldpath.yaml").contains("extras:\n    - bell"));
    run(&["remove", "bell", "--commit"]).success();
    // Two answers at once, where one is not enough.
    let told = run(&["add", "glow", "--commit"]).success();
    assert!(told.stdout.contains("lit: no -> yes") && told.stdout.contains("style: plain -> bold"), "{told}");
    let told = run(&["update"]).success();
    assert!(told.stdout.contains("Up to date"), "{told}");
}

#[test]
fn where_several_answers_would_do_somebody_has_to_say_which() {
    let world = world();
    let run = |arguments: &[&str]| run(&world, arguments);
    let told = run(&["add", "frame"]).fails(2);
    assert!(told.stderr.contains("`--set style=bold` or `--set style=wide`"), "{told}");
    run(&["add", "frame", "--set", "style=wide", "--commit"]).success();
    assert!(has(&world, "frame.txt") && !has(&world, "bold.txt"));
    let told = run(&["add", "bold", "--set", "style=wide"]).fails(2);
    assert!(told.stderr.contains("that is still open") && told.stderr.contains("style == \"bold\""), "{told}");
}

#[test]
fn a_component_besides_the_blueprints_is_written_down_and_stays() {
    let world = world();
    let run = |arguments: &[&str]| run(&world, arguments);
    let told = run(&["add", "./components/more", "--commit"]).success();
    assert!(told.stdout.contains("added     more.txt"), "{told}");
    assert!(world.read("demo/goldpath.yaml").contains("components:\n  - \"./components/more\"\n"));
    assert!(world.read("demo/goldpath.lock").contains("components = [\"./components/more\"]"));
    run(&["check"]).success();
    assert!(run(&["update"]).success().stdout.contains("Up to date"));
    // It moves on with the blueprint, with edits.
    world.write("work/demo/more.txt", "# more\n\nmine\n");
    world.git("demo", &["commit", "-qam", "mine"]);
    world.write("work/bp/components/more/files/more.txt", "# more and more\n\ntext\n");
    run(&["update", "--commit"]).success();
    assert_eq!(world.read("demo/more.txt"), "# more and more\n\nmine\n");
    // What was edited does not go without a word.
    let told = run(&["remove", "more", "--commit"]).fails(6);
    assert!(told.stdout.contains("conflict") && has(&world, "more.txt"), "{told}");
    run(&["update", "--abort"]).success();
    assert!(world.read("demo/goldpath.yaml").contains("./components/more"));
    world.write("work/demo/more.txt", "# more and more\n\ntext\n");
    world.git("demo", &["commit", "-qam", "theirs again"]);
    run(&["remove", "more", "--commit"]).success();
    assert!(!has(&world, "more.txt") && !world.read("demo/goldpath.yaml").contains("components"));
    // A line in goldpath.yaml does the same as the command.
    let choices = world.read("demo/goldpath.yaml");
    world.write("work/demo/goldpath.yaml", &choices.replace("answers:", "components: [./components/more]\nanswers:"));
    run(&["update", "--commit"]).success();
    assert!(has(&world, "more.txt"));
}

#[test]
fn what_can_not_come_or_go_is_told_all_at_once() {
    let world = world();
    let told = run(&world, &["add", "bolt", "./components/needy", "./components/base"]).fails(2);
    for expected in [
        "there is no component `bolt`",
        "did you mean `bold`?",
        "component `./components/needy` does not fit `path`, which neither asks for nor computes `colour` (string), `style` \
         (bool, not choice)",
    ] {
        assert!(told.stderr.contains(expected), "{expected}\n{told}");
    }
    let told = run(&world, &["remove", "base"]).fails(2);
    assert!(told.stderr.contains("`./components/base` is a part of every `path`"), "{told}");
    let told = run(&world, &["remove", "more"]).fails(2);
    assert!(told.stderr.contains("there is no component `more` in this repository"), "{told}");
    assert!(run(&world, &["update"]).success().stdout.contains("Up to date"));
    world.write(
        "work/demo/goldpath.yaml",
        &world.read("demo/goldpath.yaml").replace("answers:", "components: x\nanswers:"),
    );
    let told = run(&world, &["update"]).fails(2);
    assert!(
        told.stderr.contains("goldpath.yaml:6:13") && told.stderr.contains("expected a list of components"),
        "{told}"
    );
}

#[test]
fn a_service_takes_a_canary_in_and_out_again_and_is_as_it_was() {
    let world = World::new();
    world.run(&["new", "service", "api", "--defaults"]).success();
    let before = world.git("api", &["rev-parse", "HEAD^{tree}"]);
    world.run(&["-C", "api", "add", "canary", "--commit"]).success();
    assert!(world.read("api/goldpath.yaml").contains("delivery: canary"));
    world.run(&["-C", "api", "check"]).success();
    world.run(&["-C", "api", "remove", "canary", "--commit"]).success();
    assert_eq!(world.git("api", &["rev-parse", "HEAD^{tree}"]), before);
    let told = world.run(&["-C", "api", "remove", "none"]).fails(2);
    assert!(told.stderr.contains("say which: autoscale/none, gitops/none"), "{told}");
}
