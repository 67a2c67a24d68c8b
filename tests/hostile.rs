//! Answers that try to break out of the files they land in: every emitted file still parses and holds the value.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use goldpath::answers::{Given, Said, Unanswered, resolve};
use goldpath::blueprint::{self, Blueprint};
use goldpath::template::{self, Delimiters, Engine};
use goldpath::tree::Tree;
use goldpath::yaml::{self, Flavour};
use goldpath::{render, source};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

fn emit(blueprint: &Blueprint, set: &[(&str, &str)]) -> Result<Tree, String> {
    let set = set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let given = Given { set, ..Given::default() };
    let said: BTreeMap<String, Said> = BTreeMap::new();
    let resolution =
        resolve(blueprint, &given, &said, Some("payments-api"), Unanswered::TakeDefaults).map_err(|e| e.to_string())?;
    assert!(resolution.open.is_empty(), "{:?}", resolution.open);
    let plan = render::plan(blueprint, &resolution).map_err(|e| e.to_string())?;
    Ok(render::render(&plan).map_err(|e| e.to_string())?.tree)
}

fn service() -> Blueprint {
    let library = source::library(None).unwrap();
    blueprint::load(&library, Some("service")).unwrap_or_else(|problems| panic!("{problems}"))
}

fn quoting() -> Blueprint {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/blueprints/quoting");
    let library = source::with_folder(source::library(None).unwrap(), &folder).unwrap();
    blueprint::load(&library, None).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Every string in a YAML document.
fn strings(node: &yaml::Node, found: &mut Vec<String>) {
    match &node.kind {
        yaml::Kind::Str(text) => found.push(text.clone()),
        yaml::Kind::Seq(items) => items.iter().for_each(|item| strings(item, found)),
        yaml::Kind::Map(entries) => entries.iter().for_each(|(_, value)| strings(value, found)),
        _ => {}
    }
}

/// Checks that all files of known formats parse, in the formats' own terms.
fn parses(tree: &Tree) -> Result<(), String> {
    for (path, file) in tree.iter() {
        let text = std::str::from_utf8(&file.bytes).map_err(|_| format!("{path} is not UTF-8"))?;
        let name = path.file_name();
        let wrong = |error: String| format!("{path}: {error}\n{text}");
        match Path::new(name).extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => {
                yaml::parse(text, path.as_str(), Flavour::Yaml11).map_err(|e| wrong(e.to_string()))?;
            }
            Some("json") => {
                serde_json::from_str::<serde_json::Value>(text).map_err(|e| wrong(e.to_string()))?;
            }
            Some("toml") => {
                text.parse::<toml::Table>().map_err(|e| wrong(e.to_string()))?;
            }
            Some("tf" | "hcl" | "tfvars") => {
                hcl_edit::parser::parse_body(text).map_err(|e| wrong(e.to_string()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// One line of text as its validation allows it, rich in what other languages read as syntax.
fn line() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9 ]{1,8}",
        prop::sample::select(vec![
            "\"",
            "'",
            "`",
            "\\",
            "$",
            "${x}",
            "$(id)",
            "{{ x }}",
            "{{",
            "}}",
            "{% x %}",
            "<%= x %>",
            "<%",
            "%>",
            "#%",
            "#",
            ": ",
            "- ",
            "|",
            ">",
            "&",
            "*",
            "!",
            "%",
            "@",
            "%{ if x }",
            "$$",
            "<script>",
            "]]>",
            "-->",
            "é",
            "ß",
            "漢",
            "🦀",
            "\u{a0}",
            "\u{200b}",
            "~",
            "null",
            "true",
            "no",
            "0x1f",
            "1e3",
            "=",
            "?",
            ",",
            "[",
            "]",
            "{",
            "}",
            "EOF",
            "\"\"\"",
            "'''",
            "*/",
            "//",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 1..12).prop_map(|pieces| pieces.concat().trim().chars().take(200).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_service_holds_any_description(
        description in line(),
        lang in prop::sample::select(vec!["go", "python", "rust", "typescript", "java"]),
        ci in prop::sample::select(vec!["github-actions", "gitlab-ci", "jenkins", "azure-devops"]),
        telemetry in prop::sample::select(vec!["prometheus", "otlp"]),
    ) {
        prop_assume!(!description.is_empty());
        let blueprint = service();
        let set = [("description", description.as_str()), ("lang", lang), ("ci", ci), ("telemetry", telemetry)];
        let tree = emit(&blueprint, &set).map_err(TestCaseError::fail)?;
        parses(&tree).map_err(TestCaseError::fail)?;
        for path in ["catalog-info.yaml", "api/openapi.yaml"] {
            let text = std::str::from_utf8(&tree.get(path).unwrap().bytes).unwrap();
            let mut found = Vec::new();
            for document in yaml::parse(text, path, Flavour::Yaml11).unwrap() {
                strings(&document, &mut found);
            }
            prop_assert!(found.iter().any(|text| text.trim() == description), "{path} lacks {description:?}:\n{text}");
        }
    }
}

/// Any text whatever, for a question without validation.
fn anything() -> impl Strategy<Value = String> {
    prop_oneof![
        line(),
        any::<String>(),
        "[\\x01-\\x7f]{0,40}",
        (line(), line()).prop_map(|(a, b)| format!("{a}\n{b}\r\n\t"))
    ]
    .prop_filter("characters that no answer may have", |text| !text.contains(['\0', '\u{fdd0}', '\u{fdd1}']))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_format_holds_any_text(text in anything()) {
        let tree = emit(&quoting(), &[("text", &text)]).map_err(TestCaseError::fail)?;
        let file = |path: &str| std::str::from_utf8(&tree.get(path).unwrap().bytes).unwrap().to_owned();
        let node = yaml::parse_one(&file("a.yaml"), "a.yaml").map_err(|e| TestCaseError::fail(format!("{e}\n{}", file("a.yaml"))))?;
        prop_assert_eq!(node.get("text").unwrap().as_str(), Some(text.as_str()));
        prop_assert_eq!(node.get("after").unwrap().as_str(), Some("here"));
        let json: serde_json::Value = serde_json::from_str(&file("a.json")).unwrap();
        prop_assert_eq!(&json["text"], text.as_str());
        let toml: toml::Table = file("a.toml").parse().map_err(|e: toml::de::Error| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(toml["text"].as_str(), Some(text.as_str()));
        let body = hcl_edit::parser::parse_body(&file("a.tf")).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let value = &body.get_attribute("text").unwrap().value;
        let found = match value.as_str() {
            Some(text) => text.to_owned(),
            // A template without interpolation is how the parser keeps escaped `${` and `%{`.
            None => value.as_string_template().unwrap().iter().map(|element| match element {
                hcl_edit::template::Element::Literal(literal) => literal.as_str().to_owned(),
                other => panic!("{other:?} was interpolated"),
            }).collect(),
        };
        prop_assert_eq!(found, text);
    }
}

/// What a shell and make read is what was answered, for many texts in one run of each.
#[test]
fn a_shell_and_make_read_what_was_answered() {
    let blueprint = quoting();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut texts = vec!["x".repeat(10_000), "it's \"so\" $HOME $(id) `id` \\ # ${x} $$ \\\\ #1".to_owned()];
    while texts.len() < 60 {
        let text = anything().new_tree(&mut runner).unwrap().current();
        texts.push(text);
    }
    for text in texts {
        let tree = match emit(&blueprint, &[("text", &text)]) {
            Ok(tree) => tree,
            Err(problem) => panic!("{text:?}: {problem}"),
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.sh"), &tree.get("a.sh").unwrap().bytes).unwrap();
        let run = |program: &str, arguments: &[&str]| {
            let output = std::process::Command::new(program).args(arguments).current_dir(&folder).output().unwrap();
            assert!(output.status.success(), "{text:?}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap()
        };
        assert!(run("sh", &["a.sh"]) == format!("{text}|"), "{:.200?}", text);
        // Make has no way to write a line break into a variable: the filter refuses those.
        let line = text.split(['\n', '\r']).next().unwrap().trim();
        let source = "export TEXT := <%= text | make %>\nall:\n\t@printf '%s|' \"$$TEXT\"\n";
        let context = template::map([("text", line.into())]);
        let makefile = Engine::new(Delimiters::Goldpath).render("Makefile", source, &context);
        match makefile {
            Ok(makefile) => {
                std::fs::write(folder.path().join("Makefile"), makefile).unwrap();
                assert_eq!(run("make", &["-s"]), format!("{line}|"));
            }
            Err(problem) => assert!(line.chars().any(char::is_control), "{line:?}: {problem}"),
        }
    }
}

#[test]
fn ten_thousand_characters_are_refused_or_kept() {
    let long = "x".repeat(10_000);
    let problem = emit(&service(), &[("description", &long)]).unwrap_err();
    assert!(problem.contains("use 1 to 200 characters") && problem.len() < 300, "{problem}");
    for text in ["a\nb", "a\u{0}b", "a\u{2028}b", "\u{fdd0}"] {
        assert!(emit(&service(), &[("description", text)]).is_err(), "{text:?}");
    }
    let tree = emit(&quoting(), &[("text", &long)]).unwrap();
    assert!(tree.bytes() > 50_000);
}
