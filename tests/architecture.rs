//! The architecture holds: arrows between modules point one way. The table is that of `docs/architecture.md`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

/// Each module, and the modules it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("tree", &[]),
    ("diag", &["tree"]),
    ("yaml", &["diag"]),
    ("template", &["diag"]),
    ("blueprint", &["tree", "diag", "yaml", "template"]),
    ("answers", &["blueprint", "template", "yaml", "diag"]),
    ("render", &["blueprint", "answers", "template", "tree", "diag"]),
    ("document", &["tree", "diag", "yaml"]),
    ("guardrail", &["document", "tree", "diag", "yaml"]),
    ("guess", &["answers", "blueprint", "document", "diag"]),
    ("lock", &["blueprint", "answers", "template", "tree", "diag"]),
    ("merge", &["tree"]),
    ("changes", &["tree", "diag"]),
    ("scorecard", &["guardrail", "diag"]),
    ("report", &["guardrail", "scorecard", "diag"]),
    ("renderer", &[]),
    ("source", &["blueprint", "tree", "diag"]),
    ("git", &["tree", "merge", "diag"]),
    ("journal", &["git", "merge", "workdir", "diag"]),
    ("workdir", &["tree", "diag"]),
    ("prompt", &["answers", "blueprint", "diag"]),
    (
        "ops",
        &[
            "answers",
            "blueprint",
            "changes",
            "diag",
            "document",
            "git",
            "guardrail",
            "guess",
            "journal",
            "lock",
            "merge",
            "prompt",
            "render",
            "renderer",
            "scorecard",
            "source",
            "template",
            "tree",
            "workdir",
            "yaml",
        ],
    ),
    // Besides operations the command line knows the values that go into and come out of them, and the edges it sets up.
    (
        "cli",
        &[
            "ops",
            "diag",
            "answers",
            "blueprint",
            "prompt",
            "report",
            "scorecard",
            "workdir",
            "yaml",
            "guardrail",
            "merge",
        ],
    ),
];

#[test]
fn modules_use_only_what_their_row_allows() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let mut folders = vec![source.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(&source).unwrap().to_str().unwrap().replace('\\', "/");
            let module = relative.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
            if matches!(module.as_str(), "lib" | "main") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            // Tests may reach further, to build what they test with.
            let code = text.split("#[cfg(test)]").next().unwrap();
            let row = MAY_USE.iter().find(|(name, _)| *name == module);
            let Some((_, allowed)) = row else {
                wrong.push(format!("{relative}: module `{module}` has no row"));
                continue;
            };
            for used in used_modules(code) {
                if used != module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{relative} uses `{used}`"));
                }
            }
            seen.insert(module);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen.contains("blueprint") && seen.contains("cli"));
}

/// The modules behind every `crate::` of a text.
fn used_modules(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + 7..];
            if let Some(group) = rest.strip_prefix('{') {
                let names = group.split(['}', ';']).next().unwrap_or_default().split(',');
                found.extend(names.map(|name| name.trim().split("::").next().unwrap_or_default().to_owned()));
            } else {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.insert(name);
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn the_documentation_has_the_same_table() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md")).unwrap();
    for (module, allowed) in MAY_USE {
        let row = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{module}` |")))
            .unwrap_or_else(|| panic!("no row for `{module}`"));
        let cell = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap();
        let named: BTreeSet<&str> = cell.split('`').skip(1).step_by(2).collect();
        let expected: BTreeSet<&str> = allowed.iter().copied().collect();
        assert_eq!(named, expected, "the row of `{module}`");
    }
}
