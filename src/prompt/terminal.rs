//! The prompts of a terminal, by dialoguer. They go to standard error, so that standard output stays for results.

use console::{Style, Term};
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, FuzzySelect, Input, MultiSelect, Select};

use super::{Asked, Prompter, Reply, Review, Stopped, Verdict};
use crate::answers::{Answer, Origin};
use crate::blueprint::{Decision, QuestionType};
use crate::diag::{printable, printable_styled};

/// From how many entries on a list can be searched by typing.
const LONG: usize = 9;
/// Widest text that is comfortable to read, in columns.
const WIDTH: usize = 100;

/// A person at a terminal.
pub struct Terminal {
    term: Term,
    theme: Box<dyn Theme>,
    dim: Style,
    bold: Style,
    red: Style,
    explained: bool,
}

impl Terminal {
    /// The terminal on standard error.
    pub fn new(color: bool) -> Self {
        let style = || Style::new().for_stderr().force_styling(color);
        let theme: Box<dyn Theme> = if color { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
        Terminal {
            term: Term::stderr(),
            theme,
            dim: style().dim(),
            bold: style().bold(),
            red: style().red(),
            explained: false,
        }
    }

    fn width(&self) -> usize {
        usize::from(self.term.size().1).saturating_sub(1).clamp(40, WIDTH)
    }

    fn line(&self, text: &str) {
        // What a blueprint computes may hold anything.
        let _ = self.term.write_line(&printable_styled(text));
    }

    /// Prints a paragraph under an indentation, its first line behind a mark.
    fn paragraph(&self, mark: &str, text: &str, style: &Style) {
        let rest = " ".repeat(console::measure_text_width(mark));
        let options = textwrap::Options::new(self.width()).initial_indent(mark).subsequent_indent(&rest);
        for line in textwrap::wrap(text, options) {
            self.line(&style.apply_to(line).to_string());
        }
    }

    fn introduce(&mut self, asked: &Asked) {
        self.line("");
        if !self.explained {
            self.explained = true;
            self.line(&self.dim.apply_to("Enter takes what stands in brackets; Esc in a list goes back; Ctrl-C leaves, and nothing is written.").to_string());
            self.line("");
        }
        let (number, all) = asked.progress;
        self.line(&format!(
            "{} {}",
            self.dim.apply_to(format!("{number}/{all}")),
            self.bold.apply_to(&asked.question.ask)
        ));
        if let Some(help) = &asked.question.help {
            self.paragraph("  ", help, &self.dim);
        }
        if let Some(wrong) = asked.refused {
            self.refuse(wrong);
        }
        if let (Some(place), Some(answer)) = (&asked.found, &asked.default) {
            self.paragraph("  ", &format!("found {answer} in {}", printable(place).replace('\n', "␊")), &self.dim);
        }
        if let Some(decision) = asked.decision {
            self.trade_off(asked, decision);
        } else {
            for choice in &asked.question.choices {
                if let Some(help) = &choice.help {
                    self.line(&format!("  {}", self.bold.apply_to(&choice.label)));
                    self.paragraph("    ", help, &self.dim);
                }
            }
        }
    }

    fn trade_off(&self, asked: &Asked, decision: &Decision) {
        for choice in &asked.question.choices {
            let Some(option) = decision.options.iter().find(|option| option.name == choice.value) else {
                continue;
            };
            let title = if option.title == option.name { String::new() } else { format!("  {}", option.title) };
            self.line(&format!("  {}{title}", self.bold.apply_to(&choice.label)));
            self.paragraph("    + ", &option.gains, &self.dim);
            self.paragraph("    - ", &option.costs, &self.dim);
            self.paragraph("    = ", &format!("choose it: {}", option.choose_when), &self.dim);
        }
    }

    fn refuse(&self, wrong: &crate::answers::Wrong) {
        let text = match &wrong.hint {
            Some(hint) => format!("{}: {hint}", wrong.message),
            None => wrong.message.clone(),
        };
        self.paragraph("  ", &text, &self.red);
    }

    fn select(&self, prompt: &str, items: &[String], default: usize) -> Result<Option<usize>, Stopped> {
        let chosen = if items.len() >= LONG {
            FuzzySelect::with_theme(&*self.theme)
                .with_prompt(format!("{prompt} (type to search)"))
                .items(items)
                .default(default)
                .interact_on_opt(&self.term)
        } else {
            Select::with_theme(&*self.theme)
                .with_prompt(prompt)
                .items(items)
                .default(default)
                .interact_on_opt(&self.term)
        };
        chosen.map_err(|error| failed(&error))
    }

    fn choose(&self, asked: &Asked) -> Result<Reply, Stopped> {
        let values = &asked.question.choices;
        let labels: Vec<String> = values.iter().map(|choice| choice.label.clone()).collect();
        let is_default = |value: &str| asked.default == Some(Answer::Text(value.to_owned()));
        let default = values.iter().position(|choice| is_default(&choice.value)).unwrap_or(0);
        loop {
            let Some(chosen) = self.select(&asked.question.key, &labels, default)? else {
                if asked.can_go_back {
                    return Ok(Reply::Back);
                }
                continue;
            };
            let value = &values[chosen].value;
            if is_default(value) {
                return Ok(Reply::Default);
            }
            let answer = Answer::Text(value.clone());
            match (asked.check)(&answer) {
                Ok(()) => return Ok(Reply::Answer(answer)),
                Err(wrong) => self.refuse(&wrong),
            }
        }
    }

    fn choose_several(&self, asked: &Asked) -> Result<Reply, Stopped> {
        let values = &asked.question.choices;
        let labels: Vec<&str> = values.iter().map(|choice| choice.label.as_str()).collect();
        let mut marked: Vec<bool> = values
            .iter()
            .map(|choice| matches!(&asked.default, Some(Answer::List(items)) if items.contains(&choice.value)))
            .collect();
        loop {
            let chosen = MultiSelect::with_theme(&*self.theme)
                .with_prompt(format!("{} (space marks, enter goes on)", asked.question.key))
                .items(&labels)
                .defaults(&marked)
                .interact_on_opt(&self.term)
                .map_err(|error| failed(&error))?;
            let Some(chosen) = chosen else {
                if asked.can_go_back {
                    return Ok(Reply::Back);
                }
                continue;
            };
            let answer = Answer::List(chosen.iter().map(|index| values[*index].value.clone()).collect());
            match (asked.check)(&answer) {
                Ok(()) => return Ok(Reply::Answer(answer)),
                Err(wrong) => self.refuse(&wrong),
            }
            for (index, mark) in marked.iter_mut().enumerate() {
                *mark = chosen.contains(&index);
            }
        }
    }

    fn confirm(&self, asked: &Asked) -> Result<Reply, Stopped> {
        loop {
            let mut confirm =
                Confirm::with_theme(&*self.theme).with_prompt(&asked.question.key).wait_for_newline(false);
            if let Some(Answer::Bool(default)) = asked.default {
                confirm = confirm.default(default);
            }
            let Some(value) = confirm.interact_on_opt(&self.term).map_err(|error| failed(&error))? else {
                if asked.can_go_back {
                    return Ok(Reply::Back);
                }
                continue;
            };
            let answer = Answer::Bool(value);
            match (asked.check)(&answer) {
                Ok(()) => return Ok(Reply::Answer(answer)),
                Err(wrong) => self.refuse(&wrong),
            }
        }
    }

    fn type_in(&self, asked: &Asked) -> Result<Reply, Stopped> {
        let default = asked.default.as_ref().map(|answer| match answer {
            Answer::List(items) => items.join(","),
            answer => answer.to_string(),
        });
        let default = default.map(|text| printable(&text).into_owned());
        loop {
            let prompt = match asked.question.kind {
                QuestionType::List => format!("{} (separated by commas)", asked.question.key),
                _ => asked.question.key.clone(),
            };
            let mut input = Input::<String>::with_theme(&*self.theme).with_prompt(prompt).allow_empty(true);
            if let Some(default) = &default {
                input = input.default(default.clone());
            }
            let text = input.interact_text_on(&self.term).map_err(|error| failed(&error))?;
            if Some(&text) == default.as_ref() {
                return Ok(Reply::Default);
            }
            match (asked.accept)(&text) {
                Ok(answer) => return Ok(Reply::Answer(answer)),
                Err(wrong) => self.refuse(&wrong),
            }
        }
    }
}

fn failed(error: &dialoguer::Error) -> Stopped {
    let dialoguer::Error::IO(error) = error;
    if error.kind() == std::io::ErrorKind::Interrupted {
        return Stopped::Cancelled;
    }
    Stopped::Failed(error.to_string())
}

impl Prompter for Terminal {
    fn blueprint(&mut self, blueprints: &[(String, String)]) -> Result<usize, Stopped> {
        let width = blueprints.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        let items: Vec<String> = blueprints
            .iter()
            .map(|(name, summary)| printable(&format!("{name:width$}  {summary}")).into_owned())
            .collect();
        self.line(&self.bold.apply_to("Which blueprint?").to_string());
        self.select("blueprint", &items, 0)?.ok_or(Stopped::Cancelled)
    }

    fn ask(&mut self, asked: &Asked) -> Result<Reply, Stopped> {
        self.introduce(asked);
        match asked.question.kind {
            QuestionType::Choice => self.choose(asked),
            QuestionType::Choices => self.choose_several(asked),
            QuestionType::Bool => self.confirm(asked),
            QuestionType::String | QuestionType::Integer | QuestionType::List => self.type_in(asked),
        }
    }

    fn review(&mut self, review: &Review) -> Result<Verdict, Stopped> {
        let width = review.answers.iter().map(|answered| answered.question.key.len()).max().unwrap_or(0);
        loop {
            self.line("");
            self.line(&self.bold.apply_to("Your answers").to_string());
            for answered in review.answers {
                let note = match answered.origin {
                    Origin::Default => "  (default)",
                    Origin::Guess => "  (found in the repository)",
                    Origin::Config => "  (your config.yaml)",
                    Origin::Environment => "  (environment)",
                    Origin::Only => "  (the only choice)",
                    Origin::Set | Origin::Answers | Origin::Prompt => "",
                };
                let text = answered.answer.to_string();
                let room = self.width().saturating_sub(width + 4 + note.len());
                let text = console::truncate_str(&text, room, "…").into_owned();
                self.line(&format!("  {:width$}  {text}{}", answered.question.key, self.dim.apply_to(note)));
            }
            self.line("");
            let items = [
                review.action.to_owned(),
                "Change an answer".to_owned(),
                format!("Show the {} files", review.files),
                "Cancel; nothing is written".to_owned(),
            ];
            match self.select("What now", &items, 0)? {
                Some(0) => return Ok(Verdict::Write),
                Some(1) => {
                    let asked: Vec<_> =
                        review.answers.iter().filter(|answered| answered.origin != Origin::Only).collect();
                    let keys: Vec<String> = asked
                        .iter()
                        .map(|a| format!("{:width$}  {}", a.question.key, printable(&a.answer.to_string())))
                        .collect();
                    if let Some(index) = self.select("Which one", &keys, 0)? {
                        return Ok(Verdict::Change(asked[index].question.key.clone()));
                    }
                }
                Some(2) => {
                    self.line(&format!("{}/", review.destination));
                    for line in review.outline.lines() {
                        self.line(&format!("  {line}"));
                    }
                }
                Some(_) => return Err(Stopped::Cancelled),
                None => {}
            }
        }
    }

    fn complain(&mut self, problem: &str) {
        self.line(&self.red.apply_to(problem).to_string());
    }
}
