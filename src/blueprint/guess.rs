//! Guesses: where the answer to a question may stand in a repository that is there already.
//!
//! They are the blueprint's data: whoever asks a question knows best what gives its answer away. Here they are read and
//! checked; `goldpath adopt` looks them up.

use globset::{GlobBuilder, GlobMatcher};
use regex::Regex;

use super::manifest::{Field, Map, Reader, optional};
use super::question::{Choice, QuestionType};
use crate::diag::Place;
use crate::template::case;
use crate::yaml::{Kind, Node};

/// One place where an answer may stand.
#[derive(Clone, Debug)]
pub struct Guess {
    /// Where to look.
    pub source: Source,
    /// What is answered if anything is found, instead of what is found.
    pub is: Option<Vec<String>>,
    /// What is found, and what is answered for it.
    pub map: Vec<(String, String)>,
    /// How the answer is spelled.
    pub case: Option<Case>,
    /// The order of what is found; what is not named comes first.
    pub order: Vec<String>,
    /// Where the blueprint says so.
    pub place: Place,
}

/// What a guess looks at.
#[derive(Clone, Debug)]
pub enum Source {
    /// Committed files.
    Files(Paths, Look),
    /// The names of folders with committed files.
    Folders(Paths),
    /// The address of the remote `origin`, without credentials; for a folder of the repository with `//` and its path.
    Remote(Regex),
    /// Keys of the answers that another scaffolder recorded.
    Answers(Vec<String>),
}

/// A pattern of paths.
#[derive(Clone, Debug)]
pub struct Paths {
    /// As it is written.
    pub glob: String,
    matcher: GlobMatcher,
}

/// What counts in a file.
#[derive(Clone, Debug)]
pub enum Look {
    /// That it is there.
    There,
    /// What the first group of the expression captures.
    Pattern(Regex),
    /// The value behind these keys, in YAML, JSON or TOML.
    At(Vec<String>),
}

/// A spelling.
pub type Case = fn(&str) -> String;

/// The words that stand for spellings in manifests.
pub const CASES: [(&str, Case); 7] = [
    ("lower", |text| text.to_lowercase()),
    ("kebab", case::kebab),
    ("snake", case::snake),
    ("pascal", case::pascal),
    ("camel", case::camel),
    ("screaming", case::screaming),
    ("title", case::title),
];

/// The fields of a guess.
pub const FIELDS: [Field; 10] = [
    optional("file", "pattern of paths", "committed files to look at; `*` within a folder, `**` across folders"),
    optional(
        "pattern",
        "regular expression",
        "what its first group captures in such a file; for lists all that it captures",
    ),
    optional("at", "keys, joined by dots", "what stands there in such a file, if it is YAML, JSON or TOML"),
    optional("folders", "pattern of paths", "the names of such folders"),
    optional("remote", "regular expression", "what its first group captures in the address of the remote `origin`"),
    optional("answer", "key or list of keys", "what copier, cookiecutter or cruft recorded as the answer to these"),
    optional("is", "text or list of texts", "the answer if anything is found, instead of what is found"),
    optional("map", "map of text to text", "what is found, and the answer that stands for it"),
    optional("case", "word", "how the answer is spelled: `lower` or a filter of templates, such as `kebab`"),
    optional("order", "list of texts", "the order of a list, as far as it is known; what is not named comes first"),
];

impl PartialEq for Paths {
    fn eq(&self, other: &Self) -> bool {
        self.glob == other.glob
    }
}

impl Eq for Paths {}

impl Paths {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(glob: &str) -> Result<Self, String> {
        let built = GlobBuilder::new(glob).literal_separator(true).build().map_err(|error| error.kind().to_string())?;
        Ok(Paths { glob: glob.to_owned(), matcher: built.compile_matcher() })
    }

    /// Whether a path is meant.
    pub fn holds(&self, path: &str) -> bool {
        self.matcher.is_match(path)
    }
}

/// Reads the guesses of a question.
pub(super) fn read(reader: &mut Reader, node: &Node, key: &str, kind: QuestionType, choices: &[Choice]) -> Vec<Guess> {
    let mut found = Vec::new();
    for item in reader.items(node, &format!("`guess` of question `{key}`")) {
        let Some(map) = reader.map(item, "the guess", &FIELDS) else { continue };
        let Some(source) = source(reader, item, map) else { continue };
        let is = map.get("is").map(|node| texts(reader, node, "`is`"));
        if let (Source::Files(_, Look::There), None) = (&source, &is) {
            let hint = "add `pattern:`, `at:` or `is:`".to_owned();
            reader.report(item.span, "a file that is there answers nothing by itself", Some(hint));
            continue;
        }
        let pairs = map.get("map").map(|node| reader.entries(node, "`map`")).unwrap_or_default();
        let mut mapped = Vec::new();
        for (from, to) in pairs {
            mapped.extend(text(reader, to, "`map`").map(|to| (from.text.clone(), to)));
        }
        // What can't be chosen would never be taken, and nobody would know why.
        let fixed = is.iter().flatten().chain(mapped.iter().map(|(_, to)| to));
        let chooses = matches!(kind, QuestionType::Choice | QuestionType::Choices);
        for value in fixed.filter(|value| chooses && !choices.iter().any(|choice| choice.value == **value)) {
            let known = choices.iter().map(|choice| choice.value.as_str());
            let hint = crate::diag::did_you_mean(value, known);
            reader.report(item.span, format!("the guess answers `{value}`, which `{key}` does not offer"), hint);
        }
        found.push(Guess {
            source,
            is,
            map: mapped,
            case: map.get("case").and_then(|node| reader.word(node, "`case`", &CASES)),
            order: map.get("order").map(|node| texts(reader, node, "`order`")).unwrap_or_default(),
            place: reader.place(item.span),
        });
    }
    found
}

fn source(reader: &mut Reader, item: &Node, map: Map) -> Option<Source> {
    let looks = ["file", "folders", "remote", "answer"];
    let named: Vec<&str> = looks.into_iter().filter(|name| map.get(name).is_some()).collect();
    if named.len() != 1 {
        let hint = "take one of `file`, `folders`, `remote` and `answer`; a second guess takes another".to_owned();
        let message = format!("the guess looks at {} things, and has to look at one", named.len());
        reader.report(item.span, message, Some(hint));
        return None;
    }
    if let (Some(node), None) = (map.get("pattern").or(map.get("at")), map.get("file")) {
        reader.report(node.span, "`pattern` and `at` are about a `file`", None);
        return None;
    }
    if let Some(node) = map.get("file") {
        let paths = paths(reader, node, "`file`")?;
        let look = match (map.get("pattern"), map.get("at")) {
            (None, None) => Look::There,
            (Some(node), None) => Look::Pattern(expression(reader, node, "`pattern`")?),
            (None, Some(node)) => Look::At(match node.as_str() {
                Some(text) => text.split('.').map(str::to_owned).collect(),
                None => texts(reader, node, "`at`"),
            }),
            (Some(_), Some(node)) => {
                reader.report(node.span, "take either `pattern` or `at`", None);
                return None;
            }
        };
        return Some(Source::Files(paths, look));
    }
    if let Some(node) = map.get("folders") {
        return paths(reader, node, "`folders`").map(Source::Folders);
    }
    if let Some(node) = map.get("remote") {
        return expression(reader, node, "`remote`").map(Source::Remote);
    }
    map.get("answer").map(|node| Source::Answers(texts(reader, node, "`answer`")))
}

/// A pattern of paths, checked to be one.
pub(super) fn paths(reader: &mut Reader, node: &Node, what: &str) -> Option<Paths> {
    let text = reader.text(node, what)?;
    match Paths::new(&text) {
        Ok(paths) => Some(paths),
        Err(reason) => {
            reader.report(node.span, format!("{what} is no pattern: {reason}"), None);
            None
        }
    }
}

/// A regular expression, checked to be one.
pub(super) fn expression(reader: &mut Reader, node: &Node, what: &str) -> Option<Regex> {
    let text = reader.text(node, what)?;
    match Regex::new(&text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            reader.report(node.span, format!("{what} is no regular expression: {reason}"), None);
            None
        }
    }
}

/// A text; numbers and booleans are taken as they are written.
fn text(reader: &mut Reader, node: &Node, what: &str) -> Option<String> {
    match &node.kind {
        Kind::Bool(value) => Some(value.to_string()),
        Kind::Int(value) => Some(value.to_string()),
        _ => reader.text(node, what),
    }
}

fn texts(reader: &mut Reader, node: &Node, what: &str) -> Vec<String> {
    match &node.kind {
        Kind::Seq(items) => items.iter().filter_map(|item| text(reader, item, what)).collect(),
        _ => text(reader, node, what).into_iter().collect(),
    }
}
