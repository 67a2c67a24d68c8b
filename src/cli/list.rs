//! `goldpath list`

use super::config::Config;
use super::print::Printer;
use super::{Global, Output};
use crate::ops::{self, Failure};

const AFTER_HELP: &str = "\
The blueprints of your organisation stand beside the built-in ones once its catalogs are
named in ~/.config/goldpath/config.yaml: folders or git repositories in which every
blueprint has a folder of its own.

  catalogs:
    - gh:acme/blueprints@^1
    - git+ssh://git@git.acme.example/paths.git//blueprints
    - ../our-blueprints";

/// Show which blueprints there are
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ListArgs {}

pub fn run(_: &ListArgs, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let entries = ops::list::list(global.blueprints.as_deref(), &Config::read()?.catalogs)?;
    if global.output == Output::Json {
        printer.json(&serde_json::json!({ "blueprints": entries }));
        return Ok(());
    }
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let versions = entries.iter().map(|entry| entry.version.len()).max().unwrap_or(0);
    for entry in &entries {
        printer.out(&format!(
            "{}  {}  {}",
            printer.bold(&format!("{:width$}", entry.name)),
            printer.dim(&format!("{:versions$}", entry.version)),
            entry.summary
        ));
        if let Some(source) = &entry.source {
            printer.out(&format!("{:width$}  {}", "", printer.dim(&format!("from {source}"))));
        }
    }
    if !entries.is_empty() {
        printer.info("\n`goldpath show <blueprint>` describes one, `goldpath new <blueprint>` uses it");
    }
    Ok(())
}
