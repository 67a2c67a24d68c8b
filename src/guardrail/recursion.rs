//! Policies that would fill the interpreter's stack, which no process survives, so they are found before anything runs:
//! functions that call themselves, which Rego forbids and OPA refuses, and expressions that no person writes.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Source;
use regorus::unstable::{Lexer, Module, Rule, RuleHead, TokenKind};

/// Most brackets and braces around each other. The interpreter's parser takes twice as long for each of them.
const NESTING_LIMIT: usize = 10;
/// Most operators in one expression, and most steps in one reference. Each is a level of the interpreter's stack.
const CHAIN_LIMIT: usize = 200;

/// A function, by its full path.
struct Function {
    /// Where it is defined first: file and line.
    place: (String, usize),
    calls: BTreeSet<String>,
}

/// Where an expression is longer or more nested than the interpreter can follow: its line and column.
pub(super) fn too_long(file: &str, text: &str) -> Option<(usize, usize)> {
    let source = Source::from_contents(file.to_owned(), text.to_owned()).ok()?;
    let mut lexer = Lexer::new(&source);
    // Operators so far in the expression at hand, and in those around it.
    let mut open = vec![0_usize];
    let mut nested = 0_usize;
    let mut steps = 0_usize;
    let (mut line, mut operand) = (0, false);
    while let Ok(token) = lexer.next_token() {
        let (span, text) = (&token.1, token.1.text());
        let symbol = token.0 == TokenKind::Symbol;
        let operator = symbol
            && matches!(
                text,
                "+" | "-" | "*" | "/" | "%" | "&" | "|" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "=" | ":="
            );
        match token.0 {
            TokenKind::Eof => break,
            _ if operator => {
                *open.last_mut()? += 1;
                steps = 0;
            }
            TokenKind::Symbol => match text {
                "." => steps += 1,
                "[" | "(" | "{" => {
                    steps += 1;
                    open.push(0);
                    nested += usize::from(text != "(");
                }
                "]" | ")" | "}" if open.len() > 1 => {
                    open.pop();
                    nested = nested.saturating_sub(usize::from(text != ")"));
                }
                "," | ";" => {
                    *open.last_mut()? = 0;
                    steps = 0;
                }
                _ => {}
            },
            // Between two operands on two lines an expression ends.
            _ if operand && span.line > line => {
                *open.last_mut()? = 0;
                steps = 0;
            }
            _ => {}
        }
        if nested > NESTING_LIMIT || steps > CHAIN_LIMIT || open.last().is_some_and(|count| *count > CHAIN_LIMIT) {
            return Some((usize::try_from(span.line).ok()?, usize::try_from(span.col).ok()?));
        }
        operand = !symbol || matches!(text, "]" | ")" | "}");
        line = span.line;
    }
    None
}

/// The first function that calls itself, directly or through others: its file, its line and what calls what.
pub(super) fn find<'m>(modules: impl Iterator<Item = &'m Module>) -> Option<(String, usize, String)> {
    let mut functions: BTreeMap<String, Function> = BTreeMap::new();
    for module in modules {
        let package = path_of(module.package.refr.span().text());
        let aliases: BTreeMap<String, String> = module
            .imports
            .iter()
            .map(|import| {
                let target = path_of(import.refr.span().text());
                let alias = import.r#as.as_ref().map(|alias| alias.text().to_owned());
                let last = target.rsplit('.').next().unwrap_or_default().to_owned();
                (alias.unwrap_or(last), target)
            })
            .collect();
        let full = |path: &str| {
            let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
            match (aliases.get(first), rest) {
                _ if first == "data" => path.to_owned(),
                (Some(target), None) => target.clone(),
                (Some(target), Some(rest)) => format!("{target}.{rest}"),
                (None, _) => format!("data.{package}.{path}"),
            }
        };
        // A rule reaches from its head to the next one's.
        let starts: Vec<u32> = module.policy.iter().map(|rule| rule.span().start).collect();
        for (index, rule) in module.policy.iter().enumerate() {
            let Rule::Spec { span, head: RuleHead::Func { refr, .. }, .. } = rule.as_ref() else { continue };
            let from = usize::try_from(span.start).unwrap_or(0);
            let to = starts.get(index + 1).and_then(|next| usize::try_from(*next).ok());
            let contents = span.source.contents();
            let text = contents.get(from..to.unwrap_or(contents.len())).unwrap_or_default();
            let name = format!("data.{package}.{}", path_of(refr.span().text()));
            let place = (span.source.file().clone(), usize::try_from(span.line).unwrap_or(1));
            let function = functions.entry(name).or_insert_with(|| Function { place, calls: BTreeSet::new() });
            // The head is no call, and is passed by its length.
            let body = text.get(refr.span().text().len()..).unwrap_or_default();
            function.calls.extend(calls(body).iter().map(|path| full(path)));
        }
    }
    circle(&functions)
}

/// `data.a["b"]` as `data.a.b`.
fn path_of(text: &str) -> String {
    text.replace("[\"", ".").replace("\"]", "").split_whitespace().collect()
}

/// The paths that a text calls, or puts in another function's place with `as`.
fn calls(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Ok(source) = Source::from_contents(String::new(), text.to_owned()) else { return found };
    let mut lexer = Lexer::new(&source);
    let (mut path, mut replaces) = (String::new(), false);
    // The symbol before, where it may lead on: a dot to a name, a bracket to a name in quotes.
    let mut before = ' ';
    while let Ok(token) = lexer.next_token() {
        let text = token.1.text();
        match token.0 {
            TokenKind::Eof => break,
            TokenKind::Ident if before == '.' => {
                path.push('.');
                path.push_str(text);
                before = ' ';
            }
            TokenKind::String if before == '[' => {
                path.push('.');
                path.push_str(text.trim_matches('"'));
                before = ' ';
            }
            TokenKind::Ident => {
                before = ' ';
                if replaces && !path.is_empty() {
                    found.insert(std::mem::take(&mut path));
                }
                replaces = replaces && path.is_empty() && text != "as";
                replaces |= matches!(text, "as" | "with");
                path = if matches!(text, "as" | "with") { String::new() } else { text.to_owned() };
            }
            TokenKind::Symbol if text == "." && !path.is_empty() => before = '.',
            TokenKind::Symbol if text == "[" && !path.is_empty() => before = '[',
            TokenKind::Symbol if text == "]" => {}
            kind => {
                let call = kind == TokenKind::Symbol && text == "(";
                if (call || replaces) && !path.is_empty() {
                    found.insert(std::mem::take(&mut path));
                }
                replaces = false;
                path.clear();
                before = ' ';
            }
        }
    }
    if replaces && !path.is_empty() {
        found.insert(path);
    }
    found
}

/// Removes functions that call none of the others until none is left, or only those on or before a circle.
fn circle(functions: &BTreeMap<String, Function>) -> Option<(String, usize, String)> {
    let mut left: BTreeSet<&str> = functions.keys().map(String::as_str).collect();
    let next = |name: &str, left: &BTreeSet<&str>| {
        functions.get(name)?.calls.iter().map(String::as_str).find(|called| left.contains(called)).map(str::to_owned)
    };
    loop {
        let before = left.len();
        let leaves: Vec<&str> = left.iter().copied().filter(|name| next(name, &left).is_none()).collect();
        leaves.iter().for_each(|name| {
            left.remove(name);
        });
        if left.len() == before {
            break;
        }
    }
    // Whoever follows calls from here comes back to where they were.
    let mut way: Vec<String> = vec![(*left.first()?).to_owned()];
    loop {
        let called = next(way.last()?, &left)?;
        if let Some(start) = way.iter().position(|name| *name == called) {
            let function = functions.get(&called)?;
            let short = |name: &String| name.rsplit('.').next().unwrap_or(name).to_owned();
            let mut names: Vec<String> = way.get(start..)?.iter().map(short).collect();
            names.truncate(10);
            names.push(short(&called));
            return Some((function.place.0.clone(), function.place.1, names.join(" calls ")));
        }
        way.push(called);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<(usize, String)> {
        let mut engine = regorus::Engine::new();
        engine.add_policy("a.rego".to_owned(), text.to_owned()).unwrap();
        find(engine.get_modules().iter().map(AsRef::as_ref)).map(|(_, line, calls)| (line, calls))
    }

    #[test]
    fn functions_that_call_themselves_are_found() {
        for (text, expected) in [
            ("package a\n\nf(x) := f(x + 1)\n", "f calls f"),
            ("package a\n\nf(x) := g(x)\n\ng(x) := h(x)\n\nh(x) := g(x)\n", "g calls h calls g"),
            ("package a\n\nf(x) := y if {\n\ty := data.a.f(x)\n}\n", "f calls f"),
            ("package a\n\nf(x) := y if {\n\ty := data.a[\"f\"](x)\n}\n", "f calls f"),
            ("package a\n\nimport data.a.f as h\n\nf(x) := h(x)\n", "f calls f"),
            ("package a\n\nf(x) := 1 if x == 1\n\nelse := f(x - 1)\n", "f calls f"),
            ("package a\n\nf(x) := [y | some y in [f(x)]]\n", "f calls f"),
            ("package a\n\ng(x) := x\n\nf(x) := y if {\n\ty := g(x) with data.a.g as f\n}\n", "f calls f"),
        ] {
            let (line, calls) = found(text).unwrap_or_else(|| panic!("nothing in {text}"));
            assert_eq!(calls, expected, "{text}");
            assert!(line >= 3);
        }
    }

    #[test]
    fn expressions_that_no_person_writes_are_found() {
        for text in [
            "1 +\n".repeat(300),
            "f(1) ==\n".repeat(300),
            "a[b]".to_owned() + &".c".repeat(300),
            "a".to_owned() + &"[0]".repeat(300),
            "{".repeat(30),
            "[{\"a\": ".repeat(6),
        ] {
            assert!(too_long("a", &format!("package a\n\nx := {text}1\n")).is_some(), "{text:.40}");
        }
        let lines = "\tinput.a.b[c].d == 1 + 2\n\tf(input.a, [1, 2])\n\tnot x.y\n".repeat(500);
        assert_eq!(too_long("a", &format!("package a\n\nx if {{\n{lines}}}\n")), None);
        assert_eq!(too_long("a", &format!("package a\n\nx := [{}]\n", "a.b + 1,\n".repeat(500))), None);
    }

    #[test]
    fn functions_that_only_look_like_it_are_left_alone() {
        for text in [
            "package a\n\nget(o, k) := object.get(o, k, null)\n",
            "package a\n\nkind(o) := o.kind\n\nname(o) := sprintf(\"%s (name) %s\", [kind(o), o.name])\n",
            "package a\n\n# f(x) calls f(x)\nf(x) := \"f(x)\"\n\ng(x) := f(x)\n\nr := g(1)\n\nh(x) := f(g(x))\n",
            "package a\n\nf(x) := 1 if x\n\nf(x) := 2 if not x\n",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
