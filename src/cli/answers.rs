//! Answers on the command line, as every command that renders a blueprint takes them.

use std::io::IsTerminal;

use super::config::{Config, limited, map};
use super::{Global, Output, colors};
use crate::answers::{Given, VARIABLE};
use crate::diag::{Diagnostic, Diagnostics, Place};
use crate::ops::Failure;
use crate::prompt::terminal::Terminal;
use crate::yaml::Node;

/// Answers, and whether to ask for others.
#[derive(Debug, clap::Args)]
pub struct AnswerArgs {
    /// Answer a question, or change an answer; lists are separated by commas
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// Take answers from a YAML or JSON file; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    answers: Vec<String>,
    /// Ask nothing, and take the default wherever no answer is given
    #[arg(long)]
    pub defaults: bool,
}

impl AnswerArgs {
    /// All answers but those of a person: of the command line, files, the environment and the configuration.
    ///
    /// # Errors
    /// Files and variables that can't be read.
    pub fn given(&self) -> Result<Given, Failure> {
        let mut problems = Diagnostics::new();
        let mut given = Given { set: self.set.clone(), ..Given::default() };
        for file in &self.answers {
            match answers(file) {
                Ok(node) => {
                    given.files.push((if file == "-" { "standard input".to_owned() } else { file.clone() }, node))
                }
                Err(more) => problems.extend(more),
            }
        }
        for (name, value) in std::env::vars_os() {
            let Some(key) = name.to_str().and_then(|name| name.strip_prefix(VARIABLE)) else { continue };
            match value.into_string() {
                Ok(value) => given.environment.push((key.to_lowercase(), value)),
                Err(_) => problems.push(Diagnostic::error(format!("{VARIABLE}{key} is not UTF-8"))),
            }
        }
        given.environment.sort();
        match Config::read() {
            Ok(config) => given.config = config.answers,
            Err(more) => problems.extend(more),
        }
        Ok(problems.into_result(given)?)
    }

    /// Somebody to ask, where there is a terminal and nothing speaks against it.
    pub fn person(&self, global: &Global) -> Option<Terminal> {
        let reads_stdin = self.answers.iter().any(|file| file == "-");
        let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        (terminal && !reads_stdin && !self.defaults && global.output == Output::Text)
            .then(|| Terminal::new(colors(global.color, true)))
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as `lang=python`".to_owned()),
    }
}

fn answers(file: &str) -> Result<Node, Diagnostics> {
    let shown = if file == "-" { "standard input" } else { file };
    let text = if file == "-" { limited(std::io::stdin()) } else { std::fs::File::open(file).and_then(limited) };
    let text = text.map_err(|error| {
        let mut problem = Diagnostic::error(format!("answers can't be read: {error}")).place(Place::file(shown));
        if error.kind() == std::io::ErrorKind::InvalidData {
            problem = problem.hint("answers are YAML or JSON in UTF-8");
        }
        Diagnostics::from(problem)
    })?;
    map(&text, shown, "answers")
}
