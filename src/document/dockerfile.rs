//! A Dockerfile in the shape that conftest gives it: one list of commands, as BuildKit's parser splits them.
//!
//! `[[{"Cmd": "from", "Flags": […], "JSON": false, "Stage": 0, "SubCmd": "", "Value": […]}, …]]`, comments included.
//! The outer list is there because conftest would take a plain list for several documents; policies see the inner one.

use std::sync::Arc;

use super::{Content, Node, Spot};
use crate::diag::{Diagnostic, Place};

pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Node, Diagnostic> {
    let mut reader = Reader {
        file,
        lines: text.strip_prefix('\u{feff}').unwrap_or(text).split_inclusive('\n'),
        line: 0,
        escape: '\\',
        directives: true,
    };
    let commands = reader.commands()?;
    let spot = Spot { file: file.clone(), line: 1 };
    Ok(Node::new(spot, Content::List(commands)))
}

struct Reader<'a> {
    file: &'a Arc<str>,
    lines: std::str::SplitInclusive<'a, char>,
    /// The line that was read last, counted from 1.
    line: usize,
    escape: char,
    /// Whether `# escape=` may still come.
    directives: bool,
}

/// An instruction, split.
struct Instruction {
    name: String,
    flags: Option<Vec<String>>,
    values: Option<Vec<String>>,
    json: bool,
    /// Of ONBUILD: the instruction in it.
    inner: Option<Box<Instruction>>,
}

impl<'a> Reader<'a> {
    fn commands(&mut self) -> Result<Vec<Node>, Diagnostic> {
        let mut commands = Vec::new();
        let mut comments: Vec<(usize, String)> = Vec::new();
        let mut stages: usize = 0;
        while let Some(raw) = self.next_line() {
            let start = self.line;
            let trimmed = raw.trim_start();
            if let Some(comment) = trimmed.strip_prefix('#') {
                if self.directive(comment)? {
                    continue;
                }
                // BuildKit cuts the first character of the untrimmed line, whatever it is.
                let mut characters = raw.chars();
                characters.next();
                match characters.as_str().trim() {
                    "" => comments.clear(),
                    comment => comments.push((start, comment.to_owned())),
                }
                continue;
            }
            self.directives = false;
            if trimmed.is_empty() {
                continue;
            }
            let line = self.join(trimmed);
            let instruction = self.instruction(&line, start)?;
            self.pass_heredocs(&instruction.name, &line, start)?;
            self.check(&instruction, start)?;
            if instruction.name.eq_ignore_ascii_case("from") {
                stages += 1;
            }
            let stage = stages.saturating_sub(1);
            for (line, comment) in comments.drain(..) {
                commands.push(self.command(line, "comment", None, Some(vec![comment]), false, "", stage));
            }
            let name = instruction.name.to_lowercase();
            let node = match &instruction.inner {
                Some(inner) => self.command(
                    start,
                    &name,
                    instruction.flags.clone(),
                    inner.values.clone(),
                    inner.json,
                    &inner.name,
                    stage,
                ),
                None => self.command(start, &name, instruction.flags, instruction.values, instruction.json, "", stage),
            };
            commands.push(node);
        }
        if commands.is_empty() {
            return Err(self.problem("not a Dockerfile: it has no instruction", 1));
        }
        Ok(commands)
    }

    fn next_line(&mut self) -> Option<&'a str> {
        let line = self.lines.next()?;
        self.line += 1;
        Some(line.trim_end_matches(['\r', '\n']))
    }

    fn problem(&self, message: impl Into<String>, line: usize) -> Diagnostic {
        Diagnostic::error(message)
            .place(Place::line(&**self.file, line))
            .hint("`docker build --check` says what BuildKit makes of it")
    }

    /// `# escape=` and its kin, which stand before everything else; says whether the comment was one.
    fn directive(&mut self, comment: &str) -> Result<bool, Diagnostic> {
        if !self.directives {
            return Ok(false);
        }
        let found = comment
            .split_once('=')
            .map(|(key, value)| (key.trim().to_lowercase(), value.trim()))
            .filter(|(key, value)| matches!(key.as_str(), "syntax" | "escape" | "check") && !value.is_empty());
        let Some((key, value)) = found else {
            self.directives = false;
            return Ok(false);
        };
        if key == "escape" {
            self.escape = match value {
                "`" => '`',
                "\\" => '\\',
                _ => return Err(self.problem("expected `escape=\\` or `` escape=` ``", self.line)),
            };
        }
        Ok(true)
    }

    /// A line with those that continue it.
    fn join(&mut self, first: &str) -> String {
        let mut out = String::new();
        let mut current = first.to_owned();
        loop {
            match self.continued(&current) {
                None => {
                    out.push_str(&current);
                    return out;
                }
                Some(part) => out.push_str(part),
            }
            loop {
                match self.next_line() {
                    None => return out,
                    Some(next) if next.trim_start().is_empty() || next.trim_start().starts_with('#') => {}
                    Some(next) => {
                        current = next.to_owned();
                        break;
                    }
                }
            }
        }
    }

    /// What stands before an escape character at the end of a line, unless that is escaped itself.
    fn continued<'l>(&self, line: &'l str) -> Option<&'l str> {
        let before = line.trim_end_matches([' ', '\t']).strip_suffix(self.escape)?;
        (!before.ends_with(self.escape)).then_some(before)
    }

    fn instruction(&self, line: &str, start: usize) -> Result<Instruction, Diagnostic> {
        let line = line.trim();
        let (name, rest) = match line.find(is_blank) {
            Some(at) => (&line[..at], Some(line[at..].trim_start_matches(is_blank))),
            None => (line, None),
        };
        let (flags, arguments) = match rest {
            None => (None, ""),
            Some(rest) => {
                let (flags, arguments) = self.flags(rest);
                (Some(flags), arguments.trim())
            }
        };
        let mut json = false;
        let mut inner = None;
        let mut list = |arguments: &str| -> Result<Option<Vec<String>>, Diagnostic> {
            match json_list(arguments) {
                Some(Ok(items)) => {
                    json = true;
                    Ok((!items.is_empty()).then_some(items))
                }
                Some(Err(())) => Err(self.problem("expected only strings in the JSON list", start)),
                None => Ok(None),
            }
        };
        let whole = |text: &str| (!text.is_empty()).then(|| vec![text.to_owned()]);
        let values = match name.to_lowercase().as_str() {
            "add" | "copy" | "volume" => match list(arguments)? {
                Some(items) => Some(items),
                None => blank_separated(arguments),
            },
            "cmd" | "entrypoint" | "run" | "shell" => match list(arguments)? {
                Some(items) => Some(items),
                None => whole(arguments).filter(|_| !json),
            },
            "expose" | "from" => blank_separated(arguments),
            "maintainer" | "stopsignal" | "user" | "workdir" => whole(arguments),
            "arg" => Some(self.words(arguments)).filter(|words| !words.is_empty()),
            "env" | "label" => self.pairs(arguments, name, start)?,
            "healthcheck" => match arguments.split_once(char::is_whitespace) {
                None => whole(arguments),
                Some((kind, command)) => {
                    let command = command.trim_start();
                    let rest = match list(command)? {
                        Some(items) => Some(items),
                        None => whole(command).filter(|_| !json),
                    };
                    Some(std::iter::once(kind.to_owned()).chain(rest.unwrap_or_default()).collect())
                }
            },
            "onbuild" if arguments.is_empty() => None,
            "onbuild" => {
                // One level only, so this can't go deep.
                if arguments.len() >= 7 && arguments.as_bytes()[..7].eq_ignore_ascii_case(b"onbuild") {
                    return Err(self.problem("ONBUILD in ONBUILD is not allowed", start));
                }
                inner = Some(Box::new(self.instruction(arguments, start)?));
                None
            }
            _ => return Err(self.problem(format!("unknown instruction `{name}`"), start)),
        };
        Ok(Instruction { name: name.to_owned(), flags, values, json, inner })
    }

    /// `--name=value` before the arguments, and the rest.
    fn flags<'l>(&self, line: &'l str) -> (Vec<String>, &'l str) {
        let mut flags = Vec::new();
        let mut rest = line;
        loop {
            rest = rest.trim_start();
            if !rest.starts_with("--") {
                return (flags, rest);
            }
            let mut word = String::new();
            let mut quote: Option<char> = None;
            let mut characters = rest.char_indices();
            let mut end = rest.len();
            let mut quoted = false;
            while let Some((at, c)) = characters.next() {
                match quote {
                    None if c.is_whitespace() => {
                        end = at;
                        break;
                    }
                    None if c == '"' || c == '\'' => {
                        quote = Some(c);
                        quoted = true;
                    }
                    Some(open) if c == open => quote = None,
                    _ if c == self.escape => {
                        if let Some((_, next)) = characters.next() {
                            word.push(next);
                        }
                    }
                    _ => word.push(c),
                }
            }
            rest = &rest[end..];
            if word == "--" {
                return (flags, rest);
            }
            if quoted || !word.is_empty() {
                flags.push(word);
            }
        }
    }

    /// Words as in a shell, with their quotes.
    fn words(&self, text: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut quote: Option<char> = None;
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            match quote {
                None if c.is_whitespace() => {
                    if !word.is_empty() {
                        words.push(std::mem::take(&mut word));
                    }
                    continue;
                }
                None if c == '"' || c == '\'' => quote = Some(c),
                Some(open) if c == open => quote = None,
                _ => {}
            }
            if c == self.escape && quote != Some('\'') {
                let Some(next) = characters.next() else { break };
                word.push(c);
                word.push(next);
                continue;
            }
            word.push(c);
        }
        if !word.is_empty() {
            words.push(word);
        }
        words
    }

    /// `name=value …`, or `name value` as it was written once: three values each.
    fn pairs(&self, text: &str, name: &str, start: usize) -> Result<Option<Vec<String>>, Diagnostic> {
        let words = self.words(text);
        let Some(first) = words.first() else { return Ok(None) };
        if !first.contains('=') {
            let Some((key, value)) = text.split_once(is_blank) else {
                return Err(self.problem(format!("{name} must have two arguments"), start));
            };
            let value = value.trim_start_matches(is_blank);
            return Ok(Some(vec![key.to_owned(), value.to_owned(), String::new()]));
        }
        let mut values = Vec::new();
        for word in &words {
            let Some((key, value)) = word.split_once('=') else {
                return Err(self.problem(format!("expected name=value, found `{word}`"), start));
            };
            values.extend([key.to_owned(), value.to_owned(), "=".to_owned()]);
        }
        Ok(Some(values))
    }

    /// Passes the lines of here-documents that an instruction opens.
    fn pass_heredocs(&mut self, name: &str, line: &str, start: usize) -> Result<(), Diagnostic> {
        let may = ["add", "copy", "run", "onbuild"].iter().any(|known| name.eq_ignore_ascii_case(known));
        if !may || !line.contains("<<") {
            return Ok(());
        }
        for word in self.words(line) {
            let Some((chomp, terminator)) = heredoc(&word) else {
                continue;
            };
            loop {
                let Some(line) = self.next_line() else {
                    return Err(self.problem(format!("the here-document `{terminator}` has no end"), start));
                };
                let line = if chomp { line.trim_start_matches('\t') } else { line };
                if line == terminator {
                    break;
                }
            }
        }
        Ok(())
    }

    /// What makes BuildKit, and so conftest, refuse the file.
    fn check(&self, instruction: &Instruction, start: usize) -> Result<(), Diagnostic> {
        let known: &[&str] = match instruction.name.to_lowercase().as_str() {
            "from" => &["platform"],
            "copy" => &["from", "chown", "chmod", "link", "parents", "exclude"],
            "add" => &["keep-git-dir", "checksum", "chown", "chmod", "link", "exclude", "unpack"],
            "run" => &["mount", "network", "security", "device"],
            "healthcheck" => &["interval", "timeout", "start-period", "start-interval", "retries"],
            _ => &[],
        };
        for flag in instruction.flags.iter().flatten() {
            let name = flag.trim_start_matches("--").split('=').next().unwrap_or_default();
            if !known.contains(&name) {
                let instruction = instruction.name.to_uppercase();
                return Err(self.problem(format!("{instruction} has no flag --{name}"), start));
            }
        }
        let count = instruction.values.as_ref().map_or(0, Vec::len);
        let wants = match instruction.name.to_lowercase().as_str() {
            "from" if count != 1 && count != 3 => "one argument, or three",
            "add" | "copy" if count < 2 => "a source and a destination",
            "user" | "workdir" | "stopsignal" | "maintainer" if count != 1 => "exactly one argument",
            "env" | "label" | "expose" | "volume" | "arg" | "healthcheck" if count == 0 => "an argument",
            "shell" if !instruction.json => "a JSON list",
            _ => return Ok(()),
        };
        Err(self.problem(format!("{} needs {wants}", instruction.name.to_uppercase()), start))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of conftest's command, in one place")]
    fn command(
        &self,
        line: usize,
        name: &str,
        flags: Option<Vec<String>>,
        values: Option<Vec<String>>,
        json: bool,
        inner: &str,
        stage: usize,
    ) -> Node {
        let node = |content| Node::new(Spot { file: self.file.clone(), line }, content);
        let text = |text: &str| node(Content::Str(text.to_owned()));
        let list = |items: Option<Vec<String>>| match items {
            None => node(Content::Null),
            Some(items) => node(Content::List(items.iter().map(|item| text(item)).collect())),
        };
        node(Content::Map(vec![
            ("Cmd".to_owned(), text(name)),
            ("SubCmd".to_owned(), text(inner)),
            ("JSON".to_owned(), node(Content::Bool(json))),
            ("Flags".to_owned(), list(flags)),
            ("Value".to_owned(), list(values)),
            ("Stage".to_owned(), node(Content::Int(i64::try_from(stage).unwrap_or(i64::MAX)))),
        ]))
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{b}' | '\u{c}' | '\r')
}

fn blank_separated(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return None;
    }
    Some(text.split(is_blank).filter(|part| !part.is_empty()).map(str::to_owned).collect())
}

/// The strings of a JSON list; `None` where the text is none, an error where it holds something else.
fn json_list(text: &str) -> Option<Result<Vec<String>, ()>> {
    if !text.trim_start().starts_with('[') {
        return None;
    }
    let items: Vec<serde_json::Value> = serde_json::from_str(text).ok()?;
    Some(
        items
            .into_iter()
            .map(|item| match item {
                serde_json::Value::String(text) => Ok(text),
                _ => Err(()),
            })
            .collect(),
    )
}

/// Whether a word opens a here-document: whether leading tabs go away, and the line that ends it.
fn heredoc(word: &str) -> Option<(bool, String)> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (chomp, name) = match rest.strip_prefix('-') {
        Some(name) => (true, name),
        None => (false, rest),
    };
    let name: String = name.chars().filter(|c| !matches!(c, '"' | '\'' | '\\')).collect();
    (!name.is_empty() && !name.contains('<')).then_some((chomp, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `conftest parse` prints for the same file.
    #[test]
    fn commands_come_out_as_conftest_gives_them() {
        let text = include_str!("../../tests/fixtures/document/Dockerfile");
        let expected: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/document/Dockerfile.json")).unwrap();
        let node = read(&Arc::from("Dockerfile"), text).unwrap();
        let found = node.to_json();
        let pairs = found.as_array().unwrap().iter().zip(expected[0].as_array().unwrap());
        for (found, expected) in pairs {
            assert_eq!(found, expected);
        }
        assert_eq!(found.as_array().unwrap().len(), expected[0].as_array().unwrap().len());
    }

    #[test]
    fn a_command_knows_its_line() {
        let node = read(&Arc::from("Dockerfile"), "FROM a\nRUN <<EOF\nx\nEOF\n\nUSER 1\n").unwrap();
        let lines: Vec<usize> = node.items().iter().map(|command| command.spot.line).collect();
        assert_eq!(lines, [1, 2, 6]);
    }

    #[test]
    fn what_buildkit_refuses_is_an_error_with_a_line() {
        for (text, line) in [
            ("FROM a\nFLY away\n", 2),
            ("FROM a b\n", 1),
            ("FROM a\nRUN <<EOF\nx\n", 2),
            ("FROM a\nENV x\n", 2),
            ("\n# only a comment\n", 1),
            ("FROM a\nCOPY x\n", 2),
            ("FROM a AS b\nADD --from=b x y\n", 2),
        ] {
            let problem = read(&Arc::from("Dockerfile"), text).unwrap_err();
            assert_eq!(problem.place.unwrap().line, Some(line), "{text}");
        }
    }
}
