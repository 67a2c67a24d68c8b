//! YAML with places: values that remember the line and column they stand at.
//!
//! Manifests, answers and emitted documents are all read through this module, so that every message about them
//! can name a place. It reads events of a YAML 1.2 parser and builds [`Node`]s; the two readings of plain scalars
//! that matter to us are the [`Flavour`]s. Alias bombs, deep nesting and duplicate keys are errors, not surprises.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Tag};

use crate::diag::{Diagnostic, Diagnostics, Place};

/// How plain scalars are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// YAML 1.2 core schema: `true`, `false`, `null`, decimal, `0o` and `0x` numbers. Ours.
    Core,
    /// YAML 1.1 as Kubernetes, GitHub and conftest read it: also `yes`, `no`, `on`, `off`, `0755`, `1_000`.
    Yaml11,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// Characters of the first line that belong to it.
    pub length: usize,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// The value of a [`Node`].
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or one too large for [`Kind::Int`].
    Float(f64),
    /// Text.
    Str(String),
    /// A list.
    Seq(Vec<Node>),
    /// Keys and values in the order of the file; no key stands twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// Its text; a key that is no string is written as YAML writes it.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Node {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// What it is, for a message: `a list`, `the integer 3` …
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(value) => format!("the boolean `{value}`"),
            Kind::Int(value) => format!("the integer `{value}`"),
            Kind::Float(value) => format!("the number `{value}`"),
            Kind::Str(text) if text.chars().count() <= 40 => format!("the string `{text}`"),
            Kind::Str(_) => "a string".to_owned(),
            Kind::Seq(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
        }
    }

    /// The value without places.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Int(value) => Value::from(*value),
            Kind::Float(value) => serde_json::Number::from_f64(*value).map_or(Value::Null, Value::Number),
            Kind::Str(text) => Value::String(text.clone()),
            Kind::Seq(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|(key, value)| (key.text.clone(), value.to_json())).collect())
            }
        }
    }
}

/// Most values that one text may expand to through aliases. A cluster's worth of custom resource definitions, the largest
/// manifests that people write, has a tenth of it.
const NODE_LIMIT: usize = 1_000_000;
/// Most bytes of text that one text may expand to through aliases.
const BYTE_LIMIT: usize = 16 * 1024 * 1024;
/// Deepest nesting that is read.
const DEPTH_LIMIT: usize = 100;
/// Most problems that are told of one text.
const PROBLEM_LIMIT: usize = 20;

/// Reads all documents of a text.
///
/// `file` is named in messages. A text without any document gives an empty list.
///
/// # Errors
/// The first syntax error, and the first duplicate keys before it, each with its line and column. One broken document
/// makes the whole text unread: whoever applies the file applies none of it, or an unknown part.
pub fn parse(text: &str, file: &str, flavour: Flavour) -> Result<Vec<Node>, Diagnostics> {
    // A byte-order mark is legal at the start of a stream and of no interest to anyone.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder {
        file,
        text,
        flavour,
        anchors: HashMap::new(),
        left: Cost { values: NODE_LIMIT, bytes: BYTE_LIMIT },
        newlines: lone_returns(text).then(|| text.match_indices('\n').map(|(at, _)| at).collect()),
        problems: Diagnostics::new(),
        untold: 0,
    };
    let mut documents = Vec::new();
    let mut events = Parser::new_from_str(text);
    loop {
        match builder.next(&mut events) {
            Err(stop) => {
                builder.problems.push(stop);
                break;
            }
            Ok(None | Some((Event::StreamEnd, _))) => break,
            Ok(Some((Event::StreamStart | Event::DocumentEnd | Event::DocumentStart(..), _))) => {}
            Ok(Some((event, span))) => {
                builder.anchors.clear();
                match builder.node(event, span, &mut events, 0) {
                    Ok(node) => documents.push(node),
                    Err(stop) => {
                        builder.problems.push(stop);
                        break;
                    }
                }
            }
        }
    }
    if builder.untold > 0 {
        let message = format!("{} more keys stand twice", builder.untold);
        builder.problems.push(Diagnostic::error(message).place(Place::file(file)));
    }
    builder.problems.into_result(documents)
}

/// Reads a text that holds exactly one document; an empty text is [`Kind::Null`].
///
/// # Errors
/// As [`parse`], and where a second document follows.
pub fn parse_one(text: &str, file: &str) -> Result<Node, Diagnostics> {
    let mut documents = parse(text, file, Flavour::Core)?;
    if let Some(second) = documents.get(1) {
        return Err(Diagnostic::error("expected one YAML document, found a second one")
            .place(Place::at(file, second.span.line, second.span.column))
            .hint("remove the `---` in between, or split the file")
            .into());
    }
    Ok(documents.pop().unwrap_or(Node { span: Span { line: 1, column: 1, length: 0 }, kind: Kind::Null }))
}

type Found<'i> = (Event<'i>, granit_parser::Span);

/// What a value takes.
#[derive(Clone, Copy, Debug)]
struct Cost {
    values: usize,
    bytes: usize,
}

struct Builder<'a> {
    file: &'a str,
    text: &'a str,
    flavour: Flavour,
    /// Values that aliases may name, and what each takes.
    anchors: HashMap<usize, (Node, Cost)>,
    /// What the text may still expand to.
    left: Cost,
    /// Where lines end, for a text in which YAML sees line breaks that nobody else does.
    newlines: Option<Vec<usize>>,
    problems: Diagnostics,
    /// Problems beyond those that are told.
    untold: usize,
}

/// Whether a carriage return stands alone: a line break for YAML, and for no editor.
fn lone_returns(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.match_indices('\r').any(|(at, _)| bytes.get(at + 1) != Some(&b'\n'))
}

impl<'a> Builder<'a> {
    fn next(&self, events: &mut Parser<'a, granit_parser::StrInput<'a>>) -> Result<Option<Found<'a>>, Diagnostic> {
        loop {
            match events.next() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(found)) => return Ok(Some(found)),
                Some(Err(error)) => {
                    let at = error.marker();
                    let message = format!("not valid YAML: {}", error.info().trim());
                    return Err(self.problem(message, self.line(at), at.col() + 1, 1));
                }
            }
        }
    }

    /// The line that an editor shows for a place.
    fn line(&self, at: &granit_parser::Marker) -> usize {
        match (&self.newlines, at.byte_offset()) {
            (Some(newlines), Some(byte)) => newlines.partition_point(|newline| *newline < byte) + 1,
            // An error may stand behind the last line break.
            _ => at.line().max(1),
        }
    }

    fn span_of(&self, at: &granit_parser::Span) -> Span {
        let length = if at.end.line() == at.start.line() { at.end.col().saturating_sub(at.start.col()) } else { 1 };
        Span { line: self.line(&at.start), column: at.start.col() + 1, length: length.max(1) }
    }

    fn problem(&self, message: String, line: usize, column: usize, length: usize) -> Diagnostic {
        Diagnostic::error(message).place(Place::at(self.file, line, column)).excerpt(self.text, length)
    }

    fn node(
        &mut self,
        event: Event<'a>,
        at: granit_parser::Span,
        events: &mut Parser<'a, granit_parser::StrInput<'a>>,
        depth: usize,
    ) -> Result<Node, Diagnostic> {
        let span = self.span_of(&at);
        if depth > DEPTH_LIMIT {
            return Err(self.problem(format!("nested more than {DEPTH_LIMIT} levels deep"), span.line, span.column, 1));
        }
        let before = self.left;
        let bytes = if let Event::Scalar(text, ..) = &event { text.len() } else { 0 };
        self.spend(Cost { values: 1, bytes }, span)?;
        let (kind, anchor) = match event {
            Event::Alias(id) => {
                let Some(cost) = self.anchors.get(&id).map(|(_, cost)| *cost) else {
                    return Err(self.problem("an alias to itself".to_owned(), span.line, span.column, span.length));
                };
                // Paid before it is copied.
                self.spend(cost, span)?;
                let kind = self.anchors.get(&id).map_or(Kind::Null, |(node, _)| node.kind.clone());
                return Ok(Node { span, kind });
            }
            Event::Scalar(text, style, anchor, tag) => {
                let kind = match tag.as_deref() {
                    None => scalar(&text, style, self.flavour),
                    Some(tag) => tagged(&text, tag, self.flavour)
                        .map_err(|message| self.problem(message, span.line, span.column, span.length))?,
                };
                (kind, anchor)
            }
            Event::SequenceStart(_, anchor, _) => {
                let mut items = Vec::new();
                while let Some((event, at)) = self.next(events)? {
                    if event == Event::SequenceEnd {
                        break;
                    }
                    items.push(self.node(event, at, events, depth + 1)?);
                }
                (Kind::Seq(items), anchor)
            }
            Event::MappingStart(_, anchor, _) => (self.map(events, depth)?, anchor),
            other => {
                return Err(self.problem(format!("unexpected YAML event {other:?}"), span.line, span.column, 1));
            }
        };
        let node = Node { span, kind };
        if anchor > 0 {
            let cost = Cost { values: before.values - self.left.values, bytes: before.bytes - self.left.bytes };
            // The copy that is kept is paid for, too: anchors within anchors would keep the same values many times.
            self.spend(cost, span)?;
            self.anchors.insert(anchor, (node.clone(), cost));
        }
        Ok(node)
    }

    fn map(&mut self, events: &mut Parser<'a, granit_parser::StrInput<'a>>, depth: usize) -> Result<Kind, Diagnostic> {
        let mut entries: Vec<(Key, Node)> = Vec::new();
        let mut merged: Vec<(Key, Node)> = Vec::new();
        let mut known: HashSet<String> = HashSet::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        while let Some((event, at)) = self.next(events)? {
            if event == Event::MappingEnd {
                break;
            }
            let plain = matches!(&event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.node(event, at, events, depth + 1)?;
            let Some((event, at)) = self.next(events)? else { break };
            let value = self.node(event, at, events, depth + 1)?;
            if plain && key.as_str() == Some("<<") {
                let at = key.span;
                if !merge_into(&mut merged, &mut known, value) {
                    let message = "expected `<<` to merge a map, or a list of maps".to_owned();
                    return Err(self.problem(message, at.line, at.column, at.length));
                }
                continue;
            }
            let text = match &key.kind {
                Kind::Str(text) => text.clone(),
                Kind::Null => "null".to_owned(),
                Kind::Bool(value) => value.to_string(),
                Kind::Int(value) => value.to_string(),
                Kind::Float(value) => value.to_string(),
                Kind::Seq(_) | Kind::Map(_) => {
                    return Err(self.problem(
                        format!("expected a key, found {}", key.describe()),
                        key.span.line,
                        key.span.column,
                        1,
                    ));
                }
            };
            if let Some(first) = seen.insert(text.clone(), key.span.line) {
                if self.problems.0.len() >= PROBLEM_LIMIT {
                    self.untold += 1;
                    continue;
                }
                let text: String = text.chars().take(60).collect();
                let problem = self
                    .problem(
                        format!("the key `{text}` stands twice in one map"),
                        key.span.line,
                        key.span.column,
                        key.span.length,
                    )
                    .hint(format!("the first one is on line {first}; remove one of them"));
                self.problems.push(problem);
                continue;
            }
            entries.push((Key { text, span: key.span }, value));
        }
        for (key, value) in merged {
            if !seen.contains_key(&key.text) {
                seen.insert(key.text.clone(), key.span.line);
                entries.push((key, value));
            }
        }
        Ok(Kind::Map(entries))
    }

    /// Takes from what the text may still expand to.
    fn spend(&mut self, cost: Cost, span: Span) -> Result<(), Diagnostic> {
        let values = self.left.values.checked_sub(cost.values);
        let bytes = self.left.bytes.checked_sub(cost.bytes);
        match (values, bytes) {
            (Some(values), Some(bytes)) => {
                self.left = Cost { values, bytes };
                Ok(())
            }
            (None, _) => Err(self.too_much(format!("{NODE_LIMIT} values"), span)),
            (_, None) => Err(self.too_much(format!("{} MiB", BYTE_LIMIT / (1024 * 1024)), span)),
        }
    }

    fn too_much(&self, limit: String, span: Span) -> Diagnostic {
        let hint = "an anchor or an alias repeats too much of it: write it out, or split the file";
        self.problem(format!("expands to more than {limit}"), span.line, span.column, span.length).hint(hint)
    }
}

/// `<<: *base` and `<<: [*a, *b]`: what is written out wins over what is merged, and earlier over later. Says whether
/// the value was one that can be merged.
fn merge_into(merged: &mut Vec<(Key, Node)>, known: &mut HashSet<String>, value: Node) -> bool {
    match value.kind {
        Kind::Map(entries) => {
            for (key, value) in entries {
                if known.insert(key.text.clone()) {
                    merged.push((key, value));
                }
            }
            true
        }
        Kind::Seq(items) => {
            items.into_iter().all(|item| matches!(item.kind, Kind::Map(_)) && merge_into(merged, known, item))
        }
        _ => false,
    }
}

fn scalar(text: &str, style: ScalarStyle, flavour: Flavour) -> Kind {
    if style == ScalarStyle::Plain { plain(text, flavour) } else { Kind::Str(text.to_owned()) }
}

/// What a scalar with a tag stands for. Tags of others (`!Ref`, `!reference`, `!vault`) leave it as it is written, as
/// Go's YAML, and so Kubernetes and conftest, do.
fn tagged(text: &str, tag: &Tag, flavour: Flavour) -> Result<Kind, String> {
    let wrong =
        |what: &str| format!("expected {what} after its tag, found `{}`", text.chars().take(40).collect::<String>());
    let name = tag.suffix_in_namespace("tag:yaml.org,2002:");
    match (name.as_deref(), plain(text, flavour)) {
        (Some("null"), kind @ Kind::Null)
        | (Some("bool"), kind @ Kind::Bool(_))
        | (Some("int"), kind @ Kind::Int(_)) => Ok(kind),
        (Some("float"), kind @ Kind::Float(_)) => Ok(kind),
        #[expect(clippy::cast_precision_loss, reason = "a float is what the tag asks for")]
        (Some("float"), Kind::Int(value)) => Ok(Kind::Float(value as f64)),
        (Some("null"), _) => Err(wrong("nothing")),
        (Some("bool"), _) => Err(wrong("true or false")),
        (Some("int"), _) => Err(wrong("a whole number")),
        (Some("float"), _) => Err(wrong("a number")),
        (Some("binary"), _) => match base64(text) {
            Some(bytes) => Ok(Kind::Str(String::from_utf8_lossy(&bytes).into_owned())),
            None => Err(wrong("base64")),
        },
        _ => Ok(Kind::Str(text.to_owned())),
    }
}

/// The bytes that a `!!binary` scalar stands for: Kubernetes sees those, so whoever judges it has to as well.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count, mut digits, mut padding) = (0_u32, 0_u32, 0_usize, 0_usize);
    for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        digits += 1;
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xff).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    (padding < 3 && (digits + padding).is_multiple_of(4) && digits % 4 != 1).then_some(out)
}

/// What a plain scalar stands for.
fn plain(text: &str, flavour: Flavour) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" => return Kind::Bool(true),
        "false" | "False" | "FALSE" => return Kind::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Kind::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Kind::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Kind::Float(f64::NAN),
        _ => {}
    }
    if flavour == Flavour::Yaml11 {
        match text {
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if text.len() > 1 => return Kind::Bool(true),
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if text.len() > 1 => return Kind::Bool(false),
            _ => {}
        }
    }
    number(text, flavour).unwrap_or_else(|| Kind::Str(text.to_owned()))
}

fn number(text: &str, flavour: Flavour) -> Option<Kind> {
    let without_sign = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = without_sign.chars().next()?;
    if !first.is_ascii_digit() && first != '.' {
        return None;
    }
    let cleaned = if flavour == Flavour::Yaml11 { without_sign.replace('_', "") } else { without_sign.to_owned() };
    let negative = text.starts_with('-');
    let radix = match cleaned.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0X") if flavour == Flavour::Yaml11 => 16,
        Some("0O") if flavour == Flavour::Yaml11 => 8,
        Some("0b" | "0B") if flavour == Flavour::Yaml11 => 2,
        _ => 10,
    };
    if radix != 10 {
        let digits = &cleaned[2..];
        // A sign within would be read as one.
        return if digits.starts_with(['+', '-']) { None } else { whole(digits, radix, negative) };
    }
    if cleaned.bytes().all(|byte| byte.is_ascii_digit()) {
        // `0755` is octal in YAML 1.1; `0899` is a decimal with a zero in front there.
        let octal = flavour == Flavour::Yaml11 && cleaned.len() > 1 && cleaned.starts_with('0');
        let found = if octal { whole(&cleaned, 8, negative) } else { whole(&cleaned, 10, negative) };
        return found.or_else(|| real(&cleaned, negative));
    }
    let float = cleaned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
        && cleaned.bytes().any(|byte| byte.is_ascii_digit());
    if float { real(&cleaned, negative) } else { None }
}

fn whole(digits: &str, radix: u32, negative: bool) -> Option<Kind> {
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    let value = if negative { -magnitude } else { magnitude };
    #[expect(clippy::cast_precision_loss, reason = "what is too large for whole numbers is told as a number")]
    Some(i64::try_from(value).map_or(Kind::Float(value as f64), Kind::Int))
}

/// A number with a fraction or an exponent; one that is too large for any number is text, as in Go.
fn real(digits: &str, negative: bool) -> Option<Kind> {
    let value: f64 = digits.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(Kind::Float(if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        parse_one(text, "t.yaml").unwrap()
    }

    #[test]
    fn values_know_their_line_and_column() {
        let node = one("a: 1\nb:\n  - x\n  - {c: true}\n");
        let list = node.get("b").unwrap();
        let Kind::Seq(items) = &list.kind else { panic!() };
        assert_eq!((items[1].span.line, items[1].span.column), (4, 5));
        assert_eq!((items[1].get("c").unwrap().span.line, items[1].get("c").unwrap().span.column), (4, 9));
    }

    #[test]
    fn the_two_flavours_read_plain_scalars_differently() {
        let read = |text: &str, flavour| parse(text, "t", flavour).unwrap()[0].kind.clone();
        assert_eq!(read("on", Flavour::Core), Kind::Str("on".into()));
        assert_eq!(read("on", Flavour::Yaml11), Kind::Bool(true));
        assert_eq!(read("0755", Flavour::Core), Kind::Int(755));
        assert_eq!(read("0755", Flavour::Yaml11), Kind::Int(0o755));
        assert_eq!(read("1.5", Flavour::Core), Kind::Float(1.5));
        assert_eq!(read("-3", Flavour::Core), Kind::Int(-3));
        assert_eq!(read("1.2.3", Flavour::Core), Kind::Str("1.2.3".into()));
        assert_eq!(read("'1'", Flavour::Core), Kind::Str("1".into()));
        assert_eq!(read("!!str 1", Flavour::Core), Kind::Str("1".into()));
    }

    #[test]
    fn every_duplicate_key_is_reported_with_its_place() {
        let problems = parse("a: 1\nb: 2\na: 3\nb: 4\n", "t.yaml", Flavour::Core).unwrap_err();
        let places: Vec<String> = problems.0.iter().map(|d| d.place.as_ref().unwrap().to_string()).collect();
        assert_eq!(places, ["t.yaml:3:1", "t.yaml:4:1"]);
    }

    #[test]
    fn an_alias_bomb_is_an_error() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let previous = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!("a{level}: &a{level} [{}]\n", previous.trim_end_matches(", ")));
        }
        let problems = parse(&text, "t.yaml", Flavour::Core).unwrap_err();
        assert!(problems.to_string().contains("expands to more than"), "{problems}");
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
        assert!(parse(&text, "t.yaml", Flavour::Core).is_err());
    }

    #[test]
    fn merge_keys_fill_in_what_is_not_written_out() {
        let node = one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
        assert_eq!(node.get("use").unwrap().to_json(), serde_json::json!({"y": 3, "x": 1}));
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let problems = parse("a: [1, 2\nb: 3\n", "t.yaml", Flavour::Core).unwrap_err();
        assert!(problems.0[0].place.as_ref().unwrap().line.is_some());
    }
}
