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
    /// The format that a file's name stands for, as conftest decides it; [`Format::Text`] is never guessed.
    pub fn of(path: &str) -> Option<Format> {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if name == "dockerfile"
            || name == "containerfile"
            || name.starts_with("dockerfile.")
            || extension == "dockerfile"
        {
            return Some(Format::Dockerfile);
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
/// Where the file is too large, no UTF-8, or not what its format asks for: one or more problems with their places.
pub fn read(path: &str, bytes: &[u8], format: Format) -> Result<Vec<Document>, Diagnostics> {
    if bytes.len() > SIZE_LIMIT {
        return Err(Diagnostic::error(format!(
            "not read: it has {} MiB, and {} MiB is the limit",
            bytes.len().div_ceil(1024 * 1024),
            SIZE_LIMIT / (1024 * 1024)
        ))
        .place(Place::file(path))
        .into());
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Diagnostic::error(format!("not read: expected {} in UTF-8", format.name())).place(Place::line(path, line))
    })?;
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
