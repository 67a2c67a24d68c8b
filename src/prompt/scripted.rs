//! A prompter that plays a list of replies: for tests of everything that happens between two questions.

use std::collections::VecDeque;

use super::{Asked, Prompter, Reply, Review, Stopped, Verdict};

/// Replies in the order in which they will be wanted.
#[derive(Debug, Default)]
pub struct Scripted {
    /// To questions: what is typed; `None` takes the default.
    pub replies: VecDeque<Option<String>>,
    /// To reviews.
    pub verdicts: VecDeque<Verdict>,
    /// The keys of the questions that were asked.
    pub asked: Vec<String>,
    /// What was complained about.
    pub complaints: Vec<String>,
}

impl Prompter for Scripted {
    fn blueprint(&mut self, _: &[(String, String)]) -> Result<usize, Stopped> {
        Ok(0)
    }

    fn ask(&mut self, asked: &Asked) -> Result<Reply, Stopped> {
        self.asked.push(asked.question.key.clone());
        match self.replies.pop_front() {
            Some(Some(text)) if text == "<back>" => Ok(Reply::Back),
            Some(Some(text)) => match (asked.accept)(&text) {
                Ok(answer) => Ok(Reply::Answer(answer)),
                Err(wrong) => Err(Stopped::Failed(wrong.message)),
            },
            _ if asked.default.is_some() => Ok(Reply::Default),
            _ => Err(Stopped::Failed(format!("`{}` has no default", asked.question.key))),
        }
    }

    fn review(&mut self, _: &Review) -> Result<Verdict, Stopped> {
        self.verdicts.pop_front().ok_or(Stopped::Cancelled)
    }

    fn complain(&mut self, problem: &str) {
        self.complaints.push(problem.to_owned());
    }
}
