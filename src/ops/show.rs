//! What one blueprint asks, offers and emits.

use std::path::Path;

use serde::Serialize;

use super::Failure;
use super::sources::{self, Listed};
use crate::blueprint::component::Content;
use crate::blueprint::question::{Check, Choice};
use crate::blueprint::{Blueprint, Decision, Owner};

/// A blueprint, described.
#[derive(Clone, Debug, Serialize)]
pub struct Description {
    /// What users call it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it yields.
    pub summary: String,
    /// What it asks.
    pub questions: Vec<Question>,
    /// The trade-offs that its answers settle.
    pub decisions: Vec<Decision>,
    /// What it is composed of.
    pub components: Vec<Component>,
}

/// A question, described.
#[derive(Clone, Debug, Serialize)]
pub struct Question {
    /// The name of the answer.
    pub key: String,
    /// The kind of answer.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The question as a person reads it.
    pub ask: String,
    /// A sentence or two for somebody who doesn't know what to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The expression that yields the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// When it is asked at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What can be chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// What an answer has to satisfy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validate: Vec<String>,
    /// Regular expressions that an answer has to match.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// The trade-off that the answer settles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
}

/// A component, described.
#[derive(Clone, Debug, Serialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// What it brings.
    pub summary: String,
    /// When it takes part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Its files.
    pub files: Vec<File>,
}

/// A file of a component, described.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// Its path, with `{name}` for values.
    pub path: String,
    /// Who maintains it.
    pub owner: Owner,
    /// When it is emitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The list that yields one file for each of its elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// Whether it is rendered, or copied byte for byte.
    pub template: bool,
}

/// Describes a blueprint.
///
/// # Errors
/// A blueprint that is not there, or every mistake in it.
pub fn show(library: Option<&Path>, name: &str, catalogs: &[Listed]) -> Result<Description, Failure> {
    Ok(describe(&sources::open(library, name, catalogs)?.blueprint))
}

fn describe(blueprint: &Blueprint) -> Description {
    let questions = blueprint.questions.iter().map(|question| {
        let validations = || question.validate.iter().chain(&question.items);
        Question {
            key: question.key.clone(),
            kind: question.kind.word(),
            ask: question.ask.clone(),
            help: question.help.clone(),
            default: question.default.as_ref().map(|default| default.text.clone()),
            when: question.when.as_ref().map(|when| when.text.clone()),
            choices: question.choices.clone(),
            validate: validations().map(|validation| validation.message.clone()).collect(),
            patterns: validations()
                .filter_map(|validation| match &validation.check {
                    Check::Pattern(pattern) => Some(pattern.as_str().to_owned()),
                    Check::Expression(_) => None,
                })
                .collect(),
            decision: question.decision.clone(),
        }
    });
    let components = blueprint.parts.iter().map(|part| {
        let files = part.component.files.iter().map(|source| {
            let rules = || part.component.rules.iter().filter(|rule| rule.applies_to(&source.path));
            File {
                path: source.path.clone(),
                owner: source
                    .owner
                    .or_else(|| rules().filter_map(|rule| rule.owner).next_back())
                    .unwrap_or(part.component.owner),
                when: rules().filter_map(|rule| rule.when.as_ref()).next_back().map(|when| when.text.clone()),
                each: rules().filter_map(|rule| rule.each.as_ref()).next_back().map(|(list, _)| list.clone()),
                template: matches!(source.content, Content::Template(_)),
            }
        });
        Component {
            name: part.component.name.clone(),
            summary: part.component.summary.clone(),
            when: part.when.as_ref().map(|when| when.text.clone()),
            files: files.collect(),
        }
    });
    Description {
        name: blueprint.name.clone(),
        version: blueprint.version.to_string(),
        summary: blueprint.summary.clone(),
        questions: questions.collect(),
        decisions: blueprint.decisions.clone(),
        components: components.collect(),
    }
}
