//! TOML with lines.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::{Content, Lines, Node, Spot};
use crate::diag::{Diagnostic, Place};

pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Node, Diagnostic> {
    let lines = Lines::new(text);
    let table = DeTable::parse(text).map_err(|error| {
        let line = error.span().map_or(1, |span| lines.of(span.start));
        Diagnostic::error(format!("not valid TOML: {}", error.message())).place(Place::line(&**file, line))
    })?;
    let read = Read { file, lines };
    Ok(read.table(table.get_ref(), 1))
}

struct Read<'a> {
    file: &'a Arc<str>,
    lines: Lines,
}

impl Read<'_> {
    fn node(&self, line: usize, content: Content) -> Node {
        Node::new(Spot { file: self.file.clone(), line }, content)
    }

    fn table(&self, table: &DeTable<'_>, line: usize) -> Node {
        let entries = table
            .iter()
            .map(|(key, value)| {
                let line = self.lines.of(key.span().start);
                (key.get_ref().to_string(), self.value(value.get_ref(), line))
            })
            .collect();
        self.node(line, Content::Map(entries))
    }

    fn value(&self, value: &DeValue<'_>, line: usize) -> Node {
        let content = match value {
            DeValue::String(text) => Content::Str(text.to_string()),
            DeValue::Integer(number) => {
                let digits = number.as_str();
                i64::from_str_radix(digits, number.radix()).map_or(Content::Null, Content::Int)
            }
            DeValue::Float(number) => number.as_str().parse().map_or(Content::Null, Content::Float),
            DeValue::Boolean(value) => Content::Bool(*value),
            DeValue::Datetime(value) => Content::Str(value.to_string()),
            DeValue::Array(items) => Content::List(
                items.iter().map(|item| self.value(item.get_ref(), self.lines.of(item.span().start))).collect(),
            ),
            DeValue::Table(table) => return self.table(table, line),
        };
        self.node(line, content)
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
        assert_eq!(read(&Arc::from("f.toml"), "a = 1\nb =\n").unwrap_err().place.unwrap().line, Some(2));
    }
}
