//! The embedded library: it fits together for every combination of choices, and what is packaged is what is embedded.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::process::Command;

use common::World;
use goldpath::blueprint::{self, lint::lint};
use goldpath::source;

#[test]
fn every_blueprint_fits_together_for_all_choices() {
    let library = source::library(None).unwrap();
    assert!(!library.names().is_empty());
    for name in library.names() {
        let blueprint = blueprint::load(&library, Some(name)).unwrap_or_else(|problems| panic!("{problems}"));
        let problems = lint(&blueprint);
        assert!(problems.is_empty(), "{problems}");
    }
}

#[test]
fn what_does_not_fit_together_is_found() {
    let world = World::new();
    let write = |path: &str, text: &str| world.write(&format!("work/{path}"), text);
    let folder = world.work();
    write(
        "blueprint.yaml",
        "name: x\nversion: 1.0.0\nsummary: x\nquestions:\n  - {key: kind, type: choice, ask: Which?, choices: [a, b]}\n  - {key: size, type: integer, ask: How big?}\n  \
         - {key: colour, type: choice, ask: Which?, choices: [red, blue]}\n  - {key: shape, type: choice, ask: Which?, choices: [square, round]}\n\
         components:\n  - use: ./components/one\n  - {use: ./components/two, when: kind == \"b\"}\n  \
         - {use: ./components/three, when: colour == \"red\"}\n  - {use: ./components/four, when: shape == \"round\"}\nvalues: {name: kind}\n",
    );
    write(
        "components/one/component.yaml",
        "summary: x\ninputs: {kind: choice, unused: string, size: string}\nslots: {never: x}\nfiles:\n  \"x/*\": {each: sizes, as: one}\n",
    );
    write("components/one/files/a.txt.jinja", "<%= kind %> <%= undeclared %> <%= one %> <%= size %>");
    write("components/one/files/b.txt.jinja", "<%= slot(\"undeclared\") %> <%= pins.actions.nothing %>");
    write("components/one/files/x/{one}.txt.jinja", "<%= one %>");
    write("components/two/component.yaml", "summary: x\n");
    write("components/two/files/a.txt", "");
    write("components/two/slots/nobody.jinja", "");
    write(
        "components/three/component.yaml",
        "summary: x\nfacts: {port: 80, kind: x, name: x}\ninputs: {wheels: list}\n",
    );
    write("components/three/files/c.txt.jinja", "<% for wheel in wheels %><%= wheel %><% endfor %>");
    write("components/four/component.yaml", "summary: x\nfacts: {port: 81, wheels: 4}\ninputs: {port: string}\n");
    write("components/four/files/d.txt.jinja", "<%= port %>");
    let library = source::with_folder(source::library(None).unwrap(), &folder).unwrap();
    let blueprint = blueprint::load(&library, None).unwrap_or_else(|problems| panic!("{problems}"));
    let root = format!("{}/", folder.display());
    insta::assert_snapshot!(lint(&blueprint).to_string().replace(&root, ""));
}

/// Red and round don't fit together, and nobody can choose both.
#[test]
fn what_a_question_refuses_is_no_combination() {
    let world = World::new();
    let write = |path: &str, text: &str| world.write(&format!("work/{path}"), text);
    let folder = world.work();
    let blueprint = |check: &str| {
        write(
            "blueprint.yaml",
            &format!(
                "name: x\nversion: 1.0.0\nsummary: x\nquestions:\n  - {{key: colour, type: choice, ask: Which?, choices: [red, blue]}}\n  \
                 - {{key: shape, type: choice, ask: Which?, choices: [square, round], validate: [{{check: '{check}', message: no}}]}}\n\
                 components:\n  - {{use: ./components/red, when: colour == \"red\"}}\n  - {{use: ./components/round, when: shape == \"round\"}}\n"
            ),
        );
        let library = source::with_folder(source::library(None).unwrap(), &folder).unwrap();
        let blueprint = blueprint::load(&library, None).unwrap_or_else(|problems| panic!("{problems}"));
        lint(&blueprint).to_string()
    };
    write("components/red/component.yaml", "summary: x\n");
    write("components/red/files/a.txt", "");
    write("components/round/component.yaml", "summary: x\n");
    write("components/round/files/a.txt", "");
    assert!(blueprint("value != \"green\"").ends_with("found with colour=red shape=round"), "{}", blueprint("true"));
    assert_eq!(blueprint("not (value == \"round\" and colour == \"red\")"), "");
}

#[test]
fn a_blueprint_extends_a_base() {
    let world = World::new();
    let write = |path: &str, text: &str| world.write(&format!("work/{path}"), text);
    let folder = world.work();
    write(
        "common/base.yaml",
        "questions:\n  - {key: a, type: string, ask: A?}\n  - {key: b, type: string, ask: B?, default: a}\n  - {key: c, type: string, ask: C?}\n\
         values: {x: a, y: b}\ncomponents: [{use: first}, own, {use: last}]\nnext:\n  - {run: one, about: x}\n",
    );
    let own = |more: &str| {
        write(
            "one/blueprint.yaml",
            &format!(
                "name: one\nversion: 1.0.0\nsummary: x\nextends: common\ncomponents: [{{use: second}}]\nvalues: {{y: c, z: a}}\nquestions:\n{more}"
            ),
        );
        let library = source::library(Some(&folder)).unwrap();
        assert_eq!(library.names(), ["one"], "a base is no blueprint");
        blueprint::load(&library, Some("one"))
            .map_err(|problems| problems.to_string().replace(&format!("{}/", folder.display()), ""))
    };
    for name in ["first", "second", "last"] {
        write(&format!("components/{name}/component.yaml"), "summary: x\n");
    }
    let one = own("  - {key: b, type: integer, ask: Another B?}\n  - {key: d, type: string, ask: D?, after: a}\n  - {key: e, type: string, ask: E?}\n").unwrap();
    let asked: Vec<_> = one.questions.iter().map(|question| (question.key.as_str(), question.ask.as_str())).collect();
    assert_eq!(asked, [("a", "A?"), ("d", "D?"), ("b", "Another B?"), ("c", "C?"), ("e", "E?")]);
    let values: Vec<_> = one.values.iter().map(|(name, value)| (name.as_str(), value.text.as_str())).collect();
    assert_eq!(values, [("x", "a"), ("y", "c"), ("z", "a")]);
    let parts: Vec<_> = one.parts.iter().map(|part| part.component.name.as_str()).collect();
    assert_eq!(parts, ["first", "second", "last"]);
    assert_eq!(one.next.len(), 1, "the base's steps");
    let wrong = own("  - {key: a, type: string, ask: A?, default: e}\n  - {key: d, type: string, ask: D?, after: f}\n");
    assert_eq!(
        wrong.unwrap_err(),
        "error: one/blueprint.yaml:9:44: no question `f` is asked before this one\n  hint: did you mean `a`?\n\
         error: one/blueprint.yaml:8:46: question `a` reads `e`, which no earlier question asks"
    );
    let text = "name: one\nversion: 1.0.0\nsummary: x\nextends: comon\ncomponents: [own]\n";
    write("one/blueprint.yaml", text);
    let load = || blueprint::load(&source::library(Some(&folder)).unwrap(), Some("one")).unwrap_err().to_string();
    assert!(
        load().ends_with("one/blueprint.yaml:4:10: there is no base `comon`\n  hint: did you mean `common`?"),
        "{}",
        load()
    );
    write("one/blueprint.yaml", &text.replace("comon", "common"));
    assert!(load().ends_with("one/blueprint.yaml:5:13: `own` is for bases\n  hint: remove it"), "{}", load());
}

/// `cargo package` leaves out folders that hold a `Cargo.toml`, and git what a template's `.gitignore` names.
#[test]
fn what_is_packaged_is_what_is_embedded() {
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = String::from_utf8(output.stdout).unwrap();
    let mut packaged: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("blueprints/")).collect();
    let library = source::library(None).unwrap();
    let mut embedded: Vec<&str> = library.tree.iter().map(|(path, _)| path.as_str()).collect();
    packaged.sort_unstable();
    embedded.sort_unstable();
    assert_eq!(packaged, embedded);
}

/// Emitted pipelines build goldpath in the version that their repository was made with.
#[test]
fn the_pin_of_goldpath_is_its_own_version() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let pins: Vec<String> = std::fs::read_to_string(root.join("blueprints/pins.yaml"))
        .unwrap()
        .split_once("\n  goldpath:\n")
        .unwrap()
        .1
        .lines()
        .take_while(|line| line.starts_with("    "))
        .map(str::to_owned)
        .collect();
    assert!(pins.contains(&format!("    version: {}", env!("CARGO_PKG_VERSION"))), "{pins:?}");
}

/// An ADR keeps its number for good, whatever decisions come later: each has one of its own.
#[test]
fn every_decision_has_a_number_of_its_own() {
    let library = source::library(None).unwrap();
    for name in library.names() {
        let blueprint = blueprint::load(&library, Some(name)).unwrap_or_else(|problems| panic!("{problems}"));
        let decisions =
            blueprint.questions.iter().filter_map(|question| blueprint.decision(question.decision.as_deref()?));
        let numbers: Vec<_> = decisions.map(|decision| decision.number).collect();
        let distinct: std::collections::BTreeSet<_> = numbers.iter().flatten().collect();
        assert_eq!(distinct.len(), numbers.len(), "{name}: {numbers:?}");
    }
}
