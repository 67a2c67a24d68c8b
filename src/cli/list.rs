//! `goldpath list`

use super::print::Printer;
use super::{Global, Output};
use crate::ops::{self, Failure};

/// Show which blueprints there are
#[derive(Debug, clap::Args)]
pub struct ListArgs {}

pub fn run(_: &ListArgs, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let entries = ops::list::list(global.blueprints.as_deref())?;
    if global.output == Output::Json {
        printer.json(&serde_json::json!({ "blueprints": entries }));
        return Ok(());
    }
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    for entry in &entries {
        printer.out(&format!(
            "{}  {}  {}",
            printer.bold(&format!("{:width$}", entry.name)),
            printer.dim(&entry.version),
            entry.summary
        ));
    }
    if !entries.is_empty() {
        printer.info("\n`goldpath show <blueprint>` describes one, `goldpath new <blueprint>` uses it");
    }
    Ok(())
}
