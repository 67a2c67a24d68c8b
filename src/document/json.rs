//! JSON with lines.
//!
//! serde_json decides what is valid; a second pass over the text, which may then take everything for granted, finds
//! the lines, and the keys that stand twice.

use std::sync::Arc;

use super::node::Entries;
use super::{Content, Node, Spot, twice};
use crate::diag::{Diagnostic, Diagnostics, Place};

pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Node, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Also holds the depth: serde_json stops at 128 levels.
    serde_json::from_str::<serde_json::Value>(text).map_err(|error| {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or("unexpected text").to_owned();
        // The column is one of bytes.
        Diagnostic::error(format!("not valid JSON: {message}"))
            .place(Place::at(&**file, error.line().max(1), error.column().max(1)))
            .excerpt(text, 1)
    })?;
    let mut walk = Walk { file, text, at: 0, line: 1, problems: Diagnostics::new() };
    let root = walk.value();
    walk.problems.into_result(root)
}

/// Most keys that stand twice and are told.
const PROBLEM_LIMIT: usize = 20;

struct Walk<'a> {
    file: &'a Arc<str>,
    text: &'a str,
    at: usize,
    line: usize,
    problems: Diagnostics,
}

impl Walk<'_> {
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Passes white space and the commas and colons between values.
    fn skip(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\r' | b'\n' | b',' | b':') {
            if self.peek() == b'\n' {
                self.line += 1;
            }
            self.at += 1;
        }
    }

    fn value(&mut self) -> Node {
        self.skip();
        let line = self.line;
        let content = match self.peek() {
            b'{' => {
                self.at += 1;
                let mut entries = Entries::default();
                loop {
                    self.skip();
                    if self.peek() != b'"' {
                        break;
                    }
                    let line = self.line;
                    let key = self.string();
                    let mut value = self.value();
                    value.spot.line = line;
                    let name = key.clone();
                    if let Err(first) = entries.add(key, value)
                        && self.problems.0.len() < PROBLEM_LIMIT
                    {
                        self.problems.push(twice(self.file, &name, first, line));
                    }
                }
                self.at += 1;
                entries.into_content()
            }
            b'[' => {
                self.at += 1;
                let mut items = Vec::new();
                loop {
                    self.skip();
                    if matches!(self.peek(), b']' | 0) {
                        break;
                    }
                    items.push(self.value());
                }
                self.at += 1;
                Content::List(items)
            }
            b'"' => Content::Str(self.string()),
            _ => self.word(),
        };
        Node::new(Spot { file: self.file.clone(), line }, content)
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while !matches!(self.peek(), b'"' | 0) {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at = (self.at + 1).min(self.text.len());
        serde_json::from_str(&self.text[start..self.at]).unwrap_or_default()
    }

    fn word(&mut self) -> Content {
        let start = self.at;
        while matches!(self.peek(), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.') {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        if word.is_empty() {
            // Valid JSON has nothing else; but never stand still.
            self.at += 1;
        }
        match word {
            "true" => Content::Bool(true),
            "false" => Content::Bool(false),
            "-0" => Content::Float(-0.0),
            number => match (number.parse::<i64>(), number.parse::<f64>()) {
                (Ok(value), _) => Content::Int(value),
                (_, Ok(value)) => Content::Float(value),
                _ => Content::Null,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_pass_agrees_with_serde_json_and_knows_the_lines() {
        let text = "{\n  \"a\": [1, -2.5e3, true, null],\n  \"b\\n\": {\n    \"c\": \"\\u00e9\\\"}\"\n  }\n}\n";
        let node = read(&Arc::from("f.json"), text).unwrap();
        assert_eq!(node.to_json(), serde_json::from_str::<serde_json::Value>(text).unwrap());
        assert_eq!(node.at(&["b\n", "c"]).unwrap().spot.line, 4);
    }

    #[test]
    fn an_error_has_a_place() {
        let problem = read(&Arc::from("f.json"), "{\n\"a\": }").unwrap_err();
        assert_eq!(problem.0[0].place.as_ref().unwrap().to_string(), "f.json:2:6");
    }
}
