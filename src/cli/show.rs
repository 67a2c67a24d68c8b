//! `goldpath show`

use super::config::Config;
use super::print::Printer;
use super::{Global, Output};
use crate::ops::show::{Description, Question};
use crate::ops::{self, Failure};

const AFTER_HELP: &str = "\
Examples:
  goldpath show service                        for people
  goldpath show service --output json          for programs
  goldpath show ./my-blueprint                 a blueprint of your own
  goldpath show gh:acme/blueprints//api@^1     one of a git repository";

/// Describe a blueprint: what it asks, what its choices gain and cost, what it writes and who maintains that
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ShowArgs {
    /// A blueprint (see `goldpath list`), the path of a folder that holds one, or gh:org/repo//folder@v1.2.0 and other
    /// git sources
    blueprint: String,
}

pub fn run(args: &ShowArgs, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let description = ops::show::show(global.blueprints.as_deref(), &args.blueprint, &Config::read()?.catalogs)?;
    if global.output == Output::Json {
        printer.json(&description);
    } else {
        text(&description, printer);
    }
    Ok(())
}

fn text(description: &Description, printer: &Printer) {
    printer.out(&format!("{} {}", printer.bold(&description.name), printer.dim(&description.version)));
    printer.out(&description.summary);
    printer.out("");
    printer.out(&printer.heading("Questions"));
    for question in &description.questions {
        self::question(description, question, printer);
    }
    printer.out("");
    printer.out(&printer.heading("Files"));
    for component in &description.components {
        let when = component.when.as_ref().map(|when| printer.dim(&format!("  only if {when}"))).unwrap_or_default();
        printer.out(&format!("  {}{when}", printer.bold(&component.name)));
        printer.paragraph("    ", &component.summary);
        for file in &component.files {
            let mut line =
                format!("      {:8}  {}", serde_json::json!(file.owner).as_str().unwrap_or_default(), file.path);
            if let Some(each) = &file.each {
                line.push_str(&printer.dim(&format!("  for each of {each}")));
            }
            if let Some(when) = &file.when {
                line.push_str(&printer.dim(&format!("  only if {when}")));
            }
            printer.out(&line);
        }
    }
}

fn question(description: &Description, question: &Question, printer: &Printer) {
    let kind = printer.dim(question.kind);
    printer.out(&format!("  {}  {kind}  {}", printer.bold(&question.key), question.ask));
    if let Some(help) = &question.help {
        printer.paragraph("      ", help);
    }
    if let Some(when) = &question.when {
        printer.paragraph("      ", &format!("only if: {when}"));
    }
    if let Some(default) = &question.default {
        printer.paragraph("      ", &format!("default: {default}"));
    }
    for demand in &question.validate {
        printer.paragraph("      ", &format!("demands: {demand}"));
    }
    let decision = question.decision.as_ref().and_then(|name| description.decisions.iter().find(|d| d.name == *name));
    for choice in &question.choices {
        let option = decision.and_then(|decision| decision.options.iter().find(|option| option.name == choice.value));
        let title = option.filter(|option| option.title != choice.value).map(|option| format!("  {}", option.title));
        printer.out(&format!("      {}{}", printer.bold(&choice.label), title.unwrap_or_default()));
        if let Some(help) = &choice.help {
            printer.paragraph("        ", help);
        }
        if let Some(option) = option {
            printer.paragraph("        + ", &option.gains);
            printer.paragraph("        - ", &option.costs);
            printer.paragraph("        blast radius: ", &option.blast_radius);
            printer.paragraph("        rollback: ", &option.rollback);
            printer.paragraph("        choose it: ", &option.choose_when);
        }
    }
}
