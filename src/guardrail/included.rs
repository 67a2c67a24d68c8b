//! Files that pipelines take in: what GitLab includes locally, and templates of Azure.
//!
//! They may have any name and stand anywhere, so that a path doesn't tell them from other YAML.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobSet};

use super::route::{self, Route};
use crate::document::{self, Content, Format, Node};
use crate::tree::Tree;

/// Most files that one pipeline takes in: GitLab refuses more than 150 includes, Azure more than 100 templates.
const LIMIT: usize = 150;

/// The files of a tree that its pipelines take in, directly or through each other, and that no path tells to be part of one.
pub(super) fn by_pipelines(tree: &Tree) -> BTreeSet<&str> {
    let is_pipeline = |path: &str| route::of_path(path) == Some(Route::Area("ci", Format::Yaml));
    let may_be = |path: &str| matches!(route::of_path(path), Some(Route::ByContents(Format::Yaml)));
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = tree.iter().map(|(path, _)| path.as_str()).filter(|path| is_pipeline(path)).collect();
    while let Some(path) = open.pop() {
        // GitHub's workflows and actions are known by their paths.
        if path.starts_with(".github/") {
            continue;
        }
        // What can't be read is told where it is judged.
        let Some(Ok(documents)) = tree.get(path).map(|file| document::read(path, &file.bytes, Format::Yaml)) else {
            continue;
        };
        let mut targets = GlobSet::builder();
        let mut taken = Vec::new();
        for document in &documents {
            let jobs = document.root.entries().iter().filter_map(|(_, job)| job.get("trigger"));
            taken.extend(std::iter::once(&document.root).chain(jobs).flat_map(includes));
            templates(folder_of(path), &document.root, &mut taken);
        }
        for glob in
            taken.iter().take(LIMIT).filter_map(|name| GlobBuilder::new(name).literal_separator(true).build().ok())
        {
            targets.add(glob);
        }
        let (false, Ok(targets)) = (taken.is_empty(), targets.build()) else { continue };
        let paths = tree.iter().map(|(path, _)| path.as_str()).filter(|path| may_be(path) && targets.is_match(path));
        open.extend(paths.filter(|path| found.insert(*path)));
    }
    found
}

/// The local files that a GitLab pipeline, or the trigger of a job in it, includes, as globs from the root: one, or a list of
/// them, each as a text or under `local`.
fn includes(node: &Node) -> Vec<String> {
    let Some(value) = node.get("include") else { return Vec::new() };
    let entries = std::iter::once(value).chain(value.items());
    let named = entries.filter_map(|entry| entry.as_str().or_else(|| entry.get("local").and_then(Node::as_str)));
    // To GitLab `**.yml` is any file below.
    named.filter(|name| !name.contains("://")).map(|name| joined("", name).replace("**.", "**/*.")).collect()
}

/// The templates that an Azure pipeline names, from the file that names them. What stands behind `@` is in another repository.
fn templates(folder: &str, node: &Node, found: &mut Vec<String>) {
    for (key, value) in node.entries() {
        if let ("template", Content::Str(name)) = (key.as_str(), &value.content) {
            let name = name.strip_suffix("@self").unwrap_or(name);
            let from = if name.starts_with('/') { "" } else { folder };
            found.extend((!name.contains('@')).then(|| globset::escape(&joined(from, name))));
        }
        templates(folder, value, found);
    }
    node.items().iter().for_each(|item| templates(folder, item, found));
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path below a folder, without `.` and `..`.
fn joined(folder: &str, name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{File, TreePath};

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let mut tree = Tree::new();
        for (path, text) in files {
            tree.insert(TreePath::new(path).unwrap(), File::regular(*text)).unwrap();
        }
        by_pipelines(&tree).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn gitlab_includes_from_the_root_and_includes_include() {
        let main = "include:\n  - ci/build.yml\n  - local: /ci/jobs/*.yml\n  - https://example.com/ci/far.yml\n  - project: \
                    a/b\n    file: /ci/other.yml\nchild:\n  trigger:\n    include: child.yaml\n";
        let files = [
            (".gitlab-ci.yml", main),
            ("ci/build.yml", "include: {local: ci/deep/**.yml}\n"),
            ("ci/jobs/a.yml", "a: 1\n"),
            ("ci/jobs/deeper/b.yml", "a: 1\n"),
            ("ci/deep/x/c.yml", "include: /ci/build.yml\n"),
            ("ci/far.yml", "a: 1\n"),
            ("ci/other.yml", "a: 1\n"),
            ("child.yaml", "a: 1\n"),
        ];
        assert_eq!(found(&files), ["child.yaml", "ci/build.yml", "ci/deep/x/c.yml", "ci/jobs/a.yml"]);
    }

    #[test]
    fn azure_takes_templates_from_beside_the_file() {
        // What starts a pipeline is nothing that it takes in.
        let main = "trigger:\n  paths: {include: [deploy/*]}\nextends:\n  template: ../shared/root.yml\njobs:\n  - template: jobs/a.yml@self\n  - template: b.yml@other\n";
        let files = [
            ("deploy/x.yml", "a: 1\n"),
            ("pipes/azure-pipelines.release.yml", main),
            ("shared/root.yml", "steps:\n  - template: /steps/[c].yml\n  - template: gone.yml\n"),
            ("pipes/jobs/a.yml", "a: 1\n"),
            ("pipes/b.yml", "a: 1\n"),
            ("steps/[c].yml", "a: 1\n"),
            ("steps/c.yml", "a: 1\n"),
        ];
        assert_eq!(found(&files), ["pipes/jobs/a.yml", "shared/root.yml", "steps/[c].yml"]);
    }

    #[test]
    fn workflows_of_github_take_in_nothing() {
        let matrix = "jobs: {a: {strategy: {matrix: {include: [x.yml]}}}}\n";
        assert!(found(&[(".github/workflows/ci.yaml", matrix), ("x.yml", "a: 1\n")]).is_empty());
        assert!(found(&[(".gitlab-ci.yml", "include: [\n"), ("x.yml", "a: 1\n")]).is_empty());
    }
}
