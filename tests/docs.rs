//! The documentation says what the code does. `BLESS=1 cargo test --test docs` writes what is generated.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::World;
use goldpath::blueprint::manifest::Field;
use goldpath::blueprint::{component, decision, guess, load, migration, pins, question};

fn tables() -> Vec<(&'static str, Vec<Field>)> {
    let mut tables = vec![
        ("blueprint", load::FIELDS.to_vec()),
        ("base", load::BASE_FIELDS.to_vec()),
        ("part", load::PART_FIELDS.to_vec()),
        ("step", load::STEP_FIELDS.to_vec()),
        ("migration", migration::FIELDS.to_vec()),
        ("move", migration::MOVE_FIELDS.to_vec()),
        ("answer", migration::ANSWER_FIELDS.to_vec()),
        ("question", question::FIELDS.to_vec()),
        ("validation", question::VALIDATION_FIELDS.to_vec()),
        ("choice", question::CHOICE_FIELDS.to_vec()),
        ("guess", guess::FIELDS.to_vec()),
        ("component", component::FIELDS.to_vec()),
        ("rule", component::RULE_FIELDS.to_vec()),
        ("filling", component::FILLING_RULE_FIELDS.to_vec()),
        ("decision", decision::FIELDS.to_vec()),
        ("option", decision::OPTION_FIELDS.to_vec()),
    ];
    tables.extend(pins::SECTIONS.iter().map(|(name, fields)| (*name, fields.to_vec())));
    tables
}

#[test]
fn the_manifest_reference_is_generated_from_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/manifest.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut out = String::new();
    let mut rest = text.as_str();
    let mut tables = tables();
    while let Some((before, after)) = rest.split_once("<!-- fields: ") {
        let (name, after) = after.split_once(" -->\n").unwrap();
        let at = tables.iter().position(|(known, _)| *known == name).unwrap_or_else(|| panic!("no table `{name}`"));
        let (_, fields) = tables.remove(at);
        out.push_str(&format!("{before}<!-- fields: {name} -->\n"));
        if pins::SECTIONS.iter().any(|(section, _)| *section == name) {
            out.push_str(&format!("`{name}`:\n\n"));
        }
        out.push_str("| field | value | needed | meaning |\n|---|---|---|---|\n");
        for field in fields {
            let needed = if field.required { "yes" } else { "" };
            out.push_str(&format!("| `{}` | {} | {needed} | {} |\n", field.name, field.value, field.about));
        }
        rest = &after[after.find("<!-- end -->").unwrap()..];
    }
    out.push_str(rest);
    assert!(tables.is_empty(), "the reference lacks {:?}", tables.iter().map(|(name, _)| name).collect::<Vec<_>>());
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &out).unwrap();
    }
    assert!(text == out || std::env::var_os("BLESS").is_some(), "run `BLESS=1 cargo test --test docs`");
}

#[test]
fn the_help_is_as_it_was_read_last() {
    let world = World::new();
    for command in [
        &["--help"][..],
        &["new", "--help"],
        &["list", "--help"],
        &["show", "--help"],
        &["check", "--help"],
        &["review", "--help"],
        &["except", "--help"],
        &["explain", "--help"],
        &["update", "--help"],
        &["adopt", "--help"],
        &["diff", "--help"],
        &["add", "--help"],
        &["remove", "--help"],
    ] {
        let run = world.run(command).success();
        insta::assert_snapshot!(command.join("_").replace("--", ""), run.stdout);
    }
}

#[test]
fn the_changelog_has_this_version() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("CHANGELOG.md")).unwrap();
    assert!(text.contains("## [Unreleased]"));
    assert!(text.contains(&format!("## [{}]", env!("CARGO_PKG_VERSION"))) || env!("CARGO_PKG_VERSION") == "0.1.0");
}

/// Every command that the README shows for goldpath is one that its command line accepts.
#[test]
fn the_readmes_commands_parse() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let world = World::new();
    let mut seen = 0;
    for line in text.lines().map(str::trim) {
        let Some(arguments) = line.strip_prefix("goldpath ").or_else(|| line.strip_prefix("$ goldpath ")) else {
            continue;
        };
        let arguments = [" #", " > ", "  "].iter().fold(arguments, |rest, end| rest.split(end).next().unwrap());
        // What stands in quotes is one word.
        let parts = arguments.split('\'').enumerate();
        let mut words: Vec<&str> = parts
            .flat_map(|(index, part)| if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
            .collect();
        words.push("--help");
        world.run(&words).success();
        seen += 1;
    }
    assert!(seen >= 3, "the README shows {seen} commands");
}
