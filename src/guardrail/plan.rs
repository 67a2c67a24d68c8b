//! Terraform plans: values stand in one line of JSON that nobody edits, so they are traced back to the blocks that gave them.
//!
//! A plan (`terraform show -json`) doesn't say where its configuration lies. It is the folder of the plan, or the folder of
//! the tree that calls the same modules and declares the same resources; modules are followed through their local sources.

use std::collections::BTreeMap;

use crate::document::{Content, Document, Node, Spot};

/// Whether a document is a plan.
pub(super) fn is_plan(root: &Node) -> bool {
    root.get("planned_values").is_some() && root.get("format_version").is_some()
}

/// Traces the planned resources of a plan to the configuration among some documents. What finds no block keeps its place in
/// the plan.
pub(super) fn trace(plan: &mut Document, sources: &[&Document]) {
    let mut folders: BTreeMap<&str, Vec<&Node>> = BTreeMap::new();
    for source in sources {
        folders.entry(folder(&source.path)).or_default().push(&source.root);
    }
    let configuration = plan.root.at(&["configuration", "root_module"]).cloned();
    let Some(root) = root_folder(plan, configuration.as_ref(), &folders) else { return };
    let planned = plan.root.get_mut("planned_values").and_then(|values| values.get_mut("root_module"));
    if let Some(planned) = planned {
        of_module(planned, configuration.as_ref(), &root, &folders);
    }
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The folder whose files declare what the plan's root module has.
fn root_folder(plan: &Document, configuration: Option<&Node>, folders: &BTreeMap<&str, Vec<&Node>>) -> Option<String> {
    let declares = |files: &[&Node]| {
        let calls = configuration.and_then(|root| root.get("module_calls")).map(Node::entries).unwrap_or_default();
        let resources =
            plan.root.at(&["planned_values", "root_module", "resources"]).map(Node::items).unwrap_or_default();
        let has = |keys: &[&str]| files.iter().any(|file| file.at(keys).is_some());
        let names = resources.iter().filter(|resource| text(resource, "mode") == Some("managed"));
        (!calls.is_empty() || !resources.is_empty())
            && calls.iter().all(|(name, _)| has(&["module", name]))
            && names.into_iter().all(|it| match (text(it, "type"), text(it, "name")) {
                (Some(kind), Some(name)) => has(&["resource", kind, name]),
                _ => false,
            })
    };
    let own = folder(&plan.path);
    let candidates = folders.iter().filter(|(_, files)| declares(files)).map(|(folder, _)| *folder);
    candidates.min_by_key(|folder| (*folder != own, *folder)).map(str::to_owned)
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::as_str)
}

fn of_module(planned: &mut Node, configuration: Option<&Node>, folder: &str, folders: &BTreeMap<&str, Vec<&Node>>) {
    let files = folders.get(folder).map(Vec::as_slice).unwrap_or_default();
    if let Some(Content::List(resources)) = planned.get_mut("resources").map(|node| &mut node.content) {
        for resource in resources {
            let block = match (text(resource, "type"), text(resource, "name")) {
                (Some(kind), Some(name)) => files.iter().find_map(|file| file.at(&["resource", kind, name])),
                _ => None,
            };
            // A block is a list of one below its labels.
            let block = block.and_then(|block| block.items().first().or(Some(block)));
            if let (Some(block), Some(values)) = (block, resource.get_mut("values")) {
                settle(values, Some(block), &block.spot);
            }
        }
    }
    if let Some(Content::List(modules)) = planned.get_mut("child_modules").map(|node| &mut node.content) {
        for module in modules {
            // `module.a["x"].module.b[0]` is an instance of the call `b`.
            let address = text(module, "address").unwrap_or_default();
            let call = address.rsplit_once("module.").map_or("", |(_, last)| last.split('[').next().unwrap_or(last));
            let called = configuration.and_then(|root| root.at(&["module_calls", call]));
            let source = called.and_then(|called| text(called, "source")).unwrap_or_default();
            if let Some(inner) = join(folder, source) {
                of_module(module, called.and_then(|called| called.get("module")), &inner, folders);
            }
        }
    }
}

/// The folder that a local source leads to; sources from elsewhere are not in the tree.
fn join(folder: &str, source: &str) -> Option<String> {
    if !source.starts_with("./") && !source.starts_with("../") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in source.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Gives values the places of the settings that they came from; what has none stands where its surroundings do.
fn settle(value: &mut Node, source: Option<&Node>, around: &Spot) {
    value.spot = source.map_or(around, |source| &source.spot).clone();
    let spot = value.spot.clone();
    match &mut value.content {
        Content::Map(entries) => {
            for (key, value) in entries {
                settle(value, source.and_then(|source| source.get(key)), &spot);
            }
        }
        Content::List(items) => {
            let sources = source.map(Node::items).unwrap_or_default();
            for (index, item) in items.iter_mut().enumerate() {
                settle(item, sources.get(index), &spot);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Format, read};

    const PLAN: &str = r#"{"format_version": "1.2", "planned_values": {"root_module": {"resources": [
        {"address": "aws_s3_bucket.logs", "mode": "managed", "type": "aws_s3_bucket", "name": "logs", "values": {"bucket": "b"}}],
        "child_modules": [{"address": "module.db[\"x\"]", "resources": [{"address": "module.db[\"x\"].aws_db_instance.this",
        "mode": "managed", "type": "aws_db_instance", "name": "this", "values": {"storage_encrypted": false, "port": 5432}}]}]}},
        "configuration": {"root_module": {"module_calls": {"db": {"source": "../../modules/db", "module": {}}}}}}"#;

    fn document(path: &str, text: &str) -> Document {
        read(path, text.as_bytes(), Format::of(path).unwrap()).unwrap().remove(0)
    }

    #[test]
    fn planned_values_stand_where_their_settings_do() {
        let sources = [
            document(
                "infra/prod/main.tf",
                "module \"db\" {\n  source = \"../../modules/db\"\n}\nresource \"aws_s3_bucket\" \"logs\" {\n  bucket = var.name\n}\n",
            ),
            document("infra/dev/main.tf", "module \"db\" {\n  source = \"../../modules/db\"\n}\n"),
            document(
                "modules/db/main.tf",
                "\nresource \"aws_db_instance\" \"this\" {\n  storage_encrypted = var.encrypted\n}\n",
            ),
        ];
        for path in ["plan.json", "infra/prod/plan.json"] {
            let mut plan = document(path, PLAN);
            trace(&mut plan, &sources.iter().collect::<Vec<_>>());
            let root = plan.root.at(&["planned_values", "root_module"]).unwrap();
            let place = |node: &Node| format!("{}:{}", node.spot.file, node.spot.line);
            assert_eq!(
                place(root.get("resources").unwrap().items()[0].at(&["values", "bucket"]).unwrap()),
                "infra/prod/main.tf:5"
            );
            let values = root.get("child_modules").unwrap().items()[0].get("resources").unwrap().items()[0]
                .get("values")
                .unwrap();
            assert_eq!(place(values.get("storage_encrypted").unwrap()), "modules/db/main.tf:3");
            assert_eq!(place(values.get("port").unwrap()), "modules/db/main.tf:2");
        }
    }

    #[test]
    fn a_plan_of_something_else_keeps_its_own_places() {
        let mut plan = document("plan.json", PLAN);
        let before = plan.clone();
        trace(&mut plan, &[&document("infra/other/main.tf", "resource \"x\" \"y\" {}\n")]);
        assert_eq!(plan, before);
    }
}
