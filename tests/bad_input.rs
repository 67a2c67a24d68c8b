//! Files that nobody would write, and those that somebody wrote to do harm: each is refused with a place, in bounded time
//! and memory, and none of it counts as passed.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use common::World;
use goldpath::document::{self, Content, Format, Node};
use goldpath::guardrail::{Date, Exceptions, Library, Report, kustomize};
use goldpath::tree::{File, Tree, TreePath};
use proptest::prelude::*;
use serde_json::json;

fn read(text: &str, format: Format) -> Result<Vec<serde_json::Value>, String> {
    document::read("f", text.as_bytes(), format)
        .map(|documents| documents.iter().map(document::Document::value).collect())
        .map_err(|problems| problems.to_string())
}

#[track_caller]
fn refused(bytes: &[u8], format: Format, place: &str, message: &str) {
    let problems = document::read("f", bytes, format).map(|_| ()).unwrap_err();
    let first = &problems.0[0];
    let found = first.place.as_ref().unwrap().to_string();
    assert!(found == place, "{found} is not {place}: {problems}");
    assert!(first.message.contains(message), "{message}: {problems}");
    assert!(problems.0.len() <= 30, "{} problems", problems.0.len());
    assert!(problems.to_string().len() < 20_000);
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    for (path, text) in files {
        tree.insert(TreePath::new(path).unwrap(), File::regular(*text)).unwrap();
    }
    tree
}

// Documents

#[test]
fn what_is_no_text_is_refused_where_it_begins() {
    use Format::{Dockerfile, Hcl, Json, Text, Toml, Yaml};
    for format in [Dockerfile, Hcl, Json, Text, Toml, Yaml] {
        refused(b"FROM a\n# \xc3\xa9 \xff\n", format, "f:2:5", "found the byte 0xff");
        refused(b"FROM a\nRUN b\0c\n", format, "f:2:6", "found a NUL byte");
        refused(b"\x7fELF\x02\x01\x01\0\0\0", format, "f:1:8", "found a NUL byte");
        refused(
            "a: é".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice(),
            format,
            "f:1:7",
            "found the byte 0xe9",
        );
        refused(b"\xff\xfea\0", format, "f:1", "found UTF-16");
        refused(b"\xfe\xff\0a", format, "f:1", "found UTF-16");
        refused(&vec![b'a'; 50_000_000], format, "f", "KiB, found 48829 KiB");
    }
}

#[test]
fn what_was_cut_off_is_refused() {
    refused(b"a: [1, 2\n", Format::Yaml, "f:1:4", "not valid YAML");
    refused(b"a: \"b\n", Format::Yaml, "f:1:4", "not valid YAML");
    refused(b"{\"a\": {\"b\": 1", Format::Json, "f:1:13", "EOF");
    refused(b"a = \"b", Format::Toml, "f:1", "not valid TOML");
    refused(b"FROM a\nRUN <<EOF\nx\n", Format::Dockerfile, "f:2", "`EOF` has no end");
    let problems = read("resource \"a\" \"b\" {\n  x = 1\n", Format::Hcl).unwrap_err();
    assert!(problems.contains("not valid HCL"), "{problems}");
}

#[test]
fn nesting_has_a_bottom() {
    let deep = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(20_000), close.repeat(20_000));
    let block: String = (0..2_000).fold(String::new(), |mut text, level| {
        let _ = writeln!(text, "{}a:", " ".repeat(level));
        text
    });
    for (text, format) in [
        (deep("[", "", "]"), Format::Yaml),
        (deep("{a: ", "1", "}"), Format::Yaml),
        ("- ".repeat(20_000), Format::Yaml),
        ("? ".repeat(20_000), Format::Yaml),
        (block, Format::Yaml),
        (deep("[", "", "]"), Format::Json),
        (deep("{\"a\": ", "1", "}"), Format::Json),
        (format!("a = {}", deep("[", "", "]")), Format::Toml),
        (format!("a = {}", deep("{a = ", "1", "}")), Format::Toml),
        (format!("{} = 1", vec!["a"; 20_000].join(".")), Format::Toml),
        (format!("[{}]", vec!["a"; 20_000].join(".")), Format::Toml),
        (format!("a = {}", deep("[", "", "]")), Format::Hcl),
        (format!("a = {}", deep("(", "1", ")")), Format::Hcl),
        (format!("a = {}", deep("f(", "1", ")")), Format::Hcl),
        (format!("a = {}", deep("{a = ", "1", "}")), Format::Hcl),
        (format!("a = b{}", deep("[b", "", "]")), Format::Hcl),
        (format!("a = {}", deep("\"${", "1", "}\"")), Format::Hcl),
        (format!("a = {}1", "!".repeat(20_000)), Format::Hcl),
        (format!("a = {}1", "-".repeat(20_000)), Format::Hcl),
        (format!("a = {}1", "1 + ".repeat(20_000)), Format::Hcl),
        (format!("a = {}1", "b ? 1 : ".repeat(20_000)), Format::Hcl),
        (format!("a = {}1", "b ? ".repeat(20_000)), Format::Hcl),
        (format!("a = \"{}\"", deep("%{if a}", "1", "%{endif}")), Format::Hcl),
        (format!("a = {}", deep("[for x in y: ", "1", "]")), Format::Hcl),
        (deep("a {\n", "", "}\n"), Format::Hcl),
        (format!("a {} {{}}\n", "\"b\" ".repeat(20_000)), Format::Hcl),
        (format!("a = {}", "{".repeat(64)), Format::Hcl),
        (format!("a = {}", "[".repeat(64)), Format::Hcl),
        (format!("a = {}", "\"${".repeat(64)), Format::Hcl),
        (format!("FROM a\nRUN {}\n", deep("[", "\"a\"", "]")), Format::Dockerfile),
    ] {
        let start: String = text.chars().take(30).collect();
        match (document::read("f", text.as_bytes(), format), format) {
            // That is a shell's command for BuildKit, and no list.
            (Ok(_), Format::Dockerfile) => {}
            (Ok(_), _) => panic!("{start} was read"),
            (Err(problems), _) => {
                assert!(problems.0[0].place.as_ref().unwrap().line.is_some(), "{start}: {problems}");
                assert!(problems.to_string().len() < 2_000, "{start}: {problems:.3000}");
            }
        }
    }
    // What people write is far from any of it.
    assert!(read(&format!("a: {}{}", "[".repeat(60), "]".repeat(60)), Format::Yaml).is_ok());
    assert!(read(&format!("a = {}1{}", "f(".repeat(20), ")".repeat(20)), Format::Hcl).is_ok());
}

#[test]
fn bombs_do_not_go_off() {
    let doubling = |first: &str, item: &dyn Fn(usize) -> String| {
        (1..40).fold(format!("a0: &a0 {first}\n"), |text, level| {
            format!("{text}a{level}: &a{level} {}\n", item(level - 1))
        })
    };
    let aliases = doubling("[x, x]", &|below| format!("[*a{below}, *a{below}]"));
    let merges =
        doubling("{k0: 1}", &|below| format!("{{<<: [*a{below}, *a{below}], k{}: 1, l: *a{below}}}", below + 1));
    // One long text and many names for it.
    let bytes = format!("a: &a {}\nb: [{}x]\n", "y".repeat(1_000_000), "*a, ".repeat(100_000));
    // Each anchor would keep a copy of all that is in it.
    let nested: String = (0..90).map(|level| format!("&a{level} [")).collect::<String>()
        + &"x, ".repeat(100_000)
        + "x"
        + &"]".repeat(90);
    for (text, expected) in [
        (&aliases, "expands to more than 1000000 values"),
        (&merges, "expands to more than 1000000 values"),
        (&bytes, "expands to more than 16 MiB"),
        (&nested, "expands to more than 1000000 values"),
    ] {
        let problems = read(text, Format::Yaml).unwrap_err();
        assert!(problems.contains(expected), "{problems}");
        assert!(problems.contains("hint: "), "{problems}");
    }
}

#[test]
fn aliases_and_merges_that_people_write_work() {
    let text = ".base: &base\n  image: a\n  tags: &tags [x, y]\njob:\n  <<: *base\n  image: b\nother:\n  <<: [*base, {only: z}]\n  \
                again: *tags\n";
    let values = read(text, Format::Yaml).unwrap();
    assert_eq!(values[0]["job"], json!({"image": "b", "tags": ["x", "y"]}));
    assert_eq!(values[0]["other"], json!({"again": ["x", "y"], "image": "a", "tags": ["x", "y"], "only": "z"}));
    for text in ["a: {<<: 3}", "a: {<<: [1]}", "a: {<<: }", "a: &a {<<: *a}", "a: *b"] {
        assert!(read(text, Format::Yaml).is_err(), "{text}");
    }
}

#[test]
fn tags_are_read_as_go_reads_them() {
    let text = "script:\n  - !reference [.setup, script]\n  - !Ref Bucket\n  - !Sub \"${A}-b\"\n  - !GetAtt A.Arn\n  - !If [a, b, c]\n\
                a: !!binary UHJpdmlsZWdlZA==\nb: !!str 1\nc: !!int \"3\"\nd: !!float 2\ne: !custom 5\nf: !!set {x, y}\ng: ! 7\n\
                h: !!timestamp 2026-11-24\ni: !!null ''\n";
    assert_eq!(
        read(text, Format::Yaml).unwrap()[0],
        json!({
            "script": [[".setup", "script"], "Bucket", "${A}-b", "A.Arn", ["a", "b", "c"]],
            "a": "Privileged", "b": "1", "c": 3, "d": 2.0, "e": "5", "f": {"x": null, "y": null}, "g": "7",
            "h": "2026-11-24", "i": null,
        })
    );
    for (text, column) in [
        ("a: !!int x", 10),
        ("a: !!bool 3", 11),
        ("a: !!binary '*'", 13),
        ("a: !!float x", 12),
        ("a: !!binary abcde", 13),
    ] {
        refused(text.as_bytes(), Format::Yaml, &format!("f:1:{column}"), "after its tag");
    }
}

#[test]
fn numbers_have_bounds() {
    for (text, expected) in [
        ("9223372036854775807", json!(i64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("9223372036854775808", json!(9_223_372_036_854_775_808.0)),
        ("-0x8000000000000000", json!(i64::MIN)),
        ("0x-8000000000000000", json!("0x-8000000000000000")),
        ("-0x-8000000000000000", json!("-0x-8000000000000000")),
        ("0x+5", json!("0x+5")),
        ("0xFFFFFFFFFFFFFFFFFFFF", json!("0xFFFFFFFFFFFFFFFFFFFF")),
        ("0b101", json!(5)),
        ("0o17", json!(15)),
        ("0XfF", json!(255)),
        ("1e999999", json!("1e999999")),
        ("1e308", json!(1e308)),
        ("1:30:00", json!("1:30:00")),
        ("190:20:30.15", json!("190:20:30.15")),
        ("0755", json!(0o755)),
        ("08", json!(8.0)),
        ("1_000", json!(1000)),
        ("_", json!("_")),
        ("0x", json!("0x")),
        ("--1", json!("--1")),
        ("+.5", json!(0.5)),
        (".", json!(".")),
    ] {
        assert_eq!(read(&format!("a: {text}"), Format::Yaml).unwrap()[0]["a"], expected, "{text}");
    }
    let long = "9".repeat(400);
    assert_eq!(read(&format!("a: {long}"), Format::Yaml).unwrap()[0]["a"], json!(long));
    for text in [".inf", "-.INF", ".nan"] {
        refused(format!("b: 1\na: {text}").as_bytes(), Format::Yaml, "f:2:4", "expected a number that JSON can hold");
    }
    refused(b"{\"a\": 1e999999}", Format::Json, "f:1:14", "number out of range");
    refused(b"a = 1\nb = 99999999999999999999\n", Format::Toml, "f:2", "fits into 64 bits");
    refused(b"b = inf\n", Format::Toml, "f:1", "fits into 64 bits");
    refused(b"a = 1\nb = [1e999999]\n", Format::Hcl, "f:2:7", "expected `]`");
}

#[test]
fn a_key_stands_once() {
    refused(b"a: 1\nb: {c: 1, c: 2}\n", Format::Yaml, "f:2:11", "`c` stands twice");
    refused(b"a: 1\n1: x\n1: y\n", Format::Yaml, "f:3:1", "`1` stands twice");
    refused(b"{\n\"a\": 1,\n\"\\u0061\": 2}", Format::Json, "f:3", "`a` stands twice");
    refused(b"a = 1\na = 2\n", Format::Toml, "f:2", "not valid TOML");
    refused(b"a = 1\na = 2\n", Format::Hcl, "f:2:1", "redefined attribute");
    refused(b"b {}\nb = 2\n", Format::Hcl, "f:2", "stands twice");
    refused(b"a = {\n  x = 1\n  \"x\" = 2\n}\n", Format::Hcl, "f:3", "`x` stands twice");
    refused(b"a \"b\" {}\na {}\n", Format::Hcl, "f:2", "with and without a label");
    refused("a: 1\n".repeat(200_000).as_bytes(), Format::Yaml, "f:2:1", "`a` stands twice");
    refused(format!("{{{}\"a\":1}}", "\"a\":1,\n".repeat(200_000)).as_bytes(), Format::Json, "f:2", "stands twice");
    refused("a = 1\n".repeat(20_000).as_bytes(), Format::Hcl, "f:2:1", "redefined attribute");
}

#[test]
fn one_broken_document_leaves_the_file_unread() {
    refused(b"a: 1\n---\nb: [\n---\nc: 1\n", Format::Yaml, "f:3:4", "not valid YAML");
    assert_eq!(read("---\n...\n---\n--- # c\n...\n", Format::Yaml), Ok(vec![]));
    assert_eq!(read("", Format::Yaml), Ok(vec![]));
    assert_eq!(read("\u{feff}---\na: 1\n...\n---\nb: 1\n", Format::Yaml), Ok(vec![json!({"a": 1}), json!({"b": 1})]));
    refused(b"a:\n\tb: 1\n", Format::Yaml, "f:2:2", "not valid YAML");
    refused(b"", Format::Json, "f:1:1", "EOF");
    refused(b"", Format::Dockerfile, "f:1", "no instruction");
    assert_eq!(read("", Format::Hcl), Ok(vec![json!({})]));
}

#[test]
fn a_lone_carriage_return_is_no_line_for_a_person() {
    // For YAML it ends a line, so a comment cannot hide what follows it; for an editor it doesn't.
    let documents = document::read("f", b"# harmless\rkind: Secret\nb: [x,\r y]\n", Format::Yaml).unwrap();
    let root = &documents[0].root;
    assert_eq!(root.get("kind").unwrap().as_str(), Some("Secret"));
    assert_eq!(root.get("kind").unwrap().spot.line, 1);
    assert_eq!(root.get("b").unwrap().items()[1].spot.line, 2);
    refused(b"a: 1\r\rb: [\n", Format::Yaml, "f:1:4", "not valid YAML");
}

/// A quadratic reader takes minutes to hours for each of these.
#[test]
fn large_files_take_time_in_proportion() {
    let many = |item: &dyn Fn(usize) -> String, count: usize| (0..count).map(item).collect::<String>();
    let keys = many(&|n| format!("k{n}: {{}}\n"), 100_000);
    for (text, format) in [
        (keys.clone(), Format::Yaml),
        (format!("a: &a\n{}b:\n  <<: *a\n", keys.replace('k', "  k")), Format::Yaml),
        ("- a\n".repeat(400_000), Format::Yaml),
        ("---\na: 1\n".repeat(100_000), Format::Yaml),
        (format!("a: {}\n", "x ".repeat(500_000)), Format::Yaml),
        (format!("a: [{}]\n", "x, ".repeat(300_000)), Format::Yaml),
        (format!("{{{}\"z\":1}}", many(&|n| format!("\"k{n}\":1,"), 200_000)), Format::Json),
        (many(&|n| format!("k{n} = 1\n"), 40_000), Format::Hcl),
        (many(&|n| format!("resource \"a\" \"b{n}\" {{}}\n"), 20_000), Format::Hcl),
        (many(&|n| format!("k{n} = 1\n"), 60_000), Format::Toml),
        (format!("FROM a\n{}", "RUN x \\\n  y\n".repeat(50_000)), Format::Dockerfile),
        (format!("FROM a\nRUN {}\n", "x ".repeat(1_000_000)), Format::Dockerfile),
        (format!("FROM a\n{}", "RUN <<E\nE\n".repeat(50_000)), Format::Dockerfile),
    ] {
        if let Err(problems) = document::read("f", text.as_bytes(), format) {
            panic!("{problems:.500}");
        }
    }
}

fn lines_hold(node: &Node, lines: usize) -> bool {
    (1..=lines).contains(&node.spot.line)
        && match &node.content {
            Content::List(items) => items.iter().all(|item| lines_hold(item, lines)),
            Content::Map(entries) => entries.iter().all(|(_, value)| lines_hold(value, lines)),
            _ => true,
        }
}

fn no_key_twice(node: &Node) -> bool {
    match &node.content {
        Content::List(items) => items.iter().all(no_key_twice),
        Content::Map(entries) => {
            let names: BTreeSet<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
            names.len() == entries.len() && entries.iter().all(|(_, value)| no_key_twice(value))
        }
        _ => true,
    }
}

const FORMATS: [Format; 6] = [Format::Yaml, Format::Json, Format::Toml, Format::Hcl, Format::Dockerfile, Format::Text];

/// Pieces that make up files of all formats, valid ones among them.
fn anything() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "a", "b", ": ", "- ", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ", "\"", "'", "= ", "1", "0x1f", "true",
            "null", "|\n", ">-\n", "&a ", "*a", "<<: ", "!!binary ", "!x ", "---\n", "...\n", "# c", "? ", "%YAML 1.1\n",
            "resource \"a\" \"b\" {\n", "\n}\n", "${", "%{if a}", "%{endif}", "<<EOF\n", "\nEOF\n", "FROM a\n", "RUN ",
            "ENV a=b\n", "\\\n", "\t", "\r", "é", "\u{feff}", "\u{85}", "\u{2028}", "\"a\": ", "a = ", "[a]\n", "for x in y : ",
        ]).prop_map(str::to_owned),
        1 => "[ -~]{1,6}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..25).prop_map(|pieces| pieces.concat())
}

/// Files that are mostly valid, of one key and value a line.
fn pairs() -> impl Strategy<Value = Vec<(String, i64)>> {
    prop::collection::vec(("[a-f]{1,2}", any::<i64>()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_value_stands_in_its_file_and_every_problem_has_a_place(text in anything()) {
        let lines = text.matches('\n').count() + 1;
        for format in FORMATS {
            match document::read("f", text.as_bytes(), format) {
                Ok(documents) => for document in documents {
                    prop_assert!(lines_hold(&document.root, lines), "{format:?}: {:?}", document.root);
                    prop_assert!(no_key_twice(&document.root), "{format:?}");
                },
                Err(problems) => for problem in &problems.0 {
                    let place = problem.place.as_ref().unwrap();
                    prop_assert!(place.line.is_none_or(|line| line <= lines + 1), "{format:?}: {place} of {lines}");
                },
            }
        }
    }

    #[test]
    fn line_ends_make_no_difference(text in anything()) {
        let unix = text.replace('\r', "");
        let windows = unix.replace('\n', "\r\n");
        for format in FORMATS {
            let (a, b) = (document::read("f", unix.as_bytes(), format), document::read("f", windows.as_bytes(), format));
            prop_assert_eq!(a.is_ok(), b.is_ok(), "{:?}: {:?}\n{:?}", format, a, b);
            if let (Ok(a), Ok(b)) = (a, b) {
                prop_assert_eq!(a, b, "{:?}", format);
            }
        }
    }

    #[test]
    fn a_file_with_a_key_twice_is_never_read(pairs in pairs()) {
        let names: BTreeSet<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
        let once = names.len() == pairs.len();
        let lines = |between: &str, quote: &str, end: &str| -> String {
            pairs.iter().map(|(name, number)| format!("{quote}{name}{quote}{between}\"{number}\"{end}\n")).collect()
        };
        let json = lines(": ", "\"", ",");
        let json = format!("{{{}}}", json.trim_end().trim_end_matches(','));
        for (text, format) in [
            (lines(": ", "", ""), Format::Yaml),
            (lines(" = ", "", ""), Format::Toml),
            (lines(" = ", "", ""), Format::Hcl),
            (json, Format::Json),
        ] {
            let found = read(&text, format);
            prop_assert_eq!(found.is_ok(), once, "{:?}: {}", &found, &text);
            if let Ok(values) = found {
                for (name, number) in &pairs {
                    prop_assert_eq!(&values[0][name], &json!(number.to_string()));
                }
            }
        }
    }
}

// Kustomize

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";

fn problems(rendered: &goldpath::guardrail::rendered::Rendered) -> String {
    rendered.all_problems().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn kustomizations_that_go_in_circles_are_reported_and_their_files_judged() {
    for files in [
        vec![("a/kustomization.yaml", "resources: [../a, s.yaml]\n")],
        vec![("a/kustomization.yaml", "resources: [., s.yaml]\n")],
        vec![("a/kustomization.yaml", "resources: [../b, s.yaml]\n"), ("b/kustomization.yaml", "resources: [../a]\n")],
        vec![("a/kustomization.yaml", "kind: Component\ncomponents: [../a]\nresources: [s.yaml]\n")],
    ] {
        let rendered = kustomize::render(&tree(&[&files[..], &[("a/s.yaml", SECRET)]].concat()));
        assert!(problems(&rendered).contains("refers to itself"), "{}", problems(&rendered));
        assert_ne!(rendered.documents().count(), 0, "{files:?}");
    }
}

#[test]
fn a_component_that_nothing_uses_is_judged_on_its_own() {
    let rendered = kustomize::render(&tree(&[
        ("c/kustomization.yaml", "kind: Component\nresources: [s.yaml]\npatches: [{path: p.yaml}]\n"),
        ("c/s.yaml", SECRET),
        ("c/p.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: of the user}\n"),
    ]));
    assert_eq!(rendered.documents().count(), 1);
    assert_eq!(problems(&rendered), "");
}

#[test]
fn what_a_kustomization_names_and_is_not_there_is_reported() {
    let rendered = kustomize::render(&tree(&[
        (
            "k/kustomization.yaml",
            "resources:\n  - ../../../etc/passwd\n  - /etc/passwd\n  - https://example.com/x.yaml\n  - \
             github.com/a/b?ref=v1\n  - git@github.com:a/b.git\n  - missing.yaml\n  - {a: b}\n  - s.yaml\ncomponents: [gone]\npatches:\n  - \
             path: gone.yaml\n  - target: {kind: Secret}\n  - patch: 3\n  - patch: |\n      apiVersion: v1\n      kind: X\n      metadata: {name: \
             none}\n  - patch: |\n      a: [\n",
        ),
        ("k/s.yaml", SECRET),
        ("list/kustomization.yaml", "- a\n"),
        ("two/kustomization.yaml", "resources: []\n---\nresources: []\n"),
        ("both/kustomization.yaml", "resources: []\n"),
        ("both/kustomization.yml", "resources: []\n"),
        ("map/kustomization.yaml", "resources: {a: b}\nimages: [{newTag: x}]\n"),
    ]));
    let text = problems(&rendered);
    for expected in [
        "k/kustomization.yaml:2: the resource `../../../etc/passwd`",
        "k/kustomization.yaml:3: the resource `/etc/passwd`",
        "k/kustomization.yaml:4: the resource `https://example.com/x.yaml`",
        "k/kustomization.yaml:5: the resource `github.com",
        "k/kustomization.yaml:6: the resource `git@github.com",
        "k/kustomization.yaml:7: the resource `missing.yaml`",
        "k/kustomization.yaml:8: the resource `?`",
        "k/kustomization.yaml:10: the component `gone`",
        "k/kustomization.yaml:12: the patch `gone.yaml`",
        "k/kustomization.yaml:13: expected a `patch` or the `path` of one",
        "k/kustomization.yaml:14: expected a patch as text",
        "k/kustomization.yaml:16: this patch meets no object",
        "k/kustomization.yaml:20: not valid YAML",
        "list/kustomization.yaml:1: expected a kustomization",
        "two/kustomization.yaml:3: expected one document",
        "both/kustomization.yaml` is a kustomization of the same folder",
        "map/kustomization.yaml:1: expected `resources` to be a list",
        "map/kustomization.yaml:2: expected an image with a `name`",
    ] {
        assert!(text.contains(expected), "{expected}:\n{text}");
    }
}

#[test]
fn ten_thousand_resources_are_rendered() {
    let names: Vec<String> = (0..10_000).map(|n| format!("s{n}.yaml")).collect();
    let root = format!("resources:\n{}", names.iter().map(|name| format!("  - {name}\n")).collect::<String>());
    let mut files = vec![("kustomization.yaml", root.as_str())];
    files.extend(names.iter().map(|name| (name.as_str(), SECRET)));
    let rendered = kustomize::render(&tree(&files));
    assert_eq!((rendered.documents().count(), problems(&rendered).as_str()), (10_000, ""));
}

#[test]
fn kustomizations_that_multiply_are_stopped() {
    // Each level asks for the one below ten times: 10^19 objects.
    let mut files = vec![("k0/s.yaml".to_owned(), SECRET.to_owned())];
    for level in 0..19 {
        let below = if level == 0 { "s.yaml".to_owned() } else { format!("../k{}", level - 1) };
        files.push((format!("k{level}/kustomization.yaml"), format!("resources: [{}]\n", vec![below; 10].join(", "))));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let rendered = kustomize::render(&tree(&files));
    assert!(problems(&rendered).contains("k18/kustomization.yaml:1: not judged"), "{}", problems(&rendered));
    assert!(rendered.all_problems().count() <= 600);
    assert!((rendered.documents().count() == 0));
}

#[test]
fn patches_that_take_too_much_are_stopped() {
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: [b]}\n";
    let doubling: String = (0..60).map(|n| format!("- {{op: copy, from: /data, path: /data/k{n}}}\n")).collect();
    let deep: String = (0..200)
        .map(|n| format!("- {{op: add, path: {}/a, value: {{}}}}\n", "/data/x".to_owned() + &"/a".repeat(n)))
        .collect();
    let deep = format!("- {{op: add, path: /data/x, value: {{}}}}\n{deep}");
    let wide: String = "- {op: add, path: /data/a/0, value: x}\n".repeat(60_000);
    for (patch, expected) in [
        (doubling.as_str(), "this patch does not apply: "),
        (&deep, "levels deep"),
        (&wide, "it takes more steps"),
        ("- {op: remove, path: /data/none}\n", "there is no `/data/none`"),
        ("- {op: remove, path: ''}\n", "there is no ``"),
        ("- {op: add, path: /data/a/9, value: 1}\n", "there is no `/data/a/9`"),
        ("- {op: add, path: /data/a/00, value: 1}\n", "there is no `/data/a/00`"),
        ("- {op: add, path: /data/a/-1, value: 1}\n", "there is no `/data/a/-1`"),
        ("- {op: test, path: /data/a, value: 1}\n", "the test of `/data/a` fails"),
        ("- {op: explode, path: /data}\n", "the operation `explode` is not known"),
        ("- 3\n", "an operation has no path"),
    ] {
        let rendered = kustomize::render(&tree(&[
            ("kustomization.yaml", "resources: [o.yaml]\npatches: [{path: p.yaml, target: {kind: ConfigMap}}]\n"),
            ("o.yaml", object),
            ("p.yaml", patch),
        ]));
        assert!(problems(&rendered).contains(expected), "{expected}: {}", problems(&rendered));
    }
    let pattern = "resources: [o.yaml]\npatches: [{path: p.yaml, target: {name: '(\\w{500}){500}'}}]\n";
    let rendered = kustomize::render(&tree(&[("kustomization.yaml", pattern), ("o.yaml", object), ("p.yaml", object)]));
    assert!(problems(&rendered).contains("is no pattern that can be matched"), "{}", problems(&rendered));
    let big = "x".repeat(800_000);
    let generator = "configMapGenerator: [{name: c, files: [a=big.txt, b=big.txt]}]\n";
    let rendered = kustomize::render(&tree(&[("kustomization.yaml", generator), ("big.txt", &big)]));
    assert!(problems(&rendered).contains("holds 1600000 bytes"), "{}", problems(&rendered));
}

// Exceptions

#[test]
fn exceptions_that_are_none_are_refused() {
    let parse = |text: &str| {
        Exceptions::parse(text.as_bytes(), "exceptions.yaml", Date::new(2026, 11, 24).unwrap())
            .map_err(|e| e.to_string())
    };
    let entry = |path: &str| {
        format!("exceptions:\n  - {{rule: S1, path: '{path}', owner: a, reason: b, expires: '2027-01-01'}}\n")
    };
    for (text, expected) in [
        ("- rule: S1\n".to_owned(), "expected a map with the key `exceptions`"),
        ("just text\n".to_owned(), "expected a map"),
        ("exceptions: S1\n".to_owned(), "is not a list"),
        (format!("exceptions:\n{}", "  - 1\n".repeat(100_000)), "there is more here"),
        (entry("a[").clone(), "is not a path pattern"),
        (entry(&"?".repeat(100_000)), "500 is the limit"),
        (entry(&"{".repeat(400)), "is not a path pattern"),
    ] {
        let problems = parse(&text).unwrap_err();
        assert!(problems.contains(expected), "{expected}: {problems:.500}");
        assert!(problems.len() < 50_000, "{}", problems.len());
    }
    assert!(parse(&entry(&"?".repeat(500))).is_ok());
    assert!(parse(&entry(&"[!a]".repeat(125))).is_ok());
    assert!(parse(&entry(&"{a,b}".repeat(100))).is_ok());
}

// Policies

fn judge(policy: &str) -> Report {
    let library =
        Library::load(&tree(&[("kubernetes/a.rego", policy)])).unwrap_or_else(|problems| panic!("{problems}"));
    library.evaluate(&tree(&[("a.yaml", SECRET)]), &Exceptions::none())
}

#[test]
fn policies_that_are_none_are_refused_with_a_place() {
    let nested = format!("package kubernetes\n\nx := {}\n", "{".repeat(30));
    let wide = format!("package kubernetes\n\nx := {}1\n", "1 + ".repeat(2_000));
    let long = format!("package kubernetes\n\nx := {}1\n", "1 +\n".repeat(19_000));
    let steps = format!("package kubernetes\n\nx := input{}\n", ".a\n".repeat(19_000));
    let deep = format!("package kubernetes\n\nx := {}1{}\n", "[".repeat(400), "]".repeat(400));
    let many = "package kubernetes\n".to_owned() + &"# c\n".repeat(400_000);
    for (policy, expected) in [
        ("package kubernetes\n\ndeny contains 1 if {\n", "a.rego:"),
        ("no rego\n", "a.rego:1"),
        ("", "a.rego"),
        (
            "package kubernetes\n\nf(x) := f(x + 1)\n\ndeny contains 1 if f(1) == 2\n",
            "a.rego:3:1: not valid Rego: a function that calls itself",
        ),
        ("package kubernetes\n\na := b\n\nb := a\n\ndeny contains a\n", "a.rego:"),
        ("package kubernetes\n\ndeny := \"all of it\"\n", "a.rego:3: expected `deny contains"),
        ("package kubernetes\n\ndefault deny := {}\n", "a.rego:3: expected `deny contains"),
        (&wide, "a.rego:"),
        (&long, "an expression that is too long"),
        (&steps, "a.rego:"),
        // Found by fuzzing: the parser takes hours for it.
        (&nested, "too nested"),
        (&deep, "a.rego:"),
        (&many, "a.rego"),
    ] {
        let Err(problems) = Library::load(&tree(&[("kubernetes/a.rego", policy)])) else {
            panic!("{policy:.80} was loaded")
        };
        let text = problems.to_string();
        assert!(text.contains(expected), "{expected}: {text:.2000}");
    }
    let mut bytes = Tree::new();
    bytes.insert(TreePath::new("kubernetes/a.rego").unwrap(), File::regular(b"package \xff\n".to_vec())).unwrap();
    assert!(Library::load(&bytes).is_err());
}

#[test]
fn nonsense_from_a_policy_is_told_and_not_passed() {
    for result in [
        "1",
        "\"text\"",
        "{\"no\": \"msg\"}",
        "{\"msg\": 3, \"rule\": [], \"at\": \"x\"}",
        "{{{1}}}",
        "null",
        "[[[]]]",
        "{\"msg\": \"x\", \"at\": [\"a\", -1, 1.5, {}]}",
    ] {
        let report = judge(&format!("package kubernetes\n\ndeny contains {result} if input.kind\n"));
        assert_eq!((report.findings.len(), report.unread.len()), (1, 0), "{result}: {report:?}");
        assert!(report.denied() && !report.findings[0].message.is_empty(), "{result}");
    }
    let report =
        judge("package kubernetes\n\ndeny contains n if {\n\tinput.kind\n\tsome n in numbers.range(1, 5000)\n}\n");
    assert_eq!((report.findings.len(), report.unread.len()), (1_000, 1));
    assert!(report.unread[0].message.contains("has 5000 results"), "{}", report.unread[0]);
    let report = judge(
        "package kubernetes\n\ndeny contains concat(\"\", [x | some n in numbers.range(1, 9000); x := \"é\"]) if input.kind\n",
    );
    assert_eq!(report.findings[0].message.chars().count(), 2_001);
    // Rules are found however they are indented.
    assert!(judge("package kubernetes\n\n  deny contains 1 if input.kind\n").denied());
}

#[test]
fn policies_that_ask_for_too_much_are_stopped() {
    let report = judge(
        "package kubernetes\n\ndeny contains 1 if {\n\tinput.kind\n\tcount(numbers.range(1, 1000000000)) == 2\n}\n",
    );
    assert_eq!(report.unread.len(), 1);
    assert!(report.unread[0].message.contains("numbers.range makes lists of up to"), "{}", report.unread[0]);
}

#[test]
fn no_file_is_passed_for_being_wide_or_a_template() {
    let policy = "package kubernetes\n\ndeny contains 1 if input.kind\n";
    let library = Library::load(&tree(&[("kubernetes/a.rego", policy)])).unwrap();
    let mut files = tree(&[
        ("chart/a.yaml", "apiVersion: v1\nkind: {{ .Values.kind }}\n{{- if .Values.x }}\nspec: {}\n{{- end }}\n"),
        ("bytes.yaml", "x: 1\n"),
    ]);
    let wide: Vec<u8> = [0xfeff].into_iter().chain(SECRET.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    files.insert(TreePath::new("wide.yaml").unwrap(), File::regular(wide)).unwrap();
    let report = library.evaluate(&files, &Exceptions::none());
    let unread: String = report.unread.iter().map(|problem| format!("{problem}\n")).collect();
    assert!(unread.contains("chart/a.yaml:") && unread.contains("helm template"), "{unread}");
    assert!(unread.contains("wide.yaml:1: not read: expected YAML in UTF-8, found UTF-16"), "{unread}");
}

// The disk

#[cfg(unix)]
mod disk {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::PathBuf;
    use std::process::Command;

    fn repository() -> (World, PathBuf) {
        let world = World::new();
        world.run(&["new", "service", "payments-api", "--defaults"]).success();
        let root = world.work().join("payments-api");
        (world, root)
    }

    /// Runs `check` with a gigabyte of address space and a minute at most; the address space is what Linux lets a process have.
    fn check(world: &World, arguments: &[&str]) -> common::Outcome {
        let mut command = Command::new("sh");
        world.environment(&mut command);
        let limit = if cfg!(target_os = "linux") { "ulimit -v 1000000; " } else { "" };
        let line = format!("{limit}exec timeout 120 \"$0\" -C payments-api check \"$@\"");
        let output = command.args(["-c", &line, env!("CARGO_BIN_EXE_goldpath")]).args(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        common::Outcome { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
    }

    fn clean(outcome: &common::Outcome) {
        let hostile = |c: &char| (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
        let found = outcome.stdout.chars().chain(outcome.stderr.chars()).find(hostile);
        assert_eq!(found, None, "{outcome}");
    }

    #[test]
    fn whatever_lies_in_a_repository_check_ends_and_does_not_pass() {
        let (world, root) = repository();
        let put = |name: &str, bytes: &[u8]| std::fs::write(root.join("deploy").join(name), bytes).unwrap();
        put("empty.yaml", b"");
        put("cut.yaml", b"apiVersion: v1\nkind: [Secret\n");
        put("binary.yaml", b"apiVersion: v1\n\x00\x01\x02\n");
        put("latin.yaml", b"apiVersion: v1\nkind: \xe9\n");
        put(
            "wide.yaml",
            &[0xfeff].into_iter().chain(SECRET.encode_utf16()).flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        );
        put("huge.yaml", format!("apiVersion: v1\nlist:\n{}", "- a\n".repeat(12_500_000)).as_bytes());
        put("line.yaml", format!("apiVersion: v1\nkind: X\na: {}\nb: [\n", "x".repeat(1_000_000)).as_bytes());
        put("deep.json", format!("{{\"apiVersion\": {}", "[".repeat(100_000)).as_bytes());
        put(
            "bomb.yaml",
            (1..40)
                .fold("apiVersion: &a0 [x, x]\n".to_owned(), |text, n| {
                    format!("{text}a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1)
                })
                .as_bytes(),
        );
        put("helm.yaml", b"apiVersion: v1\nkind: {{ .x }}\n{{- if y }}\nz: 1\n{{- end }}\n");
        put("escape.yaml", b"apiVersion: v1\nkind: \x1b[2J\n");
        put("Dockerfile", b"FLY away\n");
        put("deep.tf", format!("a = {}1", "!".repeat(100_000)).as_bytes());
        let link =
            |target: &str, name: &str| std::os::unix::fs::symlink(target, root.join("deploy").join(name)).unwrap();
        link("loop.yaml", "loop.yaml");
        link("/etc/passwd", "out.yaml");
        link("..", "up.yaml");
        std::fs::create_dir(root.join("deploy/folder.yaml")).unwrap();
        let pipe = root.join("deploy/pipe.yaml");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(root.join("deploy/s.yaml")).unwrap();
        let raw = |name: &[u8]| std::fs::write(root.join("deploy").join(OsStr::from_bytes(name)), SECRET).unwrap();
        raw(b"new\nline.yaml");
        raw(b"esc\x1b[2J.yaml");
        raw("right\u{202e}left.yaml".as_bytes());
        if cfg!(target_os = "linux") {
            raw(b"not-utf8-\xff.yaml");
        }
        let run = check(&world, &[]).fails(3);
        clean(&run);
        for name in [
            "cut.yaml:2:7",
            "binary.yaml:2:1",
            "latin.yaml:2:7",
            "wide.yaml:1",
            "huge.yaml: expected a file",
            "line.yaml:",
            "deep.json:1",
            "bomb.yaml:",
            "helm.yaml:",
            "escape.yaml:",
            "Dockerfile:1",
            "deep.tf:1",
            "loop.yaml: is a symbolic link",
            "out.yaml: is a symbolic link",
            "up.yaml: is a symbolic link",
            "new␊line.yaml",
            "esc␛[2J.yaml",
        ] {
            assert!(run.stderr.contains(&format!("deploy/{name}")), "{name}: {run}");
        }
        assert!(!run.stderr.contains("root:"), "a file outside was read: {run}");
        assert!(!run.stderr.contains("panicked"), "{run}");
        if cfg!(target_os = "linux") {
            assert!(run.stderr.contains("deploy/not-utf8-\u{fffd}.yaml: has a name that is not UTF-8"), "{run}");
        }
        for format in ["json", "sarif", "junit", "github", "gitlab"] {
            let run = check(&world, &["--output", format]).fails(3);
            clean(&run);
        }
    }

    /// Where there is no git to leave out what it can't hold, pipes and sockets come up too.
    #[test]
    fn without_git_nothing_blocks_either() {
        let (world, root) = repository();
        std::fs::remove_dir_all(root.join(".git")).unwrap();
        let pipe = root.join("deploy/pipe.yaml");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let _socket = std::os::unix::net::UnixListener::bind(root.join("deploy/socket.yaml")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", root.join("deploy/zero.yaml")).unwrap();
        std::fs::write(root.join("deploy/back\\slash.yaml"), SECRET).unwrap();
        let raw = OsStr::from_bytes(b"\xfe.yaml");
        let named = cfg!(target_os = "linux") && std::fs::write(root.join("deploy").join(raw), SECRET).is_ok();
        let run = check(&world, &[]).fails(3);
        clean(&run);
        for expected in [
            "deploy/pipe.yaml: expected a file, found a named pipe",
            "deploy/socket.yaml: expected a file, found a socket",
            "deploy/zero.yaml: is a symbolic link",
            "deploy/back\\slash.yaml: `deploy/back\\slash.yaml` can't be a file on every system",
        ] {
            assert!(run.stderr.contains(expected), "{expected}: {run}");
        }
        assert!(!named || run.stderr.contains("deploy/\u{fffd}.yaml: has a name that is not UTF-8"), "{run}");
    }

    #[test]
    fn a_file_of_the_platform_that_became_something_else_is_told() {
        let (world, root) = repository();
        let path = root.join("policy/vap/binding.yaml");
        std::fs::remove_file(&path).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let run = check(&world, &[]).fails(3);
        assert!(run.stderr.contains("policy/vap/binding.yaml: expected a file, found a named pipe"), "{run}");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let run = check(&world, &[]).fails(3);
        assert!(run.stderr.contains("policy/vap/binding.yaml: expected a file, found a folder"), "{run}");
    }

    #[test]
    fn policies_of_a_repository_that_misbehave_stop_the_check() {
        let (world, root) = repository();
        let write = |text: &str| std::fs::write(root.join("policy/rego/kubernetes/zz.rego"), text).unwrap();
        write("package kubernetes\n\nf(x) := f(x + 1)\n\ndeny contains 1 if f(1) == 2\n");
        let run = check(&world, &[]).fails(2);
        assert!(run.stderr.contains("zz.rego:3:1: not valid Rego: a function that calls itself"), "{run}");
        write("package kubernetes\n\ndeny contains 1 if count(numbers.range(1, 1000000000)) == 2\n");
        let run = check(&world, &[]);
        assert!(matches!(run.code, Some(2 | 3)) && run.stderr.contains("numbers.range makes lists"), "{run}");
    }
}
