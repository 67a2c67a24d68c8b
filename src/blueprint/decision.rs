//! Decisions: the trade-off behind a choice, in one text for the prompt, for `show` and for the emitted ADR.

use super::manifest::{Field, Reader, optional, required};
use crate::diag::Diagnostics;
use crate::yaml;

/// A trade-off that an answer settles.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Decision {
    /// Its name: the file's, without `.yaml`.
    pub name: String,
    /// The number of its ADR, where it has one of its own.
    #[serde(skip)]
    pub number: Option<u64>,
    /// Its title, as of an ADR.
    pub title: String,
    /// The question that it answers.
    pub asks: String,
    /// The forces behind it.
    pub context: String,
    /// What can be chosen, by the value of the choice.
    pub options: Vec<DecisionOption>,
    /// When to think again.
    pub revisit_when: String,
}

/// One way to settle a [`Decision`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DecisionOption {
    /// The value of the choice that takes it.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it gains.
    pub gains: String,
    /// What it costs.
    pub costs: String,
    /// How much fails when it goes wrong.
    pub blast_radius: String,
    /// How it is undone.
    pub rollback: String,
    /// When it is the right one.
    pub choose_when: String,
}

/// The fields of a decision file.
pub const FIELDS: [Field; 6] = [
    optional("number", "number", "the number of the ADR; give one, so that further decisions do not move it"),
    required("title", "text", "the title of the ADR"),
    required("asks", "text", "the question that is settled"),
    required("context", "text", "the forces behind it, for any service of the blueprint"),
    required("options", "map", "for each choice what follows from it"),
    required("revisit_when", "text", "a measurable reason to think again"),
];

/// The fields of an option of a decision.
pub const OPTION_FIELDS: [Field; 6] = [
    optional("title", "text", "what people call it; the choice's own name where left out"),
    required("gains", "text", "what it gains"),
    required("costs", "text", "what it costs, with numbers where there are any"),
    required("blast_radius", "text", "how much fails when it goes wrong"),
    required("rollback", "text", "how it is undone"),
    required("choose_when", "text", "when it is the right one"),
];

pub(super) fn read(name: &str, file: &str, source: &str) -> Result<Decision, Diagnostics> {
    let node = yaml::parse_one(source, file)?;
    let mut reader = Reader::new(file, source);
    let decision = (|| {
        let map = reader.map(&node, "the decision", &FIELDS)?;
        let mut options = Vec::new();
        for (key, node) in reader.entries(map.require("options"), "`options`") {
            let Some(option) = reader.map(node, &format!("option `{}`", key.text), &OPTION_FIELDS) else {
                continue;
            };
            let mut text = |field: &str| reader.text(option.require(field), &format!("`{field}`")).unwrap_or_default();
            let (gains, costs, blast_radius) = (text("gains"), text("costs"), text("blast_radius"));
            let (rollback, choose_when) = (text("rollback"), text("choose_when"));
            let title = option.get("title").and_then(|node| reader.text(node, "`title`"));
            options.push(DecisionOption {
                title: title.unwrap_or_else(|| key.text.clone()),
                name: key.text.clone(),
                gains: gains.trim().to_owned(),
                costs: costs.trim().to_owned(),
                blast_radius: blast_radius.trim().to_owned(),
                rollback: rollback.trim().to_owned(),
                choose_when: choose_when.trim().to_owned(),
            });
        }
        let number = map.get("number").and_then(|node| {
            let number = node.to_json().as_u64().filter(|number| (1..=9999).contains(number));
            if number.is_none() {
                reader.report(node.span, "`number` is a whole number from 1 to 9999".to_owned(), None);
            }
            number
        });
        let mut text = |field: &str| reader.text(map.require(field), &format!("`{field}`"));
        Some(Decision {
            name: name.to_owned(),
            number,
            title: text("title")?.trim().to_owned(),
            asks: text("asks")?.trim().to_owned(),
            context: text("context")?.trim().to_owned(),
            options,
            revisit_when: text("revisit_when")?.trim().to_owned(),
        })
    })();
    match decision {
        Some(decision) => reader.problems.into_result(decision),
        None => Err(reader.problems),
    }
}
