//! The tools that render manifests, where the machine has them: helm, kustomize and kubectl.
//!
//! They only read the repository and print. They get no terminal and no plugins, a time limit and a limit on what they
//! print, and are never given a source that they would fetch from elsewhere.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long one rendering may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Most that is read of what a tool prints, in bytes.
const OUTPUT_LIMIT: u64 = 64 * 1024 * 1024;

/// What came of asking a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What it printed, and which tool it was.
    Rendered(&'static str, String),
    /// No such tool is on this machine; the text names what was looked for.
    Absent(&'static str),
    /// It failed; the text says why, in its own words.
    Failed(String),
}

/// Renders a chart with its own values, and with files of values on top.
pub fn helm(root: &Path, folder: &str, release: &str, values: &[String]) -> Outcome {
    let mut command = Command::new("helm");
    command.arg("template").arg(release).arg(place(root, folder)).arg("--skip-tests");
    for file in values {
        command.arg("--values").arg(root.join(file));
    }
    // A plugin could run anything.
    command.env("HELM_PLUGINS", std::env::temp_dir().join("no-helm-plugins"));
    match run(command) {
        Some(Ok(text)) => Outcome::Rendered("helm", text),
        Some(Err(reason)) => Outcome::Failed(reason),
        None => Outcome::Absent("helm"),
    }
}

/// Builds a Kustomize root.
pub fn kustomize(root: &Path, folder: &str) -> Outcome {
    for (tool, verb) in [("kustomize", "build"), ("kubectl", "kustomize")] {
        let mut command = Command::new(tool);
        command.arg(verb).arg(place(root, folder));
        match run(command) {
            Some(Ok(text)) => return Outcome::Rendered(tool, text),
            Some(Err(reason)) => return Outcome::Failed(reason),
            None => {}
        }
    }
    Outcome::Absent("kustomize, kubectl")
}

/// A folder as an argument that can't be taken for an option: paths of canonical roots are absolute.
fn place(root: &Path, folder: &str) -> std::path::PathBuf {
    if folder.is_empty() { root.to_path_buf() } else { root.join(folder) }
}

/// What a command prints; `None` where there is no such program.
fn run(mut command: Command) -> Option<Result<String, String>> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => return Some(Err(error.to_string())),
    };
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < TIME_LIMIT => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Some(Err(format!("it took more than {} s", TIME_LIMIT.as_secs())));
            }
            Err(error) => return Some(Err(error.to_string())),
        }
    };
    let (out, err) = (out.join().unwrap_or_default(), err.join().unwrap_or_default());
    if !status.success() {
        let told = String::from_utf8_lossy(&err);
        let reason = told.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        return Some(Err(reason.trim().to_owned()));
    }
    if out.len() as u64 > OUTPUT_LIMIT {
        return Some(Err(format!("it printed more than {} MiB", OUTPUT_LIMIT / 1024 / 1024)));
    }
    Some(String::from_utf8(out).map_err(|_| "it printed no UTF-8".to_owned()))
}

/// Reads a pipe to its end, so that the other side never waits; keeps one byte more than the limit at most.
fn reader(pipe: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let Some(mut pipe) = pipe else { return Vec::new() };
        let mut bytes = Vec::new();
        let _ = pipe.by_ref().take(OUTPUT_LIMIT + 1).read_to_end(&mut bytes);
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        bytes
    })
}
