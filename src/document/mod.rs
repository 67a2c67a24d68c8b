//! Files as values: what guardrails look at.
//!
//! A file is read into the shape in which `conftest` hands it to a policy, so that one policy gives one verdict in
//! both: YAML with its documents apart, HCL with blocks as lists and expressions as `${…}` text, a Dockerfile as its
//! list of commands, JSON, TOML, and plain text as a list of lines. Foreign files are read, so size and depth are
//! bounded, and what can't be read is a [`Diagnostic`], never a silent pass.

mod dockerfile;
mod hcl;
mod json;
mod node;
mod toml;
mod yaml;

use std::sync::Arc;

pub use node::{Content, Node, Spot, Step};

use crate::diag::{Diagnostic, Diagnostics, Place};

/// Largest file that is read, in bytes.
const SIZE_LIMIT: usize = 4 * 1024 * 1024;
/// Largest HCL file: its parser looks at all keys of an object for each further one.
const HCL_LIMIT: usize = 512 * 1024;

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// YAML, read as Kubernetes and conftest read it.
    Yaml,
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// HCL2: Terraform.
    Hcl,
    /// A Dockerfile.
    Dockerfile,
    /// Any other text: `{"text": {"path": …, "lines": […]}}`.
    Text,
}

impl Format {
    /// The format that a file's name stands for: as conftest decides it, and a `Containerfile` is a `Dockerfile` by another
    /// name. [`Format::Text`] is never guessed.
    pub fn of(path: &str) -> Option<Format> {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        for known in ["dockerfile", "containerfile"] {
            let called_so = || name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            // What is left out of the context stands in a file that is called after the Dockerfile.
            if extension == known || (called_so() && extension != "dockerignore") {
                return Some(Format::Dockerfile);
            }
        }
        match extension {
            "yaml" | "yml" => Some(Format::Yaml),
            "json" => Some(Format::Json),
            "toml" => Some(Format::Toml),
            "tf" | "hcl" | "tfvars" => Some(Format::Hcl),
            _ => None,
        }
    }

    /// What it is called in messages.
    fn name(self) -> &'static str {
        match self {
            Format::Yaml => "YAML",
            Format::Json => "JSON",
            Format::Toml => "TOML",
            Format::Hcl => "HCL",
            Format::Dockerfile => "Dockerfile",
            Format::Text => "text",
        }
    }
}

/// One document of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The file that it is from; for one that was put together, the file that asked for it.
    pub path: Arc<str>,
    /// What it is written in.
    pub format: Format,
    /// What is in it.
    pub root: Node,
}

impl Document {
    /// Where the value at the end of `path` stands, or would.
    pub fn spot_of(&self, path: &[Step]) -> &Spot {
        self.root.spot_of(path)
    }

    /// The value as conftest hands it to a policy.
    pub fn value(&self) -> serde_json::Value {
        self.root.to_json()
    }
}

/// Reads a file into its documents; empty documents are left out.
///
/// # Errors
/// Where the file is too large, no UTF-8, or not what its format asks for: one or more problems with their places. A file
/// in which any document is broken, or any key stands twice, is not read at all.
pub fn read(path: &str, bytes: &[u8], format: Format) -> Result<Vec<Document>, Diagnostics> {
    let text = text_of(path, bytes, format)?;
    let file: Arc<str> = Arc::from(path);
    let roots = match format {
        Format::Yaml => yaml::read(&file, text)?,
        Format::Json => vec![json::read(&file, text)?],
        Format::Toml => vec![toml::read(&file, text)?],
        Format::Hcl => vec![hcl::read(&file, text)?],
        Format::Dockerfile => vec![dockerfile::read(&file, text)?],
        Format::Text => vec![lines(&file, text)],
    };
    Ok(roots
        .into_iter()
        .filter(|root| root.content != Content::Null)
        .map(|root| Document { path: file.clone(), format, root })
        .collect())
}

/// Reads YAML that stands inside another file, `before` lines from its top: a patch in a kustomization, a comment in a
/// policy. Places are those of the file around it.
///
/// # Errors
/// As [`read`].
pub fn read_fragment(path: &str, text: &str, before: usize) -> Result<Vec<Document>, Diagnostics> {
    let mut documents = read(path, text.as_bytes(), Format::Yaml).map_err(|mut problems| {
        for place in problems.0.iter_mut().filter_map(|problem| problem.place.as_mut()) {
            place.line = Some(place.line.unwrap_or(1) + before);
            // It counts from where the fragment starts in its line, which nobody sees.
            place.column = None;
        }
        problems
    })?;
    documents.iter_mut().for_each(|document| document.root.move_down(before));
    Ok(documents)
}

/// Whether a file is text of two or four bytes a character, by its byte-order mark: no search for a word finds it there.
pub fn is_wide(bytes: &[u8]) -> bool {
    // UTF-32's little-endian mark starts with that of UTF-16.
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || bytes.starts_with(b"\0\0\xfe\xff")
}

/// The text of a file that can be one.
fn text_of<'b>(path: &str, bytes: &'b [u8], format: Format) -> Result<&'b str, Diagnostics> {
    let name = format.name();
    let limit = if format == Format::Hcl { HCL_LIMIT } else { SIZE_LIMIT };
    if bytes.len() > limit {
        let (limit, found) = (limit / 1024, bytes.len().div_ceil(1024));
        return Err(Diagnostic::error(format!("not read: expected {name} of at most {limit} KiB, found {found} KiB"))
            .place(Place::file(path))
            .hint("split it; what no person writes is best generated where it is used")
            .into());
    }
    if is_wide(bytes) {
        return Err(Diagnostic::error(format!("not read: expected {name} in UTF-8, found UTF-16 or UTF-32"))
            .place(Place::line(path, 1))
            .hint("save it as UTF-8, as in `iconv -f utf-16 -t utf-8`")
            .into());
    }
    let at = |byte: usize| {
        let before = bytes.get(..byte).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
        Place::at(path, line, column)
    };
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let byte = error.valid_up_to();
        let found = bytes.get(byte).copied().unwrap_or_default();
        Diagnostic::error(format!("not read: expected {name} in UTF-8, found the byte 0x{found:02x}"))
            .place(at(byte))
            .hint("save it as UTF-8; if it is no text, give it a name that does not end like one")
    })?;
    match text.find('\0') {
        None => Ok(text),
        Some(byte) => Err(Diagnostic::error(format!("not read: expected {name}, found a NUL byte"))
            .place(at(byte))
            .hint("it is no text, or was cut off while it was written: restore it")
            .into()),
    }
}

/// `{"text": {"path": …, "lines": […]}}`: the path stands in it because conftest gets it from a file of another name.
fn lines(file: &Arc<str>, text: &str) -> Node {
    let node = |line, content| Node::new(Spot { file: file.clone(), line }, content);
    let lines = text.lines().enumerate().map(|(index, line)| node(index + 1, Content::Str(line.to_owned()))).collect();
    let text = Content::Map(vec![
        ("path".to_owned(), node(1, Content::Str(file.to_string()))),
        ("lines".to_owned(), node(1, Content::List(lines))),
    ]);
    node(1, Content::Map(vec![("text".to_owned(), node(1, text))]))
}

/// Lines of byte offsets.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
        Lines(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    fn of(&self, byte: usize) -> usize {
        self.0.partition_point(|newline| *newline < byte) + 1
    }
}

/// The problem of a key that stands twice: which of the two counts depends on who reads the file.
fn twice(file: &str, key: &str, first: usize, line: usize) -> Diagnostic {
    let key: String = key.chars().take(60).collect();
    Diagnostic::error(format!("`{key}` stands twice"))
        .place(Place::line(file, line))
        .hint(format!("the first one is on line {first}; remove one of them"))
}

/// The problem of a number that no policy could hold.
fn out_of_range(file: &str, number: &str, line: usize) -> Diagnostic {
    let number: String = number.chars().take(40).collect();
    Diagnostic::error(format!("expected a number that fits into 64 bits, found `{number}`"))
        .place(Place::line(file, line))
        .hint("write it as text")
}
