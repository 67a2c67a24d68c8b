//! goldpath, a golden-path project scaffolder.
pub mod answers;
pub mod blueprint;
pub mod changes;
pub mod cli;
pub mod diag;
pub mod git;
pub mod lock;
pub mod ops;
pub mod prompt;
pub mod render;
pub mod source;
pub mod template;
pub mod tree;
pub mod workdir;
pub mod yaml;
