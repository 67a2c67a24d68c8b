//! What a guardrail demands, or what a decision is about.

use std::path::Path;

use serde::Serialize;

use super::Failure;
use crate::blueprint::{self, Decision};
use crate::diag::{Diagnostic, nearest};
use crate::guardrail::{self, Rule};
use crate::source;

/// What was asked about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Explanation {
    /// A guardrail: its rule in each area of the library that has it.
    Guardrail(Vec<Rule>),
    /// A trade-off.
    Decision(Decision),
}

/// Everything that can be explained.
#[derive(Debug, Serialize)]
pub struct Topics {
    /// The guardrails, by id.
    pub guardrails: Vec<Rule>,
    /// The trade-offs of all blueprints.
    pub decisions: Vec<Decision>,
}

/// Lists what can be explained.
///
/// # Errors
/// A library that can't be read.
pub fn topics(library: Option<&Path>) -> Result<Topics, Failure> {
    let library = source::library(library)?;
    let guardrails = guardrail::Library::load(&library.tree.under("policies/"))?.rules().to_vec();
    let mut decisions: Vec<Decision> = Vec::new();
    for name in library.names() {
        for decision in blueprint::load(&library, Some(name))?.decisions {
            if !decisions.contains(&decision) {
                decisions.push(decision);
            }
        }
    }
    Ok(Topics { guardrails, decisions })
}

/// Explains a guardrail by its id, or a decision by its name.
///
/// # Errors
/// Where there is neither, with the nearest name.
pub fn explain(library: Option<&Path>, topic: &str) -> Result<Explanation, Failure> {
    let topics = topics(library)?;
    let rules: Vec<Rule> =
        topics.guardrails.iter().filter(|rule| rule.id.eq_ignore_ascii_case(topic)).cloned().collect();
    if !rules.is_empty() {
        return Ok(Explanation::Guardrail(rules));
    }
    if let Some(decision) = topics.decisions.iter().find(|decision| decision.name == topic) {
        return Ok(Explanation::Decision(decision.clone()));
    }
    let names = topics.guardrails.iter().map(|rule| rule.id.as_str());
    let names = names.chain(topics.decisions.iter().map(|decision| decision.name.as_str()));
    let hint = match nearest(topic, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`goldpath explain` lists guardrails and decisions".to_owned(),
    };
    Err(Failure::invalid(Diagnostic::error(format!("there is no guardrail and no decision `{topic}`")).hint(hint)))
}
