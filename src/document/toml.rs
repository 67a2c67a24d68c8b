//! TOML with lines.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Content, Lines, Node, Spot, out_of_range};
use crate::diag::{Diagnostic, Diagnostics, Place};

pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Node, Diagnostics> {
    let lines = Lines::new(text);
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| lines.of(span.start));
        Diagnostic::error(format!("not valid TOML: {}", error.message())).place(Place::line(&**file, line))
    })?;
    let mut read = Read { file, lines, problems: Diagnostics::new() };
    let root = read.table(table.get_ref(), 1);
    read.problems.into_result(root)
}

struct Read<'a> {
    file: &'a Arc<str>,
    lines: Lines,
    problems: Diagnostics,
}

impl Read<'_> {
    fn node(&self, line: usize, content: Content) -> Node {
        Node::new(Spot { file: self.file.clone(), line }, content)
    }

    fn table(&mut self, table: &DeTable<'_>, line: usize) -> Node {
        let entries = table
            .iter()
            .map(|(key, value)| {
                let line = self.lines.of(key.span().start);
                (key.get_ref().to_string(), self.value(value.get_ref(), line))
            })
            .collect();
        self.node(line, Content::Map(entries))
    }

    fn value(&mut self, value: &DeValue<'_>, line: usize) -> Node {
        let content = match value {
            DeValue::String(text) => Content::Str(text.to_string()),
            DeValue::Integer(number) => {
                let digits = number.as_str();
                i64::from_str_radix(digits, number.radix()).map_or_else(|_| self.no_number(digits, line), Content::Int)
            }
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(value) if value.is_finite() => Content::Float(value),
                _ => self.no_number(number.as_str(), line),
            },
            DeValue::Boolean(value) => Content::Bool(*value),
            DeValue::Datetime(value) => Content::Str(value.to_string()),
            DeValue::Array(items) => Content::List(
                items
                    .iter()
                    .map(|item| {
                        let line = self.lines.of(item.span().start);
                        self.value(item.get_ref(), line)
                    })
                    .collect(),
            ),
            DeValue::Table(table) => return self.table(table, line),
        };
        self.node(line, content)
    }

    fn no_number(&mut self, digits: &str, line: usize) -> Content {
        if self.problems.is_empty() {
            self.problems.push(out_of_range(self.file, digits, line));
        }
        Content::Null
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_lines() {
        let node = read(&Arc::from("f.toml"), "[tools]\ngo = '1'\nn = 0x10\n\n[[a]]\nb = [1.5,\n true]\n").unwrap();
        assert_eq!(node.to_json(), serde_json::json!({"tools": {"go": "1", "n": 16}, "a": [{"b": [1.5, true]}]}));
        assert_eq!(node.at(&["tools", "go"]).unwrap().spot.line, 2);
    }

    #[test]
    fn an_error_has_a_line() {
        assert_eq!(read(&Arc::from("f.toml"), "a = 1\nb =\n").unwrap_err().0[0].place.as_ref().unwrap().line, Some(2));
    }
}
