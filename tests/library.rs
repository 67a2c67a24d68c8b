//! The embedded library: it fits together for every combination of choices, and what is packaged is what is embedded.

#![allow(missing_docs, clippy::unwrap_used)]

use std::process::Command;

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
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
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
    let library = source::with_folder(source::library(None).unwrap(), folder.path()).unwrap();
    let blueprint = blueprint::load(&library, None).unwrap_or_else(|problems| panic!("{problems}"));
    let root = format!("{}/", folder.path().display());
    insta::assert_snapshot!(lint(&blueprint).to_string().replace(&root, ""));
}

/// Red and round don't fit together, and nobody can choose both.
#[test]
fn what_a_question_refuses_is_no_combination() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let blueprint = |check: &str| {
        write(
            "blueprint.yaml",
            &format!(
                "name: x\nversion: 1.0.0\nsummary: x\nquestions:\n  - {{key: colour, type: choice, ask: Which?, choices: [red, blue]}}\n  \
                 - {{key: shape, type: choice, ask: Which?, choices: [square, round], validate: [{{check: '{check}', message: no}}]}}\n\
                 components:\n  - {{use: ./components/red, when: colour == \"red\"}}\n  - {{use: ./components/round, when: shape == \"round\"}}\n"
            ),
        );
        let library = source::with_folder(source::library(None).unwrap(), folder.path()).unwrap();
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
