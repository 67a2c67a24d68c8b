//! Go's template language, as far as charts need it that say what varies with values, helpers and conditions.
//!
//! Charts are to be judged on machines without helm, too. This knows the language itself (actions, trimming, variables,
//! `if`, `with`, `range`, `define`, `include`) and the functions in [`FUNCTIONS`]; what a template uses beyond that is an
//! error that names it, never a guess. Templates are foreign input: steps, depth and sizes are bounded.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::CharIndices;

use serde_json::Value;

use super::sha256;

/// Most actions that one chart may run.
const STEPS: usize = 1_000_000;
/// Longest text that an action may make, in bytes.
const LENGTH: usize = 4 * 1024 * 1024;
/// Deepest nesting of blocks, brackets and helpers.
const DEPTH: usize = 100;

/// What is wrong with a template, or what it uses that is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1; nothing where it is not about one.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

type Result<T> = std::result::Result<T, Problem>;

fn problem<T>(line: usize, message: impl Into<String>) -> Result<T> {
    Err(Problem { line, message: message.into() })
}

/// Templates that know each other's helpers.
#[derive(Debug, Default)]
pub struct Templates {
    helpers: BTreeMap<String, Vec<Node>>,
}

/// A template that was read.
#[derive(Debug)]
pub struct Template(Vec<Node>);

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    Print(usize, Pipeline),
    /// A variable that is declared (`:=`) or changed (`=`).
    Set(usize, String, bool, Pipeline),
    If(usize, Vec<(Pipeline, Vec<Node>)>, Vec<Node>),
    With(usize, Pipeline, Vec<Node>, Vec<Node>),
    Range(usize, Option<String>, Option<String>, Pipeline, Vec<Node>, Vec<Node>),
    Include(usize, String, Option<Pipeline>),
}

type Pipeline = Vec<Vec<Operand>>;

#[derive(Clone, Debug)]
enum Operand {
    Function(String),
    /// Where it starts, and the fields after it.
    Path(Start, Vec<String>),
    Literal(Value),
}

#[derive(Clone, Debug)]
enum Start {
    Dot,
    Variable(String),
    Bracket(Pipeline),
}

// ---- reading

#[derive(Debug)]
enum Piece {
    Text(String),
    Action(usize, Vec<Token>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Field(String),
    Variable(String),
    Literal(Value),
    Sign(char),
    Declare,
    /// Whether white space stands before the next token: `.a .b` are two operands.
    Space,
}

/// Splits a template at its actions, and trims what stands beside those that say so.
fn pieces(text: &str) -> Result<Vec<Piece>> {
    let mut found = Vec::new();
    let (mut rest, mut line, mut trims) = (text, 1, false);
    while let Some(at) = rest.find("{{") {
        let (before, after) = rest.split_at(at);
        let mut inside = &after[2..];
        let trims_before = inside.starts_with("- ") || inside.starts_with("-\n") || inside.starts_with("-\t");
        let kept = if trims { before.trim_start() } else { before };
        let kept = if trims_before { kept.trim_end() } else { kept };
        found.push(Piece::Text(kept.to_owned()));
        line += before.matches('\n').count();
        if trims_before {
            inside = &inside[1..];
        }
        let (action, length) = if inside.trim_start().starts_with("/*") {
            match inside.find("*/") {
                Some(end) => (Vec::new(), end + 2),
                None => return problem(line, "a comment has no end"),
            }
        } else {
            tokens(inside, line)?
        };
        let tail = &inside[length..];
        let close = tail.trim_start();
        let (after, closes) = match close.strip_prefix("-}}") {
            Some(after) => (after, true),
            None => match close.strip_prefix("}}") {
                Some(after) => (after, false),
                None => return problem(line, "an action has no end"),
            },
        };
        if !action.is_empty() {
            found.push(Piece::Action(line, action));
        }
        line += inside[..inside.len() - after.len()].matches('\n').count();
        (rest, trims) = (after, closes);
    }
    found.push(Piece::Text(if trims { rest.trim_start() } else { rest }.to_owned()));
    Ok(found)
}

/// The tokens of an action, and how many bytes they take.
fn tokens(text: &str, line: usize) -> Result<(Vec<Token>, usize)> {
    let mut found = Vec::new();
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.peek().copied() {
        if text[at..].starts_with("}}") || text[at..].starts_with("-}}") {
            while found.last() == Some(&Token::Space) {
                found.pop();
            }
            return Ok((found, at));
        }
        signs.next();
        match sign {
            c if c.is_whitespace() => {
                if !matches!(found.last(), None | Some(Token::Space)) {
                    found.push(Token::Space);
                }
            }
            '"' => found.push(Token::Literal(quoted(&mut signs, line)?)),
            '`' => match text[at + 1..].find('`') {
                Some(end) => {
                    let raw = &text[at + 1..at + 1 + end];
                    found.push(Token::Literal(raw.into()));
                    while signs.next_if(|(index, _)| *index <= at + 1 + end).is_some() {}
                }
                None => return problem(line, "a text has no end"),
            },
            '.' => found.push(Token::Field(word(&mut signs))),
            '$' => found.push(Token::Variable(word(&mut signs))),
            ':' if signs.next_if(|(_, sign)| *sign == '=').is_some() => found.push(Token::Declare),
            '(' | ')' | '|' | '=' | ',' => found.push(Token::Sign(sign)),
            c if c.is_ascii_digit() || (c == '-' && signs.peek().is_some_and(|(_, sign)| sign.is_ascii_digit())) => {
                let mut number = String::from(c);
                while let Some((_, sign)) = signs.next_if(|(_, sign)| sign.is_ascii_alphanumeric() || *sign == '.') {
                    number.push(sign);
                }
                match serde_json::from_str::<serde_json::Number>(&number) {
                    Ok(number) => found.push(Token::Literal(Value::Number(number))),
                    Err(_) => return problem(line, format!("`{number}` is no number that is known here")),
                }
            }
            c if c.is_alphabetic() || c == '_' => {
                let mut text = String::from(c);
                text.push_str(&word(&mut signs));
                found.push(match text.as_str() {
                    "true" => Token::Literal(true.into()),
                    "false" => Token::Literal(false.into()),
                    "nil" => Token::Literal(Value::Null),
                    _ => Token::Word(text),
                });
            }
            c => return problem(line, format!("`{c}` was not expected in an action")),
        }
    }
    problem(line, "an action has no end")
}

fn word(signs: &mut Peekable<CharIndices>) -> String {
    let mut text = String::new();
    while let Some((_, sign)) = signs.next_if(|(_, sign)| sign.is_alphanumeric() || *sign == '_') {
        text.push(sign);
    }
    text
}

/// The rest of a text in quotes.
fn quoted(signs: &mut Peekable<CharIndices>, line: usize) -> Result<Value> {
    let mut text = String::new();
    while let Some((_, sign)) = signs.next() {
        match sign {
            '"' => return Ok(text.into()),
            '\n' => break,
            '\\' => match signs.next().map(|(_, sign)| sign) {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(sign @ ('"' | '\\' | '\'')) => text.push(sign),
                sign => return problem(line, format!("`\\{}` is not known here", sign.unwrap_or_default())),
            },
            sign => text.push(sign),
        }
    }
    problem(line, "a text has no end")
}

impl Templates {
    /// Reads a template; what it defines is known to all others.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&mut self, text: &str) -> Result<Template> {
        let mut pieces = pieces(text)?.into_iter();
        let (nodes, end) = self.block(&mut pieces, 0)?;
        match end {
            None => Ok(Template(nodes)),
            Some((line, ..)) => problem(line, "`end` or `else` without a block"),
        }
    }

    /// The nodes until the end of the block, and what ended it: its line, and what stood after `else`.
    fn block(&mut self, pieces: &mut std::vec::IntoIter<Piece>, depth: usize) -> Result<(Vec<Node>, Option<End>)> {
        let mut nodes = Vec::new();
        while let Some(piece) = pieces.next() {
            let (line, tokens) = match piece {
                Piece::Text(text) => {
                    if !text.is_empty() {
                        nodes.push(Node::Text(text));
                    }
                    continue;
                }
                Piece::Action(line, tokens) => (line, tokens),
            };
            if depth > DEPTH {
                return problem(line, format!("blocks are nested more than {DEPTH} deep"));
            }
            let keyword = match tokens.first() {
                Some(Token::Word(word)) => word.as_str(),
                _ => "",
            };
            let rest = tokens.get(1..).unwrap_or_default();
            match keyword {
                "end" => return Ok((nodes, Some((line, None)))),
                "else" => return Ok((nodes, Some((line, Some(rest.to_vec()))))),
                "if" => nodes.push(self.condition(line, rest, pieces, depth)?),
                "with" => {
                    let subject = Reader::new(rest, line).pipeline()?;
                    let (body, otherwise) = self.two(pieces, line, depth)?;
                    nodes.push(Node::With(line, subject, body, otherwise));
                }
                "range" => {
                    let mut reader = Reader::new(rest, line);
                    let (index, item) = reader.loop_variables()?;
                    let subject = reader.pipeline()?;
                    let (body, otherwise) = self.two(pieces, line, depth)?;
                    nodes.push(Node::Range(line, index, item, subject, body, otherwise));
                }
                "define" => {
                    let Some(Token::Literal(Value::String(name))) = rest.iter().find(|token| **token != Token::Space)
                    else {
                        return problem(line, "`define` needs a name");
                    };
                    match self.block(pieces, depth + 1)? {
                        (body, Some((_, None))) => drop(self.helpers.insert(name.clone(), body)),
                        _ => return problem(line, "`define` has no `end`"),
                    }
                }
                "template" => {
                    let rest: Vec<Token> = rest.iter().skip_while(|token| **token == Token::Space).cloned().collect();
                    let Some(Token::Literal(Value::String(name))) = rest.first() else {
                        return problem(line, "`template` needs a name");
                    };
                    let subject = &rest[1..];
                    let subject = if subject.is_empty() { None } else { Some(Reader::new(subject, line).pipeline()?) };
                    nodes.push(Node::Include(line, name.clone(), subject));
                }
                "block" | "break" | "continue" => {
                    return problem(line, format!("it uses `{keyword}`, which only helm knows"));
                }
                _ => match tokens.as_slice() {
                    [Token::Variable(name), middle @ ..] if Reader::assigns(middle).is_some() => {
                        let (declares, from) = Reader::assigns(middle).unwrap_or_default();
                        let value = Reader::new(&middle[from..], line).pipeline()?;
                        nodes.push(Node::Set(line, name.clone(), declares, value));
                    }
                    tokens => nodes.push(Node::Print(line, Reader::new(tokens, line).pipeline()?)),
                },
            }
        }
        Ok((nodes, None))
    }

    fn condition(
        &mut self,
        line: usize,
        tokens: &[Token],
        pieces: &mut std::vec::IntoIter<Piece>,
        depth: usize,
    ) -> Result<Node> {
        let mut branches = Vec::new();
        let mut tokens = tokens.to_vec();
        loop {
            let condition = Reader::new(&tokens, line).pipeline()?;
            let (body, end) = self.block(pieces, depth + 1)?;
            branches.push((condition, body));
            let Some((line, after)) = end else { return problem(line, "`if` has no `end`") };
            let Some(after) = after else { return Ok(Node::If(line, branches, Vec::new())) };
            let after: Vec<Token> = after.into_iter().skip_while(|token| *token == Token::Space).collect();
            match after.split_first() {
                None => match self.block(pieces, depth + 1)? {
                    (body, Some((_, None))) => return Ok(Node::If(line, branches, body)),
                    _ => return problem(line, "`else` has no `end`"),
                },
                Some((Token::Word(word), rest)) if word == "if" => tokens = rest.to_vec(),
                Some(_) => return problem(line, "it uses a form of `else` that only helm knows"),
            }
        }
    }

    /// The two parts of a block that may have an `else`.
    fn two(
        &mut self,
        pieces: &mut std::vec::IntoIter<Piece>,
        line: usize,
        depth: usize,
    ) -> Result<(Vec<Node>, Vec<Node>)> {
        match self.block(pieces, depth + 1)? {
            (body, Some((_, None))) => Ok((body, Vec::new())),
            (body, Some((line, Some(after)))) if after.is_empty() => match self.block(pieces, depth + 1)? {
                (otherwise, Some((_, None))) => Ok((body, otherwise)),
                _ => problem(line, "`else` has no `end`"),
            },
            (_, Some((line, _))) => problem(line, "it uses a form of `else` that only helm knows"),
            (_, None) => problem(line, "a block has no `end`"),
        }
    }
}

type End = (usize, Option<Vec<Token>>);

/// Reads expressions.
struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    line: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn new(tokens: &'t [Token], line: usize) -> Self {
        Reader { tokens, at: 0, line, depth: 0 }
    }

    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn skip_space(&mut self) {
        while self.peek() == Some(&Token::Space) {
            self.at += 1;
        }
    }

    /// Whether an assignment follows a variable: whether it declares, and where its value starts.
    fn assigns(tokens: &[Token]) -> Option<(bool, usize)> {
        let at = tokens.iter().position(|token| *token != Token::Space)?;
        match tokens[at] {
            Token::Declare => Some((true, at + 1)),
            Token::Sign('=') => Some((false, at + 1)),
            _ => None,
        }
    }

    /// `$item :=` and `$key, $item :=` of a loop.
    fn loop_variables(&mut self) -> Result<(Option<String>, Option<String>)> {
        let start = self.at;
        let mut names = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                Some(Token::Variable(name)) => names.push(name.clone()),
                Some(Token::Sign(',')) if names.len() == 1 => {}
                Some(Token::Declare) if !names.is_empty() => {
                    self.at += 1;
                    let item = names.pop();
                    return Ok((names.pop(), item));
                }
                _ => {
                    self.at = start;
                    return Ok((None, None));
                }
            }
            self.at += 1;
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline> {
        let found = self.commands()?;
        match self.peek() {
            None => Ok(found),
            Some(token) => problem(self.line, format!("`{token:?}` was not expected")),
        }
    }

    fn commands(&mut self) -> Result<Pipeline> {
        self.depth += 1;
        if self.depth > DEPTH {
            return problem(self.line, format!("brackets are nested more than {DEPTH} deep"));
        }
        let mut commands = vec![Vec::new()];
        loop {
            self.skip_space();
            let Some(token) = self.peek() else { break };
            let operand = match token {
                Token::Sign(')') => break,
                Token::Sign('|') => {
                    self.at += 1;
                    commands.push(Vec::new());
                    continue;
                }
                Token::Sign('(') => {
                    self.at += 1;
                    let inner = self.commands()?;
                    if self.peek() != Some(&Token::Sign(')')) {
                        return problem(self.line, "a bracket has no end");
                    }
                    self.at += 1;
                    Operand::Path(Start::Bracket(inner), self.fields())
                }
                Token::Field(name) => {
                    self.at += 1;
                    let mut fields = if name.is_empty() { Vec::new() } else { vec![name.clone()] };
                    fields.extend(self.fields());
                    Operand::Path(Start::Dot, fields)
                }
                Token::Variable(name) => {
                    self.at += 1;
                    Operand::Path(Start::Variable(name.clone()), self.fields())
                }
                Token::Literal(value) => {
                    self.at += 1;
                    Operand::Literal(value.clone())
                }
                Token::Word(name) => {
                    self.at += 1;
                    Operand::Function(name.clone())
                }
                token => return problem(self.line, format!("`{token:?}` was not expected")),
            };
            if let Some(command) = commands.last_mut() {
                command.push(operand);
            }
        }
        self.depth -= 1;
        if commands.iter().any(Vec::is_empty) {
            return problem(self.line, "a value is missing");
        }
        Ok(commands)
    }

    fn fields(&mut self) -> Vec<String> {
        let mut found = Vec::new();
        while let Some(Token::Field(name)) = self.peek()
            && !name.is_empty()
        {
            found.push(name.clone());
            self.at += 1;
        }
        found
    }
}

// ---- running

/// The functions that are known here, each as helm has it; arguments that they do not take are errors, too.
pub const FUNCTIONS: [&str; 34] = [
    "and",
    "coalesce",
    "contains",
    "default",
    "empty",
    "eq",
    "fail",
    "ge",
    "gt",
    "hasKey",
    "include",
    "indent",
    "int",
    "le",
    "len",
    "lower",
    "lt",
    "ne",
    "nindent",
    "not",
    "or",
    "printf",
    "quote",
    "replace",
    "required",
    "sha256sum",
    "squote",
    "ternary",
    "toString",
    "toYaml",
    "trim",
    "trimPrefix",
    "trimSuffix",
    "trunc",
];

struct Run<'t> {
    templates: &'t Templates,
    steps: usize,
    depth: usize,
}

struct Scope {
    dot: Value,
    root: Value,
    variables: Vec<(String, Value)>,
}

impl Templates {
    /// What a template prints for some values.
    ///
    /// # Errors
    /// What it asks for that is not there or not known here.
    pub fn run(&self, template: &Template, dot: &Value) -> Result<String> {
        let mut run = Run { templates: self, steps: 0, depth: 0 };
        let mut out = String::new();
        let mut scope = Scope { dot: dot.clone(), root: dot.clone(), variables: Vec::new() };
        run.nodes(&template.0, &mut scope, &mut out)?;
        Ok(out)
    }
}

impl Run<'_> {
    fn nodes(&mut self, nodes: &[Node], scope: &mut Scope, out: &mut String) -> Result<()> {
        let outer = scope.variables.len();
        for node in nodes {
            self.node(node, scope, out)?;
            if out.len() > LENGTH {
                return problem(0, format!("it prints more than {} MiB", LENGTH / 1024 / 1024));
            }
        }
        scope.variables.truncate(outer);
        Ok(())
    }

    fn node(&mut self, node: &Node, scope: &mut Scope, out: &mut String) -> Result<()> {
        self.steps += 1;
        if self.steps > STEPS {
            return problem(0, format!("it runs more than {STEPS} actions"));
        }
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Print(line, pipeline) => {
                let value = self.pipeline(pipeline, scope, *line)?;
                out.push_str(&printed(&value, *line)?);
            }
            Node::Set(line, name, declares, pipeline) => {
                let value = self.pipeline(pipeline, scope, *line)?;
                match scope.variables.iter_mut().rev().find(|(known, _)| known == name) {
                    Some((_, old)) if !declares => *old = value,
                    None if !declares => return problem(*line, format!("`${name}` is not declared")),
                    _ => scope.variables.push((name.clone(), value)),
                }
            }
            Node::If(line, branches, otherwise) => {
                for (condition, body) in branches {
                    if truth(&self.pipeline(condition, scope, *line)?) {
                        return self.nodes(body, scope, out);
                    }
                }
                self.nodes(otherwise, scope, out)?;
            }
            Node::With(line, subject, body, otherwise) => {
                let value = self.pipeline(subject, scope, *line)?;
                if !truth(&value) {
                    return self.nodes(otherwise, scope, out);
                }
                let dot = std::mem::replace(&mut scope.dot, value);
                self.nodes(body, scope, out)?;
                scope.dot = dot;
            }
            Node::Range(line, index, item, subject, body, otherwise) => {
                let entries: Vec<(Value, Value)> = match self.pipeline(subject, scope, *line)? {
                    Value::Null => Vec::new(),
                    Value::Array(items) => items.into_iter().enumerate().map(|(at, item)| (at.into(), item)).collect(),
                    Value::Object(map) => {
                        let sorted: BTreeMap<String, Value> = map.into_iter().collect();
                        sorted.into_iter().map(|(key, item)| (key.into(), item)).collect()
                    }
                    _ => return problem(*line, "`range` over something that is no list and no map"),
                };
                if entries.is_empty() {
                    return self.nodes(otherwise, scope, out);
                }
                let (dot, outer) = (scope.dot.clone(), scope.variables.len());
                for (key, value) in entries {
                    scope.variables.extend(index.iter().map(|name| (name.clone(), key.clone())));
                    scope.variables.extend(item.iter().map(|name| (name.clone(), value.clone())));
                    scope.dot = value;
                    self.nodes(body, scope, out)?;
                    scope.variables.truncate(outer);
                }
                scope.dot = dot;
            }
            Node::Include(line, name, subject) => {
                let dot = match subject {
                    Some(subject) => self.pipeline(subject, scope, *line)?,
                    None => Value::Null,
                };
                out.push_str(&self.include(name, dot, *line)?);
            }
        }
        Ok(())
    }

    fn include(&mut self, name: &str, dot: Value, line: usize) -> Result<String> {
        let templates = self.templates;
        let Some(nodes) = templates.helpers.get(name) else {
            return problem(line, format!("there is no template `{name}`"));
        };
        self.depth += 1;
        if self.depth > DEPTH {
            return problem(line, format!("templates include each other more than {DEPTH} deep"));
        }
        let mut out = String::new();
        let mut scope = Scope { root: dot.clone(), dot, variables: Vec::new() };
        self.nodes(nodes, &mut scope, &mut out)?;
        self.depth -= 1;
        Ok(out)
    }

    fn pipeline(&mut self, pipeline: &Pipeline, scope: &mut Scope, line: usize) -> Result<Value> {
        let mut last = None;
        for command in pipeline {
            let value = self.command(command, last.take(), scope, line)?;
            if value.as_str().is_some_and(|text| text.len() > LENGTH) {
                return problem(line, format!("a text has more than {} MiB", LENGTH / 1024 / 1024));
            }
            last = Some(value);
        }
        Ok(last.unwrap_or_default())
    }

    fn command(&mut self, command: &[Operand], piped: Option<Value>, scope: &mut Scope, line: usize) -> Result<Value> {
        self.steps += 1;
        let (first, rest) = match command.split_first() {
            Some((Operand::Function(name), rest)) => (name.as_str(), rest),
            Some((operand, [])) if piped.is_none() => return self.operand(operand, scope, line),
            _ => return problem(line, "a value is called like a function"),
        };
        if !FUNCTIONS.contains(&first) {
            return problem(line, format!("it uses `{first}`, which only helm knows"));
        }
        // These two look at no more than they need.
        if let "and" | "or" = first {
            let mut value = Value::Null;
            for operand in rest {
                value = self.operand(operand, scope, line)?;
                if truth(&value) == (first == "or") {
                    return Ok(value);
                }
            }
            return Ok(piped.unwrap_or(value));
        }
        let mut arguments = Vec::with_capacity(rest.len() + 1);
        for operand in rest {
            arguments.push(self.operand(operand, scope, line)?);
        }
        arguments.extend(piped);
        if first == "include" {
            return match arguments.as_slice() {
                [Value::String(name), dot] => self.include(name, dot.clone(), line).map(Value::from),
                _ => problem(line, "`include` takes a name and what the template is about"),
            };
        }
        call(first, &arguments).map_err(|message| Problem { line, message })
    }

    fn operand(&mut self, operand: &Operand, scope: &mut Scope, line: usize) -> Result<Value> {
        let (start, fields) = match operand {
            Operand::Literal(value) => return Ok(value.clone()),
            Operand::Function(_) => return self.command(std::slice::from_ref(operand), None, scope, line),
            Operand::Path(start, fields) => (start, fields),
        };
        let owned;
        let mut value = match start {
            Start::Dot => &scope.dot,
            Start::Variable(name) if name.is_empty() => &scope.root,
            Start::Variable(name) => match scope.variables.iter().rev().find(|(known, _)| known == name) {
                Some((_, value)) => value,
                None => return problem(line, format!("`${name}` is not declared")),
            },
            Start::Bracket(pipeline) => {
                owned = self.pipeline(pipeline, scope, line)?;
                &owned
            }
        };
        for (at, field) in fields.iter().enumerate() {
            value = match value {
                Value::Object(map) => match map.get(field) {
                    Some(value) => value,
                    // What helm knows about the cluster and the files of the chart is not known here.
                    None if at == 0 && map.contains_key("Values") => {
                        return problem(line, format!("it uses `.{field}`, which only helm knows"));
                    }
                    None => &Value::Null,
                },
                _ => return problem(line, format!("there is no `{}` to take `.{field}` of", fields[..at].join("."))),
            };
        }
        Ok(value.clone())
    }
}

/// What counts as true: anything but nothing, zero and what is empty.
fn truth(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn printed(value: &Value, line: usize) -> Result<String> {
    text_of(value).map_err(|message| Problem { line, message })
}

fn text_of(value: &Value) -> std::result::Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) => Ok(value.to_string()),
        Value::Number(number) => Ok(match number.as_f64() {
            // As Go prints whole floats.
            Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        }),
        Value::Array(_) | Value::Object(_) => {
            Err("it prints a list or a map, in a way that only helm knows".to_owned())
        }
    }
}

fn call(name: &str, arguments: &[Value]) -> std::result::Result<Value, String> {
    let takes = || format!("`{name}` does not take {} arguments of that kind", arguments.len());
    let text = |at: usize| arguments.get(at).ok_or_else(takes).and_then(text_of);
    let number = |at: usize| arguments.get(at).and_then(Value::as_i64).ok_or_else(takes);
    let float = |at: usize| arguments.get(at).and_then(Value::as_f64).ok_or_else(takes);
    let count = |least: usize, most: usize| {
        if (least..=most).contains(&arguments.len()) { Ok(()) } else { Err(takes()) }
    };
    match name {
        "coalesce" => Ok(arguments.iter().find(|value| truth(value)).cloned().unwrap_or_default()),
        "contains" => count(2, 2).and_then(|()| Ok(text(1)?.contains(&text(0)?).into())),
        "default" => match arguments {
            [fallback] => Ok(fallback.clone()),
            [fallback, value] => Ok(if truth(value) { value.clone() } else { fallback.clone() }),
            _ => Err(takes()),
        },
        "empty" => count(1, 1).map(|()| (!truth(&arguments[0])).into()),
        "eq" => match arguments {
            [first, rest @ ..] if !rest.is_empty() => Ok(rest.iter().any(|other| same(first, other)).into()),
            _ => Err(takes()),
        },
        "fail" => Err(text(0)?),
        "ge" => Ok((float(0)? >= float(1)?).into()),
        "gt" => Ok((float(0)? > float(1)?).into()),
        "hasKey" => match arguments {
            [Value::Object(map), Value::String(key)] => Ok(map.contains_key(key).into()),
            _ => Err(takes()),
        },
        "indent" | "nindent" => {
            let width = usize::try_from(number(0)?).ok().filter(|width| *width <= 200).ok_or_else(takes)?;
            let text = text(1)?;
            if text.matches('\n').count().saturating_mul(width) > LENGTH {
                return Err(takes());
            }
            let indented = text.split('\n').map(|line| format!("{}{line}", " ".repeat(width))).collect::<Vec<_>>();
            Ok(format!("{}{}", if name == "nindent" { "\n" } else { "" }, indented.join("\n")).into())
        }
        "int" => match arguments {
            [Value::Number(number)] => Ok((number.as_f64().unwrap_or_default() as i64).into()),
            [Value::String(text)] => Ok(text.parse::<i64>().unwrap_or_default().into()),
            [Value::Null] => Ok(0.into()),
            _ => Err(takes()),
        },
        "le" => Ok((float(0)? <= float(1)?).into()),
        "len" => match arguments {
            [Value::Array(items)] => Ok(items.len().into()),
            [Value::Object(map)] => Ok(map.len().into()),
            [Value::String(text)] => Ok(text.len().into()),
            _ => Err(takes()),
        },
        "lower" => Ok(text(0)?.to_lowercase().into()),
        "lt" => Ok((float(0)? < float(1)?).into()),
        "ne" => count(2, 2).map(|()| (!same(&arguments[0], &arguments[1])).into()),
        "not" => count(1, 1).map(|()| (!truth(&arguments[0])).into()),
        "printf" => printf(arguments),
        "quote" => {
            let quoted = arguments.iter().filter(|value| !value.is_null());
            let quoted: std::result::Result<Vec<String>, String> =
                quoted.map(|value| Ok(Value::from(text_of(value)?).to_string())).collect();
            Ok(quoted?.join(" ").into())
        }
        "replace" => {
            let (old, new, text) = (text(0)?, text(1)?, text(2)?);
            if new.len().saturating_mul(text.len() + 1) > LENGTH.saturating_mul(16) {
                return Err(takes());
            }
            Ok(text.replace(&old, &new).into())
        }
        "required" => match arguments {
            [_, value] if !value.is_null() && value.as_str() != Some("") => Ok(value.clone()),
            _ => Err(text(0)?),
        },
        "sha256sum" => Ok(sha256::hex(text(0)?.as_bytes()).into()),
        "squote" => Ok(format!("'{}'", text(0)?).into()),
        "ternary" => match arguments {
            [yes, no, Value::Bool(value)] => Ok(if *value { yes.clone() } else { no.clone() }),
            _ => Err(takes()),
        },
        "toString" => Ok(text(0)?.into()),
        "toYaml" => {
            count(1, 1)?;
            let mut out = String::new();
            yaml(&arguments[0], 0, &mut out);
            Ok(out.trim_end_matches('\n').trim_start_matches('\n').into())
        }
        "trim" => Ok(text(0)?.trim().into()),
        "trimPrefix" => {
            Ok(text(1)?.strip_prefix(&text(0)?).map_or_else(|| text(1), |rest| Ok(rest.to_owned()))?.into())
        }
        "trimSuffix" => {
            Ok(text(1)?.strip_suffix(&text(0)?).map_or_else(|| text(1), |rest| Ok(rest.to_owned()))?.into())
        }
        "trunc" => {
            let (length, text) = (number(0)?, text(1)?);
            let signs = text.chars().count();
            let length = usize::try_from(length).map_err(|_| takes())?;
            Ok(text.chars().take(length.min(signs)).collect::<String>().into())
        }
        _ => Err(takes()),
    }
}

fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        _ => left == right,
    }
}

fn printf(arguments: &[Value]) -> std::result::Result<Value, String> {
    let Some((Value::String(format), mut rest)) = arguments.split_first() else {
        return Err("`printf` needs a text first".to_owned());
    };
    let mut out = String::new();
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            out.push(sign);
            continue;
        }
        let verb = signs.next();
        if verb == Some('%') {
            out.push('%');
            continue;
        }
        let Some((value, more)) = rest.split_first() else {
            return Err("`printf` has too few arguments".to_owned());
        };
        rest = more;
        match (verb, value) {
            (Some('s'), Value::String(text)) => out.push_str(text),
            (Some('v'), value) => out.push_str(&text_of(value)?),
            (Some('d'), Value::Number(number)) if number.is_i64() || number.is_u64() => {
                out.push_str(&number.to_string());
            }
            (Some('q'), Value::String(_)) => out.push_str(&value.to_string()),
            _ => return Err("`printf` is asked for a form that only helm knows".to_owned()),
        }
    }
    if rest.is_empty() { Ok(out.into()) } else { Err("`printf` has too many arguments".to_owned()) }
}

/// A value as YAML, with the keys in order, as helm prints them.
fn yaml(value: &Value, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            out.push('\n');
            for (key, value) in sorted {
                out.push_str(&format!("{pad}{}:", Value::from(key.as_str())));
                yaml(value, depth + 1, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                out.push_str(&format!("{pad}-"));
                yaml(item, depth + 1, out);
            }
        }
        _ => out.push_str(&format!(" {value}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(text: &str, values: Value) -> std::result::Result<String, String> {
        let mut templates = Templates::default();
        let template = templates.read(text).map_err(|problem| problem.message)?;
        let root = json!({ "Values": values, "Release": { "Name": "r" } });
        templates.run(&template, &root).map_err(|problem| format!("{}: {}", problem.line, problem.message))
    }

    #[test]
    fn values_pipes_and_trimming() {
        let values = json!({ "a": { "b": 3 }, "t": "x", "f": 2.0 });
        assert_eq!(run("a: {{ .Values.a.b }}\n", values.clone()).unwrap(), "a: 3\n");
        assert_eq!(run("{{ .Values.t | quote }} {{ quote .Values.f }}", values.clone()).unwrap(), "\"x\" \"2\"");
        assert_eq!(run("a\n  {{- /* c */ -}}\n  b {{- \" c\" }}\n", values.clone()).unwrap(), "ab c\n");
        assert_eq!(run("{{ \"{{\" }}x}} {{ `a\"b` }}", values.clone()).unwrap(), "{{x}} a\"b");
        assert_eq!(run("{{ .Values.none }}|{{ default 1 .Values.none }}", values).unwrap(), "|1");
    }

    #[test]
    fn conditions_loops_and_variables() {
        let values = json!({ "on": true, "list": ["a", "b"], "map": { "z": 1, "y": 2 }, "none": [] });
        let text = "x:\n{{- if and .Values.on (not .Values.off) }}\n  on: 1\n{{- else }}\n  off: 1\n{{- end }}\n";
        assert_eq!(run(text, values.clone()).unwrap(), "x:\n  on: 1\n");
        let text = "{{ if .Values.off }}1{{ else if eq (len .Values.list) 2 }}2{{ else }}3{{ end }}";
        assert_eq!(run(text, values.clone()).unwrap(), "2");
        let text = "{{ range $i, $e := .Values.list }}{{ $i }}{{ $e }}{{ $.Release.Name }};{{ end }}";
        assert_eq!(run(text, values.clone()).unwrap(), "0ar;1br;");
        assert_eq!(run("{{ range $k, $v := .Values.map }}{{ $k }}{{ $v }}{{ end }}", values.clone()).unwrap(), "y2z1");
        assert_eq!(run("{{ range .Values.none }}x{{ else }}none{{ end }}", values.clone()).unwrap(), "none");
        assert_eq!(run("{{ $a := 1 }}{{ if true }}{{ $a = 2 }}{{ end }}{{ $a }}", values.clone()).unwrap(), "2");
        assert_eq!(run("{{ with .Values.map }}{{ .z }}{{ end }}{{ with .Values.x }}y{{ end }}", values).unwrap(), "1");
    }

    #[test]
    fn helpers_and_functions() {
        let text = "{{- define \"l\" -}}\na: {{ .Release.Name }}\nb: c\n{{- end }}\nl:\n  {{- include \"l\" . | nindent 2 }}\n";
        assert_eq!(run(text, json!({})).unwrap(), "\nl:\n  a: r\n  b: c\n");
        let values = json!({ "m": { "b": [1, { "x": "y: z" }], "a": {} } });
        assert_eq!(
            run("{{ toYaml .Values.m | indent 2 }}", values).unwrap(),
            "  \"a\": {}\n  \"b\":\n    - 1\n    -\n      \"x\": \"y: z\""
        );
        assert_eq!(run("{{ \"abc\" | sha256sum | trunc 10 }}", json!({})).unwrap(), "ba7816bf8f");
        assert_eq!(run("{{ printf \"%s-%d%%\" \"a\" 3 | replace \"a\" \"b\" }}", json!({})).unwrap(), "b-3%");
    }

    #[test]
    fn what_is_not_known_is_told_and_never_guessed() {
        for (text, expected) in [
            ("a\n{{ lookup \"v1\" \"Secret\" \"a\" \"b\" }}", "2: it uses `lookup`, which only helm knows"),
            ("{{ .Capabilities.KubeVersion }}", "1: it uses `.Capabilities`, which only helm knows"),
            ("{{ .Values.a.b }}", "1: there is no `Values.a` to take `.b` of"),
            ("{{ .Values }}", "1: it prints a list or a map, in a way that only helm knows"),
            ("{{ if true }}", "`if` has no `end`"),
            ("{{ end }}", "`end` or `else` without a block"),
            ("{{ .a ", "an action has no end"),
            ("{{ include \"x\" . }}", "1: there is no template `x`"),
            ("{{ fail \"no\" }}", "1: no"),
            ("{{ $x }}", "1: `$x` is not declared"),
            ("{{ (1 }}", "a bracket has no end"),
            ("{{ break }}", "it uses `break`, which only helm knows"),
        ] {
            assert_eq!(run(text, json!({})).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn hostile_templates_are_stopped() {
        let endless = "{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}";
        assert!(run(endless, json!({})).unwrap_err().contains("more than 100 deep"));
        let mut doubling = "{{ define \"0\" }}aaaaaaaaaaaaaaaa{{ end }}".to_owned();
        for level in 1..40 {
            let below = format!("{{{{ include \"{}\" . }}}}", level - 1);
            doubling.push_str(&format!("{{{{ define \"{level}\" }}}}{below}{below}{{{{ end }}}}"));
        }
        assert!(run(&format!("{doubling}{{{{ include \"39\" . }}}}"), json!({})).is_err());
        let brackets = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
        assert!(run(&brackets, json!({})).unwrap_err().contains("nested more than 100 deep"));
        let blocks = "{{ if true }}".repeat(5000);
        assert!(run(&blocks, json!({})).unwrap_err().contains("nested more than 100 deep"));
    }
}
