//! Quoting filters: a value as a complete literal of the format it is written into.
//!
//! This is what keeps an answer from breaking out of, or injecting into, an emitted file. Each filter takes any
//! value and returns text that the format's own reader turns back into that value.

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

/// How one format writes text, lists and maps.
struct Format {
    text: fn(&str) -> String,
    /// Between a map's key and value.
    assign: &'static str,
    /// How a map's key is written.
    key: fn(&str) -> String,
}

const JSON: Format = Format { text: json_text, assign: ": ", key: json_text };
const YAML: Format = Format { text: yaml_text, assign: ": ", key: yaml_text };
const TOML: Format = Format { text: toml_text, assign: " = ", key: toml_text };
const HCL: Format = Format { text: hcl_text, assign: " = ", key: hcl_text };

fn literal(value: &Value, format: &Format) -> Result<String, Error> {
    Ok(match value.kind() {
        ValueKind::String => (format.text)(value.as_str().unwrap_or_default()),
        ValueKind::Bool => value.is_true().to_string(),
        ValueKind::Number => value.to_string(),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Result<Vec<_>, _> = value.try_iter()?.map(|item| literal(&item, format)).collect();
            format!("[{}]", items?.join(", "))
        }
        ValueKind::Map => {
            let mut entries = Vec::new();
            for key in value.try_iter()? {
                let entry = literal(&value.get_item(&key)?, format)?;
                entries.push(format!("{}{}{entry}", (format.key)(&key.to_string()), format.assign));
            }
            if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
        }
        kind => {
            return Err(Error::new(ErrorKind::InvalidOperation, format!("a value of kind {kind} has no literal")));
        }
    })
}

/// A JSON string. Also a valid string literal of Go, Python, JavaScript and Rust for text without control characters
/// other than line breaks and tabs.
pub fn json_text(text: &str) -> String {
    escaped(text, |c| match c {
        '\u{8}' => Some("\\b".to_owned()),
        '\u{c}' => Some("\\f".to_owned()),
        c if needs_code(c) => Some(code_units(c)),
        _ => None,
    })
}

/// A YAML scalar: plain where every YAML version reads it as this very text, else double-quoted.
pub fn yaml_text(text: &str) -> String {
    if is_plain_yaml(text) {
        return text.to_owned();
    }
    escaped(text, |c| needs_code(c).then(|| format!("\\U{:08X}", c as u32)))
}

/// A TOML basic string.
pub fn toml_text(text: &str) -> String {
    escaped(text, |c| needs_code(c).then(|| format!("\\U{:08X}", c as u32)))
}

/// An HCL string in which `${` and `%{` are text.
pub fn hcl_text(text: &str) -> String {
    let quoted = escaped(text, |c| needs_code(c).then(|| format!("\\U{:08X}", c as u32)));
    quoted.replace("${", "$${").replace("%{", "%%{")
}

/// One word of a POSIX shell.
pub fn sh_text(text: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(safe) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Text in a makefile, outside of comments.
///
/// # Errors
/// For text with a line break: make has no way to write one.
pub fn make_text(text: &str) -> Result<String, String> {
    if text.contains(['\n', '\r']) {
        return Err("a makefile can't hold a line break in a value".to_owned());
    }
    let mut out = String::new();
    let mut backslashes = 0;
    for c in text.chars() {
        match c {
            '$' => out.push_str("$$"),
            '#' => {
                // Backslashes before an escaped `#` are themselves escapes.
                out.push_str(&"\\".repeat(backslashes));
                out.push_str("\\#");
            }
            c => out.push(c),
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
    }
    // A backslash at the end of a line would join the next one to it; a reference to nothing keeps them apart.
    if backslashes > 0 {
        out.push_str("$()");
    }
    Ok(out)
}

/// Markdown that shows exactly this text, on one line.
pub fn markdown_text(text: &str) -> String {
    let mut out = String::new();
    for (index, c) in text.chars().enumerate() {
        match c {
            '\n' | '\r' => out.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '&' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // Signs that only mean something where a block starts.
            '#' | '-' | '+' | '=' | ':' if index == 0 => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if text.chars().take(index).all(|d| d.is_ascii_digit()) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Text for a one-line comment: line breaks and control characters become spaces.
pub fn comment_text(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect::<String>()
        .replace("*/", "* /")
}

/// Characters that must not stand in a text file as they are: controls, separators that some readers take for line
/// breaks, invisible marks.
fn needs_code(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{fdd0}'..='\u{fdef}')
}

fn code_units(c: char) -> String {
    let mut units = [0; 2];
    c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

fn escaped(text: &str, special: impl Fn(char) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => match special(c) {
                Some(code) => out.push_str(&code),
                None => out.push(c),
            },
        }
    }
    out.push('"');
    out
}

/// Whether text can stand unquoted in YAML 1.1 and 1.2, in block and flow context, as itself.
fn is_plain_yaml(text: &str) -> bool {
    let first_is_letter = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let safe = |c: char| c.is_ascii_alphanumeric() || " _-./()+@".contains(c);
    let word = text.to_ascii_lowercase();
    first_is_letter
        && !text.ends_with(' ')
        && text.chars().all(safe)
        && !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&word.as_str())
}

pub(super) fn register(environment: &mut Environment<'static>) {
    environment.add_filter("json", |value: &Value| literal(value, &JSON));
    environment.add_filter("yaml", |value: &Value| literal(value, &YAML));
    environment.add_filter("toml", |value: &Value| literal(value, &TOML));
    environment.add_filter("hcl", |value: &Value| literal(value, &HCL));
    environment.add_filter("sh", |value: &Value| printable(value).map(|text| sh_text(&text)));
    environment.add_filter("make", |value: &Value| {
        make_text(&printable(value)?).map_err(|message| Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_filter("md", |value: &Value| printable(value).map(|text| markdown_text(&text)));
    environment.add_filter("comment", |value: &Value| printable(value).map(|text| comment_text(&text)));
}

/// A value that is one word or number, as text.
fn printable(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Number => Ok(value.to_string()),
        ValueKind::Bool => Ok(value.is_true().to_string()),
        kind => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("a value of kind {kind} can't be quoted here; pick or join its elements first"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_stays_plain_in_yaml_and_shells() {
        assert_eq!(yaml_text("The payments-api service"), "The payments-api service");
        assert_eq!(yaml_text("no"), "\"no\"");
        assert_eq!(yaml_text("a: b"), "\"a: b\"");
        assert_eq!(sh_text("a/b-c.d"), "a/b-c.d");
        assert_eq!(sh_text("it's"), "'it'\\''s'");
    }

    #[test]
    fn lists_and_maps_are_literals_too() {
        let list = Value::from(vec!["dev", "pro${d}"]);
        assert_eq!(literal(&list, &HCL).unwrap(), r#"["dev", "pro$${d}"]"#);
        let map = minijinja::context!(a => vec![Value::from(1), Value::from(true)]);
        assert_eq!(literal(&map, &YAML).unwrap(), "{ a: [1, true] }");
        assert_eq!(literal(&map, &HCL).unwrap(), r#"{ "a" = [1, true] }"#);
    }

    proptest! {
        #[test]
        fn json_reads_back(text in any::<String>()) {
            prop_assert_eq!(serde_json::from_str::<String>(&json_text(&text)).unwrap(), text);
        }

        #[test]
        fn yaml_reads_back_in_both_flavours(text in any::<String>()) {
            let source = format!("k: {}\n", yaml_text(&text));
            for flavour in [crate::yaml::Flavour::Core, crate::yaml::Flavour::Yaml11] {
                let node = &crate::yaml::parse(&source, "t", flavour).unwrap()[0];
                prop_assert_eq!(node.get("k").unwrap().as_str().unwrap(), text.as_str());
            }
        }

        #[test]
        fn toml_reads_back(text in any::<String>()) {
            let table: toml::Table = format!("k = {}\n", toml_text(&text)).parse().unwrap();
            prop_assert_eq!(table["k"].as_str().unwrap(), text.as_str());
        }

        #[test]
        fn hcl_reads_back(text in prop_oneof![any::<String>(), "[$%{}a\"\\\\]{0,8}"]) {
            let body: hcl_edit::structure::Body = format!("k = {}\n", hcl_text(&text)).parse().unwrap();
            prop_assert_eq!(body.get_attribute("k").unwrap().value.as_str(), Some(text.as_str()));
        }

        #[cfg(unix)]
        #[test]
        fn a_shell_reads_it_back(text in "[^\0]{0,40}") {
            let output = std::process::Command::new("sh")
                .arg("-c").arg(format!("printf %s {}", sh_text(&text))).output().unwrap();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
        }

        #[test]
        fn a_comment_is_one_line(text in any::<String>()) {
            prop_assert!(comment_text(&text).lines().count() <= 1);
        }
    }
}
