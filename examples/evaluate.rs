//! Judges a directory by a directory of policies and prints what was found: the in-process side of the comparison with
//! conftest (`scripts/judges/parity.py`).
//!
//! `cargo run --example evaluate -- DIR [--policies blueprints/policies] [--output text|json] [--today YYYY-MM-DD]`

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use goldpath::guardrail::{Date, Exceptions, Library};
use goldpath::tree::{File, Tree, TreePath};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut directory = None;
    let mut policies = "blueprints/policies".to_owned();
    let mut output = "text".to_owned();
    let mut today = "2026-11-24".to_owned();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--policies" => policies = value()?,
            "--output" => output = value()?,
            "--today" => today = value()?,
            _ => directory = Some(argument),
        }
    }
    let directory = directory.ok_or("name a directory")?;
    let today = Date::parse(&today).ok_or("--today is not a day")?;
    let start = Instant::now();
    let library = Library::load(&read(Path::new(&policies))?)?;
    let loaded = start.elapsed();
    let tree = read(Path::new(&directory))?;
    let exceptions = match tree.get("policy/exceptions.yaml") {
        Some(file) => Exceptions::parse(&file.bytes, "policy/exceptions.yaml", today)?,
        None => Exceptions::none(),
    };
    let start = Instant::now();
    let report = library.evaluate(&tree, &exceptions);
    let evaluated = start.elapsed();
    if output == "json" {
        let value = serde_json::json!({
            "findings": report.findings,
            "excepted": report.excepted.iter().map(|(finding, _)| finding).collect::<Vec<_>>(),
            "unread": report.unread,
            "evaluated": report.evaluated,
            "milliseconds": { "load": loaded.as_secs_f64() * 1e3, "evaluate": evaluated.as_secs_f64() * 1e3 },
        });
        println!("{}", serde_json::to_string_pretty(&value)?);
    } else {
        for finding in &report.findings {
            let line = finding.line.map_or(String::new(), |line| format!(":{line}"));
            println!("{:?} {} {}{line}: {}", finding.level, finding.rule, finding.path, finding.message);
        }
        for problem in &report.unread {
            println!("{problem}");
        }
        println!("{:?} loaded in {loaded:?}, evaluated in {evaluated:?}", report.evaluated);
    }
    Ok(ExitCode::from(if report.denied() { 3 } else { 0 }))
}

fn read(root: &Path) -> Result<Tree, Box<dyn Error>> {
    let mut tree = Tree::new();
    for entry in walkdir::WalkDir::new(root).sort_by_file_name() {
        let entry = entry?;
        if !entry.file_type().is_file() || entry.path().components().any(|part| part.as_os_str() == ".git") {
            continue;
        }
        let Some(path) = entry.path().strip_prefix(root)?.to_str() else { continue };
        let Ok(path) = TreePath::new(path) else { continue };
        let _ = tree.insert(path, File::regular(std::fs::read(entry.path())?));
    }
    Ok(tree)
}
