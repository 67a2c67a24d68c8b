//! `goldpath explain`

use super::policies::PolicyArgs;
use super::print::Printer;
use super::{Global, Output};
use crate::blueprint::Decision;
use crate::diag::Place;
use crate::guardrail::Level;
use crate::ops::Failure;
use crate::ops::explain::{Example, Explanation, Guardrail, Options, explain, topics};

const AFTER_HELP: &str = "\
Examples:
  goldpath explain             everything that can be explained
  goldpath explain S6          what a guardrail demands and why, with examples
  goldpath explain delivery    a trade-off, its options side by side
  goldpath explain ACME1 --policy gh:acme/policies
                               a guardrail of your own; policies that goldpath.yaml
                               and your config.yaml name are known as well";

/// Explain a guardrail or a trade-off
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ExplainArgs {
    /// The id of a guardrail or the name of a decision; all of them where nothing is said
    topic: Option<String>,
    #[command(flatten)]
    policies: PolicyArgs,
}

pub fn run(args: &ExplainArgs, global: &Global, printer: &Printer) -> Result<(), Failure> {
    let options = Options { blueprints: global.blueprints.clone(), path: ".".into(), policies: args.policies.named()? };
    let json = global.output == Output::Json;
    let Some(topic) = &args.topic else {
        let topics = topics(&options)?;
        if json {
            printer.json(&topics);
            return Ok(());
        }
        printer.out(&printer.heading("Guardrails"));
        let mut last = "";
        for rule in &topics.guardrails {
            // A rule that holds in several areas is listed once.
            if rule.id != last {
                printer.out(&format!("  {}  {}", printer.bold(&format!("{:4}", rule.id)), rule.title));
            }
            last = &rule.id;
        }
        printer.out("");
        printer.out(&printer.heading("Decisions"));
        for decision in &topics.decisions {
            printer.out(&format!("  {}  {}", printer.bold(&format!("{:10}", decision.name)), decision.asks));
        }
        return Ok(());
    };
    match explain(&options, topic)? {
        explanation if json => printer.json(&explanation),
        Explanation::Guardrail(found) => guardrail(&found, printer),
        Explanation::Decision(found) => decision(&found, printer),
    }
    Ok(())
}

fn guardrail(guardrail: &Guardrail, printer: &Printer) {
    let level = if guardrail.level == Level::Deny { "denies" } else { "warns" };
    for (index, rule) in guardrail.rules.iter().enumerate() {
        if index > 0 {
            printer.out("");
        }
        let mark = if index == 0 { guardrail.id.clone() } else { " ".repeat(guardrail.id.len()) };
        printer.out(&format!("{}  {}", printer.bold(&mark), printer.bold(&rule.title)));
        printer.out(&printer.dim(&format!("    {}, {}, {level}", guardrail.lens, rule.area)));
        printer.paragraph("    ", &rule.description);
        if let Some(convention) = &rule.convention {
            printer.paragraph(
                "    ",
                &format!(
                    "a convention of the golden path, which only warns in a review of other repositories: {convention}"
                ),
            );
        }
        printer.paragraph("    to mend: ", &rule.fix);
    }
    if !guardrail.controls.is_empty() {
        printer.out("\n    maps to");
        for control in &guardrail.controls {
            printer.paragraph("    - ", control);
        }
    }
    let Some(examples) = &guardrail.examples else { return };
    for example in &examples.fails {
        file("fails", example, printer);
    }
    printer.out("\n    is reported as");
    for finding in &examples.findings {
        let place = match finding.line {
            Some(line) => Place::line(&finding.path, line),
            None => Place::file(&finding.path),
        };
        printer.paragraph("    - ", &format!("{place}: {}: {}", finding.rule, finding.message));
    }
    for example in &examples.passes {
        file("passes", example, printer);
    }
}

fn file(verdict: &str, example: &Example, printer: &Printer) {
    printer.out(&format!("\n    {verdict}: {}", printer.bold(&example.path)));
    for (index, line) in example.text.lines().enumerate() {
        printer.out(printer.dim(&format!("    {:>4} | {line}", index + 1)).trim_end());
    }
}

fn decision(decision: &Decision, printer: &Printer) {
    printer.out(&printer.bold(&decision.asks));
    printer.paragraph("  ", &decision.context);
    for option in &decision.options {
        printer.out("");
        let title = if option.title == option.name { String::new() } else { format!("  {}", option.title) };
        printer.out(&format!("  {}{title}", printer.bold(&option.name)));
        printer.paragraph("    + ", &option.gains);
        printer.paragraph("    - ", &option.costs);
        printer.paragraph("    blast radius: ", &option.blast_radius);
        printer.paragraph("    rollback: ", &option.rollback);
        printer.paragraph("    choose it: ", &option.choose_when);
    }
    printer.out("");
    printer.paragraph("  think again when: ", &decision.revisit_when);
}
