//! What a Kustomize root renders, put together in memory.
//!
//! A base, a patch or a component alone is no object that a rule could judge: labels, the namespace and the image come
//! from the overlay. So the sources are rendered first, and every value keeps the file and line that it came from. This
//! is no second Kustomize: resources, components, patches (strategic and JSON), namespace, labels, annotations, images,
//! replicas and generated config maps are applied; whatever else a kustomization asks for is reported as not applied,
//! so that nothing counts as passed by silence. Hash suffixes of generated names are left out, since no rule needs them.
//!
//! A kustomization is a small program: it can refer to itself, and multiply what it refers to. So what is made and looked
//! at is counted for the whole tree, and what is beyond the [`Budget`] is reported as not judged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::patch::{self, Budget, Image};
use super::rendered::{Rendered, Root};
use crate::diag::{Diagnostic, Place};
use crate::document::{self, Content, Document, Format, Node, Spot};
use crate::tree::Tree;

/// How deep kustomizations may refer to each other.
const DEPTH_LIMIT: usize = 20;
/// How many values all roots of a tree may render: a quarter of a gigabyte of them.
const VALUE_LIMIT: usize = 3_000_000;
/// How many values may be looked at in doing so: a second or two of work.
const STEP_LIMIT: usize = 200_000_000;
/// Most problems that are told of one tree.
const PROBLEM_LIMIT: usize = 500;
/// Largest pattern of a patch's target, compiled, in bytes.
const PATTERN_LIMIT: usize = 64 * 1024;
/// What compiling a pattern counts for, in steps.
const PATTERN_STEPS: usize = 20_000;
/// Most bytes that Kubernetes keeps in a config map or a secret.
const DATA_LIMIT: usize = 1024 * 1024;

/// Whether a path is that of a kustomization.
pub fn is_root(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Renders every root: a `Kustomization` that no other one uses as a resource. What only a circle leads to, and a component
/// that nothing uses, are rendered on their own, since their files would be judged by nobody else.
pub fn render(tree: &Tree) -> Rendered {
    let mut sources = Sources {
        tree,
        rendered: Rendered::default(),
        kustomizations: BTreeMap::new(),
        files: BTreeMap::new(),
        incomplete: false,
        budget: Budget { values: VALUE_LIMIT, steps: STEP_LIMIT },
        spent: false,
        open: Vec::new(),
        visited: BTreeSet::new(),
        alone: false,
        told: BTreeSet::new(),
        untold: 0,
    };
    let paths: Vec<&str> = tree.iter().map(|(path, _)| path.as_str()).filter(|path| is_root(path)).collect();
    for path in paths {
        sources.rendered.claimed.insert(path.to_owned());
        sources.enter(path);
    }
    let used: BTreeSet<String> = sources
        .kustomizations
        .iter()
        .flat_map(|(folder, found)| {
            ["resources", "bases", "components"]
                .iter()
                .flat_map(|key| found.1.get(key).map(Node::items).unwrap_or_default())
                .filter_map(Node::as_str)
                .filter_map(|entry| join(folder, entry))
                .collect::<Vec<_>>()
        })
        .collect();
    let component = |root: &Node| root.get("kind").and_then(Node::as_str) == Some("Component");
    let (later, roots): (Vec<String>, Vec<String>) = sources
        .kustomizations
        .iter()
        .map(|(folder, found)| (folder.clone(), component(&found.1) || used.contains(folder)))
        .fold((Vec::new(), Vec::new()), |(mut later, mut roots), (folder, waits)| {
            if waits {
                later.push(folder)
            } else {
                roots.push(folder)
            }
            (later, roots)
        });
    for folder in roots {
        sources.root(&folder);
    }
    for folder in later {
        if !sources.visited.contains(&folder) {
            sources.alone = sources.kustomizations.get(&folder).is_some_and(|found| component(&found.1));
            sources.root(&folder);
            sources.alone = false;
        }
    }
    if sources.untold > 0 {
        let message = format!("{} more problems of kustomizations", sources.untold);
        sources.rendered.problems.push(Diagnostic::warning(message).place(Place::file(".")));
    }
    sources.rendered
}

/// The objects that a tool built for a root, traced back to the sources through those that were put together here.
pub fn traced(root: &Root, printed: &str) -> Root {
    let name: Arc<str> = Arc::from(root.path.as_str());
    let mut traced = Root { path: root.path.clone(), documents: Vec::new(), problems: Vec::new(), incomplete: false };
    match document::read(&root.path, printed.as_bytes(), Format::Yaml) {
        Ok(documents) => {
            for mut document in documents {
                let start = Spot { file: name.clone(), line: 1 };
                let source = counterpart(&document.root, root);
                trace(&mut document.root, source, &start);
                traced.documents.push(Document { path: name.clone(), ..document });
            }
        }
        Err(problems) => traced.problems = problems.0,
    }
    traced
}

/// The object of the same kind whose name is part of this one's: tools put prefixes and suffixes around names.
fn counterpart<'r>(object: &Node, root: &'r Root) -> Option<&'r Node> {
    let name = name_of(object)?;
    let same_kind = root.documents.iter().map(|document| &document.root).filter(|other| {
        text_at(other, &["kind"]) == text_at(object, &["kind"])
            && name_of(other).is_some_and(|other| name.contains(other))
    });
    same_kind.max_by_key(|other| name_of(other).map_or(0, str::len))
}

fn trace(node: &mut Node, source: Option<&Node>, around: &Spot) {
    node.spot = source.map_or(around, |source| &source.spot).clone();
    let spot = node.spot.clone();
    match &mut node.content {
        Content::Map(entries) => {
            for (key, value) in entries {
                trace(value, source.and_then(|source| source.get(key)), &spot);
            }
        }
        Content::List(items) => {
            let sources = source.map(Node::items).unwrap_or_default();
            for (index, item) in items.iter_mut().enumerate() {
                trace(item, sources.get(index), &spot);
            }
        }
        _ => {}
    }
}

/// Files that kustomizations make config maps and secrets of: they have any name, and nobody would read them otherwise.
pub fn generator_files(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, file) in tree.iter().filter(|(path, _)| is_root(path.as_str())) {
        for document in document::read(path.as_str(), &file.bytes, Format::Yaml).unwrap_or_default() {
            found.extend(files_of(folder(path.as_str()), &document.root));
        }
    }
    found
}

fn files_of(folder: &str, root: &Node) -> Vec<String> {
    let generators = ["configMapGenerator", "secretGenerator"];
    let entries = generators.iter().flat_map(|key| root.get(key).map(Node::items).unwrap_or_default());
    entries
        .flat_map(|generator| generator.get("files").map(Node::items).unwrap_or_default())
        .filter_map(Node::as_str)
        .filter_map(|file| join(folder, file.split_once('=').map_or(file, |(_, path)| path)))
        .collect()
}

struct Sources<'t> {
    tree: &'t Tree,
    rendered: Rendered,
    /// By folder: the path and contents of its kustomization.
    kustomizations: BTreeMap<String, Arc<(String, Node)>>,
    /// Documents of files that were read.
    files: BTreeMap<String, Arc<Vec<Node>>>,
    /// Whether the root that is being put together lacks something.
    incomplete: bool,
    /// What may still be made and looked at.
    budget: Budget,
    /// Whether the budget was not enough.
    spent: bool,
    /// The folders that are being put together, outermost first.
    open: Vec<String>,
    /// The folders that were put together.
    visited: BTreeSet<String>,
    /// Whether a component is put together without its user: its patches have nothing to meet.
    alone: bool,
    /// The problems that are told, each once however often a kustomization is used.
    told: BTreeSet<String>,
    /// Problems beyond those that are told.
    untold: usize,
}

/// Fields that hold lists.
const LISTS: [&str; 11] = [
    "resources",
    "bases",
    "components",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "labels",
    "images",
    "replicas",
    "configMapGenerator",
    "secretGenerator",
];

/// Fields that need no action here, or that are handled.
const KNOWN: [&str; 25] = [
    "apiVersion",
    "kind",
    "metadata",
    "resources",
    "bases",
    "components",
    "patches",
    "patchesStrategicMerge",
    "patchesJson6902",
    "namespace",
    "labels",
    "commonLabels",
    "commonAnnotations",
    "images",
    "replicas",
    "configMapGenerator",
    "secretGenerator",
    "generatorOptions",
    "buildMetadata",
    "sortOptions",
    "openapi",
    "configurations",
    "crds",
    "validators",
    "nameHash",
];

impl Sources<'_> {
    /// Reads a kustomization, and reports what `kustomize build` would refuse.
    fn enter(&mut self, path: &str) {
        let nodes = self.read(path);
        let Some(root) = nodes.first() else { return };
        if let Some(second) = nodes.get(1) {
            self.problem(&second.spot, "expected one document in a kustomization, found a second one".to_owned());
        }
        if !matches!(root.content, Content::Map(_)) {
            self.problem(&root.spot, "expected a kustomization, a map of fields".to_owned());
            return;
        }
        for key in LISTS {
            if let Some(value) = root.get(key)
                && !matches!(value.content, Content::List(_) | Content::Null)
            {
                self.problem(&value.spot, format!("expected `{key}` to be a list; it is not applied"));
            }
        }
        let found = Arc::new((path.to_owned(), root.clone()));
        if let Some(other) = self.kustomizations.insert(folder(path).to_owned(), found) {
            self.problem(&root.spot, format!("`{}` is a kustomization of the same folder, and not applied", other.0));
        }
    }

    /// Renders a root.
    fn root(&mut self, folder: &str) {
        let Some(found) = self.kustomizations.get(folder).cloned() else { return };
        let before = self.rendered.problems.len();
        self.incomplete = false;
        let mut objects = self.accumulate(folder, Vec::new());
        if self.spent {
            let message = "not judged: all kustomizations of this tree together render too much";
            let place = Place::line(&*found.1.spot.file, found.1.spot.line);
            let hint = "run the guardrails on what `kustomize build` renders";
            self.rendered.problems.push(Diagnostic::error(message).place(place).hint(hint));
            objects.clear();
        }
        let problems = self.rendered.problems.split_off(before);
        let path: Arc<str> = Arc::from(found.0.as_str());
        let documents =
            objects.into_iter().map(|root| Document { path: path.clone(), format: Format::Yaml, root }).collect();
        self.rendered.roots.push(Root { path: found.0.clone(), documents, problems, incomplete: self.incomplete });
    }

    fn read(&mut self, path: &str) -> Arc<Vec<Node>> {
        if let Some(nodes) = self.files.get(path) {
            return nodes.clone();
        }
        let nodes = match self.tree.get(path) {
            None => Vec::new(),
            Some(file) => match document::read(path, &file.bytes, Format::Yaml) {
                Ok(documents) => documents.into_iter().map(|document| document.root).collect(),
                Err(found) => {
                    self.rendered.problems.extend(found.0);
                    Vec::new()
                }
            },
        };
        let nodes = Arc::new(nodes);
        self.files.insert(path.to_owned(), nodes.clone());
        nodes
    }

    fn problem(&mut self, spot: &Spot, message: String) {
        let place = Place::line(&*spot.file, spot.line);
        let key = format!("{place}: {message}");
        if self.told.contains(&key) {
            return;
        }
        if self.told.len() >= PROBLEM_LIMIT {
            self.untold += 1;
            return;
        }
        self.told.insert(key);
        self.rendered.problems.push(
            Diagnostic::warning(message)
                .place(place)
                .hint("the guardrails judge the objects without it; check what `kustomize build` renders, too"),
        );
    }

    /// Takes values and steps from the budget; says whether there is any left.
    fn take(&mut self, values: usize, steps: usize) -> bool {
        let enough = self.budget.make(values).and_then(|()| self.budget.look(steps)).is_ok();
        self.spent |= !enough;
        !self.spent
    }

    /// Marks the files that a kustomization uses.
    fn claim(&mut self, folder: &str, root: &Node) {
        let mut paths: Vec<String> = Vec::new();
        let lists = ["resources", "bases", "patchesStrategicMerge", "crds", "configurations"];
        for entry in lists.iter().flat_map(|key| root.get(key).map(Node::items).unwrap_or_default()) {
            paths.extend(entry.as_str().map(str::to_owned));
        }
        for patch in
            ["patches", "patchesJson6902"].iter().flat_map(|key| root.get(key).map(Node::items).unwrap_or_default())
        {
            paths.extend(patch.get("path").and_then(Node::as_str).map(str::to_owned));
        }
        let named = paths.iter().filter_map(|path| join(folder, path)).chain(files_of(folder, root));
        self.rendered.claimed.extend(named.filter(|path| self.tree.get(path.as_str()).is_some()));
    }

    /// The objects of a folder's kustomization; for a component, those of its user, changed.
    fn accumulate(&mut self, folder: &str, objects: Vec<Node>) -> Vec<Node> {
        let Some(found) = self.kustomizations.get(folder).cloned() else {
            return objects;
        };
        let (path, root) = &*found;
        if self.open.iter().any(|open| open == folder) {
            self.problem(&root.spot, format!("`{path}` refers to itself"));
            return objects;
        }
        if self.open.len() > DEPTH_LIMIT {
            let message = format!("`{path}` is more than {DEPTH_LIMIT} kustomizations deep, and not applied");
            self.problem(&root.spot, message);
            return objects;
        }
        if !self.take(0, root.values()) {
            return objects;
        }
        self.visited.insert(folder.to_owned());
        self.open.push(folder.to_owned());
        let objects = self.apply_all(folder, root, objects);
        self.open.pop();
        objects
    }

    fn apply_all(&mut self, folder: &str, root: &Node, mut objects: Vec<Node>) -> Vec<Node> {
        self.claim(folder, root);
        for (key, value) in root.entries() {
            if !KNOWN.contains(&key.as_str()) {
                self.problem(&value.spot, format!("`{key}` of this kustomization is not applied"));
            }
        }
        self.settings(folder, root);
        for key in ["resources", "bases"] {
            for entry in root.get(key).map(Node::items).unwrap_or_default() {
                self.resource(folder, entry, &mut objects);
            }
        }
        for entry in root.get("components").map(Node::items).unwrap_or_default() {
            match entry.as_str().and_then(|text| join(folder, text)) {
                Some(inner) if self.kustomizations.contains_key(&inner) => {
                    objects = self.accumulate(&inner, objects);
                }
                _ => self.missing(entry, "component"),
            }
        }
        if !self.spent {
            self.generate(folder, root, &mut objects);
            self.transform(folder, root, &mut objects);
        }
        objects
    }

    /// Files that say how to build: no tool is asked to where one would have to be fetched.
    fn settings(&mut self, folder: &str, root: &Node) {
        let lists = ["configurations", "crds", "generators", "transformers", "validators"];
        let listed = lists.iter().flat_map(|key| root.get(key).map(Node::items).unwrap_or_default());
        let replacements = root.get("replacements").map(Node::items).unwrap_or_default();
        let named = replacements.iter().filter_map(|entry| entry.get("path")).chain(root.at(&["openapi", "path"]));
        for entry in listed.chain(named) {
            let Some(text) = entry.as_str().filter(|text| !text.contains('\n')) else { continue };
            let here = join(folder, text)
                .is_some_and(|path| self.tree.get(&path).is_some() || self.kustomizations.contains_key(&path));
            if !here {
                self.missing(entry, "file");
            }
        }
    }

    fn missing(&mut self, entry: &Node, what: &str) {
        let name: String = entry.as_str().unwrap_or("?").chars().take(120).collect();
        self.incomplete = true;
        self.problem(&entry.spot, format!("the {what} `{name}` is not in this tree, so it was not read"));
    }

    fn resource(&mut self, folder: &str, entry: &Node, objects: &mut Vec<Node>) {
        let Some(path) = entry.as_str().and_then(|text| join(folder, text)) else {
            self.missing(entry, "resource");
            return;
        };
        if self.kustomizations.contains_key(&path) {
            let found = self.accumulate(&path, Vec::new());
            objects.extend(found);
        } else if self.tree.get(&path).is_some() {
            let nodes = self.read(&path);
            if self.take(nodes.iter().map(Node::values).sum(), 1) {
                objects.extend(nodes.iter().flat_map(listed).cloned());
            }
        } else {
            self.missing(entry, "resource");
        }
    }

    /// Config maps and secrets that are made of literals and files.
    fn generate(&mut self, folder: &str, root: &Node, objects: &mut Vec<Node>) {
        for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            for generator in root.get(key).map(Node::items).unwrap_or_default() {
                let text = |value: &str| Node::new(generator.spot.clone(), Content::Str(value.to_owned()));
                let map = || Node::new(generator.spot.clone(), Content::Map(Vec::new()));
                let name = generator.get("name").and_then(Node::as_str).unwrap_or_default();
                if !self.take(generator.values(), objects.len()) {
                    return;
                }
                let mut pairs: BTreeMap<String, Node> = BTreeMap::new();
                let mut bytes: usize = 0;
                for literal in generator.get("literals").map(Node::items).unwrap_or_default() {
                    if let Some((key, value)) = literal.as_str().and_then(|literal| literal.split_once('=')) {
                        let value = value.trim_matches(['"', '\'']).to_owned();
                        bytes += value.len();
                        pairs.insert(key.to_owned(), Node::new(literal.spot.clone(), Content::Str(value)));
                    }
                }
                for file in generator.get("files").map(Node::items).unwrap_or_default() {
                    let entry = file.as_str().unwrap_or_default();
                    let (key, path) = match entry.split_once('=') {
                        Some((key, path)) => (key, path),
                        None => (entry.rsplit('/').next().unwrap_or(entry), entry),
                    };
                    match join(folder, path).and_then(|path| self.tree.get(&path)) {
                        Some(found) => {
                            bytes += found.bytes.len();
                            // A value counts for some bytes of memory, and so do these.
                            if bytes > DATA_LIMIT || !self.take(found.bytes.len() / 64, 0) {
                                continue;
                            }
                            let contents = String::from_utf8_lossy(&found.bytes).into_owned();
                            pairs.insert(key.to_owned(), Node::new(file.spot.clone(), Content::Str(contents)));
                        }
                        None => self.missing(file, "file"),
                    }
                }
                if bytes > DATA_LIMIT {
                    let message = format!("this {kind} holds {bytes} bytes, and {DATA_LIMIT} is what Kubernetes keeps");
                    self.problem(&generator.spot, message);
                }
                let data = Node::new(generator.spot.clone(), Content::Map(pairs.into_iter().collect()));
                if generator.get("envs").is_some() || generator.get("env").is_some() {
                    self.problem(&generator.spot, format!("`envs` of this {key} is not applied"));
                }
                let behavior = generator.get("behavior").and_then(Node::as_str);
                let old = objects
                    .iter_mut()
                    .find(|object| text_at(object, &["kind"]) == Some(kind) && name_of(object) == Some(name));
                if let (Some("merge"), Some(old)) = (behavior, old) {
                    let mut change = map();
                    change.set("data", data);
                    if let Err(problem) = patch::merge(old, &change, true, &mut self.budget) {
                        self.problem(&generator.spot, format!("this {key} does not apply: {problem}"));
                        self.spent = true;
                    }
                    continue;
                }
                let mut metadata = map();
                metadata.set("name", text(name));
                for of_all_or_one in [root.get("generatorOptions"), generator.get("options")].into_iter().flatten() {
                    for key in ["labels", "annotations"] {
                        if let Some(pairs) = of_all_or_one.get(key) {
                            merge_at(&mut metadata, &[key], pairs, true);
                        }
                    }
                }
                if let Some(namespace) = generator.get("namespace") {
                    metadata.set("namespace", namespace.clone());
                }
                let mut object = map();
                object.set("apiVersion", text("v1"));
                object.set("kind", text(kind));
                object.set("metadata", metadata);
                object.set("data", data);
                objects.push(object);
            }
        }
    }

    /// Everything that changes objects, in the order in which Kustomize does it.
    fn transform(&mut self, folder: &str, root: &Node, objects: &mut Vec<Node>) {
        for entry in root.get("patchesStrategicMerge").map(Node::items).unwrap_or_default() {
            let inline = entry.as_str().is_some_and(|text| text.contains('\n'));
            let patches = if inline { self.inline(entry) } else { self.patch_file(folder, entry) };
            self.apply(&patches, None, entry, objects);
            if self.spent {
                return;
            }
        }
        for key in ["patches", "patchesJson6902"] {
            for entry in root.get(key).map(Node::items).unwrap_or_default() {
                let patches = match (entry.get("patch"), entry.get("path")) {
                    (Some(inline), _) => self.inline(inline),
                    (None, Some(path)) => self.patch_file(folder, path),
                    (None, None) => {
                        self.problem(&entry.spot, "expected a `patch` or the `path` of one".to_owned());
                        continue;
                    }
                };
                let target = entry.get("target").map(|target| self.target(target));
                self.apply(&patches, target.as_ref(), entry, objects);
                if self.spent {
                    return;
                }
            }
        }
        if !self.take(0, cost(root, objects)) {
            return;
        }
        if let Some(namespace) = root.get("namespace") {
            let accounts = accounts(objects);
            for object in objects.iter_mut() {
                set_namespace(object, namespace);
                bind(object, namespace, &accounts);
            }
        }
        label(root, objects);
        if let Some(annotations) = root.get("commonAnnotations") {
            for object in objects.iter_mut() {
                merge_at(object, &["metadata", "annotations"], annotations, true);
                for path in pod_metadata(object) {
                    merge_at(object, &[*path, &["metadata", "annotations"]].concat(), annotations, true);
                }
            }
        }
        for entry in root.get("replicas").map(Node::items).unwrap_or_default() {
            for object in objects.iter_mut() {
                let scales = matches!(
                    text_at(object, &["kind"]),
                    Some("Deployment" | "StatefulSet" | "ReplicaSet" | "ReplicationController")
                );
                if scales
                    && name_of(object) == entry.get("name").and_then(Node::as_str)
                    && let (Some(spec), Some(count)) = (object.get_mut("spec"), entry.get("count"))
                {
                    spec.set("replicas", count.clone());
                }
            }
        }
        for entry in root.get("images").map(Node::items).unwrap_or_default() {
            let text = |key: &str| entry.get(key).and_then(Node::as_str);
            let Some(name) = text("name") else {
                self.problem(&entry.spot, "expected an image with a `name`".to_owned());
                continue;
            };
            let spot = ["digest", "newTag", "newName"]
                .iter()
                .find_map(|key| entry.get(key))
                .map_or(&entry.spot, |value| &value.spot);
            let image =
                Image { name, new_name: text("newName"), new_tag: text("newTag"), digest: text("digest"), spot };
            for object in objects.iter_mut() {
                patch::substitute(object, &image);
            }
        }
    }

    fn patch_file(&mut self, folder: &str, entry: &Node) -> Arc<Vec<Node>> {
        let path = entry.as_str().and_then(|text| join(folder, text));
        match path.filter(|path| self.tree.get(path).is_some()) {
            Some(path) => self.read(&path),
            None => {
                self.missing(entry, "patch");
                Arc::default()
            }
        }
    }

    /// A patch that is written into the kustomization. Its lines count from the line after the `|-`.
    fn inline(&mut self, entry: &Node) -> Arc<Vec<Node>> {
        let Some(text) = entry.as_str() else {
            self.problem(&entry.spot, "expected a patch as text".to_owned());
            return Arc::default();
        };
        if !self.take(0, text.len() / 16) {
            return Arc::default();
        }
        match document::read_fragment(&entry.spot.file, text, entry.spot.line) {
            Ok(documents) => Arc::new(documents.into_iter().map(|document| document.root).collect()),
            Err(found) => {
                self.rendered.problems.extend(found.0);
                Arc::default()
            }
        }
    }

    /// Compiles what a patch is aimed at.
    fn target(&mut self, target: &Node) -> Target {
        let mut pattern = |key: &str| {
            let text = target.get(key).and_then(Node::as_str).filter(|text| !text.is_empty())?;
            if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/')) {
                return Some(Pattern { text: text.to_owned(), regex: None });
            }
            if !self.take(0, PATTERN_STEPS) {
                return None;
            }
            let regex = RegexBuilder::new(&format!("^(?:{text})$")).size_limit(PATTERN_LIMIT).build();
            if regex.is_err() {
                let shown: String = text.chars().take(60).collect();
                let spot = target.get(key).map_or(&target.spot, |value| &value.spot);
                self.problem(spot, format!("`{shown}` is no pattern that can be matched"));
            }
            Some(Pattern { text: text.to_owned(), regex: regex.ok() })
        };
        Target {
            group: pattern("group"),
            version: pattern("version"),
            kind: pattern("kind"),
            name: pattern("name"),
            namespace: pattern("namespace"),
            labels: selector(target, "labelSelector"),
            annotations: selector(target, "annotationSelector"),
        }
    }

    fn apply(&mut self, patches: &[Node], target: Option<&Target>, entry: &Node, objects: &mut Vec<Node>) {
        for change in patches {
            let size = change.values();
            if !self.take(0, size + objects.len()) {
                return;
            }
            let json = matches!(change.content, Content::List(_));
            let mut met = false;
            let mut problems = Vec::new();
            let budget = &mut self.budget;
            objects.retain_mut(|object| {
                let meant = match target {
                    Some(target) => target.selects(object),
                    None => same_object(change, object),
                };
                if !meant {
                    return true;
                }
                met = true;
                if json {
                    problems.extend(patch::json_patch(object, change, budget).err());
                    return true;
                }
                if change.get("$patch").and_then(Node::as_str) == Some("delete") {
                    return false;
                }
                let core = is_core(object);
                let name = object.at(&["metadata", "name"]).cloned();
                let merged = budget.make(size).and_then(|()| patch::merge(object, change, core, budget));
                problems.extend(merged.err());
                // With a target, the name in the patch is only a placeholder.
                if let (Some(name), Some(metadata)) = (name, object.get_mut("metadata")) {
                    metadata.set("name", name);
                }
                true
            });
            problems.dedup();
            for problem in problems {
                self.problem(&entry.spot, format!("this patch does not apply: {problem}"));
            }
            if !met && target.is_none() && !self.alone {
                self.problem(&change.spot, "this patch meets no object".to_owned());
            }
        }
    }
}

/// What the rest of a kustomization's fields take to apply, in steps.
fn cost(root: &Node, objects: &[Node]) -> usize {
    let count = |key: &str| root.get(key).map_or(0, |value| value.items().len() + value.entries().len());
    let pairs = |node: &Node| node.entries().len().saturating_mul(node.entries().len() + 8);
    let labels: usize = root
        .get("labels")
        .map_or(0, |labels| labels.items().iter().filter_map(|entry| entry.get("pairs")).map(pairs).sum());
    let common: usize = ["commonLabels", "commonAnnotations"].iter().filter_map(|key| root.get(key)).map(pairs).sum();
    let each = 1_usize.saturating_add(count("replicas")).saturating_add(labels).saturating_add(common);
    let looked: usize = if count("images") == 0 { 0 } else { objects.iter().map(Node::values).sum() };
    each.saturating_mul(objects.len()).saturating_add(looked.saturating_mul(count("images")))
}

/// The folder of a path; empty for a file at the top.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path relative to a folder, without `.` and `..`; `None` for an address or a path that leaves the tree.
fn join(folder: &str, path: &str) -> Option<String> {
    if path.contains("://") || path.starts_with('/') || path.contains('\n') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn text_at<'n>(object: &'n Node, keys: &[&str]) -> Option<&'n str> {
    object.at(keys).and_then(Node::as_str)
}

fn name_of(object: &Node) -> Option<&str> {
    text_at(object, &["metadata", "name"])
}

/// Whether an object is of a kind that comes with Kubernetes.
fn is_core(object: &Node) -> bool {
    let group = group_of(object);
    !group.contains('.') || group.ends_with(".k8s.io") && group != "gateway.networking.k8s.io"
}

fn group_of(object: &Node) -> &str {
    text_at(object, &["apiVersion"]).and_then(|version| version.split_once('/')).map_or("", |(group, _)| group)
}

fn same_object(patch: &Node, object: &Node) -> bool {
    group_of(patch) == group_of(object)
        && text_at(patch, &["kind"]) == text_at(object, &["kind"])
        && name_of(patch) == name_of(object)
}

/// What a patch is aimed at. Its names are patterns for the whole name.
struct Target {
    group: Option<Pattern>,
    version: Option<Pattern>,
    kind: Option<Pattern>,
    name: Option<Pattern>,
    namespace: Option<Pattern>,
    labels: Vec<(String, Option<String>)>,
    annotations: Vec<(String, Option<String>)>,
}

struct Pattern {
    text: String,
    regex: Option<Regex>,
}

impl Target {
    fn selects(&self, object: &Node) -> bool {
        let version = text_at(object, &["apiVersion"]).unwrap_or_default();
        let version = version.rsplit('/').next().unwrap_or(version);
        let matches = |pattern: &Option<Pattern>, found: Option<&str>| {
            let found = found.unwrap_or_default();
            pattern.as_ref().is_none_or(|pattern| {
                found == pattern.text || pattern.regex.as_ref().is_some_and(|regex| regex.is_match(found))
            })
        };
        matches(&self.group, Some(group_of(object)))
            && matches(&self.version, Some(version))
            && matches(&self.kind, text_at(object, &["kind"]))
            && matches(&self.name, name_of(object))
            && matches(&self.namespace, text_at(object, &["metadata", "namespace"]))
            && selected(&self.labels, object.at(&["metadata", "labels"]))
            && selected(&self.annotations, object.at(&["metadata", "annotations"]))
    }
}

/// `a=b,c`: equality and presence, which is what patches use.
fn selector(target: &Node, key: &str) -> Vec<(String, Option<String>)> {
    let text = target.get(key).and_then(Node::as_str).unwrap_or_default();
    text.split(',')
        .filter(|part| !part.trim().is_empty())
        .map(|part| match part.split_once('=') {
            Some((name, wanted)) => (name.trim().to_owned(), Some(wanted.trim_start_matches('=').trim().to_owned())),
            None => (part.trim().to_owned(), None),
        })
        .collect()
}

fn selected(selector: &[(String, Option<String>)], found: Option<&Node>) -> bool {
    selector.iter().all(|(name, wanted)| {
        let value = found.and_then(|found| found.get(name)).and_then(Node::as_str);
        value.is_some() && (wanted.is_none() || value == wanted.as_deref())
    })
}

const CLUSTER_KINDS: [&str; 19] = [
    "APIService",
    "CSIDriver",
    "ClusterIssuer",
    "ClusterPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "CustomResourceDefinition",
    "GatewayClass",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

fn set_namespace(object: &mut Node, namespace: &Node) {
    let kind = text_at(object, &["kind"]).unwrap_or_default().to_owned();
    if CLUSTER_KINDS.contains(&kind.as_str()) {
        return;
    }
    let Some(metadata) = object.get_mut("metadata") else {
        return;
    };
    let key = if kind == "Namespace" { "name" } else { "namespace" };
    metadata.set(key, namespace.clone());
}

/// What a `List` of whatever kind holds, or the object itself.
fn listed(object: &Node) -> &[Node] {
    let items = object.get("items").filter(|items| matches!(items.content, Content::List(_)));
    match items {
        Some(items) if text_at(object, &["kind"]).is_some_and(|kind| kind.ends_with("List")) => items.items(),
        _ => std::slice::from_ref(object),
    }
}

/// Names and namespaces of the service accounts.
fn accounts(objects: &[Node]) -> BTreeSet<(String, String)> {
    objects
        .iter()
        .filter(|object| text_at(object, &["kind"]) == Some("ServiceAccount"))
        .map(|object| {
            let namespace = text_at(object, &["metadata", "namespace"]).unwrap_or_default();
            (name_of(object).unwrap_or_default().to_owned(), namespace.to_owned())
        })
        .collect()
}

/// Role bindings follow the accounts that move with them, and take `default` along. Whatever has such a name moves, as in
/// Kustomize: it doesn't ask for the kind of a subject.
fn bind(object: &mut Node, namespace: &Node, accounts: &BTreeSet<(String, String)>) {
    if !matches!(text_at(object, &["kind"]), Some("RoleBinding" | "ClusterRoleBinding")) {
        return;
    }
    let Some(Content::List(subjects)) = object.get_mut("subjects").map(|subjects| &mut subjects.content) else {
        return;
    };
    for subject in subjects {
        let name = text_at(subject, &["name"]).unwrap_or_default();
        let of = text_at(subject, &["namespace"]);
        let here = |(account, at): &(String, String)| account == name && of.is_none_or(|of| of == at);
        if name == "default" || accounts.iter().any(here) {
            subject.set("namespace", namespace.clone());
        }
    }
}

/// The ways to what a workload of a kind that comes with Kubernetes makes: its pods, and the jobs of a CronJob.
fn pod_metadata(object: &Node) -> &'static [&'static [&'static str]] {
    match text_at(object, &["kind"]) {
        Some("Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job") => {
            &[&["spec", "template"]]
        }
        Some("CronJob") => &[&["spec", "jobTemplate"], &["spec", "jobTemplate", "spec", "template"]],
        _ => &[],
    }
}

/// `labels` and `commonLabels`.
fn label(root: &Node, objects: &mut [Node]) {
    let mut sets: Vec<(&Node, bool, bool)> = Vec::new();
    if let Some(pairs) = root.get("commonLabels") {
        sets.push((pairs, true, true));
    }
    for entry in root.get("labels").map(Node::items).unwrap_or_default() {
        let flag = |key: &str| matches!(entry.get(key).map(|flag| &flag.content), Some(Content::Bool(true)));
        let selectors = flag("includeSelectors");
        if let Some(pairs) = entry.get("pairs") {
            sets.push((pairs, selectors, selectors || flag("includeTemplates")));
        }
    }
    for (pairs, selectors, templates) in sets {
        for object in objects.iter_mut() {
            let kind = text_at(object, &["kind"]).unwrap_or_default().to_owned();
            merge_at(object, &["metadata", "labels"], pairs, true);
            for path in pod_metadata(object).iter().filter(|_| templates) {
                merge_at(object, &[*path, &["metadata", "labels"]].concat(), pairs, true);
            }
            if selectors {
                match kind.as_str() {
                    "Service" => merge_at(object, &["spec", "selector"], pairs, true),
                    "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => {
                        merge_at(object, &["spec", "selector", "matchLabels"], pairs, true);
                    }
                    "PodDisruptionBudget" => merge_at(object, &["spec", "selector", "matchLabels"], pairs, false),
                    "NetworkPolicy" => merge_at(object, &["spec", "podSelector", "matchLabels"], pairs, false),
                    _ => {}
                }
            }
        }
    }
}

/// Merges keys into the map at the end of a path; makes the last parts of the path where `create` says so.
fn merge_at(object: &mut Node, keys: &[&str], pairs: &Node, create: bool) {
    let Some((key, rest)) = keys.split_first() else {
        for (name, value) in pairs.entries() {
            object.set(name, value.clone());
        }
        return;
    };
    if object.get(key).is_none() {
        // Never a template or a spec where there is none: only the maps of metadata and selectors.
        if !create || matches!(*key, "spec" | "template" | "jobTemplate") {
            return;
        }
        object.set(key, Node::new(pairs.spot.clone(), Content::Map(Vec::new())));
    }
    if let Some(inner) = object.get_mut(key) {
        merge_at(inner, rest, pairs, create);
    }
}
