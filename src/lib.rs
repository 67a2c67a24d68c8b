//! goldpath, a golden-path project scaffolder: blueprints and answers become repositories that are ready for production.
//!
//! Data flows one way: source, blueprint, answers, plan, rendered tree, guardrails, staged write, git. The core is pure and
//! the effects are at the edges; `docs/architecture.md` has the modules and which of them may use which.
pub mod answers;
pub mod blueprint;
pub mod changes;
pub mod cli;
pub mod diag;
pub mod document;
pub mod git;
pub mod guardrail;
pub mod guess;
pub mod journal;
pub mod lock;
pub mod merge;
pub mod ops;
pub mod prompt;
pub mod render;
pub mod renderer;
pub mod report;
pub mod scorecard;
pub mod source;
pub mod template;
pub mod tree;
pub mod workdir;
pub mod yaml;
