//! What a guardrail demands, or what a decision is about.

use std::path::PathBuf;

use serde::Serialize;

use super::policies;
use super::sources::Listed;
use super::{Failure, check};
use crate::blueprint::{self, Decision};
use crate::diag::{Diagnostic, nearest};
use crate::guardrail::{self, Exceptions, Finding, Lens, Level, Rule};
use crate::source;
use crate::tree::{File, Tree, TreePath};

/// Where the library keeps examples: a folder for each rule, with what fails and what passes in it.
const EXAMPLES: &str = "policies/examples/";

/// Where what can be explained comes from.
#[derive(Debug, Default)]
pub struct Options {
    /// A folder in place of the library in the binary.
    pub blueprints: Option<PathBuf>,
    /// Where a repository that goldpath made may be, with policies that it names.
    pub path: PathBuf,
    /// Policies besides the library's and those that the repository names.
    pub policies: Vec<Listed>,
}

impl Options {
    /// All policies besides the library's.
    fn named(&self) -> Result<Vec<Listed>, Failure> {
        let mut named = self.policies.clone();
        if let Ok(root) = check::root(&self.path) {
            named.extend(policies::of_repository(&root)?);
        }
        Ok(named)
    }
}

/// What was asked about.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Explanation {
    /// A guardrail.
    Guardrail(Guardrail),
    /// A trade-off.
    Decision(Decision),
}

/// A guardrail: what it demands, where, and what that looks like.
#[derive(Debug, Serialize)]
pub struct Guardrail {
    /// Its id, such as `S5`.
    pub id: String,
    /// What it is about.
    pub lens: Lens,
    /// What breaking it means, at worst.
    pub level: Level,
    /// What it maps to in public catalogues of controls, in all areas together.
    pub controls: Vec<String>,
    /// Its rule in each area of the library that has it.
    pub rules: Vec<Rule>,
    /// What fails and what passes; a library of the user's own may have no examples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples: Option<Examples>,
}

/// What a guardrail looks like in files.
#[derive(Debug, Serialize)]
pub struct Examples {
    /// Files that break it.
    pub fails: Vec<Example>,
    /// What is reported of them.
    pub findings: Vec<Finding>,
    /// Files that meet it.
    pub passes: Vec<Example>,
}

/// A file of an example.
#[derive(Debug, Serialize)]
pub struct Example {
    /// Its path in a repository, by which it is taken for what it is.
    pub path: String,
    /// What is in it.
    pub text: String,
}

/// Everything that can be explained.
#[derive(Debug, Serialize)]
pub struct Topics {
    /// The guardrails: the library's by id, then those of each other source of policies.
    pub guardrails: Vec<Rule>,
    /// The trade-offs of all blueprints.
    pub decisions: Vec<Decision>,
}

/// Lists what can be explained.
///
/// # Errors
/// A library, or other policies, that can't be had or read.
pub fn topics(options: &Options) -> Result<Topics, Failure> {
    let library = source::library(options.blueprints.as_deref())?;
    let guardrails = policies::load(&library.tree.under("policies/"), &options.named()?)?.rules().to_vec();
    Ok(Topics { guardrails, decisions: decisions(&library)? })
}

/// Explains a guardrail by its id, or a decision by its name.
///
/// # Errors
/// Where there is neither, with the nearest name, and policies that can't be had or read.
pub fn explain(options: &Options, topic: &str) -> Result<Explanation, Failure> {
    let library = source::library(options.blueprints.as_deref())?;
    let own = library.tree.under("policies/");
    let guardrails = guardrail::Library::load(&own)?;
    if let Some(mut guardrail) = described(guardrails.rules(), topic) {
        guardrail.examples = examples(&guardrails, &library.tree, &guardrail.id);
        return Ok(Explanation::Guardrail(guardrail));
    }
    let decisions = decisions(&library)?;
    if let Some(decision) = decisions.iter().find(|decision| decision.name == topic) {
        return Ok(Explanation::Decision(decision.clone()));
    }
    // Other sources may have to be fetched, so they are asked last.
    let guardrails = policies::load(&own, &options.named()?)?;
    if let Some(guardrail) = described(guardrails.rules(), topic) {
        return Ok(Explanation::Guardrail(guardrail));
    }
    let names = guardrails.rules().iter().map(|rule| rule.id.as_str());
    let names = names.chain(decisions.iter().map(|decision| decision.name.as_str()));
    let hint = match nearest(topic, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => "`goldpath explain` lists guardrails and decisions".to_owned(),
    };
    Err(Failure::invalid(Diagnostic::error(format!("there is no guardrail and no decision `{topic}`")).hint(hint)))
}

fn decisions(library: &blueprint::Library) -> Result<Vec<Decision>, Failure> {
    let mut decisions: Vec<Decision> = Vec::new();
    for name in library.names() {
        for decision in blueprint::load(library, Some(name))?.decisions {
            if !decisions.contains(&decision) {
                decisions.push(decision);
            }
        }
    }
    Ok(decisions)
}

/// The guardrail of an id, whichever case it is written in.
fn described(rules: &[Rule], topic: &str) -> Option<Guardrail> {
    let rules: Vec<Rule> = rules.iter().filter(|rule| rule.id.eq_ignore_ascii_case(topic)).cloned().collect();
    let first = rules.first()?;
    let mut controls: Vec<String> = Vec::new();
    for control in rules.iter().flat_map(|rule| &rule.controls) {
        if !controls.contains(control) {
            controls.push(control.clone());
        }
    }
    Some(Guardrail {
        id: first.id.clone(),
        lens: first.lens,
        level: rules.iter().map(|rule| rule.level).min().unwrap_or(first.level),
        controls,
        examples: None,
        rules,
    })
}

fn examples(guardrails: &guardrail::Library, tree: &Tree, id: &str) -> Option<Examples> {
    let fails = moved(tree, &format!("{EXAMPLES}{id}/fails/"));
    let passes = moved(tree, &format!("{EXAMPLES}{id}/passes/"));
    if fails.is_empty() || passes.is_empty() {
        return None;
    }
    let mut findings = guardrails.evaluate(&fails, &Exceptions::none()).findings;
    findings.retain(|finding| finding.rule == id);
    Some(Examples { fails: shown(&fails), findings, passes: shown(&passes) })
}

/// The files of a folder, under their paths in it.
fn moved(tree: &Tree, folder: &str) -> Tree {
    let mut found = Tree::new();
    for (path, file) in tree.under(folder).iter() {
        if let Ok(path) = TreePath::new(&path.as_str()[folder.len()..]) {
            // What collides with nothing below one folder collides with nothing below another.
            let _ = found.insert(path, file.clone());
        }
    }
    found
}

fn shown(tree: &Tree) -> Vec<Example> {
    let example = |(path, file): (&TreePath, &File)| Example {
        path: path.to_string(),
        text: String::from_utf8_lossy(&file.bytes).into_owned(),
    };
    tree.iter().map(example).collect()
}
