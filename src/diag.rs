//! One kind of message for everything that can be wrong.
//!
//! Every module reports problems as [`Diagnostic`] values and never prints: a problem has a place
//! (file, line, column), says what was expected and what was found, and names the next step. Callers
//! collect them in [`Diagnostics`], so that all problems of an input reach the user in one run.

use std::fmt;

use serde::Serialize;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The operation can't go on.
    Error,
    /// The operation goes on; somebody should look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// Where something is: a file, and a line and column in it where they are known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The path as the user knows it.
    pub file: String,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in characters, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
}

impl Place {
    /// A whole file.
    pub fn file(file: impl Into<String>) -> Self {
        Place { file: file.into(), line: None, column: None }
    }

    /// A line of a file, counted from 1.
    pub fn line(file: impl Into<String>, line: usize) -> Self {
        Place { file: file.into(), line: Some(line), column: None }
    }

    /// A line and column of a file, both counted from 1.
    pub fn at(file: impl Into<String>, line: usize, column: usize) -> Self {
        Place { file: file.into(), line: Some(line), column: Some(column) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        Ok(())
    }
}

/// The line of source that a [`Diagnostic`] is about, kept so that it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// The text of the line, without its line break.
    pub text: String,
    /// Bytes of `text` that are meant.
    pub range: std::ops::Range<usize>,
}

/// One problem, with all that a person needs to mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is wrong: what was expected and what was found.
    pub message: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The source line, for people.
    #[serde(skip)]
    pub excerpt: Option<Box<Excerpt>>,
}

impl Diagnostic {
    /// An error without a place.
    pub fn error(message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Error, place: None, message: message.into(), hint: None, excerpt: None }
    }

    /// A warning without a place.
    pub fn warning(message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(message) }
    }

    /// Whether it stops the operation.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Says where it is.
    #[must_use]
    pub fn place(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says what to do next, where there is something to say.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = self.hint.or(hint);
        self
    }

    /// Shows the source: takes the line of `source` that the place names and underlines `length`
    /// characters from the place's column on. Does nothing where the place has no line.
    #[must_use]
    pub fn excerpt(mut self, source: &str, length: usize) -> Self {
        let Some((line, column)) = self.place.as_ref().and_then(|place| Some((place.line?, place.column.unwrap_or(1))))
        else {
            return self;
        };
        let Some(text) = source.lines().nth(line.saturating_sub(1)) else {
            return self;
        };
        // A minified or generated line would drown the message.
        if text.len() > 400 {
            return self;
        }
        let byte = |characters: usize| text.char_indices().nth(characters).map_or(text.len(), |(byte, _)| byte);
        let start = byte(column.saturating_sub(1));
        let end = byte((column - 1).saturating_add(length.max(1))).max(start);
        self.excerpt = Some(Box::new(Excerpt { text: text.to_owned(), range: start..end }));
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.severity)?;
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// All problems of one input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Diagnostics::default()
    }

    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// Adds the problems of another input.
    pub fn extend(&mut self, other: Diagnostics) {
        self.0.extend(other.0);
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether anything in it stops the operation.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// The value, unless an error was reported.
    ///
    /// # Errors
    /// All that was collected, if any of it is an error.
    pub fn into_result<T>(self, value: T) -> Result<T, Diagnostics> {
        if self.has_errors() { Err(self) } else { Ok(value) }
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Diagnostics(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// A text as it may go to a terminal: files and policies of others hold what they like, also sequences that would clear
/// the screen, or characters that make a line read differently from what it is.
pub fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    let hostile = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    if !text.contains(hostile) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            // Unicode has a picture for each.
            c @ '\0'..='\u{1f}' if c != '\n' => out.extend(char::from_u32(0x2400 + u32::from(c))),
            '\u{7f}' => out.push('\u{2421}'),
            c if hostile(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.into()
}

/// The same for a text that goldpath has styled: colours and weights stay, whatever else a terminal would act on does not.
pub fn printable_styled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        out.push_str(&printable(&rest[..at]));
        rest = &rest[at..];
        match style(rest) {
            Some(length) => {
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            }
            None => {
                out.push('␛');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(&printable(rest));
    out
}

/// How long the sequence is that a text starts with, if it is one that only changes how text looks, and hides none.
fn style(text: &str) -> Option<usize> {
    let (code, _) = text.strip_prefix("\u{1b}[")?.split_once('m')?;
    let plain = matches!(code, "0" | "1" | "2" | "4")
        || (code.len() == 2 && code.starts_with('3') && code.ends_with(|c: char| ('1'..='7').contains(&c)));
    plain.then_some(code.len() + 3)
}

/// The known name that a mistyped one was most likely meant to be.
///
/// Returns nothing where no name is near: a far-fetched suggestion costs more than none.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.chars().count().min(typed.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The hint for an unknown name: the nearest one, else all there are.
pub fn did_you_mean<'a>(typed: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(name) = nearest(typed, known.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let all: Vec<String> = known.into_iter().map(|name| format!("`{name}`")).collect();
    (!all.is_empty()).then(|| format!("there is {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("pyton", ["go", "python"]), Some("python"));
        assert_eq!(nearest("gitlab", ["github-actions", "gitlab-ci"]), None);
        assert_eq!(nearest("delivry", ["delivery"]), Some("delivery"));
        assert_eq!(nearest("xyz", ["go"]), None);
    }

    #[test]
    fn what_goes_to_a_terminal_has_no_control_characters() {
        assert_eq!(printable("a\u{1b}[2J\tb\r\nc\u{202e}d\u{9b}\u{7f}"), "a␛[2J b␍\nc\\u{202e}d\\u{9b}␡");
        assert!(matches!(printable("plain\ntext é"), std::borrow::Cow::Borrowed(_)));
    }

    #[test]
    fn of_a_styled_text_only_the_style_stays() {
        let text = "\u{1b}[1m\u{1b}[32mgood\u{1b}[0m";
        assert_eq!(printable_styled(text), text);
        assert_eq!(printable_styled("a\u{1b}[2Jb\u{1b}[8mc\u{1b}]0;x\u{7}d\u{1b}"), "a␛[2Jb␛[8mc␛]0;x␇d␛");
        assert_eq!(printable_styled("\u{1b}[1m\u{202e}\u{1b}[0m"), "\u{1b}[1m\\u{202e}\u{1b}[0m");
    }

    #[test]
    fn an_excerpt_underlines_characters_not_bytes() {
        let diagnostic = Diagnostic::error("x").place(Place::at("f", 1, 3)).excerpt("äöü = 1", 1);
        let excerpt = diagnostic.excerpt.unwrap();
        assert_eq!(&excerpt.text[excerpt.range], "ü");
    }

    #[test]
    fn an_excerpt_past_the_end_of_its_line_is_empty_not_a_panic() {
        let diagnostic = Diagnostic::error("x").place(Place::at("f", 1, 99)).excerpt("ab", 5);
        assert_eq!(diagnostic.excerpt.unwrap().range, 2..2);
    }
}
