//! A chart rendered in memory, for machines without helm: its values put together, its templates run, and what they print
//! in the form in which `helm template` prints it.
//!
//! Charts that need other charts, the cluster or functions that [`go_template`](super::go_template) does not know are not
//! rendered; the reason says what was missing. Schemas of values are helm's to check.

use serde_json::{Map, Value, json};

use super::go_template::{Problem, Template, Templates};
use super::helm::Chart;
use crate::document::{self, Format};
use crate::tree::Tree;

/// What `helm template --skip-tests` would print for a chart and files of values on top of its own.
///
/// # Errors
/// Why it can't be rendered here.
pub fn render(chart: &Chart, values: &[String], tree: &Tree) -> Result<String, String> {
    let about = read(tree, &chart.file("Chart.yaml"))?.unwrap_or_default();
    let subcharts = chart.templates.iter().any(|path| !path.starts_with(&chart.file("templates/")));
    if subcharts || about.get("dependencies").is_some_and(|list| list.as_array().is_none_or(|list| !list.is_empty())) {
        return Err("it is made of several charts, which only helm puts together".to_owned());
    }
    let mut merged = read(tree, &chart.file("values.yaml"))?.unwrap_or_else(|| json!({}));
    for file in values {
        if let Some(more) = read(tree, file)? {
            merge(&mut merged, more);
        }
    }
    let mut root = json!({
        "Values": merged,
        "Chart": capitalised(&about),
        // As helm has it where nobody installs anything.
        "Release": {
            "Name": chart.release(), "Namespace": "default", "Service": "Helm", "Revision": 1,
            "IsInstall": true, "IsUpgrade": false,
        },
    });
    let mut templates = Templates::default();
    let mut read: Vec<(&str, Template)> = Vec::new();
    for path in &chart.templates {
        let Some(file) = tree.get(path) else { continue };
        let text = std::str::from_utf8(&file.bytes).map_err(|_| format!("{path} is not UTF-8"))?;
        read.push((path, templates.read(text).map_err(|problem| at(path, &problem))?));
    }
    let mut out = String::new();
    for (path, template) in &read {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name.starts_with('_') || name == "NOTES.txt" {
            continue;
        }
        let inside = path[chart.folder.len()..].trim_start_matches('/');
        let shown = format!("{}/{inside}", chart.name);
        root["Template"] = json!({ "Name": shown, "BasePath": format!("{}/templates", chart.name) });
        let printed = templates.run(template, &root).map_err(|problem| at(path, &problem))?;
        for text in super::helm::split(&printed) {
            let is_empty = text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
            if !is_empty && !is_test(path, text) {
                out.push_str(&format!("---\n# Source: {shown}\n{}\n", text.trim_matches('\n')));
            }
        }
    }
    Ok(out)
}

fn at(path: &str, problem: &Problem) -> String {
    match problem.line {
        0 => format!("{path}: {}", problem.message),
        line => format!("{path}:{line}: {}", problem.message),
    }
}

/// A YAML file of one document; nothing where it is not there or empty.
fn read(tree: &Tree, path: &str) -> Result<Option<Value>, String> {
    let Some(file) = tree.get(path) else { return Ok(None) };
    let documents = document::read(path, &file.bytes, Format::Yaml)
        .map_err(|problems| problems.0.into_iter().next().map_or_else(String::new, |problem| problem.to_string()))?;
    Ok(documents.into_iter().next().map(|document| document.value()).filter(|value| !value.is_null()))
}

/// Puts values on top of others: maps together, anything else in place, and nothing where a value is `null`.
fn merge(below: &mut Value, above: Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (key, value) in above {
                if value.is_null() {
                    below.shift_remove(&key);
                } else {
                    merge(below.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (below, above) => *below = above,
    }
}

/// What `Chart.yaml` says, by the names that templates have for it: `.Chart.AppVersion`.
fn capitalised(about: &Value) -> Value {
    let entries = about.as_object().into_iter().flatten().map(|(key, value)| {
        let mut letters = key.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        (first.into_iter().chain(letters).collect::<String>(), value.clone())
    });
    Value::Object(entries.collect::<Map<String, Value>>())
}

/// Whether a document is a test of the chart's, which is not applied with the rest.
fn is_test(path: &str, text: &str) -> bool {
    if !text.contains("helm.sh/hook") {
        return false;
    }
    let documents = document::read(path, text.as_bytes(), Format::Yaml).unwrap_or_default();
    let hook = |document: &document::Document| {
        let hook = document.root.at(&["metadata", "annotations", "helm.sh/hook"])?.as_str()?.to_owned();
        Some(hook)
    };
    documents.iter().filter_map(hook).any(|hook| hook.split(',').any(|hook| hook.trim().starts_with("test")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guardrail::helm::charts;
    use crate::tree::{File, TreePath};

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            tree.insert(TreePath::new(path).unwrap(), File::regular(*text)).unwrap();
        }
        tree
    }

    #[test]
    fn values_of_an_environment_go_on_top_and_tests_are_left_out() {
        let tree = tree(&[
            ("c/Chart.yaml", "name: shop\nversion: 1.2.3\n"),
            ("c/values.yaml", "size: {least: 2, most: 9}\nextra: yes\n"),
            ("c/values-dev.yaml", "size: {most: 3}\nextra: null\n"),
            ("c/images/dev.yaml", "digest: abc\n"),
            ("c/templates/_helpers.tpl", "{{ define \"name\" }}{{ .Chart.Name }}-{{ .Chart.Version }}{{ end }}"),
            (
                "c/templates/a.yaml",
                "kind: A\nname: {{ include \"name\" . }}\nleast: {{ .Values.size.least }}\nmost: {{ .Values.size.most }}\n\
                 image: {{ .Values.digest }}\n{{- if .Values.extra }}\nextra: 1\n{{- end }}\n---\n# nothing\n",
            ),
            ("c/templates/tests/t.yaml", "kind: Pod\nmetadata:\n  annotations:\n    helm.sh/hook: test\n"),
            ("c/templates/NOTES.txt", "{{ lookup }}"),
        ]);
        let chart = &charts(&tree)[0];
        assert_eq!(chart.values, [["c/values-dev.yaml", "c/images/dev.yaml"]]);
        assert_eq!(
            render(chart, &chart.values[0], &tree).unwrap(),
            "---\n# Source: shop/templates/a.yaml\nkind: A\nname: shop-1.2.3\nleast: 2\nmost: 3\nimage: abc\n"
        );
    }

    #[test]
    fn what_only_helm_can_do_is_told_with_its_place() {
        let with = |path: &str, text: &str| {
            let tree = tree(&[("c/Chart.yaml", "name: shop\n"), ("c/templates/a.yaml", "kind: A\n"), (path, text)]);
            render(&charts(&tree)[0], &[], &tree).unwrap_err()
        };
        assert_eq!(
            with("c/templates/b.yaml", "kind: B\nx: {{ genCA }}\n"),
            "c/templates/b.yaml:2: it uses `genCA`, which only helm knows"
        );
        assert!(with("c/charts/d/templates/d.yaml", "kind: D\n").contains("several charts"));
        assert!(with("c/values.yaml", "a: [\n").contains("c/values.yaml"));
    }
}
