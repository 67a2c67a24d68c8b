//! goldpath, a golden-path project scaffolder.
pub mod diag;
pub mod document;
pub mod guardrail;
pub mod template;
pub mod tree;
pub mod yaml;
