//! What a Kustomize root renders, put together in memory.
//!
//! A base, a patch or a component alone is no object that a rule could judge: labels, the namespace and the image come
//! from the overlay. So the sources are rendered first, and every value keeps the file and line that it came from. This
//! is no second Kustomize: resources, components, patches (strategic and JSON), namespace, labels, annotations, images,
//! replicas and generated config maps are applied; whatever else a kustomization asks for is reported as not applied,
//! so that nothing counts as passed by silence. Hash suffixes of generated names are left out, since no rule needs them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex::Regex;

use super::patch::{self, Image};
use super::rendered::{Rendered, Root};
use crate::diag::{Diagnostic, Place};
use crate::document::{self, Content, Document, Format, Node, Spot};
use crate::tree::Tree;

/// How deep kustomizations may refer to each other.
const DEPTH_LIMIT: usize = 20;
/// How many objects one root may render.
const OBJECT_LIMIT: usize = 5_000;

/// Whether a path is that of a kustomization.
pub fn is_root(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization")
}

/// Renders every root: a `Kustomization` that no other one uses as a resource.
pub fn render(tree: &Tree) -> Rendered {
    let mut sources = Sources {
        tree,
        rendered: Rendered::default(),
        kustomizations: BTreeMap::new(),
        files: BTreeMap::new(),
        incomplete: false,
    };
    let paths: Vec<&str> = tree.iter().map(|(path, _)| path.as_str()).filter(|path| is_root(path)).collect();
    for path in paths {
        sources.rendered.claimed.insert(path.to_owned());
        if let Some(root) = sources.read(path).first() {
            sources.kustomizations.insert(folder(path).to_owned(), (path.to_owned(), root.clone()));
        }
    }
    let used: BTreeSet<String> = sources
        .kustomizations
        .iter()
        .flat_map(|(folder, (_, root))| {
            ["resources", "bases", "components"]
                .iter()
                .flat_map(|key| root.get(key).map(Node::items).unwrap_or_default())
                .filter_map(Node::as_str)
                .filter_map(|entry| join(folder, entry))
                .collect::<Vec<_>>()
        })
        .collect();
    let folders: Vec<String> = sources.kustomizations.keys().cloned().collect();
    // All are walked, so that a component that nobody uses still claims its files; only roots are kept.
    for folder in folders {
        let Some((path, root)) = sources.kustomizations.get(&folder).cloned() else {
            continue;
        };
        let component = root.get("kind").and_then(Node::as_str) == Some("Component");
        if component || used.contains(&folder) {
            sources.claim(&folder, &root);
            continue;
        }
        let before = sources.rendered.problems.len();
        sources.incomplete = false;
        let objects = sources.accumulate(&folder, Vec::new(), 0);
        let problems = sources.rendered.problems.split_off(before);
        let name: Arc<str> = Arc::from(path.as_str());
        let documents =
            objects.into_iter().map(|root| Document { path: name.clone(), format: Format::Yaml, root }).collect();
        let incomplete = sources.incomplete;
        sources.rendered.roots.push(Root { path, documents, problems, incomplete });
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
    kustomizations: BTreeMap<String, (String, Node)>,
    /// Documents of files that were read.
    files: BTreeMap<String, Vec<Node>>,
    /// Whether the root that is being put together lacks something.
    incomplete: bool,
}

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
    fn read(&mut self, path: &str) -> Vec<Node> {
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
        self.files.insert(path.to_owned(), nodes.clone());
        nodes
    }

    fn problem(&mut self, spot: &Spot, message: String) {
        let place = Place::line(&*spot.file, spot.line);
        self.rendered.problems.push(
            Diagnostic::warning(message)
                .place(place)
                .hint("the guardrails judge the objects without it; check what `kustomize build` renders, too"),
        );
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
    fn accumulate(&mut self, folder: &str, mut objects: Vec<Node>, depth: usize) -> Vec<Node> {
        let Some((path, root)) = self.kustomizations.get(folder).cloned() else {
            return objects;
        };
        if depth > DEPTH_LIMIT {
            self.problem(&root.spot, format!("`{path}` refers to itself, or too deep"));
            return objects;
        }
        self.claim(folder, &root);
        for (key, value) in root.entries() {
            if !KNOWN.contains(&key.as_str()) {
                self.problem(&value.spot, format!("`{key}` of this kustomization is not applied"));
            }
        }
        self.settings(folder, &root);
        for key in ["resources", "bases"] {
            for entry in root.get(key).map(Node::items).unwrap_or_default() {
                self.resource(folder, entry, &mut objects, depth);
            }
        }
        for entry in root.get("components").map(Node::items).unwrap_or_default() {
            match entry.as_str().and_then(|text| join(folder, text)) {
                Some(inner) if self.kustomizations.contains_key(&inner) => {
                    objects = self.accumulate(&inner, objects, depth + 1);
                }
                _ => self.missing(entry, "component"),
            }
        }
        self.generate(folder, &root, &mut objects);
        self.transform(folder, &root, &mut objects);
        objects.truncate(OBJECT_LIMIT);
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
        let name = entry.as_str().unwrap_or("?").to_owned();
        self.incomplete = true;
        self.problem(&entry.spot, format!("the {what} `{name}` is not in this tree, so it was not read"));
    }

    fn resource(&mut self, folder: &str, entry: &Node, objects: &mut Vec<Node>, depth: usize) {
        let Some(path) = entry.as_str().and_then(|text| join(folder, text)) else {
            self.missing(entry, "resource");
            return;
        };
        if self.kustomizations.contains_key(&path) {
            objects.extend(self.accumulate(&path, Vec::new(), depth + 1));
        } else if self.tree.get(&path).is_some() {
            objects.extend(self.read(&path));
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
                let mut data = map();
                for literal in generator.get("literals").map(Node::items).unwrap_or_default() {
                    if let Some((key, value)) = literal.as_str().and_then(|literal| literal.split_once('=')) {
                        let value = value.trim_matches(['"', '\'']).to_owned();
                        data.set(key, Node::new(literal.spot.clone(), Content::Str(value)));
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
                            let contents = String::from_utf8_lossy(&found.bytes).into_owned();
                            data.set(key, Node::new(file.spot.clone(), Content::Str(contents)));
                        }
                        None => self.missing(file, "file"),
                    }
                }
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
                    patch::merge(old, &change, true);
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
        }
        for key in ["patches", "patchesJson6902"] {
            for entry in root.get(key).map(Node::items).unwrap_or_default() {
                let patches = match (entry.get("patch"), entry.get("path")) {
                    (Some(inline), _) => self.inline(inline),
                    (None, Some(path)) => self.patch_file(folder, path),
                    (None, None) => Vec::new(),
                };
                self.apply(&patches, entry.get("target"), entry, objects);
            }
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
            let Some(name) = text("name") else { continue };
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

    fn patch_file(&mut self, folder: &str, entry: &Node) -> Vec<Node> {
        let path = entry.as_str().and_then(|text| join(folder, text));
        match path.filter(|path| self.tree.get(path).is_some()) {
            Some(path) => self.read(&path),
            None => {
                self.missing(entry, "patch");
                Vec::new()
            }
        }
    }

    /// A patch that is written into the kustomization. Its lines count from the line after the `|-`.
    fn inline(&mut self, entry: &Node) -> Vec<Node> {
        let text = entry.as_str().unwrap_or_default();
        let file = entry.spot.file.clone();
        let padded = format!("{}{text}", "\n".repeat(entry.spot.line));
        match document::read(&file, padded.as_bytes(), Format::Yaml) {
            Ok(documents) => documents.into_iter().map(|document| document.root).collect(),
            Err(found) => {
                self.rendered.problems.extend(found.0);
                Vec::new()
            }
        }
    }

    fn apply(&mut self, patches: &[Node], target: Option<&Node>, entry: &Node, objects: &mut Vec<Node>) {
        for change in patches {
            let json = matches!(change.content, Content::List(_));
            let mut met = false;
            let mut problems = Vec::new();
            objects.retain_mut(|object| {
                let meant = match target {
                    Some(target) => selects(target, object),
                    None => same_object(change, object),
                };
                if !meant {
                    return true;
                }
                met = true;
                if json {
                    problems.extend(patch::json_patch(object, change).err());
                    return true;
                }
                if change.get("$patch").and_then(Node::as_str) == Some("delete") {
                    return false;
                }
                let core = is_core(object);
                let name = object.at(&["metadata", "name"]).cloned();
                patch::merge(object, change, core);
                // With a target, the name in the patch is only a placeholder.
                if let (Some(name), Some(metadata)) = (name, object.get_mut("metadata")) {
                    metadata.set("name", name);
                }
                true
            });
            for problem in problems {
                self.problem(&entry.spot, format!("this patch does not apply: {problem}"));
            }
            if !met && target.is_none() {
                self.problem(&change.spot, "this patch meets no object".to_owned());
            }
        }
    }
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

/// Whether a patch's target means an object. Its names are patterns for the whole name.
fn selects(target: &Node, object: &Node) -> bool {
    let version = text_at(object, &["apiVersion"]).unwrap_or_default();
    let version = version.rsplit('/').next().unwrap_or(version);
    let matches = |key: &str, found: Option<&str>| match target.get(key).and_then(Node::as_str) {
        None | Some("") => true,
        Some(pattern) => {
            let found = found.unwrap_or_default();
            found == pattern || Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(found))
        }
    };
    matches("group", Some(group_of(object)))
        && matches("version", Some(version))
        && matches("kind", text_at(object, &["kind"]))
        && matches("name", name_of(object))
        && matches("namespace", text_at(object, &["metadata", "namespace"]))
        && selected(target, "labelSelector", object.at(&["metadata", "labels"]))
        && selected(target, "annotationSelector", object.at(&["metadata", "annotations"]))
}

/// `a=b,c`: equality and presence, which is what patches use.
fn selected(target: &Node, key: &str, found: Option<&Node>) -> bool {
    let Some(selector) = target.get(key).and_then(Node::as_str) else {
        return true;
    };
    selector.split(',').filter(|part| !part.trim().is_empty()).all(|part| {
        let (name, wanted) = match part.split_once('=') {
            Some((name, wanted)) => (name.trim(), Some(wanted.trim_start_matches('=').trim())),
            None => (part.trim(), None),
        };
        let value = found.and_then(|found| found.get(name)).and_then(Node::as_str);
        value.is_some() && (wanted.is_none() || value == wanted)
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
