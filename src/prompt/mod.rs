//! Questions to a person. What is asked is decided elsewhere; here is how it looks, and what comes back.

pub mod scripted;
pub mod terminal;

use crate::answers::{Answer, Answered, Wrong};
use crate::blueprint::{Decision, Question};

/// Somebody who answers: a person at a terminal, or a script in a test.
pub trait Prompter {
    /// Chooses one of the blueprints, by their names and summaries.
    ///
    /// # Errors
    /// [`Stopped`] where they don't want to go on.
    fn blueprint(&mut self, blueprints: &[(String, String)]) -> Result<usize, Stopped>;

    /// Answers a question.
    ///
    /// # Errors
    /// [`Stopped`] where they don't want to go on.
    fn ask(&mut self, asked: &Asked) -> Result<Reply, Stopped>;

    /// Looks over everything before it is written.
    ///
    /// # Errors
    /// [`Stopped`] where they don't want to go on.
    fn review(&mut self, review: &Review) -> Result<Verdict, Stopped>;

    /// Shows a problem that a change on the review screen led to.
    fn complain(&mut self, problem: &str);
}

/// A question as it is put to a person.
pub struct Asked<'a> {
    /// The question.
    pub question: &'a Question,
    /// The trade-off that the answer settles.
    pub decision: Option<&'a Decision>,
    /// What is suggested.
    pub default: Option<Answer>,
    /// Why the blueprint's own suggestion does not do.
    pub refused: Option<&'a Wrong>,
    /// Where what is suggested was found.
    pub found: Option<String>,
    /// How far they are: this question's number, and how many there are.
    pub progress: (usize, usize),
    /// Whether there is a question to go back to.
    pub can_go_back: bool,
    /// Checks what was typed.
    pub accept: &'a dyn Fn(&str) -> Result<Answer, Wrong>,
    /// Checks what was chosen.
    pub check: &'a dyn Fn(&Answer) -> Result<(), Wrong>,
}

/// What a person said to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// They took what was suggested.
    Default,
    /// They gave an answer.
    Answer(Answer),
    /// They want to answer the question before this one again.
    Back,
}

/// What is about to be written.
pub struct Review<'a> {
    /// Where it goes.
    pub destination: &'a str,
    /// The answers it was rendered with.
    pub answers: &'a [Answered<'a>],
    /// The files as an outline.
    pub outline: &'a str,
    /// How many files there are.
    pub files: usize,
    /// What happens if they agree: `Write 120 files to ./x and commit them`.
    pub action: &'a str,
}

/// What a person said to a [`Review`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Write,
    /// Ask the question with this key again.
    Change(String),
}

/// They don't want to go on, or can't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// They said so.
    Cancelled,
    /// The terminal failed.
    Failed(String),
}
