//! Operations: one per file, options in, report out. They tie the pure core to the edges and print nothing.

pub mod adopt;
pub mod check;
pub mod composing;
pub mod diff;
pub mod drift;
pub mod except;
pub mod explain;
pub mod fix;
pub mod list;
pub mod merging;
pub mod new;
pub mod policies;
pub mod records;
pub mod review;
mod session;
pub mod show;
pub mod sources;
pub mod subject;
pub mod update;

use std::io::Read;
use std::path::Path;

use crate::diag::{Diagnostic, Diagnostics};
use crate::guardrail::Finding;

/// Why an operation did not come to its end; each has an exit code of its own.
#[derive(Debug)]
pub enum Failure {
    /// The answers, the blueprint or the command are wrong.
    Invalid(Diagnostics),
    /// The disk, git or the terminal failed.
    Failed(Diagnostics),
    /// Guardrails forbid what would have been written.
    Guardrails(Box<new::Report>),
    /// Guardrails forbid what an update would bring in.
    Denied {
        /// What they found.
        findings: Vec<Finding>,
        /// What they could not read.
        unread: Vec<Diagnostic>,
    },
    /// Conflicts are open that a person has to settle.
    Conflicts(Diagnostics),
    /// A person or a signal stopped it.
    Cancelled,
}

impl Failure {
    /// The exit code that stands for it; part of the interface.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Failed(_) => 1,
            Failure::Invalid(_) => 2,
            Failure::Guardrails(_) | Failure::Denied { .. } => 3,
            Failure::Conflicts(_) => 6,
            Failure::Cancelled => 130,
        }
    }

    fn failed(problem: Diagnostic) -> Self {
        Failure::Failed(problem.into())
    }

    fn invalid(problem: Diagnostic) -> Self {
        Failure::Invalid(problem.into())
    }
}

/// Largest `goldpath.yaml` or `goldpath.lock` that is read, in bytes: a hundred times what ten thousand files need.
const OWN_LIMIT: u64 = 128 * 1024 * 1024;

/// Reads one of goldpath's own files. Whoever made the repository may have put anything in its place: a link that leads
/// to other people's secrets, or to what never ends, is not followed.
///
/// # Errors
/// What the system says, and a file that is none.
fn own_file(root: &Path, name: &str) -> std::io::Result<Vec<u8>> {
    let path = root.join(name);
    let found = std::fs::symlink_metadata(&path)?;
    if !found.is_file() {
        let what = if found.is_symlink() { "it is a symbolic link" } else { "it is no file" };
        return Err(std::io::Error::other(what));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(&path)?.take(OWN_LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > OWN_LIMIT {
        return Err(std::io::Error::other(format!("it has more than {} MiB", OWN_LIMIT / 1024 / 1024)));
    }
    Ok(bytes)
}

impl From<Diagnostics> for Failure {
    fn from(problems: Diagnostics) -> Self {
        Failure::Invalid(problems)
    }
}
