//! The user's own `config.yaml`, and reading small YAML files that people write.

use std::io::Read;
use std::path::Path;

use etcetera::BaseStrategy;

use crate::diag::{Diagnostic, Diagnostics, Place, did_you_mean};
use crate::ops::sources::{self, Listed};
use crate::yaml::{self, Kind, Node};

/// Most bytes that are read of answers or configuration.
const LIMIT: u64 = 4 * 1024 * 1024;

/// What a user has set once for everything.
#[derive(Debug, Default)]
pub struct Config {
    /// `answers`, with the path of the file.
    pub answers: Option<(String, Node)>,
    /// `policies`.
    pub policies: Vec<Listed>,
    /// `catalogs`.
    pub catalogs: Vec<Listed>,
}

impl Config {
    /// Reads `goldpath/config.yaml` in the user's configuration folder, if there is one.
    ///
    /// # Errors
    /// All that is wrong with it, with lines.
    pub fn read() -> Result<Config, Diagnostics> {
        let Ok(base) = etcetera::choose_base_strategy() else { return Ok(Config::default()) };
        let folder = base.config_dir().join("goldpath");
        let path = folder.join("config.yaml");
        let shown = path.display().to_string();
        let text = match std::fs::File::open(&path).and_then(limited) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
            Err(error) => {
                return Err(Diagnostic::error(format!("can't be read: {error}")).place(Place::file(shown)).into());
            }
        };
        Config::parse(&text, &shown, &folder)
    }

    fn parse(text: &str, shown: &str, folder: &Path) -> Result<Config, Diagnostics> {
        let node = map(text, shown, "the configuration")?;
        let mut problems = Diagnostics::new();
        let mut config = Config::default();
        let Kind::Map(entries) = node.kind else { return Ok(config) };
        for (key, node) in entries {
            match key.text.as_str() {
                "answers" if matches!(node.kind, Kind::Map(_)) => config.answers = Some((shown.to_owned(), node)),
                "answers" => problems.push(
                    Diagnostic::error(format!("`answers`: expected a map, found {}", node.describe()))
                        .place(Place::at(shown, node.span.line, node.span.column)),
                ),
                "policies" | "catalogs" => match sources::entries(&key.text, &node, shown, folder) {
                    Ok(found) if key.text == "policies" => config.policies = found,
                    Ok(found) => config.catalogs = found,
                    Err(more) => problems.extend(more),
                },
                name => problems.push(
                    Diagnostic::error(format!("the configuration has no field `{name}`"))
                        .place(Place::at(shown, key.span.line, key.span.column))
                        .maybe_hint(did_you_mean(name, ["answers", "catalogs", "policies"])),
                ),
            }
        }
        problems.into_result(config)
    }
}

/// Reads a text of bounded size.
pub fn limited(input: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    input.take(LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LIMIT {
        return Err(std::io::Error::other(format!("more than {} MiB", LIMIT / 1024 / 1024)));
    }
    Ok(text)
}

/// Reads a map; an empty text is an empty one.
///
/// # Errors
/// What is no map.
pub fn map(text: &str, file: &str, what: &str) -> Result<Node, Diagnostics> {
    let node = yaml::parse_one(text, file)?;
    match node.kind {
        Kind::Map(_) => Ok(node),
        Kind::Null => Ok(Node { kind: Kind::Map(Vec::new()), ..node }),
        _ => Err(Diagnostic::error(format!("{what}: expected a map of keys and values, found {}", node.describe()))
            .place(Place::at(file, node.span.line, node.span.column))
            .hint("write one `key: value` a line")
            .into()),
    }
}
