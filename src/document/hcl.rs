//! HCL2 in the shape that conftest's `hcl2` parser (hcl2json) gives it.
//!
//! A block becomes a list below its type and labels, an expression that is no literal becomes `${…}` with its own
//! source text, and a template keeps its interpolations and directives.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use hcl_edit::Number;
use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey, UnaryOperator};
use hcl_edit::structure::{Body, Structure};
use hcl_edit::template::{Directive, Element, Strip, Template};

use super::node::Entries;
use super::{Content, Lines, Node, Spot, out_of_range, twice};
use crate::diag::{Diagnostic, Diagnostics, Place};

/// Most names that a block may have: its type and labels. Each is a level of the value that a policy sees.
const LABEL_LIMIT: usize = 5;
/// Most problems that are told of one file.
const PROBLEM_LIMIT: usize = 20;

pub(super) fn read(file: &Arc<str>, text: &str) -> Result<Node, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // The parser takes line breaks as they come; HCL strings never hold a carriage return that was meant.
    let normal = text.replace("\r\n", "\n");
    let parsed = hcl_edit::parser::parse_body(&normal).or_else(|error| match joined(&normal) {
        Some(joined) => hcl_edit::parser::parse_body(&joined),
        None => Err(error),
    });
    let body = parsed.map_err(|error| {
        let at = error.location();
        // Joined lines count as one there, but no byte moved.
        let line = Lines::new(&normal).of(at.offset());
        Diagnostic::error(format!("not valid HCL: {}", error.message().replace('\n', "; ")))
            .place(Place::at(&**file, line, at.column()))
            .excerpt(&normal, 1)
            .hint("`terraform fmt -check` says what Terraform makes of it")
    })?;
    let read = Read { file, text: &normal, lines: Lines::new(&normal), problems: RefCell::new(Diagnostics::new()) };
    let root = read.body(&body, 1);
    read.problems.into_inner().into_result(root)
}

struct Read<'a> {
    file: &'a Arc<str>,
    text: &'a str,
    lines: Lines,
    problems: RefCell<Diagnostics>,
}

/// The text with spaces for the line breaks, and comments, that follow an arrow, in the same places; `None` where no arrow
/// ends its line. Terraform takes `=>` and the value on the next line in a `for` expression, the parser does not.
fn joined(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n');
    let (mut arrow, mut any, mut comment) = (false, false, false);
    while let Some(line) = lines.next() {
        let code = code_of(line, &mut comment);
        let bare = code.trim_end();
        let before = arrow;
        arrow = bare.ends_with("=>") || (before && bare.is_empty());
        any |= arrow;
        if arrow {
            out.push_str(bare);
            out.extend(std::iter::repeat_n(' ', line.len() - bare.len()));
        } else if before {
            // A comment that begins behind the arrow may end here.
            out.push_str(&code);
            out.push_str(line.get(code.len()..).unwrap_or_default());
        } else {
            out.push_str(line);
        }
        if let Some(end) = heredoc(bare) {
            for line in lines.by_ref() {
                out.push_str(line);
                if line.trim() == end {
                    break;
                }
            }
        }
    }
    any.then_some(out)
}

/// A line without the comment that ends it, and with spaces for those inside; `open` is whether one goes over its end.
fn code_of(line: &str, open: &mut bool) -> String {
    let mut out = String::with_capacity(line.len());
    let mut quoted = false;
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let taken = if *open {
            let end = rest.find("*/").map(|end| end + 2);
            *open = end.is_none();
            let end = end.unwrap_or(rest.len());
            out.extend(std::iter::repeat_n(' ', end));
            end
        } else if !quoted && (first == '#' || rest.starts_with("//")) {
            break;
        } else if !quoted && rest.starts_with("/*") {
            *open = true;
            out.push_str("  ");
            2
        } else {
            let escaped = quoted && first == '\\';
            let taken = rest.chars().take(if escaped { 2 } else { 1 }).map(char::len_utf8).sum();
            quoted ^= first == '"';
            out.push_str(rest.get(..taken).unwrap_or_default());
            taken
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    out
}

/// The word that ends the text which begins after this line.
fn heredoc(code: &str) -> Option<&str> {
    let (_, word) = code.rsplit_once("<<")?;
    let word = word.strip_prefix('-').unwrap_or(word);
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    (!word.is_empty() && word.chars().all(is_word)).then_some(word)
}

/// What stands under a name: the blocks of that type, those with a label by their labels, or an attribute's value.
enum Slot {
    Blocks(usize, Vec<Node>),
    Labels(usize, Slots),
    Value(Node),
}

/// Names in the order in which they come up.
#[derive(Default)]
struct Slots {
    slots: Vec<(String, Slot)>,
    known: HashMap<String, usize>,
}

impl Slots {
    /// What stands under a name, after `make` has put it there if nothing does.
    fn entry(&mut self, name: &str, make: impl FnOnce() -> Slot) -> Option<&mut Slot> {
        let at = match self.known.get(name) {
            Some(at) => *at,
            None => {
                self.known.insert(name.to_owned(), self.slots.len());
                self.slots.push((name.to_owned(), make()));
                self.slots.len() - 1
            }
        };
        self.slots.get_mut(at).map(|(_, slot)| slot)
    }
}

impl Slot {
    fn line(&self) -> usize {
        match self {
            Slot::Blocks(line, _) | Slot::Labels(line, _) => *line,
            Slot::Value(node) => node.spot.line,
        }
    }
}

impl Read<'_> {
    fn node(&self, line: usize, content: Content) -> Node {
        Node::new(Spot { file: self.file.clone(), line }, content)
    }

    fn line(&self, node: &impl Span, otherwise: usize) -> usize {
        node.span().map_or(otherwise, |span| self.lines.of(span.start))
    }

    fn problem(&self, problem: Diagnostic) {
        let mut problems = self.problems.borrow_mut();
        if problems.0.len() < PROBLEM_LIMIT {
            problems.push(problem);
        }
    }

    fn body(&self, body: &Body, line: usize) -> Node {
        let mut slots = Slots::default();
        for block in body.iter().filter_map(Structure::as_block) {
            let line = self.line(block, line);
            let labels: Vec<&str> =
                std::iter::once(block.ident.as_str()).chain(block.labels.iter().map(|label| label.as_str())).collect();
            if labels.len() > LABEL_LIMIT {
                self.problem(
                    Diagnostic::error(format!("a block has {} labels", labels.len() - 1))
                        .place(Place::line(&**self.file, line))
                        .hint("Terraform knows blocks of no, one and two labels"),
                );
                continue;
            }
            let value = self.body(&block.body, line);
            self.place(&mut slots, &labels, value, line);
        }
        for attribute in body.iter().filter_map(Structure::as_attribute) {
            let line = self.line(attribute, line);
            let name = attribute.key.as_str();
            let before = slots.slots.len();
            let slot = slots.entry(name, || Slot::Value(self.expression(&attribute.value, line)));
            let first = slot.map_or(line, |slot| slot.line());
            if slots.slots.len() == before {
                self.problem(twice(self.file, name, first, line));
            }
        }
        self.node_of(slots, line)
    }

    fn node_of(&self, slots: Slots, line: usize) -> Node {
        let entries = slots
            .slots
            .into_iter()
            .map(|(name, slot)| {
                let node = match slot {
                    Slot::Blocks(line, blocks) => self.node(line, Content::List(blocks)),
                    Slot::Labels(line, slots) => self.node_of(slots, line),
                    Slot::Value(node) => node,
                };
                (name, node)
            })
            .collect();
        self.node(line, Content::Map(entries))
    }

    /// Adds a block's body to the list at the end of its type and labels.
    fn place(&self, slots: &mut Slots, labels: &[&str], value: Node, line: usize) {
        let [first, rest @ ..] = labels else { return };
        let made = slots.entry(first, || match rest {
            [] => Slot::Blocks(line, Vec::new()),
            _ => Slot::Labels(line, Slots::default()),
        });
        match (made, rest) {
            (Some(Slot::Blocks(_, blocks)), []) => blocks.push(value),
            (Some(Slot::Labels(_, inner)), [_, ..]) => self.place(inner, rest, value, line),
            _ => self.problem(
                Diagnostic::error(format!("the block `{first}` stands both with and without a label"))
                    .place(Place::line(&**self.file, line))
                    .hint("give all blocks of a type the same number of labels"),
            ),
        }
    }

    fn number(&self, number: &Number, negative: bool, line: usize) -> Content {
        match (number.as_i64(), number.as_f64()) {
            (Some(value), _) => Content::Int(if negative { -value } else { value }),
            (None, Some(value)) if value.is_finite() => Content::Float(if negative { -value } else { value }),
            _ => {
                self.problem(out_of_range(self.file, &number.to_string(), line));
                Content::Null
            }
        }
    }

    /// The source of an expression as hcl2json writes it: it takes a closing parenthesis that follows along.
    fn source(&self, expression: &Expression) -> String {
        let Some(span) = expression.span() else {
            return String::new();
        };
        let end = if self.text.as_bytes().get(span.end) == Some(&b')') { span.end + 1 } else { span.end };
        self.text.get(span.start..end).unwrap_or_default().to_owned()
    }

    fn wrapped(&self, expression: &Expression) -> String {
        format!("${{{}}}", self.source(expression))
    }

    fn expression(&self, expression: &Expression, line: usize) -> Node {
        let content = match expression {
            Expression::Null(_) => Content::Null,
            Expression::Bool(value) => Content::Bool(*value.value()),
            Expression::Number(number) => self.number(number.value(), false, line),
            Expression::String(text) => Content::Str(escape(text.value())),
            Expression::Array(items) => {
                Content::List(items.iter().map(|item| self.expression(item, self.line(item, line))).collect())
            }
            Expression::Object(object) => {
                let mut out = Entries::default();
                for (key, value) in object {
                    let (name, line) = match key {
                        ObjectKey::Ident(name) => (name.as_str().to_owned(), self.line(name, line)),
                        ObjectKey::Expression(key) => (self.key(key), self.line(key, line)),
                    };
                    if let Err(first) = out.add(name.clone(), self.expression(value.expr(), line)) {
                        self.problem(twice(self.file, &name, first, line));
                    }
                }
                out.into_content()
            }
            Expression::StringTemplate(template) => match template.as_single_element() {
                Some(Element::Interpolation(inner)) => return self.expression(&inner.expr, line),
                _ => Content::Str(self.elements(template.iter())),
            },
            Expression::HeredocTemplate(heredoc) => Content::Str(self.template(&heredoc.template)),
            Expression::UnaryOp(operation) => match (operation.operator.value(), &operation.expr) {
                (UnaryOperator::Neg, Expression::Number(number)) => self.number(number.value(), true, line),
                (UnaryOperator::Not, Expression::Bool(value)) => Content::Bool(!*value.value()),
                _ => Content::Str(self.wrapped(expression)),
            },
            _ => Content::Str(self.wrapped(expression)),
        };
        self.node(line, content)
    }

    fn key(&self, key: &Expression) -> String {
        match key {
            Expression::Variable(_) | Expression::Traversal(_) => self.source(key),
            other => self.part(other),
        }
    }

    /// An expression inside a string.
    fn part(&self, expression: &Expression) -> String {
        match expression {
            Expression::Null(_) => "null".to_owned(),
            Expression::Bool(value) => value.value().to_string(),
            Expression::Number(number) => number.value().to_string(),
            Expression::String(text) => escape(text.value()),
            Expression::StringTemplate(template) => self.elements(template.iter()),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            // Inside a string hcl2json writes a conditional expression as a directive.
            Expression::Conditional(conditional) => {
                let otherwise = self.part(&conditional.false_expr);
                format!(
                    "%{{if {}}}{}{}%{{endif}}",
                    self.source(&conditional.cond_expr),
                    self.part(&conditional.true_expr),
                    if otherwise.is_empty() { String::new() } else { format!("%{{else}}{otherwise}") }
                )
            }
            _ => self.wrapped(expression),
        }
    }

    fn template(&self, template: &Template) -> String {
        self.elements(template.iter())
    }

    fn elements<'e>(&self, elements: impl Iterator<Item = &'e Element>) -> String {
        let mut out = String::new();
        // White space before `${~` and after `~}` goes away.
        let mut strip = false;
        for element in elements {
            match element {
                Element::Literal(text) => {
                    let text = if strip { text.value().trim_start() } else { text.value() };
                    out.push_str(&escape(text));
                    strip = false;
                }
                Element::Interpolation(inner) => {
                    strip = around(&mut out, inner.strip, inner.strip);
                    out.push_str(&self.part(&inner.expr));
                }
                Element::Directive(directive) => match &**directive {
                    Directive::If(directive) => {
                        let last = directive.endif_expr.strip;
                        strip = around(&mut out, directive.if_expr.strip, last);
                        let otherwise = directive.else_expr.as_ref();
                        let after_first = otherwise.map_or(last, |otherwise| otherwise.strip);
                        out.push_str(&format!("%{{if {}}}", self.source(&directive.if_expr.cond_expr)));
                        out.push_str(&self.inner(&directive.if_expr.template, directive.if_expr.strip, after_first));
                        if let Some(otherwise) = otherwise {
                            let text = self.inner(&otherwise.template, otherwise.strip, last);
                            if !text.is_empty() {
                                out.push_str("%{else}");
                                out.push_str(&text);
                            }
                        }
                        out.push_str("%{endif}");
                    }
                    Directive::For(directive) => {
                        let (first, last) = (&directive.for_expr, directive.endfor_expr.strip);
                        strip = around(&mut out, first.strip, last);
                        out.push_str("%{for ");
                        if let Some(key) = &first.key_var {
                            out.push_str(key.as_str());
                            out.push_str(", ");
                        }
                        out.push_str(first.value_var.as_str());
                        out.push_str(&format!(" in {}}}", self.source(&first.collection_expr)));
                        out.push_str(&self.inner(&first.template, first.strip, last));
                        out.push_str("%{endfor}");
                    }
                },
            }
        }
        out
    }

    /// The text between two directives, without what they strip.
    fn inner(&self, template: &Template, before: Strip, after: Strip) -> String {
        let text = self.template(template);
        let text = if before.strip_end() { text.trim_start() } else { &text };
        let text = if after.strip_start() { text.trim_end() } else { text };
        text.to_owned()
    }
}

/// Applies a marker's left side to what stands before, and says whether its right side strips what follows.
fn around(out: &mut String, left: Strip, right: Strip) -> bool {
    if left.strip_start() {
        out.truncate(out.trim_end().len());
    }
    right.strip_end()
}

/// `${` and `%{` that are plain text.
fn escape(text: &str) -> String {
    text.replace("${", "$${").replace("%{", "%%{")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `conftest parse` prints for the same file.
    #[test]
    fn expressions_come_out_as_hcl2json_writes_them() {
        let text = include_str!("../../tests/fixtures/document/expressions.tf");
        let expected: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/fixtures/document/expressions.tf.json")).unwrap();
        let node = read(&Arc::from("f.tf"), text).unwrap();
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&node.get(key).unwrap().to_json(), value, "{key}");
        }
        assert_eq!(node.entries().len(), expected.as_object().unwrap().len());
    }

    #[test]
    fn a_block_and_an_attribute_know_their_lines() {
        let text = "terraform {}\n\nresource \"a\" \"b\" {\n  x = 1\n  y {\n    z = [\n      1,\n    ]\n  }\n}\n";
        let node = read(&Arc::from("f.tf"), text).unwrap();
        let block = &node.at(&["resource", "a", "b"]).unwrap().items()[0];
        assert_eq!(block.spot.line, 3);
        assert_eq!(block.get("x").unwrap().spot.line, 4);
        let inner = &block.get("y").unwrap().items()[0];
        assert_eq!(inner.spot.line, 5);
        assert_eq!(inner.get("z").unwrap().items()[0].spot.line, 7);
    }

    #[test]
    fn an_arrow_may_end_its_line() {
        let text = "locals {\n  a = <<-EOT\n    not =>\n    this\n  EOT\n  b = { for k, v in var.x : k => # why\n\n    v /* =>\n  \
                    */ if v != \"=>\" }\n  c = \"é =>\"\n  d = { for k, v in var.y : k =>\n    /* a\n    b */ [1,\n    2] }\n}\n";
        let node = read(&Arc::from("f.tf"), text).unwrap();
        let locals = &node.get("locals").unwrap().items()[0];
        assert_eq!(locals.get("a").unwrap().as_str(), Some("not =>\nthis\n"));
        // As hcl2json has it, with the source as it stands.
        let b = "${{ for k, v in var.x : k => # why\n\n    v /* =>\n  */ if v != \"=>\" }}";
        assert_eq!(locals.get("b").unwrap().as_str(), Some(b));
        assert_eq!(locals.get("d").unwrap().spot.line, 11);
        let problem = read(&Arc::from("f.tf"), "a = { for k, v in x : k =>\n v }\nb = {\n").unwrap_err();
        assert!(problem.0[0].place.as_ref().unwrap().line >= Some(3), "{problem}");
    }

    #[test]
    fn an_error_has_a_place() {
        let problem = read(&Arc::from("f.tf"), "a = 1\nb = {\n").unwrap_err();
        assert!(problem.0[0].place.as_ref().unwrap().line.is_some());
    }
}
