//! Templates and expressions: minijinja, set up so that it can't silently emit nonsense.
//!
//! Compared with minijinja's defaults: undefined names are errors everywhere, booleans print as `true` and `false`,
//! printing a list, a map or nothing is an error, delimiters leave the emitted languages alone, rendering has a fuel
//! and a size limit, and quoting filters exist for every emitted format ([`quote`]). Slots are filled here too, since
//! what a slot does to the line it stands on is a matter of text.

pub mod case;
pub mod quote;
mod slot;
pub use slot::{
    function as slot_function, lines_function as slot_lines_function, names_function as slot_names_function,
    varies_function,
};

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Output, State, UndefinedBehavior};

use crate::diag::{Diagnostic, Place};

pub use slot::{Ask, Fill, Slots, has_reserved};

/// A map for templates and expressions.
pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
    Value::from(entries.into_iter().map(|(key, value)| (key.into(), value)).collect::<BTreeMap<String, Value>>())
}

/// Instructions that one template may run before it is stopped.
const FUEL: u64 = 20_000_000;
/// Largest file that one template may emit, in bytes.
pub const FILE_LIMIT: usize = 16 * 1024 * 1024;

/// The signs that mark templates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delimiters {
    /// `<%= value %>`, `<% block %>`, `<%# comment %>` and lines that start with `#%`.
    #[default]
    Goldpath,
    /// `{{ value }}`, `{% block %}`, `{# comment #}`: for templates that come from Jinja.
    Jinja,
}

/// Compiles and renders templates and expressions.
#[derive(Clone, Debug)]
pub struct Engine {
    environment: Arc<Environment<'static>>,
}

/// Names that minijinja defines itself and that are therefore never an input.
const GLOBALS: [&str; 4] = ["range", "dict", "namespace", "debug"];

impl Engine {
    /// An engine for templates with these delimiters.
    pub fn new(delimiters: Delimiters) -> Self {
        let mut environment = Environment::new();
        environment.set_debug(true);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_formatter(print);
        environment.set_syntax(syntax(delimiters));
        // Whoever knows Jinja expects `text.split("-")` and its kin to work.
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        quote::register(&mut environment);
        case::register(&mut environment);
        Engine { environment: Arc::new(environment) }
    }

    /// Renders a template.
    ///
    /// `name` stands in messages for the template.
    ///
    /// # Errors
    /// What is wrong with the template or with a value in it, with its line and the source of that line.
    pub fn render(&self, name: &str, source: &str, context: &Value) -> Result<String, Diagnostic> {
        if has_reserved(source) {
            return Err(Diagnostic::error("the template has a character that Unicode reserves (U+FDD0 to U+FDD1)")
                .place(Place::file(name))
                .hint("remove the character"));
        }
        let template =
            self.environment.template_from_named_str(name, source).map_err(|error| diagnose(&error, name, source))?;
        let mut output = Limited(Vec::with_capacity(source.len() + source.len() / 4));
        template.render_captured_to(context.clone(), &mut output).map_err(|error| diagnose(&error, name, source))?;
        let text = String::from_utf8(output.0)
            .map_err(|_| Diagnostic::error("the template's output is not UTF-8").place(Place::file(name)))?;
        Ok(slot::settle(text))
    }

    /// Evaluates an expression such as `cloud == "aws"`.
    ///
    /// # Errors
    /// A message without a place: the caller knows where the expression stands.
    pub fn evaluate(&self, expression: &str, context: &Value) -> Result<Value, String> {
        let compiled = self.environment.compile_expression(expression).map_err(|error| explain(&error, expression))?;
        compiled.eval(context.clone()).map_err(|error| explain(&error, expression))
    }

    /// Evaluates an expression to true or false, as `if` would.
    ///
    /// # Errors
    /// As [`Engine::evaluate`].
    pub fn holds(&self, expression: &str, context: &Value) -> Result<bool, String> {
        let value = self.evaluate(expression, context)?;
        if value.is_undefined() {
            return Err(format!("`{expression}` has no value"));
        }
        Ok(value.is_true())
    }

    /// The names that a template reads, with their attributes: `cloud`, `pins.images.golang`.
    ///
    /// # Errors
    /// Where the template does not parse.
    pub fn names_in_template(&self, name: &str, source: &str) -> Result<BTreeSet<String>, Diagnostic> {
        let template =
            self.environment.template_from_named_str(name, source).map_err(|error| diagnose(&error, name, source))?;
        Ok(without_globals(template.undeclared_variables(true)))
    }

    /// The names that an expression reads, with their attributes.
    ///
    /// # Errors
    /// A message without a place, where the expression does not parse.
    pub fn names_in_expression(&self, expression: &str) -> Result<BTreeSet<String>, String> {
        let compiled = self.environment.compile_expression(expression).map_err(|error| explain(&error, expression))?;
        Ok(without_globals(compiled.undeclared_variables(true)))
    }
}

fn without_globals(names: std::collections::HashSet<String>) -> BTreeSet<String> {
    names.into_iter().filter(|name| !GLOBALS.contains(&name.as_str())).collect()
}

fn syntax(delimiters: Delimiters) -> SyntaxConfig {
    let mut builder = SyntaxConfig::builder();
    builder.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    if delimiters == Delimiters::Goldpath {
        builder
            .variable_delimiters("<%=", "%>")
            .block_delimiters("<%", "%>")
            .comment_delimiters("<%#", "%>")
            .line_statement_prefix("#%");
    }
    builder.build().unwrap_or_default()
}

/// Prints a value the way that YAML, JSON, HCL and shells read it, or refuses to.
fn print(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let refuse = |what: &str, instead: &str| {
        Err(Error::new(ErrorKind::InvalidOperation, format!("{what} can't be printed; {instead}")))
    };
    match value.kind() {
        ValueKind::Undefined => refuse("a missing value", "give it an `else`, or guard it with `if`"),
        ValueKind::None => refuse("`none`", "guard it with `if`"),
        ValueKind::Seq | ValueKind::Iterable => {
            refuse("a list", "use `| join(\", \")`, or a quoting filter such as `| yaml` or `| hcl`")
        }
        ValueKind::Map => refuse("a map", "print one of its values, or use a quoting filter such as `| json`"),
        ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" }).map_err(Error::from),
        _ => minijinja::escape_formatter(out, state, value),
    }
}

/// Stops a template that emits without end.
struct Limited(Vec<u8>);

impl io::Write for &mut Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > FILE_LIMIT {
            return Err(io::Error::other(format!("the file is larger than {} MiB", FILE_LIMIT / 1024 / 1024)));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What an error says, in our words where minijinja's are about its own insides.
fn explain(error: &Error, source: &str) -> String {
    let at = error.range().and_then(|range| source.get(range)).map(str::trim).filter(|text| !text.is_empty());
    match (error.kind(), at) {
        (ErrorKind::UndefinedError, Some(name)) => format!("`{name}` is not defined"),
        (ErrorKind::OutOfFuel, _) => format!("it runs too long (more than {FUEL} steps)"),
        (ErrorKind::WriteFailure, _) => {
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
        }
        _ => {
            let kind = error.kind().to_string();
            match error.detail() {
                Some(detail) => undefined_in(detail).unwrap_or_else(|| format!("{kind}: {detail}")),
                None => kind,
            }
        }
    }
}

/// Where minijinja's message is about types, the cause is often a name that is missing: it says so in brackets.
fn undefined_in(detail: &str) -> Option<String> {
    let name = detail.strip_suffix("` is undefined)")?.rsplit_once("(`")?.1;
    Some(format!("`{name}` is not defined"))
}

fn diagnose(error: &Error, name: &str, source: &str) -> Diagnostic {
    // A slot's filling fails inside the template that opens it: the innermost error has the right place.
    let mut inner: &dyn std::error::Error = error;
    while let Some(next) = inner.source() {
        inner = next;
    }
    if let Some(filling) = inner.downcast_ref::<slot::FillingError>() {
        return filling.0.clone();
    }
    let message = explain(error, source);
    let Some(line) = error.line() else {
        return Diagnostic::error(message).place(Place::file(name));
    };
    let (column, length) = error
        .range()
        .filter(|range| source.is_char_boundary(range.start) && source.is_char_boundary(range.end.min(source.len())))
        .map_or((1, 1), |range| {
            let start = source[..range.start].rfind('\n').map_or(0, |at| at + 1);
            let found = &source[range.start..range.end.min(source.len())];
            (source[start..range.start].chars().count() + 1, found.lines().next().unwrap_or("").chars().count())
        });
    Diagnostic::error(message).place(Place::at(name, line, column)).excerpt(source, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::context;

    fn render(source: &str, context: Value) -> Result<String, Diagnostic> {
        Engine::new(Delimiters::Goldpath).render("t.jinja", source, &context)
    }

    #[test]
    fn other_languages_pass_untouched() {
        let source = "${{ github.sha }} {{ .Values.x }} {% raw %} %{ if } ${var} [[ -f x ]] <<EOF\n#!/bin/sh # 100%\n";
        assert_eq!(render(source, context!()).unwrap(), source);
    }

    #[test]
    fn line_statements_leave_no_scars() {
        let source = "a:\n#% if yes\n  b: <%= n %>\n#% endif\n  #% for e in es\n  - <%= e %>\n  #% endfor\nc: 1\n";
        let output = render(source, context!(yes => true, n => 1, es => vec!["x", "y"])).unwrap();
        assert_eq!(output, "a:\n  b: 1\n  - x\n  - y\nc: 1\n");
        let output = render(source, context!(yes => false, n => 1, es => Vec::<String>::new())).unwrap();
        assert_eq!(output, "a:\nc: 1\n");
    }

    #[test]
    fn undefined_names_and_attributes_are_errors_with_a_place() {
        let problem = render("a\n  b: <%= missing %>\n", context!()).unwrap_err();
        assert_eq!(problem.message, "`missing` is not defined");
        assert_eq!(problem.place.unwrap().to_string(), "t.jinja:2:10");
        let problem = render("<%= a.b %>", context!(a => context!())).unwrap_err();
        assert!(problem.message.contains("a.b"), "{}", problem.message);
        assert!(render("<% if missing %>x<% endif %>", context!()).is_err());
        assert!(render("<%= 'x' if false %>", context!()).is_err());
    }

    #[test]
    fn values_print_as_data_formats_read_them() {
        assert_eq!(render("<%= a %> <%= b %>", context!(a => true, b => 3)).unwrap(), "true 3");
        for value in [Value::from(()), Value::from(vec![1]), context!(x => 1)] {
            assert!(render("<%= a %>", context!(a => value)).is_err());
        }
    }

    #[test]
    fn a_template_that_does_not_end_is_stopped() {
        let source = "<% for a in range(9999) %><% for b in range(9999) %>x<% endfor %><% endfor %>";
        let problem = render(source, context!()).unwrap_err();
        assert!(problem.message.contains("runs too long"), "{}", problem.message);
        let source = "<% for a in range(9999) %><%= 'x' * 99999 %><% endfor %>";
        let problem = render(source, context!()).unwrap_err();
        assert!(problem.message.contains("larger than"), "{}", problem.message);
    }

    #[test]
    fn names_that_are_read_are_found() {
        let engine = Engine::new(Delimiters::Goldpath);
        let names =
            engine.names_in_template("t", "<%= a.b %>\n#% for x in range(3)\n<%= x %><%= c %>\n#% endfor\n").unwrap();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a.b", "c"]);
    }

    #[test]
    fn expressions_say_what_is_wrong() {
        let engine = Engine::new(Delimiters::Goldpath);
        assert_eq!(engine.evaluate("nope + 1", &context!()).unwrap_err(), "`nope` is not defined");
        assert!(engine.holds("a == 1", &context!(a => 1)).unwrap());
        assert!(engine.evaluate("a ==", &context!()).is_err());
    }
}
