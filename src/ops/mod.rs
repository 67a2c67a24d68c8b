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

impl From<Diagnostics> for Failure {
    fn from(problems: Diagnostics) -> Self {
        Failure::Invalid(problems)
    }
}
