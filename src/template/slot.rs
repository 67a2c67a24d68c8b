//! Slots: how several components write into one file.
//!
//! `<%= slot("make.targets") %>` prints what the components that fill the slot have to say. Alone on its line it
//! behaves like a block: without filling the whole line goes, with one every line of it takes the indentation of the
//! slot. That needs the finished text around it, so printing leaves marks, and [`settle`] acts on them afterwards.
//!
//! A filling may open slots itself. What it says with [`varies`](varies_function) takes the form that the outermost
//! opener asks for, so that one text serves a renderer that writes values down and one that looks them up.

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

/// What a template asks of a slot.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The slot's name.
    pub slot: &'a str,
    /// The one name whose fillings are wanted; all fillings where there is none.
    pub only: Option<&'a str>,
    /// How fillings write a value that varies, with its name in place of `%s`.
    pub varying: Option<&'a str>,
}

/// What fills the slots that a template opens.
pub trait Fill: Send + Sync {
    /// The fillings of a slot, rendered, in the order of composition.
    ///
    /// # Errors
    /// Where nobody declared such a slot, or a filling does not render.
    fn fill(&self, ask: Ask) -> Result<Vec<String>, Diagnostic>;

    /// The names of the fillings that have one, each once, in the order of composition.
    ///
    /// # Errors
    /// Where nobody declared such a slot.
    fn names(&self, slot: &str) -> Result<Vec<String>, Diagnostic>;
}

/// Slots as functions of templates hold them.
pub type Slots = Arc<dyn Fill>;

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
        let fillings = slots.fill(Ask { slot: name, only: None, varying: None }).map_err(failed)?;
        let lines = fillings.iter().flat_map(|filling| filling.lines()).map(str::trim_end);
        Ok(lines.filter(|line| !line.is_empty()).map(str::to_owned).collect())
    })
}

/// The function `slot_names` of templates: the names of a slot's fillings, as a list.
pub fn names_function(slots: Slots) -> Value {
    Value::from_function(move |name: &str| -> Result<Vec<String>, Error> { slots.names(name).map_err(failed) })
}

/// The function `varies` of fillings: a value that is not the same everywhere, in the form that the opener asks for.
pub fn varies_function(varying: Option<String>) -> Value {
    Value::from_function(move |name: &str, value: Value| match &varying {
        Some(form) => Value::from(form.replace("%s", name)),
        None => value,
    })
}

fn failed(problem: Diagnostic) -> Error {
    Error::new(ErrorKind::InvalidOperation, "a slot could not be filled").with_source(FillingError(problem))
}

/// The function `slot` of templates. `separator` stands between two fillings; `only` and `varying` are those of [`Ask`].
pub fn function(slots: Slots) -> Value {
    Value::from_function(move |name: &str, options: Kwargs| -> Result<Value, Error> {
        let separator: Option<String> = options.get("separator")?;
        let only: Option<String> = options.get("only")?;
        let varying: Option<String> = options.get("varying")?;
        options.assert_all_used()?;
        let ask = Ask { slot: name, only: only.as_deref(), varying: varying.as_deref() };
        let fillings = slots.fill(ask).map_err(failed)?;
        let mut text = String::new();
        for filling in fillings.iter().filter(|filling| !filling.is_empty()) {
            if let Some(separator) = separator.as_deref().filter(|_| !text.is_empty()) {
                // A comma belongs to the line before it.
                if !separator.starts_with('\n') {
                    text.truncate(text.trim_end_matches('\n').len());
                }
                text.push_str(separator);
                if !text.ends_with('\n') {
                    text.push('\n');
                }
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

    struct Fixed(&'static [&'static str]);

    impl Fill for Fixed {
        fn fill(&self, _: Ask) -> Result<Vec<String>, Diagnostic> {
            Ok(self.0.iter().map(ToString::to_string).collect())
        }

        fn names(&self, _: &str) -> Result<Vec<String>, Diagnostic> {
            Ok(Vec::new())
        }
    }

    fn render(source: &str, fillings: &'static [&'static str]) -> String {
        let context = context!(slot => function(Arc::new(Fixed(fillings))));
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
        assert_eq!(render("[\n  <%= slot('x', separator=',') %>\n]\n", &["1\n", "2\n"]), "[\n  1,\n  2\n]\n");
    }

    #[test]
    fn a_value_that_varies_has_the_form_that_was_asked_for() {
        let engine = Engine::new(Delimiters::Goldpath);
        let render = |varying: Option<&str>| {
            let context = context!(varies => varies_function(varying.map(str::to_owned)));
            engine.render("t", "a: <%= varies('size.cpu', 4) %>\n", &context).unwrap()
        };
        assert_eq!(render(None), "a: 4\n");
        assert_eq!(render(Some("{{ .Values.%s }}")), "a: {{ .Values.size.cpu }}\n");
    }

    #[test]
    fn a_slot_within_a_line_is_joined_to_it() {
        assert_eq!(render("x=[<%= slot('x') %>]\n", &["1\n"]), "x=[1]\n");
        assert_eq!(render("x=[<%= slot('x') %>]\n", &[]), "x=[]\n");
    }
}
