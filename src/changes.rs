//! What an operation is about to do to files, in a form to show.

use std::collections::BTreeMap;

use crate::tree::Tree;

/// A folder of an outline.
#[derive(Default)]
struct Folder<'t> {
    folders: BTreeMap<&'t str, Folder<'t>>,
    files: Vec<&'t str>,
}

/// Draws a tree: folders with their files, indented, with a note behind each file.
pub fn outline(tree: &Tree, note: impl Fn(&str) -> String) -> String {
    let mut root = Folder::default();
    for (path, _) in tree.iter() {
        let mut folder = &mut root;
        let mut parts = path.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                folder.files.push(path.as_str());
            } else {
                folder = folder.folders.entry(part).or_default();
            }
        }
    }
    let mut lines = Vec::new();
    draw(&root, 0, &mut lines);
    let width = lines.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (text, path) in lines {
        out.push_str(&text);
        if let Some(path) = path {
            let note = note(path);
            if !note.is_empty() {
                out.extend(std::iter::repeat_n(' ', width - text.chars().count() + 2));
                out.push_str(&note);
            }
        }
        out.push('\n');
    }
    out
}

fn draw<'t>(folder: &Folder<'t>, depth: usize, lines: &mut Vec<(String, Option<&'t str>)>) {
    let indentation = "  ".repeat(depth);
    for (name, inner) in &folder.folders {
        // A folder with nothing but one folder in it shares its line.
        let (mut name, mut inner) = ((*name).to_owned(), inner);
        while let (0, 1, Some((next, deeper))) =
            (inner.files.len(), inner.folders.len(), inner.folders.first_key_value())
        {
            name = format!("{name}/{next}");
            inner = deeper;
        }
        lines.push((format!("{indentation}{name}/"), None));
        draw(inner, depth + 1, lines);
    }
    for path in &folder.files {
        let name = path.rsplit('/').next().unwrap_or(path);
        lines.push((format!("{indentation}{name}"), Some(path)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{File, TreePath};

    #[test]
    fn an_outline_shows_each_folder_once() {
        let mut tree = Tree::new();
        for path in ["a/b/c.txt", "a/b/d.txt", "e.txt"] {
            tree.insert(TreePath::new(path).unwrap(), File::regular("")).unwrap();
        }
        assert_eq!(outline(&tree, |_| "x".to_owned()), "a/b/\n  c.txt  x\n  d.txt  x\ne.txt    x\n");
    }
}
