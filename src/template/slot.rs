//! Slots: how several components write into one file.
//!
//! `<%= slot("make.targets") %>` prints what the components that fill the slot have to say. Alone on its line it
//! behaves like a block: without filling the whole line goes, with one every line of it takes the indentation of the
//! slot. That needs the finished text around it, so printing leaves marks, and [`settle`] acts on them afterwards.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Kwargs, Value};
use minijinja::{Error, ErrorKind};

use crate::diag::Diagnostic;

/// Marks around a filling: Unicode noncharacters, which no text that is exchanged may hold.
const OPEN: char = '\u{fdd0}';
const CLOSE: char = '\u{fdd1}';

/// Whether a text holds a character that is needed for the marks.
pub fn has_reserved(text: &str) -> bool {
    text.contains([OPEN, CLOSE])
}

/// Renders all fillings of a slot, in the order of composition; an error where nobody opened such a slot.
pub type Slots = Arc<dyn Fn(&str) -> Result<Vec<String>, Diagnostic> + Send + Sync>;

/// A problem in a filling, on its way through the template that opens the slot.
#[derive(Debug)]
pub(super) struct FillingError(pub(super) Diagnostic);

impl fmt::Display for FillingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for FillingError {}

/// The function `slot_lines` of templates: the lines that are filled in, as a list. An empty one says that nobody fills
/// the slot.
pub fn lines_function(slots: Slots) -> Value {
    Value::from_function(move |name: &str| -> Result<Vec<String>, Error> {
        let fillings = fill(&slots, name)?;
        let lines = fillings.iter().flat_map(|filling| filling.lines()).map(str::trim_end);
        Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
    })
}

fn fill(slots: &Slots, name: &str) -> Result<Vec<String>, Error> {
    slots(name).map_err(|problem| {
        Error::new(ErrorKind::InvalidOperation, "a slot could not be filled").with_source(FillingError(problem))
    })
}

/// The function `slot` of templates. `separator` stands between two fillings.
pub fn function(slots: Slots) -> Value {
    Value::from_function(move |name: &str, options: Kwargs| -> Result<Value, Error> {
        let separator: Option<String> = options.get("separator")?;
        options.assert_all_used()?;
        let fillings = fill(&slots, name)?;
        let mut text = String::new();
        for filling in fillings.iter().filter(|filling| !filling.is_empty()) {
            if !text.is_empty() {
                text.push_str(separator.as_deref().unwrap_or_default());
            }
            text.push_str(filling);
            if !filling.ends_with('\n') {
                text.push('\n');
            }
        }
        Ok(Value::from(format!("{OPEN}{text}{CLOSE}")))
    })
}

/// Turns marked fillings into lines.
pub(super) fn settle(text: String) -> String {
    if !text.contains(OPEN) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(open) = rest.find(OPEN) {
        let (before, marked) = rest.split_at(open);
        out.push_str(before);
        let Some(close) = marked.find(CLOSE) else { break };
        let filling = &marked[OPEN.len_utf8()..close];
        rest = &marked[close + CLOSE.len_utf8()..];
        let line_start = out.rfind('\n').map_or(0, |at| at + 1);
        let indentation = out[line_start..].to_owned();
        let alone = indentation.trim().is_empty() && (rest.is_empty() || rest.starts_with('\n'));
        if !alone {
            out.push_str(filling.strip_suffix('\n').unwrap_or(filling));
            continue;
        }
        out.truncate(line_start);
        for line in filling.lines() {
            if !line.is_empty() {
                out.push_str(&indentation);
                out.push_str(line);
            }
            out.push('\n');
        }
        rest = rest.strip_prefix('\n').unwrap_or(rest);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Delimiters, Engine};
    use super::*;
    use minijinja::context;

    fn render(source: &str, fillings: &'static [&'static str]) -> String {
        let slots: Slots = Arc::new(|_| Ok(fillings.iter().map(ToString::to_string).collect()));
        let context = context!(slot => function(slots));
        Engine::new(Delimiters::Goldpath).render("t", source, &context).unwrap()
    }

    #[test]
    fn an_empty_slot_leaves_no_line() {
        assert_eq!(render("a:\n  <%= slot('x') %>\nb: 1\n", &[]), "a:\nb: 1\n");
        assert_eq!(render("a\n<%= slot('x') %>\n", &[]), "a\n");
    }

    #[test]
    fn a_filling_takes_the_indentation_of_its_slot() {
        assert_eq!(
            render("a:\n  <%= slot('x') %>\nb\n", &["- c:\n    d\n", "\n- e"]),
            "a:\n  - c:\n      d\n\n  - e\nb\n"
        );
    }

    #[test]
    fn a_separator_stands_between_fillings_only() {
        assert_eq!(render("<%= slot('x', separator='\\n') %>\n", &["a\n", "b\n"]), "a\n\nb\n");
    }

    #[test]
    fn a_slot_within_a_line_is_joined_to_it() {
        assert_eq!(render("x=[<%= slot('x') %>]\n", &["1\n"]), "x=[1]\n");
        assert_eq!(render("x=[<%= slot('x') %>]\n", &[]), "x=[]\n");
    }
}
