//! How Kustomize changes an object: strategic merge, JSON patch and image substitution, on values that keep their places.

use crate::document::{Content, Node, Spot};

/// Applies a strategic merge patch. `core` says whether the object is of a kind whose lists merge by key; the lists of
/// custom resources are replaced.
pub(super) fn merge(target: &mut Node, patch: &Node, core: bool) {
    let Content::Map(changes) = &patch.content else {
        *target = patch.clone();
        return;
    };
    if patch.get("$patch").and_then(Node::as_str) == Some("replace") || !matches!(target.content, Content::Map(_)) {
        *target = without_directives(patch);
        return;
    }
    for (key, change) in changes {
        if key.starts_with("$patch") || key.starts_with("$setElementOrder") || key.starts_with("$retainKeys") {
            continue;
        }
        if change.content == Content::Null || directive(change) == Some("delete") {
            target.remove(key);
            continue;
        }
        match (target.get_mut(key), &change.content) {
            (Some(old), Content::Map(_)) => merge(old, change, core),
            (Some(old), Content::List(_)) => match merge_key(key, old, change).filter(|_| core) {
                Some(by) => merge_list(old, change, by),
                None => *old = without_directives(change),
            },
            _ => target.set(key, without_directives(change)),
        }
    }
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

fn merge_list(old: &mut Node, change: &Node, key: &str) {
    let Content::List(items) = &mut old.content else { return };
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
                merge(&mut old, item, true);
                first.push(old);
            }
            (None, _) => first.push(without_directives(item)),
        }
    }
    items.splice(0..0, first);
}

/// Applies a JSON patch (RFC 6902).
///
/// # Errors
/// The operation that doesn't fit the object, in words.
pub(super) fn json_patch(target: &mut Node, operations: &Node) -> Result<(), String> {
    for operation in operations.items() {
        let text = |key: &str| operation.get(key).and_then(Node::as_str);
        let path = text("path").ok_or("an operation has no path")?;
        let steps = pointer(path);
        match (text("op"), operation.get("value")) {
            (Some("add"), Some(value)) => add(target, &steps, value.clone()).ok_or_else(|| missing(path))?,
            (Some("replace"), Some(value)) => {
                let old = find(target, &steps).ok_or_else(|| missing(path))?;
                let mut value = value.clone();
                // A replaced value stands where the patch says it.
                std::mem::swap(old, &mut value);
            }
            (Some("remove"), _) => {
                take(target, &steps).ok_or_else(|| missing(path))?;
            }
            (Some("move"), _) => {
                let from = text("from").ok_or("a move has no from")?;
                let value = take(target, &pointer(from)).ok_or_else(|| missing(from))?;
                add(target, &steps, value).ok_or_else(|| missing(path))?;
            }
            (Some("copy"), _) => {
                let from = text("from").ok_or("a copy has no from")?;
                let value = find(target, &pointer(from)).ok_or_else(|| missing(from))?.clone();
                add(target, &steps, value).ok_or_else(|| missing(path))?;
            }
            (Some("test"), Some(value)) => {
                if find(target, &steps).map(|found| found.to_json()) != Some(value.to_json()) {
                    return Err(format!("the test of `{path}` fails"));
                }
            }
            (operation, _) => {
                return Err(format!("the operation `{}` is not known", operation.unwrap_or_default()));
            }
        }
    }
    Ok(())
}

fn missing(path: &str) -> String {
    format!("there is no `{path}`")
}

fn pointer(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

fn find<'n>(node: &'n mut Node, steps: &[String]) -> Option<&'n mut Node> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(node);
    };
    let inner = match &mut node.content {
        Content::Map(entries) => entries.iter_mut().find(|(key, _)| key == step).map(|(_, value)| value)?,
        Content::List(items) => items.get_mut(step.parse::<usize>().ok()?)?,
        _ => return None,
    };
    find(inner, rest)
}

fn add(node: &mut Node, steps: &[String], value: Node) -> Option<()> {
    let Some((last, parents)) = steps.split_last() else {
        *node = value;
        return Some(());
    };
    let parent = find(node, parents)?;
    match &mut parent.content {
        Content::Map(_) => parent.set(last, value),
        Content::List(items) if last == "-" => items.push(value),
        Content::List(items) => {
            let at = last.parse::<usize>().ok().filter(|at| *at <= items.len())?;
            items.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn take(node: &mut Node, steps: &[String]) -> Option<Node> {
    let (last, parents) = steps.split_last()?;
    let parent = find(node, parents)?;
    match &mut parent.content {
        Content::Map(_) => parent.remove(last),
        Content::List(items) => {
            let at = last.parse::<usize>().ok().filter(|at| *at < items.len())?;
            Some(items.remove(at))
        }
        _ => None,
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
