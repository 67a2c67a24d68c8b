//! Prints what each kustomization of a folder renders, put together in memory: the side that `scripts/agreement` compares
//! with `kubectl kustomize`.
//!
//! `cargo run --example render -- FOLDER` prints a JSON list of roots, each with its path, objects and problems.

use std::error::Error;
use std::path::Path;

use goldpath::guardrail::kustomize;
use goldpath::tree::{File, Tree, TreePath};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: render FOLDER")?;
    let rendered = kustomize::render(&read(Path::new(&folder))?);
    let roots: Vec<_> = rendered
        .roots
        .iter()
        .map(|root| {
            serde_json::json!({
                "path": root.path,
                "objects": root.documents.iter().map(|document| document.value()).collect::<Vec<_>>(),
                "problems": root.problems,
            })
        })
        .collect();
    println!("{}", serde_json::to_string(&roots)?);
    Ok(())
}

fn read(folder: &Path) -> Result<Tree, Box<dyn Error>> {
    let mut tree = Tree::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry?;
        if !entry.file_type().is_file() || entry.path().components().any(|part| part.as_os_str() == ".git") {
            continue;
        }
        let Some(Ok(path)) = entry.path().strip_prefix(folder)?.to_str().map(TreePath::new) else { continue };
        // Only what a kustomization could name: text.
        let bytes = std::fs::read(entry.path())?;
        if bytes.len() < 4 << 20 && tree.insert(path, File::regular(bytes)).is_err() {
            continue;
        }
    }
    Ok(tree)
}
