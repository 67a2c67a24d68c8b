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
        "name: x\nversion: 1.0.0\nsummary: x\nquestions:\n  - {key: kind, type: choice, ask: Which?, choices: [a, b]}\n  - {key: size, type: integer, ask: How big?}\n\
         components:\n  - use: ./components/one\n  - {use: ./components/two, when: kind == \"b\"}\n",
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
    let library = source::with_folder(source::library(None).unwrap(), folder.path()).unwrap();
    let blueprint = blueprint::load(&library, None).unwrap_or_else(|problems| panic!("{problems}"));
    let root = format!("{}/", folder.path().display());
    insta::assert_snapshot!(lint(&blueprint).to_string().replace(&root, ""));
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
