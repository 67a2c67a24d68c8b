//! Helm charts: which there are, and what `helm template` made of one, traced back to its templates.
//!
//! A template is no object that a rule could judge, and often no YAML at all. What helm renders is, or what [`chart`] makes
//! of it without helm; it names the template of each object, and the two are aligned line by line, so that a finding points
//! at the line that somebody can edit.

use std::sync::Arc;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::chart;
use super::rendered::{Rendered, Root};
use crate::diag::{Diagnostic, Place};
use crate::document::{self, Content, Document, Format, Node};
use crate::tree::Tree;

/// A chart in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Its folder; nothing for a chart at the top.
    pub folder: String,
    /// Its name, which helm puts before the paths of its templates.
    pub name: String,
    /// For each environment its files of values, beside the chart's own `values.yaml`: `values-prod.yaml`, and then those
    /// of its folders that are called like the environment, such as `images/prod.yaml`.
    pub values: Vec<Vec<String>>,
    /// Its templates, and those of the charts inside it.
    pub templates: Vec<String>,
}

impl Chart {
    /// The path of a file of the chart.
    pub fn file(&self, name: &str) -> String {
        if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) }
    }

    /// What it is called where it is rendered without being installed.
    pub fn release(&self) -> &str {
        if self.name.is_empty() { "release" } else { &self.name }
    }

    /// The file that stands for it as rendered with some files of values.
    pub fn root(&self, values: &[String]) -> String {
        values.first().cloned().unwrap_or_else(|| self.file("Chart.yaml"))
    }

    /// The sets of files that it is rendered with: one for each environment, or only its own where there is none.
    pub fn renderings(&self) -> Vec<&[String]> {
        if self.values.is_empty() { vec![&[]] } else { self.values.iter().map(Vec::as_slice).collect() }
    }
}

/// The charts of a tree that are not inside another one. Library charts render nothing and are left out.
///
/// A `Chart.yaml` that can't be read is reported by whoever reads the tree's files.
pub fn charts(tree: &Tree) -> Vec<Chart> {
    let mut charts: Vec<Chart> = Vec::new();
    let mut found: Vec<(&str, Option<Node>)> = tree
        .iter()
        .filter(|(path, _)| path.file_name() == "Chart.yaml")
        .map(|(path, file)| {
            let folder = path.as_str().strip_suffix("Chart.yaml").unwrap_or_default().trim_end_matches('/');
            let documents = document::read(path.as_str(), &file.bytes, Format::Yaml).unwrap_or_default();
            (folder, documents.into_iter().next().map(|document| document.root))
        })
        .collect();
    // A chart comes before those inside it.
    found.sort_by_key(|(folder, _)| folder.len());
    for (folder, root) in found {
        if charts.iter().any(|outer| within(folder, &outer.folder)) {
            continue;
        }
        let text = |key: &str| root.as_ref().and_then(|root| root.get(key)).and_then(Node::as_str);
        if text("type") == Some("library") {
            continue;
        }
        let mut chart = Chart {
            folder: folder.to_owned(),
            name: text("name").unwrap_or_default().to_owned(),
            values: Vec::new(),
            templates: Vec::new(),
        };
        for (path, _) in tree.iter().filter(|(path, _)| within(path.as_str(), folder)) {
            let inside = path.as_str()[folder.len()..].trim_start_matches('/');
            if environment(inside).is_some() {
                chart.values.push(vec![path.to_string()]);
            } else if inside.starts_with("templates/") || inside.contains("/templates/") {
                chart.templates.push(path.to_string());
            }
        }
        for values in &mut chart.values {
            let name = environment(values[0][folder.len()..].trim_start_matches('/')).unwrap_or_default().to_owned();
            let more = tree.iter().map(|(path, _)| path.as_str()).filter(|path| {
                let inside =
                    path.strip_prefix(folder).filter(|_| within(path, folder)).map(|path| path.trim_start_matches('/'));
                inside.and_then(|inside| inside.split_once('/')).is_some_and(|(part, file)| {
                    !["charts", "crds", "templates"].contains(&part)
                        && (file == format!("{name}.yaml") || file == format!("{name}.yml"))
                })
            });
            values.extend(more.map(str::to_owned));
        }
        charts.push(chart);
    }
    charts
}

/// The environment of `values-prod.yaml` and the like, at the top of a chart.
fn environment(inside: &str) -> Option<&str> {
    let stem = inside.strip_suffix(".yaml").or_else(|| inside.strip_suffix(".yml"))?;
    let name = stem.strip_prefix("values-").or_else(|| stem.strip_prefix("values."))?;
    (!inside.contains('/')).then_some(name)
}

fn within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Puts what the charts of a tree render to what is there already, without helm. What can't be rendered so is told, and its
/// templates stay to be read as they stand.
pub fn render(tree: &Tree, rendered: &mut Rendered) {
    for chart in charts(tree) {
        for values in chart.renderings() {
            match chart::render(&chart, values, tree) {
                Ok(printed) => {
                    rendered.roots.push(read(&chart, values, &printed, tree));
                    rendered.claimed.extend(chart.templates.iter().cloned());
                }
                Err(reason) => {
                    let path = chart.root(values);
                    let problem = Diagnostic::error(format!("the chart was not rendered: {reason}"));
                    let problems = vec![problem.place(Place::file(path.clone()))];
                    rendered.roots.push(Root { path, documents: Vec::new(), problems, incomplete: true });
                }
            }
        }
    }
}

/// The objects in what `helm template` printed for a chart. `values` are the files of values that it was given.
pub fn read(chart: &Chart, values: &[String], printed: &str, tree: &Tree) -> Root {
    let path = chart.root(values);
    let name: Arc<str> = Arc::from(path.as_str());
    let mut root = Root { path, documents: Vec::new(), problems: Vec::new(), incomplete: false };
    for text in split(printed) {
        let source = text.lines().find_map(|line| line.strip_prefix("# Source: ")).map(|source| {
            let inside = source.trim().split_once('/').map_or(source, |(_, inside)| inside);
            chart.file(inside)
        });
        let file = source.as_deref().unwrap_or(&name);
        match document::read(file, text.as_bytes(), Format::Yaml) {
            Ok(documents) => {
                let template = tree.get(file).map(|file| String::from_utf8_lossy(&file.bytes));
                let lines = align(text, template.as_deref().unwrap_or_default());
                for mut document in documents {
                    trace(&mut document.root, &lines);
                    root.documents.push(Document { path: name.clone(), ..document });
                }
            }
            Err(problems) => root.problems.extend(problems.0.into_iter().map(|problem| {
                let place = problem.place.as_ref().map_or_else(|| file.to_owned(), |place| place.file.clone());
                Diagnostic::error(format!("what helm renders of it is no YAML: {}", problem.message))
                    .place(Place::file(place))
            })),
        }
    }
    root
}

/// The documents of a stream, each with the comment that says where it is from.
pub(super) fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices("\n---") {
        let after = text.as_bytes().get(at + 4);
        if matches!(after, None | Some(b'\n' | b'\r' | b' ')) {
            parts.push(&text[start..=at]);
            start = at + 4;
        }
    }
    parts.push(&text[start..]);
    parts.into_iter().map(|part| part.strip_prefix("---").unwrap_or(part)).collect()
}

/// For each line of what was rendered the line of the template that it most likely comes from, counted from 1.
fn align(rendered: &str, template: &str) -> Vec<usize> {
    let keys = |text: &str| -> Vec<String> { text.lines().map(key).collect() };
    let (old, new) = (keys(rendered), keys(template));
    let mut lines = vec![0; old.len()];
    for operation in capture_diff_slices(Algorithm::Patience, &old, &new) {
        if let DiffOp::Equal { old_index, new_index, len } = operation {
            for offset in 0..len {
                lines[old_index + offset] = new_index + offset + 1;
            }
        }
    }
    // What a helper or a loop wrote stands where its surroundings are.
    let mut last = 1;
    for line in &mut lines {
        if *line == 0 {
            *line = last;
        }
        last = *line;
    }
    lines
}

/// What a line says, whatever its value and depth: `name:` of `  - name: {{ .Values.name }}`.
fn key(line: &str) -> String {
    let line = line.trim().trim_start_matches("- ").trim_start();
    match line.split_once(':') {
        Some((key, _)) if !key.contains("{{") => format!("{key}:"),
        _ => line.to_owned(),
    }
}

fn trace(node: &mut Node, lines: &[usize]) {
    if let Some(line) = lines.get(node.spot.line.saturating_sub(1)) {
        node.spot.line = *line;
    }
    match &mut node.content {
        Content::Map(entries) => entries.iter_mut().for_each(|(_, value)| trace(value, lines)),
        Content::List(items) => items.iter_mut().for_each(|item| trace(item, lines)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{File, TreePath};

    fn tree(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::new();
        for (path, text) in files {
            tree.insert(TreePath::new(path).unwrap(), File::regular(*text)).unwrap();
        }
        tree
    }

    const TEMPLATE: &str = "{{- if .Values.on }}\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{ include \"x.name\" . }}\n  \
                            labels:\n    {{- include \"x.labels\" . | nindent 4 }}\nspec:\n  type: {{ .Values.type }}\n{{- end }}\n";

    #[test]
    fn charts_inside_charts_belong_to_them_and_library_charts_render_nothing() {
        let tree = tree(&[
            ("charts/api/Chart.yaml", "name: api\nversion: 1.0.0\n"),
            ("charts/api/values.yaml", "{}\n"),
            ("charts/api/values-prod.yaml", "{}\n"),
            ("charts/api/templates/service.yaml", TEMPLATE),
            ("charts/api/charts/db/Chart.yaml", "name: db\nversion: 1.0.0\n"),
            ("charts/api/charts/db/templates/a.yaml", "kind: A\n"),
            ("charts/common/Chart.yaml", "name: common\ntype: library\n"),
        ]);
        let found = charts(&tree);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].values.len()), ("api", 1));
        assert_eq!(found[0].templates, ["charts/api/charts/db/templates/a.yaml", "charts/api/templates/service.yaml"]);
    }

    #[test]
    fn values_lead_back_to_the_lines_of_the_template() {
        let tree = tree(&[("api/Chart.yaml", "name: api\n"), ("api/templates/service.yaml", TEMPLATE)]);
        let printed = "---\n# Source: api/templates/service.yaml\napiVersion: v1\nkind: Service\nmetadata:\n  name: one\n  \
                       labels:\n    app: one\n    team: two\nspec:\n  type: NodePort\n";
        let root = read(&charts(&tree)[0], &[], printed, &tree);
        assert!(root.problems.is_empty(), "{:?}", root.problems);
        let document = &root.documents[0];
        let spot = document.root.at(&["spec", "type"]).map(|node| node.spot.clone()).unwrap();
        assert_eq!((&*spot.file, spot.line), ("api/templates/service.yaml", 9));
        assert_eq!(document.root.at(&["metadata", "labels", "team"]).unwrap().spot.line, 6);
        assert_eq!(&*document.path, "api/Chart.yaml");
    }

    #[test]
    fn what_is_no_yaml_is_told_and_the_rest_is_read() {
        let tree = tree(&[("api/Chart.yaml", "name: api\n")]);
        let printed = "---\n# Source: api/templates/a.yaml\nkind: [\n---\n# Source: api/templates/b.yaml\nkind: B\n";
        let root = read(&charts(&tree)[0], &[], printed, &tree);
        assert_eq!((root.documents.len(), root.problems.len()), (1, 1));
        assert!(root.problems[0].to_string().contains("api/templates/a.yaml: what helm renders of it is no YAML"));
    }
}
