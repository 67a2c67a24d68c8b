//! Blueprints: what a user picks. Manifests with questions, composed of components, read from a library of files.
//!
//! Loading is pure: it gets trees of files and returns a [`Blueprint`], or every mistake in them at once.

pub mod choices;
pub mod component;
pub mod decision;
pub mod guess;
pub mod lint;
pub mod load;
pub mod manifest;
pub mod migration;
pub mod pins;
pub mod question;

use std::sync::Arc;

pub use component::{Component, Owner};
pub use decision::Decision;
pub use load::{Library, add, load};
pub use manifest::Expression;
pub use migration::Migration;
pub use pins::Pins;
pub use question::{Question, QuestionType};

use crate::diag::Place;
use crate::template::Engine;
use crate::tree::Tree;

/// A blueprint with all that it is composed of.
#[derive(Clone, Debug)]
pub struct Blueprint {
    /// What users call it.
    pub name: String,
    /// Its version; a change of what it emits is a new one.
    pub version: semver::Version,
    /// What it yields, in one line.
    pub summary: String,
    /// What it asks, in order.
    pub questions: Vec<Question>,
    /// Values that templates get besides the answers, in the order in which they are computed.
    pub values: Vec<(String, Expression)>,
    /// What it is composed of, in order.
    pub parts: Vec<Part>,
    /// Those of its components that are not its own: the repository asks for them.
    pub added: Vec<String>,
    /// The trade-offs that its questions name.
    pub decisions: Vec<Decision>,
    /// What to do in the new repository.
    pub next: Vec<Step>,
    /// What later versions did to files and answers of earlier ones, oldest first.
    pub migrations: Vec<Migration>,
    /// The pins that its templates read.
    pub pins: Pins,
    /// Renders its templates and evaluates its expressions.
    pub engine: Engine,
    /// The guardrails that what it emits is held to.
    pub policies: Tree,
    /// Its manifest, for messages.
    pub file: String,
}

/// A component's part in a blueprint.
#[derive(Clone, Debug)]
pub struct Part {
    /// The component.
    pub component: Arc<Component>,
    /// When it takes part.
    pub when: Option<Expression>,
    /// Inputs that it gets from this blueprint's expressions instead of from the answer or value of that name.
    pub with: Vec<(String, Expression)>,
    /// Where the blueprint names it.
    pub place: Place,
}

/// Something to do in the new repository.
#[derive(Clone, Debug)]
pub struct Step {
    /// A command; a template over answers and values.
    pub run: Expression,
    /// What it does; a template as well.
    pub about: Expression,
    /// When it is to be done at all.
    pub when: Option<Expression>,
}

impl Blueprint {
    /// The question with a key.
    pub fn question(&self, key: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.key == key)
    }

    /// The trade-off with a name.
    pub fn decision(&self, name: &str) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.name == name)
    }
}
