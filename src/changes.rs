//! What an operation is about to do to files, in a form to show.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use similar::{DiffOp, TextDiff};

use crate::tree::Tree;

/// How long lines are compared for the shortest difference; after that any will do. Only files of ten thousands of lines
/// that have nothing in common come near it.
const PATIENCE: Duration = Duration::from_secs(1);

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

/// One side of a file that changes.
#[derive(Clone, Debug)]
pub struct Version<'a> {
    /// Its path.
    pub path: &'a str,
    /// Its mode, as git writes it.
    pub mode: u32,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The change of a file as `git diff` shows it, so that `git apply` takes it; binary files are only named. Nothing where
/// there is no file on either side.
pub fn unified(before: Option<&Version>, after: Option<&Version>) -> String {
    let Some(any) = after.or(before) else { return String::new() };
    let (old, new) = (before.unwrap_or(any), after.unwrap_or(any));
    let mut out = format!("diff --git {} {}\n", quoted("a/", old.path), quoted("b/", new.path));
    match (before, after) {
        (None, Some(new)) => drop(writeln!(out, "new file mode {:o}", new.mode)),
        (Some(old), None) => drop(writeln!(out, "deleted file mode {:o}", old.mode)),
        _ => {
            if old.mode != new.mode {
                let _ = write!(out, "old mode {:o}\nnew mode {:o}\n", old.mode, new.mode);
            }
            if old.path != new.path {
                let _ = write!(out, "rename from {}\nrename to {}\n", quoted("", old.path), quoted("", new.path));
            }
        }
    }
    let bytes = |version: Option<&Version>| version.map(|version| version.bytes.clone()).unwrap_or_default();
    let (from, to) = (bytes(before), bytes(after));
    if from == to {
        return out;
    }
    let name = |side: &str, version: Option<&Version>| {
        version.map_or_else(|| "/dev/null".to_owned(), |version| quoted(side, version.path))
    };
    let (from_name, to_name) = (name("a/", before), name("b/", after));
    let (Some(from), Some(to)) = (text(&from), text(&to)) else {
        let _ = writeln!(out, "Binary files {from_name} and {to_name} differ");
        return out;
    };
    let _ = write!(out, "{}", compared(from, to).unified_diff().header(&from_name, &to_name));
    out
}

/// How much two texts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Lines that only the second has.
    pub added: usize,
    /// Lines that only the first has.
    pub removed: usize,
    /// The first line of the second that differs, counted from 1: its last line where only later ones are gone.
    pub first: Option<usize>,
}

/// Counts the lines in which two files differ; nothing where one of them is no text.
pub fn difference(before: &[u8], after: &[u8]) -> Option<Difference> {
    let (before, after) = (text(before)?, text(after)?);
    let mut found = Difference { added: 0, removed: 0, first: None };
    let diff = compared(before, after);
    for op in diff.ops().iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        found.removed += op.old_range().len();
        found.added += op.new_range().len();
        let line = op.new_range().start + 1;
        found.first.get_or_insert(line.min(after.lines().count().max(1)));
    }
    Some(found)
}

fn compared<'t>(before: &'t str, after: &'t str) -> TextDiff<'t, 't, str> {
    TextDiff::configure().timeout(PATIENCE).diff_lines(before, after)
}

/// The text of a file that git, too, would take for one.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// A path as git writes it in a diff.
fn quoted(side: &str, path: &str) -> String {
    let plain = |c: char| !c.is_control() && c != '"' && c != '\\' && c.is_ascii();
    if path.chars().all(plain) {
        return format!("{side}{path}");
    }
    let mut out = format!("\"{side}");
    for byte in path.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => drop(write!(out, "\\{byte:03o}")),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{File, TreePath};

    #[test]
    fn lines_that_differ_are_counted() {
        let counted = |before: &str, after: &str| {
            let found = difference(before.as_bytes(), after.as_bytes()).unwrap();
            (found.added, found.removed, found.first)
        };
        assert_eq!(counted("a\nb\n", "a\nb\n"), (0, 0, None));
        assert_eq!(counted("a\nb\nc\n", "a\nx\ny\nc\n"), (2, 1, Some(2)));
        assert_eq!(counted("a\nb\n", "a\n"), (0, 1, Some(1)));
        assert_eq!(counted("a\n", ""), (0, 1, Some(1)));
        assert_eq!(difference(b"a", b"\0"), None);
    }

    #[test]
    fn texts_without_anything_in_common_are_compared_in_bounded_time() {
        let text = |mark: &str| (0..200_000).map(|n| format!("{mark}{n}\n")).collect::<String>();
        let start = std::time::Instant::now();
        let found = difference(text("a").as_bytes(), text("b").as_bytes()).unwrap();
        assert_eq!((found.added, found.removed), (200_000, 200_000));
        assert!(start.elapsed() < 30 * PATIENCE, "{:?}", start.elapsed());
    }

    #[test]
    fn an_outline_shows_each_folder_once() {
        let mut tree = Tree::new();
        for path in ["a/b/c.txt", "a/b/d.txt", "e.txt"] {
            tree.insert(TreePath::new(path).unwrap(), File::regular("")).unwrap();
        }
        assert_eq!(outline(&tree, |_| "x".to_owned()), "a/b/\n  c.txt  x\n  d.txt  x\ne.txt    x\n");
    }
}
