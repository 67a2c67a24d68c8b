//! How Kustomize changes an object: strategic merge, JSON patch and image substitution, on values that keep their places.

use crate::document::{Content, Node, Spot};

/// Deepest that an object may become.
const DEPTH_LIMIT: usize = 128;

/// What putting objects together may still take: a few lines of patches can ask for any amount of both.
#[derive(Debug)]
pub(super) struct Budget {
    /// Values that may still be made.
    pub values: usize,
    /// Values that may still be looked at.
    pub steps: usize,
}

impl Budget {
    /// Takes values, which a patch or a resource copies.
    pub(super) fn make(&mut self, values: usize) -> Result<(), String> {
        self.values = self.values.checked_sub(values).ok_or("it makes more values than are put together in memory")?;
        self.look(values)
    }

    /// Takes steps.
    pub(super) fn look(&mut self, steps: usize) -> Result<(), String> {
        self.steps = self.steps.checked_sub(steps).ok_or("it takes more steps than are taken")?;
        Ok(())
    }
}

/// Applies a strategic merge patch. `core` says whether the object is of a kind whose lists merge by key; the lists of
/// custom resources are replaced.
///
/// # Errors
/// Where it would take too much.
pub(super) fn merge(target: &mut Node, patch: &Node, core: bool, budget: &mut Budget) -> Result<(), String> {
    let Content::Map(changes) = &patch.content else {
        *target = patch.clone();
        return Ok(());
    };
    if patch.get("$patch").and_then(Node::as_str) == Some("replace") || !matches!(target.content, Content::Map(_)) {
        *target = without_directives(patch);
        return Ok(());
    }
    // Every key is searched for.
    budget.look(changes.len().saturating_mul(target.entries().len() + 1))?;
    for (key, change) in changes {
        if key.starts_with("$patch") || key.starts_with("$setElementOrder") || key.starts_with("$retainKeys") {
            continue;
        }
        if change.content == Content::Null || directive(change) == Some("delete") {
            target.remove(key);
            continue;
        }
        match (target.get_mut(key), &change.content) {
            (Some(old), Content::Map(_)) => merge(old, change, core, budget)?,
            (Some(old), Content::List(_)) => match merge_key(key, old, change).filter(|_| core) {
                Some(by) => merge_list(old, change, by, budget)?,
                None => *old = without_directives(change),
            },
            _ => target.set(key, without_directives(change)),
        }
    }
    Ok(())
}

fn directive(node: &Node) -> Option<&str> {
    node.get("$patch").and_then(Node::as_str)
}

fn without_directives(node: &Node) -> Node {
    let content = match &node.content {
        Content::Map(entries) => Content::Map(
            entries
                .iter()
                .filter(|(key, value)| !key.starts_with("$patch") && value.content != Content::Null)
                .map(|(key, value)| (key.clone(), without_directives(value)))
                .collect(),
        ),
        Content::List(items) => Content::List(items.iter().map(without_directives).collect()),
        other => other.clone(),
    };
    Node::new(node.spot.clone(), content)
}

/// The field that tells the items of a list of a built-in kind apart, as the Kubernetes API defines it.
fn merge_key(list: &str, old: &Node, change: &Node) -> Option<&'static str> {
    let candidates: &[&'static str] = match list {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims" => &["name"],
        "ports" => &["containerPort", "port"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "topologySpreadConstraints" => &["topologyKey"],
        "hostAliases" => &["ip"],
        "conditions" => &["type"],
        _ => return None,
    };
    candidates.iter().copied().find(|key| {
        let mut items = old.items().iter().chain(change.items()).peekable();
        items.peek().is_some() && items.all(|item| item.get(key).is_some() || item.get("$patch").is_some())
    })
}

fn merge_list(old: &mut Node, change: &Node, key: &str, budget: &mut Budget) -> Result<(), String> {
    let Content::List(items) = &mut old.content else { return Ok(()) };
    // Every item is searched for, among those that come with the patch as well.
    budget.look(change.items().len().saturating_mul(items.len() + change.items().len()))?;
    if change.items().iter().any(|item| directive(item) == Some("replace")) {
        items.clear();
    }
    // What a patch names stands first and in its order, whether it was there or not: so Kustomize does it.
    let mut first: Vec<Node> = Vec::new();
    for item in change.items() {
        let Some(name) = item.get(key).map(|name| &name.content) else {
            continue;
        };
        let at = items.iter().position(|old| old.get(key).is_some_and(|old| old.content == *name));
        let old = at.map(|at| items.remove(at));
        match (old, directive(item)) {
            (_, Some("delete")) => {}
            (Some(mut old), _) => {
                merge(&mut old, item, true, budget)?;
                first.push(old);
            }
            (None, _) => first.push(without_directives(item)),
        }
    }
    items.splice(0..0, first);
    Ok(())
}

/// Applies a JSON patch (RFC 6902).
///
/// # Errors
/// The operation that doesn't fit the object or takes too much, in words. Those before it were applied.
pub(super) fn json_patch(target: &mut Node, operations: &Node, budget: &mut Budget) -> Result<(), String> {
    for operation in operations.items() {
        let text = |key: &str| operation.get(key).and_then(Node::as_str);
        let path = text("path").ok_or("an operation has no path")?;
        let steps = pointer(path);
        budget.look(steps.len() + 1)?;
        if steps.len() > DEPTH_LIMIT {
            return Err(format!("a path leads more than {DEPTH_LIMIT} levels deep"));
        }
        match (text("op"), operation.get("value")) {
            (Some("add"), Some(value)) => {
                budget.make(value.values())?;
                add(target, &steps, value.clone(), budget)?.ok_or_else(|| missing(path))?;
            }
            (Some("replace"), Some(value)) => {
                budget.make(value.values())?;
                let old = find(target, &steps, budget)?.ok_or_else(|| missing(path))?;
                // A replaced value stands where the patch says it.
                *old = fits(value.clone(), &steps)?;
            }
            (Some("remove"), _) => {
                take(target, &steps, budget)?.ok_or_else(|| missing(path))?;
            }
            (Some("move"), _) => {
                let from = text("from").ok_or("a move has no from")?;
                let value = take(target, &pointer(from), budget)?.ok_or_else(|| missing(from))?;
                budget.look(value.values())?;
                add(target, &steps, value, budget)?.ok_or_else(|| missing(path))?;
            }
            (Some("copy"), _) => {
                let from = text("from").ok_or("a copy has no from")?;
                let value = find(target, &pointer(from), budget)?.ok_or_else(|| missing(from))?;
                budget.make(value.values())?;
                let value = value.clone();
                add(target, &steps, value, budget)?.ok_or_else(|| missing(path))?;
            }
            (Some("test"), Some(value)) => {
                let found = find(target, &steps, budget)?;
                budget.look(value.values() + found.as_ref().map_or(0, |found| found.values()))?;
                if found.map(|found| found.to_json()) != Some(value.to_json()) {
                    return Err(format!("the test of `{}` fails", short(path)));
                }
            }
            (operation, _) => {
                let operation = short(operation.unwrap_or_default());
                return Err(format!("the operation `{operation}` is not known, or has no value"));
            }
        }
    }
    Ok(())
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

fn missing(path: &str) -> String {
    format!("there is no `{}`", short(path))
}

fn pointer(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

fn find<'n>(node: &'n mut Node, steps: &[String], budget: &mut Budget) -> Result<Option<&'n mut Node>, String> {
    let mut found = node;
    for step in steps {
        let inner = match &mut found.content {
            Content::Map(entries) => {
                budget.look(entries.len())?;
                entries.iter_mut().find(|(key, _)| key == step).map(|(_, value)| value)
            }
            Content::List(items) => index(step).and_then(|at| items.get_mut(at)),
            _ => None,
        };
        match inner {
            Some(inner) => found = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// An index as RFC 6901 writes it: no sign, no leading zero.
fn index(step: &str) -> Option<usize> {
    let plain = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    if plain { step.parse().ok() } else { None }
}

/// A value that does not make the object too deep where it goes.
fn fits(value: Node, steps: &[String]) -> Result<Node, String> {
    if value.depth() + steps.len() > DEPTH_LIMIT {
        return Err(format!("the object becomes more than {DEPTH_LIMIT} levels deep"));
    }
    Ok(value)
}

fn add(node: &mut Node, steps: &[String], value: Node, budget: &mut Budget) -> Result<Option<()>, String> {
    let value = fits(value, steps)?;
    let Some((last, parents)) = steps.split_last() else {
        *node = value;
        return Ok(Some(()));
    };
    let Some(parent) = find(node, parents, budget)? else { return Ok(None) };
    match &mut parent.content {
        Content::Map(entries) => {
            budget.look(entries.len())?;
            parent.set(last, value);
        }
        Content::List(items) if last == "-" => items.push(value),
        Content::List(items) => {
            let Some(at) = index(last).filter(|at| *at <= items.len()) else { return Ok(None) };
            // All that follow move.
            budget.look(items.len())?;
            items.insert(at, value);
        }
        _ => return Ok(None),
    }
    Ok(Some(()))
}

fn take(node: &mut Node, steps: &[String], budget: &mut Budget) -> Result<Option<Node>, String> {
    let Some((last, parents)) = steps.split_last() else { return Ok(None) };
    let Some(parent) = find(node, parents, budget)? else { return Ok(None) };
    match &mut parent.content {
        Content::Map(entries) => {
            budget.look(entries.len())?;
            Ok(parent.remove(last))
        }
        Content::List(items) => {
            let Some(at) = index(last).filter(|at| *at < items.len()) else { return Ok(None) };
            budget.look(items.len())?;
            Ok(Some(items.remove(at)))
        }
        _ => Ok(None),
    }
}

/// What Kustomize's `images` says about one image.
pub(super) struct Image<'a> {
    pub name: &'a str,
    pub new_name: Option<&'a str>,
    pub new_tag: Option<&'a str>,
    pub digest: Option<&'a str>,
    /// Where the last of these stands.
    pub spot: &'a Spot,
}

/// Puts an image's new name, tag or digest into every container of an object.
pub(super) fn substitute(node: &mut Node, image: &Image<'_>) {
    match &mut node.content {
        Content::Map(entries) => {
            for (key, value) in entries {
                if matches!(key.as_str(), "containers" | "initContainers" | "ephemeralContainers")
                    && let Content::List(containers) = &mut value.content
                {
                    for container in containers {
                        if let Some(found) = container.get_mut("image") {
                            rename(found, image);
                        }
                    }
                } else {
                    substitute(value, image);
                }
            }
        }
        Content::List(items) => items.iter_mut().for_each(|item| substitute(item, image)),
        _ => {}
    }
}

fn rename(found: &mut Node, image: &Image<'_>) {
    let Some(text) = found.as_str() else { return };
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    let (name, tag) = match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (rest, None),
    };
    if name != image.name {
        return;
    }
    let name = image.new_name.unwrap_or(name);
    let text = match (image.new_tag, image.digest) {
        (Some(tag), Some(digest)) => format!("{name}:{tag}@{digest}"),
        (None, Some(digest)) => format!("{name}@{digest}"),
        (Some(tag), None) => format!("{name}:{tag}"),
        (None, None) => match (tag, digest) {
            (Some(tag), Some(digest)) => format!("{name}:{tag}@{digest}"),
            (None, Some(digest)) => format!("{name}@{digest}"),
            (Some(tag), None) => format!("{name}:{tag}"),
            (None, None) => name.to_owned(),
        },
    };
    *found = Node::new(image.spot.clone(), Content::Str(text));
}
