//! `docs/choices` has a page for each trade-off, written from the library. `BLESS=1 cargo test --test choices` writes them.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use goldpath::answers::{Given, Unanswered, resolve};
use goldpath::blueprint::question::Check;
use goldpath::blueprint::{self, Blueprint, Owner, Question};
use goldpath::{render, source};

/// The paths that some answers yield, with their owners; none where the blueprint refuses the answers.
fn emitted(blueprint: &Blueprint, set: &[(&str, &str)]) -> Option<BTreeMap<String, Owner>> {
    let answers = [("name", "payments-api")].iter().chain(set);
    let given = Given {
        set: answers.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        ..Given::default()
    };
    let resolution = resolve(blueprint, &given, &BTreeMap::new(), None, Unanswered::TakeDefaults).ok()?;
    if !resolution.missing().is_empty() {
        return None;
    }
    let plan = render::plan(blueprint, &resolution).unwrap_or_else(|problems| panic!("{set:?}: {problems}"));
    Some(plan.files.iter().map(|file| (file.path.to_string(), file.owner)).collect())
}

/// What a choice yields with the defaults of all other questions, or where it does not go with them, with one other answer.
fn chosen<'b>(
    blueprint: &'b Blueprint,
    question: &'b Question,
    choice: &'b str,
) -> (Option<(&'b str, &'b str)>, BTreeMap<String, Owner>) {
    let own = (question.key.as_str(), choice);
    if let Some(found) = emitted(blueprint, &[own]) {
        return (None, found);
    }
    let others = blueprint.questions.iter().filter(|other| other.key != question.key);
    let mut others =
        others.flat_map(|other| other.choices.iter().map(|choice| (other.key.as_str(), choice.value.as_str())));
    let found = others.find_map(|other| Some((Some(other), emitted(blueprint, &[own, other])?)));
    found.unwrap_or_else(|| panic!("{}={choice} takes more than one other answer", question.key))
}

/// Paths as a tree, a folder's name once.
fn tree(paths: &BTreeMap<String, Owner>) -> String {
    let mut out = String::new();
    let mut open: Vec<&str> = Vec::new();
    for (path, owner) in paths {
        let parts: Vec<&str> = path.split('/').collect();
        let (name, folders) = parts.split_last().unwrap();
        let same = open.iter().zip(folders).take_while(|(a, b)| a == b).count();
        for (depth, folder) in folders.iter().enumerate().skip(same) {
            writeln!(out, "{}{folder}/", "  ".repeat(depth)).unwrap();
        }
        open = folders.to_vec();
        let line = format!("{}{name}", "  ".repeat(folders.len()));
        writeln!(out, "{line:<60}{}", owner.word()).unwrap();
    }
    out
}

fn page(blueprint: &Blueprint, question: &Question) -> Option<String> {
    let decision = blueprint.decision(question.decision.as_deref()?)?;
    let found: Vec<_> =
        question.choices.iter().map(|choice| (choice, chosen(blueprint, question, &choice.value))).collect();
    let everywhere: BTreeSet<&String> =
        found[0].1.1.keys().filter(|path| found.iter().all(|(_, (_, files))| files.contains_key(*path))).collect();
    let mut out = format!("# {} (`{}`)\n\n", decision.title, question.key);
    writeln!(out, "{} {}\n", decision.asks, decision.context.trim()).unwrap();
    for option in
        decision.options.iter().filter(|option| question.choices.iter().any(|choice| choice.value == option.name))
    {
        let (_, (with, files)) = found.iter().find(|(choice, _)| choice.value == option.name).unwrap();
        writeln!(out, "## `{}`: {}\n", option.name, option.title).unwrap();
        for (what, text) in [
            ("Gains", &option.gains),
            ("Costs", &option.costs),
            ("Blast radius", &option.blast_radius),
            ("Way back", &option.rollback),
            ("Choose it when", &option.choose_when),
        ] {
            writeln!(out, "- **{what}**: {}", text.trim()).unwrap();
        }
        let own: BTreeMap<String, Owner> = files
            .iter()
            .filter(|(path, _)| !everywhere.contains(path))
            .map(|(path, owner)| (path.clone(), *owner))
            .collect();
        let with = with.map(|(key, value)| format!(", with `{key}={value}`")).unwrap_or_default();
        if own.is_empty() {
            writeln!(out, "\nIt emits no file of its own{with}: what differs is in files that every choice has.\n")
                .unwrap();
        } else {
            writeln!(out, "\nWhat it emits, and not every choice does{with}:\n\n```text\n{}```\n", tree(&own)).unwrap();
        }
    }
    let refused = question.validate.iter().filter(|validation| matches!(validation.check, Check::Expression(_)));
    let refused: Vec<_> = refused.map(|validation| format!("- {}\n", validation.message)).collect();
    if !refused.is_empty() {
        writeln!(out, "## What is refused\n\n{}", refused.concat()).unwrap();
    }
    writeln!(out, "## Think again when\n\n{}", decision.revisit_when.trim()).unwrap();
    Some(out)
}

#[test]
fn every_trade_off_has_a_page_that_is_true() {
    let library = source::library(None).unwrap();
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    let mut index = String::from(
        "# Choices\n\nEvery trade-off of the built-in blueprints, its options side by side, and what each emits. The pages are written from the\n\
         library (`BLESS=1 cargo test --test choices`), from which the prompt, `goldpath explain` and the emitted decision records come as well.\n",
    );
    for name in library.names() {
        let blueprint = blueprint::load(&library, Some(name)).unwrap();
        writeln!(
            index,
            "\n## `{name}`\n\n{}.\n\n| question | choices, the default first |\n|---|---|",
            blueprint.summary
        )
        .unwrap();
        for question in &blueprint.questions {
            let Some(page) = page(&blueprint, question) else { continue };
            let folder = if name == "service" { String::new() } else { format!("{name}/") };
            let choices: Vec<_> = question.choices.iter().map(|choice| format!("`{}`", choice.value)).collect();
            writeln!(index, "| [{}]({folder}{}.md) | {} |", question.key, question.key, choices.join(", ")).unwrap();
            pages.insert(format!("{folder}{}.md", question.key), page);
        }
    }
    pages.insert("README.md".to_owned(), index);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/choices");
    if std::env::var_os("BLESS").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        for (path, page) in &pages {
            std::fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            std::fs::write(folder.join(path), page).unwrap();
        }
    }
    let mut there: BTreeMap<String, String> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(&folder) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            there.insert(path, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
    let stale: Vec<&String> =
        pages.keys().chain(there.keys()).filter(|path| pages.get(*path) != there.get(*path)).collect();
    assert!(
        stale.is_empty(),
        "docs/choices is not what the library says: {stale:?}; run `BLESS=1 cargo test --test choices`"
    );
}
