//! `goldpath review`

use std::path::PathBuf;

use super::policies::PolicyArgs;
use super::print::Printer;
use super::{Global, Output, today};
use crate::diag::Diagnostic;
use crate::guardrail::Finding;
use crate::ops::Failure;
use crate::ops::review::{Options, Report, review};
use crate::report::html::{Page, page};
use crate::report::{self, Entry};
use crate::scorecard::{Guardrail, Verdict};

/// Places of one guardrail that text shows; the other formats show all.
const PLACES: usize = 5;

const AFTER_HELP: &str = "\
Reads Kubernetes manifests, Kustomize and Helm sources, Terraform, Dockerfiles,
pipelines of GitHub, GitLab, Azure DevOps and Jenkins, and Prometheus rules.
Charts are rendered by helm where it is on PATH, else in memory as far as that
goes. Nothing of the repository is run, and nothing is written.

Exit codes: 0 fine, 3 a score under --fail-under.

Examples:
  goldpath review                              the folder you are in
  goldpath review ../shop --output html > shop.html
  goldpath review --fail-under 80              for a pipeline
  goldpath review deploy/api.yaml              one file";

/// Score any repository through four lenses: reliability, security, cost, operability
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct ReviewArgs {
    /// A repository, a folder in it, or one file
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Fail where the score is lower, or where there is none
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u32).range(0..=100))]
    fail_under: Option<u32>,
    /// Judge only what goldpath renders itself: run no helm, kustomize or kubectl
    #[arg(long)]
    no_tools: bool,
    /// Judge this plan of Terraform too, as `terraform show -json` prints it
    #[arg(long = "plan", value_name = "FILE")]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    policies: PolicyArgs,
}

/// Returns the exit code.
pub fn run(args: &ReviewArgs, global: &Global, printer: &Printer) -> Result<u8, Failure> {
    let day = today();
    let report = review(&Options {
        blueprints: global.blueprints.clone(),
        path: args.path.clone(),
        today: Some(day),
        tools: !args.no_tools,
        policies: args.policies.named()?,
        plans: args.plans.clone(),
    })?;
    match global.output {
        Output::Text => text(&report, global.verbose, printer),
        Output::Json => printer.json(&report),
        Output::Sarif => {
            printer.json(&report::sarif(&entries(&report), &report::abouts(&report.rules), env!("CARGO_PKG_VERSION")))
        }
        Output::Junit => {
            printer.raw(&report::junit("goldpath review", &entries(&report), &report::abouts(&report.rules)))
        }
        Output::Github => printer.raw(&report::github(&entries(&report))),
        Output::Gitlab => printer.json(&report::gitlab(&entries(&report))),
        Output::Html => printer.raw(&html(&report, day.to_string())?),
    }
    let low = args.fail_under.is_some_and(|least| report.card.score.is_none_or(|score| score < least));
    if let (true, Some(least)) = (low, args.fail_under) {
        printer.info(&format!("the score is under {least}"));
    }
    Ok(if low { 3 } else { 0 })
}

fn entries(report: &Report) -> Vec<Entry> {
    let unread = report.unread.iter().map(|problem| Entry::problem("unread", problem));
    report.findings.iter().map(Entry::from).chain(unread).collect()
}

fn html(report: &Report, day: String) -> Result<String, Failure> {
    let name = report.root.file_name().map_or_else(|| "/".to_owned(), |name| name.to_string_lossy().into_owned());
    let made = page(&Page {
        name: &name,
        day: Some(day),
        card: &report.card,
        findings: &report.findings,
        excepted: &report.excepted,
        unread: &report.unread,
        renderings: &report.renderings,
        files: report.files,
        version: env!("CARGO_PKG_VERSION"),
    });
    made.map_err(|reason| Failure::Failed(Diagnostic::error(format!("the page could not be made: {reason}")).into()))
}

fn text(report: &Report, all: bool, printer: &Printer) {
    let card = &report.card;
    for guardrail in card.guardrails.iter().filter(|guardrail| guardrail.verdict.is_broken()) {
        broken(guardrail, &report.findings, all, printer);
    }
    if !report.unread.is_empty() {
        printer.out(&printer.heading("Not read"));
        for problem in &report.unread {
            let place = problem.place.as_ref().map_or_else(|| ".".to_owned(), ToString::to_string);
            printer.out(&format!("  {}", printer.bold(&place)));
            printer.paragraph("    ", &problem.message);
            if let Some(hint) = &problem.hint {
                printer.paragraph("    hint: ", hint);
            }
        }
        printer.out("");
    }
    for lens in &card.lenses {
        let score = lens.score.map_or_else(|| "  –".to_owned(), |score| format!("{score:3}"));
        printer.out(&format!("{:12} {}  {}", lens.lens.name(), printer.bold(&score), printer.dim(&lens.arithmetic)));
    }
    let total = card.score.map_or_else(|| "  –".to_owned(), |score| format!("{score:3}"));
    printer.out(&format!(
        "{:12} {}  {}",
        "score",
        printer.bold(&total),
        printer.dim(&format!(
            "the mean of the lenses; {} of {} files concern guardrails, {} could not be read",
            card.files_read + card.files_unread,
            report.files,
            card.files_unread
        ))
    ));
}

/// Why places warn that would deny in a repository of goldpath's own.
fn conventions(guardrail: &Guardrail) -> String {
    let which = guardrail.convention.as_ref().map(|which| format!(" ({which})")).unwrap_or_default();
    format!(
        "{} of {} are conventions of the golden path{which}: they warn here, and deny in repositories that goldpath made",
        guardrail.conventions, guardrail.places
    )
}

fn broken(guardrail: &Guardrail, findings: &[Finding], all: bool, printer: &Printer) {
    let level = if guardrail.verdict == Verdict::Broken { "denies" } else { "warns" };
    printer.out(&format!(
        "{}  {}  {}",
        printer.bold(&guardrail.id),
        printer.bold(&guardrail.title),
        printer.dim(&format!("{}, {level}", guardrail.lens))
    ));
    printer.paragraph("    ", &guardrail.why);
    let places: Vec<&Finding> = findings.iter().filter(|finding| finding.rule == guardrail.id).collect();
    let shown = if all { places.len() } else { PLACES };
    for finding in places.iter().take(shown) {
        let line = finding.line.map(|line| format!(":{line}")).unwrap_or_default();
        printer.out(&format!("  {}{line}: {}", finding.path, finding.message));
    }
    if places.len() > shown {
        printer.out(&printer.dim(&format!("  and {} more places; --verbose shows them", places.len() - shown)));
    }
    if guardrail.conventions > 0 {
        printer.paragraph("    ", &conventions(guardrail));
    }
    printer.paragraph("    to mend: ", &guardrail.fix);
    printer.out("");
}
