//! What must hold whatever a file says.

use goldpath::document::{self, Content, Document, Format, Node};
use goldpath::tree::{File, Tree, TreePath};

/// Reads a file and checks what a reader promises: every place is in the file, and every problem has a place and a text.
pub fn read(path: &str, bytes: &[u8], format: Format) -> Option<Vec<Document>> {
    let lines = lines(bytes);
    match document::read(path, bytes, format) {
        Ok(documents) => {
            documents.iter().for_each(|document| placed(&document.root, lines));
            Some(documents)
        }
        Err(problems) => {
            assert!(problems.has_errors());
            for problem in &problems.0 {
                let place = problem.place.as_ref().expect("a place");
                assert_eq!(place.file, path);
                assert!(place.line.is_none_or(|line| (1..=lines + 1).contains(&line)), "{place} of {lines} lines");
                assert!(!problem.message.is_empty());
            }
            None
        }
    }
}

/// How many lines a file has, as editors count them.
fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count() + 1
}

fn placed(node: &Node, lines: usize) {
    assert!((1..=lines).contains(&node.spot.line), "line {} of {lines}", node.spot.line);
    match &node.content {
        Content::List(items) => items.iter().for_each(|item| placed(item, lines)),
        Content::Map(entries) => entries.iter().for_each(|(_, value)| placed(value, lines)),
        _ => {}
    }
}

/// A tree of files; paths that no tree takes are left out.
pub fn tree<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Tree {
    let mut tree = Tree::new();
    for (path, bytes) in files {
        if let Ok(path) = TreePath::new(path) {
            let _ = tree.insert(path, File::regular(bytes));
        }
    }
    tree
}

/// The parts of an input, which a line of `====` separates.
pub fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n====\n")
}

/// Whether two values are the same, but for the last digit of a number: serde_json rounds its own way.
pub fn same(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (a, b) {
        (Number(a), Number(b)) => {
            let (a, b) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
            a == b || (a - b).abs() <= 1e-14 * a.abs().max(b.abs())
        }
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Object(a), Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}
